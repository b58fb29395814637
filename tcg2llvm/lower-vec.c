// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vector ops that plain IR expresses: moves, lanes, shuffles, lane-wise integer arithmetic.  The code
// generator knows the host's instruction for each of these patterns.
#include "tcg2llvm/lower.h"

#include <string.h>

// --- lanes ---------------------------------------------------------------------------------------------

static unsigned lanes_of(TCGType type, unsigned vece) { return tcg_type_size(type) >> vece; }

static Type lane_type(LLVMUnit *u, unsigned vece)
{
    return LLVMIntTypeInContext(u->l->c, 8u << vece);
}

Type lower_lanes_type(LLVMUnit *u, TCGType type, unsigned vece)
{
    return LLVMVectorType(lane_type(u, vece), lanes_of(type, vece));
}

Type lower_flanes_type(LLVMUnit *u, TCGType type, unsigned vece)
{
    Type lane = vece == MO_16 ? u->l->f16 : vece == MO_32 ? u->l->f32 : u->l->f64;
    unsigned n = lanes_of(type, vece);
    return n == 1 ? lane : LLVMVectorType(lane, n);
}

Value lower_splat(LLVMUnit *u, Type vector, uint64_t lane)
{
    (void)u;
    Value lanes[64];
    unsigned n = LLVMGetVectorSize(vector);
    for (unsigned i = 0; i < n; i++) {
        lanes[i] = LLVMConstInt(LLVMGetElementType(vector), lane, false);
    }
    return LLVMConstVector(lanes, n);
}

// A shuffle; an index of -1 takes any value.
static Value shuffle(LLVMUnit *u, Value a, Value b, const int *index, unsigned n)
{
    Value mask[64];
    for (unsigned i = 0; i < n; i++) {
        mask[i] = index[i] < 0 ? LLVMGetUndef(u->l->i32) : lower_i32(u, index[i]);
    }
    return LLVMBuildShuffleVector(u->b, a, b ? b : LLVMGetPoison(LLVMTypeOf(a)),
                                  LLVMConstVector(mask, n), "");
}

// n lanes from `first` on, of a, then of b.
static Value slice(LLVMUnit *u, Value a, Value b, unsigned first, unsigned n)
{
    int index[64];
    for (unsigned i = 0; i < n; i++) {
        index[i] = first + i;
    }
    return shuffle(u, a, b, index, n);
}

Value lower_half(LLVMUnit *u, Value v, unsigned half)
{
    unsigned n = LLVMGetVectorSize(LLVMTypeOf(v)) / 2;
    return slice(u, v, NULL, half * n, n);
}

Value lower_concat(LLVMUnit *u, Value low, Value high)
{
    return slice(u, low, high, 0, 2 * LLVMGetVectorSize(LLVMTypeOf(low)));
}

Value lower_resize(LLVMUnit *u, Value v, unsigned lanes)
{
    int index[64];
    int have = LLVMGetVectorSize(LLVMTypeOf(v));
    for (int i = 0; i < (int)lanes; i++) {
        index[i] = i < have ? i : -1;
    }
    return shuffle(u, v, NULL, index, lanes);
}

// --- operands ------------------------------------------------------------------------------------------

// Argument i as lanes of the op's vece.
static Value lanes(LLVMUnit *u, const TCGOp *op, unsigned i)
{
    return lower_cast(u, lower_get(u, op->args[i]),
                      lower_lanes_type(u, (TCGType)op->type, op->vece));
}

static bool set(LLVMUnit *u, const TCGOp *op, Value v)
{
    lower_set(u, op->args[0], lower_cast(u, v, u->l->types[lower_temp(op->args[0])->type]));
    return true;
}

static Value constant_bytes(LLVMUnit *u, TCGType type, const void *bytes)
{
    const uint8_t *p = bytes;
    Value all[32];
    unsigned n = tcg_type_size(type);
    for (unsigned i = 0; i < n; i++) {
        all[i] = LLVMConstInt(u->l->i8, p[i], false);
    }
    return LLVMConstVector(all, n);
}

