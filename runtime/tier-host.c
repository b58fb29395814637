// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The block cache's side of the LLVM tier.  See tier-host.h and tcg2llvm/tier.h.
//
// A unit is machine code for one or several blocks; it stands in the list of each block that it holds a
// copy of.  When one of them goes, the unit goes: entries that lead into it go back to what they were,
// the CPUs are asked to leave guest code, and after a grace period its memory is free.

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "code-log.h"
#include "cpu-exec.h"
#include "cpu-list.h"
#include "event-internal.h"
#include "guest-disas.h"
#include "guest-memory.h"
#include "log.h"
#include "pass-host.h"
#include "process.h"
#include "stats.h"
#include "tcg/interp.h"
#include "tcg2llvm/jit.h"
#include "tcg2llvm/state-notes.h"
#include "tcg2llvm/tier.h"
#include "tb-image.h"
#include "tb-quick.h"
#include "tb-way.h"
#include "tier-host.h"

typedef struct TBUnitLink {
    struct TBUnit *unit;
    struct TBUnitLink *next; // in the block's list
} TBUnitLink;

typedef struct TBUnit {
    LLVMCode *code;
    Later later;
    TBUnitLink links[]; // one a member, in the order of code->members
} TBUnit;

static struct TierState {
    _Atomic(LLVMTier *) tier;
    pthread_mutex_t making;
    const GuestISA *isa;
    const MynaOptions *opts;
    size_t code_size; // bytes of machine code; 0: the tier's default
    uint32_t hot;     // executions before a block is compiled for speed: see patience()
    bool unusable;    // with no --llvm given: go on without it
} state = {.making = PTHREAD_MUTEX_INITIALIZER};

// Executions of a block before it is compiled for speed: what LLVM costs, by what it saves an execution.
// The quick tier's, `--hot` by CPU seconds: python3 -c pass 0.76 (1000), 0.65 (5000), 0.45 (20000), 0.40
// (100000); a loop of 1.3 s in python 1.93, 1.49, 1.32, 1.26; kernels of 0.3 s and more hardly differ.
// KNOWN: code that is in the persistent cache, which is asked then.
// WARM: it is noted where an indirect jump goes, and so each time that its executions are AGAIN times as many: NOTED of
// the jumps that follow.
enum {
    HOT_INTERPRETED = 1000,
    HOT_QUICK = 20000,
    HOT_COMPILED = 2000,
    HOT_KNOWN = 30,
    WARM = 500,
    AGAIN = 4,
    NOTED = 2000,
};

// A program that has run before will run again, and what is compiled is kept: it is compiled that much sooner.
enum { SOONER = 4 };

static uint32_t patience(const TranslationBlock *tb)
{
    return tb->restored && !state.opts->hot ? state.hot / SOONER : state.hot;
}

// Under precise state, where code is nearly all integer work, LLVM's has more guest registers and flags to keep for its notes
// than the host has registers, and moves them about; the quick tier's, whose registers are not kept over a block's end, is as fast or
// faster. (A Go program 4.6 and 5.7 s against 6.8 and 7.8, nbody 13.5 against 1.4; without precise state LLVM's is the faster one.)
unsigned tier_host_count_from(const TranslationBlock *tb)
{
    enum { HEAVY = 8 }; // one op of so many instructions
    bool precise = tb->gen_cflags & CF_PRECISE && !state.opts->hot;
    return precise ? (tb->num_insns + HEAVY - 1u) / HEAVY : 0;
}

static bool is_counted(const TranslationBlock *tb)
{
    return tb_engine() != TB_ENGINE_QUICK || tb->heavy >= tier_host_count_from(tb);
}

// The block's hot() is called in `wait` executions, of which there were `executions`.
static void count(TranslationBlock *tb, uint32_t executions, uint32_t wait)
{
    tb->count_to = executions + wait;
    *tb->code.counter = wait;
}

// Blocks that ran into their hot() are counted on, so that they can be compared with others.
static void count_on(TranslationBlock *tb)
{
    uint32_t wait = patience(tb);
    count(tb, MIN(tb->count_to, UINT32_MAX - wait), wait);
}

static uint32_t executions(const TranslationBlock *tb)
{
    return tb->code.hot ? tb->count_to - *tb->code.counter : UINT32_MAX;
}

