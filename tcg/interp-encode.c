// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a block's ops to bytecode, in one pass, and a second one when a branch is too far for its short
// form.
//
// Most ops have a handler of their own and take a slot for each operand.  What is done beyond that:
//  * a constant becomes an immediate where a form has one, else is loaded into a slot first;
//  * moves between registers of every type, halves and lanes become moves of so many bytes;
//  * guest addresses: the adds and the shift that compute one are folded into the access when nothing
//    else uses their results (interp-encode-mem.c); this is half of the code of an x86 guest;
//  * two moves in a row, and the test of a word in env at a block's start, become one instruction.

#include "interp-encode.h"

// --- branches --------------------------------------------------------------------------------------

static void add_fixup(Encoder *e, size_t at, const TCGLabel *l, bool is_short)
{
    if (e->nb_fixups == e->cap_fixups) {
        e->cap_fixups = e->cap_fixups ? e->cap_fixups * 2 : 16;
        e->fixups = g_renew(Fixup, e->fixups, e->cap_fixups);
    }
    e->fixups[e->nb_fixups++] = (Fixup){(uint32_t)at, l->id, is_short};
}

static void apply_fixups(Encoder *e)
{
    for (size_t i = 0; i < e->nb_fixups; i++) {
        const Fixup *f = &e->fixups[i];
        int32_t to = e->label_at[f->label];
        if (to < 0) {
            tcg_set_error(e->s, "a branch to a label that was never set");
            return;
        }
        int64_t rel = (int64_t)to - f->at;
        if (!f->is_short) {
            put_imm32(e->buf + f->at, 1, rel);
        } else if (rel == (int16_t)rel) {
            put_slot(e->buf + f->at, 1, (uint16_t)rel);
        } else {
            e->overflow = true;
            return;
        }
    }
}

static void emit_exit(Encoder *e, uint64_t value)
{
    if (e->quick) {
        native_drop_frames(e);
    }
    emit(e, IOP_EXIT_TB, 0)[1] = value;
}

static void encode_br(Encoder *e, const TCGLabel *l)
{
    add_fixup(e, e->used, l, false);
    emit(e, IOP_BR, 0);
}

void encode_jump(Encoder *e, unsigned condition, const TCGLabel *l)
{
    add_fixup(e, e->used, l, false);
    put_slot(emit(e, IOP_QUICK_JUMP, 0), 0, condition);
    e->last = NULL;
}

// A comparison's operands and condition, a constant second, and the form that takes them.
typedef struct Comparison {
    TCGArg a, b;
    TCGCond cond;
    unsigned slot_a, slot_b, form;
    unsigned i, j; // which arguments a and b are
} Comparison;

// The operands are op's arguments `first` and the next.  They are loaded into slots where need be, so
// nothing must be emitted between this and the instruction itself.
static Comparison comparison(Encoder *e, const TCGOp *op, unsigned first, unsigned cond,
                             bool may_imm)
{
    Comparison c = {.a = op->args[first],
                    .b = op->args[first + 1],
                    .cond = (TCGCond)op->args[cond],
                    .i = first,
                    .j = first + 1};
    if (c.cond <= TCG_COND_ALWAYS) {
        return c;
    }
    if (is_const(c.a) && !is_const(c.b)) {
        c.a = op->args[first + 1];
        c.b = op->args[first];
        c.i = first + 1;
        c.j = first;
        c.cond = tcg_swap_cond(c.cond);
    }
    c.form = may_imm && is_imm32(c.b) ? FORM_IMM : 0;
    c.slot_a = slot_of(e, arg_temp(c.a));
    c.slot_b = c.form ? 0 : slot_of(e, arg_temp(c.b));
    TCGType type = arg_temp(c.a)->type;
    if (in_acc(e, c.slot_a, type)) {
        c.form |= FORM_ACC;
        take_acc(e, op, c.i);
    } else if (!c.form && in_acc(e, c.slot_b, type)) {
        unsigned slot = c.slot_a;
        c.slot_a = c.slot_b;
        c.slot_b = slot;
        c.cond = tcg_swap_cond(c.cond);
        c.form = FORM_ACC;
        take_acc(e, op, c.j);
    }
    return c;
}

