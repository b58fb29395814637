// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The instructions there are (the rows that the op files register), their emission, and their dump.

#include <pthread.h>

#include "interp-encode.h"

// Most places are empty; the small table is the one that start-up writes to.
static const InterpRow *all_rows[INTERP_MAX_ROWS];
static unsigned nb_rows = 1;
static uint16_t row_numbers[IOP_COUNT][INTERP_MAX_SUB]; // 0: none

void interp_register_rows(const InterpRow *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_assert(rows[i].op < IOP_COUNT && rows[i].sub < INTERP_MAX_SUB);
        g_assert(!row_numbers[rows[i].op][rows[i].sub] && nb_rows < INTERP_MAX_ROWS);
        row_numbers[rows[i].op][rows[i].sub] = (uint16_t)nb_rows;
        all_rows[nb_rows++] = &rows[i];
    }
}

static void interp_init(void)
{
    interp_register_int();
    interp_register_flow();
    interp_register_mem();
    interp_register_atomic();
    interp_register_fp();
    interp_register_vec();
    interp_register_vecfp();
    interp_register_fma();
    interp_register_quick();
}

const InterpRow *interp_row(unsigned op, unsigned sub)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, interp_init);
    return all_rows[row_numbers[op][sub]];
}

unsigned interp_row_number(const InterpRow *row) { return row_numbers[row->op][row->sub]; }

// --- emission --------------------------------------------------------------------------------------

uint64_t *emit_words(Encoder *e, const InterpRow *row, unsigned words)
{
    uint64_t *ip = e->dummy;
    if (e->used + words <= e->cap) {
        ip = e->buf + e->used;
    } else {
        e->full = true;
    }
    e->used += words;
    memset(ip, 0, words * sizeof(*ip));
    ip[0] = e->stencils ? (uint64_t)(uintptr_t)row : (uint64_t)(uintptr_t)row->handler;
    e->last_move = NULL;
    e->last = ip;
    e->last_row = row;
    return ip;
}

// Appends an instruction with its operands zeroed.
uint64_t *emit(Encoder *e, unsigned op, unsigned sub)
{
    const InterpRow *row = interp_row(op, sub);
    if (!row) {
        tcg_set_error(e->s, "the interpreter has no form %u of op %s", sub,
                      op < TCG_OP_COUNT ? tcg_op_defs[op].name : "(internal)");
        return e->dummy;
    }
    return emit_words(e, row, row->words);
}

void take_acc(Encoder *e, const TCGOp *op, unsigned i)
{
    if (!e->stencils || !arg_dies(op, i)) {
        return;
    }
    unsigned n = tcg_op_nout(op) + tcg_op_nin(op);
    for (unsigned j = tcg_op_nout(op); j < n; j++) {
        if (j != i && op->args[j] == op->args[i]) {
            return; // read from its slot as well
        }
    }
    e->last[0] |= ROW_UNSTORED;
}

unsigned slot_of_offset(Encoder *e, intptr_t offset)
{
    if (offset < 0 || (offset & 3) || offset >= 4 * 65536) {
        tcg_set_error(e->s, "the interpreter cannot reach offset %ld of the CPU state",
                      (long)offset);
        return 0;
    }
    return (unsigned)(offset / 4);
}

unsigned scratch_slot(Encoder *e, size_t size)
{
    unsigned slot = slot_of_offset(e, e->scratch_next);
    e->scratch_next += (intptr_t)(size < 16 ? 16 : size);
    g_assert(e->scratch_next <= e->scratch + TCG_INTERP_SCRATCH);
    return slot;
}

static void emit_movi32(Encoder *e, unsigned slot, uint64_t v)
{
    uint64_t *ip = emit(e, IOP_MOVI32, 0);
    put_slot(ip, 0, slot);
    put_imm32(ip, 1, (int64_t)v);
}
void emit_movi64(Encoder *e, unsigned slot, uint64_t v)
{
    uint64_t *ip = emit(e, fits_s32(v) ? IOP_MOVI64 : IOP_MOVI64_64, 0);
    put_slot(ip, 0, slot);
    if (fits_s32(v)) {
        put_imm32(ip, 1, (int64_t)v);
    } else {
        ip[2] = v;
    }
}
void emit_movi(Encoder *e, TCGType type, unsigned slot, uint64_t v)
{
    switch (type) {
    case TCG_TYPE_I32:
    case TCG_TYPE_F32: emit_movi32(e, slot, v); break;
    case TCG_TYPE_I128: emit_movi64(e, slot + 2, 0); __attribute__((fallthrough));
    default: emit_movi64(e, slot, v);
    }
}

void emit_rr(Encoder *e, unsigned op, unsigned r, unsigned a)
{
    uint64_t *ip = emit(e, op, 0);
    put_slot(ip, 0, r);
    put_slot(ip, 1, a);
}

// Two moves in a row become one instruction.
static void emit_mov64(Encoder *e, unsigned r, unsigned a)
{
    uint64_t *ip = e->last_move;
    if (ip) {
        e->last_row = interp_row(IOP_MOV64X2, 0);
        ip[0] = (uint64_t)(uintptr_t)e->last_row->handler;
        put_slot(ip, 2, r);
        put_slot(ip, 3, a);
        e->last_move = NULL;
        return;
    }
    ip = emit(e, IOP_MOV64, in_acc(e, a, TCG_TYPE_I64) ? FORM_ACC : 0);
    put_slot(ip, 0, r);
    put_slot(ip, 1, a);
    e->last_move = e->stencils ? NULL : ip; // they have no dispatch to save
}

void emit_mov(Encoder *e, size_t size, unsigned r, unsigned a)
{
    if (r == a) {
        return;
    }
    uint64_t *ip;
    switch (size) {
    case 4:
        ip = emit(e, IOP_MOV32, in_acc(e, a, TCG_TYPE_I32) ? FORM_ACC : 0);
        put_slot(ip, 0, r);
        put_slot(ip, 1, a);
        break;
    case 8: emit_mov64(e, r, a); break;
    default: emit_rr(e, size == 16 ? IOP_MOV128 : IOP_MOV256, r, a);
    }
}

// The slot of an operand.  Constants, and env as a value, are loaded into a scratch slot first.
unsigned slot_of(Encoder *e, const TCGTemp *t)
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
    default: return slot_of_offset(e, t->offset);
    }
}

// --- dump --------------------------------------------------------------------------------------------

void tcg_interp_dump(const void *bytecode, size_t size, FILE *f)
{
    interp_row(0, 0); // so that the rows are known
    g_autoptr(GHashTable) by_handler = g_hash_table_new(NULL, NULL);
    for (unsigned i = 1; i < nb_rows; i++) {
        if (all_rows[i]->handler) {
            g_hash_table_insert(by_handler, (gpointer)all_rows[i]->handler, (gpointer)all_rows[i]);
        }
    }
    const uint64_t *ip = bytecode, *end = ip + size / sizeof(*ip);
    while (ip < end) {
        const InterpRow *row = g_hash_table_lookup(by_handler, (gpointer)(uintptr_t)ip[0]);
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
