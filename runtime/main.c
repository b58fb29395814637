// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// main: options, log, engines, then the Linux layer with the program; `myna cache` and `myna binfmt`, which
// need none of these.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpu-exec.h"
#include "glib-slices.h"
#include "linux/abi.h"
#include "linux/lift.h"
#include "linux/binfmt.h"
#include "linux/linux.h"
#include "log.h"
#include "options.h"
#include "plugin-start.h"
#include "process.h"
#include "tcg2llvm/object-cache.h"

static void list_cpus(void)
{
    for (const GuestABI *const *abi = guest_abis; *abi; abi++) {
        const GuestISA *isa = (*abi)->isa;
        printf("%s%s:\n", abi == guest_abis ? "" : "\n", isa->name);
        isa->init();
        isa->cpu_list(stdout);
    }
}

// `myna cache VERB`: what is to be known of the persistent cache without running a program.
static int cache_command(const char *verb)
{
    GError *error = NULL;
    const char *told = getenv("MYNA_CACHE_DIR");
    g_autofree char *path = told && *told ? g_strdup(told) : object_cache_path();
    if (!strcmp(verb, "path")) {
        puts(path);
        return 0;
    }
    if (!strcmp(verb, "status")) {
        if (object_cache_print_status(path, stdout, &error)) {
            return 0;
        }
        process_fail(EXIT_INTERNAL, "%s", error->message);
    }
    uint64_t bytes;
    if (!object_cache_clear(path, &bytes, &error)) {
        process_fail(EXIT_INTERNAL, "%s", error->message);
    }
    printf("%.1f MiB freed\n", (double)bytes / (1 << 20));
    return 0;
}

static bool is_cache_command(int argc, char **argv)
{
    return argc == 3 && !strcmp(argv[1], "cache") &&
           (!strcmp(argv[2], "status") || !strcmp(argv[2], "clear") || !strcmp(argv[2], "path"));
}

int main(int argc, char **argv)
{
    static MynaOptions options;
    GError *error = NULL;
    glib_slices_off(argv);
    if (is_cache_command(argc, argv)) {
        return cache_command(argv[2]);
    }
    if (argc > 1 && !strcmp(argv[1], "lift")) {
        return lift_command(argc - 2, argv + 2);
    }
    if (argc > 1 && !strcmp(argv[1], "binfmt")) {
        return binfmt_command(argc - 2, argv + 2);
    }
    linux_take_over_limits();
    int first;
    if (argc > 2 && binfmt_started_us()) { // the kernel's words: PROGRAM ARGV0 ARGUMENTS
        options_parse(&options, 1, argv);
        options.argv0 = argv[2];
        argv[2] = argv[1];
        first = 2;
    } else {
        first = options_parse(&options, argc, argv);
    }
    myna_options = &options;
    if (options.cpu_model && !strcmp(options.cpu_model, "help")) {
        list_cpus();
        return 0;
    }
    if (first >= argc) {
        process_fail(EXIT_USAGE, "no program is given (see myna -h)");
    }
    if (options.strace) {
        options.log_items = options.log_items ? g_strconcat(options.log_items, ",strace", NULL)
                                              : "strace";
    }
    if (!log_setup(options.log_items, options.log_filename, options.log_filter, &error) ||
        !cpu_exec_init(&options, &error)) {
        process_fail(EXIT_USAGE, "%s", error->message);
    }
    linux_before_load = plugin_start;
    process_exit(linux_user_run(&options, argc - first, argv + first, environ));
}
