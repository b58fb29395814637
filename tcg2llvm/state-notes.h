// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Precise state in LLVM's code: what a fault's handler needs to put the guest's registers into env.
//
// As in the quick tier (tcg/quick-state.h) little is stored in front of an access that may fault; a note tells where
// the values are that env has not got.  LLVM has stack maps for that (`llvm.experimental.stackmap`, docs/StackMaps.rst of
// LLVM): a call that emits no code, and whose operands' places are written down.  They stand in pairs, one before and one behind
// the access (lower-notes.c).  Between the two the code generator may have put more than the access: what becomes of the values there
// is read from the code (value-moves.h).  What is no access of ours lies in no pair.
//
// In the first form of notes only the call in front has values.  An instruction between it and the access may then overwrite one; the unit
// is made again with the other form, where the values are operands of the call behind as well and so are alive all the time.  It takes more
// registers.

#ifndef MYNA_TCG2LLVM_STATE_NOTES_H
#define MYNA_TCG2LLVM_STATE_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

// The operands of a pair's first call: how many values there are, plus 1; a word for each; the values.  Of the second: 0, and
// in the second form the values.  The number of both is the guest's pc.
enum { STATE_NOTE_END = 0 };
static inline uint32_t state_note_word(size_t env_offset, unsigned size)
{
    return (uint32_t)env_offset << 8 | size;
}

// Where a section of stack maps was found.
typedef struct StackMaps {
    const uint8_t *bytes;
    size_t size;
    const uint32_t
        *functions; // offset in the code of each function that has some, as the section counts them
    unsigned n_functions;
    const uint8_t *code; // the machine code; what it refers to may still be missing
} StackMaps;

// The number of functions that the section speaks of; they stand STATE_NOTE_FUNCTION_SIZE apart from STATE_NOTE_FIRST_FUNCTION on.
enum { STATE_NOTE_FIRST_FUNCTION = 16, STATE_NOTE_FUNCTION_SIZE = 24 };
unsigned state_notes_functions(const uint8_t *bytes, size_t size);

// The notes, in a form that stands alone; they may be kept.  NULL and a reason (static) where it cannot be told where a value is,
// or the section is damaged.
GByteArray *state_notes_new(const StackMaps *maps, const char **why);

// The processor's registers where it faulted.
typedef struct StateRegs {
    uint64_t gpr[16]; // as instructions number them
    // The lowest 32 bytes of vector register n.
    void (*vector)(const void *context, unsigned n, uint8_t value[32]);
    const void *context;
} StateRegs;

// If one of the notes is of the access at this offset of the code, puts its values into env and its pc into *pc.  Allocates nothing,
// takes no lock.
bool state_notes_recover(const void *notes, size_t size, size_t at, const StateRegs *regs,
                         void *env, uint64_t *pc);

#endif
