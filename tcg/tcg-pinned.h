// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Guest registers that stay in host registers from one compiled block to the next.
//
// Blocks that LLVM compiled jump to each other at TCGCode.pinned, with some of the guest's registers where LLVM's
// calling convention preserve_nonecc (clang's preserve_none) passes arguments:
//
//     %r12 env   %r13 the TCGCode   %r14 %r15 %rdi %rsi %rdx %rcx %r8 %r9 %r11 guest registers
//
// The guest registers' places in env are out of date then, and nothing is saved for the caller (hence tcg_enter).
// Every other form of a block is entered at TCGCode.entry, with all registers in env. Each block has both ways in:
// one is its code; the other is one of four small functions, which move the registers. A guest's frontend defines them
// with TCG_PINNED_DEFINE, for an env that begins with a CPUState.
#ifndef TCG_PINNED_H
#define TCG_PINNED_H

#include <stddef.h>
#include <stdint.h>

#include "tcg/tcg-code.h"
#include "tcg/tcg-returns.h"

enum { TCG_NB_PINNED = 9 };

typedef struct TCGPinned {
    intptr_t offset[TCG_NB_PINNED]; // in env, of globals of type I64
    TCGEntry *enter;   // `entry` of a block whose code is at `pinned`: loads the registers
    const void *leave; // `pinned` of a block whose code is at `entry`: stores them
    // Stores them and returns to cpu_exec: the number that stands where the TCGCode does.
    const void *exit;
    // Stores them, calls the function in %rax with env alone, and enters the TCGCode that it gives.
    const void *lookup;
    // A guest return (tcg-returns.h) by the frame on top: from code with env in %rdi to a pinned frame.
    const void *return_enter;
    // From pinned code, with the key in %rax as pinned frames have it: by a frame of either kind that is not far; goes on at
    // the address in %r10 where there is none.
    const void *unwind;
} TCGPinned;

#if defined(__x86_64__)
#define TCG_PINNED_OPERANDS(o0, o1, o2, o3, o4, o5, o6, o7, o8)                                    \
    [entry] "i"(offsetof(TCGCode, entry)), [pinned] "i"(offsetof(TCGCode, pinned)),                \
        [base] "i"(offsetof(CPUState, returns) + offsetof(TCGReturns, base)),                      \
        [frames] "i"(TCG_RETURN_DEPTH), [p0] "i"(o0),             \
        [p1] "i"(o1), [p2] "i"(o2), [p3] "i"(o3), [p4] "i"(o4), [p5] "i"(o5), [p6] "i"(o6),        \
        [p7] "i"(o7), [p8] "i"(o8)
#define TCG_PINNED_STORES                                                                          \
    "movq %%r14, %c[p0](%%r12)\n\tmovq %%r15, %c[p1](%%r12)\n\tmovq %%rdi, %c[p2](%%r12)\n\t"      \
    "movq %%rsi, %c[p3](%%r12)\n\tmovq %%rdx, %c[p4](%%r12)\n\tmovq %%rcx, %c[p5](%%r12)\n\t"      \
    "movq %%r8, %c[p6](%%r12)\n\tmovq %%r9, %c[p7](%%r12)\n\tmovq %%r11, %c[p8](%%r12)\n\t"
#define TCG_PINNED_LOADS                                                                           \
    "movq %c[p0](%%r12), %%r14\n\tmovq %c[p1](%%r12), %%r15\n\tmovq %c[p2](%%r12), %%rdi\n\t"      \
    "movq %c[p3](%%r12), %%rsi\n\tmovq %c[p4](%%r12), %%rdx\n\tmovq %c[p5](%%r12), %%rcx\n\t"      \
    "movq %c[p6](%%r12), %%r8\n\tmovq %c[p7](%%r12), %%r9\n\tmovq %c[p8](%%r12), %%r11\n\t"
