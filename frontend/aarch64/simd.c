// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// AdvSIMD on integers: three registers, two registers, by element; vector and scalar forms.

#include "frontend/aarch64/simd.h"

// --- writing results ----------------------------------------------------------------------------------

TCGv_vec simd_const(unsigned vece, uint64_t lane)
{
    TCGv_vec v = new_vec();
    tcg_gen_dupi_vec(vece, v, lane);
    return v;
}

// v with zeros above its low `bytes` bytes.
static void clear_above(TCGv_vec r, TCGv_vec v, unsigned bytes)
{
    static const uint8_t first[16] = {0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    if (bytes == 16) {
        tcg_gen_mov_vec(r, v);
    } else {
        tcg_gen_shuffle_vec((unsigned)__builtin_ctz(bytes), r, v, v, first);
    }
}

void simd_write(unsigned rd, TCGv_vec v, unsigned bytes) { clear_above(a64_v(rd), v, bytes); }

TCGv_vec simd_dest(unsigned rd, unsigned bytes) { return bytes == 16 ? a64_v(rd) : new_vec(); }

void simd_write_narrow(unsigned rd, TCGv_vec v, int q, int esz)
{
    static const uint8_t into_high[2] = {0, 2};
    if (q == FORM_128) {
        tcg_gen_shuffle_vec(MO_64, a64_v(rd), a64_v(rd), v, into_high);
    } else {
        simd_write(rd, v, simd_bytes(q, esz));
    }
}

void gen_sat(TCGv_vec v, unsigned bytes)
{
    TCGv_vec qc = tcg_global_vec(A64_G_QC), x = v;
    if (bytes < 16) {
        clear_above(x = new_vec(), v, bytes);
    }
    tcg_gen_or_vec(MO_64, qc, qc, x);
}

// --- three registers of the same type -------------------------------------------------------------------

static bool do_v3(DisasContext *s, arg_vrrr *a, unsigned sizes, SimdFn2 *fn)
{
    (void)s;
    if (!simd_size_ok(a->q, a->esz, sizes)) {
        return false;
    }
    unsigned bytes = simd_bytes(a->q, a->esz);
    TCGv_vec r = simd_dest(a->rd, bytes);
    fn(a->esz, r, a64_v(a->rn), a64_v(a->rm));
    simd_write(a->rd, r, bytes);
    return true;
}

// fn's first operand is the destination's old value.
static bool do_v3_acc(DisasContext *s, arg_vrrr *a, unsigned sizes, SimdFn3 *fn)
{
    (void)s;
    if (!simd_size_ok(a->q, a->esz, sizes)) {
        return false;
    }
    unsigned bytes = simd_bytes(a->q, a->esz);
    TCGv_vec r = simd_dest(a->rd, bytes);
    fn(a->esz, r, a64_v(a->rd), a64_v(a->rn), a64_v(a->rm));
    simd_write(a->rd, r, bytes);
    return true;
}

static bool do_v3_sat(DisasContext *s, arg_vrrr *a, unsigned sizes, SimdSat2 *fn)
{
    (void)s;
    if (!simd_size_ok(a->q, a->esz, sizes)) {
        return false;
    }
    unsigned bytes = simd_bytes(a->q, a->esz);
    TCGv_vec r = new_vec(), sat = new_vec();
    fn(a->esz, r, sat, a64_v(a->rn), a64_v(a->rm));
    simd_write(a->rd, r, bytes);
    gen_sat(sat, bytes);
    return true;
}

// Bitwise: lanes do not matter.
static bool do_v3_bits(DisasContext *s, arg_vrrr *a, SimdFn3 *fn)
{
    (void)s;
    unsigned bytes = a->q == FORM_128 ? 16 : 8;
    TCGv_vec r = simd_dest(a->rd, bytes);
    fn(MO_64, r, a64_v(a->rd), a64_v(a->rn), a64_v(a->rm));
    simd_write(a->rd, r, bytes);
    return true;
}

static bool do_v3_pair(DisasContext *s, arg_vrrr *a, unsigned sizes, SimdFn2 *fn)
{
    (void)s;
    if (!simd_size_ok(a->q, a->esz, sizes)) {
        return false;
    }
    // The upper half of a 64-bit pair of operands is zeros, and stays so.
    TCGv_vec even = new_vec(), odd = new_vec();
    gen_permute(UZP1, a->esz, even, a64_v(a->rn), a64_v(a->rm), a->q);
    gen_permute(UZP2, a->esz, odd, a64_v(a->rn), a64_v(a->rm), a->q);
    fn(a->esz, a64_v(a->rd), even, odd);
    return true;
}

#define GEN_CMP(name, cond)                                                                        \
    static void gen_##name(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)                      \
    {                                                                                              \
        tcg_gen_cmp_vec(cond, vece, r, a, b);                                                      \
    }
GEN_CMP(cmgt, TCG_COND_GT)
GEN_CMP(cmhi, TCG_COND_GTU)
GEN_CMP(cmge, TCG_COND_GE)
GEN_CMP(cmhs, TCG_COND_GEU)
GEN_CMP(cmeq, TCG_COND_EQ)
GEN_CMP(cmtst, TCG_COND_TSTNE)

#define GEN_ACC(name, fn, join)                                                                    \
    static void gen_##name(unsigned vece, TCGv_vec r, TCGv_vec d, TCGv_vec a, TCGv_vec b)          \
    {                                                                                              \
        TCGv_vec x = new_vec();                                                                    \
        fn(vece, x, a, b);                                                                         \
        join(vece, r, d, x);                                                                       \
    }
GEN_ACC(mla, tcg_gen_mul_vec, tcg_gen_add_vec)
GEN_ACC(mls, tcg_gen_mul_vec, tcg_gen_sub_vec)
GEN_ACC(saba, gen_sabd, tcg_gen_add_vec)
GEN_ACC(uaba, gen_uabd, tcg_gen_add_vec)

#define GEN_BITS(name, ...)                                                                        \
    static void gen_##name(unsigned vece, TCGv_vec r, TCGv_vec d, TCGv_vec a, TCGv_vec b)          \
    {                                                                                              \
        (void)d;                                                                                   \
        __VA_ARGS__;                                                                               \
    }
GEN_BITS(and, tcg_gen_and_vec(vece, r, a, b))
GEN_BITS(bic, tcg_gen_andc_vec(vece, r, a, b))
GEN_BITS(orn, tcg_gen_orc_vec(vece, r, a, b))
GEN_BITS(eor, tcg_gen_xor_vec(vece, r, a, b))
GEN_BITS(bsl, tcg_gen_bitsel_vec(vece, r, d, a, b))
GEN_BITS(bit, tcg_gen_bitsel_vec(vece, r, b, a, d))
GEN_BITS(bif, tcg_gen_bitsel_vec(vece, r, b, d, a))
static void gen_orr(unsigned vece, TCGv_vec r, TCGv_vec d, TCGv_vec a, TCGv_vec b)
{
    (void)d;
    if (a == b) { // MOV
        tcg_gen_mov_vec(r, a);
    } else {
        tcg_gen_or_vec(vece, r, a, b);
    }
}

TRANS(SHADD_v, do_v3, SZ_BHS, gen_shadd)
TRANS(UHADD_v, do_v3, SZ_BHS, gen_uhadd)
TRANS(SRHADD_v, do_v3, SZ_BHS, gen_srhadd)
TRANS(URHADD_v, do_v3, SZ_BHS, gen_urhadd)
TRANS(SHSUB_v, do_v3, SZ_BHS, gen_shsub)
TRANS(UHSUB_v, do_v3, SZ_BHS, gen_uhsub)
TRANS(SQADD_v, do_v3_sat, SZ_BHSD, gen_sqadd)
TRANS(UQADD_v, do_v3_sat, SZ_BHSD, gen_uqadd)
TRANS(SQSUB_v, do_v3_sat, SZ_BHSD, gen_sqsub)
TRANS(UQSUB_v, do_v3_sat, SZ_BHSD, gen_uqsub)
TRANS(AND_v, do_v3_bits, gen_and)
TRANS(BIC_v, do_v3_bits, gen_bic)
TRANS(ORR_v, do_v3_bits, gen_orr)
TRANS(ORN_v, do_v3_bits, gen_orn)
TRANS(EOR_v, do_v3_bits, gen_eor)
TRANS(BSL_v, do_v3_bits, gen_bsl)
TRANS(BIT_v, do_v3_bits, gen_bit)
TRANS(BIF_v, do_v3_bits, gen_bif)
TRANS(CMGT_v, do_v3, SZ_BHSD, gen_cmgt)
TRANS(CMHI_v, do_v3, SZ_BHSD, gen_cmhi)
TRANS(CMGE_v, do_v3, SZ_BHSD, gen_cmge)
TRANS(CMHS_v, do_v3, SZ_BHSD, gen_cmhs)
TRANS(CMTST_v, do_v3, SZ_BHSD, gen_cmtst)
TRANS(CMEQ_v, do_v3, SZ_BHSD, gen_cmeq)
TRANS(SSHL_v, do_v3, SZ_BHSD, gen_sshl)
TRANS(USHL_v, do_v3, SZ_BHSD, gen_ushl)
TRANS(SRSHL_v, do_v3, SZ_BHSD, gen_srshl)
TRANS(URSHL_v, do_v3, SZ_BHSD, gen_urshl)
TRANS(SQSHL_v, do_v3_sat, SZ_BHSD, gen_sqshl)
TRANS(UQSHL_v, do_v3_sat, SZ_BHSD, gen_uqshl)
TRANS(SQRSHL_v, do_v3_sat, SZ_BHSD, gen_sqrshl)
TRANS(UQRSHL_v, do_v3_sat, SZ_BHSD, gen_uqrshl)
TRANS(SMAX_v, do_v3, SZ_BHS, tcg_gen_smax_vec)
TRANS(UMAX_v, do_v3, SZ_BHS, tcg_gen_umax_vec)
TRANS(SMIN_v, do_v3, SZ_BHS, tcg_gen_smin_vec)
TRANS(UMIN_v, do_v3, SZ_BHS, tcg_gen_umin_vec)
TRANS(SABD_v, do_v3, SZ_BHS, gen_sabd)
TRANS(UABD_v, do_v3, SZ_BHS, gen_uabd)
TRANS(SABA_v, do_v3_acc, SZ_BHS, gen_saba)
TRANS(UABA_v, do_v3_acc, SZ_BHS, gen_uaba)
TRANS(ADD_v, do_v3, SZ_BHSD, tcg_gen_add_vec)
TRANS(SUB_v, do_v3, SZ_BHSD, tcg_gen_sub_vec)
TRANS(MUL_v, do_v3, SZ_BHS, tcg_gen_mul_vec)
TRANS(MLA_v, do_v3_acc, SZ_BHS, gen_mla)
TRANS(MLS_v, do_v3_acc, SZ_BHS, gen_mls)
TRANS(PMUL_v, do_v3, SZ_B, gen_pmul)
TRANS(SQDMULH_v, do_v3_sat, SZ_HS, gen_sqdmulh)
TRANS(SQRDMULH_v, do_v3_sat, SZ_HS, gen_sqrdmulh)
TRANS(ADDP_v, do_v3_pair, SZ_BHSD, tcg_gen_add_vec)
TRANS(SMAXP_v, do_v3_pair, SZ_BHS, tcg_gen_smax_vec)
TRANS(UMAXP_v, do_v3_pair, SZ_BHS, tcg_gen_umax_vec)
TRANS(SMINP_v, do_v3_pair, SZ_BHS, tcg_gen_smin_vec)
TRANS(UMINP_v, do_v3_pair, SZ_BHS, tcg_gen_umin_vec)

// --- rounding doubling multiply-accumulate, dot products -----------------------------------------------

// (d << w) +- 2ab + (1 << w - 1) >> w, computed without the common factor 2 so that it fits lanes of
// twice the width: one bit is then too much for the narrow lane, which is all that can saturate.
static void sqrdmla(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec d, TCGv_vec a, TCGv_vec b,
                    SimdFn2 *join)
{
    unsigned w = 8u << vece;
    TCGv_vec half[2], y = new_vec(), round = simd_const(vece + 1, 1ull << (w - 2));
    for (int high = 0; high < 2; high++) {
        TCGv_vec x = half[high] = new_vec(), z = new_vec();
        int q = high ? FORM_128 : FORM_64;
        gen_widen(vece, x, a, true, q);
        gen_widen(vece, y, b, true, q);
        tcg_gen_mul_vec(vece + 1, x, x, y);
        gen_widen(vece, z, d, true, q);
        tcg_gen_shli_vec(vece + 1, z, z, w - 1);
        join(vece + 1, x, z, x);
        tcg_gen_add_vec(vece + 1, x, x, round);
        tcg_gen_sari_vec(vece + 1, x, x, w - 1);
    }
    TCGv_vec o = new_vec();
    tcg_gen_narrowss_vec(vece + 1, o, half[0], half[1]);
    tcg_gen_narrow_vec(vece + 1, sat, half[0], half[1]);
    tcg_gen_xor_vec(vece, sat, sat, o);
    tcg_gen_mov_vec(r, o);
}

static bool do_sqrdmla(DisasContext *s, int q, int esz, int rd, int rn, TCGv_vec m, SimdFn2 *join)
{
    (void)s;
    if (!simd_size_ok(q, esz, SZ_HS)) {
        return false;
    }
    TCGv_vec r = new_vec(), sat = new_vec();
    sqrdmla(esz, r, sat, a64_v(rd), a64_v(rn), m, join);
    simd_write(rd, r, simd_bytes(q, esz));
    gen_sat(sat, simd_bytes(q, esz));
    return true;
}

static bool do_sqrdmla_v(DisasContext *s, arg_vrrr *a, SimdFn2 *join)
{
    return do_sqrdmla(s, a->q, a->esz, a->rd, a->rn, a64_v(a->rm), join);
}

TRANS_FEAT(SQRDMLAH_v, RDM, do_sqrdmla_v, tcg_gen_add_vec)
TRANS_FEAT(SQRDMLSH_v, RDM, do_sqrdmla_v, tcg_gen_sub_vec)

// Sums of four products of bytes: of two in 32 bits, then of pairs of those.
static bool do_dot(DisasContext *s, int q, int rd, int rn, TCGv_vec m, bool sign)
{
    (void)s;
    TCGv_vec half[2], y = new_vec();
    unsigned bytes = simd_bytes(q, MO_32);
    for (int high = 0; high < 2; high++) {
        TCGv_vec x = half[high] = new_vec();
        gen_widen(MO_8, x, a64_v(rn), sign, high ? FORM_128 : FORM_64);
        gen_widen(MO_8, y, m, sign, high ? FORM_128 : FORM_64);
        tcg_gen_pmadds_vec(MO_16, x, x, y);
    }
    TCGv_vec even = new_vec(), odd = new_vec(), r = simd_dest(rd, bytes);
    gen_permute(UZP1, MO_32, even, half[0], half[1], FORM_128);
    gen_permute(UZP2, MO_32, odd, half[0], half[1], FORM_128);
    tcg_gen_add_vec(MO_32, even, even, odd);
    tcg_gen_add_vec(MO_32, r, a64_v(rd), even);
    simd_write(rd, r, bytes);
    return true;
}

static bool do_dot_v(DisasContext *s, arg_vrrr *a, bool sign)
{
    return do_dot(s, a->q, a->rd, a->rn, a64_v(a->rm), sign);
}

TRANS_FEAT(SDOT_v, DOTPROD, do_dot_v, true)
TRANS_FEAT(UDOT_v, DOTPROD, do_dot_v, false)

// --- three registers of different types -----------------------------------------------------------------

// d = [d join] widen(n) fn widen(m), the lanes of d twice as wide; wide_n: n's lanes are so already.
typedef struct Long {
    SimdFn2 *fn, *join;
    bool sign, wide_n;
} Long;

static void do_long(int q, unsigned vece, int rd, int rn, TCGv_vec m, const Long *how)
{
    TCGv_vec x = a64_v(rn), y = new_vec(), d = a64_v(rd);
    if (!how->wide_n) {
        gen_widen(vece, x = new_vec(), a64_v(rn), how->sign, q);
    }
    gen_widen(vece, y, m, how->sign, q);
    if (how->join) {
        how->fn(vece + 1, y, x, y);
        how->join(vece + 1, d, d, y);
    } else {
        how->fn(vece + 1, d, x, y);
    }
}

static bool do_long_v(DisasContext *s, arg_vrrr *a, const Long *how)
{
    (void)s;
    if (a->esz == MO_64) {
        return false;
    }
    do_long(a->q, a->esz, a->rd, a->rn, a64_v(a->rm), how);
    return true;
}

// Differences fit the narrow lanes, without sign.
static bool do_abdl(DisasContext *s, arg_vrrr *a, SimdFn2 *fn, bool accumulate)
{
    (void)s;
    if (a->esz == MO_64) {
        return false;
    }
    TCGv_vec x = new_vec(), d = a64_v(a->rd);
    fn(a->esz, x, a64_v(a->rn), a64_v(a->rm));
    if (accumulate) {
        gen_widen(a->esz, x, x, false, a->q);
        tcg_gen_add_vec(a->esz + 1, d, d, x);
    } else {
        gen_widen(a->esz, d, x, false, a->q);
    }
    return true;
}

#define LONG(...)                                                                                  \
    &(const Long) { __VA_ARGS__ }
TRANS(SADDL_v, do_long_v, LONG(.fn = tcg_gen_add_vec, .sign = true))
TRANS(UADDL_v, do_long_v, LONG(.fn = tcg_gen_add_vec))
TRANS(SADDW_v, do_long_v, LONG(.fn = tcg_gen_add_vec, .sign = true, .wide_n = true))
TRANS(UADDW_v, do_long_v, LONG(.fn = tcg_gen_add_vec, .wide_n = true))
TRANS(SSUBL_v, do_long_v, LONG(.fn = tcg_gen_sub_vec, .sign = true))
TRANS(USUBL_v, do_long_v, LONG(.fn = tcg_gen_sub_vec))
TRANS(SSUBW_v, do_long_v, LONG(.fn = tcg_gen_sub_vec, .sign = true, .wide_n = true))
TRANS(USUBW_v, do_long_v, LONG(.fn = tcg_gen_sub_vec, .wide_n = true))
TRANS(SMULL_v, do_long_v, LONG(.fn = tcg_gen_mul_vec, .sign = true))
TRANS(UMULL_v, do_long_v, LONG(.fn = tcg_gen_mul_vec))
TRANS(SMLAL_v, do_long_v, LONG(.fn = tcg_gen_mul_vec, .join = tcg_gen_add_vec, .sign = true))
TRANS(UMLAL_v, do_long_v, LONG(.fn = tcg_gen_mul_vec, .join = tcg_gen_add_vec))
TRANS(SMLSL_v, do_long_v, LONG(.fn = tcg_gen_mul_vec, .join = tcg_gen_sub_vec, .sign = true))
TRANS(UMLSL_v, do_long_v, LONG(.fn = tcg_gen_mul_vec, .join = tcg_gen_sub_vec))
TRANS(SABDL_v, do_abdl, gen_sabd, false)
TRANS(UABDL_v, do_abdl, gen_uabd, false)
TRANS(SABAL_v, do_abdl, gen_sabd, true)
TRANS(UABAL_v, do_abdl, gen_uabd, true)

// 2ab, saturated; then added to d or subtracted from it, saturated again.
static bool do_sqdmull(DisasContext *s, int q, int esz, int rd, int rn, TCGv_vec m, SimdSat2 *join)
{
    (void)s;
    if (!simd_size_ok(q, esz, SZ_HS)) {
        return false;
    }
    unsigned bytes = q == FORM_SCALAR ? 2u << esz : 16;
    TCGv_vec x = new_vec(), y = new_vec(), sat = new_vec();
    gen_widen(esz, x, a64_v(rn), true, q);
    gen_widen(esz, y, m, true, q);
    tcg_gen_mul_vec(esz + 1, x, x, y);
    gen_sqadd(esz + 1, x, sat, x, x);
    if (join) {
        join(esz + 1, x, y, a64_v(rd), x);
        tcg_gen_or_vec(esz + 1, sat, sat, y);
    }
    simd_write(rd, x, bytes);
    gen_sat(sat, bytes);
    return true;
}

static bool do_sqdmull_v(DisasContext *s, arg_vrrr *a, SimdSat2 *join)
{
    return do_sqdmull(s, a->q, a->esz, a->rd, a->rn, a64_v(a->rm), join);
}

TRANS(SQDMULL_v, do_sqdmull_v, NULL)
TRANS(SQDMLAL_v, do_sqdmull_v, gen_sqadd)
TRANS(SQDMLSL_v, do_sqdmull_v, gen_sqsub)

// The high halves of n fn m, narrowed into a half of d.
static bool do_high_narrow(DisasContext *s, arg_vrrr *a, SimdFn2 *fn, bool round)
{
    (void)s;
    if (a->esz == MO_64) {
        return false;
    }
    unsigned wide = a->esz + 1, w = 8u << a->esz;
    TCGv_vec x = new_vec();
    fn(wide, x, a64_v(a->rn), a64_v(a->rm));
    if (round) {
        tcg_gen_add_vec(wide, x, x, simd_const(wide, 1ull << (w - 1)));
    }
    tcg_gen_shri_vec(wide, x, x, w);
    tcg_gen_narrow_vec(wide, x, x, x);
    simd_write_narrow(a->rd, x, a->q, a->esz);
    return true;
}

TRANS(ADDHN_v, do_high_narrow, tcg_gen_add_vec, false)
TRANS(RADDHN_v, do_high_narrow, tcg_gen_add_vec, true)
TRANS(SUBHN_v, do_high_narrow, tcg_gen_sub_vec, false)
TRANS(RSUBHN_v, do_high_narrow, tcg_gen_sub_vec, true)

// --- by element -----------------------------------------------------------------------------------------

static TCGv_vec element(const arg_vrrx *a)
{
    TCGv_vec m = new_vec();
    tcg_gen_dupl_vec(a->esz, m, a64_v(a->rm), a->idx);
    return m;
}

static bool do_mul_x(DisasContext *s, arg_vrrx *a, SimdFn3 *fn)
{
    (void)s;
    unsigned bytes = simd_bytes(a->q, a->esz);
    TCGv_vec m = element(a), r = simd_dest(a->rd, bytes);
    fn(a->esz, r, a64_v(a->rd), a64_v(a->rn), m);
    simd_write(a->rd, r, bytes);
    return true;
}

static void gen_mul3(unsigned vece, TCGv_vec r, TCGv_vec d, TCGv_vec a, TCGv_vec b)
{
    (void)d;
    tcg_gen_mul_vec(vece, r, a, b);
}

static bool do_sat_x(DisasContext *s, arg_vrrx *a, SimdSat2 *fn)
{
    (void)s;
    unsigned bytes = simd_bytes(a->q, a->esz);
    TCGv_vec r = new_vec(), sat = new_vec();
    fn(a->esz, r, sat, a64_v(a->rn), element(a));
    simd_write(a->rd, r, bytes);
    gen_sat(sat, bytes);
    return true;
}

static bool do_long_x(DisasContext *s, arg_vrrx *a, const Long *how)
{
    (void)s;
    do_long(a->q, a->esz, a->rd, a->rn, element(a), how);
    return true;
}

static bool do_sqdmull_x(DisasContext *s, arg_vrrx *a, SimdSat2 *join)
{
    return do_sqdmull(s, a->q, a->esz, a->rd, a->rn, element(a), join);
}

static bool do_sqrdmla_x(DisasContext *s, arg_vrrx *a, SimdFn2 *join)
{
    return do_sqrdmla(s, a->q, a->esz, a->rd, a->rn, element(a), join);
}

static bool do_dot_x(DisasContext *s, arg_vrrx *a, bool sign)
{
    return do_dot(s, a->q, a->rd, a->rn, element(a), sign);
}

TRANS(MUL_x, do_mul_x, gen_mul3)
TRANS(MLA_x, do_mul_x, gen_mla)
TRANS(MLS_x, do_mul_x, gen_mls)
TRANS(SMULL_x, do_long_x, LONG(.fn = tcg_gen_mul_vec, .sign = true))
TRANS(UMULL_x, do_long_x, LONG(.fn = tcg_gen_mul_vec))
TRANS(SMLAL_x, do_long_x, LONG(.fn = tcg_gen_mul_vec, .join = tcg_gen_add_vec, .sign = true))
TRANS(UMLAL_x, do_long_x, LONG(.fn = tcg_gen_mul_vec, .join = tcg_gen_add_vec))
TRANS(SMLSL_x, do_long_x, LONG(.fn = tcg_gen_mul_vec, .join = tcg_gen_sub_vec, .sign = true))
TRANS(UMLSL_x, do_long_x, LONG(.fn = tcg_gen_mul_vec, .join = tcg_gen_sub_vec))
TRANS(SQDMULL_x, do_sqdmull_x, NULL)
TRANS(SQDMLAL_x, do_sqdmull_x, gen_sqadd)
TRANS(SQDMLSL_x, do_sqdmull_x, gen_sqsub)
TRANS(SQDMULH_x, do_sat_x, gen_sqdmulh)
TRANS(SQRDMULH_x, do_sat_x, gen_sqrdmulh)
TRANS_FEAT(SQRDMLAH_x, RDM, do_sqrdmla_x, tcg_gen_add_vec)
TRANS_FEAT(SQRDMLSH_x, RDM, do_sqrdmla_x, tcg_gen_sub_vec)
TRANS_FEAT(SDOT_x, DOTPROD, do_dot_x, true)
TRANS_FEAT(UDOT_x, DOTPROD, do_dot_x, false)
