// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SSE conversions, and their VEX forms, between integers, single and double precision, and rounding to integral values.

#include "vec.h"

#define ROUND_OF(truncate) ((truncate) ? TCG_ROUND_ZERO : TCG_ROUND_DYNAMIC)

// CVTSI2SS, CVTSI2SD; arg: the FP lane size.
static bool trans_cvtsi2f(DisasContext *s, int vece)
{
    unsigned from = x86_vec_first(s) + 1;
    TCGv_i64 v = x86_op_load(s, from);
    bool wide = x86_op_size(s, from) == MO_64;
    TCGv_i32 v32 = NULL;
    if (!wide) {
        v32 = tcg_temp_new_i32();
        tcg_gen_extrl_i64_i32(v32, v);
    }
    x86_sse_fp_begin(s);
    if (vece == MO_32) {
        TCGv_f32 r = tcg_temp_new_f32();
        if (wide) {
            tcg_gen_cvt_i64_f32(r, v);
        } else {
            tcg_gen_cvt_i32_f32(r, v32);
        }
        x86_sse_fp_commit_f32(s, r);
    } else {
        TCGv_f64 r = tcg_temp_new_f64();
        if (wide) {
            tcg_gen_cvt_i64_f64(r, v);
        } else {
            tcg_gen_cvt_i32_f64(r, v32);
        }
        x86_sse_fp_commit_f64(s, r);
    }
    return true;
}

// CVT(T)SS2SI, CVT(T)SD2SI; arg: the FP lane size, + 16 to truncate.
static bool trans_cvtf2si(DisasContext *s, int arg)
{
    bool wide = x86_op_size(s, 0) == MO_64;
    TCGRound round = ROUND_OF(arg & 16);
    TCGv_i64 r = tcg_temp_new_i64();
    TCGv_i32 r32 = tcg_temp_new_i32();
    x86_sse_fp_begin(s);
    if ((arg & 15) == MO_32) {
        TCGv_f32 v = x86_f32_load(s, 1);
        if (wide) {
            tcg_gen_fcvt_f32_i64(r, v, round);
        } else {
            tcg_gen_fcvt_f32_i32(r32, v, round);
        }
    } else {
        TCGv_f64 v = x86_f64_load(s, 1);
        if (wide) {
            tcg_gen_fcvt_f64_i64(r, v, round);
        } else {
            tcg_gen_fcvt_f64_i32(r32, v, round);
        }
    }
    x86_sse_fp_end(s);
    if (!wide) {
        tcg_gen_extu_i32_i64(r, r32);
    }
    x86_op_store(s, 0, r);
    return true;
}

static bool trans_cvtss2sd(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_f32 v = x86_f32_load(s, x86_vec_first(s) + 1);
    TCGv_f64 r = tcg_temp_new_f64();
    x86_sse_fp_begin(s);
    tcg_gen_fcvt_f32_f64(r, v);
    x86_sse_fp_commit_f64(s, r);
    return true;
}

static bool trans_cvtsd2ss(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_f64 v = x86_f64_load(s, x86_vec_first(s) + 1);
    TCGv_f32 r = tcg_temp_new_f32();
    x86_sse_fp_begin(s);
    tcg_gen_fcvt_f64_f32(r, v);
    x86_sse_fp_commit_f32(s, r);
    return true;
}

typedef enum CvtPacked { CVT_PS2PD, CVT_DQ2PS, CVT_DQ2PD, CVT_PS2DQ, CVT_TPS2DQ } CvtPacked;

static bool trans_cvt_packed(DisasContext *s, int arg)
{
    TCGv_vec b = x86_vec_load(s, 1, 0), r = x86_sse_fp_dest(s);
    x86_sse_fp_begin(s);
    switch ((CvtPacked)arg) {
    case CVT_PS2PD: tcg_gen_fwidenl_vec(MO_32, r, b); break;
    case CVT_DQ2PS: tcg_gen_cvt_vec(MO_32, r, b); break;
    case CVT_DQ2PD: { // exact, so through 64-bit integers
        TCGv_vec wide = x86_vec_temp_like(r);
        tcg_gen_widensl_vec(MO_32, wide, b);
        tcg_gen_cvt_vec(MO_64, r, wide);
        break;
    }
    case CVT_PS2DQ:
    case CVT_TPS2DQ: tcg_gen_fcvt_vec(MO_32, r, b, ROUND_OF(arg == CVT_TPS2DQ)); break;
    }
    x86_sse_fp_commit(s, r);
    return true;
}