static void encode_brcond(Encoder *e, const TCGOp *op)
{
    const TCGLabel *l = arg_label(op->args[3]);
    unsigned iop = op->opc == INDEX_op_brcond_i32 ? IOP_BRCOND_I32 : IOP_BRCOND_I64;
    Comparison c = comparison(e, op, 0, 2, !e->no_short);
    if (c.cond <= TCG_COND_ALWAYS) {
        if (c.cond == TCG_COND_ALWAYS) {
            encode_br(e, l);
        }
        return;
    }
    add_fixup(e, e->used, l, c.form & FORM_IMM);
    uint64_t *ip = emit(e, iop, INTERP_COND(c.cond) + c.form);
    put_slot(ip, 0, c.slot_a);
    if (c.form & FORM_IMM) {
        put_imm32(ip, 1, (int64_t)arg_temp(c.b)->val);
    } else {
        put_slot(ip, 1, c.slot_b);
    }
}

// The instruction of a setcond or movcond; slots 3 on are the caller's.
static uint64_t *emit_compare(Encoder *e, unsigned iop, unsigned r, const Comparison *c)
{
    uint64_t *ip = emit(e, iop, INTERP_COND(c->cond) + c->form);
    put_slot(ip, 0, r);
    put_slot(ip, 1, c->slot_a);
    if (c->form & FORM_IMM) {
        put_imm32(ip, 1, (int64_t)arg_temp(c->b)->val);
    } else {
        put_slot(ip, 2, c->slot_b);
    }
    return ip;
}

static void encode_setcond(Encoder *e, const TCGOp *op, unsigned iop, TCGType type)
{
    unsigned r = slot_arg(e, op, 0);
    Comparison c = comparison(e, op, 1, 3, true);
    if (c.cond <= TCG_COND_ALWAYS) {
        bool neg = iop == IOP_NEGSETCOND_I32 || iop == IOP_NEGSETCOND_I64;
        emit_movi(e, type, r, c.cond == TCG_COND_NEVER ? 0 : neg ? UINT64_MAX : 1);
        return;
    }
    emit_compare(e, iop, r, &c);
}

static void encode_movcond(Encoder *e, const TCGOp *op, unsigned iop, size_t size)
{
    unsigned r = slot_arg(e, op, 0), v1 = slot_arg(e, op, 3), v2 = slot_arg(e, op, 4);
    Comparison c = comparison(e, op, 1, 5, true);
    if (c.cond <= TCG_COND_ALWAYS) {
        emit_mov(e, size, r, c.cond == TCG_COND_ALWAYS ? v1 : v2);
        return;
    }
    uint64_t *ip = emit_compare(e, iop, r, &c);
    unsigned imm = c.form & FORM_IMM;
    put_slot(ip, 3 + imm, v1);
    put_slot(ip, 4 + imm, v2);
}

// --- calls ------------------------------------------------------------------------------------------

#if defined(__x86_64__) || defined(__aarch64__)
#define HAVE_CALL_INT 1
#else
#define HAVE_CALL_INT 0
#endif

static bool is_float(TCGType t) { return t == TCG_TYPE_F32 || t == TCG_TYPE_F64; }

