// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Several counters of a thread, and a function that looks at them at each call of the guest's: what it finds is what has been
// counted until then, also in hot code.
#include <stdio.h>

#include "passes/pass.h"

enum { INSNS, LOADS, STORES, CALLS, RETURNS, HOOKED, WRONG, WORDS };

static size_t at;

static uint64_t *words(void *block) { return (uint64_t *)(void *)((char *)block + at); }

static void look(void *block, uint64_t insn_of_block)
{
    uint64_t *w = words(block);
    w[HOOKED]++;
    w[WRONG] += w[CALLS] != w[HOOKED] || w[RETURNS] + 1 < w[CALLS] || w[INSNS] < insn_of_block;
}

static void *init(MynaPassHost *host, const char *args, char **error)
{
    (void)args, (void)error;
    at = host->thread_alloc(host, WORDS * sizeof(uint64_t), sizeof(uint64_t));
    host->define(host, "counters.look", look);
    return host;
}

static void count(MynaPassUnit *unit, LLVMBuilderRef b, unsigned word)
{
    LLVMValueRef ptr = myna_thread_ptr(unit, b, at + word * sizeof(uint64_t));
    myna_add(unit, b, ptr, myna_i64(unit, 1));
}

static bool run(void *self, MynaPassUnit *unit, char **error)
{
    static const int words_of[] = {[MYNA_OP_INSN] = INSNS,
                                   [MYNA_OP_LD] = LOADS,
                                   [MYNA_OP_ST] = STORES,
                                   [MYNA_OP_CALL] = CALLS,
                                   [MYNA_OP_RET] = RETURNS};
    (void)self, (void)error;
    LLVMTypeRef none = LLVMVoidTypeInContext(LLVMGetModuleContext(unit->module));
    for (LLVMValueRef fn = NULL; (fn = myna_function_next(unit->module, fn));) {
        uint64_t n = 0;
        for (MynaOp op = {.call = NULL}; myna_op_next(fn, &op);) {
            n = op.kind == MYNA_OP_BLOCK ? 0 : n + (op.kind == MYNA_OP_INSN);
            if (op.kind != MYNA_OP_INSN &&
                (op.kind >= (int)(sizeof(words_of) / sizeof(words_of[0])) || !words_of[op.kind])) {
                continue;
            }
            LLVMBuilderRef b = myna_builder_before(op.call);
            count(unit, b, (unsigned)words_of[op.kind]);
            if (op.kind == MYNA_OP_CALL) {
                LLVMValueRef arguments[] = {myna_thread_ptr(unit, b, 0), myna_i64(unit, n)};
                myna_call(unit, b, "counters.look", none, arguments, 2);
            }
            LLVMDisposeBuilder(b);
        }
    }
    return true;
}

static void print(void *opaque, void *block)
{
    const uint64_t *w = words(block);
    (void)opaque;
    fprintf(stderr, "insns=%lu loads=%lu stores=%lu calls=%lu returns=%lu hooked=%lu wrong=%lu\n",
            w[INSNS], w[LOADS], w[STORES], w[CALLS], w[RETURNS], w[HOOKED], w[WRONG]);
}

static void end(void *self, MynaPassEnd why)
{
    MynaPassHost *host = self;
    (void)why;
    host->each_thread(host, print, NULL);
}

const MynaPass myna_pass = {
    .version = MYNA_PASS_VERSION,
    .name = "counters",
    .init = init,
    .run = run,
    .end = end,
};
