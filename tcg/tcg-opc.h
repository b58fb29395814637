// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The TCG op table: one row an op, re-included for the enum, the names, the verifier, the dump, the
// interpreter and the LLVM lowering.  This file has no include guard on purpose.
//
//   DEF(name, signature, flags)
//
// The signature reads "results:operands", one letter an argument:
//   i i32   l i64   o i128   s f32   d f64
//   v the op's own vector type (op->type); lanes are op->vece (MO_8 .. MO_64)
//   h, x, y  the vector types of 64, 128 and 256 bits, whatever op->type says
//   c a constant   m a MemOp   L a label   P a host pointer kept as a constant
// Constants come last.  A pointer operand is an i64 (the host has 64 bits).
//
// Names and meanings follow QEMU's documented op set where it has the op.  Rules that hold throughout:
//  * integer arithmetic wraps; a shift or rotate count must be below the width (else the result is
//    any value, never a trap); a division by zero or overflow must not be executed.
//  * FP operations use the host FP unit's current rounding mode and accumulate exception flags there.
//  * "ld"/"st" access host memory (the CPU state) at pointer + constant offset; "qemu_ld"/"qemu_st"
//    access guest memory.
//  * a mask lane is all ones or all zeros.

#ifndef DEF
#error "define DEF before including tcg-opc.h"
#endif

// --- control flow -------------------------------------------------------------------------------
// A call's arguments are described by its TCGHelperInfo (see op->call_info), not by the signature.
DEF(call, ":", TCG_OPF_CALL | TCG_OPF_SIDE_EFFECTS)
DEF(discard, "", TCG_OPF_NOT_PRESENT) // result: a temp of any type whose value is dead from here on
DEF(set_label, ":L", TCG_OPF_BB_START)
DEF(br, ":L", TCG_OPF_BB_END)
DEF(brcond_i32, ":iicL", TCG_OPF_BB_END | TCG_OPF_COND_BRANCH) // if (a cond b) goto L
DEF(brcond_i64, ":llcL", TCG_OPF_BB_END | TCG_OPF_COND_BRANCH)
DEF(mb, ":c", TCG_OPF_SIDE_EFFECTS)         // memory barrier, TCGBar bits
// adds to the 64-bit word at an offset from where a pointer in the CPU state points to: the pointer's offset, the word's,
// the addend, 32 bits signed each.  Nothing else that a block does may depend on the word.
DEF(count, ":ccc", TCG_OPF_SIDE_EFFECTS)
DEF(insn_start, ":cc", TCG_OPF_SIDE_EFFECTS) // guest pc, guest-specific datum; starts an instruction
DEF(goto_tb, ":c", TCG_OPF_BB_EXIT)         // jump through slot 0 or 1; falls through when empty
DEF(exit_tb, ":c", TCG_OPF_BB_EXIT | TCG_OPF_BB_END) // return the constant to cpu_exec
DEF(goto_ptr, ":l", TCG_OPF_BB_EXIT | TCG_OPF_BB_END) // jump to the TCGCode that the pointer names

