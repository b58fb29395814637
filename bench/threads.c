// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How well threads run beside each other, for bench/scale: each of THREADS does the same work, so with a processor
// for each of them the time is one thread's.
//
//   threads WORK THREADS AMOUNT
//
//   compute   a thread's own numbers, nothing shared
//   memory    a thread's own memory: blocks of many sizes taken, filled, summed and given back
//   calls     many small functions through a table of the thread's own: indirect jumps and returns
//   atomic    now and then an addition to a counter that all share
//   mutex     now and then a step under a lock that all share
//   syscall   cheap system calls between computing
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_THREADS = 64, BLOCKS = 64, TABLE = 16 };

static long amount;
static atomic_ulong shared;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long locked;

static uint64_t step(uint64_t x)
{
    x ^= x << 13;
    x ^= x >> 7;
    return x ^ x << 17;
}

static uint64_t steps(uint64_t x, int n)
{
    while (n-- > 0) {
        x = step(x);
    }
    return x;
}

static uint64_t compute(uint64_t x) { return steps(x, 200); }

static uint64_t memory(uint64_t x)
{
    static _Thread_local char *blocks[BLOCKS];
    char **b = &blocks[x % BLOCKS];
    free(*b);
    size_t size = 16 + x % 1000;
    *b = malloc(size);
    memset(*b, (int)x, size);
    uint64_t sum = x;
    for (size_t i = 0; i < size; i += 8) {
        sum = sum * 31 + (uint8_t)(*b)[i];
    }
    return sum;
}

static uint64_t add(uint64_t x) { return x * 5 + 1; }
static uint64_t turn(uint64_t x) { return x << 9 | x >> 55; }
static uint64_t mix(uint64_t x) { return x ^ (x >> 12); }
static uint64_t negate(uint64_t x) { return ~x; }

static uint64_t calls(uint64_t x)
{
    static _Thread_local uint64_t (*table[TABLE])(uint64_t);
    uint64_t (*const all[])(uint64_t) = {add, turn, mix, negate};
    for (int i = 0; i < TABLE; i++) {
        table[i] = all[(x >> 2 * i) % 4];
    }
    for (int i = 0; i < 100; i++) {
        x = table[(x ^ (uint64_t)i) % TABLE](x);
    }
    return x;
}

static uint64_t atomics(uint64_t x)
{
    shared++;
    return steps(x, 1000);
}

static uint64_t mutex(uint64_t x)
{
    pthread_mutex_lock(&lock);
    locked++;
    pthread_mutex_unlock(&lock);
    return steps(x, 2000);
}

static uint64_t system_call(uint64_t x)
{
    x += (uint64_t)syscall(SYS_getppid) & 1;
    return steps(x, 1000);
}

static const struct {
    const char *name;
    uint64_t (*fn)(uint64_t);
} works[] = {
    {"compute", compute}, {"memory", memory}, {"calls", calls},
    {"atomic", atomics},  {"mutex", mutex},   {"syscall", system_call},
};

static uint64_t (*work)(uint64_t);

static void *run(void *opaque)
{
    uint64_t x = (uintptr_t)opaque;
    for (long i = 0; i < amount; i++) {
        x = work(x | 1);
    }
    return (void *)(uintptr_t)x;
}

int main(int argc, char **argv)
{
    pthread_t threads[MAX_THREADS];
    int n = argc == 4 ? atoi(argv[2]) : 0;
    for (size_t i = 0; argc == 4 && i < sizeof(works) / sizeof(works[0]); i++) {
        work = strcmp(works[i].name, argv[1]) == 0 ? works[i].fn : work;
    }
    if (!work || n < 1 || n > MAX_THREADS) {
        fprintf(stderr, "usage: threads WORK THREADS AMOUNT\n");
        return 64;
    }
    amount = atol(argv[3]);
    for (int i = 0; i < n; i++) {
        pthread_create(&threads[i], NULL, run, (void *)(uintptr_t)(i + 88172645463325252));
    }
    for (int i = 0; i < n; i++) {
        void *result;
        pthread_join(threads[i], &result);
        printf("%lx ", (unsigned long)(uintptr_t)result);
    }
    printf("%lu %lu\n", (unsigned long)shared, locked);
    return 0;
}
