// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FP state as a whole: control words, MXCSR, FNSTENV and FNSAVE images, FXSAVE, XSAVE, and the moments
// when guest code starts and stops running on the host's FP units.
//
// MXCSR: while guest code runs, the host's holds the guest's rounding mode, DAZ and FTZ with every
// exception masked, and its flags are in addition to env->mxcsr's.

#include <string.h>

#include "fpu.h"

#define HELPER_TABLE "helpers/x86/helper-x86.h"
#define CPUArchState CPUX86State
#include "helpers/helper-proto.h"

// XCR0's bits.
enum { XC_X87 = 1, XC_SSE = 2, XC_AVX = 4, XC_ALL = 7 };
#define XSAVE_HEADER 512
#define XSAVE_COMPACT (1ull << 63)

typedef struct __attribute__((packed)) FXSaveArea {
    uint16_t fcw, fsw;
    uint8_t ftw, reserved;
    uint16_t fop;
    uint64_t fip, fdp;
    uint32_t mxcsr, mxcsr_mask;
    uint64_t st[8][2];
    uint64_t xmm[16][2];
} FXSaveArea;

typedef struct XSaveHeader {
    uint64_t xstate_bv, xcomp_bv, zero[6];
} XSaveHeader;

static void *guest(uint64_t addr) { return (void *)(uintptr_t)addr; }

static void *guest_write(CPUX86State *env, uint64_t addr, uint32_t size)
{
    if (env->cs.mem_write_hook) {
        env->cs.mem_write_hook(&env->cs, addr, size);
    }
    return guest(addr);
}

static _Noreturn void raise_exception(CPUX86State *env, int vector)
{
    env->cs.exception_index = vector;
    env->cs.exception_error = 0;
    cpu_loop_exit(&env->cs);
}

// Assembly that says it touches memory, not the compiler's built-in functions: of those LLVM knows that
// they touch the control register alone, infers the same of our helpers, and moves FP operations past
// their calls.
static uint32_t mxcsr_read(void)
{
    uint32_t v;
    __asm__ volatile("stmxcsr %0" : "=m"(v) : : "memory");
    return v;
}

static void mxcsr_write(uint32_t v) { __asm__ volatile("ldmxcsr %0" : : "m"(v) : "memory"); }

// --- entering and leaving guest code -------------------------------------------------------------

static void host_load_mxcsr(const CPUX86State *env) { mxcsr_write(env->mxcsr | MXCSR_MASKS); }

static void mxcsr_collect(CPUX86State *env) { env->mxcsr |= mxcsr_read() & MXCSR_EXC; }

void x86_fp_enter(CPUX86State *env)
{
    uint16_t sw;
    host_load_mxcsr(env);
    if (env->fpuc != X86_FPUC_DEFAULT) {
        x87_host_load_cw(env->fpuc);
    }
    __asm__ volatile("fnstsw %0" : "=a"(sw));
    if (sw & FPUS_EXC) {
        x87_host_clear();
    }
}

void x86_fp_leave(CPUX86State *env)
{
    mxcsr_collect(env);
    mxcsr_write(X86_MXCSR_DEFAULT);
    if (env->fpuc != X86_FPUC_DEFAULT) {
        x87_host_load_cw(X86_FPUC_DEFAULT);
    }
}

void x87_init(CPUX86State *env)
{
    env->fpuc = X86_FPUC_DEFAULT;
    env->fpus = 0;
    env->fpstt = 0;
    env->fpop = 0;
    env->fpip = env->fpdp = 0;
    memset(env->fptags, 1, sizeof env->fptags);
}

void x86_fp_reset(CPUX86State *env)
{
    x87_init(env);
    env->mxcsr = X86_MXCSR_DEFAULT;
    memset(env->fpregs, 0, sizeof env->fpregs);
    memset(env->ymm, 0, sizeof env->ymm);
}

// After a change of env's x87 control and status while guest code runs.
static void x87_host_sync(const CPUX86State *env)
{
    x87_host_clear();
    x87_host_load_cw(env->fpuc);
}

