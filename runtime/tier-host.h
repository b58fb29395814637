// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the block cache and the LLVM tier (tcg2llvm/tier.h) have to do with each other: the tier's view of
// blocks, the life of compiled units, the way a hot block takes.

#ifndef RUNTIME_TIER_HOST_H
#define RUNTIME_TIER_HOST_H

#include <stdbool.h>
#include <stdio.h>
#include <glib.h>

#include "frontend/frontend.h"
#include "options.h"
#include "tb.h"

// Prepares for the options' engine.  With --llvm, --verify or --dump-ir given the tier is made at once,
// so that what is wrong is an error now; else when the first block is hot.
bool tier_host_init(const MynaOptions *opts, GError **error);
// The ISA whose blocks are compiled (one a process).
void tier_host_set_isa(const GuestISA *isa);
void tier_host_set_code_size(size_t bytes); // for tests, before the first block

// TCGCode.hot of interpreted blocks.
void tier_host_hot(void *env, const TCGCode *code);

// Compiles one block now, under tb_lock, quickly or with the full pipeline.  ctx holds its ops, after
// tcg_liveness; NULL: it is translated again.  Sets its other_entry; false when the code memory is full.  Ends
// myna when LLVM cannot compile it.
bool tier_host_compile(TranslationBlock *tb, TCGContext *ctx, bool hot);

// Where executions are counted: what a new block's begin with, and what happens when they run out.
void tier_host_count(TranslationBlock *tb);
// How many heavy ops (tcg_quick_heavy_ops) a block of the quick tier must have to be worth it.
unsigned tier_host_count_from(const TranslationBlock *tb);

// Under tb_lock, when a block goes: drops the units that hold it.
void tier_host_forget(TranslationBlock *tb);

// Under tb_lock: the blocks of the unit that the block's entry leads into, the head first; 0 when there is none.
unsigned tier_host_unit_of(const TranslationBlock *tb, const TCGCode *const **members);

// Drops all units, those in work and those asked for included; hot blocks get hot again.  Without locks.
void tier_host_drop_all(void);

// As tb_quick_recover, for a fault in LLVM's code.
struct StateRegs;
bool tier_host_recover(void *env, uint64_t host_pc, const struct StateRegs *regs, uint64_t *pc);

// Is the host address in compiled code?  Async-signal-safe.
bool tier_host_owns(const void *host_pc);

// Before the process ends or executes another program: keeps what was compiled.
void tier_host_finish(void);
// Ends the compile threads until there is something to do again (llvm_tier_rest).
void tier_host_rest(void);
void tier_host_print_stats(FILE *f);
void tier_host_fork_prepare(void);
void tier_host_fork_parent(void);
void tier_host_fork_child(void);

#endif
