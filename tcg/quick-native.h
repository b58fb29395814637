// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The quick tier's own code for integer ops (quick-native.c): what the encoder keeps of it, and calls.

#ifndef TCG_QUICK_NATIVE_H
#define TCG_QUICK_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcg.h"
#include "tcg-code.h"

typedef struct Encoder Encoder;
typedef struct Address Address;

enum { NATIVE_REGS = 16, NATIVE_CONSTS = 4 };

// Which host registers hold temps, in the course of a block.
typedef struct Native {
    bool on;        // it may be used in this block
    bool open;      // an IOP_QUICK_CODE is being filled
    size_t record;  // its word
    uint8_t *at;    // where its next byte goes
    bool bound;     // it holds a constant that is an address of this process
    bool keep_dead; // TCGContext.keep_dead
    const TCGCode *code;
    bool (*is_bound)(const TCGCode *code, uint64_t v);
    uint16_t dirty;  // registers (bits) that env does not have the value of
    uint16_t locked; // of the op in work
    uint32_t clock, used[NATIVE_REGS];
    const TCGTemp *temp[NATIVE_REGS]; // NULL: none
    // Under precise state: constants that globals have and env has not yet.  They change often (what the flags are of),
    // and most are never looked at.
    unsigned nb_consts;
    struct {
        const TCGTemp *temp;
        int32_t value;
    } consts[NATIVE_CONSTS];
} Native;

void native_begin(Encoder *e); // of a block
// Makes code of op, or of the access at the end of the ops that compute its address; gives the last op that was dealt
// with, or NULL: it is not for here.
const TCGOp *native_op(Encoder *e, const TCGOp *op);
// What is in registers goes to env, and is forgotten: stencils and labels follow.
void native_settle(Encoder *e);
// Frames of guest calls (tcg-returns.h), when nothing is in registers: pushes a word; takes it off again; leaves them all
// behind, before the block returns to cpu_exec.
void native_push(Encoder *e, uint64_t v);
void native_pop(Encoder *e);
void native_drop_frames(Encoder *e);

#endif
