// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls for test/plugin/hooks.c to be told of: arguments in registers and on the stack, recursion, tail calls,
// longjmp, threads, functions that a plugin changes; with LIBRARY, a library that comes later, whose path it is given.
#ifdef LIBRARY
#include <dlfcn.h>
#endif
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#define FUNCTION __attribute__((noinline, used))

static jmp_buf env;

FUNCTION long many(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j)
{
    __asm__ volatile("");
    return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9 + j * 10;
}
FUNCTION double scale(double x, long n, double y)
{
    __asm__ volatile("");
    return x * (double)n + y;
}
FUNCTION long factorial(long n)
{
    long rest = 1;
    if (n >= 2) {
        rest = factorial(n - 1);
        __asm__ volatile("" : "+r"(rest)); // no loop
    }
    return n * rest;
}
FUNCTION long last(long n)
{
    __asm__ volatile("" : "+r"(n));
    return n + 1;
}
FUNCTION long first(long n)
{
    __asm__ volatile("" : "+r"(n));
    return last(n * 2); // a jump
}
FUNCTION void thrower(long n)
{
    __asm__ volatile("" : "+r"(n));
    if (n > 0) {
        thrower(n - 1);
        __asm__ volatile("");
    }
    longjmp(env, 1);
}
FUNCTION long skipped(long n)
{
    puts("this is not executed");
    __asm__ volatile("" : "+r"(n));
    return n;
}
FUNCTION long changed(long n)
{
    __asm__ volatile("" : "+r"(n));
    return n + 1;
}
FUNCTION long unhooked_later(long n)
{
    __asm__ volatile("" : "+r"(n));
    return n;
}

static void *work(void *unused)
{
    long sum = 0;
    for (long i = 0; i < 200; i++) {
        sum += factorial(5);
    }
    return sum == 200 * 120 ? unused : NULL;
}

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    printf("many %ld\n", many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
    printf("scale %g\n", scale(1.5, 4, 0.25));
    printf("factorial %ld\n", factorial(4));
    printf("first %ld\n", first(20));
    for (volatile int i = 0; i < 2; i++) {
        if (!setjmp(env)) {
            thrower(2);
        }
    }
    printf("skipped %ld\n", skipped(5));
    printf("changed %ld\n", changed(10));
    long sum = 0;
    for (long i = 0; i < 5; i++) {
        sum += unhooked_later(i);
    }
    printf("unhooked %ld\n", sum);
    char from[64], to[64];
    memset(from, 'x', sizeof(from));
    void *(*volatile copy)(void *, const void *, size_t) = memcpy;
    copy(to, from, 61);
    pthread_t threads[3];
    int good = 0;
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, work, &good);
    }
    for (int i = 0; i < 3; i++) {
        void *result;
        pthread_join(threads[i], &result);
        good += result != NULL;
    }
    printf("threads %d\n", good);
#ifdef LIBRARY
    for (int i = 0; i < 2; i++) {
        void *library = dlopen(argv[1], RTLD_NOW);
        long (*later)(long) = library ? (long (*)(long))dlsym(library, "later") : NULL;
        printf("later %ld\n", later ? later(3) : -1);
        if (library) {
            dlclose(library);
        }
    }
#endif
    return 0;
}
