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

// The result goes to acc as well.
#define FORM(name, words, decl, expr)                                                              \
    OPN(name)                                                                                      \
    {                                                                                              \
        decl;                                                                                      \
        U result = (expr);                                                                         \
        acc = result;                                                                              \
        REG(U, 0) = result;                                                                        \
        NEXT(words);                                                                               \
    }                                                                                              \
    FORM_UNSTORED(name, decl, expr)
#define FORM_UNSTORED(name, decl, expr) FORM_UNSTORED2(N(name), decl, expr)
#define FORM_UNSTORED2(name, decl, expr) UNSTORED(name, decl; acc = (U)(expr))
#define IMMEDIATE ((U)(S)IMM32(1))
#define INT_1(name, expr)                                                                          \
    FORM(name, 2, U a = REG(U, 1), expr)                                                           \
    FORM(name##_acc, 2, U a = (U)acc, expr)
#define INT_2(name, expr)                                                                          \
    FORM(name, 2, U a = REG(U, 1); U b = REG(U, 2), expr)                                          \
    FORM(name##_imm, 2, U a = REG(U, 1); U b = IMMEDIATE, expr)                                    \
    FORM(name##_acc, 2, U a = (U)acc; U b = REG(U, 2), expr)                                       \
    FORM(name##_acc_imm, 2, U a = (U)acc; U b = IMMEDIATE, expr)                                   \
    FORM(name##_acc_b, 2, U a = REG(U, 1); U b = (U)acc, expr)
#define INT_1KL(name, expr)                                                                        \
    FORM(name, 2, U a = REG(U, 1); unsigned k = SLOT(2); unsigned l = SLOT(3), expr)               \
    FORM(name##_acc, 2, U a = (U)acc; unsigned k = SLOT(2); unsigned l = SLOT(3), expr)
#define INT_2K(name, expr)                                                                         \
    FORM(name, 2, U a = REG(U, 1); U b = REG(U, 2); unsigned k = SLOT(3), expr)
#define INT_2KL(name, expr)                                                                        \
    FORM(name, 3, U a = REG(U, 1); U b = REG(U, 2); unsigned k = SLOT(3);                          \
         unsigned l = SLOT(4), expr)
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
#define BRANCH(name, decl, expr, rel)                                                              \
    OPN(name)                                                                                      \
    {                                                                                              \
        decl;                                                                                      \
        if (expr) {                                                                                \
            JUMP(rel);                                                                             \
        }                                                                                          \
        NEXT(2);                                                                                   \
    }
#define REL16 ((int16_t)SLOT(1))
#define SELECT(i, j, expr) ((expr) ? REG(U, i) : REG(U, j))
#define INT_COND(cond, expr)                                                                       \
    FORM(setcond_##cond, 2, U a = REG(U, 1); U b = REG(U, 2), expr)                                \
    FORM(setcond_##cond##_imm, 2, U a = REG(U, 1); U b = IMMEDIATE, expr)                          \
    FORM(setcond_##cond##_acc, 2, U a = (U)acc; U b = REG(U, 2), expr)                             \
    FORM(setcond_##cond##_acc_imm, 2, U a = (U)acc; U b = IMMEDIATE, expr)                         \
    FORM(negsetcond_##cond, 2, U a = REG(U, 1); U b = REG(U, 2), -(U)(expr))                       \
    FORM(negsetcond_##cond##_imm, 2, U a = REG(U, 1); U b = IMMEDIATE, -(U)(expr))                 \
    FORM(negsetcond_##cond##_acc, 2, U a = (U)acc; U b = REG(U, 2), -(U)(expr))                    \
    FORM(negsetcond_##cond##_acc_imm, 2, U a = (U)acc; U b = IMMEDIATE, -(U)(expr))                \
    FORM(movcond_##cond, 3, U a = REG(U, 1); U b = REG(U, 2), SELECT(3, 4, expr))                  \
    FORM(movcond_##cond##_imm, 3, U a = REG(U, 1); U b = IMMEDIATE, SELECT(4, 5, expr))            \
    FORM(movcond_##cond##_acc, 3, U a = (U)acc; U b = REG(U, 2), SELECT(3, 4, expr))               \
    FORM(movcond_##cond##_acc_imm, 3, U a = (U)acc; U b = IMMEDIATE, SELECT(4, 5, expr))           \
    BRANCH(brcond_##cond, U a = REG(U, 0); U b = REG(U, 1), expr, IMM32(1))                        \
    BRANCH(brcond_##cond##_imm, U a = REG(U, 0); U b = IMMEDIATE, expr, REL16)                     \
    BRANCH(brcond_##cond##_acc, U a = (U)acc; U b = REG(U, 1), expr, IMM32(1))                     \
    BRANCH(brcond_##cond##_acc_imm, U a = (U)acc; U b = IMMEDIATE, expr, REL16)
#define INT_LD(name, T)                                                                            \
    FORM(name, 2, , (U)(S) * (const T *)(REG(uint64_t, 1) + (uint64_t)IMM32(1)))                   \
    FORM(name##_env, 2, , (U)(S) * (const T *)(env + IMM32(1)))
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

// As stencils, constant shift counts stand in the instruction, and so do the bit fields of partial registers.
#ifdef TCG_STENCIL
#define FORM_K(name, k, decl, expr) FORM_K2(name, k, decl, expr)
#define FORM_K2(name, k, decl, expr)                                                               \
    OP(name##_k##k)                                                                                \
    {                                                                                              \
        decl;                                                                                      \
        U result = (expr);                                                                         \
        acc = result;                                                                              \
        REG(U, 0) = result;                                                                        \
        NEXT();                                                                                    \
    }                                                                                              \
    UNSTORED(name##_k##k, decl; acc = (U)(expr))
#define SHIFT(name, expr, k)                                                                       \
    FORM_K(N(name##_imm), k, U a = REG(U, 1); const unsigned b = k, expr)                          \
    FORM_K(N(name##_acc_imm), k, U a = (U)acc; const unsigned b = k, expr)
#define SHIFTS(EACH)                                                                               \
    EACH(SHIFT, shl, a << b)                                                                       \
    EACH(SHIFT, shr, a >> b)                                                                       \
    EACH(SHIFT, sar, (U)((S)a >> b))                                                               \
    EACH(SHIFT, rotl, a << b | a >> (-b & (W - 1)))                                                \
    EACH(SHIFT, rotr, a >> b | a << (-b & (W - 1)))
// The value after _k is k + 64 * l.
#define FIELD(k_, l_, v)                                                                           \
    FORM_K(N(extract), v, U a = REG(U, 1), a << (W - k_ - l_) >> (W - l_))                         \
    FORM_K(N(extract_acc), v, U a = (U)acc, a << (W - k_ - l_) >> (W - l_))                        \
    FORM_K(N(sextract), v, U a = REG(U, 1), (U)((S)(a << (W - k_ - l_)) >> (W - l_)))              \
    FORM_K(N(sextract_acc), v, U a = (U)acc, (U)((S)(a << (W - k_ - l_)) >> (W - l_)))             \
    FORM_K(N(deposit), v, U a = REG(U, 1);                                                         \
           U b = REG(U, 2),                                                                        \
           (a & ~((U) - 1 >> (W - l_) << k_)) | ((b << k_) & ((U) - 1 >> (W - l_) << k_)))
FIELD(0, 8, 512)
FIELD(8, 8, 520)
FIELD(0, 16, 1024)
FIELD(16, 16, 1040)
#if W == 64
SHIFTS(EACH_64)
FIELD(0, 32, 2048)
FIELD(32, 32, 2080)
#else
SHIFTS(EACH_32)
#endif
#undef FORM_K
#undef FORM_K2
#undef SHIFT
#undef SHIFTS
#undef FIELD
#endif

// --- rows

#define ROW(op, fn, sub, words, acc) ROW2(N(op), N(fn), sub, words, acc)
#define ROW2(op, fn, sub, words, acc) ROW3(op, fn, sub, words, acc)
#define ROW3(op, fn, sub, words, acc) {INDEX_op_##op, sub, words, acc, op_##fn, #fn},
#define ROW_IOP(op, fn, sub, words, acc) ROW_IOP2(CAT(op, IOP_SUFFIX), N(fn), sub, words, acc)
#define ROW_IOP2(op, fn, sub, words, acc) ROW_IOP3(op, fn, sub, words, acc)
#define ROW_IOP3(op, fn, sub, words, acc) {op, sub, words, acc, op_##fn, #fn},
#define ROW_COND(op, fn, cond, words, acc)                                                         \
    ROW_IOP(op, fn##cond, INTERP_COND(TCG_COND_##cond), words, acc)                                \
    ROW_IOP(op, fn##cond##_imm, INTERP_COND(TCG_COND_##cond) + FORM_IMM, words, acc)               \
    ROW_IOP(op, fn##cond##_acc, INTERP_COND(TCG_COND_##cond) + FORM_ACC, words, acc)               \
    ROW_IOP(op, fn##cond##_acc_imm, INTERP_COND(TCG_COND_##cond) + FORM_ACC + FORM_IMM, words, acc)

#define INT_1(name, expr) ROW(name, name, 0, 2, W) ROW(name, name##_acc, FORM_ACC, 2, W)
#define INT_2(name, expr)                                                                          \
    ROW(name, name, 0, 2, W)                                                                       \
    ROW(name, name##_imm, FORM_IMM, 2, W)                                                          \
    ROW(name, name##_acc, FORM_ACC, 2, W)                                                          \
    ROW(name, name##_acc_imm, FORM_ACC + FORM_IMM, 2, W)                                           \
    ROW(name, name##_acc_b, FORM_ACC_B, 2, W)
#define INT_1KL(name, expr) INT_1(name, expr)
#define INT_2K(name, expr) ROW(name, name, 0, 2, W)
#define INT_2KL(name, expr) ROW(name, name, 0, 3, W)
#define INT_22(name, ...) ROW(name, name, 0, 2, 0)
#define INT_23(name, ...) ROW(name, name, 0, 3, 0)
#define INT_24(name, ...) ROW(name, name, 0, 3, 0)
#define INT_COND(cond, expr)                                                                       \
    ROW_COND(IOP_SETCOND, setcond_, cond, 2, W)                                                    \
    ROW_COND(IOP_NEGSETCOND, negsetcond_, cond, 2, W)                                              \
    ROW_COND(IOP_MOVCOND, movcond_, cond, 3, W)                                                    \
    ROW_COND(IOP_BRCOND, brcond_, cond, 2, 0)
#define INT_LD(name, T) ROW(name, name, 0, 2, W) ROW(name, name##_env, FORM_IMM, 2, W)
#define INT_ST(name, T) ROW(name, name, 0, 2, 0) ROW(name, name##_env, FORM_IMM, 2, 0)

static const InterpRow N(rows)[] = {
#include "tcg-op-int.h"
};

#undef CAT2
#undef CAT
#undef N
#undef OPN
#undef OP_OF
#undef FORM
#undef FORM_UNSTORED
#undef FORM_UNSTORED2
#undef IMMEDIATE
#undef BRANCH
#undef REL16
#undef SELECT
#undef ROW
#undef ROW2
#undef ROW3
#undef ROW_IOP
#undef ROW_IOP2
#undef ROW_IOP3
#undef ROW_COND
#undef W
#undef U
#undef S
#undef D
#undef SD
#undef SUFFIX
#undef IOP_SUFFIX
