// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The system calls that change the guest's mappings.  Each changes the host's mappings, the map and the
// block cache under both locks, so that no thread translates from a half-changed page.
//
// With guest base 0 guest and myna share one address space.  A fixed mapping may therefore cover only
// what is the guest's already or what nobody has: the gaps in the map are first reserved with
// MAP_FIXED_NOREPLACE, which fails where myna has something.

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <unistd.h>

#include "event-internal.h"
#include "guest-memory-internal.h"
#include "log.h"
#include "process.h"
#include "tb.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

void guest_mmap_lock(void)
{
    tb_lock();
    guest_map_wrlock();
}

// Invalidation needs the map for page rights: it runs with the block cache's lock alone.
void guest_mmap_invalidate(uint64_t start, uint64_t end)
{
    guest_map_unlock();
    tb_invalidate_range_locked(start, end);
    guest_map_wrlock();
}

void guest_mmap_unlock(void)
{
    guest_map_unlock();
    tb_unlock();
}

static bool range_bad(uint64_t addr, uint64_t len)
{
    uint64_t low, high;
    guest_memory_limits(&low, &high);
    return addr > high || len > high - addr;
}

// --- limits --------------------------------------------------------------------------------------

static struct {
    uint64_t as, data, stack;
} limit = {UINT64_MAX, UINT64_MAX, UINT64_MAX};

static uint64_t *limit_of(int resource)
{
    switch (resource) {
    case RLIMIT_AS: return &limit.as;
    case RLIMIT_DATA: return &limit.data;
    case RLIMIT_STACK: return &limit.stack;
    default: return NULL;
    }
}

void guest_memory_set_limit(int resource, uint64_t bytes)
{
    guest_mmap_lock();
    *limit_of(resource) = bytes;
    guest_mmap_unlock();
}

uint64_t guest_mmap_limit(int resource) { return *limit_of(resource); }

// What Linux counts as data.
static bool region_is_data(const GuestRegion *r)
{
    return (r->prot & PROT_WRITE) && !(r->flags & (MAP_SHARED | MAP_GROWSDOWN));
}

bool guest_mmap_fits(uint64_t start, uint64_t end, bool is_data)
{
    uint64_t all = end - start, data = end - start;
    if (limit.as == UINT64_MAX && (limit.data == UINT64_MAX || !is_data)) {
        return true;
    }
    for (unsigned i = 0; i < guest_map_count(); i++) {
        const GuestRegion *r = guest_map_get(i);
        uint64_t size = r->end - r->start, from = MAX(r->start, start), to = MIN(r->end, end);
        size -= from < to ? to - from : 0;
        // The stack is there in full; Linux would count what of it has been used.
        all += r->flags & MAP_GROWSDOWN ? MIN(size, 33 * GUEST_PAGE_SIZE) : size;
        data += region_is_data(r) ? size : 0;
    }
    return all <= limit.as && (!is_data || data <= limit.data);
}

// --- telling ---------------------------------------------------------------------------------------

// After the call, without the locks: who is told may look at the map.
static void tell_mapped(uint64_t start, uint64_t len)
{
    GuestRegion r;
    if (event_wanted(EVENT_MAP) && guest_memory_find(start, &r)) {
        event_fire_map(start, start + len, r.prot, r.name, r.offset + (start - r.start), true);
    }
}

static void tell_changed(uint64_t start, uint64_t end, int prot)
{
    if (event_wanted(EVENT_MAP)) {
        event_fire_map(start, end, prot, NULL, 0, false);
    }
}

// --- reserving gaps --------------------------------------------------------------------------------

typedef struct Reservation {
    uint64_t start, end; // what was reserved; only gaps in there
    bool hold;           // keep what was got
} Reservation;

static bool release_gap(uint64_t start, uint64_t end, void *opaque)
{
    Reservation *r = opaque;
    end = MIN(end, r->end);
    if (start < end) {
        munmap(g2h(start), end - start);
    }
    return true;
}

