// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The map of the guest's address space: a sorted array of disjoint regions under a read-write lock.  An
// array, because it is read far more often than changed, and by binary search.

#include <pthread.h>
#include <string.h>

#include "guest-memory-internal.h"

uintptr_t guest_base;

static struct GuestMap {
    pthread_rwlock_t lock;
    GArray *regions; // of GuestRegion
    uint64_t low, limit;
} map = {.lock = PTHREAD_RWLOCK_INITIALIZER, .low = 0x10000, .limit = 1ull << 47};

void guest_map_rdlock(void) { pthread_rwlock_rdlock(&map.lock); }
void guest_map_wrlock(void)
{
    pthread_rwlock_wrlock(&map.lock);
    if (!map.regions) {
        map.regions = g_array_new(FALSE, FALSE, sizeof(GuestRegion));
    }
}
void guest_map_unlock(void) { pthread_rwlock_unlock(&map.lock); }

void guest_memory_fork_prepare(void) { guest_map_wrlock(); }
void guest_memory_fork_parent(void) { guest_map_unlock(); }
// A write lock knows its thread by a number that the child does not have.
void guest_memory_fork_child(void) { pthread_rwlock_init(&map.lock, NULL); }

void guest_memory_limits(uint64_t *low, uint64_t *limit)
{
    *low = map.low;
    *limit = map.limit;
}

void guest_memory_set_limits(uint64_t low, uint64_t limit)
{
    map.low = low;
    map.limit = limit;
}

unsigned guest_map_count(void) { return map.regions ? map.regions->len : 0; }
GuestRegion *guest_map_get(unsigned index)
{
    return &g_array_index(map.regions, GuestRegion, index);
}

