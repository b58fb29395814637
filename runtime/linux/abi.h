// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// GuestABI: what Linux on one kind of guest is.  Code outside runtime/linux/<guest>/ knows a guest
// through this table alone.

#ifndef RUNTIME_LINUX_ABI_H
#define RUNTIME_LINUX_ABI_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "frontend/frontend.h"
#include "syscall.h"
#include "task.h"

// Where a guest's Linux differs from the host's in what numbers and structures mean, a table says how.
// What stands in none of the tables is the same.
//
// Bits of flags: `host` 0 is a flag that has no meaning to the host and is dropped.
typedef struct FlagPair {
    uint64_t guest, host;
} FlagPair;
typedef struct FlagConversion {
    const struct FlagSet *set; // strace-flags.h; the set's own values are the host's
    const FlagPair *pairs;
    unsigned nb_pairs;
} FlagConversion;

typedef struct StructConversion {
    SyscallStruct type;
    uint32_t size; // the guest's
    void (*to_host)(void *host, const void *guest);
    void (*to_guest)(void *guest, const void *host);
} StructConversion;

struct GuestABI {
    const GuestISA *isa;
    SyscallABI syscalls;   // column of the system-call table
    const char *machine;   // uname -m
    const char *machine32; // the same under a personality of 32 bits (setarch linux32)
    const char *platform;  // AT_PLATFORM
    uint64_t mmap_low;     // lowest address that mmap chooses or allows
    uint64_t task_size;    // one past the highest address
    uint64_t pie_base;     // where a position-independent program is loaded
    uint64_t min_sigstack; // AT_MINSIGSTKSZ: bytes of the largest signal frame
    uint64_t min_altstack; // MINSIGSTKSZ: the least that sigaltstack takes
    uint64_t kernel_page;  // of the kernel's half, that a program may call and its map lists; 0: none
    // clone's arguments end with tls, child_tid, not child_tid, tls (CONFIG_CLONE_BACKWARDS).
    bool clone_backwards;
    const FlagConversion *flags;     // NULL: none; else ends with a row without set
    const StructConversion *structs; // NULL: none; else ends with a row of size 0
    // Code that a program finds in a page of its own, and that handlers without SA_RESTORER return to
    // (GuestProcess.sigpage); NULL where Linux has no such page.
    const void *sigpage;
    size_t sigpage_size;

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
    // What /proc/cpuinfo shows; NULL: the host's.
    void (*print_cpuinfo)(CPUState *cs, FILE *f);
    // A thread in a core file: its struct user_regs_struct (bytes written; at most 512), and its other notes.
    // NULL: there are no core files.
    size_t (*core_regs)(const CPUState *cs, void *out);
    void (*core_notes)(const CPUState *cs, struct CoreNotes *notes);
    // The guest's own options of prctl: false when it is none of them.  NULL where there are none.
    bool (*prctl)(GuestTask *task, const uint64_t a[6], int64_t *result);
};

extern const GuestABI guest_abi_x86_64;
extern const GuestABI guest_abi_aarch64;

// The ABI for an ELF file's machine and class; NULL when myna runs no such programs.
const GuestABI *guest_abi_find(uint16_t machine, uint8_t elf_class);
// The list of those that there are, with a NULL at its end.
extern const GuestABI *const guest_abis[];

// --- abi-convert.c --------------------------------------------------------------------------------
uint64_t abi_flags_to_host(const GuestABI *abi, const struct FlagSet *set, uint64_t value);
uint64_t abi_flags_to_guest(const GuestABI *abi, const struct FlagSet *set, uint64_t value);
// NULL: the guest's structure is the host's.
const StructConversion *abi_struct(const GuestABI *abi, SyscallStruct type);
uint64_t abi_struct_size(const GuestABI *abi, SyscallStruct type);

// A call's arguments on their way to the host and back.
typedef struct ConvertedArgs {
    unsigned count;
    struct ConvertedArg {
        const StructConversion *how;
        const SyscallArg *arg;
        uint64_t guest; // address
        uint8_t dir;    // DIR_*
        uint32_t elements;
        void *host;
    } args[6];
} ConvertedArgs;
// Flags alone: arguments that are values.  Done before anybody looks at them, -strace included.
void abi_values_to_host(const GuestABI *abi, const SyscallRow *row, uint64_t args[6]);
// Structures: puts copies in the host's layout in the place of the guest's.  What cannot be read stays,
// so that the host's kernel says what is wrong with it.
void abi_structs_to_host(const GuestABI *abi, const SyscallRow *row, uint64_t args[6],
                         ConvertedArgs *converted);
// After the call: writes what the host wrote; gives the call's result for the guest, or -EFAULT.
int64_t abi_structs_to_guest(const GuestABI *abi, const SyscallRow *row, const uint64_t args[6],
                             ConvertedArgs *converted, int64_t result);

#endif
