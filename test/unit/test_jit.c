// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_tcg2llvm myna::llvm
// TIMEOUT: 180
//
// The JIT on hand-made modules: results, linking, memory, errors, what can be seen, fork.
// `test_jit --bench` prints where the time goes instead (the figures in tcg2llvm's comments).
#include "test/unit/jit-fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <llvm-c/Linker.h>
#include <llvm-c/TargetMachine.h>

// ---- Tests.

static void block_computes_what_the_model_does(void **state)
{
    Fixture *fixture = *state;
    FOR_EACH_LEVEL(level)
    {
        for (int seed = 1; seed < 20; seed += 3) {
            JitObject *object = compile_module(fixture->context,
                                               block_module(fixture->context, seed), *level);
            check_block(object, seed);
            size_t size;
            assert_true(jit_owns(fixture->jit, jit_object_code(object, &size)));
            jit_object_free(object);
        }
    }
    assert_false(jit_owns(fixture->jit, &near_calls));
}

static void near_and_far_symbols_are_reached(void **state)
{
    Fixture *fixture = *state;
    // helper_native is in the program; labs and stdout are in libc, beyond 32 bits; the variable is
    // read through the GOT, or directly.
    static const char text[] =
        "declare i64 @helper_native(i64)\n declare i64 @labs(i64)\n"
        "@stdout = external global ptr\n @jit_test_variable = external global i64\n"
        "define i64 @unit(i64 %x) nounwind {\n"
        "  %a = call i64 @helper_native(i64 %x)\n"
        "  %b = call i64 @labs(i64 %a)\n"
        "  %v = load i64, ptr @jit_test_variable\n"
        "  %c = add i64 %b, %v\n"
        "  ret i64 %c\n"
        "}\n"
        "define i64 @far_data(i64 %x) nounwind {\n"
        "  %p = load i64, ptr @stdout\n"
        "  ret i64 %p\n"
        "}\n"
        "define i64 @far_address(i64 %x) nounwind {\n"
        "  ret i64 ptrtoint (ptr @labs to i64)\n"
        "}\n";
    FOR_EACH_LEVEL(level)
    {
        JitObject *object = compile_text(fixture->context, text, *level);
        near_calls = 0;
        jit_test_variable = 1000;
        assert_int_equal(call_unary(object, "unit", -7), 1021);
        assert_int_equal(near_calls, 1);
        assert_int_equal(call_unary(object, "far_data", 0), (int64_t)stdout);
        UnaryFn *far = (UnaryFn *)(uintptr_t)call_unary(object, "far_address", 0);
        assert_int_equal(far(-5), 5);
        jit_object_free(object);
    }
    jit_test_variable = 77;
}

// `mov (%rax), %al` with rax read afterwards: LLVM 19.1's code generator lost the upper bytes.
static void byte_inserted_into_its_own_address(void **state)
{
    Fixture *fixture = *state;
    static const char text[] = "define i64 @unit(i64 %x) nounwind {\n"
                               "  %p = inttoptr i64 %x to ptr\n"
                               "  %a = load volatile i64, ptr %p\n"
                               "  %q = inttoptr i64 %a to ptr\n"
                               "  %b = load volatile i8, ptr %q\n"
                               "  %z = zext i8 %b to i64\n"
                               "  %h = and i64 %a, -256\n"
                               "  %r = or disjoint i64 %h, %z\n"
                               "  ret i64 %r\n}\n";
    static const uint8_t byte = 0x5a;
    int64_t address = (int64_t)&byte;
    FOR_EACH_LEVEL(level)
    {
        JitObject *object = compile_text(fixture->context, text, *level);
        assert_int_equal(call_unary(object, "unit", (int64_t)&address), (address & -256) | byte);
        jit_object_free(object);
    }
}

