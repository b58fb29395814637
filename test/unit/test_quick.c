// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks in the quick tier: branches, exits, chaining and precise state (the cases of test_interp.c), the
// look into the jump cache, and which forms have stencils.
//
//   test_quick --bench   the loops of test_interp --bench
//
// LINK: myna_tcg

#include <setjmp.h>
#include <signal.h>

#define TEST_QUICK 1
#define main interp_main
#include "test_interp.c"
#undef main

// --- stencils ----------------------------------------------------------------------------------------

typedef struct Forms {
    unsigned all, called;
} Forms;

// Control flow cannot be called; all else that is called must be rare.
static void count_form(void *opaque, const char *name, unsigned size)
{
    static const char *const own[] = {"br",  "goto_", "exit_tb", "quick_",
                                      "mov", "add_",  "ld_",     "st_"};
    Forms *f = opaque;
    f->all++;
    f->called += size == 0;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]) && size == 0; i++) {
        if (!strncmp(name, own[i], strlen(own[i])) && strcmp(name, "br")) {
            fail_msg("%s has no stencil", name);
        }
    }
}

static void test_forms(void **state)
{
    (void)state;
    Forms f = {0};
    quick_memory(0);
    tcg_quick_foreach_form(count_form, &f);
    assert_true(f.all > 1500);
    if (f.called * 8 > f.all) {
        fail_msg("%u of %u forms have no stencil", f.called, f.all);
    }
}

// --- the jump cache ----------------------------------------------------------------------------------

static unsigned lookups;
static TestBlock target;
static void *lookup(TestEnv *e)
{
    assert_ptr_equal(e, &env);
    lookups++;
    return &target.code;
}

static TCGHelperInfo lookup_row = {.func = (void *)lookup,
                                   .name = "lookup",
                                   .flags = TCG_CALL_NO_WRITE_GLOBALS,
                                   .ret = TCG_TYPE_PTR,
                                   .nargs = 1,
                                   .ptr_mask = 1 | 1 << 15,
                                   .args = {TCG_TYPE_PTR}};

