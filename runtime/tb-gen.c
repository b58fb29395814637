// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From guest code to a block: translation, what its pages demand, passes, bytecode or machine code, logs.
//
// What a page demands (see tb-page.c) may only be known when the frontend has read it, so a block may be
// translated several times: again precisely when it turns out to stand on a writable page, again
// shorter when it is too big for the frame, or stores before its end on an unguarded page.

#include <inttypes.h>
#include <string.h>

#include <glib.h>

#include "breakpoint.h"
#include "cpu-exec.h"
#include "cpu-list.h"
#include "event-internal.h"
#include "guest-memory-internal.h"
#include "log.h"
#include "process.h"
#include "stats.h"
#include "tb-image.h"
#include "tb-quick.h"
#include "tb.h"
#include "tcg/interp.h"
#include "tcg/tcg-op.h"
#include "tier-host.h"

typedef CPUState CPUArchState;
#define HELPER_TABLE "runtime/runtime-helpers.h"
#include "helpers/helper-proto.h"
#include "helpers/helper-gen.h"

static TCGHelperInfo helper_rows[] = {
#include "helpers/helper-info.h"
};

enum {
    MIN_ROOM = 48 << 10,
    MAX_ROOM = 1 << 20,          // no block's bytecode is that long
    MAX_BLOCK_BYTES = 4096 + 64, // a block ends at its page's end
};

static TBEngine engine;
static uint32_t hot_count; // 0: blocks are not counted

void tb_gen_init(TBEngine e, uint32_t hot)
{
    engine = e;
    hot_count = hot;
    tcg_register_helpers(helper_rows, G_N_ELEMENTS(helper_rows));
    event_block_init();
}

TBEngine tb_engine(void) { return engine; }

// New blocks are translated in it, under tb_lock.
static TCGContext *context;

// --- fetching -----------------------------------------------------------------------------------

typedef struct FetchState {
    const GuestISA *isa;
    uint64_t pc;                   // the block's
    const TranslationBlock *fixed; // translating again: no page may be added to the block's
    uint64_t pages[TB_MAX_PAGES];
    unsigned nb_pages;
    bool writable, unguarded;       // some page that the block stands on is
    uint8_t bytes[MAX_BLOCK_BYTES]; // what was read at pc and behind
} FetchState;

typedef struct CopyIn {
    uint8_t *dst;
    const void *src;
    size_t len;
} CopyIn;

static void copy_in(void *opaque)
{
    const CopyIn *c = opaque;
    memcpy(c->dst, c->src, c->len);
}

static bool enter_page(FetchState *st, uint64_t page)
{
    for (unsigned i = 0; i < st->nb_pages; i++) {
        if (st->pages[i] == page) {
            return true;
        }
    }
    if (st->fixed || st->nb_pages == TB_MAX_PAGES) {
        return false;
    }
    TBPageInfo info = tb_page_enter(page);
    if (!info.readable) {
        return false;
    }
    uint64_t first = st->pc & GUEST_PAGE_MASK;
    if (page == first || page == first + GUEST_PAGE_SIZE) {
        st->writable |= info.writable;
        st->unguarded |= info.unguarded;
    } else if (info.unguarded) {
        return false; // a look at a successor, whose changes nobody would tell us of
    }
    st->pages[st->nb_pages++] = page;
    return true;
}

// FetchFn.  Goes on into the next page only as far as an instruction that starts here may reach.
static size_t fetch(void *opaque, uint64_t pc, uint8_t *buf, size_t len)
{
    FetchState *st = opaque;
    size_t got = 0;
    while (got < len && (got == 0 || got < st->isa->max_insn_size)) {
        uint64_t page = (pc + got) & GUEST_PAGE_MASK;
        if (!enter_page(st, page)) {
            break;
        }
        size_t n = MIN(len - got, page + GUEST_PAGE_SIZE - (pc + got));
        CopyIn c = {buf + got, g2h(pc + got), n};
        if (!cpu_guard_access(copy_in, &c, NULL)) {
            break;
        }
        got += n;
    }
    uint64_t at = pc - st->pc;
    if (at < sizeof(st->bytes)) {
        memcpy(st->bytes + at, buf, MIN(got, sizeof(st->bytes) - at));
    }
    return got;
}

// --- what the runtime adds to a block's ops ----------------------------------------------------------

