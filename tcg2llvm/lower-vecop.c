// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vector ops that x86 has an instruction for which LLVM does not find by itself: byte tables, saturating
// narrowing, sums of products.  Each has the intrinsic for x86 hosts on 128 bits (other sizes are
// brought to that), and plain IR for other hosts.  SSE4.1 is taken for granted on x86 hosts.
#include "tcg2llvm/lower.h"

#include <string.h>

static Value lanes(LLVMUnit *u, const TCGOp *op, unsigned i)
{
    return lower_cast(u, lower_get(u, op->args[i]),
                      lower_lanes_type(u, (TCGType)op->type, op->vece));
}

static bool set(LLVMUnit *u, const TCGOp *op, Value v)
{
    lower_set(u, op->args[0], lower_cast(u, v, u->l->types[op->type]));
    return true;
}

static Value intrinsic2(LLVMUnit *u, const char *name, Value a, Value b)
{
    Type t = LLVMTypeOf(a);
    Value args[] = {a, b};
    return lower_intrinsic(u, name, &t, 1, args, 2);
}

// One that is not overloaded.
static Value intrinsic2_of(LLVMUnit *u, const char *name, Value a, Value b)
{
    Value args[] = {a, b};
    return lower_intrinsic(u, name, NULL, 0, args, 2);
}

static unsigned width_of(Value v) { return LLVMGetIntTypeWidth(LLVMGetElementType(LLVMTypeOf(v))); }

static Type with_lanes(LLVMUnit *u, unsigned width, unsigned n)
{
    return LLVMVectorType(LLVMIntTypeInContext(u->l->c, width), n);
}

static unsigned bits_of(Value v) { return width_of(v) * LLVMGetVectorSize(LLVMTypeOf(v)); }

// The form of 256 bits of an intrinsic.
static const char *x86_wide(LLVMUnit *u, const char *name)
{
    static const char *const pairs[][2] = {
        {"llvm.x86.ssse3.pshuf.b.128", "llvm.x86.avx2.pshuf.b"},
        {"llvm.x86.sse2.packsswb.128", "llvm.x86.avx2.packsswb"},
        {"llvm.x86.sse2.packuswb.128", "llvm.x86.avx2.packuswb"},
        {"llvm.x86.sse2.packssdw.128", "llvm.x86.avx2.packssdw"},
        {"llvm.x86.sse41.packusdw", "llvm.x86.avx2.packusdw"},
        {"llvm.x86.sse2.pmadd.wd", "llvm.x86.avx2.pmadd.wd"},
        {"llvm.x86.sse2.pmulh.w", "llvm.x86.avx2.pmulh.w"},
        {"llvm.x86.sse2.pmulhu.w", "llvm.x86.avx2.pmulhu.w"},
        {"llvm.x86.ssse3.pmul.hr.sw.128", "llvm.x86.avx2.pmul.hr.sw"},
        {"llvm.x86.ssse3.pmadd.ub.sw.128", "llvm.x86.avx2.pmadd.ub.sw"},
        {"llvm.x86.sse2.psad.bw", "llvm.x86.avx2.psad.bw"},
        {"llvm.x86.sse2.psll.w", "llvm.x86.avx2.psll.w"},
        {"llvm.x86.sse2.psll.d", "llvm.x86.avx2.psll.d"},
        {"llvm.x86.sse2.psll.q", "llvm.x86.avx2.psll.q"},
        {"llvm.x86.sse2.psrl.w", "llvm.x86.avx2.psrl.w"},
        {"llvm.x86.sse2.psrl.d", "llvm.x86.avx2.psrl.d"},
        {"llvm.x86.sse2.psrl.q", "llvm.x86.avx2.psrl.q"},
        {"llvm.x86.sse2.psra.w", "llvm.x86.avx2.psra.w"},
        {"llvm.x86.sse2.psra.d", "llvm.x86.avx2.psra.d"},
    };
    for (unsigned i = 0; u->l->host_avx2 && i < G_N_ELEMENTS(pairs); i++) {
        if (!strcmp(name, pairs[i][0])) {
            return pairs[i][1];
        }
    }
    return NULL;
}

