// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_tcg2llvm
//
// Block images: what is written is found, with its pages, relocations, code and successors; a file that has been
// harmed gives less, and never anything else.

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "tcg2llvm/block-image.h"

enum { BLOCKS = 100, CODE = 300 };

static char *dir, *path;
static unsigned written; // blocks

static int setup(void **state)
{
    (void)state;
    dir = g_dir_make_tmp("myna-image-XXXXXX", NULL);
    path = g_build_filename(dir, "a.blocks", NULL);
    return dir ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    g_remove(path);
    int status = g_rmdir(dir); // nothing else is left there
    g_free(path);
    g_free(dir);
    return status;
}

// Block n stands at 64 * n, on one page or two.
static uint64_t pc_of(unsigned n) { return 0x400000 + 64 * (uint64_t)n; }

static void add_block(BlockWriter *w, unsigned n, uint64_t salt)
{
    TCGQuickReloc relocs[7];
    BlockPage pages[2] = {{pc_of(n) & ~0xfffull, salt + n / 64}, {0x900000, 77}};
    BlockRecord r = {.pc = pc_of(n),
                     .flags = n % 3,
                     .cflags = n % 5,
                     .code_size = 16 + n % (CODE - 16),
                     .notes_size = n % 4 * 8,
                     .guest_size = n + 1,
                     .num_insns = (uint16_t)(n + 1),
                     .nb_relocs = (uint16_t)(n % 8),
                     .jump_kind = n % 3,
                     .indirect = n % 2,
                     .nb_pages = (uint8_t)(1 + n % 2)};
    for (unsigned i = 0; i < r.nb_relocs; i++) {
        relocs[i] = (TCGQuickReloc){(uint16_t)(n + i), i % 3};
    }
    // Fifteen on: the next with the same flags.
    r.succ_pc[0] = n + 15 < BLOCKS ? pc_of(n + 15) : 0x123456;
    uint8_t *code = block_writer_add(w, &r, pages, relocs);
    for (unsigned i = 0; i < r.code_size + r.notes_size; i++) {
        code[i] = (uint8_t)(n + 3 * i + salt);
    }
}

// Block n with the contents of `salt`, among those with its key.
static const BlockRecord *find(const BlockImage *im, unsigned n, uint64_t salt)
{
    const BlockRecord *r = NULL;
    while ((r = block_image_find(im, pc_of(n), n % 3, n % 5, r))) {
        if (block_image_check(im, r) && block_image_page(im, r->pages[0]).hash == salt + n / 64) {
            return r;
        }
    }
    return NULL;
}

static void check_block(const BlockImage *im, const BlockRecord *r, unsigned n, uint64_t salt)
{
    assert_int_equal(r->guest_size, n + 1);
    assert_int_equal(r->num_insns, n + 1);
    assert_int_equal(r->nb_relocs, n % 8);
    assert_int_equal(r->jump_kind, n % 3);
    assert_int_equal(r->indirect, n % 2);
    assert_int_equal(r->nb_pages, 1 + n % 2);
    assert_int_equal(block_image_page(im, r->pages[0]).addr, pc_of(n) & ~0xfffull);
    assert_int_equal(block_image_page(im, r->pages[r->nb_pages - 1]).hash,
                     n % 2 ? 77 : salt + n / 64);
    for (unsigned i = 0; i < r->nb_relocs; i++) {
        assert_int_equal(block_record_relocs(r)[i].at, n + i);
        assert_int_equal(block_record_relocs(r)[i].kind, i % 3);
    }
    for (unsigned i = 0; i < r->code_size; i++) {
        assert_int_equal(block_record_code(r)[i], (uint8_t)(n + 3 * i + salt));
    }
    assert_int_equal(r->notes_size, n % 4 * 8);
    for (unsigned i = 0; i < r->notes_size; i++) {
        assert_int_equal(block_record_notes(r)[i], (uint8_t)(n + 3 * (r->code_size + i) + salt));
    }
    const BlockRecord *to = block_image_successor(im, r->succ[0]);
    assert_int_equal(to ? to->pc : 0, n + 15 < written ? pc_of(n + 15) : 0);
    assert_null(block_image_successor(im, r->succ[1]));
}

