// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// File descriptors.  Those that myna keeps open (the log, dumps) have high numbers and are not there
// for the guest: using one is EBADF (syscall.c looks at each FD argument), closing a range goes around
// them.
#include <errno.h>
#include <sys/syscall.h>

#include "runtime/process.h"
#include "syscall.h"

// The lowest descriptor of ours in [first, last], -1 when there is none.
static int64_t find_own(unsigned first, unsigned last)
{
    // No table has more: the kernel's limit, and what process_own_fd keeps to.
    unsigned top = MIN(last, 1u << 16);
    for (unsigned fd = first; fd <= top; fd++) {
        if (process_fd_is_own((int)fd)) {
            return fd;
        }
    }
    return -1;
}

int64_t sys_close_range(GuestTask *task, const uint64_t a[6])
{
    unsigned first = (unsigned)a[0], last = (unsigned)a[1];
    if (first > last) {
        return -EINVAL;
    }
    for (;;) {
        int64_t own = find_own(first, last);
        uint64_t end = own < 0 ? last : (uint64_t)own - 1;
        if (own != (int64_t)first) {
            int64_t result = HOST_SYSCALL(task, SYS_close_range, first, end, a[2]);
            if (result < 0) {
                return result;
            }
        }
        if (own < 0 || own == (int64_t)last) {
            return 0;
        }
        first = (unsigned)own + 1;
    }
}
