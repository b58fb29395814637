// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The slab: address space for compiled code, and its allocator.
//
// Why one mapping that is readable, writable and executable at once, and not the alternatives:
//   - mprotect for each object: two system calls, each with a TLB shootdown in every running thread,
//     and VMAs that split and merge; more than the link itself costs.
//   - two views of a memfd, one writable, one executable: shared memory, which a guest's fork() does
//     not copy. Parent and child would write into one code cache.
// So it is private anonymous memory, which fork() copies on write as everything else. It is reserved
// with PROT_NONE and made accessible in steps, so that a strict overcommit policy counts what is used
// and not what is reserved.
//
// Code and constants of an object lie in one block, code first: a TB's constants are few, and this way
// they lie in the page that its code has just brought into the TLB.
//
// Large pages are asked for: the first touch of a page costs microseconds, under some hypervisors more than ten, and
// code is written once and run a few times. 2.4 ms for the 10 MB of code of python3 -c pass, 18 ms without.
//
// The allocator: segregated bins of free blocks (sizes in units of 64 bytes: one bin for each size
// below 16 units, then eight for each power of two), a bitmap of bins that are not empty, neighbours
// merged when freed. What was never used lies above `top`. All descriptors are outside the slab, so
// that a stray write of a guest into the code cannot lead the allocator astray, and nothing that is
// data lies between instructions.
#include "tcg2llvm/slab.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    EXACT_BINS = 16,
    SUB_BITS = 3,
    BINS = EXACT_BINS +
           ((48 - 4) << SUB_BITS), // units of 64 bytes in a 54-bit space: more than any
    BIN_WORDS = (BINS + 63) / 64,
    POPULATE_STEP = 128 << 10, // bytes
    FIRST_CHUNK = 64 << 10,
    LARGE_CHUNK = 2 << 20,
};

// Descriptors come in chunks, for there are tens of thousands: a small one first, then large pages.
typedef struct BlockChunk {
    struct BlockChunk *next;
    size_t size; // bytes
    unsigned used, room;
    SlabBlock blocks[];
} BlockChunk;

struct Slab {
    pthread_mutex_t lock;
    BlockChunk *chunks;
    SlabBlock *spare; // descriptors of no block, through free_next
    uint8_t *base, *end;
    uint8_t *committed; // accessible below
    uint8_t *populated; // and in memory
    uint8_t *top;       // never used above
    SlabBlock *highest; // the block that ends at top
    size_t align;
    size_t used, blocks;
    uint64_t nonempty[BIN_WORDS];
    SlabBlock *bins[BINS];
};

void *slab_map_aligned(size_t size)
{
    size_t align = 1;
    while (align < size && align < LARGE_CHUNK) {
        align *= 2;
    }
    size_t room = size + align;
    uint8_t *got = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (got == MAP_FAILED) {
        return NULL;
    }
    size_t before = -(uintptr_t)got & (align - 1);
    if (before) {
        munmap(got, before);
    }
    if (room - before - size) {
        munmap(got + before + size, room - before - size);
    }
    if (size >= LARGE_CHUNK) {
        madvise(got + before, size, MADV_HUGEPAGE);
    }
    return got + before;
}

// The bin that holds free blocks of this size.
static int bin_of(size_t size)
{
    size_t units = size / SLAB_ALIGN;
    if (units < EXACT_BINS) {
        return units;
    }
    int log = 63 - __builtin_clzll(units);
    return EXACT_BINS + ((log - 4) << SUB_BITS) + ((units >> (log - SUB_BITS)) & 7);
}

static void bin_insert(Slab *slab, SlabBlock *block)
{
    int bin = bin_of(block->size);
    block->bin = bin;
    block->free_prev = NULL;
    block->free_next = slab->bins[bin];
    if (block->free_next) {
        block->free_next->free_prev = block;
    }
    slab->bins[bin] = block;
    slab->nonempty[bin / 64] |= 1ull << (bin % 64);
}

static void bin_remove(Slab *slab, SlabBlock *block)
{
    int bin = block->bin;
    if (block->free_prev) {
        block->free_prev->free_next = block->free_next;
    } else {
        slab->bins[bin] = block->free_next;
    }
    if (block->free_next) {
        block->free_next->free_prev = block->free_prev;
    }
    if (!slab->bins[bin]) {
        slab->nonempty[bin / 64] &= ~(1ull << (bin % 64));
    }
    block->bin = -1;
}

// The first bin from `bin` on that is not empty, or -1.
static int bin_next(const Slab *slab, int bin)
{
    int word = bin / 64;
    uint64_t bits = slab->nonempty[word] & (~0ull << (bin % 64));
    while (!bits) {
        if (++word == BIN_WORDS) {
            return -1;
        }
        bits = slab->nonempty[word];
    }
    return word * 64 + __builtin_ctzll(bits);
}