// --- units, under tb_lock ---------------------------------------------------------------------------

static void free_unit(Later *l)
{
    TBUnit *u = caa_container_of(l, TBUnit, later);
    for (unsigned i = 0; i < u->code->n_members; i++) {
        tb_release(tb_of(u->code->members[i]));
    }
    size_t size;
    code_log_remove(jit_object_code(u->code->object, &size));
    llvm_code_free(u->code);
    g_free(u);
}

static void unit_register(LLVMCode *code)
{
    TBUnit *u = g_malloc0(sizeof(TBUnit) + code->n_members * sizeof(TBUnitLink));
    u->code = code;
    for (unsigned i = 0; i < code->n_members; i++) {
        TranslationBlock *tb = tb_of(code->members[i]);
        tb_hold(tb);
        u->links[i] = (TBUnitLink){u, tb->units};
        tb->units = &u->links[i];
    }
    size_t size;
    const uint8_t *host = jit_object_code(code->object, &size);
    code_log_add(host, size, tb_of(code->entries[0].code)->pc, "llvm");
}

unsigned tier_host_unit_of(const TranslationBlock *tb, const TCGCode *const **members)
{
    for (const TBUnitLink *link = tb->units; link; link = link->next) {
        const LLVMCode *code = link->unit->code;
        if (code->region) {
            *members = code->members;
            return code->n_members;
        }
    }
    return 0;
}

static void unit_drop(TBUnit *u)
{
    const LLVMCode *code = u->code;
    for (unsigned i = 0; i < code->n_members; i++) {
        TBUnitLink **p = &tb_of(code->members[i])->units;
        while (*p != &u->links[i]) {
            p = &(*p)->next;
        }
        *p = u->links[i].next;
    }
    for (unsigned i = 0; i < code->n_entries; i++) {
        TranslationBlock *tb = tb_of(code->entries[i].code);
        bool current = tb->code.pinned == code->entries[i].pinned &&
                       tb->code.entry == code->entries[i].entry;
        if (tb->cold_entry == code->entries[i].entry || tb->other_entry == code->entries[i].entry) {
            tb_invalidate(tb); // it has nothing else to run, or (--verify) to compare with
        } else if (current) {
            tb_set_entry(tb, tb->cold_entry, tb_cold_pinned());
            if (is_counted(tb)) {
                count(tb, 0, patience(tb)); // it may get hot again
                tb->code.hot = tier_host_hot;
            }
        }
    }
    later_call(&u->later, free_unit);
}

void tier_host_forget(TranslationBlock *tb)
{
    if (!tb->units) {
        return;
    }
    while (tb->units) {
        unit_drop(tb->units->unit);
    }
    cpu_request_exit_all(); // a unit's loop may run on without ever looking for its blocks
}

static void forget_one(TranslationBlock *tb, void *opaque)
{
    (void)opaque;
    tier_host_forget(tb);
}

void tier_host_drop_all(void)
{
    LLVMTier *tier = atomic_load_explicit(&state.tier, memory_order_acquire);
    if (tier) {
        llvm_tier_drain(tier);
        tb_lock();
        tb_foreach(forget_one, NULL);
        tb_unlock();
    }
}

// --- what the tier asks -----------------------------------------------------------------------------

static TCGContext *host_context_new(void *opaque)
{
    (void)opaque;
    TCGContext *ctx = frontend_context_new(state.isa);
    ctx->keep_discards = true;
    return ctx;
}

static void host_thread_start(void *opaque)
{
    (void)opaque;
    sigset_t all;
    sigfillset(&all);
    // A fault on guest memory while translating again is caught (cpu_guard_access).
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
}

static void host_hold(void *opaque, const TCGCode *code)
{
    (void)opaque;
    tb_hold(tb_of(code));
}

static void host_release(void *opaque, const TCGCode *code)
{
    (void)opaque;
    tb_release(tb_of(code));
}

static uint64_t block_mode(const TranslationBlock *tb)
{
    return tb->flags | (uint64_t)(tb->gen_cflags & ~(uint32_t)CF_COUNT_MASK) << 32 |
           (uint64_t)cpu_is_parallel() << 62 | (uint64_t)tb->checked << 63;
}

