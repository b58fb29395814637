// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The -L prefix and names under /proc; what the latter hold stands in proc-files.c.
#include "paths.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/process.h"

char *path_in_prefix(const char *path)
{
    const char *prefix = myna_options->ld_prefix;
    if (prefix && *prefix && path[0] == '/') {
        char *inside = g_strconcat(prefix, path, NULL);
        if (access(inside, F_OK) == 0) {
            return inside;
        }
        g_free(inside);
    }
    return g_strdup(path);
}

// Steps over "NAME/"; NULL when it is not there.
static const char *step(const char *path, const char *name)
{
    size_t len = strlen(name);
    if (strncmp(path, name, len) != 0 || path[len] != '/') {
        return NULL;
    }
    path += len;
    while (*path == '/') {
        path++;
    }
    return path;
}

// Steps over a number, which is stored, and a slash.
static const char *step_number(const char *path, long *number)
{
    char *end;
    if (!isdigit((unsigned char)*path)) {
        return NULL;
    }
    *number = strtol(path, &end, 10);
    if (*end != '/') {
        return NULL;
    }
    while (*end == '/') {
        end++;
    }
    return end;
}

ProcFile path_proc_file(const char *path)
{
    static const struct {
        const char *name;
        ProcFile file;
    } files[] = {
        {"exe", PROC_EXE},   {"maps", PROC_MAPS},       {"smaps", PROC_SMAPS},
        {"auxv", PROC_AUXV}, {"cmdline", PROC_CMDLINE}, {"environ", PROC_ENVIRON},
        {"stat", PROC_STAT}, {"status", PROC_STATUS},   {"mem", PROC_MEM},
    };
    long number;
    const char *rest = step(path, "/proc"), *inner;
    if (!rest) {
        return PROC_NONE;
    }
    if (strcmp(rest, "cpuinfo") == 0) {
        return PROC_CPUINFO;
    }
    if ((inner = step(rest, "self")) || (inner = step(rest, "thread-self"))) {
        rest = inner;
    } else if ((inner = step_number(rest, &number)) && number == getpid()) {
        rest = inner;
    } else {
        return PROC_NONE;
    }
    inner = step(rest, "task");
    if (inner) {
        rest = step_number(inner, &number);
        if (!rest) {
            return PROC_NONE;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        if (strcmp(rest, files[i].name) == 0) {
            return files[i].file;
        }
    }
    return PROC_NONE;
}
