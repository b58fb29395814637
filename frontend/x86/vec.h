// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operand access that the vector files (sse*.c, mmx.c, crypto.c) share.
//
// An MMX register is a V64 global, an XMM register a V128 one; a worker that handles both asks the
// handle for its type.  Legacy SSE instructions leave the upper halves of the YMM registers alone.
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
// handle (not to be written), or a temp loaded from memory, zero-extended when the operand is shorter.
// A 16-byte memory operand must be aligned, else #GP; the second form does not ask.
TCGv_vec x86_vec_load(DisasContext *s, unsigned i, unsigned like);
TCGv_vec x86_vec_load_unaligned(DisasContext *s, unsigned i, unsigned like);
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
void x86_sse_fp_end(DisasContext *s);                                // the check
TCGv_vec x86_sse_fp_dest(DisasContext *s, TCGv_vec d);               // d, or a temp of its type
void x86_sse_fp_commit(DisasContext *s, TCGv_vec d, TCGv_vec r);     // check, then d = r
void x86_sse_fp_commit_f32(DisasContext *s, TCGv_vec d, TCGv_f32 r); // check, then d's lane 0 = r
void x86_sse_fp_commit_f64(DisasContext *s, TCGv_vec d, TCGv_f64 r);

typedef void X86VecFn1(unsigned vece, TCGv_vec r, TCGv_vec a);
typedef void X86VecFn2(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b);

#endif
