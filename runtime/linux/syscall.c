// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The system-call table as data, and dispatch from it.
//
// What a row says about arguments is used before the call: descriptors of myna's own are EBADF, and
// buffers that the kernel is to write are freed of the write protection that pages with translated
// code have.  What the row cannot say (an ioctl's buffer) shows as EFAULT from the kernel, and the
// call is made again once the protection is gone.
#include "syscall.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "abi.h"
#include "runtime/event-internal.h"
#include "guest-signal.h"
#include "runtime/gdb/gdb.h"
#include "runtime/guest-memory.h"
#include "runtime/log.h"
#include "runtime/pass-host.h"
#include "runtime/process.h"
#include "safe-syscall.h"
#include "strace-flags.h"
#include "syscall-events.h"

// --- the table ----------------------------------------------------------------------------------
#define NA (-1)
#define TO_COME "comes with the 32-bit guests"

// A row that passes the call on does so under its number in the host's column.
#if defined(__x86_64__)
#define HOST_ABI SYSCALL_ABI_X86_64
#else
#error "which column of the system-call table is this host's?"
#endif

#define ACTION_PASS .action = SYSCALL_PASS
#define ACTION_AS(call) .action = SYSCALL_PASS, .host_number = SYS_##call
#define ACTION_DO(function) .action = SYSCALL_DO, .fn = (function)
#define ACTION_NOSYS(why) .action = SYSCALL_FAIL, .error = ENOSYS, .reason = (why)
#define ACTION_REFUSE(err, why) .action = SYSCALL_FAIL, .error = (err), .reason = (why)

