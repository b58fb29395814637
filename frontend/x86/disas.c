// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Disassembly for logs: Zydis's formatter, in Intel's syntax, as the manuals have it; and what a page
// fault's error code needs to know of the instruction.

#include <Zydis/Zydis.h>
#include <glib.h>
#include <stdio.h>

#include "frontend/x86/isa.h"
#include "helpers/x86/cpu.h"

static ZydisDecoder decoder_for(bool code64)
{
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, code64 ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                     code64 ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
    return decoder;
}

unsigned x86_memory_use(bool code64, const uint8_t *bytes, size_t len)
{
    ZydisDecoder decoder = decoder_for(code64);
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
    bool writes = false, only_reads = false, stack = false, other = false;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, len, &insn, op))) {
        return 0;
    }
    for (unsigned i = 0; i < insn.operand_count; i++) {
        if (op[i].type == ZYDIS_OPERAND_TYPE_MEMORY && op[i].mem.type == ZYDIS_MEMOP_TYPE_MEM) {
            bool write = op[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
            writes |= write;
            only_reads |= !write;
            stack |= op[i].mem.segment == ZYDIS_REGISTER_SS;
            other |= op[i].mem.segment != ZYDIS_REGISTER_SS;
        }
    }
    return (writes && !only_reads ? X86_USE_WRITE : 0) | (stack && !other ? X86_USE_STACK : 0);
}

unsigned x86_insn_class(const uint8_t *bytes, size_t len, size_t *size)
{
    ZydisDecoder decoder = decoder_for(true);
    ZydisDecodedInstruction insn;
    *size = 0;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, NULL, bytes, len, &insn))) {
        return 0;
    }
    *size = insn.length;
    switch (insn.mnemonic) {
    case ZYDIS_MNEMONIC_CALL: return GUEST_INSN_CALL;
    case ZYDIS_MNEMONIC_RET: return GUEST_INSN_RETURN;
    case ZYDIS_MNEMONIC_SYSCALL: return GUEST_INSN_SYSCALL;
    case ZYDIS_MNEMONIC_CPUID: return GUEST_INSN_HYPERCALL;
    default: return 0;
    }
}

size_t x86_disassemble(const CPUState *cs, uint64_t pc, const uint8_t *bytes, size_t len, char *buf,
                       size_t size)
{
    const CPUX86State *env = (const CPUX86State *)cs;
    bool code64 = !env || env->code64;
    ZydisDecoder decoder = decoder_for(code64);
    ZydisFormatter formatter;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];

    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, len, &insn, op)) ||
        !ZYAN_SUCCESS(ZydisFormatterFormatInstruction(
            &formatter, &insn, op, insn.operand_count_visible, buf, size, pc, NULL))) {
        snprintf(buf, size, "(bad)");
        return 0;
    }
    return insn.length;
}
