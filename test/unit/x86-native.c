// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See x86-native.h.  The native run builds a stub around the code in an executable page: load all
// registers, the code, save all registers.  The registers' memory is beside it, reached relative to RIP,
// as no register is free.

#include "x86-native.h"

#include <glib.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <xmmintrin.h>

#include "frontend/frontend.h"
#include "frontend/translator.h"
#include "helpers/x86/cpu.h"
#include "quick-memory.h"
#include "tcg/interp.h"

#define STACK_SIZE 8192

static uint8_t stack[STACK_SIZE] __attribute__((aligned(64)));

void x86_test_state_init(X86TestState *st)
{
    memset(st, 0, sizeof *st);
    st->gpr[R_ESP] = (uint64_t)(uintptr_t)(stack + STACK_SIZE / 2);
    st->rflags = 0x202;
    st->fx.fcw = X86_FPUC_DEFAULT;
    st->fx.mxcsr = X86_MXCSR_DEFAULT;
    st->fx.mxcsr_mask = 0xffff;
}

uint64_t x86_test_random(uint64_t *seed)
{
    // splitmix64
    uint64_t z = *seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

// --- native ---------------------------------------------------------------------------------------

// The executable page and the data that its code reaches.
typedef struct Arena {
    uint8_t code[4096];
    X86TestFX fx, host_fx;
    uint64_t gpr[16];
    uint64_t ymmh[16][2];
    uint64_t rflags, host_rsp;
} Arena;

static Arena *arena;
static sigjmp_buf native_jmp;
static volatile sig_atomic_t native_running;
static X86TestState *native_state;
static CPUX86State *running_env; // in an engine: a fault of the guest's goes back to the run
void (*x86_recover)(const ucontext_t *uc, void *env, uint64_t *pc);

static void on_signal(int sig, siginfo_t *info, void *uc_)
{
    static const int greg[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                 REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                 REG_R12, REG_R13, REG_R14, REG_R15};
    ucontext_t *uc = uc_;
    if (running_env) {
        CPUState *cs = &running_env->cs;
        cs->exception_index = sig == SIGBUS && info->si_code != SI_KERNEL ? EXCP_BUS : EXCP_SEGV;
        cs->fault_addr = (uint64_t)(uintptr_t)info->si_addr;
        quick_recover(uc, running_env, &cs->insn_pc);
        if (x86_recover) {
            x86_recover(uc, running_env, &cs->insn_pc);
        }
        running_env = NULL;
        // As the runtime does: keep the FP flags that have gathered.
        _mm_setcsr(uc->uc_mcontext.fpregs->mxcsr);
        siglongjmp(*cs->jmp_env, 1);
    }
    if (!native_running) {
        signal(sig, SIG_DFL);
        raise(sig);
        return;
    }
    for (int i = 0; i < 16; i++) {
        native_state->gpr[i] = (uint64_t)uc->uc_mcontext.gregs[greg[i]];
    }
    native_state->rflags = (uint64_t)uc->uc_mcontext.gregs[REG_EFL];
    memcpy(&native_state->fx, uc->uc_mcontext.fpregs, sizeof native_state->fx);
    if (__builtin_cpu_supports("avx")) {
        memcpy(native_state->ymmh, (char *)uc->uc_mcontext.fpregs + X86_XSAVE_AVX_OFS,
               sizeof native_state->ymmh);
    }
    siglongjmp(native_jmp, sig);
}

// cmocka puts handlers of its own in place before each test.
static void install_handlers(void)
{
    static const int sigs[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK}, old;
    sigaction(SIGSEGV, NULL, &old);
    if (old.sa_sigaction == on_signal) {
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(sigs); i++) {
        sigaction(sigs[i], &sa, NULL);
    }
}

static void native_init(void)
{
    static uint8_t alt_stack[65536];
    install_handlers();
    if (arena) {
        return;
    }
    arena = mmap(NULL, sizeof *arena, PROT_READ | PROT_WRITE | PROT_EXEC,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert(arena != MAP_FAILED);
    sigaltstack(&(stack_t){.ss_sp = alt_stack, .ss_size = sizeof alt_stack}, NULL);
}

static uint8_t *emit(uint8_t *p, const void *bytes, size_t n)
{
    memcpy(p, bytes, n);
    return p + n;
}

// opcode bytes, then a displacement from the end of the instruction to `data`.
static uint8_t *emit_rip(uint8_t *p, const void *bytes, size_t n, const void *data)
{
    p = emit(p, bytes, n);
    int32_t disp = (int32_t)((const uint8_t *)data - (p + 4));
    return emit(p, &disp, 4);
}

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

// mov between general-purpose register n and arena->gpr[n].
static uint8_t *emit_mov(uint8_t *p, uint8_t opcode, unsigned n)
{
    return emit_rip(p,
                    BYTES((uint8_t)(0x48 | (n >= 8 ? 4 : 0)), opcode, (uint8_t)(5 | (n & 7) << 3)),
                    &arena->gpr[n]);
}

// vinsertf128 $1, arena->ymmh[n], %ymmn, %ymmn, and vextractf128 back.
static uint8_t *emit_ymmh(uint8_t *p, bool load, unsigned n)
{
    uint8_t insn[] = {0xc4, (uint8_t)(n >= 8 ? 0x63 : 0xe3),
                      (uint8_t)(load ? 0x05 | (~n & 15) << 3 : 0x7d), load ? 0x18 : 0x19,
                      (uint8_t)(5 | (n & 7) << 3)};
    p = emit(p, insn, sizeof insn);
    int32_t disp = (int32_t)((const uint8_t *)&arena->ymmh[n] - (p + 5));
    p = emit(p, &disp, 4);
    return emit(p, BYTES(1));
}

int x86_native_run(const uint8_t *code, size_t size, X86TestState *st)
{
    native_init();
    uint8_t *p = arena->code;
    p = emit(p, BYTES(0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57)); // push
    p = emit_rip(p, BYTES(0x48, 0x0f, 0xae, 0x05), &arena->host_fx);                // fxsave64
    p = emit_rip(p, BYTES(0x48, 0x0f, 0xae, 0x0d), &arena->fx);                     // fxrstor64
    p = emit_rip(p, BYTES(0x48, 0x89, 0x25), &arena->host_rsp);                     // mov %rsp
    bool avx = __builtin_cpu_supports("avx");
    for (unsigned i = 0; avx && i < 16; i++) {
        p = emit_ymmh(p, true, i);
    }
    p = emit_rip(p, BYTES(0xff, 0x35), &arena->rflags); // push
    p = emit(p, BYTES(0x9d));                           // popf
    for (unsigned i = 0; i < 16; i++) {
        p = emit_mov(p, 0x8b, i);
    }
    g_assert(size < 2048);
    p = emit(p, code, size);
    for (unsigned i = 0; i < 16; i++) {
        p = emit_mov(p, 0x89, i);
    }
    p = emit_rip(p, BYTES(0x48, 0x8b, 0x25), &arena->host_rsp);
    p = emit(p, BYTES(0x9c));                                   // pushf
    p = emit_rip(p, BYTES(0x8f, 0x05), &arena->rflags);         // pop
    p = emit_rip(p, BYTES(0x48, 0x0f, 0xae, 0x05), &arena->fx); // fxsave64
    for (unsigned i = 0; avx && i < 16; i++) {
        p = emit_ymmh(p, false, i);
    }
    if (avx) {
        p = emit(p, BYTES(0xc5, 0xf8, 0x77)); // vzeroupper
    }
    p = emit_rip(p, BYTES(0x48, 0x0f, 0xae, 0x0d), &arena->host_fx); // fxrstor64
    p = emit(p, BYTES(0xfc, 0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3));

    memcpy(arena->gpr, st->gpr, sizeof st->gpr);
    memcpy(arena->ymmh, st->ymmh, sizeof st->ymmh);
    arena->rflags = st->rflags;
    arena->fx = st->fx;
    native_state = st;
    native_running = 1;
    int sig = sigsetjmp(native_jmp, 1);
    if (sig == 0) {
        ((void (*)(void))(uintptr_t)arena->code)();
        memcpy(st->gpr, arena->gpr, sizeof st->gpr);
        if (avx) {
            memcpy(st->ymmh, arena->ymmh, sizeof st->ymmh);
        }
        st->rflags = arena->rflags;
        st->fx = arena->fx;
    }
    native_running = 0;
    return sig;
}

// --- under an engine ------------------------------------------------------------------------------

static size_t fetch(void *opaque, uint64_t pc, uint8_t *buf, size_t len)
{
    const X86Case *c = opaque;
    uint64_t ofs = pc - (uint64_t)(uintptr_t)c->code;
    size_t n = ofs < c->size ? c->size - ofs : 0;
    n = n < len ? n : len;
    memcpy(buf, c->code + ofs, n);
    return n;
}

static void load_state(CPUX86State *env, const X86TestState *st)
{
    memcpy(env->regs, st->gpr, sizeof env->regs);
    x86_eflags_set(env, st->rflags, ~0ull);
    x86_fxrstor(env, &st->fx);
    for (unsigned i = 0; i < 16; i++) {
        memcpy(&env->ymm[i].q[2], st->ymmh[i], 16);
    }
}

static void save_state(const CPUX86State *env, X86TestState *st)
{
    memcpy(st->gpr, env->regs, sizeof env->regs);
    st->rflags = x86_eflags_get(env);
    x86_fxsave(env, &st->fx);
    for (unsigned i = 0; __builtin_cpu_supports("avx") && i < 16; i++) {
        memcpy(st->ymmh[i], &env->ymm[i].q[2], 16);
    }
}

static int signal_of(int exception)
{
    switch (exception) {
    case EXCP00_DIVZ:
    case EXCP10_COPR:
    case EXCP13_SIMD: return SIGFPE;
    case EXCP01_DB:
    case EXCP03_INT3:
    case EXCP_DEBUG: return SIGTRAP;
    case EXCP06_ILLOP: return SIGILL;
    case EXCP11_ALGN:
    case EXCP_BUS: return SIGBUS;
    default: return SIGSEGV;
    }
}

static bool interp_engine(TCGContext *ctx, TCGCode *code)
{
    static uint64_t buf[1 << 16];
    size_t size = tcg_interp_encode(ctx, code, buf, sizeof buf);
    uint64_t *bytecode = size ? g_malloc(size) : NULL;
    if (!size || !tcg_interp_encode(ctx, code, bytecode, size)) {
        return false;
    }
    code->bytecode = bytecode;
    code->entry = tcg_interp_exec;
    return true;
}

// A translated block, kept for the next run of the same code.
typedef struct TestBlock {
    X86TestEngine *engine;
    TBKey key;
    uint32_t cflags;
    TCGCode code;
    struct TestBlock *next;
} TestBlock;

static unsigned count_insns(const GuestISA *isa, uint64_t pc, uint64_t end)
{
    unsigned count = 0;
    while (pc < end && count < 255) {
        char text[128];
        size_t n = isa->disassemble(NULL, pc, (const uint8_t *)(uintptr_t)pc, end - pc, text,
                                    sizeof text);
        count++;
        pc += n ? n : 1;
    }
    return count;
}

// The passes and the engine over what the translator has left in ctx.
static bool make_code(TCGContext *ctx, X86TestEngine *engine, TCGCode *code)
{
    char *fault = ctx->error ? NULL : tcg_verify(ctx);
    if (!ctx->error && !fault) {
        tcg_optimize(ctx);
        tcg_liveness(ctx);
        fault = tcg_verify(ctx);
    }
    bool ok = !ctx->error && !fault && tcg_assign_frame(ctx) && engine(ctx, code);
    if (!ok) {
        fprintf(stderr, "cannot run the block: %s\n",
                fault        ? fault
                : ctx->error ? ctx->error
                             : "?");
        tcg_dump_ops(ctx, stderr);
    }
    g_free(fault);
    return ok;
}

static TCGContext *context(const GuestISA *isa)
{
    static TCGContext *ctx;
    if (!ctx) {
        isa->init();
        ctx = frontend_context_new(isa);
    }
    return ctx;
}

// The block at env's pc.  A case's code stands where it stands, so its address names it.
static TestBlock *find_block(X86TestEngine *engine, const GuestISA *isa, const CPUState *cs,
                             X86Case *c, uint32_t flags)
{
    static TestBlock *table[1024];
    TBKey key = isa->get_tb_key(cs);
    TestBlock **bucket = &table[(key.pc ^ key.pc >> 10) % G_N_ELEMENTS(table)];
    for (TestBlock *b = *bucket; b; b = b->next) {
        if (b->engine == engine && b->key.pc == key.pc && b->key.flags == key.flags &&
            b->cflags == flags) {
            return b;
        }
    }
    TCGContext *ctx = context(isa);
    TestBlock *b = g_new0(TestBlock, 1);
    unsigned count = count_insns(isa, key.pc, (uint64_t)(uintptr_t)c->code + c->size);
    *b = (TestBlock){.engine = engine, .key = key, .cflags = flags, .next = *bucket};
    translator_loop(ctx, isa, &b->code, key,
                    flags | CF_NO_GOTO_TB | CF_NO_GOTO_PTR | count << CF_COUNT_SHIFT, fetch, c);
    if (!make_code(ctx, engine, &b->code)) {
        g_free(b);
        return NULL;
    }
    return *bucket = b;
}

int x86_engine_run(X86TestEngine *engine, const uint8_t *bytes, size_t size, X86TestState *st,
                   uint32_t flags)
{
    const GuestISA *isa = &guest_isa_x86_64;
    static CPUX86State *env;
    X86Case c = {.code = bytes, .size = size};
    uint64_t begin = (uint64_t)(uintptr_t)bytes, end = begin + size;

    context(isa);
    if (!env) {
        env = g_aligned_alloc0(1, frontend_cpu_size(isa), 64);
        g_assert(isa->cpu_reset(&env->cs, "max"));
    }
    env->cs.isa = isa;
    env->cs.exception_index = EXCP_NONE;
    env->cs.insn_pc = 0;
    env->rip = begin;
    load_state(env, st);

    sigjmp_buf jmp;
    volatile int sig = 0;
    env->cs.jmp_env = &jmp;
    native_init();
    if (sigsetjmp(jmp, 1) == 0) {
        while (env->rip != end) {
            TestBlock *b = find_block(engine, isa, &env->cs, &c, flags);
            if (!b) {
                return -1;
            }
            isa->fp_enter(&env->cs);
            running_env = env;
            tcg_enter(env, &b->code, b->code.entry, &env->cs.returns);
            running_env = NULL;
            isa->fp_leave(&env->cs);
        }
    } else {
        running_env = NULL;
        isa->fp_leave(&env->cs);
        sig = signal_of(env->cs.exception_index);
    }
    save_state(env, st);
    return sig;
}

int x86_interp_run(const uint8_t *code, size_t size, X86TestState *st, uint32_t flags)
{
    return x86_engine_run(interp_engine, code, size, st, flags);
}

static bool quick_engine(TCGContext *ctx, TCGCode *code)
{
    return quick_compile(ctx, code, false) != 0;
}

int x86_quick_run(const uint8_t *code, size_t size, X86TestState *st, uint32_t flags)
{
    return x86_engine_run(quick_engine, code, size, st, flags);
}

// --- comparing ------------------------------------------------------------------------------------

static int diff64(const char *text, const char *reg, unsigned n, uint64_t before, uint64_t expected,
                  uint64_t got)
{
    if (expected == got) {
        return 0;
    }
    fprintf(stderr, "%s: %s%u was %016lx, expected %016lx, got %016lx\n", text, reg, n,
            (unsigned long)before, (unsigned long)expected, (unsigned long)got);
    return 1;
}

int x86_test_diff(const char *text, const X86TestState *before, const X86TestState *expected,
                  const X86TestState *got, uint64_t flags_mask)
{
    const X86TestFX *b = &before->fx, *e = &expected->fx, *g = &got->fx;
    int n = 0;
    for (unsigned i = 0; i < 16; i++) {
        n += diff64(text, "gpr", i, before->gpr[i], expected->gpr[i], got->gpr[i]);
    }
    n += diff64(text, "rflags", 0, before->rflags & flags_mask, expected->rflags & flags_mask,
                got->rflags & flags_mask);
    for (unsigned i = 0; i < 16; i++) {
        n += diff64(text, "xmm.low", i, b->xmm[i][0], e->xmm[i][0], g->xmm[i][0]);
        n += diff64(text, "xmm.high", i, b->xmm[i][1], e->xmm[i][1], g->xmm[i][1]);
        for (unsigned k = 0; k < 2; k++) {
            n += diff64(text, k ? "ymmh.high" : "ymmh.low", i, before->ymmh[i][k],
                        expected->ymmh[i][k], got->ymmh[i][k]);
        }
    }
    n += diff64(text, "mxcsr", 0, b->mxcsr, e->mxcsr, g->mxcsr);
    n += diff64(text, "fcw", 0, b->fcw, e->fcw, g->fcw);
    n += diff64(text, "fsw", 0, b->fsw, e->fsw, g->fsw);
    n += diff64(text, "ftw", 0, b->ftw, e->ftw, g->ftw);
    for (unsigned i = 0; i < 8; i++) {
        n += diff64(text, "st.mant", i, b->st[i].mant, e->st[i].mant, g->st[i].mant);
        n += diff64(text, "st.se", i, b->st[i].se & 0xffff, e->st[i].se & 0xffff,
                    g->st[i].se & 0xffff);
    }
    if (n) {
        fprintf(stderr, "  before: mxcsr %04x fcw %04x fsw %04x ftw %02x rflags %lx\n", b->mxcsr,
                b->fcw, b->fsw, b->ftw, (unsigned long)before->rflags);
        for (unsigned i = 0; i < 4; i++) {
            fprintf(stderr, "  xmm%u %016lx:%016lx  st%u %04x:%016lx\n", i,
                    (unsigned long)b->xmm[i][1], (unsigned long)b->xmm[i][0], i,
                    (unsigned)(b->st[i].se & 0xffff), (unsigned long)b->st[i].mant);
        }
    }
    return n;
}