#define INT {.kind = ARG_INT}
#define UINT {.kind = ARG_UINT}
#define LONG {.kind = ARG_LONG}
#define SIZE {.kind = ARG_SIZE}
#define OFF {.kind = ARG_OFF}
#define HEX {.kind = ARG_HEX}
#define PTR {.kind = ARG_PTR}
#define FD {.kind = ARG_FD}
#define DIRFD {.kind = ARG_DIRFD}
#define MODE {.kind = ARG_MODE}
#define SIG {.kind = ARG_SIG}
#define PATH {.kind = ARG_PATH}
#define STR {.kind = ARG_STR}
#define STRS {.kind = ARG_STRS}
#define ENVS {.kind = ARG_ENVS}
#define FLAGS(s) {.kind = ARG_FLAGS, .set = &flag_set_##s}
#define ENUM(s) {.kind = ARG_ENUM, .set = &flag_set_##s}
#define IBUF(n) {.kind = ARG_BUF, .dir = DIR_IN, .count = (n) + 1}
#define OBUF(n) {.kind = ARG_BUF, .dir = DIR_OUT, .count = (n) + 1}
#define OSTR(n) {.kind = ARG_OSTR, .dir = DIR_OUT, .count = (n) + 1}
#define ODATA(n) {.kind = ARG_ODATA, .dir = DIR_OUT, .count = (n) + 1}
#define IIOV(n) {.kind = ARG_IOV, .dir = DIR_IN, .count = (n) + 1}
#define OIOV(n) {.kind = ARG_IOV, .dir = DIR_OUT, .count = (n) + 1}
#define SOCKADDR(n) {.kind = ARG_SOCKADDR, .dir = DIR_IN, .count = (n) + 1}
#define OSOCKADDR(n) {.kind = ARG_SOCKADDR, .dir = DIR_OUT, .count = (n) + 1}
#define IN(t) {.kind = ARG_STRUCT, .dir = DIR_IN, .type = STRUCT_##t}
#define OUT(t) {.kind = ARG_STRUCT, .dir = DIR_OUT, .type = STRUCT_##t}
#define INOUT(t) {.kind = ARG_STRUCT, .dir = DIR_IN | DIR_OUT, .type = STRUCT_##t}
#define IN_N(t, n) {.kind = ARG_STRUCT, .dir = DIR_IN, .type = STRUCT_##t, .count = (n) + 1}
#define OUT_N(t, n) {.kind = ARG_STRUCT, .dir = DIR_OUT, .type = STRUCT_##t, .count = (n) + 1}
#define INOUT_N(t, n)                                                                              \
    {.kind = ARG_STRUCT, .dir = DIR_IN | DIR_OUT, .type = STRUCT_##t, .count = (n) + 1}
#define OUT_RET(t, n)                                                                              \
    {.kind = ARG_STRUCT,                                                                           \
     .dir = DIR_OUT,                                                                               \
     .type = STRUCT_##t,                                                                           \
     .count = (n) + 1,                                                                             \
     .count_is_result = true}
#define FCNTLARG(n) {.kind = ARG_FCNTLARG, .count = (n) + 1}
#define SEMCTLARG(n) {.kind = ARG_SEMCTLARG, .count = (n) + 1}

const SyscallRow syscall_rows[] = {
#define SYSCALL(sysname, x86_64, i386, aarch64, arm, act, res, ...)                                \
    {.name = #sysname,                                                                             \
     .number = {x86_64, i386, aarch64, arm},                                                       \
     .result = RES_##res,                                                                          \
     .args = {__VA_ARGS__},                                                                        \
     ACTION_##act},
#include "syscall-table.h"
};
const size_t syscall_rows_count = G_N_ELEMENTS(syscall_rows);

static const uint16_t struct_sizes[STRUCT_COUNT] = {
#define STRUCT(name, bytes) [STRUCT_##name] = (bytes),
    SYSCALL_STRUCTS(STRUCT)
#undef STRUCT
};

static const SyscallRow *by_number[SYSCALL_ABI_COUNT][SYSCALL_MAX_NUMBER];

__attribute__((constructor)) static void build_index(void)
{
    for (size_t i = 0; i < syscall_rows_count; i++) {
        for (int abi = 0; abi < SYSCALL_ABI_COUNT; abi++) {
            int number = syscall_rows[i].number[abi];
            if (number >= 0) {
                by_number[abi][number] = &syscall_rows[i];
            }
        }
    }
}

const SyscallRow *syscall_find(SyscallABI abi, uint64_t number)
{
    return number < SYSCALL_MAX_NUMBER ? by_number[abi][number] : NULL;
}

const SyscallRow *syscall_find_name(const char *name)
{
    for (size_t i = 0; i < syscall_rows_count; i++) {
        if (strcmp(syscall_rows[i].name, name) == 0) {
            return &syscall_rows[i];
        }
    }
    return NULL;
}

unsigned syscall_nb_args(const SyscallRow *row)
{
    unsigned n = 0;
    while (n < G_N_ELEMENTS(row->args) && row->args[n].kind != ARG_NONE) {
        n++;
    }
    return n;
}

uint64_t syscall_struct_size(SyscallStruct type) { return struct_sizes[type]; }

// --- what the row knows, before the call ------------------------------------------------------
#define MAX_OUTPUT (UINT64_C(1) << 31) // what one call transfers at most (MAX_RW_COUNT of Linux)

// How many of the bytes the guest has mapped, from the first on.
static uint64_t mapped_bytes(uint64_t addr, uint64_t len)
{
    GuestRegion region;
    uint64_t done = 0;
    while (done < len && guest_memory_find(addr + done, &region)) {
        done = MIN(region.end - addr, len);
    }
    return done;
}

// Makes a buffer ready for the kernel to write to: free of our write protection, and without memory of
// ours behind it.  Gives how many bytes it may have; less than len only when the rest is myna's.
static uint64_t prepare_buffer(uint64_t addr, uint64_t len)
{
    len = MIN(len, MAX_OUTPUT);
    if (len > 0 && !guest_access_ok(addr, len, 0) && guest_range_is_ours(addr, len)) {
        len = mapped_bytes(addr, len);
    }
    guest_memory_prepare_write(addr, len);
    return len;
}

bool syscall_prepare_iovec(uint64_t addr, uint64_t count)
{
    struct iovec iov;
    for (uint64_t i = 0; i < count && i < 1024; i++) {
        if (!guest_read(addr + i * sizeof(iov), &iov, sizeof(iov))) {
            return true; // the kernel will say EFAULT
        }
        uint64_t len = MIN(iov.iov_len, MAX_OUTPUT);
        if (prepare_buffer((uint64_t)(uintptr_t)iov.iov_base, len) < len) {
            return false;
        }
    }
    return true;
}

static uint64_t elements(const SyscallArg *arg, const uint64_t args[6])
{
    uint64_t n = arg->count ? (uint32_t)args[arg->count - 1] : 1;
    return MIN(n, 65536);
}

// An argument that the kernel writes to.  False: it names memory of ours.
static bool prepare_output(const GuestABI *abi, const SyscallArg *arg, uint64_t value,
                           uint64_t args[6])
{
    if (value == 0) {
        return true;
    }
    switch (arg->kind) {
    case ARG_BUF:
    case ARG_OSTR:
    case ARG_ODATA: {
        uint64_t *len = &args[arg->count - 1];
        uint64_t room = prepare_buffer(value, *len);
        if (room < MIN(*len, MAX_OUTPUT)) {
            *len = room; // as far as the guest's memory goes
            return room > 0;
        }
        return true;
    }
    case ARG_IOV: return syscall_prepare_iovec(value, args[arg->count - 1]);
    case ARG_STRUCT: {
        uint64_t size = abi_struct_size(abi, arg->type) * elements(arg, args);
        if (arg->type == STRUCT_MSGHDR) {
            uint64_t iov[2]; // msg_iov, msg_iovlen
            if (guest_read(value + 16, iov, sizeof(iov)) &&
                !syscall_prepare_iovec(iov[0], iov[1])) {
                return false;
            }
        }
        return prepare_buffer(value, size) == size;
    }
    default: return true;
    }
}

// False when an argument makes the call fail at once, with *error.
static bool check_arguments(const GuestABI *abi, const SyscallRow *row, uint64_t args[6],
                            int64_t *error)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(row->args) && row->args[i].kind != ARG_NONE; i++) {
        const SyscallArg *arg = &row->args[i];
        if ((arg->kind == ARG_FD || arg->kind == ARG_DIRFD) && process_fd_is_own((int)args[i])) {
            *error = -EBADF;
            return false;
        }
        if ((arg->dir & DIR_OUT) && !prepare_output(abi, arg, args[i], args)) {
            *error = -EFAULT;
            return false;
        }
    }
    return true;
}

