// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// x86-64 registers as a debugger or a plugin knows them: names and order of GDB's amd64 description.

#include "helpers/x86/cpu.h"

#include <string.h>

#include "frontend/x86/isa.h"

enum {
    NB_GP = 16,
    RIP = 16,
    EFLAGS,
    SEGS,
    FS_BASE = 24,
    GS_BASE,
    ST,
    FCTRL = 34,
    XMM = 42,
    MXCSR = 58
};

#define CORE(n, s) {(n), "org.gnu.gdb.i386.core", (s)}
#define SSE(n, s) {(n), "org.gnu.gdb.i386.sse", (s)}
// clang-format off
const GuestStateReg x86_state_regs[X86_NB_STATE_REGS] = {
    CORE("rax", 8), CORE("rbx", 8), CORE("rcx", 8), CORE("rdx", 8),
    CORE("rsi", 8), CORE("rdi", 8), CORE("rbp", 8), CORE("rsp", 8),
    CORE("r8", 8), CORE("r9", 8), CORE("r10", 8), CORE("r11", 8),
    CORE("r12", 8), CORE("r13", 8), CORE("r14", 8), CORE("r15", 8),
    CORE("rip", 8), CORE("eflags", 4),
    CORE("cs", 4), CORE("ss", 4), CORE("ds", 4), CORE("es", 4), CORE("fs", 4), CORE("gs", 4),
    CORE("fs_base", 8), CORE("gs_base", 8),
    CORE("st0", 10), CORE("st1", 10), CORE("st2", 10), CORE("st3", 10),
    CORE("st4", 10), CORE("st5", 10), CORE("st6", 10), CORE("st7", 10),
    CORE("fctrl", 4), CORE("fstat", 4), CORE("ftag", 4), CORE("fiseg", 4),
    CORE("fioff", 4), CORE("foseg", 4), CORE("fooff", 4), CORE("fop", 4),
    SSE("xmm0", 16), SSE("xmm1", 16), SSE("xmm2", 16), SSE("xmm3", 16),
    SSE("xmm4", 16), SSE("xmm5", 16), SSE("xmm6", 16), SSE("xmm7", 16),
    SSE("xmm8", 16), SSE("xmm9", 16), SSE("xmm10", 16), SSE("xmm11", 16),
    SSE("xmm12", 16), SSE("xmm13", 16), SSE("xmm14", 16), SSE("xmm15", 16),
    SSE("mxcsr", 4),
};
// clang-format on

static const uint8_t gp_order[NB_GP] = {0, 3, 1, 2, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15};
static const uint8_t seg_order[6] = {R_CS, R_SS, R_DS, R_ES, R_FS, R_GS};

// Two bits a register, 3 when it is empty.
static uint32_t tag_word(const CPUX86State *env)
{
    uint32_t tags = 0;
    for (unsigned i = 0; i < 8; i++) {
        tags |= env->fptags[i] ? 3u << 2 * i : 0;
    }
    return tags;
}

static uint32_t x87_control(const CPUX86State *env, unsigned n)
{
    switch (n) {
    case 0: return env->fpuc;
    case 1: return (env->fpus & ~0x3800u) | (env->fpstt & 7) << 11;
    case 2: return tag_word(env);
    case 4: return (uint32_t)env->fpip;
    case 6: return (uint32_t)env->fpdp;
    case 7: return env->fpop;
    default: return 0;
    }
}

void x86_state_get(const CPUState *cs, unsigned n, void *buf)
{
    const CPUX86State *env = (const CPUX86State *)cs;
    uint64_t v = 0;
    if (n < NB_GP) {
        v = env->regs[gp_order[n]];
    } else if (n == RIP) {
        v = env->rip;
    } else if (n == EFLAGS) {
        v = x86_eflags_get(env);
    } else if (n < FS_BASE) {
        v = env->segs[seg_order[n - SEGS]];
    } else if (n < ST) {
        v = n == FS_BASE ? env->fs_base : env->gs_base;
    } else if (n < FCTRL) {
        memcpy(buf, &env->fpregs[(env->fpstt + n - ST) & 7], 10);
        return;
    } else if (n < XMM) {
        v = x87_control(env, n - FCTRL);
    } else if (n < MXCSR) {
        memcpy(buf, &env->ymm[n - XMM], 16);
        return;
    } else {
        v = env->mxcsr;
    }
    memcpy(buf, &v, x86_state_regs[n].size);
}

bool x86_state_set(CPUState *cs, unsigned n, const void *buf)
{
    CPUX86State *env = (CPUX86State *)cs;
    uint64_t v = 0;
    unsigned size = x86_state_regs[n].size;
    memcpy(&v, buf, size < sizeof(v) ? size : sizeof(v));
    if (n < NB_GP) {
        env->regs[gp_order[n]] = v;
    } else if (n == RIP) {
        env->rip = v;
    } else if (n == EFLAGS) {
        x86_eflags_set(env, v, X86_CC_MASK | X86_DF | X86_NT | X86_AC | X86_ID);
    } else if (n < FS_BASE) {
        return false; // selectors have no descriptors to name
    } else if (n < ST) {
        *(n == FS_BASE ? &env->fs_base : &env->gs_base) = v;
    } else if (n < FCTRL) {
        memcpy(&env->fpregs[(env->fpstt + n - ST) & 7], buf, 10);
        env->fptags[(env->fpstt + n - ST) & 7] = 0;
    } else if (n == FCTRL) {
        env->fpuc = (uint16_t)v;
    } else if (n == FCTRL + 1) {
        env->fpus = (uint16_t)(v & ~0x3800u);
        env->fpstt = v >> 11 & 7;
    } else if (n < XMM) {
        return false;
    } else if (n < MXCSR) {
        memcpy(&env->ymm[n - XMM], buf, 16);
    } else {
        env->mxcsr = (uint32_t)v & 0xffff;
    }
    return true;
}
