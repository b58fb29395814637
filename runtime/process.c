// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How myna ends, forks, and keeps its descriptors to itself.  See process.h.

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "code-log.h"
#include "cpu-exec.h"
#include "cpu-list.h"
#include "event-internal.h"
#include "cpu-stop.h"
#include "guest-memory-internal.h"
#include "log.h"
#include "monitor/monitor.h"
#include "pass-host.h"
#include "process.h"
#include "result-file.h"
#include "stats.h"
#include "stress.h"
#include "tb.h"
#include "tcg2llvm/files-aside.h"
#include "tier-host.h"
#include "verify.h"

const MynaOptions *myna_options;

// --- ends ---------------------------------------------------------------------------------------

void process_fail(int status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    fprintf(stderr, "myna: %s\n", text);
    fflush(NULL);
    _exit(status);
}

void process_internal_fault(const char *fmt, ...)
{
    char text[1024];
    int n = snprintf(text, sizeof(text), "myna: internal fault: ");
    va_list ap;
    va_start(ap, fmt);
    n += vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
    va_end(ap);
    n = n > (int)sizeof(text) - 160 ? (int)sizeof(text) - 160 : n;
    if (current_cpu) {
        n += snprintf(text + n, sizeof(text) - (size_t)n, "\nmyna: guest %s, pc 0x%" PRIx64,
                      current_cpu->isa->name, current_cpu->isa->get_pc(current_cpu));
    }
    n += snprintf(text + n, sizeof(text) - (size_t)n,
                  "\nmyna: this is a bug of myna %s; the guest is not to blame\n", MYNA_VERSION);
    ssize_t ignored = write(STDERR_FILENO, text, (size_t)n);
    (void)ignored;
    _exit(EXIT_INTERNAL);
}

static void finish(int status)
{
    event_exit(status);
    pass_host_end(MYNA_PASS_EXIT);
    tier_host_finish();
    if (myna_options && myna_options->stats) {
        stats_print_last();
    }
    monitor_end();
    code_log_finish();
    fflush(NULL);
}

void process_exit(int status)
{
    finish(status);
    _exit(status);
}

void process_die_by_signal(int sig)
{
    finish(128 + sig);
    struct sigaction act = {.sa_handler = SIG_DFL};
    sigset_t set;
    sigaction(sig, &act, NULL);
    sigemptyset(&set);
    sigaddset(&set, sig);
    raise(sig);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    // A signal whose default action does not end a process is no way to end.
    _exit(128 + sig);
}

// --- descriptors --------------------------------------------------------------------------------

enum { MAX_OWN_FDS = 64, OWN_FD_ROOM = 64 };
static _Atomic int own_fds[MAX_OWN_FDS]; // fd + 1; 0 when the slot is empty

void process_adopt_own_fd(int fd)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    for (int i = 0; i < MAX_OWN_FDS; i++) {
        int empty = 0;
        if (atomic_compare_exchange_strong(&own_fds[i], &empty, fd + 1)) {
            break;
        }
    }
}

static FILE *guests_stderr; // while stderr is another

void process_keep_stderr(void)
{
    int fd = guests_stderr ? -1 : dup(STDERR_FILENO);
    fd = fd < 0 ? fd : process_own_fd(fd);
    FILE *kept = fd < 0 ? NULL : fdopen(fd, "w");
    if (kept) {
        setvbuf(kept, NULL, _IONBF, 0);
        guests_stderr = stderr;
        stderr = kept; // a variable, in the GNU C library
    }
}

static void leave_stderr(void)
{
    if (guests_stderr) {
        FILE *kept = stderr;
        stderr = guests_stderr;
        guests_stderr = NULL;
        process_close_own_fd(
            fileno(kept)); // and the FILE stays, as a thread that is gone may have had its lock
    }
}

int process_own_fd(int fd)
{
    struct rlimit lim;
    int from = 1024 - OWN_FD_ROOM;
    if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur != RLIM_INFINITY) {
        // Not higher than 64 Ki: the kernel's table grows with the highest number.
        rlim_t top = lim.rlim_cur < (1 << 16) ? lim.rlim_cur : 1 << 16;
        from = top > 2 * OWN_FD_ROOM ? (int)top - OWN_FD_ROOM : (int)(top / 2);
    }
    int high = fcntl(fd, F_DUPFD_CLOEXEC, from);
    if (high < 0) {
        return -1;
    }
    close(fd);
    process_adopt_own_fd(high);
    return high;
}

