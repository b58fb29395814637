// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operands: registers of all widths, memory addresses, immediates, as i64 values.
//
// A value's bits above the operand's size are of two kinds: zero (x86_op_load) or anything (_raw, _tmp).
// Most operations only look at the low bits, and extend what they record for the flags when a flag is
// asked for, so raw values save an op an operand.

#include "frontend/x86/translate.h"

#include <glib.h>

// --- registers ---------------------------------------------------------------------------------------

typedef struct RegRef {
    uint8_t n;  // 0-15
    bool high;  // AH, CH, DH, BH
    bool known; // a general-purpose register
    MemOp size;
} RegRef;

static RegRef gpr_ref(ZydisRegister r)
{
    if (r >= ZYDIS_REGISTER_AL && r <= ZYDIS_REGISTER_R15B) {
        unsigned i = r - ZYDIS_REGISTER_AL;
        // AL CL DL BL, AH CH DH BH, SPL BPL SIL DIL R8B ..
        bool high = i >= 4 && i < 8;
        return (RegRef){(uint8_t)(i < 4 ? i : i - 4), high, true, MO_8};
    }
    if (r >= ZYDIS_REGISTER_AX && r <= ZYDIS_REGISTER_R15W) {
        return (RegRef){(uint8_t)(r - ZYDIS_REGISTER_AX), false, true, MO_16};
    }
    if (r >= ZYDIS_REGISTER_EAX && r <= ZYDIS_REGISTER_R15D) {
        return (RegRef){(uint8_t)(r - ZYDIS_REGISTER_EAX), false, true, MO_32};
    }
    if (r >= ZYDIS_REGISTER_RAX && r <= ZYDIS_REGISTER_R15) {
        return (RegRef){(uint8_t)(r - ZYDIS_REGISTER_RAX), false, true, MO_64};
    }
    return (RegRef){0};
}

unsigned x86_op_regno(const DisasContext *s, unsigned i)
{
    ZydisRegister r = s->op[i].reg.value;
    RegRef ref = gpr_ref(r);
    if (ref.known) {
        return ref.n;
    }
    static const struct {
        ZydisRegister first, last;
    } files[] = {
        {ZYDIS_REGISTER_XMM0, ZYDIS_REGISTER_XMM15}, {ZYDIS_REGISTER_YMM0, ZYDIS_REGISTER_YMM15},
        {ZYDIS_REGISTER_MM0, ZYDIS_REGISTER_MM7},    {ZYDIS_REGISTER_ST0, ZYDIS_REGISTER_ST7},
        {ZYDIS_REGISTER_ES, ZYDIS_REGISTER_GS},
    };
    for (unsigned f = 0; f < G_N_ELEMENTS(files); f++) {
        if (r >= files[f].first && r <= files[f].last) {
            return r - files[f].first;
        }
    }
    return 0;
}

MemOp x86_op_size(const DisasContext *s, unsigned i)
{
    switch (s->op[i].size) {
    case 8: return MO_8;
    case 16: return MO_16;
    case 32: return MO_32;
    case 64: return MO_64;
    case 128: return MO_128;
    default: return MO_256;
    }
}

// --- extension ---------------------------------------------------------------------------------------

static bool is_const(TCGv_i64 v) { return ((TCGTemp *)v)->kind == TEMP_CONST; }

TCGv_i64 x86_zext(TCGv_i64 v, MemOp size)
{
    if (size >= MO_64) {
        return v;
    }
    if (is_const(v)) {
        return tcg_constant_i64((int64_t)(((TCGTemp *)v)->val & ((1ull << (8u << size)) - 1)));
    }
    TCGv_i64 r = tcg_temp_new_i64();
    switch (size) {
    case MO_8: tcg_gen_ext8u_i64(r, v); break;
    case MO_16: tcg_gen_ext16u_i64(r, v); break;
    default: tcg_gen_ext32u_i64(r, v); break;
    }
    return r;
}

TCGv_i64 x86_sext(TCGv_i64 v, MemOp size)
{
    if (size >= MO_64) {
        return v;
    }
    if (is_const(v)) {
        unsigned shift = 64 - (8u << size);
        return tcg_constant_i64((int64_t)(((TCGTemp *)v)->val << shift) >> shift);
    }
    TCGv_i64 r = tcg_temp_new_i64();
    switch (size) {
    case MO_8: tcg_gen_ext8s_i64(r, v); break;
    case MO_16: tcg_gen_ext16s_i64(r, v); break;
    default: tcg_gen_ext32s_i64(r, v); break;
    }
    return r;
}

