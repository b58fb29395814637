// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark kernel: the latency of memory. A walk along a list that is shuffled through 16 MiB, and one that fits
// into the first cache: each load's address is the load before.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { FAR = 1 << 22, NEAR = 1 << 12 };

static uint32_t far[FAR], near[NEAR];
static uint32_t seed = 1;

// Sattolo: one cycle through all.
static void shuffle(uint32_t *next, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        next[i] = i;
    for (uint32_t i = size - 1; i > 0; i--) {
        seed = seed * 1664525 + 1013904223;
        uint32_t j = (uint32_t)((uint64_t)seed * i >> 32), other = next[i];
        next[i] = next[j];
        next[j] = other;
    }
}

int main(int argc, char **argv)
{
    long n = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
    shuffle(far, FAR);
    shuffle(near, NEAR);
    uint32_t at = 0, close = 0;
    uint64_t sum = 0;
    for (long i = 0; i < n; i++) {
        for (int k = 0; k < 2000; k++)
            at = far[at];
        for (int k = 0; k < 40000; k++)
            close = near[close];
        sum = sum * 3 + at + close;
    }
    printf("%llx\n", (unsigned long long)sum);
    return 0;
}
