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
// Forms for one value of a constant operand: NAME_k<value>, see constant_of in quick.c.
// clang-format off
#define EACH_8(X, ...) X(__VA_ARGS__, 0) X(__VA_ARGS__, 1) X(__VA_ARGS__, 2) X(__VA_ARGS__, 3) X(__VA_ARGS__, 4) X(__VA_ARGS__, 5) X(__VA_ARGS__, 6) X(__VA_ARGS__, 7)
#define EACH_16(X, ...) EACH_8(X, __VA_ARGS__) X(__VA_ARGS__, 8) X(__VA_ARGS__, 9) X(__VA_ARGS__, 10) X(__VA_ARGS__, 11) X(__VA_ARGS__, 12) X(__VA_ARGS__, 13) X(__VA_ARGS__, 14) X(__VA_ARGS__, 15)
#define EACH_32(X, ...) EACH_16(X, __VA_ARGS__) X(__VA_ARGS__, 16) X(__VA_ARGS__, 17) X(__VA_ARGS__, 18) X(__VA_ARGS__, 19) X(__VA_ARGS__, 20) X(__VA_ARGS__, 21) X(__VA_ARGS__, 22) X(__VA_ARGS__, 23) X(__VA_ARGS__, 24) X(__VA_ARGS__, 25) X(__VA_ARGS__, 26) X(__VA_ARGS__, 27) X(__VA_ARGS__, 28) X(__VA_ARGS__, 29) X(__VA_ARGS__, 30) X(__VA_ARGS__, 31)
#define EACH_64(X, ...) EACH_32(X, __VA_ARGS__) X(__VA_ARGS__, 32) X(__VA_ARGS__, 33) X(__VA_ARGS__, 34) X(__VA_ARGS__, 35) X(__VA_ARGS__, 36) X(__VA_ARGS__, 37) X(__VA_ARGS__, 38) X(__VA_ARGS__, 39) X(__VA_ARGS__, 40) X(__VA_ARGS__, 41) X(__VA_ARGS__, 42) X(__VA_ARGS__, 43) X(__VA_ARGS__, 44) X(__VA_ARGS__, 45) X(__VA_ARGS__, 46) X(__VA_ARGS__, 47) X(__VA_ARGS__, 48) X(__VA_ARGS__, 49) X(__VA_ARGS__, 50) X(__VA_ARGS__, 51) X(__VA_ARGS__, 52) X(__VA_ARGS__, 53) X(__VA_ARGS__, 54) X(__VA_ARGS__, 55) X(__VA_ARGS__, 56) X(__VA_ARGS__, 57) X(__VA_ARGS__, 58) X(__VA_ARGS__, 59) X(__VA_ARGS__, 60) X(__VA_ARGS__, 61) X(__VA_ARGS__, 62) X(__VA_ARGS__, 63)
// clang-format on
#define JUMP(words) __attribute__((musttail)) return hole_jump(env, acc)

#endif
