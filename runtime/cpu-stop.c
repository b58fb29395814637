// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See cpu-stop.h.  `wanted` is what gates look at without the lock; it is set before a CPU is kicked, and a
// kick makes the CPU leave guest code or its host call, so it meets its gate soon.

#include "cpu-stop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "cpu-exec.h"
#include "cpu-list.h"

enum { KICK_AGAIN_MS = 20 }; // a host call that began just between a look and the kick

static struct StopState {
    pthread_mutex_t lock;
    pthread_cond_t parked;   // a CPU has come to its gate, or has gone
    pthread_cond_t resumed;  // a gate may be open
    unsigned stops;          // that are in force
    _Atomic unsigned wanted; // stops and holds
    void (*kick)(CPUState *cs);
} state = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .parked = PTHREAD_COND_INITIALIZER,
    .resumed = PTHREAD_COND_INITIALIZER,
};

void cpu_stop_set_kick(void (*kick)(CPUState *cs)) { state.kick = kick; }

static void kick_cpu(CPUState *cs)
{
    cpu_request_exit(cs);
    if (state.kick && cs->thread) {
        state.kick(cs);
    }
}

static void kick_running(CPUState *cs, void *opaque)
{
    (void)opaque;
    if (!atomic_load(&cpu_private(cs)->parked)) {
        kick_cpu(cs);
    }
}

static void count_running(CPUState *cs, void *opaque)
{
    *(unsigned *)opaque += !atomic_load(&cpu_private(cs)->parked);
}

void cpus_stop_begin(void)
{
    pthread_mutex_lock(&state.lock);
    state.stops++;
    atomic_fetch_add(&state.wanted, 1);
    pthread_mutex_unlock(&state.lock);
    cpu_list_foreach(kick_running, NULL);
}

void cpus_stop_wait(void)
{
    pthread_mutex_lock(&state.lock);
    for (;;) {
        unsigned running = 0;
        cpu_list_foreach(count_running, &running);
        if (running == 0) {
            break;
        }
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += KICK_AGAIN_MS * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        if (pthread_cond_timedwait(&state.parked, &state.lock, &until) != 0) {
            cpu_list_foreach(kick_running, NULL);
        }
    }
    pthread_mutex_unlock(&state.lock);
}

void cpus_stop(void)
{
    cpus_stop_begin();
    cpus_stop_wait();
}

void cpus_resume(void)
{
    pthread_mutex_lock(&state.lock);
    state.stops--;
    atomic_fetch_sub(&state.wanted, 1);
    pthread_cond_broadcast(&state.resumed);
    pthread_mutex_unlock(&state.lock);
}

bool cpus_are_stopping(void)
{
    pthread_mutex_lock(&state.lock);
    bool is = state.stops != 0;
    pthread_mutex_unlock(&state.lock);
    return is;
}

void cpu_hold(CPUState *cs)
{
    pthread_mutex_lock(&state.lock);
    cpu_private(cs)->holds++;
    atomic_fetch_add(&state.wanted, 1);
    pthread_mutex_unlock(&state.lock);
    kick_running(cs, NULL);
}

void cpu_unhold(CPUState *cs)
{
    pthread_mutex_lock(&state.lock);
    cpu_private(cs)->holds--;
    atomic_fetch_sub(&state.wanted, 1);
    pthread_cond_broadcast(&state.resumed);
    pthread_mutex_unlock(&state.lock);
}

// With the lock.
static void wait_at_gate(CPUPrivate *p)
{
    while (state.stops || p->holds) {
        if (!p->parked) {
            atomic_store(&p->parked, true);
            pthread_cond_broadcast(&state.parked);
        }
        pthread_cond_wait(&state.resumed, &state.lock);
    }
    atomic_store(&p->parked, false);
}

void cpu_gate(CPUState *cs)
{
    if (__builtin_expect(atomic_load_explicit(&state.wanted, memory_order_acquire), 0)) {
        pthread_mutex_lock(&state.lock);
        wait_at_gate(cpu_private(cs));
        pthread_mutex_unlock(&state.lock);
    }
}

void cpu_away_begin(CPUState *cs)
{
    pthread_mutex_lock(&state.lock);
    atomic_store(&cpu_private(cs)->parked, true);
    pthread_cond_broadcast(&state.parked);
    pthread_mutex_unlock(&state.lock);
}

void cpu_away_end(CPUState *cs)
{
    pthread_mutex_lock(&state.lock);
    wait_at_gate(cpu_private(cs));
    pthread_mutex_unlock(&state.lock);
}

void cpu_stop_forget(void)
{
    pthread_mutex_lock(&state.lock);
    pthread_cond_broadcast(&state.parked);
    pthread_mutex_unlock(&state.lock);
}

void cpu_stop_fork_prepare(void) { pthread_mutex_lock(&state.lock); }
void cpu_stop_fork_parent(void) { pthread_mutex_unlock(&state.lock); }

void cpu_stop_fork_child(void)
{
    state.stops = 0;
    atomic_store(&state.wanted, 0);
    if (current_cpu) {
        cpu_private(current_cpu)->holds = 0;
        atomic_store(&cpu_private(current_cpu)->parked, false);
    }
    pthread_cond_init(&state.parked, NULL); // nobody waits in this process
    pthread_cond_init(&state.resumed, NULL);
    pthread_mutex_unlock(&state.lock);
}
