// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The interpreter's engine: control flow, chaining, precise state, faults.  Memory accesses are in
// test_interp_mem.c, what single ops compute in test_interp_ops.c.  `test_interp --bench` prints
// times instead.
//
// LINK: myna_tcg

#include "interp-blocks.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

// --- control flow ----------------------------------------------------------------------------------

static void test_loop(void **state)
{
    (void)state;
    TCGLabel *top = gen_new_label();
    tcg_gen_movi_i64(g(0), 0);
    gen_set_label(top);
    tcg_gen_add_i64(g(0), g(0), g(1));
    tcg_gen_subi_i64(g(1), g(1), 1);
    tcg_gen_brcondi_i64(TCG_COND_NE, g(1), 0, top);
    tcg_gen_exit_tb(8);
    test_block_finish(&one);
    env.g[1] = 100000;
    assert_int_equal(test_block_run(&one), 8);
    assert_int_equal(env.g[0], 100000ull * 100001 / 2);
}

// Each condition, both widths, operand or immediate or both constant, taken or not.
static void test_branches(void **state)
{
    (void)state;
    static const int64_t values[] = {0, 1, -1, 5, INT32_MIN, 0x100000000, INT64_MIN, INT64_MAX};
    for (TCGCond cond = TCG_COND_NEVER; cond < TCG_COND_COUNT; cond++) {
        for (unsigned i = 0; i < 8 * 8 * 8 * 4; i++) {
            int64_t a = values[i % 8], b = values[i / 8 % 8];
            bool wide = i / 64 & 1, const_a = i / 128 & 1, const_b = i / 256 & 1;
            uint64_t ua = (uint64_t)a, ub = (uint64_t)b;
            if (!wide) {
                a = (int32_t)a, b = (int32_t)b, ua = (uint32_t)a, ub = (uint32_t)b;
            }
            bool expected[TCG_COND_COUNT] = {0,
                                             1,
                                             a == b,
                                             a != b,
                                             a<b, a >= b, a <= b, a>
                                                 b,
                                             ua<ub, ua >= ub, ua <= ub, ua>
                                                 ub,
                                             (ua & ub) == 0,
                                             (ua & ub) != 0};
            setup(NULL);
            TCGLabel *l = gen_new_label();
            if (wide) {
                tcg_gen_mov_i64(g(2 + (i & 512 ? 1 : 0)), g(i & 512 ? 0 : 1)); // nothing in it,
                if (i & 1024) { // or one of the operands
                    tcg_gen_addi_i64(g(i & 512 ? 0 : 1), g(i & 512 ? 0 : 1), 0);
                }
                tcg_gen_brcond_i64(cond, const_a ? tcg_constant_i64(a) : g(0),
                                   const_b ? tcg_constant_i64(b) : g(1), l);
            } else {
                TCGv_i32 x = tcg_temp_new_i32(), y = tcg_temp_new_i32();
                tcg_gen_extrl_i64_i32(i & 512 ? x : y, g(i & 512 ? 0 : 1)); // the other is then in
                tcg_gen_extrl_i64_i32(i & 512 ? y : x, g(i & 512 ? 1 : 0)); // the accumulator
                tcg_gen_brcond_i32(cond, const_a ? tcg_constant_i32((int32_t)a) : x,
                                   const_b ? tcg_constant_i32((int32_t)b) : y, l);
            }
            tcg_gen_exit_tb(0x10);
            gen_set_label(l);
            tcg_gen_exit_tb(0x20);
            test_block_finish(&one);
            env.g[0] = (uint64_t)a;
            env.g[1] = (uint64_t)b;
            if (test_block_run(&one) != (expected[cond] ? 0x20 : 0x10)) {
                fail_msg("brcond %s cond %d: %lld, %lld%s%s", wide ? "i64" : "i32", cond,
                         (long long)a, (long long)b, const_a ? " a constant" : "",
                         const_b ? " b constant" : "");
            }
        }
    }
}

// A branch over more than 32767 words, beyond the short form's reach.
static void test_far_branch(void **state)
{
    (void)state;
    TCGLabel *l = gen_new_label();
    tcg_gen_brcondi_i64(TCG_COND_EQ, g(0), 7, l);
    for (unsigned i = 0; i < 20000; i++) {
        tcg_gen_addi_i64(g(1), g(1), 1);
    }
    gen_set_label(l);
    tcg_gen_exit_tb(4);
    test_block_finish(&one);
    env.g[0] = 7;
    assert_int_equal(test_block_run(&one), 4);
    assert_int_equal(env.g[1], 0);
    env.g[0] = 8;
    assert_int_equal(test_block_run(&one), 4);
    assert_int_equal(env.g[1], 20000);
}