// --- i32 ----------------------------------------------------------------------------------------
DEF(mov_i32, "i:i", 0)
DEF(setcond_i32, "i:iic", 0)    // 1 or 0
DEF(negsetcond_i32, "i:iic", 0) // -1 or 0
DEF(movcond_i32, "i:iiiic", 0)  // (c1 cond c2) ? v1 : v2
DEF(ld8u_i32, "i:lc", 0)
DEF(ld8s_i32, "i:lc", 0)
DEF(ld16u_i32, "i:lc", 0)
DEF(ld16s_i32, "i:lc", 0)
DEF(ld_i32, "i:lc", 0)
DEF(st8_i32, ":ilc", TCG_OPF_STORE)
DEF(st16_i32, ":ilc", TCG_OPF_STORE)
DEF(st_i32, ":ilc", TCG_OPF_STORE)
DEF(add_i32, "i:ii", TCG_OPF_COMMUTES)
DEF(sub_i32, "i:ii", 0)
DEF(mul_i32, "i:ii", TCG_OPF_COMMUTES)
DEF(div_i32, "i:ii", 0)
DEF(divu_i32, "i:ii", 0)
DEF(rem_i32, "i:ii", 0)
DEF(remu_i32, "i:ii", 0)
DEF(div2_i32, "ii:iii", 0)  // quotient, remainder : low, high, divisor (signed); the quotient fits
DEF(divu2_i32, "ii:iii", 0) // the same, unsigned
DEF(and_i32, "i:ii", TCG_OPF_COMMUTES)
DEF(or_i32, "i:ii", TCG_OPF_COMMUTES)
DEF(xor_i32, "i:ii", TCG_OPF_COMMUTES)
DEF(not_i32, "i:i", 0)
DEF(neg_i32, "i:i", 0)
DEF(andc_i32, "i:ii", 0) // a & ~b
DEF(orc_i32, "i:ii", 0)
DEF(eqv_i32, "i:ii", TCG_OPF_COMMUTES)
DEF(nand_i32, "i:ii", TCG_OPF_COMMUTES)
DEF(nor_i32, "i:ii", TCG_OPF_COMMUTES)
DEF(shl_i32, "i:ii", 0)
DEF(shr_i32, "i:ii", 0)
DEF(sar_i32, "i:ii", 0)
DEF(rotl_i32, "i:ii", 0)
DEF(rotr_i32, "i:ii", 0)
DEF(deposit_i32, "i:iicc", 0)  // a with b's low bits put at offset c1, length c2
DEF(extract_i32, "i:icc", 0)   // unsigned bit field at offset c1, length c2
DEF(sextract_i32, "i:icc", 0)  // signed bit field
DEF(extract2_i32, "i:iic", 0)  // bits c .. c+31 of b:a (a low)
DEF(ext8s_i32, "i:i", 0)
DEF(ext8u_i32, "i:i", 0)
DEF(ext16s_i32, "i:i", 0)
DEF(ext16u_i32, "i:i", 0)
DEF(bswap16_i32, "i:i", 0) // of the low 16 bits; the result is zero-extended
DEF(bswap32_i32, "i:i", 0)
DEF(clz_i32, "i:ii", 0) // leading zeros of a, or b when a is 0
DEF(ctz_i32, "i:ii", 0)
DEF(ctpop_i32, "i:i", 0)
DEF(bitrev_i32, "i:i", 0)
DEF(muluh_i32, "i:ii", TCG_OPF_COMMUTES) // high half of the unsigned product
DEF(mulsh_i32, "i:ii", TCG_OPF_COMMUTES)
DEF(mulu2_i32, "ii:ii", TCG_OPF_COMMUTES) // low, high
DEF(muls2_i32, "ii:ii", TCG_OPF_COMMUTES)
DEF(add2_i32, "ii:iiii", 0) // low, high : a low, a high, b low, b high
DEF(sub2_i32, "ii:iiii", 0)

