// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gen_helper_* for the A64 frontend: the tables of helpers/aarch64 and helpers/common.

#ifndef FRONTEND_AARCH64_HELPERS_H
#define FRONTEND_AARCH64_HELPERS_H

#include "helpers/aarch64/cpu.h"
#include "tcg/tcg-op.h"

typedef CPUARMState CPUArchState;

// The generators are static inline functions, and no file uses all of them.
#define HELPER_TABLE "helpers/common/helper-common.h"
#include "helpers/helper-proto.h"
#include "helpers/helper-gen.h"
#undef HELPER_TABLE
#define HELPER_TABLE "helpers/aarch64/helper-a64.h"
#include "helpers/helper-proto.h"
#include "helpers/helper-gen.h"
#undef HELPER_TABLE

#endif
