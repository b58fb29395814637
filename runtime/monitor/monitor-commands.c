// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The monitor's commands.  A new one is a row and a function.

#include <inttypes.h>
#include <string.h>

#include "runtime/cpu-exec.h"
#include "runtime/cpu-list.h"
#include "runtime/guest-memory.h"
#include "runtime/monitor/monitor.h"
#include "runtime/process.h"
#include "runtime/stats.h"
#include "runtime/tb.h"

void monitor_printf(Monitor *mon, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_string_append_vprintf(mon->out, fmt, ap);
    va_end(ap);
}

// Prints with a function that wants a stream.
static void print_through_file(Monitor *mon, void (*print)(FILE *f, void *opaque), void *opaque)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (f) {
        print(f, opaque);
        fclose(f);
        g_string_append_len(mon->out, text, (gssize)size);
        free(text);
    }
}

// --- info -------------------------------------------------------------------------------------------

static void print_maps(FILE *f, void *opaque)
{
    (void)opaque;
    guest_memory_print_maps(f, false, 0);
}

static const char *info_maps(Monitor *mon, const char *args)
{
    (void)args;
    print_through_file(mon, print_maps, NULL);
    return NULL;
}

static void print_stats(FILE *f, void *opaque)
{
    (void)opaque;
    stats_print(f);
}

static const char *info_stats(Monitor *mon, const char *args)
{
    (void)args;
    print_through_file(mon, print_stats, NULL);
    return NULL;
}

// What is copied of a block while the table is read; the lines are printed in the order of addresses.
typedef struct BlockLine {
    uint64_t pc;
    uint32_t size, flags;
    uint16_t num_insns;
    bool in_unit, compiled;
} BlockLine;

static void collect_block(TranslationBlock *tb, void *opaque)
{
    const BlockLine line = {
        .pc = tb->pc,
        .size = tb->size,
        .flags = tb->flags,
        .num_insns = tb->num_insns,
        .in_unit = tb->units != NULL,
        .compiled = atomic_load(&tb->code.entry) != tb->cold_entry,
    };
    g_array_append_val((GArray *)opaque, line);
}

static gint compare_lines(gconstpointer a, gconstpointer b)
{
    uint64_t x = ((const BlockLine *)a)->pc, y = ((const BlockLine *)b)->pc;
    return (x > y) - (x < y);
}

static const char *info_blocks(Monitor *mon, const char *args)
{
    uint64_t at = 0;
    if (*args && !monitor_parse_address(args, &at)) {
        return "the argument must be an address or a symbol";
    }
    g_autoptr(GArray) lines = g_array_new(false, false, sizeof(BlockLine));
    tb_lock();
    tb_foreach(collect_block, lines);
    tb_unlock();
    g_array_sort(lines, compare_lines);
    unsigned compiled = 0;
    for (guint i = 0; i < lines->len; i++) {
        const BlockLine *b = &g_array_index(lines, BlockLine, i);
        compiled += b->compiled;
        if (!*args || (at >= b->pc && at < b->pc + b->size)) {
            uint64_t offset = 0;
            const char *name = guest_symbol(b->pc, &offset);
            monitor_printf(mon, "0x%016" PRIx64 " %5u bytes %3u insns %s", b->pc, b->size,
                           b->num_insns,
                           b->compiled  ? "compiled"
                           : b->in_unit ? "in region"
                                        : "cold");
            if (name) {
                monitor_printf(mon, "  %s+0x%" PRIx64, name, offset);
            }
            monitor_printf(mon, "\n");
        }
    }
    monitor_printf(mon, "%u blocks, %u of them heads of compiled code\n", lines->len, compiled);
    return NULL;
}

// --- doing ------------------------------------------------------------------------------------------

static const char *do_flush(Monitor *mon, const char *args)
{
    (void)args;
    cpu_request_flush();
    monitor_printf(mon, "flush requested\n");
    return NULL;
}

static const char *do_quit(Monitor *mon, const char *args)
{
    (void)mon;
    (void)args;
    process_exit(0);
}

