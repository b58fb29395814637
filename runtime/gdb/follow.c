// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The debugger follows fork and exec: events that it is told of, and whose the line is then.
//
//   fork    The child is made standing still, with a server's thread of its own that reads nothing from the line
//           yet: it waits at a pipe for what the debugger says to the parent.  Leaves the debugger
//           the child (D;CHILD), the child runs free; leaves it the parent (`set follow-fork-mode child`), the
//           child's thread goes on with the line, which it has inherited, and the parent lets go of it.
//   vfork   The parent waits in the kernel, so the child, in the same memory, reports for it.  The child is
//           nobody's to debug.
//   exec    The new myna inherits the line and what was agreed on it (a variable of the environment), and its first
//           stop is the event.
//
// Until the debugger has decided it says of a child hardly more than that its breakpoints are to go: they
// are not there (gdb_fork_child).

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/cpu-exec.h"
#include "runtime/cpu-list.h"
#include "runtime/cpu-stop.h"
#include "runtime/linux/guest-signal.h"
#include "runtime/process.h"
#include "server.h"

// A child that the debugger has not decided about.
typedef struct GdbChild {
    pid_t pid;
    int pipe; // the end to write to; -1: of vfork
} GdbChild;

static GArray *children;            // guarded by the server's lock
static int pipe_ends[2] = {-1, -1}; // of the fork that is under way, all locks held

enum { TAKE_OVER = 'T', RUN_FREE = 'D' };

// --- children ---------------------------------------------------------------------------------------

static void add_child(pid_t pid, int end)
{
    if (!children) {
        children = g_array_new(FALSE, FALSE, sizeof(GdbChild));
    }
    g_array_append_val(children, ((GdbChild){pid, end}));
}

static GdbChild *find_child(int64_t pid)
{
    for (guint i = 0; children && i < children->len; i++) {
        GdbChild *c = &g_array_index(children, GdbChild, i);
        if (c->pid == pid) {
            return c;
        }
    }
    return NULL;
}

static void settle(GdbChild *c, char what)
{
    if (c->pipe >= 0) {
        // A child that was killed meanwhile reads nothing; SIGPIPE is not to reach the guest, so MSG_NOSIGNAL
        // is what the socket pair is for.
        ssize_t n = send(c->pipe, &what, 1, MSG_NOSIGNAL);
        (void)n;
        process_close_own_fd(c->pipe);
    }
    g_array_remove_index(children, (guint)(c - (GdbChild *)(void *)children->data));
}

bool gdb_child_exists(int64_t pid)
{
    pthread_mutex_lock(&gdb_server.lock);
    bool found = find_child(pid) != NULL;
    pthread_mutex_unlock(&gdb_server.lock);
    return found;
}

bool gdb_child_detach(int64_t pid)
{
    pthread_mutex_lock(&gdb_server.lock);
    GdbChild *c = find_child(pid);
    if (c) {
        settle(c, RUN_FREE);
    }
    pthread_mutex_unlock(&gdb_server.lock);
    return c != NULL;
}

void gdb_children_release(bool take_over)
{
    pthread_mutex_lock(&gdb_server.lock);
    while (children && children->len) {
        // The one that was reported last is the one that the debugger follows.
        GdbChild *c = &g_array_index(children, GdbChild, children->len - 1);
        bool follows = take_over && c->pipe >= 0;
        settle(c, follows ? TAKE_OVER : RUN_FREE);
        take_over = take_over && !follows;
    }
    pthread_mutex_unlock(&gdb_server.lock);
}

// The process is killed: nobody would let them go on.
void gdb_children_kill(void)
{
    pthread_mutex_lock(&gdb_server.lock);
    for (guint i = 0; children && i < children->len; i++) {
        kill(g_array_index(children, GdbChild, i).pid, SIGKILL);
    }
    pthread_mutex_unlock(&gdb_server.lock);
}

// --- fork, in the guest's thread ---------------------------------------------------------------------

void gdb_fork_prepare(GuestTask *task)
{
    GdbServer *s = &gdb_server;
    if (!s->on) {
        return;
    }
    if (gdb_attached() && s->fork_events && task->gdb &&
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pipe_ends) == 0) {
        for (int i = 0; i < 2; i++) {
            int own = process_own_fd(pipe_ends[i]);
            pipe_ends[i] = own < 0 ? pipe_ends[i] : own;
        }
    }
    pthread_mutex_lock(&s->lock);
}

