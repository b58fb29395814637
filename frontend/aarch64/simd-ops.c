// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lane-wise operations of AdvSIMD that no single TCG op gives: see simd.h.

#include "frontend/aarch64/simd.h"

static unsigned width(unsigned vece) { return 8u << vece; }

static uint64_t top_bit(unsigned vece) { return 1ull << (width(vece) - 1); }

// --- halving adds ---------------------------------------------------------------------------------
// a + b = 2 * (a & b) + (a ^ b), and a - b = (a ^ b) - 2 * (~a & b): so the halves need no wider lanes.

static void halving(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b, bool sign, SimdFn2 *common,
                    SimdFn2 *join)
{
    TCGv_vec x = new_vec(), y = new_vec();
    tcg_gen_xor_vec(vece, x, a, b);
    (sign ? tcg_gen_sari_vec : tcg_gen_shri_vec)(vece, x, x, 1);
    common(vece, y, a, b);
    join(vece, r, x, y);
}

static void gen_b_not_a(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    tcg_gen_andc_vec(vece, r, b, a);
}

static void gen_sub_from(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    tcg_gen_sub_vec(vece, r, b, a);
}

void gen_shadd(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    halving(vece, r, a, b, true, tcg_gen_and_vec, tcg_gen_add_vec);
}

void gen_uhadd(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    halving(vece, r, a, b, false, tcg_gen_and_vec, tcg_gen_add_vec);
}

void gen_srhadd(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    halving(vece, r, a, b, true, tcg_gen_or_vec, gen_sub_from);
}

void gen_urhadd(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    if (vece <= MO_16) { // one instruction on the host
        tcg_gen_avgu_vec(vece, r, a, b);
    } else {
        halving(vece, r, a, b, false, tcg_gen_or_vec, gen_sub_from);
    }
}

void gen_shsub(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    halving(vece, r, a, b, true, gen_b_not_a, tcg_gen_sub_vec);
}

void gen_uhsub(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    halving(vece, r, a, b, false, gen_b_not_a, tcg_gen_sub_vec);
}

// --- differences, pairs, widening -------------------------------------------------------------------

void gen_sabd(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec x = new_vec(), y = new_vec();
    tcg_gen_smax_vec(vece, x, a, b);
    tcg_gen_smin_vec(vece, y, a, b);
    tcg_gen_sub_vec(vece, r, x, y);
}

void gen_uabd(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec x = new_vec(), y = new_vec();
    tcg_gen_umax_vec(vece, x, a, b);
    tcg_gen_umin_vec(vece, y, a, b);
    tcg_gen_sub_vec(vece, r, x, y);
}

void gen_widen(unsigned vece, TCGv_vec r, TCGv_vec v, bool sign, int q)
{
    if (q == FORM_128) {
        (sign ? tcg_gen_widensh_vec : tcg_gen_widenuh_vec)(vece, r, v);
    } else {
        (sign ? tcg_gen_widensl_vec : tcg_gen_widenul_vec)(vece, r, v);
    }
}

void gen_saddlp(unsigned vece, TCGv_vec r, TCGv_vec a)
{
    TCGv_vec even = new_vec(), odd = new_vec();
    tcg_gen_shli_vec(vece + 1, even, a, width(vece));
    tcg_gen_sari_vec(vece + 1, even, even, width(vece));
    tcg_gen_sari_vec(vece + 1, odd, a, width(vece));
    tcg_gen_add_vec(vece + 1, r, even, odd);
}

void gen_uaddlp(unsigned vece, TCGv_vec r, TCGv_vec a)
{
    TCGv_vec even = new_vec(), odd = new_vec();
    tcg_gen_and_vec(vece + 1, even, a, simd_const(vece + 1, top_bit(vece) * 2 - 1));
    tcg_gen_shri_vec(vece + 1, odd, a, width(vece));
    tcg_gen_add_vec(vece + 1, r, even, odd);
}

// --- bits -------------------------------------------------------------------------------------------

void gen_cls(unsigned vece, TCGv_vec r, TCGv_vec a)
{
    TCGv_vec x = new_vec();
    tcg_gen_sari_vec(vece, x, a, 1);
    tcg_gen_xor_vec(vece, x, x, a);
    tcg_gen_clz_vec(vece, x, x);
    tcg_gen_sub_vec(vece, r, x, simd_const(vece, 1));
}

