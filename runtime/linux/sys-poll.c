// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Waits that take a signal mask along: the mask holds for the wait and for the delivery of the signal
// that ends it.
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "guest-signal.h"
#include "runtime/guest-memory.h"
#include "syscall.h"

// Linux copies and checks the timeout before it looks at the mask.
static int64_t check_timeout(uint64_t addr)
{
    struct timespec t;
    if (addr == 0) {
        return 0;
    }
    if (!guest_read(addr, &t, sizeof(t))) {
        return -EFAULT;
    }
    return t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= 1000000000 ? -EINVAL : 0;
}

// The call with the guest's mask in argument `index`, its size in the next.
static int64_t wait_with_mask(GuestTask *task, long number, unsigned index, const uint64_t a[6])
{
    uint64_t args[6], mask;
    memcpy(args, a, sizeof(args));
    if (a[index] == 0) {
        return host_syscall_retry(task, number, args);
    }
    if (a[index + 1] != sizeof(mask)) {
        return -EINVAL;
    }
    if (!guest_read(a[index], &mask, sizeof(mask))) {
        return -EFAULT;
    }
    uint64_t host_mask = signal_host_mask(mask);
    args[index] = (uint64_t)(uintptr_t)&host_mask;
    return signal_with_mask(task, mask, number, args);
}

int64_t sys_ppoll(GuestTask *task, const uint64_t a[6])
{
    int64_t bad = check_timeout(a[2]);
    return bad ? bad : wait_with_mask(task, SYS_ppoll, 3, a);
}

int64_t sys_epoll_pwait(GuestTask *task, const uint64_t a[6])
{
    return wait_with_mask(task, SYS_epoll_pwait, 4, a);
}

int64_t sys_epoll_pwait2(GuestTask *task, const uint64_t a[6])
{
    int64_t bad = check_timeout(a[3]);
    return bad ? bad : wait_with_mask(task, SYS_epoll_pwait2, 4, a);
}

// pselect6 has no seventh argument: the last points to the mask's address and size.
int64_t sys_pselect6(GuestTask *task, const uint64_t a[6])
{
    uint64_t args[6], pair[2], mask;
    memcpy(args, a, sizeof(args));
    if (a[5] == 0) {
        return host_syscall_retry(task, SYS_pselect6, args);
    }
    if (!guest_read(a[5], pair, sizeof(pair))) {
        return -EFAULT;
    }
    int64_t bad = check_timeout(a[4]);
    if (bad) {
        return bad;
    }
    if (pair[0] == 0) {
        return host_syscall_retry(task, SYS_pselect6, args);
    }
    if (pair[1] != sizeof(mask)) {
        return -EINVAL;
    }
    if (!guest_read(pair[0], &mask, sizeof(mask))) {
        return -EFAULT;
    }
    uint64_t host_mask = signal_host_mask(mask);
    uint64_t host_pair[2] = {(uint64_t)(uintptr_t)&host_mask, sizeof(host_mask)};
    args[5] = (uint64_t)(uintptr_t)host_pair;
    return signal_with_mask(task, mask, SYS_pselect6, args);
}
