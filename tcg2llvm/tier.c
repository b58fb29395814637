// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The LLVM tier: its threads and queue, synchronous compilation, fork.  tier-region.c decides what is
// compiled together, tier-compile.c compiles.
//
// Locks, outermost first: sync_lock (a compiler for callers that wait), then the block cache's own, which
// host functions take, then queue_lock.  Nothing of the host is called under queue_lock.
#include "tcg2llvm/tier.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "helpers/helper-bitcode.h"
#include "tcg2llvm/files-aside.h"
#include "tcg2llvm/guest-ops.h"
#include "tcg2llvm/instrument.h"
#include "tcg2llvm/state-notes.h"
#include "tcg2llvm/tier-compile.h"

// Where a pass is to see what helpers do, larger ones are inlined.
enum { WATCHED_INLINE_LIMIT = 400 };
enum { DEFAULT_MAX_BLOCKS = 128, DEFAULT_MAX_INSNS = 600, MAX_THREADS = LLVM_TIER_MAX_THREADS };

struct LLVMTier {
    TierCommon common;

    pthread_mutex_t sync_lock;
    Compiler *sync; // made when first needed

    pthread_mutex_t queue_lock;
    pthread_cond_t wake, idle;
    GHashTable *queue; // const TCGCode *, held -> how often it was asked for
    GHashTable *
        at_work; // const TCGCode * of the regions that threads are at, each as often as it is in one
    pthread_t threads[MAX_THREADS];
    unsigned running; // threads that are there
    unsigned busy;    // those that have taken a request
    bool stop;
    GHashTable *postponed; // const TCGCode * that were, once

    _Atomic uint64_t units, blocks, guest_insns, host_bytes, failed, renoted, unnoted;
    _Atomic uint64_t ns_translate, ns_lower, ns_optimise, ns_codegen, ns_link;
};

// What LLVM's code calls for operations that the host has no instruction for; hidden in libgcc, so not
// found by name in the process.
float __extendhfsf2(_Float16);
_Float16 __truncsfhf2(float);
_Float16 __truncdfhf2(double);

Jit *tier_make_jit(const LLVMTierOptions *options, GError **error)
{
    static const JitSymbol symbols[] = {
        {"myna_tb_hot", (const void *)myna_tb_hot},
        {"tcg_leave", (const void *)tcg_leave},
        {"myna_guest_atomic_swapped", (const void *)myna_guest_atomic_swapped},
        {"myna_guest_check_align", (const void *)myna_guest_check_align},
        {"__extendhfsf2", (const void *)__extendhfsf2},
        {"__truncsfhf2", (const void *)__truncsfhf2},
        {"__truncdfhf2", (const void *)__truncdfhf2},
        {"fma", (const void *)(double (*)(double, double, double))fma},
        {"fmaf", (const void *)(float (*)(float, float, float))fmaf},
    };
    JitOptions jit_options = {
        .slab_size = options->code_size,
        .symbols = symbols,
        .n_symbols = G_N_ELEMENTS(symbols),
        .helpers_bc = myna_helpers_bc,
        .helpers_bc_size = myna_helpers_bc_size,
        .inline_limit = options->instrument && instrument_wants_helpers(options->instrument)
                            ? WATCHED_INLINE_LIMIT
                            : 0,
        .keep_names = options->dump_dir || options->keep_names || options->instrument,
    };
    return jit_create(&jit_options, error);
}

