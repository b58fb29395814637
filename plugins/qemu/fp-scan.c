// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Does a plugin's code do floating point?  While guest code runs, the host's FP unit is the guest's: its rounding, its
// exception flags.  A callback that computes must find the host's own there and must not leave flags behind, and
// to see to that costs more than the callback itself.  Most plugins never touch a floating-point value; who looks
// at their instructions once, when they are loaded, knows.
//
// Moves and logic on vector registers raise nothing and round nothing.  Every byte is looked at in a row; what is no
// instruction (padding, data) is passed over.

#include "qemu-face.h"

#if defined(__x86_64__)
#include <Zydis/Zydis.h>

static bool is_fp(const ZydisDecodedInstruction *insn)
{
    switch (insn->meta.category) {
    case ZYDIS_CATEGORY_X87_ALU:
    case ZYDIS_CATEGORY_CONVERT:
    case ZYDIS_CATEGORY_VFMA:
    case ZYDIS_CATEGORY_SSE:
    case ZYDIS_CATEGORY_AVX: return true;
    default: break;
    }
    switch (insn->mnemonic) { // loads of one number: it is for something
    case ZYDIS_MNEMONIC_MOVSS:
    case ZYDIS_MNEMONIC_MOVSD:
        return insn->meta.isa_ext == ZYDIS_ISA_EXT_SSE || insn->meta.isa_ext == ZYDIS_ISA_EXT_SSE2;
    case ZYDIS_MNEMONIC_VMOVSS:
    case ZYDIS_MNEMONIC_VMOVSD:
    case ZYDIS_MNEMONIC_LDMXCSR:
    case ZYDIS_MNEMONIC_VLDMXCSR: return true;
    default: return false;
    }
}

bool qemu_code_without_fp(uintptr_t start, uintptr_t end)
{
    ZydisDecoder decoder;
    ZydisDecodedInstruction insn;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (uintptr_t at = start; at < end;) {
        const void *bytes = (const void *)at;
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, NULL, bytes, end - at, &insn))) {
            at++;
            continue;
        }
        if (is_fp(&insn)) {
            return false;
        }
        at += insn.length;
    }
    return end > start;
}
#else
bool qemu_code_without_fp(uintptr_t start, uintptr_t end)
{
    (void)start;
    (void)end;
    return false;
}
#endif
