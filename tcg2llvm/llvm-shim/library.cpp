// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bitcode libraries of hooks (passes/library.h): made fit for two uses at the same time. Compiled once, all its
// functions and variables are there for cold code and for each other; small functions are cloned into hot units,
// where they are inlined. So no name may be private to a module: all become external, with a prefix that tells
// libraries apart.
//
// A thread-local variable lies in the thread's block, whose address is in a word at a fixed distance from the
// thread pointer: one load, which the optimiser shares among all uses in a unit.
#include "passes/library.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/ReplaceConstant.h"
#include "llvm/IR/Verifier.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/Utils/Local.h"

using namespace llvm;

namespace
{

struct HookRow {
    const char *name, *parameters, *letters;
};
constexpr HookRow hook_rows[] = {
#define X(name, function, parameters, letters, ...) {function, parameters, letters},
    LIBRARY_HOOKS(X)
#undef X
};

char *copy(const std::string &text) { return strdup(text.c_str()); }

std::string list_hooks()
{
    std::string text;
    for (const HookRow &row : hook_rows) {
        text += std::string(text.empty() ? "" : ", ") + row.name;
    }
    return text;
}

bool fits(const Function &function, const HookRow &row)
{
    const FunctionType *type = function.getFunctionType();
    if (!type->getReturnType()->isVoidTy() || type->isVarArg() ||
        type->getNumParams() != strlen(row.letters)) {
        return false;
    }
    for (unsigned i = 0; i < type->getNumParams(); i++) {
        const Type *param = type->getParamType(i);
        bool ok = row.letters[i] == 'q'   ? param->isIntegerTy(64)
                  : row.letters[i] == 'd' ? param->isIntegerTy(32)
                                          : param->isPointerTy();
        if (!ok) {
            return false;
        }
    }
    return true;
}

// The pointer to a variable in the block, at an instruction.
Value *address_in_block(Instruction *at, int64_t block_at, size_t offset)
{
    IRBuilder<> b(at);
    Value *tp = b.CreateIntrinsic(Intrinsic::thread_pointer, {}, {});
    Value *word = b.CreateGEP(b.getInt8Ty(), tp, b.getInt64(static_cast<uint64_t>(block_at)));
    LoadInst *block = b.CreateAlignedLoad(b.getPtrTy(), word, Align(8));
    block->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(b.getContext(), {}));
    return b.CreateGEP(b.getInt8Ty(), block, b.getInt64(offset));
}

// Replaces all uses of a thread-local variable; false when one is in data.
bool move_to_block(GlobalVariable *variable, int64_t block_at, size_t offset)
{
    convertUsersOfConstantsToInstructions({variable});
    std::vector<Use *> uses;
    for (Use &use : variable->uses()) {
        uses.push_back(&use);
    }
    for (Use *use : uses) {
        auto *user = dyn_cast<Instruction>(use->getUser());
        if (!user) {
            return false;
        }
        auto *address = dyn_cast<IntrinsicInst>(user);
        if (address && address->getIntrinsicID() == Intrinsic::threadlocal_address) {
            address->replaceAllUsesWith(address_in_block(address, block_at, offset));
            address->eraseFromParent();
            continue;
        }
        auto *phi = dyn_cast<PHINode>(user);
        Instruction *at = phi ? phi->getIncomingBlock(*use)->getTerminator() : user;
        use->set(address_in_block(at, block_at, offset));
    }
    return true;
}

void make_plain(Function &function)
{
    function.setLinkage(GlobalValue::ExternalLinkage);
    function.setVisibility(GlobalValue::DefaultVisibility);
    function.setDSOLocal(true); // in its own unit; where it is declared, it is not
    function.setComdat(nullptr);
    function.removeFnAttr("target-cpu");
    function.removeFnAttr("target-features");
    function.removeFnAttr("tune-cpu");
    function.removeFnAttr("probe-stack");
    function.removeFnAttr(Attribute::UWTable);
    function.removeFnAttr(Attribute::StackProtect);
    function.removeFnAttr(Attribute::StackProtectStrong);
    function.removeFnAttr(Attribute::OptimizeNone);
    function.removeFnAttr(Attribute::NoInline);
    function.addFnAttr(Attribute::NoUnwind);
}

// Loads and stores of the library's own variables touch neither guest memory nor registers.
void mark_own_memory(Function &function)
{
    LLVMContext &c = function.getContext();
    auto scope = [&c](const char *name) {
        MDNode *domain = MDNode::get(c, {MDString::get(c, "myna")});
        return MDNode::get(c, {MDString::get(c, name), domain});
    };
    MDNode *own = MDNode::get(c, {scope("myna.pass")}),
           *others = MDNode::get(c, {scope("myna.env"), scope("myna.guest")});
    for (Instruction &insn : instructions(function)) {
        const Value *pointer = getLoadStorePointerOperand(&insn);
        pointer = pointer ? pointer->stripInBoundsOffsets() : nullptr;
        auto *load = dyn_cast_or_null<LoadInst>(pointer);
        if (pointer && (isa<GlobalVariable>(pointer) ||
                        (load && load->hasMetadata(LLVMContext::MD_invariant_load)))) {
            insn.setMetadata(LLVMContext::MD_alias_scope, own);
            insn.setMetadata(LLVMContext::MD_noalias, others);
        }
    }
}

