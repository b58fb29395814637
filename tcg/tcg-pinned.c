// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tcg/tcg-pinned.h"

#include "quick-leave.h"

#if defined(__x86_64__)
#define PUSH(reg) "pushq %%" reg "\n\t.cfi_adjust_cfa_offset 8\n\t.cfi_rel_offset " reg ", 0\n\t"
#define POP(reg) "popq %%" reg "\n\t.cfi_adjust_cfa_offset -8\n\t.cfi_restore " reg "\n\t"

// The frame of nobody: a guest that returns to 0 uses it.
__attribute__((naked)) uintptr_t tcg_enter(void *env, const TCGCode *code, TCGEntry *entry,
                                           TCGReturns *returns)
{
    // clang-format off
    __asm__(PUSH("rbx") PUSH("rbp") PUSH("r12") PUSH("r13") PUSH("r14") PUSH("r15")
            "subq $8, %%rsp\n\t.cfi_adjust_cfa_offset 8\n\t"
            "callq 1f\n\t"
            "addq $8, %%rsp\n\t.cfi_adjust_cfa_offset -8\n\t"
            POP("r15") POP("r14") POP("r13") POP("r12") POP("rbp") POP("rbx")
            "retq\n"
            "1:\tmovq %%rsp, %c[base](%%rcx)\n\t"
            "cmpq $0, %c[on](%%rcx)\n\tje 2f\n\t"
            "pushq $0\n\tleaq quick_return_nobody(%%rip), %%rax\n\tpushq %%rax\n"
            "2:\tjmpq *%%rdx"
            : : [base] "i"(offsetof(TCGReturns, base)), [on] "i"(offsetof(TCGReturns, on)));
    // clang-format on
}

__attribute__((naked)) uintptr_t tcg_leave(void *env, const TCGCode *value)
{
    __asm__("movq tcg_returns_offset(%%rip), %%rcx\n\ttestq %%rcx, %%rcx\n\tje 1f\n\t"
            "movq %c[base](%%rdi,%%rcx), %%rsp\n"
            "1:\tmovq %%rsi, %%rax\n\tretq"
            :
            : [base] "i"(offsetof(TCGReturns, base)));
}
#else
uintptr_t tcg_leave(void *env, const TCGCode *value)
{
    (void)env;
    return (uintptr_t)value;
}
uintptr_t tcg_enter(void *env, const TCGCode *code, TCGEntry *entry, TCGReturns *returns)
{
    (void)returns;
    return entry(env, code);
}
#endif
