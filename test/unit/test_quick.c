// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks in the quick tier: branches, exits, chaining and precise state (the cases of test_interp.c), the
// look into the jump cache, and which forms have stencils.
//
//   test_quick --bench   the loops of test_interp --bench
//
// LINK: myna_tcg

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
    size_t size = tcg_quick_prepare(q, tcg_ctx, &one.code, false, &jump);
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
        TBJumpCacheEntry entry;
        unsigned lookups;
    } cases[] = {
        {{pc, jump.mode, &target.code}, 0},
        {{pc, jump.mode, NULL}, 1},
        {{pc + 1, jump.mode, &target.code}, 1},
        {{pc, jump.mode ^ 1, &target.code}, 1},
        {{pc, jump.mode ^ 1ull << 40, &target.code}, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        *e = cases[i].entry;
        lookups = 0;
        assert_int_equal(test_block_run(&one), 0x55);
        assert_int_equal(lookups, cases[i].lookups);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return interp_main(argc, argv);
    }
    const struct CMUnitTest tests[] = {T(test_forms), T(test_probe)};
    return interp_main(argc, argv) + cmocka_run_group_tests(tests, NULL, NULL);
}
