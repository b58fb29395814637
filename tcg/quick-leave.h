// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ways out of a block in the quick tier: through a slot that has no direct jump, or back to cpu_exec. There are three in
// a block with two successors, so they are small, and what they have in common is in the program's own text.

#ifndef TCG_QUICK_LEAVE_H
#define TCG_QUICK_LEAVE_H

#include <stddef.h>
#include <stdint.h>

#include "quick.h"
#include "tcg-code.h"

enum { QUICK_LEAVE_REQUESTED = 2 }; // beside the slots' numbers: nothing of the block has run

// Bytes of a way with this pc.
size_t quick_leave_size(uint64_t pc);

typedef struct QuickLeaveHoles {
    uint8_t code, jump; // bytes from its start: the TCGCode's address; a displacement, of 32 bits
} QuickLeaveHoles;

// A guest return (tcg-returns.h) that the frame on top is not for; env has the guest's pc. And one to the frame below all.
void quick_return_miss(void);
__attribute__((visibility("hidden"))) void quick_return_nobody(void);

// Writes it; gives its end, its holes, and where it jumps to.
uint8_t *quick_leave_emit(uint8_t *to, unsigned slot, uint64_t pc, const TCGCode *code,
                          QuickLeaveHoles *holes, const void **leave);

// An indirect jump to the guest's pc, which is in env, and in register `reg` unless that is NO_REG.
typedef enum QuickIndirectKind {
    QUICK_BY_CACHE,      // the jump cache, whose address is in env at cache_offset; word: the tag of its entries
    QUICK_BY_CACHE_CALL, // the same as a host call; behind it the guest has returned
    QUICK_BY_RETURN,     // the frame on top; word: what a key has beside the pc
} QuickIndirectKind;
typedef struct QuickIndirect {
    QuickIndirectKind kind;
    int reg;
    intptr_t cache_offset;
    uint64_t word;
} QuickIndirect;
size_t quick_indirect_size(const QuickIndirect *jump);
// Gives its end, a hole for a displacement, bytes from its start, and what that leads to.
uint8_t *quick_indirect_emit(uint8_t *to, const QuickIndirect *jump, unsigned *hole,
                             const void **leads_to);

// For all blocks: where the guest's pc is in env, what finds the block of an indirect jump, and the way to pinned frames.
void quick_leave_set_jump(const TCGQuickJump *jump);

#endif
