// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// AVX's masked loads and stores, and AVX2's gathers: an element whose mask has its sign bit clear is not
// accessed.

#include "vec.h"

// Skips to the label unless bit i of mask is set.
static TCGLabel *skip_unless(TCGv_i64 mask, unsigned i)
{
    TCGLabel *skip = gen_new_label();
    tcg_gen_brcondi_i64(TCG_COND_TSTEQ, mask, INT64_C(1) << i, skip);
    return skip;
}

static TCGv_i64 element_addr(TCGv_i64 addr, unsigned ofs)
{
    TCGv_i64 to = tcg_temp_new_i64();
    tcg_gen_addi_i64(to, addr, ofs);
    return to;
}

// --- VMASKMOVPS, VMASKMOVPD, VPMASKMOVD, VPMASKMOVQ; arg: the element size ---------------------------

// Half by half: that is how the registers stand in the CPU state.
static TCGv_vec masked_load(TCGv_i64 addr, TCGv_i64 mask, unsigned vece, unsigned first)
{
    TCGv_vec v = tcg_temp_new_v128();
    tcg_gen_dupi_vec(MO_64, v, 0);
    for (unsigned i = 0; i < 16u >> vece; i++) {
        TCGLabel *skip = skip_unless(mask, first + i);
        TCGv_i64 e = tcg_temp_new_i64();
        tcg_gen_qemu_ld_i64(e, element_addr(addr, (first + i) << vece), (MemOp)vece);
        tcg_gen_insert_vec_i64(vece, v, v, e, i);
        gen_set_label(skip);
    }
    return v;
}

static void masked_store(TCGv_vec v, TCGv_i64 addr, TCGv_i64 mask, unsigned vece, unsigned first)
{
    for (unsigned i = 0; i < 16u >> vece; i++) {
        TCGLabel *skip = skip_unless(mask, first + i);
        TCGv_i64 e = tcg_temp_new_i64();
        tcg_gen_extract_vec_i64(vece, e, v, i);
        tcg_gen_qemu_st_i64(e, element_addr(addr, (first + i) << vece), (MemOp)vece);
        gen_set_label(skip);
    }
}

// A mask of ones, as loops have in all but their last round, is one access.
static bool trans_maskmov(DisasContext *s, int vece)
{
    bool store = x86_op_is_mem(s, 0), wide = x86_is_256(s);
    unsigned parts = wide ? 2 : 1, per_part = 16u >> vece, reg = x86_op_regno(s, store ? 2 : 0);
    TCGv_i64 addr = x86_op_addr(s, store ? 0 : 2), mask = tcg_temp_new_i64();
    TCGLabel *some = gen_new_label(), *done = gen_new_label();
    TCGv_vec all = wide ? tcg_temp_new_v256() : tcg_temp_new_v128(), half[2] = {NULL, NULL};

    tcg_gen_signmask_vec((unsigned)vece, mask, x86_vec_load(s, 1, 1));
    tcg_gen_brcondi_i64(TCG_COND_NE, mask, (INT64_C(1) << parts * per_part) - 1, some);
    if (store) {
        tcg_gen_qemu_st_vec(x86_vec_load(s, 2, 2), addr, wide ? MO_256 : MO_128);
    } else {
        tcg_gen_qemu_ld_vec(all, addr, wide ? MO_256 : MO_128);
    }
    tcg_gen_br(done);
    gen_set_label(some);
    for (unsigned p = 0; p < parts; p++) {
        if (store) {
            masked_store(p ? x86_ymmh(reg) : x86_xmm(reg), addr, mask, (unsigned)vece,
                         p * per_part);
        } else {
            half[p] = masked_load(addr, mask, (unsigned)vece, p * per_part);
        }
    }
    if (wide && !store) {
        tcg_gen_concat_v128_v256(all, half[0], half[1]);
    } else if (!store) {
        tcg_gen_mov_vec(all, half[0]);
    }
    gen_set_label(done);
    if (!store) {
        x86_vec_commit(s, all);
    }
    return true;
}

// --- gathers ---------------------------------------------------------------------------------------

