// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads and processes come and go.
//
//   thread   a host thread with a CPU of its own, a copy of its maker's
//   fork     the host's fork(), around which every lock of the runtime is held; also where the guest wants a child of
//            another kind (host-fork.c)
//   vfork    a host process that shares all memory, as Linux does it: posix_spawn and others count on
//            seeing what the child writes before it executes a program.  The parent's host thread
//            is suspended by the kernel until then, so the child may use its thread-local state; it
//            runs on a host stack and a CPU of its own, and its signal actions are a copy.
//
//   CLONE_VM alone   two processes that run at once in one memory, as LinuxThreads had it.  The child needs
//            thread-local state of its own, and only a thread has that: a thread is made to lend it. It
//            makes the child as vfork would and is suspended until the child is gone.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <unistd.h>

#include "abi.h"
#include "guest-signal.h"
#include "host-fork.h"
#include "runtime/cpu-exec.h"
#include "runtime/event-internal.h"
#include "runtime/cpu-list.h"
#include "tcg2llvm/files-aside.h"
#include "runtime/cpu-stop.h"
#include "runtime/gdb/gdb.h"
#include "runtime/guest-memory.h"
#include "runtime/later.h"
#include "runtime/log.h"
#include "runtime/process.h"
#include "runtime/tb.h"

#define THREAD_STACK_SIZE ((size_t)8 << 20)

// What the different calls that make threads and processes ask for.
typedef struct CloneRequest {
    uint64_t flags; // CLONE_*, without the exit signal
    int exit_signal;
    uint64_t stack; // stack pointer of the child; 0: the parent's
    uint64_t tls, parent_tid, child_tid, pidfd;
    // Of clone3 alone: the ids that the child shall have in its namespaces, a cgroup's descriptor.
    const pid_t *set_tid;
    unsigned nb_set_tid;
    uint64_t cgroup;
} CloneRequest;

static void write_tid(uint64_t addr, pid_t tid) { guest_write(addr, &tid, sizeof(tid)); }

// --- threads ------------------------------------------------------------------------------------
typedef struct ThreadStart {
    GuestTask *task;
    const CloneRequest *request;
    pid_t tid;
    sem_t started;
} ThreadStart;

