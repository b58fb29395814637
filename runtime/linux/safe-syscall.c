// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See safe-syscall.h.  The host's assembly is here and nowhere else in runtime/linux/.
#include "safe-syscall.h"

extern const char safe_syscall_start[], safe_syscall_end[], safe_syscall_cut[];

#if defined(__x86_64__)

// safe_syscall(rdi: pending, rsi: number, rdx: args)
__asm__(".text\n"
        ".globl safe_syscall\n"
        ".type safe_syscall, @function\n"
        "safe_syscall:\n"
        "    .cfi_startproc\n"
        "    mov %rdi, %rcx\n"
        "    mov %rsi, %rax\n"
        "    mov %rdx, %r11\n"
        "    mov (%r11), %rdi\n"
        "    mov 8(%r11), %rsi\n"
        "    mov 16(%r11), %rdx\n"
        "    mov 24(%r11), %r10\n"
        "    mov 32(%r11), %r8\n"
        "    mov 40(%r11), %r9\n"
        ".globl safe_syscall_start\n"
        ".hidden safe_syscall_start\n"
        "safe_syscall_start:\n"
        "    cmpl $0, (%rcx)\n"
        "    jnz safe_syscall_cut\n"
        "    syscall\n"
        ".globl safe_syscall_end\n"
        ".hidden safe_syscall_end\n"
        "safe_syscall_end:\n"
        "    ret\n"
        ".globl safe_syscall_cut\n"
        ".hidden safe_syscall_cut\n"
        "safe_syscall_cut:\n"
        "    mov $-512, %rax\n" // -ERESTARTSYS
        "    ret\n"
        "    .cfi_endproc\n"
        ".size safe_syscall, . - safe_syscall\n"
        ".globl host_sigreturn_trampoline\n"
        ".type host_sigreturn_trampoline, @function\n"
        "host_sigreturn_trampoline:\n"
        "    mov $15, %eax\n" // rt_sigreturn
        "    syscall\n"
        ".size host_sigreturn_trampoline, . - host_sigreturn_trampoline\n");

void safe_syscall_rewind(ucontext_t *context)
{
    greg_t *pc = &context->uc_mcontext.gregs[REG_RIP];
    if (*pc >= (greg_t)safe_syscall_start && *pc < (greg_t)safe_syscall_end) {
        *pc = (greg_t)safe_syscall_cut;
    }
}

#else
#error "this host has no safe_syscall yet"
#endif
