// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See taint-shared.h.
#include "passes/taint-shared.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "passes/taint.h"

enum { SLOT_BITS = 40, SLOTS = 1 << 16, LEAST_BITS = 6, PAGE = 4096 };
#define HEAP_SIZE (UINT64_C(1) << 30)

typedef struct Slot {
    uint64_t dev, ino, used, end; // end: no sources stand behind it
} Slot;

typedef struct Heap {
    pthread_mutex_t lock;
    Shared shared;
    Slot slots[SLOTS]; // a hash table
} Heap;

typedef struct Range {
    uint64_t start, end, slot, offset;
} Range;

static struct {
    int fd;
    Heap *heap;
    pthread_mutex_t lock; // of what is behind it
    Range *ranges;
    unsigned n, room;
} s = {.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};

// Makes the file as large as it may become, though the process's files may not (RLIMIT_FSIZE, whose signal is not for the
// guest). No guest thread runs yet.
static bool make_large(int fd)
{
    struct rlimit limit, none = {RLIM_INFINITY, RLIM_INFINITY};
    sigset_t too_large, old, pending;
    sigemptyset(&too_large);
    sigaddset(&too_large, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &too_large, &old);
    sigpending(&pending);
    getrlimit(RLIMIT_FSIZE, &limit);
    if (limit.rlim_cur != RLIM_INFINITY && setrlimit(RLIMIT_FSIZE, &none)) {
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){limit.rlim_max, limit.rlim_max});
    }
    bool ok = ftruncate(fd, INT64_C(1) << 62) == 0;
    setrlimit(RLIMIT_FSIZE, &limit);
    if (!ok && !sigismember(&pending, SIGXFSZ)) {
        sigtimedwait(&too_large, NULL, &(struct timespec){0});
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return ok;
}

bool taint_shared_init(void)
{
    bool first = false;
    struct stat info;
    s.fd = taint.host->shared_file(taint.host, "taint", &first);
    if (s.fd < 0) {
        return false;
    }
    int flags = MAP_SHARED | MAP_NORESERVE;
    if (first ? !make_large(s.fd) : fstat(s.fd, &info) || !info.st_size) {
        if (first) {
            dprintf(
                fileno(stderr),
                "taint: under this limit on the size of files (ulimit -f) it does not follow what "
                "goes through files, or to programs that are executed\n");
        }
        first = true; // of a heap that children by fork have as well, no others
        flags |= MAP_ANONYMOUS;
        s.fd = -1;
    }
    s.heap = mmap(NULL, HEAP_SIZE, PROT_READ | PROT_WRITE, flags, s.fd, 0);
    if (s.heap == MAP_FAILED) {
        return false;
    }
    if (first) {
        pthread_mutexattr_t attr;
        pthread_mutexattr_init(&attr);
        pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
        pthread_mutex_init(&s.heap->lock, &attr);
        pthread_mutexattr_destroy(&attr);
        s.heap->shared.top = (sizeof(Heap) + PAGE - 1) & ~(uint64_t)(PAGE - 1);
        s.heap->shared.ready = 1;
    }
    return s.heap->shared.ready;
}

// What the dead process did not finish is a list with one member more or less: links are set last.
Shared *taint_shared_lock(void)
{
    if (pthread_mutex_lock(&s.heap->lock) == EOWNERDEAD) {
        pthread_mutex_consistent(&s.heap->lock);
    }
    return &s.heap->shared;
}

void taint_shared_unlock(void) { pthread_mutex_unlock(&s.heap->lock); }

// --- the heap -------------------------------------------------------------------------------------------------

static unsigned class_of(uint64_t size)
{
    unsigned bits = LEAST_BITS;
    while (bits < 31 && (uint64_t)1 << bits < size) {
        bits++;
    }
    return bits;
}

void *taint_shared_at(Ref ref) { return ref ? (char *)s.heap + ref : NULL; }

