// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parts that guest_isa_x86_64 (cpu.c) is put together from.

#ifndef FRONTEND_X86_ISA_H
#define FRONTEND_X86_ISA_H

#include "frontend/translator.h"

extern const TranslatorOps x86_translator_ops;
void x86_translate_init(void); // builds the look-up of semantics rows

size_t x86_disassemble(const CPUState *cs, uint64_t pc, const uint8_t *bytes, size_t len, char *buf,
                       size_t size);
// How an instruction uses memory, for the signal that its fault becomes; 0 for an unknown one.
enum {
    // Each operand in memory is written.  One that is read as well asks for both rights at once: the page
    // fault is one of a write, while a block faults in its load.
    X86_USE_WRITE = 1,
    X86_USE_STACK = 2, // all in the stack segment: a non-canonical address is #SS, not #GP
};
unsigned x86_memory_use(bool code64, const uint8_t *bytes, size_t len);
// GuestISA.insn_class.
unsigned x86_insn_class(const uint8_t *bytes, size_t len, size_t *size);

enum { X86_NB_STATE_REGS = 59 };
extern const GuestStateReg x86_state_regs[X86_NB_STATE_REGS];
void x86_state_get(const CPUState *cs, unsigned n, void *buf);
bool x86_state_set(CPUState *cs, unsigned n, const void *buf);
void x86_dump_state(const CPUState *cs, FILE *f);

extern const struct GuestGdbTarget x86_gdb_target; // gdb.c

#endif
