// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A plugin that counts everything in two ways, by inline operations and by callbacks, which must agree, and
// prints the sums.  With regs=on it reads the stack pointer at each instruction.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

typedef struct Counts {
    uint64_t blocks, insns, loads, stores, block_calls, insn_calls, load_calls, store_calls, sum,
        regs, cond;
    uint64_t since;
} Counts;

static struct qemu_plugin_scoreboard *board;
static bool read_regs;
static struct qemu_plugin_register *sp;
static uint64_t syscalls, returns, threads;

#define U64(f) qemu_plugin_scoreboard_u64_in_struct(board, Counts, f)
static Counts *mine(unsigned vcpu) { return qemu_plugin_scoreboard_find(board, vcpu); }

static void on_block(unsigned vcpu, void *opaque)
{
    (void)opaque;
    mine(vcpu)->block_calls++;
}
static void on_insn(unsigned vcpu, void *opaque)
{
    (void)opaque;
    mine(vcpu)->insn_calls++;
    if (read_regs) {
        g_autoptr(GByteArray) buf = g_byte_array_new();
        if (sp && qemu_plugin_read_register(sp, buf) == 8) {
            uint64_t v;
            memcpy(&v, buf->data, 8);
            mine(vcpu)->regs += v & 0xffff;
        }
    }
}
static void on_cond(unsigned vcpu, void *opaque)
{
    (void)opaque;
    mine(vcpu)->cond++;
    mine(vcpu)->since = 0;
}
static void on_mem(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *opaque)
{
    Counts *c = mine(vcpu);
    qemu_plugin_mem_value v = qemu_plugin_mem_get_value(info);
    uint64_t value = v.type == QEMU_PLUGIN_MEM_VALUE_U128  ? v.data.u128.low ^ v.data.u128.high
                     : v.type == QEMU_PLUGIN_MEM_VALUE_U64 ? v.data.u64
                     : v.type == QEMU_PLUGIN_MEM_VALUE_U32 ? v.data.u32
                     : v.type == QEMU_PLUGIN_MEM_VALUE_U16 ? v.data.u16
                                                           : v.data.u8;
    (void)opaque;
    if (qemu_plugin_mem_is_store(info)) {
        c->store_calls++;
        value = value * 3;
    } else {
        c->load_calls++;
    }
    c->sum = (c->sum ^ value ^ (vaddr & 0xff)) * 0x9e3779b97f4a7c15u +
             qemu_plugin_mem_size_shift(info);
}

static void on_trans(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64, U64(blocks),
                                                      1);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, NULL);
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64,
                                                            U64(insns), 1);
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64,
                                                            U64(since), 1);
        qemu_plugin_register_vcpu_insn_exec_cond_cb(insn, on_cond, QEMU_PLUGIN_CB_NO_REGS,
                                                    QEMU_PLUGIN_COND_GE, U64(since), 100, NULL);
        qemu_plugin_register_vcpu_insn_exec_cb(
            insn, on_insn, read_regs ? QEMU_PLUGIN_CB_R_REGS : QEMU_PLUGIN_CB_NO_REGS, NULL);
        qemu_plugin_register_vcpu_mem_inline_per_vcpu(insn, QEMU_PLUGIN_MEM_R,
                                                      QEMU_PLUGIN_INLINE_ADD_U64, U64(loads), 1);
        qemu_plugin_register_vcpu_mem_inline_per_vcpu(insn, QEMU_PLUGIN_MEM_W,
                                                      QEMU_PLUGIN_INLINE_ADD_U64, U64(stores), 1);
        qemu_plugin_register_vcpu_mem_cb(insn, on_mem, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
                                         NULL);
    }
}

static void on_init(qemu_plugin_id_t id, unsigned vcpu)
{
    (void)id;
    (void)vcpu;
    __atomic_fetch_add(&threads, 1, __ATOMIC_RELAXED);
    g_autoptr(GArray) regs = qemu_plugin_get_registers();
    for (guint i = 0; i < regs->len; i++) {
        qemu_plugin_reg_descriptor *d = &g_array_index(regs, qemu_plugin_reg_descriptor, i);
        if (!strcmp(d->name, "rsp") || !strcmp(d->name, "sp")) {
            sp = d->handle;
        }
    }
}

static void on_syscall(qemu_plugin_id_t id, unsigned vcpu, int64_t num, uint64_t a1, uint64_t a2,
                       uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    (void)id, (void)vcpu, (void)num, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6,
        (void)a7, (void)a8;
    __atomic_fetch_add(&syscalls, 1, __ATOMIC_RELAXED);
}
static void on_ret(qemu_plugin_id_t id, unsigned vcpu, int64_t num, int64_t ret)
{
    (void)id, (void)vcpu, (void)num, (void)ret;
    __atomic_fetch_add(&returns, 1, __ATOMIC_RELAXED);
}

static void on_exit_cb(qemu_plugin_id_t id, void *opaque)
{
    (void)id;
    (void)opaque;
#define SUM(f) qemu_plugin_u64_sum(U64(f))
    g_autofree char *text = g_strdup_printf(
        "blocks %" PRIu64 " %" PRIu64 "\ninsns %" PRIu64 " %" PRIu64 "\nloads %" PRIu64 " %" PRIu64
        "\nstores %" PRIu64 " %" PRIu64 "\nvalues %" PRIx64 "\nregs %" PRIu64 "\ncond %" PRIu64
        "\nsyscalls %" PRIu64 " returns %" PRIu64 " threads %" PRIu64 "\n",
        SUM(blocks), SUM(block_calls), SUM(insns), SUM(insn_calls), SUM(loads), SUM(load_calls),
        SUM(stores), SUM(store_calls), SUM(sum), SUM(regs), SUM(cond), syscalls, returns, threads);
    qemu_plugin_outs(text);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        g_auto(GStrv) words = g_strsplit(argv[i], "=", 2);
        if (strcmp(words[0], "regs") || !qemu_plugin_bool_parse(words[0], words[1], &read_regs)) {
            fprintf(stderr, "count: unknown argument %s\n", argv[i]);
            return 1;
        }
    }
    board = qemu_plugin_scoreboard_new(sizeof(Counts));
    qemu_plugin_register_vcpu_init_cb(id, on_init);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_trans);
    qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
    qemu_plugin_register_vcpu_syscall_ret_cb(id, on_ret);
    qemu_plugin_register_atexit_cb(id, on_exit_cb, NULL);
    return 0;
}
