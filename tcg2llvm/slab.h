// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The slab: one contiguous piece of address space that holds all compiled code and its constants, so
// that every relocation between objects fits 32 bits and the whole costs two VMAs. See slab.c.
#ifndef MYNA_TCG2LLVM_SLAB_H
#define MYNA_TCG2LLVM_SLAB_H

#include <stddef.h>
#include <stdint.h>
#include <glib.h>

typedef struct Slab Slab;

// A piece of the slab. The fields below `size` are the slab's own.
typedef struct SlabBlock {
    uint8_t *base; // aligned to SLAB_ALIGN (see slab_pack); readable, writable and executable
    size_t size;   // bytes, a multiple of that, at least what was asked for
    struct SlabBlock *lower, *upper;         // neighbours in address order, free or not
    struct SlabBlock *free_prev, *free_next; // in the bin of the free blocks of its size
    int bin;                                 // -1: in use
} SlabBlock;

enum {
    SLAB_ALIGN = 64, // a cache line
    SLAB_MIN_ALIGN = 16,
    SLAB_COMMIT_STEP = 4 << 20,  // memory is made accessible in steps of so many bytes
    SLAB_MIN_RESERVE = 64 << 10, // slab_new takes no less
};

// How much is in use; for statistics and tests.
typedef struct SlabStats {
    size_t reserved;  // bytes of address space
    size_t committed; // bytes made accessible
    size_t used;      // bytes in blocks that are in use
    size_t blocks;    // blocks in use
} SlabStats;

// Reserves `size` bytes (rounded up to pages), preferably within reach of a 32-bit displacement of
// `near` (the program's own text, so that helpers are called directly; NULL: anywhere). When so much
// cannot be had (RLIMIT_AS), halves it until 1/32 of the request. NULL and an error of G_FILE_ERROR's
// domain when there is nothing, or when the system refuses memory that is writable and executable.
Slab *slab_new(size_t size, const void *near, GError **error);

// Before the first block: blocks are aligned to SLAB_MIN_ALIGN alone, so that many small ones take less.
void slab_pack(Slab *slab);

// Unmaps everything; nothing may run in the slab any more, and all blocks are gone.
void slab_free(Slab *slab);

// A block of at least `size` bytes (not 0); NULL when the slab is full. The content is arbitrary.
// Thread-safe.
SlabBlock *slab_alloc(Slab *slab, size_t size);

// Gives a block back (it may be given out again at once: nothing may run in it) and fills it with
// traps. NULL is allowed. Thread-safe.
void slab_release(Slab *slab, SlabBlock *block);

// The reserved range.
void slab_range(const Slab *slab, uint8_t **base, size_t *size);
SlabStats slab_stats(Slab *slab);

// Zeroed memory, `size` bytes, a multiple of the page size, for data that is as large as a slab's: on large pages when
// it is 2 MiB or more, and aligned as they are. NULL when there is none. munmap it.
void *slab_map_aligned(size_t size);

// Around fork(): no other thread may be inside the allocator when the child is made. Parent and child
// both unlock.
void slab_lock(Slab *slab);
void slab_unlock(Slab *slab);

#endif
