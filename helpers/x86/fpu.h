// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the x87 and FP-state helpers share: the bits of the status and control words, stack access, and
// the host FPU's control word.
//
// The x87 runs on the host's x87, under the guest's rounding and precision control with all exceptions
// masked: x86_fp_enter loads the control word, FLDCW and its like change it at once.  Exception flags
// are taken from the host's status word after each instruction.  They stick there as they do in the
// guest's, so the rule is: the host's flags are a subset of env->fpus's; whatever clears the guest's
// clears the host's (x87_host_clear).

#ifndef HELPERS_X86_FPU_H
#define HELPERS_X86_FPU_H

#include "cpu.h"

#ifndef __x86_64__
#error "the x87 helpers run on the host's x87; another host needs an 80-bit software implementation"
#endif

#define FPUS_IE 0x0001u
#define FPUS_DE 0x0002u
#define FPUS_ZE 0x0004u
#define FPUS_OE 0x0008u
#define FPUS_UE 0x0010u
#define FPUS_PE 0x0020u
#define FPUS_EXC 0x003fu // the flags that the control word's low bits mask
#define FPUS_SF 0x0040u
#define FPUS_ES X86_FPUS_ES
#define FPUS_C0 0x0100u
#define FPUS_C1 0x0200u
#define FPUS_C2 0x0400u
#define FPUS_C3 0x4000u
#define FPUS_B 0x8000u // follows ES
#define FPUS_COND (FPUS_C0 | FPUS_C1 | FPUS_C2 | FPUS_C3)
#define FPUS_TOP_SHIFT 11
#define FPUC_WRITABLE 0x1f3fu // bits that FLDCW takes; bit 6 always reads as 1
#define FPUC_FIXED 0x0040u

#define MXCSR_EXC 0x3fu
#define MXCSR_PRE 0x07u // invalid, denormal, divide by zero: found before the operation
#define MXCSR_MASKS 0x1f80u
#define MXCSR_ROUNDING 0x6000u
#define MXCSR_VALID 0xffffu

static inline X86FPReg *x87_st(CPUX86State *env, unsigned i)
{
    return &env->fpregs[(env->fpstt + i) & 7];
}

static inline bool x87_is_empty(const CPUX86State *env, unsigned i)
{
    return env->fptags[(env->fpstt + i) & 7];
}

static inline void x87_host_load_cw(uint16_t fpuc)
{
    uint16_t cw = fpuc | FPUS_EXC;
    __asm__ volatile("fldcw %0" : : "m"(cw));
}

static inline void x87_host_clear(void) { __asm__ volatile("fnclex"); }

// Sets ES and B as the flags and masks demand.
static inline void x87_update_summary(CPUX86State *env)
{
    env->fpus &= (uint16_t)~(FPUS_ES | FPUS_B);
    if (env->fpus & ~env->fpuc & FPUS_EXC) {
        env->fpus |= FPUS_ES | FPUS_B;
    }
}

// The status word as the program sees it, and back.
static inline uint16_t x87_status(const CPUX86State *env)
{
    return (uint16_t)((env->fpus & ~(7u << FPUS_TOP_SHIFT)) | (env->fpstt & 7) << FPUS_TOP_SHIFT);
}

static inline void x87_set_status(CPUX86State *env, uint16_t sw)
{
    env->fpstt = sw >> FPUS_TOP_SHIFT & 7;
    env->fpus = (uint16_t)(sw & ~(7u << FPUS_TOP_SHIFT));
    x87_update_summary(env);
}

static inline void x87_set_control(CPUX86State *env, uint16_t cw)
{
    env->fpuc = (uint16_t)((cw & FPUC_WRITABLE) | FPUC_FIXED);
    x87_update_summary(env);
}

// FNINIT's effect on env; the caller brings the host in line.
void x87_init(CPUX86State *env);

#endif
