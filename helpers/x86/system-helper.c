// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// System helpers: CPUID, time stamps, random numbers, EFLAGS, segment selectors.

#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "cpu.h"

#define HELPER_TABLE "helpers/x86/helper-x86.h"
#define CPUArchState CPUX86State
#include "helpers/helper-proto.h"

static _Noreturn void raise_gp(CPUX86State *env, uint64_t error)
{
    env->cs.exception_index = EXCP0D_GPF;
    env->cs.exception_error = error;
    cpu_loop_exit(&env->cs);
}

// A result that the guest's state does not decide: --verify wants the same in both of its runs.
static uint64_t nondeterministic(CPUX86State *env, uint64_t fresh)
{
    return env->cs.nondeterministic ? env->cs.nondeterministic(&env->cs, fresh) : fresh;
}

// --- CPUID (Intel SDM volume 2; AMD APM volume 3, appendix E) ----------------------------------------

typedef struct CpuidLeaf {
    uint32_t eax, ebx, ecx, edx;
} CpuidLeaf;

static uint32_t word_at(const char *text, unsigned offset)
{
    uint32_t w;
    memcpy(&w, text + offset, 4);
    return w;
}

static uint32_t signature(const X86CPUModel *m)
{
    uint32_t family = m->family > 15 ? 15 : m->family, extended = m->family - family;
    return extended << 20 | (m->model >> 4) << 16 | family << 8 | (m->model & 15) << 4 |
           m->stepping;
}

static CpuidLeaf brand_leaf(const X86CPUModel *m, unsigned part)
{
    char brand[48] = {0};
    for (unsigned i = 0; i < sizeof(brand) - 1 && m->brand[i]; i++) {
        brand[i] = m->brand[i];
    }
    const char *p = brand + (size_t)part * 16;
    return (CpuidLeaf){word_at(p, 0), word_at(p, 4), word_at(p, 8), word_at(p, 12)};
}

static CpuidLeaf xsave_leaf(const CPUX86State *env, uint32_t subleaf)
{
    if (!env->xcr0) {
        return (CpuidLeaf){0};
    }
    uint32_t size = (uint32_t)x86_xsave_size(env);
    switch (subleaf) {
    case 0: return (CpuidLeaf){(uint32_t)env->xcr0, size, size, 0};
    case 1: return (CpuidLeaf){env->model->leafd1_eax, size, 0, 0};
    case 2:
        return env->xcr0 & 4 ? (CpuidLeaf){X86_XSAVE_AVX_SIZE, X86_XSAVE_AVX_OFS, 0, 0}
                             : (CpuidLeaf){0};
    default: return (CpuidLeaf){0};
    }
}

// Cache sizes steer the guest's memcpy; these are modest ones of the kind that every host has.
// 32 KiB of L1 each, 8 ways, 64-byte lines; 512 KiB of L2, 8 ways; 8 MiB of L3, 16 ways.
#define L1_INFO (32u << 24 | 8u << 16 | 1u << 8 | 64u)
#define L2_INFO (512u << 16 | 6u << 12 | 1u << 8 | 64u)
#define L3_INFO (16u << 18 | 8u << 12 | 1u << 8 | 64u)

static CpuidLeaf cpuid_leaf(const CPUX86State *env, uint32_t leaf, uint32_t subleaf)
{
    const X86CPUModel *m = env->model;
    switch (leaf) {
    case 0:
        return (CpuidLeaf){0xd, word_at(m->vendor, 0), word_at(m->vendor, 8),
                           word_at(m->vendor, 4)};
    case 1: // EBX: CLFLUSH line of 8 quadwords, one logical processor
        return (CpuidLeaf){signature(m), 8u << 8 | 1u << 16, m->leaf1_ecx, m->leaf1_edx};
    case 7:
        return subleaf > 1 ? (CpuidLeaf){0}
               : subleaf   ? (CpuidLeaf){m->leaf71_eax, 0, 0, 0}
                           : (CpuidLeaf){1, m->leaf7_ebx, m->leaf7_ecx, m->leaf7_edx};
    case 0xd: return xsave_leaf(env, subleaf);
    case 0x80000000:
        return (CpuidLeaf){0x80000008, word_at(m->vendor, 0), word_at(m->vendor, 8),
                           word_at(m->vendor, 4)};
    case 0x80000001: return (CpuidLeaf){signature(m), 0, m->ext1_ecx, m->ext1_edx};
    case 0x80000002:
    case 0x80000003:
    case 0x80000004: return brand_leaf(m, leaf - 0x80000002);
    case 0x80000005: return (CpuidLeaf){0, 0, L1_INFO, L1_INFO};
    case 0x80000006: return (CpuidLeaf){0, 0, L2_INFO, L3_INFO};
    case 0x80000008: // 48 physical, 48 linear address bits
        return (CpuidLeaf){0x3030, 0, 0, 0};
    default: return (CpuidLeaf){0};
    }
}

