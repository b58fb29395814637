// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The host instruction that a signal stopped at, for handlers that make it good (fault-tag.c, fault-fp.c), and the registers there.
// x86-64 hosts alone.

#ifndef RUNTIME_HOST_INSN_H
#define RUNTIME_HOST_INSN_H

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#include "tcg2llvm/state-notes.h"

#define HOST_TRAP_FLAG 0x100 // EFLAGS: stop behind the next instruction

typedef struct HostInsn {
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
} HostInsn;

bool host_insn_decode(const ucontext_t *uc, HostInsn *h);
// The number in gregs of a general-purpose register; -1 for others, and none.
int host_greg_of(ZydisRegister r);
// The value of greg n, 0 for -1.
uint64_t host_greg(const ucontext_t *uc, int n);
// What a memory operand names, without a segment's base.
uint64_t host_insn_address(const ucontext_t *uc, const HostInsn *h, const ZydisDecodedOperand *m);
// Where the signal's frame has 16 bytes of vector register n, the i-th from its low end; NULL when not there.
void *host_vector_part(const ucontext_t *uc, unsigned n, unsigned i);
// All that a fault's handler may have to put into env (tcg2llvm/state-notes.h); regs refers to uc.
void host_state_regs(const ucontext_t *uc, StateRegs *regs);
// A mask register of AVX-512.
uint64_t host_mask_register(const ucontext_t *uc, unsigned n);

#endif
