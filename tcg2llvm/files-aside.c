// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The thread with a table of descriptors of its own.  See files-aside.h.
//
// Linux cannot open a file at a number of one's choice.  And a table that a thread takes for itself begins as a copy,
// which keeps the guest's pipes and sockets open behind its back: it is emptied before the guest goes on, and so it is
// made once, not for each file.
#include "tcg2llvm/files-aside.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <glib.h>

typedef enum State { NOT_STARTED, STARTING, READY, FAILED } State;

static struct {
    pthread_mutex_t caller; // one after another
    pthread_mutex_t lock;   // the fields below
    pthread_cond_t changed;
    _Atomic State state;
    _Atomic bool shared;
    bool rest;
    pthread_t thread;
    pid_t pid; // a child in the same memory has a table of its own already
    void (*fn)(void *);
    void *opaque;
} aside = {
    .caller = PTHREAD_MUTEX_INITIALIZER,
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
};
static _Thread_local bool is_background, is_aside; // is_aside: the thread itself

static void set_state(State state)
{
    pthread_mutex_lock(&aside.lock);
    aside.state = state;
    pthread_cond_broadcast(&aside.changed);
    pthread_mutex_unlock(&aside.lock);
}

// glibc's malloc reads a file of /proc when it first shrinks the heap of a thread, whichever thread that is, and
// never again: it shall be this one.
static void shrink_heap(void)
{
    enum {
        PIECES = 48,
        PIECE = 100 << 10
    }; // smaller than what is mapped by itself, together worth giving back
    void *pieces[PIECES];
    for (int i = 0; i < PIECES; i++) {
        pieces[i] = malloc(PIECE);
    }
    for (int i = PIECES; i-- > 0;) {
        free(pieces[i]);
    }
}

static void *serve(void *unused)
{
    is_aside = true;
    bool ok = syscall(SYS_close_range, 0, ~0u, CLOSE_RANGE_UNSHARE) == 0;
    // What writes to standard error here must not write into a file.
    for (int i = 0; ok && i < 3; i++) {
        ok = open("/dev/null", O_RDWR) == i;
    }
    shrink_heap();
    set_state(ok ? READY : FAILED);
    if (!ok) {
        return unused;
    }
    pthread_mutex_lock(&aside.lock);
    for (;;) {
        while (!aside.fn && !aside.rest) {
            pthread_cond_wait(&aside.changed, &aside.lock);
        }
        if (aside.rest) {
            pthread_mutex_unlock(&aside.lock);
            return NULL;
        }
        void (*fn)(void *) = aside.fn;
        pthread_mutex_unlock(&aside.lock);
        fn(aside.opaque);
        pthread_mutex_lock(&aside.lock);
        aside.fn = NULL;
        pthread_cond_broadcast(&aside.changed);
    }
    return NULL;
}

void files_aside_start(void)
{
    State none = NOT_STARTED;
    if (!atomic_compare_exchange_strong(&aside.state, &none, STARTING)) {
        return;
    }
    sigset_t all, old;
    aside.pid = getpid();
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    if (pthread_create(&aside.thread, NULL, serve, NULL) != 0) {
        set_state(FAILED);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_mutex_lock(&aside.lock);
    while (aside.state == STARTING) {
        pthread_cond_wait(&aside.changed, &aside.lock);
    }
    pthread_mutex_unlock(&aside.lock);
}

// On a thread of the guest's: a limit that it has set on the size of files (RLIMIT_FSIZE) makes fn's writing fail, but
// SIGXFSZ is not for the guest, which has written nothing.
void files_quietly(void (*fn)(void *opaque), void *opaque)
{
    struct rlimit limit;
    sigset_t too_large, old, pending;
    if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY) {
        fn(opaque);
        return;
    }
    sigemptyset(&too_large);
    sigaddset(&too_large, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &too_large, &old);
    sigpending(&pending);
    fn(opaque);
    if (!sigismember(&pending, SIGXFSZ)) {
        sigtimedwait(&too_large, NULL, &(struct timespec){0});
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void files_aside(void (*fn)(void *opaque), void *opaque)
{
    if (is_aside || aside.state != READY || !(is_background || aside.shared) ||
        getpid() != aside.pid) {
        files_quietly(fn, opaque);
        return;
    }
    pthread_mutex_lock(&aside.caller);
    pthread_mutex_lock(&aside.lock);
    aside.fn = fn;
    aside.opaque = opaque;
    pthread_cond_broadcast(&aside.changed);
    while (aside.fn) {
        pthread_cond_wait(&aside.changed, &aside.lock);
    }
    pthread_mutex_unlock(&aside.lock);
    pthread_mutex_unlock(&aside.caller);
}

typedef struct Reading {
    const char *path;
    char *text;
    size_t len;
} Reading;

static void read_whole(void *opaque)
{
    Reading *r = opaque;
    gsize len = 0;
    g_file_get_contents(r->path, &r->text, &len, NULL);
    r->len = len;
}

char *files_aside_read(const char *path, size_t *len)
{
    Reading r = {.path = path};
    files_aside(read_whole, &r);
    if (len) {
        *len = r.len;
    }
    return r.text;
}

void files_aside_background(void) { is_background = true; }

void files_aside_share(void)
{
    files_aside_start();
    aside.shared = true;
}

void files_aside_rest(void)
{
    pthread_mutex_lock(&aside.caller);
    pthread_mutex_lock(&aside.lock);
    bool ours = aside.state == READY && aside.pid == getpid();
    aside.rest = ours;
    pthread_cond_broadcast(&aside.changed);
    pthread_mutex_unlock(&aside.lock);
    if (ours) {
        pthread_join(aside.thread, NULL);
        aside.rest = aside.shared = false;
        set_state(NOT_STARTED);
    }
    pthread_mutex_unlock(&aside.caller);
}

void files_aside_fork_prepare(void)
{
    pthread_mutex_lock(&aside.caller);
    pthread_mutex_lock(&aside.lock);
}

void files_aside_fork_parent(void)
{
    pthread_mutex_unlock(&aside.lock);
    pthread_mutex_unlock(&aside.caller);
}

// The thread is not there, and the condition variable still counts it.
void files_aside_fork_child(void)
{
    pthread_cond_init(&aside.changed, NULL);
    pthread_mutex_init(&aside.lock, NULL);
    pthread_mutex_init(&aside.caller, NULL);
    aside.state = NOT_STARTED;
    aside.shared = false;
}
