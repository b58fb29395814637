// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integer instructions, each natively and under the interpreter and LLVM from the same state, many states
// each.
// One line a case: the flags that the manuals define after it, and the code.
//
// RSI, RDI and RBP point into a buffer, RSP to a stack; the other registers hold numbers.  A case may
// fault; then the signal and the registers at it are compared.
//
// LINK: myna_test_x86_llvm
// TIMEOUT: 300

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "x86-native.h"

#include "frontend/translator.h"
#include "helpers/x86/cpu.h"

// --- what a case says beside its code ---------------------------------------------------------------

#define C 0x001
#define P 0x004
#define A 0x010
#define Z 0x040
#define S 0x080
#define O 0x800
#define ALL 0x8d5
#define LOGIC 0x8c5 // all but AF
#define SHIFT1 0x8c5
#define SHIFT 0x0c5  // OF is defined for a count of 1 alone
#define SHIFTN 0x0c4 // narrow: CF is undefined for counts above the width
#define ROTATE1 0x8d5
#define ROTATE 0x0d5 // the others are left alone
#define DIRECTION 0x400
#define COUNT 0x10000 // RCX is 0 .. 24
#define BITS 0x20000  // RBX is -4000 .. 4000
#define HALF 0x40000  // RDX is below half of the divisor RBX or so: most divisions succeed

// clang-format off
// --- the cases -----------------------------------------------------------------------------------------

// An operation on the four sizes, register and memory destination, memory and immediate source.
#define ALU(flags, op)                                                                             \
    X86_CASE(flags, op "b %bl, %al") X86_CASE(flags, op "w %bx, %ax")                              \
    X86_CASE(flags, op "l %ebx, %eax") X86_CASE(flags, op "q %rbx, %rax")                          \
    X86_CASE(flags, op "b %ah, %bl") X86_CASE(flags, op "b %dl, %ch") X86_CASE(flags, op "b %bh, %ah") \
    X86_CASE(flags, op "b %r8b, %sil") X86_CASE(flags, op "l %eax, %eax")                          \
    X86_CASE(flags, op "q %r9, %r10") X86_CASE(flags, op "b %bl, (%rsi)")                          \
    X86_CASE(flags, op "w %bx, 2(%rsi)") X86_CASE(flags, op "l %r11d, 4(%rsi)")                    \
    X86_CASE(flags, op "q %rbx, -8(%rdi)") X86_CASE(flags, op "b $0x85, %al")                      \
    X86_CASE(flags, op "b $-1, (%rsi)") X86_CASE(flags, op "w $0x8123, %cx")                       \
    X86_CASE(flags, op "w $-3, (%rdi)") X86_CASE(flags, op "l $-7, %edx")                          \
    X86_CASE(flags, op "l $0x87654321, 1(%rsi)") X86_CASE(flags, op "q $-1, %r15")                 \
    X86_CASE(flags, op "q $0x7fffffff, (%rdi)") X86_CASE(flags, op "q $-0x80000000, %rax")
#define ALU_LOAD(flags, op)                                                                        \
    X86_CASE(flags, op "b (%rsi), %al") X86_CASE(flags, op "w 2(%rsi), %ax")                       \
    X86_CASE(flags, op "l 4(%rsi), %r12d") X86_CASE(flags, op "q 8(%rsi), %rcx")
#define LOCKED(flags, op)                                                                          \
    X86_CASE(flags, "lock " op "b %bl, (%rsi)") X86_CASE(flags, "lock " op "w %bx, (%rsi)")        \
    X86_CASE(flags, "lock " op "l %ebx, (%rsi)") X86_CASE(flags, "lock " op "q %rbx, (%rsi)")      \
    X86_CASE(flags, "lock " op "l $-5, (%rsi)")
#define UNARY(flags, op)                                                                           \
    X86_CASE(flags, op "b %al") X86_CASE(flags, op "b %ah") X86_CASE(flags, op "b %dil")           \
    X86_CASE(flags, op "w %cx") X86_CASE(flags, op "l %edx") X86_CASE(flags, op "q %r8")           \
    X86_CASE(flags, op "b (%rsi)") X86_CASE(flags, op "w (%rsi)") X86_CASE(flags, op "l (%rsi)")   \
    X86_CASE(flags, op "q (%rsi)")
#define LOCKED_UNARY(flags, op)                                                                    \
    X86_CASE(flags, "lock " op "b (%rsi)") X86_CASE(flags, "lock " op "w (%rsi)")                  \
    X86_CASE(flags, "lock " op "l (%rsi)") X86_CASE(flags, "lock " op "q (%rsi)")

ALU(ALL, "add") ALU(ALL, "sub") ALU(ALL, "adc") ALU(ALL, "sbb") ALU(ALL, "cmp")
ALU(LOGIC, "and") ALU(LOGIC, "or") ALU(LOGIC, "xor") ALU(LOGIC, "test")
ALU_LOAD(ALL, "add") ALU_LOAD(ALL, "sub") ALU_LOAD(ALL, "adc") ALU_LOAD(ALL, "sbb")
ALU_LOAD(ALL, "cmp") ALU_LOAD(LOGIC, "and") ALU_LOAD(LOGIC, "or") ALU_LOAD(LOGIC, "xor")
LOCKED(ALL, "add") LOCKED(ALL, "sub") LOCKED(ALL, "adc") LOCKED(ALL, "sbb")
LOCKED(LOGIC, "and") LOCKED(LOGIC, "or") LOCKED(LOGIC, "xor")
UNARY(ALL, "inc") UNARY(ALL, "dec") UNARY(ALL, "neg") UNARY(ALL, "not")
LOCKED_UNARY(ALL, "inc") LOCKED_UNARY(ALL, "dec") LOCKED_UNARY(ALL, "neg") LOCKED_UNARY(ALL, "not")
X86_CASE(LOGIC, "xor %eax, %eax") X86_CASE(LOGIC, "xor %bl, %bl") X86_CASE(ALL, "sub %rcx, %rcx")
X86_CASE(LOGIC, "xor %ah, %al") X86_CASE(ALL, "sbb %eax, %eax") X86_CASE(ALL, "adc %rdx, %rdx")
X86_CASE(ALL, "add %ah, %ah") X86_CASE(LOGIC, "and %rax, %rax") X86_CASE(LOGIC, "or %ch, %ch")

