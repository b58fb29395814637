// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LINK: myna_test_x86_llvm
// TIMEOUT: 300
//
// The x87 against the host's: a case is an instruction or a few, run from many states: registers of
// nasty 80-bit values, empty and full stacks, every rounding and precision control, masked and unmasked
// exceptions.  Registers, tags, status and control word, flags and memory must come out the same.
//
// RSI points to 256 aligned bytes of operands, RDI to 256 more to write to.

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frontend/translator.h"
#include "x86-native.h"

// What memory holds.
#define KIND_INT 1
#define KIND_F32 2
#define KIND_F64 3
#define KIND_F80 4
#define KIND_BCD 5
#define REG(text) X86_CASE(KIND_INT, text)
#define INT(text) X86_CASE(KIND_INT, text)
#define F32(text) X86_CASE(KIND_F32, text)
#define F64(text) X86_CASE(KIND_F64, text)
#define F80(text) X86_CASE(KIND_F80, text)
#define BCD(text) X86_CASE(KIND_BCD, text)

// clang-format off
// --- loads and stores
F32("flds (%rsi)") F64("fldl (%rsi)") F80("fldt (%rsi)") INT("filds (%rsi)") INT("fildl (%rsi)") INT("fildll (%rsi)") BCD("fbld (%rsi)")
REG("fld %st(0)") REG("fld %st(3)") REG("fld %st(7)") REG("fld1") REG("fldl2t") REG("fldl2e") REG("fldpi") REG("fldlg2") REG("fldln2") REG("fldz")
REG("fsts (%rdi)") REG("fstl (%rdi)") REG("fstps (%rdi)") REG("fstpl (%rdi)") REG("fstpt (%rdi)")
REG("fists (%rdi)") REG("fistl (%rdi)") REG("fistps (%rdi)") REG("fistpl (%rdi)") REG("fistpll (%rdi)")
REG("fisttps (%rdi)") REG("fisttpl (%rdi)") REG("fisttpll (%rdi)") REG("fbstp (%rdi)")
REG("fst %st(0)") REG("fst %st(3)") REG("fstp %st(0)") REG("fstp %st(4)") REG(".byte 0xdf,0xd3") REG(".byte 0xdd,0xd9")
F32("flds (%rsi); fstpt (%rdi)") F64("fldl (%rsi); fstps (%rdi)") F80("fldt (%rsi); fstpt (%rdi)") INT("fildll (%rsi); fistpll (%rdi)")

// --- arithmetic: the memory forms
F32("fadds (%rsi)") F32("fmuls (%rsi)") F32("fsubs (%rsi)") F32("fsubrs (%rsi)") F32("fdivs (%rsi)") F32("fdivrs (%rsi)") F32("fcoms (%rsi)") F32("fcomps (%rsi)")
F64("faddl (%rsi)") F64("fmull (%rsi)") F64("fsubl (%rsi)") F64("fsubrl (%rsi)") F64("fdivl (%rsi)") F64("fdivrl (%rsi)") F64("fcoml (%rsi)") F64("fcompl (%rsi)")
INT("fiadds (%rsi)") INT("fimuls (%rsi)") INT("fisubs (%rsi)") INT("fisubrs (%rsi)") INT("fidivs (%rsi)") INT("fidivrs (%rsi)") INT("ficoms (%rsi)") INT("ficomps (%rsi)")
INT("fiaddl (%rsi)") INT("fimull (%rsi)") INT("fisubl (%rsi)") INT("fisubrl (%rsi)") INT("fidivl (%rsi)") INT("fidivrl (%rsi)") INT("ficoml (%rsi)") INT("ficompl (%rsi)")

// --- arithmetic: D8 (to ST0), DC (to STi), DE (to STi, pop), by their bytes: assemblers swap SUB and SUBR
REG(".byte 0xd8,0xc1") REG(".byte 0xd8,0xca") REG(".byte 0xd8,0xe3") REG(".byte 0xd8,0xec") REG(".byte 0xd8,0xf1") REG(".byte 0xd8,0xfa") REG(".byte 0xd8,0xc0") REG(".byte 0xd8,0xe0")
REG(".byte 0xdc,0xc1") REG(".byte 0xdc,0xca") REG(".byte 0xdc,0xe3") REG(".byte 0xdc,0xec") REG(".byte 0xdc,0xf1") REG(".byte 0xdc,0xfa") REG(".byte 0xdc,0xc0") REG(".byte 0xdc,0xf8")
REG(".byte 0xde,0xc1") REG(".byte 0xde,0xca") REG(".byte 0xde,0xe3") REG(".byte 0xde,0xe9") REG(".byte 0xde,0xf1") REG(".byte 0xde,0xfa") REG(".byte 0xde,0xc0") REG(".byte 0xde,0xf9")

