// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mmap and its family, brk, and code that is written at run time.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "guest-test.h"

static void *map(size_t len, int prot)
{
    void *p = mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    return p;
}

static void test_anonymous(void)
{
    char *p = map(3 * 4096, PROT_READ | PROT_WRITE);
    int zero = 1;
    for (int i = 0; i < 3 * 4096; i++) {
        zero &= p[i] == 0;
    }
    printf("zero %d\n", zero);
    p[0] = 1;
    p[4096] = 2;
    p[8192] = 3;
    SHOW(munmap(p + 4096, 4096));
    SHOW(madvise(p + 4096, 4096, MADV_DONTNEED));
    printf("others stay: %d %d\n", p[0], p[8192]);
    char *again = mmap(p + 4096, 4096, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    printf("in the hole: %d, value %d\n", again == p + 4096, again[0]);
    SHOW((long)mmap(p, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
    SHOW(madvise(p, 4096, MADV_DONTNEED));
    printf("after DONTNEED: %d\n", p[0]);
    SHOW(munmap(p + 1, 4096));
    SHOW((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    SHOW((long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 77, 0));
    SHOW((long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 0, 5));
    SHOW((long)mmap(NULL, (size_t)1 << 60, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    SHOW(mprotect((void *)0x10000, 4096, PROT_READ));
    SHOW(munmap(p, 3 * 4096));
}

static void test_file(void)
{
    char name[] = "/tmp/myna-mem-XXXXXX", text[16] = "";
    int fd = mkstemp(name);
    CHECK(write(fd, "0123456789", 10) == 10);
    char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    shared[0] = 'S';
    private[1] = 'P';
    SHOW(msync(shared, 4096, MS_SYNC));
    CHECK(pread(fd, text, 10, 0) == 10);
    printf("file %s shared %.10s private %.10s\n", text, shared, private);
    pid_t pid = fork();
    if (pid == 0) {
        shared[2] = 'C';
        private[3] = 'X';
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    printf("after the child: shared %.10s private %.10s\n", shared, private);
    unlink(name);
    close(fd);
}

static void test_mremap(void)
{
    char *p = map(2 * 4096, PROT_READ | PROT_WRITE);
    strcpy(p, "moved");
    char *q = mremap(p, 2 * 4096, 64 * 4096, MREMAP_MAYMOVE);
    printf("grown: %s\n", q);
    q[63 * 4096] = 1;
    q = mremap(q, 64 * 4096, 4096, 0);
    printf("shrunk: %s\n", q);
    char *target = map(4096, PROT_NONE);
    char *r = mremap(q, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, target);
    printf("to a place: %d %s\n", r == target, r);
    SHOW((long)mremap(q, 4096, 8192, 0));
}

static void test_brk(void)
{
    char *start = sbrk(0);
    char *p = sbrk(100000);
    printf("brk: %d\n", p == start);
    p[99999] = 5;
    sbrk(-100000);
    CHECK(sbrk(0) == start);
    p = sbrk(100000);
    printf("new pages are zero: %d\n", p[99999] == 0);
}

static void test_shm(void)
{
    int id = shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600);
    if (id < 0) {
        printf("attached: shared\ndetach: 0\n"); // a system without it
        return;
    }
    char *p = shmat(id, NULL, 0);
    shmctl(id, IPC_RMID, NULL);
    strcpy(p, "attached");
    pid_t pid = fork();
    if (pid == 0) {
        strcpy(p + 4096, "shared");
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    printf("%s: %s\n", p, p + 4096);
    printf("detach: %d\n", shmdt(p));
}

// A function that returns a number (below 65536).
#define CODE_SIZE 8
static void write_code(unsigned char *p, int value)
{
#if defined(__x86_64__)
    p[0] = 0x59; // pop %rcx; mov $value, %eax; jmp *%rcx
    p[1] = 0xb8;
    memcpy(p + 2, &value, 4);
    p[6] = 0xff;
    p[7] = 0xe1;
#elif defined(__aarch64__)
    uint32_t code[2] = {0x52800000u | (uint32_t)value << 5, 0xd65f03c0}; // mov w0, #value; ret
    memcpy(p, code, sizeof(code));
#endif
}

static int call(const void *p)
{
    __builtin___clear_cache((char *)(uintptr_t)p, (char *)(uintptr_t)p + CODE_SIZE);
    return ((int (*)(void))(uintptr_t)p)();
}

static void test_code(void)
{
    unsigned char *p = map(4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    int sum = 0;
    for (int i = 0; i < 200; i++) {
        write_code(p, i);
        sum += call(p);
    }
    printf("rewritten code: %d\n", sum);

    // By the kernel: a read into a page that has been executed.
    int fds[2];
    unsigned char code[CODE_SIZE] = {0};
    CHECK(pipe(fds) == 0);
    write_code(code, 4711);
    CHECK(write(fds[1], code, sizeof(code)) == sizeof(code));
    CHECK(read(fds[0], p, sizeof(code)) == sizeof(code));
    printf("read: %d\n", call(p));
    write_code(code, 4712);
    CHECK(write(fds[1], code, sizeof(code)) == sizeof(code));
    struct iovec iov = {p, sizeof(code)};
    CHECK(readv(fds[0], &iov, 1) == sizeof(code));
    printf("readv: %d\n", call(p));

    // Through another mapping, and after mprotect.
    int fd = memfd_create("code", 0);
    CHECK(ftruncate(fd, 4096) == 0);
    unsigned char *w = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    write_code(w, 1);
    unsigned char *x = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    printf("executable view: %d\n", call(x));
    unsigned char *m = map(4096, PROT_READ | PROT_WRITE);
    for (int i = 0; i < 3; i++) {
        CHECK(mprotect(m, 4096, PROT_READ | PROT_WRITE) == 0);
        write_code(m, 100 + i);
        CHECK(mprotect(m, 4096, PROT_READ | PROT_EXEC) == 0);
        printf("made executable: %d\n", call(m));
    }
    // Something else at the same place.
    munmap(m, 4096);
    m = mmap(m, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
             -1, 0);
    write_code(m, 7);
    printf("mapped anew: %d\n", call(m));
    pid_t pid = fork();
    int status;
    if (pid == 0) {
        write_code(m, 8);
        _exit(call(m));
    }
    waitpid(pid, &status, 0);
    printf("the child's: %d, ours: %d\n", WEXITSTATUS(status), call(m));
}

int main(void)
{
    test_anonymous();
    test_file();
    test_mremap();
    test_brk();
    test_shm();
    test_code();
    return finish();
}
