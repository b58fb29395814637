// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Brings the bodies of small helpers from the helpers' bitcode into a module that calls them.
//
// Function bodies are read from the bitcode one by one when they are first asked for, and cloned into
// each module that needs them; LLVM's Linker would want a source module that it may consume, so a
// fresh parse for each unit. Whether a helper can be cloned is found out once for each context.
//
// What makes a helper unfit (it then stays a declaration, and is called natively):
//   - more instructions than the limit, counting the private functions that it calls;
//   - private data that can be written, or more than a few bytes of private constants: a clone would be
//     a second variable, or weigh more than the call that it saves;
//   - thread-local data, varargs, setjmp-like calls, indirect branches, exceptions, `noinline`;
//   - target features that the host lacks.
#include "tcg2llvm/llvm-shim/shim.h"

#include <cstring>
#include <memory>
#include <string>

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/Analysis/InlineCost.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/ValueMapper.h"

using namespace llvm;

namespace
{

// Bytes of private constants that a clone may carry along.
constexpr uint64_t private_data_limit = 256;

enum class Fitness { fit, unfit };

// What is cloned for one helper: the private functions and constants that only its module can name.
struct Helper {
    Fitness fitness = Fitness::unfit;
    SmallVector<Function *, 2> functions; // private ones, each materialised
    SmallVector<GlobalVariable *, 2> constants;
};

} // namespace

struct ShimHelpers {
    std::unique_ptr<Module> module;
    TargetMachine *machine;
    unsigned inline_limit;
    DenseMap<Function *, Helper> known;

    Expected<const Helper *> inspect(Function *function);
    bool host_has_features(const Function &function) const;
    Error inspect_body(Function *function, Helper &helper, unsigned &count, uint64_t &bytes,
                       SmallPtrSetImpl<const GlobalValue *> &seen, bool &fits);
};

bool ShimHelpers::host_has_features(const Function &function) const
{
    Attribute wanted = function.getFnAttribute("target-features");
    if (!wanted.isValid()) {
        return true;
    }
    const MCSubtargetInfo *host = machine->getMCSubtargetInfo();
    SmallVector<StringRef, 32> features;
    wanted.getValueAsString().split(features, ',', -1, false);
    for (StringRef feature : features) {
        if (feature.starts_with("+") && !host->checkFeatures(feature.str())) {
            return false;
        }
    }
    return true;
}

// The global values that an operand names, through constant expressions and aggregates.
static void find_globals(const Value *value, SmallPtrSetImpl<const Value *> &visited,
                         SmallVectorImpl<GlobalValue *> &out)
{
    const auto *constant = dyn_cast<Constant>(value);
    if (!constant || !visited.insert(constant).second) {
        return;
    }
    if (auto *global = dyn_cast<GlobalValue>(constant)) {
        out.push_back(const_cast<GlobalValue *>(global));
        return;
    }
    for (const Use &use : constant->operands()) {
        find_globals(use.get(), visited, out);
    }
}

// Reads one body, counts it, and follows what it names privately.
Error ShimHelpers::inspect_body(Function *function, Helper &helper, unsigned &count,
                                uint64_t &bytes, SmallPtrSetImpl<const GlobalValue *> &seen,
                                bool &fits)
{
    fits = false;
    if (Error problem = function->materialize()) {
        return problem;
    }
    if (function->getSubprogram()) {
        stripDebugInfo(*function);
    }
    if (function->isVarArg() || function->hasFnAttribute(Attribute::NoInline) ||
        function->hasFnAttribute(Attribute::OptimizeNone) ||
        function->hasFnAttribute(Attribute::Naked) || function->callsFunctionThatReturnsTwice() ||
        function->hasPersonalityFn() || !host_has_features(*function)) {
        return Error::success();
    }
    SmallPtrSet<const Value *, 32> visited;
    SmallVector<GlobalValue *, 8> globals;
    for (Instruction &insn : instructions(*function)) {
        if (isa<DbgInfoIntrinsic>(insn) || insn.isLifetimeStartOrEnd()) {
            continue;
        }
        if (++count > inline_limit || isa<IndirectBrInst>(insn) || isa<CallBrInst>(insn) ||
            isa<VAArgInst>(insn)) {
            return Error::success();
        }
        for (const Use &use : insn.operands()) {
            find_globals(use.get(), visited, globals);
        }
    }
    // Initialisers of private constants may name further globals: the list grows while we walk it.
    for (size_t i = 0; i < globals.size(); i++) {
        GlobalValue *global = globals[i];
        if (!seen.insert(global).second) {
            continue;
        }
        if (global->isThreadLocal() || isa<GlobalAlias>(global) || isa<GlobalIFunc>(global)) {
            return Error::success();
        }
        if (!global->hasLocalLinkage()) {
            continue; // found by name in the process
        }
        if (auto *callee = dyn_cast<Function>(global)) {
            helper.functions.push_back(callee);
            bool callee_fits;
            Error problem = inspect_body(callee, helper, count, bytes, seen, callee_fits);
            if (problem || !callee_fits) {
                return problem;
            }
            continue;
        }
        auto *variable = cast<GlobalVariable>(global);
        if (!variable->isConstant() || !variable->hasInitializer()) {
            return Error::success();
        }
        bytes += module->getDataLayout().getTypeAllocSize(variable->getValueType());
        if (bytes > private_data_limit) {
            return Error::success();
        }
        helper.constants.push_back(variable);
        find_globals(variable->getInitializer(), visited, globals);
    }
    fits = true;
    return Error::success();
}

