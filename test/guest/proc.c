// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What /proc/self and calls about the process show: the guest, not the emulator.
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "guest-test.h"

static size_t read_file(const char *name, char *buf, size_t size)
{
    int fd = open(name, O_RDONLY);
    size_t len = 0;
    ssize_t n;
    if (fd < 0) {
        printf("%s: %s\n", name, strerrorname_np(errno));
        return 0;
    }
    while (len < size && (n = read(fd, buf + len, size - len)) > 0) {
        len += (size_t)n;
    }
    close(fd);
    return len;
}

static void test_exe(const char *argv0)
{
    char link[PATH_MAX] = "", real[PATH_MAX] = "", by_pid[64];
    struct stat a, b;
    SHOW(readlink("/proc/self/exe", link, sizeof(link)) > 0);
    CHECK(realpath(argv0, real) != NULL);
    printf("exe is the program: %d\n", strcmp(link, real) == 0);
    memset(link, 0, sizeof(link));
    snprintf(by_pid, sizeof(by_pid), "/proc/%d/exe", (int)getpid());
    CHECK(readlinkat(AT_FDCWD, by_pid, link, sizeof(link)) > 0);
    printf("by number as well: %d\n", strcmp(link, real) == 0);
    printf("cut: %zd\n", readlink("/proc/self/exe", link, 1));
    CHECK(stat("/proc/self/exe", &a) == 0 && stat(argv0, &b) == 0);
    printf("stat: %d\n", a.st_ino == b.st_ino);
    CHECK(lstat("/proc/self/exe", &a) == 0);
    printf("is a link: %d\n", S_ISLNK(a.st_mode));
    char head[4] = "";
    int fd = open("/proc/thread-self/exe", O_RDONLY);
    CHECK(read(fd, head, 4) == 4);
    printf("opened: %d\n", memcmp(head, ELFMAG, 4) == 0);
    close(fd);
}

static int global_variable;

static void test_maps(void)
{
    static char buf[1 << 20];
    size_t len = read_file("/proc/self/maps", buf, sizeof(buf) - 1);
    buf[len] = '\0';
    int local, code = 0, data = 0, stack = 0, heap = 0, emulator = 0;
    void *block = malloc(16);
    for (char *line = strtok(buf, "\n"); line; line = strtok(NULL, "\n")) {
        unsigned long start, end;
        char perms[5] = "", name[PATH_MAX] = "";
        if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %s", &start, &end, perms, name) < 3) {
            printf("odd line: %s\n", line);
            continue;
        }
#define IN(p) ((unsigned long)(uintptr_t)(p) >= start && (unsigned long)(uintptr_t)(p) < end)
        code |= IN(test_maps) && strcmp(perms, "r-xp") == 0;
        data |= IN(&global_variable) && strcmp(perms, "rw-p") == 0;
        stack |= IN(&local) && strcmp(name, "[stack]") == 0;
        heap |= IN(block) && strcmp(name, "[heap]") == 0;
        emulator |= strstr(name, "myna") != NULL && strstr(name, "LLVM") != NULL;
    }
    printf("maps: code %d data %d stack %d heap %d emulator %d\n", code, data, stack, heap,
           emulator);
    free(block);
}

// Numbers in the directory of threads; the emulator's own are not there.
static int count_tasks(void)
{
    DIR *d = opendir("/proc/self/task");
    int tasks = 0;
    for (struct dirent *e; (e = readdir(d));) {
        tasks += e->d_name[0] != '.';
    }
    closedir(d);
    return tasks;
}

static void test_others(int argc, char **argv)
{
    char buf[65536], name[16];
    size_t len = read_file("/proc/self/cmdline", buf, sizeof(buf)), at = 0;
    int same = 1;
    for (int i = 0; i < argc; i++) {
        same &= at < len && strcmp(buf + at, argv[i]) == 0;
        at += strlen(argv[i]) + 1;
    }
    printf("cmdline: %d\n", same && at == len);
    Elf64_auxv_t *aux = (void *)buf;
    len = read_file("/proc/self/auxv", buf, sizeof(buf));
    int found = 0;
    for (; aux->a_type != AT_NULL && (char *)aux < buf + len; aux++) {
        found += getauxval(aux->a_type) == aux->a_un.a_val;
    }
    printf("auxv: %d\n", found > 10);
    printf("page size %lu, secure %lu, platform %s, no vdso %d\n", getauxval(AT_PAGESZ),
           getauxval(AT_SECURE), (char *)getauxval(AT_PLATFORM), getauxval(AT_RANDOM) != 0);
    len = read_file("/proc/self/comm", buf, sizeof(buf) - 1);
    buf[len] = '\0';
    printf("comm: %s", buf);
    len = read_file("/proc/self/stat", buf, sizeof(buf) - 1);
    buf[len] = '\0';
    printf("stat: %d\n", strtol(buf, NULL, 10) == getpid() && strstr(buf, ") R ") != NULL);
    SHOW(prctl(PR_SET_NAME, "new name"));
    SHOW(prctl(PR_GET_NAME, name));
    printf("%s\n", name);
    len = read_file("/proc/self/environ", buf, sizeof(buf) - 1);
    buf[len] = '\0';
    printf("environ: %d\n", memmem(buf, len, "GUEST_TEST=1", 13) != NULL);
    printf("threads listed: %d\n", count_tasks());
}

