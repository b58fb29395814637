// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Multiplication and division.

#include <glib.h>

#include "frontend/x86/helpers.h"
#include "frontend/x86/translate.h"

// CF = OF = overflow.  ZF, SF and PF are undefined: taken from the low half, as Intel's processors do.
static void write_mul_flags(DisasContext *s, TCGv_i64 low, MemOp size, TCGv_i64 overflow)
{
    x86_flags_to_globals(s);
    x86_flags_write_zsp(low, size);
    tcg_gen_mov_i64(x86_cc_c(), overflow);
    tcg_gen_mov_i64(x86_cc_o(), overflow);
    tcg_gen_movi_i64(x86_cc_a(), 0);
}

// The accumulator pair that one-operand MUL writes: AX, DX:AX, EDX:EAX, RDX:RAX.
static void store_product(DisasContext *s, MemOp size, TCGv_i64 low, TCGv_i64 high)
{
    if (size == MO_8) { // low is the whole product
        x86_reg_store(s, R_EAX, MO_16, low);
    } else {
        x86_reg_store(s, R_EAX, size, low);
        x86_reg_store(s, R_EDX, size, high);
    }
}

static bool trans_mul(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 b = x86_op_load(s, 0), a = x86_zext(x86_gpr(R_EAX), size);
    TCGv_i64 low = tcg_temp_new_i64(), high = tcg_temp_new_i64(), over = tcg_temp_new_i64();
    if (size == MO_64) {
        tcg_gen_mulu2_i64(low, high, a, b);
    } else {
        tcg_gen_mul_i64(low, a, b);
        tcg_gen_shri_i64(high, low, 8u << size);
    }
    tcg_gen_setcondi_i64(TCG_COND_NE, over, high, 0);
    store_product(s, size, low, high);
    write_mul_flags(s, low, size, over);
    return true;
}

static bool imul_one_operand(DisasContext *s)
{
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 b = x86_op_load_signed(s, 0), a = x86_sext(x86_gpr(R_EAX), size);
    TCGv_i64 low = tcg_temp_new_i64(), high = tcg_temp_new_i64(), over = tcg_temp_new_i64();
    if (size == MO_64) {
        tcg_gen_muls2_i64(low, high, a, b);
        tcg_gen_sari_i64(over, low, 63);
        tcg_gen_setcond_i64(TCG_COND_NE, over, over, high);
    } else {
        tcg_gen_mul_i64(low, a, b);
        tcg_gen_sari_i64(high, low, 8u << size);
        tcg_gen_setcond_i64(TCG_COND_NE, over, low, x86_sext(low, size));
    }
    store_product(s, size, low, high);
    write_mul_flags(s, low, size, over);
    return true;
}

static bool trans_imul(DisasContext *s, int arg)
{
    (void)arg;
    if (s->insn.operand_count_visible == 1) {
        return imul_one_operand(s);
    }
    MemOp size = x86_op_size(s, 0);
    bool three = s->insn.operand_count_visible == 3;
    TCGv_i64 a = x86_op_load_signed(s, three ? 1 : 0), b = x86_op_load_signed(s, three ? 2 : 1);
    TCGv_i64 low = tcg_temp_new_i64(), over = tcg_temp_new_i64();
    tcg_gen_mul_i64(low, a, b);
    // An op of its own for the high half: it goes away when nobody reads CF or OF.
    if (size == MO_64) {
        TCGv_i64 high = tcg_temp_new_i64();
        tcg_gen_mulsh_i64(high, a, b);
        tcg_gen_sari_i64(over, low, 63);
        tcg_gen_setcond_i64(TCG_COND_NE, over, over, high);
    } else {
        tcg_gen_setcond_i64(TCG_COND_NE, over, low, x86_sext(low, size));
    }
    x86_op_store(s, 0, low);
    write_mul_flags(s, low, size, over);
    return true;
}

// MULX high, low, source: no flags; with one register for both, it gets the high half.
static bool trans_mulx(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 b = x86_op_load(s, 2), a = x86_zext(x86_gpr(R_EDX), size);
    TCGv_i64 low = tcg_temp_new_i64(), high = tcg_temp_new_i64();
    if (size == MO_64) {
        tcg_gen_mulu2_i64(low, high, a, b);
    } else {
        tcg_gen_mul_i64(low, a, b);
        tcg_gen_shri_i64(high, low, 32);
    }
    x86_op_store(s, 1, low);
    x86_op_store(s, 0, high);
    return true;
}

// --- division ----------------------------------------------------------------------------------------

static void store_quotient(DisasContext *s, MemOp size, TCGv_i64 q, TCGv_i64 r)
{
    if (size == MO_8) {
        TCGv_i64 t = tcg_temp_new_i64();
        tcg_gen_deposit_i64(t, q, r, 8, 8);
        x86_reg_store(s, R_EAX, MO_16, t);
    } else {
        x86_reg_store(s, R_EAX, size, q);
        x86_reg_store(s, R_EDX, size, r);
    }
}

