// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// GuestABI: what Linux on one kind of guest is.  Code outside runtime/linux/<guest>/ knows a guest
// through this table alone.

#ifndef RUNTIME_LINUX_ABI_H
#define RUNTIME_LINUX_ABI_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "frontend/frontend.h"
#include "syscall.h"
#include "task.h"

struct GuestABI {
    const GuestISA *isa;
    SyscallABI syscalls;   // column of the system-call table
    const char *machine;   // uname -m
    const char *platform;  // AT_PLATFORM
    uint64_t mmap_low;     // lowest address that mmap chooses or allows
    uint64_t task_size;    // one past the highest address
    uint64_t pie_base;     // where a position-independent program is loaded
    uint64_t min_sigstack; // AT_MINSIGSTKSZ: bytes of the largest signal frame

    uint64_t (*hwcap)(CPUState *cs);
    uint64_t (*hwcap2)(CPUState *cs);
    // Registers at a program's first instruction, and of a new thread (stack 0: the parent's).
    void (*init_registers)(CPUState *cs, uint64_t entry, uint64_t sp);
    void (*clone_registers)(CPUState *child, uint64_t stack, bool set_tls, uint64_t tls);
    uint64_t (*get_sp)(const CPUState *cs);

    // A system call: number and arguments; the result (a value, or -errno); back to before the
    // instruction, so that it is executed again.
    void (*syscall_get)(CPUState *cs, uint64_t *number, uint64_t args[6]);
    void (*syscall_return)(CPUState *cs, int64_t result);
    void (*syscall_restart)(CPUState *cs);

    // Builds the frame for a handler and enters it; false when the stack cannot be written.  `mask` is
    // what sigreturn shall restore.
    bool (*setup_frame)(GuestTask *task, int sig, const siginfo_t *info,
                        const GuestSigaction *action, uint64_t mask);
    // Leaves a handler: registers, mask and alternate stack from the frame; false when it is damaged.
    bool (*sigreturn)(GuestTask *task);
    // An exception that cpu_exec returned and that is not the business of generic code: becomes a signal
    // (signal_force) or is served.
    void (*exception)(GuestTask *task, int excp);
};

extern const GuestABI guest_abi_x86_64;

// The ABI for an ELF file's machine and class; NULL when myna runs no such programs.
const GuestABI *guest_abi_find(uint16_t machine, uint8_t elf_class);

#endif