// By a table of the sixteen half bytes.
void gen_rbit(unsigned vece, TCGv_vec r, TCGv_vec a)
{
    uint8_t low[16], high[16];
    for (unsigned i = 0; i < 16; i++) {
        low[i] = (uint8_t)((i & 1) << 3 | (i & 2) << 1 | (i & 4) >> 1 | (i & 8) >> 3);
        high[i] = (uint8_t)(low[i] << 4);
    }
    TCGv_vec x = new_vec(), y = new_vec(), table = new_vec();
    tcg_gen_and_vec(vece, x, a, simd_const(MO_8, 15));
    tcg_gen_movi_vec(table, high);
    tcg_gen_tbl_vec(vece, x, table, x);
    tcg_gen_shri_vec(MO_8, y, a, 4);
    tcg_gen_movi_vec(table, low);
    tcg_gen_tbl_vec(vece, y, table, y);
    tcg_gen_or_vec(vece, r, x, y);
}

// Polynomials over {0,1}: the low bits of the product of a and the low eight bits of b.
void gen_pmul(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec sum = new_vec(), x = new_vec(), mask = new_vec();
    tcg_gen_dupi_vec(vece, sum, 0);
    for (unsigned i = 0; i < 8; i++) {
        tcg_gen_cmp_vec(TCG_COND_TSTNE, vece, mask, b, simd_const(vece, 1u << i));
        tcg_gen_shli_vec(vece, x, a, i);
        tcg_gen_and_vec(vece, x, x, mask);
        tcg_gen_xor_vec(vece, sum, sum, x);
    }
    tcg_gen_mov_vec(r, sum);
}

// --- saturating addition ------------------------------------------------------------------------------

static void saturating(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, TCGv_vec b, SimdFn2 *fn,
                       SimdFn2 *wrapping)
{
    TCGv_vec x = new_vec(), y = new_vec();
    fn(vece, x, a, b);
    wrapping(vece, y, a, b);
    tcg_gen_xor_vec(vece, sat, x, y);
    tcg_gen_mov_vec(r, x);
}

void gen_sqadd(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, TCGv_vec b)
{
    saturating(vece, r, sat, a, b, tcg_gen_ssadd_vec, tcg_gen_add_vec);
}

void gen_uqadd(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, TCGv_vec b)
{
    saturating(vece, r, sat, a, b, tcg_gen_usadd_vec, tcg_gen_add_vec);
}

void gen_sqsub(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, TCGv_vec b)
{
    saturating(vece, r, sat, a, b, tcg_gen_sssub_vec, tcg_gen_sub_vec);
}

void gen_uqsub(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, TCGv_vec b)
{
    saturating(vece, r, sat, a, b, tcg_gen_ussub_vec, tcg_gen_sub_vec);
}

// a signed, b unsigned: with a's sign bit turned over, the range is that of an unsigned addition.
void gen_suqadd(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec x = new_vec(), bias = simd_const(vece, top_bit(vece));
    tcg_gen_xor_vec(vece, x, a, bias);
    gen_uqadd(vece, x, sat, x, b);
    tcg_gen_xor_vec(vece, r, x, bias);
}

// a unsigned, b signed: what is positive in b is added, what is negative subtracted.
void gen_usqadd(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec x = new_vec(), y = new_vec(), zero = simd_const(vece, 0);
    tcg_gen_smax_vec(vece, x, b, zero);
    tcg_gen_usadd_vec(vece, x, a, x);
    tcg_gen_smin_vec(vece, y, b, zero);
    tcg_gen_neg_vec(vece, y, y);
    tcg_gen_ussub_vec(vece, x, x, y);
    tcg_gen_add_vec(vece, y, a, b);
    tcg_gen_xor_vec(vece, sat, x, y);
    tcg_gen_mov_vec(r, x);
}

// |a| is negative for the most negative number only, whose bits turned over are the greatest.
void gen_sqabs(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a)
{
    TCGv_vec x = new_vec();
    tcg_gen_abs_vec(vece, x, a);
    tcg_gen_sari_vec(vece, sat, x, width(vece) - 1);
    tcg_gen_xor_vec(vece, r, x, sat);
}

void gen_sqneg(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a)
{
    gen_sqsub(vece, r, sat, simd_const(vece, 0), a);
}

// --- doubling multiplication, high half --------------------------------------------------------------
// Only the square of the most negative number is out of range, and only it gives the most negative
// number as wrapped result.

