// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers of A64 blocks: floating point, scalar and vector (fp-helper.c).  Part of helper-a64.h.
//
// The last operand is a descriptor (fp-desc.h) unless something else is said.  FPCR and FPSR are no globals.

DEF_HELPER_FLAGS_3(a64_fp_v1, TCG_CALL_NO_RG, v128, env, v128, i32)
DEF_HELPER_FLAGS_4(a64_fp_v2, TCG_CALL_NO_RG, v128, env, v128, v128, i32)
DEF_HELPER_FLAGS_5(a64_fp_v3, TCG_CALL_NO_RG, v128, env, v128, v128, v128, i32) // addend first
DEF_HELPER_FLAGS_3(a64_fp_flush, TCG_CALL_NO_RG, v128, env, v128, i32) // denormals to zeros
DEF_HELPER_FLAGS_5(a64_fp_mlal, TCG_CALL_NO_RG, v128, env, v128, v128, v128, i32)
DEF_HELPER_FLAGS_3(a64_fp_reduce, TCG_CALL_NO_RG, v128, env, v128, i32)
DEF_HELPER_FLAGS_3(a64_fp_cvtl, TCG_CALL_NO_RG, v128, env, v128, i32)
DEF_HELPER_FLAGS_4(a64_fp_cvtn, TCG_CALL_NO_RG, v128, env, v128, v128, i32) // old value, source
DEF_HELPER_FLAGS_3(a64_fp_cvt, TCG_CALL_NO_RG, i64, env, i64, i32)
DEF_HELPER_FLAGS_3(a64_fp_to_gpr, TCG_CALL_NO_RG, i64, env, i64, i32)
DEF_HELPER_FLAGS_3(a64_fp_from_gpr, TCG_CALL_NO_RG, i64, env, i64, i32)
DEF_HELPER_FLAGS_2(a64_fp_jcvt, TCG_CALL_NO_RG, i64, env, i64) // Z in bit 32
DEF_HELPER_FLAGS_5(a64_fp_compare, TCG_CALL_NO_RG, i32, env, i64, i64, i32,
                   i32) // size, FCMPE; NZCV
DEF_HELPER_FLAGS_1(a64_urecpe, TCG_CALL_PURE, v128, v128)
DEF_HELPER_FLAGS_1(a64_ursqrte, TCG_CALL_PURE, v128, v128)
