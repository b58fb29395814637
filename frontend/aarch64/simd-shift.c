// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// AdvSIMD on integers: shifts by an immediate, narrowing.

#include "frontend/aarch64/simd.h"

static unsigned width(unsigned vece) { return 8u << vece; }

// --- lane-wise shifts; n as the instruction has it: 1 .. width to the right, 0 .. width-1 to the left ---

static void gen_sshr(unsigned vece, TCGv_vec r, TCGv_vec a, unsigned n)
{
    tcg_gen_sari_vec(vece, r, a, n < width(vece) ? n : width(vece) - 1);
}

static void gen_ushr(unsigned vece, TCGv_vec r, TCGv_vec a, unsigned n)
{
    if (n < width(vece)) {
        tcg_gen_shri_vec(vece, r, a, n);
    } else {
        tcg_gen_dupi_vec(vece, r, 0);
    }
}

// Rounding adds the last bit that is shifted out.
static void rounding(unsigned vece, TCGv_vec r, TCGv_vec a, unsigned n, SimdFnImm *fn)
{
    TCGv_vec x = new_vec(), bit = new_vec();
    fn(vece, x, a, n);
    if (n > 1) {
        tcg_gen_shri_vec(vece, bit, a, n - 1);
        tcg_gen_and_vec(vece, bit, bit, simd_const(vece, 1));
    } else {
        tcg_gen_and_vec(vece, bit, a, simd_const(vece, 1));
    }
    tcg_gen_add_vec(vece, r, x, bit);
}

static void gen_srshr(unsigned vece, TCGv_vec r, TCGv_vec a, unsigned n)
{
    if (n == width(vece)) {
        tcg_gen_dupi_vec(vece, r, 0);
    } else {
        rounding(vece, r, a, n, gen_sshr);
    }
}

static void gen_urshr(unsigned vece, TCGv_vec r, TCGv_vec a, unsigned n)
{
    rounding(vece, r, a, n, gen_ushr);
}

static void gen_shl(unsigned vece, TCGv_vec r, TCGv_vec a, unsigned n)
{
    tcg_gen_shli_vec(vece, r, a, n);
}

// What comes back from the shift differs where bits were lost.
static void gen_sqshl_i(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, unsigned n)
{
    TCGv_vec x = new_vec(), limit = new_vec();
    tcg_gen_shli_vec(vece, x, a, n);
    tcg_gen_sari_vec(vece, sat, x, n);
    tcg_gen_cmp_vec(TCG_COND_NE, vece, sat, sat, a);
    tcg_gen_sari_vec(vece, limit, a, width(vece) - 1);
    tcg_gen_xor_vec(vece, limit, limit, simd_const(vece, (1ull << (width(vece) - 1)) - 1));
    tcg_gen_bitsel_vec(vece, r, sat, limit, x);
}

static void gen_uqshl_i(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, unsigned n)
{
    TCGv_vec x = new_vec();
    tcg_gen_shli_vec(vece, x, a, n);
    tcg_gen_shri_vec(vece, sat, x, n);
    tcg_gen_cmp_vec(TCG_COND_NE, vece, sat, sat, a);
    tcg_gen_or_vec(vece, r, x, sat);
}

// Signed operand, unsigned result: negative ones become 0.
static void gen_sqshlu_i(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, unsigned n)
{
    TCGv_vec x = new_vec(), negative = new_vec();
    tcg_gen_sari_vec(vece, negative, a, width(vece) - 1);
    gen_uqshl_i(vece, x, sat, a, n);
    tcg_gen_andc_vec(vece, r, x, negative);
    tcg_gen_or_vec(vece, sat, sat, negative);
}

typedef struct ShiftImm {
    unsigned esz, left, right; // lane size, and the count in each reading
} ShiftImm;

// immh:immb; immh's highest bit gives the lane size.
static bool shift_imm(const arg_vshift *a, bool narrow, ShiftImm *out)
{
    if (a->immhb < 8) {
        return false;
    }
    out->esz = 28 - (unsigned)__builtin_clz((unsigned)a->immhb);
    out->left = (unsigned)a->immhb - width(out->esz);
    out->right = 2 * width(out->esz) - (unsigned)a->immhb;
    return narrow ? out->esz < MO_64 : simd_size_ok(a->q, (int)out->esz, SZ_BHSD);
}

static bool do_shift(DisasContext *s, arg_vshift *a, bool left, SimdFnImm *fn)
{
    (void)s;
    ShiftImm i;
    if (!shift_imm(a, false, &i)) {
        return false;
    }
    unsigned bytes = simd_bytes(a->q, (int)i.esz);
    TCGv_vec r = simd_dest(a->rd, bytes);
    fn(i.esz, r, a64_v(a->rn), left ? i.left : i.right);
    simd_write(a->rd, r, bytes);
    return true;
}

static bool do_shift_acc(DisasContext *s, arg_vshift *a, SimdFnImm *fn)
{
    (void)s;
    ShiftImm i;
    if (!shift_imm(a, false, &i)) {
        return false;
    }
    unsigned bytes = simd_bytes(a->q, (int)i.esz);
    TCGv_vec x = new_vec(), r = simd_dest(a->rd, bytes);
    fn(i.esz, x, a64_v(a->rn), i.right);
    tcg_gen_add_vec(i.esz, r, a64_v(a->rd), x);
    simd_write(a->rd, r, bytes);
    return true;
}

