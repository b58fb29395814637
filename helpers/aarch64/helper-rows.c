// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows of helpers/aarch64/helper-a64.h.

#include "helpers/aarch64/cpu.h"
#include "helpers/helper-tables.h"
#include "tcg/tcg.h"

#define HELPER_TABLE "helpers/aarch64/helper-a64.h"
#define CPUArchState CPUARMState
#include "helpers/helper-proto.h"

static TCGHelperInfo rows[] = {
#include "helpers/helper-info.h"
};

void helpers_aarch64_register(void) { tcg_register_helpers(rows, sizeof(rows) / sizeof(rows[0])); }
