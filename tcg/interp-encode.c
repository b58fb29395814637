// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a block's ops to bytecode, in one pass, and a second one when a branch is too far for its short
// form.
//
// Most ops have a handler of their own and take a slot for each operand.  What is done beyond that:
//  * a constant becomes an immediate where a form has one, else is loaded into a slot first;
//  * moves between registers of every type, halves and lanes become moves of so many bytes;
//  * guest addresses: the adds and the shift that compute one are folded into the access when nothing
//    else uses their results (address_fold); this is half of the code of an x86 guest;
//  * two moves in a row, and the test of a word in env at a block's start, become one instruction.

#include <glib.h>
#include <pthread.h>

#include "interp.h"
#include "interp-insn.h"

typedef struct Fixup {
    uint32_t at; // word of the instruction
    uint32_t label;
    bool is_short;
} Fixup;

typedef struct Encoder {
    TCGContext *s;
    const TCGCode *code;
    uint64_t *buf;
    size_t used, cap; // words
    bool full;        // did not fit: the length is still counted
    bool no_short;    // second pass: no 16-bit branches
    bool overflow;    // a 16-bit branch did not reach
    uint64_t dummy[16];
    intptr_t scratch, scratch_next; // offsets from env
    uint64_t *last_move; // the previous instruction, when it is a 64-bit move that may take another
    uint64_t pc;
    bool pc_saved;
    int32_t *label_at;
    Fixup *fixups;
    size_t nb_fixups, cap_fixups;
} Encoder;

static const InterpRow *handlers[IOP_COUNT][INTERP_MAX_SUB];
static GHashTable *rows_by_handler;

void interp_register_rows(const InterpRow *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_assert(rows[i].op < IOP_COUNT && rows[i].sub < INTERP_MAX_SUB);
        g_assert(!handlers[rows[i].op][rows[i].sub]);
        handlers[rows[i].op][rows[i].sub] = &rows[i];
        g_hash_table_insert(rows_by_handler, (gpointer)rows[i].handler, (gpointer)&rows[i]);
    }
}

static void interp_init(void)
{
    rows_by_handler = g_hash_table_new(NULL, NULL);
    interp_register_int();
    interp_register_flow();
    interp_register_mem();
    interp_register_atomic();
    interp_register_fp();
    interp_register_vec();
    interp_register_vecfp();
}

static pthread_once_t init_once = PTHREAD_ONCE_INIT;

// --- emission --------------------------------------------------------------------------------------

static uint64_t *emit_words(Encoder *e, const InterpRow *row, unsigned words)
{
    uint64_t *ip = e->dummy;
    if (e->used + words <= e->cap) {
        ip = e->buf + e->used;
    } else {
        e->full = true;
    }
    e->used += words;
    memset(ip, 0, words * sizeof(*ip));
    ip[0] = (uint64_t)(uintptr_t)row->handler;
    e->last_move = NULL;
    return ip;
}

// Appends an instruction with its operands zeroed.
static uint64_t *emit(Encoder *e, unsigned op, unsigned sub)
{
    const InterpRow *row = handlers[op][sub];
    if (!row) {
        tcg_set_error(e->s, "the interpreter has no form %u of op %s", sub,
                      op < TCG_OP_COUNT ? tcg_op_defs[op].name : "(internal)");
        return e->dummy;
    }
    return emit_words(e, row, row->words);
}

static inline void put_slot(uint64_t *ip, unsigned i, unsigned slot)
{
    ((uint16_t *)(ip + 1))[i] = (uint16_t)slot;
}
static inline void put_imm32(uint64_t *ip, unsigned i, int64_t v)
{
    ((int32_t *)(ip + 1))[i] = (int32_t)v;
}

static unsigned slot_of_offset(Encoder *e, intptr_t offset)
{
    if (offset < 0 || (offset & 3) || offset >= 4 * 65536) {
        tcg_set_error(e->s, "the interpreter cannot reach offset %ld of the CPU state", (long)offset);
        return 0;
    }
    return (unsigned)(offset / 4);
}

static unsigned scratch_slot(Encoder *e, size_t size)
{
    unsigned slot = slot_of_offset(e, e->scratch_next);
    e->scratch_next += (intptr_t)(size < 16 ? 16 : size);
    g_assert(e->scratch_next <= e->scratch + TCG_INTERP_SCRATCH);
    return slot;
}

static bool fits_s32(uint64_t v) { return (int64_t)v == (int32_t)v; }

