// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FP state as a whole: MXCSR, FXSAVE, XSAVE.  What loads MXCSR ends the block, as the block's key tells
// whether SSE exceptions are masked.

#include "helpers.h"
#include "vec.h"

static bool trans_ldmxcsr(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i32 v = tcg_temp_new_i32();
    tcg_gen_qemu_ld_i32(v, x86_op_addr(s, 0), MO_32);
    x86_sync_state(s);
    gen_helper_x86_ldmxcsr(tcg_env(), v);
    x86_store_pc(s, s->next_pc);
    s->base.is_jmp = X86_DISAS_EXIT; // of another kind, maybe, is the next block
    return true;
}

static bool trans_stmxcsr(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i32 v = tcg_temp_new_i32();
    gen_helper_x86_stmxcsr(v, tcg_env());
    tcg_gen_qemu_st_i32(v, x86_op_addr(s, 0), MO_32);
    return true;
}

static bool trans_fxsave(DisasContext *s, int rexw)
{
    TCGv_i64 addr = x86_op_addr(s, 0);
    x86_sync_state(s);
    gen_helper_x86_fxsave(tcg_env(), addr, tcg_constant_i32(rexw));
    return true;
}

static bool trans_fxrstor(DisasContext *s, int rexw)
{
    TCGv_i64 addr = x86_op_addr(s, 0);
    x86_mmx_forget(s);
    x86_sync_state(s);
    gen_helper_x86_fxrstor(tcg_env(), addr, tcg_constant_i32(rexw));
    x86_store_pc(s, s->next_pc);
    s->base.is_jmp = X86_DISAS_EXIT; // of another kind, maybe, is the next block
    return true;
}

// The components that EDX:EAX asks for.
static TCGv_i64 component_mask(void)
{
    TCGv_i64 mask = tcg_temp_new_i64();
    tcg_gen_deposit_i64(mask, x86_gpr(R_EAX), x86_gpr(R_EDX), 32, 32);
    return mask;
}

static bool trans_xsave(DisasContext *s, int compact)
{
    TCGv_i64 addr = x86_op_addr(s, 0);
    x86_sync_state(s);
    gen_helper_x86_xsave(tcg_env(), addr, component_mask(), tcg_constant_i32(compact));
    return true;
}

static bool trans_xrstor(DisasContext *s, int arg)
{
    (void)arg;
    TCGv_i64 addr = x86_op_addr(s, 0);
    x86_mmx_forget(s);
    x86_sync_state(s);
    gen_helper_x86_xrstor(tcg_env(), addr, component_mask());
    x86_store_pc(s, s->next_pc);
    s->base.is_jmp = X86_DISAS_EXIT; // of another kind, maybe, is the next block
    return true;
}

// clang-format off
#define ROW X86_ROW
const X86Row x86_rows_fpstate[] = {
    ROW(LDMXCSR, ldmxcsr, 0, NONE), ROW(STMXCSR, stmxcsr, 0, NONE),
    ROW(VLDMXCSR, ldmxcsr, 0, AVX), ROW(VSTMXCSR, stmxcsr, 0, AVX),
    ROW(FXSAVE, fxsave, 0, NONE), ROW(FXSAVE64, fxsave, 1, NONE),
    ROW(FXRSTOR, fxrstor, 0, NONE), ROW(FXRSTOR64, fxrstor, 1, NONE),
    ROW(XSAVE, xsave, 0, XSAVE), ROW(XSAVE64, xsave, 0, XSAVE),
    ROW(XSAVEOPT, xsave, 0, XSAVEOPT), ROW(XSAVEOPT64, xsave, 0, XSAVEOPT),
    ROW(XSAVEC, xsave, 1, XSAVEC), ROW(XSAVEC64, xsave, 1, XSAVEC),
    ROW(XRSTOR, xrstor, 0, XSAVE), ROW(XRSTOR64, xrstor, 0, XSAVE),
};
// clang-format on
const size_t x86_rows_fpstate_count = sizeof x86_rows_fpstate / sizeof *x86_rows_fpstate;
