// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command line: what each option sets, what is refused and how, environment variables, what an execve
// hands on, and that the man page says what the table says.
//
//   test_options --man FILE   writes the option sections into the man page
//
// LINK: myna_runtime

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib.h>

#include "runtime/log.h"
#include "runtime/options.h"

#define MAN_BEGIN ".\\\" --- from the option table: test_options --man ---\n"
#define MAN_END ".\\\" --- end of it ---\n"

static char *man_page_path(void)
{
    char *dir = g_path_get_dirname(__FILE__);
    char *path = g_build_filename(dir, "..", "..", "docs", "myna.1", NULL);
    g_free(dir);
    return path;
}

// Parses "myna WORDS..." with WORDS split at spaces.
static int parse(MynaOptions *o, const char *words)
{
    char *line = g_strconcat("myna ", words, NULL);
    char **argv = g_strsplit(line, " ", -1);
    g_free(line);
    int first = options_parse(o, (int)g_strv_length(argv), argv);
    g_strfreev(argv);
    return first;
}

static void test_values(void **unused)
{
    (void)unused;
    MynaOptions o;
    assert_int_equal(parse(&o, "-L /srv -0 name -s 64M -cpu max -r 5.10 prog -L x"), 10 + 1);
    assert_string_equal(o.ld_prefix, "/srv");
    assert_string_equal(o.argv0, "name");
    assert_int_equal(o.stack_size, 64 << 20);
    assert_string_equal(o.cpu_model, "max");
    assert_string_equal(o.uname_release, "5.10");
    assert_int_equal(o.engine, ENGINE_TIERED);
    assert_false(o.llvm_given);

    options_free(&o);

    assert_int_equal(parse(&o, "prog --llvm"), 1);
    assert_false(o.llvm_given);
    options_free(&o);
    parse(&o, "--llvm=all -d in_asm -d op -D file -dfilter 0+1 -strace --precise prog");
    assert_int_equal(o.engine, ENGINE_LLVM_ALL);
    assert_true(o.llvm_given);
    assert_string_equal(o.log_items, "in_asm,op");
    assert_string_equal(o.log_filename, "file");
    assert_string_equal(o.log_filter, "0+1");
    assert_true(o.strace && o.precise && !o.verify);
    options_free(&o);
    parse(&o, "--llvm prog");
    assert_int_equal(o.engine, ENGINE_TIERED);
    assert_true(o.llvm_given);
    options_free(&o);
    parse(&o, "--tci prog");
    assert_int_equal(o.engine, ENGINE_TCI);
    options_free(&o);
    parse(&o, "--llvm=off prog");
    assert_int_equal(o.engine, ENGINE_QUICK);
    assert_false(o.llvm_given); // which is about LLVM being usable
    options_free(&o);
    parse(&o, "--dump-ir=d prog");
    assert_int_equal(o.engine, ENGINE_LLVM_ALL);
    assert_string_equal(o.dump_ir, "d");
    options_free(&o);
    parse(&o, "-s 65536 --hot=7 --compile-threads=3 prog");
    assert_int_equal(o.compile_threads, 3);
    assert_int_equal(o.stack_size, 65536);
    assert_int_equal(o.hot, 7);
    options_free(&o);
}

