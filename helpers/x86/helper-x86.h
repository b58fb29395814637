// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers of x86 blocks.  No include guard: see helpers/helper-head.h.
//
// A helper that touches guest memory, raises an exception or reads registers gets flags 0; the
// frontend calls x86_sync_state before it.

// --- integer (int-helper.c) -------------------------------------------------------------------------

// RDX:RAX by the divisor, signed; writes RAX and RDX; #DE.
DEF_HELPER_FLAGS_2(x86_idiv64, 0, void, env, i64)
DEF_HELPER_FLAGS_2(x86_pdep, TCG_CALL_PURE, i64, i64, i64) // source, mask
DEF_HELPER_FLAGS_2(x86_pext, TCG_CALL_PURE, i64, i64, i64)
DEF_HELPER_FLAGS_3(x86_crc32, TCG_CALL_PURE, i64, i64, i64, i32) // crc, data, bytes of data
// REP MOVS and STOS of 1 << size bytes, 64-bit addresses, source segment base; may stop before RCX is 0.
DEF_HELPER_FLAGS_3(x86_rep_movs, 0, void, env, i32, i64)
DEF_HELPER_FLAGS_2(x86_rep_stos, 0, void, env, i32)

// --- system (system-helper.c) -----------------------------------------------------------------------

DEF_HELPER_FLAGS_1(x86_cpuid, 0, void, env) // EAX, ECX -> EAX, EBX, ECX, EDX
DEF_HELPER_FLAGS_1(x86_rdtsc, TCG_CALL_NO_RG, i64, env)
DEF_HELPER_FLAGS_1(x86_rdtscp_aux, TCG_CALL_NO_RG, i64, env) // TSC_AUX, which RDPID reads too
DEF_HELPER_FLAGS_1(x86_rdrand, TCG_CALL_NO_RG, i64, env)
DEF_HELPER_FLAGS_2(x86_xgetbv, TCG_CALL_NO_WG, i64, env, i64) // index; #GP
DEF_HELPER_FLAGS_1(x86_read_eflags, TCG_CALL_NO_WG, i64, env)
DEF_HELPER_FLAGS_3(x86_write_eflags, 0, void, env, i64, i64) // value, mask
DEF_HELPER_FLAGS_3(x86_load_seg, 0, void, env, i32, i32)     // R_xS, selector; #GP
// What VERR, VERW, LAR and LSL ask of a selector (X86_SEG_*): the answer, or -1.
DEF_HELPER_FLAGS_2(x86_query_seg, TCG_CALL_PURE, i64, i32, i32)

// --- SSE (sse-helper.c) -----------------------------------------------------------------------------

// --- AES, PCLMUL, SHA (crypto-helper.c) -------------------------------------------------------------

// --- x87, FXSAVE, MXCSR (fpu-helper.c) --------------------------------------------------------------
