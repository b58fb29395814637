// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Hooks on functions: which calls are under way, and where the functions are.  See plugins/hook.h.
//
// Each thread has a list of the hooked calls that are under way in it, the newest last.  A hook on an address stands
// at each function's entry, and at each place that a call was seen to come back to; that one stays, for a call
// comes from there again.  Which call has come back is told by that address and the stack pointer.
//
// The client owns all this (event_client_set_data); it is freed when no callback of the client can run any more.  The
// threads' lists may then still name it: they do so by a number that is never used twice.

#include <stdatomic.h>
#include <string.h>

#include <glib.h>

#include "plugins/hook.h"

typedef struct Owner {
    EventClient *client;
    uint64_t number;
    GMutex lock;         // a leaf
    GPtrArray *hooks;    // MynaFunctionHook, while the client is there
    GPtrArray *returns;  // ReturnPlace
    GHashTable *watched; // their addresses
} Owner;

// An address that the function is at.
typedef struct Place {
    MynaFunctionHook *hook;
    uint64_t address;
    EventHook *at; // NULL: gone
    bool chooses;  // its result is where the function is
} Place;

struct MynaFunctionHook {
    Owner *owner;
    MynaFunction function;
    GPtrArray *places; // Place
    atomic_bool gone;
};

typedef struct ReturnPlace {
    Owner *owner;
    uint64_t pc;
} ReturnPlace;

typedef struct Frame {
    uint64_t owner; // Owner.number
    Place *place;
    uint64_t stack_end; // of the mapping that the stack is in
    MynaCall call;
} Frame;

// --- the guest's calling convention ---------------------------------------------------------------------

enum { REG_ARGS = 8 };

typedef struct Convention {
    const char *guest;
    const char *args[REG_ARGS + 1]; // NULL behind the last
    const char *fp, *sp,
        *link;           // fp: begins the names; link: NULL: the return address is on the stack
    unsigned stack_args; // from the stack pointer at the entry
} Convention;

static const Convention conventions[] = {
    {"x86_64", {"rdi", "rsi", "rdx", "rcx", "r8", "r9"}, "xmm", "rsp", NULL, 8},
    {"aarch64", {"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7"}, "v", "sp", "x30", 0},
};

// The core's numbers of its registers.
static struct Numbers {
    const Convention *c;
    unsigned nb_args;
    int args[REG_ARGS], fp[REG_ARGS], sp, link, result;
} numbers;

static const struct Numbers *guest(void)
{
    static gsize done;
    if (g_once_init_enter(&done)) {
        const char *name = event_guest_name();
        for (size_t i = 0; i < G_N_ELEMENTS(conventions); i++) {
            numbers.c = !strcmp(conventions[i].guest, name) ? &conventions[i] : numbers.c;
        }
        g_assert(numbers.c); // myna has no other guests
        for (; numbers.c->args[numbers.nb_args]; numbers.nb_args++) {
            numbers.args[numbers.nb_args] = event_reg_find(numbers.c->args[numbers.nb_args]);
        }
        for (unsigned i = 0; i < REG_ARGS; i++) {
            char text[16];
            g_snprintf(text, sizeof(text), "%s%u", numbers.c->fp, i);
            numbers.fp[i] = event_reg_find(text);
        }
        numbers.sp = event_reg_find(numbers.c->sp);
        numbers.link = numbers.c->link ? event_reg_find(numbers.c->link) : -1;
        numbers.result = event_reg_find(numbers.c->link ? "x0" : "rax");
        g_once_init_leave(&done, 1);
    }
    return &numbers;
}

static uint64_t read_reg(int reg)
{
    uint64_t buf[8] = {0};
    return reg >= 0 && event_read_reg((unsigned)reg, buf) ? buf[0] : 0;
}

// The low 8 bytes; the rest of the register stays.
static bool write_reg(int reg, uint64_t value)
{
    uint64_t buf[8] = {0};
    unsigned size = reg >= 0 ? event_read_reg((unsigned)reg, buf) : 0;
    buf[0] = value;
    return size && event_write_reg((unsigned)reg, buf, size);
}

