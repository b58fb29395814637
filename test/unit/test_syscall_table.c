// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_linux
//
// The system-call table: against the kernel's headers, and against itself.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <asm/unistd_64.h>

#include "runtime/linux/strace-flags.h"
#include "runtime/linux/syscall.h"

// The kernel's own numbers for x86-64, as its headers on this machine have them.
static const struct {
    const char *name;
    int number;
} kernel_names[] = {
#define K(name) {#name, __NR_##name}
    K(read),
    K(write),
    K(open),
    K(mmap),
    K(rt_sigaction),
    K(clone),
    K(execve),
    K(exit_group),
    K(arch_prctl),
    K(gettid),
    K(futex),
    K(openat),
    K(epoll_pwait),
    K(preadv2),
    K(statx),
    K(rseq),
    K(pidfd_open),
    K(clone3),
    K(close_range),
    K(openat2),
    K(faccessat2),
    K(io_uring_setup),
    K(landlock_restrict_self),
    K(futex_waitv),
    K(timerfd_create),
    K(prlimit64),
    K(getrandom),
    K(newfstatat),
    K(pselect6),
#undef K
};

static void names_have_the_kernels_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(kernel_names) / sizeof(kernel_names[0]); i++) {
        const SyscallRow *row = syscall_find_name(kernel_names[i].name);
        if (!row || row->number[SYSCALL_ABI_X86_64] != kernel_names[i].number) {
            fail_msg("%s: the table says %d, the kernel %d", kernel_names[i].name,
                     row ? row->number[SYSCALL_ABI_X86_64] : -1, kernel_names[i].number);
        }
    }
}

static void no_number_is_twice(void **state)
{
    (void)state;
    for (int abi = 0; abi < SYSCALL_ABI_COUNT; abi++) {
        const SyscallRow *seen[SYSCALL_MAX_NUMBER] = {NULL};
        for (size_t i = 0; i < syscall_rows_count; i++) {
            const SyscallRow *row = &syscall_rows[i];
            int n = row->number[abi];
            if (n < 0) {
                continue;
            }
            assert_in_range(n, 0, SYSCALL_MAX_NUMBER - 1);
            if (seen[n]) {
                fail_msg("ABI %d: %s and %s both have the number %d", abi, seen[n]->name, row->name,
                         n);
            }
            seen[n] = row;
            assert_ptr_equal(syscall_find((SyscallABI)abi, (uint64_t)n), row);
        }
    }
}

static void no_name_is_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < syscall_rows_count; i++) {
        if (syscall_find_name(syscall_rows[i].name) != &syscall_rows[i]) {
            fail_msg("%s stands twice in the table", syscall_rows[i].name);
        }
    }
}

static void every_number_of_linux_6_1_is_there(void **state)
{
    (void)state;
    for (uint64_t n = 0; n <= 450; n++) {
        if (n == 335) {
            n = 424; // x86-64's table has a gap here, so that the numbers after it are every ABI's
        }
        if (!syscall_find(SYSCALL_ABI_X86_64, n)) {
            fail_msg("there is no row for x86-64's system call %u", (unsigned)n);
        }
        // From 424 on the ABIs agree, but for calls that some of them have not.
        for (int abi = SYSCALL_ABI_I386; n >= 424 && abi < SYSCALL_ABI_COUNT; abi++) {
            const SyscallRow *row = syscall_find((SyscallABI)abi, n);
            if (row) {
                assert_ptr_equal(row, syscall_find(SYSCALL_ABI_X86_64, n));
            }
        }
    }
    assert_null(syscall_find(SYSCALL_ABI_X86_64, 335));
    assert_null(syscall_find(SYSCALL_ABI_X86_64, 451));
    assert_null(syscall_find(SYSCALL_ABI_X86_64, UINT64_MAX));
}

static void rows_are_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < syscall_rows_count; i++) {
        const SyscallRow *row = &syscall_rows[i];
        unsigned n = syscall_nb_args(row);
        switch (row->action) {
        case SYSCALL_DO: assert_non_null(row->fn); break;
        case SYSCALL_FAIL:
            assert_in_range(row->error, 1, 133);
            assert_true(row->reason && strlen(row->reason) > 8);
            break;
        default:
            if (row->host_number == 0 && row->number[SYSCALL_ABI_X86_64] < 0) {
                fail_msg("%s is passed on, but the host has no number for it", row->name);
            }
        }
        for (unsigned a = 0; a < n; a++) {
            const SyscallArg *arg = &row->args[a];
            if (arg->count > n || arg->count == a + 1) {
                fail_msg("%s: argument %u takes its length from argument %d", row->name, a,
                         arg->count - 1);
            }
            if (arg->kind == ARG_FLAGS || arg->kind == ARG_ENUM) {
                assert_non_null(arg->set);
                assert_true(arg->set->count > 0);
            }
        }
    }
}

static void flags_are_printed(void **state)
{
    (void)state;
    static const struct {
        const FlagSet *set;
        uint64_t value;
        const char *text;
    } rows[] = {
        {&flag_set_open, 02 | 0100 | 02000000, "O_RDWR|O_CREAT|O_CLOEXEC"},
        {&flag_set_open, 0, "O_RDONLY"},
        {&flag_set_open, 04010000, "O_RDONLY|O_SYNC"},
        {&flag_set_open, 0x80000000, "O_RDONLY|0x80000000"},
        {&flag_set_prot, 0, "PROT_NONE"},
        {&flag_set_prot, 5, "PROT_READ|PROT_EXEC"},
        {&flag_set_mmap, 0x22, "MAP_PRIVATE|MAP_ANONYMOUS"},
        {&flag_set_clone, 0x4111, "CLONE_VM|CLONE_VFORK|SIGCHLD"},
        {&flag_set_msync, 0, "0"},
        {&flag_set_sock, 0x80001, "SOCK_STREAM|SOCK_CLOEXEC"},
    };
    char buf[256];
    // O_SYNC is 04010000 in octal on x86.
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(flag_set_print(rows[i].set, rows[i].value, buf, sizeof(buf)),
                            rows[i].text);
    }
    assert_string_equal(flag_enum_print(&flag_set_lseek, 2, buf, sizeof(buf)), "SEEK_END");
    assert_string_equal(flag_enum_print(&flag_set_lseek, 99, buf, sizeof(buf)), "99");
    assert_string_equal(flag_enum_print(&flag_set_af, 0xffffffff00000001, buf, sizeof(buf)),
                        "AF_UNIX");
    assert_string_equal(strace_signal_name(11, buf, sizeof(buf)), "SIGSEGV");
    assert_string_equal(strace_signal_name(34, buf, sizeof(buf)), "SIGRT_2");
    assert_string_equal(strace_errno_name(2), "ENOENT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_the_kernels_numbers),
        cmocka_unit_test(no_number_is_twice),
        cmocka_unit_test(no_name_is_twice),
        cmocka_unit_test(every_number_of_linux_6_1_is_there),
        cmocka_unit_test(rows_are_complete),
        cmocka_unit_test(flags_are_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