// The dividend of a division below 64 bits, as one 64-bit value: AX, DX:AX, EDX:EAX.
static TCGv_i64 dividend(MemOp size)
{
    TCGv_i64 n = tcg_temp_new_i64();
    if (size == MO_8) {
        tcg_gen_mov_i64(n, x86_gpr(R_EAX));
    } else {
        tcg_gen_deposit_i64(n, x86_gpr(R_EAX), x86_gpr(R_EDX), 8u << size, 64 - (8u << size));
    }
    return n;
}

static bool div64(DisasContext *s)
{
    TCGv_i64 rax = x86_gpr(R_EAX), rdx = x86_gpr(R_EDX);
    TCGv_i64 d = x86_op_load_tmp(s, 0), q = tcg_temp_new_i64(), r = tcg_temp_new_i64();
    TCGLabel *wide = gen_new_label(), *done = gen_new_label();

    // The quotient fits when high < divisor, which also excludes a divisor of 0.
    x86_gen_exception_if(s, EXCP00_DIVZ, TCG_COND_GEU, rdx, d);
    tcg_gen_brcondi_i64(TCG_COND_NE, rdx, 0, wide);
    tcg_gen_divu_i64(q, rax, d);
    tcg_gen_remu_i64(r, rax, d);
    tcg_gen_br(done);
    gen_set_label(wide);
    tcg_gen_divu2_i64(q, r, rax, rdx, d);
    gen_set_label(done);
    store_quotient(s, MO_64, q, r);
    return true;
}

static bool trans_div(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = x86_op_size(s, 0);
    if (size == MO_64) {
        return div64(s);
    }
    unsigned bits = 8u << size;
    TCGv_i64 d = x86_op_load(s, 0), n = dividend(size), high = tcg_temp_new_i64();
    TCGv_i64 q = tcg_temp_new_i64(), r = tcg_temp_new_i64();
    n = x86_zext(n, size == MO_8 ? MO_16 : size == MO_16 ? MO_32 : MO_64);
    tcg_gen_shri_i64(high, n, bits);
    x86_gen_exception_if(s, EXCP00_DIVZ, TCG_COND_GEU, high, d);
    tcg_gen_divu_i64(q, n, d);
    tcg_gen_remu_i64(r, n, d);
    store_quotient(s, size, q, r);
    return true;
}

static bool idiv64(DisasContext *s)
{
    TCGv_i64 rax = x86_gpr(R_EAX), rdx = x86_gpr(R_EDX);
    TCGv_i64 d = x86_op_load_tmp(s, 0), t = tcg_temp_new_i64(), q = tcg_temp_new_i64();
    TCGLabel *slow = gen_new_label(), *done = gen_new_label();

    // A 128-bit dividend, and the divisors 0 and -1, which may raise #DE, go to the helper.
    tcg_gen_sari_i64(t, rax, 63);
    tcg_gen_brcond_i64(TCG_COND_NE, t, rdx, slow);
    tcg_gen_addi_i64(t, d, 1);
    tcg_gen_brcondi_i64(TCG_COND_LEU, t, 1, slow);
    tcg_gen_div_i64(q, rax, d);
    tcg_gen_rem_i64(rdx, rax, d);
    tcg_gen_mov_i64(rax, q);
    tcg_gen_br(done);
    gen_set_label(slow);
    X86PendingFlags saved = s->flags;
    x86_sync_state(s);
    gen_helper_x86_idiv64(tcg_env(), d);
    s->flags = saved;
    gen_set_label(done);
    return true;
}

static bool trans_idiv(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = x86_op_size(s, 0);
    if (size == MO_64) {
        return idiv64(s);
    }
    TCGv_i64 d = x86_op_load_signed(s, 0), n = dividend(size);
    TCGv_i64 q = tcg_temp_new_i64(), r = tcg_temp_new_i64();
    n = x86_sext(n, size == MO_8 ? MO_16 : size == MO_16 ? MO_32 : MO_64);
    x86_gen_exception_if(s, EXCP00_DIVZ, TCG_COND_EQ, d, tcg_constant_i64(0));
    if (size == MO_32) { // its quotient by -1 would not fit 64 bits; by any divisor not 32
        x86_gen_exception_if(s, EXCP00_DIVZ, TCG_COND_EQ, n, tcg_constant_i64(INT64_MIN));
    }
    tcg_gen_div_i64(q, n, d);
    x86_gen_exception_if(s, EXCP00_DIVZ, TCG_COND_NE, q, x86_sext(q, size));
    tcg_gen_rem_i64(r, n, d);
    store_quotient(s, size, q, r);
    return true;
}

const X86Row x86_rows_muldiv[] = {
    {ZYDIS_MNEMONIC_MUL, trans_mul, 0, X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_IMUL, trans_imul, 0, X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_MULX, trans_mulx, 0, X86_FEAT_BMI2},
    {ZYDIS_MNEMONIC_DIV, trans_div, 0, X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_IDIV, trans_idiv, 0, X86_FEAT_NONE},
};
const size_t x86_rows_muldiv_count = G_N_ELEMENTS(x86_rows_muldiv);
