// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes, pipelines and bitcode libraries: loading, running, and the events that they hear of.
//
// Locks: `running` is held while anything works on a module, so that a pass need not be thread-safe;
// `threads_lock` guards the list of thread blocks and is the inner one.
#include "tcg2llvm/instrument.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "passes/library.h"
#include "tcg2llvm/guest-ops.h"
#include "tcg2llvm/library-end.h"
#include "tcg2llvm/llvm-shim/load.h"
#include "tcg2llvm/llvm-shim/shim.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

// The thread's block, where libraries' functions look for their thread-local variables.
__thread void *myna_pass_block __attribute__((tls_model("initial-exec")));

typedef struct Item {
    InstrumentKind kind;
    char *path, *args; // args: of a pass; of a pipeline its text
    const MynaPass *pass;
    void *self;
    MynaLibrary library;
    void *plugin; // dlopen's handle
    // A library's hooks for what helpers access; NULL: it has none of that kind.
    void (*on_access[2])(uint64_t pc, uint64_t addr, uint32_t size); // by `write`
    void (*on_value[2])(uint64_t pc, uint64_t addr, uint32_t size, uint64_t value);
} Item;

struct Instrument {
    MynaPassHost host;
    Item *items;
    unsigned n_items;
    char *key;
    bool registers, helpers, syscalls, started;
    Jit *jit;
    GArray *symbols;     // JitSymbol: defined before there was a Jit
    JitObject **objects; // the libraries', by item
    size_t block_size;
    bool libraries;
    size_t ends_at;    // in a block: what its thread leaves to library-end.c
    void *first_block; // the first thread's, which libraries' constructors use before it is there
    pthread_mutex_t running, threads_lock;
    GPtrArray *blocks;
};

// --- loading ----------------------------------------------------------------------------------------------

static bool refuse(GError **error, const char *what, const char *path, const char *why)
{
    g_set_error(error, JIT_ERROR, JIT_ERROR_PLUGIN, "%s '%s': %s", what, path, why);
    return false;
}

// The file of a pass: a path, or the bare name of one that is shipped, which lies beside LLVM's module.
static char *pass_path(const char *name)
{
    if (strchr(name, '/') || g_str_has_suffix(name, ".so")) {
        // dlopen looks for a name without a slash elsewhere.
        return g_canonicalize_filename(name, NULL);
    }
    g_autofree char *module = llvm_module_path();
    g_autofree char *directory = module ? g_path_get_dirname(module) : g_strdup(".");
    g_autofree char *file = g_strconcat(name, ".so", NULL);
    return g_build_filename(directory, "passes", file, NULL);
}

static bool readable(const char *what, const char *path, GError **error)
{
    if (access(path, R_OK) == 0) {
        return true;
    }
    return refuse(error, what, path, g_strerror(errno));
}

static bool load_pass(Item *item, const char *text, GError **error)
{
    const char *colon = strchr(text, ':');
    g_autofree char *name = colon ? g_strndup(text, colon - text) : g_strdup(text);
    item->path = pass_path(name);
    item->args = g_strdup(colon ? colon + 1 : "");
    if (!readable("cannot load pass", item->path, error)) {
        return false;
    }
    void *handle = dlopen(item->path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        return refuse(error, "cannot load pass", item->path, dlerror());
    }
    item->pass = dlsym(handle, "myna_pass");
    if (!item->pass) {
        return refuse(error, "cannot load pass", item->path,
                      "it has no `myna_pass` (see passes/pass.h)");
    }
    if (item->pass->version != MYNA_PASS_VERSION) {
        g_autofree char *why = g_strdup_printf("it was built for version %u of passes/pass.h, this "
                                               "is version %u",
                                               item->pass->version, MYNA_PASS_VERSION);
        return refuse(error, "cannot load pass", item->path, why);
    }
    if (!item->pass->run || !item->pass->name) {
        return refuse(error, "cannot load pass", item->path,
                      "its `myna_pass` has no name or no run");
    }
    return true;
}

