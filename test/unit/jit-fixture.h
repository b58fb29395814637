// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the JIT's tests share: a Jit with hand-made helpers, units from IR text, and units that are made
// with the builder as a guest's block would be, beside a model of it in C.
#ifndef MYNA_TEST_UNIT_JIT_FIXTURE_H
#define MYNA_TEST_UNIT_JIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/IRReader.h>

#include "tcg2llvm/jit.h"

static const JitLevel both_levels[] = {JIT_O0, JIT_O2};
#define FOR_EACH_LEVEL(level)                                                                      \
    for (const JitLevel *level = both_levels; level < both_levels + G_N_ELEMENTS(both_levels);     \
         level++)

// ---- What units call in the program.

static int64_t near_calls;
int64_t helper_native(int64_t value);
int64_t helper_native(int64_t value)
{
    near_calls++;
    return value * 3;
}

int64_t jit_test_variable = 77; // exported: found by dlsym

static const JitSymbol symbols[] = {
    {"helper_native", (const void *)helper_native},
    {"helper_big", (const void *)helper_native},
    {"helper_tls", (const void *)helper_native},
    {"helper_writes", (const void *)helper_native},
    {"helper_noinline", (const void *)helper_native},
    {"helper_avx9000", (const void *)helper_native},
};

// The helpers' "bitcode" of the tests, as text. What is inlined multiplies by other numbers than
// helper_native, so that the result tells which body ran.
static const char helpers_text[] =
    "@table = internal unnamed_addr constant [4 x i64] [i64 100, i64 200, i64 300, i64 400]\n"
    "@counter = internal global i64 0\n"
    "@thread_local = external thread_local global i64\n"
    "@jit_test_variable = external global i64\n"
    "define i64 @helper_small(i64 %x) #0 {\n"
    "  %r = mul i64 %x, 5\n"
    "  ret i64 %r\n"
    "}\n"
    "define internal i64 @private_part(i64 %x) noinline {\n"
    "  %r = add i64 %x, 1000\n"
    "  ret i64 %r\n"
    "}\n"
    "define internal i64 @inner(i64 %x) {\n"
    "  %i = and i64 %x, 3\n"
    "  %p = getelementptr [4 x i64], ptr @table, i64 0, i64 %i\n"
    "  %v = load i64, ptr %p, !tbaa !0\n"
    "  ret i64 %v\n"
    "}\n"
    "define i64 @helper_table(i64 %x) #0 {\n"
    "  %v = call i64 @inner(i64 %x)\n"
    "  %g = load i64, ptr @jit_test_variable\n"
    "  %r = add i64 %v, %g\n"
    "  ret i64 %r\n"
    "}\n"
    "define i64 @helper_calls(i64 %x) #0 {\n"
    "  %r = call i64 @helper_native(i64 %x)\n"
    "  %s = add i64 %r, 1\n"
    "  ret i64 %s\n"
    "}\n"
    "declare i64 @helper_native(i64)\n"
    "define i64 @helper_tls(i64 %x) {\n"
    "  %p = call ptr @llvm.threadlocal.address.p0(ptr @thread_local)\n"
    "  %r = load i64, ptr %p\n"
    "  ret i64 %r\n"
    "}\n"
    "declare ptr @llvm.threadlocal.address.p0(ptr)\n"
    "define i64 @helper_writes(i64 %x) {\n"
    "  store i64 %x, ptr @counter\n"
    "  ret i64 0\n"
    "}\n"
    "define i64 @helper_noinline(i64 %x) {\n"
    "  %r = call i64 @private_part(i64 %x)\n"
    "  ret i64 %r\n"
    "}\n"
    "define i64 @helper_avx9000(i64 %x) #1 {\n"
    "  ret i64 %x\n"
    "}\n"
    "define i64 @helper_big(i64 %x0) {\n";

static const char helpers_end[] =
    "attributes #0 = { nounwind \"target-cpu\"=\"x86-64\" }\n"
    "attributes #1 = { \"target-features\"=\"+sse2,-avx,+amx-fp16\" }\n"
    "!0 = !{!1, !1, i64 0}\n"
    "!1 = !{!\"long\", !2}\n"
    "!2 = !{!\"root\"}\n";

static inline LLVMModuleRef parse(LLVMContextRef llvm, const char *text)
{
    LLVMModuleRef module;
    char *message = NULL;
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(text, strlen(text),
                                                                           "test");
    if (LLVMParseIRInContext(llvm, buffer, &module, &message)) {
        fail_msg("the test's own IR: %s", message);
    }
    return module;
}

