// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The monitor: a line of text in, text out, about the guest that runs.  -monitor gives it a socket or the
// terminal (monitor-server.c); gdb's `monitor` command and plugins use the same commands.
//
// A command is a row of the table in monitor-commands.c: name, arguments, help, function.  A command runs
// in the thread that asks, beside the guest; where it needs the guest to stand still it stops it.

#ifndef RUNTIME_MONITOR_H
#define RUNTIME_MONITOR_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

// Where a command's text goes to.  Plugins see it as `Monitor *`.
typedef struct Monitor {
    GString *out;
} Monitor;

void monitor_printf(Monitor *mon, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// Runs one command line (no newline at its end), and appends what it has to say to out: whole lines.  A line
// that is no command gives one line beginning with "error: ".  False when the command line was wrong.  Any
// thread that runs no guest code; `quit` does not return.
bool monitor_execute(const char *line, GString *out);

// Opens the monitor at `where`: "stdio" or "unix:PATH", in which %d becomes the process id, and answers in
// a thread of its own.  first: this is the process that the user started.  Others that a guest has
// executed get no monitor on stdio, and none where the socket belongs to another process that still runs;
// neither is an error for them.  False and an error when it cannot be opened.
bool monitor_start(const char *where, bool first, GError **error);
// Takes the socket's name away again, when this process made it.  At the end of the process.
void monitor_end(void);

// A command's function: args is what follows the name, without blanks around it.  Gives NULL, or what is
// wrong with args (a string that stays).
typedef const char *MonitorFn(Monitor *mon, const char *args);

// A command's row.
typedef struct MonitorRow {
    const char *name; // two words for `info registers` and its kin
    const char *args; // as the help shows them, or ""
    MonitorFn *fn;
    const char *help;
} MonitorRow;
// More commands, behind the monitor's own; before monitor_start.  The rows stay the caller's.
void monitor_add_rows(const MonitorRow *rows, unsigned n);

// x/FORMAT ADDRESS (monitor-examine.c).
MonitorFn monitor_examine;
// stop, cont, info registers [CPU] (monitor-cpu.c).
MonitorFn monitor_stop, monitor_cont, monitor_registers;
// dump_ir ADDRESS (monitor-ir.c).
MonitorFn monitor_dump_ir;
// A number in C's notation, or a guest symbol's name.  False when it is neither.
bool monitor_parse_address(const char *text, uint64_t *address);

#endif
