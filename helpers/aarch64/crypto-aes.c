// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// AES, SM4 and the product of polynomials.  A portable helper is the definition; one with `_hw` behind its
// name uses the host's instruction, and the frontend picks by what the host has (simd-crypto.c).  Off
// x86 the _hw ones are the portable ones again.

#include "cpu.h"
#include "helpers/common/aes.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define HELPER_TABLE "helpers/aarch64/helper-a64.h"
#define CPUArchState CPUARMState
#include "helpers/helper-proto.h"

void HELPER(a64_aese)(V128 *r, const V128 *a) { *r = aes_sub_shift(a, aes_sbox, 1); }
void HELPER(a64_aesd)(V128 *r, const V128 *a) { *r = aes_sub_shift(a, aes_inv_sbox, 3); }
void HELPER(a64_aesmc)(V128 *r, const V128 *a) { *r = aes_mix(*a); }
void HELPER(a64_aesimc)(V128 *r, const V128 *a) { *r = aes_inv_mix(*a); }

void HELPER(a64_pmull)(V128 *r, uint64_t a, uint64_t b)
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

#ifdef __x86_64__
#define HW __attribute__((target("aes,pclmul")))

// With a key of zeros, the last round's instructions are the two steps, and undo what the other does
// beside mixing columns.
HW void HELPER(a64_aese_hw)(V128 *r, const V128 *a)
{
    *(__m128i *)r = _mm_aesenclast_si128(*(const __m128i *)a, _mm_setzero_si128());
}

HW void HELPER(a64_aesd_hw)(V128 *r, const V128 *a)
{
    *(__m128i *)r = _mm_aesdeclast_si128(*(const __m128i *)a, _mm_setzero_si128());
}

HW void HELPER(a64_aesmc_hw)(V128 *r, const V128 *a)
{
    __m128i x = _mm_aesdeclast_si128(*(const __m128i *)a, _mm_setzero_si128());
    *(__m128i *)r = _mm_aesenc_si128(x, _mm_setzero_si128());
}

HW void HELPER(a64_aesimc_hw)(V128 *r, const V128 *a)
{
    *(__m128i *)r = _mm_aesimc_si128(*(const __m128i *)a);
}

// AESE and AESMC, AESD and AESIMC.
HW void HELPER(a64_aese_mc_hw)(V128 *r, const V128 *a)
{
    *(__m128i *)r = _mm_aesenc_si128(*(const __m128i *)a, _mm_setzero_si128());
}

HW void HELPER(a64_aesd_imc_hw)(V128 *r, const V128 *a)
{
    *(__m128i *)r = _mm_aesdec_si128(*(const __m128i *)a, _mm_setzero_si128());
}

HW void HELPER(a64_pmull_hw)(V128 *r, uint64_t a, uint64_t b)
{
    __m128i x = _mm_cvtsi64_si128((long long)a), y = _mm_cvtsi64_si128((long long)b);
    *(__m128i *)r = _mm_clmulepi64_si128(x, y, 0);
}
#else
void HELPER(a64_aese_hw)(V128 *r, const V128 *a) { HELPER(a64_aese)(r, a); }
void HELPER(a64_aesd_hw)(V128 *r, const V128 *a) { HELPER(a64_aesd)(r, a); }
void HELPER(a64_aesmc_hw)(V128 *r, const V128 *a) { HELPER(a64_aesmc)(r, a); }
void HELPER(a64_aesimc_hw)(V128 *r, const V128 *a) { HELPER(a64_aesimc)(r, a); }
void HELPER(a64_aese_mc_hw)(V128 *r, const V128 *a)
{
    V128 x;
    HELPER(a64_aese)(&x, a);
    HELPER(a64_aesmc)(r, &x);
}
void HELPER(a64_aesd_imc_hw)(V128 *r, const V128 *a)
{
    V128 x;
    HELPER(a64_aesd)(&x, a);
    HELPER(a64_aesimc)(r, &x);
}
void HELPER(a64_pmull_hw)(V128 *r, uint64_t a, uint64_t b) { HELPER(a64_pmull)(r, a, b); }
#endif

// --- SM4 (GB/T 32907-2016) ------------------------------------------------------------------------------

// clang-format off
static const uint8_t sm4_sbox[256] = {
    214, 144, 233, 254, 204, 225, 61, 183, 22, 182, 20, 194, 40, 251, 44, 5,
    43, 103, 154, 118, 42, 190, 4, 195, 170, 68, 19, 38, 73, 134, 6, 153,
    156, 66, 80, 244, 145, 239, 152, 122, 51, 84, 11, 67, 237, 207, 172, 98,
    228, 179, 28, 169, 201, 8, 232, 149, 128, 223, 148, 250, 117, 143, 63, 166,
    71, 7, 167, 252, 243, 115, 23, 186, 131, 89, 60, 25, 230, 133, 79, 168,
    104, 107, 129, 178, 113, 100, 218, 139, 248, 235, 15, 75, 112, 86, 157, 53,
    30, 36, 14, 94, 99, 88, 209, 162, 37, 34, 124, 59, 1, 33, 120, 135,
    212, 0, 70, 87, 159, 211, 39, 82, 76, 54, 2, 231, 160, 196, 200, 158,
    234, 191, 138, 210, 64, 199, 56, 181, 163, 247, 242, 206, 249, 97, 21, 161,
    224, 174, 93, 164, 155, 52, 26, 85, 173, 147, 50, 48, 245, 140, 177, 227,
    29, 246, 226, 46, 130, 102, 202, 96, 192, 41, 35, 171, 13, 83, 78, 111,
    213, 219, 55, 69, 222, 253, 142, 47, 3, 255, 106, 114, 109, 108, 91, 81,
    141, 27, 175, 146, 187, 221, 188, 127, 17, 217, 92, 65, 31, 16, 90, 216,
    10, 193, 49, 136, 165, 205, 123, 189, 45, 116, 208, 18, 184, 229, 180, 176,
    137, 105, 151, 74, 12, 150, 119, 126, 101, 185, 241, 9, 197, 110, 198, 132,
    24, 240, 125, 236, 58, 220, 77, 32, 121, 238, 95, 62, 215, 203, 57, 72,
};
// clang-format on

static uint32_t rol(uint32_t x, unsigned n) { return x << n | x >> (32 - n); }

static uint32_t sm4_sub(uint32_t x)
{
    uint32_t r = 0;
    for (unsigned i = 0; i < 32; i += 8) {
        r |= (uint32_t)sm4_sbox[x >> i & 0xff] << i;
    }
    return r;
}

// Four rounds, or four words of the key schedule: they differ in the linear step.
static V128 sm4_rounds(const V128 *state, const V128 *key, bool schedule)
{
    V128 r = *state;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t x = sm4_sub(r.l[1] ^ r.l[2] ^ r.l[3] ^ key->l[i]);
        x ^= schedule ? rol(x, 13) ^ rol(x, 23) : rol(x, 2) ^ rol(x, 10) ^ rol(x, 18) ^ rol(x, 24);
        x ^= r.l[0];
        V128 next = {.l = {r.l[1], r.l[2], r.l[3], x}};
        r = next;
    }
    return r;
}

void HELPER(a64_sm4e)(V128 *r, const V128 *d, const V128 *n) { *r = sm4_rounds(d, n, false); }
void HELPER(a64_sm4ekey)(V128 *r, const V128 *n, const V128 *m) { *r = sm4_rounds(n, m, true); }
