// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The handlers of the integer ops of one width, and their rows.  Included by interp-op-int.c once a
// width, with W, U, S, D, SD and SUFFIX (_i32, _i64) defined.  No include guard.

#define CAT2(a, b) a##b
#define CAT(a, b) CAT2(a, b)
#define N(name) CAT(name, SUFFIX)
#define OPN(name) OP_OF(N(name))
#define OP_OF(name) OP(name)

// --- handlers

#define BODY1(name, n, expr)                                                                       \
    OPN(name)                                                                                      \
    {                                                                                              \
        U a = REG(U, 1);                                                                           \
        REG(U, 0) = (expr);                                                                        \
        NEXT(WORDS_OF_SLOTS(n));                                                                   \
    }
#define INT_1(name, expr) BODY1(name, 2, expr)
#define INT_2(name, expr)                                                                          \
    OPN(name)                                                                                      \
    {                                                                                              \
        U a = REG(U, 1), b = REG(U, 2);                                                            \
        REG(U, 0) = (expr);                                                                        \
        NEXT(2);                                                                                   \
    }                                                                                              \
    OPN(name##_imm)                                                                                \
    {                                                                                              \
        U a = REG(U, 1), b = (U)(S)IMM32(1);                                                       \
        REG(U, 0) = (expr);                                                                        \
        NEXT(2);                                                                                   \
    }
#define INT_1KL(name, expr)                                                                        \
    OPN(name)                                                                                      \
    {                                                                                              \
        U a = REG(U, 1);                                                                           \
        unsigned k = SLOT(2), l = SLOT(3);                                                         \
        REG(U, 0) = (expr);                                                                        \
        NEXT(2);                                                                                   \
    }
#define INT_2K(name, expr)                                                                         \
    OPN(name)                                                                                      \
    {                                                                                              \
        U a = REG(U, 1), b = REG(U, 2);                                                            \
        unsigned k = SLOT(3);                                                                      \
        REG(U, 0) = (expr);                                                                        \
        NEXT(2);                                                                                   \
    }
#define INT_2KL(name, expr)                                                                        \
    OPN(name)                                                                                      \
    {                                                                                              \
        U a = REG(U, 1), b = REG(U, 2);                                                            \
        unsigned k = SLOT(3), l = SLOT(4);                                                         \
        REG(U, 0) = (expr);                                                                        \
        NEXT(3);                                                                                   \
    }
#define INT_22(name, stmt)                                                                         \
    OPN(name)                                                                                      \
    {                                                                                              \
        U r, s, a = REG(U, 2), b = REG(U, 3);                                                      \
        stmt REG(U, 0) = r;                                                                        \
        REG(U, 1) = s;                                                                             \
        NEXT(2);                                                                                   \
    }
#define INT_23(name, stmt)                                                                         \
    OPN(name)                                                                                      \
    {                                                                                              \
        U r, s, a = REG(U, 2), b = REG(U, 3), c = REG(U, 4);                                       \
        stmt REG(U, 0) = r;                                                                        \
        REG(U, 1) = s;                                                                             \
        NEXT(3);                                                                                   \
    }
#define INT_24(name, stmt)                                                                         \
    OPN(name)                                                                                      \
    {                                                                                              \
        U r, s, a = REG(U, 2), b = REG(U, 3), c = REG(U, 4), d = REG(U, 5);                        \
        stmt REG(U, 0) = r;                                                                        \
        REG(U, 1) = s;                                                                             \
        NEXT(3);                                                                                   \
    }
#define INT_COND(cond, expr)                                                                       \
    OPN(setcond_##cond)                                                                            \
    {                                                                                              \
        U a = REG(U, 1), b = REG(U, 2);                                                            \
        REG(U, 0) = (expr);                                                                        \
        NEXT(2);                                                                                   \
    }                                                                                              \
    OPN(setcond_imm_##cond)                                                                        \
    {                                                                                              \
        U a = REG(U, 1), b = (U)(S)IMM32(1);                                                       \
        REG(U, 0) = (expr);                                                                        \
        NEXT(2);                                                                                   \
    }                                                                                              \
    OPN(negsetcond_##cond)                                                                         \
    {                                                                                              \
        U a = REG(U, 1), b = REG(U, 2);                                                            \
        REG(U, 0) = -(U)(expr);                                                                    \
        NEXT(2);                                                                                   \
    }                                                                                              \
    OPN(negsetcond_imm_##cond)                                                                     \
    {                                                                                              \
        U a = REG(U, 1), b = (U)(S)IMM32(1);                                                       \
        REG(U, 0) = -(U)(expr);                                                                    \
        NEXT(2);                                                                                   \
    }                                                                                              \
    OPN(movcond_##cond)                                                                            \
    {                                                                                              \
        U a = REG(U, 1), b = REG(U, 2), v1 = REG(U, 3), v2 = REG(U, 4);                            \
        REG(U, 0) = (expr) ? v1 : v2;                                                              \
        NEXT(3);                                                                                   \
    }                                                                                              \
    OPN(movcond_imm_##cond)                                                                        \
    {                                                                                              \
        U a = REG(U, 1), b = (U)(S)IMM32(1), v1 = REG(U, 4), v2 = REG(U, 5);                       \
        REG(U, 0) = (expr) ? v1 : v2;                                                              \
        NEXT(3);                                                                                   \
    }                                                                                              \
    OPN(brcond_##cond)                                                                             \
    {                                                                                              \
        U a = REG(U, 0), b = REG(U, 1);                                                            \
        if (expr) {                                                                                \
            NEXT(IMM32(1));                                                                        \
        }                                                                                          \
        NEXT(2);                                                                                   \
    }                                                                                              \
    OPN(brcond_imm_##cond)                                                                         \
    {                                                                                              \
        U a = REG(U, 0), b = (U)(S)IMM32(1);                                                       \
        if (expr) {                                                                                \
            NEXT((int16_t)SLOT(1));                                                                \
        }                                                                                          \
        NEXT(2);                                                                                   \
    }
#define INT_LD(name, T)                                                                            \
    OPN(name)                                                                                      \
    {                                                                                              \
        REG(U, 0) = (U)(S) * (const T *)(REG(uint64_t, 1) + (uint64_t)IMM32(1));                   \
        NEXT(2);                                                                                   \
    }                                                                                              \
    OPN(name##_env)                                                                                \
    {                                                                                              \
        REG(U, 0) = (U)(S) * (const T *)(env + IMM32(1));                                          \
        NEXT(2);                                                                                   \
    }
#define INT_ST(name, T)                                                                            \
    OPN(name)                                                                                      \
    {                                                                                              \
        *(T *)(REG(uint64_t, 1) + (uint64_t)IMM32(1)) = (T)REG(U, 0);                              \
        NEXT(2);                                                                                   \
    }                                                                                              \
    OPN(name##_env)                                                                                \
    {                                                                                              \
        *(T *)(env + IMM32(1)) = (T)REG(U, 0);                                                     \
        NEXT(2);                                                                                   \
    }
#include "tcg-op-int.h"

// --- rows

#define ROW(name, sub, words) ROW_OF(N(name), N(name), sub, words)
#define ROW_OF(op, fn, sub, words) ROW_OF2(op, fn, sub, words)
#define ROW_OF2(op, fn, sub, words) {INDEX_op_##op, sub, words, op_##fn, #fn},
#define ROW_IMM(name, imm, sub, words) ROW_OF(N(name), N(imm), sub, words)
#define ROW_COND(iop, fn, cond, imm, words)                                                        \
    ROW_COND2(CAT(iop, IOP_SUFFIX), N(fn##cond), TCG_COND_##cond * 2 + (imm), words)
#define ROW_COND2(iop, fn, sub, words) ROW_COND3(iop, fn, sub, words)
#define ROW_COND3(iop, fn, sub, words) {iop, sub, words, op_##fn, #fn},

#define INT_1(name, expr) ROW(name, 0, 2)
#define INT_2(name, expr) ROW(name, 0, 2) ROW_IMM(name, name##_imm, 1, 2)
#define INT_1KL(name, expr) ROW(name, 0, 2)
#define INT_2K(name, expr) ROW(name, 0, 2)
#define INT_2KL(name, expr) ROW(name, 0, 3)
#define INT_22(name, ...) ROW(name, 0, 2)
#define INT_23(name, ...) ROW(name, 0, 3)
#define INT_24(name, ...) ROW(name, 0, 3)
#define INT_COND(cond, expr)                                                                       \
    ROW_COND(IOP_SETCOND, setcond_, cond, 0, 2)                                                    \
    ROW_COND(IOP_SETCOND, setcond_imm_, cond, 1, 2)                                                \
    ROW_COND(IOP_NEGSETCOND, negsetcond_, cond, 0, 2)                                              \
    ROW_COND(IOP_NEGSETCOND, negsetcond_imm_, cond, 1, 2)                                          \
    ROW_COND(IOP_MOVCOND, movcond_, cond, 0, 3)                                                    \
    ROW_COND(IOP_MOVCOND, movcond_imm_, cond, 1, 3)                                                \
    ROW_COND(IOP_BRCOND, brcond_, cond, 0, 2)                                                      \
    ROW_COND(IOP_BRCOND, brcond_imm_, cond, 1, 2)
#define INT_LD(name, T) ROW(name, 0, 2) ROW_IMM(name, name##_env, 1, 2)
#define INT_ST(name, T) ROW(name, 0, 2) ROW_IMM(name, name##_env, 1, 2)

static const InterpRow N(rows)[] = {
#include "tcg-op-int.h"
};

#undef CAT2
#undef CAT
#undef N
#undef OPN
#undef OP_OF
#undef BODY1
#undef ROW
#undef ROW_OF
#undef ROW_OF2
#undef ROW_IMM
#undef ROW_COND
#undef ROW_COND2
#undef ROW_COND3
#undef W
#undef U
#undef S
#undef D
#undef SD
#undef SUFFIX
#undef IOP_SUFFIX
