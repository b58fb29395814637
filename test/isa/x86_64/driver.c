// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs each instruction of the case table over a set of machine states and prints what comes out; the
// same program runs on the real CPU and under myna, and the two outputs must be equal.
//
//   isa-x86_64 [plain [FIRST]]  a line a case: its number, a hash of the state after for each input
//   isa-x86_64 faults [FIRST]   the same with signal handlers installed, for all cases, also those
//                               that may fault
//   isa-x86_64 CASE INPUT       the state before and after, in full
//
// A line is written as soon as its case is done: when a case kills the program, the lines tell which,
// and FIRST goes on behind it.
//
// Linked static and at a fixed address, so that pointers in registers are the same in both runs.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

struct Fx { // FXSAVE image, 64-bit form
    uint16_t fcw, fsw;
    uint8_t ftw, reserved;
    uint16_t fop;
    uint64_t fip, fdp;
    uint32_t mxcsr, mxcsr_mask;
    uint8_t st[8][16];
    uint8_t xmm[16][16];
    uint8_t rest[96];
} __attribute__((aligned(16)));

struct State {
    uint64_t gpr[16]; // rax rcx rdx rbx rsp rbp rsi rdi r8..r15; rsp is the program's own
    uint64_t flags;
    // Faulting cases: signal, si_code, si_addr, the pc less the case's start, trap number and error code.
    uint64_t sig, code, addr, rip;
    uint32_t trap, error;
    struct Fx fx;
    uint8_t mem[512] __attribute__((aligned(64)));
    uint8_t edge[64];     // what EDGE - 64 holds after a case that may fault
    uint8_t ymmh[16][16]; // upper halves, where the CPU has AVX
};
_Static_assert(offsetof(struct State, flags) == 128, "isa_run knows the offset");
_Static_assert(offsetof(struct State, fx) == 176, "isa_run knows the offset");
_Static_assert(offsetof(struct State, mem) == 704, "the case files know the offset");
_Static_assert(offsetof(struct State, ymmh) == 1280, "isa_run knows the offset");

// Below EDGE lies a page to read and write, from EDGE on nothing for a page, then a page to read.  Low,
// where an emulator built with AddressSanitizer has not got its shadow.
#define EDGE ((uint8_t *)0x70001000)

struct Case {
    void (*code)(void);
    const char *text;
    uint32_t undefined; // flags that the manual leaves undefined; x87 status bits shifted up by 16
    uint32_t kind;      // KIND_*
};
enum { KIND_FAULT = 1, KIND_MMX = 2, KIND_FPU = 4, KIND_COUNT_CX = 8, KIND_NEAR = 16 };

extern const struct Case isa_cases[];
extern const unsigned isa_ncases;

struct State isa_state; // what isa_run loads and stores
void (*isa_code)(void);
void isa_run(void);
char isa_avx; // the CPU has AVX
void *isa_sp; // rsp in isa_run, 8 above what a case begins with

#define ARITH_FLAGS 0x8d5u
#define INPUTS 16
#define VARIANTS 4 // sets of inputs: case n takes set n % VARIANTS
#define KINDS 32   // values of Case.kind

// --- inputs ------------------------------------------------------------------------------------------

static uint64_t rng_state;

