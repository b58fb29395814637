// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions whose accesses a helper makes, 200 times: rep movsq of 20, rep stosb of 30 (16 and less are
// code of the block), fxsave.
    .globl _start
_start:
    cld
    mov $200, %ebx
1:
    lea from(%rip), %rsi
    lea to(%rip), %rdi
    mov $20, %ecx
moves:
    rep movsq
    lea to(%rip), %rdi
    mov $30, %ecx
    mov $9, %al
fills:
    rep stosb
saves:
    fxsave area(%rip)
    dec %ebx
    jnz 1b
    mov $231, %eax // exit_group
    mov $7, %edi
    syscall

    .data
    .balign 4096
from:
    .fill 20, 8, 7
    .bss
    .balign 4096
to:
    .skip 256
area:
    .skip 512
