// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// MMX, SSE to SSE4.2 and their VEX forms on integer lanes, and the bitwise FP forms.  A worker serves them all:
// the type of the destination's handle decides (see vec.h).

#include "helpers.h"
#include "vec.h"

#define lanes_of x86_vec_lanes
#define temp_like x86_vec_temp_like

// --- d = a op b ----------------------------------------------------------------------------------

static void gen_andn(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    tcg_gen_andc_vec(vece, r, b, a);
}

static void gen_cmpeq(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    tcg_gen_cmp_vec(TCG_COND_EQ, vece, r, a, b);
}

static void gen_cmpgt(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    tcg_gen_cmp_vec(TCG_COND_GT, vece, r, a, b);
}

// PMULUDQ: the low halves of 64-bit lanes.  The MMX form has one lane.
static void gen_muludq(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec mask = temp_like(r), x = temp_like(r), y = temp_like(r);
    tcg_gen_dupi_vec(MO_64, mask, UINT32_MAX);
    tcg_gen_and_vec(MO_64, x, a, mask);
    tcg_gen_and_vec(MO_64, y, b, mask);
    tcg_gen_mul_vec(vece, r, x, y);
}

static void gen_muldq(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec x = temp_like(r), y = temp_like(r);
    tcg_gen_shli_vec(vece, x, a, 32);
    tcg_gen_sari_vec(vece, x, x, 32);
    tcg_gen_shli_vec(vece, y, b, 32);
    tcg_gen_sari_vec(vece, y, y, 32);
    tcg_gen_mul_vec(vece, r, x, y);
}

// PSIGN: a negated where b is negative, zero where b is zero.
static void gen_sign(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec neg = temp_like(r), zero = temp_like(r), x = temp_like(r);
    tcg_gen_sari_vec(vece, neg, b, (8u << vece) - 1);
    tcg_gen_dupi_vec(vece, zero, 0);
    tcg_gen_cmp_vec(TCG_COND_EQ, vece, zero, b, zero);
    tcg_gen_xor_vec(vece, x, a, neg);
    tcg_gen_sub_vec(vece, x, x, neg);
    tcg_gen_andc_vec(vece, r, x, zero);
}

// PSHUFB: bit 7 of an index gives zero, else the low bits choose.
static void gen_shufb(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    TCGv_vec index = temp_like(r);
    unsigned n = lanes_of(r, MO_8);
    tcg_gen_dupi_vec(vece, index, 0x80 | ((n < 16 ? n : 16) - 1));
    tcg_gen_and_vec(vece, index, index, b);
    (n > 16 ? tcg_gen_tbl16_vec : tcg_gen_tbl_vec)(vece, r, a, index);
}

static void gen_horizontal(X86VecFn2 *fn, unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    uint8_t even[X86_MAX_LANES], odd[X86_MAX_LANES];
    for (unsigned i = 0; i < lanes_of(r, vece); i++) {
        unsigned k = i % (16u >> vece);
        even[i] = (uint8_t)(2 * k);
        odd[i] = (uint8_t)(2 * k + 1);
    }
    TCGv_vec x = temp_like(r), y = temp_like(r);
    x86_vec_shuffle(vece, x, a, b, even);
    x86_vec_shuffle(vece, y, a, b, odd);
    fn(vece, r, x, y);
}

static void gen_hadd(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    gen_horizontal(tcg_gen_add_vec, vece, r, a, b);
}

static void gen_hsub(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    gen_horizontal(tcg_gen_sub_vec, vece, r, a, b);
}

static void gen_hadds(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    gen_horizontal(tcg_gen_ssadd_vec, vece, r, a, b);
}

static void gen_hsubs(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    gen_horizontal(tcg_gen_sssub_vec, vece, r, a, b);
}

static void gen_unpack(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b, bool high)
{
    uint8_t index[X86_MAX_LANES];
    unsigned all = lanes_of(r, vece), n = all < 16u >> vece ? all : 16u >> vece;
    for (unsigned i = 0; i < all; i++) {
        unsigned k = i % n;
        index[i] = (uint8_t)(k / 2 + (high ? n / 2 : 0) + (k & 1 ? n : 0));
    }
    x86_vec_shuffle(vece, r, a, b, index);
}

static void gen_unpackl(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    gen_unpack(vece, r, a, b, false);
}

