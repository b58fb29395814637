// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An LLVM unit: one module with a function for each block, or for each region of blocks, lowered from
// TCG ops.
//
//     LLVMLower *lower = llvm_lower_new(context);            // one a JitContext
//     LLVMUnit *unit = llvm_unit_new(lower, "tb_401000", &options);
//     llvm_unit_begin(unit, "tb_401000", blocks, n);         // a function over n blocks, entered at the first
//     for each i: translate blocks[i] into ctx; llvm_unit_block(unit, i, ctx);
//     llvm_unit_end(unit);
//     ... more functions ...
//     LLVMModuleRef module = llvm_unit_finish(unit);         // the unit is gone; the module is the caller's
//
// What comes out, `uintptr_t tb_<pc>(ptr env, ptr code)`, is a TCGEntry (tcg/tcg-code.h), or with options.pinned the other
// way in.
#ifndef MYNA_TCG2LLVM_UNIT_H
#define MYNA_TCG2LLVM_UNIT_H

#include "tcg/tcg-code.h"
#include "tcg/tcg-pinned.h"
#include "tcg/tcg.h"
#include "tcg2llvm/jit.h"
#include "tcg2llvm/tier.h"

typedef struct LLVMLower LLVMLower;
typedef struct LLVMUnit LLVMUnit;

// The name by which a function's machine code asks for the TCGCode of its block n.
#define LLVM_UNIT_CODE_NAME "code.%u"
// The name by which it asks for a way out (pinned-exit.h) of its block n: 0 and 1 the slots', 2 the indirect jump's.
#define LLVM_UNIT_WAY_NAME "way.%u.%u"
enum { LLVM_UNIT_WAY_INDIRECT = 2, LLVM_UNIT_WAYS };
// The name by which it asks for TCGPinned.exit.
#define LLVM_UNIT_EXIT_NAME "tcg_pinned_exit"

// Under precise state accesses have notes (state-notes.h) made of the values in front, or of those in front and behind, which costs
// registers; or stores in front.
typedef enum LLVMNotes { LLVM_NOTES_NONE, LLVM_NOTES_BEFORE, LLVM_NOTES_BOTH } LLVMNotes;

typedef struct LLVMUnitOptions {
    bool cold;        // for the O0 pipeline: registers stay in env, entries count executions
    bool symbolic;    // blocks are named by their guest pc, for readers, until llvm_unit_resolve
    bool table_code;  // but not so: they are numbered as elsewhere, and the code may be kept
    bool guest_ops;   // guest operations stay named calls until guest_ops_lower
    bool debug_lines; // guest pcs as debug locations (implies the module is to be looked at)
    int pc_global;    // number of the global with the guest's pc, for indirect jumps; -1: none
    const uint64_t *hidden_globals; // see tier.h; NULL: none
    // Functions are entered at TCGCode.pinned (tcg-pinned.h), not at TCGCode.entry; not with cold. NULL: they are not.
    const TCGPinned *pinned;
    // Code returns to cpu_exec through tcg_leave: calls may have left frames (tcg-returns.h).
    bool frames;
    bool
        exits; // with pinned: jumps that leave the function go through the blocks' ways out (LLVM_UNIT_WAY_NAME)
    LLVMNotes notes; // not with cold or guest_ops
    // With guest_ops: one line of guest disassembly, becomes metadata of guest.insn.  May be NULL.
    size_t (*disassemble)(void *opaque, uint64_t pc, char *buf, size_t size);
    // With guest_ops: what the instruction at pc does, and where the next one begins.  May be NULL.
    LLVMFlow (*flow)(void *opaque, uint64_t pc, uint64_t *next);
    void *opaque;
    // With guest_ops: at each guest.insn every register is in its home (env, or the function's copy that
    // !guest.reg names), and is read from there afterwards: a pass may read and write it in between.
    bool insn_homes;
} LLVMUnitOptions;

// A block of a function.
typedef struct LLVMUnitBlock {
    const TCGCode *code;
    uint64_t pc;
    int succ
        [2]; // the block of this function that goto_tb slot 0 or 1 goes to; -1: leaves the function
    uint64_t jump_mode; // of what its indirect jumps look for in the jump cache (tb_jump_tag)
    unsigned
        after_call; // lifting: 1 + the block behind the call or system call that it ends with; 0: none
    bool guess;     // a return inside the function may be to this block
    // A function of this name, a TCGEntry, enters at this block.  The first block has one always, the function's own
    // when no other has.  NULL: none; must last until llvm_unit_end.
    const char *entry;
    TCGJumpKind jump_kind; // of its last instruction
    // Blocks of this function that its indirect jump, unless it is a return, is known to go to, most frequent
    // first.  Must last as long as the unit is built.
    const unsigned *targets;
    unsigned n_targets;
} LLVMUnitBlock;

LLVMLower *llvm_lower_new(JitContext *context);
void llvm_lower_free(LLVMLower *lower);

// All units of a lower must be finished before its JitContext is renewed.  options are copied.
LLVMUnit *llvm_unit_new(LLVMLower *lower, const char *name, const LLVMUnitOptions *options);
LLVMModuleRef llvm_unit_module(LLVMUnit *unit); // as far as it is built

// A function over n blocks; blocks are copied.
void llvm_unit_begin(LLVMUnit *unit, const char *function, const LLVMUnitBlock *blocks, unsigned n);
// Lowers block i from ctx (after tcg_liveness).  Each block exactly once; all contexts must have the
// same globals.
void llvm_unit_block(LLVMUnit *unit, unsigned i, TCGContext *ctx);
void llvm_unit_end(LLVMUnit *unit);
// Puts the addresses in for the names of a symbolic unit.
void llvm_unit_resolve(LLVMUnit *unit);
// Ends the unit; what it was built in stays with the module.
LLVMModuleRef llvm_unit_finish(LLVMUnit *unit);

// A goto_tb behind which nothing is done but to set the pc and to leave for cpu_exec.
bool llvm_unit_plain_slot(const TCGOp *op, int pc_global, uint64_t *pc);
// A call of lookup_tb_ptr whose result is jumped to.
bool llvm_unit_is_indirect(const TCGOp *op);
// Is the op the guest's system call?
bool llvm_unit_is_syscall(const TCGOp *op);

// What cold units call when a block's counter reaches 0: to be defined in the Jit under this name.
void myna_tb_hot(void *env, const TCGCode *code);

#endif
