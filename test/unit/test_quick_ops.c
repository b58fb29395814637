// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What each op gives in the quick tier: the cases of test_interp_ops.c.
//
// LINK: myna_tcg

#define TEST_QUICK 1
#include "test_interp_ops.c"
