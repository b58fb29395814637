// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tcg/tcg-pinned.h"

#if defined(__x86_64__)
#define PUSH(reg) "pushq %%" reg "\n\t.cfi_adjust_cfa_offset 8\n\t.cfi_rel_offset " reg ", 0\n\t"
#define POP(reg) "popq %%" reg "\n\t.cfi_adjust_cfa_offset -8\n\t.cfi_restore " reg "\n\t"

__attribute__((naked)) uintptr_t tcg_enter(void *env, const TCGCode *code, TCGEntry *entry)
{
    // clang-format off
    __asm__(PUSH("rbx") PUSH("rbp") PUSH("r12") PUSH("r13") PUSH("r14") PUSH("r15")
            "subq $8, %%rsp\n\t.cfi_adjust_cfa_offset 8\n\t"
            "callq *%%rdx\n\t"
            "addq $8, %%rsp\n\t.cfi_adjust_cfa_offset -8\n\t"
            POP("r15") POP("r14") POP("r13") POP("r12") POP("rbp") POP("rbx")
            "retq" : :);
    // clang-format on
}
#else
uintptr_t tcg_enter(void *env, const TCGCode *code, TCGEntry *entry) { return entry(env, code); }
#endif
