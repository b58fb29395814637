// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The x87: every instruction is a call of a helper that works on the registers in env, at 80 bits
// (helpers/x86/fpu-helper.c).  Here are the operands: memory is read and written by the block, so that
// it faults and is instrumented like any other access.

#include "helpers.h"
#include "vec.h"

#define ENV_OFS(field) ((intptr_t)offsetof(CPUX86State, field))

// Bits of the helpers' flags arguments (fpu-helper.c).
enum { TO_STI = 1, QUIET = 1, POP = 2, POP2 = 4, NO_CHECK = 4 };

// Before a helper that may raise #MF or records the instruction pointer.
static void x87_begin(DisasContext *s)
{
    x86_mmx_forget(s);
    x86_store_pc(s, s->pc);
}

// Address of memory operand i, recorded as the x87's data pointer.
static TCGv_i64 x87_addr(DisasContext *s, unsigned i)
{
    TCGv_i64 addr = x86_op_addr(s, i);
    tcg_gen_st_i64(addr, tcg_env(), ENV_OFS(fpdp));
    return addr;
}

static TCGv_i32 const_i32(unsigned v) { return tcg_constant_i32((int32_t)v); }

static TCGv_i32 load_i32(DisasContext *s, unsigned i, MemOp mop)
{
    TCGv_i32 v = tcg_temp_new_i32();
    tcg_gen_qemu_ld_i32(v, x87_addr(s, i), mop);
    return v;
}

static TCGv_i64 load_i64(DisasContext *s, unsigned i, MemOp mop)
{
    TCGv_i64 v = tcg_temp_new_i64();
    tcg_gen_qemu_ld_i64(v, x87_addr(s, i), mop);
    return v;
}

// The two parts of a ten-byte operand.
static void load_80(DisasContext *s, TCGv_i64 *low, TCGv_i32 *high)
{
    TCGv_i64 addr = x87_addr(s, 0), at = tcg_temp_new_i64();
    *low = tcg_temp_new_i64();
    *high = tcg_temp_new_i32();
    tcg_gen_qemu_ld_i64(*low, addr, MO_64);
    tcg_gen_addi_i64(at, addr, 8);
    tcg_gen_qemu_ld_i32(*high, at, MO_16);
}

static void store_80(DisasContext *s, TCGv_vec v)
{
    TCGv_i64 addr = x87_addr(s, 0), at = tcg_temp_new_i64();
    TCGv_i64 low = tcg_temp_new_i64(), high = tcg_temp_new_i64();
    tcg_gen_extract_vec_i64(MO_64, low, v, 0);
    tcg_gen_extract_vec_i64(MO_64, high, v, 1);
    tcg_gen_qemu_st_i64(low, addr, MO_64);
    tcg_gen_addi_i64(at, addr, 8);
    tcg_gen_qemu_st_i64(high, at, MO_16);
}

// Before the helper that makes the value to store, which records exceptions and may be undone no more:
// a store that will fault does so here, with nothing changed.
static void probe_store(DisasContext *s, unsigned bytes)
{
    if (s->precise) {
        x86_sync_state(s);
        gen_helper_x86_probe_store(tcg_env(), x86_op_addr(s, 0), const_i32(bytes));
    }
}

// The i of ST(i): which operand it is differs from instruction to instruction.
static TCGv_i32 st_index(const DisasContext *s) { return const_i32(s->insn.raw.modrm.rm); }

// --- loads and stores ----------------------------------------------------------------------------

static bool trans_fld(DisasContext *s, int arg)
{
    (void)arg;
    x87_begin(s);
    if (x86_op_is_reg(s, 0)) {
        gen_helper_x86_fld_st(tcg_env(), st_index(s));
        return true;
    }
    switch (s->op[0].size) {
    case 32: gen_helper_x86_fld_f32(tcg_env(), load_i32(s, 0, MO_32)); return true;
    case 64: gen_helper_x86_fld_f64(tcg_env(), load_i64(s, 0, MO_64)); return true;
    default: {
        TCGv_i64 low;
        TCGv_i32 high;
        load_80(s, &low, &high);
        gen_helper_x86_fld_f80(tcg_env(), low, high);
        return true;
    }
    }
}