// --- MXCSR ---------------------------------------------------------------------------------------
// Not to be inlined: to LLVM a call is a barrier for FP operations, an instruction need not be.

__attribute__((noinline)) void HELPER(x86_ldmxcsr)(CPUX86State *env, uint32_t v)
{
    if (v & ~MXCSR_VALID) {
        raise_exception(env, EXCP0D_GPF);
    }
    env->mxcsr = v;
    host_load_mxcsr(env);
}

__attribute__((noinline)) uint32_t HELPER(x86_stmxcsr)(CPUX86State *env)
{
    mxcsr_collect(env);
    return env->mxcsr;
}

// Around an FP instruction while the guest has exceptions unmasked: the flags that it raises are those
// that the host has after it.
__attribute__((noinline)) void HELPER(x86_sse_exc_begin)(CPUX86State *env)
{
    mxcsr_collect(env);
    mxcsr_write(mxcsr_read() & ~MXCSR_EXC);
}

__attribute__((noinline)) void HELPER(x86_sse_exc_check)(CPUX86State *env)
{
    uint32_t csr = mxcsr_read(), raised = csr & MXCSR_EXC, unmasked = raised & ~(env->mxcsr >> 7);
    if (unmasked & MXCSR_PRE) {
        // The operation was not done: what the host, all masked, found in its results did not happen.
        raised &= MXCSR_PRE;
    }
    env->mxcsr |= raised;
    if (unmasked) {
        mxcsr_write(csr & ~MXCSR_EXC);
        raise_exception(env, EXCP13_SIMD);
    }
}

__attribute__((noinline)) void HELPER(x86_rounding_begin)(CPUX86State *env, uint32_t mode)
{
    (void)env;
    mxcsr_write((mxcsr_read() & ~MXCSR_ROUNDING) | mode << 13);
}

__attribute__((noinline)) void HELPER(x86_rounding_end)(CPUX86State *env)
{
    mxcsr_write((mxcsr_read() & ~MXCSR_ROUNDING) | (env->mxcsr & MXCSR_ROUNDING));
}

// --- x87 control ---------------------------------------------------------------------------------

void HELPER(x86_fldcw)(CPUX86State *env, uint32_t cw)
{
    if (env->fpus & FPUS_ES) {
        raise_exception(env, EXCP10_COPR);
    }
    x87_set_control(env, (uint16_t)cw);
    x87_host_load_cw(env->fpuc);
}

void HELPER(x86_fninit)(CPUX86State *env)
{
    x87_init(env);
    x87_host_sync(env);
}

void HELPER(x86_fnclex)(CPUX86State *env)
{
    env->fpus &= (uint16_t)~(FPUS_EXC | FPUS_SF | FPUS_ES | FPUS_B);
    x87_host_clear();
}

// --- FNSTENV, FNSAVE -----------------------------------------------------------------------------

// The two tag bits of a register: valid, zero, special, empty.
static unsigned full_tag(const CPUX86State *env, unsigned i)
{
    const X86FPReg *r = &env->fpregs[i];
    unsigned exp = r->se & 0x7fff;
    if (env->fptags[i]) {
        return 3;
    }
    if (exp == 0 && r->mant == 0) {
        return 1;
    }
    return exp == 0 || exp == 0x7fff || !(r->mant >> 63) ? 2 : 0;
}

// Fields are 16 or 32 bits wide; returns the image's size.
static size_t env_image(const CPUX86State *env, void *out, bool wide)
{
    uint16_t ftw = 0;
    for (unsigned i = 0; i < 8; i++) {
        ftw |= (uint16_t)(full_tag(env, i) << (2 * i));
    }
    // The protected-mode forms.  Selectors read as 0, as on CPUs that no longer keep them.
    uint32_t field[7] = {env->fpuc, x87_status(env),     ftw, (uint32_t)env->fpip,
                         0,         (uint32_t)env->fpdp, 0};
    if (wide) {
        field[4] = (uint32_t)(env->fpop & 0x7ff) << 16;
        // The upper halves of the word-sized fields read as ones.
        for (unsigned i = 0; i < 3; i++) {
            field[i] |= 0xffff0000;
        }
        field[6] = 0xffff0000;
        memcpy(out, field, sizeof field);
        return sizeof field;
    }
    uint16_t narrow[7];
    for (unsigned i = 0; i < 7; i++) {
        narrow[i] = (uint16_t)field[i];
    }
    memcpy(out, narrow, sizeof narrow);
    return sizeof narrow;
}