static void test_does_not_fit(void **state)
{
    (void)state;
    uint64_t buf[64];
    memset(buf, 0x5a, sizeof(buf));
    for (unsigned i = 0; i < 100; i++) {
        tcg_gen_addi_i64(g(1), g(1), 1);
    }
    tcg_gen_exit_tb(0);
    tcg_liveness(tcg_ctx);
    assert_true(tcg_assign_frame(tcg_ctx));
    assert_int_equal(tcg_interp_encode(tcg_ctx, &one.code, buf, 32 * 8), 0);
    assert_null(tcg_ctx->error);
    assert_int_equal(buf[32], 0x5a5a5a5a5a5a5a5a); // nothing is written behind the end
}

// The test of exit_request that begins every block, as one instruction.
static void test_exit_request(void **state)
{
    (void)state;
    TCGv_i32 t = tcg_temp_new_i32();
    TCGLabel *l = gen_new_label();
    tcg_gen_ld_i32(t, tcg_env(), offsetof(TestEnv, exit_request));
    tcg_gen_brcondi_i32(TCG_COND_NE, t, 0, l);
    tcg_gen_addi_i64(g(0), g(0), 1);
    tcg_gen_goto_tb(0);
    tcg_gen_exit_tb(0x100);
    gen_set_label(l);
    tcg_gen_exit_tb(0x100 | TB_EXIT_REQUESTED);
    test_block_finish(&one);
#ifndef TEST_QUICK // which has no bytecode to look at
    assert_int_equal(count_insns(&one, "brnz_env32"), 1);
#endif
    assert_int_equal(test_block_run(&one), 0x100);
    assert_int_equal(env.g[0], 1);
    env.exit_request = 1;
    assert_int_equal(test_block_run(&one), 0x103);
    assert_int_equal(env.g[0], 1);
}

// --- chaining --------------------------------------------------------------------------------------

static unsigned native_calls;
static uintptr_t native_entry(void *e, const TCGCode *code)
{
    native_calls++;
    ((TestEnv *)e)->g[2] = (uint64_t)(uintptr_t)code;
    return 0x777;
}

static void count_down_block(TestBlock *b)
{
    test_context_start();
    TCGLabel *l = gen_new_label();
    tcg_gen_brcondi_i64(TCG_COND_EQ, g(0), 0, l);
    tcg_gen_subi_i64(g(0), g(0), 1);
    tcg_gen_goto_tb(1);
    tcg_gen_exit_tb(0x40 | TB_EXIT_IDX1);
    gen_set_label(l);
    tcg_gen_goto_tb(0);
    tcg_gen_exit_tb(0x40);
    test_block_finish(b);
}

static void test_chain(void **state)
{
    (void)state;
    count_down_block(&one);
    count_down_block(&two);
    env.g[0] = 5;
    assert_int_equal(test_block_run(&one), 0x41); // not linked
    assert_int_equal(env.g[0], 4);
    // A million jumps back and forth, on a bounded stack.
    atomic_store(&one.code.jmp[1], &two.code);
    atomic_store(&two.code.jmp[1], &one.code);
    env.g[0] = 1000000;
    assert_int_equal(test_block_run(&one), 0x40);
    assert_int_equal(env.g[0], 0);
    // Out to a block of another engine.
    TCGCode native = {.entry = native_entry};
    atomic_store(&one.code.jmp[0], &native);
    native_calls = 0;
    assert_int_equal(test_block_run(&one), 0x777);
    assert_int_equal(native_calls, 1);
    assert_int_equal(env.g[2], (uint64_t)(uintptr_t)&native);
}

static void test_goto_ptr(void **state)
{
    (void)state;
    tcg_gen_goto_ptr(g(3));
    test_block_finish(&one);
    test_context_start();
    tcg_gen_movi_i64(g(4), 99);
    tcg_gen_exit_tb(0x50);
    test_block_finish(&two);
    env.g[3] = (uint64_t)(uintptr_t)&two.code;
    assert_int_equal(test_block_run(&one), 0x50);
    assert_int_equal(env.g[4], 99);
    TCGCode native = {.entry = native_entry};
    env.g[3] = (uint64_t)(uintptr_t)&native;
    assert_int_equal(test_block_run(&one), 0x777);
}

