// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// AdvSIMD floating point, vector and scalar forms.  Conversions between FP sizes are in fp-cvt.c.

#include "frontend/aarch64/fp.h"
#include "frontend/aarch64/helpers.h"

static unsigned lane_size(int sz) { return (unsigned)(MO_32 + sz); } // sz is -1 for halves
static TCGv_vec reg(int n) { return a64_v((unsigned)n); }

// --- three registers of the same type ---------------------------------------------------------------

static bool do_rrr(DisasContext *s, const arg_fv_rrr *a, A64FpOp op)
{
    unsigned esz = lane_size(a->sz);
    if (!fp_shape_ok(s, esz, a->q)) {
        return false;
    }
    fp_do2(s, op, esz, a->q, (unsigned)a->rd, reg(a->rn), reg(a->rm));
    return true;
}
TRANS(FADD_v, do_rrr, A64_FP_ADD)
TRANS(FSUB_v, do_rrr, A64_FP_SUB)
TRANS(FMUL_v, do_rrr, A64_FP_MUL)
TRANS(FDIV_v, do_rrr, A64_FP_DIV)
TRANS(FMAX_v, do_rrr, A64_FP_MAX)
TRANS(FMIN_v, do_rrr, A64_FP_MIN)
TRANS(FMAXNM_v, do_rrr, A64_FP_MAXNM)
TRANS(FMINNM_v, do_rrr, A64_FP_MINNM)
TRANS(FMULX_v, do_rrr, A64_FP_MULX)
TRANS(FABD_v, do_rrr, A64_FP_ABD)

static bool do_step(DisasContext *s, const arg_fv_rrr *a, A64FpOp op)
{
    unsigned esz = lane_size(a->sz);
    if (!fp_shape_ok(s, esz, a->q)) {
        return false;
    }
    fp_do_step(s, op, esz, a->q, (unsigned)a->rd, reg(a->rn), reg(a->rm));
    return true;
}
TRANS(FRECPS_v, do_step, A64_FP_RECPS)
TRANS(FRSQRTS_v, do_step, A64_FP_RSQRTS)

static bool do_compare(DisasContext *s, const arg_fv_rrr *a, A64FpOp op)
{
    unsigned esz = lane_size(a->sz);
    if (!fp_shape_ok(s, esz, a->q)) {
        return false;
    }
    fp_do_compare(s, op, esz, a->q, (unsigned)a->rd, reg(a->rn), reg(a->rm));
    return true;
}
TRANS(FCMEQ_v, do_compare, A64_FP_CMEQ)
TRANS(FCMGE_v, do_compare, A64_FP_CMGE)
TRANS(FCMGT_v, do_compare, A64_FP_CMGT)
TRANS(FACGE_v, do_compare, A64_FP_ACGE)
TRANS(FACGT_v, do_compare, A64_FP_ACGT)

// FMLA, FMLS: the destination is the addend.
static bool do_mla(DisasContext *s, const arg_fv_rrr *a, A64FpOp op)
{
    unsigned esz = lane_size(a->sz);
    if (!fp_shape_ok(s, esz, a->q)) {
        return false;
    }
    fp_do3(s, op, esz, a->q, (unsigned)a->rd, reg(a->rd), reg(a->rn), reg(a->rm));
    return true;
}
TRANS(FMLA_v, do_mla, A64_FP_MADD)
TRANS(FMLS_v, do_mla, A64_FP_MSUB)

