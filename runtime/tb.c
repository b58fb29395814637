// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The block cache: memory for blocks, look-up, chaining, invalidation.  See tb.h.
//
// Memory comes from an arena of chunks, blocks one behind the other with their bytecode, so that a block
// costs what it uses and neighbours in time are neighbours in memory.  A chunk counts its live blocks and
// is unmapped when the last is gone. It is as large as a large page, and where one stands.

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <glib.h>

#include "cpu-exec.h"
#include "cpu-list.h"
#include "process.h"
#include "stats.h"
#include "tb-image.h"
#include "tb-quick.h"
#include "tb-way.h"
#include "event-internal.h"
#include "tb.h"
#include "tcg2llvm/slab.h"
#include "tier-host.h"

// Where a block was.  Its TranslationBlock.chunk stays.
typedef struct Place {
    struct Place *next;
} Place;

typedef struct TBChunk {
    size_t size;
    // Under cache.arena_lock:
    uint32_t
        live; // blocks not yet freed, the draft if it is here, and one while it is the current chunk
    Place *places;               // not in use
    struct TBChunk *next, *prev; // of those with places
    _Alignas(64) uint8_t bytes[];
} TBChunk;

enum {
    CHUNK_SIZE = 2 << 20,
    DEFAULT_BUDGET_MB = 256,
    TB_ALIGN = 64,
    FIRST_BUCKETS = 1 << 12,
    GROWTH = 64,               // to a table on large pages, which costs no more than one of a tenth
    POPULATE_STEP = 128 << 10, // bytes of a chunk
};

// Buckets hold lists through table_next.
typedef struct TBTable {
    Later later;
    size_t buckets; // a power of two
    size_t mapped;  // bytes; 0: from the heap
    _Atomic(TranslationBlock *) first[];
} TBTable;

static struct TBCache {
    pthread_mutex_t lock;
    _Atomic(TBTable *) table;
    size_t blocks;    // of it
    TBChunk *chunk;   // current
    size_t used;      // of it
    size_t populated; // of it
    size_t live_bytes, budget;
    TranslationBlock *draft;    // in a place that another block had
    pthread_mutex_t arena_lock; // a leaf: blocks are freed without the other
    TBChunk *with_places;
} cache = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .arena_lock = PTHREAD_MUTEX_INITIALIZER,
    .budget = (size_t)DEFAULT_BUDGET_MB << 20,
};
static _Thread_local bool lock_held;

static size_t align_up(size_t n, size_t a) { return (n + a - 1) & ~(a - 1); }

static TBTable *table_new(size_t buckets)
{
    size_t size = sizeof(TBTable) + buckets * sizeof(((TBTable *)NULL)->first[0]);
    bool large = buckets > FIRST_BUCKETS;
    size = large ? align_up(size, 4096) : size;
    TBTable *t = large ? slab_map_aligned(size) : g_malloc0(size);
    if (!t) {
        process_fail(EXIT_INTERNAL, "out of memory for the table of blocks");
    }
    stats.tb_buckets = t->buckets = buckets;
    t->mapped = large ? size : 0;
    return t;
}

void tb_init(void)
{
    if (!cache.table) {
        cache.table = table_new(FIRST_BUCKETS);
    }
}

void tb_lock(void)
{
    pthread_mutex_lock(&cache.lock);
    lock_held = true;
}
void tb_unlock(void)
{
    lock_held = false;
    pthread_mutex_unlock(&cache.lock);
}
bool tb_lock_held(void) { return lock_held; }

void tb_set_budget(size_t bytes) { cache.budget = bytes; }
bool tb_cache_full(void) { return cache.live_bytes > cache.budget; }

// --- arena --------------------------------------------------------------------------------------

enum { PLACE = (sizeof(TranslationBlock) + TB_ALIGN - 1) & ~(TB_ALIGN - 1) };

static void list_add(TBChunk *chunk)
{
    chunk->prev = NULL;
    chunk->next = cache.with_places;
    if (chunk->next) {
        chunk->next->prev = chunk;
    }
    cache.with_places = chunk;
}

static void list_remove(TBChunk *chunk)
{
    *(chunk->prev ? &chunk->prev->next : &cache.with_places) = chunk->next;
    if (chunk->next) {
        chunk->next->prev = chunk->prev;
    }
}

