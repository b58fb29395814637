// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The TCG core: builder, dump, verifier, optimiser and liveness.  A case builds a block, and names what
// the dump must show after the passes, or what the verifier must say.
// LINK: myna_tcg
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "tcg/tcg-op.h"

enum { G_A, G_B, G_C, G_W, G_V };

static const TCGGlobalDef globals[] = {
    [G_A] = {"a", TCG_TYPE_I64, 8},   [G_B] = {"b", TCG_TYPE_I64, 16},
    [G_C] = {"c", TCG_TYPE_I64, 24},  [G_W] = {"w", TCG_TYPE_I32, 32},
    [G_V] = {"v", TCG_TYPE_V128, 48},
};

#define A tcg_global_i64(G_A)
#define B tcg_global_i64(G_B)
#define C tcg_global_i64(G_C)
#define W tcg_global_i32(G_W)

static TCGContext *new_block(void)
{
    tcg_ctx = tcg_context_new(globals, G_N_ELEMENTS(globals), 256, 4096);
    return tcg_ctx;
}

static char *dump(TCGContext *s)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    tcg_dump_ops(s, f);
    fclose(f);
    return text;
}

// --- optimiser and liveness: what is built => what is left ------------------------------------------

static void fold_add(void) { tcg_gen_addi_i64(A, tcg_constant_i64(40), 2); }
static void fold_add_i32(void) { tcg_gen_addi_i32(W, tcg_constant_i32(-1), 2); }
static void fold_sar_i32(void) { tcg_gen_sari_i32(W, tcg_constant_i32(INT32_MIN), 4); }
static void fold_rotr_i32(void) { tcg_gen_rotri_i32(W, tcg_constant_i32(1), 1); }
static void fold_clz_i32(void) { tcg_gen_clzi_i32(W, tcg_constant_i32(1), 32); }
static void fold_muluh(void) { tcg_gen_muluh_i64(A, tcg_constant_i64(-1), tcg_constant_i64(-1)); }
static void keep_div_zero(void) { tcg_gen_div_i64(A, tcg_constant_i64(1), tcg_constant_i64(0)); }
static void keep_div_overflow(void)
{
    tcg_gen_div_i32(W, tcg_constant_i32(INT32_MIN), tcg_constant_i32(-1));
}
static void add_zero(void) { tcg_gen_addi_i64(A, B, 0); }
static void sub_const(void) { tcg_gen_subi_i64(A, B, 5); }
static void xor_self(void) { tcg_gen_xor_i64(A, B, B); }
static void and_self(void) { tcg_gen_and_i64(A, B, B); }
static void commute(void) { tcg_gen_add_i64(A, tcg_constant_i64(7), B); }
static void setcond_swapped(void) { tcg_gen_setcond_i64(TCG_COND_LT, A, tcg_constant_i64(7), B); }
static void setcond_self(void) { tcg_gen_setcond_i64(TCG_COND_GEU, A, B, B); }
static void setcond_tst_self(void) { tcg_gen_setcond_i64(TCG_COND_TSTEQ, A, B, B); }
static void copy_forward(void)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_mov_i64(t, B);
    tcg_gen_add_i64(A, t, C);
}
static void copy_ends_at_write(void)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_mov_i64(t, B);
    tcg_gen_movi_i64(B, 1);
    tcg_gen_add_i64(A, t, C);
}
static void move_to_register(void)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_add_i64(t, A, B);
    tcg_gen_qemu_st_i64(C, t, MO_64);
    tcg_gen_mov_i64(A, t);
}
static void move_read_later(void)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_add_i64(t, A, B);
    tcg_gen_mov_i64(A, t);
    tcg_gen_xor_i64(C, t, B);
}
static void move_old_value_read(void)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_add_i64(t, A, B);
    tcg_gen_xor_i64(C, A, B);
    tcg_gen_mov_i64(A, t);
}
static void move_overwritten_while_read(void)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_add_i64(t, A, B);
    tcg_gen_mov_i64(A, t);
    tcg_gen_qemu_st_i64(B, A, MO_64);
    tcg_gen_ctpop_i64(A, B);
    tcg_gen_xor_i64(C, t, B);
}
static void dead_overwritten(void)
{
    tcg_gen_add_i64(A, B, C);
    tcg_gen_movi_i64(A, 1);
}
static void ext_known(void)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_ext8u_i64(t, B);
    tcg_gen_ext32u_i64(A, t);
}
static void ext_signed_known(void)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_shri_i64(t, B, 40);
    tcg_gen_ext32s_i64(A, t);
}
static void and_disjoint(void)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_ext8u_i64(t, B);
    tcg_gen_andi_i64(A, t, 0x100);
}
static void branch_known_taken(void)
{
    TCGLabel *l = gen_new_label();
    tcg_gen_brcondi_i64(TCG_COND_EQ, tcg_constant_i64(3), 3, l);
    tcg_gen_movi_i64(A, 1);
    gen_set_label(l);
}
static void branch_known_not_taken(void)
{
    TCGLabel *l = gen_new_label();
    tcg_gen_brcondi_i64(TCG_COND_NE, tcg_constant_i64(3), 3, l);
    tcg_gen_movi_i64(A, 1);
    gen_set_label(l);
}
static void knowledge_ends_at_label(void)
{
    TCGLabel *l = gen_new_label();
    tcg_gen_movi_i64(A, 1);
    tcg_gen_brcondi_i64(TCG_COND_EQ, B, 0, l);
    tcg_gen_movi_i64(A, 2);
    gen_set_label(l);
    tcg_gen_addi_i64(C, A, 1);
}
static void knowledge_survives_branch(void)
{
    TCGLabel *l = gen_new_label();
    tcg_gen_movi_i64(A, 1);
    tcg_gen_brcondi_i64(TCG_COND_EQ, B, 0, l);
    tcg_gen_addi_i64(C, A, 1);
    gen_set_label(l);
}
static void dead_on_both_paths(void)
{
    TCGLabel *l = gen_new_label();
    tcg_gen_movi_i64(A, 1);
    tcg_gen_brcondi_i64(TCG_COND_EQ, B, 0, l);
    tcg_gen_movi_i64(A, 2);
    tcg_gen_exit_tb(0);
    gen_set_label(l);
    tcg_gen_movi_i64(A, 3);
}
static void live_on_one_path(void)
{
    TCGLabel *l = gen_new_label();
    tcg_gen_movi_i64(A, 1);
    tcg_gen_brcondi_i64(TCG_COND_EQ, B, 0, l);
    tcg_gen_movi_i64(A, 2);
    gen_set_label(l);
}
static void loop_keeps_all(void)
{
    TCGLabel *l = gen_new_label();
    gen_set_label(l);
    tcg_gen_subi_i64(A, A, 1);
    tcg_gen_brcondi_i64(TCG_COND_NE, A, 0, l);
}
static void dead_load_stays(void)
{
    tcg_gen_qemu_ld_i64(A, B, MO_UB);
    tcg_gen_movi_i64(A, 1);
}
static void load_is_narrow(void)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_qemu_ld_i64(t, B, MO_UB);
    tcg_gen_ext8u_i64(A, t);
}
static void movcond_const(void)
{
    tcg_gen_movcond_i64(TCG_COND_LTU, A, tcg_constant_i64(1), tcg_constant_i64(2), B, C);
}
static void deposit_const(void)
{
    tcg_gen_deposit_i64(A, tcg_constant_i64(-1), tcg_constant_i64(0), 8, 16);
}
static void sextract_const(void)
{
    tcg_emit4(INDEX_op_sextract_i64, (TCGArg)A, (TCGArg)tcg_constant_i64(0x80), 0, 8);
}

