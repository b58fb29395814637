// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Control transfer: jumps, calls, loops, traps, system calls.

#include <glib.h>

#include "frontend/x86/helpers.h"
#include "frontend/x86/translate.h"

// --- targets -----------------------------------------------------------------------------------------

static uint64_t wrap_pc(const DisasContext *s, uint64_t pc)
{
    return s->code64 ? pc : (uint32_t)pc;
}

static uint64_t relative_target(const DisasContext *s)
{
    return wrap_pc(s, s->next_pc + (uint64_t)s->op[0].imm.value.s);
}

static bool is_relative(const DisasContext *s)
{
    return s->op[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && s->op[0].imm.is_relative;
}

// Far transfers change CS, which user mode under Linux has no use for in 64-bit code.  Returns are known,
// to the same segment.
static bool is_far(const DisasContext *s)
{
    return s->insn.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
}

static bool refuse_far(DisasContext *s)
{
    x86_gen_exception(s, EXCP0D_GPF, s->pc);
    return true;
}

static void gen_indirect(DisasContext *s, TCGv_i64 target)
{
    tcg_gen_mov_i64(tcg_global_i64(X86_G_RIP), target);
    s->base.is_jmp = (DisasJumpType)X86_DISAS_LOOKUP;
}

// --- jumps, calls ------------------------------------------------------------------------------------

static bool trans_jmp(DisasContext *s, int arg)
{
    (void)arg;
    if (is_far(s)) {
        return refuse_far(s);
    }
    if (is_relative(s)) {
        x86_gen_jump(s, 0, relative_target(s));
    } else {
        gen_indirect(s, x86_op_load(s, 0));
    }
    return true;
}

static bool trans_call(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = s->code64 ? MO_64 : MO_32;
    if (is_far(s)) {
        return refuse_far(s);
    }
    tcg_ctx->jump_kind = TCG_JUMP_CALL;
    if (is_relative(s)) {
        x86_gen_push(s, tcg_constant_i64((int64_t)s->next_pc), size);
        x86_gen_jump(s, 0, relative_target(s));
        return true;
    }
    TCGv_i64 target = x86_op_load_tmp(s, 0);
    x86_gen_push(s, tcg_constant_i64((int64_t)s->next_pc), size);
    gen_indirect(s, target);
    return true;
}

MemOp x86_far_size(const DisasContext *s)
{
    return s->insn.operand_width == 64 ? MO_64 : s->insn.operand_width == 16 ? MO_16 : MO_32;
}

void x86_gen_same_cs(DisasContext *s, TCGv_i64 selector)
{
    TCGv_i64 cs = tcg_temp_new_i64(), sel = tcg_temp_new_i64();
    tcg_gen_ld16u_i64(cs, tcg_env(), offsetof(CPUX86State, segs[R_CS]));
    tcg_gen_andi_i64(sel, selector, 0xffff);
    x86_gen_exception_if(s, EXCP0D_GPF, TCG_COND_NE, sel, cs);
}

static bool trans_ret(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = s->code64 ? MO_64 : MO_32;
    int64_t extra = s->insn.operand_count_visible ? (int64_t)(s->op[0].imm.value.u & 0xffff) : 0;
    if (is_far(s)) {
        size = x86_far_size(s);
        x86_gen_same_cs(s, x86_gen_stack_load(s, size, 1u << size));
        extra += 1 << size;
    }
    TCGv_i64 target = x86_gen_stack_load(s, size, 0);
    x86_gen_sp_add(s, (1 << size) + extra);
    tcg_ctx->jump_kind = TCG_JUMP_RETURN;
    gen_indirect(s, target);
    return true;
}

// The block's two ends: `taken` has been branched to when the condition holds.
static void gen_two_ends(DisasContext *s, TCGLabel *taken, uint64_t target)
{
    X86PendingFlags saved = s->flags;
    x86_gen_jump(s, 0, s->next_pc);
    gen_set_label(taken);
    s->flags = saved;
    x86_gen_jump(s, 1, target);
}

static bool trans_jcc(DisasContext *s, int cc)
{
    TCGLabel *taken = gen_new_label();
    X86Cond c = x86_flags_cond(s, (unsigned)cc);
    tcg_gen_brcond_i64(c.cond, c.a, c.b, taken);
    gen_two_ends(s, taken, relative_target(s));
    return true;
}

// RCX or ECX (CX), as the address size says, zero-extended.
static MemOp counter_size(const DisasContext *s)
{
    return s->insn.address_width == 64 ? MO_64 : s->insn.address_width == 32 ? MO_32 : MO_16;
}

static bool trans_jcxz(DisasContext *s, int arg)
{
    (void)arg;
    TCGLabel *taken = gen_new_label();
    tcg_gen_brcondi_i64(TCG_COND_EQ, x86_zext(x86_gpr(R_ECX), counter_size(s)), 0, taken);
    gen_two_ends(s, taken, relative_target(s));
    return true;
}

enum { LOOP_PLAIN = -1, LOOP_NE = 5, LOOP_E = 4 }; // condition codes NZ and Z

static bool trans_loop(DisasContext *s, int cc)
{
    MemOp size = counter_size(s);
    TCGLabel *taken = gen_new_label(), *out = gen_new_label();
    TCGv_i64 n = tcg_temp_new_i64(), both = tcg_temp_new_i64();
    tcg_gen_subi_i64(n, x86_gpr(R_ECX), 1);
    x86_reg_store(s, R_ECX, size, n);
    n = x86_zext(n, size);
    if (cc == LOOP_PLAIN) {
        tcg_gen_brcondi_i64(TCG_COND_NE, n, 0, taken);
    } else {
        X86Cond c = x86_flags_cond(s, (unsigned)cc);
        tcg_gen_setcond_i64(c.cond, both, c.a, c.b);
        tcg_gen_brcondi_i64(TCG_COND_EQ, n, 0, out);
        tcg_gen_brcondi_i64(TCG_COND_NE, both, 0, taken);
    }
    gen_set_label(out);
    gen_two_ends(s, taken, relative_target(s));
    return true;
}

// --- traps and system calls --------------------------------------------------------------------------

static bool trans_int3(DisasContext *s, int vector)
{
    x86_gen_exception(s, vector, s->next_pc); // traps: pc is after the instruction
    return true;
}

static bool trans_int(DisasContext *s, int arg)
{
    (void)arg;
    unsigned n = s->op[0].imm.value.u & 0xff;
    switch (n) {
    case 3: // gates that Linux opens to user mode
    case 4:
    case 0x80: x86_gen_exception(s, (int)n, s->next_pc); break;
    default: // the error code names the gate: SDM volume 3, 6.13
        tcg_gen_st_i64(tcg_constant_i64(n << 3 | 2), tcg_env(),
                       offsetof(CPUState, exception_error));
        x86_gen_exception(s, EXCP0D_GPF, s->pc);
        break;
    }
    return true;
}

static bool trans_syscall(DisasContext *s, int arg)
{
    (void)arg;
    if (!s->code64) {
        return false; // Intel's processors know it in 64-bit mode only
    }
    TCGv_i64 flags = tcg_temp_new_i64();
    x86_flags_materialise(s, X86_CC_MASK);
    gen_helper_x86_read_eflags(flags, tcg_env());
    tcg_gen_mov_i64(x86_gpr(11), flags);
    tcg_gen_movi_i64(x86_gpr(R_ECX), (int64_t)s->next_pc);
    x86_gen_exception(s, EXCP_SYSCALL, s->next_pc);
    return true;
}

// clang-format off
#define J(name, cc) {ZYDIS_MNEMONIC_J##name, trans_jcc, cc, X86_FEAT_NONE}
const X86Row x86_rows_control[] = {
    {ZYDIS_MNEMONIC_JMP,     trans_jmp,     0,            X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_CALL,    trans_call,    0,            X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_RET,     trans_ret,     0,            X86_FEAT_NONE},
    J(O, 0), J(NO, 1), J(B, 2), J(NB, 3), J(Z, 4), J(NZ, 5), J(BE, 6), J(NBE, 7),
    J(S, 8), J(NS, 9), J(P, 10), J(NP, 11), J(L, 12), J(NL, 13), J(LE, 14), J(NLE, 15),
    {ZYDIS_MNEMONIC_JCXZ,    trans_jcxz,    0,            X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_JECXZ,   trans_jcxz,    0,            X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_JRCXZ,   trans_jcxz,    0,            X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_LOOP,    trans_loop,    LOOP_PLAIN,   X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_LOOPE,   trans_loop,    LOOP_E,       X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_LOOPNE,  trans_loop,    LOOP_NE,      X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_INT1,    trans_int3,    EXCP01_DB,    X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_INT3,    trans_int3,    EXCP03_INT3,  X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_INT,     trans_int,     0,            X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_SYSCALL, trans_syscall, 0,            X86_FEAT_NONE},
};
// clang-format on
const size_t x86_rows_control_count = G_N_ELEMENTS(x86_rows_control);
