// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Signals.
//
// Asynchronous ones.  The host's kernel does the work: dispositions that need no code of the guest
// (ignore, default) are the host's dispositions, and the host thread's mask is the guest thread's mask.
// So queues, priorities, groups, stops, deaths, signalfd and sigtimedwait need no emulation.  Only where
// the guest has a handler does the host have one, host_handler.  It notes the signal ("captures" it),
// asks the CPU to leave guest code, and returns with all signals blocked: one signal is under way at a
// time, and the others wait in the kernel, in its order.  signal_deliver then runs outside guest code:
// it builds the guest handler's frame and gives the host its mask back.
//
// Synchronous ones.  SIGSEGV and SIGBUS of a guest access come through the host's handler, which hands
// them to cpu_handle_host_fault; it leaves guest code, and the CPU's exception becomes a signal in
// signal_force.  SIGFPE, SIGILL and SIGTRAP of the guest are exceptions from the start; as host signals
// they are myna's own business (cpu_handle_host_fp, cpu_handle_host_trap) or faults of ours.  None of the five is ever blocked on the host: when the guest blocks one
// and somebody sends it, it stays captured here until the guest frees it.
#include "guest-signal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi.h"
#include "core-file.h"
#include "runtime/cpu-exec.h"
#include "runtime/event-internal.h"
#include "runtime/cpu-stop.h"
#include "runtime/gdb/gdb.h"
#include "runtime/guest-memory.h"
#include "runtime/log.h"
#include "runtime/process.h"
#include "safe-syscall.h"

#define FAULT_SIGNALS                                                                              \
    (sig_bit(SIGSEGV) | sig_bit(SIGBUS) | sig_bit(SIGFPE) | sig_bit(SIGILL) | sig_bit(SIGTRAP))
#define UNBLOCKABLE (sig_bit(SIGKILL) | sig_bit(SIGSTOP))
#define HOST_SA_RESTORER 0x04000000
#define KERNEL_SS_AUTODISARM (1u << 31)

// struct sigaction as the kernel has it; libc's functions refuse signals 32 and 33, which the guest's
// libc needs.
typedef struct HostSigaction {
    uintptr_t handler;
    uint64_t flags;
    uintptr_t restorer;
    uint64_t mask;
} HostSigaction;

static int host_sigaction(int sig, const HostSigaction *act, HostSigaction *old)
{
    return (int)syscall(SYS_rt_sigaction, sig, act, old, sizeof(uint64_t));
}

static void set_host_mask_exactly(uint64_t mask)
{
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
}

void signal_set_host_mask(uint64_t guest_mask)
{
    set_host_mask_exactly(guest_mask & ~FAULT_SIGNALS);
}

// libc's ucontext_t has room for 1024 signals, the kernel's for 64: no more may be written.
static uint64_t get_context_mask(const ucontext_t *context)
{
    uint64_t mask;
    memcpy(&mask, &context->uc_sigmask, sizeof(mask));
    return mask;
}

static void set_context_mask(ucontext_t *context, uint64_t mask)
{
    memcpy(&context->uc_sigmask, &mask, sizeof(mask));
}

// Kicks are SIGTRAP, which no thread ever blocks; their value is this address.
static const char kick_mark;

void signal_kick(GuestTask *task)
{
    siginfo_t info = {.si_signo = SIGTRAP, .si_code = SI_QUEUE};
    info.si_pid = getpid();
    info.si_ptr = (void *)&kick_mark;
    syscall(SYS_rt_tgsigqueueinfo, task->is_vfork_child ? task->tid : getpid(), task->tid, SIGTRAP,
            &info);
}

static bool take_kick(int sig, const siginfo_t *info, ucontext_t *context)
{
    GuestTask *task = current_task;
    if (sig != SIGTRAP || info->si_code != SI_QUEUE || info->si_ptr != &kick_mark) {
        return false;
    }
    if (task) {
        atomic_store(&task->kicked, true);
        atomic_store(&task->signal_pending, 1);
        cpu_request_exit(task->cs);
        safe_syscall_rewind(context);
    }
    return true;
}

