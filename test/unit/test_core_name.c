// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_linux
//
// core_pattern becomes a name: core(5).
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "runtime/linux/core-file.h"

static const struct {
    const char *pattern;
    bool uses_pid;
    const char *name;
} cases[] = {
    {"core", false, "core"},
    {"core", true, "core.123"},
    {"core.%p", true, "core.123"},
    {"core.%P", true, "core.123.123"}, // %P does not count as the pid
    {"/var/crash/%e-%i-%s", false, "/var/crash/prog-124-11"},
    {"%E", false, "!opt!a!prog name"},
    {"%f", false, "prog name"},
    {"%h.%u.%g.%d", false, "here!there.1000.100.1"},
    {"%t.%c", false, "1700000000.4096"},
    {"100%%", false, "100%"},
    {"a%qb", false, "ab"},
    {"end%", false, "end"},
    {"", false, ""},
};

static void names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *got = core_file_name(&(CoreNaming){
            .pattern = cases[i].pattern,
            .uses_pid = cases[i].uses_pid,
            .pid = 123,
            .tid = 124,
            .sig = 11,
            .uid = 1000,
            .gid = 100,
            .limit = 4096,
            .time = 1700000000,
            .host = "here/there",
            .comm = "prog",
            .exe = "/opt/a/prog name",
        });
        assert_string_equal(got, cases[i].name);
        g_free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