// --- moving data ---------------------------------------------------------------------------------------

// Truncates a scalar to the lane type.
static Value to_lane(LLVMUnit *u, Value v, unsigned vece)
{
    return vece == MO_64 ? v : LLVMBuildTrunc(u->b, v, lane_type(u, vece), "");
}

static Value splat_lane(LLVMUnit *u, Value v, Type vector)
{
    int zeros[64] = {0};
    Value one = LLVMBuildInsertElement(u->b, LLVMGetPoison(vector), v, lower_i32(u, 0), "");
    return shuffle(u, one, NULL, zeros, LLVMGetVectorSize(vector));
}

// Lanes of a and b by number, 0xff for zero.
static Value shuffle_bytes(LLVMUnit *u, Value a, Value b, const uint8_t *bytes)
{
    int n = LLVMGetVectorSize(LLVMTypeOf(a)), index[64];
    bool zero = false, uses_a = false, uses_b = false;
    for (int i = 0; i < n; i++) {
        zero |= bytes[i] == 0xff;
        uses_a |= bytes[i] < n;
        uses_b |= bytes[i] != 0xff && bytes[i] >= n;
    }
    Value null = LLVMConstNull(LLVMTypeOf(a));
    if (!uses_a && !uses_b) {
        return null;
    }
    if (!zero || !uses_a || !uses_b) {
        // Two sources at most: zero lanes come from a vector of zeros in the place of the unused one.
        for (int i = 0; i < n; i++) {
            index[i] = bytes[i] != 0xff ? bytes[i] : uses_b ? 0 : n;
        }
        return shuffle(u, zero && !uses_a ? null : a, zero && uses_a ? null : b, index, n);
    }
    int keep[64];
    for (int i = 0; i < n; i++) {
        index[i] = bytes[i] == 0xff ? -1 : bytes[i];
        keep[i] = bytes[i] == 0xff ? n : i;
    }
    return shuffle(u, shuffle(u, a, b, index, n), null, keep, n);
}

static Value insert(LLVMUnit *u, Value vector, Value v, unsigned lane)
{
    return LLVMBuildInsertElement(u->b, vector, v, lower_i32(u, lane), "");
}

static Value extract(LLVMUnit *u, Value vector, unsigned lane)
{
    return LLVMBuildExtractElement(u->b, vector, lower_i32(u, lane), "");
}

// Argument i as lanes of FP.
static Value flanes(LLVMUnit *u, const TCGOp *op, unsigned i, unsigned vece)
{
    return lower_cast(u, lower_get(u, op->args[i]), lower_flanes_type(u, (TCGType)op->type, vece));
}