static bool reserve_gap(uint64_t start, uint64_t end, void *opaque)
{
    Reservation *r = opaque;
    void *want = g2h(start);
    void *got = mmap(want, end - start, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == MAP_FAILED) {
        return false;
    }
    if (got != want) { // a kernel older than 4.17 takes it for a hint
        munmap(got, end - start);
        return false;
    }
    r->end = end;
    return true;
}

static void release_gaps(Reservation *r) { guest_map_each_gap(r->start, r->end, release_gap, r); }

// Makes [start, end) safe to map over.  false when a part of it is myna's.
static bool reserve_gaps(Reservation *r, uint64_t start, uint64_t end)
{
    *r = (Reservation){.start = start, .end = start};
    if (guest_map_each_gap(start, end, reserve_gap, r)) {
        r->end = end;
        return true;
    }
    release_gaps(r);
    return false;
}

static bool probe_gap(uint64_t start, uint64_t end, void *opaque)
{
    (void)opaque;
    Reservation r = {0};
    if (!reserve_gap(start, end, &r)) {
        return false;
    }
    munmap(g2h(start), end - start);
    return true;
}

bool guest_range_is_ours(uint64_t addr, uint64_t len)
{
    uint64_t start = addr & GUEST_PAGE_MASK, end = guest_page_align(addr + len);
    if (len == 0 || range_bad(addr, len)) {
        return false;
    }
    guest_mmap_lock();
    bool free = guest_map_each_gap(start, end, probe_gap, NULL);
    guest_mmap_unlock();
    return !free;
}

// --- mmap --------------------------------------------------------------------------------------

static const char *file_name(int fd)
{
    char link[32], path[PATH_MAX];
    snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof(path) - 1);
    if (n < 0) {
        return NULL;
    }
    path[n] = 0;
    return g_intern_string(path);
}

static void log_mapping(const char *what, uint64_t start, uint64_t end, int prot, const char *name)
{
    if (log_enabled(LOG_PAGE)) {
        log_printf("%s %016" PRIx64 "-%016" PRIx64 " %c%c%c %s\n", what, start, end,
                   prot & PROT_READ ? 'r' : '-', prot & PROT_WRITE ? 'w' : '-',
                   prot & PROT_EXEC ? 'x' : '-', name ? name : "");
    }
}

// Where mmap looks for room when the guest leaves the choice to it: downwards from here, at addresses
// that are the same in each run, because units in the persistent cache hold guest addresses.  Neither the
// kernel's own choices nor myna's mappings come that far down.
#define MMAP_TOP UINT64_C(0x700000000000)
#define HUGE_PAGE (UINT64_C(2) << 20)
static uint64_t mmap_cursor; // nothing above it is known to be free; 0: the top

static uint64_t mmap_highest; // 0: MMAP_TOP

uint64_t guest_mmap_top(void)
{
    uint64_t low, high;
    guest_memory_limits(&low, &high);
    return MIN(high, mmap_highest ? mmap_highest : MMAP_TOP);
}

void guest_mmap_set_top(uint64_t top) { mmap_highest = top; }

// The highest free room below the cursor; 0 when there is none, and the kernel is to choose.
static uint64_t choose_address(uint64_t len)
{
    uint64_t low, high, top = mmap_cursor ? mmap_cursor : guest_mmap_top();
    guest_memory_limits(&low, &high);
    unsigned i = guest_map_index(top - 1);
    for (;;) {
        // The regions from i on lie above top or reach to it.
        uint64_t bottom = i > 0 ? MAX(guest_map_get(i - 1)->end, low) : low;
        uint64_t end = i < guest_map_count() ? MIN(guest_map_get(i)->start, top) : top;
        if (end < top && (guest_map_get(i)->flags & MAP_GROWSDOWN)) {
            end -= MIN(end, GUARD_GAP);
        }
        if (end > bottom && end - bottom >= len) {
            uint64_t start = end - len;
            if (len >= HUGE_PAGE && (start & -HUGE_PAGE) >= bottom) {
                start &= -HUGE_PAGE; // large pages need their alignment
            }
            mmap_cursor = start;
            return start;
        }
        if (i == 0) {
            return 0;
        }
        i--;
    }
}

