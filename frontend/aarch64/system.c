// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// System registers and cache maintenance, as far as user mode under Linux may: the rest is undefined.

#include <glib.h>

#include "frontend/aarch64/cpu-models.h"
#include "frontend/aarch64/helpers.h"
#include "frontend/aarch64/translate.h"

// --- cache maintenance -------------------------------------------------------------------------------
// Caches are coherent, and a write to code that was translated throws the translation away.

bool trans_IC_IVAU(DisasContext *s, arg_IC_IVAU *a)
{
    (void)s;
    (void)a;
    return true;
}

bool trans_DC_clean(DisasContext *s, arg_DC_clean *a)
{
    (void)s;
    (void)a;
    return true;
}

bool trans_DC_CVAP(DisasContext *s, arg_DC_CVAP *a)
{
    (void)a;
    return a64_has_feature(s, ARM_FEAT_DPB);
}

#define ZVA_BYTES 64 // DCZID_EL0 says so

bool trans_DC_ZVA(DisasContext *s, arg_DC_ZVA *a)
{
    static const uint8_t zeros[16];
    TCGv_vec zero = tcg_temp_new_v128();
    TCGv_i64 at = a64_addr(s, a64_x(a->rt)), t = tcg_temp_new_i64();
    tcg_gen_movi_vec(zero, zeros);
    tcg_gen_andi_i64(at, at, -ZVA_BYTES);
    for (unsigned i = 0; i < ZVA_BYTES; i += 16) {
        tcg_gen_addi_i64(t, at, i);
        tcg_gen_qemu_st_vec(zero, t, MO_128);
    }
    return true;
}

// --- registers ---------------------------------------------------------------------------------------

// All flags go to the globals, and what is pending of an FP comparison is done.
static void settle(DisasContext *s)
{
    a64_flags_materialise(s, ARM_CC_MASK);
    a64_flags_to_globals(s);
}

static void read_nzcv(DisasContext *s, TCGv_i64 r)
{
    TCGv_i64 t = tcg_temp_new_i64();
    a64_flags_materialise(s, ARM_CC_MASK);
    tcg_gen_shri_i64(t, a64_nf(), 63);
    tcg_gen_shli_i64(r, t, 31);
    tcg_gen_setcondi_i64(TCG_COND_EQ, t, a64_zf(), 0);
    tcg_gen_shli_i64(t, t, 30);
    tcg_gen_or_i64(r, r, t);
    tcg_gen_shli_i64(t, a64_cf(), 29);
    tcg_gen_or_i64(r, r, t);
    tcg_gen_shri_i64(t, a64_vf(), 63);
    tcg_gen_shli_i64(t, t, 28);
    tcg_gen_or_i64(r, r, t);
}

static void write_nzcv(DisasContext *s, TCGv_i64 v)
{
    TCGv_i64 t = tcg_temp_new_i64();
    a64_flags_to_globals(s);
    tcg_gen_shli_i64(a64_nf(), v, 32);
    tcg_gen_extract_i64(t, v, 30, 1);
    tcg_gen_xori_i64(a64_zf(), t, 1);
    tcg_gen_extract_i64(a64_cf(), v, 29, 1);
    tcg_gen_shli_i64(a64_vf(), v, 35);
}

static void read_fpcr(DisasContext *s, TCGv_i64 r)
{
    (void)s;
    gen_helper_a64_read_fpcr(r, tcg_env());
}

static void write_fpcr(DisasContext *s, TCGv_i64 v)
{
    settle(s);
    gen_helper_a64_write_fpcr(tcg_env(), v);
    s->base.is_jmp = (DisasJumpType)A64_DISAS_UPDATE; // blocks depend on it
}

// The helpers take the shortcut back: what follows is another block.
static void end_shortcut(DisasContext *s)
{
    if (s->fp_no_ufc) {
        s->base.is_jmp = (DisasJumpType)A64_DISAS_UPDATE;
    }
}

static void read_fpsr(DisasContext *s, TCGv_i64 r)
{
    settle(s);
    gen_helper_a64_read_fpsr(r, tcg_env());
    end_shortcut(s);
}

