// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_tcg2llvm myna_helpers myna_tcg myna::llvm
// TIMEOUT: 180
//
// Helpers from bitcode in units: which are inlined, that they compute the same, and that several threads
// and renewed contexts get along with them.
#include "test/unit/jit-fixture.h"
#include "helpers/helper-bitcode.h"
#include "helpers/helper-tables.h"

#include <pthread.h>
#include <llvm-c/BitReader.h>

static int count_calls(LLVMModuleRef module, const char *callee)
{
    LLVMValueRef function = LLVMGetNamedFunction(module, callee);
    int count = 0;
    for (LLVMUseRef use = function ? LLVMGetFirstUse(function) : NULL; use;
         use = LLVMGetNextUse(use)) {
        count++;
    }
    return count;
}

static void small_helpers_are_inlined_others_called(void **state)
{
    Fixture *fixture = *state;
    static const struct {
        const char *name;
        int calls;      // of the helper that are left in the IR, of two
        int64_t result; // of helper(helper(2))
    } expected[] = {
        {"helper_small", 0, 50},    // 2 * 5 * 5
        {"helper_table", 0, 277},   // table[2] + 77 = 377, table[377 & 3] + 77
        {"helper_calls", 0, 22},    // 2 * 3 + 1 = 7, 7 * 3 + 1
        {"helper_big", 2, 18},      // too many instructions
        {"helper_native", 2, 18},   // no body in the bitcode
        {"helper_tls", 2, 18},      // thread-local data
        {"helper_writes", 2, 18},   // private data that is written
        {"helper_noinline", 2, 18}, // calls a private function that is noinline
        {"helper_avx9000", 2, 18},  // features that the host lacks
    };
    FOR_EACH_LEVEL(level)
    {
        for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
            GError *error = NULL;
            LLVMModuleRef module = helper_module(fixture->context, expected[i].name);
            assert_ok(jit_link_helpers(fixture->context, module, &error), error);
            assert_ok(jit_optimise(fixture->context, module, *level, &error), error);
            assert_true(jit_verify(module, NULL));
            int calls = count_calls(module, expected[i].name);
            if (calls != expected[i].calls) {
                fail_msg("%s: %d calls left, expected %d", expected[i].name, calls,
                         expected[i].calls);
            }
            JitObject *object;
            assert_ok(jit_compile(fixture->context, module, *level, &object, &error), error);
            int64_t result = call_unary(object, "unit", 2);
            if (result != expected[i].result) {
                fail_msg("%s: result %ld, expected %ld", expected[i].name, (long)result,
                         (long)expected[i].result);
            }
            jit_object_free(object);
        }
    }
}

static void several_helpers_share_a_module(void **state)
{
    Fixture *fixture = *state;
    static const char text[] = "declare i64 @helper_small(i64)\n declare i64 @helper_table(i64)\n"
                               "declare i64 @helper_calls(i64)\n declare i64 @helper_native(i64)\n"
                               "define i64 @unit(i64 %x) nounwind {\n"
                               "  %a = call i64 @helper_small(i64 %x)\n"
                               "  %b = call i64 @helper_table(i64 %a)\n"
                               "  %c = call i64 @helper_calls(i64 %b)\n"
                               "  %d = call i64 @helper_table(i64 %c)\n"
                               "  %e = call i64 @helper_native(i64 %d)\n"
                               "  ret i64 %e\n"
                               "}\n";
    FOR_EACH_LEVEL(level)
    {
        JitObject *object = compile_text(fixture->context, text, *level);
        // 2*5=10; table[2]+77=377; 377*3+1=1132; table[0]+77=177; *3
        assert_int_equal(call_unary(object, "unit", 2), 531);
        jit_object_free(object);
    }
}