bool signal_handler_is_due(GuestTask *task)
{
    GuestActions *actions = task->process->actions;
    uint64_t ready = atomic_load(&task->captured) & ~task->blocked;
    bool due = false;
    pthread_mutex_lock(&actions->lock);
    for (; ready && !due; ready &= ready - 1) {
        uint64_t handler = actions->of[__builtin_ctzll(ready) + 1].handler;
        due = handler != (uintptr_t)SIG_DFL && handler != (uintptr_t)SIG_IGN;
    }
    pthread_mutex_unlock(&actions->lock);
    return due;
}

static void host_handler(int sig, siginfo_t *info, void *opaque)
{
    ucontext_t *context = opaque;
    int saved_errno = errno;
    bool from_kernel = info->si_code > 0;
    if (take_kick(sig, info, context)) {
        errno = saved_errno;
        return;
    }
    if (from_kernel && (sig == SIGSEGV || sig == SIGBUS)) {
        // It may not return here: the mask must be that of the interrupted code.
        set_host_mask_exactly(get_context_mask(context));
        if (cpu_handle_host_fault(sig, info, context)) {
            errno = saved_errno;
            return;
        }
    } else if (from_kernel && sig == SIGFPE && cpu_handle_host_fp(info, context)) {
        errno = saved_errno;
        return;
    } else if (from_kernel && sig == SIGTRAP && cpu_handle_host_trap(context)) {
        errno = saved_errno;
        return;
    } else if (from_kernel && (FAULT_SIGNALS & sig_bit(sig))) {
        process_internal_fault("signal %d (code %d) at host address %p", sig, info->si_code,
                               info->si_addr);
    }
    GuestTask *task = current_task;
    if (!task) {
        // A thread of ours, which blocks what can be blocked: somebody sent it a fault by number.
        errno = saved_errno;
        return;
    }
    task->infos[sig] = *info;
    atomic_fetch_or(&task->captured, sig_bit(sig));
    atomic_store(&task->signal_pending, 1);
    set_context_mask(context, ~FAULT_SIGNALS);
    cpu_request_exit(task->cs);
    safe_syscall_rewind(context);
    errno = saved_errno;
}

// Makes the host's disposition what the guest's action needs.
static void install(int sig, const GuestSigaction *action)
{
    HostSigaction act = {
        .handler = (uintptr_t)action->handler,
        .flags = HOST_SA_RESTORER | (action->flags & (SA_NOCLDSTOP | SA_NOCLDWAIT)),
        .restorer = (uintptr_t)host_sigreturn_trampoline,
    };
    bool is_fault = (FAULT_SIGNALS & sig_bit(sig)) != 0;
    bool has_handler = action->handler != (uintptr_t)SIG_DFL &&
                       action->handler != (uintptr_t)SIG_IGN;
    if (!has_handler && sig == SIGCHLD && action->handler == (uintptr_t)SIG_IGN) {
        act.flags |= SA_NOCLDWAIT; // what ignoring it means, also where a debugger sees it
    }
    if (is_fault || has_handler || gdb_attached()) {
        act.handler = (uintptr_t)host_handler;
        act.flags |= has_handler ? 0 : SA_RESTART; // the guest will have seen nothing
        act.flags |= SA_SIGINFO | (action->flags & SA_RESTART) | (is_fault ? SA_NODEFER : 0);
        act.mask = ~FAULT_SIGNALS;
    }
    host_sigaction(sig, &act, NULL);
}

static void kick_cpu(CPUState *cs) { signal_kick(cs->thread); }

