// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops whose accesses fault again and again while they are hot: each time the handler finds all registers as the instructions
// before have left them, puts the page in and goes on.  Registers, flags and vector registers go into sums, which are the same natively.

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define AREA ((char *)0x123400000000)
enum { PAGE = 4096, PAGES = 32, ROUNDS = 400, STEP = 512, FLAGS = 0x8c5 }; // OF SF ZF PF CF

static uint64_t sum;
static volatile unsigned long faults;

static void mix(uint64_t v) { sum = (sum ^ v) * 0x9e3779b97f4a7c15u + (sum >> 29); }

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    ucontext_t *uc = context;
    faults++;
    for (int r = REG_R8; r <= REG_RCX; r++) {
        mix((uint64_t)uc->uc_mcontext.gregs[r]);
    }
    mix((uint64_t)uc->uc_mcontext.gregs[REG_EFL] & FLAGS);
    mix((uint64_t)((char *)info->si_addr - AREA));
    for (int x = 0; x < 8; x++) {
        uint64_t part[2];
        memcpy(part, &uc->uc_mcontext.fpregs->_xmm[x], sizeof(part));
        mix(part[0]);
        mix(part[1]);
    }
    mprotect((char *)((uintptr_t)info->si_addr & -PAGE), PAGE, PROT_READ | PROT_WRITE);
}

#define GENERAL                                                                                    \
    "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc"
#define VECTOR "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7"
#define START                                                                                      \
    "mov $0x1234567, %%eax; mov $77, %%ecx; mov $3, %%edx; mov $-9, %%rbx; mov $8, %%r8d; mov "    \
    "$9, %%r9d;"                                                                                   \
    "mov $10, %%r10d; mov $11, %%r11d; mov $12, %%r12d; mov $13, %%r13d; mov $14, %%r14d; mov "    \
    "$15, %%r15d;"                                                                                 \
    "pxor %%xmm0, %%xmm0; movdqa %%xmm0, %%xmm1; movdqa %%xmm0, %%xmm2; movdqa %%xmm0, %%xmm3;"    \
    "movdqa %%xmm0, %%xmm4; movdqa %%xmm0, %%xmm5; movdqa %%xmm0, %%xmm6; movdqa %%xmm0, %%xmm7;"

// Flags live and dead, registers that die at an access, stores in the midst.
static void integers(char *at, long n)
{
    __asm__ volatile(START "1: add (%[at]), %%rax\n\t"
                           "lea 5(%%rax, %%rcx, 2), %%r8\n\t"
                           "adc %%r8, %%rdx\n\t"
                           "mov (%[at]), %%r8\n\t"
                           "cmp %%rdx, %%rbx\n\t"
                           "mov 24(%[at]), %%r9\n\t"
                           "sbb %%r9, %%r14\n\t"
                           "xor %%rdx, %%rbx\n\t"
                           "mov %%rbx, 8(%[at])\n\t"
                           "ror $7, %%r10\n\t"
                           "xor %%r10, %%r13\n\t"
                           "movzbl 9(%[at]), %%r10d\n\t"
                           "sub $1, %%r15\n\t"
                           "cmovb %%r13, %%r12\n\t"
                           "push %%r14\n\t"
                           "pop %%r11\n\t"
                           "mov %%r11, 16(%[at])\n\t"
                           "add %[step], %[at]\n\t"
                           "dec %[n]\n\t"
                           "jnz 1b"
                     : [at] "+S"(at), [n] "+D"(n)
                     : [step] "i"(STEP)
                     : GENERAL, VECTOR);
}

// Halves of vector registers that an operation leaves alone.
static void vectors(char *at, long n)
{
    __asm__ volatile(START "movq %%rax, %%xmm5; punpcklqdq %%xmm5, %%xmm5\n\t"
                           "cvtsi2sd %%rcx, %%xmm4; movddup %%xmm4, %%xmm6\n\t"
                           "1: addsd %%xmm4, %%xmm6\n\t"
                           "movq (%[at]), %%xmm0\n\t"
                           "paddq %%xmm5, %%xmm0\n\t"
                           "cvtsi2sd %%r12, %%xmm1\n\t"
                           "mulsd %%xmm6, %%xmm1\n\t"
                           "pxor %%xmm0, %%xmm2\n\t"
                           "movups %%xmm2, 32(%[at])\n\t"
                           "pshufd $0x4e, %%xmm2, %%xmm3\n\t"
                           "ucomisd %%xmm6, %%xmm1\n\t"
                           "movdqu 32(%[at]), %%xmm7\n\t"
                           "paddd %%xmm7, %%xmm5\n\t"
                           "movsd %%xmm1, 48(%[at])\n\t"
                           "movss %%xmm5, %%xmm2\n\t"
                           "add $3, %%r12\n\t"
                           "add %[step], %[at]\n\t"
                           "dec %[n]\n\t"
                           "jnz 1b"
                     : [at] "+S"(at), [n] "+D"(n)
                     : [step] "i"(STEP)
                     : GENERAL, VECTOR);
}

// Calls between the accesses: several blocks that a region takes together.
static __attribute__((noinline)) uint64_t leaf(const uint64_t *at, uint64_t v)
{
    return at[0] * 3 + v;
}

static __attribute__((noinline)) uint64_t calls(char *at, long n)
{
    uint64_t v = 1;
    for (long i = 0; i < n; i++, at += STEP) {
        uint64_t *word = (uint64_t *)at;
        v = v & 1 ? leaf(word, v >> 1) : leaf(word + 1, v);
        word[2] += v;
    }
    return v;
}

int main(void)
{
    struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &act, NULL);
    if (mmap(AREA, PAGES * PAGE, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != AREA) {
        puts("no room");
        return 1;
    }
    void (*const loops[])(char *, long) = {integers, vectors};
    for (unsigned l = 0; l < 2; l++) {
        memset(AREA, 1, PAGES * PAGE);
        for (unsigned round = 0; round < ROUNDS; round++) {
            mprotect(AREA, PAGES * PAGE, PROT_NONE);
            loops[l](AREA, PAGES * PAGE / STEP);
        }
        printf("%lu faults, sum %016lx\n", faults, sum);
        mprotect(AREA, PAGES * PAGE, PROT_READ | PROT_WRITE);
    }
    // The compiler's registers are not the same at each place, but what it computes is.
    uint64_t v = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        mprotect(AREA, PAGES * PAGE, round & 1 ? PROT_READ : PROT_NONE);
        v += calls(AREA, PAGES * PAGE / STEP);
    }
    printf("%lu faults, %016lx\n", faults, v);
    return 0;
}
