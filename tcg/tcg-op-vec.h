// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the vector ops with integer lanes mean: one row an op, for one vector type and lane size.
// Re-included for each; see tcg-op-int.h.  No include guard.
//
// Before including: VBYTES, VECE; LU, LS (lane types), LBITS, NL (number of lanes); VU, VS (vector
// types of clang's kind, on which operators work lane by lane); DU, DS (lane types of twice the size,
// up to 128 bits), HU, HS (half), and the row macros:
//   V_n(name, V, expr)       vector expression of operands a, b, c of vector type V, constant k
//   V_1S(name, V, expr)      k is an i64 operand's value
//   L_n(name, R, A, stmt)    lanes: fills r[] (type R) from a[], b[] (type A)
//   L_EACH_n(name, T, expr)  lanes: r[i] = expr of x = a[i], y = b[i]
//   X_2(name, builtin)       where the host has just this instruction; else the row after `#else`
// Ops that do not depend on the lane size stand under VECE == 0.

#if VBYTES == 16 && defined(__SSE4_1__)
#define X86_V128 1
#else
#define X86_V128 0
#endif

// clang-format off
#if VECE == 0
V_2(and_vec, VU, a & b)
V_2(or_vec, VU, a | b)
V_2(xor_vec, VU, a ^ b)
V_2(andc_vec, VU, a & ~b)
V_2(orc_vec, VU, a | ~b)
V_1(not_vec, VU, ~a)
V_3(bitsel_vec, VU, (b & a) | (c & ~a))
#if X86_V128
X_2(sadu8_vec, (VU)__builtin_ia32_psadbw128((VS)a, (VS)b))
// A sum above 127 gives 0: so does any index from 16 on, with 0x70 added, saturating.
X_2(tbl_vec, (VU)__builtin_ia32_pshufb128((VS)a, (VS)__builtin_elementwise_add_sat(b, (VU)(b ^ b) + 0x70)))
#else
L_2(sadu8_vec, uint64_t, LU,
    for (unsigned i = 0; i < VBYTES / 8; i++) {
        r[i] = 0;
        for (unsigned j = 8 * i; j < 8 * i + 8; j++) {
            r[i] += (uint64_t)(a[j] > b[j] ? a[j] - b[j] : b[j] - a[j]);
        }
    })
L_EACH_2(tbl_vec, LU, y < VBYTES ? a[y] : 0)
#endif
L_2(tbl16_vec, LU, LU, for (unsigned i = 0; i < VBYTES; i++)
    r[i] = b[i] < (VBYTES < 16 ? VBYTES : 16) ? a[(i & 16) + (b[i] & 15)] : 0;)
#endif

V_1S(dup_vec, VU, (VU){0} + (LU)k)
L_1K(dupl_vec, LU, LU, for (unsigned i = 0; i < NL; i++) r[i] = a[k];)

V_2(add_vec, VU, a + b)
V_2(sub_vec, VU, a - b)
V_2(mul_vec, VU, a * b)
L_EACH_2(mulhs_vec, LS, (LS)(((DS)x * y) >> LBITS))
L_EACH_2(mulhu_vec, LU, (LU)(((DU)x * y) >> LBITS))
#if X86_V128 && VECE == 1
X_2(mulhrs_vec, (VU)__builtin_ia32_pmulhrsw128((VS)a, (VS)b))
#else
L_EACH_2(mulhrs_vec, LS, (LS)((((DS)x * y >> (LBITS - 2)) + 1) >> 1))
#endif
V_1(neg_vec, VU, -a)
V_1(abs_vec, VS, __builtin_elementwise_abs(a))
V_2(ssadd_vec, VS, __builtin_elementwise_add_sat(a, b))
V_2(usadd_vec, VU, __builtin_elementwise_add_sat(a, b))
V_2(sssub_vec, VS, __builtin_elementwise_sub_sat(a, b))
V_2(ussub_vec, VU, __builtin_elementwise_sub_sat(a, b))
V_2(smin_vec, VS, __builtin_elementwise_min(a, b))
V_2(umin_vec, VU, __builtin_elementwise_min(a, b))
V_2(smax_vec, VS, __builtin_elementwise_max(a, b))
V_2(umax_vec, VU, __builtin_elementwise_max(a, b))
V_2(avgu_vec, VU, (a | b) - ((a ^ b) >> 1))
V_1K(shli_vec, VU, a << (LU)(k & (LBITS - 1)))
V_1K(shri_vec, VU, a >> (LU)(k & (LBITS - 1)))
V_1K(sari_vec, VS, a >> (LS)(k & (LBITS - 1)))
V_1S(shls_vec, VU, k < LBITS ? a << (LU)k : (VU){0})
V_1S(shrs_vec, VU, k < LBITS ? a >> (LU)k : (VU){0})
V_1S(sars_vec, VS, a >> (LS)(k < LBITS ? k : LBITS - 1))
// By the bits of the count: x86 compilers without AVX2 make powers of two in the FP unit, whose flags
// are the guest's.
V_2(shlv_vec, VU, ({
        VU r_ = a;
        for (unsigned i_ = 0; 1u << i_ < LBITS; i_++) {
            VU m_ = -(b >> (LU)i_ & 1);
            r_ = (r_ << (LU)(1u << i_) & m_) | (r_ & ~m_);
        }
        r_ & (VU)(b < (LU)LBITS);
    }))