// One of those that the chunk lives for has gone; place: where it was, when another may stand there.
static void chunk_put(TBChunk *chunk, Place *place)
{
    pthread_mutex_lock(&cache.arena_lock);
    bool listed = chunk->places != NULL;
    bool gone = --chunk->live == 0;
    if (gone && listed) {
        list_remove(chunk);
    } else if (!gone && place) {
        place->next = chunk->places;
        chunk->places = place;
        if (!listed) {
            list_add(chunk);
        }
    }
    stats.tb_memory -= gone ? chunk->size : 0;
    pthread_mutex_unlock(&cache.arena_lock);
    if (gone) {
        munmap(chunk, chunk->size);
    }
}

static TranslationBlock *place_take(void)
{
    pthread_mutex_lock(&cache.arena_lock);
    TBChunk *chunk = cache.with_places;
    Place *place = chunk ? chunk->places : NULL;
    if (place) {
        chunk->live++;
        chunk->places = place->next;
        if (!chunk->places) {
            list_remove(chunk);
        }
    }
    pthread_mutex_unlock(&cache.arena_lock);
    return (TranslationBlock *)(void *)place;
}

static void chunk_new(size_t need)
{
    size_t size = MAX((size_t)CHUNK_SIZE, (need + sizeof(TBChunk) + 4095) & ~(size_t)4095);
    TBChunk *chunk = slab_map_aligned(size);
    if (!chunk) {
        process_fail(EXIT_INTERNAL, "out of memory for translated code");
    }
    chunk->live = 1;
    chunk->size = size;
    if (cache.chunk) {
        chunk_put(cache.chunk, NULL);
    }
    pthread_mutex_lock(&cache.arena_lock);
    stats.tb_memory += size;
    pthread_mutex_unlock(&cache.arena_lock);
    cache.chunk = chunk;
    cache.used = cache.populated = 0;
}

// A page that the kernel gives when it is first touched costs an exception, which is most of its price: under
// a hypervisor several microseconds.  So the next ones come together (python3 -c pass: 3 700 faults fewer).
static void populate(size_t used)
{
    size_t room = cache.chunk->size - sizeof(TBChunk);
    if (used > cache.populated && cache.populated < room) {
        uint8_t *at = cache.chunk->bytes + cache.populated;
        at -= (uintptr_t)at & 4095;
        size_t step = MIN((size_t)POPULATE_STEP,
                          (size_t)((uint8_t *)cache.chunk + cache.chunk->size - at));
        madvise(at, step, MADV_POPULATE_WRITE);
        cache.populated = (size_t)(at + step - cache.chunk->bytes);
    }
}

const void *tb_cold_pinned(void)
{
    const GuestISA *isa = cpu_isa();
    return isa && isa->pinned ? isa->pinned->leave : NULL;
}

static TranslationBlock *draft_init(TranslationBlock *tb, TBChunk *chunk)
{
    memset(tb, 0, sizeof(*tb));
    tb->code.pinned = tb_cold_pinned();
    tb->code.counter = &tb->own_counter;
    tb->chunk = chunk;
    tb->refs = 1;
    return tb;
}

TranslationBlock *tb_new(size_t room)
{
    if (room == 0 && !cache.draft) {
        cache.draft = place_take();
    }
    if (room == 0 && cache.draft) {
        return draft_init(cache.draft, cache.draft->chunk);
    }
    size_t need = PLACE + room;
    if (!cache.chunk || cache.used + need > cache.chunk->size - sizeof(TBChunk)) {
        chunk_new(need);
    }
    populate(cache.used + sizeof(TranslationBlock));
    return draft_init((TranslationBlock *)(void *)(cache.chunk->bytes + cache.used), cache.chunk);
}

void *tb_room(TranslationBlock *tb) { return (uint8_t *)tb + PLACE; }

size_t tb_room_size(const TranslationBlock *tb)
{
    const TBChunk *c = tb->chunk;
    return tb == cache.draft ? 0
                             : (size_t)((const uint8_t *)c + c->size -
                                        (const uint8_t *)tb_room((TranslationBlock *)tb));
}

static void free_tb(Later *l)
{
    TranslationBlock *tb = caa_container_of(l, TranslationBlock, later);
    tb_release(tb);
}

void tb_hold(TranslationBlock *tb) { atomic_fetch_add(&tb->refs, 1); }

void tb_release(TranslationBlock *tb)
{
    if (atomic_fetch_sub(&tb->refs, 1) == 1) {
        tb_quick_free(tb);
        tb_way_free(tb);
        event_block_free(tb->events);
        free(tb->targets);
        chunk_put(tb->chunk, tb->alloc_size == PLACE ? (Place *)(void *)tb : NULL);
    }
}

// --- table --------------------------------------------------------------------------------------

