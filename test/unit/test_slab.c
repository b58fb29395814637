// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_tcg2llvm
//
// The slab's allocator: what it hands out is apart, aligned, executable, reused and merged when freed;
// a full slab says so and goes on after a release.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tcg2llvm/slab.h"

static Slab *make(size_t size)
{
    GError *error = NULL;
    Slab *slab = slab_new(size, (const void *)make, &error);
    if (!slab) {
        fail_msg("%s", error->message);
    }
    return slab;
}

static void blocks_are_aligned_apart_and_inside(void **state)
{
    (void)state;
    Slab *slab = make(1 << 20);
    uint8_t *base;
    size_t size;
    slab_range(slab, &base, &size);
    assert_int_equal(size, 1 << 20);
    uint8_t *last_end = base;
    for (size_t want = 1; want < 400; want += 7) {
        SlabBlock *block = slab_alloc(slab, want);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block->base % SLAB_ALIGN, 0);
        assert_true(block->size >= want && block->size < want + SLAB_ALIGN);
        assert_true(block->base >= last_end && block->base + block->size <= base + size);
        last_end = block->base + block->size;
    }
    slab_free(slab);
}

static void a_packed_slab_wastes_less(void **state)
{
    (void)state;
    enum { N = 300 };
    SlabBlock *blocks[N];
    Slab *slab = make(1 << 20);
    slab_pack(slab);
    size_t sum = 0;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < N; i++) {
            size_t want = 1 + i * 37 % 500;
            blocks[i] = slab_alloc(slab, want);
            assert_non_null(blocks[i]);
            assert_int_equal((uintptr_t)blocks[i]->base % SLAB_MIN_ALIGN, 0);
            assert_true(blocks[i]->size >= want && blocks[i]->size < want + SLAB_MIN_ALIGN);
            memset(blocks[i]->base, (int)i, blocks[i]->size);
            sum += blocks[i]->size;
        }
        assert_int_equal(slab_stats(slab).used, sum);
        for (unsigned i = 0; i < N; i++) {
            SlabBlock *block = blocks[i * 7 % N];
            assert_int_equal(block->base[0], (uint8_t)(i * 7 % N));
            assert_int_equal(block->base[block->size - 1], (uint8_t)(i * 7 % N));
            sum -= block->size;
            slab_release(slab, block);
        }
        assert_int_equal(slab_stats(slab).used, 0);
    }
    slab_free(slab);
}

static void near_the_program_is_in_reach(void **state)
{
    (void)state;
    Slab *slab = make(64 << 20);
    uint8_t *base;
    size_t size;
    slab_range(slab, &base, &size);
    int64_t low = (int64_t)(base - (uint8_t *)(uintptr_t)make);
    int64_t high = low + (int64_t)size;
    assert_true(low > INT32_MIN && low < INT32_MAX && high > INT32_MIN && high < INT32_MAX);
    slab_free(slab);
}

static void freed_neighbours_become_one(void **state)
{
    (void)state;
    Slab *slab = make(1 << 20);
    SlabBlock *block[4];
    for (int i = 0; i < 4; i++) {
        block[i] = slab_alloc(slab, 640);
    }
    uint8_t *second = block[1]->base;
    // In each order of the two, the hole takes what is as large as both.
    for (int order = 0; order < 2; order++) {
        slab_release(slab, block[1 + order]);
        slab_release(slab, block[2 - order]);
        SlabBlock *both = slab_alloc(slab, 1280);
        assert_ptr_equal(both->base, second);
        slab_release(slab, both);
        block[1] = slab_alloc(slab, 640);
        block[2] = slab_alloc(slab, 640);
        assert_ptr_equal(block[1]->base, second);
        assert_ptr_equal(block[2]->base, second + 640);
    }
    slab_free(slab);
}

static void all_freed_is_as_new(void **state)
{
    (void)state;
    Slab *slab = make(256 << 10);
    uint8_t *base;
    size_t size;
    slab_range(slab, &base, &size);
    SlabBlock *block[100];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++) {
            block[i] = slab_alloc(slab, 64 * (1 + i % 9));
            assert_non_null(block[i]);
        }
        for (int i = 0; i < 100; i++) {
            slab_release(slab, block[(i * 37) % 100]);
        }
        SlabStats stats = slab_stats(slab);
        assert_int_equal(stats.used, 0);
        assert_int_equal(stats.blocks, 0);
    }
    SlabBlock *whole = slab_alloc(slab, size);
    assert_non_null(whole);
    assert_ptr_equal(whole->base, base);
    slab_free(slab);
}

static void full_is_null_and_release_makes_room(void **state)
{
    (void)state;
    Slab *slab = make(SLAB_MIN_RESERVE);
    SlabBlock *block[SLAB_MIN_RESERVE / 1024 + 1];
    size_t count = 0;
    while ((block[count] = slab_alloc(slab, 1024))) {
        count++;
    }
    assert_int_equal(count, SLAB_MIN_RESERVE / 1024);
    assert_null(slab_alloc(slab, 1));
    slab_release(slab, block[5]);
    SlabBlock *again = slab_alloc(slab, 1000);
    assert_non_null(again);
    assert_null(slab_alloc(slab, 1));
    slab_free(slab);
}

