// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cpu_exec and the block cache, under every engine: chaining, look-up, self-modifying code in all its forms,
// mappings that change, faults and where they leave the CPU, exit requests, flushes, several CPUs, fork.
//
//   test_tb [tci|tiered|all|verify|quick|verify-quick]   one engine; without: each in a process of its own
//
// LINK: myna_runtime
// TIMEOUT: 400

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib.h>

#include "helpers/x86/cpu.h"
#include "runtime/cpu-exec.h"
#include "runtime/cpu-list.h"
#include "runtime/guest-memory.h"
#include "runtime/log.h"
#include "runtime/process.h"
#include "runtime/stats.h"
#include "runtime/tb.h"
#include "runtime/tier-host.h"

enum { P = 4096, RW = PROT_READ | PROT_WRITE, RX = PROT_READ | PROT_EXEC, RWX = RW | PROT_EXEC };
enum { ANON = MAP_PRIVATE | MAP_ANONYMOUS };

#define CODE(...) ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})
#define SYSCALL 0x0f, 0x05
#define LE32(n) (uint8_t)(n), (uint8_t)((n) >> 8), (uint8_t)((n) >> 16), (uint8_t)((n) >> 24)

static CPUX86State *env;
static uint64_t stack_top;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    if (!cpu_handle_host_fault(sig, info, context)) {
        abort();
    }
}

// In each test: cmocka puts handlers of its own in place before one.
static void catch_faults(void)
{
    struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &act, NULL);
    sigaction(SIGBUS, &act, NULL);
}

// Pages with code at their start, with these rights for the guest.
static uint64_t place(const uint8_t *code, size_t len, int prot, uint64_t pages)
{
    catch_faults();
    int64_t at = guest_mmap(0, pages * P, RW, ANON, -1, 0);
    assert_true(at > 0);
    assert_true(guest_write(at, code, len));
    assert_int_equal(guest_mprotect(at, pages * P, prot), 0);
    return (uint64_t)at;
}

static int run_at(uint64_t pc)
{
    env->rip = pc;
    env->regs[R_ESP] = stack_top;
    int e;
    do {
        e = cpu_exec(&env->cs);
    } while (e == EXCP_INTERRUPT); // from a flush
    return e;
}

// mov ecx, n; xor eax, eax; 1: add eax, ecx; dec ecx; jnz 1b; syscall
#define SUM_LOOP(n) 0xb9, LE32(n), 0x31, 0xc0, 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xfa, SYSCALL

static void test_loop_and_chaining(void **unused)
{
    (void)unused;
    uint64_t pc = place(CODE(SUM_LOOP(1000)), RX, 1);
    uint64_t linked = stats.tb_linked, entries = stats.exec_entries;
    for (int i = 0; i < 200; i++) {
        assert_int_equal(run_at(pc), EXCP_SYSCALL);
        assert_int_equal(env->regs[R_EAX], 500500);
        assert_int_equal(env->rip, pc + 15);
    }
    if (!tb_engine_verifies()) {
        assert_true(stats.tb_linked > linked);
        assert_true(stats.exec_entries - entries < 2000); // not once an iteration
    }
    guest_munmap(pc, P);
}

// A block on a writable page leaves its flags to be computed (GuestISA.settle) and jumps to one on another page, which
// sets them all itself.
static void test_flags_from_precise_to_plain(void **unused)
{
    (void)unused;
    // mov eax, 5; cmp eax, 5; mov ecx, 1; jmp to the next page
    uint64_t pc = place(CODE(0xb8, LE32(5), 0x83, 0xf8, 5, 0xb9, LE32(1), 0xe9, LE32(P - 18)), RWX,
                        2);
    assert_true(guest_write(pc + P, CODE(0x85, 0xc9, SYSCALL))); // test ecx, ecx; syscall
    assert_int_equal(guest_mprotect(pc + P, P, RX), 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(run_at(pc), EXCP_SYSCALL);
        assert_int_equal(x86_eflags_get(env) & X86_CC_Z, 0);
    }
    guest_munmap(pc, 2 * P);
}

