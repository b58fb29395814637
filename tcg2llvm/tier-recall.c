// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Regions that earlier runs compiled, from the persistent cache.  A region's blocks come from the profile,
// so hardly two runs would form the same one, and what one has compiled would not serve the next.  Hence
// the blocks are kept as well, under the head's pc: a later run takes them over, and finds the code.
#include "tcg2llvm/tier-compile.h"

// One block of a kept region.
typedef struct KeptBlock {
    uint64_t pc;
    int32_t succ[2];
    uint32_t guess, reserved;
} KeptBlock;

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
static bool take(Compiler *c, const TCGCode *code, const KeptBlock *kept, unsigned n, uint64_t mode,
                 CompileBlock *out)
{
    const LLVMTierHost *host = &c->common->host;
    LLVMBlockInfo info;
    bool ok = host->block_info(host->opaque, code, &info) && info.pc == kept->pc &&
              info.mode == mode;
    for (unsigned i = 0; i < 2; i++) {
        ok = ok && kept->succ[i] >= -1 && kept->succ[i] < (int)n;
    }
    if (!ok) {
        host->release(host->opaque, code);
        return false;
    }
    *out = (CompileBlock){.block = {.code = code,
                                    .pc = info.pc,
                                    .succ = {kept->succ[0], kept->succ[1]},
                                    .jump_mode = info.jump_mode,
                                    .guess = kept->guess},
                          .info = info};
    return true;
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
    const KeptBlock *kept = pack ? object_cache_find(c->common->cache, pack,
                                                     region_key(info.pc, info.mode), &size)
                                 : NULL;
    unsigned n = kept ? size / sizeof(*kept) : 0;
    if (n == 0 || n > max) {
        return 0;
    }
    for (unsigned i = 0; i < n; i++) {
        const TCGCode *code = head;
        if (i == 0) {
            host->hold(host->opaque, head);
        } else {
            code = host->find(host->opaque, head, kept[i].pc);
        }
        if (!code || !take(c, code, &kept[i], n, info.mode, &blocks[i])) {
            while (i-- > 0) {
                host->release(host->opaque, blocks[i].block.code);
            }
            return 0;
        }
    }
    return n;
}

void region_keep(Compiler *c, const CompileBlock *blocks, unsigned n)
{
    const char *pack = tier_pack(c->common, blocks[0].info.pc);
    if (!pack) {
        return;
    }
    g_autofree KeptBlock *kept = g_new0(KeptBlock, n);
    for (unsigned i = 0; i < n; i++) {
        const LLVMUnitBlock *b = &blocks[i].block;
        kept[i] = (KeptBlock){.pc = b->pc, .succ = {b->succ[0], b->succ[1]}, .guess = b->guess};
    }
    object_cache_add(c->common->cache, pack, region_key(blocks[0].info.pc, blocks[0].info.mode),
                     kept, n * sizeof(*kept));
}
