// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The guest's memory map: what the calls do to it, that they leave myna's own memory alone, what
// /proc/self/maps shows, and copies that survive faults.
//
// LINK: myna_runtime

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib.h>

#include "runtime/cpu-exec.h"
#include "runtime/guest-memory.h"
#include "runtime/log.h"
#include "runtime/process.h"

enum { P = 4096, RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };

static void describe_region(const GuestRegion *r, void *opaque)
{
    GString *s = opaque;
    g_string_append_printf(s, "%s%lx-%lx %c%c%c", s->len ? ", " : "", (long)r->start, (long)r->end,
                           r->prot & PROT_READ ? 'r' : '-', r->prot & PROT_WRITE ? 'w' : '-',
                           r->prot & PROT_EXEC ? 'x' : '-');
}

// The map relative to base, in pages: "0-2 rw-, 3-4 r--".
static char *map_from(uint64_t base)
{
    GString *s = g_string_new(NULL);
    GuestRegion r;
    for (uint64_t page = 0; page < 16; page++) {
        if (guest_memory_find(base + page * P, &r) && (r.start == base + page * P || page == 0)) {
            GuestRegion rel = r;
            rel.start = (r.start - base) / P;
            rel.end = (r.end - base) / P;
            describe_region(&rel, s);
        }
    }
    return g_string_free(s, FALSE);
}

static void assert_map(uint64_t base, const char *expected)
{
    char *got = map_from(base);
    assert_string_equal(got, expected);
    g_free(got);
}

static void test_map_splits_and_merges(void **unused)
{
    (void)unused;
    // A hole that stays free around what is mapped in it.
    int64_t base = guest_mmap(0, 18 * P, PROT_NONE, ANON, -1, 0);
    assert_true(base > 0);
    assert_int_equal(guest_munmap(base, 18 * P), 0);
    base += P;
    assert_int_equal(guest_mmap(base, 8 * P, RW, ANON | MAP_FIXED, -1, 0), base);
    assert_map(base, "0-8 rw-");
    assert_int_equal(guest_mprotect(base + 2 * P, P, PROT_READ), 0);
    assert_map(base, "0-2 rw-, 2-3 r--, 3-8 rw-");
    assert_int_equal(guest_mprotect(base + 2 * P, P, RW), 0);
    assert_map(base, "0-8 rw-");
    assert_int_equal(guest_munmap(base + 4 * P, 2 * P), 0);
    assert_map(base, "0-4 rw-, 6-8 rw-");
    assert_int_equal(guest_mprotect(base, 8 * P, PROT_READ), -ENOMEM); // a hole
    assert_int_equal(guest_mmap(base + 3 * P, 4 * P, PROT_READ, ANON | MAP_FIXED, -1, 0),
                     base + 3 * P);
    assert_map(base, "0-3 rw-, 3-7 r--, 7-8 rw-");
    assert_true(guest_access_ok(base, 8 * P, PROT_READ));
    assert_false(guest_access_ok(base, 8 * P, PROT_WRITE));
    assert_false(guest_access_ok(base, 8 * P + 1, PROT_READ));
    assert_true(guest_access_ok(base + 3 * P - 1, 1, PROT_WRITE));
    assert_false(guest_access_ok(base, UINT64_MAX, PROT_READ));
    assert_int_equal(guest_munmap(base, 8 * P), 0);
    assert_map(base, "");
}

static void test_arguments(void **unused)
{
    (void)unused;
    assert_int_equal(guest_mmap(0, 0, RW, ANON, -1, 0), -EINVAL);
    assert_int_equal(guest_mmap(1, P, RW, ANON | MAP_FIXED, -1, 0), -EINVAL);
    assert_int_equal(guest_mmap(0, UINT64_MAX, RW, ANON, -1, 0), -ENOMEM);
    assert_int_equal(guest_mmap((1ull << 47) - P, 2 * P, RW, ANON | MAP_FIXED, -1, 0), -ENOMEM);
    assert_int_equal(guest_mmap(0, P, RW, MAP_PRIVATE, -1, 0), -EBADF);
    assert_int_equal(guest_munmap(1, P), -EINVAL);
    assert_int_equal(guest_munmap(0, 0), -EINVAL);
    assert_int_equal(guest_mprotect(1, P, RW), -EINVAL);
    assert_int_equal(guest_mprotect(0x7000000, P, RW), -ENOMEM);
    assert_int_equal(guest_mremap(0x7000000, P, 2 * P, MREMAP_MAYMOVE, 0), -EFAULT);
    int64_t a = guest_mmap(0, P, RW, ANON, -1, 0);
    assert_int_equal(guest_mmap(a, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), -EEXIST);
    assert_int_equal(guest_munmap(a, P), 0);
}

