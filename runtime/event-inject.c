// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Actions become ops (event-block.c says where they come from and why they are added this way).

#include <stddef.h>

#include <glib.h>

#include "event-internal.h"
#include "event-site.h"
#include "tcg/tcg-op.h"

typedef CPUState CPUArchState;
#define HELPER_TABLE "runtime/event-helpers.h"
#include "helpers/helper-proto.h"
#include "helpers/helper-gen.h"

// --- counters -----------------------------------------------------------------------------------

// Additions that are still to be made.
enum { MAX_SUMS = 8 };
typedef struct Sums {
    unsigned n;
    struct {
        intptr_t counter;
        uint64_t imm;
    } sum[MAX_SUMS];
    bool exact; // nothing may be put off
} Sums;

static TCGv_ptr gen_base(void)
{
    TCGv_ptr base = tcg_temp_new_ptr();
    tcg_gen_ld_i64(base, tcg_env(), offsetof(CPUState, event_base));
    return base;
}

static void gen_add(intptr_t counter, uint64_t imm)
{
    if (counter == (int32_t)counter && (int64_t)imm == (int32_t)imm) {
        tcg_gen_count(offsetof(CPUState, event_base), counter, (int64_t)imm);
        return;
    }
    TCGv_ptr base = gen_base();
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_ld_i64(t, base, counter);
    tcg_gen_addi_i64(t, t, (int64_t)imm);
    tcg_gen_st_i64(t, base, counter);
}

static void settle(Sums *sums)
{
    for (unsigned i = 0; i < sums->n; i++) {
        gen_add(sums->sum[i].counter, sums->sum[i].imm);
    }
    sums->n = 0;
}

static void add_later(Sums *sums, intptr_t counter, uint64_t imm)
{
    if (sums->exact) {
        gen_add(counter, imm);
        return;
    }
    for (unsigned i = 0; i < sums->n; i++) {
        if (sums->sum[i].counter == counter) {
            sums->sum[i].imm += imm;
            return;
        }
    }
    if (sums->n == MAX_SUMS) {
        settle(sums);
    }
    sums->sum[sums->n].counter = counter;
    sums->sum[sums->n].imm = imm;
    sums->n++;
}

// --- one action ---------------------------------------------------------------------------------

// What an access was, for those who are called.
typedef struct Access {
    uint32_t info;
    TCGv_i64 addr, value, high; // high: NULL when there are no more than 8 bytes
} Access;

// The row of a client's function that needs no helper around it: one for each function there ever was.
static const TCGHelperInfo *direct_row(const void *fn, bool mem)
{
    static GMutex lock;
    static GHashTable *rows[2]; // function -> row
    g_mutex_lock(&lock);
    if (!rows[mem]) {
        rows[mem] = g_hash_table_new(NULL, NULL);
    }
    TCGHelperInfo *row = g_hash_table_lookup(rows[mem], fn);
    if (!row) {
        row = g_new(TCGHelperInfo, 1);
        *row = mem ? (TCGHelperInfo){.nargs = 4,
                                     .ptr_mask = 8,
                                     .args = {TCG_TYPE_I32, TCG_TYPE_I32, TCG_TYPE_I64,
                                              TCG_TYPE_PTR}}
                   : (TCGHelperInfo){
                         .nargs = 2, .ptr_mask = 2, .args = {TCG_TYPE_I32, TCG_TYPE_PTR}};
        row->func = (void *)(uintptr_t)fn;
        row->name = mem ? "event_mem_direct" : "event_call_direct";
        row->flags = TCG_CALL_NO_RG | TCG_CALL_ADDRESS;
        row->ret = TCG_TYPE_VOID;
        tcg_prepare_row(row);
        g_hash_table_insert(rows[mem], row->func, row);
    }
    g_mutex_unlock(&lock);
    return row;
}