static bool load_item(Item *item, const InstrumentItem *from, GError **error)
{
    item->kind = from->kind;
    switch (from->kind) {
    case INSTRUMENT_PASS: return load_pass(item, from->text, error);
    case INSTRUMENT_PLUGIN:
        item->path = g_canonicalize_filename(from->text, NULL);
        if (!readable("cannot load pass plugin", item->path, error) ||
            !jit_load_pass_plugin(item->path, error)) {
            return false;
        }
        item->plugin = dlopen(item->path, RTLD_NOW | RTLD_NOLOAD);
        return true;
    case INSTRUMENT_PIPELINE: item->args = g_strdup(from->text); return true;
    case INSTRUMENT_LIBRARY:
        item->path = g_canonicalize_filename(from->text, NULL);
        return readable("cannot use bitcode library", item->path, error);
    }
    return false;
}

// What decides what the units become: each file's bytes and arguments.  Empty when a pass does not say that
// its units may be kept.
static char *make_key(const Instrument *in)
{
    XXH3_state_t *state = XXH3_createState();
    XXH3_128bits_reset(state);
    bool keep = true;
    for (unsigned i = 0; i < in->n_items && keep; i++) {
        const Item *item = &in->items[i];
        g_autofree char *bytes = NULL;
        gsize size = 0;
        // A plugin cannot say what its passes note down.
        keep = item->kind == INSTRUMENT_PASS ? item->pass->flags & MYNA_PASS_CACHEABLE
                                             : item->kind != INSTRUMENT_PLUGIN;
        keep = keep && (!item->path || g_file_get_contents(item->path, &bytes, &size, NULL));
        uint64_t head[] = {item->kind, size, item->args ? strlen(item->args) : 0};
        XXH3_128bits_update(state, head, sizeof(head));
        XXH3_128bits_update(state, bytes ? bytes : "", size);
        XXH3_128bits_update(state, item->args ? item->args : "", head[2]);
    }
    XXH128_hash_t hash = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    return keep ? g_strdup_printf("%016" PRIx64 "%016" PRIx64, hash.high64, hash.low64)
                : g_strdup("");
}

// Recursive: results are made under it, with each_thread.
static void init_threads_lock(Instrument *in)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&in->threads_lock, &attr);
    pthread_mutexattr_destroy(&attr);
}

Instrument *instrument_load(const InstrumentItem *items, unsigned n, GError **error)
{
    if (!llvm_load(error)) {
        return NULL;
    }
    Instrument *in = g_new0(Instrument, 1);
    in->items = g_new0(Item, n);
    in->objects = g_new0(JitObject *, n);
    in->n_items = n;
    in->symbols = g_array_new(false, false, sizeof(JitSymbol));
    in->blocks = g_ptr_array_new();
    pthread_mutex_init(&in->running, NULL);
    init_threads_lock(in);
    for (unsigned i = 0; i < n; i++) {
        if (!load_item(&in->items[i], &items[i], error)) {
            return NULL; // the caller ends
        }
        const MynaPass *pass = in->items[i].pass;
        in->registers |= pass && pass->flags & MYNA_PASS_REGISTERS;
        in->helpers |= pass && pass->flags & MYNA_PASS_HELPERS;
        in->syscalls |= pass && pass->syscall;
    }
    in->key = make_key(in);
    return in;
}

bool instrument_wants_registers(const Instrument *in) { return in->registers; }
bool instrument_wants_helpers(const Instrument *in) { return in->helpers; }
bool instrument_wants_syscalls(const Instrument *in) { return in->syscalls; }
const char *instrument_key(const Instrument *in) { return in->key; }

// --- start ------------------------------------------------------------------------------------------------

static Instrument *of_host(MynaPassHost *host)
{
    return (Instrument *)((char *)host - offsetof(Instrument, host));
}

static size_t thread_alloc(MynaPassHost *host, size_t size, size_t align)
{
    Instrument *in = of_host(host);
    if (in->started) {
        g_error("a pass asks for memory of threads outside init");
    }
    align = align ? align : 1;
    size_t at = (in->block_size + align - 1) & ~(align - 1);
    in->block_size = at + size;
    return at;
}

