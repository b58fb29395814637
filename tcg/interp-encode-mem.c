// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The encoder of accesses to host memory (env) and guest memory, and the folding of guest addresses.

#include "interp-encode.h"

// --- host memory -----------------------------------------------------------------------------------

// In env, an access of a register's width is a move.
void encode_ldst(Encoder *e, const TCGOp *op, size_t move_size)
{
    bool store = tcg_op_defs[op->opc].nb_oargs == 0;
    intptr_t offset = (intptr_t)op->args[2];
    if (is_env(op->args[1])) {
        if (move_size && offset >= 0 && (offset & 3) == 0 && offset < 4 * 65536) {
            unsigned v = slot_arg(e, op, 0), at = slot_of_offset(e, offset);
            store ? emit_mov(e, move_size, at, v) : emit_mov(e, move_size, v, at);
            return;
        }
        if (interp_row(op->opc, FORM_IMM)) {
            unsigned v = slot_arg(e, op, 0);
            uint64_t *ip = emit(e, op->opc, FORM_IMM);
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
    case INDEX_op_qemu_st_vec: return 1;
    default: return 0;
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

const TCGOp *address_fold(const Encoder *e, const TCGOp *op, Address *a)
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

void save_pc(Encoder *e)
{
    if (e->s->precise && !e->pc_saved) {
        uint64_t *ip = emit(e, IOP_ST64_IMM64, 0);
        put_imm32(ip, 1, e->s->pc_offset);
        ip[2] = e->pc;
        e->pc_saved = e->keep_resets = true;
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

// The address is in acc; where the access itself names it (it was not folded), nobody else may.
static void take_address(Encoder *e, const TCGOp *op, const TCGTemp *base)
{
    unsigned i = guest_address_arg(op);
    if (arg_temp(op->args[i]) == base) {
        take_acc(e, op, i);
    }
}

// Emits the load or store of `slot` at the address.
static void emit_access(Encoder *e, const TCGOp *op, unsigned iop, unsigned kind, unsigned slot,
                        const Address *a)
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
    unsigned form = how;
    if (how == IADDR_DISP && in_acc(e, base, TCG_TYPE_I64)) {
        form = IADDR_DISP_ACC;
        take_address(e, op, a->base);
    } else if (how == IADDR_INDEX && in_acc(e, index, TCG_TYPE_I64)) {
        form = IADDR_INDEX_ACC;
    }
    uint64_t *ip = emit(e, iop, kind * IADDR_COUNT + form);
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
    case INDEX_op_qemu_st_i64: return size;
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
    Address a = folded ? *folded : prepare_access(e, arg_temp(op->args[1]), 1u << size, mop, false);
    if (folded) {
        save_pc(e);
    }
    unsigned kind = size == MO_128   ? IMEM_128
                    : size == MO_256 ? IMEM_256
                                     : kinds[reg == 8][sign && !swap][size];
    unsigned r = slot_arg(e, op, 0);
    emit_access(e, op, IOP_GUEST_LD, kind, r, &a);
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
    Address a = folded ? *folded : prepare_access(e, arg_temp(op->args[1]), 1u << size, mop, true);
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
    emit_access(e, op, IOP_GUEST_ST, kinds[size], v, &a);
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

void encode_guest_access(Encoder *e, const TCGOp *op)
{
    if (!guest_address_arg(op)) {
        encode_atomic(e, op);
    } else if (tcg_op_nout(op)) {
        encode_guest_ld(e, op, NULL);
    } else {
        encode_guest_st(e, op, NULL);
    }
}

const TCGOp *encode_folded_access(Encoder *e, const TCGOp *op)
{
    Address a;
    const TCGOp *access = address_fold(e, op, &a);
    if (access) {
        tcg_op_nout(access) ? encode_guest_ld(e, access, &a) : encode_guest_st(e, access, &a);
    }
    return access;
}
