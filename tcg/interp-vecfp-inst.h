// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers and rows of the vector ops with FP lanes, for one VBYTES and VECE (and F, SFX).  Included by
// interp-op-vecfp.c.  No include guard.

#include "interp-vec-types.h"

#define LANES(T) (VBYTES / sizeof(T))
#define LOAD(T, name, slot)                                                                        \
    T name[LANES(T)];                                                                              \
    memcpy(name, ADDR(slot), VBYTES)
#define STORE(n)                                                                                   \
    memcpy(ADDR(0), r, VBYTES);                                                                    \
    NEXT(WORDS_OF_SLOTS(n))

// 128 bits at a time, where the vector has as many; else lane by lane.
#if VECE == 3
#define PS "pd"
#else
#define PS "ps"
#endif
#if FP_HOST_X86 && VBYTES >= 16
#define FV_2(name, expr, insn)                                                                     \
    VOP(name)                                                                                      \
    {                                                                                              \
        for (unsigned i = 0; i < VBYTES; i += 16) {                                                \
            Packed a = *(Packed *)(ADDR(1) + i), b = *(Packed *)(ADDR(2) + i);                     \
            *(Packed *)(ADDR(0) + i) = FP_X86_2(insn PS, a, b);                                    \
        }                                                                                          \
        NEXT(2);                                                                                   \
    }
#define FV_1(name, expr, insn)                                                                     \
    VOP(name)                                                                                      \
    {                                                                                              \
        for (unsigned i = 0; i < VBYTES; i += 16) {                                                \
            Packed a = *(Packed *)(ADDR(1) + i);                                                   \
            *(Packed *)(ADDR(0) + i) = FP_X86_1V(insn PS, a);                                      \
        }                                                                                          \
        NEXT(2);                                                                                   \
    }
#else
#define FV_2(name, expr, insn) FV_2L(name, expr)
#define FV_1(name, expr, insn) FV_1L(name, expr)
#endif

#define FV_1L(name, expr)                                                                          \
    VOP(name)                                                                                      \
    {                                                                                              \
        F r[NL];                                                                                   \
        LOAD(F, a, 1);                                                                             \
        for (unsigned i = 0; i < NL; i++) {                                                        \
            F x = a[i];                                                                            \
            r[i] = (expr);                                                                         \
        }                                                                                          \
        STORE(2);                                                                                  \
    }
#define FV_2L(name, expr)                                                                          \
    VOP(name)                                                                                      \
    {                                                                                              \
        F r[NL];                                                                                   \
        LOAD(F, a, 1);                                                                             \
        LOAD(F, b, 2);                                                                             \
        for (unsigned i = 0; i < NL; i++) {                                                        \
            F x = a[i], y = b[i];                                                                  \
            r[i] = (expr);                                                                         \
        }                                                                                          \
        STORE(3);                                                                                  \
    }
#define FV_I(name, R, A, expr)                                                                     \
    VOP(name)                                                                                      \
    {                                                                                              \
        R r[NL];                                                                                   \
        unsigned k = SLOT(2);                                                                      \
        (void)k;                                                                                   \
        LOAD(A, a, 1);                                                                             \
        for (unsigned i = 0; i < NL; i++) {                                                        \
            A x = a[i];                                                                            \
            r[i] = (expr);                                                                         \
        }                                                                                          \
        STORE(3);                                                                                  \
    }
#define FV_LANES(name, R, A, ...)                                                                  \
    VOP(name)                                                                                      \
    {                                                                                              \
        R r[LANES(R)];                                                                             \
        LOAD(A, a, 1);                                                                             \
        __VA_ARGS__                                                                                \
        STORE(2);                                                                                  \
    }

#if VECE == 3
#define FV_FROM fp_from_i64_f64
#define FV_FROMU fp_from_u64_f64
#define FV_TO fp_to_i64_f64
#define FV_TO_SAT fp_to_i64_sat_f64
#define FV_TO_USAT fp_to_u64_sat_f64
#else
#define FV_FROM fp_from_i32_f32
#define FV_FROMU fp_from_u32_f32
#define FV_TO fp_to_i32_f32
#define FV_TO_SAT fp_to_i32_sat_f32
#define FV_TO_USAT fp_to_u32_sat_f32
#endif

