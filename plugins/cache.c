// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cache: a model of a processor's caches: instructions, data, and a second level behind both, each set-associative
// with least recently used replacement.  One for all threads.
//
//   -plugin cache.so[,i=SIZE:WAYS:LINE][,d=SIZE:WAYS:LINE][,l2=SIZE:WAYS:LINE][,limit=N]
//
// Sizes in bytes, powers of two; i and d 32768:8:64, l2 1048576:16:64 unless told.  -d plugin shows misses, and the N
// (20) instructions with most data misses.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

typedef struct Cache {
    const char *name;
    uint64_t size, ways, line;
    unsigned shift;
    uint64_t sets;
    uint64_t *tags; // set after set, the most recent first; tag + 1, 0: empty
    uint64_t accesses, misses;
} Cache;

static Cache level1[2] = {{.name = "i", .size = 32768, .ways = 8, .line = 64},
                          {.name = "d", .size = 32768, .ways = 8, .line = 64}};
static Cache level2 = {.name = "l2", .size = 1 << 20, .ways = 16, .line = 64};
static uint64_t limit = 20;
static GMutex lock;

typedef struct Insn {
    uint64_t pc, misses;
    char *text;
    const char *symbol;
} Insn;
static GHashTable *insns; // pc -> Insn

static bool hit(Cache *c, uint64_t addr)
{
    uint64_t line = addr >> c->shift, tag = line + 1;
    uint64_t *set = c->tags + line % c->sets * c->ways;
    uint64_t way = 0;
    c->accesses++;
    while (way < c->ways && set[way] != tag) {
        way++;
    }
    bool found = way < c->ways;
    c->misses += !found;
    memmove(set + 1, set, (found ? way : c->ways - 1) * sizeof(*set));
    set[0] = tag;
    return found;
}

// Every line that the access touches; true when all were in the first level.
static bool access_lines(Cache *c, uint64_t addr, uint64_t size)
{
    bool all = true;
    for (uint64_t a = addr & ~(c->line - 1); a < addr + size; a += c->line) {
        if (!hit(c, a)) {
            all = false;
            hit(&level2, a);
        }
    }
    return all;
}

static void on_insn(unsigned vcpu, void *opaque)
{
    const Insn *insn = opaque;
    (void)vcpu;
    g_mutex_lock(&lock);
    access_lines(&level1[0], insn->pc, 1);
    g_mutex_unlock(&lock);
}

static void on_access(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *opaque)
{
    Insn *insn = opaque;
    (void)vcpu;
    g_mutex_lock(&lock);
    insn->misses += !access_lines(&level1[1], vaddr, 1u << qemu_plugin_mem_size_shift(info));
    g_mutex_unlock(&lock);
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t pc = qemu_plugin_insn_vaddr(insn);
        g_mutex_lock(&lock);
        Insn *known = g_hash_table_lookup(insns, &pc);
        if (!known) {
            known = g_new0(Insn, 1);
            *known = (Insn){pc, 0, qemu_plugin_insn_disas(insn),
                            g_intern_string(qemu_plugin_insn_symbol(insn))};
            g_hash_table_insert(insns, &known->pc, known);
        }
        g_mutex_unlock(&lock);
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_insn, QEMU_PLUGIN_CB_NO_REGS, known);
        qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
                                         QEMU_PLUGIN_MEM_RW, known);
    }
}

static int worse(const void *a, const void *b)
{
    const Insn *x = *(Insn *const *)a, *y = *(Insn *const *)b;
    return x->misses != y->misses ? (x->misses < y->misses ? 1 : -1) : x->pc > y->pc ? 1 : -1;
}

static void print_cache(GString *text, const Cache *c)
{
    g_string_append_printf(text,
                           "%-3s %9" PRIu64 " bytes, %2" PRIu64 " ways, lines of %" PRIu64
                           ": %12" PRIu64 " accesses, %10" PRIu64 " misses (%.4f%%)\n",
                           c->name, c->size, c->ways, c->line, c->accesses, c->misses,
                           c->accesses ? 100.0 * (double)c->misses / (double)c->accesses : 0);
}

static void at_exit(qemu_plugin_id_t id, void *userdata)
{
    (void)id, (void)userdata;
    guint n;
    GHashTableIter it;
    gpointer insn;
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    g_autoptr(GString) text = g_string_new(NULL);
    g_hash_table_iter_init(&it, insns);
    while (g_hash_table_iter_next(&it, NULL, &insn)) {
        g_ptr_array_add(all, insn);
    }
    qsort(all->pdata, all->len, sizeof(gpointer), worse);
    print_cache(text, &level1[0]);
    print_cache(text, &level1[1]);
    print_cache(text, &level2);
    for (n = 0; n < MIN(all->len, limit) && ((Insn *)all->pdata[n])->misses; n++) {
        const Insn *i = all->pdata[n];
        g_string_append_printf(text, "%12" PRIu64 "  0x%" PRIx64 " %s  %s\n", i->misses, i->pc,
                               i->text, i->symbol ? i->symbol : "");
    }
    qemu_plugin_outs(text->str);
}

static bool is_power(uint64_t n) { return n && !(n & (n - 1)); }

static bool set_up(Cache *c, const char *spec)
{
    if (spec &&
        sscanf(spec, "%" SCNu64 ":%" SCNu64 ":%" SCNu64, &c->size, &c->ways, &c->line) != 3) {
        return false;
    }
    if (!is_power(c->size) || !is_power(c->ways) || !is_power(c->line) || c->size > 1 << 30 ||
        c->size < c->ways * c->line) {
        return false;
    }
    c->shift = (unsigned)__builtin_ctzll(c->line);
    c->sets = c->size / c->ways / c->line;
    g_free(c->tags);
    c->tags = g_new0(uint64_t, c->sets * c->ways);
    return true;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    bool ok = set_up(&level1[0], NULL) && set_up(&level1[1], NULL) && set_up(&level2, NULL);
    (void)info;
    for (int i = 0; i < argc && ok; i++) {
        const char *value = strchr(argv[i], '=') + 1;
        ok = g_str_has_prefix(argv[i], "i=")       ? set_up(&level1[0], value)
             : g_str_has_prefix(argv[i], "d=")     ? set_up(&level1[1], value)
             : g_str_has_prefix(argv[i], "l2=")    ? set_up(&level2, value)
             : g_str_has_prefix(argv[i], "limit=") ? argument_number(value, UINT_MAX, &limit)
                                                   : false;
        if (!ok) {
            fprintf(stderr, "cache: wrong argument '%s'\n", argv[i]);
        }
    }
    if (!ok) {
        return 1;
    }
    insns = g_hash_table_new(g_int64_hash, g_int64_equal);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