static void emit_movi32(Encoder *e, unsigned slot, uint64_t v)
{
    uint64_t *ip = emit(e, IOP_MOVI32, 0);
    put_slot(ip, 0, slot);
    put_imm32(ip, 1, (int64_t)v);
}
static void emit_movi64(Encoder *e, unsigned slot, uint64_t v)
{
    uint64_t *ip = emit(e, fits_s32(v) ? IOP_MOVI64 : IOP_MOVI64_64, 0);
    put_slot(ip, 0, slot);
    if (fits_s32(v)) {
        put_imm32(ip, 1, (int64_t)v);
    } else {
        ip[2] = v;
    }
}
static void emit_movi(Encoder *e, TCGType type, unsigned slot, uint64_t v)
{
    switch (type) {
    case TCG_TYPE_I32:
    case TCG_TYPE_F32:
        emit_movi32(e, slot, v);
        break;
    case TCG_TYPE_I128:
        emit_movi64(e, slot + 2, 0);
        __attribute__((fallthrough));
    default:
        emit_movi64(e, slot, v);
    }
}

static void emit_rr(Encoder *e, unsigned op, unsigned r, unsigned a)
{
    uint64_t *ip = emit(e, op, 0);
    put_slot(ip, 0, r);
    put_slot(ip, 1, a);
}

// Two moves in a row become one instruction.
static void emit_mov64(Encoder *e, unsigned r, unsigned a)
{
    if (e->last_move && e->last_move != e->dummy) {
        uint64_t *ip = e->last_move;
        ip[0] = (uint64_t)(uintptr_t)handlers[IOP_MOV64X2][0]->handler;
        put_slot(ip, 2, r);
        put_slot(ip, 3, a);
        e->last_move = NULL;
        return;
    }
    emit_rr(e, IOP_MOV64, r, a);
    if (!e->full) {
        e->last_move = e->buf + e->used - 2;
    }
}

static void emit_mov(Encoder *e, size_t size, unsigned r, unsigned a)
{
    if (r == a) {
        return;
    }
    switch (size) {
    case 4:
        emit_rr(e, IOP_MOV32, r, a);
        break;
    case 8:
        emit_mov64(e, r, a);
        break;
    default:
        emit_rr(e, size == 16 ? IOP_MOV128 : IOP_MOV256, r, a);
    }
}

// The slot of an operand.  Constants, and env as a value, are loaded into a scratch slot first.
static unsigned slot_of(Encoder *e, const TCGTemp *t)
{
    switch (t->kind) {
    case TEMP_CONST: {
        unsigned slot = scratch_slot(e, 16);
        emit_movi(e, t->type, slot, t->val);
        return slot;
    }
    case TEMP_FIXED: {
        unsigned slot = scratch_slot(e, 16);
        put_slot(emit(e, IOP_MOV_ENV, 0), 0, slot);
        return slot;
    }
    default:
        return slot_of_offset(e, t->offset);
    }
}
static unsigned slot_arg(Encoder *e, const TCGOp *op, unsigned i)
{
    return slot_of(e, arg_temp(op->args[i]));
}

static bool is_const(TCGArg a) { return arg_temp(a)->kind == TEMP_CONST; }
static bool is_env(TCGArg a) { return arg_temp(a)->kind == TEMP_FIXED; }

// The constant as an immediate of 32 bits: any i32, an i64 that sign extension gives back.
static bool is_imm32(TCGArg a)
{
    const TCGTemp *t = arg_temp(a);
    return t->kind == TEMP_CONST && (t->type == TCG_TYPE_I32 || fits_s32(t->val));
}

static bool arg_dies(const TCGOp *op, unsigned i)
{
    return (op->life >> i & 1) && arg_temp(op->args[i])->kind == TEMP_NORMAL;
}

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

static void encode_br(Encoder *e, const TCGLabel *l)
{
    add_fixup(e, e->used, l, false);
    emit(e, IOP_BR, 0);
}

// A comparison's operands and condition, a constant second.
typedef struct Comparison {
    TCGArg a, b;
    TCGCond cond;
    bool imm;
} Comparison;

static Comparison comparison(const TCGOp *op, unsigned first, unsigned cond)
{
    Comparison c = {op->args[first], op->args[first + 1], (TCGCond)op->args[cond], false};
    if (is_const(c.a) && !is_const(c.b)) {
        c = (Comparison){c.b, c.a, tcg_swap_cond(c.cond), false};
    }
    c.imm = is_imm32(c.b);
    return c;
}

static void encode_brcond(Encoder *e, const TCGOp *op)
{
    Comparison c = comparison(op, 0, 2);
    const TCGLabel *l = arg_label(op->args[3]);
    unsigned iop = op->opc == INDEX_op_brcond_i32 ? IOP_BRCOND_I32 : IOP_BRCOND_I64;
    if (c.cond <= TCG_COND_ALWAYS) {
        if (c.cond == TCG_COND_ALWAYS) {
            encode_br(e, l);
        }
        return;
    }
    c.imm &= !e->no_short;
    unsigned a = slot_of(e, arg_temp(c.a));
    unsigned b = c.imm ? 0 : slot_of(e, arg_temp(c.b));
    add_fixup(e, e->used, l, c.imm);
    uint64_t *ip = emit(e, iop, c.cond * 2 + c.imm);
    put_slot(ip, 0, a);
    if (c.imm) {
        put_imm32(ip, 1, (int64_t)arg_temp(c.b)->val);
    } else {
        put_slot(ip, 1, b);
    }
}