// ADX.
X86_CASE(ALL, "adcx %rbx, %rax") X86_CASE(ALL, "adox %rbx, %rax") X86_CASE(ALL, "adcx %ebx, %eax")
X86_CASE(ALL, "adox (%rsi), %eax") X86_CASE(ALL, "adcx %rax, %rax")
X86_CASE(ALL, "add %rax, %rbx; adcx %rcx, %rdx; adox %rdx, %r8; adcx %r9, %r10")

// Moves.
X86_CASE(ALL, "mov %rbx, %rax") X86_CASE(ALL, "mov %ebx, %eax") X86_CASE(ALL, "mov %bx, %ax")
X86_CASE(ALL, "mov %bh, %al") X86_CASE(ALL, "mov %al, %ch") X86_CASE(ALL, "mov $0x12, %dh")
X86_CASE(ALL, "mov %eax, %eax") X86_CASE(ALL, "mov (%rsi), %eax") X86_CASE(ALL, "mov (%rsi), %ah")
X86_CASE(ALL, "mov (%rsi), %ax") X86_CASE(ALL, "mov (%rsi), %r9") X86_CASE(ALL, "mov %ah, (%rsi)")
X86_CASE(ALL, "movabs $0x123456789abcdef0, %rdx") X86_CASE(ALL, "mov $-5, %rdx")
X86_CASE(ALL, "mov $-5, %edx") X86_CASE(ALL, "movq $-5, (%rsi)") X86_CASE(ALL, "movw $-5, (%rsi)")
X86_CASE(ALL, "movzbl %ah, %ecx") X86_CASE(ALL, "movzbw %cl, %ax") X86_CASE(ALL, "movzwl %cx, %eax")
X86_CASE(ALL, "movzbq %r8b, %rax") X86_CASE(ALL, "movzwq (%rsi), %rax") X86_CASE(ALL, "movsbl %ah, %ecx")
X86_CASE(ALL, "movsbw %cl, %ax") X86_CASE(ALL, "movswl (%rsi), %eax") X86_CASE(ALL, "movsbq (%rdi), %rax")
X86_CASE(ALL, "movslq %ecx, %rax") X86_CASE(ALL, "movslq (%rsi), %r12") X86_CASE(ALL, "movswq %r8w, %rax")
X86_CASE(ALL, "movzbl (%rsi), %eax") X86_CASE(ALL, "movsbl (%rsi), %eax")
X86_CASE(ALL, ".byte 0x63, 0xc1") X86_CASE(ALL, ".byte 0x66, 0x63, 0xc1")
X86_CASE(ALL, "movbe (%rsi), %rax") X86_CASE(ALL, "movbe (%rsi), %eax") X86_CASE(ALL, "movbe (%rsi), %ax")
X86_CASE(ALL, "movbe %rax, (%rsi)") X86_CASE(ALL, "movbe %eax, (%rsi)") X86_CASE(ALL, "movbe %ax, (%rsi)")
X86_CASE(ALL, "bswap %rax") X86_CASE(ALL, "bswap %r9d") X86_CASE(ALL, "movnti %rax, (%rsi)")
X86_CASE(ALL, "movnti %eax, (%rsi)")
X86_CASE(ALL, "cbw") X86_CASE(ALL, "cwde") X86_CASE(ALL, "cdqe") X86_CASE(ALL, "cwd") X86_CASE(ALL, "cdq")
X86_CASE(ALL, "cqo") X86_CASE(ALL, "mov %rbp, %rbx; movzbl %al, %eax; xlatb")
X86_CASE(ALL, "mov %cs, %eax; mov %ss, %rbx; mov %ds, %cx; mov %es, (%rsi)")
X86_CASE(ALL, "mov %ds, %eax; mov %eax, %es; push %fs; pop %rax")

// Addresses.
X86_CASE(ALL, "lea (%rax,%rbx,4), %rcx") X86_CASE(ALL, "lea -5(%rax,%rbx,8), %ecx")
X86_CASE(ALL, "lea 0x7fffffff(%rax), %cx") X86_CASE(ALL, "lea (,%rbx,2), %rcx")
X86_CASE(ALL, "lea (%eax,%ebx,4), %rcx") X86_CASE(ALL, "lea 7(%rax), %rax")
X86_CASE(ALL, "lea 0x12345678, %rax") X86_CASE(ALL, "lea -1(%esp), %r9")
X86_CASE(ALL, "and $31, %ecx; mov (%rsi,%rcx,8), %rax") X86_CASE(ALL, "and $31, %ecx; mov -3(%rbp,%rcx), %al")
X86_CASE(ALL, "and $63, %ebx; add %rbx, (%rsi,%rbx,4)")
X86_CASE(ALL, "mov (%rsp), %rax; mov 8(%rsp), %rbx")

// Conditions: every code from every kind of flags that may be pending.
#define SETCC                                                                                      \
    "; seto (%rdi); setno 1(%rdi); setc 2(%rdi); setnc 3(%rdi); setz 4(%rdi); setnz 5(%rdi); "     \
    "setbe 6(%rdi); seta 7(%rdi); sets 8(%rdi); setns 9(%rdi); setp 10(%rdi); setnp 11(%rdi); "    \
    "setl 12(%rdi); setge 13(%rdi); setle 14(%rdi); setg 15(%rdi)"
