// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cpu_exec: finds blocks, runs them, links them, until an exception.
//
// A run is one RCU read-side section, so no block or unit is freed that the CPU may be in.  Helpers leave
// guest code by cpu_loop_exit, the fault handler by the same siglongjmp; both land in cpu_exec with
// exception_index saying what it is (EXCP_NONE: nothing, go on at the CPU's pc).

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#include "breakpoint.h"
#include "code-log.h"
#include "cpu-exec.h"
#include "cpu-list.h"
#include "event-internal.h"
#include "pass-host.h"
#include "guest-memory.h"
#include "log.h"
#include "process.h"
#include "stats.h"
#include "stress.h"
#include "tb-image.h"
#include "tb.h"
#include "tcg/interp.h"
#include "tcg2llvm/disas.h"
#include "tier-host.h"
#include "verify.h"

_Thread_local CPUState *current_cpu;

static struct ExecState {
    _Atomic uint32_t cflags; // of new look-ups, for every CPU
    atomic_bool flush;       // somebody asked for a flush
    atomic_bool parallel;    // others may look at guest memory
    size_t returns_size;     // of host stack for frames of guest calls, bytes
} exec_state;

uint32_t cpu_current_cflags(void)
{
    return atomic_load_explicit(&exec_state.cflags, memory_order_relaxed);
}

bool cpu_exec_init(const MynaOptions *opts, GError **error)
{
    uint32_t cflags = 0;
    if (log_enabled(LOG_NOCHAIN) || opts->verify) {
        cflags |= CF_NO_GOTO_TB | CF_NO_GOTO_PTR;
    }
    if (opts->precise || opts->verify) {
        cflags |= CF_PRECISE;
    }
    if (opts->verify) {
        cflags |= CF_TAGGED; // a block cannot be repaired while it is compared
    }
    atomic_store(&exec_state.cflags, cflags);
    tcg_interp_unaligned_hook = cpu_raise_unaligned; // LLVM code calls it as well
    frontend_disassembler = llvm_disassemble;
    if (!tcg_returns_init(offsetof(CPUState, returns))) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "no random numbers: %s",
                    g_strerror(errno));
        return false;
    }
    enum { PART = 4 }; // the least stack that the user may leave us is the first thread's
    struct rlimit stack;
    bool known = getrlimit(RLIMIT_STACK, &stack) == 0;
    exec_state.returns_size = known ? MIN((rlim_t)TCG_RETURNS_SIZE, stack.rlim_cur / PART) : 0;
    tb_init();
    code_log_init(opts);
    if (opts->stats) {
        stats_start();
    }
    if (opts->stress) {
        stress_init(opts->stress_seed);
    }
    return tier_host_init(opts, error);
}

void cpu_set_tagged(CPUState *cs)
{
    if (!(atomic_fetch_or(&exec_state.cflags, CF_TAGGED) & CF_TAGGED)) {
        atomic_store(&exec_state.flush, true);
    }
    cpu_request_exit(cs);
}

bool cpu_is_precise(void) { return cpu_current_cflags() & CF_PRECISE; }

void cpu_set_precise(bool on)
{
    on |= myna_options->precise || myna_options->verify;
    if (on == cpu_is_precise()) {
        return;
    }
    tb_lock();
    static bool saved; // a program begins without its handlers in each run; what comes and goes later is not worth a file
    if (!saved) {
        saved = true;
        tb_image_save_locked();
    }
    atomic_fetch_xor(&exec_state.cflags, CF_PRECISE);
    tb_flush_locked();
    tb_unlock();
    cpu_request_exit_all();
}

bool cpu_is_parallel(void)
{
    return atomic_load_explicit(&exec_state.parallel, memory_order_relaxed);
}

// Only what LLVM makes of several accesses is unfit for other threads' eyes; blocks stay as they are.
void cpu_set_parallel(void)
{
    if (!atomic_exchange(&exec_state.parallel, true)) {
        tier_host_drop_all();
    }
}

void cpu_change_cflags(uint32_t set, uint32_t clear)
{
    atomic_fetch_or(&exec_state.cflags, set);
    atomic_fetch_and(&exec_state.cflags, ~clear);
}

void cpu_request_flush(void)
{
    atomic_store(&exec_state.flush, true);
    cpu_request_exit_all();
}

void cpu_thread_leave(void)
{
    current_cpu = NULL; // liburcu-bp forgets a thread by itself
}

// --- finding ------------------------------------------------------------------------------------

// Outside a read-side section for a moment: what is freed goes, so that there is room.
static void flush_and_wait(void)
{
    rcu_read_unlock();
    EventRemovals *removals = event_take_removals();
    tb_flush_all();
    cpu_request_exit_all();
    later_barrier();
    event_finish_removals(removals);
    rcu_read_lock();
}

