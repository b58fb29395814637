// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// clone that is no plain fork, in a process whose other threads map memory and run new code all the time: whatever lock
// of an emulator they hold at that moment must not stay locked in the child. Also what such calls leave behind:
// parents, descriptors; and signals that come meanwhile.
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "guest-test.h"

#if defined(__x86_64__)
static const uint8_t code[] = {0xb8, 7, 0, 0, 0, 0xc3}; // mov $7, %eax; ret
#elif defined(__aarch64__)
static const uint32_t code[] = {0x528000e0, 0xd65f03c0}; // mov w0, #7; ret
#endif

static atomic_bool stop;

// Code on a page that is new each time.  No malloc: its locks are the program's own.
static int run_new_code(void)
{
    enum { SIZE = 1 << 16 };
    char *page = mmap(NULL, SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0);
    int sum = 0;
    for (int at = 0; at < SIZE; at += 4096) {
        memcpy(page + at, code, sizeof(code));
        __builtin___clear_cache(page + at, page + at + sizeof(code));
        sum += ((int (*)(void))(void *)(page + at))();
        mprotect(page + at, 4096, PROT_READ | PROT_EXEC);
    }
    munmap(page, SIZE);
    return sum;
}

static void *churn(void *unused)
{
    while (!stop) {
        run_new_code();
    }
    return unused;
}

static pid_t raw_clone(uint64_t flags, void *word)
{
    return (pid_t)syscall(SYS_clone, flags, 0, word, 0, 0);
}

static int rounds(uint64_t flags, int n)
{
    int right = 0;
    for (int i = 0; i < n; i++) {
        int status = -1, fd = -1;
        pid_t pid = raw_clone(flags, &fd);
        if (pid == 0) {
            _exit(run_new_code());
        }
        if (flags & CLONE_PIDFD) {
            struct pollfd p = {.fd = fd, .events = POLLIN};
            CHECK(fd >= 0 && poll(&p, 1, -1) == 1);
            close(fd);
        }
        CHECK(waitpid(pid, &status, __WALL) == pid);
        right += WIFEXITED(status) && WEXITSTATUS(status) == 7 * 16;
    }
    return right;
}

// --- SIGSYS, which a process that emulates clone may need itself ---------------------------------

enum { TARGETS = 2 };
static pthread_t targets[TARGETS];
static atomic_int taken[TARGETS];
static atomic_bool forks_done;

static void on_sys(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    for (int i = 0; i < TARGETS; i++) {
        taken[i] += pthread_equal(pthread_self(), targets[i]) && info->si_code == SI_TKILL &&
                    info->si_pid == getpid();
    }
}

static void *wait_for_end(void *unused)
{
    while (!forks_done) {
        usleep(500);
    }
    return unused;
}

// Each signal to each thread arrives there before the next is sent.
static void *send_sys(void *unused)
{
    for (int n = 1; !forks_done; n++) {
        for (int i = 0; i < TARGETS; i++) {
            pthread_kill(targets[i], SIGSYS);
        }
        for (int i = 0; i < TARGETS; i++) {
            while (taken[i] < n) {
                sched_yield();
            }
        }
    }
    return unused;
}

static int forks_under_sys(int n)
{
    struct sigaction act = {.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO | SA_RESTART};
    pthread_t sender;
    sigset_t sys;
    sigaction(SIGSYS, &act, NULL);
    for (int i = 0; i < TARGETS; i++) {
        pthread_create(&targets[i], NULL, wait_for_end, NULL);
    }
    sigemptyset(&sys);
    sigaddset(&sys, SIGSYS);
    pthread_sigmask(SIG_BLOCK, &sys, NULL);
    pthread_create(&sender, NULL, send_sys, NULL);
    int right = rounds(SIGURG, n);
    forks_done = true;
    pthread_join(sender, NULL);
    for (int i = 0; i < TARGETS; i++) {
        pthread_join(targets[i], NULL);
    }
    pthread_sigmask(SIG_UNBLOCK, &sys, NULL);
    return right;
}

static int end_at_once(void *unused)
{
    (void)unused;
    _exit(0);
}

// Nobody keeps a child whose end is ignored: its descriptor must come from clone itself.
static int pidfds(int flags, int n)
{
    static char stack[64 << 10] __attribute__((aligned(16)));
    int right = 0;
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < n; i++) {
        int fd = -1;
        pid_t pid = clone(end_at_once, stack + sizeof(stack), flags | CLONE_PIDFD | SIGCHLD, NULL,
                          &fd);
        struct pollfd p = {.fd = fd, .events = POLLIN};
        right += pid > 0 && fd >= 0 && poll(&p, 1, -1) == 1;
        close(fd);
    }
    signal(SIGCHLD, SIG_DFL);
    return right;
}

// A child of the caller's own parent; the calls that came before clone3 do not mind a signal beside.
static void sibling(void)
{
    int status = -1;
    int to_parent[2];
    CHECK(pipe(to_parent) == 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        pid_t pid = raw_clone(CLONE_PARENT | SIGCHLD, NULL);
        if (pid == 0) {
            _exit(5);
        }
        _exit(write(to_parent[1], &pid, sizeof(pid)) != sizeof(pid));
    }
    pid_t pid = 0;
    CHECK(read(to_parent[0], &pid, sizeof(pid)) == sizeof(pid) && pid > 0);
    CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 0);
    status = -1;
    CHECK(waitpid(pid, &status, 0) == pid);
    printf("sibling: %d\n", WEXITSTATUS(status));
}

int main(void)
{
    pthread_t threads[2];
    alarm(300); // a child that hangs is not waited for
    sibling();
    printf("signals meanwhile: %d\n", forks_under_sys(60));
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, churn, NULL);
    }
    printf("another signal: %d\n", rounds(SIGURG, 40));
    printf("shared files: %d\n", rounds(CLONE_FILES | CLONE_FS | SIGCHLD, 40));
    printf("a descriptor: %d\n", rounds(CLONE_PIDFD | SIGCHLD, 40));
    printf("ignored ends: %d\n", pidfds(0, 30));
    printf("ignored ends, vfork: %d\n", pidfds(CLONE_VM | CLONE_VFORK, 30));
    stop = true;
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    return finish();
}
