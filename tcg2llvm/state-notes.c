// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From LLVM's stack maps to notes, and from notes to env.  See state-notes.h.
//
//     NotesHeader | Note[], by address | constants (uint64_t[]) | NoteValue[]

#include "tcg2llvm/state-notes.h"

#include <string.h>

#include "tcg2llvm/value-moves.h"

typedef struct NotesHeader {
    uint32_t n_notes, n_constants, n_values, reserved;
} NotesHeader;

typedef struct Note {
    uint32_t from, to; // the access begins here, and has ended there: offsets in the code
    uint32_t first, n; // its values
    uint64_t pc;
} Note;

typedef enum ValueKind {
    VALUE_REGISTER,
    VALUE_VECTOR,
    VALUE_MEMORY,   // at a register plus `payload`
    VALUE_CONSTANT, // payload
    VALUE_POOL,     // constant number `payload`
} ValueKind;

typedef struct NoteValue {
    uint16_t env; // offset
    uint8_t size; // bytes
    uint8_t kind : 3, reg : 5;
    int32_t payload;
} NoteValue;

// --- stack maps, version 3 ----------------------------------------------------------------------------

typedef struct MapHeader {
    uint8_t version, reserved[3];
    uint32_t n_functions, n_constants, n_records;
} MapHeader;
G_STATIC_ASSERT(sizeof(MapHeader) == STATE_NOTE_FIRST_FUNCTION);

typedef struct MapFunction {
    uint64_t address, stack, n_records;
} MapFunction;
G_STATIC_ASSERT(sizeof(MapFunction) == STATE_NOTE_FUNCTION_SIZE);

typedef struct MapRecord {
    uint64_t id;
    uint32_t offset;
    uint16_t reserved, n_locations;
} MapRecord;

typedef struct MapLocation {
    uint8_t kind, reserved;
    uint16_t size, reg, reserved2;
    int32_t offset;
} MapLocation;
enum {
    MAP_VERSION = 3,
    MAP_REGISTER = 1,
    MAP_DIRECT,
    MAP_INDIRECT,
    MAP_CONSTANT,
    MAP_CONSTANT_INDEX
};

// A record, and where in the code it is.
typedef struct Place {
    uint32_t at;
    unsigned order; // of equal ones
    const MapRecord *record;
} Place;

unsigned state_notes_functions(const uint8_t *bytes, size_t size)
{
    MapHeader h;
    if (size < sizeof(h)) {
        return 0;
    }
    memcpy(&h, bytes, sizeof(h));
    uint64_t end = sizeof(h) + h.n_functions * (uint64_t)sizeof(MapFunction);
    return h.version == MAP_VERSION && end <= size ? h.n_functions : 0;
}

static int by_place(const void *a, const void *b)
{
    const Place *x = a, *y = b;
    return x->at < y->at ? -1 : x->at > y->at ? 1 : x->order < y->order ? -1 : 1;
}

static size_t align8(size_t n) { return (n + 7) & ~(size_t)7; }

// The record at *at, which is moved behind it; NULL when it reaches beyond the end.
static const MapRecord *next_record(const StackMaps *maps, size_t *at)
{
    if (*at > maps->size || maps->size - *at < sizeof(MapRecord)) {
        return NULL;
    }
    const MapRecord *r = (const MapRecord *)(maps->bytes + *at);
    size_t end = align8(*at + sizeof(*r) + r->n_locations * sizeof(MapLocation));
    if (end > maps->size || maps->size - end < 4) {
        return NULL;
    }
    uint16_t live_outs;
    memcpy(&live_outs, maps->bytes + end + 2, sizeof(live_outs));
    *at = align8(end + 4 + live_outs * (size_t)4);
    return *at <= maps->size ? r : NULL;
}

// All records, by address; NULL when the section is damaged.
static GArray *read_places(const StackMaps *maps, const uint64_t **constants, uint32_t *n_constants)
{
    if (state_notes_functions(maps->bytes, maps->size) != maps->n_functions) {
        return NULL;
    }
    const MapHeader *h = (const MapHeader *)maps->bytes;
    const MapFunction *functions = (const MapFunction *)(h + 1);
    size_t at = sizeof(*h) + h->n_functions * sizeof(*functions);
    if (h->n_constants > (maps->size - at) / sizeof(uint64_t)) {
        return NULL;
    }
    *constants = (const uint64_t *)(maps->bytes + at);
    *n_constants = h->n_constants;
    at += h->n_constants * sizeof(uint64_t);
    GArray *places = g_array_new(false, false, sizeof(Place));
    for (unsigned f = 0; f < h->n_functions; f++) {
        for (uint64_t i = 0; i < functions[f].n_records; i++) {
            const MapRecord *r = next_record(maps, &at);
            if (!r) {
                g_array_unref(places);
                return NULL;
            }
            Place place = {maps->functions[f] + r->offset, places->len, r};
            g_array_append_val(places, place);
        }
    }
    g_array_sort(places, by_place);
    return places;
}

