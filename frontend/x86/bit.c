// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shifts, rotates, single bits, bit scans, BMI1 and BMI2, POPCNT, CRC32.
//
// A shift whose count may be zero leaves the flags as they were then: they are put in the globals first,
// and each is selected.  Flags that the manuals leave undefined are those of AMD's Zen 4 where that costs
// nothing: AF set by shifts, the formulas for a count of 1 used for all counts.

#include <glib.h>

#include "frontend/x86/helpers.h"
#include "frontend/x86/translate.h"

static unsigned bits_of(MemOp size) { return 8u << size; }
static int64_t count_mask(MemOp size) { return size == MO_64 ? 63 : 31; }

// --- the count of a shift or rotate ------------------------------------------------------------------

typedef struct Count {
    bool fixed;
    unsigned n;      // when fixed
    TCGv_i64 v;      // masked
    TCGv_i64 before; // v - 1, in 0 .. 63 for any v
} Count;

static Count load_count(DisasContext *s, unsigned op, MemOp size)
{
    Count c = {0};
    if (s->op[op].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        c.fixed = true;
        c.n = (unsigned)(s->op[op].imm.value.u & (uint64_t)count_mask(size));
        c.v = tcg_constant_i64(c.n);
        c.before = tcg_constant_i64((c.n - 1) & 63);
        return c;
    }
    c.v = tcg_temp_new_i64();
    c.before = tcg_temp_new_i64();
    tcg_gen_andi_i64(c.v, x86_gpr(R_ECX), count_mask(size));
    tcg_gen_subi_i64(c.before, c.v, 1);
    tcg_gen_andi_i64(c.before, c.before, 63);
    return c;
}

// global = count != 0 ? v : global
static void select_flag(const Count *c, TCGv_i64 global, TCGv_i64 v)
{
    if (c->fixed) {
        tcg_gen_mov_i64(global, v);
    } else {
        tcg_gen_movcond_i64(TCG_COND_NE, global, c->v, tcg_constant_i64(0), v, global);
    }
}

// The flags of a shift; carry and overflow are 0 or 1.  After the result is stored.
static void write_shift_flags(DisasContext *s, const Count *c, MemOp size, TCGv_i64 r,
                              TCGv_i64 carry, TCGv_i64 overflow)
{
    if (c->fixed) {
        x86_flags_to_globals(s);
    } else {
        x86_flags_to_globals_partly(s, 0);
        s->flags_written |= X86_CC_MASK;
    }
    TCGv_i64 v = x86_sext(r, size);
    select_flag(c, x86_cc_a(), tcg_constant_i64(X86_CC_A));
    select_flag(c, x86_cc_z(), v);
    select_flag(c, x86_cc_n(), v);
    select_flag(c, x86_cc_c(), carry);
    select_flag(c, x86_cc_o(), overflow);
}

static void write_rotate_flags(DisasContext *s, const Count *c, TCGv_i64 carry, TCGv_i64 overflow)
{
    x86_flags_to_globals_partly(s, c->fixed ? X86_CC_C | X86_CC_O : 0);
    s->flags_written |= X86_CC_C | X86_CC_O;
    select_flag(c, x86_cc_c(), carry);
    select_flag(c, x86_cc_o(), overflow);
}

static TCGv_i64 bit(TCGv_i64 v, unsigned n)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_extract_i64(t, v, n, 1);
    return t;
}

static TCGv_i64 bit_xor(TCGv_i64 a, TCGv_i64 b)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_xor_i64(t, a, b);
    return t;
}

// A count of 0 changes nothing, but that a 32-bit register is still written.
static bool is_null_shift(DisasContext *s, const Count *c)
{
    if (!c->fixed || c->n) {
        return false;
    }
    if (x86_op_is_reg(s, 0)) {
        x86_op_store(s, 0, x86_op_load_raw(s, 0));
    } else {
        x86_op_load(s, 0); // may fault
    }
    return true;
}

// --- SHL, SHR, SAR -----------------------------------------------------------------------------------

enum { SHIFT_SHL, SHIFT_SHR, SHIFT_SAR };

