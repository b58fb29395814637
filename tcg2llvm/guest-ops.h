// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Guest operations in the IR.  While passes and dumps look at a unit they are calls by name:
// guest-op-table.h has the names, their arguments and when they appear; docs/writing-a-pass.md shows it to
// people.
//
// <t> is the type in memory: i8 i16 i32 i64 i128 f32 f64 v64 v128 v256; <op> one of xchg add and or xor
// smin umin smax umax.  memop is a constant: MemOp bits (tcg/tcg.h), and GUEST_OP_ bits.  Each
// call has the instruction's guest pc as metadata, !guest.pc !{i64 pc}.  Loads and stores of guest registers,
// in env or in a function's own copy, have the register's name as metadata, !guest.reg !{!"rax"}.
//
// guest_ops_lower makes plain IR of those that are left.  Where nobody looks, the plain IR is emitted at
// once: the same functions do both.
#ifndef MYNA_TCG2LLVM_GUEST_OPS_H
#define MYNA_TCG2LLVM_GUEST_OPS_H

#include "tcg2llvm/lower.h"

enum {
    GUEST_OP_VOLATILE = 0x1000, // the access must stay where it is: a handler may look at the state
    GUEST_OP_ORDERED = 0x2000,  // it stays, and in its order: another thread may look at the memory
};

// Marks the start of a block of so many instructions, and of an instruction (units with guest_ops only).
void guest_ops_block(LLVMUnit *u, uint64_t pc, unsigned insns);
void guest_ops_insn(LLVMUnit *u, uint64_t pc);
// Marks a system call; the marker.
Value guest_ops_syscall(LLVMUnit *u);
// Marks that the guest calls or returns, as the current instruction does (LLVMUnit.flow); nothing when it does
// neither.  target: where to, an i64; NULL: what pc_global holds.
Value guest_ops_flow(LLVMUnit *u, Value target); // the marker, or NULL
// Names the register that an access is to.
void guest_ops_reg(LLVMUnit *u, Value access, const char *name);
// Is the op a load or store that lowers to nothing else but that, and bytes reversed?
bool guest_ops_is_plain(const TCGOp *op);
// Lowers the named operations in the unit's module.
void guest_ops_lower(LLVMUnit *u);
// NULL, or what is wrong with guest operations in a module that somebody has changed; g_free it.
char *guest_ops_check(LLVMModuleRef module);

// What lowered guest operations call when LLVM has no instruction for them: to be defined in the Jit
// under these names (jit_define).
uint64_t myna_guest_atomic_swapped(uint64_t addr, uint64_t value, uint32_t op, uint32_t memop);
void myna_guest_check_align(void *env, uint64_t addr, uint32_t memop, uint32_t write);

#endif
