// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// AdvSIMD on integers: one operand, across lanes.

#include "frontend/aarch64/simd.h"

// --- one operand --------------------------------------------------------------------------------------

static bool do_v2(DisasContext *s, arg_vrr *a, unsigned sizes, SimdFn1 *fn)
{
    (void)s;
    if (!simd_size_ok(a->q, a->esz, sizes)) {
        return false;
    }
    unsigned bytes = simd_bytes(a->q, a->esz);
    TCGv_vec r = simd_dest(a->rd, bytes);
    fn(a->esz, r, a64_v(a->rn));
    simd_write(a->rd, r, bytes);
    return true;
}

static bool do_v2_sat(DisasContext *s, arg_vrr *a, SimdSat1 *fn)
{
    (void)s;
    if (!simd_size_ok(a->q, a->esz, SZ_BHSD)) {
        return false;
    }
    unsigned bytes = simd_bytes(a->q, a->esz);
    TCGv_vec r = new_vec(), sat = new_vec();
    fn(a->esz, r, sat, a64_v(a->rn));
    simd_write(a->rd, r, bytes);
    gen_sat(sat, bytes);
    return true;
}

// SUQADD, USQADD: the destination is the first operand.
static bool do_v2_sat_acc(DisasContext *s, arg_vrr *a, SimdSat2 *fn)
{
    (void)s;
    if (!simd_size_ok(a->q, a->esz, SZ_BHSD)) {
        return false;
    }
    unsigned bytes = simd_bytes(a->q, a->esz);
    TCGv_vec r = new_vec(), sat = new_vec();
    fn(a->esz, r, sat, a64_v(a->rd), a64_v(a->rn));
    simd_write(a->rd, r, bytes);
    gen_sat(sat, bytes);
    return true;
}

// Lanes of twice the size as result, added to the old ones or not.
static bool do_pair_long(DisasContext *s, arg_vrr *a, SimdFn1 *fn, bool accumulate)
{
    (void)s;
    if (a->esz == MO_64) {
        return false;
    }
    unsigned bytes = a->q == FORM_128 ? 16 : 8;
    TCGv_vec x = new_vec();
    fn(a->esz, x, a64_v(a->rn));
    if (accumulate) {
        tcg_gen_add_vec(a->esz + 1, x, x, a64_v(a->rd));
    }
    simd_write(a->rd, x, bytes);
    return true;
}

// Lanes of esz reversed in blocks of so many bytes.
static bool do_rev(DisasContext *s, arg_vrr *a, unsigned block)
{
    (void)s;
    if (1u << a->esz >= block) {
        return false;
    }
    uint8_t index[16];
    unsigned n = block >> a->esz, lanes = (a->q == FORM_128 ? 16u : 8u) >> a->esz;
    for (unsigned i = 0; i < 16u >> a->esz; i++) {
        index[i] = i < lanes ? (uint8_t)(i ^ (n - 1)) : 0xff;
    }
    tcg_gen_shuffle_vec(a->esz, a64_v(a->rd), a64_v(a->rn), a64_v(a->rn), index);
    return true;
}

static bool do_shll(DisasContext *s, arg_vrr *a)
{
    (void)s;
    if (a->esz == MO_64) {
        return false;
    }
    TCGv_vec x = new_vec();
    gen_widen(a->esz, x, a64_v(a->rn), false, a->q);
    tcg_gen_shli_vec(a->esz + 1, a64_v(a->rd), x, 8u << a->esz);
    return true;
}

static bool do_bits1(DisasContext *s, arg_vrr *a, SimdFn1 *fn)
{
    (void)s;
    unsigned bytes = a->q == FORM_128 ? 16 : 8;
    TCGv_vec r = simd_dest(a->rd, bytes);
    fn(MO_8, r, a64_v(a->rn));
    simd_write(a->rd, r, bytes);
    return true;
}

#define GEN_CMP0(name, cond)                                                                       \
    static void gen_##name(unsigned vece, TCGv_vec r, TCGv_vec a)                                  \
    {                                                                                              \
        tcg_gen_cmp_vec(cond, vece, r, a, simd_const(vece, 0));                                    \
    }
GEN_CMP0(cmgt0, TCG_COND_GT)
GEN_CMP0(cmge0, TCG_COND_GE)
GEN_CMP0(cmeq0, TCG_COND_EQ)
GEN_CMP0(cmle0, TCG_COND_LE)
GEN_CMP0(cmlt0, TCG_COND_LT)