static void init_queue_locks(LLVMTier *t)
{
    pthread_mutex_init(&t->queue_lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    pthread_cond_init(&t->idle, NULL);
}

static void init_queue(LLVMTier *t)
{
    init_queue_locks(t);
    t->queue = g_hash_table_new(NULL, NULL);
    t->at_work = g_hash_table_new(NULL, NULL);
    t->postponed = g_hash_table_new(NULL, NULL);
}

LLVMTier *llvm_tier_new(const LLVMTierHost *host, const LLVMTierOptions *options, GError **error)
{
    Jit *jit = tier_make_jit(options, error);
    if (!jit) {
        return NULL;
    }
    LLVMTier *t = g_new0(LLVMTier, 1);
    t->common.host = *host;
    t->common.opt = *options;
    t->common.jit = jit;
    t->common.opt.passes = g_strdup(options->passes);
    t->common.opt.dump_dir = NULL; // the caller's strings
    t->common.opt.cache_guest = t->common.opt.cache_dir = NULL;
    if (!t->common.opt.max_blocks) {
        t->common.opt.max_blocks = DEFAULT_MAX_BLOCKS;
    }
    if (!t->common.opt.max_insns) {
        t->common.opt.max_insns = DEFAULT_MAX_INSNS;
    }
    pthread_mutex_init(&t->sync_lock, NULL);
    if (!t->common.opt.threads || t->common.opt.threads > MAX_THREADS) {
        t->common.opt.threads = t->common.opt.threads ? MAX_THREADS : 1;
    }
    init_queue(t);
    Instrument *instrument = options->instrument;
    if (instrument && !instrument_attach(instrument, jit, error)) {
        llvm_tier_free(t);
        return NULL;
    }
    if (options->cache_guest && (!instrument || *instrument_key(instrument))) {
        // Without a cache everything is compiled; that is no reason to stop.
        g_autofree char *configuration = unit_configuration(
            options->cache_guest, instrument ? instrument_key(instrument) : "");
        t->common.cache = configuration
                              ? object_cache_open(options->cache_dir, configuration, 0, NULL)
                              : NULL;
    }
    if (options->dump_dir) {
        t->common.dump = dump_ir_open(options->dump_dir, &t->common.host, error);
        if (!t->common.dump) {
            llvm_tier_free(t);
            return NULL;
        }
    }
    return t;
}

bool llvm_tier_has_cache(const LLVMTier *t) { return t->common.cache != NULL; }

bool llvm_tier_knows(LLVMTier *t, uint64_t pc, uint64_t mode)
{
    return t->common.cache && region_is_known(&t->common, pc, mode);
}

// --- statistics ----------------------------------------------------------------------------------------

static void count_unit(LLVMTier *t, const LLVMCode *code)
{
    if (!code) {
        t->failed++;
        return;
    }
    t->units++;
    t->blocks += code->n_members;
    t->guest_insns += code->guest_insns;
    t->host_bytes += code->host_bytes;
}

static void count_time(LLVMTier *t, Compiler *c, const JitTimes *before)
{
    JitTimes now = compiler_times(c);
    t->ns_optimise += now.optimise + now.helpers - before->optimise - before->helpers;
    t->ns_codegen += now.codegen - before->codegen;
    t->ns_link += now.link - before->link;
    t->ns_translate += c->ns_translate;
    t->ns_lower += c->ns_lower;
    t->renoted += c->renoted;
    t->unnoted += c->unnoted;
    c->ns_translate = c->ns_lower = c->renoted = c->unnoted = 0;
}

LLVMTierStats llvm_tier_stats(LLVMTier *t)
{
    LLVMTierStats s = {
        .units = t->units,
        .blocks = t->blocks,
        .guest_insns = t->guest_insns,
        .host_bytes = t->host_bytes,
        .failed = t->failed,
        .renoted = t->renoted,
        .unnoted = t->unnoted,
        .ns_translate = t->ns_translate,
        .ns_lower = t->ns_lower,
        .ns_optimise = t->ns_optimise,
        .ns_codegen = t->ns_codegen,
        .ns_link = t->ns_link,
    };
    if (t->common.cache) {
        ObjectCacheStats cache = object_cache_stats(t->common.cache);
        s.cache_hits = cache.hits;
        s.cache_misses = cache.misses;
        s.cache_damaged = cache.damaged;
    }
    return s;
}

void llvm_tier_flush_cache(LLVMTier *t)
{
    if (t->common.cache) {
        object_cache_flush(t->common.cache);
    }
}

// --- now -----------------------------------------------------------------------------------------------

LLVMCode *llvm_tier_compile_sync(LLVMTier *t, LLVMLevel level, const LLVMSyncBlock *blocks,
                                 unsigned n, GError **error)
{
    const LLVMTierHost *host = &t->common.host;
    g_autofree CompileBlock *work = g_new0(CompileBlock, n);
    for (unsigned i = 0; i < n; i++) {
        if (!host->block_info(host->opaque, blocks[i].code, &work[i].info)) {
            g_set_error(error, JIT_ERROR, JIT_ERROR_IR, "the block to be compiled is not valid");
            return NULL;
        }
        work[i].block = (LLVMUnitBlock){.code = blocks[i].code,
                                        .pc = work[i].info.pc,
                                        .succ = {-1, -1},
                                        .jump_mode = work[i].info.jump_mode,
                                        .jump_kind = work[i].info.jump_kind};
        work[i].ctx = blocks[i].ctx;
    }
    pthread_mutex_lock(&t->sync_lock);
    if (!t->sync) {
        t->sync = compiler_new(&t->common);
    }
    JitTimes before = compiler_times(t->sync);
    LLVMCode *code = compiler_run(t->sync, COMPILE_BATCH, level, work, n, error);
    count_unit(t, code);
    count_time(t, t->sync, &before);
    pthread_mutex_unlock(&t->sync_lock);
    return code;
}

// --- the threads ---------------------------------------------------------------------------------------

// The code is on the list of what was postponed; false when it was there.
static bool note_postponed(LLVMTier *t, const TCGCode *code)
{
    pthread_mutex_lock(&t->queue_lock);
    bool fresh = g_hash_table_add(t->postponed, (gpointer)code);
    pthread_mutex_unlock(&t->queue_lock);
    return fresh;
}

// Requests pile up while a region is compiled, and most are for blocks of that region.  Each block is
// put off once: a loop that is interpreted for long must not wait for its end.
static bool postpone(LLVMTier *t, const TCGCode *code)
{
    const LLVMTierHost *host = &t->common.host;
    LLVMBlockInfo info;
    return host->postpone && host->block_info(host->opaque, code, &info) && info.in_unit &&
           note_postponed(t, code);
}

// A head that an earlier run compiled is asked for long before it is hot.  When the blocks of its region are
// not there yet, it gets the time that any other block has, once.
static bool too_early(LLVMTier *t, const TCGCode *head)
{
    const LLVMTierHost *host = &t->common.host;
    LLVMBlockInfo info;
    return host->postpone && host->block_info(host->opaque, head, &info) &&
           region_is_known(&t->common, info.pc, info.mode) && note_postponed(t, head);
}

// Between these two no other thread takes up a block of the region.
static void begin_work(LLVMTier *t, const CompileBlock *blocks, unsigned n)
{
    pthread_mutex_lock(&t->queue_lock);
    for (unsigned i = 0; i < n; i++) {
        gpointer code = (gpointer)blocks[i].block.code;
        size_t count = GPOINTER_TO_SIZE(g_hash_table_lookup(t->at_work, code));
        g_hash_table_insert(t->at_work, code, GSIZE_TO_POINTER(count + 1));
    }
    pthread_mutex_unlock(&t->queue_lock);
}

static void end_work(LLVMTier *t, const CompileBlock *blocks, unsigned n)
{
    pthread_mutex_lock(&t->queue_lock);
    for (unsigned i = 0; i < n; i++) {
        gpointer code = (gpointer)blocks[i].block.code;
        size_t count = GPOINTER_TO_SIZE(g_hash_table_lookup(t->at_work, code));
        if (count > 1) {
            g_hash_table_insert(t->at_work, code, GSIZE_TO_POINTER(count - 1));
        } else {
            g_hash_table_remove(t->at_work, code);
        }
    }
    pthread_cond_broadcast(&t->wake); // what waited for one of them
    pthread_mutex_unlock(&t->queue_lock);
}

static void compile_hot(LLVMTier *t, Compiler *c, const TCGCode *head)
{
    const LLVMTierHost *host = &t->common.host;
    if (postpone(t, head)) {
        host->postpone(host->opaque, head);
        return;
    }
    unsigned max = t->common.opt.max_blocks, room = max * REGION_LARGER;
    g_autofree CompileBlock *blocks = g_new0(CompileBlock, room);
    unsigned n = region_recall(c, head, blocks, room);
    if (!n && too_early(t, head)) {
        host->postpone(host->opaque, head);
        return;
    }
    pthread_mutex_lock(&t->queue_lock);
    g_hash_table_remove(t->postponed, head);
    pthread_mutex_unlock(&t->queue_lock);
    bool recalled = n;
    if (!recalled) {
        n = region_form(c, head, blocks, max, t->common.opt.max_insns);
    }
    begin_work(t, blocks, n);
    GError *error = NULL;
    LLVMCode *code = NULL;
    if (n) {
        JitTimes before = compiler_times(c);
        code = compiler_run(c, COMPILE_REGION, LLVM_HOT, blocks, n, &error);
        count_unit(t, code);
        count_time(t, c, &before);
    }
    if (code) {
        if (!recalled) {
            region_keep(c, blocks, n);
        }
        host->install(host->opaque, code);
    } else if (host->failed) {
        host->failed(host->opaque, head, error);
    }
    g_clear_error(&error);
    end_work(t, blocks, n);
    for (unsigned i = 0; i < n; i++) {
        host->release(host->opaque, blocks[i].block.code);
        region_free_block(&blocks[i]);
    }
}

// With queue_lock: takes out what was asked for most often, or NULL; `any`: be a thread at it or not.  There may be
// thousands, far more than get compiled before the program ends, so the order matters.
static const TCGCode *pop_hottest(LLVMTier *t, bool any)
{
    GHashTableIter at;
    gpointer code, count, best = NULL;
    size_t most = 0;
    g_hash_table_iter_init(&at, t->queue);
    while (g_hash_table_iter_next(&at, &code, &count)) {
        if (GPOINTER_TO_SIZE(count) > most && (any || !g_hash_table_contains(t->at_work, code))) {
            best = code;
            most = GPOINTER_TO_SIZE(count);
        }
    }
    if (best) {
        g_hash_table_remove(t->queue, best);
    }
    return best;
}

static const TCGCode *take_request(LLVMTier *t)
{
    const TCGCode *code = NULL;
    pthread_mutex_lock(&t->queue_lock);
    while (!t->stop && !(code = pop_hottest(t, false))) {
        pthread_cond_wait(&t->wake, &t->queue_lock);
    }
    t->busy += code != NULL;
    pthread_mutex_unlock(&t->queue_lock);
    return code;
}

static void end_request(LLVMTier *t)
{
    pthread_mutex_lock(&t->queue_lock);
    t->busy--;
    pthread_cond_broadcast(&t->idle);
    pthread_mutex_unlock(&t->queue_lock);
}

static void *tier_thread(void *opaque)
{
    LLVMTier *t = opaque;
    const LLVMTierHost *host = &t->common.host;
    files_aside_background();
    if (host->thread_start) {
        host->thread_start(host->opaque);
    }
    Compiler *c = compiler_new(&t->common);
    for (const TCGCode *code; (code = take_request(t));) {
        compile_hot(t, c, code);
        host->release(host->opaque, code);
        end_request(t);
    }
    compiler_free(c);
    if (host->thread_end) {
        host->thread_end(host->opaque);
    }
    return NULL;
}

// With queue_lock.  One more thread, when those that there are have something to do.  The guest's signals are for the
// guest's threads: none may come to this one.
static void start_thread(LLVMTier *t)
{
    if (t->running > t->busy || t->running == t->common.opt.threads || t->stop) {
        return;
    }
    files_aside_start();
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    t->running += pthread_create(&t->threads[t->running], NULL, tier_thread, t) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void llvm_tier_request(LLVMTier *t, const TCGCode *code)
{
    const LLVMTierHost *host = &t->common.host;
    host->hold(host->opaque, code);
    pthread_mutex_lock(&t->queue_lock);
    start_thread(t);
    size_t count = GPOINTER_TO_SIZE(g_hash_table_lookup(t->queue, code));
    g_hash_table_insert(t->queue, (gpointer)code, GSIZE_TO_POINTER(count + 1));
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->queue_lock);
    if (count) {
        host->release(host->opaque, code); // held already
    }
}

static void forget_queue(LLVMTier *t)
{
    for (;;) {
        pthread_mutex_lock(&t->queue_lock);
        const TCGCode *code = pop_hottest(t, true);
        pthread_mutex_unlock(&t->queue_lock);
        if (!code) {
            return;
        }
        t->common.host.release(t->common.host.opaque, code);
    }
}

void llvm_tier_drain(LLVMTier *t)
{
    forget_queue(t);
    pthread_mutex_lock(&t->queue_lock);
    while (t->busy) {
        pthread_cond_wait(&t->idle, &t->queue_lock);
    }
    pthread_mutex_unlock(&t->queue_lock);
}

void llvm_tier_rest(LLVMTier *t)
{
    pthread_mutex_lock(&t->queue_lock);
    t->stop = true;
    unsigned running = t->running;
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->queue_lock);
    for (unsigned i = 0; i < running; i++) {
        pthread_join(t->threads[i], NULL);
    }
    pthread_mutex_lock(&t->queue_lock);
    t->running = 0;
    t->stop = false;
    pthread_mutex_unlock(&t->queue_lock);
}

