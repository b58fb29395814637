// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the scalar FP ops of one width mean, over the functions of tcg-fp.h.  Re-included; see
// tcg-op-int.h.  FP_n(name, expr): operands a, b, c of type F, constant k.  FP_TO, FP_FROM: to and from
// the integer type T.  No include guard.

// clang-format off
FP_2(fadd, FX(add)(a, b))
FP_2(fsub, FX(sub)(a, b))
FP_2(fmul, FX(mul)(a, b))
FP_2(fdiv, FX(div)(a, b))
FP_1(fsqrt, FX(sqrt)(a))
FP_1(fneg, FX(neg)(a))
FP_1(fabs, FX(abs)(a))
FP_2(fminsel, FX(minsel)(a, b))
FP_2(fmaxsel, FX(maxsel)(a, b))
FP_2(fmin, FX(min)(a, b))
FP_2(fmax, FX(max)(a, b))
FP_2(fminnum, FX(minnum)(a, b))
FP_2(fmaxnum, FX(maxnum)(a, b))
FP_COMPARE(fsetcond, FX(compare)(a, b, k))
FP_1K(fround, FX(round)(a, k))

FP_TO(fcvt, i32, int32_t, FX(to_i32)(a, (TCGRound)(k & TCG_ROUND_MODE_MASK)))
FP_TO(fcvt, i64, int64_t, FX(to_i64)(a, (TCGRound)(k & TCG_ROUND_MODE_MASK)))
FP_TO(fcvts, i32, int32_t, FX(to_i32_sat)(a, (TCGRound)(k & TCG_ROUND_MODE_MASK)))
FP_TO(fcvts, i64, int64_t, FX(to_i64_sat)(a, (TCGRound)(k & TCG_ROUND_MODE_MASK)))
FP_TO(fcvtu, i32, uint32_t, FX(to_u32_sat)(a, (TCGRound)(k & TCG_ROUND_MODE_MASK)))
FP_TO(fcvtu, i64, uint64_t, FX(to_u64_sat)(a, (TCGRound)(k & TCG_ROUND_MODE_MASK)))
FP_FROM(cvt, i32, int32_t, FX(from_i32)(a))
FP_FROM(cvt, i64, int64_t, FX(from_i64)(a))
FP_FROM(cvtu, i32, uint32_t, FX(from_u32)(a))
FP_FROM(cvtu, i64, uint64_t, FX(from_u64)(a))

// clang-format on

#undef FP_1
#undef FP_2
#undef FP_1K
#undef FP_COMPARE
#undef FP_TO
#undef FP_FROM