static void constants_and_jump_tables_are_linked(void **state)
{
    Fixture *fixture = *state;
    GString *text = g_string_new(
        "@lookup = private constant [3 x ptr] [ptr @one, ptr @two, ptr @one]\n"
        "@zeroed = internal global [4 x i64] zeroinitializer\n"
        "define i64 @one(i64 %x) nounwind { ret i64 11 }\n"
        "define i64 @two(i64 %x) nounwind { ret i64 22 }\n"
        "define i64 @through_table(i64 %x) nounwind {\n"
        "  %p = getelementptr [3 x ptr], ptr @lookup, i64 0, i64 %x\n"
        "  %f = load ptr, ptr %p\n"
        "  %r = call i64 %f(i64 0)\n"
        "  ret i64 %r\n}\n"
        "define i64 @count(i64 %x) nounwind {\n"
        "  %p = getelementptr [4 x i64], ptr @zeroed, i64 0, i64 %x\n"
        "  %o = load i64, ptr %p\n  %n = add i64 %o, 1\n"
        "  store i64 %n, ptr %p\n  ret i64 %n\n}\n"
        "define double @real(double %x) nounwind {\n"
        "  %a = fmul double %x, 2.5\n  %b = fadd double %a, 0.125\n"
        "  ret double %b\n}\n"
        "define i64 @unit(i64 %x) nounwind {\n"
        "switch i64 %x, label %other [\n");
    for (int i = 0; i < 16; i++) {
        g_string_append_printf(text, "i64 %d, label %%case%d\n", i, i);
    }
    g_string_append(text, "]\nother:\n ret i64 -1\n");
    for (int i = 0; i < 16; i++) {
        // Not a formula of i, else it becomes one; a call keeps the table from being data.
        g_string_append_printf(text, "case%d:\n %%v%d = call i64 @one(i64 0)\n", i, i);
        g_string_append_printf(text, " %%w%d = mul i64 %%v%d, %d\n ret i64 %%w%d\n", i, i,
                               (i * 7919) % 31, i);
    }
    g_string_append(text, "}\n");
    FOR_EACH_LEVEL(level)
    {
        JitObject *object = compile_text(fixture->context, text->str, *level);
        for (int i = 0; i < 16; i++) {
            assert_int_equal(call_unary(object, "unit", i), 11 * ((i * 7919) % 31));
        }
        assert_int_equal(call_unary(object, "unit", 16), -1);
        assert_int_equal(call_unary(object, "through_table", 1), 22);
        assert_int_equal(call_unary(object, "through_table", 2), 11);
        assert_int_equal(call_unary(object, "count", 3), 1);
        assert_int_equal(call_unary(object, "count", 3), 2);
        assert_true(((RealFn *)(uintptr_t)jit_lookup(object, "real"))(3.0) == 7.625);
        assert_null(jit_lookup(object, "lookup"));
        jit_object_free(object);
    }
    g_string_free(text, TRUE);
}

static int count_vmas(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    int count = 0;
    while (fgets(line, sizeof(line), maps)) {
        count++;
    }
    fclose(maps);
    return count;
}

static void thousands_of_units_cost_no_vmas(void **state)
{
    enum { UNITS = 2000 };
    Fixture *fixture = *state;
    static JitObject *object[UNITS];
    int before = count_vmas();
    for (int i = 0; i < UNITS; i++) {
        JitLevel level = i % 20 ? JIT_O0 : JIT_O2;
        object[i] = compile_module(fixture->context, block_module(fixture->context, i), level);
    }
    // A few for malloc's growth; the default memory manager would have made 4000.
    assert_true(count_vmas() - before < 20);
    for (int i = 0; i < UNITS; i++) {
        check_block(object[i], i);
        jit_object_free(object[i]);
    }
}

// ---- Memory.

static void freed_objects_are_reused(void **state)
{
    Fixture *fixture = *state;
    size_t used = jit_memory(fixture->jit).used, size;
    JitObject *object = compile_module(fixture->context, block_module(fixture->context, 1), JIT_O0);
    const uint8_t *first = jit_object_code(object, &size);
    assert_true(jit_memory(fixture->jit).used > used);
    jit_object_free(object);
    assert_int_equal(jit_memory(fixture->jit).used, used);
    object = compile_module(fixture->context, block_module(fixture->context, 2), JIT_O0);
    assert_ptr_equal(jit_object_code(object, &size), first);
    check_block(object, 2);
    jit_object_free(object);
}