// A hot block moves to LLVM while the guest runs on, and comes back when its code changes.
static void test_promotion(void **unused)
{
    (void)unused;
    if (myna_options->engine != ENGINE_TIERED || tb_engine_verifies()) {
        return;
    }
    uint64_t pc = place(CODE(SUM_LOOP(1000)), RX, 1), installed = stats.units_installed;
    for (int i = 0; i < 20000 && stats.units_installed == installed; i++) {
        assert_int_equal(run_at(pc), EXCP_SYSCALL);
        assert_int_equal(env->regs[R_EAX], 500500);
        usleep(1000);
    }
    assert_true(stats.units_installed > installed);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(run_at(pc), EXCP_SYSCALL);
        assert_int_equal(env->regs[R_EAX], 500500);
    }
    guest_mprotect(pc, P, RW);
    guest_write(pc + 1, CODE(LE32(10)));
    guest_mprotect(pc, P, RX);
    assert_int_equal(run_at(pc), EXCP_SYSCALL);
    assert_int_equal(env->regs[R_EAX], 55);
    guest_munmap(pc, P);
}

// call f, n times, through a register; f: inc eax; ret
static void test_indirect(void **unused)
{
    (void)unused;
    uint64_t pc = place(CODE(0x31, 0xc0,                // xor eax, eax
                             0xb9, LE32(3000),          // mov ecx, 3000
                             0x48, 0x8d, 0x35, LE32(8), // lea rsi, [rip + 8]
                             0xff, 0xd6,                // 1: call rsi
                             0xff, 0xc9,                // dec ecx
                             0x75, 0xfa,                // jnz 1b
                             SYSCALL,                   //
                             0xff, 0xc0, 0xc3),         // inc eax; ret
                        RX, 1);
    assert_int_equal(run_at(pc), EXCP_SYSCALL);
    assert_int_equal(env->regs[R_EAX], 3000);
    guest_munmap(pc, P);
}

// Thousands of functions of one byte, a block each, without leaving guest code for a system call: the table of blocks grows
// meanwhile.  Then one of their two pages changes.
static void test_many_blocks(void **unused)
{
    (void)unused;
    if (tb_engine() != TB_ENGINE_INTERP && tb_engine() != TB_ENGINE_QUICK) {
        return; // LLVM would take its time for them
    }
    enum { FUNCTIONS = 5000 };
    // mov rbx, functions; mov ebp, FUNCTIONS; 1: call rbx; inc rbx; dec ebp; jnz 1b; syscall
    uint64_t pc = place(CODE(0x48, 0x8d, 0x1d, LE32(P - 7), 0xbd, LE32(FUNCTIONS), 0xff, 0xd3, 0x48,
                             0xff, 0xc3, 0xff, 0xcd, 0x75, 0xf7, SYSCALL),
                        RX, 3);
    uint8_t rets[FUNCTIONS];
    memset(rets, 0xc3, sizeof(rets));
    guest_mprotect(pc + P, 2 * P, RW);
    assert_true(guest_write(pc + P, rets, sizeof(rets)));
    guest_mprotect(pc + P, 2 * P, RX);
    uint64_t translated = stats.tb_translated, invalidated = stats.tb_invalidated;
    uint64_t flushes =
        stats.tb_flushes; // this test's code memory does not hold all of the quick tier's
    assert_int_equal(run_at(pc), EXCP_SYSCALL);
    assert_int_equal(env->regs[R_EBX], pc + P + FUNCTIONS);
    assert_true(stats.tb_translated - translated >= FUNCTIONS);
    bool all = stats.tb_flushes == flushes;
    assert_true(stats.tb_buckets >= FUNCTIONS || !all);
    assert_true(all || tb_engine() == TB_ENGINE_QUICK);
    guest_mprotect(pc + P, P, RW);
    assert_true(stats.tb_invalidated - invalidated == P || !all);
    guest_mprotect(pc + P, P, RX);
    assert_int_equal(run_at(pc), EXCP_SYSCALL);
    assert_int_equal(env->regs[R_EBX], pc + P + FUNCTIONS);
    assert_true(stats.tb_translated - translated >= FUNCTIONS + P);
    guest_munmap(pc, 3 * P);
    assert_true(stats.tb_invalidated - invalidated >= FUNCTIONS + P);
}

static void test_exceptions(void **unused)
{
    (void)unused;
    uint64_t pc = place(CODE(0x31, 0xc9, 0x99, 0xf7, 0xf9), RX, 1); // xor ecx, ecx; cdq; idiv ecx
    assert_int_equal(run_at(pc), EXCP00_DIVZ);
    assert_int_equal(env->rip, pc + 3);
    guest_munmap(pc, P);
    pc = place(CODE(0xff, 0xc0, 0x0f, 0x0b), RX, 1); // inc eax; ud2
    env->regs[R_EAX] = 41;
    assert_int_equal(run_at(pc), EXCP06_ILLOP);
    assert_int_equal(env->regs[R_EAX], 42);
    assert_int_equal(env->rip, pc + 2);
    guest_munmap(pc, P);
}

// --- faults ---------------------------------------------------------------------------------------