static void gen_shift(int op, TCGv_i64 r, TCGv_i64 a, TCGv_i64 n)
{
    if (op == SHIFT_SHL) {
        tcg_gen_shl_i64(r, a, n);
    } else if (op == SHIFT_SHR) {
        tcg_gen_shr_i64(r, a, n);
    } else {
        tcg_gen_sar_i64(r, a, n);
    }
}

static bool trans_shift(DisasContext *s, int op)
{
    MemOp size = x86_op_size(s, 0);
    unsigned top = bits_of(size) - 1;
    Count c = load_count(s, 1, size);
    if (is_null_shift(s, &c)) {
        return true;
    }
    TCGv_i64 a = x86_op_load_tmp(s, 0), r = tcg_temp_new_i64(), t = tcg_temp_new_i64();
    a = op == SHIFT_SAR ? x86_sext(a, size) : op == SHIFT_SHR ? x86_zext(a, size) : a;
    gen_shift(op, r, a, c.v);
    r = x86_op_result(s, 0, r);
    x86_op_store_result(s, 0, r);
    // One step less leaves the bit that falls out last at the edge.
    gen_shift(op, t, a, c.before);
    TCGv_i64 carry = bit(t, op == SHIFT_SHL ? top : 0);
    TCGv_i64 overflow = op == SHIFT_SHL   ? bit_xor(bit(r, top), carry)
                        : op == SHIFT_SHR ? bit(r, top - 1)
                                          : tcg_constant_i64(0);
    write_shift_flags(s, &c, size, r, carry, overflow);
    return true;
}

// --- SHLD, SHRD --------------------------------------------------------------------------------------

static void gen_double_shift(bool left, MemOp size, TCGv_i64 r, TCGv_i64 a, TCGv_i64 b,
                             const Count *c)
{
    TCGv_i64 t = tcg_temp_new_i64(), n = tcg_temp_new_i64();
    if (size == MO_64) {
        tcg_gen_sub_i64(n, tcg_constant_i64(63), c->v);
        if (left) {
            tcg_gen_shri_i64(t, b, 1);
            tcg_gen_shr_i64(t, t, n);
            tcg_gen_shl_i64(r, a, c->v);
        } else {
            tcg_gen_shli_i64(t, b, 1);
            tcg_gen_shl_i64(t, t, n);
            tcg_gen_shr_i64(r, a, c->v);
        }
        tcg_gen_or_i64(r, r, t);
        return;
    }
    if (size == MO_32) {
        if (left) {
            tcg_gen_deposit_i64(t, b, a, 32, 32);
            tcg_gen_shl_i64(t, t, c->v);
            tcg_gen_shri_i64(r, t, 32);
        } else {
            tcg_gen_deposit_i64(t, a, b, 32, 32);
            tcg_gen_shr_i64(r, t, c->v);
        }
        return;
    }
    // 16 bits: a count above 16 brings a in again.
    tcg_gen_deposit_i64(t, a, b, 16, 16);
    tcg_gen_deposit_i64(t, t, a, 32, 32);
    if (left) {
        tcg_gen_shl_i64(t, t, c->v);
        tcg_gen_shri_i64(r, t, 32);
    } else {
        tcg_gen_shr_i64(r, t, c->v);
    }
}

static bool trans_shxd(DisasContext *s, int left)
{
    MemOp size = x86_op_size(s, 0);
    unsigned top = bits_of(size) - 1;
    Count c = load_count(s, 2, size);
    if (is_null_shift(s, &c)) {
        return true;
    }
    TCGv_i64 a = x86_op_load_tmp(s, 0), b = x86_op_load_tmp(s, 1);
    TCGv_i64 r = tcg_temp_new_i64(), t = tcg_temp_new_i64();
    gen_double_shift(left, size, r, a, b, &c);
    x86_op_store(s, 0, r);
    TCGv_i64 carry;
    if (left) {
        tcg_gen_shl_i64(t, a, c.before);
        carry = bit(t, top);
    } else {
        tcg_gen_shr_i64(t, a, c.before);
        carry = bit(t, 0);
    }
    write_shift_flags(s, &c, size, r, carry, bit_xor(bit(r, top), left ? carry : bit(r, top - 1)));
    return true;
}

