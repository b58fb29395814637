// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_test_x86_llvm myna::zydis
// TIMEOUT: 300
//
// Random encodings of the vector (SSE, VEX) and x87 opcode spaces, run natively and, from the same random states,
// in the interpreter or the quick tier, some VEX ones as compiled by LLVM.  The tables of one-line cases know what they look for; this finds what nobody thought
// of: odd prefixes, high registers, undocumented encodings.  ARGS: how many encodings, first seed; a
// failure prints the bytes.

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>
#include <Zydis/Zydis.h>

#include "frontend/translator.h"
#include "x86-native.h"

typedef enum Kind { SSE, VEX, X87 } Kind;
enum { BUF = 1024, CODE = 1 << 24, MAX_BYTES = 16 };

static uint8_t buf[BUF] __attribute__((aligned(64)));
static unsigned long encodings = 60000;
static uint64_t seed = 1;

static bool is_vector(const ZydisDecodedInstruction *insn)
{
    switch (insn->meta.isa_ext) {
    case ZYDIS_ISA_EXT_SSE:
    case ZYDIS_ISA_EXT_SSE2:
    case ZYDIS_ISA_EXT_SSE3:
    case ZYDIS_ISA_EXT_SSSE3:
    case ZYDIS_ISA_EXT_SSE4:
    case ZYDIS_ISA_EXT_SSE4A:
    case ZYDIS_ISA_EXT_MMX:
    case ZYDIS_ISA_EXT_AES:
    case ZYDIS_ISA_EXT_PCLMULQDQ:
    case ZYDIS_ISA_EXT_SHA: return true;
    default: return false;
    }
}

// Of VEX: what the model has, and what the host has too.
static bool is_vex(const ZydisDecodedInstruction *insn)
{
    if (insn->encoding != ZYDIS_INSTRUCTION_ENCODING_VEX) {
        return false;
    }
    switch (insn->meta.isa_ext) {
    case ZYDIS_ISA_EXT_AVX:
    case ZYDIS_ISA_EXT_AVXAES: return true;
    case ZYDIS_ISA_EXT_AVX2:
    case ZYDIS_ISA_EXT_AVX2GATHER: return __builtin_cpu_supports("avx2");
    case ZYDIS_ISA_EXT_FMA: return __builtin_cpu_supports("fma");
    case ZYDIS_ISA_EXT_F16C: return __builtin_cpu_supports("f16c");
    case ZYDIS_ISA_EXT_BMI1: return __builtin_cpu_supports("bmi");
    case ZYDIS_ISA_EXT_BMI2: return __builtin_cpu_supports("bmi2");
    case ZYDIS_ISA_EXT_VAES: return __builtin_cpu_supports("vaes");
    case ZYDIS_ISA_EXT_VPCLMULQDQ: return __builtin_cpu_supports("vpclmulqdq");
    default: return false;
    }
}

// What a random run cannot compare, each with its reason.
static bool is_skipped(ZydisMnemonic m)
{
    switch (m) {
    case ZYDIS_MNEMONIC_LDMXCSR: // random control words: undefined bits, unmasked overflow (vec.h)
    case ZYDIS_MNEMONIC_FLDCW:
    case ZYDIS_MNEMONIC_FLDENV:
    case ZYDIS_MNEMONIC_FRSTOR:
    case ZYDIS_MNEMONIC_FXRSTOR:
    case ZYDIS_MNEMONIC_FXRSTOR64:
    case ZYDIS_MNEMONIC_FNSTENV: // instruction and data pointers differ from CPU to CPU
    case ZYDIS_MNEMONIC_FNSAVE:
    case ZYDIS_MNEMONIC_FXSAVE:
    case ZYDIS_MNEMONIC_FXSAVE64:
    case ZYDIS_MNEMONIC_EXTRQ: // the upper half is undefined, and fields that leave the register
    case ZYDIS_MNEMONIC_INSERTQ:
    case ZYDIS_MNEMONIC_BEXTR:                // undefined flags
    case ZYDIS_MNEMONIC_FSTPNCE: return true; // undocumented
    default: return false;
    }
}

// ModRM with a register, or memory at RSI or RDI with a small displacement.
static size_t put_modrm(uint8_t *p, uint64_t r)
{
    size_t n = 0;
    uint8_t m = (uint8_t)r;
    if (m >> 6 != 3) {
        m = (uint8_t)((m & 0x38) | (r >> 8 & 1 ? 6 : 7) | (r >> 9 & 1 ? 0x40 : 0));
    }
    p[n++] = m;
    if (m >> 6 == 1) {
        p[n++] = r >> 10 & (r >> 16 & 1 ? 0x30 : 0x3f);
    }
    return n;
}