#define CMOV(cc) "cmov" cc " %rbx, %r8; lea (%r8,%r8,2), %r8; "
#define CMOVCC                                                                                     \
    "; " CMOV("g") CMOV("le") CMOV("ge") CMOV("l") CMOV("np") CMOV("p") CMOV("ns") CMOV("s")       \
    CMOV("a") CMOV("be") CMOV("nz") CMOV("z") CMOV("nc") CMOV("c") CMOV("no") CMOV("o")
#define JUMP(cc, n) "j" cc " 1f; lea " n "(%r8), %r8; 1: "
#define JCC                                                                                        \
    "; " JUMP("o", "1") JUMP("no", "2") JUMP("c", "4") JUMP("nc", "8") JUMP("z", "16")             \
    JUMP("nz", "32") JUMP("be", "64") JUMP("a", "128") JUMP("s", "256") JUMP("ns", "512")          \
    JUMP("p", "1024") JUMP("np", "2048") JUMP("l", "4096") JUMP("ge", "8192")                      \
    JUMP("le", "16384") JUMP("g", "32768")
// One condition straight after the writer, so that it is not helped by the one before.
#define SINGLES(flags, op)                                                                         \
    X86_CASE(flags, op "; seto %cl") X86_CASE(flags, op "; setc %cl") X86_CASE(flags, op "; setz %cl") \
    X86_CASE(flags, op "; setbe %cl") X86_CASE(flags, op "; sets %cl") X86_CASE(flags, op "; setp %cl") \
    X86_CASE(flags, op "; setl %cl") X86_CASE(flags, op "; setle %cl")                             \
    X86_CASE(flags, op "; jg 1f; inc %r8; 1:") X86_CASE(flags, op "; ja 1f; mov $1, %ecx; add %ecx, %edx; 1:") \
    X86_CASE(flags, op "; jl 1f; sub %rcx, %rdx; 1: adc $0, %rbx")                                 \
    X86_CASE(flags, op "; jnz 1f; cmp %rcx, %rdx; 1: rcl $1, %rbx; setp %cl")                          \
    X86_CASE(flags, op SETCC) X86_CASE(flags, op CMOVCC) X86_CASE(flags, op JCC)
#define WRITERS(flags, op, b, w, l, q)                                                             \
    SINGLES(flags, op "b " b) SINGLES(flags, op "w " w) SINGLES(flags, op "l " l) SINGLES(flags, op "q " q)

WRITERS(ALL, "add", "%bl, %al", "%bx, %ax", "%ebx, %eax", "%rbx, %rax")
WRITERS(ALL, "sub", "%bl, %ah", "%bx, %ax", "%ebx, %eax", "%rbx, %rax")
WRITERS(ALL, "cmp", "%bl, %al", "%bx, %ax", "%ebx, %eax", "%rbx, %rax")
WRITERS(ALL, "cmp", "$-3, %al", "$0x1234, %ax", "$-9, %eax", "$17, %rax")
WRITERS(LOGIC, "test", "%bl, %al", "%bx, %ax", "%eax, %eax", "%rbx, %rax")
WRITERS(LOGIC, "and", "%bl, %al", "%bx, (%rsi)", "%ebx, %eax", "$0x7fffffff, %rax")
WRITERS(ALL, "inc", "%al", "%ax", "%eax", "%rax")
WRITERS(ALL, "dec", "%al", "%ax", "%eax", "(%rsi)")
WRITERS(ALL, "neg", "%al", "%ax", "%eax", "%rax")
WRITERS(ALL, "adc", "%bl, %al", "%bx, %ax", "%ebx, %eax", "%rbx, %rax")
WRITERS(ALL, "sbb", "%bl, %al", "%bx, %ax", "%ebx, %eax", "%rbx, %rax")
WRITERS(SHIFT1 | A, "nop; xor %edx, %edx; sahf; not", "%al", "%ax", "%eax", "%rax")
SINGLES(ALL, "add %ebx, %eax; inc %edx") SINGLES(ALL, "sub %bl, %al; dec %dx")
SINGLES(SHIFT1, "shl $1, %eax") SINGLES(SHIFT1, "shr $1, %rax") SINGLES(SHIFT1, "sar $1, %al")
SINGLES(ALL, "nop") SINGLES(ALL, "stc") SINGLES(ALL, "cmc") SINGLES(ALL, "xor %eax, %eax; cmp %rbx, %rcx")
X86_CASE(ALL, "cmp %eax, %ebx; cmovl (%rsi), %ecx; cmovge (%rsi), %dx; cmovz %eax, %r9d")