// --- ROL, ROR ----------------------------------------------------------------------------------------

static void gen_rotate(bool left, MemOp size, TCGv_i64 r, TCGv_i64 a, TCGv_i64 n)
{
    if (size == MO_64) {
        if (left) {
            tcg_gen_rotl_i64(r, a, n);
        } else {
            tcg_gen_rotr_i64(r, a, n);
        }
        return;
    }
    // Narrow values are repeated up to 32 bits.
    TCGv_i64 t = a;
    for (unsigned bits = bits_of(size); bits < 32; bits *= 2) {
        TCGv_i64 u = tcg_temp_new_i64();
        tcg_gen_deposit_i64(u, t, t, bits, bits);
        t = u;
    }
    TCGv_i32 v = tcg_temp_new_i32(), n32 = tcg_temp_new_i32();
    tcg_gen_extrl_i64_i32(v, t);
    tcg_gen_extrl_i64_i32(n32, n);
    if (left) {
        tcg_gen_rotl_i32(v, v, n32);
    } else {
        tcg_gen_rotr_i32(v, v, n32);
    }
    tcg_gen_extu_i32_i64(r, v);
}

static bool trans_rotate(DisasContext *s, int left)
{
    MemOp size = x86_op_size(s, 0);
    unsigned top = bits_of(size) - 1;
    Count c = load_count(s, 1, size);
    if (is_null_shift(s, &c)) {
        return true;
    }
    TCGv_i64 a = x86_op_load_tmp(s, 0), r = tcg_temp_new_i64();
    gen_rotate(left, size, r, a, c.v);
    x86_op_store(s, 0, r);
    TCGv_i64 carry = bit(r, left ? 0 : top);
    write_rotate_flags(s, &c, carry, bit_xor(bit(r, top), left ? carry : bit(r, top - 1)));
    return true;
}

// --- RCL, RCR: rotation of bits + 1 bits, the carry on top -------------------------------------------

// Below 64 bits the whole fits a temp.
static TCGv_i64 gen_rotate_carry_narrow(bool left, MemOp size, TCGv_i64 r, TCGv_i64 a,
                                        TCGv_i64 carry, TCGv_i64 n)
{
    unsigned width = bits_of(size) + 1;
    TCGv_i64 x = tcg_temp_new_i64(), k = tcg_temp_new_i64(), t = tcg_temp_new_i64();
    tcg_gen_deposit_i64(x, x86_zext(a, size), carry, width - 1, 1);
    tcg_gen_remu_i64(k, n, tcg_constant_i64(width));
    TCGv_i64 rest = tcg_temp_new_i64();
    tcg_gen_sub_i64(rest, tcg_constant_i64(width), k);
    if (left) {
        tcg_gen_shl_i64(r, x, k);
        tcg_gen_shr_i64(t, x, rest);
    } else {
        tcg_gen_shr_i64(r, x, k);
        tcg_gen_shl_i64(t, x, rest);
    }
    tcg_gen_or_i64(r, r, t);
    return bit(r, width - 1);
}

// 65 bits: the carry lands beside the bits that leave.  For a count of 0, r = a and the carry returned
// is not used.
static TCGv_i64 gen_rotate_carry_64(bool left, TCGv_i64 r, TCGv_i64 a, TCGv_i64 carry,
                                    const Count *c)
{
    TCGv_i64 t = tcg_temp_new_i64(), n = tcg_temp_new_i64(), out = tcg_temp_new_i64();
    tcg_gen_sub_i64(n, tcg_constant_i64(64),
                    c->v); // 64 - count, and 0 for a count of 0, where t is dropped
    tcg_gen_andi_i64(n, n, 63);
    if (left) {
        tcg_gen_shr_i64(out, a, n);
        tcg_gen_shri_i64(t, out, 1);
        tcg_gen_andi_i64(out, out, 1);
        tcg_gen_shl_i64(r, a, c->v);
        tcg_gen_or_i64(t, t, r);
        tcg_gen_shl_i64(r, carry, c->before);
    } else {
        tcg_gen_shl_i64(t, a, n);
        tcg_gen_shli_i64(t, t, 1);
        tcg_gen_shr_i64(r, a, c->v);
        tcg_gen_or_i64(t, t, r);
        tcg_gen_shr_i64(out, a, c->before);
        tcg_gen_andi_i64(out, out, 1);
        tcg_gen_shl_i64(r, carry, n);
    }
    tcg_gen_or_i64(t, t, r);
    tcg_gen_movcond_i64(TCG_COND_EQ, r, c->v, tcg_constant_i64(0), a, t);
    return out;
}

