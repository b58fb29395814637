// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scalar floating point: arithmetic, comparison, selection, moves.  Conversions are in fp-cvt.c.

#include "frontend/aarch64/fp.h"
#include "frontend/aarch64/helpers.h"

// --- two and three operands --------------------------------------------------------------------------

static bool do_rrr(DisasContext *s, const arg_fp_rrr *a, A64FpOp op)
{
    unsigned esz = fp_ftype_size(s, a->ftype);
    if (!esz) {
        return false;
    }
    fp_do2(s, op, esz, FP_SCALAR, (unsigned)a->rd, a64_v((unsigned)a->rn), a64_v((unsigned)a->rm));
    return true;
}

static bool do_rrrr(DisasContext *s, const arg_fp_rrrr *a, A64FpOp op)
{
    unsigned esz = fp_ftype_size(s, a->ftype);
    if (!esz) {
        return false;
    }
    fp_do3(s, op, esz, FP_SCALAR, (unsigned)a->rd, a64_v((unsigned)a->ra), a64_v((unsigned)a->rn),
           a64_v((unsigned)a->rm));
    return true;
}

TRANS(FMUL_s, do_rrr, A64_FP_MUL)
TRANS(FDIV_s, do_rrr, A64_FP_DIV)
TRANS(FADD_s, do_rrr, A64_FP_ADD)
TRANS(FSUB_s, do_rrr, A64_FP_SUB)
TRANS(FMAX_s, do_rrr, A64_FP_MAX)
TRANS(FMIN_s, do_rrr, A64_FP_MIN)
TRANS(FMAXNM_s, do_rrr, A64_FP_MAXNM)
TRANS(FMINNM_s, do_rrr, A64_FP_MINNM)
TRANS(FNMUL_s, do_rrr, A64_FP_NMUL)
TRANS(FMADD, do_rrrr, A64_FP_MADD)
TRANS(FMSUB, do_rrrr, A64_FP_MSUB)
TRANS(FNMADD, do_rrrr, A64_FP_NMADD)
TRANS(FNMSUB, do_rrrr, A64_FP_NMSUB)

// --- one operand -------------------------------------------------------------------------------------

bool trans_FSQRT_s(DisasContext *s, arg_FSQRT_s *a)
{
    unsigned esz = fp_ftype_size(s, a->ftype);
    if (!esz) {
        return false;
    }
    fp_do1(s, A64_FP_SQRT, esz, FP_SCALAR, (unsigned)a->rd, a64_v((unsigned)a->rn));
    return true;
}

// The sign bit alone: flip (FNEG) or clear (FABS) it, or leave it (FMOV).
static bool do_sign(DisasContext *s, const arg_fp_rr *a, int how)
{
    unsigned esz = fp_ftype_size(s, a->ftype);
    if (!esz) {
        return false;
    }
    TCGv_vec n = a64_v((unsigned)a->rn), t = n;
    if (how) {
        uint64_t sign = 1ull << ((8u << esz) - 1);
        t = new_vec();
        if (how < 0) {
            tcg_gen_xor_vec(MO_64, t, n, simd_const(esz, sign));
        } else {
            tcg_gen_andc_vec(MO_64, t, n, simd_const(esz, sign));
        }
    }
    fp_write((unsigned)a->rd, t, esz, FP_SCALAR);
    return true;
}
TRANS(FMOV_s, do_sign, 0)
TRANS(FABS_s, do_sign, 1)
TRANS(FNEG_s, do_sign, -1)

static bool do_round(DisasContext *s, const arg_fp_rr *a, A64FpOp op, A64Rounding mode)
{
    unsigned esz = fp_ftype_size(s, a->ftype);
    bool to_n = op == A64_FP_RINT32 || op == A64_FP_RINT64;
    if (!esz || (to_n && (esz == MO_16 || !a64_has_feature(s, ARM_FEAT_FRINTTS)))) {
        return false;
    }
    fp_do_round(s, op, esz, FP_SCALAR, (unsigned)a->rd, a64_v((unsigned)a->rn), mode);
    return true;
}
TRANS(FRINTN_s, do_round, A64_FP_RINT, A64_ROUND_TIEEVEN)
TRANS(FRINTP_s, do_round, A64_FP_RINT, A64_ROUND_POSINF)
TRANS(FRINTM_s, do_round, A64_FP_RINT, A64_ROUND_NEGINF)
TRANS(FRINTZ_s, do_round, A64_FP_RINT, A64_ROUND_ZERO)
TRANS(FRINTA_s, do_round, A64_FP_RINT, A64_ROUND_TIEAWAY)
TRANS(FRINTI_s, do_round, A64_FP_RINT, A64_ROUND_FPCR)
TRANS(FRINTX_s, do_round, A64_FP_RINTX, A64_ROUND_FPCR)
TRANS(FRINT32Z_s, do_round, A64_FP_RINT32, A64_ROUND_ZERO)
TRANS(FRINT32X_s, do_round, A64_FP_RINT32, A64_ROUND_FPCR)
TRANS(FRINT64Z_s, do_round, A64_FP_RINT64, A64_ROUND_ZERO)
TRANS(FRINT64X_s, do_round, A64_FP_RINT64, A64_ROUND_FPCR)

