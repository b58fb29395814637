// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Namespaces that Linux gives to a process with one thread alone: the emulator's helpers do not count, and are there again
// afterwards.  And a file that is mounted over one of /proc.  Where the machine allows none of it, it does so natively, too.
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "guest-test.h"

// Hot enough to be compiled.
static unsigned compute(void)
{
    unsigned x = 1;
    for (int i = 0; i < 3000000; i++) {
        x = x * 1664525 + 1013904223 + (x >> 7);
    }
    return x;
}

static void *wait_to_read(void *pipe)
{
    char c;
    CHECK(read(*(int *)pipe, &c, 1) == 1);
    return NULL;
}

static void beside_a_thread(void)
{
    int p[2];
    pthread_t thread;
    CHECK(pipe(p) == 0);
    CHECK(pthread_create(&thread, NULL, wait_to_read, &p[0]) == 0);
    SHOW(unshare(CLONE_NEWUSER));
    SHOW(unshare(CLONE_VM));
    SHOW(setns(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), CLONE_NEWNS));
    CHECK(write(p[1], "x", 1) == 1);
    pthread_join(thread, NULL);
    close(p[0]);
    close(p[1]);
}

static void alone(void)
{
    SHOW(unshare(CLONE_VM));
    SHOW(unshare(CLONE_THREAD | CLONE_SIGHAND));
    SHOW(unshare(0x1));
    SHOW(setns(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), CLONE_NEWNS));
    SHOW(setns(-1, CLONE_NEWNS));
    SHOW(unshare(CLONE_NEWUSER | CLONE_NEWNS));
    printf("%x\n", compute());
    SHOW(unshare(CLONE_NEWUSER));
    SHOW(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

static void mount_over_proc(void)
{
    char name[] = "/tmp/guest-namespaces-XXXXXX", text[64] = "";
    int fd = mkstemp(name);
    CHECK(fd >= 0 && write(fd, "another text", 12) == 12);
    close(fd);
    SHOW(mount(name, "/proc/self/auxv", NULL, MS_BIND, NULL));
    fd = open("/proc/self/auxv", O_RDONLY);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    printf("%zd %s\n", n, n == 12 ? text : "its own");
    close(fd);
    unlink(name);
}

static void in_child(void (*fn)(void))
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        fn();
        fflush(stdout);
        _exit(failures);
    }
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

int main(void)
{
    printf("%x\n", compute());
    in_child(alone);
    printf("%x\n", compute());
    beside_a_thread();
    alone();
    mount_over_proc();
    printf("%x\n", compute());
    beside_a_thread();
    in_child(alone);
    return finish();
}