// The operand of CVTPD2PS and CVTPD2DQ, which gives the form its size: the destination's is half of that,
// in the low half of an XMM register.
static TCGv_vec load_doubles(DisasContext *s)
{
    if (!x86_op_is_mem(s, 1)) {
        return x86_vec_load(s, 1, 1);
    }
    // At least 16 bytes, even when the destination is an MMX register.
    TCGv_vec b = tcg_temp_new_vec(s->op[1].size == 256 ? TCG_TYPE_V256 : TCG_TYPE_V128);
    TCGv_i64 addr = x86_op_addr(s, 1);
    if (!x86_is_vex(s)) {
        x86_gen_align16_check(s, addr);
    }
    tcg_gen_qemu_ld_vec(b, addr, x86_op_size(s, 1));
    return b;
}

static bool trans_cvtpd2ps(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec b = load_doubles(s), r = x86_sse_fp_dest(s);
    x86_sse_fp_begin(s);
    if (tcgv_vec_type(b) == TCG_TYPE_V256) {
        TCGv_vec t = tcg_temp_new_v256();
        tcg_gen_fnarrow_vec(MO_32, t, b);
        tcg_gen_extrl_v256_v128(r, t);
    } else {
        tcg_gen_fnarrow_vec(MO_32, r, b);
    }
    x86_sse_fp_commit(s, r);
    return true;
}

// Doubles n and n + 1 of b to 32-bit integers, low and high half of the result.
static TCGv_i64 gen_cvtpd2dq(TCGv_vec b, unsigned n, TCGRound round)
{
    TCGv_i64 half[2];
    for (unsigned i = 0; i < 2; i++) {
        TCGv_f64 v = tcg_temp_new_f64();
        TCGv_i32 r = tcg_temp_new_i32();
        half[i] = tcg_temp_new_i64();
        tcg_gen_extract_vec_f64(v, b, n + i);
        tcg_gen_fcvt_f64_i32(r, v, round);
        tcg_gen_extu_i32_i64(half[i], r);
    }
    tcg_gen_deposit_i64(half[0], half[0], half[1], 32, 32);
    return half[0];
}

// CVT(T)PD2DQ, CVT(T)PD2PI; arg: truncate.
static bool trans_cvtpd2dq(DisasContext *s, int truncate)
{
    x86_vec_begin(s, 0);
    TCGv_vec b = load_doubles(s);
    bool wide = tcgv_vec_type(b) == TCG_TYPE_V256;
    x86_sse_fp_begin(s);
    TCGv_i64 low = gen_cvtpd2dq(b, 0, ROUND_OF(truncate));
    TCGv_i64 high = wide ? gen_cvtpd2dq(b, 2, ROUND_OF(truncate)) : NULL;
    x86_sse_fp_end(s);
    if (wide) {
        TCGv_vec r = x86_vec_dest(s);
        tcg_gen_zext_i64_v128(r, low);
        tcg_gen_insert_vec_i64(MO_64, r, r, high, 1);
        x86_vec_commit(s, r);
    } else {
        x86_low64_store(s, 0, low);
    }
    return true;
}

// CVT(T)PS2PI; arg: truncate.
static bool trans_cvtps2pi(DisasContext *s, int truncate)
{
    x86_mmx_begin(s);
    TCGv_i64 low = x86_low64_load(s, 1);
    TCGv_vec b = tcg_temp_new_v64(), r = tcg_temp_new_v64();
    tcg_gen_bitcast_i64_v64(b, low);
    x86_sse_fp_begin(s);
    tcg_gen_fcvt_vec(MO_32, r, b, ROUND_OF(truncate));
    x86_sse_fp_commit(s, r);
    return true;
}

static bool trans_cvtpi2ps(DisasContext *s, int arg)
{
    (void)arg;
    x86_vec_begin(s, 1);
    TCGv_i64 low = x86_low64_load(s, 1);
    TCGv_vec b = tcg_temp_new_v64(), d = x86_vec_reg(s, 0);
    tcg_gen_bitcast_i64_v64(b, low);
    x86_sse_fp_begin(s);
    tcg_gen_cvt_vec(MO_32, b, b);
    x86_sse_fp_end(s);
    tcg_gen_bitcast_v64_i64(low = tcg_temp_new_i64(), b);
    tcg_gen_insert_vec_i64(MO_64, d, d, low, 0);
    return true;
}

