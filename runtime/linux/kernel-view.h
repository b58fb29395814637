// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the kernel shows others of this process: ps, pgrep -f and whoever else reads /proc/PID/cmdline and
// /proc/PID/environ are to see the guest's strings, as it changes them (setproctitle), and not the emulator's.

#ifndef RUNTIME_LINUX_KERNEL_VIEW_H
#define RUNTIME_LINUX_KERNEL_VIEW_H

#include <stdbool.h>

#include "elf-stack.h"

// Tells the kernel where the strings are.  False: it shows the emulator's (it cannot be told without checkpoint
// support, or there is no /proc).
bool kernel_view_show(const StackStrings *strings);

#endif
