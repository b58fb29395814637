// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Data processing with registers (Arm ARM C4.1.5): logic, arithmetic, shifts, conditional operations.
// Multiplication, division, CRC and bit counts stand in dp-mul.c.

#include "frontend/aarch64/dp.h"

static TCGv_i64 temp(void) { return tcg_temp_new_i64(); }

// --- results with flags ------------------------------------------------------------------------------

// What a temp's low 32 bits or all of it become in Rd; gives what is now there, for the flags.
static TCGv_i64 write_result(DisasContext *s, int rd, bool sf, TCGv_i64 r)
{
    (void)s;
    if (!sf) {
        TCGv_i64 t = temp();
        tcg_gen_ext32u_i64(t, r);
        r = t;
    }
    tcg_gen_mov_i64(a64_xdest((unsigned)rd), r);
    return r;
}

static bool is_const(TCGv_i64 v, int64_t *c)
{
    *c = (int64_t)((TCGTemp *)v)->val;
    return ((TCGTemp *)v)->kind == TEMP_CONST;
}

static TCGv_i64 stable(TCGv_i64 v)
{
    if (((TCGTemp *)v)->kind != TEMP_GLOBAL) {
        return v;
    }
    TCGv_i64 t = temp();
    tcg_gen_mov_i64(t, v);
    return t;
}

void a64_gen_addsub_flags(DisasContext *s, int rd, bool sf, bool sub, TCGv_i64 a, TCGv_i64 b)
{
    TCGv_i64 r = temp();
    int64_t c;
    a = stable(a);
    b = stable(b);
    if (sub) {
        tcg_gen_sub_i64(r, a, b);
    } else {
        tcg_gen_add_i64(r, a, b);
        // The flags of a + c are those of a - (-c), which are the simpler to use.  (A constant is a 24-bit
        // immediate or XZR.)
        if (is_const(b, &c) && c > 0) {
            sub = true;
            b = tcg_constant_i64(-c);
        }
    }
    r = write_result(s, rd, sf, r);
    a64_flags_set(s, sub ? A64_FLAGS_SUB : A64_FLAGS_ADD, sf, a, b, r);
    s->flags.kept = rd != A64_ZR;
}

void a64_gen_logic_flags(DisasContext *s, int rd, bool sf, TCGv_i64 r)
{
    r = write_result(s, rd, sf, r);
    a64_flags_set(s, A64_FLAGS_LOGIC, sf, NULL, NULL, r);
}

// --- shifted and extended operands -------------------------------------------------------------------

enum { SHIFT_LSL, SHIFT_LSR, SHIFT_ASR, SHIFT_ROR };

// v shifted, 64 bits or the low 32 (the upper half is any value then).
static TCGv_i64 shift_const(TCGv_i64 v, bool sf, unsigned kind, unsigned n)
{
    if (!n) {
        return v;
    }
    TCGv_i64 t = temp();
    switch (kind) {
    case SHIFT_LSL: tcg_gen_shli_i64(t, v, n); break;
    case SHIFT_LSR: tcg_gen_extract_i64(t, v, n, (sf ? 64 : 32) - n); break;
    case SHIFT_ASR: tcg_gen_sextract_i64(t, v, n, (sf ? 64 : 32) - n); break;
    default:
        if (sf) {
            tcg_gen_rotri_i64(t, v, n);
        } else {
            tcg_gen_deposit_i64(t, v, v, 32, 32);
            tcg_gen_shri_i64(t, t, n);
        }
        break;
    }
    return t;
}

static TCGv_i64 shifted(const arg_shifted *a)
{
    return shift_const(a64_x(a->rm), a->sf, a->shift, a->amount);
}

// --- logic -------------------------------------------------------------------------------------------

static bool logic(DisasContext *s, arg_shifted *a, A64Op *op, bool flags)
{
    TCGv_i64 r = temp();
    op(r, a64_x(a->rn), shifted(a));
    if (flags) {
        a64_gen_logic_flags(s, a->rd, a->sf, r);
    } else {
        a64_write(a->rd, a->sf, r);
    }
    return true;
}

