// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pointer authentication: each instruction, what becomes of a wrong code, keys, prctl's options.  The algorithm
// is the machine's own, so codes are compared with each other alone.
#include <setjmp.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../guest-test.h"

__asm__(".arch armv8.3-a");

#define CODE 0x007f000000000000u
#define PAC(insn, p, m)                                                                            \
    ({                                                                                             \
        uint64_t p_ = (uint64_t)(p);                                                               \
        __asm__ volatile(insn " %0, %1" : "+r"(p_) : "r"((uint64_t)(m)));                          \
        p_;                                                                                        \
    })
#define PAC0(insn, p)                                                                              \
    ({                                                                                             \
        uint64_t p_ = (uint64_t)(p);                                                               \
        __asm__ volatile(insn " %0" : "+r"(p_));                                                   \
        p_;                                                                                        \
    })
#define PAC17(insn, p, m)                                                                          \
    ({                                                                                             \
        register uint64_t x17 __asm__("x17") = (uint64_t)(p);                                      \
        register uint64_t x16 __asm__("x16") = (uint64_t)(m);                                      \
        __asm__ volatile(insn : "+r"(x17) : "r"(x16));                                             \
        x17;                                                                                       \
    })

static uint64_t word = 4711;
static uint64_t at; // of word: volatile enough for what follows

// A pair of instructions that add and check: codes stand in bits 54 to 48, depend on pointer and modifier, and a
// wrong modifier gives the error that the key stands for.
#define PAIR(add, check, error)                                                                    \
    do {                                                                                           \
        unsigned different = 0;                                                                    \
        for (uint64_t m = 0; m < 64; m++) {                                                        \
            uint64_t p = PAC(add, at, m), q = PAC(add, at, m + 64), r = PAC(add, at + 8, m);       \
            CHECK((p & ~CODE) == at && PAC(check, p, m) == at);                                    \
            uint64_t wrong = PAC(check, p ^ 1ull << 50, m);                                        \
            CHECK(wrong == (at | (uint64_t)(error) << 53));                                        \
            different += (p != q) + (((p ^ r) & CODE) != 0);                                       \
        }                                                                                          \
        CHECK(different > 64);                                                                     \
    } while (0)

static void test_codes(void)
{
    PAIR("pacia", "autia", 1);
    PAIR("pacib", "autib", 2);
    PAIR("pacda", "autda", 1);
    PAIR("pacdb", "autdb", 2);
    CHECK(PAC0("paciza", at) == PAC("pacia", at, 0) && PAC0("autiza", PAC("pacia", at, 0)) == at);
    CHECK(PAC0("pacizb", at) == PAC("pacib", at, 0) && PAC0("autizb", PAC("pacib", at, 0)) == at);
    CHECK(PAC0("pacdza", at) == PAC("pacda", at, 0) && PAC0("autdza", PAC("pacda", at, 0)) == at);
    CHECK(PAC0("pacdzb", at) == PAC("pacdb", at, 0) && PAC0("autdzb", PAC("pacdb", at, 0)) == at);
    CHECK(PAC17("pacia1716", at, 7) == PAC("pacia", at, 7));
    CHECK(PAC17("pacib1716", at, 7) == PAC("pacib", at, 7));
    CHECK(PAC17("autia1716", PAC("pacia", at, 7), 7) == at);
    CHECK(PAC17("autib1716", PAC("pacib", at, 7), 7) == at);
    CHECK(PAC0("xpaci", at | CODE) == at && PAC0("xpacd", PAC("pacdb", at, 3)) == at);
    CHECK(PAC0("xpaci", 0xff80000000001234u) == 0xffff000000001234u); // bit 55: the other half
    // A top byte that is a tag stays and counts.
    uint64_t tagged = at | 0x5aull << 56, p = PAC("pacda", tagged, 1);
    CHECK((p & ~CODE) == tagged && PAC("autda", p, 1) == tagged);
    // What was no address gets a code that is wrong.
    CHECK(PAC("autia", PAC("pacia", at | 1ull << 49, 5), 5) != at);
    uint64_t g, h;
    __asm__("pacga %0, %1, %2" : "=r"(g) : "r"(at), "r"(1ul));
    __asm__("pacga %0, %1, %2" : "=r"(h) : "r"(at), "r"(2ul));
    CHECK(g != h && (uint32_t)g == 0 && (uint32_t)h == 0);
}

// --- branches and loads ------------------------------------------------------------------------------

static int twice(int x) { return 2 * x; }
// Signs its return address, as compilers do.
int signed_return(int x);
__asm__(".text\n.globl signed_return\nsigned_return:\n paciasp\n stp x29, x30, [sp, #-16]!\n"
        " ldr x30, [sp, #8]\n add w0, w0, w0\n ldp x29, x30, [sp], #16\n retaa\n");
int hinted_return(int x);
__asm__(".globl hinted_return\nhinted_return:\n pacibsp\n mov x1, x30\n xpaclri\n mov x2, x30\n"
        " mov x30, x1\n autibsp\n cmp x2, x30\n cinc w0, w0, eq\n ret\n");
int zero_return(int x);
__asm__(".globl zero_return\nzero_return:\n paciaz\n autiaz\n pacibz\n autibz\n paciasp\n autiasp\n"
        " pacibsp\n retab\n");

