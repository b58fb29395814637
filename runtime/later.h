// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is done when no CPU can be in guest code any more that saw it: freeing blocks, units, tables, hooks.
//
// liburcu's call_rcu would do it, but for its thread: it cannot be ended, and every child of a fork has one at once.  Some
// system calls want a process with one thread (process_end_helpers).
#ifndef RUNTIME_LATER_H
#define RUNTIME_LATER_H

#include <stdbool.h>

// Part of what is to be freed.
typedef struct Later Later;
typedef void LaterFn(Later *l);
struct Later {
    Later *next;
    LaterFn *fn;
};

// Calls fn(l) on a thread of its own, after a grace period.  Waits for nobody, and may be called with tb_lock.
void later_call(Later *l, LaterFn *fn);
// Returns when all that was handed over before has been called.  Not in a read-side section, nor with a lock that one of
// the functions takes.
void later_barrier(void);

// Starts the thread, if it is not there yet: before a process is made that shares the memory.
void later_start(void);
// Ends it, until there is something to do again.
void later_rest(void);

// Around fork.  prepare comes before all other locks, for the thread may be waiting for CPUs that wait for them; lock after
// them, for later_call is called with them.
void later_fork_prepare(void);
void later_fork_lock(void);
void later_fork_done(bool in_child);

#endif
