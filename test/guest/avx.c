// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// YMM registers in the kernel's hands: what a signal frame holds of them and gives back, XSAVE, calls that must
// leave them alone, threads.  On a machine without AVX2 only that is said.

#include <cpuid.h>
#include <pthread.h>
#include <sched.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

#include "guest-test.h"

#define XSAVE_HEADER 512
#define AVX_OFS 576

typedef struct Ymm {
    uint64_t q[16][4];
} Ymm;

#define EACH(X)                                                                                    \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define LOAD(n) "vmovdqu 32*" #n "(%0), %%ymm" #n "\n"
#define SAVE(n) "vmovdqu %%ymm" #n ", 32*" #n "(%1)\n"
#define SAVE2(n) "vmovdqu %%ymm" #n ", 32*" #n "(%5)\n"
#define CLOBBERS                                                                                   \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",       \
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "rcx", "r11", "memory"

static void fill(Ymm *y, uint64_t seed)
{
    for (unsigned i = 0; i < 64; i++) {
        y->q[i / 4][i % 4] = seed += 0x9e3779b97f4a7c15;
    }
}

// Loads all registers, makes a system call, stores them.
static void around_syscall(const Ymm *in, Ymm *out, long nr, long a, long b)
{
    __asm__ volatile(EACH(LOAD) "mov %2, %%rax\nmov %3, %%rdi\nmov %4, %%rsi\nsyscall\n" EACH(SAVE2)
                     :
                     : "r"(in), "r"(out), "r"(nr), "r"(a), "r"(b), "r"(out)
                     : "rax", "rdi", "rsi", CLOBBERS);
}

static int equal(const Ymm *a, const Ymm *b) { return !memcmp(a, b, sizeof(*a)); }

static Ymm in_frame;
static int change;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    ucontext_t *uc = context;
    char *fp = (char *)uc->uc_mcontext.fpregs;
    uint32_t magic1, size, xstate_size, magic2;
    uint64_t features, bv;
    memcpy(&magic1, fp + 464, 4);
    memcpy(&size, fp + 468, 4);
    memcpy(&features, fp + 472, 8);
    memcpy(&xstate_size, fp + 480, 4);
    memcpy(&magic2, fp + xstate_size, 4);
    memcpy(&bv, fp + XSAVE_HEADER, 8);
    CHECK(uc->uc_flags & 1); // UC_FP_XSTATE
    CHECK(magic1 == 0x46505853 && magic2 == 0x46505845);
    CHECK(size == xstate_size + 4 && xstate_size >= AVX_OFS + 256);
    CHECK((features & 7) == 7 && (bv & 6) == 6);
    CHECK(((uintptr_t)fp & 63) == 0);
    for (unsigned i = 0; i < 16; i++) {
        memcpy(in_frame.q[i], fp + 160 + 16 * i, 16);
        memcpy(&in_frame.q[i][2], fp + AVX_OFS + 16 * i, 16);
    }
    if (change) { // register 5 in the frame, and another's state as after power-on
        memset(fp + AVX_OFS + 16 * 5, 0x5a, 16);
        memset(fp + 160 + 16 * 5, 0xa5, 16);
    }
    if (change == 2) { // no AVX component: its halves become 0
        bv &= ~4ull;
        memcpy(fp + XSAVE_HEADER, &bv, 8);
    }
    if (change == 3) { // an FXSAVE image only
        memset(fp + 464, 0, 4);
    }
    Ymm other;
    fill(&other, 99);
    __asm__ volatile(EACH(LOAD) : : "r"(&other) : CLOBBERS);
}

static void test_frames(void)
{
    struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &sa, NULL);
    for (change = 0; change < 4; change++) {
        Ymm in, out;
        fill(&in, (uint64_t)change);
        around_syscall(&in, &out, 200 /* tkill */, gettid(), SIGUSR1);
        CHECK(equal(&in, &in_frame));
        uint64_t sum = 0;
        for (unsigned i = 0; i < 64; i++) {
            sum = sum * 31 + out.q[i / 4][i % 4];
        }
        printf("frame %d: same %d, %016lx %016lx, sum %016lx\n", change, equal(&in, &out),
               (unsigned long)out.q[5][0], (unsigned long)out.q[5][3], (unsigned long)sum);
    }
}

