// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// vCont, and the older c, s, C and S: things run again.

#include <string.h>

#include "frontend/frontend.h"
#include "frontend/translator.h"
#include "runtime/cpu-exec.h"
#include "runtime/cpu-list.h"
#include "runtime/cpu-stop.h"
#include "server.h"

typedef struct Action {
    char what; // c, s, r; 0: stays
    int signal;
    uint64_t start, end; // r
    GdbThreadId id;
} Action;

enum { MAX_ACTIONS = 512 };

// One action of "c", "C05:p1.2", "r1000,1010:1".
static bool parse_action(const char **text, Action *a)
{
    const char *p = *text;
    uint64_t number;
    *a = (Action){.what = *p++, .id = {-1, -1}};
    switch (a->what) {
    case 'c':
    case 's': break;
    case 'C':
    case 'S':
        if (!gdb_parse_number(&p, &number)) {
            return false;
        }
        a->signal = gdb_signal_to_host((int)number);
        a->what = (char)g_ascii_tolower(a->what);
        break;
    case 'r':
        if (!gdb_parse_number(&p, &a->start) || *p++ != ',' || !gdb_parse_number(&p, &a->end)) {
            return false;
        }
        break;
    default: return false;
    }
    if (*p == ':') {
        p++;
        if (!gdb_parse_thread_id(&p, &a->id)) {
            return false;
        }
    }
    if (*p && *p != ';') {
        return false;
    }
    *text = p;
    return true;
}

// The signal goes to the thread: in place of the one that it has reported and waits with, or as a new one.
static void give_signal(GdbThread *t, int signal)
{
    bool waits = t->event.kind == GDB_EVENT_SIGNAL;
    t->signal = waits ? signal : 0;
    if (signal && !waits) {
        GuestTask *task = t->task;
        memset(&task->infos[signal], 0, sizeof(task->infos[signal]));
        task->infos[signal].si_signo = signal;
        task->infos[signal].si_code = SI_USER;
        t->injected |= sig_bit(signal);
        atomic_fetch_or(&task->captured, sig_bit(signal));
        atomic_store(&task->signal_pending, 1);
        cpu_request_exit(task->cs);
    }
}

static void set_stepping(GdbThread *t, bool on)
{
    CPUPrivate *p = cpu_private(t->task->cs);
    t->stepping = on;
    p->own_cflags = (p->own_cflags & ~(uint32_t)CF_SINGLE_STEP) | (on ? CF_SINGLE_STEP : 0);
}

static void apply(GdbThread *t, const Action *a)
{
    if (!a) {
        t->held = true;
        cpu_hold(t->task->cs);
        return;
    }
    give_signal(t, a->signal);
    t->range_start = a->start;
    t->range_end = a->end;
    set_stepping(t, a->what != 'c');
    t->event.kind = GDB_EVENT_NONE;
}

static void run(void)
{
    GdbServer *s = &gdb_server;
    gdb_points_apply();
    pthread_mutex_lock(&s->lock);
    s->run = GDB_RUNNING;
    s->reporter = NULL;
    pthread_mutex_unlock(&s->lock);
    cpus_resume();
}

static const Action *action_for(const Action *actions, unsigned n, const GdbThread *t)
{
    for (unsigned i = 0; i < n; i++) {
        if (gdb_id_matches(&actions[i].id, t)) {
            return &actions[i];
        }
    }
    return NULL;
}

static bool resume(const Action *actions, unsigned n, GString *reply)
{
    GdbServer *s = &gdb_server;
    for (unsigned i = 0; i < n; i++) {
        if (actions[i].id.pid > 0 && gdb_child_exists(actions[i].id.pid)) {
            // Else nothing would run, and nobody would hear of anything.
            g_string_assign(reply,
                            "E.one process at a time can be debugged, and no child of vfork");
            return false;
        }
    }
    for (GdbThread *t = s->threads; t; t = t->next) {
        if (t->unreported && action_for(actions, n, t)) {
            t->unreported = false;
            s->reporter = s->general = s->control = t;
            gdb_stop_reply(reply, t);
            return false; // what has happened meanwhile comes first
        }
    }
    for (GdbThread *t = s->threads; t; t = t->next) {
        apply(t, action_for(actions, n, t));
    }
    run();
    return true;
}

bool gdb_resume_actions(const char *text, GString *reply)
{
    Action actions[MAX_ACTIONS];
    unsigned n = 0;
    while (*text++ == ';') {
        if (n == MAX_ACTIONS || !parse_action(&text, &actions[n++])) {
            GDB_ERROR(reply, "16");
            return false;
        }
    }
    if (n == 0) {
        GDB_ERROR(reply, "16");
        return false;
    }
    return resume(actions, n, reply);
}

// "c", "cADDR", "C05", "C05;ADDR" and so on, for the thread that Hc chose.
bool gdb_resume_old(char what, const char *p, GString *reply)
{
    GdbServer *s = &gdb_server;
    Action actions[2] = {{.what = (char)g_ascii_tolower(what), .id = {-1, -1}}};
    uint64_t number;
    unsigned n = 1;
    if (g_ascii_isupper(what)) {
        if (!gdb_parse_number(&p, &number)) {
            GDB_ERROR(reply, "16");
            return false;
        }
        actions[0].signal = gdb_signal_to_host((int)number);
        p += *p == ';';
    }
    GdbThread *t = s->control ? s->control : s->threads;
    if (gdb_parse_number(&p, &number)) {
        t->task->cs->isa->set_pc(t->task->cs, number);
    }
    if (actions[0].what == 's' || actions[0].signal) {
        actions[0].id = (GdbThreadId){-1, t->task->tid};
        actions[1] = (Action){.what = 'c', .id = {-1, -1}};
        n = 2;
    }
    return resume(actions, n, reply);
}

// Without a debugger: signals that wait are delivered, nothing steps.
void gdb_resume_all(void)
{
    GdbServer *s = &gdb_server;
    for (GdbThread *t = s->threads; t; t = t->next) {
        t->unreported = false;
        if (t->event.kind == GDB_EVENT_SIGNAL) {
            t->signal = t->event.sig;
        }
        t->event.kind = GDB_EVENT_NONE;
        t->made_again = false;
        set_stepping(t, false);
    }
    run();
}