static const MapLocation *locations(const MapRecord *r) { return (const MapLocation *)(r + 1); }

// A register's number in instructions, of its number in DWARF (System V ABI, AMD64 supplement, figure 3.36); -1: neither of
// the general ones nor a vector register.
static int register_of(unsigned dwarf, bool *vector)
{
    static const uint8_t general[] = {0, 2, 1, 3, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15};
    enum { XMM0 = 17, XMM16 = 67, SIXTEEN = 16 };
    *vector = dwarf >= XMM0;
    if (dwarf < G_N_ELEMENTS(general)) {
        return general[dwarf];
    }
    if (dwarf - XMM0 < SIXTEEN) {
        return (int)(dwarf - XMM0);
    }
    return dwarf - XMM16 < SIXTEEN ? (int)(dwarf - XMM16 + SIXTEEN) : -1;
}

// Where one value of a pair is.
typedef struct Trace {
    NoteValue
        value; // constant, or in memory in front of the access already, where it stays; else without a place
    ValueStep steps[VALUE_MAX_STEPS];
    unsigned n; // 0: value is all
} Trace;

static bool place_of(const MapLocation *l, ValuePlace *place)
{
    bool vector;
    int reg = register_of(l->reg, &vector);
    bool stack = l->kind == MAP_INDIRECT;
    *place = (ValuePlace){stack    ? PLACE_STACK
                          : vector ? PLACE_VECTOR
                                   : PLACE_GENERAL,
                          (uint8_t)reg, stack ? l->offset : 0};
    return reg >= 0 && (stack ? !vector : l->kind == MAP_REGISTER);
}

static bool trace(const StackMaps *maps, const Place *before, const Place *behind, uint32_t word,
                  const MapLocation *b, const MapLocation *e /* or NULL */, uint32_t n_constants,
                  Trace *t)
{
    *t = (Trace){.value = {.env = (uint16_t)(word >> 8), .size = (uint8_t)word}};
    ValuePlace from, to;
    if (word >> 8 > UINT16_MAX) {
        return false;
    }
    if (b->kind == MAP_CONSTANT || b->kind == MAP_CONSTANT_INDEX) {
        t->value.kind = b->kind == MAP_CONSTANT ? VALUE_CONSTANT : VALUE_POOL;
        t->value.payload = b->offset;
        return t->value.size <= sizeof(uint64_t) &&
               (b->kind == MAP_CONSTANT || (uint32_t)b->offset < n_constants);
    }
    if (!place_of(b, &from)) {
        return false;
    }
    if (e && !place_of(e, &to)) {
        return false;
    }
    t->n = value_trace(maps->code, before->at, behind->at, t->value.size, &from, e ? &to : NULL,
                       t->steps);
    return t->n > 0;
}

// The value as it is at an instruction at `at`; *until becomes less when it is there no longer than that.  False when it is lost.
static bool value_at(const Trace *t, uint32_t at, uint32_t *until, NoteValue *v)
{
    static const uint8_t kinds[] = {[PLACE_GENERAL] = VALUE_REGISTER,
                                    [PLACE_VECTOR] = VALUE_VECTOR,
                                    [PLACE_STACK] = VALUE_MEMORY};
    *v = t->value;
    for (unsigned i = 0; i < t->n; i++) {
        if (at < t->steps[i].until) {
            const ValuePlace *p = &t->steps[i].place;
            *until = MIN(*until, (uint32_t)t->steps[i].until);
            v->kind = kinds[p->kind];
            v->reg = p->reg;
            v->payload = p->offset;
            return true;
        }
    }
    return t->n == 0;
}