static bool trans_fild(DisasContext *s, int arg)
{
    (void)arg;
    x87_begin(s);
    gen_helper_x86_fild(tcg_env(), load_i64(s, 0, (MemOp)(x86_op_size(s, 0) | MO_SIGN)));
    return true;
}

static bool trans_fbld(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 low;
    TCGv_i32 high;
    x87_begin(s);
    load_80(s, &low, &high);
    gen_helper_x86_fbld(tcg_env(), low, high);
    return true;
}

static bool trans_fld_const(DisasContext *s, int which)
{
    x87_begin(s);
    gen_helper_x86_fld_const(tcg_env(), const_i32((unsigned)which));
    return true;
}

static bool trans_fst(DisasContext *s, int flags)
{
    x87_begin(s);
    if (x86_op_is_reg(s, 0)) {
        gen_helper_x86_fst_st(tcg_env(), st_index(s), const_i32((unsigned)flags));
        return true;
    }
    probe_store(s, s->op[0].size / 8);
    switch (s->op[0].size) {
    case 32: {
        TCGv_i32 v = tcg_temp_new_i32();
        gen_helper_x86_fst_f32(v, tcg_env());
        tcg_gen_qemu_st_i32(v, x87_addr(s, 0), MO_32);
        break;
    }
    case 64: {
        TCGv_i64 v = tcg_temp_new_i64();
        gen_helper_x86_fst_f64(v, tcg_env());
        tcg_gen_qemu_st_i64(v, x87_addr(s, 0), MO_64);
        break;
    }
    default: {
        TCGv_vec v = tcg_temp_new_v128();
        gen_helper_x86_fst_f80(v, tcg_env());
        store_80(s, v);
        break;
    }
    }
    if (flags & POP) {
        gen_helper_x86_fpop_store(tcg_env());
    }
    return true;
}

// FIST, FISTP, FISTTP; arg: POP, + 16 to truncate.
static bool trans_fist(DisasContext *s, int arg)
{
    bool truncate = arg & 16;
    MemOp size = x86_op_size(s, 0);
    x87_begin(s);
    probe_store(s, 1u << size);
    if (size == MO_64) {
        TCGv_i64 v = tcg_temp_new_i64();
        (truncate ? gen_helper_x86_fistt64 : gen_helper_x86_fist64)(v, tcg_env());
        tcg_gen_qemu_st_i64(v, x87_addr(s, 0), MO_64);
    } else {
        TCGv_i32 v = tcg_temp_new_i32();
        if (size == MO_16) {
            (truncate ? gen_helper_x86_fistt16 : gen_helper_x86_fist16)(v, tcg_env());
        } else {
            (truncate ? gen_helper_x86_fistt32 : gen_helper_x86_fist32)(v, tcg_env());
        }
        tcg_gen_qemu_st_i32(v, x87_addr(s, 0), size);
    }
    if (arg & POP) {
        gen_helper_x86_fpop_store(tcg_env());
    }
    return true;
}

static bool trans_fbstp(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec v = tcg_temp_new_v128();
    x87_begin(s);
    probe_store(s, 10);
    gen_helper_x86_fbst(v, tcg_env());
    store_80(s, v);
    gen_helper_x86_fpop_store(tcg_env());
    return true;
}

// --- arithmetic ----------------------------------------------------------------------------------

// arg: the encoding's operation (fpu-helper.c), + 16 to pop.
static bool trans_farith(DisasContext *s, int arg)
{
    TCGv_i32 op = const_i32(arg & 15);
    x87_begin(s);
    if (x86_op_is_mem(s, 0)) {
        if (s->op[0].size == 32) {
            gen_helper_x86_farith_f32(tcg_env(), op, load_i32(s, 0, MO_32));
        } else {
            gen_helper_x86_farith_f64(tcg_env(), op, load_i64(s, 0, MO_64));
        }
        return true;
    }
    // D8 has its result in ST(0), DC and DE in ST(i).
    unsigned flags = (arg & 16 ? POP : 0) | (s->insn.opcode != 0xd8 ? TO_STI : 0);
    gen_helper_x86_farith_st(tcg_env(), op, st_index(s), const_i32(flags));
    return true;
}