Ref taint_shared_alloc(uint64_t size)
{
    Shared *shared = &s.heap->shared;
    unsigned class = class_of(size);
    uint64_t whole = (uint64_t)1 << class;
    Ref ref = shared->free[class];
    if (ref) {
        shared->free[class] = *(Ref *)taint_shared_at(ref);
    } else if (shared->top + whole <= HEAP_SIZE) {
        ref = shared->top;
        shared->top += whole;
    } else {
        return 0;
    }
    shared->allocated += whole;
    return memset(taint_shared_at(ref), 0, size), ref;
}

void taint_shared_free(Ref ref, uint64_t size)
{
    if (ref) {
        Shared *shared = &s.heap->shared;
        unsigned class = class_of(size);
        *(Ref *)taint_shared_at(ref) = shared->free[class];
        shared->free[class] = ref;
        shared->allocated -= (uint64_t)1 << class;
    }
}

// --- files ----------------------------------------------------------------------------------------------------

uint64_t taint_slot(uint64_t dev, uint64_t ino, bool make)
{
    if (s.fd < 0) {
        return 0;
    }
    uint64_t at = (ino ^ dev << 7) * UINT64_C(0x9e3779b97f4a7c15) >> 48, found = 0;
    taint_shared_lock();
    for (unsigned i = 0; i < SLOTS && !found; i++, at = (at + 1) % SLOTS) {
        Slot *slot = &s.heap->slots[at];
        if (!slot->used) {
            if (make) {
                slot->dev = dev;
                slot->ino = ino;
                slot->used = 1;
                found = at + 1;
            }
            break;
        }
        found = slot->dev == dev && slot->ino == ino ? at + 1 : 0;
    }
    taint_shared_unlock();
    return found;
}

// The part of [offset, offset + n) that has a place.
static uint64_t in_slot(uint64_t offset, uint64_t n)
{
    uint64_t size = (uint64_t)1 << SLOT_BITS;
    return offset >= size ? 0 : n < size - offset ? n : size - offset;
}

static off_t place_of(uint64_t slot, uint64_t offset)
{
    return (off_t)(slot << SLOT_BITS | offset);
}

