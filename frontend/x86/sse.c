// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SSE to SSE4.1 on floating-point data: moves, arithmetic, comparisons and shuffles.  Conversions are
// in sse-cvt.c, integer lanes in sse-int.c.
//
// An FP op's operands stay in the instruction's order: where both are NaNs, x86 returns the first.

#include "helpers.h"
#include "vec.h"

// --- moves ---------------------------------------------------------------------------------------

// MOVAPS, MOVUPS and their like; arg: the memory operand must be aligned, to its own size.
static bool trans_mov(DisasContext *s, int aligned)
{
    unsigned mem = x86_op_is_mem(s, 0) ? 0 : 1;
    if (aligned && x86_op_is_mem(s, mem)) {
        x86_gen_align_check(s, x86_op_addr(s, mem), s->op[mem].size / 8);
    }
    if (mem == 0) {
        tcg_gen_qemu_st_vec(x86_vec_load(s, 1, 1), x86_op_addr(s, 0), x86_op_size(s, 0));
    } else {
        x86_vec_commit(s, x86_vec_load_unaligned(s, 1, 0));
    }
    return true;
}

// MOVD, MOVQ, MOVQ2DQ, MOVDQ2Q: the low bits, whatever the two operands are.
static bool trans_movq(DisasContext *s, int arg)
{
    (void)arg;
    x86_vec_begin(s, 0);
    x86_vec_begin(s, 1);
    TCGv_i64 v = x86_low64_load(s, 1);
    x86_low64_store(s, 0, v);
    return true;
}

// MOVSS and MOVSD; arg: the lane size.  Of two registers the VEX form takes the upper lanes of the first.
static bool trans_movs(DisasContext *s, int vece)
{
    if (x86_op_is_mem(s, 1)) {
        TCGv_vec r = x86_vec_dest(s);
        tcg_gen_zext_i64_v128(r, x86_op_load(s, 1));
        x86_vec_commit(s, r);
        return true;
    }
    TCGv_i64 v = tcg_temp_new_i64();
    unsigned x = x86_op_is_mem(s, 0) ? 0 : x86_vec_first(s);
    tcg_gen_extract_vec_i64(vece, v, x86_vec_reg(s, x + 1), 0);
    if (x86_op_is_mem(s, 0)) {
        x86_op_store(s, 0, v);
    } else {
        TCGv_vec r = x86_vec_dest(s);
        tcg_gen_insert_vec_i64(vece, r, x86_vec_reg(s, x), v, 0);
        x86_vec_commit(s, r);
    }
    return true;
}

// MOVLPS, MOVHPS, MOVLPD, MOVHPD, MOVLHPS, MOVHLPS; arg: lane of the register that meets memory or
// that is written, + 2 * lane of a register source.
static bool trans_mov_half(DisasContext *s, int arg)
{
    TCGv_i64 v = tcg_temp_new_i64();
    unsigned lane = arg & 1, x = x86_vec_first(s);
    if (x86_op_is_mem(s, 0)) {
        tcg_gen_extract_vec_i64(MO_64, v, x86_vec_reg(s, 1), lane);
        x86_op_store(s, 0, v);
        return true;
    }
    if (x86_op_is_mem(s, x + 1)) {
        v = x86_op_load(s, x + 1);
    } else {
        tcg_gen_extract_vec_i64(MO_64, v, x86_vec_reg(s, x + 1), (unsigned)arg >> 1);
    }
    TCGv_vec r = x86_vec_dest(s);
    tcg_gen_insert_vec_i64(MO_64, r, x86_vec_reg(s, x), v, lane);
    x86_vec_commit(s, r);
    return true;
}

static bool trans_movddup(DisasContext *s, int arg)
{
    (void)arg;
    static const uint8_t even[] = {0, 0, 0, 0};
    TCGv_vec r = x86_vec_dest(s);
    if (x86_is_256(s)) {
        TCGv_vec b = x86_vec_load(s, 1, 0);
        x86_vec_shuffle(MO_64, r, b, b, even);
    } else {
        tcg_gen_dup_vec(MO_64, r, x86_low64_load(s, 1));
    }
    x86_vec_commit(s, r);
    return true;
}

