// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The helper table and calls of helpers from interpreted blocks: every type and number of arguments,
// through libffi and through the direct call; refusals; the embedded bitcode.
//
// LINK: myna_helpers myna_tcg

#include "interp-harness.h"

#include <setjmp.h>

#include "helpers/helper-bitcode.h"
#include "helpers/helper-head.h"

typedef TestEnv CPUArchState;
#define HELPER_TABLE "test/unit/helper-test-table.h"
#include "helpers/helper-proto.h"

#include "helpers/helper-gen.h"

// --- bodies ------------------------------------------------------------------------------------------

static unsigned calls;
static sigjmp_buf out_of_block;

void HELPER(t_void0)(void) { calls++; }
uint64_t HELPER(t_i64_0)(void) { return 0x123456789abcdef0; }
uint32_t HELPER(t_i32_1)(uint32_t a) { return a * 3; }
void HELPER(t_env)(TestEnv *e, uint64_t a) { e->g[5] += a; }
uint64_t HELPER(t_i64_3)(uint64_t a, uint32_t b, void *c)
{
    return a * 1000 + b * 10ull + *(uint64_t *)c;
}
uint64_t HELPER(t_i64_5)(TestEnv *e, uint64_t a, uint32_t b, uint64_t c, uint64_t d)
{
    return e->g[7] + a * 10 + b * 100ull + c * 1000 + d * 10000;
}
float HELPER(t_f32)(float a, uint32_t b) { return a + (float)b; }
double HELPER(t_f64)(double a, float b, uint64_t c) { return a * (double)b + (double)c; }
uint64_t HELPER(t_i64_f64)(double a) { return (uint64_t)a; }
void *HELPER(t_ptr)(TestEnv *e) { return &e->g[3]; }
// Results by pointer are written before the arguments are read to the end: they must not be the same.
void HELPER(t_i128)(tcg_u128 *r, const tcg_u128 *a, uint64_t b)
{
    *r = 0;
    *r = *a + b;
}
void HELPER(t_i128_f)(tcg_u128 *r, const tcg_u128 *a, double b)
{
    *r = 0;
    *r = *a + (uint64_t)b;
}
void HELPER(t_v64)(V64 *r, const V64 *a, const V64 *b)
{
    r->q[0] = 0;
    r->q[0] = a->q[0] - b->q[0];
}
void HELPER(t_v128)(V128 *r, const V128 *a, const V128 *b)
{
    r->q[0] = r->q[1] = 0;
    r->q[0] = a->q[0] - b->q[0];
    r->q[1] = a->q[1] - b->q[1];
}
void HELPER(t_v128_f)(V128 *r, const V128 *a, const V128 *b, float c)
{
    r->q[0] = r->q[1] = 0;
    r->q[0] = a->q[1] * (uint64_t)c;
    r->q[1] = b->q[0];
}
void HELPER(t_v256)(V256 *r, const V256 *a)
{
    memset(r, 0, sizeof(*r));
    for (unsigned i = 0; i < 4; i++) {
        r->q[i] = a->q[3 - i];
    }
}
uint64_t HELPER(t_i64_v)(const V128 *a, uint64_t b) { return a->q[0] + a->q[1] + b; }
void HELPER(t_v_5)(V128 *r, TestEnv *e, const V128 *a, const V128 *b, uint64_t c, uint32_t d)
{
    r->q[0] = r->q[1] = 0;
    r->q[0] = a->q[0] + b->q[1] + c;
    r->q[1] = a->q[1] + d + e->g[7];
}
void HELPER(t_exit)(TestEnv *e)
{
    e->g[6] = 66;
    siglongjmp(out_of_block, 1);
}

static TCGHelperInfo rows[] = {
#include "helpers/helper-info.h"
};

// --- tests -------------------------------------------------------------------------------------------

static TestBlock block;
static TCGv_i64 g(unsigned n) { return tcg_global_i64(G0 + n); }
static TCGv_vec v(unsigned n) { return tcg_global_vec(V0 + n); }

