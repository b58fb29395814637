// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory calls: thin, the work is runtime/guest-memory.h's.
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/cpu-exec.h"
#include "runtime/guest-memory.h"
#include "syscall.h"

// A file that is open for reading alone is mapped to be read; what is in it nobody is waiting for.
static bool only_reads(int fd) { return (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY; }

int64_t sys_mmap(GuestTask *task, const uint64_t a[6])
{
    (void)task;
    int64_t result = guest_mmap(a[0], a[1], (int)a[2], (int)a[3], (int)a[4], a[5]);
    bool shared = a[3] & MAP_SHARED; // of both MAP_SHARED and MAP_SHARED_VALIDATE
    if (result >= 0 && shared && ((a[3] & MAP_ANONYMOUS) || !only_reads((int)a[4]))) {
        cpu_set_parallel();
    }
    return result;
}

int64_t sys_munmap(GuestTask *task, const uint64_t a[6])
{
    (void)task;
    return guest_munmap(a[0], a[1]);
}

int64_t sys_mprotect(GuestTask *task, const uint64_t a[6])
{
    (void)task;
    return guest_mprotect(a[0], a[1], (int)a[2]);
}

int64_t sys_pkey_mprotect(GuestTask *task, const uint64_t a[6])
{
    (void)task;
    // There are no keys, so the only one that may be named is "none".
    return (int)a[3] == -1 ? guest_mprotect(a[0], a[1], (int)a[2]) : -EINVAL;
}

int64_t sys_mremap(GuestTask *task, const uint64_t a[6])
{
    (void)task;
    return guest_mremap(a[0], a[1], a[2], a[3], a[4]);
}

int64_t sys_msync(GuestTask *task, const uint64_t a[6])
{
    (void)task;
    return guest_msync(a[0], a[1], (int)a[2]);
}

int64_t sys_mlockall(GuestTask *task, const uint64_t a[6])
{
    (void)task;
    return guest_mlockall((int)a[0]);
}

int64_t sys_munlockall(GuestTask *task, const uint64_t a[6])
{
    (void)task;
    (void)a;
    return guest_munlockall();
}

int64_t sys_madvise(GuestTask *task, const uint64_t a[6])
{
    (void)task;
    return guest_madvise(a[0], a[1], (int)a[2]);
}

int64_t sys_process_vm_writev(GuestTask *task, const uint64_t a[6])
{
    // Into its own memory a guest may write; the rest of the address space is ours.
    if ((pid_t)a[0] == getpid() && !syscall_prepare_iovec(a[3], a[4])) {
        return -EFAULT;
    }
    return host_syscall_retry(task, SYS_process_vm_writev, a);
}

int64_t sys_shmat(GuestTask *task, const uint64_t a[6])
{
    (void)task;
    int64_t result = guest_shmat((int)a[0], a[1], (int)a[2]);
    if (result >= 0) {
        cpu_set_parallel();
    }
    return result;
}

int64_t sys_shmdt(GuestTask *task, const uint64_t a[6])
{
    (void)task;
    return guest_shmdt(a[0]);
}

int64_t sys_brk(GuestTask *task, const uint64_t a[6])
{
    (void)task;
    return (int64_t)guest_brk(a[0]);
}

// --- membarrier ---------------------------------------------------------------------------------
// What the guest's program has registered for, as bits of the registering commands.  It belongs to the address space:
// a child of fork has it, one of vfork shares it, a new program begins without.  The host cannot be asked: liburcu
// has registered the process for its own use.
static _Atomic uint32_t membarrier_registered;

int64_t sys_membarrier(GuestTask *task, const uint64_t a[6])
{
    // Commands that want a registration, and which.
    static const struct {
        int command, registration;
    } needs[] = {
        {MEMBARRIER_CMD_PRIVATE_EXPEDITED, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED},
        {MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE,
         MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE},
    };
    const int registrations = MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
                              MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
                              MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
    int command = (int)a[0];
    // Restartable sequences are not there (the row of rseq), and what is newer than the table neither.
    const int known = MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |
                      MEMBARRIER_CMD_PRIVATE_EXPEDITED |
                      MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | registrations;
    if (command & ~known) {
        return -EINVAL;
    }
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if (command == needs[i].command && !(membarrier_registered & needs[i].registration)) {
            return a[1] ? -EINVAL : -EPERM;
        }
    }
    int64_t result = host_syscall(task, SYS_membarrier, a);
    if (result >= 0) {
        membarrier_registered |= (uint32_t)(command & registrations);
    }
    return command == MEMBARRIER_CMD_QUERY && result > 0 ? result & known : result;
}
