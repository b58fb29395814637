// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An addition in memory for each block chains the blocks of a loop, as lower-count.c says of the op `count`.  Passes add by
// myna_add, to words at constant places of the thread's block, which nobody but the thread's own code writes.  Such a word is
// held in a variable here: loaded at the function's start and behind each call that may look at it or change it, stored in
// front of those and of exits, and on each way back in a loop, where other threads shall see how far it got.  Nothing
// waits for what is stored there, since it is not loaded again.
//
// A word that the function accesses in any other way stays in memory, and all do when the block's address goes elsewhere
// than to calls.
#include "tcg2llvm/pass-counts.h"

#include <stdbool.h>
#include <string.h>
#include <glib.h>

#include <llvm-c/Target.h>

#include "passes/pass.h"

enum { MOST_KEPT = 4 };

typedef LLVMValueRef Value;

typedef struct Word {
    uint64_t offset;
    Value at, sum;       // in the thread's block; the variable
    GPtrArray *accesses; // myna_add's loads and stores
    bool other;          // accessed otherwise
} Word;

typedef struct Gather {
    MynaPassUnit unit;
    LLVMBuilderRef b;
    LLVMTypeRef i64;
    Value fn, block; // block: the load of the thread's block
    GArray *words;
    unsigned add, thread_block; // metadata kinds
    bool lost;                  // the block's address goes elsewhere
} Gather;

static unsigned md_kind(const Gather *g, const char *name)
{
    return LLVMGetMDKindIDInContext(LLVMGetModuleContext(g->unit.module), name,
                                    (unsigned)strlen(name));
}

// --- what the function does with the block -------------------------------------------------------------

static Word *find_word(Gather *g, uint64_t offset)
{
    for (unsigned i = 0; i < g->words->len; i++) {
        Word *w = &g_array_index(g->words, Word, i);
        if (w->offset == offset) {
            return w;
        }
    }
    Word w = {.offset = offset, .accesses = g_ptr_array_new()};
    g_array_append_val(g->words, w);
    return &g_array_index(g->words, Word, g->words->len - 1);
}

// An access that is not myna_add's: whatever it covers stays in memory.
static void note_other(Gather *g, uint64_t offset, LLVMTypeRef type)
{
    uint64_t size = LLVMStoreSizeOfType(LLVMGetModuleDataLayout(g->unit.module), type);
    for (uint64_t at = offset >= 7 ? offset - 7 : 0; at < offset + size; at++) {
        find_word(g, at)->other = true;
    }
}

static void note_use(Gather *g, Value user, Value address, uint64_t offset)
{
    bool load = LLVMIsALoadInst(user), store = LLVMIsAStoreInst(user);
    if (load ||
        (store && LLVMGetOperand(user, 1) == address && LLVMGetOperand(user, 0) != address)) {
        LLVMTypeRef type = load ? LLVMTypeOf(user) : LLVMTypeOf(LLVMGetOperand(user, 0));
        if (LLVMGetMetadata(user, g->add) && type == g->i64) {
            g_ptr_array_add(find_word(g, offset)->accesses, user);
        } else {
            note_other(g, offset, type);
        }
    } else if (!LLVMIsACallInst(user)) { // calls find the words in memory
        g->lost = true;
    }
}

static void note_uses(Gather *g, Value address, uint64_t offset)
{
    for (LLVMUseRef use = LLVMGetFirstUse(address); use && !g->lost; use = LLVMGetNextUse(use)) {
        Value user = LLVMGetUser(use);
        bool step = LLVMIsAGetElementPtrInst(user) && LLVMGetNumOperands(user) == 2 &&
                    LLVMIsAConstantInt(LLVMGetOperand(user, 1)) &&
                    LLVMGetTypeKind(LLVMGetGEPSourceElementType(user)) == LLVMIntegerTypeKind &&
                    LLVMGetIntTypeWidth(LLVMGetGEPSourceElementType(user)) == 8;
        if (step) {
            note_uses(g, user, offset + LLVMConstIntGetZExtValue(LLVMGetOperand(user, 1)));
        } else {
            note_use(g, user, address, offset);
        }
    }
}

