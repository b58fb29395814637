// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What test/plugin/events.c looks at: functions to be hooked while they run, threads, fork, exec, memory, faults.
// getppid tells the plugin that it is its turn.
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FUNCTION __attribute__((noinline, used))

static sigjmp_buf env;
volatile long spinning = 1, calls;

FUNCTION void counted(void) { calls++; }
FUNCTION void spin(void) { __asm__ volatile(""); }
FUNCTION long bad(long n)
{
    __asm__ volatile("" : "+r"(n));
    return n + 1;
}
FUNCTION long good(long n)
{
    __asm__ volatile("" : "+r"(n));
    return n + 1000;
}

static void *thread(void *arg) { return arg; }

static void on_fault(int sig)
{
    (void)sig;
    siglongjmp(env, 1);
}

static void call(int n)
{
    for (int i = 0; i < n; i++) {
        counted();
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        printf("executed\n");
        return 3;
    }
    call(20000); // it is translated, and hot
#ifdef LEAVE
    syscall(SYS_getppid);
    call(20000);
    printf("calls %ld\n", calls);
    return 0;
#endif
    syscall(SYS_getppid); // 1: hook `counted`, `bad`
    call(50);
    printf("bad %ld\n", bad(1));
    syscall(SYS_getppid); // 2: take them away
    call(50);
    printf("bad %ld calls %ld\n", bad(1), calls);
    syscall(SYS_getppid,
            &spinning); // 3: a thread of the plugin's hooks `spin`, whose callback ends the loop
    while (spinning) {
        for (int i = 0; i < 100 && spinning; i++) {
            spin();
        }
    }
    printf("out of the loop\n");
    syscall(SYS_getppid); // 4: all kinds of events from now on
    pthread_t t;
    pthread_create(&t, NULL, thread, NULL);
    pthread_join(t, NULL);
    char *at = mmap((void *)0x660000000000, 8192, PROT_READ,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    mprotect(at, 4096, PROT_NONE);
    munmap(at, 8192);
    signal(SIGSEGV, on_fault);
    if (!sigsetjmp(env, 1)) {
        *(volatile int *)0x1234 = 1;
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        execl("/proc/self/exe", argv[0], "again", NULL);
        _exit(9);
    }
    int status;
    waitpid(pid, &status, 0);
    printf("child %d\n", WEXITSTATUS(status));
    syscall(SYS_getppid); // 5: none any more
    pid = fork();
    if (pid == 0) {
        _exit(4);
    }
    waitpid(pid, &status, 0);
    printf("child %d\n", WEXITSTATUS(status));
    return 0;
}
