// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Synchronous signals on AArch64: what the handler sees in siginfo and in the frame's records, and the
// ways out of it.  Every fact is CHECKed: the reference is Linux's source (arch/arm64), not another run.
#include <setjmp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unwind.h>

#include "../guest-test.h"

#define FPSIMD_MAGIC_ 0x46508001u
#define ESR_MAGIC_ 0x45535201u

static sigjmp_buf back;
static volatile int seen_sig, seen_code;
static volatile uintptr_t seen_addr, seen_pc, seen_fault_address;
static volatile uint64_t seen_x19, seen_esr, seen_v8;
static volatile int records_ok;

static void read_records(const ucontext_t *uc)
{
    const unsigned char *at = (const unsigned char *)uc->uc_mcontext.__reserved;
    uint32_t head[2];
    seen_esr = 0;
    records_ok = 0;
    for (;;) {
        memcpy(head, at, sizeof(head));
        if (head[0] == 0) {
            records_ok &= head[1] == 0;
            return;
        }
        if (head[0] == FPSIMD_MAGIC_) {
            records_ok = head[1] == 0x210;
            memcpy((void *)&seen_v8, at + 16 + 8 * 16, 8);
        } else if (head[0] == ESR_MAGIC_) {
            memcpy((void *)&seen_esr, at + 8, 8);
        }
        at += head[1];
    }
}

static void on_fault(int sig, siginfo_t *info, void *opaque)
{
    ucontext_t *uc = opaque;
    seen_sig = sig;
    seen_code = info->si_code;
    seen_addr = (uintptr_t)info->si_addr;
    seen_pc = uc->uc_mcontext.pc;
    seen_fault_address = uc->uc_mcontext.fault_address;
    seen_x19 = uc->uc_mcontext.regs[19];
    read_records(uc);
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
        printf("%s: signal %d code %d esr %lx\n", name, seen_sig, seen_code,                       \
               (unsigned long)seen_esr);                                                           \
    } while (0)

