// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Running a compiled unit without a block cache.
#ifndef UNIT_ENTRY_H
#define UNIT_ENTRY_H

#include "helpers/cpu-state.h"
#include "tcg/tcg-pinned.h"
#include "tcg2llvm/tier.h"

// The entry, made usable: what it leads to is in the block's TCGCode.
static inline TCGEntry *test_unit_entry(const LLVMEntry *e)
{
    ((TCGCode *)e->code)->pinned = e->pinned;
    return e->entry;
}

static inline uintptr_t test_enter_unit(void *env, const LLVMCode *unit)
{
    return tcg_enter(env, unit->entries[0].code, test_unit_entry(&unit->entries[0]),
                     &((CPUState *)env)->returns);
}

#endif
