// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_tcg2llvm
//
// The persistent cache: what is put in comes out, in this process and in later ones; whatever has become
// of the files, nothing wrong comes out, and what is lost can be put in again.

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "tcg2llvm/object-cache.h"

enum { UNITS = 200 };

static char *dir;

static int setup(void **state)
{
    (void)state;
    dir = g_dir_make_tmp("myna-cache-XXXXXX", NULL);
    return dir ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    g_autofree char *command = g_strdup_printf("rm -rf %s", dir);
    int status = system(command);
    g_free(dir);
    return status;
}

static ObjectCache *open_cache(void)
{
    GError *error = NULL;
    ObjectCache *c = object_cache_open(dir, "config", 0, &error);
    if (!c) {
        fail_msg("%s", error->message);
    }
    return c;
}

static ObjectKey key_of(unsigned n) { return (ObjectKey){{n * 0x9e3779b97f4a7c15u, n}}; }

// Unit n: 1 to 1000 bytes that tell which it is.
static size_t fill(unsigned n, uint8_t *bytes)
{
    size_t size = 1 + n * 37 % 1000;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(n * 7 + i * 13);
    }
    return size;
}

static void add(ObjectCache *c, const char *pack, unsigned from, unsigned to)
{
    uint8_t bytes[1000];
    for (unsigned n = from; n < to; n++) {
        size_t size = fill(n, bytes);
        object_cache_add(c, pack, key_of(n), bytes, size);
    }
}

// How many of the units are there; what is there must be right.
static unsigned count_found(ObjectCache *c, const char *pack, unsigned to)
{
    unsigned found = 0;
    for (unsigned n = 0; n < to; n++) {
        uint8_t bytes[1000];
        size_t size, want = fill(n, bytes);
        const void *got = object_cache_find(c, pack, key_of(n), &size);
        if (got) {
            assert_int_equal(size, want);
            assert_memory_equal(got, bytes, size);
            assert_int_equal((uintptr_t)got % 8, 0);
            found++;
        }
    }
    return found;
}

static void make_pack(void)
{
    ObjectCache *c = open_cache();
    add(c, "a", 0, UNITS);
    assert_int_equal(count_found(c, "a", UNITS), UNITS);
    object_cache_flush(c);
    object_cache_free(c);
}

static char *pack_file(void) { return g_strconcat(dir, "/config/a.pack", NULL); }

static void units_are_kept(void **state)
{
    (void)state;
    make_pack();
    ObjectCache *c = open_cache();
    assert_int_equal(count_found(c, "a", 2 * UNITS), UNITS);
    assert_int_equal(count_found(c, "b", UNITS), 0);
    assert_int_equal(object_cache_stats(c).hits, UNITS);
    assert_int_equal(object_cache_stats(c).misses, 2 * UNITS);
    // What is there already is not written again.
    add(c, "a", 0, UNITS);
    assert_int_equal(object_cache_stats(c).added, 0);
    add(c, "a", UNITS, UNITS + 5);
    object_cache_flush(c);
    object_cache_free(c);
    c = open_cache();
    assert_int_equal(count_found(c, "a", 2 * UNITS), UNITS + 5);
    object_cache_free(c);
    // Another configuration has none of it.
    c = object_cache_open(dir, "other", 0, NULL);
    assert_int_equal(count_found(c, "a", UNITS), 0);
    object_cache_free(c);
}

static void write_file(const char *path, const char *bytes, size_t size)
{
    assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
    assert_int_equal(chmod(path, 0600), 0);
}

// Looks through a damaged pack, and heals it.
static unsigned look_and_heal(void)
{
    ObjectCache *c = open_cache();
    unsigned found = count_found(c, "a", UNITS);
    add(c, "a", 0, UNITS);
    object_cache_flush(c);
    object_cache_free(c);
    c = open_cache();
    assert_int_equal(count_found(c, "a", UNITS), UNITS);
    object_cache_free(c);
    return found;
}

