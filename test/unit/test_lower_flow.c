// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_test_fault myna_tcg2llvm myna_helpers myna_tcg
// TIMEOUT: 300
//
// Lowering beyond single ops: labels and loops in a block, several blocks in a function, helper calls,
// precise state, what the IR promises (alias scopes, inlined helpers), the IR dump.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lower-harness.h"
#include "lower-loop.h"
#include "helpers/helper-tables.h"
#include "runtime/host-insn.h"

static uint64_t rng_state;

static uint64_t rnd(void)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return rng_state * 0x2545f4914f6cdd1dull;
}

static unsigned below(unsigned n) { return (unsigned)(rnd() >> 33) % n; }

static void assert_same_state(const TestRun *want, const TestRun *got, const char *what)
{
    for (size_t i = offsetof(TestEnv, pc); i < offsetof(TestEnv, in); i++) {
        if (want->state[i] != got->state[i]) {
            tcg_dump_ops(test_ctx, stderr);
            fail_msg("%s: byte %zu of env is 0x%02x, expected 0x%02x", what, i, got->state[i],
                     want->state[i]);
        }
    }
    assert_memory_equal(want->memory, got->memory, TEST_MEMORY);
    assert_true(want->result == got->result);
}

// Runs the block that was built everywhere, and compares.
static void check_block(const char *what)
{
    TestRun want, got;
    TestCompiled *cold = test_compile(LLVM_COLD), *hot = test_compile(LLVM_HOT);
    test_run_interp(0, &want);
    test_run_compiled(cold, 0, &got);
    assert_same_state(&want, &got, what);
    test_run_compiled(hot, 0, &got);
    assert_same_state(&want, &got, what);
    test_compiled_free(cold);
    test_compiled_free(hot);
}

static void randomize_env(void)
{
    for (unsigned i = 0; i < 8; i++) {
        test_env.r[i] = below(3) ? rnd() : below(10);
    }
    test_env.w[0] = (uint32_t)rnd();
    for (unsigned i = 0; i < sizeof(test_env.v); i++) {
        ((uint8_t *)test_env.v)[i] = (uint8_t)rnd();
    }
    test_env.m[0].q[0] = rnd();
}

// --- random blocks -------------------------------------------------------------------------------------

enum { TEMPS = 6 };

static TCGv_i64 temps[TEMPS];

static TCGv_i64 any_source(void)
{
    unsigned k = below(10);
    return k < 5   ? test_r(below(8))
           : k < 8 ? temps[below(TEMPS)]
                   : tcg_constant_i64((int64_t)rnd());
}

static TCGv_i64 any_target(void) { return below(2) ? test_r(below(8)) : temps[below(TEMPS)]; }

static TCGv_i64 any_address(void)
{
    return tcg_constant_i64((int64_t)(uintptr_t)(test_memory + below(TEST_MEMORY - 8)));
}

static void random_op(void)
{
    TCGv_i64 r = any_target(), a = any_source(), b = any_source();
    switch (below(16)) {
    case 0:
    case 1: tcg_gen_add_i64(r, a, b); break;
    case 2: tcg_gen_sub_i64(r, a, b); break;
    case 3: tcg_gen_mul_i64(r, a, b); break;
    case 4: tcg_gen_and_i64(r, a, b); break;
    case 5: tcg_gen_xor_i64(r, a, b); break;
    case 6: tcg_gen_shli_i64(r, a, below(64)); break;
    case 7:
        tcg_gen_movcond_i64((TCGCond)below(TCG_COND_COUNT), r, a, b, any_source(), any_source());
        break;
    case 8: tcg_gen_setcond_i64((TCGCond)below(TCG_COND_COUNT), r, a, b); break;
    case 9: tcg_gen_mov_i64(r, a); break;
    case 10: tcg_gen_extrl_i64_i32(tcg_global_i32(G_W0), a); break;
    case 11: tcg_gen_extu_i32_i64(r, tcg_global_i32(G_W0)); break;
    case 12: tcg_gen_qemu_ld_i64(r, any_address(), MO_UQ); break;
    case 13: tcg_gen_qemu_st_i64(a, any_address(), (MemOp)below(4)); break;
    case 14:
        tcg_gen_add_vec(MO_32, tcg_global_vec(G_V0), tcg_global_vec(G_V0), tcg_global_vec(G_V1));
        break;
    default:
        // Through env, past the register's name.
        tcg_gen_st_i64(a, tcg_env(), offsetof(TestEnv, r[0]) + 8 * below(8));
        tcg_gen_ld_i64(r, tcg_env(), offsetof(TestEnv, r[0]) + 8 * below(8));
    }
}

