// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// System calls: the table's types, dispatch, and what the sys-*.c files share.

#ifndef RUNTIME_LINUX_SYSCALL_H
#define RUNTIME_LINUX_SYSCALL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "task.h"

// The columns of syscall-table.h.
typedef enum SyscallABI {
    SYSCALL_ABI_X86_64,
    SYSCALL_ABI_I386,
    SYSCALL_ABI_AARCH64,
    SYSCALL_ABI_ARM,
    SYSCALL_ABI_COUNT
} SyscallABI;

typedef enum SyscallAction {
    SYSCALL_PASS,
    SYSCALL_DO,
    SYSCALL_FAIL, // NOSYS and REFUSE: `error` is the errno
} SyscallAction;

typedef enum SyscallResult { RES_INT, RES_HEX, RES_OCT, RES_NONE } SyscallResult;

// What an argument is.  Those from ARG_FIRST_STRUCT on are pointers to something of a fixed size.
typedef enum SyscallArgKind {
    ARG_NONE,
    ARG_INT,
    ARG_UINT,
    ARG_LONG,
    ARG_SIZE,
    ARG_OFF,
    ARG_HEX,
    ARG_PTR,
    ARG_FD,
    ARG_DIRFD,
    ARG_MODE,
    ARG_SIG,
    ARG_PATH,
    ARG_STR,
    ARG_STRS,
    ARG_ENVS,
    ARG_FLAGS,
    ARG_ENUM,
    ARG_BUF,
    ARG_OSTR,
    ARG_ODATA,
    ARG_IOV,
    ARG_SOCKADDR,
    ARG_FCNTLARG,
    ARG_SEMCTLARG,
    ARG_STRUCT, // `type` says which
} SyscallArgKind;

// Structures, with their size on x86-64 (the kernel's, not libc's); a GuestABI says which of its own
// differ.
//   STRUCT(name, bytes)
#define SYSCALL_STRUCTS(STRUCT)                                                                    \
    STRUCT(INT, 4)                                                                                 \
    STRUCT(LONG, 8)                                                                                \
    STRUCT(STAT, 144)                                                                              \
    STRUCT(STATFS, 120)                                                                            \
    STRUCT(STATX, 256)                                                                             \
    STRUCT(TIMESPEC, 16)                                                                           \
    STRUCT(TIMESPEC2, 32)                                                                          \
    STRUCT(TIMEVAL, 16)                                                                            \
    STRUCT(ITIMERVAL, 32)                                                                          \
    STRUCT(ITIMERSPEC, 32)                                                                         \
    STRUCT(TMS, 32)                                                                                \
    STRUCT(RUSAGE, 144)                                                                            \
    STRUCT(SYSINFO, 112)                                                                           \
    STRUCT(UTSNAME, 390)                                                                           \
    STRUCT(RLIMIT, 16)                                                                             \
    STRUCT(SIGSET, 8)                                                                              \
    STRUCT(SIGACTION, 32)                                                                          \
    STRUCT(SIGINFO, 128)                                                                           \
    STRUCT(SIGEVENT, 64)                                                                           \
    STRUCT(STACK, 24)                                                                              \
    STRUCT(MSGHDR, 56)                                                                             \
    STRUCT(POLLFD, 8)                                                                              \
    STRUCT(FDSET, 128)                                                                             \
    STRUCT(FDPAIR, 8)                                                                              \
    STRUCT(WSTATUS, 4)                                                                             \
    STRUCT(EPOLLEVENT, 12)                                                                         \
    STRUCT(SEMIDDS, 104)                                                                           \
    STRUCT(CLONEARGS, 88)

typedef enum SyscallStruct {
#define STRUCT(name, bytes) STRUCT_##name,
    SYSCALL_STRUCTS(STRUCT)
#undef STRUCT
        STRUCT_COUNT
} SyscallStruct;

enum { DIR_IN = 1, DIR_OUT = 2 };

struct FlagSet;
typedef struct SyscallArg {
    uint8_t kind; // SyscallArgKind
    uint8_t dir;  // DIR_*: of what a pointer points to
    uint8_t type; // SyscallStruct
    // Argument that gives a number of elements or bytes, plus one; 0: one element.
    uint8_t count;
    bool count_is_result; // as many as the result says, `count` is only the limit
    const struct FlagSet *set;
} SyscallArg;

