// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stencils chosen, copied and patched.  See quick.h.

#include "quick.h"

#include <pthread.h>

#include "interp-encode.h"

#if TCG_HAVE_STENCILS

#include "stencil.h"
#include "stencils.inc"

enum {
    MAX_WORDS = 1 << 17, // of bytecode
    NB_CONSTS = 64,      // constants that stencils are specialised for
    NB_FIELDS = 64 * 64, // and bit fields, offset + 64 * length
    DATA_ALIGN = 16,
};

// One instruction of the block.
typedef struct QuickInsn {
    const Stencil *stencil; // NULL: native code
    const InterpRow *row;
    uint32_t word; // of the bytecode
    uint32_t code; // offset of its code
    uint32_t data; // and of its data, when it has any
} QuickInsn;

struct TCGQuick {
    const TCGCode *code;
    bool count;
    size_t nb_insns, code_size, data_size;
    uint64_t *words; // MAX_WORDS each; touched as far as blocks reach
    QuickInsn *insns;
    uint32_t *code_of_word; // offset of the instruction's code
    bool movable;           // relocs are all that binds the code to this process
    bool bound;             // native code holds an address of it
    unsigned nb_relocs;
    TCGQuickReloc relocs[TCG_QUICK_MAX_RELOCS];
    TCGQuickJumps jumps;
};

// --- look-up -----------------------------------------------------------------------------------------

static struct Range {
    uintptr_t base, end;
} range;

static const Stencil *hot_stencil, *interpret_stencil;

static int compare_name(const void *key, const void *row)
{
    return strcmp(key, stencil_names + ((const Stencil *)row)->name);
}

static const Stencil *find_stencil(const char *name)
{
    return bsearch(name, stencils, G_N_ELEMENTS(stencils), sizeof(stencils[0]), compare_name);
}

// The stencils of a form, found when they are first wanted.
typedef struct Forms {
    const Stencil *plain, *unstored;
    const Stencil **consts; // 2 a constant: plain and unstored
} Forms;
static Forms forms[INTERP_MAX_ROWS];

static const Stencil *find_form(const InterpRow *row, int constant, bool unstored)
{
    char name[128];
    if (constant >= 0) {
        snprintf(name, sizeof(name), "%s_k%d%s", row->name, constant, unstored ? "_unstored" : "");
    } else {
        snprintf(name, sizeof(name), "%s%s", row->name, unstored ? "_unstored" : "");
    }
    return find_stencil(name);
}

// The plain stencil, or the one that calls the interpreter's handler.
static const Stencil *plain_form(const InterpRow *row)
{
    const Stencil *s = find_form(row, -1, false);
    return s ? s : interpret_stencil;
}

// The constant that stencils may be specialised for, and how many there may be; -1: none.
static int constant_of(const InterpRow *row, const uint64_t *ip, unsigned *nb)
{
    *nb = NB_CONSTS;
    switch (row->op) {
    case IOP_GUEST_LD:
    case IOP_GUEST_ST: {
        unsigned how = row->sub % IADDR_COUNT;
        return how == IADDR_INDEX || how == IADDR_INDEX_ACC ? SLOT(3) : -1;
    }
    case INDEX_op_shl_i32:
    case INDEX_op_shr_i32:
    case INDEX_op_sar_i32:
    case INDEX_op_rotl_i32:
    case INDEX_op_rotr_i32: return row->sub & FORM_IMM ? IMM32(1) & 31 : -1;
    case INDEX_op_shl_i64:
    case INDEX_op_shr_i64:
    case INDEX_op_sar_i64:
    case INDEX_op_rotl_i64:
    case INDEX_op_rotr_i64: return row->sub & FORM_IMM ? IMM32(1) & 63 : -1;
    case INDEX_op_extract_i32:
    case INDEX_op_extract_i64:
    case INDEX_op_sextract_i32:
    case INDEX_op_sextract_i64: *nb = NB_FIELDS; return SLOT(2) + 64 * SLOT(3);
    case INDEX_op_deposit_i32:
    case INDEX_op_deposit_i64: *nb = NB_FIELDS; return SLOT(3) + 64 * SLOT(4);
    default: break;
    }
    if (row->op < TCG_OP_COUNT && (tcg_op_defs[row->op].flags & (TCG_OPF_FP | TCG_OPF_VECTOR))) {
        const TCGOpDef *def = &tcg_op_defs[row->op];
        return def->nb_cargs == 1 ? SLOT(def->nb_oargs + def->nb_iargs) : -1;
    }
    return -1;
}

