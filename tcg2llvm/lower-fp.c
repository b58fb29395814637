// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FP ops, scalar and by lanes: the same code, an LLVM value being one or the other.
//
// What depends on the rounding mode or raises flags is a constrained intrinsic (round.dynamic,
// fpexcept.strict).  Where x86 has an instruction with just the op's meaning that LLVM has no constrained
// form for (MINSD, CVTTSD2SI, ROUNDSD with a fixed mode and inexact) the x86 intrinsic is taken: LLVM thinks it
// free of side effects, so a dead one is dropped with the flags it would have raised, but its value
// does not depend on the environment.  What depends on the current rounding mode and has no
// constrained form (CVTSD2SI) is inline assembly, which stays in its place.
//
// What comes out was looked at (llc, every op and shape): on hosts with AVX2, FMA and F16C each is the
// vector instruction, two for <2 x float>; only conversions between double and 64-bit or unsigned
// integers go lane by lane before AVX-512.  Library calls are left for f64 to half, and on hosts without
// FMA or F16C for these; tier.c makes the functions known.
//
// LLVM folds constrained operations on constants whose result is exact, and thinks x - x is; it is -0
// when rounding down.  arith() keeps constants apart; a constant that only the pipeline finds is not
// guarded against.
#include "tcg2llvm/lower.h"

#include <stdio.h>
#include <string.h>

static bool is_vector(Value v) { return LLVMGetTypeKind(LLVMTypeOf(v)) == LLVMVectorTypeKind; }

static Type element(Value v)
{
    return is_vector(v) ? LLVMGetElementType(LLVMTypeOf(v)) : LLVMTypeOf(v);
}

static unsigned count(Value v) { return is_vector(v) ? LLVMGetVectorSize(LLVMTypeOf(v)) : 1; }

// A type of v's shape with other elements.
static Type shaped(Value v, Type e) { return is_vector(v) ? LLVMVectorType(e, count(v)) : e; }

static Type int_shape(LLVMUnit *u, Value v)
{
    return shaped(v, element(v) == u->l->f64   ? u->l->i64
                     : element(v) == u->l->f32 ? u->l->i32
                                               : u->l->i16);
}

static Value fconst(LLVMUnit *u, Value like, double d)
{
    Value lanes[32], one = LLVMConstReal(element(like), d);
    (void)u;
    if (!is_vector(like)) {
        return one;
    }
    for (unsigned i = 0; i < count(like); i++) {
        lanes[i] = one;
    }
    return LLVMConstVector(lanes, count(like));
}

static Value to_bits(LLVMUnit *u, Value v) { return lower_cast(u, v, int_shape(u, v)); }

static Value fabs_of(LLVMUnit *u, Value v)
{
    Type t = LLVMTypeOf(v);
    return lower_intrinsic(u, "llvm.fabs", &t, 1, &v, 1);
}

// --- constrained arithmetic ----------------------------------------------------------------------------

static Value arith(LLVMUnit *u, const char *name, bool rounded, Value a, Value b, Value c)
{
    Type t = LLVMTypeOf(a);
    // LLVM folds constants when the result is exact in its eyes; but x - x is -0 when rounding down.
    if (b && LLVMIsAConstant(a) && LLVMIsAConstant(b) && (!c || LLVMIsAConstant(c))) {
        a = lower_intrinsic(u, "llvm.arithmetic.fence", &t, 1, &a, 1);
    }
    Value args[8] = {a, b, c};
    return lower_constrained(u, name, &t, 1, rounded, args, c ? 3 : b ? 2 : 1);
}

static Value convert(LLVMUnit *u, const char *name, bool rounded, Value v, Type to)
{
    Type types[] = {to, LLVMTypeOf(v)};
    Value args[4] = {v};
    return lower_constrained(u, name, types, 2, rounded, args, 1);
}

#define FADD(a, b) arith(u, "llvm.experimental.constrained.fadd", true, a, b, NULL)
#define FSUB(a, b) arith(u, "llvm.experimental.constrained.fsub", true, a, b, NULL)
#define FMUL(a, b) arith(u, "llvm.experimental.constrained.fmul", true, a, b, NULL)
#define FDIV(a, b) arith(u, "llvm.experimental.constrained.fdiv", true, a, b, NULL)
#define SQRT(a) arith(u, "llvm.experimental.constrained.sqrt", true, a, NULL, NULL)
#define FMA(a, b, c) arith(u, "llvm.experimental.constrained.fma", true, a, b, c)

