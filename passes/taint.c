// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// taint: follows data, byte by byte, from sources to sinks; the arguments are described in taint-events.c.
//
// Each value of a unit that may end up in a register or in memory gets a shadow value, of as many bits, in which each byte
// holds the sources of the value's byte at that place. Moves, loads, stores, shuffles and shifts by constants are exact;
// arithmetic carries a byte's sources to those above it; what else there is gives every byte the sources of all its
// operands. Helpers are inlined beforehand and treated alike; of those that are too big the results get the sources of all
// arguments. Addresses and conditions are no data, unless `addresses` is given for the former.
//
// Shadows are made on demand, from what is stored back to its origins, each right behind the value it belongs to.
#include "passes/taint.h"

#include <stdlib.h>
#include <string.h>

typedef LLVMValueRef Value;
typedef LLVMTypeRef Type;
typedef LLVMBuilderRef Builder;

Taint taint;

// --- values and their shadows, for a function ---------------------------------------------------------------

typedef struct Map {
    struct {
        Value key, shadow;
    } *rows;
    size_t n, size;
} Map;

static Map map;
static MynaPassUnit *unit;
static LLVMContextRef ctx;

static size_t map_row(Value key)
{
    size_t at = ((uintptr_t)key >> 4) * 0x9e3779b9u & (map.size - 1);
    while (map.rows[at].key && map.rows[at].key != key) {
        at = (at + 1) & (map.size - 1);
    }
    return at;
}

static void map_put(Value key, Value shadow)
{
    if (map.n * 2 >= map.size) {
        Map old = map;
        map.size = old.size ? old.size * 2 : 1024;
        map.n = 0;
        map.rows = calloc(map.size, sizeof(*map.rows));
        for (size_t i = 0; i < old.size; i++) {
            if (old.rows[i].key) {
                map_put(old.rows[i].key, old.rows[i].shadow);
            }
        }
        free(old.rows);
    }
    size_t at = map_row(key);
    map.n += !map.rows[at].key;
    map.rows[at].key = key;
    map.rows[at].shadow = shadow;
}

static Value map_get(Value key) { return map.size ? map.rows[map_row(key)].shadow : NULL; }

static Value shadow(Value v);

// --- types --------------------------------------------------------------------------------------------------

static Type int_type(unsigned bits) { return LLVMIntTypeInContext(ctx, bits); }

static Type shadow_type(Type t)
{
    switch (LLVMGetTypeKind(t)) {
    case LLVMIntegerTypeKind: {
        unsigned bits = LLVMGetIntTypeWidth(t);
        return int_type((bits + 7) / 8 * 8);
    }
    case LLVMHalfTypeKind: return int_type(16);
    case LLVMFloatTypeKind: return int_type(32);
    case LLVMDoubleTypeKind: return int_type(64);
    case LLVMX86_FP80TypeKind: return int_type(80);
    case LLVMFP128TypeKind: return int_type(128);
    case LLVMPointerTypeKind: return int_type(64);
    case LLVMVectorTypeKind:
        return LLVMVectorType(shadow_type(LLVMGetElementType(t)), LLVMGetVectorSize(t));
    default: return int_type(8); // aggregates: one byte for all
    }
}

static bool is_vector(Type t) { return LLVMGetTypeKind(t) == LLVMVectorTypeKind; }
static Type lane_type(Type t) { return is_vector(t) ? LLVMGetElementType(t) : t; }
static unsigned lanes(Type t) { return is_vector(t) ? LLVMGetVectorSize(t) : 1; }
static unsigned lane_bits(Type t) { return LLVMGetIntTypeWidth(lane_type(t)); }
static unsigned total_bits(Type t) { return lane_bits(t) * lanes(t); }
static Value zero(Type t) { return LLVMConstNull(t); }
static bool is_zero(Value v) { return LLVMIsAConstant(v) && LLVMIsNull(v); }

// A constant in every lane.
static Value lanes_const(Type t, uint64_t low, uint64_t high)
{
    const uint64_t words[] = {low, high};
    Value lane = LLVMConstIntOfArbitraryPrecision(lane_type(t), lane_bits(t) > 64 ? 2 : 1, words);
    if (!is_vector(t)) {
        return lane;
    }
    Value all[64];
    for (unsigned i = 0; i < lanes(t) && i < 64; i++) {
        all[i] = lane;
    }
    return LLVMConstVector(all, lanes(t));
}
static Value lanes_int(Type t, uint64_t n) { return lanes_const(t, n, 0); }
#define ONES UINT64_C(0x0101010101010101)