static const Stencil *form_of(const InterpRow *row, const uint64_t *ip, bool unstored)
{
    Forms *f = &forms[interp_row_number(row)];
    unsigned nb;
    int k = constant_of(row, ip, &nb);
    if (!f->plain) {
        f->plain = plain_form(row);
        f->unstored = find_form(row, -1, true);
        f->unstored = f->unstored ? f->unstored : f->plain; // to store is never wrong
        f->consts = k >= 0 ? g_new0(const Stencil *, (size_t)2 * nb) : NULL;
    }
    const Stencil *s = unstored ? f->unstored : f->plain;
    if (k < 0 || (unsigned)k >= nb || !f->consts) {
        return s;
    }
    const Stencil **at = &f->consts[2 * k + unstored];
    if (!*at) {
        const Stencil *special = find_form(row, k, unstored);
        *at = special ? special : s;
    }
    return *at;
}

// --- what binds code to this process -------------------------------------------------------------------

// All that code reaches from outside is in this program's own file, whose parts keep their distances.
extern const char __executable_start[], _end[];

static inline const uint8_t *anchor(void) { return stencil_rodata; }

static inline bool in_program(uint64_t v)
{
    return v - (uintptr_t)__executable_start < (uintptr_t)(_end - __executable_start);
}

static bool is_bound(const TCGCode *code, uint64_t v)
{
    return in_program(v) || v - (uintptr_t)code < sizeof(*code);
}

// --- preparing -----------------------------------------------------------------------------------------

TCGQuick *tcg_quick_new(void)
{
    TCGQuick *q = g_new0(TCGQuick, 1);
    q->words = g_new(uint64_t, MAX_WORDS);
    q->insns = g_new(QuickInsn, MAX_WORDS);
    q->code_of_word = g_new(uint32_t, MAX_WORDS);
    return q;
}

void tcg_quick_free(TCGQuick *q)
{
    if (q) {
        g_free(q->words);
        g_free(q->insns);
        g_free(q->code_of_word);
        g_free(q);
    }
}

static bool reaches(const void *target)
{
    const uintptr_t most = INT32_MAX - 64, t = (uintptr_t)target;
    return (t > range.end ? t - range.base : range.end - t) < most &&
           (t < range.base ? range.end - t : t - range.base) < most;
}

// In front of a goto_tb's stencil stands a direct jump, at first to the stencil itself.  Its displacement is
// aligned: it is changed while other threads run it.
enum { DIRECT_JUMP = 5, DISPLACEMENT = 4 };

static size_t jump_padding(size_t at) { return -(at + DIRECT_JUMP - DISPLACEMENT) & 3; }

enum {
    CONDITIONAL_JUMP = 6,
    COUNT = 6, // dec dword [rip + displacement]
    COUNTING = COUNT + CONDITIONAL_JUMP,
};

// What the encoder made no stencil's instruction of; see quick-native.c.
static bool is_native(const InterpRow *row)
{
    return row->op == IOP_QUICK_CODE || row->op == IOP_QUICK_JUMP;
}

static unsigned words_of(const InterpRow *row, const uint64_t *ip)
{
    return row->words ? row->words : SLOT(1);
}

