// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A pass that does wrong, as its argument says: `terminator` leaves a block without one, `refuse` gives up, `call`
// calls what is not there, `operation` has a guest operation of its own, `delete` takes a function away.
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
    if (strcmp(self, "delete") == 0) {
        LLVMDeleteFunction(fn);
        return true;
    }
    if (strcmp(self, "call") == 0 || strcmp(self, "operation") == 0) {
        LLVMValueRef first = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(fn));
        LLVMBuilderRef b = myna_builder_before(first);
        LLVMTypeRef none = LLVMVoidTypeInContext(LLVMGetModuleContext(unit->module));
        myna_call(unit, b, strcmp(self, "call") == 0 ? "bad.nowhere" : "guest.ld.i24", none, NULL,
                  0);
        LLVMDisposeBuilder(b);
        return true;
    }
    LLVMAppendBasicBlockInContext(LLVMGetModuleContext(unit->module), fn, "without");
    return true;
}

#ifdef OLD
const MynaPass myna_pass = {.version = 0, .name = "bad", .init = init, .run = run};
#else
const MynaPass myna_pass = {.version = MYNA_PASS_VERSION, .name = "bad", .init = init, .run = run};
#endif
