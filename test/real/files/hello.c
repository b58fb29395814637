// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The least C program, for the compiler cases.
#include <stdio.h>

int main(int argc, char **argv)
{
    printf("hello from %d argument%s\n", argc - 1, argc == 2 ? "" : "s");
    for (int i = 1; i < argc; i++)
        printf("%d: %s\n", i, argv[i]);
    return argc == 1 ? 0 : 3;
}
