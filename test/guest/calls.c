// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls and returns that do not pair as compiled code expects, each in a loop long enough to be compiled for speed:
// deep recursion, longjmp, coroutines, changed return addresses, signals in deep recursion, code that changes while
// its callers wait for it, jump tables.  Prints what it computes; every engine must print what the processor does.
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

#include "guest-test.h"

#define NOINLINE __attribute__((noinline))
static volatile int sink;

NOINLINE static uint64_t fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

// Deeper than the emulator lets guest calls nest on the host's stack.
NOINLINE static uint64_t deep(unsigned n, uint64_t x)
{
    if (n == 0) {
        return x;
    }
    uint64_t r = deep(n - 1, x * 31 + n);
    sink = (int)r; // no tail call
    return r ^ n;
}

// --- longjmp out of nested calls -----------------------------------------------------------------
static jmp_buf back;
NOINLINE static int dive(int n, int out)
{
    if (n == out) {
        longjmp(back, n + 1);
    }
    int r = n > 0 ? dive(n - 1, out) + 1 : 0;
    sink = r;
    return r;
}
static long test_longjmp(void)
{
    volatile long sum = 0;
    for (volatile int i = 0; i < 60000; i++) {
        int r = setjmp(back);
        if (r == 0) {
            sum += dive(i % 13, i % 3 ? -1 : i % 7);
        } else {
            sum += r * 1000;
        }
    }
    return sum;
}

// --- coroutines ------------------------------------------------------------------------------------
static ucontext_t main_context, coroutine;
static long produced;
NOINLINE static void produce(int depth)
{
    if (depth > 0) {
        produce(depth - 1);
        produced += depth;
        swapcontext(&coroutine, &main_context);
    }
    sink = depth;
}
static void run_coroutine(void)
{
    for (;;) {
        produce(6);
    }
}
static long test_coroutines(void)
{
    static char stack[65536];
    long sum = 0;
    getcontext(&coroutine);
    coroutine.uc_stack.ss_sp = stack;
    coroutine.uc_stack.ss_size = sizeof(stack);
    makecontext(&coroutine, run_coroutine, 0);
    for (int i = 0; i < 30000; i++) {
        swapcontext(&main_context, &coroutine);
        sum = sum * 3 + produced;
    }
    return sum;
}

// --- changed return addresses ----------------------------------------------------------------------
#ifdef __x86_64__
// Returns to its caller's second or third label, as `which` says.
__asm__(".text\n"
        "returns:\n"
        "    test %edi, %edi\n"
        "    je 1f\n"
        "    addq $5, (%rsp)\n" // over `mov $1, %eax`
        "1:  ret\n"
        ".globl pick\n"
        "pick:\n"
        "    xor %eax, %eax\n"
        "    call returns\n"
        "    mov $1, %eax\n"
        "    add $2, %eax\n"
        "    ret\n"
        // Drops the middle frame: returns to its caller's caller.
        "skip:\n"
        "    add $8, %rsp\n"
        "    mov $7, %eax\n"
        "    ret\n"
        ".globl skipped\n"
        "skipped:\n"
        "    call skip\n"
        "    mov $9, %eax\n"
        "    ret\n"
        // A return to an address that no call has left.
        ".globl pushed\n"
        "pushed:\n"
        "    lea 2f(%rip), %rax\n"
        "    push %rax\n"
        "    ret\n"
        "    ud2\n"
        "2:  mov $11, %eax\n"
        "    ret\n"
        // Flags travel through a return.
        ".globl carries\n"
        "3:  add %rdi, %rdi\n"
        "    ret\n"
        "carries:\n"
        "    call 3b\n"
        "    sbb %eax, %eax\n"
        "    ret\n"
        // Calls that nothing returns from, as many as are asked for; each adds 1.
        ".globl called\n"
        "called:\n"
        "    xor %eax, %eax\n"
        "4:  call 5f\n"
        "5:  pop %rdx\n"
        "    add $1, %eax\n"
        "    dec %edi\n"
        "    jne 4b\n"
        "    ret\n"
        // Returns to 0.
        ".globl nowhere\n"
        "nowhere:\n"
        "    mov $13, %eax\n"
        "    push $0\n"
        "    ret\n"
        // Between a call and its return another mode: an exception of MXCSR's is unmasked.
        "6:  ldmxcsr (%rsi)\n"
        "    add $1, %edi\n"
        "    ret\n"
        ".globl unmasks\n"
        "unmasks:\n"
        "    call 6b\n"
        "    mov %edi, %eax\n"
        "    divss %xmm1, %xmm0\n" // 0 / 0
        "    ret\n");
