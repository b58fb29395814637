// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arm floating point in integers: arithmetic and comparison.  See fp-soft.h.
//
// An exact result is kept as 128 bits with a sticky bit at the bottom, and rounded once.  128 bits are
// enough: a product of two 53-bit numbers has 106, and when a sum's smaller operand is shifted so far that
// bits fall off its end, no more than one leading bit can cancel.

#include "fp-unpack.h"

const FpFormat a64_fp_formats[4] = {
    {5, 10, 16}, // alternative half precision
    {5, 10, 16},
    {8, 23, 32},
    {11, 52, 64},
};

// --- taking apart, putting together --------------------------------------------------------------

FpValue fp_unpack(A64Fp *fp, unsigned sz, uint64_t bits)
{
    const FpFormat *f = &a64_fp_formats[sz];
    uint64_t frac = bits & ((1ull << f->mbits) - 1);
    int exp = (int)(bits >> f->mbits & ((1u << f->ebits) - 1)), top = (1 << f->ebits) - 1;
    FpValue v = {.sign = bits >> (f->bits - 1) & 1};
    if (exp == top && sz != A64_FP_AHP) {
        v.kind = frac == 0 ? FP_INFINITY : bits & fp_quiet_bit(sz) ? FP_QNAN : FP_SNAN;
    } else if (exp == 0 && frac == 0) {
        v.kind = FP_ZERO;
    } else if (exp == 0) {
        if (fp_flushes(fp, sz)) {
            fp->exc |= sz > 1 ? A64_FP_IDC : 0;
            v.kind = FP_ZERO;
        } else {
            int up = __builtin_clzll(frac);
            v.kind = FP_NUMBER;
            v.m = frac << up;
            v.exp = fp_emin(f) + 63 - up - f->mbits;
        }
    } else {
        v.kind = FP_NUMBER;
        v.m = 1ull << 63 | frac << (63 - f->mbits);
        v.exp = exp - 1 + fp_emin(f);
    }
    return v;
}

uint64_t a64_fp_flush(A64Fp *fp, unsigned sz, uint64_t a)
{
    FpValue v = fp_unpack(fp, sz, a);
    return v.kind == FP_ZERO ? fp_zero(sz, v.sign) : a;
}

bool fp_rounds_up(A64Rounding mode, bool sign, bool odd, u128 rest, u128 half)
{
    switch (mode) {
    case A64_ROUND_TIEEVEN: return rest > half || (rest == half && odd);
    case A64_ROUND_TIEAWAY: return rest >= half;
    case A64_ROUND_POSINF: return rest && !sign;
    case A64_ROUND_NEGINF: return rest && sign;
    default: return false;
    }
}

uint64_t fp_round(A64Fp *fp, unsigned sz, bool sign, int exp, u128 m, A64Rounding mode)
{
    const FpFormat *f = &a64_fp_formats[sz];
    mode = fp_rounding_mode(fp, mode);
    while (!(m >> 127)) {
        m <<= 1;
        exp--;
    }
    const int emin = fp_emin(f);
    if (exp < emin && fp_flushes(fp, sz)) {
        fp->exc |= A64_FP_UFC;
        return fp_zero(sz, sign);
    }
    int biased = exp < emin ? 0 : exp - emin + 1;
    int drop = 127 - f->mbits + (biased ? 0 : emin - exp);
    u128 mant, rest, half;
    if (drop > 127) { // all of it is below the last place; 129 and beyond are far below
        mant = 0;
        rest = drop == 128 ? m : 1;
        half = (u128)1 << 127;
    } else {
        mant = m >> drop;
        rest = m & (((u128)1 << drop) - 1);
        half = (u128)1 << (drop - 1);
    }
    bool error = rest != 0;
    if (biased == 0 && error) { // before rounding
        fp->exc |= A64_FP_UFC;
    }
    if (fp_rounds_up(mode, sign, mant & 1, rest, half)) {
        mant++;
        if (biased == 0 && mant >> f->mbits) {
            biased = 1;
        }
        if (mant >> (f->mbits + 1)) {
            mant >>= 1;
            biased++;
        }
    } else if (mode == A64_ROUND_ODD && error) {
        mant |= 1;
    }
    uint64_t s = fp_zero(sz, sign);
    if (sz == A64_FP_AHP) {
        if (biased >= 1 << f->ebits) {
            fp->exc |= A64_FP_IOC;
            return s | 0x7fff;
        }
    } else if (biased >= (1 << f->ebits) - 1) {
        bool to_inf = mode == A64_ROUND_TIEEVEN || mode == A64_ROUND_TIEAWAY ||
                      (mode == A64_ROUND_POSINF && !sign) || (mode == A64_ROUND_NEGINF && sign);
        fp->exc |= A64_FP_OFC | A64_FP_IXC;
        return fp_infinity(sz, sign) - !to_inf;
    }
    if (error) {
        fp->exc |= A64_FP_IXC;
    }
    return s | (uint64_t)biased << f->mbits | ((uint64_t)mant & ((1ull << f->mbits) - 1));
}

