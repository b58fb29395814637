// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The event core's inside, for the runtime: where events come from.  See plugins/event.h.
//
// Costs nothing when nobody subscribes: each source looks at event_wanted first, one load.

#ifndef RUNTIME_EVENT_INTERNAL_H
#define RUNTIME_EVENT_INTERNAL_H

#include <stdatomic.h>

#include "frontend/translator.h"
#include "plugins/event.h"

// How many hooks of each kind there are.
extern _Atomic uint32_t event_counts[EVENT_KINDS];
static inline bool event_wanted(EventKind kind)
{
    return __builtin_expect(atomic_load_explicit(&event_counts[kind], memory_order_relaxed) != 0,
                            0);
}

// Calls the subscribers.  Fills e->vcpu from the calling thread's CPU.
void event_fire(Event *e);
// The calling thread's CPU is set (current_cpu); kinds that carry nothing.
void event_fire_plain(EventKind kind);
void event_fire_map(uint64_t start, uint64_t end, int prot, const char *name, uint64_t offset,
                    bool is_new);

// --- event.c ---
// The pc was set inside a callback that has no other way out than this: does not return there.
void event_escape(void);
// True when something shapes blocks or is called from them: blocks must be looked at.
bool event_shapes_blocks(void);
bool event_edges_wanted(void);
bool event_calls_wanted(void);
bool event_pc_hooks_wanted(void);
// The hooks on pc, NULL when there is none; under tb_lock.
typedef struct EventPCHook {
    EventExecFn *fn;
    void *opaque;
} EventPCHook;
unsigned event_pc_hooks(uint64_t pc, EventPCHook *hooks, unsigned max);
// Clients that are to go when nothing of theirs can run: taken before a flush of the block cache and a
// grace period, finished after them, outside read-side sections.
typedef struct EventRemovals EventRemovals;
EventRemovals *event_take_removals(void);
void event_finish_removals(EventRemovals *r);
// The process ends: other guest threads stop for good.  False when this one has stopped them before.
bool event_stop_others(void);
// The process ends: other guest threads stop, EVENT_EXIT is fired.
void event_exit(int status);
// For a CPU that is about to enter guest code: does not return when the process is ending.
void event_park_if_ending(void);
void event_fork_prepare(void);
void event_fork_done(void);

// --- event-block.c ---
struct TranslationBlock;
// Asks the subscribers about a block whose ops are in ctx; bytes: its guest code.  Gives what they want on
// it (NULL: nothing).  Under tb_lock.
EventBlock *event_block_new(const GuestISA *isa, TCGContext *ctx, uint64_t pc, uint32_t size,
                            const uint8_t *bytes);
// The first instruction of the block in ctx, but for the first of all, that has a PC hook; 0: none.
unsigned event_first_hooked_insn(TCGContext *ctx);
// Has somebody asked for registers, so that the block must be translated with CF_STATE?
bool event_block_needs_state(const EventBlock *b);
// The block's code is not at hand any more.
void event_block_seal(EventBlock *b);
// Adds the actions to the block's ops.
void event_block_inject(const EventBlock *b, TCGContext *ctx);
void event_block_free(EventBlock *b);

// --- event-fp.c ---
// A callback that may compute in floating point comes.
void event_fp_watch(void);
// Adds what such callbacks must know to a block's ops, its own events' among them.
void event_fp_inject(TCGContext *ctx);

// --- event-block.c, going on ---
void event_block_init(void); // helpers
// CPUState.access_hook.
void event_helper_access(CPUState *cs, uint64_t addr, uint32_t size, bool write);
// CPUState.access_run_hook.
void event_helper_access_run(CPUState *cs, const CPUAccessRun *run);
// The CPU has left guest code (cpu_exec): reports the edge that is pending.
void event_edge_leave(CPUState *cs, bool completed);

// --- event-state.c ---
// What plugins are told of the program: set once, before it runs.
void event_set_program(const char *path, uint64_t start, uint64_t end, uint64_t entry);
// Memory of the CPU's boards; called when the CPU is made.
void event_board_attach(CPUState *cs);

#endif