static void raise_fetch_fault(CPUState *cs, uint64_t addr)
{
    GuestRegion ignored;
    cs->exception_index = EXCP_SEGV;
    cs->fault_addr = addr;
    cs->fault_write = false;
    cs->fault_code = guest_memory_find(addr, &ignored) ? SEGV_ACCERR : SEGV_MAPERR;
}

// The block at the CPU's pc; NULL with an exception set when there is no code.
static TranslationBlock *tb_find(CPUState *cs, uint32_t cflags)
{
    TBKey key = cs->isa->get_tb_key(cs);
    TranslationBlock *tb = tb_lookup(key.pc, key.flags, cflags);
    if (tb) {
        stats.tb_found++;
        return tb;
    }
    for (unsigned tries = 0; tries < 2; tries++) {
        uint64_t fault_addr = 0;
        switch (tb_gen_code(cs, key, cflags, &tb, &fault_addr)) {
        case TB_GEN_OK: return tb;
        case TB_GEN_FAULT: raise_fetch_fault(cs, fault_addr); return NULL;
        case TB_GEN_FULL: flush_and_wait(); break;
        }
    }
    process_internal_fault("no room for a single block after a flush of the code cache");
}

// --- logs ---------------------------------------------------------------------------------------

static void log_exec(CPUState *cs, const TranslationBlock *tb)
{
    if (!log_in_range(tb->pc)) {
        return;
    }
    if (log_enabled(LOG_EXEC)) {
        uint64_t offset;
        const char *name = guest_symbol(tb->pc, &offset);
        log_printf("Trace %u: %p [00000000/%016" PRIx64 "/%08x/%08x] %s\n", cs->cpu_index,
                   (void *)tb->code.entry, tb->pc, tb->flags, tb->cflags, name ? name : "");
    }
    if (log_enabled(LOG_CPU)) {
        FILE *f = log_lock();
        cs->isa->dump_state(cs, f);
        log_unlock(f);
    }
}

static void log_exception(CPUState *cs)
{
    static const char *const names[] = {
        [EXCP_INTERRUPT - EXCP_COMMON] = "interrupt", [EXCP_DEBUG - EXCP_COMMON] = "debug",
        [EXCP_SYSCALL - EXCP_COMMON] = "system call", [EXCP_ATOMIC - EXCP_COMMON] = "atomic",
        [EXCP_YIELD - EXCP_COMMON] = "yield",         [EXCP_SEGV - EXCP_COMMON] = "SIGSEGV",
        [EXCP_BUS - EXCP_COMMON] = "SIGBUS",          [EXCP_UNALIGNED - EXCP_COMMON] = "unaligned",
    };
    int n = cs->exception_index;
    uint64_t pc = cs->isa->get_pc(cs);
    if (n == EXCP_INTERRUPT || !log_in_range(pc)) {
        return;
    }
    FILE *f = log_lock();
    if (n < EXCP_COMMON) {
        fprintf(f, "exception 0x%02x, error code 0x%" PRIx64 ", at pc 0x%016" PRIx64 "\n", n,
                cs->exception_error, pc);
    } else if (n == EXCP_SEGV || n == EXCP_BUS) {
        fprintf(f, "%s %s 0x%" PRIx64 ", code %d, at pc 0x%016" PRIx64 "\n", names[n - EXCP_COMMON],
                cs->fault_write ? "writing" : "reading", cs->fault_addr, cs->fault_code, pc);
    } else {
        fprintf(f, "%s at pc 0x%016" PRIx64 "\n", names[n - EXCP_COMMON], pc);
    }
    log_unlock(f);
}

// --- running ------------------------------------------------------------------------------------

// The guest's FP control state goes into the host before guest code, and out before anything else that
// may compute: translation, LLVM, system calls.
static inline void fp_load(CPUState *cs, CPUPrivate *p)
{
    if (!p->fp_loaded) {
        cpu_fp_enter(cs);
        p->fp_loaded = true;
    }
}

static inline void fp_unload(CPUState *cs, CPUPrivate *p)
{
    if (p->fp_loaded) {
        cs->isa->fp_leave(cs);
        p->fp_loaded = false;
    }
}

static inline void settle(CPUState *cs)
{
    if (cs->isa->settle) {
        cs->isa->settle(cs);
    }
}

// Also after a siglongjmp out of it.
static inline void count_guest_time(CPUPrivate *p)
{
    if (__builtin_expect(p->guest_since != 0, 0)) {
        stats.ns_guest += stats_cpu_ns() - p->guest_since;
        p->guest_since = 0;
    }
}