static void test_precise_faults(void **unused)
{
    (void)unused;
    // mov ebx, 7; mov eax, [rdi]; mov ebx, 8; syscall
    uint64_t pc = place(CODE(0xbb, LE32(7), 0x8b, 0x07, 0xbb, LE32(8), SYSCALL), RX, 1);
    uint64_t stpc = place(CODE(0xbb, LE32(7), 0x89, 0x07, 0xbb, LE32(8), SYSCALL), RX, 1);
    int64_t data = guest_mmap(0, P, PROT_READ, ANON, -1, 0);
    cpu_set_precise(true);
    for (int i = 0; i < 100; i++) {
        env->regs[R_EDI] = 0x10;
        assert_int_equal(run_at(pc), EXCP_SEGV);
        assert_int_equal(env->rip, pc + 5);
        assert_int_equal(env->regs[R_EBX], 7);
        assert_int_equal(env->cs.fault_addr, 0x10);
        assert_int_equal(env->cs.fault_code, SEGV_MAPERR);
        assert_false(env->cs.fault_write);

        env->regs[R_EDI] = data;
        assert_int_equal(run_at(pc), EXCP_SYSCALL);
        assert_int_equal(env->regs[R_EBX], 8);
        assert_int_equal(run_at(stpc), EXCP_SEGV);
        assert_int_equal(env->rip, stpc + 5);
        assert_int_equal(env->cs.fault_addr, data);
        assert_int_equal(env->cs.fault_code, SEGV_ACCERR);
        assert_true(env->cs.fault_write);
    }
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_false(sigismember(&mask, SIGSEGV));
    FILE *f = tmpfile();
    int64_t m = guest_mmap(0, P, RW, MAP_SHARED, fileno(f), 0);
    env->regs[R_EDI] = m;
    assert_int_equal(run_at(pc), EXCP_BUS);
    assert_int_equal(env->cs.fault_addr, m);
    cpu_set_precise(false);
    env->regs[R_EDI] = 0x20; // not precise: still the guest's fault, with its address
    assert_int_equal(run_at(pc), EXCP_SEGV);
    assert_int_equal(env->cs.fault_addr, 0x20);
    fclose(f);
    guest_munmap(m, P);
    guest_munmap(pc, P);
    guest_munmap(stpc, P);
    guest_munmap(data, P);
}

static void assert_fetch_fault(uint64_t pc, uint64_t addr, int code)
{
    assert_int_equal(run_at(pc), EXCP_SEGV);
    assert_int_equal(env->cs.fault_addr, addr);
    assert_int_equal(env->cs.fault_code, code);
}

static void test_fetch_faults(void **unused)
{
    (void)unused;
    uint64_t pc = place(CODE(SUM_LOOP(3)), RX, 2);
    // The last two bytes of a page hold the start of mov eax, imm32.
    guest_mprotect(pc, P, RW);
    guest_write(pc + P - 2, "\xb8\x01", 2);
    guest_mprotect(pc, P, RX);
    assert_fetch_fault(0x10, 0x10, SEGV_MAPERR);
    assert_int_equal(run_at(pc), EXCP_SYSCALL);
    guest_mprotect(pc, P, RW);
    assert_fetch_fault(pc, pc, SEGV_ACCERR); // it ran, and may no more
    guest_mprotect(pc, P, RX);
    assert_int_equal(run_at(pc), EXCP_SYSCALL);
    guest_mprotect(pc + P, P, PROT_READ);
    assert_fetch_fault(pc + P - 2, pc + P, SEGV_ACCERR);
    assert_int_equal(env->rip, pc + P - 2);
    guest_munmap(pc + P, P);
    assert_fetch_fault(pc + P - 2, pc + P, SEGV_MAPERR);
    guest_munmap(pc, P);
    assert_fetch_fault(pc, pc, SEGV_MAPERR);
}

// --- code that changes ------------------------------------------------------------------------------

static void test_mappings_change(void **unused)
{
    (void)unused;
    uint64_t pc = place(CODE(0xb8, LE32(1), SYSCALL), RX, 1);
    for (unsigned i = 2; i < 6; i++) {
        assert_int_equal(run_at(pc), EXCP_SYSCALL);
        assert_int_equal(env->regs[R_EAX], i - 1);
        // A new mapping in place of the old; without execution in between.
        assert_int_equal(guest_mmap(pc, P, RW, ANON | MAP_FIXED, -1, 0), pc);
        guest_write(pc, CODE(0xb8, LE32(i), SYSCALL));
        assert_int_equal(guest_mprotect(pc, P, RX), 0);
    }
    // Moved: the old place faults, the new one runs.
    int64_t to = guest_mmap(0, P, PROT_NONE, ANON, -1, 0);
    assert_int_equal(guest_mremap(pc, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, to), to);
    assert_fetch_fault(pc, pc, SEGV_MAPERR);
    assert_int_equal(run_at(to), EXCP_SYSCALL);
    assert_int_equal(env->regs[R_EAX], 5);
    guest_munmap(to, P);
}