// In place of a list of constructors or destructors, (priority, function, data) each: a function that calls them in
// order.  True when there is something in the list.
bool make_caller(Module &module, const char *list, const char *name, bool backwards)
{
    GlobalVariable *variable = module.getNamedGlobal(list);
    if (!variable) {
        return false;
    }
    std::vector<std::pair<uint64_t, Function *>> functions;
    if (auto *rows = dyn_cast<ConstantArray>(variable->getInitializer())) {
        for (const Use &row : rows->operands()) {
            auto *fields = dyn_cast<ConstantStruct>(row);
            auto *function = fields ? dyn_cast<Function>(fields->getOperand(1)->stripPointerCasts())
                                    : nullptr;
            if (function) {
                functions.emplace_back(cast<ConstantInt>(fields->getOperand(0))->getZExtValue(),
                                       function);
            }
        }
    }
    variable->eraseFromParent();
    if (functions.empty()) {
        return false;
    }
    for (size_t i = 0; i < functions.size(); i++) { // those of one priority stay as they stand
        functions[i].first = functions[i].first << 32 | i;
    }
    std::sort(functions.begin(), functions.end());
    if (backwards) {
        std::reverse(functions.begin(), functions.end());
    }
    LLVMContext &c = module.getContext();
    Function *caller = Function::Create(FunctionType::get(Type::getVoidTy(c), false),
                                        GlobalValue::ExternalLinkage, name, module);
    IRBuilder<> b(BasicBlock::Create(c, "", caller));
    for (const auto &[priority, function] : functions) {
        b.CreateCall(function->getFunctionType(), function);
    }
    b.CreateRetVoid();
    return true;
}

// Another name for a function or variable (constructors have them) is the thing itself.  A hook that is one becomes a
// function of that name.
bool resolve_alias(GlobalAlias &alias)
{
    auto *object = dyn_cast<GlobalObject>(alias.getAliasee()->stripPointerCasts());
    if (!object || isa<GlobalIFunc>(object)) {
        return false;
    }
    std::string name = alias.getName().str();
    auto *function = dyn_cast<Function>(object);
    bool hook = std::any_of(std::begin(hook_rows), std::end(hook_rows),
                            [&](const HookRow &row) { return name == row.name; });
    alias.replaceAllUsesWith(object);
    Module *module = alias.getParent();
    alias.eraseFromParent();
    if (hook && function) {
        Function *wrapper = Function::Create(function->getFunctionType(),
                                             GlobalValue::ExternalLinkage, name, module);
        IRBuilder<> b(BasicBlock::Create(module->getContext(), "", wrapper));
        std::vector<Value *> args;
        for (Argument &arg : wrapper->args()) {
            args.push_back(&arg);
        }
        CallInst *call = b.CreateCall(function->getFunctionType(), function, args);
        call->getType()->isVoidTy() ? b.CreateRetVoid() : b.CreateRet(call);
    }
    return true;
}

// Code for exceptions, of which there are none: machine code has no tables for them.
void drop_exceptions(Function &function)
{
    for (BasicBlock &block : function) {
        if (auto *invoke = dyn_cast<InvokeInst>(block.getTerminator())) {
            changeToCall(invoke);
        }
    }
    removeUnreachableBlocks(function);
    function.setPersonalityFn(nullptr);
}

// See library.h.
void replace_ends(Module &module)
{
    constexpr struct {
        const char *its, *ours;
    } names[] = {{"__cxa_atexit", "myna.cxa_atexit"},
                 {"atexit", "myna.atexit"},
                 {"__cxa_thread_atexit", "myna.thread_atexit"},
                 {"__cxa_thread_atexit_impl", "myna.thread_atexit"}};
    for (const auto &row : names) {
        Function *function = module.getFunction(row.its), *ours = module.getFunction(row.ours);
        if (!function || !function->isDeclaration()) {
            continue;
        }
        if (ours) {
            function->replaceAllUsesWith(ours);
            function->eraseFromParent();
        } else {
            function->setName(row.ours);
        }
    }
    GlobalVariable *handle = module.getNamedGlobal("__dso_handle");
    if (handle && handle->isDeclaration()) {
        handle->replaceAllUsesWith(ConstantPointerNull::get(handle->getType()));
        handle->eraseFromParent();
    }
}

} // namespace

