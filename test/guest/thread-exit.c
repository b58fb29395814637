// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a thread leaves behind when it ends: robust locks are marked before anybody hears of the end, and a
// signal for the process that it was about to take is taken by another.
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "guest-test.h"

static pthread_mutex_t *make_mutex(int protocol, int shared)
{
    pthread_mutex_t *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                              0);
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setprotocol(&attr, protocol);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attr, shared);
    pthread_mutex_init(m, &attr);
    return m;
}

static void *lock_and_end(void *mutex)
{
    pthread_mutex_lock(mutex);
    return NULL;
}

static void *wait_for(void *mutex) { return (void *)(intptr_t)pthread_mutex_lock(mutex); }

static atomic_bool is_locked;

static void *lock_and_dawdle(void *mutex)
{
    pthread_mutex_lock(mutex);
    is_locked = true;
    usleep(20000);
    return NULL;
}

static void robust(int protocol, int shared)
{
    int marked = 0;
    for (int i = 0; i < 100; i++) {
        pthread_mutex_t *m = make_mutex(protocol, shared);
        pthread_t t;
        pthread_create(&t, NULL, lock_and_end, m);
        pthread_join(t, NULL);
        marked += pthread_mutex_trylock(m) == EOWNERDEAD;
        munmap(m, 4096);
    }
    pthread_mutex_t *m = make_mutex(protocol, shared);
    pthread_t owner, waiter;
    void *result;
    is_locked = false;
    pthread_create(&owner, NULL, lock_and_dawdle, m);
    while (!is_locked) {
        usleep(1000);
    }
    pthread_create(&waiter, NULL, wait_for, m);
    pthread_join(owner, NULL);
    pthread_join(waiter, &result);
    printf("protocol %d, shared %d: marked %d of 100; the waiter got %s\n", protocol, shared,
           marked, strerrorname_np((int)(intptr_t)result));
}

static void robust_process(void)
{
    pthread_mutex_t *m = make_mutex(PTHREAD_PRIO_NONE, PTHREAD_PROCESS_SHARED);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_mutex_lock(m);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    printf("after a process: %s\n", strerrorname_np(pthread_mutex_lock(m)));
}

// --- signals for the process, while threads come and go --------------------------------------------
static atomic_int got;
static atomic_bool done;

static void count(int sig)
{
    (void)sig;
    got++;
}

static void *end_at_once(void *opaque) { return opaque; }

static void *make_threads(void *opaque)
{
    pthread_attr_t attr;
    sigset_t none;
    sigemptyset(&none);
    pthread_attr_init(&attr);
    pthread_attr_setsigmask_np(&attr, &none); // they alone take the signals
    while (!done) {
        pthread_t t;
        if (pthread_create(&t, &attr, end_at_once, NULL) == 0) {
            pthread_join(t, NULL);
        }
    }
    return opaque;
}

static void signals_and_exits(void)
{
    enum { SIGNALS = 1000 };
    sigset_t all;
    pthread_t t;
    signal(SIGRTMIN + 2, count);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    pthread_create(&t, NULL, make_threads, NULL);
    for (int i = 0; i < SIGNALS; i++) {
        while (sigqueue(getpid(), SIGRTMIN + 2, (union sigval){0}) < 0 && errno == EAGAIN) {
            sched_yield();
        }
    }
    for (int i = 0; got < SIGNALS && i < 60000; i++) {
        usleep(1000);
    }
    done = true;
    pthread_join(t, NULL);
    printf("signals taken: %d\n", (int)got);
    CHECK(got == SIGNALS);
}

int main(void)
{
    for (int protocol = 0; protocol < 2; protocol++) {
        for (int shared = 0; shared < 2; shared++) {
            robust(protocol, shared);
        }
    }
    robust_process();
    signals_and_exits();
    return finish();
}