// --- shadow arithmetic ----------------------------------------------------------------------------------------

static Value or_(Builder b, Value x, Value y)
{
    return is_zero(x) ? y : is_zero(y) || x == y ? x : LLVMBuildOr(b, x, y, "");
}

// All bytes of a lane get the sources of each.
static Value collapse(Builder b, Value s)
{
    Type t = LLVMTypeOf(s);
    unsigned bits = lane_bits(t);
    if (is_zero(s) || bits == 8) {
        return s;
    }
    if (bits & (bits - 1)) { // 80 bits, 24 bits
        Type wide = int_type(bits < 64 ? 64 : 128);
        return LLVMBuildTrunc(b, collapse(b, LLVMBuildZExt(b, s, wide, "")), t, "");
    }
    for (unsigned by = bits / 2; by >= 8; by /= 2) {
        s = LLVMBuildOr(b, s, LLVMBuildLShr(b, s, lanes_int(t, by), ""), "");
    }
    s = LLVMBuildAnd(b, s, lanes_int(t, 0xff), "");
    return LLVMBuildMul(b, s, lanes_const(t, ONES, ONES), "");
}

// Each byte gets the sources of those below it in its lane.
static Value carry(Builder b, Value s)
{
    Type t = LLVMTypeOf(s);
    for (unsigned by = 8; by < lane_bits(t) && !is_zero(s); by *= 2) {
        s = LLVMBuildOr(b, s, LLVMBuildShl(b, s, lanes_int(t, by), ""), "");
    }
    return s;
}

// The sources of all bytes, as i8.
static Value any(Builder b, Value s)
{
    Type t = LLVMTypeOf(s);
    if (is_zero(s)) {
        return zero(int_type(8));
    }
    if (is_vector(t)) {
        unsigned bits = total_bits(t);
        Value whole = bits % 64 ? LLVMBuildBitCast(b, s, int_type(bits), "") : NULL;
        if (!whole) {
            Value words = LLVMBuildBitCast(b, s, LLVMVectorType(int_type(64), bits / 64), "");
            whole = LLVMBuildExtractElement(b, words, myna_i32(unit, 0), "");
            for (unsigned i = 1; i < bits / 64; i++) {
                Value word = LLVMBuildExtractElement(b, words, myna_i32(unit, i), "");
                whole = LLVMBuildOr(b, whole, word, "");
            }
        }
        return any(b, whole);
    }
    return LLVMBuildTrunc(b, collapse(b, s), int_type(8), "");
}

// An i8 of sources in every byte.
static Value spread(Builder b, Value byte, Type t)
{
    if (is_zero(byte)) {
        return zero(t);
    }
    Type lane = lane_type(t);
    Value one = LLVMBuildIntCast2(b, byte, lane, false, "");
    one = lane_bits(t) > 8 ? LLVMBuildMul(b, one, lanes_const(lane, ONES, ONES), "") : one;
    if (!is_vector(t)) {
        return one;
    }
    Value v = LLVMBuildInsertElement(b, LLVMGetUndef(t), one, myna_i32(unit, 0), "");
    return LLVMBuildShuffleVector(b, v, LLVMGetUndef(t),
                                  zero(LLVMVectorType(int_type(32), lanes(t))), "");
}

// The sources of all operands, of all their bytes.
static Value any_operand(Builder b, Value v, unsigned n)
{
    Value all = zero(int_type(8));
    for (unsigned i = 0; i < n; i++) {
        Value operand = LLVMGetOperand(v, i);
        LLVMTypeKind kind = LLVMGetTypeKind(LLVMTypeOf(operand));
        if (kind != LLVMMetadataTypeKind && kind != LLVMLabelTypeKind) {
            all = or_(b, all, any(b, shadow(operand)));
        }
    }
    return all;
}

static Value resize(Builder b, Value s, Type t)
{
    return LLVMTypeOf(s) == t ? s : is_zero(s) ? zero(t) : LLVMBuildIntCast2(b, s, t, false, "");
}

// --- where a pointer's shadow is --------------------------------------------------------------------------------

static Value shadow_place(Value ptr);