static void room_is_free(uint64_t end)
{
    if (mmap_cursor && end > mmap_cursor) {
        mmap_cursor = MIN(end, guest_mmap_top());
    }
}

// mlockall(MCL_FUTURE): how new mappings are locked (MCL_*), and in which process, for a fork's child begins without.
static int lock_future;
static pid_t lock_owner;

static int64_t lock_piece(uint64_t start, uint64_t end, int how)
{
    unsigned flags = how & MCL_ONFAULT ? MLOCK_ONFAULT : 0;
    // As Linux does for mlockall, what cannot be faulted in (PROT_NONE, behind a file's end) is no error.
    int err = mlock2(g2h(start), end - start, flags) < 0 ? errno : 0;
    return err == EPERM || err == EAGAIN ? -err : 0;
}

static int64_t mmap_locked(uint64_t addr, uint64_t len, int prot, int flags, int fd,
                           uint64_t offset)
{
    Reservation reserved = {0};
    // The kernel would extend a growing mapping behind the map's back.
    int host_flags = flags & ~MAP_GROWSDOWN;
    bool fixed = flags & MAP_FIXED;
    bool is_data = (prot & PROT_WRITE) && !(flags & (MAP_SHARED | MAP_GROWSDOWN));
    if (!guest_mmap_fits(fixed ? addr : 0, fixed ? addr + len : len, is_data)) {
        return -ENOMEM;
    }
    if (flags & MAP_FIXED_NOREPLACE) {
        if (guest_map_index(addr) < guest_map_count() &&
            guest_map_get(guest_map_index(addr))->start < addr + len) {
            return -EEXIST;
        }
    } else if (fixed) {
        if (!reserve_gaps(&reserved, addr, addr + len)) {
            return -ENOMEM;
        }
    }
    bool choose = !addr && !fixed && !(flags & (MAP_FIXED_NOREPLACE | MAP_32BIT | MAP_HUGETLB));
    if (choose) {
        addr = choose_address(len);
    }
    // Not a hint: of a file, Linux 6.7 and later follow none but where there is room for two megabytes more.
    int insist = choose && addr ? MAP_FIXED_NOREPLACE : 0;
    void *p = mmap(g2h(addr), len, guest_host_prot(prot), host_flags | insist, fd, (off_t)offset);
    if (p == MAP_FAILED && insist && errno == EEXIST) { // something of myna's
        p = mmap(g2h(addr), len, guest_host_prot(prot), host_flags, fd, (off_t)offset);
    }
    if (p == MAP_FAILED) {
        int err = errno;
        release_gaps(&reserved);
        return -err;
    }
    uint64_t start = h2g(p), end = start + len;
    if ((flags & MAP_FIXED_NOREPLACE) && start != addr) {
        munmap(p, len);
        return -EEXIST;
    }
    GuestRegion r = {.start = start,
                     .end = end,
                     .prot = prot & (PROT_READ | PROT_WRITE | PROT_EXEC),
                     .flags = flags & (MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN),
                     .offset = flags & MAP_ANONYMOUS ? 0 : offset,
                     .name = flags & MAP_ANONYMOUS ? NULL : file_name(fd)};
    if ((flags & MAP_TYPE) == MAP_SHARED_VALIDATE) {
        r.flags = (r.flags & ~MAP_PRIVATE) | MAP_SHARED;
    }
    if (fixed) {
        guest_mmap_invalidate(start, end);
    }
    guest_map_set(&r);
    log_mapping("mmap", start, end, prot, r.name);
    if (lock_future && lock_owner == getpid()) {
        lock_piece(start, end, lock_future);
    }
    return (int64_t)start;
}

int64_t guest_mmap(uint64_t addr, uint64_t len, int prot, int flags, int fd, uint64_t offset)
{
    uint64_t rounded = guest_page_align(len);
    bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    if (len == 0 || (fixed && (addr & ~GUEST_PAGE_MASK)) || (offset & ~GUEST_PAGE_MASK)) {
        return -EINVAL;
    }
    if (rounded < len || (fixed && range_bad(addr, rounded)) || range_bad(0, rounded)) {
        return -ENOMEM;
    }
    addr &= GUEST_PAGE_MASK;
    if (!fixed && range_bad(addr, rounded)) {
        addr = 0; // a hint that cannot be followed
    }
    guest_mmap_lock();
    int64_t ret = mmap_locked(addr, rounded, prot, flags, fd, offset);
    guest_mmap_unlock();
    if (ret >= 0) {
        tell_mapped((uint64_t)ret, rounded);
    }
    return ret;
}