static void test_host_writes_code(void **unused)
{
    (void)unused;
    uint64_t pc = place(CODE(0xb8, LE32(1), SYSCALL), RWX, 1);
    for (uint8_t i = 0; i < 5; i++) {
        assert_true(guest_write(pc + 1, &i, 1)); // as a system call of the guest would
        assert_int_equal(run_at(pc), EXCP_SYSCALL);
        assert_int_equal(env->regs[R_EAX], i);
    }
    assert_true(tb_protected_pages() > 0);
    guest_memory_prepare_write(pc + 1, 1);
    assert_int_equal(tb_protected_pages(), 0);
    ((uint8_t *)g2h(pc))[1] = 77; // as the kernel would
    assert_int_equal(run_at(pc), EXCP_SYSCALL);
    assert_int_equal(env->regs[R_EAX], 77);
    assert_true(guest_memory_unprotect_all());
    assert_false(guest_memory_unprotect_all());
    guest_munmap(pc, P);
}

static void test_guest_writes_other_page(void **unused)
{
    (void)unused;
    // mov [rdi], cl; call rsi; syscall
    uint64_t pc = place(CODE(0x88, 0x0f, 0xff, 0xd6, SYSCALL), RX, 1);
    uint64_t fn = place(CODE(0xb8, LE32(1), 0xc3), RWX, 1); // mov eax, 1; ret
    uint64_t faults = stats.write_faults;
    for (unsigned i = 0; i < 250; i++) { // past the point where the page is left unprotected
        env->regs[R_EDI] = fn + 1;
        env->regs[R_ESI] = fn;
        env->regs[R_ECX] = i;
        assert_int_equal(run_at(pc), EXCP_SYSCALL);
        assert_int_equal(env->regs[R_EAX], i);
    }
    assert_in_range(stats.write_faults - faults, 10, 100);
    guest_munmap(pc, P);
    guest_munmap(fn, P);
}

// The next instruction, in the same block, is the one that was just written.
static void run_own_block_writer(uint64_t pc)
{
    // mov byte [rip + 1], cl's value: mov [rip + 1], cl; mov eax, imm32; syscall
    static const uint8_t code[] = {0x88, 0x0d, LE32(1), 0xb8, LE32(0), SYSCALL};
    for (unsigned i = 1; i < 120; i++) {
        guest_write(pc, code, sizeof(code));
        env->regs[R_ECX] = i;
        assert_int_equal(run_at(pc), EXCP_SYSCALL);
        assert_int_equal(env->regs[R_EAX], i);
        env->regs[R_ECX] = i + 1; // once more, without our write in between
        assert_int_equal(run_at(pc), EXCP_SYSCALL);
        assert_int_equal(env->regs[R_EAX], i + 1);
    }
}

static void test_guest_writes_own_block(void **unused)
{
    (void)unused;
    uint64_t pc = place(CODE(0x90), RWX, 2);
    run_own_block_writer(pc);         // protected first, then unguarded
    run_own_block_writer(pc + P - 9); // over two pages
    run_own_block_writer(pc + 100);
    guest_munmap(pc, 2 * P);
}

// A GuestISA's get_tb_key, by which a block is looked for: none is at work then.
static unsigned stale_pcs;
static TBKey key_between_blocks(const CPUState *cs)
{
    stale_pcs += cs->insn_pc != UINT64_MAX;
    return guest_isa_x86_64.get_tb_key(cs);
}

