// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// AES, carry-less multiplication and SHA.  Each instruction has a portable helper, which is the
// definition, and one with `_hw` after its name that uses the host's own instruction; the frontend
// picks by what the host has (crypto.c).  Off x86 the _hw ones are the portable ones again.

#include "cpu.h"
#include "helpers/common/aes.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define HELPER_TABLE "helpers/x86/helper-x86.h"
#define CPUArchState CPUX86State
#include "helpers/helper-proto.h"

// --- AES (FIPS 197) ------------------------------------------------------------------------------

static void xor_to(V128 *r, V128 a, const V128 *b)
{
    r->q[0] = a.q[0] ^ b->q[0];
    r->q[1] = a.q[1] ^ b->q[1];
}

void HELPER(x86_aesenc)(V128 *r, const V128 *a, const V128 *key)
{
    xor_to(r, aes_mix(aes_sub_shift(a, aes_sbox, 1)), key);
}

void HELPER(x86_aesenclast)(V128 *r, const V128 *a, const V128 *key)
{
    xor_to(r, aes_sub_shift(a, aes_sbox, 1), key);
}

void HELPER(x86_aesdec)(V128 *r, const V128 *a, const V128 *key)
{
    xor_to(r, aes_inv_mix(aes_sub_shift(a, aes_inv_sbox, 3)), key);
}

void HELPER(x86_aesdeclast)(V128 *r, const V128 *a, const V128 *key)
{
    xor_to(r, aes_sub_shift(a, aes_inv_sbox, 3), key);
}

void HELPER(x86_aesimc)(V128 *r, const V128 *a) { *r = aes_inv_mix(*a); }

static uint32_t ror32(uint32_t x, unsigned n) { return x >> n | x << (32 - n); }
static uint32_t rol32(uint32_t x, unsigned n) { return ror32(x, 32 - n); }

void HELPER(x86_aeskeygenassist)(V128 *r, const V128 *a, uint32_t rcon)
{
    for (unsigned i = 0; i < 4; i += 2) {
        uint32_t x = a->l[i + 1], sub = 0;
        for (unsigned k = 0; k < 32; k += 8) {
            sub |= (uint32_t)aes_sbox[x >> k & 0xff] << k;
        }
        r->l[i] = sub;
        r->l[i + 1] = ror32(sub, 8) ^ rcon;
    }
}

// --- PCLMULQDQ -----------------------------------------------------------------------------------

void HELPER(x86_pclmul)(V128 *r, uint64_t a, uint64_t b)
{
    uint64_t low = 0, high = 0;
    for (unsigned i = 0; i < 64; i++) {
        uint64_t mask = -(b >> i & 1);
        low ^= a << i & mask;
        high ^= (i ? a >> (64 - i) : 0) & mask;
    }
    r->q[0] = low;
    r->q[1] = high;
}

// --- SHA (FIPS 180-4; the lane order is the manual's) --------------------------------------------

static uint32_t sha_ch(uint32_t x, uint32_t y, uint32_t z) { return (x & y) ^ (~x & z); }
static uint32_t sha_maj(uint32_t x, uint32_t y, uint32_t z) { return (x & y) ^ (x & z) ^ (y & z); }
static uint32_t sha_parity(uint32_t x, uint32_t y, uint32_t z) { return x ^ y ^ z; }

void HELPER(x86_sha1msg1)(V128 *r, const V128 *a, const V128 *b)
{
    V128 o = {.l = {a->l[0] ^ b->l[2], a->l[1] ^ b->l[3], a->l[2] ^ a->l[0], a->l[3] ^ a->l[1]}};
    *r = o;
}

void HELPER(x86_sha1msg2)(V128 *r, const V128 *a, const V128 *b)
{
    uint32_t w16 = rol32(a->l[3] ^ b->l[2], 1);
    V128 o = {.l = {rol32(a->l[0] ^ w16, 1), rol32(a->l[1] ^ b->l[0], 1),
                    rol32(a->l[2] ^ b->l[1], 1), w16}};
    *r = o;
}

void HELPER(x86_sha1nexte)(V128 *r, const V128 *a, const V128 *b)
{
    V128 o = *b;
    o.l[3] += rol32(a->l[3], 30);
    *r = o;
}

void HELPER(x86_sha1rnds4)(V128 *r, const V128 *s, const V128 *w, uint32_t imm)
{
    static const uint32_t k[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t a = s->l[3], b = s->l[2], c = s->l[1], d = s->l[0], e = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t f = imm == 0 ? sha_ch(b, c, d) : imm == 2 ? sha_maj(b, c, d) : sha_parity(b, c, d);
        uint32_t t = rol32(a, 5) + f + e + k[imm & 3] + w->l[3 - i];
        e = d;
        d = c;
        c = rol32(b, 30);
        b = a;
        a = t;
    }
    V128 o = {.l = {d, c, b, a}};
    *r = o;
}

static uint32_t sha256_s0(uint32_t x) { return ror32(x, 7) ^ ror32(x, 18) ^ x >> 3; }
static uint32_t sha256_s1(uint32_t x) { return ror32(x, 17) ^ ror32(x, 19) ^ x >> 10; }

void HELPER(x86_sha256msg1)(V128 *r, const V128 *a, const V128 *b)
{
    V128 o;
    for (unsigned i = 0; i < 4; i++) {
        o.l[i] = a->l[i] + sha256_s0(i < 3 ? a->l[i + 1] : b->l[0]);
    }
    *r = o;
}

void HELPER(x86_sha256msg2)(V128 *r, const V128 *a, const V128 *b)
{
    V128 o;
    o.l[0] = a->l[0] + sha256_s1(b->l[2]);
    o.l[1] = a->l[1] + sha256_s1(b->l[3]);
    o.l[2] = a->l[2] + sha256_s1(o.l[0]);
    o.l[3] = a->l[3] + sha256_s1(o.l[1]);
    *r = o;
}

