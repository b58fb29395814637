// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The x86-64 guest's face: register table, reset, block keys, FP environment, `-d cpu`.

#include "helpers/x86/cpu.h"

#include <elf.h>
#include <glib.h>
#include <stddef.h>
#include <string.h>

#include "frontend/x86/cpu-models.h"
#include "frontend/x86/isa.h"
#include "frontend/x86/translate.h"
#include "helpers/helper-tables.h"

static const GuestReg x86_regs[] = {
#define X86_REG(E, name_, type_, field, gdb)                                                       \
    {.name = (name_),                                                                              \
     .type = TCG_TYPE_##type_,                                                                     \
     .offset = offsetof(CPUX86State, field),                                                       \
     .gdb_number = (gdb)},
#include "helpers/x86/regs.h"
};

static void x86_init(void)
{
    static gsize done;
    if (g_once_init_enter(&done)) {
        helpers_common_register();
        helpers_x86_register();
        x86_translate_init();
        g_once_init_leave(&done, 1);
    }
}

// --- reset -------------------------------------------------------------------------------------------

// Selectors that Linux gives a 64-bit process (arch/x86/include/asm/segment.h: __USER_CS, __USER_DS).
#define LINUX_USER_CS 0x33
#define LINUX_USER_DS 0x2b

static bool x86_cpu_reset(CPUState *cs, const char *model_name)
{
    const X86CPUModel *model = x86_model_find(model_name);
    if (!model) {
        return false;
    }
    CPUX86State *env = (CPUX86State *)cs;
    memset(&env->cs + 1, 0, sizeof(*env) - sizeof(env->cs));
    cs->exception_index = EXCP_NONE;
    cs->isa = &guest_isa_x86_64;
    env->model = model;
    env->code64 = true;
    env->df = 1;
    x86_eflags_set(env, X86_IF | 2, ~0ull);
    env->segs[R_CS] = LINUX_USER_CS;
    env->segs[R_SS] = LINUX_USER_DS;
    x86_fp_reset(env);
    env->xcr0 = !(model->features >> X86_FEAT_XSAVE & 1) ? 0
                : model->features >> X86_FEAT_AVX & 1    ? 7 // x87, SSE and AVX
                                                         : 3;   // x87 and SSE
    return true;
}

#define MXCSR_MASKS 0x1f80u

static TBKey x86_get_tb_key(const CPUState *cs)
{
    const CPUX86State *env = (const CPUX86State *)cs;
    return (TBKey){
        .pc = env->rip,
        .flags = (env->code64 ? X86_TB_CODE64 : 0) | (env->eflags_other & X86_TF ? X86_TB_TF : 0) |
                 ((env->mxcsr & MXCSR_MASKS) != MXCSR_MASKS ? X86_TB_SSE_UNMASKED : 0) |
                 (uint32_t)env->model->index << X86_TB_MODEL_SHIFT,
    };
}

static int x86_return_mode(uint32_t flags)
{
    return flags & (X86_TB_TF | X86_TB_SSE_UNMASKED) ? -1 : !(flags & X86_TB_CODE64);
}

// CPUID: the leaf.
static uint64_t hypercall_number(const CPUState *cs, uint32_t bytes)
{
    (void)bytes;
    return (uint32_t)((const CPUX86State *)cs)->regs[R_EAX];
}

static uint64_t x86_get_pc(const CPUState *cs) { return ((const CPUX86State *)cs)->rip; }

static void x86_set_pc(CPUState *cs, uint64_t pc) { ((CPUX86State *)cs)->rip = pc; }

// --- FP environment ----------------------------------------------------------------------------------

static void fp_enter(CPUState *cs) { x86_fp_enter((CPUX86State *)cs); }
static void settle(CPUState *cs) { x86_flags_settle((CPUX86State *)cs); }
static void fp_leave(CPUState *cs) { x86_fp_leave((CPUX86State *)cs); }

// --- `-d cpu` ----------------------------------------------------------------------------------------