// Stack.
X86_CASE(ALL, "push %rax; push %rsp; push $-7; pushw %bx; push (%rsi)")
X86_CASE(ALL, "pop %rax; pop %rbx; popw %cx; pop (%rsi)") X86_CASE(ALL, "pop %rsp; mov $0, %eax")
X86_CASE(ALL, "push %rax; pop 8(%rsp)") X86_CASE(ALL, "pop (%rsp)") X86_CASE(ALL, "pushw $0x1234; popw (%rsp)")
X86_CASE(ALL, "enter $32, $0; mov %rax, (%rsp); leave") X86_CASE(ALL, "mov %rsp, %rbp; enter $16, $3")
X86_CASE(ALL, "mov %rsp, %rbp; enter $8, $1; leave") X86_CASE(ALL, "pushfq; pop %rax; and $0xcd5, %eax")
X86_CASE(ALL, "and $0x8d5, %eax; push %rax; popfq") X86_CASE(ALL, "pushfw; popw %ax; and $0xcd5, %eax")
X86_CASE(ALL, "add %eax, %ebx; pushf; popf") X86_CASE(ALL, "lahf") X86_CASE(ALL, "sahf")
X86_CASE(ALL, "add %ebx, %eax; lahf") X86_CASE(ALL, "sahf; adc %ebx, %ecx") X86_CASE(ALL, "sahf; lahf")
X86_CASE(ALL, "clc") X86_CASE(ALL, "stc") X86_CASE(ALL, "cmc") X86_CASE(ALL, "add %eax, %ebx; cmc")
X86_CASE(ALL | DIRECTION, "std; mov %rax, %rbx; pushf; cld; pop %rcx; and $0x400, %ecx")
X86_CASE(ALL, "call 1f; 1: pop %rax; lea 1b(%rip), %rbx; sub %rbx, %rax; mov %rax, %rbx; push %rax; pop %rax")
X86_CASE(ALL, "call 1f; lea 1(%rax), %rax; jmp 2f; 1: lea 2(%rax), %rax; ret; 2: push $0; pop %rbx")
X86_CASE(ALL, "push $5; call 1f; jmp 2f; 1: lea 2(%rax), %rax; ret $8; 2: push $0; push $0; pop %rbx; pop %rbx")
X86_CASE(ALL, "lea 1f(%rip), %rax; jmp *%rax; nop; 1: xor %eax, %eax")
X86_CASE(ALL, "lea 1f(%rip), %rax; mov %rax, (%rsi); call *(%rsi); nop; 1: pop %rax; xor %eax, %eax; mov %rax, (%rsi); mov %rax, -8(%rsp)")

X86_CASE(ALL, "mov %cs, %eax; push %rax; lea 1f(%rip), %rax; push %rax; lretq; nop; 1: xor %eax, %eax; mov %rax, -16(%rsp)")
X86_CASE(ALL, "push $7; mov %cs, %eax; push %rax; lea 1f(%rip), %rax; push %rax; lretq $8; nop; 1: xor %eax, %eax; mov %rax, -24(%rsp)")
X86_CASE(ALL, "mov %rsp, %rbx; mov %ss, %eax; push %rax; push %rbx; push $0x8d7; mov %cs, %eax; push %rax; lea 1f(%rip), %rax; push %rax; iretq; nop; 1: lea (%rip), %rax; mov $0, %eax; mov %rax, -40(%rsp)")
X86_CASE(0, "push $0x2b; push $0; push $0x202; push $0x10; push $0; iretq")
X86_CASE(0, "push $0x10; push $0; lretq")
X86_CASE(ALL, "movw $0x2b, 4(%rsi); lss (%rsi), %eax") X86_CASE(ALL, "movw $0, 4(%rsi); lgs (%rsi), %eax")
X86_CASE(ALL, "movw $0, 2(%rsi); lgs (%rsi), %ax") X86_CASE(0, "movw $0x40, 4(%rsi); lgs (%rsi), %eax")

// Loops.
X86_CASE(ALL | COUNT, "inc %ecx; 1: add %rcx, %rax; loop 1b")
X86_CASE(ALL | COUNT, "inc %ecx; 1: lea 1(%rax), %rax; cmp $3, %cl; loopne 1b")
X86_CASE(ALL | COUNT, "inc %ecx; 1: lea 1(%rax), %rax; test $4, %cl; loope 1b")
X86_CASE(ALL | COUNT, "jrcxz 1f; inc %rax; 1:") X86_CASE(ALL, "jecxz 1f; inc %rax; 1:")
X86_CASE(ALL | COUNT, "inc %ecx; 1: add %ecx, %eax; adc $3, %ebx; dec %ecx; jnz 1b")

// Shifts.
#define SHIFTS(op, narrow, wide, one)                                                              \
    X86_CASE(narrow, op "b %cl, %al") X86_CASE(narrow, op "w %cl, %ax") X86_CASE(wide, op "l %cl, %eax") \
    X86_CASE(wide, op "q %cl, %rax") X86_CASE(narrow, op "b %cl, (%rsi)") X86_CASE(wide, op "l %cl, (%rsi)") \
    X86_CASE(narrow, op "b %cl, %ah") X86_CASE(one, op "b $1, %bl") X86_CASE(one, op "w $1, %bx")  \
    X86_CASE(one, op "l $1, %ebx") X86_CASE(one, op "q $1, %rbx") X86_CASE(one, op "q $1, (%rsi)") \
    X86_CASE(wide, op "b $3, %al") X86_CASE(wide, op "w $7, %ax") X86_CASE(wide, op "l $31, %eax") \
    X86_CASE(wide, op "q $63, %rax") X86_CASE(wide, op "q $33, (%rsi)") X86_CASE(wide, op "l $13, %ebx") \
    X86_CASE(narrow, op "b $9, %al") X86_CASE(narrow, op "w $25, %ax") X86_CASE(ALL, op "l $0, %eax")    \
    X86_CASE(ALL, op "l $32, %eax") X86_CASE(ALL, op "q $64, %rbx") X86_CASE(ALL, op "w $0, (%rsi)") \
    X86_CASE(wide, op "l %cl, %ecx") X86_CASE(wide & ~O, "add %ebx, %eax; " op "l %cl, %edx")
SHIFTS("shl", SHIFTN, SHIFT, SHIFT1) SHIFTS("shr", SHIFTN, SHIFT, SHIFT1) SHIFTS("sar", SHIFTN, SHIFT, SHIFT1)
SHIFTS("rol", ROTATE, ROTATE, ROTATE1) SHIFTS("ror", ROTATE, ROTATE, ROTATE1)
SHIFTS("rcl", ROTATE, ROTATE, ROTATE1) SHIFTS("rcr", ROTATE, ROTATE, ROTATE1)
#define DOUBLES(op)                                                                                \
    X86_CASE(SHIFT, op "l %cl, %ebx, %eax") X86_CASE(SHIFT, op "q %cl, %rbx, %rax")                \
    X86_CASE(SHIFT, op "q %cl, %rbx, (%rsi)") X86_CASE(SHIFT1, op "l $1, %ebx, %eax")              \
    X86_CASE(SHIFT1, op "q $1, %rbx, %rax") X86_CASE(SHIFT1, op "w $1, %bx, %ax")                  \
    X86_CASE(SHIFT, op "w $9, %bx, %ax") X86_CASE(SHIFT, op "l $31, %ebx, (%rsi)")                 \
    X86_CASE(SHIFT, op "q $47, %rbx, %rax") X86_CASE(ALL, op "l $0, %ebx, %eax")                   \
    X86_CASE(SHIFT, "and $15, %ecx; " op "w %cl, %bx, %ax")
