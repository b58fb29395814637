// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fork, vfork, posix_spawn, wait.
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "guest-test.h"

extern char **environ;
static int shared_value = 1;

static void test_fork(void)
{
    int fds[2], status;
    char text[32] = "";
    CHECK(pipe(fds) == 0);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        shared_value = 2;
        int ok = getppid() == parent && getpid() != parent;
        CHECK(write(fds[1], ok ? "child fine" : "child wrong", 11) > 0);
        _exit(42);
    }
    close(fds[1]);
    CHECK(read(fds[0], text, sizeof(text)) > 0);
    SHOW(waitpid(pid, &status, 0) == pid);
    printf("%s, status %d, value %d\n", text, WEXITSTATUS(status), shared_value);
    SHOW(waitpid(-1, &status, 0));
    close(fds[0]);
}

static void test_tree(void)
{
    // Three levels, every process two children; each gives the number of processes below and itself.
    int level = 0;
    for (;;) {
        int sum = 1;
        pid_t pids[2];
        int i;
        if (level < 3) {
            for (i = 0; i < 2; i++) {
                pids[i] = fork();
                if (pids[i] == 0) {
                    break;
                }
            }
            if (i < 2) {
                level++;
                continue;
            }
            for (i = 0; i < 2; i++) {
                int status;
                waitpid(pids[i], &status, 0);
                sum += WEXITSTATUS(status);
            }
        }
        if (level > 0) {
            _exit(sum);
        }
        printf("processes: %d\n", sum);
        return;
    }
}

static void test_vfork(void)
{
    volatile int value = 1;
    int status;
    pid_t pid = vfork();
    if (pid == 0) {
        value = 2; // in the parent's memory
        _exit(7);
    }
    waitpid(pid, &status, 0);
    printf("vfork: value %d status %d\n", value, WEXITSTATUS(status));
    pid = vfork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "exit 9", NULL);
        _exit(1);
    }
    waitpid(pid, &status, 0);
    printf("vfork and exec: status %d\n", WEXITSTATUS(status));
}

static void test_spawn(void)
{
    pid_t pid;
    int status;
    char *const argv[] = {"sh", "-c", "echo spawned $X; exit 4", NULL};
    char *const env[] = {"X=42", "PATH=/usr/bin:/bin", NULL};
    fflush(stdout);
    int err = posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, env);
    waitpid(pid, &status, 0);
    printf("spawn: %d, status %d\n", err, WEXITSTATUS(status));
    // The child's error comes back through shared memory.
    printf("spawn of nothing: %s\n",
           strerrorname_np(posix_spawn(&pid, "/nonexistent", NULL, NULL, argv, env)));
    printf("spawn of a directory: %s\n",
           strerrorname_np(posix_spawn(&pid, "/tmp", NULL, NULL, argv, env)));
    printf("system: %d\n", WEXITSTATUS(system("exit 3")));
    FILE *f = popen("echo through a pipe", "r");
    char line[64] = "";
    CHECK(fgets(line, sizeof(line), f) != NULL);
    printf("popen: %sclosed %d\n", line, pclose(f));
}

static void test_wait(void)
{
    siginfo_t info;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(17);
    }
    memset(&info, 0, sizeof(info));
    SHOW(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
    printf("waitid: %d %d %d\n", info.si_code, info.si_status, info.si_pid == pid);
    SHOW(waitid(P_PID, (id_t)pid, &info, WEXITED));
    SHOW(waitid(P_PID, (id_t)pid, &info, WEXITED));
    SHOW(wait4(-1, NULL, WNOHANG, NULL));
}

static void test_clone_flags(void)
{
    int status, pidfd = -1;
    pid_t tid = 0;
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, NULL, &tid, NULL, NULL);
    if (pid == 0) {
        _exit(0);
    }
    waitpid(pid, &status, 0);
    printf("parent_settid: %d\n", tid == pid);
    pid = (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &pidfd, NULL, NULL);
    if (pid == 0) {
        _exit(8);
    }
    siginfo_t info;
    SHOW(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED));
    printf("pidfd: status %d\n", info.si_status);
    close(pidfd);
    SHOW(syscall(SYS_clone, CLONE_THREAD | SIGCHLD, NULL, NULL, NULL, NULL));
    // A child with another exit signal is waited for with __WALL.
    pid = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
    if (pid == 0) {
        _exit(6);
    }
    SHOW(waitpid(pid, &status, __WALL) == pid);
    printf("without a signal: %d\n", WEXITSTATUS(status));
}

int main(void)
{
    test_fork();
    fflush(stdout);
    test_tree();
    fflush(stdout);
    test_vfork();
    fflush(stdout);
    test_spawn();
    fflush(stdout);
    test_wait();
    test_clone_flags();
    return finish();
}
