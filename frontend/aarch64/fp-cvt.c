// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversions: between FP and integers or fixed point, in general and in SIMD&FP registers, and between FP
// sizes.
//
// To integers, the host's instruction gives the most negative number for what does not fit, and raises
// invalid, which is right; so that result sends to the helper.  An instruction that rounds first, or whose
// host instruction is wider than its result, would raise inexact beside invalid for some operands:
// these are told apart before.

#include "frontend/aarch64/fp.h"
#include "frontend/aarch64/helpers.h"

static TCGv_f64 f64_const(double v)
{
    union {
        double d;
        int64_t i;
    } u = {.d = v};
    TCGv_f64 r = tcg_temp_new_f64();
    tcg_gen_bitcast_i64_f64(r, tcg_constant_i64(u.i));
    return r;
}

static uint32_t f32_bits(float v)
{
    union {
        float f;
        uint32_t i;
    } u = {.f = v};
    return u.i;
}

static TCGv_f32 f32_const(float v)
{
    TCGv_f32 r = tcg_temp_new_f32();
    tcg_gen_bitcast_i32_f32(r, tcg_constant_i32((int32_t)f32_bits(v)));
    return r;
}

static uint64_t f64_bits(double v)
{
    union {
        double d;
        uint64_t i;
    } u = {.d = v};
    return u.i;
}

static double power_of_2(int n)
{
    return n < 0 ? 1 / power_of_2(-n) : n > 62 ? 2 * power_of_2(n - 1) : (double)(1ull << n);
}

// --- FP to general registers -------------------------------------------------------------------------

// Bits of 2^n in a format.
static uint64_t power_bits(unsigned esz, int n)
{
    return esz == MO_32 ? f32_bits((float)power_of_2(n)) : f64_bits(power_of_2(n));
}

// Branches to slow unless 0 <= x (signed: |x|) < 2^n.  The bits of numbers are in their order, and those of
// NaNs and of negative numbers are beyond.
static void limit(TCGv_i64 bits, unsigned esz, bool is_unsigned, int n, TCGLabel *slow)
{
    if (!is_unsigned) {
        TCGv_i64 t = tcg_temp_new_i64();
        tcg_gen_extract_i64(t, bits, 0, (8u << esz) - 1);
        bits = t;
    }
    slow->weight = TCG_LABEL_UNLIKELY;
    tcg_gen_brcondi_i64(TCG_COND_GEU, bits, (int64_t)power_bits(esz, n), slow);
}

// r (64 bits) = x as an integer of `bits`; signed results of 32 bits are sign-extended.
#define GEN_TO_GPR(F)                                                                              \
    static void to_gpr_##F(TCGv_i64 r, TCGv_##F x, unsigned fbits, bool in_32, A64Rounding mode,   \
                           TCGLabel *slow)                                                         \
    {                                                                                              \
        if (fbits) {                                                                               \
            tcg_gen_fmul_##F(x, x, F##_const((F)power_of_2((int)fbits)));                          \
        }                                                                                          \
        if (in_32) {                                                                               \
            TCGv_i32 t = tcg_temp_new_i32();                                                       \
            tcg_gen_fcvt_##F##_i32(t, x, (TCGArg)fp_tcg_round(mode));                              \
            tcg_gen_ext_i32_i64(r, t);                                                             \
        } else {                                                                                   \
            tcg_gen_fcvt_##F##_i64(r, x, (TCGArg)fp_tcg_round(mode));                              \
        }                                                                                          \
        slow->weight = TCG_LABEL_UNLIKELY;                                                         \
        tcg_gen_brcondi_i64(TCG_COND_EQ, r, in_32 ? INT32_MIN : INT64_MIN, slow);                  \
    }
typedef float f32;
typedef double f64;
GEN_TO_GPR(f32)
GEN_TO_GPR(f64)