static int setup(void **state)
{
    (void)state;
    tcg_register_helpers(rows, sizeof(rows) / sizeof(rows[0]));
    memset(&env, 0, sizeof(env));
    env.g[7] = 7;
    for (unsigned i = 0; i < 4; i++) {
        env.v[i].q[0] = 100 + i;
        env.v[i].q[1] = 200 + i;
    }
    test_context_start();
    return 0;
}
static void run(void)
{
    tcg_gen_exit_tb(0);
    test_block_finish(&block);
    test_block_run(&block);
}

static void test_integers(void **state)
{
    (void)state;
    TCGv_i32 a = tcg_temp_new_i32(), r = tcg_temp_new_i32();
    calls = 0;
    gen_helper_t_void0();
    gen_helper_t_i64_0(g(0));
    tcg_gen_extrl_i64_i32(a, g(7));
    gen_helper_t_i32_1(r, a);
    tcg_gen_extu_i32_i64(g(1), r);
    gen_helper_t_env(tcg_env(), tcg_constant_i64(0x500000000));
    gen_helper_t_i64_3(g(2), g(7), tcg_constant_i32(5), tcg_constant_ptr(&env.g[7]));
    gen_helper_t_i64_5(g(3), tcg_env(), g(7), a, tcg_constant_i64(3), tcg_constant_i64(-1));
    gen_helper_t_ptr(g(4), tcg_env());
    run();
    assert_int_equal(calls, 1);
    assert_int_equal(env.g[0], 0x123456789abcdef0);
    assert_int_equal(env.g[1], 21);
    assert_int_equal(env.g[2], 7057);
    assert_int_equal(env.g[3], 7 + 70 + 700 + 3000 - 10000);
    assert_int_equal(env.g[4], (uint64_t)(uintptr_t)&env.g[3]);
    assert_int_equal(env.g[5], 0x500000000);
}

static void test_floats(void **state)
{
    (void)state;
    TCGv_f32 s = tcg_temp_new_f32();
    TCGv_f64 d = tcg_temp_new_f64();
    env.out[0].s[0] = 1.5f;
    env.out[0].d[1] = 2.25;
    tcg_gen_ld_f32(s, tcg_env(), offsetof(TestEnv, out[0].s[0]));
    tcg_gen_ld_f64(d, tcg_env(), offsetof(TestEnv, out[0].d[1]));
    gen_helper_t_f32(s, s, tcg_constant_i32(2));
    gen_helper_t_f64(d, d, s, g(7));
    gen_helper_t_i64_f64(g(0), d);
    tcg_gen_st_f32(s, tcg_env(), offsetof(TestEnv, out[1].s[0]));
    tcg_gen_st_f64(d, tcg_env(), offsetof(TestEnv, out[1].d[1]));
    run();
    assert_true(env.out[1].s[0] == 3.5f);
    assert_true(env.out[1].d[1] == 2.25 * 3.5 + 7);
    assert_int_equal(env.g[0], 14);
}

