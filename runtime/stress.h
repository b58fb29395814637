// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --stress: what may happen to translated code at any time happens all the time.  The guest must not notice.

#ifndef RUNTIME_STRESS_H
#define RUNTIME_STRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/frontend.h"

// Before the first CPU is made.
void stress_init(uint64_t seed);

extern bool stress_wanted;

// Before the CPU looks for its next block: in a read-side section, with no lock held and the guest's FP state out
// of the host's FP unit.  True when the block that was left should not be linked to the next one.
bool stress_round(CPUState *cs);

// The child of a fork has no thread yet.
void stress_rest(void); // ends its thread; the next round starts another
void stress_fork_child(void);

#endif
