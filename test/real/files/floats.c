// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Floating point of each width, with the last digit of each result: compiled by a case's gcc and
// run, so that a wrong rounding anywhere shows.
#include <complex.h>
#include <math.h>
#include <stdio.h>

int main(void)
{
    double sum = 0;
    float single = 1.0f;
    long double extended = 1.0L;
    for (int i = 1; i <= 200; i++) {
        sum += sin(i) * exp(-i / 50.0) / sqrt(i) + fmod(i * 1.7, 0.3);
        single = single * 1.01f + 1.0f / (float)i;
        extended = extended * 1.0009765625L + 1.0L / i;
    }
    printf("%a %.17g\n%a %.9g\n%La %.21Lg\n", sum, sum, single, single, extended, extended);
    double complex z = cpow(1.5 + 0.5 * I, 2.5 - 1.0 * I);
    printf("%.17g %.17g\n", creal(z), cimag(z));
    printf("%.17g %.17g %.17g %d\n", tgamma(4.5), lgamma(10.25), erf(0.3), ilogb(1e-310));
    printf("%g %g %g %g\n", 1.0 / 0.0, -log(0.0), NAN, nextafter(0.0, 1.0));
    printf("%ld %ld %d %llu\n", lrint(2.5), lround(2.5), (int)-3.99, (unsigned long long)1.8e19);
    return 0;
}