static uint64_t stack_arg(const MynaCall *call, unsigned n)
{
    return call->sp + guest()->c->stack_args + 8 * (uint64_t)(n - guest()->nb_args);
}

uint64_t myna_call_arg(const MynaCall *call, unsigned n)
{
    uint64_t value = 0;
    if (n < guest()->nb_args) {
        return read_reg(guest()->args[n]);
    }
    event_read_memory(stack_arg(call, n), &value, sizeof(value));
    return value;
}

bool myna_call_set_arg(MynaCall *call, unsigned n, uint64_t value)
{
    return n < guest()->nb_args ? write_reg(guest()->args[n], value)
                                : event_write_memory(stack_arg(call, n), &value, sizeof(value));
}

uint64_t myna_call_bits(const MynaCall *call, unsigned n)
{
    (void)call;
    return n < REG_ARGS ? read_reg(guest()->fp[n]) : 0;
}

double myna_call_fp_arg(const MynaCall *call, unsigned n)
{
    uint64_t bits = myna_call_bits(call, n);
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

bool myna_call_set_fp_arg(MynaCall *call, unsigned n, double value)
{
    uint64_t bits;
    (void)call;
    memcpy(&bits, &value, sizeof(bits));
    return n < REG_ARGS && write_reg(guest()->fp[n], bits);
}

uint64_t myna_call_result(const MynaCall *call)
{
    (void)call;
    return read_reg(guest()->result);
}

void myna_call_set_result(MynaCall *call, uint64_t value)
{
    (void)call;
    write_reg(guest()->result, value);
}

double myna_call_fp_result(const MynaCall *call) { return myna_call_fp_arg(call, 0); }
void myna_call_set_fp_result(MynaCall *call, double value) { myna_call_set_fp_arg(call, 0, value); }

// --- calls that are under way -----------------------------------------------------------------------------

static void free_frames(gpointer frames) { g_array_unref(frames); }
static GPrivate frames_key = G_PRIVATE_INIT(free_frames);

static GArray *get_frames(void)
{
    GArray *frames = g_private_get(&frames_key);
    if (!frames) {
        frames = g_array_new(FALSE, FALSE, sizeof(Frame));
        g_private_set(&frames_key, frames);
    }
    return frames;
}

static uint64_t stack_end(uint64_t sp)
{
    static _Thread_local uint64_t start, end;
    if (sp < start || sp >= end) {
        event_map_find(sp, &start, &end);
    }
    return end;
}

static bool is_live(const Frame *f) { return !f->place->hook->gone; }

static void lose(GArray *frames, guint i)
{
    Frame f = g_array_index(frames, Frame, i);
    g_array_remove_index(frames, i);
    if (is_live(&f) && f.place->hook->function.lost) {
        f.place->hook->function.lost(&f.call, f.place->hook->function.opaque);
    }
}

// The owner's calls on this stack whose frames lie below sp: something else is there by now.
static void lose_below(GArray *frames, const Owner *o, uint64_t sp)
{
    uint64_t end = frames->len ? stack_end(sp) : 0;
    for (guint i = frames->len; i-- > 0;) {
        const Frame *f = &g_array_index(frames, Frame, i);
        if (f->owner == o->number && f->call.sp < sp && f->stack_end == end) {
            lose(frames, i);
        }
    }
}

// Calls with this frame's place on the stack.  A call with another return address is another call's; one of the same
// function has been left by longjmp, and made again.  A function that jumps to another one at its end (a
// tail call) is still to return, together with that.
static void lose_replaced(GArray *frames, const Frame *by)
{
    for (guint i = frames->len; i-- > 0;) {
        const Frame *f = &g_array_index(frames, Frame, i);
        if (f->owner == by->owner && f->call.sp == by->call.sp &&
            (f->call.return_to != by->call.return_to || f->place == by->place)) {
            lose(frames, i);
        }
    }
}

static void add_place(MynaFunctionHook *hook, uint64_t address, bool chooses);

// The function has come back to p->pc.
static void on_return(unsigned vcpu, void *opaque)
{
    const ReturnPlace *p = opaque;
    GArray *frames = get_frames();
    uint64_t sp = read_reg(guest()->sp) - (guest()->link < 0 ? 8 : 0); // at the entry
    lose_below(frames, p->owner, sp);
    for (guint i = frames->len; i-- > 0;) {
        Frame f = g_array_index(frames, Frame, i);
        if (f.owner != p->owner->number || f.call.sp != sp || f.call.return_to != p->pc) {
            continue;
        }
        g_array_remove_index(frames, i);
        MynaFunctionHook *hook = f.place->hook;
        f.call.vcpu = vcpu;
        if (f.place->chooses) {
            add_place(hook, read_reg(guest()->result), false);
        } else if (is_live(&f) && hook->function.leave) {
            hook->function.leave(&f.call, hook->function.opaque);
        }
    }
}

static void watch_return(Owner *o, uint64_t pc)
{
    g_mutex_lock(&o->lock);
    bool known = g_hash_table_contains(o->watched, &pc);
    g_mutex_unlock(&o->lock);
    if (known) {
        return;
    }
    // Without the lock: the core takes its own.  Two threads may both get here; then both hooks are called, and the
    // second finds no call that has come back.
    ReturnPlace *p = g_new(ReturnPlace, 1);
    *p = (ReturnPlace){o, pc};
    event_hook_pc(o->client, pc, on_return, p);
    g_mutex_lock(&o->lock);
    g_ptr_array_add(o->returns, p);
    if (!g_hash_table_contains(o->watched, &pc)) {
        g_hash_table_add(o->watched, &p->pc);
    }
    g_mutex_unlock(&o->lock);
}

static void on_entry(unsigned vcpu, void *opaque)
{
    Place *place = opaque;
    const MynaFunctionHook *hook = place->hook;
    Owner *o = hook->owner;
    Frame f = {
        .owner = o->number, .place = place, .call = {.vcpu = vcpu, .function = place->address}};
    if (hook->gone) {
        return;
    }
    f.call.sp = read_reg(guest()->sp);
    if (guest()->link >= 0) {
        f.call.return_to = read_reg(guest()->link);
    } else {
        event_read_memory(f.call.sp, &f.call.return_to, 8);
    }
    bool returns = place->chooses || hook->function.leave || hook->function.lost;
    if (returns) {
        GArray *frames = get_frames();
        f.stack_end = stack_end(f.call.sp);
        lose_below(frames, o, f.call.sp);
        lose_replaced(frames, &f);
        watch_return(o, f.call.return_to);
    }
    if (hook->function.enter && !place->chooses) {
        hook->function.enter(&f.call, hook->function.opaque); // may not come back: myna_call_return
    }
    if (returns) {
        g_array_append_val(get_frames(), f);
    }
}

void myna_call_return(MynaCall *call, uint64_t result)
{
    write_reg(guest()->result, result);
    if (guest()->link < 0) {
        write_reg(guest()->sp, call->sp + 8);
    }
    event_set_pc(call->return_to);
}

// --- where functions are ----------------------------------------------------------------------------------

static void add_place(MynaFunctionHook *hook, uint64_t address, bool chooses)
{
    Owner *o = hook->owner;
    g_mutex_lock(&o->lock);
    for (guint i = 0; i < hook->places->len; i++) {
        const Place *p = hook->places->pdata[i];
        if (p->at && p->address == address) {
            g_mutex_unlock(&o->lock);
            return;
        }
    }
    Place *p = g_new0(Place, 1);
    p->hook = hook;
    p->address = address;
    p->chooses = chooses;
    g_ptr_array_add(hook->places, p);
    g_mutex_unlock(&o->lock);
    EventHook *at = event_hook_pc(o->client, address, on_entry, p);
    g_mutex_lock(&o->lock);
    p->at = at;
    g_mutex_unlock(&o->lock);
}

// Takes the hook from its places in [start, end).
static void leave_places(MynaFunctionHook *hook, uint64_t start, uint64_t end)
{
    for (guint i = 0; i < hook->places->len; i++) {
        Place *p = hook->places->pdata[i];
        g_mutex_lock(&hook->owner->lock);
        EventHook *at = p->address >= start && p->address < end ? p->at : NULL;
        p->at = at ? NULL : p->at;
        g_mutex_unlock(&hook->owner->lock);
        if (at) {
            event_unsubscribe(at);
        }
    }
}

static void found(uint64_t address, bool chosen, void *opaque)
{
    add_place(opaque, address, chosen);
}

static void find_places(MynaFunctionHook *hook)
{
    if (hook->function.symbol) {
        event_symbol_foreach(hook->function.symbol, hook->function.file, found, hook);
    }
}

// Hooks are only ever added while the client is there.
static MynaFunctionHook *nth_hook(Owner *o, guint i)
{
    g_mutex_lock(&o->lock);
    MynaFunctionHook *hook = i < o->hooks->len ? o->hooks->pdata[i] : NULL;
    g_mutex_unlock(&o->lock);
    return hook;
}

static void on_map(Event *e, void *opaque)
{
    enum { EXECUTABLE = 4 }; // PROT_EXEC
    MynaFunctionHook *hook;
    for (guint i = 0; (hook = nth_hook(opaque, i)); i++) {
        if (hook->gone || !hook->function.symbol) {
            continue;
        }
        if (e->map.prot < 0 || e->map.is_new) { // what was there is there no more
            leave_places(hook, e->map.start, e->map.end);
        }
        if (e->map.prot > 0 && (e->map.prot & EXECUTABLE)) {
            find_places(hook);
        }
    }
}

// --- hooks and their owner --------------------------------------------------------------------------------

static void free_hook(gpointer data)
{
    MynaFunctionHook *hook = data;
    g_ptr_array_unref(hook->places);
    g_free((char *)hook->function.symbol);
    g_free((char *)hook->function.file);
    g_free(hook);
}

static void free_owner(void *data)
{
    Owner *o = data;
    g_ptr_array_unref(o->hooks);
    g_hash_table_unref(o->watched);
    g_ptr_array_unref(o->returns);
    g_mutex_clear(&o->lock);
    g_free(o);
}

static Owner *owner_of(EventClient *c)
{
    static GMutex lock;
    static uint64_t last_number;
    g_mutex_lock(&lock);
    Owner *o = event_client_data(c);
    bool is_new = !o;
    if (is_new) {
        o = g_new0(Owner, 1);
        o->client = c;
        o->number = ++last_number;
        o->hooks = g_ptr_array_new_with_free_func(free_hook);
        o->returns = g_ptr_array_new_with_free_func(g_free);
        o->watched = g_hash_table_new(g_int64_hash, g_int64_equal);
        event_client_set_data(c, o, free_owner);
    }
    g_mutex_unlock(&lock);
    if (is_new) {
        event_subscribe(c, EVENT_MAP, on_map, o);
    }
    return o;
}

MynaFunctionHook *myna_hook_function(EventClient *c, const MynaFunction *function)
{
    if (!function->symbol && !function->address) {
        return NULL;
    }
    Owner *o = owner_of(c);
    MynaFunctionHook *hook = g_new0(MynaFunctionHook, 1);
    hook->owner = o;
    hook->function = *function;
    hook->function.symbol = g_strdup(function->symbol);
    hook->function.file = g_strdup(function->file);
    hook->places = g_ptr_array_new_with_free_func(g_free);
    g_mutex_lock(&o->lock);
    g_ptr_array_add(o->hooks, hook);
    g_mutex_unlock(&o->lock);
    if (function->symbol) {
        find_places(hook);
    } else {
        add_place(hook, function->address, false);
    }
    return hook;
}

void myna_unhook_function(MynaFunctionHook *hook)
{
    hook->gone = true;
    leave_places(hook, 0, UINT64_MAX);
}

unsigned myna_hook_places(const MynaFunctionHook *hook)
{
    unsigned n = 0;
    g_mutex_lock(&hook->owner->lock);
    for (guint i = 0; i < hook->places->len; i++) {
        const Place *p = hook->places->pdata[i];
        n += p->at && !p->chooses;
    }
    g_mutex_unlock(&hook->owner->lock);
    return n;
}
