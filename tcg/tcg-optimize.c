// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The optimiser: one forward pass over a block.
//
// For each temp it knows, inside an extended basic block: a constant value, another temp that holds the
// same value, and which bits may be nonzero.  Knowledge is dropped at each label that is branched to.
// "The same value" is kept as (temp, version): writing a temp raises its version, which silently ends
// every copy relation that named it; a callee that writes guest registers raises all globals at once.
//
// What it does: copies forwarded, constants folded, identities removed, constants moved to the second
// operand, extensions of already narrow values dropped, known branches resolved, unreachable ops and
// unused labels removed.  Dead results are left to tcg_liveness.

#include <glib.h>
#include <string.h>

#include "tcg-fold.h"
#include "tcg-op.h"

typedef struct TempInfo {
    uint32_t epoch;       // of the pass's EBB in which the rest is valid
    uint32_t version;     // raised by each write, never reset within the pass
    uint32_t globals_version; // globals: the callee counter when the value was recorded
    bool is_const;
    uint64_t val;
    uint64_t nonzero; // mask of bits that may be set (integers)
    TCGTemp *copy;    // holds the same value while its version is copy_version
    uint32_t copy_version;
    uint32_t copy_globals;
} TempInfo;

typedef struct Optimizer {
    TCGContext *s;
    uint32_t epoch;
    uint32_t globals_version;
} Optimizer;

static uint64_t type_mask(TCGType t)
{
    return t == TCG_TYPE_I32 || t == TCG_TYPE_F32 ? UINT32_MAX : UINT64_MAX;
}

static bool is_integer(TCGType t) { return t == TCG_TYPE_I32 || t == TCG_TYPE_I64; }

static TempInfo *info_of(Optimizer *o, TCGTemp *t)
{
    TempInfo *i = t->state_ptr;
    if (!i) {
        i = t->state_ptr = tcg_malloc(sizeof(*i));
    }
    bool stale = i->epoch != o->epoch ||
                 (t->kind == TEMP_GLOBAL && i->globals_version != o->globals_version);
    if (stale) {
        i->epoch = o->epoch;
        i->globals_version = o->globals_version;
        i->version++;
        i->copy = NULL;
        i->is_const = t->kind == TEMP_CONST;
        i->val = t->val;
        i->nonzero = i->is_const ? t->val : type_mask(t->type);
    }
    return i;
}

static bool is_const(Optimizer *o, TCGTemp *t) { return info_of(o, t)->is_const; }
static uint64_t const_val(Optimizer *o, TCGTemp *t) { return info_of(o, t)->val; }

// The temp to read instead of t: a constant, or an older holder of the same value.
static TCGTemp *find_copy(Optimizer *o, TCGTemp *t)
{
    TempInfo *i = info_of(o, t);
    if (i->is_const && t->kind != TEMP_CONST && is_integer(t->type)) {
        return tcg_const_type(t->type, i->val);
    }
    if (i->copy) {
        TempInfo *c = info_of(o, i->copy);
        if (c->version == i->copy_version && c->globals_version == i->copy_globals) {
            return i->copy;
        }
        i->copy = NULL;
    }
    return t;
}

static bool same_value(Optimizer *o, TCGTemp *a, TCGTemp *b)
{
    return a == b || find_copy(o, a) == find_copy(o, b);
}

static void written(Optimizer *o, TCGTemp *t)
{
    TempInfo *i = info_of(o, t);
    i->version++;
    i->copy = NULL;
    i->is_const = false;
    i->nonzero = type_mask(t->type);
}

static void written_narrow(Optimizer *o, TCGTemp *t, uint64_t nonzero)
{
    written(o, t);
    info_of(o, t)->nonzero = nonzero & type_mask(t->type);
}

static void record_copy(Optimizer *o, TCGTemp *dst, TCGTemp *src)
{
    TempInfo *s = info_of(o, src);
    bool known = s->is_const;
    uint64_t val = s->val, nonzero = s->nonzero;
    uint32_t version = s->version, globals = s->globals_version;
    written(o, dst);
    TempInfo *d = info_of(o, dst);
    d->is_const = known;
    d->val = val;
    d->nonzero = nonzero;
    if (!known) {
        d->copy = src;
        d->copy_version = version;
        d->copy_globals = globals;
    }
}

