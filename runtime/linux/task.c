// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loop in which a guest thread lives: guest code, what made it stop, signals, guest code again.
#include "task.h"

#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi.h"
#include "exec.h"
#include "guest-signal.h"
#include "runtime/cpu-exec.h"
#include "runtime/event-internal.h"
#include "runtime/cpu-stop.h"
#include "runtime/gdb/gdb.h"

_Thread_local GuestTask *current_task;

static GuestActions *actions_new(void)
{
    GuestActions *actions = g_new0(GuestActions, 1);
    pthread_mutex_init(&actions->lock, NULL);
    actions->refs = 1;
    return actions;
}

GuestProcess *guest_process_new(const GuestABI *abi)
{
    GuestProcess *process = g_new0(GuestProcess, 1);
    process->abi = abi;
    process->actions = actions_new();
    pthread_mutex_init(&process->lock, NULL);
    process->nb_threads = 1;
    return process;
}

GuestProcess *guest_process_share(GuestProcess *parent, bool share_actions)
{
    GuestProcess *process = g_memdup2(parent, sizeof(*parent));
    pthread_mutex_init(&process->lock, NULL);
    process->nb_threads = 1;
    if (share_actions) {
        atomic_fetch_add(&parent->actions->refs, 1);
    } else {
        process->actions = actions_new();
        pthread_mutex_lock(&parent->actions->lock);
        memcpy(process->actions->of, parent->actions->of, sizeof(process->actions->of));
        pthread_mutex_unlock(&parent->actions->lock);
    }
    return process;
}

void guest_process_free(GuestProcess *process)
{
    if (atomic_fetch_sub(&process->actions->refs, 1) == 1) {
        pthread_mutex_destroy(&process->actions->lock);
        g_free(process->actions);
    }
    pthread_mutex_destroy(&process->lock);
    g_free(process);
}

GuestTask *task_new(GuestProcess *process, CPUState *cs)
{
    GuestTask *task = g_new0(GuestTask, 1);
    task->process = process;
    task->cs = cs;
    task->altstack.flags = SS_DISABLE;
    cs->thread = task;
    return task;
}

void task_free(GuestTask *task)
{
    exec_call_free(task);
    if (task->strace_line) {
        g_string_free(task->strace_line, TRUE);
    }
    g_free(task);
}

static void fire_exception(GuestTask *task, int excp)
{
    const CPUState *cs = task->cs;
    Event e = {.kind = EVENT_EXCEPTION, .pc = cs->isa->get_pc(cs)};
    e.exception.number = excp;
    e.exception.is_memory = excp == EXCP_SEGV || excp == EXCP_BUS || excp == EXCP_UNALIGNED;
    if (e.exception.is_memory) {
        e.exception.addr = cs->fault_addr;
        e.exception.write = cs->fault_write;
    }
    event_fire(&e);
}

void task_run(GuestTask *task)
{
    const GuestABI *abi = task->process->abi;
    current_cpu = task->cs;
    event_fire_plain(EVENT_THREAD_START);
    while (!task->exiting) {
        cpu_gate(task->cs);
        int excp = cpu_exec(task->cs);
        switch (excp) {
        case EXCP_SYSCALL: syscall_serve(task); break;
        case EXCP_INTERRUPT: break;
        case EXCP_ATOMIC:
        case EXCP_YIELD: sched_yield(); break;
        default:
            if (excp == EXCP_DEBUG && gdb_debug_exception(task)) {
                break;
            }
            if (event_wanted(EVENT_EXCEPTION)) {
                fire_exception(task, excp);
            }
            abi->exception(task, excp);
            break;
        }
        if (!task->exiting) {
            signal_deliver(task);
        }
    }
    event_fire_plain(EVENT_THREAD_EXIT);
}
