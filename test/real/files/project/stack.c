// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The calculator's stack.
#include "calc.h"
#include <stdlib.h>

static long stack[STACK_SIZE];
static int depth;

void push(long value)
{
    if (depth == STACK_SIZE)
        abort();
    stack[depth++] = value;
}

long pop(void)
{
    if (depth == 0)
        abort();
    return stack[--depth];
}