// Arithmetic gives no signalling NaN.
static bool is_arithmetic(Value v)
{
    static const char prefix[] = "llvm.experimental.constrained.";
    size_t length;
    return LLVMIsACallInst(v) && strncmp(LLVMGetValueName2(LLVMGetCalledValue(v), &length), prefix,
                                         sizeof prefix - 1) == 0;
}

// The i1 (or lanes of i1) of a comparison.
static Value fcmp(LLVMUnit *u, unsigned cond, Value a, Value b)
{
    // Indexed by the set of outcomes, TCGFCond.
    static const char *const names[16] = {NULL,  "olt", "oeq", "ole", "ogt", "one", "oge", "ord",
                                          "uno", "ult", "ueq", "ule", "ugt", "une", "uge", NULL};
    Type t = LLVMTypeOf(a);
    unsigned outcomes = cond & 15;
    if (cond == TCG_FCOND_UN && a == b && is_arithmetic(a)) {
        // It raises nothing; and of an unconstrained comparison LLVM knows that a mask register's upper bits are zero.
        return LLVMBuildFCmp(u->b, LLVMRealUNO, a, b, "");
    }
    const char *name = names[outcomes] ? names[outcomes] : "uno"; // for its flags only
    Value args[4] = {a, b, LLVMMetadataAsValue(u->l->c, LLVMMDStringInContext2(u->l->c, name, 3))};
    Value r = lower_constrained(u,
                                cond & TCG_FCOND_SIGNALING ? "llvm.experimental.constrained.fcmps"
                                                           : "llvm.experimental.constrained.fcmp",
                                &t, 1, false, args, 3);
    if (outcomes == 0) {
        return LLVMConstNull(LLVMTypeOf(r));
    }
    return outcomes == 15 ? LLVMConstAllOnes(LLVMTypeOf(r)) : r;
}

// --- x86 intrinsics on 128 bits ------------------------------------------------------------------------

// v in the low lanes of 128 bits, zeros (which raise nothing) above.
static Value to_128(LLVMUnit *u, Value v)
{
    Type e = element(v);
    unsigned n = e == u->l->f32 ? 4 : 2, have = count(v);
    if (!is_vector(v)) {
        Value null = LLVMConstNull(LLVMVectorType(e, n));
        return LLVMBuildInsertElement(u->b, null, v, lower_i32(u, 0), "");
    }
    if (have == n) {
        return v;
    }
    Value mask[4];
    for (unsigned i = 0; i < n; i++) {
        mask[i] = lower_i32(u, i < have ? i : have);
    }
    return LLVMBuildShuffleVector(u->b, v, LLVMConstNull(LLVMTypeOf(v)), LLVMConstVector(mask, n),
                                  "");
}

// The low lanes of `wide`, in like's shape.
static Value from_128(LLVMUnit *u, Value wide, Value like)
{
    if (!is_vector(like)) {
        return LLVMBuildExtractElement(u->b, wide, lower_i32(u, 0), "");
    }
    return count(like) == count(wide) ? wide : lower_resize(u, wide, count(like));
}

static bool is_256(LLVMUnit *u, Value v) { return count(v) == (element(v) == u->l->f32 ? 8 : 4); }

// names: ss, sd, ps, pd, and ps, pd of 256 bits.  A scalar form reads only lane 0.
static Value x86_binary(LLVMUnit *u, const char *const names[6], Value a, Value b)
{
    if (is_256(u, a) && u->l->host_avx) {
        Value args[] = {a, b};
        return lower_intrinsic(u, names[4 + (element(a) == u->l->f64)], NULL, 0, args, 2);
    }
    if (is_256(u, a)) {
        return lower_concat(u, x86_binary(u, names, lower_half(u, a, 0), lower_half(u, b, 0)),
                            x86_binary(u, names, lower_half(u, a, 1), lower_half(u, b, 1)));
    }
    unsigned form = (is_vector(a) ? 2 : 0) + (element(a) == u->l->f64);
    Value args[] = {to_128(u, a), to_128(u, b)};
    return from_128(u, lower_intrinsic(u, names[form], NULL, 0, args, 2), a);
}

