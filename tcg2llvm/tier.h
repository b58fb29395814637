// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The LLVM tier: takes translation blocks, gives machine code.  Two ways in:
//
//   llvm_tier_compile_sync   now, in the caller's thread (--llvm=all: cold code, quick pipeline)
//   llvm_tier_request        later, in the tier's own thread (hot code: a region around the block,
//                            full pipeline); the guest never waits
//
// The tier knows the block cache only through LLVMTierHost, and touches guest memory not at all.
//
// A region holds several blocks: static edges between them are plain branches, so nothing notices when
// one of them is relinked or invalidated.  Hence the rule for the runtime: when ANY member of a unit
// is invalidated, the unit is dropped: each entry that points into it goes back to what it was before,
// the CPUs get an exit request (units look at it on each loop back-edge), and after a grace period
// llvm_code_free().  The members' TCGCode must outlive the unit: its code names their jump slots.
#ifndef MYNA_TCG2LLVM_TIER_H
#define MYNA_TCG2LLVM_TIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <glib.h>

#include <llvm-c/Types.h>

#include "tcg/tcg-code.h"
#include "tcg/tcg-pinned.h"
#include "tcg/tcg.h"

typedef struct LLVMTier LLVMTier;

// What a guest instruction does to the flow of control, as far as passes are told.
typedef enum LLVMFlow { LLVM_FLOW_NONE, LLVM_FLOW_CALL, LLVM_FLOW_RETURN } LLVMFlow;

// What the tier wants to know of a block.
typedef struct LLVMBlockInfo {
    uint64_t pc;
    uint32_t size; // bytes of guest code, from pc
    uint32_t num_insns;
    uint64_t mode; // everything else of the block's key; blocks of different modes share no unit
    uint32_t executions;   // about how often it was executed, as far as that is counted
    TCGJumpKind jump_kind; // of its last instruction
    uint64_t jump_mode;    // of the jump cache's entries that its indirect jumps may use
    bool precise;          // TCGContext.precise of its translation
    bool in_unit;          // some installed unit holds a copy of it
    bool compiled;         // its own entry leads into hot code
} LLVMBlockInfo;

// Where a block's indirect jump has gone.
typedef struct LLVMTarget {
    const TCGCode *code;
    uint64_t pc;
    uint32_t share; // of its jumps, in 65536ths
} LLVMTarget;

// A block's ways into compiled code: what belongs into the TCGCode's fields. One of them is the unit's own.
typedef struct LLVMEntry {
    const TCGCode *code;
    TCGEntry *entry;
    const void *pinned;
} LLVMEntry;

// A compiled unit.  Owned by who got it from the tier; freed by llvm_code_free when nothing can be
// running in it.
typedef struct LLVMCode {
    unsigned n_entries;
    LLVMEntry *entries; // a region's first is its head's; a batch of blocks has one each
    bool region;
    unsigned n_members;
    const TCGCode **members; // all blocks that the unit holds copies of, entries included
    uint64_t guest_insns;
    size_t host_bytes;
    struct JitObject *object;
    void *opaque; // the runtime's
} LLVMCode;

typedef enum LLVMLogItem {
    LLVM_LOG_IR,     // -d llvm: as lowered
    LLVM_LOG_IR_OPT, // -d llvm_opt: after the pipeline
    LLVM_LOG_ASM,    // -d out_asm
} LLVMLogItem;

