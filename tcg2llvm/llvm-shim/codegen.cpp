// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Target machines and the kept code generation pipeline.
//
// LLVMTargetMachineEmitToMemoryBuffer builds some sixty passes, runs them over one module, and throws
// them away. Here they are built once for each target machine. What makes that work: the pipeline
// that addPassesToEmitMC builds owns its MachineModuleInfo, whose MCContext is reset by the pass
// manager's finalisation at the end of each run; AsmPrinter resets the streamer (and through it
// assembler, backend and writer) there as well, and initialises both anew at the start of the next
// run. All that is left to us is the output buffer, which the ELF writer takes as it finds it.
//
// Measured (test_jit --bench, one guest block of 50 IR instructions, EPYC): O0 103 us where
// LLVMTargetMachineEmitToMemoryBuffer takes 249; O2 1000 where that takes 1400. A unit of 8 blocks
// costs 77 us a block at O0.
#include "tcg2llvm/llvm-shim/shim.h"

#include <cstdio>
#include <unistd.h>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/CodeGen/MachineFunctionPass.h"
#include "llvm/CodeGen/MachineInstr.h"
#include "llvm/CodeGen/MachineModuleInfo.h"
#include "llvm/CodeGen/TargetRegisterInfo.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/PassInfo.h"
#include "llvm/PassRegistry.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;

static TargetMachine *unwrap(LLVMTargetMachineRef tm)
{
    return reinterpret_cast<TargetMachine *>(tm);
}

static thread_local const char *working_on;

void shim_working_on(const char *what) { working_on = what; }

static void report_fatal(void *, const char *reason, bool)
{
    if (working_on) {
        fprintf(stderr, "myna: %s: LLVM gave up: %s\n", working_on, reason);
        _exit(70);
    }
    // What LLVM calls fatal is IR that it cannot compile: our fault, never the guest's.
    fprintf(stderr, "myna: LLVM gave up: %s\n", reason);
    abort();
}

// Passes over machine code that have no other switch than their command-line option.
static void switch_off(const char *name)
{
    StringMap<cl::Option *> &options = cl::getRegisteredOptions();
    auto option = options.find(name);
    if (option != options.end()) {
        static_cast<cl::opt<bool> *>(option->second)->setValue(false);
    }
}

static void switch_off_wrong_passes(void)
{
    // CMOVs whose operand is a load become a branch around it, also where the load is volatile because
    // its fault must be seen.
    switch_off("x86-cmov-converter-force-mem-operand");
}

void shim_init(void)
{
    static std::once_flag once;
    std::call_once(once, [] {
        InitializeNativeTarget();
        InitializeNativeTargetAsmPrinter();
        InitializeNativeTargetAsmParser();
        InitializeNativeTargetDisassembler();
        install_fatal_error_handler(report_fatal);
        switch_off_wrong_passes();
    });
}

char *shim_host_cpu(void) { return strdup(sys::getHostCPUName().str().c_str()); }

char *shim_host_features(void)
{
    SubtargetFeatures features;
    for (const auto &feature : sys::getHostCPUFeatures()) {
        features.AddFeature(feature.first(), feature.second);
    }
    if (Triple(sys::getProcessTriple()).isX86()) {
        // 512-bit operations lower the clock on some CPUs, and guests' vectors have 256 bits at most.
        features.AddFeature("prefer-256-bit");
    }
    return strdup(features.getString().c_str());
}

LLVMTargetMachineRef shim_target_machine_new(LLVMCodeGenOptLevel level, const char *cpu,
                                             const char *features, char **error)
{
    std::string triple = sys::getProcessTriple();
    std::string message;
    const Target *target = TargetRegistry::lookupTarget(triple, message);
    if (!target) {
        *error = strdup(("no LLVM target for " + triple + ": " + message).c_str());
        return nullptr;
    }
    char *host_cpu = cpu ? nullptr : shim_host_cpu();
    char *host_features = features ? nullptr : shim_host_features();
    TargetOptions options;
    options.AllowFPOpFusion = FPOpFusion::Strict;
    // `unreachable` is where a noreturn helper came back: trap there rather than run into whatever
    // lies next in the slab.
    options.TrapUnreachable = true;
    options.NoTrapAfterNoreturn = true;
    CodeGenOptLevel opt = level == LLVMCodeGenLevelNone         ? CodeGenOptLevel::None
                          : level == LLVMCodeGenLevelLess       ? CodeGenOptLevel::Less
                          : level == LLVMCodeGenLevelAggressive ? CodeGenOptLevel::Aggressive
                                                                : CodeGenOptLevel::Default;
    TargetMachine *tm = target->createTargetMachine(triple, cpu ? cpu : host_cpu,
                                                    features ? features : host_features, options,
                                                    Reloc::PIC_, CodeModel::Small, opt, true);
    free(host_cpu);
    free(host_features);
    if (!tm) {
        *error = strdup(("LLVM has no code generator for " + triple).c_str());
        return nullptr;
    }
    if (opt == CodeGenOptLevel::None) {
        tm->setFastISel(true);
        tm->setO0WantsFastISel(true);
    }
    return reinterpret_cast<LLVMTargetMachineRef>(tm);
}

