// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM is loaded when it is first needed, not when the program starts: see load.c.
#ifndef MYNA_TCG2LLVM_LLVM_SHIM_LOAD_H
#define MYNA_TCG2LLVM_LLVM_SHIM_LOAD_H

#include <stdbool.h>
#include <glib.h>

// Is the module that holds the C++ part where it should be? Loads nothing. False and an error
// (JIT_ERROR_SYSTEM) when it is not.
bool llvm_find(GError **error);

// Why there is none in myna-static (runtime/static-build.c); NULL in others.
extern const char static_build_reason[] __attribute__((weak));

// The path of that module, NULL when it is nowhere; g_free it.
char *llvm_module_path(void);

// Loads LLVM; does nothing when that has been done. Must have returned true before any function of
// LLVM-C or the shim is called. False and an error (JIT_ERROR_SYSTEM) when it cannot be loaded.
// Thread-safe. Takes some 20 ms the first time.
bool llvm_load(GError **error);

#endif