static size_t env_load(CPUX86State *env, const void *in, bool wide)
{
    uint32_t field[7];
    uint16_t narrow[7];
    if (wide) {
        memcpy(field, in, sizeof field);
        env->fpop = field[4] >> 16 & 0x7ff;
    } else {
        memcpy(narrow, in, sizeof narrow);
        for (unsigned i = 0; i < 7; i++) {
            field[i] = narrow[i];
        }
        env->fpop = 0;
    }
    env->fpip = field[3];
    env->fpdp = field[5];
    x87_set_control(env, (uint16_t)field[0]);
    x87_set_status(env, (uint16_t)field[1]);
    for (unsigned i = 0; i < 8; i++) {
        env->fptags[i] = (field[2] >> (2 * i) & 3) == 3;
    }
    return wide ? sizeof field : sizeof narrow;
}

void HELPER(x86_fnstenv)(CPUX86State *env, uint64_t addr, uint32_t wide)
{
    uint8_t image[28];
    size_t n = env_image(env, image, wide);
    memcpy(guest_write(env, addr, (uint32_t)n), image, n);
    cpu_tell_access(&env->cs, addr, (uint32_t)n, true);
    x87_set_control(env, env->fpuc | FPUS_EXC);
    x87_host_load_cw(env->fpuc);
}

void HELPER(x86_fldenv)(CPUX86State *env, uint64_t addr, uint32_t wide)
{
    uint8_t image[28];
    if (env->fpus & FPUS_ES) {
        raise_exception(env, EXCP10_COPR);
    }
    memcpy(image, guest(addr), wide ? 28 : 14);
    cpu_tell_access(&env->cs, addr, wide ? 28 : 14, false);
    env_load(env, image, wide);
    x87_host_sync(env);
}

void HELPER(x86_fnsave)(CPUX86State *env, uint64_t addr, uint32_t wide)
{
    uint8_t image[108];
    size_t n = env_image(env, image, wide);
    for (unsigned i = 0; i < 8; i++, n += 10) {
        memcpy(image + n, x87_st(env, i), 10);
    }
    memcpy(guest_write(env, addr, (uint32_t)n), image, n);
    cpu_tell_access(&env->cs, addr, (uint32_t)n, true);
    x87_init(env);
    x87_host_sync(env);
}

void HELPER(x86_frstor)(CPUX86State *env, uint64_t addr, uint32_t wide)
{
    uint8_t image[108];
    if (env->fpus & FPUS_ES) {
        raise_exception(env, EXCP10_COPR);
    }
    memcpy(image, guest(addr), wide ? 108 : 94);
    cpu_tell_access(&env->cs, addr, wide ? 108 : 94, false);
    size_t n = env_load(env, image, wide);
    for (unsigned i = 0; i < 8; i++, n += 10) {
        memcpy(x87_st(env, i), image + n, 10);
    }
    x87_host_sync(env);
}

// --- FXSAVE --------------------------------------------------------------------------------------

static void save_x87(const CPUX86State *env, FXSaveArea *a)
{
    a->fcw = env->fpuc;
    a->fsw = x87_status(env);
    a->ftw = 0;
    a->reserved = 0;
    a->fop = env->fpop;
    a->fip = env->fpip;
    a->fdp = env->fpdp;
    for (unsigned i = 0; i < 8; i++) {
        const X86FPReg *r = &env->fpregs[(env->fpstt + i) & 7];
        a->ftw |= (uint8_t)(!env->fptags[i] << i);
        a->st[i][0] = r->mant;
        a->st[i][1] = r->se;
    }
}

