// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The condition flags.
//
// N, Z, C and V live in four globals, each on its own: nf (N = its bit 63), zf (Z = it is zero), cf (C, 0 or
// 1), vf (V = its bit 63).  There is no global that says what to compute them from.
//
// Inside a block, the last instruction that writes them is kept pending (A64PendingFlags) with its
// operands, so that `cmp a, b; b.lt` becomes one brcond on a and b, `ccmp` chains become boolean algebra
// of such conditions, and `fcmp; b.gt` one FP comparison.  The rarer instructions write the globals
// outright, and the liveness pass drops what nothing reads.
//
// At a block's end every flag would have to be in its global for whatever comes next.  Nearly always the
// code there writes the flags before it reads them; so for a known successor the next few instructions
// are looked at, and a flag that they kill on all paths is not computed (a `discard` tells the liveness
// pass).  frontend/x86/flags.c says what that may show to whom, and when it is not done; it is the same
// here.

#include "frontend/aarch64/translate.h"

#include <string.h>

enum { CC_EQ, CC_CS, CC_MI, CC_VS, CC_HI, CC_GE, CC_GT, CC_AL }; // without their low bit

// --- recording ---------------------------------------------------------------------------------------

static TCGv_i64 keep(TCGv_i64 v)
{
    if (v && ((TCGTemp *)v)->kind == TEMP_GLOBAL) {
        TCGv_i64 copy = tcg_temp_new_i64();
        tcg_gen_mov_i64(copy, v);
        return copy;
    }
    return v;
}

// An FP comparison raises exception flags, whether or not its result is read.
static void compare_now(DisasContext *s)
{
    A64PendingFlags *f = &s->flags;
    if (f->op == A64_FLAGS_FCMP && !f->compared) {
        TCGv_i32 t = tcg_temp_new_i32();
        TCGFCond c = f->signaling ? (TCGFCond)(TCG_FCOND_UN | TCG_FCOND_SIGNALING) : TCG_FCOND_UN;
        if (f->fa->type == TCG_TYPE_F32) {
            tcg_gen_fsetcond_f32(c, t, (TCGv_f32)f->fa, (TCGv_f32)f->fb);
        } else {
            tcg_gen_fsetcond_f64(c, t, (TCGv_f64)f->fa, (TCGv_f64)f->fb);
        }
        f->compared = true;
    }
}

static void replace(DisasContext *s, A64PendingFlags f)
{
    compare_now(s);
    s->flags = f;
    s->flags_written |= ARM_CC_MASK;
}

void a64_flags_set(DisasContext *s, A64FlagsOp op, bool sf, TCGv_i64 a, TCGv_i64 b, TCGv_i64 r)
{
    a = keep(a);
    b = keep(b);
    r = keep(r);
    replace(s, (A64PendingFlags){.op = op, .sf = sf, .a = a, .b = b, .r = r});
}

void a64_flags_set_fcmp(DisasContext *s, TCGTemp *a, TCGTemp *b, bool signaling)
{
    replace(s, (A64PendingFlags){.op = A64_FLAGS_FCMP, .fa = a, .fb = b, .signaling = signaling});
    if (s->precise) {
        compare_now(s);
    }
}

void a64_flags_set_ccmp(DisasContext *s, unsigned cc, bool sf, TCGv_i64 a, TCGv_i64 b,
                        unsigned nzcv)
{
    A64Cond c = a64_flags_cond(s, cc);
    TCGv_i64 p = tcg_temp_new_i64(), r = tcg_temp_new_i64();
    tcg_gen_setcond_i64(c.cond, p, c.a, c.b);
    tcg_gen_sub_i64(r, a, b);
    replace(s, (A64PendingFlags){.op = A64_FLAGS_CCMP,
                                 .sf = sf,
                                 .a = keep(a),
                                 .b = keep(b),
                                 .r = r,
                                 .p = p,
                                 .nzcv = nzcv});
}

void a64_flags_to_globals(DisasContext *s)
{
    replace(s, (A64PendingFlags){.op = A64_FLAGS_GLOBALS, .done = ARM_CC_MASK});
}