// The instruction before the label `1:` that ASM ends with is the one that must be blamed.
#define FAULT_AT(name, asm_text, ...)                                                              \
    do {                                                                                           \
        static uintptr_t place;                                                                    \
        FAULT(name, __asm__ volatile("adr x16, 1f\n str x16, [%0]\n" asm_text ::"r"(&place),       \
                                     ##__VA_ARGS__ : "x16", "x17", "x18", "x19", "v8", "memory")); \
        CHECK(seen_pc == place);                                                                   \
    } while (0)

#define SAW(sig, code, addr)                                                                       \
    (seen_sig == (sig) && seen_code == (code) && seen_addr == (uintptr_t)(addr) && records_ok)

enum {
    DATA_ABORT = 0x92000000,
    INSN_ABORT = 0x82000000,
    PC_ALIGNMENT = 0x8a000000,
    WRITE = 0x40,
    TRANSLATION = 7,
    PERMISSION = 0xf,
    ALIGNMENT = 0x21,
};

static void test_memory(void)
{
    char *none = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *read_only = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    FAULT_AT("read unmapped", "mov x17, #8\n 1: ldr x16, [x17]\n");
    CHECK(SAW(SIGSEGV, SEGV_MAPERR, 8) && seen_fault_address == 8);
    CHECK(seen_esr == (DATA_ABORT | TRANSLATION));
    FAULT_AT("write unmapped", "mov x17, #16\n 1: strb w16, [x17]\n");
    CHECK(SAW(SIGSEGV, SEGV_MAPERR, 16) && seen_esr == (DATA_ABORT | WRITE | TRANSLATION));
    FAULT_AT("read PROT_NONE", "1: ldrh w16, [%1]\n", "r"(none + 5000));
    CHECK(SAW(SIGSEGV, SEGV_ACCERR, none + 5000) && seen_esr == (DATA_ABORT | PERMISSION));
    FAULT_AT("write read-only", "1: stp x16, x17, [%1]\n", "r"(read_only + 104));
    CHECK(SAW(SIGSEGV, SEGV_ACCERR, read_only + 104) &&
          seen_esr == (DATA_ABORT | WRITE | PERMISSION));
    FAULT_AT("vector store", "1: st1 {v0.16b}, [%1]\n", "r"(read_only + 32));
    CHECK(SAW(SIGSEGV, SEGV_ACCERR, read_only + 32));
    FAULT_AT("atomic add", "1: ldadd x16, x17, [%1]\n", "r"(read_only + 64));
    CHECK(SAW(SIGSEGV, SEGV_ACCERR, read_only + 64));
    FAULT_AT("kernel half", "1: ldr x16, [%1]\n", "r"(0xffff000000001000u));
    CHECK(SAW(SIGSEGV, SEGV_MAPERR, 0xffff000000001000u));
    FAULT("jump to data", ((void (*)(void))(uintptr_t)read_only)());
    CHECK(SAW(SIGSEGV, SEGV_ACCERR, read_only) && seen_pc == (uintptr_t)read_only);
    CHECK(seen_esr == (INSN_ABORT | PERMISSION));
    FAULT("jump to nothing", ((void (*)(void))16)());
    CHECK(SAW(SIGSEGV, SEGV_MAPERR, 16) && seen_pc == 16);
}

static void test_bus(void)
{
    char name[] = "/tmp/myna-test-XXXXXX";
    int fd = mkstemp(name);
    static uint64_t words[4] __attribute__((aligned(16)));
    char *odd = (char *)words + 1;
    CHECK(ftruncate(fd, 100) == 0);
    char *p = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
    FAULT_AT("behind the file", "1: ldrb w16, [%1]\n", "r"(p + 5000));
    CHECK(SAW(SIGBUS, BUS_ADRERR, p + 5000));
    unlink(name);
    close(fd);
    FAULT_AT("unaligned exclusive", "1: ldxr x16, [%1]\n", "r"(odd));
    CHECK(SAW(SIGBUS, BUS_ADRALN, odd) && seen_esr == (DATA_ABORT | ALIGNMENT));
    FAULT("misaligned pc", ((void (*)(void))((uintptr_t)test_bus + 2))());
    CHECK(SAW(SIGBUS, BUS_ADRALN, (uintptr_t)test_bus + 2) && seen_esr == PC_ALIGNMENT);
}

static void test_instructions(void)
{
    FAULT_AT("udf", "1: udf #7\n");
    CHECK(SAW(SIGILL, ILL_ILLOPC, seen_pc) && seen_esr == 0);
    FAULT_AT("privileged", "1: msr vbar_el1, x16\n");
    CHECK(SAW(SIGILL, ILL_ILLOPC, seen_pc));
    FAULT_AT("hvc", "1: hvc #0\n");
    CHECK(SAW(SIGILL, ILL_ILLOPC, seen_pc));
    FAULT_AT("hlt", "1: hlt #1\n");
    CHECK(SAW(SIGILL, ILL_ILLOPC, seen_pc));
    FAULT_AT("brk", "1: brk #3\n");
    CHECK(SAW(SIGTRAP, TRAP_BRKPT, seen_pc));
}

// The state at the faulting instruction: what was written just before it, and nothing after it.
static void test_registers(void)
{
    FAULT_AT("registers", "mov x19, #0x1111\n fmov d8, #1.0\n mov x17, #8\n add x19, x19, #1\n"
                          "1: ldr x17, [x17]\n add x19, x19, #1\n fmov d8, #2.0\n");
    printf("x19 %lx d8 %lx\n", (unsigned long)seen_x19, (unsigned long)seen_v8);
    CHECK(seen_x19 == 0x1112 && seen_v8 == 0x3ff0000000000000u);
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

// A handler that steps over the instruction and changes registers.
static void skip(int sig, siginfo_t *info, void *opaque)
{
    ucontext_t *uc = opaque;
    double two = 2;
    (void)sig;
    (void)info;
    uc->uc_mcontext.pc += 4;
    uc->uc_mcontext.regs[19] = 4711;
    uc->uc_mcontext.pstate ^= 0x40000000; // Z
    memcpy((char *)uc->uc_mcontext.__reserved + 16 + 8 * 16, &two, 8);
}

static void test_return(void)
{
    uint64_t x, z;
    double d;
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sigaction act = {.sa_sigaction = repair, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &act, NULL);
    page[10] = 42;
    CHECK(repairs == 1 && page[10] == 42);
    act.sa_sigaction = skip;
    sigaction(SIGILL, &act, NULL);
    __asm__ volatile("mov x19, #1\n fmov d8, #1.0\n cmp xzr, x19\n udf #1\n"
                     "cset %1, eq\n mov %0, x19\n fmov %d2, d8"
                     : "=&r"(x), "=&r"(z), "=&w"(d)::"x19", "v8", "cc");
    printf("skipped: %lu, zero flag %lu, %g\n", (unsigned long)x, (unsigned long)z, d);
    CHECK(x == 4711 && z == 1 && d == 2);
}

// Frames that the kernel refuses are SIGSEGV.
static void damage(int sig, siginfo_t *info, void *opaque)
{
    ucontext_t *uc = opaque;
    (void)sig;
    uint32_t *records = (uint32_t *)uc->uc_mcontext.__reserved;
    switch (info->si_value.sival_int) {
    case 0: records[0] = 0x12345678; break;     // a magic number that nobody knows
    case 1: records[0] = 0; break;              // no FP record
    case 2: records[1] = 8; break;              // too short
    case 3: records[1] = 0x10000; break;        // too long
    case 4: uc->uc_mcontext.pstate |= 1; break; // another exception level
    default: break;
    }
}

static void test_damage(void)
{
    struct sigaction act = {.sa_sigaction = damage, .sa_flags = SA_SIGINFO};
    catch_all();
    sigaction(SIGUSR1, &act, NULL);
    for (int i = 0; i < 6; i++) {
        FAULT("damaged frame", sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = i}));
        CHECK(seen_sig == (i < 5 ? SIGSEGV : 0));
    }
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
    stack_t ss = {.ss_sp = malloc(65536), .ss_size = 65536}, small = {.ss_size = 5119};
    struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    SHOW(sigaltstack(&small, NULL));
    CHECK(errno == ENOMEM); // MINSIGSTKSZ is 5120 here
    sigaltstack(&ss, NULL);
    sigaction(SIGSEGV, &act, NULL);
    seen_sig = 0;
    if (sigsetjmp(back, 1) == 0) {
        char c = 0;
        overflow(&c);
    }
    CHECK(seen_sig == SIGSEGV && depth > 500);
}

// An unwinder comes through the signal's frame to the code that was interrupted.
static uintptr_t unwound[64];
static volatile int nb_unwound;
static _Unwind_Reason_Code note(struct _Unwind_Context *context, void *opaque)
{
    (void)opaque;
    if (nb_unwound < 64) {
        unwound[nb_unwound++] = _Unwind_GetRegionStart(context);
    }
    return _URC_NO_REASON;
}

static void on_unwind(int sig)
{
    (void)sig;
    _Unwind_Backtrace(note, NULL);
}

static __attribute__((noinline)) void test_unwind(void)
{
    signal(SIGUSR2, on_unwind);
    raise(SIGUSR2);
    int found = 0;
    for (int i = 0; i < nb_unwound; i++) {
        found |= unwound[i] == (uintptr_t)test_unwind;
    }
    CHECK(found);
}

int main(void)
{
    catch_all();
    test_memory();
    test_bus();
    test_instructions();
    test_registers();
    test_return();
    test_damage();
    test_stack_overflow();
    test_unwind();
    return finish();
}
