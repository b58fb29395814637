// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers that every guest's blocks use.  They know no guest: env is taken for its first member.

#include "helpers/cpu-state.h"

#define HELPER_TABLE "helpers/common/helper-common.h"
#define CPUArchState CPUState
#include "helpers/helper-proto.h"

void *HELPER(lookup_tb_ptr)(CPUState *cs) { return (void *)cs->lookup_tb_ptr(cs); }

void HELPER(raise_exception)(CPUState *cs, uint32_t exception)
{
    cs->exception_index = (int32_t)exception;
    cpu_loop_exit(cs);
}
