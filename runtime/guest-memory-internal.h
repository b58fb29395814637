// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The guest's memory map as the runtime core sees it.  Lock order: the block cache's lock (tb.h), then the
// map's, then leaf locks.  Whoever changes mappings holds both.

#ifndef RUNTIME_GUEST_MEMORY_INTERNAL_H
#define RUNTIME_GUEST_MEMORY_INTERNAL_H

#include <glib.h>

#include "guest-memory.h"

// What the host's page tables allow where the guest has these rights: never execution, and what may be
// executed may be read (the translator does).
static inline int guest_host_prot(int prot)
{
    int p = prot & (PROT_READ | PROT_WRITE);
    return prot & (PROT_EXEC | PROT_WRITE) ? p | PROT_READ : p;
}

static inline uint64_t guest_page_align(uint64_t x)
{
    return (x + GUEST_PAGE_SIZE - 1) & GUEST_PAGE_MASK;
}

// --- the map (guest-map.c); the caller holds the lock ------------------------------------------------
void guest_map_rdlock(void);
void guest_map_wrlock(void);
void guest_map_unlock(void);

// Index of the first region that ends behind addr; regions are sorted and disjoint.
unsigned guest_map_index(uint64_t addr);
unsigned guest_map_count(void);
GuestRegion *guest_map_get(unsigned index);
// Takes [start, end) out of the map.
void guest_map_remove(uint64_t start, uint64_t end);
// Puts a region into the map in place of what was there.
void guest_map_set(const GuestRegion *r);
// Is all of [start, end) mapped?
bool guest_map_covers(uint64_t start, uint64_t end);
// Changes the rights of what is mapped in [start, end).
void guest_map_set_prot(uint64_t start, uint64_t end, int prot);
// Calls fn for each maximal piece of [start, end) that is not mapped, until it gives false.
bool guest_map_each_gap(uint64_t start, uint64_t end, bool (*fn)(uint64_t, uint64_t, void *),
                        void *opaque);

// What Linux keeps free below a growing mapping (stack_guard_gap).
#define GUARD_GAP (UINT64_C(256) * GUEST_PAGE_SIZE)

// guest-mmap.c; the caller holds both locks.
void guest_mmap_lock(void);
void guest_mmap_unlock(void);
void guest_mmap_invalidate(uint64_t start, uint64_t end);
// May so many bytes more be mapped, in place of what is in [start, end)?  RLIMIT_AS and RLIMIT_DATA.
bool guest_mmap_fits(uint64_t start, uint64_t end, bool is_data);
uint64_t guest_mmap_limit(int resource);
// One past the highest address that mmap may choose; at first the same as the end of the stack.
uint64_t guest_mmap_top(void);
void guest_mmap_set_top(uint64_t top);

void guest_memory_limits(uint64_t *low, uint64_t *limit);
void guest_memory_set_limits(uint64_t low, uint64_t limit);

// Write protection of a page with blocks: host rights without and with PROT_WRITE.  The caller holds the
// block cache's lock.  The first gives false when the page is not writable to the guest (nothing is
// done then).
bool guest_page_protect(uint64_t page);
void guest_page_unprotect(uint64_t page);

void guest_memory_fork_prepare(void);
void guest_memory_fork_parent(void);
void guest_memory_fork_child(void);

#endif
