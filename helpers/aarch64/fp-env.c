// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FPCR, FPSR and the host's FP unit.  Guest code runs under the guest's rounding mode with all exceptions
// masked but perhaps invalid (arm_fp_traps); the host gathers the flags, which are taken from there when
// somebody asks for FPSR.

#include "cpu.h"

#define HELPER_TABLE "helpers/aarch64/helper-a64.h"
#define CPUArchState CPUARMState
#include "helpers/helper-proto.h"

#ifndef __x86_64__
#error "another host needs its own way to its FP control register"
#endif

#define MXCSR_DEFAULT 0x1f80u
#define MXCSR_IE 0x01u
#define MXCSR_DE 0x02u
#define MXCSR_ZE 0x04u
#define MXCSR_OE 0x08u
#define MXCSR_UE 0x10u
#define MXCSR_PE 0x20u
#define MXCSR_FLAGS 0x3fu
#define MXCSR_IM 0x80u
#define MXCSR_RC_SHIFT 13
// Traps that a thread takes (3 us each) before it tests for NaN instead: a program that works with NaN.
#define TRAPS_MAX 4096u

// Assembly that says it touches memory: see helpers/x86/fpstate-helper.c.
static uint32_t mxcsr_read(void)
{
    uint32_t v;
    __asm__ volatile("stmxcsr %0" : "=m"(v) : : "memory");
    return v;
}

static void mxcsr_write(uint32_t v) { __asm__ volatile("ldmxcsr %0" : : "m"(v) : "memory"); }

// FPCR.RMode: nearest, up, down, zero; MXCSR.RC: nearest, down, up, zero.
static uint32_t mxcsr_of(const CPUARMState *env)
{
    static const uint8_t rc[4] = {0, 2, 1, 3};
    // FZ is not DAZ and FTZ: their flags are others.  The frontend sees to it (frontend/aarch64/fp.h).
    return (MXCSR_DEFAULT & ~(arm_fp_traps(env) ? MXCSR_IM : 0)) |
           (uint32_t)rc[(env->fpcr & FPCR_RMODE) >> FPCR_RMODE_SHIFT] << MXCSR_RC_SHIFT;
}

static void collect(CPUARMState *env)
{
    uint32_t m = mxcsr_read();
    env->fpsr |= (m & MXCSR_IE ? FPSR_IOC : 0) | (m & MXCSR_ZE ? FPSR_DZC : 0) |
                 (m & MXCSR_OE ? FPSR_OFC : 0) | (m & MXCSR_UE ? FPSR_UFC : 0) |
                 (m & MXCSR_PE ? FPSR_IXC : 0);
    mxcsr_write(m & ~MXCSR_FLAGS);
}

void arm_fp_enter(CPUARMState *env) { mxcsr_write(mxcsr_of(env)); }

void arm_fp_leave(CPUARMState *env)
{
    collect(env);
    mxcsr_write(MXCSR_DEFAULT);
}

uint32_t arm_fpcr_get(const CPUARMState *env) { return env->fpcr; }

uint32_t arm_fpsr_get(const CPUARMState *env)
{
    return env->fpsr | (env->qc.q[0] | env->qc.q[1] ? FPSR_QC : 0);
}

void arm_fpcr_set(CPUARMState *env, uint32_t fpcr) { env->fpcr = fpcr & FPCR_WRITABLE; }

void arm_fpsr_set(CPUARMState *env, uint32_t fpsr)
{
    env->fpsr = fpsr & FPSR_WRITABLE & ~FPSR_QC;
    env->qc = (V128){.q = {fpsr & FPSR_QC}};
}

// --- the host's traps --------------------------------------------------------------------------------

bool arm_fp_trap(CPUARMState *env)
{
    if (++env->fp_traps < TRAPS_MAX) {
        return false;
    }
    env->fp_shortcuts &= ~A64_TB_FP_TRAPS;
    return true;
}

// FPProcessNaNs: signalling ones first, then by order; the default NaN when neither is one.
uint64_t arm_fp_nan(unsigned size, uint64_t a, uint64_t b)
{
    const unsigned fraction = size == 2 ? 23 : 52;
    const uint64_t quiet = 1ull << (fraction - 1), sign = 1ull << ((8u << size) - 1);
    const uint64_t infinity = (sign - 1) & ~((1ull << fraction) - 1);
    const bool nan[2] = {(a & ~sign) > infinity, (b & ~sign) > infinity};
    if (nan[0] && !(a & quiet)) {
        return a | quiet;
    }
    if (nan[1] && !(b & quiet)) {
        return b | quiet;
    }
    return nan[0] ? a : nan[1] ? b : infinity | quiet;
}

// In guest code.  From the first look at FPSR on, all that shows in it is computed.

uint64_t helper_a64_read_fpcr(CPUARMState *env) { return env->fpcr; }

uint64_t helper_a64_read_fpsr(CPUARMState *env)
{
    collect(env);
    env->fp_shortcuts &= ~A64_TB_FP_NO_UFC;
    return arm_fpsr_get(env);
}

void helper_a64_write_fpcr(CPUARMState *env, uint64_t value)
{
    collect(env);
    arm_fpcr_set(env, (uint32_t)value);
    arm_fp_enter(env);
}

void helper_a64_write_fpsr(CPUARMState *env, uint64_t value)
{
    collect(env);
    env->fp_shortcuts &= ~A64_TB_FP_NO_UFC;
    arm_fpsr_set(env, (uint32_t)value);
}