// Applies a two-operand intrinsic of 128 bits to operands of 64, 128 or 256 bits, whose parts do not
// depend on each other.
static Value x86_binary(LLVMUnit *u, const char *name, Value a, Value b)
{
    unsigned n = LLVMGetVectorSize(LLVMTypeOf(a));
    const char *wide = bits_of(a) == 256 ? x86_wide(u, name) : NULL;
    if (wide) {
        Value both[] = {a, b};
        return lower_intrinsic(u, wide, NULL, 0, both, 2);
    }
    if (bits_of(a) == 256) {
        Value lo = x86_binary(u, name, lower_half(u, a, 0), lower_half(u, b, 0));
        Value hi = x86_binary(u, name, lower_half(u, a, 1), lower_half(u, b, 1));
        return lower_concat(u, lo, hi);
    }
    Value args[] = {a, b};
    if (bits_of(a) == 64) {
        args[0] = lower_resize(u, a, n * 2);
        args[1] = lower_resize(u, b, n * 2);
        return lower_half(u, lower_intrinsic(u, name, NULL, 0, args, 2), 0);
    }
    return lower_intrinsic(u, name, NULL, 0, args, 2);
}

// --- byte tables ---------------------------------------------------------------------------------------

// PSHUFB: bit 7 of an index gives 0, else its low 4 bits count.  Adding with saturation what is missing
// to 0x80 sets bit 7 just for the indices from `limit` on, and leaves the low bits of the others.
static Value x86_table(LLVMUnit *u, Value table, Value index, unsigned limit)
{
    Type t = LLVMTypeOf(index);
    index = intrinsic2(u, "llvm.uadd.sat", index, lower_splat(u, t, 0x80 - limit));
    return x86_binary(u, "llvm.x86.ssse3.pshuf.b.128", table, index);
}

// An index that was masked with 0x8f, as the x86 frontend does, is PSHUFB's own.
static bool is_pshufb_index(LLVMUnit *u, Value index)
{
    while (LLVMIsABitCastInst(index)) {
        index = LLVMGetOperand(index, 0);
    }
    if (!LLVMIsAInstruction(index) || LLVMGetInstructionOpcode(index) != LLVMAnd) {
        return false;
    }
    Value mask = LLVMGetOperand(index, 1);
    return mask ==
           lower_splat(u, LLVMTypeOf(mask), width_of(mask) == 8 ? 0x8f : 0x8f8f8f8f8f8f8f8full);
}

static Value x86_tbl(LLVMUnit *u, Value a, Value b)
{
    Type v16 = with_lanes(u, 8, 16);
    switch (bits_of(a)) {
    case 64:
        // 0x80 - 8 added: the low 4 bits of an index below 8 are off by 8; the table stands twice.
        return lower_half(u, x86_table(u, lower_concat(u, a, a), lower_resize(u, b, 16), 8), 0);
    case 128:
        if (is_pshufb_index(u, b)) {
            Value args[] = {a, b};
            return lower_intrinsic(u, "llvm.x86.ssse3.pshuf.b.128", NULL, 0, args, 2);
        }
        return x86_table(u, a, b, 16);
    default: {
        Value halves[2], lo = lower_half(u, a, 0), hi = lower_half(u, a, 1);
        for (unsigned i = 0; i < 2; i++) {
            Value index = lower_half(u, b, i);
            Value high_index = LLVMBuildSub(u->b, index, lower_splat(u, v16, 16), "");
            halves[i] = LLVMBuildOr(u->b, x86_table(u, lo, index, 16),
                                    x86_table(u, hi, high_index, 16), "");
        }
        return lower_concat(u, halves[0], halves[1]);
    }
    }
}

// By each 16 bytes of a and b.
static Value x86_tbl16(LLVMUnit *u, Value a, Value b)
{
    if (bits_of(a) < 256) {
        return x86_tbl(u, a, b);
    }
    return is_pshufb_index(u, b) ? x86_binary(u, "llvm.x86.ssse3.pshuf.b.128", a, b)
                                 : x86_table(u, a, b, 16);
}

// One lane after the other.
static Value plain_tbl(LLVMUnit *u, Value a, Value b)
{
    unsigned n = LLVMGetVectorSize(LLVMTypeOf(a));
    Value result = LLVMConstNull(LLVMTypeOf(a));
    for (unsigned i = 0; i < n; i++) {
        Value at = lower_i32(u, i), index = LLVMBuildExtractElement(u->b, b, at, "");
        Value in_range = LLVMBuildICmp(u->b, LLVMIntULT, index, LLVMConstInt(u->l->i8, n, false),
                                       "");
        Value masked = LLVMBuildAnd(u->b, index, LLVMConstInt(u->l->i8, n - 1, false), "");
        Value v = LLVMBuildExtractElement(u->b, a, masked, "");
        v = LLVMBuildSelect(u->b, in_range, v, LLVMConstNull(u->l->i8), "");
        result = LLVMBuildInsertElement(u->b, result, v, at, "");
    }
    return result;
}

