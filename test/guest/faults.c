// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Synchronous signals: what the handler sees, and the ways out of it.
#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "guest-test.h"

static sigjmp_buf back;
static volatile int seen_sig, seen_code;
static volatile uintptr_t seen_addr, seen_ip, seen_err, seen_trap;
static volatile uint64_t seen_r12;

static void on_fault(int sig, siginfo_t *info, void *opaque)
{
    ucontext_t *uc = opaque;
    seen_sig = sig;
    seen_code = info->si_code;
    seen_addr = (uintptr_t)info->si_addr;
    seen_ip = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
    seen_trap = (uintptr_t)uc->uc_mcontext.gregs[REG_TRAPNO];
    // Of a page fault's error code only what does not depend on which pages happen to be in memory.
    seen_err = seen_trap == 14 ? (uintptr_t)uc->uc_mcontext.gregs[REG_ERR] & ~1ul : 0;
    seen_r12 = (uint64_t)uc->uc_mcontext.gregs[REG_R12];
    siglongjmp(back, 1);
}

static void catch_all(void)
{
    static const int sigs[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
        sigaction(sigs[i], &act, NULL);
    }
}

#define FAULT(name, code)                                                                          \
    do {                                                                                           \
        seen_sig = 0;                                                                              \
        if (sigsetjmp(back, 1) == 0) {                                                             \
            code;                                                                                  \
        }                                                                                          \
        printf("%s: signal %d code %d err %lx trap %lu\n", name, seen_sig, seen_code,              \
               (unsigned long)seen_err, (unsigned long)seen_trap);                                 \
    } while (0)

static int is_in_main(uintptr_t addr);

static void test_memory(void)
{
    volatile char *none = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    volatile char *read_only = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    FAULT("read unmapped", (void)*(volatile char *)8);
    printf("address %d\n", seen_addr == 8);
    FAULT("write unmapped", *(volatile char *)16 = 1);
    printf("address %d\n", seen_addr == 16);
    FAULT("read PROT_NONE", (void)none[5000]);
    printf("address %d\n", seen_addr == (uintptr_t)none + 5000);
    FAULT("write read-only", read_only[100] = 1);
    printf("address %d ip in code %d\n", seen_addr == (uintptr_t)read_only + 100,
           is_in_main(seen_ip));
    FAULT("non-canonical", (void)*(volatile char *)0x8000000000001234u);
    FAULT("jump to data", ((void (*)(void))(uintptr_t)read_only)());
    printf("address %d ip %d\n", seen_addr == (uintptr_t)read_only,
           seen_ip == (uintptr_t)read_only);
    FAULT("jump to nothing", ((void (*)(void))16)());
    printf("ip %d\n", seen_ip == 16);
}

static void test_bus(void)
{
    char name[] = "/tmp/myna-test-XXXXXX";
    int fd = mkstemp(name);
    CHECK(ftruncate(fd, 100) == 0);
    volatile char *p = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
    FAULT("behind the file", (void)p[5000]);
    printf("address %d\n", seen_addr == (uintptr_t)p + 5000);
    unlink(name);
    close(fd);
}

static void test_arithmetic(void)
{
    volatile int one = 1, zero = 0, min = INT32_MIN, minus_one = -1, sink;
    FAULT("divide by zero", sink = one / zero);
    printf("address is ip %d\n", seen_addr == seen_ip);
    FAULT("overflow", sink = min / minus_one);
    (void)sink;
    FAULT("ud2", __asm__ volatile("ud2"));
    printf("address is ip %d\n", seen_addr == seen_ip);
    FAULT("int3", __asm__ volatile("int3"));
    FAULT("hlt", __asm__ volatile("hlt"));
    FAULT("int 0x21", __asm__ volatile("int $0x21"));
    FAULT("misaligned SSE",
          __asm__ volatile("movaps %0, %%xmm0" ::"m"(*((char *)(uintptr_t)&back + 1)) : "xmm0"));
    uint32_t unmasked = 0x1f80 & ~0x200u;
    FAULT("SSE divide by zero", __asm__ volatile("ldmxcsr %0\n"
                                                 "xorps %%xmm1, %%xmm1\n"
                                                 "movaps %%xmm1, %%xmm0\n"
                                                 "cmpeqps %%xmm0, %%xmm0\n"
                                                 "cvtdq2ps %%xmm0, %%xmm0\n"
                                                 "divss %%xmm1, %%xmm0\n" ::"m"(unmasked) : "xmm0",
                                                 "xmm1"));
    uint32_t normal = 0x1f80;
    __asm__ volatile("ldmxcsr %0" ::"m"(normal));
}