static void clamp_square(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec x)
{
    tcg_gen_cmp_vec(TCG_COND_EQ, vece, sat, x, simd_const(vece, top_bit(vece)));
    tcg_gen_xor_vec(vece, r, x, sat);
}

void gen_sqdmulh(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec x = new_vec(), y = new_vec();
    tcg_gen_mulhs_vec(vece, x, a, b);
    tcg_gen_add_vec(vece, x, x, x);
    tcg_gen_mul_vec(vece, y, a, b);
    tcg_gen_shri_vec(vece, y, y, width(vece) - 1);
    tcg_gen_or_vec(vece, x, x, y);
    clamp_square(vece, r, sat, x);
}

void gen_sqrdmulh(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec x = new_vec();
    tcg_gen_mulhrs_vec(vece, x, a, b);
    clamp_square(vece, r, sat, x);
}

// --- shifts by a register ------------------------------------------------------------------------------
// The count is the low byte of b's lane, signed: to the left when it is positive.  TCG's shifts by
// a vector take any count and give zeros (or signs) from the lane's width on, so of the two shifts, by n
// and by -n modulo 256, the one that is not meant has a count of at least 128.

enum { SHIFT_SIGN = 1, SHIFT_ROUND = 2 };

static void shift_reg(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, TCGv_vec b, int kind)
{
    SimdFn2 *to_right = kind & SHIFT_SIGN ? tcg_gen_sarv_vec : tcg_gen_shrv_vec;
    TCGv_vec n = b, m = new_vec(), left = new_vec(), right = new_vec(), negative = new_vec();
    tcg_gen_neg_vec(vece, m, b);
    if (vece > MO_8) {
        TCGv_vec byte = simd_const(vece, 255);
        tcg_gen_and_vec(vece, n = new_vec(), b, byte);
        tcg_gen_and_vec(vece, m, m, byte);
        tcg_gen_cmp_vec(TCG_COND_GT, vece, negative, n, simd_const(vece, 127));
    } else {
        tcg_gen_cmp_vec(TCG_COND_LT, vece, negative, b, simd_const(vece, 0));
    }
    tcg_gen_shlv_vec(vece, left, a, n);
    to_right(vece, right, a, m);
    if (kind & SHIFT_ROUND) { // add the last bit that is shifted out
        TCGv_vec one = simd_const(vece, 1);
        tcg_gen_sub_vec(vece, m, m, one);
        to_right(vece, m, a, m);
        tcg_gen_and_vec(vece, m, m, one);
        tcg_gen_add_vec(vece, right, right, m);
    }
    if (sat) {
        TCGv_vec back = new_vec(), limit;
        to_right(vece, back, left, n);
        tcg_gen_cmp_vec(TCG_COND_NE, vece, back, back, a);
        tcg_gen_andc_vec(vece, sat, back, negative);
        if (kind & SHIFT_SIGN) {
            tcg_gen_sari_vec(vece, limit = new_vec(), a, width(vece) - 1);
            tcg_gen_xor_vec(vece, limit, limit, simd_const(vece, top_bit(vece) - 1));
            tcg_gen_bitsel_vec(vece, left, sat, limit, left);
        } else {
            tcg_gen_or_vec(vece, left, left, sat);
        }
    }
    tcg_gen_bitsel_vec(vece, r, negative, right, left);
}

void gen_sshl(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    shift_reg(vece, r, NULL, a, b, SHIFT_SIGN);
}

void gen_ushl(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    shift_reg(vece, r, NULL, a, b, 0);
}

void gen_srshl(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    shift_reg(vece, r, NULL, a, b, SHIFT_SIGN | SHIFT_ROUND);
}

void gen_urshl(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    shift_reg(vece, r, NULL, a, b, SHIFT_ROUND);
}

void gen_sqshl(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, TCGv_vec b)
{
    shift_reg(vece, r, sat, a, b, SHIFT_SIGN);
}

void gen_uqshl(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, TCGv_vec b)
{
    shift_reg(vece, r, sat, a, b, 0);
}

void gen_sqrshl(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, TCGv_vec b)
{
    shift_reg(vece, r, sat, a, b, SHIFT_SIGN | SHIFT_ROUND);
}

void gen_uqrshl(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, TCGv_vec b)
{
    shift_reg(vece, r, sat, a, b, SHIFT_ROUND);
}
