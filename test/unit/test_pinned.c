// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_tcg2llvm myna_helpers myna_tcg
//
// Jumps between pinned code, code that is not, and cpu_exec: the blocks' ways out (tcg/pinned-exit.h), linked, unlinked,
// direct, and through the jump cache.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "helpers/cpu-state.h"
#include "helpers/helper-tables.h"
#include "tcg/interp.h"
#include "tcg/pinned-exit.h"
#include "tcg/tcg-op.h"
#include "tcg2llvm/slab.h"
#include "tcg2llvm/tier-compile.h"
#include "lower-harness.h"

typedef TestEnv CPUArchState;
#define HELPER_TABLE "helpers/common/helper-common.h"
#include "helpers/helper-proto.h"
#include "tcg/tcg-op.h"
#include "helpers/helper-gen.h"

// Each adds its weight to r0, so that the sum tells who ran; then A goes to B through slot 0, B through slot 1 to C or, when r8
// is 0, to where pc (r7) says; C leaves.
enum { A, B, C, BLOCKS };
static TestBlock blocks[BLOCKS];
static LLVMCode *units[BLOCKS];
static SlabBlock *slots[BLOCKS], *indirects[BLOCKS];
static TBJumpCacheEntry cache[TB_JMP_CACHE_SIZE];
static const TCGCode *found;
static unsigned lookups;
enum { MODE = 0x12345678 };

static uint64_t pc_of(unsigned i) { return 0x401000 + i * 0x100; }

static void emit(unsigned i)
{
    tcg_ctx = test_ctx;
    tcg_func_start(test_ctx);
    test_ctx->pc_offset = offsetof(TestEnv, cs.insn_pc);
    tcg_gen_insn_start(blocks[i].pc, 0);
    tcg_gen_addi_i64(test_r(0), test_r(0), 1 << i * 8);
    for (unsigned r = 1; r < 7; r++) { // each register is written by one and read by the next
        tcg_gen_addi_i64(test_r(r), test_r(r), (int64_t)(r * (i + 1)));
    }
    tcg_gen_addi_i32(tcg_global_i32(G_W0), tcg_global_i32(G_W0), 3);
    TCGv_i64 pc = tcg_global_i64(G_PC);
    TCGLabel *elsewhere = gen_new_label();
    if (i == B) {
        tcg_gen_brcondi_i64(TCG_COND_EQ, test_r(8), 0, elsewhere);
    }
    if (i != C) {
        unsigned slot = i == B;
        tcg_gen_goto_tb(slot);
        tcg_gen_movi_i64(pc, (int64_t)pc_of(i + 1));
        tcg_gen_exit_tb((uintptr_t)&blocks[i].code | slot);
    } else {
        tcg_gen_movi_i64(pc, 0x9999);
        tcg_gen_exit_tb(0);
    }
    if (i == B) {
        gen_set_label(elsewhere);
        tcg_gen_mov_i64(pc, test_r(7));
        TCGv_ptr to = tcg_temp_new_ptr();
        gen_helper_lookup_tb_ptr(to, tcg_env());
        tcg_gen_goto_ptr(to);
    }
    test_passes();
}

static void *lookup(TestEnv *env)
{
    assert_ptr_equal(env, &test_env);
    assert_true(env->pc == env->r[7]); // all that is pinned has been stored
    lookups++;
    return (void *)found;
}

static bool ways(void *opaque, const TCGCode *code, const uint64_t *slot_pc, const void **to,
                 const void **indirect)
{
    (void)opaque;
    unsigned i = (unsigned)((const TestBlock *)code - blocks);
    Slab *slab = jit_slab(test_common.jit);
    const PinnedWay way = {.pinned = &test_pinned,
                           .kind = PINNED_JUMP,
                           .code = code,
                           .jump = {.lookup = (const void *)lookup,
                                    .pc_offset = offsetof(TestEnv, pc),
                                    .cache_offset = offsetof(TestEnv, cs.jump_cache),
                                    .mode = MODE}};
    if (slot_pc) {
        slots[i] = slab_alloc(slab, PINNED_WAY_SIZE);
        pinned_emit_slots(slots[i]->base, &way, slot_pc);
        to[0] = pinned_slot_entry(slots[i]->base, 0);
        to[1] = pinned_slot_entry(slots[i]->base, 1);
    }
    if (indirect) {
        indirects[i] = slab_alloc(slab, PINNED_WAY_SIZE);
        pinned_emit_indirect(indirects[i]->base, &way);
        *indirect = indirects[i]->base;
    }
    return true;
}