// Of one of several places (a register or, where it is empty, a constant); NULL when none has a shadow.
static Value place_of_phi(Value ptr)
{
    unsigned n = LLVMCountIncoming(ptr);
    bool any_place = false;
    static unsigned depth; // what loops is not inlined, so a phi should not come round to itself
    depth++;
    for (unsigned i = 0; i < n && depth < 16; i++) {
        any_place |= shadow_place(LLVMGetIncomingValue(ptr, i)) != NULL;
    }
    depth--;
    if (!any_place) {
        return NULL;
    }
    Builder b = myna_builder_before(ptr);
    Value phi = LLVMBuildPhi(b, LLVMTypeOf(ptr), "");
    LLVMDisposeBuilder(b);
    map_put(ptr, phi);
    for (unsigned i = 0; i < n; i++) {
        Value from = LLVMGetIncomingValue(ptr, i), place = shadow_place(from);
        LLVMBasicBlockRef block = LLVMGetIncomingBlock(ptr, i);
        bool constant = LLVMIsAGlobalVariable(from) && LLVMIsGlobalConstant(from);
        place = place ? place : myna_extern(unit, constant ? "taint.clean" : "taint.sink");
        LLVMAddIncoming(phi, &place, &block, 1);
    }
    return phi;
}

// A shadow variable for each variable, and the shadow of env in the thread's block; NULL for what has none.
static Value shadow_place(Value ptr)
{
    Value known = map_get(ptr);
    if (known) {
        return known;
    }
    if (LLVMIsAAllocaInst(ptr)) {
        Builder b = myna_builder_after(ptr);
        Type t = LLVMGetAllocatedType(ptr);
        known = LLVMBuildAlloca(b, t, "");
        LLVMSetAlignment(known, LLVMGetAlignment(ptr));
        LLVMSetAlignment(LLVMBuildStore(b, zero(t), known), LLVMGetAlignment(ptr));
        LLVMDisposeBuilder(b);
    } else if (LLVMIsAGetElementPtrInst(ptr)) {
        Value base = shadow_place(LLVMGetOperand(ptr, 0));
        if (base) {
            known = LLVMInstructionClone(ptr);
            LLVMSetOperand(known, 0, base);
            Builder b = myna_builder_after(ptr);
            LLVMInsertIntoBuilder(b, known);
            LLVMDisposeBuilder(b);
        }
    } else if (LLVMIsAPHINode(ptr)) {
        known = place_of_phi(ptr);
    } else if (LLVMIsAArgument(ptr) && ptr == LLVMGetParam(LLVMGetParamParent(ptr), 0)) {
        // Behind the variables, and the load of the block's address that myna_thread_ptr puts in front.
        Value at = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(LLVMGetParamParent(ptr)));
        Builder b = myna_builder_before(at);
        known = myna_thread_ptr(unit, b, taint.env_at);
        LLVMDisposeBuilder(b);
    }
    if (known) {
        map_put(ptr, known);
    }
    return known;
}

// An integer made a pointer: guest memory, as helpers access it.
static Value raw_address(Value ptr)
{
    return LLVMIsAIntToPtrInst(ptr) ? LLVMGetOperand(ptr, 0) : NULL;
}

static Value dir_entry(Builder b, Value addr)
{
    Type word = int_type(64);
    Value index = LLVMBuildLShr(b, addr, myna_i64(unit, TAINT_REGION_BITS), "");
    index = LLVMBuildAnd(b, index, myna_i64(unit, TAINT_REGIONS - 1), "");
    return LLVMBuildInBoundsGEP2(b, word, myna_extern(unit, "taint.dir"), &index, 1, "");
}

static Value dir_load(Builder b, Value entry)
{
    Value delta = LLVMBuildLoad2(b, int_type(64), entry, "");
    LLVMSetAlignment(delta, 8);
    myna_own_memory(unit, delta);
    return delta;
}

static Value memory_place(Builder b, Value addr, Value delta, const char *otherwise)
{
    Value clean = LLVMBuildICmp(b, LLVMIntEQ, delta, myna_i64(unit, 0), "");
    Value at = LLVMBuildIntToPtr(b, LLVMBuildAdd(b, addr, delta, ""),
                                 LLVMPointerTypeInContext(ctx, 0), "");
    return LLVMBuildSelect(b, clean, myna_extern(unit, otherwise), at, "");
}

static Value wide_address(Builder b, Value addr)
{
    return LLVMBuildIntCast2(b, addr, int_type(64), false, "");
}

static Value load_memory(Builder b, Value addr, Type t)
{
    Value a = wide_address(b, addr);
    Value at = memory_place(b, a, dir_load(b, dir_entry(b, a)), "taint.clean");
    Value s = LLVMBuildLoad2(b, t, at, "");
    LLVMSetAlignment(s, 1);
    myna_own_buffer(unit, s);
    return taint.addresses ? or_(b, s, spread(b, any(b, shadow(addr)), t)) : s;
}

