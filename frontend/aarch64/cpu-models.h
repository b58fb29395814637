// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// CPU models of the Arm guests.

#ifndef FRONTEND_AARCH64_CPU_MODELS_H
#define FRONTEND_AARCH64_CPU_MODELS_H

#include <stdio.h>

#include "helpers/aarch64/cpu.h"

// NULL: the default.  NULL when there is no such model.
const ARMCPUModel *arm_model_find(const char *name);
const ARMCPUModel *arm_model_by_index(unsigned index);
void arm_model_list(FILE *f);
// What user mode reads from an ID register (op0 3, op1 0, CRn 0), which Linux emulates: the fields that it
// hides read as nothing implemented.  false for a register that it does not emulate.
bool arm_model_id_reg(const ARMCPUModel *m, unsigned crm, unsigned op2, uint64_t *value);

#endif