static void encode_call(Encoder *e, const TCGOp *op)
{
    if (e->stencils && encode_quick_call(e, op)) {
        return;
    }
    const TCGHelperInfo *info = op->call_info;
    bool has_result = op->nout != 0, by_pointer = false;
    bool ints = HAVE_CALL_INT && !is_float(info->ret);
    unsigned slots[TCG_MAX_CALL_ARGS + 1], n = 0, mask = 0, result = 0;
    const TCGTemp *ret = has_result ? arg_temp(op->args[0]) : NULL;

    if (may_access_memory(op)) {
        save_pc(e);
    }
    if (info->ret != TCG_TYPE_VOID && tcg_type_by_pointer(info->ret)) {
        by_pointer = true;
    }
    for (unsigned i = 0; i < info->nargs; i++) {
        ints &= !is_float(info->args[i]);
    }
    ints &= info->nargs + by_pointer <= 6u;

    if (ints && by_pointer) { // the result's address is the first argument
        bool alias = !has_result;
        for (unsigned i = 0; i < info->nargs; i++) {
            alias |= op->args[op->nout + i] == (TCGArg)ret;
        }
        slots[0] = alias ? scratch_slot(e, 32) : slot_of(e, ret);
        mask = 1;
        n = 1;
    }
    for (unsigned i = 0; i < info->nargs; i++, n++) {
        TCGArg arg = op->args[op->nout + i];
        slots[n] = is_env(arg) ? 0 : slot_of(e, arg_temp(arg));
        mask |= (unsigned)(is_env(arg) || tcg_type_by_pointer(info->args[i])) << n;
    }
    if (has_result) {
        result = slot_of(e, ret);
    }
    unsigned kind = by_pointer || !has_result ? 0 : info->ret == TCG_TYPE_I32 ? 1 : 2;
    const InterpRow *row = ints ? interp_row(IOP_CALL_INT, n * 3 + kind)
                                : interp_row(IOP_CALL_FFI, 0);
    unsigned words = WORDS_OF_CALL(n);
    uint64_t *ip = emit_words(e, row, words);
    put_slot(ip, 0, result);
    put_slot(ip, 1, words);
    put_slot(ip, 2, n);
    put_slot(ip, 3, mask);
    ip[2] = ints ? (uint64_t)(uintptr_t)info->func : (uint64_t)(uintptr_t)info;
    for (unsigned i = 0; i < n; i++) {
        ((uint16_t *)(ip + 3))[i] = (uint16_t)slots[i];
    }
    if (ints && by_pointer && has_result && slots[0] != result) {
        emit_mov(e, tcg_type_size(info->ret), result, slots[0]);
    }
}

// --- vectors ----------------------------------------------------------------------------------------

static void encode_movi_vec(Encoder *e, const TCGOp *op)
{
    size_t size = tcg_type_size((TCGType)op->type);
    unsigned r = slot_arg(e, op, 0);
    uint64_t *ip = emit(e, IOP_MOVI_BYTES, op->type - TCG_TYPE_V64);
    put_slot(ip, 0, r);
    put_slot(ip, 1, (unsigned)size);
    memcpy(ip + 2, (const void *)op->args[1], size);
}

// The lane indices become byte indices: for each byte of the result the byte of a, and that of b; an
// index with its top bit set gives 0 (as the x86 instruction has it).
static void encode_shuffle(Encoder *e, const TCGOp *op)
{
    unsigned size = (unsigned)tcg_type_size((TCGType)op->type), lane = 1u << op->vece;
    unsigned n = size / lane;
    const uint8_t *index = (const uint8_t *)op->args[3];
    uint8_t masks[2][32];
    bool uses[2] = {false, false}, same = op->args[1] == op->args[2];
    memset(masks, 0x80, sizeof(masks));
    for (unsigned i = 0; i < n; i++) {
        unsigned from = index[i];
        if (from == 0xff) {
            continue;
        }
        if (from >= 2 * n) {
            tcg_set_error(e->s, "shuffle_vec: lane %u of %u", from, 2 * n);
            return;
        }
        unsigned which = from >= n && !same;
        uses[which] = true;
        for (unsigned b = 0; b < lane; b++) {
            masks[which][i * lane + b] = (uint8_t)(from % n * lane + b);
        }
    }
    bool two = uses[0] && uses[1];
    unsigned only = uses[1] ? 1 : 0;
    unsigned r = slot_arg(e, op, 0);
    uint64_t *ip = emit(e, two ? IOP_SHUFFLE2 : IOP_SHUFFLE1, op->type - TCG_TYPE_V64);
    put_slot(ip, 0, r);
    if (two) {
        put_slot(ip, 1, slot_arg(e, op, 1));
        put_slot(ip, 2, slot_arg(e, op, 2));
        memcpy(ip + 2, masks[0], size);
        memcpy((char *)(ip + 2) + size, masks[1], size);
    } else {
        put_slot(ip, 1, slot_arg(e, op, 1 + only));
        memcpy(ip + 2, masks[only], size);
    }
}

// Byte offset from env of a lane.
static intptr_t lane_offset(const TCGOp *op, unsigned vec, unsigned lane_arg)
{
    return arg_temp(op->args[vec])->offset + ((intptr_t)op->args[lane_arg] << op->vece);
}

