// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Processes that share memory and run at once (clone with CLONE_VM alone), those that suspend their parent, and what
// clone refuses; clone3's CLONE_CLEAR_SIGHAND.
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "guest-test.h"

#define STACK_SIZE (256 << 10)

static volatile int turn;
static volatile pid_t cleared;
static char *stack;

static void handler(int sig) { turn += sig == SIGUSR1 ? 100 : 1000; }

static int take_turn(void *opaque)
{
    (void)opaque;
    while (turn == 0) {
        usleep(100);
    }
    turn = 2;
    return 7;
}

static int fault(void *opaque)
{
    (void)opaque;
    turn = 3;
    *(volatile int *)8 = 1;
    return 0;
}

// With CLONE_SIGHAND the parent gets the child's handler.
static int set_handler(void *opaque)
{
    (void)opaque;
    signal(SIGUSR1, handler);
    return 0;
}

static int spin(void *opaque)
{
    (void)opaque;
    while (turn != 5) {
    }
    return 5;
}

static void run(const char *name, int (*fn)(void *), int flags, int first)
{
    pid_t parent_tid = 0;
    int status = 0;
    turn = first;
    cleared = 1;
    pid_t pid = clone(fn, stack + STACK_SIZE,
                      flags | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID, NULL,
                      &parent_tid, NULL, &cleared);
    if (pid < 0) {
        printf("%s: %s\n", name, strerrorname_np(errno));
        return;
    }
    CHECK(parent_tid == pid);
    usleep(1000);
    if (first == 0) {
        turn = fn == spin ? 5 : 1;
    }
    CHECK(waitpid(pid, &status, __WALL) == pid);
    printf("%s: turn %d, status %x, cleared %d\n", name, turn, status & ~0x80, cleared == 0);
}

static void clear_handlers(void)
{
    struct clone_args args = {.flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD};
    struct sigaction now;
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    fflush(stdout);
    long pid = syscall(SYS_clone3, &args, sizeof(args));
    if (pid == 0) {
        sigaction(SIGUSR1, NULL, &now);
        int result = now.sa_handler == SIG_DFL;
        sigaction(SIGUSR2, NULL, &now);
        _exit(result + 2 * (now.sa_handler == SIG_IGN));
    }
    int status = 0;
    waitpid((pid_t)pid, &status, 0);
    printf("cleared handlers: %d\n", WEXITSTATUS(status));
    args.flags |= CLONE_SIGHAND | CLONE_VM;
    SHOW(syscall(SYS_clone3, &args, sizeof(args)));
}

static int leave(void *opaque)
{
    (void)opaque;
    _exit(0);
}

// Where nobody can be told the descriptor there is no child.
static void bad_pidfds(void)
{
    static const int flags[] = {0, CLONE_VM | CLONE_VFORK, CLONE_VM, CLONE_FILES};
    int *places[] = {NULL, (int *)8,
                     mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 3; k++) {
            errno = 0;
            int pid = clone(leave, stack + STACK_SIZE, flags[i] | CLONE_PIDFD | SIGCHLD, NULL,
                            places[k]);
            CHECK(pid == -1 && errno == EFAULT);
            CHECK(waitpid(-1, NULL, __WALL) == -1 && errno == ECHILD);
        }
    }
    struct clone_args args = {.flags = CLONE_PIDFD, .exit_signal = SIGCHLD, .pidfd = 8};
    SHOW(syscall(SYS_clone3, &args, sizeof(args)));
}

static bool is_readable(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, ms) == 1;
}

// CLONE_VFORK with memory of its own: the parent goes on when the child ends, or executes a program, and not when
// a child of the child's does.
static void suspended(bool executes)
{
    int before[2], after[2], status = -1;
    CHECK(pipe(before) == 0 && pipe(after) == 0);
    fflush(stdout);
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        if (fork() == 0) {
            char byte;
            close(after[1]);
            _exit((int)read(after[0], &byte, 1)); // until the first process goes on
        }
        usleep(100000);
        if (write(before[1], "x", 1) == 1 && executes) {
            dup2(after[0], 0);
            close(after[1]);
            execl("/bin/sh", "sh", "-c", "read line; exit 3", NULL);
        }
        _exit(3);
    }
    printf("suspended: %d", is_readable(before[0], 0));
    CHECK(write(after[1], "\n\n", 2) == 2);
    CHECK(waitpid(pid, &status, 0) == pid);
    printf(", %d\n", WEXITSTATUS(status));
    for (int i = 0; i < 2; i++) {
        close(before[i]);
        close(after[i]);
    }
}

int main(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    run("memory", take_turn, CLONE_VM | SIGCHLD, 0);
    run("memory and files", take_turn, CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, 0);
    run("what LinuxThreads had", take_turn,
        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | SIGCHLD, 0);
    run("without a signal", take_turn, CLONE_VM, 0);
    run("a waiting loop", spin, CLONE_VM | SIGCHLD, 0);
    run("a handler of its own", set_handler, CLONE_VM | SIGCHLD, 1);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    CHECK(now.sa_handler == SIG_DFL);
    run("a shared handler", set_handler, CLONE_VM | CLONE_SIGHAND | SIGCHLD, 1);
    raise(SIGUSR1);
    printf("turn %d\n", turn);
    run("a fault", fault, CLONE_VM | SIGCHLD, 1);
    run("a child that its parent waits for", set_handler, CLONE_VM | CLONE_VFORK | SIGCHLD, 1);
    clear_handlers();
    bad_pidfds();
    suspended(false);
    suspended(true);
    return finish();
}
