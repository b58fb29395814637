// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_tcg2llvm myna_tcg
// TIMEOUT: 120
//
// The LLVM tier against a host of the test's: requests, regions, postponing, failures, batches, fork.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lower-harness.h"
#include "lower-loop.h"
#include "tcg2llvm/tier.h"

static atomic_int held, failed, postponed;
static _Atomic(LLVMCode *) installed;
static bool refuse_translation, in_unit;
static unsigned tier_threads, n_cases;
// Threads in host_translate; with a gate they wait there until it is open.
static atomic_int inside, most_inside;
static atomic_bool gate_shut;
static LLVMCode *_Atomic all_installed[64];
static atomic_uint n_installed;
static TestBlock lone[7]; // blocks that lead nowhere by themselves
static pthread_mutex_t ctx_lock = PTHREAD_MUTEX_INITIALIZER; // emit_loop_block uses test_ctx

static TCGContext *host_context(void *opaque)
{
    (void)opaque;
    return test_context_new();
}

static void host_hold(void *opaque, const TCGCode *code)
{
    (void)opaque, (void)code;
    held++;
}

static void host_release(void *opaque, const TCGCode *code)
{
    (void)opaque, (void)code;
    held--;
}

static const TestBlock *block_of(const TCGCode *code) { return (const TestBlock *)code; }

static bool host_info(void *opaque, const TCGCode *code, LLVMBlockInfo *info)
{
    (void)opaque;
    *info = (LLVMBlockInfo){.pc = block_of(code)->pc,
                            .size = 0x10,
                            .num_insns = 1,
                            .executions = block_of(code)->executions ? block_of(code)->executions
                                                                     : 1000,
                            .in_unit = in_unit};
    return true;
}

