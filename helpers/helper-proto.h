// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prototypes from a helper table.  Define HELPER_TABLE to the table's file, and CPUArchState, then
// include this; it may be included once a table.

#include "helper-head.h"

#define DEF_HELPER_FLAGS_0(name, flags, ret) dh_rtype(ret) HELPER(name)(void);
#define DEF_HELPER_FLAGS_1(name, flags, ret, t1)                                                   \
    dh_rtype(ret) HELPER(name)(dh_rparam(ret) dh_ctype(t1));
#define DEF_HELPER_FLAGS_2(name, flags, ret, t1, t2)                                               \
    dh_rtype(ret) HELPER(name)(dh_rparam(ret) dh_ctype(t1), dh_ctype(t2));
#define DEF_HELPER_FLAGS_3(name, flags, ret, t1, t2, t3)                                           \
    dh_rtype(ret) HELPER(name)(dh_rparam(ret) dh_ctype(t1), dh_ctype(t2), dh_ctype(t3));
#define DEF_HELPER_FLAGS_4(name, flags, ret, t1, t2, t3, t4)                                       \
    dh_rtype(ret)                                                                                  \
        HELPER(name)(dh_rparam(ret) dh_ctype(t1), dh_ctype(t2), dh_ctype(t3), dh_ctype(t4));
#define DEF_HELPER_FLAGS_5(name, flags, ret, t1, t2, t3, t4, t5)                                   \
    dh_rtype(ret) HELPER(name)(dh_rparam(ret) dh_ctype(t1), dh_ctype(t2), dh_ctype(t3),            \
                               dh_ctype(t4), dh_ctype(t5));

#include HELPER_TABLE

#undef DEF_HELPER_FLAGS_0
#undef DEF_HELPER_FLAGS_1
#undef DEF_HELPER_FLAGS_2
#undef DEF_HELPER_FLAGS_3
#undef DEF_HELPER_FLAGS_4
#undef DEF_HELPER_FLAGS_5
