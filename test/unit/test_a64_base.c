// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A64's base instructions: the lines of a64-base-cases.py, whose results qemu-aarch64 gave, in the
// interpreter and as LLVM code, with precise state and without.  A case may be several blocks.
//
// A64_CASE=text picks cases.
//
// LINK: myna_frontend_aarch64 myna_helpers myna_tcg myna_tcg2llvm
// TIMEOUT: 300

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/translator.h"
#include "helpers/aarch64/cpu.h"
#include "tcg/interp.h"
#include "tcg/tcg-op.h"
#include "tcg2llvm/tier-compile.h"
#include "unit-entry.h"

enum { NSTATES = 5, MEMORY = 256, POINTER = 64, MAX_BLOCKS = 64 };

typedef struct Result {
    uint64_t x0, x1, x4, nzcv;
    uint32_t memory;
} Result;

typedef struct Case {
    const char *text;
    unsigned n;
    uint32_t words[16];
    Result results[NSTATES];
} Case;

static const Case cases[] = {
#include "a64-base-cases.h"
};

// X1, X2, X3, NZCV: those of a64-base-cases.py.
static const uint64_t states[NSTATES][4] = {
    {0x0123456789abcdef, 0xfedcba9876543210, 5, 0x0},
    {0xffffffffffffffff, 1, 0x80000000, 0xf},
    {0x8000000000000000, 0x8000000080000000, 63, 0x6},
    {0x7fffffff, 0xffffffff80000001, 0, 0x9},
    {0, 0, 0xffffffffffffffff, 0x2},
};

// --- engines -----------------------------------------------------------------------------------------

typedef bool Engine(TCGContext *ctx, TCGCode *code, unsigned slot);

static bool interp_engine(TCGContext *ctx, TCGCode *code, unsigned slot)
{
    static uint64_t buf[MAX_BLOCKS][1 << 13];
    if (!tcg_interp_encode(ctx, code, buf[slot], sizeof buf[slot])) {
        return false;
    }
    code->bytecode = buf[slot];
    code->entry = tcg_interp_exec;
    return true;
}

static bool llvm_engine(TCGContext *ctx, TCGCode *code, LLVMLevel level)
{
    static TierCommon common;
    static Compiler *c;
    g_autoptr(GError) error = NULL;
    if (!c) {
        LLVMTierOptions options = {0};
        common.opt = options;
        common.opt.verify_ir = true;
        common.host.pc_global = -1;
        common.host.pinned = guest_isa_aarch64.pinned;
        common.jit = tier_make_jit(&options, &error);
        c = common.jit ? compiler_new(&common) : NULL;
        assert_non_null(c);
    }
    CompileBlock block = {.block = {.code = code, .pc = 0x400000, .succ = {-1, -1}},
                          .info = {.pc = 0x400000, .size = 1, .num_insns = 1},
                          .ctx = ctx};
    static uint32_t counter;
    code->counter = &counter;
    LLVMCode *unit = compiler_run(c, level == LLVM_HOT ? COMPILE_REGION : COMPILE_BATCH, level,
                                  &block, 1, &error);
    if (!unit) {
        tcg_set_error(ctx, "%s", error->message);
        return false;
    }
    static GPtrArray *units; // they stay for the life of the program
    if (!units) {
        units = g_ptr_array_new();
    }
    g_ptr_array_add(units, unit);
    code->entry = test_unit_entry(&unit->entries[0]);
    return true;
}

static bool cold_engine(TCGContext *ctx, TCGCode *code, unsigned slot)
{
    (void)slot;
    return llvm_engine(ctx, code, LLVM_COLD);
}

static bool hot_engine(TCGContext *ctx, TCGCode *code, unsigned slot)
{
    (void)slot;
    return llvm_engine(ctx, code, LLVM_HOT);
}

// --- running -----------------------------------------------------------------------------------------

#define BASE 0x400000u

static CPUARMState *env;
static TCGContext *ctx;
static _Alignas(64) uint8_t memory[MEMORY];

// The blocks of the case at work, by their first word.
static TCGCode blocks[MAX_BLOCKS];
static bool made[MAX_BLOCKS];

static size_t fetch(void *opaque, uint64_t pc, uint8_t *buf, size_t len)
{
    const Case *c = opaque;
    uint64_t at = pc - BASE, size = c->n * 4;
    if (at >= size) {
        return 0; // nothing follows, so all flags are wanted there
    }
    size_t n = MIN(len, size - at);
    memcpy(buf, (const uint8_t *)c->words + at, n);
    return n;
}

