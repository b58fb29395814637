// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The face of a guest instruction set.  Everything above this floor knows a guest through its GuestISA
// alone; what a guest is stands in its tables.

#ifndef FRONTEND_H
#define FRONTEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "helpers/cpu-state.h"
#include "tcg/tcg-pinned.h"
#include "tcg/tcg.h"

// A row of a guest's register table.
typedef struct GuestReg {
    const char *name;
    TCGType type;
    intptr_t offset; // in the guest's CPUArchState
    int gdb_number;  // -1: not shown to a debugger
} GuestReg;

// A register as a debugger knows it.
typedef struct GuestStateReg {
    const char *name, *feature; // of GDB's target description
    uint8_t size;               // bytes, 16 at most; little-endian
} GuestStateReg;

// What identifies a block: its pc and everything else that decides what its bytes mean.
typedef struct TBKey {
    uint64_t pc;
    uint32_t flags;
} TBKey;

enum {
    GUEST_INSN_CALL = 1,
    GUEST_INSN_RETURN = 2,
    GUEST_INSN_SYSCALL = 4,
    GUEST_INSN_HYPERCALL = 8, // the guest may talk to a plugin with it
};

typedef struct DisasContextBase DisasContextBase;
typedef struct TranslatorOps TranslatorOps;

typedef struct GuestISA {
    const char *name;      // "x86_64": QEMU's target name
    uint16_t elf_machine;  // EM_*
    uint8_t elf_class;     // ELFCLASS*
    uint8_t pointer_bits;  // 32, 64
    uint8_t max_insn_size; // bytes
    uint8_t tag_bits;      // upper bits of a data address that are ignored; see CF_TAGGED
    bool watch_before;     // a watchpoint is reported in front of the access, not behind it
    size_t env_size;       // of CPUArchState; allocated zeroed, 64-byte aligned
    size_t disas_size;     // of the frontend's DisasContext
    const GuestReg *regs;  // the TCG globals, in the order of the context's globals
    unsigned nb_regs;
    const GuestReg *state; // what is no TCG global, but passes may want to look at, by name
    unsigned nb_state;
    int pc_reg; // number in regs of the pc, when nothing but it decides where the CPU goes on; else -1
    // What compiled blocks hand to each other in host registers, nothing that get_tb_key reads; NULL: nothing.
    const TCGPinned *pinned;
    const TranslatorOps *translator;

    // One-time set-up: registers the helper tables.  Idempotent.
    void (*init)(void);
    // Power-on state for user mode under the named CPU model (NULL: the default).  false when there is
    // no such model.
    bool (*cpu_reset)(CPUState *cs, const char *model);
    // The lines of `-cpu help`.
    void (*cpu_list)(FILE *f);
    TBKey (*get_tb_key)(const CPUState *cs);
    // Of a key's flags: the mode in a return's key (tcg-returns.h), the same for the same flags alone; -1: guest calls of such
    // blocks have no frames.  The commonest are 0.
    int (*return_mode)(uint32_t flags);
    uint64_t (*get_pc)(const CPUState *cs);
    void (*set_pc)(CPUState *cs, uint64_t pc);
    // Registers as debuggers and plugins know them, in their order; between two cpu_exec calls, or with
    // fp_leave done.  set gives false for what cannot be set.
    const GuestStateReg *state_regs;
    unsigned nb_state_regs;
    void (*state_get)(const CPUState *cs, unsigned n, void *buf);
    bool (*state_set)(CPUState *cs, unsigned n, const void *buf);
    // Loads the guest's FP control state into the host FP unit before guest code runs, and takes the
    // accumulated flags back after it (leaving the emulator's own FP state in force).
    void (*fp_enter)(CPUState *cs);
    void (*fp_leave)(CPUState *cs);
    // Puts registers right that translated code leaves to be computed when guest code is left in the midst of a
    // block, or for good; NULL: there are none.
    void (*settle)(CPUState *cs);
    // Guests whose rules for NaN are not the host's may let invalid operations trap (fp_enter unmasks them on
    // the host; runtime/fault-fp.c does the rest); NULL: none does.  fp_trap: one has; true when guest code
    // should be left, because another is not to come.  fp_nan: what NaN an operation on a and b gives that is
    // invalid or has one as an operand; size is MO_32 or MO_64.
    bool (*fp_trap)(CPUState *cs);
    uint64_t (*fp_nan)(unsigned size, uint64_t a, uint64_t b);
    // What kind of instruction stands at `bytes`, as instrumentation sees it: bits of GUEST_INSN_*; its length in
    // *size, 0 when undefined.  NULL: not known, and nobody is told of calls.
    unsigned (*insn_class)(const uint8_t *bytes, size_t len, size_t *size);
    // Of an instruction that is GUEST_INSN_HYPERCALL, and begins with these bytes: the number it carries.
    uint64_t (*hypercall_number)(const CPUState *cs, uint32_t bytes);
    // One line of disassembly for the instruction at `bytes`; gives its length, 0 when undefined.
    size_t (*disassemble)(const CPUState *cs_or_null, uint64_t pc, const uint8_t *bytes, size_t len,
                          char *buf, size_t size);
    // `-d cpu`: the register state, in several lines.
    void (*dump_state)(const CPUState *cs, FILE *f);
    const struct GuestGdbTarget *gdb; // gdb-target.h
} GuestISA;

extern const GuestISA guest_isa_x86_64;
extern const GuestISA guest_isa_aarch64;

// What disassembles for guests whose frontend cannot: a higher floor's function, or NULL.  Arguments are
// LLVM's target triple and features; the rest, and the result, as GuestISA.disassemble.
typedef size_t GuestDisassembler(const char *triple, const char *features, uint64_t pc,
                                 const uint8_t *bytes, size_t len, char *buf, size_t size);
extern GuestDisassembler *frontend_disassembler;

// A TCG context for the guest, with its registers as globals (frame behind its env).
TCGContext *frontend_context_new(const GuestISA *isa);
// Bytes to allocate for a CPU: env and the interpreter's temp frame behind it.
size_t frontend_cpu_size(const GuestISA *isa);

#endif
