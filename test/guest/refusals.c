// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What Linux refuses and with which error, where the emulator makes the call in another way than it is asked: clone3's
// structure, openat2's flags, membarrier's registrations, calls about memory, waits, rights, programs that are no files.  And a thread that shares
// neither files nor directory with its process.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "guest-test.h"

static void show(const char *name, long result)
{
    printf("%s: %s\n", name, result < 0 ? strerrorname_np(errno) : "done");
}

// --- clone3 ---
typedef struct LongArgs {
    struct clone_args args;
    uint64_t more[2];
} LongArgs;

static void do_clone3(const char *name, LongArgs args, size_t size)
{
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, size);
    if (pid == 0) {
        _exit(0);
    }
    show(name, pid);
    if (pid > 0) {
        CHECK(waitpid(pid, NULL, __WALL) == pid);
    }
}

static void clones(void)
{
    const size_t size = sizeof(struct clone_args);
    const pid_t ids[] = {1, 1};
#define ARGS(...) ((LongArgs){.args = {.exit_signal = SIGCHLD, __VA_ARGS__}})
#define SIGNAL(number) ((LongArgs){.args = {.exit_signal = (number)}})
    do_clone3("all zero", (LongArgs){0}, size);
    do_clone3("first version", SIGNAL(SIGCHLD), CLONE_ARGS_SIZE_VER0);
    do_clone3("too short", SIGNAL(SIGCHLD), CLONE_ARGS_SIZE_VER0 - 8);
    do_clone3("longer, zero", SIGNAL(SIGCHLD), sizeof(LongArgs));
    do_clone3("longer, not zero", (LongArgs){.more = {0, 1}}, sizeof(LongArgs));
    do_clone3("two pages", SIGNAL(SIGCHLD), 8192);
    do_clone3("large exit signal", SIGNAL(0xbadc0ded00000000), size);
    do_clone3("negative exit signal", SIGNAL(0x80000000), size);
    do_clone3("exit signal 0x100", SIGNAL(0x100), size);
    do_clone3("exit signal 0xf0", SIGNAL(0xf0), size);
    do_clone3("exit signal 64", SIGNAL(64), size);
    do_clone3("unknown flag", ARGS(.flags = UINT64_C(1) << 40), size);
    do_clone3("detached", ARGS(.flags = CLONE_DETACHED), size);
    do_clone3("stack without size", ARGS(.stack = (uintptr_t)&size), size);
    do_clone3("size without stack", ARGS(.stack_size = 4096), size);
    do_clone3("ids without number", ARGS(.set_tid = (uintptr_t)ids), size);
    do_clone3("number without ids", ARGS(.set_tid_size = 1), size);
    do_clone3("33 ids", ARGS(.set_tid = (uintptr_t)ids, .set_tid_size = 33), size);
    do_clone3("id 1", ARGS(.set_tid = (uintptr_t)ids, .set_tid_size = 1), size);
    do_clone3("bad ids", ARGS(.set_tid = 8, .set_tid_size = 1), size);
    do_clone3("no cgroup", ARGS(.flags = CLONE_INTO_CGROUP, .cgroup = 12345), size);
    do_clone3("handlers without memory", ARGS(.flags = CLONE_SIGHAND), size);
    do_clone3("thread without handlers", ARGS(.flags = CLONE_THREAD | CLONE_VM), size);
    do_clone3("directory and mounts", ARGS(.flags = CLONE_FS | CLONE_NEWNS), size);
    show("clone without memory", syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0));
}

// --- openat2 ---
static void open_as(const char *name, struct open_how how, size_t size)
{
    struct {
        struct open_how how;
        uint64_t more;
    } args = {.how = how, .more = size > sizeof(args)};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, "/", &args,
                          size < sizeof(args) ? size : sizeof(args));
    show(name, fd);
    if (fd >= 0) {
        close(fd);
    }
}

