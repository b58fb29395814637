// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// System helpers: the counter.

#include <time.h>

#include "cpu.h"

#define HELPER_TABLE "helpers/aarch64/helper-a64.h"
#define CPUArchState CPUARMState
#include "helpers/helper-proto.h"

// One tick a nanosecond / 16: CNTFRQ_EL0 says 62.5 MHz, what much hardware has.
uint64_t helper_a64_read_cntvct(CPUARMState *env)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    uint64_t ticks = ((uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec) / 16;
    return env->cs.nondeterministic ? env->cs.nondeterministic(&env->cs, ticks) : ticks;
}
