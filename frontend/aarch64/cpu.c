// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The AArch64 guest's face: register table, reset, block keys, FP environment, `-d cpu`.

#include "helpers/aarch64/cpu.h"

#include <elf.h>
#include <glib.h>
#include <stddef.h>
#include <string.h>

#include "frontend/aarch64/cpu-models.h"
#include "frontend/aarch64/isa.h"
#include "frontend/aarch64/translate.h"
#include "helpers/helper-tables.h"

static const GuestReg a64_regs[] = {
#define ARM_REG(E, name_, type_, field, gdb)                                                       \
    {.name = (name_),                                                                              \
     .type = TCG_TYPE_##type_,                                                                     \
     .offset = offsetof(CPUARMState, field),                                                       \
     .gdb_number = (gdb)},
#include "helpers/aarch64/regs.h"
};

static void a64_init(void)
{
    static gsize done;
    if (g_once_init_enter(&done)) {
        helpers_common_register();
        helpers_aarch64_register();
        g_once_init_leave(&done, 1);
    }
}

static bool a64_cpu_reset(CPUState *cs, const char *model_name)
{
    const ARMCPUModel *model = arm_model_find(model_name);
    if (!model) {
        return false;
    }
    CPUARMState *env = (CPUARMState *)cs;
    memset(&env->cs + 1, 0, sizeof(*env) - sizeof(env->cs));
    cs->exception_index = EXCP_NONE;
    cs->isa = &guest_isa_aarch64;
    env->model = model;
    env->zf = 1; // Z = 0
    env->exclusive_addr = ARM_EXCLUSIVE_NONE;
    return true;
}

// User mode's TBI: bits 63 to 56 of a branch's target are copies of bit 55 (AArch64.BranchAddr).
static uint64_t canonical_pc(const CPUARMState *env)
{
    return (uint64_t)((int64_t)(env->pc << 8) >> 8);
}

static TBKey a64_get_tb_key(const CPUState *cs)
{
    const CPUARMState *env = (const CPUARMState *)cs;
    return (TBKey){
        .pc = canonical_pc(env),
        .flags = (env->fpcr & FPCR_FZ ? A64_TB_FZ : 0) | (env->fpcr & FPCR_FZ16 ? A64_TB_FZ16 : 0) |
                 (env->fpcr & FPCR_DN ? A64_TB_DN : 0) | (env->fpcr & FPCR_AHP ? A64_TB_AHP : 0) |
                 env->fp_shortcuts | (env->xregs[31] & 15 ? A64_TB_SP_MISALIGNED : 0) |
                 (uint32_t)env->model->index << A64_TB_MODEL_SHIFT,
    };
}

static int a64_return_mode(uint32_t flags)
{
    const uint32_t rest = A64_TB_FPCR | A64_TB_FP_SHORTCUTS | 0xffu << A64_TB_MODEL_SHIFT;
    const int shortcuts = (int)(~flags / A64_TB_FP_TRAPS & 3); // both as a rule
    return flags & ~rest ? -1 : (int)((flags & A64_TB_FPCR) / A64_TB_FZ) << 2 | shortcuts;
}

static uint64_t a64_get_pc(const CPUState *cs) { return canonical_pc((const CPUARMState *)cs); }

static void a64_set_pc(CPUState *cs, uint64_t pc) { ((CPUARMState *)cs)->pc = pc; }

static void fp_enter(CPUState *cs) { arm_fp_enter((CPUARMState *)cs); }
static void fp_leave(CPUState *cs) { arm_fp_leave((CPUARMState *)cs); }
static bool fp_trap(CPUState *cs) { return arm_fp_trap((CPUARMState *)cs); }

// --- logs --------------------------------------------------------------------------------------------

static size_t a64_disassemble(const CPUState *cs, uint64_t pc, const uint8_t *bytes, size_t len,
                              char *buf, size_t size)
{
    (void)cs;
    if (len < 4) {
        snprintf(buf, size, "(bad)");
        return 0;
    }
    if (!frontend_disassembler ||
        !frontend_disassembler("aarch64-linux-gnu", "+all", pc, bytes, 4, buf, size)) {
        uint32_t insn;
        memcpy(&insn, bytes, 4);
        snprintf(buf, size, ".word 0x%08x", insn);
    }
    return 4;
}

