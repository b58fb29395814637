// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where a bitcode library's hooks are called.  See library.h.
#include "passes/library.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {
#define X(name, function, ...) function,
    LIBRARY_HOOKS(X)
#undef X
};

const char *myna_library_hook_name(unsigned hook) { return names[hook]; }

typedef struct Hooking {
    MynaPassUnit *unit;
    const MynaLibrary *library;
    LLVMTypeRef none;
} Hooking;

static bool wanted(const Hooking *h, unsigned hook) { return h->library->hooks >> hook & 1; }

static void call_hook(const Hooking *h, LLVMBuilderRef b, unsigned hook, LLVMValueRef *args,
                      unsigned n)
{
    char name[128];
    snprintf(name, sizeof(name), "%s%s", h->library->prefix, names[hook]);
    myna_call(h->unit, b, name, h->none, args, n);
}

// The value's low 64 bits.
static LLVMValueRef as_word(const Hooking *h, LLVMBuilderRef b, LLVMValueRef value, unsigned size)
{
    LLVMContextRef c = LLVMGetModuleContext(h->unit->module);
    LLVMTypeRef integer = LLVMIntTypeInContext(c, size * 8), word = LLVMInt64TypeInContext(c);
    value = LLVMBuildBitCast(b, value, integer, "");
    return LLVMBuildIntCast2(b, value, word, false, "");
}

static void hook_access(const Hooking *h, const MynaOp *op)
{
    bool loads = op->kind != MYNA_OP_ST, stores = op->kind != MYNA_OP_LD;
    LLVMValueRef args[] = {myna_i64(h->unit, op->pc), op->address, myna_i32(h->unit, op->size),
                           NULL};
    LLVMBuilderRef before = myna_builder_before(op->call);
    if (LLVMGetIntTypeWidth(LLVMTypeOf(args[1])) < 64) {
        args[1] = LLVMBuildZExt(before, args[1], LLVMTypeOf(args[0]), "");
    }
    if (loads && wanted(h, LIBRARY_HOOK_LOAD)) {
        call_hook(h, before, LIBRARY_HOOK_LOAD, args, 3);
    }
    if (stores && wanted(h, LIBRARY_HOOK_STORE)) {
        call_hook(h, before, LIBRARY_HOOK_STORE, args, 3);
    }
    if (stores && wanted(h, LIBRARY_HOOK_STORE_VALUE)) {
        args[3] = as_word(h, before, op->value, op->size);
        call_hook(h, before, LIBRARY_HOOK_STORE_VALUE, args, 4);
    }
    if (loads && wanted(h, LIBRARY_HOOK_LOAD_VALUE)) {
        LLVMBuilderRef after = myna_builder_after(op->call);
        args[3] = as_word(h, after, op->call, op->size);
        call_hook(h, after, LIBRARY_HOOK_LOAD_VALUE, args, 4);
        LLVMDisposeBuilder(after);
    }
    LLVMDisposeBuilder(before);
}

static void hook_event(const Hooking *h, const MynaOp *op, unsigned hook, LLVMValueRef second,
                       LLVMValueRef third)
{
    if (!wanted(h, hook)) {
        return;
    }
    LLVMValueRef args[] = {myna_i64(h->unit, op->pc), second, third};
    LLVMBuilderRef b = myna_builder_before(op->call);
    call_hook(h, b, hook, args, 1 + (second != NULL) + (third != NULL));
    LLVMDisposeBuilder(b);
}

void myna_library_hook(MynaPassUnit *unit, const MynaLibrary *library)
{
    Hooking h = {unit, library, LLVMVoidTypeInContext(LLVMGetModuleContext(unit->module))};
    if (wanted(&h, LIBRARY_HOOK_LOAD) || wanted(&h, LIBRARY_HOOK_STORE) ||
        wanted(&h, LIBRARY_HOOK_LOAD_VALUE) || wanted(&h, LIBRARY_HOOK_STORE_VALUE)) {
        myna_watch_helpers(unit); // instrument.c calls the hooks
    }
    for (LLVMValueRef fn = NULL; (fn = myna_function_next(unit->module, fn));) {
        for (MynaOp op = {.call = NULL}; myna_op_next(fn, &op);) {
            switch (op.kind) {
            case MYNA_OP_BLOCK:
                hook_event(&h, &op, LIBRARY_HOOK_BLOCK, myna_i32(unit, op.insns), NULL);
                break;
            case MYNA_OP_INSN: hook_event(&h, &op, LIBRARY_HOOK_INSN, NULL, NULL); break;
            case MYNA_OP_SYSCALL: hook_event(&h, &op, LIBRARY_HOOK_SYSCALL, NULL, NULL); break;
            case MYNA_OP_CALL:
                hook_event(&h, &op, LIBRARY_HOOK_CALL, op.target, op.return_pc);
                break;
            case MYNA_OP_RET: hook_event(&h, &op, LIBRARY_HOOK_RET, op.target, NULL); break;
            default: hook_access(&h, &op); break;
            }
        }
    }
}
