// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The FP helpers of A64 blocks: what the host's FP unit does not do as Arm does, from fp-soft.h, lane by
// lane.  Flags go to env->fpsr; what the fast paths raised before is in the host's FP unit and is a subset.

#include "cpu.h"
#include "fp-soft.h"

#define HELPER_TABLE "helpers/aarch64/helper-a64.h"
#define CPUArchState CPUARMState
#include "helpers/helper-proto.h"

static uint64_t lane(const V128 *v, unsigned sz, unsigned i)
{
    return sz == 1 ? v->w[i] : sz == 2 ? v->l[i] : v->q[i];
}

static void set_lane(V128 *v, unsigned sz, unsigned i, uint64_t x)
{
    if (sz == 1) {
        v->w[i] = (uint16_t)x;
    } else if (sz == 2) {
        v->l[i] = (uint32_t)x;
    } else {
        v->q[i] = x;
    }
}

static A64Fp begin(const CPUARMState *env) { return (A64Fp){.fpcr = env->fpcr}; }
static void end(CPUARMState *env, const A64Fp *fp) { env->fpsr |= fp->exc; }

// --- lane by lane; lanes beyond the descriptor's number are cleared ----------------------------------

void HELPER(a64_fp_v1)(V128 *r, CPUARMState *env, const V128 *a, uint32_t desc)
{
    A64Fp fp = begin(env);
    V128 t = {0};
    for (unsigned i = 0; i < A64_FPD_LANES(desc); i++) {
        set_lane(&t, A64_FPD_SZ(desc), i, a64_fp_1(&fp, desc, lane(a, A64_FPD_SZ(desc), i)));
    }
    end(env, &fp);
    *r = t;
}

void HELPER(a64_fp_v2)(V128 *r, CPUARMState *env, const V128 *a, const V128 *b, uint32_t desc)
{
    const unsigned sz = A64_FPD_SZ(desc);
    A64Fp fp = begin(env);
    V128 t = {0};
    for (unsigned i = 0; i < A64_FPD_LANES(desc); i++) {
        set_lane(&t, sz, i, a64_fp_2(&fp, desc, lane(a, sz, i), lane(b, sz, i)));
    }
    end(env, &fp);
    *r = t;
}

void HELPER(a64_fp_v3)(V128 *r, CPUARMState *env, const V128 *addend, const V128 *a, const V128 *b,
                       uint32_t desc)
{
    const unsigned sz = A64_FPD_SZ(desc);
    A64Fp fp = begin(env);
    V128 t = {0};
    for (unsigned i = 0; i < A64_FPD_LANES(desc); i++) {
        set_lane(&t, sz, i,
                 a64_fp_3(&fp, desc, lane(addend, sz, i), lane(a, sz, i), lane(b, sz, i)));
    }
    end(env, &fp);
    *r = t;
}

// What FPUnpack does to operands under FZ.
void HELPER(a64_fp_flush)(V128 *r, CPUARMState *env, const V128 *a, uint32_t desc)
{
    const unsigned sz = A64_FPD_SZ(desc);
    A64Fp fp = begin(env);
    V128 t = {0};
    for (unsigned i = 0; i < A64_FPD_LANES(desc); i++) {
        set_lane(&t, sz, i, a64_fp_flush(&fp, sz, lane(a, sz, i)));
    }
    end(env, &fp);
    *r = t;
}

// FMLAL, FMLSL: half factors, single addend.
void HELPER(a64_fp_mlal)(V128 *r, CPUARMState *env, const V128 *addend, const V128 *a,
                         const V128 *b, uint32_t desc)
{
    const unsigned n = A64_FPD_LANES(desc), from = A64_FPD_HIGH(desc) ? n : 0;
    A64Fp fp = begin(env);
    V128 t = {0};
    for (unsigned i = 0; i < n; i++) {
        uint32_t x = a64_fp_widen_half(&fp, a->w[from + i]);
        uint32_t y = a64_fp_widen_half(&fp, b->w[from + i]);
        t.l[i] = (uint32_t)a64_fp_3(&fp, desc, addend->l[i], x, y);
    }
    end(env, &fp);
    *r = t;
}

// FMAXV and its kin: halves reduced, then joined.
static uint64_t reduce(A64Fp *fp, const V128 *a, unsigned from, unsigned n, uint32_t desc)
{
    return n == 1 ? lane(a, A64_FPD_SZ(desc), from)
                  : a64_fp_2(fp, desc, reduce(fp, a, from, n / 2, desc),
                             reduce(fp, a, from + n / 2, n / 2, desc));
}