// --- i64 ----------------------------------------------------------------------------------------
DEF(mov_i64, "l:l", 0)
DEF(setcond_i64, "l:llc", 0)
DEF(negsetcond_i64, "l:llc", 0)
DEF(movcond_i64, "l:llllc", 0)
DEF(ld8u_i64, "l:lc", 0)
DEF(ld8s_i64, "l:lc", 0)
DEF(ld16u_i64, "l:lc", 0)
DEF(ld16s_i64, "l:lc", 0)
DEF(ld32u_i64, "l:lc", 0)
DEF(ld32s_i64, "l:lc", 0)
DEF(ld_i64, "l:lc", 0)
DEF(st8_i64, ":llc", TCG_OPF_STORE)
DEF(st16_i64, ":llc", TCG_OPF_STORE)
DEF(st32_i64, ":llc", TCG_OPF_STORE)
DEF(st_i64, ":llc", TCG_OPF_STORE)
DEF(add_i64, "l:ll", TCG_OPF_COMMUTES)
DEF(sub_i64, "l:ll", 0)
DEF(mul_i64, "l:ll", TCG_OPF_COMMUTES)
DEF(div_i64, "l:ll", 0)
DEF(divu_i64, "l:ll", 0)
DEF(rem_i64, "l:ll", 0)
DEF(remu_i64, "l:ll", 0)
DEF(div2_i64, "ll:lll", 0)
DEF(divu2_i64, "ll:lll", 0)
DEF(and_i64, "l:ll", TCG_OPF_COMMUTES)
DEF(or_i64, "l:ll", TCG_OPF_COMMUTES)
DEF(xor_i64, "l:ll", TCG_OPF_COMMUTES)
DEF(not_i64, "l:l", 0)
DEF(neg_i64, "l:l", 0)
DEF(andc_i64, "l:ll", 0)
DEF(orc_i64, "l:ll", 0)
DEF(eqv_i64, "l:ll", TCG_OPF_COMMUTES)
DEF(nand_i64, "l:ll", TCG_OPF_COMMUTES)
DEF(nor_i64, "l:ll", TCG_OPF_COMMUTES)
DEF(shl_i64, "l:ll", 0)
DEF(shr_i64, "l:ll", 0)
DEF(sar_i64, "l:ll", 0)
DEF(rotl_i64, "l:ll", 0)
DEF(rotr_i64, "l:ll", 0)
DEF(deposit_i64, "l:llcc", 0)
DEF(extract_i64, "l:lcc", 0)
DEF(sextract_i64, "l:lcc", 0)
DEF(extract2_i64, "l:llc", 0)
DEF(ext8s_i64, "l:l", 0)
DEF(ext8u_i64, "l:l", 0)
DEF(ext16s_i64, "l:l", 0)
DEF(ext16u_i64, "l:l", 0)
DEF(ext32s_i64, "l:l", 0)
DEF(ext32u_i64, "l:l", 0)
DEF(bswap16_i64, "l:l", 0)
DEF(bswap32_i64, "l:l", 0) // of the low 32 bits; the result is zero-extended
DEF(bswap64_i64, "l:l", 0)
DEF(clz_i64, "l:ll", 0)
DEF(ctz_i64, "l:ll", 0)
DEF(ctpop_i64, "l:l", 0)
DEF(bitrev_i64, "l:l", 0)
DEF(muluh_i64, "l:ll", TCG_OPF_COMMUTES)
DEF(mulsh_i64, "l:ll", TCG_OPF_COMMUTES)
DEF(mulu2_i64, "ll:ll", TCG_OPF_COMMUTES)
DEF(muls2_i64, "ll:ll", TCG_OPF_COMMUTES)
DEF(add2_i64, "ll:llll", 0)
DEF(sub2_i64, "ll:llll", 0)

// --- between integer types ----------------------------------------------------------------------
DEF(ext_i32_i64, "l:i", 0)
DEF(extu_i32_i64, "l:i", 0)
DEF(extrl_i64_i32, "i:l", 0) // low half
DEF(extrh_i64_i32, "i:l", 0) // high half
DEF(mov_i128, "o:o", 0)
DEF(concat_i64_i128, "o:ll", 0) // low, high
DEF(extrl_i128_i64, "l:o", 0)
DEF(extrh_i128_i64, "l:o", 0)

