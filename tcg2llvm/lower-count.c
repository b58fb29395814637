// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The op `count`: counters in memory behind a pointer that env has.
//
// In a hot unit an addition in memory for each block would chain the blocks of a loop: each waits until the sum that the
// block before has stored comes back (5 cycles, more than many blocks take).  So what is to be added to a counter of
// several blocks gathers in a variable, and is added in memory where others may look: at exits, before helpers, and on
// each way back in a loop.  There nobody waits for the sum: it is known in a register, unless the word is not what was
// left there (another thread has set it), which a branch finds out.
//
// As for guest registers, places are noted while blocks are lowered and filled in when all are there.
#include "tcg2llvm/lower.h"

enum {
    MOST_KEPT = 4
}; // counters of a function that are gathered: each wants two registers of the host

typedef struct Counter {
    intptr_t base, offset; // of the pointer in env; from where it points to
    unsigned blocks;       // that count
    unsigned last;         // 1 + the last of them
    Value delta, seen;     // allocas: what is still to be added, what memory is thought to hold
    bool kept;
} Counter;

typedef struct Addition {
    Value load, store; // of the counter's delta
    unsigned counter;
} Addition;

void lower_count_new(LLVMUnit *u)
{
    u->counters = g_array_new(false, false, sizeof(Counter));
    u->additions = g_array_new(false, false, sizeof(Addition));
    u->looks = g_array_new(false, false, sizeof(Value));
}

void lower_count_free(LLVMUnit *u)
{
    g_array_free(u->counters, true);
    g_array_free(u->additions, true);
    g_array_free(u->looks, true);
}

static unsigned find_counter(LLVMUnit *u, intptr_t base, intptr_t offset)
{
    for (unsigned i = 0; i < u->counters->len; i++) {
        const Counter *c = &g_array_index(u->counters, Counter, i);
        if (c->base == base && c->offset == offset) {
            return i;
        }
    }
    Counter c = {.base = base, .offset = offset};
    c.delta = lower_alloca(u, u->l->i64, 8);
    c.seen = lower_alloca(u, u->l->i64, 8);
    g_array_append_val(u->counters, c);
    return u->counters->len - 1;
}

// The word in memory.
static Value word(LLVMUnit *u, Value base, intptr_t offset)
{
    Value index = lower_i64(u, offset);
    return LLVMBuildGEP2(u->b, u->l->i8, base, &index, 1, "");
}

static Value load(LLVMUnit *u, Value at)
{
    Value v = LLVMBuildLoad2(u->b, u->l->i64, at, "");
    lower_set_scope(u, v, false);
    return v;
}

static Value store(LLVMUnit *u, Value v, Value at)
{
    Value s = LLVMBuildStore(u->b, v, at);
    lower_set_scope(u, s, false);
    return s;
}

bool lower_count_op(LLVMUnit *u, const TCGOp *op)
{
    if (op->opc != INDEX_op_count) {
        return false;
    }
    intptr_t base = (intptr_t)op->args[0], offset = (intptr_t)op->args[1];
    Value imm = lower_i64(u, op->args[2]);
    if (u->opt.cold || u->precise) {
        Value at = word(u, lower_load_env(u, u->l->ptr, base), offset);
        store(u, LLVMBuildAdd(u->b, load(u, at), imm, ""), at);
        return true;
    }
    Addition a = {.counter = find_counter(u, base, offset)};
    Counter *c = &g_array_index(u->counters, Counter, a.counter);
    if (c->last != u->block + 1) {
        c->last = u->block + 1;
        c->blocks++;
    }
    a.load = LLVMBuildLoad2(u->b, u->l->i64, c->delta, "");
    a.store = LLVMBuildStore(u->b, LLVMBuildAdd(u->b, a.load, imm, ""), c->delta);
    g_array_append_val(u->additions, a);
    return true;
}

void lower_count_look(LLVMUnit *u, Value at)
{
    if (!u->opt.cold && !u->precise) {
        g_array_append_val(u->looks, at);
    }
}

LLVMBasicBlockRef lower_count_way_back(LLVMUnit *u, unsigned to)
{
    if (!u->back_bb[to]) {
        u->back_bb[to] = lower_new_bb(u, "back");
    }
    return u->back_bb[to];
}

// --- when all blocks are there -------------------------------------------------------------------------

// Which counters are gathered: those of several blocks, most of them first.
static void choose(LLVMUnit *u)
{
    for (unsigned n = 0; n < MOST_KEPT; n++) {
        Counter *best = NULL;
        for (unsigned i = 0; i < u->counters->len; i++) {
            Counter *c = &g_array_index(u->counters, Counter, i);
            bool worth = c->blocks > 1 || u->n_blocks == 1;
            if (worth && !c->kept && (!best || c->blocks > best->blocks)) {
                best = c;
            }
        }
        if (!best) {
            break;
        }
        best->kept = true;
    }
}

