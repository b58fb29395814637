// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark kernel: calls and returns. The plain doubly recursive Fibonacci function, and one call in
// eight through a table of pointers.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static uint64_t fib(uint32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

__attribute__((noinline)) static uint64_t twice(uint64_t x) { return 2 * x + 1; }
__attribute__((noinline)) static uint64_t flip(uint64_t x) { return ~x; }
__attribute__((noinline)) static uint64_t half(uint64_t x) { return x >> 1; }
__attribute__((noinline)) static uint64_t turn(uint64_t x) { return x << 17 | x >> 47; }

static uint64_t (*const volatile functions[])(uint64_t) = {twice, flip, half, turn};

int main(int argc, char **argv)
{
    uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100;
    uint64_t sum = 0, value = 88172645463325252;
    for (uint32_t i = 0; i < n; i++) {
        sum += fib(20) + i;
        for (int j = 0; j < 2700; j++)
            value = functions[(value >> 5) & 3](value) + sum;
    }
    printf("%llu %llx\n", (unsigned long long)sum, (unsigned long long)value);
    return 0;
}