// The result's register is also an argument: the helper must not see it change.
static void test_by_pointer(void **state)
{
    (void)state;
    for (unsigned in_place = 0; in_place < 2; in_place++) {
        setup(NULL);
        TCGv_i128 o = tcg_temp_new_i128(), o2 = in_place ? o : tcg_temp_new_i128();
        TCGv_i128 o3 = in_place ? o : tcg_temp_new_i128();
        TCGv_vec h = tcg_temp_new_v64(), h2 = in_place ? h : tcg_temp_new_v64();
        TCGv_vec y = tcg_temp_new_v256(), y2 = in_place ? y : tcg_temp_new_v256();
        tcg_gen_concat_i64_i128(o, tcg_constant_i64(-1), g(7));
        gen_helper_t_i128(o2, o, g(7));
        gen_helper_t_i128_f(o3, o2, (TCGv_f64)tcg_const_type(TCG_TYPE_F64, 0x4010000000000000));
        tcg_gen_extrl_i128_i64(g(0), o3);
        tcg_gen_extrh_i128_i64(g(1), o3);
        tcg_gen_bitcast_i64_v64(h, g(7));
        gen_helper_t_v64(h2, h, h);
        tcg_gen_bitcast_v64_i64(g(2), h2);
        tcg_gen_concat_v128_v256(y, v(0), v(1));
        gen_helper_t_v256(y2, y);
        tcg_gen_st_vec(y2, tcg_env(), offsetof(TestEnv, out[0]));
        gen_helper_t_i64_v(g(3), v(1), g(7));
        gen_helper_t_v128(v(in_place ? 0 : 3), v(0), v(1));
        gen_helper_t_v128_f(v(1), v(1), v(2), (TCGv_f32)tcg_const_type(TCG_TYPE_F32, 0x40400000));
        gen_helper_t_v_5(v(2), tcg_env(), v(2), v(2), g(7), tcg_constant_i32(-1));
        env.g[2] = 99;
        run();
        assert_int_equal(env.g[0], 10); // (8 << 64) - 1 + 7 + 4
        assert_int_equal(env.g[1], 8);
        assert_int_equal(env.g[2], 0);
        static const uint64_t reversed[] = {201, 101, 200, 100};
        assert_memory_equal(&env.out[0], reversed, 32);
        assert_int_equal(env.g[3], 101 + 201 + 7);
        assert_int_equal(env.v[in_place ? 0 : 3].sq[0], -1);
        assert_int_equal(env.v[in_place ? 0 : 3].sq[1], -1);
        assert_int_equal(env.v[1].q[0], 201 * 3);
        assert_int_equal(env.v[1].q[1], 102);
        assert_int_equal(env.v[2].q[0], 102 + 202 + 7);
        assert_int_equal(env.v[2].q[1], 202 + 0xffffffffull + 7);
    }
}

// A result that nobody wants is dropped, and lands nowhere.
static void test_unused_result(void **state)
{
    (void)state;
    TCGTemp *a2[] = {(TCGTemp *)v(0), (TCGTemp *)v(1)};
    TCGTemp *d[] = {tcg_const_type(TCG_TYPE_F64, 0)};
    tcg_gen_callN((void *)helper_t_i64_0, NULL, 0, NULL);
    tcg_gen_callN((void *)helper_t_v128, NULL, 2, a2);
    tcg_gen_callN((void *)helper_t_i64_f64, NULL, 1, d);
    TestEnv before = env;
    tcg_gen_exit_tb(0);
    assert_true(tcg_assign_frame(tcg_ctx)); // not tcg_liveness, which would remove the calls
    block.size = tcg_interp_encode(tcg_ctx, &block.code, block.bytecode, sizeof(block.bytecode));
    assert_int_not_equal(block.size, 0);
    block.code.bytecode = block.bytecode;
    tcg_interp_exec(&env, &block.code);
    assert_memory_equal(&env, &before, offsetof(TestEnv, frame));
}

static void test_no_return(void **state)
{
    (void)state;
    gen_helper_t_exit(tcg_env());
    tcg_gen_movi_i64(g(6), 1);
    tcg_gen_exit_tb(0);
    test_block_finish(&block);
    if (sigsetjmp(out_of_block, 0) == 0) {
        test_block_run(&block);
        fail_msg("the helper came back");
    }
    assert_int_equal(env.g[6], 66);
}

// A helper may touch guest memory, so the pc is stored before it is called; a pure one may not.
static void test_precise_call(void **state)
{
    (void)state;
    tcg_ctx->precise = true;
    tcg_gen_insn_start(0x401000, 0);
    gen_helper_t_env(tcg_env(), g(7));
    tcg_gen_insn_start(0x401005, 0);
    gen_helper_t_i64_0(g(0));
    run();
    assert_int_equal(env.insn_pc, 0x401000);
}

// --- the table ---------------------------------------------------------------------------------------

// Exported, so that its name can be found.
uint64_t test_helper_without_a_row(uint64_t a);
uint64_t test_helper_without_a_row(uint64_t a) { return a; }

static void refused(const char *words)
{
    assert_non_null(tcg_ctx->error);
    if (!strstr(tcg_ctx->error, words)) {
        fail_msg("the error is: %s", tcg_ctx->error);
    }
    assert_ptr_equal(tcg_ctx->ops.next, &tcg_ctx->ops); // nothing was emitted
}