static Value plain_tbl16(LLVMUnit *u, Value a, Value b)
{
    if (bits_of(a) < 256) {
        return plain_tbl(u, a, b);
    }
    return lower_concat(u, plain_tbl(u, lower_half(u, a, 0), lower_half(u, b, 0)),
                        plain_tbl(u, lower_half(u, a, 1), lower_half(u, b, 1)));
}

// --- lanes by number -----------------------------------------------------------------------------------

static Value perm(LLVMUnit *u, Value a, Value b)
{
    unsigned n = LLVMGetVectorSize(LLVMTypeOf(a));
    if (LOWER_X86 && width_of(a) == 32 && n == 8 && u->l->host_avx2) {
        return intrinsic2_of(u, "llvm.x86.avx2.permd", a, b);
    }
    if (LOWER_X86 && width_of(a) == 32 && n == 4 && u->l->host_avx) {
        Value f = lower_cast(u, a, LLVMVectorType(u->l->f32, 4));
        return intrinsic2_of(u, "llvm.x86.avx.vpermilvar.ps", f, b);
    }
    Value result = LLVMGetPoison(LLVMTypeOf(a)), mask = lower_splat(u, LLVMTypeOf(b), n - 1);
    b = LLVMBuildAnd(u->b, b, mask, "");
    for (unsigned i = 0; i < n; i++) {
        Value index = LLVMBuildExtractElement(u->b, b, lower_i32(u, i), "");
        Value v = LLVMBuildExtractElement(u->b, a, index, "");
        result = LLVMBuildInsertElement(u->b, result, v, lower_i32(u, i), "");
    }
    return result;
}

// --- narrowing -----------------------------------------------------------------------------------------

typedef enum Narrow { NARROW_SS, NARROW_SU, NARROW_UU } Narrow;

static const char *x86_pack(Narrow kind, unsigned width)
{
    switch (width) {
    case 16: return kind == NARROW_SS ? "llvm.x86.sse2.packsswb.128" : "llvm.x86.sse2.packuswb.128";
    case 32: return kind == NARROW_SS ? "llvm.x86.sse2.packssdw.128" : "llvm.x86.sse41.packusdw";
    default: return NULL;
    }
}

static Value plain_narrow(LLVMUnit *u, Narrow kind, Value v)
{
    Type t = LLVMTypeOf(v);
    unsigned half = width_of(v) / 2;
    uint64_t umax = ~0ull >> (64 - half);
    if (kind == NARROW_UU) {
        v = intrinsic2(u, "llvm.umin", v, lower_splat(u, t, umax));
    } else {
        v = intrinsic2(u, "llvm.smin", v, lower_splat(u, t, kind == NARROW_SS ? umax >> 1 : umax));
        v = intrinsic2(u, "llvm.smax", v, lower_splat(u, t, kind == NARROW_SS ? ~(umax >> 1) : 0));
    }
    return LLVMBuildTrunc(u->b, v, with_lanes(u, half, LLVMGetVectorSize(t)), "");
}

static Value narrow(LLVMUnit *u, Narrow kind, Value a, Value b)
{
    const char *pack = kind == NARROW_UU ? NULL : x86_pack(kind, width_of(a));
    if (!LOWER_X86 || !pack) {
        return lower_concat(u, plain_narrow(u, kind, a), plain_narrow(u, kind, b));
    }
    switch (bits_of(a)) {
    case 64: {
        Value both = lower_concat(u, a, b);
        Value args[] = {both, both};
        return lower_half(u, lower_intrinsic(u, pack, NULL, 0, args, 2), 0);
    }
    case 128: {
        Value args[] = {a, b};
        return lower_intrinsic(u, pack, NULL, 0, args, 2);
    }
    default: {
        const char *wide = x86_wide(u, pack);
        if (wide) { // a's and b's low halves, then the high ones
            Type q = u->l->types[TCG_TYPE_V256];
            Value order[4];
            for (unsigned i = 0; i < 4; i++) {
                order[i] = lower_i32(u, (i & 1) * 2 + (i >> 1));
            }
            Value both[] = {a, b};
            Value r = lower_cast(u, lower_intrinsic(u, wide, NULL, 0, both, 2), q);
            return LLVMBuildShuffleVector(u->b, r, LLVMGetPoison(q), LLVMConstVector(order, 4), "");
        }
        Value of_a[] = {lower_half(u, a, 0), lower_half(u, a, 1)};
        Value of_b[] = {lower_half(u, b, 0), lower_half(u, b, 1)};
        return lower_concat(u, lower_intrinsic(u, pack, NULL, 0, of_a, 2),
                            lower_intrinsic(u, pack, NULL, 0, of_b, 2));
    }
    }
}

