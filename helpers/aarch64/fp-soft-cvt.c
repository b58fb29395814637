// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arm floating point in integers: conversions and rounding to integral values.  See fp-soft.h.

#include "fp-unpack.h"

// The magnitude of a number times 2^fbits as an integer, and whether that is inexact.  What is 2^66 or
// more comes out as 2^66.
static u128 to_magnitude(const FpValue *v, int fbits, A64Rounding mode, bool *inexact)
{
    int e = v->exp + fbits;
    *inexact = false;
    if (e >= 63) {
        return e >= 66 ? (u128)1 << 66 : (u128)v->m << (e - 63);
    }
    int drop = 63 - e;
    u128 mag = 0, rest = 1, half = 2; // far below a half
    if (drop <= 65) {
        mag = (u128)v->m >> drop;
        rest = v->m & (((u128)1 << drop) - 1);
        half = (u128)1 << (drop - 1);
    }
    *inexact = rest != 0;
    return mag + fp_rounds_up(mode, v->sign, mag & 1, rest, half);
}

// An integer as FP; it is representable.
static uint64_t from_magnitude(A64Fp *fp, unsigned sz, bool sign, u128 mag)
{
    return mag ? fp_round(fp, sz, sign, 127, mag, A64_ROUND_ZERO) : fp_zero(sz, sign);
}

uint64_t fp_round_integral(A64Fp *fp, unsigned sz, uint64_t a, A64Rounding mode, bool exact)
{
    FpValue v = fp_unpack(fp, sz, a);
    if (fp_is_nan(&v)) {
        return fp_process_nan(fp, sz, v.kind, a);
    }
    if (v.kind == FP_ZERO) {
        return fp_zero(sz, v.sign);
    }
    if (v.kind == FP_INFINITY || v.exp >= a64_fp_formats[sz].mbits) {
        return a;
    }
    bool inexact;
    u128 mag = to_magnitude(&v, 0, fp_rounding_mode(fp, mode), &inexact);
    if (inexact && exact) {
        fp->exc |= A64_FP_IXC;
    }
    return from_magnitude(fp, sz, v.sign, mag);
}

uint64_t fp_round_integral_n(A64Fp *fp, unsigned sz, uint64_t a, A64Rounding mode, unsigned bits)
{
    FpValue v = fp_unpack(fp, sz, a);
    if (v.kind == FP_ZERO) {
        return fp_zero(sz, v.sign);
    }
    const u128 limit = (u128)1 << (bits - 1);
    bool inexact = false;
    u128 mag = 0;
    if (v.kind == FP_NUMBER) {
        mag = to_magnitude(&v, 0, fp_rounding_mode(fp, mode), &inexact);
    }
    if (v.kind != FP_NUMBER || mag > limit - !v.sign) {
        fp->exc |= A64_FP_IOC;
        return from_magnitude(fp, sz, true, limit);
    }
    if (inexact) {
        fp->exc |= A64_FP_IXC;
    }
    return from_magnitude(fp, sz, v.sign, mag);
}

uint64_t a64_fp_to_fixed(A64Fp *fp, unsigned sz, uint64_t a, unsigned bits, unsigned fbits,
                         bool is_unsigned, A64Rounding mode)
{
    FpValue v = fp_unpack(fp, sz, a);
    const u128 top = (u128)1 << (is_unsigned ? bits : bits - 1);
    u128 mag = 0, most = v.sign ? (is_unsigned ? 0 : top) : top - 1; // the largest magnitude
    bool inexact = false, invalid = fp_is_nan(&v);
    if (v.kind == FP_INFINITY) {
        mag = most;
        invalid = true;
    } else if (v.kind == FP_NUMBER) {
        mag = to_magnitude(&v, (int)fbits, fp_rounding_mode(fp, mode), &inexact);
        if (mag > most) {
            mag = most;
            invalid = true;
        }
    }
    fp->exc |= invalid ? A64_FP_IOC : inexact ? A64_FP_IXC : 0;
    uint64_t r = (uint64_t)mag;
    return (v.sign ? -r : r) & ~0ull >> (64 - bits);
}

