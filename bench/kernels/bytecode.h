// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The program that the two interpreter kernels run: it sums the remainders of pairs, in a machine of eight
// registers.
#ifndef BENCH_BYTECODE_H
#define BENCH_BYTECODE_H

#include <stdint.h>

typedef enum Op { SET, ADD, SUB, MUL, REM, XOR, SHR, LOAD, STORE, LESS, JUMP_IF, JUMP, HALT } Op;

typedef struct Insn {
    uint8_t op, a, b, c;
    int32_t value;
} Insn;

// r0: limit, r1: i, r2: j, r3: sum, r4-r7: work
static const Insn program[] = {
    {SET, 1, 0, 0, 1},     // 0
    {SET, 2, 0, 0, 1},     // 1   for each i
    {ADD, 4, 1, 2, 0},     // 2   for each j
    {MUL, 5, 1, 2, 0},     // 3
    {REM, 6, 5, 4, 0},     // 4
    {ADD, 3, 3, 6, 0},     // 5
    {SET, 7, 0, 0, 3},     // 6
    {SHR, 6, 3, 7, 0},     // 7
    {XOR, 3, 3, 6, 0},     // 8
    {SET, 7, 0, 0, 255},   // 9
    {LOAD, 5, 1, 0, 0},    // 10
    {STORE, 3, 2, 0, 0},   // 11
    {SUB, 3, 3, 5, 0},     // 12
    {SET, 7, 0, 0, 1},     // 13
    {ADD, 2, 2, 7, 0},     // 14
    {LESS, 6, 2, 0, 0},    // 15
    {JUMP_IF, 6, 0, 0, 2}, // 16
    {ADD, 1, 1, 7, 0},     // 17
    {LESS, 6, 1, 0, 0},    // 18
    {JUMP_IF, 6, 0, 0, 1}, // 19
    {HALT, 3, 0, 0, 0},    // 20
};

static uint64_t memory[256];

#endif