static bool moves(LLVMUnit *u, const TCGOp *op)
{
    LLVMLower *l = u->l;
    LLVMBuilderRef b = u->b;
    TCGType type = (TCGType)op->type;
    Type v128 = l->types[TCG_TYPE_V128];
    switch (op->opc) {
    case INDEX_op_mov_vec: return set(u, op, lower_get(u, op->args[1]));
    case INDEX_op_movi_vec: return set(u, op, constant_bytes(u, type, (const void *)op->args[1]));
    case INDEX_op_dup_vec:
        return set(u, op,
                   splat_lane(u, to_lane(u, lower_get(u, op->args[1]), op->vece),
                              lower_lanes_type(u, type, op->vece)));
    case INDEX_op_dupl_vec: {
        int index[64];
        unsigned n = lanes_of(type, op->vece);
        for (unsigned i = 0; i < n; i++) {
            index[i] = op->args[2];
        }
        return set(u, op, shuffle(u, lanes(u, op, 1), NULL, index, n));
    }
    case INDEX_op_extract_vec_i64: {
        Value v = extract(u, lanes(u, op, 1), op->args[2]);
        lower_set(u, op->args[0], op->vece == MO_64 ? v : LLVMBuildZExt(b, v, l->i64, ""));
        return true;
    }
    case INDEX_op_insert_vec_i64:
        return set(u, op,
                   insert(u, lanes(u, op, 1), to_lane(u, lower_get(u, op->args[2]), op->vece),
                          op->args[3]));
    case INDEX_op_extract_vec_f32:
        lower_set(u, op->args[0], extract(u, flanes(u, op, 1, MO_32), op->args[2]));
        return true;
    case INDEX_op_extract_vec_f64: {
        Value v = flanes(u, op, 1, MO_64);
        lower_set(u, op->args[0], type == TCG_TYPE_V64 ? v : extract(u, v, op->args[2]));
        return true;
    }
    case INDEX_op_insert_vec_f32:
        return set(u, op,
                   insert(u, flanes(u, op, 1, MO_32), lower_get(u, op->args[2]), op->args[3]));
    case INDEX_op_insert_vec_f64:
        if (type == TCG_TYPE_V64) {
            return set(u, op, lower_get(u, op->args[2]));
        }
        return set(u, op,
                   insert(u, flanes(u, op, 1, MO_64), lower_get(u, op->args[2]), op->args[3]));
    case INDEX_op_zext_i64_v128:
        return set(u, op, insert(u, LLVMConstNull(v128), lower_get(u, op->args[1]), 0));
    case INDEX_op_bitcast_i64_v64:
    case INDEX_op_bitcast_v64_i64:
    case INDEX_op_bitcast_i128_v128:
    case INDEX_op_bitcast_v128_i128: return set(u, op, lower_get(u, op->args[1]));
    case INDEX_op_concat_v128_v256: {
        Value pair = lower_get_pair(u, op->args[1], op->args[2]);
        if (pair) {
            return set(u, op, pair);
        }
        __attribute__((fallthrough));
    }
    case INDEX_op_concat_v64_v128:
        return set(u, op, lower_concat(u, lower_get(u, op->args[1]), lower_get(u, op->args[2])));
    case INDEX_op_extrl_v256_v128:
    case INDEX_op_extrh_v256_v128: {
        Value whole = lower_get(u, op->args[1]);
        unsigned half = op->opc == INDEX_op_extrh_v256_v128;
        set(u, op, lower_half(u, whole, half));
        lower_set_whole(u, op->args[0], whole, half);
        return true;
    }
    case INDEX_op_extrl_v128_v64:
    case INDEX_op_extrh_v128_v64: {
        Value bytes = lower_cast(u, lower_get(u, op->args[1]), LLVMVectorType(l->i8, 16));
        return set(u, op, lower_half(u, bytes, op->opc == INDEX_op_extrh_v128_v64));
    }
    case INDEX_op_shuffle_vec:
        return set(
            u, op,
            shuffle_bytes(u, lanes(u, op, 1), lanes(u, op, 2), (const uint8_t *)op->args[3]));
    case INDEX_op_signmask_vec: {
        Value v = lanes(u, op, 1);
        Value mask = LLVMBuildICmp(b, LLVMIntSLT, v, LLVMConstNull(LLVMTypeOf(v)), "");
        Type bits = LLVMIntTypeInContext(l->c, lanes_of(type, op->vece));
        lower_set(u, op->args[0], LLVMBuildZExt(b, lower_cast(u, mask, bits), l->i64, ""));
        return true;
    }
    default: return false;
    }
}

// --- lane-wise -----------------------------------------------------------------------------------------

static Value intrinsic1(LLVMUnit *u, const char *name, Value v)
{
    Type t = LLVMTypeOf(v);
    return lower_intrinsic(u, name, &t, 1, &v, 1);
}

static Value intrinsic1f(LLVMUnit *u, const char *name, Value v)
{
    Type t = LLVMTypeOf(v);
    Value args[] = {v, LLVMConstInt(u->l->i1, 0, false)};
    return lower_intrinsic(u, name, &t, 1, args, 2);
}

