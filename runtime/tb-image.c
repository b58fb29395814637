// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Code of the quick tier, kept from run to run.  See tb-image.h.
//
// A block depends on the bytes of the guest pages that its translation read, on its key, and on what makes this
// myna another than that one (unit_configuration).  The key is looked up, the pages are hashed once in a process and
// compared; so a file that has changed, or another in its place, gives new blocks and never a wrong one. Guest
// addresses are constants in the code, hence an image for each place where a file may be mapped: mmap chooses the
// same addresses in each run.
//
// Blocks come in the order in which they were translated, and each brings along those that its jumps were linked
// to: for most blocks of a program's start cpu_exec is not asked.
//
// Not kept: blocks that carry addresses of the process or a copy of their bytes, blocks on pages that the guest may
// write to, and what instrumentation, logs of translation or breakpoints shape.

#include "tb-image.h"

#include <string.h>
#include <sys/mman.h>

#include <glib.h>

#include "breakpoint.h"
#include "cpu-exec.h"
#include "cpu-list.h"
#include "event-internal.h"
#include "guest-memory.h"
#include "log.h"
#include "stats.h"
#include "tb-quick.h"
#include "tcg2llvm/block-image.h"
#include "tcg2llvm/object-cache.h"
#include "tcg2llvm/slab.h"
#include "tcg2llvm/unit-key.h"
#include "tier-host.h"

_Static_assert((int)BLOCK_IMAGE_PAGES >= (int)TB_MAX_PAGES, "a record holds a block's pages");

enum {
    MAX_AHEAD = 64,         // blocks that one that is asked for may bring along
    MAX_BYTES = 64 << 20,   // a file that has grown larger is begun anew
    MIN_FRESH = 16,         // blocks that are worth writing a file anew for
    MIN_FRESH_PART = 32,    // and what part of those that are there
    MIN_FRESH_FORKED = 128, // in a child of a fork, which mostly does little
};

// An executable mapping of a guest file.
typedef struct Image {
    uint64_t start, end; // 0, 0: it has gone
    char *path;          // of its file in the cache
    BlockImage *kept;    // NULL: there is none
    uint8_t *stale;      // a byte a page of it: the guest has another there
    unsigned fresh;      // blocks translated by this process
    bool outdated;       // some of it is damaged, or of a file that has changed
} Image;

static struct ImageState {
    ObjectCache *cache; // NULL: nothing is kept
    const char *what;
    GPtrArray *images;
    Image *last;
    uint32_t process; // the stamp of what this one has translated
    bool forked;
} state;

void tb_image_start(const MynaOptions *opts, const GuestISA *isa, bool count)
{
    g_autofree char *configuration = opts->no_cache || state.cache
                                         ? NULL
                                         : unit_configuration(isa->name, "");
    state.cache = configuration ? object_cache_open(opts->cache_dir, configuration, 0, NULL)
                                : state.cache;
    if (state.cache && !state.images) {
        state.what = !count ? "plain" : opts->hot ? "counted" : "counted-by-need";
        state.images = g_ptr_array_new();
        state.process = 1;
        tb_quick_remember();
    }
}

// Is the code that such blocks get the same in each run?
static bool is_plain(uint32_t cflags)
{
    uint64_t pc;
    return state.cache && !(cflags & ~(uint32_t)(CF_PRECISE | CF_TAGGED)) &&
           !event_shapes_blocks() && !log_enabled(LOG_IN_ASM | LOG_OP | LOG_OP_OPT | LOG_OUT_ASM) &&
           !breakpoint_find(0, UINT64_MAX, &pc);
}

// --- images --------------------------------------------------------------------------------------

static Image *find_image(uint64_t pc)
{
    Image *im = state.last;
    for (unsigned i = 0; !im || pc - im->start >= im->end - im->start; i++) {
        if (i == state.images->len) {
            return NULL;
        }
        im = state.images->pdata[i];
    }
    return state.last = im;
}

