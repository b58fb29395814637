// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which blocks stand on which page, and how a write to their bytes is noticed.
//
// Most code lies on pages that the guest may not write to: then mprotect, mmap and munmap are the only ways
// to change it, and they invalidate.  A page that the guest may write to is write-protected on the host
// while blocks depend on it.  A write faults; the fault handler invalidates the page's blocks, lifts the
// protection, and the write goes on.  Two cases need more:
//
//   The running block writes to its own page.  The next instruction must be the new one, though it may
//   belong to the same block.  Hence blocks on writable pages are translated precisely (CF_PRECISE):
//   at each access all registers are in env and CPUState.insn_pc names the instruction.  The fault
//   handler leaves the block by siglongjmp, and the CPU begins that instruction again, alone in a block
//   of its own; what follows is translated from the new bytes.  See fault.c.
//
//   Writes come often (a JIT that shares a page between code and data, or fills it bit by bit).  After
//   UNGUARDED_AFTER faults the page is left writable.  Its blocks then carry a copy of their bytes, which
//   is compared at each entry, and end after the first instruction that stores, so that no instruction
//   runs that was changed before it.  The same holds for executable shared mappings, which may be
//   written to through another address.

#include <string.h>

#include <glib.h>

#include "cpu-exec.h"
#include "cpu-list.h"
#include "guest-memory-internal.h"
#include "stats.h"
#include "tb-image.h"
#include "tb.h"
#include "tcg2llvm/block-image.h"

enum { UNGUARDED_AFTER = 64 };

typedef struct TBPage {
    uint64_t page;
    TranslationBlock *first; // list of its blocks, through page_next
    uint64_t hash;           // of its bytes, when hashed
    unsigned faults;
    bool protected;
    bool hashed; // until the page may have changed
} TBPage;

// Under tb_lock.
static GHashTable *pages; // page address -> TBPage
static _Atomic unsigned nb_protected;

static TBPage *page_find(uint64_t page) { return pages ? g_hash_table_lookup(pages, &page) : NULL; }

static TBPage *page_get(uint64_t page)
{
    TBPage *p = page_find(page);
    if (!p) {
        if (!pages) {
            pages = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
        }
        p = g_new0(TBPage, 1);
        p->page = page;
        g_hash_table_insert(pages, &p->page, p);
    }
    return p;
}

unsigned tb_protected_pages(void) { return nb_protected; }

TBPageInfo tb_page_enter(uint64_t page)
{
    GuestRegion r;
    TBPageInfo info = {0};
    if (!guest_memory_find(page, &r) || !(r.prot & PROT_EXEC)) {
        return info;
    }
    info.readable = true;
    info.writable = r.prot & PROT_WRITE;
    if (r.flags & MAP_SHARED) {
        info.unguarded = true;
        return info;
    }
    if (info.writable) {
        TBPage *p = page_get(page);
        if (p->faults >= UNGUARDED_AFTER) {
            info.unguarded = true;
        } else if (!p->protected) {
            p->protected = guest_page_protect(page);
            nb_protected += p->protected;
        }
    }
    return info;
}

typedef struct PageCopy {
    uint64_t page;
    uint8_t bytes[GUEST_PAGE_SIZE];
} PageCopy;

static void copy_page(void *opaque)
{
    PageCopy *c = opaque;
    memcpy(c->bytes, g2h(c->page), sizeof(c->bytes));
}

bool tb_page_hash(uint64_t page, uint64_t *hash)
{
    TBPage *p = page_find(page);
    if (!p || !p->hashed) {
        static PageCopy copy; // under tb_lock
        TBPageInfo info = tb_page_enter(page);
        copy.page = page;
        if (!info.readable || info.writable || info.unguarded ||
            !cpu_guard_access(copy_page, &copy, NULL)) {
            return false;
        }
        p = page_get(page);
        p->hash = block_image_hash(copy.bytes, sizeof(copy.bytes));
        p->hashed = true;
    }
    *hash = p->hash;
    return true;
}

// Which of tb's pages it is.
static unsigned index_of(const TranslationBlock *tb, uint64_t page)
{
    unsigned i = 0;
    while (tb->pages[i] != page) {
        i++;
    }
    return i;
}