Expected<const Helper *> ShimHelpers::inspect(Function *function)
{
    auto [at, is_new] = known.try_emplace(function);
    if (is_new) {
        unsigned count = 0;
        uint64_t bytes = 0;
        bool fits;
        SmallPtrSet<const GlobalValue *, 16> seen;
        seen.insert(function);
        Helper helper;
        if (Error problem = inspect_body(function, helper, count, bytes, seen, fits)) {
            return std::move(problem);
        }
        helper.fitness = fits ? Fitness::fit : Fitness::unfit;
        at->second = std::move(helper);
    }
    return &at->second;
}

namespace
{

// Declares in the destination what a cloned body names and what has a name outside its module.
struct Declarer final : ValueMaterializer {
    Module &to;
    explicit Declarer(Module &to) : to(to) {}

    Value *materialize(Value *value) override
    {
        auto *global = dyn_cast<GlobalValue>(value);
        if (!global || global->getParent() == &to) {
            return nullptr;
        }
        if (GlobalValue *there = to.getNamedValue(global->getName())) {
            return there;
        }
        if (auto *function = dyn_cast<Function>(global)) {
            auto *copy = Function::Create(function->getFunctionType(), GlobalValue::ExternalLinkage,
                                          function->getName(), to);
            copy->copyAttributesFrom(function);
            copy->setDSOLocal(false);
            return copy;
        }
        auto *variable = cast<GlobalVariable>(global);
        auto *copy = new GlobalVariable(to, variable->getValueType(), variable->isConstant(),
                                        GlobalValue::ExternalLinkage, nullptr, variable->getName());
        copy->setAlignment(variable->getAlign());
        return copy;
    }
};

} // namespace

static void clone_body(Function *from, Function *to, GlobalValue::LinkageTypes linkage,
                       ValueToValueMapTy &map, Declarer &declarer)
{
    auto argument = to->arg_begin();
    for (Argument &old : from->args()) {
        map[&old] = &*argument++;
    }
    SmallVector<ReturnInst *, 4> returns;
    // ClonedModule, though the module is another: it is DifferentModule without the search for
    // compile units, of which a stripped body has none.
    CloneFunctionInto(to, from, map, CloneFunctionChangeType::ClonedModule, returns, "", nullptr,
                      nullptr, &declarer);
    to->setLinkage(linkage);
    to->setVisibility(GlobalValue::DefaultVisibility);
    to->setDSOLocal(GlobalValue::isLocalLinkage(linkage));
    to->setComdat(nullptr);
    // The unit's code is for the host's CPU, a superset of what the helper was built for.
    to->removeFnAttr("target-cpu");
    to->removeFnAttr("target-features");
    to->removeFnAttr("tune-cpu");
    to->removeFnAttr(Attribute::UWTable);
    to->removeFnAttr(Attribute::StackProtectStrong);
    to->removeFnAttr(Attribute::StackProtect);
    to->addFnAttr(Attribute::AlwaysInline);
}

static std::string type_text(const Type *type)
{
    std::string text;
    raw_string_ostream stream(text);
    type->print(stream);
    return text;
}

ShimHelpers *shim_helpers_open(LLVMContextRef context, const void *bitcode, size_t size,
                               LLVMTargetMachineRef tm, unsigned inline_limit, char **error)
{
    MemoryBufferRef buffer(StringRef(static_cast<const char *>(bitcode), size), "helpers.bc");
    Expected<std::unique_ptr<Module>> module = getLazyBitcodeModule(
        buffer, *unwrap(context), /*ShouldLazyLoadMetadata=*/true);
    if (!module) {
        *error = strdup(toString(module.takeError()).c_str());
        return nullptr;
    }
    auto *helpers = new ShimHelpers;
    helpers->module = std::move(*module);
    helpers->machine = reinterpret_cast<TargetMachine *>(tm);
    helpers->inline_limit = inline_limit;
    return helpers;
}

void shim_helpers_close(ShimHelpers *helpers) { delete helpers; }