static SlabBlock *find_free(Slab *slab, size_t size)
{
    int bin = bin_of(size);
    // In its own bin some blocks may be smaller than asked; a few tries there, then any of a later
    // bin does.
    int tries = 8;
    for (SlabBlock *block = slab->bins[bin]; block && tries--; block = block->free_next) {
        if (block->size >= size) {
            return block;
        }
    }
    bin = bin + 1 < BINS ? bin_next(slab, bin + 1) : -1;
    return bin < 0 ? NULL : slab->bins[bin];
}

// What find_free left out, before the slab is declared full.
static SlabBlock *find_free_in_bin(Slab *slab, size_t size)
{
    for (SlabBlock *block = slab->bins[bin_of(size)]; block; block = block->free_next) {
        if (block->size >= size) {
            return block;
        }
    }
    return NULL;
}

static BlockChunk *chunk_new(size_t size)
{
    BlockChunk *chunk = slab_map_aligned(size);
    if (!chunk) {
        g_error("out of memory for the descriptors of compiled code");
    }
    chunk->size = size;
    chunk->used = 0;
    chunk->room = (unsigned)((size - sizeof(*chunk)) / sizeof(SlabBlock));
    return chunk;
}

static SlabBlock *descriptor_new(Slab *slab)
{
    SlabBlock *block = slab->spare;
    if (block) {
        slab->spare = block->free_next;
        return block;
    }
    if (!slab->chunks || slab->chunks->used == slab->chunks->room) {
        BlockChunk *chunk = chunk_new(slab->chunks ? LARGE_CHUNK : FIRST_CHUNK);
        chunk->next = slab->chunks;
        slab->chunks = chunk;
    }
    return &slab->chunks->blocks[slab->chunks->used++];
}

static void descriptor_free(Slab *slab, SlabBlock *block)
{
    block->free_next = slab->spare;
    slab->spare = block;
}

static SlabBlock *block_new(Slab *slab, uint8_t *base, size_t size, SlabBlock *lower,
                            SlabBlock *upper)
{
    SlabBlock *block = descriptor_new(slab);
    *block = (SlabBlock){.base = base, .size = size, .lower = lower, .upper = upper, .bin = -1};
    if (lower) {
        lower->upper = block;
    }
    if (upper) {
        upper->lower = block;
    }
    return block;
}

// Several pages at once: most of what a page costs is the exception at its first use.
static void populate(Slab *slab, uint8_t *end)
{
    if (end > slab->populated) {
        size_t step = MAX((size_t)POPULATE_STEP, (size_t)(end - slab->populated));
        step = MIN(step, (size_t)(slab->committed - slab->populated));
        madvise(slab->populated, step, MADV_POPULATE_WRITE);
        slab->populated += step;
    }
}

static SlabBlock *take_from_top(Slab *slab, size_t size)
{
    if (size > (size_t)(slab->end - slab->top)) {
        return NULL;
    }
    uint8_t *new_top = slab->top + size;
    if (new_top > slab->committed) {
        size_t step = (new_top - slab->committed + SLAB_COMMIT_STEP - 1) &
                      -(size_t)SLAB_COMMIT_STEP;
        step = MIN(step, (size_t)(slab->end - slab->committed));
        if (mprotect(slab->committed, step, PROT_READ | PROT_WRITE | PROT_EXEC) < 0) {
            return NULL;
        }
        slab->committed += step;
    }
    populate(slab, new_top);
    SlabBlock *block = block_new(slab, slab->top, size, slab->highest, NULL);
    slab->top = new_top;
    slab->highest = block;
    return block;
}

SlabBlock *slab_alloc(Slab *slab, size_t size)
{
    size = (size + slab->align - 1) & -slab->align;
    g_assert(size != 0);
    pthread_mutex_lock(&slab->lock);
    SlabBlock *block = find_free(slab, size);
    if (!block) {
        block = take_from_top(slab, size);
    }
    if (!block) {
        block = find_free_in_bin(slab, size);
    }
    if (block) {
        if (block->bin >= 0) {
            bin_remove(slab, block);
        }
        if (block->size > size) {
            // The highest block is never free (it would have gone back to the top), so `upper` is.
            bin_insert(
                slab, block_new(slab, block->base + size, block->size - size, block, block->upper));
            block->size = size;
        }
        slab->used += size;
        slab->blocks++;
    }
    pthread_mutex_unlock(&slab->lock);
    return block;
}

// Makes one free block of two neighbours.
static SlabBlock *merge(Slab *slab, SlabBlock *lower, SlabBlock *upper)
{
    lower->size += upper->size;
    lower->upper = upper->upper;
    if (lower->upper) {
        lower->upper->lower = lower;
    }
    descriptor_free(slab, upper);
    return lower;
}

