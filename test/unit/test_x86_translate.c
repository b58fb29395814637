// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The x86 translation itself: which flags a block's end computes, how blocks end, stepping, what a CPU
// model lacks, CPUID, repeated strings that are interrupted.
//
// LINK: myna_test_x86

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "frontend/translator.h"
#include "frontend/x86/cpu-models.h"
#include "frontend/x86/translate.h"
#include "helpers/x86/cpu.h"
#include "tcg/interp.h"

// Code that is translated only, under a label each.
#define CODE(name, text)                                                                           \
    __asm__(".pushsection .text\n" #name "_begin:\n" text "\n" #name "_end:\n.popsection");        \
    extern const uint8_t name##_begin[] __asm__(#name "_begin"), name##_end[] __asm__(#name "_en"  \
                                                                                            "d")

typedef struct Guest {
    const uint8_t *begin, *end; // what it may fetch
    CPUX86State *env;
    TCGContext *ctx;
    TCGCode code;
} Guest;

static size_t fetch(void *opaque, uint64_t pc, uint8_t *buf, size_t len)
{
    const Guest *g = opaque;
    uint64_t begin = (uint64_t)(uintptr_t)g->begin, end = (uint64_t)(uintptr_t)g->end;
    if (pc < begin || pc >= end) {
        return 0;
    }
    size_t n = end - pc < len ? end - pc : len;
    memcpy(buf, (const void *)(uintptr_t)pc, n);
    return n;
}

static void guest_init(Guest *g, const uint8_t *begin, const uint8_t *end, const char *model)
{
    const GuestISA *isa = &guest_isa_x86_64;
    isa->init();
    *g = (Guest){.begin = begin, .end = end};
    g->ctx = frontend_context_new(isa);
    g->env = g_aligned_alloc0(1, frontend_cpu_size(isa), 64);
    assert_true(isa->cpu_reset(&g->env->cs, model));
    g->env->rip = (uint64_t)(uintptr_t)begin;
}

static void guest_free(Guest *g)
{
    tcg_context_free(g->ctx);
    g_aligned_free(g->env);
}

static TranslationResult translate(Guest *g, uint32_t cflags)
{
    const GuestISA *isa = &guest_isa_x86_64;
    TranslationResult r = translator_loop(g->ctx, isa, &g->code, isa->get_tb_key(&g->env->cs),
                                          cflags, fetch, g);
    assert_null(g->ctx->error);
    g_autofree char *fault = tcg_verify(g->ctx);
    assert_null(fault);
    tcg_optimize(g->ctx);
    tcg_liveness(g->ctx);
    return r;
}

// Runs the block; what it returns, or -1 when an exception left it.
static intptr_t run(Guest *g)
{
    static uint64_t bytecode[1 << 14];
    assert_true(tcg_assign_frame(g->ctx));
    assert_true(tcg_interp_encode(g->ctx, &g->code, bytecode, sizeof(bytecode)) > 0);
    g->code.bytecode = bytecode;
    g->code.entry = tcg_interp_exec;
    sigjmp_buf jmp;
    g->env->cs.jmp_env = &jmp;
    g->env->cs.exception_index = EXCP_NONE;
    if (sigsetjmp(jmp, 0)) {
        return -1;
    }
    return (intptr_t)tcg_interp_exec(g->env, &g->code);
}

static unsigned writes_of(const TCGContext *ctx, const char *global)
{
    unsigned n = 0;
    TCG_FOREACH_OP(op, ctx)
    {
        for (unsigned i = 0; i < tcg_op_nout(op); i++) {
            const TCGTemp *t = arg_temp(op->args[i]);
            n += t->kind == TEMP_GLOBAL && !strcmp(t->name, global);
        }
    }
    return n;
}

static unsigned ops_of(const TCGContext *ctx, TCGOpcode opc)
{
    unsigned n = 0;
    TCG_FOREACH_OP(op, ctx) { n += op->opc == opc; }
    return n;
}

// --- flags at a block's end ----------------------------------------------------------------------------

