// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Making, copying and listing CPUs.

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cpu-exec.h"
#include "cpu-list.h"
#include "event-internal.h"
#include "pass-host.h"
#include "cpu-stop.h"
#include "guest-memory.h"
#include "tb.h"
#include "tcg2llvm/slab.h"
#include "tier-host.h"

static struct CPUList {
    pthread_mutex_t lock;
    CPUPrivate *first;
    unsigned count, indices;
    atomic_bool no_jump_caches;
    const GuestISA *isa;
} cpus = {.lock = PTHREAD_MUTEX_INITIALIZER};

// The block that means "there is none": returns to cpu_exec, which then translates.
static uintptr_t exit_entry(void *env, const TCGCode *code)
{
    (void)code;
    __attribute__((musttail)) return tcg_leave(env, NULL);
}
static TCGCode exit_code = {.entry = exit_entry};

const TCGCode *cpu_jump_cache_get(const CPUState *cs, TBKey key, uint32_t cflags)
{
    const TBJumpCacheEntry *e = &cs->jump_cache[cpu_jump_cache_hash(key.pc)];
    const uint64_t mode = key.flags | (uint64_t)cflags << 32;
    if (atomic_load_explicit(&e->key, memory_order_acquire) != tb_jump_key(key.pc, mode)) {
        return NULL;
    }
    const TranslationBlock *tb = tb_of(e->code);
    return tb->pc == key.pc && tb->flags == key.flags && tb->cflags == cflags ? e->code : NULL;
}

// Either we see here that the block has gone, or has another entry, or who changes that sees our entry (cpu_list_forget_tb):
// both sides store first and load then, sequentially consistent.
bool cpu_jump_cache_set(CPUState *cs, TranslationBlock *tb)
{
    TBJumpCacheEntry *e = &cs->jump_cache[cpu_jump_cache_hash(tb->pc)];
    if (tb->jump_key && !atomic_load_explicit(&cpus.no_jump_caches, memory_order_relaxed)) {
        atomic_store_explicit(&e->key, 0, memory_order_relaxed);
        e->code = &tb->code;
        e->entry = atomic_load(&tb->code.entry);
        e->pinned = atomic_load(&tb->code.pinned);
        atomic_store(&e->key, tb->jump_key);
        if (e->entry != atomic_load(&tb->code.entry) ||
            e->pinned != atomic_load(&tb->code.pinned) || atomic_load(&cpus.no_jump_caches)) {
            atomic_store_explicit(&e->key, 0, memory_order_relaxed);
        }
    }
    if (atomic_load(&tb->invalid)) {
        atomic_store_explicit(&e->key, 0, memory_order_relaxed);
        return false;
    }
    return true;
}

// lookup_tb_ptr: runs inside guest code, in a read-side section, and takes no lock.
static const TCGCode *lookup_tb(CPUState *cs)
{
    TBKey key = cs->isa->get_tb_key(cs);
    uint32_t cflags = cpu_cflags(cs);
    const TCGCode *code = cpu_jump_cache_get(cs, key, cflags);
    if (code) {
        return code;
    }
    TranslationBlock *tb = tb_lookup(key.pc, key.flags, cflags);
    if (!tb) {
        return &exit_code;
    }
    atomic_store_explicit(&tb->executed, true, memory_order_relaxed);
    return cpu_jump_cache_set(cs, tb) ? &tb->code : &exit_code;
}

static CPUState *cpu_alloc(const GuestISA *isa)
{
    size_t size = CPU_PRIVATE_SIZE + ((frontend_cpu_size(isa) + 63) & ~(size_t)63);
    // Most of it is the jump cache, of which a short program, or a thread, touches little: no large page.
    size = (size + GUEST_PAGE_SIZE - 1) & ~(size_t)(GUEST_PAGE_SIZE - 1);
    CPUPrivate *p = slab_map_aligned(size);
    if (!p) {
        return NULL;
    }
    madvise(p, size, MADV_NOHUGEPAGE);
    p->allocated = size;
    p->env_size = isa->env_size;
    return cpu_of_private(p);
}

// The lowest that no CPU has: logs and plugins count CPUs by it.
static unsigned free_index(void)
{
    unsigned index = 0;
    for (CPUPrivate *p = cpus.first; p;) {
        bool taken = cpu_of_private(p)->cpu_index == index;
        index += taken;
        p = taken ? cpus.first : p->next;
    }
    cpus.indices = MAX(cpus.indices, index + 1);
    return index;
}

