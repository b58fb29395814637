// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs single A64 instructions from many states: a freestanding AArch64 program that test_a64_fp.c builds
// and starts under a reference emulator.  Standard input: an instruction and a number of cases, the cases;
// standard output: a result for each.  The structs are those of a64-server.h.

#include "a64-server.h"

#define SYS_READ 63
#define SYS_WRITE 64
#define SYS_EXIT 93
#define SYS_RT_SIGACTION 134
#define SYS_MMAP 222
#define SIGILL 4

static long call(long n, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c, x3 __asm__("x3") = d, x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}

static void read_all(void *to, unsigned long n)
{
    for (char *p = to; n;) {
        long got = call(SYS_READ, 0, (long)p, (long)n, 0, 0, 0);
        if (got <= 0) {
            call(SYS_EXIT, got < 0, 0, 0, 0, 0, 0);
        }
        p += got;
        n -= (unsigned long)got;
    }
}

static void write_all(const void *from, unsigned long n)
{
    for (const char *p = from; n;) {
        long put = call(SYS_WRITE, 1, (long)p, (long)n, 0, 0, 0);
        if (put <= 0) {
            call(SYS_EXIT, 1, 0, 0, 0, 0, 0);
        }
        p += put;
        n -= (unsigned long)put;
    }
}

// The instruction stands before a RET in `code`; results go to r.
void run_case(const A64Case *c, A64Result *r, void *code);
__asm__(".globl run_case\n"
        "run_case:\n"
        "  stp x29, x30, [sp, #-32]!\n"
        "  str x1, [sp, #16]\n"
        "  mov x9, x2\n"
        "  ldp q0, q1, [x0]\n"
        "  ldp q2, q3, [x0, #32]\n"
        "  ldr w10, [x0, #72]\n"
        "  msr fpcr, x10\n"
        "  ldr w10, [x0, #76]\n"
        "  msr nzcv, x10\n"
        "  msr fpsr, xzr\n"
        "  ldr x1, [x0, #64]\n"
        "  mov x0, #0\n"
        "  blr x9\n"
        "  ldr x9, [sp, #16]\n"
        "  str q0, [x9]\n"
        "  str x0, [x9, #16]\n"
        "  mrs x10, fpsr\n"
        "  str w10, [x9, #24]\n"
        "  mrs x10, nzcv\n"
        "  str w10, [x9, #28]\n"
        "  msr fpcr, xzr\n"
        "  ldp x29, x30, [sp], #32\n"
        "  ret\n");

// An undefined instruction returns, with a flag.
static volatile int undefined;
static void on_sigill(int sig, void *info, unsigned char *uc)
{
    (void)sig;
    (void)info;
    undefined = 1;
    // struct sigcontext is at 176: fault address, x0 .. x30, sp, pc.
    unsigned long *regs = (unsigned long *)(uc + 184);
    regs[32] = regs[30];
}

static A64Case cases[A64_MAX_CASES];
static A64Result results[A64_MAX_CASES];

void _start(void)
{
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        unsigned long mask;
    } action = {(void *)on_sigill, 4 /* SA_SIGINFO */, 0, 0};
    call(SYS_RT_SIGACTION, SIGILL, (long)&action, 0, 8, 0, 0);
    volatile unsigned *code = (unsigned *)call(SYS_MMAP, 0, 4096, 7, 0x22, -1, 0);
    for (;;) {
        A64Request q;
        read_all(&q, sizeof(q));
        read_all(cases, q.ncases * sizeof(cases[0]));
        code[0] = q.insn;
        code[1] = 0xd65f03c0; // ret
        __asm__ volatile("dc cvau, %0\n dsb ish\n ic ivau, %0\n dsb ish\n isb" ::"r"(code)
                         : "memory");
        for (unsigned i = 0; i < q.ncases; i++) {
            undefined = 0;
            run_case(&cases[i], &results[i], (void *)code);
            results[i].undefined = (unsigned)undefined;
        }
        write_all(results, q.ncases * sizeof(results[0]));
    }
}
