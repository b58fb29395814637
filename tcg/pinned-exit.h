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

// What the block ends in, when its guest calls and returns have frames (tcg-returns.h).
typedef enum PinnedKind { PINNED_JUMP, PINNED_CALL, PINNED_RETURN } PinnedKind;

enum { PINNED_WAY_SIZE = 192 }; // bytes, at most; aligned to 4

// What a way is made of.
typedef struct PinnedWay {
    const TCGPinned *pinned; // whose `exit` is within reach of the way
    PinnedKind kind;
    const TCGCode *code;
    TCGQuickJump jump;
} PinnedWay;

// The ways through both jump slots, entered at pinned_slot_entry. A slot that leads nowhere returns to cpu_exec with the
// guest's pc as given. A call leads through slot 0, and where it returns to, which is behind the block, is slot 1. Gives the end.
uint8_t *pinned_emit_slots(void *at, const PinnedWay *way, const uint64_t pc[2]);
static inline const void *pinned_slot_entry(const void *at, unsigned slot)
{
    return (const uint8_t *)at + 8 * slot;
}

// The way of an indirect jump, whose pc is in env and stands in the TCGCode's place: a return looks at the frames; then into
// the jump cache; then calls jump.lookup. Gives the end.
uint8_t *pinned_emit_indirect(void *at, const PinnedWay *way);

// While other threads execute it: the slot's jump in the slots' way, or in an indirect call's (slot 1 alone), leads straight to
// this code, which is entered as pinned code is, but without its TCGCode; NULL: through TCGCode.jmp.
void pinned_set_jump(void *at, PinnedKind kind, bool indirect, unsigned slot, const void *to);

#endif
