// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// POSIX threads: what libc makes of clone, futex and robust lists.
// THREADS
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "guest-test.h"

#define NB 4
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long total;
static _Atomic long atomic_total;
static int turn;
static _Thread_local int mine = 5;

static void *add(void *opaque)
{
    long n = (long)(intptr_t)opaque;
    for (int i = 0; i < 20000; i++) {
        pthread_mutex_lock(&lock);
        total += n;
        pthread_mutex_unlock(&lock);
        atomic_total += n;
    }
    CHECK(mine == 5);
    mine += (int)n;
    return (void *)(intptr_t)mine;
}

static void test_mutex(void)
{
    pthread_t t[NB];
    long results = 0;
    for (long i = 0; i < NB; i++) {
        CHECK(pthread_create(&t[i], NULL, add, (void *)(i + 1)) == 0);
    }
    for (int i = 0; i < NB; i++) {
        void *result;
        CHECK(pthread_join(t[i], &result) == 0);
        results += (long)(intptr_t)result;
    }
    printf("total %ld, atomically %ld, results %ld, mine %d\n", total, (long)atomic_total, results,
           mine);
}

static void *take_turns(void *opaque)
{
    int me = (int)(intptr_t)opaque;
    for (int i = 0; i < 200; i++) {
        pthread_mutex_lock(&lock);
        while (turn % NB != me) {
            pthread_cond_wait(&cond, &lock);
        }
        turn++;
        pthread_cond_broadcast(&cond);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void test_condition(void)
{
    pthread_t t[NB];
    for (long i = 0; i < NB; i++) {
        pthread_create(&t[i], NULL, take_turns, (void *)i);
    }
    for (int i = 0; i < NB; i++) {
        pthread_join(t[i], NULL);
    }
    printf("turns %d\n", turn);
}

static volatile int handled_by_thread;
static void on_usr1(int sig)
{
    (void)sig;
    handled_by_thread = (int)syscall(SYS_gettid);
}

static sem_t ready;
static void *wait_for_signal(void *opaque)
{
    *(int *)opaque = (int)syscall(SYS_gettid);
    sem_post(&ready);
    pause();
    return NULL;
}

static void test_signal(void)
{
    pthread_t t;
    int tid = 0;
    sem_init(&ready, 0, 0);
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_usr1}, NULL);
    pthread_create(&t, NULL, wait_for_signal, &tid);
    sem_wait(&ready);
    // pause() may not have begun; a signal before it is waited for again.
    for (int i = 0; i < 100 && !handled_by_thread; i++) {
        pthread_kill(t, SIGUSR1);
        usleep(10000);
    }
    pthread_kill(t, SIGUSR1);
    pthread_join(t, NULL);
    printf("handled by the thread: %d\n", handled_by_thread == tid && tid != getpid());
}

static void *sleep_long(void *opaque)
{
    (void)opaque;
    sem_post(&ready);
    for (;;) {
        pause();
    }
    return NULL;
}

static void test_cancel(void)
{
    pthread_t t;
    void *result;
    pthread_create(&t, NULL, sleep_long, NULL);
    sem_wait(&ready);
    CHECK(pthread_cancel(t) == 0);
    pthread_join(t, &result);
    printf("cancelled: %d\n", result == PTHREAD_CANCELED);
}

static void *fork_here(void *opaque)
{
    (void)opaque;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        _exit((int)syscall(SYS_gettid) == getpid() ? 3 : 4);
    }
    waitpid(pid, &status, 0);
    return (void *)(intptr_t)WEXITSTATUS(status);
}

static void test_fork(void)
{
    pthread_t t, busy;
    void *result;
    pthread_create(&busy, NULL, add, (void *)0L);
    pthread_create(&t, NULL, fork_here, NULL);
    pthread_join(t, &result);
    pthread_join(busy, NULL);
    printf("fork in a thread: %ld\n", (long)(intptr_t)result);
}

static void *run_once(void *opaque) { return opaque; }

static void test_many(void)
{
    int ok = 0;
    for (int i = 0; i < 100; i++) {
        pthread_t t;
        void *result;
        if (pthread_create(&t, NULL, run_once, &ok) == 0 && pthread_join(t, &result) == 0) {
            ok += result == &ok;
        }
    }
    printf("came and went: %d\n", ok);
}

static void *outlive(void *opaque)
{
    (void)opaque;
    usleep(50000);
    printf("after main: %d failures\n", failures);
    fflush(stdout);
    exit(failures ? 1 : 21);
}

int main(void)
{
    test_mutex();
    test_condition();
    test_signal();
    test_cancel();
    test_fork();
    test_many();
    fflush(stdout);
    pthread_t t;
    pthread_create(&t, NULL, outlive, NULL);
    pthread_exit(NULL);
}