static const struct PassCase {
    const char *name;
    void (*build)(void);
    const char *expect; // the lines before the final exit_tb
} pass_cases[] = {
    {"40 + 2", fold_add, " mov_i64 a,$0x2a\n"},
    {"i32 add wraps, zero-extended", fold_add_i32, " mov_i32 w,$0x1\n"},
    {"i32 sar keeps the sign", fold_sar_i32, " mov_i32 w,$0xf8000000\n"},
    {"i32 rotr", fold_rotr_i32, " mov_i32 w,$0x80000000\n"},
    {"i32 clz counts in 32 bits", fold_clz_i32, " mov_i32 w,$0x1f\n"},
    {"muluh", fold_muluh, " mov_i64 a,$0xfffffffffffffffe\n"},
    {"division by zero is not folded", keep_div_zero, " div_i64 a,$0x1,$0x0\n"},
    {"division overflow is not folded", keep_div_overflow,
     " div_i32 w,$0x80000000,$0xffffffff\n"},
    {"x + 0", add_zero, " mov_i64 a,b\n"},
    {"x - c is x + -c", sub_const, " add_i64 a,b,$0xfffffffffffffffb\n"},
    {"x ^ x", xor_self, " mov_i64 a,$0x0\n"},
    {"x & x", and_self, " mov_i64 a,b\n"},
    {"constant goes second", commute, " add_i64 a,b,$0x7\n"},
    {"comparison swapped with its constant", setcond_swapped, " setcond_i64 a,b,$0x7,gt\n"},
    {"x >= x", setcond_self, " mov_i64 a,$0x1\n"},
    {"x & x == 0 is not known", setcond_tst_self, " setcond_i64 a,b,b,tsteq\n"},
    {"copies are read through", copy_forward, " add_i64 a,b,c\n"},
    {"a copy ends when its source is written", copy_ends_at_write,
     " mov_i64 tmp0,b  dead: 1\n mov_i64 b,$0x1\n add_i64 a,tmp0,c  dead: 1\n"},
    {"a result goes straight to its register", move_to_register,
     " add_i64 a,a,b  dead: 1\n qemu_st_i64 c,a,leuq\n"},
    {"what reads the temp later reads the register", move_read_later,
     " add_i64 a,a,b  dead: 1\n xor_i64 c,a,b\n"},
    {"not while the register's old value is read", move_old_value_read,
     " add_i64 tmp0,a,b\n xor_i64 c,a,b  dead: 1\n mov_i64 a,tmp0  dead: 1\n"},
    {"not when the register is written before the temp dies", move_overwritten_while_read,
     " add_i64 tmp0,a,b  dead: 1\n qemu_st_i64 b,tmp0,leuq\n ctpop_i64 a,b\n"
     " xor_i64 c,tmp0,b  dead: 1\n"},
    {"overwritten global", dead_overwritten, " mov_i64 a,$0x1\n"},
    {"extension of a narrow value", ext_known, " ext8u_i64 a,b\n"},
    {"sign extension of a value with its sign clear", ext_signed_known,
     " shr_i64 a,b,$0x28\n"},
    {"mask of bits that are clear", and_disjoint, " mov_i64 a,$0x0\n"},
    {"known branch taken", branch_known_taken, ""},
    {"known branch not taken", branch_known_not_taken, " mov_i64 a,$0x1\n"},
    {"nothing is known after a join", knowledge_ends_at_label,
     " mov_i64 a,$0x1\n brcond_i64 b,$0x0,eq,$L0\n mov_i64 a,$0x2\n set_label $L0\n"
     " add_i64 c,a,$0x1\n"},
    {"a branch keeps what is known", knowledge_survives_branch,
     " mov_i64 a,$0x1\n brcond_i64 b,$0x0,eq,$L0\n mov_i64 c,$0x2\n set_label $L0\n"},
    {"dead on both paths", dead_on_both_paths,
     " brcond_i64 b,$0x0,eq,$L0\n mov_i64 a,$0x2\n exit_tb $0x0\n set_label $L0\n"
     " mov_i64 a,$0x3\n"},
    {"live on one path", live_on_one_path,
     " mov_i64 a,$0x1\n brcond_i64 b,$0x0,eq,$L0\n mov_i64 a,$0x2\n set_label $L0\n"},
    {"loop", loop_keeps_all,
     " set_label $L0\n add_i64 a,a,$0xffffffffffffffff  dead: 1\n brcond_i64 a,$0x0,ne,$L0\n"},
    {"a guest load may fault: it stays", dead_load_stays,
     " qemu_ld_i64 a,b,ub  dead: 0\n mov_i64 a,$0x1\n"},
    {"a byte load is narrow", load_is_narrow,
     " qemu_ld_i64 a,b,ub\n"},
    {"movcond on constants", movcond_const, " mov_i64 a,b\n"},
    {"deposit of constants", deposit_const, " mov_i64 a,$0xffffffffff0000ff\n"},
    {"sextract of a constant", sextract_const, " mov_i64 a,$0xffffffffffffff80\n"},
};