static void gen_unpackh(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    gen_unpack(vece, r, a, b, true);
}

// PACKSSWB and its like, which work on each 128 bits: the ops narrow all of a, then all of b.
static void gen_pack(X86VecFn2 *fn, unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    if (tcgv_vec_type(r) == TCG_TYPE_V256) {
        TCGv_vec t = temp_like(r);
        fn(vece, t, a, b);
        tcg_gen_shuffle_vec(MO_64, r, t, t, (const uint8_t[]){0, 2, 1, 3});
    } else {
        fn(vece, r, a, b);
    }
}

static void gen_packss(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    gen_pack(tcg_gen_narrowss_vec, vece, r, a, b);
}

static void gen_packsu(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    gen_pack(tcg_gen_narrowsu_vec, vece, r, a, b);
}

// clang-format off
#define VEC2_OPS(X)                                                                                \
    X(add, tcg_gen_add_vec) X(sub, tcg_gen_sub_vec) X(ssadd, tcg_gen_ssadd_vec)                    \
    X(usadd, tcg_gen_usadd_vec) X(sssub, tcg_gen_sssub_vec) X(ussub, tcg_gen_ussub_vec)            \
    X(mul, tcg_gen_mul_vec) X(mulhs, tcg_gen_mulhs_vec) X(mulhu, tcg_gen_mulhu_vec)                \
    X(muludq, gen_muludq) X(muldq, gen_muldq) X(mulhrs, tcg_gen_mulhrs_vec)                        \
    X(pmadds, tcg_gen_pmadds_vec) X(pmaddus, tcg_gen_pmaddus_vec) X(sad, tcg_gen_sadu8_vec)        \
    X(smin, tcg_gen_smin_vec) X(smax, tcg_gen_smax_vec) X(umin, tcg_gen_umin_vec)                  \
    X(umax, tcg_gen_umax_vec) X(avg, tcg_gen_avgu_vec)                                             \
    X(and, tcg_gen_and_vec) X(or, tcg_gen_or_vec) X(xor, tcg_gen_xor_vec) X(andn, gen_andn)        \
    X(cmpeq, gen_cmpeq) X(cmpgt, gen_cmpgt) X(sign, gen_sign) X(shufb, gen_shufb)                  \
    X(hadd, gen_hadd) X(hsub, gen_hsub) X(hadds, gen_hadds) X(hsubs, gen_hsubs)                    \
    X(unpackl, gen_unpackl) X(unpackh, gen_unpackh)                                                \
    X(packss, gen_packss) X(packsu, gen_packsu)                                                    \
    X(shlv, tcg_gen_shlv_vec) X(shrv, tcg_gen_shrv_vec) X(sarv, tcg_gen_sarv_vec)
// clang-format on

enum {
#define X(name, fn) V_##name,
    VEC2_OPS(X)
#undef X
};

static X86VecFn2 *const vec2_fn[] = {
#define X(name, fn) [V_##name] = fn,
    VEC2_OPS(X)
#undef X
};

// arg: V_*, + 256 * lane size.
static bool trans_vec2(DisasContext *s, int arg)
{
    x86_vec_begin(s, 0);
    TCGv_vec a = x86_vec_src(s, 0), b = x86_vec_src(s, 1), r = x86_vec_dest(s);
    vec2_fn[arg & 255]((unsigned)arg >> 8, r, a, b);
    x86_vec_commit(s, r);
    return true;
}

static bool trans_pabs(DisasContext *s, int vece)
{
    x86_vec_begin(s, 0);
    TCGv_vec b = x86_vec_load(s, 1, 0), r = x86_vec_dest(s);
    tcg_gen_abs_vec(vece, r, b);
    x86_vec_commit(s, r);
    return true;
}

// --- shifts --------------------------------------------------------------------------------------

typedef enum ShiftKind { SHIFT_L, SHIFT_R, SHIFT_A } ShiftKind;

