// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A host system call that loses no wake-up.
//
// A guest signal is first taken by a host handler, which only notes it; the handler of the guest runs
// later, between blocks.  If the signal comes after the emulator last looked at the note and before the
// kernel has begun to wait, the wait would go on although the guest should have woken.  So the note is
// looked at inside a short stretch of assembly, and a host handler that interrupts that stretch (the
// system-call instruction included: the kernel has then either not begun, or wants to restart) moves
// the program counter behind it.  The call then gives -ERESTARTSYS, the signal is delivered, and the
// guest's instruction executed again, as Linux would do it.

#ifndef RUNTIME_LINUX_SAFE_SYSCALL_H
#define RUNTIME_LINUX_SAFE_SYSCALL_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/ucontext.h>

// Gives the kernel's result, or -ERESTARTSYS when *pending was set.
int64_t safe_syscall(const _Atomic uint32_t *pending, long number, const uint64_t args[6]);
// For host signal handlers, after *pending was set.
void safe_syscall_rewind(ucontext_t *context);
// Where a host signal handler returns to (SA_RESTORER of the raw system call).
void host_sigreturn_trampoline(void);

#endif
