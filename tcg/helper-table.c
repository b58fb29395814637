// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of helpers, keyed by function, and the op that calls one.
//
// A helper's C signature follows from its row: i32, i64, f32, f64 and pointers by value, i128 and
// vectors by pointer, a result of those through a first parameter.  The libffi call interface made of
// it is kept in the row.

#include <dlfcn.h>
#include <ffi.h>
#include <glib.h>

#include "interp-insn.h"
#include "tcg-op.h"

typedef struct HelperCall {
    ffi_cif cif; // first: TCGHelperInfo.cif points here
    ffi_type *args[TCG_MAX_CALL_ARGS + 1];
} HelperCall;

static GHashTable *by_func, *by_name; // -> TCGHelperInfo
static GMutex table_lock;

static ffi_type *ffi_type_of(TCGType t)
{
    switch (t) {
    case TCG_TYPE_I32: return &ffi_type_uint32;
    case TCG_TYPE_I64: return &ffi_type_uint64;
    case TCG_TYPE_F32: return &ffi_type_float;
    case TCG_TYPE_F64: return &ffi_type_double;
    case TCG_TYPE_VOID: return &ffi_type_void;
    default: return &ffi_type_pointer;
    }
}

static void *make_cif(const TCGHelperInfo *row)
{
    HelperCall *call = g_new0(HelperCall, 1);
    unsigned n = 0;
    ffi_type *ret = ffi_type_of(row->ret);
    if (row->ret != TCG_TYPE_VOID && tcg_type_by_pointer(row->ret)) {
        call->args[n++] = &ffi_type_pointer;
        ret = &ffi_type_void;
    }
    for (unsigned i = 0; i < row->nargs; i++) {
        call->args[n++] = ffi_type_of(row->args[i]);
    }
    ffi_status status = ffi_prep_cif(&call->cif, FFI_DEFAULT_ABI, n, ret, call->args);
    if (status != FFI_OK) {
        g_error("libffi refuses the signature of helper %s (status %d)", row->name, (int)status);
    }
    return &call->cif;
}

void tcg_register_helpers(TCGHelperInfo *rows, size_t n)
{
    g_mutex_lock(&table_lock);
    if (!by_func) {
        by_func = g_hash_table_new(NULL, NULL);
        by_name = g_hash_table_new(g_str_hash, g_str_equal);
    }
    for (size_t i = 0; i < n; i++) {
        if (!rows[i].cif) { // registering a table again changes nothing
            rows[i].cif = make_cif(&rows[i]);
            g_hash_table_insert(by_func, rows[i].func, &rows[i]);
            g_hash_table_insert(by_name, (gpointer)rows[i].name, &rows[i]);
        }
    }
    g_mutex_unlock(&table_lock);
}

void tcg_prepare_row(TCGHelperInfo *row) { row->cif = make_cif(row); }

const TCGHelperInfo *tcg_find_helper(const void *func)
{
    return by_func ? g_hash_table_lookup(by_func, func) : NULL;
}

const TCGHelperInfo *tcg_find_helper_by_name(const char *name)
{
    return by_name ? g_hash_table_lookup(by_name, name) : NULL;
}

// What to call a function that has no row: its symbol, or its address.
static char *describe_function(void *func)
{
    Dl_info info;
    if (dladdr(func, &info) && info.dli_sname && info.dli_saddr == func) {
        return g_strdup(info.dli_sname);
    }
    return g_strdup_printf("the function at %p", func);
}

void tcg_gen_callN(void *func, TCGTemp *ret, int nargs, TCGTemp **args)
{
    const TCGHelperInfo *info = tcg_find_helper(func);
    if (!info) {
        char *name = describe_function(func);
        tcg_set_error(tcg_ctx, "call to %s, which has no row in the helper table", name);
        g_free(name);
        return;
    }
    tcg_gen_call_row(info, ret, nargs, args);
}

void tcg_gen_call_row(const TCGHelperInfo *info, TCGTemp *ret, int nargs, TCGTemp **args)
{
    if (nargs != info->nargs) {
        tcg_set_error(tcg_ctx, "helper %s takes %d arguments, not %d", info->name, info->nargs,
                      nargs);
        return;
    }
    for (int i = 0; i < nargs; i++) {
        if (args[i]->type != info->args[i]) {
            tcg_set_error(tcg_ctx, "argument %d of helper %s is %s, not %s", i + 1, info->name,
                          tcg_type_name(info->args[i]), tcg_type_name(args[i]->type));
            return;
        }
    }
    if (ret && ret->type != info->ret) {
        tcg_set_error(tcg_ctx, "helper %s gives %s, not %s", info->name,
                      info->ret == TCG_TYPE_VOID ? "nothing" : tcg_type_name(info->ret),
                      tcg_type_name(ret->type));
        return;
    }
    unsigned nout = ret != NULL;
    TCGOp *op = tcg_emit_op(INDEX_op_call, nout + (unsigned)nargs);
    op->nout = (uint8_t)nout;
    op->nin = (uint8_t)nargs;
    op->call_info = info;
    if (ret) {
        op->args[0] = (TCGArg)ret;
    }
    for (int i = 0; i < nargs; i++) {
        op->args[nout + (unsigned)i] = (TCGArg)args[i];
    }
}