// MOVSLDUP, MOVSHDUP; arg: which of each pair of lanes is doubled.
static bool trans_movxdup(DisasContext *s, int arg)
{
    uint8_t o = (uint8_t)arg, p = (uint8_t)(2 + arg);
    uint8_t index[] = {o, o, p, p, o, o, p, p};
    TCGv_vec b = x86_vec_load(s, 1, 0), r = x86_vec_dest(s);
    x86_vec_shuffle(MO_32, r, b, b, index);
    x86_vec_commit(s, r);
    return true;
}

static bool trans_movmsk(DisasContext *s, int vece)
{
    TCGv_i64 r = tcg_temp_new_i64();
    x86_vec_begin(s, 1);
    tcg_gen_signmask_vec(vece, r, x86_vec_load(s, 1, 1));
    x86_op_store(s, 0, r);
    return true;
}

// --- arithmetic ----------------------------------------------------------------------------------

typedef enum FOp { F_ADD, F_SUB, F_MUL, F_DIV, F_MIN, F_MAX } FOp;

static const struct {
    X86VecFn2 *vec;
    void (*f32)(TCGv_f32 r, TCGv_f32 a, TCGv_f32 b);
    void (*f64)(TCGv_f64 r, TCGv_f64 a, TCGv_f64 b);
} fop[] = {
    [F_ADD] = {tcg_gen_fadd_vec, tcg_gen_fadd_f32, tcg_gen_fadd_f64},
    [F_SUB] = {tcg_gen_fsub_vec, tcg_gen_fsub_f32, tcg_gen_fsub_f64},
    [F_MUL] = {tcg_gen_fmul_vec, tcg_gen_fmul_f32, tcg_gen_fmul_f64},
    [F_DIV] = {tcg_gen_fdiv_vec, tcg_gen_fdiv_f32, tcg_gen_fdiv_f64},
    // The select forms are MINPS and MAXPS to the bit: the second operand unless the first is beyond it.
    [F_MIN] = {tcg_gen_fminsel_vec, tcg_gen_fminsel_f32, tcg_gen_fminsel_f64},
    [F_MAX] = {tcg_gen_fmaxsel_vec, tcg_gen_fmaxsel_f32, tcg_gen_fmaxsel_f64},
};

// ADDPS, ADDPD and their like; arg: FOp, + 16 * lane size.
static bool trans_fp_packed(DisasContext *s, int arg)
{
    TCGv_vec a = x86_vec_src(s, 0), b = x86_vec_src(s, 1), r = x86_sse_fp_dest(s);
    x86_sse_fp_begin(s);
    fop[arg & 15].vec((unsigned)arg >> 4, r, a, b);
    x86_sse_fp_commit(s, r);
    return true;
}

static bool trans_fp_ss(DisasContext *s, int op)
{
    unsigned x = x86_vec_first(s);
    TCGv_f32 a = x86_f32_load(s, x), b = x86_f32_load(s, x + 1), r = tcg_temp_new_f32();
    x86_sse_fp_begin(s);
    fop[op].f32(r, a, b);
    x86_sse_fp_commit_f32(s, r);
    return true;
}

static bool trans_fp_sd(DisasContext *s, int op)
{
    unsigned x = x86_vec_first(s);
    TCGv_f64 a = x86_f64_load(s, x), b = x86_f64_load(s, x + 1), r = tcg_temp_new_f64();
    x86_sse_fp_begin(s);
    fop[op].f64(r, a, b);
    x86_sse_fp_commit_f64(s, r);
    return true;
}

// SQRTPS, SQRTPD; arg: the lane size.
static bool trans_sqrt_packed(DisasContext *s, int vece)
{
    TCGv_vec b = x86_vec_load(s, 1, 0), r = x86_sse_fp_dest(s);
    x86_sse_fp_begin(s);
    tcg_gen_fsqrt_vec(vece, r, b);
    x86_sse_fp_commit(s, r);
    return true;
}

