// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Real-time signals by the thousand into a thread that computes: each arrives once, in order, and the
// computation is what it would have been.
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "guest-test.h"

enum { SIGNALS = 20000 };
static atomic_int got, out_of_order;
static atomic_bool stop;
static int last;

static void count(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    out_of_order += info->si_value.sival_int != last + 1;
    last = info->si_value.sival_int;
    got++;
}

typedef struct State {
    uint64_t steps, x;
    double d;
} State;

static void step(State *s)
{
    s->x = s->x * 6364136223846793005u + 1442695040888963407u;
    s->d = s->d * 0.999 + (double)(s->x >> 40);
    s->steps++;
}

static void *compute(void *opaque)
{
    State *out = opaque, s = {.x = 1};
    while (!stop) {
        for (int i = 0; i < 1000; i++) {
            step(&s);
        }
    }
    *out = s;
    return NULL;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = count, .sa_flags = SA_SIGINFO | SA_RESTART};
    State end, again = {.x = 1};
    pthread_t t;
    sigfillset(&action.sa_mask);
    sigaction(SIGRTMIN + 1, &action, NULL);
    pthread_create(&t, NULL, compute, &end);
    for (int i = 1; i <= SIGNALS; i++) {
        while (pthread_sigqueue(t, SIGRTMIN + 1, (union sigval){.sival_int = i}) == EAGAIN) {
            sched_yield();
        }
    }
    for (int i = 0; got < SIGNALS && i < 120000; i++) {
        usleep(1000);
    }
    stop = true;
    pthread_join(t, NULL);
    while (again.steps < end.steps) {
        step(&again);
    }
    printf("got %d, out of order %d\n", (int)got, (int)out_of_order);
    CHECK(again.x == end.x && again.d == end.d);
    return finish();
}