// A fault in the midst of a block: the frame has what was before the instruction.
static void test_fault(void)
{
    struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &sa, NULL);
    Ymm in, out;
    change = 0;
    fill(&in, 7);
    __asm__ volatile(EACH(LOAD) "vpaddq %%ymm1, %%ymm2, %%ymm3\n"
                                "int3\n"
                                "vpxor %%ymm3, %%ymm4, %%ymm3\n" EACH(SAVE)
                     :
                     : "r"(&in), "r"(&out)
                     : CLOBBERS);
    for (unsigned k = 0; k < 4; k++) {
        CHECK(in_frame.q[3][k] == in.q[1][k] + in.q[2][k]);
        CHECK(out.q[3][k] == (in_frame.q[3][k] ^ in.q[4][k]));
    }
}

// AVX code that a timer's signals interrupt, whose handler spoils all registers.
static volatile int ticks;

static void on_tick(int sig)
{
    (void)sig;
    Ymm other;
    fill(&other, (uint64_t)ticks++);
    __asm__ volatile(EACH(LOAD) : : "r"(&other) : CLOBBERS);
}

static void test_ticks(void)
{
    signal(SIGALRM, on_tick);
    struct itimerval it = {{0, 2000}, {0, 2000}};
    Ymm in, out;
    unsigned long rounds = 0;
    fill(&in, 3);
    setitimer(ITIMER_REAL, &it, NULL);
    for (; ticks < 40; rounds++) {
        long n = 2000;
        __asm__ volatile(EACH(LOAD) "1: vpaddq %%ymm15, %%ymm14, %%ymm13\n"
                                    "vpsubq %%ymm14, %%ymm13, %%ymm13\n"
                                    "vpxor %%ymm13, %%ymm15, %%ymm12\n"
                                    "vpor %%ymm12, %%ymm11, %%ymm11\n"
                                    "dec %2\njnz 1b\n" EACH(SAVE)
                         :
                         : "r"(&in), "r"(&out), "r"(n)
                         : "cc", CLOBBERS);
        Ymm want = in;
        memcpy(want.q[13], in.q[15], 32);
        memset(want.q[12], 0, 32);
        CHECK(equal(&want, &out));
        if (failures) {
            break;
        }
    }
    it = (struct itimerval){0};
    setitimer(ITIMER_REAL, &it, NULL);
    CHECK(rounds > 0);
}

static void *thread(void *arg)
{
    for (unsigned i = 0; i < 200; i++) {
        Ymm in, out;
        fill(&in, (uintptr_t)arg + i);
        around_syscall(&in, &out, 24 /* sched_yield */, 0, 0);
        if (!equal(&in, &out)) {
            return arg;
        }
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t t[4];
    for (uintptr_t i = 0; i < 4; i++) {
        CHECK(pthread_create(&t[i], NULL, thread, (void *)((i + 1) << 20)) == 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        void *r;
        pthread_join(t[i], &r);
        CHECK(r == NULL);
    }
}

static void test_xsave(void)
{
    static char area[4096] __attribute__((aligned(64)));
    Ymm in, out;
    unsigned a, b, c, d;
    fill(&in, 11);
    for (unsigned mask = 0; mask < 8; mask++) {
        memset(area, 0, sizeof(area));
        __asm__ volatile(
            EACH(
                LOAD) "mov %2, %%eax\nxor %%edx, %%edx\nxsave (%3)\n"
                      "vpcmpeqd %%ymm1, %%ymm1, %%ymm1\nvzeroall\nvpcmpeqd %%ymm2, %%ymm2, %%ymm2\n"
                      "xrstor (%3)\n" EACH(SAVE)
            :
            : "r"(&in), "r"(&out), "r"(mask), "r"(area)
            : "rax", "rdx", CLOBBERS);
        printf("xsave %u: low %d high %d\n", mask, out.q[3][1] == in.q[3][1],
               out.q[3][3] == in.q[3][3]);
    }
    CHECK(__get_cpuid_count(0xd, 0, &a, &b, &c, &d) && (a & 7) == 7 && b >= 832 && c >= b);
    CHECK(__get_cpuid_count(0xd, 2, &a, &b, &c, &d) && a == 256 && b == 576);
    __asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    CHECK((a & 7) == 7);
}

int main(void)
{
    if (!__builtin_cpu_supports("avx2")) {
        printf("no AVX2\n");
        return finish();
    }
    test_frames();
    test_fault();
    test_ticks();
    test_threads();
    test_xsave();
    return finish();
}
