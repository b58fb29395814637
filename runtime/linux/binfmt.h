// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `myna binfmt`: the kernel starts guest programs with myna by itself (binfmt_misc).

#ifndef RUNTIME_LINUX_BINFMT_H
#define RUNTIME_LINUX_BINFMT_H

#include <stdbool.h>

#include "abi.h"

// install, remove, status or print, and the guests it is for (none: all that the host's processor does not
// run itself).  Gives the exit status; what is wrong has been said.
int binfmt_command(int argc, char **argv);

// The line for /etc/binfmt.d and the kernel's register file; g_free it.
char *binfmt_line(const GuestABI *abi, const char *interpreter);

// Was this process started by an entry that hands over the program's own argv[0]?
//     myna PROGRAM ARGV0 ARGS...
bool binfmt_started_us(void);

#endif
