// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block's ops in order: labels and branches, host memory; exits and calls are in lower-exit.c, the
// rest goes to the op families.
#include "tcg2llvm/lower.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "helpers/cpu-state.h"
#include "tcg2llvm/guest-ops.h"

// The exit-request check that the translator begins each block with: ld_i32 and brcond_i32.  Gives the
// branch, or NULL when the block begins otherwise: then every edge to it goes to its very start.
static const TCGOp *exit_check(const LLVMUnit *u)
{
    const TCGOp *load = u->s->ops.next, *branch = load->next;
    if (load->opc != INDEX_op_ld_i32 || branch->opc != INDEX_op_brcond_i32 ||
        arg_temp(load->args[1])->kind != TEMP_FIXED ||
        load->args[2] != offsetof(CPUState, exit_request) || branch->args[0] != load->args[0]) {
        return NULL;
    }
    return branch;
}

// --- before lowering: which temps cross labels, where globals are dirty ---------------------------------

// Temps used in more than one extended basic block get memory.
static void find_multi(LLVMUnit *u, const TCGOp *check)
{
    unsigned ebb = 1;
    TCG_FOREACH_OP(op, u->s)
    {
        if (op->opc == INDEX_op_set_label || op->prev == check) {
            ebb++;
        }
        unsigned n = tcg_op_nout(op) + tcg_op_nin(op);
        for (unsigned i = 0; i < n; i++) {
            const TCGTemp *t = arg_temp(op->args[i]);
            if (t->kind != TEMP_NORMAL) {
                continue;
            }
            TempState *state = &u->temps[t->index];
            if (state->ebb && state->ebb != ebb) {
                state->multi = true;
            }
            state->ebb = ebb;
        }
    }
}

// True when control does not reach the op after this one.
static bool ends_path(const LLVMUnit *u, const TCGOp *op)
{
    switch (op->opc) {
    case INDEX_op_br:
    case INDEX_op_exit_tb:
    case INDEX_op_goto_ptr: return true;
    case INDEX_op_goto_tb: return lower_in_unit_slot(u, op);
    case INDEX_op_call: return op->call_info->flags & TCG_CALL_NO_RETURN;
    default: return false;
    }
}

// Outside of loops (see lower.h); and a lone block has no more than its two exits.
static bool syncs_branches(const LLVMUnit *u)
{
    return u->n_blocks > 1 && !lower_in_loop(u, u->block, u->block);
}

typedef enum SyncKind { SYNC_NONE, SYNC_ALL, SYNC_LEAVING, SYNC_THROUGH } SyncKind;

static SyncKind sync_kind(const LLVMUnit *u, const TCGOp *op)
{
    unsigned flags = tcg_op_defs[op->opc].flags;
    if (op->opc == INDEX_op_call) {
        return op->call_info->flags & TCG_CALL_NO_READ_GLOBALS ? SYNC_NONE : SYNC_ALL;
    }
    if (u->precise && (flags & TCG_OPF_GUEST_MEM)) {
        return lower_is_noted(u, op) ? SYNC_THROUGH : SYNC_ALL;
    }
    return (flags & TCG_OPF_BB_EXIT) ||
                   ((flags & TCG_OPF_COND_BRANCH) && syncs_branches(u) && op != exit_check(u))
               ? SYNC_LEAVING
               : SYNC_NONE;
}

static bool is_branch(const TCGOp *op) { return tcg_op_defs[op->opc].flags & TCG_OPF_COND_BRANCH; }

static void dirty_drop(Dirty *dirty, const GlobalSet *dead)
{
    for (unsigned w = 0; w < G_N_ELEMENTS(dead->w); w++) {
        dirty->local.w[w] &= ~dead->w[w];
        dirty->pass.w[w] &= ~dead->w[w];
    }
}

// The globals that the ops from here on say are dead, before they do anything else.
static GlobalSet discarded_from(const LLVMUnit *u, const TCGOp *op)
{
    GlobalSet dead = {0};
    for (; op != &u->s->ops && (op->opc == INDEX_op_discard || op->opc == INDEX_op_set_label);
         op = op->next) {
        const TCGTemp *t = op->opc == INDEX_op_discard ? arg_temp(op->args[0]) : NULL;
        if (t && t->kind == TEMP_GLOBAL) {
            dead.w[(t->index - 1) / 64] |= 1ull << ((t->index - 1) % 64);
        }
    }
    return dead;
}

