// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Breakpoints and watchpoints of whoever debugs the guest.  Both make cpu_exec return EXCP_DEBUG.
//
// A breakpoint is decided when a block is translated: a block ends in front of it, and the block at its
// address does nothing but raise EXCP_DEBUG.  So code costs what it did, in each engine, and code that is
// cached already is translated anew.
//
// While there are watchpoints every CPU runs blocks translated with CF_WATCH, in which each guest access is
// looked at by a helper.  They are other blocks than those without, so both stay cached.  The access
// that hits has not been made yet: its instruction begins again and is stepped, unless the guest's hardware
// reports in front of it (GuestISA.watch_before).

#ifndef RUNTIME_BREAKPOINT_H
#define RUNTIME_BREAKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "helpers/cpu-state.h"
#include "tcg/tcg.h"

typedef enum WatchKind { WATCH_WRITE = 1, WATCH_READ = 2, WATCH_ACCESS = 3 } WatchKind;

// Breakpoints are a set.  Any thread, outside cpu_exec.  A CPU that runs notices at its next block.
void breakpoint_insert(uint64_t pc);
void breakpoint_remove(uint64_t pc);
// Is there one that the CPU would stop at now?
bool breakpoint_hit(const CPUState *cs);
// Watchpoints: every CPU must stand still (cpu-stop.h).  False when there is no such one, or no room.
bool watchpoint_insert(uint64_t addr, uint64_t len, WatchKind kind);
bool watchpoint_remove(uint64_t addr, uint64_t len, WatchKind kind);
// What the CPU's last EXCP_DEBUG was about, when a watchpoint: its kind, and the address that was accessed.
// Forgets it.
bool watchpoint_take_hit(CPUState *cs, uint64_t *addr, WatchKind *kind);
// Readies a CPU that is about to run (cpu_exec).
void watchpoint_arm_cpu(CPUState *cs);
void breakpoint_clear_all(void); // both; every CPU stands still, or there is one alone (after fork)

// --- for the translation (tb-gen.c), under tb_lock ------------------------------------------------------
// The first breakpoint in [start, end); false when there is none.
bool breakpoint_find(uint64_t start, uint64_t end, uint64_t *pc);
// Puts a look at each guest access into the block's ops.
void watchpoint_add_checks(TCGContext *ctx);

#endif
