// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integer ops: i32, i64, i128.
//
// Shift counts are below the width by the op's definition.  In LLVM a larger one gives poison, which
// may become any value but must not become undefined behaviour further on: counts that are not
// constants are masked, which costs nothing on hosts whose shifts mask, and `shl` and the others then
// never make poison.
#include "tcg2llvm/lower.h"

#include <string.h>

static Value arg(LLVMUnit *u, const TCGOp *op, unsigned i) { return lower_get(u, op->args[i]); }

static Value intrinsic1(LLVMUnit *u, const char *name, Value v)
{
    Type t = LLVMTypeOf(v);
    return lower_intrinsic(u, name, &t, 1, &v, 1);
}

static Value int_const(Type t, uint64_t v) { return LLVMConstInt(t, v, false); }

static Value shift_count(LLVMUnit *u, Value n)
{
    if (LLVMIsAConstantInt(n)) {
        return n;
    }
    Type t = LLVMTypeOf(n);
    return LLVMBuildAnd(u->b, n, int_const(t, LLVMGetIntTypeWidth(t) - 1), "");
}

static Value rotate(LLVMUnit *u, const char *name, Value a, Value n)
{
    Type t = LLVMTypeOf(a);
    Value args[] = {a, a, n}; // the funnel shifts take their count modulo the width
    return lower_intrinsic(u, name, &t, 1, args, 3);
}

// clz and ctz: `zero` when a is 0.
static Value count_zeros(LLVMUnit *u, const char *name, Value a, Value zero)
{
    Type t = LLVMTypeOf(a);
    Value args[] = {a, int_const(u->l->i1, 1)};
    Value n = lower_intrinsic(u, name, &t, 1, args, 2);
    Value is_zero = LLVMBuildICmp(u->b, LLVMIntEQ, a, LLVMConstNull(t), "");
    return LLVMBuildSelect(u->b, is_zero, zero, n, "");
}

// The low n bits of v, extended to t.
static Value extend_low(LLVMUnit *u, Value v, unsigned n, bool sign, Type t)
{
    Type narrow = LLVMIntTypeInContext(u->l->c, n);
    if (LLVMGetIntTypeWidth(LLVMTypeOf(v)) > n) {
        v = LLVMBuildTrunc(u->b, v, narrow, "");
    }
    if (LLVMGetIntTypeWidth(t) == n) {
        return v;
    }
    return sign ? LLVMBuildSExt(u->b, v, t, "") : LLVMBuildZExt(u->b, v, t, "");
}

static Value bswap_low(LLVMUnit *u, Value v, unsigned n)
{
    Type t = LLVMTypeOf(v), narrow = LLVMIntTypeInContext(u->l->c, n);
    if (t != narrow) {
        v = LLVMBuildTrunc(u->b, v, narrow, "");
    }
    v = intrinsic1(u, "llvm.bswap", v);
    return t != narrow ? LLVMBuildZExt(u->b, v, t, "") : v;
}

static Value deposit(LLVMUnit *u, Value a, Value b, unsigned ofs, unsigned len)
{
    Type t = LLVMTypeOf(a);
    unsigned width = LLVMGetIntTypeWidth(t);
    if (len == width) {
        return b;
    }
    uint64_t mask = ((1ull << len) - 1);
    b = LLVMBuildAnd(u->b, b, int_const(t, mask), "");
    b = LLVMBuildShl(u->b, b, int_const(t, ofs), "");
    a = LLVMBuildAnd(u->b, a, int_const(t, ~(mask << ofs)), "");
    return LLVMBuildOr(u->b, a, b, "");
}

static Value extract(LLVMUnit *u, Value a, unsigned ofs, unsigned len, bool sign)
{
    Type t = LLVMTypeOf(a);
    if (ofs) {
        a = LLVMBuildLShr(u->b, a, int_const(t, ofs), "");
    }
    return extend_low(u, a, len, sign, t);
}

