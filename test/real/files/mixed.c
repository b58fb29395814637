// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Signals, setjmp, fork, protected pages, code made at run time: what programs rely on.
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile sig_atomic_t alarms;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)context;
    printf("signal %d code %d\n", sig, info->si_code);
    siglongjmp(back, 1);
}

static void on_alarm(int sig)
{
    (void)sig;
    alarms++;
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sigsetjmp(back, 1) == 0)
        *(volatile char *)page = 1;
    if (sigsetjmp(back, 1) == 0)
        *(volatile char *)16 = 1;
    volatile int seven = 7, zero = 0;
    if (sigsetjmp(back, 1) == 0)
        printf("%d\n", seven / zero);
    if (sigsetjmp(back, 1) == 0)
        __builtin_trap();

    signal(SIGALRM, on_alarm);
    ualarm(2000, 2000);
    for (volatile unsigned long i = 0; alarms < 5; i++)
        ;
    ualarm(0, 0);
    printf("five alarms\n");

    // Code that is written, run, and written again.
    unsigned char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int value = 1; value <= 3; value++) {
        unsigned char text[] = {0xb8, (unsigned char)value, 0, 0, 0, 0xc3}; // mov $value,%eax; ret
        memcpy(code, text, sizeof text);
        printf("made code gives %d\n", ((int (*)(void))code)());
    }

    int pipes[2];
    if (pipe(pipes) != 0)
        return 1;
    pid_t child = fork();
    if (child == 0) {
        dprintf(pipes[1], "from the child");
        _exit(42);
    }
    char text[64] = {0};
    ssize_t got = read(pipes[0], text, sizeof text - 1);
    int status = 0;
    waitpid(child, &status, 0);
    printf("%zd bytes '%s', child's status %d\n", got, text, WEXITSTATUS(status));
    return 0;
}
