// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory accesses, atomics and helper calls in the quick tier: the cases of test_interp_mem.c.
//
// LINK: myna_tcg

#define TEST_QUICK 1
#include "test_interp_mem.c"
