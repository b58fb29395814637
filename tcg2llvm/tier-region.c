// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which blocks to compile together.
//
// Breadth first from the hot block along jump slots that are linked to executed blocks, so that the
// blocks nearest to it are in when the bound is reached.  A direct call's target is followed as any
// jump is; the block behind the call is where the callee returns to, by an indirect jump: such blocks are
// taken in as guesses, which the returns of the region compare the guest's pc with.
//
// Other indirect jumps go where the quick tier has seen them go (TBTargets): a jump table's cases are in
// the region, however seldom each is executed, and then the region may be larger.
//
// A block that has compiled code of its own is only taken in again when it stands in one loop with the
// head; else the region ends there and jumps to that code.  Without this rule a program's hot code is
// compiled three times over.  In an interpreter everything stands in one loop: what does not fit into the first
// region is shared out among others, no block into two.
//
// A region is entered at its head, where a call returns to that leaves it, and, when it is no small one, where a dispatch
// goes: else what has left it once would come back only at the head, and what it runs until then would get hot and be
// compiled again.  (python3 had its 4000 hot instructions compiled 17 times over.)
#include "tcg2llvm/tier-compile.h"

#include <string.h>

enum {
    MAX_GUESSES = 16,
    // A block is taken in when it was executed at least so many times less often than the head.  What is
    // left out becomes an exit; when that gets hot it gets a region of its own.
    COLDEST = 8,
    // Of an indirect jump's executions, in 65536ths: a target that gets fewer is left out.
    LEAST_SHARE = 65536 / 256,
    // From so many targets on a jump is a dispatch, and the region may be so many times larger than others.
    DISPATCH = 4,
    // Under precise state all dirty registers have to be kept at every access, and what LLVM makes of a region costs
    // it far more than in proportion to the region's size: regions are so many times smaller (and never larger ones), the more so
    // where they are stored (state-notes.h).  javac, so and with regions of the usual size: 59 of them, of 120 instructions on average,
    // took 230 ms each.  With notes: nbody 2.9 s at 8, 1.4 at 4 and 1.7 at 1, where a region of java's was not done in 2 s.
    NOTED_SMALLER = 4,
    STORED_SMALLER = 8,
    // A share of an interpreter that does not fit.  Code generation takes far more than in proportion: python3's in shares
    // of 1800 instructions 1.6 ms an instruction, of 20 0.4 ms, and the program ran as fast.
    SHARE_BLOCKS = 32,
    SHARE_INSNS = 150,
    LARGER_BLOCKS = REGION_LARGER,
    LARGER_INSNS = 3,
};

typedef struct Region {
    Compiler *compiler;
    const TierCommon *common;
    CompileBlock *blocks;
    unsigned n, max, insns, max_insns, guesses;
    bool large;
    bool truncated; // blocks were left out for want of room
    bool fresh;     // compiled blocks are not taken in at all
    bool precise;   // state, of the head
    uint64_t mode;
    uint32_t least; // executions
} Region;

static int find_member(const Region *r, const TCGCode *code)
{
    for (unsigned i = 0; i < r->n; i++) {
        if (r->blocks[i].block.code == code) {
            return (int)i;
        }
    }
    return -1;
}

// How often a block that block `from` leads to was executed at least. What follows a jump table's case is compared with the
// case: there are dozens, and each is a small share of the dispatch's executions.
static uint32_t least_behind(const Region *r, int from)
{
    return r->large || r->fresh ? MIN(r->least, r->blocks[from].info.executions / COLDEST)
                                : r->least;
}

// Takes over the hold on code, which block `from` leads to.
static bool add_member(Region *r, int from, const TCGCode *code, bool guess, bool wanted)
{
    const LLVMTierHost *host = &r->common->host;
    LLVMBlockInfo info = {0};
    int known = find_member(r, code);
    bool fits = known < 0 && host->block_info(host->opaque, code, &info) &&
                (r->n == 0 ||
                 (info.mode == r->mode && !(r->fresh && info.compiled) &&
                  (info.executions >= least_behind(r, from) || info.in_unit || wanted)));
    bool room = r->n < r->max && (r->n == 0 || r->insns + info.num_insns <= r->max_insns);
    r->truncated |= fits && !room;
    if (fits && room) {
        r->blocks[r->n++] = (CompileBlock){
            .block = {.code = code,
                      .pc = info.pc,
                      .succ = {-1, -1},
                      .jump_mode = info.jump_mode,
                      .guess = guess,
                      .jump_kind = info.jump_kind},
            .info = info,
            .behind = -1,
        };
        if (r->n == 1) {
            r->mode = info.mode;
            r->least = info.executions / COLDEST;
            r->precise = info.precise;
            unsigned smaller = !info.precise                  ? 1
                               : tier_is_looked_at(r->common) ? STORED_SMALLER
                                                              : NOTED_SMALLER;
            r->max_insns /= smaller;
            r->max /= smaller;
        }
        r->insns += info.num_insns;
        r->guesses += guess;
        return true;
    }
    host->release(host->opaque, code);
    if (known >= 0 && guess && !r->blocks[known].block.guess) {
        r->blocks[known].block.guess = true;
        r->guesses++;
    }
    return false;
}