static void encode_extract_lane(Encoder *e, const TCGOp *op)
{
    static const uint16_t ops[] = {INDEX_op_ld8u_i64, INDEX_op_ld16u_i64, INDEX_op_ld32u_i64};
    intptr_t offset = lane_offset(op, 1, 2);
    unsigned r = slot_arg(e, op, 0);
    if (op->opc != INDEX_op_extract_vec_i64 || op->vece == MO_64) {
        emit_mov(e, 1u << op->vece, r, slot_of_offset(e, offset));
        return;
    }
    uint64_t *ip = emit(e, ops[op->vece], 1);
    put_slot(ip, 0, r);
    put_imm32(ip, 1, offset);
}

static void encode_insert_lane(Encoder *e, const TCGOp *op)
{
    static const uint16_t ops[] = {INDEX_op_st8_i64, INDEX_op_st16_i64};
    unsigned r = slot_arg(e, op, 0);
    emit_mov(e, tcg_type_size((TCGType)op->type), r, slot_arg(e, op, 1));
    intptr_t offset = lane_offset(op, 0, 3);
    unsigned v = slot_arg(e, op, 2);
    if (op->vece >= MO_32) {
        emit_mov(e, 1u << op->vece, slot_of_offset(e, offset), v);
        return;
    }
    uint64_t *ip = emit(e, ops[op->vece], 1);
    put_slot(ip, 0, v);
    put_imm32(ip, 1, offset);
}

// --- ops in general ---------------------------------------------------------------------------------

// A handler with a slot for each argument.
static void encode_plain(Encoder *e, const TCGOp *op)
{
    const TCGOpDef *def = &tcg_op_defs[op->opc];
    unsigned temps = def->nb_oargs + def->nb_iargs, n = temps + def->nb_cargs;
    unsigned slots[8], sub = 0;
    TCGArg args[8];
    g_assert(n <= 8);
    memcpy(args, op->args, n * sizeof(args[0]));

    if (def->flags & TCG_OPF_VECTOR) {
        sub = INTERP_VSUB(op->type, op->vece);
        if (!interp_row(op->opc, sub)) { // an op that does not depend on the lane size
            sub = INTERP_VSUB(op->type, MO_8);
        }
    } else if (temps == 3 && interp_row(op->opc, FORM_IMM)) {
        if ((def->flags & TCG_OPF_COMMUTES) && is_const(args[1])) {
            TCGArg a = args[1];
            args[1] = args[2];
            args[2] = a;
        }
        if (is_imm32(args[2])) {
            unsigned r = slot_of(e, arg_temp(args[0])), a = slot_of(e, arg_temp(args[1]));
            bool acc = in_acc(e, a, arg_temp(args[1])->type);
            if (acc) {
                take_acc(e, op, args[1] == op->args[1] ? 1 : 2);
            }
            uint64_t *ip = emit(e, op->opc, FORM_IMM + (acc ? FORM_ACC : 0));
            put_slot(ip, 0, r);
            put_slot(ip, 1, a);
            put_imm32(ip, 1, (int64_t)arg_temp(args[2])->val);
            return;
        }
    }
    for (unsigned i = 0; i < n; i++) {
        slots[i] = i < temps ? slot_of(e, arg_temp(args[i])) : (unsigned)args[i];
    }
    if (!(def->flags & TCG_OPF_VECTOR) && interp_row(op->opc, FORM_ACC)) {
        if (in_acc(e, slots[1], arg_temp(args[1])->type)) {
            sub = FORM_ACC;
            take_acc(e, op, args[1] == op->args[1] ? 1 : 2);
        } else if (temps == 3 && in_acc(e, slots[2], arg_temp(args[2])->type)) {
            sub = FORM_ACC_B;
            take_acc(e, op, args[2] == op->args[2] ? 2 : 1);
        }
    }
    uint64_t *ip = emit(e, op->opc, sub);
    for (unsigned i = 0; i < n; i++) {
        put_slot(ip, i, slots[i]);
    }
}

const TCGOp *env_test(const Encoder *e, const TCGOp *ld)
{
    const TCGOp *br = ld->next;
    return ld->opc == INDEX_op_ld_i32 && br != &e->s->ops && br->opc == INDEX_op_brcond_i32 &&
                   is_env(ld->args[1]) && br->args[0] == ld->args[0] && arg_dies(br, 0) &&
                   br->args[2] == TCG_COND_NE && is_const(br->args[1]) &&
                   arg_temp(br->args[1])->val == 0 && fits_s32((uint64_t)ld->args[2])
               ? br
               : NULL;
}