static void store_memory(Builder b, Value s, Value addr)
{
    Value a = wide_address(b, addr), entry = dir_entry(b, a), delta = dir_load(b, entry);
    if (!is_zero(s)) {
        Value whole = LLVMBuildBitCast(b, s, int_type(total_bits(LLVMTypeOf(s))), "");
        Value dirty = LLVMBuildICmp(b, LLVMIntNE, whole, zero(LLVMTypeOf(whole)), "");
        Value none = LLVMBuildICmp(b, LLVMIntEQ, delta, myna_i64(unit, 0), "");
        Value back = myna_if(b, LLVMBuildAnd(b, dirty, none, ""), false);
        myna_call(unit, b, "taint.region", LLVMVoidTypeInContext(ctx), &a, 1);
        LLVMPositionBuilderBefore(b, LLVMGetFirstInstruction(LLVMGetSuccessor(back, 0)));
        delta = dir_load(b, entry);
    }
    Value store = LLVMBuildStore(b, s, memory_place(b, a, delta, "taint.sink"));
    LLVMSetAlignment(store, 1);
    myna_own_buffer(unit, store);
}

// --- the shadow of an instruction's result -----------------------------------------------------------------------

static Value shadow_load(Builder b, Value v, Type t)
{
    Value ptr = LLVMGetOperand(v, 0), place = shadow_place(ptr), addr = raw_address(ptr);
    if (!place && addr) {
        return load_memory(b, addr, t);
    }
    if (!place) { // a helper's table is a function of its index
        bool indexed = LLVMIsAGetElementPtrInst(ptr);
        unsigned n = indexed ? (unsigned)LLVMGetNumOperands(ptr) : 0;
        return spread(b, any_operand(b, ptr, n), t);
    }
    Value s = LLVMBuildLoad2(b, t, place, "");
    LLVMSetAlignment(s, LLVMGetAlignment(v));
    return s;
}

// By a constant number of bits: exact for whole bytes, else a byte's bits end up in two.
static Value shift(Builder b, Value s, LLVMOpcode op, uint64_t by)
{
    Type t = LLVMTypeOf(s);
    if (is_zero(s) || by >= lane_bits(t)) {
        return op == LLVMAShr ? collapse(b, s) : zero(t);
    }
    Value low = LLVMBuildBinOp(b, op, s, lanes_int(t, by & ~7ull), "");
    if (by % 8 == 0) {
        return low;
    }
    uint64_t more = (by & ~7ull) + 8;
    if (more >= lane_bits(t)) {
        return low;
    }
    return LLVMBuildOr(b, low, LLVMBuildBinOp(b, op, s, lanes_int(t, more), ""), "");
}

// The number that a constant, or each lane of a constant vector, is.
static bool constant_of(Value v, uint64_t *n)
{
    if (LLVMIsAConstantInt(v) && LLVMGetIntTypeWidth(LLVMTypeOf(v)) <= 64) {
        *n = LLVMConstIntGetZExtValue(v);
        return true;
    }
    if (!is_vector(LLVMTypeOf(v)) || !LLVMIsAConstant(v) || LLVMIsAConstantExpr(v)) {
        return false;
    }
    for (unsigned i = 0; i < LLVMGetVectorSize(LLVMTypeOf(v)); i++) {
        Value lane = LLVMGetAggregateElement(v, i);
        uint64_t k;
        if (!lane || !constant_of(lane, &k) || (i && k != *n)) {
            return false;
        }
        *n = k;
    }
    return true;
}

// Of `x & constant`: bytes that the constant clears have no sources.
static Value masked(Builder b, Value s, Value with)
{
    uint64_t n, keep = 0;
    if (!constant_of(with, &n) || lane_bits(LLVMTypeOf(s)) > 64) {
        return s;
    }
    for (unsigned i = 0; i < 64; i += 8) {
        keep |= n >> i & 0xff ? 0xffull << i : 0;
    }
    return is_zero(s) ? s : LLVMBuildAnd(b, s, lanes_int(LLVMTypeOf(s), keep), "");
}

