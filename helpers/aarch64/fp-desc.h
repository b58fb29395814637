// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the frontend tells the FP helpers what to do: one descriptor word a call, put together at
// translation.  The operations are the FP* functions of the Arm manual's pseudocode.

#ifndef HELPERS_AARCH64_FP_DESC_H
#define HELPERS_AARCH64_FP_DESC_H

#include <stdint.h>

typedef enum A64FpOp {
    // two operands
    A64_FP_ADD,
    A64_FP_SUB,
    A64_FP_MUL,
    A64_FP_DIV,
    A64_FP_MAX,
    A64_FP_MIN,
    A64_FP_MAXNM,
    A64_FP_MINNM,
    A64_FP_NMUL,
    A64_FP_MULX,
    A64_FP_ABD,
    A64_FP_RECPS,
    A64_FP_RSQRTS,
    A64_FP_CMEQ, // comparisons give a mask
    A64_FP_CMGE,
    A64_FP_CMGT,
    A64_FP_ACGE,
    A64_FP_ACGT,
    // three operands: addend, then the factors; the names are the scalar instructions'
    A64_FP_MADD,
    A64_FP_MSUB,
    A64_FP_NMADD,
    A64_FP_NMSUB,
    // one operand
    A64_FP_SQRT,
    A64_FP_RECPE,
    A64_FP_RSQRTE,
    A64_FP_RECPX,
    A64_FP_CMEQ0,
    A64_FP_CMGE0,
    A64_FP_CMGT0,
    A64_FP_CMLE0,
    A64_FP_CMLT0,
    A64_FP_RINT,   // to integral, mode; no inexact
    A64_FP_RINTX,  // to integral, mode; inexact is raised
    A64_FP_RINT32, // to integral that fits 32 bits, or the most negative, mode
    A64_FP_RINT64,
    A64_FP_TO_INT,   // fixed point with fbits, signed or not, of the lane's size (or isz)
    A64_FP_FROM_INT, // the other way
    A64_FP_CVT,      // between FP sizes: sz to dsz
} A64FpOp;

// Rounding modes: FPCR.RMode's numbers, then those that an instruction alone can ask for.
typedef enum A64Rounding {
    A64_ROUND_TIEEVEN = 0,
    A64_ROUND_POSINF = 1,
    A64_ROUND_NEGINF = 2,
    A64_ROUND_ZERO = 3,
    A64_ROUND_TIEAWAY = 4,
    A64_ROUND_ODD = 5,
    A64_ROUND_FPCR = 7,
} A64Rounding;

// Fields of the word.  Sizes are MO_16, MO_32, MO_64; lanes as a power of two.
#define A64_FPD_OP(d) ((A64FpOp)((d) & 0xff))
#define A64_FPD_SZ(d) ((d) >> 8 & 3)
#define A64_FPD_DSZ(d) ((d) >> 10 & 3)
#define A64_FPD_LANES(d) (1u << ((d) >> 12 & 3))
#define A64_FPD_HIGH(d) ((d) >> 14 & 1) // the other half: FCVTL2, FCVTN2, FMLAL2
#define A64_FPD_UNSIGNED(d) ((d) >> 15 & 1)
#define A64_FPD_MODE(d) ((A64Rounding)((d) >> 16 & 7))
#define A64_FPD_FBITS(d) ((d) >> 19 & 0x7f)
#define A64_FPD_ISZ(d) (((d) >> 26 & 1) + 2) // general register of 32 or 64 bits

static inline uint32_t a64_fpd(A64FpOp op, unsigned sz, unsigned dsz, unsigned log2_lanes)
{
    return (uint32_t)op | sz << 8 | dsz << 10 | log2_lanes << 12 | (uint32_t)A64_ROUND_FPCR << 16;
}
static inline uint32_t a64_fpd_mode(uint32_t d, A64Rounding mode)
{
    return (d & ~(7u << 16)) | (uint32_t)mode << 16;
}
#define A64_FPD_SET_HIGH (1u << 14)
#define A64_FPD_SET_UNSIGNED (1u << 15)
#define A64_FPD_SET_FBITS(n) ((uint32_t)(n) << 19)
#define A64_FPD_SET_I64 (1u << 26)

#endif
