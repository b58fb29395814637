// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A64 AdvSIMD on integers and cryptography.  Each instruction of a64-simd-cases.h, in the interpreter and as
// LLVM code, gives what qemu-aarch64 gave; vector instructions become vector IR without helpers; loads and
// stores move what a loop over elements moves; encodings that are reserved are refused; the portable
// cryptographic helpers agree with the host's instructions.
//
// A64_SIMD=text picks instructions.
//
// LINK: myna_frontend_aarch64 myna_helpers myna_tcg myna_tcg2llvm
// TIMEOUT: 300

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/translator.h"
#include "helpers/aarch64/cpu.h"
#include "tcg/interp.h"
#include "tcg/tcg-op.h"
#include "tcg2llvm/tier-compile.h"
#include "unit-entry.h"

enum { STATES = 2 };

typedef struct Result {
    uint64_t low, high, x0, qc;
} Result;

typedef struct Case {
    uint32_t insn;
    const char *text;
    Result expected[STATES];
} Case;

static const Case cases[] = {
#define CASE(insn, text, ...) {insn, text, {__VA_ARGS__}},
#include "a64-simd-cases.h"
#undef CASE
};

static CPUARMState *env;
static TCGContext *ctx;
static unsigned faults;

static bool picked(const char *text)
{
    const char *pick = getenv("A64_SIMD");
    return !pick || strstr(text, pick);
}

// --- engines -------------------------------------------------------------------------------------

typedef bool Engine(TCGContext *ctx, TCGCode *code);

static bool interp_engine(TCGContext *c, TCGCode *code)
{
    static uint64_t buf[1 << 16];
    if (!tcg_interp_encode(c, code, buf, sizeof buf)) {
        return false;
    }
    code->bytecode = buf;
    code->entry = tcg_interp_exec;
    return true;
}

// The unit's IR as lowered, while it is wanted.
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

static bool llvm_engine(TCGContext *c, TCGCode *code)
{
    static TierCommon common;
    static Compiler *compiler;
    GError *error = NULL;
    if (!compiler) {
        LLVMTierOptions options = {0};
        common.opt = options;
        common.opt.verify_ir = true;
        common.host.pc_global = -1;
        common.host.pinned = guest_isa_aarch64.pinned;
        common.host.log_wanted = log_wanted;
        common.host.log_begin = log_begin;
        common.host.log_end = log_end;
        common.jit = tier_make_jit(&options, &error);
        compiler = common.jit ? compiler_new(&common) : NULL;
        assert_non_null(compiler);
    }
    CompileBlock block = {.block = {.code = code, .pc = 0x400000, .succ = {-1, -1}},
                          .info = {.pc = 0x400000, .size = 1, .num_insns = 1},
                          .ctx = c};
    LLVMCode *unit = compiler_run(compiler, COMPILE_REGION, LLVM_HOT, &block, 1, &error);
    if (!unit) {
        tcg_set_error(c, "%s", error->message);
        g_error_free(error);
        return false;
    }
    static GPtrArray *units; // reachable for the life of the program
    units = units ? units : g_ptr_array_new();
    g_ptr_array_add(units, unit);
    code->entry = test_unit_entry(&unit->entries[0]);
    return true;
}

static const struct {
    const char *name;
    Engine *make;
} engines[] = {{"interpreter", interp_engine}, {"LLVM", llvm_engine}};

#define TEST_PC 0x400000

typedef struct Guest {
    const uint32_t *insns;
    unsigned n;
} Guest;

static size_t fetch(void *opaque, uint64_t pc, uint8_t *buf, size_t len)
{
    const Guest *g = opaque;
    size_t at = pc - TEST_PC, size = g->n * sizeof *g->insns, n = at < size ? size - at : 0;
    n = n < len ? n : len;
    memcpy(buf, (const uint8_t *)g->insns + (n ? at : 0), n);
    return n;
}