// A pair as one note, or several, between which values move.  False and why when it is no pair, or it cannot be told where a
// value is.
static bool add_notes(const StackMaps *maps, const Place *before, const Place *behind,
                      uint32_t n_constants, GArray *notes, GArray *values, const char **why)
{
    const MapLocation *b = locations(before->record), *e = locations(behind->record);
    unsigned n = before->record->n_locations / 2;
    *why = "its stack maps are not in pairs";
    if (before->record->id != behind->record->id || before->record->n_locations != 2 * n + 1 ||
        (behind->record->n_locations != 1 && behind->record->n_locations != n + 1) ||
        b[0].kind != MAP_CONSTANT || b[0].offset != (int)n + 1 || e[0].kind != MAP_CONSTANT ||
        e[0].offset != STATE_NOTE_END) {
        return false;
    }
    bool both = behind->record->n_locations > 1;
    g_autofree Trace *traces = g_new(Trace, n + 1);
    *why = "it cannot be told where a register's value is while memory is accessed";
    for (unsigned i = 0; i < n; i++) {
        if (b[1 + i].kind != MAP_CONSTANT ||
            !trace(maps, before, behind, (uint32_t)b[1 + i].offset, &b[1 + n + i],
                   both ? &e[1 + i] : NULL, n_constants, &traces[i])) {
            return false;
        }
    }
    for (uint32_t from = before->at, to; from < behind->at; from = to) {
        Note note = {.from = from, .first = values->len, .n = n, .pc = before->record->id};
        to = behind->at;
        for (unsigned i = 0; i < n; i++) {
            NoteValue v;
            if (!value_at(&traces[i], from, &to, &v)) {
                g_array_set_size(values, note.first);
                return true; // it has been accessed
            }
            g_array_append_val(values, v);
        }
        note.to = to;
        g_array_append_val(notes, note);
    }
    return true;
}

static GByteArray *write_notes(const GArray *notes, const uint64_t *constants, uint32_t n_constants,
                               const GArray *values)
{
    NotesHeader h = {.n_notes = notes->len, .n_constants = n_constants, .n_values = values->len};
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, (const uint8_t *)&h, sizeof(h));
    if (notes->len) {
        g_byte_array_append(out, (const uint8_t *)notes->data, notes->len * (guint)sizeof(Note));
    }
    if (n_constants) {
        g_byte_array_append(out, (const uint8_t *)constants, n_constants * (guint)sizeof(uint64_t));
    }
    if (values->len) {
        g_byte_array_append(out, (const uint8_t *)values->data,
                            values->len * (guint)sizeof(NoteValue));
    }
    return out;
}

GByteArray *state_notes_new(const StackMaps *maps, const char **why)
{
    const uint64_t *constants;
    uint32_t n_constants;
    GArray *places = read_places(maps, &constants, &n_constants);
    if (!places) {
        *why = "a damaged section of stack maps";
        return NULL;
    }
    GArray *notes = g_array_new(false, false, sizeof(Note));
    GArray *values = g_array_new(false, false, sizeof(NoteValue));
    *why = "its stack maps are not in pairs";
    bool ok = places->len % 2 == 0;
    for (unsigned i = 0; i + 1 < places->len && ok; i += 2) {
        ok = add_notes(maps, &g_array_index(places, Place, i), &g_array_index(places, Place, i + 1),
                       n_constants, notes, values, why);
    }
    GByteArray *out = ok ? write_notes(notes, constants, n_constants, values) : NULL;
    g_array_unref(places);
    g_array_unref(notes);
    g_array_unref(values);
    return out;
}

// --- at a fault -----------------------------------------------------------------------------------------

static const Note *find(const Note *notes, unsigned n, size_t at)
{
    unsigned low = 0, high = n;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (notes[middle].to <= at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < n && notes[low].from <= at ? &notes[low] : NULL;
}

static void put_value(const NoteValue *v, const uint64_t *constants, const StateRegs *regs,
                      void *env)
{
    uint8_t bytes[32];
    int64_t constant = v->payload;
    const void *from = bytes;
    switch ((ValueKind)v->kind) {
    case VALUE_REGISTER: from = &regs->gpr[v->reg & 15]; break;
    case VALUE_VECTOR: regs->vector(regs->context, v->reg, bytes); break;
    case VALUE_MEMORY:
        from = (const void *)(uintptr_t)(regs->gpr[v->reg & 15] + (uint64_t)constant);
        break;
    case VALUE_CONSTANT: from = &constant; break;
    case VALUE_POOL: from = &constants[v->payload]; break;
    }
    memcpy((char *)env + v->env, from, v->size);
}

bool state_notes_recover(const void *bytes, size_t size, size_t at, const StateRegs *regs,
                         void *env, uint64_t *pc)
{
    const NotesHeader *h = bytes;
    if (size < sizeof(*h) || size != sizeof(*h) + h->n_notes * sizeof(Note) +
                                         h->n_constants * sizeof(uint64_t) +
                                         h->n_values * sizeof(NoteValue)) {
        return false;
    }
    const Note *notes = (const Note *)(h + 1), *note = find(notes, h->n_notes, at);
    const uint64_t *constants = (const uint64_t *)(notes + h->n_notes);
    const NoteValue *values = (const NoteValue *)(constants + h->n_constants);
    if (!note || note->first > h->n_values || note->n > h->n_values - note->first) {
        return false;
    }
    for (unsigned i = 0; i < note->n; i++) {
        put_value(&values[note->first + i], constants, regs, env);
    }
    *pc = note->pc;
    return true;
}