bool process_fd_is_own(int fd)
{
    for (int i = 0; i < MAX_OWN_FDS; i++) {
        if (fd >= 0 && atomic_load_explicit(&own_fds[i], memory_order_relaxed) == fd + 1) {
            return true;
        }
    }
    return false;
}

void process_close_own_fd(int fd)
{
    for (int i = 0; i < MAX_OWN_FDS; i++) {
        int mine = fd + 1;
        if (atomic_compare_exchange_strong(&own_fds[i], &mine, 0)) {
            break;
        }
    }
    close(fd);
}

// --- rights -------------------------------------------------------------------------------------

#define FIRST_USER_NAMESPACE 0xeffffffd // its inode: PROC_USER_INIT_INO of linux/proc_ns.h

bool process_has_capability(unsigned capability)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2] = {{0}};
    struct stat st;
    if (syscall(SYS_capget, &header, sets) < 0 ||
        !(sets[capability / 32].effective & (1u << capability % 32))) {
        return false;
    }
    // Those of another user namespace are good for what belongs to it, not for the machine's limits.
    return stat("/proc/self/ns/user", &st) < 0 || st.st_ino == FIRST_USER_NAMESPACE;
}

// --- helpers --------------------------------------------------------------------------------------

void process_end_helpers(void)
{
    stress_rest();
    tier_host_rest(); // its threads use the others
    files_aside_rest();
    later_rest();
    // The kernel counts a thread for a moment after it has been joined.
    struct stat st;
    for (int i = 0; i < 100 && stat("/proc/self/task", &st) == 0 && st.st_nlink > 3; i++) {
        usleep(500);
    }
}

// --- fork ---------------------------------------------------------------------------------------

// Outer locks first; the order is that of tb.h. The thread that frees must come to rest before all of them: what it
// calls takes our locks (a freed unit gives its place in the slab back), and it may wait for CPUs that are in guest
// code.  The tier's come after the blocks': who translates
// asks the persistent cache.
void process_fork_prepare(void)
{
    cpu_request_exit_all();
    later_fork_prepare();
    cpu_stop_fork_prepare();
    verify_fork_prepare();
    tb_fork_prepare();
    tier_host_fork_prepare();
    pass_host_fork_prepare();
    guest_memory_fork_prepare();
    cpu_list_fork_prepare();
    event_fork_prepare();
    log_fork_prepare();
    code_log_fork_prepare();
    files_aside_fork_prepare();
    later_fork_lock();
}

void process_fork_parent(void)
{
    later_fork_done(false);
    files_aside_fork_parent();
    code_log_fork_parent();
    log_fork_parent();
    event_fork_done();
    cpu_list_fork_parent();
    guest_memory_fork_parent();
    pass_host_fork_parent();
    tier_host_fork_parent();
    tb_fork_parent();
    verify_fork_done();
    cpu_stop_fork_parent();
}

void process_fork_child(void)
{
    later_fork_done(true);
    files_aside_fork_child();
    code_log_fork_child();
    log_fork_child();
    event_fork_done();
    cpu_list_fork_child();
    guest_memory_fork_child();
    tier_host_fork_child();
    leave_stderr();
    result_file_set_successor();
    pass_host_fork_child();
    tb_fork_child();
    verify_fork_done();
    cpu_stop_fork_child();
    stress_fork_child();
}

// --- symbols ------------------------------------------------------------------------------------

static _Atomic(GuestSymbolFn *) symbol_lookup;
static _Atomic(GuestAddressFn *) symbol_address;
static _Atomic(GuestForeachFn *) symbol_foreach;

void process_set_symbol_lookup(GuestSymbolFn *fn, GuestAddressFn *address, GuestForeachFn *foreach)
{
    atomic_store(&symbol_foreach, foreach);
    atomic_store(&symbol_lookup, fn);
    atomic_store(&symbol_address, address);
}

const char *guest_symbol(uint64_t addr, uint64_t *offset)
{
    GuestSymbolFn *fn = atomic_load(&symbol_lookup);
    uint64_t ignored;
    return fn ? fn(addr, offset ? offset : &ignored) : NULL;
}

bool guest_symbol_address(const char *name, uint64_t *addr)
{
    GuestAddressFn *fn = atomic_load(&symbol_address);
    return fn && fn(name, addr);
}

void guest_symbol_foreach(const char *name, const char *file,
                          void (*fn)(uint64_t addr, bool chosen, void *opaque), void *opaque)
{
    GuestForeachFn *foreach = atomic_load(&symbol_foreach);
    if (foreach) {
        foreach(name, file, fn, opaque);
    }
}
