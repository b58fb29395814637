// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A64 floating point, every row of a64-fp.decode: random encodings of it, run from states made of special
// values under all rounding modes and with FZ, FZ16, DN and AHP, in three ways that must agree on result,
// FPSR and flags:
//   fast  what the frontend makes, in the interpreter, the quick tier and as LLVM code
//   slow  the same with every operation sent to the exact helper (A64_TB_EXACT_FP)
//   traps in each engine, without tests for NaN: what is invalid traps on the host (runtime/fault-fp.c), and FPSR.UFC
//         may be missing
//   qemu  qemu-aarch64, when it is installed
//
// A64_FP=NAME picks rows, A64_FP_ROUNDS=n sets how many encodings of each are tried.
//
// LINK: myna_runtime myna_frontend_aarch64 myna_helpers myna_tcg myna_tcg2llvm
// TIMEOUT: 300

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "a64-server.h"
#include "quick-memory.h"
#include "frontend/decodetree/pattern-table.h"
#include "frontend/translator.h"
#include "helpers/aarch64/cpu.h"
#include "runtime/fault-fp.h"
#include "tcg/interp.h"
#include "tcg/tcg-op.h"
#include "tcg2llvm/tier-compile.h"
#include "unit-entry.h"

extern const DecodePattern decode_a64_patterns[];
extern const unsigned decode_a64_nb_patterns;

// --- engines -------------------------------------------------------------------------------------

typedef bool Engine(TCGContext *ctx, TCGCode *code);

static bool interp_engine(TCGContext *ctx, TCGCode *code)
{
    static uint64_t buf[1 << 16];
    size_t size = tcg_interp_encode(ctx, code, buf, sizeof buf);
    if (!size) {
        return false;
    }
    code->bytecode = buf;
    code->entry = tcg_interp_exec;
    return true;
}

static bool quick_engine(TCGContext *c, TCGCode *code)
{
    return quick_compile(c, code, false) != 0;
}

// The IR of the unit compiled last, while it is wanted.
static bool ir_wanted;
static char *ir;
static size_t ir_size;

static bool log_wanted(void *opaque, LLVMLogItem item)
{
    (void)opaque;
    return ir_wanted && item == LLVM_LOG_IR;
}

static FILE *log_begin(void *opaque, LLVMLogItem item, uint64_t pc)
{
    (void)opaque;
    (void)item;
    (void)pc;
    free(ir);
    return open_memstream(&ir, &ir_size);
}

static void log_end(void *opaque, FILE *f)
{
    (void)opaque;
    fclose(f);
}

static bool llvm_engine(TCGContext *ctx, TCGCode *code)
{
    static TierCommon common;
    static Compiler *c;
    static LLVMCode *last;
    GError *error = NULL;
    if (!c) {
        LLVMTierOptions options = {0};
        common.opt = options;
        common.opt.verify_ir = true;
        common.host.pc_global = -1;
        common.host.pinned = guest_isa_aarch64.pinned;
        common.host.log_wanted = log_wanted;
        common.host.log_begin = log_begin;
        common.host.log_end = log_end;
        common.jit = tier_make_jit(&options, &error);
        c = common.jit ? compiler_new(&common) : NULL;
        assert_non_null(c);
    }
    CompileBlock block = {.block = {.code = code, .pc = 0x400000, .succ = {-1, -1}},
                          .info = {.pc = 0x400000, .size = 1, .num_insns = 1},
                          .ctx = ctx};
    if (last) {
        llvm_code_free(last);
    }
    last = compiler_run(c, COMPILE_REGION, LLVM_HOT, &block, 1, &error);
    if (!last) {
        tcg_set_error(ctx, "%s", error->message);
        g_error_free(error);
        return false;
    }
    code->entry = test_unit_entry(&last->entries[0]);
    return true;
}

#define TEST_PC 0x400000

static const struct {
    const char *name;
    Engine *make;
} compilers[] = {{"quick", quick_engine}, {"LLVM", llvm_engine}};

static CPUARMState *env;
static TCGContext *ctx;

static size_t fetch(void *opaque, uint64_t pc, uint8_t *buf, size_t len)
{
    if (pc != TEST_PC) { // nothing follows, so all flags are wanted
        return 0;
    }
    memcpy(buf, opaque, len < 4 ? len : 4);
    return len < 4 ? len : 4;
}

