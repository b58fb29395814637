// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers that every guest's blocks use.  No include guard: see helper-head.h.

// The TCGCode to jump to for the CPU's current pc; never NULL.
DEF_HELPER_FLAGS_1(lookup_tb_ptr, TCG_CALL_NO_WRITE_GLOBALS, ptr, env)
// Leaves the block with an exception; pc and all registers must be stored before.
DEF_HELPER_FLAGS_2(raise_exception, TCG_CALL_NO_RETURN, void, env, i32)
