// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Disassembly for logs: Zydis's formatter, in Intel's syntax, as the manuals have it.

#include <Zydis/Zydis.h>
#include <glib.h>
#include <stdio.h>

#include "frontend/x86/isa.h"
#include "helpers/x86/cpu.h"

size_t x86_disassemble(const CPUState *cs, uint64_t pc, const uint8_t *bytes, size_t len, char *buf,
                       size_t size)
{
    const CPUX86State *env = (const CPUX86State *)cs;
    bool code64 = !env || env->code64;
    ZydisDecoder decoder;
    ZydisFormatter formatter;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];

    ZydisDecoderInit(&decoder, code64 ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                     code64 ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
    ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, len, &insn, op)) ||
        !ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, &insn, op,
                                                      insn.operand_count_visible, buf, size, pc,
                                                      NULL))) {
        snprintf(buf, size, "(bad)");
        return 0;
    }
    return insn.length;
}