static void test_passes(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(pass_cases); i++) {
        const struct PassCase *c = &pass_cases[i];
        TCGContext *s = new_block();
        c->build();
        tcg_gen_exit_tb(0);
        char *before = tcg_verify(s);
        if (before) {
            fail_msg("%s: built wrongly: %s", c->name, before);
        }
        tcg_optimize(s);
        tcg_liveness(s);
        char *after = tcg_verify(s);
        if (after) {
            fail_msg("%s: broken by a pass: %s", c->name, after);
        }
        char *text = dump(s);
        g_autofree char *expect = g_strconcat(c->expect, " exit_tb $0x0\n\n", NULL);
        if (strcmp(text, expect) != 0) {
            print_error("%s:\nexpected\n%sgot\n%s", c->name, expect, text);
            failed++;
        }
        free(text);
        tcg_context_free(s);
    }
    assert_int_equal(failed, 0);
}

// --- liveness in precise mode -------------------------------------------------------------------------

static void test_precise_keeps_globals(void **state)
{
    (void)state;
    for (int precise = 0; precise < 2; precise++) {
        TCGContext *s = new_block();
        s->precise = precise;
        tcg_gen_movi_i64(A, 1);
        tcg_gen_qemu_ld_i64(C, B, MO_UQ);
        tcg_gen_movi_i64(A, 2);
        tcg_gen_exit_tb(0);
        tcg_optimize(s);
        tcg_liveness(s);
        char *text = dump(s);
        assert_int_equal(strstr(text, "mov_i64 a,$0x1") != NULL, precise);
        free(text);
        tcg_context_free(s);
    }
}

