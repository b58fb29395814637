// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_linux
//
// -strace's text: values of guest memory, and whole lines through the log.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/guest-memory.h"
#include "runtime/linux/strace-print.h"
#include "runtime/log.h"
#include "runtime/process.h"

static uint64_t mem; // a page of guest memory

static uint64_t put(const void *data, size_t len)
{
    assert_true(guest_write(mem, data, len));
    return mem;
}

static void expect(GString *got, const char *text)
{
    assert_string_equal(got->str, text);
    g_string_truncate(got, 0);
}

static void strings(void **state)
{
    (void)state;
    g_autoptr(GString) s = g_string_new(NULL);
    print_string(s, put("plain", 6), -1);
    expect(s, "\"plain\"");
    print_string(s,
                 put("a\n\t\"\\\x01"
                     "2\x7f\xff",
                     9),
                 9);
    expect(s, "\"a\\n\\t\\\"\\\\\\0012\\177\\377\"");
    print_string(s, put("0123456789012345678901234567890123456789", 41), 40);
    expect(s, "\"01234567890123456789012345678901\"...");
    print_string(s, 0, -1);
    expect(s, "NULL");
    print_string(s, 0x10, -1);
    expect(s, "0x10");
    print_string(s, put("", 1), 0);
    expect(s, "\"\"");
}

static void structures(void **state)
{
    (void)state;
    g_autoptr(GString) s = g_string_new(NULL);
    print_struct(s, STRUCT_TIMESPEC, put((uint64_t[]){5, 250}, 16), -1);
    expect(s, "{tv_sec=5, tv_nsec=250}");
    print_struct(s, STRUCT_ITIMERVAL, put((uint64_t[]){0, 1, 2, 3}, 32), -1);
    expect(s, "{it_interval={tv_sec=0, tv_usec=1}, it_value={tv_sec=2, tv_usec=3}}");
    print_struct(s, STRUCT_RLIMIT, put((uint64_t[]){1024, UINT64_MAX}, 16), -1);
    expect(s, "{rlim_cur=1024, rlim_max=RLIM64_INFINITY}");
    print_struct(s, STRUCT_SIGSET, put((uint64_t[]){1u << 1 | 1u << 16}, 8), -1);
    expect(s, "[INT CHLD]");
    print_struct(s, STRUCT_SIGSET, put((uint64_t[]){~(UINT64_C(1) << 10)}, 8), -1);
    expect(s, "~[SEGV]");
    print_struct(s, STRUCT_SIGACTION, put((uint64_t[]){0x401000, 0x14000004, 0x402000, 0}, 32), -1);
    expect(s, "{sa_handler=0x401000, sa_mask=[], sa_flags=SA_SIGINFO|SA_RESTORER|SA_RESTART}");
    print_struct(s, STRUCT_WSTATUS, put((int[]){3 << 8}, 4), -1);
    expect(s, "[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]");
    print_struct(s, STRUCT_WSTATUS, put((int[]){9}, 4), -1);
    expect(s, "[{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}]");
    siginfo_t info = {.si_signo = SIGSEGV, .si_code = 1};
    info.si_addr = (void *)0x1000;
    print_struct(s, STRUCT_SIGINFO, put(&info, sizeof(info)), -1);
    expect(s, "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x1000}");
    info = (siginfo_t){.si_signo = SIGCHLD, .si_code = 1};
    info.si_pid = 5;
    info.si_status = 3;
    print_struct(s, STRUCT_SIGINFO, put(&info, sizeof(info)), -1);
    expect(s, "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=5, si_uid=0, si_status=3}");
    info = (siginfo_t){.si_signo = SIGTERM, .si_code = 0};
    info.si_pid = 6;
    print_struct(s, STRUCT_SIGINFO, put(&info, sizeof(info)), -1);
    expect(s, "{si_signo=SIGTERM, si_code=SI_USER, si_pid=6, si_uid=0}");
    print_struct(s, STRUCT_FDPAIR, put((int[]){3, 4}, 8), -1);
    expect(s, "[3, 4]");
    struct pollfd fds[2] = {{.fd = 3, .events = POLLIN},
                            {.fd = 4, .events = POLLOUT, .revents = POLLERR}};
    print_struct(s, STRUCT_POLLFD, put(fds, sizeof(fds)), 2);
    expect(s, "[{fd=3, events=POLLIN}, {fd=4, events=POLLOUT, revents=POLLERR}]");
    print_struct(s, STRUCT_POLLFD, mem, 0);
    expect(s, "[]");
    print_struct(s, STRUCT_TIMESPEC, 0, -1);
    expect(s, "NULL");
    print_struct(s, STRUCT_TIMESPEC, 0x18, -1);
    expect(s, "0x18");
}