static void test_registers(void)
{
    // The state at the faulting instruction: r12 written just before it, r12 written after it not.
    seen_r12 = 0;
    FAULT("registers", __asm__ volatile("mov $0x1111, %%r12\n"
                                        "mov $8, %%rax\n"
                                        "add $1, %%r12\n"
                                        "mov (%%rax), %%rax\n"
                                        "add $1, %%r12\n" :: : "rax",
                                        "r12", "memory"));
    printf("r12 %lx\n", (unsigned long)seen_r12);
}

// All arithmetic flags at a fault, behind each kind of instruction that writes them, and with a jump between: what a
// handler sees, and what the program goes on with when the handler has stepped over the access.
static volatile uint64_t seen_flags;
static void on_load(int sig, siginfo_t *info, void *opaque)
{
    ucontext_t *uc = opaque;
    (void)sig;
    (void)info;
    seen_flags = (uint64_t)uc->uc_mcontext.gregs[REG_EFL];
    uc->uc_mcontext.gregs[REG_RIP] += 3; // mov (%r8), %r9
}

#define FAULTING "mov (%%r8), %%r9\n"
#define FLAGS(text, code, a, b)                                                                    \
    do {                                                                                           \
        uint64_t x = (a), y = (b), after;                                                          \
        for (int hot = 0; hot < 3; hot++) {                                                        \
            x = (a), y = (b);                                                                      \
            __asm__ volatile("xor %%r8d, %%r8d\n" code "pushf\n"                                   \
                             "pop %2\n"                                                            \
                             : "+a"(x), "+c"(y), "=&r"(after)::"rdx", "rsi", "rdi", "r8", "r9",    \
                               "cc", "memory");                                                    \
        }                                                                                          \
        printf("flags of %s: at the fault %03lx, afterwards %03lx\n", text,                        \
               (unsigned long)seen_flags & 0xcd5, (unsigned long)after & 0xcd5);                   \
    } while (0)
#define FLAGS_OF(insn)                                                                             \
    FLAGS(insn, insn "\n" FAULTING, 0x80000000u, 0x7fffffffu);                                     \
    FLAGS(insn, insn "\n" FAULTING, 0xff01u, 0xffu);                                               \
    FLAGS(insn ", jump", insn "\n jmp 1f\n nop\n 1: mov %%rcx, %%rdx\n" FAULTING, 0x10u, 0x1u)

