// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// execve of itself, of scripts, by descriptor, and of what cannot be executed.
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "guest-test.h"

extern char **environ;
static char self[4096], dir[] = "/tmp/myna-exec-XXXXXX";

static int run(const char *path, char *const argv[], char *const env[])
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        execve(path, argv, env);
        printf("%s\n", strerrorname_np(errno));
        fflush(stdout);
        _exit(111);
    }
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

static void show_self(int argc, char **argv)
{
    sigset_t set;
    printf("child: argc %d, argv[0] '%s'", argc, argv[0]);
    for (int i = 2; i < argc; i++) {
        const char *slash = strstr(argv[i], "/with-arg"); // its directory has a random name
        printf(" '%s'", slash ? slash : argv[i]);
    }
    printf(", X=%s LD_LIBRARY_PATH=%s\n", getenv("X"), getenv("LD_LIBRARY_PATH"));
    int n = 0;
    for (char **e = environ; *e; e++) {
        n++;
    }
    sigprocmask(SIG_SETMASK, NULL, &set);
    struct sigaction usr1, usr2;
    sigaction(SIGUSR1, NULL, &usr1);
    sigaction(SIGUSR2, NULL, &usr2);
    char name[32];
    prctl(PR_GET_NAME, name);
    if (strcmp(argv[0], "by proc") == 0) {
        strcpy(name, "exe or exec"); // Linux names it after the link, myna after the program
    }
    printf("%d variables, SIGHUP blocked %d, USR1 ignored %d, USR2 default %d, name %s\n", n,
           sigismember(&set, SIGHUP), usr1.sa_handler == SIG_IGN, usr2.sa_handler == SIG_DFL, name);
    printf("fd 50 %s, fd 51 %s\n", fcntl(50, F_GETFD) >= 0 ? "open" : "closed",
           fcntl(51, F_GETFD) >= 0 ? "open" : "closed");
}

static const char *make_file(const char *name, const char *text, int mode)
{
    static char path[4096];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    unlink(path);
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    fchmod(fd, (mode_t)mode);
    close(fd);
    return path;
}

static void on_usr2(int sig) { (void)sig; }

static void test_self(void)
{
    char *env[] = {"X=1", "LD_LIBRARY_PATH=/nowhere", "EMPTY=", NULL};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, on_usr2);
    dup2(1, 50);
    dup2(1, 51);
    fcntl(51, F_SETFD, FD_CLOEXEC);
    printf("%d\n", run(self, (char *[]){"other name", "--child", "a b", "", "-c", NULL}, env));
    printf("%d\n", run("/proc/self/exe", (char *[]){"by proc", "--child", NULL}, env));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    // A relative name, and one that looks like an option.
    CHECK(chdir(dir) == 0);
    CHECK(symlink(self, "-strace") == 0);
    printf("%d\n", run("-strace", (char *[]){"x", "--child", NULL}, env));
    printf("%d\n", run("./-strace", (char *[]){"x", "--child", NULL}, env));
}

static void test_scripts(void)
{
    char text[8192];
    printf("%d\n", run(make_file("script",
                                 "#!/bin/sh\necho script $0 \"$@\" | sed s,/tmp/[^/]*,D,\n"
                                 "exit 5\n",
                                 0755),
                       (char *[]){"ignored", "one", "two words", NULL}, environ));
    snprintf(text, sizeof(text), "#! %s --child -x \n", self);
    printf("%d\n", run(make_file("with-arg", text, 0755), (char *[]){"ignored", NULL}, environ));
    printf("%d\n", run(make_file("loop", "", 0755), (char *[]){"x", NULL}, environ));
    printf("%d\n",
           run(make_file("no-interp", "#!/nonexistent\n", 0755), (char *[]){"x", NULL}, environ));
    printf("%d\n", run(make_file("text", "echo hello\n", 0755), (char *[]){"x", NULL}, environ));
    printf("%d\n", run(make_file("not-exec", "#!/bin/sh\n", 0644), (char *[]){"x", NULL}, environ));
    printf("%d\n",
           run(make_file("short-elf", "\177ELF\2\1\1", 0755), (char *[]){"x", NULL}, environ));
    printf("%d\n", run(dir, (char *[]){"x", NULL}, environ));
    printf("%d\n", run("/nonexistent/program", (char *[]){"x", NULL}, environ));
    printf("%d\n", run("/etc/passwd/program", (char *[]){"x", NULL}, environ));
    printf("%d\n", run("", (char *[]){"x", NULL}, environ));
    // The shell runs a file without #! itself, after ENOEXEC.
    snprintf(text, sizeof(text), "%s", make_file("plain", "echo plain text\n", 0755));
    fflush(stdout);
    CHECK(system(text) == 0);
}

static void test_fexecve(void)
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open(self, O_RDONLY | O_CLOEXEC);
        fexecve(fd, (char *[]){"by descriptor", "--child", NULL}, environ);
        _exit(111);
    }
    waitpid(pid, &status, 0);
    printf("fexecve: %d\n", WEXITSTATUS(status));
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        int fd = open(dir, O_RDONLY | O_DIRECTORY);
        syscall(SYS_execveat, fd, "-strace", (char *[]){"execveat", "--child", NULL}, environ, 0);
        _exit(111);
    }
    waitpid(pid, &status, 0);
    printf("execveat: %d\n", WEXITSTATUS(status));
    // A program that has no name in any directory.
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        int from = open(self, O_RDONLY), to = memfd_create("program", 0);
        char buf[65536];
        ssize_t n;
        while ((n = read(from, buf, sizeof(buf))) > 0) {
            CHECK(write(to, buf, (size_t)n) == n);
        }
        close(from);
        fexecve(to, (char *[]){"in memory", "--exit", NULL}, environ);
        _exit(111);
    }
    waitpid(pid, &status, 0);
    printf("memfd: %d\n", WEXITSTATUS(status));
}

// The first thread has ended; the process still has its program.
static void *exec_alone(void *opaque)
{
    char name[64], state[512];
    snprintf(name, sizeof(name), "/proc/self/task/%d/stat", getpid());
    for (int i = 0; i < 1000; i++) {
        int fd = open(name, O_RDONLY);
        ssize_t n = read(fd, state, sizeof(state) - 1);
        state[n < 0 ? 0 : n] = 0;
        close(fd);
        if (strstr(state, ") Z ")) {
            break;
        }
        usleep(1000);
    }
    execve(self, (char *[]){"second thread", "--exit", NULL}, environ);
    printf("%s\n", strerrorname_np(errno));
    _exit(111);
    return opaque;
}

static void test_without_first_thread(void)
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t t;
        pthread_create(&t, NULL, exec_alone, NULL);
        pthread_exit(NULL);
    }
    waitpid(pid, &status, 0);
    printf("without its first thread: %d\n", WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--exit") == 0) {
        return 33;
    }
    if (argc > 1 && strncmp(argv[1], "--child", 7) == 0) {
        show_self(argc, argv);
        return 12;
    }
    setenv("X", "env", 1);
    unsetenv("LD_LIBRARY_PATH");
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    CHECK(n > 0);
    CHECK(mkdtemp(dir) != NULL);
    test_self();
    test_scripts();
    test_fexecve();
    test_without_first_thread();
    SHOW(execve(self, (char **)8, environ));
    SHOW(execve((char *)8, argv, environ));
    char command[64];
    snprintf(command, sizeof(command), "rm -r %s", dir);
    CHECK(system(command) == 0);
    return finish();
}
