// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Resets itself from a callback, several times, and takes itself out in the last reset's callback, whose code must stay until it
// has returned.
#include <stdio.h>

#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static uint64_t blocks, resets, late;
static qemu_plugin_id_t own;

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);

static void gone(qemu_plugin_id_t id)
{
    fprintf(stderr, "%s after %lu resets, %lu late\n", id == own ? "gone" : "wrong", resets, late);
}

static void after_reset(qemu_plugin_id_t id)
{
    resets++;
    if (resets < 4) {
        qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    } else {
        qemu_plugin_uninstall(id, gone);
        qemu_plugin_uninstall(id, gone);
        late += __atomic_load_n(&blocks, __ATOMIC_RELAXED) < 4;
    }
}

static void on_exec(unsigned vcpu, void *round)
{
    (void)vcpu;
    late += (uint64_t)round != resets; // code of a round that is over
    if (__atomic_fetch_add(&blocks, 1, __ATOMIC_RELAXED) % 100 == 99) {
        qemu_plugin_reset(own, after_reset);
    }
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_exec, QEMU_PLUGIN_CB_NO_REGS, (void *)resets);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)info, (void)argc, (void)argv;
    own = id;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    return 0;
}