// --- scalar FP ----------------------------------------------------------------------------------
DEF(mov_f32, "s:s", 0)
DEF(mov_f64, "d:d", 0)
DEF(ld_f32, "s:lc", 0)
DEF(ld_f64, "d:lc", 0)
DEF(st_f32, ":slc", TCG_OPF_STORE)
DEF(st_f64, ":dlc", TCG_OPF_STORE)
DEF(bitcast_i32_f32, "s:i", 0) // same bits
DEF(bitcast_i64_f64, "d:l", 0)
DEF(bitcast_f32_i32, "i:s", 0)
DEF(bitcast_f64_i64, "l:d", 0)
DEF(fadd_f32, "s:ss", TCG_OPF_FP)
DEF(fsub_f32, "s:ss", TCG_OPF_FP)
DEF(fmul_f32, "s:ss", TCG_OPF_FP)
DEF(fdiv_f32, "s:ss", TCG_OPF_FP)
DEF(fsqrt_f32, "s:s", TCG_OPF_FP)
// Rounded once; of NaN operands the first of a, b, c is the result, with its own sign.
DEF(fma_f32, "s:sss", TCG_OPF_FP) // a * b + c
DEF(fms_f32, "s:sss", TCG_OPF_FP) // a * b - c
DEF(fnma_f32, "s:sss", TCG_OPF_FP) // -(a * b) + c
DEF(fnms_f32, "s:sss", TCG_OPF_FP) // -(a * b) - c
DEF(fneg_f32, "s:s", 0)           // sign bit only, no exception
DEF(fabs_f32, "s:s", 0)
DEF(fminsel_f32, "s:ss", TCG_OPF_FP) // a < b ? a : b with a signalling compare (so b when unordered)
DEF(fmaxsel_f32, "s:ss", TCG_OPF_FP) // a > b ? a : b
DEF(fmin_f32, "s:ss", TCG_OPF_FP)    // IEEE 754-2019 minimum: a NaN wins, -0 < +0
DEF(fmax_f32, "s:ss", TCG_OPF_FP)
DEF(fminnum_f32, "s:ss", TCG_OPF_FP) // IEEE 754-2008 minNum: a number wins over a quiet NaN
DEF(fmaxnum_f32, "s:ss", TCG_OPF_FP)
DEF(fsetcond_f32, "i:ssc", TCG_OPF_FP) // 1 or 0; TCGFCond
DEF(fround_f32, "s:sc", TCG_OPF_FP)    // to an integral value; TCGRound, with TCG_ROUND_NOEXC or not
DEF(fadd_f64, "d:dd", TCG_OPF_FP)
DEF(fsub_f64, "d:dd", TCG_OPF_FP)
DEF(fmul_f64, "d:dd", TCG_OPF_FP)
DEF(fdiv_f64, "d:dd", TCG_OPF_FP)
DEF(fsqrt_f64, "d:d", TCG_OPF_FP)
DEF(fma_f64, "d:ddd", TCG_OPF_FP)
DEF(fms_f64, "d:ddd", TCG_OPF_FP)
DEF(fnma_f64, "d:ddd", TCG_OPF_FP)
DEF(fnms_f64, "d:ddd", TCG_OPF_FP)
DEF(fneg_f64, "d:d", 0)
DEF(fabs_f64, "d:d", 0)
DEF(fminsel_f64, "d:dd", TCG_OPF_FP)
DEF(fmaxsel_f64, "d:dd", TCG_OPF_FP)
DEF(fmin_f64, "d:dd", TCG_OPF_FP)
DEF(fmax_f64, "d:dd", TCG_OPF_FP)
DEF(fminnum_f64, "d:dd", TCG_OPF_FP)
DEF(fmaxnum_f64, "d:dd", TCG_OPF_FP)
DEF(fsetcond_f64, "i:ddc", TCG_OPF_FP)
DEF(fround_f64, "d:dc", TCG_OPF_FP)
DEF(fcvt_f32_f64, "d:s", TCG_OPF_FP)
DEF(fcvt_f64_f32, "s:d", TCG_OPF_FP)
DEF(fcvt_f16_f32, "s:i", TCG_OPF_FP) // half precision travels in the low 16 bits of an i32
DEF(fcvt_f32_f16, "i:s", TCG_OPF_FP)
DEF(fcvt_f64_f16, "i:d", TCG_OPF_FP) // rounded once
DEF(cvt_i32_f32, "s:i", TCG_OPF_FP)  // signed integer to FP
DEF(cvt_i32_f64, "d:i", TCG_OPF_FP)
DEF(cvt_i64_f32, "s:l", TCG_OPF_FP)
DEF(cvt_i64_f64, "d:l", TCG_OPF_FP)
DEF(cvtu_i32_f32, "s:i", TCG_OPF_FP) // unsigned integer to FP
DEF(cvtu_i32_f64, "d:i", TCG_OPF_FP)
DEF(cvtu_i64_f32, "s:l", TCG_OPF_FP)
DEF(cvtu_i64_f64, "d:l", TCG_OPF_FP)
// FP to signed integer, TCGRound; NaN and out of range give the most negative integer, invalid raised.
DEF(fcvt_f32_i32, "i:sc", TCG_OPF_FP)
DEF(fcvt_f32_i64, "l:sc", TCG_OPF_FP)
DEF(fcvt_f64_i32, "i:dc", TCG_OPF_FP)
DEF(fcvt_f64_i64, "l:dc", TCG_OPF_FP)
// The same, saturating (NaN gives 0), signed and unsigned.
DEF(fcvts_f32_i32, "i:sc", TCG_OPF_FP)
DEF(fcvts_f32_i64, "l:sc", TCG_OPF_FP)
DEF(fcvts_f64_i32, "i:dc", TCG_OPF_FP)
DEF(fcvts_f64_i64, "l:dc", TCG_OPF_FP)
DEF(fcvtu_f32_i32, "i:sc", TCG_OPF_FP)
DEF(fcvtu_f32_i64, "l:sc", TCG_OPF_FP)
DEF(fcvtu_f64_i32, "i:dc", TCG_OPF_FP)
DEF(fcvtu_f64_i64, "l:dc", TCG_OPF_FP)

