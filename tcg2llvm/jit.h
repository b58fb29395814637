// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The JIT: LLVM IR modules in, machine code that runs out. What lies above (lowering, tiers) knows
// LLVM-C and this header, and nothing of object files, code memory, pipelines or C++.
//
//     Jit *jit = jit_create(&options, &error);                 // one a process
//     JitContext *context = jit_context_new(jit, &error);      // one a thread that compiles
//
//     LLVMModuleRef module = jit_module_new(context, "tb_401000");
//     ... build IR in jit_context_llvm(context) ...
//     JitObject *object;
//     if (jit_link_helpers(context, module, &error) && jit_optimise(context, module, JIT_O2, &error) &&
//         jit_compile(context, module, JIT_O2, &object, &error)) {
//         entry = jit_lookup(object, "tb_401000");
//     }
//     ... when nothing can be running in it any more (after an RCU grace period):
//     jit_object_free(object);
//
// Threads: several JitContexts of one Jit work at the same time; a JitContext and its modules belong to
// one thread at a time. The functions on Jit and JitObject may be called from any thread.
//
// What is expected of callers and their IR, for speed or correctness:
//   - no function of LLVM-C is called before the first jit_context_new (or jit_load_llvm);
//   - functions `nounwind` and without `uwtable`: nothing unwinds through them, .eh_frame is left out;
//   - external functions and variables (helpers) not dso_local: they may be farther than 2 GiB;
//   - a function into which a helper with floating point is inlined has `strictfp`, else LLVM may move
//     the helper's arithmetic across changes of the rounding mode;
//   - a noreturn call is followed by `unreachable`, which traps.
#ifndef MYNA_TCG2LLVM_JIT_H
#define MYNA_TCG2LLVM_JIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <glib.h>
#include <llvm-c/Core.h>
#include <llvm-c/Target.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Jit Jit;
typedef struct JitContext JitContext;
typedef struct JitObject JitObject;

#define JIT_ERROR jit_error_quark()
GQuark jit_error_quark(void);

typedef enum JitError {
    JIT_ERROR_SYSTEM,   // no memory for code, or LLVM does not know this host
    JIT_ERROR_FULL,     // the slab is full: free objects (flush the block cache) and go on
    JIT_ERROR_SYMBOL,   // a name that the process does not have
    JIT_ERROR_OBJECT,   // an object that cannot be linked
    JIT_ERROR_IR,       // a module that the verifier or the code generator refuses
    JIT_ERROR_PIPELINE, // a pipeline text that cannot be parsed
    JIT_ERROR_HELPERS,  // the helpers' bitcode cannot be read, or does not fit its declaration
    JIT_ERROR_PLUGIN,   // a pass, plugin or library of the user's that cannot be used
    JIT_ERROR_PASS,     // a pass of the user's that fails on a unit
    JIT_ERROR_NOTES,    // its stack maps do not tell where all values are: to be made without
} JitError;

// How much is done to a unit; jit.c has the table of pipelines.
typedef enum JitLevel {
    JIT_O0, // cold: helpers inlined when any were brought in, then FastISel
    JIT_O2, // hot: a short pipeline, then the full code generator
    JIT_LEVELS,
} JitLevel;

typedef struct JitSymbol {
    const char *name;
    const void *address;
} JitSymbol;

// Zero and NULL mean the default of each field.
typedef struct JitOptions {
    size_t slab_size;         // bytes of address space for code; default 512 MiB
    const JitSymbol *symbols; // native functions and data that units may name (copied); what is not
    size_t n_symbols;         // here is looked for in what the process exports
    const void *helpers_bc;   // bitcode of the helpers; must outlive the Jit. NULL: none is inlined
    size_t helpers_bc_size;   // bytes
    unsigned inline_limit;    // IR instructions of a helper that is still inlined; default 40
    const char *cpu;          // as llc's -mcpu and -mattr; default: the host's
    const char *features;
    bool
        keep_names; // keep the names of values in the IR (--dump-ir, -d llvm); else they are dropped
} JitOptions;

// options may be NULL. NULL and an error (JIT_ERROR_SYSTEM) on failure. Free with jit_destroy. Cheap:
// LLVM itself is loaded with the first context, in its thread.
Jit *jit_create(const JitOptions *options, GError **error);
// All contexts must be freed, and nothing may run in the slab. NULL is allowed.
void jit_destroy(Jit *jit);

// Makes a native address known under a name (copied).
void jit_define(Jit *jit, const char *name, const void *address);
// The address behind a name: defined, or exported by the process; NULL when there is none.
void *jit_resolve(Jit *jit, const char *name);

// Where compiled code lies, for small pieces of others that it jumps to.
struct Slab *jit_slab(Jit *jit);

// Where compiled code lies: the guest must neither see nor unmap it.
void jit_code_range(Jit *jit, uint8_t **base, size_t *size);
// Is this host address in compiled code? For signal handlers: async-signal-safe.
bool jit_owns(const Jit *jit, const void *address);

struct StateRegs;
// At a fault in compiled code: puts the guest's registers into env and its pc into *pc, where the access has a note (state-notes.h).  For
// signal handlers of threads that are in compiled code.
bool jit_recover(Jit *jit, const void *address, const struct StateRegs *regs, void *env,
                 uint64_t *pc);

typedef struct JitMemory {
    size_t reserved, committed, used; // bytes of the slab
    size_t blocks;                    // objects in it (and a few of the linker's)
} JitMemory;
JitMemory jit_memory(Jit *jit);

