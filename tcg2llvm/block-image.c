// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Block images: mapping, looking up, writing.  See block-image.h.
#include "tcg2llvm/block-image.h"

#include "tcg2llvm/files-aside.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib.h>

#include "tcg2llvm/object-cache.h"
#include "tcg2llvm/slab.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    IMAGE_MAGIC = 0x6962796d, // "mybi"
    IMAGE_VERSION = 2,
    UNIT = 16, // bytes; what record numbers count, from 1 on
    MIN_INDEX = 64,
    MAX_PAGES = 1 << 22, // more is damage
};

typedef struct ImageHeader {
    uint32_t magic, version;
    uint64_t size; // of the file
    uint32_t n_records, n_pages;
    uint32_t index_size; // words, a power of two, of which at least half are 0
    uint32_t reserved;
    uint64_t checksum; // of the header with 0 here, the pages and the index
    uint64_t reserved2;
} ImageHeader;

struct BlockImage {
    const uint8_t *map;
    size_t map_size;
    const ImageHeader *header;
    const BlockPage *pages;
    const uint32_t *index;
    const uint8_t *records;
    size_t records_size; // bytes
    uint32_t n_pages, index_mask;
    dev_t dev;
    ino_t ino;
};

uint64_t block_image_hash(const void *bytes, size_t size) { return XXH3_64bits(bytes, size); }

static uint32_t key_hash(uint64_t pc, uint32_t flags, uint32_t cflags)
{
    uint64_t h = (pc ^ (uint64_t)(flags ^ cflags << 13) << 40) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h >> 32);
}

static uint64_t front_checksum(const ImageHeader *h, const void *behind, size_t size)
{
    ImageHeader copy = *h;
    copy.checksum = 0;
    return XXH3_64bits_withSeed(behind, size, XXH3_64bits(&copy, sizeof(copy)));
}

static size_t front_size(const ImageHeader *h)
{
    size_t size = sizeof(*h) + h->n_pages * sizeof(BlockPage) + h->index_size * sizeof(uint32_t);
    return (size + UNIT - 1) & ~(size_t)(UNIT - 1);
}

static uint64_t record_checksum(const BlockRecord *r)
{
    return XXH3_64bits((const uint8_t *)r + sizeof(r->checksum), r->size - sizeof(r->checksum));
}

// --- reading -------------------------------------------------------------------------------------------

static bool front_ok(const ImageHeader *h, size_t size)
{
    if (size < sizeof(*h) || h->magic != IMAGE_MAGIC || h->version != IMAGE_VERSION ||
        h->size != size || h->n_pages > MAX_PAGES || h->index_size < MIN_INDEX ||
        h->index_size > size / sizeof(uint32_t) || (h->index_size & (h->index_size - 1)) ||
        h->n_records > h->index_size / 2) {
        return false;
    }
    size_t front = front_size(h);
    return front <= size && front_checksum(h, h + 1, front - sizeof(*h)) == h->checksum;
}

BlockImage *block_image_open(const char *path, bool *damaged)
{
    // The pages come with the mapping: a fault for each few of them would cost more than all.
    CacheFile f = object_cache_map_file(path, MAP_POPULATE);
    *damaged = f.found && (!f.map || !front_ok(f.map, f.size));
    if (!f.found || *damaged) {
        if (f.map) {
            munmap(f.map, f.size);
        }
        return NULL;
    }
    BlockImage *im = g_new0(BlockImage, 1);
    const ImageHeader *h = f.map;
    im->map = f.map;
    im->map_size = f.size;
    im->header = h;
    im->pages = (const BlockPage *)(h + 1);
    im->index = (const uint32_t *)(im->pages + h->n_pages);
    im->records = im->map + front_size(h);
    im->records_size = im->map_size - front_size(h);
    im->n_pages = h->n_pages;
    im->index_mask = h->index_size - 1;
    im->dev = f.dev;
    im->ino = f.ino;
    return im;
}