static bool trans_rotate_carry(DisasContext *s, int left)
{
    MemOp size = x86_op_size(s, 0);
    unsigned top = bits_of(size) - 1;
    Count c = load_count(s, 1, size);
    if (is_null_shift(s, &c)) {
        return true;
    }
    TCGv_i64 a = x86_op_load_tmp(s, 0), r = tcg_temp_new_i64(), in = tcg_temp_new_i64();
    x86_flags_materialise(s, X86_CC_C);
    tcg_gen_mov_i64(in, x86_cc_c());
    TCGv_i64 carry = size == MO_64 ? gen_rotate_carry_64(left, r, a, in, &c)
                                   : gen_rotate_carry_narrow(left, size, r, a, in, c.v);
    x86_op_store(s, 0, r);
    write_rotate_flags(s, &c, carry, bit_xor(bit(r, top), left ? carry : bit(r, top - 1)));
    return true;
}

// --- BT, BTS, BTR, BTC -------------------------------------------------------------------------------

enum { BIT_TEST, BIT_SET, BIT_RESET, BIT_COMPLEMENT };

static void gen_bit_op(int op, TCGv_i64 r, TCGv_i64 a, TCGv_i64 mask)
{
    switch (op) {
    case BIT_SET: tcg_gen_or_i64(r, a, mask); break;
    case BIT_RESET: tcg_gen_andc_i64(r, a, mask); break;
    default: tcg_gen_xor_i64(r, a, mask); break;
    }
}

static void gen_bit_atomic(int op, TCGv_i64 old, TCGv_i64 addr, TCGv_i64 mask, MemOp size)
{
    TCGv_i64 t;
    switch (op) {
    case BIT_SET: tcg_gen_atomic_fetch_or_i64(old, addr, mask, size); break;
    case BIT_RESET:
        t = tcg_temp_new_i64();
        tcg_gen_not_i64(t, mask);
        tcg_gen_atomic_fetch_and_i64(old, addr, t, size);
        break;
    default: tcg_gen_atomic_fetch_xor_i64(old, addr, mask, size); break;
    }
}

// With a register as bit offset, the bit may lie anywhere around the operand's address.
static TCGv_i64 bit_string_addr(DisasContext *s, MemOp size, TCGv_i64 offset)
{
    TCGv_i64 addr = x86_op_addr(s, 0);
    if (s->op[1].type != ZYDIS_OPERAND_TYPE_REGISTER) {
        return addr;
    }
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_sari_i64(t, x86_sext(offset, size), size + 3);
    tcg_gen_shli_i64(t, t, size);
    tcg_gen_add_i64(t, addr, t);
    return s->insn.address_width == 32 ? x86_zext(t, MO_32) : t;
}