static void make_block(const Case *c, Engine *engine, uint32_t cflags, unsigned slot)
{
    TBKey key = guest_isa_aarch64.get_tb_key(&env->cs);
    TCGCode *code = &blocks[slot];
    memset(code, 0, sizeof(*code));
    translator_loop(ctx, &guest_isa_aarch64, code, key,
                    cflags | CF_TAGGED | CF_NO_GOTO_TB | CF_NO_GOTO_PTR, fetch, (void *)c);
    g_autofree char *fault = ctx->error ? NULL : tcg_verify(ctx);
    if (!ctx->error && !fault) {
        tcg_optimize(ctx);
        tcg_liveness(ctx);
        fault = tcg_verify(ctx);
    }
    if (ctx->error || fault || !tcg_assign_frame(ctx) || !engine(ctx, code, slot)) {
        tcg_dump_ops(ctx, stderr);
        fail_msg("%s: %s", c->text, fault ? fault : ctx->error ? ctx->error : "?");
    }
    made[slot] = true;
}

static void reset(const uint64_t state[4])
{
    for (unsigned i = 0; i < MEMORY; i++) {
        memory[i] = (uint8_t)(i * i + i * 8 + 0x91);
    }
    guest_isa_aarch64.cpu_reset(&env->cs, NULL);
    env->xregs[0] = 0x1111222233334444;
    env->xregs[1] = state[0];
    env->xregs[2] = state[1];
    env->xregs[3] = state[2];
    env->xregs[4] = (uint64_t)(uintptr_t)memory + POINTER;
    env->xregs[5] = env->xregs[4] | 0xffull << 56;
    arm_pstate_set(env, (uint32_t)state[3] << 28);
    env->pc = BASE;
}

static void run(const Case *c, Engine *engine, uint32_t cflags, const uint64_t state[4], Result *r)
{
    sigjmp_buf jmp;
    reset(state);
    env->cs.jmp_env = &jmp;
    for (unsigned steps = 0; env->pc != BASE + c->n * 4; steps++) {
        unsigned slot = (unsigned)(env->pc - BASE) / 4;
        if (steps > 100 || slot >= c->n) {
            fail_msg("%s: lost at 0x%lx", c->text, (unsigned long)env->pc);
        }
        if (!made[slot]) {
            make_block(c, engine, cflags, slot);
        }
        env->cs.exception_index = EXCP_NONE;
        if (sigsetjmp(jmp, 1) != 0) {
            fail_msg("%s: exception %d", c->text, env->cs.exception_index);
        }
        guest_isa_aarch64.fp_enter(&env->cs);
        tcg_enter(env, &blocks[slot], blocks[slot].entry, &env->cs.returns);
        guest_isa_aarch64.fp_leave(&env->cs);
    }
    *r = (Result){.x0 = env->xregs[0],
                  .x1 = env->xregs[1],
                  .x4 = env->xregs[4] - ((uint64_t)(uintptr_t)memory + POINTER),
                  .nzcv = arm_pstate_get(env) >> 28};
    for (unsigned i = 0; i < MEMORY; i++) {
        r->memory = r->memory * 31 + memory[i];
    }
}

static bool equal(const Result *a, const Result *b)
{
    return a->x0 == b->x0 && a->x1 == b->x1 && a->x4 == b->x4 && a->nzcv == b->nzcv &&
           a->memory == b->memory;
}

static void print_result(const char *what, const Result *r)
{
    fprintf(stderr, "  %-9s x0 %016lx x1 %016lx x4 +%lx nzcv %lx memory %08x\n", what,
            (unsigned long)r->x0, (unsigned long)r->x1, (unsigned long)r->x4,
            (unsigned long)r->nzcv, r->memory);
}

static unsigned run_cases(Engine *engine, uint32_t cflags)
{
    const char *only = getenv("A64_CASE");
    unsigned wrong = 0;
    for (const Case *c = cases; c < cases + G_N_ELEMENTS(cases); c++) {
        if (only && !strstr(c->text, only)) {
            continue;
        }
        memset(made, 0, sizeof made);
        for (unsigned i = 0; i < NSTATES; i++) {
            Result got;
            run(c, engine, cflags, states[i], &got);
            if (!equal(&got, &c->results[i])) {
                const uint64_t *s = states[i];
                fprintf(stderr, "%s\n  from x1 %016lx x2 %016lx x3 %016lx nzcv %lx\n", c->text,
                        (unsigned long)s[0], (unsigned long)s[1], (unsigned long)s[2],
                        (unsigned long)s[3]);
                print_result("expected", &c->results[i]);
                print_result("got", &got);
                wrong++;
            }
        }
    }
    return wrong;
}

static void test_interp(void **state)
{
    (void)state;
    assert_int_equal(run_cases(interp_engine, 0), 0);
}

