// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_linux
//
// Linux on AArch64: the table's column against the kernel's generic list, and what is converted, against
// the kernel's layouts.
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "runtime/guest-memory.h"
#include "runtime/linux/abi.h"
#include "runtime/linux/strace-flags.h"
#include "runtime/linux/strace-print.h"

#define LIST "/usr/include/asm-generic/unistd.h"
static const GuestABI *const abi = &guest_abi_aarch64;

// The list has two kinds of lines that matter: __NR_name N, and __NR3264_name N with, further down, first
// for 64-bit machines, __NR_other __NR3264_name.
static void the_column_is_the_kernels(void **state)
{
    (void)state;
    FILE *f = fopen(LIST, "r");
    char line[256], name[64], wide[64];
    int wide_numbers[SYSCALL_MAX_NUMBER] = {0}, number, checked = 0;
    char wide_names[SYSCALL_MAX_NUMBER][64] = {""};
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        if (sscanf(line, "#define __NR3264_%63s %d", name, &number) == 2) {
            strcpy(wide_names[number], name);
            continue;
        }
        if (sscanf(line, "#define __NR_%63s __NR3264_%63s", name, wide) == 2) {
            for (number = 0; number < SYSCALL_MAX_NUMBER && strcmp(wide_names[number], wide) != 0;
                 number++) {
            }
            if (number == SYSCALL_MAX_NUMBER || wide_numbers[number]++) {
                continue; // no call of the generic list, or the name for 32-bit machines
            }
        } else if (sscanf(line, "#define __NR_%63s %d", name, &number) != 2) {
            continue;
        }
        // Not a call; a name of one machine for 84; and the calls with 64-bit times, which machines with
        // 32 bits have.
        if (strcmp(name, "arch_specific_syscall") == 0 || strcmp(name, "sync_file_range2") == 0 ||
            strcmp(name, "syscalls") == 0 || (number >= 403 && number <= 423)) {
            continue;
        }
        const SyscallRow *row = syscall_find(SYSCALL_ABI_AARCH64, (uint64_t)number);
        if (number <= 450 && (!row || strcmp(row->name, name) != 0)) {
            fail_msg("%s is %d to the kernel, the table has %s there", name, number,
                     row ? row->name : "nothing");
        }
        checked++;
    }
    fclose(f);
    assert_true(checked > 290);
}

static void open_flags(void **state)
{
    (void)state;
    static const struct {
        uint64_t guest, host;
    } rows[] = {
        {0, 0},
        {0100102, O_RDWR | O_CREAT | O_NOFOLLOW},
        {040000, O_DIRECTORY},
        {0200000, O_DIRECT},
        {0400000, 0100000}, // O_LARGEFILE
        {020040000, O_TMPFILE},
        {02000000 | 04010000, O_CLOEXEC | O_SYNC},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(abi_flags_to_host(abi, &flag_set_open, rows[i].guest), rows[i].host);
        assert_int_equal(abi_flags_to_guest(abi, &flag_set_open, rows[i].host), rows[i].guest);
    }
    assert_int_equal(abi_flags_to_host(abi, &flag_set_mmap, 0x62), MAP_PRIVATE | MAP_ANONYMOUS);
    assert_int_equal(abi_flags_to_host(&guest_abi_x86_64, &flag_set_open, 040000), 040000);
}

// A call's arguments on their way in and out, through guest memory.
static uint64_t mem;

static void arguments_of(const char *name, uint64_t args[6], ConvertedArgs *converted)
{
    abi_values_to_host(abi, syscall_find_name(name), args);
    abi_structs_to_host(abi, syscall_find_name(name), args, converted);
}

static int64_t result_of(const char *name, uint64_t args[6], ConvertedArgs *converted,
                         int64_t result)
{
    return abi_structs_to_guest(abi, syscall_find_name(name), args, converted, result);
}

static void stat_is_converted(void **state)
{
    (void)state;
    ConvertedArgs c;
    uint64_t args[6] = {(uint64_t)AT_FDCWD, 0, mem, 0};
    arguments_of("newfstatat", args, &c);
    assert_int_not_equal(args[2], mem);
    struct stat *st = (struct stat *)(uintptr_t)args[2];
    st->st_dev = 0x1122334455667788;
    st->st_mode = 0100644;
    st->st_nlink = 7;
    st->st_uid = 1000;
    st->st_size = 0x123456789a;
    st->st_blksize = 4096;
    st->st_blocks = 99;
    st->st_mtim.tv_nsec = 5;
    assert_int_equal(result_of("newfstatat", args, &c, 0), 0);
    uint8_t guest[128];
    uint32_t d;
    uint64_t q;
    assert_true(guest_read(mem, guest, sizeof(guest)));
#define D(at, value) (memcpy(&d, guest + (at), 4), assert_int_equal(d, (value)))
#define Q(at, value) (memcpy(&q, guest + (at), 8), assert_int_equal(q, (value)))
    Q(0, 0x1122334455667788);
    D(16, 0100644);
    D(20, 7);
    D(24, 1000);
    Q(48, 0x123456789a);
    D(56, 4096);
    Q(64, 99);
    Q(96, 5);
#undef D
#undef Q
    // A call that failed writes nothing; where it cannot be written is EFAULT.
    args[2] = 8;
    arguments_of("newfstatat", args, &c);
    assert_int_equal(result_of("newfstatat", args, &c, -ENOENT), -ENOENT);
    args[2] = 8;
    arguments_of("newfstatat", args, &c);
    assert_int_equal(result_of("newfstatat", args, &c, 0), -EFAULT);
}