uint32_t HELPER(tb_changed)(CPUArchState *env, void *p)
{
    (void)env;
    TranslationBlock *tb = p;
    if (!memcmp(g2h(tb->pc), tb->bytes, tb->size)) {
        return 0;
    }
    tb_lock();
    tb_invalidate(tb);
    tb_unlock();
    return 1;
}

// The block's first branch is the translator's: it goes where the exit request is answered, with the
// block's pc stored.
static void add_check(TCGContext *ctx, TranslationBlock *tb)
{
    TCGLabel *leave = NULL;
    TCG_FOREACH_OP(op, ctx)
    {
        leave = tcg_op_branch_target(op);
        if (leave) {
            break;
        }
    }
    ctx->emit_before = ctx->ops.next;
    TCGv_i32 changed = tcg_temp_new_i32();
    gen_helper_tb_changed(changed, tcg_env(), tcg_constant_ptr(tb));
    tcg_gen_brcondi_i32(TCG_COND_NE, changed, 0, leave);
    ctx->emit_before = &ctx->ops;
}

// Where a goto_tb leads: its way out says so.
static uint64_t slot_pc(const TCGOp *op)
{
    const TCGOp *set = op->next;
    const TCGTemp *pc = set->opc == INDEX_op_mov_i64 ? arg_temp(set->args[1]) : NULL;
    return pc && pc->kind == TEMP_CONST ? pc->val : 0;
}

// Can control come back to the block by nothing but jumps to higher addresses, and blocks that go back themselves?
static bool only_goes_on(TCGContext *ctx, const TranslationBlock *tb)
{
    bool on = true;
    TCG_FOREACH_OP(op, ctx)
    {
        on &= op->opc != INDEX_op_goto_ptr && op->opc != INDEX_op_br;
        on &= op->opc != INDEX_op_goto_tb || slot_pc(op) > tb->pc;
    }
    return on;
}

// In the quick tier the exit request is looked at at the start of each block that may go back: there is one in every loop.
// Blocks that only go on are more than half.  (LLVM's regions look at it where they choose, for which each block needs it.)
static void drop_exit_check(TCGContext *ctx, const TranslationBlock *tb)
{
    const uint32_t looked_at = CF_WATCH | CF_BREAKPOINT | CF_SINGLE_STEP | CF_STATE | CF_COUNT_MASK;
    if (tb->events || tb->checked || (tb->gen_cflags & looked_at) || !only_goes_on(ctx, tb)) {
        return;
    }
    TCGOp *load = ctx->ops.next, *branch = load->next;
    const TCGLabel *requested = tcg_op_branch_target(branch);
    g_assert(requested);
    TCGOp *op = ctx->ops.prev;
    while (op->opc != INDEX_op_set_label || arg_label(op->args[0]) != requested) {
        TCGOp *prev = op->prev;
        tcg_op_remove(ctx, op);
        op = prev;
    }
    tcg_op_remove(ctx, op);
    tcg_op_remove(ctx, branch);
    tcg_op_remove(ctx, load);
}

// Has it been taken back already, in front of a jump through a slot, or not been set?  (What is added to a block may be a call in
// front of all, which sets it.)
static bool insn_pc_is_reset(const TCGOp *exit, const TranslationBlock *tb)
{
    bool plain = !tb->checked && !tb->events && !(tb->gen_cflags & CF_WATCH);
    return exit->opc == INDEX_op_exit_tb &&
           (exit->prev->prev->opc == INDEX_op_goto_tb ||
            (plain && (exit->args[0] & TB_EXIT_MASK) == TB_EXIT_REQUESTED));
}

// insn_pc tells the fault handler whether a precise block is at work: it is taken back at each exit.  Before the look-up
// of an indirect jump's block: the engines know the two ops together.
static void add_insn_pc_resets(TCGContext *ctx, const TranslationBlock *tb)
{
    TCG_FOREACH_OP(op, ctx)
    {
        if ((tcg_op_defs[op->opc].flags & TCG_OPF_BB_EXIT) && !insn_pc_is_reset(op, tb)) {
            bool looked_up = op->opc == INDEX_op_goto_ptr && op->prev->opc == INDEX_op_call;
            ctx->emit_before = looked_up ? op->prev : op;
            tcg_gen_st_i64(tcg_constant_i64((int64_t)INSN_PC_NONE), tcg_env(), ctx->pc_offset);
        }
    }
    ctx->emit_before = &ctx->ops;
}