CODE(killed, "add %ebx, %eax; jmp 1f; nop; 1: mov %ecx, %edx; xor %ecx, %ecx; ret");
CODE(carry_read, "add %ebx, %eax; jmp 1f; nop; 1: adc %ecx, %edx; ret");
CODE(jcc_chain, "cmp %ebx, %eax; jz 1f; jl 2f; 1: xor %eax, %eax; ret; 2: test %ecx, %ecx; ret");
CODE(shift_by_cl, "add %ebx, %eax; jmp 1f; 1: shl %cl, %edx; xor %eax, %eax; ret");
CODE(unknown_end, "add %ebx, %eax; ret");
CODE(to_syscall, "add %ebx, %eax; jmp 1f; 1: mov $1, %eax; syscall");
CODE(string_end, "add %ebx, %eax; jmp 1f; 1: repe cmpsb; xor %eax, %eax; ret");
CODE(call_through, "add %ebx, %eax; call 1f; ret; 1: sub $8, %rsp; ret");
CODE(shift_known, "shl $3, %eax; jmp 1f; 1: dec %ecx; jnz 1b; adc $0, %ecx; ret");

static const char *const flag_globals[5] = {"cc_z", "cc_n", "cc_c", "cc_o", "cc_a"};

// A bit for each flag global that the block writes.
static unsigned flags_written(Guest *g)
{
    unsigned mask = 0;
    for (unsigned i = 0; i < 5; i++) {
        mask |= (writes_of(g->ctx, flag_globals[i]) != 0) << i;
    }
    return mask;
}

enum { FZ = 1, FN = 2, FC = 4, FO = 8, FA = 16, FALL = 31 };

static void test_flags_at_end(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const uint8_t *begin, *end;
        unsigned expected; // written in the first block
        unsigned precise;  // under precise state: who writes or keeps some flags needs all
    } cases[] = {
#define ROW(name, expected, precise) {#name, name##_begin, name##_end, expected, precise}
        ROW(killed, 0, 0),
        ROW(carry_read, FC, FC),
        ROW(jcc_chain, FN | FO, FN | FO), // the fall-through's JL; the other side kills all
        ROW(shift_by_cl, 0, FALL), // keeps flags for a count of 0, but the XOR after it kills them
        ROW(unknown_end, FALL, FALL),
        ROW(to_syscall, FALL, FALL), // R11 shows them
        ROW(string_end, FZ, FALL),   // REPE looks at ZF, if after its own comparison
        ROW(call_through, 0, 0),
        ROW(shift_known, FC, FALL), // DEC leaves CF to the ADC
#undef ROW
    };
    unsigned bad = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        static const uint32_t cflags[] = {0, CF_PRECISE, CF_SINGLE_STEP};
        for (unsigned c = 0; c < G_N_ELEMENTS(cflags); c++) {
            Guest g;
            guest_init(&g, cases[i].begin, cases[i].end, NULL);
            translate(&g, cflags[c]);
            unsigned expected = cflags[c] == CF_PRECISE ? cases[i].precise
                                : cflags[c]             ? FALL
                                                        : cases[i].expected;
            if (flags_written(&g) != expected) {
                printf("%s, cflags %x: flags written %02x, expected %02x\n", cases[i].name,
                       cflags[c], flags_written(&g), expected);
                tcg_dump_ops(g.ctx, stdout);
                bad++;
            }
            guest_free(&g);
        }
    }
    assert_int_equal(bad, 0);
}

// --- how blocks end ------------------------------------------------------------------------------------

CODE(branch, "test %eax, %eax; jz 1f; nop; 1: ret");
CODE(indirect, "jmp *%rax");
CODE(page, ".balign 4096; .fill 4090, 1, 0x90; mov $1, %eax; mov $2, %ecx; nop");
CODE(cut, "mov $1, %eax; .byte 0x48, 0x8b");
CODE(bad_first, ".byte 0x06; nop");
CODE(many, ".rept 300; nop; .endr");

