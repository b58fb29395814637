// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers through which blocks call back (event-block.c).  No include guard: see helpers/helper-head.h.
//
// The pointer is the site's.  Those without a letter see no registers, _r reads them, _rw writes them too
// and may leave by cpu_loop_exit.

DEF_HELPER_FLAGS_2(event_call, TCG_CALL_NO_RG, void, env, ptr)
DEF_HELPER_FLAGS_2(event_call_r, TCG_CALL_NO_WG, void, env, ptr)
DEF_HELPER_FLAGS_2(event_call_rw, 0, void, env, ptr)
// An access: what it was (EVENT_MEM_*), its address, the value's low 64 bits; the high ones are in
// CPUState.event_value[1].
DEF_HELPER_FLAGS_5(event_mem, TCG_CALL_NO_RG, void, env, ptr, i32, i64, i64)
DEF_HELPER_FLAGS_5(event_mem_r, TCG_CALL_NO_WG, void, env, ptr, i32, i64, i64)
DEF_HELPER_FLAGS_5(event_mem_rw, 0, void, env, ptr, i32, i64, i64)
// The block at the pointer is entered while CPUState.event_edge names the one that was left.
DEF_HELPER_FLAGS_2(event_edge, 0, void, env, ptr)
