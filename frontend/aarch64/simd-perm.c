// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// AdvSIMD: lanes copied, permuted, looked up in tables; the modified immediate.

#include "frontend/aarch64/simd.h"

// --- copy -----------------------------------------------------------------------------------------------

// imm5 holds the lane's number above the lowest bit that is set, whose place is the lane size.
static bool copy_lane(const arg_vcopy *a, unsigned *esz, unsigned *lane)
{
    if (!(a->imm5 & 15)) {
        return false;
    }
    *esz = (unsigned)__builtin_ctz((unsigned)a->imm5);
    *lane = (unsigned)a->imm5 >> (*esz + 1);
    return true;
}

bool trans_DUP_elem(DisasContext *s, arg_DUP_elem *a)
{
    (void)s;
    unsigned esz, lane;
    if (!copy_lane(a, &esz, &lane) || !simd_size_ok(a->q, (int)esz, SZ_BHSD)) {
        return false;
    }
    unsigned bytes = simd_bytes(a->q, (int)esz);
    uint8_t index[16];
    for (unsigned i = 0; i < 16u >> esz; i++) {
        index[i] = i < bytes >> esz ? (uint8_t)lane : 0xff;
    }
    if (bytes == 16) {
        tcg_gen_dupl_vec(esz, a64_v(a->rd), a64_v(a->rn), lane);
    } else {
        tcg_gen_shuffle_vec(esz, a64_v(a->rd), a64_v(a->rn), a64_v(a->rn), index);
    }
    return true;
}

bool trans_DUP_gen(DisasContext *s, arg_DUP_gen *a)
{
    (void)s;
    unsigned esz, lane;
    if (!copy_lane(a, &esz, &lane) || !simd_size_ok(a->q, (int)esz, SZ_BHSD)) {
        return false;
    }
    unsigned bytes = simd_bytes(a->q, (int)esz);
    TCGv_vec r = simd_dest(a->rd, bytes);
    tcg_gen_dup_vec(esz, r, a64_x(a->rn));
    simd_write(a->rd, r, bytes);
    return true;
}

bool trans_INS_gen(DisasContext *s, arg_INS_gen *a)
{
    (void)s;
    unsigned esz, lane;
    if (!copy_lane(a, &esz, &lane)) {
        return false;
    }
    tcg_gen_insert_vec_i64(esz, a64_v(a->rd), a64_v(a->rd), a64_x(a->rn), lane);
    return true;
}

bool trans_INS_elem(DisasContext *s, arg_INS_elem *a)
{
    (void)s;
    unsigned esz, lane;
    if (!copy_lane(a, &esz, &lane)) {
        return false;
    }
    uint8_t index[16];
    unsigned n = 16u >> esz;
    for (unsigned i = 0; i < n; i++) {
        index[i] = (uint8_t)(i == lane ? n + ((unsigned)a->imm4 >> esz) : i);
    }
    tcg_gen_shuffle_vec(esz, a64_v(a->rd), a64_v(a->rd), a64_v(a->rn), index);
    return true;
}

static bool do_mov_to_gen(DisasContext *s, arg_vcopy *a, unsigned sizes32, unsigned sizes64,
                          bool sign)
{
    (void)s;
    unsigned esz, lane;
    if (!copy_lane(a, &esz, &lane) || !((a->q ? sizes64 : sizes32) >> esz & 1)) {
        return false;
    }
    TCGv_i64 d = a64_xdest(a->rd);
    tcg_gen_extract_vec_i64(esz, d, a64_v(a->rn), lane);
    if (sign) {
        tcg_gen_sextract_i64(d, d, 0, 8u << esz);
        if (!a->q) {
            tcg_gen_ext32u_i64(d, d);
        }
    }
    return true;
}

TRANS(SMOV, do_mov_to_gen, SZ_B | SZ_H, SZ_BHS, true)
TRANS(UMOV, do_mov_to_gen, SZ_BHS, SZ_D, false)

// --- permute, extract -----------------------------------------------------------------------------------

// The source of lane i of n: below n in the first operand, from n on in the second.
static unsigned permute_from(SimdPermute how, unsigned i, unsigned n)
{
    switch (how) {
    case UZP1: return 2 * i;
    case UZP2: return 2 * i + 1;
    case TRN1: return (i & ~1u) + (i & 1 ? n : 0);
    case TRN2: return (i | 1) + (i & 1 ? n : 0);
    case ZIP1: return i / 2 + (i & 1 ? n : 0);
    default: return i / 2 + n / 2 + (i & 1 ? n : 0);
    }
}

void gen_permute(SimdPermute how, unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b, int q)
{
    uint8_t index[16];
    unsigned all = 16u >> vece, n = q == FORM_128 ? all : all / 2;
    for (unsigned i = 0; i < all; i++) {
        unsigned from = permute_from(how, i, n);
        index[i] = i >= n ? 0xff : (uint8_t)(from < n ? from : from - n + all);
    }
    tcg_gen_shuffle_vec(vece, r, a, b, index);
}

static bool do_permute(DisasContext *s, arg_vrrr *a, SimdPermute how)
{
    (void)s;
    if (!simd_size_ok(a->q, a->esz, SZ_BHSD)) {
        return false;
    }
    gen_permute(how, a->esz, a64_v(a->rd), a64_v(a->rn), a64_v(a->rm), a->q);
    return true;
}

