// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// System calls as events: before the call, with arguments that may be changed or a result that takes its
// place; after it; and around those in which a thread may sleep.
#include "syscall-events.h"

#include <string.h>

#include "abi.h"
#include "runtime/event-internal.h"

// Calls whose purpose, or a frequent use of them, is to wait.
static const char *const waiting[] = {
    "accept",          "accept4",  "clock_nanosleep", "epoll_pwait", "epoll_pwait2",
    "epoll_wait",      "flock",    "futex",           "msgrcv",      "nanosleep",
    "pause",           "poll",     "ppoll",           "pselect6",    "read",
    "readv",           "recvfrom", "recvmmsg",        "recvmsg",     "rt_sigsuspend",
    "rt_sigtimedwait", "select",   "semop",           "semtimedop",  "wait4",
    "waitid",
};

static bool may_wait(const SyscallRow *row)
{
    for (size_t i = 0; row && i < sizeof(waiting) / sizeof(waiting[0]); i++) {
        if (!strcmp(row->name, waiting[i])) {
            return true;
        }
    }
    return false;
}

// The call instruction's address: where the CPU stands when the call is to be made again.
static uint64_t call_pc(GuestTask *task)
{
    CPUState *cs = task->cs;
    uint64_t after = cs->isa->get_pc(cs);
    task->process->abi->syscall_restart(cs);
    uint64_t pc = cs->isa->get_pc(cs);
    cs->isa->set_pc(cs, after);
    return pc;
}

static const char *kind_name(const SyscallArg *arg)
{
    static const char *const names[] = {
        [ARG_INT] = "int",           [ARG_UINT] = "uint",     [ARG_LONG] = "long",
        [ARG_SIZE] = "size",         [ARG_OFF] = "offset",    [ARG_HEX] = "hex",
        [ARG_PTR] = "address",       [ARG_FD] = "fd",         [ARG_DIRFD] = "fd",
        [ARG_MODE] = "mode",         [ARG_SIG] = "signal",    [ARG_PATH] = "path",
        [ARG_STR] = "string",        [ARG_STRS] = "strings",  [ARG_ENVS] = "strings",
        [ARG_FLAGS] = "flags",       [ARG_ENUM] = "enum",     [ARG_BUF] = "buffer",
        [ARG_OSTR] = "buffer",       [ARG_ODATA] = "buffer",  [ARG_IOV] = "iovec",
        [ARG_SOCKADDR] = "sockaddr", [ARG_STRUCT] = "struct",
    };
    return arg->kind < sizeof(names) / sizeof(names[0]) ? names[arg->kind] : NULL;
}

static Event describe(GuestTask *task, EventKind kind, uint64_t number, const uint64_t args[6])
{
    const SyscallRow *row = syscall_find(task->process->abi->syscalls, number);
    Event e = {.kind = kind, .pc = call_pc(task)};
    e.syscall.name = row ? row->name : NULL;
    e.syscall.number = number;
    e.syscall.nb_args = row ? syscall_nb_args(row) : 6;
    for (unsigned i = 0; row && i < e.syscall.nb_args; i++) {
        e.syscall.kinds[i] = kind_name(&row->args[i]);
    }
    memcpy(e.syscall.args, args, sizeof(e.syscall.args));
    return e;
}

bool syscall_event_before(GuestTask *task, uint64_t *number, uint64_t args[6], int64_t *result)
{
    Event e = describe(task, EVENT_SYSCALL, *number, args);
    event_fire(&e);
    *number = e.syscall.number;
    memcpy(args, e.syscall.args, sizeof(e.syscall.args));
    *result = e.syscall.moved ? -ESIGRETURN : e.syscall.result;
    return e.syscall.skip || e.syscall.moved;
}

int64_t syscall_event_after(GuestTask *task, uint64_t number, const uint64_t args[6],
                            int64_t result)
{
    Event e = describe(task, EVENT_SYSCALL_RETURN, number, args);
    e.syscall.result = result;
    event_fire(&e);
    return e.syscall.result;
}

bool syscall_event_waits(const SyscallRow *row)
{
    return (event_wanted(EVENT_THREAD_WAIT) || event_wanted(EVENT_THREAD_RESUME)) && may_wait(row);
}
