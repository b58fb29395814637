// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A pass that changes what the guest does: before each system call of the number `from`, the register `reg`
// gets the value `value`; and it notes the register `watch` at each of them, through a call.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "passes/pass.h"

typedef struct Patch {
    MynaPassHost *host;
    char *reg, *watch;
    uint64_t value;
} Patch;

static void note(uint64_t pc, uint64_t value)
{
    (void)pc;
    fprintf(stderr, "patch: was %" PRIu64 "\n", value);
}

static void *init(MynaPassHost *host, const char *args, char **error)
{
    static const char *const keys[] = {"reg", "value", "watch", NULL};
    *error = myna_args_check(args, keys);
    Patch *p = calloc(1, sizeof(*p));
    p->host = host;
    p->reg = myna_arg(args, "reg");
    p->watch = myna_arg(args, "watch");
    char *value = myna_arg(args, "value");
    p->value = value ? strtoull(value, NULL, 0) : 0;
    free(value);
    host->define(host, "patch.note", note);
    return *error ? NULL : p;
}

// At the guest.insn of the system call's instruction.
static bool patch(const Patch *p, MynaPassUnit *unit, LLVMValueRef insn, char **error)
{
    LLVMContextRef c = LLVMGetModuleContext(unit->module);
    LLVMBuilderRef b = myna_builder_after(insn);
    LLVMValueRef args[] = {myna_i64(unit, unit->pc), myna_reg_read(unit, b, p->watch)};
    bool ok = args[1] && myna_reg_write(unit, b, p->reg, myna_i64(unit, p->value));
    if (ok) {
        myna_call(unit, b, "patch.note", LLVMVoidTypeInContext(c), args, 2);
    } else if (asprintf(error, "there is no register %s or %s", p->reg, p->watch) < 0) {
        *error = NULL;
    }
    LLVMDisposeBuilder(b);
    return ok;
}

static bool run(void *self, MynaPassUnit *unit, char **error)
{
    const Patch *p = self;
    for (LLVMValueRef fn = NULL; (fn = myna_function_next(unit->module, fn));) {
        LLVMValueRef insn = NULL;
        for (MynaOp op = {.call = NULL}; myna_op_next(fn, &op);) {
            insn = op.kind == MYNA_OP_INSN ? op.call : insn;
            if (op.kind == MYNA_OP_SYSCALL && insn && !patch(p, unit, insn, error)) {
                return false;
            }
        }
    }
    return true;
}

const MynaPass myna_pass = {
    .version = MYNA_PASS_VERSION,
    .flags = MYNA_PASS_CACHEABLE | MYNA_PASS_REGISTERS,
    .name = "patch",
    .init = init,
    .run = run,
};
