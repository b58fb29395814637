// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads that compute the same again and again, with calls, memory, malloc and system calls, until standard input ends;
// then whether it was the same each time.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 3 };

static volatile int stop;
static unsigned long rounds, differ;

__attribute__((noinline)) static unsigned long compute(unsigned long s)
{
    unsigned char bytes[256] = {0};
    double d = 0;
    for (unsigned i = 1; i < 3000; i++) {
        s = s * 6364136223846793005ul + 1442695040888963407ul;
        bytes[s >> 56] += i;
        d += 1.0 / i;
        if (i % 512 == 0) {
            char *text = malloc(64);
            memmove(bytes + 1, bytes, 200);
            snprintf(text, 64, "%lx %f", s, d);
            s += strlen(text) + bytes[s & 255];
            free(text);
            getppid();
        }
    }
    return s;
}

static void *work(void *seed)
{
    unsigned long first = compute((unsigned long)seed);
    while (!stop) {
        __atomic_fetch_add(&differ, compute((unsigned long)seed) != first, __ATOMIC_RELAXED);
        __atomic_fetch_add(&rounds, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    char c;
    for (unsigned long i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, work, (void *)(i + 1));
    }
    while (read(0, &c, 1) == 1) {
    }
    stop = 1;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    return rounds < THREADS || differ;
}
