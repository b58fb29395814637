// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FP arithmetic of one width, as the FP ops define it.  Included once for F = float and once for
// double, with F, FU (unsigned integer of that size), FBITS, MANT (bits of the fraction) and SFX (f32,
// f64) defined; FX(name) then names the function, e.g. fp_add_f32.  No include guard.

#ifndef FX
#define FP_CAT2(a, b, c) a##b##_##c
#define FP_CAT(a, b, c) FP_CAT2(a, b, c)
#define FX(name) FP_CAT(fp_, name, SFX)
#endif

#define FSIGN ((FU)1 << (FBITS - 1))
#define FQUIET ((FU)1 << (MANT - 1))
#define FINF ((FSIGN - 1) & ~(((FU)1 << MANT) - 1))
#if FBITS == 32
#define X86(name) name "ss"
#else
#define X86(name) name "sd"
#endif

static inline FU FX(bits)(F a)
{
    FU u;
    memcpy(&u, &a, sizeof(u));
    return u;
}
static inline F FX(from_bits)(FU u)
{
    F a;
    memcpy(&a, &u, sizeof(a));
    return a;
}
static inline bool FX(is_nan)(F a) { return (FX(bits)(a) & ~FSIGN) > FINF; }
static inline bool FX(is_snan)(F a) { return FX(is_nan)(a) && !(FX(bits)(a) & FQUIET); }
static inline bool FX(is_negative)(F a) { return FX(bits)(a) & FSIGN; }
static inline F FX(neg)(F a) { return FX(from_bits)(FX(bits)(a) ^ FSIGN); }
static inline F FX(abs)(F a) { return FX(from_bits)(FX(bits)(a) & ~FSIGN); }

#if FP_HOST_X86
static inline F FX(add)(F a, F b) { return FP_X86_2(X86("add"), a, b); }
static inline F FX(mul)(F a, F b) { return FP_X86_2(X86("mul"), a, b); }
static inline F FX(minsel)(F a, F b) { return FP_X86_2(X86("min"), a, b); }
static inline F FX(maxsel)(F a, F b) { return FP_X86_2(X86("max"), a, b); }
#if FBITS == 32
#define COMPARE "comiss"
#else
#define COMPARE "comisd"
#endif
static inline unsigned FX(relation)(F a, F b) { return FP_RELATION("u" COMPARE, a, b); }
static inline unsigned FX(relation_signaling)(F a, F b) { return FP_RELATION(COMPARE, a, b); }
#undef COMPARE
#else
static inline F FX(add)(F a, F b) { return a + b; }
static inline F FX(mul)(F a, F b) { return a * b; }
static inline F FX(minsel)(F a, F b) { return a < b ? a : b; }
static inline F FX(maxsel)(F a, F b) { return a > b ? a : b; }
static inline unsigned FX(relation)(F a, F b)
{
    return __builtin_isless(a, b)      ? TCG_FCOND_LT
           : __builtin_isgreater(a, b) ? TCG_FCOND_GT
           : a == b                    ? TCG_FCOND_EQ
                                       : TCG_FCOND_UN;
}
static inline unsigned FX(relation_signaling)(F a, F b)
{
    return a < b ? TCG_FCOND_LT : a > b ? TCG_FCOND_GT : a == b ? TCG_FCOND_EQ : TCG_FCOND_UN;
}
#endif
static inline F FX(sub)(F a, F b) { return a - b; }
static inline F FX(div)(F a, F b) { return a / b; }
// Towards zero, without raising inexact.
static inline F FX(trunc)(F a)
{
#if FP_HOST_X86
    return FP_X86_ROUND(X86("round"), a, TCG_ROUND_ZERO | 8);
#elif FBITS == 32
    return __builtin_truncf(a);
#else
    return __builtin_trunc(a);
#endif
}
#if FBITS == 32
static inline F FX(sqrt)(F a) { return __builtin_sqrtf(a); }
#else
static inline F FX(sqrt)(F a) { return __builtin_sqrt(a); }
#endif

