// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A library of hooks on accesses alone: a table of counts by kind and size, sums of values of at most 8 bytes.
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

enum { KINDS = 4, SIZES = 5 };
static uint64_t counts[KINDS][SIZES], sums[KINDS], last;
static uint64_t *volatile place = &last;

static void note(unsigned kind, uint64_t pc, uint64_t addr, uint32_t size, uint64_t value)
{
    counts[kind][__builtin_ctz(size)] += pc && addr;
    sums[kind] += size <= 8 ? value : 0;
    if (place == &last) { // a comparison with the address itself
        *place = pc;
    }
}

void on_load(uint64_t pc, uint64_t addr, uint32_t size) { note(0, pc, addr, size, 0); }
void on_store(uint64_t pc, uint64_t addr, uint32_t size) { note(1, pc, addr, size, 0); }
void on_load_value(uint64_t pc, uint64_t addr, uint32_t size, uint64_t value)
{
    note(2, pc, addr, size, value);
}
void on_store_value(uint64_t pc, uint64_t addr, uint32_t size, uint64_t value)
{
    note(3, pc, addr, size, value);
}
void on_exit(void)
{
    for (uint64_t *at = counts[0], *end = at + KINDS * SIZES; at != end; at++) {
        fprintf(stderr, "%" PRIu64 " ", *at);
    }
    for (uint64_t *at = sums; at != sums + KINDS; at++) {
        fprintf(stderr, "%" PRIu64 "%c", *at, at == sums + KINDS - 1 ? '\n' : ' ');
    }
}
