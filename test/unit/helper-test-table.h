// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers of test_helper.c: every type as argument and as result, every number of arguments.  No
// include guard: see helpers/helper-head.h.

DEF_HELPER_FLAGS_0(t_void0, 0, void)
DEF_HELPER_FLAGS_0(t_i64_0, TCG_CALL_PURE, i64)
DEF_HELPER_FLAGS_1(t_i32_1, TCG_CALL_PURE, i32, i32)
DEF_HELPER_FLAGS_2(t_env, 0, void, env, i64)
DEF_HELPER_FLAGS_3(t_i64_3, TCG_CALL_PURE, i64, i64, i32, ptr)
DEF_HELPER_FLAGS_5(t_i64_5, TCG_CALL_PURE, i64, env, i64, i32, i64, i64)
DEF_HELPER_FLAGS_2(t_f32, TCG_CALL_PURE, f32, f32, i32)
DEF_HELPER_FLAGS_3(t_f64, TCG_CALL_PURE, f64, f64, f32, i64)
DEF_HELPER_FLAGS_1(t_i64_f64, TCG_CALL_PURE, i64, f64)
DEF_HELPER_FLAGS_1(t_ptr, TCG_CALL_PURE, ptr, env)
DEF_HELPER_FLAGS_2(t_i128, TCG_CALL_PURE, i128, i128, i64)
DEF_HELPER_FLAGS_2(t_i128_f, TCG_CALL_PURE, i128, i128, f64)
DEF_HELPER_FLAGS_2(t_v64, TCG_CALL_PURE, v64, v64, v64)
DEF_HELPER_FLAGS_2(t_v128, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_3(t_v128_f, TCG_CALL_PURE, v128, v128, v128, f32)
DEF_HELPER_FLAGS_1(t_v256, TCG_CALL_PURE, v256, v256)
DEF_HELPER_FLAGS_2(t_i64_v, TCG_CALL_PURE, i64, v128, i64)
DEF_HELPER_FLAGS_5(t_v_5, TCG_CALL_PURE, v128, env, v128, v128, i64, i32)
DEF_HELPER_FLAGS_1(t_exit, TCG_CALL_NO_RETURN, void, env)