void a64_flags_to_globals_partly(DisasContext *s, uint32_t written)
{
    uint32_t before = s->flags_written;
    a64_flags_materialise(s, ARM_CC_MASK & ~written);
    a64_flags_to_globals(s);
    s->flags_written = before | written;
}

// --- values ------------------------------------------------------------------------------------------

static TCGv_i64 zx(const A64PendingFlags *f, TCGv_i64 v)
{
    if (f->sf) {
        return v;
    }
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_ext32u_i64(t, v);
    return t;
}

static TCGv_i64 sx(const A64PendingFlags *f, TCGv_i64 v)
{
    if (f->sf) {
        return v;
    }
    TCGv_i64 t = tcg_temp_new_i64();
    tcg_gen_ext32s_i64(t, v);
    return t;
}

// --- FP comparisons ----------------------------------------------------------------------------------

// Which outcomes make N, Z, C, V: less 1000, equal 0110, greater 0010, unordered 0011.
enum {
    FC_N = TCG_FCOND_LT,
    FC_Z = TCG_FCOND_EQ,
    FC_C = TCG_FCOND_EQ | TCG_FCOND_GT | TCG_FCOND_UN,
    FC_V = TCG_FCOND_UN,
    FC_ALL = TCG_FCOND_LT | TCG_FCOND_EQ | TCG_FCOND_GT | TCG_FCOND_UN,
};

static TCGv_i64 fcmp(A64PendingFlags *f, unsigned outcomes)
{
    TCGv_i32 t = tcg_temp_new_i32();
    TCGv_i64 r = tcg_temp_new_i64();
    TCGFCond c = (TCGFCond)(outcomes | (f->signaling ? TCG_FCOND_SIGNALING : 0));
    if (f->fa->type == TCG_TYPE_F32) {
        tcg_gen_fsetcond_f32(c, t, (TCGv_f32)f->fa, (TCGv_f32)f->fb);
    } else {
        tcg_gen_fsetcond_f64(c, t, (TCGv_f64)f->fa, (TCGv_f64)f->fb);
    }
    tcg_gen_extu_i32_i64(r, t);
    f->compared = true;
    return r;
}

// --- materialising -----------------------------------------------------------------------------------

static void gen_carry(A64PendingFlags *f, TCGv_i64 c)
{
    switch (f->op) {
    case A64_FLAGS_ADD: tcg_gen_setcond_i64(TCG_COND_LTU, c, zx(f, f->r), zx(f, f->a)); break;
    case A64_FLAGS_SUB:
    case A64_FLAGS_CCMP: tcg_gen_setcond_i64(TCG_COND_GEU, c, zx(f, f->a), zx(f, f->b)); break;
    case A64_FLAGS_FCMP: tcg_gen_mov_i64(c, fcmp(f, FC_C)); break;
    default: tcg_gen_movi_i64(c, 0); break;
    }
}

// V is the sign bit of (a ^ r) & (b ^ r) for a sum, of (a ^ b) & (a ^ r) for a difference.
static void gen_overflow(A64PendingFlags *f, TCGv_i64 v)
{
    if (f->op == A64_FLAGS_LOGIC) {
        tcg_gen_movi_i64(v, 0);
        return;
    }
    if (f->op == A64_FLAGS_FCMP) {
        tcg_gen_neg_i64(v, fcmp(f, FC_V));
        return;
    }
    TCGv_i64 t = tcg_temp_new_i64(), u = tcg_temp_new_i64();
    tcg_gen_xor_i64(t, f->a, f->r);
    tcg_gen_xor_i64(u, f->b, f->op == A64_FLAGS_ADD ? f->r : f->a);
    tcg_gen_and_i64(t, t, u);
    tcg_gen_mov_i64(v, sx(f, t));
}

static void gen_negative(A64PendingFlags *f, TCGv_i64 n)
{
    if (f->op == A64_FLAGS_FCMP) {
        tcg_gen_neg_i64(n, fcmp(f, FC_N));
    } else {
        tcg_gen_mov_i64(n, sx(f, f->r));
    }
}