static void full_slab_is_an_error_and_goes_on(void **state)
{
    Fixture *fixture = *state;
    Jit *jit = make_jit(fixture, 64 << 10);
    JitContext *context = make_context(jit);
    GPtrArray *objects = g_ptr_array_new_with_free_func((GDestroyNotify)jit_object_free);
    for (int round = 0; round < 2; round++) {
        GError *error = NULL;
        JitObject *object;
        for (int i = 0; jit_compile(context, block_module(context, i), JIT_O0, &object, &error);
             i++) {
            g_ptr_array_add(objects, object);
            assert_true(i < 2000);
        }
        assert_null(object);
        assert_true(g_error_matches(error, JIT_ERROR, JIT_ERROR_FULL));
        assert_non_null(strstr(error->message, "of 64 KiB"));
        g_clear_error(&error);
        assert_true(objects->len > 50);
        check_block(objects->pdata[objects->len - 1], objects->len - 1);
        g_ptr_array_set_size(objects, 0);
        assert_int_equal(jit_memory(jit).used, 0);
    }
    g_ptr_array_free(objects, TRUE);
    jit_context_free(context);
    jit_destroy(jit);
}

// ---- Errors.

static void missing_symbol_is_named(void **state)
{
    Fixture *fixture = *state;
    GError *error = NULL;
    JitObject *object;
    LLVMModuleRef module = module_of(fixture->context, "declare i64 @helper_of_nobody(i64)\n"
                                                       "define i64 @unit(i64 %x) {\n"
                                                       "  %a = call i64 @helper_of_nobody(i64 %x)\n"
                                                       "  ret i64 %a\n}\n");
    size_t used = jit_memory(fixture->jit).used;
    assert_false(jit_compile(fixture->context, module, JIT_O0, &object, &error));
    assert_null(object);
    assert_true(g_error_matches(error, JIT_ERROR, JIT_ERROR_SYMBOL));
    assert_non_null(strstr(error->message, "'helper_of_nobody'"));
    g_error_free(error);
    assert_int_equal(jit_memory(fixture->jit).used, used);
    assert_null(jit_resolve(fixture->jit, "helper_of_nobody"));
    jit_define(fixture->jit, "helper_of_somebody", (const void *)helper_native);
    assert_ptr_equal(jit_resolve(fixture->jit, "helper_of_somebody"), (void *)helper_native);
}

static void thread_local_data_is_refused(void **state)
{
    Fixture *fixture = *state;
    GError *error = NULL;
    JitObject *object;
    LLVMModuleRef module = module_of(fixture->context, "@t = thread_local global i64 0\n"
                                                       "define i64 @unit(i64 %x) {\n"
                                                       "  %a = load i64, ptr @t\n"
                                                       "  ret i64 %a\n}\n");
    assert_false(jit_compile(fixture->context, module, JIT_O0, &object, &error));
    assert_true(g_error_matches(error, JIT_ERROR, JIT_ERROR_OBJECT) ||
                g_error_matches(error, JIT_ERROR, JIT_ERROR_SYMBOL));
    g_error_free(error);
}

static void broken_module_is_found_by_verify(void **state)
{
    Fixture *fixture = *state;
    LLVMModuleRef module = block_module(fixture->context, 3);
    char *message;
    assert_true(jit_verify(module, &message));
    assert_null(message);
    LLVMAppendBasicBlockInContext(jit_context_llvm(fixture->context), LLVMGetFirstFunction(module),
                                  "unfinished");
    assert_false(jit_verify(module, &message));
    assert_non_null(strstr(message, "terminator"));
    g_free(message);
    LLVMDisposeModule(module);
}

static void pipelines_run_and_bad_ones_are_refused(void **state)
{
    Fixture *fixture = *state;
    GError *error = NULL;
    LLVMModuleRef module = module_of(fixture->context, "define i64 @unit(i64 %x) {\n"
                                                       "  %a = add i64 1, 2\n"
                                                       "  ret i64 %a\n}\n");
    LLVMValueRef function = LLVMGetNamedFunction(module, "unit");
    for (int i = 0; i < 2; i++) {
        assert_ok(jit_run_passes(fixture->context, module, "function(instcombine)", &error), error);
    }
    LLVMValueRef only = LLVMGetFirstInstruction(LLVMGetFirstBasicBlock(function));
    assert_int_equal(LLVMGetInstructionOpcode(only), LLVMRet);
    assert_false(jit_run_passes(fixture->context, module, "function(no-such-pass)", &error));
    assert_true(g_error_matches(error, JIT_ERROR, JIT_ERROR_PIPELINE));
    assert_non_null(strstr(error->message, "no-such-pass"));
    g_clear_error(&error);
    assert_false(jit_load_pass_plugin("/nonexistent/plugin.so", &error));
    assert_true(g_error_matches(error, JIT_ERROR, JIT_ERROR_PLUGIN));
    assert_non_null(strstr(error->message, "/nonexistent/plugin.so"));
    g_clear_error(&error);
    LLVMDisposeModule(module);
}