// --- munmap, mprotect, mremap --------------------------------------------------------------------

typedef int64_t RegionFn(uint64_t start, uint64_t end, int arg);

// Calls fn for each mapped piece of [start, end); stops at the first error.
static int64_t each_mapped(uint64_t start, uint64_t end, RegionFn *fn, int arg)
{
    for (unsigned i = guest_map_index(start); i < guest_map_count(); i++) {
        const GuestRegion *r = guest_map_get(i);
        if (r->start >= end) {
            break;
        }
        int64_t ret = fn(MAX(r->start, start), MIN(r->end, end), arg);
        if (ret < 0) {
            return ret;
        }
    }
    return 0;
}

static int64_t unmap_piece(uint64_t start, uint64_t end, int arg)
{
    (void)arg;
    return munmap(g2h(start), end - start) < 0 ? -errno : 0;
}

int64_t guest_munmap(uint64_t addr, uint64_t len)
{
    uint64_t end = addr + guest_page_align(len);
    if ((addr & ~GUEST_PAGE_MASK) || len == 0 || range_bad(addr, end - addr) || end <= addr) {
        return -EINVAL;
    }
    guest_mmap_lock();
    int64_t ret = each_mapped(addr, end, unmap_piece, 0);
    if (ret == 0) {
        guest_map_remove(addr, end);
        room_is_free(end);
        log_mapping("munmap", addr, end, 0, NULL);
        guest_mmap_invalidate(addr, end);
    }
    guest_mmap_unlock();
    if (ret == 0) {
        tell_changed(addr, end, -1);
    }
    return ret;
}

#define LINUX_PROT_SEM 8 // of asm/mman.h: means nothing, and is no error

static int64_t protect_piece(uint64_t start, uint64_t end, int prot)
{
    return mprotect(g2h(start), end - start, guest_host_prot(prot)) < 0 ? -errno : 0;
}

// RLIMIT_DATA: may the private part of [addr, end) become data?
static bool protection_fits(uint64_t addr, uint64_t end, int prot)
{
    const GuestRegion *r = guest_map_get(guest_map_index(addr));
    return !(prot & PROT_WRITE) || (r->flags & (MAP_SHARED | MAP_GROWSDOWN)) ||
           guest_mmap_fits(addr, end, true);
}

// PROT_GROWSDOWN: the change reaches down to the start of the stack that addr is in; 0, or what Linux says when
// it is in none.
static int64_t reach_down(uint64_t *addr, uint64_t end)
{
    unsigned i = guest_map_index(*addr);
    const GuestRegion *r = i < guest_map_count() ? guest_map_get(i) : NULL;
    if (!r || r->start >= end) {
        return -ENOMEM;
    }
    if (!(r->flags & MAP_GROWSDOWN)) {
        return -EINVAL;
    }
    *addr = r->start;
    return 0;
}

int64_t guest_mprotect(uint64_t addr, uint64_t len, int prot)
{
    uint64_t end = addr + guest_page_align(len);
    bool down = prot & PROT_GROWSDOWN, up = prot & PROT_GROWSUP;
    prot &= ~(PROT_GROWSDOWN | PROT_GROWSUP);
    if ((addr & ~GUEST_PAGE_MASK) || (down && up)) {
        return -EINVAL;
    }
    if (len == 0) {
        return 0;
    }
    if (end <= addr) {
        return -ENOMEM;
    }
    if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | LINUX_PROT_SEM)) {
        return -EINVAL;
    }
    if (range_bad(addr, end - addr)) {
        return -ENOMEM;
    }
    prot &= PROT_READ | PROT_WRITE | PROT_EXEC;
    guest_mmap_lock();
    int64_t ret = down ? reach_down(&addr, end) : up ? -EINVAL : 0;
    if (ret == 0 && !(guest_map_covers(addr, end) && protection_fits(addr, end, prot))) {
        ret = -ENOMEM;
    }
    if (ret == 0) {
        ret = each_mapped(addr, end, protect_piece, prot);
        if (ret == 0) {
            guest_map_set_prot(addr, end, prot);
            log_mapping("mprotect", addr, end, prot, NULL);
        }
        // Also after an error half-way: pages that hold blocks may have become writable.
        guest_mmap_invalidate(addr, end);
    }
    guest_mmap_unlock();
    if (ret == 0) {
        tell_changed(addr, end, prot);
    }
    return ret;
}