void signal_init(GuestProcess *process, GuestTask *task)
{
    cpu_stop_set_kick(kick_cpu);
    uint64_t mask = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, sizeof(mask));
    task->blocked = mask & ~UNBLOCKABLE;
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        HostSigaction old;
        if (sig == SIGKILL || sig == SIGSTOP || host_sigaction(sig, NULL, &old) < 0) {
            continue;
        }
        // What was ignored when the program was started stays so; handlers of ours (sanitizers have
        // some) are not the guest's.
        if (old.handler == (uintptr_t)SIG_IGN) {
            process->actions->of[sig].handler = (uintptr_t)SIG_IGN;
        }
    }
    signal_install_all(process);
    signal_set_host_mask(task->blocked);
}

void signal_install_all(const GuestProcess *process)
{
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        if (sig != SIGKILL && sig != SIGSTOP) {
            install(sig, &process->actions->of[sig]);
        }
    }
}

void signal_clear_handlers(GuestProcess *process)
{
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        GuestSigaction *action = &process->actions->of[sig];
        if (sig != SIGKILL && sig != SIGSTOP && action->handler != (uintptr_t)SIG_IGN) {
            *action = (GuestSigaction){0};
            install(sig, action);
        }
    }
}

bool signal_block_host(GuestTask *task)
{
    set_host_mask_exactly(~FAULT_SIGNALS);
    return atomic_exchange(&task->signal_pending, 1) != 0;
}

void signal_set_blocked(GuestTask *task, uint64_t mask)
{
    task->blocked = mask & ~UNBLOCKABLE;
    if (atomic_load(&task->captured) & ~task->blocked) {
        atomic_store(&task->signal_pending, 1);
    }
}

// --- delivery -----------------------------------------------------------------------------------
typedef enum DefaultAction { ACTION_END, ACTION_IGNORE, ACTION_STOP } DefaultAction;

static DefaultAction default_action(int sig)
{
    switch (sig) {
    case SIGCHLD:
    case SIGCONT:
    case SIGURG:
    case SIGWINCH: return ACTION_IGNORE;
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU: return ACTION_STOP;
    default: return ACTION_END;
    }
}

// The program dies of an instruction: say of which, it may be one that myna lacks.
static void report_illegal_instruction(const GuestTask *task)
{
    const GuestISA *isa = task->process->abi->isa;
    uint64_t pc = isa->get_pc(task->cs);
    uint8_t bytes[16];
    char hex[sizeof(bytes) * 3 + 1] = "";
    size_t len = 0;
    while (len < isa->max_insn_size && len < sizeof(bytes) &&
           guest_read(pc + len, &bytes[len], 1)) {
        g_snprintf(hex + len * 3, 4, " %02x", bytes[len]);
        len++;
    }
    char line[256];
    int n = g_snprintf(line, sizeof(line), "myna: illegal instruction at 0x%" PRIx64 ":%s\n", pc,
                       len ? hex : " not readable");
    if (write(STDERR_FILENO, line, (size_t)MIN(n, (int)sizeof(line) - 1)) < 0) {
        return; // nowhere to say it
    }
}

_Noreturn static void die(GuestTask *task, int sig, const siginfo_t *info, bool is_sync)
{
    if (is_sync && sig == SIGILL) {
        report_illegal_instruction(task);
    }
    if (log_enabled(LOG_STRACE)) {
        strace_killed(task, sig);
    }
    core_file_write(task, sig, info);
    gdb_process_end(task, sig, true);
    // What libc's raise() cannot do: its own two signals, and a process that shares its parent's memory.
    if (task->is_vfork_child || sig == 32 || sig == 33) {
        host_sigaction(sig, &(HostSigaction){.handler = (uintptr_t)SIG_DFL}, NULL);
        set_host_mask_exactly(~sig_bit(sig));
        syscall(SYS_kill, getpid(), sig);
        _exit(128 + sig);
    }
    process_die_by_signal(sig);
}

static void do_default(GuestTask *task, int sig, const siginfo_t *info, bool is_sync)
{
    switch (default_action(sig)) {
    case ACTION_IGNORE: break;
    case ACTION_STOP: kill(getpid(), SIGSTOP); break;
    case ACTION_END: die(task, sig, info, is_sync);
    }
}

