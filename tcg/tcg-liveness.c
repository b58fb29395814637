// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Liveness: one backward pass over a block that removes dead ops and fills op->life; then ops are made to
// write the register that their result is moved to.
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
    return !(tcg_op_defs[op->opc].flags & (TCG_OPF_SIDE_EFFECTS | TCG_OPF_STORE | TCG_OPF_BB_START |
                                           TCG_OPF_BB_END | TCG_OPF_BB_EXIT | TCG_OPF_GUEST_MEM));
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

// --- moves -------------------------------------------------------------------------------------------
// A frontend computes into a temp and then moves it to a guest register.  When the temp dies there, the
// op that computes it can write the register itself, if nothing in between looks at the register.  A pass
// of its own, because the dead copies of a register's old value must be gone.

#define MOVE_REACH 8 // ops

static bool is_move(const TCGOp *op)
{
    switch ((TCGOpcode)op->opc) {
    case INDEX_op_mov_i32:
    case INDEX_op_mov_i64:
    case INDEX_op_mov_i128:
    case INDEX_op_mov_f32:
    case INDEX_op_mov_f64:
    case INDEX_op_mov_vec: return true;
    default: return false;
    }
}

// Does op, which does not compute the temp, stand in the way of writing `dst` before it?
static bool blocks_move(const Liveness *l, const TCGOp *op, const TCGTemp *dst)
{
    const unsigned flags = tcg_op_defs[op->opc].flags;
    if (op->opc == INDEX_op_discard || op->opc == INDEX_op_call ||
        (flags & (TCG_OPF_BB_START | TCG_OPF_BB_END | TCG_OPF_BB_EXIT | TCG_OPF_STORE)) ||
        reads_globals(l, op)) {
        return true;
    }
    unsigned n = tcg_op_nout(op) + tcg_op_nin(op);
    for (unsigned i = 0; i < n; i++) {
        const TCGTemp *t = arg_temp(op->args[i]);
        if (t == dst || t->kind == TEMP_FIXED) { // env: it may read the register's memory
            return true;
        }
    }
    return false;
}

static bool may_write_globals(const TCGOp *op)
{
    return op->opc == INDEX_op_call &&
           !(op->call_info->flags & (TCG_CALL_NO_READ_GLOBALS | TCG_CALL_NO_WRITE_GLOBALS));
}

// After the move both hold the value: lets what reads the temp until it dies read `dst`.  false when it
// cannot, and nothing is changed.
static bool read_destination(const Liveness *l, TCGOp *move)
{
    TCGTemp *dst = arg_temp(move->args[0]), *src = arg_temp(move->args[1]);
    TCGOp *last = move->next;
    bool dies = false;
    for (unsigned reach = 0; !dies; reach++, last = last->next) {
        if (last == &l->s->ops || reach == 2 * MOVE_REACH || last->opc == INDEX_op_set_label ||
            last->opc == INDEX_op_discard) {
            return false;
        }
        unsigned nout = tcg_op_nout(last), n = nout + tcg_op_nin(last);
        for (unsigned i = nout; i < n; i++) {
            dies |= arg_temp(last->args[i]) == src && (last->life >> i & 1);
        }
        bool writes = may_write_globals(last) ||
                      (tcg_op_defs[last->opc].flags & (TCG_OPF_BB_END | TCG_OPF_BB_EXIT));
        for (unsigned i = 0; i < nout; i++) {
            writes |= arg_temp(last->args[i]) == dst || arg_temp(last->args[i]) == src;
        }
        if (writes && !dies) {
            return false;
        }
    }
    for (TCGOp *op = move->next; op != last; op = op->next) {
        unsigned nout = tcg_op_nout(op), n = nout + tcg_op_nin(op);
        for (unsigned i = nout; i < n; i++) {
            if (arg_temp(op->args[i]) == src || arg_temp(op->args[i]) == dst) {
                op->args[i] = (TCGArg)dst;
                op->life &= ~(1u << i); // dst may live on
            }
        }
    }
    move->life |= 2;
    return true;
}

static void coalesce_move(const Liveness *l, TCGOp *move)
{
    TCGTemp *dst = arg_temp(move->args[0]), *src = arg_temp(move->args[1]);
    if (src->kind != TEMP_NORMAL || (!(move->life & 2) && !read_destination(l, move))) {
        return;
    }
    TCGOp *def = move->prev;
    unsigned out = 0;
    for (unsigned reach = 0;; reach++, def = def->prev) {
        if (def == &l->s->ops || reach == MOVE_REACH) {
            return;
        }
        unsigned nout = tcg_op_nout(def);
        for (out = 0; out < nout && arg_temp(def->args[out]) != src; out++) {
        }
        if (out < nout) {
            for (unsigned i = 0; i < nout; i++) {
                if (arg_temp(def->args[i]) == dst) {
                    return;
                }
            }
            break;
        }
        if (blocks_move(l, def, dst)) {
            return;
        }
    }
    def->args[out] = (TCGArg)dst;
    for (TCGOp *op = def->next; op != move; op = op->next) {
        unsigned first = tcg_op_nout(op), n = tcg_op_nin(op);
        for (unsigned i = first; i < first + n; i++) {
            if (arg_temp(op->args[i]) == src) {
                op->args[i] = (TCGArg)dst;
            }
        }
    }
    tcg_op_remove(l->s, move);
}

void tcg_liveness(TCGContext *s)
{
    Liveness l = {.s = s, .words = (s->nb_temps + 63) / 64};
    TCGContext *saved = tcg_ctx;
    tcg_ctx = s;
    l.live = tcg_malloc(l.words * 8);
    only_globals(&l);

    TCG_FOREACH_OP(op, s)
    {
        if (op->opc == INDEX_op_set_label) {
            arg_label(op->args[0])->state_ptr = NULL;
        }
    }

    for (TCGOp *op = s->ops.prev, *prev; op != &s->ops; op = prev) {
        prev = op->prev;
        unsigned nout = tcg_op_nout(op), nin = tcg_op_nin(op);
        op->life = 0;

        if (op->opc == INDEX_op_discard) {
            const TCGTemp *t = arg_temp(op->args[0]);
            clear_bit(&l, t);
            if (!s->keep_discards || t->kind != TEMP_GLOBAL) {
                tcg_op_remove(s, op);
            }
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
    TCG_FOREACH_OP_SAFE(op, s, next)
    {
        if (is_move(op)) {
            coalesce_move(&l, op);
        }
    }
    tcg_ctx = saved;
}
