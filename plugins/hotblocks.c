// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// hotblocks: the blocks that were executed most often, and how many instructions that were.
//
//   -plugin hotblocks.so[,limit=N]     N: blocks in the list, 20 unless told; -d plugin shows it
#include "ranking.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

typedef struct Block {
    uint64_t insns;
    char *symbol;
} Block;

// A block that is translated again goes on counting.
static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    uint64_t insns = qemu_plugin_tb_n_insns(tb);
    (void)id;
    Ranked *r = ranking_get(
        g_strdup_printf("0x%016" PRIx64 " %12" PRIu64, qemu_plugin_tb_vaddr(tb), insns));
    if (!r->data) {
        Block *b = g_new0(Block, 1);
        b->insns = insns;
        b->symbol = g_strdup(qemu_plugin_insn_symbol(qemu_plugin_tb_get_insn(tb, 0)));
        r->data = b;
    }
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64,
                                                      ranking_counter(r), 1);
}

static void at_exit(qemu_plugin_id_t id, void *userdata)
{
    g_autoptr(GPtrArray) all = ranking_sorted();
    g_autoptr(GString) text = g_string_new(NULL);
    uint64_t executed = 0, insns = 0;
    (void)id, (void)userdata;
    for (guint i = 0; i < all->len; i++) {
        const Ranked *r = all->pdata[i];
        executed += r->total;
        insns += r->total * ((Block *)r->data)->insns;
    }
    g_string_append_printf(text,
                           "%u blocks, executed %" PRIu64 " times, %" PRIu64 " instructions\n",
                           all->len, executed, insns);
    g_string_append(text, "pc                 instructions        executed  function\n");
    for (guint i = 0; i < MIN(all->len, ranking.limit); i++) {
        const Ranked *r = all->pdata[i];
        const char *symbol = ((Block *)r->data)->symbol;
        g_string_append_printf(text, "%s %15" PRIu64 "  %s\n", r->name, r->total,
                               symbol ? symbol : "");
    }
    qemu_plugin_outs(text->str);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)info;
    if (!ranking_start("hotblocks", 20, argc, argv)) {
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