static Value x86_round(LLVMUnit *u, Value a, unsigned mode)
{
    static const char *const names[] = {"llvm.x86.sse41.round.ss",   "llvm.x86.sse41.round.sd",
                                        "llvm.x86.sse41.round.ps",   "llvm.x86.sse41.round.pd",
                                        "llvm.x86.avx.round.ps.256", "llvm.x86.avx.round.pd.256"};
    if (is_256(u, a) && u->l->host_avx) {
        Value both[] = {a, lower_i32(u, mode)};
        return lower_intrinsic(u, names[4 + (element(a) == u->l->f64)], NULL, 0, both, 2);
    }
    if (is_256(u, a)) {
        return lower_concat(u, x86_round(u, lower_half(u, a, 0), mode),
                            x86_round(u, lower_half(u, a, 1), mode));
    }
    unsigned form = (is_vector(a) ? 2 : 0) + (element(a) == u->l->f64);
    Value wide = to_128(u, a), imm = lower_i32(u, mode);
    Value scalar_args[] = {wide, wide, imm}, args[] = {wide, imm};
    Value r = is_vector(a) ? lower_intrinsic(u, names[form], NULL, 0, args, 2)
                           : lower_intrinsic(u, names[form], NULL, 0, scalar_args, 3);
    return from_128(u, r, a);
}

// --- multiply-add ----------------------------------------------------------------------------------------

// A constant is kept from being folded: its sign would change, were it a NaN.
static Value negated(LLVMUnit *u, Value v)
{
    Type t = LLVMTypeOf(v);
    v = LLVMIsAConstant(v) ? lower_intrinsic(u, "llvm.arithmetic.fence", &t, 1, &v, 1) : v;
    return LLVMBuildFNeg(u->b, v, "");
}

// a * b + c with a or c negated.  The negations end up in the instruction, and so leave a NaN's sign alone; at
// -O0 they would not, and there the host's instruction is written out, which also keeps the order of NaNs.
static Value fused(LLVMUnit *u, Value a, Value b, Value c, bool negate_product, bool negate_c)
{
    static const char *const names[2][2] = {{"vfmadd231", "vfmsub231"},
                                            {"vfnmadd231", "vfnmsub231"}};
    if (u->opt.cold && u->l->host_fma) {
        Value x[] = {a, b, c};
        bool vector = is_vector(a),
             narrow = vector && count(a) * (element(a) == u->l->f64 ? 8 : 4) < 16;
        if (narrow) {
            for (unsigned i = 0; i < 3; i++) {
                x[i] = to_128(u, x[i]);
            }
        }
        char text[40];
        snprintf(text, sizeof(text), "%s%c%c $2, $1, $0", names[negate_product][negate_c],
                 vector ? 'p' : 's', element(a) == u->l->f64 ? 'd' : 's');
        Value r = lower_asm(u, LLVMTypeOf(x[0]), text, "=x,x,x,0", x, 3, true);
        return narrow ? from_128(u, r, a) : r;
    }
    return FMA(negate_product ? negated(u, a) : a, b, negate_c ? negated(u, c) : c);
}

// --- minimum and maximum -------------------------------------------------------------------------------

static Value minmaxsel(LLVMUnit *u, Value a, Value b, bool max)
{
    static const char *const min_names[] = {"llvm.x86.sse.min.ss",     "llvm.x86.sse2.min.sd",
                                            "llvm.x86.sse.min.ps",     "llvm.x86.sse2.min.pd",
                                            "llvm.x86.avx.min.ps.256", "llvm.x86.avx.min.pd.256"};
    static const char *const max_names[] = {"llvm.x86.sse.max.ss",     "llvm.x86.sse2.max.sd",
                                            "llvm.x86.sse.max.ps",     "llvm.x86.sse2.max.pd",
                                            "llvm.x86.avx.max.ps.256", "llvm.x86.avx.max.pd.256"};
    if (LOWER_X86) {
        return x86_binary(u, max ? max_names : min_names, a, b);
    }
    Value first = fcmp(u, (max ? TCG_FCOND_GT : TCG_FCOND_LT) | TCG_FCOND_SIGNALING, a, b);
    return LLVMBuildSelect(u->b, first, a, b, "");
}