// Comparisons: the eight that the x86 instruction of the baseline has, the rest lane by lane.
#if FP_HOST_X86 && VBYTES == 16
#define FV_COMPARE_X86(cond, predicate)                                                            \
    case cond: {                                                                                   \
        Packed a = REG(Packed, 1);                                                                 \
        __asm__ volatile("cmp" PS " $" #predicate ", %1, %0" : "+x"(a) : "x"(REG(Packed, 2)));     \
        REG(Packed, 0) = a;                                                                        \
        NEXT(2);                                                                                   \
    }
#define FV_COMPARE_FAST                                                                            \
    switch (SLOT(3)) {                                                                             \
        FV_COMPARE_X86(TCG_FCOND_EQ, 0)                                                            \
        FV_COMPARE_X86(TCG_FCOND_LT | TCG_FCOND_SIGNALING, 1)                                      \
        FV_COMPARE_X86(TCG_FCOND_LE | TCG_FCOND_SIGNALING, 2)                                      \
        FV_COMPARE_X86(TCG_FCOND_UN, 3)                                                            \
        FV_COMPARE_X86(TCG_FCOND_NEU, 4)                                                           \
        FV_COMPARE_X86(TCG_FCOND_GE | TCG_FCOND_UN | TCG_FCOND_SIGNALING, 5)                       \
        FV_COMPARE_X86(TCG_FCOND_GT | TCG_FCOND_UN | TCG_FCOND_SIGNALING, 6)                       \
        FV_COMPARE_X86(TCG_FCOND_ORD, 7)                                                           \
    default: break;                                                                                \
    }
#else
#define FV_COMPARE_FAST
#endif
#define FV_COMPARE(name)                                                                           \
    VOP(name)                                                                                      \
    {                                                                                              \
        FV_COMPARE_FAST                                                                            \
        LU r[NL];                                                                                  \
        unsigned k = SLOT(3);                                                                      \
        LOAD(F, a, 1);                                                                             \
        LOAD(F, b, 2);                                                                             \
        for (unsigned i = 0; i < NL; i++) {                                                        \
            r[i] = FX(compare)(a[i], b[i], k) ? (LU) - 1 : 0;                                      \
        }                                                                                          \
        STORE(4);                                                                                  \
    }

#if FP_HOST_X86 && VBYTES == 16
#define FV_ROUND_FAST                                                                              \
    if ((SLOT(2) & TCG_ROUND_MODE_MASK) != TCG_ROUND_TIES_AWAY) {                                  \
        Packed x = REG(Packed, 1);                                                                 \
        REG(Packed, 0) = FP_X86_ROUND("round" PS, x, SLOT(2) & 15);                                \
        NEXT(2);                                                                                   \
    }
#else
#define FV_ROUND_FAST
#endif
#define FV_ROUND(name)                                                                             \
    VOP(name)                                                                                      \
    {                                                                                              \
        FV_ROUND_FAST                                                                              \
        F r[NL];                                                                                   \
        unsigned k = SLOT(2);                                                                      \
        LOAD(F, a, 1);                                                                             \
        for (unsigned i = 0; i < NL; i++) {                                                        \
            r[i] = FX(round)(a[i], k);                                                             \
        }                                                                                          \
        STORE(3);                                                                                  \
    }

#if FP_HOST_X86 && VBYTES == 16 && VECE == 2
#define FV_CVT_FAST                                                                                \
    {                                                                                              \
        Packed x = REG(Packed, 1);                                                                 \
        if ((SLOT(2) & TCG_ROUND_MODE_MASK) == TCG_ROUND_ZERO) {                                   \
            REG(Packed, 0) = FP_X86_1V("cvttps2dq", x);                                            \
            NEXT(2);                                                                               \
        }                                                                                          \
        if ((SLOT(2) & TCG_ROUND_MODE_MASK) == TCG_ROUND_DYNAMIC) {                                \
            REG(Packed, 0) = FP_X86_1V("cvtps2dq", x);                                             \
            NEXT(2);                                                                               \
        }                                                                                          \
    }
#else
#define FV_CVT_FAST
#endif
#define FV_CVT(name)                                                                               \
    VOP(name)                                                                                      \
    {                                                                                              \
        FV_CVT_FAST                                                                                \
        LS r[NL];                                                                                  \
        TCGRound mode = (TCGRound)(SLOT(2) & TCG_ROUND_MODE_MASK);                                 \
        LOAD(F, a, 1);                                                                             \
        for (unsigned i = 0; i < NL; i++) {                                                        \
            r[i] = FV_TO(a[i], mode);                                                              \
        }                                                                                          \
        STORE(3);                                                                                  \
    }
#include "tcg-op-vecfp.h"

#define FV_1(name, ...) VROW(name, 2)
#define FV_1L(name, ...) VROW(name, 2)
#define FV_2(name, ...) VROW(name, 2)
#define FV_2L(name, ...) VROW(name, 2)
#define FV_COMPARE(name) VROW(name, 2)
#define FV_ROUND(name) VROW(name, 2)
#define FV_I(name, ...) VROW(name, 2)
#define FV_CVT(name) VROW(name, 2)
#define FV_LANES(name, ...) VROW(name, 2)
static const InterpRow VN(rows)[] = {
#include "tcg-op-vecfp.h"
};

#undef LANES
#undef LOAD
#undef STORE
#undef PS
#undef FV_FROM
#undef FV_FROMU
#undef FV_TO
#undef FV_TO_SAT
#undef FV_TO_USAT
#undef FV_COMPARE_X86
#undef FV_COMPARE_FAST
#undef FV_ROUND_FAST
#undef FV_CVT_FAST
#define VTYPES_END
#include "interp-vec-types.h"