static bool trans_sqrtss(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_f32 r = tcg_temp_new_f32(), b = x86_f32_load(s, x86_vec_first(s) + 1);
    x86_sse_fp_begin(s);
    tcg_gen_fsqrt_f32(r, b);
    x86_sse_fp_commit_f32(s, r);
    return true;
}

static bool trans_sqrtsd(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_f64 r = tcg_temp_new_f64(), b = x86_f64_load(s, x86_vec_first(s) + 1);
    x86_sse_fp_begin(s);
    tcg_gen_fsqrt_f64(r, b);
    x86_sse_fp_commit_f64(s, r);
    return true;
}

// RCPPS, RSQRTPS, RCPSS, RSQRTSS; arg: 1 for the reciprocal square root, 2 for the scalar form.  They
// raise nothing, and how they approximate is the CPU's own business, so the host's answer serves.
static bool trans_approx(DisasContext *s, int arg)
{
    bool scalar = arg & 2;
    TCGv_vec b = x86_vec_load(s, scalar ? x86_vec_first(s) + 1 : 1, 0);
    TCGv_vec d = x86_vec_dest(s), r = scalar ? x86_vec_temp_like(d) : d;
    x86_vec_by_halves1(arg & 1 ? gen_helper_x86_rsqrtps : gen_helper_x86_rcpps, r, b);
    if (scalar) {
        TCGv_vec a = x86_vec_src(s, 0);
        tcg_gen_shuffle_vec(MO_32, d, r, a, (const uint8_t[]){0, 5, 6, 7});
    }
    x86_vec_commit(s, d);
    return true;
}

// Lanes of a, b and zero chosen for both operands of an op: the horizontal forms.
static void gen_shuffled(X86VecFn2 *fn, unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b,
                         const uint8_t *first, const uint8_t *second)
{
    TCGv_vec x = x86_vec_temp_like(r), y = x86_vec_temp_like(r);
    x86_vec_shuffle(vece, x, a, b, first);
    x86_vec_shuffle(vece, y, a, b, second);
    fn(vece, r, x, y);
}

// HADDPS, HADDPD, HSUBPS, HSUBPD; arg: FOp, + 16 for double precision.
static bool trans_fp_horizontal(DisasContext *s, int arg)
{
    static const uint8_t even32[] = {0, 2, 4, 6, 0, 2, 4, 6}, odd32[] = {1, 3, 5, 7, 1, 3, 5, 7};
    static const uint8_t even64[] = {0, 2, 0, 2}, odd64[] = {1, 3, 1, 3};
    TCGv_vec a = x86_vec_src(s, 0), b = x86_vec_src(s, 1), r = x86_sse_fp_dest(s);
    bool f64 = arg & 16;
    x86_sse_fp_begin(s);
    gen_shuffled(fop[arg & 15].vec, f64 ? MO_64 : MO_32, r, a, b, f64 ? even64 : even32,
                 f64 ? odd64 : odd32);
    x86_sse_fp_commit(s, r);
    return true;
}

// ADDSUBPS, ADDSUBPD: even lanes subtracted, odd ones added.  Each op sees only the lanes that it is
// for (twice), so that no other lane raises an exception.
static bool trans_addsub(DisasContext *s, int vece)
{
    static const uint8_t even32[] = {0, 0, 2, 2, 0, 0, 2, 2}, odd32[] = {1, 1, 3, 3, 1, 1, 3, 3};
    static const uint8_t mix32[] = {0, 5, 2, 7, 0, 5, 2, 7};
    static const uint8_t even64[] = {0, 0, 0, 0}, odd64[] = {1, 1, 1, 1}, mix64[] = {0, 3, 0, 3};
    const uint8_t *even = vece == MO_32 ? even32 : even64, *odd = vece == MO_32 ? odd32 : odd64;
    TCGv_vec a = x86_vec_src(s, 0), b = x86_vec_src(s, 1), r = x86_vec_dest(s);
    TCGv_vec x = x86_vec_temp_like(r), y = x86_vec_temp_like(r);
    TCGv_vec sub = x86_vec_temp_like(r), add = x86_vec_temp_like(r);
    x86_sse_fp_begin(s);
    x86_vec_shuffle(vece, x, a, a, even);
    x86_vec_shuffle(vece, y, b, b, even);
    tcg_gen_fsub_vec(vece, sub, x, y);
    x86_vec_shuffle(vece, x, a, a, odd);
    x86_vec_shuffle(vece, y, b, b, odd);
    tcg_gen_fadd_vec(vece, add, x, y);
    x86_sse_fp_end(s);
    x86_vec_shuffle(vece, r, sub, add, vece == MO_32 ? mix32 : mix64);
    x86_vec_commit(s, r);
    return true;
}

