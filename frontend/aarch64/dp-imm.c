// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Data processing with an immediate (Arm ARM C4.1.2).
//
// The workers of ADD, AND and their kin stand in dp.h, for the register forms need them too.

#include "frontend/aarch64/dp.h"

// --- addresses, wide moves ---------------------------------------------------------------------------

bool trans_ADR(DisasContext *s, arg_ADR *a)
{
    tcg_gen_movi_i64(a64_xdest(a->rd), (int64_t)s->pc + a->imm);
    return true;
}

bool trans_ADRP(DisasContext *s, arg_ADRP *a)
{
    tcg_gen_movi_i64(a64_xdest(a->rd), (int64_t)(s->pc & ~0xfffull) + (int64_t)a->imm * 4096);
    return true;
}

static bool movw_ok(const arg_movw *a) { return a->sf || a->hw < 2; }

bool trans_MOVZ(DisasContext *s, arg_MOVZ *a)
{
    (void)s;
    if (!movw_ok(a)) {
        return false;
    }
    tcg_gen_movi_i64(a64_xdest(a->rd), (int64_t)((uint64_t)a->imm << (16 * a->hw)));
    return true;
}

bool trans_MOVN(DisasContext *s, arg_MOVN *a)
{
    (void)s;
    if (!movw_ok(a)) {
        return false;
    }
    uint64_t v = ~((uint64_t)a->imm << (16 * a->hw));
    tcg_gen_movi_i64(a64_xdest(a->rd), (int64_t)(a->sf ? v : (uint32_t)v));
    return true;
}

bool trans_MOVK(DisasContext *s, arg_MOVK *a)
{
    (void)s;
    if (!movw_ok(a)) {
        return false;
    }
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_deposit_i64(t, a64_x(a->rd), tcg_constant_i64(a->imm), 16 * a->hw, 16);
    a64_write(a->rd, a->sf, t);
    return true;
}

// --- arithmetic --------------------------------------------------------------------------------------

static bool addsub_i(DisasContext *s, arg_rr_imm *a, bool sub)
{
    if (!a->sf || a->rn != A64_SP || (a->imm & 15)) {
        a64_sp_written(s, a->rd);
    }
    TCGv_i64 r = tcg_temp_new_i64();
    tcg_gen_addi_i64(r, a64_xsp(a->rn), sub ? -(int64_t)a->imm : a->imm);
    if (a->sf) {
        tcg_gen_mov_i64(a64_xsp(a->rd), r);
    } else {
        tcg_gen_ext32u_i64(a64_xsp(a->rd), r);
    }
    return true;
}

static bool addsubs_i(DisasContext *s, arg_rr_imm *a, bool sub)
{
    a64_gen_addsub_flags(s, a->rd, a->sf, sub, a64_xsp(a->rn), tcg_constant_i64(a->imm));
    return true;
}

A64_TRANS(ADD_i, addsub_i, false)
A64_TRANS(SUB_i, addsub_i, true)
A64_TRANS(ADDS_i, addsubs_i, false)
A64_TRANS(SUBS_i, addsubs_i, true)

// --- logic -------------------------------------------------------------------------------------------

// DecodeBitMasks: a run of S + 1 ones in an element of 2 to 64 bits, rotated right by R, repeated.
bool a64_bit_mask(unsigned n, unsigned imms, unsigned immr, uint64_t *mask)
{
    unsigned which = n << 6 | (~imms & 0x3f);
    if (which < 2) {
        return false;
    }
    unsigned size = 1u << (31 - __builtin_clz(which));
    unsigned ones = (imms & (size - 1)) + 1, rotate = immr & (size - 1);
    if (ones == size) {
        return false;
    }
    uint64_t element = (1ull << ones) - 1, whole = ~0ull >> (64 - size);
    if (rotate) {
        element = (element >> rotate | element << (size - rotate)) & whole;
    }
    for (; size < 64; size *= 2) {
        element |= element << size;
    }
    *mask = element;
    return true;
}