static int64_t mremap_locked(uint64_t addr, uint64_t old_len, uint64_t new_len, int flags,
                             uint64_t new_addr)
{
    uint64_t span = old_len ? old_len : GUEST_PAGE_SIZE;
    if (!guest_map_covers(addr, addr + span)) {
        return -EFAULT;
    }
    const GuestRegion *first = guest_map_get(guest_map_index(addr));
    if (new_len > old_len && !guest_mmap_fits(addr, addr + new_len, region_is_data(first))) {
        return -ENOMEM;
    }
    Reservation reserved = {0};
    if ((flags & MREMAP_FIXED) && !reserve_gaps(&reserved, new_addr, new_addr + new_len)) {
        return -ENOMEM;
    }
    // Protected code pages split the kernel's mapping, and mremap wants one.
    guest_mmap_invalidate(addr, addr + span);
    GuestRegion r = *guest_map_get(guest_map_index(addr));
    void *p = mremap(g2h(addr), old_len, new_len, flags, g2h(new_addr));
    if (p == MAP_FAILED) {
        int err = errno;
        release_gaps(&reserved);
        return -err;
    }
    uint64_t start = h2g(p);
    if (!(r.flags & MAP_ANONYMOUS)) {
        r.offset += addr - r.start;
    }
    if (old_len && !(flags & MREMAP_DONTUNMAP)) {
        guest_map_remove(addr, addr + old_len);
    }
    r.start = start;
    r.end = start + new_len;
    guest_mmap_invalidate(r.start, r.end);
    guest_map_set(&r);
    log_mapping("mremap", r.start, r.end, r.prot, r.name);
    return (int64_t)start;
}

int64_t guest_mremap(uint64_t addr, uint64_t old_len, uint64_t new_len, uint64_t flags,
                     uint64_t new_addr)
{
    uint64_t old_size = guest_page_align(old_len), new_size = guest_page_align(new_len);
    const uint64_t known = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
    bool keeps = flags & MREMAP_DONTUNMAP;
    if ((flags & ~known) || (keeps && (!(flags & MREMAP_MAYMOVE) || old_size != new_size)) ||
        (addr & ~GUEST_PAGE_MASK) || new_size == 0 || old_size < old_len || new_size < new_len ||
        ((flags & MREMAP_FIXED) && ((new_addr & ~GUEST_PAGE_MASK) ||
                                    range_bad(new_addr, new_size) || !(flags & MREMAP_MAYMOVE)))) {
        return -EINVAL;
    }
    if (range_bad(addr, old_size)) {
        return -EFAULT;
    }
    if (!(flags & MREMAP_FIXED)) {
        new_addr = 0;
    }
    guest_mmap_lock();
    int64_t ret = mremap_locked(addr, old_size, new_size, (int)flags, new_addr);
    guest_mmap_unlock();
    if (ret >= 0) {
        if (old_size && !(flags & MREMAP_DONTUNMAP)) {
            tell_changed(addr, addr + old_size, -1);
        }
        tell_mapped((uint64_t)ret, new_size);
    }
    return ret;
}

