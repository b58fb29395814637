// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Of two NaN operands x86 (and x86 guests) keep the first, and LLVM thinks that + and * commute.  In the
// IR nothing exchanges the operands of constrained operations; the instruction selector does, when
// that lets it fold a load into the instruction: memory can only be the second operand.  So a first operand
// that comes from memory gets an arithmetic fence, which is no instruction but cannot be folded through.
//
// The same holds for the factors of a multiply-add.
//
// What is left: of a multiply-add the register allocator may exchange the factors, and on hosts without AVX
// the operands of any, to save a copy, and anywhere when the first operand was spilled.  Then, with two NaNs of different bits, the other one
// comes out.  The alternatives cost every guest addition: a check of the result for NaN is two more
// instructions and a block's end, inline assembly forbids folding and goes through the assembler's parser.
#include "tcg2llvm/fp-order.h"

#include <stdbool.h>
#include <string.h>

// Does the instruction selector see a load here?
static bool is_memory(LLVMValueRef v)
{
    while (LLVMIsABitCastInst(v) || LLVMIsAExtractElementInst(v) || LLVMIsAInsertElementInst(v)) {
        v = LLVMIsAInsertElementInst(v) ? LLVMGetOperand(v, 1) : LLVMGetOperand(v, 0);
    }
    return LLVMIsALoadInst(v) || LLVMIsAConstant(v);
}

static void fence_first(LLVMModuleRef module, LLVMBuilderRef b, LLVMValueRef call)
{
    LLVMValueRef first = LLVMGetOperand(call, 0);
    if (!is_memory(first)) {
        return;
    }
    static const char name[] = "llvm.arithmetic.fence";
    LLVMTypeRef type = LLVMTypeOf(first);
    LLVMValueRef fn = LLVMGetIntrinsicDeclaration(
        module, LLVMLookupIntrinsicID(name, sizeof(name) - 1), &type, 1);
    LLVMPositionBuilderBefore(b, call);
    LLVMValueRef fence = LLVMBuildCall2(b, LLVMGlobalGetValueType(fn), fn, &first, 1, "");
    LLVMSetOperand(call, 0, fence);
}

void fp_order_fix(LLVMModuleRef module)
{
#if defined(__x86_64__)
    static const char add[] = "llvm.experimental.constrained.fadd.";
    static const char mul[] = "llvm.experimental.constrained.fmul.";
    static const char fma[] = "llvm.experimental.constrained.fma.";
    LLVMBuilderRef b = NULL;
    for (LLVMValueRef fn = LLVMGetFirstFunction(module); fn; fn = LLVMGetNextFunction(fn)) {
        size_t length;
        const char *name = LLVMGetValueName2(fn, &length);
        if (strncmp(name, add, sizeof(add) - 1) != 0 && strncmp(name, mul, sizeof(mul) - 1) != 0 &&
            strncmp(name, fma, sizeof(fma) - 1) != 0) {
            continue;
        }
        if (!b) {
            b = LLVMCreateBuilderInContext(LLVMGetModuleContext(module));
        }
        for (LLVMUseRef use = LLVMGetFirstUse(fn); use; use = LLVMGetNextUse(use)) {
            fence_first(module, b, LLVMGetUser(use));
        }
    }
    if (b) {
        LLVMDisposeBuilder(b);
    }
#else
    (void)module;
#endif
}
