// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of flags and constants, for -strace.  The sets themselves stand in strace-flags.c.

#ifndef RUNTIME_LINUX_STRACE_FLAGS_H
#define RUNTIME_LINUX_STRACE_FLAGS_H

#include <stddef.h>
#include <stdint.h>

typedef struct FlagName {
    uint64_t mask; // the bits that `value` is compared in; for an enumeration ~0
    uint64_t value;
    const char *name;
} FlagName;

typedef struct FlagSet {
    const FlagName *names;
    size_t count;
    const char *zero; // how 0 is written when no name has it; NULL: "0"
} FlagSet;

// Every set that syscall-table.h names.
#define FLAG_SETS(SET)                                                                             \
    SET(open)                                                                                      \
    SET(at)                                                                                        \
    SET(prot)                                                                                      \
    SET(mmap)                                                                                      \
    SET(msync)                                                                                     \
    SET(mremap)                                                                                    \
    SET(madvise)                                                                                   \
    SET(clone)                                                                                     \
    SET(wait) SET(access) SET(af) SET(sock) SET(sock_only) SET(msg) SET(shutdown) SET(fcntl)       \
        SET(lseek) SET(epoll_ctl) SET(epoll_create) SET(eventfd) SET(timerfd) SET(signalfd)        \
            SET(rlimit) SET(rusage) SET(itimer) SET(clock) SET(timer) SET(sigmask) SET(flock)      \
                SET(futex) SET(prctl) SET(arch_prctl) SET(splice) SET(memfd) SET(getrandom)        \
                    SET(mount) SET(umount) SET(membarrier) SET(fadvise) SET(fallocate) SET(sched)  \
                        SET(prio) SET(waitid) SET(ipc) SET(shm) SET(sol) SET(renameat)             \
                            SET(unlinkat) SET(ioctl) SET(sa) SET(poll_events) SET(epoll_events)    \
                                SET(mode)

#define SET(name) extern const FlagSet flag_set_##name;
FLAG_SETS(SET)
#undef SET

// Writes "A|B|0x40" for flags, "NAME" or a number for an enumeration; gives buf.
const char *flag_set_print(const FlagSet *set, uint64_t value, char *buf, size_t size);
const char *flag_enum_print(const FlagSet *set, uint64_t value, char *buf, size_t size);

#endif