static void handle(GuestTask *task, int sig, siginfo_t *info, bool is_sync)
{
    GuestProcess *process = task->process;
    if (gdb_attached()) {
        int other = gdb_signal(task, sig, info);
        is_sync &= other == sig;
        sig = other;
        if (sig == 0) {
            return;
        }
    }
    if (log_enabled(LOG_STRACE)) {
        strace_signal(task, sig, info);
    }
    pthread_mutex_lock(&process->actions->lock);
    GuestSigaction action = process->actions->of[sig];
    bool has_handler = action.handler != (uintptr_t)SIG_DFL && action.handler != (uintptr_t)SIG_IGN;
    if (is_sync && (action.handler == (uintptr_t)SIG_IGN || (task->blocked & sig_bit(sig)))) {
        action.handler = (uintptr_t)SIG_DFL;
        process->actions->of[sig].handler = (uintptr_t)SIG_DFL;
        has_handler = false;
    }
    if (has_handler && (action.flags & SA_RESETHAND)) {
        process->actions->of[sig].handler = (uintptr_t)SIG_DFL;
        install(sig, &process->actions->of[sig]);
    }
    pthread_mutex_unlock(&process->actions->lock);

    if (action.handler == (uintptr_t)SIG_IGN) {
        return;
    }
    if (!has_handler) {
        do_default(task, sig, info, is_sync);
        return;
    }
    uint64_t mask = task->restore_mask ? task->saved_mask : task->blocked;
    task->restore_mask = false;
    if (event_wanted(EVENT_SIGNAL)) {
        Event e = {.kind = EVENT_SIGNAL, .pc = task->cs->isa->get_pc(task->cs)};
        e.signal.number = sig;
        e.signal.synchronous = is_sync;
        e.signal.handler = action.handler;
        event_fire(&e);
    }
    if (!process->abi->setup_frame(task, sig, info, &action, mask)) {
        // Linux: a frame that cannot be written is SIGSEGV, and deadly when that is SIGSEGV's own.
        if (sig == SIGSEGV) {
            die(task, SIGSEGV, NULL, false);
        }
        signal_force(task, SIGSEGV, SI_KERNEL, 0);
        return;
    }
    if (task->altstack.flags & KERNEL_SS_AUTODISARM) {
        task->altstack = (GuestAltStack){.flags = SS_DISABLE};
    }
    task->blocked |= action.mask & ~UNBLOCKABLE;
    if (!(action.flags & SA_NODEFER)) {
        task->blocked |= sig_bit(sig);
    }
    if (gdb_attached()) {
        gdb_handler_entered(task);
    }
}

void signal_deliver(GuestTask *task)
{
    while (atomic_load(&task->signal_pending) || task->sync_signal) {
        set_host_mask_exactly(~FAULT_SIGNALS);
        atomic_store(&task->signal_pending, 0);
        for (;;) {
            uint64_t ready = atomic_load(&task->captured) & ~task->blocked;
            if (task->sync_signal) {
                int sig = task->sync_signal;
                siginfo_t info = task->sync_info;
                task->sync_signal = 0;
                handle(task, sig, &info, true);
            } else if (ready) {
                int sig = __builtin_ctzll(ready) + 1;
                siginfo_t info = task->infos[sig];
                atomic_fetch_and(&task->captured, ~sig_bit(sig));
                handle(task, sig, &info, false);
            } else if (task->restore_mask) {
                task->restore_mask = false;
                task->blocked = task->saved_mask;
            } else {
                break;
            }
        }
        signal_set_host_mask(task->blocked);
    }
}

void signal_force(GuestTask *task, int sig, int code, uint64_t addr)
{
    memset(&task->sync_info, 0, sizeof(task->sync_info));
    task->sync_info.si_signo = sig;
    task->sync_info.si_code = code;
    task->sync_info.si_addr = (void *)(uintptr_t)addr;
    task->sync_signal = sig;
}

