// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The block cache's side of the quick tier (tcg/quick.h): memory for its code, and the log.

#ifndef RUNTIME_TB_QUICK_H
#define RUNTIME_TB_QUICK_H

#include <glib.h>

#include "frontend/frontend.h"
#include "tb.h"
#include "tcg/quick.h"

// Reserves memory for code; `count`: blocks count their executions.  false and an error when there is no quick
// tier on this host, or no memory.
bool tb_quick_start(size_t code_size, bool count, GError **error);

// The rest under tb_lock.
// Chooses the code of the block in ctx, after tcg_assign_frame.  false with ctx->error when it holds what
// cannot be compiled, without when it is too long.
// How the block's indirect jump finds its destination.
TCGQuickJump tb_quick_jump(const GuestISA *isa, const TranslationBlock *tb);
bool tb_quick_prepare(TCGContext *ctx, const GuestISA *isa, TranslationBlock *tb);
// Makes the block that was prepared last, which is kept now, ready to run at tb_quick_entry.  false when code
// memory is full.
bool tb_quick_emit(TranslationBlock *tb);
TCGEntry *tb_quick_entry(const TranslationBlock *tb);

// From now on blocks' relocations are remembered, so that their code can be kept for other processes.
void tb_quick_remember(void);
// Of a block that was emitted since; false: its code is of no use to others.
bool tb_quick_relocs(const TranslationBlock *tb, const TCGQuickReloc **relocs, unsigned *n);
void tb_quick_forget_relocs(void); // all blocks have gone
// Gives tb, which is kept, code from another process.  false when it is none, or memory is full.
bool tb_quick_restore(TranslationBlock *tb, const uint8_t *code, size_t size, const void *notes,
                      size_t notes_size, const TCGQuickReloc *relocs, unsigned n);

// Before any block runs.
void tb_quick_set_isa(const GuestISA *isa);

// from's slot is linked to `to`, or NULL: to nothing.  Between blocks whose entry is quick code the jump is direct.
void tb_quick_chain(TranslationBlock *from, unsigned slot, const TranslationBlock *to);

// A fault at this place of the host's, whose general registers are given in the machine's numbering: where that is an
// access in code made under precise state, the guest's registers go to env and its pc to *pc.  Any thread, in a handler.
bool tb_quick_recover(void *env, uint64_t host_pc, const uint64_t *regs, uint64_t *pc);

void tb_quick_free(TranslationBlock *tb); // its last reference is gone; any thread
void tb_quick_fork_prepare(void);
void tb_quick_fork_done(void);

#endif
