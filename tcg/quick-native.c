// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The quick tier's own code for the integer ops that guest code mostly consists of.
//
// Stencils have their operands in env.  Where hundreds of blocks take turns that is slow: every value is stored, and
// the next op waits for it to come back (python3 took 2.7 times as long as in qemu, while small loops were as fast).
// Here values stay in registers: a temp is stored when it is still wanted and something follows that looks at env, that
// is a stencil, a helper, a label or the block's end; what dies before that never is.
//
// The code becomes instructions of the encoder's among the others (IOP_QUICK_CODE), so that both mix op by op.  Under
// precise state it is noted for each access where the guest's registers are (quick-state.h).
//
// rdi is env; rax and rcx are free within an op; the other registers that a call may destroy hold temps, i32 with
// their upper halves clear.

#include "quick-native.h"

#include "interp-encode.h"
#include "quick-regs.h"
#include "quick-state.h"
#include "tcg-returns.h"

#if defined(__x86_64__)

enum {
    ROOM = 512,          // bytes that the code of an op never needs
    MOST_BYTES = 0x4000, // of an IOP_QUICK_CODE
};

// --- the code so far -----------------------------------------------------------------------------------

static uint8_t *start_of(const Encoder *e) { return (uint8_t *)(e->buf + e->native.record + 2); }

static void close_record(Encoder *e)
{
    Native *n = &e->native;
    if (n->open) {
        size_t bytes = (size_t)(n->at - start_of(e)), words = 2 + (bytes + 7) / 8;
        n->open = false;
        if (bytes) {
            put_slot(e->buf + n->record, 0, (unsigned)bytes);
            put_slot(e->buf + n->record, 1, (unsigned)words);
            e->used = n->record + words;
            e->last = e->last_move = NULL;
        }
    }
}

// Makes room for an op's code; false: there is none.
static bool open_record(Encoder *e)
{
    Native *n = &e->native;
    if (n->open && n->at - start_of(e) > MOST_BYTES) {
        close_record(e);
    }
    size_t used = n->open ? (size_t)(n->at - (uint8_t *)e->buf) / 8 : e->used;
    if (used + ROOM / 8 + 3 > e->cap) {
        e->full = true;
    }
    if (e->full) {
        return false;
    }
    if (!n->open) {
        n->record = e->used;
        n->open = true;
        n->at = start_of(e);
        uint64_t *ip = e->buf + n->record;
        ip[0] = (uint64_t)(uintptr_t)interp_row(IOP_QUICK_CODE, 0);
        ip[1] = 0;
    }
    return true;
}

// --- arithmetic --------------------------------------------------------------------------------------

static void alu(Native *n, enum X86Alu op, bool wide, int r, const Operand *b)
{
    switch (b->kind) {
    case IMMEDIATE: x86_alu_imm(&n->at, op, wide, r, b->imm); break;
    case IN_REG: x86_reg(&n->at, (op * 8u + 3) | native_width(wide), (unsigned)r, b->reg); break;
    case IN_MEM: x86_mem(&n->at, (op * 8u + 3) | native_width(wide), (unsigned)r, &b->mem); break;
    }
}

// The op with its operands in the order that suits: a constant second; what may be overwritten first.
typedef union OpCopy {
    TCGOp op;
    char room[sizeof(TCGOp) + 3 * sizeof(TCGArg)];
} OpCopy;

static const TCGOp *swapped(const Native *n, const TCGOp *op, OpCopy *copy)
{
    bool better = is_const(op->args[1]) ||
                  (native_dies(op, 2) && !native_dies(op, 1) && !is_const(op->args[2]) &&
                   op->args[0] != op->args[1] && native_find(n, arg_temp(op->args[2])) != NO_REG);
    if (!(tcg_op_defs[op->opc].flags & TCG_OPF_COMMUTES) || !better) {
        return op;
    }
    memcpy(copy->room, op, sizeof(TCGOp) + 3 * sizeof(TCGArg));
    copy->op.args[1] = op->args[2];
    copy->op.args[2] = op->args[1];
    copy->op.life = (op->life & ~6u) | (op->life & 2) << 1 | (op->life & 4) >> 1;
    return &copy->op;
}