size_t tcg_quick_prepare(TCGQuick *q, TCGContext *s, const TCGCode *code, bool count,
                         const TCGQuickJump *jump)
{
    const QuickTarget target = {reaches, jump, count, is_bound, &q->bound};
    size_t size = encode_bytecode(s, code, q->words, MAX_WORDS * sizeof(uint64_t), &target);
    size_t end = size / sizeof(uint64_t), at = count ? COUNTING : 0;
    size_t n = 0, data = 0;
    for (size_t w = 0; w < end;) {
        const uint64_t *ip = &q->words[w];
        const InterpRow *row = (const InterpRow *)(uintptr_t)(ip[0] & ~ROW_UNSTORED);
        unsigned words = words_of(row, ip);
        if (is_native(row)) {
            q->insns[n++] = (QuickInsn){NULL, row, (uint32_t)w, (uint32_t)at, (uint32_t)data};
            q->code_of_word[w] = (uint32_t)at;
            at += row->op == IOP_QUICK_CODE ? SLOT(0) : CONDITIONAL_JUMP;
            w += words;
            continue;
        }
        const Stencil *st = form_of(row, ip, ip[0] & ROW_UNSTORED);
        q->insns[n++] = (QuickInsn){st, row, (uint32_t)w, (uint32_t)at, (uint32_t)data};
        q->code_of_word[w] = (uint32_t)at;
        at += row->op == IOP_GOTO_TB ? jump_padding(at) + DIRECT_JUMP : 0;
        at += st->size;
        data += st->has_data ? words + (st == interpret_stencil) : 0;
        w += words;
    }
    at += count ? hot_stencil->size : 0;
    q->code = code;
    q->count = count;
    q->nb_insns = n;
    q->code_size = (at + DATA_ALIGN - 1) & ~(size_t)(DATA_ALIGN - 1);
    q->data_size = data * sizeof(uint64_t);
    return n ? q->code_size + q->data_size : 0;
}

size_t tcg_quick_data_size(const TCGQuick *q) { return q->data_size; }

// --- emitting --------------------------------------------------------------------------------------------

// Where an instruction branches to, in words from its start.
static int32_t branch_of(const InterpRow *row, const uint64_t *ip)
{
    bool brcond = row->op == IOP_BRCOND_I32 || row->op == IOP_BRCOND_I64;
    return brcond && (row->sub & FORM_IMM) ? (int16_t)SLOT(1) : IMM32(1);
}

typedef struct Place {
    TCGQuick *q;
    uint8_t *block; // the block's code
    uint8_t *data;  // the instruction's data
    const InterpRow *row;
    const uint64_t *ip;
    uint32_t jump; // hole_jump, from block
} Place;

static inline void put_rel(uint8_t *hole, const void *target)
{
    int32_t rel = (int32_t)((intptr_t)target - (intptr_t)(hole + 4));
    memcpy(hole, &rel, 4);
}

// --- relocations ---------------------------------------------------------------------------------------

static void add_reloc(TCGQuick *q, size_t at, TCGQuickRelocKind kind)
{
    if (q->nb_relocs == TCG_QUICK_MAX_RELOCS || at > UINT16_MAX) {
        q->movable = false;
        return;
    }
    q->relocs[q->nb_relocs++] = (TCGQuickReloc){(uint16_t)at, (uint16_t)kind};
}

// A displacement to something outside the block.
static void add_rel(const Place *p, const uint8_t *hole, const void *target)
{
    p->q->movable &= in_program((uintptr_t)target);
    add_reloc(p->q, (size_t)(hole - p->block), TCG_QUICK_REL32);
}

// A word of 64 bits.  The instruction says whether it is an address; a number that looks like one of the
// program's own is not taken at its word.
static void add_word(TCGQuick *q, const uint8_t *block, const uint8_t *hole, uint64_t v,
                     const InterpRow *row)
{
    switch (row->op) {
    case IOP_GOTO_TB:
    case IOP_EXIT_TB:
    case IOP_QUICK_RECORD:
        if (v - (uintptr_t)q->code < sizeof(*q->code)) {
            add_reloc(q, (size_t)(hole - block), TCG_QUICK_CODE64);
        } else {
            q->movable &= v == 0; // exit_tb 0
        }
        break;
    default: q->movable &= !is_bound(q->code, v);
    }
}