static int setup(void **state)
{
    static uint64_t bytecode[BLOCKS][4096];
    if (test_setup(state) != 0) {
        return -1;
    }
    helpers_common_register();
    test_common.host.ways = ways;
    assert_true(tcg_returns_init(offsetof(TestEnv, cs.returns)));
    test_env.cs.jump_cache = cache;
    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i] = (TestBlock){.pc = pc_of(i), .bytecode = bytecode[i]};
        blocks[i].code.pinned = test_pinned.leave;
        emit(i);
        CompileBlock block = {.block = {.code = &blocks[i].code, .pc = pc_of(i), .succ = {-1, -1}},
                              .info = {.pc = pc_of(i), .size = 1, .num_insns = 1},
                              .ctx = test_ctx};
        GError *error = NULL;
        units[i] = compiler_run(test_compiler, COMPILE_REGION, LLVM_HOT, &block, 1, &error);
        assert_non_null(units[i]);
        emit(i);
        assert_true(tcg_assign_frame(test_ctx));
        assert_true(tcg_interp_encode(test_ctx, &blocks[i].code, bytecode[i], sizeof(bytecode[i])));
        blocks[i].code.bytecode = bytecode[i];
    }
    return 0;
}

static int teardown(void **state)
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        llvm_code_free(units[i]);
        slab_release(jit_slab(test_common.jit), slots[i]);
        slab_release(jit_slab(test_common.jit), indirects[i]);
    }
    return test_teardown(state);
}

// Which of the blocks are compiled, and which slots linked; what a run from A must leave then.
static void install(unsigned compiled)
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        bool hot = compiled >> i & 1;
        atomic_store(&blocks[i].code.entry, hot ? units[i]->entries[0].entry : tcg_interp_exec);
        atomic_store(&blocks[i].code.pinned, hot ? units[i]->entries[0].pinned : test_pinned.leave);
    }
}

static void link_slot(unsigned from, unsigned slot, unsigned to, bool direct)
{
    atomic_store(&blocks[from].code.jmp[slot], &blocks[to].code);
    const void *at = atomic_load(&blocks[to].code.pinned);
    pinned_set_jump(slots[from]->base, PINNED_JUMP, false, slot,
                    direct && at != test_pinned.leave ? at : NULL);
}

static void unlink_slot(unsigned from, unsigned slot)
{
    atomic_store(&blocks[from].code.jmp[slot], NULL);
    pinned_set_jump(slots[from]->base, PINNED_JUMP, false, slot, NULL);
}

// Runs from block A; `ran`: the blocks that must have, in order.
static void run(const char *ran, uintptr_t result, uint64_t pc)
{
    uint64_t sum[7] = {0};
    for (unsigned r = 0; r < 7; r++) {
        test_env.r[r] = r * 1000;
        sum[r] = test_env.r[r];
    }
    test_env.w[0] = 0;
    for (const char *c = ran; *c; c++) {
        unsigned i = (unsigned)(*c - 'A');
        sum[0] += 1u << i * 8;
        for (unsigned r = 1; r < 7; r++) {
            sum[r] += r * (i + 1);
        }
    }
    uint64_t r8 = test_env.r[8];
    assert_true(tcg_enter(&test_env, &blocks[A].code, atomic_load(&blocks[A].code.entry),
                          &test_env.cs.returns) == result);
    assert_memory_equal(test_env.r, sum, sizeof(sum));
    assert_true(test_env.pc == pc);
    assert_int_equal(test_env.w[0], 3 * strlen(ran));
    assert_true(test_env.r[8] == r8);
}

static uintptr_t left(unsigned i, unsigned slot) { return (uintptr_t)&blocks[i].code | slot; }

static void test_slots(void **state)
{
    (void)state;
    test_env.r[8] = 1;
    for (unsigned compiled = 0; compiled < 1u << BLOCKS; compiled++) {
        install(compiled);
        for (unsigned direct = 0; direct < 2; direct++) {
            unlink_slot(A, 0);
            unlink_slot(B, 1);
            run("A", left(A, 0), pc_of(B));
            link_slot(A, 0, B, direct);
            run("AB", left(B, 1), pc_of(C));
            link_slot(B, 1, C, direct);
            run("ABC", 0, 0x9999);
            // A block that loses its code is entered otherwise, though the slots stay linked.
            install(compiled & ~(1u << C));
            link_slot(B, 1, C, direct);
            run("ABC", 0, 0x9999);
            install(compiled);
        }
    }
}