static bool host_translate(void *opaque, TCGContext *ctx, const TCGCode *code)
{
    (void)opaque;
    if (refuse_translation) {
        return false;
    }
    int now = atomic_fetch_add(&inside, 1) + 1, most = most_inside;
    while (now > most && !atomic_compare_exchange_weak(&most_inside, &most, now)) {
    }
    for (unsigned i = 0; i < 3000 && gate_shut; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    inside--;
    pthread_mutex_lock(&ctx_lock);
    TCGContext *mine = test_ctx;
    test_ctx = ctx;
    bool is_lone = (size_t)(block_of(code) - lone) < G_N_ELEMENTS(lone) && block_of(code) >= lone;
    emit_loop_block(is_lone ? 2 : (unsigned)(block_of(code) - blocks));
    test_ctx = mine;
    pthread_mutex_unlock(&ctx_lock);
    return true;
}

static void host_successors(void *opaque, const TCGCode *code, const TCGCode *succ[2])
{
    for (unsigned i = 0; i < 2; i++) {
        succ[i] = code->jmp[i];
        if (succ[i]) {
            host_hold(opaque, succ[i]);
        }
    }
}

// A jump table's cases.
static unsigned host_targets(void *opaque, const TCGCode *code, LLVMTarget *out, unsigned max)
{
    unsigned n = code == &lone[0].code ? n_cases : 0;
    assert_in_range(n, 0, max);
    for (unsigned i = 0; i < n; i++) {
        out[i] = (LLVMTarget){.code = &lone[1 + i].code, .pc = lone[1 + i].pc, .share = 65536 / 16};
        host_hold(opaque, out[i].code);
    }
    return n;
}

static const TCGCode *host_find(void *opaque, const TCGCode *like, uint64_t pc)
{
    (void)opaque, (void)like, (void)pc;
    return NULL;
}

static void host_install(void *opaque, LLVMCode *unit)
{
    (void)opaque;
    all_installed[n_installed++ % 64] = unit;
    installed = unit;
}

static void host_postpone(void *opaque, const TCGCode *code)
{
    (void)opaque, (void)code;
    postponed++;
}

static void host_failed(void *opaque, const TCGCode *code, const GError *error)
{
    (void)opaque, (void)code;
    assert_non_null(error);
    failed++;
}

static LLVMTier *new_tier(void)
{
    static uint32_t counters[G_N_ELEMENTS(blocks)];
    for (unsigned i = 0; i < G_N_ELEMENTS(blocks); i++) {
        blocks[i].code.counter = &counters[i];
    }
    const LLVMTierHost host = {
        .pc_global = G_PC,
        .pinned = &test_pinned,
        .context_new = host_context,
        .hold = host_hold,
        .release = host_release,
        .block_info = host_info,
        .translate = host_translate,
        .successors = host_successors,
        .find = host_find,
        .targets = host_targets,
        .install = host_install,
        .postpone = host_postpone,
        .failed = host_failed,
    };
    const LLVMTierOptions options = {
        .code_size = 32 << 20, .threads = tier_threads, .verify_ir = true};
    GError *error = NULL;
    LLVMTier *tier = llvm_tier_new(&host, &options, &error);
    if (!tier) {
        fail_msg("%s", error->message);
    }
    return tier;
}

static LLVMCode *await_unit(void)
{
    LLVMCode *unit = NULL;
    for (unsigned i = 0; i < 3000 && !unit; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        unit = atomic_exchange(&installed, NULL);
    }
    assert_non_null(unit);
    return unit;
}

static void check_loop(TCGEntry *entry)
{
    test_env.r[7] = 500;
    TestRun want, got;
    test_run_code(tcg_interp_exec, &blocks[0].code, 0, &want);
    test_run_code(entry, &blocks[0].code, 0, &got);
    assert_memory_equal(want.state, got.state, sizeof(want.state));
    assert_memory_equal(want.memory, got.memory, sizeof(want.memory));
    assert_true(want.result == got.result);
}

static void test_request_installs_a_region(void **state)
{
    (void)state;
    encode_blocks();
    LLVMTier *tier = new_tier();
    llvm_tier_request(tier, &blocks[0].code);
    LLVMCode *unit = await_unit();
    assert_int_equal(unit->n_entries, 1);
    assert_int_equal(unit->n_members, 3);
    assert_ptr_equal(unit->entries[0].code, &blocks[0].code);
    assert_true(llvm_tier_owns(tier, unit->entries[0].pinned));
    check_loop(test_unit_entry(&unit->entries[0]));
    llvm_tier_drain(tier);
    assert_int_equal(held, 0);
    assert_int_equal(llvm_tier_stats(tier).units, 1);
    llvm_code_free(unit);
    llvm_tier_free(tier);
}

// What follows a case of a jump table is compared with the case: each is a small share of the jump's executions.
static void test_region_holds_what_follows_a_case(void **state)
{
    (void)state;
    static const uint32_t executions[] = {16000, 1000, 1000, 1000, 1000, 900, 90};
    for (unsigned i = 0; i < G_N_ELEMENTS(lone); i++) {
        lone[i].pc = 0x9000 + 0x100 * i;
        lone[i].executions = executions[i];
    }
    lone[1].code.jmp[0] = &lone[5].code;
    lone[2].code.jmp[0] = &lone[6].code;
    n_cases = 4;
    LLVMTier *tier = new_tier();
    llvm_tier_request(tier, &lone[0].code);
    LLVMCode *unit = await_unit();
    bool has[G_N_ELEMENTS(lone)] = {false};
    for (unsigned i = 0; i < unit->n_members; i++) {
        has[block_of(unit->members[i]) - lone] = true;
    }
    assert_true(has[5]);
    assert_false(has[6]);
    assert_int_equal(unit->n_members, 6);
    llvm_tier_drain(tier);
    llvm_code_free(unit);
    llvm_tier_free(tier);
    assert_int_equal(held, 0);
    lone[1].code.jmp[0] = lone[2].code.jmp[0] = NULL;
    n_cases = 0;
}

static void test_request_is_postponed_once(void **state)
{
    (void)state;
    LLVMTier *tier = new_tier();
    in_unit = true;
    llvm_tier_request(tier, &blocks[1].code);
    llvm_tier_drain(tier);
    while (!postponed) {
        llvm_tier_request(tier, &blocks[1].code); // the drain had forgotten it
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    llvm_tier_request(tier, &blocks[1].code);
    llvm_code_free(await_unit());
    in_unit = false;
    llvm_tier_free(tier);
    assert_int_equal(held, 0);
}

static void test_failure_is_told(void **state)
{
    (void)state;
    LLVMTier *tier = new_tier();
    refuse_translation = true;
    llvm_tier_request(tier, &blocks[0].code);
    for (unsigned i = 0; i < 3000 && !failed; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    refuse_translation = false;
    assert_int_equal(failed, 1);
    assert_null(installed);
    llvm_tier_free(tier);
    assert_int_equal(held, 0);
}

static void test_batch(void **state)
{
    (void)state;
    LLVMTier *tier = new_tier();
    GError *error = NULL;
    const LLVMSyncBlock batch[] = {
        {&blocks[0].code, NULL}, {&blocks[1].code, NULL}, {&blocks[2].code, NULL}};
    for (int level = LLVM_COLD; level <= LLVM_HOT; level++) {
        LLVMCode *unit = llvm_tier_compile_sync(tier, (LLVMLevel)level, batch, 3, &error);
        assert_non_null(unit);
        assert_int_equal(unit->n_entries, 3);
        test_env.r[7] = 20;
        TestRun want, got;
        test_run_code(tcg_interp_exec, &blocks[0].code, 0, &want);
        for (unsigned i = 0; i < 3; i++) {
            blocks[i].code.entry = test_unit_entry(&unit->entries[i]);
        }
        test_run_code(test_unit_entry(&unit->entries[0]), &blocks[0].code, 0, &got);
        for (unsigned i = 0; i < 3; i++) {
            blocks[i].code.entry = tcg_interp_exec;
            blocks[i].code.pinned = test_pinned.leave;
        }
        assert_memory_equal(want.state, got.state, sizeof(want.state));
        llvm_code_free(unit);
    }
    refuse_translation = true;
    assert_null(llvm_tier_compile_sync(tier, LLVM_COLD, batch, 3, &error));
    assert_non_null(error);
    g_clear_error(&error);
    refuse_translation = false;
    llvm_tier_free(tier);
}

static void on_count(void *env, const TCGCode *code)
{
    (void)code;
    ((TestEnv *)env)->r[5]++;
}

// A cold block counts down, calls hot when it gets to 0, and does what it has to all the same.
static void test_cold_counts(void **state)
{
    (void)state;
    LLVMTier *tier = new_tier();
    const LLVMSyncBlock batch[] = {{&blocks[2].code, NULL}};
    LLVMCode *unit = llvm_tier_compile_sync(tier, LLVM_COLD, batch, 1, NULL);
    *blocks[2].code.counter = 3;
    blocks[2].code.hot = on_count;
    test_env.r[5] = 0;
    for (unsigned i = 1; i <= 5; i++) {
        test_env.r[1] = i;
        assert_int_equal(test_enter_unit(&test_env, unit), 0);
        assert_int_equal(test_env.r[2], i ^ 1);
        assert_int_equal(test_env.r[5], i >= 3);
    }
    blocks[2].code.hot = NULL;
    llvm_code_free(unit);
    llvm_tier_free(tier);
}

static void test_fork(void **state)
{
    (void)state;
    LLVMTier *tier = new_tier();
    llvm_tier_request(tier, &blocks[0].code);
    llvm_code_free(await_unit());
    for (unsigned round = 0; round < 3; round++) {
        llvm_tier_request(tier, &blocks[0].code); // in work while we fork
        llvm_tier_fork_prepare(tier);
        pid_t pid = fork();
        llvm_tier_fork_done(tier, pid == 0);
        if (pid == 0) {
            alarm(60);
            installed = NULL;
            llvm_tier_request(tier, &blocks[0].code);
            for (LLVMCode *unit = NULL; !unit;) {
                nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
                unit = installed;
            }
            _exit(installed->n_members == 3 ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        llvm_code_free(await_unit());
    }
    llvm_tier_free(tier);
}

static void await_inside(LLVMTier *tier, TestBlock *from, unsigned n)
{
    for (unsigned i = 0; i < 1000 && inside < (int)n; i++) {
        for (unsigned b = 0; b < n; b++) {
            llvm_tier_request(tier, &from[b].code);
        }
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
}

static void free_installed(void)
{
    for (unsigned i = 0; i < n_installed; i++) {
        llvm_code_free(all_installed[i]);
    }
    n_installed = 0;
    installed = NULL;
}

// As many at the same time as there may be, and no more.
static void test_threads(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        lone[i].pc = 0x9000 + 0x100 * i;
    }
    for (unsigned threads = 1; threads <= 3; threads++) {
        n_installed = 0;
        tier_threads = threads;
        most_inside = 0;
        gate_shut = true;
        LLVMTier *tier = new_tier();
        await_inside(tier, lone, threads);
        for (unsigned i = 0; i < 20; i++) {
            llvm_tier_request(tier, &lone[3].code);
            nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        }
        assert_int_equal(most_inside, threads);
        gate_shut = false;
        llvm_tier_drain(tier);
        assert_true(n_installed >= threads);
        assert_int_equal(llvm_tier_stats(tier).units, n_installed);
        free_installed();
        llvm_tier_free(tier);
        assert_int_equal(held, 0);
    }
    tier_threads = 0;
}

// The blocks of a region that one thread is at wait.
static void test_one_thread_a_region(void **state)
{
    (void)state;
    tier_threads = 2;
    n_installed = 0;
    most_inside = 0;
    gate_shut = true;
    LLVMTier *tier = new_tier();
    await_inside(tier, blocks, 1);
    for (unsigned i = 0; i < 20; i++) {
        llvm_tier_request(tier, &blocks[1].code);
        llvm_tier_request(tier, &blocks[2].code);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    assert_int_equal(most_inside, 1);
    llvm_tier_request(tier, &lone[0].code); // and others do not
    for (unsigned i = 0; i < 1000 && most_inside < 2; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_int_equal(most_inside, 2);
    gate_shut = false;
    for (unsigned i = 0; i < 3000 && n_installed < 3; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_true(n_installed >= 3); // the region, the block apart, and what waited
    llvm_tier_drain(tier);
    free_installed();
    llvm_tier_free(tier);
    assert_int_equal(held, 0);
    tier_threads = 0;
}

// Threads at work while the process forks: the child has none and starts its own.
static void test_fork_with_threads(void **state)
{
    tier_threads = 3;
    test_fork(state);
    tier_threads = 0;
    n_installed = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_installs_a_region),
        cmocka_unit_test(test_region_holds_what_follows_a_case),
        cmocka_unit_test(test_request_is_postponed_once),
        cmocka_unit_test(test_failure_is_told),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_cold_counts),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_one_thread_a_region),
        cmocka_unit_test(test_fork_with_threads),
    };
    return cmocka_run_group_tests_name("tier", tests, test_setup, test_teardown);
}