// What the runtime gives the tier.  The functions are called from the tier's threads and from the
// threads in llvm_tier_compile_sync, at the same time; those marked (sync too) by both.
typedef struct LLVMTierHost {
    void *opaque; // first argument of each function

    // The number of the global that holds the guest's pc (in TCGContext order, 0 = first row), so that
    // indirect jumps may be guessed inside a region; -1: do not (a pc does not tell the whole target).
    int pc_global;

    // Bit n: global n is seen by nobody but guest code (flags apart, say): where the code that follows
    // overwrites it before it looks, its value need not be kept.
    uint64_t hidden_globals[4];

    bool frames; // guest calls have some (tcg-returns.h)
    // The guest's pinned registers (tcg-pinned.h); NULL: it has none.
    const TCGPinned *pinned;

    // A TCG context for the guest; the tier frees it with tcg_context_free.  (sync too)
    TCGContext *(*context_new)(void *opaque);
    // Around the life of each of the tier's threads, in that thread (RCU registration, signal mask).  May be NULL.
    void (*thread_start)(void *opaque);
    void (*thread_end)(void *opaque);

    // A held block's TCGCode stays in memory, valid or not, until it is let go.  hold is called by
    // llvm_tier_request in the requesting thread.
    void (*hold)(void *opaque, const TCGCode *code);
    void (*release)(void *opaque, const TCGCode *code);
    // False when the block has been invalidated.  (sync too)
    bool (*block_info)(void *opaque, const TCGCode *code, LLVMBlockInfo *info);
    // Translates the block again into ctx: translator_loop with the same TCGCode, key and flags,
    // tcg_optimize, tcg_liveness.  False when that cannot be done (invalidated, code gone).  (sync too)
    bool (*translate)(void *opaque, TCGContext *ctx, const TCGCode *code);
    // The blocks that goto_tb slots 0 and 1 are linked to now, if they have been executed; NULL when
    // not.  Each one that is given is held for the tier.
    void (*successors)(void *opaque, const TCGCode *code, const TCGCode *succ[2]);
    // The executed, valid block at pc in the same mode as `like`, held; NULL when there is none.
    const TCGCode *(*find)(void *opaque, const TCGCode *like, uint64_t pc);

    // Where the block's indirect jump, unless it is a return, has gone, most frequent first; the blocks are
    // held.  Gives how many, at most max.  NULL: not known.
    unsigned (*targets)(void *opaque, const TCGCode *code, LLVMTarget *out, unsigned max);

    // A block's ways out (pinned-exit.h): slots with these pcs, the indirect jump's; NULL: not wanted. They last as long
    // as the block. False when the code memory is full. NULL: units have ways out of their own.
    bool (*ways)(void *opaque, const TCGCode *code, const uint64_t *slot_pc, const void **slots,
                 const void **indirect);

    // Takes a finished unit (for good).  The runtime checks that every member is still valid, and then
    // stores the entries' fields; or frees the unit at once with llvm_code_free.
    void (*install)(void *opaque, LLVMCode *unit);
    // A requested block was compiled as a part of another's region meanwhile, and may not need one of its
    // own: the runtime counts it afresh and requests it again when it is still entered.  NULL: never.
    void (*postpone)(void *opaque, const TCGCode *code);
    // The block could not be compiled; it stays where it is.  May be NULL.
    void (*failed)(void *opaque, const TCGCode *code, const GError *error);

    // A module with guest code is there, guest operations lowered; optimising and code generation come next.  It may
    // be changed.  May be NULL.  (sync too)
    void (*module)(void *opaque, LLVMModuleRef module, uint64_t pc);

    // The path of the guest file that pc is mapped from, a string that stays; NULL when there is none.
    // For the persistent cache; may be NULL.  (sync too)
    const char *(*file)(void *opaque, uint64_t pc);

    // For dumps and logs; each may be NULL.  (sync too)
    // Name of the function that holds pc, and pc's offset in it; NULL when unknown.
    const char *(*symbol)(void *opaque, uint64_t pc, uint64_t *offset);
    // One line of disassembly; the instruction's length, 0 when there is none.
    size_t (*disassemble)(void *opaque, uint64_t pc, char *buf, size_t size);
    // What the instruction at pc does to the flow of control (unit.h), and where the next one begins.
    LLVMFlow (*flow)(void *opaque, uint64_t pc, uint64_t *next);
    // The stream to print an item about the unit at pc to, or NULL when it is not wanted; log_end
    // follows.  log_wanted asks in advance whether any unit is to be printed.
    bool (*log_wanted)(void *opaque, LLVMLogItem item);
    FILE *(*log_begin)(void *opaque, LLVMLogItem item, uint64_t pc);
    void (*log_end)(void *opaque, FILE *f);
} LLVMTierHost;

enum { LLVM_TIER_MAX_THREADS = 16 };