static void test_probe(void **state)
{
    (void)state;
    static TBJumpCacheEntry cache[TB_JMP_CACHE_SIZE];
    const TCGQuickJump jump = {.lookup = (void *)lookup,
                               .pc_offset = offsetof(TestEnv, g[0]),
                               .cache_offset = offsetof(TestEnv, g[1]),
                               .mode = 0x1234500000007};
    tcg_register_helpers(&lookup_row, 1);
    tcg_gen_exit_tb(0x55);
    test_block_finish(&target);

    test_context_start();
    TCGv_ptr p = tcg_temp_new_ptr();
    TCGTemp *args[] = {(TCGTemp *)tcg_env()};
    tcg_gen_callN((void *)lookup, (TCGTemp *)p, 1, args);
    tcg_gen_goto_ptr(p);
    tcg_liveness(tcg_ctx);
    assert_true(tcg_assign_frame(tcg_ctx));
    TCGQuick *q = tcg_quick_new();
    size_t size = tcg_quick_prepare(q, tcg_ctx, &one.code, TCG_QUICK_UNCOUNTED, &jump);
    assert_true(size > 0);
    void *at = quick_memory(size);
    tcg_quick_emit(q, at);
    tcg_quick_free(q);
    atomic_store(&one.code.entry, (TCGEntry *)at);

    const uint64_t pc = 0x7f1234567890;
    TBJumpCacheEntry *e = &cache[cpu_jump_cache_hash(pc)];
    env.g[0] = pc;
    env.g[1] = (uint64_t)(uintptr_t)cache;
    const struct {
        uint64_t key;
        unsigned lookups;
    } cases[] = {
        {tb_jump_key(pc, jump.mode), 0},
        {0, 1},
        {tb_jump_key(pc + 1, jump.mode), 1},
        {tb_jump_key(pc, jump.mode ^ 1), 1},
        {tb_jump_key(pc, jump.mode ^ 1ull << 40), 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        *e = (TBJumpCacheEntry){cases[i].key, &target.code, target.code.entry, NULL};
        lookups = 0;
        assert_int_equal(test_block_run(&one), 0x55);
        assert_int_equal(lookups, cases[i].lookups);
    }
}

// --- frames of guest calls (tcg-returns.h) ---------------------------------------------------------------

enum { PC_CALLEE = 0x2000, PC_BEHIND = 0x1005, PC_OUTER = 0x3005 };

// What stands in g2 is where it returns to.
static void *emit_with_frames(TCGQuick *q, TestBlock *b, TCGJumpKind kind, uint64_t return_pc,
                              unsigned mode)
{
    const TCGQuickJump jump = {.lookup = (void *)lookup,
                               .pc_offset = offsetof(TestEnv, g[0]),
                               .cache_offset = offsetof(TestEnv, g[1]),
                               .mode = 1,
                               .frames = true,
                               .return_pc = return_pc,
                               .return_mode = mode};
    test_context_start();
    if (kind == TCG_JUMP_CALL) {
        tcg_gen_goto_tb(0);
        tcg_gen_movi_i64(tcg_global_i64(G0), PC_CALLEE);
        tcg_gen_exit_tb((uintptr_t)&b->code);
    } else if (kind == TCG_JUMP_RETURN) {
        tcg_gen_mov_i64(tcg_global_i64(G0), tcg_global_i64(G0 + 2));
        TCGv_ptr p = tcg_temp_new_ptr();
        TCGTemp *args[] = {(TCGTemp *)tcg_env()};
        tcg_gen_callN((void *)lookup, (TCGTemp *)p, 1, args);
        tcg_gen_goto_ptr(p);
    } else {
        tcg_gen_exit_tb(return_pc);
    }
    tcg_ctx->jump_kind = kind;
    tcg_liveness(tcg_ctx);
    assert_true(tcg_assign_frame(tcg_ctx));
    size_t size = tcg_quick_prepare(q, tcg_ctx, &b->code, TCG_QUICK_UNCOUNTED, &jump);
    assert_true(size > 0);
    void *at = quick_memory(size);
    tcg_quick_emit(q, at);
    atomic_store(&b->code.entry, (TCGEntry *)at);
    return at;
}

// A call, and where it and its return lead.
static void *emit_call(TCGQuick *q, TestBlock *b, uint64_t return_pc, const void *callee,
                       const void *behind)
{
    void *at = emit_with_frames(q, b, TCG_JUMP_CALL, return_pc, 3);
    const TCGQuickJumps jumps = tcg_quick_jumps(q);
    assert_int_not_equal(jumps.at[0], 0);
    assert_int_not_equal(jumps.at[1], 0);
    tcg_quick_set_jump(at, &jumps, 0, callee);
    tcg_quick_set_jump(at, &jumps, 1, behind);
    return at;
}

static void test_frames(void **state)
{
    (void)state;
    static TBJumpCacheEntry cache[TB_JMP_CACHE_SIZE];
    static TestBlock outer, callee, behind[2];
    const struct {
        uint64_t to;
        unsigned mode;
        uintptr_t result;
        unsigned lookups;
    } cases[] = {
        {PC_BEHIND, 3, 0x77, 0},
        {PC_BEHIND, 4, 0x55, 1}, // of another mode
        {PC_OUTER, 3, 0x99, 0},  // as a longjmp leaves a frame behind
        {PC_OUTER + 1, 3, 0x55, 1},
        {0, 0, 0x55, 1}, // as the frame of nobody
        {PC_BEHIND | 1ull << 63, 3, 0x55, 1},
    };
    assert_true(tcg_returns_init(offsetof(TestEnv, returns)));
    TCGQuick *q = tcg_quick_new();
    emit_with_frames(q, &target, TCG_JUMP_PLAIN, 0x55, 0);
    void *after = emit_with_frames(q, &behind[0], TCG_JUMP_PLAIN, 0x77, 0),
         *after_outer = emit_with_frames(q, &behind[1], TCG_JUMP_PLAIN, 0x99, 0);
    env.g[1] = (uint64_t)(uintptr_t)cache;
    env.returns.on = 1;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        void *last = emit_with_frames(q, &callee, TCG_JUMP_RETURN, 0, cases[i].mode);
        void *inner = emit_call(q, &one, PC_BEHIND, last, after);
        emit_call(q, &outer, PC_OUTER, inner, after_outer);
        env.g[2] = cases[i].to;
        lookups = 0;
        assert_int_equal(tcg_enter(&env, &outer.code, outer.code.entry, &env.returns),
                         cases[i].result);
        assert_int_equal(lookups, cases[i].lookups);
    }
    // Slots that lead nowhere: each leaves with its number, from however deep.
    void *inner = emit_call(q, &one, PC_BEHIND, NULL, NULL);
    emit_call(q, &outer, PC_OUTER, inner, NULL);
    assert_int_equal(tcg_enter(&env, &outer.code, outer.code.entry, &env.returns),
                     (uintptr_t)&one.code);
    assert_int_equal(env.g[0], PC_CALLEE);
    void *last = emit_with_frames(q, &callee, TCG_JUMP_RETURN, 0, 3);
    inner = emit_call(q, &one, PC_BEHIND, last, NULL);
    emit_call(q, &outer, PC_OUTER, inner, NULL);
    env.g[2] = PC_BEHIND;
    assert_int_equal(tcg_enter(&env, &outer.code, outer.code.entry, &env.returns),
                     (uintptr_t)&one.code | TB_EXIT_IDX1);
    assert_int_equal(env.g[0], PC_BEHIND);
    tcg_quick_free(q);
    tcg_returns_offset = 0; // other tests enter blocks without
}

