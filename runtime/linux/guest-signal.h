// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Signals of the guest.  See the head of guest-signal.c for how they travel.

#ifndef RUNTIME_LINUX_GUEST_SIGNAL_H
#define RUNTIME_LINUX_GUEST_SIGNAL_H

#include "task.h"

// Host handlers and inherited dispositions, once, before the first task runs.
void signal_init(GuestProcess *process, GuestTask *task);
// The host's dispositions once more from the guest's actions.
void signal_install_all(const GuestProcess *process);
// What is not ignored gets its default action again (CLONE_CLEAR_SIGHAND).
void signal_clear_handlers(GuestProcess *process);

// The host's mask becomes full (but for faults) until the next signal_deliver, which is asked for.
// Gives true when a signal had been captured before: the caller gives ERESTARTSYS then, if it can.
bool signal_block_host(GuestTask *task);
// Delivers what is pending and not blocked, then makes the host's mask the guest's.
void signal_deliver(GuestTask *task);
// The host's mask for a guest's mask: signals of faults are never blocked.
void signal_set_host_mask(uint64_t guest_mask);

// Interrupts the task's host thread, in guest code or in a host call that is then made again.  Any thread.
void signal_kick(GuestTask *task);
// Does a signal that has been captured, and is not blocked, have a handler of the guest's?
bool signal_handler_is_due(GuestTask *task);

// A fault of the guest's own: pending at once, and deadly when blocked or ignored (force_sig of Linux).
void signal_force(GuestTask *task, int sig, int code, uint64_t addr);
// Sets the guest's mask; what was captured and is free now becomes pending.
void signal_set_blocked(GuestTask *task, uint64_t mask);

// The alternate stack as the handler's frame needs it: the stack pointer to begin at.
uint64_t signal_frame_sp(GuestTask *task, const GuestSigaction *action, uint64_t sp);
bool signal_on_altstack(const GuestTask *task, uint64_t sp);
// The alternate stack that a frame holds comes back with sigreturn; nonsense is ignored, as by Linux.
void signal_restore_altstack(GuestTask *task, uint64_t sp, uint32_t flags, uint64_t size);

// A host call that waits under another mask of the guest's (ppoll, sigsuspend): a signal that ends the
// wait is delivered under it, and the old one restored by the handler's frame.  The call's own mask
// argument must be signal_host_mask(mask).
int64_t signal_with_mask(GuestTask *task, uint64_t mask, long number, const uint64_t args[6]);
uint64_t signal_host_mask(uint64_t guest_mask);

#endif