// --- comparisons
REG("fcom %st(1)") REG("fcom %st(5)") REG("fcomp %st(1)") REG("fcompp") REG("fucom %st(1)") REG("fucomp %st(2)") REG("fucompp") REG("fcom %st(0)")
REG("fcomi %st(1), %st") REG("fcomip %st(1), %st") REG("fucomi %st(2), %st") REG("fucomip %st(1), %st")
REG("fcomi %st(1), %st; seta %al; setp %bl; setb %cl; sete %dl")
REG("ftst") REG("fxam") REG("fldz; fxam") REG("fcom %st(1); fnstsw %ax") REG("fucom %st(1); fnstsw %ax; sahf")

// --- functions
REG("fabs") REG("fchs") REG("fsqrt") REG("frndint") REG("f2xm1") REG("fsin") REG("fcos") REG("fptan") REG("fsincos") REG("fxtract")
REG("fscale") REG("fprem") REG("fprem1") REG("fyl2x") REG("fyl2xp1") REG("fpatan")
REG("ffree %st(7); fxtract") REG("ffree %st(7); fsincos") REG("ffree %st(7); fptan") REG("ffree %st(0); fsqrt")
F64("fldl (%rsi); fsqrt; fstpl (%rdi)") F64("fldl (%rsi); fldl 8(%rsi); fpatan; fstpt (%rdi)") F64("fldl (%rsi); fldl 8(%rsi); fyl2x; fstpl (%rdi)")
F64("fldl (%rsi); fldl 8(%rsi); fprem; fnstsw %ax; fstpl (%rdi)") F64("fldl (%rsi); frndint; fistpll (%rdi)")
F32("flds (%rsi); f2xm1; fstps (%rdi)") F64("fldl (%rsi); fldl 8(%rsi); fscale; fstp %st(1); fstpt (%rdi)")

// --- moves, the stack
REG("fxch %st(1)") REG("fxch %st(5)") REG("fxch %st(0)") REG(".byte 0xdd,0xc9") REG(".byte 0xdf,0xca")
REG("fcmovb %st(1), %st") REG("fcmove %st(2), %st") REG("fcmovbe %st(3), %st") REG("fcmovu %st(4), %st")
REG("fcmovnb %st(1), %st") REG("fcmovne %st(2), %st") REG("fcmovnbe %st(3), %st") REG("fcmovnu %st(4), %st")
REG("cmp %rax, %rbx; fcmovb %st(1), %st") REG("test %al, %bl; fcmovu %st(1), %st")
REG("ffree %st(2)") REG(".byte 0xdf,0xc2") REG("fincstp") REG("fdecstp") REG("fnop") REG("fwait")

// --- control
INT("fldcw (%rsi)") INT("movw $0x0c7f, (%rdi); fldcw (%rdi); frndint") INT("movw $0x007f, (%rdi); fldcw (%rdi); .byte 0xd8,0xc1")
REG("fnstcw (%rdi)") REG("fnstsw (%rdi)") REG("fnstsw %ax") REG("fninit") REG("fnclex") REG("fnclex; fld1; fnstsw %ax") REG("fninit; fld1; fldpi; faddp")
REG(".byte 0xdb,0xe0") REG(".byte 0xdb,0xe1") REG(".byte 0xdb,0xe4")
REG("fnstenv (%rdi); fnstcw 64(%rdi); movl $0, 12(%rdi); movl $0, 16(%rdi); movl $0, 20(%rdi); movl $0, 24(%rdi)")
REG("data16 fnstenv (%rdi); movq $0, 6(%rdi)")
REG("fnstenv (%rdi); fld1; fldenv (%rdi); movl $0, 12(%rdi); movl $0, 16(%rdi); movl $0, 20(%rdi); movl $0, 24(%rdi)")
REG("fnsave (%rdi); movl $0, 12(%rdi); movl $0, 16(%rdi); movl $0, 20(%rdi); movl $0, 24(%rdi)")
REG("fnsave (%rdi); fld1; frstor (%rdi); movl $0, 12(%rdi); movl $0, 16(%rdi); movl $0, 20(%rdi); movl $0, 24(%rdi)")
REG("data16 fnsave (%rdi); data16 frstor (%rdi); movq $0, 6(%rdi)")

