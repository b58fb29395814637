// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ltrace: calls of functions by name, wherever the program has them: arguments, result, nesting.
//
//   -plugin ltrace.so,name=FUNCTION[@FILE][,name=...][,args=N]     -d plugin shows it
//
//   name   a function of the program or of a library, loaded now or later; FILE: only in this one
//   args   arguments that are shown, 3 unless told; strings are shown as such
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "plugins/hook.h"
#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static unsigned args = 3;
static _Thread_local unsigned depth; // of traced calls

// A number, and the string that it points to when that looks like one.
static void append_value(GString *text, uint64_t value)
{
    char bytes[33] = "";
    g_string_append_printf(text, value < 10 ? "%" PRIu64 : "0x%" PRIx64, value);
    if (value < 4096 || !event_read_memory(value, bytes, 32)) {
        return;
    }
    size_t n = 0;
    while (n < 32 && isprint((unsigned char)bytes[n])) {
        n++;
    }
    if (n >= 2 && (n == 32 || !bytes[n])) {
        g_autofree char *shown = g_strescape(bytes, NULL);
        g_string_append_printf(text, " \"%s\"%s", shown, n == 32 ? "..." : "");
    }
}

static GString *begin_line(const MynaCall *call, const char *mark, const char *name)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "[%u] %*s%s%s", call->vcpu, (int)(2 * depth), "", mark, name);
    return text;
}

static void on_enter(MynaCall *call, void *name)
{
    g_autoptr(GString) text = begin_line(call, "", name);
    for (unsigned i = 0; i < args; i++) {
        g_string_append(text, i ? ", " : "(");
        append_value(text, myna_call_arg(call, i));
    }
    g_string_append(text, args ? ")\n" : "\n");
    event_log(text->str);
    depth++;
}

static void on_leave(MynaCall *call, void *name)
{
    depth -= depth > 0;
    g_autoptr(GString) text = begin_line(call, "= ", name);
    g_string_append(text, ": ");
    append_value(text, myna_call_result(call));
    g_string_append_c(text, '\n');
    event_log(text->str);
}

static void on_lost(MynaCall *call, void *name)
{
    depth -= depth > 0;
    g_autoptr(GString) text = begin_line(call, "x ", name);
    g_string_append(text, ": left by a jump\n");
    event_log(text->str);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    EventClient *c = event_client_new("ltrace");
    unsigned names = 0;
    (void)id, (void)info;
    for (int i = 0; i < argc; i++) {
        uint64_t n;
        if (g_str_has_prefix(argv[i], "args=") && argument_number(argv[i] + 5, 16, &n)) {
            args = (unsigned)n;
        } else if (g_str_has_prefix(argv[i], "name=") && argv[i][5]) {
            char *name = g_strdup(argv[i] + 5), *file = strchr(name, '@');
            if (file) {
                *file++ = 0;
            }
            myna_hook_function(c, &(MynaFunction){.symbol = name,
                                                  .file = file,
                                                  .enter = on_enter,
                                                  .leave = on_leave,
                                                  .lost = on_lost,
                                                  .opaque = name});
            names++;
        } else {
            fprintf(stderr, "ltrace: wrong argument '%s' (name=FUNCTION[@FILE], args=N of 16)\n",
                    argv[i]);
            return 1;
        }
    }
    if (!names) {
        fprintf(stderr, "ltrace: it needs name=FUNCTION\n");
    }
    return !names;
}
