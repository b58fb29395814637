// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The stack pointer's alignment: an access through it when it is no multiple of 16 is SIGBUS, and nothing else
// is.  Facts: CheckSPAlignment of the Arm ARM; do_sp_pc_abort in arch/arm64/mm/fault.c.
#include <setjmp.h>
#include <ucontext.h>

#include "../guest-test.h"

static sigjmp_buf back;
static volatile int sig, code;
static volatile uint64_t addr, sp, pc, esr;
static char stack[65536] __attribute__((aligned(16)));

static void on_fault(int s, siginfo_t *info, void *opaque)
{
    const ucontext_t *uc = opaque;
    const unsigned char *at = (const unsigned char *)uc->uc_mcontext.__reserved + 0x210;
    sig = s;
    code = info->si_code;
    addr = (uint64_t)info->si_addr;
    sp = uc->uc_mcontext.sp;
    pc = uc->uc_mcontext.pc;
    memcpy((void *)&esr, at + 8, 8);
    siglongjmp(back, 1);
}

// Runs text with x9 = SP; the instruction at 1: is the one that must be blamed.
#define RUN(text)                                                                                  \
    ({                                                                                             \
        static uint64_t place, base;                                                               \
        sig = 0;                                                                                   \
        if (sigsetjmp(back, 1) == 0) {                                                             \
            __asm__ volatile(                                                                      \
                "mov x9, sp\n adr x10, 1f\n str x10, [%0]\n str x9, [%1]\n" text "\n mov sp, x9\n" \
                :                                                                                  \
                : "r"(&place), "r"(&base)                                                          \
                : "x9", "x10", "x11", "x12", "x13", "v0", "v1", "v2", "cc", "memory");             \
        }                                                                                          \
        if (sig) {                                                                                 \
            CHECK(pc == place && addr == sp && (sp & 15) != 0);                                    \
        }                                                                                          \
        sig;                                                                                       \
    })
#define FAULTS(text) CHECK(RUN(text) == SIGBUS && code == BUS_ADRALN && esr == 0x9a000000)
#define FINE(text) CHECK(RUN("1:" text) == 0)

static void test_accesses(void)
{
    FAULTS("sub sp, x9, #8\n 1: str x11, [sp]");
    FAULTS("sub sp, x9, #24\n 1: ldr x11, [sp, #8]");
    FAULTS("sub sp, x9, #40\n 1: stp x11, x12, [sp, #16]");
    FAULTS("sub sp, x9, #40\n 1: ldp x11, x12, [sp], #8");
    FAULTS("sub sp, x9, #31\n 1: ldrb w11, [sp]");
    FAULTS("sub sp, x9, #48\n str x11, [sp, #8]!\n nop\n 1: ldr x11, [sp]");
    FAULTS("sub sp, x9, #48\n mov x11, #1\n add sp, sp, x11\n 1: ldr x12, [sp, x11]");
    FAULTS("sub sp, x9, #44\n 1: ldr q0, [sp]");
    FAULTS("sub sp, x9, #44\n 1: ld1 {v0.16b, v1.16b}, [sp]");
    FAULTS("sub sp, x9, #64\n mov x11, #8\n ld1 {v0.8b}, [sp], x11\n 1: st1 {v0.b}[3], [sp]");
    FAULTS("sub sp, x9, #44\n 1: ldxr w11, [sp]");
    FAULTS("sub sp, x9, #44\n mov w11, #1\n 1: ldadd w11, w12, [sp]");
    FAULTS("sub sp, x9, #44\n b 2f\n 2: cbz xzr, 3f\n 3: bl 4f\n 4: 1: ldr x11, [sp]");
}

static void test_others(void)
{
    FINE("sub sp, x9, #8\n mov x11, sp\n ldr x12, [x11]\n add sp, sp, #8\n ldr x12, [sp]");
    FINE("sub sp, x9, #8\n prfm pldl1keep, [sp]\n adds x11, sp, #8\n and sp, x11, #-16\n str x11, "
         "[sp, #-16]!");
    FINE("sub sp, x9, #64\n ldr x11, [sp], #8\n add sp, sp, #8\n ldr x11, [sp]");
    // Flags and registers live across the look at SP.
    uint64_t n, flags;
    __asm__ volatile("mov x9, sp\n mov x11, #1\n negs x10, x11\n mov x11, #5\n sub sp, x9, #4\n "
                     "sub sp, sp, #12\n"
                     " str x11, [sp]\n cset %1, mi\n ldr %0, [sp]\n mov sp, x9"
                     : "=&r"(n), "=&r"(flags)
                     :
                     : "x9", "x10", "x11", "cc", "memory");
    CHECK(n == 5 && flags == 1);
    // Often enough to be compiled, and then wrong once.
    FAULTS("mov x11, #40000\n sub x12, x9, #64\n"
           "2: mov sp, x12\n 1: ldr x13, [sp]\n subs x11, x11, #1\n b.ne 2b\n"
           "sub x12, x12, #4\n mov x11, #1\n b 2b");
}

int main(void)
{
    stack_t ss = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&ss, NULL);
    sigaction(SIGBUS, &act, NULL);
    test_accesses();
    test_others();
    return finish();
}
