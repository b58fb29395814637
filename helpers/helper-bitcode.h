// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All helper bodies as one LLVM bitcode module, embedded in the program.  Symbols are those of the
// native bodies: helper_<name>.

#ifndef HELPERS_HELPER_BITCODE_H
#define HELPERS_HELPER_BITCODE_H

#include <stddef.h>

extern const unsigned char myna_helpers_bc[];
extern const size_t myna_helpers_bc_size;

#endif
