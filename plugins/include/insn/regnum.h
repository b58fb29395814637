// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Register numbers for qemulib_read_register (plugins.h).
//
// The I386_ names are the 32-bit registers, 4 bytes each, in the order of GDB's i386 target; on an x86-64
// guest they are the low halves of the 64-bit ones.  The AMD64_ names have 8 bytes, in the order of GDB's amd64
// target, EFLAGS 4.  The AARCH64_ names have 8 bytes, PSTATE (GDB's cpsr) 4.

#ifndef MYNA_INSN_REGNUM_H
#define MYNA_INSN_REGNUM_H

enum {
    I386_EAX_REGNUM = 0,
    I386_ECX_REGNUM,
    I386_EDX_REGNUM,
    I386_EBX_REGNUM,
    I386_ESP_REGNUM,
    I386_EBP_REGNUM,
    I386_ESI_REGNUM,
    I386_EDI_REGNUM,
    I386_EIP_REGNUM,
    I386_EFLAGS_REGNUM,
    I386_NUM_REGS,

    AMD64_RAX_REGNUM = 0x100,
    AMD64_RBX_REGNUM,
    AMD64_RCX_REGNUM,
    AMD64_RDX_REGNUM,
    AMD64_RSI_REGNUM,
    AMD64_RDI_REGNUM,
    AMD64_RBP_REGNUM,
    AMD64_RSP_REGNUM,
    AMD64_R8_REGNUM,
    AMD64_R9_REGNUM,
    AMD64_R10_REGNUM,
    AMD64_R11_REGNUM,
    AMD64_R12_REGNUM,
    AMD64_R13_REGNUM,
    AMD64_R14_REGNUM,
    AMD64_R15_REGNUM,
    AMD64_RIP_REGNUM,
    AMD64_EFLAGS_REGNUM,
    AMD64_NUM_REGS,

    AARCH64_X0_REGNUM = 0x200, // X1 to X30 follow
    AARCH64_SP_REGNUM = AARCH64_X0_REGNUM + 31,
    AARCH64_PC_REGNUM,
    AARCH64_PSTATE_REGNUM,
    AARCH64_NUM_REGS,
};

#endif