// Calls the client's function itself, with what the helpers would give it: to read the host's FP control register,
// which they do for functions that compute, costs more than all the rest (7 ns on an EPYC).
static void gen_direct(const EventSite *s, const Access *a)
{
    TCGv_i32 vcpu = tcg_temp_new_i32();
    tcg_gen_ld_i32(vcpu, tcg_env(), offsetof(CPUState, cpu_index));
    tcg_gen_st_i64(tcg_constant_ptr(s), tcg_env(), offsetof(CPUState, event_site));
    TCGTemp *opaque = (TCGTemp *)tcg_constant_ptr(s->opaque);
    if (a) {
        tcg_gen_st_i64(a->value, tcg_env(), offsetof(CPUState, event_value[0]));
        TCGTemp *args[] = {(TCGTemp *)vcpu, (TCGTemp *)tcg_constant_i32((int32_t)a->info),
                           (TCGTemp *)a->addr, opaque};
        tcg_gen_call_row(direct_row((const void *)s->mem_fn, true), NULL, 4, args);
    } else {
        TCGTemp *args[] = {(TCGTemp *)vcpu, opaque};
        tcg_gen_call_row(direct_row((const void *)s->fn, false), NULL, 2, args);
    }
}

static void gen_call(const EventSite *s, const Access *a)
{
    TCGv_ptr site = tcg_constant_ptr(s);
    bool direct = s->regs == EVENT_REGS_NONE && s->no_fp;
    if (!a) {
        if (direct) {
            gen_direct(s, NULL);
            return;
        }
        switch (s->regs) {
        case EVENT_REGS_NONE: gen_helper_event_call(tcg_env(), site); break;
        case EVENT_REGS_READ: gen_helper_event_call_r(tcg_env(), site); break;
        case EVENT_REGS_WRITE: gen_helper_event_call_rw(tcg_env(), site); break;
        }
        return;
    }
    TCGv_i32 info = tcg_constant_i32((int32_t)a->info);
    tcg_gen_st_i64(a->high ? a->high : tcg_constant_i64(0), tcg_env(),
                   offsetof(CPUState, event_value[1]));
    if (direct) {
        gen_direct(s, a);
        return;
    }
    switch (s->regs) {
    case EVENT_REGS_NONE: gen_helper_event_mem(tcg_env(), site, info, a->addr, a->value); break;
    case EVENT_REGS_READ: gen_helper_event_mem_r(tcg_env(), site, info, a->addr, a->value); break;
    case EVENT_REGS_WRITE: gen_helper_event_mem_rw(tcg_env(), site, info, a->addr, a->value); break;
    }
}

static void gen_site(const EventSite *s, const Access *a, Sums *sums)
{
    if (s->type == EVENT_ACT_ADD) {
        add_later(sums, s->counter, s->imm);
        return;
    }
    settle(sums);
    if (s->type == EVENT_ACT_STORE) {
        tcg_gen_st_i64(tcg_constant_i64((int64_t)s->imm), gen_base(), s->counter);
    } else if (s->type == EVENT_ACT_CALL || s->cond == TCG_COND_ALWAYS) {
        gen_call(s, a);
    } else if (s->cond != TCG_COND_NEVER) {
        TCGLabel *skip = gen_new_label();
        TCGv_i64 t = tcg_temp_new_i64();
        skip->weight = TCG_LABEL_LIKELY;
        tcg_gen_ld_i64(t, gen_base(), s->counter);
        tcg_gen_brcondi_i64(tcg_invert_cond(s->cond), t, (int64_t)s->imm, skip);
        gen_call(s, a);
        gen_set_label(skip);
    }
}

static void gen_list(const SiteList *list, Sums *sums)
{
    for (const EventSite *s = list->first; s; s = s->next) {
        gen_site(s, NULL, sums);
    }
}

// --- accesses -----------------------------------------------------------------------------------

// Does the site want to know of the access, at this moment?
static bool is_for(const EventSite *s, unsigned rw, bool before)
{
    return (s->rw & rw) && (s->before && (rw & EVENT_WRITE)) == before;
}