// --- NaNs ----------------------------------------------------------------------------------------

uint64_t fp_invalid(A64Fp *fp, unsigned sz)
{
    fp->exc |= A64_FP_IOC;
    return fp_default_nan(sz);
}

uint64_t fp_process_nan(A64Fp *fp, unsigned sz, FpKind kind, uint64_t bits)
{
    if (kind == FP_SNAN) {
        fp->exc |= A64_FP_IOC;
    }
    return fp->fpcr & A64_FPCR_DN ? fp_default_nan(sz) : bits | fp_quiet_bit(sz);
}

// FPProcessNaNs, FPProcessNaNs3: the first signalling one, else the first.  False when there is none.
static bool process_nans(A64Fp *fp, unsigned sz, unsigned n, const FpValue *v, const uint64_t *bits,
                         uint64_t *result)
{
    for (int kind = FP_SNAN; kind >= FP_QNAN; kind--) {
        for (unsigned i = 0; i < n; i++) {
            if (v[i].kind == (FpKind)kind) {
                *result = fp_process_nan(fp, sz, v[i].kind, bits[i]);
                return true;
            }
        }
    }
    return false;
}

// --- arithmetic ----------------------------------------------------------------------------------

// A number with room for a carry: m * 2^(exp - 126), bit 125 or 126 the leading one.
typedef struct Wide {
    bool sign;
    int exp;
    u128 m;
} Wide;

static Wide widen(FpValue v) { return (Wide){v.sign, v.exp, (u128)v.m << 63}; }

// The product, exact: the factors have 53 bits, so the bit shifted out is 0.
static Wide product(FpValue a, FpValue b)
{
    return (Wide){a.sign != b.sign, a.exp + b.exp + 1, ((u128)a.m * b.m) >> 1};
}

// An exact sum of zero is -0 only when rounding down.
static uint64_t zero_sum(const A64Fp *fp, unsigned sz)
{
    return fp_zero(sz, fp_rounding_mode(fp, A64_ROUND_FPCR) == A64_ROUND_NEGINF);
}

static uint64_t add_wide(A64Fp *fp, unsigned sz, Wide a, Wide b)
{
    if (a.exp < b.exp) {
        Wide t = a;
        a = b;
        b = t;
    }
    u128 m = fp_shift_right_sticky(b.m, a.exp - b.exp);
    bool sign = a.sign;
    if (a.sign == b.sign) {
        m = a.m + m;
    } else if (a.m >= m) {
        m = a.m - m;
    } else {
        m = m - a.m;
        sign = b.sign;
    }
    return m ? fp_round(fp, sz, sign, a.exp + 1, m, A64_ROUND_FPCR) : zero_sum(fp, sz);
}

