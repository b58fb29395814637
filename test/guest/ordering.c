// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What others store is seen: a loop that waits for it ends, however well it has been compiled, and plain
// accesses to shared memory keep the order that the machine (x86) or barriers (both) promise.
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "guest-test.h"

static volatile int stop;
static volatile unsigned long sink;

// A loop without a call or a store: nothing in it forbids to load `stop` once, but that it is shared.
static void *compute(void *flag)
{
    volatile int *end = flag;
    unsigned long x = 1;
    while (!*end) {
        x = x * 6364136223846793005u + 1442695040888963407u;
    }
    sink = x;
    return NULL;
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void waiting_thread(void)
{
    pthread_t t;
    pthread_create(&t, NULL, compute, (void *)&stop);
    pause_ms(700);
    stop = 1;
    pthread_join(t, NULL);
    printf("the thread has seen the end\n");
}

// The loop is compiled before there is a second thread.
static void *stop_later(void *opaque)
{
    pause_ms(300);
    stop = 1;
    return opaque;
}

static void waiting_after_warm_up(void)
{
    pthread_t t;
    static volatile int countdown;
    for (int i = 0; i < 300000; i++) {
        countdown = i % 100 != 0;
        stop = !countdown;
        if (stop) {
            compute((void *)&stop);
        }
    }
    stop = 0;
    pthread_create(&t, NULL, stop_later, NULL);
    compute((void *)&stop);
    pthread_join(t, NULL);
    printf("the first thread has seen the end\n");
}

static void waiting_process(void)
{
    volatile int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                                0);
    pid_t pid = fork();
    if (pid == 0) {
        compute((void *)shared);
        _exit(3);
    }
    pause_ms(500);
    *shared = 1;
    int status = 0;
    waitpid(pid, &status, 0);
    printf("the process has seen the end: %d\n", WEXITSTATUS(status));
}

// A reader that takes no lock: it looks at the number twice, and may use the values when both are the same
// and even.  To load the number once would be wrong.
static atomic_uint sequence;
static atomic_ulong value_a, value_b;

static void *write_values(void *opaque)
{
    for (unsigned long i = 1; !stop; i++) {
        unsigned s = atomic_load_explicit(&sequence, memory_order_relaxed);
        atomic_store_explicit(&sequence, s + 1, memory_order_relaxed);
        atomic_thread_fence(memory_order_release);
        atomic_store_explicit(&value_a, i, memory_order_relaxed);
        atomic_store_explicit(&value_b, i * 3, memory_order_relaxed);
        atomic_store_explicit(&sequence, s + 2, memory_order_release);
    }
    return opaque;
}

static void sequence_lock(void)
{
    pthread_t t;
    unsigned long torn = 0, whole = 0;
    stop = 0;
    pthread_create(&t, NULL, write_values, NULL);
    for (int i = 0; i < 2000000 || whole == 0; i++) {
        unsigned before = atomic_load_explicit(&sequence, memory_order_acquire);
        unsigned long a = atomic_load_explicit(&value_a, memory_order_relaxed);
        unsigned long b = atomic_load_explicit(&value_b, memory_order_relaxed);
        atomic_thread_fence(memory_order_acquire);
        unsigned after = atomic_load_explicit(&sequence, memory_order_relaxed);
        if (before == after && !(before & 1)) {
            whole++;
            torn += b != a * 3;
        }
    }
    stop = 1;
    pthread_join(t, NULL);
    printf("values torn apart: %lu\n", torn);
    CHECK(torn == 0);
}

int main(void)
{
    waiting_process();
    stop = 0;
    waiting_after_warm_up();
    stop = 0;
    waiting_thread();
    sequence_lock();
    return finish();
}
