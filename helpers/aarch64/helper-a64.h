// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers of A64 blocks: the base instruction set.  No include guard: see helpers/helper-head.h.
// Floating point and vectors have tables of their own, which this one includes.
//
// A helper that touches guest memory, raises an exception or reads registers gets flags 0; the
// frontend calls a64_sync_state before it.

// --- integer (int-helper.c) -------------------------------------------------------------------------

DEF_HELPER_FLAGS_3(a64_crc32, TCG_CALL_PURE, i64, i64, i64, i32)  // crc, data, bytes of data
DEF_HELPER_FLAGS_3(a64_crc32c, TCG_CALL_PURE, i64, i64, i64, i32) // the Castagnoli polynomial

// --- pointer authentication (pac-helper.c): pointer, modifier, key (ARMPacKey) --------------------------

DEF_HELPER_FLAGS_4(a64_pac_add, TCG_CALL_NO_RG, i64, env, i64, i64, i32)
DEF_HELPER_FLAGS_4(a64_pac_auth, TCG_CALL_NO_RG, i64, env, i64, i64, i32)
DEF_HELPER_FLAGS_3(a64_pac_generic, TCG_CALL_NO_RG, i64, env, i64, i64) // PACGA

// --- system (system-helper.c) -----------------------------------------------------------------------

DEF_HELPER_FLAGS_1(a64_read_cntvct, TCG_CALL_NO_RG, i64, env)
// FPCR and FPSR, with what the host's FP unit has and gathers (fp-env.c).  A write of FPCR ends the block.
DEF_HELPER_FLAGS_1(a64_read_fpcr, TCG_CALL_NO_WG, i64, env)
DEF_HELPER_FLAGS_1(a64_read_fpsr, TCG_CALL_NO_WG, i64, env)
DEF_HELPER_FLAGS_2(a64_write_fpcr, 0, void, env, i64)
DEF_HELPER_FLAGS_2(a64_write_fpsr, 0, void, env, i64)

#include "helper-a64-fp.h"
#include "helper-a64-simd.h"
