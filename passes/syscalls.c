// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// syscalls: a line for each system call: process and thread, name, arguments as they are, result; or, with `count`, how
// often each was made, and failed.
//
//   --pass=syscalls[:count][,out=FILE]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "passes/pass.h"

enum { MAX_NUMBERS = 1024 };

typedef struct Syscalls {
    MynaPassHost *host;
    char *out;
    bool count;
    int fd;
    struct {
        const char *name;
        uint64_t calls, errors;
    } numbers[MAX_NUMBERS];
} Syscalls;

static bool open_output(Syscalls *s, char **error)
{
    char *path = s->out ? s->host->output(s->host, s->out) : NULL;
    s->fd = path ? s->host->open(s->host, path, error) : fileno(stderr);
    free(path);
    return s->fd >= 0;
}

static void *init(MynaPassHost *host, const char *args, char **error)
{
    static const char *const keys[] = {"out", "count", NULL};
    *error = myna_args_check(args, keys);
    if (*error) {
        return NULL;
    }
    Syscalls *s = calloc(1, sizeof(*s));
    char *count = myna_arg(args, "count");
    s->host = host;
    s->out = myna_arg(args, "out");
    s->count = count != NULL;
    free(count);
    return open_output(s, error) ? s : NULL;
}

// The IR has nothing to do with it.
static bool run(void *self, MynaPassUnit *unit, char **error)
{
    (void)self;
    (void)unit;
    (void)error;
    return true;
}

// Those that do not come back.
static bool ends(const MynaSyscall *call)
{
    static const char *const names[] = {"exit", "exit_group", "rt_sigreturn", "sigreturn"};
    for (size_t i = 0; call->name && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(call->name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void print(const Syscalls *s, const MynaSyscall *call, bool after)
{
    char line[256];
    int n = snprintf(line, sizeof(line), "%d %ld ", (int)getpid(), (long)syscall(SYS_gettid));
    if (call->name) {
        n += snprintf(line + n, sizeof(line) - (size_t)n, "%s(", call->name);
    } else {
        n += snprintf(line + n, sizeof(line) - (size_t)n, "syscall_%llu(",
                      (unsigned long long)call->number);
    }
    for (unsigned i = 0; i < 6; i++) {
        n += snprintf(line + n, sizeof(line) - (size_t)n, "%s0x%llx", i ? ", " : "",
                      (unsigned long long)call->args[i]);
    }
    if (after) {
        n += snprintf(line + n, sizeof(line) - (size_t)n, ") = %lld\n", (long long)call->result);
    } else {
        n += snprintf(line + n, sizeof(line) - (size_t)n, ") = ?\n");
    }
    if (write(s->fd, line, (size_t)n) < 0) {
        return; // nobody reads any more
    }
}

static void on_syscall(void *self, void *env, void *block, const MynaSyscall *call, bool after)
{
    (void)env;
    (void)block;
    Syscalls *s = self;
    if (after == ends(call)) {
        return;
    }
    if (!s->count) {
        print(s, call, after);
    } else if (call->number < MAX_NUMBERS) {
        s->numbers[call->number].name = call->name;
        __atomic_fetch_add(&s->numbers[call->number].calls, 1, __ATOMIC_RELAXED);
        if (after && call->result < 0 && call->result > -4096) {
            __atomic_fetch_add(&s->numbers[call->number].errors, 1, __ATOMIC_RELAXED);
        }
    }
}

static void fork_child(void *self, void *block)
{
    (void)block;
    Syscalls *s = self;
    char *error = NULL;
    memset(s->numbers, 0, sizeof(s->numbers));
    if (!open_output(s, &error)) {
        dprintf(fileno(stderr), "syscalls: %s\n", error);
        free(error);
    }
}

static void end(void *self, MynaPassEnd why)
{
    (void)why;
    const Syscalls *s = self;
    for (unsigned i = 0; s->count && i < MAX_NUMBERS; i++) {
        if (s->numbers[i].calls) {
            dprintf(s->fd, "%llu %llu %s\n", (unsigned long long)s->numbers[i].calls,
                    (unsigned long long)s->numbers[i].errors,
                    s->numbers[i].name ? s->numbers[i].name : "(unknown)");
        }
    }
}

const MynaPass myna_pass = {
    .version = MYNA_PASS_VERSION,
    .flags = MYNA_PASS_CACHEABLE,
    .name = "syscalls",
    .init = init,
    .run = run,
    .syscall = on_syscall,
    .fork_child = fork_child,
    .end = end,
};
