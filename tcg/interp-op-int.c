// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers of the integer ops: tcg-op-int.h, for 32 and 64 bits, and the conversions between them.

#include "interp-insn.h"

#define W 32
#define U uint32_t
#define S int32_t
#define D uint64_t
#define SD int64_t
#define SUFFIX _i32
#define IOP_SUFFIX _I32
#include "interp-int-inst.h"

#define W 64
#define U uint64_t
#define S int64_t
#define D unsigned __int128
#define SD __int128
#define SUFFIX _i64
#define IOP_SUFFIX _I64
#include "interp-int-inst.h"

#define EXT(name, value)                                                                           \
    OP(name)                                                                                       \
    {                                                                                              \
        acc = (uint64_t)(value);                                                                   \
        REG(uint64_t, 0) = acc;                                                                    \
        NEXT(2);                                                                                   \
    }                                                                                              \
    UNSTORED(name, acc = (uint64_t)(value))
EXT(ext_i32_i64, (int64_t)REG(int32_t, 1))
EXT(ext_i32_i64_acc, (int64_t)(int32_t)acc)
EXT(extu_i32_i64, REG(uint32_t, 1))
EXT(extu_i32_i64_acc, (uint32_t)acc)

static const InterpRow rows_ext[] = {
    {INDEX_op_ext_i32_i64, 0, 2, 64, op_ext_i32_i64, "ext_i32_i64"},
    {INDEX_op_ext_i32_i64, FORM_ACC, 2, 64, op_ext_i32_i64_acc, "ext_i32_i64_acc"},
    {INDEX_op_extu_i32_i64, 0, 2, 64, op_extu_i32_i64, "extu_i32_i64"},
    {INDEX_op_extu_i32_i64, FORM_ACC, 2, 64, op_extu_i32_i64_acc, "extu_i32_i64_acc"},
};

void interp_register_int(void)
{
    interp_register_rows(rows_i32, sizeof(rows_i32) / sizeof(rows_i32[0]));
    interp_register_rows(rows_i64, sizeof(rows_i64) / sizeof(rows_i64[0]));
    interp_register_rows(rows_ext, sizeof(rows_ext) / sizeof(rows_ext[0]));
}
