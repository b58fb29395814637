// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Robust futexes of a thread that ends (Documentation/locking/robust-futex-ABI.rst).  The kernel would serve the
// list too, but when the host's thread ends: that is after the guest has been told that its thread has
// ended (CLONE_CHILD_CLEARTID), and the guest must find its locks marked by then.
#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <linux/futex.h>
#include <unistd.h>

#include "runtime/cpu-exec.h"
#include "runtime/guest-memory.h"
#include "task.h"

// The list of a 64-bit guest, whose head the host's kernel holds for us.
typedef struct RobustHead {
    uint64_t next;
    int64_t futex_offset;
    uint64_t pending;
} RobustHead;

typedef struct FutexWord {
    uint64_t addr;
    uint32_t old, new;
    bool swapped;
} FutexWord;

static void swap_word(void *opaque)
{
    FutexWord *w = opaque;
    w->swapped = atomic_compare_exchange_strong((_Atomic uint32_t *)g2h(w->addr), &w->old, w->new);
}

// Marks a lock that the thread holds; false when its word cannot be read.
static bool owner_died(uint64_t addr, pid_t tid, bool is_pi, bool is_pending)
{
    FutexWord w = {.addr = addr};
    if (addr % sizeof(uint32_t) || !guest_read(addr, &w.old, sizeof(w.old))) {
        return false;
    }
    guest_memory_prepare_write(addr, sizeof(w.old));
    for (;;) {
        if ((w.old & FUTEX_TID_MASK) != (uint32_t)tid) {
            // It may have been unlocked, and its waiter not yet been woken.
            if (is_pending && !is_pi && !w.old) {
                syscall(SYS_futex, g2h(addr), FUTEX_WAKE, 1, NULL, NULL, 0);
            }
            return true;
        }
        w.new = (w.old & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
        if (!cpu_guard_access(swap_word, &w, NULL)) {
            return false;
        }
        if (w.swapped) {
            break;
        }
    }
    if (!is_pi && (w.old & FUTEX_WAITERS)) {
        syscall(SYS_futex, g2h(addr), FUTEX_WAKE, 1, NULL, NULL, 0);
    }
    return true;
}

void robust_list_exit(const GuestTask *task)
{
    void *list = NULL;
    size_t size = 0;
    RobustHead head;
    if (syscall(SYS_get_robust_list, 0, &list, &size) < 0 || !list) {
        return;
    }
    // What the kernel would do once more, in memory that may be another thread's by then.
    syscall(SYS_set_robust_list, NULL, sizeof(RobustHead));
    uint64_t start = h2g(list);
    if (!guest_read(start, &head, sizeof(head))) {
        return;
    }
    // Bit 0 of a pointer in the list: the lock inherits priorities.
    uint64_t pending = head.pending & ~UINT64_C(1), entry = head.next;
    for (unsigned left = 2048; (entry & ~UINT64_C(1)) != start && left > 0; left--) {
        uint64_t at = entry & ~UINT64_C(1), next;
        bool readable = guest_read(at, &next, sizeof(next));
        if (at != pending &&
            !owner_died(at + (uint64_t)head.futex_offset, task->tid, entry & 1, false)) {
            break;
        }
        if (!readable) {
            break;
        }
        entry = next;
    }
    if (pending) {
        owner_died(pending + (uint64_t)head.futex_offset, task->tid, head.pending & 1, true);
    }
}