// Forward branches, and one loop that a counter bounds.
static void random_block(void)
{
    TCGLabel *labels[4];
    for (unsigned i = 0; i < TEMPS; i++) {
        temps[i] = tcg_temp_new_i64();
        tcg_gen_movi_i64(temps[i], (int64_t)rnd());
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(labels); i++) {
        labels[i] = gen_new_label();
    }
    TCGv_i64 counter = tcg_temp_new_i64();
    tcg_gen_movi_i64(counter, 3);
    TCGLabel *loop = gen_new_label();
    unsigned loop_at = below(G_N_ELEMENTS(labels));
    for (unsigned i = 0; i < G_N_ELEMENTS(labels); i++) {
        if (i == loop_at) {
            gen_set_label(loop);
        }
        for (unsigned k = 2 + below(8); k-- > 0;) {
            random_op();
        }
        tcg_gen_brcond_i64((TCGCond)below(TCG_COND_COUNT), any_source(), any_source(),
                           labels[i + below(G_N_ELEMENTS(labels) - i)]);
        for (unsigned k = below(6); k-- > 0;) {
            random_op();
        }
        if (below(4) == 0) {
            tcg_gen_movi_i64(tcg_global_i64(G_PC), 1000 + i);
            tcg_gen_exit_tb(0);
        }
        gen_set_label(labels[i]);
    }
    tcg_gen_subi_i64(counter, counter, 1);
    tcg_gen_brcondi_i64(TCG_COND_NE, counter, 0, loop);
    tcg_gen_movi_i64(tcg_global_i64(G_PC), 77);
    tcg_gen_exit_tb(0);
}

static void test_random_blocks(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 150; i++) {
        rng_state = 0x1234567 + i * 7919;
        randomize_env();
        test_begin();
        test_ctx->precise = i % 3 == 2;
        random_block();
        if (i % 2) {
            tcg_optimize(test_ctx);
        }
        test_end();
        char what[40];
        snprintf(what, sizeof(what), "random block %u", i);
        check_block(what);
    }
    test_ctx->precise = false;
}

// --- dead globals --------------------------------------------------------------------------------------

static void discard_w0(void) { tcg_emit1(INDEX_op_discard, (TCGArg)tcg_global_i32(G_W0)); }

// w0 is computed and read, and said to be dead: on the one way out, on both, on one of two.
static void block_with_discard(unsigned kind)
{
    tcg_gen_extrl_i64_i32(tcg_global_i32(G_W0), test_r(1));
    tcg_gen_extu_i32_i64(test_r(2), tcg_global_i32(G_W0));
    if (kind > 0) {
        TCGLabel *other = gen_new_label();
        tcg_gen_brcondi_i64(TCG_COND_EQ, test_r(3), 0, other);
        if (kind == 1) {
            discard_w0();
        }
        tcg_gen_movi_i64(tcg_global_i64(G_PC), 66);
        tcg_gen_exit_tb(0);
        gen_set_label(other);
    }
    discard_w0();
    tcg_gen_movi_i64(tcg_global_i64(G_PC), 77);
    tcg_gen_exit_tb(0);
}

static void test_dead_globals_are_not_stored(void **state)
{
    (void)state;
    test_ctx->keep_discards = true;
    for (unsigned kind = 0; kind < 3; kind++) {
        for (unsigned r3 = 0; r3 < 2; r3++) {
            test_begin();
            block_with_discard(kind);
            test_end();
            test_env.r[1] = 5;
            test_env.r[3] = r3;
            test_env.w[0] = 1234;
            TestCompiled *hot = test_compile(LLVM_HOT);
            TestRun got;
            test_run_compiled(hot, 0, &got);
            TestEnv env;
            memcpy(&env, got.state, sizeof(got.state));
            assert_int_equal(env.r[2], 5);
            assert_int_equal(env.w[0], kind == 2 && r3 ? 5 : 1234);
            test_compiled_free(hot);
        }
    }
    test_ctx->keep_discards = false;
}

