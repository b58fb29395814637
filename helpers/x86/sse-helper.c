// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The SSE instructions that are not worth TCG ops: approximations, string comparison, MPSADBW,
// PHMINPOSUW.

#include <xmmintrin.h>

#include "cpu.h"

#define HELPER_TABLE "helpers/x86/helper-x86.h"
#define CPUArchState CPUX86State
#include "helpers/helper-proto.h"

// How many bits of a reciprocal are right differs from CPU to CPU: the host's answer.
void HELPER(x86_rcpps)(V128 *r, const V128 *a)
{
    _mm_storeu_ps(r->s, _mm_rcp_ps(_mm_loadu_ps(a->s)));
}

void HELPER(x86_rsqrtps)(V128 *r, const V128 *a)
{
    _mm_storeu_ps(r->s, _mm_rsqrt_ps(_mm_loadu_ps(a->s)));
}

void HELPER(x86_mpsadbw)(V128 *r, const V128 *a, const V128 *b, uint32_t imm)
{
    unsigned from = (imm & 4 ? 4 : 0), block = (imm & 3) * 4;
    for (unsigned i = 0; i < 8; i++) {
        unsigned sum = 0;
        for (unsigned k = 0; k < 4; k++) {
            int d = a->b[from + i + k] - b->b[block + k];
            sum += (unsigned)(d < 0 ? -d : d);
        }
        r->w[i] = (uint16_t)sum;
    }
}

void HELPER(x86_phminposuw)(V128 *r, const V128 *a)
{
    unsigned at = 0;
    for (unsigned i = 1; i < 8; i++) {
        if (a->w[i] < a->w[at]) {
            at = i;
        }
    }
    r->q[0] = a->w[at] | at << 16;
    r->q[1] = 0;
}

// --- PCMPxSTRx (Intel SDM volume 2, section 4.1) -------------------------------------------------
// The result word: IntRes2 in bits 0-15, CF 16, ZF 17, SF 18, OF 19, the index from bit 32 on.

enum { AGG_ANY, AGG_RANGES, AGG_EACH, AGG_ORDERED };

static int lane(const V128 *v, unsigned i, unsigned format)
{
    switch (format) {
    case 0: return v->b[i];
    case 1: return v->w[i];
    case 2: return v->sb[i];
    default: return v->sw[i];
    }
}

static uint32_t aggregate(const V128 *a, const V128 *b, unsigned la, unsigned lb, unsigned n,
                          unsigned format, unsigned kind)
{
    uint32_t res = 0;
    switch (kind) {
    case AGG_ANY:
        for (unsigned j = 0; j < lb; j++) {
            for (unsigned i = 0; i < la; i++) {
                res |= (uint32_t)(lane(a, i, format) == lane(b, j, format)) << j;
            }
        }
        break;
    case AGG_RANGES:
        for (unsigned j = 0; j < lb; j++) {
            int c = lane(b, j, format);
            for (unsigned i = 0; i + 1 < la; i += 2) {
                res |= (uint32_t)(lane(a, i, format) <= c && c <= lane(a, i + 1, format)) << j;
            }
        }
        break;
    case AGG_EACH:
        for (unsigned j = 0; j < n; j++) {
            bool in_a = j < la, in_b = j < lb;
            bool eq = in_a && in_b ? lane(a, j, format) == lane(b, j, format) : in_a == in_b;
            res |= (uint32_t)eq << j;
        }
        break;
    default:
        for (unsigned j = 0; j < n; j++) {
            bool eq = true;
            for (unsigned i = 0; i < la && i + j < n && eq; i++) {
                eq = i + j < lb && lane(a, i, format) == lane(b, i + j, format);
            }
            res |= (uint32_t)eq << j;
        }
        break;
    }
    return res;
}

static uint64_t compare_strings(const V128 *a, const V128 *b, unsigned la, unsigned lb,
                                uint32_t imm)
{
    unsigned n = imm & 1 ? 8 : 16;
    uint32_t all = (1u << n) - 1;
    uint32_t res = aggregate(a, b, la, lb, n, imm & 3, imm >> 2 & 3);
    if (imm & 16) {
        res ^= imm & 32 ? (1u << lb) - 1 : all;
    }
    uint64_t index = n;
    if (res) {
        index = imm & 64 ? 31 - (unsigned)__builtin_clz(res) : (unsigned)__builtin_ctz(res);
    }
    return res | (uint64_t)(res != 0) << 16 | (uint64_t)(lb < n) << 17 | (uint64_t)(la < n) << 18 |
           (uint64_t)(res & 1) << 19 | index << 32;
}

static unsigned explicit_length(uint64_t len, unsigned n)
{
    uint64_t abs = (int64_t)len < 0 ? -len : len;
    return abs < n ? (unsigned)abs : n;
}

static unsigned implicit_length(const V128 *v, unsigned n)
{
    unsigned i = 0;
    while (i < n && (n == 8 ? v->w[i] : v->b[i])) {
        i++;
    }
    return i;
}

uint64_t HELPER(x86_pcmpestr)(const V128 *a, const V128 *b, uint64_t la, uint64_t lb, uint32_t imm)
{
    unsigned n = imm & 1 ? 8 : 16;
    return compare_strings(a, b, explicit_length(la, n), explicit_length(lb, n), imm);
}

uint64_t HELPER(x86_pcmpistr)(const V128 *a, const V128 *b, uint32_t imm)
{
    unsigned n = imm & 1 ? 8 : 16;
    return compare_strings(a, b, implicit_length(a, n), implicit_length(b, n), imm);
}

// The mask that PCMPxSTRM leaves in XMM0: bits as they are, or a lane a bit.
void HELPER(x86_pcmpstr_mask)(V128 *r, uint64_t result, uint32_t imm)
{
    r->q[0] = result & 0xffff;
    r->q[1] = 0;
    if (imm & 64) {
        uint32_t res = (uint32_t)r->q[0];
        for (unsigned i = 0; i < 16; i++) {
            r->b[i] = res >> (imm & 1 ? i / 2 : i) & 1 ? 0xff : 0;
        }
    }
}
