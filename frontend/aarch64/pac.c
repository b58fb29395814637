// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pointer authentication.  In a model without it, what stands in the hint space does nothing and the rest is
// undefined.

#include "frontend/aarch64/helpers.h"
#include "frontend/aarch64/translate.h"

enum { X_LR = 30 };

static bool has(const DisasContext *s) { return a64_has_feature(s, ARM_FEAT_PAUTH); }

// r = pointer with its code added, or with it checked and taken away.
static void gen_code(TCGv_i64 r, bool auth, TCGv_i64 pointer, TCGv_i64 modifier, unsigned key)
{
    (auth ? gen_helper_a64_pac_auth : gen_helper_a64_pac_add)(r, tcg_env(), pointer, modifier,
                                                              tcg_constant_i32((int32_t)key));
}

static TCGv_i64 authenticated(TCGv_i64 pointer, TCGv_i64 modifier, unsigned key)
{
    TCGv_i64 t = tcg_temp_new_i64();
    gen_code(t, true, pointer, modifier, key);
    return t;
}

// The code's place gets copies of bit 55.
static void gen_strip(TCGv_i64 r, TCGv_i64 pointer)
{
    const int64_t mask = 0x007f000000000000;
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_sextract_i64(t, pointer, 55, 1);
    tcg_gen_andi_i64(t, t, mask);
    tcg_gen_andi_i64(r, pointer, ~mask);
    tcg_gen_or_i64(r, r, t);
}

// --- hints -------------------------------------------------------------------------------------------

bool trans_XPACLRI(DisasContext *s, arg_XPACLRI *a)
{
    (void)a;
    if (has(s)) {
        gen_strip(a64_xdest(X_LR), a64_x(X_LR));
    }
    return true;
}

// form: 0 X17 with X16; 2 X30 with 0; 3 X30 with SP.
bool trans_PAC_hint(DisasContext *s, arg_PAC_hint *a)
{
    if (has(s)) {
        unsigned r = a->form ? X_LR : 17;
        TCGv_i64 modifier = a->form == 0   ? a64_x(16)
                            : a->form == 2 ? tcg_constant_i64(0)
                                           : a64_xsp(A64_SP);
        gen_code(a64_xdest(r), a->auth, a64_x(r), modifier, a->key);
    }
    return true;
}

// --- any register --------------------------------------------------------------------------------------

bool trans_PAC(DisasContext *s, arg_PAC *a)
{
    if (!has(s)) {
        return false;
    }
    gen_code(a64_xdest(a->rd), a->auth, a64_x(a->rd), a->z ? tcg_constant_i64(0) : a64_xsp(a->rn),
             a->key);
    return true;
}

bool trans_XPAC(DisasContext *s, arg_XPAC *a)
{
    if (!has(s)) {
        return false;
    }
    gen_strip(a64_xdest(a->rd), a64_x(a->rd));
    return true;
}

bool trans_PACGA(DisasContext *s, arg_PACGA *a)
{
    if (!has(s)) {
        return false;
    }
    gen_helper_a64_pac_generic(a64_xdest(a->rd), tcg_env(), a64_x(a->rn), a64_xsp(a->rm));
    return true;
}

// --- branches, loads -----------------------------------------------------------------------------------

bool trans_RETA(DisasContext *s, arg_RETA *a)
{
    if (!has(s)) {
        return false;
    }
    a64_gen_indirect(s, authenticated(a64_x(X_LR), a64_xsp(A64_SP), a->key));
    return true;
}

bool trans_BRA(DisasContext *s, arg_BRA *a)
{
    if (!has(s)) {
        return false;
    }
    a64_gen_indirect(
        s, authenticated(a64_x(a->rn), a->z ? tcg_constant_i64(0) : a64_xsp(a->rm), a->key));
    if (a->link) {
        tcg_gen_movi_i64(a64_xdest(X_LR), (int64_t)(s->pc + 4));
    }
    return true;
}

bool trans_LDRA(DisasContext *s, arg_LDRA *a)
{
    if (!has(s)) {
        return false;
    }
    TCGv_i64 at = tcg_temp_new_i64(), value = tcg_temp_new_i64();
    a64_check_base(s, a->rn);
    gen_code(at, true, a64_xsp(a->rn), tcg_constant_i64(0), ARM_PAC_DA + a->key);
    tcg_gen_addi_i64(at, at, (int64_t)a->imm * 8);
    tcg_gen_qemu_ld_i64(value, a64_addr(s, at), MO_64);
    if (a->w) { // the base first: a load into it wins
        tcg_gen_mov_i64(a64_xsp(a->rn), at);
        a64_sp_written(s, a->rn);
    }
    tcg_gen_mov_i64(a64_xdest(a->rt), value);
    return true;
}