static size_t library_alloc(void *opaque, size_t size, size_t align)
{
    return thread_alloc(opaque, size, align);
}

static void define(MynaPassHost *host, const char *name, const void *address)
{
    Instrument *in = of_host(host);
    if (in->jit) {
        jit_define(in->jit, name, address);
        return;
    }
    JitSymbol symbol = {g_strdup(name), address};
    g_array_append_val(in->symbols, symbol);
}

static void each_thread(MynaPassHost *host, void (*fn)(void *opaque, void *block), void *opaque)
{
    Instrument *in = of_host(host);
    pthread_mutex_lock(&in->threads_lock);
    for (guint i = 0; i < in->blocks->len; i++) {
        fn(opaque, in->blocks->pdata[i]);
    }
    pthread_mutex_unlock(&in->threads_lock);
}

static bool start_item(Instrument *in, unsigned i, LLVMContextRef context, GError **error)
{
    Item *item = &in->items[i];
    char *message = NULL;
    bool ok = true;
    if (item->kind == INSTRUMENT_PASS && item->pass->init) {
        item->self = item->pass->init(&in->host, item->args, &message);
        ok = item->self != NULL;
        if (!ok) {
            g_set_error(error, JIT_ERROR, JIT_ERROR_PLUGIN, "pass '%s' refuses to start: %s",
                        item->pass->name, message ? message : "no reason given");
        }
    } else if (item->kind == INSTRUMENT_LIBRARY) {
        g_autofree char *prefix = g_strdup_printf("lib%u.", i);
        int64_t at = (char *)&myna_pass_block - (char *)__builtin_thread_pointer();
        if (!in->libraries) {
            in->libraries = true;
            in->ends_at = thread_alloc(&in->host, LIBRARY_END_SIZE, sizeof(void *));
        }
        ok = myna_library_read(context, item->path, prefix, at, library_alloc, &in->host,
                               &item->library, &message) ||
             refuse(error, "cannot use bitcode library", item->path, message);
    }
    free(message);
    return ok;
}

bool instrument_start(Instrument *in, const MynaPassHost *host, GError **error)
{
    in->host = *host;
    in->host.thread_alloc = thread_alloc;
    in->host.define = define;
    in->host.each_thread = each_thread;
    LLVMContextRef context = LLVMContextCreate();
    bool ok = true;
    for (unsigned i = 0; i < in->n_items && ok; i++) {
        ok = start_item(in, i, context, error);
    }
    LLVMContextDispose(context);
    in->started = true;
    return ok;
}

// --- libraries ----------------------------------------------------------------------------------------------

// The library's own machine code; what it defines is known to all units.
static bool compile_library(Instrument *in, unsigned i, JitContext *context, GError **error)
{
    const Item *item = &in->items[i];
    LLVMModuleRef module = myna_library_module(jit_context_llvm(context), &item->library);
    if (!module) {
        return refuse(error, "cannot use bitcode library", item->path, "it cannot be read again");
    }
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    size_t length;
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
        if (!LLVMIsDeclaration(f)) {
            g_ptr_array_add(names, g_strdup(LLVMGetValueName2(f, &length)));
        }
    }
    for (LLVMValueRef g = LLVMGetFirstGlobal(module); g; g = LLVMGetNextGlobal(g)) {
        if (!LLVMIsDeclaration(g)) {
            g_ptr_array_add(names, g_strdup(LLVMGetValueName2(g, &length)));
        }
    }
    if (!jit_optimise(context, module, JIT_O2, error)) {
        LLVMDisposeModule(module);
        return false;
    }
    if (!jit_compile(context, module, JIT_O2, &in->objects[i], error)) {
        g_prefix_error(error, "cannot use bitcode library '%s': ", item->path);
        return false;
    }
    for (guint n = 0; n < names->len; n++) {
        const void *address = jit_lookup(in->objects[i], names->pdata[n]);
        if (address) {
            jit_define(in->jit, names->pdata[n], address);
        }
    }
    return true;
}

