// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FMA3: one rounding.  F16C: conversions to and from half precision.

#include "helpers.h"
#include "vec.h"

typedef enum FMAKind {
    FMA_ADD,
    FMA_SUB,
    FMA_NADD,
    FMA_NSUB,
    FMA_ADDSUB, // even lanes SUB, odd ones ADD
    FMA_SUBADD, // even lanes ADD, odd ones SUB
} FMAKind;

// Which operand is what: the first two digits are multiplied, the third added.  Of two NaNs the result is the
// one that the manual lists first: the multiplicand, which is not always the first digit.
typedef struct FMAOrder {
    uint8_t a, b, c;
} FMAOrder;
enum { FMA_132, FMA_213, FMA_231 };
static const FMAOrder fma_order[] = {
    [FMA_132] = {0, 2, 1},
    [FMA_213] = {1, 0, 2},
    [FMA_231] = {1, 2, 0},
};
#define FMA_ARG(kind, order) (FMA_##kind + 8 * FMA_##order)

typedef void VecFn3(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b, TCGv_vec c);
static const struct {
    VecFn3 *vec;
    void (*f32)(TCGv_f32 r, TCGv_f32 a, TCGv_f32 b, TCGv_f32 c);
    void (*f64)(TCGv_f64 r, TCGv_f64 a, TCGv_f64 b, TCGv_f64 c);
} fma_fn[] = {
    [FMA_ADD] = {tcg_gen_fma_vec, tcg_gen_fma_f32, tcg_gen_fma_f64},
    [FMA_SUB] = {tcg_gen_fms_vec, tcg_gen_fms_f32, tcg_gen_fms_f64},
    [FMA_NADD] = {tcg_gen_fnma_vec, tcg_gen_fnma_f32, tcg_gen_fnma_f64},
    [FMA_NSUB] = {tcg_gen_fnms_vec, tcg_gen_fnms_f32, tcg_gen_fnms_f64},
};

// Each op sees only the lanes that it is for (twice), so that no other lane raises an exception.
static void gen_alternating(unsigned vece, TCGv_vec r, TCGv_vec const v[3], bool even_sub)
{
    static const uint8_t of32[2][8] = {{0, 0, 2, 2, 0, 0, 2, 2}, {1, 1, 3, 3, 1, 1, 3, 3}};
    static const uint8_t of64[2][4] = {{0, 0, 0, 0}, {1, 1, 1, 1}};
    static const uint8_t mix32[8] = {0, 5, 2, 7, 0, 5, 2, 7}, mix64[4] = {0, 3, 0, 3};
    TCGv_vec half[2];
    for (unsigned odd = 0; odd < 2; odd++) {
        TCGv_vec x[3];
        for (unsigned i = 0; i < 3; i++) {
            x[i] = x86_vec_temp_like(r);
            x86_vec_shuffle(vece, x[i], v[i], v[i], vece == MO_32 ? of32[odd] : of64[odd]);
        }
        half[odd] = x86_vec_temp_like(r);
        fma_fn[odd != even_sub ? FMA_SUB : FMA_ADD].vec(vece, half[odd], x[0], x[1], x[2]);
    }
    x86_vec_shuffle(vece, r, half[0], half[1], vece == MO_32 ? mix32 : mix64);
}

// arg: FMA_ARG, + 64 * lane size.
static bool trans_fma_packed(DisasContext *s, int arg)
{
    unsigned kind = arg & 7, vece = (unsigned)arg >> 6;
    FMAOrder o = fma_order[arg >> 3 & 7];
    TCGv_vec op[3] = {x86_vec_load(s, 0, 0), x86_vec_load(s, 1, 0), x86_vec_load(s, 2, 0)};
    TCGv_vec v[3] = {op[o.a], op[o.b], op[o.c]}, r = x86_sse_fp_dest(s);
    x86_sse_fp_begin(s);
    if (kind >= FMA_ADDSUB) {
        gen_alternating(vece, r, v, kind == FMA_ADDSUB);
    } else {
        fma_fn[kind].vec(vece, r, v[0], v[1], v[2]);
    }
    x86_sse_fp_commit(s, r);
    return true;
}