static void load_x87(CPUX86State *env, const FXSaveArea *a)
{
    x87_set_control(env, a->fcw);
    x87_set_status(env, a->fsw);
    env->fpop = a->fop;
    env->fpip = a->fip;
    env->fpdp = a->fdp;
    for (unsigned i = 0; i < 8; i++) {
        X86FPReg *r = x87_st(env, i);
        env->fptags[i] = !(a->ftw >> i & 1);
        r->mant = a->st[i][0];
        r->se = (uint16_t)a->st[i][1];
    }
}

static void save_mxcsr(const CPUX86State *env, FXSaveArea *a)
{
    a->mxcsr = env->mxcsr;
    a->mxcsr_mask = MXCSR_VALID;
}

static void save_xmm(const CPUX86State *env, FXSaveArea *a)
{
    for (unsigned i = 0; i < 16; i++) {
        memcpy(a->xmm[i], &env->ymm[i], 16);
    }
}

static void load_xmm(CPUX86State *env, const FXSaveArea *a)
{
    for (unsigned i = 0; i < 16; i++) {
        memcpy(&env->ymm[i], a->xmm[i], 16);
    }
}

void x86_fxsave(const CPUX86State *env, void *area)
{
    save_x87(env, area);
    save_mxcsr(env, area);
    save_xmm(env, area);
    memset((char *)area + sizeof(FXSaveArea), 0, 512 - sizeof(FXSaveArea));
}

void x86_fxrstor(CPUX86State *env, const void *area)
{
    const FXSaveArea *a = area;
    load_x87(env, a);
    env->mxcsr = a->mxcsr & MXCSR_VALID;
    load_xmm(env, a);
}

// What may have been brought in by a load, when guest code goes on at once.
static void host_sync_all(const CPUX86State *env)
{
    host_load_mxcsr(env);
    x87_host_sync(env);
}

static void check_alignment(CPUX86State *env, uint64_t addr, uint64_t align)
{
    if (addr & (align - 1)) {
        raise_exception(env, EXCP0D_GPF);
    }
}

enum { FXSAVE_USED = 416 }; // bytes of the image; the rest is reserved

// rexw: the form with 64-bit instruction and data pointers.
__attribute__((noinline)) void HELPER(x86_fxsave)(CPUX86State *env, uint64_t addr, uint32_t rexw)
{
    check_alignment(env, addr, 16);
    mxcsr_collect(env);
    FXSaveArea *a = guest_write(env, addr, sizeof(FXSaveArea));
    save_x87(env, a);
    save_mxcsr(env, a);
    save_xmm(env, a);
    if (!rexw) {
        a->fip = (uint32_t)a->fip;
        a->fdp = (uint32_t)a->fdp;
    }
    cpu_tell_access(&env->cs, addr, FXSAVE_USED, true);
}

__attribute__((noinline)) void HELPER(x86_fxrstor)(CPUX86State *env, uint64_t addr, uint32_t rexw)
{
    FXSaveArea a;
    check_alignment(env, addr, 16);
    memcpy(&a, guest(addr), sizeof a);
    cpu_tell_access(&env->cs, addr, FXSAVE_USED, false);
    if (a.mxcsr & ~MXCSR_VALID) {
        raise_exception(env, EXCP0D_GPF);
    }
    if (!rexw) {
        a.fip = (uint32_t)a.fip;
        a.fdp = (uint32_t)a.fdp;
    }
    x86_fxrstor(env, &a);
    host_sync_all(env);
}

// --- XSAVE ---------------------------------------------------------------------------------------
// Every component counts as in use, so that XSTATE_BV is what was asked for.

size_t x86_xsave_size(const CPUX86State *env)
{
    return env->xcr0 & XC_AVX ? X86_XSAVE_AVX_OFS + X86_XSAVE_AVX_SIZE
                              : XSAVE_HEADER + sizeof(XSaveHeader);
}

static void save_components(const CPUX86State *env, void *area, uint64_t mask)
{
    if (mask & XC_X87) {
        save_x87(env, area);
    }
    if (mask & (XC_SSE | XC_AVX)) {
        save_mxcsr(env, area);
    }
    if (mask & XC_SSE) {
        save_xmm(env, area);
    }
    if (mask & XC_AVX) {
        uint64_t(*ymmh)[2] = (void *)((char *)area + X86_XSAVE_AVX_OFS);
        for (unsigned i = 0; i < 16; i++) {
            memcpy(ymmh[i], &env->ymm[i].q[2], 16);
        }
    }
}

