// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the integer ops mean: one row an op, in C.  Every engine that is made from C (the interpreter,
// copy-and-patch stencils) is made from these rows.  No include guard.
//
// Before including, define for the width:
//   W        32 or 64
//   U, S     the unsigned and the signed type of that width; D, SD those of twice the width
//   and the row macros, whose expressions see the operands as a, b, c, d (type U), constants as k, l:
//
//   INT_1(name, expr)          result = expr, operand a
//   INT_2(name, expr)          operands a, b; the second may be an immediate
//   INT_1K, INT_1KL, INT_2K, INT_2KL   with one or two constants
//   INT_22(name, stmt)         results r, s set by stmt; operands a, b;  INT_23, INT_24: more operands
//   INT_COND(cond, expr)       a condition: setcond, negsetcond, movcond and brcond are made of it
//   INT_LD(name, T), INT_ST(name, T)   host memory accesses through the type T
//
// Arithmetic is on unsigned types, where wrapping is defined.  Shift counts are masked: free on the
// hosts we know, and "any value" (tcg-opc.h) stays defined in C.

// clang-format off
INT_1(not, ~a)
INT_1(neg, (U)(0 - a))
INT_1(ext8s, (U)(S)(int8_t)a)
INT_1(ext8u, (U)(uint8_t)a)
INT_1(ext16s, (U)(S)(int16_t)a)
INT_1(ext16u, (U)(uint16_t)a)
INT_1(bswap16, (U)__builtin_bswap16((uint16_t)a))
INT_1(bswap32, (U)__builtin_bswap32((uint32_t)a))
INT_1(ctpop, (U)__builtin_popcountg(a))
#if W == 64
INT_1(ext32s, (U)(S)(int32_t)a)
INT_1(ext32u, (U)(uint32_t)a)
INT_1(bswap64, __builtin_bswap64(a))
INT_1(bitrev, __builtin_bitreverse64(a))
#else
INT_1(bitrev, __builtin_bitreverse32(a))
#endif

INT_2(add, a + b)
INT_2(sub, a - b)
INT_2(mul, a * b)
INT_2(and, a & b)
INT_2(or, a | b)
INT_2(xor, a ^ b)
INT_2(andc, a & ~b)
INT_2(orc, a | ~b)
INT_2(eqv, ~(a ^ b))
INT_2(nand, ~(a & b))
INT_2(nor, ~(a | b))
INT_2(shl, a << (b & (W - 1)))
INT_2(shr, a >> (b & (W - 1)))
INT_2(sar, (U)((S)a >> (b & (W - 1))))
INT_2(rotl, a << (b & (W - 1)) | a >> (-b & (W - 1)))
INT_2(rotr, a >> (b & (W - 1)) | a << (-b & (W - 1)))
INT_2(div, (U)((S)a / (S)b))
INT_2(divu, a / b)
INT_2(rem, (U)((S)a % (S)b))
INT_2(remu, a % b)
INT_2(clz, a ? (U)__builtin_clzg(a) : b)
INT_2(ctz, a ? (U)__builtin_ctzg(a) : b)
INT_2(muluh, (U)(((D)a * b) >> W))
INT_2(mulsh, (U)(((SD)(S)a * (S)b) >> W))

INT_1KL(extract, a << (W - k - l) >> (W - l))
INT_1KL(sextract, (U)((S)(a << (W - k - l)) >> (W - l)))
INT_2KL(deposit, (a & ~((U)-1 >> (W - l) << k)) | ((b << k) & ((U)-1 >> (W - l) << k)))
INT_2K(extract2, (U)(((D)b << W | a) >> (k & (2 * W - 1))))

INT_22(mulu2, {
    D p = (D)a * b;
    r = (U)p;
    s = (U)(p >> W);
})
INT_22(muls2, {
    SD p = (SD)(S)a * (S)b;
    r = (U)p;
    s = (U)((D)p >> W);
})
// A 128-bit division is a library call; the host's instruction does it where the quotient fits.
#if W == 64 && defined(__x86_64__)
INT_23(div2, { __asm__("idivq %4" : "=a"(r), "=d"(s) : "0"(a), "1"(b), "r"(c) : "cc"); })
INT_23(divu2, { __asm__("divq %4" : "=a"(r), "=d"(s) : "0"(a), "1"(b), "r"(c) : "cc"); })
#else
INT_23(div2, {
    SD n = (SD)((D)b << W | a);
    r = (U)(n / (S)c);
    s = (U)(n % (S)c);
})
INT_23(divu2, {
    D n = (D)b << W | a;
    r = (U)(n / c);
    s = (U)(n % c);
})
#endif
INT_24(add2, {
    r = a + c;
    s = b + d + (r < a);
})
INT_24(sub2, {
    r = a - c;
    s = b - d - (a < c);
})

INT_COND(EQ, a == b)
INT_COND(NE, a != b)
INT_COND(LT, (S)a < (S)b)
INT_COND(GE, (S)a >= (S)b)
INT_COND(LE, (S)a <= (S)b)
INT_COND(GT, (S)a > (S)b)
INT_COND(LTU, a < b)
INT_COND(GEU, a >= b)
INT_COND(LEU, a <= b)
INT_COND(GTU, a > b)
INT_COND(TSTEQ, (a & b) == 0)
INT_COND(TSTNE, (a & b) != 0)

INT_LD(ld8u, uint8_t)
INT_LD(ld8s, int8_t)
INT_LD(ld16u, uint16_t)
INT_LD(ld16s, int16_t)
#if W == 64
INT_LD(ld32u, uint32_t)
INT_LD(ld32s, int32_t)
#endif
INT_LD(ld, S)
INT_ST(st8, uint8_t)
INT_ST(st16, uint16_t)
#if W == 64
INT_ST(st32, uint32_t)
#endif
INT_ST(st, U)

// clang-format on

#undef INT_1
#undef INT_2
#undef INT_1K
#undef INT_1KL
#undef INT_2K
#undef INT_2KL
#undef INT_22
#undef INT_23
#undef INT_24
#undef INT_COND
#undef INT_LD
#undef INT_ST
