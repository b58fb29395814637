// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// core_pattern: core(5) and format_corename of Linux.
#include <string.h>

#include "core-file.h"

// In a name a slash is '!', and nothing is a directory.
static void put_plain(GString *out, const char *text)
{
    if (!strcmp(text, ".") || !strcmp(text, "..")) {
        g_string_append_c(out, '!');
        text++;
    }
    for (; *text; text++) {
        g_string_append_c(out, *text == '/' ? '!' : *text);
    }
}

static void put_base(GString *out, const char *path)
{
    const char *slash = strrchr(path, '/');
    put_plain(out, slash ? slash + 1 : path);
}

static void put_specifier(GString *out, const CoreNaming *n, char letter)
{
    switch (letter) {
    case '%': g_string_append_c(out, '%'); break;
    case 'p':
    case 'P': g_string_append_printf(out, "%d", n->pid); break;
    case 'i':
    case 'I': g_string_append_printf(out, "%d", n->tid); break;
    case 'u': g_string_append_printf(out, "%u", n->uid); break;
    case 'g': g_string_append_printf(out, "%u", n->gid); break;
    case 'd': g_string_append_c(out, '1'); break; // dumpable: else there is no file
    case 's': g_string_append_printf(out, "%d", n->sig); break;
    case 't': g_string_append_printf(out, "%" G_GINT64_FORMAT, n->time); break;
    case 'c': g_string_append_printf(out, "%" G_GUINT64_FORMAT, n->limit); break;
    case 'h': put_plain(out, n->host); break;
    case 'e': put_plain(out, n->comm); break;
    case 'f': put_base(out, n->exe); break;
    case 'E': put_plain(out, n->exe); break;
    default: break; // unknown ones go
    }
}

char *core_file_name(const CoreNaming *n)
{
    GString *out = g_string_new(NULL);
    bool has_pid = false;
    for (const char *p = n->pattern; *p; p++) {
        if (*p != '%') {
            g_string_append_c(out, *p);
        } else if (*++p) {
            put_specifier(out, n, *p);
            has_pid |= *p == 'p';
        } else {
            break;
        }
    }
    if (!has_pid && n->uses_pid) {
        g_string_append_printf(out, ".%d", n->pid);
    }
    return g_string_free(out, FALSE);
}
