// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A server of gdb's remote protocol (-g): what the rest of the runtime calls.
//
// One thread speaks with the debugger.  A guest thread that has something to report calls one of the
// functions below at a place where its registers are in its CPU; there it stands still with all others
// until the debugger lets it go on.  Without -g each of these calls is one load and a branch.

#ifndef RUNTIME_GDB_GDB_H
#define RUNTIME_GDB_GDB_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "runtime/linux/task.h"

// Listens at `where`: a TCP port of the loopback address ("1234"), HOST:PORT, or unix:PATH.  From then on every
// CPU stands still until a debugger has come and said "continue".  Called once, for the first task, before
// it runs.  false and one line when it cannot listen there.
bool gdb_listen(const char *where, GuestTask *task, GError **error);

extern atomic_bool gdb_is_attached;
// A debugger is there.
static inline bool gdb_attached(void)
{
    return __builtin_expect(atomic_load_explicit(&gdb_is_attached, memory_order_relaxed), 0);
}

// A thread of the guest's begins and ends; the calls are the thread's own.
void gdb_thread_start(GuestTask *task);
void gdb_thread_end(GuestTask *task);

// cpu_exec gave EXCP_DEBUG.  false: it was none of the debugger's, a matter of the guest's own.
bool gdb_debug_exception(GuestTask *task);
// A signal is about to be delivered.  Gives what to deliver instead, 0: nothing; *info changes with it.
int gdb_signal(GuestTask *task, int sig, siginfo_t *info);
// A handler's frame has been built: a step ends at its first instruction.
void gdb_handler_entered(GuestTask *task);
// Before a system call is made, registers and all as the instruction left them: true when they may have been
// changed; and after it, with the result in place, or about to be made again.
bool gdb_syscall_entry(GuestTask *task, uint64_t number);
void gdb_syscall_return(GuestTask *task, uint64_t number, bool again);

// The process ends, with a status or by a signal.
void gdb_process_end(GuestTask *task, int status, bool by_signal);

// Around the host's fork (follow.c); child: its number, or what says that there is none.  In a child that the
// debugger may follow the last of these makes the thread stand still at its next gate, when it is set up.
void gdb_fork_prepare(GuestTask *task);
void gdb_fork_parent(GuestTask *task, pid_t child);
void gdb_fork_child(GuestTask *task);
void gdb_fork_child_stop(GuestTask *task);
// vfork: in the child, whose parent waits in the kernel; and in the parent when it goes on.
void gdb_vfork_child(GuestTask *parent, GuestTask *child);
void gdb_vfork_parent(GuestTask *task);

// A program is about to be executed: the variable (NAME=VALUE, to be freed) with which its myna finds the debugger
// that is here, or NULL.  When it was not NULL and the execution has failed: gdb_exec_failed.
char *gdb_exec_prepare(GuestTask *task);
void gdb_exec_failed(void);
#define GDB_SUCCESSOR "MYNA_GDB_SUCCESSOR"
// In the new myna, for its first task, in place of gdb_listen, with the variable's value.  false: it is none.
bool gdb_continue(const char *state, GuestTask *task);

#endif