static unsigned long key_hash(uint64_t pc, uint32_t flags, uint32_t cflags)
{
    uint64_t h = pc ^ ((uint64_t)(flags ^ (cflags << 13)) << 40);
    h *= 0x9e3779b97f4a7c15u;
    return (unsigned long)(h ^ (h >> 32));
}

static _Atomic(TranslationBlock *) *bucket_of(TBTable *t, uint64_t pc, uint32_t flags,
                                              uint32_t cflags)
{
    return &t->first[key_hash(pc, flags, cflags) & (t->buckets - 1)];
}

TranslationBlock *tb_lookup(uint64_t pc, uint32_t flags, uint32_t cflags)
{
    TBTable *t = atomic_load_explicit(&cache.table, memory_order_acquire);
    TranslationBlock *tb = atomic_load_explicit(bucket_of(t, pc, flags, cflags),
                                                memory_order_acquire);
    while (tb && (tb->pc != pc || tb->flags != flags || tb->cflags != cflags)) {
        tb = atomic_load_explicit(&tb->table_next, memory_order_acquire);
    }
    return tb;
}

static void table_insert(TBTable *t, TranslationBlock *tb)
{
    _Atomic(TranslationBlock *) *first = bucket_of(t, tb->pc, tb->flags, tb->cflags);
    atomic_store_explicit(&tb->table_next, atomic_load_explicit(first, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(first, tb, memory_order_release);
}

// A reader that stands on the block goes on through its table_next, which stays.
static void table_remove(TranslationBlock *tb)
{
    _Atomic(TranslationBlock *) *link = bucket_of(cache.table, tb->pc, tb->flags, tb->cflags);
    for (TranslationBlock *at; (at = atomic_load_explicit(link, memory_order_relaxed)) != tb;) {
        link = &at->table_next;
    }
    atomic_store_explicit(link, atomic_load_explicit(&tb->table_next, memory_order_relaxed),
                          memory_order_release);
}

static void free_table(Later *l)
{
    TBTable *t = caa_container_of(l, TBTable, later);
    if (t->mapped) {
        munmap(t, t->mapped);
    } else {
        g_free(t);
    }
}

// Blocks are moved one by one, so a reader may end up in another bucket's list, and miss what it looks for.
static void table_grow(TBTable *old)
{
    TBTable *t = table_new(old->buckets * (old->mapped ? 4 : GROWTH));
    for (size_t i = 0; i < old->buckets; i++) {
        TranslationBlock *next, *tb = atomic_load_explicit(&old->first[i], memory_order_relaxed);
        for (; tb; tb = next) {
            next = atomic_load_explicit(&tb->table_next, memory_order_relaxed);
            table_insert(t, tb);
        }
    }
    atomic_store_explicit(&cache.table, t, memory_order_release);
    later_call(&old->later, free_table);
}

void tb_keep(TranslationBlock *tb, size_t used)
{
    tb->alloc_size = PLACE + align_up(used, TB_ALIGN);
    if (tb == cache.draft) {
        cache.draft = NULL; // its chunk lives for it already
    } else {
        cache.used += tb->alloc_size;
        pthread_mutex_lock(&cache.arena_lock);
        tb->chunk->live++;
        pthread_mutex_unlock(&cache.arena_lock);
    }
}

// What the block is in jump caches. Two modes with one tag, of 32767, would be one to compiled code: then there are no
// jump caches.
static uint64_t jump_key(const TranslationBlock *tb)
{
    enum { TAG_SHIFT = 48 };
    static uint64_t owner[1 << 15]; // a tag's mode, and 1
    const uint64_t mode = tb->flags | (uint64_t)tb->cflags << 32;
    uint64_t *mine = &owner[tb_jump_tag(mode) >> TAG_SHIFT];
    if (*mine && *mine != mode + 1) {
        cpu_list_end_jump_caches();
    } else {
        *mine = mode + 1;
    }
    return tb->pc >> TAG_SHIFT ? 0 : tb_jump_key(tb->pc, mode);
}

void tb_publish(TranslationBlock *tb)
{
    tb->jump_key = jump_key(tb);
    cache.live_bytes += tb->alloc_size;
    tb_page_add(tb);
    cache.blocks++;
    table_insert(cache.table, tb);
    if (cache.blocks > cache.table->buckets) {
        table_grow(cache.table);
    }
}

void tb_foreach(void (*fn)(TranslationBlock *tb, void *opaque), void *opaque)
{
    TBTable *t = cache.table;
    rcu_read_lock(); // fn may invalidate the next block too
    for (size_t i = 0; i < t->buckets; i++) {
        TranslationBlock *next, *tb = atomic_load_explicit(&t->first[i], memory_order_relaxed);
        for (; tb; tb = next) {
            next = atomic_load_explicit(&tb->table_next, memory_order_relaxed);
            fn(tb, opaque);
        }
    }
    rcu_read_unlock();
}

// --- chaining -----------------------------------------------------------------------------------

static inline TranslationBlock *list_tb(uintptr_t w)
{
    return (TranslationBlock *)(w & ~(uintptr_t)1);
}

// Code that jumps directly gets to know where.
static void chain(TranslationBlock *from, unsigned slot, const TranslationBlock *to)
{
    tb_quick_chain(from, slot, to);
    tb_way_chain(from, slot, to);
}

void tb_link(TranslationBlock *from, unsigned slot, TranslationBlock *to)
{
    // What a precise block leaves to be settled (GuestISA.settle), one that is not would not know of.
    bool unsettled = from->gen_cflags & ~to->gen_cflags & CF_PRECISE;
    if (from->jmp_dest[slot] || from->invalid || to->invalid || unsettled) {
        return;
    }
    atomic_store_explicit(&to->executed, true, memory_order_relaxed);
    from->jmp_dest[slot] = to;
    from->jmp_next[slot] = to->jmp_incoming;
    to->jmp_incoming = (uintptr_t)from | slot;
    atomic_store_explicit(&from->code.jmp[slot], &to->code, memory_order_release);
    chain(from, slot, to);
    stats.tb_linked++;
}

void tb_set_entry(TranslationBlock *tb, TCGEntry *entry, const void *pinned)
{
    // Whoever sees the one and not yet the other goes back and forth between them, until he sees both.
    atomic_store(&tb->code.pinned, pinned);
    atomic_store(&tb->code.entry, entry);
    cpu_list_forget_tb(tb);
    for (uintptr_t w = tb->jmp_incoming; w; w = list_tb(w)->jmp_next[w & 1]) {
        chain(list_tb(w), w & 1, tb);
    }
}

// Takes slot's jump out of its destination's list.
static void unlink_slot(TranslationBlock *from, unsigned slot)
{
    TranslationBlock *to = from->jmp_dest[slot];
    if (!to) {
        return;
    }
    atomic_store(&from->code.jmp[slot], NULL);
    chain(from, slot, NULL);
    uintptr_t me = (uintptr_t)from | slot, *p = &to->jmp_incoming;
    while (*p != me) {
        p = &list_tb(*p)->jmp_next[*p & 1];
    }
    *p = from->jmp_next[slot];
    from->jmp_dest[slot] = NULL;
}

// --- invalidation --------------------------------------------------------------------------------

void tb_invalidate(TranslationBlock *tb)
{
    if (tb->invalid) {
        return;
    }
    atomic_store(&tb->invalid, true);
    table_remove(tb);
    cache.blocks--;
    cpu_list_forget_tb(tb);
    while (tb->jmp_incoming) {
        unlink_slot(list_tb(tb->jmp_incoming), tb->jmp_incoming & 1);
    }
    unlink_slot(tb, 0);
    unlink_slot(tb, 1);
    tb_page_remove(tb);
    tier_host_forget(tb);
    cache.live_bytes -= tb->alloc_size;
    stats.tb_invalidated++;
    later_call(&tb->later, free_tb);
}

static void flush_one(TranslationBlock *tb, void *opaque)
{
    (void)opaque;
    tb_invalidate(tb);
}

void tb_flush_locked(void)
{
    tb_foreach(flush_one, NULL);
    tb_quick_forget_relocs();
    stats.tb_flushes++;
    event_fire_plain(EVENT_FLUSH);
}

void tb_flush_all(void)
{
    tb_lock();
    tb_flush_locked();
    tb_unlock();
}

void tb_invalidate_range(uint64_t start, uint64_t end)
{
    tb_lock();
    tb_invalidate_range_locked(start, end);
    tb_unlock();
}

// --- fork ---------------------------------------------------------------------------------------

void tb_fork_prepare(void)
{
    tb_lock();
    tb_quick_fork_prepare();
    pthread_mutex_lock(&cache.arena_lock);
    rcu_bp_before_fork();
}
void tb_fork_parent(void)
{
    rcu_bp_after_fork_parent();
    pthread_mutex_unlock(&cache.arena_lock);
    tb_quick_fork_done();
    tb_unlock();
}
void tb_fork_child(void)
{
    rcu_bp_after_fork_child();
    pthread_mutex_unlock(&cache.arena_lock);
    tb_quick_fork_done();
    tb_image_fork_child();
    tb_unlock();
}
