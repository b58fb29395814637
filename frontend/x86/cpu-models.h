// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// CPU models: which instructions a virtual x86 CPU has and shows in CPUID.

#ifndef FRONTEND_X86_CPU_MODELS_H
#define FRONTEND_X86_CPU_MODELS_H

#include <Zydis/Zydis.h>
#include <stdio.h>

#include "helpers/x86/cpu.h"

// The model of a `-cpu` argument: a name, and "+feature" or "-feature" behind commas ("max,-sha").
// NULL gives the default.  Gives NULL when a word is unknown.  Models live as long as the program.
const X86CPUModel *x86_model_find(const char *text);
const X86CPUModel *x86_model_by_index(unsigned index);
// The decoder that knows the instructions as this model decodes them (LZCNT is BSR where it lacks).
const ZydisDecoder *x86_model_decoder(const X86CPUModel *model, bool code64);
void x86_model_list(FILE *f); // `-cpu help`

#endif