static void test_ends(void **state)
{
    (void)state;
    Guest g;

    guest_init(&g, branch_begin, branch_end, NULL);
    TranslationResult r = translate(&g, 0);
    assert_int_equal(r.num_insns, 2);
    assert_int_equal(r.size, 4);
    assert_int_equal(ops_of(g.ctx, INDEX_op_goto_tb), 2);
    translate(&g, CF_NO_GOTO_TB);
    assert_int_equal(ops_of(g.ctx, INDEX_op_goto_tb), 0);
    assert_int_equal(ops_of(g.ctx, INDEX_op_goto_ptr), 2);
    translate(&g, CF_NO_GOTO_TB | CF_NO_GOTO_PTR);
    assert_int_equal(ops_of(g.ctx, INDEX_op_goto_ptr), 0);
    guest_free(&g);

    guest_init(&g, indirect_begin, indirect_end, NULL);
    translate(&g, 0);
    assert_int_equal(ops_of(g.ctx, INDEX_op_goto_ptr), 1);
    guest_free(&g);

    // The instruction that straddles the page's end is the last.
    const uint8_t *first = (const uint8_t *)(((uintptr_t)page_begin + 4095) & ~(uintptr_t)4095);
    guest_init(&g, first + 4080, page_end, NULL);
    r = translate(&g, 0);
    assert_int_equal(r.num_insns, 12);
    assert_int_equal(r.size, 20);
    guest_free(&g);

    // What cannot be fetched ends the block before it; as the first instruction it is a fetch fault.
    guest_init(&g, cut_begin, cut_end, NULL);
    r = translate(&g, 0);
    assert_int_equal(r.num_insns, 1);
    assert_false(r.fetch_fault);
    g.env->rip += 5;
    r = translate(&g, 0);
    assert_true(r.fetch_fault);
    assert_int_equal(r.fault_addr, (uint64_t)(uintptr_t)cut_end);
    guest_free(&g);

    guest_init(&g, bad_first_begin, bad_first_end, NULL);
    translate(&g, 0);
    assert_int_equal(run(&g), -1);
    assert_int_equal(g.env->cs.exception_index, EXCP06_ILLOP);
    assert_int_equal(g.env->rip, (uint64_t)(uintptr_t)bad_first_begin);
    guest_free(&g);

    guest_init(&g, many_begin, many_end, NULL);
    r = translate(&g, 0);
    assert_true(r.num_insns > 20 && r.num_insns < 300);
    r = translate(&g, 7 << CF_COUNT_SHIFT);
    assert_int_equal(r.num_insns, 7);
    guest_free(&g);
}

static void test_exit_request(void **state)
{
    (void)state;
    Guest g;
    guest_init(&g, branch_begin, branch_end, NULL);
    translate(&g, 0);
    g.env->cs.exit_request = 1;
    uint64_t pc = g.env->rip;
    g.env->rip = 0; // blocks that jump here directly do not store it
    assert_int_equal(run(&g), (intptr_t)((uintptr_t)&g.code | TB_EXIT_REQUESTED));
    assert_int_equal(g.env->rip, pc);
    guest_free(&g);
}

CODE(step, "add %ebx, %eax; inc %ecx; jmp *%rdx");

static void test_steps(void **state)
{
    (void)state;
    Guest g;
    guest_init(&g, step_begin, step_end, NULL);
    uint64_t begin = g.env->rip;
    TranslationResult r = translate(&g, CF_SINGLE_STEP);
    assert_int_equal(r.num_insns, 1);
    assert_int_equal(run(&g), -1);
    assert_int_equal(g.env->cs.exception_index, EXCP_DEBUG);
    assert_int_equal(g.env->rip, begin + 2);
    // The program's own TF.
    g.env->eflags_other |= X86_TF;
    g.env->regs[R_ECX] = 5;
    r = translate(&g, 0);
    assert_int_equal(r.num_insns, 1);
    assert_int_equal(run(&g), -1);
    assert_int_equal(g.env->cs.exception_index, EXCP01_DB);
    assert_int_equal(g.env->regs[R_ECX], 6);
    assert_int_equal(g.env->rip, begin + 4);
    // The trap comes after an indirect jump, too.
    g.env->regs[R_EDX] = begin;
    translate(&g, 0);
    assert_int_equal(run(&g), -1);
    assert_int_equal(g.env->cs.exception_index, EXCP01_DB);
    assert_int_equal(g.env->rip, begin);
    guest_free(&g);
}