// A sum into a register of its own.
static bool sum_apart(Native *n, const TCGOp *op, bool wide, const Operand *b)
{
    if (b->kind == IN_MEM || is_const(op->args[1]) || native_dies(op, 1) ||
        op->args[0] == op->args[1]) {
        return false;
    }
    X86Mem sum = {native_value(n, op->args[1]), NO_REG, 0, b->imm};
    if (b->kind == IN_REG) {
        sum = (X86Mem){sum.base, b->reg, 0, 0};
    }
    native_end_lives(n, op);
    int d = native_take(n);
    x86_mem(&n->at, 0x8d | native_width(wide), (unsigned)d, &sum);
    native_result(n, op, d);
    return true;
}

static void native_alu(Native *n, const TCGOp *op, enum X86Alu code, bool wide)
{
    OpCopy copy;
    op = swapped(n, op, &copy);
    Operand b = native_operand(n, op, 2);
    if (code == X86_ADD && sum_apart(n, op, wide, &b)) {
        return;
    }
    int d = native_into(n, op, 1);
    alu(n, code, wide, d, &b);
    native_end_lives(n, op);
    native_result(n, op, d);
}

// a & ~b, a | ~b
static void native_alu_not(Native *n, const TCGOp *op, enum X86Alu code, bool wide)
{
    x86_mov(&n->at, wide, RAX, native_value(n, op->args[2]));
    x86_reg(&n->at, 0xf7 | native_width(wide), 2, RAX);
    int d = native_into(n, op, 1);
    alu(n, code, wide, d, &(Operand){.kind = IN_REG, .reg = RAX});
    native_end_lives(n, op);
    native_result(n, op, d);
}

static void native_mul(Native *n, const TCGOp *op, bool wide)
{
    OpCopy copy;
    op = swapped(n, op, &copy);
    Operand b = native_operand(n, op, 2);
    int d = native_into(n, op, 1);
    switch (b.kind) {
    case IMMEDIATE:
        x86_reg(&n->at, 0x69 | native_width(wide), (unsigned)d, d);
        x86_put32(&n->at, b.imm);
        break;
    case IN_REG: x86_reg(&n->at, 0xaf | X86_0F | native_width(wide), (unsigned)d, b.reg); break;
    case IN_MEM: x86_mem(&n->at, 0xaf | X86_0F | native_width(wide), (unsigned)d, &b.mem); break;
    }
    native_end_lives(n, op);
    native_result(n, op, d);
}

// number: 2 not, 3 neg
static void native_unary(Native *n, const TCGOp *op, unsigned number, bool wide)
{
    int d = native_into(n, op, 1);
    x86_reg(&n->at, 0xf7 | native_width(wide), number, d);
    native_result(n, op, d);
}

static void native_bswap(Native *n, const TCGOp *op, bool wide)
{
    int d = native_into(n, op, 1);
    x86_head(&n->at, (0xc8u + ((unsigned)d & 7)) | X86_0F | native_width(wide), 0, NO_REG, d,
             false);
    native_result(n, op, d);
}

static void native_shift(Native *n, const TCGOp *op, enum X86Shift code, bool wide)
{
    const TCGTemp *count = arg_temp(op->args[2]);
    if (count->kind == TEMP_CONST) {
        int d = native_into(n, op, 1);
        x86_shift_imm(&n->at, code, wide, d, count->val & (wide ? 63 : 31));
        native_result(n, op, d);
        return;
    }
    x86_mov(&n->at, false, RCX, native_value(n, op->args[2]));
    int d = native_into(n, op, 1);
    x86_reg(&n->at, 0xd3 | native_width(wide), code, d);
    native_end_lives(n, op);
    native_result(n, op, d);
}

// The low 8, 16 or 32 bits of a register or of memory, extended.
static unsigned extension(unsigned bits, bool sign, bool wide)
{
    switch (bits) {
    case 8: return (sign ? 0xbe | native_width(wide) : 0xb6) | X86_0F | X86_8;
    case 16: return (sign ? 0xbf | native_width(wide) : 0xb7) | X86_0F;
    default: return sign ? 0x63 | X86_W : 0x8b;
    }
}

static void native_extend(Native *n, const TCGOp *op, unsigned bits, bool sign, bool wide)
{
    const TCGTemp *a = arg_temp(op->args[1]);
    unsigned code = extension(bits, sign, wide);
    int r = native_find(n, a), d;
    if (r == NO_REG && a->kind != TEMP_CONST) {
        X86Mem at = native_slot(a);
        d = native_take(n);
        x86_mem(&n->at, code, (unsigned)d, &at);
    } else {
        r = native_value(n, op->args[1]);
        native_end_lives(n, op);
        d = n->temp[r] && op->args[0] != op->args[1] ? native_take(n) : r;
        x86_reg(&n->at, code, (unsigned)d, r);
    }
    native_result(n, op, d);
}