static void write_fpsr(DisasContext *s, TCGv_i64 v)
{
    settle(s);
    gen_helper_a64_write_fpsr(tcg_env(), v);
    end_shortcut(s);
}

static void read_tpidr(DisasContext *s, TCGv_i64 r)
{
    (void)s;
    tcg_gen_mov_i64(r, tcg_global_i64(A64_G_TPIDR_EL0));
}

static void write_tpidr(DisasContext *s, TCGv_i64 v)
{
    (void)s;
    tcg_gen_mov_i64(tcg_global_i64(A64_G_TPIDR_EL0), v);
}

static void read_tpidrro(DisasContext *s, TCGv_i64 r)
{
    (void)s;
    tcg_gen_ld_i64(r, tcg_env(), offsetof(CPUARMState, tpidrro_el0));
}

// Cache lines of 64 bytes; instruction caches are coherent (IDC, DIC), so that programs need do nothing.
static void read_ctr(DisasContext *s, TCGv_i64 r)
{
    (void)s;
    tcg_gen_movi_i64(r, 0xb444c004);
}

static void read_dczid(DisasContext *s, TCGv_i64 r)
{
    (void)s;
    tcg_gen_movi_i64(r, __builtin_ctz(ZVA_BYTES / 4));
}

static void read_cntfrq(DisasContext *s, TCGv_i64 r)
{
    (void)s;
    tcg_gen_movi_i64(r, 62500000);
}

static void read_cntvct(DisasContext *s, TCGv_i64 r)
{
    (void)s;
    gen_helper_a64_read_cntvct(r, tcg_env());
}

#define SYS_REG(op0, op1, crn, crm, op2)                                                           \
    ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

typedef struct SysReg {
    unsigned id;
    void (*read)(DisasContext *s, TCGv_i64 r);
    void (*write)(DisasContext *s, TCGv_i64 v); // NULL: undefined
} SysReg;

static const SysReg sys_regs[] = {
    {SYS_REG(3, 3, 4, 2, 0), read_nzcv, write_nzcv},
    {SYS_REG(3, 3, 4, 4, 0), read_fpcr, write_fpcr},
    {SYS_REG(3, 3, 4, 4, 1), read_fpsr, write_fpsr},
    {SYS_REG(3, 3, 13, 0, 2), read_tpidr, write_tpidr},
    {SYS_REG(3, 3, 13, 0, 3), read_tpidrro, NULL},
    {SYS_REG(3, 3, 0, 0, 1), read_ctr, NULL},
    {SYS_REG(3, 3, 0, 0, 7), read_dczid, NULL},
    {SYS_REG(3, 3, 14, 0, 0), read_cntfrq, NULL},
    {SYS_REG(3, 3, 14, 0, 2), read_cntvct, NULL},
};

static const SysReg *find(int op0, int op1, int crn, int crm, int op2)
{
    unsigned id = (unsigned)SYS_REG(op0 + 2, op1, crn, crm, op2);
    for (unsigned i = 0; i < G_N_ELEMENTS(sys_regs); i++) {
        if (sys_regs[i].id == id) {
            return &sys_regs[i];
        }
    }
    return NULL;
}

bool trans_MRS(DisasContext *s, arg_MRS *a)
{
    uint64_t value;
    const SysReg *r = find(a->op0, a->op1, a->crn, a->crm, a->op2);
    if (r) {
        TCGv_i64 t = tcg_temp_new_i64();
        r->read(s, t);
        tcg_gen_mov_i64(a64_xdest(a->rt), t);
        return true;
    }
    // The ID registers, which Linux emulates.
    if (a->op0 == 1 && a->op1 == 0 && a->crn == 0 &&
        arm_model_id_reg(s->model, a->crm, a->op2, &value)) {
        tcg_gen_movi_i64(a64_xdest(a->rt), (int64_t)value);
        return true;
    }
    return false;
}

bool trans_MSR(DisasContext *s, arg_MSR *a)
{
    const SysReg *r = find(a->op0, a->op1, a->crn, a->crm, a->op2);
    if (!r || !r->write) {
        return false;
    }
    r->write(s, a64_x(a->rt));
    return true;
}