// --- with MMX
REG("paddb %mm1, %mm0; fld %st(0)") REG("fld1; paddb %mm1, %mm2; emms; fldz") REG("movq %mm3, %mm4; fstpt (%rdi)") REG("fld1; movq %mm7, %rax; movq %rax, %mm2")

// --- unmasked: the next waiting instruction raises #MF
INT("movw $0x037e, (%rdi); fldcw (%rdi); fsqrt; fwait") INT("movw $0x037b, (%rdi); fldcw (%rdi); fldz; .byte 0xd8,0xf9; fnop")
INT("movw $0x037e, (%rdi); fldcw (%rdi); fsqrt; paddb %mm1, %mm0; fnclex") INT("movw $0x037e, (%rdi); fldcw (%rdi); fsqrt; emms")
INT("movw $0x0340, (%rdi); fldcw (%rdi); fsqrt") INT("movw $0x037e, (%rdi); fldcw (%rdi); fsqrt; fnstsw %ax; fnclex") INT("movw $0x037d, (%rdi); fldcw (%rdi); .byte 0xd8,0xc1; fnclex")
INT("movw $0x037e, (%rdi); fldcw (%rdi); fcomp %st(1); fnstsw %ax; fnclex") INT("movw $0x037e, (%rdi); fldcw (%rdi); fld1; fnstsw %ax; fnclex")

// --- FXSAVE, XSAVE: images without the instruction and data pointers
REG("fxsave64 (%rdi); movw $0, 6(%rdi); movq $0, 8(%rdi); movq $0, 16(%rdi); movl $0, 28(%rdi)")
REG("fxsave64 (%rdi); fninit; fxrstor64 (%rdi); movw $0, 6(%rdi); movq $0, 8(%rdi); movq $0, 16(%rdi); movl $0, 28(%rdi)")
REG("fxsave 8(%rdi)") // #GP
REG("movl $3, %eax; xor %edx, %edx; xsave64 (%rdi); fninit; pxor %xmm0, %xmm0; xrstor64 (%rdi); movw $0, 6(%rdi); movq $0, 8(%rdi); movq $0, 16(%rdi); movl $0, 28(%rdi); movq $0, 512(%rdi)")
REG("movl $3, %eax; xor %edx, %edx; xsavec64 (%rdi); fninit; pxor %xmm0, %xmm0; xrstor64 (%rdi); movw $0, 6(%rdi); movq $0, 8(%rdi); movq $0, 16(%rdi); movl $0, 28(%rdi); movq $0, 512(%rdi)")
REG("movl $1, %eax; xor %edx, %edx; movq $2, 512(%rdi); xrstor64 (%rdi)") REG("movl $2, %eax; xor %edx, %edx; xrstor64 (%rdi)")
REG("movl $3, %eax; xor %edx, %edx; xrstor (%rsi)") REG("movl $3, %eax; xor %edx, %edx; xsave 16(%rdi)")
    // clang-format on

    enum {
        RUNS = 128,
        BUF = 1024,
        BUF_OUT = 1024
    };

static const struct {
    uint64_t mant;
    uint16_t se;
} nasty80[] = {
    {0, 0},
    {0, 0x8000},
    {0x8000000000000000, 0x3fff}, // 1
    {0x8000000000000000, 0xbfff},
    {0xc000000000000000, 0x3ffe}, // 0.75
    {0xa000000000000000, 0xc000}, // -2.5
    {0x8000000000000000, 0x7fff}, // infinity
    {0x8000000000000000, 0xffff},
    {0xc000000000000000, 0x7fff}, // quiet NaNs
    {0xc000000000000000, 0xffff},
    {0xdeadbeef12345678, 0x7fff},
    {0x8000000000000001, 0x7fff}, // signalling NaN
    {0xa123456789abcdef, 0xffff},
    {0x0000000000000001, 0x0000}, // denormals
    {0x7fffffffffffffff, 0x8000},
    {0x8000000000000000, 0x0000}, // pseudo-denormal
    {0x8000000000000000, 0x0001}, // smallest normal
    {0xffffffffffffffff, 0x7ffe}, // largest
    {0xffffffffffffffff, 0xfffe},
    {0x4000000000000000, 0x3fff}, // unnormal
    {0x0000000000000000, 0x7fff}, // pseudo-infinity
    {0x1234567812345678, 0x7fff}, // pseudo-NaN
    {0xfffffffffffffffe, 0x403d}, // around 2^63
    {0x8000000000000000, 0x403e},
    {0x8000000000000000, 0xc03e},
    {0xfffffffe00000000, 0x401d}, // around 2^31
    {0x8000000000000000, 0xc01e},
    {0xfffe000000000000, 0x400d}, // around 2^15
    {0xde0b6b3a763fffff, 0x403a}, // around 10^18
    {0x8ac7230489e80000, 0x403e},
    {0xc90fdaa22168c235, 0x3fff}, // pi/2
    {0xc90fdaa22168c235, 0x4000},
    {0x8000000000000000, 0x403f}, // 2^64: out of range for FSIN
    {0xffffff8000000000, 0x407e}, // largest float and what rounds out of it
    {0xffffffffffffffff, 0x407e},
    {0xfffffffffffff800, 0x43fe}, // largest double
    {0xffffffffffffffff, 0x43fe},
    {0x8000000000000000, 0x3f6a}, // smallest float denormal
    {0xaaaaaaaaaaaaaaab, 0x3ffd}, // 1/3
};