static bool trans_fiarith(DisasContext *s, int op)
{
    x87_begin(s);
    if (s->op[0].size == 16) {
        gen_helper_x86_farith_i16(tcg_env(), const_i32((unsigned)op), load_i32(s, 0, MO_16));
    } else {
        gen_helper_x86_farith_i32(tcg_env(), const_i32((unsigned)op), load_i32(s, 0, MO_32));
    }
    return true;
}

// FCOM, FUCOM and their pops; memory forms go with the arithmetic (operations 2 and 3).
static bool trans_fcom(DisasContext *s, int flags)
{
    if (s->insn.operand_count_visible && x86_op_is_mem(s, 0)) {
        return trans_farith(s, flags & POP ? 3 : 2);
    }
    x87_begin(s);
    gen_helper_x86_fcom_st(tcg_env(), st_index(s), const_i32((unsigned)flags)); // FCOMPP: ST(1)
    return true;
}

static bool trans_fcomi(DisasContext *s, int flags)
{
    TCGv_i64 r = tcg_temp_new_i64(), t = tcg_temp_new_i64();
    x87_begin(s);
    gen_helper_x86_fcomi(r, tcg_env(), st_index(s), const_i32((unsigned)flags));
    x86_flags_to_globals(s);
    tcg_gen_extract_i64(tcg_global_i64(X86_G_CC_C), r, 8, 1); // C0
    tcg_gen_extract_i64(t, r, 14, 1);                         // C3
    tcg_gen_xori_i64(tcg_global_i64(X86_G_CC_Z), t, 1);
    tcg_gen_extract_i64(t, r, 10, 1); // C2: PF, whose parity is that of an even number of ones
    tcg_gen_xori_i64(tcg_global_i64(X86_G_CC_N), t, 1);
    tcg_gen_movi_i64(tcg_global_i64(X86_G_CC_O), 0);
    tcg_gen_movi_i64(tcg_global_i64(X86_G_CC_A), 0);
    return true;
}

// Helpers that take env alone: mnemonic, helper.
// clang-format off
#define PLAIN_OPS(X)                                                                               \
    X(FABS, fabs) X(FCHS, fchs) X(FSQRT, fsqrt) X(FRNDINT, frndint) X(F2XM1, f2xm1) X(FSIN, fsin)  \
    X(FCOS, fcos) X(FPTAN, fptan) X(FSINCOS, fsincos) X(FXTRACT, fxtract) X(FSCALE, fscale)        \
    X(FPREM, fprem) X(FPREM1, fprem1) X(FYL2X, fyl2x) X(FYL2XP1, fyl2xp1) X(FPATAN, fpatan)        \
    X(FTST, ftst) X(FXAM, fxam) X(FWAIT, fwait) X(FNOP, fwait)
// clang-format on
enum {
#define X(mnemonic, helper) PLAIN_##mnemonic,
    PLAIN_OPS(X)
#undef X
};

// arg: PLAIN_*.
static bool trans_fplain(DisasContext *s, int which)
{
    static void (*const fn[])(TCGv_ptr env) = {
#define X(mnemonic, helper) gen_helper_x86_##helper,
        PLAIN_OPS(X)
#undef X
    };
    x87_begin(s);
    fn[which](tcg_env());
    return true;
}

// --- moves between registers, the stack ----------------------------------------------------------

static bool trans_fxch(DisasContext *s, int arg)
{
    (void)arg;
    x87_begin(s);
    gen_helper_x86_fxch(tcg_env(), st_index(s));
    return true;
}

