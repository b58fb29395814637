// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A guest with few instructions and known system calls: three getpid, a hypercall, a write, exit_group(7).
// No libc: nothing else runs.

#define _GNU_SOURCE
#include <stdint.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
static long call(long n, long a, long b, long c)
{
    long r;
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return r;
}
// The plugin sees the number in RAX, and may leave something in R9.
static long hypercall(long n)
{
    long a = n, b, c = 0, d;
    register long r9 __asm__("r9") = 0;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d), "+r"(r9));
    return r9;
}
#else
static long call(long n, long a, long b, long c)
{
    register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b,
                     x2 __asm__("x2") = c;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
// The same in X9.
static long hypercall(long n)
{
    register long x0 __asm__("x0") = n, x9 __asm__("x9") = 0;
    __asm__ volatile("hint #0x70" : "+r"(x9) : "r"(x0));
    return x9;
}
#endif

// Atomic: adds, then exchanges when it finds what was added up to, then when it does not.
static void atomics(volatile uint32_t *word)
{
    uint32_t added = 0x12345678 - 7, found = 0x12345678, stored = 0x9abcdef0;
#if defined(__x86_64__)
    __asm__ volatile("lock addl %1, (%0)" : : "r"(word), "r"(added) : "memory");
    __asm__ volatile("lock cmpxchgl %2, (%1)" : "+a"(found) : "r"(word), "r"(stored) : "memory");
    found = 1;
    __asm__ volatile("lock cmpxchgl %2, (%1)" : "+a"(found) : "r"(word), "r"(stored) : "memory");
#else
    __asm__ volatile(".arch_extension lse\n\tstadd %w1, [%0]" : : "r"(word), "r"(added) : "memory");
    __asm__ volatile("cas %w0, %w2, [%1]" : "+r"(found) : "r"(word), "r"(stored) : "memory");
    found = 1;
    __asm__ volatile("cas %w0, %w2, [%1]" : "+r"(found) : "r"(word), "r"(stored) : "memory");
#endif
}

__attribute__((used)) void start(void)
{
    volatile uint32_t word = 7;
    atomics(&word);
    static const char text[] = "calls\n", told[] = "answered\n";
    for (volatile int i = 0; i < 3; i++) {
        call(SYS_getpid, 0, 0, 0);
    }
    if (hypercall(0x4d59abcd) == 0x1234) {
        call(SYS_write, 1, (long)told, sizeof(told) - 1);
    }
    call(SYS_write, 1, (long)text, sizeof(text) - 1);
    call(SYS_exit_group, 7, 0, 0);
    for (;;) {
    }
}
#if defined(__x86_64__)
__asm__(".globl _start\n_start: xor %ebp, %ebp\n and $-16, %rsp\n call start\n");
#else
__asm__(".globl _start\n_start: bl start\n");
#endif