// Bits of b:a from c on.
static Value extract2(LLVMUnit *u, Value a, Value b, unsigned c)
{
    Type t = LLVMTypeOf(a);
    if (c == LLVMGetIntTypeWidth(t)) {
        return b;
    }
    Value args[] = {b, a, int_const(t, c)};
    return lower_intrinsic(u, "llvm.fshr", &t, 1, args, 3);
}

static Value widen(LLVMUnit *u, Value v, bool sign)
{
    Type wide = LLVMIntTypeInContext(u->l->c, LLVMGetIntTypeWidth(LLVMTypeOf(v)) * 2);
    return sign ? LLVMBuildSExt(u->b, v, wide, "") : LLVMBuildZExt(u->b, v, wide, "");
}

static Value high_half(LLVMUnit *u, Value wide, Type t)
{
    Value n = int_const(LLVMTypeOf(wide), LLVMGetIntTypeWidth(t));
    return LLVMBuildTrunc(u->b, LLVMBuildLShr(u->b, wide, n, ""), t, "");
}

static Value concat(LLVMUnit *u, Value lo, Value hi)
{
    Value wide = widen(u, hi, false);
    Value n = int_const(LLVMTypeOf(wide), LLVMGetIntTypeWidth(LLVMTypeOf(lo)));
    return LLVMBuildOr(u->b, LLVMBuildShl(u->b, wide, n, ""), widen(u, lo, false), "");
}

static void set_wide(LLVMUnit *u, const TCGOp *op, Value wide, Type t)
{
    lower_set(u, op->args[0], LLVMBuildTrunc(u->b, wide, t, ""));
    lower_set(u, op->args[1], high_half(u, wide, t));
}

static void mul2(LLVMUnit *u, const TCGOp *op, bool sign)
{
    Value a = arg(u, op, 2), b = arg(u, op, 3);
    set_wide(u, op, LLVMBuildMul(u->b, widen(u, a, sign), widen(u, b, sign), ""), LLVMTypeOf(a));
}

static void add2(LLVMUnit *u, const TCGOp *op, bool sub)
{
    Value a = concat(u, arg(u, op, 2), arg(u, op, 3)), b = concat(u, arg(u, op, 4), arg(u, op, 5));
    Type t = LLVMTypeOf(arg(u, op, 2));
    set_wide(u, op, sub ? LLVMBuildSub(u->b, a, b, "") : LLVMBuildAdd(u->b, a, b, ""), t);
}

// hi is what extends lo: the division is one of single width.
static bool is_extension(Value lo, Value hi, bool sign)
{
    if (!sign) {
        return LLVMIsAConstantInt(hi) && LLVMConstIntGetZExtValue(hi) == 0;
    }
    return LLVMIsAInstruction(hi) && LLVMGetInstructionOpcode(hi) == LLVMAShr &&
           LLVMGetOperand(hi, 0) == lo && LLVMIsAConstantInt(LLVMGetOperand(hi, 1)) &&
           LLVMConstIntGetZExtValue(LLVMGetOperand(hi, 1)) ==
               LLVMGetIntTypeWidth(LLVMTypeOf(lo)) - 1;
}

static void divide(LLVMUnit *u, const TCGOp *op, Value n, Value d, bool sign, Type t)
{
    Value q = sign ? LLVMBuildSDiv(u->b, n, d, "") : LLVMBuildUDiv(u->b, n, d, "");
    Value r = sign ? LLVMBuildSRem(u->b, n, d, "") : LLVMBuildURem(u->b, n, d, "");
    if (LLVMTypeOf(n) != t) {
        q = LLVMBuildTrunc(u->b, q, t, "");
        r = LLVMBuildTrunc(u->b, r, t, "");
    }
    lower_set(u, op->args[0], q);
    lower_set(u, op->args[1], r);
}

