// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is invalid, in the blocks that do not test for it: Arm's NaN, the flags, and what comes after so many that
// the emulator takes the tests back.  And FPSR.UFC, which is exact from the first look at FPSR on.

#include <fenv.h>
#include <math.h>
#include <pthread.h>

#include "../guest-test.h"

static uint64_t bits(double d)
{
    uint64_t x;
    memcpy(&x, &d, 8);
    return x;
}
static double number(uint64_t x)
{
    double d;
    memcpy(&d, &x, 8);
    return d;
}

static const uint64_t SIGNAL = 0x7ff0000000000123, SIGNAL2 = 0xfff4000000000055,
                      QNAN = 0xfff8000000000456, PLAIN = 0x7ff8000000000000,
                      QUIET = 0x0008000000000000;

static volatile double inf, zero, one = 1, s, s2, q, two[2];

static void test_scalars(void)
{
    CHECK(bits(inf - inf) == PLAIN && bits(-inf + inf) == PLAIN && bits(zero / zero) == PLAIN);
    CHECK(bits(inf * zero) == PLAIN && bits(inf / inf) == PLAIN);
    CHECK(bits(__builtin_sqrt(-one)) == PLAIN && bits(__builtin_sqrt(s)) == (SIGNAL | QUIET));
    CHECK(bits(s + q) == (SIGNAL | QUIET) && bits(q + s) == (SIGNAL | QUIET));
    CHECK(bits(s * s2) == (SIGNAL | QUIET) && bits(s2 * s) == (SIGNAL2 | QUIET));
    CHECK(bits(q - one) == QNAN && bits(one / q) == QNAN &&
          bits(-(inf * zero)) == (PLAIN | 1ull << 63));
    CHECK(bits(fabs(zero / zero)) == PLAIN && bits(fma(inf, zero, q)) == PLAIN);
    float f = (float)s;
    uint32_t w;
    memcpy(&w, &f, 4);
    CHECK(w == 0x7fc00000);
    CHECK(!(q < one) && !(s == one) && (long)q == 0);
}

static void test_vectors(void)
{
    uint64_t a[2] = {bits(inf), SIGNAL}, b[2] = {0, QNAN}, r[2];
    __asm__ volatile("ldr q0, [%1]\n ldr q1, [%2]\n fmul v2.2d, v0.2d, v1.2d\n str q2, [%0]"
                     :
                     : "r"(r), "r"(a), "r"(b)
                     : "v0", "v1", "v2", "memory");
    CHECK(r[0] == PLAIN && r[1] == (SIGNAL | QUIET));
    __asm__ volatile("ldr q0, [%1]\n ldr q1, [%2]\n fsub v2.2d, v1.2d, v0.2d\n str q2, [%0]"
                     :
                     : "r"(r), "r"(a), "r"(b)
                     : "v0", "v1", "v2", "memory");
    CHECK(r[0] == bits(-inf) && r[1] == (SIGNAL | QUIET));
    uint32_t c[4] = {0x7f800000, 0x3f800000, 0xff800001, 0}, d[4] = {0xff800000, 0x3f800000, 0, 0},
             e[4];
    __asm__ volatile("ldr q0, [%1]\n ldr q1, [%2]\n fadd v2.4s, v0.4s, v1.4s\n str q2, [%0]"
                     :
                     : "r"(e), "r"(c), "r"(d)
                     : "v0", "v1", "v2", "memory");
    CHECK(e[0] == 0x7fc00000 && e[1] == 0x40000000 && e[2] == 0xffc00001 && e[3] == 0);
}

static void test_flags(void)
{
    volatile double tiny = number(0x001ffffffffffffe), half = number(0x3fe0000000000001), r;
    feclearexcept(FE_ALL_EXCEPT);
    r = zero / zero;
    CHECK(fetestexcept(FE_ALL_EXCEPT) == FE_INVALID);
    feclearexcept(FE_ALL_EXCEPT);
    r = q + one;
    CHECK(fetestexcept(FE_ALL_EXCEPT) == 0 && bits(r) == QNAN);
    r = tiny * half; // rounds up to the smallest normal number
    CHECK(bits(r) == 0x0010000000000000 &&
          fetestexcept(FE_ALL_EXCEPT) == (FE_UNDERFLOW | FE_INEXACT));
    feclearexcept(FE_ALL_EXCEPT);
    CHECK(!(q < one) && fetestexcept(FE_ALL_EXCEPT) == FE_INVALID);
}

// Many: at first each traps, at last none does.
static void *many(void *opaque)
{
    long n = (long)opaque, wrong = 0;
    for (long i = 0; i < n; i++) {
        double r = (i & 1 ? inf : -inf) + (i & 1 ? -inf : inf);
        wrong += bits(r) != PLAIN;
        r = (double)i * (i % 3 ? one : q);
        wrong += i % 3 ? r != (double)i : bits(r) != QNAN;
    }
    CHECK(wrong == 0);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    inf = INFINITY;
    s = number(SIGNAL);
    s2 = number(SIGNAL2);
    q = number(QNAN);
    for (int i = 0; i < 20; i++) {
        test_scalars();
        test_vectors();
    }
    pthread_create(&thread, NULL, many, (void *)300);
    many((void *)300);
    pthread_join(thread, NULL);
    test_flags();
    pthread_create(&thread, NULL, many, (void *)30000);
    many((void *)30000);
    pthread_join(thread, NULL);
    test_scalars();
    test_vectors();
    test_flags();
    return finish();
}