static TCGOpcode mov_opcode(TCGType t)
{
    switch (t) {
    case TCG_TYPE_I32: return INDEX_op_mov_i32;
    case TCG_TYPE_I64: return INDEX_op_mov_i64;
    case TCG_TYPE_I128: return INDEX_op_mov_i128;
    case TCG_TYPE_F32: return INDEX_op_mov_f32;
    case TCG_TYPE_F64: return INDEX_op_mov_f64;
    default: return INDEX_op_mov_vec;
    }
}

static bool is_mov(TCGOpcode opc)
{
    switch (opc) {
    case INDEX_op_mov_i32:
    case INDEX_op_mov_i64:
    case INDEX_op_mov_i128:
    case INDEX_op_mov_f32:
    case INDEX_op_mov_f64:
    case INDEX_op_mov_vec:
        return true;
    default:
        return false;
    }
}

// Turns op into dst = src.  An op always has room for two arguments when it has a result.
static void to_mov(Optimizer *o, TCGOp *op, TCGTemp *src)
{
    TCGTemp *dst = arg_temp(op->args[0]);
    src = find_copy(o, src);
    if (src == dst) {
        tcg_op_remove(o->s, op);
        return;
    }
    op->opc = (uint16_t)mov_opcode(dst->type);
    op->nargs = 2;
    op->args[1] = (TCGArg)src;
    record_copy(o, dst, src);
}

static void to_movi(Optimizer *o, TCGOp *op, uint64_t val)
{
    TCGTemp *dst = arg_temp(op->args[0]);
    to_mov(o, op, tcg_const_type(dst->type, val & type_mask(dst->type)));
}

// --- op families -----------------------------------------------------------------------------------

static bool commutes(TCGOpcode opc) { return tcg_op_defs[opc].flags & TCG_OPF_COMMUTES; }

static void swap_args(TCGOp *op, unsigned i, unsigned j)
{
    TCGArg t = op->args[i];
    op->args[i] = op->args[j];
    op->args[j] = t;
}

// x op c, and x op x, where the result is x or a constant.  `wide` is the i64 form of the op.
static bool simplify_binary(Optimizer *o, TCGOp *op, TCGOpcode wide, uint64_t ones)
{
    TCGTemp *a = arg_temp(op->args[1]), *b = arg_temp(op->args[2]);

    if (is_const(o, b)) {
        uint64_t c = const_val(o, b);
        switch (wide) {
        case INDEX_op_add_i64:
        case INDEX_op_sub_i64:
        case INDEX_op_xor_i64:
        case INDEX_op_or_i64:
        case INDEX_op_shl_i64:
        case INDEX_op_shr_i64:
        case INDEX_op_sar_i64:
        case INDEX_op_rotl_i64:
        case INDEX_op_rotr_i64:
        case INDEX_op_andc_i64:
            if (c == 0) {
                to_mov(o, op, a);
                return true;
            }
            if (wide == INDEX_op_or_i64 && c == ones) {
                to_movi(o, op, ones);
                return true;
            }
            break;
        case INDEX_op_and_i64:
            if ((info_of(o, a)->nonzero & ~c) == 0) {
                to_mov(o, op, a); // clears only bits that are clear already
                return true;
            }
            if ((info_of(o, a)->nonzero & c) == 0) {
                to_movi(o, op, 0);
                return true;
            }
            break;
        case INDEX_op_mul_i64:
            if (c == 0) {
                to_movi(o, op, 0);
                return true;
            }
            if (c == 1) {
                to_mov(o, op, a);
                return true;
            }
            break;
        default:
            break;
        }
    }
    if (same_value(o, a, b)) {
        switch (wide) {
        case INDEX_op_sub_i64:
        case INDEX_op_xor_i64:
        case INDEX_op_andc_i64:
            to_movi(o, op, 0);
            return true;
        case INDEX_op_and_i64:
        case INDEX_op_or_i64:
            to_mov(o, op, a);
            return true;
        default:
            break;
        }
    }
    return false;
}

