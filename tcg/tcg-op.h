// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The builder: tcg_gen_* functions append ops to the current context, tcg_ctx.
//
// Values are typed handles (TCGv_i64, TCGv_vec, ...); the types are distinct so that the compiler
// catches a mix-up.  A function's first parameters are its results, as in the op table.  The `i`
// forms (tcg_gen_addi_i64) take a constant as last operand.  Ops with a row in tcg-opc.h mean just
// what the row says; the others are made of several.

#ifndef TCG_OP_H
#define TCG_OP_H

#include "tcg.h"

typedef struct TCGv_i32_d *TCGv_i32;
typedef struct TCGv_i64_d *TCGv_i64;
typedef struct TCGv_i128_d *TCGv_i128;
typedef struct TCGv_f32_d *TCGv_f32;
typedef struct TCGv_f64_d *TCGv_f64;
typedef struct TCGv_vec_d *TCGv_vec; // any vector type
typedef TCGv_i64 TCGv_ptr;

#define TCG_HANDLE(T)                                                                              \
    static inline TCGTemp *tcgv_##T##_temp(TCGv_##T v) { return (TCGTemp *)v; }                    \
    static inline TCGv_##T temp_tcgv_##T(TCGTemp *t) { return (TCGv_##T)t; }                       \
    static inline TCGArg tcgv_##T##_arg(TCGv_##T v) { return (TCGArg)v; }
TCG_HANDLE(i32)
TCG_HANDLE(i64)
TCG_HANDLE(i128)
TCG_HANDLE(f32)
TCG_HANDLE(f64)
TCG_HANDLE(vec)
#undef TCG_HANDLE

// --- temps ---------------------------------------------------------------------------------------

TCGTemp *tcg_temp_new_type(TCGType type);
TCGTemp *tcg_const_type(TCGType type, uint64_t val);

static inline TCGv_i32 tcg_temp_new_i32(void) { return (TCGv_i32)tcg_temp_new_type(TCG_TYPE_I32); }
static inline TCGv_i64 tcg_temp_new_i64(void) { return (TCGv_i64)tcg_temp_new_type(TCG_TYPE_I64); }
static inline TCGv_i64 tcg_temp_new_ptr(void) { return (TCGv_i64)tcg_temp_new_type(TCG_TYPE_PTR); }
static inline TCGv_i128 tcg_temp_new_i128(void)
{
    return (TCGv_i128)tcg_temp_new_type(TCG_TYPE_I128);
}
static inline TCGv_f32 tcg_temp_new_f32(void) { return (TCGv_f32)tcg_temp_new_type(TCG_TYPE_F32); }
static inline TCGv_f64 tcg_temp_new_f64(void) { return (TCGv_f64)tcg_temp_new_type(TCG_TYPE_F64); }
static inline TCGv_vec tcg_temp_new_vec(TCGType t) { return (TCGv_vec)tcg_temp_new_type(t); }
static inline TCGv_vec tcg_temp_new_v64(void) { return tcg_temp_new_vec(TCG_TYPE_V64); }
static inline TCGv_vec tcg_temp_new_v128(void) { return tcg_temp_new_vec(TCG_TYPE_V128); }
static inline TCGv_vec tcg_temp_new_v256(void) { return tcg_temp_new_vec(TCG_TYPE_V256); }

// Constants: shared, must not be written.
static inline TCGv_i32 tcg_constant_i32(int32_t v)
{
    return (TCGv_i32)tcg_const_type(TCG_TYPE_I32, (uint32_t)v);
}
static inline TCGv_i64 tcg_constant_i64(int64_t v)
{
    return (TCGv_i64)tcg_const_type(TCG_TYPE_I64, (uint64_t)v);
}
static inline TCGv_ptr tcg_constant_ptr(const void *p)
{
    return tcg_constant_i64((int64_t)(intptr_t)p);
}