static void native_extract(Native *n, const TCGOp *op, bool sign, bool wide)
{
    unsigned offset = (unsigned)op->args[2], length = (unsigned)op->args[3];
    unsigned all = wide ? 64 : 32;
    if (offset == 0 && (length == 8 || length == 16 || (length == 32 && wide))) {
        native_extend(n, op, length, sign, wide);
        return;
    }
    int d = native_into(n, op, 1);
    if (!sign && (length == 8 || length == 16)) {
        x86_shift_imm(&n->at, X86_SHR, wide, d, offset);
        x86_reg(&n->at, extension(length, false, wide), (unsigned)d, d);
    } else if (!sign && length < 31) {
        x86_shift_imm(&n->at, X86_SHR, wide, d, offset);
        if (offset + length < all) {
            x86_alu_imm(&n->at, X86_AND, false, d, (int32_t)((1u << length) - 1));
        }
    } else {
        x86_shift_imm(&n->at, X86_SHL, wide, d, all - offset - length);
        x86_shift_imm(&n->at, sign ? X86_SAR : X86_SHR, wide, d, all - length);
    }
    native_result(n, op, d);
}

static void native_deposit(Native *n, const TCGOp *op, bool wide)
{
    unsigned offset = (unsigned)op->args[3], length = (unsigned)op->args[4], all = wide ? 64 : 32;
    int b = native_value(n, op->args[2]);
    if (offset == 0 && (length == 8 || length == 16)) {
        int d = native_into(n, op, 1);
        x86_reg(&n->at, length == 8 ? 0x88 | X86_8 : 0x89 | X86_16, (unsigned)b, d);
        native_end_lives(n, op);
        native_result(n, op, d);
        return;
    }
    x86_mov(&n->at, wide, RAX, b);
    x86_shift_imm(&n->at, X86_SHL, wide, RAX, all - length);
    x86_shift_imm(&n->at, X86_SHR, wide, RAX, all - length - offset);
    uint64_t keep = ~((length == 64 ? UINT64_MAX : (1ull << length) - 1) << offset);
    int d = native_into(n, op, 1);
    if (!wide || fits_s32(keep)) {
        x86_alu_imm(&n->at, X86_AND, wide, d, (int32_t)keep);
    } else {
        x86_mov_imm(&n->at, RCX, keep);
        alu(n, X86_AND, true, d, &(Operand){.kind = IN_REG, .reg = RCX});
    }
    alu(n, X86_OR, wide, d, &(Operand){.kind = IN_REG, .reg = RAX});
    native_end_lives(n, op);
    native_result(n, op, d);
}

static void native_mov(Encoder *e, const TCGOp *op, bool wide)
{
    Native *n = &e->native;
    const TCGTemp *to = arg_temp(op->args[0]), *from = arg_temp(op->args[1]);
    if (is_imm32(op->args[1]) &&
        !(op->life & 1)) { // a constant that is read is an operand of the reader
        X86Mem at = native_slot(to);
        int old = native_find(n, to);
        if (old != NO_REG) {
            native_forget(n, old);
        }
        if (e->s->precise && to->kind == TEMP_GLOBAL && quick_note_holds(from->val)) {
            native_put_off(n, to, (int32_t)from->val);
            return;
        }
        native_drop_constant(n, to);
        x86_mem(&n->at, 0xc7 | native_width(wide), 0, &at);
        x86_put32(&n->at, (int32_t)from->val);
        return;
    }
    native_result(n, op, native_into(n, op, 1));
}

// --- conditions --------------------------------------------------------------------------------------

static const uint8_t x86_conditions[TCG_COND_COUNT] = {
    [TCG_COND_EQ] = 4,  [TCG_COND_NE] = 5,  [TCG_COND_LT] = 12,   [TCG_COND_GE] = 13,
    [TCG_COND_LE] = 14, [TCG_COND_GT] = 15, [TCG_COND_LTU] = 2,   [TCG_COND_GEU] = 3,
    [TCG_COND_LEU] = 6, [TCG_COND_GTU] = 7, [TCG_COND_TSTEQ] = 4, [TCG_COND_TSTNE] = 5,
};

static bool can_compare(const TCGOp *op, unsigned i, TCGCond cond)
{
    return cond > TCG_COND_ALWAYS && !(is_const(op->args[i]) && is_const(op->args[i + 1]));
}