// --- vectors: moving data -----------------------------------------------------------------------
DEF(mov_vec, "v:v", TCG_OPF_VECTOR)
DEF(movi_vec, "v:P", TCG_OPF_VECTOR)  // the bytes at the pointer (kept by the context)
DEF(ld_vec, "v:lc", TCG_OPF_VECTOR)
DEF(st_vec, ":vlc", TCG_OPF_VECTOR | TCG_OPF_STORE)
DEF(dup_vec, "v:l", TCG_OPF_VECTOR)        // every lane = low bits of an i64
DEF(dupl_vec, "v:vc", TCG_OPF_VECTOR)      // every lane = lane c
DEF(extract_vec_i64, "l:vc", TCG_OPF_VECTOR) // lane c, zero-extended
DEF(insert_vec_i64, "v:vlc", TCG_OPF_VECTOR) // a with lane c replaced by the low bits of b
DEF(extract_vec_f32, "s:vc", TCG_OPF_VECTOR)
DEF(insert_vec_f32, "v:vsc", TCG_OPF_VECTOR)
DEF(extract_vec_f64, "d:vc", TCG_OPF_VECTOR)
DEF(insert_vec_f64, "v:vdc", TCG_OPF_VECTOR)
DEF(zext_i64_v128, "x:l", TCG_OPF_VECTOR) // low 64 bits = a, the rest 0
DEF(bitcast_i64_v64, "h:l", TCG_OPF_VECTOR)
DEF(bitcast_v64_i64, "l:h", TCG_OPF_VECTOR)
DEF(concat_v64_v128, "x:hh", TCG_OPF_VECTOR) // low, high
DEF(extrl_v128_v64, "h:x", TCG_OPF_VECTOR)
DEF(extrh_v128_v64, "h:x", TCG_OPF_VECTOR)
DEF(concat_v128_v256, "y:xx", TCG_OPF_VECTOR)
DEF(extrl_v256_v128, "x:y", TCG_OPF_VECTOR)
DEF(extrh_v256_v128, "x:y", TCG_OPF_VECTOR)
DEF(bitcast_i128_v128, "x:o", TCG_OPF_VECTOR)
DEF(bitcast_v128_i128, "o:x", TCG_OPF_VECTOR)
// Lanes of a (indices 0 .. n-1) and b (n .. 2n-1) chosen by the n index bytes at P; 0xff gives a zero lane.
DEF(shuffle_vec, "v:vvP", TCG_OPF_VECTOR)
// Byte lanes: result[i] = b[i] < n ? a[b[i]] : 0, n the number of bytes of the type.
DEF(tbl_vec, "v:vv", TCG_OPF_VECTOR)
DEF(tbl16_vec, "v:vv", TCG_OPF_VECTOR) // the same in each 16 bytes by themselves
// result[i] = a[b[i] % n]: lanes of all of the type.
DEF(perm_vec, "v:vv", TCG_OPF_VECTOR)
DEF(signmask_vec, "l:v", TCG_OPF_VECTOR) // bit i = sign bit of lane i

