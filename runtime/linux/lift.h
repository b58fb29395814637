// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `myna lift FILE ADDRESS|SYMBOL [-O N]`: prints the LLVM IR of a function without running it.

#ifndef RUNTIME_LINUX_LIFT_H
#define RUNTIME_LINUX_LIFT_H

// The words behind `myna lift`; gives the exit status (64: wrong words, 126, 127: the file cannot be used, 70).
int lift_command(int argc, char **argv);

#endif
