// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What AVX and AVX2 have beyond the VEX forms of SSE instructions (which stand with these), registers and
// plain loads: broadcasts, permutations across the halves, insertion and extraction of halves.
// Masked accesses and gathers are in avx-mem.c.

#include "vec.h"

static bool commit(DisasContext *s, TCGv_vec r)
{
    x86_vec_commit(s, r);
    return true;
}

// --- halves ----------------------------------------------------------------------------------------

// VZEROALL, VZEROUPPER; arg: all.  In 32-bit code the first eight registers.
static bool trans_vzero(DisasContext *s, int all)
{
    for (unsigned n = 0; n < (s->code64 ? 16 : 8); n++) {
        if (all) {
            tcg_gen_dupi_vec(MO_64, x86_xmm(n), 0);
        }
        x86_ymmh_clear(s, n);
    }
    return true;
}

// VBROADCASTF128, VBROADCASTI128.
static bool trans_vbroadcast128(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec v = tcg_temp_new_v128(), r = x86_vec_dest(s);
    tcg_gen_qemu_ld_vec(v, x86_op_addr(s, 1), MO_128);
    tcg_gen_concat_v128_v256(r, v, v);
    return commit(s, r);
}

// 128 bits of memory or of an XMM register.
static TCGv_vec load_128(DisasContext *s, unsigned i)
{
    if (!x86_op_is_mem(s, i)) {
        return x86_vec_reg(s, i);
    }
    TCGv_vec v = tcg_temp_new_v128();
    tcg_gen_qemu_ld_vec(v, x86_op_addr(s, i), MO_128);
    return v;
}

static bool trans_vinsert128(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec a = x86_vec_load(s, 1, 0), b = load_128(s, 2), r = x86_vec_dest(s);
    if (x86_imm8(s, 3) & 1) {
        tcg_gen_concat_v128_v256(r, x86_vec_half(a, 0), b);
    } else {
        tcg_gen_concat_v128_v256(r, b, x86_vec_half(a, 1));
    }
    return commit(s, r);
}

static bool trans_vextract128(DisasContext *s, int arg)
{
    (void)arg;
    unsigned n = x86_op_regno(s, 1);
    TCGv_vec half = x86_imm8(s, 2) & 1 ? x86_ymmh(n) : x86_xmm(n);
    if (x86_op_is_mem(s, 0)) {
        tcg_gen_qemu_st_vec(half, x86_op_addr(s, 0), MO_128);
        return true;
    }
    return commit(s, half);
}

// VPERM2F128, VPERM2I128: each half is one of the four, or zero.
static bool trans_vperm2(DisasContext *s, int arg)
{
    (void)arg;
    unsigned imm = x86_imm8(s, 3);
    uint8_t index[4];
    for (unsigned i = 0; i < 4; i++) {
        unsigned ctl = i < 2 ? imm : imm >> 4;
        index[i] = (uint8_t)(ctl & 8 ? 0xff : (ctl & 3) * 2 + (i & 1));
    }
    TCGv_vec a = x86_vec_load(s, 1, 0), b = x86_vec_load(s, 2, 0), r = x86_vec_dest(s);
    tcg_gen_shuffle_vec(MO_64, r, a, b, index);
    return commit(s, r);
}

// --- broadcasts of a lane --------------------------------------------------------------------------

static bool trans_vbroadcast(DisasContext *s, int vece)
{
    TCGv_vec r = x86_vec_dest(s);
    TCGv_i64 v;
    if (x86_op_is_mem(s, 1)) {
        v = x86_op_load(s, 1);
    } else if (!x86_has_feature(s, X86_FEAT_AVX2)) {
        return false; // AVX has the memory forms alone
    } else {
        v = tcg_temp_new_i64();
        tcg_gen_extract_vec_i64((unsigned)vece, v, x86_vec_reg(s, 1), 0);
    }
    tcg_gen_dup_vec((unsigned)vece, r, v);
    return commit(s, r);
}

// --- permutations ----------------------------------------------------------------------------------

// VPERMQ, VPERMPD.
static bool trans_vpermq(DisasContext *s, int arg)
{
    (void)arg;
    unsigned imm = x86_imm8(s, 2);
    uint8_t index[4];
    for (unsigned i = 0; i < 4; i++) {
        index[i] = imm >> (2 * i) & 3;
    }
    TCGv_vec b = x86_vec_load(s, 1, 0), r = x86_vec_dest(s);
    tcg_gen_shuffle_vec(MO_64, r, b, b, index);
    return commit(s, r);
}