// Compares op's argument i with the next; gives the condition's number in x86's jumps, moves and sets.
static unsigned compare(Native *n, const TCGOp *op, unsigned i, TCGCond cond)
{
    unsigned j = i + 1;
    if (is_const(op->args[i])) {
        j = i++;
        cond = tcg_swap_cond(cond);
    }
    bool wide = native_is_wide(arg_temp(op->args[i])), test = cond >= TCG_COND_TSTEQ;
    Operand b = native_operand(n, op, j);
    int a = native_value(n, op->args[i]);
    if (b.kind == IMMEDIATE && (test || b.imm == 0)) {
        if (test) {
            x86_reg(&n->at, 0xf7 | native_width(wide), 0, a);
            x86_put32(&n->at, b.imm);
        } else {
            x86_reg(&n->at, 0x85 | native_width(wide), (unsigned)a, a);
        }
    } else if (!test) {
        alu(n, X86_CMP, wide, a, &b);
    } else if (b.kind == IN_REG) {
        x86_reg(&n->at, 0x85 | native_width(wide), (unsigned)a, b.reg);
    } else {
        x86_mem(&n->at, 0x85 | native_width(wide), (unsigned)a, &b.mem);
    }
    return x86_conditions[cond];
}

static bool native_setcond(Native *n, const TCGOp *op, bool negative)
{
    if (!can_compare(op, 1, (TCGCond)op->args[3])) {
        return false;
    }
    unsigned cc = compare(n, op, 1, (TCGCond)op->args[3]);
    native_end_lives(n, op);
    int d = native_take(n);
    x86_reg(&n->at, (0x90u + cc) | X86_0F | X86_8, 0, d);
    x86_reg(&n->at, extension(8, false, false), (unsigned)d, d);
    if (negative) {
        x86_reg(&n->at, 0xf7 | native_width(native_is_wide(arg_temp(op->args[0]))), 3, d);
    }
    native_result(n, op, d);
    return true;
}

static bool native_movcond(Native *n, const TCGOp *op, bool wide)
{
    if (!can_compare(op, 1, (TCGCond)op->args[5]) || op->args[3] == op->args[4]) {
        return false;
    }
    unsigned cc = compare(n, op, 1, (TCGCond)op->args[5]);
    // From here on nothing touches the flags.  The comparison's registers may go.
    n->locked = 0;
    int yes = native_value(n, op->args[3]), no = native_value(n, op->args[4]), d = no;
    if (n->temp[no]) {
        if (op->args[0] == op->args[4]) {
            native_forget(n, no);
        } else if (native_dies(op, 4)) {
            native_let_die(n, no);
        } else {
            d = native_take(n);
            x86_mov(&n->at, wide, d, no);
        }
    }
    x86_reg(&n->at, (0x40u + cc) | X86_0F | native_width(wide), (unsigned)d, yes);
    native_end_lives(n, op);
    native_result(n, op, d);
    return true;
}

// An access of env: whom of the globals in registers does it touch?
static bool overlaps(const TCGTemp *t, intptr_t offset, unsigned size)
{
    return offset < t->offset + (intptr_t)tcg_type_size(t->type) &&
           t->offset < offset + (intptr_t)size;
}

static void meet_globals(Native *n, intptr_t offset, unsigned size, bool write)
{
    for (unsigned i = n->nb_consts; i > 0; i--) {
        const TCGTemp *t = n->consts[i - 1].temp;
        if (overlaps(t, offset, size)) {
            native_store_constant(n, t);
        }
    }
    for (unsigned bits = POOL; bits; bits &= bits - 1) {
        int r = __builtin_ctz(bits);
        const TCGTemp *t = n->temp[r];
        if (t && overlaps(t, offset, size)) {
            if (n->dirty >> r & 1) {
                native_store(n, r);
            }
            if (write) {
                native_forget(n, r);
            }
        }
    }
}

#define in_returns(field) ((int32_t)(tcg_returns_offset + (intptr_t)offsetof(TCGReturns, field)))

static void native_env_test(Encoder *e, const TCGOp *ld, const TCGOp *br)
{
    Native *n = &e->native;
    X86Mem word = {ENV, NO_REG, 0, (int32_t)ld->args[2]};
    meet_globals(n, word.disp, 4, false);
    native_store_all(n);
    const TCGQuickJump *jump = e->quick->jump;
    bool limit = jump && jump->frames && jump->request_offset == word.disp;
    if (limit) {
        x86_mem(&n->at, 0x3b | X86_W, RSP, &(X86Mem){ENV, NO_REG, 0, in_returns(limit)});
    } else {
        x86_mem(&n->at, 0x83, X86_CMP, &word);
        x86_put8(&n->at, 0);
    }
    close_record(e);
    encode_jump(e, x86_conditions[limit ? TCG_COND_LTU : TCG_COND_NE], arg_label(br->args[3]));
}

