// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What data processing with immediates and with registers share.

#ifndef FRONTEND_AARCH64_DP_H
#define FRONTEND_AARCH64_DP_H

#include "frontend/aarch64/translate.h"

typedef void A64Op(TCGv_i64 r, TCGv_i64 a, TCGv_i64 b);

// Rd = a + b or a - b with flags (31 is XZR).  b may be a constant.
void a64_gen_addsub_flags(DisasContext *s, int rd, bool sf, bool sub, TCGv_i64 a, TCGv_i64 b);
// Rd = r, with the flags of a logical operation.
void a64_gen_logic_flags(DisasContext *s, int rd, bool sf, TCGv_i64 r);
// The mask of a logical immediate; false when it is reserved.
bool a64_bit_mask(unsigned n, unsigned imms, unsigned immr, uint64_t *mask);

#endif
