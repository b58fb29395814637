// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// memcheck-lite: heap errors.  Reads and writes outside of a block and of a block that was freed, double and wrong
// frees, and blocks that nobody can free any more when the program ends.
//
//   -plugin memcheck-lite.so[,redzone=N][,quarantine=N][,leaks=on|off][,limit=N]
//
//   redzone     bytes before and behind each block that must not be touched; 32 unless told, at least 16
//   quarantine  bytes of freed blocks that are kept from being used again; 16777216 unless told
//   leaks       blocks that no pointer is left to, at the program's end; on unless told off
//   limit       reports, 100 unless told; one place in the program is reported once for each kind of error
//
// malloc and its kin are wrapped (hook.h): they are asked for more, and the program gets a pointer into the middle.
// One bit for each byte says that it must not be touched; every access of the guest's is looked up there.  A block
// that is freed is marked and not given back until the quarantine is full.
//
// String functions read beyond what they were given, in aligned vectors or words, and so may touch a red zone; such
// loads are let pass. A C library without symbols does not tell which its string functions are, and they compare in
// vectors that are not aligned: vector loads of code without a name are let pass, too.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "argument.h"
#include "plugins/hook.h"
#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

typedef struct Block {
    uint64_t raw, total;        // what the allocator knows
    uint64_t start, size;       // what the program knows
    uint64_t made_by, freed_by; // where the calls came back to
    bool freed, reached;
} Block;

static GMutex lock;
static GTree *blocks;     // by raw
static GQueue quarantine; // blocks that are freed, the oldest first
static GHashTable *told;  // places that were reported
static uint64_t red = 32, quarantine_max = 16 << 20, quarantined, reports, limit = 100;
static uint64_t lowest = UINT64_MAX, highest; // addresses that blocks ever had
static bool leaks = true;
static _Thread_local unsigned depth; // in the allocator

// --- the bits --------------------------------------------------------------------------------------------

enum { PART_BITS = 20, PARTS = 1 << 27 };
static uint8_t *
    *parts; // for each 2^20 bytes of guest memory a bit a byte; NULL: all may be touched

static bool is_bad(uint64_t at)
{
    const uint8_t *part = at >> PART_BITS < PARTS ? parts[at >> PART_BITS] : NULL;
    at &= (1u << PART_BITS) - 1;
    return part && part[at / 8] >> at % 8 & 1;
}

static void mark(uint64_t at, uint64_t n, bool bad)
{
    for (; n && at >> PART_BITS < PARTS; n--, at++) {
        uint8_t **part = &parts[at >> PART_BITS];
        uint64_t bit = at & ((1u << PART_BITS) - 1);
        if (!*part) {
            *part = g_malloc0((1u << PART_BITS) / 8 + 8); // on_access reads beyond
        }
        if (bit % 8 == 0 && n >= 8) {
            (*part)[bit / 8] = bad ? 0xff : 0;
            n -= 7;
            at += 7;
        } else if (bad) {
            (*part)[bit / 8] |= (uint8_t)(1u << bit % 8);
        } else {
            (*part)[bit / 8] &= (uint8_t)~(1u << bit % 8);
        }
    }
}

// --- reports ---------------------------------------------------------------------------------------------

static void append_place(GString *text, const char *what, uint64_t pc)
{
    uint64_t offset = 0;
    const char *name = event_symbol(pc, &offset);
    if (pc && name) {
        g_string_append_printf(text, "    %s %s+0x%" PRIx64 " (0x%" PRIx64 ")\n", what, name,
                               offset, pc);
    } else if (pc) {
        g_string_append_printf(text, "    %s 0x%" PRIx64 "\n", what, pc);
    }
}

static void append_block(GString *text, const Block *b, uint64_t at)
{
    uint64_t end = b->start + b->size;
    if (at < b->start) {
        g_string_append_printf(text, "%" PRIu64 " bytes before", b->start - at);
    } else {
        g_string_append_printf(text, "%" PRIu64 " bytes %s", at >= end ? at - end : at - b->start,
                               at >= end ? "behind" : "inside");
    }
    g_string_append_printf(text, " a block of %" PRIu64 " bytes%s\n", b->size,
                           b->freed ? " that is freed" : "");
}