static uint64_t add(A64Fp *fp, unsigned sz, uint64_t a, uint64_t b)
{
    FpValue v[2] = {fp_unpack(fp, sz, a), fp_unpack(fp, sz, b)};
    uint64_t r;
    if (process_nans(fp, sz, 2, v, (uint64_t[]){a, b}, &r)) {
        return r;
    }
    bool inf0 = v[0].kind == FP_INFINITY, inf1 = v[1].kind == FP_INFINITY;
    if (inf0 && inf1 && v[0].sign != v[1].sign) {
        return fp_invalid(fp, sz);
    }
    if (inf0 || inf1) {
        return fp_infinity(sz, inf0 ? v[0].sign : v[1].sign);
    }
    if (v[0].kind == FP_ZERO && v[1].kind == FP_ZERO) {
        return v[0].sign == v[1].sign ? fp_zero(sz, v[0].sign) : zero_sum(fp, sz);
    }
    for (unsigned i = 0; i < 2; i++) { // x + 0 is rounded too, as the manual does: exact
        if (v[i].kind == FP_ZERO) {
            FpValue o = v[!i];
            return fp_round(fp, sz, o.sign, o.exp, (u128)o.m << 64, A64_ROUND_FPCR);
        }
    }
    return add_wide(fp, sz, widen(v[0]), widen(v[1]));
}

// x - y: the NaN of the second operand keeps its sign.
static uint64_t sub(A64Fp *fp, unsigned sz, uint64_t a, uint64_t b)
{
    A64Fp quiet = {.fpcr = fp->fpcr};
    FpValue vb = fp_unpack(&quiet, sz, b);
    return add(fp, sz, a, fp_is_nan(&vb) ? b : b ^ fp_sign_bit(sz));
}

static uint64_t mul(A64Fp *fp, unsigned sz, uint64_t a, uint64_t b, bool extended)
{
    FpValue v[2] = {fp_unpack(fp, sz, a), fp_unpack(fp, sz, b)};
    uint64_t r;
    if (process_nans(fp, sz, 2, v, (uint64_t[]){a, b}, &r)) {
        return r;
    }
    bool sign = v[0].sign != v[1].sign;
    bool inf = v[0].kind == FP_INFINITY || v[1].kind == FP_INFINITY;
    bool zero = v[0].kind == FP_ZERO || v[1].kind == FP_ZERO;
    if (inf && zero) {
        if (extended) { // FPTwo
            return fp_zero(sz, sign) | 1ull << (a64_fp_formats[sz].bits - 2);
        }
        return fp_invalid(fp, sz);
    }
    if (inf || zero) {
        return inf ? fp_infinity(sz, sign) : fp_zero(sz, sign);
    }
    Wide p = product(v[0], v[1]);
    return fp_round(fp, sz, sign, p.exp + 1, p.m, A64_ROUND_FPCR);
}

static uint64_t div(A64Fp *fp, unsigned sz, uint64_t a, uint64_t b)
{
    FpValue v[2] = {fp_unpack(fp, sz, a), fp_unpack(fp, sz, b)};
    uint64_t r;
    if (process_nans(fp, sz, 2, v, (uint64_t[]){a, b}, &r)) {
        return r;
    }
    bool sign = v[0].sign != v[1].sign;
    if (v[0].kind == v[1].kind && v[0].kind != FP_NUMBER) {
        return fp_invalid(fp, sz);
    }
    if (v[0].kind == FP_INFINITY || v[1].kind == FP_ZERO) {
        fp->exc |= v[0].kind == FP_INFINITY ? 0 : A64_FP_DZC;
        return fp_infinity(sz, sign);
    }
    if (v[0].kind == FP_ZERO || v[1].kind == FP_INFINITY) {
        return fp_zero(sz, sign);
    }
    u128 n = (u128)v[0].m << 63, q = n / v[1].m; // in [2^62, 2^64)
    q = q << 2 | (n % v[1].m != 0);
    return fp_round(fp, sz, sign, v[0].exp - v[1].exp + 62, q, A64_ROUND_FPCR);
}