// Those that are worth a register: most additions first.
static void choose(Gather *g)
{
    for (unsigned i = g->words->len; i-- > 0;) {
        const Word *w = &g_array_index(g->words, Word, i);
        if (w->other || w->accesses->len < 4) { // one addition is a load and a store
            g_ptr_array_unref(w->accesses);
            g_array_remove_index_fast(g->words, i);
        }
    }
    while (g->words->len > MOST_KEPT) {
        unsigned least = 0;
        for (unsigned i = 1; i < g->words->len; i++) {
            if (g_array_index(g->words, Word, i).accesses->len <
                g_array_index(g->words, Word, least).accesses->len) {
                least = i;
            }
        }
        g_ptr_array_unref(g_array_index(g->words, Word, least).accesses);
        g_array_remove_index_fast(g->words, least);
    }
}

// --- moving between variables and memory -----------------------------------------------------------------

static void fetch(Gather *g)
{
    for (unsigned i = 0; i < g->words->len; i++) {
        const Word *w = &g_array_index(g->words, Word, i);
        Value v = LLVMBuildLoad2(g->b, g->i64, w->at, "");
        LLVMSetAlignment(v, 8);
        myna_own_memory(&g->unit, v);
        LLVMBuildStore(g->b, v, w->sum);
    }
}

static void settle(Gather *g, bool on_way_back)
{
    for (unsigned i = 0; i < g->words->len; i++) {
        const Word *w = &g_array_index(g->words, Word, i);
        Value v = LLVMBuildLoad2(g->b, g->i64, w->sum, "");
        Value store = LLVMBuildStore(g->b, v, w->at);
        LLVMSetAlignment(store, 8);
        LLVMSetVolatile(store, on_way_back); // LLVM would move it behind the loop
        myna_own_memory(&g->unit, store);
    }
}

// Variables and addresses, where the block's address is known.
static void begin(Gather *g)
{
    Value first = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(g->fn));
    Value behind = LLVMGetNextInstruction(g->block);
    LLVMTypeRef byte = LLVMInt8TypeInContext(LLVMGetModuleContext(g->unit.module));
    for (unsigned i = 0; i < g->words->len; i++) {
        Word *w = &g_array_index(g->words, Word, i);
        LLVMPositionBuilderBefore(g->b, first);
        w->sum = LLVMBuildAlloca(g->b, g->i64, "");
        LLVMPositionBuilderBefore(g->b, behind);
        Value index = LLVMConstInt(g->i64, w->offset, false);
        w->at = LLVMBuildInBoundsGEP2(g->b, byte, g->block, &index, 1, "");
        for (unsigned k = 0; k < w->accesses->len; k++) {
            Value access = w->accesses->pdata[k];
            LLVMSetOperand(access, LLVMIsALoadInst(access) ? 0 : 1, w->sum);
            LLVMSetMetadata(access, md_kind(g, "alias.scope"), NULL);
            LLVMSetMetadata(access, md_kind(g, "noalias"), NULL);
        }
        g_ptr_array_unref(w->accesses);
    }
    fetch(g);
}

// --- where others may look --------------------------------------------------------------------------------

static bool may_look(Value call)
{
    unsigned memory = LLVMGetEnumAttributeKindForName("memory", 6);
    Value callee = LLVMGetCalledValue(call);
    bool intrinsic = LLVMIsAFunction(callee) && LLVMGetIntrinsicID(callee) != 0;
    return !intrinsic && !LLVMIsAInlineAsm(callee) &&
           !LLVMGetCallSiteEnumAttribute(call, LLVMAttributeFunctionIndex, memory);
}