int pick(int which);
int called(int times);
void nowhere(void);
int unmasks(int x, const uint32_t *mxcsr, float zero, float divisor);
static sigjmp_buf fault_back;
static void on_fault(int signo, siginfo_t *info, void *context)
{
    const greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    siglongjmp(fault_back,
               signo == SIGFPE ? 1 : r[REG_RIP] == 0 && r[REG_RAX] == 13 && !info->si_addr);
}
static void test_frames(void)
{
    const struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    struct sigaction old[2];
    volatile int faults[2] = {0};
    CHECK(called(1000000) == 1000000);
    sigaction(SIGSEGV, &action, &old[0]);
    sigaction(SIGFPE, &action, &old[1]);
    for (volatile int i = 0; i < 2000; i++) {
        int right = sigsetjmp(fault_back, 1);
        if (right == 0 && i % 20 == 0) {
            nowhere();
        }
        faults[0] += right;
        CHECK(called(1 + i % 7) == 1 + i % 7);
    }
    for (volatile int i = 0; i < 2000; i++) {
        const uint32_t masked = 0x1f80, unmasked = 0x1f00;
        bool raises = i % 20 == 0;
        int right = sigsetjmp(fault_back, 1);
        if (right == 0) {
            CHECK(unmasks(i, raises ? &unmasked : &masked, 0, raises ? 0 : 1) == i + 1);
            CHECK(!raises);
        }
        faults[1] += right;
        __asm__ volatile("ldmxcsr %0" : : "m"(masked));
    }
    CHECK(faults[0] == 100 && faults[1] == 100);
    sigaction(SIGSEGV, &old[0], NULL);
    sigaction(SIGFPE, &old[1], NULL);
}
int skipped(void);
int pushed(void);
int carries(uint64_t x);
static void test_returns(void)
{
    for (int i = 0; i < 100000 && !failures; i++) {
        CHECK(pick(i % 3 == 0) == (i % 3 == 0 ? 2 : 3));
        CHECK(skipped() == 7);
        CHECK(pushed() == 11);
        CHECK(carries((uint64_t)i << 62) == -(i >> 1 & 1));
    }
}
#else
static void test_returns(void) {}
static void test_frames(void) {}
#endif

// --- signals in a deep recursion -------------------------------------------------------------------
static volatile sig_atomic_t ticks;
static void on_tick(int signo)
{
    (void)signo;
    ticks++;
}
static long test_signals(void)
{
    struct sigaction action = {.sa_handler = on_tick};
    struct itimerval timer = {{0, 2000}, {0, 2000}}, off = {0};
    long sum = 0;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    for (int i = 0; i < 200 || ticks < 20; i++) {
        uint64_t x = fib(16) + deep(300, 5);
        sum = i < 200 ? sum + (long)x : sum;
    }
    setitimer(ITIMER_REAL, &off, NULL);
    return sum;
}

// --- code that changes under its callers -------------------------------------------------------------
// f calls the hook and then returns a constant that stands in its own code; the hook changes it now and then.
#ifdef __x86_64__
static uint8_t *page;
static int calls, constant;
NOINLINE static void hook(void)
{
    if (++calls % 5000 == 0) {
        constant = calls / 5000;
        memcpy(page + 15, &constant, 4);
    }
}
static void test_changing(void)
{
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t code[] = {0x53,                               // push %rbx
                      0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, // mov $hook, %rax
                      0xff, 0xd0,                         // call *%rax
                      0x90, 0xb8, 0, 0, 0, 0,             // nop; mov $constant, %eax
                      0x5b, 0xc3};                        // pop %rbx; ret
    void (*address)(void) = hook;
    memcpy(code + 3, &address, 8);
    memcpy(page, code, sizeof(code));
    int (*f)(void);
    memcpy(&f, &page, sizeof(f));
    for (int i = 0; i < 100000 && !failures; i++) {
        int got = f();
        CHECK(got == constant);
    }
}
#else
static void test_changing(void) {}
#endif

// --- jump tables and tables of functions -----------------------------------------------------------------
NOINLINE static long step(long x, unsigned op)
{
    switch (op) {
    case 0: return x + 1;
    case 1: return x * 3;
    case 2: return x ^ 0x55;
    case 3: return x - 7;
    case 4: return x << 1 | (x >> 5 & 1);
    case 5: return ~x;
    case 6: return x + (x >> 3);
    case 7: return x ^ x >> 11;
    case 8: return -x;
    case 9: return x * 5 + 1;
    case 10: return x | 0x100;
    case 11: return x & ~0x40L;
    default: return x;
    }
}
static long test_tables(void)
{
    static long (*const functions[])(long, unsigned) = {step, step, step};
    long x = 1;
    uint32_t random = 12345;
    for (int i = 0; i < 400000; i++) {
        random = random * 1664525 + 1013904223;
        unsigned op = random >> 28;
        // The first part sees some of the cases only, so that later ones are new to compiled code.
        x = functions[i % 3](x, i < 200000 ? op % 5 : op);
        for (const void *at = &&a;;) {
            static const void *const labels[] = {&&a, &&b, &&c, &&d, &&e, &&out};
            goto *at;
        a:
            x++;
            at = labels[1 + (random >> 5 & 3)];
            continue;
        b:
            x ^= 3;
            at = labels[4];
            continue;
        c:
            x += 9;
            at = labels[random & 1 ? 4 : 3];
            continue;
        d:
            x -= 2;
            at = labels[5];
            continue;
        e:
            x *= 7;
            at = labels[5];
            continue;
        out:
            break;
        }
    }
    return x;
}

int main(void)
{
    printf("fib %llu\n", (unsigned long long)fib(24));
    printf("deep %llu %llu\n", (unsigned long long)deep(50000, 1),
           (unsigned long long)deep(50000, 2));
    printf("longjmp %ld\n", test_longjmp());
    printf("coroutines %ld\n", test_coroutines());
    test_returns();
    test_frames();
    printf("signals %ld\n", test_signals());
    test_changing();
    printf("tables %ld\n", test_tables());
    return finish();
}