// In the entry block: the words' addresses, and the variables' first values.
static void begin(LLVMUnit *u, Value *words)
{
    LLVMPositionBuilderBefore(u->b, LLVMGetBasicBlockTerminator(u->entry));
    for (unsigned i = 0; i < u->counters->len; i++) {
        const Counter *c = &g_array_index(u->counters, Counter, i);
        words[i] = word(u, lower_load_env(u, u->l->ptr, c->base), c->offset);
        if (c->kept) {
            LLVMBuildStore(u->b, lower_i64(u, 0), c->delta);
            LLVMBuildStore(u->b, load(u, words[i]), c->seen);
        }
    }
}

// The others' additions are made in memory where they stand.
static void add_in_place(LLVMUnit *u, const Value *words)
{
    for (unsigned i = 0; i < u->additions->len; i++) {
        const Addition *a = &g_array_index(u->additions, Addition, i);
        if (!g_array_index(u->counters, Counter, a->counter).kept) {
            LLVMSetOperand(a->load, 0, words[a->counter]);
            LLVMSetOperand(a->store, 1, words[a->counter]);
            lower_set_scope(u, a->load, false);
            lower_set_scope(u, a->store, false);
        }
    }
}

static void settle_before(LLVMUnit *u, Value at, const Value *words)
{
    LLVMPositionBuilderBefore(u->b, at);
    for (unsigned i = 0; i < u->counters->len; i++) {
        const Counter *c = &g_array_index(u->counters, Counter, i);
        if (c->kept) {
            Value delta = LLVMBuildLoad2(u->b, u->l->i64, c->delta, "");
            Value sum = LLVMBuildAdd(u->b, load(u, words[i]), delta, "");
            store(u, sum, words[i]);
            LLVMBuildStore(u->b, sum, c->seen);
            LLVMBuildStore(u->b, lower_i64(u, 0), c->delta);
        }
    }
}

// In the block that a loop's way back leads through.  Volatile: others shall see the loop's progress, and LLVM would
// move the stores behind it.
static void settle_on_way_back(LLVMUnit *u, const Value *words)
{
    for (unsigned i = 0; i < u->counters->len; i++) {
        const Counter *c = &g_array_index(u->counters, Counter, i);
        if (!c->kept) {
            continue;
        }
        Value now = load(u, words[i]), delta = LLVMBuildLoad2(u->b, u->l->i64, c->delta, "");
        Value seen = LLVMBuildLoad2(u->b, u->l->i64, c->seen, "");
        LLVMSetVolatile(now, true);
        LLVMBasicBlockRef other = lower_new_bb(u, "set"), same = lower_new_bb(u, "same"),
                          on = lower_new_bb(u, "counted");
        lower_unlikely(u, LLVMBuildICmp(u->b, LLVMIntNE, now, seen, ""), other, same);
        LLVMBasicBlockRef ways[] = {same, other};
        Value from[] = {seen, now};
        for (unsigned k = 0; k < 2; k++) {
            LLVMPositionBuilderAtEnd(u->b, ways[k]);
            Value sum = LLVMBuildAdd(u->b, from[k], delta, "");
            LLVMSetVolatile(store(u, sum, words[i]), true);
            LLVMBuildStore(u->b, sum, c->seen);
            LLVMBuildBr(u->b, on);
        }
        LLVMPositionBuilderAtEnd(u->b, on);
        LLVMBuildStore(u->b, lower_i64(u, 0), c->delta);
    }
}

// Does control leave the function at the sync point, or come to a helper?
static bool is_look(const SyncPoint *point)
{
    return !point->reload && !LLVMIsATerminatorInst(point->at);
}

void lower_count_end(LLVMUnit *u)
{
    g_autofree Value *words = g_new(Value, u->counters->len + 1);
    choose(u);
    begin(u, words);
    add_in_place(u, words);
    for (unsigned i = 0; i < u->syncs->len; i++) {
        const SyncPoint *point = &g_array_index(u->syncs, SyncPoint, i);
        if (is_look(point) || LLVMIsAReturnInst(point->at)) {
            settle_before(u, point->at, words);
        }
    }
    for (unsigned i = 0; i < u->looks->len; i++) {
        settle_before(u, g_array_index(u->looks, Value, i), words);
    }
    for (unsigned i = 0; i < u->n_blocks; i++) {
        if (u->back_bb[i]) {
            LLVMPositionBuilderAtEnd(u->b, u->back_bb[i]);
            settle_on_way_back(u, words);
            LLVMBuildBr(u->b, u->check_bb[i]);
        }
    }
    g_array_set_size(u->counters, 0);
    g_array_set_size(u->additions, 0);
    g_array_set_size(u->looks, 0);
}
