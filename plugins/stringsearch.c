// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// stringsearch: where a string passes through the guest's loads or stores, byte after byte, whatever their width: each
// place once, with how often.
//
//   -plugin stringsearch.so,find=TEXT[,find=TEXT]...     \xNN stands for a byte; -d plugin shows it
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

enum { MAX_TEXTS = 16 };

typedef struct Text {
    const char *name;
    uint8_t *bytes;
    size_t len;
    size_t *back; // longest border of each prefix: where to go on after a mismatch
} Text;

// How much of each text the last loads and stores have spelt.
typedef struct State {
    uint64_t matched[MAX_TEXTS][2];
} State;

typedef struct Place {
    uint64_t pc, count;
    const char *symbol;
    unsigned text;
    bool store;
} Place;

static Text texts[MAX_TEXTS];
static unsigned nb_texts;
static struct qemu_plugin_scoreboard *states;
static GMutex lock;
static GArray *places;

static void note(uint64_t pc, const char *symbol, unsigned text, bool store)
{
    g_mutex_lock(&lock);
    Place *p = NULL;
    for (guint i = 0; i < places->len && !p; i++) {
        Place *q = &g_array_index(places, Place, i);
        p = q->pc == pc && q->text == text && q->store == store ? q : NULL;
    }
    if (p) {
        p->count++;
    } else {
        Place fresh = {pc, 1, symbol, text, store};
        g_array_append_val(places, fresh);
    }
    g_mutex_unlock(&lock);
}

typedef struct Site {
    uint64_t pc;
    const char *symbol;
} Site;

static void on_access(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *opaque)
{
    qemu_plugin_mem_value v = qemu_plugin_mem_get_value(info);
    State *s = qemu_plugin_scoreboard_find(states, vcpu);
    const Site *site = opaque;
    bool store = qemu_plugin_mem_is_store(info);
    const uint8_t *bytes = (const uint8_t *)&v.data;
    (void)vaddr;
    for (unsigned t = 0; t < nb_texts; t++) {
        uint64_t *m = &s->matched[t][store];
        for (unsigned i = 0; i < 1u << qemu_plugin_mem_size_shift(info); i++) {
            while (*m && texts[t].bytes[*m] != bytes[i]) {
                *m = texts[t].back[*m - 1];
            }
            *m += texts[t].bytes[*m] == bytes[i];
            if (*m == texts[t].len) {
                note(site->pc, site->symbol, t, store);
                *m = texts[t].back[*m - 1];
            }
        }
    }
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        Site *site = g_new(Site, 1); // as long as the guest runs
        *site = (Site){qemu_plugin_insn_vaddr(insn),
                       g_intern_string(qemu_plugin_insn_symbol(insn))};
        qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
                                         QEMU_PLUGIN_MEM_RW, site);
    }
}

static int by_pc(gconstpointer a, gconstpointer b)
{
    const Place *x = a, *y = b;
    return x->pc != y->pc ? (x->pc < y->pc ? -1 : 1) : x->store - y->store;
}

static void at_exit(qemu_plugin_id_t id, void *userdata)
{
    (void)id, (void)userdata;
    g_array_sort(places, by_pc);
    for (guint i = 0; i < places->len; i++) {
        const Place *p = &g_array_index(places, Place, i);
        g_autofree char *line = g_strdup_printf("'%s' %s at 0x%" PRIx64 " %s, %" PRIu64 " times\n",
                                                texts[p->text].name, p->store ? "stored" : "loaded",
                                                p->pc, p->symbol ? p->symbol : "", p->count);
        qemu_plugin_outs(line);
    }
}

static bool add_text(const char *word)
{
    Text *t = &texts[nb_texts];
    t->name = g_strdup(word);
    t->bytes = g_malloc0(strlen(word) + 1);
    for (const char *c = word; *c; c++) {
        char hex[3] = {0};
        bool escaped = c[0] == '\\' && c[1] == 'x' && g_ascii_isxdigit(c[2]) &&
                       g_ascii_isxdigit(c[3]);
        memcpy(hex, escaped ? c + 2 : "", escaped ? 2 : 1);
        t->bytes[t->len++] = escaped ? (uint8_t)strtoul(hex, NULL, 16) : (uint8_t)*c;
        c += escaped ? 3 : 0;
    }
    t->back = g_new0(size_t, t->len + 1);
    for (size_t i = 1, m = 0; i < t->len; i++) {
        while (m && t->bytes[i] != t->bytes[m]) {
            m = t->back[m - 1];
        }
        m += t->bytes[i] == t->bytes[m];
        t->back[i] = m;
    }
    nb_texts++;
    return t->len > 0;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!g_str_has_prefix(argv[i], "find=") || nb_texts == MAX_TEXTS ||
            !add_text(argv[i] + 5)) {
            fprintf(stderr, "stringsearch: wrong argument '%s' (find=TEXT, at most %d)\n", argv[i],
                    MAX_TEXTS);
            return 1;
        }
    }
    if (!nb_texts) {
        fprintf(stderr, "stringsearch: nothing to find (find=TEXT)\n");
        return 1;
    }
    states = qemu_plugin_scoreboard_new(sizeof(State));
    places = g_array_new(FALSE, FALSE, sizeof(Place));
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
