// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See glib-slices.h.  GLib takes G_SLICE=always-malloc from the environment when its library is initialised, before main;
// and a program's environment is the guest's.  So the last variable is exchanged for that one before any library
// is initialised (preinit_array), and put back in main.
#include "glib-slices.h"

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define NO_ENVIRONMENT "MYNA_NO_ENVIRONMENT"

static char always_malloc[] = "G_SLICE=always-malloc";
static char **place, *saved;

// Before the sanitizers are there: no instrumentation.
__attribute__((no_sanitize("address", "undefined"))) static void exchange(int argc, char **argv,
                                                                          char **envp)
{
    (void)argc;
    (void)argv;
    char **end = envp;
    while (*end) {
        end++;
    }
    if (end > envp) {
        place = end - 1;
        saved = *place;
        *place = always_malloc;
    }
}

typedef void StartFn(int argc, char **argv, char **envp);
__attribute__((section(".preinit_array"), used)) static StartFn *const start = exchange;

void glib_slices_off(char **argv)
{
    if (place) {
        *place = saved;
        unsetenv(NO_ENVIRONMENT);
        return;
    }
    // No variable to exchange: once more, with one that the guest does not get to see.
    char variable[] = NO_ENVIRONMENT "=1", *env[] = {variable, NULL};
    execve("/proc/self/exe", argv, env);
    // Without /proc the slices stay.
}
