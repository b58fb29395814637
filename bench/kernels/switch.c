// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark kernel: an interpreter with a switch in a loop, the program that indirect jumps hurt most.
#include <stdio.h>
#include <stdlib.h>

#include "bytecode.h"

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