static bool encode_env_test(Encoder *e, const TCGOp *ld)
{
    const TCGOp *br = env_test(e, ld);
    if (!br) {
        return false;
    }
    add_fixup(e, e->used, arg_label(br->args[3]), false);
    put_imm32(emit(e, IOP_BRNZ_ENV32, 0), 0, (int64_t)ld->args[2]);
    return true;
}

static void mov_parts(Encoder *e, const TCGOp *op, size_t size, unsigned r_part, unsigned a_part)
{
    emit_mov(e, size, slot_arg(e, op, 0) + r_part, slot_arg(e, op, 1) + a_part);
}

static void concat(Encoder *e, const TCGOp *op, size_t half)
{
    unsigned r = slot_arg(e, op, 0);
    emit_mov(e, half, r, slot_arg(e, op, 1));
    emit_mov(e, half, r + (unsigned)half / 4, slot_arg(e, op, 2));
}

static void encode_mov_int(Encoder *e, const TCGOp *op)
{
    const TCGTemp *a = arg_temp(op->args[1]);
    if (a->kind == TEMP_CONST) {
        emit_movi(e, a->type, slot_arg(e, op, 0), a->val);
    } else {
        size_t size = tcg_type_size(a->type);
        unsigned slot = slot_arg(e, op, 1);
        if (size <= 8 && slot_arg(e, op, 0) != slot &&
            in_acc(e, slot, size == 4 ? TCG_TYPE_I32 : TCG_TYPE_I64)) {
            take_acc(e, op, 1);
        }
        mov_parts(e, op, size, 0, 0);
    }
}

// Does a branch lead back?
static bool has_loop(Encoder *e)
{
    bool loop = false;
    TCG_FOREACH_OP(op, e->s)
    {
        const TCGLabel *to = op->opc == INDEX_op_set_label ? NULL : tcg_op_branch_target(op);
        if (op->opc == INDEX_op_set_label) {
            e->label_at[arg_label(op->args[0])->id] = 0;
        }
        loop |= to && e->label_at[to->id] == 0;
    }
    for (unsigned i = 0; i < e->s->nb_labels; i++) {
        e->label_at[i] = -1;
    }
    return loop;
}

// Of the saved pc, where none has been saved: what the quick tier notes (quick-state.h) need not be taken back.
static bool is_vain_reset(const Encoder *e, const TCGOp *op)
{
    return op->opc == INDEX_op_st_i64 && e->s->precise && !e->keep_resets && is_env(op->args[1]) &&
           (intptr_t)op->args[2] == e->s->pc_offset;
}

