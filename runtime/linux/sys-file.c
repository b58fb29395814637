// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls that open or look at files by name: the -L prefix, and the names under /proc that mean the
// guest's own process.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi.h"
#include "paths.h"
#include "runtime/guest-memory.h"
#include "runtime/process.h"
#include "strace-flags.h"

// A guest's file name, translated.  `addr` is what the host's call gets: the guest's own string, or
// `text`'s.
typedef struct Name {
    uint64_t addr;
    char *text;
    ProcFile proc;
} Name;

// Most names need nothing: they are told by their first bytes, without a copy.
static bool name_is_plain(uint64_t addr)
{
    char head[7] = "";
    if (!guest_read(addr, head, 1) || head[0] != '/') {
        return true; // relative, or the kernel will say EFAULT
    }
    if (myna_options->ld_prefix && *myna_options->ld_prefix) {
        return false;
    }
    return !guest_read(addr, head, 6) || memcmp(head, "/proc/", 6) != 0;
}

// False with *error when the name cannot be read.  Free with name_free.
static bool name_get(GuestTask *task, uint64_t addr, Name *name, int64_t *error)
{
    *name = (Name){.addr = addr};
    if (addr == 0 || name_is_plain(addr)) {
        return true;
    }
    g_autofree char *path = guest_path(addr, error);
    if (!path) {
        return false;
    }
    name->proc = path_proc_file(path);
    if (name->proc == PROC_EXE) {
        name->text = g_strdup(task->process->exe_path);
    } else {
        name->text = path_in_prefix(path);
    }
    name->addr = (uint64_t)(uintptr_t)name->text;
    return true;
}

static void name_free(Name *name) { g_free(name->text); }

// --- opening ------------------------------------------------------------------------------------
// Opens as `how` says, whose flags are the host's; `strict`: as openat2, which refuses what openat ignores.
static int64_t do_open(GuestTask *task, uint64_t dirfd, uint64_t path, const struct open_how *how,
                       bool strict)
{
    Name name;
    int64_t result;
    // Restrictions on how a name is resolved are about the name as it is.
    if (how->resolve) {
        return HOST_SYSCALL(task, SYS_openat2, dirfd, path, (uint64_t)(uintptr_t)how, sizeof(*how));
    }
    if (!name_get(task, path, &name, &result)) {
        return result;
    }
    if (name.proc != PROC_NONE && name.proc != PROC_EXE) {
        result = proc_file_open(task, name.proc, name.text, (int)how->flags);
        if (result != -ENOSYS) { // what needs no help is opened as it is
            name_free(&name);
            return result;
        }
    }
    result = strict ? HOST_SYSCALL(task, SYS_openat2, dirfd, name.addr, (uint64_t)(uintptr_t)how,
                                   sizeof(*how))
                    : HOST_SYSCALL(task, SYS_openat, dirfd, name.addr, how->flags, how->mode);
    name_free(&name);
    return result;
}

int64_t sys_open(GuestTask *task, const uint64_t a[6])
{
    return do_open(task, (uint64_t)AT_FDCWD, a[0], &(struct open_how){a[1], a[2], 0}, false);
}

int64_t sys_openat(GuestTask *task, const uint64_t a[6])
{
    return do_open(task, a[0], a[1], &(struct open_how){a[2], a[3], 0}, false);
}

int64_t sys_creat(GuestTask *task, const uint64_t a[6])
{
    const struct open_how how = {O_CREAT | O_WRONLY | O_TRUNC, a[1], 0};
    return do_open(task, (uint64_t)AT_FDCWD, a[0], &how, false);
}

int64_t sys_openat2(GuestTask *task, const uint64_t a[6])
{
    struct open_how how;
    int64_t error = guest_read_versioned(a[2], a[3], sizeof(how), &how, sizeof(how));
    if (error) {
        return error;
    }
    how.flags = abi_flags_to_host(task->process->abi, &flag_set_open, how.flags);
    return do_open(task, a[0], a[1], &how, true);
}

// --- looking ------------------------------------------------------------------------------------
// A host's call with the name in argument `index`.
static int64_t with_name(GuestTask *task, long number, unsigned index, const uint64_t a[6],
                         bool follow_exe)
{
    uint64_t args[6];
    Name name;
    int64_t result;
    if (!name_get(task, a[index], &name, &result)) {
        return result;
    }
    memcpy(args, a, sizeof(args));
    // A call that does not follow links means the link /proc/self/exe, not the program.
    if (name.proc != PROC_EXE || follow_exe) {
        args[index] = name.addr;
    }
    result = host_syscall_retry(task, number, args);
    name_free(&name);
    return result;
}

int64_t sys_stat(GuestTask *task, const uint64_t a[6])
{
    return with_name(task, SYS_stat, 0, a, true);
}

int64_t sys_lstat(GuestTask *task, const uint64_t a[6])
{
    return with_name(task, SYS_lstat, 0, a, false);
}

int64_t sys_newfstatat(GuestTask *task, const uint64_t a[6])
{
    return with_name(task, SYS_newfstatat, 1, a, !(a[3] & AT_SYMLINK_NOFOLLOW));
}

int64_t sys_statx(GuestTask *task, const uint64_t a[6])
{
    return with_name(task, SYS_statx, 1, a, !(a[2] & AT_SYMLINK_NOFOLLOW));
}

int64_t sys_access(GuestTask *task, const uint64_t a[6])
{
    return with_name(task, SYS_access, 0, a, true);
}

int64_t sys_faccessat(GuestTask *task, const uint64_t a[6])
{
    return with_name(task, SYS_faccessat, 1, a, true);
}

int64_t sys_faccessat2(GuestTask *task, const uint64_t a[6])
{
    return with_name(task, SYS_faccessat2, 1, a, !(a[3] & AT_SYMLINK_NOFOLLOW));
}

static int64_t do_readlink(GuestTask *task, uint64_t dirfd, uint64_t path, uint64_t buf,
                           int64_t size)
{
    Name name;
    int64_t result;
    if (!name_get(task, path, &name, &result)) {
        return result;
    }
    if (name.proc == PROC_EXE) {
        const char *exe = task->process->exe_path;
        result = MIN((int64_t)strlen(exe), size);
        if (size <= 0) {
            result = -EINVAL;
        } else if (!guest_write(buf, exe, (size_t)result)) {
            result = -EFAULT;
        }
    } else {
        result = HOST_SYSCALL(task, SYS_readlinkat, dirfd, name.addr, buf, (uint64_t)size);
    }
    name_free(&name);
    return result;
}

int64_t sys_readlink(GuestTask *task, const uint64_t a[6])
{
    return do_readlink(task, (uint64_t)AT_FDCWD, a[0], a[1], (int)a[2]);
}

int64_t sys_readlinkat(GuestTask *task, const uint64_t a[6])
{
    return do_readlink(task, a[0], a[1], a[2], (int)a[3]);
}
