// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Keeps the operands of additions and multiplications in order.  See fp-order.c.
#ifndef MYNA_TCG2LLVM_FP_ORDER_H
#define MYNA_TCG2LLVM_FP_ORDER_H

#include <llvm-c/Core.h>

// The last thing before code generation.
void fp_order_fix(LLVMModuleRef module);

#endif
