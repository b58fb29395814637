// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread's notes in an AArch64 core file: struct user_pt_regs and user_fpsimd_state (asm/ptrace.h), and the
// thread pointer.
#include <elf.h>
#include <string.h>

#include "abi-aarch64.h"
#include "runtime/linux/core-file.h"

size_t a64_core_regs(const CPUState *cs, void *out)
{
    const CPUARMState *env = (const CPUARMState *)cs;
    uint64_t regs[34];
    memcpy(regs, env->xregs, 32 * sizeof(regs[0])); // x0 to x30, sp
    regs[32] = env->pc;
    regs[33] = arm_pstate_get(env);
    memcpy(out, regs, sizeof(regs));
    return sizeof(regs);
}

void a64_core_notes(const CPUState *cs, CoreNotes *notes)
{
    const CPUARMState *env = (const CPUARMState *)cs;
    struct {
        V128 vregs[32];
        uint32_t fpsr, fpcr, reserved[2];
    } fp = {.fpsr = arm_fpsr_get(env), .fpcr = arm_fpcr_get(env)};
    memcpy(fp.vregs, env->vregs, sizeof(fp.vregs));
    core_add_note(notes, "CORE", NT_PRFPREG, &fp, sizeof(fp));
    core_add_note(notes, "LINUX", NT_ARM_TLS, &env->tpidr_el0, sizeof(env->tpidr_el0));
}