static void helper_of_another_type_is_an_error(void **state)
{
    Fixture *fixture = *state;
    GError *error = NULL;
    LLVMModuleRef module = module_of(fixture->context, "declare i64 @helper_small(i32)\n"
                                                       "define i64 @unit(i64 %x) {\n"
                                                       "  %a = call i64 @helper_small(i32 1)\n"
                                                       "  ret i64 %a\n}\n");
    assert_false(jit_link_helpers(fixture->context, module, &error));
    assert_true(g_error_matches(error, JIT_ERROR, JIT_ERROR_HELPERS));
    assert_non_null(
        strstr(error->message, "'helper_small' is called as i64 (i32), but is i64 (i64)"));
    g_error_free(error);
    LLVMDisposeModule(module);
}

static void helpers_survive_a_renewed_context(void **state)
{
    Fixture *fixture = *state;
    JitContext *context = make_context(fixture->jit);
    unsigned generation = jit_context_generation(context);
    assert_false(jit_context_worn(context));
    for (int i = 0; i < 5000 && !jit_context_worn(context); i++) {
        LLVMDisposeModule(jit_module_new(context, "nothing"));
    }
    assert_true(jit_context_worn(context));
    for (int round = 0; round < 3; round++) {
        JitObject *object = compile_module(context, helper_module(context, "helper_small"), JIT_O2);
        jit_context_renew(context);
        assert_int_equal(jit_context_generation(context), generation + round + 1);
        assert_false(jit_context_worn(context));
        assert_int_equal(call_unary(object, "unit", 3), 75);
        jit_object_free(object);
    }
    jit_context_free(context);
}

// A function of the same type as `helper` that passes everything on to it.
static void add_caller(JitContext *context, LLVMModuleRef module, LLVMValueRef helper)
{
    LLVMTypeRef type = LLVMGlobalGetValueType(helper);
    size_t length;
    LLVMValueRef callee = LLVMAddFunction(module, LLVMGetValueName2(helper, &length), type);
    LLVMValueRef caller = LLVMAddFunction(module, "caller", type), arguments[16];
    unsigned count = LLVMCountParams(caller);
    assert_true(count <= G_N_ELEMENTS(arguments));
    LLVMGetParams(caller, arguments);
    // As a unit's function: else LLVM does not inline bodies that are strict about rounding.
    unsigned strictfp = LLVMGetEnumAttributeKindForName("strictfp", 8);
    LLVMAddAttributeAtIndex(caller, LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(jit_context_llvm(context), strictfp, 0));
    LLVMBuilderRef b = LLVMCreateBuilderInContext(jit_context_llvm(context));
    LLVMPositionBuilderAtEnd(
        b, LLVMAppendBasicBlockInContext(jit_context_llvm(context), caller, "entry"));
    LLVMValueRef result = LLVMBuildCall2(b, type, callee, arguments, count, "");
    if (LLVMGetTypeKind(LLVMGetReturnType(type)) == LLVMVoidTypeKind) {
        LLVMBuildRetVoid(b);
    } else {
        LLVMBuildRet(b, result);
    }
    LLVMDisposeBuilder(b);
}