static Image *get_image(uint64_t pc)
{
    Image *im = find_image(pc);
    GuestRegion r;
    if (im || !guest_memory_find(pc, &r) || !r.name || r.name[0] != '/' ||
        (r.flags & (MAP_SHARED | MAP_ANONYMOUS)) || (r.prot & PROT_WRITE)) {
        return im;
    }
    im = g_new0(Image, 1);
    im->start = r.start;
    im->end = r.end;
    im->path = object_cache_image_path(state.cache, r.name, r.start, r.offset, state.what);
    bool damaged;
    im->kept = block_image_open(im->path, &damaged);
    im->outdated = damaged;
    stats.image_damaged += damaged;
    if (im->kept) {
        im->stale = g_malloc0(block_image_pages(im->kept));
        stats.image_bytes += block_image_bytes(im->kept);
    }
    g_ptr_array_add(state.images, im);
    return state.last = im;
}

// What stays mapped as it was is looked up again, and found under the same name.
void tb_image_forget(uint64_t start, uint64_t end)
{
    for (unsigned i = 0; state.images && i < state.images->len; i++) {
        Image *im = state.images->pdata[i];
        if (im->start < end && start < im->end) {
            block_image_close(im->kept);
            g_free(im->stale);
            g_free(im->path);
            g_free(im);
            g_ptr_array_remove_index_fast(state.images, i--);
            state.last = NULL;
        }
    }
}

// --- restoring -----------------------------------------------------------------------------------

static bool pages_are_same(Image *im, const BlockRecord *r)
{
    bool same = true;
    for (unsigned i = 0; i < r->nb_pages; i++) {
        BlockPage page = block_image_page(im->kept, r->pages[i]);
        uint64_t hash;
        bool is = tb_page_hash(page.addr, &hash), other = is && hash != page.hash;
        im->stale[r->pages[i]] |= other;
        im->outdated |= other;
        same &= is && !other;
    }
    return same;
}

static TranslationBlock *restore(Image *im, const BlockRecord *r)
{
    if (!block_image_check(im->kept, r)) {
        stats.image_damaged++;
        im->outdated = true;
        return NULL;
    }
    if (!pages_are_same(im, r)) {
        return NULL;
    }
    TranslationBlock *tb = tb_new(0);
    tb->pc = r->pc;
    tb->flags = r->flags;
    tb->cflags = tb->gen_cflags = r->cflags;
    tb->size = r->guest_size;
    tb->num_insns = r->num_insns;
    tb->jump_kind = r->jump_kind;
    tb->indirect = r->indirect;
    tb->heavy = r->heavy;
    tb->restored = true;
    tb->nb_pages = r->nb_pages;
    for (unsigned i = 0; i < r->nb_pages; i++) {
        tb->pages[i] = block_image_page(im->kept, r->pages[i]).addr;
    }
    if (!tb_quick_restore(tb, block_record_code(r), r->code_size, block_record_notes(r),
                          r->notes_size, block_record_relocs(r), r->nb_relocs)) {
        return NULL; // a draft: nobody else has it
    }
    tb->code.entry = tb->cold_entry = tb_quick_entry(tb);
    tier_host_count(tb);
    tb_keep(tb, 0);
    tb_publish(tb);
    stats.image_restored++;
    return tb;
}

// A block and the record that it comes from.
typedef struct Restored {
    TranslationBlock *tb;
    const BlockRecord *record;
} Restored;