static uint64_t square_root(A64Fp *fp, unsigned sz, uint64_t a)
{
    FpValue v = fp_unpack(fp, sz, a);
    if (fp_is_nan(&v)) {
        return fp_process_nan(fp, sz, v.kind, a);
    }
    if (v.kind == FP_ZERO) {
        return fp_zero(sz, v.sign);
    }
    if (v.sign) {
        return fp_invalid(fp, sz);
    }
    if (v.kind == FP_INFINITY) {
        return fp_infinity(sz, false);
    }
    // n = value * 2^k with k even, so that its root, of 64 bits, is sqrt(value) * 2^(k / 2).
    int s = 63 + (v.exp & 1), k = 63 - v.exp + s;
    u128 n = (u128)v.m << s, root = 0, rest = 0;
    for (int i = 126; i >= 0; i -= 2) {
        rest = rest << 2 | (n >> i & 3);
        u128 t = root << 2 | 1;
        root <<= 1;
        if (rest >= t) {
            rest -= t;
            root |= 1;
        }
    }
    return fp_round(fp, sz, false, 63 - k / 2, root << 64 | (rest != 0), A64_ROUND_FPCR);
}

// addend + a * b, rounded once (FPMulAdd).
static uint64_t mul_add(A64Fp *fp, unsigned sz, uint64_t addend, uint64_t a, uint64_t b)
{
    FpValue v[3] = {fp_unpack(fp, sz, addend), fp_unpack(fp, sz, a), fp_unpack(fp, sz, b)};
    bool inf = v[1].kind == FP_INFINITY || v[2].kind == FP_INFINITY;
    bool zero = v[1].kind == FP_ZERO || v[2].kind == FP_ZERO;
    bool inf_a = v[0].kind == FP_INFINITY, sign = v[1].sign != v[2].sign;
    uint64_t r;
    if (process_nans(fp, sz, 3, v, (uint64_t[]){addend, a, b}, &r)) {
        return v[0].kind == FP_QNAN && inf && zero ? fp_invalid(fp, sz) : r;
    }
    if ((inf && zero) || (inf_a && inf && v[0].sign != sign)) {
        return fp_invalid(fp, sz);
    }
    if (inf || inf_a) {
        return fp_infinity(sz, inf ? sign : v[0].sign);
    }
    if (zero && v[0].kind == FP_ZERO) {
        return sign == v[0].sign ? fp_zero(sz, sign) : zero_sum(fp, sz);
    }
    if (zero) {
        return fp_round(fp, sz, v[0].sign, v[0].exp, (u128)v[0].m << 64, A64_ROUND_FPCR);
    }
    Wide p = product(v[1], v[2]);
    if (v[0].kind == FP_ZERO) {
        return fp_round(fp, sz, sign, p.exp + 1, p.m, A64_ROUND_FPCR);
    }
    return add_wide(fp, sz, widen(v[0]), p);
}

// FPRecipStepFused (2 - a * b) and FPRSqrtStepFused ((3 - a * b) / 2).
static uint64_t step(A64Fp *fp, unsigned sz, uint64_t a, uint64_t b, bool rsqrt)
{
    a ^= fp_sign_bit(sz);
    FpValue v[2] = {fp_unpack(fp, sz, a), fp_unpack(fp, sz, b)};
    uint64_t r;
    if (process_nans(fp, sz, 2, v, (uint64_t[]){a, b}, &r)) {
        return r;
    }
    bool inf = v[0].kind == FP_INFINITY || v[1].kind == FP_INFINITY;
    bool zero = v[0].kind == FP_ZERO || v[1].kind == FP_ZERO;
    // 2, or 3 before it is halved.
    FpValue k = {.kind = FP_NUMBER, .exp = 1, .m = rsqrt ? 3ull << 62 : 1ull << 63};
    if (inf && !zero) {
        return fp_infinity(sz, v[0].sign != v[1].sign);
    }
    if (zero) {
        return fp_round(fp, sz, false, k.exp - rsqrt, (u128)k.m << 64, A64_ROUND_FPCR);
    }
    Wide w = widen(k), p = product(v[0], v[1]);
    w.exp -= rsqrt;
    p.exp -= rsqrt;
    return add_wide(fp, sz, w, p);
}

// --- comparison, minimum and maximum -------------------------------------------------------------