static uint64_t call(const char *how, uint64_t f, uint64_t modifier, uint64_t x)
{
    register uint64_t x0 __asm__("x0") = x;
    register uint64_t x9 __asm__("x9") = f;
    register uint64_t x10 __asm__("x10") = modifier;
#define CLOBBERS                                                                                   \
    "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x11", "x12", "x13", "x14", "x15", "x16",      \
        "x17", "x30", "memory", "cc"
    switch (how[0]) {
    case 'a': __asm__ volatile("blraa x9, x10" : "+r"(x0) : "r"(x9), "r"(x10) : CLOBBERS); break;
    case 'b': __asm__ volatile("blrab x9, x10" : "+r"(x0) : "r"(x9), "r"(x10) : CLOBBERS); break;
    case 'A': __asm__ volatile("blraaz x9" : "+r"(x0) : "r"(x9), "r"(x10) : CLOBBERS); break;
    case 'B': __asm__ volatile("blrabz x9" : "+r"(x0) : "r"(x9), "r"(x10) : CLOBBERS); break;
    case 'j':
        __asm__ volatile("adr x30, 1f\n braa x9, x10\n1:"
                         : "+r"(x0)
                         : "r"(x9), "r"(x10)
                         : CLOBBERS);
        break;
    default:
        __asm__ volatile("adr x30, 1f\n brabz x9\n1:" : "+r"(x0) : "r"(x9), "r"(x10) : CLOBBERS);
        break;
    }
    return x0;
}

static void test_uses(void)
{
    uint64_t f = (uint64_t)twice, x, base;
    CHECK(call("a", PAC("pacia", f, 9), 9, 21) == 42);
    CHECK(call("b", PAC("pacib", f, 9), 9, 21) == 42);
    CHECK(call("A", PAC("pacia", f, 0), 0, 21) == 42);
    CHECK(call("B", PAC("pacib", f, 0), 0, 21) == 42);
    CHECK(call("j", PAC("pacia", f, 9), 9, 21) == 42);
    CHECK(call("k", PAC("pacib", f, 0), 0, 21) == 42);
    CHECK(signed_return(4) == 8 && hinted_return(4) == 5 && zero_return(4) == 4);
    base = PAC("pacda", at - 8, 0);
    __asm__ volatile("ldraa %0, [%1, #8]" : "=r"(x) : "r"(base));
    CHECK(x == 4711);
    base = PAC("pacdb", at + 4096, 0);
    __asm__ volatile("ldrab %0, [%1, #-4096]!" : "=&r"(x), "+r"(base));
    CHECK(x == 4711 && base == at);
}

// --- faults --------------------------------------------------------------------------------------------

static sigjmp_buf back;
static volatile int sig, code;
static volatile uint64_t addr;
static void on_fault(int s, siginfo_t *info, void *opaque)
{
    (void)opaque;
    sig = s;
    code = info->si_code;
    addr = (uint64_t)info->si_addr;
    siglongjmp(back, 1);
}

#define FAULTS(text)                                                                               \
    do {                                                                                           \
        sig = 0;                                                                                   \
        if (sigsetjmp(back, 1) == 0) {                                                             \
            text;                                                                                  \
        }                                                                                          \
    } while (0)

static void test_faults(void)
{
    struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    uint64_t x;
    static uint64_t wrong;
    wrong = PAC("pacda", at, 0) ^ 1ull << 48;
    sigaction(SIGSEGV, &act, NULL);
    FAULTS(__asm__ volatile("ldraa %0, [%1, #16]" : "=r"(x) : "r"(wrong)));
    CHECK(sig == SIGSEGV && code == SEGV_MAPERR && addr == ((at + 16) | 1ull << 53));
    FAULTS(call("b", PAC("pacib", (uint64_t)twice, 9), 10, 21));
    CHECK(sig == SIGSEGV && code == SEGV_MAPERR && addr == ((uint64_t)twice | 2ull << 53));
}

// --- prctl ---------------------------------------------------------------------------------------------

static void test_prctl(void)
{
    uint64_t before = PAC("pacia", at, 1), other = PAC("pacdb", at, 1), same = 0;
    CHECK(prctl(61, 0, 0, 0, 0) == 15);                               // all are enabled
    CHECK(prctl(60, 1, 0, 0, 0) == 0 && prctl(61, 0, 0, 0, 0) == 14); // without APIA
    CHECK(PAC("pacia", at, 1) == at && PAC("autia", before, 1) == before);
    CHECK(prctl(60, 1, 1, 0, 0) == 0 && PAC("pacia", at, 1) == before);
    CHECK(prctl(60, 16, 16, 0, 0) == -1 && errno == EINVAL); // APGA cannot be
    CHECK(prctl(54, 32, 0, 0, 0) == -1 && errno == EINVAL);
    for (int i = 0; i < 4; i++) {
        CHECK(prctl(54, 1, 0, 0, 0) == 0);
        same += PAC("pacia", at, 1) == before;
    }
    CHECK(same < 4 && PAC("pacdb", at, 1) == other);
    // A child has its parent's keys.
    uint64_t mine = PAC("pacia", at, 1);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(PAC("autia", mine, 1) == at ? 7 : 8);
    }
    int status;
    waitpid(pid, &status, 0);
    CHECK(WEXITSTATUS(status) == 7);
}

int main(void)
{
    at = (uint64_t)&word;
    CHECK((getauxval(AT_HWCAP) >> 30 & 3) == 3); // PACA, PACG
    test_codes();
    test_uses();
    test_faults();
    test_prctl();
    return finish();
}
