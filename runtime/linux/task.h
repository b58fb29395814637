// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A guest's threads and processes as Linux sees them.  One host thread runs one guest thread; a guest
// process is a host process.

#ifndef RUNTIME_LINUX_TASK_H
#define RUNTIME_LINUX_TASK_H

#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "helpers/cpu-state.h"

typedef struct GuestABI GuestABI;
typedef struct GuestTask GuestTask;
typedef struct ExecCall ExecCall;
struct CoreNotes; // core-file.h
typedef int64_t SyscallFn(GuestTask *task, const uint64_t a[6]);

#define GUEST_NSIG 64
static inline uint64_t sig_bit(int sig) { return UINT64_C(1) << (sig - 1); }

// A signal's action, as rt_sigaction of a 64-bit guest has it (32-bit ABIs convert).
typedef struct GuestSigaction {
    uint64_t handler; // SIG_DFL, SIG_IGN or an address
    uint64_t flags;   // SA_*
    uint64_t restorer;
    uint64_t mask;
} GuestSigaction;

typedef struct GuestAltStack {
    uint64_t sp;
    uint64_t size;
    uint32_t flags; // SS_DISABLE, SS_AUTODISARM
} GuestAltStack;

// The actions of signals; processes may share them (CLONE_SIGHAND).
typedef struct GuestActions {
    pthread_mutex_t lock;
    atomic_uint refs;
    GuestSigaction of[GUEST_NSIG + 1];
} GuestActions;

// RLIMIT_* that would starve the emulator: kept here, and not given to the host.
typedef struct GuestLimits {
    struct {
        uint64_t cur, max;
    } of[16];
    uint32_t kept; // bit n: of[n] is set
} GuestLimits;

// What the threads of a guest process share.
typedef struct GuestProcess {
    const GuestABI *abi;
    pthread_mutex_t lock; // guards threads
    GuestActions *actions;
    unsigned nb_threads;
    // What /proc/self shows.
    bool kernel_shows_strings; // of arguments and environment: argv and environ_block are not asked
    char *exe_path; // absolute, links resolved
    GPtrArray *argv;
    GByteArray *environ_block; // NUL-separated
    GByteArray *auxv;
    uint64_t stack_start; // of the first thread: sp at entry
    uint64_t sigpage;     // address of the ABI's sigpage, when it has one
    GuestLimits limits;
} GuestProcess;

struct GuestTask {
    CPUState *cs;
    GuestProcess *process;
    pid_t tid;
    bool exiting;        // task_run returns
    bool is_vfork_child; // shares all of memory with its parent, suspended or not
    int exit_status;
    uint64_t clear_child_tid;

    // Signals (signal.c).
    _Atomic uint32_t signal_pending; // something is to be looked at before guest code goes on
    _Atomic uint64_t captured;       // signals that the host handler took; infos in `infos`
    siginfo_t infos[GUEST_NSIG + 1];
    uint64_t blocked;    // the guest's mask
    uint64_t saved_mask; // with restore_mask: what a handler's frame shall restore
    bool restore_mask;
    int sync_signal; // a fault of the guest's own, 0 when there is none
    siginfo_t sync_info;
    GuestAltStack altstack;
    struct {
        uint64_t number, error, addr;
    } trap; // the last exception, as signal frames show it; the ABI's own terms

    // A stop of all CPUs has interrupted it since its last system call began (signal_kick).
    _Atomic bool kicked;
    struct GdbThread *gdb; // NULL: no debugger knows it

    ExecCall *exec_call;  // an execve under way (exec.c)
    GString *strace_line; // what strace_begin has kept for strace_end
};

// The task that the calling host thread runs; NULL on helper threads.
extern _Thread_local GuestTask *current_task;

// The first task of a process.
GuestTask *task_new(GuestProcess *process, CPUState *cs);
void task_free(GuestTask *task);
// Runs the task until it has ended (task->exiting); a process ends inside.
void task_run(GuestTask *task);
GuestProcess *guest_process_new(const GuestABI *abi);
// For a child in the same memory: what /proc/self shows is its parent's, and so are the actions, or a copy
// of them.  Freed with guest_process_free, which frees nothing of the parent's.
GuestProcess *guest_process_share(GuestProcess *parent, bool share_actions);
void guest_process_free(GuestProcess *process);
// Limits on memory that the process was started with become kept ones, and the host's are lifted as far as they may be.
void limits_take_over(GuestLimits *limits);
// Makes what is kept hold for the guest's memory; sp: of the thread that asks, 0 when none runs yet.
void limits_apply(const GuestLimits *limits, uint64_t sp);
// A thread ends: its robust futexes are marked and their waiters woken (robust.c).
void robust_list_exit(const GuestTask *task);

#endif