// Around fork(): afterwards the child can go on compiling, in a JitContext that no other thread was
// inside of at the time. (Contexts of threads that the child does not have are lost memory.)
void jit_fork_prepare(Jit *jit);
void jit_fork_done(Jit *jit); // in the parent and in the child

// Loads an LLVM pass plugin, for the process's life. Contexts made afterwards know its passes by name
// in pipelines. The file is what `opt --load-pass-plugin` takes.
bool jit_load_pass_plugin(const char *path, GError **error);

// Loads LLVM (20 ms the first time), which jit_context_new does as well. For a moment after which it
// could not be loaded any more: before chroot, pivot_root, setns, seccomp or a low RLIMIT_AS.
bool jit_load_llvm(Jit *jit, GError **error);

// A thread's compiler: LLVM context, target machines, kept pipelines, its view of the helpers.
JitContext *jit_context_new(Jit *jit, GError **error);
// All its modules must be gone; its objects stay. NULL is allowed.
void jit_context_free(JitContext *context);
Jit *jit_context_jit(JitContext *context);
LLVMContextRef jit_context_llvm(JitContext *context);
LLVMTargetDataRef jit_context_data_layout(JitContext *context);

// An LLVM context never gives back constants, types and metadata, about 1.3 kB for each unit of a guest
// block. When it is worn (after some thousand modules) and no module of it is alive, renew it: types
// and values that were taken from jit_context_llvm() are then invalid, and `generation` changes.
bool jit_context_worn(const JitContext *context);
void jit_context_renew(JitContext *context);
unsigned jit_context_generation(const JitContext *context);

// An empty module with the host's triple and data layout. Belongs to the caller (LLVMDisposeModule)
// until jit_compile or jit_emit takes it.
LLVMModuleRef jit_module_new(JitContext *context, const char *name);

// Brings the bodies of small helpers into the module (available_externally, alwaysinline) for each
// function that it declares and the helpers' bitcode defines. The others stay native calls. jit_optimise
// inlines them (at each level). True and nothing done when there is no
// bitcode.
bool jit_link_helpers(JitContext *context, LLVMModuleRef module, GError **error);

// Inlines what jit_link_helpers brought, and runs the level's pipeline.
bool jit_optimise(JitContext *context, LLVMModuleRef module, JitLevel level, GError **error);
// A bitcode library besides the helpers, whose functions jit_link_helpers brings in as well when they are not
// large. The bytes must outlive the Jit; before the first context that shall know it.
void jit_add_library(Jit *jit, const void *bitcode, size_t size);
// The same, and inlines them at once: for who wants to see what helpers do.
bool jit_inline_helpers(JitContext *context, LLVMModuleRef module, GError **error);
// Runs a pipeline of the caller's, in the form of opt's -passes; parsed anew each time.
bool jit_run_passes(JitContext *context, LLVMModuleRef module, const char *pipeline,
                    GError **error);
// The level's pipeline as text (empty: none), for --dump-ir's index and the cache's key.
const char *jit_level_pipeline(JitLevel level);

// True when the module is well formed; else *message says what is not (g_free it). message may be NULL.
bool jit_verify(LLVMModuleRef module, char **message);
void jit_print_module(LLVMModuleRef module, FILE *out);

// Compiles and links. The module is disposed of in any case. On failure *out is NULL.
bool jit_compile(JitContext *context, LLVMModuleRef module, JitLevel level, JitObject **out,
                 GError **error);

// The parts of jit_compile, for units that name their surroundings and for the persistent cache. jit_emit: module (disposed of in any case) to a
// relocatable object; *bytes is the context's, valid until its next jit_emit or jit_compile.
bool jit_emit(JitContext *context, LLVMModuleRef module, JitLevel level, const void **bytes,
              size_t *size, GError **error);
// Such bytes to an image, which may be kept: it names everything outside itself. `unit` names it in
// messages. LLVM is not needed. NULL and an error on failure.
GBytes *jit_image(const char *unit, const void *bytes, size_t size, GError **error);
// An image into the slab. Its names are looked for in `locals` first (n_locals may be 0). LLVM is not
// needed.
JitObject *jit_place(Jit *jit, const char *unit, const void *image, size_t size,
                     const JitSymbol *locals, size_t n_locals, GError **error);

// jit_emit and jit_image in one.
GBytes *jit_compile_image(JitContext *context, LLVMModuleRef module, JitLevel level,
                          GError **error);

// The address of a function or variable that the object defines, or NULL.
void *jit_lookup(const JitObject *object, const char *name);
// The object's place in the slab and its bytes of code.
const uint8_t *jit_object_code(const JitObject *object, size_t *size);
// Releases code and constants: nothing may run in them. NULL is allowed.
void jit_object_free(JitObject *object);

// Prints the object's functions as host assembly, addresses and bytes beside it.
void jit_disassemble(const JitObject *object, FILE *out);
// The same for any piece of host code.
void jit_disassemble_range(Jit *jit, const void *code, size_t size, FILE *out);

// Where a context's time went, in nanoseconds of its thread's CPU time, since it was made.
typedef struct JitTimes {
    uint64_t helpers, optimise, codegen, link;
    uint64_t modules;      // compiled
    uint64_t object_bytes; // emitted, before linking
    uint64_t code_bytes;   // linked machine code, without constants
} JitTimes;
JitTimes jit_times(const JitContext *context);

#ifdef __cplusplus
}
#endif
#endif