static bool native_brcond(Encoder *e, const TCGOp *op)
{
    Native *n = &e->native;
    if (!can_compare(op, 0, (TCGCond)op->args[2])) {
        return false;
    }
    unsigned cc = compare(n, op, 0, (TCGCond)op->args[2]);
    native_end_lives(n, op);
    native_store_all(n); // for the label; on the way that goes straight on the registers stay
    close_record(e);
    encode_jump(e, cc, arg_label(op->args[3]));
    return true;
}

// --- memory ------------------------------------------------------------------------------------------

static void load(Native *n, int d, const X86Mem *m, unsigned bits, bool sign, bool wide)
{
    unsigned code = bits == 64                       ? 0x8b | X86_W
                    : bits == 32 && (!sign || !wide) ? 0x8b
                                                     : extension(bits, sign, wide);
    x86_mem(&n->at, code, (unsigned)d, m);
}

// The register of a value that is about to be saved; NO_REG: it is part of the instruction.
static int to_save(Native *n, TCGArg arg, unsigned size)
{
    const TCGTemp *t = arg_temp(arg);
    return t->kind == TEMP_CONST && (size < 8 || fits_s32(t->val)) ? NO_REG : native_value(n, arg);
}

// A value of an op's, of so many bytes, to memory: one instruction.  The address has its registers; r: to_save().
static void save(Native *n, TCGArg arg, int r, const X86Mem *m, unsigned size)
{
    static const unsigned codes[] = {
        [1] = 0x88 | X86_8, [2] = 0x89 | X86_16, [4] = 0x89, [8] = 0x89 | X86_W};
    const TCGTemp *t = arg_temp(arg);
    if (r == NO_REG) {
        x86_mem(&n->at, size == 1 ? 0xc6 : (codes[size] & ~0xffu) | 0xc7, 0, m);
        for (unsigned i = 0; i < (size < 4 ? size : 4); i++) {
            x86_put8(&n->at, (uint8_t)(t->val >> 8 * i));
        }
        return;
    }
    x86_mem(&n->at, codes[size], (unsigned)r, m);
}

static bool native_env(Native *n, const TCGOp *op, bool is_store, unsigned size, bool sign)
{
    intptr_t offset = (intptr_t)op->args[2];
    if (!is_env(op->args[1]) || offset != (int32_t)offset) {
        return false;
    }
    X86Mem m = {ENV, NO_REG, 0, (int32_t)offset};
    meet_globals(n, offset, size, is_store);
    if (is_store) {
        save(n, op->args[0], to_save(n, op->args[0], size), &m, size);
        native_end_lives(n, op);
        return true;
    }
    int d = native_take(n);
    load(n, d, &m, size * 8, sign, native_is_wide(arg_temp(op->args[0])));
    native_result(n, op, d);
    return true;
}

static void native_count(Native *n, const TCGOp *op)
{
    X86Mem pointer = {ENV, NO_REG, 0, (int32_t)op->args[0]};
    X86Mem word = {RAX, NO_REG, 0, (int32_t)op->args[1]};
    int32_t imm = (int32_t)op->args[2];
    bool small = imm == (int8_t)imm;
    x86_mem(&n->at, 0x8b | X86_W, RAX, &pointer);
    x86_mem(&n->at, (small ? 0x83 : 0x81) | X86_W, X86_ADD, &word);
    small ? x86_put8(&n->at, (uint8_t)imm) : x86_put32(&n->at, imm);
}

static X86Mem guest_address(Native *n, const Address *a)
{
    X86Mem m = {NO_REG, NO_REG, 0, (int32_t)a->disp};
    if (a->base) {
        m.base = native_value(n, (TCGArg)a->base);
    } else if (!fits_s32((uint64_t)a->disp)) {
        native_constant(n, RAX, (uint64_t)a->disp);
        return (X86Mem){RAX, NO_REG, 0, 0};
    }
    if (a->index) {
        m.index = native_value(n, (TCGArg)a->index);
        m.shift = a->shift;
        if (a->shift > 3) {
            x86_mov(&n->at, true, RAX, m.index);
            x86_shift_imm(&n->at, X86_SHL, true, RAX, a->shift);
            m.index = RAX;
            m.shift = 0;
        }
    }
    return m;
}