// Is an access of this kind wanted, and by somebody who is called?
static bool wanted(const SiteList *list, unsigned rw, bool before, bool *called)
{
    bool any = false;
    for (const EventSite *s = list->first; s; s = s->next) {
        if (is_for(s, rw, before)) {
            any = true;
            *called |= s->type == EVENT_ACT_CALL || s->type == EVENT_ACT_CALL_IF;
        }
    }
    return any;
}

static void gen_access(const SiteList *list, unsigned rw, bool before, const Access *a, Sums *sums)
{
    for (const EventSite *s = list->first; s; s = s->next) {
        if (is_for(s, rw, before)) {
            gen_site(s, a, sums);
        }
    }
}

static TCGv_vec vec(TCGTemp *t) { return temp_tcgv_vec(t); }

static TCGv_i64 zext(TCGv_i64 v, MemOp size)
{
    TCGv_i64 r = tcg_temp_new_i64();
    switch (size) {
    case MO_8: tcg_gen_ext8u_i64(r, v); return r;
    case MO_16: tcg_gen_ext16u_i64(r, v); return r;
    case MO_32: tcg_gen_ext32u_i64(r, v); return r;
    default: return v;
    }
}

static TCGv_i64 sext(TCGv_i64 v, MemOp size)
{
    TCGv_i64 r = tcg_temp_new_i64();
    switch (size) {
    case MO_8: tcg_gen_ext8s_i64(r, v); return r;
    case MO_16: tcg_gen_ext16s_i64(r, v); return r;
    case MO_32: tcg_gen_ext32s_i64(r, v); return r;
    default: return v;
    }
}

// The bytes of a value as numbers.
static void value_words(TCGTemp *t, MemOp size, TCGv_i64 *low, TCGv_i64 *high)
{
    TCGv_i64 r = tcg_temp_new_i64();
    TCGv_i32 narrow;
    *high = NULL;
    *low = r;
    switch (t->type) {
    case TCG_TYPE_I32: tcg_gen_extu_i32_i64(r, temp_tcgv_i32(t)); break;
    case TCG_TYPE_I64: tcg_gen_mov_i64(r, temp_tcgv_i64(t)); break;
    case TCG_TYPE_F32:
        narrow = tcg_temp_new_i32();
        tcg_gen_bitcast_f32_i32(narrow, temp_tcgv_f32(t));
        tcg_gen_extu_i32_i64(r, narrow);
        break;
    case TCG_TYPE_F64: tcg_gen_bitcast_f64_i64(r, temp_tcgv_f64(t)); break;
    case TCG_TYPE_I128:
        *high = tcg_temp_new_i64();
        tcg_gen_extrl_i128_i64(r, temp_tcgv_i128(t));
        tcg_gen_extrh_i128_i64(*high, temp_tcgv_i128(t));
        break;
    case TCG_TYPE_V64: tcg_gen_extract_vec_i64(MO_64, r, vec(t), 0); break;
    default:
        *high = tcg_temp_new_i64();
        tcg_gen_extract_vec_i64(MO_64, r, vec(t), 0);
        tcg_gen_extract_vec_i64(MO_64, *high, vec(t), 1);
        break;
    }
    if (!*high) {
        *low = zext(r, size);
    }
}

static uint32_t access_info(MemOp mop, bool store)
{
    MemOp size = (MemOp)(mop & MO_SIZE);
    return (uint32_t)(size > MO_128 ? MO_128 : size) |
           (mop & MO_SIGN && !store ? EVENT_MEM_SIGNED : 0u) |
           (mop & MO_BSWAP ? EVENT_MEM_BIG : 0u) | (store ? EVENT_MEM_STORE : 0u);
}

