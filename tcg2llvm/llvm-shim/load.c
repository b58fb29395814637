// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads LLVM on demand.
//
// Linked as a needed library, libLLVM costs each start of myna 17 ms of CPU time (311 000 relocations,
// the constructors of its command line options) and 37 MB of resident memory, though most programs that
// a shell starts end before any of their code is hot. So the executable is not linked with it: the C++
// shim is a module (libmyna-llvm.so) that is, and that is opened when the first JitContext is made.
//
// The C code calls LLVM-C and the shim as ever. The build lists what it calls (llvm-stubs.cmake, from
// the objects' undefined symbols), and for each of these functions there is here a stub of one jump
// through a pointer, which llvm_load sets.
#include "tcg2llvm/llvm-shim/load.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tcg2llvm/files-aside.h"
#include "tcg2llvm/jit.h"

static void not_loaded(void)
{
    fputs("myna: a function of LLVM was called before llvm_load (our fault)\n", stderr);
    abort();
}

#if defined(__x86_64__)
#define JUMP(pointer) "jmp *" pointer "(%rip)\n"
#elif defined(__aarch64__)
#define JUMP(pointer)                                                                              \
    "adrp x16, " pointer "\n"                                                                      \
    "ldr x16, [x16, :lo12:" pointer "]\n"                                                          \
    "br x16\n"
#else
#error "add this host's jump through a pointer"
#endif

// Hidden: a library that has LLVM linked in the ordinary way (a pass plugin) must not find the stubs.
#define STUB(name)                                                                                 \
    extern void *llvm_stub_##name;                                                                 \
    __attribute__((visibility("hidden"))) void *llvm_stub_##name = (void *)not_loaded;             \
    __asm__(".text\n"                                                                              \
            ".globl " #name "\n"                                                                   \
            ".hidden " #name "\n"                                                                  \
            ".type " #name ", @function\n" #name                                                   \
            ":\n" JUMP("llvm_stub_" #name) ".size " #name ", . - " #name "\n");
#include "tcg2llvm/llvm-stubs.inc"
#undef STUB

static const struct {
    const char *name;
    void **pointer;
} stubs[] = {
#define STUB(name) {#name, &llvm_stub_##name},
#include "tcg2llvm/llvm-stubs.inc"
#undef STUB
};

static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER;
static bool loaded;

// The module's path, to be freed: beside the executable (a build tree), in the library directory that
// belongs to it (an installation), or where it was built (unit tests). NULL when it is nowhere.
static char *module_path(GError **error)
{
    static const char *const places[] = {MYNA_LLVM_MODULE, MYNA_LLVM_MODULE_INSTALLED,
                                         MYNA_LLVM_MODULE_BUILT};
    if (static_build_reason) {
        g_set_error(error, JIT_ERROR, JIT_ERROR_SYSTEM, "%s", static_build_reason);
        return NULL;
    }
    char *program = g_file_read_link("/proc/self/exe", error);
    if (!program) {
        g_prefix_error(error, "cannot tell where myna lies, so not where its LLVM module is: ");
        return NULL;
    }
    char *directory = g_path_get_dirname(program), *path = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(places) && !path; i++) {
        path = g_canonicalize_filename(places[i], directory);
        if (access(path, R_OK) < 0) {
            g_free(path);
            path = NULL;
        }
    }
    if (!path) {
        g_set_error(error, JIT_ERROR, JIT_ERROR_SYSTEM, "there is no %s in %s, nor %s from there",
                    places[0], directory, places[1]);
    }
    g_free(directory);
    g_free(program);
    return path;
}

char *llvm_module_path(void) { return module_path(NULL); }

bool llvm_find(GError **error)
{
    char *path = module_path(error);
    g_free(path);
    return path != NULL;
}

static bool load(GError **error)
{
    char *path = module_path(error);
    if (!path) {
        return false;
    }
    // Global: pass plugins that are not linked with LLVM find it in the process.
    void *module = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (!module) {
        g_set_error(error, JIT_ERROR, JIT_ERROR_SYSTEM, "%s", dlerror());
        g_free(path);
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(stubs); i++) {
        void *function = dlsym(module, stubs[i].name);
        if (!function) {
            g_set_error(error, JIT_ERROR, JIT_ERROR_SYSTEM,
                        "%s and its LLVM have no %s (another version?)", path, stubs[i].name);
            g_free(path);
            return false;
        }
        *stubs[i].pointer = function;
    }
    g_free(path);
    return true;
}

typedef struct Loading {
    GError **error;
    bool ok;
} Loading;

static void load_aside(void *opaque)
{
    Loading *l = opaque;
    l->ok = load(l->error);
}

bool llvm_load(GError **error)
{
    pthread_mutex_lock(&load_lock);
    if (!loaded) {
        Loading l = {.error = error};
        files_aside(load_aside, &l);
        loaded = l.ok;
    }
    bool ok = loaded;
    pthread_mutex_unlock(&load_lock);
    return ok;
}
