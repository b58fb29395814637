// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A64 translation: fetches, decodes, ends blocks.

#include "frontend/aarch64/translate.h"

#include <string.h>

#include "frontend/aarch64/cpu-models.h"
#include "frontend/aarch64/helpers.h"
#include "frontend/aarch64/isa.h"

// --- registers ---------------------------------------------------------------------------------------

TCGv_i64 a64_read_zx(unsigned n, bool sf)
{
    TCGv_i64 v = a64_x(n);
    if (!sf && n != A64_ZR) {
        TCGv_i64 t = tcg_temp_new_i64();
        tcg_gen_ext32u_i64(t, v);
        return t;
    }
    return v;
}

TCGv_i64 a64_read_sx(unsigned n, bool sf)
{
    TCGv_i64 v = a64_x(n);
    if (!sf && n != A64_ZR) {
        TCGv_i64 t = tcg_temp_new_i64();
        tcg_gen_ext32s_i64(t, v);
        return t;
    }
    return v;
}

void a64_write(unsigned n, bool sf, TCGv_i64 v)
{
    if (n == A64_ZR) {
        return;
    }
    if (sf) {
        tcg_gen_mov_i64(a64_xdest(n), v);
    } else {
        tcg_gen_ext32u_i64(a64_xdest(n), v);
    }
}

// --- leaving the block -------------------------------------------------------------------------------

void a64_store_pc(DisasContext *s, uint64_t pc)
{
    (void)s;
    tcg_gen_movi_i64(tcg_global_i64(A64_G_PC), (int64_t)pc);
}

void a64_sync_state(DisasContext *s)
{
    a64_flags_materialise(s, ARM_CC_MASK);
    a64_store_pc(s, s->pc);
    if (s->precise) {
        // The callee may access guest memory, and the engines store this only before their own accesses.
        tcg_gen_st_i64(tcg_constant_i64((int64_t)s->pc), tcg_env(), tcg_ctx->pc_offset);
    }
}

static void gen_raise(int exception)
{
    gen_helper_raise_exception(tcg_env(), tcg_constant_i32(exception));
}

void a64_gen_exception(DisasContext *s, int excp, uint64_t pc)
{
    a64_flags_materialise(s, ARM_CC_MASK);
    a64_store_pc(s, pc);
    gen_raise(excp);
    s->base.is_jmp = DISAS_NORETURN;
}

void a64_gen_exception_error(DisasContext *s, int excp, uint64_t pc, uint64_t error)
{
    tcg_gen_st_i64(tcg_constant_i64((int64_t)error), tcg_env(),
                   offsetof(CPUState, exception_error));
    a64_gen_exception(s, excp, pc);
}

void a64_gen_align_check(DisasContext *s, TCGv_i64 addr, unsigned bytes, bool write)
{
    TCGLabel *go_on = gen_new_label();
    A64PendingFlags saved = s->flags; // what the raising path computes, the other has not
    tcg_gen_brcondi_i64(TCG_COND_TSTEQ, addr, bytes - 1, go_on);
    a64_flags_materialise(s, ARM_CC_MASK);
    a64_store_pc(s, s->pc);
    TCGv_i64 untagged = tcg_temp_new_i64();
    tcg_gen_andi_i64(untagged, addr, A64_TAG_CLEAR);
    tcg_gen_st_i64(untagged, tcg_env(), offsetof(CPUState, fault_addr));
    tcg_gen_st8_i32(tcg_constant_i32(write), tcg_env(), offsetof(CPUState, fault_write));
    gen_raise(EXCP_UNALIGNED);
    gen_set_label(go_on);
    s->flags = saved;
}

static bool steps(const DisasContext *s) { return s->base.cflags & CF_SINGLE_STEP; }

void a64_gen_jump(DisasContext *s, unsigned slot, uint64_t dest)
{
    a64_flags_leave_to(s, dest);
    if (steps(s)) {
        a64_store_pc(s, dest);
        gen_raise(EXCP_DEBUG);
    } else if (translator_use_goto_tb(&s->base, dest)) {
        tcg_gen_goto_tb(slot);
        a64_store_pc(s, dest);
        tcg_gen_exit_tb((uintptr_t)s->base.code | slot);
    } else {
        a64_store_pc(s, dest);
        translator_lookup_and_goto_ptr(&s->base);
    }
    s->base.is_jmp = DISAS_NORETURN;
}

