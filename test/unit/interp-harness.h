// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small CPU state and a way to run one block under the interpreter, for tests of the ops; or in the quick
// tier, with TEST_QUICK defined.

#ifndef TEST_INTERP_HARNESS_H
#define TEST_INTERP_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tcg/interp.h"
#include "tcg/tcg-op.h"
#include "tcg/tcg-pinned.h"
#ifdef TEST_QUICK
#include "quick-memory.h"
#endif

// A value of any type, lane by lane.
typedef union Value {
    uint8_t b[32];
    int8_t sb[32];
    uint16_t w[16];
    int16_t sw[16];
    uint32_t l[8];
    int32_t sl[8];
    uint64_t q[4];
    int64_t sq[4];
    float s[8];
    double d[4];
} Value;

// env: globals g0 .. g7 (i64), v0 .. v3 (v128), and places to put operands and results.
typedef struct TestEnv {
    uint32_t exit_request;
    uint32_t pad;
    uint64_t insn_pc;
    uint64_t g[8];
    Value in[8], out[4];
    Value v[4];
    TCGReturns returns;
    _Alignas(64) char frame[16384];
} TestEnv;

enum { G0, G7 = G0 + 7, V0, NB_TEST_GLOBALS = V0 + 4 };

static const TCGGlobalDef test_globals[NB_TEST_GLOBALS] = {
    {"g0", TCG_TYPE_I64, offsetof(TestEnv, g[0])},  {"g1", TCG_TYPE_I64, offsetof(TestEnv, g[1])},
    {"g2", TCG_TYPE_I64, offsetof(TestEnv, g[2])},  {"g3", TCG_TYPE_I64, offsetof(TestEnv, g[3])},
    {"g4", TCG_TYPE_I64, offsetof(TestEnv, g[4])},  {"g5", TCG_TYPE_I64, offsetof(TestEnv, g[5])},
    {"g6", TCG_TYPE_I64, offsetof(TestEnv, g[6])},  {"g7", TCG_TYPE_I64, offsetof(TestEnv, g[7])},
    {"v0", TCG_TYPE_V128, offsetof(TestEnv, v[0])}, {"v1", TCG_TYPE_V128, offsetof(TestEnv, v[1])},
    {"v2", TCG_TYPE_V128, offsetof(TestEnv, v[2])}, {"v3", TCG_TYPE_V128, offsetof(TestEnv, v[3])},
};

static _Alignas(64) TestEnv env;

// A block being built, then run.  Several may exist, and chain.
typedef struct TestBlock {
    TCGCode code; // first: &block->code is the block
    uint64_t bytecode[65536];
    size_t size;
} TestBlock;

static inline void test_context_start(void)
{
    if (!tcg_ctx) {
        tcg_ctx = tcg_context_new(test_globals, NB_TEST_GLOBALS, offsetof(TestEnv, frame),
                                  sizeof(env.frame));
    }
    tcg_func_start(tcg_ctx);
    tcg_ctx->precise = false;
    tcg_ctx->pc_offset = offsetof(TestEnv, insn_pc);
    tcg_ctx->log_writes = false;
    tcg_ctx->guest_base = 0;
}

// Ends the building: passes, encoding.  Fails the test on any error.
static inline void test_block_finish(TestBlock *b)
{
    char *fault = tcg_verify(tcg_ctx);
    if (fault || tcg_ctx->error) {
        tcg_dump_ops(tcg_ctx, stderr);
        fail_msg("the block is wrong: %s", fault ? fault : tcg_ctx->error);
    }
    tcg_liveness(tcg_ctx);
    assert_true(tcg_assign_frame(tcg_ctx));
#ifdef TEST_QUICK
    b->size = quick_compile(tcg_ctx, &b->code, true);
#else
    b->size = tcg_interp_encode(tcg_ctx, &b->code, b->bytecode, sizeof(b->bytecode));
    atomic_store(&b->code.entry, tcg_interp_exec);
#endif
    if (b->size == 0) {
        tcg_dump_ops(tcg_ctx, stderr);
        fail_msg("not encoded: %s", tcg_ctx->error ? tcg_ctx->error : "too long");
    }
    b->code.bytecode = b->bytecode;
}

static inline uintptr_t test_block_run(TestBlock *b)
{
    return atomic_load(&b->code.entry)(&env, &b->code);
}

#endif
