// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gen_helper_* for the x86 frontend: the tables of helpers/x86 and helpers/common.

#ifndef FRONTEND_X86_HELPERS_H
#define FRONTEND_X86_HELPERS_H

#include "helpers/x86/cpu.h"
#include "tcg/tcg-op.h"

typedef CPUX86State CPUArchState;

// The generators are static inline functions, and no file uses all of them.
#define HELPER_TABLE "helpers/common/helper-common.h"
#include "helpers/helper-proto.h"
#include "helpers/helper-gen.h"
#undef HELPER_TABLE
#define HELPER_TABLE "helpers/x86/helper-x86.h"
#include "helpers/helper-proto.h"
#include "helpers/helper-gen.h"
#undef HELPER_TABLE

#endif