// Blocks of one bin differ in size: the one that fits is found, be it the last of many.
static void full_looks_at_every_block_of_the_bin(void **state)
{
    (void)state;
    enum { SMALL = 64 * 64, LARGE = 71 * 64 }; // both in the bin of 64..71 units
    Slab *slab = make(256 << 10);
    SlabBlock *large = slab_alloc(slab, LARGE);
    SlabBlock *small[64], *wall[64];
    int count = 0;
    wall[0] = slab_alloc(slab, 64);
    while (count < 64 && (small[count] = slab_alloc(slab, SMALL)) &&
           (wall[count] = slab_alloc(slab, 64))) {
        count++;
    }
    while (slab_alloc(slab, 64)) {
    }
    uint8_t *place = large->base;
    slab_release(slab, large);
    assert_true(count > 10);
    for (int i = 0; i < count; i++) {
        slab_release(slab, small[i]);
    }
    SlabBlock *found = slab_alloc(slab, LARGE);
    assert_non_null(found);
    assert_ptr_equal(found->base, place);
    slab_free(slab);
}

static void released_code_traps(void **state)
{
    (void)state;
    Slab *slab = make(1 << 20);
    SlabBlock *block = slab_alloc(slab, 128);
    SlabBlock *above = slab_alloc(slab, 128);
    memset(block->base, 0x90, block->size);
    uint8_t *base = block->base;
    slab_release(slab, block);
    for (int i = 0; i < 128; i++) {
        assert_int_equal(base[i], 0xcc);
    }
    slab_release(slab, above);
    slab_free(slab);
}

static void blocks_are_executable(void **state)
{
    (void)state;
    Slab *slab = make(16 << 20);
    // Past the first commit step, too.
    SlabBlock *low = slab_alloc(slab, 64);
    SlabBlock *skip = slab_alloc(slab, SLAB_COMMIT_STEP + 4096);
    SlabBlock *high = slab_alloc(slab, 64);
    static const uint8_t code[] = {0x8d, 0x47, 0x01, 0xc3}; // lea 1(%rdi),%eax; ret
    SlabBlock *both[] = {low, high};
    assert_non_null(skip);
    for (int i = 0; i < 2; i++) {
        memcpy(both[i]->base, code, sizeof(code));
        assert_int_equal(((int (*)(int))(uintptr_t)both[i]->base)(41), 42);
    }
    slab_free(slab);
}

// A model beside the slab: each byte belongs to one block at most.
static void random_use_agrees_with_a_model(void **state)
{
    (void)state;
    enum { SIZE = 128 << 10, UNITS = SIZE / SLAB_ALIGN, LIVE = 200 };
    Slab *slab = make(SIZE);
    uint8_t *base;
    size_t size, used = 0;
    slab_range(slab, &base, &size);
    static uint8_t owned[UNITS];
    SlabBlock *live[LIVE] = {NULL};
    unsigned seed = 12345, full = 0;
    for (int i = 0; i < 20000; i++) {
        int at = rand_r(&seed) % LIVE;
        if (live[at]) {
            size_t first = (live[at]->base - base) / SLAB_ALIGN;
            memset(owned + first, 0, live[at]->size / SLAB_ALIGN);
            used -= live[at]->size;
            slab_release(slab, live[at]);
            live[at] = NULL;
        } else {
            live[at] = slab_alloc(slab, 1 + rand_r(&seed) % 3000);
            if (!live[at]) {
                full++;
                continue;
            }
            size_t first = (live[at]->base - base) / SLAB_ALIGN;
            for (size_t unit = first; unit < first + live[at]->size / SLAB_ALIGN; unit++) {
                assert_int_equal(owned[unit], 0);
                owned[unit] = 1;
            }
            used += live[at]->size;
        }
        assert_int_equal(slab_stats(slab).used, used);
    }
    assert_true(full > 0); // the model saw the slab full as well
    slab_free(slab);
}

static void *alloc_and_release(void *opaque)
{
    Slab *slab = opaque;
    for (int i = 0; i < 2000; i++) {
        SlabBlock *one = slab_alloc(slab, 100 + i % 500), *two = slab_alloc(slab, 64);
        if (!one || !two) {
            return "full";
        }
        memset(one->base, i, one->size);
        memset(two->base, 1, two->size);
        for (size_t byte = 0; byte < one->size; byte++) {
            if (one->base[byte] != (uint8_t)i) {
                return "another thread wrote into our block";
            }
        }
        slab_release(slab, one);
        slab_release(slab, two);
    }
    return NULL;
}

static void threads_do_not_share_blocks(void **state)
{
    (void)state;
    Slab *slab = make(1 << 20);
    pthread_t thread[4];
    for (int i = 0; i < 4; i++) {
        pthread_create(&thread[i], NULL, alloc_and_release, slab);
    }
    for (int i = 0; i < 4; i++) {
        void *problem;
        pthread_join(thread[i], &problem);
        if (problem) {
            fail_msg("%s", (char *)problem);
        }
    }
    assert_int_equal(slab_stats(slab).used, 0);
    slab_free(slab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_apart_and_inside),
        cmocka_unit_test(a_packed_slab_wastes_less),
        cmocka_unit_test(near_the_program_is_in_reach),
        cmocka_unit_test(freed_neighbours_become_one),
        cmocka_unit_test(all_freed_is_as_new),
        cmocka_unit_test(full_is_null_and_release_makes_room),
        cmocka_unit_test(full_looks_at_every_block_of_the_bin),
        cmocka_unit_test(released_code_traps),
        cmocka_unit_test(blocks_are_executable),
        cmocka_unit_test(random_use_agrees_with_a_model),
        cmocka_unit_test(threads_do_not_share_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