static Value binary(Builder b, Value v, LLVMOpcode op)
{
    Value x = LLVMGetOperand(v, 0), y = LLVMGetOperand(v, 1), sx = shadow(x), sy = shadow(y);
    uint64_t by;
    if (x == y && (op == LLVMXor || op == LLVMSub)) {
        return zero(LLVMTypeOf(sx)); // the way to clear a register
    }
    switch (op) {
    case LLVMAnd: return or_(b, masked(b, sx, y), masked(b, sy, x));
    case LLVMOr:
    case LLVMXor: return or_(b, sx, sy);
    case LLVMAdd:
    case LLVMSub:
    case LLVMMul: return carry(b, or_(b, sx, sy));
    case LLVMShl:
    case LLVMLShr:
    case LLVMAShr:
        if (constant_of(y, &by)) {
            return shift(b, sx, op, by);
        }
        break;
    default: break;
    }
    return collapse(b, or_(b, sx, sy)); // lane by lane
}

static Value sign_extend(Builder b, Value s, Type t)
{
    unsigned from = lane_bits(LLVMTypeOf(s)), to = lane_bits(t);
    if (is_zero(s) || from == to) {
        return resize(b, s, t);
    }
    // The upper bytes are what the top byte is: as many copies of it.
    Value wide = LLVMBuildZExt(b, s, t, "");
    Value top = LLVMBuildLShr(b, wide, lanes_int(t, from - 8), "");
    Value copies = LLVMBuildMul(b, top, lanes_const(t, ONES, ONES), "");
    return LLVMBuildOr(b, wide, LLVMBuildShl(b, copies, lanes_int(t, from), ""), "");
}

// A comparison's i1 is a byte, or a vector of bytes.
static Value compare(Builder b, Value v, Type t)
{
    Value s = or_(b, shadow(LLVMGetOperand(v, 0)), shadow(LLVMGetOperand(v, 1)));
    if (!is_vector(t)) {
        return any(b, s);
    }
    return is_zero(s) ? zero(t) : LLVMBuildTrunc(b, collapse(b, s), t, "");
}

static Value select_(Builder b, Value v, Type t)
{
    Value cond = LLVMGetOperand(v, 0), x = shadow(LLVMGetOperand(v, 1)),
          y = shadow(LLVMGetOperand(v, 2));
    return is_zero(x) && is_zero(y) ? zero(t) : LLVMBuildSelect(b, cond, x, y, "");
}

static Value call_intrinsic(Builder b, const char *name, Type t, Value *args, unsigned n)
{
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    Value fn = LLVMGetIntrinsicDeclaration(unit->module, id, &t, 1);
    return LLVMBuildCall2(b, LLVMGlobalGetValueType(fn), fn, args, n, "");
}

static Value funnel(Builder b, Value v, const char *name)
{
    uint64_t by;
    Value x = shadow(LLVMGetOperand(v, 0)), y = shadow(LLVMGetOperand(v, 1));
    Type t = LLVMTypeOf(x);
    if (is_zero(x) && is_zero(y)) {
        return zero(t);
    }
    if (!constant_of(LLVMGetOperand(v, 2), &by)) {
        return collapse(b, or_(b, x, y));
    }
    by %= lane_bits(t);
    Value args[] = {x, y, lanes_int(t, by & ~7ull)};
    Value s = call_intrinsic(b, name, t, args, 3);
    if (by % 8) {
        args[2] = lanes_int(t, ((by & ~7ull) + 8) % lane_bits(t));
        s = LLVMBuildOr(b, s, call_intrinsic(b, name, t, args, 3), "");
    }
    return s;
}