static void *find_function(const Instrument *in, unsigned i, const char *function)
{
    g_autofree char *name = g_strconcat(in->items[i].library.prefix, function, NULL);
    return jit_lookup(in->objects[i], name);
}

static void *library_function(const Instrument *in, unsigned i, unsigned hook)
{
    const MynaLibrary *library = &in->items[i].library;
    if (!in->objects[i] || !(library->hooks >> hook & 1)) {
        return NULL;
    }
    return find_function(in, i, myna_library_hook_name(hook));
}

static void find_access_hooks(Instrument *in, unsigned i)
{
    static const unsigned hooks[][2] = {{LIBRARY_HOOK_LOAD, LIBRARY_HOOK_LOAD_VALUE},
                                        {LIBRARY_HOOK_STORE, LIBRARY_HOOK_STORE_VALUE}};
    for (unsigned write = 0; write < 2; write++) {
        *(void **)&in->items[i].on_access[write] = library_function(in, i, hooks[write][0]);
        *(void **)&in->items[i].on_value[write] = library_function(in, i, hooks[write][1]);
    }
}

// What a pass plugin exports of a library's functions: those that guest code has no part in.  (on_exit would be found in
// the C library.)
static void *plugin_function(const Item *item, unsigned hook)
{
    bool known = hook == LIBRARY_HOOK_START || hook == LIBRARY_HOOK_THREAD_START ||
                 hook == LIBRARY_HOOK_THREAD_END || hook == LIBRARY_HOOK_FORK_CHILD ||
                 hook == LIBRARY_HOOK_END;
    return known && item->plugin ? dlsym(item->plugin, myna_library_hook_name(hook)) : NULL;
}

static void call_libraries(const Instrument *in, unsigned hook)
{
    for (unsigned i = 0; i < in->n_items; i++) {
        void *function = in->items[i].kind == INSTRUMENT_PLUGIN
                             ? plugin_function(&in->items[i], hook)
                             : library_function(in, i, hook);
        if (function && hook == LIBRARY_HOOK_START) {
            ((void (*)(const char *))function)(in->host.guest);
        } else if (function) {
            ((void (*)(void))function)();
        }
    }
}

static void construct_libraries(const Instrument *in)
{
    for (unsigned i = 0; i < in->n_items; i++) {
        if (in->items[i].library.constructs) {
            ((void (*)(void))find_function(in, i, LIBRARY_CONSTRUCT))();
        }
    }
}

bool instrument_destructs(const Instrument *in, const void *block)
{
    bool any = library_end_waits(block);
    for (unsigned i = 0; i < in->n_items; i++) {
        any |= in->items[i].library.destructs;
    }
    return any;
}

// As exit(3) does: the thread's own objects, then the process's, then functions that are destructors.
static void destruct_libraries(Instrument *in, void *block)
{
    library_end_thread(block);
    library_end_process();
    for (unsigned i = in->n_items; i-- > 0;) {
        if (in->items[i].library.destructs) {
            in->items[i].library.destructs = false; // once
            ((void (*)(void))find_function(in, i, LIBRARY_DESTRUCT))();
        }
    }
}

// --- attaching to the Jit -----------------------------------------------------------------------------------

// Aligned as the most demanding of what lies in it: a cache line.
static void *new_block(const Instrument *in)
{
    size_t size = (in->block_size + 127) & ~(size_t)63;
    void *block = aligned_alloc(64, size);
    if (!block) {
        g_error("no memory for a thread's block of %zu bytes", size);
    }
    memset(block, 0, size);
    for (unsigned i = 0; i < in->n_items; i++) {
        const MynaLibrary *library = &in->items[i].library;
        for (unsigned t = 0; in->objects[i] && t < library->n_templates; t++) {
            const MynaLibraryTemplate *from = &library->templates[t];
            memcpy((char *)block + from->offset, jit_lookup(in->objects[i], from->name),
                   from->size);
        }
    }
    return block;
}

