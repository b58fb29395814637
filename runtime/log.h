// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The log: what -d asked for, into standard error or the file of -D.
//
//     if (log_enabled(LOG_INT) && log_in_range(pc)) {
//         log_printf("exception %d at %" PRIx64 "\n", n, pc);
//     }
// or, for several lines that must stay together:
//     FILE *f = log_lock();
//     ... fprintf(f, ...) ...
//     log_unlock(f);

#ifndef RUNTIME_LOG_H
#define RUNTIME_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <glib.h>

typedef enum LogItem {
    LOG_IN_ASM = 1 << 0,
    LOG_OP = 1 << 1,
    LOG_OP_OPT = 1 << 2,
    LOG_LLVM = 1 << 3,
    LOG_LLVM_OPT = 1 << 4,
    LOG_OUT_ASM = 1 << 5,
    LOG_EXEC = 1 << 6,
    LOG_CPU = 1 << 7,
    LOG_INT = 1 << 8,
    LOG_NOCHAIN = 1 << 9,
    LOG_STRACE = 1 << 10,
    LOG_UNIMP = 1 << 11,
    LOG_PAGE = 1 << 12,
    LOG_PLUGIN = 1 << 13,
} LogItem;

extern unsigned log_mask; // written at start-up alone

static inline bool log_enabled(unsigned items)
{
    return __builtin_expect((log_mask & items) != 0, 0);
}
// Is the guest address in one of the ranges of -dfilter (or is there none)?
bool log_in_range(uint64_t pc);

void log_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
// Exclusive use of the log until log_unlock, which also flushes.  Not recursive.
FILE *log_lock(void);
void log_unlock(FILE *f);

// Opens the log.  items as in -d ("in_asm,cpu"), NULL or "" for none; path as in -D (NULL: standard
// error; %d becomes the process id); filter as in -dfilter.  false and an error when one is wrong or
// the file cannot be written.
// Opens it now, when that has not been done: with -d or -D it has.
bool log_open(GError **error);
bool log_setup(const char *items, const char *path, const char *filter, GError **error);
// One line an item: what `-d help` prints.
void log_help(FILE *f);
// Around fork: no thread is inside the log when the child is made; a name with %d is opened anew there.
void log_fork_prepare(void);
void log_fork_parent(void);
void log_fork_child(void);

#endif
