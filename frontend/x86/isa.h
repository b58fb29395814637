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
void x86_dump_state(const CPUState *cs, FILE *f);

#endif
