// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// callstack: calls and returns as they happen, indented; or the stack of calls whenever one function is entered.
//
//   -plugin callstack.so[,at=FUNCTION][,depth=N]     N: deeper calls are not shown; -d plugin shows it
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "plugins/event.h"
#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

typedef struct Frame {
    uint64_t function, call, return_to;
} Frame;

static GMutex lock;
static GPtrArray *stacks; // a GArray of frames for each vCPU
static const char *at;
static unsigned depth = 64;

static GArray *stack_of(unsigned vcpu)
{
    g_mutex_lock(&lock);
    while (stacks->len <= vcpu) {
        g_ptr_array_add(stacks, g_array_new(FALSE, FALSE, sizeof(Frame)));
    }
    GArray *s = stacks->pdata[vcpu];
    g_mutex_unlock(&lock);
    return s;
}

static char *place(uint64_t pc)
{
    uint64_t offset = 0;
    const char *name = event_symbol(pc, &offset);
    return !name    ? g_strdup_printf("0x%" PRIx64, pc)
           : offset ? g_strdup_printf("%s+0x%" PRIx64, name, offset)
                    : g_strdup(name);
}

static void print_stack(const GArray *s, unsigned vcpu)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "[%u]\n", vcpu);
    for (guint i = s->len; i-- > 0;) {
        const Frame *f = &g_array_index(s, Frame, i);
        g_autofree char *function = place(f->function), *from = place(f->call);
        g_string_append_printf(text, "    #%u %s, called at %s\n", s->len - 1 - i, function, from);
    }
    event_log(text->str);
}

static void on_call(Event *e, void *unused)
{
    GArray *s = stack_of(e->vcpu);
    Frame f = {e->edge.to, e->edge.last, e->edge.return_to};
    (void)unused;
    g_autofree char *name = place(f.function);
    if (!at && s->len < depth) {
        g_autofree char *from = place(f.call);
        g_autofree char *line = g_strdup_printf("[%u] %*s%s (at %s)\n", e->vcpu, (int)(2 * s->len),
                                                "", name, from);
        event_log(line);
    }
    g_array_append_val(s, f);
    if (at && !strcmp(name, at)) {
        print_stack(s, e->vcpu);
    }
}

// To the innermost frame that was waiting there; longjmp leaves several at once.
static void on_return(Event *e, void *unused)
{
    GArray *s = stack_of(e->vcpu);
    (void)unused;
    for (guint i = s->len; i-- > 0;) {
        if (g_array_index(s, Frame, i).return_to == e->edge.to) {
            g_array_set_size(s, i);
            return;
        }
    }
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)id, (void)info;
    for (int i = 0; i < argc; i++) {
        uint64_t n = depth;
        if (g_str_has_prefix(argv[i], "at=") && argv[i][3]) {
            at = argv[i] + 3;
        } else if (g_str_has_prefix(argv[i], "depth=") &&
                   argument_number(argv[i] + 6, UINT_MAX, &n)) {
            depth = (unsigned)n;
        } else {
            fprintf(stderr, "callstack: wrong argument '%s' (at=FUNCTION, depth=N)\n", argv[i]);
            return 1;
        }
    }
    stacks = g_ptr_array_new();
    EventClient *c = event_client_new("callstack");
    event_subscribe(c, EVENT_CALL, on_call, NULL);
    event_subscribe(c, EVENT_RETURN, on_return, NULL);
    return 0;
}