static bool try_pipeline(JitContext *context, const char *pipeline, GError **error)
{
    LLVMModuleRef module = jit_module_new(context, "empty");
    bool ok = jit_run_passes(context, module, pipeline, error);
    LLVMDisposeModule(module);
    return ok;
}

bool instrument_attach(Instrument *in, Jit *jit, GError **error)
{
    in->jit = jit;
    for (guint i = 0; i < in->symbols->len; i++) {
        const JitSymbol *symbol = &g_array_index(in->symbols, JitSymbol, i);
        jit_define(jit, symbol->name, symbol->address);
    }
    if (in->libraries) {
        library_end_start(jit, in->ends_at);
    }
    JitContext *context = jit_context_new(jit, error);
    bool ok = context != NULL;
    for (unsigned i = 0; i < in->n_items && ok; i++) {
        if (in->items[i].kind == INSTRUMENT_PIPELINE) {
            ok = try_pipeline(context, in->items[i].args, error);
        } else if (in->items[i].kind == INSTRUMENT_LIBRARY) {
            const MynaLibrary *library = &in->items[i].library;
            ok = compile_library(in, i, context, error);
            find_access_hooks(in, i);
            jit_add_library(jit, library->bitcode, library->size);
        }
    }
    jit_context_free(context);
    if (ok) {
        myna_pass_block = in->first_block = new_block(in);
        construct_libraries(in);
        call_libraries(in, LIBRARY_HOOK_START);
        myna_pass_block = NULL;
    }
    return ok;
}

// --- units ------------------------------------------------------------------------------------------------

// Says of which unit a complaint is, on one line.
static bool complain(const Instrument *in, const Item *item, uint64_t pc, const char *what,
                     const char *words, GError **error)
{
    uint64_t offset = 0;
    MynaPassHost *host = (MynaPassHost *)&in->host;
    const char *symbol = host->symbol ? host->symbol(host, pc, &offset) : NULL;
    g_autofree char *at = !symbol  ? g_strdup("")
                          : offset ? g_strdup_printf(" (%s+0x%" PRIx64 ")", symbol, offset)
                                   : g_strdup_printf(" (%s)", symbol);
    g_autofree char *line = g_strdelimit(g_strchomp(g_strdup(words)), "\n", ';');
    const char *kind = item->kind == INSTRUMENT_PASS ? "pass" : "pipeline";
    g_set_error(error, JIT_ERROR, JIT_ERROR_PASS, "%s '%s' %s the unit at 0x%" PRIx64 "%s: %s",
                kind, item->kind == INSTRUMENT_PASS ? item->pass->name : item->args, what, pc, at,
                line);
    return false;
}

// A unit's functions by name, before something changes it: defined here (2) or elsewhere (1).
static GHashTable *list_functions(LLVMModuleRef module)
{
    GHashTable *list = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t length;
    for (LLVMValueRef fn = LLVMGetFirstFunction(module); fn; fn = LLVMGetNextFunction(fn)) {
        g_hash_table_insert(list, g_strdup(LLVMGetValueName2(fn, &length)),
                            GUINT_TO_POINTER(LLVMIsDeclaration(fn) ? 1 : 2));
    }
    return list;
}

// What the verifier does not know of, and the code that follows cannot take.
static char *find_fault(const Instrument *in, LLVMModuleRef module, GHashTable *before)
{
    GHashTableIter each;
    gpointer name, how;
    size_t length;
    g_hash_table_iter_init(&each, before);
    while (g_hash_table_iter_next(&each, &name, &how)) {
        LLVMValueRef fn = LLVMGetNamedFunction(module, name);
        if (GPOINTER_TO_UINT(how) == 2 && (!fn || LLVMIsDeclaration(fn))) {
            return g_strdup_printf("the function '%s' is gone", (const char *)name);
        }
    }
    for (LLVMValueRef fn = LLVMGetFirstFunction(module); fn; fn = LLVMGetNextFunction(fn)) {
        const char *called = LLVMGetValueName2(fn, &length);
        bool is_new = LLVMIsDeclaration(fn) && LLVMGetFirstUse(fn) && !LLVMGetIntrinsicID(fn) &&
                      !g_hash_table_contains(before, called);
        if (is_new && !g_str_has_prefix(called, "guest.") && !jit_resolve(in->jit, called)) {
            return g_strdup_printf("it calls '%s', and there is no such function (see `define` in "
                                   "passes/pass.h)",
                                   called);
        }
    }
    return guest_ops_check(module);
}