// The word that leads to `tb` in the list of `page` is `link` now.
static void set_link(TranslationBlock *tb, uint64_t page, TranslationBlock **link)
{
    if (tb) {
        tb->page_link[index_of(tb, page)] = link;
    }
}

void tb_page_add(TranslationBlock *tb)
{
    for (unsigned i = 0; i < tb->nb_pages; i++) {
        TBPage *p = page_get(tb->pages[i]);
        tb->page_next[i] = p->first;
        tb->page_link[i] = &p->first;
        set_link(p->first, p->page, &tb->page_next[i]);
        p->first = tb;
    }
}

// A page may hold thousands of blocks (a byte of code each), so none is searched for.
void tb_page_remove(TranslationBlock *tb)
{
    for (unsigned i = 0; i < tb->nb_pages; i++) {
        *tb->page_link[i] = tb->page_next[i];
        set_link(tb->page_next[i], tb->pages[i], tb->page_link[i]);
    }
}

static void unprotect(TBPage *p)
{
    p->hashed = false;
    while (p->first) {
        tb_invalidate(p->first);
    }
    if (p->protected) {
        p->protected = false;
        nb_protected--;
        guest_page_unprotect(p->page);
    }
}

void tb_invalidate_range_locked(uint64_t start, uint64_t end)
{
    start &= GUEST_PAGE_MASK;
    if (!pages) {
        return;
    }
    tb_image_forget(start, end);
    if ((end - start) >> GUEST_PAGE_BITS <= g_hash_table_size(pages)) {
        for (uint64_t page = start; page < end; page += GUEST_PAGE_SIZE) {
            TBPage *p = page_find(page);
            if (p) {
                unprotect(p);
                g_hash_table_remove(pages, &page);
            }
        }
        return;
    }
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, pages);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        TBPage *p = value;
        if (p->page >= start && p->page < end) {
            unprotect(p); // takes blocks out of other pages' lists, but no page out of the table
            g_hash_table_iter_remove(&iter);
        }
    }
}

bool tb_unprotect_range_locked(uint64_t start, uint64_t end)
{
    bool any = false;
    GHashTableIter iter;
    gpointer value;
    if (!pages) {
        return false;
    }
    start &= GUEST_PAGE_MASK;
    if ((end - start) >> GUEST_PAGE_BITS <
        g_hash_table_size(pages)) { // system calls' buffers are small
        for (uint64_t page = start; page < end; page += GUEST_PAGE_SIZE) {
            TBPage *p = page_find(page);
            if (p && p->protected) {
                unprotect(p);
                any = true;
            }
        }
        return any;
    }
    g_hash_table_iter_init(&iter, pages);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        TBPage *p = value;
        if (p->protected && p->page + GUEST_PAGE_SIZE > start && p->page < end) {
            unprotect(p);
            any = true;
        }
    }
    return any;
}

bool tb_unprotect_range(uint64_t start, uint64_t end)
{
    tb_lock();
    bool any = tb_unprotect_range_locked(start, end);
    tb_unlock();
    return any;
}

bool tb_page_write_fault(uint64_t page)
{
    TBPage *p = page_find(page);
    if (!p || !p->protected) {
        return false;
    }
    p->faults++;
    stats.write_faults++;
    unprotect(p);
    return true;
}

// From the fault handler.  Beyond our own protections there is one more case: another thread lifted the
// protection between the access and here.  Then the page is writable and the access is made again; but not
// for ever, should the host refuse a write for a reason of its own.
bool guest_memory_write_fault(uint64_t addr)
{
    static _Thread_local uint64_t last_addr;
    static _Thread_local unsigned repeated;
    tb_lock();
    bool ours = tb_page_write_fault(addr & GUEST_PAGE_MASK);
    tb_unlock();
    if (!ours && guest_access_ok(addr, 1, PROT_WRITE)) {
        repeated = addr == last_addr ? repeated + 1 : 0;
        last_addr = addr;
        ours = repeated < 4;
    }
    return ours;
}
