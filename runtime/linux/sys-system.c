// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls about the system and the process as a whole: uname, limits, personality, prctl.
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "abi.h"
#include "core-file.h"
#include "exec.h"
#include "runtime/cpu-exec.h"
#include "runtime/guest-memory.h"
#include "runtime/process.h"

int64_t sys_uname(GuestTask *task, const uint64_t a[6])
{
    struct utsname name;
    if (uname(&name) < 0) {
        return -errno;
    }
    const GuestABI *abi = task->process->abi;
    bool is_32 = ((unsigned)personality(0xffffffff) & PER_MASK) == PER_LINUX32;
    g_strlcpy(name.machine, is_32 ? abi->machine32 : abi->machine, sizeof(name.machine));
    if (myna_options->uname_release) {
        g_strlcpy(name.release, myna_options->uname_release, sizeof(name.release));
    }
    return guest_write(a[0], &name, syscall_struct_size(STRUCT_UTSNAME)) ? 0 : -EFAULT;
}

// --- limits -------------------------------------------------------------------------------------
// The host's limits on memory would hold for the guest and the emulator together; what a guest sets them to
// is too little for both.  They are kept here and hold for the guest's own mappings (RLIMIT_RSS has had
// no effect since Linux 2.4.30); a program that is executed inherits them (exec.c).
static bool limit_is_kept(unsigned resource)
{
    return resource == RLIMIT_AS || resource == RLIMIT_DATA || resource == RLIMIT_STACK ||
           resource == RLIMIT_RSS;
}

void limits_take_over(GuestLimits *limits)
{
    static const int starving[] = {RLIMIT_AS, RLIMIT_DATA};
    for (size_t i = 0; i < G_N_ELEMENTS(starving); i++) {
        int resource = starving[i];
        struct rlimit host, none = {RLIM_INFINITY, RLIM_INFINITY};
        if (getrlimit(resource, &host) < 0 || host.rlim_cur == RLIM_INFINITY) {
            continue;
        }
        limits->of[resource].cur = host.rlim_cur;
        limits->of[resource].max = host.rlim_max;
        limits->kept |= 1u << resource;
        if (setrlimit(resource, &none) < 0) { // the right to this is the superuser's
            host.rlim_cur = host.rlim_max;
            setrlimit(resource, &host);
        }
    }
}

void limits_apply(const GuestLimits *limits, uint64_t sp)
{
    static const int enforced[] = {RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK};
    for (size_t i = 0; i < G_N_ELEMENTS(enforced); i++) {
        int resource = enforced[i];
        if (limits->kept & (1u << resource)) {
            guest_memory_set_limit(resource, limits->of[resource].cur);
        }
    }
    if (sp && (limits->kept & (1u << RLIMIT_STACK))) {
        guest_stack_resize(limits->of[RLIMIT_STACK].cur, sp);
    }
}

static int64_t limits(GuestTask *task, pid_t pid, unsigned resource, uint64_t new_addr,
                      uint64_t old_addr)
{
    struct {
        uint64_t cur, max;
    } new, old;
    GuestProcess *process = task->process;
    if ((pid != 0 && pid != getpid()) || !limit_is_kept(resource)) {
        int64_t result = HOST_SYSCALL(task, SYS_prlimit64, (uint64_t)pid, resource, new_addr,
                                      old_addr);
        if (resource == RLIMIT_CORE && new_addr && core_file_is_wanted()) {
            cpu_set_precise(true);
        }
        return result;
    }
    if (process->limits.kept & (1u << resource)) {
        old.cur = process->limits.of[resource].cur;
        old.max = process->limits.of[resource].max;
    } else if (syscall(SYS_prlimit64, 0, resource, NULL, &old) < 0) {
        return -errno;
    }
    if (new_addr) {
        if (!guest_read(new_addr, &new, sizeof(new))) {
            return -EFAULT;
        }
        if (new.cur > new.max) {
            return -EINVAL;
        }
        if (new.max > old.max && !process_has_capability(CAP_SYS_RESOURCE)) {
            return -EPERM;
        }
        process->limits.of[resource].cur = new.cur;
        process->limits.of[resource].max = new.max;
        process->limits.kept |= 1u << resource;
        if (!task->is_vfork_child) { // its memory is its parent's
            limits_apply(&process->limits, process->abi->get_sp(task->cs));
        }
    }
    return !old_addr || guest_write(old_addr, &old, sizeof(old)) ? 0 : -EFAULT;
}

int64_t sys_prlimit64(GuestTask *task, const uint64_t a[6])
{
    return limits(task, (pid_t)a[0], (unsigned)a[1], a[2], a[3]);
}

int64_t sys_getrlimit(GuestTask *task, const uint64_t a[6])
{
    return a[1] ? limits(task, 0, (unsigned)a[0], 0, a[1]) : -EFAULT;
}

int64_t sys_setrlimit(GuestTask *task, const uint64_t a[6])
{
    return a[1] ? limits(task, 0, (unsigned)a[0], a[1], 0) : -EFAULT;
}

// --- another root directory -----------------------------------------------------------------------
int64_t sys_chroot(GuestTask *task, const uint64_t a[6])
{
    exec_keep_program();
    return host_syscall_retry(task, SYS_chroot, a);
}

int64_t sys_pivot_root(GuestTask *task, const uint64_t a[6])
{
    exec_keep_program();
    return host_syscall_retry(task, SYS_pivot_root, a);
}

// --- prctl --------------------------------------------------------------------------------------
int64_t sys_prctl(GuestTask *task, const uint64_t a[6])
{
    const GuestABI *abi = task->process->abi;
    int64_t result;
    if (abi->prctl && abi->prctl(task, a, &result)) {
        return result;
    }
    switch ((int)a[0]) {
    case PR_GET_SECCOMP: return 0;
    case PR_SET_SECCOMP:               // a filter would act on our own calls
    case PR_SET_SYSCALL_USER_DISPATCH: // so would this
    case PR_SET_TSC:                   // the emulator reads the time stamp counter itself
        return -EINVAL;
    case PR_SET_MM:
        if (!task->process->kernel_shows_strings || a[1] < PR_SET_MM_ARG_START ||
            a[1] > PR_SET_MM_ENV_END) {
            return -EPERM; // the places are those of the emulator
        }
        return HOST_SYSCALL(task, SYS_prctl, a[0], a[1], a[2], a[3], a[4]);
    case PR_GET_TID_ADDRESS:
        return guest_write(a[1], &task->clear_child_tid, sizeof(uint64_t)) ? 0 : -EFAULT;
    default: return HOST_SYSCALL(task, SYS_prctl, a[0], a[1], a[2], a[3], a[4]);
    }
}