static void translate_block(Engine *engine, const uint32_t *insns, unsigned n, TCGCode *code)
{
    TBKey key = guest_isa_aarch64.get_tb_key(&env->cs);
    Guest guest = {insns, n};
    key.pc = TEST_PC;
    memset(code, 0, sizeof(*code));
    translator_loop(ctx, &guest_isa_aarch64, code, key,
                    CF_TAGGED | CF_NO_GOTO_TB | CF_NO_GOTO_PTR | n << CF_COUNT_SHIFT, fetch,
                    &guest);
    char *fault = ctx->error ? NULL : tcg_verify(ctx);
    if (!ctx->error && !fault) {
        tcg_optimize(ctx);
        tcg_liveness(ctx);
        fault = tcg_verify(ctx);
    }
    if (ctx->error || fault || !tcg_assign_frame(ctx) || !engine(ctx, code)) {
        tcg_dump_ops(ctx, stderr);
        fail_msg("%08x: %s", *insns, fault ? fault : ctx->error ? ctx->error : "?");
    }
}

static void translate(Engine *engine, uint32_t insn, TCGCode *code)
{
    translate_block(engine, &insn, 1, code);
}

// false when the instruction is undefined.
static bool run(TCGCode *code)
{
    sigjmp_buf jmp;
    volatile bool defined = true;
    env->cs.jmp_env = &jmp;
    env->cs.exception_index = EXCP_NONE;
    env->pc = TEST_PC;
    env->fpsr = 0;
    guest_isa_aarch64.fp_enter(&env->cs);
    if (sigsetjmp(jmp, 0) == 0) {
        tcg_enter(env, code, code->entry, &env->cs.returns);
    } else {
        assert_int_equal(env->cs.exception_index, EXCP_UDEF);
        defined = false;
    }
    guest_isa_aarch64.fp_leave(&env->cs);
    return defined;
}

// --- states: as class Numbers in a64-simd-cases.py ---------------------------------------------------

static uint64_t next_number(uint64_t *x)
{
    uint64_t z = *x += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static uint64_t next_value(uint64_t *x)
{
    unsigned kind = next_number(x) & 3;
    if (kind == 3) {
        return next_number(x);
    }
    unsigned width = 8u << kind;
    uint64_t v = 0, top = 1ull << (width - 1), all = 2 * top - 1;
    for (unsigned at = 0; at < 64; at += width) {
        uint64_t r = next_number(x);
        const uint64_t edges[8] = {0, 1, top - 1, top, all, width, -(uint64_t)width & all, top + 1};
        v |= (r & 1 ? edges[r >> 1 & 7] : r >> 8 & all) << at;
    }
    return v;
}

static void make_state(uint32_t insn, unsigned k)
{
    uint64_t x = (uint64_t)insn * STATES + k;
    memset(env->vregs, 0x5a, sizeof env->vregs);
    memset(env->xregs, 0, sizeof env->xregs);
    for (unsigned i = 0; i < 8; i++) {
        env->vregs[i / 2].q[i & 1] = next_value(&x);
    }
    env->xregs[1] = next_value(&x);
    arm_fpsr_set(env, 0);
}

// --- the table -----------------------------------------------------------------------------------------

static void check_case(const Case *c, const char *engine, unsigned k)
{
    const Result *e = &c->expected[k];
    Result got = {env->vregs[0].q[0], env->vregs[0].q[1], env->xregs[0],
                  (arm_fpsr_get(env) & FPSR_QC) != 0};
    uint32_t fpsr = arm_fpsr_get(env) & ~FPSR_QC;
    if (memcmp(&got, e, sizeof got) == 0 && !fpsr) {
        return;
    }
    faults++;
    fprintf(stderr, "%s (%08x), %s, state %u:\n", c->text, c->insn, engine, k);
    fprintf(stderr, "  expected V0 %016lx%016lx X0 %lx QC %lu\n", e->high, e->low, e->x0, e->qc);
    fprintf(stderr, "  got      V0 %016lx%016lx X0 %lx QC %lu FPSR %x\n", got.high, got.low, got.x0,
            got.qc, fpsr);
    make_state(c->insn, k);
    for (unsigned i = 0; i < 4; i++) {
        fprintf(stderr, "  V%u was %016lx%016lx\n", i, env->vregs[i].q[1], env->vregs[i].q[0]);
    }
}

static void test_table(void **state)
{
    (void)state;
    faults = 0;
    for (const Case *c = cases; c < cases + G_N_ELEMENTS(cases); c++) {
        for (unsigned i = 0; picked(c->text) && i < G_N_ELEMENTS(engines); i++) {
            TCGCode code;
            translate(engines[i].make, c->insn, &code);
            for (unsigned k = 0; k < STATES; k++) {
                make_state(c->insn, k);
                assert_true(run(&code));
                check_case(c, engines[i].name, k);
            }
        }
    }
    assert_int_equal(faults, 0);
}

// --- the IR --------------------------------------------------------------------------------------------

static bool may_call(const char *text)
{
    static const char *const names[] = {"aes", "sha", "sm3", "sm4", "pmull v0.1q", "pmull2 v0.1q"};
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_has_prefix(text, names[i])) {
            return true;
        }
    }
    return false;
}

