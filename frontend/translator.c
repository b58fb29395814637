// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The translation loop.  A block has this form:
//
//     if (cs.exit_request) goto requested
//     the instructions, ended by the frontend's tb_stop
//   requested:
//     pc = start of the block; exit_tb(code | TB_EXIT_REQUESTED)
//
// so whenever a block returns to cpu_exec, the pc in env is right.

#include "frontend/translator.h"

#include <stddef.h>
#include <string.h>

#include "tcg/tcg-op.h"

// The table's env is whatever the guest's CPUArchState is; only its first member matters here.
typedef CPUState CPUArchState;
#define HELPER_TABLE "helpers/common/helper-common.h"
#include "helpers/helper-proto.h"
#include "helpers/helper-gen.h"

#define PAGE_MASK (~(uint64_t)4095)

// Bounds on a block.  Passes over a block are linear but for what they do at labels, and the frame for
// temps is finite.
#define DEFAULT_MAX_INSNS 100
#define MAX_OPS 2500
#define MAX_TEMPS 2000

static unsigned block_max_insns(uint32_t cflags)
{
    if (cflags & CF_SINGLE_STEP) {
        return 1;
    }
    unsigned n = (cflags & CF_COUNT_MASK) >> CF_COUNT_SHIFT;
    return n ? n : DEFAULT_MAX_INSNS;
}

// A block ends at the page's end, so that it stands on two pages at most: the second only when its last
// instruction straddles.
static bool block_is_full(const TCGContext *ctx, const DisasContextBase *db)
{
    // What CF_STATE adds does not make a block shorter, or it would not be the one that was asked about.
    unsigned room = db->cflags & CF_STATE ? 2 : 1;
    return db->num_insns >= db->max_insns || ctx->nb_ops >= room * MAX_OPS ||
           ctx->nb_temps >= room * MAX_TEMPS || ((db->pc_next ^ db->pc_first) & PAGE_MASK);
}

static TCGLabel *gen_exit_request_check(void)
{
    TCGLabel *requested = gen_new_label();
    TCGv_i32 request = tcg_temp_new_i32();
    tcg_gen_ld_i32(request, tcg_env(), offsetof(CPUState, exit_request));
    tcg_gen_brcondi_i32(TCG_COND_NE, request, 0, requested);
    return requested;
}

static void translate_insns(TCGContext *ctx, DisasContextBase *db)
{
    do {
        db->num_insns++;
        if ((db->cflags & CF_STATE) && db->num_insns > 1) {
            db->isa->translator->sync_state(db);
        }
        db->isa->translator->translate_insn(db);
        if (db->is_jmp == DISAS_NEXT && block_is_full(ctx, db)) {
            db->is_jmp = DISAS_TOO_MANY;
        }
    } while (db->is_jmp == DISAS_NEXT);
}

// Covers one byte, so that the block goes with what is there.
static void gen_breakpoint(DisasContextBase *db)
{
    uint8_t byte;
    db->num_insns = 1;
    if (translator_fetch(db, db->pc_first, &byte, 1) == 0) {
        translator_fetch_fault(db, db->pc_first);
        return;
    }
    tcg_gen_insn_start(db->pc_first, 0);
    db->isa->translator->store_pc(db, db->pc_first);
    gen_helper_raise_exception(tcg_env(), tcg_constant_i32(EXCP_DEBUG));
    db->pc_next = db->pc_first + 1;
    db->is_jmp = DISAS_NORETURN;
}

TranslationResult translator_loop(TCGContext *ctx, const GuestISA *isa, TCGCode *code, TBKey key,
                                  uint32_t cflags, FetchFn *fetch, void *fetch_opaque)
{
    const TranslatorOps *ops = isa->translator;

    tcg_ctx = ctx;
    tcg_func_start(ctx);
    ctx->precise = cflags & CF_PRECISE;
    ctx->pc_offset = offsetof(CPUState, insn_pc);

    DisasContextBase *db = tcg_malloc(isa->disas_size);
    db->isa = isa;
    db->code = code;
    db->key = key;
    db->cflags = cflags;
    db->pc_first = db->pc_next = key.pc;
    db->max_insns = block_max_insns(cflags);
    db->fetch = fetch;
    db->fetch_opaque = fetch_opaque;

    ops->init(db);
    TCGLabel *requested = gen_exit_request_check();
    ops->tb_start(db);
    if (cflags & CF_BREAKPOINT) {
        gen_breakpoint(db);
    } else {
        translate_insns(ctx, db);
    }
    ops->tb_stop(db);

    gen_set_label(requested);
    ops->store_pc(db, db->pc_first);
    tcg_gen_exit_tb((uintptr_t)code | TB_EXIT_REQUESTED);

    return (TranslationResult){.size = db->pc_next - db->pc_first,
                               .num_insns = db->num_insns,
                               .fetch_fault = db->fetch_fault,
                               .fault_addr = db->fault_addr};
}

bool translator_use_goto_tb(const DisasContextBase *db, uint64_t dest)
{
    (void)dest;
    return !(db->cflags & (CF_NO_GOTO_TB | CF_SINGLE_STEP));
}

static bool (*watch)(uint64_t pc); // set before there are blocks

void translator_set_watch(bool (*watched)(uint64_t pc)) { watch = watched; }
bool translator_is_watched(uint64_t pc) { return watch && watch(pc); }

size_t translator_fetch(const DisasContextBase *cdb, uint64_t pc, uint8_t *buf, size_t len)
{
    DisasContextBase *db = (DisasContextBase *)cdb; // the window is a cache
    if (pc - db->window_pc >= db->window_len || pc - db->window_pc + len > db->window_len) {
        db->window_pc = pc;
        db->window_len = db->fetch(db->fetch_opaque, pc, db->window, sizeof(db->window));
    }
    size_t at = pc - db->window_pc, n = db->window_len - at;
    n = n < len ? n : len;
    memcpy(buf, db->window + at, n);
    return n;
}

void translator_fetch_fault(DisasContextBase *db, uint64_t addr)
{
    db->num_insns--;
    db->is_jmp = DISAS_TOO_MANY;
    if (db->num_insns == 0) {
        db->fetch_fault = true;
        db->fault_addr = addr;
    }
}

void translator_lookup_and_goto_ptr(const DisasContextBase *db)
{
    if (db->cflags & (CF_NO_GOTO_PTR | CF_SINGLE_STEP)) {
        tcg_gen_exit_tb(0);
        return;
    }
    TCGv_ptr p = tcg_temp_new_ptr();
    gen_helper_lookup_tb_ptr(p, tcg_env());
    tcg_gen_goto_ptr(p);
}