static bool do_to_gpr(DisasContext *s, int sf, int ftype, int rn, int rd, unsigned fbits,
                      bool is_unsigned, A64Rounding mode)
{
    unsigned esz = fp_ftype_size(s, ftype);
    if (!esz) {
        return false;
    }
    uint32_t desc = a64_fpd_mode(a64_fpd(A64_FP_TO_INT, esz, esz, 0), mode) |
                    A64_FPD_SET_FBITS(fbits) | (is_unsigned ? A64_FPD_SET_UNSIGNED : 0) |
                    (sf ? A64_FPD_SET_I64 : 0);
    TCGv_vec n = a64_v((unsigned)rn);
    TCGv_i64 r = tcg_temp_new_i64();
    TCGLabel *slow = gen_new_label(), *done = gen_new_label();
    if (!fp_exact(s, esz)) {
        n = fp_input(s, n, esz, FP_SCALAR);
        const bool in_32 = !sf && !is_unsigned;
        if (is_unsigned || fbits || (in_32 && mode != A64_ROUND_ZERO)) {
            // What is near the limit may still fit, or not when it is rounded: the helper decides.
            limit(fp_lane0(n, esz), esz, is_unsigned, (sf ? 64 : 32) - 2 - (int)fbits, slow);
        }
        if (esz == MO_32) {
            to_gpr_f32(r, fp_f32(n), fbits, in_32, mode, slow);
        } else {
            to_gpr_f64(r, fp_f64(n), fbits, in_32, mode, slow);
        }
        tcg_gen_br(done);
        gen_set_label(slow);
    }
    gen_helper_a64_fp_to_gpr(r, tcg_env(), fp_lane0(n, esz), tcg_constant_i32((int32_t)desc));
    if (!fp_exact(s, esz)) {
        gen_set_label(done);
    }
    a64_write((unsigned)rd, sf, r);
    return true;
}

static bool to_int(DisasContext *s, const arg_fp_int *a, bool is_unsigned, A64Rounding mode)
{
    return do_to_gpr(s, a->sf, a->ftype, a->rn, a->rd, 0, is_unsigned, mode);
}

TRANS(FCVTNS_int, to_int, false, A64_ROUND_TIEEVEN)
TRANS(FCVTNU_int, to_int, true, A64_ROUND_TIEEVEN)
TRANS(FCVTAS_int, to_int, false, A64_ROUND_TIEAWAY)
TRANS(FCVTAU_int, to_int, true, A64_ROUND_TIEAWAY)
TRANS(FCVTPS_int, to_int, false, A64_ROUND_POSINF)
TRANS(FCVTPU_int, to_int, true, A64_ROUND_POSINF)
TRANS(FCVTMS_int, to_int, false, A64_ROUND_NEGINF)
TRANS(FCVTMU_int, to_int, true, A64_ROUND_NEGINF)
TRANS(FCVTZS_int, to_int, false, A64_ROUND_ZERO)
TRANS(FCVTZU_int, to_int, true, A64_ROUND_ZERO)

static bool to_fixed(DisasContext *s, const arg_fp_fix *a, bool is_unsigned)
{
    return (a->sf || a->scale & 32) &&
           do_to_gpr(s, a->sf, a->ftype, a->rn, a->rd, 64u - (unsigned)a->scale, is_unsigned,
                     A64_ROUND_ZERO);
}
TRANS(FCVTZS_fix, to_fixed, false)
TRANS(FCVTZU_fix, to_fixed, true)

bool trans_FJCVTZS(DisasContext *s, arg_FJCVTZS *a)
{
    if (!a64_has_feature(s, ARM_FEAT_JSCVT)) {
        return false;
    }
    TCGv_i64 r = tcg_temp_new_i64(), z = tcg_temp_new_i64();
    a64_flags_to_globals(s);
    gen_helper_a64_fp_jcvt(r, tcg_env(), fp_lane0(a64_v((unsigned)a->rn), MO_64));
    tcg_gen_shri_i64(z, r, 32);
    tcg_gen_xori_i64(a64_zf(), z, 1);
    tcg_gen_movi_i64(a64_nf(), 0);
    tcg_gen_movi_i64(a64_cf(), 0);
    tcg_gen_movi_i64(a64_vf(), 0);
    a64_write((unsigned)a->rd, false, r);
    return true;
}

// --- general registers to FP -------------------------------------------------------------------------