static void encode_setcond(Encoder *e, const TCGOp *op, unsigned iop, TCGType type)
{
    Comparison c = comparison(op, 1, 3);
    unsigned r = slot_arg(e, op, 0);
    if (c.cond <= TCG_COND_ALWAYS) {
        bool neg = iop == IOP_NEGSETCOND_I32 || iop == IOP_NEGSETCOND_I64;
        emit_movi(e, type, r, c.cond == TCG_COND_NEVER ? 0 : neg ? UINT64_MAX : 1);
        return;
    }
    unsigned a = slot_of(e, arg_temp(c.a));
    unsigned b = c.imm ? 0 : slot_of(e, arg_temp(c.b));
    uint64_t *ip = emit(e, iop, c.cond * 2 + c.imm);
    put_slot(ip, 0, r);
    put_slot(ip, 1, a);
    if (c.imm) {
        put_imm32(ip, 1, (int64_t)arg_temp(c.b)->val);
    } else {
        put_slot(ip, 2, b);
    }
}

static void encode_movcond(Encoder *e, const TCGOp *op, unsigned iop, size_t size)
{
    Comparison c = comparison(op, 1, 5);
    unsigned r = slot_arg(e, op, 0), v1 = slot_arg(e, op, 3), v2 = slot_arg(e, op, 4);
    if (c.cond <= TCG_COND_ALWAYS) {
        emit_mov(e, size, r, c.cond == TCG_COND_ALWAYS ? v1 : v2);
        return;
    }
    unsigned a = slot_of(e, arg_temp(c.a));
    unsigned b = c.imm ? 0 : slot_of(e, arg_temp(c.b));
    uint64_t *ip = emit(e, iop, c.cond * 2 + c.imm);
    put_slot(ip, 0, r);
    put_slot(ip, 1, a);
    if (c.imm) {
        put_imm32(ip, 1, (int64_t)arg_temp(c.b)->val);
    } else {
        put_slot(ip, 2, b);
    }
    put_slot(ip, 3 + c.imm, v1);
    put_slot(ip, 4 + c.imm, v2);
}

// --- host memory -----------------------------------------------------------------------------------

// ld and st of size bytes whose width needs no extension: in env they are moves.
static void encode_ldst(Encoder *e, const TCGOp *op, size_t move_size)
{
    bool store = tcg_op_defs[op->opc].nb_oargs == 0;
    intptr_t offset = (intptr_t)op->args[2];
    if (is_env(op->args[1])) {
        if (move_size && offset >= 0 && (offset & 3) == 0 && offset < 4 * 65536) {
            unsigned v = slot_arg(e, op, 0), at = slot_of_offset(e, offset);
            store ? emit_mov(e, move_size, at, v) : emit_mov(e, move_size, v, at);
            return;
        }
        if (handlers[op->opc][1]) {
            unsigned v = slot_arg(e, op, 0);
            uint64_t *ip = emit(e, op->opc, 1);
            put_slot(ip, 0, v);
            put_imm32(ip, 1, offset);
            return;
        }
    }
    unsigned v = slot_arg(e, op, 0), base = slot_arg(e, op, 1);
    unsigned opc = op->opc, sub = 0;
    switch (op->opc) { // a memory access of so many bytes, the guest's or ours
    case INDEX_op_ld_f32: opc = INDEX_op_ld_i32; break;
    case INDEX_op_ld_f64: opc = INDEX_op_ld_i64; break;
    case INDEX_op_st_f32: opc = INDEX_op_st_i32; break;
    case INDEX_op_st_f64: opc = INDEX_op_st_i64; break;
    case INDEX_op_ld_vec:
    case INDEX_op_st_vec: {
        unsigned kind = op->type == TCG_TYPE_V64    ? IMEM_U64_64
                        : op->type == TCG_TYPE_V128 ? IMEM_128
                                                    : IMEM_256;
        opc = store ? IOP_GUEST_ST : IOP_GUEST_LD;
        sub = kind * IADDR_COUNT + IADDR_DISP;
        break;
    }
    default: break;
    }
    if (!fits_s32((uint64_t)offset)) {
        tcg_set_error(e->s, "offset %ld of %s is too far", (long)offset, tcg_op_defs[op->opc].name);
        return;
    }
    uint64_t *ip = emit(e, opc, sub);
    put_slot(ip, 0, v);
    put_slot(ip, 1, base);
    put_imm32(ip, 1, offset);
}

// --- guest memory ----------------------------------------------------------------------------------

// A guest address: base + (index << shift) + disp.  base NULL: the constant in disp.
typedef struct Address {
    const TCGTemp *base, *index;
    unsigned shift;
    int64_t disp;
} Address;

