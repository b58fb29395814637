// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of the scalar FP ops: tcg-op-fp.h for both widths, and the conversions between widths.

#include "interp-insn.h"
#include "tcg-fp-host.h"

#define F float
#define FU uint32_t
#define FBITS 32
#define MANT 23
#define SFX f32
#include "tcg-fp.h"
#include "interp-fp-inst.h"
#undef F
#undef FU
#undef FBITS
#undef MANT
#undef SFX

#define F double
#define FU uint64_t
#define FBITS 64
#define MANT 52
#define SFX f64
#include "tcg-fp.h"
#include "interp-fp-inst.h"

#include "tcg-fp-half.h"

#define CVT(name, R, A, expr)                                                                      \
    OP(name)                                                                                       \
    {                                                                                              \
        A a = REG(A, 1);                                                                           \
        REG(R, 0) = (expr);                                                                        \
        NEXT(2);                                                                                   \
    }
#define CVTS                                                                                       \
    CVT(fcvt_f32_f64, double, float, (double)a)                                                    \
    CVT(fcvt_f64_f32, float, double, (float)a)                                                     \
    CVT(fcvt_f16_f32, float, uint32_t, fp_f32_from_half((uint16_t)a))                              \
    CVT(fcvt_f32_f16, uint32_t, float, fp_half_from_f64((double)a))                                \
    CVT(fcvt_f64_f16, uint32_t, double, fp_half_from_f64(a))
CVTS
#undef CVT

#define CVT(name, R, A, expr) {INDEX_op_##name, 0, 2, 0, op_##name, #name},
    static const InterpRow rows_cvt[] = {CVTS};

void interp_register_fp(void)
{
    interp_register_rows(rows_f32, sizeof(rows_f32) / sizeof(rows_f32[0]));
    interp_register_rows(rows_f64, sizeof(rows_f64) / sizeof(rows_f64[0]));
    interp_register_rows(rows_cvt, sizeof(rows_cvt) / sizeof(rows_cvt[0]));
}
