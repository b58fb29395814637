// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What each op gives under the interpreter: one line a case, op, operands => results, and for FP the
// rounding mode before and the exception flags after.  Scalar operands are tried as registers and as
// constants, in every combination.
//
// LINK: myna_tcg

#include "interp-harness.h"

#include <xmmintrin.h>

// MXCSR's flags and rounding modes.
enum { IE = 1, DE = 2, ZE = 4, OE = 8, UE = 16, PE = 32 };
enum { RN = 0, RD = 1, RU = 2, RZ = 3 };

typedef struct Case {
    const char *text;
    TCGOpcode opc;
    TCGType type;
    unsigned vece;
    Value out[2], in[4];
    uint64_t k[2];
    const void *p; // for a P operand
    unsigned mode, flags;
    bool any_flags; // integer ops
} Case;

// Cases name the fields that they need.
#pragma clang diagnostic ignored "-Wmissing-field-initializers"

// clang-format off
#define I(op, r, ...) {#op " " #__VA_ARGS__, INDEX_op_##op, 0, 0, {{.q = {r}}}, OPERANDS(__VA_ARGS__), .any_flags = true}
#define OPERANDS(...) OPERANDS_(__VA_ARGS__, 0, 0, 0, 0)
#define OPERANDS_(a, b, c, d, ...) {{.q = {(uint64_t)(a)}}, {.q = {(uint64_t)(b)}}, {.q = {(uint64_t)(c)}}, {.q = {(uint64_t)(d)}}}
// with constants
#define IK(op, r, a, b, c, d, k0, k1) {#op " " #a " " #b " " #c " " #d " k=" #k0 "," #k1, INDEX_op_##op, 0, 0, {{.q = {r}}}, OPERANDS(a, b, c, d), {(uint64_t)(k0), (uint64_t)(k1)}, .any_flags = true}
// two results
#define I2(op, r, s, ...) {#op " " #__VA_ARGS__, INDEX_op_##op, 0, 0, {{.q = {r}}, {.q = {s}}}, OPERANDS(__VA_ARGS__), .any_flags = true}

#define MIN32 0x80000000u
#define MIN64 0x8000000000000000ull
#define M64 UINT64_MAX
#define M32 UINT32_MAX

