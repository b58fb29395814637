// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// howvec: the instruction mix.  How often each mnemonic was executed, most frequent first.
//
//   -plugin howvec.so[,limit=N]     N: mnemonics in the list, all unless told; -d plugin shows it
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

typedef struct Kind {
    char *name;
    struct qemu_plugin_scoreboard *count;
} Kind;

static GMutex lock;
static GHashTable *kinds; // name -> Kind
static unsigned limit = UINT32_MAX;

static uint64_t count(const Kind *k)
{
    return qemu_plugin_u64_sum(qemu_plugin_scoreboard_u64(k->count));
}

// The first word of the disassembly.
static Kind *kind_of(const struct qemu_plugin_insn *insn)
{
    g_autofree char *text = qemu_plugin_insn_disas(insn);
    const char *word = text + strspn(text, " \t");
    g_autofree char *name = g_strndup(word, strcspn(word, " \t"));
    g_mutex_lock(&lock);
    Kind *k = g_hash_table_lookup(kinds, name);
    if (!k) {
        k = g_new0(Kind, 1);
        k->name = g_strdup(name);
        k->count = qemu_plugin_scoreboard_new(sizeof(uint64_t));
        g_hash_table_insert(kinds, k->name, k);
    }
    g_mutex_unlock(&lock);
    return k;
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
            insn, QEMU_PLUGIN_INLINE_ADD_U64, qemu_plugin_scoreboard_u64(kind_of(insn)->count), 1);
    }
}

static int more(const void *a, const void *b)
{
    const Kind *x = *(Kind *const *)a, *y = *(Kind *const *)b;
    return count(x) != count(y) ? (count(x) < count(y) ? 1 : -1) : strcmp(x->name, y->name);
}

static void at_exit(qemu_plugin_id_t id, void *userdata)
{
    (void)id, (void)userdata;
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    GHashTableIter it;
    gpointer k;
    uint64_t total = 0;
    g_hash_table_iter_init(&it, kinds);
    while (g_hash_table_iter_next(&it, NULL, &k)) {
        g_ptr_array_add(all, k);
        total += count(k);
    }
    qsort(all->pdata, all->len, sizeof(gpointer), more);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "%" PRIu64 " instructions, %u mnemonics\n", total, all->len);
    for (guint i = 0; i < MIN(all->len, limit); i++) {
        uint64_t n = count(all->pdata[i]);
        g_string_append_printf(text, "%15" PRIu64 " %6.2f%%  %s\n", n,
                               total ? 100.0 * (double)n / (double)total : 0,
                               ((Kind *)all->pdata[i])->name);
    }
    qemu_plugin_outs(text->str);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!g_str_has_prefix(argv[i], "limit=")) {
            fprintf(stderr, "howvec: unknown argument '%s'\n", argv[i]);
            return 1;
        }
        limit = (unsigned)strtoul(argv[i] + 6, NULL, 0);
    }
    kinds = g_hash_table_new(g_str_hash, g_str_equal);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