// FCMOVcc; arg: the flags of which one must be set, + 1024 for the negated forms.
static bool trans_fcmov(DisasContext *s, int arg)
{
    TCGv_i64 cond = tcg_temp_new_i64(), t = tcg_temp_new_i64();
    TCGv_i32 c = tcg_temp_new_i32();
    x86_flags_materialise(s, (uint32_t)arg & X86_CC_MASK);
    tcg_gen_movi_i64(cond, 0);
    if (arg & X86_CC_C) {
        tcg_gen_or_i64(cond, cond, tcg_global_i64(X86_G_CC_C));
    }
    if (arg & X86_CC_Z) {
        tcg_gen_setcondi_i64(TCG_COND_EQ, t, tcg_global_i64(X86_G_CC_Z), 0);
        tcg_gen_or_i64(cond, cond, t);
    }
    if (arg & X86_CC_P) { // even parity of the low byte
        tcg_gen_ext8u_i64(t, tcg_global_i64(X86_G_CC_N));
        tcg_gen_ctpop_i64(t, t);
        tcg_gen_xori_i64(t, t, 1);
        tcg_gen_andi_i64(t, t, 1);
        tcg_gen_or_i64(cond, cond, t);
    }
    if (arg & 1024) {
        tcg_gen_xori_i64(cond, cond, 1);
    }
    tcg_gen_extrl_i64_i32(c, cond);
    x87_begin(s);
    gen_helper_x86_fcmov(tcg_env(), st_index(s), c);
    return true;
}

static bool trans_ffree(DisasContext *s, int flags)
{
    x87_begin(s);
    gen_helper_x86_ffree(tcg_env(), st_index(s), const_i32((unsigned)flags));
    return true;
}

static bool trans_fincstp(DisasContext *s, int delta)
{
    x87_begin(s);
    gen_helper_x86_fincstp(tcg_env(), tcg_constant_i32(delta));
    return true;
}

// --- control -------------------------------------------------------------------------------------

static bool trans_fldcw(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i32 cw = tcg_temp_new_i32();
    x87_begin(s);
    tcg_gen_qemu_ld_i32(cw, x86_op_addr(s, 0), MO_16);
    gen_helper_x86_fldcw(tcg_env(), cw);
    return true;
}

static bool trans_fnstcw(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 cw = tcg_temp_new_i64();
    tcg_gen_ld16u_i64(cw, tcg_env(), ENV_OFS(fpuc));
    x86_op_store(s, 0, cw);
    return true;
}

static bool trans_fnstsw(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 sw = tcg_temp_new_i64(), top = tcg_temp_new_i64();
    tcg_gen_ld16u_i64(sw, tcg_env(), ENV_OFS(fpus));
    tcg_gen_ld32u_i64(top, tcg_env(), ENV_OFS(fpstt));
    tcg_gen_deposit_i64(sw, sw, top, 11, 3);
    x86_op_store(s, 0, sw);
    return true;
}

static bool trans_fninit(DisasContext *s, int arg)
{
    (void)arg;
    x86_mmx_forget(s);
    gen_helper_x86_fninit(tcg_env());
    return true;
}

static bool trans_fnclex(DisasContext *s, int arg)
{
    (void)s;
    (void)arg;
    gen_helper_x86_fnclex(tcg_env());
    return true;
}

typedef enum EnvOp { ENV_LDENV, ENV_STENV, ENV_SAVE, ENV_RSTOR } EnvOp;

static bool trans_fenv(DisasContext *s, int op)
{
    TCGv_i64 addr = x86_op_addr(s, 0);
    TCGv_i32 wide = const_i32(s->insn.operand_width != 16);
    x86_mmx_forget(s);
    x86_sync_state(s);
    switch ((EnvOp)op) {
    case ENV_LDENV: gen_helper_x86_fldenv(tcg_env(), addr, wide); break;
    case ENV_STENV: gen_helper_x86_fnstenv(tcg_env(), addr, wide); break;
    case ENV_SAVE: gen_helper_x86_fnsave(tcg_env(), addr, wide); break;
    case ENV_RSTOR: gen_helper_x86_frstor(tcg_env(), addr, wide); break;
    }
    return true;
}