static JitObject *link_object(Jit *jit, const char *unit, const void *bytes, size_t size,
                              GError **error)
{
    GBytes *image = jit_image(unit, bytes, size, error);
    size_t length;
    const void *data = image ? g_bytes_get_data(image, &length) : NULL;
    JitObject *object = image ? jit_place(jit, unit, data, length, NULL, 0, error) : NULL;
    if (image) {
        g_bytes_unref(image);
    }
    return object;
}

// Whatever an object or an image is, linking is a result or an error. Sections' contents are not looked
// at: a checksum is the persistent cache's.
typedef JitObject *LinkFn(Jit *jit, const char *unit, const void *bytes, size_t size,
                          GError **error);

static JitObject *place_image(Jit *jit, const char *unit, const void *bytes, size_t size,
                              GError **error)
{
    return jit_place(jit, unit, bytes, size, NULL, 0, error);
}

static void check_damage(Jit *jit, LinkFn *link, const uint8_t *good, size_t size)
{
    GError *error = NULL;
    JitObject *object = link(jit, "good", good, size, &error);
    assert_ok(object, error);
    assert_int_equal(call_unary(object, "unit", 2), 18);
    jit_object_free(object);
    for (size_t length = 0; length < size; length++) {
        assert_null(link(jit, "short", good, length, &error));
        assert_true(error->domain == JIT_ERROR);
        g_clear_error(&error);
    }
    g_autofree uint8_t *copy = g_malloc(size);
    unsigned seed = 1, refused = 0;
    for (int i = 0; i < 4000; i++) {
        memcpy(copy, good, size);
        copy[rand_r(&seed) % size] = rand_r(&seed);
        object = link(jit, "damaged", copy, size, &error);
        refused += !object;
        jit_object_free(object);
        g_clear_error(&error);
    }
    assert_true(refused > 100);
}

static void damaged_objects_are_refused(void **state)
{
    Fixture *fixture = *state;
    GError *error = NULL;
    const void *bytes;
    size_t size;
    assert_ok(jit_emit(fixture->context, helper_module(fixture->context, "helper_native"), JIT_O0,
                       &bytes, &size, &error),
              error);
    g_autofree uint8_t *good = g_memdup2(bytes, size);
    check_damage(fixture->jit, link_object, good, size);
}

static void damaged_images_are_refused(void **state)
{
    Fixture *fixture = *state;
    GError *error = NULL;
    GBytes *image = jit_compile_image(
        fixture->context, helper_module(fixture->context, "helper_native"), JIT_O0, &error);
    assert_ok(image, error);
    size_t size;
    const uint8_t *good = g_bytes_get_data(image, &size);
    check_damage(fixture->jit, place_image, good, size);
    g_bytes_unref(image);
}

// An image's names can be given with it; they come before those that the process has.
static void images_take_names(void **state)
{
    Fixture *fixture = *state;
    GError *error = NULL;
    GBytes *image = jit_compile_image(
        fixture->context, helper_module(fixture->context, "helper_given"), JIT_O0, &error);
    assert_ok(image, error);
    size_t size;
    const void *bytes = g_bytes_get_data(image, &size);
    assert_null(jit_place(fixture->jit, "unit", bytes, size, NULL, 0, &error));
    assert_int_equal(error->code, JIT_ERROR_SYMBOL);
    g_clear_error(&error);
    JitSymbol names[] = {{"helper_given", jit_resolve(fixture->jit, "helper_native")}};
    JitObject *object = jit_place(fixture->jit, "unit", bytes, size, names, 1, &error);
    assert_ok(object, error);
    assert_int_equal(call_unary(object, "unit", 2), 18);
    jit_object_free(object);
    g_bytes_unref(image);
}

