// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Disassembly of what lies in guest memory.

#ifndef RUNTIME_GUEST_DISAS_H
#define RUNTIME_GUEST_DISAS_H

#include "frontend/frontend.h"

// One line for the instruction at pc, without its address; gives its length in bytes, 0 when its bytes cannot
// be read or are none.  Any thread.
size_t guest_disassemble(const GuestISA *isa, uint64_t pc, char *buf, size_t size);

#endif