static bool host_block_info(void *opaque, const TCGCode *code, LLVMBlockInfo *info)
{
    (void)opaque;
    const TranslationBlock *tb = tb_of(code);
    *info = (LLVMBlockInfo){
        .pc = tb->pc,
        .size = tb->size,
        .num_insns = tb->num_insns,
        .mode = block_mode(tb),
        .executions = executions(tb),
        .jump_kind = (TCGJumpKind)tb->jump_kind,
        .precise = tb->gen_cflags & CF_PRECISE,
        .in_unit = tb->units != NULL,
        .compiled = atomic_load(&tb->code.entry) != tb->cold_entry,
        .jump_mode = tb->flags | (uint64_t)tb->cflags << 32,
    };
    return !atomic_load(&tb->invalid);
}

static bool host_translate(void *opaque, TCGContext *ctx, const TCGCode *code)
{
    (void)opaque;
    return tb_translate_again(ctx, state.isa, tb_of(code));
}

// Lets the quick tier note where the block's indirect jump goes the next times.
static void note_targets(TranslationBlock *tb)
{
    if (!tb->indirect) {
        return;
    }
    TBTargets *targets = atomic_load_explicit(&tb->targets, memory_order_acquire);
    if (!targets) {
        TBTargets *fresh = calloc(1, sizeof(*fresh));
        if (!fresh) {
            return;
        }
        fresh->noting = &tb->code.noting;
        if (atomic_compare_exchange_strong(&tb->targets, &targets, fresh)) {
            targets = fresh;
        } else {
            free(fresh); // another thread was quicker
        }
    }
    targets->wanted = NOTED;
    atomic_store_explicit(&tb->code.noting, targets, memory_order_release);
}

static void host_successors(void *opaque, const TCGCode *code, const TCGCode *succ[2])
{
    (void)opaque;
    TranslationBlock *tb = tb_of(code);
    tb_lock();
    for (unsigned i = 0; i < 2; i++) {
        TranslationBlock *to = tb->jmp_dest[i];
        bool behind = i == 1 && tb->jump_kind == TCG_JUMP_CALL; // where it returns to
        bool wanted = to && !behind && !to->invalid && to->executed;
        succ[i] = wanted ? &to->code : NULL;
        if (wanted) {
            tb_hold(to);
        }
    }
    tb_unlock();
}

static const TCGCode *host_find(void *opaque, const TCGCode *like, uint64_t pc)
{
    (void)opaque;
    const TranslationBlock *l = tb_of(like);
    rcu_read_lock();
    TranslationBlock *tb = tb_lookup(pc, l->flags, l->cflags);
    if (tb && (!tb->executed || tb->invalid)) {
        tb = NULL;
    }
    if (tb) {
        tb_hold(tb);
    }
    rcu_read_unlock();
    return tb ? &tb->code : NULL;
}

static int by_count(const void *a, const void *b)
{
    const LLVMTarget *x = a, *y = b;
    return x->share < y->share ? 1 : x->share > y->share ? -1 : x->pc < y->pc ? -1 : 1;
}

static unsigned host_targets(void *opaque, const TCGCode *code, LLVMTarget *out, unsigned max)
{
    const TBTargets *targets = atomic_load_explicit(&tb_of(code)->targets, memory_order_acquire);
    LLVMTarget all[TB_TARGETS];
    uint64_t sum = 0;
    unsigned n = 0, held = 0;
    for (unsigned i = 0; targets && i < TB_TARGETS; i++) {
        TBTarget t = targets->t[i];
        if (t.count) {
            sum += t.count;
            all[n++] = (LLVMTarget){.pc = t.pc, .share = t.count};
        }
    }
    qsort(all, n, sizeof(all[0]), by_count);
    for (unsigned i = 0; i < n && held < max; i++) {
        LLVMTarget *t = &all[i];
        t->share = (uint32_t)((uint64_t)t->share * 65536 / sum);
        t->code = host_find(opaque, code, t->pc);
        if (t->code) {
            out[held++] = *t;
        }
    }
    return held;
}

