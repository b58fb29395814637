// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SHA-1, SHA-256 (FIPS 180-4) and SM3 (GB/T 32905-2016): the steps that are more than vector
// arithmetic.  As in crypto-aes.c, `_hw` is the host's instruction.

#include "cpu.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define HELPER_TABLE "helpers/aarch64/helper-a64.h"
#define CPUArchState CPUARMState
#include "helpers/helper-proto.h"

static uint32_t rol(uint32_t x, unsigned n) { return x << n | x >> (32 - n); }
static uint32_t ror(uint32_t x, unsigned n) { return x >> n | x << (32 - n); }
static uint32_t choose(uint32_t x, uint32_t y, uint32_t z) { return (x & y) | (~x & z); }
static uint32_t majority(uint32_t x, uint32_t y, uint32_t z) { return (x & y) | (z & (x | y)); }

// --- SHA-1 ----------------------------------------------------------------------------------------------

enum { CHOOSE, PARITY, MAJORITY };

static V128 sha1_rounds(const V128 *abcd, uint32_t e, const V128 *w, int kind)
{
    uint32_t a = abcd->l[0], b = abcd->l[1], c = abcd->l[2], d = abcd->l[3];
    for (unsigned i = 0; i < 4; i++) {
        uint32_t f = kind == CHOOSE     ? choose(b, c, d)
                     : kind == MAJORITY ? majority(b, c, d)
                                        : b ^ c ^ d;
        uint32_t t = e + rol(a, 5) + f + w->l[i];
        e = d;
        d = c;
        c = rol(b, 30);
        b = a;
        a = t;
    }
    return (V128){.l = {a, b, c, d}};
}

void HELPER(a64_sha1c)(V128 *r, const V128 *d, const V128 *n, const V128 *m)
{
    *r = sha1_rounds(d, n->l[0], m, CHOOSE);
}

void HELPER(a64_sha1p)(V128 *r, const V128 *d, const V128 *n, const V128 *m)
{
    *r = sha1_rounds(d, n->l[0], m, PARITY);
}

void HELPER(a64_sha1m)(V128 *r, const V128 *d, const V128 *n, const V128 *m)
{
    *r = sha1_rounds(d, n->l[0], m, MAJORITY);
}

// --- SHA-256 --------------------------------------------------------------------------------------------

static uint32_t sum0(uint32_t x) { return ror(x, 2) ^ ror(x, 13) ^ ror(x, 22); }
static uint32_t sum1(uint32_t x) { return ror(x, 6) ^ ror(x, 11) ^ ror(x, 25); }
static uint32_t sigma0(uint32_t x) { return ror(x, 7) ^ ror(x, 18) ^ x >> 3; }
static uint32_t sigma1(uint32_t x) { return ror(x, 17) ^ ror(x, 19) ^ x >> 10; }

// Four rounds on x = ABCD and y = EFGH.
static void sha256_rounds(V128 *x, V128 *y, const V128 *w)
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t t = y->l[3] + sum1(y->l[0]) + choose(y->l[0], y->l[1], y->l[2]) + w->l[i];
        uint32_t a = t + sum0(x->l[0]) + majority(x->l[0], x->l[1], x->l[2]);
        V128 abcd = {.l = {a, x->l[0], x->l[1], x->l[2]}};
        V128 efgh = {.l = {t + x->l[3], y->l[0], y->l[1], y->l[2]}};
        *x = abcd;
        *y = efgh;
    }
}

void HELPER(a64_sha256h)(V128 *r, const V128 *abcd, const V128 *efgh, const V128 *w)
{
    V128 x = *abcd, y = *efgh;
    sha256_rounds(&x, &y, w);
    *r = x;
}

void HELPER(a64_sha256h2)(V128 *r, const V128 *efgh, const V128 *abcd, const V128 *w)
{
    V128 x = *abcd, y = *efgh;
    sha256_rounds(&x, &y, w);
    *r = y;
}

void HELPER(a64_sha256su0)(V128 *r, const V128 *d, const V128 *n)
{
    V128 o;
    for (unsigned i = 0; i < 4; i++) {
        o.l[i] = d->l[i] + sigma0(i < 3 ? d->l[i + 1] : n->l[0]);
    }
    *r = o;
}

// x: the sum of the other two words.
void HELPER(a64_sha256su1)(V128 *r, const V128 *x, const V128 *m)
{
    V128 o;
    o.l[0] = x->l[0] + sigma1(m->l[2]);
    o.l[1] = x->l[1] + sigma1(m->l[3]);
    o.l[2] = x->l[2] + sigma1(o.l[0]);
    o.l[3] = x->l[3] + sigma1(o.l[1]);
    *r = o;
}

#ifdef __x86_64__
#define HW __attribute__((target("sha,sse4.1")))

// The host's instruction does two rounds on ABEF and CDGH, the first of them in the highest lane; its
// result is the new ABEF, and the old ABEF the new CDGH.
HW static void host_rounds(const V128 *abcd, const V128 *efgh, const V128 *w, __m128i *abef,
                           __m128i *cdgh)
{
    __m128i x = _mm_shuffle_epi32(*(const __m128i *)abcd, 0x1b); // A in the highest lane
    __m128i y = _mm_shuffle_epi32(*(const __m128i *)efgh, 0x1b);
    __m128i k = *(const __m128i *)w;
    *abef = _mm_unpackhi_epi64(y, x);
    *cdgh = _mm_unpacklo_epi64(y, x);
    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, k);
    // cdgh now holds ABEF after two rounds, which is CDGH after four.
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_unpackhi_epi64(k, k));
}