static bool do_from_gpr(DisasContext *s, int sf, int ftype, int rn, int rd, unsigned fbits,
                        bool is_unsigned)
{
    unsigned esz = fp_ftype_size(s, ftype);
    if (!esz) {
        return false;
    }
    uint32_t desc = a64_fpd(A64_FP_FROM_INT, esz, esz, 0) | A64_FPD_SET_FBITS(fbits) |
                    (is_unsigned ? A64_FPD_SET_UNSIGNED : 0);
    TCGv_i64 v = is_unsigned ? a64_read_zx((unsigned)rn, sf) : a64_read_sx((unsigned)rn, sf);
    TCGv_i64 t = tcg_temp_new_i64();
    TCGLabel *slow = gen_new_label(), *done = gen_new_label();
    if (esz == MO_16) { // single and double results are never denormal
        gen_helper_a64_fp_from_gpr(t, tcg_env(), v, tcg_constant_i32((int32_t)desc));
        fp_write_i64((unsigned)rd, t);
        return true;
    }
    bool may_be_large = sf && is_unsigned;
    if (may_be_large) { // what a signed conversion takes for negative
        slow->weight = TCG_LABEL_UNLIKELY;
        tcg_gen_brcondi_i64(TCG_COND_LT, v, 0, slow);
    }
    if (esz == MO_32) {
        TCGv_f32 r = tcg_temp_new_f32();
        tcg_gen_cvt_i64_f32(r, v);
        if (fbits) {
            tcg_gen_fmul_f32(r, r, f32_const((float)power_of_2(-(int)fbits)));
        }
        fp_write_f32((unsigned)rd, r);
    } else {
        TCGv_f64 r = tcg_temp_new_f64();
        tcg_gen_cvt_i64_f64(r, v);
        if (fbits) {
            tcg_gen_fmul_f64(r, r, f64_const(power_of_2(-(int)fbits)));
        }
        fp_write_f64((unsigned)rd, r);
    }
    if (may_be_large) {
        tcg_gen_br(done);
        gen_set_label(slow);
        gen_helper_a64_fp_from_gpr(t, tcg_env(), v, tcg_constant_i32((int32_t)desc));
        fp_write_i64((unsigned)rd, t);
        gen_set_label(done);
    }
    return true;
}

static bool from_int(DisasContext *s, const arg_fp_int *a, bool is_unsigned)
{
    return do_from_gpr(s, a->sf, a->ftype, a->rn, a->rd, 0, is_unsigned);
}
static bool from_fixed(DisasContext *s, const arg_fp_fix *a, bool is_unsigned)
{
    return (a->sf || a->scale & 32) &&
           do_from_gpr(s, a->sf, a->ftype, a->rn, a->rd, 64u - (unsigned)a->scale, is_unsigned);
}
TRANS(SCVTF_int, from_int, false)
TRANS(UCVTF_int, from_int, true)
TRANS(SCVTF_fix, from_fixed, false)
TRANS(UCVTF_fix, from_fixed, true)

// --- in SIMD&FP registers ----------------------------------------------------------------------------