TRANS(REV64_v, do_rev, 8)
TRANS(REV32_v, do_rev, 4)
TRANS(REV16_v, do_rev, 2)
TRANS(SADDLP_v, do_pair_long, gen_saddlp, false)
TRANS(UADDLP_v, do_pair_long, gen_uaddlp, false)
TRANS(SADALP_v, do_pair_long, gen_saddlp, true)
TRANS(UADALP_v, do_pair_long, gen_uaddlp, true)
TRANS(SUQADD_v, do_v2_sat_acc, gen_suqadd)
TRANS(USQADD_v, do_v2_sat_acc, gen_usqadd)
TRANS(SQABS_v, do_v2_sat, gen_sqabs)
TRANS(SQNEG_v, do_v2_sat, gen_sqneg)
TRANS(CLS_v, do_v2, SZ_BHS, gen_cls)
TRANS(CLZ_v, do_v2, SZ_BHS, tcg_gen_clz_vec)
TRANS(CNT_v, do_bits1, tcg_gen_ctpop_vec)
TRANS(NOT_v, do_bits1, tcg_gen_not_vec)
TRANS(RBIT_v, do_bits1, gen_rbit)
TRANS(CMGT0_v, do_v2, SZ_BHSD, gen_cmgt0)
TRANS(CMGE0_v, do_v2, SZ_BHSD, gen_cmge0)
TRANS(CMEQ0_v, do_v2, SZ_BHSD, gen_cmeq0)
TRANS(CMLE0_v, do_v2, SZ_BHSD, gen_cmle0)
TRANS(CMLT0_v, do_v2, SZ_BHSD, gen_cmlt0)
TRANS(ABS_v, do_v2, SZ_BHSD, tcg_gen_abs_vec)
TRANS(NEG_v, do_v2, SZ_BHSD, tcg_gen_neg_vec)

TRANS(SHLL_v, do_shll)

// --- across lanes --------------------------------------------------------------------------------------

// Lane 0 of r = all n lanes of x joined; n is a power of two.
static void reduce(unsigned vece, TCGv_vec r, TCGv_vec x, unsigned n, SimdFn2 *fn)
{
    uint8_t index[16] = {0};
    while (n > 1) {
        TCGv_vec high = new_vec(), y = new_vec();
        n /= 2;
        for (unsigned i = 0; i < 16u >> vece; i++) {
            index[i] = i < n ? (uint8_t)(i + n) : 0xff;
        }
        tcg_gen_shuffle_vec(vece, high, x, x, index);
        fn(vece, y, x, high);
        x = y;
    }
    tcg_gen_mov_vec(r, x);
}

// There are at least four lanes.
static bool across_ok(const arg_vrr *a)
{
    return a->esz < MO_32 || (a->esz == MO_32 && a->q == FORM_128);
}

static bool do_across(DisasContext *s, arg_vrr *a, SimdFn2 *fn)
{
    (void)s;
    if (!across_ok(a)) {
        return false;
    }
    TCGv_vec r = new_vec();
    reduce(a->esz, r, a64_v(a->rn), (a->q == FORM_128 ? 16u : 8u) >> a->esz, fn);
    simd_write(a->rd, r, 1u << a->esz);
    return true;
}

// The sum has twice the size: add neighbours first.
static bool do_addlv(DisasContext *s, arg_vrr *a, SimdFn1 *fn)
{
    (void)s;
    if (!across_ok(a)) {
        return false;
    }
    TCGv_vec r = new_vec();
    fn(a->esz, r, a64_v(a->rn));
    reduce(a->esz + 1, r, r, (a->q == FORM_128 ? 8u : 4u) >> a->esz, tcg_gen_add_vec);
    simd_write(a->rd, r, 2u << a->esz);
    return true;
}

TRANS(ADDV_v, do_across, tcg_gen_add_vec)
TRANS(SMAXV_v, do_across, tcg_gen_smax_vec)
TRANS(UMAXV_v, do_across, tcg_gen_umax_vec)
TRANS(SMINV_v, do_across, tcg_gen_smin_vec)
TRANS(UMINV_v, do_across, tcg_gen_umin_vec)
TRANS(SADDLV_v, do_addlv, gen_saddlp)
TRANS(UADDLV_v, do_addlv, gen_uaddlp)

bool trans_ADDP_s(DisasContext *s, arg_ADDP_s *a)
{
    (void)s;
    TCGv_vec r = new_vec();
    reduce(MO_64, r, a64_v(a->rn), 2, tcg_gen_add_vec);
    simd_write(a->rd, r, 8);
    return true;
}
