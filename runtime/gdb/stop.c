// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How things come to stand still, and what the debugger is told then.
//
// A guest thread with an event stores it and asks for a stop (cpu-stop.h); when all stand still the server's
// thread answers.  Events of other threads that happened meanwhile wait in their threads and are told at the
// next resumption, instead of it.  A breakpoint is not kept: its thread stands in front of it, and meets
// it again if it is still there.

#include "gdb.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <poll.h>
#include <unistd.h>

#include "frontend/frontend.h"
#include "frontend/gdb-target.h"
#include "frontend/translator.h"
#include "runtime/cpu-list.h"
#include "runtime/cpu-stop.h"
#include "runtime/linux/abi.h"
#include "runtime/linux/guest-signal.h"
#include "server.h"

GdbServer gdb_server = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1, .listen_fd = -1};
atomic_bool gdb_is_attached;

GdbThread *gdb_thread_of(GuestTask *task) { return task->gdb; }

// --- threads ----------------------------------------------------------------------------------------

void gdb_thread_start(GuestTask *task)
{
    GdbServer *s = &gdb_server;
    if (!s->on) {
        return;
    }
    GdbThread *t = g_new0(GdbThread, 1);
    t->task = task;
    t->syscall = -1;
    pthread_mutex_lock(&s->lock);
    GdbThread **p = &s->threads; // oldest first, as they are listed
    while (*p) {
        p = &(*p)->next;
    }
    *p = t;
    task->gdb = t;
    pthread_mutex_unlock(&s->lock);
}

void gdb_thread_end(GuestTask *task)
{
    GdbServer *s = &gdb_server;
    GdbThread *t = task->gdb;
    if (!t) {
        return;
    }
    cpu_gate(task->cs); // while things stand still nobody goes
    pthread_mutex_lock(&s->lock);
    GdbThread **p = &s->threads;
    while (*p != t) {
        p = &(*p)->next;
    }
    *p = t->next;
    s->general = s->general == t ? NULL : s->general;
    s->control = s->control == t ? NULL : s->control;
    s->reporter = s->reporter == t ? NULL : s->reporter;
    task->gdb = NULL;
    pthread_mutex_unlock(&s->lock);
    g_free(t);
}

// --- events, in guest threads -----------------------------------------------------------------------

void gdb_report(GdbThread *t, const GdbEvent *event, CPUState *cs)
{
    GdbServer *s = &gdb_server;
    pthread_mutex_lock(&s->lock);
    bool attached = gdb_attached() && s->run != GDB_ENDED;
    if (attached) {
        t->event = *event;
        t->unreported = true;
        t->signal = event->sig;
        if (s->run == GDB_RUNNING) {
            s->run = GDB_STOPPING;
            s->reporter = t;
            cpus_stop_begin();
            gdb_wake();
        }
    }
    pthread_mutex_unlock(&s->lock);
    if (attached) {
        cpu_gate(cs);
    }
}

static void report(GdbThread *t, const GdbEvent *event) { gdb_report(t, event, t->task->cs); }

static void end_step(GdbThread *t) { report(t, &(GdbEvent){.kind = GDB_EVENT_STEP}); }

bool gdb_debug_exception(GuestTask *task)
{
    GdbThread *t = task->gdb;
    CPUState *cs = task->cs;
    GdbEvent event = {.kind = GDB_EVENT_WATCH};
    if (!t) {
        return gdb_server.on; // a child of vfork
    }
    uint64_t pc = cs->isa->get_pc(cs);
    if (watchpoint_take_hit(cs, &event.value, &event.watch)) {
        report(t, &event);
    } else if (breakpoint_hit(cs)) {
        report(t, &(GdbEvent){.kind = GDB_EVENT_BREAK});
    } else if (t->stepping && (pc < t->range_start || pc >= t->range_end)) {
        end_step(t);
    }
    return true; // else a breakpoint that is gone
}