// --- addresses ---------------------------------------------------------------------------------------

static TCGv_i64 scaled_index(const ZydisDecodedOperandMem *m)
{
    TCGv_i64 index = x86_gpr(gpr_ref(m->index).n);
    if (m->scale <= 1) {
        return index;
    }
    TCGv_i64 r = tcg_temp_new_i64();
    tcg_gen_shli_i64(r, index, __builtin_ctz(m->scale));
    return r;
}

static TCGv_i64 effective_addr(DisasContext *s, const ZydisDecodedOperandMem *m)
{
    int64_t disp = m->disp.has_displacement ? m->disp.value : 0;
    TCGv_i64 r = tcg_temp_new_i64();

    if (m->base == ZYDIS_REGISTER_RIP || m->base == ZYDIS_REGISTER_EIP) {
        uint64_t a = s->next_pc + (uint64_t)disp;
        tcg_gen_movi_i64(r, (int64_t)(m->base == ZYDIS_REGISTER_EIP ? (uint32_t)a : a));
        return r;
    }
    TCGv_i64 base = NULL;
    if (m->base != ZYDIS_REGISTER_NONE) {
        base = x86_gpr(gpr_ref(m->base).n);
    }
    if (m->index != ZYDIS_REGISTER_NONE && m->scale) {
        TCGv_i64 index = scaled_index(m);
        if (base) {
            TCGv_i64 sum = tcg_temp_new_i64();
            tcg_gen_add_i64(sum, base, index);
            base = sum;
        } else {
            base = index;
        }
    }
    if (!base) {
        // A 64-bit absolute address, or a 32-bit one that the address size cuts.
        tcg_gen_movi_i64(r, s->insn.address_width == 32 ? (int64_t)(uint32_t)disp : disp);
        return r;
    }
    if (s->insn.address_width == 64) {
        if (disp) {
            tcg_gen_addi_i64(r, base, disp);
        } else {
            tcg_gen_mov_i64(r, base);
        }
        return r;
    }
    if (disp) {
        TCGv_i64 sum = tcg_temp_new_i64();
        tcg_gen_addi_i64(sum, base, disp);
        base = sum;
    }
    if (s->insn.address_width == 32) {
        tcg_gen_ext32u_i64(r, base);
    } else {
        tcg_gen_ext16u_i64(r, base);
    }
    return r;
}

// In 64-bit mode the other segments have base 0; i386 programs under Linux use them flat.
static TCGv_i64 with_segment(DisasContext *s, const ZydisDecodedOperandMem *m, TCGv_i64 a)
{
    if (m->segment != ZYDIS_REGISTER_FS && m->segment != ZYDIS_REGISTER_GS) {
        return a;
    }
    TCGv_i64 r = tcg_temp_new_i64();
    tcg_gen_add_i64(
        r, a, tcg_global_i64(m->segment == ZYDIS_REGISTER_FS ? X86_G_FS_BASE : X86_G_GS_BASE));
    return s->code64 ? r : x86_zext(r, MO_32);
}

TCGv_i64 x86_op_effective_addr(DisasContext *s, unsigned i)
{
    return effective_addr(s, &s->op[i].mem);
}

void x86_vsib_base(DisasContext *s, unsigned i, TCGv_i64 r)
{
    ZydisDecodedOperandMem m = s->op[i].mem;
    m.index = ZYDIS_REGISTER_NONE;
    tcg_gen_mov_i64(r, with_segment(s, &m, effective_addr(s, &m)));
}

TCGv_i64 x86_op_addr(DisasContext *s, unsigned i)
{
    if (s->addr[i]) {
        return s->addr[i];
    }
    const ZydisDecodedOperandMem *m = &s->op[i].mem;
    return s->addr[i] = with_segment(s, m, effective_addr(s, m));
}

// --- values ------------------------------------------------------------------------------------------

static int64_t imm_value(const DisasContext *s, unsigned i)
{
    // Zydis gives immediates as the instruction means them: signed ones extended to 64 bits.
    return s->op[i].imm.is_signed ? s->op[i].imm.value.s : (int64_t)s->op[i].imm.value.u;
}

