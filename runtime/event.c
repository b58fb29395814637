// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Clients and their hooks: who is called when, and how somebody goes again.
//
// Lists of hooks are read in RCU read-side sections and changed under a lock, so a callback may subscribe
// and unsubscribe.  A hook that has gone is freed after a grace period.
//
// To remove a client: its hooks leave the lists, the block cache is flushed, and after a grace period (each
// CPU has left guest code and every callback since) nothing of it can run.  In a callback one cannot wait
// for that; then the next CPU that passes the flush in cpu_exec finishes it.

#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <string.h>
#include <unistd.h>

#include "cpu-exec.h"
#include "cpu-list.h"
#include "event-internal.h"
#include "log.h"
#include "process.h"
#include "tcg2llvm/files-aside.h"

struct EventHook {
    EventClient *client;
    EventKind kind; // EVENT_KINDS: a PC hook
    EventFn *fn;
    EventExecFn *exec_fn;
    uint64_t pc;
    void *opaque;
    atomic_bool resting;
    _Atomic(EventHook *) next;
    Later later;
};

struct EventClient {
    char *name;
    void *data; // what a layer above keeps for it
    void (*destroy)(void *data);
    const void *made_by; // the object whose code made it
    const void *object;  // the plugin's that it stands for; NULL: none
    bool going, stays;
    struct EventClient *next;
};

struct EventRemovals {
    EventRemovals *next;
    EventClient *client;
    bool forget;
    void (*done)(void *opaque);
    void *opaque;
};

_Atomic uint32_t event_counts[EVENT_KINDS];

enum { PC_LISTS = 1024 };

static struct EventState {
    pthread_mutex_t lock; // a leaf but for later.c's
    _Atomic(EventHook *) hooks[EVENT_KINDS];
    _Atomic(EventHook *) pc_hooks[PC_LISTS]; // by pc_list
    _Atomic uint32_t pc_count;
    EventClient *clients;
    _Atomic(EventRemovals *) removals;
    atomic_bool ending;
    pthread_t ender;
} events = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local unsigned depth; // of event_fire

// --- clients ------------------------------------------------------------------------------------

// The shared object that has the code; where it is loaded.
static const void *object_of(const void *code)
{
    Dl_info info;
    return dladdr(code, &info) ? info.dli_fbase : NULL;
}

EventClient *event_client_new(const char *name)
{
    EventClient *c = g_new0(EventClient, 1);
    c->name = g_strdup(name);
    c->made_by = object_of(__builtin_return_address(0));
    pthread_mutex_lock(&events.lock);
    c->next = events.clients;
    events.clients = c;
    pthread_mutex_unlock(&events.lock);
    return c;
}

const char *event_client_name(const EventClient *c) { return c->name; }
void *event_client_data(const EventClient *c) { return c->data; }

void event_client_set_data(EventClient *c, void *data, void (*destroy)(void *data))
{
    c->data = data;
    c->destroy = destroy;
}

void event_client_stand_for(EventClient *c, const void *code) { c->object = object_of(code); }
void event_client_stay(EventClient *c) { c->stays = true; }

bool event_plugin_stays(const void *code)
{
    const void *object = object_of(code);
    bool stays = false;
    pthread_mutex_lock(&events.lock);
    for (const EventClient *c = events.clients; c && object; c = c->next) {
        stays |= c->stays && c->made_by == object;
    }
    pthread_mutex_unlock(&events.lock);
    return stays;
}

static void client_free(EventClient *c)
{
    pthread_mutex_lock(&events.lock);
    EventClient **p = &events.clients;
    while (*p != c) {
        p = &(*p)->next;
    }
    *p = c->next;
    pthread_mutex_unlock(&events.lock);
    g_free(c->name);
    g_free(c);
}

// --- hooks --------------------------------------------------------------------------------------

static bool shapes_blocks(EventKind kind)
{
    return kind == EVENT_BLOCK_TRANSLATE || kind == EVENT_EDGE || kind == EVENT_CALL ||
           kind == EVENT_RETURN || kind == EVENT_HYPERCALL || kind == EVENT_KINDS;
}

// Under the lock.
static void count_hook(const EventHook *h, int by)
{
    if (h->kind < EVENT_KINDS) {
        atomic_fetch_add(&event_counts[h->kind], (uint32_t)by);
    } else {
        atomic_fetch_add(&events.pc_count, (uint32_t)by);
    }
}

static _Atomic(EventHook *) *pc_list(uint64_t pc)
{
    return &events.pc_hooks[(pc ^ pc >> 10) % PC_LISTS];
}

static _Atomic(EventHook *) *list_of(const EventHook *h)
{
    return h->kind < EVENT_KINDS ? &events.hooks[h->kind] : pc_list(h->pc);
}