// Code that stores a register is not taken for code that does not.
static void test_unit_key_tells_dead_globals_apart(void **state)
{
    (void)state;
    ObjectKey key[2];
    test_ctx->keep_discards = true;
    for (unsigned i = 0; i < 2; i++) {
        test_begin();
        tcg_emit1(INDEX_op_discard, (TCGArg)(i ? test_r(1) : test_r(2)));
        tcg_gen_exit_tb(0);
        test_passes();
        const LLVMUnitBlock block = {.code = &test_block.code, .succ = {-1, -1}};
        UnitHash *h = unit_hash_new();
        unit_hash_begin(h, NULL, 0);
        unit_hash_block(h, &block, false, test_ctx);
        key[i] = unit_hash_end(h);
        unit_hash_free(h);
    }
    test_ctx->keep_discards = false;
    assert_memory_not_equal(&key[0], &key[1], sizeof(key[0]));
}

// --- helpers -------------------------------------------------------------------------------------------

typedef TestEnv CPUArchState;

// Each result type and argument type, by value and by pointer.
#define HELPER_TABLE "test/unit/lower-helpers.h"
#include "helpers/helper-proto.h"
#include "tcg/tcg-op.h"
#include "helpers/helper-gen.h"

uint32_t HELPER(t_i32)(uint32_t a) { return a * 3 + 1; }
uint64_t HELPER(t_i64)(uint64_t a, uint32_t b) { return a * 5 + b; }
float HELPER(t_f32)(float a) { return a * 2; }
double HELPER(t_f64)(double a, float b) { return a - b; }
void HELPER(t_i128)(tcg_u128 *r, const tcg_u128 *a) { *r = *a * 7 + ((tcg_u128)1 << 100); }
void HELPER(t_v64)(V64 *r, const V64 *a) { r->q[0] = ~a->q[0]; }
void HELPER(t_v128)(V128 *r, const V128 *a, const V128 *b)
{
    r->q[0] = a->q[1] + b->q[0];
    r->q[1] = a->q[0] ^ b->q[1];
}
void HELPER(t_v256)(V256 *r, const V256 *a)
{
    r->q[0] = a->q[3], r->q[1] = a->q[2], r->q[2] = a->q[1], r->q[3] = a->q[0];
}
void *HELPER(t_ptr)(void *p, TestEnv *env) { return (char *)p + env->r[7] % 16; }
void HELPER(t_reads)(TestEnv *env, uint64_t into)
{
    *(uint64_t *)(uintptr_t)into = env->r[0] + env->r[1];
}
void HELPER(t_writes)(TestEnv *env) { env->r[1] = env->r[0] * 3, env->v[0].q[1] = env->r[2]; }
uint64_t HELPER(t_five)(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e;
}

static TCGHelperInfo rows[] = {
#include "helpers/helper-info.h"
};

