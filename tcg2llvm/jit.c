// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The JIT's core: the process-wide Jit (slab, linker, symbols), a thread's JitContext (LLVM context,
// target machines, kept pipelines), and the way of a module through them. jit.h documents the
// interface; the work that needs C++ is in llvm-shim/, object files in link.c, memory in slab.c.
#include "tcg2llvm/jit.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <llvm-c/Analysis.h>
#include <llvm-c/Disassembler.h>
#include <llvm-c/TargetMachine.h>

#include "tcg2llvm/link.h"
#include "tcg2llvm/llvm-shim/load.h"
#include "tcg2llvm/llvm-shim/shim.h"
#include "tcg2llvm/slab.h"

// The levels. O2's passes are those that pay on lowered guest code: registers and temporaries to SSA,
// then redundant loads and stores of the CPU state (the memory SSA variants see through the alias
// scopes), then loops. default<O2> takes twice the time for nothing measurable (docs/design.md).
static const struct {
    const char *name;
    const char *passes; // after the helpers have been inlined; NULL: none
    LLVMCodeGenOptLevel codegen;
} levels[JIT_LEVELS] = {
    [JIT_O0] =
        {
            .name = "O0",
            .codegen = LLVMCodeGenLevelNone,
        },
    [JIT_O2] =
        {
            .name = "O2",
            .passes = "always-inline,"
                      "function(sroa<modify-cfg>,early-cse<memssa>,simplifycfg,"
                      "instcombine<no-verify-fixpoint>,gvn,"
                      "loop-mssa(loop-rotate,licm),"
                      "dse,adce,simplifycfg,instcombine<no-verify-fixpoint>)",
            .codegen = LLVMCodeGenLevelDefault,
        },
};

enum {
    DEFAULT_SLAB_SIZE = 512 << 20,
    DEFAULT_INLINE_LIMIT = 40,
    LIBRARY_INLINE_LIMIT = 200, // hooks of a user's: what is inlined is what the user asked for
    MAX_LIBRARIES = 16,
    // Modules after which a context should be renewed: at most some 6 MB are lost in it by then.
    WORN_MODULES = 4096,
};

struct Jit {
    Slab *slab;
    Linker *linker;
    uint8_t *code_base, *code_end;
    const void *helpers_bc;
    size_t helpers_bc_size;
    unsigned inline_limit;
    struct {
        const void *bitcode;
        size_t size;
    } libraries[MAX_LIBRARIES];
    unsigned n_libraries;
    char *cpu, *features; // NULL until LLVM is loaded: the host's
    bool keep_names;
    // LLVM initialises passes and targets when they are first used, under locks of its own. The first
    // compilation at each level holds `first_use`, and so does fork: afterwards those locks are taken
    // for reading only, and a child that inherits one can live with it.
    pthread_mutex_t first_use;
    atomic_bool used[JIT_LEVELS];
};

struct JitContext {
    Jit *jit;
    LLVMContextRef llvm;
    LLVMTargetMachineRef machines[JIT_LEVELS];
    LLVMTargetDataRef data_layout;
    char *triple;
    ShimPasses *passes;
    ShimCodegen *codegen[JIT_LEVELS];
    ShimHelpers *helpers; // opened when first asked for
    ShimHelpers *libraries[MAX_LIBRARIES];
    LLVMModuleRef with_helpers;   // the module that last had bodies brought in, not optimised yet
    unsigned generation, modules; // modules: made in this generation
    char *diagnostic;             // LLVM's error message while it works for us, or NULL
    JitTimes times;
};

struct JitObject {
    Jit *jit;
    LinkedObject *linked;
};

G_DEFINE_QUARK(myna_jit_error, jit_error)

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000ull + now.tv_nsec;
}

// Makes a GError of a message of the shim's, and frees that.
static void set_error(GError **error, JitError code, const char *attempted, char *message)
{
    g_set_error(error, JIT_ERROR, code, "%s: %s", attempted, message ? message : "no reason given");
    free(message);
}