// --- precise state ---------------------------------------------------------------------------------------

static sigjmp_buf faulted;

static void on_fault(int sig, siginfo_t *info, void *uc)
{
    (void)sig, (void)info;
    quick_recover(uc, &env, &env.insn_pc);
    siglongjmp(faulted, 1);
}

// Many ops on registers, then a second instruction's access, whose address is in g3 and g4.
static size_t finish_access(TestBlock *b, bool precise, uint64_t pc, bool store)
{
    test_context_start();
    tcg_ctx->precise = precise;
    tcg_gen_insn_start(pc, 0);
    for (unsigned i = 0; i < 20; i++) {
        tcg_gen_addi_i64(tcg_global_i64(G0), tcg_global_i64(G0), 5);
        tcg_gen_xor_i64(tcg_global_i64(G0 + 1), tcg_global_i64(G0 + 1), tcg_global_i64(G0));
    }
    tcg_gen_movi_i64(tcg_global_i64(G0 + 5), -7);
    tcg_gen_movi_i64(tcg_global_i64(G0 + 6), 0x12345);
    tcg_gen_insn_start(pc + 4, 0);
    TCGv_i64 at = tcg_temp_new_i64();
    tcg_gen_add_i64(at, tcg_global_i64(G0 + 3), tcg_global_i64(G0 + 4));
    if (store) {
        tcg_gen_qemu_st_i64(tcg_global_i64(G0 + 1), at, MO_UQ);
    } else {
        tcg_gen_qemu_ld_i64(tcg_global_i64(G0 + 2), at, MO_UQ);
    }
    tcg_gen_addi_i64(tcg_global_i64(G0), tcg_global_i64(G0), 100);
    tcg_gen_movi_i64(tcg_global_i64(G0 + 5), 9);
    tcg_gen_exit_tb(0);
    test_block_finish(b);
    return b->size;
}

// A fault finds every register as it was in front of the access, and the pc; without one nothing is stored for it.
static void test_precise_registers(void **state)
{
    static TestBlock plain, precise;
    (void)state;
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, old;
    sigaction(SIGSEGV, &sa, &old);
    const uint64_t pcs[] = {0x401000, 0x7f1234567890};
    for (unsigned i = 0; i < 4; i++) {
        uint64_t pc = pcs[i / 2], memory = 77;
        bool store = i & 1;
        size_t least = finish_access(&plain, false, pc, store);
        assert_true(finish_access(&precise, true, pc, store) < least + 64);
        for (unsigned fault = 0; fault < 2; fault++) {
            uint64_t g0 = 1000, g1 = 3;
            env.g[0] = g0;
            env.g[1] = g1;
            env.g[2] = 11;
            env.g[3] = fault ? 8 : (uintptr_t)&memory - 16;
            env.g[4] = 16;
            env.insn_pc = 0;
            for (unsigned k = 0; k < 20; k++) {
                g0 += 5;
                g1 ^= g0;
            }
            volatile bool caught = false;
            if (sigsetjmp(faulted, 1) == 0) {
                test_block_run(&precise);
            } else {
                caught = true;
            }
            assert_int_equal(caught, fault);
            assert_true(env.g[0] == (fault ? g0 : g0 + 100));
            assert_true(env.g[1] == g1);
            assert_true(env.g[2] == (fault || store ? 11 : 77));
            assert_true(env.g[5] == (fault ? (uint64_t)-7 : 9));
            assert_true(env.g[6] == 0x12345);
            assert_true(env.insn_pc == (fault ? pc + 4 : 0));
            assert_true(memory == (store && !fault ? g1 : 77));
            memory = 77;
        }
    }
    sigaction(SIGSEGV, &old, NULL);
}

// --- moving --------------------------------------------------------------------------------------------