// PSLLW and its like, by an immediate or by the low 64 bits of an operand; arg: kind, + 16 * lane size.
static bool trans_shift(DisasContext *s, int arg)
{
    unsigned kind = arg & 15, vece = (unsigned)arg >> 4, width = 8u << vece;
    unsigned count = x86_vec_first(s) + 1;
    x86_vec_begin(s, 0);
    TCGv_vec a = x86_vec_src(s, 0), r;
    if (s->op[count].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        unsigned n = x86_imm8(s, count);
        r = x86_vec_dest(s);
        if (kind == SHIFT_A) {
            tcg_gen_sari_vec(vece, r, a, n < width ? n : width - 1);
        } else if (n >= width) {
            tcg_gen_dupi_vec(vece, r, 0);
        } else {
            (kind == SHIFT_L ? tcg_gen_shli_vec : tcg_gen_shri_vec)(vece, r, a, n);
        }
    } else {
        // A register of 128 bits at most, whatever is shifted; in memory too, 128 bits are accessed.
        TCGv_i64 n = tcg_temp_new_i64();
        if (x86_op_is_mem(s, count)) {
            bool mmx = x86_op_is_mmx(s, 0);
            TCGv_vec b = mmx ? tcg_temp_new_v64() : tcg_temp_new_v128();
            TCGv_i64 addr = x86_op_addr(s, count);
            if (!mmx && !x86_is_vex(s)) {
                x86_gen_align16_check(s, addr);
            }
            tcg_gen_qemu_ld_vec(b, addr, mmx ? MO_64 : MO_128);
            if (mmx) {
                tcg_gen_bitcast_v64_i64(n, b);
            } else {
                tcg_gen_extract_vec_i64(MO_64, n, b, 0);
            }
        } else {
            n = x86_low64_load(s, count);
        }
        r = x86_vec_dest(s);
        switch ((ShiftKind)kind) {
        case SHIFT_L: tcg_gen_shls_vec(vece, r, a, n); break;
        case SHIFT_R: tcg_gen_shrs_vec(vece, r, a, n); break;
        case SHIFT_A: tcg_gen_sars_vec(vece, r, a, n); break;
        }
    }
    x86_vec_commit(s, r);
    return true;
}

// PSLLDQ, PSRLDQ: whole bytes; arg: to the right.
static bool trans_shift_bytes(DisasContext *s, int right)
{
    unsigned n = x86_vec_imm8(s, 1);
    uint8_t index[X86_MAX_LANES];
    for (unsigned i = 0; i < X86_MAX_LANES; i++) {
        unsigned from = right ? i % 16 + n : i % 16 - n;
        index[i] = from < 16 ? (uint8_t)from : 0xff;
    }
    TCGv_vec a = x86_vec_src(s, 0), r = x86_vec_dest(s);
    x86_vec_shuffle(MO_8, r, a, a, index);
    x86_vec_commit(s, r);
    return true;
}

static bool trans_palignr(DisasContext *s, int arg)
{
    (void)arg;
    x86_vec_begin(s, 0);
    TCGv_vec a = x86_vec_src(s, 0), b = x86_vec_src(s, 1), r = x86_vec_dest(s);
    unsigned imm = x86_vec_imm8(s, 2), all = lanes_of(r, MO_8), n = all < 16 ? all : 16;
    uint8_t index[X86_MAX_LANES];
    for (unsigned i = 0; i < all; i++) {
        index[i] = i % n + imm < 2 * n ? (uint8_t)(i % n + imm) : 0xff;
    }
    x86_vec_shuffle(MO_8, r, b, a, index);
    x86_vec_commit(s, r);
    return true;
}

// --- shuffles by an immediate --------------------------------------------------------------------

// PSHUFD, PSHUFW, PSHUFLW, PSHUFHW; arg: lane size, + 16 * first of the four lanes that are chosen.
static bool trans_pshuf(DisasContext *s, int arg)
{
    unsigned vece = arg & 15, first = (unsigned)arg >> 4, imm = x86_imm8(s, 2);
    x86_vec_begin(s, 0);
    TCGv_vec b = x86_vec_load(s, 1, 0), r = x86_vec_dest(s);
    unsigned n = x86_op_is_mmx(s, 0) ? 4 : 16u >> vece;
    uint8_t index[16];
    for (unsigned i = 0; i < 16; i++) {
        unsigned k = i % n - first;
        index[i] = (uint8_t)(k < 4 ? first + (imm >> (2 * k) & 3) : i % n);
    }
    x86_vec_shuffle(vece, r, b, b, index);
    x86_vec_commit(s, r);
    return true;
}

// --- lanes ---------------------------------------------------------------------------------------

