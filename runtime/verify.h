// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --verify: each block runs in the interpreter and under LLVM, from the same state, and must end in the
// same state.

#ifndef RUNTIME_VERIFY_H
#define RUNTIME_VERIFY_H

#include "tb.h"

// Runs tb twice and compares; ends myna with status 70 at the first difference.  Otherwise as the block's
// entry: gives what exit_tb gave, or 0 when the block was left with cs->exception_index set.
uintptr_t verify_run(CPUState *cs, TranslationBlock *tb);

void verify_fork_prepare(void); // before tb_lock is taken
void verify_fork_done(void);    // in parent and child

#endif