static uint64_t rng(void) // splitmix64
{
    uint64_t z = rng_state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static const uint64_t edge_ints[] = {
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x100000000,
    0x7fffffffffffffff,
    0x8000000000000000,
    0xffffffffffffffff,
    0x0f,
    0x10,
    0x1f,
    0x20,
    0x3f,
    0x40,
    0xaaaaaaaaaaaaaaaa,
    0x5555555555555555,
    0xfffffffffffffffe,
    0xffffff80,
    0xffff8000,
};
static const uint64_t edge_doubles[] = {
    0,
    0x8000000000000000,
    0x3ff0000000000000,
    0xbff0000000000000,
    0x7ff0000000000000,
    0xfff0000000000000,
    0x7ff8000000000000,
    0xfff8000000000123,
    0x7ff0000000000001,
    0x0000000000000001,
    0x800fffffffffffff,
    0x0010000000000000,
    0x7fefffffffffffff,
    0x3fe0000000000000,
    0x4004000000000000,
    0xc3e0000000000000,
    0x43e0000000000000,
    0x41dfffffffc00000,
    0x41e0000000000000,
    0xc1e0000000200000,
    0x3fb999999999999a,
    0x400921fb54442d18,
    0xc00c000000000000,
    0x47efffffe0000000,
    0x3690000000000000,
};
static const uint32_t edge_floats[] = {
    0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00123,
    0x7f800001, 0x00000001, 0x807fffff, 0x00800000, 0x7f7fffff, 0x3f000000, 0x40200000, 0xdf000000,
    0x4effffff, 0x4f000000, 0xcf000001, 0x3dcccccd, 0x40490fdb, 0xc0600000, 0x47800000,
};
#define PICK(a) a[rng() % (sizeof(a) / sizeof((a)[0]))]

static uint64_t random_int(void) { return rng() % 2 ? PICK(edge_ints) : rng() >> (rng() % 64); }

static void random_vector(uint8_t *out, unsigned flavour)
{
    for (unsigned i = 0; i < 16; i += 8) {
        uint64_t v;
        if (flavour == 0) {
            v = rng();
        } else if (flavour == 1) {
            v = rng() % 4 ? PICK(edge_doubles) : (rng() & 0x800fffffffffffff) | 0x3fe0000000000000;
        } else if (flavour == 2) {
            uint32_t f[2];
            for (unsigned j = 0; j < 2; j++) {
                f[j] = rng() % 4 ? PICK(edge_floats)
                                 : (uint32_t)((rng() & 0x807fffff) | 0x3f800000);
            }
            memcpy(&v, f, 8);
        } else {
            uint8_t b[8];
            for (unsigned j = 0; j < 8; j++) {
                b[j] = (uint8_t)PICK(edge_ints);
            }
            memcpy(&v, b, 8);
        }
        memcpy(out + i, &v, 8);
    }
}

// An 80-bit value: ordinary ones, zeros, infinities, NaNs, denormals.
static void random_x87(uint8_t *out)
{
    static const uint16_t exponents[] = {0x3fff, 0x4000, 0x3ffe, 0x4010, 0x3ff0, 0xbfff, 0xc003};
    uint64_t mant = rng() | 0x8000000000000000ull;
    uint16_t se = PICK(exponents);
    switch (rng() % 16) {
    case 0:
        mant = 0;
        se = (uint16_t)(rng() % 2 << 15);
        break;
    case 1:
        mant = 0x8000000000000000ull;
        se = (uint16_t)(0x7fff | rng() % 2 << 15);
        break;
    case 2:
        mant |= 0xc000000000000000ull;
        se = 0x7fff;
        break;
    case 3:
        mant &= 0xfff;
        se = 0;
        break;
    case 4:
    case 5:
        mant = 0x8000000000000000ull; // a power of two
        break;
    case 6: // signalling NaN
        mant = 0x8000000000000000ull | (mant & 0xffff0) | 1;
        se |= 0x7fff;
        break;
    case 7: // pseudo-denormal
        se &= 0x8000;
        break;
    case 8: // no valid number since the 80387: no integer bit
        mant &= ~0x8000000000000000ull;
        break;
    case 9: // a small integer
        mant = (rng() % 64 + 1) << 58 | 0x8000000000000000ull;
        se = (uint16_t)(0x4004 | (se & 0x8000));
        break;
    case 10: // as large and as small as they get
        se = (uint16_t)(rng() % 2 ? 0x7ffe : 1);
        break;
    default: break;
    }
    memcpy(out, &mant, 8);
    memcpy(out + 8, &se, 2);
    memset(out + 10, 0, 6);
}

#define XSAVE_YMMH 576 // in an XSAVE area

static void make_input(uint32_t kind, unsigned variant, unsigned input, struct State *s)
{
    memset(s, 0, sizeof(*s));
    rng_state = 0x1234567 + (input * VARIANTS + variant) * 7919;
    for (unsigned i = 0; i < 16; i++) {
        s->gpr[i] = i && rng() % 4 == 0 ? s->gpr[rng() % i] + rng() % 3 - 1 : random_int();
    }
    // What follows keeps string operations and bit offsets inside mem, in both directions.
    if (kind & KIND_COUNT_CX) {
        s->gpr[1] = input < 2 ? input : rng() % 24;
    }
    if (kind & KIND_NEAR) {
        s->gpr[3] = (uint64_t)((int64_t)(rng() % 1024) - 512);
    }
    s->gpr[6] = (uint64_t)(isa_state.mem + 256);
    s->gpr[7] = (uint64_t)(isa_state.mem + 208);
    s->flags = 0x202 | (rng() & ARITH_FLAGS);
    s->fx.fcw = 0x37f;
    s->fx.mxcsr = 0x1f80;
    if (input >= 12) { // the other rounding modes; the last also flushes denormals
        s->fx.mxcsr |= (input & 3) << 13 | (input == 15 ? 0x8040 : 0);
        s->fx.fcw = (uint16_t)((s->fx.fcw & ~0xf00) | (input & 3) << 10 |
                               (input == 14 ? 0 : 0x300));
    }
    for (unsigned i = 0; i < 16; i++) {
        random_vector(s->fx.xmm[i], (input + (input >= 8 ? i : 0)) % 4);
    }
    for (unsigned i = 0; i < sizeof(s->mem); i += 16) {
        random_vector(s->mem + i, (input + (input >= 8 ? i / 16 : 0)) % 4);
    }
    if (kind & KIND_MMX) {
        s->fx.ftw = 0xff;
        for (unsigned i = 0; i < 8; i++) {
            uint8_t v[16];
            random_vector(v, input % 4);
            memcpy(s->fx.st[i], v, 8);
            memset(s->fx.st[i] + 8, 0xff, 2);
        }
    }
    for (unsigned i = 0; isa_avx && i < 16; i++) {
        random_vector(s->ymmh[i], (input + (input >= 8 ? i : 0)) % 4);
    }
    if (kind & KIND_FPU) { // st0 .. st3 hold values, TOP is 4
        s->fx.ftw = 0xf0;
        s->fx.fsw = 4 << 11;
        for (unsigned i = 0; i < 4; i++) {
            random_x87(s->fx.st[i]);
        }
    }
}

// --- running -------------------------------------------------------------------------------------------

// clang-format off
#define EACH_YMM(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define IN(n) "  vinsertf128 ymm" #n ", ymm" #n ", [rax + 1280 + 16 * " #n "], 1\n"
#define OUT(n) "  vextractf128 [rax + 1280 + 16 * " #n "], ymm" #n ", 1\n"
__asm__(
    ".intel_syntax noprefix\n"
    ".text\n"
    ".globl isa_run\n"
    "isa_run:\n"
    "  push rbx\n push rbp\n push r12\n push r13\n push r14\n push r15\n"
    "  mov isa_sp[rip], rsp\n"
    "  fxrstor64 isa_state[rip + 176]\n"
    "  lea rax, isa_state[rip]\n"
    "  cmp byte ptr isa_avx[rip], 0\n"
    "  je 1f\n"
    EACH_YMM(IN)
    "1:\n"
    "  push qword ptr [rax + 128]\n"
    "  mov rcx, [rax + 8]\n mov rdx, [rax + 16]\n mov rbx, [rax + 24]\n"
    "  mov rbp, [rax + 40]\n mov rsi, [rax + 48]\n mov rdi, [rax + 56]\n"
    "  mov r8, [rax + 64]\n mov r9, [rax + 72]\n mov r10, [rax + 80]\n mov r11, [rax + 88]\n"
    "  mov r12, [rax + 96]\n mov r13, [rax + 104]\n mov r14, [rax + 112]\n mov r15, [rax + 120]\n"
    "  mov rax, [rax]\n"
    "  popfq\n"
    "  call qword ptr isa_code[rip]\n"
    "  pushfq\n"
    "  pop qword ptr isa_state[rip + 128]\n"
    "  cld\n"
    "  mov isa_state[rip], rax\n"
    "  lea rax, isa_state[rip]\n"
    "  mov [rax + 8], rcx\n mov [rax + 16], rdx\n mov [rax + 24], rbx\n"
    "  mov [rax + 40], rbp\n mov [rax + 48], rsi\n mov [rax + 56], rdi\n"
    "  mov [rax + 64], r8\n mov [rax + 72], r9\n mov [rax + 80], r10\n mov [rax + 88], r11\n"
    "  mov [rax + 96], r12\n mov [rax + 104], r13\n mov [rax + 112], r14\n mov [rax + 120], r15\n"
    "  fxsave64 isa_state[rip + 176]\n"
    "  cmp byte ptr isa_avx[rip], 0\n"
    "  je 2f\n"
    EACH_YMM(OUT)
    "  vzeroupper\n"
    "2:\n"
    "  jmp isa_out\n"
    "isa_out:\n"
    "  fninit\n"
    "  push 0x1f80\n ldmxcsr [rsp]\n pop rax\n"
    "  pop r15\n pop r14\n pop r13\n pop r12\n pop rbp\n pop rbx\n"
    "  ret\n"
    ".att_syntax\n");
// clang-format on

static sigjmp_buf fault_out;
static volatile sig_atomic_t fault_expected;
static unsigned char sig_stack[65536];

static void on_fault(int sig, siginfo_t *info, void *uc_)
{
    static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                  REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                  REG_R12, REG_R13, REG_R14, REG_R15};
    ucontext_t *uc = uc_;
    if (!fault_expected) { // let it kill us: who runs us sees which case it was
        signal(sig, SIG_DFL);
        return;
    }
    for (unsigned i = 0; i < 16; i++) {
        isa_state.gpr[i] = (uint64_t)uc->uc_mcontext.gregs[order[i]];
    }
    isa_state.flags = (uint64_t)uc->uc_mcontext.gregs[REG_EFL] & ~0x10000ull; // less RF
    isa_state.sig = (uint64_t)sig;
    isa_state.code = (uint64_t)info->si_code;
    uint64_t pc = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    isa_state.rip = pc - (uint64_t)isa_code;
    isa_state.addr = (uint64_t)info->si_addr == pc ? isa_state.rip : (uint64_t)info->si_addr;
    if ((uint64_t)isa_sp - isa_state.gpr[4] < 1 << 20) { // else the case has put it elsewhere
        isa_state.gpr[4] = (uint64_t)isa_sp - isa_state.gpr[4];
    }
    isa_state.trap = (uint32_t)uc->uc_mcontext.gregs[REG_TRAPNO];
    isa_state.error = (uint32_t)uc->uc_mcontext.gregs[REG_ERR];
    memcpy(&isa_state.fx, uc->uc_mcontext.fpregs, sizeof(isa_state.fx));
    if (isa_avx) {
        memcpy(isa_state.ymmh, (char *)uc->uc_mcontext.fpregs + XSAVE_YMMH, sizeof(isa_state.ymmh));
    }
    siglongjmp(fault_out, 1);
}