static bool run_item(Instrument *in, const Item *item, JitContext *context, MynaPassUnit *unit,
                     GError **error)
{
    char *message = NULL;
    bool ok = true;
    if (item->kind != INSTRUMENT_PASS && item->kind != INSTRUMENT_PIPELINE) {
        if (item->kind == INSTRUMENT_LIBRARY) {
            myna_library_hook(unit, &item->library);
        }
        return true;
    }
    g_autoptr(GHashTable) before = list_functions(unit->module);
    bool is_pass = item->kind == INSTRUMENT_PASS;
    g_autofree char *what = g_strdup_printf("%s '%s', the unit at 0x%" PRIx64,
                                            is_pass ? "pass" : "pipeline",
                                            is_pass ? item->pass->name : item->args, unit->pc);
    shim_working_on(what);
    if (is_pass) {
        ok = item->pass->run(item->self, unit, &message) ||
             complain(in, item, unit->pc, "gives up at", message ? message : "no reason given",
                      error);
        free(message);
    } else {
        ok = jit_run_passes(context, unit->module, item->args, error);
    }
    shim_working_on(NULL);
    message = NULL;
    if (ok &&
        (!jit_verify(unit->module, &message) || (message = find_fault(in, unit->module, before)))) {
        ok = complain(in, item, unit->pc, "made ill-formed IR of", message, error);
        g_free(message);
    }
    return ok;
}

bool instrument_run(Instrument *in, JitContext *context, LLVMModuleRef module, uint64_t pc,
                    bool hot, GError **error)
{
    MynaPassUnit unit = {.module = module, .host = &in->host, .pc = pc, .hot = hot};
    bool ok = !in->helpers || jit_inline_helpers(context, module, error);
    pthread_mutex_lock(&in->running);
    for (unsigned i = 0; i < in->n_items && ok; i++) {
        ok = run_item(in, &in->items[i], context, &unit, error);
    }
    pthread_mutex_unlock(&in->running);
    return ok;
}

// --- events -----------------------------------------------------------------------------------------------

void instrument_thread_enter(void *block) { myna_pass_block = block; }

void *instrument_thread_start(Instrument *in)
{
    void *block = in->first_block ? in->first_block : new_block(in), *before = myna_pass_block;
    in->first_block = NULL;
    pthread_mutex_lock(&in->threads_lock);
    g_ptr_array_add(in->blocks, block);
    pthread_mutex_unlock(&in->threads_lock);
    for (unsigned i = 0; i < in->n_items; i++) {
        const MynaPass *pass = in->items[i].pass;
        if (pass && pass->thread_start) {
            pass->thread_start(in->items[i].self, block);
        }
    }
    myna_pass_block = block;
    call_libraries(in, LIBRARY_HOOK_THREAD_START);
    myna_pass_block = before;
    return block;
}

void instrument_thread_end(Instrument *in, void *block)
{
    void *before = myna_pass_block;
    myna_pass_block = block;
    call_libraries(in, LIBRARY_HOOK_THREAD_END);
    library_end_thread(block);
    myna_pass_block = before == block ? NULL : before;
    pthread_mutex_lock(&in->threads_lock);
    for (unsigned i = 0; i < in->n_items; i++) {
        const MynaPass *pass = in->items[i].pass;
        if (pass && pass->thread_end) {
            pass->thread_end(in->items[i].self, block);
        }
    }
    g_ptr_array_remove_fast(in->blocks, block);
    pthread_mutex_unlock(&in->threads_lock);
    free(block);
}

void instrument_fork_prepare(Instrument *in)
{
    pthread_mutex_lock(&in->running);
    pthread_mutex_lock(&in->threads_lock);
}

