// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the tests of the lowering share: a small guest state, a block under construction, and runs of it
// under the interpreter and as compiled code.  Included by one test each.
#ifndef TEST_LOWER_HARNESS_H
#define TEST_LOWER_HARNESS_H

#include <stdio.h>
#include <string.h>
#include <xmmintrin.h>

#include "helpers/cpu-state.h"
#include "helpers/vec-types.h"
#include "tcg/interp.h"
#include "tcg/tcg-op.h"
#include "tcg2llvm/tier-compile.h"
#include "unit-entry.h"

enum { TEST_FRAME = 1 << 16, TEST_BYTECODE = 1 << 19, TEST_MEMORY = 4096 };

typedef struct TestEnv {
    CPUState cs;
    uint64_t pc;
    uint64_t r[9];
    uint32_t w[4];
    float s[2];
    double d[2];
    V128 v[4] __attribute__((aligned(16)));
    V64 m[2];
    V256 y[2];
    uint8_t in[4096] __attribute__((aligned(64)));
    uint8_t out[4096];
    uint8_t frame[TEST_FRAME] __attribute__((aligned(64)));
} TestEnv;

static TestEnv test_env __attribute__((aligned(64)));
static uint8_t test_memory[TEST_MEMORY] __attribute__((aligned(64)));

static const TCGGlobalDef test_globals[] = {
    {"pc", TCG_TYPE_I64, offsetof(TestEnv, pc)},
#define R(n) {"r" #n, TCG_TYPE_I64, offsetof(TestEnv, r[n])},
    R(0) R(1) R(2) R(3) R(4) R(5) R(6) R(7) R(8)
#undef R
        {"w0", TCG_TYPE_I32, offsetof(TestEnv, w[0])},
    {"s0", TCG_TYPE_F32, offsetof(TestEnv, s[0])},
    {"d0", TCG_TYPE_F64, offsetof(TestEnv, d[0])},
    {"v0", TCG_TYPE_V128, offsetof(TestEnv, v[0])},
    {"v1", TCG_TYPE_V128, offsetof(TestEnv, v[1])},
    {"m0", TCG_TYPE_V64, offsetof(TestEnv, m[0])},
    {"y0", TCG_TYPE_V256, offsetof(TestEnv, y[0])},
};
enum { G_PC, G_R0, G_W0 = G_R0 + 9, G_S0, G_D0, G_V0, G_V1, G_M0, G_Y0 };

#define R(n) offsetof(TestEnv, r[n])
TCG_PINNED_DEFINE(test_pinned, R(0), R(1), R(2), R(3), R(4), R(5), R(6), R(7), R(8));
#undef R

static inline TCGv_i64 test_r(unsigned n) { return tcg_global_i64(G_R0 + n); }

// A block of the test's.
typedef struct TestBlock {
    TCGCode code;
    uint64_t pc;
    uint64_t *bytecode;
    uint32_t executions;
} TestBlock;

static TCGContext *test_ctx;
static TestBlock test_block = {.pc = 0x401000};
static TierCommon test_common;
static Compiler *test_compiler;

static TCGContext *test_context_new(void)
{
    return tcg_context_new(test_globals, G_N_ELEMENTS(test_globals), offsetof(TestEnv, frame),
                           TEST_FRAME);
}

static inline int test_setup(void **state)
{
    (void)state;
    GError *error = NULL;
    test_ctx = test_context_new();
    LLVMTierOptions tier_options = {.keep_names = true};
    test_common.opt = tier_options;
    test_common.opt.verify_ir = true;
    test_common.host.pc_global = G_PC;
    test_common.host.pinned = &test_pinned;
    test_common.jit = tier_make_jit(&tier_options, &error);
    test_compiler = test_common.jit ? compiler_new(&test_common) : NULL;
    if (!test_compiler) {
        fprintf(stderr, "%s\n", error->message);
        return -1;
    }
    static uint32_t counter;
    test_block.code.counter = &counter;
    test_block.bytecode = aligned_alloc(64, TEST_BYTECODE);
    return 0;
}