// The bytecode behind the code: its first word, in a call its third, and what ends it for the interpreter are
// addresses in the program.
static void add_data(TCGQuick *q, const uint8_t *block, const uint8_t *data, size_t words,
                     bool ended, const InterpRow *row)
{
    bool call = row->op == IOP_CALL_FFI || row->op == IOP_CALL_INT;
    for (size_t i = 0; i < words; i++) {
        uint64_t v;
        memcpy(&v, data + 8 * i, sizeof(v));
        if (i == 0 || (i == 2 && call) || (ended && i == words - 1)) {
            q->movable &= in_program(v);
            add_reloc(q, (size_t)(data + 8 * i - block), TCG_QUICK_PROGRAM64);
        } else {
            q->movable &= !is_bound(q->code, v);
        }
    }
}

bool tcg_quick_relocs(const TCGQuick *q, const TCGQuickReloc **relocs, unsigned *n)
{
    *relocs = q->relocs;
    *n = q->nb_relocs;
    return q->movable;
}

TCGQuickJumps tcg_quick_jumps(const TCGQuick *q) { return q->jumps; }

TCGQuickJumps tcg_quick_jumps_of(const TCGQuickReloc *relocs, unsigned n)
{
    TCGQuickJumps jumps = {0};
    for (unsigned i = 0; i < n; i++) {
        if (relocs[i].kind == TCG_QUICK_JUMP0 || relocs[i].kind == TCG_QUICK_JUMP1) {
            jumps.at[relocs[i].kind - TCG_QUICK_JUMP0] = relocs[i].at;
        }
    }
    return jumps;
}

void tcg_quick_set_jump(void *block, unsigned at, const void *to)
{
    uint8_t *displacement = (uint8_t *)block + at;
    intptr_t rel = to ? (const uint8_t *)to - (displacement + DISPLACEMENT) : 0;
    atomic_store_explicit((_Atomic int32_t *)(void *)displacement, (int32_t)rel,
                          memory_order_release);
}

static size_t reloc_width(const TCGQuickReloc *r)
{
    return r->kind == TCG_QUICK_CODE64 || r->kind == TCG_QUICK_PROGRAM64 ? 8 : 4;
}

static uint64_t get(const uint8_t *at, size_t size)
{
    int32_t v32;
    uint64_t v;
    memcpy(&v32, at, sizeof(v32));
    if (size == sizeof(v32)) {
        return (uint64_t)(int64_t)v32;
    }
    memcpy(&v, at, sizeof(v));
    return v;
}

void tcg_quick_unbind(uint8_t *copy, const void *at, const TCGCode *code,
                      const TCGQuickReloc *relocs, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint8_t *hole = copy + relocs[i].at;
        size_t size = reloc_width(&relocs[i]);
        uint64_t v = get(hole, size);
        switch ((TCGQuickRelocKind)relocs[i].kind) {
        case TCG_QUICK_REL32: v += (uintptr_t)at + relocs[i].at + 4 - (uintptr_t)anchor(); break;
        case TCG_QUICK_CODE64: v -= (uintptr_t)code; break;
        case TCG_QUICK_PROGRAM64: v -= (uintptr_t)anchor(); break;
        case TCG_QUICK_COUNTER:
        case TCG_QUICK_JUMP0:
        case TCG_QUICK_JUMP1: v = 0; break;
        }
        memcpy(hole, &v, size);
    }
}

