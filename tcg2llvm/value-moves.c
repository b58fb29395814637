// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See value-moves.h.

#include "tcg2llvm/value-moves.h"

#include <Zydis/Zydis.h>

#if !defined(__x86_64__)
#error "decode this host's moves here"
#endif

typedef struct Insn {
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
} Insn;

// The place that an operand is; false when it is none.
static bool operand_place(const ZydisDecodedOperand *op, ValuePlace *place)
{
    if (op->type == ZYDIS_OPERAND_TYPE_MEMORY) {
        *place = (ValuePlace){PLACE_STACK, (uint8_t)ZydisRegisterGetId(op->mem.base),
                              (int32_t)op->mem.disp.value};
        return op->mem.index == ZYDIS_REGISTER_NONE &&
               (op->mem.base == ZYDIS_REGISTER_RBP || op->mem.base == ZYDIS_REGISTER_RSP);
    }
    if (op->type != ZYDIS_OPERAND_TYPE_REGISTER) {
        return false;
    }
    ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64,
                                                           op->reg.value);
    ZydisRegisterClass class = ZydisRegisterGetClass(whole);
    *place = (ValuePlace){class == ZYDIS_REGCLASS_ZMM ? PLACE_VECTOR : PLACE_GENERAL,
                          (uint8_t)ZydisRegisterGetId(whole), 0};
    return class == ZYDIS_REGCLASS_GPR64 || class == ZYDIS_REGCLASS_ZMM;
}

static bool same_place(const ValuePlace *a, const ValuePlace *b)
{
    return a->kind == b->kind && a->reg == b->reg && a->offset == b->offset;
}

// Do they have a byte in common?
static bool overlap(const ValuePlace *a, unsigned a_size, const ValuePlace *b, unsigned b_size)
{
    return a->kind == b->kind && a->reg == b->reg &&
           (a->kind != PLACE_STACK ||
            (a->offset < b->offset + (int)b_size && b->offset < a->offset + (int)a_size));
}

static bool is_move(ZydisMnemonic mnemonic)
{
    switch (mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVAPS:
    case ZYDIS_MNEMONIC_MOVUPS:
    case ZYDIS_MNEMONIC_MOVAPD:
    case ZYDIS_MNEMONIC_MOVUPD:
    case ZYDIS_MNEMONIC_MOVDQA:
    case ZYDIS_MNEMONIC_MOVDQU:
    case ZYDIS_MNEMONIC_VMOVAPS:
    case ZYDIS_MNEMONIC_VMOVUPS:
    case ZYDIS_MNEMONIC_VMOVAPD:
    case ZYDIS_MNEMONIC_VMOVUPD:
    case ZYDIS_MNEMONIC_VMOVDQA:
    case ZYDIS_MNEMONIC_VMOVDQU:
    case ZYDIS_MNEMONIC_VMOVDQA32:
    case ZYDIS_MNEMONIC_VMOVDQA64:
    case ZYDIS_MNEMONIC_VMOVDQU32:
    case ZYDIS_MNEMONIC_VMOVDQU64: return true;
    default: return false;
    }
}

enum { MAX_INSNS = 32, MAX_HOLDERS = 8 };

// The value is in these places.
typedef struct Holders {
    ValuePlace place[MAX_HOLDERS];
    unsigned n;
} Holders;

static bool holds(const Holders *h, const ValuePlace *place)
{
    bool found = false;
    for (unsigned i = 0; i < h->n; i++) {
        found |= same_place(&h->place[i], place);
    }
    return found;
}

static void hold(Holders *h, const ValuePlace *place)
{
    if (h->n < MAX_HOLDERS && !holds(h, place)) {
        h->place[h->n++] = *place;
    }
}

// Does the instruction write the place, of so many bytes?
static bool writes(const Insn *i, const ValuePlace *place, unsigned size)
{
    for (unsigned k = 0; k < i->insn.operand_count; k++) {
        ValuePlace written;
        if ((i->op[k].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) &&
            operand_place(&i->op[k], &written) &&
            overlap(place, size, &written, i->op[k].size / 8)) {
            return true;
        }
    }
    return false;
}

// The places of h that the instruction leaves alone.
static Holders left(const Holders *h, const Insn *i, unsigned size)
{
    Holders now = {.n = 0};
    for (unsigned k = 0; k < h->n; k++) {
        if (!writes(i, &h->place[k], size)) {
            hold(&now, &h->place[k]);
        }
    }
    return now;
}

static bool copies(const Insn *i, unsigned size, ValuePlace *from, ValuePlace *to)
{
    return is_move(i->insn.mnemonic) && i->op[0].size >= size * 8 && operand_place(&i->op[0], to) &&
           operand_place(&i->op[1], from);
}

// The places behind the instruction, of those in front of it; or, `back`, the other way round.
static Holders across(const Holders *h, const Insn *i, unsigned size, bool back)
{
    ValuePlace from, to;
    Holders now = left(h, i, size);
    if (copies(i, size, &from, &to) && holds(h, back ? &to : &from)) {
        hold(&now, back ? &from : &to);
    }
    return now;
}

static unsigned decode(const uint8_t *code, size_t start, size_t end, Insn insns[MAX_INSNS])
{
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    unsigned n = 0;
    for (; start < end && n < MAX_INSNS; n++) {
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code + start, end - start,
                                                 &insns[n].insn, insns[n].op))) {
            return 0;
        }
        start += insns[n].insn.length;
    }
    return start == end ? n : 0;
}

// May it access the guest's memory?
static bool accesses(const Insn *i)
{
    for (unsigned k = 0; k < i->insn.operand_count; k++) {
        const ZydisDecodedOperand *op = &i->op[k];
        ValuePlace place;
        if (op->type == ZYDIS_OPERAND_TYPE_MEMORY && op->mem.type != ZYDIS_MEMOP_TYPE_AGEN &&
            op->mem.base != ZYDIS_REGISTER_RIP && !operand_place(op, &place)) {
            return true;
        }
    }
    return false;
}

unsigned value_trace(const uint8_t *code, size_t start, size_t end, unsigned size,
                     const ValuePlace *from, const ValuePlace *to, ValueStep steps[VALUE_MAX_STEPS])
{
    Insn insns[MAX_INSNS];
    Holders late[MAX_INSNS + 1]; // in front of each: those that lead to `to`
    unsigned n = decode(code, start, end, insns), n_steps = 0;
    late[n] = (Holders){.n = 0};
    if (to) {
        hold(&late[n], to);
    }
    for (unsigned i = n; i-- > 0;) {
        late[i] = across(&late[i + 1], &insns[i], size, true);
    }
    Holders early = {.place = {*from}, .n = 1}; // in front of each: where it has come
    bool lost = false;
    for (unsigned i = 0; i < n; i++) {
        Holders all = early;
        for (unsigned k = 0; k < late[i].n; k++) {
            hold(&all, &late[i].place[k]);
        }
        lost |= all.n == 0;
        if (lost && accesses(&insns[i])) {
            return 0;
        }
        start += insns[i].insn.length;
        if (!lost) {
            bool stays = n_steps > 0 && holds(&all, &steps[n_steps - 1].place);
            if (!stays && n_steps == VALUE_MAX_STEPS) {
                return 0;
            }
            n_steps += !stays;
            steps[n_steps - 1] = (ValueStep){start,
                                             stays ? steps[n_steps - 1].place : all.place[0]};
        }
        early = across(&early, &insns[i], size, false);
    }
    return n_steps;
}