// Pairs of lanes of Vm:Vn.
static bool do_pairs(DisasContext *s, const arg_fv_rrr *a, A64FpOp op)
{
    unsigned esz = lane_size(a->sz), all = 16u >> esz, lanes = 1u << fp_log2_lanes(esz, a->q);
    if (!fp_shape_ok(s, esz, a->q)) {
        return false;
    }
    uint8_t even[8], odd[8];
    for (unsigned i = 0; i < all; i++) {
        unsigned from = 2 * i % lanes + (2 * i < lanes ? 0 : all);
        even[i] = i < lanes ? (uint8_t)from : 0xff;
        odd[i] = i < lanes ? (uint8_t)(from + 1) : 0xff;
    }
    TCGv_vec x = new_vec(), y = new_vec();
    tcg_gen_shuffle_vec(esz, x, reg(a->rn), reg(a->rm), even);
    tcg_gen_shuffle_vec(esz, y, reg(a->rn), reg(a->rm), odd);
    fp_do2(s, op, esz, a->q, (unsigned)a->rd, x, y);
    return true;
}
TRANS(FADDP_v, do_pairs, A64_FP_ADD)
TRANS(FMAXP_v, do_pairs, A64_FP_MAX)
TRANS(FMINP_v, do_pairs, A64_FP_MIN)
TRANS(FMAXNMP_v, do_pairs, A64_FP_MAXNM)
TRANS(FMINNMP_v, do_pairs, A64_FP_MINNM)

// The scalar form: the two low lanes of one register.
static bool do_pair(DisasContext *s, const arg_fv_rr *a, A64FpOp op)
{
    unsigned esz = lane_size(a->sz);
    if (!fp_shape_ok(s, esz, FP_SCALAR)) {
        return false;
    }
    TCGv_vec second = new_vec();
    tcg_gen_dupl_vec(esz, second, reg(a->rn), 1);
    fp_do2(s, op, esz, FP_SCALAR, (unsigned)a->rd, reg(a->rn), second);
    return true;
}
TRANS(FADDP_s, do_pair, A64_FP_ADD)
TRANS(FMAXP_s, do_pair, A64_FP_MAX)
TRANS(FMINP_s, do_pair, A64_FP_MIN)
TRANS(FMAXNMP_s, do_pair, A64_FP_MAXNM)
TRANS(FMINNMP_s, do_pair, A64_FP_MINNM)

static bool do_across(DisasContext *s, const arg_fv_rr *a, A64FpOp op)
{
    unsigned esz = lane_size(a->sz);
    if (!fp_shape_ok(s, esz, a->q)) {
        return false;
    }
    fp_do_across(s, op, esz, a->q, (unsigned)a->rd, reg(a->rn));
    return true;
}
TRANS(FMAXV, do_across, A64_FP_MAX)
TRANS(FMINV, do_across, A64_FP_MIN)
TRANS(FMAXNMV, do_across, A64_FP_MAXNM)
TRANS(FMINNMV, do_across, A64_FP_MINNM)

// --- by element ---------------------------------------------------------------------------------------

static TCGv_vec element(int rm, unsigned esz, int idx)
{
    TCGv_vec r = new_vec();
    tcg_gen_dupl_vec(esz, r, reg(rm), (TCGArg)idx);
    return r;
}

static bool do_mul_x(DisasContext *s, const arg_fv_rrx *a, A64FpOp op)
{
    unsigned esz = lane_size(a->sz);
    if (!fp_shape_ok(s, esz, a->q)) {
        return false;
    }
    fp_do2(s, op, esz, a->q, (unsigned)a->rd, reg(a->rn), element(a->rm, esz, a->idx));
    return true;
}
TRANS(FMUL_vx, do_mul_x, A64_FP_MUL)
TRANS(FMULX_vx, do_mul_x, A64_FP_MULX)

static bool do_mla_x(DisasContext *s, const arg_fv_rrx *a, A64FpOp op)
{
    unsigned esz = lane_size(a->sz);
    if (!fp_shape_ok(s, esz, a->q)) {
        return false;
    }
    fp_do3(s, op, esz, a->q, (unsigned)a->rd, reg(a->rd), reg(a->rn), element(a->rm, esz, a->idx));
    return true;
}
TRANS(FMLA_vx, do_mla_x, A64_FP_MADD)
TRANS(FMLS_vx, do_mla_x, A64_FP_MSUB)