bool tcg_quick_bind(void *at, size_t size, const TCGCode *code, const TCGQuickReloc *relocs,
                    unsigned n)
{
    bool ok = true;
    for (unsigned i = 0; i < n; i++) {
        size_t width = reloc_width(&relocs[i]);
        if (relocs[i].at + width > size) {
            return false;
        }
        uint8_t *hole = (uint8_t *)at + relocs[i].at;
        uint64_t v = get(hole, width);
        switch (relocs[i].kind) {
        case TCG_QUICK_REL32:
            v += (uintptr_t)anchor() - (uintptr_t)(hole + 4);
            ok &= (int64_t)v == (int32_t)v;
            break;
        case TCG_QUICK_COUNTER:
            ok &= v == 0;
            v = (uintptr_t)code->counter - (uintptr_t)(hole + 4);
            ok &= (int64_t)v == (int32_t)v;
            break;
        case TCG_QUICK_CODE64: v += (uintptr_t)code; break;
        case TCG_QUICK_PROGRAM64: v += (uintptr_t)anchor(); break;
        case TCG_QUICK_JUMP0:
        case TCG_QUICK_JUMP1: ok &= v == 0 && (uintptr_t)hole % DISPLACEMENT == 0; break;
        default: return false;
        }
        memcpy(hole, &v, width);
    }
    return ok;
}

// --- copying ---------------------------------------------------------------------------------------------

static uint8_t *copy_stencil(const Stencil *s, uint8_t *to, const Place *p)
{
    memcpy(to, stencil_code + s->code, s->size);
    const StencilHole *h = &stencil_holes[s->holes], *end = h + s->nb_holes;
    const uint64_t *ip = p->ip;
    for (; h < end; h++) {
        uint8_t *hole = to + h->at;
        uint32_t v;
        switch ((HoleKind)h->kind) {
        case HOLE_ADDR:
            v = 4 * (uint32_t)SLOT(h->index) + (uint32_t)h->addend;
            memcpy(hole, &v, 4);
            break;
        case HOLE_SLOT:
            v = SLOT(h->index) + (uint32_t)h->addend;
            memcpy(hole, &v, 4);
            break;
        case HOLE_S32:
            v = (uint32_t)IMM32(h->index) + (uint32_t)h->addend;
            memcpy(hole, &v, 4);
            break;
        case HOLE_IMM64: {
            uint64_t v64 = IMM64(h->index) + (uint64_t)(int64_t)h->addend;
            memcpy(hole, &v64, 8);
            add_word(p->q, p->block, hole, v64, p->row);
            break;
        }
        case HOLE_NEXT_REL: put_rel(hole, to + s->size + h->addend); break;
        case HOLE_JUMP_REL: put_rel(hole, p->block + p->jump + h->addend); break;
        case HOLE_CALL_REL:
            add_rel(p, hole, (void *)(uintptr_t)IMM64(2));
            put_rel(hole, (uint8_t *)(uintptr_t)IMM64(2) + h->addend);
            break;
        case HOLE_DATA_REL: put_rel(hole, p->data + h->addend); break;
        case HOLE_RODATA_REL:
            add_rel(p, hole, stencil_rodata);
            put_rel(hole, stencil_rodata + h->addend);
            break;
        case HOLE_EXTERN_REL:
            add_rel(p, hole, stencil_externs[h->index]);
            put_rel(hole, (uint8_t *)stencil_externs[h->index] + h->addend);
            break;
        }
    }
    return to + s->size;
}

// The end of an instruction that is run by its handler alone.
static INTERP_CC InterpResult interpreted(char *env, const uint64_t *ip, uint64_t acc)
{
    (void)env, (void)ip;
    return (InterpResult){acc, NULL};
}

static void copy_data(TCGQuick *q, const uint8_t *block, uint8_t *to, const QuickInsn *insn,
                      const uint64_t *ip)
{
    size_t n = words_of(insn->row, ip) * sizeof(uint64_t);
    memcpy(to, ip, n);
    uint64_t handler = (uint64_t)(uintptr_t)insn->row->handler;
    memcpy(to, &handler, sizeof(handler));
    bool ended = insn->stencil == interpret_stencil;
    if (ended) {
        uint64_t last = (uint64_t)(uintptr_t)interpreted;
        memcpy(to + n, &last, sizeof(last));
        n += sizeof(last);
    }
    add_data(q, block, to, n / sizeof(uint64_t), ended, insn->row);
}

