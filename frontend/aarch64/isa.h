// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parts that guest_isa_aarch64 (cpu.c) is put together from.

#ifndef FRONTEND_AARCH64_ISA_H
#define FRONTEND_AARCH64_ISA_H

#include "frontend/translator.h"

extern const TranslatorOps a64_translator_ops;

enum { A64_NB_STATE_REGS = 69 };
extern const GuestStateReg a64_state_regs[A64_NB_STATE_REGS];
void a64_state_get(const CPUState *cs, unsigned n, void *buf);
bool a64_state_set(CPUState *cs, unsigned n, const void *buf);
extern const struct GuestGdbTarget a64_gdb_target; // gdb.c

#endif
