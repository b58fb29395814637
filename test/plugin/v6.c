// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What versions 5 and 6 of QEMU's interface added: answers a system call, changes a register, memory and the
// pc, sees a signal, and takes itself out.
#define QEMU_PLUGIN_VERSION 6
#include <stdio.h>
#include <string.h>

#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static unsigned discons, resets;

static bool filter(qemu_plugin_id_t id, unsigned vcpu, int64_t num, uint64_t a1, uint64_t a2,
                   uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8,
                   uint64_t *result)
{
    (void)id, (void)vcpu, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if (num == 0x4d59 && a1 == 1 && a2 == 2 && a3 == 3) {
        *result = 0x666;
        return true;
    }
    if (num == 1 || num == 64) { // write(fd, buf, len): in capitals
        g_autoptr(GByteArray) text = g_byte_array_new();
        if (qemu_plugin_read_memory_vaddr(a2, text, a3)) {
            for (guint i = 0; i < text->len; i++) {
                text->data[i] = (guint8)g_ascii_toupper((char)text->data[i]);
            }
            qemu_plugin_write_memory_vaddr(a2, text);
        }
    }
    return false;
}

static void discon(qemu_plugin_id_t id, unsigned vcpu, enum qemu_plugin_discon_type type,
                   uint64_t from, uint64_t to)
{
    (void)id, (void)vcpu, (void)from, (void)to;
    discons += type == QEMU_PLUGIN_DISCON_INTERRUPT;
}

static void on_exit_cb(qemu_plugin_id_t id, void *opaque)
{
    (void)id, (void)opaque;
    g_autofree char *text = g_strdup_printf("interrupts %u resets %u\n", discons, resets);
    qemu_plugin_outs(text);
}

static void start(qemu_plugin_id_t id)
{
    qemu_plugin_register_vcpu_syscall_filter_cb(id, filter);
    qemu_plugin_register_vcpu_discon_cb(id, QEMU_PLUGIN_DISCON_ALL, discon);
    qemu_plugin_register_atexit_cb(id, on_exit_cb, NULL);
}

static void after_reset(qemu_plugin_id_t id)
{
    resets++;
    start(id);
}

static void first_block(unsigned vcpu, void *opaque)
{
    (void)vcpu;
    qemu_plugin_reset((qemu_plugin_id_t)(uintptr_t)opaque, after_reset);
}

static void trans(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    qemu_plugin_register_vcpu_tb_exec_cb(tb, first_block, QEMU_PLUGIN_CB_RW_REGS_PC,
                                         (void *)(uintptr_t)id);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)argc, (void)argv;
    if (info->system_emulation || info->version.cur < 6) {
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, trans);
    return 0;
}
