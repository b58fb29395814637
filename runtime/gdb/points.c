// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Z and z.  gdb takes its breakpoints out whenever the program stands still, and puts them in again when
// it goes on; so they are kept in a list, and what differs is applied when things run: a breakpoint that
// stays costs no translation.  Watchpoints cost none anyway (runtime/breakpoint.h).

#include <stdlib.h>
#include <string.h>

#include "server.h"

static GHashTable *applied; // addresses that have a breakpoint; keys are int64
static GHashTable *wanted;  // address -> bits: which of Z0, Z1

static void make_tables(void)
{
    if (!wanted) {
        applied = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
        wanted = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    }
}

static void *key(uint64_t addr) { return g_memdup2(&addr, sizeof(addr)); }

// Z0 and Z1 may both be at an address; what is asked twice is there once.
static void change_break(uint64_t addr, unsigned type, bool insert)
{
    unsigned types = GPOINTER_TO_UINT(g_hash_table_lookup(wanted, &addr));
    types = insert ? types | 1u << type : types & ~(1u << type);
    if (types) {
        g_hash_table_replace(wanted, key(addr), GUINT_TO_POINTER(types));
    } else {
        g_hash_table_remove(wanted, &addr);
    }
}

static gboolean remove_unwanted(gpointer k, gpointer value, gpointer opaque)
{
    (void)value;
    (void)opaque;
    if (g_hash_table_contains(wanted, k)) {
        return FALSE;
    }
    breakpoint_remove(*(uint64_t *)k);
    return TRUE;
}

void gdb_points_apply(void)
{
    make_tables();
    g_hash_table_foreach_remove(applied, remove_unwanted, NULL);
    GHashTableIter iter;
    gpointer k;
    g_hash_table_iter_init(&iter, wanted);
    while (g_hash_table_iter_next(&iter, &k, NULL)) {
        if (!g_hash_table_contains(applied, k)) {
            breakpoint_insert(*(uint64_t *)k);
            g_hash_table_add(applied, key(*(uint64_t *)k));
        }
    }
}

void gdb_points_clear(void)
{
    make_tables();
    g_hash_table_remove_all(wanted);
    g_hash_table_remove_all(applied);
    breakpoint_clear_all();
}

void gdb_point(const char *text, GString *reply)
{
    static const WatchKind kinds[] = {[2] = WATCH_WRITE, [3] = WATCH_READ, [4] = WATCH_ACCESS};
    bool insert = text[0] == 'Z', ok = true;
    unsigned type = (unsigned)(text[1] - '0');
    const char *p = text + 2;
    uint64_t addr, len;
    if (type > 4) {
        return; // no such packet
    }
    if (*p++ != ',' || !gdb_parse_number(&p, &addr) || *p++ != ',' || !gdb_parse_number(&p, &len) ||
        strstr(p, ";cmds:")) {
        GDB_ERROR(reply, "16");
        return;
    }
    make_tables();
    if (type < 2) {
        change_break(addr, type, insert);
    } else {
        watchpoint_remove(addr, len, kinds[type]);
        ok = !insert || watchpoint_insert(addr, len, kinds[type]);
    }
    if (ok) {
        GDB_OK(reply);
    } else {
        GDB_ERROR(reply, "1c"); // ENOSPC
    }
}