static void test_interp_precise(void **state)
{
    (void)state;
    assert_int_equal(run_cases(interp_engine, CF_PRECISE), 0);
}

// One instruction a block: nothing is pending from one to the next.
static void test_interp_single(void **state)
{
    (void)state;
    assert_int_equal(run_cases(interp_engine, 1 << CF_COUNT_SHIFT), 0);
}

static void test_cold(void **state)
{
    (void)state;
    assert_int_equal(run_cases(cold_engine, 0), 0);
}

static void test_hot(void **state)
{
    (void)state;
    assert_int_equal(run_cases(hot_engine, 0), 0);
}

// --- what is undefined -------------------------------------------------------------------------------

static int exception_on(const char *model, uint32_t insn, uint64_t pc_offset)
{
    Case c = {.text = "undefined", .n = 1, .words = {insn}};
    sigjmp_buf jmp;
    memset(made, 0, sizeof made);
    assert_true(guest_isa_aarch64.cpu_reset(&env->cs, model));
    env->xregs[1] = states[0][0];
    env->pc = BASE + pc_offset;
    env->cs.jmp_env = &jmp;
    env->cs.exception_index = EXCP_NONE;
    make_block(&c, interp_engine, 0, 0);
    if (sigsetjmp(jmp, 1) == 0) {
        tcg_enter(env, &blocks[0], blocks[0].entry, &env->cs.returns);
    }
    return env->cs.exception_index;
}

static int exception_of(uint32_t insn, uint64_t pc_offset)
{
    return exception_on(NULL, insn, pc_offset);
}

// What a CPU model does not have.
static void test_models(void **state)
{
    (void)state;
    assert_false(guest_isa_aarch64.cpu_reset(&env->cs, "no such model"));
    assert_int_equal(exception_on("cortex-a53", 0x1ac24020, 0), EXCP_NONE);  // CRC32B
    assert_int_equal(exception_on("cortex-a53", 0xd500401f, 0), EXCP_UDEF);  // CFINV
    assert_int_equal(exception_on("cortex-a53", 0xb8200020, 0), EXCP_UDEF);  // LDADD
    assert_int_equal(exception_on("neoverse-n1", 0xd50b7c20, 0), EXCP_NONE); // DC CVAP
    assert_int_equal(exception_on("cortex-a72", 0xd50b7c20, 0), EXCP_UDEF);
    assert_int_equal(exception_on("max", 0xd500401f, 0), EXCP_NONE);
    assert_int_equal(exception_on("neoverse-n1", 0xdac10000, 0), EXCP_UDEF); // PACIA
    assert_int_equal(exception_on("neoverse-n1", 0xd65f0bff, 0), EXCP_UDEF); // RETAA
    assert_int_equal(exception_on("neoverse-n1", 0xf8200420, 0), EXCP_UDEF); // LDRAA
    assert_int_equal(exception_on("neoverse-n1", 0xd503233f, 0), EXCP_NONE); // PACIASP: a hint
    assert_int_equal(exception_on("max", 0xd503245f, 0), EXCP_NONE);         // BTI c: a hint
    assert_int_equal(exception_on("cortex-a53", 0xd5380600, 0),
                     EXCP_NONE); // MRS X0, ID_AA64ISAR0_EL1
    assert_int_equal(env->xregs[0], 0x11120);
    assert_int_equal(exception_on("cortex-a72", 0xd5380000, 0), EXCP_NONE); // MRS X0, MIDR_EL1
    assert_int_equal(env->xregs[0], 0x410fd083);
}

