// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of the vector ops with FP lanes: tcg-op-vecfp.h for every vector type and lane size.

#include "interp-insn.h"
#include "tcg-fp-host.h"

typedef float Packed __attribute__((vector_size(16), aligned(4)));

#define F float
#define FU uint32_t
#define FBITS 32
#define MANT 23
#define SFX f32
#include "tcg-fp.h"

#define VECE 2
#define VBYTES 8
#include "interp-vecfp-inst.h"
#undef VBYTES
#define VBYTES 16
#include "interp-vecfp-inst.h"
#undef VBYTES
#define VBYTES 32
#include "interp-vecfp-inst.h"
#undef VBYTES
#undef VECE
#undef F
#undef FU
#undef FBITS
#undef MANT
#undef SFX

#define F double
#define FU uint64_t
#define FBITS 64
#define MANT 52
#define SFX f64
#include "tcg-fp.h"

#define VECE 3
#define VBYTES 8
#include "interp-vecfp-inst.h"
#undef VBYTES
#define VBYTES 16
#include "interp-vecfp-inst.h"
#undef VBYTES
#define VBYTES 32
#include "interp-vecfp-inst.h"
#undef VBYTES
#undef VECE

#include "tcg-fp-half.h"

#define VECE 1
#define VBYTES 8
#include "interp-vecfp-inst.h"
#undef VBYTES
#define VBYTES 16
#include "interp-vecfp-inst.h"
#undef VBYTES
#define VBYTES 32
#include "interp-vecfp-inst.h"
#undef VBYTES
#undef VECE

#define REGISTER(rows) interp_register_rows(rows, sizeof(rows) / sizeof((rows)[0]))

void interp_register_vecfp(void)
{
    REGISTER(rows_v64_1);
    REGISTER(rows_v64_2);
    REGISTER(rows_v64_3);
    REGISTER(rows_v128_1);
    REGISTER(rows_v128_2);
    REGISTER(rows_v128_3);
    REGISTER(rows_v256_1);
    REGISTER(rows_v256_2);
    REGISTER(rows_v256_3);
}
