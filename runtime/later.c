// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See later.h.
#include "later.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <urcu-bp.h>

enum { GATHER_MS = 10 }; // a grace period costs the same for one and for a thousand

static struct {
    pthread_mutex_t work; // held during a grace period and the calls after it; before `lock`
    pthread_mutex_t lock; // a leaf; the fields below
    pthread_cond_t wake, done_some;
    Later *first;
    uint64_t asked, done; // how many there were
    bool running, stop, hurry;
    pid_t pid; // whose the thread is
    pthread_t thread;
} state = {
    .work = PTHREAD_MUTEX_INITIALIZER,
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .wake = PTHREAD_COND_INITIALIZER,
    .done_some = PTHREAD_COND_INITIALIZER,
};

// With state.lock.  False: the thread is to end.
static bool wait_for_some(void)
{
    while (!state.first && !state.stop) {
        pthread_cond_wait(&state.wake, &state.lock);
    }
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += GATHER_MS * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    int err = 0;
    while (!state.stop && !state.hurry && err != ETIMEDOUT) {
        err = pthread_cond_timedwait(&state.wake, &state.lock, &until);
    }
    return !state.stop;
}

// With state.lock, which it leaves for the time.
static void call_all(void)
{
    pthread_mutex_unlock(&state.lock);
    pthread_mutex_lock(&state.work);
    pthread_mutex_lock(&state.lock);
    Later *l = state.first;
    state.first = NULL;
    pthread_mutex_unlock(&state.lock);
    synchronize_rcu();
    uint64_t n = 0;
    for (Later *next; l; l = next, n++) {
        next = l->next;
        l->fn(l);
    }
    pthread_mutex_lock(&state.lock);
    state.done += n;
    pthread_mutex_unlock(&state.work);
    state.hurry = false;
    pthread_cond_broadcast(&state.done_some);
}

static void *serve(void *unused)
{
    pthread_mutex_lock(&state.lock);
    while (wait_for_some()) {
        call_all();
    }
    pthread_mutex_unlock(&state.lock);
    return unused;
}

// With state.lock.  The guest's signals are not for this thread.
static void start(void)
{
    if (!state.running) {
        sigset_t all, old;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);
        state.running = pthread_create(&state.thread, NULL, serve, NULL) == 0;
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        state.pid = getpid();
    }
}

void later_start(void)
{
    pthread_mutex_lock(&state.lock);
    start();
    pthread_mutex_unlock(&state.lock);
}

void later_call(Later *l, LaterFn *fn)
{
    l->fn = fn;
    pthread_mutex_lock(&state.lock);
    bool first = !state.first;
    l->next = state.first;
    state.first = l;
    state.asked++;
    start();
    if (first) {
        pthread_cond_signal(&state.wake);
    }
    pthread_mutex_unlock(&state.lock);
}

void later_barrier(void)
{
    pthread_mutex_lock(&state.lock);
    uint64_t all = state.asked;
    while (state.done < all) {
        start(); // a child of fork has what was asked for, and not yet who does it
        if (!state.running) {
            call_all(); // no room for a thread: the caller is none that a grace period waits for
            continue;
        }
        state.hurry = true;
        pthread_cond_signal(&state.wake);
        pthread_cond_wait(&state.done_some, &state.lock);
    }
    pthread_mutex_unlock(&state.lock);
}

void later_rest(void)
{
    pthread_mutex_lock(&state.lock);
    bool ours = state.running && state.pid == getpid();
    state.stop = ours;
    pthread_cond_signal(&state.wake);
    pthread_mutex_unlock(&state.lock);
    if (ours) {
        pthread_join(state.thread, NULL);
        pthread_mutex_lock(&state.lock);
        state.running = state.stop = false;
        pthread_mutex_unlock(&state.lock);
    }
}

void later_fork_prepare(void) { pthread_mutex_lock(&state.work); }
void later_fork_lock(void) { pthread_mutex_lock(&state.lock); }

void later_fork_done(bool in_child)
{
    if (in_child) {
        pthread_cond_init(&state.wake, NULL);
        pthread_cond_init(&state.done_some, NULL);
        state.running = state.hurry = false;
    }
    pthread_mutex_unlock(&state.lock);
    pthread_mutex_unlock(&state.work);
}