// --- vectors: integer lanes ---------------------------------------------------------------------
DEF(and_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_COMMUTES)
DEF(or_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_COMMUTES)
DEF(xor_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_COMMUTES)
DEF(andc_vec, "v:vv", TCG_OPF_VECTOR) // a & ~b
DEF(orc_vec, "v:vv", TCG_OPF_VECTOR)
DEF(not_vec, "v:v", TCG_OPF_VECTOR)
DEF(add_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_COMMUTES)
DEF(sub_vec, "v:vv", TCG_OPF_VECTOR)
DEF(mul_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_COMMUTES)
DEF(mulhs_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_COMMUTES) // high half of each lane's product
DEF(mulhu_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_COMMUTES)
// High half of twice the product, rounded; the square of the most negative number wraps to itself.
DEF(mulhrs_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_COMMUTES)
DEF(neg_vec, "v:v", TCG_OPF_VECTOR)
DEF(abs_vec, "v:v", TCG_OPF_VECTOR)
DEF(ssadd_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_COMMUTES) // saturating, signed
DEF(usadd_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_COMMUTES)
DEF(sssub_vec, "v:vv", TCG_OPF_VECTOR)
DEF(ussub_vec, "v:vv", TCG_OPF_VECTOR)
DEF(smin_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_COMMUTES)
DEF(umin_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_COMMUTES)
DEF(smax_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_COMMUTES)
DEF(umax_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_COMMUTES)
DEF(avgu_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_COMMUTES) // (a + b + 1) >> 1, unsigned, no overflow
DEF(shli_vec, "v:vc", TCG_OPF_VECTOR) // count below the lane width
DEF(shri_vec, "v:vc", TCG_OPF_VECTOR)
DEF(sari_vec, "v:vc", TCG_OPF_VECTOR)
DEF(shls_vec, "v:vl", TCG_OPF_VECTOR) // one count for all lanes; >= width gives 0 (sars: the sign)
DEF(shrs_vec, "v:vl", TCG_OPF_VECTOR)
DEF(sars_vec, "v:vl", TCG_OPF_VECTOR)
DEF(shlv_vec, "v:vv", TCG_OPF_VECTOR) // a count a lane (unsigned); the same rule
DEF(shrv_vec, "v:vv", TCG_OPF_VECTOR)
DEF(sarv_vec, "v:vv", TCG_OPF_VECTOR)
DEF(cmp_vec, "v:vvc", TCG_OPF_VECTOR)    // a mask a lane, TCGCond
DEF(bitsel_vec, "v:vvv", TCG_OPF_VECTOR) // (b & a) | (c & ~a)
DEF(ctpop_vec, "v:v", TCG_OPF_VECTOR)
DEF(clz_vec, "v:v", TCG_OPF_VECTOR)
DEF(bswap_vec, "v:v", TCG_OPF_VECTOR) // bytes of each lane reversed
// Lanes of vece widened to twice the width: from the low half, from the high half.
DEF(widensl_vec, "v:v", TCG_OPF_VECTOR)
DEF(widensh_vec, "v:v", TCG_OPF_VECTOR)
DEF(widenul_vec, "v:v", TCG_OPF_VECTOR)
DEF(widenuh_vec, "v:v", TCG_OPF_VECTOR)
// Lanes of vece (the wide ones) of a, then of b, narrowed to half the width.
DEF(narrow_vec, "v:vv", TCG_OPF_VECTOR)   // truncated
DEF(narrowss_vec, "v:vv", TCG_OPF_VECTOR) // signed to signed, saturating
DEF(narrowsu_vec, "v:vv", TCG_OPF_VECTOR) // signed to unsigned, saturating
DEF(narrowuu_vec, "v:vv", TCG_OPF_VECTOR) // unsigned to unsigned, saturating
// Adjacent pairs of lanes of vece, multiplied to double width and added: s*s, and u*s saturated to vece+1.
DEF(pmadds_vec, "v:vv", TCG_OPF_VECTOR)
DEF(pmaddus_vec, "v:vv", TCG_OPF_VECTOR)
DEF(sadu8_vec, "v:vv", TCG_OPF_VECTOR) // sum of absolute byte differences into each 64-bit lane