static bool logic_i(DisasContext *s, arg_logic_imm *a, A64Op *op, bool flags)
{
    uint64_t mask;
    if ((!a->sf && a->n) || !a64_bit_mask(a->n, a->imms, a->immr, &mask)) {
        return false;
    }
    TCGv_i64 r = tcg_temp_new_i64();
    op(r, a64_x(a->rn), tcg_constant_i64((int64_t)(a->sf ? mask : (uint32_t)mask)));
    if (flags) {
        a64_gen_logic_flags(s, a->rd, a->sf, r);
        return true;
    }
    a64_sp_written(s, a->rd);
    if (a->sf) {
        tcg_gen_mov_i64(a64_xsp(a->rd), r);
    } else {
        tcg_gen_ext32u_i64(a64_xsp(a->rd), r);
    }
    return true;
}

A64_TRANS(AND_i, logic_i, tcg_gen_and_i64, false)
A64_TRANS(ORR_i, logic_i, tcg_gen_or_i64, false)
A64_TRANS(EOR_i, logic_i, tcg_gen_xor_i64, false)
A64_TRANS(ANDS_i, logic_i, tcg_gen_and_i64, true)

// --- bit fields --------------------------------------------------------------------------------------

bool trans_UBFM(DisasContext *s, arg_UBFM *a)
{
    unsigned width = a->sf ? 64 : 32, r = a->immr, top = a->imms;
    TCGv_i64 t = tcg_temp_new_i64();
    (void)s;
    if (top >= r) {
        tcg_gen_extract_i64(t, a64_x(a->rn), r, top - r + 1);
    } else {
        tcg_gen_extract_i64(t, a64_x(a->rn), 0, top + 1);
        tcg_gen_shli_i64(t, t, width - r);
    }
    tcg_gen_mov_i64(a64_xdest(a->rd), t);
    return true;
}

bool trans_SBFM(DisasContext *s, arg_SBFM *a)
{
    unsigned width = a->sf ? 64 : 32, r = a->immr, top = a->imms;
    TCGv_i64 t = tcg_temp_new_i64();
    (void)s;
    if (top >= r) {
        tcg_gen_sextract_i64(t, a64_x(a->rn), r, top - r + 1);
    } else {
        tcg_gen_sextract_i64(t, a64_x(a->rn), 0, top + 1);
        tcg_gen_shli_i64(t, t, width - r);
    }
    a64_write(a->rd, a->sf, t);
    return true;
}

bool trans_BFM(DisasContext *s, arg_BFM *a)
{
    unsigned width = a->sf ? 64 : 32, r = a->immr, top = a->imms;
    TCGv_i64 t = tcg_temp_new_i64();
    (void)s;
    if (top >= r) {
        tcg_gen_shri_i64(t, a64_x(a->rn), r);
        tcg_gen_deposit_i64(t, a64_x(a->rd), t, 0, top - r + 1);
    } else {
        tcg_gen_deposit_i64(t, a64_x(a->rd), a64_x(a->rn), width - r, top + 1);
    }
    a64_write(a->rd, a->sf, t);
    return true;
}

bool trans_EXTR(DisasContext *s, arg_EXTR *a)
{
    TCGv_i64 t = tcg_temp_new_i64();
    (void)s;
    if (a->sf) {
        if (a->imm == 0) {
            tcg_gen_mov_i64(t, a64_x(a->rm));
        } else if (a->rn == a->rm) {
            tcg_gen_rotri_i64(t, a64_x(a->rn), a->imm);
        } else {
            tcg_gen_extract2_i64(t, a64_x(a->rm), a64_x(a->rn), a->imm);
        }
    } else {
        tcg_gen_deposit_i64(t, a64_x(a->rm), a64_x(a->rn), 32, 32);
        tcg_gen_shri_i64(t, t, a->imm);
    }
    a64_write(a->rd, a->sf, t);
    return true;
}