static void test_refusals(void **state)
{
    (void)state;
    TCGTemp *args[] = {(TCGTemp *)g(0), (TCGTemp *)g(1)};
    tcg_gen_callN((void *)test_helper_without_a_row, args[0], 1, args);
    refused("test_helper_without_a_row");

    test_context_start(); // a new block has no error
    assert_null(tcg_ctx->error);
    tcg_gen_callN((void *)helper_t_i32_1, NULL, 2, args);
    refused("t_i32_1 takes 1 arguments, not 2");

    test_context_start();
    tcg_gen_callN((void *)helper_t_i32_1, NULL, 1, args);
    refused("argument 1 of helper t_i32_1 is i32, not i64");

    test_context_start();
    tcg_gen_callN((void *)helper_t_void0, args[0], 0, NULL);
    refused("t_void0 gives nothing, not i64");

    test_context_start();
    tcg_gen_callN((void *)((char *)helper_t_void0 + 1), NULL, 0, NULL);
    refused("the function at 0x");
}

static void test_table(void **state)
{
    (void)state;
    const TCGHelperInfo *info = tcg_find_helper((void *)helper_t_i64_3);
    assert_non_null(info);
    assert_string_equal(info->name, "t_i64_3");
    assert_int_equal(info->flags, TCG_CALL_PURE);
    assert_int_equal(info->ret, TCG_TYPE_I64);
    assert_int_equal(info->nargs, 3);
    assert_int_equal(info->args[1], TCG_TYPE_I32);
    assert_non_null(info->cif);
    assert_ptr_equal(tcg_find_helper_by_name("t_i64_3"), info);
    assert_null(tcg_find_helper_by_name("t_nothing"));
    assert_null(tcg_find_helper((void *)test_table));
}

static void test_bitcode(void **state)
{
    (void)state;
    assert_true(myna_helpers_bc_size > 1000);
    assert_memory_equal(myna_helpers_bc, "BC\xc0\xde", 4); // LLVM's magic number
}

// --- how fast ----------------------------------------------------------------------------------------

#include <time.h>

static void bench(const char *what)
{
    TCGLabel *top = tcg_ctx->ops.next->opc == INDEX_op_set_label
                        ? (TCGLabel *)tcg_ctx->ops.next->args[0]
                        : NULL;
    tcg_gen_subi_i64(g(0), g(0), 1);
    tcg_gen_brcondi_i64(TCG_COND_NE, g(0), 0, top);
    tcg_gen_exit_tb(0);
    test_block_finish(&block);
    env.g[0] = 3000000;
    struct timespec a, b;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    test_block_run(&block);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    printf("%-40s %5.1f ns\n", what,
           ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / 3e6);
}

static int run_bench(void)
{
    setup(NULL);
    gen_set_label(gen_new_label());
    gen_helper_t_env(tcg_env(), g(7));
    bench("a call with integers");
    setup(NULL);
    gen_set_label(gen_new_label());
    gen_helper_t_v128(v(0), v(1), v(2));
    bench("a call with vectors");
    setup(NULL);
    gen_set_label(gen_new_label());
    gen_helper_t_i128_f((TCGv_i128)tcg_temp_new_i128(), (TCGv_i128)tcg_const_type(TCG_TYPE_I128, 1),
                        (TCGv_f64)tcg_const_type(TCG_TYPE_F64, 0));
    gen_helper_t_v128_f(v(0), v(1), v(2), (TCGv_f32)tcg_const_type(TCG_TYPE_F32, 0));
    bench("a call with a float, through libffi");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--bench") == 0) {
        return run_bench();
    }
#define T(f) cmocka_unit_test_setup(f, setup)
    const struct CMUnitTest tests[] = {
        T(test_integers),      T(test_floats),    T(test_by_pointer),
        T(test_unused_result), T(test_no_return), T(test_precise_call),
        T(test_refusals),      T(test_table),     T(test_bitcode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
