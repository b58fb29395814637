// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What all guests' CPUs share: the TCG context over a register table, and the size of a CPU.

#include "frontend/frontend.h"

#include <glib.h>

// Room for a block's temps, behind env.  translator.c bounds a block's temps so that it suffices for
// blocks without wide vectors; tcg_assign_frame says when it does not, and the block is made shorter.
#define FRAME_SIZE (32u << 10)

GuestDisassembler *frontend_disassembler;

static size_t frame_start(const GuestISA *isa) { return (isa->env_size + 63) & ~(size_t)63; }

TCGContext *frontend_context_new(const GuestISA *isa)
{
    g_autofree TCGGlobalDef *defs = g_new(TCGGlobalDef, isa->nb_regs);
    for (unsigned i = 0; i < isa->nb_regs; i++) {
        const GuestReg *r = &isa->regs[i];
        defs[i] = (TCGGlobalDef){.name = r->name, .type = r->type, .offset = r->offset};
    }
    return tcg_context_new(defs, isa->nb_regs, (intptr_t)frame_start(isa), FRAME_SIZE);
}

size_t frontend_cpu_size(const GuestISA *isa) { return frame_start(isa) + FRAME_SIZE; }
