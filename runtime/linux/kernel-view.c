// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See kernel-view.h.  PR_SET_MM with PR_SET_MM_MAP needs no rights, but it sets all places of a process at once: those
// that are to stay are read before, from /proc/self/stat; proc(5) has the fields' numbers.
#include "kernel-view.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/guest-memory.h"
#include "tcg2llvm/files-aside.h"

enum { FIRST_FIELD = 3, LAST_FIELD = 51 };

// The fields behind the name, which may hold anything; false when there are too few.
static bool read_places(uint64_t field[LAST_FIELD + 1])
{
    g_autofree char *text = files_aside_read("/proc/self/stat", NULL);
    const char *rest = text ? strrchr(text, ')') : NULL;
    if (!rest) {
        return false;
    }
    rest += strlen(") R"); // field 3 is a letter
    for (int i = FIRST_FIELD + 1; i <= LAST_FIELD; i++) {
        char *end;
        field[i] = strtoull(rest, &end, 10);
        if (end == rest) {
            return false;
        }
        rest = end;
    }
    return true;
}

bool kernel_view_show(const StackStrings *strings)
{
    uint64_t field[LAST_FIELD + 1];
    if (!read_places(field)) {
        return false;
    }
    struct prctl_mm_map map = {
        .start_code = field[26],
        .end_code = field[27],
        .start_stack = field[28],
        .start_data = field[45],
        .end_data = field[46],
        .start_brk = field[47],
        .brk = (uint64_t)syscall(SYS_brk, 0),
        .arg_start = (uintptr_t)g2h(strings->args),
        .arg_end = (uintptr_t)g2h(strings->env),
        .env_start = (uintptr_t)g2h(strings->env),
        .env_end = (uintptr_t)g2h(strings->end),
        .exe_fd = UINT32_MAX, // stays
    };
    return prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) == 0;
}