static TCGv_i64 load_mem(DisasContext *s, unsigned i, MemOp sign)
{
    TCGv_i64 r = tcg_temp_new_i64();
    tcg_gen_qemu_ld_i64(r, x86_op_addr(s, i), (MemOp)(x86_op_size(s, i) | sign));
    return r;
}

static TCGv_i64 high_byte(unsigned n, bool sign)
{
    TCGv_i64 r = tcg_temp_new_i64();
    if (sign) {
        tcg_gen_sextract_i64(r, x86_gpr(n), 8, 8);
    } else {
        tcg_gen_extract_i64(r, x86_gpr(n), 8, 8);
    }
    return r;
}

TCGv_i64 x86_op_load_raw(DisasContext *s, unsigned i)
{
    switch (s->op[i].type) {
    case ZYDIS_OPERAND_TYPE_REGISTER: {
        RegRef ref = gpr_ref(s->op[i].reg.value);
        return ref.high ? high_byte(ref.n, false) : x86_gpr(ref.n);
    }
    case ZYDIS_OPERAND_TYPE_MEMORY: return load_mem(s, i, 0);
    default: return tcg_constant_i64(imm_value(s, i));
    }
}

TCGv_i64 x86_op_load_tmp(DisasContext *s, unsigned i)
{
    TCGv_i64 v = x86_op_load_raw(s, i);
    if (((TCGTemp *)v)->kind == TEMP_NORMAL) {
        return v;
    }
    TCGv_i64 r = tcg_temp_new_i64();
    tcg_gen_mov_i64(r, v);
    return r;
}

TCGv_i64 x86_op_load(DisasContext *s, unsigned i)
{
    TCGv_i64 v = x86_op_load_raw(s, i);
    if (x86_op_is_mem(s, i)) {
        return v;
    }
    if (x86_op_is_reg(s, i) && gpr_ref(s->op[i].reg.value).high) {
        return v;
    }
    return x86_zext(v, x86_op_size(s, i));
}

TCGv_i64 x86_op_load_signed(DisasContext *s, unsigned i)
{
    if (x86_op_is_mem(s, i)) {
        return load_mem(s, i, MO_SIGN);
    }
    if (x86_op_is_reg(s, i) && gpr_ref(s->op[i].reg.value).high) {
        return high_byte(gpr_ref(s->op[i].reg.value).n, true);
    }
    return x86_sext(x86_op_load_raw(s, i), x86_op_size(s, i));
}

void x86_reg_store(DisasContext *s, unsigned regno, MemOp size, TCGv_i64 v)
{
    (void)s;
    TCGv_i64 r = x86_gpr(regno);
    switch (size) {
    case MO_8: tcg_gen_deposit_i64(r, r, v, 0, 8); break;
    case MO_16: tcg_gen_deposit_i64(r, r, v, 0, 16); break;
    case MO_32:
        if (is_const(v)) {
            tcg_gen_movi_i64(r, (int64_t)(uint32_t)((TCGTemp *)v)->val);
        } else {
            tcg_gen_ext32u_i64(r, v);
        }
        break;
    default: tcg_gen_mov_i64(r, v); break;
    }
}

void x86_op_store(DisasContext *s, unsigned i, TCGv_i64 v)
{
    if (x86_op_is_mem(s, i)) {
        tcg_gen_qemu_st_i64(v, x86_op_addr(s, i), x86_op_size(s, i));
        return;
    }
    RegRef ref = gpr_ref(s->op[i].reg.value);
    if (ref.high) {
        tcg_gen_deposit_i64(x86_gpr(ref.n), x86_gpr(ref.n), v, 8, 8);
    } else {
        x86_reg_store(s, ref.n, ref.size, v);
    }
}

static bool is_reg32(const DisasContext *s, unsigned i)
{
    return x86_op_is_reg(s, i) && s->op[i].size == 32;
}

TCGv_i64 x86_op_result(DisasContext *s, unsigned i, TCGv_i64 r)
{
    return is_reg32(s, i) ? x86_zext(r, MO_32) : r;
}

void x86_op_store_result(DisasContext *s, unsigned i, TCGv_i64 r)
{
    if (is_reg32(s, i)) {
        tcg_gen_mov_i64(x86_gpr(x86_op_regno(s, i)), r);
    } else {
        x86_op_store(s, i, r);
    }
}
