// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The verifier: checks what a frontend or a pass has built before an engine believes it.
//
// Types of every argument against the op's signature or the callee's row, lane sizes, constants never
// written, labels placed once and branches to placed labels only, reference counts, temps read only
// where some path writes them first, and an end that leaves the block.

#include <glib.h>
#include <string.h>

#include "tcg.h"

static char *fault(const TCGOp *op, unsigned index, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static char *fault(const TCGOp *op, unsigned index, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *words = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return g_strdup_printf("op %u (%s): %s", index,
                           op->opc < TCG_OP_COUNT ? tcg_op_defs[op->opc].name : "?", words);
}

static bool is_vector(TCGType t)
{
    return t == TCG_TYPE_V64 || t == TCG_TYPE_V128 || t == TCG_TYPE_V256;
}

static TCGType letter_type(const TCGOp *op, char letter)
{
    switch (letter) {
    case 'i':
        return TCG_TYPE_I32;
    case 'l':
        return TCG_TYPE_I64;
    case 'o':
        return TCG_TYPE_I128;
    case 's':
        return TCG_TYPE_F32;
    case 'd':
        return TCG_TYPE_F64;
    case 'h':
        return TCG_TYPE_V64;
    case 'x':
        return TCG_TYPE_V128;
    case 'y':
        return TCG_TYPE_V256;
    default:
        return (TCGType)op->type;
    }
}

static char *check_temp(const TCGContext *s, const TCGOp *op, unsigned index, unsigned arg,
                        TCGType want, bool result)
{
    const TCGTemp *t = arg_temp(op->args[arg]);
    if (!t || t->index >= s->nb_temps || s->temps[t->index] != t) {
        return fault(op, index, "argument %u is not a temp of this block", arg);
    }
    if (t->type != want) {
        return fault(op, index, "argument %u is %s, not %s", arg, tcg_type_name(t->type),
                     tcg_type_name(want));
    }
    if (result && (t->kind == TEMP_CONST || t->kind == TEMP_FIXED)) {
        return fault(op, index, "writes a constant (argument %u)", arg);
    }
    return NULL;
}

static char *check_call(const TCGContext *s, const TCGOp *op, unsigned index)
{
    const TCGHelperInfo *info = op->call_info;
    if (!info) {
        return fault(op, index, "has no row in the helper table");
    }
    if (op->nout != (info->ret != TCG_TYPE_VOID) || op->nin != info->nargs) {
        return fault(op, index, "%s takes %u arguments, not %u", info->name, info->nargs, op->nin);
    }
    char *err = op->nout ? check_temp(s, op, index, 0, info->ret, true) : NULL;
    for (unsigned i = 0; i < op->nin && !err; i++) {
        err = check_temp(s, op, index, op->nout + i, info->args[i], false);
    }
    return err;
}

static char *check_constant(const TCGOp *op, unsigned index, unsigned arg, char letter)
{
    if (letter == 'L') {
        const TCGLabel *l = arg_label(op->args[arg]);
        if (!l || !l->op) {
            return fault(op, index, "names a label that stands nowhere");
        }
        if (op->opc == INDEX_op_set_label && l->op != op) {
            return fault(op, index, "places label L%u twice", l->id);
        }
    } else if (letter == 'P' && !op->args[arg]) {
        return fault(op, index, "argument %u is a null pointer", arg);
    } else if (letter == 'm' && (op->args[arg] & MO_SIZE) > MO_256) {
        return fault(op, index, "bad memory operation 0x%lx", (unsigned long)op->args[arg]);
    }
    return NULL;
}

static char *check_op(const TCGContext *s, const TCGOp *op, unsigned index)
{
    if (op->opc >= TCG_OP_COUNT) {
        return fault(op, index, "unknown opcode %u", op->opc);
    }
    if (op->opc == INDEX_op_call) {
        return check_call(s, op, index);
    }
    const TCGOpDef *def = &tcg_op_defs[op->opc];
    if (op->opc != INDEX_op_discard &&
        op->nargs != def->nb_oargs + def->nb_iargs + def->nb_cargs) {
        return fault(op, index, "has %u arguments", op->nargs);
    }
    if (strchr(def->sig, 'v') && (!is_vector((TCGType)op->type) || op->vece > MO_64)) {
        return fault(op, index, "has no vector type");
    }
    unsigned arg = 0;
    bool result = true;
    for (const char *p = def->sig; *p; p++) {
        if (*p == ':') {
            result = false;
            continue;
        }
        char *err = strchr("cmLP", *p)
                        ? check_constant(op, index, arg, *p)
                        : check_temp(s, op, index, arg, letter_type(op, *p), result);
        if (err) {
            return err;
        }
        arg++;
    }
    return NULL;
}

// --- reads before writes: forward dataflow over "may have been written" -----------------------------
// A temp read where no path from the start has written it holds nothing.  One pass suffices: a backward
// branch can only add writes that a read before it has not seen on its first execution.


static void join(uint64_t *into, const uint64_t *from, unsigned words)
{
    for (unsigned i = 0; i < words; i++) {
        into[i] |= from[i];
    }
}

static char *check_reads(const TCGContext *s)
{
    unsigned words = (s->nb_temps + 63) / 64;
    g_autofree uint64_t *now = g_new0(uint64_t, words);
    g_autofree uint64_t *labels = g_new0(uint64_t, (size_t)words * (s->nb_labels + 1));
    unsigned index = 0;
    for (TCGOp *op = s->ops.next; op != &s->ops; op = op->next, index++) {
        unsigned nout = tcg_op_nout(op), nin = tcg_op_nin(op);
        if (op->opc == INDEX_op_set_label) {
            join(now, labels + (size_t)words * arg_label(op->args[0])->id, words);
        }
        for (unsigned i = nout; i < nout + nin; i++) {
            const TCGTemp *t = arg_temp(op->args[i]);
            if (t->kind == TEMP_NORMAL && !(now[t->index / 64] >> (t->index % 64) & 1)) {
                return fault(op, index, "reads tmp%u, which nothing has written",
                             t->index - s->nb_globals);
            }
        }
        for (unsigned i = 0; i < nout; i++) {
            const TCGTemp *t = arg_temp(op->args[i]);
            now[t->index / 64] |= 1ull << (t->index % 64);
        }
        const TCGLabel *target = tcg_op_branch_target(op);
        if (target) {
            join(labels + (size_t)words * target->id, now, words);
        }
    }
    return NULL;
}

static bool leaves_block(const TCGOp *op)
{
    if (op->opc == INDEX_op_call) {
        return op->call_info->flags & TCG_CALL_NO_RETURN;
    }
    const unsigned flags = tcg_op_defs[op->opc].flags;
    return (flags & TCG_OPF_BB_END) && !(flags & TCG_OPF_COND_BRANCH);
}

char *tcg_verify(TCGContext *s)
{
    if (s->error) {
        return g_strdup(s->error);
    }
    unsigned index = 0;
    g_autofree unsigned *refs = g_new0(unsigned, s->nb_labels + 1);
    const TCGOp *last = NULL;
    TCG_FOREACH_OP(op, s) {
        char *err = check_op(s, op, index);
        if (err) {
            return err;
        }
        const TCGLabel *target = tcg_op_branch_target(op);
        if (target) {
            refs[target->id]++;
        }
        last = op;
        index++;
    }
    TCG_FOREACH_OP(op, s) {
        if (op->opc == INDEX_op_set_label) {
            const TCGLabel *l = arg_label(op->args[0]);
            if (l->refs != refs[l->id]) {
                return fault(op, 0, "L%u counts %u branches, has %u", l->id, l->refs, refs[l->id]);
            }
        }
    }
    if (!last || !leaves_block(last)) {
        return g_strdup("the block does not end by leaving it");
    }
    return check_reads(s);
}