uint64_t a64_fp_from_fixed(A64Fp *fp, unsigned sz, uint64_t a, unsigned fbits, bool is_unsigned)
{
    bool sign = !is_unsigned && (int64_t)a < 0;
    uint64_t mag = sign ? -a : a;
    return mag ? fp_round(fp, sz, sign, 63 - (int)fbits, (u128)mag << 64, A64_ROUND_FPCR) : 0;
}

uint64_t a64_fp_to_int_js(A64Fp *fp, uint64_t a)
{
    FpValue v = fp_unpack(fp, 3, a);
    if (v.kind != FP_NUMBER) {
        if (v.kind != FP_ZERO) {
            fp->exc |= A64_FP_IOC;
        }
        return a == 0 ? 1ull << 32 : 0; // neither -0 nor a flushed denormal is exact
    }
    bool inexact = false, fits = v.exp < 66;
    u128 mag = 0;
    if (fits) {
        mag = to_magnitude(&v, 0, A64_ROUND_ZERO, &inexact);
        fits = mag <= ((u128)1 << 31) - !v.sign;
    }
    uint32_t low = v.exp < 66        ? (uint32_t)mag
                   : v.exp < 63 + 32 ? (uint32_t)((u128)v.m << (v.exp - 63))
                                     : 0;
    fp->exc |= !fits ? A64_FP_IOC : inexact ? A64_FP_IXC : 0;
    return (v.sign ? -low : low) | (uint64_t)(fits && !inexact) << 32;
}

// --- between FP sizes ----------------------------------------------------------------------------

static uint64_t convert_nan(const FpFormat *f, unsigned to, uint64_t a)
{
    const FpFormat *t = &a64_fp_formats[to];
    uint64_t frac = a & ((1ull << f->mbits) - 1);
    frac = t->mbits > f->mbits ? frac << (t->mbits - f->mbits) : frac >> (f->mbits - t->mbits);
    return fp_infinity(to, a >> (f->bits - 1) & 1) | frac;
}

uint64_t a64_fp_convert(A64Fp *fp, unsigned from, unsigned to, uint64_t a, A64Rounding mode)
{
    A64Fp cv = {.fpcr = fp->fpcr & ~(uint32_t)A64_FPCR_FZ16}; // FZ16 is not for conversions
    if (cv.fpcr & A64_FPCR_AHP) {
        from = from == 1 ? A64_FP_AHP : from;
        to = to == 1 ? A64_FP_AHP : to;
    }
    FpValue v = fp_unpack(&cv, from, a);
    uint64_t r;
    switch (v.kind) {
    case FP_QNAN:
    case FP_SNAN:
        if (to == A64_FP_AHP) {
            r = fp_zero(to, v.sign);
        } else if (cv.fpcr & A64_FPCR_DN) {
            r = fp_default_nan(to);
        } else {
            r = convert_nan(&a64_fp_formats[from], to, a) | fp_quiet_bit(to);
        }
        if (v.kind == FP_SNAN || to == A64_FP_AHP) {
            cv.exc |= A64_FP_IOC;
        }
        break;
    case FP_INFINITY:
        r = fp_infinity(to, v.sign);
        if (to == A64_FP_AHP) {
            r = fp_zero(to, v.sign) | 0x7fff;
            cv.exc |= A64_FP_IOC;
        }
        break;
    case FP_ZERO: r = fp_zero(to, v.sign); break;
    default: r = fp_round(&cv, to, v.sign, v.exp, (u128)v.m << 64, mode);
    }
    fp->exc |= cv.exc;
    return r;
}

uint32_t a64_fp_widen_half(const A64Fp *fp, uint64_t a)
{
    A64Fp none = {.fpcr = fp->fpcr & A64_FPCR_FZ16};
    FpValue v = fp_unpack(&none, 1, a);
    switch (v.kind) {
    case FP_QNAN:
    case FP_SNAN: return (uint32_t)convert_nan(&a64_fp_formats[1], 2, a);
    case FP_INFINITY: return (uint32_t)fp_infinity(2, v.sign);
    case FP_ZERO: return (uint32_t)fp_zero(2, v.sign);
    default: return (uint32_t)fp_round(&none, 2, v.sign, v.exp, (u128)v.m << 64, A64_ROUND_ZERO);
    }
}
