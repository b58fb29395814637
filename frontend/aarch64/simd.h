// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the AdvSIMD files (simd*.c) share: which part of a register an instruction works on, writes that
// clear the rest, FPSR.QC, and the lane-wise operations that are made of several TCG ops.
//
// Everything is computed on whole 128-bit registers.  The operand `q` of the decode tables says what of
// the result counts: the low 64 bits (0), all (1) or one lane (2, scalar forms); the rest of the
// destination becomes zero.  What the lanes that do not count hold meanwhile is of no matter, but for
// saturation: gen_sat looks at those that count only.
//
// A gen_ function may be given a result that is also an operand: it writes results last.

#ifndef FRONTEND_AARCH64_SIMD_H
#define FRONTEND_AARCH64_SIMD_H

#include "frontend/aarch64/translate.h"

enum { FORM_64, FORM_128, FORM_SCALAR }; // values of q

// Lane sizes that an instruction has, as a mask.
enum { SZ_B = 1, SZ_H = 2, SZ_S = 4, SZ_D = 8, SZ_HS = 6, SZ_BHS = 7, SZ_BHSD = 15 };

// There is no form of a vector with one 64-bit lane, but for the scalar one.
static inline bool simd_size_ok(int q, int esz, unsigned sizes)
{
    return (sizes >> esz & 1) && !(esz == MO_64 && q == FORM_64);
}

// Bytes of the destination that count.
static inline unsigned simd_bytes(int q, int esz)
{
    return q == FORM_128 ? 16 : q == FORM_64 ? 8 : 1u << esz;
}

static inline TCGv_vec new_vec(void) { return tcg_temp_new_v128(); }
TCGv_vec simd_const(unsigned vece, uint64_t lane); // every lane the same
// V<rd> = the low `bytes` bytes of v, zeros above.
void simd_write(unsigned rd, TCGv_vec v, unsigned bytes);
// Where to compute the result for V<rd>: the register itself when all of it counts, else a temp.
TCGv_vec simd_dest(unsigned rd, unsigned bytes);
// A narrowing instruction's result: v's low half into V<rd>'s low or (FORM_128) high half, or one lane of it.
void simd_write_narrow(unsigned rd, TCGv_vec v, int q, int esz);
// FPSR.QC is set when there is a bit set in the low `bytes` bytes of v.
void gen_sat(TCGv_vec v, unsigned bytes);

#define TRANS(NAME, FN, ...) A64_TRANS(NAME, FN, ##__VA_ARGS__)
// The same for an instruction that the CPU model may lack.
#define TRANS_FEAT(NAME, FEAT, FN, ...)                                                            \
    bool trans_##NAME(DisasContext *s, arg_##NAME *a)                                              \
    {                                                                                              \
        return a64_has_feature(s, ARM_FEAT_##FEAT) && FN(s, a, ##__VA_ARGS__);                     \
    }

typedef void SimdFn1(unsigned vece, TCGv_vec r, TCGv_vec a);
typedef void SimdFn2(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b);
typedef void SimdFn3(unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b, TCGv_vec c);
typedef void SimdFnImm(unsigned vece, TCGv_vec r, TCGv_vec a, unsigned imm);
// Saturating: sat gets a bit set in each lane that did.
typedef void SimdSat1(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a);
typedef void SimdSat2(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, TCGv_vec b);
typedef void SimdSatImm(unsigned vece, TCGv_vec r, TCGv_vec sat, TCGv_vec a, unsigned imm);

// --- simd-ops.c -----------------------------------------------------------------------------------

// The half of v's lanes that a long instruction takes (the high one for FORM_128), widened.
void gen_widen(unsigned vece, TCGv_vec r, TCGv_vec v, bool sign, int q);
SimdFn2 gen_shadd, gen_uhadd, gen_srhadd, gen_urhadd, gen_shsub, gen_uhsub;
SimdFn2 gen_sabd, gen_uabd, gen_pmul;
SimdFn2 gen_sshl, gen_ushl, gen_srshl, gen_urshl;
SimdSat2 gen_sqshl, gen_uqshl, gen_sqrshl, gen_uqrshl;
SimdSat2 gen_sqadd, gen_uqadd, gen_sqsub, gen_uqsub, gen_suqadd, gen_usqadd;
SimdSat2 gen_sqdmulh, gen_sqrdmulh;
SimdSat1 gen_sqabs, gen_sqneg;
SimdFn1 gen_cls, gen_rbit;
// Adjacent lanes added to lanes of twice the width.
SimdFn1 gen_saddlp, gen_uaddlp;

// --- simd-perm.c ----------------------------------------------------------------------------------

typedef enum SimdPermute { UZP1, UZP2, TRN1, TRN2, ZIP1, ZIP2 } SimdPermute;
// Of the whole registers, or of their low halves with zeros above.
void gen_permute(SimdPermute how, unsigned vece, TCGv_vec r, TCGv_vec a, TCGv_vec b, int q);

#endif