// Nothing but cryptography is a helper call.
static void test_no_helpers(void **state)
{
    (void)state;
    ir_wanted = true;
    faults = 0;
    for (const Case *c = cases; c < cases + G_N_ELEMENTS(cases); c++) {
        if (!picked(c->text) || may_call(c->text)) {
            continue;
        }
        TCGCode code;
        translate(llvm_engine, c->insn, &code);
        if (strstr(ir, "helper_a64")) {
            faults++;
            fprintf(stderr, "%s calls a helper:\n%s\n", c->text, ir);
        }
    }
    ir_wanted = false;
    assert_int_equal(faults, 0);
}

static void test_vector_ir(void **state)
{
    (void)state;
    // clang-format off
    static const struct {
        uint32_t insn;
        const char *text, *ir[3];
    } rows[] = {
        {0x4e228420, "add v0.16b, v1.16b, v2.16b", {"add <16 x i8>"}},
        {0x6ee28420, "sub v0.2d, v1.2d, v2.2d", {"sub <2 x i64>"}},
        {0x4e629c20, "mul v0.8h, v1.8h, v2.8h", {"mul <8 x i16>"}},
        {0x4ea29420, "mla v0.4s, v1.4s, v2.4s", {"mul <4 x i32>", "add <4 x i32>"}},
        {0x6e221c20, "eor v0.16b, v1.16b, v2.16b", {"xor <2 x i64>"}},
        {0x4ea23420, "cmgt v0.4s, v1.4s, v2.4s", {"icmp sgt <4 x i32>", "sext <4 x i1>"}},
        {0x6e228c20, "cmeq v0.16b, v1.16b, v2.16b", {"icmp eq <16 x i8>"}},
        {0x4e626420, "smax v0.8h, v1.8h, v2.8h", {"@llvm.smax.v8i16"}},
        {0x4e220c20, "sqadd v0.16b, v1.16b, v2.16b", {"@llvm.sadd.sat.v16i8"}},
        {0x4e823820, "zip1 v0.4s, v1.4s, v2.4s", {"shufflevector <4 x i32>"}},
        {0x4e025820, "uzp2 v0.16b, v1.16b, v2.16b", {"shufflevector <16 x i8>"}},
        {0x4e422820, "trn1 v0.8h, v1.8h, v2.8h", {"shufflevector <8 x i16>"}},
        {0x6e021820, "ext v0.16b, v1.16b, v2.16b, #3", {"shufflevector <16 x i8>"}},
        {0x4e200820, "rev64 v0.16b, v1.16b", {"shufflevector <16 x i8>"}},
        {0x0e22c020, "smull v0.8h, v1.8b, v2.8b", {"sext <8 x i8>", "mul <8 x i16>"}},
        {0x6e620020, "uaddl2 v0.4s, v1.8h, v2.8h", {"zext <4 x i16>", "add <4 x i32>"}},
        {0x0e612820, "xtn v0.4h, v1.4s", {"trunc <4 x i32>"}},
        {0x4f1c0420, "sshr v0.8h, v1.8h, #4", {"ashr <8 x i16>"}},
        {0x6ea24420, "ushl v0.4s, v1.4s, v2.4s", {"shl <4 x i32>", "lshr <4 x i32>"}},
        {0x4e205820, "cnt v0.16b, v1.16b", {"@llvm.ctpop.v16i8"}},
        {0x4c407820, "ld1 {v0.4s}, [x1]", {"<2 x i64>"}},
        {0x4c408820, "ld2 {v0.4s, v1.4s}, [x1]", {"shufflevector <4 x i32>"}},
    };
    // clang-format on
    ir_wanted = true;
    faults = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        TCGCode code;
        translate(llvm_engine, rows[i].insn, &code);
        for (unsigned k = 0; k < 3 && rows[i].ir[k]; k++) {
            if (!strstr(ir, rows[i].ir[k])) {
                faults++;
                fprintf(stderr, "%s: no \"%s\" in\n%s\n", rows[i].text, rows[i].ir[k], ir);
            }
        }
    }
    ir_wanted = false;
    assert_int_equal(faults, 0);
}

