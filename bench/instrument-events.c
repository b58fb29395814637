// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plugin that bench/instrument measures with: counts blocks, instructions or accesses, by inline operations or by
// callbacks; a hook on one address; or nothing.
//
//   what=block|insn|memory|hook|nothing  how=inline|callback  at=ADDRESS
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/event.h"
#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static struct qemu_plugin_scoreboard *board;
static qemu_plugin_u64 counter;
static char what;
static bool calls;
static uint64_t counted; // one thread

static void on_event(unsigned vcpu, void *unused)
{
    (void)vcpu, (void)unused;
    counted++;
}

static void on_access(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t addr, void *unused)
{
    (void)vcpu, (void)info, (void)addr, (void)unused;
    counted++;
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    size_t n = what == 'b' ? 0 : qemu_plugin_tb_n_insns(tb);
    if (what == 'b' && calls) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, on_event, QEMU_PLUGIN_CB_NO_REGS, NULL);
    } else if (what == 'b') {
        qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, counter,
                                                          1);
    }
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        if (what == 'm' && calls) {
            qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
                                             QEMU_PLUGIN_MEM_RW, NULL);
        } else if (what == 'm') {
            qemu_plugin_register_vcpu_mem_inline_per_vcpu(insn, QEMU_PLUGIN_MEM_RW,
                                                          QEMU_PLUGIN_INLINE_ADD_U64, counter, 1);
        } else if (calls) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_event, QEMU_PLUGIN_CB_NO_REGS, NULL);
        } else {
            qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64,
                                                                counter, 1);
        }
    }
}

static void at_exit(qemu_plugin_id_t id, void *unused)
{
    (void)id, (void)unused;
    g_autofree char *text = g_strdup_printf("%" PRIu64 "\n",
                                            counted + qemu_plugin_u64_sum(counter));
    qemu_plugin_outs(text);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    uint64_t at = 0;
    (void)info;
    for (int i = 0; i < argc; i++) {
        const char *value = strchr(argv[i], '=') + 1;
        what = g_str_has_prefix(argv[i], "what=") ? *value : what;
        calls |= !strcmp(argv[i], "how=callback");
        at = g_str_has_prefix(argv[i], "at=") ? strtoull(value, NULL, 0) : at;
    }
    board = qemu_plugin_scoreboard_new(sizeof(uint64_t));
    counter = qemu_plugin_scoreboard_u64(board);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    if (what == 'h') {
        event_hook_pc(event_client_new("bench"), at, on_event, NULL);
    } else if (what != 'n') {
        qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    }
    return 0;
}
