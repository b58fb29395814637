// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows of the helper table (TCGHelperInfo initialisers) from a DEF_HELPER table.  Define HELPER_TABLE,
// include tcg.h and the table's prototypes, then include this inside an array's braces:
//
//     static TCGHelperInfo rows[] = {
//     #define HELPER_TABLE "x86/helper-x86.h"
//     #include "helper-info.h"
//     };

#include "helper-head.h"

#define DH_ROW(name_, flags_, ret_, n, ptrs, ...)                                                  \
    {.func = (void *)HELPER(name_),                                                                \
     .name = #name_,                                                                               \
     .flags = (flags_),                                                                            \
     .ret = dh_type(ret_),                                                                         \
     .nargs = (n),                                                                                 \
     .ptr_mask = (uint16_t)((ptrs) | dh_is_ptr(ret_) << 15),                                       \
     .args = {__VA_ARGS__}},
#define dh_ptr1(t1)                 dh_is_ptr(t1)
#define dh_ptr2(t1, t2)             (dh_ptr1(t1) | dh_is_ptr(t2) << 1)
#define dh_ptr3(t1, t2, t3)         (dh_ptr2(t1, t2) | dh_is_ptr(t3) << 2)
#define dh_ptr4(t1, t2, t3, t4)     (dh_ptr3(t1, t2, t3) | dh_is_ptr(t4) << 3)
#define dh_ptr5(t1, t2, t3, t4, t5) (dh_ptr4(t1, t2, t3, t4) | dh_is_ptr(t5) << 4)

#define DEF_HELPER_FLAGS_0(name, flags, ret) DH_ROW(name, flags, ret, 0, 0, )
#define DEF_HELPER_FLAGS_1(name, flags, ret, t1) \
    DH_ROW(name, flags, ret, 1, dh_ptr1(t1), dh_type(t1))
#define DEF_HELPER_FLAGS_2(name, flags, ret, t1, t2)                                               \
    DH_ROW(name, flags, ret, 2, dh_ptr2(t1, t2), dh_type(t1), dh_type(t2))
#define DEF_HELPER_FLAGS_3(name, flags, ret, t1, t2, t3)                                           \
    DH_ROW(name, flags, ret, 3, dh_ptr3(t1, t2, t3),                                  \
           dh_type(t1), dh_type(t2), dh_type(t3))
#define DEF_HELPER_FLAGS_4(name, flags, ret, t1, t2, t3, t4)                                       \
    DH_ROW(name, flags, ret, 4, dh_ptr4(t1, t2, t3, t4),                              \
           dh_type(t1), dh_type(t2), dh_type(t3), dh_type(t4))
#define DEF_HELPER_FLAGS_5(name, flags, ret, t1, t2, t3, t4, t5)                                   \
    DH_ROW(name, flags, ret, 5, dh_ptr5(t1, t2, t3, t4, t5),                          \
           dh_type(t1), dh_type(t2), dh_type(t3), dh_type(t4), dh_type(t5))

#include HELPER_TABLE

#undef DEF_HELPER_FLAGS_0
#undef DEF_HELPER_FLAGS_1
#undef DEF_HELPER_FLAGS_2
#undef DEF_HELPER_FLAGS_3
#undef DEF_HELPER_FLAGS_4
#undef DEF_HELPER_FLAGS_5
#undef DH_ROW
#undef dh_ptr1
#undef dh_ptr2
#undef dh_ptr3
#undef dh_ptr4
#undef dh_ptr5
