// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is done to the quick tier's code after it was made: its direct jumps are changed, and it is kept for other processes.

#include <stdatomic.h>
#include <string.h>

#include "quick.h"

enum { DISPLACEMENT = 4 };

// Of what kept code reaches in the program, distances from here are kept.
extern const char __executable_start[];

static inline uintptr_t anchor(void) { return (uintptr_t)__executable_start; }

TCGQuickJumps tcg_quick_jumps_of(const TCGQuickReloc *relocs, unsigned n)
{
    TCGQuickJumps jumps = {0};
    for (unsigned i = 0; i < n; i++) {
        uint16_t at = relocs[i].at;
        switch (relocs[i].kind) {
        case TCG_QUICK_JUMP0: jumps.at[0] = at; break;
        case TCG_QUICK_JUMP1: jumps.at[1] = at; break;
        case TCG_QUICK_SLOW0: jumps.slow[0] = at; break;
        case TCG_QUICK_SLOW1: jumps.slow[1] = at; break;
        default: break;
        }
    }
    return jumps;
}

void tcg_quick_set_jump(void *block, const TCGQuickJumps *jumps, unsigned slot, const void *to)
{
    uint8_t *displacement = (uint8_t *)block + jumps->at[slot];
    const uint8_t *target = to ? to : (uint8_t *)block + jumps->slow[slot];
    intptr_t rel = target - (displacement + DISPLACEMENT);
    atomic_store_explicit((_Atomic int32_t *)(void *)displacement, (int32_t)rel,
                          memory_order_release);
}

static size_t reloc_width(const TCGQuickReloc *r)
{
    switch (r->kind) {
    case TCG_QUICK_CODE64:
    case TCG_QUICK_PROGRAM64: return 8;
    case TCG_QUICK_SLOW0:
    case TCG_QUICK_SLOW1: return 0;
    default: return 4;
    }
}

static uint64_t get(const uint8_t *at, size_t size)
{
    int32_t v32;
    uint64_t v;
    switch (size) {
    case 0: return 0;
    case sizeof(v32): memcpy(&v32, at, sizeof(v32)); return (uint64_t)(int64_t)v32;
    default: memcpy(&v, at, sizeof(v)); return v;
    }
}

void tcg_quick_unbind(uint8_t *copy, const void *at, const TCGCode *code,
                      const TCGQuickReloc *relocs, unsigned n)
{
    const TCGQuickJumps jumps = tcg_quick_jumps_of(relocs, n);
    for (unsigned i = 0; i < n; i++) {
        uint8_t *hole = copy + relocs[i].at;
        size_t size = reloc_width(&relocs[i]);
        uint64_t v = get(hole, size);
        switch ((TCGQuickRelocKind)relocs[i].kind) {
        case TCG_QUICK_REL32: v += (uintptr_t)at + relocs[i].at + 4 - anchor(); break;
        case TCG_QUICK_CODE64: v -= (uintptr_t)code; break;
        case TCG_QUICK_PROGRAM64: v -= anchor(); break;
        case TCG_QUICK_COUNTER: v = 0; break;
        case TCG_QUICK_JUMP0:
        case TCG_QUICK_JUMP1:
            v = jumps.slow[relocs[i].kind - TCG_QUICK_JUMP0] - (uint64_t)(relocs[i].at + 4);
            break;
        case TCG_QUICK_SLOW0:
        case TCG_QUICK_SLOW1: break;
        }
        memcpy(hole, &v, size);
    }
}

bool tcg_quick_bind(void *at, size_t size, const TCGCode *code, const TCGQuickReloc *relocs,
                    unsigned n)
{
    const TCGQuickJumps jumps = tcg_quick_jumps_of(relocs, n);
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
            v += anchor() - (uintptr_t)(hole + 4);
            ok &= (int64_t)v == (int32_t)v;
            break;
        case TCG_QUICK_COUNTER:
            ok &= v == 0;
            v = (uintptr_t)code->counter - (uintptr_t)(hole + 4);
            ok &= (int64_t)v == (int32_t)v;
            break;
        case TCG_QUICK_CODE64: v += (uintptr_t)code; break;
        case TCG_QUICK_PROGRAM64: v += anchor(); break;
        case TCG_QUICK_JUMP0:
        case TCG_QUICK_JUMP1:
            ok &= (uintptr_t)hole % DISPLACEMENT == 0 &&
                  v == jumps.slow[relocs[i].kind - TCG_QUICK_JUMP0] - (uint64_t)(relocs[i].at + 4);
            break;
        case TCG_QUICK_SLOW0:
        case TCG_QUICK_SLOW1: break;
        default: return false;
        }
        memcpy(hole, &v, width);
    }
    return ok;
}
