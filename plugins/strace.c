// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// strace: system calls, one line each, for people or as JSON.
//
//   -plugin strace.so[,json=on][,filename=FILE]     unless told, into the log (-d plugin)
//
// A JSON line: {"vcpu":0,"pc":"0x...","call":"write","number":1,"args":["0x1",...],"result":5,"strings":{"0":"/etc"}}.
// Strings are those of arguments that are names of files, by the argument's number.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/event.h"
#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static bool json;
static FILE *file;

static void append_quoted(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\') {
            g_string_append_printf(out, "\\%c", *c);
        } else if (*c < 0x20 || *c > 0x7e) {
            g_string_append_printf(out, "\\u%04x", *c); // bytes, not characters
        } else {
            g_string_append_c(out, (char)*c);
        }
    }
    g_string_append_c(out, '"');
}

// The string at addr, at most 255 bytes of it; NULL when it cannot be read.
static char *read_string(uint64_t addr)
{
    char text[256];
    for (unsigned i = 0; i < sizeof(text); i++) {
        if (!event_read_memory(addr + i, text + i, 1)) {
            return NULL;
        }
        if (!text[i]) {
            return g_strdup(text);
        }
    }
    text[sizeof(text) - 1] = '\0';
    return g_strdup(text);
}

static bool is_name(const Event *e, unsigned arg)
{
    const char *kind = e->syscall.kinds[arg];
    return kind && !strcmp(kind, "path") && e->syscall.args[arg];
}

static void emit(GString *line)
{
    g_string_append_c(line, '\n');
    if (file) {
        fputs(line->str, file);
        fflush(file);
    } else {
        event_log(line->str);
    }
}

static void line_for(GString *out, const Event *e, bool done)
{
    const char *name = e->syscall.name ? e->syscall.name : "?";
    if (json) {
        g_string_append_printf(out,
                               "{\"vcpu\":%u,\"pc\":\"0x%" PRIx64
                               "\",\"call\":\"%s\",\"number\":%" PRIu64 ",\"args\":[",
                               e->vcpu, e->pc, name, e->syscall.number);
    } else {
        g_string_append_printf(out, "%u %s(", e->vcpu, name);
    }
    for (unsigned i = 0; i < e->syscall.nb_args; i++) {
        g_autofree char *text = !json && is_name(e, i) ? read_string(e->syscall.args[i]) : NULL;
        const char *kind = e->syscall.kinds[i];
        g_string_append(out, i ? (json ? "," : ", ") : "");
        if (text) {
            append_quoted(out, text);
        } else if (!json && kind && (!strcmp(kind, "int") || !strcmp(kind, "fd"))) {
            g_string_append_printf(out, "%d", (int)e->syscall.args[i]);
        } else {
            g_string_append_printf(out, json ? "\"0x%" PRIx64 "\"" : "0x%" PRIx64,
                                   e->syscall.args[i]);
        }
    }
    g_string_append(out, json ? "],\"result\":" : ") = ");
    if (done) {
        g_string_append_printf(out, "%" PRId64, e->syscall.result);
    } else {
        g_string_append(out, json ? "null" : "?");
    }
    if (json) {
        bool first = true;
        g_string_append(out, ",\"strings\":{");
        for (unsigned i = 0; i < e->syscall.nb_args; i++) {
            g_autofree char *text = is_name(e, i) ? read_string(e->syscall.args[i]) : NULL;
            if (text) {
                g_string_append_printf(out, "%s\"%u\":", first ? "" : ",", i);
                append_quoted(out, text);
                first = false;
            }
        }
        g_string_append(out, "}}");
    }
}

static void on_return(Event *e, void *unused)
{
    g_autoptr(GString) line = g_string_new(NULL);
    (void)unused;
    line_for(line, e, true);
    emit(line);
}

// Calls that do not come back are told when they begin.
static void on_call(Event *e, void *unused)
{
    (void)unused;
    const char *name = e->syscall.name ? e->syscall.name : "";
    if (!strcmp(name, "exit") || !strcmp(name, "exit_group") || !strcmp(name, "execve") ||
        !strcmp(name, "execveat")) {
        g_autoptr(GString) line = g_string_new(NULL);
        line_for(line, e, false);
        emit(line);
    }
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)id, (void)info;
    for (int i = 0; i < argc; i++) {
        bool ok = false;
        if (g_str_has_prefix(argv[i], "json=")) {
            ok = qemu_plugin_bool_parse("json", argv[i] + 5, &json);
        } else if (g_str_has_prefix(argv[i], "filename=")) {
            char *path = event_result_path(argv[i] + 9);
            int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
            file = fd < 0 ? NULL : fdopen(event_own_fd(fd), "we");
            if (!file) {
                fprintf(stderr, "strace: cannot write %s: %m\n", path);
                return 1;
            }
            free(path);
            ok = true;
        }
        if (!ok) {
            fprintf(stderr, "strace: wrong argument '%s' (json=on, filename=FILE)\n", argv[i]);
            return 1;
        }
    }
    EventClient *c = event_client_new("strace");
    event_subscribe(c, EVENT_SYSCALL, on_call, NULL);
    event_subscribe(c, EVENT_SYSCALL_RETURN, on_return, NULL);
    return 0;
}
