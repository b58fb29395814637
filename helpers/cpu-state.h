// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// CPUState: the part of a virtual CPU that every guest has, first member of each guest's CPUArchState.
// Generated code reaches it at fixed offsets from env, so it stands on a low floor; what it points to
// belongs to the runtime.

#ifndef HELPERS_CPU_STATE_H
#define HELPERS_CPU_STATE_H

#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "tcg/tcg-code.h"
#include "tcg/tcg-returns.h"

typedef struct CPUState CPUState;

// Exceptions that every guest can raise; a guest's own numbers are below EXCP_COMMON.
enum {
    EXCP_NONE = -1,
    EXCP_COMMON = 0x10000,
    EXCP_INTERRUPT = EXCP_COMMON, // somebody asked the CPU to leave the block cache
    EXCP_DEBUG,                   // a breakpoint or a finished single step
    EXCP_SYSCALL,                 // the guest's system-call instruction; pc is after it
    EXCP_ATOMIC,
    EXCP_YIELD,
    EXCP_SEGV, // a guest memory access faulted: fault_addr, fault_code (si_code), fault_write
    EXCP_BUS,
    EXCP_UNALIGNED,
};

enum { CPU_FRONT = 32 }; // words; the largest set of general registers

// Accesses that a helper has made one after the other: n of `size` bytes, each `step` behind the one before.
typedef struct CPUAccessRun {
    uint64_t addr, from, n;
    int64_t step;
    uint32_t size;
    bool copy; // each a load, from `from` on, and then a store; else stores alone
} CPUAccessRun;

struct CPUState {
    // The guest's general registers, under the names that its CPUArchState has for them: in front, where x86-64 instructions
    // reach the first sixteen with a displacement of one byte.
    uint64_t front[CPU_FRONT];
    TCGReturns returns;            // frames of guest calls
    _Atomic uint32_t exit_request; // nonzero: blocks return TB_EXIT_REQUESTED at their start
    int32_t exception_index;       // EXCP_NONE, a guest exception number, or EXCP_*
    uint64_t insn_pc;         // with TCGContext.precise: pc of the instruction that accesses memory
    uint64_t exception_error; // guest-specific detail of an exception (x86: error code)
    uint64_t fault_addr;
    int32_t fault_code;
    bool fault_write;
    sigjmp_buf *jmp_env;          // where cpu_loop_exit goes; owned by cpu_exec
    TBJumpCacheEntry *jump_cache; // TB_JMP_CACHE_SIZE entries
    // Finds the block for the CPU's current pc; a block that returns 0 to cpu_exec when there is none.
    const TCGCode *(*lookup_tb_ptr)(CPUState *cs);
    const struct GuestISA *isa;
    void *thread; // the runtime's record of the guest thread that this CPU runs
    // Called before a helper writes guest memory through its host address, when not NULL (--verify's log).
    void (*mem_write_hook)(CPUState *cs, uint64_t addr, uint32_t size);
    void *verify; // state of --verify, NULL otherwise
    // Instrumentation (runtime/event*.c).
    uint32_t cpu_index;      // the lowest that no other CPU has
    void *event_base;        // memory of the boards (event-state.c)
    const void *event_site;  // in a callback of guest code: the action that it belongs to
    const void *event_edge;  // the block that was left, when somebody wants to know
    uint64_t event_value[2]; // of the access that a callback is told of
    // What the host's FP control register held at the last callback that may compute, and whether guest code can have
    // changed it since (event-fp.c).
    uint32_t fp_saved, fp_known;
    const void
        *event_insn; // while a helper of this instruction runs that may access guest memory itself
    uint64_t
        pass_insn; // the same for passes: the instruction's pc, with bit 63 set; 0: nobody asks
    void (*access_hook)(CPUState *cs, uint64_t addr, uint32_t size, bool write);
    void (*access_run_hook)(CPUState *cs, const CPUAccessRun *run);
    // What a helper returns whose result differs from run to run (time stamps, random numbers), when
    // not NULL: gets the fresh value, gives the one to use.
    uint64_t (*nondeterministic)(CPUState *cs, uint64_t fresh);
    void *
        pass_block; // what instrumentation keeps for this CPU (tcg2llvm/instrument.h); NULL: nothing
};

// Does anybody want to know what a helper accesses?
static inline bool cpu_tells_accesses(const CPUState *cs)
{
    return __builtin_expect(cs->event_insn != NULL || cs->pass_insn != 0, 0);
}

// For a helper that has accessed guest memory through its host address: tells whoever wants to know.
static inline void cpu_tell_access(CPUState *cs, uint64_t addr, uint32_t size, bool write)
{
    if (cpu_tells_accesses(cs)) {
        cs->access_hook(cs, addr, size, write);
    }
}

// The same for many that are alike: who only counts them does so at once.
static inline void cpu_tell_access_run(CPUState *cs, const CPUAccessRun *run)
{
    if (cpu_tells_accesses(cs)) {
        cs->access_run_hook(cs, run);
    }
}

// Leaves generated code, from a helper: back to cpu_exec with cs->exception_index set.
_Noreturn void cpu_loop_exit(CPUState *cs);

#endif