// Instructions up to and with the first that may write guest memory; 0 when none does.
static unsigned insns_to_first_store(TCGContext *ctx)
{
    unsigned n = 0;
    TCG_FOREACH_OP(op, ctx)
    {
        unsigned flags = tcg_op_defs[op->opc].flags;
        if (op->opc == INDEX_op_insn_start) {
            n++;
        } else if (n && op->opc == INDEX_op_call
                       ? !(op->call_info->flags & (TCG_CALL_NO_SIDE_EFFECTS | TCG_CALL_NO_RETURN))
                       : (flags & TCG_OPF_GUEST_MEM) && (flags & TCG_OPF_SIDE_EFFECTS)) {
            return n;
        }
    }
    return 0;
}

// Instructions that begin in front of pc.
static unsigned insns_before(TCGContext *ctx, uint64_t pc)
{
    unsigned n = 0;
    TCG_FOREACH_OP(op, ctx) { n += op->opc == INDEX_op_insn_start && op->args[0] < pc; }
    return n;
}

static void check_ops(TCGContext *ctx, const TranslationBlock *tb, const char *when)
{
#ifdef MYNA_VERIFY_IR
    char *wrong = tcg_verify(ctx);
    if (wrong) {
        fprintf(stderr, "myna: ill-formed block at 0x%" PRIx64 " %s: %s\n", tb->pc, when, wrong);
        tcg_dump_ops(ctx, stderr);
        process_internal_fault("ill-formed TCG");
    }
#else
    (void)ctx;
    (void)tb;
    (void)when;
#endif
}

static uint32_t with_count(uint32_t cflags, unsigned n)
{
    return (cflags & ~(uint32_t)CF_COUNT_MASK) | (MIN(n, 255u) << CF_COUNT_SHIFT);
}

// Fills ctx with the block's ops, before any pass.  tb->gen_cflags and checked say how.
static TranslationResult translate(TCGContext *ctx, const GuestISA *isa, TranslationBlock *tb,
                                   FetchState *st)
{
    ctx->guest_base = guest_base;
    ctx->ordered = cpu_is_parallel();
    ctx->log_writes = tb_engine_verifies();
    ctx->bound = false;
    TBKey key = {tb->pc, tb->flags};
    TranslationResult r = translator_loop(ctx, isa, &tb->code, key, tb->gen_cflags, fetch, st);
    if (ctx->error) {
        process_internal_fault("translation of the block at 0x%" PRIx64 ": %s", tb->pc, ctx->error);
    }
    return r;
}

static void add_ops(TCGContext *ctx, TranslationBlock *tb)
{
    if (tb->events) {
        event_block_inject(tb->events, ctx);
    }
    event_fp_inject(ctx);
    if (tb->checked) {
        add_check(ctx, tb);
    }
    if (tb->gen_cflags & CF_WATCH) {
        watchpoint_add_checks(ctx);
    }
    if (tb->gen_cflags & CF_PRECISE) {
        add_insn_pc_resets(ctx, tb);
    }
    check_ops(ctx, tb, "as translated");
}

bool tb_translate_again(TCGContext *ctx, const GuestISA *isa, TranslationBlock *tb)
{
    FetchState *st = g_new(FetchState, 1);
    bool nested = tb_lock_held(), ok = false;
    if (!nested) {
        tb_lock();
    }
    if (!tb->invalid) {
        st->isa = isa;
        st->pc = tb->pc;
        st->fixed = tb;
        st->nb_pages = tb->nb_pages;
        memcpy(st->pages, tb->pages, sizeof(st->pages));
        TranslationResult r = translate(ctx, isa, tb, st);
        ok = !r.fetch_fault && r.size == tb->size;
    }
    if (!nested) {
        tb_unlock();
    }
    g_free(st);
    if (ok) {
        add_ops(ctx, tb);
        tcg_optimize(ctx);
        tcg_liveness(ctx);
        check_ops(ctx, tb, "after the passes");
    }
    return ok;
}

// --- logs ---------------------------------------------------------------------------------------