// DPPS, DPPD; arg: the lane size.  A lane whose product is not wanted multiplies zeros, which is the +0
// that the manual puts there.
static bool trans_dp(DisasContext *s, int vece)
{
    static const uint8_t swap32[] = {1, 0, 3, 2, 1, 0, 3, 2}, swap64[] = {1, 0};
    static const uint8_t high32[] = {2, 2, 0, 0, 2, 2, 0, 0};
    unsigned n = vece == MO_32 ? 4 : 2, imm = x86_vec_imm8(s, 2);
    uint8_t in[8], out[8];
    for (unsigned i = 0; i < 8; i++) {
        in[i] = imm & (16u << i % n) ? (uint8_t)(i % n) : 0xff;
        out[i] = imm & (1u << i % n) ? 0 : 0xff;
    }
    TCGv_vec a = x86_vec_src(s, 0), b = x86_vec_src(s, 1), r = x86_vec_dest(s);
    TCGv_vec x = x86_vec_temp_like(r), y = x86_vec_temp_like(r);
    x86_sse_fp_begin(s);
    x86_vec_shuffle(vece, x, a, a, in);
    x86_vec_shuffle(vece, y, b, b, in);
    tcg_gen_fmul_vec(vece, x, x, y);
    x86_sse_fp_end(s); // each step by itself
    // x0+x1, x1+x0, x2+x3, x3+x2; then the sum of the sums.  Lane 0 has the manual's order.
    x86_vec_shuffle(vece, y, x, x, vece == MO_32 ? swap32 : swap64);
    tcg_gen_fadd_vec(vece, x, x, y);
    if (vece == MO_32) {
        x86_sse_fp_end(s);
        x86_vec_shuffle(vece, y, x, x, high32);
        tcg_gen_fadd_vec(vece, x, x, y);
    }
    x86_sse_fp_end(s);
    x86_vec_shuffle(vece, r, x, x, out);
    x86_vec_commit(s, r);
    return true;
}

// --- comparisons ---------------------------------------------------------------------------------

// CMPPS's predicate, imm bits 0-2, with VEX 0-4: 8 more, and all with the other answer to whether a quiet
// NaN is invalid.
static TCGFCond cmp_predicate(const DisasContext *s)
{
    static const TCGFCond table[16] = {
        TCG_FCOND_EQ,
        TCG_FCOND_LT | TCG_FCOND_SIGNALING,
        TCG_FCOND_LE | TCG_FCOND_SIGNALING,
        TCG_FCOND_UN,
        TCG_FCOND_NEU,
        TCG_FCOND_GE | TCG_FCOND_UN | TCG_FCOND_SIGNALING,
        TCG_FCOND_GT | TCG_FCOND_UN | TCG_FCOND_SIGNALING,
        TCG_FCOND_ORD,
        TCG_FCOND_EQ | TCG_FCOND_UN,
        TCG_FCOND_LT | TCG_FCOND_UN | TCG_FCOND_SIGNALING,
        TCG_FCOND_LE | TCG_FCOND_UN | TCG_FCOND_SIGNALING,
        0,
        TCG_FCOND_LT | TCG_FCOND_GT,
        TCG_FCOND_GE | TCG_FCOND_SIGNALING,
        TCG_FCOND_GT | TCG_FCOND_SIGNALING,
        TCG_FCOND_ORD | TCG_FCOND_UN,
    };
    unsigned imm = x86_vec_imm8(s, 2) & (x86_is_vex(s) ? 31 : 7);
    return table[imm & 15] ^ (imm & 16 ? TCG_FCOND_SIGNALING : 0);
}

