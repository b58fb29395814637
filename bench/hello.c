// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Benchmark: the cost of a start. Nothing but a static program's own start, and one line.
#include <stdio.h>

int main(void)
{
    puts("hello");
    return 0;
}
