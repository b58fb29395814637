// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An LLVM pass plugin as anybody would write one: `freeze-stores` freezes what the guest stores, and
// `break-stores` makes ill-formed IR. Loaded by opt-19 and by myna.
#include <cstdio>

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Passes/PassPlugin.h"
#include "llvm/Support/ErrorHandling.h"

using namespace llvm;

namespace
{

std::vector<CallInst *> stores(Function &function)
{
    std::vector<CallInst *> found;
    for (Instruction &insn : instructions(function)) {
        auto *call = dyn_cast<CallInst>(&insn);
        Function *callee = call ? call->getCalledFunction() : nullptr;
        if (callee && callee->getName().starts_with("guest.st.")) {
            found.push_back(call);
        }
    }
    return found;
}

struct FreezeStores : PassInfoMixin<FreezeStores> {
    PreservedAnalyses run(Function &function, FunctionAnalysisManager &)
    {
        for (CallInst *store : stores(function)) {
            IRBuilder<> b(store);
            store->setArgOperand(1, b.CreateFreeze(store->getArgOperand(1)));
        }
        return PreservedAnalyses::none();
    }
    static bool isRequired() { return true; }
};

struct BreakStores : PassInfoMixin<BreakStores> {
    PreservedAnalyses run(Function &function, FunctionAnalysisManager &)
    {
        for (CallInst *store : stores(function)) {
            auto *add = BinaryOperator::CreateAdd(store->getArgOperand(2), store->getArgOperand(2));
            add->insertAfter(store); // used before it is there
            store->setArgOperand(2, add);
            break;
        }
        return PreservedAnalyses::none();
    }
    static bool isRequired() { return true; }
};

struct GiveUp : PassInfoMixin<GiveUp> {
    PreservedAnalyses run(Function &function, FunctionAnalysisManager &)
    {
        if (!stores(function).empty()) {
            report_fatal_error("this is too much");
        }
        return PreservedAnalyses::all();
    }
    static bool isRequired() { return true; }
};

// Calls a function that this file exports.
struct TellStores : PassInfoMixin<TellStores> {
    PreservedAnalyses run(Function &function, FunctionAnalysisManager &)
    {
        for (CallInst *store : stores(function)) {
            IRBuilder<> b(store);
            FunctionCallee tell = function.getParent()->getOrInsertFunction(
                "stores_tell", b.getVoidTy(), b.getInt64Ty());
            b.CreateCall(tell, {store->getArgOperand(2)});
        }
        return PreservedAnalyses::none();
    }
    static bool isRequired() { return true; }
};

} // namespace

static unsigned long told;

extern "C" void on_end()
{
    if (told) {
        dprintf(2, "%lu stores at the end\n", told);
    }
}

extern "C" void stores_tell(uint64_t address)
{
    if (++told % 10000 == 0) {
        dprintf(2, "%lu stores, %s\n", told, address ? "the last to somewhere" : "to nowhere");
    }
}

extern "C" PassPluginLibraryInfo llvmGetPassPluginInfo()
{
    return {LLVM_PLUGIN_API_VERSION, "stores", "1", [](PassBuilder &builder) {
                builder.registerPipelineParsingCallback([](StringRef name,
                                                           FunctionPassManager &passes,
                                                           ArrayRef<PassBuilder::PipelineElement>) {
                    if (name == "freeze-stores") {
                        passes.addPass(FreezeStores());
                    } else if (name == "break-stores") {
                        passes.addPass(BreakStores());
                    } else if (name == "tell-stores") {
                        passes.addPass(TellStores());
                    } else if (name == "give-up") {
                        passes.addPass(GiveUp());
                    } else {
                        return false;
                    }
                    return true;
                });
            }};
}