// PEXTRB, PEXTRW, PEXTRD, PEXTRQ, EXTRACTPS.
static bool trans_pextr(DisasContext *s, int vece)
{
    x86_vec_begin(s, 1);
    TCGv_vec b = x86_vec_reg(s, 1);
    TCGv_i64 r = tcg_temp_new_i64();
    tcg_gen_extract_vec_i64(vece, r, b, x86_imm8(s, 2) & (lanes_of(b, vece) - 1));
    x86_op_store(s, 0, r);
    return true;
}

static bool trans_pinsr(DisasContext *s, int vece)
{
    x86_vec_begin(s, 0);
    unsigned x = x86_vec_first(s);
    TCGv_vec a = x86_vec_src(s, 0), r = x86_vec_dest(s);
    TCGv_i64 v = x86_op_load(s, x + 1);
    tcg_gen_insert_vec_i64(vece, r, a, v, x86_imm8(s, x + 2) & (lanes_of(r, vece) - 1));
    x86_vec_commit(s, r);
    return true;
}

// PMOVSX, PMOVZX; arg: from, + 16 * to, + 256 when signed.
static bool trans_pmovx(DisasContext *s, int arg)
{
    TCGv_vec b = x86_vec_load(s, 1, 0), r = x86_vec_dest(s);
    for (int vece = arg & 15; vece < (arg >> 4 & 15); vece++) {
        (arg & 256 ? tcg_gen_widensl_vec : tcg_gen_widenul_vec)(vece, r, b);
        b = r;
    }
    x86_vec_commit(s, r);
    return true;
}

// 0 when all bits of v are.
static TCGv_i64 gen_any_bit(TCGv_vec v)
{
    TCGv_i64 any = tcg_temp_new_i64(), t = tcg_temp_new_i64();
    if (tcgv_vec_type(v) == TCG_TYPE_V256) {
        TCGv_vec both = tcg_temp_new_v128();
        tcg_gen_or_vec(MO_64, both, x86_vec_half(v, 0), x86_vec_half(v, 1));
        v = both;
    }
    tcg_gen_extract_vec_i64(MO_64, any, v, 0);
    tcg_gen_extract_vec_i64(MO_64, t, v, 1);
    tcg_gen_or_i64(any, any, t);
    return any;
}

// PTEST; VTESTPS and VTESTPD, which look at sign bits only; arg: the lane size of these, or MO_8.
static bool trans_ptest(DisasContext *s, int vece)
{
    TCGv_vec a = x86_vec_load(s, 0, 0), b = x86_vec_load(s, 1, 0);
    TCGv_i64 z, c;
    x86_flags_to_globals(s);
    if (vece == MO_8) {
        TCGv_vec t = temp_like(b), u = temp_like(b);
        tcg_gen_and_vec(MO_64, t, a, b);
        z = gen_any_bit(t);
        tcg_gen_andc_vec(MO_64, u, b, a);
        c = gen_any_bit(u);
    } else {
        TCGv_i64 x = tcg_temp_new_i64(), y = tcg_temp_new_i64();
        z = tcg_temp_new_i64();
        c = tcg_temp_new_i64();
        tcg_gen_signmask_vec(vece, x, a);
        tcg_gen_signmask_vec(vece, y, b);
        tcg_gen_and_i64(z, x, y);
        tcg_gen_andc_i64(c, y, x);
    }
    tcg_gen_mov_i64(tcg_global_i64(X86_G_CC_Z), z);
    tcg_gen_setcondi_i64(TCG_COND_EQ, tcg_global_i64(X86_G_CC_C), c, 0);
    tcg_gen_movi_i64(tcg_global_i64(X86_G_CC_N), 1); // SF = PF = 0
    tcg_gen_movi_i64(tcg_global_i64(X86_G_CC_O), 0);
    tcg_gen_movi_i64(tcg_global_i64(X86_G_CC_A), 0);
    return true;
}

// --- the rare ones -------------------------------------------------------------------------------