// The access `op`; its address is computed by it and the ops from `first` on.
static bool native_guest(Encoder *e, const TCGOp *first, const TCGOp *op, const Address *a)
{
    Native *n = &e->native;
    MemOp mop = (MemOp)op->args[2];
    unsigned size = 1u << (mop & MO_SIZE);
    bool is_load = tcg_op_nout(op) != 0;
    if (size > tcg_type_size(arg_temp(op->args[0])->type) ||
        (size > 1 && (mop & (MO_BSWAP | MO_ALIGN)))) {
        return false;
    }
    X86Mem m = guest_address(n, a);
    int saved = is_load ? NO_REG : to_save(n, op->args[0], size);
    if (e->s->precise) {
        quick_note_state(e);
    }
    if (is_load) {
        for (const TCGOp *at = first; at != op->next; at = at->next) {
            native_end_lives(n, at);
        }
        n->locked = 0; // the address is read before the result is written
        int d = native_take(n);
        if (e->s->precise) {
            quick_note_place(e);
        }
        load(n, d, &m, size * 8, mop & MO_SIGN, native_is_wide(arg_temp(op->args[0])));
        native_result(n, op, d);
        return true;
    }
    if (e->s->precise) {
        quick_note_place(e);
    }
    save(n, op->args[0], saved, &m, size);
    for (const TCGOp *at = first; at != op->next; at = at->next) {
        native_end_lives(n, at);
    }
    return true;
}

static bool native_access(Encoder *e, const TCGOp *op)
{
    const TCGTemp *addr = arg_temp(op->args[1]);
    Address a = {.base = addr};
    if (e->s->guest_base || addr->kind == TEMP_FIXED) {
        return false;
    }
    if (addr->kind == TEMP_CONST) {
        a = (Address){.disp = (int64_t)addr->val};
    }
    return native_guest(e, op, op, &a);
}

static bool is_int_access(const TCGOp *op)
{
    switch (op->opc) {
    case INDEX_op_qemu_ld_i32:
    case INDEX_op_qemu_ld_i64:
    case INDEX_op_qemu_st_i32:
    case INDEX_op_qemu_st_i64: return true;
    default: return false;
    }
}

static bool is_host_access(const TCGOp *op)
{
    return (op->opc >= INDEX_op_ld8u_i32 && op->opc <= INDEX_op_st_i32) ||
           (op->opc >= INDEX_op_ld8u_i64 && op->opc <= INDEX_op_st_i64);
}

// --- calls of a plugin's functions ---------------------------------------------------------------------

static bool can_call(const TCGHelperInfo *info)
{
    bool ok = (info->flags & TCG_CALL_ADDRESS) && (info->flags & TCG_CALL_NO_READ_GLOBALS) &&
              info->ret == TCG_TYPE_VOID && info->nargs <= 4;
    for (unsigned i = 0; i < info->nargs; i++) {
        ok &= info->args[i] == TCG_TYPE_I32 || info->args[i] == TCG_TYPE_I64 ||
              info->args[i] == TCG_TYPE_PTR;
    }
    return ok;
}

static void call_argument(Native *n, TCGArg arg, int to, int from)
{
    const TCGTemp *t = arg_temp(arg);
    X86Mem at = native_slot(t);
    if (t->kind == TEMP_CONST) {
        native_constant(n, to, native_is_wide(t) ? t->val : (uint32_t)t->val);
    } else if (from == NO_REG) {
        x86_mem(&n->at, 0x8b | native_width(native_is_wide(t)), (unsigned)to, &at);
    } else if (from != to) {
        x86_mov(&n->at, native_is_wide(t), to, from);
    }
}

