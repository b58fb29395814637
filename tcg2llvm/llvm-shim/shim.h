// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What LLVM-C 19 cannot do, behind a C header. The one place of C++ in the tree; only tcg2llvm/jit.c
// includes this file, everybody else uses tcg2llvm/jit.h.
//
// Common to all functions: nothing here locks. An object belongs to the thread that uses it; two
// threads with objects of their own (and an LLVMContext each) do not disturb each other. A function
// that can fail returns false (or NULL, or -1) and stores a message in *error, to be freed with
// free(); it never throws and never exits, save where LLVM itself calls report_fatal_error (see
// shim_init).
#ifndef MYNA_TCG2LLVM_LLVM_SHIM_H
#define MYNA_TCG2LLVM_LLVM_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

#ifdef __cplusplus
extern "C" {
#endif

// Once a process, before all else: the native target, and a handler that prints LLVM's fatal errors
// in our form and aborts. Later calls do nothing.
void shim_init(void);

// A target machine for code that runs in this process: small code model, position independent (all
// code is in one slab, what is far goes through the slab's GOT), no fused multiply-add that the IR
// does not ask for. cpu, features: as -mcpu and -mattr; NULL means the host's. level: the code
// generator's. Owned by the caller: LLVMDisposeTargetMachine.
LLVMTargetMachineRef shim_target_machine_new(LLVMCodeGenOptLevel level, const char *cpu,
                                             const char *features, char **error);

// The host's CPU name and features, as LLVM spells them. Wide vectors are not preferred over 256
// bits ("+prefer-256-bit"). To be freed with free().
char *shim_host_cpu(void);
char *shim_host_features(void);

// A code generation pipeline that is built once and used for many modules.
typedef struct ShimCodegen ShimCodegen;

// tm must outlive the result.
ShimCodegen *shim_codegen_new(LLVMTargetMachineRef tm, char **error);
void shim_codegen_free(ShimCodegen *codegen);
// Compiles a module (which is used up by it: dispose of it, nothing else) to a relocatable object.
// *bytes stays valid until the next call or shim_codegen_free.
bool shim_codegen_run(ShimCodegen *codegen, LLVMModuleRef module, const void **bytes, size_t *size,
                      char **error);

// IR pipelines of the new pass manager: analysis managers and parsed pipelines are kept.
typedef struct ShimPasses ShimPasses;

// tm tells the passes about costs; it must outlive the result.
ShimPasses *shim_passes_new(LLVMTargetMachineRef tm);
void shim_passes_free(ShimPasses *passes);
// Runs a textual pipeline, as opt's -passes takes it. keep: it is parsed when it is first seen, and used again; which not every
// pass survives (the inliner's wrapper, of default<O1>, is empty after its first run; plugins may count on opt's single one).
bool shim_passes_run(ShimPasses *passes, LLVMModuleRef module, const char *pipeline, bool keep,
                     char **error);
// What this thread runs for the user, for LLVM's last words should it give up (status 70); NULL: nothing. Not copied.
void shim_working_on(const char *what);

// Loads an LLVM pass plugin (what opt's --load-pass-plugin takes). Its passes have names in the
// pipelines of each ShimPasses that is made afterwards. Loaded for the process's life.
bool shim_load_pass_plugin(const char *path, char **error);

// The helpers' bitcode, parsed lazily into one LLVMContext.
typedef struct ShimHelpers ShimHelpers;

// The bytes must outlive the result, and the context too.
ShimHelpers *shim_helpers_open(LLVMContextRef context, const void *bitcode, size_t size,
                               LLVMTargetMachineRef tm, unsigned inline_limit, char **error);
void shim_helpers_close(ShimHelpers *helpers);
// For each function that the module declares and the bitcode defines: when it is small enough
// (inline_limit IR instructions, with what it calls privately) and can stand in another module, its
// body is copied in as available_externally and alwaysinline; else it stays a declaration. Returns
// the number of bodies brought in, or -1 and a message (a type differs: our fault).
int shim_helpers_link(ShimHelpers *helpers, LLVMModuleRef module, char **error);

// Inlines the module's alwaysinline functions and drops the bodies that nobody calls any more. What the
// always-inline pass does, without the alias analysis of each body that it asks for: half the
// time. For passes that follow data (`data_flow`), those stay calls whose body hides it: what loops, and what
// chooses its result among constants. True when anything changed.
bool shim_inline_helpers(LLVMModuleRef module, bool data_flow);

#ifdef __cplusplus
}
#endif
#endif
