// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What generated code needs to know of a translation block, and how blocks call each other.
//
// Every engine enters a block the same way: code->entry(env, code).  Every jump from block to block is
// a tail call of that form (a guest call may be a call: tcg-returns.h), so interpreted and compiled blocks chain freely, and a block moves to a
// better tier by replacing `entry`.  (Blocks of the quick tier may jump to each other directly: quick.h.)  The runtime's TranslationBlock embeds a TCGCode as its first
// member. A caller in C goes through tcg_enter (tcg-pinned.h). LLVM's code has a second way in, `pinned`, with guest registers
// in host registers.

#ifndef TCG_CODE_H
#define TCG_CODE_H

#include <stdatomic.h>
#include <stdint.h>

typedef struct TCGCode TCGCode;

// Runs guest code from this block on until a block returns to cpu_exec; gives the exit_tb value:
// 0, or the address of the TCGCode that was left, with one of TB_EXIT_* in the low two bits.
typedef uintptr_t TCGEntry(void *env, const TCGCode *code);

// Where a block's indirect jump has gone, while it ran in the quick tier: pcs in a small table, each in one of
// four places.  When these are taken, a newcomer wears down the count of one.  (Not atomic: threads may lose
// counts, or leave a pc with another's.)  A sample is enough: when `wanted` is down
// to 0, the jumps that follow are not noted.  (To note all until the block was compiled took an eighth of python3's time.)
enum { TB_TARGETS = 64, TB_TARGET_PLACES = 4 };
typedef struct TBTarget {
    uint64_t pc;
    uint32_t count, reserved;
} TBTarget;
typedef struct TBTargets TBTargets;
struct TBTargets {
    TBTarget t[TB_TARGETS];
    _Atomic(TBTargets *) *noting; // what says that jumps are noted here: the block's TCGCode.noting
    int32_t wanted;
};

static inline void tb_targets_record(TBTargets *targets, uint64_t pc)
{
    if (--targets->wanted <= 0) {
        atomic_store_explicit(targets->noting, NULL, memory_order_relaxed);
    }
    unsigned hash = (unsigned)((pc * 0x9e3779b97f4a7c15u) >> 58);
    TBTarget *first = &targets->t[hash];
    for (unsigned i = 0; i < TB_TARGET_PLACES; i++) {
        TBTarget *e = &targets->t[hash ^ i];
        if (e->pc == pc || e->count == 0) {
            e->pc = pc;
            e->count++;
            return;
        }
    }
    first->count--;
}

struct TCGCode {
    _Atomic(TCGEntry *) entry;
    _Atomic(const void *)
        pinned; // the way in for LLVM's code (tcg-pinned.h); NULL where there is none
    _Atomic(const TCGCode *) jmp[2]; // goto_tb slots: NULL falls through to the op that follows
    const void *bytecode;            // the interpreter's program; NULL when never interpreted
    // Counted down at each entry, when hot is set, which is called when it reaches 0.  The engine
    // says where: the quick tier's lie in reach of its code.
    uint32_t *counter;
    void (*hot)(void *env, const TCGCode *code); // or NULL
    _Atomic(TBTargets *)
        noting; // the quick tier notes here where its indirect jump goes, unless NULL
};

#define TB_JMP_CACHE_BITS 16
#define TB_JMP_CACHE_SIZE (1u << TB_JMP_CACHE_BITS)

// What is looked up in the per-thread jump cache: a pc, below 1 << 48, and what else blocks are found by (mode: flags, and
// cflags << 32), in one word. Modes that would share a tag do not use the cache (tb.c), so the word is exact. Never 0.
static inline uint64_t tb_jump_tag(uint64_t mode)
{
    uint64_t tag = (mode * 0x9e3779b97f4a7c15u) >> 49;
    return (tag ? tag : 1) << 48;
}
static inline uint64_t tb_jump_key(uint64_t pc, uint64_t mode) { return pc ^ tb_jump_tag(mode); }

// An entry.  Compiled code looks here itself before it calls lookup_tb_ptr, and finds all in one of the processor's cache
// lines. Its own thread writes it; others may set the key to 0.
typedef struct TBJumpCacheEntry {
    _Atomic uint64_t key; // 0: empty
    const TCGCode *code;
    TCGEntry *entry; // as code has them
    const void *pinned;
} TBJumpCacheEntry;

// The number of pc's entry; compiled code computes the same.
static inline unsigned cpu_jump_cache_hash(uint64_t pc)
{
    return (unsigned)(pc ^ (pc >> TB_JMP_CACHE_BITS)) & (TB_JMP_CACHE_SIZE - 1);
}

// The low bits of what exit_tb returns.
enum {
    TB_EXIT_IDX0 = 0,      // left through goto_tb slot 0: cpu_exec may link it
    TB_EXIT_IDX1 = 1,      // slot 1
    TB_EXIT_REQUESTED = 3, // exit_request was set when the block was entered; nothing of it ran
    TB_EXIT_MASK = 3,
};

#endif