static Value is_nan_bits(LLVMUnit *u, Value v)
{
    Value inf = to_bits(u, fconst(u, v, __builtin_inf()));
    return LLVMBuildICmp(u->b, LLVMIntUGT, to_bits(u, fabs_of(u, v)), inf, "");
}

static Value is_quiet_nan(LLVMUnit *u, Value v)
{
    Value least = to_bits(u, fconst(u, v, __builtin_nan("")));
    return LLVMBuildICmp(u->b, LLVMIntUGE, to_bits(u, fabs_of(u, v)), least, "");
}

// IEEE minimum and maximum; with `number` a quiet NaN loses against a number.
static Value minmax(LLVMUnit *u, Value a, Value b, bool max, bool number)
{
    LLVMBuilderRef bl = u->b;
    Type t = LLVMTypeOf(a);
    if (number) {
        Value a_loses = LLVMBuildAnd(bl, is_quiet_nan(u, a),
                                     LLVMBuildNot(bl, is_nan_bits(u, b), ""), "");
        Value b_loses = LLVMBuildAnd(bl, is_quiet_nan(u, b),
                                     LLVMBuildNot(bl, is_nan_bits(u, a), ""), "");
        Value x = LLVMBuildSelect(bl, a_loses, b, a, "");
        b = LLVMBuildSelect(bl, b_loses, a, b, "");
        a = x;
    }
    Value first = fcmp(u, max ? TCG_FCOND_GT : TCG_FCOND_LT, a, b);
    Value equal = fcmp(u, TCG_FCOND_EQ, a, b), unordered = fcmp(u, TCG_FCOND_UN, a, b);
    // Equal values have equal bits, but for zeros of two signs: -0 is the lesser.
    Value ab = to_bits(u, a), bb = to_bits(u, b);
    Value merged = max ? LLVMBuildAnd(bl, ab, bb, "") : LLVMBuildOr(bl, ab, bb, "");
    Value r = LLVMBuildSelect(bl, first, a, b, "");
    r = LLVMBuildSelect(bl, equal, lower_cast(u, merged, t), r, "");
    // The sum of NaNs is the NaN; numbers are kept out of it, their sum would raise flags.
    Value zero = LLVMConstNull(t);
    Value nan = FADD(LLVMBuildSelect(bl, unordered, a, zero, ""),
                     LLVMBuildSelect(bl, unordered, b, zero, ""));
    return LLVMBuildSelect(bl, unordered, nan, r, "");
}

// --- rounding to integral ------------------------------------------------------------------------------

static Value copy_sign(LLVMUnit *u, Value magnitude, Value sign)
{
    Type t = LLVMTypeOf(magnitude);
    Value args[] = {magnitude, sign};
    return lower_intrinsic(u, "llvm.copysign", &t, 1, args, 2);
}

static Value round_to(LLVMUnit *u, Value v, unsigned mode);

// Ties away from zero: the truncated value, and one more when the rest, which is exact, is a half or more.
static Value round_away(LLVMUnit *u, Value v, unsigned flags)
{
    LLVMBuilderRef b = u->b;
    double integral = element(v) == u->l->f64 ? 0x1p52 : 0x1p23; // from here on all are
    Value inside = fcmp(u, TCG_FCOND_LT, fabs_of(u, v), fconst(u, v, integral));
    Value trunc = round_to(u, v, TCG_ROUND_ZERO | flags);
    Value zero = LLVMConstNull(LLVMTypeOf(v));
    Value rest = FSUB(LLVMBuildSelect(b, inside, v, zero, ""),
                      LLVMBuildSelect(b, inside, trunc, zero, ""));
    Value up = fcmp(u, TCG_FCOND_GE, fabs_of(u, rest), fconst(u, v, 0.5));
    Value step = LLVMBuildSelect(b, up, fconst(u, v, 1), zero, "");
    Value sum = FADD(LLVMBuildSelect(b, inside, trunc, zero, ""), copy_sign(u, step, v));
    return LLVMBuildSelect(b, inside, copy_sign(u, sum, v), trunc, "");
}