Jit *jit_create(const JitOptions *options, GError **error)
{
    static const JitOptions defaults;
    if (!options) {
        options = &defaults;
    }
    if (!llvm_find(error)) {
        return NULL;
    }
    GError *cause = NULL;
    Slab *slab = slab_new(options->slab_size ? options->slab_size : DEFAULT_SLAB_SIZE,
                          (const void *)jit_create, &cause);
    if (!slab) {
        g_set_error(error, JIT_ERROR, JIT_ERROR_SYSTEM, "%s", cause->message);
        g_error_free(cause);
        return NULL;
    }
    Jit *jit = g_new0(Jit, 1);
    jit->slab = slab;
    size_t size;
    slab_range(slab, &jit->code_base, &size);
    jit->code_end = jit->code_base + size;
    jit->linker = linker_new(slab);
    for (size_t i = 0; i < options->n_symbols; i++) {
        linker_define(jit->linker, options->symbols[i].name, options->symbols[i].address);
    }
    jit->helpers_bc = options->helpers_bc;
    jit->helpers_bc_size = options->helpers_bc_size;
    jit->inline_limit = options->inline_limit ? options->inline_limit : DEFAULT_INLINE_LIMIT;
    // malloc'd, as the shim's are that start_llvm puts there.
    jit->cpu = options->cpu ? strdup(options->cpu) : NULL;
    jit->features = options->features ? strdup(options->features) : NULL;
    jit->keep_names = options->keep_names;
    pthread_mutex_init(&jit->first_use, NULL);
    return jit;
}

void jit_destroy(Jit *jit)
{
    if (!jit) {
        return;
    }
    linker_free(jit->linker);
    slab_free(jit->slab);
    free(jit->cpu);
    free(jit->features);
    pthread_mutex_destroy(&jit->first_use);
    g_free(jit);
}

void jit_define(Jit *jit, const char *name, const void *address)
{
    linker_define(jit->linker, name, address);
}

void *jit_resolve(Jit *jit, const char *name) { return linker_resolve(jit->linker, name); }

struct Slab *jit_slab(Jit *jit) { return jit->slab; }

void jit_code_range(Jit *jit, uint8_t **base, size_t *size) { slab_range(jit->slab, base, size); }

bool jit_owns(const Jit *jit, const void *address)
{
    return (const uint8_t *)address >= jit->code_base && (const uint8_t *)address < jit->code_end;
}

JitMemory jit_memory(Jit *jit)
{
    SlabStats stats = slab_stats(jit->slab);
    return (JitMemory){.reserved = stats.reserved,
                       .committed = stats.committed,
                       .used = stats.used,
                       .blocks = stats.blocks};
}

void jit_fork_prepare(Jit *jit)
{
    pthread_mutex_lock(&jit->first_use);
    linker_lock(jit->linker);
}

void jit_fork_done(Jit *jit)
{
    linker_unlock(jit->linker);
    pthread_mutex_unlock(&jit->first_use);
}

bool jit_load_pass_plugin(const char *path, GError **error)
{
    char *message = NULL;
    if (!llvm_load(error)) {
        return false;
    }
    if (shim_load_pass_plugin(path, &message)) {
        return true;
    }
    g_set_error(error, JIT_ERROR, JIT_ERROR_PLUGIN, "cannot load pass plugin '%s': %s", path,
                message);
    free(message);
    return false;
}

// Holds `first_use` while a level is new. Returns what first_use_end takes.
static bool first_use_begin(Jit *jit, JitLevel level)
{
    if (atomic_load_explicit(&jit->used[level], memory_order_acquire)) {
        return false;
    }
    pthread_mutex_lock(&jit->first_use);
    return true;
}

// `code_done`: the level has now been through optimiser and code generator.
static void first_use_end(Jit *jit, JitLevel level, bool held, bool code_done)
{
    if (held) {
        if (code_done) {
            atomic_store_explicit(&jit->used[level], true, memory_order_release);
        }
        pthread_mutex_unlock(&jit->first_use);
    }
}

static void take_diagnostic(LLVMDiagnosticInfoRef info, void *opaque)
{
    JitContext *context = opaque;
    if (LLVMGetDiagInfoSeverity(info) == LLVMDSError && !context->diagnostic) {
        char *text = LLVMGetDiagInfoDescription(info);
        context->diagnostic = strdup(text);
        LLVMDisposeMessage(text);
    }
}

static void llvm_context_open(JitContext *context)
{
    context->llvm = LLVMContextCreate();
    LLVMContextSetDiscardValueNames(context->llvm, !context->jit->keep_names);
    LLVMContextSetDiagnosticHandler(context->llvm, take_diagnostic, context);
    context->modules = 0;
}

static void llvm_context_close(JitContext *context)
{
    shim_helpers_close(context->helpers);
    context->helpers = NULL;
    for (unsigned i = 0; i < MAX_LIBRARIES; i++) {
        if (context->libraries[i]) {
            shim_helpers_close(context->libraries[i]);
            context->libraries[i] = NULL;
        }
    }
    context->with_helpers = NULL;
    if (context->llvm) {
        LLVMContextDispose(context->llvm);
        context->llvm = NULL;
    }
}