static void put_vector(uint8_t *c, uint64_t r, uint64_t q)
{
    static const uint8_t prefix[] = {0, 0x66, 0xf2, 0xf3};
    size_t n = 0;
    if (prefix[r & 3]) {
        c[n++] = prefix[r & 3];
    }
    if ((r >> 40 & 15) == 0) { // a second one
        c[n++] = prefix[1 + (r >> 44) % 3];
    }
    if (r >> 2 & 1) {
        c[n++] = 0x40 | (r >> 4 & 15);
    }
    c[n++] = 0x0f;
    if (r >> 8 & 2) {
        c[n++] = r >> 8 & 1 ? 0x3a : 0x38;
    }
    uint8_t opcode = (uint8_t)(r >> 16);
    c[n++] = opcode == 0x38 || opcode == 0x3a ? 0x10 : opcode; // no further escape
    n += put_modrm(c + n, r >> 24);
    c[n] = (uint8_t)q;
}

// VEX with any fields; map, pp and opcode are random too.  Gathers get a VSIB byte with RSI or RDI as base.
static void put_vex(uint8_t *c, uint64_t r, uint64_t q)
{
    size_t n = 0;
    unsigned map = 1 + (unsigned)(r >> 8) % 3;
    uint8_t opcode = (uint8_t)(r >> 16);
    if ((r >> 40 & 31) == 0) { // what must not stand before VEX
        static const uint8_t bad[] = {0x66, 0xf2, 0xf3, 0xf0, 0x48, 0x2e};
        c[n++] = bad[(r >> 45) % sizeof bad];
    }
    bool gather = map == 2 && opcode >= 0x90 && opcode <= 0x93;
    uint8_t vvvv = (uint8_t)((r & 3) == 0 ? 0x78 : (q >> 8 & 15) << 3);
    if (map == 1 && (q >> 12 & 1)) {
        c[n++] = 0xc5;
        c[n++] = (uint8_t)((q >> 13 & 0x80) | vvvv | (q >> 16 & 7));
    } else {
        c[n++] = 0xc4;
        c[n++] = (uint8_t)((q >> 24 & 0x80) | 0x40 | (q >> 25 & 0x20) | map);
        c[n++] = (uint8_t)((q >> 13 & 0x80) | vvvv | (q >> 16 & 7));
        if ((r >> 24 & 0xc0) != 0xc0 || gather) {
            c[n - 2] |= 0x20; // RSI, RDI: not R14, R15
        }
    }
    c[n++] = opcode;
    if (gather) {
        c[n++] = (uint8_t)((r >> 24 & 0x38) | 4);
        c[n++] = (uint8_t)((r >> 33 & 0xc0) | (r >> 25 & 0x38) | (r & 4 ? 6 : 7));
    } else {
        n += put_modrm(c + n, r >> 24);
    }
    c[n] = (uint8_t)q;
}

static void put_x87(uint8_t *c, uint64_t r, uint64_t q)
{
    (void)q;
    c[0] = 0xd8 + (r >> 8 & 7);
    put_modrm(c + 1, r >> 24);
}

static void random_state(X86TestState *st, bool x87)
{
    x86_test_state_init(st);
    for (unsigned i = 0; i < 16; i++) {
        if (i != 4) {
            st->gpr[i] = x86_test_random(&seed);
        }
        // Some registers hold no NaNs and small counts.
        st->fx.xmm[i][0] = x86_test_random(&seed) & (i & 3 ? ~0ull : 0x7f0000007fffffff);
        st->fx.xmm[i][1] = x86_test_random(&seed);
        st->ymmh[i][0] = x86_test_random(&seed);
        st->ymmh[i][1] = x86_test_random(&seed);
    }
    for (unsigned i = 0; i < 8; i++) {
        st->fx.st[i].mant = x86_test_random(&seed) | 1ull << 63;
        st->fx.st[i].se = (x86_test_random(&seed) & 0x803f) + 0x3fe0;
    }
    uint64_t r = x86_test_random(&seed);
    st->fx.ftw = x87 && (r & 3) ? 0xff : (uint8_t)(r >> 8);
    st->fx.fsw = (uint16_t)((r >> 32 & 7) << 11);
    st->gpr[6] = (uint64_t)(uintptr_t)buf;
    st->gpr[7] = (uint64_t)(uintptr_t)buf + BUF / 2;
    for (unsigned i = 0; i < BUF; i += 8) {
        uint64_t v = x86_test_random(&seed);
        memcpy(buf + i, &v, 8);
    }
}

