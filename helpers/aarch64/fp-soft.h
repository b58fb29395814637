// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arm floating point in integers: the exact answer and the exact flags for every operation, after the
// FP* functions of the Arm Architecture Reference Manual (shared/functions/float).  Nothing here uses the
// host's FP unit, so it serves as the reference for what does.
//
// Values are bits, zero-extended to 64; sizes are MO_16 (1), MO_32 (2), MO_64 (3), and A64_FP_AHP for
// the alternative half-precision format, which only conversions know.

#ifndef HELPERS_AARCH64_FP_SOFT_H
#define HELPERS_AARCH64_FP_SOFT_H

#include <stdbool.h>
#include <stdint.h>

#include "fp-desc.h"

// FPSR's cumulative flags.
enum {
    A64_FP_IOC = 1,
    A64_FP_DZC = 2,
    A64_FP_OFC = 4,
    A64_FP_UFC = 8,
    A64_FP_IXC = 16,
    A64_FP_IDC = 128,
};

enum {
    A64_FPCR_FZ16 = 1 << 19,
    A64_FPCR_RMODE_SHIFT = 22,
    A64_FPCR_FZ = 1 << 24,
    A64_FPCR_DN = 1 << 25,
    A64_FPCR_AHP = 1 << 26,
};

#define A64_FP_AHP 0u

typedef struct A64Fp {
    uint32_t fpcr;
    uint32_t exc; // flags raised so far
} A64Fp;

// The outcome of a comparison.
typedef enum A64Relation { A64_LESS, A64_EQUAL, A64_GREATER, A64_UNORDERED } A64Relation;

uint64_t a64_fp_1(A64Fp *fp, uint32_t desc, uint64_t a);
uint64_t a64_fp_2(A64Fp *fp, uint32_t desc, uint64_t a, uint64_t b);
uint64_t a64_fp_3(A64Fp *fp, uint32_t desc, uint64_t addend, uint64_t a, uint64_t b);

uint64_t a64_fp_flush(A64Fp *fp, unsigned sz, uint64_t a); // an operand as FPUnpack flushes it

// With `all_nans`, quiet NaNs raise invalid too.
A64Relation a64_fp_compare(A64Fp *fp, unsigned sz, uint64_t a, uint64_t b, bool all_nans);
uint64_t a64_fp_convert(A64Fp *fp, unsigned from, unsigned to, uint64_t a, A64Rounding mode);
// A half's value as a single, bits of a NaN kept; what FMLAL does to its factors.
uint32_t a64_fp_widen_half(const A64Fp *fp, uint64_t a);
// To an integer of `bits` with fbits of fraction, saturating; the result is zero-extended from bits.
uint64_t a64_fp_to_fixed(A64Fp *fp, unsigned sz, uint64_t a, unsigned bits, unsigned fbits,
                         bool is_unsigned, A64Rounding mode);
// `a` is the integer sign- or zero-extended to 64 bits.
uint64_t a64_fp_from_fixed(A64Fp *fp, unsigned sz, uint64_t a, unsigned fbits, bool is_unsigned);
// FJCVTZS: the result, and Z in bit 32.
uint64_t a64_fp_to_int_js(A64Fp *fp, uint64_t a);
uint32_t a64_unsigned_recip_estimate(uint32_t a);
uint32_t a64_unsigned_rsqrt_estimate(uint32_t a);

#endif
