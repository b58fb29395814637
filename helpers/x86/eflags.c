// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// EFLAGS put together from the flag globals, and taken apart.

#include "cpu.h"

#define FIXED_BITS (X86_IF | 2u)

uint64_t x86_eflags_get(const CPUX86State *env)
{
    uint64_t f = FIXED_BITS | env->eflags_other;
    f |= env->cc_c ? X86_CC_C : 0;
    f |= __builtin_parity((unsigned)(env->cc_n & 0xff)) ? 0 : X86_CC_P;
    f |= env->cc_a & X86_CC_A;
    f |= env->cc_z ? 0 : X86_CC_Z;
    f |= env->cc_n >> 63 ? X86_CC_S : 0;
    f |= env->cc_o ? X86_CC_O : 0;
    f |= env->df < 0 ? X86_DF : 0;
    return f;
}

void x86_eflags_set(CPUX86State *env, uint64_t eflags, uint64_t mask)
{
    const uint64_t other = X86_TF | X86_NT | X86_AC | X86_ID;
    uint64_t f = (x86_eflags_get(env) & ~mask) | (eflags & mask);
    env->cc_c = !!(f & X86_CC_C);
    env->cc_z = !(f & X86_CC_Z);
    env->cc_n = (f & X86_CC_S ? 1ull << 63 : 0) | (f & X86_CC_P ? 0 : 1);
    env->cc_o = !!(f & X86_CC_O);
    env->cc_a = f & X86_CC_A;
    env->df = f & X86_DF ? -1 : 1;
    env->eflags_other = f & other;
}