static void gen_zero(A64PendingFlags *f, TCGv_i64 z)
{
    if (f->op == A64_FLAGS_FCMP) {
        tcg_gen_xori_i64(z, fcmp(f, FC_Z), 1);
    } else {
        tcg_gen_mov_i64(z, zx(f, f->r));
    }
}

// The value of a global for CCMP: what it is when the comparison counts, else the immediate's.
static void choose(const A64PendingFlags *f, TCGv_i64 global, TCGv_i64 compared, int64_t immediate)
{
    tcg_gen_movcond_i64(TCG_COND_NE, global, f->p, tcg_constant_i64(0), compared,
                        tcg_constant_i64(immediate));
}

typedef void GenFlag(A64PendingFlags *f, TCGv_i64 v);

static void gen_flag(A64PendingFlags *f, GenFlag *gen, TCGv_i64 global, int64_t immediate)
{
    if (f->op == A64_FLAGS_CCMP) {
        TCGv_i64 t = tcg_temp_new_i64();
        gen(f, t);
        choose(f, global, t, immediate);
    } else {
        gen(f, global);
    }
}

void a64_flags_materialise(DisasContext *s, uint32_t need)
{
    A64PendingFlags *f = &s->flags;
    if (f->op == A64_FLAGS_GLOBALS) {
        return;
    }
    if (!need) {
        return;
    }
    need &= ~f->done;
    if (need & ARM_CC_N) {
        gen_flag(f, gen_negative, a64_nf(), f->nzcv & 8 ? -1 : 0);
    }
    if (need & ARM_CC_Z) {
        gen_flag(f, gen_zero, a64_zf(), !(f->nzcv & 4));
    }
    if (need & ARM_CC_C) {
        gen_flag(f, gen_carry, a64_cf(), f->nzcv >> 1 & 1);
    }
    if (need & ARM_CC_V) {
        gen_flag(f, gen_overflow, a64_vf(), f->nzcv & 1 ? -1 : 0);
    }
    f->done |= need;
}

// --- conditions --------------------------------------------------------------------------------------

static A64Cond cond_imm(TCGCond cond, TCGv_i64 a, int64_t b)
{
    return (A64Cond){cond, a, tcg_constant_i64(b)};
}

static A64Cond cond_const(bool value)
{
    TCGv_i64 zero = tcg_constant_i64(0);
    return (A64Cond){value ? TCG_COND_EQ : TCG_COND_NE, zero, zero};
}

// From flags that are in the globals.
static A64Cond cond_globals(unsigned cc)
{
    TCGv_i64 t = tcg_temp_new_i64();
    switch (cc) {
    case CC_EQ: return cond_imm(TCG_COND_EQ, a64_zf(), 0);
    case CC_CS: return cond_imm(TCG_COND_NE, a64_cf(), 0);
    case CC_MI: return cond_imm(TCG_COND_LT, a64_nf(), 0);
    case CC_VS: return cond_imm(TCG_COND_LT, a64_vf(), 0);
    case CC_HI: // C and not Z: zf kept when C, else 0
        tcg_gen_neg_i64(t, a64_cf());
        tcg_gen_and_i64(t, t, a64_zf());
        return cond_imm(TCG_COND_NE, t, 0);
    case CC_GE: tcg_gen_xor_i64(t, a64_nf(), a64_vf()); return cond_imm(TCG_COND_GE, t, 0);
    default: // not Z and N == V: zf masked by the inverse of the sign
        tcg_gen_xor_i64(t, a64_nf(), a64_vf());
        tcg_gen_sari_i64(t, t, 63);
        tcg_gen_andc_i64(t, a64_zf(), t);
        return cond_imm(TCG_COND_NE, t, 0);
    }
}

static const uint32_t cond_needs[8] = {
    [CC_EQ] = ARM_CC_Z,
    [CC_CS] = ARM_CC_C,
    [CC_MI] = ARM_CC_N,
    [CC_VS] = ARM_CC_V,
    [CC_HI] = ARM_CC_C | ARM_CC_Z,
    [CC_GE] = ARM_CC_N | ARM_CC_V,
    [CC_GT] = ARM_CC_N | ARM_CC_Z | ARM_CC_V,
};

