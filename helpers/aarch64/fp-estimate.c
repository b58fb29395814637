// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The estimates that Arm defines to the bit: FRECPE, FRSQRTE, FRECPX, URECPE, URSQRTE.  After the manual's
// FPRecipEstimate, FPRSqrtEstimate, FPRecpX, UnsignedRecipEstimate and UnsignedRSqrtEstimate.

#include "fp-unpack.h"

// a in [256, 512): 2^17 / (a + 1/2), rounded.
static unsigned recip(unsigned a)
{
    unsigned b = (1u << 19) / (2 * a + 1);
    return (b + 1) / 2;
}

// a in [128, 512): the reciprocal root, in [256, 512).
static unsigned rsqrt(unsigned a)
{
    a = a < 256 ? 2 * a + 1 : ((a & ~1u) + 1) * 2;
    unsigned b = 512; // the largest with a * b * b < 2^28
    for (unsigned step = 256; step; step /= 2) {
        b += a * (b + step) * (b + step) < 1u << 28 ? step : 0;
    }
    return (b + 1) / 2;
}

#define FRAC_TOP (1ull << 51) // of a fraction brought to 52 bits

static uint64_t field_exp(const FpFormat *f, uint64_t a)
{
    return a >> f->mbits & ((1u << f->ebits) - 1);
}

static uint64_t field_frac52(const FpFormat *f, uint64_t a)
{
    return (a & ((1ull << f->mbits) - 1)) << (52 - f->mbits);
}

uint64_t fp_recip_estimate(A64Fp *fp, unsigned sz, uint64_t a)
{
    const FpFormat *f = &a64_fp_formats[sz];
    FpValue v = fp_unpack(fp, sz, a);
    if (fp_is_nan(&v)) {
        return fp_process_nan(fp, sz, v.kind, a);
    }
    if (v.kind == FP_INFINITY) {
        return fp_zero(sz, v.sign);
    }
    if (v.kind == FP_ZERO) {
        fp->exc |= A64_FP_DZC;
        return fp_infinity(sz, v.sign);
    }
    const int emin = fp_emin(f);
    if (v.exp < emin - 2) { // the reciprocal is too large
        A64Rounding mode = fp_rounding_mode(fp, A64_ROUND_FPCR);
        bool to_inf = mode == A64_ROUND_TIEEVEN || (mode == A64_ROUND_POSINF && !v.sign) ||
                      (mode == A64_ROUND_NEGINF && v.sign);
        fp->exc |= A64_FP_OFC | A64_FP_IXC;
        return fp_infinity(sz, v.sign) - !to_inf;
    }
    if (fp_flushes(fp, sz) && v.exp >= -emin) { // too small for a normal number
        fp->exc |= A64_FP_UFC;
        return fp_zero(sz, v.sign);
    }
    uint64_t frac = field_frac52(f, a);
    int exp = (int)field_exp(f, a);
    if (exp == 0) {
        if (frac & FRAC_TOP) {
            frac <<= 1;
        } else {
            exp = -1;
            frac <<= 2;
        }
        frac &= 2 * FRAC_TOP - 1;
    }
    unsigned estimate = recip(256 | (unsigned)(frac >> 44));
    int result_exp = 2 * (1 << (f->ebits - 1)) - 3 - exp; // twice the bias, less one
    frac = (uint64_t)(estimate & 255) << 44;
    if (result_exp == 0) {
        frac = FRAC_TOP | frac >> 1;
    } else if (result_exp == -1) {
        frac = FRAC_TOP >> 1 | frac >> 2;
        result_exp = 0;
    }
    return fp_zero(sz, v.sign) | (uint64_t)result_exp << f->mbits | frac >> (52 - f->mbits);
}

uint64_t fp_rsqrt_estimate(A64Fp *fp, unsigned sz, uint64_t a)
{
    const FpFormat *f = &a64_fp_formats[sz];
    FpValue v = fp_unpack(fp, sz, a);
    if (fp_is_nan(&v)) {
        return fp_process_nan(fp, sz, v.kind, a);
    }
    if (v.kind == FP_ZERO) {
        fp->exc |= A64_FP_DZC;
        return fp_infinity(sz, v.sign);
    }
    if (v.sign) {
        return fp_invalid(fp, sz);
    }
    if (v.kind == FP_INFINITY) {
        return 0;
    }
    uint64_t frac = field_frac52(f, a);
    int exp = (int)field_exp(f, a);
    if (exp == 0) {
        while (!(frac & FRAC_TOP)) {
            frac <<= 1;
            exp--;
        }
        frac = frac << 1 & (2 * FRAC_TOP - 1);
    }
    unsigned scaled = exp & 1 ? 128 | (unsigned)(frac >> 45) : 256 | (unsigned)(frac >> 44);
    int result_exp = (3 * (1 << (f->ebits - 1)) - 4 - exp) /
                     2; // (three times the bias, less one) - exp
    unsigned estimate = rsqrt(scaled);
    return (uint64_t)result_exp << f->mbits | (uint64_t)(estimate & 255) << (f->mbits - 8);
}

uint64_t fp_recip_exponent(A64Fp *fp, unsigned sz, uint64_t a)
{
    const FpFormat *f = &a64_fp_formats[sz];
    FpValue v = fp_unpack(fp, sz, a);
    if (fp_is_nan(&v)) {
        return fp_process_nan(fp, sz, v.kind, a);
    }
    uint64_t ones = (1u << f->ebits) - 1, exp = field_exp(f, a);
    return fp_zero(sz, v.sign) | (exp ? ~exp & ones : ones - 1) << f->mbits;
}

uint32_t a64_unsigned_recip_estimate(uint32_t a)
{
    return a >> 31 ? recip(a >> 23) << 23 : UINT32_MAX;
}

uint32_t a64_unsigned_rsqrt_estimate(uint32_t a)
{
    return a >> 30 ? rsqrt(a >> 23) << 23 : UINT32_MAX;
}