static void settle_at(Gather *g, Value at)
{
    bool call = LLVMIsACallInst(at) && may_look(at);
    if (!call && !LLVMIsAReturnInst(at)) {
        return;
    }
    Value before = LLVMGetPreviousInstruction(at);
    if (!call && before && LLVMIsACallInst(before) &&
        LLVMGetTailCallKind(before) == LLVMTailCallKindMustTail) {
        return; // settled before the call, and nothing may stand here
    }
    LLVMPositionBuilderBefore(g->b, at);
    settle(g, false);
    if (call && LLVMGetTailCallKind(at) != LLVMTailCallKindMustTail) {
        LLVMPositionBuilderBefore(g->b, LLVMGetNextInstruction(at));
        fetch(g);
    }
}

// Ways back: edges to a block that the search is still in.
typedef struct Visit {
    LLVMBasicBlockRef block;
    unsigned next;
} Visit;

static void find_ways_back(const Gather *g, GHashTable *sources)
{
    g_autoptr(GHashTable) state = g_hash_table_new(NULL, NULL); // 1: in it, 2: left
    g_autoptr(GArray) path = g_array_new(false, false, sizeof(Visit));
    Visit v = {LLVMGetEntryBasicBlock(g->fn), 0};
    g_array_append_val(path, v);
    g_hash_table_insert(state, v.block, GUINT_TO_POINTER(1));
    while (path->len) {
        Visit *top = &g_array_index(path, Visit, path->len - 1);
        Value end = LLVMGetBasicBlockTerminator(top->block);
        if (top->next == LLVMGetNumSuccessors(end)) {
            g_hash_table_insert(state, top->block, GUINT_TO_POINTER(2));
            g_array_set_size(path, path->len - 1);
            continue;
        }
        LLVMBasicBlockRef to = LLVMGetSuccessor(end, top->next++);
        switch (GPOINTER_TO_UINT(g_hash_table_lookup(state, to))) {
        case 0:
            v = (Visit){to, 0};
            g_hash_table_insert(state, to, GUINT_TO_POINTER(1));
            g_array_append_val(path, v);
            break;
        case 1: g_hash_table_add(sources, end); break;
        default: break;
        }
    }
}

static void gather_function(Gather *g)
{
    g->block = NULL;
    for (Value at = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(g->fn)); at && !g->block;
         at = LLVMGetNextInstruction(at)) {
        g->block = LLVMIsALoadInst(at) && LLVMGetMetadata(at, g->thread_block) ? at : NULL;
    }
    if (!g->block) {
        return;
    }
    g->lost = false;
    g->words = g_array_new(false, false, sizeof(Word));
    note_uses(g, g->block, 0);
    for (unsigned i = 0; i < g->words->len; i++) {
        g_array_index(g->words, Word, i).other |= g->lost;
    }
    choose(g);
    if (g->words->len) {
        g_autoptr(GHashTable) ways_back = g_hash_table_new(NULL, NULL);
        find_ways_back(g, ways_back);
        begin(g);
        for (LLVMBasicBlockRef bb = LLVMGetFirstBasicBlock(g->fn); bb;
             bb = LLVMGetNextBasicBlock(bb)) {
            for (Value next, at = LLVMGetFirstInstruction(bb); at; at = next) {
                next = LLVMGetNextInstruction(at);
                settle_at(g, at);
                if (g_hash_table_contains(ways_back, at)) {
                    LLVMPositionBuilderBefore(g->b, at);
                    settle(g, true);
                }
            }
        }
    }
    g_array_free(g->words, true);
}

void pass_counts_gather(LLVMModuleRef module)
{
    LLVMContextRef context = LLVMGetModuleContext(module);
    Gather g = {.unit = {.module = module},
                .b = LLVMCreateBuilderInContext(context),
                .i64 = LLVMInt64TypeInContext(context)};
    g.add = md_kind(&g, "myna.add");
    g.thread_block = md_kind(&g, "myna.block");
    while ((g.fn = myna_function_next(module, g.fn))) {
        gather_function(&g);
    }
    LLVMDisposeBuilder(g.b);
}