void x86_xsave(const CPUX86State *env, void *area, uint64_t mask)
{
    XSaveHeader *h = (void *)((char *)area + XSAVE_HEADER);
    mask &= env->xcr0 & XC_ALL;
    save_components(env, area, mask);
    *h = (XSaveHeader){.xstate_bv = mask};
}

// The header's and MXCSR's faults; *compact tells the format.
static bool header_ok(const CPUX86State *env, const XSaveHeader *h, bool *compact)
{
    *compact = h->xcomp_bv & XSAVE_COMPACT;
    uint64_t allowed = *compact ? h->xcomp_bv & ~XSAVE_COMPACT : env->xcr0;
    if (*compact ? (allowed & ~env->xcr0) != 0 : h->xcomp_bv || h->zero[0]) {
        return false;
    }
    return !(h->xstate_bv & ~allowed);
}

bool x86_xrstor(CPUX86State *env, const void *area, uint64_t mask)
{
    static const FXSaveArea initial = {.fcw = X86_FPUC_DEFAULT};
    const FXSaveArea *a = area;
    const XSaveHeader *h = (const void *)((const char *)area + XSAVE_HEADER);
    bool compact;
    if (!header_ok(env, h, &compact)) {
        return false;
    }
    mask &= env->xcr0 & XC_ALL;
    uint64_t present = h->xstate_bv;
    // The standard form restores MXCSR whatever XSTATE_BV says, the compacted one with SSE's state.
    bool mxcsr = compact ? mask & present & XC_SSE : mask & (XC_SSE | XC_AVX);
    if (mxcsr && (a->mxcsr & ~MXCSR_VALID)) {
        return false;
    }
    if (mxcsr) {
        env->mxcsr = a->mxcsr;
    } else if (compact && (mask & XC_SSE)) {
        env->mxcsr = X86_MXCSR_DEFAULT;
    }
    if (mask & XC_X87) {
        load_x87(env, present & XC_X87 ? a : &initial);
    }
    if (mask & XC_SSE) {
        load_xmm(env, present & XC_SSE ? a : &initial);
    }
    if (mask & XC_AVX) {
        const uint64_t(*ymmh)[2] = (const void *)((const char *)area + X86_XSAVE_AVX_OFS);
        static const uint64_t zero[2];
        for (unsigned i = 0; i < 16; i++) {
            memcpy(&env->ymm[i].q[2], present & XC_AVX ? ymmh[i] : zero, 16);
        }
    }
    return true;
}

// compact: XSAVEC's format, else XSAVE's.
__attribute__((noinline)) void HELPER(x86_xsave)(CPUX86State *env, uint64_t addr, uint64_t mask,
                                                 uint32_t compact)
{
    check_alignment(env, addr, 64);
    mxcsr_collect(env);
    mask &= env->xcr0 & XC_ALL;
    char *area = guest_write(env, addr, (uint32_t)x86_xsave_size(env));
    XSaveHeader *h = (void *)(area + XSAVE_HEADER);
    save_components(env, area, mask);
    if (compact) {
        *h = (XSaveHeader){.xstate_bv = mask, .xcomp_bv = mask | XSAVE_COMPACT};
    } else {
        h->xstate_bv |= mask;
    }
    cpu_tell_access(&env->cs, addr, (uint32_t)x86_xsave_size(env), true);
}

__attribute__((noinline)) void HELPER(x86_xrstor)(CPUX86State *env, uint64_t addr, uint64_t mask)
{
    check_alignment(env, addr, 64);
    mxcsr_collect(env);
    cpu_tell_access(&env->cs, addr, (uint32_t)x86_xsave_size(env), false);
    if (!x86_xrstor(env, guest(addr), mask)) {
        raise_exception(env, EXCP0D_GPF);
    }
    host_sync_all(env);
}
