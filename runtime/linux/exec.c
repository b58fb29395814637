// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// execve: the new program is to run under myna too, with the same options.  So myna executes itself:
//
//   /proc/thread-self/exe [options] -0 ARGV0 PROGRAM ARGS...
//
// (/proc/self is the first thread, and when that has ended it has no program any more.)
// That must not fail with an error of myna's own behind the point of no return, so the program is opened
// and looked at first, as the new myna will do it; the errors are execve's.  The environment is the
// guest's, but for variables that the host's dynamic linker would take for its own: these travel under
// another name (exec_hide_environ, exec_reveal_environ).
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi.h"
#include "elf-load.h"
#include "guest-signal.h"
#include "paths.h"
#include "runtime/event-internal.h"
#include "runtime/gdb/gdb.h"
#include "runtime/guest-memory.h"
#include "runtime/process.h"
#include "runtime/pass-host.h"
#include "runtime/result-file.h"
#include "runtime/tier-host.h"

#define HIDDEN "MYNA_HIDDEN_"

// --- environment ------------------------------------------------------------------------------------
static bool must_hide(const char *var)
{
    return g_str_has_prefix(var, "LD_") || g_str_has_prefix(var, "GLIBC_TUNABLES=") ||
           g_str_has_prefix(var, HIDDEN);
}

static void hide_environ(GPtrArray *env)
{
    for (guint i = 0; i < env->len; i++) {
        char *var = env->pdata[i];
        if (must_hide(var)) {
            env->pdata[i] = g_strconcat(HIDDEN, var, NULL);
            g_free(var);
        }
    }
}

void exec_reveal_environ(char **env)
{
    size_t len = strlen(HIDDEN);
    for (char **var = env; *var; var++) {
        if (g_str_has_prefix(*var, HIDDEN)) {
            memmove(*var, *var + len, strlen(*var + len) + 1);
        }
    }
}

// --- what is executed -----------------------------------------------------------------------------
// Where the root directory has no /proc, a descriptor of ours, which is handed from myna to myna; -1: not needed yet.
static _Atomic int own_program = -1;

void exec_keep_program(void)
{
    if (own_program >= 0) {
        return;
    }
    int fd = open("/proc/thread-self/exe", O_PATH | O_CLOEXEC);
    if (fd < 0) {
        fd = open((const char *)getauxval(AT_EXECFN), O_PATH | O_CLOEXEC);
    }
    own_program = fd < 0 ? -1 : process_own_fd(fd);
}

static int64_t execute_myna(GuestTask *task, char *const *argv, char *const *env)
{
    int fd = own_program;
    if (fd < 0) {
        return HOST_SYSCALL(task, SYS_execve, (uint64_t)(uintptr_t)"/proc/thread-self/exe",
                            (uint64_t)(uintptr_t)argv, (uint64_t)(uintptr_t)env);
    }
    fcntl(fd, F_SETFD, 0);
    int64_t error = HOST_SYSCALL(task, SYS_execveat, (uint64_t)fd, (uint64_t)(uintptr_t)"",
                                 (uint64_t)(uintptr_t)argv, (uint64_t)(uintptr_t)env,
                                 AT_EMPTY_PATH);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return error;
}

// "1", and behind commas for each limit that is kept "RESOURCE:CUR:MAX", for each file that passes share
// "NAME:DESCRIPTOR", for own_program "exe:DESCRIPTOR"; at the end "dir:" and where the run was started.
static char *successor_value(const GuestLimits *limits)
{
    GString *text = g_string_new(EXEC_SUCCESSOR "=1");
    for (unsigned i = 0; i < G_N_ELEMENTS(limits->of); i++) {
        if (limits->kept & (1u << i)) {
            g_string_append_printf(text, ",%u:%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, i,
                                   limits->of[i].cur, limits->of[i].max);
        }
    }
    pass_host_exec_prepare(text);
    if (own_program >= 0) {
        g_string_append_printf(text, ",exe:%d", own_program);
    }
    g_string_append_printf(text, ",dir:%s", result_file_directory());
    return g_string_free(text, FALSE);
}

static void read_inheritance(const char *text, GuestLimits *limits)
{
    unsigned resource;
    uint64_t cur, max;
    int fd;
    while ((text = strchr(text, ',')) != NULL) {
        text++;
        if (sscanf(text, "%u:%" SCNu64 ":%" SCNu64, &resource, &cur, &max) == 3 &&
            resource < G_N_ELEMENTS(limits->of)) {
            limits->of[resource].cur = cur;
            limits->of[resource].max = max;
            limits->kept |= 1u << resource;
        } else if (sscanf(text, "exe:%d", &fd) == 1) {
            process_adopt_own_fd(fd);
            own_program = fd;
        } else if (g_str_has_prefix(text, "dir:")) {
            result_file_set_directory(text + 4);
            break; // commas behind it are the path's
        } else {
            pass_host_inherit(text);
        }
    }
}

