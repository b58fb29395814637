// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --stress: random events that are allowed at any time and that a short program hardly ever meets.  See stress.h.
//
// Two sources.  Each CPU draws before each block that cpu_exec looks for: with the same seed a guest of one thread
// sees the same events at the same places, as far as cpu_exec is left at the same places.  A thread of its own
// interrupts CPUs in the middle of chained code, and takes blocks and units away while they run; its times
// are random anyhow.

#include "stress.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include <glib.h>

#include "cpu-exec.h"
#include "cpu-list.h"
#include "guest-memory.h"
#include "stats.h"
#include "tb.h"
#include "tier-host.h"

bool stress_wanted;

static struct StressState {
    uint64_t seed;
    atomic_bool ticking; // the thread exists, and is to go on
    bool ticks;          // it can be joined
    pthread_t ticker;
} state;

void stress_init(uint64_t seed)
{
    stress_wanted = true;
    state.seed = seed;
}

// splitmix64: each seed, 0 too, is as good as another.
static uint64_t draw(uint64_t *random)
{
    uint64_t z = *random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

// --- what happens before a block ------------------------------------------------------------------

typedef void StressEvent(CPUState *cs, uint64_t random);

// As a signal does, without one.
static void leave_guest_code(CPUState *cs, uint64_t random)
{
    (void)random;
    cpu_request_exit(cs);
}

// The next block is cut short, precise, or keeps no jumps.
static void translate_otherwise(CPUState *cs, uint64_t random)
{
    uint32_t cflags = CF_NO_GOTO_TB | CF_NO_GOTO_PTR | (random & 1 ? CF_PRECISE : 0);
    uint32_t count = random >> 1 & 7;
    CPUPrivate *p = cpu_private(cs);
    if (!p->once_cflags) { // the fault handler's are for a reason
        p->once_cflags = cflags | count << CF_COUNT_SHIFT;
    }
}

static void invalidate_page(CPUState *cs, uint64_t random)
{
    (void)random;
    uint64_t page = cs->isa->get_tb_key(cs).pc & GUEST_PAGE_MASK;
    tb_lock();
    tb_invalidate_range_locked(page, page + GUEST_PAGE_SIZE);
    tb_unlock();
}

static void flush_all(CPUState *cs, uint64_t random)
{
    (void)cs;
    (void)random;
    cpu_request_flush();
}

static TranslationBlock *next_block(CPUState *cs)
{
    TBKey key = cs->isa->get_tb_key(cs);
    return tb_lookup(key.pc, key.flags, cpu_current_cflags());
}

// Its next execution asks for a region.
static void make_hot(CPUState *cs, uint64_t random)
{
    (void)random;
    TranslationBlock *tb = next_block(cs);
    if (tb && tb->code.hot) {
        *tb->code.counter = 1;
    }
}

static void drop_units(TranslationBlock *tb)
{
    if (tb->invalid) {
        return;
    }
    if (tb_engine_verifies()) {
        tb_invalidate(tb); // its units are one of the two things that are compared
    } else {
        tier_host_forget(tb);
    }
}

static void back_to_quick_tier(CPUState *cs, uint64_t random)
{
    (void)random;
    TranslationBlock *tb = next_block(cs);
    if (tb) {
        tb_lock();
        drop_units(tb);
        tb_unlock();
    }
}

// One in `odds` times.
static const struct {
    uint32_t odds;
    StressEvent *happen;
} events[] = {
    {16, leave_guest_code},   {64, translate_otherwise}, {64, make_hot},
    {64, back_to_quick_tier}, {256, invalidate_page},    {4096, flush_all},
};

// --- what happens while blocks run ------------------------------------------------------------------

static void shake(TranslationBlock *tb, void *opaque)
{
    uint64_t random = draw(opaque);
    if (random % 32 == 0) {
        tb_invalidate(tb);
    } else if (random % 4 == 0 && tb->units) {
        drop_units(tb);
    } else if (random % 64 == 1 && tb->code.hot) {
        *tb->code.counter = 1;
    }
    stats.stress_events++;
}

static void *tick(void *opaque)
{
    (void)opaque;
    uint64_t random = state.seed ^ 0x5eed;
    while (atomic_load(&state.ticking)) {
        uint64_t r = draw(&random);
        // From 30 us to 4 ms, short waits as often as long ones.
        struct timespec wait = {.tv_nsec = (long)((30000 + (r >> 8) % 30000) << (r & 7) % 7)};
        nanosleep(&wait, NULL);
        if ((r >> 40) % 32 == 0) {
            tb_lock();
            tb_foreach(shake, &random);
            tb_unlock();
        }
        cpu_request_exit_all();
    }
    return NULL;
}

// The guest's signals are for the guest's threads.
static void start_ticking(void)
{
    bool no = false;
    if (!atomic_compare_exchange_strong(&state.ticking, &no, true)) {
        return;
    }
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    state.ticks = pthread_create(&state.ticker, NULL, tick, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void stress_rest(void)
{
    atomic_store(&state.ticking, false);
    if (state.ticks) {
        pthread_join(state.ticker, NULL);
        state.ticks = false;
    }
}

void stress_fork_child(void)
{
    atomic_store(&state.ticking, false);
    state.ticks = false;
}

// --- a round ----------------------------------------------------------------------------------------

bool stress_round(CPUState *cs)
{
    CPUPrivate *p = cpu_private(cs);
    if (!atomic_load_explicit(&state.ticking, memory_order_relaxed)) {
        start_ticking();
    }
    if (!p->stress_random) {
        p->stress_random = (state.seed + cs->cpu_index) * 0x9e3779b97f4a7c15u + 1;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(events); i++) {
        uint64_t random = draw(&p->stress_random);
        if (random % events[i].odds == 0) {
            events[i].happen(cs, random / events[i].odds);
            stats.stress_events++;
        }
    }
    return draw(&p->stress_random) % 4 == 0;
}