static inline int test_teardown(void **state)
{
    (void)state;
    compiler_free(test_compiler);
    jit_destroy(test_common.jit);
    tcg_context_free(test_ctx);
    free(test_block.bytecode);
    return 0;
}

static inline void test_begin(void)
{
    tcg_ctx = test_ctx;
    tcg_func_start(test_ctx);
    test_ctx->pc_offset = offsetof(TestEnv, cs.insn_pc);
    tcg_gen_insn_start(test_block.pc, 0);
}

static void test_passes(void)
{
    char *wrong = tcg_verify(test_ctx);
    if (wrong) {
        tcg_dump_ops(test_ctx, stderr);
        fail_msg("ill-formed: %s", wrong);
    }
    tcg_liveness(test_ctx);
}

// Ends a block that test_begin began: passes, bytecode.
static inline void test_end(void)
{
    test_passes();
    assert_true(tcg_assign_frame(test_ctx));
    size_t size = tcg_interp_encode(test_ctx, &test_block.code, test_block.bytecode, TEST_BYTECODE);
    if (!size) {
        fail_msg("cannot encode: %s", test_ctx->error ? test_ctx->error : "no room");
    }
    test_block.code.bytecode = test_block.bytecode;
}

typedef struct TestCompiled {
    LLVMCode *code;
} TestCompiled;

static inline TestCompiled *test_compile(LLVMLevel level)
{
    GError *error = NULL;
    CompileBlock block = {
        .block = {.code = &test_block.code, .pc = test_block.pc, .succ = {-1, -1}},
        .info = {.pc = test_block.pc, .size = 1, .num_insns = 1},
        .ctx = test_ctx};
    TestCompiled *c = g_new0(TestCompiled, 1);
    c->code = compiler_run(test_compiler, level == LLVM_HOT ? COMPILE_REGION : COMPILE_BATCH, level,
                           &block, 1, &error);
    if (!c->code) {
        fail_msg("%s", error->message);
    }
    return c;
}

static inline void test_compiled_free(TestCompiled *c)
{
    llvm_code_free(c->code);
    g_free(c);
}

// What a run leaves behind.
typedef struct TestRun {
    uintptr_t result;
    uint8_t out[sizeof(test_env.out)], memory[TEST_MEMORY];
    uint8_t state[offsetof(TestEnv, in)]; // registers
    unsigned fp_flags;
} TestRun;

static void test_run_code(TCGEntry *entry, const TCGCode *code, unsigned rounding, TestRun *run)
{
    static TestEnv before;
    static uint8_t memory_before[TEST_MEMORY];
    memcpy(&before, &test_env, sizeof(before));
    memcpy(memory_before, test_memory, sizeof(memory_before));
    unsigned csr = _mm_getcsr();
    _mm_setcsr((csr & ~0x603fu) | rounding << 13);
    run->result = tcg_enter(&test_env, code, entry, &test_env.cs.returns);
    run->fp_flags = _mm_getcsr() & 0x3f;
    _mm_setcsr(csr);
    memcpy(run->out, test_env.out, sizeof(run->out));
    memcpy(run->state, &test_env, sizeof(run->state));
    memcpy(run->memory, test_memory, sizeof(run->memory));
    memcpy(&test_env, &before, sizeof(before));
    memcpy(test_memory, memory_before, sizeof(memory_before));
}

static inline void test_run_interp(unsigned rounding, TestRun *run)
{
    test_run_code(tcg_interp_exec, &test_block.code, rounding, run);
}

static inline void test_run_compiled(const TestCompiled *c, unsigned rounding, TestRun *run)
{
    test_run_code(test_unit_entry(&c->code->entries[0]), &test_block.code, rounding, run);
}

#endif
