// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads and stores of general registers (Arm ARM C4.1.4).  Exclusives and atomics stand in atomic.c.

#include "frontend/aarch64/translate.h"

// --- addresses ---------------------------------------------------------------------------------------

static void mem_prepare(DisasContext *s)
{
    if (s->precise) {
        a64_flags_materialise(s, ARM_CC_MASK);
    }
}

// SP's alignment is part of a block's key, so that aligned code tests nothing here: see tr_translate_insn.
void a64_check_base(DisasContext *s, unsigned rn)
{
    if (rn == A64_SP && s->sp_misaligned) {
        A64PendingFlags saved = s->flags;
        TCGLabel *go_on = gen_new_label(); // never: but what is behind it stays well-formed code
        tcg_gen_brcondi_i64(TCG_COND_TSTEQ, a64_xsp(A64_SP), 15, go_on);
        a64_gen_exception(s, EXCP_SP_ALIGNMENT, s->pc);
        s->base.is_jmp = DISAS_NEXT;
        gen_set_label(go_on);
        s->flags = saved;
    }
}

// The tag is taken from the base, so that accesses at several offsets share the work.
TCGv_i64 a64_addr_imm(DisasContext *s, unsigned rn, int64_t offset)
{
    TCGv_i64 base = a64_xsp(rn);
    a64_check_base(s, rn);
    mem_prepare(s);
    if (s->tagged) {
        TCGv_i64 t = tcg_temp_new_i64();
        tcg_gen_andi_i64(t, base, A64_TAG_CLEAR);
        base = t;
    }
    if (offset) {
        TCGv_i64 t = tcg_temp_new_i64();
        tcg_gen_addi_i64(t, base, offset);
        base = t;
    }
    return base;
}

TCGv_i64 a64_addr(DisasContext *s, TCGv_i64 tagged)
{
    TCGv_i64 t = tcg_temp_new_i64();
    mem_prepare(s);
    if (s->tagged) {
        tcg_gen_andi_i64(t, tagged, A64_TAG_CLEAR);
    } else {
        tcg_gen_mov_i64(t, tagged);
    }
    return t;
}

void a64_writeback(DisasContext *s, unsigned rn, int64_t offset)
{
    if (offset & 15) {
        a64_sp_written(s, rn);
    }
    tcg_gen_addi_i64(a64_xsp(rn), a64_xsp(rn), offset);
}

TCGv_i64 a64_index(unsigned rm, unsigned option, unsigned shift)
{
    TCGv_i64 t = tcg_temp_new_i64();
    switch (option) {
    case 2: tcg_gen_ext32u_i64(t, a64_x(rm)); break;
    case 6: tcg_gen_ext32s_i64(t, a64_x(rm)); break;
    default: tcg_gen_mov_i64(t, a64_x(rm)); break;
    }
    if (shift) {
        tcg_gen_shli_i64(t, t, shift);
    }
    return t;
}

// [Xn|SP + index]: the index is an offset within the object, the tag is the base's.
static TCGv_i64 addr_reg(DisasContext *s, unsigned rn, TCGv_i64 index)
{
    TCGv_i64 t = tcg_temp_new_i64();
    a64_check_base(s, rn);
    tcg_gen_add_i64(t, a64_xsp(rn), index);
    return a64_addr(s, t);
}

// --- one register ------------------------------------------------------------------------------------

// A load into Xt, or into Wt when a sign-extended value is cut to 32 bits.
static void load(unsigned rt, TCGv_i64 addr, int size, bool sign, bool ext)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_qemu_ld_i64(t, addr, (MemOp)(size | (sign ? MO_SIGN : 0)));
    a64_write(rt, !ext, t);
}

static void store(unsigned rt, TCGv_i64 addr, int size)
{
    tcg_gen_qemu_st_i64(a64_x(rt), addr, (MemOp)size);
}

bool trans_LDR(DisasContext *s, arg_LDR *a)
{
    load(a->rt, a64_addr_imm(s, a->rn, a->post ? 0 : a->imm), a->sz, a->sign, a->ext);
    if (a->wb) {
        // When Xt is Xn as well, the result is unpredictable: the write-back wins.
        a64_writeback(s, a->rn, a->imm);
    }
    return true;
}

bool trans_STR(DisasContext *s, arg_STR *a)
{
    store(a->rt, a64_addr_imm(s, a->rn, a->post ? 0 : a->imm), a->sz);
    if (a->wb) {
        a64_writeback(s, a->rn, a->imm);
    }
    return true;
}

static bool option_ok(int option) { return option & 2; }

bool trans_LDR_reg(DisasContext *s, arg_LDR_reg *a)
{
    if (!option_ok(a->option)) {
        return false;
    }
    TCGv_i64 index = a64_index(a->rm, a->option, a->s ? a->sz : 0);
    load(a->rt, addr_reg(s, a->rn, index), a->sz, a->sign, a->ext);
    return true;
}

bool trans_STR_reg(DisasContext *s, arg_STR_reg *a)
{
    if (!option_ok(a->option)) {
        return false;
    }
    TCGv_i64 index = a64_index(a->rm, a->option, a->s ? a->sz : 0);
    store(a->rt, addr_reg(s, a->rn, index), a->sz);
    return true;
}

bool trans_LDR_lit(DisasContext *s, arg_LDR_lit *a)
{
    load(a->rt, a64_addr(s, tcg_constant_i64((int64_t)s->pc + a->imm)), a->sz, a->sign, false);
    return true;
}

bool trans_PRFM(DisasContext *s, arg_PRFM *a)
{
    (void)s;
    (void)a;
    return true;
}

bool trans_PRFM_lit(DisasContext *s, arg_PRFM_lit *a)
{
    (void)s;
    (void)a;
    return true;
}

// --- pairs -------------------------------------------------------------------------------------------

bool trans_LDP(DisasContext *s, arg_LDP *a)
{
    if (a->sign && !a->pre && !a->wb) { // there is no non-temporal LDPSW
        return false;
    }
    int64_t offset = (int64_t)a->imm * (1 << a->sz);
    bool post = a->wb && !a->pre;
    TCGv_i64 x = tcg_temp_new_i64(), y = tcg_temp_new_i64();
    TCGv_i64 at = a64_addr_imm(s, a->rn, post ? 0 : offset), next = tcg_temp_new_i64();
    MemOp mop = (MemOp)(a->sz | (a->sign ? MO_SIGN : 0));
    tcg_gen_addi_i64(next, at, 1 << a->sz);
    tcg_gen_qemu_ld_i64(x, at, mop);
    tcg_gen_qemu_ld_i64(y, next, mop);
    tcg_gen_mov_i64(a64_xdest(a->rt2), y);
    tcg_gen_mov_i64(a64_xdest(a->rt), x); // unpredictable when they are one: the first wins
    if (a->wb) {
        a64_writeback(s, a->rn, offset);
    }
    return true;
}

bool trans_STP(DisasContext *s, arg_STP *a)
{
    int64_t offset = (int64_t)a->imm * (1 << a->sz);
    bool post = a->wb && !a->pre;
    TCGv_i64 at = a64_addr_imm(s, a->rn, post ? 0 : offset), next = tcg_temp_new_i64();
    tcg_gen_addi_i64(next, at, 1 << a->sz);
    tcg_gen_qemu_st_i64(a64_x(a->rt), at, (MemOp)a->sz);
    tcg_gen_qemu_st_i64(a64_x(a->rt2), next, (MemOp)a->sz);
    if (a->wb) {
        a64_writeback(s, a->rn, offset);
    }
    return true;
}
