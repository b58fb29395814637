// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The workers of floating-point instructions: see fp.h.

#include "frontend/aarch64/fp.h"
#include "frontend/aarch64/helpers.h"

// --- registers ---------------------------------------------------------------------------------------

TCGv_vec fp_operand(TCGv_vec v, int q)
{
    if (q == FP_ALL) {
        return v;
    }
    static const uint8_t low[] = {0, 0xff};
    TCGv_vec r = new_vec();
    tcg_gen_shuffle_vec(MO_64, r, v, v, low);
    return r;
}

TCGv_vec fp_lanes(TCGv_vec v, unsigned esz, int q)
{
    if (q != FP_SCALAR) {
        return fp_operand(v, q);
    }
    TCGv_vec r = new_vec();
    tcg_gen_zext_i64_v128(r, fp_lane0(v, esz));
    return r;
}

TCGv_i64 fp_lane0(TCGv_vec v, unsigned esz)
{
    TCGv_i64 r = tcg_temp_new_i64();
    tcg_gen_extract_vec_i64(esz, r, v, 0);
    return r;
}

TCGv_f32 fp_f32(TCGv_vec v)
{
    TCGv_f32 r = tcg_temp_new_f32();
    tcg_gen_extract_vec_f32(r, v, 0);
    return r;
}

TCGv_f64 fp_f64(TCGv_vec v)
{
    TCGv_f64 r = tcg_temp_new_f64();
    tcg_gen_extract_vec_f64(r, v, 0);
    return r;
}

void fp_write_i64(unsigned rd, TCGv_i64 bits) { tcg_gen_zext_i64_v128(a64_v(rd), bits); }
void fp_write_f32(unsigned rd, TCGv_f32 v)
{
    tcg_gen_insert_vec_f32(a64_v(rd), simd_const(MO_64, 0), v, 0);
}
void fp_write_f64(unsigned rd, TCGv_f64 v)
{
    tcg_gen_insert_vec_f64(a64_v(rd), simd_const(MO_64, 0), v, 0);
}
void fp_write(unsigned rd, TCGv_vec v, unsigned esz, int q)
{
    simd_write(rd, v, simd_bytes(q, (int)esz));
}

// --- checks ------------------------------------------------------------------------------------------

void fp_br_unlikely(TCGv_i32 bad, TCGLabel *slow)
{
    slow->weight = TCG_LABEL_UNLIKELY;
    tcg_gen_brcondi_i32(TCG_COND_NE, bad, 0, slow);
}

void fp_br_likely(TCGv_i32 bad, TCGLabel *done)
{
    done->weight = TCG_LABEL_LIKELY;
    tcg_gen_brcondi_i32(TCG_COND_EQ, bad, 0, done);
}

TCGv_i32 fp_any_mask(unsigned esz, TCGv_vec m)
{
    TCGv_i64 bits = tcg_temp_new_i64();
    TCGv_i32 r = tcg_temp_new_i32();
    tcg_gen_signmask_vec(esz, bits, m);
    tcg_gen_extrl_i64_i32(r, bits);
    return r;
}

TCGv_i32 fp_any_lane(unsigned esz, TCGFCond c, TCGv_vec x, TCGv_vec y)
{
    TCGv_vec m = new_vec();
    tcg_gen_fcmp_vec(c, esz, m, x, y);
    return fp_any_mask(esz, m);
}

typedef enum FpCheck {
    CHECK_NONE,
    CHECK_NAN,   // of the result
    CHECK_TINY,  // that, and the smallest normal number
    CHECK_ARGS,  // NaN operands, before the operation
    CHECK_FLUSH, // a NaN, or a result that FPCR.FZ flushes; of scalars, zeros too
} FpCheck;

#define F32_LARGE 0x5d800000         // 2^60
#define F64_LARGE 0x5f30000000000000 // 2^500
#define F32_MIN_NORMAL 0x00800000
#define F64_MIN_NORMAL 0x0010000000000000

// The check of a result that cannot be tiny in a way that matters.
static FpCheck check_nan(const DisasContext *s) { return s->fp_traps ? CHECK_NONE : CHECK_NAN; }
// Of three operands the host does not choose a NaN as Arm does, whatever is invalid.
static FpCheck check3(const DisasContext *s)
{
    return s->fp_no_ufc && !s->fz ? CHECK_NAN : CHECK_TINY;
}

static uint64_t min_normal(unsigned esz) { return esz == MO_32 ? F32_MIN_NORMAL : F64_MIN_NORMAL; }

static TCGv_f32 const_f32(uint64_t bits)
{
    TCGv_f32 r = tcg_temp_new_f32();
    tcg_gen_bitcast_i32_f32(r, tcg_constant_i32((int32_t)bits));
    return r;
}

