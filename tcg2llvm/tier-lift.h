// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `myna lift`: the IR of blocks that nobody runs, as one function.
#ifndef MYNA_TCG2LLVM_TIER_LIFT_H
#define MYNA_TCG2LLVM_TIER_LIFT_H

#include "tcg2llvm/tier.h"
#include "tcg2llvm/unit.h"

// Prints the module to out: a function `name` over the blocks, entered at the first, after LLVM's pipeline
// default<On> when n is from 1 to 3.  host: pc_global, context_new, translate, disassemble and flow are used.
bool tier_lift(const LLVMTierHost *host, const char *name, const LLVMUnitBlock *blocks,
               unsigned n_blocks, unsigned n, FILE *out, GError **error);

#endif