static uint64_t binary_nonzero(Optimizer *o, const TCGOp *op, TCGOpcode wide)
{
    TempInfo *a = info_of(o, arg_temp(op->args[1])), *b = info_of(o, arg_temp(op->args[2]));
    uint64_t ma = a->nonzero, mb = b->nonzero;
    switch (wide) {
    case INDEX_op_and_i64:
        return ma & mb;
    case INDEX_op_or_i64:
    case INDEX_op_xor_i64:
        return ma | mb;
    case INDEX_op_andc_i64:
        return b->is_const ? ma & ~b->val : ma;
    case INDEX_op_shl_i64:
        return b->is_const ? ma << (b->val & 63) : ~0ull;
    case INDEX_op_shr_i64:
        return b->is_const ? ma >> (b->val & 63) : ma ? ~0ull >> __builtin_clzll(ma) : 0;
    case INDEX_op_divu_i64:
        return ma ? ~0ull >> __builtin_clzll(ma) : 0;
    case INDEX_op_add_i64: {
        // Bits up to one above the higher of both.
        uint64_t m = ma | mb;
        return m >> 63 ? ~0ull : m ? (~0ull >> __builtin_clzll(m)) << 1 | 1 : 0;
    }
    default:
        return ~0ull;
    }
}

static void visit_binary(Optimizer *o, TCGOp *op, TCGOpcode wide)
{
    TCGTemp *dst = arg_temp(op->args[0]);
    bool is32 = dst->type == TCG_TYPE_I32;
    uint64_t r;

    if (commutes((TCGOpcode)op->opc) && is_const(o, arg_temp(op->args[1])) &&
        !is_const(o, arg_temp(op->args[2]))) {
        swap_args(op, 1, 2);
    }
    TCGTemp *a = arg_temp(op->args[1]), *b = arg_temp(op->args[2]);
    if (is_const(o, a) && is_const(o, b) &&
        tcg_fold_binary(wide, is32, const_val(o, a), const_val(o, b), &r)) {
        to_movi(o, op, r);
        return;
    }
    if (simplify_binary(o, op, wide, type_mask(dst->type))) {
        return;
    }
    if (wide == INDEX_op_sub_i64 && is_const(o, b)) {
        // One form for "plus a constant", so that engines need only one.
        op->opc = is32 ? INDEX_op_add_i32 : INDEX_op_add_i64;
        op->args[2] = (TCGArg)tcg_const_type(dst->type, -const_val(o, b) & type_mask(dst->type));
        written(o, dst);
        return;
    }
    uint64_t nonzero = binary_nonzero(o, op, wide);
    written_narrow(o, dst, nonzero);
}

// The bits that a zero-extension keeps, 0 for other ops.
static uint64_t zero_extension_mask(TCGOpcode wide)
{
    switch (wide) {
    case INDEX_op_ext8u_i64: return UINT8_MAX;
    case INDEX_op_ext16u_i64: return UINT16_MAX;
    case INDEX_op_ext32u_i64: return UINT32_MAX;
    default: return 0;
    }
}

// The sign bit that a sign-extension copies, 0 for other ops.
static uint64_t sign_extension_bit(TCGOpcode wide)
{
    switch (wide) {
    case INDEX_op_ext8s_i64: return 1u << 7;
    case INDEX_op_ext16s_i64: return 1u << 15;
    case INDEX_op_ext32s_i64: return 1u << 31;
    default: return 0;
    }
}