void block_image_close(BlockImage *im)
{
    if (im) {
        munmap((void *)im->map, im->map_size);
        g_free(im);
    }
}

bool block_image_is_current(const BlockImage *im, const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_dev == im->dev && st.st_ino == im->ino;
}

size_t block_image_bytes(const BlockImage *im) { return im->map_size; }
unsigned block_image_records(const BlockImage *im) { return im->header->n_records; }
unsigned block_image_pages(const BlockImage *im) { return im->n_pages; }

const BlockRecord *block_image_successor(const BlockImage *im, uint32_t number)
{
    size_t at = ((size_t)number - 1) * UNIT;
    bool ok = number && at < im->records_size && im->records_size - at >= sizeof(BlockRecord);
    return ok ? (const BlockRecord *)(im->records + at) : NULL;
}

const BlockRecord *block_image_find(const BlockImage *im, uint64_t pc, uint32_t flags,
                                    uint32_t cflags, const BlockRecord *after)
{
    // The index has room, so there is an empty place; what is damaged ends the search.
    for (uint32_t i = key_hash(pc, flags, cflags), n = 0; n <= im->index_mask; i++, n++) {
        const BlockRecord *r = block_image_successor(im, im->index[i & im->index_mask]);
        if (!r) {
            break;
        }
        if (r == after) {
            after = NULL;
        } else if (!after && r->pc == pc && r->flags == flags && r->cflags == cflags) {
            return r;
        }
    }
    return NULL;
}

static size_t relocs_size(unsigned n)
{
    size_t size = sizeof(BlockRecord) + n * sizeof(TCGQuickReloc);
    return ((size + UNIT - 1) & ~(size_t)(UNIT - 1)) - sizeof(BlockRecord);
}

size_t block_record_size(size_t code_size, size_t notes_size, unsigned nb_relocs)
{
    size_t size = sizeof(BlockRecord) + relocs_size(nb_relocs) + code_size + notes_size;
    return (size + UNIT - 1) & ~(size_t)(UNIT - 1);
}

bool block_image_check(const BlockImage *im, const BlockRecord *r)
{
    size_t left = im->records_size - (size_t)((const uint8_t *)r - im->records);
    size_t relocs = relocs_size(r->nb_relocs);
    if (r->size > left || r->size < sizeof(*r) + relocs ||
        (uint64_t)r->code_size + r->notes_size > r->size - sizeof(*r) - relocs ||
        r->nb_pages > BLOCK_IMAGE_PAGES || !r->nb_pages || !r->code_size ||
        record_checksum(r) != r->checksum) {
        return false;
    }
    for (unsigned i = 0; i < r->nb_pages; i++) {
        if (r->pages[i] >= im->n_pages) {
            return false;
        }
    }
    return true;
}

BlockPage block_image_page(const BlockImage *im, unsigned number) { return im->pages[number]; }

const TCGQuickReloc *block_record_relocs(const BlockRecord *r)
{
    return (const TCGQuickReloc *)(r + 1);
}

const uint8_t *block_record_code(const BlockRecord *r)
{
    return (const uint8_t *)(r + 1) + relocs_size(r->nb_relocs);
}
const uint8_t *block_record_notes(const BlockRecord *r)
{
    return block_record_code(r) + r->code_size;
}

// --- writing -------------------------------------------------------------------------------------------

struct BlockWriter {
    uint8_t *bytes; // records
    size_t size, cap;
    GArray *records;          // size_t: where they stand
    GArray *pages;            // BlockPage
    GHashTable *page_numbers; // BlockPage -> number
};

static guint page_hash(gconstpointer p)
{
    const BlockPage *page = p;
    return (guint)(page->addr >> 12) ^ (guint)page->hash;
}

static gboolean page_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(BlockPage)) == 0;
}