static inline LLVMMemoryBufferRef make_helpers(void)
{
    // LLVM is not there before a Jit has loaded it, and the tests' Jit wants the helpers.
    GError *error = NULL;
    Jit *jit = jit_create(NULL, &error);
    if (!jit || !jit_load_llvm(jit, &error)) {
        print_error("%s\n", error->message);
        abort();
    }
    jit_destroy(jit);
    GString *text = g_string_new(helpers_text);
    for (int i = 0; i < 100; i++) {
        g_string_append_printf(text, "  %%x%d = xor i64 %%x%d, %d\n", i + 1, i, i + 77);
    }
    g_string_append_printf(text, "  ret i64 %%x100\n}\n%s", helpers_end);
    LLVMContextRef llvm = LLVMContextCreate();
    LLVMModuleRef module = parse(llvm, text->str);
    LLVMMemoryBufferRef bitcode = LLVMWriteBitcodeToMemoryBuffer(module);
    LLVMDisposeModule(module);
    LLVMContextDispose(llvm);
    g_string_free(text, TRUE);
    return bitcode;
}

// ---- Set-up: one Jit and one context for most tests.

typedef struct Fixture {
    LLVMMemoryBufferRef helpers;
    Jit *jit;
    JitContext *context;
} Fixture;

static inline Jit *make_jit(Fixture *fixture, size_t slab_size)
{
    GError *error = NULL;
    Jit *jit = jit_create(&(JitOptions){.slab_size = slab_size,
                                        .symbols = symbols,
                                        .n_symbols = G_N_ELEMENTS(symbols),
                                        .helpers_bc = LLVMGetBufferStart(fixture->helpers),
                                        .helpers_bc_size = LLVMGetBufferSize(fixture->helpers),
                                        .keep_names = true},
                          &error);
    if (!jit) {
        fail_msg("%s", error->message);
    }
    return jit;
}

static inline JitContext *make_context(Jit *jit)
{
    GError *error = NULL;
    JitContext *context = jit_context_new(jit, &error);
    if (!context) {
        fail_msg("%s", error->message);
    }
    return context;
}

static inline int set_up(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    fixture->jit = NULL;
    fixture->helpers = make_helpers();
    fixture->jit = make_jit(fixture, 0);
    fixture->context = make_context(fixture->jit);
    *state = fixture;
    return 0;
}

static inline int tear_down(void **state)
{
    Fixture *fixture = *state;
    jit_context_free(fixture->context);
    jit_destroy(fixture->jit);
    LLVMDisposeMemoryBuffer(fixture->helpers);
    g_free(fixture);
    return 0;
}

