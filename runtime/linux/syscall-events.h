// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// System calls as events (plugins/event.h).  To be called when event_wanted says so.

#ifndef RUNTIME_LINUX_SYSCALL_EVENTS_H
#define RUNTIME_LINUX_SYSCALL_EVENTS_H

#include "syscall.h"

// Before the call; number and args are the guest's and may be changed.  True: it is not to be made, and
// *result is its result.
bool syscall_event_before(GuestTask *task, uint64_t *number, uint64_t args[6], int64_t *result);
// After it; gives the result that the guest gets.
int64_t syscall_event_after(GuestTask *task, uint64_t number, const uint64_t args[6],
                            int64_t result);
// Does somebody want to know that this call may sleep?
bool syscall_event_waits(const SyscallRow *row);

#endif
