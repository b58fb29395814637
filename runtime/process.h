// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What concerns the whole process: exit statuses and how myna ends, fork, names of guest addresses.

#ifndef RUNTIME_PROCESS_H
#define RUNTIME_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

enum {
    EXIT_USAGE = 64,       // the command line is wrong, or what it names cannot be used
    EXIT_INTERNAL = 70,    // myna's own fault
    EXIT_CANNOT_RUN = 126, // the program is there, but cannot be run
    EXIT_NOT_FOUND = 127,  // there is no such program
};

extern const MynaOptions *myna_options; // set by main, never NULL after it

// One line "myna: ..." on standard error, then exit with that status.
_Noreturn void process_fail(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// A fault of myna's own: a report on standard error (what, the guest's state when a CPU runs on this
// thread), exit status 70.  Async-signal-safe enough for a fault handler.
_Noreturn void process_internal_fault(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
// The guest has ended: statistics, log, then _exit(status).  Runs no exit handlers: other threads may
// be compiling.
_Noreturn void process_exit(int status);
// Ends as the guest does: by this signal's default action.
_Noreturn void process_die_by_signal(int sig);

// Ends myna's own threads that only help, until they are needed again: for system calls that want a process with one
// thread.  While the guest has one.  Those of the servers and of plugins stay.
void process_end_helpers(void);

// Makes the C library's stderr a descriptor of myna's own: programs close theirs when they end (GNU's do), and passes and
// plugins write their results after that. A child by fork has the guest's again, so that a daemon's parent's pipe ends.
void process_keep_stderr(void);

// myna's own files stay out of the guest's way: gives a close-on-exec duplicate of fd with a high number
// and closes fd; -1 and errno when there is none.  The guest must not get at descriptors for which
// process_fd_is_own says true (close, dup2 onto them, close_range).
int process_own_fd(int fd);
// One that is open already, with a number that may stay: from now on it is ours, and close-on-exec.
void process_adopt_own_fd(int fd);
bool process_fd_is_own(int fd);
void process_close_own_fd(int fd);

// Would the host's kernel let this thread do what the capability (linux/capability.h) is for?
bool process_has_capability(unsigned capability);

// To be called around fork() by the thread that forks, outside cpu_exec, all signals blocked.
// Afterwards the child has this thread's CPU alone; its other CPUs are gone from every list (their
// memory is lost to it), and background compilation starts anew when needed.
void process_fork_prepare(void);
void process_fork_parent(void);
void process_fork_child(void);

// Name of the guest symbol that covers an address, and the distance from its start; NULL when unknown.
// The Linux layer installs the functions; they must be thread-safe, and their strings must stay.
typedef const char *GuestSymbolFn(uint64_t addr, uint64_t *offset);
// The other way: the address of a function or variable of that name; false when none is mapped.
typedef bool GuestAddressFn(const char *name, uint64_t *addr);
// And every function of a name: plugins/event.h, event_symbol_foreach.
typedef void GuestForeachFn(const char *name, const char *file,
                            void (*fn)(uint64_t addr, bool chosen, void *opaque), void *opaque);
void process_set_symbol_lookup(GuestSymbolFn *fn, GuestAddressFn *address, GuestForeachFn *foreach);
const char *guest_symbol(uint64_t addr, uint64_t *offset);
bool guest_symbol_address(const char *name, uint64_t *addr);
void guest_symbol_foreach(const char *name, const char *file,
                          void (*fn)(uint64_t addr, bool chosen, void *opaque), void *opaque);

#endif