void fp_do_to_int(DisasContext *s, unsigned esz, int q, unsigned rd, TCGv_vec a, unsigned fbits,
                  bool is_unsigned, A64Rounding mode)
{
    uint32_t desc = a64_fpd_mode(fp_desc(A64_FP_TO_INT, esz, q), mode) | A64_FPD_SET_FBITS(fbits) |
                    (is_unsigned ? A64_FPD_SET_UNSIGNED : 0);
    TCGv_i32 d = tcg_constant_i32((int32_t)desc);
    if (fp_exact(s, esz)) {
        gen_helper_a64_fp_v1(a64_v(rd), tcg_env(), a, d);
        return;
    }
    TCGLabel *slow = gen_new_label(), *done = gen_new_label();
    a = fp_input(s, a, esz, q);
    TCGv_vec x = fp_lanes(a, esz, q), r = new_vec(), m = new_vec();
    if (fbits || is_unsigned) { // see limit()
        TCGv_vec bits = x;
        if (!is_unsigned) {
            tcg_gen_fabs_vec(esz, bits = new_vec(), x);
        }
        tcg_gen_cmp_vec(TCG_COND_GEU, esz, m, bits,
                        simd_const(esz, power_bits(esz, (8 << esz) - 2 - (int)fbits)));
        fp_br_unlikely(fp_any_mask(esz, m), slow);
    }
    if (fbits) {
        TCGv_vec scaled = new_vec();
        tcg_gen_fmul_vec(esz, scaled, x, simd_const(esz, power_bits(esz, (int)fbits)));
        x = scaled;
    }
    // What does not fit has no fraction, so rounding it raises nothing.
    tcg_gen_fcvt_vec(esz, r, x, (TCGArg)fp_tcg_round(mode));
    if (is_unsigned || fbits) {
        tcg_gen_br(done);
    } else {
        tcg_gen_cmp_vec(TCG_COND_EQ, esz, m, r, simd_const(esz, 1ull << ((8u << esz) - 1)));
        fp_br_likely(fp_any_mask(esz, m), done);
    }
    gen_set_label(slow);
    gen_helper_a64_fp_v1(r, tcg_env(), a, d);
    gen_set_label(done);
    fp_write(rd, r, esz, q);
}

void fp_do_from_int(DisasContext *s, unsigned esz, int q, unsigned rd, TCGv_vec a, unsigned fbits,
                    bool is_unsigned)
{
    uint32_t desc = fp_desc(A64_FP_FROM_INT, esz, q) | A64_FPD_SET_FBITS(fbits) |
                    (is_unsigned ? A64_FPD_SET_UNSIGNED : 0);
    TCGv_i32 d = tcg_constant_i32((int32_t)desc);
    if (fp_exact(s, esz)) {
        gen_helper_a64_fp_v1(a64_v(rd), tcg_env(), a, d);
        return;
    }
    TCGLabel *slow = gen_new_label(), *done = gen_new_label();
    TCGv_vec x = fp_lanes(a, esz, q), r = new_vec();
    if (is_unsigned) { // the signed conversion serves while all are below half the range
        fp_br_unlikely(fp_any_mask(esz, x), slow);
    }
    tcg_gen_cvt_vec(esz, r, x);
    if (fbits) {
        tcg_gen_fmul_vec(esz, r, r, simd_const(esz, power_bits(esz, -(int)fbits)));
    }
    if (is_unsigned) {
        tcg_gen_br(done);
        gen_set_label(slow);
        gen_helper_a64_fp_v1(r, tcg_env(), a, d);
        gen_set_label(done);
    }
    fp_write(rd, r, esz, q);
}

// --- between FP sizes --------------------------------------------------------------------------------

static bool cvt_exact(const arg_fp_rr *a, unsigned from, unsigned to)
{
    TCGv_i64 t = tcg_temp_new_i64();
    uint32_t desc = a64_fpd(A64_FP_CVT, from, to, 0);
    gen_helper_a64_fp_cvt(t, tcg_env(), fp_lane0(a64_v((unsigned)a->rn), from),
                          tcg_constant_i32((int32_t)desc));
    fp_write_i64((unsigned)a->rd, t);
    return true;
}

// A conversion's source: halves need no FP16 here.  0 when undefined.
static unsigned cvt_source(int ftype)
{
    static const uint8_t size[] = {MO_32, MO_64, 0, MO_16};
    return size[ftype];
}

#define HALF_MIN_NORMAL 0x0400
#define F32_MIN_NORMAL_AS_F64 0x3810000000000000

static bool exact(const DisasContext *s) { return fp_exact(s, MO_32); }
// The host converts halves as Arm does, but for these modes.
static bool half_exact(const DisasContext *s) { return exact(s) || s->fz || s->dn || s->ahp; }

// Double to single: the NaN is the host's, so only FPSR.UFC and the modes of FPCR make a difference.
static bool narrows_as_host(const DisasContext *s) { return s->fp_no_ufc && !s->fz && !s->dn; }