static inline TCGv_ptr tcg_env(void) { return (TCGv_ptr)tcg_ctx->temps[0]; }
// Global number n of the table that the context was made from (0 = its first row).
static inline TCGTemp *tcg_global(unsigned n) { return tcg_ctx->temps[n + 1]; }
static inline TCGv_i32 tcg_global_i32(unsigned n) { return (TCGv_i32)tcg_global(n); }
static inline TCGv_i64 tcg_global_i64(unsigned n) { return (TCGv_i64)tcg_global(n); }
static inline TCGv_vec tcg_global_vec(unsigned n) { return (TCGv_vec)tcg_global(n); }

// --- emission ------------------------------------------------------------------------------------

static inline void tcg_emit1(TCGOpcode o, TCGArg a) { tcg_emit_op(o, 1)->args[0] = a; }
void tcg_emit2(TCGOpcode o, TCGArg a, TCGArg b);
void tcg_emit3(TCGOpcode o, TCGArg a, TCGArg b, TCGArg c);
void tcg_emit4(TCGOpcode o, TCGArg a, TCGArg b, TCGArg c, TCGArg d);
void tcg_emit5(TCGOpcode o, TCGArg a, TCGArg b, TCGArg c, TCGArg d, TCGArg e);
void tcg_emit6(TCGOpcode o, TCGArg a, TCGArg b, TCGArg c, TCGArg d, TCGArg e, TCGArg f);
void tcg_emitv(TCGOpcode o, TCGType type, unsigned vece, unsigned n, const TCGArg *args);

// A helper call.  `func` must have a row in the helper table, else the block gets an error that names
// it.  ret is NULL for a helper that returns nothing.  Normally called through gen_helper_*.
void tcg_gen_callN(void *func, TCGTemp *ret, int nargs, TCGTemp **args);
// The same with the row itself, which may be in no table (TCG_CALL_ADDRESS).
void tcg_gen_call_row(const TCGHelperInfo *info, TCGTemp *ret, int nargs, TCGTemp **args);

#define TA(x) ((TCGArg)(x))