bool jit_load_llvm(Jit *jit, GError **error)
{
    pthread_mutex_lock(&jit->first_use);
    bool ok = llvm_load(error);
    if (ok) {
        shim_init();
        jit->cpu = jit->cpu ? jit->cpu : shim_host_cpu();
        jit->features = jit->features ? jit->features : shim_host_features();
    }
    pthread_mutex_unlock(&jit->first_use);
    return ok;
}

JitContext *jit_context_new(Jit *jit, GError **error)
{
    if (!jit_load_llvm(jit, error)) {
        return NULL;
    }
    char *message = NULL;
    JitContext *context = g_new0(JitContext, 1);
    context->jit = jit;
    pthread_mutex_lock(&jit->first_use);
    for (int level = 0; level < JIT_LEVELS && !message; level++) {
        context->machines[level] = shim_target_machine_new(levels[level].codegen, jit->cpu,
                                                           jit->features, &message);
    }
    if (!message) {
        LLVMTargetMachineRef machine = context->machines[JIT_O0];
        context->data_layout = LLVMCreateTargetDataLayout(machine);
        context->triple = LLVMGetTargetMachineTriple(machine);
        llvm_context_open(context);
    }
    pthread_mutex_unlock(&jit->first_use);
    if (message) {
        set_error(error, JIT_ERROR_SYSTEM, "cannot start LLVM's code generator", message);
        jit_context_free(context);
        return NULL;
    }
    return context;
}

void jit_context_free(JitContext *context)
{
    if (!context) {
        return;
    }
    llvm_context_close(context);
    shim_passes_free(context->passes);
    for (int level = 0; level < JIT_LEVELS; level++) {
        shim_codegen_free(context->codegen[level]);
        if (context->machines[level]) {
            LLVMDisposeTargetMachine(context->machines[level]);
        }
    }
    if (context->data_layout) {
        LLVMDisposeTargetData(context->data_layout);
    }
    if (context->triple) {
        LLVMDisposeMessage(context->triple);
    }
    free(context->diagnostic);
    g_free(context);
}

Jit *jit_context_jit(JitContext *context) { return context->jit; }

LLVMContextRef jit_context_llvm(JitContext *context) { return context->llvm; }

LLVMTargetDataRef jit_context_data_layout(JitContext *context) { return context->data_layout; }

bool jit_context_worn(const JitContext *context) { return context->modules >= WORN_MODULES; }

void jit_context_renew(JitContext *context)
{
    llvm_context_close(context);
    llvm_context_open(context);
    context->generation++;
}

unsigned jit_context_generation(const JitContext *context) { return context->generation; }

LLVMModuleRef jit_module_new(JitContext *context, const char *name)
{
    LLVMModuleRef module = LLVMModuleCreateWithNameInContext(name, context->llvm);
    LLVMSetTarget(module, context->triple);
    LLVMSetModuleDataLayout(module, context->data_layout);
    context->modules++;
    return module;
}

void jit_add_library(Jit *jit, const void *bitcode, size_t size)
{
    if (jit->n_libraries < MAX_LIBRARIES) { // what is beyond is called, not inlined
        jit->libraries[jit->n_libraries].bitcode = bitcode;
        jit->libraries[jit->n_libraries++].size = size;
    }
}

// Brings in from one bitcode, opened when first asked for. The number of bodies, or -1 and a message.
static int link_from(JitContext *context, LLVMModuleRef module, ShimHelpers **helpers,
                     const void *bitcode, size_t size, unsigned limit, char **message)
{
    if (!*helpers) {
        *helpers = shim_helpers_open(context->llvm, bitcode, size, context->machines[JIT_O2], limit,
                                     message);
    }
    return *helpers ? shim_helpers_link(*helpers, module, message) : -1;
}

bool jit_link_helpers(JitContext *context, LLVMModuleRef module, GError **error)
{
    Jit *jit = context->jit;
    uint64_t start = now_ns();
    char *message = NULL;
    int count = 0;
    if (jit->helpers_bc) {
        count = link_from(context, module, &context->helpers, jit->helpers_bc, jit->helpers_bc_size,
                          jit->inline_limit, &message);
    }
    for (unsigned i = 0; i < jit->n_libraries && count >= 0; i++) {
        int more = link_from(context, module, &context->libraries[i], jit->libraries[i].bitcode,
                             jit->libraries[i].size, LIBRARY_INLINE_LIMIT, &message);
        count = more < 0 ? more : count + more;
    }
    context->times.helpers += now_ns() - start;
    if (count < 0) {
        set_error(error, JIT_ERROR_HELPERS, "cannot use the helpers' bitcode", message);
        return false;
    }
    if (count > 0) {
        context->with_helpers = module;
    }
    return true;
}