static bool trans_cmp_packed(DisasContext *s, int vece)
{
    TCGv_vec a = x86_vec_src(s, 0), b = x86_vec_src(s, 1), r = x86_sse_fp_dest(s);
    x86_sse_fp_begin(s);
    tcg_gen_fcmp_vec(cmp_predicate(s), vece, r, a, b);
    x86_sse_fp_commit(s, r);
    return true;
}

static void gen_fsetcond(unsigned vece, TCGFCond cond, TCGv_i64 r, TCGTemp *a, TCGTemp *b)
{
    TCGv_i32 t = tcg_temp_new_i32();
    if (vece == MO_32) {
        tcg_gen_fsetcond_f32(cond, t, temp_tcgv_f32(a), temp_tcgv_f32(b));
    } else {
        tcg_gen_fsetcond_f64(cond, t, temp_tcgv_f64(a), temp_tcgv_f64(b));
    }
    tcg_gen_extu_i32_i64(r, t);
}

static TCGTemp *scalar_load(DisasContext *s, unsigned vece, unsigned i)
{
    return vece == MO_32 ? tcgv_f32_temp(x86_f32_load(s, i)) : tcgv_f64_temp(x86_f64_load(s, i));
}

static bool trans_cmp_scalar(DisasContext *s, int vece)
{
    unsigned x = x86_vec_first(s);
    TCGTemp *a = scalar_load(s, vece, x), *b = scalar_load(s, vece, x + 1);
    TCGv_i64 v = tcg_temp_new_i64();
    x86_sse_fp_begin(s);
    gen_fsetcond(vece, cmp_predicate(s), v, a, b);
    x86_sse_fp_end(s);
    tcg_gen_neg_i64(v, v);
    TCGv_vec r = x86_vec_dest(s);
    tcg_gen_insert_vec_i64(vece, r, x86_vec_reg(s, x), v, 0);
    x86_vec_commit(s, r);
    return true;
}

// COMISS and its like; arg: the lane size, + TCG_FCOND_SIGNALING for the COMI forms.
static bool trans_comi(DisasContext *s, int arg)
{
    unsigned vece = arg & 15, sig = arg & TCG_FCOND_SIGNALING;
    TCGTemp *a = scalar_load(s, vece, 0), *b = scalar_load(s, vece, 1);
    TCGv_i64 z = tcg_temp_new_i64(), n = tcg_temp_new_i64(), c = tcg_temp_new_i64();
    x86_sse_fp_begin(s);
    gen_fsetcond(vece, TCG_FCOND_LT | TCG_FCOND_GT | sig, z, a, b); // not equal: ZF = 0
    gen_fsetcond(vece, TCG_FCOND_ORD | sig, n, a, b);               // odd parity: PF = 0
    gen_fsetcond(vece, TCG_FCOND_LT | TCG_FCOND_UN | sig, c, a, b);
    x86_sse_fp_end(s);
    x86_flags_to_globals(s);
    tcg_gen_mov_i64(tcg_global_i64(X86_G_CC_Z), z);
    tcg_gen_mov_i64(tcg_global_i64(X86_G_CC_N), n);
    tcg_gen_mov_i64(tcg_global_i64(X86_G_CC_C), c);
    tcg_gen_movi_i64(tcg_global_i64(X86_G_CC_O), 0);
    tcg_gen_movi_i64(tcg_global_i64(X86_G_CC_A), 0);
    return true;
}

// --- shuffles ------------------------------------------------------------------------------------

// r = lanes of the two sources.
static bool gen_shuffle_sources(DisasContext *s, unsigned vece, const uint8_t *index)
{
    TCGv_vec a = x86_vec_src(s, 0), b = x86_vec_src(s, 1), r = x86_vec_dest(s);
    x86_vec_shuffle(vece, r, a, b, index);
    x86_vec_commit(s, r);
    return true;
}