// Passes that have nothing to do in a unit: nobody writes IR for them (garbage collectors, exceptions,
// AMX tiles), or they serve what is left out on purpose (unwind and debug information, hardening,
// remarks). Each still costs a walk over a function and its analyses' bookkeeping; together about a
// tenth of the time, at O0 and O2 alike. Named as in llc's -debug-pass=Arguments; passes without such a
// name stay.
static const char *const idle_passes[] = {
    // AMX
    "lower-amx-intrinsics",
    "lower-amx-type",
    "fastpretileconfig",
    "fasttileconfig",
    "tilepreconfig",
    "tileconfig",
    "lowertilecopy",
    // masks of AVX-512, which no unit has; a sixth of the time at O2 all the same
    "x86-domain-reassignment",
    // garbage collection, stack maps
    "gc-lowering",
    "shadow-stack-gc-lowering",
    "gc-analysis",
    "fixup-statepoint-caller-saved",
    "stackmap-liveness",
    // instrumentation and probes of compilers
    "post-inline-ee-instrument",
    "fentry-insert",
    "xray-instrumentation",
    "patchable-function",
    "kcfi",
    "pseudo-probe-inserter",
    "machine-sanmd",
    // exceptions and unwinding: units are nounwind, .eh_frame is not loaded
    "dwarf-eh-prepare",
    "funclet-layout",
    "cfi-instr-inserter",
    // hardening against speculation and smashed stacks
    "safe-stack",
    "indirectbr-expand",
    "x86-slh",
    "x86-seses",
    "x86-lvi-load",
    "x86-lvi-ret",
    "x86-return-thunks",
    // debug values and remarks
    "debug-ata",
    "removeredundantdebugvalues",
    "livedebugvalues",
    "stack-frame-layout",
};

// Widens loads of bytes and words to whole registers, without which a loop that loads bytes waits for the register's
// last value in each round.
static const char widening_pass[] = "x86-fixup-bw-insts";

namespace
{

// LLVM 19.1's FixupBWInsts widens the byte load of `movb (%rax), %al` to `movzbl (%rax), %eax` also when rax as a whole
// is read afterwards: `or (and x, -256), zext (load i8)` loses x's upper bytes. It looks at implicit operands
// only; so a register that is both address and destination is made one.
class KeepAddressRegisters final : public MachineFunctionPass
{
  public:
    static char ID;
    KeepAddressRegisters() : MachineFunctionPass(ID) {}

    StringRef getPassName() const override { return "Narrow loads keep their address registers"; }

    void getAnalysisUsage(AnalysisUsage &usage) const override
    {
        usage.setPreservesAll();
        MachineFunctionPass::getAnalysisUsage(usage);
    }

    bool runOnMachineFunction(MachineFunction &function) override
    {
        const TargetRegisterInfo &registers = *function.getSubtarget().getRegisterInfo();
        bool changed = false;
        for (MachineBasicBlock &block : function) {
            for (MachineInstr &insn : block) {
                changed |= insn.mayLoad() && keep(function, insn, registers);
            }
        }
        return changed;
    }

  private:
    static bool keep(MachineFunction &function, MachineInstr &insn,
                     const TargetRegisterInfo &registers)
    {
        if (insn.getNumExplicitDefs() != 1 || !insn.getOperand(0).isReg()) {
            return false;
        }
        MCRegister narrow = insn.getOperand(0).getReg().asMCReg();
        if (!narrow || registers.getRegSizeInBits(*registers.getMinimalPhysRegClass(narrow)) > 16) {
            return false;
        }
        for (const MachineOperand &use : insn.explicit_uses()) {
            if (use.isReg() && use.getReg() && registers.isSuperRegister(narrow, use.getReg())) {
                insn.addOperand(function, MachineOperand::CreateReg(use.getReg(), false, true));
                return true;
            }
        }
        return false;
    }
};

char KeepAddressRegisters::ID;

// Takes the passes that LLVM makes, and hands on those that are of use.
class PassFilter final : public legacy::PassManagerBase
{
    legacy::PassManagerBase &to;
    StringSet<> idle;

  public:
    explicit PassFilter(legacy::PassManagerBase &to) : to(to)
    {
        for (const char *name : idle_passes) {
            idle.insert(name);
        }
    }

    void add(Pass *pass) override
    {
        const PassInfo *info = PassRegistry::getPassRegistry()->getPassInfo(pass->getPassID());
        if (info && idle.contains(info->getPassArgument())) {
            delete pass;
            return;
        }
        if (info && info->getPassArgument() == widening_pass) {
            to.add(new KeepAddressRegisters);
        }
        to.add(pass);
    }
};

} // namespace

struct ShimCodegen {
    SmallVector<char, 0> buffer;
    raw_svector_ostream stream{buffer};
    legacy::PassManager passes;
    MCContext *context = nullptr;
};

ShimCodegen *shim_codegen_new(LLVMTargetMachineRef tm, char **error)
{
    auto codegen = std::make_unique<ShimCodegen>();
    PassFilter filter(codegen->passes);
    if (unwrap(tm)->addPassesToEmitMC(filter, codegen->context, codegen->stream, true)) {
        *error = strdup("LLVM cannot emit objects to memory for this target");
        return nullptr;
    }
    return codegen.release();
}

void shim_codegen_free(ShimCodegen *codegen) { delete codegen; }

bool shim_codegen_run(ShimCodegen *codegen, LLVMModuleRef module, const void **bytes, size_t *size,
                      char **error)
{
    codegen->buffer.clear();
    codegen->passes.run(*llvm::unwrap(module));
    if (codegen->buffer.empty()) {
        *error = strdup("LLVM's code generator wrote no object");
        return false;
    }
    *bytes = codegen->buffer.data();
    *size = codegen->buffer.size();
    return true;
}
