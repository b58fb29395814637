// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory for the quick tier's code in tests, near the program, and a block's way into it.

#ifndef TEST_QUICK_MEMORY_H
#define TEST_QUICK_MEMORY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <glib.h>

#include "tcg/quick.h"

enum { QUICK_MEMORY_SIZE = 64 << 20 };

// Never freed: tests keep what they made.  NULL when there is no more.
static inline void *quick_memory(size_t size)
{
    static uint8_t *base, *next;
    if (!base) {
        for (uintptr_t at = ((uintptr_t)&tcg_quick_init & ~(uintptr_t)0xfffff); !base;) {
            at -= QUICK_MEMORY_SIZE;
            void *got = mmap((void *)at, QUICK_MEMORY_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
            base = got == MAP_FAILED ? NULL : got;
        }
        next = base;
        if (!tcg_quick_init(base, QUICK_MEMORY_SIZE)) {
            fprintf(stderr, "no quick tier\n");
            exit(1);
        }
    }
    uint8_t *at = next;
    next += (size + 63) & ~(size_t)63;
    return next <= base + QUICK_MEMORY_SIZE ? at : NULL;
}

// What a block's code is when it has been kept for another process and comes back, to another place.  The old
// code is destroyed.  NULL: there is no more memory, or the code cannot be moved.
static inline void *quick_move(const TCGQuick *q, uint8_t *at, size_t size, const TCGCode *from,
                               const TCGCode *to)
{
    const TCGQuickReloc *relocs;
    unsigned n;
    uint8_t *place = tcg_quick_relocs(q, &relocs, &n) ? quick_memory(size) : NULL;
    if (!place) {
        return NULL;
    }
    uint8_t *copy = malloc(size);
    memcpy(copy, at, size);
    tcg_quick_unbind(copy, at, from, relocs, n);
    memset(at, 0xcc, size);
    memcpy(place, copy, size);
    free(copy);
    return tcg_quick_bind(place, size, to, relocs, n) ? place : NULL;
}

// Code that was made under precise state.
typedef struct QuickPrecise {
    const uint8_t *code;
    size_t size;
    void *notes;
    size_t notes_size;
} QuickPrecise;

static inline GArray *quick_precise(void)
{
    static GArray *all;
    all = all ? all : g_array_new(false, false, sizeof(QuickPrecise));
    return all;
}

// In a handler of a fault: what such code had in the host's registers goes to env, and its pc to *pc.
static inline void quick_recover(const ucontext_t *uc, void *env, uint64_t *pc)
{
#if defined(__x86_64__)
    static const uint8_t order[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                    REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                    REG_R12, REG_R13, REG_R14, REG_R15};
    const uint8_t *at = (const uint8_t *)(uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
    uint64_t regs[16];
    for (unsigned i = 0; i < 16; i++) {
        regs[i] = (uint64_t)uc->uc_mcontext.gregs[order[i]];
    }
    for (unsigned i = 0; i < quick_precise()->len; i++) {
        const QuickPrecise *p = &g_array_index(quick_precise(), QuickPrecise, i);
        if ((size_t)(at - p->code) < p->size) {
            tcg_quick_recover(p->notes, p->notes_size, (size_t)(at - p->code), regs, env, pc);
        }
    }
#else // no quick tier
    (void)uc, (void)env, (void)pc;
#endif
}

// Compiles the block in s, and moves it, as the persistent cache does; code->entry is then its own.  Gives the size, 0
// when it cannot be done.
static inline size_t quick_compile(TCGContext *s, TCGCode *code, bool count)
{
    static TCGQuick *q;
    quick_memory(0);
    q = q ? q : tcg_quick_new();
    if (count) {
        code->counter = quick_memory(sizeof(*code->counter));
    }
    size_t size = tcg_quick_prepare(q, s, code, count ? 0 : TCG_QUICK_UNCOUNTED, NULL);
    void *at = size ? quick_memory(size) : NULL;
    if (!at) {
        return 0;
    }
    tcg_quick_emit(q, at);
    void *moved = quick_move(q, at, size, code, code);
    if (!moved) {
        tcg_quick_emit(q, at);
    }
    at = moved ? moved : at;
    atomic_store(&code->entry, (TCGEntry *)at);
    if (s->precise) {
        size_t notes_size = tcg_quick_notes_size(q);
        QuickPrecise p = {at, size, malloc(notes_size), notes_size};
        if (notes_size) {
            tcg_quick_notes(q, p.notes);
        }
        g_array_append_val(quick_precise(), p);
    }
    return size;
}

#endif