static TCGv_f32 widen_half(TCGv_vec v)
{
    TCGv_i32 h = tcg_temp_new_i32();
    TCGv_f32 r = tcg_temp_new_f32();
    tcg_gen_extrl_i64_i32(h, fp_lane0(v, MO_16));
    tcg_gen_fcvt_f16_f32(r, h);
    return r;
}

bool trans_FCVT_to_d(DisasContext *s, arg_FCVT_to_d *a)
{
    unsigned from = cvt_source(a->ftype);
    if (!from || from == MO_64) {
        return false;
    }
    if (exact(s) || s->dn || (from == MO_16 && half_exact(s))) {
        return cvt_exact(a, from, MO_64);
    }
    TCGv_vec n = fp_input(s, a64_v((unsigned)a->rn), from, FP_SCALAR);
    TCGv_f64 r = tcg_temp_new_f64();
    tcg_gen_fcvt_f32_f64(r, from == MO_16 ? widen_half(n) : fp_f32(n));
    fp_write_f64((unsigned)a->rd, r);
    return true;
}

bool trans_FCVT_to_s(DisasContext *s, arg_FCVT_to_s *a)
{
    unsigned from = cvt_source(a->ftype);
    if (!from || from == MO_32) {
        return false;
    }
    if (exact(s) || (from == MO_16 && half_exact(s))) {
        return cvt_exact(a, from, MO_32);
    }
    TCGv_vec n = fp_input(s, a64_v((unsigned)a->rn), from, FP_SCALAR);
    if (from == MO_16) {
        fp_write_f32((unsigned)a->rd, widen_half(n));
        return true;
    }
    TCGv_f32 r = tcg_temp_new_f32(), m = tcg_temp_new_f32(), k = tcg_temp_new_f32();
    if (narrows_as_host(s)) {
        tcg_gen_fcvt_f64_f32(r, fp_f64(n));
        fp_write_f32((unsigned)a->rd, r);
        return true;
    }
    TCGv_i32 bad = tcg_temp_new_i32(), low = tcg_temp_new_i32();
    TCGv_i64 t = tcg_temp_new_i64();
    TCGLabel *done = gen_new_label(), *slow = gen_new_label();
    fp_guard(s, n, MO_64, FP_SCALAR, F32_MIN_NORMAL_AS_F64, slow);
    tcg_gen_fcvt_f64_f32(r, fp_f64(n));
    tcg_gen_fabs_f32(m, r);
    tcg_gen_bitcast_i32_f32(k, tcg_constant_i32(0x00800000)); // see fp.h: tiny before rounding
    tcg_gen_fsetcond_f32(TCG_FCOND_UN | TCG_FCOND_EQ, bad, m, k);
    fp_br_likely(bad, done);
    gen_set_label(slow);
    gen_helper_a64_fp_cvt(t, tcg_env(), fp_lane0(n, MO_64),
                          tcg_constant_i32((int32_t)a64_fpd(A64_FP_CVT, MO_64, MO_32, 0)));
    tcg_gen_extrl_i64_i32(low, t);
    tcg_gen_bitcast_i32_f32(r, low);
    gen_set_label(done);
    fp_write_f32((unsigned)a->rd, r);
    return true;
}

bool trans_FCVT_to_h(DisasContext *s, arg_FCVT_to_h *a)
{
    unsigned from = cvt_source(a->ftype);
    if (!from || from == MO_16) {
        return false;
    }
    if (from == MO_64 || half_exact(s)) {
        return cvt_exact(a, from, MO_16);
    }
    TCGv_vec n = a64_v((unsigned)a->rn);
    TCGv_i32 h = tcg_temp_new_i32(), m = tcg_temp_new_i32();
    TCGv_i64 r = tcg_temp_new_i64();
    TCGLabel *done = gen_new_label();
    tcg_gen_fcvt_f32_f16(h, fp_f32(n));
    tcg_gen_extu_i32_i64(r, h);
    tcg_gen_extract_i32(m, h, 0, 15);
    done->weight = TCG_LABEL_LIKELY;
    tcg_gen_brcondi_i32(TCG_COND_NE, m, HALF_MIN_NORMAL, done); // see fp.h
    gen_helper_a64_fp_cvt(r, tcg_env(), fp_lane0(n, MO_32),
                          tcg_constant_i32((int32_t)a64_fpd(A64_FP_CVT, MO_32, MO_16, 0)));
    gen_set_label(done);
    fp_write_i64((unsigned)a->rd, r);
    return true;
}

