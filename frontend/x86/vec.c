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

static bool op_is_ymm(const DisasContext *s, unsigned i)
{
    return x86_op_is_reg(s, i) && ZydisRegisterGetClass(s->op[i].reg.value) == ZYDIS_REGCLASS_YMM;
}

TCGv_vec x86_vec_reg(const DisasContext *s, unsigned i)
{
    unsigned n = x86_op_regno(s, i);
    return x86_op_is_mmx(s, i) ? x86_mm(n) : x86_xmm(n);
}

TCGv_vec x86_vec_zero(TCGType type)
{
    TCGv_vec r = tcg_temp_new_vec(type);
    tcg_gen_dupi_vec(MO_64, r, 0);
    return r;
}

static TCGType vec_type(const DisasContext *s, unsigned i)
{
    return x86_op_is_mmx(s, i) ? TCG_TYPE_V64 : op_is_ymm(s, i) ? TCG_TYPE_V256 : TCG_TYPE_V128;
}

static TCGv_vec vec_reg_load(const DisasContext *s, unsigned i, TCGType type)
{
    TCGv_vec low = x86_vec_reg(s, i);
    if (type != TCG_TYPE_V256) {
        return low;
    }
    TCGv_vec r = tcg_temp_new_v256();
    bool whole = op_is_ymm(s, i);
    tcg_gen_concat_v128_v256(r, low,
                             whole ? x86_ymmh(x86_op_regno(s, i)) : x86_vec_zero(TCG_TYPE_V128));
    return r;
}

static TCGv_vec vec_load(DisasContext *s, unsigned i, unsigned like, bool aligned)
{
    TCGType type = vec_type(s, like);
    if (x86_op_is_reg(s, i)) {
        return vec_reg_load(s, i, type);
    }
    if (s->op[i].size == 8 * tcg_type_size(type)) {
        TCGv_vec r = tcg_temp_new_vec(type);
        TCGv_i64 addr = x86_op_addr(s, i);
        if (aligned && type == TCG_TYPE_V128 && !x86_is_vex(s)) {
            x86_gen_align16_check(s, addr);
        }
        tcg_gen_qemu_ld_vec(r, addr, x86_op_size(s, i));
        return r;
    }
    TCGv_vec r = tcg_temp_new_vec(type == TCG_TYPE_V256 ? TCG_TYPE_V128 : type);
    if (s->op[i].size == 128) {
        tcg_gen_qemu_ld_vec(r, x86_op_addr(s, i), MO_128);
    } else if (type == TCG_TYPE_V64) {
        tcg_gen_bitcast_i64_v64(r, x86_op_load(s, i));
    } else {
        tcg_gen_zext_i64_v128(r, x86_op_load(s, i));
    }
    if (type == TCG_TYPE_V256) {
        TCGv_vec wide = tcg_temp_new_v256();
        tcg_gen_concat_v128_v256(wide, r, x86_vec_zero(TCG_TYPE_V128));
        return wide;
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
        if (x86_is_vex(s)) {
            x86_ymmh_clear(s, x86_op_regno(s, i));
        }
    } else if (x86_op_is_mmx(s, i)) {
        tcg_gen_bitcast_i64_v64(x86_vec_reg(s, i), v);
        x86_mmx_wrote(s, i);
    } else {
        x86_op_store(s, i, v);
    }
}

// --- destinations ----------------------------------------------------------------------------------

TCGv_vec x86_vec_dest(DisasContext *s)
{
    return vec_type(s, 0) == TCG_TYPE_V256 ? tcg_temp_new_v256() : x86_vec_reg(s, 0);
}

void x86_ymmh_clear(DisasContext *s, unsigned n)
{
    if (!(s->ymmh_zero >> n & 1)) {
        s->ymmh_zero |= (uint16_t)(1u << n);
        tcg_gen_dupi_vec(MO_64, x86_ymmh(n), 0);
    }
}

