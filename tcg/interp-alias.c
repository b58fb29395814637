// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A 256-bit register that stands in env as two V128 globals side by side: an op on it is
//
//     concat_v128_v256 t, low, high;  ... op u, t, ...;  extrl low, u;  extrh high, u
//
// The bytes of t are those of the globals already.  So where nothing writes the globals before t's last use, t gets
// their place, and where u is only made to be taken apart again, so does u: the moves are then of a slot to
// itself, and no code.  More than code is saved: a load of 32 bytes soon after two stores of 16 waits
// until these have left the store buffer.
//
// What the ops must allow: that their result stands in the place of an operand.  Every handler that takes 256 bits
// reads what it needs of a place before it writes there.

#include "interp-encode.h"

static bool is_wide_temp(TCGArg a)
{
    const TCGTemp *t = arg_temp(a);
    return t->kind == TEMP_NORMAL && t->type == TCG_TYPE_V256;
}

static bool is_pair(const TCGTemp *low, const TCGTemp *high)
{
    return low->kind == TEMP_GLOBAL && high->kind == TEMP_GLOBAL &&
           high->offset == low->offset + 16;
}

// Of each 256-bit temp: state counts the ops that write it, and from bit 16 on those that read it; state_ptr is the
// last of these.
static void count_uses(TCGContext *s)
{
    for (unsigned i = s->nb_globals; i < s->nb_temps; i++) {
        s->temps[i]->state = 0;
    }
    for (TCGOp *op = s->ops.next; op != &s->ops; op = op->next) {
        unsigned nout = tcg_op_nout(op), n = nout + tcg_op_nin(op);
        for (unsigned i = 0; i < n; i++) {
            if (is_wide_temp(op->args[i])) {
                TCGTemp *t = arg_temp(op->args[i]);
                t->state += i < nout ? 1 : 1 << 16;
                t->state_ptr = i < nout ? t->state_ptr : op;
            }
        }
    }
}

static bool writes(const TCGOp *op, const TCGTemp *low, const TCGTemp *high)
{
    for (unsigned i = 0; i < tcg_op_nout(op); i++) {
        if (arg_temp(op->args[i]) == low || arg_temp(op->args[i]) == high) {
            return true;
        }
    }
    return op->opc == INDEX_op_call && !(op->call_info->flags & TCG_CALL_NO_WG);
}

// t = concat of two globals.
static void alias_operand(TCGContext *s, const TCGOp *concat)
{
    TCGTemp *t = arg_temp(concat->args[0]);
    const TCGTemp *low = arg_temp(concat->args[1]), *high = arg_temp(concat->args[2]);
    if (!is_pair(low, high) || (t->state & 0xffff) != 1 || !(t->state >> 16)) {
        return;
    }
    for (const TCGOp *op = concat->next; op != &s->ops; op = op->next) {
        if (op == t->state_ptr) {
            t->offset = low->offset;
            return;
        }
        if (writes(op, low, high)) {
            return;
        }
    }
}

// op makes u, and then come extrl and extrh.
static void alias_result(TCGContext *s, const TCGOp *op)
{
    const TCGOp *l = op->next, *h = l->next;
    if (tcg_op_nout(op) != 1 || op->opc == INDEX_op_call || op->opc == INDEX_op_concat_v128_v256 ||
        l == &s->ops || h == &s->ops || l->opc != INDEX_op_extrl_v256_v128 ||
        h->opc != INDEX_op_extrh_v256_v128 || !is_wide_temp(op->args[0])) {
        return;
    }
    TCGTemp *u = arg_temp(op->args[0]);
    if (l->args[1] == (TCGArg)u && h->args[1] == (TCGArg)u &&
        is_pair(arg_temp(l->args[0]), arg_temp(h->args[0])) && u->state == (2 << 16 | 1)) {
        u->offset = arg_temp(l->args[0])->offset;
    }
}

void interp_alias_wide(TCGContext *s)
{
    count_uses(s);
    for (const TCGOp *op = s->ops.next; op != &s->ops; op = op->next) {
        if (op->opc == INDEX_op_concat_v128_v256) {
            alias_operand(s, op);
        } else {
            alias_result(s, op);
        }
    }
}
