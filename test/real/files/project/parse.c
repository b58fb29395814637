// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The calculator's reader.
#include "calc.h"
#include <ctype.h>
#include <stdlib.h>

int evaluate(const char *text, long *result)
{
    while (*text) {
        if (isdigit((unsigned char)*text)) {
            char *end;
            push(strtol(text, &end, 10));
            text = end;
            continue;
        }
        if (!isspace((unsigned char)*text)) {
            long b = pop(), a = pop();
            switch (*text) {
            case '+': push(a + b); break;
            case '-': push(a - b); break;
            case '*': push(a * b); break;
            case '/': push(a / b); break;
            default: return -1;
            }
        }
        text++;
    }
    *result = pop();
    return 0;
}
