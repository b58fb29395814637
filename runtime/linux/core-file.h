// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The guest's core file.  The kernel's own would show myna.

#ifndef RUNTIME_LINUX_CORE_FILE_H
#define RUNTIME_LINUX_CORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

#include "task.h"

// Writes what Linux would write when the signal ends the process: nothing when the signal is none of those,
// when RLIMIT_CORE or the process's dumpable flag forbid it, or when core_pattern is a pipe to a program,
// which only the kernel can serve.  The calling thread runs the task; all others stand still from then on.
// Afterwards the host's kernel writes none of its own.
void core_file_write(GuestTask *task, int sig, const siginfo_t *info);
// Does a death by signal leave a core file?  Then registers must be right at each fault.
bool core_file_is_wanted(void);

// For GuestABI.core_notes.
typedef struct CoreNotes CoreNotes;
void core_add_note(CoreNotes *notes, const char *owner, uint32_t type, const void *data,
                   size_t len);

// The file's name from core_pattern, its rules those of core(5); for tests.
typedef struct CoreNaming {
    const char *pattern;
    bool uses_pid; // kernel/core_uses_pid
    int pid, tid, sig;
    unsigned uid, gid;
    uint64_t limit;
    int64_t time;
    const char *host, *comm, *exe;
} CoreNaming;
char *core_file_name(const CoreNaming *naming);

#endif