// --- vectors: FP lanes (MO_32, MO_64) -----------------------------------------------------------
DEF(fadd_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_FP)
DEF(fsub_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_FP)
DEF(fmul_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_FP)
DEF(fdiv_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_FP)
DEF(fsqrt_vec, "v:v", TCG_OPF_VECTOR | TCG_OPF_FP)
DEF(fma_vec, "v:vvv", TCG_OPF_VECTOR | TCG_OPF_FP)
DEF(fms_vec, "v:vvv", TCG_OPF_VECTOR | TCG_OPF_FP)
DEF(fnma_vec, "v:vvv", TCG_OPF_VECTOR | TCG_OPF_FP)
DEF(fnms_vec, "v:vvv", TCG_OPF_VECTOR | TCG_OPF_FP)
DEF(fneg_vec, "v:v", TCG_OPF_VECTOR)
DEF(fabs_vec, "v:v", TCG_OPF_VECTOR)
DEF(fminsel_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_FP)
DEF(fmaxsel_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_FP)
DEF(fmin_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_FP)
DEF(fmax_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_FP)
DEF(fminnum_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_FP)
DEF(fmaxnum_vec, "v:vv", TCG_OPF_VECTOR | TCG_OPF_FP)
DEF(fcmp_vec, "v:vvc", TCG_OPF_VECTOR | TCG_OPF_FP)  // masks, TCGFCond
DEF(fround_vec, "v:vc", TCG_OPF_VECTOR | TCG_OPF_FP) // TCGRound
// Conversions lane by lane; vece is the FP lane's and the integer lane's common width.
DEF(cvt_vec, "v:v", TCG_OPF_VECTOR | TCG_OPF_FP)    // signed integer to FP
DEF(cvtu_vec, "v:v", TCG_OPF_VECTOR | TCG_OPF_FP)   // unsigned integer to FP
DEF(fcvt_vec, "v:vc", TCG_OPF_VECTOR | TCG_OPF_FP)  // FP to signed, as fcvt_f32_i32
DEF(fcvts_vec, "v:vc", TCG_OPF_VECTOR | TCG_OPF_FP) // FP to signed, saturating
DEF(fcvtu_vec, "v:vc", TCG_OPF_VECTOR | TCG_OPF_FP) // FP to unsigned, saturating
// Between FP widths; vece is the narrow one (MO_16 or MO_32).
DEF(fwidenl_vec, "v:v", TCG_OPF_VECTOR | TCG_OPF_FP) // low half of the lanes, widened
DEF(fwidenh_vec, "v:v", TCG_OPF_VECTOR | TCG_OPF_FP)
DEF(fnarrow_vec, "v:v", TCG_OPF_VECTOR | TCG_OPF_FP) // wide lanes into the low half, the high half 0