// Indices that stay inside buf, and every mask.
static void gather_state(const ZydisDecodedInstruction *insn, X86TestState *st)
{
    unsigned index = (insn->raw.sib.index | (insn->raw.vex.X ? 0 : 8)) & 15;
    bool wide = insn->opcode & 1;
    uint64_t mask = wide ? 0x1f : 0x1f0000001f;
    for (unsigned i = 0; i < 2; i++) {
        st->fx.xmm[index][i] &= mask;
        st->ymmh[index][i] &= mask;
    }
}

static int run_engine(const uint8_t *code, size_t size, X86TestState *st, bool llvm)
{
    uint32_t flags = seed & 1 ? CF_PRECISE : 0;
    if (llvm && (seed >> 2) % 8 == 0) {
        return x86_llvm_run(code, size, st, flags, seed >> 1 & 1);
    }
    return (seed >> 1 & 1 ? x86_interp_run : x86_quick_run)(code, size, st, flags);
}

static int check(const uint8_t *code, const ZydisDecodedInstruction *insn, Kind kind)
{
    bool x87 = kind == X87;
    char text[128];
    int n = snprintf(text, sizeof text, "%s:", ZydisMnemonicGetString(insn->mnemonic));
    for (unsigned i = 0; i < insn->length; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, " %02x", code[i]);
    }
    X86TestState before, native, got;
    uint8_t mem0[BUF], native_mem[BUF];
    random_state(&before, x87);
    if (insn->meta.isa_ext == ZYDIS_ISA_EXT_AVX2GATHER) {
        gather_state(insn, &before);
    }
    memcpy(mem0, buf, BUF);
    native = got = before;
    int sig = x86_native_run(code, insn->length, &native);
    memcpy(native_mem, buf, BUF);
    memcpy(buf, mem0, BUF);
    int got_sig = run_engine(code, insn->length, &got, kind == VEX);
    if (sig != got_sig) {
        fprintf(stderr, "%s: expected signal %d, got %d\n", text, sig, got_sig);
        return 1;
    }
    if (sig) {
        return 0;
    }
    if (memcmp(native_mem, buf, BUF)) {
        fprintf(stderr, "%s: memory differs\n", text);
        return 1;
    }
    return x86_test_diff(text, &before, &native, &got, 0xcd5) != 0;
}

static void run_random(Kind kind)
{
    static void (*const put[])(uint8_t *c, uint64_t r, uint64_t q) = {put_vector, put_vex, put_x87};
    // Every encoding has an address of its own, as the harness asks: the area is never given back.
    uint8_t *area = mmap(NULL, CODE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(area, MAP_FAILED);
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    unsigned long ran = 0, bad = 0;
    uint8_t *code = area;
    for (unsigned long i = 0; i < encodings && code + 2 * MAX_BYTES < area + CODE; i++) {
        uint64_t r = x86_test_random(&seed), q = x86_test_random(&seed);
        ZydisDecodedInstruction insn;
        memset(code, 0x90, MAX_BYTES);
        put[kind](code, r, q);
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, NULL, code, MAX_BYTES, &insn)) ||
            is_skipped(insn.mnemonic) || (kind == SSE && !is_vector(&insn)) ||
            (kind == VEX && !is_vex(&insn))) {
            continue;
        }
        bad += (unsigned)check(code, &insn, kind);
        ran++;
        code += MAX_BYTES;
    }
    printf("%lu encodings run, %lu differ\n", ran, bad);
    assert_true(ran > encodings / 20);
    assert_int_equal(bad, 0);
}

static void test_vector(void **state)
{
    (void)state;
    run_random(SSE);
}

static void test_vex(void **state)
{
    (void)state;
    if (!__builtin_cpu_supports("avx")) {
        skip();
    }
    run_random(VEX);
}

static void test_x87(void **state)
{
    (void)state;
    run_random(X87);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        encodings = strtoul(argv[1], NULL, 0);
    }
    if (argc > 2) {
        seed = strtoull(argv[2], NULL, 0);
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vector), cmocka_unit_test(test_vex),
                                       cmocka_unit_test(test_x87)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