// For a guest memory access, which argument is the address; 0 for others (no op has it there first).
static unsigned guest_address_arg(const TCGOp *op)
{
    switch (op->opc) {
    case INDEX_op_qemu_ld_i32:
    case INDEX_op_qemu_ld_i64:
    case INDEX_op_qemu_ld_i128:
    case INDEX_op_qemu_ld_f32:
    case INDEX_op_qemu_ld_f64:
    case INDEX_op_qemu_ld_vec:
    case INDEX_op_qemu_st_i32:
    case INDEX_op_qemu_st_i64:
    case INDEX_op_qemu_st_i128:
    case INDEX_op_qemu_st_f32:
    case INDEX_op_qemu_st_f64:
    case INDEX_op_qemu_st_vec:
        return 1;
    default:
        return 0;
    }
}

// Whether the operand's value is not needed after op: it dies there, or op overwrites it.
static bool consumed(const TCGOp *op, unsigned i)
{
    return arg_dies(op, i) || (tcg_op_nout(op) == 1 && op->args[0] == op->args[i]);
}

static bool add_term(Address *a, const TCGTemp *t)
{
    if (t->kind == TEMP_CONST) {
        int64_t sum = a->disp + (int64_t)t->val;
        if (!fits_s32(t->val) || !fits_s32((uint64_t)sum)) {
            return false;
        }
        a->disp = sum;
        return true;
    }
    if (t->kind == TEMP_FIXED) {
        return false;
    }
    if (!a->base) {
        a->base = t;
        return true;
    }
    if (!a->index) {
        a->index = t;
        return true;
    }
    return false;
}

// When op starts a run of shl_i64 and add_i64 that only computes the address of the guest access that
// ends it, gives that access and fills *a.  Nothing is skipped over, so no register changes meanwhile.
static const TCGOp *address_fold(const Encoder *e, const TCGOp *op, Address *a)
{
    *a = (Address){0};
    if (e->s->log_writes || e->s->guest_base) {
        return NULL;
    }
    const TCGTemp *sum = NULL;
    for (; op != &e->s->ops; op = op->next) {
        if (op->opc == INDEX_op_shl_i64) {
            if (sum || !is_const(op->args[2]) || is_const(op->args[1]) || is_env(op->args[1]) ||
                arg_temp(op->args[2])->val > 63) {
                return NULL;
            }
            a->index = arg_temp(op->args[1]);
            a->shift = (unsigned)arg_temp(op->args[2])->val;
        } else if (op->opc == INDEX_op_add_i64) {
            const TCGTemp *x = arg_temp(op->args[1]), *y = arg_temp(op->args[2]);
            if (!sum) {
                if (!add_term(a, x) || !add_term(a, y)) {
                    return NULL;
                }
            } else if ((x == sum) == (y == sum) || !consumed(op, x == sum ? 1 : 2) ||
                       !add_term(a, x == sum ? y : x)) {
                return NULL;
            }
        } else {
            unsigned i = guest_address_arg(op);
            bool ok = i && sum && arg_temp(op->args[i]) == sum && a->base && consumed(op, i) &&
                      !(op->args[i + 1] & MO_ALIGN) &&
                      (tcg_op_nout(op) == 1 || arg_temp(op->args[0]) != sum);
            return ok ? op : NULL;
        }
        sum = arg_temp(op->args[0]);
        if (sum->kind != TEMP_NORMAL) {
            return NULL;
        }
    }
    return NULL;
}

static void save_pc(Encoder *e)
{
    if (e->s->precise && !e->pc_saved) {
        uint64_t *ip = emit(e, IOP_ST64_IMM64, 0);
        put_imm32(ip, 1, e->s->pc_offset);
        ip[2] = e->pc;
        e->pc_saved = true;
    }
}

// What must happen before an access, and the address that it then has.
static Address prepare_access(Encoder *e, const TCGTemp *addr, unsigned size, MemOp mop, bool write)
{
    save_pc(e);
    bool check = (mop & MO_ALIGN) && size > 1, log = write && e->s->log_writes;
    bool constant = addr->kind == TEMP_CONST;
    if (constant && !check && !log) {
        return (Address){.disp = (int64_t)(addr->val + e->s->guest_base)};
    }
    unsigned slot = slot_of(e, addr);
    if (check) {
        uint64_t *ip = emit(e, IOP_CHECK_ALIGN, 0);
        put_slot(ip, 0, slot);
        put_slot(ip, 1, size);
        put_slot(ip, 2, write);
    }
    if (log) {
        uint64_t *ip = emit(e, IOP_LOG_WRITE, 0);
        put_slot(ip, 0, slot);
        put_slot(ip, 1, size);
    }
    if (constant) {
        return (Address){.disp = (int64_t)(addr->val + e->s->guest_base)};
    }
    return (Address){.base = addr};
}

