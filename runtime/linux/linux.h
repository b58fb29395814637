// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The Linux layer's one entry.

#ifndef RUNTIME_LINUX_LINUX_H
#define RUNTIME_LINUX_LINUX_H

#include <glib.h>

#include "runtime/options.h"

// Makes limits on memory that were set before myna was started (ulimit -v) the guest's; before anything needs much.
void linux_take_over_limits(void);

// Runs the program argv[0] with the arguments behind it; envp is the host's environment.  Gives the exit
// status of a program that could not be run (an error line has been printed: EXIT_NOT_FOUND,
// EXIT_CANNOT_RUN); one that runs ends the process.
int linux_user_run(const MynaOptions *opts, int argc, char **argv, char **envp);

// Called when the guest is known and before its program is loaded; gives false and an error to stop (status
// 64).  NULL: nothing.
extern bool (*linux_before_load)(const char *guest, GError **error);

#endif
