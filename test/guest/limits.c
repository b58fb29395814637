// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Limits on memory, and mappings that grow downwards.  Each case is a process of its own, and its fact is
// how that ends.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "guest-test.h"

#define MB (1L << 20)

static void set_limit(int resource, long cur, long max)
{
    CHECK(setrlimit(resource, &(struct rlimit){(rlim_t)cur, (rlim_t)max}) == 0);
}

static char *map(long size, int prot)
{
    return mmap(NULL, (size_t)size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

// A mapping that grows, with 48 MiB of room below it.
static char *growing(void)
{
    char *room = map(64 * MB, PROT_NONE);
    munmap(room, 64 * MB);
    return mmap(room + 48 * MB, 16384, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
}

static int touch_down(char *p, int pages)
{
    for (int i = 0; i < pages; i++) {
        p[-i * 4096L - 1] = 1;
    }
    return 0;
}

static int __attribute__((noinline)) recurse(int depth)
{
    volatile char frame[65536];
    frame[0] = frame[65535] = (char)depth;
    // The frame is needed behind the call, so that no compiler makes a loop of it.
    int below = depth ? recurse(depth - 1) : 0;
    frame[below & 1] = 0;
    return below + frame[below & 1];
}

static int grows_page_by_page(void) { return touch_down(growing(), 1000); }
static int grows_at_once(void) { return growing()[-MB] = 0; }
static int grows_no_further_than_the_stack_limit(void) { return growing()[-20 * MB] = 0; }
static int grows_for_the_kernel(void)
{
    char *p = growing();
    int fd = open("/dev/zero", O_RDONLY);
    return read(fd, p - 8000, 8000) == 8000 ? 3 : 4;
}
static int keeps_its_distance(void)
{
    char *p = growing();
    mmap(p - 2 * MB, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    touch_down(p, 200);
    return touch_down(p, 500); // less than 1 MiB would be left
}
static int stack_limit_of_growing(void)
{
    set_limit(RLIMIT_STACK, MB, MB);
    return touch_down(growing(), 1000);
}
static int stack_6_of_8(void) { return recurse(100); }
static int stack_18_of_8(void) { return recurse(300); }
static int stack_6_of_1(void)
{
    set_limit(RLIMIT_STACK, MB, MB);
    return recurse(100);
}
static int stack_18_of_32(void)
{
    set_limit(RLIMIT_STACK, 32 * MB, 64 * MB);
    return recurse(300);
}
static int as_mmap(void)
{
    set_limit(RLIMIT_AS, 256 * MB, 256 * MB);
    return map(512 * MB, PROT_READ) == MAP_FAILED && errno == ENOMEM ? 5 : 6;
}
static int as_mremap(void)
{
    set_limit(RLIMIT_AS, 256 * MB, 256 * MB);
    char *p = map(128 * MB, PROT_READ | PROT_WRITE);
    CHECK(p != MAP_FAILED);
    return mremap(p, 128 * MB, 300 * MB, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM ? 5 : 6;
}
static int as_malloc(void)
{
    set_limit(RLIMIT_AS, 64 * MB, 64 * MB);
    void *volatile p = malloc(100 * MB); // an unused one would be left out
    return p == NULL;
}
static int data(void)
{
    set_limit(RLIMIT_DATA, 16 * MB, 16 * MB);
    char *reading = map(32 * MB, PROT_READ);
    return (sbrk(32 * MB) == (void *)-1) + 2 * (map(32 * MB, PROT_WRITE) == MAP_FAILED) +
           4 * (reading == MAP_FAILED) + 8 * (mprotect(reading, 32 * MB, PROT_WRITE) != 0);
}
// Files of the emulator's own are nothing that the guest has written.
static int file_size(void)
{
    set_limit(RLIMIT_FSIZE, 0, 0);
    recurse(10);
    return open("/proc/self/exe", O_RDONLY) >= 0 ? 7 : 8;
}
static int file_size_too_large(void)
{
    char name[] = "/tmp/myna-limits-XXXXXX";
    int fd = mkstemp(name);
    unlink(name);
    set_limit(RLIMIT_FSIZE, 10, 10);
    CHECK(write(fd, "123456789abcdef", 15) == 10);
    return write(fd, "x", 1) < 0;
}
static int run_self(const char *what)
{
    execl("/proc/self/exe", "limits", what, NULL);
    return 99;
}
static int exec_with_file_size(void)
{
    set_limit(RLIMIT_FSIZE, 0, 0);
    return run_self("exit");
}
static int limits_are_inherited(void)
{
    set_limit(RLIMIT_STACK, MB, 64 * MB);
    set_limit(RLIMIT_AS, 300 * MB, 400 * MB);
    return run_self("show");
}
static int exec_with_26_of_64(void)
{
    set_limit(RLIMIT_STACK, 64 * MB, -1);
    return run_self("recurse");
}
static int exec_with_26_of_1(void)
{
    set_limit(RLIMIT_STACK, MB, -1);
    return run_self("recurse");
}

static void child(const char *name, int (*fn)(void))
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        set_limit(RLIMIT_CORE, 0, 0);
        _exit(fn());
    }
    int status;
    waitpid(pid, &status, 0);
    printf("%s: %s %d\n", name, WIFSIGNALED(status) ? "signal" : "status",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
    struct rlimit stack, as;
    if (argc > 1 && strcmp(argv[1], "recurse") == 0) {
        return recurse(400);
    }
    if (argc > 1 && strcmp(argv[1], "exit") == 0) {
        return recurse(10);
    }
    if (argc > 1) {
        getrlimit(RLIMIT_STACK, &stack);
        getrlimit(RLIMIT_AS, &as);
        printf("stack %lu %lu, address space %lu %lu\n", stack.rlim_cur, stack.rlim_max,
               as.rlim_cur, as.rlim_max);
        return 0;
    }
    getrlimit(RLIMIT_STACK, &stack);
    if (stack.rlim_cur != 8 * MB) {
        set_limit(RLIMIT_STACK, 8 * MB, (long)stack.rlim_max);
        return run_self(NULL);
    }
#define CASE(fn) child(#fn, fn)
    CASE(grows_page_by_page);
    CASE(grows_at_once);
    CASE(grows_no_further_than_the_stack_limit);
    CASE(grows_for_the_kernel);
    CASE(keeps_its_distance);
    CASE(stack_limit_of_growing);
    CASE(stack_6_of_8);
    CASE(stack_18_of_8);
    CASE(stack_6_of_1);
    CASE(stack_18_of_32);
    CASE(as_mmap);
    CASE(as_mremap);
    CASE(as_malloc);
    CASE(data);
    CASE(file_size);
    CASE(file_size_too_large);
    CASE(exec_with_file_size);
    CASE(limits_are_inherited);
    CASE(exec_with_26_of_64);
    CASE(exec_with_26_of_1);
    return finish();
}
