// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark kernel: an interpreter with a switch in a loop, the program that indirect jumps hurt most.
// It runs a small program that sums the remainders of pairs, in a machine of eight registers.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

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

static uint64_t execute(uint64_t limit)
{
    uint64_t r[8] = {limit};
    for (const Insn *pc = program;;) {
        const Insn *i = pc++;
        switch ((Op)i->op) {
        case SET: r[i->a] = (uint64_t)(int64_t)i->value; break;
        case ADD: r[i->a] = r[i->b] + r[i->c]; break;
        case SUB: r[i->a] = r[i->b] - r[i->c]; break;
        case MUL: r[i->a] = r[i->b] * r[i->c]; break;
        case REM: r[i->a] = (uint32_t)r[i->b] % (uint32_t)r[i->c]; break;
        case XOR: r[i->a] = r[i->b] ^ r[i->c]; break;
        case SHR: r[i->a] = r[i->b] >> (r[i->c] & 63); break;
        case LOAD: r[i->a] = memory[r[i->b] & 255]; break;
        case STORE: memory[r[i->b] & 255] = r[i->a]; break;
        case LESS: r[i->a] = r[i->b] < r[i->c]; break;
        case JUMP_IF:
            if (r[i->a])
                pc = program + i->value;
            break;
        case JUMP: pc = program + i->value; break;
        case HALT: return r[i->a];
        }
    }
}

int main(int argc, char **argv)
{
    long n = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
    uint64_t sum = 0;
    for (long i = 0; i < n; i++)
        sum = sum * 3 + execute(200);
    printf("%llx\n", (unsigned long long)sum);
    return 0;
}
