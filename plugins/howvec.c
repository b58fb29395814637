// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// howvec: the instruction mix.  How often each mnemonic was executed, most frequent first.
//
//   -plugin howvec.so[,limit=N]     N: mnemonics in the list, all unless told; -d plugin shows it
#include "ranking.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

// The first word of the disassembly.
static Ranked *kind_of(const struct qemu_plugin_insn *insn)
{
    g_autofree char *text = qemu_plugin_insn_disas(insn);
    const char *word = text + strspn(text, " \t");
    return ranking_get(g_strndup(word, strcspn(word, " \t")));
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64,
                                                            ranking_counter(kind_of(insn)), 1);
    }
}

static void at_exit(qemu_plugin_id_t id, void *userdata)
{
    g_autoptr(GPtrArray) all = ranking_sorted();
    g_autoptr(GString) text = g_string_new(NULL);
    uint64_t total = 0;
    (void)id, (void)userdata;
    for (guint i = 0; i < all->len; i++) {
        total += ((Ranked *)all->pdata[i])->total;
    }
    g_string_append_printf(text, "%" PRIu64 " instructions, %u mnemonics\n", total, all->len);
    for (guint i = 0; i < MIN(all->len, ranking.limit); i++) {
        const Ranked *r = all->pdata[i];
        g_string_append_printf(text, "%15" PRIu64 " %6.2f%%  %s\n", r->total,
                               total ? 100.0 * (double)r->total / (double)total : 0, r->name);
    }
    qemu_plugin_outs(text->str);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)info;
    if (!ranking_start("howvec", UINT32_MAX, argc, argv)) {
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