static void test_shared_code(void **unused)
{
    (void)unused;
    static GuestISA isa;
    isa = *env->cs.isa;
    isa.get_tb_key = key_between_blocks;
    env->cs.isa = &isa;
    stale_pcs = 0;
    // Executable at one address, writable at another: no fault tells of the change.
    catch_faults();
    FILE *f = tmpfile();
    assert_int_equal(ftruncate(fileno(f), P), 0);
    int64_t w = guest_mmap(0, P, RW, MAP_SHARED, fileno(f), 0);
    int64_t x = guest_mmap(0, P, RX, MAP_SHARED, fileno(f), 0);
    for (unsigned i = 0; i < 50; i++) {
        assert_true(guest_write(w, CODE(0xb8, LE32(i), 0x89, 0x07, 0x05, LE32(1), SYSCALL)));
        env->regs[R_EDI] = w + 64;
        assert_int_equal(run_at(x), EXCP_SYSCALL); // mov eax, i; mov [rdi], eax; add eax, 1
        assert_int_equal(env->regs[R_EAX], i + 1);
    }
    // It changes the instruction behind the store through the other address.
    guest_write(w, CODE(0x88, 0x0f, 0xb8, LE32(0), SYSCALL)); // mov [rdi], cl; mov eax, imm
    for (unsigned i = 1; i < 20; i++) {
        env->regs[R_EDI] = w + 3;
        env->regs[R_ECX] = i;
        assert_int_equal(run_at(x), EXCP_SYSCALL);
        assert_int_equal(env->regs[R_EAX], i);
    }
    env->cs.isa = &guest_isa_x86_64;
    assert_int_equal(stale_pcs, 0);
    guest_munmap(w, P);
    guest_munmap(x, P);
    fclose(f);
}

// --- requests, flushes, threads, fork ----------------------------------------------------------------

static void *request_later(void *opaque)
{
    usleep(30000);
    cpu_request_exit(opaque);
    return NULL;
}

static void test_exit_request(void **unused)
{
    (void)unused;
    uint64_t pc = place(CODE(0xeb, 0xfe), RX, 1); // 1: jmp 1b
    uint64_t two = place(CODE(0xff, 0xc0, 0xeb, 0x00, 0xff, 0xc1, 0xeb, 0xf8), RX, 1);
    for (int i = 0; i < 6; i++) {
        pthread_t t;
        pthread_create(&t, NULL, request_later, &env->cs);
        env->rip = i & 1 ? two : pc;
        assert_int_equal(cpu_exec(&env->cs), EXCP_INTERRUPT);
        assert_true(env->rip == pc || (env->rip >= two && env->rip < two + 8));
        pthread_join(t, NULL);
    }
    cpu_request_exit(&env->cs); // before it starts
    env->rip = pc;
    assert_int_equal(cpu_exec(&env->cs), EXCP_INTERRUPT);
    assert_int_equal(env->rip, pc);
    guest_munmap(pc, P);
    guest_munmap(two, P);
}

static void test_full_cache(void **unused)
{
    (void)unused;
    enum { N = 600 };
    GByteArray *code = g_byte_array_new();
    g_byte_array_append(code, CODE(0x31, 0xc0));
    for (unsigned i = 0; i < N; i++) {
        g_byte_array_append(code, CODE(0xff, 0xc0, 0xeb, 0x00)); // inc eax; jmp to the next
    }
    g_byte_array_append(code, CODE(SYSCALL));
    uint64_t pc = place(code->data, code->len, RX, 2);
    uint64_t flushes = stats.tb_flushes;
    tb_set_budget(30000);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run_at(pc), EXCP_SYSCALL);
        assert_int_equal(env->regs[R_EAX], N);
    }
    assert_true(stats.tb_flushes > flushes + 3);
    tb_set_budget(64 << 20);
    guest_munmap(pc, 2 * P);
    g_byte_array_unref(code);
}

// Of a program that makes new code all the time some blocks stay, and most go: places are used again.
static void test_new_code_for_ever(void **unused)
{
    (void)unused;
    enum { N = 800, COPIES = 60 };
    if (tb_engine() != TB_ENGINE_QUICK) {
        return; // bytecode has any length
    }
    GByteArray *code = g_byte_array_new();
    g_byte_array_append(code, CODE(0x31, 0xc0));
    for (unsigned i = 0; i < N; i++) {
        g_byte_array_append(code, CODE(0xff, 0xc0, 0xeb, 0x00)); // inc eax; jmp to the next
    }
    g_byte_array_append(code, CODE(SYSCALL));
    uint64_t stays[COPIES], memory = 0;
    tb_flush_all();
    for (int i = 0; i < COPIES; i++) {
        stays[i] = place(CODE(SYSCALL), RX, 1);
        assert_int_equal(run_at(stays[i]), EXCP_SYSCALL);
        uint64_t pc = place(code->data, code->len, RX, 1);
        assert_int_equal(run_at(pc), EXCP_SYSCALL);
        assert_int_equal(env->regs[R_EAX], N);
        guest_munmap(pc, P);
        later_barrier();
        memory = i == 5 ? stats.tb_memory : memory;
    }
    assert_in_range(stats.tb_memory, 1, memory);
    for (int i = 0; i < COPIES; i++) {
        guest_munmap(stays[i], P);
    }
    g_byte_array_unref(code);
}