// MOV and MVN are ORR and ORN of XZR.
static bool orr(DisasContext *s, arg_shifted *a)
{
    if (a->rn == A64_ZR) {
        a64_write(a->rd, a->sf, shifted(a));
        return true;
    }
    return logic(s, a, tcg_gen_or_i64, false);
}

static bool orn(DisasContext *s, arg_shifted *a)
{
    if (a->rn == A64_ZR) {
        TCGv_i64 t = temp();
        tcg_gen_not_i64(t, shifted(a));
        a64_write(a->rd, a->sf, t);
        return true;
    }
    return logic(s, a, tcg_gen_orc_i64, false);
}

A64_TRANS(AND_sh, logic, tcg_gen_and_i64, false)
A64_TRANS(BIC_sh, logic, tcg_gen_andc_i64, false)
A64_TRANS(ORR_sh, orr)
A64_TRANS(ORN_sh, orn)
A64_TRANS(EOR_sh, logic, tcg_gen_xor_i64, false)
A64_TRANS(EON_sh, logic, tcg_gen_eqv_i64, false)
A64_TRANS(ANDS_sh, logic, tcg_gen_and_i64, true)
A64_TRANS(BICS_sh, logic, tcg_gen_andc_i64, true)

// --- addition and subtraction ------------------------------------------------------------------------

static bool addsub_sh(DisasContext *s, arg_shifted *a, bool sub, bool flags)
{
    if (a->shift == SHIFT_ROR) {
        return false;
    }
    TCGv_i64 n = a64_x(a->rn), m = shifted(a);
    if (flags) {
        a64_gen_addsub_flags(s, a->rd, a->sf, sub, n, m);
        return true;
    }
    TCGv_i64 r = temp();
    (sub ? tcg_gen_sub_i64 : tcg_gen_add_i64)(r, n, m);
    a64_write(a->rd, a->sf, r);
    return true;
}

A64_TRANS(ADD_sh, addsub_sh, false, false)
A64_TRANS(ADDS_sh, addsub_sh, false, true)
A64_TRANS(SUB_sh, addsub_sh, true, false)
A64_TRANS(SUBS_sh, addsub_sh, true, true)

// Rm extended as the option says, shifted left.
static TCGv_i64 extended(const arg_extended *a)
{
    TCGv_i64 t = temp(), m = a64_x(a->rm);
    unsigned len = 8u << (a->option & 3);
    if (len == 64) {
        tcg_gen_mov_i64(t, m);
    } else if (a->option & 4) {
        tcg_gen_sextract_i64(t, m, 0, len);
    } else {
        tcg_gen_extract_i64(t, m, 0, len);
    }
    if (a->amount) {
        tcg_gen_shli_i64(t, t, a->amount);
    }
    return t;
}

static bool addsub_ext(DisasContext *s, arg_extended *a, bool sub, bool flags)
{
    if (a->amount > 4) {
        return false;
    }
    TCGv_i64 n = a64_xsp(a->rn), m = extended(a);
    if (flags) {
        a64_gen_addsub_flags(s, a->rd, a->sf, sub, n, m);
        return true;
    }
    TCGv_i64 r = temp();
    (sub ? tcg_gen_sub_i64 : tcg_gen_add_i64)(r, n, m);
    a64_sp_written(s, (unsigned)a->rd);
    if (a->sf) {
        tcg_gen_mov_i64(a64_xsp(a->rd), r);
    } else {
        tcg_gen_ext32u_i64(a64_xsp(a->rd), r);
    }
    return true;
}

A64_TRANS(ADD_ext, addsub_ext, false, false)
A64_TRANS(ADDS_ext, addsub_ext, false, true)
A64_TRANS(SUB_ext, addsub_ext, true, false)
A64_TRANS(SUBS_ext, addsub_ext, true, true)

// --- with carry --------------------------------------------------------------------------------------

