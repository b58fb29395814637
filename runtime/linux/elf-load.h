// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Puts a program into guest memory: finds it, follows #! lines, maps it and its interpreter, builds
// the first stack.

#ifndef RUNTIME_LINUX_ELF_LOAD_H
#define RUNTIME_LINUX_ELF_LOAD_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "elf-image.h"
#include "elf-stack.h"

// A file that is to be run, opened and understood, nothing mapped yet.
typedef struct Program {
    int fd;
    char *path;      // of the ELF file, as it was named
    char *exec_path; // AT_EXECFN: what was asked for (the script, when there is one)
    GPtrArray *argv; // with what #! lines put in front; strings owned
    const GuestABI *abi;
    ElfImage image;
} Program;

// Opens `path`, follows #! lines (at most 4, as Linux).  argv is NULL-terminated and copied.  On false,
// *error is one line with the file's name, its code an errno.
bool program_open(const char *path, char *const *argv, Program *program, GError **error);
void program_close(Program *program);

// Where the loaded program begins.
typedef struct LoadedProgram {
    uint64_t entry;   // first instruction: the interpreter's when there is one
    uint64_t sp;      // stack pointer at entry
    uint64_t sigpage; // address of the ABI's sigpage, 0 when it has none
    StackStrings strings;
    GByteArray *auxv; // as on the stack, for /proc/self/auxv; the caller unrefs it
} LoadedProgram;

// Maps the program and its interpreter, builds the stack.  guest_memory_init has been called.
bool program_load(const Program *program, CPUState *cs, char *const *envp, uint64_t stack_size,
                  LoadedProgram *loaded, GError **error);

#endif
