// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers that the runtime itself puts into blocks.  No include guard: see helpers/helper-head.h.

// Of a block on a page whose writes are not noticed: 1 when its bytes are no longer what was translated
// (then it has been invalidated), else 0.
DEF_HELPER_FLAGS_2(tb_changed, TCG_CALL_NO_RG, i32, env, ptr)
// Before a guest access, while there are watchpoints: address; size and what it does (breakpoint.c).
DEF_HELPER_FLAGS_3(watch_access, TCG_CALL_NO_WG, void, env, i64, i32)