// Code that is there already is to be as the hook wants it.  A PC hook concerns its page alone: the blocks that stand
// there, and those that looked there which flags to keep.
static void renew_code(EventKind kind, uint64_t pc)
{
    if (kind == EVENT_KINDS && !tb_lock_held()) {
        tb_invalidate_range(pc, pc + 1);
        cpu_request_exit_all(); // from compiled loops
    } else if (shapes_blocks(kind)) {
        cpu_request_flush();
    }
}

static EventHook *add_hook(EventHook *h)
{
    pthread_mutex_lock(&events.lock);
    _Atomic(EventHook *) *p = list_of(h);
    while (*p) {
        p = &(*p)->next;
    }
    atomic_store(p, h);
    count_hook(h, 1);
    pthread_mutex_unlock(&events.lock);
    renew_code(h->kind, h->pc);
    return h;
}

static void free_hook(Later *l) { g_free(caa_container_of(l, EventHook, later)); }

// Under the lock.  A reader that stands on the hook goes on through its next.
static void unlink_hook(EventHook *h)
{
    _Atomic(EventHook *) *p = list_of(h);
    while (*p != h) {
        p = &(*p)->next;
    }
    atomic_store(p, h->next);
    if (!atomic_exchange(&h->resting, true)) {
        count_hook(h, -1);
    }
    later_call(&h->later, free_hook);
}

EventHook *event_subscribe(EventClient *c, EventKind kind, EventFn *fn, void *opaque)
{
    EventHook *h = g_new0(EventHook, 1);
    h->client = c;
    h->kind = kind;
    h->fn = fn;
    h->opaque = opaque;
    return add_hook(h);
}

EventHook *event_hook_pc(EventClient *c, uint64_t pc, EventExecFn *fn, void *opaque)
{
    EventHook *h = g_new0(EventHook, 1);
    h->client = c;
    h->kind = EVENT_KINDS;
    h->exec_fn = fn;
    h->pc = pc;
    h->opaque = opaque;
    return add_hook(h);
}

void event_unsubscribe(EventHook *h)
{
    EventKind kind = h->kind;
    uint64_t pc = h->pc;
    pthread_mutex_lock(&events.lock);
    unlink_hook(h);
    pthread_mutex_unlock(&events.lock);
    renew_code(kind, pc);
}

void event_hook_enable(EventHook *h, bool on)
{
    pthread_mutex_lock(&events.lock);
    if (atomic_exchange(&h->resting, !on) == on) {
        count_hook(h, on ? 1 : -1);
    }
    pthread_mutex_unlock(&events.lock);
    renew_code(h->kind, h->pc);
}

unsigned event_pc_hooks(uint64_t pc, EventPCHook *hooks, unsigned max)
{
    unsigned n = 0;
    if (!atomic_load(&events.pc_count)) {
        return 0;
    }
    rcu_read_lock();
    for (EventHook *h = *pc_list(pc); h; h = h->next) {
        if (h->pc == pc && !h->resting) {
            if (n < max) {
                hooks[n] = (EventPCHook){h->exec_fn, h->opaque};
            }
            n++;
        }
    }
    rcu_read_unlock();
    return n;
}

bool event_pc_hooks_wanted(void) { return atomic_load(&events.pc_count) != 0; }
bool event_calls_wanted(void) { return event_wanted(EVENT_CALL) || event_wanted(EVENT_RETURN); }
bool event_edges_wanted(void) { return event_wanted(EVENT_EDGE) || event_calls_wanted(); }
bool event_shapes_blocks(void)
{
    return event_wanted(EVENT_BLOCK_TRANSLATE) || event_edges_wanted() ||
           event_wanted(EVENT_HYPERCALL) || atomic_load(&events.pc_count);
}

// --- firing -------------------------------------------------------------------------------------

static _Thread_local sigjmp_buf *escape;

void event_escape(void)
{
    if (escape) {
        siglongjmp(*escape, 1);
    }
}

void event_fire(Event *e)
{
    sigjmp_buf here;
    if (current_cpu) {
        e->vcpu = current_cpu->cpu_index;
    }
    rcu_read_lock();
    depth++;
    if (e->kind == EVENT_SYSCALL) {
        if (sigsetjmp(here, 0)) {
            e->syscall.moved = true;
            escape = NULL;
            depth--;
            rcu_read_unlock();
            return;
        }
        escape = &here;
    }
    for (EventHook *h = events.hooks[e->kind]; h; h = h->next) {
        if (!h->resting) {
            h->fn(e, h->opaque);
        }
    }
    escape = NULL;
    depth--;
    rcu_read_unlock();
}

