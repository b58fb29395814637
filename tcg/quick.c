// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stencils chosen, copied and patched.  See quick.h.

#include "quick.h"

#include <pthread.h>

#include "interp-encode.h"
#include "quick-leave.h"
#include "quick-state.h"

#if TCG_HAVE_STENCILS

#include "stencil.h"
#include "stencils.inc"

enum {
    MAX_WORDS = 1 << 17, // of bytecode
    NB_CONSTS = 64,      // constants that stencils are specialised for
    NB_FIELDS = 64 * 64, // and bit fields, offset + 64 * length
    DATA_ALIGN = 16,
    NO_SLOT = -1,
};

// What stands in the code for an instruction of the bytecode.
typedef enum QuickKind {
    QUICK_STENCIL,
    QUICK_CODE,             // native code
    QUICK_CONDITION,        // a conditional jump
    QUICK_CONDITION_DIRECT, // the same, to another block
    QUICK_DIRECT,           // a jump to another block
    QUICK_LEAVE,            // a way out
    QUICK_INDIRECT,         // an indirect jump
} QuickKind;
typedef struct QuickInsn {
    const Stencil *stencil;
    const InterpRow *row;
    uint8_t kind;  // QuickKind
    int8_t slot;   // that the block is left through; NO_SLOT
    bool alone;    // has a slot, but no jump of its own: a conditional one leads here
    bool again;    // has a slot that has had its jump
    bool call;     // has a slot, and is a guest call
    uint32_t word; // of the bytecode
    uint32_t data; // offset of its data, when it has any
} QuickInsn;

struct TCGQuick {
    const TCGCode *code;
    bool count;
    size_t nb_insns, code_size, data_size;
    size_t notes_size; // under precise state
    QuickNotes *notes;
    uint64_t *words; // MAX_WORDS each; touched as far as blocks reach
    QuickInsn *insns, *cold;
    uint32_t *code_of_word; // offset of the instruction's code
    uint32_t hot_at;        // and of what happens when the count runs out
    bool movable;           // relocs are all that binds the code to this process
    bool bound;             // native code holds an address of it
    unsigned nb_relocs;
    TCGQuickReloc relocs[TCG_QUICK_MAX_RELOCS];
    uint32_t slow[2]; // offsets of the ways through the slots
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

// All that code reaches from outside is in this program's own file, whose parts keep their distances (quick-reloc.c).
extern const char __executable_start[], _end[];

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
    q->notes = quick_notes_new();
    q->words = g_new(uint64_t, MAX_WORDS);
    q->insns = g_new(QuickInsn, MAX_WORDS);
    q->cold = g_new(QuickInsn, MAX_WORDS);
    q->code_of_word = g_new(uint32_t, MAX_WORDS);
    return q;
}