static const Case integer_cases[] = {
    I(add_i32, 0, M32, 1), I(add_i32, 5, 2, 3), I(add_i64, 0, M64, 1), I(add_i64, 0x100000001, M32, 2),
    I(add_i64, 0x123456789abcdf00, 0x123456789abcdef0, 0x10),
    I(add_i64, 0x2222222222222222, 0x1111111111111111, 0x1111111111111111),
    I(sub_i32, M32, 0, 1), I(sub_i64, M64, 0, 1), I(sub_i64, 0x80000001, 1, -0x80000000ll),
    I(mul_i32, 0xfffe0001, 0xffff, 0xffff), I(mul_i64, 0xfffffffe00000001, M32, M32),
    I(div_i32, -3u, -7, 2), I(div_i64, -3, -7, 2), I(divu_i32, 0x7ffffffc, -7, 2), I(divu_i64, 0x7ffffffffffffffc, -7, 2),
    I(rem_i32, M32, -7, 2), I(rem_i64, M64, -7, 2), I(remu_i32, 1, -7, 2), I(remu_i64, 1, -7, 2),
    I2(div2_i32, -3u, M32, -7, -1, 2), I2(divu2_i32, 0x80000000, 1, 1, 1, 2),
    I2(div2_i64, -3, M64, -7, -1, 2), I2(divu2_i64, MIN64, 1, 1, 1, 2),
    I2(divu2_i64, 0x5555555555555555, 0xaaaaaaaaaaaaaaa9, M64, 0x5555555555555554, M64 - 1),
    I(and_i32, 0x0f000f00, 0x0fff0fff, 0x0f000f00), I(and_i64, 0xff00ff, 0x1ff01ff, 0xff00ff00ff), I(and_i64, 0xffffffff00000000, M64, 0xffffffff00000000),
    I(or_i32, 0xff, 0xf0, 0xf), I(or_i64, 0xf0000000f, 0xf00000000, 0xf), I(xor_i32, 0xf0, 0xff, 0xf), I(xor_i64, M64 - 1, M64, 1),
    I(not_i32, 0xffffff00, 0xff), I(not_i64, ~0xffull, 0xff), I(neg_i32, M32, 1), I(neg_i64, M64, 1), I(neg_i64, MIN64, MIN64),
    I(andc_i32, 0xf0, 0xff, 0xf), I(andc_i64, 0xf0, 0xff, 0xf), I(orc_i32, 0xfffffff0, 0, 0xf), I(orc_i64, ~0xfull, 0, 0xf),
    I(eqv_i32, 0xffffff0f, 0xff, 0xf), I(eqv_i64, ~0xf0ull, 0xff, 0xf), I(nand_i32, 0xfffffff0, 0xff, 0xf), I(nand_i64, ~0xfull, 0xff, 0xf),
    I(nor_i32, 0xffffff00, 0xff, 0xf), I(nor_i64, ~0xffull, 0xff, 0xf),
    I(shl_i32, MIN32, 1, 31), I(shl_i32, 7, 7, 0), I(shl_i64, MIN64, 1, 63), I(shl_i64, 0x100000000, 1, 32),
    I(shr_i32, 1, MIN32, 31), I(shr_i64, 1, MIN64, 63), I(sar_i32, M32, MIN32, 31), I(sar_i64, M64, MIN64, 63), I(sar_i32, 0xc0000000, MIN32, 1),
    I(rotl_i32, 3, 0x80000001, 1), I(rotl_i32, 5, 5, 0), I(rotl_i64, 3, 0x8000000000000001, 1), I(rotr_i32, 0xc0000000, 0x80000001, 1), I(rotr_i64, 0xc000000000000000, 0x8000000000000001, 1), I(rotr_i64, 9, 9, 0),
    IK(deposit_i32, 0x12ff5678, 0x12345678, 0xff, 0, 0, 16, 8), IK(deposit_i32, 0xabcdef01, 0, 0xabcdef01, 0, 0, 0, 32),
    IK(deposit_i64, 0xff345678, 0x12345678, 0xfff, 0, 0, 24, 8), IK(deposit_i64, 0x8000000000000001, 1, 1, 0, 0, 63, 1), IK(deposit_i64, 77, 0, 77, 0, 0, 0, 64),
    IK(extract_i32, 0x34, 0x12345678, 0, 0, 0, 16, 8), IK(extract_i64, 0x12, 0x1234567800000000, 0, 0, 0, 56, 8), IK(extract_i64, M64, M64, 0, 0, 0, 0, 64),
    IK(sextract_i32, 0xffffff80, 0x00008000, 0, 0, 0, 8, 8), IK(sextract_i64, 0xfffffffffffffff8, 0x8000000000000000, 0, 0, 0, 60, 4),
    IK(extract2_i32, 0x67812345, 0x12345678, 0x12345678, 0, 0, 12, 0), IK(extract2_i32, 7, 7, 9, 0, 0, 0, 0),
    IK(extract2_i64, 0x2345678123456781, 0x1234567812345678, 0x1234567812345678, 0, 0, 60, 0),
    I(ext8s_i32, 0xffffff80, 0x180), I(ext8s_i64, -128ull, 0x180), I(ext8u_i32, 0x80, 0x180), I(ext8u_i64, 0x80, 0x180),
    I(ext16s_i32, 0xffff8000, 0x18000), I(ext16s_i64, -32768ull, 0x18000), I(ext16u_i32, 0x8000, 0x18000), I(ext16u_i64, 0x8000, 0x18000),
    I(ext32s_i64, 0xffffffff80000000, 0x180000000), I(ext32u_i64, 0x80000000, 0x180000000),
    I(bswap16_i32, 0x3412, 0xab1234), I(bswap16_i64, 0x3412, 0xab1234), I(bswap32_i32, 0x78563412, 0x12345678), I(bswap32_i64, 0x78563412, 0xff12345678), I(bswap64_i64, 0xf0debc9a78563412, 0x123456789abcdef0),
    I(clz_i32, 31, 1, 99), I(clz_i32, 99, 0, 99), I(clz_i64, 63, 1, 99), I(clz_i64, 64, 0, 64), I(ctz_i32, 31, MIN32, 99), I(ctz_i32, 99, 0, 99), I(ctz_i64, 63, MIN64, 1), I(ctz_i64, 7, 0, 7),
    I(ctpop_i32, 32, M32), I(ctpop_i64, 64, M64), I(ctpop_i64, 3, 0x8000000100000001), I(bitrev_i32, MIN32, 1), I(bitrev_i64, 0x0f00000000000000, 0xf0),
    I(muluh_i32, 0xfffffffe, M32, M32), I(muluh_i64, 0xfffffffffffffffe, M64, M64), I(mulsh_i32, 0, M32, M32), I(mulsh_i64, 0x4000000000000000, MIN64, MIN64), I(mulsh_i32, M32, M32, 1),
    I2(mulu2_i32, 1, 0xfffffffe, M32, M32), I2(mulu2_i64, 1, 0xfffffffffffffffe, M64, M64), I2(muls2_i32, 1, 0, M32, M32), I2(muls2_i64, M64 - 1, M64, M64, 2),
    I2(add2_i32, 0, 1, M32, 0, 1, 0), I2(add2_i64, 0, 6, M64, 2, 1, 3), I2(sub2_i32, M32, M32, 0, 0, 1, 0), I2(sub2_i64, M64, 0, 0, 4, 1, 3),
    I(ext_i32_i64, 0xffffffff80000000, MIN32), I(extu_i32_i64, 0x80000000, MIN32), I(extrl_i64_i32, 0x9abcdef0, 0x123456789abcdef0), I(extrh_i64_i32, 0x12345678, 0x123456789abcdef0),
    I(mov_i32, 7, 7), I(mov_i64, 0x123456789abcdef0, 0x123456789abcdef0), I(mov_i64, M64, M64),

#define SET(cond, r, a, b) IK(setcond_i64, r, a, b, 0, 0, TCG_COND_##cond, 0), IK(negsetcond_i64, -(uint64_t)(r), a, b, 0, 0, TCG_COND_##cond, 0), \
    IK(movcond_i64, (r) ? 0x111111111111ull : 0x222222222222ull, a, b, 0x111111111111, 0x222222222222, TCG_COND_##cond, 0)
#define SET32(cond, r, a, b) IK(setcond_i32, r, a, b, 0, 0, TCG_COND_##cond, 0), IK(negsetcond_i32, (uint32_t)-(r), a, b, 0, 0, TCG_COND_##cond, 0), \
    IK(movcond_i32, (r) ? 11 : 22, a, b, 11, 22, TCG_COND_##cond, 0)
    SET(NEVER, 0, 1, 1), SET(ALWAYS, 1, 1, 2), SET(EQ, 1, 5, 5), SET(EQ, 0, 5, 0x100000005), SET(NE, 1, 5, 0x100000005), SET(NE, 0, -1, -1),
    SET(LT, 1, -1, 0), SET(LT, 0, 0, -1), SET(LT, 0, 3, 3), SET(GE, 1, 3, 3), SET(GE, 0, -1, 0), SET(LE, 1, 3, 3), SET(LE, 0, 4, 3), SET(GT, 1, 4, 3), SET(GT, 0, -4, 3),
    SET(LTU, 0, -1, 0), SET(LTU, 1, 0, -1), SET(GEU, 1, -1, 0), SET(GEU, 0, 0, 1), SET(LEU, 1, 3, 3), SET(LEU, 0, -1, 3), SET(GTU, 1, -1, 3), SET(GTU, 0, 3, 3),
    SET(TSTEQ, 1, 0xf0, 0xf), SET(TSTEQ, 0, 0xff, 0xf), SET(TSTNE, 1, 0x100000000, 0x100000001), SET(TSTNE, 0, 0x100000000, 1),
    SET32(EQ, 1, 5, 0x100000005), SET32(NE, 0, 5, 0x100000005), SET32(LT, 1, M32, 0), SET32(GE, 1, 0, M32), SET32(LE, 1, M32, M32), SET32(GT, 1, 0, MIN32), SET32(LTU, 1, 0, M32),
    SET32(GEU, 1, M32, 0), SET32(LEU, 0, M32, 0), SET32(GTU, 1, M32, 1), SET32(TSTEQ, 1, 2, 1), SET32(TSTNE, 1, 3, 1),
};

// FP: S and D take float and double operands; bits where a NaN matters.
#define S(op, m, f, r, ...) {#op " " #__VA_ARGS__ " mode " #m, INDEX_op_##op, 0, 0, {{.s = {r}}}, SOPERANDS(__VA_ARGS__), .mode = m, .flags = f}
#define SOPERANDS(...) SOPERANDS_(__VA_ARGS__, 0, 0, 0)
#define SOPERANDS_(a, b, c, ...) {{.s = {a}}, {.s = {b}}, {.s = {c}}}
#define D(op, m, f, r, ...) {#op " " #__VA_ARGS__ " mode " #m, INDEX_op_##op, 0, 0, {{.d = {r}}}, DOPERANDS(__VA_ARGS__), .mode = m, .flags = f}
#define DOPERANDS(...) DOPERANDS_(__VA_ARGS__, 0, 0, 0)
#define DOPERANDS_(a, b, c, ...) {{.d = {a}}, {.d = {b}}, {.d = {c}}}
// operands and result as bits (of any scalar type); constants
#define B(op, m, f, r, ...) {#op " " #__VA_ARGS__ " mode " #m, INDEX_op_##op, 0, 0, {{.q = {r}}}, OPERANDS(__VA_ARGS__), .mode = m, .flags = f}
#define BK(op, m, f, r, a, b, k0) {#op " " #a " " #b " k=" #k0 " mode " #m, INDEX_op_##op, 0, 0, {{.q = {(uint64_t)(r)}}}, OPERANDS(a, b), {k0}, .mode = m, .flags = f}
// FP to integer: float/double operand, integer result
#define SK(op, m, f, r, a, k0) {#op " " #a " k=" #k0 " mode " #m, INDEX_op_##op, 0, 0, {{.q = {(uint64_t)(r)}}}, {{.s = {a}}}, {k0}, .mode = m, .flags = f}
#define DK(op, m, f, r, a, k0) {#op " " #a " k=" #k0 " mode " #m, INDEX_op_##op, 0, 0, {{.q = {(uint64_t)(r)}}}, {{.d = {a}}}, {k0}, .mode = m, .flags = f}
#define FS(op, m, f, r, a, k0) {#op " " #a " k=" #k0 " mode " #m, INDEX_op_##op, 0, 0, {{.s = {r}}}, {{.s = {a}}}, {k0}, .mode = m, .flags = f}
#define FD(op, m, f, r, a, k0) {#op " " #a " k=" #k0 " mode " #m, INDEX_op_##op, 0, 0, {{.d = {r}}}, {{.d = {a}}}, {k0}, .mode = m, .flags = f}
#define CMPS(cond, f, r, a, b) {"fsetcond_f32 " #a " " #b " " #cond, INDEX_op_fsetcond_f32, 0, 0, {{.q = {r}}}, {{.s = {a}}, {.s = {b}}}, {cond}, .flags = f}
#define CMPD(cond, f, r, a, b) {"fsetcond_f64 " #a " " #b " " #cond, INDEX_op_fsetcond_f64, 0, 0, {{.q = {r}}}, {{.d = {a}}, {.d = {b}}}, {cond}, .flags = f}

#define QNAN1 0x7fc00001u
#define QNAN2 0xffc00002u
#define SNAN1 0x7f800001u
#define DQNAN1 0x7ff8000000000001ull
#define DQNAN2 0xfff8000000000002ull
#define DSNAN1 0x7ff0000000000001ull
#define ONE 0x3f800000u
#define DONE 0x3ff0000000000000ull
#define INFS 0x7f800000u
#define ZERO TCG_ROUND_ZERO
#define DYN TCG_ROUND_DYNAMIC
#define NAN32 __builtin_nanf("")
#define NAN64 __builtin_nan("")
#define INF __builtin_inf()

static const Case fp_cases[] = {
    S(fadd_f32, RN, 0, 3, 1, 2), S(fadd_f32, RN, PE, 1.0f, 1, 0x1p-30f), S(fadd_f32, RU, PE, 0x1.000002p0f, 1, 0x1p-30f), S(fadd_f32, RD, 0, -0.0f, 1, -1), S(fadd_f32, RN, 0, 0.0f, 1, -1),
    S(fadd_f32, RN, OE | PE, INF, 0x1.fffffep127f, 0x1p120f), S(fadd_f32, RZ, OE | PE, 0x1.fffffep127f, 0x1.fffffep127f, 0x1p120f),
    B(fadd_f32, RN, 0, QNAN1, QNAN1, QNAN2), B(fadd_f32, RN, 0, QNAN2, QNAN2, QNAN1), B(fadd_f32, RN, IE, SNAN1 | 0x400000, SNAN1, QNAN2), B(fadd_f32, RN, IE, QNAN2, QNAN2, SNAN1), B(fadd_f32, RN, 0, QNAN2, ONE, QNAN2), B(fadd_f32, RN, 0, QNAN2, QNAN2, ONE), B(fadd_f32, RN, IE, 0xffc00000, INFS, 0xff800000),
    B(fmul_f32, RN, 0, QNAN1, QNAN1, QNAN2), B(fmul_f32, RN, 0, QNAN2, QNAN2, QNAN1), B(fsub_f32, RN, 0, QNAN1, QNAN1, QNAN2), B(fdiv_f32, RN, 0, QNAN2, QNAN2, QNAN1),
    B(fadd_f64, RN, 0, DQNAN1, DQNAN1, DQNAN2), B(fadd_f64, RN, 0, DQNAN2, DQNAN2, DQNAN1), B(fmul_f64, RN, 0, DQNAN1, DQNAN1, DQNAN2), B(fmul_f64, RN, 0, DQNAN2, DQNAN2, DQNAN1), B(fsub_f64, RN, 0, DQNAN1, DQNAN1, DQNAN2), B(fdiv_f64, RN, IE, DSNAN1 | DQNAN1, DSNAN1, DONE),
    D(fadd_f64, RN, 0, 3, 1, 2), D(fadd_f64, RU, PE, 0x1.0000000000001p0, 1, 0x1p-60), D(fsub_f64, RN, 0, -1, 1, 2), D(fmul_f64, RN, 0, 6, 2, 3), D(fdiv_f64, RN, PE, 1.0 / 3, 1, 3), D(fdiv_f64, RU, PE, 0x1.5555555555556p-2, 1, 3), D(fdiv_f64, RN, ZE, INF, 1, 0),
    S(fsub_f32, RN, 0, -1, 1, 2), S(fmul_f32, RN, 0, 6, 2, 3), S(fdiv_f32, RD, PE, 0x1.555554p-2f, 1, 3), S(fmul_f32, RN, UE | PE, 0, 0x1p-149f * 1, 0x1p-10f),
    S(fsqrt_f32, RN, 0, 3, 9), S(fsqrt_f32, RN, PE, 0x1.6a09e6p0f, 2), B(fsqrt_f32, RN, IE, 0xffc00000, 0xbf800000), D(fsqrt_f64, RU, PE, 0x1.6a09e667f3bcdp0, 2),
    S(fms_f32, RN, 0, 2, 2, 3, 4), S(fnma_f32, RN, 0, -2, 2, 3, 4), S(fnms_f32, RN, 0, -10, 2, 3, 4), D(fms_f64, RN, 0, 0x1p-52, 0x1.0000000000001p0, 1, 1), D(fnma_f64, RN, 0, -2, 2, 3, 4), D(fnms_f64, RN, 0, -10, 2, 3, 4),
    S(fma_f32, RN, 0, 10, 2, 3, 4), S(fma_f32, RN, 0, -0x1p-46f, 0x1.000002p0f, 0x1.fffffcp-1f, -1), D(fma_f64, RN, 0, -0x1p-104, 0x1.0000000000001p0, 0x1.ffffffffffffep-1, -1),
    S(fneg_f32, RN, 0, -1, 1), B(fneg_f32, RN, 0, SNAN1 | MIN32, SNAN1), S(fabs_f32, RN, 0, 2, -2), B(fabs_f64, RN, 0, DSNAN1, DSNAN1 | MIN64), D(fneg_f64, RN, 0, 0.0, -0.0),
    // minss and maxss: the second operand when unordered or equal
    S(fminsel_f32, RN, 0, 1, 1, 2), B(fminsel_f32, RN, IE, ONE, QNAN1, ONE), B(fminsel_f32, RN, IE, QNAN1, ONE, QNAN1), B(fminsel_f32, RN, IE, SNAN1, ONE, SNAN1), B(fminsel_f32, RN, 0, MIN32, 0, MIN32), B(fminsel_f32, RN, 0, 0, MIN32, 0), B(fmaxsel_f32, RN, 0, MIN32, 0, MIN32), S(fmaxsel_f32, RN, 0, 2, 1, 2), B(fmaxsel_f64, RN, IE, DONE, DQNAN1, DONE), B(fminsel_f64, RN, IE, DQNAN2, DQNAN1, DQNAN2),
    B(fmin_f32, RN, 0, MIN32, 0, MIN32), B(fmin_f32, RN, 0, MIN32, MIN32, 0), B(fmax_f32, RN, 0, 0, MIN32, 0), B(fmax_f32, RN, 0, 0, 0, MIN32), B(fmin_f32, RN, 0, QNAN1, ONE, QNAN1), B(fmax_f64, RN, 0, DQNAN1, DQNAN1, DONE), B(fmin_f64, RN, 0, MIN64, 0, MIN64), S(fmin_f32, RN, 0, -3, 2, -3), D(fmax_f64, RN, 0, 2, 2, -3), B(fmin_f32, RN, IE, SNAN1 | 0x400000, SNAN1, ONE),
    B(fminnum_f32, RN, 0, ONE, ONE, QNAN1), B(fminnum_f32, RN, 0, ONE, QNAN1, ONE), B(fmaxnum_f32, RN, 0, QNAN1, QNAN1, QNAN2), B(fmaxnum_f32, RN, IE, SNAN1 | 0x400000, ONE, SNAN1), D(fminnum_f64, RN, 0, -1, -1, 1), D(fmaxnum_f64, RN, 0, 1, -1, 1),
    CMPS(TCG_FCOND_LT, 0, 1, 1, 2), CMPS(TCG_FCOND_LT, 0, 0, 2, 1), CMPS(TCG_FCOND_LT, 0, 0, NAN32, 1), CMPS(TCG_FCOND_LT | TCG_FCOND_SIGNALING, IE, 0, NAN32, 1), CMPS(TCG_FCOND_UN, 0, 1, NAN32, 1), CMPS(TCG_FCOND_UN, 0, 0, 1, 1), CMPS(TCG_FCOND_EQ, 0, 1, 0.0f, -0.0f), CMPS(TCG_FCOND_EQ, 0, 0, 1, NAN32), CMPS(TCG_FCOND_LE, 0, 1, 1, 1), CMPS(TCG_FCOND_GE, 0, 0, 1, 2), CMPS(TCG_FCOND_GT, 0, 1, 2, 1), CMPS(TCG_FCOND_NEU, 0, 1, 1, NAN32), CMPS(TCG_FCOND_NEU, 0, 0, 1, 1), CMPS(TCG_FCOND_ORD, 0, 1, 1, 2),
    CMPD(TCG_FCOND_LT, 0, 1, 1, 2), CMPD(TCG_FCOND_GE | TCG_FCOND_SIGNALING, IE, 0, 1, NAN64), CMPD(TCG_FCOND_EQ | TCG_FCOND_UN, 0, 1, 1, NAN64), CMPD(TCG_FCOND_ORD, 0, 0, 1, NAN64),
    FS(fround_f32, RN, PE, 2, 2.5f, TCG_ROUND_NEAREST), FS(fround_f32, RN, 0, 2, 2.5f, TCG_ROUND_NEAREST | TCG_ROUND_NOEXC), FS(fround_f32, RN, PE, 3, 2.5f, TCG_ROUND_UP), FS(fround_f32, RN, PE, -3, -2.5f, TCG_ROUND_DOWN), FS(fround_f32, RN, PE, -2, -2.5f, ZERO), FS(fround_f32, RU, PE, 3, 2.1f, DYN), FS(fround_f32, RU, 0, 3, 2.1f, DYN | TCG_ROUND_NOEXC),
    FS(fround_f32, RN, PE, 3, 2.5f, TCG_ROUND_TIES_AWAY), FS(fround_f32, RN, PE, -3, -2.5f, TCG_ROUND_TIES_AWAY), FS(fround_f32, RN, PE, 0, 0.49999997f, TCG_ROUND_TIES_AWAY), FS(fround_f32, RN, 0, 1, 0.5f, TCG_ROUND_TIES_AWAY | TCG_ROUND_NOEXC), FS(fround_f32, RN, PE, -0.0f, -0.25f, ZERO), FS(fround_f32, RN, 0, 0x1p30f, 0x1p30f, TCG_ROUND_TIES_AWAY), FD(fround_f64, RN, PE, -0.0, -0.25, TCG_ROUND_TIES_AWAY), FD(fround_f64, RN, 0, INF, INF, TCG_ROUND_TIES_AWAY), FD(fround_f64, RN, PE, 2, 1.5, TCG_ROUND_NEAREST),
    BK(fround_f32, RN, IE, SNAN1 | 0x400000, SNAN1, 0, ZERO), BK(fround_f32, RN, IE, SNAN1 | 0x400000, SNAN1, 0, TCG_ROUND_TIES_AWAY),
    {"fcvt_f32_f64 1.5", INDEX_op_fcvt_f32_f64, 0, 0, {{.d = {1.5}}}, {{.s = {1.5f}}}}, {"fcvt_f64_f32 1/3 up", INDEX_op_fcvt_f64_f32, 0, 0, {{.s = {0x1.555556p-2f}}}, {{.d = {1.0 / 3}}}, .mode = RU, .flags = PE}, {"fcvt_f64_f32 overflow", INDEX_op_fcvt_f64_f32, 0, 0, {{.s = {INF}}}, {{.d = {1e300}}}, .flags = OE | PE},
    {"fcvt_f16_f32 1", INDEX_op_fcvt_f16_f32, 0, 0, {{.s = {1}}}, {{.l = {0x3c00}}}}, {"fcvt_f16_f32 denormal", INDEX_op_fcvt_f16_f32, 0, 0, {{.s = {0x1p-24f}}}, {{.l = {1}}}}, {"fcvt_f16_f32 -inf", INDEX_op_fcvt_f16_f32, 0, 0, {{.s = {-INF}}}, {{.l = {0xfc00}}}}, {"fcvt_f16_f32 snan", INDEX_op_fcvt_f16_f32, 0, 0, {{.l = {0x7fc02000}}}, {{.l = {0x7c01}}}, .flags = IE}, {"fcvt_f16_f32 max", INDEX_op_fcvt_f16_f32, 0, 0, {{.s = {65504}}}, {{.l = {0x7bff}}}},
    {"fcvt_f32_f16 1", INDEX_op_fcvt_f32_f16, 0, 0, {{.l = {0x3c00}}}, {{.s = {1}}}}, {"fcvt_f32_f16 tie to even", INDEX_op_fcvt_f32_f16, 0, 0, {{.l = {0x3c00}}}, {{.s = {0x1.002p0f}}}, .flags = PE}, {"fcvt_f32_f16 tie up", INDEX_op_fcvt_f32_f16, 0, 0, {{.l = {0x3c02}}}, {{.s = {0x1.006p0f}}}, .flags = PE}, {"fcvt_f32_f16 up", INDEX_op_fcvt_f32_f16, 0, 0, {{.l = {0x3c01}}}, {{.s = {0x1.0002p0f}}}, .mode = RU, .flags = PE}, {"fcvt_f32_f16 overflow", INDEX_op_fcvt_f32_f16, 0, 0, {{.l = {0x7c00}}}, {{.s = {65520}}}, .flags = OE | PE}, {"fcvt_f32_f16 overflow rz", INDEX_op_fcvt_f32_f16, 0, 0, {{.l = {0x7bff}}}, {{.s = {65536}}}, .mode = RZ, .flags = OE | PE},
    {"fcvt_f32_f16 denormal", INDEX_op_fcvt_f32_f16, 0, 0, {{.l = {0x8001}}}, {{.s = {-0x1p-24f}}}}, {"fcvt_f32_f16 underflow", INDEX_op_fcvt_f32_f16, 0, 0, {{.l = {0}}}, {{.s = {0x1p-26f}}}, .flags = UE | PE}, {"fcvt_f32_f16 to normal", INDEX_op_fcvt_f32_f16, 0, 0, {{.l = {0x400}}}, {{.s = {0x1.fffp-15f}}}, .flags = PE}, {"fcvt_f64_f16 once", INDEX_op_fcvt_f64_f16, 0, 0, {{.l = {0x3c01}}}, {{.d = {0x1.0020000001p0}}}, .flags = PE}, {"fcvt_f64_f16 tiny up", INDEX_op_fcvt_f64_f16, 0, 0, {{.l = {1}}}, {{.d = {1e-300}}}, .mode = RU, .flags = UE | PE},
    {"cvt_i32_f32", INDEX_op_cvt_i32_f32, 0, 0, {{.s = {-1}}}, {{.sl = {-1}}}}, {"cvt_i32_f32 inexact", INDEX_op_cvt_i32_f32, 0, 0, {{.s = {0x1p24f}}}, {{.sl = {0x1000001}}}, .flags = PE}, {"cvt_i32_f64", INDEX_op_cvt_i32_f64, 0, 0, {{.d = {-2147483648.0}}}, {{.sl = {INT32_MIN}}}}, {"cvt_i64_f32 up", INDEX_op_cvt_i64_f32, 0, 0, {{.s = {0x1.000002p62f}}}, {{.q = {0x4000000000000001}}}, .mode = RU, .flags = PE}, {"cvt_i64_f64", INDEX_op_cvt_i64_f64, 0, 0, {{.d = {-0x1p63}}}, {{.q = {MIN64}}}},
    {"cvtu_i32_f32", INDEX_op_cvtu_i32_f32, 0, 0, {{.s = {0x1p32f}}}, {{.l = {M32}}}, .flags = PE}, {"cvtu_i32_f64", INDEX_op_cvtu_i32_f64, 0, 0, {{.d = {4294967295.0}}}, {{.l = {M32}}}}, {"cvtu_i64_f64 max", INDEX_op_cvtu_i64_f64, 0, 0, {{.d = {0x1p64}}}, {{.q = {M64}}}, .flags = PE}, {"cvtu_i64_f64 max rz", INDEX_op_cvtu_i64_f64, 0, 0, {{.d = {0x1.fffffffffffffp63}}}, {{.q = {M64}}}, .mode = RZ, .flags = PE}, {"cvtu_i64_f64 0 rd", INDEX_op_cvtu_i64_f64, 0, 0, {{.d = {0.0}}}, {{.q = {0}}}, .mode = RD}, {"cvtu_i64_f32 sticky", INDEX_op_cvtu_i64_f32, 0, 0, {{.s = {0x1.000002p63f}}}, {{.q = {0x8000008000000001}}}, .flags = PE},
    SK(fcvt_f32_i32, RN, 0, 2, 2, ZERO), SK(fcvt_f32_i32, RN, PE, 2, 2.9f, ZERO), SK(fcvt_f32_i32, RN, PE, 3, 2.9f, DYN), SK(fcvt_f32_i32, RD, PE, 2, 2.9f, DYN), SK(fcvt_f32_i32, RN, PE, 3, 2.1f, TCG_ROUND_UP), SK(fcvt_f32_i32, RN, PE, (uint32_t)-3, -2.1f, TCG_ROUND_DOWN), SK(fcvt_f32_i32, RN, PE, 2, 2.5f, TCG_ROUND_NEAREST), SK(fcvt_f32_i32, RN, PE, 3, 2.5f, TCG_ROUND_TIES_AWAY),
    SK(fcvt_f32_i32, RN, IE, MIN32, 3e9f, ZERO), SK(fcvt_f32_i32, RN, IE, MIN32, NAN32, ZERO), SK(fcvt_f32_i32, RN, IE, MIN32, -3e9f, TCG_ROUND_UP), SK(fcvt_f32_i32, RN, 0, MIN32, -0x1p31f, TCG_ROUND_UP), DK(fcvt_f64_i32, RN, IE, MIN32, 2147483647.5, TCG_ROUND_NEAREST), DK(fcvt_f64_i32, RN, PE, 0x7fffffff, 2147483647.5, TCG_ROUND_DOWN), DK(fcvt_f64_i32, RN, IE, MIN32, 2147483648.0, ZERO),
    SK(fcvt_f32_i64, RN, IE, MIN64, 0x1p63f, ZERO), SK(fcvt_f32_i64, RN, 0, 0x4000000000000000, 0x1p62f, DYN), DK(fcvt_f64_i64, RN, PE, -2ll, -2.5, DYN), DK(fcvt_f64_i64, RN, IE, MIN64, INF, TCG_ROUND_UP), DK(fcvt_f64_i64, RN, PE, -2ll, -2.5, TCG_ROUND_NEAREST),
    SK(fcvts_f32_i32, RN, IE, 0x7fffffff, 3e9f, ZERO), SK(fcvts_f32_i32, RN, IE, MIN32, -3e9f, ZERO), SK(fcvts_f32_i32, RN, IE, 0, NAN32, ZERO), SK(fcvts_f32_i32, RN, PE, 2, 2.5f, TCG_ROUND_NEAREST), SK(fcvts_f32_i64, RN, IE, INT64_MAX, INF, ZERO), DK(fcvts_f64_i32, RN, IE, 0x7fffffff, 2147483647.5, TCG_ROUND_UP), DK(fcvts_f64_i32, RN, PE, 0x7fffffff, 2147483647.5, ZERO), DK(fcvts_f64_i64, RN, IE, MIN64, -1e300, ZERO), DK(fcvts_f64_i64, RN, 0, MIN64, -0x1p63, ZERO),
    SK(fcvtu_f32_i32, RN, IE, 0, -1, ZERO), SK(fcvtu_f32_i32, RN, PE, 0, -0.5f, ZERO), SK(fcvtu_f32_i32, RN, IE, M32, 5e9f, ZERO), SK(fcvtu_f32_i32, RN, 0, MIN32, 0x1p31f, ZERO), SK(fcvtu_f32_i64, RN, 0, MIN64, 0x1p63f, ZERO), SK(fcvtu_f32_i64, RN, IE, M64, 0x1p64f, ZERO), DK(fcvtu_f64_i32, RN, PE, M32, 4294967295.4, TCG_ROUND_NEAREST), DK(fcvtu_f64_i64, RN, 0, 0xfffffffffffff800, 0x1.fffffffffffffp63, ZERO), DK(fcvtu_f64_i64, RN, IE, 0, NAN64, ZERO), DK(fcvtu_f64_i64, RN, PE, 3, 2.5, TCG_ROUND_UP),
    B(bitcast_i32_f32, RN, 0, SNAN1, SNAN1), B(bitcast_i64_f64, RN, 0, DSNAN1, DSNAN1), B(bitcast_f32_i32, RN, 0, SNAN1, SNAN1), B(bitcast_f64_i64, RN, 0, DSNAN1, DSNAN1), B(mov_f32, RN, 0, SNAN1, SNAN1), B(mov_f64, RN, 0, DSNAN1, DSNAN1),
};

// Vectors: results and operands as initialisers of Value.
#define V(op, t, e, r, ...) {#op " " #t " " #e " " #__VA_ARGS__, INDEX_op_##op, TCG_TYPE_##t, e, {r}, {__VA_ARGS__}, .any_flags = true}
#define VK(op, t, e, k0, r, ...) {#op " " #t " " #e " k=" #k0 " " #__VA_ARGS__, INDEX_op_##op, TCG_TYPE_##t, e, {r}, {__VA_ARGS__}, {k0}, .any_flags = true}
#define VF(op, t, e, m, f, k0, r, ...) {#op " " #t " " #e " k=" #k0 " " #__VA_ARGS__ " mode " #m, INDEX_op_##op, TCG_TYPE_##t, e, {r}, {__VA_ARGS__}, {k0}, .mode = m, .flags = f}
#define VP(op, t, e, bytes, r, ...) {#op " " #t " " #e " " #__VA_ARGS__, INDEX_op_##op, TCG_TYPE_##t, e, {r}, {__VA_ARGS__}, .p = bytes, .any_flags = true}
#define VB(...) {.b = {__VA_ARGS__}}
#define VSB(...) {.sb = {__VA_ARGS__}}
#define VW(...) {.w = {__VA_ARGS__}}
#define VSW(...) {.sw = {__VA_ARGS__}}
#define VL(...) {.l = {__VA_ARGS__}}
#define VSL(...) {.sl = {__VA_ARGS__}}
#define VQ(...) {.q = {__VA_ARGS__}}
#define VSS(...) {.s = {__VA_ARGS__}}
#define VD(...) {.d = {__VA_ARGS__}}
#define N4(x) x, x, x, x
#define N8(x) N4(x), N4(x)
#define N16(x) N8(x), N8(x)
#define IOTA8 0, 1, 2, 3, 4, 5, 6, 7
#define IOTA16 IOTA8, 8, 9, 10, 11, 12, 13, 14, 15
#define IOTA32 IOTA16, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31

static const uint8_t reverse4[] = {3, 2, 1, 0}, interleave4[] = {0, 4, 1, 5}, high_of_b[] = {4, 0xff, 6, 7},
    both8[] = {0, 15, 1, 14, 2, 13, 0xff, 8}, both16[] = {31, 0, 30, 1, 29, 2, 28, 3, 0xff, 16, 4, 5, 6, 7, 8, 9},
    swap4_256[] = {5, 4, 7, 6}, one32[] = {31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0xff};

static const Case vector_cases[] = {
    V(mov_vec, V64, 0, VB(IOTA8), VB(IOTA8)), V(mov_vec, V128, 0, VB(IOTA16), VB(IOTA16)), V(mov_vec, V256, 0, VB(IOTA32), VB(IOTA32)),
    VP(movi_vec, V64, 0, both8, VB(0, 15, 1, 14, 2, 13, 0xff, 8)), VP(movi_vec, V128, 0, both16, VB(31, 0, 30, 1, 29, 2, 28, 3, 0xff, 16, 4, 5, 6, 7, 8, 9)),
    V(dup_vec, V128, MO_8, VB(N16(0x12)), VQ(0xff12)), V(dup_vec, V128, MO_32, VL(N4(7)), VQ(0x100000007)), V(dup_vec, V256, MO_64, VQ(N4(9)), VQ(9)), V(dup_vec, V64, MO_16, VW(N4(3)), VQ(3)),
    VK(dupl_vec, V128, MO_16, 5, VW(N8(6)), VW(1, 2, 3, 4, 5, 6, 7, 8)), VK(dupl_vec, V64, MO_8, 7, VB(N8(7)), VB(IOTA8)),
    VK(extract_vec_i64, V128, MO_8, 15, VQ(0xff), VB(IOTA8, 8, 9, 10, 11, 12, 13, 14, 0xff)), VK(extract_vec_i64, V128, MO_16, 3, VQ(0x8000), VW(1, 2, 3, 0x8000)), VK(extract_vec_i64, V128, MO_32, 1, VQ(0x80000000), VL(1, 0x80000000)), VK(extract_vec_i64, V128, MO_64, 1, VQ(5), VQ(4, 5)),
    VK(insert_vec_i64, V128, MO_8, 3, VB(0, 1, 2, 0x77, 4), VB(0, 1, 2, 3, 4), VQ(0x177)), VK(insert_vec_i64, V128, MO_16, 7, VW(1, 0, 0, 0, 0, 0, 0, 9), VW(1), VQ(9)), VK(insert_vec_i64, V64, MO_32, 1, VL(1, 8), VL(1, 2), VQ(0x300000008)), VK(insert_vec_i64, V256, MO_64, 3, VQ(1, 2, 3, 9), VQ(1, 2, 3, 4), VQ(9)),
    VK(extract_vec_f32, V128, MO_32, 2, VSS(3), VSS(1, 2, 3, 4)), VK(insert_vec_f32, V128, MO_32, 0, VSS(9, 2, 3, 4), VSS(1, 2, 3, 4), VSS(9)), VK(extract_vec_f64, V128, MO_64, 1, VD(2), VD(1, 2)), VK(insert_vec_f64, V128, MO_64, 1, VD(1, 9), VD(1, 2), VD(9)),
    V(zext_i64_v128, V128, 0, VQ(5, 0), VQ(5)), V(bitcast_i64_v64, V64, 0, VQ(5), VQ(5)), V(bitcast_v64_i64, V64, 0, VQ(5), VQ(5)), V(concat_v64_v128, V128, 0, VQ(1, 2), VQ(1), VQ(2)), V(extrl_v128_v64, V128, 0, VQ(1), VQ(1, 2)), V(extrh_v128_v64, V128, 0, VQ(2), VQ(1, 2)),
    V(concat_v128_v256, V256, 0, VQ(1, 2, 3, 4), VQ(1, 2), VQ(3, 4)), V(extrl_v256_v128, V256, 0, VQ(1, 2), VQ(1, 2, 3, 4)), V(extrh_v256_v128, V256, 0, VQ(3, 4), VQ(1, 2, 3, 4)), V(bitcast_i128_v128, V128, 0, VQ(1, 2), VQ(1, 2)), V(bitcast_v128_i128, V128, 0, VQ(1, 2), VQ(1, 2)),
    I(concat_i64_i128, 1, 1, 0), V(concat_i64_i128, I128, 0, VQ(1, 2), VQ(1), VQ(2)), V(extrl_i128_i64, I128, 0, VQ(1), VQ(1, 2)), V(extrh_i128_i64, I128, 0, VQ(2), VQ(1, 2)), V(mov_i128, I128, 0, VQ(1, 2), VQ(1, 2)),
    VP(shuffle_vec, V128, MO_32, reverse4, VL(4, 3, 2, 1), VL(1, 2, 3, 4), VL(5, 6, 7, 8)), VP(shuffle_vec, V128, MO_32, interleave4, VL(1, 5, 2, 6), VL(1, 2, 3, 4), VL(5, 6, 7, 8)), VP(shuffle_vec, V128, MO_32, high_of_b, VL(5, 0, 7, 8), VL(1, 2, 3, 4), VL(5, 6, 7, 8)),
    VP(shuffle_vec, V64, MO_8, both8, VB(0, 107, 1, 106, 2, 105, 0, 100), VB(IOTA8), VB(100, 101, 102, 103, 104, 105, 106, 107)), VP(shuffle_vec, V64, MO_16, reverse4, VW(4, 3, 2, 1), VW(1, 2, 3, 4), VW(0)), VP(shuffle_vec, V128, MO_8, both16, VB(115, 0, 114, 1, 113, 2, 112, 3, 0, 100, 4, 5, 6, 7, 8, 9), VB(IOTA16), VB(100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115)),
    VP(shuffle_vec, V256, MO_64, swap4_256, VQ(6, 5, 8, 7), VQ(1, 2, 3, 4), VQ(5, 6, 7, 8)), VP(shuffle_vec, V256, MO_64, interleave4, VQ(1, 5, 2, 6), VQ(1, 2, 3, 4), VQ(5, 6, 7, 8)), VP(shuffle_vec, V256, MO_8, one32, VB(31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0), VB(IOTA32), VB(0)),
    V(tbl_vec, V128, MO_8, VB(10, 0, 25, 0, 0, 11), VB(10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25), VB(0, 16, 15, 255, 128, 1, N8(200), 200, 200)), V(tbl_vec, V64, MO_8, VB(17, 0, 10), VB(10, 11, 12, 13, 14, 15, 16, 17), VB(7, 8, 0, N4(255), 99)), V(tbl_vec, V256, MO_8, VB(31, 0, 5), VB(IOTA32), VB(31, 32, 5, N16(100), N8(100), N4(100), 100)),
    V(tbl16_vec, V256, MO_8, VB(15, 0, 5, 0, N8(0), 0, 0, 0, 0, 31, 16, 21), VB(IOTA32), VB(15, 16, 5, 255, N8(100), N4(100), 15, 0, 5, N8(100), N4(100), 100)), V(tbl16_vec, V128, MO_8, VB(10, 0, 25), VB(10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25), VB(0, 16, 15, N8(200), N4(200), 200)), V(tbl16_vec, V64, MO_8, VB(17, 0, 10), VB(10, 11, 12, 13, 14, 15, 16, 17), VB(7, 8, 0, N4(255), 99)),
    V(perm_vec, V256, MO_32, VL(8, 1, 3, 3, 2, 8, 1, 5), VL(1, 2, 3, 4, 5, 6, 7, 8), VL(7, 0, 10, 2, 0x80000001, 15, 8, 4)), V(perm_vec, V128, MO_32, VL(4, 1, 3, 2), VL(1, 2, 3, 4), VL(7, 0, 10, 0xfffffffd)), V(perm_vec, V128, MO_64, VQ(2, 1), VQ(1, 2), VQ(5, 2)), V(perm_vec, V64, MO_8, VB(8, 1, 3, 3, 1, 1, 1, 1), VB(1, 2, 3, 4, 5, 6, 7, 8), VB(7, 8, 10, 2)),
    V(signmask_vec, V128, MO_8, VQ(0x8001), VB(0x80, N8(0x7f), 0, 0, 0, 0, 0, 0, 0xff)), V(signmask_vec, V128, MO_16, VQ(0x81), VW(0x8000, 0, 0, 0, 0, 0, 0, 0xffff)), V(signmask_vec, V128, MO_32, VQ(9), VL(MIN32, 1, 2, M32)), V(signmask_vec, V128, MO_64, VQ(2), VQ(1, M64)), V(signmask_vec, V64, MO_8, VQ(0x81), VB(0x80, 0, 0, 0, 0, 0, 0, 0x80)), V(signmask_vec, V256, MO_8, VQ(0x80000001), VB(0x80, N16(0), N8(0), N4(0), 0, 0, 0x80)), V(signmask_vec, V256, MO_64, VQ(8), VQ(0, 0, 0, MIN64)), V(signmask_vec, V64, MO_64, VQ(1), VQ(MIN64)), V(signmask_vec, V64, MO_32, VQ(2), VL(0, MIN32)),
    V(bitsel_vec, V128, 0, VQ(0xf0f, 0xff00), VQ(0xff, 0), VQ(0xf0f, 0), VQ(0xf0f, 0xff00)),
    V(widensl_vec, V128, MO_8, VSW(-1, 2, -3, 4, 5, 6, 7, -128), VSB(-1, 2, -3, 4, 5, 6, 7, -128, 9)), V(widensh_vec, V128, MO_16, VSL(-5, 6, 7, -8), VSW(1, 2, 3, 4, -5, 6, 7, -8)), V(widenul_vec, V128, MO_32, VQ(M32, 2), VL(M32, 2, 3, 4)), V(widenuh_vec, V128, MO_8, VW(0xff, 9, 10, 11, 12, 13, 14, 0x80), VB(IOTA8, 0xff, 9, 10, 11, 12, 13, 14, 0x80)), V(widensl_vec, V64, MO_32, VQ(M64), VL(M32, 5)), V(widenuh_vec, V256, MO_16, VL(8, 9, 10, 11, 12, 13, 14, 0xffff), VW(IOTA8, 8, 9, 10, 11, 12, 13, 14, 0xffff)),
    V(narrow_vec, V128, MO_16, VB(1, 0xff, 3, 4, 5, 6, 7, 8, 0x34, 2, 3, 4, 5, 6, 7, 0), VW(1, 0x1ff, 3, 4, 5, 6, 7, 8), VW(0x1234, 2, 3, 4, 5, 6, 7, 0xff00)), V(narrow_vec, V128, MO_64, VL(1, 2, 3, 4), VQ(0x900000001, 2), VQ(3, 0x500000004)), V(narrow_vec, V64, MO_32, VW(1, 2, 3, 4), VL(1, 0x10002), VL(3, 4)),
    V(narrowss_vec, V128, MO_16, VSB(127, -128, 0, 1, 0, 0, 0, 0, -1, 127, -128), VSW(300, -300, 0, 1), VSW(-1, 127, -128)), V(narrowss_vec, V128, MO_32, VSW(32767, -32768, 1, -1, 32767, -32768, 5, 0), VSL(32768, -40000, 1, -1), VSL(32767, -32768, 5, 0)), V(narrowsu_vec, V128, MO_16, VB(255, 0, 1, 255, 0, 0, 0, 0, 128), VSW(300, -300, 1, 255), VSW(128)), V(narrowsu_vec, V128, MO_32, VW(65535, 0, 65535, 1, 5, 0, 0, 0), VSL(70000, -1, 65535, 1), VSL(5, INT32_MIN)), V(narrowuu_vec, V128, MO_32, VW(65535, 65535, 65535, 1), VL(70000, M32, 65535, 1), VL(0)), V(narrowss_vec, V64, MO_64, VSL(INT32_MAX, INT32_MIN), VQ(0x80000000), VQ(MIN64)), V(narrowsu_vec, V256, MO_64, VL(M32, 0, 5, 6, 0, 0, 0, 1), VQ(M32 + 1ull, M64, 5, 6), VQ(0, 0, 0, 1)),
    V(pmadds_vec, V128, MO_16, VL(0x80000000, 14, (uint32_t)-2, 0), VSW(-32768, -32768, 2, 4, 1, 1), VSW(-32768, -32768, 1, 3, -1, -1)), V(pmaddus_vec, V128, MO_8, VSW(32767, -32768, 5, -1), VB(255, 255, 255, 255, 1, 2, 1), VSB(127, 127, -128, -128, 1, 2, -1)), V(pmaddus_vec, V64, MO_8, VSW(32767, -32768, 5, -1), VB(255, 255, 255, 255, 1, 2, 1), VSB(127, 127, -128, -128, 1, 2, -1)), V(pmadds_vec, V64, MO_8, VSW(14, 0x4000), VSB(2, 4, -128), VSB(1, 3, -128)), V(pmadds_vec, V128, MO_32, VQ(MIN64, 3), VSL(INT32_MIN, INT32_MIN, 1, 1), VSL(INT32_MIN, INT32_MIN, 1, 2)),
    V(sadu8_vec, V128, MO_8, VQ(255 + 3, 8), VB(0, 5, 1, 1), VB(255, 3, 1, 0, 0, 0, 0, 0, N8(1))), V(sadu8_vec, V64, MO_8, VQ(255 + 3), VB(0, 5, 1, 1), VB(255, 3, 1, 0)),
    VF(fadd_vec, V128, MO_32, RN, PE, 0, VSS(3, 1, -0.0f, 4), VSS(1, 1, -0.0f, 2), VSS(2, 0x1p-30f, -0.0f, 2)), VF(fadd_vec, V128, MO_32, RN, 0, 0, VL(QNAN1, QNAN2, QNAN1, 0), VL(QNAN1, QNAN2, QNAN1, 0), VL(QNAN2, QNAN1, 0, 0)), VF(fmul_vec, V128, MO_32, RN, 0, 0, VL(QNAN1, QNAN2, QNAN1, 0), VL(QNAN1, QNAN2, QNAN1, 0), VL(QNAN2, QNAN1, 0, 0)), VF(fadd_vec, V128, MO_64, RN, 0, 0, VQ(DQNAN1, DQNAN2), VQ(DQNAN1, DQNAN2), VQ(DQNAN2, DQNAN1)), VF(fmul_vec, V128, MO_64, RN, 0, 0, VQ(DQNAN1, DQNAN2), VQ(DQNAN1, DQNAN2), VQ(DQNAN2, DQNAN1)),
    VF(fadd_vec, V64, MO_32, RN, 0, 0, VL(QNAN1, QNAN2), VL(QNAN1, QNAN2), VL(QNAN2, QNAN1)), VF(fsub_vec, V128, MO_64, RN, 0, 0, VD(-1, 4), VD(1, 5), VD(2, 1)), VF(fdiv_vec, V64, MO_32, RN, 0, 0, VSS(2, 3), VSS(4, 9), VSS(2, 3)), VF(fdiv_vec, V256, MO_64, RN, ZE, 0, VD(2, 3, INF, 1), VD(4, 9, 1, 1), VD(2, 3, 0, 1)), VF(fmul_vec, V256, MO_32, RN, 0, 0, VSS(2, 6, 12, 20, 30, 42, 56, 72), VSS(1, 2, 3, 4, 5, 6, 7, 8), VSS(2, 3, 4, 5, 6, 7, 8, 9)),
    VF(fsqrt_vec, V128, MO_32, RN, 0, 0, VSS(1, 2, 3, 4), VSS(1, 4, 9, 16)), VF(fsqrt_vec, V64, MO_64, RN, 0, 0, VD(5), VD(25)), VF(fma_vec, V128, MO_64, RN, 0, 0, VD(10, 7), VD(2, 2), VD(3, 3), VD(4, 1)), VF(fms_vec, V256, MO_64, RN, 0, 0, VD(2, 5, 0, 1), VD(2, 2, 1, 1), VD(3, 3, 1, 2), VD(4, 1, 1, 1)), VF(fnma_vec, V128, MO_32, RN, 0, 0, VSS(-2, -5, 0, 1), VSS(2, 2, 1, 1), VSS(3, 3, 1, 1), VSS(4, 1, 1, 2)), VF(fnms_vec, V64, MO_32, RN, 0, 0, VSS(-10, -7), VSS(2, 2), VSS(3, 3), VSS(4, 1)), VF(fneg_vec, V128, MO_32, RN, 0, 0, VL(SNAN1 | MIN32, 0, MIN32), VL(SNAN1, MIN32, 0, MIN32)), VF(fabs_vec, V128, MO_64, RN, 0, 0, VD(1, 2), VD(-1, 2)),
    VF(fminsel_vec, V128, MO_32, RN, IE, 0, VL(ONE, QNAN1, MIN32, 0), VL(QNAN1, ONE, 0, MIN32), VL(ONE, QNAN1, MIN32, 0)), VF(fmaxsel_vec, V128, MO_64, RN, 0, 0, VD(2, 5), VD(1, 5), VD(2, 3)), VF(fminsel_vec, V64, MO_32, RN, IE, 0, VL(ONE, QNAN1), VL(QNAN1, ONE), VL(ONE, QNAN1)), VF(fmin_vec, V128, MO_32, RN, 0, 0, VL(QNAN1, MIN32, MIN32, ONE), VL(ONE, 0, MIN32, ONE), VL(QNAN1, MIN32, 0, INFS)), VF(fmaxnum_vec, V128, MO_32, RN, 0, 0, VL(ONE, 0, 0, INFS), VL(ONE, 0, MIN32, ONE), VL(QNAN1, MIN32, 0, INFS)), VF(fmax_vec, V64, MO_32, RN, 0, 0, VSS(2, 4), VSS(1, 4), VSS(2, 3)), VF(fminnum_vec, V64, MO_32, RN, 0, 0, VSS(1, 3), VSS(1, 4), VSS(2, 3)),
    VF(fcmp_vec, V128, MO_32, RN, 0, TCG_FCOND_EQ, VL(M32, 0, 0, M32), VSS(1, 1, NAN32, 0.0f), VSS(1, 2, NAN32, -0.0f)), VF(fcmp_vec, V128, MO_32, RN, IE, TCG_FCOND_LT | TCG_FCOND_SIGNALING, VL(M32, 0, 0, 0), VSS(1, 2, NAN32, 0), VSS(2, 1, 1, 0)), VF(fcmp_vec, V128, MO_32, RN, 0, TCG_FCOND_LT, VL(M32, 0, 0, 0), VSS(1, 2, NAN32, 0), VSS(2, 1, 1, 0)), VF(fcmp_vec, V128, MO_32, RN, 0, TCG_FCOND_UN, VL(0, 0, M32, 0), VSS(1, 2, NAN32, 0), VSS(2, 1, 1, 0)), VF(fcmp_vec, V128, MO_32, RN, 0, TCG_FCOND_NEU, VL(M32, 0, M32, 0), VSS(1, 2, NAN32, 0), VSS(2, 2, 1, 0)), VF(fcmp_vec, V128, MO_32, RN, 0, TCG_FCOND_ORD, VL(M32, M32, 0, M32), VSS(1, 2, NAN32, 0), VSS(2, 2, 1, 0)), VF(fcmp_vec, V128, MO_32, RN, IE, TCG_FCOND_GE | TCG_FCOND_UN | TCG_FCOND_SIGNALING, VL(0, M32, M32, M32), VSS(1, 2, NAN32, 3), VSS(2, 2, 1, 0)), VF(fcmp_vec, V128, MO_64, RN, IE, TCG_FCOND_GT | TCG_FCOND_UN | TCG_FCOND_SIGNALING, VQ(0, M64), VD(2, NAN64), VD(2, 1)), VF(fcmp_vec, V128, MO_64, RN, IE, TCG_FCOND_LE | TCG_FCOND_SIGNALING, VQ(M64, 0), VD(2, NAN64), VD(2, 1)), VF(fcmp_vec, V64, MO_32, RN, 0, TCG_FCOND_GE, VL(M32, 0), VSS(2, NAN32), VSS(2, 1)), VF(fcmp_vec, V128, MO_64, RN, 0, TCG_FCOND_GE, VQ(M64, 0), VD(2, NAN64), VD(2, 1)), VF(fcmp_vec, V256, MO_64, RN, 0, TCG_FCOND_GT, VQ(0, 0, M64, 0), VD(2, NAN64, 3, 1), VD(2, 1, 2, 2)),
    VF(fround_vec, V128, MO_32, RN, PE, ZERO, VSS(1, -1, 2, 0), VSS(1.5f, -1.5f, 2, 0.75f)), VF(fround_vec, V128, MO_64, RU, 0, DYN | TCG_ROUND_NOEXC, VD(2, -1), VD(1.5, -1.5)), VF(fround_vec, V128, MO_64, RN, PE, TCG_ROUND_TIES_AWAY, VD(2, -3), VD(1.5, -2.5)), VF(fround_vec, V64, MO_32, RN, PE, TCG_ROUND_DOWN, VSS(1, -2), VSS(1.5f, -1.5f)),
    VF(cvt_vec, V128, MO_32, RN, PE, 0, VSS(1, -2, 0x1p24f, INT32_MIN), VSL(1, -2, 0x1000001, INT32_MIN)), VF(cvt_vec, V128, MO_64, RN, 0, 0, VD(1, -2), VQ(1, (uint64_t)-2)), VF(cvtu_vec, V128, MO_32, RN, PE, 0, VSS(1, 0x1p32f), VL(1, M32)), VF(cvtu_vec, V64, MO_64, RN, PE, 0, VD(0x1p64), VQ(M64)),
    VF(fcvt_vec, V128, MO_32, RN, IE | PE, ZERO, VSL(1, -1, INT32_MIN, INT32_MIN), VSS(1.5f, -1.5f, NAN32, 3e9f)), VF(fcvt_vec, V128, MO_32, RU, PE, DYN, VSL(2, -1, 5, 0), VSS(1.5f, -1.5f, 5, -0.5f)), VF(fcvt_vec, V128, MO_32, RN, PE, TCG_ROUND_UP, VSL(2, -1, 5, 0), VSS(1.5f, -1.5f, 5, -0.5f)), VF(fcvt_vec, V128, MO_64, RN, PE, ZERO, VQ(1, M64), VD(1.5, -1.5)), VF(fcvts_vec, V128, MO_32, RN, IE, ZERO, VSL(INT32_MAX, INT32_MIN, 0, 7), VSS(3e9f, -3e9f, NAN32, 7)), VF(fcvtu_vec, V128, MO_32, RN, IE, ZERO, VL(3000000000u, 0, 0, M32), VSS(3e9f, -3e9f, NAN32, 1e10f)), VF(fcvtu_vec, V64, MO_64, RN, 0, ZERO, VQ(MIN64), VD(0x1p63)), VF(fcvt_vec, V64, MO_32, RN, PE, TCG_ROUND_NEAREST, VSL(2, 2), VSS(1.5f, 2.5f)),
    VF(fwidenl_vec, V128, MO_32, RN, 0, 0, VD(1, 2), VSS(1, 2, 3, 4)), VF(fwidenh_vec, V128, MO_32, RN, 0, 0, VD(3, 4), VSS(1, 2, 3, 4)), VF(fnarrow_vec, V128, MO_32, RN, PE, 0, VSS(1, 0x1.555556p-2f, 0, 0), VD(1, 1.0 / 3)), VF(fwidenl_vec, V128, MO_16, RN, 0, 0, VSS(1, 2, 0x1p-24f, INF), VW(0x3c00, 0x4000, 1, 0x7c00, 5, 6, 7, 8)), VF(fwidenh_vec, V64, MO_16, RN, 0, 0, VSS(1, -2), VW(0, 0, 0x3c00, 0xc000)), VF(fnarrow_vec, V128, MO_16, RN, 0, 0, VW(0x3c00, 0x4000, 1, 0x7c00), VSS(1, 2, 0x1p-24f, INF)),
};
// clang-format on

// --- running a case ----------------------------------------------------------------------------------

static TCGType letter_type(char c, TCGType type)
{
    switch (c) {
    case 'i': return TCG_TYPE_I32;
    case 'l': return TCG_TYPE_I64;
    case 'o': return TCG_TYPE_I128;
    case 's': return TCG_TYPE_F32;
    case 'd': return TCG_TYPE_F64;
    case 'h': return TCG_TYPE_V64;
    case 'x': return TCG_TYPE_V128;
    case 'y': return TCG_TYPE_V256;
    case 'v': return type;
    default: return TCG_TYPE_VOID;
    }
}

static TCGTemp *load_operand(TCGType t, const Value *v, intptr_t offset, bool constant)
{
    if (constant) {
        uint64_t val = v->q[0];
        return tcg_const_type(t, tcg_type_size(t) == 4 ? (uint32_t)val : val);
    }
    TCGTemp *r = tcg_temp_new_type(t);
    switch (t) {
    case TCG_TYPE_I32: tcg_gen_ld_i32((TCGv_i32)r, tcg_env(), offset); break;
    case TCG_TYPE_I64: tcg_gen_ld_i64((TCGv_i64)r, tcg_env(), offset); break;
    case TCG_TYPE_F32: tcg_gen_ld_f32((TCGv_f32)r, tcg_env(), offset); break;
    case TCG_TYPE_F64: tcg_gen_ld_f64((TCGv_f64)r, tcg_env(), offset); break;
    case TCG_TYPE_I128: {
        TCGv_i64 lo = tcg_temp_new_i64(), hi = tcg_temp_new_i64();
        tcg_gen_ld_i64(lo, tcg_env(), offset);
        tcg_gen_ld_i64(hi, tcg_env(), offset + 8);
        tcg_gen_concat_i64_i128((TCGv_i128)r, lo, hi);
        break;
    }
    default: tcg_gen_ld_vec((TCGv_vec)r, tcg_env(), offset);
    }
    return r;
}

static void store_result(TCGTemp *t, intptr_t offset)
{
    switch (t->type) {
    case TCG_TYPE_I32: tcg_gen_st_i32((TCGv_i32)t, tcg_env(), offset); break;
    case TCG_TYPE_I64: tcg_gen_st_i64((TCGv_i64)t, tcg_env(), offset); break;
    case TCG_TYPE_F32: tcg_gen_st_f32((TCGv_f32)t, tcg_env(), offset); break;
    case TCG_TYPE_F64: tcg_gen_st_f64((TCGv_f64)t, tcg_env(), offset); break;
    case TCG_TYPE_I128: {
        TCGv_i64 lo = tcg_temp_new_i64(), hi = tcg_temp_new_i64();
        tcg_gen_extrl_i128_i64(lo, (TCGv_i128)t);
        tcg_gen_extrh_i128_i64(hi, (TCGv_i128)t);
        tcg_gen_st_i64(lo, tcg_env(), offset);
        tcg_gen_st_i64(hi, tcg_env(), offset + 8);
        break;
    }
    default: tcg_gen_st_vec((TCGv_vec)t, tcg_env(), offset);
    }
}

static void print_value(const char *what, const Value *v, size_t size)
{
    fprintf(stderr, "    %s", what);
    for (size_t i = size; i-- > 0;) {
        fprintf(stderr, "%02x%s", v->b[i], i % 8 == 0 && i ? "'" : "");
    }
    fputc('\n', stderr);
}

static TestBlock block;
static unsigned failures;

// How the operands come: loaded just before, the last one or the first one last (so that it is still
// in the interpreter's accumulator, and the result shares its register), or long before.
typedef enum Way { LAST_LOADED, FIRST_LOADED_IN_PLACE, NONE_LOADED, NB_WAYS } Way;
static const char *const way_names[] = {"", ", in place", ", from memory"};

// The operands in `constants` (a bit each) are constants of the block.
static void run_case(const Case *c, unsigned constants, Way way)
{
    bool in_place = way == FIRST_LOADED_IN_PLACE;
    const TCGOpDef *def = &tcg_op_defs[c->opc];
    const char *sig = def->sig, *colon = strchr(sig, ':');
    unsigned nout = def->nb_oargs, nin = def->nb_iargs, n = nout + nin + def->nb_cargs, k = 0;
    TCGArg args[8];

    test_context_start();
    memset(&env, 0xa5, sizeof(env));
    for (unsigned j = 0; j < nin; j++) {
        unsigned i = in_place ? nin - 1 - j : j;
        env.in[i] = c->in[i];
        TCGType t = letter_type(colon[1 + i], c->type);
        args[nout + i] = (TCGArg)load_operand(t, &c->in[i], (intptr_t)offsetof(TestEnv, in[i]),
                                              constants >> i & 1);
    }
    for (unsigned i = 0; i < nout; i++) {
        TCGType t = letter_type(sig[i], c->type);
        bool share = in_place && i < nin && !(constants >> i & 1) &&
                     arg_temp(args[nout + i])->type == t;
        args[i] = share ? args[nout + i] : (TCGArg)tcg_temp_new_type(t);
    }
    for (unsigned i = nout + nin; i < n; i++) {
        args[i] = colon[1 + i - nout] == 'P' ? (TCGArg)c->p : (TCGArg)c->k[k++];
    }
    if (way == NONE_LOADED) {
        tcg_gen_mb(TCG_MO_ALL);
    }
    TCGOp *op = tcg_emit_op(c->opc, n);
    op->type = (uint8_t)c->type;
    op->vece = (uint8_t)c->vece;
    memcpy(op->args, args, n * sizeof(args[0]));
    for (unsigned i = 0; i < nout; i++) {
        store_result(arg_temp(args[i]), (intptr_t)offsetof(TestEnv, out[i]));
    }
    tcg_gen_exit_tb(0x1234560);
    test_block_finish(&block);

    unsigned saved = _mm_getcsr();
    _mm_setcsr(0x1f80 | c->mode << 13);
    uintptr_t ret = test_block_run(&block);
    unsigned flags = _mm_getcsr() & 0x3f & ~(unsigned)DE;
    _mm_setcsr(saved);

    bool bad = ret != 0x1234560 || (!c->any_flags && flags != c->flags);
    for (unsigned i = 0; i < nout; i++) {
        bad |= memcmp(&env.out[i], &c->out[i], tcg_type_size(arg_temp(args[i])->type)) != 0;
    }
    if (bad) {
        failures++;
        fprintf(stderr, "%s (constants %x%s): flags %x, expected %x\n", c->text, constants,
                way_names[way], flags, c->flags);
        for (unsigned i = 0; i < nout; i++) {
            size_t size = tcg_type_size(arg_temp(args[i])->type);
            print_value("expected ", &c->out[i], size);
            print_value("got      ", &env.out[i], size);
        }
    }
}

static void run_cases(const Case *cases, size_t n)
{
    failures = 0;
    for (size_t i = 0; i < n; i++) {
        const TCGOpDef *def = &tcg_op_defs[cases[i].opc];
        const char *colon = strchr(def->sig, ':');
        unsigned may = 0; // operands that can be constants
        for (unsigned k = 0; k < def->nb_iargs; k++) {
            may |= (unsigned)(strchr("ilsd", colon[1 + k]) != NULL) << k;
        }
        for (unsigned constants = 0; constants <= may; constants++) {
            if (!(constants & ~may)) {
                for (Way way = 0; way < NB_WAYS; way++) {
                    run_case(&cases[i], constants, way);
                }
            }
        }
    }
    assert_int_equal(failures, 0);
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_integer_ops(void **state)
{
    (void)state;
    run_cases(integer_cases, COUNT(integer_cases));
}
static void test_fp_ops(void **state)
{
    (void)state;
    run_cases(fp_cases, COUNT(fp_cases));
}
static void test_vector_ops(void **state)
{
    (void)state;
    run_cases(vector_cases, COUNT(vector_cases));
}

// --- lane by lane, every type and lane size ---------------------------------------------------------

// The reference: 64-bit arithmetic on sign-extended lanes; the result is cut to the lane.
typedef int64_t LaneFn(int64_t a, int64_t b, unsigned bits);

static uint64_t zext(int64_t v, unsigned bits) { return (uint64_t)v << (64 - bits) >> (64 - bits); }
static int64_t smax(unsigned bits) { return (int64_t)(((uint64_t)1 << (bits - 1)) - 1); }
static int64_t clamp(__int128 v, __int128 lo, __int128 hi)
{
    return (int64_t)(v < lo ? lo : v > hi ? hi : v);
}
#define LANE(name, expr)                                                                           \
    static int64_t ref_##name(int64_t a, int64_t b, unsigned bits)                                 \
    {                                                                                              \
        uint64_t ua = zext(a, bits), ub = zext(b, bits), umax = zext(-1, bits);                    \
        (void)ua, (void)ub, (void)umax;                                                            \
        return (int64_t)(expr);                                                                    \
    }
LANE(and, a &b)
LANE(or, a | b)
LANE(xor, a ^ b)
LANE(andc, a & ~b)
LANE(orc, a | ~b)
LANE(not, ~a)
LANE(add, ua + ub)
LANE(sub, ua - ub)
LANE(mul, ua *ub)
LANE(mulhs, ((__int128)a * b) >> bits)
LANE(mulhrs, ((((__int128)a * b) >> (bits - 2)) + 1) >> 1)
LANE(mulhu, ((unsigned __int128)ua * ub) >> bits)
LANE(neg, 0 - ua)
LANE(abs, a < 0 ? 0 - ua : ua)
LANE(ssadd, clamp((__int128)a + b, -smax(bits) - 1, smax(bits)))
LANE(sssub, clamp((__int128)a - b, -smax(bits) - 1, smax(bits)))
LANE(usadd, (unsigned __int128)ua + ub > umax ? umax : ua + ub)
LANE(ussub, ua < ub ? 0 : ua - ub)
LANE(smin, a < b ? a : b)
LANE(smax, a > b ? a : b)
LANE(umin, ua < ub ? ua : ub)
LANE(umax, ua > ub ? ua : ub)
LANE(avgu, ((unsigned __int128)ua + ub + 1) >> 1)
LANE(shlv, ub < bits ? ua << ub : 0)
LANE(shrv, ub < bits ? ua >> ub : 0)
LANE(sarv, a >> (ub < bits ? ub : bits - 1))
LANE(ctpop, __builtin_popcountll(ua))
LANE(clz, ua ? (unsigned)__builtin_clzll(ua) - (64 - bits) : bits)
LANE(bswap, __builtin_bswap64(ua) >> (64 - bits))

static const struct {
    TCGOpcode opc;
    LaneFn *ref;
    unsigned min_vece;
} lane_ops[] = {
#define ROW(name) {INDEX_op_##name##_vec, ref_##name, 0}
    ROW(and),
    ROW(or),
    ROW(xor),
    ROW(andc),
    ROW(orc),
    ROW(not),
    ROW(add),
    ROW(sub),
    ROW(mul),
    ROW(mulhs),
    ROW(mulhrs),
    ROW(mulhu),
    ROW(neg),
    ROW(abs),
    ROW(ssadd),
    ROW(sssub),
    ROW(usadd),
    ROW(ussub),
    ROW(smin),
    ROW(smax),
    ROW(umin),
    ROW(umax),
    ROW(avgu),
    ROW(shlv),
    ROW(shrv),
    ROW(sarv),
    ROW(ctpop),
    ROW(clz),
    {INDEX_op_bswap_vec, ref_bswap, 1},
};

static uint64_t rng_state = 88172645463325252ull;
static uint64_t rng(void)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return rng_state;
}

static int64_t get_lane(const Value *v, unsigned vece, unsigned i)
{
    switch (vece) {
    case 0: return v->sb[i];
    case 1: return v->sw[i];
    case 2: return v->sl[i];
    default: return v->sq[i];
    }
}
static void set_lane(Value *v, unsigned vece, unsigned i, int64_t x)
{
    memcpy(&v->b[i << vece], &x, 1u << vece);
}

// Random lanes, with many at the edges.
static Value random_value(unsigned vece)
{
    Value v;
    for (unsigned i = 0; i < 32u >> vece; i++) {
        uint64_t r = rng(), edge = (uint64_t)1 << ((8u << vece) - 1);
        int64_t x = (int64_t)rng();
        switch (r % 8) {
        case 0: x = 0; break;
        case 1: x = -1; break;
        case 2: x = (int64_t)edge; break;
        case 3: x = (int64_t)(edge - 1); break;
        case 4: x = (int64_t)(r >> 32) % 80; break; // shift counts
        default: break;
        }
        set_lane(&v, vece, i, x);
    }
    return v;
}

static void run_lanes(Case *c, unsigned rounds, LaneFn *ref, int64_t b_of_all, bool b_is_all)
{
    unsigned bits = 8u << c->vece;
    for (unsigned round = 0; round < rounds; round++) {
        c->in[0] = random_value(c->vece);
        if (!b_is_all) {
            c->in[1] = random_value(c->vece);
        }
        for (unsigned i = 0; i < tcg_type_size(c->type) >> c->vece; i++) {
            int64_t b = b_is_all ? b_of_all : get_lane(&c->in[1], c->vece, i);
            set_lane(&c->out[0], c->vece, i, ref(get_lane(&c->in[0], c->vece, i), b, bits));
        }
        run_case(c, 0, (Way)(round % NB_WAYS));
    }
}

static void test_lanes(void **state)
{
    (void)state;
    failures = 0;
    for (unsigned k = 0; k < COUNT(lane_ops); k++) {
        for (TCGType type = TCG_TYPE_V64; type <= TCG_TYPE_V256; type++) {
            for (unsigned vece = lane_ops[k].min_vece; vece < 4; vece++) {
                char text[64];
                snprintf(text, sizeof(text), "%s %s lanes of %u, random",
                         tcg_op_defs[lane_ops[k].opc].name, tcg_type_name(type), 8 << vece);
                Case c = {text, lane_ops[k].opc, type, vece, .any_flags = true};
                run_lanes(&c, 12, lane_ops[k].ref, 0, false);
            }
        }
    }
    assert_int_equal(failures, 0);
}

LANE(shls, (uint64_t)b < bits ? ua << b : 0)
LANE(shrs, (uint64_t)b < bits ? ua >> b : 0)
LANE(sars, a >> ((uint64_t)b < bits ? (uint64_t)b : bits - 1))

// One count for all lanes: a constant below the width (shli ...), any i64 (shls ...).
static void test_shift_counts(void **state)
{
    (void)state;
    static const struct {
        TCGOpcode imm, scalar;
        LaneFn *ref;
    } ops[] = {{INDEX_op_shli_vec, INDEX_op_shls_vec, ref_shls},
               {INDEX_op_shri_vec, INDEX_op_shrs_vec, ref_shrs},
               {INDEX_op_sari_vec, INDEX_op_sars_vec, ref_sars}};
    static const uint64_t counts[] = {0,  1,  5,  7,   8,   15,         16, 31,
                                      32, 63, 64, 255, 256, 1ull << 32, M64};
    failures = 0;
    for (unsigned k = 0; k < COUNT(ops); k++) {
        for (TCGType type = TCG_TYPE_V64; type <= TCG_TYPE_V256; type++) {
            for (unsigned vece = 0; vece < 4; vece++) {
                for (unsigned n = 0; n < COUNT(counts); n++) {
                    char text[64];
                    snprintf(text, sizeof(text), "%s %s lanes of %u, count %llu",
                             tcg_op_defs[ops[k].scalar].name, tcg_type_name(type), 8 << vece,
                             (unsigned long long)counts[n]);
                    Case c = {text,
                              ops[k].scalar,
                              type,
                              vece,
                              .in = {{{0}}, {.q = {counts[n]}}},
                              .any_flags = true};
                    run_lanes(&c, 2, ops[k].ref, (int64_t)counts[n], true);
                    if (counts[n] < 8u << vece) {
                        c.opc = ops[k].imm;
                        c.k[0] = counts[n];
                        run_lanes(&c, 2, ops[k].ref, (int64_t)counts[n], true);
                    }
                }
            }
        }
    }
    assert_int_equal(failures, 0);
}

static bool compare(TCGCond cond, int64_t a, int64_t b, unsigned bits)
{
    uint64_t ua = zext(a, bits), ub = zext(b, bits);
    switch (cond) {
    case TCG_COND_ALWAYS: return true;
    case TCG_COND_EQ: return a == b;
    case TCG_COND_NE: return a != b;
    case TCG_COND_LT: return a < b;
    case TCG_COND_GE: return a >= b;
    case TCG_COND_LE: return a <= b;
    case TCG_COND_GT: return a > b;
    case TCG_COND_LTU: return ua < ub;
    case TCG_COND_GEU: return ua >= ub;
    case TCG_COND_LEU: return ua <= ub;
    case TCG_COND_GTU: return ua > ub;
    case TCG_COND_TSTEQ: return (ua & ub) == 0;
    case TCG_COND_TSTNE: return (ua & ub) != 0;
    default: return false;
    }
}
static TCGCond current_cond;
static int64_t ref_cmp(int64_t a, int64_t b, unsigned bits)
{
    return -(int64_t)compare(current_cond, a, b, bits);
}

static void test_vector_compare(void **state)
{
    (void)state;
    failures = 0;
    for (unsigned cond = 0; cond < TCG_COND_COUNT; cond++) {
        for (TCGType type = TCG_TYPE_V64; type <= TCG_TYPE_V256; type++) {
            for (unsigned vece = 0; vece < 4; vece++) {
                char text[64];
                snprintf(text, sizeof(text), "cmp_vec cond %u %s lanes of %u", cond,
                         tcg_type_name(type), 8 << vece);
                Case c = {text, INDEX_op_cmp_vec, type, vece, .k = {cond}, .any_flags = true};
                current_cond = (TCGCond)cond;
                run_lanes(&c, 4, ref_cmp, 0, false);
            }
        }
    }
    assert_int_equal(failures, 0);
}

// --- coverage ---------------------------------------------------------------------------------------

// Every op that has operands like these cases' is in a table above: none is forgotten.
static void test_every_op_has_a_case(void **state)
{
    (void)state;
    bool seen[TCG_OP_COUNT] = {false};
    static const struct {
        const Case *cases;
        size_t n;
    } tables[] = {{integer_cases, COUNT(integer_cases)},
                  {fp_cases, COUNT(fp_cases)},
                  {vector_cases, COUNT(vector_cases)}};
    for (size_t t = 0; t < COUNT(tables); t++) {
        for (size_t i = 0; i < tables[t].n; i++) {
            seen[tables[t].cases[i].opc] = true;
        }
    }
    for (size_t i = 0; i < COUNT(lane_ops); i++) {
        seen[lane_ops[i].opc] = true;
    }
    for (TCGOpcode o = INDEX_op_shli_vec; o <= INDEX_op_sars_vec; o++) {
        seen[o] = true;
    }
    seen[INDEX_op_cmp_vec] = true;
    unsigned missing = 0;
    for (unsigned o = INDEX_op_mov_i32; o < INDEX_op_qemu_ld_i32; o++) {
        // Loads and stores of host memory are in every case (all types) and in test_interp (widths).
        bool memory = strncmp(tcg_op_defs[o].name, "ld", 2) == 0 ||
                      strncmp(tcg_op_defs[o].name, "st", 2) == 0;
        if (!seen[o] && !memory) {
            fprintf(stderr, "no case for %s\n", tcg_op_defs[o].name);
            missing++;
        }
    }
    assert_int_equal(missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integer_ops),         cmocka_unit_test(test_fp_ops),
        cmocka_unit_test(test_vector_ops),          cmocka_unit_test(test_lanes),
        cmocka_unit_test(test_shift_counts),        cmocka_unit_test(test_vector_compare),
        cmocka_unit_test(test_every_op_has_a_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