void gdb_fork_parent(GuestTask *task, pid_t child)
{
    GdbServer *s = &gdb_server;
    if (!s->on) {
        return;
    }
    if (pipe_ends[0] >= 0) {
        process_close_own_fd(pipe_ends[0]);
        if (child > 0) {
            add_child(child, pipe_ends[1]);
            task->gdb->forked = (GdbEvent){.kind = GDB_EVENT_FORK, .value = (uint64_t)child};
        } else {
            process_close_own_fd(pipe_ends[1]);
        }
        pipe_ends[0] = pipe_ends[1] = -1;
    }
    pthread_mutex_unlock(&s->lock);
}

// The child's server: waits for what becomes of it.
static void *child_main(void *opaque)
{
    GdbServer *s = opaque;
    char what = RUN_FREE;
    while (read(s->parent_pipe, &what, 1) < 0 && errno == EINTR) {
    }
    process_close_own_fd(s->parent_pipe);
    cpus_stop_wait();
    if (what == TAKE_OVER) {
        gdb_set_attached(true);
        gdb_serve_line();
    } else {
        process_close_own_fd(s->fd);
        s->fd = -1;
        gdb_resume_all();
    }
    return NULL;
}

// The child, which has nothing but this thread.
void gdb_fork_child(GuestTask *task)
{
    GdbServer *s = &gdb_server;
    if (!s->on) {
        return;
    }
    pthread_mutex_unlock(&s->lock);
    s->follows = pipe_ends[0] >= 0;
    for (guint i = 0; children && i < children->len; i++) {
        GdbChild *c = &g_array_index(children, GdbChild, i);
        if (c->pipe >= 0) {
            process_close_own_fd(c->pipe);
        }
    }
    g_clear_pointer(&children, g_array_unref);
    process_close_own_fd(s->listen_fd);
    process_close_own_fd(s->wake_fd);
    s->listen_fd = s->wake_fd = -1;
    if (s->follows) {
        process_close_own_fd(pipe_ends[1]);
        s->parent_pipe = pipe_ends[0];
        pipe_ends[0] = pipe_ends[1] = -1;
    } else {
        s->on = false;
        if (s->fd >= 0) {
            process_close_own_fd(s->fd);
        }
    }
    g_clear_pointer(&s->socket_path, g_free); // the parent's
    task->gdb = NULL;
    s->threads = s->reporter = s->general = s->control = NULL;
    cpu_private(task->cs)->own_cflags = 0;
    gdb_points_clear();
    if (atomic_exchange(&gdb_is_attached, false)) {
        signal_install_all(task->process);
    }
}

void gdb_fork_child_stop(GuestTask *task)
{
    GdbServer *s = &gdb_server;
    if (!s->on || !s->follows) {
        return;
    }
    s->follows = false;
    if (!gdb_start_stopped(task, GDB_EVENT_ATTACH) || !gdb_start_thread(child_main)) {
        process_close_own_fd(s->parent_pipe);
        gdb_resume_all(); // without threads or descriptors it runs free
    }
}

// --- vfork ------------------------------------------------------------------------------------------

// The child is the one that runs; `parent` waits in the kernel, and counts as standing still.
void gdb_vfork_child(GuestTask *parent, GuestTask *child)
{
    GdbServer *s = &gdb_server;
    GdbThread *t = parent->gdb;
    if (!gdb_attached() || !t || !s->vfork_events) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    add_child(child->tid, -1);
    t->vfork_child = child->tid;
    pthread_mutex_unlock(&s->lock);
    gdb_report(t, &(GdbEvent){.kind = GDB_EVENT_VFORK, .value = (uint64_t)child->tid}, child->cs);
}

void gdb_vfork_parent(GuestTask *task)
{
    GdbThread *t = task->gdb;
    if (t && t->vfork_child) {
        gdb_child_detach(t->vfork_child);
        t->vfork_child = 0;
        t->forked = (GdbEvent){.kind = GDB_EVENT_VFORK_DONE};
    }
}

// --- exec -------------------------------------------------------------------------------------------

static void keep_open(int fd, bool keep)
{
    if (fd >= 0) {
        fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
    }
}

enum { // what was agreed, as the variable has it
    HAS_NO_ACK = 1,
    HAS_SWBREAK = 2,
    HAS_HWBREAK = 4,
    HAS_FORK = 8,
    HAS_VFORK = 16,
    CATCHES_ALL = 32,
    CAME_LATE = 64,
};