// --- loads and stores -------------------------------------------------------------------------------------

static uint8_t memory[512], memory_before[512];
static V128 regs[32]; // of the model

static unsigned bits(uint32_t insn, unsigned pos, unsigned len)
{
    return insn >> pos & ((1u << len) - 1);
}

static void model_element(bool load, unsigned reg, unsigned lane, unsigned size, uint8_t *m)
{
    uint8_t *r = &regs[reg % 32].b[lane * size];
    memcpy(load ? r : m, load ? m : r, size);
}

static void model_clear(unsigned reg, unsigned from)
{
    memset(&regs[reg % 32].b[from], 0, 16 - from);
}

// LD1 .. LD4, ST1 .. ST4 of whole registers; gives the bytes that were moved.
static unsigned model_multiple(uint32_t insn, uint8_t *m)
{
    static const uint8_t shapes[16][2] = {[0] = {1, 4}, [2] = {4, 1}, [4] = {1, 3}, [6] = {3, 1},
                                          [7] = {1, 1}, [8] = {1, 2}, [10] = {2, 1}};
    unsigned rpt = shapes[bits(insn, 12, 4)][0], selem = shapes[bits(insn, 12, 4)][1];
    unsigned size = 1u << bits(insn, 10, 2), bytes = bits(insn, 30, 1) ? 16 : 8;
    bool load = bits(insn, 22, 1);
    uint8_t *at = m;
    for (unsigned r = 0; r < rpt; r++) {
        for (unsigned e = 0; e < bytes / size; e++) {
            for (unsigned s = 0; s < selem; s++, at += size) {
                model_element(load, bits(insn, 0, 5) + r + s, e, size, at);
            }
        }
    }
    for (unsigned r = 0; load && r < rpt * selem; r++) {
        model_clear(bits(insn, 0, 5) + r, bytes);
    }
    return (unsigned)(at - m);
}

// One lane of each, or a lane to all.
static unsigned model_single(uint32_t insn, uint8_t *m)
{
    unsigned opcode = bits(insn, 13, 3), selem = 1 + (opcode & 1) * 2 + bits(insn, 21, 1);
    unsigned scale = opcode >> 1, lane = bits(insn, 30, 1) << 3 | bits(insn, 10, 3);
    bool load = bits(insn, 22, 1), replicate = scale == 3;
    if (replicate) {
        scale = bits(insn, 10, 2);
    } else if (scale == 2 && bits(insn, 10, 1)) {
        scale = 3;
    }
    lane >>= scale;
    for (unsigned s = 0; s < selem; s++) {
        unsigned reg = bits(insn, 0, 5) + s;
        for (unsigned e = replicate ? 0 : lane; e < (replicate ? 16u >> scale : lane + 1); e++) {
            model_element(load, reg, e, 1u << scale, m + (s << scale));
        }
        if (replicate && !bits(insn, 30, 1)) {
            model_clear(reg, 8);
        }
    }
    return selem << scale;
}

