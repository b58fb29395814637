// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -strace: one line a call, from the table's argument kinds.
//
//     4711 openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3
//     4711 read(3, "root:x:0:0:"..., 4096) = 1386
//
// What the kernel reads is printed before the call, so that a call that blocks or kills can be seen; from
// the first argument that it writes on, after it.  When another thread's line comes between, the line is
// broken as strace breaks it: "<unfinished ...>", "<... read resumed>".
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "abi.h"
#include "runtime/guest-memory.h"
#include "runtime/log.h"
#include "strace-flags.h"
#include "strace-print.h"

// --- names --------------------------------------------------------------------------------------
const char *strace_signal_name(int sig, char *buf, size_t size)
{
    const char *abbrev = sig > 0 && sig < 32 ? sigabbrev_np(sig) : NULL;
    if (abbrev) {
        g_snprintf(buf, size, "SIG%s", abbrev);
    } else if (sig >= 32 && sig <= GUEST_NSIG) {
        g_snprintf(buf, size, "SIGRT_%d", sig - 32); // the kernel's SIGRTMIN
    } else {
        g_snprintf(buf, size, "%d", sig);
    }
    return buf;
}

const char *strace_errno_name(int err)
{
    const char *name = strerrorname_np(err);
    return name ? name : "E?";
}

// --- one argument -------------------------------------------------------------------------------
// An element count or byte count that the row points to, -1 when the result says there is nothing.
static int64_t get_count(const SyscallArg *arg, const uint64_t args[6], int64_t result, bool after)
{
    if (arg->count == 0) {
        return 1;
    }
    int64_t limit = (int64_t)args[arg->count - 1];
    if (!after || !(arg->dir & DIR_OUT)) {
        return limit;
    }
    if (arg->kind == ARG_STRUCT && !arg->count_is_result) {
        return limit;
    }
    return MIN(result, limit);
}

static void print_arg(GString *out, const GuestABI *abi, const SyscallRow *row, unsigned index,
                      const uint64_t args[6], int64_t result, bool after)
{
    const SyscallArg *arg = &row->args[index];
    uint64_t v = args[index];
    char buf[512];
    // What the kernel was to write and did not is shown as an address.
    bool unwritten = after && arg->dir == DIR_OUT && result < 0;
    int64_t count = get_count(arg, args, result, after);
    switch ((SyscallArgKind)arg->kind) {
    case ARG_NONE: break;
    case ARG_INT: g_string_append_printf(out, "%d", (int)v); break;
    case ARG_UINT: g_string_append_printf(out, "%u", (unsigned)v); break;
    case ARG_LONG:
    case ARG_OFF: g_string_append_printf(out, "%" PRId64, (int64_t)v); break;
    case ARG_SIZE: g_string_append_printf(out, "%" PRIu64, v); break;
    case ARG_HEX: g_string_append_printf(out, "%#" PRIx64, v); break;
    case ARG_SEMCTLARG:
    case ARG_PTR: print_pointer(out, v); break;
    case ARG_FD: g_string_append_printf(out, "%d", (int)v); break;
    case ARG_DIRFD: g_string_append_printf(out, (int)v == -100 ? "AT_FDCWD" : "%d", (int)v); break;
    case ARG_MODE: g_string_append_printf(out, "%#o", (unsigned)v); break;
    case ARG_SIG: g_string_append(out, strace_signal_name((int)v, buf, sizeof(buf))); break;
    case ARG_PATH:
    case ARG_STR: print_string(out, v, -1); break;
    case ARG_STRS: print_string_array(out, v); break;
    case ARG_ENVS: print_environ(out, v); break;
    case ARG_FLAGS: g_string_append(out, flag_set_print(arg->set, v, buf, sizeof(buf))); break;
    case ARG_ENUM: g_string_append(out, flag_enum_print(arg->set, v, buf, sizeof(buf))); break;
    case ARG_BUF:
    case ARG_OSTR:
        if (unwritten || v == 0) {
            print_pointer(out, v);
        } else {
            print_string(out, v, count);
        }
        break;
    case ARG_ODATA: print_pointer(out, v); break;
    case ARG_IOV:
        if (unwritten) {
            print_pointer(out, v);
        } else {
            print_iovec(out, v, args[arg->count - 1], after && arg->dir == DIR_OUT ? result : -1);
        }
        break;
    case ARG_SOCKADDR:
        if (unwritten) {
            print_pointer(out, v);
        } else if (arg->dir == DIR_OUT) {
            uint32_t len = 0;
            guest_read(args[arg->count - 1], &len, sizeof(len));
            print_sockaddr(out, v, len);
        } else {
            print_sockaddr(out, v, (uint32_t)args[arg->count - 1]);
        }
        break;
    case ARG_FCNTLARG: print_fcntl_arg(out, (int)args[arg->count - 1], v); break;
    case ARG_STRUCT:
        if (unwritten) {
            print_pointer(out, v);
        } else if (abi_struct(abi, arg->type)) {
            print_converted_struct(out, abi_struct(abi, arg->type), v, arg->count ? count : -1);
        } else {
            print_struct(out, arg->type, v, arg->count ? count : -1);
        }
        break;
    }
}

// The first argument that is printed after the call.
static unsigned first_output(const SyscallRow *row)
{
    unsigned n = syscall_nb_args(row);
    for (unsigned i = 0; i < n; i++) {
        if (row->args[i].dir & DIR_OUT) {
            return i;
        }
    }
    return n;
}

