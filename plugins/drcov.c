// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// drcov: which blocks were executed, as a drcov file (version 2) that coverage viewers read: a table of modules, then
// eight bytes a block: offset from the module's base, size, module.
//
//   -plugin drcov.so[,filename=FILE]     unless told, drcov.%p.log
//
// A process a file: %p in the name is the process id; without it, all but the first process have ".PID" behind it.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plugins/event.h"
#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

typedef struct Module {
    char *path;
    uint64_t base, end;
} Module;

typedef struct Block {
    uint64_t pc;
    uint16_t size;
    struct qemu_plugin_scoreboard *count; // not 0: executed
} Block;

static GMutex lock;
static GArray *modules, *blocks;
static char *filename;

// A file's mappings, whatever lies between them.
static void on_map(Event *e, void *unused)
{
    (void)unused;
    if (!e->map.is_new || !e->map.name || e->map.name[0] != '/') {
        return;
    }
    g_mutex_lock(&lock);
    for (guint i = 0; i < modules->len; i++) {
        Module *m = &g_array_index(modules, Module, i);
        if (!strcmp(m->path, e->map.name)) {
            m->base = MIN(m->base, e->map.start);
            m->end = MAX(m->end, e->map.end);
            g_mutex_unlock(&lock);
            return;
        }
    }
    Module m = {g_strdup(e->map.name), e->map.start, e->map.end};
    g_array_append_val(modules, m);
    g_mutex_unlock(&lock);
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    size_t n = qemu_plugin_tb_n_insns(tb), size = 0;
    for (size_t i = 0; i < n; i++) {
        size += qemu_plugin_insn_size(qemu_plugin_tb_get_insn(tb, i));
    }
    Block b = {qemu_plugin_tb_vaddr(tb), (uint16_t)size, qemu_plugin_scoreboard_new(8)};
    g_mutex_lock(&lock);
    g_array_append_val(blocks, b);
    g_mutex_unlock(&lock);
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_STORE_U64,
                                                      qemu_plugin_scoreboard_u64(b.count), 1);
}

static int module_of(uint64_t pc)
{
    for (guint i = 0; i < modules->len; i++) {
        const Module *m = &g_array_index(modules, Module, i);
        if (pc >= m->base && pc < m->end) {
            return (int)i;
        }
    }
    return -1;
}

static void at_exit(qemu_plugin_id_t id, void *userdata)
{
    (void)id, (void)userdata;
    uint64_t start, end, entry;
    event_program_code(&start, &end, &entry);
    g_autoptr(GByteArray) table = g_byte_array_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_int64_hash, g_int64_equal);
    unsigned n = 0;
    for (guint i = 0; i < blocks->len; i++) {
        Block *b = &g_array_index(blocks, Block, i);
        int m = module_of(b->pc);
        uint64_t *key = g_memdup2(&(uint64_t){b->pc << 16 ^ b->size}, 8);
        if (m < 0 || !qemu_plugin_u64_sum(qemu_plugin_scoreboard_u64(b->count)) ||
            !g_hash_table_add(seen, key)) {
            continue; // code that belongs to no file has no place in the format
        }
        struct {
            uint32_t start;
            uint16_t size, module;
        } row = {(uint32_t)(b->pc - g_array_index(modules, Module, m).base), b->size, (uint16_t)m};
        g_byte_array_append(table, (const guint8 *)&row, sizeof(row));
        n++;
    }
    char *path = event_result_path(filename);
    FILE *f = fopen(path, "wbe");
    if (!f) {
        fprintf(stderr, "drcov: cannot write %s: %m\n", path);
    }
    free(path);
    if (!f) {
        return;
    }
    fprintf(f,
            "DRCOV VERSION: 2\nDRCOV FLAVOR: drcov-64\nModule Table: version 2, count %u\n"
            "Columns: id, base, end, entry, path\n",
            modules->len);
    for (guint i = 0; i < modules->len; i++) {
        const Module *m = &g_array_index(modules, Module, i);
        bool main_module = entry >= m->base && entry < m->end;
        fprintf(f, "%3u, 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%016" PRIx64 ", %s\n", i, m->base, m->end,
                main_module ? entry : 0, m->path);
    }
    fprintf(f, "BB Table: %u bbs\n", n);
    fwrite(table->data, 1, table->len, f);
    fclose(f);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!g_str_has_prefix(argv[i], "filename=") || !argv[i][9]) {
            fprintf(stderr, "drcov: unknown argument '%s'\n", argv[i]);
            return 1;
        }
        filename = g_strdup(argv[i] + 9);
    }
    filename = filename ? filename : g_strdup("drcov.%p.log");
    // What cannot be written is told now, not when all has been executed.
    char *path = event_result_path(filename);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) {
        fprintf(stderr, "drcov: cannot write %s: %m\n", path);
        return 1;
    }
    close(fd);
    free(path);
    modules = g_array_new(FALSE, FALSE, sizeof(Module));
    blocks = g_array_new(FALSE, FALSE, sizeof(Block));
    event_subscribe(event_client_new("drcov maps"), EVENT_MAP, on_map, NULL);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