int gdb_signal(GuestTask *task, int sig, siginfo_t *info)
{
    GdbServer *s = &gdb_server;
    GdbThread *t = task->gdb;
    if (!t) {
        return sig;
    }
    if ((t->injected | s->pass_signals) & sig_bit(sig)) {
        t->injected &= ~sig_bit(sig);
        return sig;
    }
    GdbEvent event = {.kind = GDB_EVENT_SIGNAL, .sig = sig, .info = *info};
    t->signal = sig; // should there be no debugger any more
    t->event.info = *info;
    report(t, &event);
    if (t->signal == sig) {
        *info = t->event.info;
    } else {
        memset(info, 0, sizeof(*info));
        info->si_signo = t->signal;
        info->si_code = SI_USER;
    }
    return t->signal;
}

void gdb_handler_entered(GuestTask *task)
{
    GdbThread *t = task->gdb;
    if (t && t->stepping) {
        end_step(t);
    }
}

static bool is_caught(const GdbServer *s, uint64_t number)
{
    return s->catch_all_syscalls ||
           (s->catch_syscalls &&
            g_hash_table_contains(s->catch_syscalls, GUINT_TO_POINTER((unsigned)number)));
}

bool gdb_syscall_entry(GuestTask *task, uint64_t number)
{
    GdbThread *t = task->gdb;
    if (!t) {
        return false;
    }
    bool again = t->made_again;
    t->made_again = false;
    t->syscall = (int64_t)number;
    if (again || !is_caught(&gdb_server, number)) {
        return false;
    }
    report(t, &(GdbEvent){.kind = GDB_EVENT_SYSCALL_ENTRY, .value = number});
    return true;
}

void gdb_syscall_return(GuestTask *task, uint64_t number, bool again)
{
    GdbThread *t = task->gdb;
    if (!t) {
        return;
    }
    t->made_again = again;
    if (again) {
        return;
    }
    if (t->forked.kind != GDB_EVENT_NONE) {
        GdbEvent event = t->forked;
        t->forked.kind = GDB_EVENT_NONE;
        report(t, &event);
    }
    if (is_caught(&gdb_server, number)) {
        report(t, &(GdbEvent){.kind = GDB_EVENT_SYSCALL_RETURN, .value = number});
    } else if (t->stepping) {
        end_step(t);
    }
    t->syscall = -1;
}

// --- the end ----------------------------------------------------------------------------------------

// Data that nobody has read would make the kernel take our last words back: wait until gdb has gone.
static void wait_for_goodbye(int fd)
{
    char ignored[256];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    shutdown(fd, SHUT_WR);
    while (poll(&p, 1, 500) > 0) {
        // The server's thread may have been quicker to read it.
        ssize_t n = recv(fd, ignored, sizeof(ignored), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            break;
        }
    }
}

void gdb_process_end(GuestTask *task, int status, bool by_signal)
{
    GdbServer *s = &gdb_server;
    if (!task->gdb) {
        return;
    }
    if (s->socket_path) {
        unlink(s->socket_path);
    }
    if (!gdb_attached()) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    while (s->run == GDB_STOPPING || s->run == GDB_STOPPED) {
        pthread_mutex_unlock(&s->lock);
        cpu_gate(task->cs);
        pthread_mutex_lock(&s->lock);
    }
    bool tell = s->run == GDB_RUNNING && gdb_attached();
    s->run = GDB_ENDED;
    pthread_mutex_unlock(&s->lock);
    if (tell) {
        g_autoptr(GString) reply = g_string_new(NULL);
        g_string_printf(reply, "%c%02x", by_signal ? 'X' : 'W',
                        by_signal ? gdb_signal_from_host(status) : status);
        if (s->multiprocess) {
            g_string_append_printf(reply, ";process:%x", (unsigned)getpid());
        }
        gdb_send_string(reply);
        wait_for_goodbye(s->fd);
    }
}

// --- stopping, in the server's thread ---------------------------------------------------------------