static bool host_ways(void *opaque, const TCGCode *code, const uint64_t *slot_pc,
                      const void **slots, const void **indirect)
{
    (void)opaque;
    struct Slab *slab = llvm_tier_slab(atomic_load_explicit(&state.tier, memory_order_acquire));
    tb_lock();
    bool ok = tb_way_make(tb_of(code), slab, slot_pc, slots, indirect);
    tb_unlock();
    return ok;
}

static void host_install(void *opaque, LLVMCode *code)
{
    (void)opaque;
    bool stale = false;
    tb_lock();
    for (unsigned i = 0; i < code->n_members; i++) {
        stale |= tb_of(code->members[i])->invalid;
    }
    if (!stale) {
        unit_register(code);
        for (unsigned i = 0; i < code->n_entries; i++) {
            TranslationBlock *tb = tb_of(code->entries[i].code);
            if (i == 0 || !code->region || tb->code.entry == tb->cold_entry) {
                tb->code.hot = NULL;
                tb_set_entry(tb, code->entries[i].entry, code->entries[i].pinned);
            }
        }
        stats.units_installed++;
    }
    tb_unlock();
    if (stale) {
        stats.units_stale++;
        llvm_code_free(code);
    }
}

static void host_postpone(void *opaque, const TCGCode *code)
{
    (void)opaque;
    TranslationBlock *tb = tb_of(code);
    note_targets(tb);
    count_on(tb);
}

static void host_failed(void *opaque, const TCGCode *code, const GError *error)
{
    (void)opaque;
    ((TCGCode *)code)->hot = NULL; // once is enough
    if (g_error_matches(error, JIT_ERROR, JIT_ERROR_PASS)) {
        process_fail(EXIT_INTERNAL, "%s", error->message);
    }
    if (g_error_matches(error, JIT_ERROR, JIT_ERROR_FULL)) {
        cpu_request_flush();
    } else if (log_enabled(LOG_UNIMP)) {
        log_printf("LLVM: block 0x%" PRIx64 " stays interpreted: %s\n", tb_of(code)->pc,
                   error ? error->message : "no region could be formed");
    }
}

static void host_module(void *opaque, LLVMModuleRef module, uint64_t pc)
{
    (void)opaque;
    if (event_wanted(EVENT_MODULE)) {
        Event e = {.kind = EVENT_MODULE, .pc = pc, .module = {module}};
        event_fire(&e);
    }
}

static const char *host_file(void *opaque, uint64_t pc)
{
    (void)opaque;
    GuestRegion r;
    return guest_memory_find(pc, &r) && r.name && r.name[0] == '/' ? r.name : NULL;
}

static const char *host_symbol(void *opaque, uint64_t pc, uint64_t *offset)
{
    (void)opaque;
    return guest_symbol(pc, offset);
}

static size_t host_disassemble(void *opaque, uint64_t pc, char *buf, size_t size)
{
    (void)opaque;
    return guest_disassemble(state.isa, pc, buf, size);
}

static const unsigned log_items[] = {
    [LLVM_LOG_IR] = LOG_LLVM,
    [LLVM_LOG_IR_OPT] = LOG_LLVM_OPT,
    [LLVM_LOG_ASM] = LOG_OUT_ASM,
};

static LLVMFlow host_flow(void *opaque, uint64_t pc, uint64_t *next)
{
    (void)opaque;
    uint8_t bytes[16];
    size_t len = state.isa->max_insn_size;
    while (len && !guest_read(pc, bytes, len)) {
        len--; // a page's end
    }
    return guest_flow(state.isa, pc, bytes, len, next);
}

static bool host_log_wanted(void *opaque, LLVMLogItem item)
{
    (void)opaque;
    return log_enabled(log_items[item]);
}

static FILE *host_log_begin(void *opaque, LLVMLogItem item, uint64_t pc)
{
    (void)opaque;
    return log_enabled(log_items[item]) && log_in_range(pc) ? log_lock() : NULL;
}

static void host_log_end(void *opaque, FILE *f)
{
    (void)opaque;
    log_unlock(f);
}

// --- making the tier ------------------------------------------------------------------------------