static bool translate(Engine *engine, uint32_t insn, uint32_t tb_flags, TCGCode *code)
{
    TBKey key = {.pc = TEST_PC, .flags = tb_flags};
    memset(code, 0, sizeof(*code));
    translator_loop(ctx, &guest_isa_aarch64, code, key,
                    CF_NO_GOTO_TB | CF_NO_GOTO_PTR | 1 << CF_COUNT_SHIFT, fetch, &insn);
    char *fault = ctx->error ? NULL : tcg_verify(ctx);
    if (!ctx->error && !fault) {
        tcg_optimize(ctx);
        tcg_liveness(ctx);
        fault = tcg_verify(ctx);
    }
    bool ok = !ctx->error && !fault && tcg_assign_frame(ctx) && engine(ctx, code);
    if (!ok) {
        fprintf(stderr, "%08x: %s\n", insn, fault ? fault : ctx->error ? ctx->error : "?");
        tcg_dump_ops(ctx, stderr);
    }
    g_free(fault);
    return ok;
}

// --- the host's traps ------------------------------------------------------------------------------

static unsigned traps;

static void on_trap(int sig, siginfo_t *info, void *context)
{
    if (sig == SIGTRAP ? fault_fp_end(context)
                       : fault_fp_begin(context, info, &guest_isa_aarch64)) {
        traps += sig == SIGFPE;
        return;
    }
    static const char text[] = "a trap that is not one of an invalid operation\n";
    _exit(write(2, text, sizeof(text) - 1) > 0);
}

static void run(TCGCode *code, const A64Case *c, A64Result *r)
{
    sigjmp_buf jmp;
    env->cs.jmp_env = &jmp;
    env->cs.exception_index = EXCP_NONE;
    memcpy(env->vregs, c->v, sizeof(c->v));
    env->xregs[0] = 0;
    env->xregs[1] = c->x1;
    env->pc = TEST_PC;
    arm_fpcr_set(env, c->fpcr);
    arm_fpsr_set(env, 0);
    arm_pstate_set(env, c->nzcv);
    memset(r, 0, sizeof(*r));
    guest_isa_aarch64.fp_enter(&env->cs);
    if (sigsetjmp(jmp, 1) == 0) {
        tcg_enter(env, code, code->entry, &env->cs.returns);
    } else {
        r->undefined = env->cs.exception_index == EXCP_UDEF;
    }
    guest_isa_aarch64.fp_leave(&env->cs);
    memcpy(r->v0, &env->vregs[0], 16);
    r->x0 = env->xregs[0];
    r->fpsr = arm_fpsr_get(env);
    r->nzcv = arm_pstate_get(env);
}

// --- the reference ---------------------------------------------------------------------------------

static int to_server = -1, from_server = -1;
static pid_t server;