// What a discard says is dead; what both ways of a conditional branch begin with saying so.
static GlobalSet discarded_at(const LLVMUnit *u, const TCGOp *op)
{
    GlobalSet dead = discarded_from(u, op->opc == INDEX_op_discard ? op : op->next);
    if (is_branch(op)) {
        const TCGLabel *target = tcg_op_branch_target(op);
        const TCGOp *at = op->next;
        while (at != &u->s->ops &&
               !(at->opc == INDEX_op_set_label && arg_label(at->args[0]) == target)) {
            at = at->next;
        }
        GlobalSet there = discarded_from(u, at);
        for (unsigned w = 0; w < G_N_ELEMENTS(dead.w); w++) {
            dead.w[w] &= there.w[w];
        }
    }
    return dead;
}

// What is dead need not be stored.  Its home keeps the value, so that a reader, were there one after all, finds an old value
// rather than none.
static void drop_discarded(const LLVMUnit *u, const TCGOp *op, Dirty *dirty)
{
    if (u->precise) {
        return; // cc_op may tell of them
    }
    GlobalSet dead = discarded_at(u, op);
    dirty_drop(dirty, &dead);
}

// Forward dataflow over the block's labels: fills LabelState.dirty.  Only a backward branch makes a
// second walk necessary.
static void solve_labels(LLVMUnit *u)
{
    for (bool again = true; again;) {
        again = false;
        Dirty now = u->dirty;
        bool dead = false;
        for (unsigned i = 0; i < u->s->nb_labels; i++) {
            u->labels[i].seen = false;
        }
        TCG_FOREACH_OP(op, u->s)
        {
            if (op->opc == INDEX_op_set_label) {
                LabelState *label = &u->labels[arg_label(op->args[0])->id];
                if (!dead) {
                    lower_dirty_join(&label->dirty, &now);
                }
                now = label->dirty;
                label->seen = true;
                dead = false;
                continue;
            }
            if (op->opc == INDEX_op_discard || is_branch(op)) {
                drop_discarded(u, op, &now);
            }
            SyncKind sync = sync_kind(u, op);
            if (sync == SYNC_ALL) {
                now = (Dirty){0};
            } else if (sync == SYNC_LEAVING) {
                lower_dirty_leave(u, &now);
            } else if (sync == SYNC_THROUGH) {
                lower_dirty_through(u, &now);
            }
            unsigned nout = tcg_op_nout(op);
            for (unsigned i = 0; i < nout; i++) {
                const TCGTemp *t = arg_temp(op->args[i]);
                if (t->kind == TEMP_GLOBAL) {
                    unsigned g = t->index - 1;
                    now.local.w[g / 64] |= 1ull << (g % 64);
                }
            }
            const TCGLabel *target = tcg_op_branch_target(op);
            if (target && !dead) {
                LabelState *label = &u->labels[target->id];
                again |= lower_dirty_join(&label->dirty, &now) && label->seen;
            }
            dead |= ends_path(u, op);
        }
    }
}

// Adds those of `dead` that are hidden and have not been read.
static void add_killed(LLVMUnit *u, const GlobalSet *dead, const GlobalSet *read)
{
    for (unsigned w = 0; w < G_N_ELEMENTS(dead->w); w++) {
        u->killed.w[w] |= dead->w[w] & ~read->w[w] & u->opt.hidden_globals[w];
    }
}

// The hidden globals that the block's first ops overwrite, or say are dead, before anything reads them or env.
static void find_killed(LLVMUnit *u, const TCGOp *check)
{
    GlobalSet read = {0};
    memset(&u->killed, 0, sizeof(u->killed));
    if (!check || !u->opt.hidden_globals || u->precise) {
        return;
    }
    for (const TCGOp *op = check->next; op != &u->s->ops; op = op->next) {
        unsigned nout = tcg_op_nout(op), nin = tcg_op_nin(op);
        for (unsigned i = nout; i < nout + nin; i++) {
            const TCGTemp *t = arg_temp(op->args[i]);
            if (t->kind == TEMP_GLOBAL) {
                read.w[(t->index - 1) / 64] |= 1ull << ((t->index - 1) % 64);
            }
        }
        if (op->opc == INDEX_op_discard || is_branch(op)) {
            GlobalSet dead = discarded_at(u, op);
            add_killed(u, &dead, &read);
        }
        if (op->opc == INDEX_op_set_label || tcg_op_branch_target(op) || sync_kind(u, op)) {
            break;
        }
        GlobalSet written = {0};
        for (unsigned i = 0; i < nout; i++) {
            const TCGTemp *t = arg_temp(op->args[i]);
            if (t->kind == TEMP_GLOBAL) {
                written.w[(t->index - 1) / 64] |= 1ull << ((t->index - 1) % 64);
            }
        }
        add_killed(u, &written, &read);
    }
}

