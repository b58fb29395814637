// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs short sequences of A64 instructions from random states, and tells what each left behind.  A guest
// program: random.py runs it under qemu-aarch64 and under myna's engines, and compares.
//
//   rig-aarch64 SEQUENCES RESULTS           16 bytes a sequence: hash of the state, signal, place
//   rig-aarch64 SEQUENCES RESULTS NUMBER    that one alone, its state before and after printed
//
// A sequence is entered by the return from a signal handler, which can set every register, and ends in BRK
// or in a fault of its own: the next handler finds every register in its frame.  So the sequence has all
// registers for itself, and the signal frame is tested as well.

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

enum { WORDS = 6, SLOT = 64, BUFFER = 4096, STACK = 65536, X_BASE = 26, X_INDEX = 27 };
#define BUFFER_AT 0x10000000ul
#define CODE_AT 0x20000000ul
#define STACK_AT 0x5a3c96000000ul
#define BRK_WORD 0xd4200000u

typedef struct Sequence {
    uint64_t seed;
    uint32_t n, words[WORDS + 1];
} Sequence;

typedef struct Result {
    uint64_t hash;
    uint32_t signal, place;
} Result;

static const Sequence *sequences;
static Result *results;
static size_t count, current;
static int verbose;
static uint8_t *buffer, pattern[BUFFER];
static const char *results_path;

// --- random states -----------------------------------------------------------------------------------

static uint64_t next(uint64_t *seed) // splitmix64
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t integer(uint64_t *seed)
{
    uint64_t r = next(seed), v = next(seed);
    switch (r & 7) {
    case 0: return (uint64_t)1 << (r >> 8 & 63);
    case 1: return ((uint64_t)1 << (r >> 8 & 63)) - 1;
    case 2: return ~(uint64_t)0 << (r >> 8 & 63);
    case 3: return v & 0xff;
    case 4: return (uint32_t)v;
    case 5: return (uint64_t)(int64_t)(int32_t)v;
    default: return v;
    }
}

// Lanes that matter to floating point of every width.
static uint64_t lanes(uint64_t *seed)
{
    static const uint64_t doubles[] = {
        0,
        0x8000000000000000,
        0x3ff0000000000000,
        0xbff8000000000000,
        0x7ff0000000000000,
        0xfff0000000000000,
        0x7ff8000000000001,
        0x7ff0000000000001,
        0xfff8000000000123,
        1,
        0x000fffffffffffff,
        0x0010000000000000,
        0x7fefffffffffffff,
        0x41dfffffffc00000,
        0x43e0000000000000,
        0x3fefffffffffffff,
        0x4008000000000000,
    };
    static const uint32_t singles[] = {
        0,          0x80000000, 0x3f800000, 0xbfc00000, 0x7f800000, 0xff800000,
        0x7fc00001, 0x7f800001, 0xffc12345, 1,          0x007fffff, 0x00800000,
        0x7f7fffff, 0x4effffff, 0x5f000000, 0x3f7fffff, 0x477fe000, 0x33800000,
    };
    static const uint16_t halves[] = {
        0,      0x8000, 0x3c00, 0xbe00, 0x7c00, 0xfc00, 0x7e01, 0x7c01,
        0xfe55, 1,      0x03ff, 0x0400, 0x7bff, 0x7800, 0x3bff, 0x4248,
    };
    uint64_t r = next(seed), v = next(seed);
    switch (r & 7) {
    case 0: return doubles[(r >> 8) % (sizeof doubles / sizeof *doubles)];
    case 1:
        return (uint64_t)singles[(r >> 8) % (sizeof singles / sizeof *singles)] << 32 |
               singles[(r >> 20) % (sizeof singles / sizeof *singles)];
    case 2:
        for (unsigned i = 0; i < 4; i++) {
            v = v << 16 | halves[(r >> (8 + 8 * i)) % (sizeof halves / sizeof *halves)];
        }
        return v;
    case 3: // numbers near each other
        return 0x3ff0000000000000 + (v >> 20);
    case 4: return 0x3f8000003f800000 + (v & 0x00ffffff00ffffff);
    case 5: return integer(seed);
    default: return v;
    }
}

static struct fpsimd_context *vectors(ucontext_t *uc)
{
    uint8_t *at = uc->uc_mcontext.__reserved;
    for (;;) {
        struct _aarch64_ctx *head = (struct _aarch64_ctx *)at;
        if (head->magic == FPSIMD_MAGIC) {
            return (struct fpsimd_context *)at;
        }
        if (!head->magic) {
            fputs("no vector registers in the signal frame\n", stderr);
            _exit(2);
        }
        at += head->size;
    }
}

static void enter(ucontext_t *uc)
{
    struct fpsimd_context *f = vectors(uc);
    mcontext_t *m = &uc->uc_mcontext;
    uint64_t seed = sequences[current].seed;
    for (unsigned i = 0; i < 31; i++) {
        m->regs[i] = integer(&seed);
    }
    m->regs[X_BASE] = BUFFER_AT + BUFFER / 2;
    m->regs[X_INDEX] = next(&seed) & 48;
    m->sp = BUFFER_AT + BUFFER / 2 + 256;
    m->pstate = next(&seed) & 0xf0000000;
    m->pc = CODE_AT + current * SLOT;
    for (unsigned i = 0; i < 32; i++) {
        f->vregs[i] = (__uint128_t)lanes(&seed) << 64 | lanes(&seed);
    }
    uint64_t r = next(&seed);
    f->fpsr = 0;
    // Half of the states with the default control: it is what programs use.
    f->fpcr = r & 1 ? 0 : (uint32_t)(r & 0x07c80000);
    memcpy(buffer, pattern, BUFFER);
}