bool exec_is_successor(char **env, GuestLimits *limits, char **debugger)
{
    char **out = env;
    bool found = false;
    *debugger = NULL;
    for (char **var = env; *var; var++) {
        if (g_str_has_prefix(*var, EXEC_SUCCESSOR "=1")) {
            found = true;
            read_inheritance(*var, limits);
            g_free(*var);
        } else if (g_str_has_prefix(*var, GDB_SUCCESSOR "=")) {
            g_free(*debugger);
            *debugger = g_strdup(*var + strlen(GDB_SUCCESSOR "="));
            g_free(*var);
        } else {
            *out++ = *var;
        }
    }
    *out = NULL;
    return found;
}

// --- arguments ----------------------------------------------------------------------------------
// An array of strings with a NULL at its end, out of guest memory; NULL with *error.
static GPtrArray *read_strings(const GuestABI *abi, uint64_t addr, int64_t *error)
{
    GPtrArray *strings = g_ptr_array_new_with_free_func(g_free);
    unsigned word = abi->isa->pointer_bits / 8;
    size_t total = 0;
    while (addr) {
        uint64_t p = 0;
        if (!guest_read(addr, &p, word)) {
            *error = -EFAULT;
            break;
        }
        if (p == 0) {
            return strings;
        }
        int64_t len = guest_strlen(p, 32 * 4096); // MAX_ARG_STRLEN of Linux
        if (len < 0 || len >= 32 * 4096) {
            *error = len < 0 ? -EFAULT : -E2BIG;
            break;
        }
        total += (size_t)len + 1 + word;
        if (total > (size_t)64 << 20) {
            *error = -E2BIG;
            break;
        }
        char *text = g_malloc((gsize)len + 1);
        g_ptr_array_add(strings, text);
        if (!guest_read(p, text, (size_t)len)) {
            *error = -EFAULT;
            break;
        }
        text[len] = '\0';
        addr += word;
    }
    if (!addr) {
        return strings; // Linux takes a NULL array for an empty one
    }
    g_ptr_array_unref(strings);
    return NULL;
}

// A name for the file of a descriptor that the new myna can open.
static char *path_of_fd(int fd)
{
    char link[64], target[PATH_MAX];
    struct stat by_fd, by_name;
    g_snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", fd);
    ssize_t len = readlink(link, target, sizeof(target) - 1);
    if (len > 0) {
        target[len] = '\0';
        if (fstat(fd, &by_fd) == 0 && stat(target, &by_name) == 0 &&
            by_fd.st_dev == by_name.st_dev && by_fd.st_ino == by_name.st_ino) {
            return g_strdup(target);
        }
    }
    // A file without a name (memfd, deleted): the descriptor has to outlive the execution.
    int copy = fcntl(fd, F_DUPFD, 0);
    return copy < 0 ? NULL : g_strdup_printf("/proc/self/fd/%d", copy);
}

static char *resolve(GuestTask *task, int dirfd, uint64_t path_addr, uint64_t flags, int64_t *error)
{
    g_autofree char *path = guest_path(path_addr, error);
    if (!path) {
        return NULL;
    }
    if (path_proc_file(path) == PROC_EXE) {
        return g_strdup(task->process->exe_path);
    }
    if (path[0] == '\0') {
        char *named = flags & AT_EMPTY_PATH ? path_of_fd(dirfd) : NULL;
        *error = flags & AT_EMPTY_PATH ? -EBADF : -ENOENT;
        return named;
    }
    if (path[0] == '/') {
        return path_in_prefix(path);
    }
    if (dirfd == AT_FDCWD) {
        // A relative name keeps its directory, and no name looks like an option.
        return strchr(path, '/') ? g_strdup(path) : g_strconcat("./", path, NULL);
    }
    g_autofree char *dir = path_of_fd(dirfd);
    *error = -EBADF;
    return dir ? g_strconcat(dir, "/", path, NULL) : NULL;
}

// Faults that the guest ignores have a host handler nevertheless, which an execution would reset.
static void restore_ignored(const GuestProcess *process)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
        if (process->actions->of[faults[i]].handler == (uintptr_t)SIG_IGN) {
            signal(faults[i], SIG_IGN);
        }
    }
}

// What a call has allocated.  It belongs to the task, because a child of vfork that executes a program
// cannot free it: its parent does, when it goes on in the memory they have shared.
struct ExecCall {
    char *path;
    GPtrArray *argv, *env; // of the guest; strings owned
    GPtrArray *new_argv;   // of the new myna; strings not owned
    char **options;
};

void exec_call_free(GuestTask *task)
{
    ExecCall *call = g_steal_pointer(&task->exec_call);
    if (call) {
        g_free(call->path);
        g_clear_pointer(&call->argv, g_ptr_array_unref);
        g_clear_pointer(&call->env, g_ptr_array_unref);
        g_clear_pointer(&call->new_argv, g_ptr_array_unref);
        g_free(call->options);
        g_free(call);
    }
}

