// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What MMX has that SSE has not: leaving MMX.  MMX arithmetic is in sse-int.c, whose workers serve
// both register files; MMX state is in vec.h.

#include "vec.h"

// EMMS: all registers empty.  FEMMS is 3DNow!'s, which no model has.
static bool trans_emms(DisasContext *s, int arg)
{
    (void)arg;
    if (!s->mmx_entered) {
        x86_check_x87_pending(s);
    }
    x86_mmx_forget(s);
    tcg_gen_st_i64(tcg_constant_i64(0x0101010101010101), tcg_env(), offsetof(CPUX86State, fptags));
    tcg_gen_st_i32(tcg_constant_i32(0), tcg_env(), offsetof(CPUX86State, fpstt));
    return true;
}

// clang-format off
const X86Row x86_rows_mmx[] = {
    {ZYDIS_MNEMONIC_EMMS, trans_emms, 0, X86_FEAT_NONE},
};
// clang-format on
const size_t x86_rows_mmx_count = sizeof x86_rows_mmx / sizeof *x86_rows_mmx;