static bool load_store_defined(uint32_t insn)
{
    unsigned opcode = bits(insn, 12, 4), size = bits(insn, 10, 2), s = bits(insn, 12, 1);
    if (!bits(insn, 24, 1)) {
        bool shape = 0x5d5 >> opcode & 1;
        bool one = opcode == 2 || opcode == 6 || opcode == 7 || opcode == 10;
        return (shape && (one || size < 3 || bits(insn, 30, 1)));
    }
    switch (bits(insn, 14, 2)) {
    case 0: return true;
    case 1: return !(size & 1);
    case 2: return size == 0 || (size == 1 && !s);
    default: return bits(insn, 22, 1) && !s;
    }
}

static void check_load_store(uint32_t insn, const char *engine, unsigned moved, uint64_t base)
{
    uint64_t step = !bits(insn, 23, 1) ? 0 : bits(insn, 16, 5) == 31 ? moved : env->xregs[2];
    bool ok = memcmp(regs, env->vregs, sizeof regs) == 0 && env->xregs[1] == base + step;
    if (!ok) {
        faults++;
        fprintf(stderr, "%08x, %s: registers differ, base moved by %ld\n", insn, engine,
                (long)(env->xregs[1] - base));
    }
}

static void test_structures(void **state)
{
    (void)state;
    uint64_t x = 1;
    unsigned defined = 0;
    faults = 0;
    for (unsigned i = 0; i < 600; i++) {
        uint64_t r = next_number(&x);
        // Q, single, post-index, L, R, Rm 2 or 31, opcode, S, size, Rt; the base is X1.
        uint32_t insn = 0x0c000020 | (r & 1) << 30 | (r >> 1 & 1) << 24 | (r >> 2 & 1) << 23 |
                        (r >> 3 & 1) << 22 | (r >> 10 & 0x3f) << 10 | (r >> 16 & 31);
        if (bits(insn, 23, 1)) {
            insn |= (r >> 30 & 1 ? 31u : 2u) << 16;
        }
        if (bits(insn, 24, 1)) {
            insn |= (r >> 31 & 1) << 21;
        }
        for (unsigned k = 0; k < (i % 4 ? 1 : 2); k++) {
            TCGCode code;
            make_state(insn, 0);
            for (unsigned n = 0; n < 32; n++) {
                env->vregs[n].q[0] = next_number(&x);
                env->vregs[n].q[1] = next_number(&x);
            }
            for (unsigned n = 0; n < sizeof memory; n++) {
                memory_before[n] = (uint8_t)next_number(&x);
            }
            uint64_t base = (uint64_t)(uintptr_t)memory + 65;
            env->xregs[1] = base;
            env->xregs[2] = next_number(&x);
            translate(engines[k].make, insn, &code);
            memcpy(memory, memory_before, sizeof memory);
            memcpy(regs, env->vregs, sizeof regs);
            if (run(&code) != load_store_defined(insn)) {
                faults++;
                fprintf(stderr, "%08x is%s defined\n", insn,
                        load_store_defined(insn) ? "" : " not");
                continue;
            }
            if (!load_store_defined(insn)) {
                continue;
            }
            defined++;
            uint8_t *m = memory_before + 65;
            unsigned moved = bits(insn, 24, 1) ? model_single(insn, m) : model_multiple(insn, m);
            check_load_store(insn, engines[k].name, moved, base);
            if (memcmp(memory, memory_before, sizeof memory) != 0) {
                faults++;
                fprintf(stderr, "%08x, %s: memory differs\n", insn, engines[k].name);
            }
        }
    }
    assert_true(defined > 100);
    assert_int_equal(faults, 0);
}

// --- reserved encodings -----------------------------------------------------------------------------------

