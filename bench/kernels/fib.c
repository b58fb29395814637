// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark kernel: calls and returns, the doubly recursive Fibonacci function.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static uint64_t fib(uint32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int main(int argc, char **argv)
{
    long n = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
    uint64_t sum = 0;
    for (long i = 0; i < n; i++)
        sum = sum * 3 + fib(24 + (i & 1));
    printf("%llx\n", (unsigned long long)sum);
    return 0;
}
