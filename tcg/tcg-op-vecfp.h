// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the vector ops with FP lanes mean, for one vector type and lane size (tcg-op-vec.h explains how
// it is included).  F is the lane type, LS and LU the integers of its size, FX() a scalar function of
// tcg-fp.h.  No include guard.
//
//   FV_n(name, expr, insn)   each lane = expr of x, y, z; on x86 the packed instruction, when not NULL
//   FV_I(name, R, A, expr)   the same with a constant k, from lanes of type A to lanes of type R
//   FV_LANES(name, R, A, stmt)   fills r[] from a[]
//
// VECE is MO_32 or MO_64; MO_16 only for the conversions from half precision.

// clang-format off
#if VECE >= 2
FV_2(fadd_vec, FX(add)(x, y), "add")
FV_2(fsub_vec, FX(sub)(x, y), "sub")
FV_2(fmul_vec, FX(mul)(x, y), "mul")
FV_2(fdiv_vec, FX(div)(x, y), "div")
FV_2(fminsel_vec, FX(minsel)(x, y), "min")
FV_2(fmaxsel_vec, FX(maxsel)(x, y), "max")
FV_2L(fmin_vec, FX(min)(x, y))
FV_2L(fmax_vec, FX(max)(x, y))
FV_2L(fminnum_vec, FX(minnum)(x, y))
FV_2L(fmaxnum_vec, FX(maxnum)(x, y))
FV_1(fsqrt_vec, FX(sqrt)(x), "sqrt")
FV_1L(fneg_vec, FX(neg)(x))
FV_1L(fabs_vec, FX(abs)(x))
FV_COMPARE(fcmp_vec)
FV_ROUND(fround_vec)
FV_I(cvt_vec, F, LS, FV_FROM(x))
FV_I(cvtu_vec, F, LU, FV_FROMU(x))
FV_CVT(fcvt_vec)
FV_I(fcvts_vec, LS, F, FV_TO_SAT(x, (TCGRound)(k & TCG_ROUND_MODE_MASK)))
FV_I(fcvtu_vec, LU, F, FV_TO_USAT(x, (TCGRound)(k & TCG_ROUND_MODE_MASK)))
#endif
#if VECE == 2
FV_LANES(fwidenl_vec, double, float, for (unsigned i = 0; i < NL / 2; i++) r[i] = (double)a[i];)
FV_LANES(fwidenh_vec, double, float, for (unsigned i = 0; i < NL / 2; i++) r[i] = (double)a[i + NL / 2];)
FV_LANES(fnarrow_vec, float, double, for (unsigned i = 0; i < NL / 2; i++) {
        r[i] = (float)a[i];
        r[i + NL / 2] = 0;
    })
#elif VECE == 1
FV_LANES(fwidenl_vec, float, uint16_t,
         for (unsigned i = 0; i < NL / 2; i++) r[i] = fp_f32_from_half(a[i]);)
FV_LANES(fwidenh_vec, float, uint16_t,
         for (unsigned i = 0; i < NL / 2; i++) r[i] = fp_f32_from_half(a[i + NL / 2]);)
FV_LANES(fnarrow_vec, uint16_t, float, for (unsigned i = 0; i < NL / 2; i++) {
        r[i] = fp_half_from_f64((double)a[i]);
        r[i + NL / 2] = 0;
    })
#endif
// clang-format on

#undef FV_1
#undef FV_1L
#undef FV_2
#undef FV_2L
#undef FV_COMPARE
#undef FV_ROUND
#undef FV_I
#undef FV_CVT
#undef FV_LANES