static bool trans_shufps(DisasContext *s, int arg)
{
    (void)arg;
    unsigned imm = x86_vec_imm8(s, 2);
    uint8_t index[8];
    for (unsigned i = 0; i < 8; i++) {
        index[i] = (uint8_t)((imm >> (2 * (i & 3)) & 3) + (i & 2 ? 4 : 0));
    }
    return gen_shuffle_sources(s, MO_32, index);
}

static bool trans_shufpd(DisasContext *s, int arg)
{
    (void)arg;
    unsigned imm = x86_vec_imm8(s, 2);
    uint8_t index[4];
    for (unsigned i = 0; i < 4; i++) {
        index[i] = (uint8_t)((imm >> i & 1) + (i & 1 ? 2 : 0));
    }
    return gen_shuffle_sources(s, MO_64, index);
}

// BLENDPS, BLENDPD, PBLENDW, VPBLENDD: a bit of the immediate a lane, 8 for the 16 lanes of VPBLENDW;
// arg: the lane size.
static bool trans_blend(DisasContext *s, int vece)
{
    unsigned imm = x86_vec_imm8(s, 2), n = 16u >> vece;
    uint8_t index[16];
    for (unsigned i = 0; i < 16; i++) {
        index[i] = (uint8_t)(i % n + (imm & (1u << i % 8) ? n : 0));
    }
    return gen_shuffle_sources(s, vece, index);
}

// BLENDVPS, BLENDVPD, PBLENDVB: the sign bits of the lanes of XMM0, or of the VEX form's last operand, choose;
// arg: the lane size.
static bool trans_blendv(DisasContext *s, int vece)
{
    TCGv_vec a = x86_vec_src(s, 0), b = x86_vec_src(s, 1), r = x86_vec_dest(s);
    TCGv_vec mask = x86_vec_temp_like(r);
    tcg_gen_sari_vec(vece, mask, x86_is_vex(s) ? x86_vec_load(s, 3, 0) : x86_xmm(0),
                     (8u << vece) - 1);
    tcg_gen_bitsel_vec(vece, r, mask, b, a);
    x86_vec_commit(s, r);
    return true;
}

static bool trans_insertps(DisasContext *s, int arg)
{
    (void)arg;
    unsigned imm = x86_vec_imm8(s, 2), to = imm >> 4 & 3;
    unsigned from = x86_op_is_mem(s, x86_vec_first(s) + 1) ? 0 : imm >> 6;
    uint8_t index[4];
    for (unsigned i = 0; i < 4; i++) {
        index[i] = (uint8_t)(imm & (1u << i) ? 0xff : i == to ? 4 + from : i);
    }
    return gen_shuffle_sources(s, MO_32, index);
}