static void test_helpers(void **state)
{
    (void)state;
    rng_state = 99;
    randomize_env();
    test_env.s[0] = 1.25f;
    test_env.d[0] = -3.5;
    test_begin();
    TCGv_i32 w = tcg_global_i32(G_W0);
    gen_helper_t_i32(w, w);
    gen_helper_t_i64(test_r(3), test_r(3), w);
    gen_helper_t_f32((TCGv_f32)tcg_global(G_S0), (TCGv_f32)tcg_global(G_S0));
    gen_helper_t_f64((TCGv_f64)tcg_global(G_D0), (TCGv_f64)tcg_global(G_D0),
                     (TCGv_f32)tcg_global(G_S0));
    TCGv_i128 o = tcg_temp_new_i128();
    tcg_gen_concat_i64_i128(o, test_r(4), test_r(5));
    gen_helper_t_i128(o, o);
    tcg_gen_extrl_i128_i64(test_r(4), o);
    tcg_gen_extrh_i128_i64(test_r(5), o);
    gen_helper_t_v64(tcg_global_vec(G_M0), tcg_global_vec(G_M0));
    gen_helper_t_v128(tcg_global_vec(G_V0), tcg_global_vec(G_V0), tcg_global_vec(G_V1));
    gen_helper_t_v256(tcg_global_vec(G_Y0), tcg_global_vec(G_Y0));
    // Registers that are newer than env: the callee must see them, and its writes must be seen.
    tcg_gen_addi_i64(test_r(0), test_r(0), 5);
    gen_helper_t_reads(tcg_env(), tcg_constant_i64((int64_t)(uintptr_t)test_memory));
    tcg_gen_addi_i64(test_r(0), test_r(0), 6);
    tcg_gen_movi_i64(test_r(2), 4711);
    gen_helper_t_writes(tcg_env());
    tcg_gen_add_i64(test_r(6), test_r(1), test_r(0));
    gen_helper_t_ptr(test_r(7), test_r(7), tcg_env());
    gen_helper_t_five(test_r(2), test_r(0), test_r(1), test_r(2), test_r(6), tcg_constant_i64(9));
    tcg_gen_exit_tb(0);
    test_end();
    check_block("helper calls");
}

// --- several blocks in a function ------------------------------------------------------------------------

static bool loop_translate(void *opaque, TCGContext *ctx, const TCGCode *code)
{
    (void)opaque;
    TCGContext *mine = test_ctx;
    test_ctx = ctx;
    emit_loop_block((unsigned)((const TestBlock *)code - blocks));
    test_ctx = mine;
    return true;
}

static TCGContext *host_context(void *opaque)
{
    (void)opaque;
    return test_context_new();
}

// The region of all three; `inner` leaves block 2 out of it, `enter` makes block 1 a second way in.
static LLVMCode *compile_region(bool inner, bool enter)
{
    GError *error = NULL;
    CompileBlock region[] = {
        {.block = {.code = &blocks[0].code, .pc = blocks[0].pc, .succ = {1, -1}}},
        {.block = {.code = &blocks[1].code, .pc = blocks[1].pc, .succ = {1, inner ? -1 : 2}}},
        {.block = {.code = &blocks[2].code, .pc = blocks[2].pc, .succ = {-1, -1}}},
    };
    for (unsigned i = 0; i < 3; i++) {
        region[i].info = (LLVMBlockInfo){.pc = blocks[i].pc, .size = 8, .num_insns = 2};
    }
    region[1].enter = enter;
    test_common.host.translate = loop_translate;
    test_common.host.context_new = host_context;
    LLVMCode *code = compiler_run(test_compiler, COMPILE_REGION, LLVM_HOT, region, inner ? 2 : 3,
                                  &error);
    if (!code) {
        fail_msg("%s", error->message);
    }
    assert_int_equal(code->n_entries, 1 + enter);
    return code;
}

static void run_region(TCGEntry *entry, TestRun *run)
{
    test_run_code(entry, &blocks[0].code, 0, run);
}

static void test_region(void **state)
{
    (void)state;
    rng_state = 5;
    randomize_env();
    for (unsigned n = 0; n < 3; n++) {
        test_env.r[7] = n == 0 ? 1 : n * 1000;
        encode_blocks();
        TestRun want, got;
        run_region(tcg_interp_exec, &want);
        for (unsigned inner = 0; inner < 2; inner++) {
            LLVMCode *code = compile_region(inner, false);
            run_region(test_unit_entry(&code->entries[0]), &got);
            assert_same_state(&want, &got, inner ? "region with an exit" : "region");
            // The exit's slot not linked: the unit returns with it, everything stored.
            if (inner) {
                blocks[1].code.jmp[1] = NULL;
                run_region(test_unit_entry(&code->entries[0]), &got);
                assert_true(got.result == ((uintptr_t)&blocks[1].code | 1));
                TestRun cold;
                run_region(tcg_interp_exec, &cold);
                assert_same_state(&cold, &got, "region, exit not linked");
                blocks[1].code.jmp[1] = &blocks[2].code;
            }
            llvm_code_free(code);
        }
    }
}

