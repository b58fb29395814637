// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See host-insn.h.

#if defined(__x86_64__)

#include "host-insn.h"

#include <cpuid.h>
#include <string.h>

bool host_insn_decode(const ucontext_t *uc, HostInsn *h)
{
    ZydisDecoder decoder;
    const void *at = (const void *)(uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return ZYAN_SUCCESS(
        ZydisDecoderDecodeFull(&decoder, at, ZYDIS_MAX_INSTRUCTION_LENGTH, &h->insn, h->op));
}

int host_greg_of(ZydisRegister r)
{
    static const int8_t gregs[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                     REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                     REG_R12, REG_R13, REG_R14, REG_R15};
    ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, r);
    return ZydisRegisterGetClass(whole) == ZYDIS_REGCLASS_GPR64 ? gregs[ZydisRegisterGetId(whole)]
                                                                : -1;
}

uint64_t host_greg(const ucontext_t *uc, int n)
{
    return n < 0 ? 0 : (uint64_t)uc->uc_mcontext.gregs[n];
}

uint64_t host_insn_address(const ucontext_t *uc, const HostInsn *h, const ZydisDecodedOperand *m)
{
    uint64_t base = m->mem.base == ZYDIS_REGISTER_RIP
                        ? (uint64_t)uc->uc_mcontext.gregs[REG_RIP] + h->insn.length
                        : host_greg(uc, host_greg_of(m->mem.base));
    return base + host_greg(uc, host_greg_of(m->mem.index)) * m->mem.scale +
           (m->mem.disp.has_displacement ? (uint64_t)m->mem.disp.value : 0);
}

// --- XSAVE's area, behind the 512 bytes that FXSAVE knows (SDM volume 1, 13.4) -------------------------

enum { XSAVE_YMM = 2, XSAVE_MASKS = 5, XSAVE_ZMM_HIGH = 6, XSAVE_ZMM_16 = 7 };
#define XSAVE_HEADER 512
#define FRAME_MAGIC_AT 464 // the kernel's own words about the frame: struct _fpx_sw_bytes
#define FRAME_MAGIC 0x46505853u

static uint8_t *component(const ucontext_t *uc, unsigned n)
{
    uint8_t *area = (uint8_t *)uc->uc_mcontext.fpregs;
    uint32_t magic, size, offset, ignored;
    uint64_t present;
    memcpy(&magic, area + FRAME_MAGIC_AT, sizeof(magic));
    memcpy(&present, area + XSAVE_HEADER, sizeof(present));
    if (magic != FRAME_MAGIC || !(present >> n & 1) ||
        !__get_cpuid_count(0xd, n, &size, &offset, &ignored, &ignored)) {
        return NULL;
    }
    return area + offset;
}

void *host_vector_part(const ucontext_t *uc, unsigned n, unsigned i)
{
    uint8_t *at;
    if (!uc->uc_mcontext.fpregs) {
        return NULL;
    }
    if (n >= 16) {
        at = component(uc, XSAVE_ZMM_16);
        return at ? at + (n - 16) * 64 + i * 16 : NULL;
    }
    if (i == 0) {
        return &uc->uc_mcontext.fpregs->_xmm[n];
    }
    at = component(uc, i == 1 ? XSAVE_YMM : XSAVE_ZMM_HIGH);
    return !at ? NULL : i == 1 ? at + n * 16 : at + n * 32 + (i - 2) * 16;
}

static void vector_register(const void *context, unsigned n, uint8_t value[32])
{
    for (unsigned i = 0; i < 2; i++) {
        const void *part = host_vector_part(context, n, i);
        if (part) {
            memcpy(value + 16 * i, part, 16);
        } else {
            memset(value + 16 * i, 0, 16); // in its initial state
        }
    }
}

void host_state_regs(const ucontext_t *uc, StateRegs *regs)
{
    static const uint8_t order[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                    REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                    REG_R12, REG_R13, REG_R14, REG_R15};
    for (unsigned i = 0; i < sizeof(order); i++) {
        regs->gpr[i] = (uint64_t)uc->uc_mcontext.gregs[order[i]];
    }
    regs->vector = vector_register;
    regs->context = uc;
}

uint64_t host_mask_register(const ucontext_t *uc, unsigned n)
{
    uint64_t mask = 0;
    const uint8_t *at = component(uc, XSAVE_MASKS);
    if (at) {
        memcpy(&mask, at + n * sizeof(mask), sizeof(mask));
    }
    return mask;
}

#endif
