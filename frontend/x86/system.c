// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is neither arithmetic nor control: EFLAGS as a whole, CPUID, time stamps, segment bases, fences,
// prefetches, no-operations, and what user mode may not do.

#include <glib.h>

#include "frontend/x86/helpers.h"
#include "frontend/x86/translate.h"

// --- EFLAGS ------------------------------------------------------------------------------------------

static bool trans_pushf(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 t = tcg_temp_new_i64();
    x86_flags_materialise(s, X86_CC_MASK);
    gen_helper_x86_read_eflags(t, tcg_env());
    x86_gen_push(s, t, x86_stack_size(s));
    return true;
}

// User mode cannot change IF and IOPL.
#define POPF_MASK (X86_CC_MASK | X86_DF | X86_TF | X86_NT | X86_AC | X86_ID)

static bool trans_popf(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = x86_stack_size(s);
    TCGv_i64 v = x86_gen_stack_load(s, size, 0);
    x86_gen_sp_add(s, 1 << size);
    gen_helper_x86_write_eflags(tcg_env(), v,
                                tcg_constant_i64(size == MO_16 ? POPF_MASK & 0xffff : POPF_MASK));
    x86_flags_to_globals(s);
    // TF is part of the block's key.
    x86_store_pc(s, s->next_pc);
    s->base.is_jmp = (DisasJumpType)X86_DISAS_EXIT;
    return true;
}

// IRET to the same segment, as programs use it to set flags and jump at once.
static bool trans_iret(DisasContext *s, int arg)
{
    (void)arg;
    MemOp size = x86_far_size(s);
    unsigned n = 1u << size;
    TCGv_i64 sp = NULL;
    x86_gen_same_cs(s, x86_gen_stack_load(s, size, n));
    TCGv_i64 target = x86_gen_stack_load(s, size, 0), flags = x86_gen_stack_load(s, size, 2 * n);
    if (s->code64) {
        TCGv_i32 ss = tcg_temp_new_i32();
        sp = x86_gen_stack_load(s, size, 3 * n);
        tcg_gen_extrl_i64_i32(ss, x86_gen_stack_load(s, size, 4 * n));
        x86_sync_state(s);
        gen_helper_x86_load_seg(tcg_env(), tcg_constant_i32(R_SS), ss);
    }
    gen_helper_x86_write_eflags(tcg_env(), flags,
                                tcg_constant_i64(size == MO_16 ? POPF_MASK & 0xffff : POPF_MASK));
    x86_flags_to_globals(s);
    if (sp) {
        tcg_gen_mov_i64(x86_gpr(R_ESP), sp);
    } else {
        x86_gen_sp_add(s, 3 * n);
    }
    tcg_gen_mov_i64(tcg_global_i64(X86_G_RIP), target);
    s->base.is_jmp = (DisasJumpType)X86_DISAS_EXIT;
    return true;
}

static void or_shifted(TCGv_i64 r, TCGv_i64 v, unsigned shift)
{
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_shli_i64(t, v, shift);
    tcg_gen_or_i64(r, r, t);
}

static bool trans_lahf(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 r = tcg_temp_new_i64(), t = tcg_temp_new_i64();
    x86_flags_materialise(s, X86_CC_MASK & ~X86_CC_O);
    tcg_gen_ori_i64(r, x86_cc_c(), 2);
    tcg_gen_andi_i64(t, x86_cc_n(), 0xff);
    tcg_gen_ctpop_i64(t, t);
    tcg_gen_andi_i64(t, t, 1);
    tcg_gen_xori_i64(t, t, 1);
    or_shifted(r, t, 2);
    tcg_gen_andi_i64(t, x86_cc_a(), X86_CC_A);
    tcg_gen_or_i64(r, r, t);
    tcg_gen_setcondi_i64(TCG_COND_EQ, t, x86_cc_z(), 0);
    or_shifted(r, t, 6);
    tcg_gen_shri_i64(t, x86_cc_n(), 63);
    or_shifted(r, t, 7);
    tcg_gen_deposit_i64(x86_gpr(R_EAX), x86_gpr(R_EAX), r, 8, 8);
    return true;
}

static bool trans_sahf(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 ah = tcg_temp_new_i64(), t = tcg_temp_new_i64(), n = tcg_temp_new_i64();
    tcg_gen_extract_i64(ah, x86_gpr(R_EAX), 8, 8);
    x86_flags_to_globals_partly(s, X86_CC_MASK & ~X86_CC_O);
    tcg_gen_andi_i64(x86_cc_c(), ah, 1);
    tcg_gen_mov_i64(x86_cc_a(), ah);
    tcg_gen_andi_i64(t, ah, X86_CC_Z);
    tcg_gen_xori_i64(x86_cc_z(), t, X86_CC_Z);
    // A value with the sign and the parity wanted.
    tcg_gen_shri_i64(n, ah, 7);
    tcg_gen_shli_i64(n, n, 63);
    tcg_gen_extract_i64(t, ah, 2, 1);
    tcg_gen_xori_i64(t, t, 1);
    tcg_gen_or_i64(x86_cc_n(), n, t);
    return true;
}

