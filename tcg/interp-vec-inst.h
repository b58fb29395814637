// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Handlers and rows of the vector ops with integer lanes, for one VBYTES and VECE.  Included by
// interp-op-vec.c.  No include guard.

#include "interp-vec-types.h"

// Slots are aligned to 4 bytes, not to the vector's size.
typedef LU VU __attribute__((vector_size(VBYTES), aligned(4)));
typedef LS VS __attribute__((vector_size(VBYTES), aligned(4)));

#define V_BODY(name, n, decl, type, expr)                                                          \
    VOP(name)                                                                                      \
    {                                                                                              \
        decl;                                                                                      \
        REG(type, 0) = (expr);                                                                     \
        NEXT(WORDS_OF_SLOTS(n));                                                                   \
    }
#define V_1(name, T, expr) V_BODY(name, 2, T a = REG(T, 1), T, expr)
#define V_1K(name, T, expr) V_BODY(name, 3, T a = REG(T, 1); unsigned k = SLOT(2), T, expr)
#define V_2(name, T, expr) V_BODY(name, 3, T a = REG(T, 1); T b = REG(T, 2), T, expr)
#define V_3(name, T, expr)                                                                         \
    V_BODY(name, 4, T a = REG(T, 1); T b = REG(T, 2); T c = REG(T, 3), T, expr)
#define X_2(name, expr) V_2(name, VU, expr)
// dup has no vector operand; a is then nothing that is read.
#define V_1S(name, T, expr)                                                                        \
    VOP(name)                                                                                      \
    {                                                                                              \
        bool dup = INDEX_op_##name == INDEX_op_dup_vec;                                            \
        T a = dup ? (T){0} : REG(T, 1);                                                            \
        uint64_t k = dup ? REG(uint64_t, 1) : REG(uint64_t, 2);                                    \
        (void)a;                                                                                   \
        REG(T, 0) = (expr);                                                                        \
        NEXT(2);                                                                                   \
    }
#ifdef TCG_STENCIL
#define V_CMP_K(name, k) V_CMP_K2(VN(name), k)
#define V_CMP_K2(fn, k) V_CMP_K3(fn, k)
#define V_CMP_K3(fn, k) V_CMP_BODY(fn##_k##k, k)
#define V_CMP(name) V_CMP_BODY(VN(name), SLOT(3)) EACH_16(V_CMP_K, name)
#else
#define V_CMP(name) V_CMP_BODY(VN(name), SLOT(3))
#endif
#define V_CMP_BODY(fn, cond) V_CMP_BODY2(fn, cond)
#define V_CMP_BODY2(fn, cond)                                                                      \
    OP(fn)                                                                                         \
    {                                                                                              \
        VU a = REG(VU, 1), b = REG(VU, 2);                                                         \
        VS sa = (VS)a, sb = (VS)b, r;                                                              \
        switch (cond) {                                                                            \
        case TCG_COND_EQ: r = (VS)(a == b); break;                                                 \
        case TCG_COND_NE: r = (VS)(a != b); break;                                                 \
        case TCG_COND_GT: r = (VS)(sa > sb); break;                                                \
        case TCG_COND_LT: r = (VS)(sa < sb); break;                                                \
        case TCG_COND_GE: r = (VS)(sa >= sb); break;                                               \
        case TCG_COND_LE: r = (VS)(sa <= sb); break;                                               \
        case TCG_COND_GTU: r = (VS)(a > b); break;                                                 \
        case TCG_COND_LTU: r = (VS)(a < b); break;                                                 \
        case TCG_COND_GEU: r = (VS)(a >= b); break;                                                \
        case TCG_COND_LEU: r = (VS)(a <= b); break;                                                \
        case TCG_COND_TSTEQ: r = (VS)((a & b) == 0); break;                                        \
        case TCG_COND_TSTNE: r = (VS)((a & b) != 0); break;                                        \
        case TCG_COND_ALWAYS: r = (VS)(a == a); break;                                             \
        default: r = (VS)(a != a);                                                                 \
        }                                                                                          \
        REG(VS, 0) = r;                                                                            \
        NEXT(2);                                                                                   \
    }
#define L_BODY(name, n, R, A, decl, ...)                                                           \
    VOP(name)                                                                                      \
    {                                                                                              \
        R r[VBYTES / sizeof(R)];                                                                   \
        A a[VBYTES / sizeof(A)];                                                                   \
        memcpy(a, ADDR(1), VBYTES);                                                                \
        decl;                                                                                      \
        __VA_ARGS__                                                                                \
        memcpy(ADDR(0), r, VBYTES);                                                                \
        NEXT(WORDS_OF_SLOTS(n));                                                                   \
    }
#define L_1(name, R, A, ...) L_BODY(name, 2, R, A, , __VA_ARGS__)
#define L_1K(name, R, A, ...) L_BODY(name, 3, R, A, unsigned k = SLOT(2) & (NL - 1), __VA_ARGS__)
#define L_2(name, R, A, ...)                                                                       \
    L_BODY(name, 3, R, A, A b[VBYTES / sizeof(A)]; memcpy(b, ADDR(2), VBYTES), __VA_ARGS__)
#define L_EACH_1(name, T, expr)                                                                    \
    L_1(                                                                                           \
        name, T, T, for (unsigned i = 0; i < NL; i++) {                                            \
            T x = a[i];                                                                            \
            r[i] = (expr);                                                                         \
        })
#define L_EACH_2(name, T, expr)                                                                    \
    L_2(                                                                                           \
        name, T, T, for (unsigned i = 0; i < NL; i++) {                                            \
            T x = a[i], y = b[i];                                                                  \
            (void)x;                                                                               \
            r[i] = (expr);                                                                         \
        })
// The compiler knows a comparison turned into a vector of bool for the mask that it is.
typedef bool VN(vbool) __attribute__((ext_vector_type(NL)));
#define L_SIGNMASK(name)                                                                           \
    VOP(name)                                                                                      \
    {                                                                                              \
        VN(vbool) m = __builtin_convertvector(REG(VS, 1) < 0, VN(vbool));                          \
        uint64_t mask = 0;                                                                         \
        memcpy(&mask, &m, (NL + 7) / 8);                                                           \
        REG(uint64_t, 0) = NL < 8 ? mask & ((1u << (NL & 7)) - 1) : mask;                          \
        NEXT(2);                                                                                   \
    }
#include "tcg-op-vec.h"

#define V_1(name, ...) VROW(name, 2)
#define V_1K(name, ...) VROW(name, 2)
#define V_1S(name, ...) VROW(name, 2)
#define V_2(name, ...) VROW(name, 2)
#define V_3(name, ...) VROW(name, 2)
#define V_CMP(name) VROW(name, 2)
#define X_2(name, ...) VROW(name, 2)
#define L_1(name, ...) VROW(name, 2)
#define L_1K(name, ...) VROW(name, 2)
#define L_2(name, ...) VROW(name, 2)
#define L_EACH_1(name, ...) VROW(name, 2)
#define L_EACH_2(name, ...) VROW(name, 2)
#define L_SIGNMASK(name) VROW(name, 2)
static const InterpRow VN(rows)[] = {
#include "tcg-op-vec.h"
};

#undef V_BODY
#undef V_CMP_BODY
#undef V_CMP_BODY2
#undef V_CMP_K
#undef V_CMP_K2
#undef V_CMP_K3
#undef L_BODY
#define VTYPES_END
#include "interp-vec-types.h"