DOUBLES("shld") DOUBLES("shrd")
X86_CASE(SHIFT, "shl %cl, %eax; jz 1f; inc %r8; 1:") X86_CASE(SHIFT, "add %eax, %ebx; shr %cl, %edx; setc %r8b; setz %r9b")

// Bits.
#define BT(op)                                                                                     \
    X86_CASE(C | Z, op "w %bx, %ax") X86_CASE(C | Z, op "l %ebx, %eax") X86_CASE(C | Z, op "q %rbx, %rax") \
    X86_CASE(C | Z, op "w $5, %ax") X86_CASE(C | Z, op "l $37, %eax") X86_CASE(C | Z, op "q $63, %rax")  \
    X86_CASE(C | Z, op "l $7, (%rsi)") X86_CASE(C | Z, op "q $62, (%rsi)") X86_CASE(C | Z, op "w $12, 3(%rsi)") \
    X86_CASE(C | Z | BITS, op "l %ebx, (%rdi)") X86_CASE(C | Z | BITS, op "q %rbx, (%rdi)")        \
    X86_CASE(C | Z | BITS, op "w %bx, (%rdi)") X86_CASE(C | Z, op "q %rax, %rax")
BT("bt") BT("bts") BT("btr") BT("btc")
#define LOCKED_BT(op)                                                                              \
    X86_CASE(C | Z | BITS, "lock " op "l %ebx, (%rdi)") X86_CASE(C | Z, "lock " op "q $40, (%rdi)") \
    X86_CASE(C | Z | BITS, "lock " op "w %bx, (%rdi)") X86_CASE(C | Z | BITS, "lock " op "q %rbx, (%rdi); setc %al")
LOCKED_BT("bts") LOCKED_BT("btr") LOCKED_BT("btc")
#define SCAN(flags, op)                                                                            \
    X86_CASE(flags, op "w %bx, %ax") X86_CASE(flags, op "l %ebx, %eax") X86_CASE(flags, op "q %rbx, %rax") \
    X86_CASE(flags, op "l (%rsi), %eax") X86_CASE(flags, "xor %ebx, %ebx; " op "l %ebx, %eax")     \
    X86_CASE(flags, "xor %ebx, %ebx; " op "q %rbx, %rax") X86_CASE(flags, "xor %ebx, %ebx; " op "w %bx, %ax") \
    X86_CASE(flags, op "l %eax, %eax")
SCAN(Z, "bsf") SCAN(Z, "bsr") SCAN(C | Z, "tzcnt") SCAN(C | Z, "lzcnt") SCAN(ALL, "popcnt")
X86_CASE(ALL, "crc32b %bl, %eax") X86_CASE(ALL, "crc32w %bx, %eax") X86_CASE(ALL, "crc32l %ebx, %eax")
X86_CASE(ALL, "crc32q %rbx, %rax") X86_CASE(ALL, "crc32b %bh, %eax") X86_CASE(ALL, "crc32q (%rsi), %rcx")

// BMI1, BMI2.
#define BMI3(flags, op)                                                                            \
    X86_CASE(flags, op " %ecx, %ebx, %eax") X86_CASE(flags, op " %rcx, %rbx, %rax")                \
    X86_CASE(flags, op " %r9d, (%rsi), %eax") X86_CASE(flags, op " %r9, (%rsi), %rcx")
#define BMI3R(flags, op)                                                                           \
    X86_CASE(flags, op " %ecx, %ebx, %eax") X86_CASE(flags, op " %rcx, %rbx, %rax")                \
    X86_CASE(flags, op " (%rsi), %r9d, %eax") X86_CASE(flags, op " (%rsi), %r9, %r9")
BMI3(C | Z | O, "bextr") BMI3(C | Z | S | O, "bzhi") BMI3(ALL, "shlx") BMI3(ALL, "shrx") BMI3(ALL, "sarx")
BMI3R(C | Z | S | O, "andn") BMI3R(ALL, "pdep") BMI3R(ALL, "pext") BMI3R(ALL, "mulx")
#define BLS(op)                                                                                    \
    X86_CASE(C | Z | S | O, op " %ebx, %eax") X86_CASE(C | Z | S | O, op " %rbx, %rax")            \
    X86_CASE(C | Z | S | O, op " (%rsi), %eax") X86_CASE(C | Z | S | O, "xor %ebx, %ebx; " op " %rbx, %rax")
BLS("blsi") BLS("blsr") BLS("blsmsk")
X86_CASE(ALL, "rorx $13, %ebx, %eax") X86_CASE(ALL, "rorx $63, %rbx, %rax") X86_CASE(ALL, "rorx $0, (%rsi), %rax")
X86_CASE(ALL, "mulx %rbx, %rax, %rax") X86_CASE(ALL, "mulx %rdx, %rax, %rdx")

// Multiplication and division.
#define MUL(op)                                                                                    \
    X86_CASE(C | O, op "b %bl") X86_CASE(C | O, op "w %bx") X86_CASE(C | O, op "l %ebx")           \
    X86_CASE(C | O, op "q %rbx") X86_CASE(C | O, op "b %ah") X86_CASE(C | O, op "l (%rsi)")        \
    X86_CASE(C | O, op "q (%rsi)") X86_CASE(C | O, op "q %rdx") X86_CASE(C | O, op "b %bl; setc %cl")
