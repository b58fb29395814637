// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A plugin that computes in floating point before blocks (at=blocks), or before each instruction and after each access:
// under the host's own rounding, and the guest sees nothing of it.
#include <stdlib.h>
#include <string.h>

#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static volatile double one = 1, three = 3, huge = 1e300;
static double third;
static bool blocks;

static void compute(void)
{
    volatile double raised = huge * huge; // overflow, inexact
    (void)raised;
    if (one / three != third) {
        abort();
    }
}

static void on_exec(unsigned vcpu, void *unused)
{
    (void)vcpu, (void)unused;
    compute();
}

static void on_access(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t addr, void *unused)
{
    (void)vcpu, (void)info, (void)addr, (void)unused;
    compute();
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    if (blocks) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, on_exec, QEMU_PLUGIN_CB_NO_REGS, NULL);
        return;
    }
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_exec, QEMU_PLUGIN_CB_NO_REGS, NULL);
        qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
                                         QEMU_PLUGIN_MEM_RW, NULL);
    }
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)info;
    third = one / three;
    blocks = argc && !strcmp(argv[0], "at=blocks");
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    return 0;
}