// FMLAL, FMLSL and their 2 forms, with a vector (idx is -1) or an element.
static bool do_mlal(DisasContext *s, const arg_fv_mlal *a, A64FpOp op)
{
    if (!a64_has_feature(s, ARM_FEAT_FHM)) {
        return false;
    }
    uint32_t desc = fp_desc(op, MO_32, a->q) | (a->high ? A64_FPD_SET_HIGH : 0);
    gen_helper_a64_fp_mlal(reg(a->rd), tcg_env(), reg(a->rd), reg(a->rn),
                           a->idx < 0 ? reg(a->rm) : element(a->rm, MO_16, a->idx),
                           tcg_constant_i32((int32_t)desc));
    return true;
}
TRANS(FMLAL_v, do_mlal, A64_FP_MADD)
TRANS(FMLSL_v, do_mlal, A64_FP_MSUB)

// --- complex numbers ------------------------------------------------------------------------------------

static bool complex_ok(const DisasContext *s, int size, int q)
{
    return a64_has_feature(s, ARM_FEAT_FCMA) && size && fp_shape_ok(s, (unsigned)size, q);
}

// Pairs of lanes, the first of a pair from lane `re` of it, the second from lane `im`, with signs changed.
static TCGv_vec turn(TCGv_vec v, unsigned esz, unsigned re, unsigned im, bool neg_re, bool neg_im)
{
    uint8_t index[8], signs[16] = {0};
    const unsigned size = 1u << esz;
    for (unsigned i = 0; i < 16u >> esz; i += 2) {
        index[i] = (uint8_t)(i + re);
        index[i + 1] = (uint8_t)(i + im);
        signs[(i + 1) * size - 1] = neg_re ? 0x80 : 0;
        signs[(i + 2) * size - 1] = neg_im ? 0x80 : 0;
    }
    TCGv_vec r = new_vec(), k = new_vec();
    tcg_gen_shuffle_vec(esz, r, v, v, index);
    if (neg_re || neg_im) {
        tcg_gen_movi_vec(k, signs);
        tcg_gen_xor_vec(MO_64, r, r, k);
    }
    return r;
}

// The part of Vn that the rotation picks, times both parts of m, turned by it.
static void do_cmla(DisasContext *s, int size, int q, int rot, int rd, int rn, TCGv_vec m)
{
    const unsigned esz = (unsigned)size, pick = (unsigned)rot & 1;
    TCGv_vec x = turn(reg(rn), esz, pick, pick, false, false);
    TCGv_vec y = turn(m, esz, pick, !pick, rot == 1 || rot == 2, rot >= 2);
    fp_do3(s, A64_FP_MADD, esz, q, (unsigned)rd, reg(rd), x, y);
}

bool trans_FCMLA_v(DisasContext *s, arg_FCMLA_v *a)
{
    if (!complex_ok(s, a->size, a->q)) {
        return false;
    }
    do_cmla(s, a->size, a->q, a->rot, a->rd, a->rn, reg(a->rm));
    return true;
}

bool trans_FCMLA_vx(DisasContext *s, arg_FCMLA_vx *a)
{
    // Of four complex halves in a 64-bit vector there are two.
    if (!complex_ok(s, a->size, a->q) || (a->q == FP_LOW && a->idx > 1)) {
        return false;
    }
    do_cmla(s, a->size, a->q, a->rot, a->rd, a->rn, element(a->rm, (unsigned)a->size + 1, a->idx));
    return true;
}

bool trans_FCADD_v(DisasContext *s, arg_FCADD_v *a)
{
    if (!complex_ok(s, a->size, a->q)) {
        return false;
    }
    // Turned by 90 degrees, or (rot is 1) by 270.
    TCGv_vec y = turn(reg(a->rm), (unsigned)a->size, 1, 0, !a->rot, a->rot);
    fp_do2(s, A64_FP_ADD, (unsigned)a->size, a->q, (unsigned)a->rd, reg(a->rn), y);
    return true;
}