// More machine code than there is room for: flushes, and goes on.
static void test_full_code_memory(void **unused)
{
    (void)unused;
    enum { N = 500, COPIES = 16 };
    if (tb_engine() != TB_ENGINE_LLVM && tb_engine() != TB_ENGINE_QUICK) {
        return;
    }
    GByteArray *code = g_byte_array_new();
    g_byte_array_append(code, CODE(0x31, 0xc0));
    for (unsigned i = 0; i < N; i++) {
        g_byte_array_append(code,
                            CODE(0x83, 0xc0, 0x03, 0xeb, 0x00)); // add eax, 3; jmp to the next
    }
    g_byte_array_append(code, CODE(SYSCALL));
    uint64_t flushes = stats.tb_flushes;
    for (int i = 0; i < COPIES; i++) {
        uint64_t pc = place(code->data, code->len, RX, 1);
        assert_int_equal(run_at(pc), EXCP_SYSCALL);
        assert_int_equal(env->regs[R_EAX], 3 * N);
    }
    assert_true(stats.tb_flushes > flushes);
    g_byte_array_unref(code);
}

typedef struct Runner {
    CPUX86State *env;
    uint64_t pc, stack;
    atomic_bool *stop;
    unsigned runs, wrong;
} Runner;

static void *run_many(void *opaque)
{
    Runner *r = opaque;
    while (!*r->stop) {
        r->env->rip = r->pc;
        r->env->regs[R_ESP] = r->stack;
        int e;
        do {
            e = cpu_exec(&r->env->cs);
        } while (e == EXCP_INTERRUPT);
        r->runs++;
        r->wrong += e != EXCP_SYSCALL || (uint32_t)r->env->regs[R_EAX] != 500500;
    }
    cpu_thread_leave();
    return NULL;
}

static void test_threads_and_flushes(void **unused)
{
    (void)unused;
    if (tb_engine_verifies()) {
        return; // compares one thread's work
    }
    enum { N = 3 };
    uint64_t pc = place(CODE(SUM_LOOP(1000)), RX, 1);
    atomic_bool stop = false;
    Runner r[N];
    pthread_t t[N];
    for (int i = 0; i < N; i++) {
        r[i] = (Runner){.env = (CPUX86State *)cpu_clone(&env->cs),
                        .pc = pc,
                        .stack = stack_top - 512 * (i + 1),
                        .stop = &stop};
        pthread_create(&t[i], NULL, run_many, &r[i]);
    }
    for (int i = 0; i < 60; i++) {
        usleep(3000);
        if (i % 2) {
            tb_flush_all();
        } else {
            tb_invalidate_range(pc, pc + P);
        }
    }
    stop = true;
    for (int i = 0; i < N; i++) {
        pthread_join(t[i], NULL);
        assert_true(r[i].runs > 0);
        assert_int_equal(r[i].wrong, 0);
        cpu_free(&r[i].env->cs);
    }
    guest_munmap(pc, P);
}

static void test_fork(void **unused)
{
    (void)unused;
    uint64_t pc = place(CODE(SUM_LOOP(1000)), RX, 1);
    uint64_t other = place(CODE(SUM_LOOP(10)), RX, 1);
    assert_int_equal(run_at(pc), EXCP_SYSCALL);
    for (int i = 0; i < 3; i++) {
        process_fork_prepare();
        pid_t pid = fork();
        if (pid == 0) {
            process_fork_child();
            bool ok = true;
            for (int k = 0; k < 2000 && ok; k++) {
                ok = run_at(pc) == EXCP_SYSCALL && env->regs[R_EAX] == 500500 &&
                     run_at(other) == EXCP_SYSCALL && env->regs[R_EAX] == 55;
                if (k % 500 == 7) {
                    tb_flush_all();
                }
            }
            _exit(ok ? 0 : 1);
        }
        process_fork_parent();
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(run_at(pc), EXCP_SYSCALL);
        assert_int_equal(env->regs[R_EAX], 500500);
    }
    guest_munmap(pc, P);
    guest_munmap(other, P);
}

// --- the log ----------------------------------------------------------------------------------------