static unsigned hot_calls;
static const TCGCode *hot_code;
static void on_hot(void *e, const TCGCode *code)
{
    assert_ptr_equal(e, &env);
    hot_calls++;
    hot_code = code;
}

static void test_hot(void **state)
{
    (void)state;
    count_down_block(&one);
    atomic_store(&one.code.jmp[1], &one.code);
    static uint32_t own;
    if (!one.code.counter) { // the quick tier's lies near its code
        one.code.counter = &own;
    }
    *one.code.counter = 10;
    one.code.hot = on_hot;
    hot_calls = 0;
    env.g[0] = 8; // entered 9 times
    test_block_run(&one);
    assert_int_equal(*one.code.counter, 1);
    assert_int_equal(hot_calls, 0);
    env.g[0] = 100;
    test_block_run(&one);
    assert_int_equal(hot_calls, 1); // once, however often it runs
    assert_ptr_equal(hot_code, &one.code);
}

// --- precise state ---------------------------------------------------------------------------------

static sigjmp_buf fault_jmp;
static bool fault_was_guest;
static void on_segv(int sig, siginfo_t *info, void *uc)
{
    (void)sig, (void)info;
#ifdef __x86_64__
    fault_was_guest = tcg_interp_is_guest_access(
        (uintptr_t)((ucontext_t *)uc)->uc_mcontext.gregs[REG_RIP]);
#else
    fault_was_guest = tcg_interp_is_guest_access((uintptr_t)((ucontext_t *)uc)->uc_mcontext.pc);
#endif
#ifdef TEST_QUICK
    quick_recover(uc, &env, &env.insn_pc);
#endif
    siglongjmp(fault_jmp, 1);
}

static bool faults(TestBlock *b)
{
    struct sigaction sa = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO}, old;
    sigaction(SIGSEGV, &sa, &old);
    fault_was_guest = false;
    volatile bool faulted = true;
    if (sigsetjmp(fault_jmp, 1) == 0) {
        test_block_run(b);
        faulted = false;
    }
    sigaction(SIGSEGV, &old, NULL);
    return faulted;
}

// A fault in the second of three instructions: registers are as of its start, the pc is its own.
static void test_precise_fault(void **state)
{
    (void)state;
    void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(page, MAP_FAILED);
    for (unsigned kind = 0; kind < 5; kind++) {
        setup(NULL);
        tcg_ctx->precise = true;
        tcg_gen_insn_start(0x123456401000, 0);
        tcg_gen_qemu_ld_i64(g(1), k64(at(0)), MO_8);
        tcg_gen_movi_i64(g(2), 11);
        tcg_gen_insn_start(0x123456401003, 0);
        switch (kind) {
        case 0: tcg_gen_qemu_ld_i64(g(3), g(0), MO_64); break;
        case 1: tcg_gen_qemu_st_i64(k64(1), g(0), MO_64); break;
        case 2: tcg_gen_atomic_fetch_or_i64(g(3), g(0), g(2), MO_32); break;
        case 3: tcg_gen_qemu_ld_vec(tcg_global_vec(V0), g(0), MO_128); break;
        default: {
            TCGv_i64 a = tcg_temp_new_i64();
            tcg_gen_addi_i64(a, g(0), 64);
            tcg_gen_qemu_st_i64(g(3), a, MO_16);
        }
        }
        tcg_gen_insn_start(0x123456401009, 0);
        tcg_gen_movi_i64(g(2), 22);
        tcg_gen_exit_tb(0);
        test_block_finish(&one);
        env.g[0] = (uint64_t)(uintptr_t)page;
        if (!faults(&one)) {
            fail_msg("kind %u: no fault", kind);
        }
#ifndef TEST_QUICK
        assert_true(fault_was_guest);
#endif
        assert_int_equal(env.g[1], 1); // memory[0]
        assert_int_equal(env.g[2], 11);
        assert_int_equal(env.g[3], 0);
        assert_int_equal(env.insn_pc, 0x123456401003);
    }
    munmap(page, 4096);
    assert_false(tcg_interp_is_guest_access((uintptr_t)test_precise_fault));
}

