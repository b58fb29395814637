// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// EFLAGS put together from the flag globals, and taken apart.

#include "cpu.h"

#define FIXED_BITS (X86_IF | 2u)

typedef struct Flags {
    uint64_t z, n, c, o, a; // as the cc_* globals
} Flags;

static uint64_t zero_extended(uint64_t v, unsigned bits) { return v << (64 - bits) >> (64 - bits); }
static uint64_t sign_extended(uint64_t v, unsigned bits)
{
    return (uint64_t)((int64_t)(v << (64 - bits)) >> (64 - bits));
}

// As frontend/x86/flags.c computes them.
static Flags flags_of(const CPUX86State *env)
{
    unsigned op = env->cc_op & 0xff, bits = 8u << (env->cc_op >> 8);
    uint64_t a = env->cc_p1, b = env->cc_p2, r = a, c = env->cc_c;
    switch (op) {
    case X86_FLAGS_GLOBALS: return (Flags){env->cc_z, env->cc_n, env->cc_c, env->cc_o, env->cc_a};
    case X86_FLAGS_LOGIC: return (Flags){zero_extended(r, bits), sign_extended(r, bits), 0, 0, 0};
    case X86_FLAGS_ADD:
        r = a + b;
        c = zero_extended(r, bits) < zero_extended(a, bits);
        break;
    case X86_FLAGS_SUB:
        r = a - b;
        c = zero_extended(a, bits) < zero_extended(b, bits);
        break;
    case X86_FLAGS_INC: r = a + (b = 1); break;
    default: r = a - (b = 1); break;
    }
    bool sum = op == X86_FLAGS_ADD || op == X86_FLAGS_INC;
    uint64_t o = (a ^ r) & (b ^ (sum ? r : a));
    return (Flags){zero_extended(r, bits), sign_extended(r, bits), c, o >> (bits - 1) & 1,
                   a ^ b ^ r};
}

void x86_flags_settle(CPUX86State *env)
{
    if (env->cc_op != X86_FLAGS_GLOBALS) {
        Flags f = flags_of(env);
        env->cc_z = f.z;
        env->cc_n = f.n;
        env->cc_c = f.c;
        env->cc_o = f.o;
        env->cc_a = f.a;
        env->cc_op = X86_FLAGS_GLOBALS;
    }
}

uint64_t x86_eflags_get(const CPUX86State *env)
{
    uint64_t f = FIXED_BITS | env->eflags_other;
    const Flags cc = flags_of(env);
    f |= cc.c ? X86_CC_C : 0;
    f |= __builtin_parity((unsigned)(cc.n & 0xff)) ? 0 : X86_CC_P;
    f |= cc.a & X86_CC_A;
    f |= cc.z ? 0 : X86_CC_Z;
    f |= cc.n >> 63 ? X86_CC_S : 0;
    f |= cc.o ? X86_CC_O : 0;
    f |= env->df < 0 ? X86_DF : 0;
    return f;
}

void x86_eflags_set(CPUX86State *env, uint64_t eflags, uint64_t mask)
{
    const uint64_t other = X86_TF | X86_NT | X86_AC | X86_ID;
    uint64_t f = (x86_eflags_get(env) & ~mask) | (eflags & mask);
    env->cc_op = X86_FLAGS_GLOBALS;
    env->cc_c = !!(f & X86_CC_C);
    env->cc_z = !(f & X86_CC_Z);
    env->cc_n = (f & X86_CC_S ? 1ull << 63 : 0) | (f & X86_CC_P ? 0 : 1);
    env->cc_o = !!(f & X86_CC_O);
    env->cc_a = f & X86_CC_A;
    env->df = f & X86_DF ? -1 : 1;
    env->eflags_other = f & other;
}