static TCGv_f64 const_f64(uint64_t bits)
{
    TCGv_f64 r = tcg_temp_new_f64();
    tcg_gen_bitcast_i64_f64(r, tcg_constant_i64((int64_t)bits));
    return r;
}

// Is any lane's magnitude neither 0 nor `least` or more?  Zeros wrap round.
static TCGv_i32 any_below(TCGv_vec x, unsigned esz, uint64_t least)
{
    TCGv_vec m = new_vec();
    tcg_gen_fabs_vec(esz, m, x);
    tcg_gen_add_vec(esz, m, m, simd_const(esz, UINT64_MAX));
    tcg_gen_cmp_vec(TCG_COND_LTU, esz, m, m, simd_const(esz, least - 1));
    return fp_any_mask(esz, m);
}

static TCGv_i32 check_f32(FpCheck check, TCGv_f32 r)
{
    TCGv_i32 bad = tcg_temp_new_i32();
    TCGv_f32 m = r;
    if (check == CHECK_NAN) {
        tcg_gen_fsetcond_f32(TCG_FCOND_UN, bad, r, r);
        return bad;
    }
    tcg_gen_fabs_f32(m = tcg_temp_new_f32(), r);
    tcg_gen_fsetcond_f32(TCG_FCOND_UN | (check == CHECK_TINY ? TCG_FCOND_EQ : TCG_FCOND_LT), bad, m,
                         const_f32(F32_MIN_NORMAL));
    return bad;
}

static TCGv_i32 check_f64(FpCheck check, TCGv_f64 r)
{
    TCGv_i32 bad = tcg_temp_new_i32();
    TCGv_f64 m = r;
    if (check == CHECK_NAN) {
        tcg_gen_fsetcond_f64(TCG_FCOND_UN, bad, r, r);
        return bad;
    }
    tcg_gen_fabs_f64(m = tcg_temp_new_f64(), r);
    tcg_gen_fsetcond_f64(TCG_FCOND_UN | (check == CHECK_TINY ? TCG_FCOND_EQ : TCG_FCOND_LT), bad, m,
                         const_f64(F64_MIN_NORMAL));
    return bad;
}

static TCGv_i32 check_vec(FpCheck check, unsigned esz, TCGv_vec r)
{
    if (check == CHECK_NAN) {
        return fp_any_lane(esz, TCG_FCOND_UN, r, r);
    }
    if (check == CHECK_FLUSH) {
        TCGv_i32 bad = any_below(r, esz, min_normal(esz));
        tcg_gen_or_i32(bad, bad, fp_any_lane(esz, TCG_FCOND_UN, r, r));
        return bad;
    }
    TCGv_vec m = new_vec();
    tcg_gen_fabs_vec(esz, m, r);
    return fp_any_lane(esz, TCG_FCOND_UN | TCG_FCOND_EQ, m, simd_const(esz, min_normal(esz)));
}

// Branches to slow when any lane is the smallest normal number.
static void br_smallest(unsigned esz, TCGv_vec r, TCGLabel *slow)
{
    TCGv_vec m = new_vec();
    tcg_gen_fabs_vec(esz, m, r);
    tcg_gen_cmp_vec(TCG_COND_EQ, esz, m, m, simd_const(esz, min_normal(esz)));
    fp_br_unlikely(fp_any_mask(esz, m), slow);
}

// --- FPCR.FZ -----------------------------------------------------------------------------------------
// The host runs without flushing, for its flags are others.  A denormal operand becomes zero by a helper,
// which sets IDC; where there is a guard it sends them to the helper.  A sum that comes out denormal, which is exact, is computed anew by the helper; for products
// and quotients the operands must be so large that the result is normal, else the helper does all of it.

// Branches to ok unless the magnitude (that of any lane) is below `least` and not 0.  A signalling NaN raises
// invalid, as the instruction itself does.
static void br_unless_below(TCGv_vec v, unsigned esz, int q, uint64_t least, TCGLabel *ok)
{
    if (q != FP_SCALAR) {
        fp_br_likely(any_below(fp_operand(v, q), esz, least), ok);
        return;
    }
    TCGv_i32 below = tcg_temp_new_i32();
    TCGv_i64 magnitude = tcg_temp_new_i64();
    if (esz == MO_32) {
        TCGv_f32 m = tcg_temp_new_f32();
        tcg_gen_fabs_f32(m, fp_f32(v));
        tcg_gen_fsetcond_f32(TCG_FCOND_LT, below, m, const_f32(least));
    } else {
        TCGv_f64 m = tcg_temp_new_f64();
        tcg_gen_fabs_f64(m, fp_f64(v));
        tcg_gen_fsetcond_f64(TCG_FCOND_LT, below, m, const_f64(least));
    }
    fp_br_likely(below, ok);
    tcg_gen_extract_i64(magnitude, fp_lane0(v, esz), 0, (8u << esz) - 1);
    tcg_gen_brcondi_i64(TCG_COND_EQ, magnitude, 0, ok);
}

