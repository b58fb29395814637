// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --verify.  A block runs first in the interpreter, on the real memory, with a log of what it overwrites.
// Then memory and registers are put back, and the block runs compiled.  Both ends are compared: the whole
// of the CPU's state (registers, flags, FP status), the memory that the first run wrote, the exit or the
// exception.  After HOT_RUNS executions the compiled form is the one of the full pipeline.
//
// What differs from run to run by nature (time stamps, random numbers) is recorded in the first and
// replayed in the second (CPUState.nondeterministic).  Guest threads take turns.  Memory that the kernel or
// another process writes meanwhile can show a difference that is none.  A store that only the second run
// makes is not looked for; it shows in what the guest does next.

#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "cpu-exec.h"
#include "cpu-list.h"
#include "guest-memory.h"
#include "process.h"
#include "stats.h"
#include "tcg/interp.h"
#include "tier-host.h"
#include "verify.h"

enum { HOT_RUNS = 32, MAX_VALUES = 256 };

// A piece of guest memory that the first run wrote.
typedef struct WriteRecord {
    uint64_t addr;
    uint32_t size;
    uint32_t at; // of its old bytes in `old`, and of what the first run left there in `new`
} WriteRecord;

typedef struct Outcome {
    uintptr_t ret;
    int exception;
    int fault_code;
    bool fault_write;
    uint64_t fault_addr, exception_error;
} Outcome;

typedef struct Verify {
    bool replay;
    GArray *writes; // of WriteRecord
    GByteArray *old, *new;
    uint64_t values[MAX_VALUES]; // what was not deterministic
    unsigned nb_values, next_value;
    uint8_t *before, *expected; // env behind CPUState
    size_t state_size;
} Verify;

static _Thread_local Verify *verify;

// --- the first run's log --------------------------------------------------------------------------

static void log_write(void *env, uint64_t addr, unsigned size)
{
    (void)env;
    Verify *v = verify;
    if (v->replay) {
        return;
    }
    WriteRecord w = {addr, size, v->old->len};
    g_byte_array_set_size(v->old, v->old->len + size);
    if (!guest_read(addr, v->old->data + w.at, size)) {
        g_byte_array_set_size(v->old, w.at); // the write will fault
        return;
    }
    g_array_append_val(v->writes, w);
}

static void log_helper_write(CPUState *cs, uint64_t addr, uint32_t size)
{
    log_write(cs, addr, size);
}

static uint64_t nondeterministic(CPUState *cs, uint64_t fresh)
{
    (void)cs;
    Verify *v = verify;
    if (v->replay) {
        return v->next_value < v->nb_values ? v->values[v->next_value++] : fresh;
    }
    if (v->nb_values < MAX_VALUES) {
        v->values[v->nb_values++] = fresh;
    }
    return fresh;
}

static void keep_new_bytes(Verify *v)
{
    g_byte_array_set_size(v->new, v->old->len);
    for (unsigned i = 0; i < v->writes->len; i++) {
        const WriteRecord *w = &g_array_index(v->writes, WriteRecord, i);
        guest_read(w->addr, v->new->data + w->at, w->size);
    }
}

static void undo_writes(Verify *v)
{
    for (unsigned i = v->writes->len; i-- > 0;) {
        const WriteRecord *w = &g_array_index(v->writes, WriteRecord, i);
        guest_write(w->addr, v->old->data + w->at, w->size);
    }
}

// --- running ------------------------------------------------------------------------------------

static Verify *verify_get(CPUState *cs)
{
    if (!verify) {
        verify = g_new0(Verify, 1);
        verify->writes = g_array_new(FALSE, FALSE, sizeof(WriteRecord));
        verify->old = g_byte_array_new();
        verify->new = g_byte_array_new();
        verify->state_size = sizeof(cs->front) + cs->isa->env_size - sizeof(CPUState);
        verify->before = g_malloc(verify->state_size);
        verify->expected = g_malloc(verify->state_size);
        tcg_interp_write_hook = log_write;
    }
    return verify;
}

// What is the guest's of env: in front of the CPUState proper and behind it.
static void get_state(const Verify *v, const CPUState *cs, uint8_t *state)
{
    memcpy(state, cs->front, sizeof(cs->front));
    memcpy(state + sizeof(cs->front), cs + 1, v->state_size - sizeof(cs->front));
}

