// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A pass that does wrong, as its argument says: `terminator` leaves a block without one, `refuse` gives up.
#include <stdlib.h>
#include <string.h>

#include "passes/pass.h"

static void *init(MynaPassHost *host, const char *args, char **error)
{
    (void)host;
    if (!*args) {
        *error = strdup("say what to do wrong");
        return NULL;
    }
    return strdup(args);
}

static bool run(void *self, MynaPassUnit *unit, char **error)
{
    if (strcmp(self, "refuse") == 0) {
        *error = strdup("not this one");
        return false;
    }
    LLVMValueRef fn = myna_function_next(unit->module, NULL);
    LLVMAppendBasicBlockInContext(LLVMGetModuleContext(unit->module), fn, "without");
    return true;
}

#ifdef OLD
const MynaPass myna_pass = {.version = 0, .name = "bad", .init = init, .run = run};
#else
const MynaPass myna_pass = {.version = MYNA_PASS_VERSION, .name = "bad", .init = init, .run = run};
#endif