static void test_reserved(void **state)
{
    (void)state;
    // clang-format off
    static const struct {
        uint32_t insn;
        const char *text;
    } rows[] = {
        {0x0ee28420, "add v0.1d"}, {0x4ee20420, "shadd v0.2d"}, {0x4ee29c20, "mul v0.2d"},
        {0x6e629c20, "pmul v0.8h"}, {0x4e22b420, "sqdmulh v0.16b"}, {0x4ee2b420, "sqdmulh v0.2d"},
        {0x5e228420, "add b0"}, {0x5ea23420, "cmgt s0"}, {0x0ee2bc20, "addp v0.1d"},
        {0x4ee2c020, "smull, 64 bits"}, {0x4e22d020, "sqdmull v0.8h"}, {0x0e62e020, "pmull v0.4s"},
        {0x4ee00820, "rev64 v0.2d"}, {0x6ea00820, "rev32 v0.4s"}, {0x4e601820, "rev16 v0.8h"},
        {0x4ee02820, "saddlp v0.1q"}, {0x4ea05820, "cnt v0.4s"}, {0x0eb1b820, "addv s0, v1.2s"},
        {0x4ee12820, "xtn, 64 bits"}, {0x5ee14820, "sqxtn d0"}, {0x0e080420, "dup v0.1d"},
        {0x4e100420, "dup, imm5 = 10000"}, {0x0e083c20, "umov w0, v1.d"}, {0x4e043c20, "umov x0, v1.s"},
        {0x0e042c20, "smov w0, v1.s"}, {0x0ec23820, "zip1 v0.1d"}, {0x2e024020, "ext v0.8b, #8"},
        {0x2f00f400, "fmov d0, op 1, Q 0"}, {0x0f400420, "sshr v0.1d"}, {0x4f408420, "shrn, 64 bits"},
        {0x5f080420, "sshr b0"}, {0x5f20a420, "sshll, scalar"}, {0x4fc28020, "mul by d"},
        {0x4f028020, "mul by b"}, {0x6ec28420, "sqrdmlah v0.2d"}, {0x4e429420, "sdot of halfwords"},
        {0x4e684820, "aese, size 1"}, {0x0c400c20, "ld4 of 1d"}, {0x3c200820, "str b0, option 0"},
        {0xec400020, "ldp, opc 3"}, {0xdc000000, "ldr literal, opc 3"},
    };
    // clang-format on
    faults = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        TCGCode code;
        make_state(rows[i].insn, 0);
        translate(interp_engine, rows[i].insn, &code);
        if (run(&code)) {
            faults++;
            fprintf(stderr, "%08x (%s) is not refused\n", rows[i].insn, rows[i].text);
        }
    }
    assert_int_equal(faults, 0);
}

// --- cryptography ------------------------------------------------------------------------------------------

#define HELPER1(X) X(aese) X(aesd) X(aesmc) X(aesimc)
#define HELPER2(X) X(sha256su0) X(sha256su1)
#define HELPER3(X) X(sha1c) X(sha1p) X(sha1m) X(sha256h) X(sha256h2)
// clang-format off
#define X(name) void helper_a64_##name(V128 *, const V128 *), helper_a64_##name##_hw(V128 *, const V128 *);
HELPER1(X)
#undef X
#define X(name) \
    void helper_a64_##name(V128 *, const V128 *, const V128 *), \
        helper_a64_##name##_hw(V128 *, const V128 *, const V128 *);
HELPER2(X)
#undef X
#define X(name) \
    void helper_a64_##name(V128 *, const V128 *, const V128 *, const V128 *), \
        helper_a64_##name##_hw(V128 *, const V128 *, const V128 *, const V128 *);
HELPER3(X)
#undef X
// clang-format on
void helper_a64_pmull(V128 *, uint64_t, uint64_t), helper_a64_pmull_hw(V128 *, uint64_t, uint64_t);

