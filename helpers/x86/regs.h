// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The x86 register table: TCG globals, `-d cpu`, debugger description, plugins and IR names all come from
// here.  No include guard.
//
//   X86_REG(enum-name, name, TCG type, field of CPUX86State, GDB number or -1)
//
// GDB numbers are those of the amd64 target (org.gnu.gdb.i386.core, .sse, .linux).  Rows whose type is
// not a TCG register (segment selectors, x87) are in X86_REG_STATE, which is not a TCG global.

X86_REG(RAX, "rax", I64, regs[0], 0)
X86_REG(RCX, "rcx", I64, regs[1], 2)
X86_REG(RDX, "rdx", I64, regs[2], 3)
X86_REG(RBX, "rbx", I64, regs[3], 1)
X86_REG(RSP, "rsp", I64, regs[4], 7)
X86_REG(RBP, "rbp", I64, regs[5], 6)
X86_REG(RSI, "rsi", I64, regs[6], 4)
X86_REG(RDI, "rdi", I64, regs[7], 5)
X86_REG(R8, "r8", I64, regs[8], 8)
X86_REG(R9, "r9", I64, regs[9], 9)
X86_REG(R10, "r10", I64, regs[10], 10)
X86_REG(R11, "r11", I64, regs[11], 11)
X86_REG(R12, "r12", I64, regs[12], 12)
X86_REG(R13, "r13", I64, regs[13], 13)
X86_REG(R14, "r14", I64, regs[14], 14)
X86_REG(R15, "r15", I64, regs[15], 15)
X86_REG(RIP, "rip", I64, rip, 16)
X86_REG(CC_Z, "cc_z", I64, cc_z, -1)
X86_REG(CC_N, "cc_n", I64, cc_n, -1)
X86_REG(CC_C, "cc_c", I64, cc_c, -1)
X86_REG(CC_O, "cc_o", I64, cc_o, -1)
X86_REG(CC_A, "cc_a", I64, cc_a, -1)
X86_REG(CC_OP, "cc_op", I64, cc_op, -1)
X86_REG(CC_P1, "cc_p1", I64, cc_p1, -1)
X86_REG(CC_P2, "cc_p2", I64, cc_p2, -1)
X86_REG(DF, "df", I64, df, -1)
X86_REG(FS_BASE, "fs_base", I64, fs_base, 58)
X86_REG(GS_BASE, "gs_base", I64, gs_base, 59)
#define X86_REG_VEC(N)                                                                             \
    X86_REG(XMM##N, "xmm" #N, V128, ymm[N].q[0], 40 + N)                                           \
    X86_REG(YMMH##N, "ymmh" #N, V128, ymm[N].q[2], -1)
X86_REG_VEC(0)
X86_REG_VEC(1)
X86_REG_VEC(2)
X86_REG_VEC(3)
X86_REG_VEC(4)
X86_REG_VEC(5)
X86_REG_VEC(6)
X86_REG_VEC(7)
X86_REG_VEC(8)
X86_REG_VEC(9)
X86_REG_VEC(10)
X86_REG_VEC(11)
X86_REG_VEC(12)
X86_REG_VEC(13)
X86_REG_VEC(14)
X86_REG_VEC(15)
#undef X86_REG_VEC
#define X86_REG_MM(N) X86_REG(MM##N, "mm" #N, V64, fpregs[N].mmx, -1)
X86_REG_MM(0)
X86_REG_MM(1)
X86_REG_MM(2)
X86_REG_MM(3)
X86_REG_MM(4)
X86_REG_MM(5)
X86_REG_MM(6)
X86_REG_MM(7)
#undef X86_REG_MM
#undef X86_REG
