// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operand access that the vector files (sse*.c, avx*.c, fma.c, mmx.c, crypto.c) share.
//
// One worker serves the MMX, SSE, VEX.128 and VEX.256 forms of an instruction:
//
//     TCGv_vec a = x86_vec_src(s, 0), b = x86_vec_src(s, 1), r = x86_vec_dest(s);
//     tcg_gen_add_vec(MO_32, r, a, b);
//     x86_vec_commit(s, r);
//
// The handles' type is the form's: V64, V128 or V256.  An MMX register is a V64 global, an XMM register a V128
// one, and a YMM register two V128 ones, put together in a temp when it is read and taken apart when it is
// written; the engines see through that (tcg2llvm/lower.c, tcg/interp-alias.c).  r may be a register that is a
// source too: the worker's last op on a and b is the one that writes r.
//
// Legacy SSE instructions leave the upper halves of the YMM registers alone, VEX.128 ones clear the
// destination's.  Legacy 16-byte memory operands must be aligned, VEX ones need not.
//
// MMX shares its registers with the x87: each MMX instruction makes TOP 0 and all registers valid, and
// each write sets the register's sign and exponent to all ones.  Within a block that is done once
// (DisasContext.mmx_entered, mmx_written); an x87 instruction or EMMS forgets it (x86_mmx_forget).

#ifndef FRONTEND_X86_VEC_H
#define FRONTEND_X86_VEC_H

#include "translate.h"

// Is operand i an MMX register?
bool x86_op_is_mmx(const DisasContext *s, unsigned i);
// The global behind register operand i (XMM or MMX).
TCGv_vec x86_vec_reg(const DisasContext *s, unsigned i);
// The value of operand i with the type of the instruction's register operand `like`: the register's own
// handle (not to be written), or a temp, zero-extended when the operand is shorter.  The first form checks
// the alignment of legacy memory operands.
TCGv_vec x86_vec_load(DisasContext *s, unsigned i, unsigned like);
TCGv_vec x86_vec_load_unaligned(DisasContext *s, unsigned i, unsigned like);
// A VEX instruction names its destination and its first source, where a legacy one has a single operand
// for both: the first source's number.  Other sources and the immediate follow it.
static inline bool x86_is_vex(const DisasContext *s)
{
    return s->insn.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;
}
static inline unsigned x86_vec_first(const DisasContext *s) { return x86_is_vex(s) ? 1 : 0; }
// Source k = 0, 1, .. of such an instruction, in the destination's type.
static inline TCGv_vec x86_vec_src(DisasContext *s, unsigned k)
{
    return x86_vec_load(s, x86_vec_first(s) + k, 0);
}
// What to compute operand 0's new value in, and its writing.
TCGv_vec x86_vec_dest(DisasContext *s);
void x86_vec_commit(DisasContext *s, TCGv_vec r);
static inline bool x86_is_256(const DisasContext *s) { return s->insn.avx.vector_length == 256; }
// XMMn's upper half := 0.
void x86_ymmh_clear(DisasContext *s, unsigned n);
TCGv_vec x86_vec_zero(TCGType type);
// The low lane of an XMM register, or memory.
TCGv_f32 x86_f32_load(DisasContext *s, unsigned i);
TCGv_f64 x86_f64_load(DisasContext *s, unsigned i);
// The low 64 bits of operand i: XMM, MMX, general-purpose register or memory (zero-extended); and the
// write that clears what lies above them in an XMM register.
TCGv_i64 x86_low64_load(DisasContext *s, unsigned i);
void x86_low64_store(DisasContext *s, unsigned i, TCGv_i64 v);

static inline unsigned x86_imm8(const DisasContext *s, unsigned i)
{
    return s->op[i].imm.value.u & 0xff;
}
// The immediate behind n sources of which x86_vec_src knows.
static inline unsigned x86_vec_imm8(const DisasContext *s, unsigned n)
{
    return x86_imm8(s, x86_vec_first(s) + n);
}
static inline unsigned x86_vec_lanes(TCGv_vec v, unsigned vece)
{
    return tcg_type_size(tcgv_vec_type(v)) >> vece;
}
static inline TCGv_vec x86_vec_temp_like(TCGv_vec v) { return tcg_temp_new_vec(tcgv_vec_type(v)); }

enum { X86_MAX_LANES = 32 };
// A shuffle within each 128 bits (or 64, for MMX).  index has a byte for every lane of r: the number of a
// lane of the same 128 bits of a, of b behind them, or 0xff for 0.
void x86_vec_shuffle(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b, const uint8_t *index);
// r = fn(a, b) by 128-bit halves, for what has no op on 256 bits.
void x86_vec_by_halves1(void (*fn)(TCGv_vec r, TCGv_vec a), TCGv_vec r, TCGv_vec a);
void x86_vec_by_halves2(void (*fn)(TCGv_vec r, TCGv_vec a, TCGv_vec b), TCGv_vec r, TCGv_vec a,
                        TCGv_vec b);
// The half of a V256 value.
TCGv_vec x86_vec_half(TCGv_vec v, unsigned half);

// Raises the #MF that an earlier x87 instruction has left pending.
void x86_check_x87_pending(DisasContext *s);
// Before an instruction that reads or writes MMX registers, and after a write of register operand i.
// TOP and tags change at the instruction's end (x86_mmx_end), behind what may fault in it.
void x86_mmx_begin(DisasContext *s);
void x86_mmx_wrote(DisasContext *s, unsigned i);
static inline void x86_mmx_forget(DisasContext *s)
{
    s->mmx_entered = false;
    s->mmx_written = 0;
}
// The same for a worker that serves both register files: does nothing unless operand i is MMX.
void x86_vec_begin(DisasContext *s, unsigned i);
void x86_vec_wrote(DisasContext *s, unsigned i);

// SSE floating point around an instruction's ops.  While the guest has unmasked an exception
// (DisasContext.sse_unmasked) the ops write temps, and the destination is written after a check that
// raises #XM; otherwise these cost nothing.  The host runs with all masked, so two things about results
// differ from hardware: an unmasked overflow sets the precision flag as well, and an unmasked underflow
// is not raised for a denormal result that is exact.
void x86_sse_fp_begin(DisasContext *s);
void x86_sse_fp_end(DisasContext *s);                // the check
TCGv_vec x86_sse_fp_dest(DisasContext *s);           // x86_vec_dest, or a temp of its type
void x86_sse_fp_commit(DisasContext *s, TCGv_vec r); // check, then x86_vec_commit
// The same for a scalar result: lane 0, the others from the first source.
void x86_sse_fp_commit_f32(DisasContext *s, TCGv_f32 r);
void x86_sse_fp_commit_f64(DisasContext *s, TCGv_f64 r);

// Rows: an instruction, and an SSE one with its VEX form, whose 256-bit form may need a feature of its own.
#define X86_ROW(m, fn, arg, feat) {ZYDIS_MNEMONIC_##m, trans_##fn, arg, X86_FEAT_##feat}
#define X86_ROW_256(m, fn, arg, feat, wide)                                                        \
    {ZYDIS_MNEMONIC_##m, trans_##fn, arg, X86_FEAT_##feat | X86_FEAT_256(X86_FEAT_##wide)}
#define X86_ROW_V(m, fn, arg, feat, wide)                                                          \
    X86_ROW(m, fn, arg, feat), X86_ROW_256(V##m, fn, arg, AVX, wide)

typedef void X86VecFn1(unsigned vece, TCGv_vec r, TCGv_vec a);
typedef void X86VecFn2(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b);

#endif
