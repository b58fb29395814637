// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The guest's stack, and mappings that grow downwards.
//
// The program's stack is mapped in full, as large as RLIMIT_STACK allows: the kernel may be told to write to
// a page of it that has not been touched yet, and some calls have done half their work when they find
// that they cannot.  Other mappings with MAP_GROWSDOWN, which nobody but old thread libraries makes, grow
// when they are touched, in the fault handler; the kernel must not do it, for the map has to know.

#include <errno.h>
#include <sys/resource.h>

#include "cpu-exec.h"
#include "guest-memory-internal.h"
#include "tb.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define STACK_ROOM (UINT64_C(128) << 20)

static uint64_t stack_top, stack_room;

void guest_stack_reserve(uint64_t size)
{
    stack_top = guest_mmap_top();
    stack_room = MIN(MAX(size, MIN(STACK_ROOM, stack_top / 8)), stack_top / 4 * 3);
    stack_room = guest_page_align(stack_room);
    guest_mmap_set_top(stack_top - stack_room - GUARD_GAP);
}

int64_t guest_stack_map(uint64_t size, int prot, uint64_t *top)
{
    size = guest_page_align(size);
    if (size > stack_room) {
        return -ENOMEM;
    }
    *top = stack_top;
    return guest_mmap(stack_top - size, size, prot,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK | MAP_GROWSDOWN |
                          MAP_FIXED_NOREPLACE,
                      -1, 0);
}

// Makes r begin at start, in the room below it; false when that is not free.
static bool extend_down(GuestRegion r, uint64_t start)
{
    void *want = g2h(start);
    if (!guest_mmap_fits(start, r.start, false)) {
        return false;
    }
    void *got = mmap(want, r.start - start, guest_host_prot(r.prot),
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got != want) {
        if (got != MAP_FAILED) {
            munmap(got, r.start - start);
        }
        return false;
    }
    r.start = start;
    guest_map_set(&r);
    return true;
}

void guest_stack_resize(uint64_t limit, uint64_t sp)
{
    guest_mmap_lock();
    unsigned i = guest_map_index(stack_top - 1);
    if (i < guest_map_count() && (guest_map_get(i)->flags & MAP_GROWSDOWN)) {
        GuestRegion r = *guest_map_get(i);
        uint64_t low = r.end - MIN(guest_page_align(MIN(limit, stack_room)), stack_room);
        if (low < r.start) {
            extend_down(r, low);
        } else if (sp >= r.start && sp < r.end) {
            // Nothing says how far down it has been used; but what is below sp is dead.
            low = MIN(low, (sp & GUEST_PAGE_MASK) - 2 * GUEST_PAGE_SIZE);
            if (low > r.start && munmap(g2h(r.start), low - r.start) == 0) {
                guest_map_remove(r.start, low);
                guest_mmap_invalidate(r.start, low);
            }
        }
    }
    guest_mmap_unlock();
}

bool guest_memory_grow(uint64_t addr)
{
    uint64_t page = addr & GUEST_PAGE_MASK;
    bool grown = false;
    if (tb_lock_held()) {
        return false;
    }
    guest_mmap_lock();
    unsigned i = guest_map_index(page);
    if (i < guest_map_count() && page < guest_map_get(i)->start &&
        (guest_map_get(i)->flags & MAP_GROWSDOWN)) {
        const GuestRegion *below = i > 0 ? guest_map_get(i - 1) : NULL;
        bool room = !below || !below->prot || (below->flags & MAP_GROWSDOWN) ||
                    page - below->end >= GUARD_GAP;
        GuestRegion r = *guest_map_get(i);
        grown = room && r.end - page <= guest_mmap_limit(RLIMIT_STACK) && extend_down(r, page);
    }
    guest_mmap_unlock();
    return grown;
}