MUL("mul") MUL("imul")
X86_CASE(C | O, "imul %bx, %ax") X86_CASE(C | O, "imul %ebx, %eax") X86_CASE(C | O, "imul %rbx, %rax")
X86_CASE(C | O, "imul (%rsi), %eax") X86_CASE(C | O, "imul $-7, %bx, %ax") X86_CASE(C | O, "imul $77, %ebx, %eax")
X86_CASE(C | O, "imul $-100000, %rbx, %rax") X86_CASE(C | O, "imul $1000, (%rsi), %rax") X86_CASE(C | O, "imul %rax, %rax")
#define DIV(op)                                                                                    \
    X86_CASE(0, op "b %bl") X86_CASE(0, op "b %ah") X86_CASE(0, op "w %bx") X86_CASE(0, op "l %ebx") \
    X86_CASE(0, op "q %rbx") X86_CASE(HALF, op "q %rbx") X86_CASE(HALF, op "l %ebx")               \
    X86_CASE(HALF, op "w %bx") X86_CASE(0, "movzbl %al, %eax; or $1, %bl; " op "b %bl")            \
    X86_CASE(0, "xor %edx, %edx; " op "q (%rsi)") X86_CASE(0, "cqo; " op "q %rbx") X86_CASE(0, "cdq; " op "l %ebx") \
    X86_CASE(0, "cwd; " op "w (%rsi)") X86_CASE(0, "mov $-1, %rbx; cqo; " op "q %rbx")             \
    X86_CASE(0, "mov $-1, %ebx; cdq; " op "l %ebx") X86_CASE(0, "cbw; mov $-1, %bl; " op "b %bl")  \
    X86_CASE(0, "xor %eax, %eax; bts $63, %rax; cqo; " op "q %rbx") X86_CASE(0, "xor %ebx, %ebx; " op "l %ebx") \
    X86_CASE(0, "xor %eax, %eax; mov $0x80000000, %edx; mov $-1, %ebx; " op "l %ebx")              \
    X86_CASE(0, "add %eax, %ecx; xor %edx, %edx; inc %ebx; " op "l %ebx; setz %al")
DIV("div") DIV("idiv")

// Exchange.
X86_CASE(ALL, "xchg %rax, %rbx") X86_CASE(ALL, "xchg %eax, %ebx") X86_CASE(ALL, "xchg %ax, %cx")
X86_CASE(ALL, "xchg %al, %ah") X86_CASE(ALL, "xchg %bl, (%rsi)") X86_CASE(ALL, "xchg %rbx, (%rsi)")
X86_CASE(ALL, "xchg %ebx, (%rsi)") X86_CASE(ALL, "xchg %ah, (%rsi)") X86_CASE(ALL, "xchg %r8d, %eax")
#define XADD(op)                                                                                   \
    X86_CASE(ALL, op "b %bl, (%rsi)") X86_CASE(ALL, op "w %bx, (%rsi)") X86_CASE(ALL, op "l %ebx, (%rsi)") \
    X86_CASE(ALL, op "q %rbx, (%rsi)")
XADD("xadd") XADD("lock xadd")
X86_CASE(ALL, "xadd %bl, %al") X86_CASE(ALL, "xadd %rbx, %rax") X86_CASE(ALL, "xadd %eax, %eax")
X86_CASE(ALL, "xadd %ebx, %eax") X86_CASE(ALL, "xadd %ah, %al")
#define CMPXCHG(op)                                                                                \
    X86_CASE(ALL, op "b %bl, (%rsi)") X86_CASE(ALL, op "w %bx, (%rsi)") X86_CASE(ALL, op "l %ebx, (%rsi)") \
    X86_CASE(ALL, op "q %rbx, (%rsi)") X86_CASE(ALL, "mov (%rsi), %rax; " op "q %rbx, (%rsi)")     \
    X86_CASE(ALL, "mov (%rsi), %eax; " op "l %ebx, (%rsi)") X86_CASE(ALL, "mov (%rsi), %al; " op "b %bl, (%rsi)") \
    X86_CASE(ALL, "mov (%rsi), %ax; " op "w %bx, (%rsi); jz 1f; inc %r8; 1:")
CMPXCHG("cmpxchg") CMPXCHG("lock cmpxchg")
X86_CASE(ALL, "cmpxchg %rbx, %rcx") X86_CASE(ALL, "cmpxchg %ebx, %ecx") X86_CASE(ALL, "mov %ecx, %eax; cmpxchg %ebx, %ecx")
X86_CASE(ALL, "cmpxchg %rbx, %rax") X86_CASE(ALL, "cmpxchg %bl, %cl") X86_CASE(ALL, "cmpxchg %bl, %ah") X86_CASE(ALL, "cmpxchg %bl, %al") X86_CASE(ALL, "cmpxchg %ah, %bl") X86_CASE(ALL, "cmpxchg %bx, %ax")
X86_CASE(ALL, "cmpxchg8b (%rsi)") X86_CASE(ALL, "lock cmpxchg8b (%rsi)") X86_CASE(ALL, "cmpxchg16b (%rdi)")
X86_CASE(ALL, "mov (%rsi), %eax; mov 4(%rsi), %edx; cmpxchg8b (%rsi)")
X86_CASE(ALL, "mov (%rdi), %rax; mov 8(%rdi), %rdx; lock cmpxchg16b (%rdi)")
X86_CASE(ALL, "mov (%rdi), %rax; mov 8(%rdi), %rdx; add %ebx, %ecx; lock cmpxchg16b (%rdi)")
X86_CASE(0, "cmpxchg16b 8(%rdi)")

