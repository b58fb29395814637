// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tables of docs/writing-a-pass.md are the code's: guest operations (guest-op-table.h) and hooks
// (passes/library.h), line by line.
//
// LINK: myna_tcg2llvm

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <glib.h>

#include "passes/library.h"

static const struct {
    const char *name, *result, *args, *when;
} rows[] = {
#define GUEST_OP(name, result, args, when) {name, result, args, when},
#include "tcg2llvm/guest-op-table.h"
#undef GUEST_OP
};

static const struct {
    const char *name, *params, *when;
} hooks[] = {
#define X(id, name, params, letters, when) {name, params, when},
    LIBRARY_HOOKS(X)
#undef X
};

static char *document(void)
{
    char *text = NULL;
    g_autofree char *here = g_path_get_dirname(__FILE__);
    g_autofree char *path = g_build_filename(here, "..", "..", "docs", "writing-a-pass.md", NULL);
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        fail_msg("cannot read %s", path);
    }
    return text;
}

// What stands between the comment that begins with `from` and the next comment.
static char *section(const char *from)
{
    g_autofree char *text = document();
    g_autofree char *mark = g_strdup_printf("<!-- %s:", from);
    const char *start = strstr(text, mark);
    assert_non_null(start);
    start = strchr(start, '\n') + 1;
    return g_strndup(start, strstr(start, "<!--") - start);
}

static void guest_operations_are_documented(void **state)
{
    (void)state;
    g_autoptr(GString) expected = g_string_new("| name | result | arguments | when |\n"
                                               "|---|---|---|---|\n");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_string_append_printf(expected, "| `%s` | %s | %s | %s |\n", rows[i].name, rows[i].result,
                               rows[i].args, rows[i].when);
    }
    g_autofree char *found = section("guest operations");
    assert_string_equal(found, expected->str);
}

static void hooks_are_documented(void **state)
{
    (void)state;
    g_autoptr(GString) expected = g_string_new("| hook | when |\n|---|---|\n");
    for (size_t i = 0; i < G_N_ELEMENTS(hooks); i++) {
        const char *params = hooks[i].params;
        g_string_append_printf(expected, "| `void %s(%s)` | %s |\n", hooks[i].name, params,
                               hooks[i].when);
    }
    g_autofree char *found = section("hooks");
    assert_string_equal(found, expected->str);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guest_operations_are_documented),
        cmocka_unit_test(hooks_are_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
