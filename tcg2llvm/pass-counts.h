// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Keeps the counters of passes (myna_add) in registers in hot code.  See pass-counts.c.
#ifndef MYNA_TCG2LLVM_PASS_COUNTS_H
#define MYNA_TCG2LLVM_PASS_COUNTS_H

#include <llvm-c/Core.h>

// After the passes, when guest operations are plain IR; not under precise state, where a fault leaves the code
// between two instructions.
void pass_counts_gather(LLVMModuleRef module);

#endif