static Value round_to(LLVMUnit *u, Value v, unsigned mode)
{
    static const char *const names[] = {
        [TCG_ROUND_NEAREST] = "llvm.experimental.constrained.roundeven",
        [TCG_ROUND_DOWN] = "llvm.experimental.constrained.floor",
        [TCG_ROUND_UP] = "llvm.experimental.constrained.ceil",
        [TCG_ROUND_ZERO] = "llvm.experimental.constrained.trunc",
    };
    unsigned how = mode & TCG_ROUND_MODE_MASK, flags = mode & TCG_ROUND_NOEXC;
    switch (how) {
    case TCG_ROUND_DYNAMIC:
        return arith(u,
                     flags ? "llvm.experimental.constrained.nearbyint"
                           : "llvm.experimental.constrained.rint",
                     true, v, NULL, NULL);
    case TCG_ROUND_TIES_AWAY: return round_away(u, v, flags);
    default:
        // LLVM has these without the inexact exception alone.  ROUNDSD's immediate is a TCGRound.
        return LOWER_X86 && !flags ? x86_round(u, v, mode)
                                   : arith(u, names[how], false, v, NULL, NULL);
    }
}

// --- FP to integer -------------------------------------------------------------------------------------

// Truncation of a scalar; the most negative integer when it does not fit.
static Value x86_truncate(LLVMUnit *u, Value v, Type to)
{
    static const char *const names[] = {"llvm.x86.sse.cvttss2si", "llvm.x86.sse2.cvttsd2si",
                                        "llvm.x86.sse.cvttss2si64", "llvm.x86.sse2.cvttsd2si64"};
    Value wide = to_128(u, v);
    unsigned form = (to == u->l->i64 ? 2 : 0) + (LLVMTypeOf(v) == u->l->f64);
    return lower_intrinsic(u, names[form], NULL, 0, &wide, 1);
}

// The same instruction with the current rounding mode.
static Value x86_convert_dynamic(LLVMUnit *u, Value v, Type to)
{
    static const char *const names[2][4] = {
        {"cvtss2si $1, ${0:k}", "cvtsd2si $1, ${0:k}", "cvtss2si $1, ${0:q}",
         "cvtsd2si $1, ${0:q}"},
        {"vcvtss2si $1, ${0:k}", "vcvtsd2si $1, ${0:k}", "vcvtss2si $1, ${0:q}",
         "vcvtsd2si $1, ${0:q}"},
    };
    unsigned form = (to == u->l->i64 ? 2 : 0) + (LLVMTypeOf(v) == u->l->f64);
    return lower_asm(u, to, names[u->l->host_avx][form], "=r,x", &v, 1, true);
}

// Constrained conversions promise nothing for what does not fit: compare first.
static Value plain_truncate(LLVMUnit *u, Value v, Type to)
{
    unsigned width = LLVMGetIntTypeWidth(to);
    double limit = width == 64 ? 0x1p63 : 0x1p31;
    Value fits = LLVMBuildAnd(
        u->b, fcmp(u, TCG_FCOND_LT | TCG_FCOND_SIGNALING, v, fconst(u, v, limit)),
        fcmp(u, (width == 64 ? TCG_FCOND_GE : TCG_FCOND_GT) | TCG_FCOND_SIGNALING, v,
             fconst(u, v, width == 64 ? -limit : -limit - 1)),
        "");
    Value in = LLVMBuildSelect(u->b, fits, v, LLVMConstNull(LLVMTypeOf(v)), "");
    Value r = convert(u, "llvm.experimental.constrained.fptosi", false, in, to);
    return LLVMBuildSelect(u->b, fits, r, LLVMConstInt(to, 1ull << (width - 1), false), "");
}

static Value fcvt_scalar(LLVMUnit *u, Value v, Type to, unsigned mode)
{
    unsigned how = mode & TCG_ROUND_MODE_MASK;
    if (LOWER_X86 && how == TCG_ROUND_DYNAMIC) {
        return x86_convert_dynamic(u, v, to);
    }
    if (how != TCG_ROUND_ZERO) {
        v = round_to(u, v, mode);
    }
    return LOWER_X86 ? x86_truncate(u, v, to) : plain_truncate(u, v, to);
}