static A64Relation relation(const FpValue *a, const FpValue *b)
{
    if (a->kind == FP_ZERO && b->kind == FP_ZERO) {
        return A64_EQUAL;
    }
    // The order of magnitudes, then of values.
    int order;
    if (a->kind != b->kind) {
        order = a->kind < b->kind ? -1 : 1;
    } else if (a->kind == FP_INFINITY) {
        order = 0;
    } else {
        order = a->exp != b->exp ? (a->exp < b->exp ? -1 : 1)
                : a->m != b->m   ? (a->m < b->m ? -1 : 1)
                                 : 0;
    }
    if (a->sign != b->sign) {
        order = a->sign ? -1 : 1;
    } else if (a->sign) {
        order = -order;
    }
    return order < 0 ? A64_LESS : order > 0 ? A64_GREATER : A64_EQUAL;
}

A64Relation a64_fp_compare(A64Fp *fp, unsigned sz, uint64_t a, uint64_t b, bool all_nans)
{
    FpValue va = fp_unpack(fp, sz, a), vb = fp_unpack(fp, sz, b);
    if (fp_is_nan(&va) || fp_is_nan(&vb)) {
        if (all_nans || va.kind == FP_SNAN || vb.kind == FP_SNAN) {
            fp->exc |= A64_FP_IOC;
        }
        return A64_UNORDERED;
    }
    return relation(&va, &vb);
}

// FPMax, FPMin, and with `number` FPMaxNum, FPMinNum: one quiet NaN loses against a number.
static uint64_t min_max(A64Fp *fp, unsigned sz, uint64_t a, uint64_t b, bool max, bool number)
{
    if (number) {
        A64Fp look = {.fpcr = fp->fpcr};
        FpValue va = fp_unpack(&look, sz, a), vb = fp_unpack(&look, sz, b);
        uint64_t loses = fp_infinity(sz, max);
        if (va.kind == FP_QNAN && !fp_is_nan(&vb)) {
            a = loses;
        } else if (vb.kind == FP_QNAN && !fp_is_nan(&va)) {
            b = loses;
        }
    }
    FpValue v[2] = {fp_unpack(fp, sz, a), fp_unpack(fp, sz, b)};
    uint64_t r;
    if (process_nans(fp, sz, 2, v, (uint64_t[]){a, b}, &r)) {
        return r;
    }
    A64Relation rel = relation(&v[0], &v[1]);
    unsigned pick = rel == A64_EQUAL ? (max ? v[0].sign : !v[0].sign) : (rel == A64_GREATER) != max;
    // A denormal that was flushed gives zero.
    return v[pick].kind == FP_ZERO ? fp_zero(sz, v[pick].sign) : pick ? b : a;
}

static uint64_t mask(unsigned sz, bool yes)
{
    return yes ? ~0ull >> (64 - a64_fp_formats[sz].bits) : 0;
}

static uint64_t compare_mask(A64Fp *fp, A64FpOp op, unsigned sz, uint64_t a, uint64_t b)
{
    uint64_t s = fp_sign_bit(sz);
    A64Relation r;
    switch (op) {
    case A64_FP_CMEQ: return mask(sz, a64_fp_compare(fp, sz, a, b, false) == A64_EQUAL);
    case A64_FP_ACGE:
    case A64_FP_ACGT:
        a &= ~s;
        b &= ~s;
        break;
    default: break;
    }
    r = a64_fp_compare(fp, sz, a, b, true);
    bool or_equal = op == A64_FP_CMGE || op == A64_FP_ACGE;
    return mask(sz, r == A64_GREATER || (or_equal && r == A64_EQUAL));
}

// --- by operation --------------------------------------------------------------------------------

