// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows of helpers/common/helper-common.h.

#include "helpers/cpu-state.h"
#include "helpers/helper-tables.h"
#include "tcg/tcg.h"

#define HELPER_TABLE "helpers/common/helper-common.h"
#define CPUArchState CPUState
#include "helpers/helper-proto.h"

static TCGHelperInfo rows[] = {
#include "helpers/helper-info.h"
};

void helpers_common_register(void) { tcg_register_helpers(rows, sizeof(rows) / sizeof(rows[0])); }
