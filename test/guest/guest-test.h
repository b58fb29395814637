// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For the programs of test/guest/.  Each prints what it sees, one fact a line, and nothing that differs
// between two runs (addresses, process ids, times): run.py compares the output of a native run with
// that of a run under myna.  What must hold on any Linux is CHECKed as well, so that a fact that is
// wrong in both shows.
//
// A program that is built for several machines prints the same on each, but for the machine's name.

#ifndef GUEST_TEST_H
#define GUEST_TEST_H

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printf("%s:%d: does not hold: %s (errno %d)\n", __FILE__, __LINE__, #cond, errno);     \
            failures++;                                                                            \
        }                                                                                          \
    } while (0)

static int failures;

static inline int finish(void)
{
    printf("%d failures\n", failures);
    return failures ? 1 : 0;
}

// The instruction that raises SIGTRAP.
#if defined(__x86_64__)
#define BREAKPOINT() __asm__ volatile("int3")
#elif defined(__aarch64__)
#define BREAKPOINT() __asm__ volatile("brk #1")
#endif

// A call's outcome in words: the value, or the errno.
#define SHOW(expr)                                                                                 \
    do {                                                                                           \
        errno = 0;                                                                                 \
        long show_result = (long)(expr);                                                           \
        if (show_result == -1 && errno) {                                                          \
            printf("%s: %s\n", #expr, strerrorname_np(errno));                                     \
        } else {                                                                                   \
            printf("%s: %ld\n", #expr, show_result);                                               \
        }                                                                                          \
    } while (0)

#endif