// --- dispatch -----------------------------------------------------------------------------------
int64_t host_syscall(GuestTask *task, long number, const uint64_t args[6])
{
    return safe_syscall(&task->signal_pending, number, args);
}

int64_t host_syscall_retry(GuestTask *task, long number, const uint64_t args[6])
{
    int64_t result = safe_syscall(&task->signal_pending, number, args);
    bool again = false;
    if (result == -EFAULT) {
        again = guest_memory_unprotect_all();
        for (unsigned i = 0; i < 6; i++) {
            again |= guest_memory_grow(args[i]);
        }
    }
    if (again) {
        result = safe_syscall(&task->signal_pending, number, args);
    }
    return result;
}

static void log_failing_row(const SyscallRow *row)
{
    if (log_enabled(LOG_UNIMP)) {
        log_printf("system call %s: %s\n", row->name, row->reason);
    }
}

static int64_t perform(GuestTask *task, const SyscallRow *row, const uint64_t guest_args[6])
{
    const GuestABI *abi = task->process->abi;
    ConvertedArgs converted;
    int64_t result;
    uint64_t args[6];
    if (row->action == SYSCALL_FAIL) {
        log_failing_row(row);
        return -row->error;
    }
    memcpy(args, guest_args, sizeof(args));
    if (!check_arguments(abi, row, args, &result)) {
        return result;
    }
    abi_structs_to_host(abi, row, args, &converted);
    if (row->action == SYSCALL_DO) {
        result = row->fn(task, args);
    } else {
        result = host_syscall_retry(
            task, row->host_number ? row->host_number : row->number[HOST_ABI], args);
    }
    return abi_structs_to_guest(abi, row, args, &converted, result);
}