static bool make_dump_dir(const char *dir, GError **error)
{
    if (mkdir(dir, 0777) < 0 && errno != EEXIST) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                    "cannot make the dump directory '%s': %s", dir, g_strerror(errno));
        return false;
    }
    struct stat st;
    if (stat(dir, &st) == 0 && !S_ISDIR(st.st_mode)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR,
                    "cannot dump IR into '%s': it is not a directory", dir);
        return false;
    }
    if (access(dir, W_OK | X_OK) < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                    "cannot dump IR into '%s': %s", dir, g_strerror(errno));
        return false;
    }
    return true;
}

// One core is the guest's.  More than a few threads have nothing to do: hot blocks come one after the other.
enum { MAX_OWN_CHOICE = 4 };
static unsigned compile_threads(void)
{
    cpu_set_t set;
    if (state.opts->compile_threads) {
        return state.opts->compile_threads;
    }
    int cores = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return (unsigned)CLAMP(cores - 1, 1, MAX_OWN_CHOICE);
}

static LLVMTier *make_tier(GError **error)
{
    LLVMTierHost host = {
        .pc_global = state.isa ? state.isa->pc_reg : -1,
        .frames = tb_has_frames(),
        .pinned = state.isa ? state.isa->pinned : NULL,
        .context_new = host_context_new,
        .thread_start = host_thread_start,
        .hold = host_hold,
        .release = host_release,
        .block_info = host_block_info,
        .translate = host_translate,
        .successors = host_successors,
        .find = host_find,
        .targets = host_targets,
        .ways = host_ways,
        .install = host_install,
        .postpone = host_postpone,
        .failed = host_failed,
        .module = host_module,
        .file = host_file,
        .symbol = host_symbol,
        .disassemble = host_disassemble,
        .flow = host_flow,
        .log_wanted = host_log_wanted,
        .log_begin = host_log_begin,
        .log_end = host_log_end,
    };
    for (unsigned i = 0; state.isa && i < state.isa->nb_regs; i++) {
        host.hidden_globals[i / 64] |= (uint64_t)(state.isa->regs[i].gdb_number < 0) << (i % 64);
    }
    const LLVMTierOptions options = {
        .code_size = state.code_size,
        .threads = compile_threads(),
        .cache_guest = state.isa && !state.opts->no_cache ? state.isa->name : NULL,
        .cache_dir = state.opts->cache_dir,
        .dump_dir = state.opts->dump_ir,
        .instrument = pass_host_instrument(),
        .keep_names = log_enabled(LOG_LLVM) || log_enabled(LOG_LLVM_OPT),
    };
    return llvm_tier_new(&host, &options, error);
}

// The tier, made when there is none; NULL when LLVM cannot be used.
static LLVMTier *get_tier(GError **error)
{
    LLVMTier *tier = atomic_load_explicit(&state.tier, memory_order_acquire);
    if (!tier && !state.unusable) {
        pthread_mutex_lock(&state.making);
        tier = state.tier;
        if (!tier && !state.unusable) {
            tier = make_tier(error);
            state.unusable = !tier;
            atomic_store_explicit(&state.tier, tier, memory_order_release);
        }
        pthread_mutex_unlock(&state.making);
    }
    return tier;
}

// Times HOT_QUICK: at 200000 executions `python3 -c pass` has no hot block, so it loads no LLVM and takes 41 MB at
// the peak instead of 105.  A region costs LLVM some 30 ms, and saves a block of four instructions 10 ns a time.
enum { QUICK_PATIENCE = 10 };

bool tier_host_init(const MynaOptions *opts, GError **error)
{
    state.opts = opts;
    if (opts->dump_ir && !make_dump_dir(opts->dump_ir, error)) {
        return false;
    }
    if (!pass_host_load(opts, error)) {
        return false;
    }
    bool wants_quick = opts->engine == ENGINE_QUICK;
    if (wants_quick && !tb_quick_start(state.code_size, false, error)) {
        return false;
    }
    if (opts->verify) {
        tb_gen_init(wants_quick ? TB_ENGINE_VERIFY_QUICK : TB_ENGINE_VERIFY, 0);
    } else if (wants_quick) {
        tb_gen_init(TB_ENGINE_QUICK, 0);
    } else if (opts->engine == ENGINE_TCI) {
        tb_gen_init(TB_ENGINE_INTERP, 0);
    } else {
        // Where there is no quick tier, the interpreter runs what is cold.
        TBEngine cold = opts->engine == ENGINE_LLVM_ALL               ? TB_ENGINE_LLVM
                        : tb_quick_start(state.code_size, true, NULL) ? TB_ENGINE_QUICK
                                                                      : TB_ENGINE_INTERP;
        state.hot = opts->hot                 ? opts->hot
                    : cold == TB_ENGINE_LLVM  ? HOT_COMPILED
                    : cold == TB_ENGINE_QUICK ? QUICK_PATIENCE * HOT_QUICK
                                              : HOT_INTERPRETED;
        tb_gen_init(cold, state.hot);
    }
    return true;
}

