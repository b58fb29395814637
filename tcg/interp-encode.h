// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the files of the encoder share: its state, and the emission of instructions.

#ifndef TCG_INTERP_ENCODE_H
#define TCG_INTERP_ENCODE_H

#include <glib.h>

#include "interp-insn.h"
#include "interp.h"
#include "quick-native.h"
#include "quick.h"

typedef struct Fixup {
    uint32_t at; // word of the instruction
    uint32_t label;
    bool is_short;
} Fixup;

// What the quick tier tells the encoder.
typedef struct QuickTarget {
    bool (*in_reach)(const void *func); // whether code may call it directly
    const TCGQuickJump *jump;           // or NULL
    bool record;                        // targets of indirect jumps, for TCGCode.noting
    // Is the constant an address of the block's, or of the program's?
    bool (*is_bound)(const TCGCode *code, uint64_t v);
    bool *bound;              // set when code was made that holds one
    struct QuickNotes *notes; // under precise state
} QuickTarget;

struct Encoder {
    TCGContext *s;
    const TCGCode *code;
    uint64_t *buf;
    size_t used, cap;         // words
    bool full;                // did not fit: the length is still counted
    bool stencils;            // for the quick tier: word 0 is the row's address, see ROW_UNSTORED
    const QuickTarget *quick; // with stencils
    bool no_short;            // second pass: no 16-bit branches
    bool overflow;            // a 16-bit branch did not reach
    uint64_t dummy[16];
    intptr_t scratch, scratch_next; // offsets from env
    uint64_t *last_move; // the previous instruction, when it is a 64-bit move that may take another
    uint64_t *last;      // the previous instruction, if control always comes from there; else NULL
    const InterpRow *last_row;
    bool called; // the guest call that the block ends in has its frame (quick-leave.c)
    uint64_t pc;
    bool pc_saved;
    bool
        keep_resets; // of the saved pc: one was saved, or an op may run after ops that stand behind it
    int32_t *label_at;
    Fixup *fixups;
    size_t nb_fixups, cap_fixups;
    Native native;
};

// The form of an instruction, NULL when there is none.
const InterpRow *interp_row(unsigned op, unsigned sub);
// Numbers a form that interp_row gave: from 1, below INTERP_MAX_ROWS.
enum { INTERP_MAX_ROWS = 4096 };
unsigned interp_row_number(const InterpRow *row);

// --- emission (interp-emit.c) ------------------------------------------------------------------------

// Appends an instruction with its operands zeroed; gives the place to put them.
uint64_t *emit_words(Encoder *e, const InterpRow *row, unsigned words);
uint64_t *emit(Encoder *e, unsigned op, unsigned sub);

static inline void put_slot(uint64_t *ip, unsigned i, unsigned slot)
{
    ((uint16_t *)(ip + 1))[i] = (uint16_t)slot;
}
static inline void put_imm32(uint64_t *ip, unsigned i, int64_t v)
{
    ((int32_t *)(ip + 1))[i] = (int32_t)v;
}

unsigned slot_of_offset(Encoder *e, intptr_t offset); // offset from env
unsigned scratch_slot(Encoder *e, size_t size);       // free again after the op
// The slot of an operand.  Constants, and env as a value, are loaded into a scratch slot first.
unsigned slot_of(Encoder *e, const TCGTemp *t);
static inline unsigned slot_arg(Encoder *e, const TCGOp *op, unsigned i)
{
    return slot_of(e, arg_temp(op->args[i]));
}

void emit_movi64(Encoder *e, unsigned slot, uint64_t v);
void emit_movi(Encoder *e, TCGType type, unsigned slot, uint64_t v);
void emit_rr(Encoder *e, unsigned op, unsigned r, unsigned a);
void emit_mov(Encoder *e, size_t size, unsigned r, unsigned a);

