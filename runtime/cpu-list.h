// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The CPUs of the process, and what the runtime keeps for each.

#ifndef RUNTIME_CPU_LIST_H
#define RUNTIME_CPU_LIST_H

#include <setjmp.h>

#include "frontend/frontend.h"
#include "tb.h"

// Lies in front of the CPU's CPUArchState.
typedef struct CPUPrivate {
    struct CPUPrivate *prev, *next; // the list of CPUs
    size_t allocated;               // bytes from here on
    size_t env_size;
    uint64_t
        guest_since; // --stats: CPU time when the thread entered guest code; 0: it is not there
    bool in_guest;   // generated code or a helper of it runs
    bool fp_loaded;  // the guest's FP control state is in the host's FP unit
    // It runs in another process that shares the memory: a thread begun there would end with it.
    bool starts_nothing;
    uint32_t once_cflags;   // translation flags of the next block alone; 0: none
    uint32_t own_cflags;    // of all its blocks, beside those of every CPU (single step)
    uint64_t stress_random; // --stress: of this CPU's events
    // Standing still (cpu-stop.c).
    atomic_bool parked;
    unsigned holds;
    // The guest access that a watchpoint has caught, until somebody is told (breakpoint.c).
    uint8_t watch_kind; // WATCH_*, 0: none
    uint64_t watch_addr;
    TBJumpCacheEntry jump_cache[TB_JMP_CACHE_SIZE];
} CPUPrivate;

enum { CPU_PRIVATE_SIZE = (sizeof(CPUPrivate) + 63) & ~63 };

static inline CPUPrivate *cpu_private(const CPUState *cs)
{
    return (CPUPrivate *)((char *)cs - CPU_PRIVATE_SIZE);
}
static inline CPUState *cpu_of_private(CPUPrivate *p)
{
    return (CPUState *)((char *)p + CPU_PRIVATE_SIZE);
}

// insn_pc when no memory access of a precise block is under way.
#define INSN_PC_NONE UINT64_MAX

// The jump cache's block for the key, or NULL; in a read-side section.
const TCGCode *cpu_jump_cache_get(const CPUState *cs, TBKey key, uint32_t cflags);
// Puts a block that was found into the CPU's jump cache; in a read-side section.  False when the block has
// gone meanwhile.
bool cpu_jump_cache_set(CPUState *cs, TranslationBlock *tb);
// Takes the block out of every CPU's jump cache: it goes, or its entry is another now.
void cpu_list_forget_tb(const TranslationBlock *tb);
// Nothing is looked up in jump caches any more.
void cpu_list_end_jump_caches(void);
// The translation flags that blocks are looked up with now (cpu-exec.c): of every CPU, of this one.
uint32_t cpu_current_cflags(void);
static inline uint32_t cpu_cflags(const CPUState *cs)
{
    return cpu_current_cflags() | cpu_private(cs)->own_cflags;
}
// Sets or clears flags that every CPU's blocks are looked up with.
void cpu_change_cflags(uint32_t set, uint32_t clear);
// Asks for a flush of the block cache by the next CPU that comes by; any thread, no lock needed.
void cpu_request_flush(void);
// Sets or clears flags that every CPU's blocks are looked up with.
void cpu_change_cflags(uint32_t set, uint32_t clear);
unsigned cpu_list_count(void);
unsigned cpu_list_indices(void); // one more than the highest index that a CPU ever had
const GuestISA *cpu_isa(void);   // of the CPUs; NULL before the first
// Calls fn for each CPU of the process, under the list's lock: fn may take no other.
void cpu_list_foreach(void (*fn)(CPUState *cs, void *opaque), void *opaque);

void cpu_list_fork_prepare(void);
void cpu_list_fork_parent(void);
void cpu_list_fork_child(void); // only current_cpu is left

#endif
