// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// String instructions: MOVS, STOS, LODS, CMPS, SCAS, alone and repeated.
//
// A repeated one is a loop inside the block.  Registers are updated after each element, so a fault finds
// the instruction restartable, and exit_request is looked at on the way back, so a signal need not wait
// for the last element: the block is then left with pc at the instruction itself.
//
// REP MOVS and REP STOS of many elements, what memcpy and memset are made of, go to a helper that moves up to a
// page at a time by the same rules.  It may stop early; the rest is done when the block is entered again.

#include <glib.h>
#include <stddef.h>

#include "frontend/x86/helpers.h"
#include "frontend/x86/translate.h"

#define HAS_REP (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)

static bool is_repeated(const DisasContext *s) { return s->insn.attributes & HAS_REP; }

static MemOp index_size(const DisasContext *s)
{
    return s->insn.address_width == 64 ? MO_64 : s->insn.address_width == 32 ? MO_32 : MO_16;
}

// --- one element -------------------------------------------------------------------------------------

static TCGv_i64 source_base(const DisasContext *s)
{
    if (s->insn.attributes & ZYDIS_ATTRIB_HAS_SEGMENT_FS) {
        return tcg_global_i64(X86_G_FS_BASE);
    }
    if (s->insn.attributes & ZYDIS_ATTRIB_HAS_SEGMENT_GS) {
        return tcg_global_i64(X86_G_GS_BASE);
    }
    return NULL;
}

static TCGv_i64 source_addr(DisasContext *s)
{
    TCGv_i64 a = x86_zext(x86_gpr(R_ESI), index_size(s)), base = source_base(s);
    if (base) {
        TCGv_i64 sum = tcg_temp_new_i64();
        tcg_gen_add_i64(sum, a, base);
        a = sum;
    }
    return a;
}

static TCGv_i64 dest_addr(DisasContext *s) // its segment cannot be overridden
{
    return x86_zext(x86_gpr(R_EDI), index_size(s));
}

static void advance(DisasContext *s, unsigned reg, MemOp size)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_shli_i64(t, tcg_global_i64(X86_G_DF), size);
    tcg_gen_add_i64(t, t, x86_gpr(reg));
    x86_reg_store(s, reg, index_size(s), t);
}

typedef struct StringOp {
    MemOp size;
    TCGv_i64 a, b; // what CMPS and SCAS compared
} StringOp;

typedef void ElementFn(DisasContext *s, StringOp *op);

static void element_movs(DisasContext *s, StringOp *op)
{
    TCGv_i64 v = tcg_temp_new_i64();
    tcg_gen_qemu_ld_i64(v, source_addr(s), op->size);
    tcg_gen_qemu_st_i64(v, dest_addr(s), op->size);
    advance(s, R_ESI, op->size);
    advance(s, R_EDI, op->size);
}

static void element_stos(DisasContext *s, StringOp *op)
{
    tcg_gen_qemu_st_i64(x86_gpr(R_EAX), dest_addr(s), op->size);
    advance(s, R_EDI, op->size);
}

static void element_lods(DisasContext *s, StringOp *op)
{
    TCGv_i64 v = tcg_temp_new_i64();
    tcg_gen_qemu_ld_i64(v, source_addr(s), op->size);
    x86_reg_store(s, R_EAX, op->size, v);
    advance(s, R_ESI, op->size);
}

static void element_cmps(DisasContext *s, StringOp *op)
{
    tcg_gen_qemu_ld_i64(op->a, source_addr(s), op->size);
    tcg_gen_qemu_ld_i64(op->b, dest_addr(s), op->size);
    advance(s, R_ESI, op->size);
    advance(s, R_EDI, op->size);
}

static void element_scas(DisasContext *s, StringOp *op)
{
    tcg_gen_mov_i64(op->a, x86_zext(x86_gpr(R_EAX), op->size));
    tcg_gen_qemu_ld_i64(op->b, dest_addr(s), op->size);
    advance(s, R_EDI, op->size);
}

// --- repetition --------------------------------------------------------------------------------------

static void set_compare_flags(DisasContext *s, const StringOp *op)
{
    TCGv_i64 r = tcg_temp_new_i64();
    tcg_gen_sub_i64(r, op->a, op->b);
    x86_flags_set(s, X86_FLAGS_SUB, op->size, op->a, op->b, r);
}

static TCGv_i64 counter(DisasContext *s) { return x86_zext(x86_gpr(R_ECX), index_size(s)); }

static void count_down(DisasContext *s)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_subi_i64(t, x86_gpr(R_ECX), 1);
    x86_reg_store(s, R_ECX, index_size(s), t);
}

// Branches to `again` unless somebody wants the CPU; then leaves with pc at this instruction.
static void gen_next_round(DisasContext *s, TCGLabel *again)
{
    TCGv_i32 request = tcg_temp_new_i32();
    tcg_gen_ld_i32(request, tcg_env(), offsetof(CPUState, exit_request));
    tcg_gen_brcondi_i32(TCG_COND_EQ, request, 0, again);
    X86PendingFlags saved = s->flags;
    x86_flags_materialise(s, X86_CC_MASK);
    x86_store_pc(s, s->pc);
    tcg_gen_exit_tb(0);
    s->flags = saved;
}