// Zero means the default of each field.
typedef struct LLVMTierOptions {
    size_t code_size;     // bytes of address space for machine code
    const char *dump_dir; // --dump-ir: an existing, writable directory
    // Units are kept from run to run under this name of the guest (object-cache.h); NULL: they are not.
    const char *cache_guest;
    const char *cache_dir; // where; NULL: the default
    unsigned threads;      // that compile, at most; started as there is work. 0: one
    unsigned max_blocks;   // of a region; default 64
    unsigned max_insns;    // guest instructions of a region; default 300
    bool keep_names;       // of values, for -d llvm (a dump has them anyway)
    bool verify_ir;        // LLVM's verifier after each step (always on with MYNA_VERIFY_IR)
    const char *passes;    // a pipeline in opt's form, run on each unit before guest operations are
                           // lowered; NULL: none
    // Run on each unit after that (instrument.h), started but not attached yet; NULL: none.
    struct Instrument *instrument;
} LLVMTierOptions;

// How a unit is compiled.
typedef enum LLVMLevel {
    LLVM_COLD, // quick to compile; counts executions for promotion (TCGCode.counter, hot)
    LLVM_HOT,  // the full pipeline
} LLVMLevel;

// host and options are copied.  Starts no thread: the first request does.  NULL and an error when LLVM
// cannot be used on this host.
LLVMTier *llvm_tier_new(const LLVMTierHost *host, const LLVMTierOptions *options, GError **error);
// Ends the tier's threads and frees everything but the units.  A guest that ends need not call it: exit
// waits for no compilation.
void llvm_tier_free(LLVMTier *tier);

// A block to be compiled now.
typedef struct LLVMSyncBlock {
    const TCGCode *code;
    TCGContext *ctx; // its ops, after tcg_liveness; NULL: the tier calls translate
} LLVMSyncBlock;

// Compiles blocks into one unit, a function each.  NULL and an error on failure; with
// JIT_ERROR/JIT_ERROR_FULL (jit.h) the caller flushes the block cache and tries again.  Any thread.
LLVMCode *llvm_tier_compile_sync(LLVMTier *tier, LLVMLevel level, const LLVMSyncBlock *blocks,
                                 unsigned n, GError **error);

// Asks for a region around a hot block.  Never waits; any thread.  The answer comes through
// host.install (or failed), in a thread of the tier's.  To ask again for a block that still waits says how hot
// it is: what was asked for most is compiled first.
void llvm_tier_request(LLVMTier *tier, const TCGCode *code);
// Has an earlier run compiled a region around a block like this, so that the code is at hand?
// Is there a persistent cache?
bool llvm_tier_has_cache(const LLVMTier *t);
bool llvm_tier_knows(LLVMTier *tier, uint64_t pc, uint64_t mode);
// Forgets what is queued and waits until the unit in work, if any, has been installed or dropped: after
// it no `install` for an earlier request comes.  For a flush of the whole cache.
void llvm_tier_drain(LLVMTier *tier);
// Ends the compile threads, each after the unit in work; what is queued stays so.  The next request starts one again.  While
// nobody asks for anything.
void llvm_tier_rest(LLVMTier *tier);

// Any thread; nothing may be running in the unit.  NULL is allowed.
void llvm_code_free(LLVMCode *unit);

// Around fork(): prepare before it, then done in the parent and in the child.  The child goes on with
// a thread of its own; requests that were queued are forgotten there.
void llvm_tier_fork_prepare(LLVMTier *tier);
void llvm_tier_fork_done(LLVMTier *tier, bool in_child);

// Host addresses that compiled code lies in: the guest must neither see nor unmap them.
struct Slab *llvm_tier_slab(LLVMTier *tier);
void llvm_tier_code_range(LLVMTier *tier, uint8_t **base, size_t *size);
// At a fault in compiled code: puts the guest's registers into env and its pc into *pc, where the access has a note (state-notes.h).
struct StateRegs;
bool llvm_tier_recover(LLVMTier *tier, const void *address, const struct StateRegs *regs, void *env,
                       uint64_t *pc);
// Is this host address in compiled code?  Async-signal-safe.
bool llvm_tier_owns(const LLVMTier *tier, const void *address);

typedef struct LLVMTierStats {
    uint64_t units, blocks, guest_insns, host_bytes, failed;
    // Under precise state (state-notes.h): times that a unit was made again with other notes, units that have none.
    uint64_t renoted, unnoted;
    uint64_t ns_translate, ns_lower, ns_optimise, ns_codegen, ns_link;
    uint64_t cache_hits, cache_misses, cache_damaged;
} LLVMTierStats;
LLVMTierStats llvm_tier_stats(LLVMTier *tier);
// Writes new units to the persistent cache: before the process ends or executes another program.
void llvm_tier_flush_cache(LLVMTier *tier);

#endif
