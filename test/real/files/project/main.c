// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The calculator's command line.
#include "calc.h"
#include <stdio.h>

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        long result;
        if (evaluate(argv[i], &result) != 0)
            return 1;
        printf("%ld\n", result);
    }
    return 0;
}