// Encodes op; gives the last op that was dealt with.
static const TCGOp *encode_op(Encoder *e, const TCGOp *op)
{
    if (is_vain_reset(e, op)) {
        return op;
    }
    const TCGOp *access, *done = encode_quick_leave(e, op);
    done = done ? done : native_op(e, op);
    if (done) {
        return done;
    }
    if (op->opc != INDEX_op_insn_start && op->opc != INDEX_op_discard) {
        native_settle(e);
    }
    e->scratch_next = e->scratch;

    switch (op->opc) {
    case INDEX_op_discard: break;
    case INDEX_op_insn_start:
        e->pc = op->args[0];
        e->pc_saved = false;
        break;
    case INDEX_op_set_label:
        e->label_at[arg_label(op->args[0])->id] = (int32_t)e->used;
        e->pc_saved = false;
        e->last_move = e->last = NULL;
        break;
    case INDEX_op_br: encode_br(e, arg_label(op->args[0])); break;
    case INDEX_op_brcond_i32:
    case INDEX_op_brcond_i64: encode_brcond(e, op); break;
    case INDEX_op_mb:
        // x86 reorders nothing but a store with a later load.
#ifdef __x86_64__
        if (!(op->args[0] & TCG_MO_ST_LD)) {
            break;
        }
#endif
        emit(e, IOP_MB, 0);
        break;
    case INDEX_op_count: {
        uint64_t *ip = emit(e, INDEX_op_count, 0);
        for (unsigned i = 0; i < 3; i++) {
            put_imm32(ip, i, (int64_t)op->args[i]);
        }
        break;
    }
    case INDEX_op_goto_tb:
        emit(e, IOP_GOTO_TB, 0)[1] = (uint64_t)(uintptr_t)&e->code->jmp[op->args[0]];
        break;
    case INDEX_op_exit_tb: emit_exit(e, op->args[0]); break;
    case INDEX_op_goto_ptr: {
        unsigned p = slot_arg(e, op, 0);
        bool acc = in_acc(e, p, TCG_TYPE_I64);
        if (acc) {
            take_acc(e, op, 0);
        }
        put_slot(emit(e, IOP_GOTO_PTR, acc ? FORM_ACC : 0), 0, p);
        break;
    }
    case INDEX_op_call: encode_call(e, op); break;
    case INDEX_op_setcond_i32: encode_setcond(e, op, IOP_SETCOND_I32, TCG_TYPE_I32); break;
    case INDEX_op_setcond_i64: encode_setcond(e, op, IOP_SETCOND_I64, TCG_TYPE_I64); break;
    case INDEX_op_negsetcond_i32: encode_setcond(e, op, IOP_NEGSETCOND_I32, TCG_TYPE_I32); break;
    case INDEX_op_negsetcond_i64: encode_setcond(e, op, IOP_NEGSETCOND_I64, TCG_TYPE_I64); break;
    case INDEX_op_movcond_i32: encode_movcond(e, op, IOP_MOVCOND_I32, 4); break;
    case INDEX_op_movcond_i64: encode_movcond(e, op, IOP_MOVCOND_I64, 8); break;
    case INDEX_op_mov_i32:
    case INDEX_op_mov_i64:
    case INDEX_op_mov_i128:
    case INDEX_op_mov_f32:
    case INDEX_op_mov_f64:
    case INDEX_op_mov_vec:
    case INDEX_op_bitcast_i32_f32:
    case INDEX_op_bitcast_i64_f64:
    case INDEX_op_bitcast_f32_i32:
    case INDEX_op_bitcast_f64_i64:
    case INDEX_op_bitcast_i64_v64:
    case INDEX_op_bitcast_v64_i64:
    case INDEX_op_bitcast_i128_v128:
    case INDEX_op_bitcast_v128_i128: encode_mov_int(e, op); break;
    case INDEX_op_extrl_i64_i32: mov_parts(e, op, 4, 0, 0); break;
    case INDEX_op_extrh_i64_i32: mov_parts(e, op, 4, 0, 1); break;
    case INDEX_op_extrl_i128_i64:
    case INDEX_op_extrl_v128_v64: mov_parts(e, op, 8, 0, 0); break;
    case INDEX_op_extrh_i128_i64:
    case INDEX_op_extrh_v128_v64: mov_parts(e, op, 8, 0, 2); break;
    case INDEX_op_extrl_v256_v128: mov_parts(e, op, 16, 0, 0); break;
    case INDEX_op_extrh_v256_v128: mov_parts(e, op, 16, 0, 4); break;
    case INDEX_op_zext_i64_v128:
        mov_parts(e, op, 8, 0, 0);
        emit_movi64(e, slot_arg(e, op, 0) + 2, 0);
        break;
    case INDEX_op_concat_i64_i128:
    case INDEX_op_concat_v64_v128: concat(e, op, 8); break;
    case INDEX_op_concat_v128_v256: concat(e, op, 16); break;
    case INDEX_op_ld_i32:
        if (encode_env_test(e, op)) {
            return op->next;
        }
        __attribute__((fallthrough));
    case INDEX_op_st_i32:
    case INDEX_op_ld_f32:
    case INDEX_op_st_f32: encode_ldst(e, op, 4); break;
    case INDEX_op_ld_i64:
    case INDEX_op_st_i64:
    case INDEX_op_ld_f64:
    case INDEX_op_st_f64: encode_ldst(e, op, 8); break;
    case INDEX_op_ld_vec:
    case INDEX_op_st_vec: encode_ldst(e, op, tcg_type_size((TCGType)op->type)); break;
    case INDEX_op_ld8u_i32:
    case INDEX_op_ld8s_i32:
    case INDEX_op_ld16u_i32:
    case INDEX_op_ld16s_i32:
    case INDEX_op_st8_i32:
    case INDEX_op_st16_i32:
    case INDEX_op_ld8u_i64:
    case INDEX_op_ld8s_i64:
    case INDEX_op_ld16u_i64:
    case INDEX_op_ld16s_i64:
    case INDEX_op_ld32u_i64:
    case INDEX_op_ld32s_i64:
    case INDEX_op_st8_i64:
    case INDEX_op_st16_i64:
    case INDEX_op_st32_i64: encode_ldst(e, op, 0); break;
    case INDEX_op_add_i64:
    case INDEX_op_shl_i64:
        access = encode_folded_access(e, op);
        if (access) {
            return access;
        }
        encode_plain(e, op);
        break;
    case INDEX_op_movi_vec: encode_movi_vec(e, op); break;
    case INDEX_op_shuffle_vec: encode_shuffle(e, op); break;
    case INDEX_op_extract_vec_i64:
    case INDEX_op_extract_vec_f32:
    case INDEX_op_extract_vec_f64: encode_extract_lane(e, op); break;
    case INDEX_op_insert_vec_i64:
    case INDEX_op_insert_vec_f32:
    case INDEX_op_insert_vec_f64: encode_insert_lane(e, op); break;
    default:
        if (tcg_op_defs[op->opc].flags & TCG_OPF_GUEST_MEM) {
            encode_guest_access(e, op);
            break;
        }
        encode_plain(e, op);
    }
    return op;
}