static bool cond_from_sub(const A64PendingFlags *f, unsigned cc, A64Cond *out)
{
    switch (cc) {
    case CC_EQ: *out = (A64Cond){TCG_COND_EQ, zx(f, f->a), zx(f, f->b)}; return true;
    case CC_CS: *out = (A64Cond){TCG_COND_GEU, zx(f, f->a), zx(f, f->b)}; return true;
    case CC_HI: *out = (A64Cond){TCG_COND_GTU, zx(f, f->a), zx(f, f->b)}; return true;
    case CC_GE: *out = (A64Cond){TCG_COND_GE, sx(f, f->a), sx(f, f->b)}; return true;
    case CC_GT: *out = (A64Cond){TCG_COND_GT, sx(f, f->a), sx(f, f->b)}; return true;
    case CC_MI: *out = cond_imm(TCG_COND_LT, sx(f, f->r), 0); return true;
    default: return false;
    }
}

static bool cond_from_logic(const A64PendingFlags *f, unsigned cc, A64Cond *out)
{
    switch (cc) {
    case CC_EQ: *out = cond_imm(TCG_COND_EQ, zx(f, f->r), 0); return true;
    case CC_MI: *out = cond_imm(TCG_COND_LT, sx(f, f->r), 0); return true;
    case CC_GE: *out = cond_imm(TCG_COND_GE, sx(f, f->r), 0); return true;
    case CC_GT: *out = cond_imm(TCG_COND_GT, sx(f, f->r), 0); return true;
    default: *out = cond_const(false); return true; // C and V are clear
    }
}

static bool cond_from_add(const A64PendingFlags *f, unsigned cc, A64Cond *out)
{
    switch (cc) {
    case CC_EQ: *out = cond_imm(TCG_COND_EQ, zx(f, f->r), 0); return true;
    case CC_CS: *out = (A64Cond){TCG_COND_LTU, zx(f, f->r), zx(f, f->a)}; return true;
    case CC_MI: *out = cond_imm(TCG_COND_LT, sx(f, f->r), 0); return true;
    default: return false;
    }
}

static unsigned fcmp_outcomes(unsigned cc)
{
    switch (cc) {
    case CC_EQ: return FC_Z;
    case CC_CS: return FC_C;
    case CC_MI: return FC_N;
    case CC_VS: return FC_V;
    case CC_HI: return FC_C & ~FC_Z;
    case CC_GE: return TCG_FCOND_GE;
    default: return TCG_FCOND_GT;
    }
}

static bool nzcv_holds(unsigned nzcv, unsigned cc)
{
    bool n = nzcv & 8, z = nzcv & 4, c = nzcv & 2, v = nzcv & 1;
    switch (cc) {
    case CC_EQ: return z;
    case CC_CS: return c;
    case CC_MI: return n;
    case CC_VS: return v;
    case CC_HI: return c && !z;
    case CC_GE: return n == v;
    default: return !z && n == v;
    }
}

// p ? (a cc b) : immediate, as a 0 or 1.
static bool cond_from_ccmp(A64PendingFlags *f, unsigned cc, A64Cond *out)
{
    A64Cond c;
    TCGv_i64 t = tcg_temp_new_i64(), u = tcg_temp_new_i64();
    if (!cond_from_sub(f, cc, &c)) { // VS
        gen_overflow(f, u);
        c = cond_imm(TCG_COND_LT, u, 0);
    }
    tcg_gen_setcond_i64(c.cond, t, c.a, c.b);
    if (nzcv_holds(f->nzcv, cc)) {
        TCGv_i64 otherwise = tcg_temp_new_i64();
        tcg_gen_xori_i64(otherwise, f->p, 1);
        tcg_gen_or_i64(t, t, otherwise);
    } else {
        tcg_gen_and_i64(t, t, f->p);
    }
    *out = cond_imm(TCG_COND_NE, t, 0);
    return true;
}