void helper_x86_cpuid(CPUX86State *env)
{
    CpuidLeaf l = cpuid_leaf(env, (uint32_t)env->regs[R_EAX], (uint32_t)env->regs[R_ECX]);
    env->regs[R_EAX] = l.eax;
    env->regs[R_EBX] = l.ebx;
    env->regs[R_ECX] = l.ecx;
    env->regs[R_EDX] = l.edx;
}

uint64_t helper_x86_xgetbv(CPUX86State *env, uint64_t index)
{
    if (index > 1) {
        raise_gp(env, 0);
    }
    return env->xcr0; // XINUSE (1): all that is enabled
}

// --- time and chance ---------------------------------------------------------------------------------

uint64_t helper_x86_rdtsc(CPUX86State *env)
{
#if defined(__x86_64__)
    return nondeterministic(env, __builtin_ia32_rdtsc());
#else
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return nondeterministic(env, (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec);
#endif
}

// TSC_AUX as Linux sets it: node and processor number.
uint64_t helper_x86_rdtscp_aux(CPUX86State *env)
{
    unsigned cpu = 0, node = 0;
    getcpu(&cpu, &node);
    return nondeterministic(env, node << 12 | cpu);
}

uint64_t helper_x86_rdrand(CPUX86State *env)
{
    uint64_t v = 0;
    if (getrandom(&v, sizeof(v), 0) != sizeof(v)) {
        v = 0; // cannot happen: eight bytes are never interrupted
    }
    return nondeterministic(env, v);
}

// --- EFLAGS ------------------------------------------------------------------------------------------

uint64_t helper_x86_read_eflags(CPUX86State *env) { return x86_eflags_get(env); }

void helper_x86_write_eflags(CPUX86State *env, uint64_t eflags, uint64_t mask)
{
    x86_eflags_set(env, eflags, mask);
}

// --- segments: the selectors that Linux's GDT has for user mode --------------------------------------

typedef struct UserSegment {
    uint16_t selector; // with RPL 0
    bool writable, data;
    uint32_t rights; // as LAR gives them
    uint32_t limit;
} UserSegment;

static const UserSegment *find_segment(uint32_t selector)
{
    static const UserSegment segments[] = {
        {0x20, false, false, 0x00cffb00, 0xffffffff}, // 32-bit code
        {0x28, true, true, 0x00cff300, 0xffffffff},   // data
        {0x30, false, false, 0x00affb00, 0xffffffff}, // 64-bit code
        {0x78, false, true, 0x0040f500, 0},           // processor number, in its limit
    };
    for (unsigned i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
        if (segments[i].selector == (selector & 0xfffc)) {
            return &segments[i];
        }
    }
    return NULL;
}

void helper_x86_load_seg(CPUX86State *env, uint32_t seg, uint32_t selector)
{
    selector &= 0xffff;
    if (selector >= 4) {
        const UserSegment *d = find_segment(selector);
        if (!d || (seg == R_SS && (!d->writable || (selector & 3) != 3))) {
            raise_gp(env, selector & 0xfffc);
        }
    } else if (seg == R_SS) {
        raise_gp(env, 0);
    }
    env->segs[seg] = (uint16_t)selector;
    if (seg == R_FS) {
        env->fs_base = 0;
    } else if (seg == R_GS) {
        env->gs_base = 0;
    }
}

uint64_t helper_x86_query_seg(uint32_t selector, uint32_t what)
{
    const UserSegment *d = find_segment(selector);
    if (!d || (what == X86_SEG_WRITABLE && !d->writable)) {
        return (uint64_t)-1;
    }
    switch (what) {
    case X86_SEG_RIGHTS: return d->rights;
    case X86_SEG_LIMIT: return d->limit;
    default: return 0;
    }
}
