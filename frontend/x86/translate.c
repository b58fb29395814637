// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// x86 translation: decodes with Zydis, finds the mnemonic's row, runs its worker, ends blocks.
//
// The rows stand in the domains' files (gp.c, bit.c, ...), each an array beside its workers.  A mnemonic
// has one row, but for MOVSD and CMPSD, which name a string instruction and an SSE one: string
// instructions have a look-up of their own.

#include "frontend/x86/translate.h"

#include <glib.h>

#include "frontend/x86/cpu-models.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/isa.h"

static const X86Row *row_of[ZYDIS_MNEMONIC_MAX_VALUE + 1];
static const X86Row *string_row_of[ZYDIS_MNEMONIC_MAX_VALUE + 1];

static void add_rows(const X86Row **table, const X86Row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (table[rows[i].mnemonic]) {
            g_error("two rows for %s", ZydisMnemonicGetString(rows[i].mnemonic));
        }
        table[rows[i].mnemonic] = &rows[i];
    }
}

void x86_translate_init(void)
{
#define ADD(name) add_rows(row_of, x86_rows_##name, x86_rows_##name##_count)
    ADD(gp);
    ADD(muldiv);
    ADD(bit);
    ADD(control);
    ADD(system);
    ADD(sse);
    ADD(sse_cvt);
    ADD(sse_int);
    ADD(fpstate);
    ADD(mmx);
    ADD(x87);
    ADD(crypto);
    ADD(avx);
    ADD(avx_mem);
    ADD(fma);
#undef ADD
    add_rows(string_row_of, x86_rows_string, x86_rows_string_count);
}

static const X86Row *find_row(const ZydisDecodedInstruction *insn)
{
    return insn->meta.category == ZYDIS_CATEGORY_STRINGOP ? string_row_of[insn->mnemonic]
                                                          : row_of[insn->mnemonic];
}

bool x86_has_feature(const DisasContext *s, X86Feature f)
{
    return f == X86_FEAT_NONE || s->model->features >> f & 1;
}

// EVEX forms share their mnemonics with VEX ones.
static bool is_there(const DisasContext *s, const X86Row *row)
{
    unsigned wide = s->insn.avx.vector_length == 256 ? row->feature >> 8 & 0xff : X86_FEAT_NONE;
    return s->insn.encoding != ZYDIS_INSTRUCTION_ENCODING_EVEX &&
           x86_has_feature(s, (X86Feature)(wide ? wide : row->feature & 0xff)) &&
           x86_has_feature(s, (X86Feature)(row->feature >> 16));
}

// --- leaving the block -------------------------------------------------------------------------------

void x86_store_pc(DisasContext *s, uint64_t pc)
{
    (void)s;
    tcg_gen_movi_i64(tcg_global_i64(X86_G_RIP), (int64_t)pc);
}

void x86_sync_state(DisasContext *s)
{
    x86_flags_materialise(s, X86_CC_MASK);
    x86_store_pc(s, s->pc);
    if (s->precise) {
        // The callee may access guest memory, and the engines store this only before their own accesses.
        tcg_gen_st_i64(tcg_constant_i64((int64_t)s->pc), tcg_env(), tcg_ctx->pc_offset);
    }
}

static void gen_raise(int exception)
{
    gen_helper_raise_exception(tcg_env(), tcg_constant_i32(exception));
}

void x86_gen_exception(DisasContext *s, int vector, uint64_t pc)
{
    x86_flags_materialise(s, X86_CC_MASK);
    x86_store_pc(s, pc);
    gen_raise(vector);
    s->base.is_jmp = DISAS_NORETURN;
}

void x86_gen_exception_if(DisasContext *s, int vector, TCGCond cond, TCGv_i64 a, TCGv_i64 b)
{
    TCGLabel *go_on = gen_new_label();
    X86PendingFlags saved = s->flags; // what the raising path computes, the other has not
    tcg_gen_brcond_i64(tcg_invert_cond(cond), a, b, go_on);
    x86_flags_materialise(s, X86_CC_MASK);
    x86_store_pc(s, s->pc);
    gen_raise(vector);
    gen_set_label(go_on);
    s->flags = saved;
}

void x86_gen_align_check(DisasContext *s, TCGv_i64 addr, unsigned bytes)
{
    x86_gen_exception_if(s, EXCP0D_GPF, TCG_COND_TSTNE, addr, tcg_constant_i64(bytes - 1));
}

static bool steps(const DisasContext *s)
{
    return (s->base.cflags & CF_SINGLE_STEP) || (s->base.key.flags & X86_TB_TF);
}

// The trap after a single-stepped instruction; pc is stored.
static void gen_step_trap(DisasContext *s)
{
    x86_flags_materialise(s, X86_CC_MASK);
    gen_raise(s->base.cflags & CF_SINGLE_STEP ? EXCP_DEBUG : EXCP01_DB);
}

