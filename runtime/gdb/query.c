// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// q and Q: features, threads, what is to be passed and caught.

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/linux/abi.h"
#include "runtime/monitor/monitor.h"
#include "server.h"

typedef void QueryFn(const char *args, GString *reply);

// --- features -----------------------------------------------------------------------------------------

static void query_supported(const char *args, GString *reply)
{
    GdbServer *s = &gdb_server;
    g_auto(GStrv) theirs = g_strsplit(args, ";", -1);
    s->multiprocess = g_strv_contains((const char *const *)theirs, "multiprocess+");
    s->swbreak = g_strv_contains((const char *const *)theirs, "swbreak+");
    s->hwbreak = g_strv_contains((const char *const *)theirs, "hwbreak+");
    // These name processes, so they are of use to who knows of several only.
    s->fork_events = s->multiprocess &&
                     g_strv_contains((const char *const *)theirs, "fork-events+");
    s->vfork_events = s->multiprocess &&
                      g_strv_contains((const char *const *)theirs, "vfork-events+");
    s->exec_events = s->multiprocess &&
                     g_strv_contains((const char *const *)theirs, "exec-events+");
    g_string_printf(
        reply,
        "PacketSize=%x;QStartNoAckMode+;multiprocess+;swbreak+;hwbreak+;vContSupported+;"
        "qXfer:features:read+;qXfer:auxv:read+;qXfer:exec-file:read+;"
        "qXfer:threads:read+;qXfer:siginfo:read+;qXfer:siginfo:write+;"
        "QPassSignals+;QProgramSignals+;QCatchSyscalls+;fork-events+;vfork-events+;exec-events+",
        GDB_PACKET_SIZE);
}

static void query_attached(const char *args, GString *reply)
{
    (void)args;
    g_string_assign(reply, gdb_server.attached_late ? "1" : "0");
}

static void query_symbol(const char *args, GString *reply)
{
    (void)args;
    GDB_OK(reply);
}

// --- threads ------------------------------------------------------------------------------------------

static void query_current(const char *args, GString *reply)
{
    (void)args;
    g_string_assign(reply, "QC");
    gdb_put_thread_id(reply, gdb_server.general ? gdb_server.general : gdb_server.threads);
}

// The list in pieces that a packet holds; "l" ends it.
static void query_next_threads(const char *args, GString *reply)
{
    (void)args;
    GString *list = gdb_server.thread_list;
    if (!list || list->len == 0) {
        g_string_assign(reply, "l");
        return;
    }
    size_t n = MIN(list->len, (size_t)GDB_PACKET_SIZE - 16);
    while (n < list->len && list->str[n] != ',') {
        n--;
    }
    g_string_append_c(reply, 'm');
    g_string_append_len(reply, list->str, (gssize)n);
    g_string_erase(list, 0, (gssize)MIN(n + 1, list->len));
}

static void query_first_threads(const char *args, GString *reply)
{
    GdbServer *s = &gdb_server;
    if (!s->thread_list) {
        s->thread_list = g_string_new(NULL);
    }
    g_string_truncate(s->thread_list, 0);
    for (const GdbThread *t = s->threads; t; t = t->next) {
        if (s->thread_list->len) {
            g_string_append_c(s->thread_list, ',');
        }
        gdb_put_thread_id(s->thread_list, t);
    }
    query_next_threads(args, reply);
}

static void query_thread_info(const char *args, GString *reply)
{
    GdbThreadId id;
    const GdbThread *t = gdb_parse_thread_id(&args, &id) ? gdb_find_thread(&id) : NULL;
    char path[64], name[64] = "";
    if (!t) {
        GDB_ERROR(reply, "03");
        return;
    }
    g_snprintf(path, sizeof(path), "/proc/self/task/%d/comm", (int)t->task->tid);
    FILE *f = fopen(path, "re");
    if (f) {
        if (!fgets(name, sizeof(name), f)) {
            name[0] = '\0';
        }
        fclose(f);
    }
    g_strchomp(name);
    const SyscallRow *row = t->syscall >= 0 ? syscall_find(t->task->process->abi->syscalls,
                                                           (uint64_t)t->syscall)
                                            : NULL;
    g_autofree char *text = row ? g_strdup_printf("%s, in %s", name, row->name) : g_strdup(name);
    gdb_put_hex(reply, text, strlen(text));
}