// Emits the load or store of `slot` at the address.
static void emit_access(Encoder *e, unsigned iop, unsigned kind, unsigned slot, const Address *a)
{
    unsigned how = a->index ? IADDR_INDEX : a->base ? IADDR_DISP : IADDR_CONST;
    unsigned base = a->base ? slot_of(e, a->base) : 0, index = a->index ? slot_of(e, a->index) : 0;
    if (a->base && e->s->guest_base) { // never with an index: see address_fold
        unsigned sum = scratch_slot(e, 16);
        uint64_t *ip = emit(e, IOP_ADD_IMM64, 0);
        put_slot(ip, 0, sum);
        put_slot(ip, 1, base);
        ip[2] = e->s->guest_base;
        base = sum;
    }
    uint64_t *ip = emit(e, iop, kind * IADDR_COUNT + how);
    put_slot(ip, 0, slot);
    if (how == IADDR_CONST) {
        ip[2] = (uint64_t)a->disp;
        return;
    }
    put_slot(ip, 1, base);
    if (how == IADDR_DISP) {
        put_imm32(ip, 1, a->disp);
    } else {
        put_slot(ip, 2, index);
        put_slot(ip, 3, a->shift);
        put_imm32(ip, 2, a->disp);
    }
}

static void emit_bswap(Encoder *e, unsigned size, unsigned r, unsigned a)
{
    static const uint16_t ops[] = {0, INDEX_op_bswap16_i64, INDEX_op_bswap32_i64,
                                   INDEX_op_bswap64_i64, IOP_BSWAP128};
    if (size >= G_N_ELEMENTS(ops)) {
        tcg_set_error(e->s, "MO_BSWAP on an access of 32 bytes is not defined");
        return;
    }
    emit_rr(e, ops[size], r, a);
}

// log2 of the size of a guest access; its register's bytes.
static MemOp access_size(const TCGOp *op, size_t *reg)
{
    MemOp size = (MemOp)op->args[2] & MO_SIZE;
    *reg = tcg_type_size(arg_temp(op->args[0])->type);
    switch (op->opc) {
    case INDEX_op_qemu_ld_i32:
    case INDEX_op_qemu_ld_i64:
    case INDEX_op_qemu_st_i32:
    case INDEX_op_qemu_st_i64:
        return size;
    default: // the others move all of their register
        return (MemOp)__builtin_ctzl(*reg);
    }
}

static void encode_guest_ld(Encoder *e, const TCGOp *op, const Address *folded)
{
    // Loads by log2 size, for 32-bit and 64-bit registers, zero- and sign-extending.
    static const uint8_t kinds[2][2][4] = {
        {{IMEM_U8_32, IMEM_U16_32, IMEM_U32_32, IMEM_U32_32},
         {IMEM_S8_32, IMEM_S16_32, IMEM_U32_32, IMEM_U32_32}},
        {{IMEM_U8_64, IMEM_U16_64, IMEM_U32_64, IMEM_U64_64},
         {IMEM_S8_64, IMEM_S16_64, IMEM_S32_64, IMEM_U64_64}},
    };
    size_t reg;
    MemOp mop = (MemOp)op->args[2], size = access_size(op, &reg);
    bool swap = (mop & MO_BSWAP) && size > MO_8, sign = mop & MO_SIGN;
    if ((1u << size) > reg) {
        tcg_set_error(e->s, "%s of %u bytes", tcg_op_defs[op->opc].name, 1u << size);
        return;
    }
    Address a = folded ? *folded
                       : prepare_access(e, arg_temp(op->args[1]), 1u << size, mop, false);
    if (folded) {
        save_pc(e);
    }
    unsigned kind = size == MO_128   ? IMEM_128
                    : size == MO_256 ? IMEM_256
                                     : kinds[reg == 8][sign && !swap][size];
    unsigned r = slot_arg(e, op, 0);
    emit_access(e, IOP_GUEST_LD, kind, r, &a);
    if (swap) {
        if (size <= MO_32 && reg == 4) {
            emit_rr(e, size == MO_16 ? INDEX_op_bswap16_i32 : INDEX_op_bswap32_i32, r, r);
        } else {
            emit_bswap(e, size, r, r);
        }
        if (sign && size == MO_16) {
            emit_rr(e, reg == 4 ? INDEX_op_ext16s_i32 : INDEX_op_ext16s_i64, r, r);
        } else if (sign && size == MO_32 && reg == 8) {
            emit_rr(e, INDEX_op_ext32s_i64, r, r);
        }
    }
}

