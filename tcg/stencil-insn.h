// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The other meaning of the op definitions' macros (interp-insn.h has the interpreter's): with TCG_STENCIL
// defined, each OP becomes a stencil of the quick tier (quick.h).
//
// A stencil is a C function whose operands are the addresses of symbols that nobody defines.  The compiler
// leaves a relocation for each; these are the holes that quick.c fills.  What follows from that:
//
//  * The calling convention is C's, so a block is entered as any TCGEntry, and blocks of every tier chain
//    without a prologue.  env stays in the first argument's register, acc in the second's.  A stencil that
//    calls C saves env itself; nothing else costs.
//  * The code model is `kernel`: a symbol's address is then a sign-extended 32-bit number, which is what
//    an operand's offset and an immediate are, and both end up inside instructions.
//  * A number that the compiler must not reason about (it takes a symbol's address for nonzero, and two
//    for different) comes from an assembly statement: SLOT, IMM64.
//  * The last jump goes to hole_next and is dropped; hole_jump is a branch inside the block.
//
// extract.c knows the symbols' names.

#ifndef TCG_STENCIL_INSN_H
#define TCG_STENCIL_INSN_H

#include <string.h>

#include "tcg.h"
#include "tcg-code.h"

#define INTERP_CC
typedef uintptr_t InterpHandler(char *env, uint64_t acc);

InterpHandler hole_next, hole_jump;
extern const uint64_t hole_data[]; // the instruction's bytecode, in the block's pool
extern char hole_addr_0[], hole_addr_1[], hole_addr_2[], hole_addr_3[], hole_addr_4[],
    hole_addr_5[];
extern char hole_s32_0[], hole_s32_1[], hole_s32_2[];

#define OP(name) static __attribute__((used)) uintptr_t op_##name(char *env, uint64_t acc)
#define ADDR(i) (env + (intptr_t)hole_addr_##i)
#define REG(T, i) (*(T *)ADDR(i))
#define SLOT(i) STENCIL_NUMBER(unsigned, "movl $hole_slot_" #i ", %0")
#define IMM32(i) ((intptr_t)hole_s32_##i)
#define IMM64(i) STENCIL_NUMBER(uint64_t, "movabsq $hole_imm64_" #i ", %0")
#define STENCIL_NUMBER(T, insn)                                                                    \
    ({                                                                                             \
        T number_;                                                                                 \
        __asm__(insn : "=r"(number_));                                                             \
        number_;                                                                                   \
    })
#define DATA(words) (hole_data + (words))
#define NEXT(words) __attribute__((musttail)) return hole_next(env, acc)
#define UNSTORED(name, ...)                                                                        \
    OP(name##_unstored)                                                                            \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
        NEXT();                                                                                    \
    }
#define JUMP(words) __attribute__((musttail)) return hole_jump(env, acc)

#endif
