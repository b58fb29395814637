// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark kernel: integer work in registers. Collatz chains (branches on a bit), modular
// exponentiation (multiply and divide), a mixing hash (shifts, rotates, xor).
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t collatz(uint64_t n)
{
    uint32_t steps = 0;
    while (n != 1) {
        n = n & 1 ? 3 * n + 1 : n >> 1;
        steps++;
    }
    return steps;
}

static uint64_t power(uint64_t base, uint64_t exponent, uint64_t modulus)
{
    uint64_t result = 1;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1)
            result = result * base % modulus;
        base = base * base % modulus;
    }
    return result;
}

int main(int argc, char **argv)
{
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    uint64_t steps = 0, powers = 0, hash = 0x9e3779b97f4a7c15;
    for (uint64_t i = 1; i <= n; i++) {
        steps += collatz(i);
        powers += power(i, i * 7919, 1000000007);
        for (int j = 0; j < 100; j++) {
            hash ^= hash << 13;
            hash ^= hash >> 7;
            hash = (hash << 31 | hash >> 33) + i;
        }
    }
    printf("%llu %llu %llx\n", (unsigned long long)steps, (unsigned long long)powers,
           (unsigned long long)hash);
    return 0;
}
