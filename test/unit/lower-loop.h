// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Three blocks with a loop, for tests of regions.  Included by one test each, after lower-harness.h.
#ifndef TEST_LOWER_LOOP_H
#define TEST_LOWER_LOOP_H

// A: r0 = 0; r1 = 0; goto B.   B: r1 += r0 * 3; memory[..] = r1; r0++; if (r0 < n) goto B else goto C.
// C: r2 = r1 ^ 1; exit.
static TestBlock blocks[3];

static TCGLabel *begin_checked(TestBlock *b)
{
    tcg_ctx = test_ctx;
    tcg_func_start(test_ctx);
    test_ctx->pc_offset = offsetof(TestEnv, cs.insn_pc);
    TCGLabel *requested = gen_new_label();
    TCGv_i32 t = tcg_temp_new_i32();
    tcg_gen_ld_i32(t, tcg_env(), offsetof(CPUState, exit_request));
    tcg_gen_brcondi_i32(TCG_COND_NE, t, 0, requested);
    tcg_gen_insn_start(b->pc, 0);
    return requested;
}

static void end_checked(TestBlock *b, TCGLabel *requested)
{
    gen_set_label(requested);
    tcg_gen_movi_i64(tcg_global_i64(G_PC), (int64_t)b->pc);
    tcg_gen_exit_tb((uintptr_t)&b->code | TB_EXIT_REQUESTED);
}

static void jump(TestBlock *b, unsigned slot, const TestBlock *to)
{
    tcg_gen_movi_i64(tcg_global_i64(G_PC), (int64_t)to->pc);
    tcg_gen_goto_tb(slot);
    tcg_gen_exit_tb((uintptr_t)&b->code | slot);
}

// What a test adds at the start of each block.
static void (*loop_extra)(unsigned block);

static void emit_loop_block(unsigned i)
{
    TestBlock *b = &blocks[i];
    TCGLabel *requested = begin_checked(b), *again;
    if (loop_extra) {
        loop_extra(i);
    }
    switch (i) {
    case 0:
        tcg_gen_movi_i64(test_r(0), 0);
        tcg_gen_movi_i64(test_r(1), 0);
        jump(b, 0, &blocks[1]);
        break;
    case 1: {
        TCGv_i64 t = tcg_temp_new_i64(), at = tcg_temp_new_i64();
        tcg_gen_muli_i64(t, test_r(0), 3);
        tcg_gen_add_i64(test_r(1), test_r(1), t);
        tcg_gen_andi_i64(at, test_r(0), 63);
        tcg_gen_shli_i64(at, at, 3);
        tcg_gen_addi_i64(at, at, (int64_t)(uintptr_t)test_memory);
        tcg_gen_qemu_st_i64(test_r(1), at, MO_UQ);
        tcg_gen_add_vec(MO_8, tcg_global_vec(G_V0), tcg_global_vec(G_V0), tcg_global_vec(G_V1));
        tcg_gen_addi_i64(test_r(0), test_r(0), 1);
        again = gen_new_label();
        tcg_gen_brcond_i64(TCG_COND_LTU, test_r(0), test_r(7), again);
        jump(b, 1, &blocks[2]);
        gen_set_label(again);
        jump(b, 0, &blocks[1]);
        break;
    }
    default:
        tcg_gen_xori_i64(test_r(2), test_r(1), 1);
        tcg_gen_movi_i64(tcg_global_i64(G_PC), 0x9999);
        tcg_gen_exit_tb(0);
    }
    end_checked(b, requested);
    test_passes();
}

static void encode_blocks(void)
{
    static uint64_t bytecode[3][4096];
    for (unsigned i = 0; i < 3; i++) {
        blocks[i] = (TestBlock){.pc = 0x401000 + i * 0x100};
        blocks[i].code.entry = tcg_interp_exec;
        blocks[i].code.pinned = test_pinned.leave;
    }
    for (unsigned i = 0; i < 3; i++) {
        emit_loop_block(i);
        assert_true(tcg_assign_frame(test_ctx));
        assert_int_not_equal(
            tcg_interp_encode(test_ctx, &blocks[i].code, bytecode[i], sizeof(bytecode[i])), 0);
        blocks[i].code.bytecode = bytecode[i];
    }
    blocks[0].code.jmp[0] = &blocks[1].code;
    blocks[1].code.jmp[0] = &blocks[1].code;
    blocks[1].code.jmp[1] = &blocks[2].code;
}

#endif
