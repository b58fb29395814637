// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Code of the quick tier, kept from run to run (tcg2llvm/block-image.h): blocks that an earlier run translated are
// copied instead of translated.

#ifndef RUNTIME_TB_IMAGE_H
#define RUNTIME_TB_IMAGE_H

#include "options.h"
#include "tb.h"

// Once, before the first block: the quick tier runs what is cold.  `count` is its.  Without a cache directory blocks are
// translated.
void tb_image_start(const MynaOptions *opts, const GuestISA *isa, bool count);

// The rest under tb_lock.
// The block from an earlier run, published and linked to others like it; NULL: it must be translated.
TranslationBlock *tb_image_restore(TBKey key, uint32_t cflags);
// The block has been translated, and is published: it may be kept.
void tb_image_note(TranslationBlock *tb);
// Mappings change.
void tb_image_forget(uint64_t start, uint64_t end);

// Takes tb_lock.  Keeps what has been translated: before the process ends or becomes another.
void tb_image_save(void);
void tb_image_save_locked(void); // under tb_lock: before all of them go
// In a child, with tb_lock: what its parent has translated, that will keep.
void tb_image_fork_child(void);

#endif
