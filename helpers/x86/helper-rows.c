// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows of helpers/x86/helper-x86.h.

#include "helpers/helper-tables.h"
#include "helpers/x86/cpu.h"
#include "tcg/tcg.h"

#define HELPER_TABLE "helpers/x86/helper-x86.h"
#define CPUArchState CPUX86State
#include "helpers/helper-proto.h"

static TCGHelperInfo rows[] = {
#include "helpers/helper-info.h"
};

void helpers_x86_register(void) { tcg_register_helpers(rows, sizeof(rows) / sizeof(rows[0])); }