// (hi:lo) / d.  A 128-bit division in IR would be a library call of 30 ns and more.
static void div2(LLVMUnit *u, const TCGOp *op, bool sign)
{
    Value lo = arg(u, op, 2), hi = arg(u, op, 3), d = arg(u, op, 4);
    Type t = LLVMTypeOf(lo);
    if (is_extension(lo, hi, sign)) {
        divide(u, op, lo, d, sign, t);
    } else if (t == u->l->i32) {
        divide(u, op, concat(u, lo, hi), widen(u, d, sign), sign, t);
    } else if (LOWER_X86) {
        Type members[] = {t, t};
        Type pair = LLVMStructTypeInContext(u->l->c, members, 2, false);
        Value args[] = {d, lo, hi};
        Value both = lower_asm(u, pair, sign ? "idivq $2" : "divq $2",
                               "={ax},={dx},r,0,1,~{dirflag},~{fpsr},~{flags}", args, 3, true);
        lower_set(u, op->args[0], LLVMBuildExtractValue(u->b, both, 0, ""));
        lower_set(u, op->args[1], LLVMBuildExtractValue(u->b, both, 1, ""));
    } else {
        divide(u, op, concat(u, lo, hi), widen(u, d, sign), sign, t);
    }
}

// Ops with a row for each of i32 and i64 that mean the same.
#define BOTH(N)                                                                                    \
    case INDEX_op_##N##_i32:                                                                       \
    case INDEX_op_##N##_i64
#define A0 arg(u, op, 1)
#define A1 arg(u, op, 2)
#define SET(V)                                                                                     \
    lower_set(u, op->args[0], (V));                                                                \
    return true

static bool arithmetic(LLVMUnit *u, const TCGOp *op)
{
    LLVMBuilderRef b = u->b;
    switch (op->opc) {
    BOTH(mov) : case INDEX_op_mov_i128:
        SET(A0);
        BOTH(add) : SET(LLVMBuildAdd(b, A0, A1, ""));
        BOTH(sub) : SET(LLVMBuildSub(b, A0, A1, ""));
        BOTH(mul) : SET(LLVMBuildMul(b, A0, A1, ""));
        BOTH(div) : SET(LLVMBuildSDiv(b, A0, A1, ""));
        BOTH(divu) : SET(LLVMBuildUDiv(b, A0, A1, ""));
        BOTH(rem) : SET(LLVMBuildSRem(b, A0, A1, ""));
        BOTH(remu) : SET(LLVMBuildURem(b, A0, A1, ""));
        BOTH(and) : SET(LLVMBuildAnd(b, A0, A1, ""));
        BOTH(or) : SET(LLVMBuildOr(b, A0, A1, ""));
        BOTH(xor) : SET(LLVMBuildXor(b, A0, A1, ""));
        BOTH(not) : SET(LLVMBuildNot(b, A0, ""));
        BOTH(neg) : SET(LLVMBuildNeg(b, A0, ""));
        BOTH(andc) : SET(LLVMBuildAnd(b, A0, LLVMBuildNot(b, A1, ""), ""));
        BOTH(orc) : SET(LLVMBuildOr(b, A0, LLVMBuildNot(b, A1, ""), ""));
        BOTH(eqv) : SET(LLVMBuildNot(b, LLVMBuildXor(b, A0, A1, ""), ""));
        BOTH(nand) : SET(LLVMBuildNot(b, LLVMBuildAnd(b, A0, A1, ""), ""));
        BOTH(nor) : SET(LLVMBuildNot(b, LLVMBuildOr(b, A0, A1, ""), ""));
        BOTH(shl) : SET(LLVMBuildShl(b, A0, shift_count(u, A1), ""));
        BOTH(shr) : SET(LLVMBuildLShr(b, A0, shift_count(u, A1), ""));
        BOTH(sar) : SET(LLVMBuildAShr(b, A0, shift_count(u, A1), ""));
        BOTH(rotl) : SET(rotate(u, "llvm.fshl", A0, A1));
        BOTH(rotr) : SET(rotate(u, "llvm.fshr", A0, A1));
        BOTH(muluh)
            : SET(high_half(u, LLVMBuildMul(b, widen(u, A0, false), widen(u, A1, false), ""),
                            LLVMTypeOf(A0)));
        BOTH(mulsh)
            : SET(high_half(u, LLVMBuildMul(b, widen(u, A0, true), widen(u, A1, true), ""),
                            LLVMTypeOf(A0)));
        BOTH(mulu2) : mul2(u, op, false);
        return true;
        BOTH(muls2) : mul2(u, op, true);
        return true;
        BOTH(add2) : add2(u, op, false);
        return true;
        BOTH(sub2) : add2(u, op, true);
        return true;
        BOTH(div2) : div2(u, op, true);
        return true;
        BOTH(divu2) : div2(u, op, false);
        return true;
    default: return false;
    }
}