static void test_our_memory_is_safe(void **unused)
{
    (void)unused;
    uint8_t *own = mmap(NULL, 4 * P, RW, ANON, -1, 0);
    uint64_t at = h2g(own);
    own[0] = 42;
    assert_true(guest_range_is_ours(at, 1));
    assert_int_equal(guest_mmap(at, P, RW, ANON | MAP_FIXED, -1, 0), -ENOMEM);
    assert_int_equal(guest_munmap(at, 4 * P), 0); // nothing of the guest's: as an empty range
    assert_int_equal(guest_mprotect(at, P, PROT_NONE), -ENOMEM);
    assert_int_equal(guest_madvise(at, P, MADV_DONTNEED), -ENOMEM);
    assert_int_equal(guest_mremap(at, P, P, MREMAP_MAYMOVE, 0), -EFAULT);
    assert_int_equal(own[0], 42);
    assert_false(guest_access_ok(at, 1, PROT_READ));

    // A fixed mapping that would cover a free page, then ours: nothing of it happens.
    munmap(own, P);
    assert_int_equal(guest_mmap(at, 2 * P, RW, ANON | MAP_FIXED, -1, 0), -ENOMEM);
    assert_false(guest_range_is_ours(at, P)); // free again
    own[P] = 7;
    munmap(own + P, 3 * P);
}

static void test_never_executable_on_the_host(void **unused)
{
    (void)unused;
    int64_t a = guest_mmap(0, 2 * P, RW | PROT_EXEC, ANON, -1, 0);
    assert_int_equal(guest_mprotect(a + P, P, PROT_EXEC), 0);
    FILE *f = fopen("/proc/self/maps", "r");
    char line[512];
    unsigned seen = 0;
    while (fgets(line, sizeof(line), f)) {
        unsigned long start, end;
        char perms[5];
        if (sscanf(line, "%lx-%lx %4s", &start, &end, perms) == 3 && start < (uint64_t)a + 2 * P &&
            end > (uint64_t)a) {
            assert_int_equal(perms[2], '-');
            seen++;
        }
    }
    fclose(f);
    assert_true(seen > 0);
    assert_true(guest_access_ok(a + P, P, PROT_EXEC));
    assert_true(guest_access_ok(a + P, P, PROT_READ));
    assert_int_equal(guest_munmap(a, 2 * P), 0);
}

static char *maps_text(void)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    guest_memory_print_maps(f, false, 0);
    fclose(f);
    return text;
}