static Value intrinsic2(LLVMUnit *u, const char *name, Value a, Value b)
{
    Type t = LLVMTypeOf(a);
    Value args[] = {a, b};
    return lower_intrinsic(u, name, &t, 1, args, 2);
}

static Type wide_lanes(LLVMUnit *u, Type t)
{
    unsigned width = LLVMGetIntTypeWidth(LLVMGetElementType(t));
    return LLVMVectorType(LLVMIntTypeInContext(u->l->c, width * 2), LLVMGetVectorSize(t));
}

static Value extend(LLVMUnit *u, Value v, bool sign)
{
    Type wide = wide_lanes(u, LLVMTypeOf(v));
    return sign ? LLVMBuildSExt(u->b, v, wide, "") : LLVMBuildZExt(u->b, v, wide, "");
}

static Value mulh(LLVMUnit *u, Value a, Value b, bool sign)
{
    Type t = LLVMTypeOf(a), wide = wide_lanes(u, t);
    Value product = LLVMBuildMul(u->b, extend(u, a, sign), extend(u, b, sign), "");
    Value count = lower_splat(u, wide, LLVMGetIntTypeWidth(LLVMGetElementType(t)));
    return LLVMBuildTrunc(u->b, LLVMBuildLShr(u->b, product, count, ""), t, "");
}

// (a * b >> (w - 2)) + 1 >> 1, in lanes of twice the width.
static Value mulhrs(LLVMUnit *u, Value a, Value b)
{
    Type t = LLVMTypeOf(a), wide = wide_lanes(u, t);
    Value v = LLVMBuildMul(u->b, extend(u, a, true), extend(u, b, true), "");
    unsigned count = LLVMGetIntTypeWidth(LLVMGetElementType(t)) - 2;
    v = LLVMBuildLShr(u->b, v, lower_splat(u, wide, count), "");
    v = LLVMBuildAdd(u->b, v, lower_splat(u, wide, 1), "");
    return LLVMBuildTrunc(u->b, LLVMBuildLShr(u->b, v, lower_splat(u, wide, 1), ""), t, "");
}

static Value avgu(LLVMUnit *u, Value a, Value b)
{
    Type t = LLVMTypeOf(a), wide = wide_lanes(u, t);
    Value sum = LLVMBuildAdd(u->b, extend(u, a, false), extend(u, b, false), "");
    sum = LLVMBuildAdd(u->b, sum, lower_splat(u, wide, 1), "");
    return LLVMBuildTrunc(u->b, LLVMBuildLShr(u->b, sum, lower_splat(u, wide, 1), ""), t, "");
}

static bool bitwise(LLVMUnit *u, const TCGOp *op)
{
    LLVMBuilderRef b = u->b;
#define A lower_get(u, op->args[1])
#define B lower_get(u, op->args[2])
    switch (op->opc) {
    case INDEX_op_and_vec: return set(u, op, LLVMBuildAnd(b, A, B, ""));
    case INDEX_op_or_vec: return set(u, op, LLVMBuildOr(b, A, B, ""));
    case INDEX_op_xor_vec: return set(u, op, LLVMBuildXor(b, A, B, ""));
    case INDEX_op_andc_vec: return set(u, op, LLVMBuildAnd(b, A, LLVMBuildNot(b, B, ""), ""));
    case INDEX_op_orc_vec: return set(u, op, LLVMBuildOr(b, A, LLVMBuildNot(b, B, ""), ""));
    case INDEX_op_not_vec: return set(u, op, LLVMBuildNot(b, A, ""));
    case INDEX_op_bitsel_vec: {
        Value c = lower_get(u, op->args[3]);
        return set(u, op,
                   LLVMBuildOr(b, LLVMBuildAnd(b, B, A, ""),
                               LLVMBuildAnd(b, c, LLVMBuildNot(b, A, ""), ""), ""));
    }
    default: return false;
    }
#undef A
#undef B
}

