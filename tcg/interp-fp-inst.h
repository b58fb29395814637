// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers and rows of the scalar FP ops of one width.  Included by interp-op-fp.c.  No include guard.

#define N(name) FP_CAT3(name, SFX)
#define FP_CAT3(a, b) FP_CAT4(a, b)
#define FP_CAT4(a, b) a##_##b
#define NTO(name, I) FP_CAT5(name, SFX, I)
#define NFROM(name, I) FP_CAT5(name, I, SFX)
#define FP_CAT5(a, b, c) FP_CAT6(a, b, c)
#define FP_CAT6(a, b, c) a##_##b##_##c
#define OPN(name) OP(name)

#define BODY(op, R, n, expr, ...)                                                                  \
    OPN(op)                                                                                        \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
        REG(R, 0) = (R)(expr);                                                                     \
        NEXT(WORDS_OF_SLOTS(n));                                                                   \
    }
#ifdef TCG_STENCIL
#define SPECIAL(op, R, expr, decl, k) SPECIAL2(op, R, expr, decl, k)
#define SPECIAL2(op, R, expr, decl, k_)                                                            \
    OP(op##_k##k_)                                                                                 \
    {                                                                                              \
        decl;                                                                                      \
        const unsigned k = k_;                                                                     \
        REG(R, 0) = (R)(expr);                                                                     \
        NEXT();                                                                                    \
    }
#define BODY_K(op, R, slot, expr, decl)                                                            \
    BODY(op, R, 4, expr, decl; unsigned k = SLOT(slot))                                            \
    EACH_32(SPECIAL, op, R, expr, decl)
#else
#define BODY_K(op, R, slot, expr, decl) BODY(op, R, slot + 1, expr, decl; unsigned k = SLOT(slot))
#endif
#define FP_1(name, expr) BODY(N(name), F, 2, expr, F a = REG(F, 1))
#define FP_1K(name, expr) BODY_K(N(name), F, 2, expr, F a = REG(F, 1))
#define FP_2(name, expr) BODY(N(name), F, 3, expr, F a = REG(F, 1); F b = REG(F, 2))
// Not for each constant: clang 19 clears a register, and with it the parity flag, between FP_RELATION's
// comparison and the use of that flag when it knows the condition.
#define FP_COMPARE(name, expr)                                                                     \
    BODY(N(name), uint32_t, 4, expr, F a = REG(F, 1); F b = REG(F, 2); unsigned k = SLOT(3))
#define FP_TO(name, I, T, expr) BODY_K(NTO(name, I), T, 2, expr, F a = REG(F, 1))
#define FP_FROM(name, I, T, expr) BODY(NFROM(name, I), F, 2, expr, T a = REG(T, 1))
#include "tcg-op-fp.h"

#define ROW(name) ROW2(name)
#define ROW2(name) {INDEX_op_##name, 0, 2, 0, op_##name, #name},
#define FP_1(name, e) ROW(N(name))
#define FP_1K(name, e) ROW(N(name))
#define FP_2(name, e) ROW(N(name))
#define FP_COMPARE(name, e) ROW(N(name))
#define FP_TO(name, I, T, e) ROW(NTO(name, I))
#define FP_FROM(name, I, T, e) ROW(NFROM(name, I))
static const InterpRow N(rows)[] = {
#include "tcg-op-fp.h"
};

#undef N
#undef FP_CAT3
#undef FP_CAT4
#undef NTO
#undef NFROM
#undef FP_CAT5
#undef FP_CAT6
#undef OPN
#undef BODY
#undef BODY_K
#undef SPECIAL
#undef SPECIAL2
#undef ROW
#undef ROW2