// --- repeated strings ----------------------------------------------------------------------------------

CODE(rep_movs, "rep movsb; nop");
CODE(rep_scas, "repne scasb; nop");

static void interrupt(CPUState *cs, uint64_t addr, uint32_t size)
{
    (void)addr;
    (void)size;
    cs->exit_request = 1;
}

static void test_interrupted_strings(void **state)
{
    (void)state;
    static uint8_t from[3 * 4096], to[3 * 4096];
    Guest g;

    guest_init(&g, rep_movs_begin, rep_movs_end, NULL);
    memset(from, 7, sizeof(from));
    g.env->regs[R_ECX] = sizeof(from);
    g.env->regs[R_ESI] = (uint64_t)(uintptr_t)from;
    g.env->regs[R_EDI] = (uint64_t)(uintptr_t)to;
    uint64_t begin = g.env->rip;
    translate(&g, CF_NO_GOTO_TB | CF_NO_GOTO_PTR);
    unsigned rounds = 0;
    do {
        // Asked for while it runs: the block's entry has looked already.
        g.env->cs.exit_request = 0;
        uint64_t left = g.env->regs[R_ECX];
        g.env->cs.mem_write_hook = interrupt;
        assert_int_equal(run(&g), 0);
        assert_true(g.env->regs[R_ECX] < left);
        assert_int_equal(g.env->regs[R_ESI] - (uint64_t)(uintptr_t)from,
                         sizeof(from) - g.env->regs[R_ECX]);
        rounds++;
    } while (g.env->rip == begin);
    assert_int_equal(g.env->regs[R_ECX], 0);
    assert_true(rounds >= 3);
    assert_memory_equal(from, to, sizeof(from));
    guest_free(&g);

    // The loop inside the block: exit_request is seen after one element.
    guest_init(&g, rep_scas_begin, rep_scas_end, NULL);
    g.env->regs[R_ECX] = 100;
    g.env->regs[R_EDI] = (uint64_t)(uintptr_t)to;
    translate(&g, CF_NO_GOTO_TB | CF_NO_GOTO_PTR);
    // The entry's check is the first op pair; let it pass by clearing the request's address there.
    TCGOp *first = g.ctx->ops.next;
    assert_int_equal(first->opc, INDEX_op_ld_i32);
    tcg_op_remove(g.ctx, first->next);
    g.env->cs.exit_request = 1;
    assert_int_equal(run(&g), 0);
    assert_int_equal(g.env->regs[R_ECX], 99);
    assert_int_equal(g.env->rip, (uint64_t)(uintptr_t)rep_scas_begin);
    assert_int_equal(x86_eflags_get(g.env) & X86_CC_Z, 0); // the flags of the element compared
    guest_free(&g);
}

// --- CPU models ----------------------------------------------------------------------------------------

CODE(f_popcnt, "popcnt %eax, %ebx");
CODE(f_lzcnt, "lzcnt %eax, %ebx");
CODE(f_tzcnt, "tzcnt %eax, %ebx");
CODE(f_andn, "andn %eax, %ebx, %ecx");
CODE(f_pdep, "pdep %eax, %ebx, %ecx");
CODE(f_adcx, "adcx %eax, %ebx");
CODE(f_movbe, "movbe (%rsi), %eax");
CODE(f_crc32, "crc32b %al, %ebx");
CODE(f_cx16, "cmpxchg16b (%rsi)");
CODE(f_rdrand, "rdrand %eax");
CODE(f_fsgsbase, "rdfsbase %rax");
CODE(f_rdtscp, "rdtscp");
CODE(f_lahf, "lahf");
CODE(f_avx, "vaddps %ymm0, %ymm1, %ymm2");
CODE(f_avx2, "vpaddd %ymm0, %ymm1, %ymm2");
CODE(f_vpaddd, "vpaddd %xmm0, %xmm1, %xmm2");
CODE(f_fma, "vfmadd231ps %ymm0, %ymm1, %ymm2");
CODE(f_f16c, "vcvtph2ps %xmm0, %xmm1");
CODE(f_vaes, "vaesenc %ymm0, %ymm1, %ymm2");
CODE(f_vaesenc, "vaesenc %xmm0, %xmm1, %xmm2");
CODE(f_evex, "vaddps %zmm0, %zmm1, %zmm2");
CODE(f_add, "add %eax, %ebx");