static bool trans_cvtpi2pd(DisasContext *s, int arg)
{
    (void)arg;
    x86_vec_begin(s, 1);
    TCGv_vec b = tcg_temp_new_v128();
    tcg_gen_zext_i64_v128(b, x86_low64_load(s, 1));
    tcg_gen_widensl_vec(MO_32, b, b);
    tcg_gen_cvt_vec(MO_64, x86_vec_reg(s, 0), b); // exact: nothing to check
    return true;
}

// The rounding of ROUNDPS's immediate: bit 2 asks for MXCSR's mode, bit 3 for no precision exception.
static TCGArg round_of_imm(unsigned imm)
{
    return (imm & 4 ? TCG_ROUND_DYNAMIC : imm & 3) | (imm & 8 ? TCG_ROUND_NOEXC : 0);
}

static bool trans_round_packed(DisasContext *s, int vece)
{
    TCGv_vec b = x86_vec_load(s, 1, 0), r = x86_sse_fp_dest(s);
    x86_sse_fp_begin(s);
    tcg_gen_fround_vec(vece, r, b, round_of_imm(x86_imm8(s, 2)));
    x86_sse_fp_commit(s, r);
    return true;
}

static bool trans_roundss(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_f32 r = tcg_temp_new_f32(), v = x86_f32_load(s, x86_vec_first(s) + 1);
    x86_sse_fp_begin(s);
    tcg_gen_fround_f32(r, v, round_of_imm(x86_vec_imm8(s, 2)));
    x86_sse_fp_commit_f32(s, r);
    return true;
}

static bool trans_roundsd(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_f64 r = tcg_temp_new_f64(), v = x86_f64_load(s, x86_vec_first(s) + 1);
    x86_sse_fp_begin(s);
    tcg_gen_fround_f64(r, v, round_of_imm(x86_vec_imm8(s, 2)));
    x86_sse_fp_commit_f64(s, r);
    return true;
}

// clang-format off
#define ROW X86_ROW
#define ROW_V(m, fn, arg, feat) X86_ROW_V(m, fn, arg, feat, NONE)
const X86Row x86_rows_sse_cvt[] = {
    ROW_V(CVTSI2SS, cvtsi2f, MO_32, NONE), ROW_V(CVTSI2SD, cvtsi2f, MO_64, NONE),
    ROW_V(CVTSS2SI, cvtf2si, MO_32, NONE), ROW_V(CVTTSS2SI, cvtf2si, MO_32 + 16, NONE),
    ROW_V(CVTSD2SI, cvtf2si, MO_64, NONE), ROW_V(CVTTSD2SI, cvtf2si, MO_64 + 16, NONE),
    ROW_V(CVTSS2SD, cvtss2sd, 0, NONE), ROW_V(CVTSD2SS, cvtsd2ss, 0, NONE),
    ROW_V(CVTPS2PD, cvt_packed, CVT_PS2PD, NONE), ROW_V(CVTPD2PS, cvtpd2ps, 0, NONE),
    ROW_V(CVTDQ2PS, cvt_packed, CVT_DQ2PS, NONE), ROW_V(CVTDQ2PD, cvt_packed, CVT_DQ2PD, NONE),
    ROW_V(CVTPS2DQ, cvt_packed, CVT_PS2DQ, NONE), ROW_V(CVTTPS2DQ, cvt_packed, CVT_TPS2DQ, NONE),
    ROW_V(CVTPD2DQ, cvtpd2dq, 0, NONE), ROW_V(CVTTPD2DQ, cvtpd2dq, 1, NONE),
    ROW(CVTPD2PI, cvtpd2dq, 0, NONE), ROW(CVTTPD2PI, cvtpd2dq, 1, NONE),
    ROW(CVTPS2PI, cvtps2pi, 0, NONE), ROW(CVTTPS2PI, cvtps2pi, 1, NONE),
    ROW(CVTPI2PS, cvtpi2ps, 0, NONE), ROW(CVTPI2PD, cvtpi2pd, 0, NONE),
    ROW_V(ROUNDPS, round_packed, MO_32, SSE41), ROW_V(ROUNDPD, round_packed, MO_64, SSE41),
    ROW_V(ROUNDSS, roundss, 0, SSE41), ROW_V(ROUNDSD, roundsd, 0, SSE41),
};
// clang-format on
const size_t x86_rows_sse_cvt_count = sizeof x86_rows_sse_cvt / sizeof *x86_rows_sse_cvt;