static const char *callee_name(Value call)
{
    Value callee = LLVMGetCalledValue(call);
    return callee && LLVMIsAFunction(callee) ? LLVMGetValueName2(callee, &(size_t){0}) : "";
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

// A helper, or what a helper's body calls. Functions of passes and guest operations have a dot in their names.
static bool is_c_function(const char *name) { return *name && !strchr(name, '.'); }

static Value call(Builder b, Value v, Type t)
{
    const char *name = callee_name(v);
    MynaOp op;
    if (myna_op_decode(v, &op)) {
        return op.address ? load_memory(b, op.address, t)
                          : zero(t); // of an atomic operation: the old value
    }
    unsigned n = LLVMGetNumArgOperands(v);
    if (begins(name, "llvm.bswap.")) {
        Value s = shadow(LLVMGetOperand(v, 0));
        return is_zero(s) ? s : call_intrinsic(b, "llvm.bswap", t, &s, 1);
    }
    if (begins(name, "llvm.fshl.") || begins(name, "llvm.fshr.")) {
        return funnel(b, v, begins(name, "llvm.fshl.") ? "llvm.fshl" : "llvm.fshr");
    }
    if (!begins(name, "llvm.") && !is_c_function(name) &&
        !LLVMIsAInlineAsm(LLVMGetCalledValue(v))) {
        return zero(t);
    }
    // Lane by lane where all operands are like the result.
    bool alike = is_vector(t) && begins(name, "llvm.");
    Value s = zero(t);
    for (unsigned i = 0; i < n && alike; i++) {
        Value operand = LLVMGetOperand(v, i);
        LLVMTypeKind kind = LLVMGetTypeKind(LLVMTypeOf(operand));
        if (kind == LLVMMetadataTypeKind) {
            continue;
        }
        alike = LLVMTypeOf(operand) == LLVMTypeOf(v) && !LLVMIsAInlineAsm(LLVMGetCalledValue(v));
        s = alike ? or_(b, s, shadow(operand)) : s;
    }
    if (alike && !begins(name, "llvm.x86.")) {
        return collapse(b, s);
    }
    return spread(b, any_operand(b, v, n), t);
}

static Value compute(Builder b, Value v, Type t)
{
    LLVMOpcode op = LLVMGetInstructionOpcode(v);
    switch (op) {
    case LLVMLoad: return shadow_load(b, v, t);
    case LLVMCall: return call(b, v, t);
    case LLVMAdd:
    case LLVMSub:
    case LLVMMul:
    case LLVMAnd:
    case LLVMOr:
    case LLVMXor:
    case LLVMShl:
    case LLVMLShr:
    case LLVMAShr:
    case LLVMUDiv:
    case LLVMSDiv:
    case LLVMURem:
    case LLVMSRem:
    case LLVMFAdd:
    case LLVMFSub:
    case LLVMFMul:
    case LLVMFDiv:
    case LLVMFRem: return binary(b, v, op);
    case LLVMZExt:
    case LLVMTrunc:
    case LLVMPtrToInt:
    case LLVMIntToPtr: return resize(b, shadow(LLVMGetOperand(v, 0)), t);
    case LLVMSExt: return sign_extend(b, shadow(LLVMGetOperand(v, 0)), t);
    case LLVMBitCast: {
        Value s = shadow(LLVMGetOperand(v, 0));
        return is_zero(s) ? zero(t)
               : total_bits(LLVMTypeOf(s)) == total_bits(t)
                   ? LLVMBuildBitCast(b, s, t, "")
                   : spread(b, any(b, s), t); // of vectors of i1
    }
    case LLVMFPTrunc:
    case LLVMFPExt:
    case LLVMFPToUI:
    case LLVMFPToSI:
    case LLVMUIToFP:
    case LLVMSIToFP: {
        Value s = collapse(b, shadow(LLVMGetOperand(v, 0))); // lane by lane
        s = is_zero(s) ? zero(t) : LLVMBuildAnd(b, resize(b, s, t), lanes_int(t, 0xff), "");
        return is_zero(s) ? s : LLVMBuildMul(b, s, lanes_const(t, ONES, ONES), "");
    }
    case LLVMFreeze: return shadow(LLVMGetOperand(v, 0));
    case LLVMICmp:
    case LLVMFCmp: return compare(b, v, t);
    case LLVMSelect: return select_(b, v, t);
    case LLVMExtractElement: {
        Value s = shadow(LLVMGetOperand(v, 0));
        return is_zero(s) ? zero(t) : LLVMBuildExtractElement(b, s, LLVMGetOperand(v, 1), "");
    }
    case LLVMInsertElement: {
        Value s = shadow(LLVMGetOperand(v, 0)), e = shadow(LLVMGetOperand(v, 1));
        return is_zero(s) && is_zero(e) ? zero(t)
                                        : LLVMBuildInsertElement(b, s, e, LLVMGetOperand(v, 2), "");
    }
    case LLVMShuffleVector: {
        Value x = shadow(LLVMGetOperand(v, 0)), y = shadow(LLVMGetOperand(v, 1)), mask[64];
        unsigned n = LLVMGetNumMaskElements(v);
        if ((is_zero(x) && is_zero(y)) || n > 64) {
            return zero(t);
        }
        for (unsigned i = 0; i < n; i++) {
            int lane = LLVMGetMaskValue(v, i);
            mask[i] = lane < 0 ? LLVMGetUndef(int_type(32)) : myna_i32(unit, (uint32_t)lane);
        }
        return LLVMBuildShuffleVector(b, x, y, LLVMConstVector(mask, n), "");
    }
    case LLVMExtractValue: return spread(b, any(b, shadow(LLVMGetOperand(v, 0))), t);
    case LLVMGetElementPtr:
    case LLVMAlloca: return zero(t);
    default: return spread(b, any_operand(b, v, (unsigned)LLVMGetNumOperands(v)), t);
    }
}

// A phi's shadow is there before those of its values: they may need it.
static Value shadow_phi(Value v, Type t)
{
    Builder b = myna_builder_before(v);
    Value phi = LLVMBuildPhi(b, t, "");
    LLVMDisposeBuilder(b);
    map_put(v, phi);
    for (unsigned i = 0; i < LLVMCountIncoming(v); i++) {
        Value s = shadow(LLVMGetIncomingValue(v, i));
        LLVMBasicBlockRef from = LLVMGetIncomingBlock(v, i);
        LLVMAddIncoming(phi, &s, &from, 1);
    }
    return phi;
}

static Value shadow(Value v)
{
    Type t = shadow_type(LLVMTypeOf(v));
    if (!LLVMIsAInstruction(v)) {
        return zero(t);
    }
    // Pointers' own entries say where the shadow of what they point to is.
    bool pointer = LLVMGetTypeKind(LLVMTypeOf(v)) == LLVMPointerTypeKind;
    Value known = pointer ? NULL : map_get(v);
    if (known || (pointer && !LLVMIsALoadInst(v) && !LLVMIsAIntToPtrInst(v))) {
        return known ? known : zero(t);
    }
    if (LLVMIsAPHINode(v)) {
        return shadow_phi(v, t);
    }
    Builder b = myna_builder_after(v);
    known = compute(b, v, t);
    LLVMDisposeBuilder(b);
    if (!pointer) {
        map_put(v, known);
    }
    return known;
}

// --- what makes shadows necessary -------------------------------------------------------------------------------

static void handle_store(Value v)
{
    Value value = LLVMGetOperand(v, 0), ptr = LLVMGetOperand(v, 1);
    Value place = shadow_place(ptr), addr = raw_address(ptr);
    if (!place && !addr) {
        return;
    }
    Value s = shadow(value);
    Builder b = myna_builder_after(v);
    if (place) {
        LLVMSetAlignment(LLVMBuildStore(b, s, place), LLVMGetAlignment(v));
    } else {
        store_memory(b, s, addr);
    }
    LLVMDisposeBuilder(b);
}

static void handle_op(const MynaOp *op)
{
    Value s = shadow(op->value);
    if (op->kind == MYNA_OP_RMW && !strstr(callee_name(op->call), ".xchg.")) {
        Value old = shadow(op->call);
        Builder b = myna_builder_after(LLVMIsAInstruction(old) ? old : op->call);
        s = collapse(b, or_(b, old, s));
        store_memory(b, s, op->address);
        LLVMDisposeBuilder(b);
        return;
    }
    if (op->kind == MYNA_OP_CMPXCHG) {
        Value old = shadow(op->call);
        Builder b = myna_builder_after(LLVMIsAInstruction(old) ? old : op->call);
        Value same = LLVMBuildICmp(b, LLVMIntEQ, op->call, op->expected, "");
        store_memory(b, LLVMBuildSelect(b, same, s, old, ""), op->address);
        LLVMDisposeBuilder(b);
        return;
    }
    Value old = op->kind == MYNA_OP_RMW ? shadow(op->call) : NULL;
    Builder b = myna_builder_after(old && LLVMIsAInstruction(old) ? old : op->call);
    store_memory(b, s, op->address);
    LLVMDisposeBuilder(b);
}

// A helper that was not inlined: what it has pointers to gets the sources of all arguments.
static void handle_helper(Value v)
{
    unsigned n = LLVMGetNumArgOperands(v);
    Builder b = myna_builder_before(v);
    Value all = any_operand(b, v, n);
    bool variables = false;
    for (unsigned i = 0; i < n; i++) {
        Value at = LLVMGetOperand(v, i);
        if (LLVMIsAAllocaInst(at)) {
            Type t = shadow_type(LLVMGetAllocatedType(at));
            all = or_(b, all, any(b, LLVMBuildLoad2(b, t, shadow_place(at), "")));
            variables = true;
        }
    }
    LLVMDisposeBuilder(b);
    all = taint_wrap_helper(unit, v, callee_name(v), all);
    b = variables ? myna_builder_after(v) : NULL;
    for (unsigned i = 0; i < n && variables; i++) {
        Value at = LLVMGetOperand(v, i);
        if (LLVMIsAAllocaInst(at)) {
            Type t = shadow_type(LLVMGetAllocatedType(at));
            LLVMBuildStore(b, spread(b, all, t), shadow_place(at));
        }
    }
    if (b) {
        LLVMDisposeBuilder(b);
    }
    if (LLVMGetTypeKind(LLVMTypeOf(v)) != LLVMVoidTypeKind) {
        Builder after = myna_builder_after(v);
        map_put(v, spread(after, all, shadow_type(LLVMTypeOf(v))));
        LLVMDisposeBuilder(after);
    }
}

// memcpy and the like, which helpers' bodies have: of variables and env.
static void handle_block(Value v, const char *name)
{
    Value to = shadow_place(LLVMGetOperand(v, 0));
    if (!to) {
        return;
    }
    Builder b = myna_builder_after(v);
    Value from = begins(name, "llvm.memset") ? NULL : shadow_place(LLVMGetOperand(v, 1));
    Value size = LLVMGetOperand(v, 2);
    if (from) {
        LLVMBuildMemMove(b, to, 1, from, 1, size);
    } else {
        LLVMBuildMemSet(b, to, zero(int_type(8)), size, 1);
    }
    LLVMDisposeBuilder(b);
}

static void handle(Value v)
{
    MynaOp op;
    if (LLVMIsAStoreInst(v)) {
        handle_store(v);
    } else if (LLVMIsACallInst(v)) {
        const char *name = callee_name(v);
        if (myna_op_decode(v, &op)) {
            if (op.kind == MYNA_OP_ST || op.kind == MYNA_OP_RMW || op.kind == MYNA_OP_CMPXCHG) {
                handle_op(&op);
            }
        } else if (is_c_function(name)) {
            handle_helper(v);
        } else if (begins(name, "llvm.memcpy") || begins(name, "llvm.memmove") ||
                   begins(name, "llvm.memset")) {
            handle_block(v, name);
        }
    }
}

static void handle_function(Value fn)
{
    // The list first: what is put in must not be met.
    size_t n = 0, room = 0;
    Value *list = NULL;
    for (LLVMBasicBlockRef bb = LLVMGetFirstBasicBlock(fn); bb; bb = LLVMGetNextBasicBlock(bb)) {
        for (Value v = LLVMGetFirstInstruction(bb); v; v = LLVMGetNextInstruction(v)) {
            if (n == room) {
                room = room ? room * 2 : 256;
                list = realloc(list, room * sizeof(*list));
            }
            list[n++] = v;
        }
    }
    map = (Map){0};
    for (size_t i = 0; i < n; i++) {
        // A noreturn helper is followed by nothing.
        Value next = LLVMGetNextInstruction(list[i]);
        if (next && !LLVMIsAUnreachableInst(next)) {
            handle(list[i]);
        }
    }
    free(map.rows);
    free(list);
}

// --- the pass -----------------------------------------------------------------------------------------------

static void *init(MynaPassHost *host, const char *args, char **error)
{
    taint.host = host;
    taint.env_at = host->thread_alloc(host, host->env_size, 64);
    if (!taint_events_init(args, error)) {
        return NULL;
    }
    host->define(host, "taint.region", (const void *)taint_make_region);
    taint_helpers_init();
    return &taint;
}

static bool run(void *self, MynaPassUnit *given, char **error)
{
    (void)self;
    (void)error;
    unit = given;
    ctx = LLVMGetModuleContext(unit->module);
    for (Value fn = NULL; (fn = myna_function_next(unit->module, fn));) {
        handle_function(fn);
    }
    return true;
}

static void on_syscall(void *self, void *env, void *block, const MynaSyscall *call, bool after)
{
    (void)self;
    (void)env;
    taint_events_syscall(block, call, after);
}

static void fork_child(void *self, void *block)
{
    (void)self;
    (void)block;
    taint_events_fork_child();
}

static void end(void *self, MynaPassEnd why)
{
    (void)self;
    (void)why;
    taint_events_end();
}

const MynaPass myna_pass = {
    .version = MYNA_PASS_VERSION,
    .flags = MYNA_PASS_CACHEABLE | MYNA_PASS_HELPERS,
    .name = "taint",
    .init = init,
    .run = run,
    .syscall = on_syscall,
    .fork_child = fork_child,
    .end = end,
};