static inline bool FX(compare)(F a, F b, unsigned cond)
{
    return cond & (cond & TCG_FCOND_SIGNALING ? FX(relation_signaling)(a, b) : FX(relation)(a, b));
}

static inline F FX(min)(F a, F b)
{
    if (FX(is_nan)(a) || FX(is_nan)(b)) {
        return FX(add)(a, b);
    }
    unsigned r = FX(relation)(a, b);
    return r == TCG_FCOND_EQ ? (FX(is_negative)(a) ? a : b) : r == TCG_FCOND_LT ? a : b;
}
static inline F FX(max)(F a, F b)
{
    if (FX(is_nan)(a) || FX(is_nan)(b)) {
        return FX(add)(a, b);
    }
    unsigned r = FX(relation)(a, b);
    return r == TCG_FCOND_EQ ? (FX(is_negative)(a) ? b : a) : r == TCG_FCOND_GT ? a : b;
}
// One quiet NaN gives the other operand; a signalling one counts as in fmin.
static inline F FX(minnum)(F a, F b)
{
    bool na = FX(is_nan)(a), nb = FX(is_nan)(b);
    if (na != nb && !FX(is_snan)(a) && !FX(is_snan)(b)) {
        return na ? b : a;
    }
    return FX(min)(a, b);
}
static inline F FX(maxnum)(F a, F b)
{
    bool na = FX(is_nan)(a), nb = FX(is_nan)(b);
    if (na != nb && !FX(is_snan)(a) && !FX(is_snan)(b)) {
        return na ? b : a;
    }
    return FX(max)(a, b);
}

// To an integral value, without raising inexact.  Values from 2^MANT up, infinities and NaNs are left
// (a signalling NaN made quiet).
static inline F FX(round_quiet)(F a, TCGRound mode)
{
    const F big = (F)((uint64_t)1 << MANT);
    if (mode == TCG_ROUND_TIES_AWAY) {
        if (FX(is_nan)(a)) {
            return FX(add)(a, a);
        }
        F m = FX(abs)(a);
        if (m < big) {
            F t = FX(trunc)(m);
            t = m - t >= (F)0.5 ? t + 1 : t;
            m = t;
        }
        return FX(is_negative)(a) ? FX(neg)(m) : m;
    }
#if FP_HOST_X86
    return FP_X86_ROUND(X86("round"), a, (mode == TCG_ROUND_DYNAMIC ? 4 : (int)mode) | 8);
#else
    if (mode == TCG_ROUND_DYNAMIC) {
        mode = fp_rounding();
    }
    if (FX(is_nan)(a)) {
        return FX(add)(a, a);
    }
    F m = FX(abs)(a);
    if (m < big) {
        bool negative = FX(is_negative)(a);
        F t = FX(trunc)(m), rest = m - t;
        bool up = mode == TCG_ROUND_NEAREST ? rest > (F)0.5 || (rest == (F)0.5 && (int64_t)t & 1)
                  : mode == TCG_ROUND_UP    ? rest > 0 && !negative
                  : mode == TCG_ROUND_DOWN  ? rest > 0 && negative
                                            : false;
        m = up ? t + 1 : t;
    }
    return FX(is_negative)(a) ? FX(neg)(m) : m;
#endif
}

static inline F FX(round)(F a, unsigned k)
{
    TCGRound mode = (TCGRound)(k & TCG_ROUND_MODE_MASK);
#if FP_HOST_X86
    if (mode != TCG_ROUND_TIES_AWAY) {
        return FP_X86_ROUND(X86("round"), a, (int)(k & (TCG_ROUND_MODE_MASK | TCG_ROUND_NOEXC)));
    }
#endif
    F r = FX(round_quiet)(a, mode);
    if (!(k & TCG_ROUND_NOEXC) && !FX(is_nan)(a) && r != a) {
        fp_raise(FP_INEXACT);
    }
    return r;
}

// To an integer, where r is the rounded value of a and in range of I.
#define FP_IN_RANGE(a, r, I)                                                                       \
    ({                                                                                             \
        if ((r) != (a)) {                                                                          \
            fp_raise(FP_INEXACT);                                                                  \
        }                                                                                          \
        (I)(r);                                                                                    \
    })