// --- guest memory -------------------------------------------------------------------------------
DEF(qemu_ld_i32, "i:lm", TCG_OPF_GUEST_MEM)
DEF(qemu_ld_i64, "l:lm", TCG_OPF_GUEST_MEM)
DEF(qemu_ld_i128, "o:lm", TCG_OPF_GUEST_MEM)
DEF(qemu_ld_f32, "s:lm", TCG_OPF_GUEST_MEM)
DEF(qemu_ld_f64, "d:lm", TCG_OPF_GUEST_MEM)
DEF(qemu_ld_vec, "v:lm", TCG_OPF_GUEST_MEM | TCG_OPF_VECTOR)
DEF(qemu_st_i32, ":ilm", TCG_OPF_GUEST_MEM | TCG_OPF_SIDE_EFFECTS)
DEF(qemu_st_i64, ":llm", TCG_OPF_GUEST_MEM | TCG_OPF_SIDE_EFFECTS)
DEF(qemu_st_i128, ":olm", TCG_OPF_GUEST_MEM | TCG_OPF_SIDE_EFFECTS)
DEF(qemu_st_f32, ":slm", TCG_OPF_GUEST_MEM | TCG_OPF_SIDE_EFFECTS)
DEF(qemu_st_f64, ":dlm", TCG_OPF_GUEST_MEM | TCG_OPF_SIDE_EFFECTS)
DEF(qemu_st_vec, ":vlm", TCG_OPF_GUEST_MEM | TCG_OPF_VECTOR | TCG_OPF_SIDE_EFFECTS)
// Atomics, sequentially consistent: result = the old value (zero-extended, or sign- with MO_SIGN).
#define ATOMIC_FLAGS (TCG_OPF_GUEST_MEM | TCG_OPF_SIDE_EFFECTS)
DEF(atomic_cmpxchg_i32, "i:liim", ATOMIC_FLAGS) // address, expected, new
DEF(atomic_cmpxchg_i64, "l:lllm", ATOMIC_FLAGS)
DEF(atomic_cmpxchg_i128, "o:loom", ATOMIC_FLAGS)
DEF(atomic_xchg_i32, "i:lim", ATOMIC_FLAGS)
DEF(atomic_xchg_i64, "l:llm", ATOMIC_FLAGS)
DEF(atomic_fetch_add_i32, "i:lim", ATOMIC_FLAGS)
DEF(atomic_fetch_add_i64, "l:llm", ATOMIC_FLAGS)
DEF(atomic_fetch_and_i32, "i:lim", ATOMIC_FLAGS)
DEF(atomic_fetch_and_i64, "l:llm", ATOMIC_FLAGS)
DEF(atomic_fetch_or_i32, "i:lim", ATOMIC_FLAGS)
DEF(atomic_fetch_or_i64, "l:llm", ATOMIC_FLAGS)
DEF(atomic_fetch_xor_i32, "i:lim", ATOMIC_FLAGS)
DEF(atomic_fetch_xor_i64, "l:llm", ATOMIC_FLAGS)
DEF(atomic_fetch_smin_i32, "i:lim", ATOMIC_FLAGS)
DEF(atomic_fetch_smin_i64, "l:llm", ATOMIC_FLAGS)
DEF(atomic_fetch_umin_i32, "i:lim", ATOMIC_FLAGS)
DEF(atomic_fetch_umin_i64, "l:llm", ATOMIC_FLAGS)
DEF(atomic_fetch_smax_i32, "i:lim", ATOMIC_FLAGS)
DEF(atomic_fetch_smax_i64, "l:llm", ATOMIC_FLAGS)
DEF(atomic_fetch_umax_i32, "i:lim", ATOMIC_FLAGS)
DEF(atomic_fetch_umax_i64, "l:llm", ATOMIC_FLAGS)
#undef ATOMIC_FLAGS

#undef DEF