static bool is_undefined(const uint8_t *begin, const uint8_t *end, const char *model)
{
    Guest g;
    guest_init(&g, begin, end, model);
    static uint64_t memory[4] __attribute__((aligned(16)));
    g.env->regs[R_ESI] = (uint64_t)(uintptr_t)memory;
    translate(&g, CF_NO_GOTO_TB | CF_NO_GOTO_PTR);
    bool ud = run(&g) == -1 && g.env->cs.exception_index == EXCP06_ILLOP;
    guest_free(&g);
    return ud;
}

static void test_models(void **state)
{
    (void)state;
    static const struct {
        const uint8_t *begin, *end;
        const char *with, *without;
    } cases[] = {
        {f_popcnt_begin, f_popcnt_end, "x86-64-v2", "x86-64-v1"},
        {f_andn_begin, f_andn_end, "max", "x86-64-v2"},
        {f_pdep_begin, f_pdep_end, "max", "max,-bmi2"},
        {f_adcx_begin, f_adcx_end, "x86-64-v2,+adx", "x86-64-v2"},
        {f_movbe_begin, f_movbe_end, "max", "qemu64"},
        {f_crc32_begin, f_crc32_end, "x86-64-v2", "x86-64-v2,-sse4.2"},
        {f_cx16_begin, f_cx16_end, "qemu64", "x86-64-v1"},
        {f_rdrand_begin, f_rdrand_end, "max", "x86-64-v2"},
        {f_fsgsbase_begin, f_fsgsbase_end, "max", "x86-64-v2"},
        {f_rdtscp_begin, f_rdtscp_end, "max", "x86-64-v2"},
        {f_lahf_begin, f_lahf_end, "x86-64-v2", "x86-64-v1"},
        {f_add_begin, f_add_end, "x86-64-v1", NULL},
        {f_avx_begin, f_avx_end, "x86-64-v3", "max,-avx"},
        {f_avx2_begin, f_avx2_end, "x86-64-v3", "max,-avx2"},
        {f_vpaddd_begin, f_vpaddd_end, "max,-avx2", "max,-avx"},
        {f_fma_begin, f_fma_end, "x86-64-v3", "max,-fma"},
        {f_f16c_begin, f_f16c_end, "x86-64-v3", "max,-f16c"},
        {f_vaes_begin, f_vaes_end, "max", "max,-vaes"},
        {f_vaesenc_begin, f_vaesenc_end, "max,-vaes", "max,-avx"},
        {f_evex_begin, f_evex_end, NULL, "max"},
        // Decoded as BSR and BSF by a CPU without them.
        {f_lzcnt_begin, f_lzcnt_end, "x86-64-v1", NULL},
        {f_tzcnt_begin, f_tzcnt_end, "x86-64-v1", NULL},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (cases[i].with) {
            assert_false(is_undefined(cases[i].begin, cases[i].end, cases[i].with));
        }
        if (cases[i].without) {
            assert_true(is_undefined(cases[i].begin, cases[i].end, cases[i].without));
        }
    }
    CPUX86State *env = g_aligned_alloc0(1, frontend_cpu_size(&guest_isa_x86_64), 64);
    assert_false(guest_isa_x86_64.cpu_reset(&env->cs, "pentium-nine"));
    assert_false(guest_isa_x86_64.cpu_reset(&env->cs, "max,-nonsense"));
    assert_false(guest_isa_x86_64.cpu_reset(&env->cs, "max,adx"));
    g_aligned_free(env);
}

CODE(cpuid, "cpuid");