#define FP_OUT_OF_RANGE(v)                                                                         \
    ({                                                                                             \
        fp_raise(FP_INVALID);                                                                      \
        (v);                                                                                       \
    })

#if FP_HOST_X86
#define FP_CVT_FAST(I, q)                                                                          \
    if (mode == TCG_ROUND_ZERO) {                                                                  \
        return FP_X86_1(X86("cvtt") "2si" q, I, a);                                                \
    }                                                                                              \
    if (mode == TCG_ROUND_DYNAMIC) {                                                               \
        return FP_X86_1(X86("cvt") "2si" q, I, a);                                                 \
    }
#else
#define FP_CVT_FAST(I, q)
#endif

// MIN as F is exact, and so is -MIN, the first value beyond the range.
#define FP_CVT(name, I, MIN, MAX, q)                                                               \
    static inline I FX(to_##name)(F a, TCGRound mode)                                              \
    {                                                                                              \
        FP_CVT_FAST(I, q)                                                                          \
        F r = FX(round_quiet)(a, mode);                                                            \
        if (FX(is_nan)(a) || !(r >= (F)MIN && r < -(F)MIN)) {                                      \
            return FP_OUT_OF_RANGE(MIN);                                                           \
        }                                                                                          \
        return FP_IN_RANGE(a, r, I);                                                               \
    }                                                                                              \
    static inline I FX(to_##name##_sat)(F a, TCGRound mode)                                        \
    {                                                                                              \
        if (FX(is_nan)(a)) {                                                                       \
            return FP_OUT_OF_RANGE(0);                                                             \
        }                                                                                          \
        F r = FX(round_quiet)(a, mode);                                                            \
        return r < (F)MIN     ? FP_OUT_OF_RANGE(MIN)                                               \
               : r >= -(F)MIN ? FP_OUT_OF_RANGE(MAX)                                               \
                              : FP_IN_RANGE(a, r, I);                                              \
    }
FP_CVT(i32, int32_t, INT32_MIN, INT32_MAX, "l")
FP_CVT(i64, int64_t, INT64_MIN, INT64_MAX, "q")

static inline uint32_t FX(to_u32_sat)(F a, TCGRound mode)
{
    if (FX(is_nan)(a)) {
        return FP_OUT_OF_RANGE(0);
    }
    F r = FX(round_quiet)(a, mode);
    return r < 0                   ? FP_OUT_OF_RANGE(0)
           : r >= (F)0x100000000ll ? FP_OUT_OF_RANGE(UINT32_MAX)
                                   : (uint32_t)FP_IN_RANGE(a, r, int64_t);
}
static inline uint64_t FX(to_u64_sat)(F a, TCGRound mode)
{
    const F half = (F)0x1p63;
    if (FX(is_nan)(a)) {
        return FP_OUT_OF_RANGE(0);
    }
    F r = FX(round_quiet)(a, mode);
    if (r < half) {
        return r < 0 ? FP_OUT_OF_RANGE(0) : (uint64_t)FP_IN_RANGE(a, r, int64_t);
    }
    if (r >= 2 * half) {
        return FP_OUT_OF_RANGE(UINT64_MAX);
    }
    return (uint64_t)(int64_t)(r - half) ^ (uint64_t)1 << 63; // no fraction at this size
}

static inline F FX(from_i32)(int32_t a) { return (F)a; }
static inline F FX(from_i64)(int64_t a) { return (F)a; }
static inline F FX(from_u32)(uint32_t a) { return (F)(int64_t)a; }
static inline F FX(from_u64)(uint64_t a)
{
    if ((int64_t)a >= 0) {
        return (F)(int64_t)a;
    }
    // Half of it, the lost bit kept as a sticky one: rounded once, in every mode.
    F f = (F)(int64_t)(a >> 1 | (a & 1));
    return f + f;
}

#undef FP_IN_RANGE
#undef FP_OUT_OF_RANGE
#undef FP_CVT_FAST
#undef FP_CVT
#undef FSIGN
#undef FQUIET
#undef FINF
#undef X86
