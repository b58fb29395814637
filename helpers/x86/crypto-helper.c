// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// AES, carry-less multiplication and SHA.  Each instruction has a portable helper, which is the
// definition, and one with `_hw` after its name that uses the host's own instruction; the frontend
// picks by what the host has (crypto.c).  Off x86 the _hw ones are the portable ones again.

#include "cpu.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define HELPER_TABLE "helpers/x86/helper-x86.h"
#define CPUArchState CPUX86State
#include "helpers/helper-proto.h"

// --- AES (FIPS 197) ------------------------------------------------------------------------------

// clang-format off
static const uint8_t aes_sbox[256] = {
    99, 124, 119, 123, 242, 107, 111, 197, 48, 1, 103, 43, 254, 215, 171, 118,
    202, 130, 201, 125, 250, 89, 71, 240, 173, 212, 162, 175, 156, 164, 114, 192,
    183, 253, 147, 38, 54, 63, 247, 204, 52, 165, 229, 241, 113, 216, 49, 21,
    4, 199, 35, 195, 24, 150, 5, 154, 7, 18, 128, 226, 235, 39, 178, 117,
    9, 131, 44, 26, 27, 110, 90, 160, 82, 59, 214, 179, 41, 227, 47, 132,
    83, 209, 0, 237, 32, 252, 177, 91, 106, 203, 190, 57, 74, 76, 88, 207,
    208, 239, 170, 251, 67, 77, 51, 133, 69, 249, 2, 127, 80, 60, 159, 168,
    81, 163, 64, 143, 146, 157, 56, 245, 188, 182, 218, 33, 16, 255, 243, 210,
    205, 12, 19, 236, 95, 151, 68, 23, 196, 167, 126, 61, 100, 93, 25, 115,
    96, 129, 79, 220, 34, 42, 144, 136, 70, 238, 184, 20, 222, 94, 11, 219,
    224, 50, 58, 10, 73, 6, 36, 92, 194, 211, 172, 98, 145, 149, 228, 121,
    231, 200, 55, 109, 141, 213, 78, 169, 108, 86, 244, 234, 101, 122, 174, 8,
    186, 120, 37, 46, 28, 166, 180, 198, 232, 221, 116, 31, 75, 189, 139, 138,
    112, 62, 181, 102, 72, 3, 246, 14, 97, 53, 87, 185, 134, 193, 29, 158,
    225, 248, 152, 17, 105, 217, 142, 148, 155, 30, 135, 233, 206, 85, 40, 223,
    140, 161, 137, 13, 191, 230, 66, 104, 65, 153, 45, 15, 176, 84, 187, 22,
};

static const uint8_t aes_inv_sbox[256] = {
    82, 9, 106, 213, 48, 54, 165, 56, 191, 64, 163, 158, 129, 243, 215, 251,
    124, 227, 57, 130, 155, 47, 255, 135, 52, 142, 67, 68, 196, 222, 233, 203,
    84, 123, 148, 50, 166, 194, 35, 61, 238, 76, 149, 11, 66, 250, 195, 78,
    8, 46, 161, 102, 40, 217, 36, 178, 118, 91, 162, 73, 109, 139, 209, 37,
    114, 248, 246, 100, 134, 104, 152, 22, 212, 164, 92, 204, 93, 101, 182, 146,
    108, 112, 72, 80, 253, 237, 185, 218, 94, 21, 70, 87, 167, 141, 157, 132,
    144, 216, 171, 0, 140, 188, 211, 10, 247, 228, 88, 5, 184, 179, 69, 6,
    208, 44, 30, 143, 202, 63, 15, 2, 193, 175, 189, 3, 1, 19, 138, 107,
    58, 145, 17, 65, 79, 103, 220, 234, 151, 242, 207, 206, 240, 180, 230, 115,
    150, 172, 116, 34, 231, 173, 53, 133, 226, 249, 55, 232, 28, 117, 223, 110,
    71, 241, 26, 113, 29, 41, 197, 137, 111, 183, 98, 14, 170, 24, 190, 27,
    252, 86, 62, 75, 198, 210, 121, 32, 154, 219, 192, 254, 120, 205, 90, 244,
    31, 221, 168, 51, 136, 7, 199, 49, 177, 18, 16, 89, 39, 128, 236, 95,
    96, 81, 127, 169, 25, 181, 74, 13, 45, 229, 122, 159, 147, 201, 156, 239,
    160, 224, 59, 77, 174, 42, 245, 176, 200, 235, 187, 60, 131, 83, 153, 97,
    23, 43, 4, 126, 186, 119, 214, 38, 225, 105, 20, 99, 85, 33, 12, 125,
};
// clang-format on

static uint8_t xtime(uint8_t x) { return (uint8_t)(x << 1 ^ (x & 0x80 ? 0x1b : 0)); }

// ShiftRows and SubBytes: byte r of column c comes from column c + r, or c - r backwards.
static V128 aes_sub_shift(const V128 *a, const uint8_t *sbox, unsigned step)
{
    V128 r;
    for (unsigned c = 0; c < 4; c++) {
        for (unsigned row = 0; row < 4; row++) {
            r.b[4 * c + row] = sbox[a->b[4 * ((c + step * row) & 3) + row]];
        }
    }
    return r;
}

static V128 aes_mix(V128 a)
{
    V128 r;
    for (unsigned c = 0; c < 16; c += 4) {
        uint8_t all = a.b[c] ^ a.b[c + 1] ^ a.b[c + 2] ^ a.b[c + 3];
        for (unsigned i = 0; i < 4; i++) {
            uint8_t x = a.b[c + i], next = a.b[c + ((i + 1) & 3)];
            r.b[c + i] = (uint8_t)(x ^ all ^ xtime(x ^ next));
        }
    }
    return r;
}

static V128 aes_inv_mix(V128 a)
{
    // InvMixColumns is MixColumns after adding 4 * (x[i] + x[i+2]).
    for (unsigned c = 0; c < 16; c += 4) {
        uint8_t even = xtime(xtime(a.b[c] ^ a.b[c + 2])),
                odd = xtime(xtime(a.b[c + 1] ^ a.b[c + 3]));
        for (unsigned i = 0; i < 4; i++) {
            a.b[c + i] ^= i & 1 ? odd : even;
        }
    }
    return aes_mix(a);
}

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