// A block that leaves through a slot of its own and says who it is: made for one TCGCode, run as another's.
static void test_moves_to_another_block(void **state)
{
    (void)state;
    TestBlock other = {0};
    test_context_start();
    tcg_gen_goto_tb(1);
    tcg_gen_exit_tb((uintptr_t)&one.code | 1);
    tcg_liveness(tcg_ctx);
    assert_true(tcg_assign_frame(tcg_ctx));
    TCGQuick *q = tcg_quick_new();
    one.code.counter = quick_memory(sizeof(uint32_t));
    other.code.counter = quick_memory(sizeof(uint32_t));
    size_t size = tcg_quick_prepare(q, tcg_ctx, &one.code, 0, NULL);
    uint8_t *at = quick_memory(size);
    tcg_quick_emit(q, at);
    void *moved = quick_move(q, at, size, &one.code, &other.code);
    assert_non_null(moved);
    *other.code.counter = 10;
    atomic_store(&other.code.entry, (TCGEntry *)moved);
    assert_int_equal(test_block_run(&other), (uintptr_t)&other.code | 1);
    assert_int_equal(*other.code.counter, 9);
    test_context_start();
    tcg_gen_exit_tb(0x66);
    test_block_finish(&target);
    atomic_store(&other.code.jmp[1], &target.code);
    assert_int_equal(test_block_run(&other), 0x66);
    tcg_quick_free(q);
}

// A jump that was made direct does not look at its slot, nor takes a TCGCode along; made none, it does again.
static void test_direct_jump(void **state)
{
    (void)state;
    TestBlock other = {0};
    TCGQuick *q = tcg_quick_new();
    uint8_t *code[2];
    TCGQuickJumps jumps = {0};
    for (unsigned i = 0; i < 2; i++) {
        TestBlock *b = i ? &other : &one;
        test_context_start();
        if (i == 0) {
            tcg_gen_goto_tb(0);
        }
        tcg_gen_exit_tb(i ? 0x77 : (uintptr_t)&one.code);
        tcg_liveness(tcg_ctx);
        assert_true(tcg_assign_frame(tcg_ctx));
        b->code.counter = quick_memory(sizeof(uint32_t));
        code[i] = quick_memory(tcg_quick_prepare(q, tcg_ctx, &b->code, 0, NULL));
        tcg_quick_emit(q, code[i]);
        *b->code.counter = 10;
        if (i == 0) {
            jumps = tcg_quick_jumps(q);
            assert_int_not_equal(jumps.at[0], 0);
            assert_int_equal(jumps.at[1], 0);
        }
    }
    atomic_store(&one.code.entry, (TCGEntry *)(void *)code[0]);
    atomic_store(&one.code.jmp[0], NULL);
    assert_int_equal(test_block_run(&one), (uintptr_t)&one.code);
    tcg_quick_set_jump(code[0], &jumps, 0, code[1]);
    assert_int_equal(test_block_run(&one), 0x77);
    assert_int_equal(*other.code.counter, 9);
    tcg_quick_set_jump(code[0], &jumps, 0, NULL);
    assert_int_equal(test_block_run(&one), (uintptr_t)&one.code);
    tcg_quick_free(q);
}

// A conditional jump to a slot's exit is itself the slot's jump to another block; before that it leads through the slot.
// So it is with code that has been kept.
static void test_conditional_jump(void **state)
{
    (void)state;
    TestBlock other = {0};
    TCGQuick *q = tcg_quick_new();
    test_context_start();
    TCGLabel *yes = gen_new_label();
    tcg_gen_brcondi_i64(TCG_COND_EQ, tcg_global_i64(G0), 5, yes);
    for (unsigned slot = 0; slot < 2; slot++) {
        if (slot == 1) {
            gen_set_label(yes);
        }
        tcg_gen_goto_tb(slot);
        tcg_gen_movi_i64(tcg_global_i64(G0 + 1), 100 + slot);
        tcg_gen_exit_tb((uintptr_t)&one.code | slot);
    }
    tcg_liveness(tcg_ctx);
    assert_true(tcg_assign_frame(tcg_ctx));
    size_t size = tcg_quick_prepare(q, tcg_ctx, &one.code, TCG_QUICK_UNCOUNTED, NULL);
    uint8_t *at = quick_memory(size);
    tcg_quick_emit(q, at);
    TCGQuickJumps jumps = tcg_quick_jumps(q);
    assert_int_equal(at[jumps.at[1] - 2], 0x0f); // jcc
    assert_int_equal(at[jumps.at[0] - 1], 0xe9); // jmp
    assert_true(jumps.at[0] < jumps.slow[0] && jumps.at[1] < jumps.slow[1]);
    test_context_start();
    tcg_gen_exit_tb(0x77);
    test_block_finish(&other);
    uint8_t *to = (uint8_t *)(uintptr_t)atomic_load(&other.code.entry);
    for (unsigned round = 0; round < 4; round++) {
        // Both direct; kept when they are and run elsewhere; through the slots.
        for (unsigned slot = 0; slot < 2; slot++) {
            if (round == 1) {
                tcg_quick_set_jump(at, &jumps, slot, to);
            }
            atomic_store(&one.code.jmp[slot], round == 3 ? &other.code : NULL);
        }
        if (round == 2) {
            at = quick_move(q, at, size, &one.code, &one.code);
            assert_non_null(at);
        }
        atomic_store(&one.code.entry, (TCGEntry *)(void *)at);
        for (unsigned slot = 0; slot < 2; slot++) {
            bool leaves = round == 0 || round == 2;
            env.g[0] = slot ? 5 : 6;
            env.g[1] = 0;
            assert_int_equal(test_block_run(&one), leaves ? (uintptr_t)&one.code | slot : 0x77);
            assert_int_equal(env.g[1], leaves ? 100 + slot : 0);
        }
    }
    tcg_quick_free(q);
}