static void install_handlers(void)
{
    stack_t ss = {.ss_sp = sig_stack, .ss_size = sizeof(sig_stack)};
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&ss, NULL);
    static const int sigs[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    for (unsigned i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
        sigaction(sigs[i], &sa, NULL);
    }
}

static void map_edge(void)
{
    const size_t page = 4096;
    uint8_t *base = EDGE - page;
    if (mmap(base, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
             0) != base ||
        munmap(EDGE, page) || mprotect(EDGE + page, page, PROT_READ)) {
        perror("mapping the pages around EDGE");
        exit(2);
    }
}

static void load_input(const struct Case *c, unsigned variant, unsigned input)
{
    static struct State inputs[KINDS / 2][VARIANTS][INPUTS];
    static uint8_t made[KINDS / 2][VARIANTS][INPUTS];
    unsigned kind = c->kind / 2;
    _Static_assert(KIND_FAULT == 1, "not part of the index: it does not change the input");
    if (!made[kind][variant][input]) {
        made[kind][variant][input] = 1;
        make_input(c->kind, variant, input, &inputs[kind][variant][input]);
    }
    isa_state = inputs[kind][variant][input];
}

static void run_case(const struct Case *c, unsigned variant, unsigned input)
{
    load_input(c, variant, input);
    isa_code = c->code;
    if (c->kind & KIND_FAULT) {
        memcpy(EDGE - sizeof(isa_state.edge), isa_state.mem, sizeof(isa_state.edge));
        fault_expected = 1;
        if (sigsetjmp(fault_out, 1) == 0) {
            isa_run();
            isa_state.gpr[4] = 0;
        } else {
            static const uint32_t mxcsr = 0x1f80;
            __asm__ volatile("fninit; cld; ldmxcsr %0" : : "m"(mxcsr) : "cc");
        }
        fault_expected = 0;
        memcpy(isa_state.edge, EDGE - sizeof(isa_state.edge), sizeof(isa_state.edge));
    } else {
        isa_run();
        isa_state.gpr[4] = 0;
    }
    // What the manual leaves open, or what depends on where the program lies.
    isa_state.flags &= ~(uint64_t)(c->undefined & 0xffff);
    isa_state.fx.fsw &= (uint16_t)~(c->undefined >> 16);
    isa_state.fx.fop = 0;
    isa_state.fx.fip = isa_state.fx.fdp = 0;
    isa_state.fx.mxcsr_mask = 0;
    isa_state.fx.reserved = 0;
    memset(isa_state.fx.rest, 0, sizeof(isa_state.fx.rest));
    for (unsigned i = 0; i < 8; i++) {
        memset(isa_state.fx.st[i] + 10, 0, 6);
    }
}