// An access that a jump inside the instruction goes around must not take the store of the pc with it.
static void test_precise_after_branch(void **state)
{
    (void)state;
    tcg_ctx->precise = true;
    TCGLabel *l = gen_new_label();
    tcg_gen_insn_start(0x401000, 0);
    tcg_gen_brcondi_i64(TCG_COND_EQ, g(0), 0, l);
    tcg_gen_qemu_ld_i64(g(1), k64(at(0)), MO_8);
    gen_set_label(l);
    tcg_gen_qemu_ld_i64(g(1), g(2), MO_8);
    tcg_gen_exit_tb(0);
    test_block_finish(&one);
    env.g[2] = 8;
    assert_true(faults(&one));
    assert_int_equal(env.insn_pc, 0x401000);
}

// --- how fast --------------------------------------------------------------------------------------

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); // others may be using the machine
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void bench(const char *what, unsigned ops)
{
    double best = 1e30;
    tcg_gen_exit_tb(0);
    test_block_finish(&one);
    for (unsigned i = 0; i < 3; i++) {
        env.g[0] = 10000000;
        env.g[1] = at(0);
        env.g[3] = 1;
        double t = now_ns();
        test_block_run(&one);
        t = now_ns() - t;
        best = t < best ? t : best;
    }
#ifdef TEST_QUICK
    unsigned insns = ops;
#else
    unsigned insns = count_insns(&one, "") - 1;
#endif
    printf("%-44s %5.2f ns an iteration, %4.2f an op, %4.2f an instruction\n", what, best / 1e7,
           best / 1e7 / ops, best / 1e7 / insns);
}

static TCGLabel *bench_start(void)
{
    setup(NULL);
    TCGLabel *top = gen_new_label();
    gen_set_label(top);
    return top;
}
static void bench_end(TCGLabel *top)
{
    tcg_gen_subi_i64(g(0), g(0), 1);
    tcg_gen_brcondi_i64(TCG_COND_NE, g(0), 0, top);
}

static int run_bench(void)
{
    TCGLabel *top = bench_start();
    bench_end(top);
    bench("count down", 2);

    top = bench_start();
    tcg_gen_add_i64(g(2), g(2), g(0));
    tcg_gen_xor_i64(g(3), g(3), g(2));
    tcg_gen_shli_i64(g(4), g(3), 3);
    tcg_gen_sub_i64(g(5), g(4), g(2));
    tcg_gen_andi_i64(g(6), g(5), 0xffff);
    tcg_gen_or_i64(g(4), g(6), g(0));
    bench_end(top);
    bench("six integer ops", 8);

    top = bench_start();
    TCGv_i64 t = tcg_temp_new_i64(), a = tcg_temp_new_i64();
    tcg_gen_andi_i64(t, g(0), 0xff);
    tcg_gen_shli_i64(a, t, 3);
    tcg_gen_add_i64(a, g(1), a);
    tcg_gen_addi_i64(a, a, 16);
    tcg_gen_qemu_ld_i64(g(4), a, MO_64);
    tcg_gen_add_i64(g(2), g(2), g(4));
    tcg_gen_addi_i64(a, g(1), 8);
    tcg_gen_qemu_st_i64(g(2), a, MO_64);
    bench_end(top);
    bench("a load [base+index*8+disp], a store", 10);

    top = bench_start();
    TCGv_f64 x = tcg_temp_new_f64(), y = tcg_temp_new_f64();
    tcg_gen_extract_vec_f64(x, tcg_global_vec(V0), 0);
    tcg_gen_extract_vec_f64(y, tcg_global_vec(V0 + 1), 0);
    tcg_gen_fadd_f64(x, x, y);
    tcg_gen_insert_vec_f64(tcg_global_vec(V0 + 2), tcg_global_vec(V0 + 2), x, 0);
    tcg_gen_fmul_vec(MO_32, tcg_global_vec(V0 + 3), tcg_global_vec(V0), tcg_global_vec(V0 + 1));
    bench_end(top);
    bench("a scalar FP addition, a packed multiplication", 7);

    // A block that chains to itself, with the test of exit_request.
    setup(NULL);
    TCGv_i32 request = tcg_temp_new_i32();
    TCGLabel *out = gen_new_label(), *done = gen_new_label();
    tcg_gen_ld_i32(request, tcg_env(), offsetof(TestEnv, exit_request));
    tcg_gen_brcondi_i32(TCG_COND_NE, request, 0, out);
    tcg_gen_subi_i64(g(0), g(0), 1);
    tcg_gen_brcondi_i64(TCG_COND_EQ, g(0), 0, done);
    tcg_gen_goto_tb(0);
    gen_set_label(done);
    tcg_gen_exit_tb(1);
    gen_set_label(out);
    atomic_store(&one.code.jmp[0], &one.code);
    bench("a block of two ops chained to itself", 5);
    return 0;
}

