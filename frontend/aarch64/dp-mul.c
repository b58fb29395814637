// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Multiplication, division, CRC32, bit counts and reversals.

#include "frontend/aarch64/dp.h"
#include "frontend/aarch64/helpers.h"

static TCGv_i64 temp(void) { return tcg_temp_new_i64(); }

// --- multiplication ----------------------------------------------------------------------------------

static bool madd(DisasContext *s, arg_madd *a, bool sub)
{
    (void)s;
    TCGv_i64 t = temp();
    tcg_gen_mul_i64(t, a64_x(a->rn), a64_x(a->rm));
    if (sub || a->ra != A64_ZR) {
        (sub ? tcg_gen_sub_i64 : tcg_gen_add_i64)(t, a64_x(a->ra), t);
    }
    a64_write(a->rd, a->sf, t);
    return true;
}

A64_TRANS(MADD, madd, false)
A64_TRANS(MSUB, madd, true)

static bool maddl(DisasContext *s, arg_madd *a, bool sign, bool sub)
{
    (void)s;
    TCGv_i64 t = temp();
    TCGv_i64 (*read)(unsigned n, bool sf) = sign ? a64_read_sx : a64_read_zx;
    tcg_gen_mul_i64(t, read(a->rn, false), read(a->rm, false));
    if (sub || a->ra != A64_ZR) {
        (sub ? tcg_gen_sub_i64 : tcg_gen_add_i64)(t, a64_x(a->ra), t);
    }
    tcg_gen_mov_i64(a64_xdest(a->rd), t);
    return true;
}

A64_TRANS(SMADDL, maddl, true, false)
A64_TRANS(SMSUBL, maddl, true, true)
A64_TRANS(UMADDL, maddl, false, false)
A64_TRANS(UMSUBL, maddl, false, true)

static bool mulh(DisasContext *s, arg_rrr_sf *a, A64Op *op)
{
    (void)s;
    op(a64_xdest(a->rd), a64_x(a->rn), a64_x(a->rm));
    return true;
}

A64_TRANS(SMULH, mulh, tcg_gen_mulsh_i64)
A64_TRANS(UMULH, mulh, tcg_gen_muluh_i64)

// --- division: by 0 gives 0, the one overflow wraps -------------------------------------------------

static TCGv_i32 low32(int n)
{
    TCGv_i32 t = tcg_temp_new_i32();
    tcg_gen_extrl_i64_i32(t, a64_x((unsigned)n));
    return t;
}

bool trans_UDIV(DisasContext *s, arg_UDIV *a)
{
    (void)s;
    if (a->sf) {
        TCGv_i64 zero = tcg_constant_i64(0), d = temp(), q = temp(), m = a64_x(a->rm);
        tcg_gen_movcond_i64(TCG_COND_EQ, d, m, zero, tcg_constant_i64(1), m);
        tcg_gen_divu_i64(q, a64_x(a->rn), d);
        tcg_gen_movcond_i64(TCG_COND_EQ, q, m, zero, zero, q);
        tcg_gen_mov_i64(a64_xdest(a->rd), q);
    } else {
        TCGv_i32 zero = tcg_constant_i32(0), m = low32(a->rm), n = low32(a->rn);
        TCGv_i32 d = tcg_temp_new_i32(), q = tcg_temp_new_i32();
        tcg_gen_movcond_i32(TCG_COND_EQ, d, m, zero, tcg_constant_i32(1), m);
        tcg_gen_divu_i32(q, n, d);
        tcg_gen_movcond_i32(TCG_COND_EQ, q, m, zero, zero, q);
        tcg_gen_extu_i32_i64(a64_xdest(a->rd), q);
    }
    return true;
}