void gdb_stop_all(GdbEventKind kind)
{
    GdbServer *s = &gdb_server;
    pthread_mutex_lock(&s->lock);
    bool begin = s->run == GDB_RUNNING;
    if (begin) {
        s->run = GDB_STOPPING;
        s->reporter = NULL;
        cpus_stop_begin();
    }
    pthread_mutex_unlock(&s->lock);
    if (begin) {
        gdb_finish_stop();
        if (!s->reporter && s->threads) {
            s->reporter = s->general ? s->general : s->threads;
            s->reporter->event = (GdbEvent){.kind = kind};
        }
    }
}

// Stands in front of what it has met, and will meet it again.
static bool is_repeated(const GdbThread *t)
{
    return t->event.kind == GDB_EVENT_BREAK ||
           (t->event.kind == GDB_EVENT_WATCH && t->task->cs->isa->watch_before);
}

void gdb_finish_stop(void)
{
    GdbServer *s = &gdb_server;
    cpus_stop_wait();
    pthread_mutex_lock(&s->lock);
    s->run = GDB_STOPPED;
    for (GdbThread *t = s->threads; t; t = t->next) {
        if (t->held) {
            t->held = false;
            cpu_unhold(t->task->cs);
        }
        if (!s->reporter && t->unreported) {
            s->reporter = t;
        }
    }
    for (GdbThread *t = s->threads; t; t = t->next) {
        if (t == s->reporter || is_repeated(t)) {
            t->unreported = false;
        }
    }
    if (s->reporter) {
        s->general = s->control = s->reporter;
    }
    pthread_mutex_unlock(&s->lock);
}

// --- the answer -------------------------------------------------------------------------------------

static void put_cause(GString *reply, const GdbEvent *e)
{
    static const char *const watch[] = {
        [WATCH_WRITE] = "watch", [WATCH_READ] = "rwatch", [WATCH_ACCESS] = "awatch"};
    const GdbServer *s = &gdb_server;
    switch (e->kind) {
    case GDB_EVENT_BREAK: g_string_append(reply, s->swbreak ? "swbreak:;" : ""); break;
    case GDB_EVENT_WATCH:
        g_string_append_printf(reply, "%s:%" G_GINT64_MODIFIER "x;", watch[e->watch], e->value);
        break;
    case GDB_EVENT_SYSCALL_ENTRY:
        g_string_append_printf(reply, "syscall_entry:%x;", (unsigned)e->value);
        break;
    case GDB_EVENT_SYSCALL_RETURN:
        g_string_append_printf(reply, "syscall_return:%x;", (unsigned)e->value);
        break;
    case GDB_EVENT_FORK:
    case GDB_EVENT_VFORK:
        g_string_append_printf(reply, "%s:p%x.%x;", e->kind == GDB_EVENT_FORK ? "fork" : "vfork",
                               (unsigned)e->value, (unsigned)e->value);
        break;
    case GDB_EVENT_VFORK_DONE: g_string_append(reply, "vforkdone:;"); break;
    case GDB_EVENT_EXEC:
        g_string_append(reply, "exec:");
        gdb_put_hex(reply, s->process->exe_path, strlen(s->process->exe_path));
        g_string_append_c(reply, ';');
        break;
    default: break;
    }
}

static int event_signal(const GdbEvent *e)
{
    switch (e->kind) {
    case GDB_EVENT_SIGNAL: return e->sig;
    case GDB_EVENT_INTERRUPT: return SIGINT;
    case GDB_EVENT_NONE: return 0;
    default: return SIGTRAP;
    }
}

void gdb_stop_reply(GString *reply, const GdbThread *t)
{
    const GuestGdbTarget *target = t->task->cs->isa->gdb;
    const uint16_t expedited[] = {target->fp, target->sp, target->pc};
    g_string_printf(reply, "T%02x", gdb_signal_from_host(event_signal(&t->event)));
    put_cause(reply, &t->event);
    for (size_t i = 0; i < G_N_ELEMENTS(expedited); i++) {
        g_string_append_printf(reply, "%02x:", expedited[i]);
        gdb_put_register(reply, t, expedited[i]);
        g_string_append_c(reply, ';');
    }
    g_string_append(reply, "thread:");
    gdb_put_thread_id(reply, t);
    g_string_append_c(reply, ';');
}
