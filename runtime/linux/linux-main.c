// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a program's name to a running guest.
#include "linux.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi.h"
#include "core-file.h"
#include "elf-load.h"
#include "exec.h"
#include "guest-signal.h"
#include "kernel-view.h"
#include "runtime/cpu-exec.h"
#include "runtime/pass-host.h"
#include "runtime/gdb/gdb.h"
#include "runtime/guest-memory.h"
#include "runtime/log.h"
#include "runtime/monitor/monitor.h"
#include "runtime/process.h"
#include "runtime/result-file.h"
#include "symbols.h"

bool (*linux_before_load)(const char *guest, GError **error);

// A name without a slash is a file here, or else one in PATH, as a shell would find it.
static char *find_program(const char *name, bool exact)
{
    if (exact || strchr(name, '/') || access(name, F_OK) == 0) {
        return g_strdup(name);
    }
    char *found = g_find_program_in_path(name);
    return found ? found : g_strdup(name);
}

// Exit status as a shell gives it.
static int status_of_error(const GError *error)
{
    return error->code == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

static int report(const GError *error)
{
    fprintf(stderr, "myna: %s\n", error->message);
    return status_of_error(error);
}

static char *absolute_path(const char *path)
{
    char *real = realpath(path, NULL);
    char *copy = g_strdup(real ? real : path);
    free(real);
    return copy;
}

static GByteArray *join_environ(char *const *env)
{
    GByteArray *block = g_byte_array_new();
    for (; *env; env++) {
        g_byte_array_append(block, (const uint8_t *)*env, (guint)strlen(*env) + 1);
    }
    return block;
}

// The first of the models (-cpu MODEL:MODEL...) that this guest has.  A program that a guest executes may
// be for another machine, which -cpu did not speak of: it gets that machine's default.
static CPUState *create_cpu(const GuestISA *isa, const char *models, bool successor, GError **error)
{
    g_auto(GStrv) names = g_strsplit(models ? models : "", ":", -1);
    for (char **name = names; *name; name++) {
        g_clear_error(error);
        CPUState *cs = cpu_create(isa, *name, error);
        if (cs) {
            return cs;
        }
    }
    if (names[0] && !successor) {
        return NULL;
    }
    g_clear_error(error);
    return cpu_create(isa, NULL, error);
}

// As RLIMIT_STACK has it, and not more than mmap leaves to it; -s is the first program's alone to be told.
static uint64_t stack_size(const MynaOptions *opts, const GuestLimits *limits)
{
    const uint64_t most = UINT64_C(128) << 20;
    struct rlimit host;
    if (limits->kept & (1u << RLIMIT_STACK)) {
        return MIN(limits->of[RLIMIT_STACK].cur, most);
    }
    if (opts->stack_size) {
        return opts->stack_size;
    }
    return getrlimit(RLIMIT_STACK, &host) == 0 ? MIN(host.rlim_cur, most) : UINT64_C(8) << 20;
}

static GuestLimits first_limits; // of the process as it was started

void linux_take_over_limits(void) { limits_take_over(&first_limits); }

int linux_user_run(const MynaOptions *opts, int argc, char **argv, char **envp)
{
    GError *error = NULL;
    Program program;
    LoadedProgram loaded;
    char **env = options_guest_environ(opts, envp);
    GuestLimits limits = first_limits;
    g_autofree char *debugger = NULL;
    bool successor = exec_is_successor(env, &limits, &debugger);
    if (successor) {
        result_file_set_successor();
    }
    result_file_directory();
    if (pass_host_instrument() || opts->plugins->len || opts->panda) {
        process_keep_stderr();
    }
    exec_reveal_environ(env);
    if (access("/proc/self/exe", X_OK) < 0) {
        exec_keep_program();
    }

    g_autofree char *path = find_program(argv[0], successor);
    g_autofree char **guest_argv = g_new0(char *, (gsize)argc + 1);
    for (int i = 0; i < argc; i++) {
        guest_argv[i] = argv[i];
    }
    if (opts->argv0) {
        guest_argv[0] = (char *)opts->argv0;
    }
    if (!program_open(path, guest_argv, &program, &error)) {
        return report(error);
    }
    const GuestABI *abi = program.abi;
    guest_memory_init(abi->mmap_low, abi->task_size);
    process_set_symbol_lookup(symbols_lookup, symbols_address, symbols_foreach);
    if (linux_before_load && !linux_before_load(abi->isa->name, &error)) {
        fprintf(stderr, "myna: %s\n", error->message);
        return EXIT_USAGE;
    }
    CPUState *cs = create_cpu(abi->isa, opts->cpu_model, successor, &error);
    if (!cs) {
        fprintf(stderr, "myna: %s\n", error->message);
        return EXIT_USAGE;
    }
    limits_apply(&limits, 0);
    guest_memory_set_limit(RLIMIT_STACK, stack_size(opts, &limits)); // how far the stack may grow
    if (!program_load(&program, cs, env, stack_size(opts, &limits), &loaded, &error)) {
        return report(error);
    }

    GuestProcess *process = guest_process_new(abi);
    process->exe_path = absolute_path(program.path);
    process->argv = g_steal_pointer(&program.argv);
    process->environ_block = join_environ(env);
    process->auxv = loaded.auxv;
    process->stack_start = loaded.sp;
    process->sigpage = loaded.sigpage;
    process->limits = limits;
    process->kernel_shows_strings = kernel_view_show(&loaded.strings);
    // The name that ps shows.
    g_autofree char *base = g_path_get_basename(program.exec_path);
    prctl(PR_SET_NAME, base);
    program_close(&program);
    g_strfreev(env);

    GuestTask *task = task_new(process, cs);
    task->tid = (pid_t)syscall(SYS_gettid);
    task->altstack.flags = 0; // SS_DISABLE is for tasks that were cloned
    abi->init_registers(cs, loaded.entry, loaded.sp);
    current_task = task;
    signal_init(process, task);
    if (core_file_is_wanted()) {
        cpu_set_precise(true); // else the core file would show a fault somewhere in its block
    }
    if (debugger) {
        gdb_continue(debugger,
                     task); // when nothing came of it the program runs, as without a debugger
    } else if (opts->gdb && !gdb_listen(opts->gdb, task, &error)) {
        fprintf(stderr, "myna: %s\n", error->message);
        return EXIT_USAGE;
    }
    if (opts->monitor && !monitor_start(opts->monitor, !successor, &error)) {
        fprintf(stderr, "myna: %s\n", error->message);
        return EXIT_USAGE;
    }
    if (successor && log_enabled(LOG_STRACE)) {
        strace_share_log(true);
        strace_exec_done(task);
    }
    task_run(task);
    return task->exit_status; // not reached: the last thread ends the process
}