static void visit_unary(Optimizer *o, TCGOp *op, TCGOpcode wide)
{
    TCGTemp *dst = arg_temp(op->args[0]), *a = arg_temp(op->args[1]);
    uint64_t r, keep = zero_extension_mask(wide), sign = sign_extension_bit(wide);
    uint64_t nonzero = info_of(o, a)->nonzero;

    if (is_const(o, a) && tcg_fold_unary(wide, dst->type == TCG_TYPE_I32, const_val(o, a), &r)) {
        to_movi(o, op, r);
        return;
    }
    if (dst->type == a->type &&
        ((keep && !(nonzero & ~keep)) || (sign && !(nonzero & ~(sign - 1))))) {
        to_mov(o, op, a);
        return;
    }
    if (keep) {
        written_narrow(o, dst, nonzero & keep);
    } else if (wide == INDEX_op_extu_i32_i64 || wide == INDEX_op_extrl_i64_i32) {
        written_narrow(o, dst, nonzero & UINT32_MAX);
    } else if (wide == INDEX_op_extrh_i64_i32) {
        written_narrow(o, dst, nonzero >> 32);
    } else if (wide == INDEX_op_bswap16_i64) {
        written_narrow(o, dst, UINT16_MAX);
    } else if (wide == INDEX_op_bswap32_i64) {
        written_narrow(o, dst, UINT32_MAX);
    } else if (wide == INDEX_op_ctpop_i64) {
        written_narrow(o, dst, 127);
    } else {
        written(o, dst);
    }
}

// Puts a constant second.  Gives the condition to use.
static TCGCond order_compare(Optimizer *o, TCGOp *op, unsigned first, TCGCond cond)
{
    if (is_const(o, arg_temp(op->args[first])) && !is_const(o, arg_temp(op->args[first + 1]))) {
        swap_args(op, first, first + 1);
        return tcg_swap_cond(cond);
    }
    return cond;
}

// 0 or 1 when the comparison's outcome is known, else -1.
static int known_compare(Optimizer *o, TCGTemp *a, TCGTemp *b, TCGCond cond)
{
    if (is_const(o, a) && is_const(o, b)) {
        return tcg_fold_cond(cond, a->type == TCG_TYPE_I32, const_val(o, a), const_val(o, b));
    }
    if (same_value(o, a, b) && cond != TCG_COND_TSTEQ && cond != TCG_COND_TSTNE) {
        return tcg_fold_cond(cond, false, 0, 0);
    }
    if (is_const(o, b)) {
        uint64_t c = const_val(o, b), nonzero = info_of(o, a)->nonzero;
        switch (cond) {
        case TCG_COND_EQ:
        case TCG_COND_NE:
            return c & ~nonzero ? cond == TCG_COND_NE : -1;
        case TCG_COND_LTU:
        case TCG_COND_GEU:
            return c == 0 ? cond == TCG_COND_GEU : nonzero < c ? cond == TCG_COND_LTU : -1;
        case TCG_COND_TSTEQ:
        case TCG_COND_TSTNE:
            return nonzero & c ? -1 : cond == TCG_COND_TSTEQ;
        default:
            break;
        }
    }
    return -1;
}

static void visit_setcond(Optimizer *o, TCGOp *op, bool negated)
{
    TCGCond cond = order_compare(o, op, 1, (TCGCond)op->args[3]);
    TCGTemp *dst = arg_temp(op->args[0]), *a = arg_temp(op->args[1]);
    op->args[3] = cond;
    int known = known_compare(o, a, arg_temp(op->args[2]), cond);
    if (known >= 0) {
        to_movi(o, op, negated ? -(uint64_t)known : (uint64_t)known);
        return;
    }
    if (!negated && cond == TCG_COND_NE && is_const(o, arg_temp(op->args[2])) &&
        const_val(o, arg_temp(op->args[2])) == 0 && info_of(o, a)->nonzero == 1) {
        to_mov(o, op, a); // (bool) != 0
        return;
    }
    written_narrow(o, dst, negated ? ~0ull : 1);
}

static void visit_movcond(Optimizer *o, TCGOp *op)
{
    TCGCond cond = order_compare(o, op, 1, (TCGCond)op->args[5]);
    op->args[5] = cond;
    TCGTemp *v1 = arg_temp(op->args[3]), *v2 = arg_temp(op->args[4]);
    int known = known_compare(o, arg_temp(op->args[1]), arg_temp(op->args[2]), cond);
    if (known >= 0) {
        to_mov(o, op, known ? v1 : v2);
        return;
    }
    if (same_value(o, v1, v2)) {
        to_mov(o, op, v1);
        return;
    }
    uint64_t nonzero = info_of(o, v1)->nonzero | info_of(o, v2)->nonzero;
    written_narrow(o, arg_temp(op->args[0]), nonzero);
}

