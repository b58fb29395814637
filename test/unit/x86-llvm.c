// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The LLVM engine for x86-native.h's cases: each block a unit of its own, so that what comes out is what
// the lowering makes of the frontend's ops.

#include <glib.h>
#include <stdio.h>

#include "helpers/x86/cpu.h"
#include "runtime/host-insn.h"
#include "tcg/tcg.h"
#include "tcg2llvm/tier-compile.h"
#include "x86-native.h"
#include "frontend/frontend.h"
#include "unit-entry.h"

static Compiler *compiler(void)
{
    static TierCommon common;
    static Compiler *c;
    if (!c) {
        GError *error = NULL;
        LLVMTierOptions options = {0};
        common.opt = options;
        common.opt.verify_ir = true;
        common.host.pc_global = -1;
        common.host.pinned = guest_isa_x86_64.pinned;
        common.jit = tier_make_jit(&options, &error);
        c = common.jit ? compiler_new(&common) : NULL;
        if (!c) {
            fprintf(stderr, "no LLVM: %s\n", error->message);
            g_error_free(error);
        }
    }
    return c;
}

static void recover(const ucontext_t *uc, void *env, uint64_t *pc)
{
    StateRegs regs;
    host_state_regs(uc, &regs);
    jit_recover(jit_context_jit(compiler()->jit), (const void *)uc->uc_mcontext.gregs[REG_RIP],
                &regs, env, pc);
}

static bool llvm_engine(TCGContext *ctx, TCGCode *code, LLVMLevel level)
{
    GError *error = NULL;
    Compiler *c = compiler();
    if (!c) {
        return false;
    }
    // The block's pc only names it.
    CompileBlock block = {
        .block = {.code = code, .pc = (uint64_t)(uintptr_t)code, .succ = {-1, -1}},
        .info = {.pc = (uint64_t)(uintptr_t)code, .size = 1, .num_insns = 1},
        .ctx = ctx};
    static uint32_t counter;
    code->counter = &counter;
    LLVMCode *unit = compiler_run(c, level == LLVM_HOT ? COMPILE_REGION : COMPILE_BATCH, level,
                                  &block, 1, &error);
    if (!unit) {
        tcg_set_error(ctx, "%s", error->message);
        g_error_free(error);
        return false;
    }
    static GPtrArray *units; // they stay for the life of the program
    if (!units) {
        units = g_ptr_array_new();
    }
    g_ptr_array_add(units, unit);
    code->entry = test_unit_entry(&unit->entries[0]);
    x86_recover = recover;
    return true;
}

static bool cold_engine(TCGContext *ctx, TCGCode *code)
{
    return llvm_engine(ctx, code, LLVM_COLD);
}

static bool hot_engine(TCGContext *ctx, TCGCode *code) { return llvm_engine(ctx, code, LLVM_HOT); }

int x86_llvm_run(const uint8_t *code, size_t size, X86TestState *st, uint32_t flags, bool hot)
{
    return x86_engine_run(hot ? hot_engine : cold_engine, code, size, st, flags);
}
