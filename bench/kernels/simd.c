// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark kernel: floating point in vectors of four and of two lanes (GCC's vector types: SSE on x86-64, AdvSIMD
// on AArch64). The Mandelbrot set with masks, and polynomials over an array.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef float F4 __attribute__((vector_size(16)));
typedef int32_t I4 __attribute__((vector_size(16)));
typedef double D2 __attribute__((vector_size(16)));

enum { WIDTH = 64, HEIGHT = 48, DEPTH = 100, ARRAY = 4096 };

static uint64_t mandelbrot(float shift)
{
    uint64_t sum = 0;
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x += 4) {
            F4 cr = {(float)x, (float)x + 1, (float)x + 2, (float)x + 3};
            cr = cr * (3.0f / WIDTH) - (2.0f + shift);
            F4 ci = (F4){0} + ((float)y * (2.0f / HEIGHT) - 1.0f);
            F4 r = {0}, i = {0};
            I4 count = {0};
            for (int k = 0; k < DEPTH; k++) {
                F4 rr = r * r, ii = i * i;
                I4 inside = rr + ii < (F4){4, 4, 4, 4};
                if (!(inside[0] | inside[1] | inside[2] | inside[3]))
                    break;
                count -= inside;
                i = 2 * r * i + ci;
                r = rr - ii + cr;
            }
            sum = sum * 5 + (uint32_t)(count[0] + 2 * count[1] + 3 * count[2] + 4 * count[3]);
        }
    }
    return sum;
}

static D2 array[ARRAY];

static double polynomials(double by)
{
    D2 sum = {0, 0}, step = {by, -by};
    for (int k = 0; k < ARRAY; k++) {
        D2 x = array[k];
        D2 y = (((0.25 * x + 0.5) * x - 1.5) * x + 2.0) * x - 0.125;
        sum += y;
        array[k] = x * 0.96875 + step + y * 0x1p-10;
    }
    return sum[0] + sum[1];
}

int main(int argc, char **argv)
{
    long n = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
    uint64_t set = 0;
    double total = 0;
    for (int k = 0; k < ARRAY; k++)
        array[k] = (D2){k * 0x1p-13, -k * 0x1p-14};
    for (long i = 0; i < n; i++) {
        set = set * 31 + mandelbrot((float)(i & 15) * 0x1p-8f);
        for (int k = 0; k < 20; k++)
            total += polynomials((double)(i & 7) * 0x1p-12);
    }
    printf("%llx %a\n", (unsigned long long)set, total);
    return 0;
}