static void visit_extract(Optimizer *o, TCGOp *op, bool is_signed)
{
    TCGTemp *dst = arg_temp(op->args[0]), *a = arg_temp(op->args[1]);
    unsigned ofs = (unsigned)op->args[2], len = (unsigned)op->args[3];
    if (is_const(o, a)) {
        to_movi(o, op,
                tcg_fold_extract(const_val(o, a), ofs, len, is_signed, dst->type == TCG_TYPE_I32));
        return;
    }
    uint64_t field = len < 64 ? (1ull << len) - 1 : ~0ull;
    uint64_t nonzero = info_of(o, a)->nonzero;
    if (!is_signed && ofs == 0 && !(nonzero & ~field)) {
        to_mov(o, op, a);
        return;
    }
    written_narrow(o, dst, is_signed ? ~0ull : nonzero >> ofs & field);
}

static void visit_deposit(Optimizer *o, TCGOp *op)
{
    TCGTemp *a = arg_temp(op->args[1]), *b = arg_temp(op->args[2]);
    unsigned ofs = (unsigned)op->args[3], len = (unsigned)op->args[4];
    if (is_const(o, a) && is_const(o, b)) {
        to_movi(o, op, tcg_fold_deposit(const_val(o, a), const_val(o, b), ofs, len));
        return;
    }
    uint64_t nonzero = tcg_fold_deposit(info_of(o, a)->nonzero, info_of(o, b)->nonzero, ofs, len);
    written_narrow(o, arg_temp(op->args[0]), nonzero);
}

// Nothing after `op` up to the next label can run.
static void remove_unreachable(TCGContext *s, const TCGOp *op)
{
    while (op->next != &s->ops &&
           (op->next->opc != INDEX_op_set_label || arg_label(op->next->args[0])->refs == 0)) {
        tcg_op_remove(s, op->next);
    }
}

static bool branches_to_next(const TCGContext *s, const TCGOp *op, const TCGLabel *target)
{
    for (const TCGOp *n = op->next; n != &s->ops && n->opc == INDEX_op_set_label; n = n->next) {
        if (arg_label(n->args[0]) == target) {
            return true;
        }
    }
    return false;
}

static void visit_br(Optimizer *o, TCGOp *op)
{
    remove_unreachable(o->s, op);
    if (branches_to_next(o->s, op, arg_label(op->args[0]))) {
        tcg_op_remove(o->s, op);
    }
}

static void visit_brcond(Optimizer *o, TCGOp *op)
{
    TCGContext *s = o->s;
    TCGCond cond = order_compare(o, op, 0, (TCGCond)op->args[2]);
    TCGLabel *target = arg_label(op->args[3]);
    op->args[2] = cond;
    int known = known_compare(o, arg_temp(op->args[0]), arg_temp(op->args[1]), cond);
    if (known == 0 || branches_to_next(s, op, target)) {
        tcg_op_remove(s, op);
    } else if (known == 1) {
        op->opc = INDEX_op_br;
        op->nargs = 1;
        op->args[0] = (TCGArg)target;
        visit_br(o, op);
    }
}

static void visit_label(Optimizer *o, TCGOp *op)
{
    if (arg_label(op->args[0])->refs == 0) {
        tcg_op_remove(o->s, op);
    } else {
        o->epoch++; // other paths join: nothing is known
    }
}

static void visit_call(Optimizer *o, TCGOp *op)
{
    if (!(op->call_info->flags & (TCG_CALL_NO_WRITE_GLOBALS | TCG_CALL_NO_READ_GLOBALS))) {
        o->globals_version++;
    }
    if (op->nout) {
        written(o, arg_temp(op->args[0]));
    }
    if (op->call_info->flags & TCG_CALL_NO_RETURN) {
        remove_unreachable(o->s, op);
    }
}