static bool arithmetic(LLVMUnit *u, const TCGOp *op)
{
    LLVMBuilderRef b = u->b;
#define A lanes(u, op, 1)
#define B lanes(u, op, 2)
    switch (op->opc) {
    case INDEX_op_add_vec: return set(u, op, LLVMBuildAdd(b, A, B, ""));
    case INDEX_op_sub_vec: return set(u, op, LLVMBuildSub(b, A, B, ""));
    case INDEX_op_mul_vec: return set(u, op, LLVMBuildMul(b, A, B, ""));
    case INDEX_op_mulhs_vec: return set(u, op, mulh(u, A, B, true));
    case INDEX_op_mulhu_vec: return set(u, op, mulh(u, A, B, false));
    case INDEX_op_mulhrs_vec: return set(u, op, mulhrs(u, A, B));
    case INDEX_op_neg_vec: return set(u, op, LLVMBuildNeg(b, A, ""));
    case INDEX_op_abs_vec: return set(u, op, intrinsic1f(u, "llvm.abs", A));
    case INDEX_op_ssadd_vec: return set(u, op, intrinsic2(u, "llvm.sadd.sat", A, B));
    case INDEX_op_usadd_vec: return set(u, op, intrinsic2(u, "llvm.uadd.sat", A, B));
    case INDEX_op_sssub_vec: return set(u, op, intrinsic2(u, "llvm.ssub.sat", A, B));
    case INDEX_op_ussub_vec: return set(u, op, intrinsic2(u, "llvm.usub.sat", A, B));
    case INDEX_op_smin_vec: return set(u, op, intrinsic2(u, "llvm.smin", A, B));
    case INDEX_op_umin_vec: return set(u, op, intrinsic2(u, "llvm.umin", A, B));
    case INDEX_op_smax_vec: return set(u, op, intrinsic2(u, "llvm.smax", A, B));
    case INDEX_op_umax_vec: return set(u, op, intrinsic2(u, "llvm.umax", A, B));
    case INDEX_op_avgu_vec: return set(u, op, avgu(u, A, B));
    case INDEX_op_cmp_vec:
        return set(u, op,
                   LLVMBuildSExt(b, lower_icmp(u, (TCGCond)op->args[3], A, B),
                                 lower_lanes_type(u, (TCGType)op->type, op->vece), ""));
    case INDEX_op_ctpop_vec: return set(u, op, intrinsic1(u, "llvm.ctpop", A));
    case INDEX_op_clz_vec: return set(u, op, intrinsic1f(u, "llvm.ctlz", A));
    case INDEX_op_bswap_vec:
        return set(u, op, op->vece == MO_8 ? A : intrinsic1(u, "llvm.bswap", A));
    case INDEX_op_widensl_vec: return set(u, op, extend(u, lower_half(u, A, 0), true));
    case INDEX_op_widensh_vec: return set(u, op, extend(u, lower_half(u, A, 1), true));
    case INDEX_op_widenul_vec: return set(u, op, extend(u, lower_half(u, A, 0), false));
    case INDEX_op_widenuh_vec: return set(u, op, extend(u, lower_half(u, A, 1), false));
    case INDEX_op_narrow_vec: {
        Type t = LLVMTypeOf(A);
        Type half = LLVMVectorType(lane_type(u, op->vece - 1), LLVMGetVectorSize(t));
        return set(u, op,
                   lower_concat(u, LLVMBuildTrunc(b, A, half, ""), LLVMBuildTrunc(b, B, half, "")));
    }
    default: return false;
    }
#undef A
#undef B
}

// --- shifts --------------------------------------------------------------------------------------------

typedef enum Shift { SHL, SHR, SAR } Shift;

static Value build_shift(LLVMUnit *u, Shift kind, Value a, Value n)
{
    switch (kind) {
    case SHL: return LLVMBuildShl(u->b, a, n, "");
    case SHR: return LLVMBuildLShr(u->b, a, n, "");
    default: return LLVMBuildAShr(u->b, a, n, "");
    }
}