// "LINE LISTENING AGREED PASSED CAUGHT,CAUGHT,... PATH", numbers but for the socket's path.
char *gdb_exec_prepare(GuestTask *task)
{
    GdbServer *s = &gdb_server;
    if (!gdb_attached() || !task->gdb || !s->exec_events) {
        return NULL;
    }
    pthread_mutex_lock(&s->lock);
    while (s->run == GDB_STOPPING || s->run == GDB_STOPPED) {
        pthread_mutex_unlock(&s->lock);
        cpu_gate(task->cs);
        pthread_mutex_lock(&s->lock);
    }
    if (s->run != GDB_RUNNING || !gdb_attached()) {
        pthread_mutex_unlock(&s->lock);
        return NULL;
    }
    unsigned agreed = (s->no_ack ? HAS_NO_ACK : 0) | (s->swbreak ? HAS_SWBREAK : 0) |
                      (s->hwbreak ? HAS_HWBREAK : 0) | (s->fork_events ? HAS_FORK : 0) |
                      (s->vfork_events ? HAS_VFORK : 0) |
                      (s->catch_all_syscalls ? CATCHES_ALL : 0) |
                      (s->attached_late ? CAME_LATE : 0);
    GString *v = g_string_new(NULL);
    g_string_printf(v, GDB_SUCCESSOR "=%d %d %u %" PRIx64 " ", s->fd, s->listen_fd, agreed,
                    s->pass_signals);
    GHashTableIter iter;
    gpointer number;
    if (s->catch_syscalls) {
        g_hash_table_iter_init(&iter, s->catch_syscalls);
        while (g_hash_table_iter_next(&iter, &number, NULL)) {
            g_string_append_printf(v, "%u,", GPOINTER_TO_UINT(number));
        }
    }
    g_string_append_printf(v, " %s", s->socket_path ? s->socket_path : "");
    keep_open(s->fd, true);
    keep_open(s->listen_fd, true);
    return g_string_free(v, FALSE);
}

void gdb_exec_failed(void)
{
    GdbServer *s = &gdb_server;
    keep_open(s->fd, false);
    keep_open(s->listen_fd, false);
    pthread_mutex_unlock(&s->lock);
}

static int own(int fd)
{
    int high = fd < 0 ? -1 : process_own_fd(fd);
    return high < 0 ? fd : high;
}

static bool read_state(GdbServer *s, const char *text)
{
    unsigned agreed, syscall;
    int used = 0, n;
    if (sscanf(text, "%d %d %u %" SCNx64 " %n", &s->fd, &s->listen_fd, &agreed, &s->pass_signals,
               &used) != 4) {
        return false;
    }
    for (text += used; sscanf(text, "%u,%n", &syscall, &n) == 1; text += n) {
        if (!s->catch_syscalls) {
            s->catch_syscalls = g_hash_table_new(NULL, NULL);
        }
        g_hash_table_add(s->catch_syscalls, GUINT_TO_POINTER(syscall));
    }
    text += *text == ' ';
    s->socket_path = *text ? g_strdup(text) : NULL;
    s->no_ack = agreed & HAS_NO_ACK;
    s->swbreak = agreed & HAS_SWBREAK;
    s->hwbreak = agreed & HAS_HWBREAK;
    s->fork_events = agreed & HAS_FORK;
    s->vfork_events = agreed & HAS_VFORK;
    s->catch_all_syscalls = agreed & CATCHES_ALL;
    s->attached_late = agreed & CAME_LATE;
    s->multiprocess = s->exec_events = true; // else there were no successor
    return true;
}

static void *successor_main(void *opaque)
{
    GdbServer *s = opaque;
    cpus_stop_wait();
    gdb_set_attached(true);
    g_autoptr(GString) reply = g_string_new(NULL);
    gdb_stop_reply(reply, s->reporter);
    gdb_reader_init(&s->reader);
    gdb_send_string(reply);
    gdb_serve_line();
    gdb_reader_free(&s->reader);
    gdb_serve_listeners();
    return NULL;
}

bool gdb_continue(const char *state, GuestTask *task)
{
    GdbServer *s = &gdb_server;
    if (!read_state(s, state)) {
        return false;
    }
    s->fd = own(s->fd);
    s->listen_fd = own(s->listen_fd);
    cpu_set_precise(true); // as -g has it, which is not among a successor's options
    s->process = task->process;
    s->on = true;
    return gdb_start_stopped(task, GDB_EVENT_EXEC) && gdb_start_thread(successor_main);
}