void event_fire_plain(EventKind kind)
{
    if (event_wanted(kind)) {
        event_fire(
            &(Event){.kind = kind, .pc = current_cpu ? current_cpu->isa->get_pc(current_cpu) : 0});
    }
}

void event_fire_map(uint64_t start, uint64_t end, int prot, const char *name, uint64_t offset,
                    bool is_new)
{
    Event e = {.kind = EVENT_MAP, .pc = current_cpu ? current_cpu->isa->get_pc(current_cpu) : 0};
    e.map.start = start;
    e.map.end = end;
    e.map.prot = prot;
    e.map.name = name;
    e.map.offset = offset;
    e.map.is_new = is_new;
    event_fire(&e);
}

// --- going --------------------------------------------------------------------------------------

static void finish_removal(EventRemovals *r)
{
    EventClient *c = r->client;
    if (c->destroy) {
        void *data = c->data;
        c->data = NULL;
        c->destroy(data);
    }
    if (r->done) {
        r->done(r->opaque);
    }
    if (r->forget) {
        client_free(r->client);
    }
    g_free(r);
}

// In the order in which they were asked for.
EventRemovals *event_take_removals(void)
{
    EventRemovals *first = NULL, *r = atomic_exchange(&events.removals, NULL);
    while (r) {
        EventRemovals *next = r->next;
        r->next = first;
        first = r;
        r = next;
    }
    return first;
}

void event_finish_removals(EventRemovals *r)
{
    while (r) {
        EventRemovals *next = r->next;
        finish_removal(r);
        r = next;
    }
}

static void unlink_client(EventClient *c)
{
    pthread_mutex_lock(&events.lock);
    for (int i = 0; i < EVENT_KINDS + PC_LISTS; i++) {
        EventHook *next, *h = i < EVENT_KINDS ? events.hooks[i] : events.pc_hooks[i - EVENT_KINDS];
        for (; h; h = next) {
            next = h->next;
            if (h->client == c) {
                unlink_hook(h);
            }
        }
    }
    pthread_mutex_unlock(&events.lock);
}

static void leave(EventClient *c, bool forget, void (*done)(void *), void *opaque)
{
    EventRemovals *r = g_new0(EventRemovals, 1);
    *r = (EventRemovals){NULL, c, forget, done, opaque};
    unlink_client(c);
    bool inside = depth || (current_cpu && current_cpu->jmp_env) || tb_lock_held();
    if (!inside) {
        tb_flush_all();
        cpu_request_exit_all();
        later_barrier(); // what was freed goes after a grace period: so does the client
        synchronize_rcu();
        finish_removal(r);
        return;
    }
    r->next = atomic_load(&events.removals);
    while (!atomic_compare_exchange_weak(&events.removals, &r->next, r)) {
    }
    cpu_request_flush();
}

void event_client_reset(EventClient *c, void (*done)(void *), void *opaque)
{
    leave(c, false, done, opaque);
}

// The next of the clients that the plugin has made itself.
static EventClient *take_own(const EventClient *c)
{
    pthread_mutex_lock(&events.lock);
    EventClient *own = events.clients;
    while (own && (own == c || own->going || own->made_by != c->object)) {
        own = own->next;
    }
    if (own) {
        own->going = true;
    }
    pthread_mutex_unlock(&events.lock);
    return own;
}

void event_client_remove(EventClient *c, void (*done)(void *), void *opaque)
{
    c->going = true;
    for (EventClient *own; c->object && (own = take_own(c));) {
        leave(own, true, NULL, NULL);
    }
    leave(c, true, done, opaque);
}

// --- the end --------------------------------------------------------------------------------------

void event_park_if_ending(void)
{
    if (__builtin_expect(atomic_load_explicit(&events.ending, memory_order_relaxed), 0) &&
        !pthread_equal(events.ender, pthread_self())) {
        for (;;) {
            pause();
        }
    }
}

bool event_stop_others(void)
{
    if (atomic_exchange(&events.ending, true)) {
        event_park_if_ending(); // somebody is at it already
        return false;
    }
    events.ender = pthread_self();
    if (cpu_list_count() > 1) {
        cpu_request_exit_all();
        synchronize_rcu(); // the others have left guest code, and wait where they would enter it again
    }
    return true;
}

static void fire(void *event) { event_fire(event); }

void event_exit(int status)
{
    if ((!event_wanted(EVENT_EXIT) && !event_shapes_blocks()) || !event_stop_others()) {
        return;
    }
    Event e = {.kind = EVENT_EXIT};
    e.exit.status = status;
    files_quietly(fire, &e); // plugins write files
}

// --- fork -----------------------------------------------------------------------------------------

void event_fork_prepare(void) { pthread_mutex_lock(&events.lock); }
void event_fork_done(void) { pthread_mutex_unlock(&events.lock); }
