// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Dump of a block's ops, in the form of QEMU's `-d op`: " ---- pc datum" before an instruction's ops,
// then one op a line, results first, constants as $0x..., conditions and memory operations by name.

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "tcg.h"

static const char *const cond_names[TCG_COND_COUNT] = {
    [TCG_COND_NEVER] = "never", [TCG_COND_ALWAYS] = "always", [TCG_COND_EQ] = "eq",
    [TCG_COND_NE] = "ne",       [TCG_COND_LT] = "lt",         [TCG_COND_GE] = "ge",
    [TCG_COND_LE] = "le",       [TCG_COND_GT] = "gt",         [TCG_COND_LTU] = "ltu",
    [TCG_COND_GEU] = "geu",     [TCG_COND_LEU] = "leu",       [TCG_COND_GTU] = "gtu",
    [TCG_COND_TSTEQ] = "tsteq", [TCG_COND_TSTNE] = "tstne",
};

static void dump_temp(const TCGContext *s, const TCGTemp *t, FILE *f)
{
    switch (t->kind) {
    case TEMP_FIXED:
    case TEMP_GLOBAL:
        fputs(t->name, f);
        break;
    case TEMP_CONST:
        fprintf(f, "$0x%" PRIx64, t->val);
        break;
    case TEMP_NORMAL:
        fprintf(f, "tmp%u", t->index - s->nb_globals);
        break;
    }
}

static void dump_memop(unsigned mop, FILE *f)
{
    static const char *const sizes[] = {"b", "w", "l", "q", "o", "y"};
    unsigned size = mop & MO_SIZE;
    if (mop & MO_ALIGN) {
        fputs("al+", f);
    }
    fprintf(f, "%s%s%s", size == MO_8 ? "" : mop & MO_BSWAP ? "be" : "le",
            mop & MO_SIGN ? "s" : "u", size < G_N_ELEMENTS(sizes) ? sizes[size] : "?");
}

static void dump_fcond(unsigned c, FILE *f)
{
    fprintf(f, "%s%s%s%s%s", c & TCG_FCOND_LT ? "l" : "", c & TCG_FCOND_EQ ? "e" : "",
            c & TCG_FCOND_GT ? "g" : "", c & TCG_FCOND_UN ? "u" : "",
            c & TCG_FCOND_SIGNALING ? ".s" : "");
}

// The constant that is a condition, and of which kind: 'i' integer, 'f' FP, 0 none.
static char cond_kind(const TCGOp *op)
{
    switch (op->opc) {
    case INDEX_op_brcond_i32:
    case INDEX_op_brcond_i64:
    case INDEX_op_setcond_i32:
    case INDEX_op_setcond_i64:
    case INDEX_op_negsetcond_i32:
    case INDEX_op_negsetcond_i64:
    case INDEX_op_movcond_i32:
    case INDEX_op_movcond_i64:
    case INDEX_op_cmp_vec:
        return 'i';
    case INDEX_op_fsetcond_f32:
    case INDEX_op_fsetcond_f64:
    case INDEX_op_fcmp_vec:
        return 'f';
    default:
        return 0;
    }
}

static void dump_call(const TCGContext *s, const TCGOp *op, FILE *f)
{
    fprintf(f, "call %s,$0x%x,$%u", op->call_info->name, op->call_info->flags, op->nout);
    for (unsigned i = 0; i < (unsigned)op->nout + op->nin; i++) {
        fputc(',', f);
        dump_temp(s, arg_temp(op->args[i]), f);
    }
}

static void dump_const(const TCGOp *op, char letter, TCGArg a, FILE *f)
{
    switch (letter) {
    case 'L':
        fprintf(f, "$L%u", arg_label(a)->id);
        break;
    case 'm':
        dump_memop((unsigned)a, f);
        break;
    case 'P': {
        const uint8_t *bytes = (const uint8_t *)a;
        unsigned n = tcg_op_pointer_size(op);
        fputs("{", f);
        for (unsigned i = 0; i < n; i++) {
            fprintf(f, "%02x", bytes[i]);
        }
        fputs("}", f);
        break;
    }
    default:
        if (cond_kind(op) == 'i' && a < TCG_COND_COUNT) {
            fputs(cond_names[a], f);
        } else if (cond_kind(op) == 'f') {
            dump_fcond((unsigned)a, f);
        } else {
            fprintf(f, "$0x%" PRIxPTR, a);
        }
    }
}

static void dump_op(const TCGContext *s, const TCGOp *op, FILE *f)
{
    const TCGOpDef *def = &tcg_op_defs[op->opc];

    if (op->opc == INDEX_op_insn_start) {
        fprintf(f, "\n ---- %016" PRIx64 " %016" PRIx64 "\n", (uint64_t)op->args[0],
                (uint64_t)op->args[1]);
        return;
    }
    fputc(' ', f);
    if (op->opc == INDEX_op_call) {
        dump_call(s, op, f);
    } else {
        fputs(def->name, f);
        if (def->flags & TCG_OPF_VECTOR) {
            fprintf(f, " %s,e%u", tcg_type_name((TCGType)op->type), 8u << op->vece);
        }
        unsigned i = 0;
        for (const char *p = def->sig; *p; p++) {
            if (*p == ':') {
                continue;
            }
            fputc(i || (def->flags & TCG_OPF_VECTOR) ? ',' : ' ', f);
            if (strchr("cmLP", *p)) {
                dump_const(op, *p, op->args[i], f);
            } else {
                dump_temp(s, arg_temp(op->args[i]), f);
            }
            i++;
        }
    }
    if (op->life) {
        fputs("  dead:", f);
        for (unsigned i = 0; i < 32; i++) {
            if (op->life >> i & 1) {
                fprintf(f, " %u", i);
            }
        }
    }
    fputc('\n', f);
}

void tcg_dump_ops(TCGContext *s, FILE *f)
{
    TCG_FOREACH_OP(op, s) {
        dump_op(s, op, f);
    }
    fputc('\n', f);
}