static bool trans_bt(DisasContext *s, int op)
{
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 b = x86_op_load_tmp(s, 1), n = tcg_temp_new_i64(), old, addr = NULL;
    TCGv_i64 mask = tcg_temp_new_i64(), r = tcg_temp_new_i64();

    tcg_gen_andi_i64(n, b, bits_of(size) - 1);
    tcg_gen_shl_i64(mask, tcg_constant_i64(1), n);
    if (x86_op_is_mem(s, 0)) {
        addr = bit_string_addr(s, size, b);
        old = tcg_temp_new_i64();
        if (x86_has_lock(s)) {
            gen_bit_atomic(op, old, addr, mask, size);
        } else {
            tcg_gen_qemu_ld_i64(old, addr, size);
            if (op != BIT_TEST) {
                gen_bit_op(op, r, old, mask);
                tcg_gen_qemu_st_i64(r, addr, size);
            }
        }
    } else {
        old = x86_op_load_tmp(s, 0);
        if (op != BIT_TEST) {
            gen_bit_op(op, r, old, mask);
            x86_op_store(s, 0, r);
        }
    }
    x86_flags_to_globals_partly(s, X86_CC_C);
    tcg_gen_shr_i64(r, old, n);
    tcg_gen_andi_i64(x86_cc_c(), r, 1);
    return true;
}

// --- scans and counts --------------------------------------------------------------------------------

// BSF and BSR of zero leave the destination alone.
static bool trans_bs(DisasContext *s, int reverse)
{
    TCGv_i64 v = x86_op_load(s, 1), r = tcg_temp_new_i64(), src = tcg_temp_new_i64();
    TCGv_i64 zero = tcg_constant_i64(0);
    tcg_gen_mov_i64(src, v);
    if (reverse) {
        tcg_gen_clzi_i64(r, src, 0);
        tcg_gen_xori_i64(r, r, 63);
    } else {
        tcg_gen_ctzi_i64(r, src, 0);
    }
    x86_flags_to_globals(s);
    tcg_gen_mov_i64(x86_cc_z(), src);
    tcg_gen_mov_i64(x86_cc_n(), r);
    tcg_gen_movi_i64(x86_cc_c(), 0);
    tcg_gen_movi_i64(x86_cc_o(), 0);
    tcg_gen_movi_i64(x86_cc_a(), 0);
    TCGv_i64 dst = x86_gpr(x86_op_regno(s, 0));
    if (x86_op_size(s, 0) == MO_16) {
        tcg_gen_deposit_i64(r, dst, r, 0, 16);
    }
    tcg_gen_movcond_i64(TCG_COND_EQ, dst, src, zero, dst, r);
    return true;
}

// All flags, of a count: OF, SF, AF and PF clear.
static void write_count_flags(DisasContext *s, TCGv_i64 zero_if, TCGv_i64 carry)
{
    x86_flags_to_globals(s);
    tcg_gen_mov_i64(x86_cc_z(), zero_if);
    tcg_gen_movi_i64(x86_cc_n(), 1); // positive, odd parity
    tcg_gen_mov_i64(x86_cc_c(), carry);
    tcg_gen_movi_i64(x86_cc_o(), 0);
    tcg_gen_movi_i64(x86_cc_a(), 0);
}

static bool trans_count_zeros(DisasContext *s, int leading)
{
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 v = x86_op_load(s, 1), r = tcg_temp_new_i64(), carry = tcg_temp_new_i64();
    if (leading) {
        tcg_gen_clzi_i64(r, v, 64);
        tcg_gen_subi_i64(r, r, 64 - bits_of(size));
    } else {
        tcg_gen_ctzi_i64(r, v, bits_of(size));
    }
    tcg_gen_setcondi_i64(TCG_COND_EQ, carry, v, 0);
    x86_op_store(s, 0, r);
    write_count_flags(s, r, carry);
    return true;
}

static bool trans_popcnt(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 r = tcg_temp_new_i64();
    tcg_gen_ctpop_i64(r, x86_op_load(s, 1));
    x86_op_store(s, 0, r);
    write_count_flags(s, r, tcg_constant_i64(0));
    return true;
}

static bool trans_crc32(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = x86_op_size(s, 1);
    TCGv_i64 v = x86_op_load(s, 1), r = tcg_temp_new_i64();
    gen_helper_x86_crc32(r, x86_zext(x86_gpr(x86_op_regno(s, 0)), MO_32), v,
                         tcg_constant_i32(1 << size));
    tcg_gen_mov_i64(x86_gpr(x86_op_regno(s, 0)), r);
    return true;
}

// --- BMI1 --------------------------------------------------------------------------------------------

