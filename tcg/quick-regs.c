// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which of the host's registers hold temps while quick-native.c makes a block's code.

#include "quick-regs.h"

#if defined(__x86_64__)

int native_find(const Native *n, const TCGTemp *t)
{
    for (unsigned bits = POOL; bits; bits &= bits - 1) {
        int r = __builtin_ctz(bits);
        if (n->temp[r] == t) {
            return r;
        }
    }
    return NO_REG;
}

static void native_lock(Native *n, int r)
{
    n->locked |= (uint16_t)(1u << r);
    n->used[r] = ++n->clock;
}

void native_forget(Native *n, int r)
{
    n->temp[r] = NULL;
    n->dirty &= (uint16_t)~(1u << r);
}

void native_store(Native *n, int r)
{
    const TCGTemp *t = n->temp[r];
    X86Mem at = native_slot(t);
    x86_mem(&n->at, 0x89 | native_width(native_is_wide(t)), (unsigned)r, &at);
    n->dirty &= (uint16_t)~(1u << r);
}

// Takes out the i-th constant that was put off.
static void take_constant(Native *n, unsigned i, bool store)
{
    const TCGTemp *t = n->consts[i].temp;
    if (store) {
        X86Mem at = native_slot(t);
        x86_mem(&n->at, 0xc7 | native_width(native_is_wide(t)), 0, &at);
        x86_put32(&n->at, n->consts[i].value);
    }
    n->consts[i] = n->consts[--n->nb_consts];
}

static void end_constant(Native *n, const TCGTemp *t, bool store)
{
    for (unsigned i = 0; i < n->nb_consts; i++) {
        if (n->consts[i].temp == t) {
            take_constant(n, i, store);
            return;
        }
    }
}

void native_drop_constant(Native *n, const TCGTemp *t) { end_constant(n, t, false); }
void native_store_constant(Native *n, const TCGTemp *t) { end_constant(n, t, true); }

void native_put_off(Native *n, const TCGTemp *t, int32_t value)
{
    native_drop_constant(n, t);
    if (n->nb_consts == NATIVE_CONSTS) {
        take_constant(n, 0, true);
    }
    n->consts[n->nb_consts].temp = t;
    n->consts[n->nb_consts++].value = value;
}

void native_store_all(Native *n)
{
    while (n->nb_consts) {
        take_constant(n, n->nb_consts - 1, true);
    }
    for (unsigned bits = n->dirty; bits; bits &= bits - 1) {
        native_store(n, __builtin_ctz(bits));
    }
}

// A register for a new value: a free one, or the one that was used longest ago.  Does not touch the flags.
int native_take(Native *n)
{
    int best = NO_REG;
    for (unsigned bits = POOL & ~(unsigned)n->locked; bits; bits &= bits - 1) {
        int r = __builtin_ctz(bits);
        if (!n->temp[r]) {
            best = r;
            break;
        }
        if (best == NO_REG || n->used[r] < n->used[best]) {
            best = r;
        }
    }
    if (n->dirty >> best & 1) {
        native_store(n, best);
    }
    native_forget(n, best);
    native_lock(n, best);
    return best;
}

void native_constant(Native *n, int r, uint64_t v)
{
    n->bound |= n->is_bound(n->code, v);
    x86_mov_imm(&n->at, r, v);
}

// The register that has the operand's value, for the op in work to read.
int native_value(Native *n, TCGArg arg)
{
    const TCGTemp *t = arg_temp(arg);
    int r = native_find(n, t);
    if (r == NO_REG) {
        r = native_take(n);
        if (t->kind == TEMP_CONST) {
            native_constant(n, r, t->val);
        } else {
            X86Mem at = native_slot(t);
            x86_mem(&n->at, 0x8b | native_width(native_is_wide(t)), (unsigned)r, &at);
            n->temp[r] = t;
        }
    }
    native_lock(n, r);
    return r;
}

// Register r has a value that nobody will read.
void native_let_die(Native *n, int r)
{
    if (n->keep_dead && (n->dirty >> r & 1) && n->temp[r]->kind == TEMP_GLOBAL) {
        native_store(n, r);
    }
    native_forget(n, r);
}

// A register that has the operand's value and may be overwritten.  Other operands must have been looked at before.
int native_into(Native *n, const TCGOp *op, unsigned i)
{
    const TCGTemp *t = arg_temp(op->args[i]);
    int r = native_value(n, op->args[i]);
    if (!n->temp[r]) {
        return r; // a constant
    }
    if (op->args[0] == op->args[i]) {
        native_forget(n, r);
        return r;
    }
    if (native_dies(op, i)) {
        native_let_die(n, r);
        return r;
    }
    int d = native_take(n);
    x86_mov(&n->at, native_is_wide(t), d, r);
    return d;
}

Operand native_operand(Native *n, const TCGOp *op, unsigned i)
{
    const TCGTemp *t = arg_temp(op->args[i]);
    if (is_imm32(op->args[i])) {
        return (Operand){.kind = IMMEDIATE, .imm = (int32_t)t->val};
    }
    if (t->kind != TEMP_CONST && native_dies(op, i) && native_find(n, t) == NO_REG) {
        return (Operand){.kind = IN_MEM, .mem = native_slot(t)};
    }
    return (Operand){.kind = IN_REG, .reg = native_value(n, op->args[i])};
}

// What dies here needs no register any more.
void native_end_lives(Native *n, const TCGOp *op)
{
    unsigned first = tcg_op_nout(op), end = first + tcg_op_nin(op);
    for (unsigned i = first; i < end; i++) {
        int r = native_dies(op, i) ? native_find(n, arg_temp(op->args[i])) : NO_REG;
        if (r != NO_REG) {
            native_let_die(n, r);
        }
    }
}

// Register r has the op's result.
void native_result(Native *n, const TCGOp *op, int r)
{
    const TCGTemp *t = arg_temp(op->args[0]);
    int old = native_find(n, t);
    if (old != NO_REG) {
        native_forget(n, old);
    }
    native_forget(n, r);
    native_drop_constant(n, t);
    if (!(op->life & 1) || (n->keep_dead && t->kind == TEMP_GLOBAL)) {
        n->temp[r] = t;
        n->dirty |= (uint16_t)(1u << r);
        n->used[r] = ++n->clock;
    }
}

#endif
