// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What all units of an LLVM context share (types, names of metadata and attributes), and the small
// instruction sequences that many ops are made of.
#include "tcg2llvm/lower.h"

#include <string.h>

// --- the lower: types and names that all units of a context share ---------------------------------------

static unsigned md_kind(LLVMContextRef c, const char *name)
{
    return LLVMGetMDKindIDInContext(c, name, strlen(name));
}

static unsigned attr_kind(const char *name)
{
    return LLVMGetEnumAttributeKindForName(name, strlen(name));
}

static Value md_string(LLVMContextRef c, const char *s)
{
    return LLVMMetadataAsValue(c, LLVMMDStringInContext2(c, s, strlen(s)));
}

// !{!scope} with scope = !{!"name", !domain}: strings make scope and domain the same in all modules.
static Value scope_list(LLVMContextRef c, const char *name)
{
    LLVMMetadataRef words = LLVMMDStringInContext2(c, "myna", 4);
    LLVMMetadataRef domain = LLVMMDNodeInContext2(c, &words, 1);
    LLVMMetadataRef scope[] = {LLVMMDStringInContext2(c, name, strlen(name)), domain};
    LLVMMetadataRef node = LLVMMDNodeInContext2(c, scope, 2);
    return LLVMMetadataAsValue(c, LLVMMDNodeInContext2(c, &node, 1));
}

static Value branch_weights(LLVMLower *l, unsigned yes, unsigned no)
{
    LLVMMetadataRef ops[] = {
        LLVMMDStringInContext2(l->c, "branch_weights", 14),
        LLVMValueAsMetadata(LLVMConstInt(l->i32, yes, false)),
        LLVMValueAsMetadata(LLVMConstInt(l->i32, no, false)),
    };
    return LLVMMetadataAsValue(l->c, LLVMMDNodeInContext2(l->c, ops, 3));
}

// Takes everything from the JitContext's LLVM context, anew when that was renewed.
void lower_refresh(LLVMLower *l)
{
    if (l->c && l->generation == jit_context_generation(l->jit)) {
        return;
    }
    l->generation = jit_context_generation(l->jit);
    LLVMContextRef c = l->c = jit_context_llvm(l->jit);
    l->i1 = LLVMInt1TypeInContext(c);
    l->i8 = LLVMInt8TypeInContext(c);
    l->i16 = LLVMInt16TypeInContext(c);
    l->i32 = LLVMInt32TypeInContext(c);
    l->i64 = LLVMInt64TypeInContext(c);
    l->i128 = LLVMInt128TypeInContext(c);
    l->f16 = LLVMHalfTypeInContext(c);
    l->f32 = LLVMFloatTypeInContext(c);
    l->f64 = LLVMDoubleTypeInContext(c);
    l->ptr = LLVMPointerTypeInContext(c, 0);
    l->void_ = LLVMVoidTypeInContext(c);
    l->types[TCG_TYPE_I32] = l->i32;
    l->types[TCG_TYPE_I64] = l->i64;
    l->types[TCG_TYPE_I128] = l->i128;
    l->types[TCG_TYPE_F32] = l->f32;
    l->types[TCG_TYPE_F64] = l->f64;
    l->types[TCG_TYPE_V64] = LLVMVectorType(l->i8, 8);
    l->types[TCG_TYPE_V128] = LLVMVectorType(l->i64, 2);
    l->types[TCG_TYPE_V256] = LLVMVectorType(l->i64, 4);
    Type params[] = {l->ptr, l->ptr};
    l->entry_type = LLVMFunctionType(l->i64, params, 2, false);
    Type pinned[LOWER_MAX_ENTRY_ARGS] = {l->ptr, l->ptr};
    for (unsigned i = 2; i < LOWER_MAX_ENTRY_ARGS; i++) {
        pinned[i] = l->i64;
    }
    l->pinned_type = LLVMFunctionType(l->i64, pinned, LOWER_MAX_ENTRY_ARGS, false);
    l->round_dynamic = md_string(c, "round.dynamic");
    l->except_strict = md_string(c, "fpexcept.strict");
    l->md_alias_scope = md_kind(c, "alias.scope");
    l->md_noalias = md_kind(c, "noalias");
    l->md_prof = md_kind(c, "prof");
    l->md_guest_pc = md_kind(c, "guest.pc");
    l->md_guest_asm = md_kind(c, "guest.asm");
    l->md_guest_reg = md_kind(c, "guest.reg");
    l->scope_env = scope_list(c, "myna.env");
    l->scope_guest = scope_list(c, "myna.guest");
    l->unlikely_true = branch_weights(l, 1, 2000);
    l->likely_true = branch_weights(l, 2000, 1);
    l->attr_strictfp = attr_kind("strictfp");
    l->attr_null_valid = attr_kind("null_pointer_is_valid");
    l->attr_nounwind = attr_kind("nounwind");
    l->attr_memory = attr_kind("memory");
    l->attr_noreturn = attr_kind("noreturn");
    l->attr_willreturn = attr_kind("willreturn");
    l->attr_nonnull = attr_kind("nonnull");
    l->attr_dereferenceable = attr_kind("dereferenceable");
    l->attr_align = attr_kind("align");
}