// ---- Seeing inside.

static void disassembly_shows_names_and_bytes(void **state)
{
    Fixture *fixture = *state;
    JitObject *object = compile_module(fixture->context,
                                       helper_module(fixture->context, "helper_native"), JIT_O2);
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    jit_disassemble(object, out);
    fclose(out);
    assert_non_null(strstr(text, "unit:\n"));
    assert_non_null(strstr(text, "helper_native"));
    assert_non_null(strstr(text, "ret"));
    assert_non_null(strstr(text, " c3 "));
    assert_null(strstr(text, "(bad)"));
    free(text);
    jit_object_free(object);
}

static void printed_module_reads_back(void **state)
{
    Fixture *fixture = *state;
    LLVMModuleRef module = block_module(fixture->context, 0x42);
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    jit_print_module(module, out);
    fclose(out);
    LLVMDisposeModule(module);
    JitObject *object = compile_text(fixture->context, text, JIT_O2);
    check_block(object, 0x42);
    jit_object_free(object);
    free(text);
}

// ---- Threads and processes.

static volatile bool stop;

static void *compile_until_told(void *opaque)
{
    Jit *jit = opaque;
    JitContext *context = make_context(jit);
    for (int i = 0; !stop; i++) {
        jit_object_free(compile_module(context, block_module(context, i), both_levels[i % 2]));
    }
    jit_context_free(context);
    return NULL;
}

static void forked_children_compile(void **state)
{
    Fixture *fixture = *state;
    Jit *jit = make_jit(fixture, 0);
    pthread_t thread;
    stop = false;
    pthread_create(&thread, NULL, compile_until_told, jit);
    JitContext *context = make_context(jit);
    JitObject *before = compile_module(context, block_module(context, 5), JIT_O0);
    for (int i = 0; i < 20; i++) {
        jit_fork_prepare(jit);
        pid_t child = fork();
        jit_fork_done(jit);
        if (child == 0) {
            alarm(30);
            JitObject *object = compile_module(context, block_module(context, i), JIT_O2);
            check_block(object, i);
            check_block(before, 5);
            _exit(42);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 42);
        check_block(before, 5);
    }
    stop = true;
    pthread_join(thread, NULL);
    jit_object_free(before);
    jit_context_free(context);
    jit_destroy(jit);
}

// ---- Bench: prints, asserts nothing.

static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static long resident_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void bench_level(Jit *jit, JitLevel level, int units, int blocks, bool with_helper)
{
    JitContext *context = make_context(jit);
    JitObject **objects = g_new(JitObject *, units);
    GError *error = NULL;
    for (int i = -20; i < units; i++) {
        LLVMModuleRef module = with_helper ? helper_module(context, "helper_table")
                                           : block_module(context, i * blocks);
        for (int more = 1; more < blocks; more++) {
            LLVMModuleRef other = block_module(context, i * blocks + more);
            LLVMLinkModules2(module, other);
        }
        JitObject *object;
        assert_ok(jit_link_helpers(context, module, &error), error);
        assert_ok(jit_optimise(context, module, level, &error), error);
        assert_ok(jit_compile(context, module, level, &object, &error), error);
        if (i < 0) {
            jit_object_free(object); // warm up
        } else {
            objects[i] = object;
        }
    }
    JitTimes times = jit_times(context);
    double n = times.modules * 1000.0;
    printf(
        "%s %2d block%s/unit%s: helpers %6.1f  optimise %6.1f  codegen %6.1f  link %5.1f us/unit; "
        "object %5.0f code %4.0f bytes\n",
        level == JIT_O0 ? "O0" : "O2", blocks, blocks > 1 ? "s" : " ",
        with_helper ? " +helper" : "        ", times.helpers / n, times.optimise / n,
        times.codegen / n, times.link / n, (double)times.object_bytes / times.modules,
        (double)times.code_bytes / times.modules);
    for (int i = 0; i < units; i++) {
        jit_object_free(objects[i]);
    }
    g_free(objects);
    jit_context_free(context);
}