static bool cond_from_pending(A64PendingFlags *f, unsigned cc, A64Cond *out)
{
    switch (f->op) {
    case A64_FLAGS_SUB:
        if (cc == CC_EQ && f->kept) {
            *out = cond_imm(TCG_COND_EQ, zx(f, f->r), 0);
            return true;
        }
        return cond_from_sub(f, cc, out);
    case A64_FLAGS_ADD: return cond_from_add(f, cc, out);
    case A64_FLAGS_LOGIC: return cond_from_logic(f, cc, out);
    case A64_FLAGS_CCMP: return cond_from_ccmp(f, cc, out);
    case A64_FLAGS_FCMP: *out = cond_imm(TCG_COND_NE, fcmp(f, fcmp_outcomes(cc)), 0); return true;
    default: return false;
    }
}

A64Cond a64_flags_cond(DisasContext *s, unsigned cc)
{
    A64Cond c;
    if (cc >> 1 == CC_AL) { // 15 is "always" as well
        return cond_const(true);
    }
    if (!cond_from_pending(&s->flags, cc >> 1, &c)) {
        a64_flags_materialise(s, cond_needs[cc >> 1]);
        c = cond_globals(cc >> 1);
    }
    if (cc & 1) {
        c.cond = tcg_invert_cond(c.cond);
    }
    return c;
}

// --- what a successor reads --------------------------------------------------------------------------

#define LOOK_INSNS 12 // instructions looked at from a block's end, over all paths

typedef enum LookKind {
    LOOK_PLAIN,
    LOOK_WRITES,
    LOOK_READS,
    LOOK_COND,
    LOOK_JUMP,
    LOOK_OPAQUE
} LookKind;

static uint32_t cc_reads(unsigned cc) { return cond_needs[cc >> 1 & 7]; }

static uint64_t branch_offset(uint32_t insn, unsigned pos, unsigned len)
{
    return (uint64_t)((int64_t)((uint64_t)insn << (64 - pos - len)) >> (64 - len)) << 2;
}

// What an instruction does with the flags, from its top-level encoding (Arm ARM C4.1).  `read` gets the
// flags it reads; LOOK_WRITES: it writes all four (after reading); LOOK_READS: it reads some and writes
// none; LOOK_COND and LOOK_JUMP: it goes to *dest, perhaps or surely; LOOK_OPAQUE: nobody knows.
static LookKind look_branch(uint32_t i, uint64_t pc, uint32_t *read, uint64_t *dest)
{
    if ((i & 0x7c000000) == 0x14000000) { // B, BL
        *dest = pc + branch_offset(i, 0, 26);
        return LOOK_JUMP;
    }
    if ((i & 0xff000010) == 0x54000000) { // B.cond
        *read = cc_reads(i & 15);
        *dest = pc + branch_offset(i, 5, 19);
        return LOOK_COND;
    }
    if ((i & 0x7e000000) == 0x34000000) { // CBZ, CBNZ
        *dest = pc + branch_offset(i, 5, 19);
        return LOOK_COND;
    }
    if ((i & 0x7e000000) == 0x36000000) { // TBZ, TBNZ
        *dest = pc + branch_offset(i, 5, 14);
        return LOOK_COND;
    }
    if ((i & 0xfff00000) == 0xd5300000 && (i & 0xffffffe0) != 0xd53b4200) {
        return LOOK_PLAIN; // MRS, but of NZCV
    }
    return (i & 0xfffff01f) == 0xd503201f ? LOOK_PLAIN : LOOK_OPAQUE; // hints
}

static LookKind look_register(uint32_t i, uint32_t *read)
{
    if ((i & 0x1e000000) == 0x0a000000) { // logical, ADD and SUB with shift or extension
        bool add = i & 0x01000000;
        return (add ? i >> 29 & 1 : (i >> 29 & 3) == 3) ? LOOK_WRITES : LOOK_PLAIN;
    }
    switch (i >> 21 & 0xf) {
    case 0: // with carry; RMIF, SETF
        if (i & 0xfc00) {
            return LOOK_OPAQUE;
        }
        *read = ARM_CC_C;
        return i >> 29 & 1 ? LOOK_WRITES : LOOK_READS;
    case 2: *read = cc_reads(i >> 12 & 15); return LOOK_WRITES; // CCMP, CCMN
    case 4: *read = cc_reads(i >> 12 & 15); return LOOK_READS;  // CSEL and its kin
    default: return LOOK_PLAIN;
    }
}