// a + b + C, and the carry out where it is wanted.
static void add_carry(TCGv_i64 r, TCGv_i64 carry, bool sf, TCGv_i64 a, TCGv_i64 b)
{
    TCGv_i64 zero = tcg_constant_i64(0);
    if (!carry) {
        tcg_gen_add_i64(r, a, b);
        tcg_gen_add_i64(r, r, a64_cf());
    } else if (sf) {
        TCGv_i64 t = temp(), u = temp();
        tcg_gen_add2_i64(t, u, a, zero, b, zero);
        tcg_gen_add2_i64(r, carry, t, u, a64_cf(), zero);
    } else {
        TCGv_i64 x = temp(), y = temp();
        tcg_gen_ext32u_i64(x, a);
        tcg_gen_ext32u_i64(y, b);
        tcg_gen_add_i64(r, x, y);
        tcg_gen_add_i64(r, r, a64_cf());
        tcg_gen_shri_i64(carry, r, 32);
    }
}

static bool adc(DisasContext *s, arg_rrr_sf *a, bool sub, bool flags)
{
    TCGv_i64 n = stable(a64_x(a->rn)), m = stable(a64_x(a->rm)), r = temp();
    TCGv_i64 carry = flags ? temp() : NULL;
    if (sub) {
        TCGv_i64 t = temp();
        tcg_gen_not_i64(t, m);
        m = t;
    }
    a64_flags_materialise(s, ARM_CC_C);
    add_carry(r, carry, a->sf, n, m);
    if (flags) {
        TCGv_i64 t = temp(), u = temp();
        a64_flags_to_globals(s);
        tcg_gen_mov_i64(a64_cf(), carry);
        tcg_gen_xor_i64(t, n, r);
        tcg_gen_xor_i64(u, m, r);
        tcg_gen_and_i64(t, t, u);
        if (a->sf) {
            tcg_gen_mov_i64(a64_vf(), t);
            tcg_gen_mov_i64(a64_nf(), r);
            tcg_gen_mov_i64(a64_zf(), r);
        } else {
            tcg_gen_ext32s_i64(a64_vf(), t);
            tcg_gen_ext32s_i64(a64_nf(), r);
            tcg_gen_ext32u_i64(a64_zf(), r);
        }
    }
    a64_write(a->rd, a->sf, r);
    return true;
}

A64_TRANS(ADC, adc, false, false)
A64_TRANS(ADCS, adc, false, true)
A64_TRANS(SBC, adc, true, false)
A64_TRANS(SBCS, adc, true, true)

// --- shifts by a register ----------------------------------------------------------------------------

static bool shift_v(DisasContext *s, arg_rrr_sf *a, unsigned kind)
{
    (void)s;
    TCGv_i64 n = temp(), t = temp(), v = a64_x(a->rn);
    tcg_gen_andi_i64(n, a64_x(a->rm), a->sf ? 63 : 31);
    switch (kind) {
    case SHIFT_LSL: tcg_gen_shl_i64(t, v, n); break;
    case SHIFT_LSR: tcg_gen_shr_i64(t, a64_read_zx(a->rn, a->sf), n); break;
    case SHIFT_ASR: tcg_gen_sar_i64(t, a64_read_sx(a->rn, a->sf), n); break;
    default:
        if (a->sf) {
            tcg_gen_rotr_i64(t, v, n);
        } else {
            TCGv_i32 x = tcg_temp_new_i32(), y = tcg_temp_new_i32();
            tcg_gen_extrl_i64_i32(x, v);
            tcg_gen_extrl_i64_i32(y, n);
            tcg_gen_rotr_i32(x, x, y);
            tcg_gen_extu_i32_i64(t, x);
        }
        break;
    }
    a64_write(a->rd, a->sf, t);
    return true;
}

A64_TRANS(LSLV, shift_v, SHIFT_LSL)
A64_TRANS(LSRV, shift_v, SHIFT_LSR)
A64_TRANS(ASRV, shift_v, SHIFT_ASR)
A64_TRANS(RORV, shift_v, SHIFT_ROR)