// arg: the element size, + 16 * the index size.  Elements are done in order, each written, and its mask
// cleared, before the next is looked at: so a fault leaves what is done done.
static bool trans_gather(DisasContext *s, int arg)
{
    unsigned vece = arg & 15, index_vece = (unsigned)arg >> 4;
    const ZydisDecodedOperandMem *m = &s->op[1].mem;
    unsigned dest = x86_op_regno(s, 0), mask = x86_op_regno(s, 2);
    unsigned index = (unsigned)(m->index - (m->index >= ZYDIS_REGISTER_YMM0 ? ZYDIS_REGISTER_YMM0
                                                                            : ZYDIS_REGISTER_XMM0));
    unsigned bytes = x86_is_256(s) ? 32 : 16;
    unsigned n = bytes >> (vece > index_vece ? vece : index_vece), per_half = 16u >> vece;
    if (dest == mask || dest == index || mask == index) {
        return false;
    }

    TCGv_i64 wanted = tcg_temp_new_i64(), base = tcg_temp_new_i64();
    tcg_gen_signmask_vec(vece, wanted, x86_vec_load(s, 2, 2));
    x86_vsib_base(s, 1, base);
    for (unsigned i = 0; i < n; i++) {
        unsigned lane = i % per_half, index_lane = i % (16u >> index_vece);
        TCGv_vec d = i < per_half ? x86_xmm(dest) : x86_ymmh(dest);
        TCGv_vec k = i < per_half ? x86_xmm(mask) : x86_ymmh(mask);
        TCGv_vec x = i < 16u >> index_vece ? x86_xmm(index) : x86_ymmh(index);
        TCGLabel *skip = skip_unless(wanted, i);
        TCGv_i64 at = tcg_temp_new_i64(), e = tcg_temp_new_i64();
        tcg_gen_extract_vec_i64(index_vece, at, x, index_lane);
        at = x86_sext(at, (MemOp)index_vece);
        TCGv_i64 addr = tcg_temp_new_i64();
        tcg_gen_shli_i64(addr, at, m->scale ? __builtin_ctz(m->scale) : 0);
        tcg_gen_add_i64(addr, addr, base);
        tcg_gen_qemu_ld_i64(e, s->insn.address_width == 32 ? x86_zext(addr, MO_32) : addr,
                            (MemOp)vece);
        tcg_gen_insert_vec_i64(vece, d, d, e, lane);
        gen_set_label(skip);
        tcg_gen_insert_vec_i64(vece, k, k, tcg_constant_i64(0), lane);
    }
    // Above the elements everything is cleared.
    if (n << vece == 8) {
        TCGv_i64 low = tcg_temp_new_i64();
        tcg_gen_extract_vec_i64(MO_64, low, x86_xmm(dest), 0);
        tcg_gen_zext_i64_v128(x86_xmm(dest), low);
    }
    if (n << vece <= 16) {
        x86_ymmh_clear(s, dest);
    } else {
        s->ymmh_zero &= (uint16_t)~(1u << dest);
    }
    tcg_gen_dupi_vec(MO_64, x86_xmm(mask), 0);
    s->ymmh_zero &= (uint16_t)~(1u << mask);
    x86_ymmh_clear(s, mask);
    return true;
}

// clang-format off
#define ROW X86_ROW
#define GATHER(m, vece, index) ROW(m, gather, MO_##vece + 16 * MO_##index, AVX2)
const X86Row x86_rows_avx_mem[] = {
    ROW(VMASKMOVPS, maskmov, MO_32, AVX), ROW(VMASKMOVPD, maskmov, MO_64, AVX),
    ROW(VPMASKMOVD, maskmov, MO_32, AVX2), ROW(VPMASKMOVQ, maskmov, MO_64, AVX2),
    GATHER(VPGATHERDD, 32, 32), GATHER(VPGATHERDQ, 64, 32),
    GATHER(VPGATHERQD, 32, 64), GATHER(VPGATHERQQ, 64, 64),
    GATHER(VGATHERDPS, 32, 32), GATHER(VGATHERDPD, 64, 32),
    GATHER(VGATHERQPS, 32, 64), GATHER(VGATHERQPD, 64, 64),
};
// clang-format on
const size_t x86_rows_avx_mem_count = sizeof x86_rows_avx_mem / sizeof *x86_rows_avx_mem;
