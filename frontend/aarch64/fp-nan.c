// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NaN results without a call: what a program that works with NaN is translated to, once it has taken more traps than
// it is worth (fp.h).  Its results are tested, and most that are NaN come of quiet ones, or of infinities: the
// rules for these are a few operations on all lanes.  Signalling NaN stay the helpers'.

#include "frontend/aarch64/fp.h"

static uint64_t sign_bit(unsigned esz) { return 1ull << ((8u << esz) - 1); }
static uint64_t infinity(unsigned esz) { return esz == MO_32 ? 0x7f800000 : 0x7ff0000000000000; }
static uint64_t quiet_bit(unsigned esz) { return esz == MO_32 ? 0x00400000 : 0x0008000000000000; }

bool fp_settles_nan(const DisasContext *s) { return !s->fp_traps && !s->fz && !s->dn; }

static TCGv_vec is_nan(unsigned esz, TCGv_vec v)
{
    TCGv_vec m = new_vec();
    tcg_gen_fabs_vec(esz, m, v);
    tcg_gen_cmp_vec(TCG_COND_GT, esz, m, m, simd_const(esz, infinity(esz)));
    return m;
}

// Branches to slow when a lane signals.  With the quiet bit turned, no other magnitude is so great.
static void br_signalling(unsigned esz, TCGv_vec v, TCGLabel *slow)
{
    TCGv_vec m = new_vec();
    tcg_gen_xor_vec(MO_64, m, v, simd_const(esz, quiet_bit(esz)));
    tcg_gen_fabs_vec(esz, m, m);
    tcg_gen_cmp_vec(TCG_COND_GT, esz, m, m, simd_const(esz, infinity(esz) | quiet_bit(esz)));
    fp_br_unlikely(fp_any_mask(esz, m), slow);
}

void fp_settle_nan2(unsigned esz, TCGv_vec r, TCGv_vec a, TCGv_vec b, TCGLabel *slow)
{
    br_signalling(esz, a, slow);
    br_signalling(esz, b, slow);
    // Made of numbers: the host's has the sign set.
    TCGv_vec m = is_nan(esz, r);
    tcg_gen_andc_vec(MO_64, m, m, is_nan(esz, a));
    tcg_gen_andc_vec(MO_64, m, m, is_nan(esz, b));
    tcg_gen_and_vec(MO_64, m, m, simd_const(esz, sign_bit(esz)));
    tcg_gen_xor_vec(MO_64, r, r, m);
}

void fp_settle_nan3(unsigned esz, TCGv_vec r, TCGv_vec addend, TCGv_vec a, TCGv_vec b,
                    TCGLabel *slow)
{
    br_signalling(esz, addend, slow);
    br_signalling(esz, a, slow);
    br_signalling(esz, b, slow);
    // inf * 0 + NaN is invalid on Arm; told by the infinity alone.
    TCGv_vec c_nan = is_nan(esz, addend), m = new_vec(), t = new_vec();
    tcg_gen_fabs_vec(esz, m, a);
    tcg_gen_fabs_vec(esz, t, b);
    tcg_gen_cmp_vec(TCG_COND_EQ, esz, m, m, simd_const(esz, infinity(esz)));
    tcg_gen_cmp_vec(TCG_COND_EQ, esz, t, t, simd_const(esz, infinity(esz)));
    tcg_gen_or_vec(MO_64, m, m, t);
    tcg_gen_and_vec(MO_64, m, m, c_nan);
    fp_br_unlikely(fp_any_mask(esz, m), slow);
    // The first NaN of addend, a, b; else the default one.
    tcg_gen_mov_vec(m, is_nan(esz, r));
    tcg_gen_bitsel_vec(MO_64, t, is_nan(esz, b), b,
                       simd_const(esz, infinity(esz) | quiet_bit(esz)));
    tcg_gen_bitsel_vec(MO_64, t, is_nan(esz, a), a, t);
    tcg_gen_bitsel_vec(MO_64, t, c_nan, addend, t);
    tcg_gen_bitsel_vec(MO_64, r, m, t, r);
}
