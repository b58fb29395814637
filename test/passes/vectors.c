// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A guest program that uses vectors, doubles and atomics.
#include <emmintrin.h>
#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

static __m128i bytes[4];
static volatile double d = 2.5;
static _Atomic uint64_t a = 1;
static _Atomic uint32_t b = 7;

int main(void)
{
    for (int i = 0; i < 4; i++) {
        bytes[i] = _mm_add_epi8(bytes[(i + 1) & 3], _mm_set1_epi8((char)i));
    }
    uint64_t expected = 3;
    atomic_fetch_add(&a, 2);
    atomic_compare_exchange_strong(&a, &expected, 9);
    uint32_t old = atomic_exchange(&b, 11);
    d = sqrt(d) * 3;
    printf("%f %lu %u %d\n", d, (unsigned long)a, old, _mm_cvtsi128_si32(bytes[3]));
    return 0;
}