// VPERMD, VPERMPS: operand 1 has the numbers.
static bool trans_vpermd(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec index = x86_vec_load(s, 1, 0), v = x86_vec_load(s, 2, 0), r = x86_vec_dest(s);
    tcg_gen_perm_vec(MO_32, r, v, index);
    return commit(s, r);
}

static bool trans_vpermilps(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec v = x86_vec_load(s, 1, 0), r = x86_vec_dest(s);
    if (s->op[2].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        uint8_t index[8];
        for (unsigned i = 0; i < 8; i++) {
            index[i] = x86_imm8(s, 2) >> (2 * (i & 3)) & 3;
        }
        x86_vec_shuffle(MO_32, r, v, v, index);
        return commit(s, r);
    }
    TCGv_vec n = x86_vec_load(s, 2, 0);
    if (x86_is_256(s)) { // numbers within the half: + 4 in the upper one
        static const uint32_t base[8] = {0, 0, 0, 0, 4, 4, 4, 4};
        TCGv_vec low = tcg_temp_new_v256(), at = tcg_temp_new_v256();
        tcg_gen_dupi_vec(MO_32, low, 3);
        tcg_gen_and_vec(MO_64, low, low, n);
        tcg_gen_movi_vec(at, base);
        tcg_gen_or_vec(MO_64, at, at, low);
        n = at;
    }
    tcg_gen_perm_vec(MO_32, r, v, n);
    return commit(s, r);
}

// Bit 1 of each 64-bit lane chooses.
static bool trans_vpermilpd(DisasContext *s, int arg)
{
    (void)arg;
    static const uint8_t low[] = {0, 0, 0, 0}, high[] = {1, 1, 1, 1};
    TCGv_vec v = x86_vec_load(s, 1, 0), r = x86_vec_dest(s);
    if (s->op[2].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        uint8_t index[4];
        for (unsigned i = 0; i < 4; i++) {
            index[i] = x86_imm8(s, 2) >> i & 1;
        }
        x86_vec_shuffle(MO_64, r, v, v, index);
        return commit(s, r);
    }
    TCGv_vec n = x86_vec_load(s, 2, 0), mask = x86_vec_temp_like(r);
    TCGv_vec x = x86_vec_temp_like(r), y = x86_vec_temp_like(r);
    tcg_gen_shli_vec(MO_64, mask, n, 62);
    tcg_gen_sari_vec(MO_64, mask, mask, 63);
    x86_vec_shuffle(MO_64, x, v, v, low);
    x86_vec_shuffle(MO_64, y, v, v, high);
    tcg_gen_bitsel_vec(MO_64, r, mask, y, x);
    return commit(s, r);
}

// clang-format off
#define ROW X86_ROW
const X86Row x86_rows_avx[] = {
    ROW(VZEROALL, vzero, 1, AVX), ROW(VZEROUPPER, vzero, 0, AVX),
    ROW(VBROADCASTF128, vbroadcast128, 0, AVX), ROW(VBROADCASTI128, vbroadcast128, 0, AVX2),
    ROW(VINSERTF128, vinsert128, 0, AVX), ROW(VINSERTI128, vinsert128, 0, AVX2),
    ROW(VEXTRACTF128, vextract128, 0, AVX), ROW(VEXTRACTI128, vextract128, 0, AVX2),
    ROW(VPERM2F128, vperm2, 0, AVX), ROW(VPERM2I128, vperm2, 0, AVX2),
    ROW(VPBROADCASTB, vbroadcast, MO_8, AVX2), ROW(VPBROADCASTW, vbroadcast, MO_16, AVX2),
    ROW(VPBROADCASTD, vbroadcast, MO_32, AVX2), ROW(VPBROADCASTQ, vbroadcast, MO_64, AVX2),
    ROW(VBROADCASTSS, vbroadcast, MO_32, AVX), ROW(VBROADCASTSD, vbroadcast, MO_64, AVX),
    ROW(VPERMQ, vpermq, 0, AVX2), ROW(VPERMPD, vpermq, 0, AVX2),
    ROW(VPERMD, vpermd, 0, AVX2), ROW(VPERMPS, vpermd, 0, AVX2),
    ROW(VPERMILPS, vpermilps, 0, AVX), ROW(VPERMILPD, vpermilpd, 0, AVX),
};
// clang-format on
const size_t x86_rows_avx_count = sizeof x86_rows_avx / sizeof *x86_rows_avx;
