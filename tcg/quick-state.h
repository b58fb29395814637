// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Precise state in the quick tier's own code: what a fault's handler needs to put the guest's registers into env.
//
// Under precise state a fault must find in env all that the guest's instructions have written so far.  Storing it in front
// of each access was a third of what precise state cost (docs/design.md).  Here nothing is stored: a note for each access
// tells which host registers, and which constants, env has not got yet.  Notes lie apart from code, which is the faster the
// fewer pages it takes.

#ifndef TCG_QUICK_STATE_H
#define TCG_QUICK_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

typedef struct Encoder Encoder;

// A note while its code has no place yet.
typedef struct QuickNote {
    uint32_t word, pos; // the access: a byte of the IOP_QUICK_CODE at this word
    uint64_t pc;        // of the guest's instruction
    uint32_t first, n;  // its values
} QuickNote;

typedef struct QuickNotes {
    GArray *notes;  // QuickNote
    GArray *values; // uint32_t
} QuickNotes;

QuickNotes *quick_notes_new(void);
void quick_notes_free(QuickNotes *notes);
void quick_notes_clear(QuickNotes *notes);

// What env has not got now; the access follows, before which nothing but stores to env may be made.
void quick_note_state(Encoder *e);
// The access is the instruction that follows.
void quick_note_place(Encoder *e);

// A constant that a note can hold.
static inline bool quick_note_holds(uint64_t v) { return (int64_t)v == (int16_t)v; }

// Bytes of a block's notes, 0 when there are none, and the notes themselves; code_of_word tells where the records have come to lie.
size_t quick_notes_size(const QuickNotes *notes);
void quick_notes_write(const QuickNotes *notes, const uint32_t *code_of_word, uint8_t *to);

#endif