// --- output --------------------------------------------------------------------------------------------

static uint32_t hash_state(void)
{
    uint64_t h = 0xcbf29ce484222325ull;
    const char *p = (const char *)&isa_state;
    _Static_assert(sizeof(isa_state) % 8 == 0, "hashed by words");
    for (size_t i = 0; i < sizeof(isa_state); i += 8) {
        uint64_t w;
        memcpy(&w, p + i, 8);
        h = (h ^ w) * 0x9e3779b97f4a7c15ull;
        h ^= h >> 29;
    }
    return (uint32_t)(h ^ h >> 32);
}

// By hand and by write(): cheap under an interpreter, and out before the next case may end the program.
static void print_line(unsigned c, const uint32_t *hashes)
{
    char line[16 + 9 * INPUTS];
    int n = sprintf(line, "%u", c);
    for (unsigned i = 0; i < INPUTS; i++) {
        line[n++] = ' ';
        for (int shift = 28; shift >= 0; shift -= 4) {
            line[n++] = "0123456789abcdef"[hashes[i] >> shift & 15];
        }
    }
    line[n++] = '\n';
    if (write(STDOUT_FILENO, line, (size_t)n) != n) {
        _exit(2);
    }
}

static void print_bytes(const char *name, unsigned i, const uint8_t *p, unsigned n)
{
    printf("%s%u ", name, i);
    while (n--) {
        printf("%02x", p[n]);
    }
    printf("\n");
}