// --- sums of products ----------------------------------------------------------------------------------

// Even or odd lanes.
static Value every_other(LLVMUnit *u, Value v, unsigned first)
{
    Value mask[32];
    unsigned n = LLVMGetVectorSize(LLVMTypeOf(v)) / 2;
    for (unsigned i = 0; i < n; i++) {
        mask[i] = lower_i32(u, 2 * i + first);
    }
    return LLVMBuildShuffleVector(u->b, v, LLVMGetPoison(LLVMTypeOf(v)), LLVMConstVector(mask, n),
                                  "");
}

// a extended by a_sign, b signed; pairs added, saturating where asked.
static Value pair_sums(LLVMUnit *u, Value a, Value b, bool a_sign, bool saturate)
{
    unsigned width = width_of(a), n = LLVMGetVectorSize(LLVMTypeOf(a)) / 2;
    // Saturation needs room for the sum: a lane twice as wide again.
    Type wide = with_lanes(u, saturate ? width * 4 : width * 2, n);
    Value product[2];
    for (unsigned i = 0; i < 2; i++) {
        Value x = every_other(u, a, i), y = every_other(u, b, i);
        x = a_sign ? LLVMBuildSExt(u->b, x, wide, "") : LLVMBuildZExt(u->b, x, wide, "");
        product[i] = LLVMBuildMul(u->b, x, LLVMBuildSExt(u->b, y, wide, ""), "");
    }
    Value sum = LLVMBuildAdd(u->b, product[0], product[1], "");
    return saturate ? plain_narrow(u, NARROW_SS, sum) : sum;
}

static Value plain_sad(LLVMUnit *u, Value a, Value b)
{
    unsigned n = LLVMGetVectorSize(LLVMTypeOf(a));
    Value hi = intrinsic2(u, "llvm.umax", a, b), lo = intrinsic2(u, "llvm.umin", a, b);
    Value sum = LLVMBuildSub(u->b, hi, lo, "");
    sum = LLVMBuildZExt(u->b, sum, with_lanes(u, 64, n), "");
    while (n > LLVMGetVectorSize(LLVMTypeOf(a)) / 8) {
        sum = LLVMBuildAdd(u->b, every_other(u, sum, 0), every_other(u, sum, 1), "");
        n /= 2;
    }
    return sum;
}

// --- shifts by one count -------------------------------------------------------------------------------

// PSLLW and the others take the count from a register's low 64 bits, and any count above the width as
// the op wants it.  NULL when there is no such instruction.
static const char *x86_shift(const TCGOp *op)
{
    static const char *const names[3][4] = {
        {NULL, "llvm.x86.sse2.psll.w", "llvm.x86.sse2.psll.d", "llvm.x86.sse2.psll.q"},
        {NULL, "llvm.x86.sse2.psrl.w", "llvm.x86.sse2.psrl.d", "llvm.x86.sse2.psrl.q"},
        {NULL, "llvm.x86.sse2.psra.w", "llvm.x86.sse2.psra.d", NULL},
    };
    switch (op->opc) {
    case INDEX_op_shls_vec: return names[0][op->vece];
    case INDEX_op_shrs_vec: return names[1][op->vece];
    case INDEX_op_sars_vec: return names[2][op->vece];
    default: return NULL;
    }
}

