// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers of A64 blocks: floating point, scalar and vector.  Part of helper-a64.h.
