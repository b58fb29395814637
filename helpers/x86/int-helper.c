// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integer helpers: 128-bit division, bit deposits, CRC32, repeated string moves.

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "cpu.h"

#define HELPER_TABLE "helpers/x86/helper-x86.h"
#define CPUArchState CPUX86State
#include "helpers/helper-proto.h"

static _Noreturn void raise_divide_error(CPUX86State *env)
{
    env->cs.exception_index = EXCP00_DIVZ;
    cpu_loop_exit(&env->cs);
}

void helper_x86_idiv64(CPUX86State *env, uint64_t divisor)
{
    int64_t d = (int64_t)divisor;
    __int128 n = (__int128)(((unsigned __int128)env->regs[R_EDX] << 64) | env->regs[R_EAX]);
    // The least dividend is the one whose quotient by -1 does not fit 128 bits.
    if (d == 0 || (d == -1 && n == (__int128)((unsigned __int128)1 << 127))) {
        raise_divide_error(env);
    }
    __int128 q = n / d;
    if (q != (int64_t)q) {
        raise_divide_error(env);
    }
    env->regs[R_EAX] = (uint64_t)q;
    env->regs[R_EDX] = (uint64_t)(n % d);
}

uint64_t helper_x86_pdep(uint64_t v, uint64_t mask)
{
    uint64_t r = 0;
    for (; mask; mask &= mask - 1, v >>= 1) {
        if (v & 1) {
            r |= mask & -mask;
        }
    }
    return r;
}

uint64_t helper_x86_pext(uint64_t v, uint64_t mask)
{
    uint64_t r = 0;
    for (uint64_t bit = 1; mask; mask &= mask - 1, bit <<= 1) {
        if (v & mask & -mask) {
            r |= bit;
        }
    }
    return r;
}

// CRC-32C (polynomial 0x11EDC6F41, reflected), without the usual inversions.
#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint64_t helper_x86_crc32(uint64_t crc, uint64_t v,
                                                            uint32_t bytes)
{
    switch (bytes) {
    case 1: return __builtin_ia32_crc32qi((uint32_t)crc, (uint8_t)v);
    case 2: return __builtin_ia32_crc32hi((uint32_t)crc, (uint16_t)v);
    case 4: return __builtin_ia32_crc32si((uint32_t)crc, (uint32_t)v);
    default: return __builtin_ia32_crc32di(crc, v);
    }
}
#else
uint64_t helper_x86_crc32(uint64_t crc, uint64_t v, uint32_t bytes)
{
    uint32_t c = (uint32_t)crc;
    for (uint32_t i = 0; i < bytes * 8; i++, v >>= 1) {
        bool low = (c ^ v) & 1;
        c = (c >> 1) ^ (low ? 0x82f63b78u : 0);
    }
    return c;
}
#endif

// --- REP MOVS, REP STOS ------------------------------------------------------------------------------
//
// Guest memory is at its own address.  A round moves the elements up to the end of the page that comes
// first, of source or destination, so a fault can only be met by a round's first element, and what env
// holds then is exact.  Downwards, and for an element that straddles pages, a round is one element.

#define PAGE 4096u

static uint64_t elements_in_page(uint64_t addr, uint32_t size)
{
    return (PAGE - (addr & (PAGE - 1))) >> size;
}

static void before_write(CPUX86State *env, uint64_t addr, uint64_t bytes)
{
    if (__builtin_expect(env->cs.mem_write_hook != NULL, 0)) {
        env->cs.mem_write_hook(&env->cs, addr, (uint32_t)bytes);
    }
}

// An element at a time, as the instruction is defined.
static void tell_elements(CPUX86State *env, uint64_t dst, const uint64_t *src, uint64_t n,
                          uint32_t size)
{
    const CPUAccessRun run = {.addr = dst,
                              .from = src ? *src : 0,
                              .n = n,
                              .step = (env->df < 0 ? -1 : 1) * ((int64_t)1 << size),
                              .size = 1u << size,
                              .copy = src != NULL};
    cpu_tell_access_run(&env->cs, &run);
}