// --- stacks -------------------------------------------------------------------------------------
bool signal_on_altstack(const GuestTask *task, uint64_t sp)
{
    const GuestAltStack *alt = &task->altstack;
    return !(alt->flags & KERNEL_SS_AUTODISARM) && sp > alt->sp && sp - alt->sp <= alt->size;
}

uint64_t signal_frame_sp(GuestTask *task, const GuestSigaction *action, uint64_t sp)
{
    const GuestAltStack *alt = &task->altstack;
    if ((action->flags & SA_ONSTACK) && alt->size > 0 && !signal_on_altstack(task, sp)) {
        return alt->sp + alt->size;
    }
    return sp;
}

// Linux's do_sigaltstack: checks and sets.
static int64_t set_altstack(GuestTask *task, uint64_t sp, uint32_t flags, uint64_t size)
{
    uint32_t mode = flags & ~KERNEL_SS_AUTODISARM;
    if (signal_on_altstack(task, task->process->abi->get_sp(task->cs))) {
        return -EPERM;
    }
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0) {
        return -EINVAL;
    }
    const GuestAltStack *now = &task->altstack;
    if (now->sp == sp && now->size == size && now->flags == flags) {
        return 0; // whatever the size
    }
    if (mode == SS_DISABLE) {
        task->altstack = (GuestAltStack){.flags = flags};
        return 0;
    }
    if (size < task->process->abi->min_altstack) {
        return -ENOMEM;
    }
    task->altstack = (GuestAltStack){.sp = sp, .size = size, .flags = flags};
    return 0;
}

void signal_restore_altstack(GuestTask *task, uint64_t sp, uint32_t flags, uint64_t size)
{
    set_altstack(task, sp, flags, size);
}

int64_t sys_sigaltstack(GuestTask *task, const uint64_t a[6])
{
    struct {
        uint64_t sp;
        uint32_t flags, pad;
        uint64_t size;
    } new = {0}, old = {0};
    bool on_it = signal_on_altstack(task, task->process->abi->get_sp(task->cs));
    old.sp = task->altstack.sp;
    old.size = task->altstack.size;
    old.flags = old.size == 0 ? SS_DISABLE : on_it ? SS_ONSTACK : 0;
    old.flags |= task->altstack.flags & KERNEL_SS_AUTODISARM;
    if (a[0]) {
        if (!guest_read(a[0], &new, sizeof(new))) {
            return -EFAULT;
        }
        int64_t result = set_altstack(task, new.sp, new.flags, new.size);
        if (result < 0) {
            return result;
        }
    }
    if (a[1] && !guest_write(a[1], &old, sizeof(old))) {
        return -EFAULT;
    }
    return 0;
}

// --- system calls -------------------------------------------------------------------------------
int64_t sys_rt_sigaction(GuestTask *task, const uint64_t a[6])
{
    GuestProcess *process = task->process;
    int sig = (int)a[0];
    GuestSigaction action, old;
    if (a[3] != sizeof(uint64_t) || sig < 1 || sig > GUEST_NSIG) {
        return -EINVAL;
    }
    if (a[1]) {
        if (!guest_read(a[1], &action, sizeof(action))) {
            return -EFAULT;
        }
        if (sig == SIGKILL || sig == SIGSTOP) {
            return -EINVAL;
        }
        action.mask &= ~UNBLOCKABLE;
    }
    pthread_mutex_lock(&process->actions->lock);
    old = process->actions->of[sig];
    if (a[1]) {
        process->actions->of[sig] = action;
        install(sig, &action);
    }
    pthread_mutex_unlock(&process->actions->lock);
    // A handler of a fault sees the registers: from now on they must be right at each access.
    if (a[1] && action.handler != (uintptr_t)SIG_DFL && action.handler != (uintptr_t)SIG_IGN &&
        (sig == SIGSEGV || sig == SIGBUS || sig == SIGFPE || sig == SIGILL) && !cpu_is_precise()) {
        cpu_set_precise(true);
    }
    if (a[2] && !guest_write(a[2], &old, sizeof(old))) {
        return -EFAULT;
    }
    return 0;
}

