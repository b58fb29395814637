// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files under /proc/self that would show myna instead of the guest, and /proc/cpuinfo, which would show
// the host's CPU: their contents are written into an anonymous file, of which the guest gets a read-only
// descriptor.  And the directory of the process's threads, from which myna's are taken out as it is read.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "abi.h"
#include "paths.h"
#include "runtime/cpu-list.h"
#include "runtime/guest-memory.h"
#include "tcg2llvm/files-aside.h"

// As they were when the program began.
static void put_strings(const GuestProcess *process, ProcFile file, FILE *f)
{
    if (file == PROC_ENVIRON) {
        fwrite(process->environ_block->data, process->environ_block->len, 1, f);
        return;
    }
    for (guint i = 0; i < process->argv->len; i++) {
        const char *arg = process->argv->pdata[i];
        fwrite(arg, strlen(arg) + 1, 1, f);
    }
}

static unsigned count_threads(GuestProcess *process)
{
    pthread_mutex_lock(&process->lock);
    unsigned n = process->nb_threads;
    pthread_mutex_unlock(&process->lock);
    return n;
}

// The host's line with the number of the guest's threads (field 20) and the start of its stack (28) in place of
// ours; proc(5).
static bool put_stat(GuestProcess *process, const char *path, FILE *f)
{
    g_autofree char *text = NULL;
    char *rest = NULL;
    if (!(text = files_aside_read(path, NULL)) || !(rest = strrchr(text, ')'))) {
        return false; // the name before the parenthesis may hold anything
    }
    fwrite(text, (size_t)(rest + 1 - text), 1, f);
    g_auto(GStrv) fields = g_strsplit(g_strstrip(rest + 1), " ", -1);
    for (unsigned i = 0; fields[i]; i++) {
        switch (i + 3) {
        case 20: fprintf(f, " %u", count_threads(process)); break;
        case 28: fprintf(f, " %" G_GUINT64_FORMAT, process->stack_start); break;
        default: fprintf(f, " %s", fields[i]); break;
        }
    }
    fputc('\n', f);
    return true;
}

// The host's lines, but for those that tell of our threads and our handlers.
static bool put_status(GuestProcess *process, const char *path, FILE *f)
{
    g_autofree char *text = files_aside_read(path, NULL);
    if (!text) {
        return false;
    }
    uint64_t ignored = 0, caught = 0;
    pthread_mutex_lock(&process->actions->lock);
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        uint64_t handler = process->actions->of[sig].handler;
        ignored |= handler == (uintptr_t)SIG_IGN ? sig_bit(sig) : 0;
        caught |= handler > (uintptr_t)SIG_IGN ? sig_bit(sig) : 0;
    }
    pthread_mutex_unlock(&process->actions->lock);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line && **line; line++) {
        if (g_str_has_prefix(*line, "Threads:")) {
            fprintf(f, "Threads:\t%u\n", count_threads(process));
        } else if (g_str_has_prefix(*line, "SigIgn:")) {
            fprintf(f, "SigIgn:\t%016" PRIx64 "\n", ignored);
        } else if (g_str_has_prefix(*line, "SigCgt:")) {
            fprintf(f, "SigCgt:\t%016" PRIx64 "\n", caught);
        } else {
            fprintf(f, "%s\n", *line);
        }
    }
    return true;
}

static bool put_file(const GuestTask *task, ProcFile file, const char *path, FILE *f)
{
    GuestProcess *process = task->process;
    uint64_t page = process->abi->kernel_page;
    switch (file) {
    case PROC_MAPS: guest_memory_print_maps(f, false, page); return true;
    case PROC_SMAPS: guest_memory_print_maps(f, true, page); return true;
    case PROC_AUXV: fwrite(process->auxv->data, process->auxv->len, 1, f); return true;
    case PROC_CMDLINE:
    case PROC_ENVIRON:
        if (process->kernel_shows_strings) {
            return false; // as they are now
        }
        put_strings(process, file, f);
        return true;
    case PROC_STAT: return put_stat(process, path, f);
    case PROC_STATUS: return put_status(process, path, f);
    case PROC_CPUINFO: process->abi->print_cpuinfo(task->cs, f); return true;
    default: return false;
    }
}

// --- the guest's descriptor -----------------------------------------------------------------------
typedef struct TextFile {
    const char *text;
    size_t size;
    int fd;    // -errno when it could not be made
    pid_t tid; // in whose table it is
} TextFile;

static void make_text(void *opaque)
{
    TextFile *t = opaque;
    t->tid = (pid_t)syscall(SYS_gettid);
    t->fd = memfd_create("proc", MFD_CLOEXEC);
    if (t->fd < 0) {
        t->fd = -errno;
    } else if (write(t->fd, t->text, t->size) != (ssize_t)t->size) {
        close(t->fd);
        t->fd = -ENOMEM;
    }
}

