// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The guest of the plugin tests: loops, calls, accesses of every width, atomics, string instructions, a signal,
// one answer.
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static unsigned char bytes[4096];
static volatile int handled;
static void handler(int sig) { handled += sig; }

__attribute__((noinline)) static unsigned mix(unsigned s, int i)
{
    return s * 31 + bytes[i & 4095] * i;
}

int main(void)
{
    unsigned s = 1;
    double d = 0;
    unsigned __int128 wide = 1;
    uint64_t cell = 0;
    for (int i = 0; i < 4096; i++) {
        s = s * 1103515245 + 12345;
        bytes[i] = s >> 16;
    }
    for (int r = 0; r < 3; r++) {
        memmove(bytes + 7, bytes, 4000);
        for (int i = 0; i < 4096; i++) {
            s = mix(s, i);
        }
        __atomic_fetch_add(&s, 3, __ATOMIC_SEQ_CST);
        __atomic_fetch_xor(&cell, 0x1234567890, __ATOMIC_SEQ_CST);
        uint64_t expected = 1;
        __atomic_compare_exchange_n(&cell, &expected, 7, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
    for (int i = 1; i < 50; i++) {
        d += 1.0 / i;
        wide = wide * 3 + (unsigned)i;
    }
#if defined(__x86_64__)
    void *to = bytes + 64, *from = bytes;
    unsigned long n = 100;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
    static char area[512] __attribute__((aligned(16)));
    __asm__ volatile("fxsave %0" : "=m"(area));
#endif
    static const char hay[40] = "a needle in a hay stack";
    static char copy[40];
    volatile size_t len = sizeof(hay);
    memcpy(copy, hay, len);
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    s += copy[3];
    printf("%u %.10f %llx %llx %d\n", s, d, (unsigned long long)wide, (unsigned long long)cell,
           handled);
    return syscall(0x4d59, 1, 2, 3) == 0x666 ? 42 : 7;
}