int shim_helpers_link(ShimHelpers *helpers, LLVMModuleRef module, char **error)
{
    Module &to = *unwrap(module);
    // The list first: cloning adds declarations, and a helper that a helper calls is not followed.
    SmallVector<std::pair<Function *, Function *>, 8> wanted;
    for (Function &function : to) {
        if (!function.isDeclaration() || function.isIntrinsic() || function.use_empty()) {
            continue;
        }
        Function *from = helpers->module->getFunction(function.getName());
        if (from && !from->isDeclaration() && !from->hasLocalLinkage()) {
            wanted.push_back({&function, from});
        }
    }
    int count = 0;
    ValueToValueMapTy map;
    Declarer declarer(to);
    for (auto [declared, from] : wanted) {
        if (declared->getFunctionType() != from->getFunctionType()) {
            std::string text = "helper '" + from->getName().str() + "' is called as " +
                               type_text(declared->getFunctionType()) + ", but is " +
                               type_text(from->getFunctionType());
            *error = strdup(text.c_str());
            return -1;
        }
        Expected<const Helper *> helper = helpers->inspect(from);
        if (!helper) {
            *error = strdup(toString(helper.takeError()).c_str());
            return -1;
        }
        if ((*helper)->fitness != Fitness::fit) {
            continue;
        }
        map[from] = declared;
        SmallVector<GlobalVariable *, 2> new_constants;
        for (GlobalVariable *constant : (*helper)->constants) {
            if (!map.count(constant)) {
                auto *copy = new GlobalVariable(to, constant->getValueType(), true,
                                                GlobalValue::PrivateLinkage, nullptr,
                                                constant->getName());
                copy->setAlignment(constant->getAlign());
                copy->setUnnamedAddr(constant->getUnnamedAddr());
                map[constant] = copy;
                new_constants.push_back(constant);
            }
        }
        SmallVector<Function *, 2> new_functions;
        for (Function *function : (*helper)->functions) {
            if (!map.count(function)) {
                map[function] = Function::Create(function->getFunctionType(),
                                                 GlobalValue::InternalLinkage, function->getName(),
                                                 to);
                new_functions.push_back(function);
            }
        }
        for (GlobalVariable *constant : new_constants) {
            cast<GlobalVariable>(map[constant])
                ->setInitializer(
                    MapValue(constant->getInitializer(), map, RF_None, nullptr, &declarer));
        }
        for (Function *function : new_functions) {
            clone_body(function, cast<Function>(map[function]), GlobalValue::InternalLinkage, map,
                       declarer);
        }
        clone_body(from, declared, GlobalValue::AvailableExternallyLinkage, map, declarer);
        count++;
    }
    return count;
}

// Is what the body does with data more than its instructions tell? A loop's is (a REP instruction; PEXT, bit by bit), and a
// choice's, when the body has nothing but its arguments to work on: the result is the condition's, by which data is not
// followed. So does assembly, which may reach memory. Choices of what writes registers are about modes and faults.
static bool hides_data(const Function &body, bool has_env)
{
    SmallVector<std::pair<const BasicBlock *, const BasicBlock *>, 4> backedges;
    FindFunctionBackedges(body, backedges);
    bool assembly = any_of(instructions(body), [](const Instruction &insn) {
        auto *call = dyn_cast<CallBase>(&insn);
        return call && call->isInlineAsm();
    });
    if (!backedges.empty() || assembly) {
        return true;
    }
    return !has_env && (body.size() > 1 || any_of(instructions(body), [](const Instruction &insn) {
                            return isa<SelectInst>(insn);
                        }));
}

bool shim_inline_helpers(LLVMModuleRef module, bool data_flow)
{
    Module &unit = *unwrap(module);
    SmallVector<Function *, 8> bodies;
    for (Function &function : unit) {
        if (!function.isDeclaration() && function.hasFnAttribute(Attribute::AlwaysInline)) {
            bodies.push_back(&function);
        }
    }
    // Each body once: what it calls is then either inlined already, or will be in the callers. One that
    // has come to call itself is not viable any more, so this ends.
    bool changed = false;
    SmallVector<CallBase *, 16> calls;
    for (Function *body : bodies) {
        calls.clear();
        for (User *user : body->users()) {
            auto *call = dyn_cast<CallBase>(user);
            if (call && call->getCalledOperand() == body &&
                call->getFunctionType() == body->getFunctionType()) {
                calls.push_back(call);
            }
        }
        if (calls.empty() || !isInlineViable(*body).isSuccess()) {
            continue;
        }
        for (CallBase *call : calls) {
            bool has_env = any_of(call->args(), [](const Use &use) { return isa<Argument>(use); });
            if (data_flow && hides_data(*body, has_env)) {
                continue;
            }
            InlineFunctionInfo info;
            changed |= InlineFunction(*call, info, /*MergeAttributes=*/true, nullptr,
                                      /*InsertLifetime=*/false)
                           .isSuccess();
        }
    }
    for (Function *body : bodies) {
        body->removeDeadConstantUsers();
        if (body->isDefTriviallyDead()) {
            body->eraseFromParent();
        }
    }
    return changed;
}