static LookKind look_fp(uint32_t i, uint32_t *read)
{
    if ((i & 0x5f200000) == 0x1e200000) { // scalar FP, not the vector forms
        switch (i >> 10 & 3) {
        case 0: return (i & 0x3c00) == 0x2000 ? LOOK_WRITES : LOOK_PLAIN; // FCMP, FCMPE
        case 1: *read = cc_reads(i >> 12 & 15); return LOOK_WRITES;       // FCCMP
        case 3: *read = cc_reads(i >> 12 & 15); return LOOK_READS;        // FCSEL
        }
        // FJCVTZS writes Z and clears the rest.
        return LOOK_PLAIN;
    }
    return LOOK_PLAIN;
}

static LookKind look(uint32_t i, uint64_t pc, uint32_t *read, uint64_t *dest)
{
    *read = 0;
    switch (i >> 25 & 15) {
    case 8:
    case 9: // immediates: ADDS, SUBS, ANDS
        if ((i & 0x1f000000) == 0x11000000) {
            return i >> 29 & 1 ? LOOK_WRITES : LOOK_PLAIN;
        }
        return (i & 0x7f800000) == 0x72000000 ? LOOK_WRITES : LOOK_PLAIN;
    case 10:
    case 11: return look_branch(i, pc, read, dest);
    case 4:
    case 6:
    case 12:
    case 14: return LOOK_PLAIN; // loads and stores
    case 5:
    case 13: return look_register(i, read);
    case 7:
    case 15: return look_fp(i, read);
    default: return LOOK_OPAQUE;
    }
}

// The flags in `unknown` that code at pc may read before it writes them.
static uint32_t flags_read_at(DisasContext *s, uint64_t pc, uint32_t unknown, unsigned *budget)
{
    uint32_t all = 0;
    while (unknown) {
        uint32_t insn, read;
        uint64_t dest;
        if (!*budget || translator_is_watched(pc) ||
            translator_fetch(&s->base, pc, (uint8_t *)&insn, 4) < 4) {
            return all | unknown;
        }
        (*budget)--;
        LookKind kind = look(insn, pc, &read, &dest);
        if (kind == LOOK_OPAQUE) {
            return all | unknown;
        }
        all |= read & unknown;
        unknown &= ~read;
        pc += 4;
        switch (kind) {
        case LOOK_WRITES: return all;
        case LOOK_COND:
            all |= flags_read_at(s, dest, unknown, budget);
            unknown &= ~all;
            break;
        case LOOK_JUMP: pc = dest; break;
        default: break;
        }
    }
    return all;
}

static void discard(TCGv_i64 v) { tcg_emit1(INDEX_op_discard, (TCGArg)v); }

void a64_flags_leave_to(DisasContext *s, uint64_t dest)
{
    uint32_t read = ARM_CC_MASK;
    if (s->flags_written && !s->precise && !(s->base.cflags & (CF_SINGLE_STEP | CF_STATE))) {
        unsigned budget = LOOK_INSNS;
        read = flags_read_at(s, dest, s->flags_written, &budget) |
               (ARM_CC_MASK & ~s->flags_written);
    }
    compare_now(s);
    a64_flags_materialise(s, read);
    const struct {
        uint32_t flag;
        TCGv_i64 global;
    } flags[] = {
        {ARM_CC_N, a64_nf()}, {ARM_CC_Z, a64_zf()}, {ARM_CC_C, a64_cf()}, {ARM_CC_V, a64_vf()}};
    for (unsigned i = 0; i < 4; i++) {
        if (!(read & flags[i].flag)) {
            discard(flags[i].global);
        }
    }
}