void tier_host_set_isa(const GuestISA *isa)
{
    state.isa = isa;
    if (tb_engine() == TB_ENGINE_QUICK) {
        tb_quick_set_isa(isa);
        tb_image_start(state.opts, isa, state.hot != 0);
    }
    // Passes have something to say about their arguments, and their threads' blocks may need what the tier
    // compiles for them: now, not when the first block is translated.
    GError *error = NULL;
    if (pass_host_instrument() && !get_tier(&error)) {
        process_fail(EXIT_USAGE, "%s", error ? error->message : "LLVM cannot be used");
    }
}
void tier_host_set_code_size(size_t bytes) { state.code_size = bytes; }

// --- compiling ----------------------------------------------------------------------------------

static void hot_warm(void *env, const TCGCode *code);

// The block was executed so many times, and is fewer than `warm` times before it is asked again where it jumps to.
static void wait_until_hot(TranslationBlock *tb, uint32_t executions, uint64_t warm)
{
    bool warm_first = tb->indirect && patience(tb) > warm;
    tb->code.hot = warm_first ? hot_warm : tier_host_hot;
    count(tb, executions, (warm_first ? (uint32_t)warm : patience(tb)) - executions);
}

static void hot_warm(void *env, const TCGCode *code)
{
    (void)env;
    TranslationBlock *tb = tb_of(code);
    note_targets(tb);
    wait_until_hot(tb, tb->count_to, (uint64_t)tb->count_to * AGAIN);
}

// Most blocks do not run so often, so the persistent cache is asked about few.
static void hot_known(void *env, const TCGCode *code)
{
    CPUState *cs = env;
    TranslationBlock *tb = tb_of(code);
    LLVMTier *tier = atomic_load_explicit(&state.tier, memory_order_acquire);
    cs->isa->fp_leave(cs);
    bool known = llvm_tier_knows(tier, tb->pc, block_mode(tb));
    cpu_fp_enter(cs);
    if (known) {
        tb->code.hot = tier_host_hot;
        tier_host_hot(env, code);
    } else {
        wait_until_hot(tb, HOT_KNOWN, WARM);
    }
}

void tier_host_count(TranslationBlock *tb)
{
    if (!state.hot || tb_engine_verifies() || !is_counted(tb)) {
        return;
    }
    GError *error = NULL;
    LLVMTier *tier = get_tier(&error); // loads no LLVM yet
    if (!tier && error && state.opts->llvm_given) {
        process_fail(EXIT_INTERNAL, "LLVM cannot be used: %s", error->message);
    }
    g_clear_error(&error);
    if (tier && !state.opts->hot && llvm_tier_has_cache(tier)) {
        tb->code.hot = hot_known;
        count(tb, 0, HOT_KNOWN);
    } else {
        wait_until_hot(tb, 0, WARM);
    }
}

// In guest code: LLVM, should it be started here, must not run under the guest's rounding mode.
void tier_host_hot(void *env, const TCGCode *code)
{
    CPUState *cs = env;
    // Counted on: the more often a block asks, the sooner it is compiled.  host_install ends it.
    count_on(tb_of(code));
    if (cpu_private(cs)->starts_nothing) {
        return; // the tier's threads, and the locks that they hold
    }
    LLVMTier *tier = atomic_load_explicit(&state.tier, memory_order_acquire);
    if (!tier) {
        if (state.unusable) {
            return;
        }
        cs->isa->fp_leave(cs);
        GError *error = NULL;
        tier = get_tier(&error);
        cpu_fp_enter(cs);
        if (!tier) {
            if (state.opts->llvm_given) {
                process_fail(EXIT_INTERNAL, "LLVM cannot be used: %s", error->message);
            }
            g_clear_error(&error);
            return;
        }
    }
    stats.hot_requests++;
    // Floating point of the request's own would leave its exception flags to the guest.
    cs->isa->fp_leave(cs);
    llvm_tier_request(tier, code);
    cpu_fp_enter(cs);
}

