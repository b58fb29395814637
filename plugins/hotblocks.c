// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// hotblocks: the blocks that were executed most often, and how many instructions that were.
//
//   -plugin hotblocks.so[,limit=N]     N: blocks in the list, 20 unless told; -d plugin shows it
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

typedef struct Block {
    uint64_t pc, insns;
    char *symbol;
    struct qemu_plugin_scoreboard *count; // 64 bits a vCPU
} Block;

static GMutex lock;
static GHashTable *blocks; // (pc, instructions) -> Block
static unsigned limit = 20;

static uint64_t count(const Block *b)
{
    return qemu_plugin_u64_sum(qemu_plugin_scoreboard_u64(b->count));
}

static guint hash(gconstpointer key)
{
    const Block *b = key;
    return (guint)(b->pc ^ b->pc >> 32 ^ b->insns * 0x9e3779b9u);
}

static gboolean equal(gconstpointer a, gconstpointer b)
{
    return ((const Block *)a)->pc == ((const Block *)b)->pc &&
           ((const Block *)a)->insns == ((const Block *)b)->insns;
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    Block key = {.pc = qemu_plugin_tb_vaddr(tb), .insns = qemu_plugin_tb_n_insns(tb)};
    (void)id;
    g_mutex_lock(&lock);
    Block *b = g_hash_table_lookup(blocks, &key);
    if (!b) { // a block that is translated again goes on counting
        b = g_memdup2(&key, sizeof(key));
        b->symbol = g_strdup(qemu_plugin_insn_symbol(qemu_plugin_tb_get_insn(tb, 0)));
        b->count = qemu_plugin_scoreboard_new(sizeof(uint64_t));
        g_hash_table_add(blocks, b);
    }
    g_mutex_unlock(&lock);
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64,
                                                      qemu_plugin_scoreboard_u64(b->count), 1);
}

static int hotter(const void *a, const void *b)
{
    uint64_t na = count(*(Block *const *)a), nb = count(*(Block *const *)b);
    uint64_t pa = (*(Block *const *)a)->pc, pb = (*(Block *const *)b)->pc;
    return na != nb ? (na < nb ? 1 : -1) : pa != pb ? (pa > pb ? 1 : -1) : 0;
}

static void at_exit(qemu_plugin_id_t id, void *userdata)
{
    (void)id, (void)userdata;
    guint n;
    g_autofree Block **all = (Block **)g_hash_table_get_keys_as_array(blocks, &n);
    g_autoptr(GString) text = g_string_new(NULL);
    uint64_t executed = 0, insns = 0;
    qsort(all, n, sizeof(*all), hotter);
    for (guint i = 0; i < n; i++) {
        executed += count(all[i]);
        insns += count(all[i]) * all[i]->insns;
    }
    g_string_append_printf(text,
                           "%u blocks, executed %" PRIu64 " times, %" PRIu64 " instructions\n", n,
                           executed, insns);
    g_string_append(text, "pc                 instructions        executed  function\n");
    for (guint i = 0; i < MIN(n, limit); i++) {
        g_string_append_printf(text, "0x%016" PRIx64 " %12" PRIu64 " %15" PRIu64 "  %s\n",
                               all[i]->pc, all[i]->insns, count(all[i]),
                               all[i]->symbol ? all[i]->symbol : "");
    }
    qemu_plugin_outs(text->str);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!g_str_has_prefix(argv[i], "limit=")) {
            fprintf(stderr, "hotblocks: unknown argument '%s'\n", argv[i]);
            return 1;
        }
        limit = (unsigned)strtoul(argv[i] + 6, NULL, 0);
    }
    blocks = g_hash_table_new(hash, equal);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
