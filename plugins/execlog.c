// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// execlog: every instruction that is executed, with its accesses: one line each in the log (-d plugin).
//
//   0, 0x401136, mov eax, [rdi], load 4 0x4c7a10 = 0x2a
//
//   -plugin execlog.so[,from=PC][,to=PC]      instructions at these addresses alone, `to` not among them
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static uint64_t from, to = UINT64_MAX;
static GMutex lock;      // of the array
static GPtrArray *lines; // a vCPU's line that is being put together

static GString *line_of(unsigned vcpu)
{
    g_mutex_lock(&lock);
    while (lines->len <= vcpu) {
        g_ptr_array_add(lines, g_string_new(NULL));
    }
    GString *line = lines->pdata[vcpu];
    g_mutex_unlock(&lock);
    return line;
}

static void flush(GString *line)
{
    if (line->len) {
        g_string_append_c(line, '\n');
        qemu_plugin_outs(line->str);
        g_string_truncate(line, 0);
    }
}

static void on_insn(unsigned vcpu, void *text)
{
    GString *line = line_of(vcpu);
    flush(line);
    g_string_append_printf(line, "%u, %s", vcpu, (const char *)text);
}

static void on_access(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *unused)
{
    qemu_plugin_mem_value v = qemu_plugin_mem_get_value(info);
    GString *line = line_of(vcpu);
    (void)unused;
    g_string_append_printf(line, ", %s %u 0x%" PRIx64 " = 0x",
                           qemu_plugin_mem_is_store(info) ? "store" : "load",
                           1u << qemu_plugin_mem_size_shift(info), vaddr);
    switch (v.type) {
    case QEMU_PLUGIN_MEM_VALUE_U8: g_string_append_printf(line, "%x", v.data.u8); break;
    case QEMU_PLUGIN_MEM_VALUE_U16: g_string_append_printf(line, "%x", v.data.u16); break;
    case QEMU_PLUGIN_MEM_VALUE_U32: g_string_append_printf(line, "%x", v.data.u32); break;
    case QEMU_PLUGIN_MEM_VALUE_U64: g_string_append_printf(line, "%" PRIx64, v.data.u64); break;
    default:
        g_string_append_printf(line, "%016" PRIx64 "%016" PRIx64, v.data.u128.high,
                               v.data.u128.low);
    }
}

// Texts are kept for ever: each instruction's once.
static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t pc = qemu_plugin_insn_vaddr(insn);
        if (pc < from || pc >= to) {
            continue;
        }
        g_autofree char *disas = qemu_plugin_insn_disas(insn);
        g_autofree char *text = g_strdup_printf("0x%" PRIx64 ", %s", pc, disas);
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_insn, QEMU_PLUGIN_CB_NO_REGS,
                                               (void *)g_intern_string(text));
        qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
                                         QEMU_PLUGIN_MEM_RW, NULL);
    }
}

static void at_exit(qemu_plugin_id_t id, void *userdata)
{
    (void)id, (void)userdata;
    for (guint i = 0; i < lines->len; i++) {
        flush(lines->pdata[i]);
    }
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        bool is_from = g_str_has_prefix(argv[i], "from="), is_to = g_str_has_prefix(argv[i], "to=");
        if ((!is_from && !is_to) ||
            !argument_number(argv[i] + (is_from ? 5 : 3), UINT64_MAX, is_from ? &from : &to)) {
            fprintf(stderr, "execlog: wrong argument '%s' (from=PC, to=PC)\n", argv[i]);
            return 1;
        }
    }
    lines = g_ptr_array_new();
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