static void addresses(void **state)
{
    (void)state;
    g_autoptr(GString) s = g_string_new(NULL);
    struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(0x7f000001)};
    print_sockaddr(s, put(&in, sizeof(in)), sizeof(in));
    expect(s, "{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}");
    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/run/x"};
    print_sockaddr(s, put(&un, sizeof(un)), sizeof(un));
    expect(s, "{sa_family=AF_UNIX, sun_path=\"/run/x\"}");
    un.sun_path[0] = '\0';
    print_sockaddr(s, put(&un, sizeof(un)), 2 + 6);
    expect(s, "{sa_family=AF_UNIX, sun_path=@\"run/x\"}");
    print_sockaddr(s, mem, 1);
    g_string_truncate(s, 0);
    uint64_t text = put("abcdef", 6);
    struct iovec iov[2] = {{(void *)(uintptr_t)text, 2}, {(void *)(uintptr_t)(text + 2), 4}};
    assert_true(guest_write(mem + 64, iov, sizeof(iov)));
    print_iovec(s, mem + 64, 2, -1);
    expect(s, "[{iov_base=\"ab\", iov_len=2}, {iov_base=\"cdef\", iov_len=4}]");
    print_iovec(s, mem + 64, 2, 3);
    expect(s, "[{iov_base=\"ab\", iov_len=2}, {iov_base=\"c\", iov_len=4}]");
}

// --- whole lines ----------------------------------------------------------------------------------
static char log_name[] = "/tmp/myna-strace-XXXXXX";
static long log_read;

// What has been logged since the last call.
static char *logged(void)
{
    g_autofree char *all = NULL;
    assert_true(g_file_get_contents(log_name, &all, NULL, NULL));
    char *text = g_strdup(all + log_read);
    log_read = (long)strlen(all);
    return text;
}

typedef struct LineRow {
    const char *call;
    uint64_t args[6];
    int64_t result;
    const char *line;
} LineRow;

static void lines(void **state)
{
    (void)state;
    GuestProcess process = {.abi = &guest_abi_x86_64};
    GuestTask task = {.tid = 7, .process = &process};
    put("/etc/passwd", 12);
    const LineRow rows[] = {
        {"openat",
         {(uint32_t)AT_FDCWD, mem, 02000000},
         3,
         "7 openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3\n"},
        {"open",
         {mem, 0101, 0644},
         -EACCES,
         "7 open(\"/etc/passwd\", O_WRONLY|O_CREAT, 0644) = -1 EACCES (Permission denied)\n"},
        {"read", {3, mem, 100}, 4, "7 read(3, \"/etc\", 100) = 4\n"},
        {"read",
         {3, 0x1234, 100},
         -EBADF,
         "7 read(3, 0x1234, 100) = -1 EBADF (Bad file descriptor)\n"},
        {"getpid", {0}, 99, "7 getpid() = 99\n"},
        {"brk", {0}, 0x5000, "7 brk(NULL) = 0x5000\n"},
        {"umask", {022}, 077, "7 umask(022) = 077\n"},
        {"mmap",
         {0, 4096, 3, 0x22, (uint64_t)-1, 0},
         0x7000,
         "7 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7000\n"},
        {"kill", {12, 15}, 0, "7 kill(12, SIGTERM) = 0\n"},
        {"fcntl", {3, 1}, 1, "7 fcntl(3, F_GETFD) = 1\n"},
        {"fcntl", {3, 2, 1}, 0, "7 fcntl(3, F_SETFD, FD_CLOEXEC) = 0\n"},
        {"pause", {0}, -ERESTARTSYS, "7 pause() = ? ERESTARTSYS (to be restarted)\n"},
        {"rt_sigreturn", {0}, -ESIGRETURN, "7 rt_sigreturn() = ?\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const SyscallRow *row = syscall_find_name(rows[i].call);
        assert_non_null(row);
        strace_begin(&task, row, 0, rows[i].args);
        strace_end(&task, row, 0, rows[i].args, rows[i].result);
        g_autofree char *text = logged();
        assert_string_equal(text, rows[i].line);
    }
    strace_begin(&task, NULL, 999, (uint64_t[6]){1, 2});
    strace_end(&task, NULL, 999, (uint64_t[6]){1, 2}, -ENOSYS);
    g_autofree char *text = logged();
    assert_string_equal(
        text, "7 syscall_999(0x1, 0x2, 0, 0, 0, 0) = -1 ENOSYS (Function not implemented)\n");
}

static void lines_of_two_threads(void **state)
{
    (void)state;
    GuestProcess process = {.abi = &guest_abi_x86_64};
    GuestTask a = {.tid = 7, .process = &process}, b = {.tid = 8, .process = &process};
    const SyscallRow *pause_row = syscall_find_name("pause"),
                     *getpid_row = syscall_find_name("getpid");
    uint64_t none[6] = {0};
    strace_begin(&a, pause_row, 0, none);
    strace_begin(&b, getpid_row, 0, none);
    strace_end(&b, getpid_row, 0, none, 5);
    strace_end(&a, pause_row, 0, none, -EINTR);
    g_autofree char *text = logged();
    assert_string_equal(text, "7 pause( <unfinished ...>\n8 getpid() = 5\n"
                              "7 <... pause resumed>) = -1 EINTR (Interrupted system call)\n");
}

static int set_up(void **state)
{
    (void)state;
    static MynaOptions options;
    GError *error = NULL;
    myna_options = &options;
    close(mkstemp(log_name));
    if (!log_setup("strace", log_name, NULL, &error)) {
        return -1;
    }
    guest_memory_init(0x10000, UINT64_C(0x7ffffffff000));
    int64_t at = guest_mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mem = (uint64_t)at;
    return at < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(log_name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings),
        cmocka_unit_test(structures),
        cmocka_unit_test(addresses),
        cmocka_unit_test(lines),
        cmocka_unit_test(lines_of_two_threads),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
