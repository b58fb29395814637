// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the files of this folder share.

#ifndef RUNTIME_LINUX_AARCH64_ABI_AARCH64_H
#define RUNTIME_LINUX_AARCH64_ABI_AARCH64_H

#include "helpers/aarch64/cpu.h"
#include "runtime/linux/abi.h"

static inline CPUARMState *arm(CPUState *cs) { return (CPUARMState *)cs; }

enum { A64_SP = 31, A64_LR = 30, A64_FP = 29 }; // numbers in xregs

// ESR_EL1 as Linux shows it in a frame's esr_context and keeps it in GuestTask.trap.error: exception
// class, "32-bit instruction" and the syndrome (Arm ARM D17.2.37).
#define ESR_EC(ec) ((uint64_t)(ec) << 26 | UINT64_C(1) << 25)
#define ESR_EC_PC_ALIGNMENT 0x22u
#define ESR_EC_SP_ALIGNMENT 0x26u
#define ESR_EC_INSN_ABORT 0x20u
#define ESR_EC_DATA_ABORT 0x24u
#define ESR_WNR 0x40u
#define ESR_FSC_TRANSLATION_0 0x04u
#define ESR_FSC_TRANSLATION_3 0x07u
#define ESR_FSC_PERMISSION_3 0x0fu
#define ESR_FSC_ALIGNMENT 0x21u
#define ESR_FSC_EXTERNAL 0x10u

// signal-frame.c
bool a64_setup_frame(GuestTask *task, int sig, const siginfo_t *info, const GuestSigaction *action,
                     uint64_t mask);
bool a64_sigreturn(GuestTask *task);
#define A64_MIN_SIGSTACK 4720u // the frame, the frame record and 16 bytes (signal_minsigstksz)

// convert.c: what has other numbers or layouts than on x86-64.
extern const FlagConversion a64_flags[];
extern const StructConversion a64_structs[];

// cpuinfo.c
void a64_print_cpuinfo(CPUState *cs, FILE *f);

#endif
