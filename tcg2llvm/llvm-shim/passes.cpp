// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// IR pipelines with the new pass manager, and pass plugins.
//
// LLVMRunPasses makes a PassBuilder, four analysis managers with all their registrations, and parses
// the text, at each call. Here that is done once a thread; between two modules only the cached
// results are dropped.
#include "tcg2llvm/llvm-shim/shim.h"

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Passes/PassPlugin.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

static std::mutex plugins_lock;
// Never destroyed: a plugin's code may be on the stack of another thread at exit.
static std::vector<PassPlugin> &plugins()
{
    static auto *list = new std::vector<PassPlugin>;
    return *list;
}

bool shim_load_pass_plugin(const char *path, char **error)
{
    Expected<PassPlugin> plugin = PassPlugin::Load(path);
    if (!plugin) {
        *error = strdup(toString(plugin.takeError()).c_str());
        return false;
    }
    std::lock_guard<std::mutex> guard(plugins_lock);
    plugins().push_back(*plugin);
    return true;
}

struct ShimPasses {
    explicit ShimPasses(TargetMachine *tm) : builder(tm) {}

    LoopAnalysisManager loops;
    FunctionAnalysisManager functions;
    CGSCCAnalysisManager sccs;
    ModuleAnalysisManager modules;
    PassBuilder builder;
    std::map<std::string, ModulePassManager> pipelines;
};

ShimPasses *shim_passes_new(LLVMTargetMachineRef tm)
{
    auto *machine = reinterpret_cast<TargetMachine *>(tm);
    auto *passes = new ShimPasses(machine);
    {
        std::lock_guard<std::mutex> guard(plugins_lock);
        for (PassPlugin &plugin : plugins()) {
            plugin.registerPassBuilderCallbacks(passes->builder);
        }
    }
    // A function of a unit may bear a guest symbol's name: `malloc` there is not the host's malloc.
    TargetLibraryInfoImpl library(machine->getTargetTriple());
    library.disableAllFunctions();
    passes->functions.registerPass([library] { return TargetLibraryAnalysis(library); });
    passes->builder.registerModuleAnalyses(passes->modules);
    passes->builder.registerCGSCCAnalyses(passes->sccs);
    passes->builder.registerFunctionAnalyses(passes->functions);
    passes->builder.registerLoopAnalyses(passes->loops);
    passes->builder.crossRegisterProxies(passes->loops, passes->functions, passes->sccs,
                                         passes->modules);
    return passes;
}

void shim_passes_free(ShimPasses *passes) { delete passes; }

bool shim_passes_run(ShimPasses *passes, LLVMModuleRef module, const char *pipeline, bool keep,
                     char **error)
{
    auto at = passes->pipelines.find(pipeline);
    ModulePassManager parsed;
    if (!keep || at == passes->pipelines.end()) {
        if (Error problem = passes->builder.parsePassPipeline(parsed, pipeline)) {
            *error = strdup(toString(std::move(problem)).c_str());
            return false;
        }
        if (keep) {
            at = passes->pipelines.emplace(pipeline, std::move(parsed)).first;
        }
    }
    (keep ? at->second : parsed).run(*unwrap(module), passes->modules);
    // Results point into the module, which goes away: drop them all, the inner ones first.
    passes->loops.clear();
    passes->functions.clear();
    passes->sccs.clear();
    passes->modules.clear();
    return true;
}
