// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Callbacks that may compute in floating point, and the guest's FP flags.
//
// While guest code runs, the host's FP control register is the guest's, flags included.  A callback that may compute
// leaves it as it was (event-block.c, fp_save), which wants it read; reading costs more than most callbacks.  But between
// two callbacks integer code does not change it: so CPUState.fp_known says that fp_saved holds its value, and code that
// may change it, an FP op or a helper, says before that it does not any more: once after each callback, label and block's
// start.  All blocks say so, not only those with events, from the first such callback on: those that were there before are
// dropped.

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "cpu-list.h"
#include "event-internal.h"
#include "tcg/tcg-op.h"

static atomic_bool watched;

void event_fp_watch(void)
{
    if (!atomic_exchange(&watched, true)) {
        cpu_request_flush();
    }
}

// A callback's helper that keeps the register; those that see guest registers put it aside with them.
static bool is_keeper(const TCGOp *op)
{
    return op->opc == INDEX_op_call && (!strcmp(op->call_info->name, "event_call") ||
                                        !strcmp(op->call_info->name, "event_mem"));
}

static bool may_change(const TCGOp *op)
{
    if (op->opc == INDEX_op_call) {
        // The engines know the pair lookup_tb_ptr, goto_ptr: nothing may come between, and nothing is changed there.
        return !(op->call_info->flags & TCG_CALL_ADDRESS) && op->next->opc != INDEX_op_goto_ptr;
    }
    return tcg_op_defs[op->opc].flags & TCG_OPF_FP;
}

void event_fp_inject(TCGContext *ctx)
{
    if (!atomic_load_explicit(&watched, memory_order_relaxed)) {
        return;
    }
    bool known = true; // may be, as far as this code knows
    TCG_FOREACH_OP_SAFE(op, ctx, next)
    {
        if (is_keeper(op) || (tcg_op_defs[op->opc].flags & TCG_OPF_BB_START)) {
            known = true;
        } else if (known && may_change(op)) {
            ctx->emit_before = op;
            tcg_gen_st_i32(tcg_constant_i32(0), tcg_env(), offsetof(CPUState, fp_known));
            known = false;
        }
    }
    ctx->emit_before = &ctx->ops;
}