static void cpu_set_up(CPUState *cs, const GuestISA *isa)
{
    CPUPrivate *p = cpu_private(cs);
    cs->exit_request = 0;
    cs->returns.on = tb_has_frames();
    cs->exception_index = EXCP_NONE;
    cs->insn_pc = INSN_PC_NONE;
    cs->jmp_env = NULL;
    cs->jump_cache = p->jump_cache;
    cs->lookup_tb_ptr = lookup_tb;
    cs->isa = isa;
    cs->thread = NULL;
    cs->mem_write_hook = NULL;
    cs->verify = NULL;
    cs->nondeterministic = NULL;
    cs->event_site = cs->event_edge = NULL;
    cs->event_insn = NULL;
    cs->pass_insn = 0;
    cs->access_hook = event_helper_access;
    cs->access_run_hook = event_helper_access_run;
    pass_host_cpu_new(cs);
    pthread_mutex_lock(&cpus.lock);
    cs->cpu_index = free_index();
    p->next = cpus.first;
    if (p->next) {
        p->next->prev = p;
    }
    cpus.first = p;
    cpus.count++;
    pthread_mutex_unlock(&cpus.lock);
    event_board_attach(cs);
}

CPUState *cpu_create(const GuestISA *isa, const char *model, GError **error)
{
    isa->init();
    pass_host_start(isa);
    tier_host_set_isa(isa);
    cpus.isa = isa;
    exit_code.pinned = tb_cold_pinned();
    CPUState *cs = cpu_alloc(isa);
    if (!cs) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "no memory for a CPU");
        return NULL;
    }
    if (!isa->cpu_reset(cs, model)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s has no CPU model '%s' (`-cpu help` lists them)", isa->name,
                    model ? model : "");
        munmap(cpu_private(cs), cpu_private(cs)->allocated);
        return NULL;
    }
    cpu_set_up(cs, isa);
    return cs;
}

CPUState *cpu_clone(const CPUState *src)
{
    CPUState *cs = cpu_alloc(src->isa);
    if (cs) {
        memcpy(cs, src, src->isa->env_size);
        cpu_set_up(cs, src->isa);
    }
    return cs;
}

void cpu_free(CPUState *cs)
{
    CPUPrivate *p = cpu_private(cs);
    pass_host_cpu_free(cs);
    pthread_mutex_lock(&cpus.lock);
    if (p->next) {
        p->next->prev = p->prev;
    }
    *(p->prev ? &p->prev->next : &cpus.first) = p->next;
    cpus.count--;
    pthread_mutex_unlock(&cpus.lock);
    if (current_cpu == cs) {
        current_cpu = NULL;
    }
    munmap(p, p->allocated);
    cpu_stop_forget();
}

unsigned cpu_list_count(void)
{
    pthread_mutex_lock(&cpus.lock);
    unsigned n = cpus.count;
    pthread_mutex_unlock(&cpus.lock);
    return n;
}

unsigned cpu_list_indices(void) { return cpus.indices; }
const GuestISA *cpu_isa(void) { return cpus.isa; }

void cpu_list_foreach(void (*fn)(CPUState *cs, void *opaque), void *opaque)
{
    pthread_mutex_lock(&cpus.lock);
    for (CPUPrivate *p = cpus.first; p; p = p->next) {
        fn(cpu_of_private(p), opaque);
    }
    pthread_mutex_unlock(&cpus.lock);
}

void cpu_list_forget_tb(const TranslationBlock *tb)
{
    unsigned h = cpu_jump_cache_hash(tb->pc);
    pthread_mutex_lock(&cpus.lock);
    for (CPUPrivate *p = cpus.first; p; p = p->next) {
        uint64_t mine = tb->jump_key;
        if (mine) {
            atomic_compare_exchange_strong(&p->jump_cache[h].key, &mine, 0);
        }
    }
    pthread_mutex_unlock(&cpus.lock);
}

void cpu_list_end_jump_caches(void)
{
    atomic_store(&cpus.no_jump_caches, true);
    pthread_mutex_lock(&cpus.lock);
    for (CPUPrivate *p = cpus.first; p; p = p->next) {
        for (unsigned i = 0; i < TB_JMP_CACHE_SIZE; i++) {
            atomic_store(&p->jump_cache[i].key, 0);
        }
    }
    pthread_mutex_unlock(&cpus.lock);
}

void cpu_request_exit(CPUState *cs)
{
    atomic_store(&cs->exit_request, 1);
    atomic_store(&cs->returns.limit, UINTPTR_MAX);
}

void cpu_request_exit_all(void)
{
    pthread_mutex_lock(&cpus.lock);
    for (CPUPrivate *p = cpus.first; p; p = p->next) {
        cpu_request_exit(cpu_of_private(p));
    }
    pthread_mutex_unlock(&cpus.lock);
}

void cpu_list_fork_prepare(void) { pthread_mutex_lock(&cpus.lock); }
void cpu_list_fork_parent(void) { pthread_mutex_unlock(&cpus.lock); }

void cpu_list_fork_child(void)
{
    CPUPrivate *mine = current_cpu ? cpu_private(current_cpu) : NULL;
    cpus.first = mine;
    cpus.count = mine != NULL;
    if (mine) {
        mine->prev = mine->next = NULL;
    }
    pthread_mutex_unlock(&cpus.lock);
}
