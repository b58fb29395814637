// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which blocks to compile together.
//
// Breadth first from the hot block along jump slots that are linked to executed blocks, so that the
// blocks nearest to it are in when the bound is reached.  A direct call's target is followed as any
// jump is; the block behind the call is where the callee returns to, by an indirect jump: such blocks are
// taken in as guesses, which the indirect jumps of the region compare the guest's pc with.
//
// A block that has compiled code of its own is only taken in again when it stands in one loop with the
// head; else the region ends there and jumps to that code.  Without this rule a program's hot code is
// compiled three times over.
#include "tcg2llvm/tier-compile.h"

#include <string.h>

enum {
    MAX_GUESSES = 16,
    // A block is taken in when it was executed at least so many times less often than the head.  What is
    // left out becomes an exit; when that gets hot it gets a region of its own.
    COLDEST = 8,
};

typedef struct Region {
    Compiler *compiler;
    const TierCommon *common;
    CompileBlock *blocks;
    unsigned n, max, insns, max_insns, guesses;
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

// Takes over the hold on code.
static bool add_member(Region *r, const TCGCode *code, bool guess)
{
    const LLVMTierHost *host = &r->common->host;
    LLVMBlockInfo info = {0};
    int known = find_member(r, code);
    if (known < 0 && r->n < r->max && host->block_info(host->opaque, code, &info) &&
        (r->n == 0 || (info.mode == r->mode && (info.executions >= r->least || info.in_unit) &&
                       r->insns + info.num_insns <= r->max_insns))) {
        r->blocks[r->n++] = (CompileBlock){
            .block = {.code = code,
                      .pc = info.pc,
                      .succ = {-1, -1},
                      .jump_mode = info.jump_mode,
                      .guess = guess},
            .info = info,
        };
        if (r->n == 1) {
            r->mode = info.mode;
            r->least = info.executions / COLDEST;
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

// A call leaves its return address, the end of its block, in guest memory or in a register.
static bool is_call(Region *r, const TCGCode *code, uint64_t end)
{
    const TCGContext *ctx = compiler_translate(r->compiler, code);
    if (!ctx) {
        return false;
    }
    const TCGOp *last = NULL;
    TCG_FOREACH_OP(op, ctx)
    {
        const TCGTemp *v = NULL;
        switch (op->opc) {
        case INDEX_op_insn_start:
            last = NULL; // only what the last instruction does counts
            break;
        case INDEX_op_qemu_st_i32:
        case INDEX_op_qemu_st_i64: v = arg_temp(op->args[0]); break;
        case INDEX_op_mov_i32:
        case INDEX_op_mov_i64:
            v = arg_temp(op->args[1]);
            if (arg_temp(op->args[0])->kind != TEMP_GLOBAL ||
                arg_temp(op->args[0])->index == (unsigned)r->common->host.pc_global + 1) {
                v = NULL;
            }
            break;
        default: break;
        }
        if (v && v->kind == TEMP_CONST && v->val == end) {
            last = op;
        }
    }
    return last;
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
            const TCGCode *to = succ[slot];
            LLVMBlockInfo info;
            linked++;
            to_end |= host->block_info(host->opaque, to, &info) && info.pc == end;
            add_member(r, to, false);
            r->blocks[i].block.succ[slot] = find_member(r, to);
        }
    }
    // One way out, and not to the next block: it may be a call.
    if (linked < 2 && !to_end && r->guesses < MAX_GUESSES && host->pc_global >= 0 &&
        is_call(r, code, end)) {
        const TCGCode *behind = host->find(host->opaque, code, end);
        if (behind) {
            add_member(r, behind, true);
        }
    }
}

// Marks what can be reached from block i, or (back) what reaches it.
static void mark(const Region *r, unsigned i, bool back, bool *marked)
{
    if (marked[i]) {
        return;
    }
    marked[i] = true;
    for (unsigned j = 0; j < r->n; j++) {
        const LLVMUnitBlock *from = &r->blocks[back ? j : i].block;
        unsigned to = back ? i : j;
        bool indirect = from->succ[0] < 0 && from->succ[1] < 0 && r->blocks[to].block.guess;
        if (from->succ[0] == (int)to || from->succ[1] == (int)to || indirect) {
            mark(r, j, back, marked);
        }
    }
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
        }
    }
    for (unsigned i = 0; i < r->n; i++) {
        if (keep[i]) {
            CompileBlock *b = &r->blocks[number[i]];
            *b = r->blocks[i];
            for (unsigned k = 0; k < 2; k++) {
                b->block.succ[k] = b->block.succ[k] < 0 ? -1 : number[b->block.succ[k]];
            }
        }
    }
    r->n = n;
}

// Ends the region at blocks that are compiled already, unless they lead back to the head.
static void stop_at_compiled(Region *r)
{
    g_autofree bool *loop = g_new0(bool, r->n), *keep = g_new0(bool, r->n);
    mark(r, 0, true, loop);
    for (unsigned i = 1; i < r->n; i++) {
        if (r->blocks[i].info.compiled && !loop[i]) {
            // Nothing leads to it any more.
            for (unsigned j = 0; j < r->n; j++) {
                for (unsigned k = 0; k < 2; k++) {
                    if (r->blocks[j].block.succ[k] == (int)i) {
                        r->blocks[j].block.succ[k] = -1;
                    }
                }
            }
            r->blocks[i].block.guess = false;
        }
    }
    mark(r, 0, false, keep);
    compact(r, keep);
}

unsigned region_form(Compiler *c, const TCGCode *head, CompileBlock *blocks, unsigned max,
                     unsigned max_insns)
{
    const TierCommon *common = c->common;
    Region r = {
        .compiler = c, .common = common, .blocks = blocks, .max = max, .max_insns = max_insns};
    common->host.hold(common->host.opaque, head);
    if (!add_member(&r, head, false)) {
        return 0;
    }
    for (unsigned i = 0; i < r.n; i++) {
        expand(&r, i);
    }
    stop_at_compiled(&r);
    return r.n;
}