static bool trans_andn(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 r = tcg_temp_new_i64();
    TCGv_i64 a = x86_op_load_raw(s, 1), b = x86_op_load_raw(s, 2);
    tcg_gen_andc_i64(r, b, a);
    x86_flags_set(s, X86_FLAGS_LOGIC, x86_op_size(s, 0), r, r, r);
    x86_op_store(s, 0, r);
    return true;
}

// v's low n bits; all of v for n above 63.
static void gen_low_bits(TCGv_i64 r, TCGv_i64 v, TCGv_i64 n)
{
    TCGv_i64 mask = tcg_temp_new_i64(), k = tcg_temp_new_i64();
    tcg_gen_andi_i64(k, n, 63);
    tcg_gen_shl_i64(mask, tcg_constant_i64(-1), k);
    tcg_gen_andc_i64(mask, v, mask);
    tcg_gen_movcond_i64(TCG_COND_GTU, r, n, tcg_constant_i64(63), v, mask);
}

static bool trans_bextr(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 v = x86_op_load(s, 1), control = x86_op_load_raw(s, 2);
    TCGv_i64 start = tcg_temp_new_i64(), len = tcg_temp_new_i64(), r = tcg_temp_new_i64();
    TCGv_i64 zero = tcg_constant_i64(0);
    tcg_gen_extract_i64(start, control, 0, 8);
    tcg_gen_extract_i64(len, control, 8, 8);
    tcg_gen_andi_i64(r, start, 63);
    tcg_gen_shr_i64(r, v, r);
    tcg_gen_movcond_i64(TCG_COND_GTU, r, start, tcg_constant_i64(63), zero, r);
    TCGv_i64 low = tcg_temp_new_i64();
    gen_low_bits(low, r, len);
    x86_flags_set(s, X86_FLAGS_LOGIC, x86_op_size(s, 0), low, low, low);
    x86_op_store(s, 0, low);
    return true;
}

enum { BLS_I, BLS_MSK, BLS_R };

static bool trans_bls(DisasContext *s, int op)
{
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 v = x86_op_load_tmp(s, 1), r = tcg_temp_new_i64(), carry = tcg_temp_new_i64();
    v = x86_zext(v, size);
    if (op == BLS_I) {
        tcg_gen_neg_i64(r, v);
        tcg_gen_and_i64(r, r, v);
    } else {
        tcg_gen_subi_i64(r, v, 1);
        if (op == BLS_MSK) {
            tcg_gen_xor_i64(r, r, v);
        } else {
            tcg_gen_and_i64(r, r, v);
        }
    }
    tcg_gen_setcondi_i64(op == BLS_I ? TCG_COND_NE : TCG_COND_EQ, carry, v, 0);
    x86_op_store(s, 0, r);
    x86_flags_to_globals(s);
    x86_flags_write_zsp(r, size);
    tcg_gen_mov_i64(x86_cc_c(), carry);
    tcg_gen_movi_i64(x86_cc_o(), 0);
    tcg_gen_movi_i64(x86_cc_a(), 0);
    return true;
}

// --- BMI2 --------------------------------------------------------------------------------------------

static bool trans_bzhi(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 v = x86_op_load(s, 1), r = tcg_temp_new_i64(), carry = tcg_temp_new_i64();
    TCGv_i64 n = x86_zext(x86_op_load_raw(s, 2), MO_8);
    gen_low_bits(r, v, n);
    tcg_gen_setcondi_i64(TCG_COND_GTU, carry, n, bits_of(size) - 1);
    x86_op_store(s, 0, r);
    x86_flags_to_globals(s);
    x86_flags_write_zsp(r, size);
    tcg_gen_mov_i64(x86_cc_c(), carry);
    tcg_gen_movi_i64(x86_cc_o(), 0);
    tcg_gen_movi_i64(x86_cc_a(), 0);
    return true;
}