// Under the lock.  what: "invalid read of 4 bytes at 0x...".
static void report(const char *kind, const char *what, uint64_t pc, const Block *b, uint64_t at)
{
    g_autofree char *key = g_strdup_printf("%s %" PRIx64, kind, pc);
    if (g_hash_table_contains(told, key) || reports >= limit) {
        return;
    }
    g_hash_table_add(told, g_steal_pointer(&key));
    reports++;
    g_autoptr(GString) text = g_string_new("memcheck: ");
    g_string_append_printf(text, "%s%s", what, b ? ": " : "\n");
    if (b) {
        append_block(text, b, at);
    }
    append_place(text, "at", pc);
    append_place(text, "allocated before", b ? b->made_by : 0);
    append_place(text, "freed before", b && b->freed ? b->freed_by : 0);
    event_log_always(text->str);
}

// --- blocks ----------------------------------------------------------------------------------------------

static gint by_raw(gconstpointer a, gconstpointer b, gpointer unused)
{
    (void)unused;
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

// The block, red zones and all, that holds the address.
static Block *block_at(uint64_t at)
{
    GTreeNode *n = g_tree_upper_bound(blocks, &at);
    n = n ? g_tree_node_previous(n) : g_tree_node_last(blocks);
    Block *b = n ? g_tree_node_value(n) : NULL;
    return b && at - b->raw < b->total ? b : NULL;
}

// The block that the program's pointer names.
static Block *block_of(uint64_t start)
{
    Block *b = start ? block_at(start) : NULL;
    return b && b->start == start ? b : NULL;
}

static void forget(Block *b)
{
    mark(b->raw, b->total, false);
    g_tree_remove(blocks, &b->raw); // frees it
}

static uint64_t remember(uint64_t raw, uint64_t front, uint64_t size, uint64_t made_by)
{
    Block *old;
    g_mutex_lock(&lock);
    // What is still known there was given back in a way that is not wrapped.
    while ((old = block_at(raw))) {
        g_queue_remove(&quarantine, old);
        forget(old);
    }
    Block *b = g_new0(Block, 1);
    *b = (Block){.raw = raw,
                 .total = front + size + red,
                 .start = raw + front,
                 .size = size,
                 .made_by = made_by};
    g_tree_insert(blocks, &b->raw, b);
    lowest = MIN(lowest, raw);
    highest = MAX(highest, raw + b->total);
    mark(raw, b->total, true);
    mark(b->start, size, false);
    g_mutex_unlock(&lock);
    return raw + front;
}

// --- the allocator's functions -----------------------------------------------------------------------------

typedef enum Kind { MALLOC, CALLOC, REALLOC, MEMALIGN, POSIX_MEMALIGN, FREE, USABLE } Kind;

// Wrapped one after the other, while threads may be running: first what takes blocks, which lets pass those that it does
// not know, then what makes them.
static const struct Function {
    const char *name;
    Kind kind;
} functions[] = {
    {"free", FREE},
    {"cfree", FREE},
    {"malloc_usable_size", USABLE},
    {"realloc", REALLOC},
    {"malloc", MALLOC},
    {"calloc", CALLOC},
    {"memalign", MEMALIGN},
    {"aligned_alloc", MEMALIGN},
    {"posix_memalign", POSIX_MEMALIGN},
};

// A call that is under way.
typedef struct Request {
    bool wrapped, fails;
    uint64_t front, size, pointer;
} Request;

// The block is freed: what the allocator is to free in its place, 0: nothing.
static uint64_t put_aside(Block *b, uint64_t freed_by)
{
    b->freed = true;
    b->freed_by = freed_by;
    mark(b->start, b->size, true);
    g_queue_push_tail(&quarantine, b);
    quarantined += b->total;
    if (quarantined <= quarantine_max) {
        return 0;
    }
    Block *oldest = g_queue_pop_head(&quarantine);
    uint64_t raw = oldest->raw;
    quarantined -= oldest->total;
    forget(oldest);
    return raw;
}

static void on_free(MynaCall *call)
{
    uint64_t pointer = myna_call_arg(call, 0), instead = 0;
    g_mutex_lock(&lock);
    Block *b = pointer ? block_at(pointer) : NULL;
    if (!b) { // NULL, or not of a function that is wrapped: the allocator's to judge
        g_mutex_unlock(&lock);
        return;
    }
    if (b->freed || b->start != pointer) {
        report("free", b->freed ? "double free" : "free of no block's start", call->return_to, b,
               pointer);
    } else {
        instead = put_aside(b, call->return_to);
    }
    g_mutex_unlock(&lock);
    if (instead) {
        myna_call_set_arg(call, 0, instead);
    } else {
        myna_call_return(call, 0);
    }
}

// True when the call goes on as one for more bytes.
static bool enlarge(MynaCall *call, Kind kind, Request *r)
{
    uint64_t a = myna_call_arg(call, 0), b = myna_call_arg(call, 1), c = myna_call_arg(call, 2);
    uint64_t alignment = kind == MEMALIGN ? a : kind == POSIX_MEMALIGN ? b : 16;
    r->front = MAX(red, alignment);
    r->size = kind == MALLOC ? a : kind == CALLOC ? a * b : kind == POSIX_MEMALIGN ? c : b;
    if ((kind == CALLOC && b && a > UINT64_MAX / b) || r->size > INT64_MAX / 2 ||
        r->front > INT64_MAX / 4) {
        return false; // it will fail
    }
    uint64_t total = r->front + r->size + red;
    switch (kind) {
    case MALLOC: return myna_call_set_arg(call, 0, total);
    case CALLOC: return myna_call_set_arg(call, 0, 1) && myna_call_set_arg(call, 1, total);
    case POSIX_MEMALIGN: r->pointer = a; return myna_call_set_arg(call, 2, total);
    case MEMALIGN: return myna_call_set_arg(call, 1, total);
    default: break;
    }
    // realloc: the contents move with their red zone.
    g_mutex_lock(&lock);
    Block *old = block_of(a);
    bool ours = !a || (old && !old->freed);
    if (old && old->freed) {
        report("free", "realloc of a freed block", call->return_to, old, a);
        r->fails = true;
    } else if (old) {
        r->front = old->start - old->raw;
        r->pointer = old->raw;
        mark(old->raw, old->total, false);
        if (!r->size) {
            g_tree_remove(blocks, &old->raw);
        }
    }
    g_mutex_unlock(&lock);
    if (r->pointer) {
        myna_call_set_arg(call, 0, r->pointer);
    }
    return ours && (r->size || !a) && myna_call_set_arg(call, 1, r->front + r->size + red);
}

static void on_enter(MynaCall *call, void *opaque)
{
    const struct Function *f = opaque;
    if (f->kind == FREE) {
        if (!depth) {
            on_free(call);
        }
        return; // it is the same whether it comes back
    }
    if (f->kind == USABLE) {
        g_mutex_lock(&lock);
        const Block *b = block_of(myna_call_arg(call, 0));
        uint64_t size = b ? b->size : 0;
        g_mutex_unlock(&lock);
        if (b && !depth) {
            myna_call_return(call, size);
        }
        return;
    }
    Request *r = g_new0(Request, 1);
    r->wrapped = !depth && enlarge(call, f->kind, r);
    if (r->fails) {
        g_free(r);
        myna_call_return(call, 0); // does not come back
    }
    depth++;
    call->data = r;
}

static void on_leave(MynaCall *call, void *opaque)
{
    const struct Function *f = opaque;
    Request *r = call->data;
    uint64_t result = myna_call_result(call), got;
    depth -= depth > 0;
    if (r->wrapped && f->kind == POSIX_MEMALIGN) {
        if (!result && event_read_memory(r->pointer, &got, sizeof(got))) {
            got = remember(got, r->front, r->size, call->return_to);
            event_write_memory(r->pointer, &got, sizeof(got));
        }
    } else if (r->wrapped && f->kind == REALLOC && r->pointer) {
        g_mutex_lock(&lock);
        Block *old = block_of(r->pointer + r->front);
        if (old && !result) { // it has stayed
            mark(old->raw, old->total, true);
            mark(old->start, old->size, false);
        } else if (old) {
            forget(old);
        }
        g_mutex_unlock(&lock);
        if (result) {
            myna_call_set_result(call, remember(result, r->front, r->size, call->return_to));
        }
    } else if (r->wrapped && result) {
        myna_call_set_result(call, remember(result, r->front, r->size, call->return_to));
    }
    g_free(r);
}

static void on_lost(MynaCall *call, void *opaque)
{
    (void)opaque;
    depth -= depth > 0;
    g_free(call->data);
}

// --- accesses ----------------------------------------------------------------------------------------------

static bool reads_ahead(uint64_t pc, uint64_t addr, unsigned size)
{
    static const char *const begins[] = {"str", "mem", "wcs", "wmem", "stpcpy", "rawmemchr"};
    uint64_t offset;
    const char *name = event_symbol(pc, &offset);
    if (size >= 16 && (addr % size == 0 || !name)) {
        return true;
    }
    for (size_t i = 0; name && i < G_N_ELEMENTS(begins); i++) {
        if (g_str_has_prefix(name + strspn(name, "_"), begins[i])) {
            return true;
        }
    }
    return false;
}

static void __attribute__((noinline)) bad_access(uint64_t addr, unsigned size, bool store)
{
    uint64_t pc = event_pc(), at = addr;
    while (!is_bad(at) && at < addr + size - 1) {
        at++;
    }
    g_mutex_lock(&lock);
    const Block *b = block_at(at);
    bool in_freed = b && b->freed && at >= b->start && at < b->start + b->size;
    if (b && (store || in_freed || !reads_ahead(pc, addr, size))) {
        g_autofree char *what = g_strdup_printf("invalid %s of %u bytes at 0x%" PRIx64,
                                                store ? "write" : "read", size, addr);
        report(store ? "write" : "read", what, pc, b, at);
    }
    g_mutex_unlock(&lock);
}

static void on_access(unsigned vcpu, uint32_t info, uint64_t addr, void *unused)
{
    unsigned size = 1u << (info & EVENT_MEM_SIZE);
    (void)vcpu, (void)unused;
    const uint8_t *part = addr >> PART_BITS < PARTS ? parts[addr >> PART_BITS] : NULL;
    uint64_t at = addr & ((1u << PART_BITS) - 1);
    if (!part) {
        return; // an access that begins there and ends in another part begins in nobody's block
    }
    uint32_t bits;
    memcpy(&bits, part + at / 8, sizeof(bits));
    if (__builtin_expect(bits >> at % 8 & ((1u << size) - 1), 0) && !depth) {
        bad_access(addr, size, info & EVENT_MEM_STORE);
    }
}

static void on_block(Event *e, void *unused)
{
    (void)unused;
    const EventAction action = {.type = EVENT_ACT_CALL, .mem_fn = on_access, .no_fp = true};
    for (unsigned i = 0; i < event_block_insns(e->block); i++) {
        event_at_access(event_block_insn(e->block, i), EVENT_READ | EVENT_WRITE, &action);
    }
}

// --- the end -------------------------------------------------------------------------------------------------

static void reach(uint64_t pointer, GQueue *todo)
{
    Block *b = pointer >= lowest && pointer <= highest ? block_at(pointer) : NULL;
    if (b && !b->freed && !b->reached && pointer >= b->start) {
        b->reached = true;
        g_queue_push_tail(todo, b);
    }
}

// Every aligned word may be a pointer.  What is in blocks counts when these are reached.
static void follow_words(uint64_t start, uint64_t end, GQueue *todo, bool in_block)
{
    static uint64_t words[4096 / 8];
    for (uint64_t at = (start + 7) & ~(uint64_t)7; at < end; at = (at | 4095) + 1) {
        size_t n = MIN(end, (at | 4095) + 1) - at;
        if (!event_read_memory(at, words, n)) {
            continue;
        }
        for (size_t i = 0; i < n / 8; i++) {
            if (words[i] >= lowest && words[i] <= highest && (in_block || !block_at(at + 8 * i))) {
                reach(words[i], todo);
            }
        }
    }
}

static void follow_map(uint64_t start, uint64_t end, void *todo)
{
    follow_words(start, end, todo, false);
}

typedef struct Lost {
    uint64_t made_by, bytes, blocks;
} Lost;

static gboolean count_lost(gpointer key, gpointer value, gpointer opaque)
{
    const Block *b = value;
    (void)key;
    if (!b->freed && !b->reached) {
        Lost *l = g_hash_table_lookup(opaque, &b->made_by);
        if (!l) {
            l = g_new0(Lost, 1);
            l->made_by = b->made_by;
            g_hash_table_insert(opaque, &l->made_by, l);
        }
        l->bytes += b->size;
        l->blocks++;
    }
    return FALSE;
}

static void on_exit_event(Event *e, void *unused)
{
    (void)e, (void)unused;
    g_autoptr(GString) text = g_string_new(NULL);
    g_mutex_lock(&lock);
    if (leaks) {
        GQueue todo = G_QUEUE_INIT;
        for (unsigned reg = 0; reg < event_reg_count(); reg++) {
            uint64_t value[8] = {0};
            event_read_reg(reg, value);
            reach(value[0], &todo);
        }
        event_map_foreach(follow_map, &todo);
        for (Block *b; (b = g_queue_pop_head(&todo));) {
            follow_words(b->start, b->start + b->size, &todo, true);
        }
        g_autoptr(GHashTable)
            lost = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
        g_tree_foreach(blocks, count_lost, lost);
        GHashTableIter it;
        gpointer l;
        g_hash_table_iter_init(&it, lost);
        while (g_hash_table_iter_next(&it, NULL, &l)) {
            g_string_append_printf(text,
                                   "memcheck: %" PRIu64 " bytes in %" PRIu64 " blocks are lost\n",
                                   ((Lost *)l)->bytes, ((Lost *)l)->blocks);
            append_place(text, "allocated before", ((Lost *)l)->made_by);
        }
    }
    g_string_append_printf(text, "memcheck: %" PRIu64 " errors\n", reports);
    g_mutex_unlock(&lock);
    event_log_always(text->str);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)id, (void)info;
    for (int i = 0; i < argc; i++) {
        g_auto(GStrv) words = g_strsplit(argv[i], "=", 2);
        uint64_t *number = !strcmp(words[0], "redzone")      ? &red
                           : !strcmp(words[0], "quarantine") ? &quarantine_max
                           : !strcmp(words[0], "limit")      ? &limit
                                                             : NULL;
        bool ok = number ? argument_number(words[1], number == &red ? 1 << 20 : UINT64_MAX, number)
                         : !strcmp(words[0], "leaks") &&
                               qemu_plugin_bool_parse(words[0], words[1], &leaks);
        if (!ok) {
            fprintf(stderr, "memcheck-lite: wrong argument '%s'\n", argv[i]);
            return 1;
        }
    }
    if (blocks) {
        fprintf(stderr, "memcheck-lite: it is loaded already\n");
        return 1;
    }
    red = (MAX(red, 16) + 15) & ~(uint64_t)15; // blocks stay aligned
    parts = mmap(NULL, PARTS * sizeof(*parts), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (parts == MAP_FAILED) {
        fprintf(stderr, "memcheck-lite: no address space for its bits\n");
        return 1;
    }
    blocks = g_tree_new_full(by_raw, NULL, NULL, g_free);
    told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    EventClient *c = event_client_new("memcheck-lite");
    event_client_stay(c); // what the guest frees has red zones
    for (size_t i = 0; i < G_N_ELEMENTS(functions); i++) {
        bool comes_back = functions[i].kind != FREE && functions[i].kind != USABLE;
        myna_hook_function(c, &(MynaFunction){.symbol = functions[i].name,
                                              .enter = on_enter,
                                              .leave = comes_back ? on_leave : NULL,
                                              .lost = comes_back ? on_lost : NULL,
                                              .opaque = (void *)&functions[i]});
    }
    event_subscribe(c, EVENT_BLOCK_TRANSLATE, on_block, NULL);
    event_subscribe(c, EVENT_EXIT, on_exit_event, NULL);
    return 0;
}