// --- conditional select and compare ------------------------------------------------------------------

enum { SEL_PLAIN, SEL_INC, SEL_INV, SEL_NEG };

static bool csel(DisasContext *s, arg_csel *a, unsigned kind)
{
    A64Cond c = a64_flags_cond(s, a->cond);
    TCGv_i64 r = temp(), m = a64_x(a->rm);
    if (a->rn == A64_ZR && a->rm == A64_ZR && (kind == SEL_INC || kind == SEL_INV)) { // CSET, CSETM
        TCGCond inverse = tcg_invert_cond(c.cond);
        (kind == SEL_INC ? tcg_gen_setcond_i64 : tcg_gen_negsetcond_i64)(inverse, r, c.a, c.b);
    } else {
        TCGv_i64 t = temp();
        switch (kind) {
        case SEL_PLAIN: t = m; break;
        case SEL_INC: tcg_gen_addi_i64(t, m, 1); break;
        case SEL_INV: tcg_gen_not_i64(t, m); break;
        default: tcg_gen_neg_i64(t, m); break;
        }
        tcg_gen_movcond_i64(c.cond, r, c.a, c.b, a64_x(a->rn), t);
    }
    a64_write(a->rd, a->sf, r);
    return true;
}

A64_TRANS(CSEL, csel, SEL_PLAIN)
A64_TRANS(CSINC, csel, SEL_INC)
A64_TRANS(CSINV, csel, SEL_INV)
A64_TRANS(CSNEG, csel, SEL_NEG)

static bool is_always(int cond) { return cond >> 1 == 7; }

static bool ccmp(DisasContext *s, const arg_ccmp *a, TCGv_i64 b)
{
    TCGv_i64 n = stable(a64_x(a->rn));
    if (is_always(a->cond)) {
        a64_gen_addsub_flags(s, A64_ZR, a->sf, true, n, b);
    } else {
        a64_flags_set_ccmp(s, a->cond, a->sf, n, stable(b), a->nzcv);
    }
    return true;
}

bool trans_CCMP(DisasContext *s, arg_CCMP *a) { return ccmp(s, a, a64_x(a->y)); }
bool trans_CCMP_i(DisasContext *s, arg_CCMP_i *a) { return ccmp(s, a, tcg_constant_i64(a->y)); }

// The flags of a sum, or nzcv: four selections.
static bool ccmn(DisasContext *s, const arg_ccmp *a, TCGv_i64 b)
{
    TCGv_i64 n = stable(a64_x(a->rn)), p = temp();
    A64Cond c = a64_flags_cond(s, a->cond);
    tcg_gen_setcond_i64(c.cond, p, c.a, c.b);
    a64_gen_addsub_flags(s, A64_ZR, a->sf, false, n, b);
    a64_flags_materialise(s, ARM_CC_MASK);
    a64_flags_to_globals(s);
    const struct {
        TCGv_i64 global;
        int64_t immediate;
    } flags[] = {{a64_nf(), a->nzcv & 8 ? -1 : 0},
                 {a64_zf(), !(a->nzcv & 4)},
                 {a64_cf(), a->nzcv >> 1 & 1},
                 {a64_vf(), a->nzcv & 1 ? -1 : 0}};
    for (unsigned i = 0; i < 4; i++) {
        tcg_gen_movcond_i64(TCG_COND_NE, flags[i].global, p, tcg_constant_i64(0), flags[i].global,
                            tcg_constant_i64(flags[i].immediate));
    }
    return true;
}

bool trans_CCMN(DisasContext *s, arg_CCMN *a) { return ccmn(s, a, stable(a64_x(a->y))); }

bool trans_CCMN_i(DisasContext *s, arg_CCMN_i *a)
{
    if (a->y && !is_always(a->cond)) { // a + y has the flags of a - (-y)
        return ccmp(s, a, tcg_constant_i64(-(int64_t)a->y));
    }
    return ccmn(s, a, tcg_constant_i64(a->y));
}

