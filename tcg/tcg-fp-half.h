// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Half precision, which the baseline host has no instructions for: in integers, with the flags raised
// by hand.  Include after tcg-fp.h for both widths.

#ifndef TCG_FP_HALF_H
#define TCG_FP_HALF_H

static inline float fp_f32_from_half(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exp = h >> 10 & 31, mant = h & 0x3ff;
    if (exp == 31) {
        if (mant && !(mant & 0x200)) {
            fp_raise(FP_INVALID);
        }
        return fp_from_bits_f32(sign | 0x7f800000 | mant << 13 | (mant ? 0x400000 : 0));
    }
    if (exp == 0) { // a multiple of 2^-24, exact
        float f = (float)(int32_t)mant * 0x1p-24f;
        return sign ? fp_neg_f32(f) : f;
    }
    return fp_from_bits_f32(sign | (exp + 112) << 23 | mant << 13);
}

static inline uint16_t fp_half_from_f64(double a)
{
    uint64_t bits = fp_bits_f64(a), mant = bits & 0xfffffffffffff;
    unsigned sign = bits >> 63 ? 0x8000 : 0;
    int exp = (int)(bits >> 52 & 0x7ff);
    if (exp == 0x7ff) {
        if (fp_is_snan_f64(a)) {
            fp_raise(FP_INVALID);
        }
        return (uint16_t)(sign | 0x7c00 | (mant ? 0x200 | mant >> 42 : 0));
    }
    if (exp == 0 && mant == 0) {
        return (uint16_t)sign;
    }
    uint64_t sig = mant | (exp ? 1ull << 52 : 0);
    int e = (exp ? exp : 1) - 1023;           // a = sig * 2^(e - 52)
    int shift = 42 + (e < -14 ? -14 - e : 0); // to units of the result's last place
    shift = shift > 60 ? 60 : shift;          // all of it lost: still inexact
    uint64_t q = sig >> shift, rest = sig & ((1ull << shift) - 1), half = 1ull << (shift - 1);
    TCGRound mode = fp_rounding();
    bool away = mode == TCG_ROUND_UP ? !sign : mode == TCG_ROUND_DOWN ? sign != 0 : false;
    if (mode == TCG_ROUND_NEAREST) {
        q += rest > half || (rest == half && (q & 1));
    } else if (away) {
        q += rest != 0;
    }
    // Adding lets a carry out of the fraction raise the exponent.
    uint64_t h = e < -14 ? q : ((uint64_t)(e + 15) << 10) + q - 0x400;
    if (e > 15 || h >= 0x7c00) {
        fp_raise(FP_OVERFLOW | FP_INEXACT);
        return (uint16_t)(sign | (mode == TCG_ROUND_NEAREST || away ? 0x7c00 : 0x7bff));
    }
    if (rest) {
        fp_raise(FP_INEXACT | (h < 0x400 ? FP_UNDERFLOW : 0));
    }
    return (uint16_t)(sign | h);
}

#endif