// Strings.
#define STRING(op)                                                                                 \
    X86_CASE(ALL, op "b") X86_CASE(ALL, op "w") X86_CASE(ALL, op "l") X86_CASE(ALL, op "q")        \
    X86_CASE(ALL, "std; " op "b; cld") X86_CASE(ALL, "std; " op "q; cld")
#define REPEATED(rep, op)                                                                          \
    X86_CASE(ALL | COUNT, rep " " op "b") X86_CASE(ALL | COUNT, rep " " op "w")                    \
    X86_CASE(ALL | COUNT, rep " " op "l") X86_CASE(ALL | COUNT, rep " " op "q")                    \
    X86_CASE(ALL | COUNT, "std; " rep " " op "b; cld") X86_CASE(ALL | COUNT, "std; " rep " " op "l; cld") \
    X86_CASE(ALL | COUNT, "add %eax, %ebx; " rep " " op "b")
STRING("movs") STRING("stos") STRING("lods") STRING("cmps") STRING("scas")
REPEATED("rep", "movs") REPEATED("rep", "stos") REPEATED("rep", "lods")
REPEATED("repe", "cmps") REPEATED("repne", "cmps") REPEATED("repe", "scas") REPEATED("repne", "scas")
X86_CASE(ALL | COUNT, "lea 3(%rsi), %rdi; rep movsb") X86_CASE(ALL | COUNT, "lea 1(%rsi), %rdi; rep movsq")
X86_CASE(ALL | COUNT, "lea -5(%rsi), %rdi; rep movsl") X86_CASE(ALL | COUNT, "lea 3(%rsi), %rdi; std; rep movsw; cld")
X86_CASE(ALL | COUNT, "mov %rsi, %rdi; repe cmpsb") X86_CASE(ALL | COUNT, "mov %rsi, %rdi; repe cmpsw; setz %al; jz 1f; inc %r8; 1:")
X86_CASE(ALL | COUNT, "mov (%rdi), %al; repne scasb") X86_CASE(ALL | COUNT, "mov 6(%rdi), %al; repne scasb; jne 1f; inc %r8; 1:")
X86_CASE(ALL, "mov $2000, %ecx; lea -1300(%rsi), %rsi; lea 100(%rsi), %rdi; rep movsb")
X86_CASE(ALL, "mov $2000, %ecx; lea -1300(%rdi), %rdi; rep stosb") X86_CASE(ALL, "xor %ecx, %ecx; repe cmpsb")
X86_CASE(ALL, "cmp %rax, %rbx; mov $0, %ecx; repne scasq; setl %al")

// The rest.
X86_CASE(ALL, "nop; nopw (%rax,%rax); pause; endbr64; prefetcht0 (%rsi); prefetchw (%rsi); lfence; mfence; sfence; clflush (%rsi)")
X86_CASE(ALL, "xor %eax, %eax; rdsspq %rax") X86_CASE(ALL, "rdfsbase %rax; xor %eax, %eax")
X86_CASE(ALL, "rdrand %rax; mov $0, %rax") X86_CASE(ALL, "rdrand %ax; mov $0, %rax") X86_CASE(ALL, "rdseed %eax; mov $0, %eax; stc")
X86_CASE(Z, "mov $0x2b, %eax; verw %ax; sete %bl; verr %ax; sete %cl; xor %edx, %edx; verr %dx; sete %dl")
X86_CASE(Z, "mov $0x33, %eax; lar %ax, %ecx; lsl %ax, %rdx") X86_CASE(Z, "mov $0x2b, %eax; lar %eax, %ecx; lsl %eax, %edx")
X86_CASE(Z, "mov $8, %eax; lar %ax, %ecx; lsl %ax, %rdx")
X86_CASE(0, "hlt") X86_CASE(0, "cli") X86_CASE(0, "ud2") X86_CASE(0, "int3") X86_CASE(0, "inb %dx, %al") X86_CASE(0, "outb %al, $3")
X86_CASE(0, "int $0x41") X86_CASE(0, "rdmsr") X86_CASE(0, "mov %cr0, %rax") X86_CASE(0, ".byte 0xf1")
X86_CASE(0, ".byte 0x06") X86_CASE(0, ".byte 0xf0, 0x01, 0xc0") X86_CASE(0, ".byte 0x0f, 0x0b") X86_CASE(0, ".byte 0xd6")
X86_CASE(0, "mov $0x1234, %eax; mov %eax, %ds") X86_CASE(0, "xor %eax, %eax; mov %eax, %ss") X86_CASE(0, "mov (%rax), %rbx")
X86_CASE(0, "xor %eax, %eax; mov %rbx, (%rax)") X86_CASE(0, "xor %eax, %eax; add %ebx, %ecx; push (%rax)")

// clang-format on
// --- states --------------------------------------------------------------------------------------------

#define BUFFER 8192
#define STACK 4096
                                                static uint8_t buffer[BUFFER]
    __attribute__((aligned(4096)));
static uint8_t stack[STACK] __attribute__((aligned(64)));

static uint64_t pick(uint64_t *seed)
{
    static const uint64_t nasty[] = {
        0,
        1,
        2,
        3,
        7,
        8,
        15,
        16,
        17,
        31,
        32,
        33,
        63,
        64,
        0x7f,
        0x80,
        0xff,
        0x100,
        0x7fff,
        0x8000,
        0xffff,
        0x10000,
        0x7fffffff,
        0x80000000,
        0xffffffff,
        0x100000000,
        0x7fffffffffffffff,
        0x8000000000000000,
        0xffffffffffffffff,
        0xfffffffffffffffe,
        0xffffffff80000000,
        0xffffffff7fffffff,
        0xffffffffffff8000,
        0xffffffffffffff80,
        0x5555555555555555,
        0x0f0f0f0f0f0f0f0f,
    };
    uint64_t r = x86_test_random(seed);
    switch (r % 4) {
    case 0: return nasty[r / 4 % G_N_ELEMENTS(nasty)];
    case 1: return x86_test_random(seed) >> (r / 4 % 64);
    case 2: // parts that are nasty on their own
        return (nasty[r / 4 % G_N_ELEMENTS(nasty)] & 0xffffffff) | x86_test_random(seed) << 32;
    default: return x86_test_random(seed);
    }
}