enum { CARRY_CLEAR, CARRY_SET, CARRY_FLIP };

static bool trans_carry(DisasContext *s, int op)
{
    x86_flags_to_globals_partly(s, op == CARRY_FLIP ? 0 : X86_CC_C);
    s->flags_written |= X86_CC_C;
    if (op == CARRY_FLIP) {
        tcg_gen_xori_i64(x86_cc_c(), x86_cc_c(), 1);
    } else {
        tcg_gen_movi_i64(x86_cc_c(), op);
    }
    return true;
}

static bool trans_direction(DisasContext *s, int step)
{
    (void)s;
    tcg_gen_movi_i64(tcg_global_i64(X86_G_DF), step);
    return true;
}

// --- CPUID and counters ------------------------------------------------------------------------------

static bool trans_cpuid(DisasContext *s, int arg)
{
    (void)s;
    (void)arg;
    gen_helper_x86_cpuid(tcg_env());
    return true;
}

static void store_edx_eax(TCGv_i64 v)
{
    tcg_gen_ext32u_i64(x86_gpr(R_EAX), v);
    tcg_gen_shri_i64(x86_gpr(R_EDX), v, 32);
}

static bool trans_rdtsc(DisasContext *s, int with_aux)
{
    (void)s;
    TCGv_i64 t = tcg_temp_new_i64();
    gen_helper_x86_rdtsc(t, tcg_env());
    store_edx_eax(t);
    if (with_aux) {
        gen_helper_x86_rdtscp_aux(x86_gpr(R_ECX), tcg_env());
    }
    return true;
}

static bool trans_rdpid(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 t = tcg_temp_new_i64();
    gen_helper_x86_rdtscp_aux(t, tcg_env());
    x86_op_store(s, 0, t);
    return true;
}

static bool trans_rdrand(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 t = tcg_temp_new_i64();
    gen_helper_x86_rdrand(t, tcg_env());
    x86_op_store(s, 0, t);
    x86_flags_to_globals(s); // CF = 1: there is always a number
    tcg_gen_movi_i64(x86_cc_z(), 1);
    tcg_gen_movi_i64(x86_cc_n(), 1);
    tcg_gen_movi_i64(x86_cc_c(), 1);
    tcg_gen_movi_i64(x86_cc_o(), 0);
    tcg_gen_movi_i64(x86_cc_a(), 0);
    return true;
}

static bool trans_xgetbv(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 t = tcg_temp_new_i64();
    x86_sync_state(s);
    gen_helper_x86_xgetbv(t, tcg_env(), x86_zext(x86_gpr(R_ECX), MO_32));
    store_edx_eax(t);
    return true;
}

// --- segments ----------------------------------------------------------------------------------------

static bool trans_rdbase(DisasContext *s, int global)
{
    if (!s->code64) {
        return false;
    }
    x86_op_store(s, 0, tcg_global_i64((unsigned)global));
    return true;
}

static bool trans_wrbase(DisasContext *s, int global)
{
    if (!s->code64) {
        return false;
    }
    TCGv_i64 v = x86_op_load(s, 0), t = tcg_temp_new_i64();
    if (x86_op_size(s, 0) == MO_64) { // must be canonical
        tcg_gen_sextract_i64(t, v, 0, 48);
        x86_gen_exception_if(s, EXCP0D_GPF, TCG_COND_NE, t, v);
    }
    tcg_gen_mov_i64(tcg_global_i64((unsigned)global), v);
    return true;
}

// VERR, VERW, LAR, LSL: ZF says whether the selector is one that the question has an answer for.
static bool trans_query_seg(DisasContext *s, int what)
{
    bool has_result = what == X86_SEG_RIGHTS || what == X86_SEG_LIMIT;
    TCGv_i64 answer = tcg_temp_new_i64(), r = tcg_temp_new_i64();
    TCGv_i32 selector = tcg_temp_new_i32();
    tcg_gen_extrl_i64_i32(selector, x86_zext(x86_op_load_raw(s, has_result ? 1 : 0), MO_16));
    gen_helper_x86_query_seg(answer, selector, tcg_constant_i32(what));
    if (has_result) {
        TCGv_i64 reg = x86_gpr(x86_op_regno(s, 0)), zero = tcg_constant_i64(0);
        tcg_gen_mov_i64(r, reg);
        x86_op_store(s, 0, answer);
        tcg_gen_movcond_i64(TCG_COND_LT, reg, answer, zero, r, reg);
    }
    x86_flags_to_globals_partly(s, X86_CC_Z);
    tcg_gen_setcondi_i64(TCG_COND_LT, x86_cc_z(), answer, 0);
    return true;
}

// --- hints, fences, refusals -------------------------------------------------------------------------

static bool trans_nop(DisasContext *s, int arg)
{
    (void)s;
    (void)arg;
    return true;
}

static bool trans_fence(DisasContext *s, int bar)
{
    (void)s;
    tcg_gen_mb((TCGBar)bar);
    return true;
}

// Needs privilege, or is emulated by no kernel for 64-bit programs (SGDT and the like under UMIP).
static bool trans_privileged(DisasContext *s, int arg)
{
    (void)arg;
    x86_gen_exception(s, EXCP0D_GPF, s->pc);
    return true;
}

