// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// taint's two halves: taint.c puts shadow code into units, taint-events.c keeps shadow memory, and knows what is a source
// and what a sink.
//
// Every byte of guest memory and of the registers has a shadow byte: a bit for each source that it came from. Shadow
// memory is there for regions of 64 MiB that something tainted was stored to: dir[address >> 26] is what to add to an
// address to get its shadow's, or 0 where all is clean.
#ifndef MYNA_PASSES_TAINT_H
#define MYNA_PASSES_TAINT_H

#include "passes/pass.h"

enum { TAINT_REGION_BITS = 26, TAINT_REGIONS = 1 << (47 - TAINT_REGION_BITS), TAINT_PAD = 64 };

typedef struct Taint {
    MynaPassHost *host;
    bool addresses; // what is loaded from a tainted address is tainted
    size_t env_at;  // shadow of env, in the thread's block
    uint64_t *dir;
} Taint;

extern Taint taint;

// Sources and sinks out of the arguments, shadow memory; false and *error.
bool taint_events_init(const char *args, char **error);
void taint_events_syscall(void *block, const MynaSyscall *call, bool after);
void taint_events_fork_child(void);
void taint_events_end(void);
// A tainted byte is about to be stored to a region that has no shadow yet.
void taint_make_region(uint64_t addr);
// The shadow of a byte, NULL where all is clean.
uint8_t *taint_shadow_of(uint64_t addr);
// Gives a range of memory these sources.
void taint_mark(uint64_t addr, uint64_t size, uint8_t sources);
// Gives a range of memory the sources of another one, as memmove would.
void taint_move(uint64_t to, uint64_t from, uint64_t size);

// Helpers that move data in C (taint-helpers.c). wrap: puts calls around one of these that move its shadows. arguments: an i8,
// the sources of its arguments; gives those of its result.
void taint_helpers_init(void);
LLVMValueRef taint_wrap_helper(MynaPassUnit *unit, LLVMValueRef call, const char *name,
                               LLVMValueRef arguments);

#endif