static void encode_block(Encoder *e)
{
    TCGContext *s = e->s;
    e->used = e->nb_fixups = 0;
    e->full = e->overflow = e->pc_saved = false;
    e->last_move = e->last = NULL;
    native_begin(e);
    for (unsigned i = 0; i < s->nb_labels; i++) {
        e->label_at[i] = -1;
    }
    e->called = false;
    e->keep_resets = !e->quick || has_loop(e);
    for (const TCGOp *op = s->ops.next; op != &s->ops; op = op->next) {
        op = encode_op(e, op);
    }
    // A block that its last op does not leave (a call that never returns) still ends here.
    const TCGOp *last = s->ops.prev;
    if (last == &s->ops || last->opc != INDEX_op_exit_tb) {
        native_settle(e);
        emit_exit(e, 0);
    }
    if (!e->full && !s->error) {
        apply_fixups(e);
    }
}

size_t tcg_interp_encode(TCGContext *s, const TCGCode *code, void *buf, size_t cap)
{
    return encode_bytecode(s, code, buf, cap, NULL);
}

size_t encode_bytecode(TCGContext *s, const TCGCode *code, void *buf, size_t cap,
                       const QuickTarget *quick)
{
    Encoder e = {.s = s,
                 .code = code,
                 .buf = buf,
                 .cap = cap / sizeof(uint64_t),
                 .stencils = quick != NULL,
                 .quick = quick};

    bool wide = false;
    e.scratch = s->frame_start;
    for (unsigned i = s->nb_globals; i < s->nb_temps; i++) {
        const TCGTemp *t = s->temps[i];
        if (t->kind == TEMP_NORMAL && t->offset >= 0) {
            intptr_t end = t->offset + (intptr_t)tcg_type_size(t->type);
            e.scratch = end > e.scratch ? end : e.scratch;
            wide |= t->type == TCG_TYPE_V256;
        }
    }
    e.scratch = (e.scratch + 31) & ~(intptr_t)31;
    if (e.scratch + TCG_INTERP_SCRATCH > s->frame_start + (intptr_t)s->frame_size) {
        tcg_set_error(s, "the block needs a larger frame than %zu bytes", s->frame_size);
        return 0;
    }

    if (wide) {
        interp_alias_wide(s);
    }
    int32_t labels[64];
    e.label_at = s->nb_labels <= G_N_ELEMENTS(labels) ? labels : g_new(int32_t, s->nb_labels);
    encode_block(&e);
    if (e.overflow) {
        e.no_short = true;
        encode_block(&e);
    }
    if (quick) {
        *quick->bound = e.native.bound;
    }
    if (e.label_at != labels) {
        g_free(e.label_at);
    }
    g_free(e.fixups);
    return e.full || s->error ? 0 : e.used * sizeof(uint64_t);
}