static const uint32_t nasty32[] = {
    0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x00000001, 0x007fffff, 0x00800000, 0x7f7fffff,
    0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7f800001, 0xff812345, 0x7fc54321,
    0x3fc00000, 0x40200000, 0x4f000000, 0xcf000000, 0x5f000000, 0xdf000000, 0x3eaaaaab,
};
static const uint64_t nasty64[] = {
    0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000,
    0x0000000000000001, 0x000fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff,
    0xffefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
    0xfff8000000000000, 0x7ff0000000000001, 0xfff0123456789abc, 0x7ff8deadbeef1234,
    0x3ff8000000000000, 0x4004000000000000, 0x43e0000000000000, 0xc3e0000000000000,
    0x3fd5555555555555, 0x400921fb54442d18,
};
static const uint64_t nasty_int[] = {
    0, 1, ~0ull, 0x8000000000000000, 0x7fffffffffffffff, 0x80000000, 0x7fffffff, 0x8000, 0x7fff, 10,
};

#define PICK(table, r) table[(r) % (sizeof(table) / sizeof *(table))]

static uint8_t buf[BUF + BUF_OUT] __attribute__((aligned(64)));

static void make_80(uint64_t *seed, uint64_t *mant, uint16_t *se)
{
    uint64_t r = x86_test_random(seed), v = x86_test_random(seed);
    unsigned i = (unsigned)(r >> 8) % (sizeof nasty80 / sizeof *nasty80);
    switch (r & 3) {
    case 0: // of any size
        *mant = v | 1ull << 63;
        *se = (uint16_t)(r >> 32);
        break;
    case 1: // near 1
        *mant = v | 1ull << 63;
        *se = (uint16_t)((r >> 32 & 0x801f) + 0x3ff0);
        break;
    default: *mant = nasty80[i].mant; *se = nasty80[i].se;
    }
}

static void make_memory(uint64_t kind, uint64_t *seed)
{
    for (unsigned i = 0; i < BUF; i += 16) {
        uint64_t v[2] = {x86_test_random(seed), x86_test_random(seed)}, r = x86_test_random(seed);
        uint16_t se;
        switch (kind) {
        case KIND_F32: v[0] = r & 3 ? PICK(nasty32, r >> 2) : v[0]; break;
        case KIND_F64:
            v[0] = r & 3 ? PICK(nasty64, r >> 2) : v[0];
            v[1] = r & 0x10000 ? PICK(nasty64, r >> 20) : 0x3ff0000000000000 | v[1] >> 12;
            break;
        case KIND_F80:
            make_80(seed, &v[0], &se);
            v[1] = se;
            break;
        case KIND_BCD:
            v[0] &= 0x7777777777777777;
            v[1] = (v[1] & 0x77) | (r & 1 ? 0x8000 : 0);
            break;
        default: v[0] = r & 1 ? PICK(nasty_int, r >> 2) : v[0];
        }
        memcpy(buf + i, v, 16);
    }
    memset(buf + BUF, 0, BUF_OUT);
}