// Where block i's indirect jump goes.
static void add_targets(Region *r, unsigned i)
{
    const LLVMTierHost *host = &r->common->host;
    LLVMTarget found[TB_TARGETS];
    if (!host->targets || host->pc_global < 0) {
        return;
    }
    unsigned n = host->targets(host->opaque, r->blocks[i].block.code, found, TB_TARGETS), kept = 0;
    if (n >= DISPATCH && !r->large && !r->precise && !r->fresh) {
        r->large = true;
        r->max *= LARGER_BLOCKS;
        r->max_insns *= LARGER_INSNS;
    }
    unsigned *targets = n ? g_new(unsigned, n) : NULL;
    for (unsigned k = 0; k < n; k++) {
        if (found[k].share < LEAST_SHARE) {
            host->release(host->opaque, found[k].code);
            continue;
        }
        add_member(r, (int)i, found[k].code, false, true);
        int to = find_member(r, found[k].code);
        if (to >= 0) {
            targets[kept++] = (unsigned)to;
        }
    }
    r->blocks[i].block.targets = targets;
    r->blocks[i].block.n_targets = kept;
}

// Block i's jump through a slot.
static void add_successor(Region *r, unsigned i, unsigned slot, const TCGCode *to)
{
    add_member(r, (int)i, to, false, false);
    r->blocks[i].block.succ[slot] = find_member(r, to);
}

// The blocks that block i leads to.
static void expand(Region *r, unsigned i)
{
    const LLVMTierHost *host = &r->common->host;
    const TCGCode *code = r->blocks[i].block.code, *succ[2] = {NULL, NULL};
    uint64_t end = r->blocks[i].info.pc + r->blocks[i].info.size;
    host->successors(host->opaque, code, succ);
    bool to_end = false;
    unsigned linked = 0;
    for (unsigned slot = 0; slot < 2; slot++) {
        if (succ[slot]) {
            LLVMBlockInfo info;
            linked++;
            to_end |= host->block_info(host->opaque, succ[slot], &info) && info.pc == end;
            add_successor(r, i, slot, succ[slot]);
        }
    }
    if (linked == 0 && r->blocks[i].info.jump_kind != TCG_JUMP_RETURN) {
        add_targets(r, i);
    }
    if (r->blocks[i].info.jump_kind == TCG_JUMP_CALL && !to_end && linked < 2 &&
        host->pc_global >= 0 && r->guesses < MAX_GUESSES) {
        const TCGCode *behind = host->find(host->opaque, code, end);
        if (behind) {
            add_member(r, (int)i, behind, true, false);
            r->blocks[i].behind = find_member(r, behind);
        }
    }
}

static bool leads_to(const Region *r, unsigned from, unsigned to)
{
    const LLVMUnitBlock *b = &r->blocks[from].block;
    if (b->succ[0] == (int)to || b->succ[1] == (int)to) {
        return true;
    }
    for (unsigned k = 0; k < b->n_targets; k++) {
        if (b->targets[k] == to) {
            return true;
        }
    }
    return r->blocks[from].behind == (int)to ||
           (b->jump_kind == TCG_JUMP_RETURN && r->blocks[to].block.guess);
}

// Marks what can be reached from block i, or (back) what reaches it.
static void mark(const Region *r, unsigned i, bool back, bool *marked)
{
    if (marked[i]) {
        return;
    }
    marked[i] = true;
    for (unsigned j = 0; j < r->n; j++) {
        if (leads_to(r, back ? j : i, back ? i : j)) {
            mark(r, j, back, marked);
        }
    }
}

// Renumbers the block's targets; those without a number go.
static void drop_targets(LLVMUnitBlock *b, const int *number)
{
    unsigned *targets = (unsigned *)b->targets, kept = 0;
    for (unsigned k = 0; k < b->n_targets; k++) {
        if (number[targets[k]] >= 0) {
            targets[kept++] = (unsigned)number[targets[k]];
        }
    }
    b->n_targets = kept;
}