// gdb's `monitor`: a line for myna's own, in hexadecimal; the answer goes to gdb's console piece by piece.
static void query_command(const char *args, GString *reply)
{
    enum { PIECE = 1024 };
    char line[1024];
    size_t len = strlen(args) / 2;
    if (len >= sizeof(line) || !gdb_get_hex(args, strlen(args), (uint8_t *)line, len)) {
        GDB_ERROR(reply, "16");
        return;
    }
    line[len] = '\0';
    g_autoptr(GString) out = g_string_new(NULL);
    bool known = monitor_execute(line, out);
    for (size_t at = 0; at < out->len; at += PIECE) {
        g_autoptr(GString) piece = g_string_new("O");
        gdb_put_hex(piece, out->str + at, MIN(out->len - at, (size_t)PIECE));
        gdb_send_string(piece);
    }
    if (known || out->len) {
        GDB_OK(reply);
    } else {
        GDB_ERROR(reply, "16");
    }
}

// --- settings -----------------------------------------------------------------------------------------

static void set_no_ack(const char *args, GString *reply)
{
    (void)args;
    GDB_OK(reply);
    gdb_server.no_ack = true; // this packet has been acknowledged
}

static void set_pass_signals(const char *p, GString *reply)
{
    uint64_t number;
    gdb_server.pass_signals = 0;
    while (gdb_parse_number(&p, &number)) {
        int sig = gdb_signal_to_host((int)number);
        gdb_server.pass_signals |= sig ? sig_bit(sig) : 0;
        p += *p == ';';
    }
    GDB_OK(reply);
}

// "0", or "1" for all, or "1;NUMBER;NUMBER".
static void set_catch_syscalls(const char *p, GString *reply)
{
    GdbServer *s = &gdb_server;
    uint64_t number;
    if (*p != '0' && *p != '1') {
        GDB_ERROR(reply, "16");
        return;
    }
    g_clear_pointer(&s->catch_syscalls, g_hash_table_unref);
    s->catch_all_syscalls = p[0] == '1' && p[1] == '\0';
    p++;
    while (*p == ';' && p++ && gdb_parse_number(&p, &number)) {
        if (!s->catch_syscalls) {
            s->catch_syscalls = g_hash_table_new(NULL, NULL);
        }
        g_hash_table_add(s->catch_syscalls, GUINT_TO_POINTER((unsigned)number));
    }
    GDB_OK(reply);
}

static void set_nothing(const char *args, GString *reply)
{
    (void)args;
    GDB_OK(reply);
}

// --- dispatch -----------------------------------------------------------------------------------------

typedef struct QueryRow {
    const char *name;
    QueryFn *fn;
} QueryRow;

static const QueryRow queries[] = {
    {"qSupported:", query_supported},
    {"qAttached", query_attached},
    {"qSymbol:", query_symbol},
    {"qC", query_current},
    {"qfThreadInfo", query_first_threads},
    {"qsThreadInfo", query_next_threads},
    {"qThreadExtraInfo,", query_thread_info},
    {"qRcmd,", query_command},
};

static const QueryRow settings[] = {
    {"QStartNoAckMode", set_no_ack},
    {"QPassSignals:", set_pass_signals},
    {"QProgramSignals:",
     set_nothing}, // what the debugger wants delivered, it says at each resumption
    {"QCatchSyscalls:", set_catch_syscalls},
};

static bool dispatch(const QueryRow *rows, size_t n, const char *text, GString *reply)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(rows[i].name);
        bool exact = g_ascii_isalpha(rows[i].name[len - 1]);
        if (strncmp(text, rows[i].name, len) == 0 && (!exact || !g_ascii_isalpha(text[len]))) {
            rows[i].fn(text + len, reply);
            return true;
        }
    }
    return false;
}

bool gdb_query(const char *text, GString *reply)
{
    return dispatch(queries, G_N_ELEMENTS(queries), text, reply);
}

bool gdb_set(const char *text, GString *reply)
{
    return dispatch(settings, G_N_ELEMENTS(settings), text, reply);
}