int64_t guest_mlockall(int flags)
{
    const int known = MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT;
    if (!(flags & (MCL_CURRENT | MCL_FUTURE)) || (flags & ~known)) {
        return -EINVAL;
    }
    uint64_t low, high, size = 0;
    struct rlimit limit;
    guest_memory_limits(&low, &high);
    guest_mmap_lock();
    for (unsigned i = 0; i < guest_map_count(); i++) {
        size += guest_map_get(i)->end - guest_map_get(i)->start;
    }
    int64_t ret = 0;
    if (!process_has_capability(CAP_IPC_LOCK) && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
        limit.rlim_cur < size) {
        ret = !limit.rlim_cur ? -EPERM : flags & MCL_CURRENT ? -ENOMEM : 0;
    }
    if (ret == 0 && (flags & MCL_CURRENT)) {
        ret = each_mapped(low, high, lock_piece, flags);
    }
    if (ret == 0) {
        lock_future = flags & MCL_FUTURE ? flags : 0;
        lock_owner = getpid();
    }
    guest_mmap_unlock();
    return ret;
}

int64_t guest_munlockall(void)
{
    guest_mmap_lock();
    lock_future = 0;
    int64_t ret = munlockall() < 0 ? -errno : 0; // nothing of myna's own is locked
    guest_mmap_unlock();
    return ret;
}

// --- madvise, msync -----------------------------------------------------------------------------

static int64_t advise_piece(uint64_t start, uint64_t end, int advice)
{
    return madvise(g2h(start), end - start, advice) < 0 ? -errno : 0;
}

// MADV_POPULATE_*: page by page in order, so the first hole or page without the right ends it.
static int64_t populate(uint64_t addr, uint64_t end, int advice)
{
    int right = advice == MADV_POPULATE_WRITE ? PROT_WRITE : PROT_READ;
    for (unsigned i = guest_map_index(addr); addr < end; i++) {
        const GuestRegion *r = i < guest_map_count() ? guest_map_get(i) : NULL;
        if (!r || r->start > addr) {
            return -ENOMEM;
        }
        if (!(r->prot & right)) {
            return -EINVAL;
        }
        uint64_t stop = MIN(r->end, end);
        int64_t ret = advise_piece(addr, stop, advice);
        if (ret < 0) {
            return ret;
        }
        addr = stop;
    }
    return 0;
}

int64_t guest_madvise(uint64_t addr, uint64_t len, int advice)
{
    uint64_t end = addr + guest_page_align(len);
    // Of no bytes, the kernel says whether it knows the advice.
    if ((addr & ~GUEST_PAGE_MASK) || end < addr || (len && end == addr) ||
        madvise(NULL, 0, advice) < 0) {
        return -EINVAL;
    }
    if (end == addr) {
        return 0;
    }
    if (range_bad(addr, end - addr)) {
        return -ENOMEM;
    }
    bool populates = advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE;
    guest_mmap_lock();
    if (advice == MADV_POPULATE_WRITE) {
        guest_map_unlock();
        tb_unprotect_range_locked(addr, end); // needs the map
        guest_map_wrlock();
    }
    int64_t ret = populates ? populate(addr, end, advice)
                            : each_mapped(addr, end, advise_piece, advice);
    if (ret == 0 && !guest_map_covers(addr, end)) {
        ret = -ENOMEM; // as the kernel, after what is mapped has been served
    }
    if (advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_REMOVE) {
        guest_mmap_invalidate(addr, end);
    }
    guest_mmap_unlock();
    return ret;
}

int64_t guest_msync(uint64_t addr, uint64_t len, int flags)
{
    uint64_t end = addr + guest_page_align(len);
    if ((addr & ~GUEST_PAGE_MASK) || (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) ||
        ((flags & MS_ASYNC) && (flags & MS_SYNC))) {
        return -EINVAL;
    }
    if (end < addr) {
        return -ENOMEM;
    }
    guest_map_rdlock();
    bool mapped = end == addr || guest_map_covers(addr, end);
    guest_map_unlock();
    if (!mapped) {
        return -ENOMEM;
    }
    return msync(g2h(addr), end - addr, flags) < 0 ? -errno : 0;
}

// --- System V shared memory ------------------------------------------------------------------------

static GHashTable *shm_attached; // address -> length, under the map's lock