// Rows of instructions by mask and bits; those with pointer authentication among calls and returns.
static unsigned a64_insn_class(const uint8_t *bytes, size_t len, size_t *size)
{
    static const struct {
        uint32_t mask, bits;
        unsigned class;
    } rows[] = {
        {0xfc000000, 0x94000000, GUEST_INSN_CALL},      // BL
        {0xfefff000, 0xd63f0000, GUEST_INSN_CALL},      // BLR, BLRAA, ...
        {0xfffff000, 0xd65f0000, GUEST_INSN_RETURN},    // RET, RETAA, RETAB
        {0xffe0001f, 0xd4000001, GUEST_INSN_SYSCALL},   // SVC
        {0xfffffe1f, 0xd5032e1f, GUEST_INSN_HYPERCALL}, // HINT #0x70 .. #0x7f
    };
    uint32_t insn;
    *size = len < sizeof(insn) ? 0 : sizeof(insn);
    if (!*size) {
        return 0;
    }
    memcpy(&insn, bytes, sizeof(insn));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if ((insn & rows[i].mask) == rows[i].bits) {
            return rows[i].class;
        }
    }
    return 0;
}

static uint64_t a64_hypercall_number(const CPUState *cs, uint32_t bytes)
{
    (void)cs;
    return bytes >> 5 & 0x7f;
}

static void a64_dump_state(const CPUState *cs, FILE *f)
{
    const CPUARMState *env = (const CPUARMState *)cs;
    uint32_t psr = arm_pstate_get(env);

    fprintf(f, " PC=%016lx ", (unsigned long)env->pc);
    for (unsigned i = 0; i < 32; i++) {
        if (i == 31) {
            fprintf(f, " SP=%016lx\n", (unsigned long)env->xregs[31]);
        } else {
            fprintf(f, "X%02u=%016lx%s", i, (unsigned long)env->xregs[i], i % 3 == 1 ? "\n" : " ");
        }
    }
    fprintf(f, "PSTATE=%08x %c%c%c%c EL0t\n", psr, psr & ARM_CC_N ? 'N' : '-',
            psr & ARM_CC_Z ? 'Z' : '-', psr & ARM_CC_C ? 'C' : '-', psr & ARM_CC_V ? 'V' : '-');
    fprintf(f, "FPCR=%08x FPSR=%08x\n", arm_fpcr_get(env), arm_fpsr_get(env));
    for (unsigned i = 0; i < 32; i++) {
        fprintf(f, "Q%02u=%016lx:%016lx%s", i, (unsigned long)env->vregs[i].q[1],
                (unsigned long)env->vregs[i].q[0], i % 2 ? "\n" : " ");
    }
}

// Not SP, of which the block's key has a bit.
#if defined(__x86_64__)
#define REG(n) offsetof(CPUARMState, xregs[n])
TCG_PINNED_DEFINE(pinned, REG(0), REG(1), REG(2), REG(3), REG(8), REG(19), REG(20), REG(29),
                  REG(30));
#undef REG
#endif

const GuestISA guest_isa_aarch64 = {
    .name = "aarch64",
    .elf_machine = EM_AARCH64,
    .elf_class = ELFCLASS64,
    .pointer_bits = 64,
    .max_insn_size = 4,
    .tag_bits = 8,
    .watch_before = true,
    .env_size = sizeof(CPUARMState),
    .disas_size = sizeof(DisasContext),
    .regs = a64_regs,
    .nb_regs = G_N_ELEMENTS(a64_regs),
    .pc_reg = A64_G_PC,
#if defined(__x86_64__)
    .pinned = &pinned,
#endif
    .translator = &a64_translator_ops,
    .init = a64_init,
    .cpu_reset = a64_cpu_reset,
    .cpu_list = arm_model_list,
    .get_tb_key = a64_get_tb_key,
    .return_mode = a64_return_mode,
    .state_regs = a64_state_regs,
    .nb_state_regs = A64_NB_STATE_REGS,
    .state_get = a64_state_get,
    .state_set = a64_state_set,
    .insn_class = a64_insn_class,
    .hypercall_number = a64_hypercall_number,
    .get_pc = a64_get_pc,
    .set_pc = a64_set_pc,
    .fp_enter = fp_enter,
    .fp_leave = fp_leave,
    .fp_trap = fp_trap,
    .fp_nan = arm_fp_nan,
    .disassemble = a64_disassemble,
    .dump_state = a64_dump_state,
    .gdb = &a64_gdb_target,
};