bool jit_inline_helpers(JitContext *context, LLVMModuleRef module, GError **error)
{
    if (!jit_link_helpers(context, module, error)) {
        return false;
    }
    if (context->with_helpers == module) {
        shim_inline_helpers(module, true); // jit_optimise does the rest
    }
    return true;
}

static bool run_pipeline(JitContext *context, LLVMModuleRef module, const char *pipeline, bool keep,
                         GError **error)
{
    uint64_t start = now_ns();
    char *message = NULL;
    if (!context->passes) {
        context->passes = shim_passes_new(context->machines[JIT_O2]);
    }
    bool ok = shim_passes_run(context->passes, module, pipeline, keep, &message);
    context->times.optimise += now_ns() - start;
    if (!ok) {
        g_set_error(error, JIT_ERROR, JIT_ERROR_PIPELINE, "cannot run passes '%s': %s", pipeline,
                    message);
        free(message);
    }
    return ok;
}

bool jit_run_passes(JitContext *context, LLVMModuleRef module, const char *pipeline, GError **error)
{
    return run_pipeline(context, module, pipeline, false, error);
}

const char *jit_level_pipeline(JitLevel level)
{
    return levels[level].passes ? levels[level].passes : "";
}

bool jit_optimise(JitContext *context, LLVMModuleRef module, JitLevel level, GError **error)
{
    if (context->with_helpers == module) {
        uint64_t start = now_ns();
        shim_inline_helpers(module, false);
        context->times.optimise += now_ns() - start;
        context->with_helpers = NULL;
    }
    if (!levels[level].passes) {
        return true;
    }
    bool held = first_use_begin(context->jit, level);
    bool ok = run_pipeline(context, module, levels[level].passes, true, error);
    first_use_end(context->jit, level, held, false);
    return ok;
}

bool jit_verify(LLVMModuleRef module, char **message)
{
    char *text = NULL;
    bool ok = !LLVMVerifyModule(module, LLVMReturnStatusAction, &text);
    if (message) {
        *message = ok ? NULL : g_strdup(text);
    }
    LLVMDisposeMessage(text);
    return ok;
}

void jit_print_module(LLVMModuleRef module, FILE *out)
{
    char *text = LLVMPrintModuleToString(module);
    fputs(text, out);
    LLVMDisposeMessage(text);
}

// The part of jit_emit that may leave early.
static bool emit(JitContext *context, LLVMModuleRef module, JitLevel level, const void **bytes,
                 size_t *size, char **message)
{
#ifdef MYNA_VERIFY_IR
    char *text;
    if (!jit_verify(module, &text)) {
        *message = strdup(text);
        g_free(text);
        return false;
    }
#endif
    if (!context->codegen[level]) {
        context->codegen[level] = shim_codegen_new(context->machines[level], message);
        if (!context->codegen[level]) {
            return false;
        }
    }
    bool ok = shim_codegen_run(context->codegen[level], module, bytes, size, message);
    if (context->diagnostic) {
        free(*message);
        *message = context->diagnostic;
        context->diagnostic = NULL;
        ok = false;
    }
    return ok;
}

bool jit_emit(JitContext *context, LLVMModuleRef module, JitLevel level, const void **bytes,
              size_t *size, GError **error)
{
    uint64_t start = now_ns();
    char *message = NULL;
    bool held = first_use_begin(context->jit, level);
    bool ok = emit(context, module, level, bytes, size, &message);
    first_use_end(context->jit, level, held, true);
    if (ok) {
        context->times.object_bytes += *size;
    } else {
        size_t length;
        g_set_error(error, JIT_ERROR, JIT_ERROR_IR, "cannot compile unit %s at %s: %s",
                    LLVMGetModuleIdentifier(module, &length), levels[level].name, message);
        free(message);
    }
    if (context->with_helpers == module) {
        context->with_helpers = NULL;
    }
    LLVMDisposeModule(module);
    context->times.codegen += now_ns() - start;
    return ok;
}

GBytes *jit_image(const char *unit, const void *bytes, size_t size, GError **error)
{
    return linker_image(unit, bytes, size, error);
}

JitObject *jit_place(Jit *jit, const char *unit, const void *image, size_t size,
                     const JitSymbol *locals, size_t n_locals, GError **error)
{
    LinkedObject *linked = linker_place(jit->linker, unit, image, size, locals, n_locals, error);
    if (!linked) {
        return NULL;
    }
    JitObject *object = g_new(JitObject, 1);
    *object = (JitObject){.jit = jit, .linked = linked};
    return object;
}

