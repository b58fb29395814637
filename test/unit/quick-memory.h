// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory for the quick tier's code in tests, near the program, and a block's way into it.

#ifndef TEST_QUICK_MEMORY_H
#define TEST_QUICK_MEMORY_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

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

// Compiles the block in s; code->entry is then its own.  Gives the size, 0 when it cannot be done.
static inline size_t quick_compile(TCGContext *s, TCGCode *code, bool count)
{
    static TCGQuick *q;
    quick_memory(0);
    q = q ? q : tcg_quick_new();
    size_t size = tcg_quick_prepare(q, s, code, count, NULL);
    void *at = size ? quick_memory(size) : NULL;
    if (!at) {
        return 0;
    }
    tcg_quick_emit(q, at);
    atomic_store(&code->entry, (TCGEntry *)at);
    return size;
}

#endif