static bool start_server(void)
{
    g_autofree char *here = g_path_get_dirname(__FILE__);
    g_autofree char *dir = g_dir_make_tmp("a64-fp-XXXXXX", NULL);
    g_autofree char *program = g_strdup_printf("%s/server", dir);
    g_autofree char *command = g_strdup_printf(
        "clang-19 --target=aarch64-linux-gnu -O1 -ffreestanding -fno-stack-protector -nostdlib "
        "-static -fuse-ld=lld -Wl,-e,_start %s/a64-server.c -o %s",
        here, program);
    int in[2], out[2];
    if (system("command -v qemu-aarch64 >/dev/null 2>&1") != 0 || system(command) != 0) {
        return false;
    }
    if (pipe(in) != 0 || pipe(out) != 0) {
        return false;
    }
    server = fork();
    if (server == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        execlp("qemu-aarch64", "qemu-aarch64", "-cpu", "max", program, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    to_server = in[1];
    from_server = out[0];
    signal(SIGPIPE, SIG_IGN);
    return true;
}

static bool ask(uint32_t insn, const A64Case *cases, A64Result *results, unsigned n)
{
    A64Request q = {insn, n};
    size_t size = n * sizeof(*results), got = 0;
    if (write(to_server, &q, sizeof q) != (ssize_t)sizeof q ||
        write(to_server, cases, n * sizeof(*cases)) != (ssize_t)(n * sizeof(*cases))) {
        return false;
    }
    while (got < size) {
        ssize_t k = read(from_server, (char *)results + got, size - got);
        if (k <= 0) {
            return false;
        }
        got += (size_t)k;
    }
    return true;
}

// --- states ----------------------------------------------------------------------------------------

static uint64_t rng_state = 0x9e3779b97f4a7c15;
static uint64_t rnd(void)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return rng_state;
}

static const uint16_t special16[] = {
    0x0000, 0x0001, 0x0002, 0x03ff, 0x0200, 0x0400, 0x0401, 0x07ff, 0x1400, 0x3800, 0x3bff,
    0x3c00, 0x3c01, 0x3e00, 0x4000, 0x4200, 0x4900, 0x5bff, 0x6400, 0x6800, 0x7400, 0x77ff,
    0x7800, 0x7bff, 0x7c00, 0x7c01, 0x7d55, 0x7e00, 0x7e33, 0x7fff, 0x3555, 0x0c00};
static const uint32_t special32[] = {
    0x00000000, 0x00000001, 0x00000002, 0x00400000, 0x007fffff, 0x007ffffe, 0x00800000, 0x00800001,
    0x00ffffff, 0x01000000, 0x1f800000, 0x20000000, 0x33000000, 0x33800000, 0x387fe000, 0x38800000,
    0x3effffff, 0x3f000000, 0x3f000001, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x3fc00000, 0x40000000,
    0x40200000, 0x40400000, 0x41200000, 0x477fe000, 0x477ff000, 0x4b000001, 0x4b7fffff, 0x4effffff,
    0x4f000000, 0x4f7fffff, 0x4f800000, 0x5effffff, 0x5f000000, 0x5f7fffff, 0x5f800000, 0x7e800000,
    0x7f000000, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fa00055, 0x7fc00000, 0x7fc12345, 0x7fffffff,
    0x3eaaaaab, 0x34000000, 0x40490fdb, 0x0b800000};
static const uint64_t special64[] = {
    0x0000000000000000, 0x0000000000000001, 0x0008000000000000, 0x000fffffffffffff,
    0x0010000000000000, 0x0010000000000001, 0x001fffffffffffff, 0x1ff0000000000000,
    0x2000000000000000, 0x36a0000000000000, 0x3690000000000001, 0x380fffffffffffff,
    0x380ffffff0000000, 0x3810000000000000, 0x3800000000000000, 0x3e70000000000000,
    0x3f0fffffffffffff, 0x3fdfffffffffffff, 0x3fe0000000000000, 0x3fe0000000000001,
    0x3fefffffffffffff, 0x3ff0000000000000, 0x3ff0000000000001, 0x3ff8000000000000,
    0x4000000000000000, 0x4004000000000000, 0x4008000000000000, 0x40effc0000000000,
    0x40effe0000000000, 0x41dfffffff800000, 0x41dfffffffc00000, 0x41e0000000000000,
    0x41e0000000100000, 0x41efffffffe00000, 0x41effffffff00000, 0x41f0000000000000,
    0x41f0000000080000, 0x4330000000000001, 0x433fffffffffffff, 0x43dfffffffffffff,
    0x43e0000000000000, 0x43efffffffffffff, 0x43f0000000000000, 0x44a123456789abcd,
    0x47efffffe0000000, 0x47effffff0000000, 0x7fd0000000000000, 0x7fe0000000000000,
    0x7fefffffffffffff, 0x7ff0000000000000, 0x7ff0000000000001, 0x7ff4000000000055,
    0x7ff8000000000000, 0x7ff8000123456789, 0x7fffffffffffffff, 0x3fd5555555555555};

static uint64_t special(unsigned esz)
{
    uint64_t r = rnd(), sign = r & 1;
    switch (esz) {
    case 1:
        return (r & 14 ? special16[(r >> 8) % G_N_ELEMENTS(special16)] : r >> 48 & 0x7fff) |
               sign << 15;
    case 2: return (r & 14 ? special32[(r >> 8) % G_N_ELEMENTS(special32)] : r >> 33) | sign << 31;
    default: return (r & 14 ? special64[(r >> 8) % G_N_ELEMENTS(special64)] : r >> 1) | sign << 63;
    }
}

static void random_vector(uint64_t v[2], unsigned esz)
{
    if (rnd() % 5 == 0) {
        esz = 1 + (unsigned)(rnd() % 3);
    }
    for (unsigned i = 0; i < 16u >> esz; i++) {
        uint64_t x = special(esz);
        unsigned at = i * (8u << esz);
        v[at / 64] = (at % 64 ? v[at / 64] : 0) | x << at % 64;
    }
}

// Factors whose product is just below the smallest normal number: tiny before rounding, not after it.
static void tiny_product(A64Case *c, unsigned esz)
{
    static const uint64_t factors[4][2] = {[1] = {0x3801380138013801, 0x07fe07fe07fe07fe},
                                           [2] = {0x3f0000013f000001, 0x00fffffe00fffffe},
                                           [3] = {0x3fe0000000000001, 0x001ffffffffffffe}};
    for (unsigned i = 0; i < 2; i++) {
        uint64_t signs = rnd();
        for (unsigned lane = 0; lane < 2; lane++) {
            c->v[1 + i][lane] = factors[esz][i] ^ (signs >> lane & 1) << 63;
        }
    }
    memset(c->v[3], 0, sizeof c->v[3]);
    if (rnd() & 1) {
        memset(c->v[0], 0, sizeof c->v[0]);
    }
}

static void random_case(A64Case *c, unsigned esz, uint32_t fpcr)
{
    for (unsigned i = 0; i < 4; i++) {
        random_vector(c->v[i], esz);
    }
    if (rnd() % 8 == 0) {
        tiny_product(c, esz);
    }
    static const uint64_t ints[] = {0,
                                    1,
                                    0x7fffffff,
                                    0x80000000,
                                    0xffffffff,
                                    0x7fffffffffffffff,
                                    0x8000000000000000,
                                    0xffffffffffffffff,
                                    0x7fffff80,
                                    0x1000001,
                                    0x20000000000001,
                                    0x40000040000001,
                                    0xfffffffffffffbff};
    uint64_t r = rnd();
    c->x1 = r & 1 ? ints[(r >> 8) % G_N_ELEMENTS(ints)] : rnd() >> (r >> 8 & 63);
    c->fpcr = fpcr | (uint32_t)(rnd() & 3) << 22;
    c->nzcv = (uint32_t)(rnd() & 15) << 28;
}

// --- comparing ---------------------------------------------------------------------------------------

static unsigned faults;

static bool same(const A64Result *a, const A64Result *b)
{
    return a->undefined == b->undefined &&
           (a->undefined || (a->v0[0] == b->v0[0] && a->v0[1] == b->v0[1] && a->x0 == b->x0 &&
                             a->fpsr == b->fpsr && a->nzcv == b->nzcv));
}

static void show(const char *who, const A64Result *r)
{
    fprintf(stderr, "  %-8s v0 %016lx:%016lx x0 %016lx fpsr %08x nzcv %08x%s\n", who,
            (unsigned long)r->v0[1], (unsigned long)r->v0[0], (unsigned long)r->x0, r->fpsr,
            r->nzcv, r->undefined ? " undefined" : "");
}

static void report(const DecodePattern *p, uint32_t insn, const A64Case *c, const char *a,
                   const A64Result *ra, const char *b, const A64Result *rb)
{
    if (faults++ > 40) {
        return;
    }
    fprintf(stderr, "%s (line %u) %08x fpcr %08x nzcv %08x x1 %016lx\n", p->name, p->line, insn,
            c->fpcr, c->nzcv, (unsigned long)c->x1);
    for (unsigned i = 0; i < 4; i++) {
        fprintf(stderr, "  v%u %016lx:%016lx\n", i, (unsigned long)c->v[i][1],
                (unsigned long)c->v[i][0]);
    }
    show(a, ra);
    show(b, rb);
}

static uint32_t tb_flags_of(uint32_t fpcr)
{
    CPUARMState s = {.fpcr = fpcr, .model = env->model};
    return guest_isa_aarch64.get_tb_key(&s.cs).flags;
}

// Where QEMU 7.2 is not right.
static bool qemu_errs(const DecodePattern *p, uint32_t insn, const A64Result *qemu)
{
    // FPToFixedJS: a denormal that was flushed is not exact, whatever its sign.
    if (strcmp(p->name, "FJCVTZS") == 0) {
        return qemu->fpsr & FPSR_IDC;
    }
    // FCVTZS Hd, Hn, #fbits: the bits above the half are zero, not its sign.
    return strcmp(p->name, "FCVTZS_vf") == 0 && (insn & 0x50600000) == 0x50000000 &&
           qemu->v0[0] >> 16;
}

enum { CASES = 48 };

// The same without tests for NaN, in the interpreter and perhaps the other engines.  The tininess before
// rounding that they leave out is no other flag's.
static void test_traps(const DecodePattern *p, uint32_t insn, bool compile, const A64Case *cases,
                       const A64Result *expected)
{
    for (unsigned e = 0; e < (compile ? 1 + G_N_ELEMENTS(compilers) : 1); e++) {
        TCGCode code;
        env->fp_shortcuts = A64_TB_FP_SHORTCUTS;
        assert_true(translate(e ? compilers[e - 1].make : interp_engine, insn,
                              tb_flags_of(cases[0].fpcr) | A64_TB_FP_SHORTCUTS, &code));
        for (unsigned i = 0; i < CASES; i++) {
            A64Result got;
            env->fp_shortcuts = A64_TB_FP_SHORTCUTS;
            run(&code, &cases[i], &got);
            got.fpsr |= expected[i].fpsr & FPSR_UFC;
            if (!same(&expected[i], &got)) {
                report(p, insn, &cases[i], "tested", &expected[i],
                       e ? compilers[e - 1].name : "interp", &got);
            }
        }
    }
    env->fp_shortcuts = 0;
}

// With `compile`, other engines too, under one of the modes.
static void test_insn(const DecodePattern *p, uint32_t insn, bool compile)
{
    static const uint32_t modes[] = {
        0, 0, FPCR_DN, FPCR_FZ, FPCR_FZ16, FPCR_AHP, FPCR_FZ | FPCR_DN | FPCR_FZ16 | FPCR_AHP};
    static A64Case cases[CASES];
    static A64Result fast[CASES], other[CASES];
    const unsigned with = (unsigned)(rnd() % 4); // the others differ in helper calls alone
    for (unsigned m = 0; m < G_N_ELEMENTS(modes); m++) {
        TCGCode code;
        env->fp_shortcuts = 0;
        uint32_t flags = tb_flags_of(modes[m]);
        unsigned esz = 1 + (unsigned)(rnd() % 3);
        for (unsigned i = 0; i < CASES; i++) {
            random_case(&cases[i], i % 2 ? esz : 1 + i / 2 % 3, modes[m]);
        }
        assert_true(translate(interp_engine, insn, flags, &code));
        for (unsigned i = 0; i < CASES; i++) {
            run(&code, &cases[i], &fast[i]);
        }
        assert_true(translate(interp_engine, insn, flags | A64_TB_EXACT_FP, &code));
        for (unsigned i = 0; i < CASES; i++) {
            run(&code, &cases[i], &other[i]);
            if (!same(&fast[i], &other[i])) {
                report(p, insn, &cases[i], "fast", &fast[i], "slow", &other[i]);
            }
        }
        for (unsigned e = 0; e < G_N_ELEMENTS(compilers) && compile && m == with; e++) {
            assert_true(translate(compilers[e].make, insn, flags, &code));
            for (unsigned i = 0; i < CASES; i++) {
                run(&code, &cases[i], &other[i]);
                if (!same(&fast[i], &other[i])) {
                    report(p, insn, &cases[i], "interp", &fast[i], compilers[e].name, &other[i]);
                }
            }
        }
        test_traps(p, insn, compile && m == 0, cases, fast);
        if (server) {
            assert_true(ask(insn, cases, other, CASES));
            for (unsigned i = 0; i < CASES; i++) {
                if (!same(&fast[i], &other[i]) && !qemu_errs(p, insn, &other[i])) {
                    report(p, insn, &cases[i], "myna", &fast[i], "qemu", &other[i]);
                }
            }
        }
    }
}

// Rd, Rn, Rm and Ra are 0, 1, 2, 3 (half-precision elements have a field of four bits for Rm).
static uint32_t random_insn(const DecodePattern *p)
{
    uint32_t insn = p->fixedbits | ((uint32_t)rnd() & ~p->fixedmask);
    for (unsigned i = 0; i < p->nb_fields; i++) {
        const DecodeField *f = &p->fields[i];
        static const struct {
            const char *name;
            unsigned value;
        } regs[] = {{"rd", 0}, {"rn", 1}, {"rm", 2}, {"ra", 3}};
        for (unsigned k = 0; k < G_N_ELEMENTS(regs); k++) {
            if (strcmp(f->name, regs[k].name) == 0 && f->nb_subs == 1) {
                uint32_t mask = ((1u << f->subs[0].len) - 1) << f->subs[0].pos;
                insn = (insn & ~mask) | (regs[k].value << f->subs[0].pos & mask);
            }
        }
    }
    return insn;
}

static void test_rows(void **state)
{
    (void)state;
    // Cmocka has handlers of its own around each test.
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGFPE, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    const char *pick = getenv("A64_FP"), *rounds_text = getenv("A64_FP_ROUNDS");
    unsigned rounds = rounds_text ? (unsigned)atoi(rounds_text) : 6, rows = 0;
    for (unsigned i = 0; i < decode_a64_nb_patterns; i++) {
        const DecodePattern *p = &decode_a64_patterns[i];
        if (!g_str_has_suffix(p->file, "a64-fp.decode") || (pick && !strstr(p->name, pick))) {
            continue;
        }
        rows++;
        for (unsigned k = 0; k < rounds; k++) {
            test_insn(p, random_insn(p), k < 2);
        }
    }
    assert_true(rows > 0);
    assert_true(pick || traps > 1000);
    assert_int_equal(faults, 0);
}

// Vector code comes out as vector IR.
static void test_vector_ir(void **state)
{
    (void)state;
    static const struct {
        uint32_t insn;
        const char *text, *ir;
    } rows[] = {
        {0x4e22d420, "fadd v0.4s, v1.4s, v2.4s", "constrained.fadd.v4f32"},
        {0x0ea2d420, "fsub v0.2s, v1.2s, v2.2s", "constrained.fsub.v4f32"},
        {0x6e62dc20, "fmul v0.2d, v1.2d, v2.2d", "constrained.fmul.v2f64"},
        {0x4fa29020, "fmul v0.4s, v1.4s, v2.s[1]", "constrained.fmul.v4f32"},
        {0x4e22cc20, "fmla v0.4s, v1.4s, v2.4s", "constrained.fma.v4f32"},
        {0x6e22e420, "fcmge v0.4s, v1.4s, v2.4s", "constrained.fcmps.v4f32"},
        {0x4e62e420, "fcmeq v0.2d, v1.2d, v2.2d", "constrained.fcmp.v2f64"},
        {0x6e62fc20, "fdiv v0.2d, v1.2d, v2.2d", "constrained.fdiv.v2f64"},
        {0x6ea1f820, "fsqrt v0.4s, v1.4s", "constrained.sqrt.v4f32"},
        {0x4e22f420, "fmax v0.4s, v1.4s, v2.4s", "llvm.x86.sse.max.ps"},
        {0x6e22d420, "faddp v0.4s, v1.4s, v2.4s", "constrained.fadd.v4f32"},
        {0x4e21d820, "scvtf v0.4s, v1.4s", "constrained.sitofp.v4f32"},
        {0x4ea1b820, "fcvtzs v0.4s, v1.4s", "llvm.x86.sse2.cvttps2dq"},
        {0x0e617820, "fcvtl v0.2d, v1.2s", "constrained.fpext.v2f64"},
        {0x0e616820, "fcvtn v0.2s, v1.2d", "constrained.fptrunc.v2f32"},
        {0x4e218820, "frintn v0.4s, v1.4s", "constrained.roundeven.v4f32"},
        {0x1f428c20, "fmsub d0, d1, d2, d3", "constrained.fma.f64"},
    };
    unsigned wrong = 0;
    ir_wanted = true;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        TCGCode code;
        assert_true(translate(llvm_engine, rows[i].insn, tb_flags_of(0), &code));
        if (!strstr(ir, rows[i].ir)) {
            wrong++;
            fprintf(stderr, "%s: no \"%s\" in\n%s\n", rows[i].text, rows[i].ir, ir);
        }
    }
    ir_wanted = false;
    assert_int_equal(wrong, 0);
}

static int set_up(void **state)
{
    (void)state;
    guest_isa_aarch64.init();
    ctx = frontend_context_new(&guest_isa_aarch64);
    env = g_aligned_alloc0(1, frontend_cpu_size(&guest_isa_aarch64), 64);
    if (!guest_isa_aarch64.cpu_reset(&env->cs, "max")) {
        return 1;
    }
    if (!start_server()) {
        fprintf(stderr, "no qemu-aarch64 or no cross compiler: fast and slow paths alone\n");
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (server) {
        close(to_server);
        waitpid(server, NULL, 0);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_vector_ir)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