static void test_log(void **unused)
{
    (void)unused;
    uint64_t pc = place(CODE(0xff, 0xc0, 0xeb, 0x06), RX, 1); // inc eax; jmp to pc + 10
    guest_mprotect(pc, P, RW);
    guest_write(pc + 10, CODE(0x31, 0xd2, SYSCALL)); // xor edx, edx; syscall
    guest_mprotect(pc, P, RX);
    char path[] = "/tmp/myna-test-log-XXXXXX";
    close(mkstemp(path));
    process_fork_prepare();
    pid_t pid = fork();
    if (pid == 0) {
        process_fork_child();
        char *filter = g_strdup_printf("0x%lx+8", (long)pc + 8); // the second block alone
        bool ok = log_setup("in_asm,op,op_opt,exec,cpu,int", path, filter, NULL);
        g_free(filter);
        env->regs[R_EDX] = 0x1234;
        run_at(pc);
        _exit(ok ? 0 : 1);
    }
    process_fork_parent();
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    unlink(path);
    char *in_asm = g_strdup_printf("0x%08lx:  31 d2 ", (long)pc + 10);
    char *trace = g_strdup_printf("/%016lx/", (long)pc + 10);
    char *registers = g_strdup_printf("RIP=%016lx", (long)pc + 10);
    const char *const wanted[] = {
        "IN: ",
        in_asm,
        "xor edx, edx",
        "OP:\n",
        " ---- ",
        "OP after optimization",
        "Trace ",
        trace,
        "RDX=0000000000001234",
        registers,
        "system call at pc 0x",
    };
    const char *const unwanted[] = {"inc eax"};
    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        if (!strstr(text, wanted[i])) {
            fail_msg("the log lacks \"%s\":\n%s", wanted[i], text);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(unwanted); i++) {
        if (strstr(text, unwanted[i])) {
            fail_msg("-dfilter lets \"%s\" through:\n%s", unwanted[i], text);
        }
    }
    g_free(text);
    g_free(in_asm);
    g_free(trace);
    g_free(registers);
    guest_munmap(pc, P);
}

// --- --verify finds what is wrong ---------------------------------------------------------------------

static uint64_t broken_store;

// What LLVM might make of "inc eax; syscall" on a bad day.
static uintptr_t broken_entry(void *opaque, const TCGCode *code)
{
    CPUX86State *e = opaque;
    (void)code;
    if (broken_store) {
        *(uint8_t *)g2h(broken_store) ^= 1;
    } else {
        e->regs[R_EAX] += 2;
    }
    e->rip += 4;
    cpu_loop_exit((e->cs.exception_index = EXCP_SYSCALL, &e->cs));
}

static void break_block(TranslationBlock *tb, void *opaque)
{
    if (tb->pc == *(uint64_t *)opaque) {
        tb->other_entry = broken_entry;
    }
}

