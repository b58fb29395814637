// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads and stores.

#include "frontend/aarch64/translate.h"

#define TAG_CLEAR 0x00ffffffffffffffll

static void mem_prepare(DisasContext *s)
{
    if (s->precise) {
        a64_flags_materialise(s, ARM_CC_MASK);
    }
}

// The tag is taken from the base, so that accesses at several offsets share the work; SP has none.
TCGv_i64 a64_addr_imm(DisasContext *s, unsigned rn, int64_t offset)
{
    TCGv_i64 base = a64_xsp(rn);
    mem_prepare(s);
    if (rn != A64_SP) {
        TCGv_i64 t = tcg_temp_new_i64();
        tcg_gen_andi_i64(t, base, TAG_CLEAR);
        base = t;
    }
    if (offset) {
        TCGv_i64 t = tcg_temp_new_i64();
        tcg_gen_addi_i64(t, base, offset);
        base = t;
    }
    return base;
}

TCGv_i64 a64_addr(DisasContext *s, TCGv_i64 tagged)
{
    TCGv_i64 t = tcg_temp_new_i64();
    mem_prepare(s);
    tcg_gen_andi_i64(t, tagged, TAG_CLEAR);
    return t;
}

void a64_writeback(DisasContext *s, unsigned rn, int64_t offset)
{
    (void)s;
    tcg_gen_addi_i64(a64_xsp(rn), a64_xsp(rn), offset);
}

TCGv_i64 a64_index(unsigned rm, unsigned option, unsigned shift)
{
    TCGv_i64 t = tcg_temp_new_i64();
    switch (option) {
    case 2: tcg_gen_ext32u_i64(t, a64_x(rm)); break;
    case 6: tcg_gen_ext32s_i64(t, a64_x(rm)); break;
    default: tcg_gen_mov_i64(t, a64_x(rm)); break;
    }
    if (shift) {
        tcg_gen_shli_i64(t, t, shift);
    }
    return t;
}