uint64_t a64_fp_2(A64Fp *fp, uint32_t desc, uint64_t a, uint64_t b)
{
    const unsigned sz = A64_FPD_SZ(desc);
    const A64FpOp op = A64_FPD_OP(desc);
    switch (op) {
    case A64_FP_ADD: return add(fp, sz, a, b);
    case A64_FP_SUB: return sub(fp, sz, a, b);
    case A64_FP_MUL: return mul(fp, sz, a, b, false);
    case A64_FP_NMUL: return mul(fp, sz, a, b, false) ^ fp_sign_bit(sz);
    case A64_FP_MULX: return mul(fp, sz, a, b, true);
    case A64_FP_DIV: return div(fp, sz, a, b);
    case A64_FP_ABD: return sub(fp, sz, a, b) & ~fp_sign_bit(sz);
    case A64_FP_MAX: return min_max(fp, sz, a, b, true, false);
    case A64_FP_MIN: return min_max(fp, sz, a, b, false, false);
    case A64_FP_MAXNM: return min_max(fp, sz, a, b, true, true);
    case A64_FP_MINNM: return min_max(fp, sz, a, b, false, true);
    case A64_FP_RECPS: return step(fp, sz, a, b, false);
    case A64_FP_RSQRTS: return step(fp, sz, a, b, true);
    case A64_FP_CMEQ:
    case A64_FP_CMGE:
    case A64_FP_CMGT:
    case A64_FP_ACGE:
    case A64_FP_ACGT: return compare_mask(fp, op, sz, a, b);
    default: __builtin_unreachable();
    }
}

uint64_t a64_fp_3(A64Fp *fp, uint32_t desc, uint64_t addend, uint64_t a, uint64_t b)
{
    const unsigned sz = A64_FPD_SZ(desc);
    const A64FpOp op = A64_FPD_OP(desc);
    if (op == A64_FP_NMADD || op == A64_FP_NMSUB) {
        addend ^= fp_sign_bit(sz);
    }
    if (op == A64_FP_MSUB || op == A64_FP_NMADD) {
        a ^= fp_sign_bit(sz);
    }
    return mul_add(fp, sz, addend, a, b);
}

static uint64_t compare_zero(A64Fp *fp, A64FpOp op, unsigned sz, uint64_t a)
{
    switch (op) {
    case A64_FP_CMEQ0: return compare_mask(fp, A64_FP_CMEQ, sz, a, 0);
    case A64_FP_CMGE0: return compare_mask(fp, A64_FP_CMGE, sz, a, 0);
    case A64_FP_CMGT0: return compare_mask(fp, A64_FP_CMGT, sz, a, 0);
    case A64_FP_CMLE0: return compare_mask(fp, A64_FP_CMGE, sz, 0, a);
    default: return compare_mask(fp, A64_FP_CMGT, sz, 0, a);
    }
}

uint64_t a64_fp_1(A64Fp *fp, uint32_t desc, uint64_t a)
{
    const unsigned sz = A64_FPD_SZ(desc), fbits = A64_FPD_FBITS(desc);
    const A64FpOp op = A64_FPD_OP(desc);
    const A64Rounding mode = A64_FPD_MODE(desc);
    const bool is_unsigned = A64_FPD_UNSIGNED(desc);
    switch (op) {
    case A64_FP_SQRT: return square_root(fp, sz, a);
    case A64_FP_CMEQ0:
    case A64_FP_CMGE0:
    case A64_FP_CMGT0:
    case A64_FP_CMLE0:
    case A64_FP_CMLT0: return compare_zero(fp, op, sz, a);
    case A64_FP_RECPE: return fp_recip_estimate(fp, sz, a);
    case A64_FP_RSQRTE: return fp_rsqrt_estimate(fp, sz, a);
    case A64_FP_RECPX: return fp_recip_exponent(fp, sz, a);
    case A64_FP_RINT: return fp_round_integral(fp, sz, a, mode, false);
    case A64_FP_RINTX: return fp_round_integral(fp, sz, a, mode, true);
    case A64_FP_RINT32: return fp_round_integral_n(fp, sz, a, mode, 32);
    case A64_FP_RINT64: return fp_round_integral_n(fp, sz, a, mode, 64);
    case A64_FP_TO_INT:
        return a64_fp_to_fixed(fp, sz, a, a64_fp_formats[sz].bits, fbits, is_unsigned, mode);
    case A64_FP_FROM_INT: {
        unsigned up = 64u - a64_fp_formats[sz].bits;
        uint64_t v = is_unsigned ? a : (uint64_t)((int64_t)(a << up) >> up);
        return a64_fp_from_fixed(fp, sz, v, fbits, is_unsigned);
    }
    case A64_FP_CVT: return a64_fp_convert(fp, sz, A64_FPD_DSZ(desc), a, mode);
    default: __builtin_unreachable();
    }
}