TCGv_vec fp_input(DisasContext *s, TCGv_vec v, unsigned esz, int q)
{
    if (!s->fz || esz == MO_16) {
        return v;
    }
    TCGLabel *done = gen_new_label();
    TCGv_vec r = new_vec();
    tcg_gen_mov_vec(r, v);
    br_unless_below(v, esz, q, min_normal(esz), done);
    uint32_t desc = a64_fpd(A64_FP_CVT, esz, esz, fp_log2_lanes(esz, q));
    gen_helper_a64_fp_flush(r, tcg_env(), v, tcg_constant_i32((int32_t)desc));
    gen_set_label(done);
    return r;
}

void fp_guard(DisasContext *s, TCGv_vec v, unsigned esz, int q, uint64_t least, TCGLabel *slow)
{
    if (s->fz) {
        TCGLabel *ok = gen_new_label();
        br_unless_below(v, esz, q, least, ok);
        tcg_gen_br(slow);
        gen_set_label(ok);
    }
}

// Factors of 2^-39 (2^-240) have products that are multiples of 2^-124 (2^-584), so a sum of one and an addend
// of 2^-100 (2^-900) is 0 or normal; and quotients by less than 2^60 (2^500) are normal.
static uint64_t least_factor(unsigned esz)
{
    return esz == MO_32 ? 0x2c000000 : 0x30f0000000000000;
}
static uint64_t least_addend(unsigned esz)
{
    return esz == MO_32 ? 0x0d800000 : 0x07b0000000000000;
}

// --- operations on numbers ---------------------------------------------------------------------------
// What TCG has no op for, of operands that are no NaNs where the table says so.

// max(a, b) picks b and max(b, a) picks a when they are equal; of two zeros, +0 wins.
#define GEN_MINMAX(name, op, logic, F, I)                                                          \
    static void name##_##F(TCGv_##F r, TCGv_##F a, TCGv_##F b)                                     \
    {                                                                                              \
        TCGv_##F x = tcg_temp_new_##F(), y = tcg_temp_new_##F();                                   \
        TCGv_##I i = tcg_temp_new_##I(), j = tcg_temp_new_##I();                                   \
        tcg_gen_##op##_##F(x, a, b);                                                               \
        tcg_gen_##op##_##F(y, b, a);                                                               \
        tcg_gen_bitcast_##F##_##I(i, x);                                                           \
        tcg_gen_bitcast_##F##_##I(j, y);                                                           \
        tcg_gen_##logic##_##I(i, i, j);                                                            \
        tcg_gen_bitcast_##I##_##F(r, i);                                                           \
    }
#define GEN_MINMAX_VEC(name, op, logic)                                                            \
    static void name##_vec(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)                      \
    {                                                                                              \
        TCGv_vec x = new_vec(), y = new_vec();                                                     \
        tcg_gen_##op##_vec(vece, x, a, b);                                                         \
        tcg_gen_##op##_vec(vece, y, b, a);                                                         \
        tcg_gen_##logic##_vec(vece, r, x, y);                                                      \
    }
GEN_MINMAX(gen_max, fmaxsel, and, f32, i32)
GEN_MINMAX(gen_max, fmaxsel, and, f64, i64)
GEN_MINMAX(gen_min, fminsel, or, f32, i32)
GEN_MINMAX(gen_min, fminsel, or, f64, i64)
GEN_MINMAX_VEC(gen_max, fmaxsel, and)
GEN_MINMAX_VEC(gen_min, fminsel, or)

static void gen_abd_f32(TCGv_f32 r, TCGv_f32 a, TCGv_f32 b)
{
    tcg_gen_fsub_f32(r, a, b);
    tcg_gen_fabs_f32(r, r);
}
static void gen_abd_f64(TCGv_f64 r, TCGv_f64 a, TCGv_f64 b)
{
    tcg_gen_fsub_f64(r, a, b);
    tcg_gen_fabs_f64(r, r);
}
static void gen_abd_vec(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)
{
    tcg_gen_fsub_vec(vece, r, a, b);
    tcg_gen_fabs_vec(vece, r, r);
}
static void gen_nmul_f32(TCGv_f32 r, TCGv_f32 a, TCGv_f32 b)
{
    tcg_gen_fmul_f32(r, a, b);
    tcg_gen_fneg_f32(r, r);
}
static void gen_nmul_f64(TCGv_f64 r, TCGv_f64 a, TCGv_f64 b)
{
    tcg_gen_fmul_f64(r, a, b);
    tcg_gen_fneg_f64(r, r);
}