GBytes *jit_compile_image(JitContext *context, LLVMModuleRef module, JitLevel level, GError **error)
{
    size_t length, size;
    const void *bytes;
    g_autofree char *unit = g_strdup(LLVMGetModuleIdentifier(module, &length));
    if (!jit_emit(context, module, level, &bytes, &size, error)) {
        return NULL;
    }
    uint64_t start = now_ns();
    GBytes *image = jit_image(unit, bytes, size, error);
    context->times.link += now_ns() - start;
    return image;
}

bool jit_compile(JitContext *context, LLVMModuleRef module, JitLevel level, JitObject **out,
                 GError **error)
{
    size_t length, size;
    g_autofree char *unit = g_strdup(LLVMGetModuleIdentifier(module, &length));
    *out = NULL;
    GBytes *image = jit_compile_image(context, module, level, error);
    if (!image) {
        return false;
    }
    uint64_t start = now_ns();
    const void *bytes = g_bytes_get_data(image, &size);
    *out = jit_place(context->jit, unit, bytes, size, NULL, 0, error);
    context->times.link += now_ns() - start;
    g_bytes_unref(image);
    if (!*out) {
        return false;
    }
    context->times.modules++;
    context->times.code_bytes += (*out)->linked->text_size;
    return true;
}

void *jit_lookup(const JitObject *object, const char *name)
{
    const LinkedObject *linked = object->linked;
    for (size_t i = 0; i < linked->n_symbols; i++) {
        if (strcmp(linked->symbols[i].name, name) == 0) {
            return linked->symbols[i].address;
        }
    }
    return NULL;
}

const uint8_t *jit_object_code(const JitObject *object, size_t *size)
{
    *size = object->linked->text_size;
    return object->linked->block->base;
}

void jit_object_free(JitObject *object)
{
    if (object) {
        linker_unlink(object->jit->linker, object->linked);
        g_free(object);
    }
}

bool jit_recover(Jit *jit, const void *address, const StateRegs *regs, void *env, uint64_t *pc)
{
    return jit_owns(jit, address) && linker_recover(jit->linker, address, regs, env, pc);
}

JitTimes jit_times(const JitContext *context) { return context->times; }

// Names call and jump targets for the disassembler.
static const char *name_target(void *opaque, uint64_t value, uint64_t *type, uint64_t pc,
                               const char **name)
{
    (void)pc;
    *name = NULL;
    bool is_branch = *type == LLVMDisassembler_ReferenceType_In_Branch;
    *type = LLVMDisassembler_ReferenceType_InOut_None;
    return is_branch ? linker_name_of(((Jit *)opaque)->linker, (void *)value) : NULL;
}

void jit_disassemble_range(Jit *jit, const void *code, size_t size, FILE *out)
{
    GError *error = NULL;
    if (!jit_load_llvm(jit, &error)) {
        fprintf(out, "(%s)\n", error->message);
        g_error_free(error);
        return;
    }
    char *triple = LLVMGetDefaultTargetTriple();
    LLVMDisasmContextRef disasm = LLVMCreateDisasmCPUFeatures(triple, jit->cpu, jit->features, jit,
                                                              0, NULL, name_target);
    LLVMDisposeMessage(triple);
    if (!disasm) {
        fprintf(out, "(LLVM has no disassembler for this host)\n");
        return;
    }
    LLVMSetDisasmOptions(disasm, LLVMDisassembler_Option_PrintImmHex);
    const uint8_t *at = code, *end = at + size;
    while (at < end) {
        char text[256];
        size_t length = LLVMDisasmInstruction(disasm, (uint8_t *)at, end - at, (uintptr_t)at, text,
                                              sizeof(text));
        if (length == 0) {
            length = 1;
            strcpy(text, "\t(bad)");
        }
        fprintf(out, "0x%08" PRIxPTR ": ", (uintptr_t)at);
        for (size_t i = 0; i < length; i++) {
            fprintf(out, " %02x", at[i]);
        }
        // 10 bytes hold nearly all instructions; longer ones push their text to the right.
        fprintf(out, "%*s%s\n", length < 10 ? (int)(10 - length) * 3 : 0, "", text);
        at += length;
    }
    LLVMDisasmDispose(disasm);
}

void jit_disassemble(const JitObject *object, FILE *out)
{
    const LinkedObject *linked = object->linked;
    const uint8_t *base = linked->block->base;
    for (size_t i = 0; i < linked->n_symbols; i++) {
        const LinkedSymbol *symbol = &linked->symbols[i];
        if (symbol->address < base + linked->text_size) {
            fprintf(out, "%s:\n", symbol->name);
            jit_disassemble_range(object->jit, symbol->address, symbol->size, out);
        }
    }
}
