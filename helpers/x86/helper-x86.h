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

DEF_HELPER_FLAGS_1(x86_rcpps, TCG_CALL_PURE, v128, v128)
DEF_HELPER_FLAGS_1(x86_rsqrtps, TCG_CALL_PURE, v128, v128)
DEF_HELPER_FLAGS_3(x86_mpsadbw, TCG_CALL_PURE, v128, v128, v128, i32)
DEF_HELPER_FLAGS_1(x86_phminposuw, TCG_CALL_PURE, v128, v128)
DEF_HELPER_FLAGS_5(x86_pcmpestr, TCG_CALL_PURE, i64, v128, v128, i64, i64, i32) // lengths, imm
DEF_HELPER_FLAGS_3(x86_pcmpistr, TCG_CALL_PURE, i64, v128, v128, i32)
DEF_HELPER_FLAGS_2(x86_pcmpstr_mask, TCG_CALL_PURE, v128, i64, i32) // what the others return, imm

// --- AES, PCLMUL, SHA (crypto-helper.c) -------------------------------------------------------------
// The _hw forms use the host's instructions: only for hosts that have them.

DEF_HELPER_FLAGS_2(x86_aesenc, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(x86_aesenc_hw, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(x86_aesenclast, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(x86_aesenclast_hw, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(x86_aesdec, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(x86_aesdec_hw, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(x86_aesdeclast, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(x86_aesdeclast_hw, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_1(x86_aesimc, TCG_CALL_PURE, v128, v128)
DEF_HELPER_FLAGS_1(x86_aesimc_hw, TCG_CALL_PURE, v128, v128)
DEF_HELPER_FLAGS_2(x86_aeskeygenassist, TCG_CALL_PURE, v128, v128, i32)
DEF_HELPER_FLAGS_2(x86_aeskeygenassist_hw, TCG_CALL_PURE, v128, v128, i32)
DEF_HELPER_FLAGS_2(x86_pclmul, TCG_CALL_PURE, v128, i64, i64)
DEF_HELPER_FLAGS_2(x86_pclmul_hw, TCG_CALL_PURE, v128, i64, i64)
DEF_HELPER_FLAGS_2(x86_sha1msg1, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(x86_sha1msg1_hw, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(x86_sha1msg2, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(x86_sha1msg2_hw, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(x86_sha1nexte, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(x86_sha1nexte_hw, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_3(x86_sha1rnds4, TCG_CALL_PURE, v128, v128, v128, i32)
DEF_HELPER_FLAGS_3(x86_sha1rnds4_hw, TCG_CALL_PURE, v128, v128, v128, i32)
DEF_HELPER_FLAGS_2(x86_sha256msg1, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(x86_sha256msg1_hw, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(x86_sha256msg2, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(x86_sha256msg2_hw, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_3(x86_sha256rnds2, TCG_CALL_PURE, v128, v128, v128, v128)
DEF_HELPER_FLAGS_3(x86_sha256rnds2_hw, TCG_CALL_PURE, v128, v128, v128, v128)

// --- x87 (fpu-helper.c) -----------------------------------------------------------------------------
// They read RIP and may raise #MF, and the registers are the MMX globals: flags 0.

DEF_HELPER_FLAGS_2(x86_fld_f32, 0, void, env, i32)
DEF_HELPER_FLAGS_2(x86_fld_f64, 0, void, env, i64)
DEF_HELPER_FLAGS_3(x86_fld_f80, 0, void, env, i64, i32) // significand; sign and exponent
DEF_HELPER_FLAGS_2(x86_fild, 0, void, env, i64)
DEF_HELPER_FLAGS_3(x86_fbld, 0, void, env, i64, i32)
DEF_HELPER_FLAGS_2(x86_fld_st, 0, void, env, i32)
DEF_HELPER_FLAGS_2(x86_fld_const, 0, void, env, i32)
DEF_HELPER_FLAGS_3(x86_probe_store, 0, void, env, i64, i32) // address, bytes
DEF_HELPER_FLAGS_1(x86_fst_f32, 0, i32, env)
DEF_HELPER_FLAGS_1(x86_fst_f64, 0, i64, env)
DEF_HELPER_FLAGS_1(x86_fst_f80, 0, v128, env)
DEF_HELPER_FLAGS_1(x86_fist16, 0, i32, env)
DEF_HELPER_FLAGS_1(x86_fist32, 0, i32, env)
DEF_HELPER_FLAGS_1(x86_fist64, 0, i64, env)
DEF_HELPER_FLAGS_1(x86_fistt16, 0, i32, env)
DEF_HELPER_FLAGS_1(x86_fistt32, 0, i32, env)
DEF_HELPER_FLAGS_1(x86_fistt64, 0, i64, env)
DEF_HELPER_FLAGS_1(x86_fbst, 0, v128, env)
DEF_HELPER_FLAGS_1(x86_fpop_store, 0, void, env)
DEF_HELPER_FLAGS_3(x86_fst_st, 0, void, env, i32, i32)
DEF_HELPER_FLAGS_3(x86_farith_f32, 0, void, env, i32, i32) // op, operand
DEF_HELPER_FLAGS_3(x86_farith_f64, 0, void, env, i32, i64)
DEF_HELPER_FLAGS_3(x86_farith_i16, 0, void, env, i32, i32)
DEF_HELPER_FLAGS_3(x86_farith_i32, 0, void, env, i32, i32)
DEF_HELPER_FLAGS_4(x86_farith_st, 0, void, env, i32, i32, i32) // op, i, flags
DEF_HELPER_FLAGS_3(x86_fcom_st, 0, void, env, i32, i32)        // i, flags
DEF_HELPER_FLAGS_3(x86_fcomi, 0, i64, env, i32, i32)
DEF_HELPER_FLAGS_1(x86_ftst, 0, void, env)
DEF_HELPER_FLAGS_1(x86_fxam, 0, void, env)
DEF_HELPER_FLAGS_1(x86_fabs, 0, void, env)
DEF_HELPER_FLAGS_1(x86_fchs, 0, void, env)
DEF_HELPER_FLAGS_1(x86_fsqrt, 0, void, env)
DEF_HELPER_FLAGS_1(x86_frndint, 0, void, env)
DEF_HELPER_FLAGS_1(x86_f2xm1, 0, void, env)
DEF_HELPER_FLAGS_1(x86_fsin, 0, void, env)
DEF_HELPER_FLAGS_1(x86_fcos, 0, void, env)
DEF_HELPER_FLAGS_1(x86_fptan, 0, void, env)
DEF_HELPER_FLAGS_1(x86_fsincos, 0, void, env)
DEF_HELPER_FLAGS_1(x86_fxtract, 0, void, env)
DEF_HELPER_FLAGS_1(x86_fscale, 0, void, env)
DEF_HELPER_FLAGS_1(x86_fprem, 0, void, env)
DEF_HELPER_FLAGS_1(x86_fprem1, 0, void, env)
DEF_HELPER_FLAGS_1(x86_fyl2x, 0, void, env)
DEF_HELPER_FLAGS_1(x86_fyl2xp1, 0, void, env)
DEF_HELPER_FLAGS_1(x86_fpatan, 0, void, env)
DEF_HELPER_FLAGS_2(x86_fxch, 0, void, env, i32)
DEF_HELPER_FLAGS_3(x86_fcmov, 0, void, env, i32, i32) // i, condition
DEF_HELPER_FLAGS_3(x86_ffree, 0, void, env, i32, i32)
DEF_HELPER_FLAGS_2(x86_fincstp, 0, void, env, i32) // 1 or -1
DEF_HELPER_FLAGS_1(x86_fwait, 0, void, env)

// --- MXCSR, x87 control, FXSAVE, XSAVE (fpstate-helper.c) -------------------------------------------

DEF_HELPER_FLAGS_2(x86_ldmxcsr, 0, void, env, i32)
DEF_HELPER_FLAGS_1(x86_stmxcsr, TCG_CALL_NO_RG, i32, env)
DEF_HELPER_FLAGS_1(x86_sse_exc_begin, TCG_CALL_NO_RG, void, env)
DEF_HELPER_FLAGS_1(x86_sse_exc_check, TCG_CALL_NO_WG, void, env)
// A rounding mode for the ops until the end; the flags that they raise stay.
DEF_HELPER_FLAGS_2(x86_rounding_begin, TCG_CALL_NO_RG, void, env, i32)
DEF_HELPER_FLAGS_1(x86_rounding_end, TCG_CALL_NO_RG, void, env)
DEF_HELPER_FLAGS_2(x86_fldcw, TCG_CALL_NO_WG, void, env, i32)
DEF_HELPER_FLAGS_1(x86_fninit, TCG_CALL_NO_RG, void, env)
DEF_HELPER_FLAGS_1(x86_fnclex, TCG_CALL_NO_RG, void, env)
DEF_HELPER_FLAGS_3(x86_fldenv, 0, void, env, i64, i32) // address, 32-bit form
DEF_HELPER_FLAGS_3(x86_fnstenv, 0, void, env, i64, i32)
DEF_HELPER_FLAGS_3(x86_fnsave, 0, void, env, i64, i32)
DEF_HELPER_FLAGS_3(x86_frstor, 0, void, env, i64, i32)
DEF_HELPER_FLAGS_3(x86_fxsave, 0, void, env, i64, i32) // address, REX.W
DEF_HELPER_FLAGS_3(x86_fxrstor, 0, void, env, i64, i32)
DEF_HELPER_FLAGS_4(x86_xsave, 0, void, env, i64, i64, i32) // address, components, compact
DEF_HELPER_FLAGS_3(x86_xrstor, 0, void, env, i64, i64)
