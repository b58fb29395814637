// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parts that guest_isa_aarch64 (cpu.c) is put together from.

#ifndef FRONTEND_AARCH64_ISA_H
#define FRONTEND_AARCH64_ISA_H

#include "frontend/translator.h"

extern const TranslatorOps a64_translator_ops;

extern const struct GuestGdbTarget a64_gdb_target; // gdb.c

#endif
