// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counted edges, from one guest address to another, for passes that draw graphs. Counting is inline:
//
//   key = from * A ^ to * B;  cell = cells[key >> SHIFT]
//   if (cell.key != key) edges_slow(from, to, key)         the edge is new, or another one has the cell
//   cell.count++
//
// Whoever finds another edge's cell is counted in a table on the side, and takes back what the inline code adds to the
// cell. Where both addresses are constants, all is but a comparison and an increment. Not atomic: threads that count the
// same edge at the same time may lose some.
#ifndef MYNA_PASSES_EDGES_H
#define MYNA_PASSES_EDGES_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "passes/pass.h"

#define EDGE_A UINT64_C(0x9e3779b97f4a7c15)
#define EDGE_A_INVERSE UINT64_C(0xf1de83e19937733d)
#define EDGE_B UINT64_C(0xc2b2ae3d27d4eb4f)
enum { EDGE_BITS = 18, EDGE_SHIFT = 64 - EDGE_BITS };

typedef struct EdgeCell {
    uint64_t key, count;
} EdgeCell;

typedef struct Edge {
    uint64_t from, to, key, count; // count: beside what the cell has
} Edge;

typedef struct Edges {
    EdgeCell *cells;
    Edge *known; // in the order in which they were met
    size_t n, room;
    uint32_t *slots; // hash table over known: index + 1
    size_t n_slots;
    pthread_mutex_t lock;
    char function[32], table[32]; // what generated code calls them
} Edges;

static Edges edges = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint32_t *edges_slot(uint64_t key)
{
    size_t at = (key ^ key >> 29) & (edges.n_slots - 1);
    while (edges.slots[at] && edges.known[edges.slots[at] - 1].key != key) {
        at = (at + 1) & (edges.n_slots - 1);
    }
    return &edges.slots[at];
}

static void edges_grow(void)
{
    edges.n_slots = edges.n_slots ? edges.n_slots * 2 : 1 << 12;
    free(edges.slots);
    edges.slots = calloc(edges.n_slots, sizeof(*edges.slots));
    for (size_t i = 0; i < edges.n; i++) {
        *edges_slot(edges.known[i].key) = (uint32_t)i + 1;
    }
}

// The edge's row, with the lock.
static Edge *edges_find(uint64_t from, uint64_t to, uint64_t key)
{
    if (edges.n * 2 >= edges.n_slots) {
        edges_grow();
    }
    uint32_t *slot = edges_slot(key);
    if (!*slot) {
        if (edges.n == edges.room) {
            edges.room = edges.room ? edges.room * 2 : 1024;
            edges.known = realloc(edges.known, edges.room * sizeof(*edges.known));
        }
        edges.known[edges.n++] = (Edge){from, to, key, 0};
        *slot = (uint32_t)edges.n;
    }
    return &edges.known[*slot - 1];
}

static void edges_slow(uint64_t from, uint64_t to, uint64_t key)
{
    EdgeCell *cell = &edges.cells[key >> EDGE_SHIFT];
    pthread_mutex_lock(&edges.lock);
    Edge *edge = edges_find(from, to, key);
    if (cell->key == 0) {
        cell->key = key;
    } else if (cell->key != key) {
        edge->count++;
        cell->count--;
    }
    pthread_mutex_unlock(&edges.lock);
}

// Adds what was counted elsewhere.
static inline void edges_add(uint64_t from, uint64_t to, uint64_t count)
{
    pthread_mutex_lock(&edges.lock);
    edges_find(from, to, from * EDGE_A ^ to * EDGE_B)->count += count;
    pthread_mutex_unlock(&edges.lock);
}