// A plain load or store, which has been made, or (before) a store that will be.
static void gen_plain(const SiteList *list, TCGTemp *value, TCGv_i64 addr, MemOp mop, bool store,
                      bool before, bool called, Sums *sums)
{
    unsigned rw = store ? EVENT_WRITE : EVENT_READ;
    MemOp size = (MemOp)(mop & MO_SIZE);
    Access a = {.info = access_info(mop, store), .addr = addr};
    unsigned parts = size == MO_256 ? 2 : 1;
    for (unsigned i = 0; i < parts; i++) {
        if (i) {
            a.addr = tcg_temp_new_i64();
            tcg_gen_addi_i64(a.addr, addr, 16);
        }
        if (called && value->type == TCG_TYPE_V256) {
            a.value = tcg_temp_new_i64();
            a.high = tcg_temp_new_i64();
            tcg_gen_extract_vec_i64(MO_64, a.value, vec(value), 2 * i);
            tcg_gen_extract_vec_i64(MO_64, a.high, vec(value), 2 * i + 1);
        } else if (called) {
            value_words(value, size, &a.value, &a.high);
        }
        gen_access(list, rw, before, &a, sums);
    }
}

// --- atomics ------------------------------------------------------------------------------------

typedef enum RMW {
    RMW_ADD,
    RMW_AND,
    RMW_OR,
    RMW_XOR,
    RMW_SMIN,
    RMW_UMIN,
    RMW_SMAX,
    RMW_UMAX,
    RMW_XCHG,
    RMW_CMPXCHG
} RMW;

static bool is_atomic(const TCGOp *op, RMW *kind)
{
    // clang-format off
    switch (op->opc) {
#define BOTH(n, k) case INDEX_op_atomic_##n##_i32: case INDEX_op_atomic_##n##_i64: *kind = k; return true;
    BOTH(fetch_add, RMW_ADD) BOTH(fetch_and, RMW_AND) BOTH(fetch_or, RMW_OR) BOTH(fetch_xor, RMW_XOR)
    BOTH(fetch_smin, RMW_SMIN) BOTH(fetch_umin, RMW_UMIN) BOTH(fetch_smax, RMW_SMAX)
    BOTH(fetch_umax, RMW_UMAX) BOTH(xchg, RMW_XCHG) BOTH(cmpxchg, RMW_CMPXCHG)
#undef BOTH
    case INDEX_op_atomic_cmpxchg_i128: *kind = RMW_CMPXCHG; return true;
    default: return false;
    }
    // clang-format on
}

// What an atomic stored, from what it loaded and its operand, both zero-extended.
static TCGv_i64 rmw_result(RMW kind, TCGv_i64 old, TCGv_i64 arg, MemOp size)
{
    static const TCGCond picks_old[] = {[RMW_SMIN] = TCG_COND_LT,
                                        [RMW_UMIN] = TCG_COND_LTU,
                                        [RMW_SMAX] = TCG_COND_GT,
                                        [RMW_UMAX] = TCG_COND_GTU};
    TCGv_i64 r = tcg_temp_new_i64();
    switch (kind) {
    case RMW_ADD: tcg_gen_add_i64(r, old, arg); return zext(r, size);
    case RMW_AND: tcg_gen_and_i64(r, old, arg); return r;
    case RMW_OR: tcg_gen_or_i64(r, old, arg); return r;
    case RMW_XOR: tcg_gen_xor_i64(r, old, arg); return r;
    case RMW_XCHG:
    case RMW_CMPXCHG: return arg;
    case RMW_SMIN:
    case RMW_SMAX:
        tcg_gen_movcond_i64(picks_old[kind], r, sext(old, size), sext(arg, size), old, arg);
        return r;
    default: tcg_gen_movcond_i64(picks_old[kind], r, old, arg, old, arg); return r;
    }
}

// The operands, copied before the op, which may overwrite them.
typedef struct Words {
    TCGv_i64 low, high;
} Words;

