// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operands of vector instructions: see vec.h.

#include "helpers.h"
#include "vec.h"

bool x86_op_is_mmx(const DisasContext *s, unsigned i)
{
    return x86_op_is_reg(s, i) && ZydisRegisterGetClass(s->op[i].reg.value) == ZYDIS_REGCLASS_MMX;
}

static bool op_is_xmm(const DisasContext *s, unsigned i)
{
    return x86_op_is_reg(s, i) && ZydisRegisterGetClass(s->op[i].reg.value) == ZYDIS_REGCLASS_XMM;
}

TCGv_vec x86_vec_reg(const DisasContext *s, unsigned i)
{
    unsigned n = x86_op_regno(s, i);
    return x86_op_is_mmx(s, i) ? x86_mm(n) : x86_xmm(n);
}

static TCGv_vec vec_load(DisasContext *s, unsigned i, unsigned like, bool aligned)
{
    if (x86_op_is_reg(s, i)) {
        return x86_vec_reg(s, i);
    }
    TCGType type = x86_op_is_mmx(s, like) ? TCG_TYPE_V64 : TCG_TYPE_V128;
    TCGv_vec r = tcg_temp_new_vec(type);
    if (s->op[i].size == 8 * tcg_type_size(type)) {
        TCGv_i64 addr = x86_op_addr(s, i);
        if (aligned && type == TCG_TYPE_V128) {
            x86_gen_align16_check(s, addr);
        }
        tcg_gen_qemu_ld_vec(r, addr, type == TCG_TYPE_V64 ? MO_64 : MO_128);
    } else if (type == TCG_TYPE_V64) {
        tcg_gen_bitcast_i64_v64(r, x86_op_load(s, i));
    } else {
        tcg_gen_zext_i64_v128(r, x86_op_load(s, i));
    }
    return r;
}

TCGv_vec x86_vec_load(DisasContext *s, unsigned i, unsigned like)
{
    return vec_load(s, i, like, true);
}

TCGv_vec x86_vec_load_unaligned(DisasContext *s, unsigned i, unsigned like)
{
    return vec_load(s, i, like, false);
}

TCGv_f32 x86_f32_load(DisasContext *s, unsigned i)
{
    TCGv_f32 r = tcg_temp_new_f32();
    if (x86_op_is_mem(s, i)) {
        tcg_gen_qemu_ld_f32(r, x86_op_addr(s, i), MO_32);
    } else {
        tcg_gen_extract_vec_f32(r, x86_vec_reg(s, i), 0);
    }
    return r;
}

TCGv_f64 x86_f64_load(DisasContext *s, unsigned i)
{
    TCGv_f64 r = tcg_temp_new_f64();
    if (x86_op_is_mem(s, i)) {
        tcg_gen_qemu_ld_f64(r, x86_op_addr(s, i), MO_64);
    } else {
        tcg_gen_extract_vec_f64(r, x86_vec_reg(s, i), 0);
    }
    return r;
}

TCGv_i64 x86_low64_load(DisasContext *s, unsigned i)
{
    TCGv_i64 r;
    if (op_is_xmm(s, i)) {
        r = tcg_temp_new_i64();
        tcg_gen_extract_vec_i64(MO_64, r, x86_vec_reg(s, i), 0);
    } else if (x86_op_is_mmx(s, i)) {
        r = tcg_temp_new_i64();
        tcg_gen_bitcast_v64_i64(r, x86_vec_reg(s, i));
    } else {
        r = x86_op_load(s, i);
    }
    return r;
}

void x86_low64_store(DisasContext *s, unsigned i, TCGv_i64 v)
{
    if (op_is_xmm(s, i)) {
        tcg_gen_zext_i64_v128(x86_vec_reg(s, i), v);
    } else if (x86_op_is_mmx(s, i)) {
        tcg_gen_bitcast_i64_v64(x86_vec_reg(s, i), v);
        x86_mmx_wrote(s, i);
    } else {
        x86_op_store(s, i, v);
    }
}

void x86_check_x87_pending(DisasContext *s)
{
    TCGv_i64 fpus = tcg_temp_new_i64();
    tcg_gen_ld16u_i64(fpus, tcg_env(), offsetof(CPUX86State, fpus));
    x86_gen_exception_if(s, EXCP10_COPR, TCG_COND_TSTNE, fpus, tcg_constant_i64(X86_FPUS_ES));
}

void x86_mmx_begin(DisasContext *s)
{
    if (s->mmx_entered) {
        return;
    }
    s->mmx_entered = true;
    x86_check_x87_pending(s);
    s->mmx_enter_pending = true;
}

void x86_mmx_end(DisasContext *s)
{
    if (s->mmx_enter_pending) {
        s->mmx_enter_pending = false;
        tcg_gen_st_i32(tcg_constant_i32(0), tcg_env(), offsetof(CPUX86State, fpstt));
        tcg_gen_st_i64(tcg_constant_i64(0), tcg_env(), offsetof(CPUX86State, fptags));
    }
}

void x86_mmx_wrote(DisasContext *s, unsigned i)
{
    unsigned n = x86_op_regno(s, i);
    if (s->mmx_written & (1u << n)) {
        return;
    }
    s->mmx_written |= (uint8_t)(1u << n);
    tcg_gen_st16_i32(
        tcg_constant_i32(0xffff), tcg_env(),
        (intptr_t)(offsetof(CPUX86State, fpregs) + n * sizeof(X86FPReg) + offsetof(X86FPReg, se)));
}

void x86_vec_begin(DisasContext *s, unsigned i)
{
    if (x86_op_is_mmx(s, i)) {
        x86_mmx_begin(s);
    }
}

void x86_vec_wrote(DisasContext *s, unsigned i)
{
    if (x86_op_is_mmx(s, i)) {
        x86_mmx_wrote(s, i);
    }
}

void x86_sse_fp_begin(DisasContext *s)
{
    if (s->sse_unmasked) {
        gen_helper_x86_sse_exc_begin(tcg_env());
    }
}

void x86_sse_fp_end(DisasContext *s)
{
    if (s->sse_unmasked) {
        x86_sync_state(s);
        gen_helper_x86_sse_exc_check(tcg_env());
    }
}

TCGv_vec x86_sse_fp_dest(DisasContext *s, TCGv_vec d)
{
    return s->sse_unmasked ? tcg_temp_new_vec(tcgv_vec_type(d)) : d;
}

void x86_sse_fp_commit(DisasContext *s, TCGv_vec d, TCGv_vec r)
{
    x86_sse_fp_end(s);
    tcg_gen_mov_vec(d, r);
}

// The lane goes into its vector before the check, not after: with AVX-512 LLVM 19 makes one instruction
// of a strict FP operation and the insertion, and forgets that it was ordered before the call.
void x86_sse_fp_commit_f32(DisasContext *s, TCGv_vec d, TCGv_f32 r)
{
    TCGv_vec t = x86_sse_fp_dest(s, d);
    tcg_gen_insert_vec_f32(t, d, r, 0);
    x86_sse_fp_commit(s, d, t);
}

void x86_sse_fp_commit_f64(DisasContext *s, TCGv_vec d, TCGv_f64 r)
{
    TCGv_vec t = x86_sse_fp_dest(s, d);
    tcg_gen_insert_vec_f64(t, d, r, 0);
    x86_sse_fp_commit(s, d, t);
}
