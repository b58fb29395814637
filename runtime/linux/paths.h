// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// File names as the guest means them: the -L prefix, and the files under /proc that would show myna
// where the guest expects itself.

#ifndef RUNTIME_LINUX_PATHS_H
#define RUNTIME_LINUX_PATHS_H

#include <stdbool.h>

#include "task.h"

// The name of the file under the -L prefix when it is there, else the name itself.  g_free it.
char *path_in_prefix(const char *path);

// Which file about the calling process or the CPU a name under /proc means.
typedef enum ProcFile {
    PROC_NONE, // not such a file, or one that needs no help
    PROC_EXE,
    PROC_MAPS,
    PROC_SMAPS,
    PROC_CMDLINE,
    PROC_AUXV,
    PROC_ENVIRON,
    PROC_STAT,
    PROC_STATUS,
    PROC_MEM,
    PROC_CPUINFO,
} ProcFile;
// Knows /proc/cpuinfo, /proc/self/X, /proc/thread-self/X, /proc/PID/X with the own process id, and those with
// task/TID/ between.
ProcFile path_proc_file(const char *path);

// Opens the guest's view of such a file, by the name that path_proc_file knew: a descriptor, or a negative errno.
int64_t proc_file_open(GuestTask *task, ProcFile file, const char *path, int flags);

#endif