static Words words_of(TCGArg arg, MemOp size)
{
    Words w;
    value_words(arg_temp(arg), size, &w.low, &w.high);
    return w;
}

// The store of an atomic op that loaded `old`; nothing when it does not store.
static void gen_rmw_store(const SiteList *list, RMW kind, MemOp mop, bool before, TCGv_i64 addr,
                          Words old, Words expected, Words arg, Sums *sums)
{
    TCGLabel *failed = NULL;
    settle(sums);
    if (kind == RMW_CMPXCHG) {
        failed = gen_new_label();
        tcg_gen_brcond_i64(TCG_COND_NE, old.low, expected.low, failed);
        if (old.high) {
            tcg_gen_brcond_i64(TCG_COND_NE, old.high, expected.high, failed);
        }
    }
    Access a = {access_info(mop, true), addr,
                rmw_result(kind, old.low, arg.low, (MemOp)(mop & MO_SIZE)), arg.high};
    gen_access(list, EVENT_WRITE, before, &a, sums);
    settle(sums);
    if (failed) {
        gen_set_label(failed);
    }
}

// What memory holds in front of an atomic op.
static Words peek(TCGv_i64 addr, MemOp mop)
{
    Words w = {tcg_temp_new_i64(), NULL};
    if ((mop & MO_SIZE) == MO_128) {
        TCGv_i128 both = tcg_temp_new_i128();
        w.high = tcg_temp_new_i64();
        tcg_gen_qemu_ld_i128(both, addr, mop);
        tcg_gen_extrl_i128_i64(w.low, both);
        tcg_gen_extrh_i128_i64(w.high, both);
    } else {
        tcg_gen_qemu_ld_i64(w.low, addr, mop & ~MO_SIGN);
    }
    return w;
}

static void gen_atomic(const SiteList *list, TCGContext *ctx, TCGOp *op, RMW kind, Sums *sums)
{
    MemOp mop = (MemOp)op->args[op->nargs - 1], size = (MemOp)(mop & MO_SIZE);
    Words expected = {0}, arg, old;
    TCGTemp *old_temp = arg_temp(op->args[0]);
    TCGv_i64 addr = tcg_temp_new_i64();
    bool called = false;

    ctx->emit_before = op;
    tcg_gen_mov_i64(addr, temp_tcgv_i64(arg_temp(op->args[1])));
    if (kind == RMW_CMPXCHG) {
        expected = words_of(op->args[2], size);
    }
    arg = words_of(op->args[kind == RMW_CMPXCHG ? 3 : 2], size);
    if (wanted(list, EVENT_WRITE, true, &called)) {
        gen_rmw_store(list, kind, mop, true, addr, peek(addr, mop), expected, arg, sums);
    }

    ctx->emit_before = op->next;
    value_words(old_temp, size, &old.low, &old.high);
    Access a = {access_info(mop, false), addr, old.low, old.high};
    gen_access(list, EVENT_READ, false, &a, sums);
    if (wanted(list, EVENT_WRITE, false, &called)) {
        gen_rmw_store(list, kind, mop, false, addr, old, expected, arg, sums);
    }
    settle(sums);
}

// A helper that may access guest memory itself: it will know whose instruction it serves.
static bool may_access(const TCGOp *op)
{
    unsigned quiet = TCG_CALL_NO_SIDE_EFFECTS | TCG_CALL_NO_RETURN;
    return op->opc == INDEX_op_call &&
           !(op->call_info->flags & (quiet | TCG_CALL_NO_READ_GLOBALS)) &&
           op->next->opc != INDEX_op_goto_ptr;
}

static void wrap_helper(const EventInsn *insn, TCGContext *ctx, TCGOp *op)
{
    ctx->emit_before = op;
    tcg_gen_st_i64(tcg_constant_ptr(insn), tcg_env(), offsetof(CPUState, event_insn));
    ctx->emit_before = op->next;
    tcg_gen_st_i64(tcg_constant_i64(0), tcg_env(), offsetof(CPUState, event_insn));
}