// Would the new myna be able to run it?  0 or a negative errno.
static int64_t check_program(const char *path)
{
    Program program;
    GError *error = NULL;
    if (!program_open(path, (char *const[]){NULL}, &program, &error)) {
        int64_t result = error->code == EISDIR ? -EACCES : -error->code;
        g_error_free(error);
        return result;
    }
    char *interp = program.image.interp ? path_in_prefix(program.image.interp) : NULL;
    int64_t result = interp && access(interp, R_OK) < 0 ? -errno : 0;
    g_free(interp);
    program_close(&program);
    return result;
}

static void make_argv(ExecCall *call, const GuestLimits *limits)
{
    call->new_argv = g_ptr_array_new();
    call->options = options_argv(myna_options);
    g_ptr_array_add(call->new_argv, "myna");
    for (char **o = call->options; *o; o++) {
        g_ptr_array_add(call->new_argv, *o);
    }
    g_ptr_array_add(call->new_argv, "-0");
    g_ptr_array_add(call->new_argv, call->argv->pdata[0]);
    g_ptr_array_add(call->new_argv, call->path);
    for (guint i = 1; i < call->argv->len; i++) {
        g_ptr_array_add(call->new_argv, call->argv->pdata[i]);
    }
    g_ptr_array_add(call->new_argv, NULL);
    hide_environ(call->env);
    g_ptr_array_add(call->env, successor_value(limits));
    g_ptr_array_add(call->env, NULL);
}

static int64_t execute(GuestTask *task, ExecCall *call)
{
    pass_host_end(MYNA_PASS_EXEC);
    tier_host_finish();
    if (signal_block_host(task)) {
        return -ERESTARTSYS;
    }
    // The new program inherits the guest's mask, faults included, and what is ignored.
    restore_ignored(task->process);
    atomic_store(&task->signal_pending, 0);
    char *debugger = gdb_exec_prepare(task);
    if (debugger) {
        call->env->pdata[call->env->len - 1] = debugger;
        g_ptr_array_add(call->env, NULL);
    }
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &task->blocked, NULL, sizeof(task->blocked));
    int64_t error = execute_myna(task, (char *const *)call->new_argv->pdata,
                                 (char *const *)call->env->pdata);
    if (debugger) {
        gdb_exec_failed();
    }
    pass_host_exec_failed();
    // Still here: handlers for faults again.
    signal_install_all(task->process);
    atomic_store(&task->signal_pending, 1);
    return error;
}

static int64_t prepare_and_execute(GuestTask *task, int dirfd, const uint64_t addrs[3],
                                   uint64_t flags)
{
    const GuestABI *abi = task->process->abi;
    ExecCall *call = task->exec_call;
    int64_t error = 0;
    struct stat st;
    if (!(call->path = resolve(task, dirfd, addrs[0], flags, &error))) {
        return error;
    }
    if ((flags & AT_SYMLINK_NOFOLLOW) && lstat(call->path, &st) == 0 && S_ISLNK(st.st_mode)) {
        return -ELOOP;
    }
    // As in Linux what is wrong with the file's name or rights comes before what is wrong with the arguments, and
    // this before what is wrong inside of the file.
    int64_t bad_program = check_program(call->path);
    if (bad_program && bad_program != -ENOEXEC) {
        return bad_program;
    }
    if (!(call->argv = read_strings(abi, addrs[1], &error)) ||
        !(call->env = read_strings(abi, addrs[2], &error))) {
        return error;
    }
    if (call->argv->len == 0) {
        g_ptr_array_add(call->argv, g_strdup("")); // as Linux since 5.18
    }
    if (bad_program) {
        return bad_program;
    }
    make_argv(call, &task->process->limits);
    if (event_wanted(EVENT_EXEC)) {
        Event e = {.kind = EVENT_EXEC, .pc = task->cs->isa->get_pc(task->cs)};
        e.exec.path = call->path;
        event_fire(&e);
    }
    return execute(task, call);
}

// addrs: path, argv, envp.
static int64_t do_execve(GuestTask *task, int dirfd, const uint64_t addrs[3], uint64_t flags)
{
    if (flags & ~(uint64_t)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) {
        return -EINVAL;
    }
    task->exec_call = g_new0(ExecCall, 1);
    int64_t error = prepare_and_execute(task, dirfd, addrs, flags);
    exec_call_free(task);
    return error;
}

int64_t sys_execve(GuestTask *task, const uint64_t a[6]) { return do_execve(task, AT_FDCWD, a, 0); }

int64_t sys_execveat(GuestTask *task, const uint64_t a[6])
{
    return do_execve(task, (int)a[0], a + 1, (uint32_t)a[4]);
}