static uint8_t *conditional_jump(uint8_t *to, unsigned condition, const uint8_t *target)
{
    to[0] = 0x0f;
    to[1] = (uint8_t)(0x80 + condition);
    put_rel(to + 2, target);
    return to + CONDITIONAL_JUMP;
}

// The jump in front of a goto_tb; ip: the instruction's words.
static uint8_t *emit_jump(TCGQuick *q, uint8_t *block, uint8_t *to, const uint64_t *ip)
{
    size_t padding = jump_padding((size_t)(to - block));
    unsigned slot = IMM64(1) == (uintptr_t)&q->code->jmp[1];
    if (padding) { // a nop with prefixes
        memset(to, 0x66, padding);
        to[padding - 1] = 0x90;
    }
    to += padding;
    *to++ = 0xe9; // jmp rel32
    memset(to, 0, DISPLACEMENT);
    if (to - block <= UINT16_MAX) {
        q->jumps.at[slot] = (uint16_t)(to - block);
        add_reloc(q, (size_t)(to - block), slot ? TCG_QUICK_JUMP1 : TCG_QUICK_JUMP0);
    }
    return to + DISPLACEMENT;
}

// Counts the entry (not atomically: two threads may lose a count).
static uint8_t *emit_count(TCGQuick *q, uint8_t *block, uint8_t *to, const uint8_t *hot)
{
    *to++ = 0xff; // dec r/m32
    *to++ = 0x0d; // its address: rip + disp32
    put_rel(to, q->code->counter);
    add_reloc(q, (size_t)(to - block), TCG_QUICK_COUNTER);
    enum { ZERO = 4 };
    return conditional_jump(to + 4, ZERO, hot);
}

void tcg_quick_emit(TCGQuick *q, void *at)
{
    uint8_t *block = at, *data = block + q->code_size, *to = block;
    // What the stencils at both ends have for words: the block, as an exit_tb has it.
    const uint64_t own[] = {0, (uintptr_t)q->code};
    Place ends = {.q = q, .block = block, .row = interp_row(IOP_EXIT_TB, 0), .ip = own};
    q->nb_relocs = 0;
    q->movable = !q->bound;
    q->jumps = (TCGQuickJumps){0};
    if (q->count) {
        const QuickInsn *last = &q->insns[q->nb_insns - 1];
        to = emit_count(q, block, to, block + last->code + last->stencil->size);
    }
    for (size_t i = 0; i < q->nb_insns; i++) {
        const QuickInsn *insn = &q->insns[i];
        const uint64_t *ip = &q->words[insn->word];
        Place p = {q, block, data + insn->data * sizeof(uint64_t), insn->row, ip, 0};
        const Stencil *s = insn->stencil;
        switch (insn->row->op) {
        case IOP_QUICK_CODE:
            memcpy(to, ip + 2, SLOT(0));
            to += SLOT(0);
            continue;
        case IOP_QUICK_JUMP:
            to = conditional_jump(to, SLOT(0),
                                  block + q->code_of_word[(int64_t)insn->word + IMM32(1)]);
            continue;
        case IOP_BR:
        case IOP_BRCOND_I32:
        case IOP_BRCOND_I64:
        case IOP_BRNZ_ENV32:
            p.jump = q->code_of_word[(int64_t)insn->word + branch_of(insn->row, ip)];
            break;
        default: break;
        }
        if (s->has_data) {
            copy_data(q, block, p.data, insn, ip);
        }
        if (insn->row->op == IOP_GOTO_TB) {
            to = emit_jump(q, block, to, ip);
        }
        to = copy_stencil(s, to, &p);
    }
    if (q->count) {
        ends.jump = COUNTING;
        to = copy_stencil(hot_stencil, to, &ends);
    }
    memset(to, 0xcc, (size_t)(data - to)); // int3
}