// Saturating.  Signed on x86: the truncation raises what is due, and its one odd result is put right.
static Value fcvt_saturating(LLVMUnit *u, Value v, Type to, unsigned mode, bool sign)
{
    LLVMBuilderRef b = u->b;
    v = round_to(u, v, mode);
    if (!LOWER_X86 || !sign) {
        Type types[] = {to, LLVMTypeOf(v)};
        return lower_intrinsic(u, sign ? "llvm.fptosi.sat" : "llvm.fptoui.sat", types, 2, &v, 1);
    }
    Value r = x86_truncate(u, v, to);
    Value least = LLVMConstInt(to, 1ull << (LLVMGetIntTypeWidth(to) - 1), false);
    Value odd = LLVMBuildICmp(b, LLVMIntEQ, r, least, "");
    Value zero = LLVMConstNull(LLVMTypeOf(v));
    Value positive = fcmp(u, TCG_FCOND_GT, v, zero), nan = is_nan_bits(u, v);
    Value fixed = LLVMBuildSelect(b, positive, LLVMBuildNot(b, least, ""), least, "");
    fixed = LLVMBuildSelect(b, nan, LLVMConstNull(to), fixed, "");
    return LLVMBuildSelect(b, odd, fixed, r, "");
}

typedef enum ToInt { TO_INT, TO_INT_SAT, TO_UINT_SAT } ToInt;

static Value to_int_scalar(LLVMUnit *u, ToInt kind, Value v, Type to, unsigned mode)
{
    mode &= TCG_ROUND_MODE_MASK; // inexact is always raised
    return kind == TO_INT ? fcvt_scalar(u, v, to, mode)
                          : fcvt_saturating(u, v, to, mode, kind == TO_INT_SAT);
}

static Value each_lane_to_int(LLVMUnit *u, ToInt kind, Value v, unsigned mode)
{
    if (!is_vector(v)) {
        return to_int_scalar(u, kind, v, int_shape(u, v), mode);
    }
    Type t = int_shape(u, v), to = LLVMGetElementType(t);
    Value r = LLVMGetPoison(t);
    for (unsigned i = 0; i < count(v); i++) {
        Value at = lower_i32(u, i);
        Value one = to_int_scalar(u, kind, LLVMBuildExtractElement(u->b, v, at, ""), to, mode);
        r = LLVMBuildInsertElement(u->b, r, one, at, "");
    }
    return r;
}

// FP lanes to signed lanes of the same width.
static Value fcvt_vector(LLVMUnit *u, Value v, unsigned mode)
{
    if (!LOWER_X86 || element(v) == u->l->f64) {
        return each_lane_to_int(u, TO_INT, v, mode);
    }
    unsigned how = mode & TCG_ROUND_MODE_MASK;
    if (is_256(u, v) && u->l->host_avx) {
        if (how == TCG_ROUND_DYNAMIC) {
            return lower_asm(u, LLVMVectorType(u->l->i32, 8), "vcvtps2dq $1, $0", "=x,x", &v, 1,
                             true);
        }
        Value integral = how == TCG_ROUND_ZERO ? v : round_to(u, v, mode);
        return lower_intrinsic(u, "llvm.x86.avx.cvtt.ps2dq.256", NULL, 0, &integral, 1);
    }
    if (is_256(u, v)) {
        return lower_concat(u, fcvt_vector(u, lower_half(u, v, 0), mode),
                            fcvt_vector(u, lower_half(u, v, 1), mode));
    }
    Value wide = to_128(u, v), r;
    if (how == TCG_ROUND_DYNAMIC) {
        r = lower_asm(u, LLVMVectorType(u->l->i32, 4),
                      u->l->host_avx ? "vcvtps2dq $1, $0" : "cvtps2dq $1, $0", "=x,x", &wide, 1,
                      true);
    } else {
        if (how != TCG_ROUND_ZERO) {
            wide = round_to(u, wide, mode);
        }
        r = lower_intrinsic(u, "llvm.x86.sse2.cvttps2dq", NULL, 0, &wide, 1);
    }
    return count(v) == 4 ? r : lower_resize(u, r, count(v));
}

// --- half precision ------------------------------------------------------------------------------------

static Value from_half(LLVMUnit *u, Value v, Type to)
{
    v = lower_cast(u, LLVMBuildTrunc(u->b, v, u->l->i16, ""), u->l->f16);
    return convert(u, "llvm.experimental.constrained.fpext", false, v, to);
}