void x86_vec_commit(DisasContext *s, TCGv_vec r)
{
    unsigned n = x86_op_regno(s, 0);
    if (x86_op_is_mmx(s, 0)) {
        tcg_gen_mov_vec(x86_mm(n), r);
        x86_mmx_wrote(s, 0);
    } else if (tcgv_vec_type(r) == TCG_TYPE_V256) {
        s->ymmh_zero &= (uint16_t)~(1u << n);
        tcg_gen_extrl_v256_v128(x86_xmm(n), r);
        tcg_gen_extrh_v256_v128(x86_ymmh(n), r);
    } else {
        tcg_gen_mov_vec(x86_xmm(n), r);
        if (x86_is_vex(s)) {
            x86_ymmh_clear(s, n);
        }
    }
}

// --- lanes -----------------------------------------------------------------------------------------

void x86_vec_shuffle(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b, const uint8_t *index)
{
    uint8_t all[X86_MAX_LANES];
    unsigned n = x86_vec_lanes(r, vece), part = 16u >> vece;
    part = part < n ? part : n;
    for (unsigned i = 0; i < n; i++) {
        unsigned base = i / part * part, from = index[i];
        all[i] = (uint8_t)(from == 0xff  ? 0xff
                           : from < part ? base + from
                                         : n + base + from - part);
    }
    tcg_gen_shuffle_vec(vece, r, a, b, all);
}

TCGv_vec x86_vec_half(TCGv_vec v, unsigned half)
{
    TCGv_vec r = tcg_temp_new_v128();
    if (half) {
        tcg_gen_extrh_v256_v128(r, v);
    } else {
        tcg_gen_extrl_v256_v128(r, v);
    }
    return r;
}

void x86_vec_by_halves1(void (*fn)(TCGv_vec r, TCGv_vec a), TCGv_vec r, TCGv_vec a)
{
    if (tcgv_vec_type(r) != TCG_TYPE_V256) {
        fn(r, a);
        return;
    }
    TCGv_vec low = tcg_temp_new_v128(), high = tcg_temp_new_v128();
    fn(low, x86_vec_half(a, 0));
    fn(high, x86_vec_half(a, 1));
    tcg_gen_concat_v128_v256(r, low, high);
}

void x86_vec_by_halves2(void (*fn)(TCGv_vec r, TCGv_vec a, TCGv_vec b), TCGv_vec r, TCGv_vec a,
                        TCGv_vec b)
{
    if (tcgv_vec_type(r) != TCG_TYPE_V256) {
        fn(r, a, b);
        return;
    }
    TCGv_vec low = tcg_temp_new_v128(), high = tcg_temp_new_v128();
    fn(low, x86_vec_half(a, 0), x86_vec_half(b, 0));
    fn(high, x86_vec_half(a, 1), x86_vec_half(b, 1));
    tcg_gen_concat_v128_v256(r, low, high);
}

// --- MMX and FP state ------------------------------------------------------------------------------

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

TCGv_vec x86_sse_fp_dest(DisasContext *s)
{
    return s->sse_unmasked ? tcg_temp_new_vec(vec_type(s, 0)) : x86_vec_dest(s);
}

void x86_sse_fp_commit(DisasContext *s, TCGv_vec r)
{
    x86_sse_fp_end(s);
    x86_vec_commit(s, r);
}

// The lane goes into its vector before the check, not after: with AVX-512 LLVM 19 makes one instruction
// of a strict FP operation and the insertion, and forgets that it was ordered before the call.
void x86_sse_fp_commit_f32(DisasContext *s, TCGv_f32 r)
{
    TCGv_vec t = x86_sse_fp_dest(s);
    tcg_gen_insert_vec_f32(t, x86_vec_reg(s, x86_vec_first(s)), r, 0);
    x86_sse_fp_commit(s, t);
}

void x86_sse_fp_commit_f64(DisasContext *s, TCGv_f64 r)
{
    TCGv_vec t = x86_sse_fp_dest(s);
    tcg_gen_insert_vec_f64(t, x86_vec_reg(s, x86_vec_first(s)), r, 0);
    x86_sse_fp_commit(s, t);
}
