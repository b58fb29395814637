// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block's ways out of pinned code (tcg-pinned.h): small pieces of machine code that belong to the block, whichever units
// hold copies of it. A unit's exit is a jump to one of them, with no test of its own; they know where the jump leads.
#ifndef PINNED_EXIT_H
#define PINNED_EXIT_H

#include <stddef.h>
#include <stdint.h>

#include "tcg/quick.h"
#include "tcg/tcg-pinned.h"

enum {
    PINNED_SLOTS_SIZE = 128, // bytes; aligned to 4
    PINNED_INDIRECT_SIZE = 96,
};

// The ways through both jump slots, entered at pinned_slot_entry. A slot that leads nowhere returns to cpu_exec with the
// guest's pc as given. `at` and pinned->exit must be within reach of each other.
void pinned_emit_slots(void *at, const TCGPinned *pinned, const TCGCode *code, intptr_t pc_offset,
                       const uint64_t pc[2]);
static inline const void *pinned_slot_entry(const void *at, unsigned slot)
{
    return (const uint8_t *)at + 8 * slot;
}
// While other threads execute it: the slot's way leads straight to this code, which is entered as pinned code is, but without
// its TCGCode; NULL: through TCGCode.jmp.
void pinned_set_jump(void *at, unsigned slot, const void *to);

// The way of an indirect jump, whose pc is in env and stands in the TCGCode's place: looks into the jump cache, then calls
// jump->lookup.
void pinned_emit_indirect(void *at, const TCGPinned *pinned, const TCGQuickJump *jump);

#endif