static void opens(void)
{
    const size_t size = sizeof(struct open_how);
#define HOW(...) ((struct open_how){.flags = __VA_ARGS__})
    open_as("plain", HOW(O_RDONLY | O_CLOEXEC), size);
    open_as("path", HOW(O_PATH | O_DIRECTORY), size);
    open_as("path, writing", HOW(O_PATH | O_RDWR), size);
    open_as("path, direct", HOW(O_PATH | O_DIRECT), size);
    open_as("path, temporary", HOW(O_PATH | O_TMPFILE), size);
    open_as("mode without creation", HOW(O_RDONLY, .mode = 0600), size);
    open_as("unknown flag", HOW(1 << 30), size);
    open_as("short", HOW(O_RDONLY), size - 8);
    open_as("longer, zero", HOW(O_RDONLY), size + 8);
    open_as("longer, not zero", HOW(O_RDONLY), size + 9);
    open_as("beneath", HOW(O_RDONLY, .resolve = RESOLVE_BENEATH), size);
    open_as("unknown restriction", HOW(O_RDONLY, .resolve = 1 << 30), size);
}

// --- membarrier ---
static void barriers(void)
{
    static const struct {
        const char *name;
        int command;
    } steps[] = {
        {"private", MEMBARRIER_CMD_PRIVATE_EXPEDITED},
        {"core", MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE},
        {"register private", MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED},
        {"private, registered", MEMBARRIER_CMD_PRIVATE_EXPEDITED},
        {"core, private registered", MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE},
        {"register core", MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE},
        {"core, registered", MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE},
        {"two commands", MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_PRIVATE_EXPEDITED},
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        show(steps[i].name, syscall(SYS_membarrier, steps[i].command, 0, 0));
    }
    show("with a flag", syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 2, 0));
}

