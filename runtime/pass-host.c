// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What passes are told, and what they may ask.  See pass-host.h and passes/pass.h.

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpu-exec.h"
#include "cpu-list.h"
#include "event-internal.h"
#include "guest-memory.h"
#include "pass-host.h"
#include "process.h"
#include "result-file.h"
#include "tcg2llvm/files-aside.h"

bool pass_host_syscalls;

enum { MAX_SHARED = 8 };

static struct PassHost {
    Instrument *instrument;
    const GuestISA *isa;
    MynaRegister *registers;
    pid_t pid; // whose results these are
    struct SharedFile {
        char name[32];
        int fd;
    } shared[MAX_SHARED];
    unsigned n_shared;
} state;

Instrument *pass_host_instrument(void) { return state.instrument; }

// --- what passes may ask --------------------------------------------------------------------------

static const char *host_symbol(MynaPassHost *host, uint64_t pc, uint64_t *offset)
{
    (void)host;
    return guest_symbol(pc, offset);
}

static size_t host_disassemble(MynaPassHost *host, uint64_t pc, char *buf, size_t size)
{
    (void)host;
    uint8_t bytes[16];
    size_t len = state.isa->max_insn_size;
    while (len && !guest_read(pc, bytes, len)) {
        len--;
    }
    return len ? state.isa->disassemble(NULL, pc, bytes, len, buf, size) : 0;
}

static const char *host_file(MynaPassHost *host, uint64_t pc)
{
    (void)host;
    GuestRegion r;
    return guest_memory_find(pc, &r) && r.name && r.name[0] == '/' ? r.name : NULL;
}

static char *host_output(MynaPassHost *host, const char *name)
{
    (void)host;
    return result_file_path(name);
}

static int host_open(MynaPassHost *host, const char *path, char **error)
{
    (void)host;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    fd = fd < 0 ? fd : process_own_fd(fd);
    if (fd < 0) {
        int err = errno;
        if (asprintf(error, "cannot write '%s': %s", path, g_strerror(err)) < 0) {
            *error = NULL;
        }
    }
    return fd;
}

static char *host_check_output(MynaPassHost *host, const char *name)
{
    char *error = NULL;
    if (!name || result_file_is_successor()) {
        return NULL;
    }
    char *path = host_output(host, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666);
    int err = fd < 0 && errno != ENXIO ? errno : 0; // a pipe that nobody reads yet
    if (err && asprintf(&error, "cannot write '%s': %s", path, g_strerror(err)) < 0) {
        error = NULL;
    }
    if (fd >= 0) {
        close(fd);
    }
    free(path);
    return error;
}

static void host_close(MynaPassHost *host, int fd)
{
    (void)host;
    process_close_own_fd(fd);
}

static bool host_read(MynaPassHost *host, uint64_t addr, void *buf, size_t size)
{
    (void)host;
    return guest_read(addr, buf, size);
}

static bool host_write(MynaPassHost *host, uint64_t addr, const void *buf, size_t size)
{
    (void)host;
    return guest_write(addr, buf, size);
}

// --- files that processes share --------------------------------------------------------------------

static int host_shared_file(MynaPassHost *host, const char *pass, bool *first)
{
    (void)host;
    for (unsigned i = 0; i < state.n_shared; i++) {
        if (strcmp(state.shared[i].name, pass) == 0) {
            *first = false;
            return state.shared[i].fd;
        }
    }
    int fd = state.n_shared < MAX_SHARED ? memfd_create("myna-pass", MFD_CLOEXEC) : -1;
    fd = fd < 0 ? fd : process_own_fd(fd);
    if (fd >= 0) {
        struct SharedFile *file = &state.shared[state.n_shared++];
        g_strlcpy(file->name, pass, sizeof(file->name));
        file->fd = fd;
        *first = true;
    }
    return fd;
}

void pass_host_exec_prepare(GString *text)
{
    for (unsigned i = 0; i < state.n_shared; i++) {
        const struct SharedFile *file = &state.shared[i];
        g_string_append_printf(text, ",%s:%d", file->name, file->fd);
        fcntl(file->fd, F_SETFD, 0);
    }
}

void pass_host_exec_failed(void)
{
    for (unsigned i = 0; i < state.n_shared; i++) {
        fcntl(state.shared[i].fd, F_SETFD, FD_CLOEXEC);
    }
}

void pass_host_inherit(const char *item)
{
    struct SharedFile file;
    int n = 0;
    if (state.n_shared < MAX_SHARED &&
        sscanf(item, "%31[^,:]:%d%n", file.name, &file.fd, &n) == 2 && n &&
        (item[n] == 0 || item[n] == ',') && (file.fd = process_own_fd(file.fd)) >= 0) {
        state.shared[state.n_shared++] = file;
    }
}