unsigned guest_map_index(uint64_t addr)
{
    unsigned lo = 0, hi = guest_map_count();
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (guest_map_get(mid)->end <= addr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

// Makes addr a border: splits the region that covers it.
static void split_at(uint64_t addr)
{
    unsigned i = guest_map_index(addr);
    if (i >= guest_map_count() || guest_map_get(i)->start >= addr) {
        return;
    }
    GuestRegion upper = *guest_map_get(i);
    guest_map_get(i)->end = addr;
    if (!(upper.flags & MAP_ANONYMOUS)) {
        upper.offset += addr - upper.start;
    }
    upper.start = addr;
    g_array_insert_val(map.regions, i + 1, upper);
}

static bool may_merge(const GuestRegion *a, const GuestRegion *b)
{
    return a->end == b->start && a->prot == b->prot && a->flags == b->flags && a->name == b->name &&
           ((a->flags & MAP_ANONYMOUS) || a->offset + (a->end - a->start) == b->offset);
}

// Merges the regions from index first - 1 to last + 1 where they are alike.
static void merge_around(unsigned first, unsigned last)
{
    first -= first > 0;
    for (unsigned i = MIN(last + 1, guest_map_count() - 1); i > first; i--) {
        if (may_merge(guest_map_get(i - 1), guest_map_get(i))) {
            guest_map_get(i - 1)->end = guest_map_get(i)->end;
            g_array_remove_index(map.regions, i);
        }
    }
}

void guest_map_remove(uint64_t start, uint64_t end)
{
    split_at(start);
    split_at(end);
    unsigned first = guest_map_index(start), last = guest_map_index(end - 1);
    last += last < guest_map_count() && guest_map_get(last)->start < end;
    if (last > first) {
        g_array_remove_range(map.regions, first, last - first);
    }
}

void guest_map_set(const GuestRegion *r)
{
    guest_map_remove(r->start, r->end);
    unsigned i = guest_map_index(r->start);
    g_array_insert_val(map.regions, i, *r);
    merge_around(i, i);
}

bool guest_map_covers(uint64_t start, uint64_t end)
{
    for (unsigned i = guest_map_index(start); i < guest_map_count(); i++) {
        const GuestRegion *r = guest_map_get(i);
        if (r->start > start) {
            return false;
        }
        if (r->end >= end) {
            return true;
        }
        start = r->end;
    }
    return false;
}

void guest_map_set_prot(uint64_t start, uint64_t end, int prot)
{
    split_at(start);
    split_at(end);
    unsigned first = guest_map_index(start), i = first;
    for (; i < guest_map_count() && guest_map_get(i)->start < end; i++) {
        guest_map_get(i)->prot = prot;
    }
    if (i > first) {
        merge_around(first, i - 1);
    }
}

bool guest_map_each_gap(uint64_t start, uint64_t end, bool (*fn)(uint64_t, uint64_t, void *),
                        void *opaque)
{
    for (unsigned i = guest_map_index(start); start < end; i++) {
        uint64_t next = i < guest_map_count() ? guest_map_get(i)->start : end;
        next = MIN(next, end);
        if (start < next && !fn(start, next, opaque)) {
            return false;
        }
        if (i >= guest_map_count()) {
            break;
        }
        start = guest_map_get(i)->end;
    }
    return true;
}

// --- what others ask --------------------------------------------------------------------------------

void guest_memory_init(uint64_t low, uint64_t limit)
{
    guest_map_wrlock();
    guest_memory_set_limits(low, limit);
    guest_map_unlock();
}

bool guest_memory_find(uint64_t addr, GuestRegion *out)
{
    guest_map_rdlock();
    unsigned i = guest_map_index(addr);
    bool found = i < guest_map_count() && guest_map_get(i)->start <= addr;
    if (found && out) {
        *out = *guest_map_get(i);
    }
    guest_map_unlock();
    return found;
}

void guest_memory_foreach(void (*fn)(const GuestRegion *r, void *opaque), void *opaque)
{
    guest_map_rdlock();
    unsigned n = guest_map_count();
    GuestRegion *copy = n ? g_memdup2(guest_map_get(0), n * sizeof(GuestRegion)) : NULL;
    guest_map_unlock();
    for (unsigned i = 0; i < n; i++) {
        fn(&copy[i], opaque);
    }
    g_free(copy);
}

void guest_memory_set_name(uint64_t start, uint64_t end, const char *name)
{
    guest_map_wrlock();
    split_at(start);
    split_at(end);
    unsigned first = guest_map_index(start), i = first;
    for (; i < guest_map_count() && guest_map_get(i)->start < end; i++) {
        guest_map_get(i)->name = g_intern_string(name);
    }
    if (i > first) {
        merge_around(first, i - 1);
    }
    guest_map_unlock();
}

bool guest_access_ok(uint64_t addr, uint64_t len, int prot)
{
    uint64_t end = addr + len;
    if (end < addr) {
        return false;
    }
    // What may be written or executed may be read on the hosts and guests that there are.
    bool ok = len == 0;
    guest_map_rdlock();
    for (unsigned i = guest_map_index(addr); !ok && i < guest_map_count(); i++) {
        const GuestRegion *r = guest_map_get(i);
        int has = r->prot & (PROT_WRITE | PROT_EXEC) ? r->prot | PROT_READ : r->prot;
        if (r->start > addr || (has & prot) != prot) {
            break;
        }
        ok = r->end >= end;
        addr = r->end;
    }
    guest_map_unlock();
    return ok;
}

// --- protection of code pages ----------------------------------------------------------------------

// The page's rights for the guest, 0 when it is not mapped.
static int page_prot(uint64_t page)
{
    guest_map_rdlock();
    unsigned i = guest_map_index(page);
    int prot = i < guest_map_count() && guest_map_get(i)->start <= page ? guest_map_get(i)->prot
                                                                        : 0;
    guest_map_unlock();
    return prot;
}

bool guest_page_protect(uint64_t page)
{
    int prot = page_prot(page);
    if (!(prot & PROT_WRITE)) {
        return false;
    }
    return mprotect(g2h(page), GUEST_PAGE_SIZE, guest_host_prot(prot) & ~PROT_WRITE) == 0;
}

void guest_page_unprotect(uint64_t page)
{
    int prot = page_prot(page);
    if (prot & PROT_WRITE) {
        mprotect(g2h(page), GUEST_PAGE_SIZE, guest_host_prot(prot));
    }
}
