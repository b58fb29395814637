// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Heap errors for memcheck-lite to find, one for each letter of the argument; and much that is right.
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTION __attribute__((noinline, used))

static volatile long sink;
static void *volatile kept;

FUNCTION void write_behind(void) // o
{
    char *p = malloc(40);
    ((volatile char *)p)[40] = 1;
    free(p);
}
FUNCTION void read_before(void) // u
{
    int *p = malloc(40);
    sink = ((volatile int *)p)[-1];
    free(p);
}
FUNCTION void use_after_free(void) // f
{
    long *p = malloc(16);
    free(p);
    sink = ((volatile long *)p)[1];
}
FUNCTION void free_twice(void) // d
{
    char *p = malloc(8);
    free(p);
    free(p);
    sink = 0; // no jump to free
}
FUNCTION void free_inside(void) // i
{
    char *p = malloc(24);
    free(p + 8);
    free(p);
}
FUNCTION void lose(void) // l
{
    for (int i = 0; i < 5; i++) {
        sink = (long)malloc(100) & 1;
    }
}
FUNCTION void old_block(void) // r: of realloc, which moves it
{
    char *p = malloc(24), *wall = malloc(24), *q = realloc(p, 100000);
    sink = ((volatile char *)p)[3];
    free(q);
    free(wall);
}
FUNCTION void aligned_end(void) // a
{
    void *p = NULL;
    if (posix_memalign(&p, 64, 100)) {
        return;
    }
    ((volatile char *)p)[100] = 1;
    free(p);
}

static void *good_thread(void *unused)
{
    for (int i = 1; i < 200; i++) {
        char *p = malloc(i), *q = calloc(i, 3), *r;
        memset(p, 'x', i);
        for (int k = 0; k < 3 * i; k++) {
            unused = q[k] ? NULL : unused;
        }
        r = realloc(p, 2 * i);
        for (int k = 0; k < i; k++) {
            unused = r[k] == 'x' ? unused : NULL;
        }
        r[2 * i - 1] = 0;
        unused = malloc_usable_size(r) == 2 * (size_t)i ? unused : unused;
        free(q);
        free(r);
    }
    return unused;
}

FUNCTION int good(void)
{
    pthread_t threads[2];
    int n = 0;
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, good_thread, &n);
    }
    for (int i = 0; i < 2; i++) {
        void *result;
        pthread_join(threads[i], &result);
        n += result == &n;
    }
    void *p = NULL;
    n += posix_memalign(&p, 256, 1000) == 0 && (uintptr_t)p % 256 == 0;
    free(p);
    p = aligned_alloc(128, 256);
    n += (uintptr_t)p % 128 == 0;
    free(p);
    p = calloc((size_t)-1 / 2, 4);
    n += p == NULL;
    char *text = strdup("a word and another"), *copy = malloc(strlen(text) + 1);
    strcpy(copy, text);
    n += strcmp(copy, text) == 0 && strchr(copy, 'n') == copy + 8 && memchr(copy, 'z', 19) == NULL;
    free(text);
    free(copy);
    p = realloc(NULL, 10);
    n += p != NULL;
    p = realloc(p, 0);
    kept = malloc(33); // a pointer to it is left
    return n;
}

int main(int argc, char **argv)
{
    for (const char *c = argc > 1 ? argv[1] : ""; *c; c++) {
        switch (*c) {
        case 'o': write_behind(); break;
        case 'u': read_before(); break;
        case 'f': use_after_free(); break;
        case 'd': free_twice(); break;
        case 'i': free_inside(); break;
        case 'l': lose(); break;
        case 'r': old_block(); break;
        case 'a': aligned_end(); break;
        default: break;
        }
    }
    printf("good %d\n", good());
    return 0;
}
