// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Virtual CPUs and the loop that runs them.
//
//     CPUState *cs = cpu_create(&guest_isa_x86_64, NULL, &error);
//     ... registers ...
//     for (;;) {
//         switch (cpu_exec(cs)) {
//         case EXCP_SYSCALL: ...            // pc is after the instruction
//         case EXCP_INTERRUPT: ...          // cpu_request_exit: look at pending signals
//         case EXCP_SEGV: ...               // cs->fault_addr, fault_code, fault_write; pc set
//         default: ...                      // the guest's exception vectors
//         }
//     }
//
// A CPU belongs to one host thread at a time.  Between two cpu_exec calls its whole register state is in
// its CPUArchState and may be read and written.

#ifndef RUNTIME_CPU_EXEC_H
#define RUNTIME_CPU_EXEC_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "frontend/frontend.h"
#include "options.h"

// Engines, block cache, code memory: once, before the first CPU.  false and an error when LLVM was asked
// for and cannot be used, or a dump directory cannot be written.
bool cpu_exec_init(const MynaOptions *opts, GError **error);

// A CPU in its power-on state under the named model (NULL: the default).  NULL and an error when the
// guest has no such model.
CPUState *cpu_create(const GuestISA *isa, const char *model, GError **error);
// A CPU for a new guest thread: a copy of the registers of src, with nothing pending.
CPUState *cpu_clone(const CPUState *src);
void cpu_free(CPUState *cs);

// Runs guest code until an exception; gives its number (cs->exception_index, which is reset to EXCP_NONE
// by the next call).  Never returns EXCP_NONE.
int cpu_exec(CPUState *cs);
// The CPU that the calling thread runs, or NULL.  Set by cpu_exec and left set after it.
extern _Thread_local CPUState *current_cpu;
// A host thread that has called cpu_exec calls this before it ends.
void cpu_thread_leave(void);

// Makes the CPU leave cpu_exec with EXCP_INTERRUPT, soon: at the next block boundary or loop back-edge,
// or at once when it is outside guest code.  Any thread; async-signal-safe.
void cpu_request_exit(CPUState *cs);
void cpu_request_exit_all(void); // every CPU of the process; not async-signal-safe

// For the host's SIGSEGV and SIGBUS handlers, first thing; sig is the host signal, context its
// ucontext_t.  Three outcomes:
//   returns true    the access hit a page that myna had write-protected: return from the handler, the
//                   access is made again;
//   returns false   not a fault of guest code (a signal that somebody sent): treat as asynchronous;
//   does not return a fault of a guest access: the CPU leaves cpu_exec with EXCP_SEGV or EXCP_BUS;
//                   or a fault of myna's own: process_internal_fault.
bool cpu_handle_host_fault(int sig, siginfo_t *info, void *context);
// For the host's SIGFPE handler: true when the signal is myna's own and done with.
bool cpu_handle_host_fp(const siginfo_t *info, void *context);
// For the host's SIGTRAP handler: true when the signal is myna's own and done with.
bool cpu_handle_host_trap(void *context);
// For the engines: a guest access that must be aligned (MO_ALIGN) and is not.  Leaves cpu_exec with
// EXCP_UNALIGNED.
void cpu_raise_unaligned(void *env, uint64_t addr, unsigned size, bool write);

// Runs fn(opaque), and gives false when it was cut short by a fault on guest memory (fault_addr then
// holds the address).  For code outside cpu_exec that touches guest memory; fn may hold no lock.
bool cpu_guard_access(void (*fn)(void *opaque), void *opaque, uint64_t *fault_addr);

// The guest uses tagged pointers: from the next block boundary on, blocks clear tags.  The calling thread's
// CPU; async-signal-safe.
void cpu_set_tagged(CPUState *cs);
// Precise state: needed while the guest has a handler for SIGSEGV, SIGBUS, SIGFPE or SIGILL.  Flushes the
// block cache when it changes.  Outside cpu_exec.
void cpu_set_precise(bool on);
bool cpu_is_precise(void);
// Before a second thread starts or memory is shared with another process, and for good: compiled code makes
// its memory accesses one by one, in the program's order (TCGContext.ordered).  What was compiled
// otherwise is dropped.  Outside cpu_exec, without locks.
void cpu_set_parallel(void);
bool cpu_is_parallel(void);

// The block cache, for those who change guest code behind its back.
void tb_flush_all(void);
void tb_invalidate_range(uint64_t start, uint64_t end); // [start, end)

// The guest's FP modes go into the host: what callbacks have seen there (event-block.c) is no more.
static inline void cpu_fp_enter(CPUState *cs)
{
    cs->fp_known = 0;
    cs->isa->fp_enter(cs);
}

#endif