// Who has values across blocks is told which globals are dead; for others the op has done its work.
static void test_discards_are_kept_where_asked(void **state)
{
    (void)state;
    for (int kept = 0; kept < 2; kept++) {
        TCGContext *s = new_block();
        s->keep_discards = kept;
        tcg_gen_movi_i64(A, 1);
        tcg_emit1(INDEX_op_discard, (TCGArg)A);
        tcg_gen_exit_tb(0);
        tcg_optimize(s);
        tcg_liveness(s);
        char *text = dump(s);
        assert_null(strstr(text, "mov_i64"));
        assert_int_equal(strstr(text, "discard") != NULL, kept);
        free(text);
        tcg_context_free(s);
    }
}

// --- verifier -------------------------------------------------------------------------------------------

static void wrong_type(void) { tcg_emit2(INDEX_op_mov_i64, (TCGArg)A, (TCGArg)W); }
static void writes_constant(void)
{
    tcg_emit2(INDEX_op_mov_i64, (TCGArg)tcg_constant_i64(1), (TCGArg)A);
}
static void reads_nothing(void) { tcg_gen_mov_i64(A, tcg_temp_new_i64()); }
static void written_on_no_path(void)
{
    TCGv_i64 t = tcg_temp_new_i64();
    TCGLabel *l = gen_new_label();
    tcg_gen_br(l);
    gen_set_label(l);
    tcg_gen_mov_i64(A, t);
    tcg_gen_movi_i64(t, 1);
}
static void missing_label(void) { tcg_gen_br(gen_new_label()); }
static void missing_argument(void) { tcg_emit2(INDEX_op_add_i64, (TCGArg)A, (TCGArg)B); }
static void no_vector_type(void)
{
    tcg_emitv(INDEX_op_add_vec, TCG_TYPE_I64, MO_8, 3,
              (TCGArg[]){(TCGArg)tcg_global_vec(G_V), (TCGArg)tcg_global_vec(G_V),
                         (TCGArg)tcg_global_vec(G_V)});
}
static void wrong_vector_width(void)
{
    tcg_gen_mov_vec(tcg_temp_new_v256(), tcg_global_vec(G_V));
}