// The definition against the host's instruction.
static void test_host_crypto(void **state)
{
    (void)state;
#ifdef __x86_64__
    bool aes = __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
    bool sha = g_file_test("/proc/cpuinfo", G_FILE_TEST_EXISTS);
    g_autofree char *cpuinfo = NULL;
    sha = sha && g_file_get_contents("/proc/cpuinfo", &cpuinfo, NULL, NULL) &&
          strstr(cpuinfo, " sha_ni");
#else
    bool aes = true, sha = true; // the same function
#endif
    uint64_t x = 2;
    for (unsigned i = 0; i < 200; i++) {
        V128 v[3], r, h;
        for (unsigned k = 0; k < 6; k++) {
            v[k / 2].q[k & 1] = next_number(&x);
        }
#define SAME() assert_memory_equal(&r, &h, sizeof r)
#define X(name) helper_a64_##name(&r, &v[0]), helper_a64_##name##_hw(&h, &v[0]), SAME();
        if (aes) {
            HELPER1(X)
            helper_a64_pmull(&r, v[0].q[0], v[1].q[0]);
            helper_a64_pmull_hw(&h, v[0].q[0], v[1].q[0]);
            SAME();
        }
#undef X
#define X(name)                                                                                    \
    helper_a64_##name(&r, &v[0], &v[1]), helper_a64_##name##_hw(&h, &v[0], &v[1]), SAME();
        if (sha) {
            HELPER2(X)
#undef X
#define X(name)                                                                                    \
    helper_a64_##name(&r, &v[0], &v[1], &v[2]), helper_a64_##name##_hw(&h, &v[0], &v[1], &v[2]),   \
        SAME();
            HELPER3(X)
        }
#undef X
    }
}

// AESE with AESMC and AESD with AESIMC as one block and, by a word between, as three instructions.
static void test_aes_pairs(void **state)
{
    (void)state;
    static const uint32_t pairs[][3] = {
        {0x4e284820, 0xd503201f, 0x4e286800}, // aese v0, v1; nop; aesmc v0, v0
        {0x4e285820, 0xd503201f, 0x4e287800}, // aesd, aesimc
        {0x4e284820, 0xd503201f, 0x4e286802}, // aesmc v2, v0
        {0x4e284820, 0xd503201f, 0x4e286840}, // aesmc v0, v2: not the same register
        {0x4e284820, 0xd503201f, 0x4e287800}, // aese, aesimc: no pair
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++) {
        for (unsigned k = 0; k < G_N_ELEMENTS(engines); k++) {
            const uint32_t together[2] = {pairs[i][0], pairs[i][2]};
            V128 apart[32];
            TCGCode code;
            make_state(i, 0);
            translate_block(engines[k].make, pairs[i], 3, &code);
            assert_true(run(&code));
            memcpy(apart, env->vregs, sizeof apart);
            make_state(i, 0);
            translate_block(engines[k].make, together, 2, &code);
            assert_true(run(&code));
            assert_memory_equal(apart, env->vregs, sizeof apart);
        }
    }
}

// --- loads and stores of one register and of pairs ---------------------------------------------------------

