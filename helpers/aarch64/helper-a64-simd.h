// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers of A64 blocks: AdvSIMD on integers, cryptography.  Part of helper-a64.h.  Cryptography is all
// that needs any; `_hw` is the same by the host's instruction.

// --- AES, products of polynomials, SM4 (crypto-aes.c) ----------------------------------------------------

DEF_HELPER_FLAGS_1(a64_aese, TCG_CALL_PURE, v128, v128)
DEF_HELPER_FLAGS_1(a64_aese_hw, TCG_CALL_PURE, v128, v128)
DEF_HELPER_FLAGS_1(a64_aesd, TCG_CALL_PURE, v128, v128)
DEF_HELPER_FLAGS_1(a64_aesd_hw, TCG_CALL_PURE, v128, v128)
DEF_HELPER_FLAGS_1(a64_aesmc, TCG_CALL_PURE, v128, v128)
DEF_HELPER_FLAGS_1(a64_aesmc_hw, TCG_CALL_PURE, v128, v128)
DEF_HELPER_FLAGS_1(a64_aesimc, TCG_CALL_PURE, v128, v128)
DEF_HELPER_FLAGS_1(a64_aesimc_hw, TCG_CALL_PURE, v128, v128)
DEF_HELPER_FLAGS_1(a64_aese_mc_hw, TCG_CALL_PURE, v128, v128)
DEF_HELPER_FLAGS_1(a64_aesd_imc_hw, TCG_CALL_PURE, v128, v128)
DEF_HELPER_FLAGS_2(a64_pmull, TCG_CALL_PURE, v128, i64, i64)
DEF_HELPER_FLAGS_2(a64_pmull_hw, TCG_CALL_PURE, v128, i64, i64)
DEF_HELPER_FLAGS_2(a64_sm4e, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(a64_sm4ekey, TCG_CALL_PURE, v128, v128, v128)

// --- SHA, SM3 (crypto-sha.c) -----------------------------------------------------------------------------

DEF_HELPER_FLAGS_3(a64_sha1c, TCG_CALL_PURE, v128, v128, v128, v128)
DEF_HELPER_FLAGS_3(a64_sha1c_hw, TCG_CALL_PURE, v128, v128, v128, v128)
DEF_HELPER_FLAGS_3(a64_sha1p, TCG_CALL_PURE, v128, v128, v128, v128)
DEF_HELPER_FLAGS_3(a64_sha1p_hw, TCG_CALL_PURE, v128, v128, v128, v128)
DEF_HELPER_FLAGS_3(a64_sha1m, TCG_CALL_PURE, v128, v128, v128, v128)
DEF_HELPER_FLAGS_3(a64_sha1m_hw, TCG_CALL_PURE, v128, v128, v128, v128)
DEF_HELPER_FLAGS_3(a64_sha256h, TCG_CALL_PURE, v128, v128, v128, v128)
DEF_HELPER_FLAGS_3(a64_sha256h_hw, TCG_CALL_PURE, v128, v128, v128, v128)
DEF_HELPER_FLAGS_3(a64_sha256h2, TCG_CALL_PURE, v128, v128, v128, v128)
DEF_HELPER_FLAGS_3(a64_sha256h2_hw, TCG_CALL_PURE, v128, v128, v128, v128)
DEF_HELPER_FLAGS_2(a64_sha256su0, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(a64_sha256su0_hw, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(a64_sha256su1, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_2(a64_sha256su1_hw, TCG_CALL_PURE, v128, v128, v128)
DEF_HELPER_FLAGS_3(a64_sm3partw1, TCG_CALL_PURE, v128, v128, v128, v128)
DEF_HELPER_FLAGS_3(a64_sm3partw2, TCG_CALL_PURE, v128, v128, v128, v128)
DEF_HELPER_FLAGS_4(a64_sm3tt1, TCG_CALL_PURE, v128, v128, v128, i32, i32)
DEF_HELPER_FLAGS_4(a64_sm3tt2, TCG_CALL_PURE, v128, v128, v128, i32, i32)