static void test_flags(void)
{
    struct sigaction act = {.sa_sigaction = on_load, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &act, NULL);
    FLAGS_OF("add %%ecx, %%eax");
    FLAGS_OF("sub %%cl, %%al");
    FLAGS_OF("cmp %%ax, %%cx");
    FLAGS_OF("cmp %%rcx, %%rax");
    FLAGS_OF("and %%ecx, %%eax");
    FLAGS_OF("neg %%rax");
    FLAGS_OF("stc\n inc %%eax");
    FLAGS_OF("sub %%ecx, %%eax\n dec %%cx");
    FLAGS_OF("add %%cl, %%al\n adc %%ecx, %%eax");
    FLAGS_OF("cmp %%al, %%cl\n bt $3, %%ecx");
    FLAGS_OF("mov $1, %%r9d\n cmp %%eax, %%ecx\n setl %%dl");
    FLAGS_OF("cmp %%ecx, %%eax\n cmovb %%ecx, %%eax");
    // Flags that the code behind the fault overwrites: the handler sees them all the same.
    FLAGS("killed", "cmp %%ecx, %%eax\n" FAULTING "xor %%edx, %%edx\n", 5, 7);
    FLAGS("killed behind a jump",
          "cmp %%ecx, %%eax\n jb 1f\n nop\n 1:" FAULTING "xor %%edx, %%edx\n", 5, 7);
    FLAGS("kept by a shift",
          "cmp %%ecx, %%eax\n jmp 1f\n 1: mov $0, %%cl\n shl %%cl, %%eax\n" FAULTING
          "xor %%edx, %%edx\n",
          5, 7);
    FLAGS("in part", "cmp %%ecx, %%eax\n jmp 1f\n 1: inc %%edx\n" FAULTING "xor %%edx, %%edx\n", 5,
          7);
    // A store that faults changes no flag.
    FLAGS("a store", "cmp %%ecx, %%eax\n add %%r9, (%%r8)\n", 5, 7);
    FLAGS("a store of a result", "cmp %%ecx, %%eax\n incq (%%r8)\n", 5, 7);
}

// A handler that repairs and returns: the access is made again.
static char *page;
static volatile int repairs;
static void repair(int sig, siginfo_t *info, void *opaque)
{
    (void)sig;
    (void)opaque;
    repairs++;
    CHECK((char *)info->si_addr == page + 10);
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

// A handler that steps over the instruction by changing the context.
static void skip(int sig, siginfo_t *info, void *opaque)
{
    ucontext_t *uc = opaque;
    (void)sig;
    (void)info;
    uc->uc_mcontext.gregs[REG_RIP] += 2; // ud2
    uc->uc_mcontext.gregs[REG_RAX] = 4711;
}

static void test_return(void)
{
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sigaction act = {.sa_sigaction = repair, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &act, NULL);
    page[10] = 42;
    printf("repaired: %d times, value %d\n", repairs, page[10]);
    act.sa_sigaction = skip;
    sigaction(SIGILL, &act, NULL);
    long rax = 0;
    __asm__ volatile("ud2" : "+a"(rax));
    printf("skipped: rax %ld\n", rax);
}

// A stack overflow is handled on the alternate stack.
static volatile int depth;
static __attribute__((noinline)) int overflow(volatile char *p)
{
    volatile char frame[4096];
    frame[0] = p[0];
    depth++;
    return *p == 1 ? 0 : overflow(frame) + frame[0];
}

static void test_stack_overflow(void)
{
    stack_t ss = {.ss_sp = malloc(65536), .ss_size = 65536};
    struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&ss, NULL);
    sigaction(SIGSEGV, &act, NULL);
    seen_sig = 0;
    if (sigsetjmp(back, 1) == 0) {
        char c = 0;
        overflow(&c);
    }
    printf("stack overflow: signal %d, deep %d\n", seen_sig, depth > 500);
}

// The kernel's page of old system calls: listed, and a call into it traps and is served.
static void test_vsyscall(void)
{
    char line[512];
    int listed = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof(line), maps)) {
        if (strstr(line, "[vsyscall]")) {
            listed = 1;
            printf("%s", line);
        }
    }
    if (maps) {
        fclose(maps);
    }
    if (listed) {
        long (*old_time)(long *) = (long (*)(long *))0xffffffffff600400;
        CHECK(old_time(NULL) > 1000000000);
    }
}

int main(void)
{
    test_vsyscall();
    catch_all();
    test_memory();
    test_bus();
    test_arithmetic();
    test_registers();
    test_flags();
    test_return();
    test_stack_overflow();
    return finish();
}

static int is_in_main(uintptr_t addr)
{
    return addr > (uintptr_t)on_fault && addr < (uintptr_t)is_in_main;
}