// On large pages: to touch 15 MB of others costs more than to write them to a file.
static bool make_room(BlockWriter *w, size_t size)
{
    if (size <= w->cap) {
        return true;
    }
    size_t cap = (size + size / 2 + 0xffff) & ~(size_t)0xffff;
    uint8_t *bytes = slab_map_aligned(cap);
    if (!bytes) {
        return false;
    }
    if (w->bytes) {
        memcpy(bytes, w->bytes, w->size);
        munmap(w->bytes, w->cap);
    }
    w->bytes = bytes;
    w->cap = cap;
    return true;
}

BlockWriter *block_writer_new(size_t expected)
{
    BlockWriter *w = g_new0(BlockWriter, 1);
    make_room(w, expected);
    w->records = g_array_new(FALSE, FALSE, sizeof(size_t));
    w->pages = g_array_new(FALSE, FALSE, sizeof(BlockPage));
    w->page_numbers = g_hash_table_new_full(page_hash, page_equal, g_free, NULL);
    return w;
}

void block_writer_free(BlockWriter *w)
{
    g_array_free(w->records, TRUE);
    g_array_free(w->pages, TRUE);
    g_hash_table_destroy(w->page_numbers);
    if (w->bytes) {
        munmap(w->bytes, w->cap);
    }
    g_free(w);
}

unsigned block_writer_records(const BlockWriter *w) { return w->records->len; }

static uint32_t page_number(BlockWriter *w, const BlockPage *page)
{
    gpointer number;
    if (g_hash_table_lookup_extended(w->page_numbers, page, NULL, &number)) {
        return GPOINTER_TO_UINT(number);
    }
    g_hash_table_insert(w->page_numbers, g_memdup2(page, sizeof(*page)),
                        GUINT_TO_POINTER(w->pages->len));
    g_array_append_val(w->pages, *page);
    return w->pages->len - 1;
}

static BlockRecord *record_at(const BlockWriter *w, unsigned i)
{
    return (BlockRecord *)(w->bytes + g_array_index(w->records, size_t, i));
}

uint8_t *block_writer_add(BlockWriter *w, const BlockRecord *r, const BlockPage *pages,
                          const TCGQuickReloc *relocs)
{
    size_t room = relocs_size(r->nb_relocs);
    size_t size = block_record_size(r->code_size, r->notes_size, r->nb_relocs);
    if (!make_room(w, w->size + size)) {
        g_error("out of memory for blocks to be kept");
    }
    BlockRecord *out = (BlockRecord *)(w->bytes + w->size);
    *out = *r;
    out->size = (uint32_t)size;
    memset(out->succ, 0, sizeof(out->succ));
    memset(out->pages, 0, sizeof(out->pages));
    for (unsigned i = 0; i < r->nb_pages; i++) {
        out->pages[i] = page_number(w, &pages[i]);
    }
    uint8_t *to = (uint8_t *)(out + 1);
    memset(to + room - MIN(room, UNIT), 0, MIN(room, UNIT)); // gaps have one value
    memset((uint8_t *)out + size - UNIT, 0, UNIT);
    memcpy(to, relocs, r->nb_relocs * sizeof(*relocs));
    g_array_append_val(w->records, w->size);
    w->size += size;
    return to + room;
}

void block_writer_add_image(BlockWriter *w, const BlockImage *im, const uint8_t *stale)
{
    for (size_t at = 0; im->records_size - at >= sizeof(BlockRecord);) {
        const BlockRecord *r = (const BlockRecord *)(im->records + at);
        if (!block_image_check(im, r)) {
            break; // nor is it known where the next one begins
        }
        bool wanted = true;
        BlockPage pages[BLOCK_IMAGE_PAGES];
        for (unsigned i = 0; i < r->nb_pages; i++) {
            wanted &= !stale[r->pages[i]];
            pages[i] = im->pages[r->pages[i]];
        }
        if (wanted) {
            memcpy(block_writer_add(w, r, pages, block_record_relocs(r)), block_record_code(r),
                   (size_t)r->code_size + r->notes_size);
        }
        at += r->size;
    }
}

