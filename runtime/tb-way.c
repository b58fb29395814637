// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tb-way.h"

#include "code-log.h"
#include "cpu-list.h"
#include "tb-quick.h"
#include "tcg/pinned-exit.h"
#include "tcg2llvm/slab.h"

enum { SLOTS, INDIRECT };

static Slab *way_slab; // the one there is

static void *way_new(TranslationBlock *tb, unsigned which, size_t size)
{
    tb->ways[which] = slab_alloc(way_slab, size);
    return tb->ways[which] ? tb->ways[which]->base : NULL;
}

bool tb_way_make(TranslationBlock *tb, struct Slab *slab, const uint64_t *slot_pc,
                 const void **slots, const void **indirect)
{
    const GuestISA *isa = cpu_isa();
    way_slab = slab;
    if (slot_pc && !tb->ways[SLOTS]) {
        void *at = way_new(tb, SLOTS, PINNED_SLOTS_SIZE);
        if (!at) {
            return false;
        }
        pinned_emit_slots(at, isa->pinned, &tb->code, isa->regs[isa->pc_reg].offset, slot_pc);
        code_log_add(at, PINNED_SLOTS_SIZE, tb->pc, "way");
        for (unsigned slot = 0; slot < 2; slot++) {
            tb_way_chain(tb, slot, tb->jmp_dest[slot]);
        }
    }
    if (indirect && !tb->ways[INDIRECT]) {
        void *at = way_new(tb, INDIRECT, PINNED_INDIRECT_SIZE);
        if (!at) {
            return false;
        }
        const TCGQuickJump jump = tb_quick_jump(isa, tb);
        pinned_emit_indirect(at, isa->pinned, &jump);
        code_log_add(at, PINNED_INDIRECT_SIZE, tb->pc, "way");
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
            code_log_remove(tb->ways[i]->base);
            slab_release(way_slab, tb->ways[i]);
            tb->ways[i] = NULL;
        }
    }
}