int64_t sys_rt_sigprocmask(GuestTask *task, const uint64_t a[6])
{
    uint64_t set = 0, old = task->blocked, new = old;
    if (a[3] != sizeof(uint64_t)) {
        return -EINVAL;
    }
    if (a[1]) {
        if (!guest_read(a[1], &set, sizeof(set))) {
            return -EFAULT;
        }
        switch ((int)a[0]) {
        case SIG_BLOCK: new |= set; break;
        case SIG_UNBLOCK: new &= ~set; break;
        case SIG_SETMASK: new = set; break;
        default: return -EINVAL;
        }
        // A signal that was captured under the old mask is delivered under it.
        if (atomic_load(&task->signal_pending)) {
            return -ERESTARTSYS;
        }
        signal_set_blocked(task, new);
        signal_set_host_mask(task->blocked);
    }
    if (a[2] && !guest_write(a[2], &old, sizeof(old))) {
        return -EFAULT;
    }
    return 0;
}

int64_t sys_rt_sigpending(GuestTask *task, const uint64_t a[6])
{
    uint64_t set = 0;
    if (a[1] > sizeof(set)) {
        return -EINVAL;
    }
    if (syscall(SYS_rt_sigpending, &set, sizeof(set)) < 0) {
        return -errno;
    }
    set |= atomic_load(&task->captured) & task->blocked;
    return guest_write(a[0], &set, a[1]) ? 0 : -EFAULT;
}

int64_t signal_with_mask(GuestTask *task, uint64_t mask, long number, const uint64_t args[6])
{
    uint64_t old = task->blocked;
    task->saved_mask = old;
    task->restore_mask = true;
    task->blocked = mask & ~UNBLOCKABLE;
    int64_t result = host_syscall(task, number, args);
    if (result == -EINTR) {
        // What interrupted it is delivered under `mask`; signal_deliver restores the old one.
        atomic_store(&task->signal_pending, 1);
    } else {
        task->restore_mask = false;
        task->blocked = old;
    }
    return result;
}

uint64_t signal_host_mask(uint64_t guest_mask) { return guest_mask & ~FAULT_SIGNALS; }

int64_t sys_rt_sigsuspend(GuestTask *task, const uint64_t a[6])
{
    uint64_t mask;
    if (a[1] != sizeof(mask)) {
        return -EINVAL;
    }
    if (!guest_read(a[0], &mask, sizeof(mask))) {
        return -EFAULT;
    }
    uint64_t host_mask = signal_host_mask(mask);
    return signal_with_mask(task, mask, SYS_rt_sigsuspend,
                            (uint64_t[6]){(uintptr_t)&host_mask, sizeof(host_mask)});
}

int64_t sys_rt_sigtimedwait(GuestTask *task, const uint64_t a[6])
{
    uint64_t set;
    if (a[3] != sizeof(set)) {
        return -EINVAL;
    }
    if (!guest_read(a[0], &set, sizeof(set))) {
        return -EFAULT;
    }
    // Faults sent by somebody while blocked wait with us, not with the kernel.
    uint64_t here = atomic_load(&task->captured) & task->blocked & set;
    if (here) {
        int sig = __builtin_ctzll(here) + 1;
        atomic_fetch_and(&task->captured, ~sig_bit(sig));
        if (a[1] && !guest_write(a[1], &task->infos[sig], sizeof(siginfo_t))) {
            return -EFAULT;
        }
        return sig;
    }
    return host_syscall_retry(task, SYS_rt_sigtimedwait,
                              (uint64_t[6]){(uintptr_t)&set, a[1], a[2], sizeof(set)});
}

int64_t sys_rt_sigreturn(GuestTask *task, const uint64_t a[6])
{
    (void)a;
    if (!task->process->abi->sigreturn(task)) {
        signal_force(task, SIGSEGV, SI_KERNEL, 0);
    }
    // The mask may have changed: the host's has to follow.
    atomic_store(&task->signal_pending, 1);
    return -ESIGRETURN;
}