// The index over all records so far.
static uint32_t *make_index(const BlockWriter *w, uint32_t *size)
{
    *size = MIN_INDEX;
    while (*size < 2 * w->records->len) {
        *size *= 2;
    }
    uint32_t *index = g_new0(uint32_t, *size);
    for (unsigned i = 0; i < w->records->len; i++) {
        const BlockRecord *r = record_at(w, i);
        uint32_t h = key_hash(r->pc, r->flags, r->cflags);
        while (index[h & (*size - 1)]) {
            h++;
        }
        index[h & (*size - 1)] = (uint32_t)(((const uint8_t *)r - w->bytes) / UNIT + 1);
    }
    return index;
}

// A record with the key, as it will be numbered; 0: none.
static uint32_t find_number(const BlockWriter *w, const uint32_t *index, uint32_t mask, uint64_t pc,
                            const BlockRecord *like)
{
    for (uint32_t h = key_hash(pc, like->flags, like->cflags); index[h & mask]; h++) {
        const BlockRecord *r = (const BlockRecord *)(w->bytes +
                                                     (size_t)(index[h & mask] - 1) * UNIT);
        if (r->pc == pc && r->flags == like->flags && r->cflags == like->cflags) {
            return index[h & mask];
        }
    }
    return 0;
}

static void finish_records(const BlockWriter *w, const uint32_t *index, uint32_t mask)
{
    for (unsigned i = 0; i < w->records->len; i++) {
        BlockRecord *r = record_at(w, i);
        for (unsigned slot = 0; slot < 2; slot++) {
            uint64_t pc = r->succ_pc[slot];
            r->succ[slot] = pc ? find_number(w, index, mask, pc, r) : 0;
        }
        r->checksum = record_checksum(r);
    }
}

static bool write_file(int fd, const void *bytes, size_t size)
{
    while (size) {
        ssize_t n = write(fd, bytes, size);
        if (n <= 0) {
            return false;
        }
        bytes = (const uint8_t *)bytes + n;
        size -= (size_t)n;
    }
    return true;
}

typedef struct WholeFile {
    const char *path;
    const void *front, *rest;
    size_t front_size, rest_size;
    bool ok;
} WholeFile;

// Never half a file under the name: it is renamed when it is whole.
static void write_whole(void *opaque)
{
    WholeFile *f = opaque;
    g_autofree char *temporary = g_strdup_printf("%s.%d.new", f->path, (int)getpid());
    struct stat st;
    unlink(temporary);
    int fd = object_cache_open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, &st);
    if (fd < 0) {
        return;
    }
    bool ok = write_file(fd, f->front, f->front_size) && write_file(fd, f->rest, f->rest_size);
    ok &= close(fd) == 0;
    f->ok = ok && rename(temporary, f->path) == 0;
    if (!f->ok) {
        unlink(temporary);
    }
}

size_t block_writer_write(BlockWriter *w, const char *path)
{
    ImageHeader h = {.magic = IMAGE_MAGIC,
                     .version = IMAGE_VERSION,
                     .n_records = w->records->len,
                     .n_pages = w->pages->len};
    g_autofree uint32_t *index = make_index(w, &h.index_size);
    finish_records(w, index, h.index_size - 1);
    size_t front = front_size(&h);
    h.size = front + w->size;
    g_autofree uint8_t *bytes = g_malloc0(front);
    uint8_t *to = bytes + sizeof(h);
    if (w->pages->len) {
        memcpy(to, w->pages->data, w->pages->len * sizeof(BlockPage));
    }
    memcpy(to + w->pages->len * sizeof(BlockPage), index, h.index_size * sizeof(uint32_t));
    h.checksum = front_checksum(&h, to, front - sizeof(h));
    memcpy(bytes, &h, sizeof(h));
    WholeFile file = {
        .path = path, .front = bytes, .front_size = front, .rest = w->bytes, .rest_size = w->size};
    files_aside(write_whole, &file);
    return file.ok ? h.size : 0;
}
