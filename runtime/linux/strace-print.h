// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values out of guest memory in strace's notation.  Whatever cannot be read is printed as its address.

#ifndef RUNTIME_LINUX_STRACE_PRINT_H
#define RUNTIME_LINUX_STRACE_PRINT_H

#include <glib.h>
#include <signal.h>

#include "abi.h"

void print_pointer(GString *out, uint64_t addr);
// A string of `len` bytes, or up to its NUL when len is negative; cut after 32 bytes or, for a name, at
// PATH_MAX.
void print_string(GString *out, uint64_t addr, int64_t len);
void print_string_array(GString *out, uint64_t addr);
void print_environ(GString *out, uint64_t addr);
// limit: bytes that were transferred, -1 for all.
void print_iovec(GString *out, uint64_t addr, uint64_t count, int64_t limit);
void print_sockaddr(GString *out, uint64_t addr, uint32_t len);
void print_fcntl_arg(GString *out, int cmd, uint64_t value);
// count: -1 for one structure, else an array.
void print_struct(GString *out, SyscallStruct type, uint64_t addr, int64_t count);
// The same for a guest whose structure is not the host's.
void print_converted_struct(GString *out, const StructConversion *how, uint64_t addr,
                            int64_t count);
void print_siginfo(GString *out, const siginfo_t *info);

#endif
