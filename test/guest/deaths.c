// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a process ends: each signal's default action, faults without a handler, exits.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "guest-test.h"

static void show_status(const char *name, int status)
{
    if (WIFEXITED(status)) {
        printf("%s: exit %d\n", name, WEXITSTATUS(status));
    } else if (WIFSIGNALED(status)) {
        printf("%s: signal %d\n", name, WTERMSIG(status));
    } else {
        printf("%s: status %x\n", name, (unsigned)status);
    }
}

#define CHILD(name, code)                                                                          \
    do {                                                                                           \
        fflush(stdout);                                                                            \
        pid_t child_pid = fork();                                                                  \
        if (child_pid == 0) {                                                                      \
            code;                                                                                  \
            _exit(99);                                                                             \
        }                                                                                          \
        int child_status;                                                                          \
        CHECK(waitpid(child_pid, &child_status, 0) == child_pid);                                  \
        show_status(name, child_status);                                                           \
    } while (0)

static int run_stopped(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGSTOP);
        _exit(5);
    }
    waitpid(pid, &status, WUNTRACED);
    printf("stopped %d by %d\n", WIFSTOPPED(status), WSTOPSIG(status));
    kill(pid, SIGCONT);
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

int main(void)
{
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    for (int sig = 1; sig < 32; sig++) {
        char name[32];
        if (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU) {
            continue;
        }
        snprintf(name, sizeof(name), "raise %d", sig);
        CHILD(name, raise(sig));
        snprintf(name, sizeof(name), "ignored %d", sig);
        if (sig != SIGKILL) {
            CHILD(name, signal(sig, SIG_IGN); raise(sig));
        }
    }
    CHILD("real-time", raise(SIGRTMIN + 3));
    CHILD("null", *(volatile int *)0 = 1);
    CHILD("ignored fault", signal(SIGSEGV, SIG_IGN); *(volatile int *)0 = 1);
    sigset_t all;
    sigfillset(&all);
    CHILD("blocked fault", sigprocmask(SIG_SETMASK, &all, NULL); *(volatile int *)0 = 1);
#ifdef __x86_64__
    CHILD("division", __asm__ volatile("div %0" ::"r"(0) : "rax", "rdx"));
#else
    CHILD("division", raise(SIGFPE)); // elsewhere it has a result
#endif
    CHILD("breakpoint", BREAKPOINT());
    CHILD("jump", ((void (*)(void))16)());
    CHILD("abort", abort());
    CHILD("exit", exit(3));
    CHILD("exit -1", exit(-1));
    CHILD("exit 256", exit(256));
    CHILD("alarm", alarm(1); pause());
    CHILD("pipe", {
        int fds[2];
        CHECK(pipe(fds) == 0);
        close(fds[0]);
        CHECK(write(fds[1], "", 1));
    });
    printf("after stop and continue: %d\n", run_stopped());
    return finish();
}