// Runs in a child with the block at pc broken: its status, and what it said.
static int run_broken(uint64_t pc, char *text, size_t size)
{
    int out[2];
    assert_int_equal(pipe(out), 0);
    process_fork_prepare();
    pid_t pid = fork();
    if (pid == 0) {
        process_fork_child();
        dup2(out[1], STDERR_FILENO);
        tb_foreach(break_block, &pc);
        run_at(pc);
        _exit(0);
    }
    process_fork_parent();
    close(out[1]);
    size_t n = 0;
    for (ssize_t got; n < size - 1 && (got = read(out[0], text + n, size - 1 - n)) > 0;) {
        n += (size_t)got;
    }
    text[n] = 0;
    close(out[0]);
    int status;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void assert_says(const char *text, const char *what)
{
    if (!strstr(text, what)) {
        fail_msg("the report lacks \"%s\":\n%s", what, text);
    }
}

static void test_verify_reports(void **unused)
{
    (void)unused;
    char text[8192];
    if (!tb_engine_verifies()) {
        return;
    }
    uint64_t pc = place(CODE(0xff, 0xc0, SYSCALL), RX, 1);
    env->regs[R_EAX] = 0x41;
    assert_int_equal(run_at(pc), EXCP_SYSCALL);
    env->regs[R_EAX] = 0x41;
    assert_int_equal(run_broken(pc, text, sizeof(text)), 70);
    assert_says(text, "inc eax");
    assert_says(text, "rax ");
    assert_says(text, "before 0x0000000000000041");
    assert_says(text, "expected 0x0000000000000042");
    assert_says(text, "got 0x0000000000000043");
    guest_munmap(pc, P);

    pc = place(CODE(0x88, 0x07, 0x0f, 0x05), RX, 1); // mov [rdi], al; syscall
    int64_t data = guest_mmap(0, P, RW, ANON, -1, 0);
    env->regs[R_EDI] = data;
    assert_int_equal(run_at(pc), EXCP_SYSCALL);
    broken_store = data;
    assert_int_equal(run_broken(pc, text, sizeof(text)), 70);
    assert_says(text, "memory at 0x");
    guest_munmap(pc, P);
    guest_munmap(data, P);
}

static const TCGCode *cached(uint64_t pc)
{
    TBKey key = {pc, env->cs.isa->get_tb_key(&env->cs).flags};
    return cpu_jump_cache_get(&env->cs, key, cpu_cflags(&env->cs));
}

// A block that gets another entry, or goes, is found in no jump cache. The last test: modes with one tag end jump caches.
static void test_jump_cache(void **unused)
{
    (void)unused;
    uint64_t pc = place(CODE(SYSCALL), RX, 1);
    assert_int_equal(run_at(pc), EXCP_SYSCALL);
    const TCGCode *code = cached(pc);
    assert_non_null(code);
    assert_int_equal(tb_of(code)->pc, pc);
    tb_lock();
    tb_set_entry((TranslationBlock *)code, atomic_load(&code->entry), atomic_load(&code->pinned));
    tb_unlock();
    assert_null(cached(pc));
    assert_int_equal(run_at(pc), EXCP_SYSCALL);
    assert_ptr_equal(cached(pc), code);
    tb_lock();
    tb_invalidate((TranslationBlock *)code);
    tb_unlock();
    assert_null(cached(pc));

    assert_int_equal(run_at(pc), EXCP_SYSCALL);
    const TranslationBlock *tb = tb_of(cached(pc));
    const uint64_t mode = tb->flags | (uint64_t)tb->cflags << 32;
    uint32_t other = tb->flags + 1;
    while (tb_jump_tag(other | (uint64_t)tb->cflags << 32) != tb_jump_tag(mode)) {
        other++;
    }
    tb_lock();
    TranslationBlock *twin = tb_new(0);
    twin->pc = pc;
    twin->flags = other;
    twin->cflags = tb->cflags;
    tb_keep(twin, 0);
    tb_publish(twin);
    tb_unlock();
    assert_null(cached(pc));
    assert_int_equal(run_at(pc), EXCP_SYSCALL);
    assert_null(cached(pc));
    guest_munmap(pc, P);
}

// --- main ---------------------------------------------------------------------------------------

static const char *const engines[] = {"tci", "tiered", "all", "verify", "quick", "verify-quick"};

static int run_engine(const char *name)
{
    static MynaOptions options;
    GError *error = NULL;
    options.engine = !strcmp(name, "tci")    ? ENGINE_TCI
                     : !strcmp(name, "all")  ? ENGINE_LLVM_ALL
                     : strstr(name, "quick") ? ENGINE_QUICK
                                             : ENGINE_TIERED;
    options.verify = g_str_has_prefix(name, "verify");
    options.llvm_given = true;
    options.hot = 20;
    myna_options = &options;
    log_setup(getenv("TEST_TB_LOG"), NULL, NULL, NULL);
    guest_memory_init(0x10000, 1ull << 47);
    tier_host_set_code_size(256 << 10);
    if (!cpu_exec_init(&options, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    env = (CPUX86State *)cpu_create(&guest_isa_x86_64, NULL, &error);
    stack_top = (uint64_t)guest_mmap(0, 16 * P, RW, ANON, -1, 0) + 16 * P;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loop_and_chaining),
        cmocka_unit_test(test_flags_from_precise_to_plain),
        cmocka_unit_test(test_promotion),
        cmocka_unit_test(test_indirect),
        cmocka_unit_test(test_many_blocks),
        cmocka_unit_test(test_exceptions),
        cmocka_unit_test(test_precise_faults),
        cmocka_unit_test(test_fetch_faults),
        cmocka_unit_test(test_mappings_change),
        cmocka_unit_test(test_host_writes_code),
        cmocka_unit_test(test_guest_writes_other_page),
        cmocka_unit_test(test_guest_writes_own_block),
        cmocka_unit_test(test_shared_code),
        cmocka_unit_test(test_exit_request),
        cmocka_unit_test(test_full_cache),
        cmocka_unit_test(test_new_code_for_ever),
        cmocka_unit_test(test_full_code_memory),
        cmocka_unit_test(test_threads_and_flushes),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_verify_reports),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_jump_cache),
    };
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        int failed = run_engine(argv[1]);
        fflush(NULL);
        _exit(failed != 0); // threads may be compiling
    }
    int failed = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(engines); i++) {
        pid_t pid = fork();
        if (pid == 0) {
            execl("/proc/self/exe", argv[0], engines[i], (char *)NULL);
            _exit(127);
        }
        int status;
        waitpid(pid, &status, 0);
        if (status) {
            printf("engine %s: status 0x%x\n", engines[i], (unsigned)status);
        }
        failed |= status != 0;
    }
    return failed;
}