static void test_undefined(void **state)
{
    (void)state;
    static const struct {
        uint32_t insn;
        const char *why;
    } words[] = {
        {0x00000000, "UDF"},
        {0x0000ffff, "UDF #65535"},
        {0x12400000, "AND W with N"},
        {0x9240fc00, "logical immediate, all ones"},
        {0x52c00000, "MOVZ W, lsl #32"},
        {0x13400000, "SBFM W with N"},
        {0x93000000, "SBFM X without N"},
        {0x53008000, "UBFM W, immediate 32"},
        {0x13808000, "EXTR W, 32"},
        {0x0ac00000 | 1u << 15, "AND W, ror #32"},
        {0x0bc00000, "ADD with ROR"},
        {0x0b008000, "ADD W, lsl #32"},
        {0x0b201400, "ADD extended by 5"},
        {0x0b600000, "ADD extended, bits 23:22"},
        {0xd4000002, "HVC"},
        {0xd4000003, "SMC"},
        {0xd4400000, "HLT"},
        {0xd4a00001, "DCPS1"},
        {0xd69f03e0, "ERET"},
        {0xd65f0be0, "RETAA with a register"},
        {0xdac12000, "PACIZA with a register"},
        {0xdac14000, "XPACI with a register"},
        {0x9ac03001 | 1u << 10, "PACGA's neighbour"},
        {0xd69f0bff, "ERETAA"},
        {0x78200400, "LDRAA of a halfword"},
        {0xd5181000, "MSR SCTLR_EL1"},
        {0xd53be020, "MRS CNTPCT_EL0, which Linux keeps"},
        {0xd51bd060, "MSR TPIDRRO_EL0"},
        {0xd50342df, "MSR DAIFSet"},
        {0x38200800, "STRB with option 000"},
        {0xf8a00800, "PRFM with option 000"},
        {0x28400000 | 1u << 30, "LDNP of signed words"},
        {0x69000000, "STGP"},
        {0xe8400000, "pairs with opc 11"},
        {0x48207c00 | 1, "CASP from an odd register"},
        {0xf8c00000, "load with opc 11, size 11"},
        {0xb8c00000, "LDRSW with a 32-bit destination"},
        {0x9ac04000, "CRC32B with 64 bits"},
        {0x1ac04c00, "CRC32X with 32 bits"},
        {0x5ac00c00, "REV64 with 32 bits"},
        {0x1b207c00, "SMADDL with 32 bits"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        int got = exception_of(words[i].insn, 0);
        if (got != EXCP_UDEF) {
            fail_msg("0x%08x (%s): exception %d", words[i].insn, words[i].why, got);
        }
    }
}

static void test_exceptions(void **state)
{
    (void)state;
    assert_int_equal(exception_of(0xd4000001, 0), EXCP_SYSCALL);
    assert_int_equal(env->pc, BASE + 4);
    assert_int_equal(exception_of(0xd42468a0, 0), EXCP_BKPT);
    assert_int_equal(env->pc, BASE);
    assert_int_equal(env->cs.exception_error, 0x2345);
    assert_int_equal(exception_of(0xd503201f, 2), EXCP_PC_ALIGNMENT);
}

// LDXR X0, [X1] and STLR X0, [X1] from X1 = ..ef.
static void test_unaligned(void **state)
{
    (void)state;
    assert_int_equal(exception_of(0xc85f7c20, 0), EXCP_UNALIGNED);
    assert_int_equal(env->cs.fault_addr, 0x23456789abcdef);
    assert_false(env->cs.fault_write);
    assert_int_equal(exception_of(0xc89ffc20, 0), EXCP_UNALIGNED);
    assert_true(env->cs.fault_write);
}

// --- the flags that a block leaves to its successor --------------------------------------------------

static unsigned ops_that_set(unsigned nwords, const uint32_t *words, const char *global)
{
    Case c = {.text = "flags", .n = nwords};
    memcpy(c.words, words, nwords * 4);
    memset(made, 0, sizeof made);
    reset(states[0]);
    make_block(&c, interp_engine, 0, 0);
    unsigned n = 0;
    TCG_FOREACH_OP(op, ctx)
    {
        for (unsigned i = 0; i < tcg_op_nout(op); i++) {
            const TCGTemp *t = arg_temp(op->args[i]);
            n += op->opc != INDEX_op_discard && t->kind == TEMP_GLOBAL && !strcmp(t->name, global);
        }
    }
    return n;
}

// The block ends at the branch; both of its successors overwrite the flags.
static void test_flags_killed(void **state)
{
    (void)state;
    static const uint32_t killed[] = {0xeb02003f, 0x5400004b, 0xb1000421, 0xf1000421};
    static const uint32_t read[] = {0xeb02003f, 0x5400004b, 0xb1000421, 0x9a9f37e0, 0xf1000421};
    static const char *const flags[] = {"nf", "zf", "cf", "vf"};
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(ops_that_set(4, killed, flags[i]), 0);
    }
    assert_true(ops_that_set(5, read, "cf") > 0);
    assert_int_equal(ops_that_set(5, read, "vf"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interp),        cmocka_unit_test(test_interp_precise),
        cmocka_unit_test(test_interp_single), cmocka_unit_test(test_cold),
        cmocka_unit_test(test_hot),           cmocka_unit_test(test_undefined),
        cmocka_unit_test(test_models),        cmocka_unit_test(test_exceptions),
        cmocka_unit_test(test_unaligned),     cmocka_unit_test(test_flags_killed),
    };
    guest_isa_aarch64.init();
    ctx = frontend_context_new(&guest_isa_aarch64);
    env = aligned_alloc(64, (frontend_cpu_size(&guest_isa_aarch64) + 63) & ~(size_t)63);
    memset(env, 0, frontend_cpu_size(&guest_isa_aarch64));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