static bool do_shift_sat(DisasContext *s, arg_vshift *a, SimdSatImm *fn)
{
    (void)s;
    ShiftImm i;
    if (!shift_imm(a, false, &i)) {
        return false;
    }
    unsigned bytes = simd_bytes(a->q, (int)i.esz);
    TCGv_vec r = new_vec(), sat = new_vec();
    fn(i.esz, r, sat, a64_v(a->rn), i.left);
    simd_write(a->rd, r, bytes);
    gen_sat(sat, bytes);
    return true;
}

// SLI, SRI: the bits that the shift does not reach stay.
static bool do_shift_insert(DisasContext *s, arg_vshift *a, bool left)
{
    (void)s;
    ShiftImm i;
    if (!shift_imm(a, false, &i)) {
        return false;
    }
    unsigned bytes = simd_bytes(a->q, (int)i.esz), w = width(i.esz);
    uint64_t ones = ~0ull >> (64 - w);
    uint64_t mask = left ? ones << i.left : i.right < w ? ones >> i.right : 0;
    TCGv_vec x = new_vec(), r = simd_dest(a->rd, bytes);
    (left ? gen_shl : gen_ushr)(i.esz, x, a64_v(a->rn), left ? i.left : i.right);
    tcg_gen_bitsel_vec(i.esz, r, simd_const(i.esz, mask), x, a64_v(a->rd));
    simd_write(a->rd, r, bytes);
    return true;
}

static bool do_shll_i(DisasContext *s, arg_vshift *a, bool sign)
{
    (void)s;
    ShiftImm i;
    if (!shift_imm(a, true, &i)) {
        return false;
    }
    TCGv_vec x = i.left ? new_vec() : a64_v(a->rd);
    gen_widen(i.esz, x, a64_v(a->rn), sign, a->q);
    if (i.left) {
        tcg_gen_shli_vec(i.esz + 1, a64_v(a->rd), x, i.left);
    }
    return true;
}

TRANS(SSHR_i, do_shift, false, gen_sshr)
TRANS(USHR_i, do_shift, false, gen_ushr)
TRANS(SRSHR_i, do_shift, false, gen_srshr)
TRANS(URSHR_i, do_shift, false, gen_urshr)
TRANS(SHL_i, do_shift, true, gen_shl)
TRANS(SSRA_i, do_shift_acc, gen_sshr)
TRANS(USRA_i, do_shift_acc, gen_ushr)
TRANS(SRSRA_i, do_shift_acc, gen_srshr)
TRANS(URSRA_i, do_shift_acc, gen_urshr)
TRANS(SLI_i, do_shift_insert, true)
TRANS(SRI_i, do_shift_insert, false)
TRANS(SQSHL_i, do_shift_sat, gen_sqshl_i)
TRANS(UQSHL_i, do_shift_sat, gen_uqshl_i)
TRANS(SQSHLU_i, do_shift_sat, gen_sqshlu_i)
TRANS(SSHLL_i, do_shll_i, true)
TRANS(USHLL_i, do_shll_i, false)

// --- narrowing ----------------------------------------------------------------------------------------

typedef enum Narrow { TRUNCATE, S_TO_S, S_TO_U, U_TO_U } Narrow;

// x's lanes, twice the size of esz, into a half of V<rd>.  Where the narrow lane, widened again, is not
// what it was, it was saturated.
static void narrow(unsigned rd, TCGv_vec x, int q, unsigned esz, Narrow kind)
{
    static SimdFn2 *const fn[] = {tcg_gen_narrow_vec, tcg_gen_narrowss_vec, tcg_gen_narrowsu_vec,
                                  tcg_gen_narrowuu_vec};
    TCGv_vec r = new_vec(), sat = new_vec();
    fn[kind](esz + 1, r, x, x);
    if (kind != TRUNCATE) {
        gen_widen(esz, sat, r, kind == S_TO_S, FORM_64);
        tcg_gen_xor_vec(esz + 1, sat, sat, x);
        gen_sat(sat, q == FORM_SCALAR ? 2u << esz : 16);
    }
    simd_write_narrow(rd, r, q, (int)esz);
}

static bool do_xtn(DisasContext *s, arg_vrr *a, Narrow kind)
{
    (void)s;
    if (a->esz == MO_64) {
        return false;
    }
    narrow(a->rd, a64_v(a->rn), a->q, a->esz, kind);
    return true;
}

static bool do_shift_narrow(DisasContext *s, arg_vshift *a, SimdFnImm *fn, Narrow kind)
{
    (void)s;
    ShiftImm i;
    if (!shift_imm(a, true, &i)) {
        return false;
    }
    TCGv_vec x = new_vec();
    fn(i.esz + 1, x, a64_v(a->rn), i.right);
    narrow(a->rd, x, a->q, i.esz, kind);
    return true;
}

TRANS(XTN_v, do_xtn, TRUNCATE)
TRANS(SQXTN_v, do_xtn, S_TO_S)
TRANS(SQXTUN_v, do_xtn, S_TO_U)
TRANS(UQXTN_v, do_xtn, U_TO_U)
TRANS(SHRN_i, do_shift_narrow, gen_ushr, TRUNCATE)
TRANS(RSHRN_i, do_shift_narrow, gen_urshr, TRUNCATE)
TRANS(SQSHRN_i, do_shift_narrow, gen_sshr, S_TO_S)
TRANS(SQRSHRN_i, do_shift_narrow, gen_srshr, S_TO_S)
TRANS(SQSHRUN_i, do_shift_narrow, gen_sshr, S_TO_U)
TRANS(SQRSHRUN_i, do_shift_narrow, gen_srshr, S_TO_U)
TRANS(UQSHRN_i, do_shift_narrow, gen_ushr, U_TO_U)
TRANS(UQRSHRN_i, do_shift_narrow, gen_urshr, U_TO_U)
