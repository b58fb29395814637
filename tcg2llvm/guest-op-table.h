// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The named guest operations: what a pass may meet.  No include guard.
//
//   GUEST_OP(name, result, arguments, when it appears)
//
// docs/writing-a-pass.md has this table for people; unit.guest_ops compares the two, and the names that are
// emitted with both.  Every call has `ptr env`, the CPU state, as its first argument.

// clang-format off
GUEST_OP("guest.block", "void", "env, i64 pc, i32 insns", "a translation block of so many instructions starts")
GUEST_OP("guest.insn", "void", "env, i64 pc", "an instruction starts; !guest.asm is its disassembly")
GUEST_OP("guest.ld.<t>", "<t>", "env, i64 address, i32 memop", "the guest loads")
GUEST_OP("guest.st.<t>", "void", "env, <t> value, i64 address, i32 memop", "the guest stores")
GUEST_OP("guest.atomic.<op>.<t>", "<t>", "env, i64 address, <t> value, i32 memop", "atomic read-modify-write; the result is the old value")
GUEST_OP("guest.atomic.cmpxchg.<t>", "<t>", "env, i64 address, <t> expected, <t> new, i32 memop", "atomic compare and exchange; the result is the old value")
GUEST_OP("guest.syscall", "void", "env", "a system call; all registers are in env")
GUEST_OP("guest.call", "void", "env, i64 target, i64 return", "the guest calls a function; `return` is where it is to come back")
GUEST_OP("guest.ret", "void", "env, i64 target", "the guest returns from a function")
// clang-format on