static void epoll_events_are_converted(void **state)
{
    (void)state;
    ConvertedArgs c;
    uint64_t events[2][2] = {{EPOLLIN, 0x1111222233334444}, {0, 0}};
    assert_true(guest_write(mem, events, sizeof(events)));
    uint64_t args[6] = {3, EPOLL_CTL_ADD, 4, mem};
    arguments_of("epoll_ctl", args, &c);
    struct epoll_event *e = (struct epoll_event *)(uintptr_t)args[3];
    assert_int_equal(e->events, EPOLLIN);
    assert_int_equal(e->data.u64, 0x1111222233334444);
    result_of("epoll_ctl", args, &c, 0);

    uint64_t wait[6] = {3, mem, 2, 0, 0, 8};
    arguments_of("epoll_pwait", wait, &c);
    e = (struct epoll_event *)(uintptr_t)wait[1];
    e[0] = (struct epoll_event){EPOLLOUT, {.u64 = 5}};
    e[1] = (struct epoll_event){EPOLLHUP, {.u64 = 6}};
    assert_int_equal(result_of("epoll_pwait", wait, &c, 1), 1);
    assert_true(guest_read(mem, events, sizeof(events)));
    assert_int_equal(events[0][0], EPOLLOUT);
    assert_int_equal(events[0][1], 5);
    assert_int_equal(events[1][1], 0); // one was ready
}

static void others(void **state)
{
    (void)state;
    ConvertedArgs c;
    uint64_t args[6] = {1, 0, IPC_STAT, mem};
    arguments_of("semctl", args, &c);
    ((uint64_t *)(uintptr_t)args[3])[10] = 42; // sem_nsems of x86-64
    assert_int_equal(result_of("semctl", args, &c, 0), 0);
    uint64_t nsems;
    assert_true(guest_read(mem + 64, &nsems, sizeof(nsems)));
    assert_int_equal(nsems, 42);
    uint64_t value[6] = {1, 0, SETVAL, 5};
    arguments_of("semctl", value, &c);
    assert_int_equal(value[3], 5);
    result_of("semctl", value, &c, 0);

    uint64_t get[6] = {3, F_GETFL, 0};
    arguments_of("fcntl", get, &c);
    assert_int_equal(result_of("fcntl", get, &c, O_RDWR | 0100000), O_RDWR | 0400000);
    uint64_t set[6] = {3, F_SETFL, 0200000};
    arguments_of("fcntl", set, &c);
    assert_int_equal(set[2], O_DIRECT);
}

static void strace_shows_the_guests(void **state)
{
    (void)state;
    g_autoptr(GString) s = g_string_new(NULL);
    uint64_t event[2] = {EPOLLIN, 7};
    uint8_t st[128] = {0};
    uint32_t mode = 0100600;
    uint64_t size = 77;
    assert_true(guest_write(mem, event, sizeof(event)));
    print_converted_struct(s, abi_struct(abi, STRUCT_EPOLLEVENT), mem, 1);
    assert_string_equal(s->str, "[{events=EPOLLIN, data=0x7}]");
    g_string_truncate(s, 0);
    memcpy(st + 16, &mode, 4);
    memcpy(st + 48, &size, 8);
    assert_true(guest_write(mem, st, sizeof(st)));
    print_converted_struct(s, abi_struct(abi, STRUCT_STAT), mem, -1);
    assert_string_equal(s->str, "{st_mode=S_IFREG|0600, st_size=77, ...}");
}

static int set_up(void **state)
{
    (void)state;
    guest_memory_init(abi->mmap_low, abi->task_size);
    int64_t at = guest_mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mem = (uint64_t)at;
    return at < 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_column_is_the_kernels),
        cmocka_unit_test(open_flags),
        cmocka_unit_test(stat_is_converted),
        cmocka_unit_test(epoll_events_are_converted),
        cmocka_unit_test(others),
        cmocka_unit_test(strace_shows_the_guests),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
