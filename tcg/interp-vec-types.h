// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lane and vector types for VBYTES and VECE, as macros for tcg-op-vec.h and tcg-op-vecfp.h.  Included
// before each use; `#define VTYPES_END` and include again to undefine them.  No include guard.

#ifndef VTYPES_END

#define NL (VBYTES >> VECE)
#define LBITS (8 << VECE)
#if VECE == 0
#define LU uint8_t
#define LS int8_t
#define DU uint16_t
#define DS int16_t
#elif VECE == 1
#define LU uint16_t
#define LS int16_t
#define DU uint32_t
#define DS int32_t
#define HU uint8_t
#define HS int8_t
#elif VECE == 2
#define LU uint32_t
#define LS int32_t
#define DU uint64_t
#define DS int64_t
#define HU uint16_t
#define HS int16_t
#else
#define LU uint64_t
#define LS int64_t
#define DU unsigned __int128
#define DS __int128
#define HU uint32_t
#define HS int32_t
#endif
#if VBYTES == 8
#define VNAME v64
#elif VBYTES == 16
#define VNAME v128
#else
#define VNAME v256
#endif
// <name>_v128_2: one function for each type and lane size.
#define VN(name) VN2(name, VNAME, VECE)
#define VN2(name, type, ece) VN3(name, type, ece)
#define VN3(name, type, ece) name##_##type##_##ece
#define VOP(name) VOP2(VN(name))
#define VOP2(name) OP(name)
#define VU VN(vu)
#define VS VN(vs)
#define VSUB INTERP_VSUB(TCG_TYPE_V64 + (VBYTES > 8) + (VBYTES > 16), VECE)
#define VROW(name, words) VROW2(name, VN(name), words)
#define VROW2(op, fn, words) VROW3(op, fn, words)
#define VROW3(op, fn, words) {INDEX_op_##op, VSUB, words, 0, op_##fn, #fn},

#else

#undef VTYPES_END
#undef NL
#undef LBITS
#undef LU
#undef LS
#undef DU
#undef DS
#undef HU
#undef HS
#undef VNAME
#undef VN
#undef VN2
#undef VN3
#undef VOP
#undef VOP2
#undef VU
#undef VS
#undef VSUB
#undef VROW
#undef VROW2
#undef VROW3

#endif
