// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --verify runs each block twice, under two engines, and compares.  A helper whose result is not decided
// by the guest's state (RDTSC, RDRAND, RDPID, ...) passes it through cpu_nondet, so that the second run
// sees what the first saw:
//
//     return cpu_nondet(&env->cs, read_the_clock());

#ifndef HELPERS_CPU_VERIFY_H
#define HELPERS_CPU_VERIFY_H

#include "cpu-state.h"

enum { CPU_VERIFY_VALUES = 64 }; // more in one block are not replayed

typedef struct CPUVerify {
    bool replay;     // the second run
    uint32_t n, pos; // values recorded, values replayed
    uint64_t values[CPU_VERIFY_VALUES];
} CPUVerify;

static inline uint64_t cpu_nondet(CPUState *cs, uint64_t value)
{
    CPUVerify *v = (CPUVerify *)cs->verify;
    if (!v) {
        return value;
    }
    if (v->replay) {
        return v->pos < v->n ? v->values[v->pos++] : value;
    }
    if (v->n < CPU_VERIFY_VALUES) {
        v->values[v->n++] = value;
    }
    return value;
}

#endif