// Counters of a region: r6 points to them.  Block 1's callback sees what was counted before it, and may change it.
static uint64_t counters[6], seen_by_callback[4], callbacks;
enum { SHARED, OWN, IMM, CHANGED, COND };

static void on_count(uint32_t block, uint64_t what)
{
    (void)what;
    seen_by_callback[callbacks++ & 3] = counters[SHARED] * 1000 + block;
    counters[CHANGED] = callbacks & 1 ? 100 : counters[CHANGED];
}

static TCGHelperInfo on_count_row = {.func = (void *)(uintptr_t)on_count,
                                     .name = "on_count",
                                     .flags = TCG_CALL_NO_RG | TCG_CALL_ADDRESS,
                                     .ret = TCG_TYPE_VOID,
                                     .nargs = 2,
                                     .args = {TCG_TYPE_I32, TCG_TYPE_I64}};
static bool with_callback;

static void count_in_block(unsigned i)
{
    intptr_t base = (intptr_t)offsetof(TestEnv, r[6]);
    tcg_gen_count(base, SHARED * 8, 1);
    tcg_gen_count(base, CHANGED * 8, (int64_t)i - 1);
    tcg_gen_count(base, IMM * 8, -0x12345678);
    if (i == 1) {
        tcg_gen_count(base, OWN * 8, 0x7fffffff);
    }
    if (i == 2 || (i == 1 && with_callback)) {
        TCGTemp *args[] = {(TCGTemp *)tcg_constant_i32((int32_t)i), (TCGTemp *)test_r(0)};
        tcg_gen_call_row(&on_count_row, NULL, 2, args);
    }
    // A look without a call.
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_ld_i64(t, test_r(6), SHARED * 8);
    tcg_gen_st_i64(t, test_r(6), COND * 8);
    tcg_gen_count(base, SHARED * 8, 2);
}

static void test_region_counts(void **state)
{
    (void)state;
    tcg_prepare_row(&on_count_row);
    randomize_env();
    test_env.r[7] = 1000;
    test_env.r[6] = (uint64_t)(uintptr_t)counters;
    loop_extra = count_in_block;
    for (unsigned round = 0; round < 4; round++) {
        uint64_t want[G_N_ELEMENTS(counters)], want_seen[4];
        TestRun run;
        with_callback = round & 1;
        encode_blocks();
        memset(counters, 0, sizeof(counters));
        memset(seen_by_callback, 0, sizeof(seen_by_callback));
        callbacks = 0;
        run_region(tcg_interp_exec, &run);
        assert_int_equal(counters[SHARED], 3 * 1002);
        assert_int_equal(counters[OWN], 1000 * 0x7fffffffull);
        assert_true(counters[IMM] == -0x12345678ull * 1002);
        assert_int_equal(counters[COND], 3 * 1001 + 1);
        memcpy(want, counters, sizeof(want));
        memcpy(want_seen, seen_by_callback, sizeof(want_seen));
        memset(counters, 0, sizeof(counters));
        memset(seen_by_callback, 0, sizeof(seen_by_callback));
        callbacks = 0;
        LLVMCode *code = compile_region(round & 2, false);
        run_region(test_unit_entry(&code->entries[0]), &run);
        llvm_code_free(code);
        assert_memory_equal(counters, want, sizeof(want));
        assert_memory_equal(seen_by_callback, want_seen, sizeof(want_seen));
    }
    loop_extra = NULL;
}

static void *look_on(void *opaque)
{
    const volatile uint64_t *word = &counters[SHARED];
    volatile uint32_t *request = opaque;
    uint64_t first = 0;
    for (unsigned i = 0; i < 100000 && (first == 0 || *word == first); i++) {
        first = first ? first : *word;
        usleep(100);
    }
    *request = 1; // out of the loop, which would last for hundreds of years
    return (void *)(uintptr_t)(first != 0 && *word != first);
}

static void shared_alone(unsigned i)
{
    (void)i;
    tcg_gen_count((intptr_t)offsetof(TestEnv, r[6]), SHARED * 8, 1);
}