// --- two registers ------------------------------------------------------------------------------------

static bool do_rr(DisasContext *s, const arg_fv_rr *a, A64FpOp op)
{
    unsigned esz = lane_size(a->sz);
    if (!fp_shape_ok(s, esz, a->q)) {
        return false;
    }
    fp_do1(s, op, esz, a->q, (unsigned)a->rd, reg(a->rn));
    return true;
}
TRANS(FSQRT_v, do_rr, A64_FP_SQRT)
TRANS(FRECPE_v, do_rr, A64_FP_RECPE)
TRANS(FRSQRTE_v, do_rr, A64_FP_RSQRTE)
TRANS(FRECPX_v, do_rr, A64_FP_RECPX)

static bool do_sign(DisasContext *s, const arg_fv_rr *a, bool negate)
{
    unsigned esz = lane_size(a->sz);
    if (!fp_shape_ok(s, esz, a->q)) {
        return false;
    }
    TCGv_vec r = new_vec(), sign = simd_const(esz, 1ull << ((8u << esz) - 1));
    (negate ? tcg_gen_xor_vec : tcg_gen_andc_vec)(MO_64, r, reg(a->rn), sign);
    fp_write((unsigned)a->rd, r, esz, a->q);
    return true;
}
TRANS(FABS_v, do_sign, false)
TRANS(FNEG_v, do_sign, true)

static bool do_compare0(DisasContext *s, const arg_fv_rr *a, A64FpOp op, bool zero_first)
{
    unsigned esz = lane_size(a->sz);
    if (!fp_shape_ok(s, esz, a->q)) {
        return false;
    }
    TCGv_vec n = reg(a->rn), zero = simd_const(MO_64, 0);
    fp_do_compare(s, op, esz, a->q, (unsigned)a->rd, zero_first ? zero : n, zero_first ? n : zero);
    return true;
}
TRANS(FCMEQ0_v, do_compare0, A64_FP_CMEQ, false)
TRANS(FCMGE0_v, do_compare0, A64_FP_CMGE, false)
TRANS(FCMGT0_v, do_compare0, A64_FP_CMGT, false)
TRANS(FCMLE0_v, do_compare0, A64_FP_CMGE, true)
TRANS(FCMLT0_v, do_compare0, A64_FP_CMGT, true)

static bool do_round(DisasContext *s, const arg_fv_rr *a, A64FpOp op, A64Rounding mode)
{
    unsigned esz = lane_size(a->sz);
    bool to_n = op == A64_FP_RINT32 || op == A64_FP_RINT64;
    if (!fp_shape_ok(s, esz, a->q) || (to_n && !a64_has_feature(s, ARM_FEAT_FRINTTS))) {
        return false;
    }
    fp_do_round(s, op, esz, a->q, (unsigned)a->rd, reg(a->rn), mode);
    return true;
}
TRANS(FRINTN_v, do_round, A64_FP_RINT, A64_ROUND_TIEEVEN)
TRANS(FRINTP_v, do_round, A64_FP_RINT, A64_ROUND_POSINF)
TRANS(FRINTM_v, do_round, A64_FP_RINT, A64_ROUND_NEGINF)
TRANS(FRINTZ_v, do_round, A64_FP_RINT, A64_ROUND_ZERO)
TRANS(FRINTA_v, do_round, A64_FP_RINT, A64_ROUND_TIEAWAY)
TRANS(FRINTI_v, do_round, A64_FP_RINT, A64_ROUND_FPCR)
TRANS(FRINTX_v, do_round, A64_FP_RINTX, A64_ROUND_FPCR)
TRANS(FRINT32Z_v, do_round, A64_FP_RINT32, A64_ROUND_ZERO)
TRANS(FRINT32X_v, do_round, A64_FP_RINT32, A64_ROUND_FPCR)
TRANS(FRINT64Z_v, do_round, A64_FP_RINT64, A64_ROUND_ZERO)
TRANS(FRINT64X_v, do_round, A64_FP_RINT64, A64_ROUND_FPCR)