// The upper half of the 256-bit form has bits 3-5 of the immediate.
static bool trans_mpsadbw(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec a = x86_vec_src(s, 0), b = x86_vec_src(s, 1), r = x86_vec_dest(s);
    int imm = (int)x86_vec_imm8(s, 2);
    if (x86_is_256(s)) {
        TCGv_vec low = tcg_temp_new_v128(), high = tcg_temp_new_v128();
        gen_helper_x86_mpsadbw(low, x86_vec_half(a, 0), x86_vec_half(b, 0), tcg_constant_i32(imm));
        gen_helper_x86_mpsadbw(high, x86_vec_half(a, 1), x86_vec_half(b, 1),
                               tcg_constant_i32(imm >> 3));
        tcg_gen_concat_v128_v256(r, low, high);
    } else {
        gen_helper_x86_mpsadbw(r, a, b, tcg_constant_i32(imm));
    }
    x86_vec_commit(s, r);
    return true;
}

static bool trans_phminposuw(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec b = x86_vec_load(s, 1, 0), r = x86_vec_dest(s);
    gen_helper_x86_phminposuw(r, b);
    x86_vec_commit(s, r);
    return true;
}

// PCMPxSTRx; arg: 1 for explicit lengths, 2 for a mask as result.  The operand need not be aligned.
static bool trans_pcmpstr(DisasContext *s, int arg)
{
    TCGv_vec a = x86_vec_reg(s, 0), b = x86_vec_load_unaligned(s, 1, 0);
    TCGv_i32 imm = tcg_constant_i32((int)x86_imm8(s, 2));
    TCGv_i64 r = tcg_temp_new_i64(), f = tcg_temp_new_i64();
    if (arg & 1) {
        TCGv_i64 la = x86_gpr(R_EAX), lb = x86_gpr(R_EDX);
        if (!(x86_is_vex(s) ? s->insn.raw.vex.W
                            : s->insn.attributes & ZYDIS_ATTRIB_HAS_REX && s->insn.raw.rex.W)) {
            tcg_gen_ext32s_i64(la = tcg_temp_new_i64(), x86_gpr(R_EAX));
            tcg_gen_ext32s_i64(lb = tcg_temp_new_i64(), x86_gpr(R_EDX));
        }
        gen_helper_x86_pcmpestr(r, a, b, la, lb, imm);
    } else {
        gen_helper_x86_pcmpistr(r, a, b, imm);
    }
    x86_flags_to_globals(s);
    // The helper's word: see sse-helper.c.
    tcg_gen_extract_i64(tcg_global_i64(X86_G_CC_C), r, 16, 1);
    tcg_gen_extract_i64(f, r, 17, 1);
    tcg_gen_xori_i64(tcg_global_i64(X86_G_CC_Z), f, 1);
    tcg_gen_extract_i64(f, r, 18, 1);
    tcg_gen_shli_i64(f, f, 63);
    tcg_gen_ori_i64(tcg_global_i64(X86_G_CC_N), f, 1); // PF = 0
    tcg_gen_extract_i64(tcg_global_i64(X86_G_CC_O), r, 19, 1);
    tcg_gen_movi_i64(tcg_global_i64(X86_G_CC_A), 0);
    if (arg & 2) {
        gen_helper_x86_pcmpstr_mask(x86_xmm(0), r, imm);
        if (x86_is_vex(s)) {
            x86_ymmh_clear(s, 0);
        }
    } else {
        tcg_gen_shri_i64(f, r, 32);
        x86_reg_store(s, R_ECX, MO_32, f);
    }
    return true;
}