static void test_count_is_seen_in_a_loop(void **state)
{
    (void)state;
    randomize_env();
    test_env.r[7] = UINT64_MAX;
    test_env.r[6] = (uint64_t)(uintptr_t)counters;
    loop_extra = shared_alone;
    encode_blocks();
    memset(counters, 0, sizeof(counters));
    LLVMCode *code = compile_region(false, false);
    pthread_t thread;
    void *progress = NULL;
    test_env.cs.exit_request = 0;
    assert_int_equal(
        pthread_create(&thread, NULL, look_on, (void *)(uintptr_t)&test_env.cs.exit_request), 0);
    uintptr_t result = test_enter_unit(&test_env, code);
    assert_int_equal(result & TB_EXIT_MASK, TB_EXIT_REQUESTED);
    assert_int_equal(counters[SHARED], test_env.r[0] + 1);
    pthread_join(thread, &progress);
    assert_non_null(progress);
    llvm_code_free(code);
    test_env.cs.exit_request = 0;
    loop_extra = NULL;
}

static void test_region_entered_in_the_middle(void **state)
{
    (void)state;
    encode_blocks();
    for (unsigned inner = 0; inner < 2; inner++) {
        LLVMCode *code = compile_region(inner, true);
        for (unsigned i = 0; i < 2;
             i++) { // what the loop goes on from is in env, or set by block 0
            TestRun want, got;
            randomize_env();
            test_env.r[0] = 7;
            test_env.r[7] = 100;
            assert_ptr_equal(code->entries[i].code, &blocks[i].code);
            test_run_code(tcg_interp_exec, &blocks[i].code, 0, &want);
            test_run_code(test_unit_entry(&code->entries[i]), &blocks[i].code, 0, &got);
            assert_same_state(&want, &got, "a region's second entry");
        }
        llvm_code_free(code);
    }
}

// The loop looks at the exit request: a timer sets it while a loop runs that would never end.
static void set_request(int sig)
{
    (void)sig;
    test_env.cs.exit_request = 1;
}

static void test_region_exit_request(void **state)
{
    (void)state;
    test_env.r[7] = UINT64_MAX;
    encode_blocks();
    LLVMCode *code = compile_region(false, false);
    signal(SIGALRM, set_request);
    ualarm(30000, 0);
    uintptr_t ret = test_enter_unit(&test_env, code);
    test_env.cs.exit_request = 0;
    assert_true(ret == ((uintptr_t)&blocks[1].code | TB_EXIT_REQUESTED));
    assert_int_equal(test_env.pc, blocks[1].pc);
    // r1 = 3 * (0 + 1 + .. + r0 - 1): every register belongs to the same round.
    uint64_t n = test_env.r[0];
    assert_true(n > 0);
    uint64_t sum = n % 2 ? n * ((n - 1) / 2) : n / 2 * (n - 1);
    assert_true(test_env.r[1] == 3 * sum);
    llvm_code_free(code);
}

// --- precise state -------------------------------------------------------------------------------------

static sigjmp_buf fault_env;

static void on_fault(int sig, siginfo_t *info, void *uc)
{
    (void)sig, (void)info;
    StateRegs regs;
    host_state_regs(uc, &regs);
    const void *at = (const void *)((ucontext_t *)uc)->uc_mcontext.gregs[REG_RIP];
    jit_recover(test_common.jit, at, &regs, &test_env, &test_env.cs.insn_pc);
    siglongjmp(fault_env, 1);
}