static bool x86_shift_op(LLVMUnit *u, const TCGOp *op)
{
    const char *name = x86_shift(op);
    if (!LOWER_X86 || !name) {
        return false;
    }
    Value n = lower_get(u, op->args[2]);
    if (LLVMIsAConstantInt(n)) {
        return false; // plain IR folds it
    }
    Value a = lanes(u, op, 1);
    Value count = LLVMBuildInsertElement(u->b, LLVMConstNull(u->l->types[TCG_TYPE_V128]), n,
                                         lower_i32(u, 0), "");
    Type v128 = lower_lanes_type(u, TCG_TYPE_V128, op->vece);
    count = lower_cast(u, count, v128);
    const char *wide = bits_of(a) == 256 ? x86_wide(u, name) : NULL;
    if (wide) {
        Value both[] = {a, count};
        return set(u, op, lower_intrinsic(u, wide, NULL, 0, both, 2));
    }
    unsigned parts = bits_of(a) == 256 ? 2 : 1;
    Value result[2];
    for (unsigned i = 0; i < parts; i++) {
        Value part = parts == 2 ? lower_half(u, a, i) : a;
        Value args[] = {lower_resize(u, part, LLVMGetVectorSize(v128)), count};
        result[i] = lower_intrinsic(u, name, NULL, 0, args, 2);
    }
    if (parts == 2) {
        result[0] = lower_concat(u, result[0], result[1]);
    }
    return set(u, op, lower_resize(u, result[0], LLVMGetVectorSize(LLVMTypeOf(a))));
}

bool lower_vecop_op(LLVMUnit *u, const TCGOp *op)
{
#define A lanes(u, op, 1)
#define B lanes(u, op, 2)
    Type bytes = lower_lanes_type(u, (TCGType)op->type, MO_8);
    switch (op->opc) {
    case INDEX_op_shls_vec:
    case INDEX_op_shrs_vec:
    case INDEX_op_sars_vec: return x86_shift_op(u, op);
    case INDEX_op_tbl_vec: {
        Value a = lower_cast(u, lower_get(u, op->args[1]), bytes);
        Value b = lower_cast(u, lower_get(u, op->args[2]), bytes);
        return set(u, op, LOWER_X86 ? x86_tbl(u, a, b) : plain_tbl(u, a, b));
    }
    case INDEX_op_tbl16_vec: {
        Value a = lower_cast(u, lower_get(u, op->args[1]), bytes);
        Value b = lower_cast(u, lower_get(u, op->args[2]), bytes);
        return set(u, op, LOWER_X86 ? x86_tbl16(u, a, b) : plain_tbl16(u, a, b));
    }
    case INDEX_op_perm_vec: return set(u, op, perm(u, A, B));
    case INDEX_op_narrowss_vec: return set(u, op, narrow(u, NARROW_SS, A, B));
    case INDEX_op_narrowsu_vec: return set(u, op, narrow(u, NARROW_SU, A, B));
    case INDEX_op_narrowuu_vec: return set(u, op, narrow(u, NARROW_UU, A, B));
    case INDEX_op_pmadds_vec:
        return set(u, op,
                   LOWER_X86 && op->vece == MO_16 ? x86_binary(u, "llvm.x86.sse2.pmadd.wd", A, B)
                                                  : pair_sums(u, A, B, true, false));
    // The code generator would find these alone, but not behind a shift that has been folded in.
    case INDEX_op_mulhs_vec:
    case INDEX_op_mulhu_vec:
    case INDEX_op_mulhrs_vec: {
        const char *name = op->opc == INDEX_op_mulhs_vec   ? "llvm.x86.sse2.pmulh.w"
                           : op->opc == INDEX_op_mulhu_vec ? "llvm.x86.sse2.pmulhu.w"
                                                           : "llvm.x86.ssse3.pmul.hr.sw.128";
        return LOWER_X86 && op->vece == MO_16 && set(u, op, x86_binary(u, name, A, B));
    }
    case INDEX_op_pmaddus_vec:
        return set(u, op,
                   LOWER_X86 && op->vece == MO_8
                       ? x86_binary(u, "llvm.x86.ssse3.pmadd.ub.sw.128", A, B)
                       : pair_sums(u, A, B, false, true));
    case INDEX_op_sadu8_vec: {
        Value a = lower_cast(u, lower_get(u, op->args[1]), bytes);
        Value b = lower_cast(u, lower_get(u, op->args[2]), bytes);
        // Both operands' upper halves are undefined for 64 bits, and so is the result's.
        return set(u, op,
                   LOWER_X86 ? x86_binary(u, "llvm.x86.sse2.psad.bw", a, b) : plain_sad(u, a, b));
    }
    default: return false;
    }
#undef A
#undef B
}