void x86_gen_jump(DisasContext *s, unsigned slot, uint64_t dest)
{
    x86_flags_leave_to(s, dest);
    if (steps(s)) {
        x86_store_pc(s, dest);
        gen_step_trap(s);
    } else if (translator_use_goto_tb(&s->base, dest)) {
        tcg_gen_goto_tb(slot);
        x86_store_pc(s, dest);
        tcg_gen_exit_tb((uintptr_t)s->base.code | slot);
    } else {
        x86_store_pc(s, dest);
        translator_lookup_and_goto_ptr(&s->base);
    }
    s->base.is_jmp = DISAS_NORETURN;
}

// --- the translator's hooks --------------------------------------------------------------------------

static void tr_init(DisasContextBase *db)
{
    DisasContext *s = (DisasContext *)db;
    s->code64 = db->key.flags & X86_TB_CODE64;
    s->model = x86_model_by_index(db->key.flags >> X86_TB_MODEL_SHIFT & 0xff);
    s->decoder = x86_model_decoder(s->model, s->code64);
    s->precise = tcg_ctx->precise;
    s->sse_unmasked = db->key.flags & X86_TB_SSE_UNMASKED;
    s->flags.op = X86_FLAGS_GLOBALS;
    if (db->key.flags & X86_TB_TF) {
        db->max_insns = 1;
    }
}

static void tr_tb_start(DisasContextBase *db) { (void)db; }

static void tr_sync_state(DisasContextBase *db)
{
    x86_flags_materialise((DisasContext *)db, X86_CC_MASK);
}

static void tr_store_pc(DisasContextBase *db, uint64_t pc) { x86_store_pc((DisasContext *)db, pc); }

// Decodes the instruction at s->pc.  When it cannot, sees to the block's end and gives false.
static bool decode(DisasContext *s)
{
    uint8_t bytes[ZYDIS_MAX_INSTRUCTION_LENGTH];
    size_t n = translator_fetch(&s->base, s->pc, bytes, sizeof(bytes));
    ZydisDecoderContext ctx;
    ZyanStatus status = ZYDIS_STATUS_NO_MORE_DATA;

    if (n) {
        status = ZydisDecoderDecodeInstruction(s->decoder, &ctx, bytes, n, &s->insn);
        if (ZYAN_SUCCESS(status)) {
            status = ZydisDecoderDecodeOperands(s->decoder, &ctx, &s->insn, s->op,
                                                s->insn.operand_count);
        }
    }
    if (ZYAN_SUCCESS(status)) {
        return true;
    }
    if (status == ZYDIS_STATUS_NO_MORE_DATA && n < sizeof(bytes)) {
        translator_fetch_fault(&s->base, s->pc + n);
        return false;
    }
    if (s->base.num_insns > 1) {
        // Faults belong to the instruction: let the block that starts with it raise them.
        s->base.num_insns--;
        s->base.is_jmp = DISAS_TOO_MANY;
        return false;
    }
    tcg_gen_insn_start(s->pc, 0);
    x86_gen_exception(s, status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG ? EXCP0D_GPF : EXCP06_ILLOP,
                      s->pc);
    s->base.pc_next = s->pc + n;
    return false;
}

static void tr_translate_insn(DisasContextBase *db)
{
    DisasContext *s = (DisasContext *)db;
    s->pc = db->pc_next;
    if (!decode(s)) {
        return;
    }
    tcg_gen_insn_start(s->pc, 0);
    s->next_pc = s->pc + s->insn.length;
    if (!s->code64) {
        s->next_pc = (uint32_t)s->next_pc;
    }
    db->pc_next = s->next_pc;
    for (unsigned i = 0; i < s->insn.operand_count; i++) {
        s->addr[i] = NULL;
    }
    const X86Row *row = find_row(&s->insn);
    if (!row || !is_there(s, row) || !row->trans(s, row->arg)) {
        x86_gen_exception(s, EXCP06_ILLOP, s->pc);
    } else {
        x86_mmx_end(s);
        if (db->is_jmp != DISAS_NORETURN) {
            x86_flags_end_insn(s);
        }
    }
}

static void tr_tb_stop(DisasContextBase *db)
{
    DisasContext *s = (DisasContext *)db;
    switch ((int)db->is_jmp) {
    case DISAS_TOO_MANY: x86_gen_jump(s, 0, db->pc_next); break;
    case X86_DISAS_LOOKUP:
        x86_flags_materialise(s, X86_CC_MASK);
        if (steps(s)) {
            gen_step_trap(s);
        } else {
            translator_lookup_and_goto_ptr(db);
        }
        break;
    case X86_DISAS_EXIT:
        x86_flags_materialise(s, X86_CC_MASK);
        if (steps(s)) {
            gen_step_trap(s);
        } else {
            tcg_gen_exit_tb(0);
        }
        break;
    default: break;
    }
}

const TranslatorOps x86_translator_ops = {
    .init = tr_init,
    .tb_start = tr_tb_start,
    .translate_insn = tr_translate_insn,
    .tb_stop = tr_tb_stop,
    .sync_state = tr_sync_state,
    .store_pc = tr_store_pc,
};