// --- comparison --------------------------------------------------------------------------------------

// The four globals from N, Z, C, V in bits 3 to 0.
static void write_nzcv(TCGv_i64 nzcv)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_shli_i64(a64_nf(), nzcv, 60);
    tcg_gen_shli_i64(a64_vf(), nzcv, 63);
    tcg_gen_extract_i64(t, nzcv, 2, 1);
    tcg_gen_xori_i64(a64_zf(), t, 1);
    tcg_gen_extract_i64(a64_cf(), nzcv, 1, 1);
}

// Compares now, by the helper; the flags go to the globals.
static void compare_exact(TCGv_i64 a, TCGv_i64 b, unsigned esz, bool all_nans)
{
    TCGv_i32 r = tcg_temp_new_i32();
    TCGv_i64 nzcv = tcg_temp_new_i64();
    gen_helper_a64_fp_compare(r, tcg_env(), a, b, tcg_constant_i32((int32_t)esz),
                              tcg_constant_i32(all_nans));
    tcg_gen_extu_i32_i64(nzcv, r);
    write_nzcv(nzcv);
}

// Compares now, on the host; the flags go to the globals.
static void compare_host(TCGv_vec a, TCGv_vec b, unsigned esz, bool all_nans)
{
    static const TCGFCond outcome[] = {TCG_FCOND_LT, TCG_FCOND_EQ, TCG_FCOND_UN};
    TCGv_i64 r[3];
    for (unsigned i = 0; i < 3; i++) {
        TCGv_i32 t = tcg_temp_new_i32();
        TCGFCond c = outcome[i] | (all_nans ? TCG_FCOND_SIGNALING : 0);
        r[i] = tcg_temp_new_i64();
        if (esz == MO_32) {
            tcg_gen_fsetcond_f32(c, t, fp_f32(a), fp_f32(b));
        } else {
            tcg_gen_fsetcond_f64(c, t, fp_f64(a), fp_f64(b));
        }
        tcg_gen_extu_i32_i64(r[i], t);
    }
    tcg_gen_neg_i64(a64_nf(), r[0]);
    tcg_gen_xori_i64(a64_zf(), r[1], 1);
    tcg_gen_xori_i64(a64_cf(), r[0], 1);
    tcg_gen_neg_i64(a64_vf(), r[2]);
}

bool trans_FCMP(DisasContext *s, arg_FCMP *a)
{
    unsigned esz = fp_ftype_size(s, a->ftype);
    if (!esz) {
        return false;
    }
    TCGv_vec n = a64_v((unsigned)a->rn), m = a64_v((unsigned)a->rm);
    if (fp_exact(s, esz)) {
        TCGv_i64 x = fp_lane0(n, esz), y = a->z ? tcg_constant_i64(0) : fp_lane0(m, esz);
        a64_flags_to_globals(s);
        compare_exact(x, y, esz, a->e);
        return true;
    }
    n = fp_input(s, n, esz, FP_SCALAR);
    m = a->z ? m : fp_input(s, m, esz, FP_SCALAR);
    if (esz == MO_32) {
        TCGv_f32 y = a->z ? tcg_temp_new_f32() : fp_f32(m);
        if (a->z) {
            tcg_gen_bitcast_i32_f32(y, tcg_constant_i32(0));
        }
        a64_flags_set_fcmp(s, (TCGTemp *)fp_f32(n), (TCGTemp *)y, a->e);
    } else {
        TCGv_f64 y = a->z ? tcg_temp_new_f64() : fp_f64(m);
        if (a->z) {
            tcg_gen_bitcast_i64_f64(y, tcg_constant_i64(0));
        }
        a64_flags_set_fcmp(s, (TCGTemp *)fp_f64(n), (TCGTemp *)y, a->e);
    }
    return true;
}

