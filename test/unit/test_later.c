// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is called later: all of it, before a barrier returns.
// LINK: myna_runtime
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/later.h"

enum { CALLS = 1000, THREADS = 4 };

static atomic_int called;
static Later things[THREADS][CALLS];

static void count(Later *l)
{
    (void)l;
    called++;
}

static void *hand_over(void *opaque)
{
    Later *mine = opaque;
    for (int i = 0; i < CALLS; i++) {
        later_call(&mine[i], count);
        if (i % 250 == 249) {
            later_barrier();
        }
    }
    return NULL;
}

static void hand_over_all(void)
{
    pthread_t threads[THREADS];
    called = 0;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hand_over, things[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(called, THREADS * CALLS);
}

static void from_several_threads(void **state)
{
    (void)state;
    hand_over_all();
    later_rest();
    hand_over_all();
}

// The thread that calls cannot be made.
static void without_a_thread(void **state)
{
    (void)state;
#if __has_feature(address_sanitizer)
    skip(); // it ends a process that has no room for a thread
#endif
    pid_t pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_AS, &(struct rlimit){1 << 20, 1 << 20});
        called = 0;
        for (int i = 0; i < 10; i++) {
            later_call(&things[0][i], count);
        }
        later_barrier();
        _exit(called);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 10 << 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_thread), // first: libc keeps a thread's stack for the next
        cmocka_unit_test(from_several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