static void log_in_asm(const GuestISA *isa, const TranslationBlock *tb, const FetchState *st)
{
    FILE *f = log_lock();
    uint64_t offset = 0;
    const char *name = guest_symbol(tb->pc, &offset);
    fprintf(f, "----------------\nIN: %s\n", name ? name : "");
    for (size_t at = 0; at < tb->size;) {
        char text[160];
        size_t n = isa->disassemble(NULL, tb->pc + at, st->bytes + at, tb->size - at, text,
                                    sizeof(text));
        size_t len = n ? n : 1;
        fprintf(f, "0x%08" PRIx64 ":  ", tb->pc + at);
        for (size_t i = 0; i < len; i++) {
            fprintf(f, "%02x ", st->bytes[at + i]);
        }
        fprintf(f, "%*s %s\n", len < 11 ? (int)(33 - 3 * len) : 0, "", n ? text : "(bad)");
        at += len;
    }
    fputc('\n', f);
    log_unlock(f);
}

static void log_ops(TCGContext *ctx, const char *title)
{
    FILE *f = log_lock();
    fprintf(f, "%s\n", title);
    tcg_dump_ops(ctx, f);
    fputc('\n', f);
    log_unlock(f);
}

// --- a new block ----------------------------------------------------------------------------------

typedef enum Attempt { DONE, AGAIN, FAULT } Attempt;

// What one attempt starts from, and what it finds that the next must change.
typedef struct Plan {
    TBKey key;
    uint32_t cflags; // of the key
    unsigned count;  // most instructions; 0: as cflags says
    bool precise, checked;
    size_t room;
    uint64_t fault_addr;
} Plan;

static bool shorten(Plan *plan, unsigned num_insns, const char *why)
{
    if (num_insns <= 1) {
        process_internal_fault("one instruction at 0x%" PRIx64 " %s", plan->key.pc, why);
    }
    plan->count = MIN(num_insns / 2, 255u);
    return true;
}

static bool wants_bytecode(void) { return engine == TB_ENGINE_INTERP || tb_engine_verifies(); }
static bool wants_quick(void)
{
    return engine == TB_ENGINE_QUICK || engine == TB_ENGINE_VERIFY_QUICK;
}

// The bytes behind the block: bytecode, what a checked block compares.  Keeps the block.
static Attempt give_bytes(const GuestISA *isa, TCGContext *ctx, TranslationBlock *tb, Plan *plan,
                          const FetchState *st)
{
    size_t used = 0, cap = tb_room_size(tb);
    uint8_t *room = tb_room(tb);
    if (tb->checked) {
        memcpy(room, st->bytes, tb->size);
        tb->bytes = room;
        used = (tb->size + 7) & ~(size_t)7;
    }
    uint64_t start = stats_now_ns();
    if (engine != TB_ENGINE_LLVM && !tcg_assign_frame(ctx)) {
        shorten(plan, tb->num_insns, "needs more temps than a frame holds");
        return AGAIN;
    }
    if (wants_quick() && !tb_quick_prepare(ctx, isa, tb)) {
        if (ctx->error) {
            process_internal_fault("code of the block at 0x%" PRIx64 ": %s", tb->pc, ctx->error);
        }
        shorten(plan, tb->num_insns, "is too long for the quick tier");
        return AGAIN;
    }
    if (wants_bytecode()) {
        size_t n = tcg_interp_encode(ctx, &tb->code, room + used, cap - used);
        if (ctx->error) {
            process_internal_fault("bytecode of the block at 0x%" PRIx64 ": %s", tb->pc,
                                   ctx->error);
        }
        if (n == 0 && plan->room < MAX_ROOM) {
            plan->room = MAX_ROOM;
            return AGAIN;
        }
        if (n == 0) {
            shorten(plan, tb->num_insns, "does not fit into bytecode");
            return AGAIN;
        }
        tb->code.bytecode = room + used;
        tb->bytecode_size = (uint32_t)n;
        tb->code.entry = tb->cold_entry = tcg_interp_exec;
        stats.tb_bytecode += n;
        used += n;
        if (log_enabled(LOG_OUT_ASM) && !hot_count && log_in_range(tb->pc)) { // --tci
            FILE *f = log_lock();
            fprintf(f, "OUT: bytecode [size=%zu]\n", n);
            tcg_interp_dump(tb->code.bytecode, n, f);
            fputc('\n', f);
            log_unlock(f);
        }
    }
    stats.ns_encode += stats_now_ns() - start;
    if (hot_count && !tb_engine_verifies() && !(tb->gen_cflags & CF_BREAKPOINT)) {
        tier_host_count(tb);
    }
    tb_keep(tb, used);
    return DONE;
}

