// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers of A64 blocks: AdvSIMD on integers, cryptography.  Part of helper-a64.h.