// --- labels and branches -------------------------------------------------------------------------------

static LLVMBasicBlockRef label_bb(LLVMUnit *u, const TCGLabel *label)
{
    LabelState *state = &u->labels[label->id];
    if (!state->bb) {
        char name[16];
        snprintf(name, sizeof(name), "L%u", label->id);
        state->bb = lower_new_bb(u, name);
    }
    return state->bb;
}

// Goes on in a block that others jump to: nothing is known in SSA.
static void start_bb(LLVMUnit *u, LLVMBasicBlockRef bb)
{
    if (!u->dead) {
        lower_flush(u);
        LLVMBuildBr(u->b, bb);
    }
    memset(&u->pending, 0, sizeof(u->pending));
    LLVMPositionBuilderAtEnd(u->b, bb);
    u->epoch++;
    u->global_epoch++;
    u->dead = false;
}

Value lower_icmp(LLVMUnit *u, TCGCond cond, Value a, Value b)
{
    static const LLVMIntPredicate predicates[TCG_COND_COUNT] = {
        [TCG_COND_EQ] = LLVMIntEQ,   [TCG_COND_NE] = LLVMIntNE,    [TCG_COND_LT] = LLVMIntSLT,
        [TCG_COND_GE] = LLVMIntSGE,  [TCG_COND_LE] = LLVMIntSLE,   [TCG_COND_GT] = LLVMIntSGT,
        [TCG_COND_LTU] = LLVMIntULT, [TCG_COND_GEU] = LLVMIntUGE,  [TCG_COND_LEU] = LLVMIntULE,
        [TCG_COND_GTU] = LLVMIntUGT, [TCG_COND_TSTEQ] = LLVMIntEQ, [TCG_COND_TSTNE] = LLVMIntNE,
    };
    Type type = LLVMTypeOf(a);
    if (cond == TCG_COND_NEVER || cond == TCG_COND_ALWAYS) {
        // A comparison that folds, of the right type for scalars and vectors.
        return LLVMBuildICmp(u->b, cond == TCG_COND_ALWAYS ? LLVMIntEQ : LLVMIntNE,
                             LLVMConstNull(type), LLVMConstNull(type), "");
    }
    if (cond == TCG_COND_TSTEQ || cond == TCG_COND_TSTNE) {
        a = LLVMBuildAnd(u->b, a, b, "");
        b = LLVMConstNull(type);
    }
    return LLVMBuildICmp(u->b, predicates[cond], a, b, "");
}

static void lower_brcond(LLVMUnit *u, const TCGOp *op)
{
    Value cond = lower_icmp(u, (TCGCond)op->args[2], lower_get(u, op->args[0]),
                            lower_get(u, op->args[1]));
    LLVMBasicBlockRef target = label_bb(u, arg_label(op->args[3])), next = lower_new_bb(u, "");
    drop_discarded(u, op, &u->dirty);
    lower_flush(u);
    if (op == exit_check(u)) {
        lower_unlikely(u, cond, target, next);
    } else {
        Value branch = LLVMBuildCondBr(u->b, cond, target, next);
        TCGLabelWeight weight = arg_label(op->args[3])->weight;
        if (weight) {
            LLVMSetMetadata(branch, u->l->md_prof,
                            weight == TCG_LABEL_LIKELY ? u->l->likely_true : u->l->unlikely_true);
        }
        if (syncs_branches(u)) {
            lower_sync_leaving(u, branch);
        }
    }
    // What is known here is known there: no other block leads to it.
    LLVMPositionBuilderAtEnd(u->b, next);
}