// Asks what is to be added to the block.  Who wants to see registers there gets them complete: then the block is
// translated once more, and from now on others, which lead to it, are translated so as well.
static bool instrument(const GuestISA *isa, TCGContext *ctx, TranslationBlock *tb, Plan *plan,
                       FetchState *st)
{
    unsigned stop = event_first_hooked_insn(ctx);
    if (stop && stop < tb->num_insns) {
        plan->count = stop; // a block begins there
        return false;
    }
    tb->events = event_block_new(isa, ctx, tb->pc, tb->size, st->bytes);
    if (!tb->events) {
        return true;
    }
    if (event_block_needs_state(tb->events) && !(tb->gen_cflags & CF_STATE)) {
        if (!(cpu_current_cflags() & CF_STATE)) {
            cpu_change_cflags(CF_STATE, 0);
            cpu_request_exit_all();
        }
        tb->gen_cflags = with_count(tb->gen_cflags, tb->num_insns) | CF_STATE;
        TranslationResult r = translate(ctx, isa, tb, st);
        if (r.size != tb->size || r.num_insns != tb->num_insns) {
            process_internal_fault("the block at 0x%" PRIx64 " changes when it is translated again",
                                   tb->pc);
        }
    }
    event_block_seal(tb->events);
    return true;
}

static bool jumps_indirectly(const TCGContext *ctx)
{
    for (const TCGOp *op = ctx->ops.prev; op != &ctx->ops && op->opc != INDEX_op_insn_start;
         op = op->prev) {
        if (op->opc == INDEX_op_goto_ptr) {
            return true;
        }
    }
    return false;
}

static Attempt attempt(const GuestISA *isa, TCGContext *ctx, Plan *plan, FetchState *st,
                       TranslationBlock **out)
{
    TranslationBlock *tb = *out = tb_new(wants_bytecode() || plan->checked ? plan->room : 0);
    st->isa = isa;
    st->pc = plan->key.pc;
    st->fixed = NULL;
    st->nb_pages = 0;
    st->writable = st->unguarded = false;
    tb->pc = plan->key.pc;
    tb->flags = plan->key.flags;
    tb->cflags = plan->cflags;
    tb->gen_cflags = plan->cflags | (plan->precise ? CF_PRECISE : 0);
    if (plan->count) {
        tb->gen_cflags = with_count(tb->gen_cflags, plan->count);
    }
    tb->checked = plan->checked;
    bool breaks = !(plan->cflags & CF_NO_BREAK);
    uint64_t stop;
    if (breaks && breakpoint_find(tb->pc, tb->pc + 1, &stop)) {
        tb->gen_cflags |= CF_BREAKPOINT;
        breaks = false;
    }
    uint64_t start = stats_now_ns();
    TranslationResult r = translate(ctx, isa, tb, st);
    stats.ns_frontend += stats_now_ns() - start;
    if (r.fetch_fault) {
        plan->fault_addr = r.fault_addr;
        return FAULT;
    }
    tb->size = (uint32_t)r.size;
    tb->num_insns = (uint16_t)r.num_insns;
    tb->nb_pages = (uint8_t)st->nb_pages;
    memcpy(tb->pages, st->pages, sizeof(tb->pages));
    tb->jump_kind = (uint8_t)ctx->jump_kind;
    tb->indirect = ctx->jump_kind != TCG_JUMP_RETURN && jumps_indirectly(ctx);

    if (((st->writable || st->unguarded) && !(tb->gen_cflags & CF_PRECISE)) ||
        (st->unguarded && !plan->checked)) {
        plan->precise = true;
        plan->checked |= st->unguarded;
        return AGAIN;
    }
    if (plan->checked) {
        unsigned n = insns_to_first_store(ctx);
        if (n && n < tb->num_insns) {
            plan->count = n;
            return AGAIN;
        }
    }
    if (breaks && breakpoint_find(tb->pc + 1, tb->pc + tb->size, &stop)) {
        unsigned n = insns_before(ctx, stop);
        if (n < tb->num_insns) {
            plan->count = n;
            return AGAIN;
        }
    }
    if (event_shapes_blocks() && !(tb->gen_cflags & CF_BREAKPOINT) &&
        !instrument(isa, ctx, tb, plan, st)) {
        return AGAIN;
    }
    bool logged = log_enabled(LOG_IN_ASM | LOG_OP | LOG_OP_OPT) && log_in_range(tb->pc);
    if (logged && log_enabled(LOG_IN_ASM)) {
        log_in_asm(isa, tb, st);
    }
    if (tb_engine() == TB_ENGINE_QUICK) {
        drop_exit_check(ctx, tb);
    }
    add_ops(ctx, tb);
    if (logged && log_enabled(LOG_OP)) {
        log_ops(ctx, "OP:");
    }
    start = stats_now_ns();
    tcg_optimize(ctx);
    tcg_liveness(ctx);
    stats.ns_passes += stats_now_ns() - start;
    check_ops(ctx, tb, "after the passes");
    if (logged && log_enabled(LOG_OP_OPT)) {
        log_ops(ctx, "OP after optimization and liveness analysis:");
    }
    return give_bytes(isa, ctx, tb, plan, st);
}