static void set_state(const Verify *v, CPUState *cs, const uint8_t *state)
{
    memcpy(cs->front, state, sizeof(cs->front));
    memcpy(cs + 1, state + sizeof(cs->front), v->state_size - sizeof(cs->front));
}

// Where it is in there.
static size_t state_place(size_t env_offset)
{
    const size_t front = sizeof(((CPUState *)NULL)->front);
    return env_offset < front ? env_offset : env_offset - sizeof(CPUState) + front;
}

static void run_once(CPUState *cs, TranslationBlock *tb, TCGEntry *entry, Outcome *out)
{
    CPUPrivate *p = cpu_private(cs);
    sigjmp_buf here, *outer = cs->jmp_env;
    memset(out, 0, sizeof(*out));
    cs->insn_pc = INSN_PC_NONE;
    cs->exception_index = EXCP_NONE;
    cs->mem_write_hook = log_helper_write;
    cs->nondeterministic = nondeterministic;
    cs->verify = verify;
    cs->isa->fp_enter(cs);
    if (sigsetjmp(here, 0) == 0) {
        cs->jmp_env = &here;
        p->in_guest = true;
        out->ret = tcg_enter(cs, &tb->code, entry, &cs->returns);
    }
    p->in_guest = false;
    cs->isa->fp_leave(cs);
    cs->jmp_env = outer;
    cs->insn_pc = INSN_PC_NONE;
    cs->mem_write_hook = NULL;
    cs->nondeterministic = NULL;
    cs->verify = NULL;
    out->exception = cs->exception_index;
    if (out->exception == EXCP_SEGV || out->exception == EXCP_BUS) {
        out->fault_addr = cs->fault_addr;
        out->fault_code = cs->fault_code;
        out->fault_write = cs->fault_write;
    } else if (out->exception != EXCP_NONE) {
        out->exception_error = cs->exception_error;
    }
}

// --- comparing and reporting --------------------------------------------------------------------

static void print_bytes(const char *what, const void *bytes, size_t n)
{
    fprintf(stderr, "  %s 0x", what);
    for (size_t i = n; i-- > 0;) {
        fprintf(stderr, "%02x", ((const uint8_t *)bytes)[i]);
    }
}

static void print_three(const char *name, const void *before, const void *expected, const void *got,
                        size_t n)
{
    fprintf(stderr, "  %-10s", name);
    print_bytes("before", before, n);
    print_bytes("expected", expected, n);
    print_bytes("got", got, n);
    fputc('\n', stderr);
}

static void print_code(CPUState *cs, const TranslationBlock *tb)
{
    for (uint64_t pc = tb->pc; pc < tb->pc + tb->size;) {
        uint8_t bytes[16];
        char text[160];
        size_t len = MIN(sizeof(bytes), tb->pc + tb->size - pc);
        size_t n = guest_read(pc, bytes, len)
                       ? cs->isa->disassemble(cs, pc, bytes, len, text, sizeof(text))
                       : 0;
        fprintf(stderr, "  0x%" PRIx64 ":  %s\n", pc, n ? text : "(bad)");
        pc += n ? n : 1;
    }
}

// Prints registers and other bytes of env that differ, or (all) every register.
static bool report_state(CPUState *cs, const Verify *v, bool print)
{
    bool differ = false;
    g_autofree uint8_t *got = g_malloc(v->state_size), *known = g_malloc0(v->state_size);
    get_state(v, cs, got);
    for (unsigned i = 0; i < cs->isa->nb_regs; i++) {
        const GuestReg *r = &cs->isa->regs[i];
        size_t at = state_place((size_t)r->offset), n = tcg_type_size(r->type);
        memset(known + at, 1, n);
        if (memcmp(v->expected + at, got + at, n)) {
            differ = true;
            if (print) {
                print_three(r->name, v->before + at, v->expected + at, got + at, n);
            }
        }
    }
    for (size_t i = 0; i < v->state_size; i++) {
        if (!known[i] && v->expected[i] != got[i]) {
            differ = true;
            if (print) {
                char name[32];
                bool front = i < sizeof(cs->front);
                snprintf(name, sizeof(name), "env+%zu",
                         front ? i : i + sizeof(CPUState) - sizeof(cs->front));
                print_three(name, v->before + i, v->expected + i, got + i, 1);
            }
        }
    }
    return differ;
}

