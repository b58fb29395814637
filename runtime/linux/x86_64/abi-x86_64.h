// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the files of runtime/linux/x86_64/ share.

#ifndef RUNTIME_LINUX_X86_64_ABI_X86_64_H
#define RUNTIME_LINUX_X86_64_ABI_X86_64_H

#include "helpers/x86/cpu.h"
#include "runtime/linux/abi.h"

// The largest signal frame: red zone, XSAVE area with AVX and its end mark, frame, alignment.
#define X86_MIN_SIGSTACK 2048u

bool x86_setup_frame(GuestTask *task, int sig, const siginfo_t *info, const GuestSigaction *action,
                     uint64_t mask);
bool x86_sigreturn(GuestTask *task);

size_t x86_core_regs(const CPUState *cs, void *out);
void x86_core_notes(const CPUState *cs, struct CoreNotes *notes);

#endif