// --- two operands ------------------------------------------------------------------------------------

typedef struct FpFast2 {
    void (*f32)(TCGv_f32 r, TCGv_f32 a, TCGv_f32 b);
    void (*f64)(TCGv_f64 r, TCGv_f64 a, TCGv_f64 b);
    SimdFn2 *vec;
    FpCheck check;
} FpFast2;

static const FpFast2 fast2[] = {
    // A sum that is tiny is exact; a quotient is never so close below a power of 2 that it rounds to it.
    [A64_FP_ADD] = {tcg_gen_fadd_f32, tcg_gen_fadd_f64, tcg_gen_fadd_vec, CHECK_NAN},
    [A64_FP_SUB] = {tcg_gen_fsub_f32, tcg_gen_fsub_f64, tcg_gen_fsub_vec, CHECK_NAN},
    [A64_FP_MUL] = {tcg_gen_fmul_f32, tcg_gen_fmul_f64, tcg_gen_fmul_vec, CHECK_TINY},
    [A64_FP_DIV] = {tcg_gen_fdiv_f32, tcg_gen_fdiv_f64, tcg_gen_fdiv_vec, CHECK_NAN},
    [A64_FP_MAX] = {gen_max_f32, gen_max_f64, gen_max_vec, CHECK_ARGS},
    [A64_FP_MIN] = {gen_min_f32, gen_min_f64, gen_min_vec, CHECK_ARGS},
    [A64_FP_MAXNM] = {gen_max_f32, gen_max_f64, gen_max_vec, CHECK_ARGS},
    [A64_FP_MINNM] = {gen_min_f32, gen_min_f64, gen_min_vec, CHECK_ARGS},
    [A64_FP_NMUL] = {gen_nmul_f32, gen_nmul_f64, NULL, CHECK_TINY},
    [A64_FP_ABD] = {gen_abd_f32, gen_abd_f64, gen_abd_vec, CHECK_NAN},
    [A64_FP_ACGT] = {NULL, NULL, NULL, CHECK_NONE}, // the last: the table has a row for each
};

// Branches to slow what may come out tiny under FZ.
static void guard2(DisasContext *s, A64FpOp op, unsigned esz, int q, TCGv_vec a, TCGv_vec b,
                   TCGLabel *slow)
{
    if (op == A64_FP_MUL || op == A64_FP_NMUL || op == A64_FP_DIV) {
        fp_guard(s, a, esz, q, least_factor(esz), slow);
    }
    if (op == A64_FP_MUL || op == A64_FP_NMUL) {
        fp_guard(s, b, esz, q, least_factor(esz), slow);
    } else if (op == A64_FP_DIV && s->fz) {
        fp_guard(s, b, esz, q, min_normal(esz), slow);
        TCGv_vec m = new_vec();
        tcg_gen_fabs_vec(esz, m, fp_lanes(b, esz, q));
        tcg_gen_cmp_vec(TCG_COND_GEU, esz, m, m,
                        simd_const(esz, esz == MO_32 ? F32_LARGE : F64_LARGE));
        fp_br_unlikely(fp_any_mask(esz, m), slow);
    }
}

static FpCheck check2(const DisasContext *s, A64FpOp op)
{
    FpCheck check = fast2[op].check;
    if (check == CHECK_ARGS) {
        return check;
    }
    if (s->fz) {
        bool sums = op == A64_FP_ADD || op == A64_FP_SUB || op == A64_FP_ABD;
        return sums ? CHECK_FLUSH : CHECK_NAN;
    }
    return check == CHECK_TINY && !s->fp_no_ufc ? CHECK_TINY : check_nan(s);
}

// Not where the result's sign is not the operation's own.
static bool settles2(const DisasContext *s, A64FpOp op)
{
    return fp_settles_nan(s) && op != A64_FP_NMUL && op != A64_FP_ABD;
}

static void settle2(const DisasContext *s, A64FpOp op, unsigned esz, TCGv_vec r, TCGv_vec a,
                    TCGv_vec b, TCGLabel *slow)
{
    if (check2(s, op) == CHECK_TINY) {
        br_smallest(esz, r, slow);
    }
    fp_settle_nan2(esz, r, a, b, slow);
}