// EXTRQ: a bit field of the low half, zero-extended.  Length 0 stands for 64.
static bool trans_extrq(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec d = x86_vec_reg(s, 0);
    TCGv_i64 v = tcg_temp_new_i64();
    tcg_gen_extract_vec_i64(MO_64, v, d, 0);
    if (s->op[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        unsigned len = x86_imm8(s, 1) & 63, ofs = x86_imm8(s, 2) & 63;
        tcg_gen_shri_i64(v, v, ofs);
        if (len) {
            tcg_gen_andi_i64(v, v, (int64_t)((1ull << len) - 1));
        }
    } else {
        TCGv_i64 ctl = tcg_temp_new_i64(), n = tcg_temp_new_i64(), mask = tcg_temp_new_i64();
        tcg_gen_extract_vec_i64(MO_64, ctl, x86_vec_reg(s, 1), 0);
        tcg_gen_extract_i64(n, ctl, 8, 6);
        tcg_gen_shr_i64(v, v, n);
        tcg_gen_neg_i64(n, ctl); // -1 >> (64 - len) & 63: all ones for 0
        tcg_gen_andi_i64(n, n, 63);
        tcg_gen_shr_i64(mask, tcg_constant_i64(-1), n);
        tcg_gen_and_i64(v, v, mask);
    }
    tcg_gen_zext_i64_v128(d, v);
    return true;
}

// INSERTQ: the low bits of the source's low half put into the destination's.
static bool trans_insertq(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_vec d = x86_vec_reg(s, 0), b = x86_vec_reg(s, 1);
    TCGv_i64 v = tcg_temp_new_i64(), x = tcg_temp_new_i64(), mask = tcg_temp_new_i64();
    TCGv_i64 ofs = tcg_temp_new_i64(), n = tcg_temp_new_i64();
    tcg_gen_extract_vec_i64(MO_64, v, d, 0);
    tcg_gen_extract_vec_i64(MO_64, x, b, 0);
    if (s->insn.operand_count_visible == 4) {
        tcg_gen_movi_i64(ofs, x86_imm8(s, 3) & 63);
        tcg_gen_movi_i64(n, -(int64_t)x86_imm8(s, 2) & 63);
    } else {
        tcg_gen_extract_vec_i64(MO_64, ofs, b, 1);
        tcg_gen_neg_i64(n, ofs);
        tcg_gen_andi_i64(n, n, 63);
        tcg_gen_extract_i64(ofs, ofs, 8, 6);
    }
    tcg_gen_shr_i64(mask, tcg_constant_i64(-1), n);
    tcg_gen_and_i64(x, x, mask);
    tcg_gen_shl_i64(x, x, ofs);
    tcg_gen_shl_i64(mask, mask, ofs);
    tcg_gen_andc_i64(v, v, mask);
    tcg_gen_or_i64(v, v, x);
    tcg_gen_zext_i64_v128(d, v);
    return true;
}

// MASKMOVDQU, MASKMOVQ: the bytes whose mask byte has bit 7 set, to DS:RDI.
static bool trans_maskmov(DisasContext *s, int arg)
{
    (void)arg;
    x86_vec_begin(s, 0);
    TCGv_vec v = x86_vec_reg(s, 0);
    TCGv_i64 mask = tcg_temp_new_i64(), addr = x86_op_addr(s, 2);
    tcg_gen_signmask_vec(MO_8, mask, x86_vec_reg(s, 1));
    for (unsigned i = 0; i < lanes_of(v, MO_8); i++) {
        TCGLabel *skip = gen_new_label();
        TCGv_i64 byte = tcg_temp_new_i64(), to = tcg_temp_new_i64();
        tcg_gen_brcondi_i64(TCG_COND_TSTEQ, mask, 1 << i, skip);
        tcg_gen_extract_vec_i64(MO_8, byte, v, i);
        tcg_gen_addi_i64(to, addr, i);
        tcg_gen_qemu_st_i64(byte, to, MO_8);
        gen_set_label(skip);
    }
    return true;
}

// MOVNTQ: a plain store.
static bool trans_movntq(DisasContext *s, int arg)
{
    (void)arg;
    x86_mmx_begin(s);
    tcg_gen_qemu_st_vec(x86_vec_reg(s, 1), x86_op_addr(s, 0), MO_64);
    return true;
}

// clang-format off
#define ROW X86_ROW
#define ROW_V(m, fn, arg, feat) X86_ROW_V(m, fn, arg, feat, AVX2)
#define VEC2(m, op, vece, feat) ROW_V(m, vec2, V_##op + 256 * MO_##vece, feat)
#define VECF(m, op, vece, feat) X86_ROW_V(m, vec2, V_##op + 256 * MO_##vece, feat, NONE)
#define SHIFT(m, kind, vece) ROW_V(m, shift, SHIFT_##kind + 16 * MO_##vece, NONE)
#define PMOVX(m, from, to)                                                                         \
    ROW_V(PMOVSX##m, pmovx, MO_##from + 16 * MO_##to + 256, SSE41),                                  \
    ROW_V(PMOVZX##m, pmovx, MO_##from + 16 * MO_##to, SSE41)
const X86Row x86_rows_sse_int[] = {
    VEC2(PADDB, add, 8, NONE), VEC2(PADDW, add, 16, NONE), VEC2(PADDD, add, 32, NONE), VEC2(PADDQ, add, 64, NONE),
    VEC2(PSUBB, sub, 8, NONE), VEC2(PSUBW, sub, 16, NONE), VEC2(PSUBD, sub, 32, NONE), VEC2(PSUBQ, sub, 64, NONE),
    VEC2(PADDSB, ssadd, 8, NONE), VEC2(PADDSW, ssadd, 16, NONE),
    VEC2(PADDUSB, usadd, 8, NONE), VEC2(PADDUSW, usadd, 16, NONE),
    VEC2(PSUBSB, sssub, 8, NONE), VEC2(PSUBSW, sssub, 16, NONE),
    VEC2(PSUBUSB, ussub, 8, NONE), VEC2(PSUBUSW, ussub, 16, NONE),
    VEC2(PMULLW, mul, 16, NONE), VEC2(PMULLD, mul, 32, SSE41),
    VEC2(PMULHW, mulhs, 16, NONE), VEC2(PMULHUW, mulhu, 16, NONE), VEC2(PMULHRSW, mulhrs, 16, SSSE3),
    VEC2(PMULUDQ, muludq, 64, NONE), VEC2(PMULDQ, muldq, 64, SSE41),
    VEC2(PMADDWD, pmadds, 16, NONE), VEC2(PMADDUBSW, pmaddus, 8, SSSE3), VEC2(PSADBW, sad, 64, NONE),
    VEC2(PMINSB, smin, 8, SSE41), VEC2(PMINSW, smin, 16, NONE), VEC2(PMINSD, smin, 32, SSE41),
    VEC2(PMAXSB, smax, 8, SSE41), VEC2(PMAXSW, smax, 16, NONE), VEC2(PMAXSD, smax, 32, SSE41),
    VEC2(PMINUB, umin, 8, NONE), VEC2(PMINUW, umin, 16, SSE41), VEC2(PMINUD, umin, 32, SSE41),
    VEC2(PMAXUB, umax, 8, NONE), VEC2(PMAXUW, umax, 16, SSE41), VEC2(PMAXUD, umax, 32, SSE41),
    VEC2(PAVGB, avg, 8, NONE), VEC2(PAVGW, avg, 16, NONE),
    VEC2(PAND, and, 64, NONE), VECF(ANDPS, and, 64, NONE), VECF(ANDPD, and, 64, NONE),
    VEC2(PANDN, andn, 64, NONE), VECF(ANDNPS, andn, 64, NONE), VECF(ANDNPD, andn, 64, NONE),
    VEC2(POR, or, 64, NONE), VECF(ORPS, or, 64, NONE), VECF(ORPD, or, 64, NONE),
    VEC2(PXOR, xor, 64, NONE), VECF(XORPS, xor, 64, NONE), VECF(XORPD, xor, 64, NONE),
    VEC2(PCMPEQB, cmpeq, 8, NONE), VEC2(PCMPEQW, cmpeq, 16, NONE),
    VEC2(PCMPEQD, cmpeq, 32, NONE), VEC2(PCMPEQQ, cmpeq, 64, SSE41),
    VEC2(PCMPGTB, cmpgt, 8, NONE), VEC2(PCMPGTW, cmpgt, 16, NONE),
    VEC2(PCMPGTD, cmpgt, 32, NONE), VEC2(PCMPGTQ, cmpgt, 64, SSE42),
    VEC2(PSIGNB, sign, 8, SSSE3), VEC2(PSIGNW, sign, 16, SSSE3), VEC2(PSIGND, sign, 32, SSSE3),
    VEC2(PSHUFB, shufb, 8, SSSE3),
    VEC2(PHADDW, hadd, 16, SSSE3), VEC2(PHADDD, hadd, 32, SSSE3), VEC2(PHADDSW, hadds, 16, SSSE3),
    VEC2(PHSUBW, hsub, 16, SSSE3), VEC2(PHSUBD, hsub, 32, SSSE3), VEC2(PHSUBSW, hsubs, 16, SSSE3),
    VEC2(PUNPCKLBW, unpackl, 8, NONE), VEC2(PUNPCKLWD, unpackl, 16, NONE),
    VEC2(PUNPCKLDQ, unpackl, 32, NONE), VEC2(PUNPCKLQDQ, unpackl, 64, NONE),
    VEC2(PUNPCKHBW, unpackh, 8, NONE), VEC2(PUNPCKHWD, unpackh, 16, NONE),
    VEC2(PUNPCKHDQ, unpackh, 32, NONE), VEC2(PUNPCKHQDQ, unpackh, 64, NONE),
    VECF(UNPCKLPS, unpackl, 32, NONE), VECF(UNPCKLPD, unpackl, 64, NONE),
    VECF(UNPCKHPS, unpackh, 32, NONE), VECF(UNPCKHPD, unpackh, 64, NONE),
    VEC2(PACKSSWB, packss, 16, NONE), VEC2(PACKSSDW, packss, 32, NONE),
    VEC2(PACKUSWB, packsu, 16, NONE), VEC2(PACKUSDW, packsu, 32, SSE41),
    ROW_V(PABSB, pabs, MO_8, SSSE3), ROW_V(PABSW, pabs, MO_16, SSSE3), ROW_V(PABSD, pabs, MO_32, SSSE3),

    SHIFT(PSLLW, L, 16), SHIFT(PSLLD, L, 32), SHIFT(PSLLQ, L, 64),
    SHIFT(PSRLW, R, 16), SHIFT(PSRLD, R, 32), SHIFT(PSRLQ, R, 64),
    SHIFT(PSRAW, A, 16), SHIFT(PSRAD, A, 32),
    ROW(VPSLLVD, vec2, V_shlv + 256 * MO_32, AVX2), ROW(VPSLLVQ, vec2, V_shlv + 256 * MO_64, AVX2),
    ROW(VPSRLVD, vec2, V_shrv + 256 * MO_32, AVX2), ROW(VPSRLVQ, vec2, V_shrv + 256 * MO_64, AVX2),
    ROW(VPSRAVD, vec2, V_sarv + 256 * MO_32, AVX2),
    ROW_V(PSLLDQ, shift_bytes, 0, NONE), ROW_V(PSRLDQ, shift_bytes, 1, NONE),
    ROW_V(PALIGNR, palignr, 0, SSSE3),
    ROW_V(PSHUFD, pshuf, MO_32, NONE), ROW(PSHUFW, pshuf, MO_16, NONE),
    ROW_V(PSHUFLW, pshuf, MO_16, NONE), ROW_V(PSHUFHW, pshuf, MO_16 + 16 * 4, NONE),

    ROW_V(PEXTRB, pextr, MO_8, SSE41), ROW_V(PEXTRW, pextr, MO_16, NONE),
    ROW_V(PEXTRD, pextr, MO_32, SSE41), ROW_V(PEXTRQ, pextr, MO_64, SSE41),
    ROW_V(EXTRACTPS, pextr, MO_32, SSE41),
    ROW_V(PINSRB, pinsr, MO_8, SSE41), ROW_V(PINSRW, pinsr, MO_16, NONE),
    ROW_V(PINSRD, pinsr, MO_32, SSE41), ROW_V(PINSRQ, pinsr, MO_64, SSE41),
    PMOVX(BW, 8, 16), PMOVX(BD, 8, 32), PMOVX(BQ, 8, 64), PMOVX(WD, 16, 32), PMOVX(WQ, 16, 64),
    PMOVX(DQ, 32, 64),
    X86_ROW_V(PTEST, ptest, MO_8, SSE41, NONE),
    ROW(VTESTPS, ptest, MO_32, AVX), ROW(VTESTPD, ptest, MO_64, AVX),
    ROW_V(MPSADBW, mpsadbw, 0, SSE41), ROW_V(PHMINPOSUW, phminposuw, 0, SSE41),
    ROW_V(PCMPISTRI, pcmpstr, 0, SSE42), ROW_V(PCMPESTRI, pcmpstr, 1, SSE42),
    ROW_V(PCMPISTRM, pcmpstr, 2, SSE42), ROW_V(PCMPESTRM, pcmpstr, 3, SSE42),
    ROW(EXTRQ, extrq, 0, SSE4A), ROW(INSERTQ, insertq, 0, SSE4A),
    ROW_V(MASKMOVDQU, maskmov, 0, NONE), ROW(MASKMOVQ, maskmov, 0, NONE),
    ROW(MOVNTQ, movntq, 0, NONE),
};
// clang-format on
const size_t x86_rows_sse_int_count = sizeof x86_rows_sse_int / sizeof *x86_rows_sse_int;
