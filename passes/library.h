// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --instrument-lib: the hooks that a bitcode library may define, and where calls of them are put in.
#ifndef MYNA_PASSES_LIBRARY_H
#define MYNA_PASSES_LIBRARY_H

#include "passes/pass.h"

#ifdef __cplusplus
extern "C" {
#endif

// The hooks: enum name, function, parameters as C and as letters (q: uint64_t, d: uint32_t, s: const
// char *), when it is called.  docs/writing-a-pass.md shows it to people.
// clang-format off
#define LIBRARY_HOOKS(X)                                                                           \
    X(BLOCK, "on_block", "uint64_t pc, uint32_t insns", "qd", "before a translation block")        \
    X(INSN, "on_insn", "uint64_t pc", "q", "before an instruction")                                \
    X(LOAD, "on_load", "uint64_t pc, uint64_t addr, uint32_t size", "qqd",                         \
      "before a load of so many bytes")                                                            \
    X(STORE, "on_store", "uint64_t pc, uint64_t addr, uint32_t size", "qqd",                       \
      "before a store; an atomic operation is a load and a store")                                 \
    X(LOAD_VALUE, "on_load_value", "uint64_t pc, uint64_t addr, uint32_t size, uint64_t value",    \
      "qqdq", "after a load, with the value (of more than 8 bytes, the low 8)")                    \
    X(STORE_VALUE, "on_store_value", "uint64_t pc, uint64_t addr, uint32_t size, uint64_t value",  \
      "qqdq", "before a store, with the value")                                                    \
    X(SYSCALL, "on_syscall", "uint64_t pc", "q", "before a system call")                           \
    X(CALL, "on_call", "uint64_t pc, uint64_t target, uint64_t ret", "qqq",                        \
      "before the guest calls a function")                                                         \
    X(RET, "on_ret", "uint64_t pc, uint64_t target", "qq", "before the guest returns from one")    \
    X(START, "on_start", "const char *guest", "s", "once, before guest code")                      \
    X(THREAD_START, "on_thread_start", "void", "", "in each guest thread, at its start")           \
    X(THREAD_END, "on_thread_end", "void", "", "and at its end")                                   \
    X(FORK_CHILD, "on_fork_child", "void", "", "in a child by fork")                               \
    X(END, "on_end", "void", "", "when the process ends or executes another program")              \
    X(EXIT, "on_exit", "void", "", "the same; `<stdlib.h>` has another function of this name")
// clang-format on

enum {
#define X(name, ...) LIBRARY_HOOK_##name,
    LIBRARY_HOOKS(X)
#undef X
        LIBRARY_HOOK_COUNT
};

// A library as units can use it: its functions and variables have external names that begin with a prefix, its
// thread-local variables lie in the thread's block.
typedef struct MynaLibrary {
    char *prefix;
    unsigned hooks; // a bit for each that it defines
    // It has functions PREFIX!construct and PREFIX!destruct, which call what is to run when it has been loaded, and
    // when the process ends.
    bool constructs, destructs;
    void *bitcode; // malloc'd
    size_t size;
    // Thread-local variables that do not start as zeros: where in the block, and the name of the bytes to copy.
    unsigned n_templates;
    struct MynaLibraryTemplate *templates;
} MynaLibrary;

typedef struct MynaLibraryTemplate {
    char *name;
    size_t offset, size;
} MynaLibraryTemplate;

#define LIBRARY_CONSTRUCT "!construct"
#define LIBRARY_DESTRUCT "!destruct"

// Reads a bitcode file.  alloc reserves room in the thread's block; a word at block_at from the thread pointer
// (llvm.thread.pointer) holds the block's address.  False and *error (malloc'd) when it is no such file, or has
// what cannot be supported.  What the library asks to have done at the end of process and thread are calls of
// myna.cxa_atexit, myna.atexit and myna.thread_atexit, as __cxa_atexit(), atexit() and __cxa_thread_atexit().
bool myna_library_read(LLVMContextRef context, const char *path, const char *prefix,
                       int64_t block_at, size_t (*alloc)(void *opaque, size_t size, size_t align),
                       void *opaque, MynaLibrary *library, char **error);
// The library as a module for code generation.
LLVMModuleRef myna_library_module(LLVMContextRef context, const MynaLibrary *library);
// Puts the calls of the library's hooks into a unit.
void myna_library_hook(MynaPassUnit *unit, const MynaLibrary *library);
// The C prototype of a hook.
const char *myna_library_hook_name(unsigned hook);

#ifdef __cplusplus
}
#endif
#endif