static void print_state(const char *when)
{
    static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                        "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    printf("%s\n", when);
    for (unsigned i = 0; i < 16; i++) {
        printf("%s %016lx\n", names[i], isa_state.gpr[i]);
    }
    printf("flags %lx\n", isa_state.flags);
    printf("signal %ld code %ld addr %lx pc +%lx trap %u error %x\n", (long)isa_state.sig,
           (long)isa_state.code, isa_state.addr, isa_state.rip, isa_state.trap, isa_state.error);
    printf("fcw %x fsw %x ftw %x mxcsr %x\n", isa_state.fx.fcw, isa_state.fx.fsw, isa_state.fx.ftw,
           isa_state.fx.mxcsr);
    for (unsigned i = 0; i < 8; i++) {
        print_bytes("st", i, isa_state.fx.st[i], 10);
    }
    for (unsigned i = 0; i < 16; i++) {
        print_bytes("xmm", i, isa_state.fx.xmm[i], 16);
    }
    for (unsigned i = 0; isa_avx && i < 16; i++) {
        print_bytes("ymmh", i, isa_state.ymmh[i], 16);
    }
    for (unsigned i = 0; i < sizeof(isa_state.mem); i += 16) {
        print_bytes("mem+", i, isa_state.mem + i, 16);
    }
    for (unsigned i = 0; i < sizeof(isa_state.edge); i += 16) {
        print_bytes("edge+", i, isa_state.edge + i, 16);
    }
}

static int print_case(unsigned c, unsigned input)
{
    const struct Case *k = &isa_cases[c];
    if (k->kind & KIND_FAULT) {
        install_handlers();
    }
    printf("%s\n", k->text);
    load_input(k, c % VARIANTS, input);
    print_state("before:");
    fflush(stdout);
    run_case(k, c % VARIANTS, input);
    print_state("after:");
    return 0;
}

int main(int argc, char **argv)
{
    int faults = argc >= 2 && !strcmp(argv[1], "faults");
    int all = argc < 2 || faults || !strcmp(argv[1], "plain");
    isa_avx = __builtin_cpu_supports("avx") != 0;
    map_edge();
    if (!all && argc == 3) {
        unsigned c = (unsigned)atoi(argv[1]), input = (unsigned)atoi(argv[2]);
        if (c < isa_ncases && input < INPUTS) {
            return print_case(c, input);
        }
    }
    if (!all || argc > 3) {
        fprintf(stderr, "usage: %s [plain|faults [FIRST]], or CASE INPUT (%u cases, %u inputs)\n",
                argv[0], isa_ncases, INPUTS);
        return 2;
    }
    if (faults) {
        install_handlers();
    }
    for (unsigned c = argc == 3 ? (unsigned)atoi(argv[2]) : 0; c < isa_ncases; c++) {
        if (isa_cases[c].kind & KIND_FAULT && !faults) {
            continue;
        }
        uint32_t hashes[INPUTS];
        for (unsigned input = 0; input < INPUTS; input++) {
            run_case(&isa_cases[c], c % VARIANTS, input);
            hashes[input] = hash_state();
        }
        print_line(c, hashes);
    }
    return 0;
}