void instrument_fork_done(Instrument *in, bool in_child, void *block)
{
    if (in_child) {
        g_ptr_array_set_size(in->blocks, 0);
        if (block) {
            g_ptr_array_add(in->blocks, block);
        }
        init_threads_lock(in); // the owner's number is the parent's
    } else {
        pthread_mutex_unlock(&in->threads_lock);
    }
    pthread_mutex_unlock(&in->running);
    for (unsigned i = 0; in_child && i < in->n_items; i++) {
        const MynaPass *pass = in->items[i].pass;
        if (pass && pass->fork_child) {
            pass->fork_child(in->items[i].self, block);
        }
    }
    if (in_child) {
        call_libraries(in, LIBRARY_HOOK_FORK_CHILD);
    }
}

void instrument_syscall(Instrument *in, void *env, void *block, const MynaSyscall *call, bool after)
{
    for (unsigned i = 0; i < in->n_items; i++) {
        const MynaPass *pass = in->items[i].pass;
        if (pass && pass->syscall) {
            pass->syscall(in->items[i].self, env, block, call, after);
        }
    }
}

// A helper's access for a library: in pieces as instructions make them, after the fact.
static void library_access(Instrument *in, const Item *item, uint64_t pc, uint64_t addr,
                           uint64_t size, bool write)
{
    while (size) {
        uint32_t piece = 16;
        while (piece > size) {
            piece /= 2;
        }
        if (item->on_access[write]) {
            item->on_access[write](pc, addr, piece);
        }
        uint64_t value = 0;
        if (item->on_value[write] &&
            in->host.read_memory(&in->host, addr, &value, MIN(piece, sizeof(value)))) {
            item->on_value[write](pc, addr, piece, value);
        }
        addr += piece;
        size -= piece;
    }
}

static void tell_access(Instrument *in, const Item *item, void *env, void *block, uint64_t pc,
                        uint64_t addr, uint64_t size, bool write)
{
    const MynaPass *pass = item->pass;
    if (item->on_access[write] || item->on_value[write]) {
        library_access(in, item, pc, addr, size, write);
    }
    if (pass && pass->access) {
        pass->access(item->self, env, block, pc, addr, size, write);
    }
}

void instrument_access(Instrument *in, void *env, void *block, uint64_t pc, uint64_t addr,
                       uint64_t size, bool write)
{
    for (unsigned i = 0; i < in->n_items; i++) {
        tell_access(in, &in->items[i], env, block, pc, addr, size, write);
    }
}

void instrument_access_run(Instrument *in, void *env, void *block, uint64_t pc,
                           const MynaAccessRun *run)
{
    for (unsigned i = 0; i < in->n_items; i++) {
        const Item *item = &in->items[i];
        const MynaPass *pass = item->pass;
        if (pass && pass->flags & MYNA_PASS_ACCESS_RUNS && pass->access_run) {
            pass->access_run(item->self, env, block, pc, run);
            continue;
        }
        bool any = (pass && pass->access) || item->on_access[0] || item->on_access[1] ||
                   item->on_value[0] || item->on_value[1];
        uint64_t at = 0;
        for (uint64_t k = 0; k < run->n && any; k++, at += (uint64_t)run->step) {
            if (run->copy) {
                tell_access(in, item, env, block, pc, run->from + at, run->size, false);
            }
            tell_access(in, item, env, block, pc, run->addr + at, run->size, true);
        }
    }
}

// Under the lock, so that no thread's share is counted twice or not at all.
void instrument_end(Instrument *in, MynaPassEnd why)
{
    pthread_mutex_lock(&in->threads_lock);
    for (unsigned i = 0; i < in->n_items; i++) {
        const MynaPass *pass = in->items[i].pass;
        if (pass && pass->end) {
            pass->end(in->items[i].self, why);
        }
    }
    call_libraries(in, LIBRARY_HOOK_END);
    call_libraries(in, LIBRARY_HOOK_EXIT);
    if (why == MYNA_PASS_EXIT) {
        destruct_libraries(in, myna_pass_block);
    }
    pthread_mutex_unlock(&in->threads_lock);
}
