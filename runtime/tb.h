// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Translation blocks and the block cache.
//
// A block is found by pc, flags and translation flags, in a lock-free table under RCU.  It is chained to
// others through its jump slots, stands in the list of each page whose bytes its translation depended
// on, and goes when one of them changes: it is marked invalid, taken from the table and the jump caches,
// unlinked from the blocks that jump to it, and freed after a grace period.  cpu_exec is a read-side
// section, so nothing is freed that some CPU may still run.
//
// One lock, tb_lock, covers translation, linking, the page lists and every change of the guest's
// mappings.  Lock order: tb_lock, the map's lock (guest-memory-internal.h), leaf locks (the CPU list, the
// log, the tier's queue).

#ifndef RUNTIME_TB_H
#define RUNTIME_TB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <urcu-bp.h>

#include "frontend/translator.h"
#include "later.h"
#include "tcg/quick.h"
#include "tcg/tcg-code.h"

typedef struct TranslationBlock TranslationBlock;

// The pages that a block depends on: where it stands (two at most, for a block ends at a page's end), and
// where its translator looked at successors to see which flags they kill.
enum { TB_MAX_PAGES = 4 };

struct TranslationBlock {
    TCGCode code; // first

    // The key, and what it covers.
    uint64_t pc;
    uint32_t flags, cflags;
    uint64_t jump_key;   // in jump caches; 0: it is in none
    uint32_t gen_cflags; // what it was translated with: cflags and what its pages demand
    uint32_t size;       // bytes
    uint16_t num_insns;
    uint8_t nb_pages;
    uint8_t jump_kind; // TCGJumpKind
    bool indirect;     // ends in an indirect jump that is no return
    uint8_t heavy;     // ops that LLVM has much better code for (tcg_quick_heavy_ops), at most 255
    bool restored;     // an earlier run translated it (tb-image.c)
    bool checked;      // compares its bytes at entry: its page is written to often
    _Atomic bool invalid;  // set once, under tb_lock
    _Atomic bool executed; // entered through cpu_exec or linked to

    _Atomic uint32_t refs;                  // the cache's, and one a holder
    _Atomic(TranslationBlock *) table_next; // in the table's bucket
    Later later;
    struct TBChunk *chunk;
    uint32_t own_counter;         // code.counter, but in the quick tier (tb-quick.c)
    uint32_t count_to;            // executions, of all, when code.counter is 0
    _Atomic(TBTargets *) targets; // where its indirect jump has gone; NULL: never asked
    size_t alloc_size;

    // Under tb_lock.  Where slot n jumps to, and the next block in the list of those that jump to the same
    // place; list words are a block's address with the slot's number in the low bit.
    TranslationBlock *jmp_dest[2];
    uintptr_t jmp_next[2];
    uintptr_t jmp_incoming;

    uint64_t pages[TB_MAX_PAGES];
    TranslationBlock *page_next[TB_MAX_PAGES];  // in the page's list
    TranslationBlock **page_link[TB_MAX_PAGES]; // the word that leads to this block there
    TCGEntry *cold_entry;         // what `entry` goes back to; NULL: the block goes too
    struct TBUnitLink *units;     // LLVM units that hold a copy (tier-host.c)
    struct SlabBlock *quick;      // code of the quick tier (tb-quick.c)
    TranslationBlock *quick_next; // of those with code in the same page
    void *notes;                  // of that code, under precise state (tcg/quick.h), or NULL
    struct SlabBlock *ways[2];    // ways out of pinned code: slots, indirect jump (tb-way.c)
    TCGEntry *other_entry;        // --verify: the compiled form, beside the bytecode
    struct EventBlock *events;    // what instrumentation adds (event-block.c); NULL: nothing
    const uint8_t *bytes;         // checked blocks: what was translated
    uint32_t relocs;              // of its code: the first one's number (tb-quick.c)
    uint32_t fresh;      // translated by this process (tb-image.c): which; 0: not to be kept
    uint32_t quick_size; // of its code, bytes
    uint32_t notes_size;
    uint16_t nb_relocs;
    TCGQuickJumps jumps; // of its code
    uint32_t bytecode_size;
    uint32_t runs; // --verify: how often it was compared
};

static inline TranslationBlock *tb_of(const TCGCode *code) { return (TranslationBlock *)code; }

typedef enum TBEngine {
    TB_ENGINE_INTERP,       // bytecode
    TB_ENGINE_QUICK,        // the quick tier
    TB_ENGINE_LLVM,         // compiled by LLVM at once
    TB_ENGINE_VERIFY,       // bytecode and LLVM
    TB_ENGINE_VERIFY_QUICK, // bytecode and the quick tier
} TBEngine;

