// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The encoder of helper calls for the quick tier: each argument by a stencil that puts it into its register, then
// the call itself, straight to the helper (stencils/stencil-flow.c).
//
// That covers integers and pointers, six at most.  The other calls go through libffi, as the interpreter's.

#include "interp-encode.h"

enum QuickArgKind { ARG_32, ARG_64, ARG_ADDRESS, ARG_IMM32, ARG_IMM64, ARG_ENV, QUICK_ARG_KINDS };
enum QuickArg0Kind { ARG0_ENV, ARG0_SLOT, ARG0_ADDRESS, QUICK_ARG0_KINDS };
enum { RESULT_VOID, RESULT_I32, RESULT_I64 };

typedef struct Argument {
    enum QuickArgKind kind;
    unsigned slot;
    uint64_t value;
} Argument;

// Loads constants that have no form as an immediate into slots.
static Argument argument(Encoder *e, TCGArg arg, TCGType type)
{
    const TCGTemp *t = arg_temp(arg);
    if (is_env(arg)) {
        return (Argument){.kind = ARG_ENV};
    }
    if (tcg_type_by_pointer(type)) {
        return (Argument){.kind = ARG_ADDRESS, .slot = slot_of(e, t)};
    }
    if (t->kind == TEMP_CONST) {
        return (Argument){.kind = is_imm32(arg) ? ARG_IMM32 : ARG_IMM64, .value = t->val};
    }
    return (Argument){.kind = type == TCG_TYPE_I32 ? ARG_32 : ARG_64, .slot = slot_of(e, t)};
}

static void emit_argument(Encoder *e, unsigned n, const Argument *a)
{
    uint64_t *ip = emit(e, IOP_QUICK_ARG, (n - 1) * QUICK_ARG_KINDS + a->kind);
    if (a->kind == ARG_IMM32) {
        put_imm32(ip, 1, (int64_t)a->value);
    } else if (a->kind == ARG_IMM64) {
        ip[2] = a->value;
    } else {
        put_slot(ip, 1, a->slot);
    }
}

static bool is_float(TCGType t) { return t == TCG_TYPE_F32 || t == TCG_TYPE_F64; }

static bool can_call(const TCGHelperInfo *info, bool by_pointer)
{
    bool ok = !is_float(info->ret) && info->nargs + by_pointer <= 6u;
    for (unsigned i = 0; i < info->nargs; i++) {
        ok &= !is_float(info->args[i]);
    }
    return ok;
}

bool encode_quick_call(Encoder *e, const TCGOp *op)
{
    const TCGHelperInfo *info = op->call_info;
    const TCGTemp *ret = op->nout ? arg_temp(op->args[0]) : NULL;
    bool by_pointer = info->ret != TCG_TYPE_VOID && tcg_type_by_pointer(info->ret);
    Argument args[6];
    unsigned n = 0, result = ret ? slot_of(e, ret) : 0;

    if (!can_call(info, by_pointer)) {
        return false;
    }
    if (may_access_memory(op)) {
        save_pc(e);
    }
    if (by_pointer) { // the result's address is the first argument; it must not alias another
        bool alias = !ret;
        for (unsigned i = 0; i < info->nargs; i++) {
            alias |= op->args[op->nout + i] == (TCGArg)ret;
        }
        args[n++] = (Argument){.kind = ARG_ADDRESS, .slot = alias ? scratch_slot(e, 32) : result};
    }
    for (unsigned i = 0; i < info->nargs; i++) {
        args[n++] = argument(e, op->args[op->nout + i], info->args[i]);
    }
    enum QuickArg0Kind kind0 = ARG0_ENV;
    if (n && args[0].kind == ARG_ADDRESS) {
        kind0 = ARG0_ADDRESS;
    } else if (n && args[0].kind != ARG_ENV) {
        kind0 = ARG0_SLOT;
        if (args[0].kind == ARG_IMM32 || args[0].kind == ARG_IMM64) {
            args[0].slot = scratch_slot(e, 16);
            emit_movi64(e, args[0].slot, args[0].value);
        }
    }
    for (unsigned i = n; i-- > 1;) {
        emit_argument(e, i, &args[i]);
    }
    unsigned kind = by_pointer || !ret          ? RESULT_VOID
                    : info->ret == TCG_TYPE_I32 ? RESULT_I32
                                                : RESULT_I64;
    unsigned far = e->quick->in_reach(info->func) ? 0 : QUICK_ARG0_KINDS;
    uint64_t *ip = emit(e, IOP_QUICK_CALL, (far + kind0) * 3 + kind);
    put_slot(ip, 0, result);
    put_slot(ip, 1, kind0 == ARG0_ENV ? 0 : args[0].slot);
    ip[2] = (uint64_t)(uintptr_t)info->func;
    if (by_pointer && ret && args[0].slot != result) {
        emit_mov(e, tcg_type_size(info->ret), result, args[0].slot);
    }
    return true;
}

// --- rows -------------------------------------------------------------------------------------------

#define ARG(n, kind, words, name)                                                                  \
    {IOP_QUICK_ARG, ((n) - 1) * QUICK_ARG_KINDS + (kind), words, 0, NULL, "quick_arg" #n "_" #name}
#define ARGS(n)                                                                                    \
    ARG(n, ARG_32, 2, 32), ARG(n, ARG_64, 2, 64), ARG(n, ARG_ADDRESS, 2, address),                 \
        ARG(n, ARG_IMM32, 2, imm32), ARG(n, ARG_IMM64, 3, imm64), ARG(n, ARG_ENV, 2, env)
#define CALLS(kind, name)                                                                          \
    {IOP_QUICK_CALL, (kind) * 3 + RESULT_VOID, 3, 0, NULL, "quick_" #name "_void"},                \
        {IOP_QUICK_CALL, (kind) * 3 + RESULT_I32, 3, 32, NULL, "quick_" #name "_i32"},             \
        {IOP_QUICK_CALL, (kind) * 3 + RESULT_I64, 3, 64, NULL, "quick_" #name "_i64"}

static const InterpRow rows[] = {
    ARGS(1),
    ARGS(2),
    ARGS(3),
    ARGS(4),
    ARGS(5),
    CALLS(ARG0_ENV, call_env),
    CALLS(ARG0_SLOT, call_slot),
    CALLS(ARG0_ADDRESS, call_address),
    CALLS(QUICK_ARG0_KINDS + ARG0_ENV, far_env),
    CALLS(QUICK_ARG0_KINDS + ARG0_SLOT, far_slot),
    CALLS(QUICK_ARG0_KINDS + ARG0_ADDRESS, far_address),
    {IOP_QUICK_RECORD, 0, 3, 0, NULL, "quick_record"},
    {IOP_QUICK_CODE, 0, 0, 0, NULL, "quick_code"}, // no stencils: see quick.c
    {IOP_QUICK_JUMP, 0, 2, 0, NULL, "quick_jump"},
    {IOP_QUICK_LEAVE, 0, 3, 0, NULL, "quick_leave"},
    {IOP_QUICK_INDIRECT, 0, 3, 0, NULL, "quick_indirect"},
};

void interp_register_quick(void) { interp_register_rows(rows, sizeof(rows) / sizeof(rows[0])); }