// Through stencils each argument would go to env and come back from there.
static bool native_call(Encoder *e, const TCGOp *op)
{
    Native *n = &e->native;
    static const int8_t targets[] = {RDI, RSI, RDX, RCX};
    const TCGHelperInfo *info = op->call_info;
    int from[4];
    if (!can_call(info) || e->s->precise) {
        return false;
    }
    for (unsigned i = 0; i < info->nargs; i++) {
        from[i] = native_find(n, arg_temp(op->args[i]));
        if (from[i] != NO_REG && native_dies(op, i)) {
            n->dirty &= (uint16_t)~(1u << from[i]);
        }
    }
    native_store_all(n);
    // The last argument first: env's register is overwritten last.  What an earlier argument's register had is in rax
    // or, a second time, in memory.
    bool spare = true;
    for (unsigned i = info->nargs; i-- > 1;) {
        for (unsigned k = 0; k < i; k++) {
            if (from[k] == targets[i] && spare) {
                x86_mov(&n->at, true, RAX, from[k]);
                from[k] = RAX;
                spare = false;
            } else if (from[k] == targets[i]) {
                native_store(n, from[k]);
                from[k] = NO_REG;
            }
        }
        call_argument(n, op->args[i], targets[i], from[i]);
    }
    x86_head(&n->at, 0x50 + ENV, 0, NO_REG, NO_REG, false); // push: also aligns the stack
    if (info->nargs) {
        call_argument(n, op->args[0], RDI, from[0]);
    }
    native_constant(n, RAX, (uint64_t)(uintptr_t)info->func);
    x86_reg(&n->at, 0xff, 2, RAX);
    x86_head(&n->at, 0x58 + ENV, 0, NO_REG, NO_REG, false);
    for (unsigned bits = POOL; bits; bits &= bits - 1) {
        native_forget(n, __builtin_ctz(bits));
    }
    return true;
}

// --- the table ---------------------------------------------------------------------------------------

// Nobody reads its value any more.
static void native_discard(Native *n, const TCGOp *op)
{
    const TCGTemp *t = arg_temp(op->args[0]);
    int r = native_find(n, t);
    if (r != NO_REG) {
        native_let_die(n, r);
    }
    native_drop_constant(n, t);
}

// What the op reads of the constants that were put off.
static void read_constants(Native *n, const TCGOp *op)
{
    unsigned nout = tcg_op_nout(op);
    for (unsigned i = nout; i < nout + tcg_op_nin(op) && n->nb_consts; i++) {
        native_store_constant(n, arg_temp(op->args[i]));
    }
}

#define BOTH(op) INDEX_op_##op##_i32 : case INDEX_op_##op##_i64

static bool native_one(Encoder *e, const TCGOp *op)
{
    Native *n = &e->native;
    unsigned nout = tcg_op_nout(op);
    bool wide = nout && native_is_wide(arg_temp(op->args[0]));
    for (unsigned i = nout; i < nout + tcg_op_nin(op); i++) {
        if (is_env(op->args[i]) && !(i == 1 && is_host_access(op))) {
            return false; // its address as a value
        }
    }
    read_constants(n, op);
    switch (op->opc) {
        // clang-format off
    case BOTH(mov): native_mov(e, op, wide); return true;
    case BOTH(add): native_alu(n, op, X86_ADD, wide); return true;
    case BOTH(sub): native_alu(n, op, X86_SUB, wide); return true;
    case BOTH(and): native_alu(n, op, X86_AND, wide); return true;
    case BOTH(or): native_alu(n, op, X86_OR, wide); return true;
    case BOTH(xor): native_alu(n, op, X86_XOR, wide); return true;
    case BOTH(andc): native_alu_not(n, op, X86_AND, wide); return true;
    case BOTH(orc): native_alu_not(n, op, X86_OR, wide); return true;
    case BOTH(mul): native_mul(n, op, wide); return true;
    case BOTH(not): native_unary(n, op, 2, wide); return true;
    case BOTH(neg): native_unary(n, op, 3, wide); return true;
    case INDEX_op_bswap32_i32:
    case INDEX_op_bswap32_i64: native_bswap(n, op, false); return true;
    case INDEX_op_bswap64_i64: native_bswap(n, op, true); return true;
    case BOTH(shl): native_shift(n, op, X86_SHL, wide); return true;
    case BOTH(shr): native_shift(n, op, X86_SHR, wide); return true;
    case BOTH(sar): native_shift(n, op, X86_SAR, wide); return true;
    case BOTH(rotl): native_shift(n, op, X86_ROL, wide); return true;
    case BOTH(rotr): native_shift(n, op, X86_ROR, wide); return true;
    case BOTH(extract): native_extract(n, op, false, wide); return true;
    case BOTH(sextract): native_extract(n, op, true, wide); return true;
    case BOTH(deposit): native_deposit(n, op, wide); return true;
    case BOTH(ext8u): native_extend(n, op, 8, false, wide); return true;
    case BOTH(ext8s): native_extend(n, op, 8, true, wide); return true;
    case BOTH(ext16u): native_extend(n, op, 16, false, wide); return true;
    case BOTH(ext16s): native_extend(n, op, 16, true, wide); return true;
    case INDEX_op_extrl_i64_i32:
    case INDEX_op_extu_i32_i64:
    case INDEX_op_ext32u_i64: native_extend(n, op, 32, false, true); return true;
    case INDEX_op_ext_i32_i64:
    case INDEX_op_ext32s_i64: native_extend(n, op, 32, true, true); return true;
    case BOTH(setcond): return native_setcond(n, op, false);
    case BOTH(negsetcond): return native_setcond(n, op, true);
    case BOTH(movcond): return native_movcond(n, op, wide);
    case BOTH(brcond): return native_brcond(e, op);
    case BOTH(ld8u): return native_env(n, op, false, 1, false);
    case BOTH(ld8s): return native_env(n, op, false, 1, true);
    case BOTH(ld16u): return native_env(n, op, false, 2, false);
    case BOTH(ld16s): return native_env(n, op, false, 2, true);
    case INDEX_op_ld_i32:
    case INDEX_op_ld32u_i64: return native_env(n, op, false, 4, false);
    case INDEX_op_ld32s_i64: return native_env(n, op, false, 4, true);
    case INDEX_op_ld_i64: return native_env(n, op, false, 8, false);
    case BOTH(st8): return native_env(n, op, true, 1, false);
    case BOTH(st16): return native_env(n, op, true, 2, false);
    case INDEX_op_st_i32:
    case INDEX_op_st32_i64: return native_env(n, op, true, 4, false);
    case INDEX_op_st_i64: return native_env(n, op, true, 8, false);
    case INDEX_op_count: native_count(n, op); return true;
    case INDEX_op_call: return native_call(e, op);
    case INDEX_op_discard: native_discard(n, op); return true;
    // clang-format on
    default: return is_int_access(op) && native_access(e, op);
    }
}

