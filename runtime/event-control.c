// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What plugins may turn: the log, chaining, the engine; and a look at the map.  See plugins/event.h.

#include "cpu-exec.h"
#include "cpu-list.h"
#include "event-internal.h"
#include "guest-memory.h"
#include "log.h"
#include "process.h"
#include "stats.h"
#include "tier-host.h"

void event_log_always(const char *text) { log_printf("%s", text); }

void event_set_chaining(bool on)
{
    const uint32_t flags = CF_NO_GOTO_TB | CF_NO_GOTO_PTR;
    bool never = log_enabled(LOG_NOCHAIN) || myna_options->verify;
    cpu_change_cflags(on && !never ? 0 : flags, on && !never ? flags : 0);
    event_flush();
}

bool event_use_llvm(bool on)
{
    static MynaOptions changed;
    GError *error = NULL;
    if (stats.tb_translated || myna_options->verify) {
        return false;
    }
    changed = *myna_options;
    changed.engine = on ? ENGINE_LLVM_ALL : ENGINE_QUICK;
    changed.llvm_given = on;
    if (!tier_host_init(&changed, &error)) {
        process_fail(EXIT_USAGE, "%s", error->message);
    }
    return true;
}

bool event_map_find(uint64_t addr, uint64_t *start, uint64_t *end)
{
    GuestRegion r;
    bool found = guest_memory_find(addr, &r);
    *start = found ? r.start : 0;
    *end = found ? r.end : 0;
    return found;
}

typedef struct MapFn {
    void (*fn)(uint64_t start, uint64_t end, void *opaque);
    void *opaque;
} MapFn;

static void call_map_fn(const GuestRegion *r, void *opaque)
{
    const MapFn *f = opaque;
    f->fn(r->start, r->end, f->opaque);
}

void event_map_foreach(void (*fn)(uint64_t start, uint64_t end, void *opaque), void *opaque)
{
    MapFn f = {fn, opaque};
    guest_memory_foreach(call_map_fn, &f);
}