// A divisor of 0 or -1 is taken for 1; then the quotient by 0 is cleared, the one by -1 negated.
bool trans_SDIV(DisasContext *s, arg_SDIV *a)
{
    (void)s;
    if (a->sf) {
        TCGv_i64 zero = tcg_constant_i64(0), one = tcg_constant_i64(1), m = a64_x(a->rm);
        TCGv_i64 d = temp(), q = temp(), t = temp();
        tcg_gen_addi_i64(t, m, 1);
        tcg_gen_movcond_i64(TCG_COND_LEU, d, t, one, one, m);
        tcg_gen_div_i64(q, a64_x(a->rn), d);
        tcg_gen_neg_i64(t, q);
        tcg_gen_movcond_i64(TCG_COND_EQ, q, m, tcg_constant_i64(-1), t, q);
        tcg_gen_movcond_i64(TCG_COND_EQ, q, m, zero, zero, q);
        tcg_gen_mov_i64(a64_xdest(a->rd), q);
    } else {
        TCGv_i32 zero = tcg_constant_i32(0), one = tcg_constant_i32(1), m = low32(a->rm);
        TCGv_i32 n = low32(a->rn), d = tcg_temp_new_i32(), q = tcg_temp_new_i32();
        TCGv_i32 t = tcg_temp_new_i32();
        tcg_gen_addi_i32(t, m, 1);
        tcg_gen_movcond_i32(TCG_COND_LEU, d, t, one, one, m);
        tcg_gen_div_i32(q, n, d);
        tcg_gen_neg_i32(t, q);
        tcg_gen_movcond_i32(TCG_COND_EQ, q, m, tcg_constant_i32(-1), t, q);
        tcg_gen_movcond_i32(TCG_COND_EQ, q, m, zero, zero, q);
        tcg_gen_extu_i32_i64(a64_xdest(a->rd), q);
    }
    return true;
}

// --- CRC32 -------------------------------------------------------------------------------------------

bool trans_CRC32(DisasContext *s, arg_CRC32 *a)
{
    if (!a64_has_feature(s, ARM_FEAT_CRC32)) {
        return false;
    }
    TCGv_i64 r = temp();
    TCGv_i32 bytes = tcg_constant_i32(1 << a->sz);
    if (a->c) {
        gen_helper_a64_crc32c(r, a64_x(a->rn), a64_x(a->rm), bytes);
    } else {
        gen_helper_a64_crc32(r, a64_x(a->rn), a64_x(a->rm), bytes);
    }
    tcg_gen_mov_i64(a64_xdest(a->rd), r);
    return true;
}

// --- bits --------------------------------------------------------------------------------------------

bool trans_RBIT(DisasContext *s, arg_RBIT *a)
{
    (void)s;
    TCGv_i64 t = temp();
    tcg_gen_bitrev_i64(t, a64_x(a->rn));
    if (!a->sf) {
        tcg_gen_shri_i64(t, t, 32);
    }
    tcg_gen_mov_i64(a64_xdest(a->rd), t);
    return true;
}

bool trans_REV16(DisasContext *s, arg_REV16 *a)
{
    (void)s;
    TCGv_i64 t = temp(), u = temp(), mask = tcg_constant_i64(0x00ff00ff00ff00ff);
    tcg_gen_shri_i64(t, a64_x(a->rn), 8);
    tcg_gen_and_i64(t, t, mask);
    tcg_gen_and_i64(u, a64_x(a->rn), mask);
    tcg_gen_shli_i64(u, u, 8);
    tcg_gen_or_i64(t, t, u);
    a64_write(a->rd, a->sf, t);
    return true;
}

bool trans_REV32(DisasContext *s, arg_REV32 *a)
{
    (void)s;
    TCGv_i64 t = temp();
    if (a->sf) {
        tcg_gen_bswap64_i64(t, a64_x(a->rn));
        tcg_gen_rotri_i64(t, t, 32);
    } else {
        tcg_gen_bswap32_i64(t, a64_x(a->rn));
    }
    tcg_gen_mov_i64(a64_xdest(a->rd), t);
    return true;
}

bool trans_REV64(DisasContext *s, arg_REV64 *a)
{
    (void)s;
    tcg_gen_bswap64_i64(a64_xdest(a->rd), a64_x(a->rn));
    return true;
}

static void count_leading(TCGv_i64 r, TCGv_i64 v, bool sf)
{
    if (sf) {
        tcg_gen_clzi_i64(r, v, 64);
    } else {
        TCGv_i32 t = tcg_temp_new_i32();
        tcg_gen_extrl_i64_i32(t, v);
        tcg_gen_clzi_i32(t, t, 32);
        tcg_gen_extu_i32_i64(r, t);
    }
}

bool trans_CLZ(DisasContext *s, arg_CLZ *a)
{
    (void)s;
    TCGv_i64 t = temp();
    count_leading(t, a64_x(a->rn), a->sf);
    tcg_gen_mov_i64(a64_xdest(a->rd), t);
    return true;
}

// Bits below the sign that are like it: where neighbours differ first.
bool trans_CLS(DisasContext *s, arg_CLS *a)
{
    (void)s;
    TCGv_i64 t = temp(), v = a64_read_sx(a->rn, a->sf);
    tcg_gen_sari_i64(t, v, 1);
    tcg_gen_xor_i64(t, t, v);
    count_leading(t, t, a->sf);
    tcg_gen_subi_i64(t, t, 1);
    tcg_gen_mov_i64(a64_xdest(a->rd), t);
    return true;
}
