// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark kernel: the interpreter of switch.c with computed goto, an indirect jump at the end of each
// operation.
#include <stdio.h>
#include <stdlib.h>

#include "bytecode.h"

static uint64_t execute(uint64_t limit)
{
    static const void *const labels[] = {
        [SET] = &&set,         [ADD] = &&add,   [SUB] = &&sub,   [MUL] = &&mul,     [REM] = &&rem,
        [XOR] = &&xor,         [SHR] = &&shr,   [LOAD] = &&load, [STORE] = &&store, [LESS] = &&less,
        [JUMP_IF] = &&jump_if, [JUMP] = &&jump, [HALT] = &&halt,
    };
    uint64_t r[8] = {limit};
    const Insn *pc = program, *i;
#define NEXT()                                                                                     \
    do {                                                                                           \
        i = pc++;                                                                                  \
        goto *labels[i->op];                                                                       \
    } while (0)
    NEXT();
set:
    r[i->a] = (uint64_t)(int64_t)i->value;
    NEXT();
add:
    r[i->a] = r[i->b] + r[i->c];
    NEXT();
sub:
    r[i->a] = r[i->b] - r[i->c];
    NEXT();
mul:
    r[i->a] = r[i->b] * r[i->c];
    NEXT();
rem:
    r[i->a] = (uint32_t)r[i->b] % (uint32_t)r[i->c];
    NEXT();
    xor : r[i->a] = r[i->b] ^ r[i->c];
    NEXT();
shr:
    r[i->a] = r[i->b] >> (r[i->c] & 63);
    NEXT();
load:
    r[i->a] = memory[r[i->b] & 255];
    NEXT();
store:
    memory[r[i->b] & 255] = r[i->a];
    NEXT();
less:
    r[i->a] = r[i->b] < r[i->c];
    NEXT();
jump_if:
    if (r[i->a])
        pc = program + i->value;
    NEXT();
jump:
    pc = program + i->value;
    NEXT();
halt:
    return r[i->a];
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