static void dump_eflags(uint64_t eflags, FILE *f)
{
    static const struct {
        uint32_t bit;
        char letter;
    } bits[] = {{X86_DF, 'D'},   {X86_CC_O, 'O'}, {X86_CC_S, 'S'}, {X86_CC_Z, 'Z'},
                {X86_CC_A, 'A'}, {X86_CC_P, 'P'}, {X86_CC_C, 'C'}};
    for (unsigned i = 0; i < G_N_ELEMENTS(bits); i++) {
        fputc(eflags & bits[i].bit ? bits[i].letter : '-', f);
    }
}

void x86_dump_state(const CPUState *cs, FILE *f)
{
    static const char *const names[16] = {"RAX", "RBX", "RCX", "RDX", "RSI", "RDI", "RBP", "RSP",
                                          "R8 ", "R9 ", "R10", "R11", "R12", "R13", "R14", "R15"};
    static const uint8_t order[16] = {0, 3, 1, 2, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15};
    const CPUX86State *env = (const CPUX86State *)cs;
    uint64_t eflags = x86_eflags_get(env);

    for (unsigned i = 0; i < 16; i++) {
        fprintf(f, "%s=%016lx%c", names[i], (unsigned long)env->regs[order[i]],
                i % 4 == 3 ? '\n' : ' ');
    }
    fprintf(f, "RIP=%016lx RFL=%08lx [", (unsigned long)env->rip, (unsigned long)eflags);
    dump_eflags(eflags, f);
    fprintf(f, "] FS_BASE=%016lx GS_BASE=%016lx\n", (unsigned long)env->fs_base,
            (unsigned long)env->gs_base);
    fprintf(f, "FCW=%04x FSW=%04x [ST=%u] MXCSR=%08x\n", env->fpuc,
            (env->fpus & ~0x3800u) | (env->fpstt & 7) << 11, env->fpstt & 7, env->mxcsr);
    for (unsigned i = 0; i < 16; i++) {
        fprintf(f, "XMM%02u=%016lx %016lx%c", i, (unsigned long)env->ymm[i].q[1],
                (unsigned long)env->ymm[i].q[0], i % 2 ? '\n' : ' ');
    }
    for (unsigned i = 0; i < 16 && env->xcr0 & 4; i++) {
        fprintf(f, "YMMH%02u=%016lx %016lx%c", i, (unsigned long)env->ymm[i].q[3],
                (unsigned long)env->ymm[i].q[2], i % 2 ? '\n' : ' ');
    }
}

// The number of the x87 register that is ST(0).
static const GuestReg x86_state[] = {
    {.name = "fptop",
     .offset = offsetof(CPUX86State, fpstt),
     .type = TCG_TYPE_I32,
     .gdb_number = -1},
};

#if defined(__x86_64__)
#define REG(n) offsetof(CPUX86State, regs[n])
TCG_PINNED_DEFINE(pinned, REG(0), REG(1), REG(2), REG(3), REG(4), REG(5), REG(6), REG(7), REG(12));
#undef REG
#endif

const GuestISA guest_isa_x86_64 = {
    .name = "x86_64",
    .elf_machine = EM_X86_64,
    .elf_class = ELFCLASS64,
    .pointer_bits = 64,
    .max_insn_size = 15,
    .env_size = sizeof(CPUX86State),
    .disas_size = sizeof(DisasContext),
    .regs = x86_regs,
    .nb_regs = G_N_ELEMENTS(x86_regs),
    .state = x86_state,
    .nb_state = G_N_ELEMENTS(x86_state),
    .pc_reg = X86_G_RIP,
#if defined(__x86_64__)
    .pinned = &pinned,
#endif
    .translator = &x86_translator_ops,
    .init = x86_init,
    .cpu_reset = x86_cpu_reset,
    .cpu_list = x86_model_list,
    .get_tb_key = x86_get_tb_key,
    .return_mode = x86_return_mode,
    .get_pc = x86_get_pc,
    .set_pc = x86_set_pc,
    .state_regs = x86_state_regs,
    .nb_state_regs = X86_NB_STATE_REGS,
    .state_get = x86_state_get,
    .state_set = x86_state_set,
    .insn_class = x86_insn_class,
    .hypercall_number = hypercall_number,
    .fp_enter = fp_enter,
    .fp_leave = fp_leave,
    .settle = settle,
    .disassemble = x86_disassemble,
    .dump_state = x86_dump_state,
    .gdb = &x86_gdb_target,
};