// sz: 0 half and single, 1 single and double; q: the wide lanes' source or destination is the high half.
bool trans_FCVTL_v(DisasContext *s, arg_FCVTL_v *a)
{
    static const uint8_t high[] = {1, 0xff};
    TCGv_vec n = a64_v((unsigned)a->rn), d = a64_v((unsigned)a->rd);
    unsigned from = MO_16 + (unsigned)a->sz;
    if (exact(s) || s->dn || (from == MO_16 && half_exact(s))) {
        uint32_t desc = a64_fpd(A64_FP_CVT, from, from + 1, 3 - from) |
                        (a->q ? A64_FPD_SET_HIGH : 0);
        gen_helper_a64_fp_cvtl(d, tcg_env(), n, tcg_constant_i32((int32_t)desc));
        return true;
    }
    if (a->q) {
        TCGv_vec t = new_vec();
        tcg_gen_shuffle_vec(MO_64, t, n, n, high);
        n = t;
    }
    tcg_gen_fwidenl_vec(from, d, fp_input(s, n, from, FP_LOW));
    return true;
}

static void cvtn_exact(const arg_fv_rr *a, unsigned from, unsigned lanes, A64Rounding mode)
{
    uint32_t desc = a64_fpd_mode(a64_fpd(A64_FP_CVT, from, from - 1, lanes), mode) |
                    (a->q == FP_ALL ? A64_FPD_SET_HIGH : 0);
    TCGv_vec d = a64_v((unsigned)a->rd);
    gen_helper_a64_fp_cvtn(d, tcg_env(), d, a64_v((unsigned)a->rn),
                           tcg_constant_i32((int32_t)desc));
}

bool trans_FCVTN_v(DisasContext *s, arg_FCVTN_v *a)
{
    static const uint8_t into_high[2] = {0, 2};
    unsigned from = MO_32 + (unsigned)a->sz;
    if (exact(s) || (from == MO_32 && half_exact(s))) {
        cvtn_exact(a, from, 4 - from, A64_ROUND_FPCR);
        return true;
    }
    TCGv_vec d = a64_v((unsigned)a->rd), r = new_vec(), m = new_vec();
    TCGLabel *slow = gen_new_label(), *done = gen_new_label();
    if (from == MO_64) { // the same for denormals
        fp_guard(s, a64_v((unsigned)a->rn), from, FP_ALL, F32_MIN_NORMAL_AS_F64, slow);
    }
    tcg_gen_fnarrow_vec(from - 1, r, a64_v((unsigned)a->rn)); // high half 0
    if (from == MO_32) {
        tcg_gen_and_vec(MO_64, m, r, simd_const(MO_16, 0x7fff));
        tcg_gen_cmp_vec(TCG_COND_EQ, MO_16, m, m, simd_const(MO_16, HALF_MIN_NORMAL));
        fp_br_unlikely(fp_any_mask(MO_16, m), slow);
    } else if (!narrows_as_host(s)) {
        tcg_gen_fabs_vec(MO_32, m, r);
        fp_br_unlikely(
            fp_any_lane(MO_32, TCG_FCOND_UN | TCG_FCOND_EQ, m, simd_const(MO_32, 0x00800000)),
            slow);
    }
    if (a->q) {
        tcg_gen_shuffle_vec(MO_64, d, d, r, into_high);
    } else {
        tcg_gen_mov_vec(d, r);
    }
    tcg_gen_br(done);
    gen_set_label(slow);
    cvtn_exact(a, from, 4 - from, A64_ROUND_FPCR);
    gen_set_label(done);
    return true;
}

bool trans_FCVTXN_v(DisasContext *s, arg_FCVTXN_v *a)
{
    (void)s;
    cvtn_exact(a, MO_64, a->q == FP_SCALAR ? 0 : 1, A64_ROUND_ODD);
    return true;
}