bool myna_library_read(LLVMContextRef context, const char *path, const char *prefix,
                       int64_t block_at, size_t (*alloc)(void *opaque, size_t size, size_t align),
                       void *opaque, MynaLibrary *library, char **error)
{
    SMDiagnostic problem;
    std::unique_ptr<Module> module = parseIRFile(path, problem, *unwrap(context));
    if (!module) {
        *error = copy(problem.getMessage().str());
        return false;
    }
    Triple host(sys::getProcessTriple());
    Triple its(module->getTargetTriple());
    if (its.getArch() != host.getArch()) {
        *error = copy("it is for " + its.str() + ", and this host is " + host.str());
        return false;
    }
    std::string broken;
    raw_string_ostream words(broken);
    if (verifyModule(*module, &words)) {
        *error = copy(broken);
        return false;
    }
    StripDebugInfo(*module);
    for (const char *name : {"llvm.used", "llvm.compiler.used"}) {
        if (GlobalVariable *list = module->getNamedGlobal(name)) {
            list->eraseFromParent();
        }
    }
    bool known = module->ifunc_empty();
    for (GlobalAlias &alias : make_early_inc_range(module->aliases())) {
        known = known && resolve_alias(alias);
    }
    if (!known) {
        *error = copy("it has indirect functions, or aliases of parts of variables");
        return false;
    }
    library->constructs = make_caller(*module, "llvm.global_ctors", LIBRARY_CONSTRUCT, false);
    library->destructs = make_caller(*module, "llvm.global_dtors", LIBRARY_DESTRUCT, true);
    replace_ends(*module);
    for (unsigned i = 0; i < LIBRARY_HOOK_COUNT; i++) {
        Function *function = module->getFunction(hook_rows[i].name);
        if (!function || function->isDeclaration()) {
            continue;
        }
        if (!fits(*function, hook_rows[i])) {
            *error = copy(std::string(hook_rows[i].name) + " must be void " + hook_rows[i].name +
                          "(" + hook_rows[i].parameters + ")");
            return false;
        }
        library->hooks |= 1u << i;
    }
    if (!library->hooks) {
        *error = copy("it defines none of the hooks " + list_hooks());
        return false;
    }
    const DataLayout &layout = module->getDataLayout();
    std::vector<MynaLibraryTemplate> templates;
    unsigned number = 0;
    for (GlobalVariable &variable : make_early_inc_range(module->globals())) {
        if (variable.isDeclaration()) {
            if (variable.isThreadLocal()) {
                *error = copy("the thread-local variable " + variable.getName().str() +
                              " is defined elsewhere");
                return false;
            }
            variable.setDSOLocal(false); // the C library's may be far
            continue;
        }
        if (!variable.hasName()) {
            variable.setName("unnamed." + Twine(number++));
        }
        variable.setName(prefix + variable.getName());
        variable.setLinkage(GlobalValue::ExternalLinkage);
        variable.setVisibility(GlobalValue::DefaultVisibility);
        variable.setUnnamedAddr(GlobalValue::UnnamedAddr::None);
        variable.setDSOLocal(true); // as a function above: the unit has no GOT for what is its own
        variable.setComdat(nullptr);
        if (!variable.isThreadLocal()) {
            continue;
        }
        size_t size = layout.getTypeAllocSize(variable.getValueType());
        size_t align =
            layout.getValueOrABITypeAlignment(variable.getAlign(), variable.getValueType()).value();
        size_t offset = alloc(opaque, size, align);
        if (!move_to_block(&variable, block_at, offset)) {
            *error = copy("other data holds the address of the thread-local variable " +
                          variable.getName().substr(strlen(prefix)).str());
            return false;
        }
        variable.setThreadLocal(false);
        if (variable.getInitializer()->isNullValue()) {
            variable.eraseFromParent();
        } else {
            templates.push_back({copy(variable.getName().str()), offset, size});
        }
    }
    for (Function &function : *module) {
        if (function.isDeclaration()) {
            function.setDSOLocal(false);
            continue;
        }
        function.setName(prefix + function.getName());
        drop_exceptions(function);
        make_plain(function);
        mark_own_memory(function);
    }
    library->n_templates = static_cast<unsigned>(templates.size());
    library->templates = static_cast<MynaLibraryTemplate *>(
        malloc((templates.size() + 1) * sizeof(MynaLibraryTemplate)));
    std::copy(templates.begin(), templates.end(), library->templates);

    SmallVector<char, 0> bytes;
    raw_svector_ostream stream(bytes);
    WriteBitcodeToFile(*module, stream);
    library->prefix = strdup(prefix);
    library->size = bytes.size();
    library->bitcode = malloc(bytes.size());
    memcpy(library->bitcode, bytes.data(), bytes.size());
    return true;
}

LLVMModuleRef myna_library_module(LLVMContextRef context, const MynaLibrary *library)
{
    MemoryBufferRef buffer(StringRef(static_cast<const char *>(library->bitcode), library->size),
                           library->prefix);
    Expected<std::unique_ptr<Module>> module = parseBitcodeFile(buffer, *unwrap(context));
    if (!module) {
        consumeError(module.takeError());
        return nullptr;
    }
    return wrap(module->release());
}