static void make_state(const X86Case *c, unsigned run, uint64_t *seed, X86TestState *st)
{
    x86_test_state_init(st);
    for (unsigned i = 0; i < 16; i++) {
        if (i != 4) {
            st->gpr[i] = x86_test_random(seed);
        }
        st->fx.xmm[i][0] = x86_test_random(seed);
    }
    st->gpr[6] = (uint64_t)(uintptr_t)buf;
    st->gpr[7] = (uint64_t)(uintptr_t)(buf + BUF);
    uint64_t r = x86_test_random(seed);
    for (unsigned i = 0; i < 8; i++) {
        uint16_t se;
        make_80(seed, &st->fx.st[i].mant, &se);
        st->fx.st[i].se = se;
    }
    if (run % 9 == 0) {
        st->fx.st[1] = st->fx.st[0];
    }
    // Mostly a stack that is full to some depth; now and then any tags.
    unsigned depth = run % 10, top = r >> 3 & 7;
    for (unsigned i = 0; i < 8; i++) {
        st->fx.ftw |= (uint8_t)(i < depth) << ((top + i) & 7);
    }
    if (run % 10 == 9) {
        st->fx.ftw = (uint8_t)(r >> 8);
    }
    st->fx.fsw = (uint16_t)(top << 11 | (r >> 16 & 0x4700) | (run % 5 == 0 ? r >> 32 & 0x7f : 0));
    static const uint16_t precision[] = {0x300, 0x300, 0x200, 0x000};
    st->fx.fcw = (uint16_t)(0x7f | precision[run >> 2 & 3] | (run & 3) << 10);
    st->rflags = 0x202 | (r >> 40 & 0x8d5);
    make_memory(c->kind, seed);
}

typedef int Engine(const uint8_t *code, size_t size, X86TestState *st, uint32_t flags);

static int run_hot(const uint8_t *code, size_t size, X86TestState *st, uint32_t flags)
{
    return x86_llvm_run(code, size, st, flags, true);
}

static int check(Engine *engine, const X86Case *c, unsigned run, uint64_t *seed, uint32_t flags)
{
    static uint8_t mem0[sizeof buf], native_mem[sizeof buf];
    X86TestState before, native, got;
    make_state(c, run, seed, &before);
    memcpy(mem0, buf, sizeof buf);
    got = native = before;
    int sig = x86_native_run(c->code, c->size, &native);
    memcpy(native_mem, buf, sizeof buf);
    memcpy(buf, mem0, sizeof buf);
    int got_sig = engine(c->code, c->size, &got, flags);
    if (sig != got_sig) {
        fprintf(stderr, "%s: expected signal %d, got %d\n", c->text, sig, got_sig);
        return x86_test_diff(c->text, &before, &native, &got, 0xcd5) + 1;
    }
    // FXSAVE shows empty registers too, whose contents no one may rely on; here they are the same.
    int n = x86_test_diff(c->text, &before, &native, &got, 0xcd5);
    for (unsigned i = 0; i < sizeof buf && !sig; i++) {
        if (buf[i] != native_mem[i]) {
            fprintf(stderr, "%s: byte %u of memory: expected %02x, got %02x\n", c->text, i,
                    native_mem[i], buf[i]);
            return n + 1;
        }
    }
    return n;
}

// X86_CASE=text picks cases, X86_ROUNDS=n sets how many states each is run from.
static void check_all(Engine *engine)
{
    const char *only = getenv("X86_CASE"), *rounds = getenv("X86_ROUNDS");
    unsigned runs = rounds ? (unsigned)strtoul(rounds, NULL, 0) : RUNS;
    int bad_cases = 0, cases = 0;
    for (const X86Case *c = x86_cases_begin; c < x86_cases_end; c++, cases++) {
        if (only && !strstr(c->text, only)) {
            continue;
        }
        uint64_t seed = (uint64_t)cases * 1000003 + 29;
        for (unsigned run = 0; run < runs; run++) {
            if (check(engine, c, run, &seed, run % 2 ? CF_PRECISE : 0)) {
                bad_cases++;
                break;
            }
        }
    }
    printf("%d cases, %d differ\n", cases, bad_cases);
    assert_true(cases > 150);
    assert_int_equal(bad_cases, 0);
}

static void test_interp(void **state)
{
    (void)state;
    check_all(x86_interp_run);
}

static void test_quick(void **state)
{
    (void)state;
    check_all(x86_quick_run);
}

static void test_llvm_hot(void **state)
{
    (void)state;
    check_all(run_hot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interp),
        cmocka_unit_test(test_quick),
        cmocka_unit_test(test_llvm_hot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