// To the left by the bits of the counts, which are below the width.  Before AVX2 the code generator
// makes powers of two with an FP conversion, which sets exception flags.
static Value shift_left_steps(LLVMUnit *u, Value a, Value n)
{
    Type t = LLVMTypeOf(a);
    for (unsigned k = 1; k < LLVMGetIntTypeWidth(LLVMGetElementType(t)); k *= 2) {
        Value bit = LLVMBuildAnd(u->b, n, lower_splat(u, t, k), "");
        Value on = LLVMBuildICmp(u->b, LLVMIntNE, bit, LLVMConstNull(t), "");
        a = LLVMBuildSelect(u->b, on, LLVMBuildShl(u->b, a, lower_splat(u, t, k), ""), a, "");
    }
    return a;
}

// Counts a lane, of any size.  The select comes first: a shift by the width or more is poison.
static Value shift_lanes(LLVMUnit *u, Shift kind, Value a, Value n)
{
    Type t = LLVMTypeOf(a);
    unsigned width = LLVMGetIntTypeWidth(LLVMGetElementType(t));
    if (kind == SAR) {
        n = intrinsic2(u, "llvm.umin", n, lower_splat(u, t, width - 1));
        return build_shift(u, kind, a, n);
    }
    Value in_range = LLVMBuildICmp(u->b, LLVMIntULT, n, lower_splat(u, t, width), "");
    Value masked = LLVMBuildAnd(u->b, n, lower_splat(u, t, width - 1), "");
    bool steps = LOWER_X86 && kind == SHL && width < 64 && !u->l->host_avx2;
    Value v = steps ? shift_left_steps(u, a, masked) : build_shift(u, kind, a, masked);
    return LLVMBuildSelect(u->b, in_range, v, LLVMConstNull(t), "");
}

// One count for all lanes, of any size.
static Value shift_all(LLVMUnit *u, Shift kind, Value a, Value n)
{
    Type t = LLVMTypeOf(a), lane = LLVMGetElementType(t);
    unsigned width = LLVMGetIntTypeWidth(lane);
    Value limit = lower_i64(u, kind == SAR ? width - 1 : width);
    n = intrinsic2(u, "llvm.umin", n, limit); // fits into a lane
    n = width == 64 ? n : LLVMBuildTrunc(u->b, n, lane, "");
    return shift_lanes(u, kind, a, splat_lane(u, n, t));
}

static bool shifts(LLVMUnit *u, const TCGOp *op)
{
    Type t = lower_lanes_type(u, (TCGType)op->type, op->vece);
#define A lanes(u, op, 1)
    switch (op->opc) {
    case INDEX_op_shli_vec:
        return set(u, op, build_shift(u, SHL, A, lower_splat(u, t, op->args[2])));
    case INDEX_op_shri_vec:
        return set(u, op, build_shift(u, SHR, A, lower_splat(u, t, op->args[2])));
    case INDEX_op_sari_vec:
        return set(u, op, build_shift(u, SAR, A, lower_splat(u, t, op->args[2])));
    case INDEX_op_shls_vec: return set(u, op, shift_all(u, SHL, A, lower_get(u, op->args[2])));
    case INDEX_op_shrs_vec: return set(u, op, shift_all(u, SHR, A, lower_get(u, op->args[2])));
    case INDEX_op_sars_vec: return set(u, op, shift_all(u, SAR, A, lower_get(u, op->args[2])));
    case INDEX_op_shlv_vec: return set(u, op, shift_lanes(u, SHL, A, lanes(u, op, 2)));
    case INDEX_op_shrv_vec: return set(u, op, shift_lanes(u, SHR, A, lanes(u, op, 2)));
    case INDEX_op_sarv_vec: return set(u, op, shift_lanes(u, SAR, A, lanes(u, op, 2)));
    default: return false;
    }
#undef A
}

bool lower_vec_op(LLVMUnit *u, const TCGOp *op)
{
    return moves(u, op) || bitwise(u, op) || arithmetic(u, op) || shifts(u, op);
}