static Value to_half(LLVMUnit *u, Value v)
{
    v = convert(u, "llvm.experimental.constrained.fptrunc", true, v, u->l->f16);
    return LLVMBuildZExt(u->b, lower_cast(u, v, u->l->i16), u->l->i32, "");
}

// --- the ops -------------------------------------------------------------------------------------------

// Operand i: a scalar as it is, a vector as FP lanes.
static Value operand(LLVMUnit *u, const TCGOp *op, unsigned i)
{
    Value v = lower_get(u, op->args[i]);
    if (!(tcg_op_defs[op->opc].flags & TCG_OPF_VECTOR)) {
        return v;
    }
    return lower_cast(u, v, lower_flanes_type(u, (TCGType)op->type, op->vece));
}

static bool set(LLVMUnit *u, const TCGOp *op, Value v)
{
    Type t = u->l->types[lower_temp(op->args[0])->type];
    lower_set(u, op->args[0], LLVMTypeOf(v) == t ? v : lower_cast(u, v, t));
    return true;
}

// Ops that scalars and lanes share.
#define ALL(N)                                                                                     \
    case INDEX_op_##N##_f32:                                                                       \
    case INDEX_op_##N##_f64:                                                                       \
    case INDEX_op_##N##_vec
#define A operand(u, op, 1)
#define B operand(u, op, 2)

static bool arithmetic(LLVMUnit *u, const TCGOp *op)
{
    switch (op->opc) {
        ALL(fadd) : return set(u, op, FADD(A, B));
        ALL(fsub) : return set(u, op, FSUB(A, B));
        ALL(fmul) : return set(u, op, FMUL(A, B));
        ALL(fdiv) : return set(u, op, FDIV(A, B));
        ALL(fsqrt) : return set(u, op, SQRT(A));
        ALL(fma) : return set(u, op, fused(u, A, B, operand(u, op, 3), false, false));
        ALL(fms) : return set(u, op, fused(u, A, B, operand(u, op, 3), false, true));
        ALL(fnma) : return set(u, op, fused(u, A, B, operand(u, op, 3), true, false));
        ALL(fnms) : return set(u, op, fused(u, A, B, operand(u, op, 3), true, true));
        ALL(fneg) : return set(u, op, LLVMBuildFNeg(u->b, A, ""));
        ALL(fabs) : return set(u, op, fabs_of(u, A));
        ALL(fminsel) : return set(u, op, minmaxsel(u, A, B, false));
        ALL(fmaxsel) : return set(u, op, minmaxsel(u, A, B, true));
        ALL(fmin) : return set(u, op, minmax(u, A, B, false, false));
        ALL(fmax) : return set(u, op, minmax(u, A, B, true, false));
        ALL(fminnum) : return set(u, op, minmax(u, A, B, false, true));
        ALL(fmaxnum) : return set(u, op, minmax(u, A, B, true, true));
        ALL(fround) : return set(u, op, round_to(u, A, op->args[2]));
    case INDEX_op_fsetcond_f32:
    case INDEX_op_fsetcond_f64:
        return set(u, op, LLVMBuildZExt(u->b, fcmp(u, op->args[3], A, B), u->l->i32, ""));
    case INDEX_op_fcmp_vec: {
        Value a = A;
        return set(u, op, LLVMBuildSExt(u->b, fcmp(u, op->args[3], a, B), int_shape(u, a), ""));
    }
    default: return false;
    }
}

#define FROM_INT(I, F)                                                                             \
    case INDEX_op_cvt_##I##_##F:                                                                   \
        return set(u, op, convert(u, "llvm.experimental.constrained.sitofp", true, A, u->l->F));   \
    case INDEX_op_cvtu_##I##_##F:                                                                  \
        return set(u, op, convert(u, "llvm.experimental.constrained.uitofp", true, A, u->l->F));
#define TO_INT_OPS(F, I)                                                                           \
    case INDEX_op_fcvt_##F##_##I:                                                                  \
        return set(u, op, to_int_scalar(u, TO_INT, A, u->l->I, op->args[2]));                      \
    case INDEX_op_fcvts_##F##_##I:                                                                 \
        return set(u, op, to_int_scalar(u, TO_INT_SAT, A, u->l->I, op->args[2]));                  \
    case INDEX_op_fcvtu_##F##_##I:                                                                 \
        return set(u, op, to_int_scalar(u, TO_UINT_SAT, A, u->l->I, op->args[2]));