// --- memory ---
static void memory(void)
{
    const size_t P = 4096;
    char *two = mmap(NULL, 2 * P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *gone = two + P;
    munmap(gone, P);
    SHOW(mprotect(two, P, 0x10));
    SHOW(mprotect(two, P, PROT_READ | PROT_WRITE | 8)); // PROT_SEM
    SHOW(mprotect(gone, P, 0x100));
    SHOW(mprotect(gone, P, PROT_READ));
    SHOW(mprotect(two, 0, PROT_GROWSDOWN | PROT_GROWSUP));
    SHOW(mprotect(two, P, PROT_READ | PROT_GROWSDOWN)); // no stack
    SHOW(mprotect(two, P, PROT_READ | PROT_GROWSUP));
    SHOW(syscall(SYS_mremap, two, P, P, 8, 0));
    SHOW(syscall(SYS_mremap, two, P, P, 1L << 32, 0));
    SHOW(syscall(SYS_mremap, two, P, P, MREMAP_DONTUNMAP, 0));
    SHOW(syscall(SYS_mremap, gone, P, P, MREMAP_MAYMOVE, 0));
    SHOW(syscall(SYS_mremap, 1L << 62, P, P, MREMAP_MAYMOVE, 0));
    SHOW(msync(gone, P, 0x40));
    SHOW(msync(two, P, MS_SYNC | MS_ASYNC));
    SHOW(msync(gone, P, MS_SYNC));
    SHOW(msync(two, -P, MS_SYNC));
    SHOW(madvise(gone, P, 1000));
    SHOW(madvise(gone, P, MADV_NORMAL));
    SHOW(madvise((void *)(1L << 62), P, MADV_NORMAL));
    SHOW(mlockall(0));
    SHOW(mlockall(8));
    SHOW(mlockall(MCL_ONFAULT));
    // A stack becomes executable as a whole, from the page that is named down.
    char *page = (char *)((uintptr_t)&two & -P);
    SHOW(mprotect(page, P, PROT_READ | PROT_WRITE | PROT_GROWSDOWN));
    munmap(two, P);
}

static void populations(void)
{
    const size_t P = 4096;
    char *two = mmap(NULL, 2 * P, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static const int rights[] = {PROT_WRITE, PROT_READ, PROT_EXEC, PROT_READ | PROT_EXEC, 0};
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        mprotect(two, P, rights[i]);
        printf("rights %d\n", rights[i]);
        SHOW(madvise(two, 2 * P, MADV_POPULATE_READ));
        SHOW(madvise(two, 2 * P, MADV_POPULATE_WRITE));
    }
    mprotect(two, P, PROT_READ | PROT_WRITE);
    munmap(two + P, P);
    SHOW(madvise(two, 2 * P, MADV_POPULATE_READ));
    SHOW(madvise(two + P, P, MADV_POPULATE_WRITE));
    mprotect(two, P, PROT_WRITE);
    SHOW(madvise(two, 2 * P, MADV_POPULATE_READ)); // of two errors the first page's
    munmap(two, P);
    // Of a page with code that has run.
    char *code = mmap(NULL, P, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                      0);
#if defined(__x86_64__)
    memcpy(code, "\xb8\x07\0\0\0\xc3", 6);
#elif defined(__aarch64__)
    memcpy(code, "\xe0\x00\x80\x52\xc0\x03\x5f\xd6", 8);
#endif
    __builtin___clear_cache(code, code + 8);
    SHOW(((int (*)(void))(void *)code)());
    SHOW(madvise(code, P, MADV_POPULATE_WRITE));
    SHOW(((int (*)(void))(void *)code)());
    munmap(code, P);
}

// --- signal stacks, waits with a mask ---
static void *look_at_stack(void *opaque)
{
    (void)opaque;
    stack_t none = {0};
    SHOW(sigaltstack(&none, NULL));
    return NULL;
}

static void stacks(void)
{
    stack_t none = {0}, old, off = {.ss_flags = SS_DISABLE};
    pthread_t thread;
    // What it is already, it may be set to, too small or not.
    SHOW(sigaltstack(&none, &old));
    SHOW(old.ss_flags);
    none.ss_flags = SS_ONSTACK;
    SHOW(sigaltstack(&none, NULL));
    CHECK(pthread_create(&thread, NULL, look_at_stack, NULL) == 0 &&
          pthread_join(thread, NULL) == 0);
    SHOW(sigaltstack(&off, NULL));
    none.ss_flags = 0;
    SHOW(sigaltstack(&none, NULL));
}

static void waits(void)
{
    sigset_t set;
    struct timespec zero = {0, 0}, bad = {0, -1}, *wild = (struct timespec *)8;
    struct {
        void *set;
        size_t size;
    } small = {&set, 4}, nowhere = {wild, 8}, none = {NULL, 4};
    char events[64];
    sigemptyset(&set);
    SHOW(syscall(SYS_ppoll, 0, 0, wild, &set, 4));
    SHOW(syscall(SYS_ppoll, 0, 0, &bad, wild, 8));
    SHOW(syscall(SYS_ppoll, 0, 0, &zero, wild, 8));
    SHOW(syscall(SYS_ppoll, 0, 0, &zero, 0, 4));
    SHOW(syscall(SYS_epoll_pwait2, -1, events, 1, wild, &set, 4));
    SHOW(syscall(SYS_epoll_pwait2, -1, events, 1, &bad, wild, 8));
    SHOW(syscall(SYS_epoll_pwait2, -1, events, 0, &zero, wild, 8));
    SHOW(syscall(SYS_pselect6, 0, 0, 0, 0, wild, &small));
    SHOW(syscall(SYS_pselect6, 0, 0, 0, 0, wild, wild));
    SHOW(syscall(SYS_pselect6, 0, 0, 0, 0, &bad, &nowhere));
    SHOW(syscall(SYS_pselect6, 0, 0, 0, 0, &zero, &nowhere));
    SHOW(syscall(SYS_pselect6, 0, 0, 0, 0, &bad, &none));
    SHOW(syscall(SYS_pselect6, 0, 0, 0, 0, &zero, &none));
}

// The line of the own status about locked memory: is there some?
static int is_locked(void)
{
    char line[256];
    long locked = -1;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof(line), f)) {
        sscanf(line, "VmLck: %ld", &locked);
    }
    if (f) {
        fclose(f);
    }
    return locked > 0;
}

static void locks(void)
{
    if (geteuid() != 0) {
        return; // RLIMIT_MEMLOCK decides
    }
    SHOW(mlockall(MCL_CURRENT));
    SHOW(is_locked());
    SHOW(munlockall());
    SHOW(is_locked());
    SHOW(mlockall(MCL_FUTURE));
    SHOW(is_locked());
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SHOW(is_locked());
    SHOW(munlockall());
    SHOW(is_locked());
    munmap(page, 4096);
}

