// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A postfix calculator in three files.
#include "limits.inc"

void push(long value);
long pop(void);
int evaluate(const char *text, long *result);
