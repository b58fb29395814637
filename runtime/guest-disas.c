// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Disassembly of what lies in guest memory.

#include "guest-disas.h"
#include "guest-memory.h"

size_t guest_disassemble(const GuestISA *isa, uint64_t pc, char *buf, size_t size)
{
    uint8_t bytes[16];
    size_t len = sizeof(bytes);
    if (!guest_read(pc, bytes, len)) {
        // The next page may be none: what is left of this one.
        len = GUEST_PAGE_SIZE - (pc & ~GUEST_PAGE_MASK);
        if (len >= sizeof(bytes) || !guest_read(pc, bytes, len)) {
            return 0;
        }
    }
    return isa->disassemble(NULL, pc, bytes, len, buf, size);
}

LLVMFlow guest_flow(const GuestISA *isa, uint64_t pc, const uint8_t *bytes, size_t len,
                    uint64_t *next)
{
    size_t size = 0;
    unsigned class = len && isa->insn_class ? isa->insn_class(bytes, len, &size) : 0;
    *next = pc + size;
    return class & GUEST_INSN_CALL     ? LLVM_FLOW_CALL
           : class & GUEST_INSN_RETURN ? LLVM_FLOW_RETURN
                                       : LLVM_FLOW_NONE;
}
