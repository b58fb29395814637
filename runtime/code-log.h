// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tells tools on the host which guest code a piece of machine code came from: perf by -perfmap and
// -jitdump, gdb on myna itself by --gdb-jit.

#ifndef RUNTIME_CODE_LOG_H
#define RUNTIME_CODE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "options.h"

void code_log_init(const MynaOptions *opts);
// `size` bytes of machine code at `host`, for guest code that begins at pc; tier: "quick", "llvm", "way" (tb-way.h).
// Before it is run.  Any thread, with the block cache's lock or not.
void code_log_add(const void *host, size_t size, uint64_t pc, const char *tier);
// It is about to be freed.
void code_log_remove(const void *host);
void code_log_finish(void); // the process ends

void code_log_fork_prepare(void);
void code_log_fork_parent(void);
void code_log_fork_child(void); // has files of its own, with all that its parent had

#endif