HW void HELPER(a64_sha256h_hw)(V128 *r, const V128 *abcd, const V128 *efgh, const V128 *w)
{
    __m128i abef, cdgh;
    host_rounds(abcd, efgh, w, &abef, &cdgh);
    *(__m128i *)r = _mm_shuffle_epi32(_mm_unpackhi_epi64(cdgh, abef), 0x1b);
}

HW void HELPER(a64_sha256h2_hw)(V128 *r, const V128 *efgh, const V128 *abcd, const V128 *w)
{
    __m128i abef, cdgh;
    host_rounds(abcd, efgh, w, &abef, &cdgh);
    *(__m128i *)r = _mm_shuffle_epi32(_mm_unpacklo_epi64(cdgh, abef), 0x1b);
}

HW void HELPER(a64_sha256su0_hw)(V128 *r, const V128 *d, const V128 *n)
{
    *(__m128i *)r = _mm_sha256msg1_epu32(*(const __m128i *)d, *(const __m128i *)n);
}

HW void HELPER(a64_sha256su1_hw)(V128 *r, const V128 *x, const V128 *m)
{
    *(__m128i *)r = _mm_sha256msg2_epu32(*(const __m128i *)x, *(const __m128i *)m);
}

// The host adds the round constant itself, and Arm programs have added it: take it away before.  The
// first word is in the highest lane, with E.
#define SHA1_HW(name, which, constant)                                                             \
    HW void HELPER(name)(V128 * r, const V128 *d, const V128 *n, const V128 *m)                    \
    {                                                                                              \
        __m128i w = _mm_sub_epi32(*(const __m128i *)m, _mm_set1_epi32((int)(constant)));           \
        w = _mm_add_epi32(w, _mm_set_epi32(0, 0, 0, (int)n->l[0]));                                \
        __m128i x = _mm_shuffle_epi32(*(const __m128i *)d, 0x1b);                                  \
        x = _mm_sha1rnds4_epu32(x, _mm_shuffle_epi32(w, 0x1b), which);                             \
        *(__m128i *)r = _mm_shuffle_epi32(x, 0x1b);                                                \
    }
#else
void HELPER(a64_sha256h_hw)(V128 *r, const V128 *d, const V128 *n, const V128 *m)
{
    HELPER(a64_sha256h)(r, d, n, m);
}
void HELPER(a64_sha256h2_hw)(V128 *r, const V128 *d, const V128 *n, const V128 *m)
{
    HELPER(a64_sha256h2)(r, d, n, m);
}
void HELPER(a64_sha256su0_hw)(V128 *r, const V128 *d, const V128 *n)
{
    HELPER(a64_sha256su0)(r, d, n);
}
void HELPER(a64_sha256su1_hw)(V128 *r, const V128 *x, const V128 *m)
{
    HELPER(a64_sha256su1)(r, x, m);
}
#define SHA1_HW(name, which, constant)                                                             \
    void HELPER(name)(V128 * r, const V128 *d, const V128 *n, const V128 *m)                       \
    {                                                                                              \
        *r = sha1_rounds(d, n->l[0], m, (which) == 0 ? CHOOSE : (which) == 1 ? PARITY : MAJORITY); \
    }
#endif
SHA1_HW(a64_sha1c_hw, 0, 0x5a827999)
SHA1_HW(a64_sha1p_hw, 1, 0x6ed9eba1)
SHA1_HW(a64_sha1m_hw, 2, 0x8f1bbcdc)

// --- SM3 ------------------------------------------------------------------------------------------------

// The four steps differ in the Boolean function (b: of rounds 16 and up) and in which half of the round
// they are; w is the word that element imm of Vm gives.
void HELPER(a64_sm3tt1)(V128 *r, const V128 *d, const V128 *n, uint32_t w, uint32_t b)
{
    uint32_t f = b ? majority(d->l[3], d->l[2], d->l[1]) : d->l[1] ^ d->l[2] ^ d->l[3];
    uint32_t t = f + d->l[0] + (n->l[3] ^ rol(d->l[3], 12)) + w;
    *r = (V128){.l = {d->l[1], rol(d->l[2], 9), d->l[3], t}};
}

void HELPER(a64_sm3tt2)(V128 *r, const V128 *d, const V128 *n, uint32_t w, uint32_t b)
{
    uint32_t f = b ? choose(d->l[3], d->l[2], d->l[1]) : d->l[1] ^ d->l[2] ^ d->l[3];
    uint32_t t = f + d->l[0] + n->l[3] + w;
    *r = (V128){.l = {d->l[1], rol(d->l[2], 19), d->l[3], t ^ rol(t, 9) ^ rol(t, 17)}};
}

void HELPER(a64_sm3partw1)(V128 *r, const V128 *d, const V128 *n, const V128 *m)
{
    V128 o;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t x = d->l[i] ^ n->l[i] ^ rol(i < 3 ? m->l[i + 1] : o.l[0], 15);
        o.l[i] = x ^ rol(x, 15) ^ rol(x, 23);
    }
    *r = o;
}

void HELPER(a64_sm3partw2)(V128 *r, const V128 *d, const V128 *n, const V128 *m)
{
    V128 t, o;
    for (unsigned i = 0; i < 4; i++) {
        t.l[i] = n->l[i] ^ rol(m->l[i], 7);
        o.l[i] = d->l[i] ^ t.l[i];
    }
    uint32_t x = rol(t.l[0], 15);
    o.l[3] ^= x ^ rol(x, 15) ^ rol(x, 23);
    *r = o;
}