// A slot that two places leave through.
static void test_slot_twice(void **state)
{
    (void)state;
    test_context_start();
    TCGLabel *yes = gen_new_label();
    tcg_gen_brcondi_i64(TCG_COND_EQ, tcg_global_i64(G0), 5, yes);
    for (unsigned i = 0; i < 2; i++) {
        if (i == 1) {
            gen_set_label(yes);
        }
        tcg_gen_goto_tb(0);
        tcg_gen_movi_i64(tcg_global_i64(G0 + 1), 100 + i);
        tcg_gen_exit_tb((uintptr_t)&one.code);
    }
    test_block_finish(&one);
    atomic_store(&one.code.jmp[0], NULL);
    for (unsigned i = 0; i < 2; i++) {
        env.g[0] = i ? 5 : 6;
        assert_int_equal(test_block_run(&one), (uintptr_t)&one.code);
        assert_int_equal(env.g[1], 100 + i);
    }
}

// An address of this process that is a number to the block: not for others.
static void test_addresses_do_not_move(void **state)
{
    (void)state;
    const struct {
        uint64_t value;
        bool movable;
    } cases[] = {
        {0x123456789abcdef0, true},
        {(uintptr_t)&lookup_row, false},
        {(uintptr_t)&one.code.jmp, false},
    };
    TCGQuick *q = tcg_quick_new();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const TCGQuickReloc *relocs;
        unsigned n;
        test_context_start();
        tcg_gen_movi_i64(tcg_global_i64(G0), (int64_t)cases[i].value);
        tcg_gen_exit_tb((uintptr_t)&one.code);
        tcg_liveness(tcg_ctx);
        assert_true(tcg_assign_frame(tcg_ctx));
        size_t size = tcg_quick_prepare(q, tcg_ctx, &one.code, TCG_QUICK_UNCOUNTED, NULL);
        tcg_quick_emit(q, quick_memory(size));
        assert_int_equal(tcg_quick_relocs(q, &relocs, &n), cases[i].movable);
    }
    tcg_quick_free(q);
}

// Relocations are data from a file.
static void test_bad_relocations(void **state)
{
    (void)state;
    uint8_t *at = quick_memory(64);
    const TCGQuickReloc bad[] = {
        {61, TCG_QUICK_REL32},      {57, TCG_QUICK_CODE64},
        {57, TCG_QUICK_PROGRAM64},  {2, TCG_QUICK_JUMP0}, // its displacement is not aligned
        {61, TCG_QUICK_JUMP1},      {65, TCG_QUICK_SLOW0},
        {0, TCG_QUICK_COUNTER + 1}, {0, 0xffff}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(tcg_quick_bind(at, 64, &one.code, &bad[i], 1));
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return interp_main(argc, argv);
    }
    const struct CMUnitTest tests[] = {
        T(test_forms),
        T(test_probe),
        T(test_frames),
        T(test_moves_to_another_block),
        T(test_direct_jump),
        T(test_conditional_jump),
        T(test_slot_twice),
        T(test_precise_registers),
        T(test_addresses_do_not_move),
        T(test_bad_relocations),
    };
    return interp_main(argc, argv) + cmocka_run_group_tests(tests, NULL, NULL);
}
