// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Moves bytes of the file `secret` by what myna does in C: string instructions, saved state, x87, instructions without an op of
// their own; and by the kernel. Says before each write what taint has to find in it.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

static unsigned char a[2048] __attribute__((aligned(64))), out[4096] __attribute__((aligned(64)));

static void expect(const char *expected)
{
    char line[128];
    int length = snprintf(line, sizeof(line), "expected %s\n", expected);
    if (write(1, line, (size_t)length) < 0) {
        _exit(1);
    }
}

static void say(const char *expected, size_t n)
{
    expect(expected);
    if (write(1, out, n) < 0 || write(1, "\n", 1) < 0) {
        _exit(1);
    }
    memset(out, 0, sizeof(out));
}

#if defined(__x86_64__)
#include <immintrin.h>

static unsigned char area[4096] __attribute__((aligned(64)));

static void strings(void)
{
    void *to = out + 3, *from = a;
    unsigned long n = 700;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
    say("3-702:secret", 1000);
    to = out, from = a + 8, n = 50;
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
    say("0-399:secret", 500);
    to = out + 39, from = a + 39, n = 10;
    __asm__ volatile("std; rep movsl; cld" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
    say("3-42:secret", 50);
    out[0] = a[0], to = out + 2, from = out, n = 10; // overlaps: every second byte
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
    say("0-0:secret 2-2:secret 4-4:secret 6-6:secret 8-8:secret 10-10:secret", 20);
    memcpy(out, a, 1500);
    to = out + 10, n = 100;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(0) : "memory");
    say("0-9:secret 110-1499:secret", 1600);
    to = out + 1, n = 3;
    __asm__ volatile("rep stosw" : "+D"(to), "+c"(n) : "a"((unsigned)a[3] << 8) : "memory");
    say("2-2:secret 4-4:secret 6-6:secret", 10);
}

static void state(void)
{
    __asm__ volatile("movups %1, %%xmm3; fxsave %0" : "=m"(area) : "m"(a) : "xmm3");
    memcpy(out, area + 160 + 48, 16);
    memcpy(area + 160 + 64, a, 5);
    __asm__ volatile("fxrstor %1; movups %%xmm4, %0; pxor %%xmm4, %%xmm4"
                     : "=m"(out[16])
                     : "m"(area)
                     : "xmm4", "memory");
    say("0-20:secret", 40);
    memset(area, 0, sizeof(area));
#if defined(__AVX__)
    __asm__ volatile("vmovups %1, %%ymm5; xsave %0; vpxor %%xmm5, %%xmm5, %%xmm5"
                     : "=m"(area)
                     : "m"(a), "a"(7), "d"(0)
                     : "xmm5", "memory");
    memcpy(out, area + 576 + 80, 16);
    __asm__ volatile("xrstor %1; vmovups %%ymm5, %0"
                     : "=m"(out[32])
                     : "m"(area), "a"(7), "d"(0)
                     : "xmm5", "memory");
    say("0-15:secret 32-63:secret", 70);
#endif
}

static void x87(void)
{
    __asm__ volatile("fldt %1; fstpt %0" : "=m"(*(long double *)out) : "m"(*(long double *)a));
    __asm__ volatile("fildll %1; fistpll %0" : "=m"(*(long *)(out + 16)) : "m"(*(long *)a));
    say("0-9:secret 16-23:secret", 30);
    double *d = (double *)out;
    __asm__ volatile("fld1; fldl %2; fxch; fstpl %0; fstpl %1"
                     : "=m"(d[0]), "=m"(d[1])
                     : "m"(*(double *)a));
    say("8-15:secret", 20);
    __asm__ volatile("fld1; faddl %2; fsin; fstpl %0; fldz; fstpl %1"
                     : "=m"(d[0]), "=m"(d[1])
                     : "m"(*(double *)a));
    say("0-7:secret", 20);
}

__attribute__((target("bmi2,sse4.2"))) static void instructions(void)
{
    *(uint64_t *)out = _pext_u64(*(uint64_t *)a, 0x00ff00ff00ff00ff);
    *(uint32_t *)(out + 8) = (uint32_t)_mm_crc32_u64(0, *(uint64_t *)a);
    *(int *)(out + 16) = _mm_cmpistri(_mm_load_si128((void *)a), _mm_set1_epi8('x'), 0);
    say("0-11:secret 16-19:secret", 30);
}
#elif defined(__aarch64__)
static void strings(void)
{
    memcpy(out, a, 256);
    __asm__ volatile("dc zva, %0" : : "r"(out + 64) : "memory");
    say("0-63:secret 128-255:secret", 300);
}
static void state(void) {}
static void x87(void) {}
static void instructions(void)
{
    double d;
    memcpy(&d, a, sizeof(d));
    __asm__ volatile("fcvtzs x3, %d1; str x3, [%0]" : : "r"(out), "w"(d) : "x3", "memory");
    __asm__ volatile(".arch armv8.2-a+crc\n crc32x w3, wzr, %1; str w3, [%0]"
                     :
                     : "r"(out + 8), "r"(*(uint64_t *)a)
                     : "x3", "memory");
    say("0-11:secret", 20);
}
#endif

int main(void)
{
    int fd = open("secret", O_RDONLY);
    if (fd < 0 || read(fd, a, sizeof(a)) != sizeof(a)) {
        return 2;
    }
    strings();
    state();
    x87();
    instructions();
    memmove(out + 5, a, 1500);
    say("5-1504:secret", 2048);

    char *m = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *elsewhere = mmap(NULL, 1 << 21, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                           0);
    memcpy(m + 100, a, 50);
    m = mremap(m, 1 << 20, 1 << 21, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere);
    memcpy(out, m + 90, 100);
    say("10-59:secret", 100);
    off_t at = 7;
    expect("0-4:secret");
    return sendfile(1, fd, &at, 5) != 5;
}