static void encode_guest_st(Encoder *e, const TCGOp *op, const Address *folded)
{
    static const uint8_t kinds[] = {IMEM_U8_64,  IMEM_U16_64, IMEM_U32_64,
                                    IMEM_U64_64, IMEM_128,    IMEM_256};
    size_t reg;
    MemOp mop = (MemOp)op->args[2], size = access_size(op, &reg);
    bool swap = (mop & MO_BSWAP) && size > MO_8;
    if ((1u << size) > reg) {
        tcg_set_error(e->s, "%s of %u bytes", tcg_op_defs[op->opc].name, 1u << size);
        return;
    }
    Address a = folded ? *folded
                       : prepare_access(e, arg_temp(op->args[1]), 1u << size, mop, true);
    if (folded) {
        save_pc(e);
    }
    if (is_imm32(op->args[0]) && reg <= 8 && !swap && a.base && !a.index && !e->s->guest_base) {
        unsigned base = slot_of(e, a.base);
        uint64_t *ip = emit(e, IOP_GUEST_STI, size);
        put_slot(ip, 1, base);
        put_imm32(ip, 1, a.disp);
        put_imm32(ip, 2, (int64_t)arg_temp(op->args[0])->val);
        return;
    }
    unsigned v = slot_arg(e, op, 0);
    if (swap) {
        unsigned swapped = scratch_slot(e, 16);
        emit_bswap(e, size, swapped, v);
        v = swapped;
    }
    emit_access(e, IOP_GUEST_ST, kinds[size], v, &a);
}

static void encode_atomic(Encoder *e, const TCGOp *op)
{
    unsigned n = op->opc == INDEX_op_atomic_cmpxchg_i32 || op->opc == INDEX_op_atomic_cmpxchg_i64 ||
                         op->opc == INDEX_op_atomic_cmpxchg_i128
                     ? 4
                     : 3;
    size_t reg = tcg_type_size(arg_temp(op->args[0])->type);
    MemOp mop = (MemOp)op->args[n], size = reg == 16 ? MO_128 : mop & MO_SIZE;
    unsigned sub = mop & (MO_SIZE | MO_SIGN | MO_BSWAP);
    if (reg == 16) {
        sub = MO_128;
        if (mop & MO_BSWAP) {
            tcg_set_error(e->s, "atomic_cmpxchg_i128 with MO_BSWAP is not defined");
        }
    }
    if (reg == (1u << size)) {
        sub &= ~(unsigned)MO_SIGN;
    }
    const TCGTemp *addr = arg_temp(op->args[1]);
    prepare_access(e, addr, 1u << size, mop, true);
    unsigned slots[4];
    for (unsigned i = 0; i < n; i++) {
        slots[i] = slot_arg(e, op, i);
    }
    if (e->s->guest_base) {
        unsigned sum = scratch_slot(e, 16);
        uint64_t *ip = emit(e, IOP_ADD_IMM64, 0);
        put_slot(ip, 0, sum);
        put_slot(ip, 1, slots[1]);
        ip[2] = e->s->guest_base;
        slots[1] = sum;
    }
    uint64_t *ip = emit(e, op->opc, sub);
    for (unsigned i = 0; i < n; i++) {
        put_slot(ip, i, slots[i]);
    }
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
    const TCGHelperInfo *info = op->call_info;
    bool has_result = op->nout != 0, by_pointer = false;
    bool ints = HAVE_CALL_INT && !is_float(info->ret);
    unsigned slots[TCG_MAX_CALL_ARGS + 1], n = 0, mask = 0, result = 0;
    const TCGTemp *ret = has_result ? arg_temp(op->args[0]) : NULL;

    if (!(info->flags & TCG_CALL_NO_SIDE_EFFECTS)) {
        save_pc(e); // it may access guest memory
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
    const InterpRow *row = ints ? handlers[IOP_CALL_INT][n * 3 + kind] : handlers[IOP_CALL_FFI][0];
    unsigned words = WORDS_OF_CALL(n);
    uint64_t *ip = emit_words(e, row, words);
    put_slot(ip, 0, n);
    put_slot(ip, 1, words);
    put_slot(ip, 2, result);
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
        if (!handlers[op->opc][sub]) { // an op that does not depend on the lane size
            sub = INTERP_VSUB(op->type, MO_8);
        }
    } else if (temps == 3 && handlers[op->opc][1]) {
        if ((def->flags & TCG_OPF_COMMUTES) && is_const(args[1])) {
            TCGArg a = args[1];
            args[1] = args[2];
            args[2] = a;
        }
        if (is_imm32(args[2])) {
            unsigned r = slot_of(e, arg_temp(args[0])), a = slot_of(e, arg_temp(args[1]));
            uint64_t *ip = emit(e, op->opc, 1);
            put_slot(ip, 0, r);
            put_slot(ip, 1, a);
            put_imm32(ip, 1, (int64_t)arg_temp(args[2])->val);
            return;
        }
    }
    for (unsigned i = 0; i < n; i++) {
        slots[i] = i < temps ? slot_of(e, arg_temp(args[i])) : (unsigned)args[i];
    }
    uint64_t *ip = emit(e, op->opc, sub);
    for (unsigned i = 0; i < n; i++) {
        put_slot(ip, i, slots[i]);
    }
}