static void test_indirect(void **state)
{
    (void)state;
    test_env.r[8] = 0;
    test_env.r[7] = pc_of(C);
    found = &blocks[C].code;
    for (unsigned compiled = 0; compiled < 1u << BLOCKS; compiled++) {
        install(compiled | 1u << B);
        link_slot(A, 0, B, true);
        TBJumpCacheEntry *e = &cache[cpu_jump_cache_hash(pc_of(C))];
        struct {
            uint64_t key;
            const TCGCode *code;
            bool hit;
        } rows[] = {
            {tb_jump_key(pc_of(C), MODE), &blocks[C].code, true},
            {0, &blocks[C].code, false},
            {tb_jump_key(pc_of(C), MODE + 1), &blocks[A].code, false},
            {tb_jump_key(pc_of(A), MODE), &blocks[A].code, false},
        };
        for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
            e->code = rows[i].code;
            e->entry = rows[i].code->entry;
            e->pinned = rows[i].code->pinned;
            atomic_store(&e->key, rows[i].key);
            lookups = 0;
            run("ABC", 0, 0x9999);
            assert_int_equal(lookups, !rows[i].hit);
        }
    }
}

// A calls B, which returns behind A, to C.
static void emit_frames(unsigned return_mode)
{
    PinnedWay way = {.pinned = &test_pinned,
                     .kind = PINNED_CALL,
                     .code = &blocks[A].code,
                     .jump = {.lookup = (const void *)lookup,
                              .pc_offset = offsetof(TestEnv, pc),
                              .cache_offset = offsetof(TestEnv, cs.jump_cache),
                              .mode = MODE,
                              .frames = true,
                              .return_pc = pc_of(C),
                              .return_mode = 5}};
    const uint64_t pc[2] = {pc_of(B), 0};
    const uint8_t *end = pinned_emit_slots(slots[A]->base, &way, pc);
    assert_true(end <= slots[A]->base + PINNED_WAY_SIZE);
    for (unsigned slot = 0; slot < 2; slot++) {
        pinned_set_jump(slots[A]->base, PINNED_CALL, false, slot,
                        atomic_load(&blocks[slot ? C : B].code.pinned));
    }
    way.kind = PINNED_RETURN;
    way.code = &blocks[B].code;
    way.jump.return_mode = return_mode;
    end = pinned_emit_indirect(indirects[B]->base, &way);
    assert_true(end <= indirects[B]->base + PINNED_WAY_SIZE);
}

static void test_frames(void **state)
{
    (void)state;
    install(1u << A | 1u << B | 1u << C);
    memset(cache, 0, sizeof(cache));
    found = &blocks[C].code;
    test_env.r[8] = 0;
    const struct {
        uint64_t to;
        unsigned mode;
        uintptr_t limit;
        bool hit;
    } rows[] = {
        {pc_of(C), 5, 0, true},  {pc_of(C), 5, UINTPTR_MAX, false}, // no room
        {pc_of(C), 4, 0, false}, {pc_of(C) + 1, 5, 0, false},
        {0, 0, 0, false}, // as the frame of nobody
    };
    const TCGQuickJump nobody = {.lookup = (const void *)lookup,
                                 .pc_offset = offsetof(TestEnv, pc)};
    tcg_quick_set_lookup(&nobody);
    test_env.cs.returns.on = 1;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        emit_frames(rows[i].mode);
        test_env.r[7] = rows[i].to;
        atomic_store(&test_env.cs.returns.limit, rows[i].limit);
        lookups = 0;
        run("ABC", 0, 0x9999);
        assert_int_equal(lookups, !rows[i].hit);
    }
    // Nothing to go on at.
    emit_frames(5);
    test_env.r[7] = pc_of(C);
    pinned_set_jump(slots[A]->base, PINNED_CALL, false, 1, NULL);
    run("AB", left(A, 1), pc_of(C));
    test_env.cs.returns.on = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_indirect),
        cmocka_unit_test(test_frames),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