static void write_some(unsigned blocks, uint64_t salt)
{
    BlockWriter *w = block_writer_new(1000);
    written = blocks;
    for (unsigned n = 0; n < blocks; n++) {
        add_block(w, n, salt);
    }
    assert_true(block_writer_write(w, path) > 0);
    block_writer_free(w);
}

static BlockImage *open_it(void)
{
    bool damaged;
    BlockImage *im = block_image_open(path, &damaged);
    assert_false(damaged);
    return im;
}

static void test_found_again(void **state)
{
    (void)state;
    assert_null(open_it()); // no file, no damage
    write_some(BLOCKS, 1000);
    BlockImage *im = open_it();
    assert_int_equal(block_image_records(im), BLOCKS);
    for (unsigned n = 0; n < BLOCKS; n++) {
        const BlockRecord *r = find(im, n, 1000);
        assert_non_null(r);
        check_block(im, r, n, 1000);
        assert_null(find(im, n, 2000));
    }
    assert_null(block_image_find(im, 0x400000, 1, 0, NULL));
    assert_true(block_image_is_current(im, path));
    write_some(1, 1000);
    written = BLOCKS;
    assert_false(block_image_is_current(im, path)); // and it still reads
    check_block(im, find(im, 99, 1000), 99, 1000);
    block_image_close(im);
}

// An image taken over with more, but for the pages that have become others.
static void test_taken_over(void **state)
{
    (void)state;
    write_some(BLOCKS, 1000);
    BlockImage *im = open_it();
    uint8_t stale[16] = {0};
    assert_true(block_image_pages(im) <= sizeof(stale));
    unsigned page = find(im, 0, 1000)->pages[0], gone = 0;
    stale[page] = 1;
    BlockWriter *w = block_writer_new(1000);
    block_writer_add_image(w, im, stale);
    for (unsigned n = 0; n < BLOCKS; n++) {
        add_block(w, n, 5000);
        gone += find(im, n, 1000)->pages[0] == page;
    }
    assert_int_equal(gone, 64);
    assert_true(block_writer_write(w, path) > 0);
    block_writer_free(w);
    block_image_close(im);
    im = open_it();
    assert_int_equal(block_image_records(im), 2 * BLOCKS - gone);
    for (unsigned n = 0; n < BLOCKS; n++) {
        const BlockRecord *old = find(im, n, 1000), *new = find(im, n, 5000);
        assert_int_equal(old != NULL, n >= gone);
        assert_non_null(new);
        check_block(im, new, n, 5000);
        if (old) {
            check_block(im, old, n, 1000);
        }
    }
    block_image_close(im);
}

// One byte after the other: what is found is what was written.
static void test_damage(void **state)
{
    (void)state;
    enum { FEW = 6 };
    gchar *bytes;
    gsize size;
    unsigned lost = 0, refused = 0;
    write_some(FEW, 1000);
    assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    for (gsize at = 0; at < size; at++) {
        bool damaged;
        bytes[at] ^= 0x81;
        assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
        g_chmod(path, 0600);
        BlockImage *im = block_image_open(path, &damaged);
        assert_true(damaged == !im);
        refused += damaged;
        for (unsigned n = 0; im && n < FEW; n++) {
            const BlockRecord *r = find(im, n, 1000);
            lost += !r;
            if (r) {
                check_block(im, r, n, 1000);
            }
        }
        block_image_close(im);
        bytes[at] ^= 0x81;
    }
    assert_true(refused > 64 && lost > FEW * 100);
    for (gsize part = 0; part < size; part += 13) { // a file that ends too early
        bool damaged;
        assert_true(g_file_set_contents(path, bytes, (gssize)part, NULL));
        g_chmod(path, 0600);
        assert_null(block_image_open(path, &damaged));
        assert_true(damaged);
    }
    g_free(bytes);
}

static void test_strangers(void **state)
{
    (void)state;
    bool damaged;
    write_some(3, 1000);
    g_chmod(path, 0622); // others may have written it
    assert_null(block_image_open(path, &damaged));
    g_remove(path);
    BlockWriter *w = block_writer_new(1000);
    assert_int_equal(block_writer_write(w, "/nowhere/at/all.blocks"), 0);
    block_writer_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_taken_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strangers, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
