// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What gdb knows of a guest's registers.  The rows of the guest's register table that have a GDB number are
// shown as they are; this adds what is no row there (flags put together, x87, control registers) and says
// which feature of gdb's (GDB manual, "Standard Target Features") each number belongs to.

#ifndef FRONTEND_GDB_TARGET_H
#define FRONTEND_GDB_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "helpers/cpu-state.h"

enum { GDB_REG_MAX_BYTES = 16, GDB_NO_REG = 0xffff };

// A register that is no row of the register table.
typedef struct GuestGdbReg {
    uint16_t number;
    uint8_t bits;
    const char *name, *type, *group; // group: "float", "system" or NULL: what the type says
} GuestGdbReg;

typedef struct GuestGdbFeature {
    const char *name;
    uint16_t first, last;                // numbers
    const char *vector;                  // type of the V128 rows
    const char *types;                   // their definitions, as XML; NULL: none
    bool (*present)(const CPUState *cs); // NULL: always
} GuestGdbFeature;

typedef struct GuestGdbTarget {
    const char *architecture;
    const GuestGdbFeature *features; // by number, ended by a NULL name
    const GuestGdbReg *extra;        // by number, ended by a NULL name
    uint16_t pc, sp, fp;             // numbers; fp: a frame pointer that gdb wants at each stop
    uint16_t syscall; // holds the number of the system call the thread is in, or GDB_NO_REG
    // The value of an extra register, bits / 8 bytes in the guest's order, and back.
    void (*read)(const CPUState *cs, unsigned number, uint8_t *bytes);
    void (*write)(CPUState *cs, unsigned number, const uint8_t *bytes);
} GuestGdbTarget;

#endif