// What LLVM-C has for the same: a pipeline made anew for each module.
static void bench_llvm_c(Jit *jit, LLVMCodeGenOptLevel level, int units)
{
    JitContext *context = make_context(jit);
    char *triple = LLVMGetDefaultTargetTriple(), *cpu = LLVMGetHostCPUName();
    char *features = LLVMGetHostCPUFeatures(), *message;
    LLVMTargetRef target;
    LLVMGetTargetFromTriple(triple, &target, &message);
    LLVMTargetMachineRef machine = LLVMCreateTargetMachine(target, triple, cpu, features, level,
                                                           LLVMRelocPIC, LLVMCodeModelSmall);
    uint64_t spent = 0;
    for (int i = -20; i < units; i++) {
        LLVMModuleRef module = block_module(context, i);
        LLVMMemoryBufferRef buffer;
        uint64_t start = cpu_ns();
        LLVMTargetMachineEmitToMemoryBuffer(machine, module, LLVMObjectFile, &message, &buffer);
        if (i >= 0) {
            spent += cpu_ns() - start;
        }
        LLVMDisposeMemoryBuffer(buffer);
        LLVMDisposeModule(module);
    }
    printf("LLVMTargetMachineEmitToMemoryBuffer, O%d, 1 block: codegen %6.1f us/unit\n", level,
           spent / (units * 1000.0));
    jit_context_free(context);
}

static void bench_wear(Jit *jit, bool renew)
{
    JitContext *context = make_context(jit);
    long before = 0;
    for (int i = 0; i < 8000; i++) {
        if (i == 1000) {
            before = resident_kib();
        }
        if (renew && jit_context_worn(context)) {
            jit_context_renew(context);
        }
        GError *error = NULL;
        JitObject *object;
        assert_ok(jit_compile(context, block_module(context, i * 100), JIT_O0, &object, &error),
                  error);
        jit_object_free(object);
    }
    printf("7000 units in one context%s: %ld KiB more resident\n", renew ? ", renewed" : "",
           resident_kib() - before);
    jit_context_free(context);
}

static int bench(void)
{
    void *state;
    uint64_t start = cpu_ns();
    set_up(&state);
    Fixture *fixture = state;
    printf("jit_create and the first context: %.1f ms, resident %ld KiB\n",
           (cpu_ns() - start) / 1e6, resident_kib());
    start = cpu_ns();
    JitObject *object = compile_module(fixture->context, block_module(fixture->context, 0), JIT_O0);
    printf("first unit, O0: %.1f ms, resident %ld KiB\n", (cpu_ns() - start) / 1e6, resident_kib());
    jit_object_free(object);
    bench_wear(fixture->jit, true);
    bench_wear(fixture->jit, false);
    bench_level(fixture->jit, JIT_O0, 2000, 1, false);
    bench_level(fixture->jit, JIT_O0, 200, 8, false);
    bench_level(fixture->jit, JIT_O0, 100, 32, false);
    bench_level(fixture->jit, JIT_O0, 1000, 1, true);
    bench_level(fixture->jit, JIT_O2, 1000, 1, false);
    bench_level(fixture->jit, JIT_O2, 1000, 1, true);
    bench_llvm_c(fixture->jit, LLVMCodeGenLevelNone, 1000);
    bench_llvm_c(fixture->jit, LLVMCodeGenLevelDefault, 500);
    tear_down(&state);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--bench") == 0) {
        return bench();
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_computes_what_the_model_does),
        cmocka_unit_test(near_and_far_symbols_are_reached),
        cmocka_unit_test(byte_inserted_into_its_own_address),
        cmocka_unit_test(constants_and_jump_tables_are_linked),
        cmocka_unit_test(thousands_of_units_cost_no_vmas),
        cmocka_unit_test(freed_objects_are_reused),
        cmocka_unit_test(full_slab_is_an_error_and_goes_on),
        cmocka_unit_test(missing_symbol_is_named),
        cmocka_unit_test(thread_local_data_is_refused),
        cmocka_unit_test(broken_module_is_found_by_verify),
        cmocka_unit_test(pipelines_run_and_bad_ones_are_refused),
        cmocka_unit_test(damaged_objects_are_refused),
        cmocka_unit_test(damaged_images_are_refused),
        cmocka_unit_test(images_take_names),
        cmocka_unit_test(disassembly_shows_names_and_bytes),
        cmocka_unit_test(printed_module_reads_back),
        cmocka_unit_test(forked_children_compile),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