// clang-format off
#define ROW X86_ROW
#define ROW_V(m, fn, arg, feat) X86_ROW_V(m, fn, arg, feat, NONE)
#define ROW_FP(m, op)                                                                              \
    ROW_V(m##PS, fp_packed, F_##op + 16 * MO_32, NONE),                                            \
    ROW_V(m##PD, fp_packed, F_##op + 16 * MO_64, NONE),                                            \
    ROW_V(m##SS, fp_ss, F_##op, NONE), ROW_V(m##SD, fp_sd, F_##op, NONE)
const X86Row x86_rows_sse[] = {
    ROW_V(MOVAPS, mov, 1, NONE), ROW_V(MOVAPD, mov, 1, NONE), ROW_V(MOVDQA, mov, 1, NONE),
    ROW_V(MOVUPS, mov, 0, NONE), ROW_V(MOVUPD, mov, 0, NONE), ROW_V(MOVDQU, mov, 0, NONE),
    ROW_V(LDDQU, mov, 0, SSE3),
    ROW_V(MOVNTPS, mov, 1, NONE), ROW_V(MOVNTPD, mov, 1, NONE), ROW_V(MOVNTDQ, mov, 1, NONE),
    X86_ROW_V(MOVNTDQA, mov, 1, SSE41, AVX2),
    ROW_V(MOVD, movq, 0, NONE), ROW_V(MOVQ, movq, 0, NONE),
    ROW(MOVQ2DQ, movq, 0, NONE), ROW(MOVDQ2Q, movq, 0, NONE),
    ROW_V(MOVSS, movs, MO_32, NONE), ROW_V(MOVSD, movs, MO_64, NONE),
    ROW(MOVNTSS, movs, MO_32, SSE4A), ROW(MOVNTSD, movs, MO_64, SSE4A),
    ROW_V(MOVLPS, mov_half, 0, NONE), ROW_V(MOVLPD, mov_half, 0, NONE),
    ROW_V(MOVHPS, mov_half, 1, NONE), ROW_V(MOVHPD, mov_half, 1, NONE),
    ROW_V(MOVLHPS, mov_half, 1, NONE), ROW_V(MOVHLPS, mov_half, 2, NONE),
    ROW_V(MOVDDUP, movddup, 0, SSE3), ROW_V(MOVSLDUP, movxdup, 0, SSE3),
    ROW_V(MOVSHDUP, movxdup, 1, SSE3),
    ROW_V(MOVMSKPS, movmsk, MO_32, NONE), ROW_V(MOVMSKPD, movmsk, MO_64, NONE),
    X86_ROW_V(PMOVMSKB, movmsk, MO_8, NONE, AVX2),

    ROW_FP(ADD, ADD), ROW_FP(SUB, SUB), ROW_FP(MUL, MUL), ROW_FP(DIV, DIV), ROW_FP(MIN, MIN),
    ROW_FP(MAX, MAX),
    ROW_V(SQRTPS, sqrt_packed, MO_32, NONE), ROW_V(SQRTPD, sqrt_packed, MO_64, NONE),
    ROW_V(SQRTSS, sqrtss, 0, NONE), ROW_V(SQRTSD, sqrtsd, 0, NONE),
    ROW_V(RCPPS, approx, 0, NONE), ROW_V(RSQRTPS, approx, 1, NONE),
    ROW_V(RCPSS, approx, 2, NONE), ROW_V(RSQRTSS, approx, 3, NONE),
    ROW_V(HADDPS, fp_horizontal, F_ADD, SSE3), ROW_V(HADDPD, fp_horizontal, F_ADD + 16, SSE3),
    ROW_V(HSUBPS, fp_horizontal, F_SUB, SSE3), ROW_V(HSUBPD, fp_horizontal, F_SUB + 16, SSE3),
    ROW_V(ADDSUBPS, addsub, MO_32, SSE3), ROW_V(ADDSUBPD, addsub, MO_64, SSE3),
    ROW_V(DPPS, dp, MO_32, SSE41), ROW_V(DPPD, dp, MO_64, SSE41),

    ROW_V(CMPPS, cmp_packed, MO_32, NONE), ROW_V(CMPPD, cmp_packed, MO_64, NONE),
    ROW_V(CMPSS, cmp_scalar, MO_32, NONE), ROW_V(CMPSD, cmp_scalar, MO_64, NONE),
    ROW_V(UCOMISS, comi, MO_32, NONE), ROW_V(UCOMISD, comi, MO_64, NONE),
    ROW_V(COMISS, comi, MO_32 + TCG_FCOND_SIGNALING, NONE),
    ROW_V(COMISD, comi, MO_64 + TCG_FCOND_SIGNALING, NONE),

    ROW_V(SHUFPS, shufps, 0, NONE), ROW_V(SHUFPD, shufpd, 0, NONE),
    ROW_V(BLENDPS, blend, MO_32, SSE41), ROW_V(BLENDPD, blend, MO_64, SSE41),
    X86_ROW_V(PBLENDW, blend, MO_16, SSE41, AVX2), ROW(VPBLENDD, blend, MO_32, AVX2),
    ROW_V(BLENDVPS, blendv, MO_32, SSE41), ROW_V(BLENDVPD, blendv, MO_64, SSE41),
    X86_ROW_V(PBLENDVB, blendv, MO_8, SSE41, AVX2),
    ROW_V(INSERTPS, insertps, 0, SSE41),
};
// clang-format on
const size_t x86_rows_sse_count = sizeof x86_rows_sse / sizeof *x86_rows_sse;
