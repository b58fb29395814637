// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark kernel: loads and stores. A sieve (bytes in order), a heap sort (words in a pattern that
// depends on the data), a hash table and a walk along a shuffled list (words out of order).
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIEVE = 1 << 18, SORT = 1 << 15, TABLE = 1 << 15, LIST = 1 << 16 };

static uint8_t composite[SIEVE];
static uint32_t heap[SORT];
static uint64_t table[TABLE];
static uint32_t next[LIST];

static uint32_t seed = 1;

static uint32_t draw(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 3;
}

static uint32_t count_primes(void)
{
    uint32_t count = 0;
    memset(composite, 0, sizeof composite);
    for (uint32_t i = 2; i < SIEVE; i++) {
        if (composite[i])
            continue;
        count++;
        for (uint64_t j = (uint64_t)i * i; j < SIEVE; j += i)
            composite[j] = 1;
    }
    return count;
}

static void sift(uint32_t root, uint32_t end)
{
    uint32_t value = heap[root];
    for (;;) {
        uint32_t child = 2 * root + 1;
        if (child >= end)
            break;
        if (child + 1 < end && heap[child + 1] > heap[child])
            child++;
        if (heap[child] <= value)
            break;
        heap[root] = heap[child];
        root = child;
    }
    heap[root] = value;
}

static uint32_t sort(void)
{
    for (uint32_t i = 0; i < SORT; i++)
        heap[i] = draw();
    for (uint32_t i = SORT / 2; i-- > 0;)
        sift(i, SORT);
    for (uint32_t end = SORT - 1; end > 0; end--) {
        uint32_t top = heap[0];
        heap[0] = heap[end];
        heap[end] = top;
        sift(0, end);
    }
    return heap[SORT / 3] ^ heap[SORT / 2];
}

static uint64_t probe(void)
{
    uint64_t found = 0;
    memset(table, 0, sizeof table);
    for (uint32_t i = 0; i < TABLE / 2; i++) {
        uint64_t key = draw() % 40000 + 1;
        uint32_t at = (uint32_t)(key * 0x9e3779b97f4a7c15 >> 49);
        while (table[at] && table[at] >> 32 != key)
            at = (at + 1) % TABLE;
        found += table[at] & 0xffffffff;
        table[at] = key << 32 | ((table[at] + 1) & 0xffffffff);
    }
    return found;
}

static uint32_t walk(void)
{
    for (uint32_t i = 0; i < LIST; i++)
        next[i] = i;
    for (uint32_t i = LIST - 1; i > 0; i--) { // Sattolo: one cycle through all
        uint32_t j = draw() % i, other = next[i];
        next[i] = next[j];
        next[j] = other;
    }
    uint32_t at = 0;
    for (uint32_t i = 0; i < 3 * LIST / 2; i++)
        at = next[at];
    return at;
}

int main(int argc, char **argv)
{
    long n = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
    uint64_t sum = 0;
    for (long i = 0; i < n; i++)
        sum = sum * 31 + count_primes() + sort() + probe() + walk();
    printf("%llx\n", (unsigned long long)sum);
    return 0;
}