static void cpuid_of(const char *model, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    Guest g;
    guest_init(&g, cpuid_begin, cpuid_end, model);
    g.env->regs[R_EAX] = leaf;
    g.env->regs[R_ECX] = subleaf;
    translate(&g, CF_NO_GOTO_TB | CF_NO_GOTO_PTR);
    assert_int_equal(run(&g), 0);
    static const unsigned order[4] = {R_EAX, R_EBX, R_ECX, R_EDX};
    for (unsigned i = 0; i < 4; i++) {
        out[i] = (uint32_t)g.env->regs[order[i]];
    }
    guest_free(&g);
}

static void test_cpuid(void **state)
{
    (void)state;
    uint32_t r[4];
    cpuid_of(NULL, 0, 0, r);
    assert_true(r[0] >= 7);
    assert_memory_equal(&r[1], "Auth", 4);
    cpuid_of(NULL, 1, 0, r);
    assert_int_equal(r[2] >> 20 & 1, 1); // SSE4.2
    assert_int_equal(r[3] >> 25 & 3, 3); // SSE, SSE2
    cpuid_of("x86-64-v1", 1, 0, r);
    assert_int_equal(r[2] & 0x7fffffff, 0);
    cpuid_of(NULL, 7, 0, r);
    assert_int_equal(r[1] >> 3 & 1, 1);  // BMI1
    assert_int_equal(r[1] >> 29 & 1, 1); // SHA
    cpuid_of("max,-sha-ni", 7, 0, r);
    assert_int_equal(r[1] >> 29 & 1, 0);
    cpuid_of(NULL, 0x80000001, 0, r);
    assert_int_equal(r[3] >> 29 & 1, 1); // long mode
    char brand[49] = {0};
    for (unsigned i = 0; i < 3; i++) {
        cpuid_of("max", 0x80000002 + i, 0, (uint32_t *)(void *)(brand + (size_t)i * 16));
    }
    assert_string_equal(brand, "myna virtual CPU");
}

// AVX, its state, and what cannot be without it.
static void test_cpuid_avx(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        uint32_t avx, fma, avx2, xcr0, size;
    } want[] = {
        {"max", 1, 1, 1, 7, 832},
        {"x86-64-v3", 1, 1, 1, 7, 832},
        {"max,-avx", 0, 0, 0, 3, 576},
        {"max,-xsave", 0, 0, 0, 0, 0},
        {"max,-avx2", 1, 1, 0, 7, 832},
        {"x86-64-v2", 0, 0, 0, 0, 0},
        {"x86-64-v2,+fma", 1, 1, 0, 7, 832},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(want); i++) {
        uint32_t r[4];
        cpuid_of(want[i].model, 1, 0, r);
        assert_int_equal(r[2] >> 28 & 1, want[i].avx);
        assert_int_equal(r[2] >> 12 & 1, want[i].fma);
        assert_int_equal(r[2] >> 27 & 1, want[i].xcr0 != 0); // OSXSAVE
        cpuid_of(want[i].model, 7, 0, r);
        assert_int_equal(r[1] >> 5 & 1, want[i].avx2);
        cpuid_of(want[i].model, 0xd, 0, r);
        assert_int_equal(r[0], want[i].xcr0);
        assert_int_equal(r[1], want[i].size);
        cpuid_of(want[i].model, 0xd, 2, r);
        assert_int_equal(r[0], want[i].avx ? 256 : 0);
        assert_int_equal(r[1], want[i].avx ? 576 : 0);
    }
}

static void test_disassembly(void **state)
{
    (void)state;
    char text[64];
    assert_int_equal(guest_isa_x86_64.disassemble(NULL, 0x1000, f_andn_begin,
                                                  (size_t)(f_andn_end - f_andn_begin), text,
                                                  sizeof(text)),
                     5);
    assert_string_equal(text, "andn ecx, ebx, eax");
    assert_int_equal(guest_isa_x86_64.disassemble(NULL, 0, bad_first_begin, 1, text, sizeof(text)),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags_at_end),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_exit_request),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_interrupted_strings),
        cmocka_unit_test(test_models),
        cmocka_unit_test(test_cpuid),
        cmocka_unit_test(test_cpuid_avx),
        cmocka_unit_test(test_disassembly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
