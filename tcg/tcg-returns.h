// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Guest calls and returns by the host's, so that the processor foresees where a return goes.
//
// A block that ends in a guest call pushes a frame, the guest's return address and, by a host call, its own; then the callee
// runs. Behind that call stands a jump to the block that the guest's call returns to. A guest return compares where it goes
// with the frame on top, and where they are the same it is a host return. Frames are a prediction, and nothing but this
// comparison makes use of them: where a guest longjmp or a switch of stacks has left some behind, a return looks a few
// frames further down, and otherwise goes by the jump cache as before.
//
//     env->returns.base   the return address into cpu_exec; whoever returns there takes the stack pointer back to it
//                         the frame of nobody (tcg_enter)
//                         frames, 16 bytes each: key, host address
//     stack pointer       blocks that may close a loop leave when it is below env->returns.limit
//
// So all frames have gone when cpu_exec goes on, and no address of code outlives a stay in guest code.
//
// What follows a host call in code with pinned registers (tcg-pinned.h) wants them where they are; their frames have another key.
#ifndef TCG_RETURNS_H
#define TCG_RETURNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct TCGReturns {
    uint64_t on; // else there are no frames, and code may return to cpu_exec with the stack as it is
    uintptr_t base;
    // UINTPTR_MAX while an exit is asked for, by any thread: one comparison looks for both.
    _Atomic uintptr_t limit;
} TCGReturns;

enum {
    TCG_RETURNS_SIZE = 128 << 10, // bytes of host stack for frames; the rest is the helpers'
    TCG_RETURN_DEPTH = 8,         // frames that a return looks at
    TCG_RETURN_MODE_SHIFT = 48,   // in a key
    TCG_RETURN_MODES = 1 << 14,
};

// The key of a return to this pc. mode (below TCG_RETURN_MODES) tells apart what the same pc may mean to blocks.
static inline uint64_t tcg_return_key(uint64_t pc, unsigned mode)
{
    return pc ^ (uint64_t)mode << TCG_RETURN_MODE_SHIFT;
}
// What a pinned frame's key is combined with (exclusive or): a number that no guest can know, for any word may be a pc.
extern __attribute__((visibility("hidden"))) uint64_t tcg_return_pinned;

// Where TCGReturns is in env; 0: there is none, as before tcg_returns_init, which comes before the first block.
extern __attribute__((visibility("hidden"))) intptr_t tcg_returns_offset;
bool tcg_returns_init(intptr_t offset); // false: no random number

#endif