// --- host memory (the CPU state) ------------------------------------------------------------------------

typedef struct HostAccess {
    bool store, sign;
    unsigned size; // bytes; 0: the value's own
} HostAccess;

static bool host_access(TCGOpcode opc, HostAccess *a)
{
    // clang-format off
    switch (opc) {
    case INDEX_op_ld8u_i32: case INDEX_op_ld8u_i64:   *a = (HostAccess){.size = 1}; return true;
    case INDEX_op_ld8s_i32: case INDEX_op_ld8s_i64:   *a = (HostAccess){.size = 1, .sign = true}; return true;
    case INDEX_op_ld16u_i32: case INDEX_op_ld16u_i64: *a = (HostAccess){.size = 2}; return true;
    case INDEX_op_ld16s_i32: case INDEX_op_ld16s_i64: *a = (HostAccess){.size = 2, .sign = true}; return true;
    case INDEX_op_ld32u_i64:                          *a = (HostAccess){.size = 4}; return true;
    case INDEX_op_ld32s_i64:                          *a = (HostAccess){.size = 4, .sign = true}; return true;
    case INDEX_op_ld_i32: case INDEX_op_ld_i64: case INDEX_op_ld_f32: case INDEX_op_ld_f64:
    case INDEX_op_ld_vec:                             *a = (HostAccess){0}; return true;
    case INDEX_op_st8_i32: case INDEX_op_st8_i64:     *a = (HostAccess){.size = 1, .store = true}; return true;
    case INDEX_op_st16_i32: case INDEX_op_st16_i64:   *a = (HostAccess){.size = 2, .store = true}; return true;
    case INDEX_op_st32_i64:                           *a = (HostAccess){.size = 4, .store = true}; return true;
    case INDEX_op_st_i32: case INDEX_op_st_i64: case INDEX_op_st_f32: case INDEX_op_st_f64:
    case INDEX_op_st_vec:                             *a = (HostAccess){.store = true}; return true;
    default: return false;
    }
    // clang-format on
}

// Does the access touch a global's home in env?
static bool overlaps_global(LLVMUnit *u, intptr_t offset, unsigned size)
{
    for (unsigned g = 0; g < u->nb_globals; g++) {
        intptr_t start = u->global_offset[g];
        if (offset < start + (intptr_t)tcg_type_size(u->global_type[g]) &&
            start < offset + (intptr_t)size) {
            return true;
        }
    }
    return false;
}

static bool lower_host_op(LLVMUnit *u, const TCGOp *op)
{
    HostAccess a;
    if (!host_access((TCGOpcode)op->opc, &a)) {
        return false;
    }
    const TCGTemp *value = arg_temp(op->args[0]), *base = arg_temp(op->args[1]);
    intptr_t offset = (intptr_t)op->args[2];
    if (a.store && base->kind == TEMP_FIXED && offset == u->s->pc_offset && !u->saves_pc) {
        return true; // it would take back what nothing has set
    }
    Type type = u->l->types[value->type];
    Type mem = a.size && a.size < tcg_type_size(value->type)
                   ? LLVMIntTypeInContext(u->l->c, a.size * 8)
                   : type;
    Value v = a.store ? lower_get(u, op->args[0]) : NULL;
    bool is_env = base->kind == TEMP_FIXED;
    bool overlaps = is_env &&
                    overlaps_global(u, offset,
                                    LLVMStoreSizeOfType(jit_context_data_layout(u->l->jit), mem));
    Value ptr = NULL;
    if (!is_env) {
        Value index = lower_i64(u, offset);
        ptr = LLVMBuildIntToPtr(u->b, lower_get(u, op->args[1]), u->l->ptr, "");
        ptr = LLVMBuildGEP2(u->b, u->l->i8, ptr, &index, 1, "");
    }
    if (overlaps) {
        lower_sync_begin(u);
    }
    Value access;
    if (a.store) {
        if (mem != type) {
            v = LLVMBuildTrunc(u->b, v, mem, "");
        }
        access = is_env ? lower_store_env(u, v, offset) : LLVMBuildStore(u->b, v, ptr);
    } else {
        access = is_env ? lower_load_env(u, mem, offset) : LLVMBuildLoad2(u->b, mem, ptr, "");
        if (is_env && offset == offsetof(CPUState, exit_request)) {
            LLVMSetVolatile(access, true); // another thread or a handler sets it
        }
    }
    if (!is_env) {
        LLVMSetAlignment(access, 1);
        lower_count_look(u, access);
    }
    if (overlaps) {
        Dirty dirty = u->dirty;
        lower_sync_before(u, access, false);
        u->dirty = dirty; // solve_labels does not know of this sync
        if (a.store) {
            lower_reload_after(u, access);
        }
    }
    if (!a.store) {
        v = access;
        if (mem != type) {
            v = a.sign ? LLVMBuildSExt(u->b, v, type, "") : LLVMBuildZExt(u->b, v, type, "");
        }
        lower_set(u, op->args[0], v);
    }
    return true;
}