static bool bits(LLVMUnit *u, const TCGOp *op)
{
    LLVMBuilderRef b = u->b;
    LLVMLower *l = u->l;
    switch (op->opc) {
        BOTH(setcond)
            : SET(LLVMBuildZExt(b, lower_icmp(u, (TCGCond)op->args[3], A0, A1), LLVMTypeOf(A0),
                                ""));
        BOTH(negsetcond)
            : SET(LLVMBuildSExt(b, lower_icmp(u, (TCGCond)op->args[3], A0, A1), LLVMTypeOf(A0),
                                ""));
        BOTH(movcond)
            : SET(LLVMBuildSelect(b, lower_icmp(u, (TCGCond)op->args[5], A0, A1), arg(u, op, 3),
                                  arg(u, op, 4), ""));
        BOTH(deposit) : SET(deposit(u, A0, A1, op->args[3], op->args[4]));
        BOTH(extract) : SET(extract(u, A0, op->args[2], op->args[3], false));
        BOTH(sextract) : SET(extract(u, A0, op->args[2], op->args[3], true));
        BOTH(extract2) : SET(extract2(u, A0, A1, op->args[3]));
        BOTH(ext8s) : SET(extend_low(u, A0, 8, true, LLVMTypeOf(A0)));
        BOTH(ext8u) : SET(extend_low(u, A0, 8, false, LLVMTypeOf(A0)));
        BOTH(ext16s) : SET(extend_low(u, A0, 16, true, LLVMTypeOf(A0)));
        BOTH(ext16u) : SET(extend_low(u, A0, 16, false, LLVMTypeOf(A0)));
    case INDEX_op_ext32s_i64: SET(extend_low(u, A0, 32, true, l->i64));
    case INDEX_op_ext32u_i64:
        SET(extend_low(u, A0, 32, false, l->i64));
        BOTH(bswap16) : SET(bswap_low(u, A0, 16));
        BOTH(bswap32) : SET(bswap_low(u, A0, 32));
    case INDEX_op_bswap64_i64:
        SET(bswap_low(u, A0, 64));
        BOTH(clz) : SET(count_zeros(u, "llvm.ctlz", A0, A1));
        BOTH(ctz) : SET(count_zeros(u, "llvm.cttz", A0, A1));
        BOTH(ctpop) : SET(intrinsic1(u, "llvm.ctpop", A0));
        BOTH(bitrev) : SET(intrinsic1(u, "llvm.bitreverse", A0));
    case INDEX_op_ext_i32_i64: SET(LLVMBuildSExt(b, A0, l->i64, ""));
    case INDEX_op_extu_i32_i64: SET(LLVMBuildZExt(b, A0, l->i64, ""));
    case INDEX_op_extrl_i64_i32: SET(LLVMBuildTrunc(b, A0, l->i32, ""));
    case INDEX_op_extrh_i64_i32: SET(high_half(u, A0, l->i32));
    case INDEX_op_concat_i64_i128: SET(concat(u, A0, A1));
    case INDEX_op_extrl_i128_i64: SET(LLVMBuildTrunc(b, A0, l->i64, ""));
    case INDEX_op_extrh_i128_i64: SET(high_half(u, A0, l->i64));
    default: return false;
    }
}

bool lower_int_op(LLVMUnit *u, const TCGOp *op) { return arithmetic(u, op) || bits(u, op); }
