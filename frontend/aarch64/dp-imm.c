// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Data processing with an immediate.

#include "frontend/aarch64/translate.h"

bool trans_ADR(DisasContext *s, arg_ADR *a)
{
    tcg_gen_movi_i64(a64_xdest(a->rd), (int64_t)s->pc + a->imm);
    return true;
}

bool trans_ADRP(DisasContext *s, arg_ADRP *a)
{
    tcg_gen_movi_i64(a64_xdest(a->rd), (int64_t)(s->pc & ~0xfffull) + (int64_t)a->imm * 4096);
    return true;
}