int64_t guest_shmat(int shmid, uint64_t addr, int flags)
{
    struct shmid_ds ds;
    if (shmctl(shmid, IPC_STAT, &ds) < 0) {
        return -errno;
    }
    uint64_t len = guest_page_align(ds.shm_segsz);
    if (flags & SHM_RND) {
        addr -= addr % SHMLBA;
    }
    if ((addr & ~GUEST_PAGE_MASK) || (addr && range_bad(addr, len))) {
        return -EINVAL;
    }
    Reservation reserved = {0};
    guest_mmap_lock();
    if (addr && (flags & SHM_REMAP) && !reserve_gaps(&reserved, addr, addr + len)) {
        guest_mmap_unlock();
        return -EINVAL;
    }
    void *p = shmat(shmid, addr ? g2h(addr) : NULL, flags & ~SHM_EXEC);
    if (p == (void *)-1) {
        int err = errno;
        release_gaps(&reserved);
        guest_mmap_unlock();
        return -err;
    }
    GuestRegion r = {.start = h2g(p),
                     .end = h2g(p) + len,
                     .flags = MAP_SHARED,
                     .name = g_intern_static_string("/SYSV")};
    r.prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
    guest_mmap_invalidate(r.start, r.end);
    guest_map_set(&r);
    if (!shm_attached) {
        shm_attached = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    }
    g_hash_table_insert(shm_attached, g_memdup2(&r.start, 8), g_memdup2(&len, 8));
    guest_mmap_unlock();
    tell_mapped(r.start, len);
    return (int64_t)r.start;
}

int64_t guest_shmdt(uint64_t addr)
{
    guest_mmap_lock();
    uint64_t *len = shm_attached ? g_hash_table_lookup(shm_attached, &addr) : NULL;
    int64_t ret = -EINVAL;
    uint64_t end = addr + (len ? *len : 0);
    if (len) {
        guest_mmap_invalidate(addr, addr + *len);
        ret = shmdt(g2h(addr)) < 0 ? -errno : 0;
        if (ret == 0) {
            guest_map_remove(addr, addr + *len);
            g_hash_table_remove(shm_attached, &addr);
        }
    }
    guest_mmap_unlock();
    if (ret == 0) {
        tell_changed(addr, end, -1);
    }
    return ret;
}

// --- brk ---------------------------------------------------------------------------------------

static uint64_t brk_start, brk_now; // under the map's lock

void guest_brk_init(uint64_t start)
{
    guest_mmap_lock();
    brk_start = brk_now = start;
    guest_mmap_unlock();
}

// The kernel's brk gives the old break when it refuses.
static uint64_t brk_locked(uint64_t addr)
{
    uint64_t old_end = guest_page_align(brk_now), new_end = guest_page_align(addr);
    if (addr < brk_start || new_end < addr || range_bad(0, new_end)) {
        return brk_now;
    }
    struct rlimit lim;
    uint64_t most = limit.data;
    if (getrlimit(RLIMIT_DATA, &lim) == 0 && lim.rlim_cur != RLIM_INFINITY) {
        most = MIN(most, lim.rlim_cur);
    }
    if (addr - brk_start > most) {
        return brk_now;
    }
    if (new_end > old_end) {
        int64_t ret = mmap_locked(old_end, new_end - old_end, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (ret != (int64_t)old_end) {
            return brk_now;
        }
        GuestRegion r = *guest_map_get(guest_map_index(old_end));
        r.start = old_end;
        r.end = new_end;
        r.name = g_intern_static_string("[heap]");
        guest_map_set(&r);
    } else if (new_end < old_end) {
        if (each_mapped(new_end, old_end, unmap_piece, 0) < 0) {
            return brk_now;
        }
        guest_map_remove(new_end, old_end);
        guest_mmap_invalidate(new_end, old_end);
    }
    return brk_now = addr;
}

uint64_t guest_brk(uint64_t addr)
{
    guest_mmap_lock();
    uint64_t old_end = guest_page_align(brk_now);
    uint64_t ret = brk_locked(addr), end = guest_page_align(ret);
    guest_mmap_unlock();
    if (end > old_end) {
        tell_mapped(old_end, end - old_end);
    } else if (end < old_end) {
        tell_changed(end, old_end, -1);
    }
    return ret;
}
