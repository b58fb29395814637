// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Things that are counted, and the list of those that were counted most: for plugins that end with such a list.
// Each has a counter of its own, of which every vCPU has an element.
#ifndef PLUGINS_RANKING_H
#define PLUGINS_RANKING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "qemu-plugin.h"

typedef struct Ranked {
    char *name; // what it is called, and what a second one is recognised by; unique
    uint64_t total;
    struct qemu_plugin_scoreboard *board;
    void *data; // the plugin's own
} Ranked;

static struct Ranking {
    GMutex lock;
    GHashTable *by_name;
    unsigned limit; // rows that are shown
} ranking;

// The thing of that name, a new one where there was none; name is the ranking's from now on.
static inline Ranked *ranking_get(char *name)
{
    g_mutex_lock(&ranking.lock);
    Ranked *r = g_hash_table_lookup(ranking.by_name, name);
    if (r) {
        g_free(name);
    } else {
        r = g_new0(Ranked, 1);
        r->name = name;
        r->board = qemu_plugin_scoreboard_new(sizeof(uint64_t));
        g_hash_table_insert(ranking.by_name, r->name, r);
    }
    g_mutex_unlock(&ranking.lock);
    return r;
}

static inline qemu_plugin_u64 ranking_counter(const Ranked *r)
{
    return qemu_plugin_scoreboard_u64(r->board);
}

static inline int ranking_compare(const void *a, const void *b)
{
    const Ranked *x = *(Ranked *const *)a, *y = *(Ranked *const *)b;
    return x->total != y->total ? (x->total < y->total ? 1 : -1) : strcmp(x->name, y->name);
}

// All of them, what was counted most first, with their totals; g_ptr_array_unref it.
static inline GPtrArray *ranking_sorted(void)
{
    GPtrArray *all = g_ptr_array_new();
    GHashTableIter it;
    gpointer r;
    g_hash_table_iter_init(&it, ranking.by_name);
    while (g_hash_table_iter_next(&it, NULL, &r)) {
        ((Ranked *)r)->total = qemu_plugin_u64_sum(ranking_counter(r));
        g_ptr_array_add(all, r);
    }
    qsort(all->pdata, all->len, sizeof(gpointer), ranking_compare);
    return all;
}

// The plugin's only argument, limit=N; another one is told on standard error.
static inline bool ranking_start(const char *plugin, unsigned limit, int argc, char **argv)
{
    ranking.limit = limit;
    ranking.by_name = g_hash_table_new(g_str_hash, g_str_equal);
    for (int i = 0; i < argc; i++) {
        uint64_t n;
        if (!g_str_has_prefix(argv[i], "limit=") || !argument_number(argv[i] + 6, UINT_MAX, &n)) {
            fprintf(stderr, "%s: wrong argument '%s' (limit=N)\n", plugin, argv[i]);
            return false;
        }
        ranking.limit = (unsigned)n;
    }
    return true;
}

#endif