static bool report_memory(const Verify *v, bool print)
{
    bool differ = false;
    for (unsigned i = 0; i < v->writes->len; i++) {
        const WriteRecord *w = &g_array_index(v->writes, WriteRecord, i);
        uint8_t *now = g_malloc(w->size);
        guest_read(w->addr, now, w->size);
        if (memcmp(now, v->new->data + w->at, w->size)) {
            differ = true;
            if (print) {
                fprintf(stderr, "  memory at 0x%" PRIx64 ":\n", w->addr);
                print_three("", v->old->data + w->at, v->new->data + w->at, now, MIN(w->size, 64u));
            }
        }
        g_free(now);
    }
    return differ;
}

static const char *engine_name(const TranslationBlock *tb)
{
    return tb_engine() == TB_ENGINE_VERIFY_QUICK ? "the quick tier"
           : tb->runs > HOT_RUNS                 ? "LLVM (full pipeline)"
                                                 : "LLVM (quick pipeline)";
}

static _Noreturn void report(CPUState *cs, const TranslationBlock *tb, const Verify *v,
                             const Outcome *expected, const Outcome *got)
{
    uint64_t offset = 0;
    const char *name = guest_symbol(tb->pc, &offset);
    fprintf(stderr,
            "myna: --verify: %s and the interpreter differ in the block at 0x%" PRIx64
            " %s+0x%" PRIx64 ", execution %u\ncode:\n",
            engine_name(tb), tb->pc, name ? name : "?", offset, tb->runs);
    print_code(cs, tb);
    fprintf(stderr, "differences (interpreter: expected, compiled: got):\n");
    if (memcmp(expected, got, sizeof(*got))) {
        fprintf(stderr,
                "  exit       expected 0x%" PRIxPTR " exception %d address 0x%" PRIx64
                " code %d write %d error 0x%" PRIx64 "\n             got      0x%" PRIxPTR
                " exception %d address 0x%" PRIx64 " code %d write %d error 0x%" PRIx64 "\n",
                expected->ret, expected->exception, expected->fault_addr, expected->fault_code,
                expected->fault_write, expected->exception_error, got->ret, got->exception,
                got->fault_addr, got->fault_code, got->fault_write, got->exception_error);
    }
    report_state(cs, v, true);
    report_memory(v, true);
    fprintf(stderr, "registers before:\n");
    set_state(v, cs, v->before);
    cs->isa->dump_state(cs, stderr);
    fflush(NULL);
    _Exit(EXIT_INTERNAL);
}

static bool nothing_ran(const Outcome *o)
{
    return o->exception == EXCP_NONE && (o->ret & TB_EXIT_MASK) == TB_EXIT_REQUESTED;
}

// One CPU at a time: between a block's two runs memory goes back to what it was, and no other guest thread
// may see or change it meanwhile.
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

void verify_fork_prepare(void) { pthread_mutex_lock(&turn); }
void verify_fork_done(void) { pthread_mutex_unlock(&turn); }

static uintptr_t run_and_compare(CPUState *cs, TranslationBlock *tb)
{
    Verify *v = verify_get(cs);
    CPUPrivate *p = cpu_private(cs);
    Outcome expected, got;

    if (tb->runs++ == HOT_RUNS && tb_engine() == TB_ENGINE_VERIFY) {
        tb_lock();
        if (!tb->invalid) {
            tier_host_compile(tb, NULL, true);
        }
        tb_unlock();
    }
    g_array_set_size(v->writes, 0);
    g_byte_array_set_size(v->old, 0);
    v->nb_values = v->next_value = 0;
    v->replay = false;
    get_state(v, cs, v->before);
    run_once(cs, tb, tcg_interp_exec, &expected);
    if (p->once_cflags || nothing_ran(&expected)) {
        return 0; // an instruction to begin again on its changed page, or an exit request
    }
    get_state(v, cs, v->expected);
    keep_new_bytes(v);
    undo_writes(v);
    set_state(v, cs, v->before);
    v->replay = true;
    run_once(cs, tb, tb->other_entry, &got);
    if (nothing_ran(&got)) { // the request came between
        return 0;
    }
    stats.verified++;
    if (memcmp(&expected, &got, sizeof(got)) || report_state(cs, v, false) ||
        report_memory(v, false)) {
        report(cs, tb, v, &expected, &got);
    }
    return got.ret;
}

uintptr_t verify_run(CPUState *cs, TranslationBlock *tb)
{
    pthread_mutex_lock(&turn);
    uintptr_t ret = run_and_compare(cs, tb);
    pthread_mutex_unlock(&turn);
    return ret;
}
