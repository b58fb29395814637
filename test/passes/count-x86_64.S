# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# 5 + 20000 * 9 + 20000 * 5 + 3 instructions; each round stores 8 bytes, loads them and calls a function.
    .text
    .globl _start
    .type _start, @function
    .type inner, @function
_start:
    mov $20000, %ecx
    xor %ebx, %ebx
    lea cell(%rip), %r12
    mov $1, %r13d
    nop
1:  mov %r13, (%r12)
    mov (%r12), %rax
    add %rax, %rbx
    call inner
    nop
    nop
    nop
    dec %ecx
    jnz 1b
    mov $231, %eax
    mov $7, %edi
    syscall
    .size _start, . - _start
inner:
    test $1, %ecx
    jz 2f
    nop
    nop
    ret
2:  nop
    nop
    ret
    .size inner, . - inner
    .data
    .balign 8
cell: .quad 0
