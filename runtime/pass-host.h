// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The runtime's side of passes (tcg2llvm/instrument.h): loads what the options name, tells passes about the
// guest, and carries the events of threads, forks, system calls and the process's end to them.  Each
// function does nothing when no pass was asked for.

#ifndef RUNTIME_PASS_HOST_H
#define RUNTIME_PASS_HOST_H

#include <glib.h>

#include "frontend/frontend.h"
#include "options.h"
#include "tcg2llvm/instrument.h"

// Opens passes, plugins and libraries.
bool pass_host_load(const MynaOptions *opts, GError **error);
// The guest is known: passes start.  What they refuse ends myna (EXIT_USAGE).
void pass_host_start(const GuestISA *isa);
// Files that passes share with the program that is executed: each adds ",NAME:DESCRIPTOR" to the text, and stays open.
// inherit: what the new program makes of such an item. failed: the execution did.
void pass_host_exec_prepare(GString *text);
void pass_host_exec_failed(void);
void pass_host_inherit(const char *item);
// NULL: none.
Instrument *pass_host_instrument(void);

void pass_host_cpu_new(CPUState *cs);
void pass_host_cpu_free(CPUState *cs);

static inline bool pass_host_wants_syscalls(void)
{
    extern bool pass_host_syscalls;
    return pass_host_syscalls;
}
void pass_host_syscall(CPUState *cs, const MynaSyscall *call, bool after);

// The results are due.  Nothing in a child by vfork, which is its parent still.
// A helper has accessed guest memory while CPUState.pass_insn was set.
void pass_host_access(CPUState *cs, uint64_t pc, uint64_t addr, uint32_t size, bool write);
void pass_host_access_run(CPUState *cs, uint64_t pc, const CPUAccessRun *run);
void pass_host_end(MynaPassEnd why);

void pass_host_fork_prepare(void);
void pass_host_fork_parent(void);
void pass_host_fork_child(void);

#endif