static void raise_end(uint64_t slot, uint64_t end)
{
    uint64_t *at = &s.heap->slots[slot - 1].end, was = __atomic_load_n(at, __ATOMIC_RELAXED);
    while (was < end &&
           !__atomic_compare_exchange_n(at, &was, end, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

static void clean(uint64_t slot, uint64_t offset, uint64_t n)
{
    fallocate(s.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, place_of(slot, offset), (off_t)n);
}

void taint_slot_write(uint64_t slot, uint64_t offset, const uint8_t *labels, uint64_t n)
{
    n = in_slot(offset, n);
    uint64_t end = __atomic_load_n(&s.heap->slots[slot - 1].end, __ATOMIC_RELAXED);
    if (!labels) {
        uint64_t known = offset < end ? end - offset : 0;
        n = n < known ? n : known;
        if (n) {
            clean(slot, offset, n);
        }
        return;
    }
    raise_end(slot, offset + n);
    // Through a mapping: to write it with pwrite would be against the guest's limit on the size of files.
    uint64_t in_page = offset % PAGE;
    uint8_t *at = n ? mmap(NULL, in_page + n, PROT_READ | PROT_WRITE, MAP_SHARED, s.fd,
                           place_of(slot, offset - in_page))
                    : MAP_FAILED;
    if (at != MAP_FAILED) {
        memcpy(at + in_page, labels, n);
        munmap(at, in_page + n);
    }
}

bool taint_slot_read(uint64_t slot, uint64_t offset, uint8_t *labels, uint64_t n, uint64_t size)
{
    uint64_t *end = &s.heap->slots[slot - 1].end, known = __atomic_load_n(end, __ATOMIC_RELAXED);
    if (size < known) {
        clean(slot, size, known - size);
        __atomic_compare_exchange_n(end, &known, size, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
        known = size;
    }
    n = in_slot(offset, n);
    known = offset < known ? known - offset : 0;
    n = n < known ? n : known;
    uint64_t done = 0;
    for (ssize_t m = 1; done < n && m > 0; done += (uint64_t)(m > 0 ? m : 0)) {
        m = pread(s.fd, labels + done, n - done, place_of(slot, offset + done));
    }
    return done > 0;
}

// --- mappings ---------------------------------------------------------------------------------------------------

static uint64_t pages(uint64_t size) { return (size + PAGE - 1) & ~(uint64_t)(PAGE - 1); }

// Calls fn for the shadow of each part that lies in one region. Parts without a shadow get one if `make`.
static bool each_part(uint64_t addr, uint64_t size, bool make,
                      bool (*fn)(uint8_t *shadow, uint64_t n, uint64_t done, const Range *r),
                      const Range *r)
{
    uint64_t most = (uint64_t)1 << TAINT_REGION_BITS;
    bool ok = true;
    for (uint64_t done = 0, n; done < size; done += n) {
        uint64_t at = addr + done;
        n = most - (at & (most - 1));
        n = n < size - done ? n : size - done;
        if (make && !taint_shadow_of(at)) {
            taint_make_region(at);
        }
        uint8_t *shadow = taint_shadow_of(at);
        ok &= shadow ? fn(shadow, n, done, r) : !make;
    }
    return ok;
}

static bool share(uint8_t *shadow, uint64_t n, uint64_t done, const Range *r)
{
    return mmap(shadow, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, s.fd,
                place_of(r->slot, r->offset + done)) != MAP_FAILED;
}

static bool make_own(uint8_t *shadow, uint64_t n, uint64_t done, const Range *r)
{
    (void)done, (void)r;
    return mmap(shadow, n, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) != MAP_FAILED;
}

static void add_range(Range r)
{
    if (s.n == s.room) {
        s.room = s.room ? s.room * 2 : 16;
        s.ranges = realloc(s.ranges, s.room * sizeof(*s.ranges));
    }
    s.ranges[s.n++] = r;
}

bool taint_map_shared(uint64_t addr, uint64_t size, uint64_t slot, uint64_t offset)
{
    Range r = {addr, addr + pages(size), slot, offset};
    if (!slot || in_slot(offset, pages(size)) != pages(size)) {
        return false;
    }
    pthread_mutex_lock(&s.lock);
    bool ok = each_part(addr, pages(size), true, share, &r);
    if (ok) {
        add_range(r);
        raise_end(slot, offset + pages(size));
    }
    pthread_mutex_unlock(&s.lock);
    return ok;
}

void taint_unmap_shared(uint64_t addr, uint64_t size)
{
    uint64_t end = addr + pages(size);
    pthread_mutex_lock(&s.lock);
    for (unsigned i = 0; i < s.n; i++) {
        Range r = s.ranges[i];
        if (r.start >= end || addr >= r.end) {
            continue;
        }
        uint64_t from = r.start > addr ? r.start : addr, to = r.end < end ? r.end : end;
        each_part(from, to - from, false, make_own, NULL);
        s.ranges[i--] = s.ranges[--s.n];
        if (r.start < from) {
            add_range((Range){r.start, from, r.slot, r.offset});
        }
        if (to < r.end) {
            add_range((Range){to, r.end, r.slot, r.offset + (to - r.start)});
        }
    }
    pthread_mutex_unlock(&s.lock);
}

void taint_shared_fork_child(void) { pthread_mutex_init(&s.lock, NULL); }

bool taint_find_shared(uint64_t addr, uint64_t *slot, uint64_t *offset)
{
    bool found = false;
    pthread_mutex_lock(&s.lock);
    for (unsigned i = 0; i < s.n && !found; i++) {
        const Range *r = &s.ranges[i];
        if (addr >= r->start && addr < r->end) {
            *slot = r->slot;
            *offset = r->offset + (addr - r->start);
            found = true;
        }
    }
    pthread_mutex_unlock(&s.lock);
    return found;
}
