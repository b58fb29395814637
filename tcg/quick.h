// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The quick tier: machine code for a block by copying and patching stencils.
//
//     op definitions (tcg-op-*.h, interp-op-*.c)
//       | clang, with the macros of stencil-insn.h
//       v
//     one object function an instruction form; operands are symbols that nobody defines
//       | stencils/extract.c, at build time
//       v
//     tables of code bytes and holes (stencils.inc)
//
// At run time the interpreter's encoder chooses the instructions: it folds addresses and constants, and knows
// what is in acc.  tcg_quick_prepare finds their stencils and the code's size; tcg_quick_emit copies and
// fills the holes.  So a block costs two short passes more than its bytecode, and an op that has a definition
// for the interpreter has one here: as a stencil, or, where the compiler made of it something that cannot
// be copied (a call of a library function, a great loop), as a call of the interpreter's own.
//
// Stencils have their operands in env, as in the interpreter; the result of one integer instruction travels to the
// next in a register (acc), and is not stored when nobody else reads it.  The commonest integer ops have code of their
// own, with values in registers (quick-native.c); under precise state it is noted where they are (quick-state.h).
//
// Nothing here allocates or knows of memory for code: the caller gives it.

#ifndef TCG_QUICK_H
#define TCG_QUICK_H

#include "tcg.h"
#include "tcg-code.h"

// True when the tier exists on this host, and code in [base, base + size) reaches, with a displacement of
// 32 bits, the functions and constants that stencils name.  Once, before the first block; helpers that are
// out of reach are then called by their address.
bool tcg_quick_init(const void *base, size_t size);

// A block on its way to code.  The caller owns it; its memory is reused from block to block.
typedef struct TCGQuick TCGQuick;
TCGQuick *tcg_quick_new(void);
void tcg_quick_free(TCGQuick *q);

// How an indirect jump may find its block by itself: in the jump cache (tcg-code.h).
typedef struct TCGQuickJump {
    const void *lookup;    // the helper that a goto_ptr gets its block from
    intptr_t pc_offset;    // env offset of the guest's pc
    intptr_t cache_offset; // env offset of the pointer to TB_JMP_CACHE_SIZE entries
    uint64_t mode;         // of the entries that the block may use
    // Guest calls and returns (tcg-returns.h): whether they have frames; the mode in their keys; the pc behind the block, where
    // its call returns to; TCGPinned.return_enter, or NULL; env offset of what is not 0 when an exit is asked for.
    bool frames;
    unsigned return_mode;
    uint64_t return_pc;
    const void *return_enter;
    intptr_t request_offset;
} TCGQuickJump;

// What lookup and pc_offset are, in all blocks: before kept code runs (tcg_quick_prepare says it too).
void tcg_quick_set_lookup(const TCGQuickJump *jump);

// Chooses the stencils of the block in s, after tcg_liveness and tcg_assign_frame (see tcg_interp_encode).
// With count_from heavy ops (tcg_quick_heavy_ops) or more, each entry counts *code->counter down, and code->hot is called when it
// reaches 0; the counter must lie in reach of the code when that is emitted or bound.  jump
// may be NULL: indirect jumps always call.  Gives
// the bytes of code that the block needs; 0 when s->error is set, or when the block is too long.
enum { TCG_QUICK_UNCOUNTED = INT32_MAX };
size_t tcg_quick_prepare(TCGQuick *q, TCGContext *s, const TCGCode *code, unsigned count_from,
                         const TCGQuickJump *jump);

// Writes the prepared code at `at`, which is aligned to 16 bytes and lies in the range given to
// tcg_quick_init.  It is a TCGEntry.
void tcg_quick_emit(TCGQuick *q, void *at);

// Of code made under precise state (TCGContext.precise): bytes of its notes, 0 if it has none, and, once it is emitted, the
// notes themselves, which the caller keeps as long as the code.  They move with it unchanged.
size_t tcg_quick_notes_size(const TCGQuick *q);
void tcg_quick_notes(const TCGQuick *q, void *to);
// With these notes: at an access of guest memory of the code's own, `at` bytes
// from its start, puts the guest's registers into env that it has in the host's, regs, as the machine numbers them.
// Gives the guest's pc.  false: env has them.
bool tcg_quick_recover(const void *notes, size_t size, size_t at, const uint64_t *regs, void *env,
                       uint64_t *pc);

// How many of the prepared block's ops LLVM has much better code for: calls of helpers, and what has its operands in floating-
// point or vector registers.
unsigned tcg_quick_heavy_ops(const TCGQuick *q);

// Bytes at the end of the prepared code that are data.
size_t tcg_quick_data_size(const TCGQuick *q);

// Where code holds what differs from process to process; at: bytes from its start.  In code that is kept,
// these places hold what to add to an address.
typedef enum TCGQuickRelocKind {
    TCG_QUICK_REL32,     // a displacement, from its end, to something in the program
    TCG_QUICK_CODE64,    // the address of the block's TCGCode
    TCG_QUICK_PROGRAM64, // of something in the program
    TCG_QUICK_JUMP0,     // a displacement that tcg_quick_set_jump changes, of slot 0
    TCG_QUICK_JUMP1,
    TCG_QUICK_SLOW0, // no hole: where the way through slot 0 begins
    TCG_QUICK_SLOW1,
    TCG_QUICK_COUNTER, // a displacement to the block's counter
} TCGQuickRelocKind;
typedef struct TCGQuickReloc {
    uint16_t at, kind;
} TCGQuickReloc;
enum { TCG_QUICK_MAX_RELOCS = 255 };

// The relocations of what was emitted last, until the next emission.  false: it is of no use to another process.
bool tcg_quick_relocs(const TCGQuick *q, const TCGQuickReloc **relocs, unsigned *n);
// The block's jumps to others, which at first lead to the way through the slots (TCGCode.jmp), may be made direct: the
// processor foresees direct jumps where it has forgotten thousands of indirect ones.
typedef struct TCGQuickJumps {
    // A slot each, bytes from the code's start: of the jump's displacement (0: it has none), and of the way through the slot.
    uint16_t at[2], slow[2];
} TCGQuickJumps;
TCGQuickJumps tcg_quick_jumps(const TCGQuick *q); // of what was emitted last
TCGQuickJumps tcg_quick_jumps_of(const TCGQuickReloc *relocs, unsigned n); // of kept code
// The slot's jump, which must be there, of the code at `block` goes to `to` from now on, code of the quick tier; NULL:
// through the slot.  Threads may be running it.
void tcg_quick_set_jump(void *block, const TCGQuickJumps *jumps, unsigned slot, const void *to);

// Makes a copy of the code at `at`, of the block `code`, one that can be kept.
void tcg_quick_unbind(uint8_t *copy, const void *at, const TCGCode *code,
                      const TCGQuickReloc *relocs, unsigned n);
// Makes kept code, copied to `at`, the block's.  false when it does not fit here, or the relocations are none.
bool tcg_quick_bind(void *at, size_t size, const TCGCode *code, const TCGQuickReloc *relocs,
                    unsigned n);

// For tests: the form's stencil, NULL when the interpreter's definition is called.  Names of forms are
// those of InterpRow.
typedef void TCGQuickForm(void *opaque, const char *name, unsigned stencil_size);
void tcg_quick_foreach_form(TCGQuickForm *fn, void *opaque);

// Called by stencils alone.
uintptr_t tcg_quick_hot(void *env, const TCGCode *code, void *back);
void tcg_quick_record(TBTargets *targets, uint64_t pc);
uint64_t tcg_quick_interpret(char *env, const uint64_t *ip, uint64_t acc);

#endif