// The blocks that a restored one was linked to, and theirs.
static void restore_ahead(Image *im, TranslationBlock *tb, const BlockRecord *r)
{
    Restored queue[MAX_AHEAD];
    unsigned n = 0;
    queue[n++] = (Restored){tb, r};
    for (unsigned i = 0; i < n; i++) {
        const BlockRecord *from = queue[i].record;
        for (unsigned slot = 0; slot < 2; slot++) {
            uint64_t pc = from->succ_pc[slot];
            TranslationBlock *dest = pc ? tb_lookup(pc, r->flags, r->cflags) : NULL;
            if (pc && !dest && n < MAX_AHEAD && !tb_cache_full()) {
                const BlockRecord *to = block_image_successor(im->kept, from->succ[slot]);
                if (to && to->pc == pc && to->flags == r->flags && to->cflags == r->cflags) {
                    dest = restore(im, to);
                }
                if (dest) {
                    queue[n++] = (Restored){dest, to};
                }
            }
            if (dest) {
                tb_link(queue[i].tb, slot, dest);
            }
        }
    }
}

TranslationBlock *tb_image_restore(TBKey key, uint32_t cflags)
{
    Image *im = is_plain(cflags) ? get_image(key.pc) : NULL;
    if (!im || !im->kept) {
        return NULL;
    }
    uint64_t start = stats_now_ns();
    TranslationBlock *tb = NULL;
    const BlockRecord *r = NULL;
    while (!tb && (r = block_image_find(im->kept, key.pc, key.flags, cflags, r))) {
        tb = restore(im, r);
    }
    if (tb) {
        restore_ahead(im, tb, r);
    }
    stats.ns_image += stats_now_ns() - start;
    return tb;
}

// --- keeping -------------------------------------------------------------------------------------

void tb_image_note(TranslationBlock *tb)
{
    const TCGQuickReloc *relocs;
    unsigned n;
    if (is_plain(tb->cflags) && tb->gen_cflags == tb->cflags && !tb->checked && !tb->events &&
        tb->size && tb_quick_relocs(tb, &relocs, &n)) {
        Image *im = get_image(tb->pc);
        if (im) {
            im->fresh++;
            tb->fresh = state.process;
        }
    }
}

void tb_image_fork_child(void)
{
    state.process++;
    state.forked = true;
    for (unsigned i = 0; state.images && i < state.images->len; i++) {
        ((Image *)state.images->pdata[i])->fresh = 0;
    }
}

static bool is_worth_it(const Image *im)
{
    unsigned most = im->kept
                        ? MAX((unsigned)MIN_FRESH, block_image_records(im->kept) / MIN_FRESH_PART)
                    : state.forked ? MIN_FRESH_FORKED
                                   : 1;
    return im->fresh >= most || (im->outdated && im->fresh);
}

static void collect(TranslationBlock *tb, void *opaque)
{
    if (tb->fresh == state.process) {
        g_ptr_array_add(opaque, tb);
    }
}

// As they were translated.
static gint by_place(gconstpointer a, gconstpointer b)
{
    const uint8_t *x = (*(TranslationBlock *const *)a)->quick->base;
    const uint8_t *y = (*(TranslationBlock *const *)b)->quick->base;
    return x < y ? -1 : x > y;
}

// Whether `other`, which another process has written meanwhile, has the block.
static bool has_block(const BlockImage *other, const TranslationBlock *tb, const BlockPage *pages)
{
    const BlockRecord *r = NULL;
    while (other && (r = block_image_find(other, tb->pc, tb->flags, tb->cflags, r))) {
        bool same = block_image_check(other, r) && r->nb_pages == tb->nb_pages;
        for (unsigned i = 0; same && i < tb->nb_pages; i++) {
            BlockPage page = block_image_page(other, r->pages[i]);
            same = page.addr == pages[i].addr && page.hash == pages[i].hash;
        }
        if (same) {
            return true;
        }
    }
    return false;
}