// %rbp is the next frame's key, %rbx how many are left.
#define TCG_PINNED_UNWIND                                                                          \
    "leaq 8(%%rsp), %%rbp\n\tmovl $%c[frames], %%ebx\n"                                            \
    "1:\tcmpq %c[base](%%r12), %%rbp\n\tjae 4f\n\t"                                                \
    "cmpq %%rax, (%%rbp)\n\tje 2f\n\t"                                                             \
    "xorq tcg_return_pinned(%%rip), %%rax\n\tcmpq %%rax, (%%rbp)\n\tje 3f\n\t"                     \
    "xorq tcg_return_pinned(%%rip), %%rax\n\t"                                                     \
    "addq $16, %%rbp\n\tdecl %%ebx\n\tjne 1b\n"                                                    \
    "4:\tjmpq *%%r10\n"                                                                            \
    "2:\tleaq -8(%%rbp), %%rsp\n\tretq\n"                                                          \
    "3:\tleaq -8(%%rbp), %%rsp\n\t" TCG_PINNED_STORES "movq %%r12, %%rdi\n\tretq"
#define TCG_PINNED_FUNCTION(name, text, ...)                                                       \
    __attribute__((naked, used)) static uintptr_t name(void *env, const TCGCode *code)             \
    {                                                                                              \
        __asm__(text : : TCG_PINNED_OPERANDS(__VA_ARGS__));                                        \
    }
// Defines the TCGPinned `name` over TCG_NB_PINNED constant offsets in env.
#define TCG_PINNED_DEFINE(name, ...)                                                               \
    TCG_PINNED_FUNCTION(name##_enter,                                                              \
                        "movq %%rdi, %%r12\n\tmovq %%rsi, %%r13\n\t" TCG_PINNED_LOADS              \
                        "jmpq *%c[pinned](%%r13)",                                                 \
                        __VA_ARGS__)                                                               \
    TCG_PINNED_FUNCTION(name##_leave,                                                              \
                        TCG_PINNED_STORES "movq %%r12, %%rdi\n\tmovq %%r13, %%rsi\n\t"             \
                                          "jmpq *%c[entry](%%rsi)",                                \
                        __VA_ARGS__)                                                               \
    TCG_PINNED_FUNCTION(name##_exit,                                                               \
                        TCG_PINNED_STORES "movq %%r13, %%rax\n\tmovq %c[base](%%r12), %%rsp\n\tretq", \
                        __VA_ARGS__)                                                               \
    TCG_PINNED_FUNCTION(name##_lookup,                                                             \
                        TCG_PINNED_STORES "movq %%r12, %%rdi\n\tsubq $8, %%rsp\n\t"                \
                                          "callq *%%rax\n\taddq $8, %%rsp\n\t"                     \
                                          "movq %%r12, %%rdi\n\tmovq %%rax, %%rsi\n\t"             \
                                          "jmpq *%c[entry](%%rsi)",                                \
                        __VA_ARGS__)                                                               \
    TCG_PINNED_FUNCTION(name##_return_enter,                                                       \
                        "movq %%rdi, %%r12\n\t" TCG_PINNED_LOADS "retq", __VA_ARGS__)              \
    TCG_PINNED_FUNCTION(name##_unwind, TCG_PINNED_UNWIND, __VA_ARGS__)                             \
    static const TCGPinned name = {{__VA_ARGS__},                                                  \
                                   name##_enter,                                                   \
                                   (const void *)name##_leave,                                     \
                                   (const void *)name##_exit,                                      \
                                   (const void *)name##_lookup,                                    \
                                   (const void *)name##_return_enter,                              \
                                   (const void *)name##_unwind}
#endif

// Calls entry(env, code), for a caller that has registers of its own. returns, of env, gets its base.
uintptr_t tcg_enter(void *env, const TCGCode *code, TCGEntry *entry, TCGReturns *returns);
// Returns to cpu_exec with `value`, from code that has jumped here: frames go.
uintptr_t tcg_leave(void *env, const TCGCode *value);

#endif