// --- cache (tb.c) ---------------------------------------------------------------------------------
void tb_init(void);
void tb_lock(void);
void tb_unlock(void);
bool tb_lock_held(void); // by this thread

// In a read-side section.  Without tb_lock it may miss a block while the table grows: whoever then translates looks
// again under the lock.
TranslationBlock *tb_lookup(uint64_t pc, uint32_t flags, uint32_t cflags);

// The rest under tb_lock.
// A new block with room for at least `room` bytes behind it (tb_room_size tells how many there are): at the arena's end,
// or for none where another block was.  Until tb_keep it is a draft, which the next tb_new overwrites; tb_keep fixes how many
// of the bytes it uses.  What is kept and then not wanted is let go with tb_release.
TranslationBlock *tb_new(size_t room);
void *tb_room(TranslationBlock *tb);
size_t tb_room_size(const TranslationBlock *tb);
void tb_keep(TranslationBlock *tb, size_t used);
// Puts a finished block into table and page lists: from here on it is found.  The table grows here, not when a CPU comes
// out of guest code: a program may call a million functions without a system call.
void tb_publish(TranslationBlock *tb);
void tb_link(TranslationBlock *from, unsigned slot, TranslationBlock *to);
// TCGCode.pinned of a block whose code is at `entry`.
const void *tb_cold_pinned(void);
// tb's entry is another now: so is where the blocks jump that are linked to it.
void tb_set_entry(TranslationBlock *tb, TCGEntry *entry, const void *pinned);
void tb_invalidate(TranslationBlock *tb);
void tb_invalidate_range_locked(uint64_t start, uint64_t end);
void tb_flush_locked(void);
void tb_foreach(void (*fn)(TranslationBlock *tb, void *opaque), void *opaque);
// More code than the budget allows: the next translation should be preceded by a flush.
bool tb_cache_full(void);
void tb_set_budget(size_t bytes); // for tests; default 256 MiB

// References that outlive invalidation (LLVM units).
void tb_hold(TranslationBlock *tb);
void tb_release(TranslationBlock *tb);

// --- pages (tb-page.c) ----------------------------------------------------------------------------
// What a translation has to know of a page; write-protects it when it is writable to the guest.
typedef struct TBPageInfo {
    bool readable;  // and executable
    bool writable;  // to the guest: a fault may come from the block's own stores
    bool unguarded; // writes to it are not noticed: blocks check their bytes
} TBPageInfo;
TBPageInfo tb_page_enter(uint64_t page);
// A hash of the page's bytes, which stays right as long as nobody may write to it; false when somebody may, or
// there is none.
bool tb_page_hash(uint64_t page, uint64_t *hash);
void tb_page_add(TranslationBlock *tb);
void tb_page_remove(TranslationBlock *tb);
// Lifts the write protection of the range's pages, invalidating their blocks; true when there was any.
bool tb_unprotect_range(uint64_t start, uint64_t end);
bool tb_unprotect_range_locked(uint64_t start, uint64_t end);
unsigned tb_protected_pages(void); // without the lock: a hint
// A guest write has hit this page: true when its protection was ours.  Counts towards unguarded.
bool tb_page_write_fault(uint64_t page);

// --- translation (tb-gen.c) -------------------------------------------------------------------------
typedef enum TBGenResult {
    TB_GEN_OK,
    TB_GEN_FAULT, // the first instruction cannot be read: *fault_addr is the byte
    TB_GEN_FULL,  // no room for machine code: leave the read-side section, flush, try again
} TBGenResult;
// Translates the block at key, or finds that another thread has.
TBGenResult tb_gen_code(CPUState *cs, TBKey key, uint32_t cflags, TranslationBlock **out,
                        uint64_t *fault_addr);
// Fills ctx with an existing block's ops again, optimised.  false when it is invalid or its code is gone.
bool tb_translate_again(TCGContext *ctx, const GuestISA *isa, TranslationBlock *tb);
void tb_gen_init(TBEngine engine, uint32_t hot_count);
TBEngine tb_engine(void);
// Guest calls have frames (tcg/tcg-returns.h).
static inline bool tb_has_frames(void) { return tb_engine() == TB_ENGINE_QUICK; }
static inline bool tb_engine_verifies(void) { return tb_engine() >= TB_ENGINE_VERIFY; }

// --- fork -------------------------------------------------------------------------------------------
void tb_fork_prepare(void);
void tb_fork_parent(void);
void tb_fork_child(void);

#endif