// The other lanes are the destination's own.
static bool trans_fma_ss(DisasContext *s, int arg)
{
    FMAOrder o = fma_order[arg >> 3];
    TCGv_f32 op[3] = {x86_f32_load(s, 0), x86_f32_load(s, 1), x86_f32_load(s, 2)};
    TCGv_f32 r = tcg_temp_new_f32();
    TCGv_vec d = x86_sse_fp_dest(s);
    x86_sse_fp_begin(s);
    fma_fn[arg & 7].f32(r, op[o.a], op[o.b], op[o.c]);
    tcg_gen_insert_vec_f32(d, x86_vec_reg(s, 0), r, 0);
    x86_sse_fp_commit(s, d);
    return true;
}

static bool trans_fma_sd(DisasContext *s, int arg)
{
    FMAOrder o = fma_order[arg >> 3];
    TCGv_f64 op[3] = {x86_f64_load(s, 0), x86_f64_load(s, 1), x86_f64_load(s, 2)};
    TCGv_f64 r = tcg_temp_new_f64();
    TCGv_vec d = x86_sse_fp_dest(s);
    x86_sse_fp_begin(s);
    fma_fn[arg & 7].f64(r, op[o.a], op[o.b], op[o.c]);
    tcg_gen_insert_vec_f64(d, x86_vec_reg(s, 0), r, 0);
    x86_sse_fp_commit(s, d);
    return true;
}

// --- F16C ------------------------------------------------------------------------------------------

static bool trans_vcvtph2ps(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec b = x86_vec_load(s, 1, 0), r = x86_sse_fp_dest(s);
    x86_sse_fp_begin(s);
    tcg_gen_fwidenl_vec(MO_16, r, b);
    x86_sse_fp_commit(s, r);
    return true;
}

// Bit 2 of the immediate asks for MXCSR's rounding mode, else bits 0 and 1 have one.
static bool trans_vcvtps2ph(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec b = x86_vec_load(s, 1, 1), t = x86_vec_temp_like(b), low = t;
    unsigned imm = x86_imm8(s, 2);
    x86_sse_fp_begin(s);
    if (!(imm & 4)) {
        gen_helper_x86_rounding_begin(tcg_env(), tcg_constant_i32((int)(imm & 3)));
    }
    tcg_gen_fnarrow_vec(MO_16, t, b);
    if (!(imm & 4)) {
        gen_helper_x86_rounding_end(tcg_env());
    }
    x86_sse_fp_end(s);
    if (x86_is_256(s)) {
        low = x86_vec_half(t, 0);
    }
    if (!x86_op_is_mem(s, 0)) {
        x86_vec_commit(s, low);
    } else if (x86_is_256(s)) {
        tcg_gen_qemu_st_vec(low, x86_op_addr(s, 0), MO_128);
    } else {
        TCGv_i64 v = tcg_temp_new_i64();
        tcg_gen_extract_vec_i64(MO_64, v, low, 0);
        x86_op_store(s, 0, v);
    }
    return true;
}

// clang-format off
#define ROW X86_ROW
#define PACKED(m, kind, order)                                                                     \
    ROW(m##order##PS, fma_packed, FMA_ARG(kind, order) + 64 * MO_32, FMA),                         \
    ROW(m##order##PD, fma_packed, FMA_ARG(kind, order) + 64 * MO_64, FMA)
#define ALL(m, kind, order)                                                                        \
    PACKED(m, kind, order), ROW(m##order##SS, fma_ss, FMA_ARG(kind, order), FMA),                  \
    ROW(m##order##SD, fma_sd, FMA_ARG(kind, order), FMA)
#define ORDERS(X, m, kind) X(m, kind, 132), X(m, kind, 213), X(m, kind, 231)
const X86Row x86_rows_fma[] = {
    ORDERS(ALL, VFMADD, ADD), ORDERS(ALL, VFMSUB, SUB),
    ORDERS(ALL, VFNMADD, NADD), ORDERS(ALL, VFNMSUB, NSUB),
    ORDERS(PACKED, VFMADDSUB, ADDSUB), ORDERS(PACKED, VFMSUBADD, SUBADD),
    ROW(VCVTPH2PS, vcvtph2ps, 0, F16C), ROW(VCVTPS2PH, vcvtps2ph, 0, F16C),
};
// clang-format on
const size_t x86_rows_fma_count = sizeof x86_rows_fma / sizeof *x86_rows_fma;