LLVMLower *llvm_lower_new(JitContext *context)
{
    LLVMLower *l = g_new0(LLVMLower, 1);
    l->jit = context;
#if LOWER_X86
    l->host_avx = __builtin_cpu_supports("avx");
    l->host_avx2 = __builtin_cpu_supports("avx2");
    l->host_fma = __builtin_cpu_supports("fma");
#endif
    l->intrinsics = g_hash_table_new(g_str_hash, g_str_equal);
    return l;
}

void llvm_lower_free(LLVMLower *l)
{
    if (l) {
        g_hash_table_destroy(l->intrinsics);
        g_free(l);
    }
}

// --- instructions that many ops are made of ------------------------------------------------------------

void lower_call_attr(LLVMUnit *u, Value call, unsigned kind, uint64_t value)
{
    LLVMAddCallSiteAttribute(call, LLVMAttributeFunctionIndex,
                             LLVMCreateEnumAttribute(u->l->c, kind, value));
}

Value lower_intrinsic(LLVMUnit *u, const char *name, Type *types, unsigned ntypes, Value *args,
                      unsigned nargs)
{
    gpointer known = g_hash_table_lookup(u->l->intrinsics, name);
    unsigned id = GPOINTER_TO_UINT(known);
    if (!id) {
        id = LLVMLookupIntrinsicID(name, strlen(name));
        if (!id) {
            g_error("LLVM has no intrinsic %s", name);
        }
        g_hash_table_insert(u->l->intrinsics, (gpointer)name, GUINT_TO_POINTER(id));
    }
    Value fn = LLVMGetIntrinsicDeclaration(u->m, id, types, ntypes);
    return LLVMBuildCall2(u->b, LLVMGlobalGetValueType(fn), fn, args, nargs, "");
}

Value lower_constrained(LLVMUnit *u, const char *name, Type *types, unsigned ntypes, bool rounded,
                        Value *args, unsigned nargs)
{
    Value all[8];
    memcpy(all, args, nargs * sizeof(all[0]));
    if (rounded) {
        all[nargs++] = u->l->round_dynamic;
    }
    all[nargs++] = u->l->except_strict;
    Value call = lower_intrinsic(u, name, types, ntypes, all, nargs);
    lower_call_attr(u, call, u->l->attr_strictfp, 0);
    return call;
}

Value lower_asm(LLVMUnit *u, Type result, const char *text, const char *constraints, Value *args,
                unsigned nargs, bool ordered)
{
    Type params[8];
    for (unsigned i = 0; i < nargs; i++) {
        params[i] = LLVMTypeOf(args[i]);
    }
    Type type = LLVMFunctionType(result, params, nargs, false);
    Value code = LLVMGetInlineAsm(type, text, strlen(text), constraints, strlen(constraints),
                                  ordered, false, LLVMInlineAsmDialectATT, false);
    Value call = LLVMBuildCall2(u->b, type, code, args, nargs, "");
    lower_call_attr(u, call, u->l->attr_nounwind, 0);
    lower_call_attr(u, call, u->l->attr_memory,
                    ordered ? LOWER_MEMORY_INACCESSIBLE : LOWER_MEMORY_NONE);
    return call;
}

