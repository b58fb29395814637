// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a myna that was started by a guest's execve finds in its environment.

#ifndef RUNTIME_LINUX_EXEC_H
#define RUNTIME_LINUX_EXEC_H

#include <stdbool.h>

#include "task.h"

// Set when a guest's execve started this myna: the program's path is exact, and logs are continued.
#define EXEC_SUCCESSOR "MYNA_SUCCESSOR"

// Takes EXEC_SUCCESSOR out of an allocated environment; true when it was there.  With it come the limits
// that the program had set, and what gdb_continue wants, to be freed, or NULL.
bool exec_is_successor(char **env, GuestLimits *limits, char **debugger);
// Gives variables that were hidden from the host's dynamic linker their names again, in place.
void exec_reveal_environ(char **env);

// Makes execve work where there is no /proc, or soon will be none (chroot).
void exec_keep_program(void);

// Frees what an execve that did not return here has left behind (a child of vfork's, in its parent).
void exec_call_free(GuestTask *task);

#endif
