// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Liveness: one backward pass over a block that removes dead ops and fills op->life.
//
// The set of live temps is a bit set by temp index.  A branch joins the set of its target, which a
// forward branch finds ready (the label stands later, so it was visited earlier); for a backward branch
// everything is taken to be live, which costs a little code in the few loops inside a block and saves
// iterating.  Globals are live wherever control leaves the block, and wherever a callee, or a faulting
// guest access under `precise`, may look at env.

#include <string.h>

#include "tcg.h"

typedef struct Liveness {
    TCGContext *s;
    unsigned words;
    uint64_t *live;
} Liveness;

static bool is_tracked(const TCGTemp *t)
{
    return t->kind == TEMP_NORMAL || t->kind == TEMP_GLOBAL;
}

static bool test_bit(const Liveness *l, const TCGTemp *t)
{
    return l->live[t->index / 64] >> (t->index % 64) & 1;
}

static void set_bit(Liveness *l, const TCGTemp *t)
{
    l->live[t->index / 64] |= 1ull << (t->index % 64);
}

static void clear_bit(Liveness *l, const TCGTemp *t)
{
    l->live[t->index / 64] &= ~(1ull << (t->index % 64));
}

static void add_globals(Liveness *l)
{
    unsigned n = l->s->nb_globals;
    memset(l->live, 0xff, n / 64 * 8);
    if (n % 64) {
        l->live[n / 64] |= (1ull << (n % 64)) - 1;
    }
}

static void only_globals(Liveness *l)
{
    memset(l->live, 0, l->words * 8);
    add_globals(l);
}

static void join_label(Liveness *l, const TCGLabel *label)
{
    const uint64_t *at_label = label->state_ptr;
    for (unsigned i = 0; i < l->words; i++) {
        l->live[i] |= at_label ? at_label[i] : ~0ull;
    }
}

// What control flow and env readers add to the live set after `op`.
static void apply_flow(Liveness *l, const TCGOp *op)
{
    const TCGOpDef *def = &tcg_op_defs[op->opc];

    if (def->flags & TCG_OPF_BB_EXIT) {
        if (def->flags & TCG_OPF_BB_END) {
            only_globals(l);
        } else {
            add_globals(l);
        }
    } else if (op->opc == INDEX_op_br) {
        memset(l->live, 0, l->words * 8);
        join_label(l, arg_label(op->args[0]));
    } else if (def->flags & TCG_OPF_COND_BRANCH) {
        join_label(l, tcg_op_branch_target(op));
    } else if (op->opc == INDEX_op_call && (op->call_info->flags & TCG_CALL_NO_RETURN)) {
        only_globals(l);
    }
}

static bool reads_globals(const Liveness *l, const TCGOp *op)
{
    if (op->opc == INDEX_op_call) {
        return !(op->call_info->flags & TCG_CALL_NO_READ_GLOBALS);
    }
    return l->s->precise && (tcg_op_defs[op->opc].flags & TCG_OPF_GUEST_MEM);
}

static bool is_removable(const TCGOp *op)
{
    if (op->opc == INDEX_op_call) {
        return op->call_info->flags & TCG_CALL_NO_SIDE_EFFECTS;
    }
    // A guest load stays even when its value is dead: it may fault.
    return !(tcg_op_defs[op->opc].flags &
             (TCG_OPF_SIDE_EFFECTS | TCG_OPF_STORE | TCG_OPF_BB_START | TCG_OPF_BB_END |
              TCG_OPF_BB_EXIT | TCG_OPF_GUEST_MEM));
}

static bool results_dead(const Liveness *l, const TCGOp *op, unsigned nout)
{
    for (unsigned i = 0; i < nout; i++) {
        if (test_bit(l, arg_temp(op->args[i]))) {
            return false;
        }
    }
    return true;
}

// An FP op whose value is dead may still raise a flag that the guest can read, but only a later reader
// of the flags could tell; x86 and Arm programs do not compute for that alone, yet keeping the op is
// exact, so FP ops are kept unless they cannot raise.
static bool is_fp(const TCGOp *op) { return tcg_op_defs[op->opc].flags & TCG_OPF_FP; }

void tcg_liveness(TCGContext *s)
{
    Liveness l = {.s = s, .words = (s->nb_temps + 63) / 64};
    TCGContext *saved = tcg_ctx;
    tcg_ctx = s;
    l.live = tcg_malloc(l.words * 8);
    only_globals(&l);

    TCG_FOREACH_OP(op, s) {
        if (op->opc == INDEX_op_set_label) {
            arg_label(op->args[0])->state_ptr = NULL;
        }
    }

    for (TCGOp *op = s->ops.prev, *prev; op != &s->ops; op = prev) {
        prev = op->prev;
        unsigned nout = tcg_op_nout(op), nin = tcg_op_nin(op);
        op->life = 0;

        if (op->opc == INDEX_op_discard) {
            clear_bit(&l, arg_temp(op->args[0]));
            tcg_op_remove(s, op);
            continue;
        }
        if (op->opc == INDEX_op_set_label) {
            uint64_t *copy = tcg_malloc(l.words * 8);
            memcpy(copy, l.live, l.words * 8);
            arg_label(op->args[0])->state_ptr = copy;
            continue;
        }
        if (nout && is_removable(op) && !is_fp(op) && results_dead(&l, op, nout)) {
            tcg_op_remove(s, op);
            continue;
        }
        apply_flow(&l, op);
        for (unsigned i = 0; i < nout; i++) {
            TCGTemp *t = arg_temp(op->args[i]);
            if (!test_bit(&l, t)) {
                op->life |= 1u << i;
            }
            clear_bit(&l, t);
        }
        if (reads_globals(&l, op)) {
            add_globals(&l);
        }
        for (unsigned i = nout; i < nout + nin; i++) {
            TCGTemp *t = arg_temp(op->args[i]);
            if (is_tracked(t) && !test_bit(&l, t)) {
                op->life |= 1u << i;
            }
        }
        for (unsigned i = nout; i < nout + nin; i++) {
            TCGTemp *t = arg_temp(op->args[i]);
            if (is_tracked(t)) {
                set_bit(&l, t);
            }
        }
    }
    tcg_ctx = saved;
}