static void print(const char *when, const ucontext_t *uc)
{
    const mcontext_t *m = &uc->uc_mcontext;
    const struct fpsimd_context *f = vectors((ucontext_t *)uc);
    for (unsigned i = 0; i < 31; i++) {
        printf("%s x%u %016lx\n", when, i, (unsigned long)m->regs[i]);
    }
    printf("%s sp %016lx\n%s nzcv %lx\n", when, (unsigned long)m->sp, when,
           (unsigned long)m->pstate >> 28);
    for (unsigned i = 0; i < 32; i++) {
        printf("%s v%u %016lx%016lx\n", when, i, (unsigned long)(f->vregs[i] >> 64),
               (unsigned long)f->vregs[i]);
    }
    printf("%s fpsr %08x\n%s fpcr %08x\n", when, f->fpsr & 0x0800009f, when, f->fpcr);
    for (unsigned i = 0; i < BUFFER; i += 8) {
        uint64_t v, was;
        memcpy(&v, buffer + i, 8);
        memcpy(&was, pattern + i, 8);
        if (v != was) {
            printf("%s mem%+d %016lx\n", when, (int)i - BUFFER / 2, (unsigned long)v);
        }
    }
}

// --- what a sequence left ----------------------------------------------------------------------------

static uint64_t mix(uint64_t hash, uint64_t v)
{
    return (hash ^ v) * 0x9e3779b97f4a7c15u + (hash >> 29);
}

static void take(int sig, const ucontext_t *uc)
{
    const mcontext_t *m = &uc->uc_mcontext;
    const struct fpsimd_context *f = vectors((ucontext_t *)uc);
    uint64_t hash = 0, v;
    for (unsigned i = 0; i < 31; i++) {
        hash = mix(hash, m->regs[i]);
    }
    hash = mix(mix(hash, m->sp), m->pstate & 0xf0000000);
    for (unsigned i = 0; i < 32; i++) {
        hash = mix(mix(hash, (uint64_t)f->vregs[i]), (uint64_t)(f->vregs[i] >> 64));
    }
    hash = mix(mix(hash, f->fpsr & 0x0800009f), f->fpcr);
    for (unsigned i = 0; i < BUFFER; i += 8) {
        memcpy(&v, buffer + i, 8);
        hash = mix(hash, v);
    }
    results[current] = (Result){hash, (uint32_t)sig,
                                (uint32_t)(m->pc - (CODE_AT + current * SLOT))};
}

static void finish(void)
{
    int fd = open(results_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0 ||
        write(fd, results, count * sizeof *results) != (ssize_t)(count * sizeof *results)) {
        perror(results_path);
        _exit(2);
    }
    fflush(stdout);
    _exit(0);
}

static void handler(int sig, siginfo_t *info, void *context)
{
    static int started;
    ucontext_t *uc = context;
    (void)info;
    if (started) {
        take(sig, uc);
        if (verbose) {
            print("after", uc);
            printf("after signal %d\n", sig);
            printf("after place %u\n", results[current].place);
        }
        if (++current == count || verbose) {
            finish();
        }
    }
    started = 1;
    enter(uc);
    if (verbose) {
        print("before", uc);
    }
}

static void *map_at(uintptr_t at, size_t size, int prot)
{
    void *p = mmap((void *)at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (p == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    return p;
}

int main(int argc, char **argv)
{
    struct stat st;
    int fd = argc >= 3 ? open(argv[1], O_RDONLY) : -1;
    if (fd < 0 || fstat(fd, &st) < 0) {
        fprintf(stderr, "usage: %s SEQUENCES RESULTS [NUMBER]\n", argv[0]);
        return 2;
    }
    count = (size_t)st.st_size / sizeof(Sequence);
    sequences = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    results_path = argv[2];
    results = calloc(count, sizeof *results);
    verbose = argc > 3;
    current = verbose ? strtoul(argv[3], NULL, 0) : 0;

    // Room on both sides, so that an offset that leads out of the buffer faults everywhere alike.
    buffer = map_at(BUFFER_AT, BUFFER, PROT_READ | PROT_WRITE);
    uint64_t seed = 1;
    for (unsigned i = 0; i < BUFFER; i += 8) {
        uint64_t v = lanes(&seed);
        memcpy(pattern + i, &v, 8);
    }
    // All code is written before any of it runs.
    uint32_t *code = map_at(CODE_AT, (count * SLOT + 4095) & ~4095ul,
                            PROT_READ | PROT_WRITE | PROT_EXEC);
    for (size_t i = 0; i < count; i++) {
        for (unsigned k = 0; k < SLOT / 4; k++) {
            code[i * (SLOT / 4) + k] = k < sequences[i].n ? sequences[i].words[k] : BRK_WORD;
        }
    }
    __builtin___clear_cache((char *)code, (char *)code + count * SLOT);

    // Where no random stack pointer comes: a signal on a stack that seems to be this one would not move.
    stack_t stack = {.ss_sp = map_at(STACK_AT, STACK, PROT_READ | PROT_WRITE), .ss_size = STACK};
    sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    static const int signals[] = {SIGILL, SIGSEGV, SIGBUS, SIGTRAP, SIGFPE};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) {
        sigaction(signals[i], &action, NULL);
    }
    // Who reads FPSR only in signal frames, after the fact, may miss an underflow (runtime/linux/aarch64).
    __asm__ volatile("msr fpsr, xzr");
    __asm__ volatile("brk #0");
    return 2;
}
