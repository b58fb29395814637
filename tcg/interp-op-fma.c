// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of the fused multiply-adds, scalar and by lanes.  There are two sets: on x86 the host's
// instruction, where it has FMA, which also keeps the right NaN (the first of a, b, c) and a NaN's sign; and the
// C library's function, which is right but for these, and slow.

#include "interp-insn.h"
#include "tcg-fp-host.h"

#define FMA_KINDS(X, ...)                                                                          \
    X(fma, "vfmadd231", (a), (c), __VA_ARGS__)                                                     \
    X(fms, "vfmsub231", (a), -(c), __VA_ARGS__)                                                    \
    X(fnma, "vfnmadd231", -(a), (c), __VA_ARGS__)                                                  \
    X(fnms, "vfnmsub231", -(a), -(c), __VA_ARGS__)
#define FMA_WIDTHS(X) FMA_KINDS(X, float, f32, "s", 2, f) FMA_KINDS(X, double, f64, "d", 3, )

// --- with the library ------------------------------------------------------------------------------

#define SCALAR(op, insn, x, z, F, suffix, letter, vece, f)                                         \
    OP(op##_##suffix)                                                                              \
    {                                                                                              \
        F a = REG(F, 1), b = REG(F, 2), c = REG(F, 3);                                             \
        REG(F, 0) = __builtin_fma##f(x, b, z);                                                     \
        NEXT(2);                                                                                   \
    }
#define VECTOR(op, insn, x, z, F, suffix, letter, vece, f)                                         \
    VECTOR_OF(op, x, z, F, vece, f, v64, 8)                                                        \
    VECTOR_OF(op, x, z, F, vece, f, v128, 16)                                                      \
    VECTOR_OF(op, x, z, F, vece, f, v256, 32)
#define VECTOR_OF(op, x, z, F, vece, f, type, bytes)                                               \
    OP(op##_vec_##type##_##vece)                                                                   \
    {                                                                                              \
        F r[(bytes) / sizeof(F)];                                                                  \
        for (unsigned i = 0; i < (bytes) / sizeof(F); i++) {                                       \
            F a = (&REG(F, 1))[i], b = (&REG(F, 2))[i], c = (&REG(F, 3))[i];                       \
            r[i] = __builtin_fma##f(x, b, z);                                                      \
        }                                                                                          \
        memcpy(ADDR(0), r, bytes);                                                                 \
        NEXT(2);                                                                                   \
    }
FMA_WIDTHS(SCALAR)
FMA_WIDTHS(VECTOR)

#define ROW_SCALAR(op, insn, x, z, F, suffix, letter, vece, f)                                     \
    {INDEX_op_##op##_##suffix, 0, 2, 0, op_##op##_##suffix, #op "_" #suffix},
#define ROW_OF(op, vece, type, TYPE, tail)                                                         \
    {INDEX_op_##op##_vec,                                                                          \
     INTERP_VSUB(TCG_TYPE_##TYPE, vece),                                                           \
     2,                                                                                            \
     0,                                                                                            \
     op_##op##_vec_##type##_##vece##tail,                                                          \
     #op "_vec_" #type "_" #vece #tail},
#define ROW_VECTOR(op, insn, x, z, F, suffix, letter, vece, f)                                     \
    ROW_OF(op, vece, v64, V64, ) ROW_OF(op, vece, v128, V128, ) ROW_OF(op, vece, v256, V256, )
static const InterpRow rows_library[] = {FMA_WIDTHS(ROW_SCALAR) FMA_WIDTHS(ROW_VECTOR)};

// --- with the instruction --------------------------------------------------------------------------

#if FP_HOST_X86
typedef float Packed __attribute__((vector_size(16), aligned(4)));
#define PACKED(letter, insn, k)                                                                    \
    ({                                                                                             \
        Packed a_ = *(Packed *)(ADDR(1) + (k)), b_ = *(Packed *)(ADDR(2) + (k));                   \
        Packed c_ = *(Packed *)(ADDR(3) + (k));                                                    \
        __asm__ volatile(insn "p" letter " %2, %1, %0" : "+x"(c_) : "x"(a_), "x"(b_));             \
        *(Packed *)(ADDR(0) + (k)) = c_;                                                           \
    })
#define SCALAR_X86(op, insn, x, z, F, suffix, letter, vece, f)                                     \
    OP(op##_##suffix##_x86)                                                                        \
    {                                                                                              \
        F a = REG(F, 1), b = REG(F, 2), c = REG(F, 3);                                             \
        __asm__ volatile(insn "s" letter " %2, %1, %0" : "+x"(c) : "x"(a), "x"(b));                \
        REG(F, 0) = c;                                                                             \
        NEXT(2);                                                                                   \
    }
#define VECTOR_X86(op, insn, x, z, F, suffix, letter, vece, f)                                     \
    OP(op##_vec_v64_##vece##_x86)                                                                  \
    {                                                                                              \
        F r[8 / sizeof(F)];                                                                        \
        for (unsigned i = 0; i < 8 / sizeof(F); i++) {                                             \
            F a = (&REG(F, 1))[i], b = (&REG(F, 2))[i], c = (&REG(F, 3))[i];                       \
            __asm__ volatile(insn "s" letter " %2, %1, %0" : "+x"(c) : "x"(a), "x"(b));            \
            r[i] = c;                                                                              \
        }                                                                                          \
        memcpy(ADDR(0), r, 8);                                                                     \
        NEXT(2);                                                                                   \
    }                                                                                              \
    OP(op##_vec_v128_##vece##_x86)                                                                 \
    {                                                                                              \
        PACKED(letter, insn, 0);                                                                   \
        NEXT(2);                                                                                   \
    }                                                                                              \
    OP(op##_vec_v256_##vece##_x86)                                                                 \
    {                                                                                              \
        PACKED(letter, insn, 0);                                                                   \
        PACKED(letter, insn, 16);                                                                  \
        NEXT(2);                                                                                   \
    }
FMA_WIDTHS(SCALAR_X86)
FMA_WIDTHS(VECTOR_X86)

#define ROW_SCALAR_X86(op, insn, x, z, F, suffix, letter, vece, f)                                 \
    {INDEX_op_##op##_##suffix, 0, 2, 0, op_##op##_##suffix##_x86, #op "_" #suffix "_x86"},
#define ROW_VECTOR_X86(op, insn, x, z, F, suffix, letter, vece, f)                                 \
    ROW_OF(op, vece, v64, V64, _x86)                                                               \
    ROW_OF(op, vece, v128, V128, _x86) ROW_OF(op, vece, v256, V256, _x86)
static const InterpRow rows_x86[] = {FMA_WIDTHS(ROW_SCALAR_X86) FMA_WIDTHS(ROW_VECTOR_X86)};
#endif

#define REGISTER(rows) interp_register_rows(rows, sizeof(rows) / sizeof((rows)[0]))

void interp_register_fma(void)
{
#if FP_HOST_X86
    if (__builtin_cpu_supports("fma")) {
        REGISTER(rows_x86);
        return;
    }
#endif
    REGISTER(rows_library);
}
