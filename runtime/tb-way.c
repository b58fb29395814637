// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tb-way.h"

#include "code-log.h"
#include "cpu-list.h"
#include "tb-quick.h"
#include "tcg/pinned-exit.h"
#include "tcg2llvm/slab.h"

enum { SLOTS, INDIRECT };

static Slab *way_slab; // the one there is

static PinnedWay way_of(const TranslationBlock *tb)
{
    const GuestISA *isa = cpu_isa();
    PinnedWay way = {isa->pinned, PINNED_JUMP, &tb->code, tb_quick_jump(isa, tb)};
    if (way.jump.frames && tb->jump_kind != TCG_JUMP_PLAIN) {
        way.kind = tb->jump_kind == TCG_JUMP_CALL ? PINNED_CALL : PINNED_RETURN;
    }
    return way;
}

static bool way_new(TranslationBlock *tb, unsigned which)
{
    tb->ways[which] = slab_alloc(way_slab, PINNED_WAY_SIZE);
    return tb->ways[which] != NULL;
}

static void way_log(const TranslationBlock *tb, unsigned which, const uint8_t *end)
{
    const uint8_t *at = tb->ways[which]->base;
    code_log_add(at, (size_t)(end - at), tb->pc, "way");
}

bool tb_way_make(TranslationBlock *tb, struct Slab *slab, const uint64_t *slot_pc,
                 const void **slots, const void **indirect)
{
    const PinnedWay way = way_of(tb);
    bool made = false;
    way_slab = slab;
    if (slot_pc && !tb->ways[SLOTS]) {
        if (!way_new(tb, SLOTS)) {
            return false;
        }
        way_log(tb, SLOTS, pinned_emit_slots(tb->ways[SLOTS]->base, &way, slot_pc));
        made = true;
    }
    if (indirect && !tb->ways[INDIRECT]) {
        if (!way_new(tb, INDIRECT)) {
            return false;
        }
        way_log(tb, INDIRECT, pinned_emit_indirect(tb->ways[INDIRECT]->base, &way));
        made = true;
    }
    for (unsigned slot = 0; slot < 2; slot++) {
        if (made) {
            tb_way_chain(tb, slot, tb->jmp_dest[slot]);
        }
        if (slot_pc) {
            slots[slot] = pinned_slot_entry(tb->ways[SLOTS]->base, slot);
        }
    }
    if (indirect) {
        *indirect = tb->ways[INDIRECT]->base;
    }
    return true;
}

void tb_way_chain(TranslationBlock *from, unsigned slot, const TranslationBlock *to)
{
    if (!from->ways[SLOTS] && !from->ways[INDIRECT]) {
        return;
    }
    const PinnedKind kind = way_of(from).kind;
    const void *at = to ? atomic_load(&to->code.pinned) : NULL;
    at = at == tb_cold_pinned() ? NULL : at;
    if (from->ways[SLOTS]) {
        pinned_set_jump(from->ways[SLOTS]->base, kind, false, slot, at);
    }
    if (from->ways[INDIRECT] && kind == PINNED_CALL && slot == 1) {
        pinned_set_jump(from->ways[INDIRECT]->base, kind, true, slot, at);
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
