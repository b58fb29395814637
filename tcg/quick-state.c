// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Notes of where the guest's registers are.  See quick-state.h.
//
// A note, in words of 32 bits: the access's offset in the code, with the number of values in the uppermost bits; its pc,
// from that of the first note; the values.  A value: env offset / 4, a bit each for its width and for a constant, and in
// the lower half the constant or the host's register.  At the end stand the first pc and the number of words.

#include "quick-state.h"

#include <string.h>

#include "interp-encode.h"
#include "quick.h"

enum {
    AT_BITS = 24,
    VALUE_WIDE = 1 << 16,
    VALUE_CONSTANT = 1 << 17,
    VALUE_OFFSET_SHIFT = 18,
    OFFSET_UNIT = 4,
};
typedef struct Trailer {
    uint64_t pc;
    uint32_t words, reserved;
} Trailer;

QuickNotes *quick_notes_new(void)
{
    QuickNotes *notes = g_new(QuickNotes, 1);
    notes->notes = g_array_new(false, false, sizeof(QuickNote));
    notes->values = g_array_new(false, false, sizeof(uint32_t));
    return notes;
}

void quick_notes_free(QuickNotes *notes)
{
    g_array_free(notes->notes, true);
    g_array_free(notes->values, true);
    g_free(notes);
}

void quick_notes_clear(QuickNotes *notes)
{
    g_array_set_size(notes->notes, 0);
    g_array_set_size(notes->values, 0);
}

static void add_value(QuickNotes *notes, const TCGTemp *t, uint32_t what)
{
    uint32_t value = (uint32_t)(t->offset / OFFSET_UNIT) << VALUE_OFFSET_SHIFT | what;
    value |= t->type == TCG_TYPE_I32 ? 0 : VALUE_WIDE;
    g_array_append_val(notes->values, value);
}

void quick_note_state(Encoder *e)
{
    const Native *n = &e->native;
    QuickNotes *notes = e->quick->notes;
    QuickNote note = {.pc = e->pc, .first = notes->values->len};
    for (unsigned bits = n->dirty; bits; bits &= bits - 1) {
        unsigned r = (unsigned)__builtin_ctz(bits);
        if (n->temp[r]->kind == TEMP_GLOBAL) {
            add_value(notes, n->temp[r], r);
        }
    }
    for (unsigned i = 0; i < n->nb_consts; i++) {
        add_value(notes, n->consts[i].temp, VALUE_CONSTANT | (uint16_t)n->consts[i].value);
    }
    note.n = notes->values->len - note.first;
    g_array_append_val(notes->notes, note);
}

void quick_note_place(Encoder *e)
{
    GArray *notes = e->quick->notes->notes;
    QuickNote *note = &g_array_index(notes, QuickNote, notes->len - 1);
    note->word = (uint32_t)e->native.record;
    note->pos = (uint32_t)(e->native.at - (uint8_t *)(e->buf + e->native.record + 2));
}

size_t quick_notes_size(const QuickNotes *notes)
{
    if (notes->notes->len == 0) {
        return 0;
    }
    return (2 * notes->notes->len + notes->values->len) * sizeof(uint32_t) + sizeof(Trailer);
}

void quick_notes_write(const QuickNotes *notes, const uint32_t *code_of_word, uint8_t *to)
{
    Trailer end = {.words = 2 * notes->notes->len + notes->values->len};
    for (unsigned i = 0; i < notes->notes->len; i++) {
        const QuickNote *note = &g_array_index(notes->notes, QuickNote, i);
        end.pc = i == 0 ? note->pc : end.pc;
        uint32_t at = code_of_word[note->word] + note->pos;
        const uint32_t head[] = {at | note->n << AT_BITS, (uint32_t)(note->pc - end.pc)};
        g_assert(at < 1u << AT_BITS);
        to = mempcpy(to, head, sizeof(head));
        if (note->n) {
            to = mempcpy(to, &g_array_index(notes->values, uint32_t, note->first),
                         note->n * sizeof(uint32_t));
        }
    }
    memcpy(to, &end, sizeof(end));
}

static void put_value(uint32_t value, const uint64_t *regs, char *env)
{
    char *at = env + (size_t)(value >> VALUE_OFFSET_SHIFT) * OFFSET_UNIT;
    uint64_t v = value & VALUE_CONSTANT ? (uint64_t)(int16_t)value : regs[value & 15];
    memcpy(at, &v, value & VALUE_WIDE ? 8 : 4);
}

bool tcg_quick_recover(const void *notes, size_t size, size_t at, const uint64_t *regs, void *env,
                       uint64_t *pc)
{
    if (size == 0) {
        return false;
    }
    Trailer end;
    const uint32_t *word = notes;
    memcpy(&end, word + (size - sizeof(end)) / sizeof(*word), sizeof(end));
    for (const uint32_t *stop = word + end.words; word < stop;) {
        unsigned n = word[0] >> AT_BITS;
        if ((word[0] & ((1u << AT_BITS) - 1)) == at) {
            for (unsigned i = 0; i < n; i++) {
                put_value(word[2 + i], regs, env);
            }
            *pc = end.pc + (uint64_t)(int64_t)(int32_t)word[1];
            return true;
        }
        word += 2 + n;
    }
    return false;
}
