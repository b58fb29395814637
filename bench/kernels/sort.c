// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark kernel: sorting. A heap sort, a quicksort of structures through a comparison function (qsort's way),
// and a sieve: loads, stores and branches that depend on the data.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIEVE = 1 << 18, SORT = 1 << 15, RECORDS = 1 << 13 };

typedef struct Record {
    uint32_t key, value;
} Record;

static uint8_t composite[SIEVE];
static uint32_t heap[SORT];
static Record records[RECORDS];
static uint32_t seed = 1;

static uint32_t draw(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 3;
}

static uint32_t count_primes(void)
{
    uint32_t count = 0;
    memset(composite, 0, sizeof composite);
    for (uint32_t i = 2; i < SIEVE; i++) {
        if (composite[i])
            continue;
        count++;
        for (uint64_t j = (uint64_t)i * i; j < SIEVE; j += i)
            composite[j] = 1;
    }
    return count;
}

static void sift(uint32_t root, uint32_t end)
{
    uint32_t value = heap[root];
    for (;;) {
        uint32_t child = 2 * root + 1;
        if (child >= end)
            break;
        if (child + 1 < end && heap[child + 1] > heap[child])
            child++;
        if (heap[child] <= value)
            break;
        heap[root] = heap[child];
        root = child;
    }
    heap[root] = value;
}

static uint32_t heap_sort(void)
{
    for (uint32_t i = 0; i < SORT; i++)
        heap[i] = draw();
    for (uint32_t i = SORT / 2; i-- > 0;)
        sift(i, SORT);
    for (uint32_t end = SORT - 1; end > 0; end--) {
        uint32_t top = heap[0];
        heap[0] = heap[end];
        heap[end] = top;
        sift(0, end);
    }
    return heap[SORT / 3] ^ heap[SORT / 2];
}

static int by_key(const void *a, const void *b)
{
    const Record *x = a, *y = b;
    return x->key < y->key       ? -1
           : x->key > y->key     ? 1
           : x->value < y->value ? -1
                                 : x->value > y->value;
}

static void quicksort(Record *base, long count, int (*compare)(const void *, const void *))
{
    while (count > 1) {
        Record pivot = base[count / 2];
        long i = 0, j = count - 1;
        while (i <= j) {
            while (compare(&base[i], &pivot) < 0)
                i++;
            while (compare(&base[j], &pivot) > 0)
                j--;
            if (i <= j) {
                Record swap = base[i];
                base[i++] = base[j];
                base[j--] = swap;
            }
        }
        quicksort(base, j + 1, compare);
        base += i;
        count -= i;
    }
}

int main(int argc, char **argv)
{
    static int (*volatile const compare)(const void *, const void *) = by_key;
    long n = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
    uint64_t sum = 0;
    for (long i = 0; i < n; i++) {
        for (uint32_t k = 0; k < RECORDS; k++)
            records[k] = (Record){draw() & 0xffff, k};
        quicksort(records, RECORDS, compare);
        sum = sum * 31 + count_primes() + heap_sort() + records[RECORDS / 3].value;
    }
    printf("%llx\n", (unsigned long long)sum);
    return 0;
}
