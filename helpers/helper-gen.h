// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gen_helper_* functions from a helper table, for frontends.  Define HELPER_TABLE to the table's file,
// include tcg-op.h and the table's prototypes (helper-proto.h), then this.

#include "helper-head.h"

#define dh_retdecl_void
#define dh_retdecl_i32 TCGv_i32 ret,
#define dh_retdecl_i64 TCGv_i64 ret,
#define dh_retdecl_f32 TCGv_f32 ret,
#define dh_retdecl_f64 TCGv_f64 ret,
#define dh_retdecl_ptr TCGv_ptr ret,
#define dh_retdecl_i128 TCGv_i128 ret,
#define dh_retdecl_v64 TCGv_vec ret,
#define dh_retdecl_v128 TCGv_vec ret,
#define dh_retdecl_v256 TCGv_vec ret,
#define dh_retdecl0_void void
#define dh_retdecl0_i32 TCGv_i32 ret
#define dh_retdecl0_i64 TCGv_i64 ret
#define dh_rettemp_void NULL
#define dh_rettemp_i32 (TCGTemp *)ret
#define dh_rettemp_i64 (TCGTemp *)ret
#define dh_rettemp_f32 (TCGTemp *)ret
#define dh_rettemp_f64 (TCGTemp *)ret
#define dh_rettemp_ptr (TCGTemp *)ret
#define dh_rettemp_i128 (TCGTemp *)ret
#define dh_rettemp_v64 (TCGTemp *)ret
#define dh_rettemp_v128 (TCGTemp *)ret
#define dh_rettemp_v256 (TCGTemp *)ret

#define DEF_HELPER_FLAGS_0(name, flags, ret)                                                       \
    static inline void gen_helper_##name(dh_retdecl0_##ret)                                        \
    {                                                                                              \
        tcg_gen_callN((void *)HELPER(name), dh_rettemp_##ret, 0, NULL);                            \
    }
#define DEF_HELPER_FLAGS_1(name, flags, ret, t1)                                                   \
    static inline void gen_helper_##name(dh_retdecl_##ret dh_handle(t1) a1)                        \
    {                                                                                              \
        TCGTemp *args[] = {(TCGTemp *)a1};                                                         \
        tcg_gen_callN((void *)HELPER(name), dh_rettemp_##ret, 1, args);                            \
    }
#define DEF_HELPER_FLAGS_2(name, flags, ret, t1, t2)                                               \
    static inline void gen_helper_##name(dh_retdecl_##ret dh_handle(t1) a1, dh_handle(t2) a2)      \
    {                                                                                              \
        TCGTemp *args[] = {(TCGTemp *)a1, (TCGTemp *)a2};                                          \
        tcg_gen_callN((void *)HELPER(name), dh_rettemp_##ret, 2, args);                            \
    }
#define DEF_HELPER_FLAGS_3(name, flags, ret, t1, t2, t3)                                           \
    static inline void gen_helper_##name(dh_retdecl_##ret dh_handle(t1) a1, dh_handle(t2) a2,      \
                                         dh_handle(t3) a3)                                         \
    {                                                                                              \
        TCGTemp *args[] = {(TCGTemp *)a1, (TCGTemp *)a2, (TCGTemp *)a3};                           \
        tcg_gen_callN((void *)HELPER(name), dh_rettemp_##ret, 3, args);                            \
    }
#define DEF_HELPER_FLAGS_4(name, flags, ret, t1, t2, t3, t4)                                       \
    static inline void gen_helper_##name(dh_retdecl_##ret dh_handle(t1) a1, dh_handle(t2) a2,      \
                                         dh_handle(t3) a3, dh_handle(t4) a4)                       \
    {                                                                                              \
        TCGTemp *args[] = {(TCGTemp *)a1, (TCGTemp *)a2, (TCGTemp *)a3, (TCGTemp *)a4};            \
        tcg_gen_callN((void *)HELPER(name), dh_rettemp_##ret, 4, args);                            \
    }
#define DEF_HELPER_FLAGS_5(name, flags, ret, t1, t2, t3, t4, t5)                                   \
    static inline void gen_helper_##name(dh_retdecl_##ret dh_handle(t1) a1, dh_handle(t2) a2,      \
                                         dh_handle(t3) a3, dh_handle(t4) a4, dh_handle(t5) a5)     \
    {                                                                                              \
        TCGTemp *args[] = {(TCGTemp *)a1, (TCGTemp *)a2, (TCGTemp *)a3, (TCGTemp *)a4,             \
                           (TCGTemp *)a5};                                                         \
        tcg_gen_callN((void *)HELPER(name), dh_rettemp_##ret, 5, args);                            \
    }

#include HELPER_TABLE

#undef DEF_HELPER_FLAGS_0
#undef DEF_HELPER_FLAGS_1
#undef DEF_HELPER_FLAGS_2
#undef DEF_HELPER_FLAGS_3
#undef DEF_HELPER_FLAGS_4
#undef DEF_HELPER_FLAGS_5