static bool must_stop(CPUX86State *env)
{
    return atomic_load_explicit(&env->cs.exit_request, memory_order_relaxed);
}

static uint64_t round_length(const CPUX86State *env, uint64_t room, uint64_t limit)
{
    uint64_t n = env->regs[R_ECX];
    if (env->df < 0 || room == 0) {
        return 1;
    }
    n = n < room ? n : room;
    return n < limit ? n : limit;
}

static void finish_round(CPUX86State *env, uint64_t n, uint32_t size, bool source)
{
    uint64_t step = (uint64_t)env->df * (n << size);
    env->regs[R_EDI] += step;
    if (source) {
        env->regs[R_ESI] += step;
    }
    env->regs[R_ECX] -= n;
}

#if defined(__x86_64__)
// The host's own instructions have the meaning wanted when source and destination overlap.
static void move_elements(uint64_t dst, uint64_t src, uint64_t n, uint32_t size)
{
    switch (size) {
    case 0: __asm__ volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(n) : : "memory"); break;
    case 1: __asm__ volatile("rep movsw" : "+D"(dst), "+S"(src), "+c"(n) : : "memory"); break;
    case 2: __asm__ volatile("rep movsl" : "+D"(dst), "+S"(src), "+c"(n) : : "memory"); break;
    default: __asm__ volatile("rep movsq" : "+D"(dst), "+S"(src), "+c"(n) : : "memory"); break;
    }
}

static void fill_elements(uint64_t dst, uint64_t v, uint64_t n, uint32_t size)
{
    switch (size) {
    case 0: __asm__ volatile("rep stosb" : "+D"(dst), "+c"(n) : "a"(v) : "memory"); break;
    case 1: __asm__ volatile("rep stosw" : "+D"(dst), "+c"(n) : "a"(v) : "memory"); break;
    case 2: __asm__ volatile("rep stosl" : "+D"(dst), "+c"(n) : "a"(v) : "memory"); break;
    default: __asm__ volatile("rep stosq" : "+D"(dst), "+c"(n) : "a"(v) : "memory"); break;
    }
}
#else
static void move_elements(uint64_t dst, uint64_t src, uint64_t n, uint32_t size)
{
    for (uint64_t i = 0; i < n; i++) {
        uint64_t v;
        memcpy(&v, (void *)(uintptr_t)(src + (i << size)), 1u << size);
        memcpy((void *)(uintptr_t)(dst + (i << size)), &v, 1u << size);
    }
}

static void fill_elements(uint64_t dst, uint64_t v, uint64_t n, uint32_t size)
{
    for (uint64_t i = 0; i < n; i++) {
        memcpy((void *)(uintptr_t)(dst + (i << size)), &v, 1u << size);
    }
}
#endif

void helper_x86_rep_movs(CPUX86State *env, uint32_t size, uint64_t source_base)
{
    while (env->regs[R_ECX]) {
        uint64_t src = env->regs[R_ESI] + source_base, dst = env->regs[R_EDI];
        uint64_t n = round_length(env, elements_in_page(src, size), elements_in_page(dst, size));
        n = n ? n : 1;
        before_write(env, dst, n << size);
        move_elements(dst, src, n, size);
        finish_round(env, n, size, true);
        tell_elements(env, dst, &src, n, size);
        if (must_stop(env)) {
            break;
        }
    }
}

void helper_x86_rep_stos(CPUX86State *env, uint32_t size)
{
    while (env->regs[R_ECX]) {
        uint64_t dst = env->regs[R_EDI];
        uint64_t n = round_length(env, elements_in_page(dst, size), UINT64_MAX);
        before_write(env, dst, n << size);
        fill_elements(dst, env->regs[R_EAX], n, size);
        finish_round(env, n, size, false);
        tell_elements(env, dst, NULL, n, size);
        if (must_stop(env)) {
            break;
        }
    }
}