// --- flags directly (FEAT_FlagM, FEAT_FlagM2) --------------------------------------------------------

static void to_globals(DisasContext *s)
{
    a64_flags_materialise(s, ARM_CC_MASK);
    a64_flags_to_globals(s);
}

bool trans_RMIF(DisasContext *s, arg_RMIF *a)
{
    if (!a64_has_feature(s, ARM_FEAT_FLAGM)) {
        return false;
    }
    TCGv_i64 t = temp();
    tcg_gen_rotri_i64(t, a64_x(a->rn), a->imm);
    to_globals(s);
    if (a->mask & 8) {
        tcg_gen_shli_i64(a64_nf(), t, 60);
    }
    if (a->mask & 4) {
        tcg_gen_extract_i64(a64_zf(), t, 2, 1);
        tcg_gen_xori_i64(a64_zf(), a64_zf(), 1);
    }
    if (a->mask & 2) {
        tcg_gen_extract_i64(a64_cf(), t, 1, 1);
    }
    if (a->mask & 1) {
        tcg_gen_shli_i64(a64_vf(), t, 63);
    }
    return true;
}

// N and Z of a byte or halfword, V from the bit above it; C stays.
bool trans_SETF(DisasContext *s, arg_SETF *a)
{
    if (!a64_has_feature(s, ARM_FEAT_FLAGM)) {
        return false;
    }
    unsigned bits = a->sz ? 16 : 8;
    TCGv_i64 v = a64_x(a->rn);
    a64_flags_to_globals_partly(s, ARM_CC_N | ARM_CC_Z | ARM_CC_V);
    tcg_gen_shli_i64(a64_nf(), v, 64 - bits);
    tcg_gen_extract_i64(a64_zf(), v, 0, bits);
    tcg_gen_shli_i64(a64_vf(), v, 63 - bits);
    tcg_gen_xor_i64(a64_vf(), a64_vf(), a64_nf());
    return true;
}

bool trans_CFINV(DisasContext *s, arg_CFINV *a)
{
    (void)a;
    if (!a64_has_feature(s, ARM_FEAT_FLAGM)) {
        return false;
    }
    to_globals(s);
    tcg_gen_xori_i64(a64_cf(), a64_cf(), 1);
    return true;
}

// From the flags of an FP comparison to another convention: Z |= V, C &= ~V, N = V = 0.
bool trans_AXFLAG(DisasContext *s, arg_AXFLAG *a)
{
    (void)a;
    if (!a64_has_feature(s, ARM_FEAT_FLAGM2)) {
        return false;
    }
    to_globals(s);
    TCGv_i64 v = temp();
    tcg_gen_sari_i64(v, a64_vf(), 63);
    tcg_gen_andc_i64(a64_zf(), a64_zf(), v);
    tcg_gen_andc_i64(a64_cf(), a64_cf(), v);
    tcg_gen_movi_i64(a64_nf(), 0);
    tcg_gen_movi_i64(a64_vf(), 0);
    return true;
}

// And back: N = ~C & ~Z, V = ~C & Z, C |= Z, Z &= C.
bool trans_XAFLAG(DisasContext *s, arg_XAFLAG *a)
{
    (void)a;
    if (!a64_has_feature(s, ARM_FEAT_FLAGM2)) {
        return false;
    }
    to_globals(s);
    TCGv_i64 z = temp(), c = temp(), t = temp();
    tcg_gen_setcondi_i64(TCG_COND_EQ, z, a64_zf(), 0);
    tcg_gen_mov_i64(c, a64_cf());
    tcg_gen_or_i64(t, c, z);
    tcg_gen_subi_i64(a64_nf(), t, 1); // all ones when both are clear
    tcg_gen_andc_i64(t, z, c);
    tcg_gen_neg_i64(a64_vf(), t);
    tcg_gen_or_i64(a64_cf(), c, z);
    tcg_gen_and_i64(t, z, c);
    tcg_gen_xori_i64(a64_zf(), t, 1);
    return true;
}