static void test_precise(void **state)
{
    (void)state;
    void *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    rng_state = 17;
    randomize_env();
    test_begin();
    test_ctx->precise = true;
    tcg_gen_addi_i64(test_r(0), test_r(0), 1);
    tcg_gen_qemu_st_i64(test_r(0), tcg_constant_i64((int64_t)(uintptr_t)test_memory), MO_UQ);
    tcg_gen_insn_start(0x401004, 0);
    tcg_gen_movi_i64(test_r(1), 11);
    tcg_gen_movi_i64(test_r(2), 22);
    TCGv_i64 unused = tcg_temp_new_i64();
    tcg_gen_qemu_ld_i64(unused, tcg_constant_i64((int64_t)(uintptr_t)hole), MO_UQ); // faults
    tcg_gen_mov_i64(test_r(3), unused);
    tcg_gen_movi_i64(test_r(1), 33);
    tcg_gen_movi_i64(test_r(3), 44);
    tcg_gen_exit_tb(0);
    test_end();
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &sa, NULL);
    uint64_t r0 = test_env.r[0], r3 = test_env.r[3];
    for (int level = LLVM_COLD; level <= LLVM_HOT; level++) {
        TestCompiled *c = test_compile((LLVMLevel)level);
        test_env.r[0] = r0;
        test_env.r[1] = test_env.r[2] = 0;
        test_env.cs.insn_pc = 0;
        if (sigsetjmp(fault_env, 1) == 0) {
            test_enter_unit(&test_env, c->code);
            fail_msg("the access did not fault at level %d", level);
        }
        assert_true(test_env.cs.insn_pc == 0x401004);
        assert_true(test_env.r[0] == r0 + 1);
        assert_int_equal(test_env.r[1], 11);
        assert_int_equal(test_env.r[2], 22);
        assert_true(test_env.r[3] == r3);
        test_compiled_free(c);
    }
    signal(SIGSEGV, SIG_DFL);
    test_ctx->precise = false;
    munmap(hole, 4096);
}

// --- what the IR says ----------------------------------------------------------------------------------

static char *log_text;
static size_t log_size;
static LLVMLogItem log_item;

static bool log_wanted(void *opaque, LLVMLogItem item)
{
    (void)opaque;
    return item == log_item;
}

static FILE *log_begin(void *opaque, LLVMLogItem item, uint64_t pc)
{
    (void)opaque, (void)item, (void)pc;
    free(log_text);
    return open_memstream(&log_text, &log_size);
}

static void log_end(void *opaque, FILE *f)
{
    (void)opaque;
    fclose(f);
}

static const char *compile_logged(LLVMLogItem item)
{
    log_item = item;
    test_common.host.log_wanted = log_wanted;
    test_common.host.log_begin = log_begin;
    test_common.host.log_end = log_end;
    test_compiled_free(test_compile(LLVM_HOT));
    test_common.host.log_wanted = NULL;
    return log_text;
}

static const char *line_with(const char *text, const char *part)
{
    static char line[512];
    const char *at = strstr(text, part);
    assert_non_null(at);
    while (at > text && at[-1] != '\n') {
        at--;
    }
    snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
    return line;
}

static void test_alias_scopes(void **state)
{
    (void)state;
    test_begin();
    // No pinned register: the one load of it, and its store, must not depend on the guest's store.
    tcg_gen_qemu_st_i32(tcg_global_i32(G_W0), test_r(5), MO_UL);
    tcg_gen_addi_i32(tcg_global_i32(G_W0), tcg_global_i32(G_W0), 1);
    tcg_gen_exit_tb(0);
    test_end();
    const char *text = compile_logged(LLVM_LOG_IR_OPT);
    assert_non_null(strstr(line_with(text, "align 1"), "!alias.scope"));
    assert_non_null(strstr(line_with(text, "align 1"), "!noalias"));
    assert_non_null(strstr(line_with(text, "align 4"), "!alias.scope"));
    assert_non_null(strstr(text, "!\"myna.env\""));
    assert_non_null(strstr(text, "!\"myna.guest\""));
}

static void test_guest_ops_are_named(void **state)
{
    (void)state;
    test_begin();
    tcg_gen_qemu_ld_i64(test_r(1), test_r(5), MO_SL);
    tcg_gen_qemu_st_i32(tcg_global_i32(G_W0), test_r(6), MO_UW | MO_BSWAP);
    tcg_gen_atomic_fetch_add_i64(test_r(2), test_r(6), test_r(3), MO_UQ);
    tcg_gen_exit_tb(0);
    test_end();
    const char *text = compile_logged(LLVM_LOG_IR);
    assert_non_null(strstr(line_with(text, "@guest.insn("), "!guest.pc"));
    assert_non_null(strstr(line_with(text, "= call i32 @guest.ld.i32("), "!guest.pc"));
    line_with(text, "call void @guest.st.i16(");
    line_with(text, "= call i64 @guest.atomic.add.i64(");
    assert_null(strstr(compile_logged(LLVM_LOG_IR_OPT), "@guest."));
}