// Scalars and vectors take the same course; the three differ in types alone.  Without a check there is no
// slow path, and the result is a vector's lane at once.
#define DO2_SCALAR(F, esz)                                                                         \
    static void do2_##F(DisasContext *s, A64FpOp op, unsigned rd, TCGv_vec va, TCGv_vec vb,        \
                        TCGv_i32 desc)                                                             \
    {                                                                                              \
        TCGv_##F a = fp_##F(va), b = fp_##F(vb), r = tcg_temp_new_##F();                           \
        if (check2(s, op) == CHECK_NONE) {                                                         \
            fast2[op].F(r, a, b);                                                                  \
            fp_write_##F(rd, r);                                                                   \
            return;                                                                                \
        }                                                                                          \
        TCGv_vec t = new_vec();                                                                    \
        TCGLabel *done = gen_new_label(), *slow = gen_new_label();                                 \
        guard2(s, op, esz, FP_SCALAR, va, vb, slow);                                               \
        if (fast2[op].check == CHECK_ARGS) {                                                       \
            TCGv_i32 bad = tcg_temp_new_i32();                                                     \
            tcg_gen_fsetcond_##F(TCG_FCOND_UN, bad, a, b);                                         \
            fp_br_unlikely(bad, slow);                                                             \
            fast2[op].F(r, a, b);                                                                  \
            tcg_gen_br(done);                                                                      \
        } else {                                                                                   \
            fast2[op].F(r, a, b);                                                                  \
            fp_br_likely(check_##F(check2(s, op), r), done);                                       \
            if (check2(s, op) == CHECK_FLUSH) {                                                    \
                TCGv_i32 zero = tcg_temp_new_i32();                                                \
                tcg_gen_fsetcond_##F(TCG_FCOND_EQ, zero, r, const_##F(0));                         \
                tcg_gen_brcondi_i32(TCG_COND_NE, zero, 0, done);                                   \
            } else if (settles2(s, op)) {                                                          \
                tcg_gen_insert_vec_##F(t, simd_const(MO_64, 0), r, 0);                             \
                settle2(s, op, esz, t, fp_lanes(va, esz, FP_SCALAR), fp_lanes(vb, esz, FP_SCALAR), \
                        slow);                                                                     \
                tcg_gen_extract_vec_##F(r, t, 0);                                                  \
                tcg_gen_br(done);                                                                  \
            }                                                                                      \
        }                                                                                          \
        gen_set_label(slow);                                                                       \
        gen_helper_a64_fp_v2(t, tcg_env(), va, vb, desc);                                          \
        tcg_gen_extract_vec_##F(r, t, 0);                                                          \
        gen_set_label(done);                                                                       \
        fp_write_##F(rd, r);                                                                       \
    }
DO2_SCALAR(f32, MO_32)
DO2_SCALAR(f64, MO_64)

static void do2_vec(DisasContext *s, A64FpOp op, unsigned esz, int q, unsigned rd, TCGv_vec va,
                    TCGv_vec vb, TCGv_i32 desc)
{
    TCGv_vec a = fp_operand(va, q), b = fp_operand(vb, q), r = new_vec();
    if (op == A64_FP_DIV && q == FP_LOW) { // 0 / 0 would raise invalid
        tcg_gen_insert_vec_i64(MO_64, b, b, tcg_constant_i64(0x3f8000003f800000), 1);
    }
    if (check2(s, op) == CHECK_NONE) {
        fast2[op].vec(esz, r, a, b);
        fp_write(rd, r, esz, q);
        return;
    }
    TCGLabel *done = gen_new_label(), *slow = gen_new_label();
    guard2(s, op, esz, q, va, vb, slow);
    if (fast2[op].check == CHECK_ARGS) {
        fp_br_unlikely(fp_any_lane(esz, TCG_FCOND_UN, a, b), slow);
        fast2[op].vec(esz, r, a, b);
        tcg_gen_br(done);
    } else {
        fast2[op].vec(esz, r, a, b);
        fp_br_likely(check_vec(check2(s, op), esz, r), done);
        if (settles2(s, op)) {
            settle2(s, op, esz, r, a, b, slow);
            tcg_gen_br(done);
        }
    }
    gen_set_label(slow);
    gen_helper_a64_fp_v2(r, tcg_env(), va, vb, desc);
    gen_set_label(done);
    fp_write(rd, r, esz, q);
}

void fp_do2(DisasContext *s, A64FpOp op, unsigned esz, int q, unsigned rd, TCGv_vec a, TCGv_vec b)
{
    TCGv_i32 desc = tcg_constant_i32((int32_t)fp_desc(op, esz, q));
    if (!fast2[op].f32 || fp_exact(s, esz)) {
        gen_helper_a64_fp_v2(a64_v(rd), tcg_env(), a, b, desc);
        return;
    }
    if (fast2[op].check != CHECK_TINY && op != A64_FP_DIV) { // these have guards
        a = fp_input(s, a, esz, q);
        b = fp_input(s, b, esz, q);
    }
    if (q != FP_SCALAR) {
        do2_vec(s, op, esz, q, rd, a, b, desc);
    } else {
        (esz == MO_32 ? do2_f32 : do2_f64)(s, op, rd, a, b, desc);
    }
}

// --- Newton's steps: 2 - a * b, (3 - a * b) / 2 --------------------------------------------------------
// Infinities and what may overflow are told apart before.  The rest cannot be tiny: 3 - a * b is 0 or no
// less than the product's last place, so halving it is exact.

void fp_do_step(DisasContext *s, A64FpOp op, unsigned esz, int q, unsigned rd, TCGv_vec a,
                TCGv_vec b)
{
    TCGv_i32 desc = tcg_constant_i32((int32_t)fp_desc(op, esz, q));
    if (fp_exact(s, esz)) {
        gen_helper_a64_fp_v2(a64_v(rd), tcg_env(), a, b, desc);
        return;
    }
    static const struct {
        uint64_t large, two, three, half; // 2^60, 2^500
    } consts[] = {
        [MO_32] = {0x5d800000, 0x40000000, 0x40400000, 0x3f000000},
        [MO_64] = {F64_LARGE, 0x4000000000000000, 0x4008000000000000, 0x3fe0000000000000}};
    a = fp_input(s, a, esz, q);
    b = fp_input(s, b, esz, q);
    TCGv_vec x = fp_lanes(a, esz, q), y = fp_lanes(b, esz, q), r = new_vec(), m = new_vec();
    TCGLabel *slow = gen_new_label(), *done = gen_new_label();
    tcg_gen_fabs_vec(esz, m, x);
    tcg_gen_fabs_vec(esz, r, y);
    tcg_gen_umax_vec(esz, m, m, r);
    tcg_gen_cmp_vec(TCG_COND_GEU, esz, m, m, simd_const(esz, consts[esz].large));
    fp_br_unlikely(fp_any_mask(esz, m), slow);
    tcg_gen_fneg_vec(esz, r, x);
    tcg_gen_fma_vec(esz, r, r, y,
                    simd_const(esz, op == A64_FP_RECPS ? consts[esz].two : consts[esz].three));
    if (op == A64_FP_RSQRTS) {
        tcg_gen_fmul_vec(esz, r, r, simd_const(esz, consts[esz].half));
    }
    tcg_gen_br(done);
    gen_set_label(slow);
    gen_helper_a64_fp_v2(r, tcg_env(), a, b, desc);
    gen_set_label(done);
    fp_write(rd, r, esz, q);
}

// --- across four single lanes: minimum and maximum ------------------------------------------------------

void fp_do_across(DisasContext *s, A64FpOp op, unsigned esz, int q, unsigned rd, TCGv_vec a)
{
    static const uint8_t pairs[] = {1, 0, 3, 2}, halves[] = {2, 3, 0, 1};
    TCGv_i32 desc = tcg_constant_i32((int32_t)fp_desc(op, esz, q));
    if (fp_exact(s, esz)) {
        gen_helper_a64_fp_reduce(a64_v(rd), tcg_env(), a, desc);
        return;
    }
    a = fp_input(s, a, esz, q);
    TCGv_vec r = new_vec(), t = new_vec();
    TCGLabel *slow = gen_new_label(), *done = gen_new_label();
    fp_br_unlikely(fp_any_lane(esz, TCG_FCOND_UN, a, a), slow);
    tcg_gen_shuffle_vec(esz, t, a, a, pairs);
    fast2[op].vec(esz, r, a, t);
    tcg_gen_shuffle_vec(esz, t, r, r, halves);
    fast2[op].vec(esz, r, r, t);
    tcg_gen_br(done);
    gen_set_label(slow);
    gen_helper_a64_fp_reduce(r, tcg_env(), a, desc);
    gen_set_label(done);
    fp_write(rd, r, esz, FP_SCALAR);
}

// --- three operands: multiply and add ----------------------------------------------------------------

static void guard3(DisasContext *s, unsigned esz, int q, TCGv_vec addend, TCGv_vec a, TCGv_vec b,
                   TCGLabel *slow)
{
    fp_guard(s, addend, esz, q, least_addend(esz), slow);
    fp_guard(s, a, esz, q, least_factor(esz), slow);
    fp_guard(s, b, esz, q, least_factor(esz), slow);
}

static void settle3(const DisasContext *s, unsigned esz, TCGv_vec r, TCGv_vec addend, TCGv_vec a,
                    TCGv_vec b, TCGLabel *slow)
{
    if (check3(s) == CHECK_TINY) {
        br_smallest(esz, r, slow);
    }
    fp_settle_nan3(esz, r, addend, a, b, slow);
}

#define DO3_SCALAR(F, esz)                                                                         \
    static void do3_##F(DisasContext *s, A64FpOp op, unsigned rd, TCGv_vec vc, TCGv_vec va,        \
                        TCGv_vec vb, TCGv_i32 desc)                                                \
    {                                                                                              \
        TCGv_##F a = fp_##F(va), b = fp_##F(vb), c = fp_##F(vc), r = tcg_temp_new_##F();           \
        TCGv_vec t = new_vec();                                                                    \
        TCGLabel *done = gen_new_label(), *slow = gen_new_label();                                 \
        guard3(s, esz, FP_SCALAR, vc, va, vb, slow);                                               \
        if (op == A64_FP_NMADD || op == A64_FP_NMSUB) {                                            \
            tcg_gen_fneg_##F(c, c);                                                                \
        }                                                                                          \
        if (op == A64_FP_MSUB || op == A64_FP_NMADD) {                                             \
            tcg_gen_fneg_##F(a, a);                                                                \
        }                                                                                          \
        tcg_gen_fma_##F(r, a, b, c);                                                               \
        fp_br_likely(check_##F(check3(s), r), done);                                               \
        if (fp_settles_nan(s)) {                                                                   \
            TCGv_vec zero = simd_const(MO_64, 0), xa = new_vec(), xb = new_vec(), xc = new_vec();  \
            tcg_gen_insert_vec_##F(t, zero, r, 0);                                                 \
            tcg_gen_insert_vec_##F(xa, zero, a, 0);                                                \
            tcg_gen_insert_vec_##F(xb, zero, b, 0);                                                \
            tcg_gen_insert_vec_##F(xc, zero, c, 0);                                                \
            settle3(s, esz, t, xc, xa, xb, slow);                                                  \
            tcg_gen_extract_vec_##F(r, t, 0);                                                      \
            tcg_gen_br(done);                                                                      \
        }                                                                                          \
        gen_set_label(slow);                                                                       \
        gen_helper_a64_fp_v3(t, tcg_env(), vc, va, vb, desc);                                      \
        tcg_gen_extract_vec_##F(r, t, 0);                                                          \
        gen_set_label(done);                                                                       \
        fp_write_##F(rd, r);                                                                       \
    }
DO3_SCALAR(f32, MO_32)
DO3_SCALAR(f64, MO_64)

void fp_do3(DisasContext *s, A64FpOp op, unsigned esz, int q, unsigned rd, TCGv_vec addend,
            TCGv_vec a, TCGv_vec b)
{
    TCGv_i32 d = tcg_constant_i32((int32_t)fp_desc(op, esz, q));
    if (fp_exact(s, esz)) {
        gen_helper_a64_fp_v3(a64_v(rd), tcg_env(), addend, a, b, d);
        return;
    }
    if (q == FP_SCALAR) {
        (esz == MO_32 ? do3_f32 : do3_f64)(s, op, rd, addend, a, b, d);
    } else {
        TCGv_vec x = fp_operand(a, q), y = fp_operand(b, q), z = fp_operand(addend, q);
        TCGv_vec r = new_vec();
        TCGLabel *done = gen_new_label(), *slow = gen_new_label();
        guard3(s, esz, q, addend, a, b, slow);
        if (op == A64_FP_MSUB) { // vectors have no other negation
            TCGv_vec negated = new_vec();
            tcg_gen_fneg_vec(esz, negated, x);
            x = negated;
        }
        tcg_gen_fma_vec(esz, r, x, y, z);
        fp_br_likely(check_vec(check3(s), esz, r), done);
        if (fp_settles_nan(s)) {
            settle3(s, esz, r, z, x, y, slow);
            tcg_gen_br(done);
        }
        gen_set_label(slow);
        gen_helper_a64_fp_v3(r, tcg_env(), addend, a, b, d);
        gen_set_label(done);
        fp_write(rd, r, esz, q);
    }
}

// --- one operand: square root; the estimates have no fast path ------------------------------------------

void fp_do1(DisasContext *s, A64FpOp op, unsigned esz, int q, unsigned rd, TCGv_vec a)
{
    TCGv_i32 desc = tcg_constant_i32((int32_t)fp_desc(op, esz, q));
    if (op != A64_FP_SQRT || fp_exact(s, esz)) {
        gen_helper_a64_fp_v1(a64_v(rd), tcg_env(), a, desc);
        return;
    }
    a = fp_input(s, a, esz, q);
    const bool checked = check_nan(s) != CHECK_NONE;
    TCGLabel *done = gen_new_label();
    TCGv_vec t = new_vec();
    if (q != FP_SCALAR) {
        tcg_gen_fsqrt_vec(esz, t, fp_operand(a, q));
        if (checked) {
            fp_br_likely(check_vec(CHECK_NAN, esz, t), done);
            gen_helper_a64_fp_v1(t, tcg_env(), a, desc);
            gen_set_label(done);
        }
        fp_write(rd, t, esz, q);
    } else if (esz == MO_32) {
        TCGv_f32 r = tcg_temp_new_f32();
        tcg_gen_fsqrt_f32(r, fp_f32(a));
        if (checked) {
            fp_br_likely(check_f32(CHECK_NAN, r), done);
            gen_helper_a64_fp_v1(t, tcg_env(), a, desc);
            tcg_gen_extract_vec_f32(r, t, 0);
            gen_set_label(done);
        }
        fp_write_f32(rd, r);
    } else {
        TCGv_f64 r = tcg_temp_new_f64();
        tcg_gen_fsqrt_f64(r, fp_f64(a));
        if (checked) {
            fp_br_likely(check_f64(CHECK_NAN, r), done);
            gen_helper_a64_fp_v1(t, tcg_env(), a, desc);
            tcg_gen_extract_vec_f64(r, t, 0);
            gen_set_label(done);
        }
        fp_write_f64(rd, r);
    }
}

// --- rounding to integral: the host gives what Arm does, but for FPCR.DN ---------------------------------

void fp_do_round(DisasContext *s, A64FpOp op, unsigned esz, int q, unsigned rd, TCGv_vec a,
                 A64Rounding mode)
{
    if (fp_exact(s, esz) || s->dn || op == A64_FP_RINT32 || op == A64_FP_RINT64) {
        uint32_t desc = a64_fpd_mode(fp_desc(op, esz, q), mode);
        gen_helper_a64_fp_v1(a64_v(rd), tcg_env(), a, tcg_constant_i32((int32_t)desc));
        return;
    }
    a = fp_input(s, a, esz, q);
    unsigned how = (unsigned)fp_tcg_round(mode) | (op == A64_FP_RINT ? TCG_ROUND_NOEXC : 0);
    if (q != FP_SCALAR) {
        TCGv_vec r = new_vec();
        tcg_gen_fround_vec(esz, r, fp_operand(a, q), how);
        fp_write(rd, r, esz, q);
    } else if (esz == MO_32) {
        TCGv_f32 r = tcg_temp_new_f32();
        tcg_gen_fround_f32(r, fp_f32(a), how);
        fp_write_f32(rd, r);
    } else {
        TCGv_f64 r = tcg_temp_new_f64();
        tcg_gen_fround_f64(r, fp_f64(a), how);
        fp_write_f64(rd, r);
    }
}

// --- comparisons into masks: the host raises what Arm does -----------------------------------------------

static TCGFCond mask_cond(A64FpOp op)
{
    switch (op) {
    case A64_FP_CMEQ: return TCG_FCOND_EQ;
    case A64_FP_CMGE:
    case A64_FP_ACGE: return TCG_FCOND_GE | TCG_FCOND_SIGNALING;
    default: return TCG_FCOND_GT | TCG_FCOND_SIGNALING;
    }
}

void fp_do_compare(DisasContext *s, A64FpOp op, unsigned esz, int q, unsigned rd, TCGv_vec a,
                   TCGv_vec b)
{
    const bool magnitudes = op == A64_FP_ACGE || op == A64_FP_ACGT;
    const TCGFCond cond = mask_cond(op);
    if (fp_exact(s, esz)) {
        gen_helper_a64_fp_v2(a64_v(rd), tcg_env(), a, b,
                             tcg_constant_i32((int32_t)fp_desc(op, esz, q)));
        return;
    }
    a = fp_input(s, a, esz, q);
    b = fp_input(s, b, esz, q);
    if (magnitudes) {
        TCGv_vec x = new_vec(), y = new_vec();
        tcg_gen_fabs_vec(esz, x, a);
        tcg_gen_fabs_vec(esz, y, b);
        a = x;
        b = y;
    }
    if (q != FP_SCALAR) {
        TCGv_vec r = new_vec();
        tcg_gen_fcmp_vec(cond, esz, r, fp_operand(a, q), fp_operand(b, q));
        fp_write(rd, r, esz, q);
        return;
    }
    TCGv_i32 yes = tcg_temp_new_i32();
    TCGv_i64 mask = tcg_temp_new_i64();
    if (esz == MO_32) {
        tcg_gen_fsetcond_f32(cond, yes, fp_f32(a), fp_f32(b));
        tcg_gen_neg_i32(yes, yes);
        tcg_gen_extu_i32_i64(mask, yes);
    } else {
        tcg_gen_fsetcond_f64(cond, yes, fp_f64(a), fp_f64(b));
        tcg_gen_extu_i32_i64(mask, yes);
        tcg_gen_neg_i64(mask, mask);
    }
    fp_write_i64(rd, mask);
}