void native_begin(Encoder *e)
{
    if (e->quick) {
        quick_notes_clear(e->quick->notes);
    }
    e->native = (Native){.on = e->quick && !e->s->log_writes,
                         .keep_dead = e->s->keep_dead,
                         .code = e->code,
                         .is_bound = e->quick ? e->quick->is_bound : NULL};
}

const TCGOp *native_op(Encoder *e, const TCGOp *op)
{
    Native *n = &e->native;
    if (!n->on || !open_record(e)) {
        return NULL;
    }
    n->locked = 0;
    const TCGOp *branch = env_test(e, op);
    if (branch) {
        native_env_test(e, op, branch);
        return branch;
    }
    if (op->opc == INDEX_op_add_i64 || op->opc == INDEX_op_shl_i64) {
        Address a;
        const TCGOp *access = address_fold(e, op, &a);
        for (const TCGOp *at = op; access && at != access->next; at = at->next) {
            read_constants(n, at);
        }
        if (access && is_int_access(access) && native_guest(e, op, access, &a)) {
            return access;
        }
    }
    return native_one(e, op) ? op : NULL;
}

void native_settle(Encoder *e)
{
    Native *n = &e->native;
    if ((n->dirty || n->nb_consts) && open_record(e)) {
        native_store_all(n);
    }
    close_record(e);
    for (unsigned bits = POOL; bits; bits &= bits - 1) {
        native_forget(n, __builtin_ctz(bits));
    }
}

// --- frames --------------------------------------------------------------------------------------------

void native_push(Encoder *e, uint64_t v)
{
    uint8_t **at = &e->native.at;
    if (!open_record(e)) {
        return;
    }
    if (fits_s32(v)) {
        x86_put8(at, 0x68); // push
        x86_put32(at, (int32_t)v);
    } else {
        x86_mov_imm64(at, RAX, v);
        x86_put8(at, 0x50 + RAX);
    }
    close_record(e);
}

void native_pop(Encoder *e)
{
    if (open_record(e)) {
        x86_put8(&e->native.at, 0x58 + RCX);
        close_record(e);
    }
}

void native_drop_frames(Encoder *e)
{
    if (tcg_returns_offset && open_record(e)) {
        x86_mem(&e->native.at, 0x8b | X86_W, RSP, &(X86Mem){ENV, NO_REG, 0, in_returns(base)});
        close_record(e);
    }
}

#else // other hosts have stencils alone

void native_begin(Encoder *e) { e->native = (Native){0}; }
const TCGOp *native_op(Encoder *e, const TCGOp *op)
{
    (void)e, (void)op;
    return NULL;
}
void native_settle(Encoder *e) { (void)e; }
void native_drop_frames(Encoder *e) { (void)e; }

#endif
