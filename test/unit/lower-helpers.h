// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The helper table of test_lower_flow.c: each type as argument and result.  No include guard: see
// helpers/helper-head.h.
DEF_HELPER_FLAGS_1(t_i32, TCG_CALL_PURE, i32, i32)
DEF_HELPER_FLAGS_2(t_i64, TCG_CALL_PURE, i64, i64, i32)
DEF_HELPER_FLAGS_1(t_f32, TCG_CALL_NO_RG, f32, f32)
DEF_HELPER_FLAGS_2(t_f64, TCG_CALL_NO_RG, f64, f64, f32)
DEF_HELPER_FLAGS_1(t_i128, TCG_CALL_PURE, i128, i128)
DEF_HELPER_FLAGS_1(t_v64, TCG_CALL_PURE, v64, v64)
DEF_HELPER_FLAGS_2(t_v128, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_1(t_v256, TCG_CALL_PURE, v256, v256)
DEF_HELPER_FLAGS_2(t_ptr, TCG_CALL_NO_WG, ptr, ptr, env)
DEF_HELPER_FLAGS_2(t_reads, TCG_CALL_NO_WG, void, env, i64)
DEF_HELPER_FLAGS_1(t_writes, 0, void, env)
DEF_HELPER_FLAGS_5(t_five, TCG_CALL_PURE, i64, i64, i64, i64, i64, i64)