// 1 result, 1 operand
#define TCG_RR(N, R, A)                                                                            \
    static inline void tcg_gen_##N(TCGv_##R r, TCGv_##A a)                                         \
    {                                                                                              \
        tcg_emit2(INDEX_op_##N, TA(r), TA(a));                                                     \
    }
#define TCG_RRC(N, R, A)                                                                           \
    static inline void tcg_gen_##N(TCGv_##R r, TCGv_##A a, TCGArg c)                               \
    {                                                                                              \
        tcg_emit3(INDEX_op_##N, TA(r), TA(a), c);                                                  \
    }
#define TCG_RRCC(N, R, A)                                                                          \
    static inline void tcg_gen_##N(TCGv_##R r, TCGv_##A a, TCGArg c, TCGArg d)                     \
    {                                                                                              \
        tcg_emit4(INDEX_op_##N, TA(r), TA(a), c, d);                                               \
    }
#define TCG_RRR(N, R, A, B)                                                                        \
    static inline void tcg_gen_##N(TCGv_##R r, TCGv_##A a, TCGv_##B b)                             \
    {                                                                                              \
        tcg_emit3(INDEX_op_##N, TA(r), TA(a), TA(b));                                              \
    }
#define TCG_RRRC(N, R, A, B)                                                                       \
    static inline void tcg_gen_##N(TCGv_##R r, TCGv_##A a, TCGv_##B b, TCGArg c)                   \
    {                                                                                              \
        tcg_emit4(INDEX_op_##N, TA(r), TA(a), TA(b), c);                                           \
    }
#define TCG_BOTH(M, ...) M(__VA_ARGS__)
#define TCG_BIN(N) TCG_RRR(N##_i32, i32, i32, i32) TCG_RRR(N##_i64, i64, i64, i64)
#define TCG_BINI(N)                                                                                \
    TCG_BIN(N)                                                                                     \
    static inline void tcg_gen_##N##i_i32(TCGv_i32 r, TCGv_i32 a, int32_t c)                       \
    {                                                                                              \
        tcg_gen_##N##_i32(r, a, tcg_constant_i32(c));                                              \
    }                                                                                              \
    static inline void tcg_gen_##N##i_i64(TCGv_i64 r, TCGv_i64 a, int64_t c)                       \
    {                                                                                              \
        tcg_gen_##N##_i64(r, a, tcg_constant_i64(c));                                              \
    }
#define TCG_UN(N) TCG_RR(N##_i32, i32, i32) TCG_RR(N##_i64, i64, i64)

static inline void tcg_gen_mov_i32(TCGv_i32 r, TCGv_i32 a)
{
    if (r != a) {
        tcg_emit2(INDEX_op_mov_i32, TA(r), TA(a));
    }
}
static inline void tcg_gen_mov_i64(TCGv_i64 r, TCGv_i64 a)
{
    if (r != a) {
        tcg_emit2(INDEX_op_mov_i64, TA(r), TA(a));
    }
}
static inline void tcg_gen_movi_i32(TCGv_i32 r, int32_t c)
{
    tcg_gen_mov_i32(r, tcg_constant_i32(c));
}
static inline void tcg_gen_movi_i64(TCGv_i64 r, int64_t c)
{
    tcg_gen_mov_i64(r, tcg_constant_i64(c));
}

TCG_BINI(add)
TCG_BINI(sub)
TCG_BINI(mul)
TCG_BIN(div)
TCG_BIN(divu)
TCG_BIN(rem)
TCG_BIN(remu)
TCG_BINI(and)
TCG_BINI(or)
TCG_BINI(xor)
TCG_BIN(andc)
TCG_BIN(orc)
TCG_BIN(eqv)
TCG_BIN(nand)
TCG_BIN(nor)
TCG_BINI(shl)
TCG_BINI(shr)
TCG_BINI(sar)
TCG_BINI(rotl)
TCG_BINI(rotr)
TCG_BINI(clz)
TCG_BINI(ctz)
TCG_BIN(muluh)
TCG_BIN(mulsh)
TCG_UN(not)
TCG_UN(neg)
TCG_UN(ext8s)
TCG_UN(ext8u)
TCG_UN(ext16s)
TCG_UN(ext16u)
TCG_RR(ext32s_i64, i64, i64)
TCG_RR(ext32u_i64, i64, i64)
TCG_UN(bswap16)
TCG_UN(bswap32)
TCG_RR(bswap64_i64, i64, i64)
TCG_UN(ctpop)
TCG_UN(bitrev)
TCG_RR(ext_i32_i64, i64, i32)
TCG_RR(extu_i32_i64, i64, i32)
TCG_RR(extrl_i64_i32, i32, i64)
TCG_RR(extrh_i64_i32, i32, i64)
TCG_RR(mov_i128, i128, i128)
TCG_RRR(concat_i64_i128, i128, i64, i64)
TCG_RR(extrl_i128_i64, i64, i128)
TCG_RR(extrh_i128_i64, i64, i128)
TCG_RRCC(extract_i32, i32, i32)
TCG_RRCC(extract_i64, i64, i64)
TCG_RRCC(sextract_i32, i32, i32)
TCG_RRCC(sextract_i64, i64, i64)
TCG_RRRC(extract2_i32, i32, i32, i32)
TCG_RRRC(extract2_i64, i64, i64, i64)

// r = a with bits ofs .. ofs+len-1 replaced by b's low bits.
void tcg_gen_deposit_i32(TCGv_i32 r, TCGv_i32 a, TCGv_i32 b, unsigned ofs, unsigned len);
void tcg_gen_deposit_i64(TCGv_i64 r, TCGv_i64 a, TCGv_i64 b, unsigned ofs, unsigned len);

#define TCG_2RES(N, T)                                                                             \
    static inline void tcg_gen_##N##_##T(TCGv_##T lo, TCGv_##T hi, TCGv_##T a, TCGv_##T b)         \
    {                                                                                              \
        tcg_emit4(INDEX_op_##N##_##T, TA(lo), TA(hi), TA(a), TA(b));                               \
    }
TCG_2RES(mulu2, i32)
TCG_2RES(mulu2, i64)
TCG_2RES(muls2, i32)
TCG_2RES(muls2, i64)
#define TCG_DIV2(N, T)                                                                             \
    static inline void tcg_gen_##N##_##T(TCGv_##T q, TCGv_##T r, TCGv_##T lo, TCGv_##T hi,         \
                                         TCGv_##T d)                                               \
    {                                                                                              \
        tcg_emit5(INDEX_op_##N##_##T, TA(q), TA(r), TA(lo), TA(hi), TA(d));                        \
    }
TCG_DIV2(div2, i32)
TCG_DIV2(div2, i64)
TCG_DIV2(divu2, i32)
TCG_DIV2(divu2, i64)
#define TCG_ADD2(N, T)                                                                             \
    static inline void tcg_gen_##N##_##T(TCGv_##T lo, TCGv_##T hi, TCGv_##T al, TCGv_##T ah,       \
                                         TCGv_##T bl, TCGv_##T bh)                                 \
    {                                                                                              \
        tcg_emit6(INDEX_op_##N##_##T, TA(lo), TA(hi), TA(al), TA(ah), TA(bl), TA(bh));             \
    }
TCG_ADD2(add2, i32)
TCG_ADD2(add2, i64)
TCG_ADD2(sub2, i32)
TCG_ADD2(sub2, i64)

#define TCG_SETCOND(T, C)                                                                          \
    static inline void tcg_gen_setcond_##T(TCGCond c, TCGv_##T r, TCGv_##T a, TCGv_##T b)          \
    {                                                                                              \
        tcg_emit4(INDEX_op_setcond_##T, TA(r), TA(a), TA(b), c);                                   \
    }                                                                                              \
    static inline void tcg_gen_setcondi_##T(TCGCond c, TCGv_##T r, TCGv_##T a, C b)                \
    {                                                                                              \
        tcg_gen_setcond_##T(c, r, a, tcg_constant_##T(b));                                         \
    }                                                                                              \
    static inline void tcg_gen_negsetcond_##T(TCGCond c, TCGv_##T r, TCGv_##T a, TCGv_##T b)       \
    {                                                                                              \
        tcg_emit4(INDEX_op_negsetcond_##T, TA(r), TA(a), TA(b), c);                                \
    }                                                                                              \
    static inline void tcg_gen_movcond_##T(TCGCond c, TCGv_##T r, TCGv_##T a, TCGv_##T b,          \
                                           TCGv_##T v1, TCGv_##T v2)                               \
    {                                                                                              \
        tcg_emit6(INDEX_op_movcond_##T, TA(r), TA(a), TA(b), TA(v1), TA(v2), c);                   \
    }
TCG_SETCOND(i32, int32_t)
TCG_SETCOND(i64, int64_t)

// --- control flow --------------------------------------------------------------------------------

TCGLabel *gen_new_label(void);
void gen_set_label(TCGLabel *l);
void tcg_gen_br(TCGLabel *l);
void tcg_gen_brcond_i32(TCGCond c, TCGv_i32 a, TCGv_i32 b, TCGLabel *l);
void tcg_gen_brcond_i64(TCGCond c, TCGv_i64 a, TCGv_i64 b, TCGLabel *l);
static inline void tcg_gen_brcondi_i32(TCGCond c, TCGv_i32 a, int32_t b, TCGLabel *l)
{
    tcg_gen_brcond_i32(c, a, tcg_constant_i32(b), l);
}
static inline void tcg_gen_brcondi_i64(TCGCond c, TCGv_i64 a, int64_t b, TCGLabel *l)
{
    tcg_gen_brcond_i64(c, a, tcg_constant_i64(b), l);
}
static inline void tcg_gen_mb(TCGBar bar) { tcg_emit1(INDEX_op_mb, bar); }
static inline void tcg_gen_count(intptr_t base, intptr_t offset, int64_t n)
{
    tcg_emit3(INDEX_op_count, (TCGArg)base, (TCGArg)offset, (TCGArg)n);
}
static inline void tcg_gen_insn_start(uint64_t pc, uint64_t datum)
{
    tcg_emit2(INDEX_op_insn_start, pc, datum);
}
static inline void tcg_gen_goto_tb(unsigned slot) { tcg_emit1(INDEX_op_goto_tb, slot); }
// Returns `val` to cpu_exec: the block's TCGCode address | slot, or 0.
static inline void tcg_gen_exit_tb(uintptr_t val) { tcg_emit1(INDEX_op_exit_tb, val); }
static inline void tcg_gen_goto_ptr(TCGv_ptr p) { tcg_emit1(INDEX_op_goto_ptr, TA(p)); }

// --- env access ----------------------------------------------------------------------------------

#define TCG_LD(N, T)                                                                               \
    static inline void tcg_gen_##N##_##T(TCGv_##T r, TCGv_ptr base, intptr_t ofs)                  \
    {                                                                                              \
        tcg_emit3(INDEX_op_##N##_##T, TA(r), TA(base), (TCGArg)ofs);                               \
    }
#define TCG_LDST_INT(T)                                                                            \
    TCG_LD(ld8u, T)                                                                                \
    TCG_LD(ld8s, T)                                                                                \
    TCG_LD(ld16u, T)                                                                               \
    TCG_LD(ld16s, T) TCG_LD(ld, T) TCG_LD(st8, T) TCG_LD(st16, T) TCG_LD(st, T)
TCG_LDST_INT(i32)
TCG_LDST_INT(i64)
TCG_LD(ld32u, i64)
TCG_LD(ld32s, i64)
TCG_LD(st32, i64)
TCG_LD(ld, f32)
TCG_LD(ld, f64)
TCG_LD(st, f32)
TCG_LD(st, f64)

// --- guest memory --------------------------------------------------------------------------------

#define TCG_QLDST(T)                                                                               \
    static inline void tcg_gen_qemu_ld_##T(TCGv_##T r, TCGv_i64 addr, MemOp mop)                   \
    {                                                                                              \
        tcg_emit3(INDEX_op_qemu_ld_##T, TA(r), TA(addr), mop);                                     \
    }                                                                                              \
    static inline void tcg_gen_qemu_st_##T(TCGv_##T v, TCGv_i64 addr, MemOp mop)                   \
    {                                                                                              \
        tcg_emit3(INDEX_op_qemu_st_##T, TA(v), TA(addr), mop);                                     \
    }
TCG_QLDST(i32)
TCG_QLDST(i64)
TCG_QLDST(i128)
TCG_QLDST(f32)
TCG_QLDST(f64)
// The vector's type gives the size of the access.
void tcg_gen_qemu_ld_vec(TCGv_vec r, TCGv_i64 addr, MemOp mop);
void tcg_gen_qemu_st_vec(TCGv_vec v, TCGv_i64 addr, MemOp mop);

#define TCG_CMPXCHG(T)                                                                             \
    static inline void tcg_gen_atomic_cmpxchg_##T(TCGv_##T r, TCGv_i64 addr, TCGv_##T expect,      \
                                                  TCGv_##T val, MemOp mop)                         \
    {                                                                                              \
        tcg_emit5(INDEX_op_atomic_cmpxchg_##T, TA(r), TA(addr), TA(expect), TA(val), mop);         \
    }
TCG_CMPXCHG(i32)
TCG_CMPXCHG(i64)
TCG_CMPXCHG(i128)
#define TCG_ATOMIC1(N, T)                                                                          \
    static inline void tcg_gen_atomic_##N##_##T(TCGv_##T r, TCGv_i64 addr, TCGv_##T v, MemOp mop)  \
    {                                                                                              \
        tcg_emit4(INDEX_op_atomic_##N##_##T, TA(r), TA(addr), TA(v), mop);                         \
    }
#define TCG_ATOMIC(N) TCG_ATOMIC1(N, i32) TCG_ATOMIC1(N, i64)
TCG_ATOMIC(xchg)
TCG_ATOMIC(fetch_add)
TCG_ATOMIC(fetch_and)
TCG_ATOMIC(fetch_or)
TCG_ATOMIC(fetch_xor)
TCG_ATOMIC(fetch_smin)
TCG_ATOMIC(fetch_umin)
TCG_ATOMIC(fetch_smax)
TCG_ATOMIC(fetch_umax)

// --- scalar FP -----------------------------------------------------------------------------------

#define TCG_F(M, N, ...) M(N##_f32, f32, __VA_ARGS__) M(N##_f64, f64, __VA_ARGS__)
#define TCG_FUN(N) TCG_RR(N##_f32, f32, f32) TCG_RR(N##_f64, f64, f64)
#define TCG_FBIN(N) TCG_RRR(N##_f32, f32, f32, f32) TCG_RRR(N##_f64, f64, f64, f64)
TCG_FUN(mov)
TCG_FBIN(fadd)
TCG_FBIN(fsub)
TCG_FBIN(fmul)
TCG_FBIN(fdiv)
TCG_FBIN(fminsel)
TCG_FBIN(fmaxsel)
TCG_FBIN(fmin)
TCG_FBIN(fmax)
TCG_FBIN(fminnum)
TCG_FBIN(fmaxnum)
TCG_FUN(fsqrt)
TCG_FUN(fneg)
TCG_FUN(fabs)
#define TCG_FMA(N, T)                                                                              \
    static inline void tcg_gen_##N##_##T(TCGv_##T r, TCGv_##T a, TCGv_##T b, TCGv_##T c)           \
    {                                                                                              \
        tcg_emit4(INDEX_op_##N##_##T, TA(r), TA(a), TA(b), TA(c));                                 \
    }
#define TCG_FMAS(T) TCG_FMA(fma, T) TCG_FMA(fms, T) TCG_FMA(fnma, T) TCG_FMA(fnms, T)
TCG_FMAS(f32)
TCG_FMAS(f64)
#define TCG_FSETCOND(T)                                                                            \
    static inline void tcg_gen_fsetcond_##T(TCGFCond c, TCGv_i32 r, TCGv_##T a, TCGv_##T b)        \
    {                                                                                              \
        tcg_emit4(INDEX_op_fsetcond_##T, TA(r), TA(a), TA(b), c);                                  \
    }
TCG_FSETCOND(f32)
TCG_FSETCOND(f64)
TCG_RRC(fround_f32, f32, f32)
TCG_RRC(fround_f64, f64, f64)
TCG_RR(bitcast_i32_f32, f32, i32)
TCG_RR(bitcast_i64_f64, f64, i64)
TCG_RR(bitcast_f32_i32, i32, f32)
TCG_RR(bitcast_f64_i64, i64, f64)
TCG_RR(fcvt_f32_f64, f64, f32)
TCG_RR(fcvt_f64_f32, f32, f64)
TCG_RR(fcvt_f16_f32, f32, i32)
TCG_RR(fcvt_f32_f16, i32, f32)
TCG_RR(fcvt_f64_f16, i32, f64)
#define TCG_CVT_IF(I, F) TCG_RR(cvt_##I##_##F, F, I) TCG_RR(cvtu_##I##_##F, F, I)
TCG_CVT_IF(i32, f32)
TCG_CVT_IF(i32, f64)
TCG_CVT_IF(i64, f32)
TCG_CVT_IF(i64, f64)
#define TCG_CVT_FI(F, I)                                                                           \
    TCG_RRC(fcvt_##F##_##I, I, F) TCG_RRC(fcvts_##F##_##I, I, F) TCG_RRC(fcvtu_##F##_##I, I, F)
TCG_CVT_FI(f32, i32)
TCG_CVT_FI(f32, i64)
TCG_CVT_FI(f64, i32)
TCG_CVT_FI(f64, i64)

// --- vectors -------------------------------------------------------------------------------------
// The op's type is its result's (or, without a vector result, its operand's); vece is the lane size.

static inline TCGType tcgv_vec_type(TCGv_vec v) { return ((TCGTemp *)v)->type; }

#define TCG_VRR(N)                                                                                 \
    static inline void tcg_gen_##N##_vec(unsigned vece, TCGv_vec r, TCGv_vec a)                    \
    {                                                                                              \
        tcg_emitv(INDEX_op_##N##_vec, tcgv_vec_type(r), vece, 2, (TCGArg[]){TA(r), TA(a)});        \
    }
#define TCG_VRRR(N)                                                                                \
    static inline void tcg_gen_##N##_vec(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)        \
    {                                                                                              \
        tcg_emitv(INDEX_op_##N##_vec, tcgv_vec_type(r), vece, 3, (TCGArg[]){TA(r), TA(a), TA(b)}); \
    }
#define TCG_VRRC(N)                                                                                \
    static inline void tcg_gen_##N##_vec(unsigned vece, TCGv_vec r, TCGv_vec a, TCGArg c)          \
    {                                                                                              \
        tcg_emitv(INDEX_op_##N##_vec, tcgv_vec_type(r), vece, 3, (TCGArg[]){TA(r), TA(a), c});     \
    }
#define TCG_VRRRR(N)                                                                               \
    static inline void tcg_gen_##N##_vec(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b,        \
                                         TCGv_vec c)                                               \
    {                                                                                              \
        tcg_emitv(INDEX_op_##N##_vec, tcgv_vec_type(r), vece, 4,                                   \
                  (TCGArg[]){TA(r), TA(a), TA(b), TA(c)});                                         \
    }
#define TCG_VRRRC(N, C)                                                                            \
    static inline void tcg_gen_##N##_vec(C c, unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b)   \
    {                                                                                              \
        tcg_emitv(INDEX_op_##N##_vec, tcgv_vec_type(r), vece, 4,                                   \
                  (TCGArg[]){TA(r), TA(a), TA(b), c});                                             \
    }
#define TCG_VRRS(N)                                                                                \
    static inline void tcg_gen_##N##_vec(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_i64 b)        \
    {                                                                                              \
        tcg_emitv(INDEX_op_##N##_vec, tcgv_vec_type(r), vece, 3, (TCGArg[]){TA(r), TA(a), TA(b)}); \
    }

static inline void tcg_gen_mov_vec(TCGv_vec r, TCGv_vec a)
{
    if (r != a) {
        tcg_emitv(INDEX_op_mov_vec, tcgv_vec_type(r), 0, 2, (TCGArg[]){TA(r), TA(a)});
    }
}
// Copies the constant's bytes (as many as the type has).
void tcg_gen_movi_vec(TCGv_vec r, const void *bytes);
void tcg_gen_dupi_vec(unsigned vece, TCGv_vec r, uint64_t lane);
// index: one byte a lane; see shuffle_vec in the table.
void tcg_gen_shuffle_vec(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b, const uint8_t *index);
static inline void tcg_gen_ld_vec(TCGv_vec r, TCGv_ptr base, intptr_t ofs)
{
    tcg_emitv(INDEX_op_ld_vec, tcgv_vec_type(r), 0, 3, (TCGArg[]){TA(r), TA(base), (TCGArg)ofs});
}
static inline void tcg_gen_st_vec(TCGv_vec v, TCGv_ptr base, intptr_t ofs)
{
    tcg_emitv(INDEX_op_st_vec, tcgv_vec_type(v), 0, 3, (TCGArg[]){TA(v), TA(base), (TCGArg)ofs});
}
static inline void tcg_gen_dup_vec(unsigned vece, TCGv_vec r, TCGv_i64 a)
{
    tcg_emitv(INDEX_op_dup_vec, tcgv_vec_type(r), vece, 2, (TCGArg[]){TA(r), TA(a)});
}
#define TCG_VLANE(T, V)                                                                            \
    static inline void tcg_gen_extract_vec_##T(V TCGv_##T r, TCGv_vec a, unsigned lane)            \
    {                                                                                              \
        tcg_emitv(INDEX_op_extract_vec_##T, tcgv_vec_type(a), TCG_VLANE_##T, 3,                    \
                  (TCGArg[]){TA(r), TA(a), lane});                                                 \
    }                                                                                              \
    static inline void tcg_gen_insert_vec_##T(V TCGv_vec r, TCGv_vec a, TCGv_##T b, unsigned lane) \
    {                                                                                              \
        tcg_emitv(INDEX_op_insert_vec_##T, tcgv_vec_type(r), TCG_VLANE_##T, 4,                     \
                  (TCGArg[]){TA(r), TA(a), TA(b), lane});                                          \
    }
#define TCG_VLANE_i64 vece
#define TCG_VLANE_f32 MO_32
#define TCG_VLANE_f64 MO_64
#define TCG_VECE_PARAM unsigned vece,
TCG_VLANE(i64, TCG_VECE_PARAM)
TCG_VLANE(f32, )
TCG_VLANE(f64, )

TCG_RR(zext_i64_v128, vec, i64)
TCG_RR(bitcast_i64_v64, vec, i64)
TCG_RR(bitcast_v64_i64, i64, vec)
TCG_RRR(concat_v64_v128, vec, vec, vec)
TCG_RR(extrl_v128_v64, vec, vec)
TCG_RR(extrh_v128_v64, vec, vec)
TCG_RRR(concat_v128_v256, vec, vec, vec)
TCG_RR(extrl_v256_v128, vec, vec)
TCG_RR(extrh_v256_v128, vec, vec)
TCG_RR(bitcast_i128_v128, vec, i128)
TCG_RR(bitcast_v128_i128, i128, vec)

static inline void tcg_gen_signmask_vec(unsigned vece, TCGv_i64 r, TCGv_vec a)
{
    tcg_emitv(INDEX_op_signmask_vec, tcgv_vec_type(a), vece, 2, (TCGArg[]){TA(r), TA(a)});
}
TCG_VRRC(dupl)
TCG_VRRR(tbl)
TCG_VRRR(tbl16)
TCG_VRRR(perm)
TCG_VRRR(and)
TCG_VRRR(or)
TCG_VRRR(xor)
TCG_VRRR(andc)
TCG_VRRR(orc)
TCG_VRR(not)
TCG_VRRR(add)
TCG_VRRR(sub)
TCG_VRRR(mul)
TCG_VRRR(mulhs)
TCG_VRRR(mulhu)
TCG_VRRR(mulhrs)
TCG_VRR(neg)
TCG_VRR(abs)
TCG_VRRR(ssadd)
TCG_VRRR(usadd)
TCG_VRRR(sssub)
TCG_VRRR(ussub)
TCG_VRRR(smin)
TCG_VRRR(umin)
TCG_VRRR(smax)
TCG_VRRR(umax)
TCG_VRRR(avgu)
TCG_VRRC(shli)
TCG_VRRC(shri)
TCG_VRRC(sari)
TCG_VRRS(shls)
TCG_VRRS(shrs)
TCG_VRRS(sars)
TCG_VRRR(shlv)
TCG_VRRR(shrv)
TCG_VRRR(sarv)
TCG_VRRRC(cmp, TCGCond)
TCG_VRRRR(bitsel)
TCG_VRR(ctpop)
TCG_VRR(clz)
TCG_VRR(bswap)
TCG_VRR(widensl)
TCG_VRR(widensh)
TCG_VRR(widenul)
TCG_VRR(widenuh)
TCG_VRRR(narrow)
TCG_VRRR(narrowss)
TCG_VRRR(narrowsu)
TCG_VRRR(narrowuu)
TCG_VRRR(pmadds)
TCG_VRRR(pmaddus)
TCG_VRRR(sadu8)
TCG_VRRR(fadd)
TCG_VRRR(fsub)
TCG_VRRR(fmul)
TCG_VRRR(fdiv)
TCG_VRR(fsqrt)
TCG_VRRRR(fma)
TCG_VRRRR(fms)
TCG_VRRRR(fnma)
TCG_VRRRR(fnms)
TCG_VRR(fneg)
TCG_VRR(fabs)
TCG_VRRR(fminsel)
TCG_VRRR(fmaxsel)
TCG_VRRR(fmin)
TCG_VRRR(fmax)
TCG_VRRR(fminnum)
TCG_VRRR(fmaxnum)
TCG_VRRRC(fcmp, TCGFCond)
TCG_VRRC(fround)
TCG_VRR(cvt)
TCG_VRR(cvtu)
TCG_VRRC(fcvt)
TCG_VRRC(fcvts)
TCG_VRRC(fcvtu)
TCG_VRR(fwidenl)
TCG_VRR(fwidenh)
TCG_VRR(fnarrow)

#undef TA

#endif
