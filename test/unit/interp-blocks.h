// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What test_interp.c and test_interp_mem.c share: two blocks, a piece of guest memory, and a look at the
// bytecode.

#ifndef TEST_INTERP_BLOCKS_H
#define TEST_INTERP_BLOCKS_H

#include "interp-harness.h"

static TestBlock one, two __attribute__((unused));
static _Alignas(64) uint8_t memory[4096];

static inline TCGv_i64 g(unsigned n) { return tcg_global_i64(G0 + n); }
static inline uint64_t at(unsigned offset) { return (uint64_t)(uintptr_t)memory + offset; }
static inline TCGv_i64 k64(uint64_t v) { return tcg_constant_i64((int64_t)v); }

static int setup(void **state)
{
    (void)state;
    memset(&env, 0, sizeof(env));
    memset(&one.code, 0, sizeof(one.code));
    memset(&two.code, 0, sizeof(two.code));
    for (unsigned i = 0; i < sizeof(memory); i++) {
        memory[i] = (uint8_t)(i * 7 + 1);
    }
    test_context_start();
    return 0;
}

// How often a handler stands in the bytecode: tells whether something was folded.
static inline unsigned count_insns(const TestBlock *b, const char *name)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    tcg_interp_dump(b->bytecode, b->size, f);
    fclose(f);
    unsigned n = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char *word = line + 8;
        n += *name == '\0' || (strncmp(word, name, strlen(name)) == 0 && word[strlen(name)] == ' ');
    }
    free(text);
    return n;
}

#endif
