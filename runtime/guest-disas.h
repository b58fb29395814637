// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Disassembly of what lies in guest memory.

#ifndef RUNTIME_GUEST_DISAS_H
#define RUNTIME_GUEST_DISAS_H

#include "frontend/frontend.h"
#include "tcg2llvm/tier.h"

// One line for the instruction at pc, without its address; gives its length in bytes, 0 when its bytes cannot
// be read or are none.  Any thread.
size_t guest_disassemble(const GuestISA *isa, uint64_t pc, char *buf, size_t size);
// What the instruction at pc, whose first bytes these are, does to the flow of control; *next: the one behind it.
LLVMFlow guest_flow(const GuestISA *isa, uint64_t pc, const uint8_t *bytes, size_t len,
                    uint64_t *next);

#endif
