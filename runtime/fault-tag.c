// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Accesses through tagged pointers.
//
// On some guests the upper bits of a data address are ignored (GuestISA.tag_bits).  Hardly any program
// makes use of it, and to clear them before each access costs a quarter of the speed of code that is
// about memory.  So blocks are translated as if there were none.  The first access through a tagged
// pointer faults: an x86-64 host knows no such address.  Then
//
//   * that access is made good here: the register with the tag in the host's instruction is cleared of
//     it, the instruction runs alone (the trap flag), the register gets its tag back;
//   * from now on blocks are translated with CF_TAGGED, which clears tags; the cache is flushed.
//
// Until the flush, each access of an old block comes here, at a few microseconds each.
//
// A register that the instruction itself writes is not given the tag back, unless it is written in part.
// What is not understood (string instructions, two scaled registers) stays a fault.

#include "fault-tag.h"

#include <stdint.h>

#if defined(__x86_64__)

#include "host-insn.h"

static _Thread_local struct {
    volatile bool active;
    bool restore;
    int reg;        // index in gregs
    uint64_t delta; // what was added to it
} fixup;

static const ZydisDecodedOperand *memory_operand(const ZydisDecodedInstruction *insn,
                                                 const ZydisDecodedOperand *op)
{
    const ZydisDecodedOperand *m = NULL;
    for (unsigned i = 0; i < insn->operand_count; i++) {
        if (op[i].type == ZYDIS_OPERAND_TYPE_MEMORY && op[i].mem.type == ZYDIS_MEMOP_TYPE_MEM) {
            if (m) {
                return NULL;
            }
            m = &op[i];
        }
    }
    return m;
}

// The top bits of a sum are as well cleared in any one term of it, for the carries into them are lost.
static int choose_register(const ZydisDecodedOperand *m)
{
    int base = host_greg_of(m->mem.base), index = host_greg_of(m->mem.index);
    if (base >= 0 && base != REG_RSP && base != index) {
        return base;
    }
    return index >= 0 && m->mem.scale == 1 && base != index ? index : -1;
}

static bool is_overwritten(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *op,
                           int reg)
{
    for (unsigned i = 0; i < insn->operand_count; i++) {
        if (op[i].type == ZYDIS_OPERAND_TYPE_REGISTER && host_greg_of(op[i].reg.value) == reg &&
            (op[i].actions & ZYDIS_OPERAND_ACTION_WRITE) && op[i].size >= 32) {
            return true;
        }
    }
    return false;
}

bool fault_tag_begin(ucontext_t *uc, unsigned tag_bits)
{
    HostInsn h;
    if (fixup.active || !host_insn_decode(uc, &h) ||
        h.insn.meta.category == ZYDIS_CATEGORY_STRINGOP) {
        return false;
    }
    const ZydisDecodedOperand *m = memory_operand(&h.insn, h.op);
    int reg = m ? choose_register(m) : -1;
    if (reg < 0) {
        return false;
    }
    uint64_t tag = host_insn_address(uc, &h, m) & ~(~0ull >> tag_bits);
    if (!tag) {
        return false;
    }
    fixup.reg = reg;
    fixup.delta = -tag;
    fixup.restore = !is_overwritten(&h.insn, h.op, reg);
    fixup.active = true;
    uc->uc_mcontext.gregs[reg] -= (greg_t)tag;
    uc->uc_mcontext.gregs[REG_EFL] |= HOST_TRAP_FLAG;
    return true;
}

bool fault_tag_end(ucontext_t *uc)
{
    if (!fixup.active) {
        return false;
    }
    fixup.active = false;
    uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)HOST_TRAP_FLAG;
    if (fixup.restore) {
        uc->uc_mcontext.gregs[fixup.reg] -= (greg_t)fixup.delta;
    }
    return true;
}

void fault_tag_forget(void) { fixup.active = false; }

#else // a host that ignores the same bits, or one whose frontends have to be told (CF_TAGGED) from the start

bool fault_tag_begin(ucontext_t *uc, unsigned tag_bits)
{
    (void)uc;
    (void)tag_bits;
    return false;
}

bool fault_tag_end(ucontext_t *uc)
{
    (void)uc;
    return false;
}

void fault_tag_forget(void) {}

#endif