// myna's own helpers: each can be called from a unit, by its body or by its address.
static void every_helper_compiles(void **state)
{
    (void)state;
    helpers_common_register(); // brings all of them into the program, for the native calls
    helpers_x86_register();
    helpers_aarch64_register();
    helpers_aarch64_register();
    GError *error = NULL;
    Jit *jit = jit_create(
        &(JitOptions){.helpers_bc = myna_helpers_bc, .helpers_bc_size = myna_helpers_bc_size},
        &error);
    assert_ok(jit, error);
    JitContext *context = make_context(jit);
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRange(
        (const char *)myna_helpers_bc, myna_helpers_bc_size, "helpers", false);
    LLVMModuleRef helpers;
    assert_false(LLVMParseBitcodeInContext2(jit_context_llvm(context), buffer, &helpers));
    int count = 0, inlined = 0;
    for (LLVMValueRef helper = LLVMGetFirstFunction(helpers); helper;
         helper = LLVMGetNextFunction(helper)) {
        size_t length;
        const char *name = LLVMGetValueName2(helper, &length);
        if (LLVMIsDeclaration(helper) || strncmp(name, "helper_", 7) != 0 ||
            LLVMGetLinkage(helper) != LLVMExternalLinkage) {
            continue;
        }
        FOR_EACH_LEVEL(level)
        {
            LLVMModuleRef module = jit_module_new(context, name);
            add_caller(context, module, helper);
            assert_ok(jit_link_helpers(context, module, &error), error);
            assert_ok(jit_optimise(context, module, *level, &error), error);
            char *message;
            if (!jit_verify(module, &message)) {
                fail_msg("%s: %s", name, message);
            }
            inlined += count_calls(module, name) == 0;
            JitObject *object;
            assert_ok(jit_compile(context, module, *level, &object, &error), error);
            assert_non_null(jit_lookup(object, "caller"));
            jit_object_free(object);
        }
        count++;
    }
    print_message("%d helpers, %d inlined\n", count, inlined / 2);
    assert_true(count > 50);
    assert_true(inlined > 0);
    LLVMDisposeModule(helpers);
    LLVMDisposeMemoryBuffer(buffer);
    jit_context_free(context);
    jit_destroy(jit);
}

// cmocka's assertions are for the test's own thread: others return what went wrong.
static void *compile_many(void *opaque)
{
    Jit *jit = opaque;
    JitContext *context = make_context(jit);
    void *problem = NULL;
    for (int i = 0; i < 200 && !problem; i++) {
        GError *error = NULL;
        JitLevel level = both_levels[i % 2];
        JitObject *object = NULL;
        LLVMModuleRef module = helper_module(context, "helper_table");
        if (!jit_link_helpers(context, module, &error) ||
            !jit_optimise(context, module, level, &error) ||
            !jit_compile(context, module, level, &object, &error)) {
            problem = error->message;
            break;
        }
        UnaryFn *unit = (UnaryFn *)(uintptr_t)jit_lookup(object, "unit");
        if (unit(2) != 277) {
            problem = "helper_table computed something else";
        }
        JitObject *block;
        if (!jit_compile(context, block_module(context, i), level, &block, &error)) {
            problem = error->message;
            break;
        }
        Env got = {.r = {i, 2, 3}}, expected = got;
        int64_t memory[2] = {5, 5};
        got.r[6] = (int64_t)&memory[0];
        expected.r[6] = (int64_t)&memory[1];
        char name[32];
        snprintf(name, sizeof(name), "tb_%x", i);
        BlockFn *function = (BlockFn *)(uintptr_t)jit_lookup(block, name);
        if (function(&got, 100) != block_model(&expected, 100, i) || memory[0] != memory[1]) {
            problem = "a block computed something else";
        }
        jit_object_free(i % 3 ? object : block);
        jit_object_free(i % 3 ? block : object);
    }
    jit_context_free(context);
    return problem;
}

static void threads_compile_at_once(void **state)
{
    Fixture *fixture = *state;
    Jit *jit = make_jit(fixture, 0); // fresh: the first use of each level is contended, too
    pthread_t thread[4];
    for (int i = 0; i < 4; i++) {
        pthread_create(&thread[i], NULL, compile_many, jit);
    }
    for (int i = 0; i < 4; i++) {
        void *problem;
        pthread_join(thread[i], &problem);
        if (problem) {
            fail_msg("thread %d: %s", i, (char *)problem);
        }
    }
    assert_int_equal(jit_memory(jit).blocks, 0);
    jit_destroy(jit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_helpers_are_inlined_others_called),
        cmocka_unit_test(several_helpers_share_a_module),
        cmocka_unit_test(helper_of_another_type_is_an_error),
        cmocka_unit_test(helpers_survive_a_renewed_context),
        cmocka_unit_test(every_helper_compiles),
        cmocka_unit_test(threads_compile_at_once),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
