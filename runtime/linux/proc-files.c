// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files under /proc/self that would show myna instead of the guest, and /proc/cpuinfo, which would show
// the host's CPU: their contents are written into an anonymous file, of which the guest gets a read-only
// descriptor.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi.h"
#include "paths.h"
#include "runtime/guest-memory.h"

static void put_cmdline(const GuestProcess *process, FILE *f)
{
    for (guint i = 0; i < process->argv->len; i++) {
        const char *arg = process->argv->pdata[i];
        fwrite(arg, strlen(arg) + 1, 1, f);
    }
}

// The host's line with the start of the guest's stack (field 28) in place of ours.
static void put_stat(const GuestProcess *process, FILE *f)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/proc/self/stat", &text, NULL, NULL)) {
        return;
    }
    char *rest = strrchr(text, ')'); // the name may hold anything
    if (!rest) {
        return;
    }
    fwrite(text, (size_t)(rest + 1 - text), 1, f);
    g_auto(GStrv) fields = g_strsplit(g_strstrip(rest + 1), " ", -1);
    for (unsigned i = 0; fields[i]; i++) {
        if (i + 3 == 28) {
            fprintf(f, " %" G_GUINT64_FORMAT, process->stack_start);
        } else {
            fprintf(f, " %s", fields[i]);
        }
    }
    fputc('\n', f);
}

static bool put_file(const GuestTask *task, ProcFile file, FILE *f)
{
    const GuestProcess *process = task->process;
    switch (file) {
    case PROC_MAPS: guest_memory_print_maps(f, false); return true;
    case PROC_SMAPS: guest_memory_print_maps(f, true); return true;
    case PROC_CMDLINE: put_cmdline(process, f); return true;
    case PROC_AUXV: fwrite(process->auxv->data, process->auxv->len, 1, f); return true;
    case PROC_ENVIRON:
        fwrite(process->environ_block->data, process->environ_block->len, 1, f);
        return true;
    case PROC_STAT: put_stat(process, f); return true;
    case PROC_CPUINFO: process->abi->print_cpuinfo(task->cs, f); return true;
    default: return false;
    }
}

int64_t proc_file_open(GuestTask *task, ProcFile file, int flags)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    if (file == PROC_MEM) {
        // Reading is harmless; writing would go around the protection of our own memory.
        return writes ? -EACCES : -ENOSYS;
    }
    if (writes || (file == PROC_CPUINFO && !task->process->abi->print_cpuinfo)) {
        return -ENOSYS; // as Linux decides
    }
    int fd = memfd_create("proc", MFD_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    FILE *f = fdopen(fd, "w");
    if (!f || !put_file(task, file, f) || fflush(f) != 0) {
        if (f) {
            fclose(f);
        } else {
            close(fd);
        }
        return -ENOSYS;
    }
    char name[32];
    g_snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    int guest_fd = open(name, O_RDONLY | (flags & O_CLOEXEC));
    int64_t result = guest_fd < 0 ? -errno : guest_fd;
    fclose(f);
    return result;
}
