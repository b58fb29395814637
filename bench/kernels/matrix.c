// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark kernel: the product of matrices of doubles, in the order that reads rows, and of integers in the plain
// order, which reads columns.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIZE = 160 };

static double a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];
static uint32_t ia[SIZE][SIZE], ib[SIZE][SIZE], ic[SIZE][SIZE];

__attribute__((noinline)) static void multiply(void)
{
    for (int i = 0; i < SIZE; i++) {
        for (int j = 0; j < SIZE; j++)
            c[i][j] = 0;
        for (int k = 0; k < SIZE; k++) {
            double factor = a[i][k];
            for (int j = 0; j < SIZE; j++)
                c[i][j] += factor * b[k][j];
        }
    }
}

__attribute__((noinline)) static void multiply_integers(void)
{
    for (int i = 0; i < SIZE; i++) {
        for (int j = 0; j < SIZE; j++) {
            uint32_t sum = 0;
            for (int k = 0; k < SIZE; k++)
                sum += ia[i][k] * ib[k][j];
            ic[i][j] = sum;
        }
    }
}

int main(int argc, char **argv)
{
    long n = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
    for (int i = 0; i < SIZE; i++) {
        for (int j = 0; j < SIZE; j++) {
            a[i][j] = (i * 7 + j * 3) % 64 - 31.5;
            b[i][j] = (i * 5 + j * 11) % 32 * 0.0625;
            ia[i][j] = (uint32_t)(i * 7 + j);
            ib[i][j] = (uint32_t)(i ^ j * 3);
        }
    }
    double trace = 0;
    uint32_t sum = 0;
    for (long i = 0; i < n; i++) {
        multiply();
        multiply_integers();
        for (int k = 0; k < SIZE; k++) {
            trace += c[k][k];
            sum = sum * 3 + ic[k][k];
            a[k][(k + i) % SIZE] = c[k][k] * 0x1p-12;
            ia[k][(k + i) % SIZE] ^= ic[k][k];
        }
    }
    printf("%a %x\n", trace, sum);
    return 0;
}
