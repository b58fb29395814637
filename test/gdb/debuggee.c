// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the gdb sessions of gdb.py debug.  Its lines are looked for by what they say, so they may move.
//
//     debuggee WORDS...    each word does one thing
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

volatile int counter, handled;
volatile char text[64] = "................................";
static volatile int *nowhere;
static volatile int go, spinning;

NOINLINE int add(int a, int b)
{
    int sum = a + b;
    return sum;
}

NOINLINE int work(int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) {
        sum = add(sum, i);
        counter++;
    }
    return sum;
}

NOINLINE void copy(const char *from, unsigned long n)
{
    memcpy((char *)text, from, n); // the C library's: vectors, string instructions
    text[40] = 'x';
}

NOINLINE void crash(void) { *nowhere = 42; }

static void handler(int sig) { handled += sig; }

NOINLINE void spin(void)
{
    __sync_add_and_fetch(&spinning, 1);
    while (!go) {
        counter++;
    }
}

static void *spinner(void *opaque)
{
    (void)opaque;
    spin();
    return NULL;
}

static void *worker(void *opaque)
{
    work(*(int *)opaque);
    return NULL;
}

/* Two threads that compute; both are in spin() when this returns. */
static void start_spinners(pthread_t threads[2])
{
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, spinner, NULL);
    }
    while (spinning < 2 || counter < 1000) {
        usleep(1000);
    }
}

static void in_threads(void *(*fn)(void *), int n)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, fn, &n);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void start_child(int shared)
{
    pid_t pid = shared ? vfork() : fork();
    if (pid == 0) {
        if (shared) {
            execl("/bin/true", "true", NULL);
        }
        work(5); // the parent's breakpoints are not for the child
        _exit(7);
    }
    int status;
    waitpid(pid, &status, 0);
    printf("child %s %d\n", WIFEXITED(status) ? "exited" : "died", WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGUSR1, handler);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "work")) {
            printf("work %d\n", work(10));
        } else if (!strcmp(argv[i], "copy")) {
            copy("the quick brown fox jumps over", 30);
        } else if (!strcmp(argv[i], "crash")) {
            crash();
        } else if (!strcmp(argv[i], "threads")) {
            in_threads(worker, 100);
        } else if (!strcmp(argv[i], "spin")) {
            pthread_t threads[2];
            start_spinners(threads);
            printf("spinning\n");
            pthread_join(threads[0], NULL);
        } else if (!strcmp(argv[i], "sleep")) {
            printf("sleeping\n");
            printf("sleep %u\n", sleep(3));
        } else if (!strcmp(argv[i], "signal")) {
            raise(SIGUSR1);
            printf("handled %d\n", handled);
        } else if (!strcmp(argv[i], "fork")) {
            start_child(0);
        } else if (!strcmp(argv[i], "vfork")) {
            start_child(1);
        } else if (!strcmp(argv[i], "exec")) {
            execl(argv[0], argv[0], "work", NULL);
        } else if (!strcmp(argv[i], "fork-exec")) {
            if (fork() == 0) {
                execl(argv[0], argv[0], "work", NULL);
            }
            int status;
            wait(&status);
            printf("program exited %d\n", WEXITSTATUS(status));
        } else if (!strcmp(argv[i], "spin-crash")) {
            pthread_t threads[2];
            start_spinners(threads);
            crash();
        } else if (!strcmp(argv[i], "terminate")) {
            raise(SIGTERM);
        } else if (!strcmp(argv[i], "burn")) {
            for (int n = 0; n < 300; n++) {
                work(100000);
            }
        }
    }
    printf("counter %d\n", counter);
    return 3;
}