// --- to and from integers -------------------------------------------------------------------------------

static bool do_to_int(DisasContext *s, const arg_fv_rr *a, bool is_unsigned, A64Rounding mode)
{
    unsigned esz = lane_size(a->sz);
    if (!fp_shape_ok(s, esz, a->q)) {
        return false;
    }
    fp_do_to_int(s, esz, a->q, (unsigned)a->rd, reg(a->rn), 0, is_unsigned, mode);
    return true;
}
TRANS(FCVTNS_v, do_to_int, false, A64_ROUND_TIEEVEN)
TRANS(FCVTNU_v, do_to_int, true, A64_ROUND_TIEEVEN)
TRANS(FCVTAS_v, do_to_int, false, A64_ROUND_TIEAWAY)
TRANS(FCVTAU_v, do_to_int, true, A64_ROUND_TIEAWAY)
TRANS(FCVTPS_v, do_to_int, false, A64_ROUND_POSINF)
TRANS(FCVTPU_v, do_to_int, true, A64_ROUND_POSINF)
TRANS(FCVTMS_v, do_to_int, false, A64_ROUND_NEGINF)
TRANS(FCVTMU_v, do_to_int, true, A64_ROUND_NEGINF)
TRANS(FCVTZS_v, do_to_int, false, A64_ROUND_ZERO)
TRANS(FCVTZU_v, do_to_int, true, A64_ROUND_ZERO)

static bool do_from_int(DisasContext *s, const arg_fv_rr *a, bool is_unsigned)
{
    unsigned esz = lane_size(a->sz);
    if (!fp_shape_ok(s, esz, a->q)) {
        return false;
    }
    fp_do_from_int(s, esz, a->q, (unsigned)a->rd, reg(a->rn), 0, is_unsigned);
    return true;
}
TRANS(SCVTF_v, do_from_int, false)
TRANS(UCVTF_v, do_from_int, true)

// The lane's size is the top bit of immh; fbits is twice the size less immh:immb.
static bool do_fixed(DisasContext *s, const arg_fv_fix *a, bool is_unsigned, bool to)
{
    unsigned immhb = (unsigned)a->immhb, esz = 31 - (unsigned)__builtin_clz(immhb >> 3);
    unsigned fbits = (16u << esz) - immhb;
    if (!fp_shape_ok(s, esz, a->q)) {
        return false;
    }
    if (to) {
        fp_do_to_int(s, esz, a->q, (unsigned)a->rd, reg(a->rn), fbits, is_unsigned, A64_ROUND_ZERO);
    } else {
        fp_do_from_int(s, esz, a->q, (unsigned)a->rd, reg(a->rn), fbits, is_unsigned);
    }
    return true;
}
TRANS(SCVTF_vf, do_fixed, false, false)
TRANS(UCVTF_vf, do_fixed, true, false)
TRANS(FCVTZS_vf, do_fixed, false, true)
TRANS(FCVTZU_vf, do_fixed, true, true)

// --- integer estimates ----------------------------------------------------------------------------------

bool trans_URECPE_v(DisasContext *s, arg_URECPE_v *a)
{
    (void)s;
    TCGv_vec r = new_vec();
    gen_helper_a64_urecpe(r, reg(a->rn));
    fp_write((unsigned)a->rd, r, MO_32, a->q);
    return true;
}

bool trans_URSQRTE_v(DisasContext *s, arg_URSQRTE_v *a)
{
    (void)s;
    TCGv_vec r = new_vec();
    gen_helper_a64_ursqrte(r, reg(a->rn));
    fp_write((unsigned)a->rd, r, MO_32, a->q);
    return true;
}
