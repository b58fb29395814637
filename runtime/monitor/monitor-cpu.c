// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// stop, cont, info registers: the guest's CPUs.  To be looked at a CPU must stand still: a command stops them all
// for as long as it takes; `stop` leaves them so.

#include <inttypes.h>
#include <string.h>

#include "runtime/cpu-list.h"
#include "runtime/cpu-stop.h"
#include "runtime/monitor/monitor.h"

static atomic_bool stopped; // by `stop`

const char *monitor_stop(Monitor *mon, const char *args)
{
    if (*args) {
        return "it takes no arguments";
    }
    if (!atomic_exchange(&stopped, true)) {
        cpus_stop();
    }
    monitor_printf(mon, "stopped\n");
    return NULL;
}

const char *monitor_cont(Monitor *mon, const char *args)
{
    if (*args) {
        return "it takes no arguments";
    }
    bool was = atomic_exchange(&stopped, false);
    if (was) {
        cpus_resume();
    }
    monitor_printf(mon, was ? "running\n" : "it was running\n");
    return NULL;
}

typedef struct Wanted {
    Monitor *mon;
    int64_t index; // -1: all
    bool found;
} Wanted;

// Wide registers from the highest byte down, as gdb prints a number.
static void print_registers(CPUState *cs, void *opaque)
{
    Wanted *w = opaque;
    if (w->index >= 0 && cs->cpu_index != (uint64_t)w->index) {
        return;
    }
    w->found = true;
    monitor_printf(w->mon, "CPU %u\n", cs->cpu_index);
    for (unsigned i = 0; i < cs->isa->nb_state_regs; i++) {
        uint8_t value[64] = {0};
        const GuestStateReg *r = &cs->isa->state_regs[i];
        cs->isa->state_get(cs, i, value);
        monitor_printf(w->mon, "%-12s 0x", r->name);
        for (unsigned n = r->size; n-- > 0;) {
            monitor_printf(w->mon, "%02x", value[n]);
        }
        monitor_printf(w->mon, "\n");
    }
}

const char *monitor_registers(Monitor *mon, const char *args)
{
    Wanted w = {.mon = mon, .index = -1};
    if (*args) {
        char *end;
        w.index = (int64_t)g_ascii_strtoull(args, &end, 10);
        if (*end || !g_ascii_isdigit(*args) || w.index < 0) {
            return "the argument must be a CPU's index";
        }
    }
    cpus_stop();
    cpu_list_foreach(print_registers, &w);
    cpus_resume();
    return w.found ? NULL : "there is no CPU with that index";
}
