// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Hooks on the functions of guest-hooks.c: a line for each that is entered, returns or is lost, in the first thread;
// counts for the others.
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "plugins/hook.h"
#include "qemu-plugin.h"
#include "say.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static atomic_ulong entered, left, lost_in_threads;
static MynaFunctionHook *for_a_while;
static unsigned seen_for_a_while;

static void enter(MynaCall *call, void *name)
{
    if (call->vcpu) {
        atomic_fetch_add(&entered, 1);
        call->data = (void *)(call->sp ^ myna_call_arg(call, 0));
        return;
    }
    call->data = (void *)(uintptr_t)myna_call_arg(call, 0);
    say("> %s %" PRIu64 "\n", (const char *)name, myna_call_arg(call, 0));
}

static void leave(MynaCall *call, void *name)
{
    if (call->vcpu) {
        // The data is this call's own, and so is the result.
        uint64_t n = (uint64_t)(uintptr_t)call->data ^ call->sp, f = 1;
        for (uint64_t i = 2; i <= n; i++) {
            f *= i;
        }
        atomic_fetch_add(&left, n <= 5 && myna_call_result(call) == f);
        return;
    }
    say("< %s %" PRIu64 " %" PRIu64 "\n", (const char *)name, (uint64_t)(uintptr_t)call->data,
        myna_call_result(call));
}

static void lost(MynaCall *call, void *name)
{
    atomic_fetch_add(&lost_in_threads, call->vcpu != 0);
    say("x %s %" PRIu64 "\n", (const char *)name, (uint64_t)(uintptr_t)call->data);
}

static void enter_many(MynaCall *call, void *name)
{
    (void)name;
    for (unsigned i = 0; i < 10; i++) {
        say("%s%" PRIu64, i ? " " : "> many ", myna_call_arg(call, i));
    }
    say("\n");
    myna_call_set_arg(call, 0, 100);
    myna_call_set_arg(call, 9, 1000);
}

static void enter_scale(MynaCall *call, void *name)
{
    (void)name;
    say("> scale %g %" PRIu64 " %g\n", myna_call_fp_arg(call, 0), myna_call_arg(call, 0),
        myna_call_fp_arg(call, 1));
    myna_call_set_fp_arg(call, 0, 2.5);
}
static void leave_scale(MynaCall *call, void *name)
{
    (void)name;
    say("< scale %g\n", myna_call_fp_result(call));
    myna_call_set_fp_result(call, myna_call_fp_result(call) * 2);
}

static void skip(MynaCall *call, void *name)
{
    (void)name;
    myna_call_return(call, myna_call_arg(call, 0) + 60);
}

static void leave_changed(MynaCall *call, void *name)
{
    (void)name;
    myna_call_set_result(call, myna_call_result(call) * 3);
}

static void enter_while(MynaCall *call, void *name)
{
    (void)call, (void)name;
    if (++seen_for_a_while == 2) {
        myna_unhook_function(for_a_while);
    }
}

static void enter_copy(MynaCall *call, void *name)
{
    (void)name;
    if (!call->vcpu && myna_call_arg(call, 2) == 61) {
        say("> memcpy 61\n");
    }
}

static void at_end(qemu_plugin_id_t id, void *unused)
{
    (void)id, (void)unused;
    say("for a while %u, places %u\n", seen_for_a_while, myna_hook_places(for_a_while));
    say("threads %lu %lu %lu\n", entered, left, lost_in_threads);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    static const MynaFunction functions[] = {
        {.symbol = "many", .enter = enter_many},
        {.symbol = "scale", .enter = enter_scale, .leave = leave_scale},
        {.symbol = "factorial",
         .enter = enter,
         .leave = leave,
         .lost = lost,
         .opaque = "factorial"},
        {.symbol = "first", .enter = enter, .leave = leave, .lost = lost, .opaque = "first"},
        {.symbol = "last", .enter = enter, .leave = leave, .lost = lost, .opaque = "last"},
        {.symbol = "thrower", .enter = enter, .leave = leave, .lost = lost, .opaque = "thrower"},
        {.symbol = "skipped", .enter = skip},
        {.symbol = "changed", .leave = leave_changed},
        {.symbol = "later", .file = "later.so", .enter = enter, .leave = leave, .opaque = "later"},
        {.symbol = "later", .file = "another.so", .enter = enter, .opaque = "wrong"},
        {.symbol = "memcpy", .enter = enter_copy},
    };
    (void)info, (void)argc, (void)argv;
    EventClient *c = event_client_new("hooks");
    for (size_t i = 0; i < G_N_ELEMENTS(functions); i++) {
        myna_hook_function(c, &functions[i]);
    }
    for_a_while = myna_hook_function(
        c, &(MynaFunction){.symbol = "unhooked_later", .enter = enter_while});
    if (myna_hook_function(c, &(MynaFunction){.enter = enter})) {
        return 1; // neither symbol nor address
    }
    qemu_plugin_register_atexit_cb(id, at_end, NULL);
    return 0;
}
