// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a program and writes what it cost to file descriptor 3: user and system time in microseconds,
// elapsed time in microseconds, peak resident memory in KiB, wait status.
//
// A program of its own because the kernel's peak of a child includes its parent's memory at the fork:
// the peak of what Python starts is never below Python's 10 MB.
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long microseconds(struct timeval t) { return t.tv_sec * 1000000LL + t.tv_usec; }

int main(int argc, char **argv)
{
    if (argc < 2)
        return 64;
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t child = vfork();
    if (child == 0) {
        execv(argv[1], argv + 1);
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        return 70;
    clock_gettime(CLOCK_MONOTONIC, &end);
    long long elapsed = (end.tv_sec - start.tv_sec) * 1000000LL +
                        (end.tv_nsec - start.tv_nsec) / 1000;
    dprintf(3, "%lld %lld %lld %ld %d\n", microseconds(usage.ru_utime),
            microseconds(usage.ru_stime), elapsed, usage.ru_maxrss, status);
    return 0;
}
