// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the floating-point files (fp*.c) share: the workers that scalar and AdvSIMD instructions have in
// common.
//
// The fast path is a TCG FP op, so the host's FP unit.  Arm's answer can differ in two points:
//  * a NaN came out: which one of several survives, the default NaN's sign and FPCR.DN differ;
//  * the smallest normal number came out of an operation that can be inexact there: Arm finds an underflow
//    before rounding, x86 after it, and this is the one result where that shows, in FPSR.UFC alone.
// In the tested form a quiet comparison of the result (of the operands, for minimum and maximum) tells, and a helper
// computes the instruction anew, exactly (helpers/aarch64/fp-soft.h).  The host raises no flag before that the helper
// would not.  Programs start without most of the tests (CPUARMState.fp_shortcuts, bits of the block's key):
//  * A64_TB_FP_TRAPS: of two operands in the guest's order the host gives another NaN only where it raises invalid;
//    that traps, and runtime/fault-fp.c puts Arm's NaN in place.  Until a thread has taken too many traps.  Three
//    operands (multiply-and-add) are tested for NaN as ever.
//  * A64_TB_FP_NO_UFC: until the guest first looks at FPSR nobody sees the flag.  From then on it is exact; what was
//    missed before is an underflow that rounded up to the smallest normal number, when no other had come.
// What has no TCG op goes to the helper at once, and so does half-precision arithmetic.  With FPCR.FZ more is looked
// at: see fp_input and fp_guard.
//
// q: 0 the low 64 bits, 1 all 128, 2 one lane (FP_SCALAR), as in the decode tables.  esz: MO_16 .. MO_64.

#ifndef FRONTEND_AARCH64_FP_H
#define FRONTEND_AARCH64_FP_H

#include "frontend/aarch64/simd.h"
#include "frontend/aarch64/translate.h"
#include "helpers/aarch64/fp-desc.h"

enum { FP_LOW = FORM_64, FP_ALL = FORM_128, FP_SCALAR = FORM_SCALAR };

// An instruction that exists for this size and shape on the CPU model.
static inline bool fp_shape_ok(const DisasContext *s, unsigned esz, int q)
{
    return (esz != MO_16 || a64_has_feature(s, ARM_FEAT_FP16)) && !(esz == MO_64 && q == FP_LOW);
}
// The lane size of a scalar instruction's ftype; 0 when undefined.
static inline unsigned fp_ftype_size(const DisasContext *s, int ftype)
{
    static const uint8_t size[] = {MO_32, MO_64, 0, MO_16};
    unsigned esz = size[ftype];
    return esz == MO_16 && !a64_has_feature(s, ARM_FEAT_FP16) ? 0 : esz;
}
static inline unsigned fp_log2_lanes(unsigned esz, int q)
{
    return q == FP_SCALAR ? 0 : (q == FP_ALL ? 4 : 3) - esz;
}
static inline uint32_t fp_desc(A64FpOp op, unsigned esz, int q)
{
    return a64_fpd(op, esz, esz, fp_log2_lanes(esz, q));
}
// Must every operation of this size go to the helper?
static inline bool fp_exact(const DisasContext *s, unsigned esz)
{
    return esz == MO_16 || (s->base.key.flags & A64_TB_EXACT_FP);
}

// A branch that is hardly ever taken, and one that nearly always is.
void fp_br_unlikely(TCGv_i32 bad, TCGLabel *slow);
void fp_br_likely(TCGv_i32 bad, TCGLabel *done); // when bad is 0
// Not 0 when the top bit of any lane is set (of 128 bits), when x compares so with y in any lane.
TCGv_i32 fp_any_mask(unsigned esz, TCGv_vec m);
TCGv_i32 fp_any_lane(unsigned esz, TCGFCond c, TCGv_vec x, TCGv_vec y);

// --- lanes and scalars of registers ---------------------------------------------------------------