void HELPER(a64_fp_reduce)(V128 *r, CPUARMState *env, const V128 *a, uint32_t desc)
{
    A64Fp fp = begin(env);
    r->q[0] = reduce(&fp, a, 0, A64_FPD_LANES(desc), desc);
    r->q[1] = 0;
    end(env, &fp);
}

// --- between sizes ---------------------------------------------------------------------------------

// FCVTL: the low or high lanes of a; the descriptor's lanes are the wide ones.
void HELPER(a64_fp_cvtl)(V128 *r, CPUARMState *env, const V128 *a, uint32_t desc)
{
    const unsigned n = A64_FPD_LANES(desc), from = A64_FPD_HIGH(desc) ? n : 0;
    A64Fp fp = begin(env);
    V128 t = {0};
    for (unsigned i = 0; i < n; i++) {
        set_lane(&t, A64_FPD_DSZ(desc), i,
                 a64_fp_1(&fp, desc, lane(a, A64_FPD_SZ(desc), from + i)));
    }
    end(env, &fp);
    *r = t;
}

// FCVTN, FCVTXN: into the low lanes, the rest 0; or into the high lanes, over d's low ones.
void HELPER(a64_fp_cvtn)(V128 *r, CPUARMState *env, const V128 *d, const V128 *a, uint32_t desc)
{
    const unsigned n = A64_FPD_LANES(desc), to = A64_FPD_HIGH(desc) ? n : 0;
    A64Fp fp = begin(env);
    V128 t = {.q = {A64_FPD_HIGH(desc) ? d->q[0] : 0, 0}};
    for (unsigned i = 0; i < n; i++) {
        set_lane(&t, A64_FPD_DSZ(desc), to + i, a64_fp_1(&fp, desc, lane(a, A64_FPD_SZ(desc), i)));
    }
    end(env, &fp);
    *r = t;
}

// --- scalars and general registers -----------------------------------------------------------------

uint64_t HELPER(a64_fp_cvt)(CPUARMState *env, uint64_t a, uint32_t desc)
{
    A64Fp fp = begin(env);
    uint64_t r = a64_fp_1(&fp, desc, a);
    end(env, &fp);
    return r;
}

uint64_t HELPER(a64_fp_to_gpr)(CPUARMState *env, uint64_t a, uint32_t desc)
{
    A64Fp fp = begin(env);
    uint64_t r = a64_fp_to_fixed(&fp, A64_FPD_SZ(desc), a, 8u << A64_FPD_ISZ(desc),
                                 A64_FPD_FBITS(desc), A64_FPD_UNSIGNED(desc), A64_FPD_MODE(desc));
    end(env, &fp);
    return r;
}

// a is extended to 64 bits already.
uint64_t HELPER(a64_fp_from_gpr)(CPUARMState *env, uint64_t a, uint32_t desc)
{
    A64Fp fp = begin(env);
    uint64_t r = a64_fp_from_fixed(&fp, A64_FPD_SZ(desc), a, A64_FPD_FBITS(desc),
                                   A64_FPD_UNSIGNED(desc));
    end(env, &fp);
    return r;
}

uint64_t HELPER(a64_fp_jcvt)(CPUARMState *env, uint64_t a)
{
    A64Fp fp = begin(env);
    uint64_t r = a64_fp_to_int_js(&fp, a);
    end(env, &fp);
    return r;
}

// N, Z, C, V as bits 3 .. 0; `all_nans`: FCMPE.
uint32_t HELPER(a64_fp_compare)(CPUARMState *env, uint64_t a, uint64_t b, uint32_t sz,
                                uint32_t all_nans)
{
    static const uint8_t nzcv[] = {
        [A64_LESS] = 8, [A64_EQUAL] = 6, [A64_GREATER] = 2, [A64_UNORDERED] = 3};
    A64Fp fp = begin(env);
    A64Relation r = a64_fp_compare(&fp, sz, a, b, all_nans);
    end(env, &fp);
    return nzcv[r];
}

// URECPE, URSQRTE: single lanes, integers.
void HELPER(a64_urecpe)(V128 *r, const V128 *a)
{
    for (unsigned i = 0; i < 4; i++) {
        r->l[i] = a64_unsigned_recip_estimate(a->l[i]);
    }
}

void HELPER(a64_ursqrte)(V128 *r, const V128 *a)
{
    for (unsigned i = 0; i < 4; i++) {
        r->l[i] = a64_unsigned_rsqrt_estimate(a->l[i]);
    }
}