static void close_text(void *opaque) { close(((TextFile *)opaque)->fd); }

// A descriptor for reading alone, from the begin, with the number that Linux would give: the lowest that is free.
static int64_t open_text(const char *text, size_t size, int flags)
{
    TextFile t = {.text = text, .size = size};
    files_aside(make_text, &t);
    if (t.fd < 0) {
        return t.fd;
    }
    char name[64];
    g_snprintf(name, sizeof(name), "/proc/self/task/%d/fd/%d", t.tid, t.fd);
    int64_t result = open(name, O_RDONLY | (flags & O_CLOEXEC));
    result = result < 0 ? -errno : result;
    if (t.tid == (pid_t)syscall(SYS_gettid)) { // nobody else is there to see that it takes two
        int second = (int)result;
        result = second < 0 ? result : dup3(second, t.fd, flags & O_CLOEXEC);
        close(second < 0 ? t.fd : second);
    } else {
        files_aside(close_text, &t);
    }
    return result;
}

int64_t proc_file_open(GuestTask *task, ProcFile file, const char *path, int flags)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    if (file == PROC_MEM) {
        // Reading is harmless; writing would go around the protection of our own memory.
        return writes ? -EACCES : -ENOSYS;
    }
    if (writes || (file == PROC_CPUINFO && !task->process->abi->print_cpuinfo)) {
        return -ENOSYS; // as Linux decides
    }
    // Something may be mounted over it, or /proc may be no proc.
    struct statfs fs;
    if (statfs(path, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC) {
        return -ENOSYS;
    }
    static const char by_thread[] = "/thread-self/";
    const char *rest = strstr(path, by_thread);
    g_autofree char *by_number = NULL;
    if (rest) { // another thread may be the one that reads it
        rest += strlen(by_thread);
        path = by_number = g_strdup_printf("/proc/self/task/%d/%s", task->tid, rest);
    }
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    bool ok = f && put_file(task, file, path, f);
    ok &= f && fclose(f) == 0;
    int64_t result = ok ? open_text(text, size, flags) : -ENOSYS;
    free(text);
    return result;
}

// --- /proc/self/task ----------------------------------------------------------------------------
// Is the descriptor the directory of this process's threads?
static bool is_task_dir(int fd)
{
    struct statfs fs;
    char link[64], target[64], own[64];
    if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC) {
        return false;
    }
    g_snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", fd);
    g_snprintf(own, sizeof(own), "/proc/%d/task", getpid());
    ssize_t len = readlink(link, target, sizeof(target) - 1);
    return len > 0 && (size_t)len == strlen(own) && memcmp(target, own, (size_t)len) == 0;
}

typedef struct ThreadSearch {
    pid_t tid;
    bool found;
} ThreadSearch;

static void look_at_thread(CPUState *cs, void *opaque)
{
    ThreadSearch *s = opaque;
    const GuestTask *task = cs->thread;
    s->found |= task && task->tid == s->tid;
}

// Is there a thread of the guest's with this name?  Whatever is no number is.  The first thread is there as long as the
// process is, ended or not.
static bool is_guest_thread(const char *name)
{
    char *end;
    long tid = strtol(name, &end, 10);
    if (end == name || *end || tid == getpid()) {
        return true;
    }
    ThreadSearch s = {.tid = (pid_t)tid};
    cpu_list_foreach(look_at_thread, &s);
    return s.found;
}

// The kernel's entries without those of myna's own threads.  An entry's length stands at byte 16 and its name at
// `name`, which is all that struct linux_dirent and linux_dirent64 differ in here.
static int64_t read_directory(GuestTask *task, long number, size_t name, const uint64_t a[6])
{
    for (;;) {
        int64_t bytes = host_syscall_retry(task, number, a);
        if (bytes <= 0 || !is_task_dir((int)a[0])) {
            return bytes;
        }
        g_autofree char *entries = g_malloc((size_t)bytes + 1);
        if (!guest_read(a[1], entries, (size_t)bytes)) {
            return bytes;
        }
        entries[bytes] = '\0';
        size_t kept = 0;
        uint16_t len;
        for (size_t at = 0; at + name < (size_t)bytes; at += len) {
            memcpy(&len, entries + at + 16, sizeof(len));
            if (len <= name || len > (size_t)bytes - at) {
                break;
            }
            if (is_guest_thread(entries + at + name)) {
                memmove(entries + kept, entries + at, len);
                kept += len;
            }
        }
        if (kept) {
            return guest_write(a[1], entries, kept) ? (int64_t)kept : -EFAULT;
        }
        // Nothing is left of these; none at all would be the directory's end.
    }
}

int64_t sys_getdents(GuestTask *task, const uint64_t a[6])
{
    return read_directory(task, SYS_getdents, 18, a);
}

int64_t sys_getdents64(GuestTask *task, const uint64_t a[6])
{
    return read_directory(task, SYS_getdents64, 19, a);
}