static void inject_access(const SiteList *list, TCGContext *ctx, TCGOp *op, Sums *sums)
{
    RMW kind;
    bool called = false, store = tcg_op_defs[op->opc].nb_oargs == 0;
    if (is_atomic(op, &kind)) {
        gen_atomic(list, ctx, op, kind, sums);
        return;
    }
    TCGTemp *value = arg_temp(op->args[0]);
    TCGv_i64 addr = temp_tcgv_i64(arg_temp(op->args[1]));
    MemOp mop = (MemOp)op->args[2];
    ctx->emit_before = op;
    if (store && wanted(list, EVENT_WRITE, true, &called)) {
        gen_plain(list, value, addr, mop, true, true, called, sums);
        settle(sums);
    }
    called = false;
    if (!wanted(list, store ? EVENT_WRITE : EVENT_READ, false, &called)) {
        return;
    }
    if (called && (TCGTemp *)addr == value) { // a load over its own address
        TCGv_i64 copy = tcg_temp_new_i64();
        tcg_gen_mov_i64(copy, addr);
        addr = copy;
    }
    ctx->emit_before = op->next;
    gen_plain(list, value, addr, mop, store, false, called, sums);
}

// --- edges --------------------------------------------------------------------------------------

// At the block's start: report the block that was left, then be the one that will be left.
static void gen_edge(const EventBlock *b)
{
    TCGLabel *none = gen_new_label();
    TCGv_i64 left = tcg_temp_new_i64();
    none->weight = TCG_LABEL_LIKELY;
    tcg_gen_ld_i64(left, tcg_env(), offsetof(CPUState, event_edge));
    tcg_gen_brcondi_i64(TCG_COND_EQ, left, 0, none);
    gen_helper_event_edge(tcg_env(), tcg_constant_ptr(b));
    gen_set_label(none);
    if (b->report_edge) {
        tcg_gen_st_i64(tcg_constant_ptr(b), tcg_env(), offsetof(CPUState, event_edge));
    }
}

// --- a block ------------------------------------------------------------------------------------

// Does control leave straight code at the op?  Then what is owed is paid before it.
static bool leaves(const TCGOp *op)
{
    unsigned flags = tcg_op_defs[op->opc].flags;
    if (op->opc == INDEX_op_call) {
        // The engines know the pair lookup_tb_ptr, goto_ptr: nothing may come between.
        return (op->call_info->flags & TCG_CALL_NO_RETURN) || op->next->opc == INDEX_op_goto_ptr;
    }
    return flags & (TCG_OPF_BB_START | TCG_OPF_BB_END | TCG_OPF_COND_BRANCH | TCG_OPF_BB_EXIT);
}

void event_block_inject(const EventBlock *b, TCGContext *ctx)
{
    static const SiteList none;
    Sums sums = {.exact = ctx->precise};
    const SiteList *mem = &none;
    unsigned i = 0;

    ctx->bound = true;
    TCG_FOREACH_OP_SAFE(op, ctx, next)
    {
        if (op->opc == INDEX_op_insn_start && i < b->n) {
            ctx->emit_before = next;
            if (i == 0) {
                if (b->check_edge) {
                    gen_edge(b);
                }
                gen_list(&b->start, &sums);
            }
            gen_list(&b->insns[i].exec, &sums);
            mem = &b->insns[i++].mem;
        } else if (i && mem->first && (tcg_op_defs[op->opc].flags & TCG_OPF_GUEST_MEM)) {
            inject_access(mem, ctx, op, &sums);
        } else if (i && mem->first && may_access(op)) {
            ctx->emit_before = op;
            settle(&sums);
            wrap_helper(&b->insns[i - 1], ctx, op);
        } else if (leaves(op)) {
            ctx->emit_before = op;
            settle(&sums);
        }
    }
    ctx->emit_before = &ctx->ops;
}