static bool trans_shiftx(DisasContext *s, int op)
{
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 v = op == SHIFT_SAR ? x86_op_load_signed(s, 1) : x86_op_load(s, 1);
    TCGv_i64 n = tcg_temp_new_i64(), r = tcg_temp_new_i64();
    tcg_gen_andi_i64(n, x86_op_load_raw(s, 2), count_mask(size));
    gen_shift(op, r, v, n);
    x86_op_store(s, 0, r);
    return true;
}

static bool trans_rorx(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = x86_op_size(s, 0);
    TCGv_i64 r = tcg_temp_new_i64();
    gen_rotate(false, size, r, x86_op_load(s, 1), load_count(s, 2, size).v);
    x86_op_store(s, 0, r);
    return true;
}

static bool trans_pdep(DisasContext *s, int extract)
{
    TCGv_i64 v = x86_op_load(s, 1), mask = x86_op_load(s, 2), r = tcg_temp_new_i64();
    if (extract) {
        gen_helper_x86_pext(r, v, mask);
    } else {
        gen_helper_x86_pdep(r, v, mask);
    }
    x86_op_store(s, 0, r);
    return true;
}

// clang-format off
const X86Row x86_rows_bit[] = {
    {ZYDIS_MNEMONIC_SHL,    trans_shift,        SHIFT_SHL,      X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_SHR,    trans_shift,        SHIFT_SHR,      X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_SAR,    trans_shift,        SHIFT_SAR,      X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_SHLD,   trans_shxd,         true,           X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_SHRD,   trans_shxd,         false,          X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_ROL,    trans_rotate,       true,           X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_ROR,    trans_rotate,       false,          X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_RCL,    trans_rotate_carry, true,           X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_RCR,    trans_rotate_carry, false,          X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_BT,     trans_bt,           BIT_TEST,       X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_BTS,    trans_bt,           BIT_SET,        X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_BTR,    trans_bt,           BIT_RESET,      X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_BTC,    trans_bt,           BIT_COMPLEMENT, X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_BSF,    trans_bs,           false,          X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_BSR,    trans_bs,           true,           X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_TZCNT,  trans_count_zeros,  false,          X86_FEAT_BMI1},
    {ZYDIS_MNEMONIC_LZCNT,  trans_count_zeros,  true,           X86_FEAT_LZCNT},
    {ZYDIS_MNEMONIC_POPCNT, trans_popcnt,       0,              X86_FEAT_POPCNT},
    {ZYDIS_MNEMONIC_CRC32,  trans_crc32,        0,              X86_FEAT_SSE42},

    {ZYDIS_MNEMONIC_ANDN,   trans_andn,         0,              X86_FEAT_BMI1},
    {ZYDIS_MNEMONIC_BEXTR,  trans_bextr,        0,              X86_FEAT_BMI1},
    {ZYDIS_MNEMONIC_BLSI,   trans_bls,          BLS_I,          X86_FEAT_BMI1},
    {ZYDIS_MNEMONIC_BLSMSK, trans_bls,          BLS_MSK,        X86_FEAT_BMI1},
    {ZYDIS_MNEMONIC_BLSR,   trans_bls,          BLS_R,          X86_FEAT_BMI1},

    {ZYDIS_MNEMONIC_BZHI,   trans_bzhi,         0,              X86_FEAT_BMI2},
    {ZYDIS_MNEMONIC_SHLX,   trans_shiftx,       SHIFT_SHL,      X86_FEAT_BMI2},
    {ZYDIS_MNEMONIC_SHRX,   trans_shiftx,       SHIFT_SHR,      X86_FEAT_BMI2},
    {ZYDIS_MNEMONIC_SARX,   trans_shiftx,       SHIFT_SAR,      X86_FEAT_BMI2},
    {ZYDIS_MNEMONIC_RORX,   trans_rorx,         0,              X86_FEAT_BMI2},
    {ZYDIS_MNEMONIC_PDEP,   trans_pdep,         false,          X86_FEAT_BMI2},
    {ZYDIS_MNEMONIC_PEXT,   trans_pdep,         true,           X86_FEAT_BMI2},
};
// clang-format on
const size_t x86_rows_bit_count = G_N_ELEMENTS(x86_rows_bit);
