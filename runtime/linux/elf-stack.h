// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The stack that a program starts with.

#ifndef RUNTIME_LINUX_ELF_STACK_H
#define RUNTIME_LINUX_ELF_STACK_H

#include "abi.h"

typedef struct StackInfo {
    const GuestABI *abi;
    CPUState *cs;
    const GPtrArray *argv; // strings, without a NULL at the end
    char *const *envp;
    const char *exec_path;
    uint64_t phdr, phent, phnum; // AT_PHDR ...; phdr 0: the headers are not in memory
    uint64_t interp_base;        // AT_BASE
    uint64_t entry;              // AT_ENTRY
    uint64_t size;               // bytes of stack
    bool executable;
} StackInfo;

// Where the strings of the arguments and, right behind them, of the environment stand.
typedef struct StackStrings {
    uint64_t args, env, end;
} StackStrings;

// Maps a stack and fills it; gives the stack pointer at entry and the strings' places, and appends the auxiliary
// vector's bytes to auxv.
bool stack_build(const StackInfo *info, uint64_t *sp, StackStrings *strings, GByteArray *auxv,
                 GError **error);

#endif