bool trans_FCCMP(DisasContext *s, arg_FCCMP *a)
{
    unsigned esz = fp_ftype_size(s, a->ftype);
    if (!esz) {
        return false;
    }
    TCGv_vec n = a64_v((unsigned)a->rn), m = a64_v((unsigned)a->rm);
    TCGLabel *compare = gen_new_label(), *done = gen_new_label();
    A64Cond c = a64_flags_cond(s, (unsigned)a->cond);
    a64_flags_to_globals(s);
    tcg_gen_brcond_i64(c.cond, c.a, c.b, compare);
    write_nzcv(tcg_constant_i64(a->nzcv));
    tcg_gen_br(done);
    gen_set_label(compare);
    if (fp_exact(s, esz)) {
        compare_exact(fp_lane0(n, esz), fp_lane0(m, esz), esz, a->e);
    } else {
        n = fp_input(s, n, esz, FP_SCALAR);
        m = fp_input(s, m, esz, FP_SCALAR);
        compare_host(n, m, esz, a->e);
    }
    gen_set_label(done);
    return true;
}

bool trans_FCSEL(DisasContext *s, arg_FCSEL *a)
{
    unsigned esz = fp_ftype_size(s, a->ftype);
    if (!esz) {
        return false;
    }
    A64Cond c = a64_flags_cond(s, (unsigned)a->cond);
    TCGv_i64 n = fp_lane0(a64_v((unsigned)a->rn), esz), m = fp_lane0(a64_v((unsigned)a->rm), esz);
    TCGv_i64 r = tcg_temp_new_i64();
    tcg_gen_movcond_i64(c.cond, r, c.a, c.b, n, m);
    fp_write_i64((unsigned)a->rd, r);
    return true;
}

// --- moves -------------------------------------------------------------------------------------------

bool trans_FMOV_imm(DisasContext *s, arg_FMOV_imm *a)
{
    unsigned esz = fp_ftype_size(s, a->ftype);
    if (!esz) {
        return false;
    }
    // VFPExpandImm: sign, NOT(b):b repeated:cd, efgh and zeros.
    static const uint8_t ebits[] = {[MO_16] = 5, [MO_32] = 8, [MO_64] = 11};
    unsigned imm = (unsigned)a->imm, e = ebits[esz], frac = (8u << esz) - 1 - e;
    uint64_t b = imm >> 6 & 1;
    uint64_t exp = (!b << (e - 1)) | (b ? ((1ull << (e - 3)) - 1) << 2 : 0) | (imm >> 4 & 3);
    uint64_t bits = (uint64_t)(imm >> 7) << ((8u << esz) - 1) | exp << frac |
                    (uint64_t)(imm & 15) << (frac - 4);
    fp_write_i64((unsigned)a->rd, tcg_constant_i64((int64_t)bits));
    return true;
}

static bool from_gpr(int rd, int rn, unsigned esz)
{
    TCGv_i64 v = a64_x((unsigned)rn), t = v;
    if (esz != MO_64) {
        t = tcg_temp_new_i64();
        tcg_gen_extract_i64(t, v, 0, 8u << esz);
    }
    fp_write_i64((unsigned)rd, t);
    return true;
}

static bool to_gpr(int rd, int rn, unsigned esz)
{
    a64_write((unsigned)rd, true, fp_lane0(a64_v((unsigned)rn), esz));
    return true;
}

#define TRANS_MOVE(name, worker, esz, ...)                                                         \
    bool trans_##name(DisasContext *s, arg_##name *a)                                              \
    {                                                                                              \
        (void)s;                                                                                   \
        __VA_ARGS__                                                                                \
        return worker(a->rd, a->rn, esz);                                                          \
    }
TRANS_MOVE(FMOV_ws, from_gpr, MO_32)
TRANS_MOVE(FMOV_xd, from_gpr, MO_64)
TRANS_MOVE(FMOV_sw, to_gpr, MO_32)
TRANS_MOVE(FMOV_dx, to_gpr, MO_64)
TRANS_MOVE(FMOV_xh, from_gpr, MO_16, if (!a64_has_feature(s, ARM_FEAT_FP16)) return false;)
TRANS_MOVE(FMOV_hx, to_gpr, MO_16, if (!a64_has_feature(s, ARM_FEAT_FP16)) return false;)

// The high half of a vector register; the low one stays.
bool trans_FMOV_xu(DisasContext *s, arg_FMOV_xu *a)
{
    (void)s;
    TCGv_vec d = a64_v((unsigned)a->rd);
    tcg_gen_insert_vec_i64(MO_64, d, d, a64_x((unsigned)a->rn), 1);
    return true;
}

bool trans_FMOV_ux(DisasContext *s, arg_FMOV_ux *a)
{
    (void)s;
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_extract_vec_i64(MO_64, t, a64_v((unsigned)a->rn), 1);
    a64_write((unsigned)a->rd, true, t);
    return true;
}