static void print_args(GString *out, const GuestABI *abi, const SyscallRow *row, unsigned from,
                       unsigned to, const uint64_t args[6], int64_t result, bool after)
{
    for (unsigned i = from; i < to; i++) {
        if (i > 0) {
            g_string_append(out, ", ");
        }
        // open's mode says nothing when nothing is created.
        if (row->args[i].kind == ARG_MODE && i > 0 && row->args[i - 1].set == &flag_set_open &&
            !(args[i - 1] & 0100)) {
            g_string_truncate(out, out->len - 2);
            continue;
        }
        print_arg(out, abi, row, i, args, result, after);
    }
}

// --- lines --------------------------------------------------------------------------------------
// Whose line in the log has no end yet.  Under the log's lock.
static const GuestTask *open_line;
// Other processes write to the same log, and we cannot know when: from then on a line is written as a
// whole, after the call.
static bool whole_lines;

void strace_share_log(bool is_child)
{
    whole_lines = true;
    if (is_child) {
        open_line = NULL; // that line is the parent's
    }
}

static void emit(const GuestTask *task, const GString *text, const char *resumed, bool ends)
{
    FILE *f = log_lock();
    if (open_line && open_line != task) {
        fputs(" <unfinished ...>\n", f);
        open_line = NULL;
    }
    if (!open_line && resumed) {
        fprintf(f, "%d <... %s resumed>", (int)task->tid, resumed);
    }
    fputs(text->str, f);
    open_line = ends ? NULL : task;
    log_unlock(f);
}

void strace_exec_done(GuestTask *task)
{
    g_autoptr(GString) out = g_string_new(") = 0\n");
    emit(task, out, "execve", true);
}

void strace_begin(GuestTask *task, const SyscallRow *row, uint64_t number, const uint64_t args[6])
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_printf(out, "%d ", (int)task->tid);
    if (row) {
        g_string_append_printf(out, "%s(", row->name);
        print_args(out, task->process->abi, row, 0, first_output(row), args, 0, false);
    } else {
        g_string_append_printf(out, "syscall_%" PRIu64 "(", number);
        for (int i = 0; i < 6; i++) {
            g_string_append_printf(out, "%s%#" PRIx64, i ? ", " : "", args[i]);
        }
    }
    if (whole_lines && row && g_str_has_prefix(row->name, "execve")) {
        g_string_append(out, " <unfinished ...>\n"); // it may be another myna that goes on
        emit(task, out, NULL, true);
    } else if (whole_lines) {
        task->strace_line = g_steal_pointer(&out);
    } else {
        emit(task, out, NULL, false);
    }
}

// The end of a call's line, behind what strace_begin has kept of it.
static void emit_end(GuestTask *task, GString *text, const char *name)
{
    if (task->strace_line) {
        g_string_prepend(text, task->strace_line->str);
        g_string_free(g_steal_pointer(&task->strace_line), TRUE);
        name = NULL;
    }
    emit(task, text, name, true);
}

static void print_result(GString *out, const SyscallRow *row, int64_t result)
{
    if (result == -ERESTARTSYS) {
        g_string_append(out, ") = ? ERESTARTSYS (to be restarted)\n");
    } else if (result == -ESIGRETURN || (row && row->result == RES_NONE)) {
        g_string_append(out, ") = ?\n");
    } else if (result < 0 && result >= -4095) {
        g_string_append_printf(out, ") = -1 %s (%s)\n", strace_errno_name((int)-result),
                               g_strerror((int)-result));
    } else if (row && row->result == RES_HEX) {
        g_string_append_printf(out, ") = %#" PRIx64 "\n", (uint64_t)result);
    } else if (row && row->result == RES_OCT) {
        g_string_append_printf(out, ") = %#" PRIo64 "\n", (uint64_t)result);
    } else {
        g_string_append_printf(out, ") = %" PRId64 "\n", result);
    }
}

void strace_end(GuestTask *task, const SyscallRow *row, uint64_t number, const uint64_t args[6],
                int64_t result)
{
    char number_name[40];
    g_autoptr(GString) out = g_string_new(NULL);
    if (row) {
        print_args(out, task->process->abi, row, first_output(row), syscall_nb_args(row), args,
                   result, true);
    }
    print_result(out, row, result);
    g_snprintf(number_name, sizeof(number_name), "syscall_%" PRIu64, number);
    emit_end(task, out, row ? row->name : number_name);
}

void strace_signal(GuestTask *task, int sig, const void *siginfo)
{
    const siginfo_t *info = siginfo;
    char name[32];
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_printf(out, "%d --- %s ", (int)task->tid, strace_signal_name(sig, name, sizeof(name)));
    print_siginfo(out, info);
    g_string_append(out, " ---\n");
    emit(task, out, NULL, true);
}

void strace_exit(GuestTask *task, int status)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_printf(out, ") = ?\n%d +++ exited with %d +++\n", (int)task->tid, status);
    emit_end(task, out, "exit_group");
}

void strace_killed(GuestTask *task, int sig)
{
    char name[32];
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_printf(out, "%d +++ killed by %s +++\n", (int)task->tid,
                    strace_signal_name(sig, name, sizeof(name)));
    emit(task, out, NULL, true);
}
