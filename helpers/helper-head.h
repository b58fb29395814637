// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The words that a helper table is written in.
//
// A table (helpers/x86/helper-x86.h) holds lines such as
//
//     DEF_HELPER_FLAGS_2(x86_aesenc, TCG_CALL_PURE, v128, v128, v128)
//
// name, flags, result type, argument types.  Each line gives, from one text:
//   helper-proto.h  the prototype of helper_x86_aesenc, for its body
//   helper-gen.h    gen_helper_x86_aesenc(ret, a, b), which appends the call op, for frontends
//   helper-info.h   its row in the helper table: flags, types, name (also the bitcode symbol's)
//
// Types: void, i32, i64, f32, f64, ptr, env (the guest's CPUArchState), i128, v64, v128, v256.
// i128 and vectors go by pointer: an argument is `const V128 *`, a result is written through a first
// `V128 *` parameter (which may not alias an argument: the engines see to it).

#ifndef HELPERS_HELPER_HEAD_H
#define HELPERS_HELPER_HEAD_H

#include <stdint.h>

#include "vec-types.h"

typedef unsigned __int128 tcg_u128;

#define HELPER(name) helper_##name

// C types of arguments.
#define dh_ctype_i32 uint32_t
#define dh_ctype_i64 uint64_t
#define dh_ctype_f32 float
#define dh_ctype_f64 double
#define dh_ctype_ptr void *
#define dh_ctype_env CPUArchState *
#define dh_ctype_i128 const tcg_u128 *
#define dh_ctype_v64 const V64 *
#define dh_ctype_v128 const V128 *
#define dh_ctype_v256 const V256 *
#define dh_ctype(t) dh_ctype_##t

// C types of results, and the extra first parameter of those that go by pointer.
#define dh_rtype_void void
#define dh_rtype_i32 uint32_t
#define dh_rtype_i64 uint64_t
#define dh_rtype_f32 float
#define dh_rtype_f64 double
#define dh_rtype_ptr void *
#define dh_rtype_i128 void
#define dh_rtype_v64 void
#define dh_rtype_v128 void
#define dh_rtype_v256 void
#define dh_rtype(t) dh_rtype_##t
#define dh_rparam_void
#define dh_rparam_i32
#define dh_rparam_i64
#define dh_rparam_f32
#define dh_rparam_f64
#define dh_rparam_ptr
#define dh_rparam_i128 tcg_u128 *,
#define dh_rparam_v64 V64 *,
#define dh_rparam_v128 V128 *,
#define dh_rparam_v256 V256 *,
#define dh_rparam(t) dh_rparam_##t

// TCG types.
#define dh_type_void TCG_TYPE_VOID
#define dh_type_i32 TCG_TYPE_I32
#define dh_type_i64 TCG_TYPE_I64
#define dh_type_f32 TCG_TYPE_F32
#define dh_type_f64 TCG_TYPE_F64
#define dh_type_ptr TCG_TYPE_PTR
#define dh_type_env TCG_TYPE_PTR
#define dh_type_i128 TCG_TYPE_I128
#define dh_type_v64 TCG_TYPE_V64
#define dh_type_v128 TCG_TYPE_V128
#define dh_type_v256 TCG_TYPE_V256
#define dh_type(t) dh_type_##t

// 1 for what is a pointer in C though a TCG i64.
#define dh_is_ptr_void 0
#define dh_is_ptr_i32 0
#define dh_is_ptr_i64 0
#define dh_is_ptr_f32 0
#define dh_is_ptr_f64 0
#define dh_is_ptr_ptr 1
#define dh_is_ptr_env 1
#define dh_is_ptr_i128 0
#define dh_is_ptr_v64 0
#define dh_is_ptr_v128 0
#define dh_is_ptr_v256 0
#define dh_is_ptr(t) dh_is_ptr_##t

// Handles of the builder.
#define dh_handle_i32 TCGv_i32
#define dh_handle_i64 TCGv_i64
#define dh_handle_f32 TCGv_f32
#define dh_handle_f64 TCGv_f64
#define dh_handle_ptr TCGv_ptr
#define dh_handle_env TCGv_ptr
#define dh_handle_i128 TCGv_i128
#define dh_handle_v64 TCGv_vec
#define dh_handle_v128 TCGv_vec
#define dh_handle_v256 TCGv_vec
#define dh_handle(t) dh_handle_##t

#define DEF_HELPER_0(name, ret) DEF_HELPER_FLAGS_0(name, 0, ret)
#define DEF_HELPER_1(name, ret, t1) DEF_HELPER_FLAGS_1(name, 0, ret, t1)
#define DEF_HELPER_2(name, ret, t1, t2) DEF_HELPER_FLAGS_2(name, 0, ret, t1, t2)
#define DEF_HELPER_3(name, ret, t1, t2, t3) DEF_HELPER_FLAGS_3(name, 0, ret, t1, t2, t3)
#define DEF_HELPER_4(name, ret, t1, t2, t3, t4) DEF_HELPER_FLAGS_4(name, 0, ret, t1, t2, t3, t4)
#define DEF_HELPER_5(name, ret, t1, t2, t3, t4, t5)                                                \
    DEF_HELPER_FLAGS_5(name, 0, ret, t1, t2, t3, t4, t5)

#endif