// Two rounds on C D G H (a) and A B E F (b) with the words and constants in wk's low half.
void HELPER(x86_sha256rnds2)(V128 *r, const V128 *cdgh, const V128 *abef, const V128 *wk)
{
    uint32_t a = abef->l[3], b = abef->l[2], e = abef->l[1], f = abef->l[0];
    uint32_t c = cdgh->l[3], d = cdgh->l[2], g = cdgh->l[1], h = cdgh->l[0];
    for (unsigned i = 0; i < 2; i++) {
        uint32_t t1 = h + (ror32(e, 6) ^ ror32(e, 11) ^ ror32(e, 25)) + sha_ch(e, f, g) + wk->l[i];
        uint32_t t2 = (ror32(a, 2) ^ ror32(a, 13) ^ ror32(a, 22)) + sha_maj(a, b, c);
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    V128 o = {.l = {f, e, b, a}};
    *r = o;
}

// --- the host's instructions ---------------------------------------------------------------------

#ifdef __x86_64__
#define LOAD(p) _mm_loadu_si128((const __m128i *)(p))
#define HW1(name, isa, insn)                                                                       \
    __attribute__((target(isa))) void HELPER(name##_hw)(V128 * r, const V128 *a)                   \
    {                                                                                              \
        _mm_storeu_si128((__m128i *)r, insn(LOAD(a)));                                             \
    }
#define HW2(name, isa, insn)                                                                       \
    __attribute__((target(isa))) void HELPER(name##_hw)(V128 * r, const V128 *a, const V128 *b)    \
    {                                                                                              \
        _mm_storeu_si128((__m128i *)r, insn(LOAD(a), LOAD(b)));                                    \
    }
#else
#define HW1(name, isa, insn)                                                                       \
    void HELPER(name##_hw)(V128 * r, const V128 *a) { HELPER(name)(r, a); }
#define HW2(name, isa, insn)                                                                       \
    void HELPER(name##_hw)(V128 * r, const V128 *a, const V128 *b) { HELPER(name)(r, a, b); }
#endif

HW2(x86_aesenc, "aes", _mm_aesenc_si128)
HW2(x86_aesenclast, "aes", _mm_aesenclast_si128)
HW2(x86_aesdec, "aes", _mm_aesdec_si128)
HW2(x86_aesdeclast, "aes", _mm_aesdeclast_si128)
HW1(x86_aesimc, "aes", _mm_aesimc_si128)
HW2(x86_sha1msg1, "sha", _mm_sha1msg1_epu32)
HW2(x86_sha1msg2, "sha", _mm_sha1msg2_epu32)
HW2(x86_sha1nexte, "sha", _mm_sha1nexte_epu32)
HW2(x86_sha256msg1, "sha", _mm_sha256msg1_epu32)
HW2(x86_sha256msg2, "sha", _mm_sha256msg2_epu32)

#ifdef __x86_64__
// The round constant only meets the result, so one form of the instruction serves all.
__attribute__((target("aes"))) void HELPER(x86_aeskeygenassist_hw)(V128 *r, const V128 *a,
                                                                   uint32_t rcon)
{
    _mm_storeu_si128((__m128i *)r, _mm_aeskeygenassist_si128(LOAD(a), 0));
    r->l[1] ^= rcon;
    r->l[3] ^= rcon;
}

__attribute__((target("pclmul"))) void HELPER(x86_pclmul_hw)(V128 *r, uint64_t a, uint64_t b)
{
    __m128i x = _mm_cvtsi64_si128((long long)a), y = _mm_cvtsi64_si128((long long)b);
    _mm_storeu_si128((__m128i *)r, _mm_clmulepi64_si128(x, y, 0));
}

__attribute__((target("sha"))) void HELPER(x86_sha1rnds4_hw)(V128 *r, const V128 *s, const V128 *w,
                                                             uint32_t imm)
{
    __m128i a = LOAD(s), b = LOAD(w), o;
    switch (imm) {
    case 0: o = _mm_sha1rnds4_epu32(a, b, 0); break;
    case 1: o = _mm_sha1rnds4_epu32(a, b, 1); break;
    case 2: o = _mm_sha1rnds4_epu32(a, b, 2); break;
    default: o = _mm_sha1rnds4_epu32(a, b, 3); break;
    }
    _mm_storeu_si128((__m128i *)r, o);
}

__attribute__((target("sha"))) void HELPER(x86_sha256rnds2_hw)(V128 *r, const V128 *cdgh,
                                                               const V128 *abef, const V128 *wk)
{
    _mm_storeu_si128((__m128i *)r, _mm_sha256rnds2_epu32(LOAD(cdgh), LOAD(abef), LOAD(wk)));
}
#else
void HELPER(x86_aeskeygenassist_hw)(V128 *r, const V128 *a, uint32_t rcon)
{
    HELPER(x86_aeskeygenassist)(r, a, rcon);
}
void HELPER(x86_pclmul_hw)(V128 *r, uint64_t a, uint64_t b) { HELPER(x86_pclmul)(r, a, b); }
void HELPER(x86_sha1rnds4_hw)(V128 *r, const V128 *s, const V128 *w, uint32_t imm)
{
    HELPER(x86_sha1rnds4)(r, s, w, imm);
}
void HELPER(x86_sha256rnds2_hw)(V128 *r, const V128 *cdgh, const V128 *abef, const V128 *wk)
{
    HELPER(x86_sha256rnds2)(r, cdgh, abef, wk);
}
#endif
