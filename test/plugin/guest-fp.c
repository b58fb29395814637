// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exception flags and rounding while integer and floating-point code take turns. Status 7, or the number of what is wrong.
#include <fenv.h>
#include <stdint.h>

static volatile double one = 1, three = 3, kept;
static volatile float small = 1e-30f;
static volatile uint64_t words[64];

__attribute__((noinline)) static void integers(int n)
{
    for (int i = 0; i < n; i++) {
        words[i & 63] = words[(i + 1) & 63] * 5 + (uint64_t)i;
    }
}

// Both kinds in one loop: the flags are what this code has raised.
__attribute__((noinline)) static int mixed(int n, int raised)
{
    for (int i = 0; i < n; i++) {
        words[i & 63] += (uint64_t)i;
        kept = one * three;
        words[(i + 7) & 63] ^= words[i & 63];
        if (i == n / 2) {
            kept = one / three;
        }
    }
    return fetestexcept(FE_ALL_EXCEPT) == (raised | FE_INEXACT);
}

int main(void)
{
    static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    double third[4];
    feclearexcept(FE_ALL_EXCEPT);
    integers(3000);
    if (fetestexcept(FE_ALL_EXCEPT)) {
        return 1;
    }
    kept = one / three;
    integers(3000);
    if (fetestexcept(FE_ALL_EXCEPT) != FE_INEXACT) {
        return 2;
    }
    feclearexcept(FE_ALL_EXCEPT);
    integers(200);
    if (!mixed(2000, 0)) {
        return 3;
    }
    small *= small;
    integers(200);
    if (!(fetestexcept(FE_ALL_EXCEPT) & FE_UNDERFLOW) || !mixed(200, FE_UNDERFLOW)) {
        return 4;
    }
    for (int i = 0; i < 4; i++) {
        fesetround(modes[i]);
        integers(500);
        third[i] = one / three;
        integers(10);
        for (int k = 0; k < 500; k++) {
            if (one / three != third[i]) {
                return 5;
            }
            words[k & 63]++;
        }
        if (fegetround() != modes[i]) {
            return 6;
        }
    }
    return third[1] > third[2] && third[3] == third[2] && third[0] == third[2] ? 7 : 8;
}
