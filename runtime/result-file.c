// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See result-file.h.

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "result-file.h"

static struct ResultFile {
    char *directory;
    bool successor;
} state;

void result_file_set_successor(void) { state.successor = true; }

bool result_file_is_successor(void) { return state.successor; }

const char *result_file_directory(void)
{
    if (!state.directory) {
        state.directory = g_get_current_dir();
    }
    return state.directory;
}

void result_file_set_directory(const char *path)
{
    g_free(state.directory);
    state.directory = g_strdup(path);
}

char *result_file_path(const char *name)
{
    g_autoptr(GString) path = g_string_new(NULL);
    bool has_pid = false;
    for (const char *c = name; *c; c++) {
        if (c[0] == '%' && c[1] == 'p') {
            g_string_append_printf(path, "%d", (int)getpid());
            has_pid = true;
            c++;
        } else {
            g_string_append_c(path, *c);
        }
    }
    // Not what is one file for all: /dev/null, a pipe under /dev/fd.
    if (!has_pid && state.successor && !g_str_has_prefix(name, "/dev/")) {
        g_string_append_printf(path, ".%d", (int)getpid());
    }
    g_autofree char *absolute = g_canonicalize_filename(path->str, result_file_directory());
    return strdup(absolute);
}