// --- called by stencils ------------------------------------------------------------------------------

void tcg_quick_record(TBTargets *targets, uint64_t pc) { tb_targets_record(targets, pc); }

typedef uintptr_t BackEntry(void *env, const TCGCode *code, void *back);

uintptr_t tcg_quick_hot(void *env, const TCGCode *code, void *back)
{
    void (*hot)(void *, const TCGCode *) = code->hot;
    if (hot) {
        hot(env, code);
    }
    __attribute__((musttail)) return ((BackEntry *)back)(env, code, NULL);
}

uint64_t tcg_quick_interpret(char *env, const uint64_t *ip, uint64_t acc)
{
    return (*(InterpHandler *const *)ip)(env, ip, acc).value;
}

// --- start ---------------------------------------------------------------------------------------------

bool tcg_quick_init(const void *base, size_t size)
{
    range = (struct Range){(uintptr_t)base, (uintptr_t)base + size};
    interp_row(0, 0); // registers the rows
    hot_stencil = find_stencil("quick_hot");
    interpret_stencil = find_stencil("quick_interpret");
    bool ok = reaches(stencil_rodata) && reaches(stencil_rodata + sizeof(stencil_rodata));
    for (size_t i = 0; i < G_N_ELEMENTS(stencil_externs); i++) {
        ok &= reaches(stencil_externs[i]);
    }
    return ok && hot_stencil && interpret_stencil;
}

void tcg_quick_foreach_form(TCGQuickForm *fn, void *opaque)
{
    for (unsigned op = 0; op < IOP_COUNT; op++) {
        for (unsigned sub = 0; sub < INTERP_MAX_SUB; sub++) {
            const InterpRow *row = interp_row(op, sub);
            if (row && !is_native(row)) {
                const Stencil *s = find_form(row, -1, false);
                fn(opaque, row->name, s ? s->size : 0);
            }
        }
    }
}

#else // no stencils for this host

bool tcg_quick_init(const void *base, size_t size)
{
    (void)base, (void)size;
    return false;
}
TCGQuick *tcg_quick_new(void) { return NULL; }
void tcg_quick_free(TCGQuick *q) { (void)q; }
size_t tcg_quick_prepare(TCGQuick *q, TCGContext *s, const TCGCode *code, bool count,
                         const TCGQuickJump *jump)
{
    (void)q, (void)code, (void)count, (void)jump;
    tcg_set_error(s, "there is no quick tier on this host");
    return 0;
}
void tcg_quick_emit(TCGQuick *q, void *at) { (void)q, (void)at; }
size_t tcg_quick_data_size(const TCGQuick *q)
{
    (void)q;
    return 0;
}
void tcg_quick_foreach_form(TCGQuickForm *fn, void *opaque) { (void)fn, (void)opaque; }
TCGQuickJumps tcg_quick_jumps(const TCGQuick *q)
{
    (void)q;
    return (TCGQuickJumps){0};
}
TCGQuickJumps tcg_quick_jumps_of(const TCGQuickReloc *relocs, unsigned n)
{
    (void)relocs, (void)n;
    return (TCGQuickJumps){0};
}
void tcg_quick_set_jump(void *block, unsigned at, const void *to)
{
    (void)block, (void)at, (void)to;
}
bool tcg_quick_relocs(const TCGQuick *q, const TCGQuickReloc **relocs, unsigned *n)
{
    (void)q;
    *relocs = NULL;
    *n = 0;
    return false;
}
void tcg_quick_unbind(uint8_t *copy, const void *at, const TCGCode *code,
                      const TCGQuickReloc *relocs, unsigned n)
{
    (void)copy, (void)at, (void)code, (void)relocs, (void)n;
}
bool tcg_quick_bind(void *at, size_t size, const TCGCode *code, const TCGQuickReloc *relocs,
                    unsigned n)
{
    (void)at, (void)size, (void)code, (void)relocs, (void)n;
    return false;
}

#endif
