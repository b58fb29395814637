// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tcg/tcg-returns.h"

#include <unistd.h>

uint64_t tcg_return_pinned;
intptr_t tcg_returns_offset;

bool tcg_returns_init(intptr_t offset)
{
    tcg_returns_offset = offset;
    return getentropy(&tcg_return_pinned, sizeof(tcg_return_pinned)) == 0;
}