static bool gen_string(DisasContext *s, ElementFn *element, MemOp size)
{
    StringOp op = {.size = size};
    if (!is_repeated(s)) {
        element(s, &op);
        return true;
    }
    TCGLabel *again = gen_new_label(), *done = gen_new_label();
    gen_set_label(again);
    tcg_gen_brcondi_i64(TCG_COND_EQ, counter(s), 0, done);
    element(s, &op);
    count_down(s);
    gen_next_round(s, again);
    gen_set_label(done);
    return true;
}

// The flags of the last comparison, or what they were when there was none.
static bool gen_compare_string(DisasContext *s, ElementFn *element, MemOp size)
{
    StringOp op = {.size = size, .a = tcg_temp_new_i64(), .b = tcg_temp_new_i64()};
    if (!is_repeated(s)) {
        element(s, &op);
        set_compare_flags(s, &op);
        return true;
    }
    TCGLabel *again = gen_new_label(), *compared = gen_new_label(), *done = gen_new_label();
    bool while_equal = !(s->insn.attributes & ZYDIS_ATTRIB_HAS_REPNE);
    x86_flags_materialise(s, X86_CC_MASK);
    tcg_gen_brcondi_i64(TCG_COND_EQ, counter(s), 0, done);
    gen_set_label(again);
    element(s, &op);
    count_down(s);
    tcg_gen_brcond_i64(while_equal ? TCG_COND_NE : TCG_COND_EQ, op.a, op.b, compared);
    tcg_gen_brcondi_i64(TCG_COND_EQ, counter(s), 0, compared);
    set_compare_flags(s, &op);
    gen_next_round(s, again);
    gen_set_label(compared);
    set_compare_flags(s, &op);
    x86_flags_materialise(s, X86_CC_MASK);
    gen_set_label(done);
    x86_flags_to_globals(s);
    return true;
}

// Few elements are moved by code of the block: a helper's call costs all registers a way to memory and back.
// Gives the label behind the instruction; what is generated next is for many.
static TCGLabel *gen_few(DisasContext *s, ElementFn *element, MemOp size)
{
    enum { FEW = 16 };
    TCGLabel *again = gen_new_label(), *many = gen_new_label(), *done = gen_new_label();
    x86_sync_state(s);
    tcg_gen_brcondi_i64(TCG_COND_GTU, x86_gpr(R_ECX), FEW, many);
    gen_set_label(again);
    tcg_gen_brcondi_i64(TCG_COND_EQ, x86_gpr(R_ECX), 0, done);
    StringOp op = {.size = size};
    element(s, &op);
    count_down(s);
    tcg_gen_br(again);
    gen_set_label(many);
    return done;
}

// After a helper that moved some of it; pc is stored.
static void gen_leave_unless_done(TCGLabel *done)
{
    tcg_gen_brcondi_i64(TCG_COND_EQ, x86_gpr(R_ECX), 0, done);
    tcg_gen_exit_tb(0);
    gen_set_label(done);
}

static bool trans_movs(DisasContext *s, int size)
{
    if (!is_repeated(s) || index_size(s) != MO_64) {
        return gen_string(s, element_movs, (MemOp)size);
    }
    TCGv_i64 base = source_base(s);
    TCGLabel *done = gen_few(s, element_movs, (MemOp)size);
    gen_helper_x86_rep_movs(tcg_env(), tcg_constant_i32(size), base ? base : tcg_constant_i64(0));
    gen_leave_unless_done(done);
    return true;
}

static bool trans_stos(DisasContext *s, int size)
{
    if (!is_repeated(s) || index_size(s) != MO_64) {
        return gen_string(s, element_stos, (MemOp)size);
    }
    TCGLabel *done = gen_few(s, element_stos, (MemOp)size);
    gen_helper_x86_rep_stos(tcg_env(), tcg_constant_i32(size));
    gen_leave_unless_done(done);
    return true;
}

static bool trans_lods(DisasContext *s, int size)
{
    return gen_string(s, element_lods, (MemOp)size);
}

static bool trans_cmps(DisasContext *s, int size)
{
    return gen_compare_string(s, element_cmps, (MemOp)size);
}

static bool trans_scas(DisasContext *s, int size)
{
    return gen_compare_string(s, element_scas, (MemOp)size);
}

#define STRING_ROWS(NAME, trans)                                                                   \
    {ZYDIS_MNEMONIC_##NAME##B, trans, MO_8, X86_FEAT_NONE},                                        \
        {ZYDIS_MNEMONIC_##NAME##W, trans, MO_16, X86_FEAT_NONE},                                   \
        {ZYDIS_MNEMONIC_##NAME##D, trans, MO_32, X86_FEAT_NONE},                                   \
    {                                                                                              \
        ZYDIS_MNEMONIC_##NAME##Q, trans, MO_64, X86_FEAT_NONE                                      \
    }

const X86Row x86_rows_string[] = {
    STRING_ROWS(MOVS, trans_movs), STRING_ROWS(STOS, trans_stos), STRING_ROWS(LODS, trans_lods),
    STRING_ROWS(CMPS, trans_cmps), STRING_ROWS(SCAS, trans_scas),
};
const size_t x86_rows_string_count = G_N_ELEMENTS(x86_rows_string);