bool tier_host_compile(TranslationBlock *tb, TCGContext *ctx, bool hot)
{
    GError *error = NULL;
    LLVMTier *tier = get_tier(&error);
    if (!tier) {
        process_fail(EXIT_INTERNAL, "LLVM cannot be used: %s", error ? error->message : "");
    }
    LLVMSyncBlock block = {&tb->code, ctx};
    LLVMCode *code = llvm_tier_compile_sync(tier, hot ? LLVM_HOT : LLVM_COLD, &block, 1, &error);
    if (!code) {
        if (g_error_matches(error, JIT_ERROR, JIT_ERROR_FULL)) {
            g_clear_error(&error);
            return false;
        }
        if (g_error_matches(error, JIT_ERROR, JIT_ERROR_PASS)) {
            process_fail(EXIT_INTERNAL, "%s", error->message);
        }
        process_internal_fault("LLVM cannot compile the block at 0x%" PRIx64 ": %s", tb->pc,
                               error->message);
    }
    unit_register(code);
    tb->other_entry = code->entries[0].entry;
    tb->code.pinned = code->entries[0].pinned;
    stats.units_installed++;
    return true;
}

bool tier_host_recover(void *env, uint64_t host_pc, const StateRegs *regs, uint64_t *pc)
{
    LLVMTier *tier = atomic_load_explicit(&state.tier, memory_order_acquire);
    return tier && llvm_tier_recover(tier, (const void *)(uintptr_t)host_pc, regs, env, pc);
}

bool tier_host_owns(const void *host_pc)
{
    LLVMTier *tier = atomic_load_explicit(&state.tier, memory_order_acquire);
    return tier && llvm_tier_owns(tier, host_pc);
}

// --- end, fork, statistics --------------------------------------------------------------------------

void tier_host_finish(void)
{
    tb_image_save();
    LLVMTier *tier = atomic_load_explicit(&state.tier, memory_order_acquire);
    if (tier) {
        llvm_tier_flush_cache(tier);
    }
}

void tier_host_rest(void)
{
    LLVMTier *tier = atomic_load_explicit(&state.tier, memory_order_acquire);
    if (tier) {
        llvm_tier_rest(tier);
    }
}

void tier_host_print_stats(FILE *f)
{
    LLVMTier *tier = state.tier;
    if (!tier) {
        fprintf(f, "%14s  (LLVM was not needed)\n", "");
        return;
    }
    LLVMTierStats s = llvm_tier_stats(tier);
    const struct {
        const char *text;
        uint64_t value;
    } rows[] = {
        {"units compiled", s.units},
        {"blocks in them", s.blocks},
        {"guest instructions in them", s.guest_insns},
        {"bytes of machine code", s.host_bytes},
        {"units that failed", s.failed},
        {"times a unit was made again, with other notes of precise state", s.renoted},
        {"units with stores for precise state", s.unnoted},
        {"ns of translating again", s.ns_translate},
        {"ns of lowering", s.ns_lower},
        {"ns of optimising", s.ns_optimise},
        {"ns of generating code", s.ns_codegen},
        {"ns of linking", s.ns_link},
        {"units found in the persistent cache", s.cache_hits},
        {"units not found there", s.cache_misses},
        {"damaged parts of it, left aside", s.cache_damaged},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        fprintf(f, "%14" PRIu64 "  LLVM: %s\n", rows[i].value, rows[i].text);
    }
}

void tier_host_fork_prepare(void)
{
    pthread_mutex_lock(&state.making);
    if (state.tier) {
        llvm_tier_fork_prepare(state.tier);
    }
}

static void fork_done(bool in_child)
{
    if (state.tier) {
        llvm_tier_fork_done(state.tier, in_child);
    }
    pthread_mutex_unlock(&state.making);
}
void tier_host_fork_parent(void) { fork_done(false); }
void tier_host_fork_child(void) { fork_done(true); }