static const struct VerifyCase {
    void (*build)(void);
    const char *says;
} verify_cases[] = {
    {wrong_type, "op 0 (mov_i64): argument 1 is i32, not i64"},
    {writes_constant, "op 0 (mov_i64): writes a constant (argument 0)"},
    {reads_nothing, "op 0 (mov_i64): reads tmp0, which nothing has written"},
    {written_on_no_path, "op 2 (mov_i64): reads tmp0, which nothing has written"},
    {missing_label, "op 0 (br): names a label that stands nowhere"},
    {missing_argument, "op 0 (add_i64): has 2 arguments"},
    {no_vector_type, "op 0 (add_vec): has no vector type"},
    {wrong_vector_width, "op 0 (mov_vec): argument 1 is v128, not v256"},
};

static void test_verifier(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(verify_cases); i++) {
        TCGContext *s = new_block();
        verify_cases[i].build();
        tcg_gen_exit_tb(0);
        char *err = tcg_verify(s);
        if (!err || strcmp(err, verify_cases[i].says) != 0) {
            fail_msg("expected \"%s\", got \"%s\"", verify_cases[i].says, err ? err : "(nothing)");
        }
        g_free(err);
        tcg_context_free(s);
    }
}

static void test_verifier_wants_an_end(void **state)
{
    (void)state;
    TCGContext *s = new_block();
    tcg_gen_movi_i64(A, 1);
    char *err = tcg_verify(s);
    assert_string_equal(err, "the block does not end by leaving it");
    g_free(err);
    tcg_context_free(s);
}

// --- contexts --------------------------------------------------------------------------------------------

static void test_constants_are_shared(void **state)
{
    (void)state;
    TCGContext *s = new_block();
    assert_ptr_equal(tcg_constant_i64(5), tcg_constant_i64(5));
    assert_ptr_not_equal(tcg_constant_i64(5), (void *)tcg_constant_i32(5));
    unsigned globals_before = s->nb_globals;
    tcg_func_start(s);
    assert_int_equal(s->nb_temps, globals_before);
    assert_ptr_equal(s->ops.next, &s->ops);
    tcg_context_free(s);
}

static void test_arena_grows_and_is_reused(void **state)
{
    (void)state;
    TCGContext *s = new_block();
    for (int round = 0; round < 3; round++) {
        tcg_func_start(s);
        for (int i = 0; i < 20000; i++) {
            tcg_gen_addi_i64(A, A, i);
        }
        tcg_gen_exit_tb(0);
        uint8_t *big = tcg_malloc(1 << 20); // more than a chunk
        assert_int_equal(big[(1 << 20) - 1], 0);
        assert_null(tcg_verify(s));
        assert_int_equal(s->nb_ops, 20001);
    }
    tcg_context_free(s);
}

static void test_frame(void **state)
{
    (void)state;
    TCGContext *s = new_block();
    TCGv_i32 small = tcg_temp_new_i32();
    TCGv_vec wide = tcg_temp_new_v256();
    tcg_gen_movi_i32(small, 1);
    tcg_gen_mov_vec(wide, wide);
    tcg_gen_dupi_vec(MO_8, wide, 3);
    tcg_gen_exit_tb(0);
    assert_true(tcg_assign_frame(s));
    assert_int_equal(tcgv_i32_temp(small)->offset, 256);
    assert_int_equal(tcgv_vec_temp(wide)->offset, 256 + 32);
    s->frame_size = 32;
    assert_false(tcg_assign_frame(s));
    tcg_context_free(s);
}

static void test_conditions(void **state)
{
    (void)state;
    for (TCGCond c = 0; c < TCG_COND_COUNT; c++) {
        assert_int_equal(tcg_invert_cond(tcg_invert_cond(c)), c);
        assert_int_equal(tcg_swap_cond(tcg_swap_cond(c)), c);
    }
    assert_int_equal(tcg_invert_cond(TCG_COND_LTU), TCG_COND_GEU);
    assert_int_equal(tcg_swap_cond(TCG_COND_LE), TCG_COND_GE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes),
        cmocka_unit_test(test_precise_keeps_globals),
        cmocka_unit_test(test_discards_are_kept_where_asked),
        cmocka_unit_test(test_verifier),
        cmocka_unit_test(test_verifier_wants_an_end),
        cmocka_unit_test(test_constants_are_shared),
        cmocka_unit_test(test_arena_grows_and_is_reused),
        cmocka_unit_test(test_frame),
        cmocka_unit_test(test_conditions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