// Root without one right: it is the right that counts, not the user's number.
static void drop(unsigned capability)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2];
    CHECK(syscall(SYS_capget, &header, sets) == 0);
    sets[0].effective &= ~(1u << capability);
    CHECK(syscall(SYS_capset, &header, sets) == 0);
}

static void rights(void)
{
    if (geteuid() != 0) {
        return;
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit limit = {8192, 8192}, space = {1L << 40, 1L << 40};
        SHOW(setrlimit(RLIMIT_MEMLOCK, &limit));
        drop(CAP_IPC_LOCK);
        SHOW(mlockall(MCL_CURRENT));
        SHOW(mlockall(MCL_FUTURE));
        SHOW(munlockall());
        limit.rlim_cur = 0;
        SHOW(setrlimit(RLIMIT_MEMLOCK, &limit));
        SHOW(mlockall(MCL_FUTURE));
        SHOW(setrlimit(RLIMIT_AS, &space));
        drop(CAP_SYS_RESOURCE);
        space.rlim_max = 1L << 41;
        SHOW(setrlimit(RLIMIT_AS, &space));
        fflush(stdout);
        _exit(failures);
    }
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

// --- programs ---
static void execute_with(const char *what, const char *name, char *const *argv)
{
    execve(name, argv, NULL);
    show(what, -1);
}

static void execute(const char *what, const char *name)
{
    execl(name, name, (char *)NULL);
    show(what, -1);
}

static void programs(void)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = "socket"};
    // Several of this program may run at once, one under each engine.
    char dir[] = "/tmp/guest-refusals-XXXXXX", before[4096];
    CHECK(getcwd(before, sizeof(before)) && mkdtemp(dir) && chdir(dir) == 0);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
    CHECK(mkfifo("fifo", 0777) == 0 && mkdir("dir", 0777) == 0);
    execute("execute a FIFO", "./fifo");
    execute("execute a socket", "./socket");
    execute("execute a directory", "./dir");
    execute("execute a device", "/dev/null");
    // Of two errors the file's comes first.
    execute_with("execute a FIFO with bad arguments", "./fifo", (char *const *)8);
    execute_with("execute nothing with bad arguments", "./nothing", (char *const *)8);
    execute_with("execute a program with bad arguments", "/bin/true", (char *const *)8);
    close(fd);
    unlink("fifo");
    unlink("socket");
    rmdir("dir");
    CHECK(chdir(before) == 0 && rmdir(dir) == 0);
}

// --- a thread with files of its own ---
static volatile int left;

static int close_and_leave(void *opaque)
{
    close(*(int *)opaque);
    left = chdir("/") == 0;
    syscall(SYS_exit, 0);
    return 0;
}

static void run_thread(const char *name, int flags)
{
    char *stack = mmap(NULL, 1 << 18, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char before[4096], after[4096];
    int fd = dup(0);
    volatile pid_t running = 1;
    left = 0;
    CHECK(fd >= 0 && stack != MAP_FAILED && getcwd(before, sizeof(before)));
    // On a stack of its own and without thread-local state: it makes system calls alone.
    int tid = clone(close_and_leave, stack + (1 << 18),
                    flags | CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_CHILD_CLEARTID, &fd,
                    NULL, NULL, &running);
    show(name, tid);
    while (tid > 0 && running) {
        usleep(100);
    }
    int still_open = fcntl(fd, F_GETFD) >= 0;
    CHECK(getcwd(after, sizeof(after)));
    printf("  left %d, file open %d, directory kept %d\n", left, still_open,
           strcmp(before, after) == 0);
    if (still_open) {
        close(fd);
    }
    CHECK(chdir(before) == 0);
    munmap(stack, 1 << 18);
}

int main(void)
{
    signal(64, SIG_IGN);
    clones();
    opens();
    barriers();
    stacks();
    waits();
    memory();
    populations();
    locks();
    rights();
    programs();
    run_thread("thread that shares all", CLONE_FS | CLONE_FILES);
    run_thread("thread with files of its own", CLONE_FS);
    run_thread("thread with a directory of its own", CLONE_FILES);
    run_thread("thread with both of its own", 0);
    return finish();
}
