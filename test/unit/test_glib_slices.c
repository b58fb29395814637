// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_runtime
//
// GLib's small pieces come from malloc, whose locks fork takes care of; and nothing of how that is done stays in the
// environment, be it empty or not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glib.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/glib-slices.h"

enum { PIECES = 64, SIZE = 1000 };

#if __has_feature(address_sanitizer)
#include <sanitizer/allocator_interface.h>
static size_t allocated(void) { return __sanitizer_get_current_allocated_bytes(); }
#else
static size_t allocated(void) { return mallinfo2().uordblks; }
#endif

static bool pieces_are_malloced(void)
{
    void *pieces[PIECES];
    for (int i = 0; i < PIECES; i++) {
        pieces[i] = g_slice_alloc(SIZE);
    }
    size_t before = allocated();
    for (int i = 0; i < PIECES; i++) {
        g_slice_free1(SIZE, pieces[i]);
    }
    // Slices would keep them all; malloc keeps a few for this thread.
    return before - allocated() > PIECES / 2 * SIZE;
}

static void run_with(char *const *env)
{
    pid_t pid = fork();
    if (pid == 0) {
        char name[] = "test", *argv[16] = {name};
        int n = 1;
        for (; env[n - 1]; n++) {
            argv[n] = env[n - 1]; // what is expected
        }
        argv[n] = name; // a mark: this is no run of all tests
        execve("/proc/self/exe", argv, env);
        _exit(9);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static int check(int count, char **expected)
{
    for (int i = 0; i < count; i++) {
        if (!environ[i] || strcmp(environ[i], expected[i])) {
            return 1;
        }
    }
    return environ[count] ? 2 : pieces_are_malloced() ? 0 : 3;
}

static void test_environments(void **unused)
{
    (void)unused;
    char a[] = "A=1", b[] = "G_SLICE=all", c[] = "C=";
    run_with((char *[]){NULL});
    run_with((char *[]){a, NULL});
    run_with((char *[]){a, b, c, NULL});
    run_with((char *[]){a, b, NULL});
}

int main(int argc, char **argv)
{
    glib_slices_off(argv);
    if (argc > 1) {
        return check(argc - 2, argv + 1);
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_environments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
