// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stopping CPUs, so that somebody else can look at them: the debugger, the monitor.
//
//     cpus_stop();       // a thread that runs no CPU; returns when each stands still
//     ... cpu_list_foreach: registers, memory ...
//     cpus_resume();
//
// A CPU stands still at its gate, which its loop passes before each cpu_exec (cpu_gate), or while it is
// away in a host call that nobody can interrupt (vfork) and will come to the gate before it touches guest
// state again.  There its registers may be read and written.

#ifndef RUNTIME_CPU_STOP_H
#define RUNTIME_CPU_STOP_H

#include <signal.h>
#include <stdbool.h>

#include "helpers/cpu-state.h"

// Stops nest: each needs its cpus_resume.
void cpus_stop(void);
void cpus_resume(void);
// The halves of cpus_stop.  The first only asks and may be called by a thread that runs a CPU; the second
// waits, and must not be.
void cpus_stop_begin(void);
void cpus_stop_wait(void);
bool cpus_are_stopping(void); // a stop is asked for or in force

// One CPU that stays at its gate, whatever cpus_resume lets go.  Nests.
void cpu_hold(CPUState *cs);
void cpu_unhold(CPUState *cs);

// For the loop that runs a CPU: waits while it is to stand still.  The first when nothing is asked is one
// load.
void cpu_gate(CPUState *cs);
// Around a host call that does not end when it is interrupted.
void cpu_away_begin(CPUState *cs);
void cpu_away_end(CPUState *cs); // waits as cpu_gate does

// How a CPU's host thread is interrupted in a host call; the Linux layer installs it.
void cpu_stop_set_kick(void (*kick)(CPUState *cs));
// A CPU has been freed: who waits looks again (cpu-list.c).
void cpu_stop_forget(void);

void cpu_stop_fork_prepare(void);
void cpu_stop_fork_parent(void);
void cpu_stop_fork_child(void); // nothing is stopped or held any more

#endif