void slab_release(Slab *slab, SlabBlock *block)
{
    if (!block) {
        return;
    }
    pthread_mutex_lock(&slab->lock);
    g_assert(block->bin < 0);
#if defined(__x86_64__)
    memset(block->base, 0xcc, block->size); // int3: a stale jump stops here, with a clear signal
#else
    memset(block->base, 0, block->size); // undefined on AArch64
#endif
    slab->used -= block->size;
    slab->blocks--;
    if (block->lower && block->lower->bin >= 0) {
        SlabBlock *lower = block->lower;
        bin_remove(slab, lower);
        if (slab->highest == block) {
            slab->highest = lower;
        }
        block = merge(slab, lower, block);
    }
    if (block->upper && block->upper->bin >= 0) {
        bin_remove(slab, block->upper);
        block = merge(slab, block, block->upper);
    }
    if (block == slab->highest) {
        slab->top = block->base;
        slab->highest = block->lower;
        if (block->lower) {
            block->lower->upper = NULL;
        }
        descriptor_free(slab, block);
    } else {
        bin_insert(slab, block);
    }
    pthread_mutex_unlock(&slab->lock);
}

// Address space at most 2 GiB less the slab away from `near`, looked for downwards: above a PIE lie the
// heap, which grows, and on the way there whatever the kernel placed.
static uint8_t *reserve_near(size_t size, const void *near)
{
    const uintptr_t step = 64 << 20;
    const uintptr_t reach = (2ull << 30) - (64 << 20); // the program's own size is well below 64 MB
    uintptr_t at = ((uintptr_t)near & -step) - step;
    uintptr_t lowest = (uintptr_t)near > reach ? (uintptr_t)near - reach : step;
    for (; at > size && at - size >= lowest; at -= step) {
        void *got = mmap((void *)(at - size), size, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
        if (got == (void *)(at - size)) {
            return got;
        }
        if (got != MAP_FAILED) {
            munmap(got, size); // a kernel before 4.17 takes the address as a hint
        }
    }
    return NULL;
}

static uint8_t *reserve(size_t size, const void *near)
{
    uint8_t *base = near ? reserve_near(size, near) : NULL;
    if (base) {
        return base;
    }
    base = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return base == MAP_FAILED ? NULL : base;
}

Slab *slab_new(size_t size, const void *near, GError **error)
{
    size_t page = sysconf(_SC_PAGESIZE);
    size = (MAX(size, (size_t)SLAB_MIN_RESERVE) + page - 1) & -page;
    size_t least = MAX(size / 32, (size_t)SLAB_MIN_RESERVE);
    uint8_t *base = NULL;
    for (size_t want = size; !base && want >= least; want = (want / 2 + page - 1) & -page) {
        base = reserve(want, near);
        size = want;
    }
    if (!base) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                    "cannot reserve %zu KiB of address space for compiled code: %s (see ulimit -v)",
                    size >> 10, g_strerror(errno));
        return NULL;
    }
    // Ask once now, so that a system that forbids such memory is found out with a message, and not
    // taken for a full slab.
    size_t first = MIN(size, (size_t)SLAB_COMMIT_STEP);
    if (mprotect(base, first, PROT_READ | PROT_WRITE | PROT_EXEC) < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                    "cannot get memory that is writable and executable: %s (SELinux: execmem)",
                    g_strerror(errno));
        munmap(base, size);
        return NULL;
    }
    madvise(base, size, MADV_HUGEPAGE); // or not
    Slab *slab = g_new0(Slab, 1);
    pthread_mutex_init(&slab->lock, NULL);
    slab->base = slab->top = base;
    slab->end = base + size;
    slab->align = SLAB_ALIGN;
    slab->committed = base + first;
    slab->populated = base;
    return slab;
}

void slab_pack(Slab *slab) { slab->align = SLAB_MIN_ALIGN; }

void slab_free(Slab *slab)
{
    if (!slab) {
        return;
    }
    for (BlockChunk *chunk = slab->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        munmap(chunk, chunk->size);
    }
    munmap(slab->base, slab->end - slab->base);
    pthread_mutex_destroy(&slab->lock);
    g_free(slab);
}

void slab_range(const Slab *slab, uint8_t **base, size_t *size)
{
    *base = slab->base;
    *size = slab->end - slab->base;
}

SlabStats slab_stats(Slab *slab)
{
    pthread_mutex_lock(&slab->lock);
    SlabStats stats = {
        .reserved = slab->end - slab->base,
        .committed = slab->committed - slab->base,
        .used = slab->used,
        .blocks = slab->blocks,
    };
    pthread_mutex_unlock(&slab->lock);
    return stats;
}

void slab_lock(Slab *slab) { pthread_mutex_lock(&slab->lock); }

void slab_unlock(Slab *slab) { pthread_mutex_unlock(&slab->lock); }
