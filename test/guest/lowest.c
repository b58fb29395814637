// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A new descriptor has the lowest free number, whatever the emulator opens meanwhile: its caches, its compiler, the
// text of files under /proc.  The numbers are asked for while more and more code gets hot.
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>

#include "guest-test.h"

enum { FUNCTIONS = 64 };

// Functions that are alike but not the same, each with a loop that is worth compiling.
#define FUNCTION(n)                                                                                \
    static __attribute__((noinline)) unsigned work##n(unsigned x)                                  \
    {                                                                                              \
        for (int i = 0; i < 3000; i++) {                                                           \
            x = x * (2 * n + 3) ^ (x >> (n % 13 + 1));                                             \
        }                                                                                          \
        return x;                                                                                  \
    }
#define FOUR(n) FUNCTION(n##0) FUNCTION(n##1) FUNCTION(n##2) FUNCTION(n##3)
#define SIXTEEN(n) FOUR(n##0) FOUR(n##1) FOUR(n##2) FOUR(n##3)
SIXTEEN(1)
SIXTEEN(2)
SIXTEEN(3) SIXTEEN(4)

#define NAME(n) work##n,
#define NAMES4(n) NAME(n##0) NAME(n##1) NAME(n##2) NAME(n##3)
#define NAMES16(n) NAMES4(n##0) NAMES4(n##1) NAMES4(n##2) NAMES4(n##3)
    static unsigned (*const functions[FUNCTIONS])(unsigned) = {NAMES16(1) NAMES16(2) NAMES16(3)
                                                                   NAMES16(4)};

static int lowest; // the number that is free
static int wrong, last_wrong;

static void look(int fd, int expected)
{
    if (fd != expected) {
        wrong++;
        last_wrong = fd;
    }
}

static void open_some(const char *path)
{
    int fd = open(path, O_RDONLY), pair[2];
    look(fd, lowest);
    CHECK(pipe(pair) == 0);
    look(pair[0], lowest + 1);
    look(pair[1], lowest + 2);
    // Closed twice, as some programs do.
    for (int i = 0; i < 2; i++) {
        close(pair[1]);
        close(pair[0]);
        close(fd);
    }
}

static unsigned compute(void)
{
    unsigned sum = 0;
    for (int f = 0; f < FUNCTIONS; f++) {
        for (int i = 0; i < 40; i++) {
            sum += functions[f](sum + i);
            for (int n = 0; n < 25; n++) {
                int fd = dup(0);
                look(fd, lowest);
                close(fd);
            }
        }
        open_some("/dev/null");
    }
    return sum;
}

static void report(const char *who)
{
    printf("%s: %d wrong numbers", who, wrong);
    printf(wrong ? ", the last %d\n" : "\n", last_wrong);
    fflush(stdout);
}

static void *compute_beside(void *sum)
{
    for (int f = 0; f < FUNCTIONS; f++) {
        for (int i = 0; i < 40; i++) {
            *(unsigned *)sum += functions[f](*(unsigned *)sum + i);
        }
    }
    return sum;
}

// Two threads that hold one descriptor each, at most: neither ever gets the third number.
static _Atomic int too_high, beside_done;

static void look_below(int fd)
{
    too_high += fd > lowest + 1;
    close(fd);
}

static void *read_beside(void *unused)
{
    static const char *const names[] = {"/proc/self/status", "/proc/self/maps",
                                        "/proc/thread-self/stat"};
    for (int i = 0; i < 600; i++) {
        char byte;
        int fd = open(names[i % 3], O_RDONLY);
        CHECK(read(fd, &byte, 1) == 1);
        look_below(fd);
    }
    beside_done = 1;
    return unused;
}

static void read_beside_others(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, read_beside, NULL) == 0);
    while (!beside_done) {
        look_below(dup(0));
    }
    pthread_join(thread, NULL);
    printf("files under /proc with a second thread: %d wrong numbers\n", too_high);
}

int main(void)
{
    lowest = dup(0);
    close(lowest);
    printf("%x\n", compute());
    report("alone");
    open_some("/proc/self/maps");
    open_some("/proc/self/status");
    report("files under /proc");
    pid_t pid = fork();
    if (pid == 0) {
        compute();
        report("child");
        _exit(finish());
    }
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    pthread_t thread;
    unsigned sum = 0;
    CHECK(pthread_create(&thread, NULL, compute_beside, &sum) == 0);
    compute();
    pthread_join(thread, NULL);
    report("with a second thread");
    read_beside_others();
    return finish();
}
