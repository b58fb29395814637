// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks' ways out of pinned code (tcg/pinned-exit.h). Under tb_lock, but for tb_way_free.
#ifndef TB_WAY_H
#define TB_WAY_H

#include "tb.h"

struct Slab;

// The ways out of a block, made when they are first asked for; they lie in `slab` as long as the block lives. False when that is
// full. slot_pc: where its slots lead; NULL: its slots are not wanted. indirect may be NULL.
bool tb_way_make(TranslationBlock *tb, struct Slab *slab, const uint64_t *slot_pc,
                 const void **slots, const void **indirect);
// The slot leads to this block now, or nowhere.
void tb_way_chain(TranslationBlock *from, unsigned slot, const TranslationBlock *to);
void tb_way_free(TranslationBlock *tb);

#endif