// A register's value with what does not count made 0, so that its lanes raise no flags.
TCGv_vec fp_operand(TCGv_vec v, int q);
TCGv_vec fp_lanes(TCGv_vec v, unsigned esz, int q); // the same for scalars too
TCGv_i64 fp_lane0(TCGv_vec v, unsigned esz);        // zero-extended
TCGv_f32 fp_f32(TCGv_vec v);
TCGv_f64 fp_f64(TCGv_vec v);
// V<rd> = the scalar, zeros above.
void fp_write_i64(unsigned rd, TCGv_i64 bits);
void fp_write_f32(unsigned rd, TCGv_f32 v);
void fp_write_f64(unsigned rd, TCGv_f64 v);
// V<rd> = the part of v that counts.
void fp_write(unsigned rd, TCGv_vec v, unsigned esz, int q);

// --- FPCR.FZ; without it these do nothing --------------------------------------------------------------

// The register's value with denormals made zeros; what the operand of a fast path must come from.
TCGv_vec fp_input(DisasContext *s, TCGv_vec v, unsigned esz, int q);
// Branches to slow when a magnitude is neither 0 nor `least` (its bits) or more.
void fp_guard(DisasContext *s, TCGv_vec v, unsigned esz, int q, uint64_t least, TCGLabel *slow);

// --- NaN results in the tested form (fp-nan.c) -------------------------------------------------------

// Is code made for them?
bool fp_settles_nan(const DisasContext *s);
// r has lanes that are NaN, of an operation on a and b (on what multiply-and-add was given): they become Arm's, but
// that it branches to slow when an operand signals.  r may not be an operand.
void fp_settle_nan2(unsigned esz, TCGv_vec r, TCGv_vec a, TCGv_vec b, TCGLabel *slow);
void fp_settle_nan3(unsigned esz, TCGv_vec r, TCGv_vec addend, TCGv_vec a, TCGv_vec b,
                    TCGLabel *slow);

// --- workers: V<rd> = the operation -----------------------------------------------------------------

void fp_do1(DisasContext *s, A64FpOp op, unsigned esz, int q, unsigned rd, TCGv_vec a);
void fp_do2(DisasContext *s, A64FpOp op, unsigned esz, int q, unsigned rd, TCGv_vec a, TCGv_vec b);
void fp_do3(DisasContext *s, A64FpOp op, unsigned esz, int q, unsigned rd, TCGv_vec addend,
            TCGv_vec a, TCGv_vec b);
void fp_do_step(DisasContext *s, A64FpOp op, unsigned esz, int q, unsigned rd, TCGv_vec a,
                TCGv_vec b); // A64_FP_RECPS, RSQRTS
void fp_do_across(DisasContext *s, A64FpOp op, unsigned esz, int q, unsigned rd, TCGv_vec a);
void fp_do_compare(DisasContext *s, A64FpOp op, unsigned esz, int q, unsigned rd, TCGv_vec a,
                   TCGv_vec b); // A64_FP_CM*, AC*: masks
void fp_do_round(DisasContext *s, A64FpOp op, unsigned esz, int q, unsigned rd, TCGv_vec a,
                 A64Rounding mode);

// To and from integers in the lanes of SIMD&FP registers (fp-cvt.c).
void fp_do_to_int(DisasContext *s, unsigned esz, int q, unsigned rd, TCGv_vec a, unsigned fbits,
                  bool is_unsigned, A64Rounding mode);
void fp_do_from_int(DisasContext *s, unsigned esz, int q, unsigned rd, TCGv_vec a, unsigned fbits,
                    bool is_unsigned);

// TCG's name of a rounding mode (not A64_ROUND_ODD).
static inline TCGRound fp_tcg_round(A64Rounding mode)
{
    static const uint8_t round[] = {
        [A64_ROUND_TIEEVEN] = TCG_ROUND_NEAREST,   [A64_ROUND_POSINF] = TCG_ROUND_UP,
        [A64_ROUND_NEGINF] = TCG_ROUND_DOWN,       [A64_ROUND_ZERO] = TCG_ROUND_ZERO,
        [A64_ROUND_TIEAWAY] = TCG_ROUND_TIES_AWAY, [A64_ROUND_FPCR] = TCG_ROUND_DYNAMIC};
    return (TCGRound)round[mode];
}

#endif