static void make_state(const X86Case *c, X86TestState *st, uint64_t *seed)
{
    x86_test_state_init(st);
    for (unsigned i = 0; i < 16; i++) {
        st->gpr[i] = pick(seed);
    }
    st->gpr[R_ESI] = (uint64_t)(uintptr_t)buffer + 2048;
    st->gpr[R_EDI] = (uint64_t)(uintptr_t)buffer + 4096 + 1024;
    st->gpr[R_ESP] = (uint64_t)(uintptr_t)stack + STACK / 2;
    st->gpr[R_EBP] = (uint64_t)(uintptr_t)buffer + 3072;
    st->rflags = 0x202 | (x86_test_random(seed) & ALL);
    if (c->kind & COUNT) {
        st->gpr[R_ECX] = x86_test_random(seed) % 25;
    }
    if (c->kind & BITS) {
        st->gpr[R_EBX] = x86_test_random(seed) % 8001 - 4000;
    }
    if (c->kind & HALF) {
        st->gpr[R_EDX] = st->gpr[R_EBX] >> (x86_test_random(seed) % 64);
    }
}

static void fill_buffer(uint64_t seed)
{
    for (unsigned i = 0; i < BUFFER; i += 8) {
        uint64_t v = pick(&seed);
        memcpy(buffer + i, &v, 8);
    }
    memset(stack, 0x5a, sizeof stack);
}

static void dump_numbers(const X86TestState *st)
{
    fprintf(stderr, "  rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx r8 %lx r9 %lx\n",
            st->gpr[R_EAX], st->gpr[R_EBX], st->gpr[R_ECX], st->gpr[R_EDX], st->gpr[R_ESI],
            st->gpr[R_EDI], st->gpr[8], st->gpr[9]);
}

typedef int Engine(const uint8_t *code, size_t size, X86TestState *st, uint32_t cflags);

static int run_cold(const uint8_t *code, size_t size, X86TestState *st, uint32_t cflags)
{
    return x86_llvm_run(code, size, st, cflags, false);
}

static int run_hot(const uint8_t *code, size_t size, X86TestState *st, uint32_t cflags)
{
    return x86_llvm_run(code, size, st, cflags, true);
}

// One state: true when both agree.
static bool run_one(Engine *engine, const X86Case *c, uint64_t *seed, bool precise)
{
    static uint8_t native_buffer[BUFFER], native_stack[STACK];
    X86TestState before, native, ours;
    uint64_t fill = x86_test_random(seed);
    make_state(c, &before, seed);
    native = ours = before;

    fill_buffer(fill);
    int sig = x86_native_run(c->code, c->size, &native);
    memcpy(native_buffer, buffer, BUFFER);
    memcpy(native_stack, stack, STACK);
    fill_buffer(fill);
    // Registers at a fault are exact under CF_PRECISE alone; without it a load whose value nobody needs
    // may even be left out.
    uint32_t cflags = sig || precise ? CF_PRECISE : 0;
    int our_sig = engine(c->code, c->size, &ours, cflags);

    if (sig != our_sig) {
        fprintf(stderr, "%s: signal %d expected, got %d\n", c->text, sig, our_sig);
        dump_numbers(&before);
        return false;
    }
    uint64_t mask = sig ? 0 : c->kind & (ALL | DIRECTION);
    int diff = x86_test_diff(c->text, &before, &native, &ours, mask);
    if (!diff && !sig && memcmp(native_buffer, buffer, BUFFER)) {
        fprintf(stderr, "%s: memory differs\n", c->text);
        diff = 1;
    }
    if (!diff && memcmp(native_stack, stack, STACK)) {
        fprintf(stderr, "%s: the stack differs\n", c->text);
        diff = 1;
    }
    if (diff) {
        dump_numbers(&before);
    }
    return !diff;
}

// LLVM takes a millisecond a case, and many under the sanitizers: every fourth case then.
#ifdef MYNA_SANITIZE
#define LLVM_STEP 4
#else
#define LLVM_STEP 1
#endif

static void check_cases(Engine *engine, unsigned rounds, unsigned step)
{
    const char *only = getenv("X86_CASE"), *rounds_text = getenv("X86_ROUNDS");
    rounds = rounds_text ? (unsigned)atoi(rounds_text) : rounds;
    unsigned cases = 0, bad = 0;
    for (const X86Case *c = x86_cases_begin; c < x86_cases_end; c++) {
        bool picked = only ? strstr(c->text, only) != NULL : (c - x86_cases_begin) % step == 0;
        if (!picked) {
            continue;
        }
        uint64_t seed = cases++ * 1000003;
        bool good = true;
        for (unsigned i = 0; i < rounds && good; i++) {
            good = run_one(engine, c, &seed, i % 4 == 3);
        }
        bad += !good;
    }
    printf("%u cases, %u wrong\n", cases, bad);
    assert_int_equal(bad, 0);
    assert_true(cases > 0);
}

static void test_interp(void **state)
{
    (void)state;
    check_cases(x86_interp_run, 40, 1);
}

static void test_quick(void **state)
{
    (void)state;
    check_cases(x86_quick_run, 40, 1);
}

static void test_llvm_cold(void **state)
{
    (void)state;
    check_cases(run_cold, 12, LLVM_STEP);
}

static void test_llvm_hot(void **state)
{
    (void)state;
    check_cases(run_hot, 12, LLVM_STEP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interp),
        cmocka_unit_test(test_quick),
        cmocka_unit_test(test_llvm_cold),
        cmocka_unit_test(test_llvm_hot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
