// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The way out of guest code from inside a helper.

#include "helpers/cpu-state.h"

_Noreturn void cpu_loop_exit(CPUState *cs) { siglongjmp(*cs->jmp_env, 1); }
