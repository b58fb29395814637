// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// As count-x86_64.S: the same numbers.
    .text
    .globl _start
    .type _start, @function
    .type inner, @function
_start:
    mov w19, #20000
    mov x20, #0
    adrp x21, cell
    add x21, x21, :lo12:cell
    mov x22, #1
1:  str x22, [x21]
    ldr x0, [x21]
    add x20, x20, x0
    bl inner
    nop
    nop
    nop
    subs w19, w19, #1
    b.ne 1b
    mov x8, #94
    mov x0, #7
    svc #0
    .size _start, . - _start
inner:
    tst w19, #1
    b.eq 2f
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