// ld_i32 from env, and a branch unless it is 0, with nobody else to read it: the test of exit_request.
static bool encode_env_test(Encoder *e, const TCGOp *ld)
{
    const TCGOp *br = ld->next;
    if (br == &e->s->ops || br->opc != INDEX_op_brcond_i32 || !is_env(ld->args[1]) ||
        br->args[0] != ld->args[0] || !arg_dies(br, 0) || br->args[2] != TCG_COND_NE ||
        !is_const(br->args[1]) || arg_temp(br->args[1])->val != 0 ||
        !fits_s32((uint64_t)ld->args[2])) {
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
        mov_parts(e, op, tcg_type_size(a->type), 0, 0);
    }
}

// Encodes op; gives the last op that was dealt with.
static const TCGOp *encode_op(Encoder *e, const TCGOp *op)
{
    Address a;
    const TCGOp *access;
    e->scratch_next = e->scratch;

    switch (op->opc) {
    case INDEX_op_discard:
        break;
    case INDEX_op_insn_start:
        e->pc = op->args[0];
        e->pc_saved = false;
        break;
    case INDEX_op_set_label:
        e->label_at[arg_label(op->args[0])->id] = (int32_t)e->used;
        e->pc_saved = false;
        e->last_move = NULL;
        break;
    case INDEX_op_br:
        encode_br(e, arg_label(op->args[0]));
        break;
    case INDEX_op_brcond_i32:
    case INDEX_op_brcond_i64:
        encode_brcond(e, op);
        break;
    case INDEX_op_mb:
        // x86 reorders nothing but a store with a later load.
#ifdef __x86_64__
        if (!(op->args[0] & TCG_MO_ST_LD)) {
            break;
        }
#endif
        emit(e, IOP_MB, 0);
        break;
    case INDEX_op_goto_tb:
        emit(e, IOP_GOTO_TB, 0)[1] = (uint64_t)(uintptr_t)&e->code->jmp[op->args[0]];
        break;
    case INDEX_op_exit_tb:
        emit(e, IOP_EXIT_TB, 0)[1] = op->args[0];
        break;
    case INDEX_op_goto_ptr: {
        unsigned p = slot_arg(e, op, 0);
        put_slot(emit(e, IOP_GOTO_PTR, 0), 0, p);
        break;
    }
    case INDEX_op_call:
        encode_call(e, op);
        break;
    case INDEX_op_setcond_i32:
        encode_setcond(e, op, IOP_SETCOND_I32, TCG_TYPE_I32);
        break;
    case INDEX_op_setcond_i64:
        encode_setcond(e, op, IOP_SETCOND_I64, TCG_TYPE_I64);
        break;
    case INDEX_op_negsetcond_i32:
        encode_setcond(e, op, IOP_NEGSETCOND_I32, TCG_TYPE_I32);
        break;
    case INDEX_op_negsetcond_i64:
        encode_setcond(e, op, IOP_NEGSETCOND_I64, TCG_TYPE_I64);
        break;
    case INDEX_op_movcond_i32:
        encode_movcond(e, op, IOP_MOVCOND_I32, 4);
        break;
    case INDEX_op_movcond_i64:
        encode_movcond(e, op, IOP_MOVCOND_I64, 8);
        break;
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
    case INDEX_op_bitcast_v128_i128:
        encode_mov_int(e, op);
        break;
    case INDEX_op_extrl_i64_i32:
        mov_parts(e, op, 4, 0, 0);
        break;
    case INDEX_op_extrh_i64_i32:
        mov_parts(e, op, 4, 0, 1);
        break;
    case INDEX_op_extrl_i128_i64:
    case INDEX_op_extrl_v128_v64:
        mov_parts(e, op, 8, 0, 0);
        break;
    case INDEX_op_extrh_i128_i64:
    case INDEX_op_extrh_v128_v64:
        mov_parts(e, op, 8, 0, 2);
        break;
    case INDEX_op_extrl_v256_v128:
        mov_parts(e, op, 16, 0, 0);
        break;
    case INDEX_op_extrh_v256_v128:
        mov_parts(e, op, 16, 0, 4);
        break;
    case INDEX_op_zext_i64_v128:
        mov_parts(e, op, 8, 0, 0);
        emit_movi64(e, slot_arg(e, op, 0) + 2, 0);
        break;
    case INDEX_op_concat_i64_i128:
    case INDEX_op_concat_v64_v128:
        concat(e, op, 8);
        break;
    case INDEX_op_concat_v128_v256:
        concat(e, op, 16);
        break;
    case INDEX_op_ld_i32:
        if (encode_env_test(e, op)) {
            return op->next;
        }
        __attribute__((fallthrough));
    case INDEX_op_st_i32:
    case INDEX_op_ld_f32:
    case INDEX_op_st_f32:
        encode_ldst(e, op, 4);
        break;
    case INDEX_op_ld_i64:
    case INDEX_op_st_i64:
    case INDEX_op_ld_f64:
    case INDEX_op_st_f64:
        encode_ldst(e, op, 8);
        break;
    case INDEX_op_ld_vec:
    case INDEX_op_st_vec:
        encode_ldst(e, op, tcg_type_size((TCGType)op->type));
        break;
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
    case INDEX_op_st32_i64:
        encode_ldst(e, op, 0);
        break;
    case INDEX_op_add_i64:
    case INDEX_op_shl_i64:
        access = address_fold(e, op, &a);
        if (access) {
            tcg_op_nout(access) ? encode_guest_ld(e, access, &a) : encode_guest_st(e, access, &a);
            return access;
        }
        encode_plain(e, op);
        break;
    case INDEX_op_movi_vec:
        encode_movi_vec(e, op);
        break;
    case INDEX_op_shuffle_vec:
        encode_shuffle(e, op);
        break;
    case INDEX_op_extract_vec_i64:
    case INDEX_op_extract_vec_f32:
    case INDEX_op_extract_vec_f64:
        encode_extract_lane(e, op);
        break;
    case INDEX_op_insert_vec_i64:
    case INDEX_op_insert_vec_f32:
    case INDEX_op_insert_vec_f64:
        encode_insert_lane(e, op);
        break;
    default:
        if (tcg_op_defs[op->opc].flags & TCG_OPF_GUEST_MEM) {
            if (!guest_address_arg(op)) {
                encode_atomic(e, op);
            } else if (tcg_op_nout(op)) {
                encode_guest_ld(e, op, NULL);
            } else {
                encode_guest_st(e, op, NULL);
            }
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
    e->last_move = NULL;
    for (unsigned i = 0; i < s->nb_labels; i++) {
        e->label_at[i] = -1;
    }
    for (const TCGOp *op = s->ops.next; op != &s->ops; op = op->next) {
        op = encode_op(e, op);
    }
    // A block that its last op does not leave (a call that never returns) still ends here.
    const TCGOp *last = s->ops.prev;
    if (last == &s->ops || last->opc != INDEX_op_exit_tb) {
        emit(e, IOP_EXIT_TB, 0);
    }
    if (!e->full && !s->error) {
        apply_fixups(e);
    }
}

size_t tcg_interp_encode(TCGContext *s, const TCGCode *code, void *buf, size_t cap)
{
    pthread_once(&init_once, interp_init);
    Encoder e = {.s = s, .code = code, .buf = buf, .cap = cap / sizeof(uint64_t)};

    e.scratch = s->frame_start;
    for (unsigned i = s->nb_globals; i < s->nb_temps; i++) {
        const TCGTemp *t = s->temps[i];
        if (t->kind == TEMP_NORMAL && t->offset >= 0) {
            intptr_t end = t->offset + (intptr_t)tcg_type_size(t->type);
            e.scratch = end > e.scratch ? end : e.scratch;
        }
    }
    e.scratch = (e.scratch + 31) & ~(intptr_t)31;
    if (e.scratch + TCG_INTERP_SCRATCH > s->frame_start + (intptr_t)s->frame_size) {
        tcg_set_error(s, "the block needs a larger frame than %zu bytes", s->frame_size);
        return 0;
    }

    int32_t labels[64];
    e.label_at = s->nb_labels <= G_N_ELEMENTS(labels) ? labels : g_new(int32_t, s->nb_labels);
    encode_block(&e);
    if (e.overflow) {
        e.no_short = true;
        encode_block(&e);
    }
    if (e.label_at != labels) {
        g_free(e.label_at);
    }
    g_free(e.fixups);
    return e.full || s->error ? 0 : e.used * sizeof(uint64_t);
}

void tcg_interp_dump(const void *bytecode, size_t size, FILE *f)
{
    pthread_once(&init_once, interp_init);
    const uint64_t *ip = bytecode, *end = ip + size / sizeof(*ip);
    while (ip < end) {
        const InterpRow *row = g_hash_table_lookup(rows_by_handler, (gpointer)(uintptr_t)ip[0]);
        unsigned words = row ? row->words ? row->words : SLOT(1) : 1;
        fprintf(f, "%6zu  %-24s", (size_t)(ip - (const uint64_t *)bytecode), row ? row->name : "?");
        for (unsigned i = 1; i < words && ip + i < end; i++) {
            fprintf(f, " %04x.%04x.%04x.%04x", (unsigned)(ip[i] & 0xffff),
                    (unsigned)(ip[i] >> 16 & 0xffff), (unsigned)(ip[i] >> 32 & 0xffff),
                    (unsigned)(ip[i] >> 48));
        }
        fputc('\n', f);
        ip += words;
    }
}