// --- the walk ------------------------------------------------------------------------------------------

static unsigned count_insns(const LLVMUnit *u)
{
    unsigned n = 0;
    TCG_FOREACH_OP(op, u->s) { n += op->opc == INDEX_op_insn_start; }
    return n;
}

static void lower_insn_start(LLVMUnit *u, const TCGOp *op)
{
    u->pc = op->args[0];
    if (u->di && !u->dead) {
        lower_set_line(u, u->pc);
    }
    if (!u->opt.guest_ops || u->dead) {
        return;
    }
    u->flow = u->opt.flow ? u->opt.flow(u->opt.opaque, u->pc, &u->next_pc) : LLVM_FLOW_NONE;
    if (u->opt.insn_homes) {
        lower_flush(u);
        u->global_epoch++;
    }
    if (u->pc == u->blocks[u->block].pc && !u->begun) {
        u->begun = true;
        guest_ops_block(u, u->pc, count_insns(u));
    }
    guest_ops_insn(u, u->pc);
}

static void lower_op(LLVMUnit *u, const TCGOp *op)
{
    switch (op->opc) {
    case INDEX_op_call: lower_call(u, op); break;
    case INDEX_op_br:
        lower_flush(u);
        LLVMBuildBr(u->b, label_bb(u, arg_label(op->args[0])));
        u->dead = true;
        break;
    case INDEX_op_brcond_i32:
    case INDEX_op_brcond_i64: lower_brcond(u, op); break;
    case INDEX_op_mb:
        LLVMBuildFence(u->b, LLVMAtomicOrderingSequentiallyConsistent, false, "");
        break;
    case INDEX_op_goto_tb: lower_goto_tb(u, op); break;
    case INDEX_op_exit_tb: lower_exit_tb(u, op); break;
    case INDEX_op_goto_ptr: lower_goto_ptr(u, op); break;
    case INDEX_op_discard:
        if (!u->opt.cold) {
            drop_discarded(u, op, &u->dirty);
        }
        break;
    default:
        if (!lower_int_op(u, op) && !lower_guest_op(u, op) && !lower_host_op(u, op) &&
            !lower_fp_op(u, op) && !lower_vecop_op(u, op) && !lower_vec_op(u, op) &&
            !lower_count_op(u, op)) {
            g_error("no lowering for the op %s", tcg_op_defs[op->opc].name);
        }
    }
}

void lower_block_ops(LLVMUnit *u)
{
    const TCGOp *check = exit_check(u);
    LLVMBasicBlockRef body = u->body_bb[u->block];
    u->saves_pc = lower_saves_pc(u);
    find_multi(u, check);
    find_killed(u, check);
    if (!u->opt.cold) {
        solve_labels(u);
    } else {
        lower_count(u);
    }
    TCG_FOREACH_OP(op, u->s)
    {
        if (op->opc == INDEX_op_set_label) {
            const TCGLabel *label = arg_label(op->args[0]);
            start_bb(u, label_bb(u, label));
            u->dirty = u->labels[label->id].dirty;
        } else if (op->opc == INDEX_op_insn_start) {
            lower_insn_start(u, op);
        } else if (!u->dead) {
            lower_op(u, op);
            if (op == check && body) {
                start_bb(u, body);
            }
        }
    }
    if (!u->dead) {
        // The verifier lets no block end so; nothing is behind it.
        LLVMBuildUnreachable(u->b);
    }
    if (body && !check) {
        LLVMPositionBuilderAtEnd(u->b, body);
        LLVMBuildBr(u->b, u->check_bb[u->block]);
    }
}