static void write_block(BlockWriter *w, const BlockImage *other, const TranslationBlock *tb)
{
    BlockPage pages[BLOCK_IMAGE_PAGES];
    const TCGQuickReloc *relocs;
    unsigned n;
    for (unsigned i = 0; i < tb->nb_pages; i++) {
        pages[i].addr = tb->pages[i];
        if (!tb_page_hash(tb->pages[i], &pages[i].hash)) {
            return;
        }
    }
    if (!tb_quick_relocs(tb, &relocs, &n) || has_block(other, tb, pages)) {
        return;
    }
    BlockRecord record = {.pc = tb->pc,
                          .flags = tb->flags,
                          .cflags = tb->cflags,
                          .code_size = tb->quick_size,
                          .notes_size = tb->notes_size,
                          .guest_size = tb->size,
                          .num_insns = tb->num_insns,
                          .nb_relocs = (uint16_t)n,
                          .jump_kind = tb->jump_kind,
                          .indirect = tb->indirect,
                          .heavy = tb->heavy,
                          .nb_pages = tb->nb_pages};
    for (unsigned i = 0; i < 2; i++) {
        record.succ_pc[i] = tb->jmp_dest[i] ? tb->jmp_dest[i]->pc : 0;
    }
    uint8_t *code = block_writer_add(w, &record, pages, relocs);
    memcpy(code, tb->quick->base, tb->quick_size);
    if (tb->notes_size) {
        memcpy(code + tb->quick_size, tb->notes, tb->notes_size);
    }
    tcg_quick_unbind(code, tb->quick->base, &tb->code, relocs, n);
}

static bool save_image(const Image *im, const GPtrArray *blocks)
{
    // Another process may have been here since.
    BlockImage *other = NULL;
    bool damaged;
    if (!im->kept || !block_image_is_current(im->kept, im->path)) {
        other = block_image_open(im->path, &damaged);
    }
    const BlockImage *base = other ? other : im->kept;
    size_t expected = base ? block_image_bytes(base) : 0;
    for (unsigned i = 0; i < blocks->len; i++) {
        const TranslationBlock *tb = blocks->pdata[i];
        bool wanted = tb->pc - im->start < im->end - im->start;
        expected += wanted ? block_record_size(tb->quick_size, tb->notes_size, tb->nb_relocs) : 0;
    }
    BlockWriter *w = block_writer_new(expected);
    if (base && block_image_bytes(base) < MAX_BYTES) {
        g_autofree uint8_t *nothing = g_malloc0(block_image_pages(base) + 1);
        block_writer_add_image(w, base, other ? nothing : im->stale);
    }
    unsigned old = block_writer_records(w);
    for (unsigned i = 0; i < blocks->len; i++) {
        const TranslationBlock *tb = blocks->pdata[i];
        if (tb->pc - im->start < im->end - im->start) {
            write_block(w, other, tb);
        }
    }
    size_t bytes = 0;
    unsigned added = block_writer_records(w) - old;
    if (added && object_cache_make_dirs(state.cache)) {
        bytes = block_writer_write(w, im->path);
        stats.image_kept += bytes ? added : 0;
    }
    block_writer_free(w);
    block_image_close(other);
    return bytes != 0;
}

void tb_image_save_locked(void)
{
    // A process in its parent's memory leaves it to the parent.
    if (!state.cache || (current_cpu && cpu_private(current_cpu)->starts_nothing)) {
        return;
    }
    uint64_t start = stats_now_ns();
    GPtrArray *blocks = NULL;
    bool written = false;
    for (unsigned i = 0; i < state.images->len; i++) {
        Image *im = state.images->pdata[i];
        if (is_worth_it(im)) {
            if (!blocks) {
                blocks = g_ptr_array_new();
                tb_foreach(collect, blocks);
                g_ptr_array_sort(blocks, by_place);
            }
            written |= save_image(im, blocks);
        }
        im->fresh = 0;
    }
    if (blocks) {
        g_ptr_array_free(blocks, TRUE);
    }
    if (written) {
        object_cache_keep_in_bounds(state.cache);
    }
    stats.ns_keep += stats_now_ns() - start;
}

void tb_image_save(void)
{
    tb_lock();
    tb_image_save_locked();
    tb_unlock();
}
