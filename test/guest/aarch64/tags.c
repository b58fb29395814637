// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tagged pointers: the top byte of a data address is ignored, in every kind of access, before and after
// myna has learnt that the program uses them, and in several threads at once.

#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "../guest-test.h"

static void *tagged(const void *p, unsigned tag)
{
    return (void *)((uintptr_t)p | (uintptr_t)tag << 56);
}

static void check(const char *what, uint64_t got, uint64_t want)
{
    if (got != want) {
        printf("%s: 0x%lx, not 0x%lx\n", what, (unsigned long)got, (unsigned long)want);
        exit(1);
    }
}

static uint64_t area[64] __attribute__((aligned(64)));

// The pointer's tag must survive the access.
static void scalars(unsigned tag)
{
    uint64_t *p = tagged(area, tag), x, y;
    __asm__ volatile("str %1, [%0]" : : "r"(p), "r"(0x1122334455667788ul) : "memory");
    __asm__ volatile("ldr %0, [%1]" : "=r"(x) : "r"(p));
    check("ldr", x, 0x1122334455667788ul);
    __asm__ volatile("ldrb %w0, [%1, #1]" : "=r"(x) : "r"(p));
    check("ldrb", x, 0x77);
    x = (uintptr_t)p; // the base is overwritten
    __asm__ volatile("ldr %0, [%0]" : "+r"(x));
    check("ldr into the base", x, 0x1122334455667788ul);
    x = (uintptr_t)p;
    __asm__ volatile("ldrh %w0, [%0]" : "+r"(x));
    check("ldrh into the base", x, 0x7788);
    __asm__ volatile("mov x9, %1\n\tldr %0, [x9], #8\n\tmov %1, x9" : "=&r"(x), "+r"(p) : : "x9");
    check("post-index", (uintptr_t)p, (uintptr_t)tagged(area + 1, tag));
    p = tagged(area, tag);
    __asm__ volatile("ldr %0, [%1, %2]" : "=r"(x) : "r"(8ul), "r"((uintptr_t)p - 8));
    check("tag in the index", x, 0x1122334455667788ul);
    __asm__ volatile("stp %1, %2, [%0, #16]" : : "r"(p), "r"(1ul), "r"(2ul) : "memory");
    __asm__ volatile("ldp %0, %1, [%2, #16]" : "=&r"(x), "=&r"(y) : "r"(p));
    check("ldp", x * 16 + y, 0x12);
}

static void atomics(unsigned tag)
{
    uint64_t *p = tagged(area + 8, tag), x;
    uint32_t failed;
    area[8] = 5;
    do {
        __asm__ volatile("ldaxr %0, [%2]\n\tadd %0, %0, #1\n\tstlxr %w1, %0, [%2]"
                         : "=&r"(x), "=&r"(failed)
                         : "r"(p)
                         : "memory");
    } while (failed);
    check("stlxr", area[8], 6);
    __asm__ volatile("ldaddal %1, %0, [%2]" : "=&r"(x) : "r"(10ul), "r"(p) : "memory");
    check("ldadd", x * 100 + area[8], 616);
    x = 16;
    __asm__ volatile("cas %0, %1, [%2]" : "+r"(x) : "r"(7ul), "r"(p) : "memory");
    check("cas", x * 100 + area[8], 1607);
}

static void vectors(unsigned tag)
{
    uint64_t *p = tagged(area + 16, tag), x, y;
    for (unsigned i = 0; i < 8; i++) {
        area[16 + i] = i;
    }
    __asm__ volatile("ld1 {v0.2d, v1.2d}, [%0]\n\tadd v0.2d, v0.2d, v1.2d\n\tstr q0, [%0, #32]"
                     :
                     : "r"(p)
                     : "memory", "v0", "v1");
    check("ld1", area[20] * 16 + area[21], 0x24);
    __asm__ volatile("ld2 {v0.2d, v1.2d}, [%2]\n\tumov %0, v0.d[1]\n\tumov %1, v1.d[1]"
                     : "=r"(x), "=r"(y)
                     : "r"(p)
                     : "v0", "v1");
    check("ld2", x * 16 + y, 0x23);
    __asm__ volatile("dc zva, %0" : : "r"(tagged(area + 16, tag)) : "memory");
    check("dc zva", area[16] | area[17] | area[20], 0);
}

static __attribute__((noinline)) uint64_t add_one(uint64_t x) { return x + 1; }

static void branches(unsigned tag)
{
    uint64_t (*volatile fn)(uint64_t) = (uint64_t (*)(uint64_t))tagged(add_one, tag);
    check("blr", fn(tag), tag + 1);
}

static void *thread(void *arg)
{
    uintptr_t n = (uintptr_t)arg;
    uint64_t *p = tagged(malloc(4096), (unsigned)n), sum = 0;
    for (unsigned i = 0; i < 512 * 40; i++) {
        p[i % 512] = i;
        sum += p[i % 512];
    }
    check("thread", sum, 512ul * 40 * (512 * 40 - 1) / 2);
    return NULL;
}

// Documentation/arm64/tagged-address-abi.rst
static void system_calls(void)
{
    static char text[4] = "abc", got[4];
    int fds[2], old = prctl(56, 0, 0, 0, 0);
    struct iovec v = {got, 4};
    check("before", (uint64_t)old, 0);
    check("pipe", (uint64_t)pipe(fds), 0);
    check("untold", write(fds[1], tagged(text, 7), 4) == -1 && errno == EFAULT, 1);
    check("set", (uint64_t)prctl(55, 2, 0, 0, 0) | (uint64_t)prctl(55, 1, 1, 0, 0), UINT64_MAX);
    check("set", (uint64_t)prctl(55, 1, 0, 0, 0), 0);
    check("get", (uint64_t)prctl(56, 0, 0, 0, 0), 1);
    check("write", (uint64_t)write(fds[1], tagged(text, 7), 4), 4);
    check("readv", (uint64_t)readv(fds[0], tagged(&v, 9), 1), 4);
    check("text", (uint64_t)memcmp(text, got, 4), 0);
    check("access", (uint64_t)access(tagged("/", 200), R_OK), 0);
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check("mprotect", (uint64_t)mprotect(tagged(page, 1), 4096, PROT_READ | PROT_WRITE), 0);
    check("mmap",
          mmap(tagged(page, 1), 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
              MAP_FAILED,
          1);
    check("munmap", (uint64_t)munmap(tagged(page, 1), 4096), 0);
    check("off", (uint64_t)prctl(55, 0, 0, 0, 0), 0);
    check("off", write(fds[1], tagged(text, 7), 4) == -1 && errno == EFAULT, 1);
}

int main(void)
{
    pthread_t threads[4];
    for (uintptr_t i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, thread, (void *)(i * 80 + 1));
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    for (unsigned round = 0; round < 300; round++) {
        unsigned tag = round * 37 % 255 + 1;
        scalars(tag);
        atomics(tag);
        vectors(tag);
        branches(tag);
    }
    // The kernel takes no tagged pointers, unless asked to.
    check("write", (uint64_t)(mprotect(tagged(area, 1), 4096, PROT_READ) == -1), 1);
    system_calls();
    puts("every access was made");
    return finish();
}
