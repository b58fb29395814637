// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The host's fork with arguments of the caller's choice.
//
// What makes a child of clone is not enough for a process with threads: a lock that another thread holds at that moment
// (malloc's, the dynamic linker's, that of libc's list of threads) stays locked in the child for ever.  libc's fork takes
// and mends them, but it makes children of one kind alone.

#ifndef RUNTIME_LINUX_HOST_FORK_H
#define RUNTIME_LINUX_HOST_FORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct HostFork {
    uint64_t flags;  // CLONE_*, without CLONE_VM and what concerns libc's own thread state
    int exit_signal; // 0: none
    int *pidfd;      // with CLONE_PIDFD
    // For clone3 alone.
    const pid_t *set_tid;
    unsigned nb_set_tid;
    uint64_t cgroup;
} HostFork;

// Can host_fork make such a child as fork does?  When not, it is clone's: the caller's process should have no other thread.
bool host_fork_is_whole(const HostFork *how);
// As fork(): 0 in the child, its pid, or -1 and errno. The caller has blocked all signals but those of faults, and
// nobody else changes SIGSYS's action meanwhile.
pid_t host_fork(const HostFork *how);

#endif
