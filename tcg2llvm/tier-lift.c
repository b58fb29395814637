// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowers blocks for people and tools to read, not to run.  See tier-lift.h.
#include "tcg2llvm/tier-lift.h"

#include "tcg2llvm/dump-ir.h"
#include "tcg2llvm/jit.h"
#include "tcg2llvm/tier-compile.h"

static bool lower_all(LLVMUnit *unit, const LLVMTierHost *host, const LLVMUnitBlock *blocks,
                      unsigned n_blocks, GError **error)
{
    TCGContext *ctx = host->context_new(host->opaque);
    bool ok = true;
    for (unsigned i = 0; i < n_blocks && ok; i++) {
        ok = host->translate(host->opaque, ctx, blocks[i].code);
        if (ok) {
            llvm_unit_block(unit, i, ctx);
        } else {
            g_set_error(error, JIT_ERROR, JIT_ERROR_IR,
                        "the block at 0x%" G_GINT64_MODIFIER "x cannot be translated",
                        blocks[i].pc);
        }
    }
    tcg_context_free(ctx);
    return ok;
}

static bool optimise(JitContext *context, LLVMModuleRef module, unsigned n, GError **error)
{
    char *message;
    if (!jit_verify(module, &message)) {
        g_set_error(error, JIT_ERROR, JIT_ERROR_IR, "ill-formed IR: %s", message);
        g_free(message);
        return false;
    }
    g_autofree char *pipeline = g_strdup_printf("default<O%u>", n);
    return n == 0 || jit_run_passes(context, module, pipeline, error);
}

bool tier_lift(const LLVMTierHost *host, const char *name, const LLVMUnitBlock *blocks,
               unsigned n_blocks, unsigned n, FILE *out, GError **error)
{
    LLVMTierOptions tier_options = {.keep_names = true};
    Jit *jit = tier_make_jit(&tier_options, error);
    JitContext *context = jit ? jit_context_new(jit, error) : NULL;
    if (!context) {
        jit_destroy(jit);
        return false;
    }
    LLVMLower *lower = llvm_lower_new(context);
    const LLVMUnitOptions options = {
        .symbolic = true,
        .guest_ops = true,
        .debug_lines = true,
        .pc_global = host->pc_global,
        .disassemble = host->disassemble,
        .flow = host->flow,
        .opaque = host->opaque,
    };
    LLVMUnit *unit = llvm_unit_new(lower, name, &options);
    llvm_unit_begin(unit, name, blocks, n_blocks);
    bool ok = lower_all(unit, host, blocks, n_blocks, error);
    if (!ok) {
        return false; // a unit cannot be left half done: it stays in memory
    }
    llvm_unit_end(unit);
    LLVMModuleRef module = llvm_unit_finish(unit);
    ok = optimise(context, module, n, error);
    if (ok) {
        dump_ir_print(module, host, out);
    }
    LLVMDisposeModule(module);
    llvm_lower_free(lower);
    jit_context_free(context);
    jit_destroy(jit);
    return ok;
}