// What another process sees of this one's strings, with '|' for NUL.
static void show_to_another(const char *file, size_t most)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        char name[64], buf[65536];
        snprintf(name, sizeof(name), "/proc/%d/%s", (int)getppid(), file);
        size_t len = read_file(name, buf, sizeof(buf));
        for (size_t i = 0; i < len; i++) {
            buf[i] = buf[i] ? buf[i] : '|';
        }
        const char *text = len > most ? buf + len - most : buf;
        printf("%s: %.*s\n", file, (int)(len > most ? most : len), text);
        fflush(stdout);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

// setproctitle writes over the arguments, and on into the environment.
static void test_title(char **argv)
{
    show_to_another("cmdline", 8);
    show_to_another("environ", 4);
    size_t len = strlen(argv[0]);
    memset(argv[0], 'a', len);
    show_to_another("cmdline", 8);
    char buf[65536];
    printf("itself: %d\n", read_file("/proc/self/cmdline", buf, sizeof(buf)) == len + 1 &&
                               memcmp(buf, argv[0], len + 1) == 0);
    strcpy(argv[0] + len, "bcdef");
    show_to_another("cmdline", 8);
}

static void test_system(void)
{
    struct utsname u;
    struct rlimit r;
    SHOW(uname(&u));
    printf("%s %s\n", u.sysname, u.machine);
    SHOW(getrlimit(RLIMIT_STACK, &r));
    r.rlim_cur = r.rlim_max = (rlim_t)1 << 30;
    SHOW(setrlimit(RLIMIT_AS, &r));
    memset(&r, 0, sizeof(r));
    SHOW(getrlimit(RLIMIT_AS, &r));
    printf("kept: %d\n", r.rlim_cur == (rlim_t)1 << 30);
    r.rlim_cur = r.rlim_max = 100;
    SHOW(setrlimit(RLIMIT_NOFILE, &r));
    printf("descriptors: %ld\n", sysconf(_SC_OPEN_MAX));
    SHOW(syscall(SYS_personality, 0xffffffff));
    SHOW(syscall(SYS_gettid) == getpid());
    SHOW(syscall(1000));
    SHOW(syscall(SYS_io_uring_setup, 1, NULL) != 0);
    char buf[8];
    SHOW(syscall(SYS_getrandom, buf, sizeof(buf), 0));
    SHOW(syscall(SYS_read, 0, (void *)8, 0));
    int p[2];
    CHECK(pipe(p) == 0);
    CHECK(write(p[1], "x", 1) == 1);
    SHOW(syscall(SYS_read, p[0], (void *)8, 1));
    SHOW(syscall(SYS_close_range, 500, 40, 0));
    SHOW(syscall(SYS_close_range, 3, ~0u, 0));
    SHOW(write(p[1], "x", 1));
    printf("still here\n");
}

static int thread_pipe[2];
static _Atomic pid_t thread_tid;

static void *named_thread(void *opaque)
{
    char c;
    prctl(PR_SET_NAME, "a guest thread");
    thread_tid = gettid();
    CHECK(read(thread_pipe[0], &c, 1) == 1);
    return opaque;
}

static void show_line(const char *text, const char *key)
{
    const char *line = strstr(text, key);
    printf("%.*s\n", line ? (int)strcspn(line, "\n") : 4, line ? line : "none");
}

static void show_threads(const char *name)
{
    char buf[4096];
    buf[read_file(name, buf, sizeof(buf) - 1)] = 0;
    const char *field = strrchr(buf, ')');
    for (int i = 3; field && i <= 20; i++) {
        field = strchr(field + 1, ' ');
    }
    printf("threads: %d\n", field ? atoi(field) : -1);
}

static void ignore_it(int sig) { (void)sig; }

static void test_threads(void)
{
    char buf[4096], name[64];
    pthread_t t;
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, ignore_it);
    CHECK(pipe(thread_pipe) == 0);
    pthread_create(&t, NULL, named_thread, NULL);
    while (!thread_tid) {
        usleep(1000);
    }
    printf("threads listed: %d\n", count_tasks());
    static const char *const lines[] = {"Name:", "Threads:", "SigIgn:", "SigCgt:"};
    snprintf(name, sizeof(name), "/proc/self/task/%d/status", thread_tid);
    buf[read_file(name, buf, sizeof(buf) - 1)] = 0;
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        show_line(buf, lines[i]);
    }
    show_threads("/proc/self/stat");
    snprintf(name, sizeof(name), "/proc/%d/task/%d/stat", getpid(), thread_tid);
    show_threads(name);
    buf[read_file(name, buf, sizeof(buf) - 1)] = 0;
    printf("the thread's own: %d, %s\n", atoi(buf) == thread_tid,
           strstr(buf, "(a guest thread)") ? "named" : "not named");
    CHECK(write(thread_pipe[1], "x", 1) == 1);
    pthread_join(t, NULL);
    show_threads("/proc/thread-self/stat");
    close(thread_pipe[0]);
    close(thread_pipe[1]);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGUSR2, SIG_DFL);
}

int main(int argc, char **argv)
{
    test_exe(argv[0]);
    test_maps();
    test_others(argc, argv);
    test_threads();
    test_title(argv);
    test_system();
    return finish();
}
