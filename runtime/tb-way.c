// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tb-way.h"

#include "cpu-list.h"
#include "tb-quick.h"
#include "tcg/pinned-exit.h"
#include "tcg2llvm/slab.h"

enum { SLOTS, INDIRECT };

static Slab *way_slab; // the one there is

static SlabBlock *way_alloc(size_t size) { return slab_alloc(way_slab, size); }

bool tb_way_make(TranslationBlock *tb, struct Slab *slab, const uint64_t *slot_pc,
                 const void **slots, const void **indirect)
{
    const GuestISA *isa = cpu_isa();
    way_slab = slab;
    if (slot_pc && !tb->ways[SLOTS]) {
        SlabBlock *block = way_alloc(PINNED_SLOTS_SIZE);
        if (!block) {
            return false;
        }
        pinned_emit_slots(block->base, isa->pinned, &tb->code, isa->regs[isa->pc_reg].offset,
                          slot_pc);
        tb->ways[SLOTS] = block;
        for (unsigned slot = 0; slot < 2; slot++) {
            tb_way_chain(tb, slot, tb->jmp_dest[slot]);
        }
    }
    if (indirect && !tb->ways[INDIRECT]) {
        SlabBlock *block = way_alloc(PINNED_INDIRECT_SIZE);
        if (!block) {
            return false;
        }
        const TCGQuickJump jump = tb_quick_jump(isa, tb);
        pinned_emit_indirect(block->base, isa->pinned, &jump);
        tb->ways[INDIRECT] = block;
    }
    for (unsigned slot = 0; slot < 2 && slot_pc; slot++) {
        slots[slot] = pinned_slot_entry(tb->ways[SLOTS]->base, slot);
    }
    if (indirect) {
        *indirect = tb->ways[INDIRECT]->base;
    }
    return true;
}

void tb_way_chain(TranslationBlock *from, unsigned slot, const TranslationBlock *to)
{
    if (from->ways[SLOTS]) {
        const void *at = to ? atomic_load(&to->code.pinned) : NULL;
        pinned_set_jump(from->ways[SLOTS]->base, slot, at == tb_cold_pinned() ? NULL : at);
    }
}

void tb_way_free(TranslationBlock *tb)
{
    for (unsigned i = 0; i < 2; i++) {
        if (tb->ways[i]) {
            slab_release(way_slab, tb->ways[i]);
            tb->ways[i] = NULL;
        }
    }
}