static void visit_load(Optimizer *o, TCGOp *op)
{
    TCGTemp *dst = arg_temp(op->args[0]);
    unsigned mop = (unsigned)op->args[2];
    unsigned bits = 8u << (mop & MO_SIZE);
    written_narrow(o, dst, mop & MO_SIGN || bits >= 64 ? ~0ull : (1ull << bits) - 1);
}

static void visit_other(Optimizer *o, TCGOp *op)
{
    unsigned nout = tcg_op_nout(op);
    for (unsigned i = 0; i < nout; i++) {
        written(o, arg_temp(op->args[i]));
    }
    if ((tcg_op_defs[op->opc].flags & TCG_OPF_BB_END) &&
        !(tcg_op_defs[op->opc].flags & TCG_OPF_COND_BRANCH)) {
        remove_unreachable(o->s, op);
    }
}

// A short signature: compared character by character, for this is done at every op.
static bool has_sig(const TCGOpDef *def, const char *sig)
{
    const char *s = def->sig;
    while (*sig && *s == *sig) {
        s++, sig++;
    }
    return *s == *sig;
}

static void visit(Optimizer *o, TCGOp *op)
{
    TCGOpcode wide = tcg_wide_opcode((TCGOpcode)op->opc);
    const TCGOpDef *def = &tcg_op_defs[wide];

    if (is_mov((TCGOpcode)op->opc)) {
        to_mov(o, op, arg_temp(op->args[1]));
        return;
    }
    switch (wide) {
    case INDEX_op_call:
        visit_call(o, op);
        return;
    case INDEX_op_set_label:
        visit_label(o, op);
        return;
    case INDEX_op_br:
        visit_br(o, op);
        return;
    case INDEX_op_brcond_i64:
        visit_brcond(o, op);
        return;
    case INDEX_op_setcond_i64:
        visit_setcond(o, op, false);
        return;
    case INDEX_op_negsetcond_i64:
        visit_setcond(o, op, true);
        return;
    case INDEX_op_movcond_i64:
        visit_movcond(o, op);
        return;
    case INDEX_op_extract_i64:
        visit_extract(o, op, false);
        return;
    case INDEX_op_sextract_i64:
        visit_extract(o, op, true);
        return;
    case INDEX_op_deposit_i64:
        visit_deposit(o, op);
        return;
    case INDEX_op_qemu_ld_i64:
        visit_load(o, op);
        return;
    case INDEX_op_ld8u_i64:
        written_narrow(o, arg_temp(op->args[0]), UINT8_MAX);
        return;
    case INDEX_op_ld16u_i64:
        written_narrow(o, arg_temp(op->args[0]), UINT16_MAX);
        return;
    case INDEX_op_ld32u_i64:
        written_narrow(o, arg_temp(op->args[0]), UINT32_MAX);
        return;
    default:
        break;
    }
    if (has_sig(def, "l:ll")) {
        visit_binary(o, op, wide);
    } else if (has_sig(def, "l:l") || has_sig(def, "l:i") || has_sig(def, "i:l")) {
        visit_unary(o, op, wide);
    } else {
        visit_other(o, op);
    }
}

void tcg_optimize(TCGContext *s)
{
    TCGContext *saved = tcg_ctx;
    Optimizer o = {.s = s, .epoch = 1};
    tcg_ctx = s; // constants are made here
    for (unsigned i = 0; i < s->nb_temps; i++) {
        s->temps[i]->state_ptr = NULL;
    }
    // visit() may remove the op it is given and ops after it, never one before: go on from the
    // predecessor.
    for (TCGOp *op = s->ops.next; op != &s->ops;) {
        TCGOp *prev = op->prev;
        unsigned nout = tcg_op_nout(op), nin = tcg_op_nin(op);
        for (unsigned i = nout; i < nout + nin; i++) {
            op->args[i] = (TCGArg)find_copy(&o, arg_temp(op->args[i]));
        }
        visit(&o, op);
        op = prev->next == op ? op->next : prev->next;
    }
    tcg_ctx = saved;
}
