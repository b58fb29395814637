// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What lies between the mappings that the program sees is not its own: natively nothing, under myna the
// emulator.  Neither may be written, and whatever is tried on it, the program goes on.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "guest-test.h"

#define MAX_GAPS 512
static struct {
    uintptr_t start, end;
} gaps[MAX_GAPS];
static int nb_gaps;

static void find_gaps(void)
{
    static char text[1 << 18];
    int fd = open("/proc/self/maps", O_RDONLY);
    size_t len = 0;
    ssize_t n;
    while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0) {
        len += (size_t)n;
    }
    close(fd);
    uintptr_t last = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        unsigned long start, end;
        CHECK(sscanf(line, "%lx-%lx", &start, &end) == 2);
        // Below the stack is where it grows: not a gap.
        if (last && start > last && start < 0x800000000000u && nb_gaps < MAX_GAPS &&
            !strstr(line, "[stack]")) {
            gaps[nb_gaps].start = last;
            gaps[nb_gaps++].end = start;
        }
        last = end;
    }
}

static int faults(long result) { return result == -1 && errno == EFAULT; }

int main(void)
{
    int zero = open("/dev/zero", O_RDONLY), bad = 0, sockets[2];
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets) == 0);
    puts("start"); // the heap is there from now on
    // One gap at least, natively too.
    char *hole = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(hole != MAP_FAILED && munmap(hole + 4096, 4096) == 0);
    find_gaps();
    printf("gaps: %d\n", nb_gaps > 0);
    for (int i = 0; i < nb_gaps; i++) {
        // Both ends and, for large ones, places between.
        uintptr_t step = (gaps[i].end - gaps[i].start) / 8 & ~4095ul;
        for (int k = 0; k < 9; k++) {
            uintptr_t at = k == 8 ? gaps[i].end - 4096 : gaps[i].start + k * step;
            void *p = (void *)at;
            struct iovec iov = {p, 16};
            bad += !faults(syscall(SYS_read, zero, p, 16));
            bad += !faults(syscall(SYS_readv, zero, &iov, 1));
            bad += !faults(syscall(SYS_fstat, zero, p));
            bad += !faults(syscall(SYS_getcwd, p, 4096));
            bad += !faults(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, p, 8));
            bad += !faults(syscall(SYS_clock_gettime, 0, p));
            CHECK(send(sockets[0], "x", 1, 0) == 1);
            bad += !faults(syscall(SYS_recvfrom, sockets[1], p, 16, MSG_DONTWAIT, NULL, NULL));
            recv(sockets[1], &iov, 1, MSG_DONTWAIT);
            syscall(SYS_munmap, p, 4096);
            syscall(SYS_mprotect, p, 4096, PROT_NONE);
            syscall(SYS_madvise, p, 4096, MADV_DONTNEED);
            syscall(SYS_mremap, p, 4096, 8192, MREMAP_MAYMOVE);
        }
    }
    printf("written to: %d\n", bad);
    // It is all still there.
    char *p = malloc(1 << 20);
    memset(p, 1, 1 << 20);
    free(p);
    printf("survived\n");
    return finish();
}