// Takes out the blocks that keep[] does not have.
static void compact(Region *r, const bool *keep)
{
    const LLVMTierHost *host = &r->common->host;
    g_autofree int *number = g_new(int, r->n);
    unsigned n = 0;
    for (unsigned i = 0; i < r->n; i++) {
        number[i] = keep[i] ? (int)n++ : -1;
        if (!keep[i]) {
            host->release(host->opaque, r->blocks[i].block.code);
            g_clear_pointer((unsigned **)&r->blocks[i].block.targets, g_free);
        }
    }
    for (unsigned i = 0; i < r->n; i++) {
        if (keep[i]) {
            CompileBlock *b = &r->blocks[number[i]];
            *b = r->blocks[i];
            for (unsigned k = 0; k < 2; k++) {
                b->block.succ[k] = b->block.succ[k] < 0 ? -1 : number[b->block.succ[k]];
            }
            b->behind = b->behind < 0 ? -1 : number[b->behind];
            drop_targets(&b->block, number);
        }
    }
    r->n = n;
}

// Nothing leads to block i any more.
static void cut_off(Region *r, unsigned i)
{
    g_autofree int *number = g_new(int, r->n);
    for (unsigned j = 0; j < r->n; j++) {
        number[j] = j == i ? -1 : (int)j;
    }
    for (unsigned j = 0; j < r->n; j++) {
        LLVMUnitBlock *b = &r->blocks[j].block;
        for (unsigned k = 0; k < 2; k++) {
            b->succ[k] = b->succ[k] == (int)i ? -1 : b->succ[k];
        }
        r->blocks[j].behind = r->blocks[j].behind == (int)i ? -1 : r->blocks[j].behind;
        drop_targets(b, number);
    }
    r->blocks[i].block.guess = false;
}

// Ends the region at blocks that are compiled already, unless they lead back to the head.
static void stop_at_compiled(Region *r)
{
    g_autofree bool *loop = g_new0(bool, r->n), *keep = g_new0(bool, r->n);
    mark(r, 0, true, loop);
    for (unsigned i = 1; i < r->n; i++) {
        if (r->blocks[i].info.compiled && !loop[i]) {
            cut_off(r, i);
        }
    }
    mark(r, 0, false, keep);
    compact(r, keep);
}

void region_free_block(const CompileBlock *block) { g_free((unsigned *)block->block.targets); }

// Where it is entered beside the head.
static void choose_entries(Region *r)
{
    for (unsigned i = 0; i < r->n; i++) {
        const LLVMUnitBlock *b = &r->blocks[i].block;
        bool leaves = b->succ[0] < 0 && b->succ[1] < 0 && b->n_targets == 0;
        if (r->blocks[i].behind > 0 && leaves) {
            r->blocks[r->blocks[i].behind].enter = true;
        }
        bool dispatch = b->n_targets >= DISPATCH && (r->fresh || r->insns > SHARE_INSNS);
        for (unsigned k = 0; k < b->n_targets && dispatch; k++) {
            r->blocks[b->targets[k]].enter = b->targets[k] > 0;
        }
    }
}

static bool gather(Region *r, const TCGCode *head)
{
    const LLVMTierHost *host = &r->common->host;
    host->hold(host->opaque, head);
    if (!add_member(r, -1, head, false, true)) {
        return false;
    }
    for (unsigned i = 0; i < r->n; i++) {
        expand(r, i);
    }
    return true;
}

static bool holds_compiled(const Region *r)
{
    for (unsigned i = 1; i < r->n; i++) {
        if (r->blocks[i].info.compiled) {
            return true;
        }
    }
    return false;
}

static void let_go(Region *r)
{
    const LLVMTierHost *host = &r->common->host;
    for (unsigned i = 0; i < r->n; i++) {
        host->release(host->opaque, r->blocks[i].block.code);
        region_free_block(&r->blocks[i]);
    }
}

unsigned region_form(Compiler *c, const TCGCode *head, CompileBlock *blocks, unsigned max,
                     unsigned max_insns)
{
    Region r = {
        .compiler = c, .common = c->common, .blocks = blocks, .max = max, .max_insns = max_insns};
    Region again = r;
    if (!gather(&r, head)) {
        return 0;
    }
    if (r.large && (r.truncated || holds_compiled(&r))) {
        let_go(&r);
        again.fresh = true;
        again.max = MIN(max, SHARE_BLOCKS);
        again.max_insns = MIN(max_insns, SHARE_INSNS);
        r = again;
        if (!gather(&r, head)) {
            return 0;
        }
    }
    stop_at_compiled(&r);
    choose_entries(&r);
    return r.n;
}
