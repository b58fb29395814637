// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of integer ops on known operands; internal to the optimiser.

#ifndef TCG_FOLD_H
#define TCG_FOLD_H

#include "tcg.h"

// The i64 op that does in 64 bits what an i32 op does in 32, by name; ops of other types give themselves.
TCGOpcode tcg_wide_opcode(TCGOpcode opc);

// a `opc` b for the i64 op, in 64 or (is32) 32 bits.  Operands of a 32-bit op are zero-extended, and so
// is the result.  false when the op is not a foldable one, or would trap.
bool tcg_fold_binary(TCGOpcode opc, bool is32, uint64_t a, uint64_t b, uint64_t *result);
bool tcg_fold_unary(TCGOpcode opc, bool is32, uint64_t a, uint64_t *result);
bool tcg_fold_cond(TCGCond cond, bool is32, uint64_t a, uint64_t b);
uint64_t tcg_fold_extract(uint64_t a, unsigned ofs, unsigned len, bool is_signed, bool is32);
uint64_t tcg_fold_deposit(uint64_t a, uint64_t b, unsigned ofs, unsigned len);

#endif