static void test_environment(void **unused)
{
    (void)unused;
    MynaOptions o;
    setenv("MYNA_LD_PREFIX", "/env", 1);
    setenv("MYNA_SET_ENV", "A=1,B=2", 1);
    setenv("MYNA_STRACE", "0", 1);
    setenv("MYNA_LLVM", "all", 1);
    setenv("MYNA_STACK_SIZE", "1M", 1);
    parse(&o, "-U HOME -E C=x,y -s 2M prog");
    unsetenv("MYNA_LD_PREFIX");
    unsetenv("MYNA_SET_ENV");
    unsetenv("MYNA_STRACE");
    unsetenv("MYNA_LLVM");
    unsetenv("MYNA_STACK_SIZE");
    assert_string_equal(o.ld_prefix, "/env");
    assert_false(o.strace);
    assert_int_equal(o.engine, ENGINE_LLVM_ALL);
    assert_int_equal(o.stack_size, 2 << 20); // the command line wins

    char *host[] = {"HOME=/root", "A=0", "MYNA_LOG=op", "MYNA_OTHER=stays", "PATH=/bin", NULL};
    char **env = options_guest_environ(&o, host);
    assert_null(g_environ_getenv(env, "HOME"));
    assert_string_equal(g_environ_getenv(env, "A"), "1");
    assert_string_equal(g_environ_getenv(env, "B"), "2");
    assert_string_equal(g_environ_getenv(env, "C"), "x,y");
    assert_null(g_environ_getenv(env, "MYNA_LOG"));
    assert_string_equal(g_environ_getenv(env, "MYNA_OTHER"), "stays");
    assert_string_equal(g_environ_getenv(env, "PATH"), "/bin");
    g_strfreev(env);
    options_free(&o);
}

// What a guest's execve hands to the next myna yields the same options, but for what is the first
// program's alone.
static void test_handed_on(void **unused)
{
    (void)unused;
    MynaOptions o, again;
    parse(&o, "-L /a -E X=1 -U Y -0 me -cpu max --llvm=all -strace -d op --precise -s 2M prog");
    char **words = options_argv(&o);
    char *line = g_strjoinv(" ", words);
    char *whole = g_strconcat(line, " prog", NULL);
    parse(&again, whole);
    assert_string_equal(again.ld_prefix, "/a");
    assert_string_equal(again.cpu_model, "max");
    assert_string_equal(again.log_items, "op");
    assert_int_equal(again.engine, ENGINE_LLVM_ALL);
    assert_int_equal(again.stack_size, 2 << 20);
    assert_true(again.strace && again.precise && again.llvm_given);
    assert_null(again.argv0);
    assert_int_equal(again.env_edits->len, 0);
    g_free(words);
    g_free(line);
    g_free(whole);
    options_free(&o);
    options_free(&again);
}

// In a child: its exit status, and what it wrote to standard error and output.
static int run(const char *words, char *text, size_t size)
{
    int out[2];
    assert_int_equal(pipe(out), 0);
    pid_t pid = fork();
    if (pid == 0) {
        MynaOptions o;
        dup2(out[1], 1);
        dup2(out[1], 2);
        close(out[0]);
        close(out[1]);
        parse(&o, words);
        fflush(NULL);
        _exit(99);
    }
    close(out[1]);
    size_t n = 0;
    for (ssize_t got; n < size - 1 && (got = read(out[0], text + n, size - 1 - n)) > 0;) {
        n += (size_t)got;
    }
    text[n] = 0;
    close(out[0]);
    int status;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *words, *said;
    } rows[] = {
        {"--frobnicate prog", "no option --frobnicate"},
        {"-L", "-L needs an argument"},
        {"-s 12x prog", "-s 12x: it must be a number"},
        {"-s 1 prog", "at least 64K"},
        {"-s -5 prog", "must be a number"},
        {"-s 99999999999999999999 prog", "must be a number"},
        {"-E NOVALUE prog", "NAME=VALUE"},
        {"-U A=1 prog", "variable's name"},
        {"--llvm=fast prog", "'tiered', 'all' or 'off'"},
        {"--tci=1 prog", "takes no argument"},
        {"--hot 0 prog", "from 1 on"},
        {"--compile-threads 0 prog", "from 1 to 16"},
        {"--compile-threads=17 prog", "from 1 to 16"},
        {"--compile-threads x prog", "from 1 to 16"},
        {"--tci --verify prog", "--verify compares"},
        {"--tci --dump-ir=x prog", "--dump-ir needs LLVM"},
        {"-B 4096 prog", "base 0"},
    };
    char text[4096];
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int status = run(rows[i].words, text, sizeof(text));
        if (status != 64 || !strstr(text, rows[i].said) || !g_str_has_prefix(text, "myna: ") ||
            strchr(text, '\n') != text + strlen(text) - 1) {
            fail_msg("myna %s: expected status 64 and one line with \"%s\", got %d and \"%s\"",
                     rows[i].words, rows[i].said, status, text);
        }
    }
}

