// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM's disassembler, for logs: of guests whose frontend has none of its own.

#ifndef MYNA_TCG2LLVM_DISAS_H
#define MYNA_TCG2LLVM_DISAS_H

#include <stddef.h>
#include <stdint.h>

// A GuestDisassembler (frontend/frontend.h): one line for the instruction at bytes, which lies at pc.
// Gives its length; 0 when it is undefined, or when LLVM cannot be loaded or does not know the target.
// Loads LLVM. Thread-safe.
size_t llvm_disassemble(const char *triple, const char *features, uint64_t pc, const uint8_t *bytes,
                        size_t len, char *buf, size_t size);

#endif