static void edges_init(MynaPassHost *host, const char *pass)
{
    snprintf(edges.function, sizeof(edges.function), "%s.edge", pass);
    snprintf(edges.table, sizeof(edges.table), "%s.cells", pass);
    edges.cells = mmap(NULL, sizeof(EdgeCell) << EDGE_BITS, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    host->define(host, edges.function, (const void *)edges_slow);
    host->define(host, edges.table, edges.cells);
}

// In a child by fork: nothing has been counted.
static void edges_reset(void)
{
    pthread_mutex_init(&edges.lock, NULL);
    madvise(edges.cells, sizeof(EdgeCell) << EDGE_BITS, MADV_DONTNEED);
    edges.n = 0;
    memset(edges.slots, 0, edges.n_slots * sizeof(*edges.slots));
}

// Counts an edge where the builder stands.  from_hash: the first address times EDGE_A, which code that goes from one
// edge to the next may keep in the address's place: then known addresses make a constant of the key.
static inline void edges_count_from(MynaPassUnit *unit, LLVMBuilderRef b, LLVMValueRef from_hash,
                                    LLVMValueRef to)
{
    LLVMContextRef c = LLVMGetModuleContext(unit->module);
    LLVMTypeRef word = LLVMInt64TypeInContext(c), byte = LLVMInt8TypeInContext(c);
    LLVMValueRef key = LLVMBuildXor(b, from_hash, LLVMBuildMul(b, to, myna_i64(unit, EDGE_B), ""),
                                    "");
    LLVMValueRef index = LLVMBuildLShr(b, key, myna_i64(unit, EDGE_SHIFT), "");
    index = LLVMBuildShl(b, index, myna_i64(unit, 4), "");
    LLVMValueRef table = myna_extern(unit, edges.table), eight = myna_i64(unit, 8);
    LLVMValueRef cell = LLVMBuildInBoundsGEP2(b, byte, table, &index, 1, "");
    LLVMValueRef has = LLVMBuildLoad2(b, word, cell, "");
    myna_own_buffer(unit, has);
    LLVMValueRef other = LLVMBuildICmp(b, LLVMIntNE, has, key, "");
    LLVMValueRef back = myna_if(b, other, false);
    LLVMValueRef from = LLVMBuildMul(b, from_hash, myna_i64(unit, EDGE_A_INVERSE), "");
    LLVMValueRef args[] = {from, to, key};
    LLVMValueRef call = myna_call(unit, b, edges.function, LLVMVoidTypeInContext(c), args, 3);
    myna_own_buffer(unit, call); // it leaves the thread's block alone
    LLVMBasicBlockRef next = LLVMGetSuccessor(back, 0);
    LLVMPositionBuilderBefore(b, LLVMGetFirstInstruction(next));
    LLVMValueRef at = LLVMBuildInBoundsGEP2(b, byte, cell, &eight, 1, "");
    LLVMValueRef old = LLVMBuildLoad2(b, word, at, "");
    LLVMValueRef store = LLVMBuildStore(b, LLVMBuildAdd(b, old, myna_i64(unit, 1), ""), at);
    myna_own_buffer(unit, old);
    myna_own_buffer(unit, store);
}

static inline void edges_count(MynaPassUnit *unit, LLVMBuilderRef b, LLVMValueRef from,
                               LLVMValueRef to)
{
    edges_count_from(unit, b, LLVMBuildMul(b, from, myna_i64(unit, EDGE_A), ""), to);
}

static int edges_compare(const void *a, const void *b)
{
    const Edge *x = a, *y = b;
    return x->from != y->from ? (x->from < y->from ? -1 : 1) : (x->to > y->to) - (x->to < y->to);
}

// The edges in order, with their counts; free it.
static Edge *edges_sorted(size_t *n)
{
    pthread_mutex_lock(&edges.lock);
    *n = edges.n;
    Edge *all = malloc((edges.n + 1) * sizeof(*all));
    for (size_t i = 0; i < edges.n; i++) {
        const EdgeCell *cell = &edges.cells[edges.known[i].key >> EDGE_SHIFT];
        all[i] = edges.known[i];
        all[i].count += cell->key == all[i].key ? cell->count : 0;
    }
    pthread_mutex_unlock(&edges.lock);
    qsort(all, *n, sizeof(*all), edges_compare);
    return all;
}

// Writes a text to FILE, or to standard error when out is NULL.
static void edges_write(MynaPassHost *host, const char *out, const char *pass, const char *text,
                        size_t size)
{
    char *path = out ? host->output(host, out) : NULL, *error = NULL;
    int fd = path ? host->open(host, path, &error) : fileno(stderr);
    if (fd < 0) {
        dprintf(fileno(stderr), "%s: %s\n", pass, error);
    }
    while (fd >= 0 && size) {
        ssize_t n = write(fd, text, size);
        if (n <= 0) {
            dprintf(fileno(stderr), "%s: cannot write '%s': %m\n", pass,
                    path ? path : "standard error");
            break;
        }
        text += n;
        size -= (size_t)n;
    }
    if (path && fd >= 0) {
        host->close(host, fd);
    }
    free(path);
    free(error);
}

#endif