// What the kernel does for CLONE_CHILD_CLEARTID; the word is in guest memory.
static void clear_tid(GuestTask *task)
{
    uint64_t addr = task->clear_child_tid;
    if (addr) {
        write_tid(addr, 0);
        syscall(SYS_futex, g2h(addr), FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

static void *thread_main(void *opaque)
{
    ThreadStart *start = opaque;
    GuestTask *task = start->task;
    current_task = task;
    task->tid = (pid_t)syscall(SYS_gettid);
    start->tid = task->tid;
    // pthread_create's threads share everything; what this one was not to share it takes a copy of.
    int own = (int)(~start->request->flags & (CLONE_FS | CLONE_FILES | CLONE_SYSVSEM));
    if (own & (CLONE_FS | CLONE_FILES)) {
        unshare(own);
    }
    if (start->request->flags & CLONE_CHILD_SETTID) {
        write_tid(start->request->child_tid, task->tid);
    }
    if (start->request->flags & CLONE_PARENT_SETTID) {
        write_tid(start->request->parent_tid, task->tid);
    }
    gdb_thread_start(task);
    sem_post(&start->started);
    signal_set_host_mask(task->blocked);
    task_run(task);
    // Nothing of the guest's may interrupt what follows.
    signal_block_host(task);
    gdb_thread_end(task);
    current_task = NULL;
    CPUState *cs = task->cs;
    cpu_thread_leave();
    cpu_free(cs);
    robust_list_exit(task);
    clear_tid(task);
    task_free(task);
    return NULL;
}

static int64_t make_thread(GuestTask *task, const CloneRequest *request)
{
    GuestProcess *process = task->process;
    if (signal_block_host(task)) {
        return -ERESTARTSYS;
    }
    files_aside_share();
    cpu_set_parallel();
    CPUState *cs = cpu_clone(task->cs);
    if (!cs) {
        return -ENOMEM;
    }
    GuestTask *child = task_new(process, cs);
    child->blocked = task->blocked;
    child->clear_child_tid = request->flags & CLONE_CHILD_CLEARTID ? request->child_tid : 0;
    process->abi->clone_registers(cs, request->stack, request->flags & CLONE_SETTLS, request->tls);

    ThreadStart start = {.task = child, .request = request};
    sem_init(&start.started, 0, 0);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, THREAD_STACK_SIZE);
    pthread_mutex_lock(&process->lock);
    process->nb_threads++;
    pthread_mutex_unlock(&process->lock);
    pthread_t thread;
    int err = pthread_create(&thread, &attr, thread_main, &start);
    pthread_attr_destroy(&attr);
    if (err) {
        pthread_mutex_lock(&process->lock);
        process->nb_threads--;
        pthread_mutex_unlock(&process->lock);
        cpu_free(cs);
        task_free(child);
        return -EAGAIN;
    }
    while (sem_wait(&start.started) < 0) {
    }
    sem_destroy(&start.started);
    return start.tid; // the child's task may be gone by now
}

// --- fork ---------------------------------------------------------------------------------------
static void fire_fork(pid_t child)
{
    if (event_wanted(EVENT_FORK)) {
        Event e = {.kind = EVENT_FORK, .pc = current_cpu->isa->get_pc(current_cpu)};
        e.fork.child = child;
        event_fire(&e);
    }
}

static void set_up_child_process(GuestTask *task, const CloneRequest *request)
{
    task->tid = (pid_t)syscall(SYS_gettid);
    task->process->nb_threads = 1;
    atomic_store(&task->captured, 0);
    task->clear_child_tid = request->flags & CLONE_CHILD_CLEARTID ? request->child_tid : 0;
    if (request->flags & CLONE_CLEAR_SIGHAND) {
        signal_clear_handlers(task->process);
    }
    task->process->abi->clone_registers(task->cs, request->stack, request->flags & CLONE_SETTLS,
                                        request->tls);
    if (request->flags & CLONE_CHILD_SETTID) {
        write_tid(request->child_tid, task->tid);
    }
}

static void tell_parent(const CloneRequest *request, pid_t pid)
{
    if (request->flags & CLONE_PARENT_SETTID) {
        write_tid(request->parent_tid, pid);
    }
}

static void tell_pidfd(const CloneRequest *request, int fd)
{
    if (request->flags & CLONE_PIDFD) {
        guest_write(request->pidfd, &fd, sizeof(fd));
    }
}

// Ends myna's own threads, where the guest has one alone.
static void be_alone(GuestTask *task)
{
    GuestProcess *process = task->process;
    pthread_mutex_lock(&process->lock);
    bool alone = process->nb_threads == 1 && !task->is_vfork_child;
    pthread_mutex_unlock(&process->lock);
    if (alone) {
        process_end_helpers();
    }
}

// What the host's kernel has to see of it.
static HostFork to_host(const CloneRequest *request, int *pidfd)
{
    const uint64_t ours = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID |
                          CLONE_SETTLS | CLONE_CLEAR_SIGHAND | CLONE_VFORK | CLONE_DETACHED;
    return (HostFork){
        .flags = request->flags & ~ours,
        .exit_signal = request->exit_signal,
        .pidfd = pidfd,
        .set_tid = request->set_tid,
        .nb_set_tid = request->nb_set_tid,
        .cgroup = request->cgroup,
    };
}

// CLONE_VFORK for a child with memory of its own. The kernel cannot suspend the parent: it does so inside clone, where the
// runtime's locks are held. So the child has the one open end of a pipe until it executes a program or ends.
typedef struct Suspension {
    int parents, childs; // ends of the pipe; -1: nobody is suspended
} Suspension;

static int held_end = -1; // in the child

// None with CLONE_FILES: the child's end would be the parent's as well.
static Suspension suspension_new(const CloneRequest *request)
{
    Suspension s = {-1, -1};
    int ends[2];
    if ((request->flags & (CLONE_VFORK | CLONE_FILES)) != CLONE_VFORK ||
        pipe2(ends, O_CLOEXEC) < 0) {
        return s;
    }
    s.parents = process_own_fd(ends[0]);
    s.childs = process_own_fd(ends[1]);
    if (s.parents < 0 || s.childs < 0) {
        process_close_own_fd(s.parents < 0 ? ends[0] : s.parents);
        process_close_own_fd(s.childs < 0 ? ends[1] : s.childs);
        return (Suspension){-1, -1};
    }
    return s;
}

static void suspension_child(const Suspension *s, const CloneRequest *request)
{
    // What this process's own parent waits for is not for a child of its own.
    if (held_end >= 0 && !(request->flags & CLONE_FILES)) {
        process_close_own_fd(held_end);
    }
    held_end = s->childs;
    if (s->parents >= 0) {
        process_close_own_fd(s->parents);
    }
}

static void suspension_wait(const Suspension *s, GuestTask *task, pid_t pid)
{
    if (s->parents < 0) {
        return;
    }
    process_close_own_fd(s->childs);
    if (pid > 0) {
        char none;
        cpu_away_begin(task->cs);
        while (read(s->parents, &none, 1) < 0 && errno == EINTR) {
        }
        cpu_away_end(task->cs);
    }
    process_close_own_fd(s->parents);
}

static int64_t make_process(GuestTask *task, const CloneRequest *request)
{
    int pidfd = -1;
    const HostFork how = to_host(request, &pidfd);
    if (!host_fork_is_whole(&how)) {
        be_alone(task);
    }
    if (signal_block_host(task)) {
        return -ERESTARTSYS;
    }
    const Suspension suspension = suspension_new(request);
    pthread_mutex_lock(&task->process->lock);
    pthread_mutex_lock(&task->process->actions->lock);
    gdb_fork_prepare(task);
    process_fork_prepare();
    pid_t pid = host_fork(&how);
    int err = errno;
    if (pid == 0) {
        process_fork_child();
        gdb_fork_child(task);
        strace_share_log(true);
        if (task->strace_line) {
            g_string_free(g_steal_pointer(&task->strace_line), TRUE); // the parent's
        }
        pthread_mutex_unlock(&task->process->actions->lock);
        pthread_mutex_unlock(&task->process->lock);
        suspension_child(&suspension, request);
        set_up_child_process(task, request);
        gdb_fork_child_stop(task);
        fire_fork(0);
        return 0;
    }
    process_fork_parent();
    gdb_fork_parent(task, pid);
    strace_share_log(false);
    pthread_mutex_unlock(&task->process->actions->lock);
    pthread_mutex_unlock(&task->process->lock);
    if (pid > 0) {
        tell_parent(request, pid);
        tell_pidfd(request, pidfd);
        fire_fork(pid);
    }
    suspension_wait(&suspension, task, pid);
    return pid < 0 ? -err : pid;
}

// --- processes in the parent's memory -----------------------------------------------------------
#define CLONE_OURS (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID | CLONE_SETTLS)

// A child that shares the memory, and what it runs on.
typedef struct Lodger {
    CloneRequest request;
    GuestProcess *process; // a copy
    GuestTask *task, *parent;
    CPUState *cs;
    void *stack; // of the host
    int pidfd;
    // For a child that runs beside its parent:
    sem_t started;
    _Atomic int64_t result; // pid or -errno, once it is posted
    atomic_uint refs;       // of its maker and of the thread that is lent
} Lodger;

static bool lodger_new(Lodger *l, GuestTask *task, const CloneRequest *request)
{
    GuestProcess *process = task->process;
    l->request = *request;
    l->stack = mmap(NULL, THREAD_STACK_SIZE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    l->cs = l->stack == MAP_FAILED ? NULL : cpu_clone(task->cs);
    if (!l->cs) {
        if (l->stack != MAP_FAILED) {
            munmap(l->stack, THREAD_STACK_SIZE);
        }
        return false;
    }
    l->process = guest_process_share(process, request->flags & CLONE_SIGHAND);
    l->task = task_new(l->process, l->cs);
    l->task->is_vfork_child = true;
    l->parent = task;
    cpu_private(l->cs)->own_cflags = CF_NO_BREAK; // the debugger's points are not for it
    cpu_private(l->cs)->starts_nothing = true;
    later_start();
    l->task->blocked = task->blocked;
    return true;
}

static void lodger_free(Lodger *l)
{
    cpu_free(l->cs);
    task_free(l->task);
    guest_process_free(l->process);
    munmap(l->stack, THREAD_STACK_SIZE);
}

static int lodger_main(void *opaque)
{
    Lodger *l = opaque;
    GuestTask *task = l->task;
    current_task = task;
    set_up_child_process(task, &l->request);
    tell_pidfd(&l->request, l->pidfd); // the memory is the parent's, too
    if (task->clear_child_tid) {
        // The kernel does it however the child ends, also by a signal: the memory outlives it.
        syscall(SYS_set_tid_address, g2h(task->clear_child_tid));
    }
    if (!(l->request.flags & CLONE_VFORK)) {
        if (l->request.flags & CLONE_PARENT_SETTID) {
            write_tid(l->request.parent_tid, task->tid);
        }
        l->result = task->tid;
        sem_post(&l->started);
    }
    if (l->request.flags & CLONE_VFORK) {
        gdb_vfork_child(l->parent, task);
    }
    // The host's mask is full; delivery sets the guest's.
    atomic_store(&task->signal_pending, 1);
    signal_deliver(task);
    task_run(task);
    _exit(task->exit_status); // exit_group ends it inside; this is the exit of a last thread
}

// Gives the pid when the child has executed a program or ended, or -errno.
static int64_t lodger_run(Lodger *l)
{
    int flags = (int)(l->request.flags & ~(uint64_t)CLONE_OURS) | CLONE_VFORK;
    pid_t pid = clone(lodger_main, (char *)l->stack + THREAD_STACK_SIZE,
                      flags | l->request.exit_signal, l, &l->pidfd);
    return pid < 0 ? -errno : pid;
}

static int64_t make_vfork(GuestTask *task, const CloneRequest *request)
{
    if (signal_block_host(task)) {
        return -ERESTARTSYS;
    }
    Lodger l = {0};
    if (!lodger_new(&l, task, request)) {
        return -ENOMEM;
    }
    l.task->altstack = task->altstack;
    strace_share_log(false);
    CPUState *cpu = current_cpu;
    cpu_away_begin(task->cs);
    int64_t pid = lodger_run(&l);
    // What the child has left in this thread's state goes.
    current_task = task;
    current_cpu = cpu;
    lodger_free(&l); // in front of the gate: a stop would wait for a CPU that nobody runs any more
    cpu_away_end(task->cs);
    gdb_vfork_parent(task);
    if (pid > 0) {
        tell_parent(request, (pid_t)pid);
    }
    return pid;
}

static void lodger_put(Lodger *l)
{
    if (atomic_fetch_sub(&l->refs, 1) == 1) {
        sem_destroy(&l->started);
        g_free(l);
    }
}

static void *lender_main(void *opaque)
{
    Lodger *l = opaque;
    int64_t result = lodger_run(l);
    current_task = NULL;
    current_cpu = NULL;
    lodger_free(l);
    if (result < 0) {
        l->result = result;
        sem_post(&l->started);
    }
    lodger_put(l);
    return NULL;
}

static int64_t make_shared_process(GuestTask *task, const CloneRequest *request)
{
    if (signal_block_host(task)) {
        return -ERESTARTSYS;
    }
    cpu_set_parallel();
    Lodger *l = g_new0(Lodger, 1);
    if (!lodger_new(l, task, request)) {
        g_free(l);
        return -ENOMEM;
    }
    strace_share_log(false);
    sem_init(&l->started, 0, 0);
    l->refs = 2;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    int err = pthread_create(&thread, &attr, lender_main, l);
    pthread_attr_destroy(&attr);
    if (err) {
        lodger_free(l);
        lodger_put(l);
        lodger_put(l);
        return -EAGAIN;
    }
    while (sem_wait(&l->started) < 0) {
    }
    int64_t result = l->result;
    lodger_put(l);
    if (result > 0) {
        tell_parent(request, (pid_t)result);
    }
    return result;
}

// --- the calls ----------------------------------------------------------------------------------
// What Linux's copy_process says of flags before it does anything.
static bool flags_valid(uint64_t flags)
{
    return !((flags & CLONE_FS) && (flags & (CLONE_NEWNS | CLONE_NEWUSER))) &&
           !((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND)) &&
           !((flags & CLONE_SIGHAND) && !(flags & CLONE_VM)) &&
           !((flags & CLONE_THREAD) && (flags & (CLONE_NEWUSER | CLONE_NEWPID))) &&
           !((flags & CLONE_PIDFD) && (flags & (CLONE_THREAD | CLONE_DETACHED)));
}

static int64_t do_clone(GuestTask *task, const CloneRequest *request)
{
    if (!flags_valid(request->flags)) {
        return -EINVAL;
    }
    if (request->flags & CLONE_THREAD) {
        return make_thread(task, request);
    }
    // Linux makes no child when it cannot say what its descriptor is.
    if ((request->flags & CLONE_PIDFD) &&
        !guest_access_ok(request->pidfd, sizeof(int), PROT_WRITE)) {
        return -EFAULT;
    }
    if (!(request->flags & CLONE_VM)) {
        return make_process(task, request);
    }
    if (request->flags & CLONE_VFORK) {
        return make_vfork(task, request);
    }
    return make_shared_process(task, request);
}

int64_t sys_clone(GuestTask *task, const uint64_t a[6])
{
    bool backwards = task->process->abi->clone_backwards;
    CloneRequest request = {
        .flags = a[0] & ~(uint64_t)CSIGNAL,
        .exit_signal = (int)(a[0] & CSIGNAL),
        .stack = a[1],
        .parent_tid = a[2],
        .pidfd = a[2],
        .child_tid = a[backwards ? 4 : 3],
        .tls = a[backwards ? 3 : 4],
    };
    if ((request.flags & CLONE_PIDFD) && (request.flags & CLONE_PARENT_SETTID)) {
        return -EINVAL;
    }
    return do_clone(task, &request);
}

#define MAX_PID_NS_LEVEL 32 // of Linux

static bool clone_args_valid(const struct clone_args *args, uint64_t size)
{
    const uint64_t known = UINT32_MAX | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP;
    uint64_t flags = args->flags;
    return args->set_tid_size <= MAX_PID_NS_LEVEL && !args->set_tid == !args->set_tid_size &&
           args->exit_signal <= GUEST_NSIG &&
           !((flags & CLONE_INTO_CGROUP) &&
             (args->cgroup > INT32_MAX || size < CLONE_ARGS_SIZE_VER2)) &&
           !(flags & ~known) && !(flags & (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME))) &&
           !((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND)) &&
           !((flags & (CLONE_THREAD | CLONE_PARENT)) && args->exit_signal) &&
           !args->stack == !args->stack_size;
}

int64_t sys_clone3(GuestTask *task, const uint64_t a[6])
{
    struct clone_args args = {0};
    pid_t set_tid[MAX_PID_NS_LEVEL];
    int64_t error = guest_read_versioned(a[0], a[1], CLONE_ARGS_SIZE_VER0, &args, sizeof(args));
    if (error) {
        return error;
    }
    if (!clone_args_valid(&args, a[1])) {
        return -EINVAL;
    }
    if (!guest_read(args.set_tid, set_tid, args.set_tid_size * sizeof(set_tid[0]))) {
        return -EFAULT;
    }
    CloneRequest request = {
        .flags = args.flags,
        .exit_signal = (int)args.exit_signal,
        .stack = args.stack ? args.stack + args.stack_size : 0,
        .parent_tid = args.parent_tid,
        .pidfd = args.pidfd,
        .child_tid = args.child_tid,
        .tls = args.tls,
        .set_tid = set_tid,
        .nb_set_tid = (unsigned)args.set_tid_size,
        .cgroup = args.cgroup,
    };
    // The host makes threads, and processes in this memory, by other means than clone3.
    if ((request.flags & CLONE_VM) && (request.nb_set_tid || (request.flags & CLONE_INTO_CGROUP))) {
        return -EINVAL;
    }
    return do_clone(task, &request);
}

int64_t sys_fork(GuestTask *task, const uint64_t a[6])
{
    (void)a;
    return do_clone(task, &(CloneRequest){.exit_signal = SIGCHLD});
}

int64_t sys_vfork(GuestTask *task, const uint64_t a[6])
{
    (void)a;
    return do_clone(task, &(CloneRequest){.flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD});
}

_Noreturn static void end_process(GuestTask *task, int status)
{
    if (log_enabled(LOG_STRACE)) {
        strace_exit(task, status);
    }
    gdb_process_end(task, status, false);
    if (task->is_vfork_child) {
        signal_block_host(task);
        robust_list_exit(task);
        clear_tid(task);                 // the memory is still somebody's
        syscall(SYS_exit_group, status); // the files and counters are the parent's
    }
    process_exit(status);
}

int64_t sys_exit_group(GuestTask *task, const uint64_t a[6])
{
    end_process(task, (int)a[0] & 0xff);
}

int64_t sys_exit(GuestTask *task, const uint64_t a[6])
{
    int status = (int)a[0] & 0xff;
    // A signal for the whole process that this thread has taken must not go with it.
    if (signal_block_host(task)) {
        return -ERESTARTSYS;
    }
    pthread_mutex_lock(&task->process->lock);
    bool last = --task->process->nb_threads == 0;
    pthread_mutex_unlock(&task->process->lock);
    if (last) {
        end_process(task, status);
    }
    if (task->tid == getpid()) {
        // The first thread: its host thread is main's, which must not return.
        event_fire_plain(EVENT_THREAD_EXIT);
        gdb_thread_end(task);
        current_task = NULL;
        cpu_thread_leave();
        robust_list_exit(task);
        clear_tid(task);
        if (!task->is_vfork_child) { // whose CPU and task are freed by who made it
            cpu_free(task->cs);
            task_free(task);
        }
        syscall(SYS_exit, status);
    }
    task->exit_status = status;
    task->exiting = true;
    return 0;
}

int64_t sys_set_tid_address(GuestTask *task, const uint64_t a[6])
{
    task->clear_child_tid = a[0];
    return task->tid;
}

// --- namespaces ---------------------------------------------------------------------------------
// Linux refuses some to a process with several threads, or whose directory is shared; the guest is to be refused them
// for its own threads alone.
int64_t sys_unshare(GuestTask *task, const uint64_t a[6])
{
    if (a[0] & (CLONE_NEWUSER | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) {
        be_alone(task);
    }
    return host_syscall_retry(task, SYS_unshare, a);
}

int64_t sys_setns(GuestTask *task, const uint64_t a[6])
{
    be_alone(task);
    return host_syscall_retry(task, SYS_setns, a);
}
