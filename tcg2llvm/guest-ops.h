// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Guest operations in the IR.  While passes and dumps look at a unit they are calls by name:
//
//   <t>  guest.ld.<t>(ptr env, i64 address, i32 memop)
//   void guest.st.<t>(ptr env, <t> value, i64 address, i32 memop)
//   <t>  guest.atomic.<op>.<t>(ptr env, i64 address, <t> value, i32 memop)      the old value
//   <t>  guest.atomic.cmpxchg.<t>(ptr env, i64 address, <t> expected, <t> new, i32 memop)
//   void guest.insn(ptr env, i64 pc)          an instruction starts
//   void guest.syscall(ptr env)               the guest's system-call instruction, state is in env
//
// <t> is the type in memory: i8 i16 i32 i64 i128 f32 f64 v64 v128 v256; <op> one of xchg add and or xor
// smin umin smax umax.  memop is a constant: MemOp bits (tcg/tcg.h), and GUEST_OP_ bits.  Each
// call has the instruction's guest pc as metadata, !guest.pc !{i64 pc}.
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

// Marks the start of an instruction (units with guest_ops only).
void guest_ops_insn(LLVMUnit *u, uint64_t pc);
// Marks a system call; the marker.
Value guest_ops_syscall(LLVMUnit *u);
// Lowers the named operations in the unit's module.
void guest_ops_lower(LLVMUnit *u);

// What lowered guest operations call when LLVM has no instruction for them: to be defined in the Jit
// under these names (jit_define).
uint64_t myna_guest_atomic_swapped(uint64_t addr, uint64_t value, uint32_t op, uint32_t memop);
void myna_guest_check_align(void *env, uint64_t addr, uint32_t memop, uint32_t write);

#endif