// crc32 of 4 bytes at most is a dozen instructions: no call is left.
static void test_helper_inlined(void **state)
{
    (void)state;
    helpers_x86_register();
    const TCGHelperInfo *info = tcg_find_helper_by_name("x86_pdep");
    assert_non_null(info);
    test_begin();
    TCGTemp *args[] = {(TCGTemp *)test_r(0), (TCGTemp *)test_r(1)};
    tcg_gen_callN(info->func, (TCGTemp *)test_r(2), 2, args);
    tcg_gen_exit_tb(0);
    test_end();
    line_with(compile_logged(LLVM_LOG_IR), "call i64 @helper_x86_pdep(");
    assert_null(strstr(compile_logged(LLVM_LOG_IR_OPT), "@helper_x86_pdep"));
    rng_state = 3;
    randomize_env();
    check_block("inlined helper");
}

// --- the dump ------------------------------------------------------------------------------------------

static size_t disassemble(void *opaque, uint64_t pc, char *buf, size_t size)
{
    (void)opaque;
    snprintf(buf, size, "insn at %x \"quoted\"", (unsigned)pc);
    return 4;
}

static const char *symbol(void *opaque, uint64_t pc, uint64_t *offset)
{
    (void)opaque;
    *offset = pc & 0xff;
    return "some/function";
}

static int run(const char *fmt, const char *file)
{
    g_autofree char *command = g_strdup_printf(fmt, file);
    return system(command);
}

static void test_dump(void **state)
{
    (void)state;
    char dir[] = "/tmp/test-dump-XXXXXX";
    assert_non_null(mkdtemp(dir));
    GError *error = NULL;
    test_common.host.disassemble = disassemble;
    test_common.host.symbol = symbol;
    test_common.dump = dump_ir_open(dir, &test_common.host, &error);
    assert_non_null(test_common.dump);
    encode_blocks();
    llvm_code_free(compile_region(false, false));
    llvm_code_free(compile_region(true, false));
    dump_ir_close(test_common.dump);
    test_common.dump = NULL;
    test_common.host.disassemble = NULL;
    static const char *const files[] = {"0000000000401000-some_function.ll",
                                        "0000000000401000-some_function-2.ll"};
    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(dir, files[i], NULL), *text = NULL;
        assert_true(g_file_get_contents(path, &text, NULL, NULL));
        line_with(text, "; guest block 0x401000 some/function");
        line_with(text, "  ; 0x401100: insn at 401100");
        assert_non_null(strstr(line_with(text, "@guest.insn("), "!guest.asm"));
        line_with(text, "code.401100");
        // Nothing in it is this process's.
        assert_int_equal(run("opt-19 -passes='verify,default<O2>' -disable-output '%s'", path), 0);
        assert_int_equal(run("llc-19 -filetype=obj -o /dev/null '%s'", path), 0);
    }
    g_autofree char *index = g_build_filename(dir, "index.tsv", NULL), *text = NULL;
    assert_true(g_file_get_contents(index, &text, NULL, NULL));
    line_with(text, "0000000000401000-some_function.ll\t0x401000\t");
    assert_non_null(strstr(line_with(text, "-2.ll"), "\t2\t"));
    assert_int_equal(run("rm -r '%s'", dir), 0);
}

static int setup(void **state)
{
    tcg_register_helpers(rows, G_N_ELEMENTS(rows));
    return test_setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_blocks),
        cmocka_unit_test(test_dead_globals_are_not_stored),
        cmocka_unit_test(test_unit_key_tells_dead_globals_apart),
        cmocka_unit_test(test_helpers),
        cmocka_unit_test(test_region),
        cmocka_unit_test(test_region_counts),
        cmocka_unit_test(test_count_is_seen_in_a_loop),
        cmocka_unit_test(test_region_entered_in_the_middle),
        cmocka_unit_test(test_region_exit_request),
        cmocka_unit_test(test_precise),
        cmocka_unit_test(test_alias_scopes),
        cmocka_unit_test(test_guest_ops_are_named),
        cmocka_unit_test(test_helper_inlined),
        cmocka_unit_test(test_dump),
    };
    return cmocka_run_group_tests_name("lower_flow", tests, setup, test_teardown);
}
