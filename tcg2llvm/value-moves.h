// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where a value is at each instruction of a piece of machine code, which copies it from one register, or stack slot, to others.

#ifndef MYNA_TCG2LLVM_VALUE_MOVES_H
#define MYNA_TCG2LLVM_VALUE_MOVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ValuePlace {
    enum { PLACE_GENERAL, PLACE_VECTOR, PLACE_STACK } kind;
    uint8_t reg;    // as instructions number them; of PLACE_STACK the one that `offset` is from
    int32_t offset; // bytes
} ValuePlace;

// The value is at `place` as long as the instruction that runs begins before `until`.
typedef struct ValueStep {
    size_t until;
    ValuePlace place;
} ValueStep;

enum { VALUE_MAX_STEPS = 4 };

// The value, of so many bytes, is at `from` in front of code[start..end), and at `to` (NULL: perhaps nowhere) behind it.  Gives
// the number of steps, which may end before `end` when nothing follows that accesses other memory than the stack and constants; 0
// when it is nowhere at such an access, or that cannot be told.  There are no jumps in the piece.
unsigned value_trace(const uint8_t *code, size_t start, size_t end, unsigned size,
                     const ValuePlace *from, const ValuePlace *to,
                     ValueStep steps[VALUE_MAX_STEPS]);

#endif