static void damage_is_seen_and_healed(void **state)
{
    (void)state;
    make_pack();
    g_autofree char *path = pack_file(), *good = NULL;
    gsize size;
    assert_true(g_file_get_contents(path, &good, &size, NULL));
    unsigned seed = 1, lost = 0;
    for (unsigned i = 0; i < 300; i++) {
        g_autofree char *copy = g_memdup2(good, size);
        copy[(unsigned)rand_r(&seed) % (i < 150 ? 400 : size)] ^= (char)(1 << rand_r(&seed) % 8);
        write_file(path, copy, size);
        lost += UNITS - look_and_heal();
    }
    assert_true(lost > UNITS);
    for (size_t length = 0; length < size; length += 1 + size / 300) {
        write_file(path, good, length);
        assert_int_equal(look_and_heal(), 0);
    }
    // Rubbish behind it.
    g_autofree char *longer = g_malloc(size + 100);
    memcpy(longer, good, size);
    memset(longer + size, 0x5a, 100);
    write_file(path, longer, size + 100);
    assert_int_equal(look_and_heal(), UNITS);
}

static void others_may_not_write_it(void **state)
{
    (void)state;
    make_pack();
    g_autofree char *path = pack_file();
    assert_int_equal(chmod(path, 0666), 0);
    ObjectCache *c = open_cache();
    assert_int_equal(count_found(c, "a", UNITS), 0);
    object_cache_free(c);
    GError *error = NULL;
    assert_int_equal(chmod(dir, 0777), 0);
    assert_null(object_cache_open(dir, "config", 0, &error));
    assert_non_null(strstr(error->message, "this user alone"));
    g_clear_error(&error);
    assert_int_equal(chmod(dir, 0700), 0);
    // A link in the pack's place is not followed.
    g_autofree char *elsewhere = g_strconcat(dir, "/elsewhere", NULL);
    assert_int_equal(rename(path, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, path), 0);
    c = open_cache();
    assert_int_equal(count_found(c, "a", UNITS), 0);
    object_cache_free(c);
}

static void processes_write_at_once(void **state)
{
    (void)state;
    enum { PROCESSES = 6, EACH = 40 };
    for (unsigned p = 0; p < PROCESSES; p++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            ObjectCache *c = open_cache();
            for (unsigned n = p * EACH; n < (p + 1) * EACH; n += 10) {
                add(c, "a", n, n + 10);
                object_cache_flush(c);
            }
            _exit(0);
        }
    }
    for (unsigned p = 0; p < PROCESSES; p++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    ObjectCache *c = open_cache();
    // A writer that finds the lock taken gives its units up: most are there, and all that are, are right.
    unsigned found = count_found(c, "a", PROCESSES * EACH);
    assert_true(found >= EACH);
    assert_int_equal(object_cache_stats(c).damaged, 0);
    object_cache_free(c);
}

static void a_child_leaves_units_to_its_parent(void **state)
{
    (void)state;
    ObjectCache *c = open_cache();
    add(c, "a", 0, 10);
    object_cache_fork_prepare(c);
    pid_t pid = fork();
    object_cache_fork_done(c, pid == 0);
    if (pid == 0) {
        add(c, "a", 10, 20);
        object_cache_flush(c);
        _exit(object_cache_stats(c).bytes_written > 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    ObjectCache *again = open_cache();
    assert_int_equal(count_found(again, "a", 20), 10);
    object_cache_free(again);
    object_cache_flush(c);
    object_cache_free(c);
    again = open_cache();
    assert_int_equal(count_found(again, "a", 20), 20);
    object_cache_free(again);
}

static void the_oldest_packs_go(void **state)
{
    (void)state;
    ObjectCache *c = object_cache_open(dir, "config", 150000, NULL);
    for (unsigned p = 0; p < 5; p++) {
        char name[] = {(char)('a' + p), 0};
        add(c, name, 0, UNITS / 2); // some 50 KB
        object_cache_flush(c);
        g_autofree char *path = g_strdup_printf("%s/config/%s.pack", dir, name);
        struct timespec times[2] = {{.tv_sec = 1000 + p}, {.tv_sec = 1000 + p}};
        utimensat(AT_FDCWD, path, times, 0);
    }
    object_cache_free(c);
    c = object_cache_open(dir, "config", 150000, NULL);
    assert_int_equal(count_found(c, "a", UNITS), 0);
    assert_int_equal(count_found(c, "e", UNITS), UNITS / 2);
    object_cache_free(c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(units_are_kept),
        TEST(damage_is_seen_and_healed),
        TEST(others_may_not_write_it),
        TEST(processes_write_at_once),
        TEST(a_child_leaves_units_to_its_parent),
        TEST(the_oldest_packs_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