// --- the table --------------------------------------------------------------------------------------

static MonitorFn do_help;

// clang-format off
static const MonitorRow rows[] = {
    {"help", "[COMMAND]", do_help, "this text"},
    {"info blocks", "[ADDRESS]", info_blocks, "the translated blocks, or those that hold the address"},
    {"info registers", "[CPU]", monitor_registers, "every CPU's registers, or one CPU's"},
    {"info maps", "", info_maps, "the guest's memory map"},
    {"info stats", "", info_stats, "counters, as --stats prints them"},
    {"x", "/FORMAT ADDRESS", monitor_examine,
     "guest memory; FORMAT is a count, a format (x d u o c s i) and a size (b h w g), each may be left out"},
    {"dump_ir", "ADDRESS", monitor_dump_ir,
     "the LLVM IR of the block, or compiled unit, that holds the address"},
    {"stop", "", monitor_stop, "let every CPU stand still"},
    {"cont", "", monitor_cont, "let them go on"},
    {"flush", "", do_flush, "drop all translated code"},
    {"quit", "", do_quit, "end the guest and myna, status 0"},
};
// clang-format on

static const MonitorRow *more_rows;
static unsigned nb_more_rows;

void monitor_add_rows(const MonitorRow *add, unsigned n)
{
    more_rows = add;
    nb_more_rows = n;
}

// The row with that number; NULL behind the last.
static const MonitorRow *get_row(size_t i)
{
    return i < G_N_ELEMENTS(rows)                  ? &rows[i]
           : i < G_N_ELEMENTS(rows) + nb_more_rows ? &more_rows[i - G_N_ELEMENTS(rows)]
                                                   : NULL;
}

static const char *do_help(Monitor *mon, const char *args)
{
    bool found = false;
    const MonitorRow *r;
    for (size_t i = 0; (r = get_row(i)); i++) {
        if (*args && strncmp(r->name, args, strlen(args)) != 0) {
            continue;
        }
        g_autofree char *left = g_strconcat(r->name, *r->args && *r->args != '/' ? " " : "",
                                            r->args, NULL);
        monitor_printf(mon, "%-28s %s\n", left, r->help);
        found = true;
    }
    return found ? NULL : "there is no such command";
}

// What follows the row's name in the line (its words, however many blanks stand between them); NULL when the
// line does not begin with that name.
static const char *match(const MonitorRow *row, const char *line)
{
    const char *name = row->name;
    while (*name) {
        if (*name == ' ') {
            if (!g_ascii_isspace(*line)) {
                return NULL;
            }
            while (g_ascii_isspace(*line)) {
                line++;
            }
            name++;
        } else if (*name++ != *line++) {
            return NULL;
        }
    }
    return !*line || g_ascii_isspace(*line) || *line == '/' ? line : NULL;
}

bool monitor_execute(const char *line, GString *out)
{
    Monitor mon = {out};
    g_autofree char *command = g_strstrip(g_strdup(line));
    if (!*command) {
        return true;
    }
    for (const char *p = command; *p; p++) {
        if ((unsigned char)*p < ' ' && *p != '\t') {
            monitor_printf(&mon, "error: this is no text: byte 0x%02x in it\n", (unsigned char)*p);
            return false;
        }
    }
    const MonitorRow *row;
    for (size_t i = 0; (row = get_row(i)); i++) {
        const char *args = match(row, command);
        if (args) {
            while (g_ascii_isspace(*args)) {
                args++;
            }
            const char *wrong = *args && !*row->args ? "it takes no arguments"
                                                     : row->fn(&mon, args);
            if (wrong) {
                monitor_printf(&mon, "error: %s: %s (see `help %s`)\n", row->name, wrong,
                               row->name);
            }
            return !wrong;
        }
    }
    g_autofree char *shown = g_utf8_make_valid(command, -1);
    monitor_printf(&mon, "error: there is no command '%.60s' (see `help`)\n", shown);
    return false;
}