static bool scalar_conversion(LLVMUnit *u, const TCGOp *op)
{
    LLVMLower *l = u->l;
    switch (op->opc) {
    case INDEX_op_mov_f32:
    case INDEX_op_mov_f64:
    case INDEX_op_bitcast_i32_f32:
    case INDEX_op_bitcast_i64_f64:
    case INDEX_op_bitcast_f32_i32:
    case INDEX_op_bitcast_f64_i64: return set(u, op, A);
    case INDEX_op_fcvt_f32_f64:
        return set(u, op, convert(u, "llvm.experimental.constrained.fpext", false, A, l->f64));
    case INDEX_op_fcvt_f64_f32:
        return set(u, op, convert(u, "llvm.experimental.constrained.fptrunc", true, A, l->f32));
    case INDEX_op_fcvt_f16_f32: return set(u, op, from_half(u, A, l->f32));
    case INDEX_op_fcvt_f32_f16:
    case INDEX_op_fcvt_f64_f16:
        return set(u, op, to_half(u, A));
        // clang-format off
    FROM_INT(i32, f32) FROM_INT(i32, f64) FROM_INT(i64, f32) FROM_INT(i64, f64)
    TO_INT_OPS(f32, i32) TO_INT_OPS(f32, i64) TO_INT_OPS(f64, i32) TO_INT_OPS(f64, i64)
            // clang-format on
            default : return false;
    }
}

// A vector of one as the scalar.
static Value one_lane(LLVMUnit *u, Value v)
{
    return count(v) == 1 ? LLVMBuildExtractElement(u->b, v, lower_i32(u, 0), "") : v;
}

static bool vector_conversion(LLVMUnit *u, const TCGOp *op)
{
    LLVMLower *l = u->l;
    TCGType type = (TCGType)op->type;
    Type wide_lane = op->vece == MO_16 ? l->f32 : l->f64;
    switch (op->opc) {
    case INDEX_op_cvt_vec:
    case INDEX_op_cvtu_vec: {
        Type to = lower_flanes_type(u, type, op->vece);
        Value v = lower_cast(u, lower_get(u, op->args[1]), int_shape(u, LLVMGetPoison(to)));
        const char *name = op->opc == INDEX_op_cvt_vec ? "llvm.experimental.constrained.sitofp"
                                                       : "llvm.experimental.constrained.uitofp";
        return set(u, op, convert(u, name, true, v, to));
    }
    case INDEX_op_fcvt_vec: return set(u, op, fcvt_vector(u, A, op->args[2]));
    case INDEX_op_fcvts_vec: return set(u, op, each_lane_to_int(u, TO_INT_SAT, A, op->args[2]));
    case INDEX_op_fcvtu_vec: return set(u, op, each_lane_to_int(u, TO_UINT_SAT, A, op->args[2]));
    case INDEX_op_fwidenl_vec:
    case INDEX_op_fwidenh_vec: {
        Value half = one_lane(u, lower_half(u, A, op->opc == INDEX_op_fwidenh_vec));
        return set(u, op,
                   convert(u, "llvm.experimental.constrained.fpext", false, half,
                           shaped(half, wide_lane)));
    }
    case INDEX_op_fnarrow_vec: {
        Value v = lower_cast(u, lower_get(u, op->args[1]),
                             lower_flanes_type(u, type, op->vece + 1));
        Value r = convert(u, "llvm.experimental.constrained.fptrunc", true, v,
                          shaped(v, op->vece == MO_16 ? l->f16 : l->f32));
        if (!is_vector(r)) {
            return set(u, op, LLVMBuildZExt(u->b, to_bits(u, r), l->i64, ""));
        }
        return set(u, op, lower_concat(u, r, LLVMConstNull(LLVMTypeOf(r))));
    }
    default: return false;
    }
}

bool lower_fp_op(LLVMUnit *u, const TCGOp *op)
{
    return arithmetic(u, op) || scalar_conversion(u, op) || vector_conversion(u, op);
}