#define assert_ok(call, error)                                                                     \
    do {                                                                                           \
        if (!(call)) {                                                                             \
            fail_msg(#call ": %s", (error)->message);                                              \
        }                                                                                          \
    } while (0)

// A module of the context from text.
static inline LLVMModuleRef module_of(JitContext *context, const char *text)
{
    LLVMModuleRef module = parse(jit_context_llvm(context), text);
    LLVMModuleRef with_layout = jit_module_new(context, "unit");
    LLVMSetTarget(module, LLVMGetTarget(with_layout));
    LLVMSetModuleDataLayout(module, jit_context_data_layout(context));
    LLVMDisposeModule(with_layout);
    return module;
}

static inline JitObject *compile_module(JitContext *context, LLVMModuleRef module, JitLevel level)
{
    GError *error = NULL;
    JitObject *object;
    assert_ok(jit_link_helpers(context, module, &error), error);
    assert_ok(jit_optimise(context, module, level, &error), error);
    char *message;
    if (!jit_verify(module, &message)) {
        fail_msg("after optimisation: %s", message);
    }
    assert_ok(jit_compile(context, module, level, &object, &error), error);
    return object;
}

static inline JitObject *compile_text(JitContext *context, const char *text, JitLevel level)
{
    return compile_module(context, module_of(context, text), level);
}

typedef int64_t UnaryFn(int64_t);
typedef double RealFn(double);

static inline int64_t call_unary(const JitObject *object, const char *name, int64_t value)
{
    UnaryFn *function = (UnaryFn *)(uintptr_t)jit_lookup(object, name);
    if (!function) {
        fail_msg("no function '%s' in the object", name);
    }
    return function(value);
}

// Units of the size and kind of a guest block: registers in a structure, flags, guest memory, an exit.
typedef struct Env {
    int64_t r[16];
    int64_t pc, flag;
} Env;
typedef int64_t BlockFn(Env *env, int64_t n);

static inline LLVMModuleRef block_module(JitContext *context, int seed)
{
    LLVMContextRef llvm = jit_context_llvm(context);
    char name[32];
    snprintf(name, sizeof(name), "tb_%x", seed);
    LLVMModuleRef module = jit_module_new(context, name);
    LLVMBuilderRef b = LLVMCreateBuilderInContext(llvm);
    LLVMTypeRef i64 = LLVMInt64TypeInContext(llvm), i8 = LLVMInt8TypeInContext(llvm);
    LLVMTypeRef ptr = LLVMPointerTypeInContext(llvm, 0);
    LLVMTypeRef type = LLVMFunctionType(i64, (LLVMTypeRef[]){ptr, i64}, 2, false);
    LLVMValueRef function = LLVMAddFunction(module, name, type);
    unsigned nounwind = LLVMGetEnumAttributeKindForName("nounwind", 8);
    LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(llvm, nounwind, 0));
    LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(llvm, function, "entry"));
    LLVMValueRef env = LLVMGetParam(function, 0), slot[18], value[16];
    for (int i = 0; i < 18; i++) {
        LLVMValueRef offset = LLVMConstInt(i64, i * 8, false);
        slot[i] = LLVMBuildGEP2(b, i8, env, &offset, 1, "");
    }
    for (int i = 0; i < 6; i++) {
        value[i] = LLVMBuildLoad2(b, i64, slot[i], "");
    }
    // r7 = *(r6 = address of r8); twelve operations; three stores; a conditional exit.
    LLVMValueRef address = LLVMBuildLoad2(b, ptr, slot[6], "");
    LLVMValueRef sum = LLVMBuildLoad2(b, i64, address, "");
    for (int i = 0; i < 12; i++) {
        LLVMValueRef constant = LLVMConstInt(i64, seed + i * 7, false);
        LLVMValueRef t = i & 1 ? LLVMBuildAdd(b, sum, value[i % 6], "")
                               : LLVMBuildXor(b, sum, value[i % 6], "");
        sum = LLVMBuildAdd(b, t, constant, "");
        if (i % 4 == 3) {
            LLVMBuildStore(b, sum, slot[i % 6]);
        }
    }
    LLVMBuildStore(b, sum, address);
    LLVMBuildStore(b, sum, slot[17]);
    LLVMBasicBlockRef yes = LLVMAppendBasicBlockInContext(llvm, function, "yes");
    LLVMBasicBlockRef no = LLVMAppendBasicBlockInContext(llvm, function, "no");
    LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntSLT, sum, LLVMGetParam(function, 1), ""), yes, no);
    LLVMPositionBuilderAtEnd(b, yes);
    LLVMBuildStore(b, LLVMConstInt(i64, 0x401000 + seed, false), slot[16]);
    LLVMBuildRet(b, LLVMConstInt(i64, 1, false));
    LLVMPositionBuilderAtEnd(b, no);
    LLVMBuildStore(b, LLVMConstInt(i64, 0x401040 + seed, false), slot[16]);
    LLVMBuildRet(b, LLVMConstInt(i64, 2, false));
    LLVMDisposeBuilder(b);
    return module;
}

// What such a block does, in C.
static inline int64_t block_model(Env *env, int64_t n, int seed)
{
    int64_t value[6], *address = (int64_t *)env->r[6], sum = *address;
    memcpy(value, env->r, sizeof(value));
    for (int i = 0; i < 12; i++) {
        sum = (i & 1 ? (int64_t)((uint64_t)sum + value[i % 6]) : (sum ^ value[i % 6]));
        sum = (uint64_t)sum + seed + i * 7;
        if (i % 4 == 3) {
            env->r[i % 6] = sum;
        }
    }
    *address = sum;
    env->flag = sum;
    env->pc = (sum < n ? 0x401000 : 0x401040) + seed;
    return sum < n ? 1 : 2;
}

static inline void check_block(const JitObject *object, int seed)
{
    char name[32];
    snprintf(name, sizeof(name), "tb_%x", seed);
    BlockFn *function = (BlockFn *)(uintptr_t)jit_lookup(object, name);
    assert_non_null(function);
    int64_t memory[2] = {seed * 3, seed * 3};
    Env got = {.r = {1, -2, 3, 1ll << 40, 5, 6, (int64_t)&memory[0]}}, expected = got;
    expected.r[6] = (int64_t)&memory[1];
    int64_t exit_got = function(&got, 1000), exit_expected = block_model(&expected, 1000, seed);
    assert_int_equal(exit_got, exit_expected);
    assert_int_equal(memory[0], memory[1]);
    got.r[6] = expected.r[6] = 0;
    assert_memory_equal(&got, &expected, sizeof(got));
}

// A unit that computes helper(helper(x)).
static inline LLVMModuleRef helper_module(JitContext *context, const char *helper)
{
    char text[512];
    snprintf(text, sizeof(text),
             "declare i64 @%s(i64)\n"
             "define i64 @unit(i64 %%x) nounwind {\n"
             "  %%a = call i64 @%s(i64 %%x)\n"
             "  %%b = call i64 @%s(i64 %%a)\n"
             "  ret i64 %%b\n"
             "}\n",
             helper, helper, helper);
    return module_of(context, text);
}

#endif