static inline bool fits_s32(uint64_t v) { return (int64_t)v == (int32_t)v; }
static inline bool is_const(TCGArg a) { return arg_temp(a)->kind == TEMP_CONST; }
static inline bool is_env(TCGArg a) { return arg_temp(a)->kind == TEMP_FIXED; }
// The constant as an immediate of 32 bits: any i32, an i64 that sign extension gives back.
static inline bool is_imm32(TCGArg a)
{
    const TCGTemp *t = arg_temp(a);
    return t->kind == TEMP_CONST && (t->type == TCG_TYPE_I32 || fits_s32(t->val));
}
// Stencils of these do not set acc.
static inline bool is_movi(unsigned op)
{
    return op == IOP_MOVI32 || op == IOP_MOVI64 || op == IOP_MOVI64_64;
}
// Whether the slot's value, as wide as the type, is in acc before the next instruction.
static inline bool in_acc(const Encoder *e, unsigned slot, TCGType type)
{
    return e->last && e->last_row->acc >= (type == TCG_TYPE_I32 ? 32 : 64) &&
           !(e->stencils && is_movi(e->last_row->op)) &&
           ((const uint16_t *)(e->last + 1))[0] == slot;
}
// With stencils, word 0 of an instruction is its row's address, and this bit: the result is not stored, for
// only the next instruction reads it, and that from acc.
#define ROW_UNSTORED ((uint64_t)1)
static inline bool arg_dies(const TCGOp *op, unsigned i)
{
    return (op->life >> i & 1) && arg_temp(op->args[i])->kind == TEMP_NORMAL;
}

// The next instruction reads op's argument i from acc.
void take_acc(Encoder *e, const TCGOp *op, unsigned i);

// --- whole blocks (interp-encode.c) --------------------------------------------------------------------

// A branch on one of x86's conditions, which native code has set the flags for.
void encode_jump(Encoder *e, unsigned condition, const TCGLabel *l);

// tcg_interp_encode; with quick not NULL, for the quick tier.
size_t encode_bytecode(TCGContext *s, const TCGCode *code, void *buf, size_t cap,
                       const QuickTarget *quick);

// --- 256-bit registers (interp-alias.c) --------------------------------------------------------------

// Gives temps the places of the globals that they are made of.
void interp_alias_wide(TCGContext *s);

// --- calls (quick-call.c) ------------------------------------------------------------------------------

// A helper call by stencils; false when it is none that they can make.
bool encode_quick_call(Encoder *e, const TCGOp *op);

// --- leaving (quick-leave.c) ----------------------------------------------------------------------------

// When op begins a way out of the block that only says where the guest goes on: encodes the way, and gives its last op.
// Else NULL.
const TCGOp *encode_quick_leave(Encoder *e, const TCGOp *op);

// --- memory (interp-encode-mem.c) --------------------------------------------------------------------

// With TCGContext.precise: the instruction's pc is stored, once.
void save_pc(Encoder *e);
// Of a call: may it access guest memory?  The look-up of an indirect jump's block does not, and the block has said
// already that it is no longer at work.
static inline bool may_access_memory(const TCGOp *call)
{
    return !(call->call_info->flags & TCG_CALL_NO_SIDE_EFFECTS) &&
           call->next->opc != INDEX_op_goto_ptr;
}
// A guest address: base + (index << shift) + disp.  base NULL: the constant in disp.
struct Address {
    const TCGTemp *base, *index;
    unsigned shift;
    int64_t disp;
};
// When op starts a run of shl_i64 and add_i64 that only computes the address of the guest access that
// ends it, gives that access and fills *a.  Nothing is skipped over, so no register changes meanwhile.
const TCGOp *address_fold(const Encoder *e, const TCGOp *op, Address *a);
// When op loads 32 bits from env for a branch that is taken unless they are 0, and for nobody else: that branch.  (The
// test of exit_request.)  Else NULL.
const TCGOp *env_test(const Encoder *e, const TCGOp *op);
// ld and st of move_size bytes whose width needs no extension (0: others).
void encode_ldst(Encoder *e, const TCGOp *op, size_t move_size);
// qemu_ld, qemu_st and atomics.
void encode_guest_access(Encoder *e, const TCGOp *op);
// When op starts the computation of a guest access's address that nothing else needs: encodes all of
// it, and gives the access.  Else NULL.
const TCGOp *encode_folded_access(Encoder *e, const TCGOp *op);

#endif