void syscall_serve(GuestTask *task)
{
    const GuestABI *abi = task->process->abi;
    CPUState *cs = task->cs;
    uint64_t number, args[6];
    int64_t result = 0;
    atomic_store(&task->kicked, false);
    abi->syscall_get(cs, &number, args);
    if (gdb_attached() && gdb_syscall_entry(task, number)) {
        abi->syscall_get(cs, &number, args);
    }
    bool skipped = event_wanted(EVENT_SYSCALL) &&
                   syscall_event_before(task, &number, args, &result);
    uint64_t guest_args[6];
    memcpy(guest_args, args, sizeof(args));
    const SyscallRow *row = syscall_find(abi->syscalls, number);
    bool trace = log_enabled(LOG_STRACE);
    if (row) {
        abi_values_to_host(abi, row, args);
    }
    if (trace) {
        strace_begin(task, row, number, args);
    }
    MynaSyscall told = {.name = row ? row->name : NULL, .number = number};
    if (pass_host_wants_syscalls()) {
        memcpy(told.args, args, sizeof(args));
        told.pc = cs->isa->get_pc(cs);
        pass_host_syscall(cs, &told, false);
    }
    if (skipped) {
        // `result` is the subscriber's.
    } else if (row) {
        bool waits = syscall_event_waits(row);
        if (waits) {
            event_fire_plain(EVENT_THREAD_WAIT);
        }
        result = perform(task, row, args);
        if (waits) {
            event_fire_plain(EVENT_THREAD_RESUME);
        }
    } else {
        if (log_enabled(LOG_UNIMP)) {
            log_printf("unknown system call %" PRIu64 "\n", number);
        }
        result = -ENOSYS;
    }
    // What interrupted it is nothing that the guest will see.
    if (result == -EINTR && (atomic_load(&task->kicked) || gdb_attached()) &&
        !signal_handler_is_due(task)) {
        result = -ERESTARTSYS;
    }
    if (trace) {
        strace_end(task, row, number, args, result);
    }
    if (event_wanted(EVENT_SYSCALL_RETURN)) {
        result = syscall_event_after(task, number, guest_args, result);
    }
    if (pass_host_wants_syscalls()) {
        told.result = result;
        pass_host_syscall(cs, &told, true);
    }
    if (result == -ERESTARTSYS) {
        abi->syscall_restart(cs);
    } else if (result != -ESIGRETURN) {
        abi->syscall_return(cs, result);
    }
    if (gdb_attached()) {
        gdb_syscall_return(task, number, result == -ERESTARTSYS);
    }
}

char *guest_path(uint64_t addr, int64_t *error)
{
    int64_t len = guest_strlen(addr, PATH_MAX);
    if (len < 0 || len >= PATH_MAX) {
        *error = len < 0 ? -EFAULT : -ENAMETOOLONG;
        return NULL;
    }
    char *path = g_malloc((gsize)len + 1);
    if (!guest_read(addr, path, (size_t)len)) {
        g_free(path);
        *error = -EFAULT;
        return NULL;
    }
    path[len] = '\0';
    return path;
}

int64_t guest_read_versioned(uint64_t addr, uint64_t size, size_t least, void *out, size_t known)
{
    uint8_t whole[4096];
    if (size > sizeof(whole)) {
        return -E2BIG;
    }
    if (size < least) {
        return -EINVAL;
    }
    if (!guest_read(addr, whole, size)) {
        return -EFAULT;
    }
    for (size_t i = known; i < size; i++) {
        if (whole[i]) {
            return -E2BIG;
        }
    }
    memset(out, 0, known);
    memcpy(out, whole, MIN(size, known));
    return 0;
}
