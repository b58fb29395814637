// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Takes itself out in a callback of its own, at=KIND: 50 callbacks of the kind later, or in the first that is rare. It stays
// loaded until the callback has returned.
#include <stdio.h>
#include <string.h>

#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static qemu_plugin_id_t own;
static char at[16];
static unsigned left = 50, late;
static bool asked;

static bool is(const char *kind) { return strcmp(at, kind) == 0; }

static void gone(qemu_plugin_id_t id)
{
    fprintf(stderr, "%s in %s, %u late\n", id == own ? "gone" : "wrong", at, late);
}

static void event(unsigned n)
{
    late += asked;
    if (__atomic_fetch_sub(&left, n, __ATOMIC_RELAXED) == n) {
        qemu_plugin_uninstall(own, gone);
        asked = true;
    }
}

static void on_exec(unsigned vcpu, void *unused)
{
    (void)vcpu, (void)unused;
    event(1);
}

static void on_access(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t addr, void *unused)
{
    (void)vcpu, (void)info, (void)addr, (void)unused;
    event(1);
}

static void on_vcpu(qemu_plugin_id_t id, unsigned vcpu)
{
    (void)id, (void)vcpu;
    event(50);
}

static void on_syscall(qemu_plugin_id_t id, unsigned vcpu, int64_t number, uint64_t a1, uint64_t a2,
                       uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    (void)id, (void)vcpu, (void)number;
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    event(50);
}

static void on_return(qemu_plugin_id_t id, unsigned vcpu, int64_t number, int64_t result)
{
    (void)id, (void)vcpu, (void)number, (void)result;
    event(50);
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    if (is("trans")) {
        event(1);
    } else if (is("block")) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, on_exec, QEMU_PLUGIN_CB_NO_REGS, NULL);
    }
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        if (is("insn")) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_exec, QEMU_PLUGIN_CB_R_REGS, NULL);
        } else if (is("mem")) {
            qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
                                             QEMU_PLUGIN_MEM_RW, NULL);
        }
    }
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)info;
    if (argc != 1 || !g_str_has_prefix(argv[0], "at=")) {
        return 1;
    }
    own = id;
    g_strlcpy(at, argv[0] + 3, sizeof(at));
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    if (is("syscall")) {
        qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
    } else if (is("return")) {
        qemu_plugin_register_vcpu_syscall_ret_cb(id, on_return);
    } else if (is("vcpu")) {
        qemu_plugin_register_vcpu_init_cb(id, on_vcpu);
    }
    return 0;
}