// clang-format off
#define NOP(name) {ZYDIS_MNEMONIC_##name, trans_nop, 0, X86_FEAT_NONE}
#define GP(name)  {ZYDIS_MNEMONIC_##name, trans_privileged, 0, X86_FEAT_NONE}
const X86Row x86_rows_system[] = {
    {ZYDIS_MNEMONIC_PUSHF,      trans_pushf,     0,                X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_PUSHFD,     trans_pushf,     0,                X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_PUSHFQ,     trans_pushf,     0,                X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_POPF,       trans_popf,      0,                X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_POPFD,      trans_popf,      0,                X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_POPFQ,      trans_popf,      0,                X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_IRET,       trans_iret,      0,                X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_IRETD,      trans_iret,      0,                X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_IRETQ,      trans_iret,      0,                X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_LAHF,       trans_lahf,      0,                X86_FEAT_LAHF},
    {ZYDIS_MNEMONIC_SAHF,       trans_sahf,      0,                X86_FEAT_LAHF},
    {ZYDIS_MNEMONIC_CLC,        trans_carry,     CARRY_CLEAR,      X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_STC,        trans_carry,     CARRY_SET,        X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_CMC,        trans_carry,     CARRY_FLIP,       X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_CLD,        trans_direction, 1,                X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_STD,        trans_direction, -1,               X86_FEAT_NONE},

    {ZYDIS_MNEMONIC_CPUID,      trans_cpuid,     0,                X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_RDTSC,      trans_rdtsc,     false,            X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_RDTSCP,     trans_rdtsc,     true,             X86_FEAT_RDTSCP},
    {ZYDIS_MNEMONIC_RDPID,      trans_rdpid,     0,                X86_FEAT_RDPID},
    {ZYDIS_MNEMONIC_RDRAND,     trans_rdrand,    0,                X86_FEAT_RDRAND},
    {ZYDIS_MNEMONIC_RDSEED,     trans_rdrand,    0,                X86_FEAT_RDSEED},
    {ZYDIS_MNEMONIC_XGETBV,     trans_xgetbv,    0,                X86_FEAT_XSAVE},

    {ZYDIS_MNEMONIC_RDFSBASE,   trans_rdbase,    X86_G_FS_BASE,    X86_FEAT_FSGSBASE},
    {ZYDIS_MNEMONIC_RDGSBASE,   trans_rdbase,    X86_G_GS_BASE,    X86_FEAT_FSGSBASE},
    {ZYDIS_MNEMONIC_WRFSBASE,   trans_wrbase,    X86_G_FS_BASE,    X86_FEAT_FSGSBASE},
    {ZYDIS_MNEMONIC_WRGSBASE,   trans_wrbase,    X86_G_GS_BASE,    X86_FEAT_FSGSBASE},
    {ZYDIS_MNEMONIC_VERR,       trans_query_seg, X86_SEG_READABLE, X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_VERW,       trans_query_seg, X86_SEG_WRITABLE, X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_LAR,        trans_query_seg, X86_SEG_RIGHTS,   X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_LSL,        trans_query_seg, X86_SEG_LIMIT,    X86_FEAT_NONE},

    {ZYDIS_MNEMONIC_MFENCE,     trans_fence,     TCG_MO_ALL,       X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_LFENCE,     trans_fence,     TCG_MO_LD_LD,     X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_SFENCE,     trans_fence,     TCG_MO_ST_ST,     X86_FEAT_NONE},
    {ZYDIS_MNEMONIC_CLFLUSHOPT, trans_nop,       0,                X86_FEAT_CLFLUSHOPT},
    {ZYDIS_MNEMONIC_CLWB,       trans_nop,       0,                X86_FEAT_CLWB},
    NOP(NOP), NOP(PAUSE), NOP(ENDBR32), NOP(ENDBR64), NOP(CLFLUSH), NOP(CLDEMOTE),
    NOP(PREFETCH), NOP(PREFETCHW), NOP(PREFETCHWT1), NOP(PREFETCHNTA), NOP(PREFETCHT0),
    NOP(PREFETCHT1), NOP(PREFETCHT2),
    // Shadow stacks are off: these are no-operations then.
    NOP(RDSSPD), NOP(RDSSPQ),

    GP(HLT), GP(CLI), GP(STI), GP(IN), GP(OUT), GP(INSB), GP(INSW), GP(INSD), GP(OUTSB), GP(OUTSW),
    GP(OUTSD), GP(LGDT), GP(LIDT), GP(LLDT), GP(LTR), GP(LMSW), GP(CLTS), GP(INVD), GP(WBINVD),
    GP(INVLPG), GP(RDMSR), GP(WRMSR), GP(RDPMC), GP(SYSRET), GP(SYSEXIT), GP(SWAPGS), GP(SGDT), GP(SIDT), GP(SLDT), GP(STR), GP(SMSW), GP(XSETBV),
};
// clang-format on
const size_t x86_rows_system_count = G_N_ELEMENTS(x86_rows_system);
