// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// main: options, log, engines, then the Linux layer with the program.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpu-exec.h"
#include "linux/abi.h"
#include "linux/linux.h"
#include "log.h"
#include "options.h"
#include "process.h"

static void list_cpus(void)
{
    for (const GuestABI *const *abi = guest_abis; *abi; abi++) {
        const GuestISA *isa = (*abi)->isa;
        printf("%s%s:\n", abi == guest_abis ? "" : "\n", isa->name);
        isa->init();
        isa->cpu_list(stdout);
    }
}

int main(int argc, char **argv)
{
    static MynaOptions options;
    GError *error = NULL;
    int first = options_parse(&options, argc, argv);
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
    process_exit(linux_user_run(&options, argc - first, argv + first, environ));
}
