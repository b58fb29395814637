// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See host-fork.h.  For what fork() itself does not make, libc's fork is called, and its system calls come to a handler
// of ours (Linux's syscall user dispatch, since 5.11, for the calling thread alone), which makes the one that matters
// with other arguments.  The kernel ends the dispatch in the child.
//
// The handler must see each of them, so SIGSYS stays free; what fork asks of the mask is answered, and not done: all
// signals that may come are blocked already.  A SIGSYS that somebody sends meanwhile meets the action that was there
// before: in another thread at once, in this one when the child is made.  Of several, this one keeps one, as the
// kernel does of what a thread blocks.
#include "host-fork.h"

#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "safe-syscall.h"

enum { SIGSET_SIZE = 8 };

// Legacy clone's flags have the exit signal in their low byte, and no room above 32 bits.
static bool needs_clone3(const HostFork *how)
{
    return how->nb_set_tid || (how->flags & (UINT64_C(0xffffffff00000000) | CSIGNAL));
}

// clone, where it does, for sandboxes that know no clone3. ctid: for CLONE_CHILD_SETTID and CLONE_CHILD_CLEARTID.
static long make_child(const HostFork *how, uint64_t more_flags, uint64_t ctid)
{
    struct clone_args args = {
        .flags = how->flags | more_flags,
        .exit_signal = (uint64_t)how->exit_signal,
        .pidfd = (uintptr_t)how->pidfd,
        .child_tid = ctid,
        .set_tid = how->nb_set_tid ? (uintptr_t)how->set_tid : 0,
        .set_tid_size = how->nb_set_tid,
        .cgroup = how->cgroup,
    };
    return needs_clone3(how)
               ? syscall(SYS_clone3, &args, sizeof(args))
               : syscall(SYS_clone, args.flags | args.exit_signal, 0, how->pidfd, ctid, 0);
}

#if defined(__x86_64__) && defined(PR_SET_SYSCALL_USER_DISPATCH)

typedef void Handler(int sig, siginfo_t *info, void *opaque);

typedef struct KernelSigaction {
    Handler *handler;
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
} KernelSigaction;

#define KERNEL_SA_RESTORER 0x04000000ul
#define DISPATCHED 2 // SYS_USER_DISPATCH of linux/siginfo.h

static _Thread_local struct {
    const HostFork *how; // NULL: this thread makes no child
    volatile uint8_t selector;
    siginfo_t foreign; // a SIGSYS that somebody sent meanwhile
} mine;
// Whose SIGSYS is otherwise. It stays when all is over: another thread may only then come to look.
static _Atomic(Handler *) former;

static void send_again(siginfo_t *info)
{
    const bool to_thread = info->si_code == SI_TKILL;
    if (to_thread ? syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGSYS, info)
                  : syscall(SYS_rt_sigqueueinfo, getpid(), SIGSYS, info)) {
        kill(getpid(), SIGSYS); // the kernel lets only the first thread repeat what kill sent
    }
}

static void on_foreign(int sig, siginfo_t *info, void *opaque)
{
    Handler *handler = atomic_load(&former);
    if (mine.how) {
        mine.foreign = *info;
    } else if (handler == (Handler *)(uintptr_t)SIG_DFL) {
        // It comes back here until the action is what it was.
        syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), sig, info);
    } else if (handler != (Handler *)(uintptr_t)SIG_IGN) {
        handler(sig, info, opaque);
    }
}

static void on_call(int sig, siginfo_t *info, void *opaque)
{
    if (info->si_code != DISPATCHED) {
        int err = errno;
        on_foreign(sig, info, opaque);
        errno = err;
        return;
    }
    mine.selector = SYSCALL_DISPATCH_FILTER_ALLOW;
    greg_t *r = ((ucontext_t *)opaque)->uc_mcontext.gregs;
    long result;
    if (r[REG_RAX] == SYS_clone) {
        const uint64_t of_libc = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
        result = make_child(mine.how, (uint64_t)r[REG_RDI] & of_libc, (uint64_t)r[REG_R10]);
    } else if (r[REG_RAX] == SYS_rt_sigprocmask) {
        if (r[REG_RDX]) {
            memcpy((void *)r[REG_RDX], &((ucontext_t *)opaque)->uc_sigmask, SIGSET_SIZE);
        }
        result = 0;
    } else {
        result = syscall(r[REG_RAX], r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8],
                         r[REG_R9]);
    }
    r[REG_RAX] = result < 0 ? -errno : result;
    mine.selector = SYSCALL_DISPATCH_FILTER_BLOCK;
}

static long dispatch(unsigned long mode, unsigned long start, unsigned long size,
                     volatile uint8_t *selector)
{
    return prctl(PR_SET_SYSCALL_USER_DISPATCH, mode, start, size, selector);
}

static bool has_dispatch(void) { return dispatch(PR_SYS_DISPATCH_OFF, 0, 0, NULL) == 0; }

static pid_t fork_dispatched(const HostFork *how)
{
    enum { TRAMPOLINE = 8 }; // bytes: no call of libc's follows it so closely
    KernelSigaction old;
    syscall(SYS_rt_sigaction, SIGSYS, NULL, &old, SIGSET_SIZE);
    atomic_store(&former, old.handler);
    const KernelSigaction act = {
        .handler = on_call,
        .flags = SA_SIGINFO | KERNEL_SA_RESTORER | (old.flags & SA_RESTART),
        .restorer = host_sigreturn_trampoline,
        .mask = ~UINT64_C(0),
    };
    sigset_t sys, mask;
    sigemptyset(&sys);
    sigaddset(&sys, SIGSYS);
    mine.foreign.si_signo = 0;
    mine.how = how;
    mine.selector = SYSCALL_DISPATCH_FILTER_ALLOW;
    syscall(SYS_rt_sigaction, SIGSYS, &act, NULL, SIGSET_SIZE);
    pthread_sigmask(SIG_UNBLOCK, &sys, &mask);
    pid_t pid = -1;
    if (dispatch(PR_SYS_DISPATCH_ON, (uintptr_t)host_sigreturn_trampoline, TRAMPOLINE,
                 &mine.selector) == 0) {
        mine.selector = SYSCALL_DISPATCH_FILTER_BLOCK;
        pid = fork();
        mine.selector = SYSCALL_DISPATCH_FILTER_ALLOW;
        dispatch(PR_SYS_DISPATCH_OFF, 0, 0, NULL);
    }
    int err = errno;
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    syscall(SYS_rt_sigaction, SIGSYS, &old, NULL, SIGSET_SIZE);
    mine.how = NULL;
    if (pid && mine.foreign.si_signo) {
        send_again(&mine.foreign);
    }
    errno = err;
    return pid;
}

#else
static bool has_dispatch(void) { return false; }
static pid_t fork_dispatched(const HostFork *how) { return (pid_t)make_child(how, 0, 0); }
#endif

static bool is_fork(const HostFork *how)
{
    return how->flags == 0 && how->exit_signal == SIGCHLD && !how->nb_set_tid;
}

bool host_fork_is_whole(const HostFork *how) { return is_fork(how) || has_dispatch(); }

pid_t host_fork(const HostFork *how)
{
    return is_fork(how)     ? fork()
           : has_dispatch() ? fork_dispatched(how)
                            : (pid_t)make_child(how, 0, 0);
}