TRANS(UZP1_v, do_permute, UZP1)
TRANS(UZP2_v, do_permute, UZP2)
TRANS(TRN1_v, do_permute, TRN1)
TRANS(TRN2_v, do_permute, TRN2)
TRANS(ZIP1_v, do_permute, ZIP1)
TRANS(ZIP2_v, do_permute, ZIP2)

bool trans_EXT(DisasContext *s, arg_EXT *a)
{
    (void)s;
    unsigned n = a->q == FORM_128 ? 16 : 8;
    if ((unsigned)a->imm >= n) {
        return false;
    }
    uint8_t index[16];
    for (unsigned i = 0; i < 16; i++) {
        unsigned from = i + (unsigned)a->imm;
        index[i] = i >= n ? 0xff : (uint8_t)(from < n ? from : from - n + 16);
    }
    tcg_gen_shuffle_vec(MO_8, a64_v(a->rd), a64_v(a->rn), a64_v(a->rm), index);
    return true;
}

// --- tables ---------------------------------------------------------------------------------------------

// tbl_vec gives 0 for an index of 16 or more; minus 16k, so do those that are below.
static bool do_tbl(DisasContext *s, arg_vtbl *a, bool keep)
{
    (void)s;
    unsigned bytes = a->q == FORM_128 ? 16 : 8, tables = (unsigned)a->len + 1;
    TCGv_vec r = new_vec(), index = new_vec(), x = new_vec(), m = a64_v(a->rm);
    tcg_gen_tbl_vec(MO_8, r, a64_v(a->rn), m);
    for (unsigned i = 1; i < tables; i++) {
        tcg_gen_sub_vec(MO_8, index, m, simd_const(MO_8, 16 * i));
        tcg_gen_tbl_vec(MO_8, x, a64_v(((unsigned)a->rn + i) & 31), index);
        tcg_gen_or_vec(MO_8, r, r, x);
    }
    if (keep) {
        tcg_gen_cmp_vec(TCG_COND_LTU, MO_8, x, m, simd_const(MO_8, 16 * tables));
        tcg_gen_bitsel_vec(MO_8, r, x, r, a64_v(a->rd));
    }
    simd_write(a->rd, r, bytes);
    return true;
}

TRANS(TBL, do_tbl, false)
TRANS(TBX, do_tbl, true)

// --- modified immediate ---------------------------------------------------------------------------------

// An eight-bit FP constant: sign, exponent of three bits, fraction of four.
static uint64_t fp_imm(unsigned esz, unsigned imm8)
{
    static const unsigned exponent[] = {[MO_16] = 5, [MO_32] = 8, [MO_64] = 11};
    unsigned e = exponent[esz], f = (8u << esz) - 1 - e;
    uint64_t sign = imm8 >> 7, b = imm8 >> 6 & 1, low = imm8 & 63;
    uint64_t middle = b ? (1ull << (e - 3)) - 1 : 0;
    return sign << (e + f) | (b ^ 1) << (e + f - 1) | middle << (f + 2) | low << (f - 4);
}

// AdvSIMDExpandImm
static uint64_t expand_imm(const arg_vimm *a)
{
    uint64_t imm8 = (uint64_t)a->abc << 5 | (uint64_t)a->defgh;
    unsigned cmode = (unsigned)a->cmode;
    if (cmode < 8) { // 32-bit lanes, a byte in place cmode<2:1>
        return (imm8 << (cmode / 2 * 8)) * 0x100000001ull;
    }
    if (cmode < 12) {
        return (imm8 << (cmode & 2 ? 8 : 0)) * 0x0001000100010001ull;
    }
    switch (cmode) {
    case 12: return (imm8 << 8 | 0xff) * 0x100000001ull; // shifting ones
    case 13: return (imm8 << 16 | 0xffff) * 0x100000001ull;
    case 14: {
        if (!a->op) {
            return imm8 * 0x0101010101010101ull;
        }
        uint64_t v = 0;
        for (unsigned i = 0; i < 8; i++) {
            v |= (imm8 >> i & 1 ? 0xffull : 0) << (8 * i);
        }
        return v;
    }
    default:
        return a->op ? fp_imm(MO_64, (unsigned)imm8)
                     : fp_imm(MO_32, (unsigned)imm8) * 0x100000001ull;
    }
}

static void write_imm(const arg_vimm *a, uint64_t v)
{
    uint64_t both[2] = {v, a->q == FORM_128 ? v : 0};
    tcg_gen_movi_vec(a64_v(a->rd), both);
}

bool trans_VIMM(DisasContext *s, arg_VIMM *a)
{
    (void)s;
    if (a->cmode == 15 && a->op && a->q == FORM_64) {
        return false;
    }
    uint64_t v = expand_imm(a);
    if (a->cmode < 12 && a->cmode & 1) { // ORR, BIC
        unsigned bytes = a->q == FORM_128 ? 16 : 8;
        TCGv_vec r = simd_dest(a->rd, bytes);
        (a->op ? tcg_gen_andc_vec : tcg_gen_or_vec)(MO_64, r, a64_v(a->rd), simd_const(MO_64, v));
        simd_write(a->rd, r, bytes);
    } else { // MVNI for op, but where op makes another constant
        write_imm(a, a->op && a->cmode < 14 ? ~v : v);
    }
    return true;
}

bool trans_FMOV_h(DisasContext *s, arg_FMOV_h *a)
{
    if (!a64_has_feature(s, ARM_FEAT_FP16)) {
        return false;
    }
    write_imm(a, fp_imm(MO_16, (unsigned)a->abc << 5 | (unsigned)a->defgh) * 0x0001000100010001ull);
    return true;
}
