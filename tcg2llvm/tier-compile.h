// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A compiler: what one thread needs to make machine code of blocks, and the way from blocks to code.
#ifndef MYNA_TCG2LLVM_TIER_COMPILE_H
#define MYNA_TCG2LLVM_TIER_COMPILE_H

#include "tcg2llvm/dump-ir.h"
#include "tcg2llvm/object-cache.h"
#include "tcg2llvm/tier.h"
#include "tcg2llvm/unit.h"
#include "tcg2llvm/unit-key.h"

// What all compilers of a tier share.
typedef struct TierCommon {
    LLVMTierHost host;
    LLVMTierOptions opt;
    Jit *jit;
    DumpIR *dump;       // NULL: none
    ObjectCache *cache; // NULL: none
} TierCommon;

// The Jit that compilers work for, with the helpers and what generated code calls.
Jit *tier_make_jit(const LLVMTierOptions *options, GError **error);

typedef struct Compiler {
    const TierCommon *common;
    JitContext
        *jit; // NULL, as lower, until something is not in the persistent cache: LLVM is loaded then
    LLVMLower *lower;
    TCGContext *ctx;
    UnitHash *hash;
    uint64_t ns_translate, ns_lower, ns_link;
    uint64_t renoted;        // times that a unit was made again, with other notes
    uint64_t unnoted;        // units that had to be made without notes
    const TCGPinned *pinned; // of the unit in work; NULL: it has none
    LLVMNotes notes;         // of the unit in work
} Compiler;

// A block of a unit; its TCG ops come from ctx, or are translated when that is NULL.
typedef struct CompileBlock {
    LLVMUnitBlock block;
    LLVMBlockInfo info;
    bool enter; // a region's: it may be entered here
    int behind; // while a region is formed: the block behind the call that this one ends with; -1: none
    TCGContext *ctx;
    uint8_t ways;       // which of LLVM_UNIT_WAYS it has: bits; known when it has been translated
    uint64_t way_pc[2]; // of the slots'
} CompileBlock;

// The IR is for somebody to see.
bool tier_is_looked_at(const TierCommon *common);

Compiler *compiler_new(const TierCommon *common);
void compiler_free(Compiler *c);
JitTimes compiler_times(const Compiler *c);

// One function over all blocks (a region, entered at the first and those that `enter` marks), or one for each block.
typedef enum CompileShape { COMPILE_REGION, COMPILE_BATCH } CompileShape;

// NULL and an error when the code memory is full, a block cannot be translated any more, or LLVM fails.
LLVMCode *compiler_run(Compiler *c, CompileShape shape, LLVMLevel level, CompileBlock *blocks,
                       unsigned n, GError **error);

// How many times more blocks than others a region has that holds a jump to many targets.
enum { REGION_LARGER = 2 };

// A region around a hot block: blocks[0] is the head.  Gives the number of blocks, at most REGION_LARGER * max;
// each block's code is held for the caller (host.release), who calls region_free_block.  0 when the head has
// gone.
unsigned region_form(Compiler *c, const TCGCode *head, CompileBlock *blocks, unsigned max,
                     unsigned max_insns);

// The pack that the units of the block at pc are kept in: that of the guest file which it was read from.
// NULL when there is none, as for code that the guest has made itself.
const char *tier_pack(const TierCommon *common, uint64_t pc);
// Has an earlier run compiled a region around such a head?
bool region_is_known(const TierCommon *common, uint64_t pc, uint64_t mode);
// The region that an earlier run compiled around this head, as region_form; 0 when that is not known, or not
// all of its blocks are there yet.
unsigned region_recall(Compiler *c, const TCGCode *head, CompileBlock *blocks, unsigned max);
void region_free_block(const CompileBlock *block);
// Keeps which blocks a region has.
void region_keep(Compiler *c, const CompileBlock *blocks, unsigned n);

// Translates a block again, into the compiler's own context.  NULL when that cannot be done.
TCGContext *compiler_translate(Compiler *c, const TCGCode *code);

#endif