void llvm_tier_free(LLVMTier *t)
{
    if (!t) {
        return;
    }
    forget_queue(t);
    llvm_tier_rest(t);
    compiler_free(t->sync);
    g_hash_table_destroy(t->queue);
    g_hash_table_destroy(t->at_work);
    g_hash_table_destroy(t->postponed);
    dump_ir_close(t->common.dump);
    object_cache_free(t->common.cache);
    jit_destroy(t->common.jit);
    pthread_mutex_destroy(&t->sync_lock);
    pthread_mutex_destroy(&t->queue_lock);
    pthread_cond_destroy(&t->wake);
    pthread_cond_destroy(&t->idle);
    g_free((char *)t->common.opt.passes);
    g_free(t);
}

// --- fork ----------------------------------------------------------------------------------------------

// Whoever is compiling synchronously, in another thread, gets done first.
void llvm_tier_fork_prepare(LLVMTier *t)
{
    pthread_mutex_lock(&t->sync_lock);
    dump_ir_lock(t->common.dump);
    pthread_mutex_lock(&t->queue_lock);
    if (t->common.cache) {
        object_cache_fork_prepare(t->common.cache);
    }
    jit_fork_prepare(t->common.jit);
}

void llvm_tier_fork_done(LLVMTier *t, bool in_child)
{
    jit_fork_done(t->common.jit);
    if (t->common.cache) {
        object_cache_fork_done(t->common.cache, in_child);
    }
    if (in_child) {
        // The threads are not here, nor is anybody who waits; their compilers are lost memory.  What was
        // queued stays held: the blocks' memory is the price of not calling the host here.  The tables are emptied, not made
        // anew: a compile thread that allocated one of GLib's slices just then has left their allocator locked.
        t->running = t->busy = 0;
        init_queue_locks(t);
        g_hash_table_remove_all(t->queue);
        g_hash_table_remove_all(t->at_work);
        g_hash_table_remove_all(t->postponed);
    } else {
        pthread_mutex_unlock(&t->queue_lock);
    }
    dump_ir_unlock(t->common.dump);
    pthread_mutex_unlock(&t->sync_lock);
}

// --- addresses -----------------------------------------------------------------------------------------

struct Slab *llvm_tier_slab(LLVMTier *t) { return jit_slab(t->common.jit); }

void llvm_tier_code_range(LLVMTier *t, uint8_t **base, size_t *size)
{
    jit_code_range(t->common.jit, base, size);
}

bool llvm_tier_owns(const LLVMTier *t, const void *address)
{
    return jit_owns(t->common.jit, address);
}

bool llvm_tier_recover(LLVMTier *t, const void *address, const StateRegs *regs, void *env,
                       uint64_t *pc)
{
    return jit_recover(t->common.jit, address, regs, env, pc);
}