static void test_texts(void **unused)
{
    (void)unused;
    char text[16384];
    assert_int_equal(run("-h", text, sizeof(text)), 0);
    assert_non_null(strstr(text, "--dump-ir=DIR"));
    assert_non_null(strstr(text, "MYNA_LD_PREFIX"));
    assert_non_null(strstr(text, "e.g. myna --tci ./prog"));
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        if (end - line > 100) {
            fail_msg("the help has a line of %d characters: %.*s", (int)(end - line),
                     (int)(end - line), line);
        }
    }
    assert_int_equal(run("-version", text, sizeof(text)), 0);
    assert_true(g_str_has_prefix(text, "myna "));
    assert_int_equal(run("-d help", text, sizeof(text)), 0);
    assert_non_null(strstr(text, "op_opt"));
}

static void test_log_setup(void **unused)
{
    (void)unused;
    GError *error = NULL;
    assert_true(log_setup("in_asm,cpu", NULL, "0x1000..0x1fff,0x4000+0x10,0x9000-0x100", &error));
    assert_int_equal(log_mask, LOG_IN_ASM | LOG_CPU);
    assert_true(log_in_range(0x1000) && log_in_range(0x1fff) && !log_in_range(0x2000));
    assert_true(log_in_range(0x4000) && log_in_range(0x400f) && !log_in_range(0x4010));
    assert_true(log_in_range(0x9000) && log_in_range(0x8f01) && !log_in_range(0x8f00));
    static const char *const wrong[] = {"x", "1..", "1.2", "5..4", "1+0", "1+", "", "1..2x"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        if (*wrong[i] && log_setup(NULL, NULL, wrong[i], &error)) {
            fail_msg("-dfilter %s was taken", wrong[i]);
        }
        g_clear_error(&error);
    }
    assert_false(log_setup("in_asm,nonsense", NULL, NULL, &error));
    assert_non_null(strstr(error->message, "nonsense"));
    g_clear_error(&error);
    assert_false(log_setup("op", "/nonexistent/dir/log", NULL, &error));
    assert_non_null(strstr(error->message, "/nonexistent/dir/log"));
    g_clear_error(&error);
    assert_false(log_setup("op", "/tmp/%d%s", NULL, &error));
    g_clear_error(&error);
    assert_true(log_setup(NULL, NULL, NULL, &error));
}

static char *table_as_man(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    fputs(MAN_BEGIN, f);
    options_man(f);
    fputs(MAN_END, f);
    fclose(f);
    return text;
}

static void test_man_page(void **unused)
{
    (void)unused;
    char *path = man_page_path(), *page = NULL, *table = table_as_man();
    assert_true(g_file_get_contents(path, &page, NULL, NULL));
    if (!strstr(page, table)) {
        fail_msg("docs/myna.1 does not say what the option table says: run test_options --man "
                 "docs/myna.1");
    }
    g_free(path);
    g_free(page);
    free(table);
}

static int write_man(const char *path)
{
    char *page = NULL, *table = table_as_man();
    if (!g_file_get_contents(path, &page, NULL, NULL)) {
        return 1;
    }
    char *begin = strstr(page, MAN_BEGIN), *end = strstr(page, MAN_END);
    if (!begin || !end) {
        return 1;
    }
    *begin = 0;
    char *whole = g_strconcat(page, table, end + strlen(MAN_END), NULL);
    return g_file_set_contents(path, whole, -1, NULL) ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--man")) {
        return write_man(argv[2]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),    cmocka_unit_test(test_environment),
        cmocka_unit_test(test_handed_on), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_texts),     cmocka_unit_test(test_log_setup),
        cmocka_unit_test(test_man_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