// --- start ------------------------------------------------------------------------------------------

bool pass_host_load(const MynaOptions *opts, GError **error)
{
    if (!opts->instruments || opts->instruments->len == 0) {
        return true;
    }
    state.pid = getpid();
    state.instrument = instrument_load((const InstrumentItem *)opts->instruments->data,
                                       opts->instruments->len, error);
    return state.instrument != NULL;
}

void pass_host_start(const GuestISA *isa)
{
    if (!state.instrument || state.isa) {
        return;
    }
    state.isa = isa;
    unsigned n = isa->nb_regs + isa->nb_state;
    state.registers = g_new0(MynaRegister, n);
    for (unsigned i = 0; i < n; i++) {
        const GuestReg *r = i < isa->nb_regs ? &isa->regs[i] : &isa->state[i - isa->nb_regs];
        state.registers[i] = (MynaRegister){.name = r->name,
                                            .offset = (size_t)r->offset,
                                            .size = tcg_type_size(r->type),
                                            .hidden = r->gdb_number < 0};
    }
    const MynaPassHost host = {
        .guest = isa->name,
        .n_registers = n,
        .registers = state.registers,
        .env_size = isa->env_size,
        .thread_block_at = offsetof(CPUState, pass_block),
        .helper_insn_at = offsetof(CPUState, pass_insn),
        .symbol = host_symbol,
        .disassemble = host_disassemble,
        .file = host_file,
        .output = host_output,
        .open = host_open,
        .close = host_close,
        .read_memory = host_read,
        .write_memory = host_write,
        .shared_file = host_shared_file,
        .check_output = host_check_output,
    };
    GError *error = NULL;
    if (!instrument_start(state.instrument, &host, &error)) {
        process_fail(EXIT_USAGE, "%s", error->message);
    }
    pass_host_syscalls = instrument_wants_syscalls(state.instrument);
}

// --- events -----------------------------------------------------------------------------------------

void pass_host_cpu_new(CPUState *cs)
{
    cs->pass_block = state.instrument ? instrument_thread_start(state.instrument) : NULL;
}

void pass_host_cpu_free(CPUState *cs)
{
    if (cs->pass_block) {
        instrument_thread_end(state.instrument, cs->pass_block);
        cs->pass_block = NULL;
    }
}

typedef struct SyscallTold {
    CPUState *cs;
    const MynaSyscall *call;
    bool after;
} SyscallTold;

static void tell_syscall(void *opaque)
{
    const SyscallTold *t = opaque;
    instrument_syscall(state.instrument, t->cs, t->cs->pass_block, t->call, t->after);
}

// Passes write lines.
void pass_host_syscall(CPUState *cs, const MynaSyscall *call, bool after)
{
    files_quietly(tell_syscall, &(SyscallTold){cs, call, after});
}

void pass_host_access(CPUState *cs, uint64_t pc, uint64_t addr, uint32_t size, bool write)
{
    instrument_access(state.instrument, cs, cs->pass_block, pc, addr, size, write);
}

void pass_host_access_run(CPUState *cs, uint64_t pc, const CPUAccessRun *run)
{
    const MynaAccessRun same = {.addr = run->addr,
                                .from = run->from,
                                .n = run->n,
                                .step = run->step,
                                .size = run->size,
                                .copy = run->copy};
    instrument_access_run(state.instrument, cs, cs->pass_block, pc, &same);
}

static void tell_end(void *why) { instrument_end(state.instrument, *(const MynaPassEnd *)why); }

void pass_host_end(MynaPassEnd why)
{
    if (state.instrument && state.isa && getpid() == state.pid) {
        if (why == MYNA_PASS_EXIT &&
            instrument_destructs(state.instrument, current_cpu ? current_cpu->pass_block : NULL)) {
            event_stop_others();
        }
        files_quietly(tell_end, &why);
    }
}

// --- fork -------------------------------------------------------------------------------------------

void pass_host_fork_prepare(void)
{
    if (state.instrument) {
        instrument_fork_prepare(state.instrument);
    }
}

void pass_host_fork_parent(void)
{
    if (state.instrument) {
        instrument_fork_done(state.instrument, false, NULL);
    }
}

void pass_host_fork_child(void)
{
    if (state.instrument) {
        state.pid = getpid();
        instrument_fork_done(state.instrument, true, current_cpu ? current_cpu->pass_block : NULL);
    }
}
