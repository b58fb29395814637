// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Clocks, sleeping, interval and POSIX timers.
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

#include "guest-test.h"

static volatile int ticks;
static void on_tick(int sig)
{
    (void)sig;
    ticks++;
}

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int main(void)
{
    struct timespec ts = {.tv_nsec = 30000000}, rest;
    double start = now();
    SHOW(nanosleep(&ts, NULL));
    printf("slept %d\n", now() - start >= 0.03);

    sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_tick}, NULL);
    // Again and again: the first may come before the sleep has begun.
    struct itimerval it = {.it_value.tv_usec = 50000, .it_interval.tv_usec = 50000}, old;
    setitimer(ITIMER_REAL, &it, NULL);
    ts = (struct timespec){.tv_sec = 5};
    SHOW(nanosleep(&ts, &rest));
    SHOW(getitimer(ITIMER_REAL, &old));
    printf("ticks %d, rest %d, interval %ld\n", ticks > 0, rest.tv_sec >= 3,
           (long)old.it_interval.tv_usec);

    // A busy loop is interrupted as well.
    ticks = 0;
    it.it_interval.tv_usec = 2000;
    it.it_value.tv_usec = 2000;
    setitimer(ITIMER_REAL, &it, NULL);
    volatile unsigned long work = 0;
    while (ticks < 5) {
        work++;
    }
    memset(&it, 0, sizeof(it));
    setitimer(ITIMER_REAL, &it, NULL);
    printf("ticks in a loop %d\n", ticks >= 5);

    timer_t timer;
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    ev.sigev_value.sival_int = 99;
    SHOW(timer_create(CLOCK_MONOTONIC, &ev, &timer));
    struct itimerspec its = {.it_value.tv_nsec = 10000000};
    SHOW(timer_settime(timer, 0, &its, NULL));
    siginfo_t info;
    SHOW(sigwaitinfo(&set, &info));
    printf("code %d value %d\n", info.si_code, info.si_value.sival_int);
    SHOW(timer_delete(timer));

    struct timespec res, a, b;
    SHOW(clock_getres(CLOCK_REALTIME, &res));
    clock_gettime(CLOCK_REALTIME, &a);
    struct timeval tv;
    gettimeofday(&tv, NULL);
    clock_gettime(CLOCK_REALTIME, &b);
    printf("in order %d\n", a.tv_sec <= tv.tv_sec && tv.tv_sec <= b.tv_sec);
    printf("time %d\n", labs(time(NULL) - tv.tv_sec) <= 1);
    SHOW(clock_gettime((clockid_t)1234, &a));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    for (int i = 0; i < 1000000; i++) {
        work++;
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    printf("used %d\n", b.tv_sec > a.tv_sec || b.tv_nsec > a.tv_nsec);
    struct tms tms;
    CHECK(times(&tms) != (clock_t)-1);
    ts.tv_sec = b.tv_sec = 0;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    ts.tv_nsec += 20000000;
    if (ts.tv_nsec >= 1000000000) {
        ts.tv_sec++;
        ts.tv_nsec -= 1000000000;
    }
    SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL));
    return finish();
}
