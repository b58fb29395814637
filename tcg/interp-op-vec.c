// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of the vector ops with integer lanes: tcg-op-vec.h for every vector type and lane size, and
// shuffles.

#include "interp-insn.h"

#define VBYTES 8
#define VECE 0
#include "interp-vec-inst.h"
#undef VECE
#define VECE 1
#include "interp-vec-inst.h"
#undef VECE
#define VECE 2
#include "interp-vec-inst.h"
#undef VECE
#define VECE 3
#include "interp-vec-inst.h"
#undef VECE
#undef VBYTES

#define VBYTES 16
#define VECE 0
#include "interp-vec-inst.h"
#undef VECE
#define VECE 1
#include "interp-vec-inst.h"
#undef VECE
#define VECE 2
#include "interp-vec-inst.h"
#undef VECE
#define VECE 3
#include "interp-vec-inst.h"
#undef VECE
#undef VBYTES

#define VBYTES 32
#define VECE 0
#include "interp-vec-inst.h"
#undef VECE
#define VECE 1
#include "interp-vec-inst.h"
#undef VECE
#define VECE 2
#include "interp-vec-inst.h"
#undef VECE
#define VECE 3
#include "interp-vec-inst.h"
#undef VECE
#undef VBYTES

// Shuffles: the instruction holds, for each byte of the result, the index of a byte of a (then of b),
// or 0x80 for none.
#define SHUFFLE(n)                                                                                 \
    static inline void shuffle_##n(uint8_t *r, const uint8_t *a, const uint8_t *index)             \
    {                                                                                              \
        for (unsigned i = 0; i < n; i++) {                                                         \
            r[i] = index[i] & 0x80 ? 0 : a[index[i] & (n - 1)];                                    \
        }                                                                                          \
    }                                                                                              \
    OP(shuffle1_##n)                                                                               \
    {                                                                                              \
        uint8_t r[n];                                                                              \
        shuffle_##n(r, (uint8_t *)ADDR(1), (const uint8_t *)DATA(2));                              \
        memcpy(ADDR(0), r, n);                                                                     \
        NEXT(2 + (n) / 8);                                                                         \
    }                                                                                              \
    OP(shuffle2_##n)                                                                               \
    {                                                                                              \
        uint8_t r[n], s[n];                                                                        \
        shuffle_##n(r, (uint8_t *)ADDR(1), (const uint8_t *)DATA(2));                              \
        shuffle_##n(s, (uint8_t *)ADDR(2), (const uint8_t *)DATA(2) + (n));                        \
        for (unsigned i = 0; i < n; i++) {                                                         \
            r[i] |= s[i];                                                                          \
        }                                                                                          \
        memcpy(ADDR(0), r, n);                                                                     \
        NEXT(2 + 2 * (n) / 8);                                                                     \
    }
SHUFFLE(8)
SHUFFLE(32)
#ifdef __SSSE3__
typedef char VBytes __attribute__((vector_size(16), aligned(4)));
OP(shuffle1_16)
{
    REG(VBytes, 0) = __builtin_ia32_pshufb128(REG(VBytes, 1), *(const VBytes *)DATA(2));
    NEXT(4);
}
OP(shuffle2_16)
{
    VBytes a = __builtin_ia32_pshufb128(REG(VBytes, 1), *(const VBytes *)DATA(2));
    VBytes b = __builtin_ia32_pshufb128(REG(VBytes, 2), *(const VBytes *)DATA(4));
    REG(VBytes, 0) = a | b;
    NEXT(6);
}
#else
SHUFFLE(16)
#endif

static const InterpRow rows_shuffle[] = {
    {IOP_SHUFFLE1, 0, 3, 0, op_shuffle1_8, "shuffle1_8"},
    {IOP_SHUFFLE1, 1, 4, 0, op_shuffle1_16, "shuffle1_16"},
    {IOP_SHUFFLE1, 2, 6, 0, op_shuffle1_32, "shuffle1_32"},
    {IOP_SHUFFLE2, 0, 4, 0, op_shuffle2_8, "shuffle2_8"},
    {IOP_SHUFFLE2, 1, 6, 0, op_shuffle2_16, "shuffle2_16"},
    {IOP_SHUFFLE2, 2, 10, 0, op_shuffle2_32, "shuffle2_32"},
};

#define REGISTER(rows) interp_register_rows(rows, sizeof(rows) / sizeof((rows)[0]))

void interp_register_vec(void)
{
    REGISTER(rows_v64_0);
    REGISTER(rows_v64_1);
    REGISTER(rows_v64_2);
    REGISTER(rows_v64_3);
    REGISTER(rows_v128_0);
    REGISTER(rows_v128_1);
    REGISTER(rows_v128_2);
    REGISTER(rows_v128_3);
    REGISTER(rows_v256_0);
    REGISTER(rows_v256_1);
    REGISTER(rows_v256_2);
    REGISTER(rows_v256_3);
    REGISTER(rows_shuffle);
}