static uintptr_t run_block(CPUState *cs, CPUPrivate *p, TranslationBlock *tb)
{
    if (log_enabled(LOG_EXEC | LOG_CPU)) {
        log_exec(cs, tb);
    }
    atomic_store_explicit(&tb->executed, true, memory_order_relaxed);
    stats.exec_entries++;
    if (tb_engine_verifies()) {
        fp_unload(cs, p);
        return verify_run(cs, tb);
    }
    fp_load(cs, p);
    p->guest_since = stats_cpu_ns();
    p->in_guest = true;
    uintptr_t ret = tcg_enter(cs, &tb->code, tb->code.entry, &cs->returns);
    p->in_guest = false;
    count_guest_time(p);
    return ret;
}

// One round: find a block, link the one that was left to it, run it.  Gives what it returned.
static uintptr_t exec_round(CPUState *cs, CPUPrivate *p, uintptr_t last)
{
    if (__builtin_expect(stress_wanted, 0)) {
        fp_unload(cs, p);
        last = stress_round(cs) ? 0 : last;
    }
    uint32_t cflags = cpu_cflags(cs), once = p->once_cflags;
    if (once) {
        cflags |= once;
        p->once_cflags = 0;
        last = 0;
    }
    TBKey key = cs->isa->get_tb_key(cs);
    const TCGCode *cached = cpu_jump_cache_get(cs, key, cflags);
    TranslationBlock *tb = cached ? tb_of(cached) : NULL;
    if (!tb) {
        fp_unload(cs, p);
        tb = tb_find(cs, cflags);
        if (!tb || !cpu_jump_cache_set(cs, tb)) {
            return 0;
        }
    }
    TranslationBlock *from = (TranslationBlock *)(last & ~(uintptr_t)TB_EXIT_MASK);
    unsigned slot = last & TB_EXIT_MASK;
    if (from && slot <= TB_EXIT_IDX1 && !(from->cflags & CF_NO_GOTO_TB) && from->cflags == cflags) {
        tb_lock();
        tb_link(from, slot, tb);
        tb_unlock();
    }
    settle(cs); // the last block may have been a precise one, and this one none
    uintptr_t ret = run_block(cs, p, tb);
    if (once && (ret & TB_EXIT_MASK) == TB_EXIT_REQUESTED) {
        p->once_cflags = once; // it has not run
    }
    return ret;
}

// An access that a watchpoint has caught (breakpoint.c) is made, and then reported.  Where something came
// between, its instruction begins once more as if nothing had been.
static void settle_watch(CPUState *cs, CPUPrivate *p)
{
    if (cs->exception_index == EXCP_INTERRUPT && !p->once_cflags) {
        cs->exception_index = EXCP_DEBUG; // a round of a string instruction has ended
    } else if (cs->exception_index != EXCP_DEBUG) {
        p->watch_kind = 0;
        p->once_cflags = 0;
    }
}

int cpu_exec(CPUState *cs)
{
    CPUPrivate *p = cpu_private(cs);
    sigjmp_buf here;
    volatile uintptr_t last = 0;

    current_cpu = cs;
    instrument_thread_enter(cs->pass_block);
    cs->exception_index = EXCP_NONE;
    event_park_if_ending();
    watchpoint_arm_cpu(cs);
    rcu_read_lock();
    if (sigsetjmp(here, 0) == 0) {
        cs->jmp_env = &here;
    } else {
        last = 0;
        p->in_guest = false;
        settle(cs);
        count_guest_time(p);
    }
    cs->insn_pc = INSN_PC_NONE;
    const uintptr_t limit = (uintptr_t)__builtin_frame_address(0) - exec_state.returns_size;
    while (cs->exception_index == EXCP_NONE) {
        // Before the look: who asks for an exit writes in the other order.
        atomic_store(&cs->returns.limit, limit);
        if (__builtin_expect(atomic_load(&cs->exit_request), 0)) {
            atomic_store(&cs->exit_request, 0);
            fp_unload(cs, p);
            if (atomic_exchange(&exec_state.flush, false)) {
                flush_and_wait();
                last = 0;
            }
            cs->exception_index = EXCP_INTERRUPT;
            break;
        }
        last = exec_round(cs, p, last);
    }
    settle(cs);
    cs->jmp_env = NULL;
    cs->event_site = cs->event_insn = NULL;
    cs->pass_insn = 0;
    fp_unload(cs, p);
    if (__builtin_expect(cs->event_edge != NULL, 0)) {
        event_edge_leave(cs, cs->exception_index == EXCP_SYSCALL ||
                                 cs->exception_index == EXCP_INTERRUPT);
    }
    rcu_read_unlock();
    if (p->watch_kind) {
        settle_watch(cs, p);
    }
    if (log_enabled(LOG_INT)) {
        log_exception(cs);
    }
    return cs->exception_index;
}
