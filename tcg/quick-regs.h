// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The registers of the quick tier's own code (quick-native.c): env's, those that hold temps, and operands.  What is said
// of an op's argument i holds for its `life` as well.

#ifndef TCG_QUICK_REGS_H
#define TCG_QUICK_REGS_H

#include "interp-encode.h"
#include "quick-x86.h"

#if defined(__x86_64__)

enum {
    ENV = RDI,
    POOL = 1 << RDX | 1 << RSI | 1 << R8 | 1 << R9 | 1 << R10 | 1 << R11, // hold temps
};

static inline bool native_is_wide(const TCGTemp *t) { return t->type != TCG_TYPE_I32; }
static inline unsigned native_width(bool wide) { return wide ? X86_W : 0; }
static inline X86Mem native_slot(const TCGTemp *t)
{
    return (X86Mem){ENV, NO_REG, 0, (int32_t)t->offset};
}

static inline bool native_dies(const TCGOp *op, unsigned i)
{
    return op->life >> i & 1 && arg_temp(op->args[i])->kind != TEMP_CONST;
}

// The register that holds the temp; NO_REG.
int native_find(const Native *n, const TCGTemp *t);
// The register holds nothing any more.
void native_forget(Native *n, int r);
// To env, where it is not the same already; registers stay known.
void native_store(Native *n, int r);
void native_store_all(Native *n);
// The global gets the constant in env later.
void native_put_off(Native *n, const TCGTemp *t, int32_t value);
// Its constant that was put off is not wanted any more; or is now.
void native_drop_constant(Native *n, const TCGTemp *t);
void native_store_constant(Native *n, const TCGTemp *t);
// A register for a new value: a free one, or the one that was used longest ago.  Does not touch the flags.
int native_take(Native *n);
void native_constant(Native *n, int r, uint64_t v);
// The register that has the operand's value, for the op in work to read.
int native_value(Native *n, TCGArg arg);
// Register r has a value that nobody will read.
void native_let_die(Native *n, int r);
// A register that has the operand's value and may be overwritten.  Other operands must have been looked at before.
int native_into(Native *n, const TCGOp *op, unsigned i);

// An operand as an instruction takes it.
typedef struct Operand {
    enum { IN_REG, IN_MEM, IMMEDIATE } kind;
    int reg;
    int32_t imm;
    X86Mem mem;
} Operand;

Operand native_operand(Native *n, const TCGOp *op, unsigned i);
// What dies here needs no register any more.
void native_end_lives(Native *n, const TCGOp *op);
// Register r has the op's result.
void native_result(Native *n, const TCGOp *op, int r);

#endif

#endif
