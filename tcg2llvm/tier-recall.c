// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Regions that earlier runs compiled, from the persistent cache.  A region's blocks come from the profile,
// so hardly two runs would form the same one, and what one has compiled would not serve the next.  Hence
// the blocks are kept as well, under the head's pc: a later run takes them over, and finds the code.
#include "tcg2llvm/tier-compile.h"

// One block of a kept region.  Behind the blocks stand their targets' numbers, block after block.
typedef struct KeptBlock {
    uint64_t pc;
    int32_t succ[2];
    uint16_t guess, enter; // 0 or 1
    uint32_t n_targets;
} KeptBlock;

typedef struct KeptRegion {
    uint32_t n_blocks, n_targets;
    KeptBlock blocks[];
} KeptRegion;

const char *tier_pack(const TierCommon *common, uint64_t pc)
{
    const LLVMTierHost *host = &common->host;
    const char *path = common->cache && host->file ? host->file(host->opaque, pc) : NULL;
    return path ? object_cache_pack(common->cache, path) : NULL;
}

bool region_is_known(const TierCommon *common, uint64_t pc, uint64_t mode)
{
    const char *pack = tier_pack(common, pc);
    return pack && object_cache_contains(common->cache, pack, region_key(pc, mode));
}

// Takes over the hold on code.
static bool take(Compiler *c, const TCGCode *code, const KeptBlock *kept, const uint32_t *targets,
                 unsigned n, uint64_t mode, CompileBlock *out)
{
    const LLVMTierHost *host = &c->common->host;
    LLVMBlockInfo info;
    bool ok = host->block_info(host->opaque, code, &info) && info.pc == kept->pc &&
              info.mode == mode;
    for (unsigned i = 0; i < 2; i++) {
        ok = ok && kept->succ[i] >= -1 && kept->succ[i] < (int)n;
    }
    for (unsigned i = 0; i < kept->n_targets; i++) {
        ok = ok && targets[i] < n;
    }
    if (!ok) {
        host->release(host->opaque, code);
        return false;
    }
    *out = (CompileBlock){
        .block = {.code = code,
                  .pc = info.pc,
                  .succ = {kept->succ[0], kept->succ[1]},
                  .jump_mode = info.jump_mode,
                  .jump_kind = info.jump_kind,
                  .guess = kept->guess,
                  .targets = g_memdup2(targets, kept->n_targets * sizeof(*targets)),
                  .n_targets = kept->n_targets},
        .info = info,
        .enter = kept->enter};
    return true;
}

// Are the sizes that it speaks of its own?
static bool fits(const KeptRegion *kept, size_t size, unsigned max)
{
    uint64_t targets = 0;
    if (size < sizeof(*kept) || kept->n_blocks == 0 || kept->n_blocks > max ||
        size != sizeof(*kept) + kept->n_blocks * sizeof(kept->blocks[0]) +
                    (uint64_t)kept->n_targets * sizeof(uint32_t)) {
        return false;
    }
    for (unsigned i = 0; i < kept->n_blocks; i++) {
        targets += kept->blocks[i].n_targets;
    }
    return targets == kept->n_targets;
}

unsigned region_recall(Compiler *c, const TCGCode *head, CompileBlock *blocks, unsigned max)
{
    const LLVMTierHost *host = &c->common->host;
    LLVMBlockInfo info;
    if (!c->common->cache || !host->block_info(host->opaque, head, &info)) {
        return 0;
    }
    const char *pack = tier_pack(c->common, info.pc);
    size_t size;
    const KeptRegion *kept = pack ? object_cache_find(c->common->cache, pack,
                                                      region_key(info.pc, info.mode), &size)
                                  : NULL;
    if (!kept || !fits(kept, size, max)) {
        return 0;
    }
    const uint32_t *targets = (const uint32_t *)&kept->blocks[kept->n_blocks];
    for (unsigned i = 0; i < kept->n_blocks; i++) {
        const KeptBlock *b = &kept->blocks[i];
        const TCGCode *code = head;
        if (i == 0) {
            host->hold(host->opaque, head);
        } else {
            code = host->find(host->opaque, head, b->pc);
        }
        if (!code || !take(c, code, b, targets, kept->n_blocks, info.mode, &blocks[i])) {
            while (i-- > 0) {
                host->release(host->opaque, blocks[i].block.code);
                region_free_block(&blocks[i]);
            }
            return 0;
        }
        targets += b->n_targets;
    }
    return kept->n_blocks;
}

void region_keep(Compiler *c, const CompileBlock *blocks, unsigned n)
{
    const char *pack = tier_pack(c->common, blocks[0].info.pc);
    if (!pack) {
        return;
    }
    unsigned n_targets = 0;
    for (unsigned i = 0; i < n; i++) {
        n_targets += blocks[i].block.n_targets;
    }
    KeptRegion *kept;
    size_t size = sizeof(*kept) + n * sizeof(kept->blocks[0]) + n_targets * sizeof(uint32_t);
    kept = g_malloc0(size);
    kept->n_blocks = n;
    kept->n_targets = n_targets;
    uint32_t *targets = (uint32_t *)&kept->blocks[n];
    for (unsigned i = 0; i < n; i++) {
        const LLVMUnitBlock *b = &blocks[i].block;
        kept->blocks[i] = (KeptBlock){.pc = b->pc,
                                      .succ = {b->succ[0], b->succ[1]},
                                      .guess = b->guess,
                                      .enter = blocks[i].enter,
                                      .n_targets = b->n_targets};
        for (unsigned k = 0; k < b->n_targets; k++) {
            *targets++ = b->targets[k];
        }
    }
    object_cache_add(c->common->cache, pack, region_key(blocks[0].info.pc, blocks[0].info.mode),
                     kept, size);
    g_free(kept);
}