// Text, instruction, where the access begins (from X1 and X2 = 24), its size, what is added to X1 after it.
static const struct {
    uint32_t insn;
    const char *text;
    int at;
    unsigned size, registers;
    int step;
} plain[] = {
    // clang-format off
    {0x3d403c20, "ldr b0, [x1, #15]", 15, 1, 1, 0}, {0x7d401c20, "ldr h0, [x1, #14]", 14, 2, 1, 0},
    {0xbd400c20, "ldr s0, [x1, #12]", 12, 4, 1, 0}, {0xfd400420, "ldr d0, [x1, #8]", 8, 8, 1, 0},
    {0x3dc00420, "ldr q0, [x1, #16]", 16, 16, 1, 0}, {0x3d003c20, "str b0, [x1, #15]", 15, 1, 1, 0},
    {0x7d001c20, "str h0, [x1, #14]", 14, 2, 1, 0}, {0xbd000c20, "str s0, [x1, #12]", 12, 4, 1, 0},
    {0xfd000420, "str d0, [x1, #8]", 8, 8, 1, 0}, {0x3d800420, "str q0, [x1, #16]", 16, 16, 1, 0},
    {0x3c5f9020, "ldur b0, [x1, #-7]", -7, 1, 1, 0}, {0x3c9f9020, "stur q0, [x1, #-7]", -7, 16, 1, 0},
    {0x7c405420, "ldr h0, [x1], #5", 0, 2, 1, 5}, {0xbc1fcc20, "str s0, [x1, #-4]!", -4, 4, 1, -4},
    {0x3cdf0c20, "ldr q0, [x1, #-16]!", -16, 16, 1, -16}, {0xfc627820, "ldr d0, [x1, x2, lsl #3]", 192, 8, 1, 0},
    {0x3ce26820, "ldr q0, [x1, x2]", 24, 16, 1, 0}, {0x3ca24820, "str q0, [x1, w2, uxtw]", 24, 16, 1, 0},
    {0x2d410820, "ldp s0, s2, [x1, #8]", 8, 4, 2, 0}, {0x6d410820, "ldp d0, d2, [x1, #16]", 16, 8, 2, 0},
    {0xad410820, "ldp q0, q2, [x1, #32]", 32, 16, 2, 0}, {0x6cbf0820, "stp d0, d2, [x1], #-16", 0, 8, 2, -16},
    {0xadbf0820, "stp q0, q2, [x1, #-32]!", -32, 16, 2, -32}, {0x2c7f0820, "ldnp s0, s2, [x1, #-8]", -8, 4, 2, 0},
    {0x6c3f0820, "stnp d0, d2, [x1, #-16]", -16, 8, 2, 0},
    // clang-format on
};

static void test_plain(void **state)
{
    (void)state;
    uint64_t x = 3;
    for (unsigned i = 0; i < 2 * G_N_ELEMENTS(plain); i++) {
        uint32_t insn = plain[i / 2].insn;
        bool load = bits(insn, 22, 1);
        TCGCode code;
        translate(engines[i & 1].make, insn, &code);
        make_state(insn, 0);
        for (unsigned n = 0; n < sizeof memory; n++) {
            memory[n] = memory_before[n] = (uint8_t)next_number(&x);
        }
        uint64_t base = (uint64_t)(uintptr_t)memory + 129;
        env->xregs[1] = base | 0xa5ull << 56; // the tag is ignored, and kept
        env->xregs[2] = 24;
        memcpy(regs, env->vregs, sizeof regs);
        for (unsigned r = 0; r < plain[i / 2].registers; r++) {
            uint8_t *m = memory_before + 129 + plain[i / 2].at + r * plain[i / 2].size;
            model_element(load, 2 * r, 0, plain[i / 2].size, m);
            if (load) {
                model_clear(2 * r, plain[i / 2].size);
            }
        }
        assert_true(run(&code));
        if (memcmp(regs, env->vregs, sizeof regs) != 0 ||
            memcmp(memory, memory_before, sizeof memory) != 0 ||
            env->xregs[1] != (base | 0xa5ull << 56) + (uint64_t)(int64_t)plain[i / 2].step) {
            fail_msg("%s, %s", plain[i / 2].text, engines[i & 1].name);
        }
    }
}

static int set_up(void **state)
{
    (void)state;
    guest_isa_aarch64.init();
    ctx = frontend_context_new(&guest_isa_aarch64);
    env = g_aligned_alloc0(1, frontend_cpu_size(&guest_isa_aarch64), 64);
    return guest_isa_aarch64.cpu_reset(&env->cs, "max") ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),     cmocka_unit_test(test_no_helpers),
        cmocka_unit_test(test_vector_ir), cmocka_unit_test(test_structures),
        cmocka_unit_test(test_plain),     cmocka_unit_test(test_aes_pairs),
        cmocka_unit_test(test_reserved),  cmocka_unit_test(test_host_crypto),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