Value lower_extern(LLVMUnit *u, const char *name, Type type)
{
    Value fn = LLVMGetNamedFunction(u->m, name);
    if (!fn) {
        fn = LLVMAddFunction(u->m, name, type);
        LLVMAddAttributeAtIndex(fn, LLVMAttributeFunctionIndex,
                                LLVMCreateEnumAttribute(u->l->c, u->l->attr_nounwind, 0));
    }
    return fn;
}

void lower_set_scope(LLVMUnit *u, Value access, bool guest)
{
    LLVMLower *l = u->l;
    if (u->precise || u->opt.cold) {
        return; // cold: nobody looks; precise: a handler looks at env in the midst of guest accesses
    }
    LLVMSetMetadata(access, l->md_alias_scope, guest ? l->scope_guest : l->scope_env);
    LLVMSetMetadata(access, l->md_noalias, guest ? l->scope_env : l->scope_guest);
}

LLVMBasicBlockRef lower_new_bb(LLVMUnit *u, const char *name)
{
    return LLVMAppendBasicBlockInContext(u->l->c, u->fn, name);
}

Value lower_unlikely(LLVMUnit *u, Value cond, LLVMBasicBlockRef yes, LLVMBasicBlockRef no)
{
    Value branch = LLVMBuildCondBr(u->b, cond, yes, no);
    LLVMSetMetadata(branch, u->l->md_prof, u->l->unlikely_true);
    return branch;
}

Value lower_alloca(LLVMUnit *u, Type type, unsigned align)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(u->b);
    Value first = LLVMGetFirstInstruction(u->entry);
    if (first) {
        LLVMPositionBuilderBefore(u->b, first);
    } else {
        LLVMPositionBuilderAtEnd(u->b, u->entry);
    }
    Value slot = LLVMBuildAlloca(u->b, type, "");
    LLVMSetAlignment(slot, align);
    LLVMPositionBuilderAtEnd(u->b, here);
    return slot;
}

unsigned lower_type_align(TCGType type)
{
    unsigned size = tcg_type_size(type);
    return size > 32 ? 32 : size;
}

Value lower_scratch(LLVMUnit *u, TCGType type, unsigned n)
{
    Value *slot = &u->scratch[type][n];
    if (!*slot) {
        *slot = lower_alloca(u, u->l->types[type], lower_type_align(type));
    }
    return *slot;
}

// env is 64-byte aligned.
static unsigned env_align(Type type, LLVMTargetDataRef layout, intptr_t offset)
{
    uint64_t size = LLVMStoreSizeOfType(layout, type);
    uint64_t align = offset ? (uint64_t)offset & -(uint64_t)offset : 64;
    size &= -size;
    return align < size ? align : size;
}

Value lower_env_ptr(LLVMUnit *u, intptr_t offset)
{
    Value index = lower_i64(u, offset);
    return offset ? LLVMBuildInBoundsGEP2(u->b, u->l->i8, u->env, &index, 1, "") : u->env;
}

static Value env_access(LLVMUnit *u, Value access, Type type, intptr_t offset)
{
    LLVMSetAlignment(access, env_align(type, jit_context_data_layout(u->l->jit), offset));
    lower_set_scope(u, access, false);
    return access;
}

Value lower_load_env(LLVMUnit *u, Type type, intptr_t offset)
{
    return env_access(u, LLVMBuildLoad2(u->b, type, lower_env_ptr(u, offset), ""), type, offset);
}

Value lower_store_env(LLVMUnit *u, Value v, intptr_t offset)
{
    return env_access(u, LLVMBuildStore(u->b, v, lower_env_ptr(u, offset)), LLVMTypeOf(v), offset);
}
