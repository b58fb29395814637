// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What fp-soft.c and fp-soft-cvt.c share: a value taken apart, and put together with rounding.

#ifndef HELPERS_AARCH64_FP_UNPACK_H
#define HELPERS_AARCH64_FP_UNPACK_H

#include "fp-soft.h"

typedef unsigned __int128 u128;

typedef enum FpKind { FP_ZERO, FP_NUMBER, FP_INFINITY, FP_QNAN, FP_SNAN } FpKind;

// A number is m * 2^(exp - 63), bit 63 of m set.
typedef struct FpValue {
    FpKind kind;
    bool sign;
    int exp;
    uint64_t m;
} FpValue;

typedef struct FpFormat {
    uint8_t ebits, mbits, bits;
} FpFormat;

extern const FpFormat a64_fp_formats[4]; // by size

static inline int fp_emin(const FpFormat *f) { return 2 - (1 << (f->ebits - 1)); }
static inline uint64_t fp_sign_bit(unsigned sz) { return 1ull << (a64_fp_formats[sz].bits - 1); }
static inline uint64_t fp_infinity(unsigned sz, bool sign)
{
    const FpFormat *f = &a64_fp_formats[sz];
    return (sign ? fp_sign_bit(sz) : 0) | ((1ull << f->ebits) - 1) << f->mbits;
}
static inline uint64_t fp_zero(unsigned sz, bool sign) { return sign ? fp_sign_bit(sz) : 0; }
static inline uint64_t fp_quiet_bit(unsigned sz) { return 1ull << (a64_fp_formats[sz].mbits - 1); }
static inline uint64_t fp_default_nan(unsigned sz)
{
    return fp_infinity(sz, false) | fp_quiet_bit(sz);
}
static inline bool fp_is_nan(const FpValue *v) { return v->kind >= FP_QNAN; }
static inline A64Rounding fp_rounding_mode(const A64Fp *fp, A64Rounding mode)
{
    return mode == A64_ROUND_FPCR ? (A64Rounding)(fp->fpcr >> A64_FPCR_RMODE_SHIFT & 3) : mode;
}
static inline bool fp_flushes(const A64Fp *fp, unsigned sz)
{
    return fp->fpcr & (sz <= 1 ? A64_FPCR_FZ16 : A64_FPCR_FZ);
}

// FPUnpack: a denormal operand becomes zero under FZ (with the flag) or FZ16 (without).
FpValue fp_unpack(A64Fp *fp, unsigned sz, uint64_t bits);
// FPRound of m * 2^(exp - 127), m not 0, its lowest bit sticky.
uint64_t fp_round(A64Fp *fp, unsigned sz, bool sign, int exp, u128 m, A64Rounding mode);
// Does a magnitude go up to the next place, when it is followed by `rest` in units of which the place is
// twice `half`?
bool fp_rounds_up(A64Rounding mode, bool sign, bool odd, u128 rest, u128 half);
// FPProcessNaN of one NaN.
uint64_t fp_process_nan(A64Fp *fp, unsigned sz, FpKind kind, uint64_t bits);
uint64_t fp_invalid(A64Fp *fp, unsigned sz); // the default NaN, with the flag

// Estimates (fp-estimate.c) and rounding to integral values (fp-soft-cvt.c).
uint64_t fp_recip_estimate(A64Fp *fp, unsigned sz, uint64_t a);
uint64_t fp_rsqrt_estimate(A64Fp *fp, unsigned sz, uint64_t a);
uint64_t fp_recip_exponent(A64Fp *fp, unsigned sz, uint64_t a);
uint64_t fp_round_integral(A64Fp *fp, unsigned sz, uint64_t a, A64Rounding mode, bool exact);
uint64_t fp_round_integral_n(A64Fp *fp, unsigned sz, uint64_t a, A64Rounding mode, unsigned bits);

static inline u128 fp_shift_right_sticky(u128 m, int n)
{
    if (n == 0) {
        return m;
    }
    return n > 127 ? m != 0 : m >> n | ((m & (((u128)1 << n) - 1)) != 0);
}

#endif