// 8087 and 80287 instructions that do nothing since.
static bool trans_fnop(DisasContext *s, int arg)
{
    (void)s;
    (void)arg;
    return true;
}

// clang-format off
#define ROW(m, fn, arg) {ZYDIS_MNEMONIC_##m, trans_##fn, arg, X86_FEAT_NONE}
#define FARITH(m, im, op) ROW(m, farith, op), ROW(m##P, farith, op + 16), ROW(im, fiarith, op)
const X86Row x86_rows_x87[] = {
    ROW(FLD, fld, 0), ROW(FILD, fild, 0), ROW(FBLD, fbld, 0),
    ROW(FLD1, fld_const, 0), ROW(FLDL2T, fld_const, 1), ROW(FLDL2E, fld_const, 2),
    ROW(FLDPI, fld_const, 3), ROW(FLDLG2, fld_const, 4), ROW(FLDLN2, fld_const, 5),
    ROW(FLDZ, fld_const, 6),
    ROW(FST, fst, 0), ROW(FSTP, fst, POP), ROW(FSTPNCE, fst, POP + NO_CHECK),
    ROW(FIST, fist, 0), ROW(FISTP, fist, POP),
    {ZYDIS_MNEMONIC_FISTTP, trans_fist, POP + 16, X86_FEAT_SSE3},
    ROW(FBSTP, fbstp, 0),

    FARITH(FADD, FIADD, 0), FARITH(FMUL, FIMUL, 1), FARITH(FSUB, FISUB, 4),
    FARITH(FSUBR, FISUBR, 5), FARITH(FDIV, FIDIV, 6), FARITH(FDIVR, FIDIVR, 7),
    ROW(FICOM, fiarith, 2), ROW(FICOMP, fiarith, 3),
    ROW(FCOM, fcom, 0), ROW(FCOMP, fcom, POP), ROW(FCOMPP, fcom, POP + POP2),
    ROW(FUCOM, fcom, QUIET), ROW(FUCOMP, fcom, QUIET + POP), ROW(FUCOMPP, fcom, QUIET + POP + POP2),
    ROW(FCOMI, fcomi, 0), ROW(FCOMIP, fcomi, POP),
    ROW(FUCOMI, fcomi, QUIET), ROW(FUCOMIP, fcomi, QUIET + POP),
#define X(mnemonic, helper) ROW(mnemonic, fplain, PLAIN_##mnemonic),
    PLAIN_OPS(X)
#undef X

    ROW(FXCH, fxch, 0),
    ROW(FCMOVB, fcmov, X86_CC_C), ROW(FCMOVNB, fcmov, X86_CC_C + 1024),
    ROW(FCMOVE, fcmov, X86_CC_Z), ROW(FCMOVNE, fcmov, X86_CC_Z + 1024),
    ROW(FCMOVBE, fcmov, X86_CC_C + X86_CC_Z), ROW(FCMOVNBE, fcmov, X86_CC_C + X86_CC_Z + 1024),
    ROW(FCMOVU, fcmov, X86_CC_P), ROW(FCMOVNU, fcmov, X86_CC_P + 1024),
    ROW(FFREE, ffree, 0), ROW(FFREEP, ffree, POP),
    ROW(FINCSTP, fincstp, 1), ROW(FDECSTP, fincstp, -1),

    ROW(FLDCW, fldcw, 0), ROW(FNSTCW, fnstcw, 0), ROW(FNSTSW, fnstsw, 0),
    ROW(FNINIT, fninit, 0), ROW(FNCLEX, fnclex, 0),
    ROW(FLDENV, fenv, ENV_LDENV), ROW(FNSTENV, fenv, ENV_STENV),
    ROW(FNSAVE, fenv, ENV_SAVE), ROW(FRSTOR, fenv, ENV_RSTOR),
    ROW(FENI8087_NOP, fnop, 0), ROW(FDISI8087_NOP, fnop, 0), ROW(FSETPM287_NOP, fnop, 0),
};
// clang-format on
const size_t x86_rows_x87_count = sizeof x86_rows_x87 / sizeof *x86_rows_x87;