L_EACH_2(shrv_vec, LU, y < LBITS ? (LU)(x >> y) : 0)
L_EACH_2(sarv_vec, LS, (LS)(x >> ((LU)y < LBITS ? (LU)y : LBITS - 1)))
V_CMP(cmp_vec)
L_EACH_1(ctpop_vec, LU, (LU)__builtin_popcountg(x))
L_EACH_1(clz_vec, LU, (LU)(x ? __builtin_clzg(x) : LBITS))
#if VECE == 1
L_EACH_1(bswap_vec, LU, __builtin_bswap16(x))
#elif VECE == 2
L_EACH_1(bswap_vec, LU, __builtin_bswap32(x))
#elif VECE == 3
L_EACH_1(bswap_vec, LU, __builtin_bswap64(x))
#endif

L_EACH_2(perm_vec, LU, a[y & (NL - 1)])

L_SIGNMASK(signmask_vec)

#if VECE < 3
L_1(widensl_vec, DS, LS, for (unsigned i = 0; i < NL / 2; i++) r[i] = a[i];)
L_1(widensh_vec, DS, LS, for (unsigned i = 0; i < NL / 2; i++) r[i] = a[i + NL / 2];)
L_1(widenul_vec, DU, LU, for (unsigned i = 0; i < NL / 2; i++) r[i] = a[i];)
L_1(widenuh_vec, DU, LU, for (unsigned i = 0; i < NL / 2; i++) r[i] = a[i + NL / 2];)
#if X86_V128 && VECE == 1
X_2(pmadds_vec, (VU)__builtin_ia32_pmaddwd128((VS)a, (VS)b))
#else
L_2(pmadds_vec, DU, LS, for (unsigned i = 0; i < NL / 2; i++)
    r[i] = (DU)((DU)((DS)a[2 * i] * b[2 * i]) + (DU)((DS)a[2 * i + 1] * b[2 * i + 1]));)
#endif
#if X86_V128 && VECE == 0
X_2(pmaddus_vec, (VU)__builtin_ia32_pmaddubsw128((VS)a, (VS)b))
#else
// a unsigned, b signed; the sum needs two bits more than the products' halves.
L_2(pmaddus_vec, DS, LS, for (unsigned i = 0; i < NL / 2; i++) {
        __int128 sum = (__int128)((LU)a[2 * i]) * b[2 * i] +
                       (__int128)((LU)a[2 * i + 1]) * b[2 * i + 1];
        const __int128 top = ((__int128)1 << (2 * LBITS - 1)) - 1;
        r[i] = (DS)(sum > top ? top : sum < -top - 1 ? -top - 1 : sum);
    })
#endif
#endif

#if VECE > 0
L_2(narrow_vec, HU, LU, for (unsigned i = 0; i < NL; i++) {
        r[i] = (HU)a[i];
        r[i + NL] = (HU)b[i];
    })
#if X86_V128 && VECE == 1
X_2(narrowss_vec, (VU)__builtin_ia32_packsswb128((VS)a, (VS)b))
X_2(narrowsu_vec, (VU)__builtin_ia32_packuswb128((VS)a, (VS)b))
#elif X86_V128 && VECE == 2
X_2(narrowss_vec, (VU)__builtin_ia32_packssdw128((VS)a, (VS)b))
X_2(narrowsu_vec, (VU)__builtin_ia32_packusdw128((VS)a, (VS)b))
#else
#define HMAX ((LS)(((LU)1 << (LBITS / 2 - 1)) - 1))
#define CLAMP_SS(v) (HS)((v) > HMAX ? HMAX : (v) < -HMAX - 1 ? -HMAX - 1 : (v))
L_2(narrowss_vec, HS, LS, for (unsigned i = 0; i < NL; i++) {
        r[i] = CLAMP_SS(a[i]);
        r[i + NL] = CLAMP_SS(b[i]);
    })
#define HUMAX ((LS)(((LU)1 << (LBITS / 2)) - 1))
#define CLAMP_SU(v) (HU)((v) > HUMAX ? HUMAX : (v) < 0 ? 0 : (v))
L_2(narrowsu_vec, HU, LS, for (unsigned i = 0; i < NL; i++) {
        r[i] = CLAMP_SU(a[i]);
        r[i + NL] = CLAMP_SU(b[i]);
    })
#undef HMAX
#undef CLAMP_SS
#undef HUMAX
#undef CLAMP_SU
#endif
L_2(narrowuu_vec, HU, LU, for (unsigned i = 0; i < NL; i++) {
        r[i] = (HU)(a[i] > (HU)-1 ? (HU)-1 : a[i]);
        r[i + NL] = (HU)(b[i] > (HU)-1 ? (HU)-1 : b[i]);
    })
#endif
// clang-format on

#undef X86_V128
#undef V_1
#undef V_2
#undef V_3
#undef V_1K
#undef V_1S
#undef V_CMP
#undef L_1
#undef L_1K
#undef L_2
#undef L_EACH_1
#undef L_EACH_2
#undef L_SIGNMASK
#undef X_2