// A tag stays in pc, which is cheap: the block is looked for without it (a64_get_tb_key).
void a64_gen_indirect(DisasContext *s, TCGv_i64 target)
{
    tcg_gen_mov_i64(tcg_global_i64(A64_G_PC), target);
    s->base.is_jmp = (DisasJumpType)A64_DISAS_LOOKUP;
}

// --- the translator's hooks --------------------------------------------------------------------------

static void tr_init(DisasContextBase *db)
{
    DisasContext *s = (DisasContext *)db;
    s->model = arm_model_by_index(db->key.flags >> A64_TB_MODEL_SHIFT & 0xff);
    s->precise = tcg_ctx->precise;
    s->tagged = db->cflags & CF_TAGGED;
    s->fz = db->key.flags & A64_TB_FZ;
    s->fz16 = db->key.flags & A64_TB_FZ16;
    s->dn = db->key.flags & A64_TB_DN;
    s->ahp = db->key.flags & A64_TB_AHP;
    s->sp_misaligned = db->key.flags & A64_TB_SP_MISALIGNED;
    s->fp_traps = (db->key.flags & A64_TB_FP_TRAPS) && !s->dn && !s->fz; // see arm_fp_traps
    s->fp_no_ufc = db->key.flags & A64_TB_FP_NO_UFC;
    s->flags.op = A64_FLAGS_GLOBALS;
}

static void tr_tb_start(DisasContextBase *db) { (void)db; }

static void tr_store_pc(DisasContextBase *db, uint64_t pc) { a64_store_pc((DisasContext *)db, pc); }

// An access through an SP that is no multiple of 16 faults.  Every access would have to look; but SP is hardly
// ever anything else, and hardly ever written but by multiples of 16.  So its alignment is part of a block's
// key, and who writes it another way looks whether the block still fits.
static void sp_moved(DisasContext *s)
{
    if (s->sp_misaligned) {
        s->base.is_jmp = (DisasJumpType)A64_DISAS_UPDATE;
        return;
    }
    TCGLabel *go_on = gen_new_label();
    A64PendingFlags saved = s->flags;
    go_on->weight = TCG_LABEL_LIKELY;
    tcg_gen_brcondi_i64(TCG_COND_TSTEQ, a64_xsp(A64_SP), 15, go_on);
    a64_flags_materialise(s, ARM_CC_MASK);
    a64_store_pc(s, s->base.pc_next);
    if (steps(s)) {
        gen_raise(EXCP_DEBUG);
    } else {
        tcg_gen_exit_tb(0);
    }
    gen_set_label(go_on);
    s->flags = saved;
}

static void tr_translate_insn(DisasContextBase *db)
{
    DisasContext *s = (DisasContext *)db;
    uint8_t bytes[4];
    s->pc = db->pc_next;
    if (s->pc & 3) { // only a block's start can be misaligned
        tcg_gen_insn_start(s->pc, 0);
        a64_gen_exception(s, EXCP_PC_ALIGNMENT, s->pc);
        db->pc_next = s->pc + 1;
        return;
    }
    size_t n = translator_fetch(db, s->pc, bytes, sizeof(bytes));
    if (n < sizeof(bytes)) {
        translator_fetch_fault(db, s->pc + n);
        return;
    }
    s->insn = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
              (uint32_t)bytes[3] << 24;
    tcg_gen_insn_start(s->pc, 0);
    db->pc_next = s->pc + 4;
    s->sp_moved = false;
    if (!decode_a64(s, s->insn)) {
        a64_gen_exception(s, EXCP_UDEF, s->pc);
    } else if (s->sp_moved) {
        sp_moved(s);
    }
}

static void tr_tb_stop(DisasContextBase *db)
{
    DisasContext *s = (DisasContext *)db;
    switch ((int)db->is_jmp) {
    case DISAS_TOO_MANY: a64_gen_jump(s, 0, db->pc_next); break;
    case A64_DISAS_UPDATE: a64_store_pc(s, db->pc_next); /* fallthrough */
    case A64_DISAS_LOOKUP:
    case A64_DISAS_EXIT:
        a64_flags_materialise(s, ARM_CC_MASK);
        if (steps(s)) {
            gen_raise(EXCP_DEBUG);
        } else if ((int)db->is_jmp == A64_DISAS_LOOKUP) {
            translator_lookup_and_goto_ptr(db);
        } else {
            tcg_gen_exit_tb(0);
        }
        break;
    default: break;
    }
}

const TranslatorOps a64_translator_ops = {
    .init = tr_init,
    .tb_start = tr_tb_start,
    .translate_insn = tr_translate_insn,
    .tb_stop = tr_tb_stop,
    .store_pc = tr_store_pc,
};
