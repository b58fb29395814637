// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The host's FP unit, for the definitions of the FP ops: the guest's arithmetic is the host's, so
// rounding mode and exception flags are those of the host's control register.
//
// On x86 additions, multiplications, minima and comparisons are single instructions written by hand: a
// compiler may exchange the operands of + and *, and then the wrong NaN survives (x86 keeps the first
// operand's); minss is exactly fminsel.

#ifndef TCG_FP_HOST_H
#define TCG_FP_HOST_H

#include <fenv.h>
#include <stdbool.h>
#include <stdint.h>

#include "tcg.h"

#if defined(__SSE4_1__)
#define FP_HOST_X86 1

enum {
    FP_INVALID = 1,
    FP_DENORMAL = 2,
    FP_DIVZERO = 4,
    FP_OVERFLOW = 8,
    FP_UNDERFLOW = 16,
    FP_INEXACT = 32
};

static inline void fp_raise(unsigned flags)
{
    uint32_t csr;
    __asm__ volatile("stmxcsr %0" : "=m"(csr));
    csr |= flags;
    __asm__ volatile("ldmxcsr %0" : : "m"(csr));
}
static inline TCGRound fp_rounding(void)
{
    uint32_t csr;
    __asm__ volatile("stmxcsr %0" : "=m"(csr));
    return (TCGRound)(csr >> 13 & 3); // the same numbers
}

// The outcome of a comparison, as TCG_FCOND_LT, EQ, GT or UN.
#define FP_RELATION(insn, a, b)                                                                    \
    ({                                                                                             \
        bool zf_, cf_, pf_;                                                                        \
        __asm__ volatile(insn " %4, %3"                                                            \
                         : "=@ccz"(zf_), "=@ccc"(cf_), "=@ccp"(pf_)                                \
                         : "x"(a), "x"(b));                                                        \
        pf_ ? TCG_FCOND_UN : zf_ ? TCG_FCOND_EQ : cf_ ? TCG_FCOND_LT : TCG_FCOND_GT;               \
    })

#define FP_X86_2(insn, a, b)                                                                       \
    ({                                                                                             \
        __typeof__(a) r_ = (a);                                                                    \
        __asm__ volatile(insn " %1, %0" : "+x"(r_) : "x"(b));                                      \
        r_;                                                                                        \
    })
#define FP_X86_1(insn, T, a)                                                                       \
    ({                                                                                             \
        T r_;                                                                                      \
        __asm__ volatile(insn " %1, %0" : "=r"(r_) : "x"(a));                                      \
        r_;                                                                                        \
    })
#define FP_X86_1V(insn, a)                                                                         \
    ({                                                                                             \
        __typeof__(a) r_;                                                                          \
        __asm__ volatile(insn " %1, %0" : "=x"(r_) : "x"(a));                                      \
        r_;                                                                                        \
    })
// roundss and its like want the mode as an immediate.
#define FP_X86_ROUND(insn, a, mode)                                                                \
    ({                                                                                             \
        __typeof__(a) r_;                                                                          \
        switch (mode) {                                                                            \
            FP_X86_ROUND_CASE(insn, a, 0)                                                          \
            FP_X86_ROUND_CASE(insn, a, 1)                                                          \
            FP_X86_ROUND_CASE(insn, a, 2)                                                          \
            FP_X86_ROUND_CASE(insn, a, 3)                                                          \
            FP_X86_ROUND_CASE(insn, a, 8)                                                          \
            FP_X86_ROUND_CASE(insn, a, 9)                                                          \
            FP_X86_ROUND_CASE(insn, a, 10)                                                         \
            FP_X86_ROUND_CASE(insn, a, 11)                                                         \
            FP_X86_ROUND_CASE(insn, a, 12)                                                         \
        default: __asm__ volatile(insn " $4, %1, %0" : "=x"(r_) : "x"(a));                         \
        }                                                                                          \
        r_;                                                                                        \
    })
#define FP_X86_ROUND_CASE(insn, a, imm)                                                            \
    case imm: __asm__ volatile(insn " $" #imm ", %1, %0" : "=x"(r_) : "x"(a)); break;

#else
#define FP_HOST_X86 0

enum {
    FP_INVALID = FE_INVALID,
    FP_DENORMAL = 0,
    FP_DIVZERO = FE_DIVBYZERO,
    FP_OVERFLOW = FE_OVERFLOW,
    FP_UNDERFLOW = FE_UNDERFLOW,
    FP_INEXACT = FE_INEXACT
};

static inline void fp_raise(unsigned flags) { feraiseexcept((int)flags); }
static inline TCGRound fp_rounding(void)
{
    switch (fegetround()) {
    case FE_DOWNWARD: return TCG_ROUND_DOWN;
    case FE_UPWARD: return TCG_ROUND_UP;
    case FE_TOWARDZERO: return TCG_ROUND_ZERO;
    default: return TCG_ROUND_NEAREST;
    }
}
#endif

#endif
