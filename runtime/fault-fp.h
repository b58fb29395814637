// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Invalid floating-point operations that trap on the host: see fault-fp.c.

#ifndef RUNTIME_FAULT_FP_H
#define RUNTIME_FAULT_FP_H

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

#include "frontend/frontend.h"

// For SIGFPE's handler: true when the signal is a trap of code made for this guest.  The instruction is then
// done when the handler returns, and followed by a SIGTRAP.
bool fault_fp_begin(ucontext_t *uc, const siginfo_t *info, const GuestISA *isa);
// For SIGTRAP's handler: true when it is that one.
bool fault_fp_end(ucontext_t *uc);
// The handler leaves by siglongjmp instead; uc is what the CPU goes on with.
void fault_fp_forget(ucontext_t *uc);

#endif
