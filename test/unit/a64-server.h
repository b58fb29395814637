// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What test_a64_fp.c and a64-server.c tell each other.  An instruction reads V1, V2, V3 and X1, and writes
// V0 (which is also an operand) and X0.

#ifndef A64_SERVER_H
#define A64_SERVER_H

#include <stdint.h>

enum { A64_MAX_CASES = 1024 };

typedef struct A64Request {
    uint32_t insn, ncases;
} A64Request;

typedef struct A64Case {
    uint64_t v[4][2];
    uint64_t x1;
    uint32_t fpcr, nzcv;
} A64Case;

typedef struct A64Result {
    uint64_t v0[2];
    uint64_t x0;
    uint32_t fpsr, nzcv;
    uint64_t undefined;
} A64Result;

#endif
