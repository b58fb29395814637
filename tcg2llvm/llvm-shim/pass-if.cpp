// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The part of the pass interface (passes/pass.h) that LLVM-C has no function for.
#include "passes/pass.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;

LLVMValueRef myna_if(LLVMBuilderRef builder, LLVMValueRef cond, bool likely)
{
    IRBuilder<> *b = unwrap(builder);
    MDNode *weights = MDBuilder(b->getContext())
                          .createBranchWeights(likely ? 2000 : 1, likely ? 1 : 2000);
    DebugLoc where = b->getCurrentDebugLocation();
    Instruction *end = SplitBlockAndInsertIfThen(unwrap(cond), b->GetInsertPoint(), false, weights);
    end->setDebugLoc(where);
    b->SetInsertPoint(end);
    b->SetCurrentDebugLocation(where);
    return wrap(end);
}
