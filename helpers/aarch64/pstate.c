// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// PSTATE's flags as the program and signal frames see them.

#include "cpu.h"

uint32_t arm_pstate_get(const CPUARMState *env)
{
    return (env->nf >> 63 ? ARM_CC_N : 0) | (env->zf == 0 ? ARM_CC_Z : 0) |
           (env->cf ? ARM_CC_C : 0) | (env->vf >> 63 ? ARM_CC_V : 0);
}

void arm_pstate_set(CPUARMState *env, uint32_t pstate)
{
    env->nf = pstate & ARM_CC_N ? 1ull << 63 : 0;
    env->zf = !(pstate & ARM_CC_Z);
    env->cf = !!(pstate & ARM_CC_C);
    env->vf = pstate & ARM_CC_V ? 1ull << 63 : 0;
}