// A block, kept but not yet to be found, whose ops stay in ctx.  NULL when it cannot be fetched.
static TranslationBlock *make_block(const GuestISA *isa, TCGContext *ctx, TBKey key,
                                    uint32_t cflags, uint64_t *fault_addr)
{
    static FetchState st; // under tb_lock
    TranslationBlock *tb = NULL;
    Plan plan = {.key = key, .cflags = cflags, .room = MIN_ROOM};
    for (unsigned tries = 0; tries < 64; tries++) {
        switch (attempt(isa, ctx, &plan, &st, &tb)) {
        case DONE:
            stats.tb_translated++;
            stats.tb_guest_insns += tb->num_insns;
            return tb;
        case FAULT: *fault_addr = plan.fault_addr; return NULL;
        case AGAIN:
            if (tb) {
                event_block_free(tb->events);
                tb->events = NULL;
            }
            break;
        }
    }
    process_internal_fault("no end to translating the block at 0x%" PRIx64, key.pc);
}

// One block, one module: with the kept pipelines a module costs nothing beside its functions (python3 -c
// pass: 221 us a block alone, 203 us in modules of 26 blocks, half of which never run).
static TBGenResult gen_locked(CPUState *cs, TBKey key, uint32_t cflags, TranslationBlock **out,
                              uint64_t *fault_addr)
{
    if (tb_cache_full()) {
        tb_flush_locked();
    }
    if (!context) {
        context = frontend_context_new(cs->isa);
    }
    TranslationBlock *tb = engine == TB_ENGINE_QUICK ? tb_image_restore(key, cflags) : NULL;
    if (tb) {
        *out = tb;
        return TB_GEN_OK;
    }
    tb = make_block(cs->isa, context, key, cflags, fault_addr);
    if (!tb) {
        return TB_GEN_FAULT;
    }
    if (wants_quick()) {
        uint64_t start = stats_now_ns();
        if (!tb_quick_emit(tb)) {
            tb_release(tb);
            return TB_GEN_FULL;
        }
        tb->other_entry = tb_quick_entry(tb);
        stats.ns_emit += stats_now_ns() - start;
    } else if (engine != TB_ENGINE_INTERP && !tier_host_compile(tb, context, false)) {
        tb_release(tb);
        return TB_GEN_FULL;
    }
    if (!wants_bytecode()) {
        tb->code.entry = tb->cold_entry = tb->other_entry;
    }
    tb_publish(tb);
    if (engine == TB_ENGINE_QUICK) {
        tb_image_note(tb);
    }
    *out = tb;
    return TB_GEN_OK;
}

TBGenResult tb_gen_code(CPUState *cs, TBKey key, uint32_t cflags, TranslationBlock **out,
                        uint64_t *fault_addr)
{
    uint64_t start = stats_cpu_ns();
    TBGenResult result = TB_GEN_OK;
    tb_lock();
    // Another thread may have been quicker.
    *out = cpu_list_count() > 1 ? tb_lookup(key.pc, key.flags, cflags) : NULL;
    if (!*out) {
        result = gen_locked(cs, key, cflags, out, fault_addr);
    }
    tb_unlock();
    stats.ns_translate += stats_cpu_ns() - start;
    return result;
}