static void test_maps_text(void **unused)
{
    (void)unused;
    char path[] = "/tmp/myna-test-maps-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(ftruncate(fd, 4 * P), 0);
    int64_t a = guest_mmap(0, 4 * P, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    assert_int_equal(guest_mprotect(a + P, P, RW), 0);
    int64_t s = guest_mmap(0, P, RW, ANON, -1, 0);
    guest_memory_set_name(s, s + P, "[stack]");
    char *text = maps_text();
    char want[256];
    snprintf(want, sizeof(want), "%08lx-%08lx r-xp 00000000 ", (long)a, (long)a + P);
    assert_true(g_str_has_prefix(text, want) || strstr(text, want));
    snprintf(want, sizeof(want), "%08lx-%08lx rw-p 00001000 ", (long)a + P, (long)a + 2 * P);
    assert_non_null(strstr(text, want));
    snprintf(want, sizeof(want), "%08lx-%08lx r-xp 00002000 ", (long)a + 2 * P, (long)a + 4 * P);
    assert_non_null(strstr(text, want));
    assert_non_null(strstr(text, path));
    assert_non_null(strstr(text, "[stack]\n"));
    assert_null(strstr(text, "libc"));
    assert_null(strstr(text, "test_guest_memory"));
    assert_null(strstr(text, "[vdso]"));
    free(text);
    GuestRegion r;
    assert_true(guest_memory_find(a + 3 * P, &r));
    assert_int_equal(r.offset, 2 * P);
    assert_string_equal(r.name, path);
    guest_munmap(a, 4 * P);
    guest_munmap(s, P);
    close(fd);
    unlink(path);
}

static void test_mremap(void **unused)
{
    (void)unused;
    int64_t a = guest_mmap(0, 2 * P, RW, ANON, -1, 0);
    memcpy(g2h(a + P), "here", 5);
    int64_t b = guest_mremap(a, 2 * P, 64 * P, MREMAP_MAYMOVE, 0);
    assert_true(b > 0);
    assert_string_equal((char *)g2h(b + P), "here");
    assert_true(guest_access_ok(b, 64 * P, PROT_WRITE));
    if (b != a) {
        assert_false(guest_access_ok(a, 1, PROT_READ));
    }
    assert_int_equal(guest_mremap(b, 64 * P, P, 0, 0), b);
    assert_false(guest_access_ok(b + P, 1, PROT_READ));
    int64_t c = guest_mmap(0, 4 * P, PROT_READ, ANON, -1, 0);
    assert_int_equal(guest_mremap(b, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, c + P), c + P);
    assert_true(guest_access_ok(c + P, P, PROT_WRITE));
    assert_false(guest_access_ok(c + P, 2 * P, PROT_WRITE));
    void *own = mmap(NULL, P, RW, ANON, -1, 0);
    assert_int_equal(guest_mremap(c + P, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, h2g(own)), -ENOMEM);
    munmap(own, P);
    guest_munmap(c, 4 * P);
}

static void test_brk(void **unused)
{
    (void)unused;
    int64_t a = guest_mmap(0, 64 * P, PROT_NONE, ANON, -1, 0); // a place that is free
    guest_munmap(a, 64 * P);
    uint64_t start = a + 100;
    guest_mmap(a, P, RW, ANON | MAP_FIXED, -1, 0); // the page that .bss ends in
    guest_brk_init(start);
    assert_int_equal(guest_brk(0), start);
    assert_int_equal(guest_brk(start + 3 * P), start + 3 * P);
    memset(g2h(start), 1, 3 * P);
    assert_int_equal(guest_brk(start + P), start + P);
    assert_int_equal(guest_brk(start + 2 * P), start + 2 * P);
    assert_int_equal(*(uint8_t *)g2h(a + 2 * P), 0); // what was given back comes back as zero
    assert_int_equal(guest_brk(start - 1), start + 2 * P);
    assert_int_equal(guest_brk(1ull << 60), start + 2 * P);
    // Something in the way.
    int64_t wall = guest_mmap(a + 10 * P, P, PROT_READ, ANON | MAP_FIXED, -1, 0);
    assert_int_equal(wall, a + 10 * P);
    assert_int_equal(guest_brk(start + 20 * P), start + 2 * P);
    assert_int_equal(guest_brk(start), start);
    guest_munmap(a, 64 * P);
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    cpu_handle_host_fault(sig, info, context);
}

static void test_copies(void **unused)
{
    (void)unused;
    struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &act, NULL);
    sigaction(SIGBUS, &act, NULL);
    char buf[2 * P];
    int64_t a = guest_mmap(0, 2 * P, RW, ANON, -1, 0);
    assert_true(guest_write(a + P - 2, "abcd", 5));
    assert_true(guest_read(a + P - 2, buf, 5));
    assert_string_equal(buf, "abcd");
    assert_int_equal(guest_strlen(a + P - 2, 100), 4);
    assert_int_equal(guest_strlen(a + P - 2, 3), 3);
    guest_mprotect(a + P, P, PROT_READ);
    assert_false(guest_write(a + P - 2, "abcd", 5));
    assert_true(guest_read(a, buf, 2 * P));
    guest_munmap(a + P, P);
    assert_false(guest_read(a, buf, 2 * P));
    assert_false(guest_read(0, buf, 1));
    memset(g2h(a + P - 4), 'x', 4);
    assert_int_equal(guest_strlen(a + P - 4, 100), -1);
    guest_munmap(a, P);

    // A mapping behind the end of its file: the map says yes, the host says SIGBUS.
    FILE *f = tmpfile();
    int64_t m = guest_mmap(0, P, RW, MAP_SHARED, fileno(f), 0);
    assert_true(m > 0);
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    for (int i = 0; i < 3; i++) {
        assert_false(guest_read(m, buf, 1));
        assert_false(guest_write(m, buf, 1));
    }
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_memory_equal(&before, &after, sizeof(unsigned long));
    guest_munmap(m, P);
    fclose(f);
}

static void test_own_descriptors(void **unused)
{
    (void)unused;
    int fd = open("/dev/null", O_RDONLY);
    int own = process_own_fd(fd);
    assert_true(own > 100);
    assert_true(process_fd_is_own(own));
    assert_false(process_fd_is_own(fd));
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(fcntl(own, F_GETFD), FD_CLOEXEC);
    process_close_own_fd(own);
    assert_false(process_fd_is_own(own));
}

int main(void)
{
    static MynaOptions options;
    myna_options = &options;
    guest_memory_init(0x10000, 1ull << 47);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map_splits_and_merges),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_our_memory_is_safe),
        cmocka_unit_test(test_never_executable_on_the_host),
        cmocka_unit_test(test_maps_text),
        cmocka_unit_test(test_mremap),
        cmocka_unit_test(test_brk),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_own_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