static void test_count(void **state)
{
    (void)state;
    static uint64_t words[2];
    test_context_start();
    tcg_gen_count(offsetof(TestEnv, g[3]), 0, 5);
    tcg_gen_count(offsetof(TestEnv, g[3]), -8, -1000);
    tcg_gen_count(offsetof(TestEnv, g[3]), 0, INT32_MAX);
    tcg_gen_exit_tb(0x77);
    test_block_finish(&one);
    env.g[3] = (uint64_t)(uintptr_t)&words[1];
    words[0] = 7;
    words[1] = UINT64_MAX;
    assert_int_equal(test_block_run(&one), 0x77);
    assert_true(words[0] == 7 - 1000ull);
    assert_true(words[1] == (uint64_t)INT32_MAX + 4);
}

// A function that code names by its address, called with a row of its own: each order of arguments, values that are
// wanted behind it.
static uint64_t called_with[4];
static void callee(uint64_t a, uint32_t b, uint64_t c, uint64_t d)
{
    memcpy(called_with, (uint64_t[]){a, b, c, d}, sizeof(called_with));
    __asm__ volatile("" ::: "rsi", "r8", "r9", "r10", "r11", "rdx");
}
static TCGHelperInfo callee_row = {
    .func = (void *)(uintptr_t)callee,
    .name = "callee",
    .flags = TCG_CALL_NO_RG | TCG_CALL_ADDRESS,
    .ret = TCG_TYPE_VOID,
    .nargs = 4,
    .args = {TCG_TYPE_I64, TCG_TYPE_I32, TCG_TYPE_I64, TCG_TYPE_I64}};

static void test_call_by_address(void **state)
{
    (void)state;
    tcg_prepare_row(&callee_row);
    for (unsigned order = 0; order < 256; order++) {
        for (unsigned keep = 0; keep < 3; keep++) { // none, some, all of the values live on
            test_context_start();
            TCGv_i64 v[4];
            for (unsigned i = 0; i < 4; i++) {
                v[i] = tcg_temp_new_i64();
                tcg_gen_addi_i64(v[i], g(i), (int64_t)i * 0x1111);
            }
            TCGv_i32 low = tcg_temp_new_i32();
            tcg_gen_extrl_i64_i32(low, v[order >> 2 & 3]);
            tcg_gen_addi_i64(g(4), g(0), 99); // a register that is newer than env
            TCGTemp *args[] = {
                (TCGTemp *)v[order & 3], (TCGTemp *)low, (TCGTemp *)v[order >> 4 & 3],
                order == 77 ? (TCGTemp *)tcg_constant_i64(-5) : (TCGTemp *)v[order >> 6 & 3]};
            tcg_gen_call_row(&callee_row, NULL, 4, args);
            for (unsigned i = 0; i < keep * 2; i++) {
                tcg_gen_mov_i64(g(i), v[i]);
            }
            tcg_gen_exit_tb(0x99);
            test_block_finish(&one);
            uint64_t before[4];
            for (unsigned i = 0; i < 4; i++) {
                env.g[i] = before[i] = 0x123456789abcdefull * (i + 3);
            }
            assert_int_equal(test_block_run(&one), 0x99);
            const unsigned pick[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3};
            for (unsigned i = 0; i < 4; i++) {
                uint64_t want = before[pick[i]] + pick[i] * 0x1111;
                want = i == 1 ? (uint32_t)want : i == 3 && order == 77 ? (uint64_t)-5 : want;
                assert_true(called_with[i] == want);
                assert_true(env.g[i] == before[i] + (i < keep * 2 ? i * 0x1111 : 0));
            }
            assert_true(env.g[4] == before[0] + 99);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--bench") == 0) {
        return run_bench();
    }
#define T(f) cmocka_unit_test_setup(f, setup)
    const struct CMUnitTest tests[] = {
        T(test_loop),          T(test_branches),
        T(test_far_branch),    T(test_does_not_fit),
        T(test_exit_request),  T(test_chain),
        T(test_goto_ptr),      T(test_hot),
        T(test_precise_fault), T(test_precise_after_branch),
        T(test_count),         T(test_call_by_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