void tcg_quick_free(TCGQuick *q)
{
    if (q) {
        quick_notes_free(q->notes);
        g_free(q->words);
        g_free(q->insns);
        g_free(q->cold);
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

// A goto_tb is a direct jump, at first to the goto_tb's stencil, which is the way through the slot.  Its displacement is
// aligned: it is changed while other threads run it.
enum { DIRECT_JUMP = 5, DISPLACEMENT = 4 };
enum {
    CONDITIONAL_JUMP = 6,
    COUNT = 6, // dec dword [rip + displacement]
    COUNTING = COUNT + CONDITIONAL_JUMP,
};

// In front of a jump of so many bytes, whose displacement is the last of it.
static size_t jump_padding(size_t at, size_t jump) { return -(at + jump - DISPLACEMENT) & 3; }

static unsigned words_of(const InterpRow *row, const uint64_t *ip)
{
    return row->words ? row->words : SLOT(1);
}

static QuickKind kind_of(const InterpRow *row)
{
    return row->op == IOP_QUICK_CODE       ? QUICK_CODE
           : row->op == IOP_QUICK_JUMP     ? QUICK_CONDITION
           : row->op == IOP_QUICK_LEAVE    ? QUICK_LEAVE
           : row->op == IOP_QUICK_INDIRECT ? QUICK_INDIRECT
                                           : QUICK_STENCIL;
}

// What the encoder made no stencil's instruction of; see quick-native.c.
static bool is_native(const InterpRow *row) { return kind_of(row) != QUICK_STENCIL; }

// Where an instruction branches to, in words from its start; 0: it does not.
static int32_t branch_of(const InterpRow *row, const uint64_t *ip)
{
    switch (row->op) {
    case IOP_BRCOND_I32:
    case IOP_BRCOND_I64: return row->sub & FORM_IMM ? (int16_t)SLOT(1) : IMM32(1);
    case IOP_BR:
    case IOP_BRNZ_ENV32:
    case IOP_QUICK_JUMP: return IMM32(1);
    default: return 0;
    }
}

// Through which the instruction leaves the block.
static int slot_of_insn(const TCGQuick *q, const InterpRow *row, const uint64_t *ip)
{
    switch (row->op) {
    case IOP_GOTO_TB: return IMM64(1) == (uintptr_t)&q->code->jmp[1];
    case IOP_QUICK_LEAVE: return IMM32(0) == QUICK_LEAVE_REQUESTED ? NO_SLOT : IMM32(0);
    default: return NO_SLOT;
    }
}

static bool goes_on(const InterpRow *row)
{
    return row->op != IOP_EXIT_TB && row->op != IOP_GOTO_PTR && row->op != IOP_BR &&
           row->op != IOP_QUICK_LEAVE && row->op != IOP_QUICK_INDIRECT;
}

// The instructions in the order of the bytecode; how many.
static size_t choose_forms(TCGQuick *q, size_t words)
{
    size_t n = 0, data = 0;
    bool seen[2] = {false, false};
    for (size_t w = 0; w < words;) {
        const uint64_t *ip = &q->words[w];
        const InterpRow *row = (const InterpRow *)(uintptr_t)(ip[0] & ~ROW_UNSTORED);
        QuickInsn *insn = &q->insns[n++];
        *insn = (QuickInsn){.row = row,
                            .kind = (uint8_t)kind_of(row),
                            .slot = (int8_t)slot_of_insn(q, row, ip),
                            .word = (uint32_t)w,
                            .data = (uint32_t)data};
        q->code_of_word[w] = 0;
        unsigned size = words_of(row, ip);
        if (insn->slot != NO_SLOT) {
            insn->again = seen[insn->slot];
            seen[insn->slot] = true;
            insn->call = row->op == IOP_QUICK_LEAVE && IMM32(1);
        }
        if (insn->kind == QUICK_STENCIL) {
            insn->stencil = form_of(row, ip, ip[0] & ROW_UNSTORED);
            data += insn->stencil->has_data ? size + (insn->stencil == interpret_stencil) : 0;
        }
        w += size;
    }
    q->data_size = data * sizeof(uint64_t);
    return n;
}

// A way through a slot to which one conditional jump leads and nothing else: that jump is the direct one.
static void find_direct(TCGQuick *q, size_t n)
{
    enum { ALONE = UINT32_MAX };
    uint32_t *count = q->code_of_word;
    for (size_t i = 0; i < n; i++) {
        const QuickInsn *insn = &q->insns[i];
        int32_t to = branch_of(insn->row, &q->words[insn->word]);
        if (to) {
            count[(int64_t)insn->word + to] += insn->kind == QUICK_CONDITION ? 1 : 2;
        }
    }
    for (size_t i = 1; i < n; i++) {
        QuickInsn *insn = &q->insns[i];
        insn->alone = insn->slot != NO_SLOT && !insn->again && !insn->call && count[insn->word] == 1 &&
                      !goes_on(q->insns[i - 1].row);
        count[insn->word] = insn->alone ? ALONE : count[insn->word];
    }
    for (size_t i = 0; i < n; i++) {
        QuickInsn *insn = &q->insns[i];
        if (insn->kind == QUICK_CONDITION &&
            count[(int64_t)insn->word + branch_of(insn->row, &q->words[insn->word])] == ALONE) {
            insn->kind = QUICK_CONDITION_DIRECT;
        }
    }
}

// What runs only before a jump is made direct goes to the end, out of the cache lines that are run.
static void order(TCGQuick *q, size_t n)
{
    size_t hot = 0, nb_cold = 0;
    bool cold = false, reached = true; // from the instruction before
    for (size_t i = 0; i < n; i++) {
        QuickInsn insn = q->insns[i];
        if (insn.slot != NO_SLOT && !insn.again) {
            if (!insn.alone) {
                q->insns[hot] = insn;
                q->insns[hot++].kind = QUICK_DIRECT;
            }
            cold = true;
        } else if (insn.kind == QUICK_LEAVE && !reached) {
            cold = true;
        }
        if (cold) {
            q->cold[nb_cold++] = insn;
        } else {
            q->insns[hot++] = insn;
        }
        reached = goes_on(insn.row);
        cold &= reached;
    }
    memcpy(q->insns + hot, q->cold, nb_cold * sizeof(*q->cold));
    q->nb_insns = hot + nb_cold;
}

static QuickIndirect indirect_of(const uint64_t *ip)
{
    return (QuickIndirect){(QuickIndirectKind)SLOT(0), (int16_t)SLOT(1), IMM32(1), IMM64(2)};
}

// Gives each its place.
static size_t place_code(TCGQuick *q)
{
    size_t at = q->count ? COUNTING : 0;
    q->jumps = (TCGQuickJumps){0};
    for (size_t i = 0; i < q->nb_insns; i++) {
        const QuickInsn *insn = &q->insns[i];
        const uint64_t *ip = &q->words[insn->word];
        bool through_slot = insn->slot != NO_SLOT && insn->kind != QUICK_DIRECT && !insn->again;
        if (through_slot) {
            q->slow[insn->slot] = (uint32_t)at;
            q->jumps.slow[insn->slot] = (uint16_t)(at <= UINT16_MAX ? at : 0);
        }
        if (!through_slot || insn->alone) {
            q->code_of_word[insn->word] = (uint32_t)at;
        }
        switch ((QuickKind)insn->kind) {
        case QUICK_STENCIL: at += insn->stencil->size; break;
        case QUICK_CODE: at += SLOT(0); break;
        case QUICK_CONDITION: at += CONDITIONAL_JUMP; break;
        case QUICK_CONDITION_DIRECT:
            at += jump_padding(at, CONDITIONAL_JUMP) + CONDITIONAL_JUMP;
            break;
        case QUICK_DIRECT: at += jump_padding(at, DIRECT_JUMP) + DIRECT_JUMP; break;
        case QUICK_LEAVE: at += quick_leave_size(IMM64(2)); break;
        case QUICK_INDIRECT: {
            QuickIndirect jump = indirect_of(ip);
            at += quick_indirect_size(&jump);
            break;
        }
        }
    }
    q->hot_at = (uint32_t)at;
    return at + (q->count ? hot_stencil->size : 0);
}

void tcg_quick_set_lookup(const TCGQuickJump *jump) { quick_leave_set_jump(jump); }

size_t tcg_quick_prepare(TCGQuick *q, TCGContext *s, const TCGCode *code, unsigned count_from,
                         const TCGQuickJump *jump)
{
    bool notes_targets = count_from != TCG_QUICK_UNCOUNTED;
    const QuickTarget target = {reaches, jump, notes_targets, is_bound, &q->bound, q->notes};
    size_t size = encode_bytecode(s, code, q->words, MAX_WORDS * sizeof(uint64_t), &target);
    q->code = code;
    if (jump) {
        quick_leave_set_jump(jump);
    }
    size_t n = choose_forms(q, size / sizeof(uint64_t));
    find_direct(q, n);
    order(q, n);
    q->count = tcg_quick_heavy_ops(q) >= count_from;
    q->code_size = (place_code(q) + DATA_ALIGN - 1) & ~(size_t)(DATA_ALIGN - 1);
    q->notes_size = s->precise ? quick_notes_size(q->notes) : 0;
    return n ? q->code_size + q->data_size : 0;
}

static bool is_heavy(const InterpRow *row)
{
    switch (row->op) {
    case IOP_QUICK_CALL:
    case IOP_CALL_FFI:
    case IOP_CALL_INT: return true;
    default:
        return row->op < TCG_OP_COUNT &&
               (tcg_op_defs[row->op].flags & (TCG_OPF_FP | TCG_OPF_VECTOR));
    }
}

unsigned tcg_quick_heavy_ops(const TCGQuick *q)
{
    unsigned n = 0;
    for (size_t i = 0; i < q->nb_insns; i++) {
        n += is_heavy(q->insns[i].row);
    }
    return n;
}

size_t tcg_quick_data_size(const TCGQuick *q) { return q->data_size; }

size_t tcg_quick_notes_size(const TCGQuick *q) { return q->notes_size; }
void tcg_quick_notes(const TCGQuick *q, void *to)
{
    quick_notes_write(q->notes, q->code_of_word, to);
}

// --- emitting --------------------------------------------------------------------------------------------

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

// A slot's jump to another block, of `size` bytes; `jump` has its opcode.
static uint8_t *emit_direct(TCGQuick *q, uint8_t *block, uint8_t *to, const uint8_t *jump,
                            size_t size, unsigned slot)
{
    size_t padding = jump_padding((size_t)(to - block), size);
    if (padding) { // a nop with prefixes
        memset(to, 0x66, padding);
        to[padding - 1] = 0x90;
    }
    to += padding;
    memcpy(to, jump, size - DISPLACEMENT);
    to += size - DISPLACEMENT;
    put_rel(to, block + q->slow[slot]);
    size_t at = (size_t)(to - block);
    if (at <= UINT16_MAX && q->jumps.slow[slot]) {
        q->jumps.at[slot] = (uint16_t)at;
        add_reloc(q, at, slot ? TCG_QUICK_JUMP1 : TCG_QUICK_JUMP0);
        add_reloc(q, q->jumps.slow[slot], slot ? TCG_QUICK_SLOW1 : TCG_QUICK_SLOW0);
    }
    return to + DISPLACEMENT;
}

static uint8_t *emit_leave(const Place *p, uint8_t *to)
{
    const uint64_t *ip = p->ip;
    QuickLeaveHoles holes;
    const void *leave;
    uint8_t *end = quick_leave_emit(to, (unsigned)IMM32(0), IMM64(2), p->q->code, &holes, &leave);
    add_reloc(p->q, (size_t)(to - p->block) + holes.code, TCG_QUICK_CODE64);
    add_rel(p, to + holes.jump, leave);
    return end;
}

static uint8_t *emit_indirect(const Place *p, uint8_t *to)
{
    const uint64_t *ip = p->ip;
    unsigned hole;
    const void *leads_to;
    const QuickIndirect jump = indirect_of(ip);
    uint8_t *end = quick_indirect_emit(to, &jump, &hole, &leads_to);
    add_rel(p, to + hole, leads_to);
    return end;
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
    q->jumps.at[0] = q->jumps.at[1] = 0;
    if (q->count) {
        to = emit_count(q, block, to, block + q->hot_at);
    }
    for (size_t i = 0; i < q->nb_insns; i++) {
        const QuickInsn *insn = &q->insns[i];
        const uint64_t *ip = &q->words[insn->word];
        int64_t target = (int64_t)insn->word + branch_of(insn->row, ip);
        Place p = {q, block, data + insn->data * sizeof(uint64_t), insn->row, ip, 0};
        const Stencil *s = insn->stencil;
        switch ((QuickKind)insn->kind) {
        case QUICK_CODE: to = mempcpy(to, ip + 2, SLOT(0)); break;
        case QUICK_CONDITION:
            to = conditional_jump(to, SLOT(0), block + q->code_of_word[target]);
            break;
        case QUICK_CONDITION_DIRECT: {
            const uint8_t jump[] = {0x0f, (uint8_t)(0x80 + SLOT(0))};
            const uint64_t *way = &q->words[target];
            const InterpRow *row = (const InterpRow *)(uintptr_t)(way[0] & ~ROW_UNSTORED);
            to = emit_direct(q, block, to, jump, CONDITIONAL_JUMP,
                             (unsigned)slot_of_insn(q, row, way));
            break;
        }
        case QUICK_DIRECT:
            to = emit_direct(q, block, to, &(uint8_t){insn->call ? 0xe8 : 0xe9}, DIRECT_JUMP,
                             (unsigned)insn->slot);
            break;
        case QUICK_LEAVE: to = emit_leave(&p, to); break;
        case QUICK_INDIRECT: to = emit_indirect(&p, to); break;
        case QUICK_STENCIL:
            p.jump = target == insn->word ? 0 : q->code_of_word[target];
            if (s->has_data) {
                copy_data(q, block, p.data, insn, ip);
            }
            to = copy_stencil(s, to, &p);
            break;
        }
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
size_t tcg_quick_prepare(TCGQuick *q, TCGContext *s, const TCGCode *code, unsigned count_from,
                         const TCGQuickJump *jump)
{
    (void)q, (void)code, (void)count_from, (void)jump;
    tcg_set_error(s, "there is no quick tier on this host");
    return 0;
}
void tcg_quick_emit(TCGQuick *q, void *at) { (void)q, (void)at; }
void tcg_quick_set_lookup(const TCGQuickJump *jump) { (void)jump; }
unsigned tcg_quick_heavy_ops(const TCGQuick *q)
{
    (void)q;
    return 0;
}
size_t tcg_quick_data_size(const TCGQuick *q)
{
    (void)q;
    return 0;
}
size_t tcg_quick_notes_size(const TCGQuick *q)
{
    (void)q;
    return 0;
}
void tcg_quick_notes(const TCGQuick *q, void *to) { (void)q, (void)to; }
void tcg_quick_foreach_form(TCGQuickForm *fn, void *opaque) { (void)fn, (void)opaque; }
TCGQuickJumps tcg_quick_jumps(const TCGQuick *q)
{
    (void)q;
    return (TCGQuickJumps){0};
}
bool tcg_quick_relocs(const TCGQuick *q, const TCGQuickReloc **relocs, unsigned *n)
{
    (void)q;
    *relocs = NULL;
    *n = 0;
    return false;
}

#endif