typedef struct SyscallRow {
    const char *name;
    int16_t number[SYSCALL_ABI_COUNT]; // -1: the ABI has none
    uint8_t action;                    // SyscallAction
    uint8_t result;                    // SyscallResult
    int error;                         // SYSCALL_FAIL
    const char *reason;                // SYSCALL_FAIL
    int host_number; // SYSCALL_PASS under another number than the host column's, or 0
    SyscallFn *fn;   // SYSCALL_DO
    SyscallArg args[6];
} SyscallRow;

extern const SyscallRow syscall_rows[];
extern const size_t syscall_rows_count;

#define SYSCALL_MAX_NUMBER 512
// The row of a number, NULL when the ABI has no such call.
const SyscallRow *syscall_find(SyscallABI abi, uint64_t number);
const SyscallRow *syscall_find_name(const char *name);
unsigned syscall_nb_args(const SyscallRow *row);
uint64_t syscall_struct_size(SyscallStruct type);

// Serves the system call that the guest's registers ask for, result included (abi->syscall_*).
void syscall_serve(GuestTask *task);

// --- for the sys-*.c files ------------------------------------------------------------------------
// Not an errno the guest may see: the call was cut short by a signal before it did anything; after the
// signal's delivery it is made anew.  The kernel's number (include/linux/errno.h).
#define ERESTARTSYS 512
// The registers were set by the call itself (rt_sigreturn, execve).
#define ESIGRETURN 513

// The host's call, interruptible without a lost wake-up (safe-syscall.h); gives -errno or the result.
int64_t host_syscall(GuestTask *task, long number, const uint64_t args[6]);
// The same, retried when EFAULT came from a page that myna had write-protected.
int64_t host_syscall_retry(GuestTask *task, long number, const uint64_t args[6]);
#define HOST_SYSCALL(task, nr, ...)                                                                \
    host_syscall_retry((task), (nr), (const uint64_t[6]){__VA_ARGS__})

// Makes what an array of struct iovec names ready to be written to by the kernel; false when a part of it is
// memory of myna's.
bool syscall_prepare_iovec(uint64_t addr, uint64_t count);

// A file's name out of guest memory; NULL and *error (a negative errno) when it cannot be read or is too
// long.  g_free it.
char *guest_path(uint64_t addr, int64_t *error);

// A structure that grows with Linux's versions, of `size` bytes in the guest, into the `known` ones at `out`, zeroes
// behind.  0; -EINVAL when it is shorter than its first version, `least`; -E2BIG when there is something in what
// is not known; -EFAULT.  As copy_struct_from_user does it.
int64_t guest_read_versioned(uint64_t addr, uint64_t size, size_t least, void *out, size_t known);

// Prototypes of what the table's DO rows name.
#define DECLARE_PASS
#define DECLARE_AS(call)
#define DECLARE_DO(fn) SyscallFn fn;
#define DECLARE_NOSYS(reason)
#define DECLARE_REFUSE(err, reason)
#define SYSCALL(name, x86_64, i386, aarch64, arm, action, ...) DECLARE_##action
#include "syscall-table.h"
#undef DECLARE_PASS
#undef DECLARE_AS
#undef DECLARE_DO
#undef DECLARE_NOSYS
#undef DECLARE_REFUSE

// --- strace.c -----------------------------------------------------------------------------------
// Around a call.  `begin` prints what is known before it, `end` the rest.
void strace_begin(GuestTask *task, const SyscallRow *row, uint64_t number, const uint64_t args[6]);
void strace_end(GuestTask *task, const SyscallRow *row, uint64_t number, const uint64_t args[6],
                int64_t result);
// "--- SIGSEGV {si_signo=...} ---"
void strace_signal(GuestTask *task, int sig, const void *siginfo);
void strace_exit(GuestTask *task, int status);
void strace_killed(GuestTask *task, int sig);
void strace_share_log(bool is_child);   // other processes write to it from now on
void strace_exec_done(GuestTask *task); // in a myna that a guest's execve started
// "SIGINT", "ENOENT"; a number in words when there is no name.
const char *strace_signal_name(int sig, char *buf, size_t size);
const char *strace_errno_name(int err);

#endif
