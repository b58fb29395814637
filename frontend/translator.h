// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loop that every frontend's translation runs in: fetches guest code, calls the frontend for each
// instruction, decides where a block ends.

#ifndef FRONTEND_TRANSLATOR_H
#define FRONTEND_TRANSLATOR_H

#include "frontend.h"
#include "tcg/tcg-code.h"

// What a frontend wants after an instruction.
typedef enum DisasJumpType {
    DISAS_NEXT,     // go on
    DISAS_TOO_MANY, // the block is full: end it with a jump to pc_next
    DISAS_NORETURN, // the instruction has ended the block itself
    DISAS_TARGET_0, // the frontend's own
    DISAS_TARGET_1,
    DISAS_TARGET_2,
} DisasJumpType;

// Translation flags of a block (not part of its meaning, but of its key).
enum {
    CF_NO_GOTO_TB = 1,  // no direct chaining (-d nochain, hooks, --verify)
    CF_NO_GOTO_PTR = 2, // no lookup_and_goto_ptr: return to cpu_exec instead
    CF_SINGLE_STEP = 4,
    CF_PRECISE = 8,      // TCGContext.precise
    CF_TAGGED = 16,      // data addresses may have tags (GuestISA.tag_bits): clear them
    CF_WATCH = 32,       // guest accesses are looked at (runtime/breakpoint.h)
    CF_NO_BREAK = 64,    // breakpoints do not count
    CF_BREAKPOINT = 128, // of the translation alone: the block raises EXCP_DEBUG and nothing else
    // Registers are complete at each instruction's start and each block's end: somebody may look.
    CF_STATE = 1 << 16,
    CF_COUNT_MASK = 0xff00, // bits 8-15: at most so many instructions; 0: the default
    CF_COUNT_SHIFT = 8,
};

// Copies guest code at pc into buf: as many bytes as are readable and executable from there, at most
// len.  The source of truth for what the guest may execute is the runtime's memory map.
typedef size_t FetchFn(void *opaque, uint64_t pc, uint8_t *buf, size_t len);

struct DisasContextBase {
    const GuestISA *isa;
    TCGCode *code; // of the block being translated: exit_tb values name it
    TBKey key;
    uint32_t cflags;
    uint64_t pc_first; // start of the block
    uint64_t pc_next;  // the instruction being translated; the frontend advances it
    DisasJumpType is_jmp;
    unsigned num_insns, max_insns;
    FetchFn *fetch;
    void *fetch_opaque;
    uint64_t window_pc; // what translator_fetch read last
    size_t window_len;
    uint8_t window[256];
    bool fetch_fault; // see translator_fetch_fault
    uint64_t fault_addr;
};

struct TranslatorOps {
    void (*init)(DisasContextBase *db); // before anything is emitted
    void (*tb_start)(DisasContextBase *db);
    // Must emit insn_start(pc, datum) first.  Sets is_jmp, advances pc_next by the instruction's length.
    void (*translate_insn)(DisasContextBase *db);
    // Ends the block according to is_jmp.
    void (*tb_stop)(DisasContextBase *db);
    // Emits what makes all registers but the pc complete (flags that are pending).
    void (*sync_state)(DisasContextBase *db);
    // Emits a store of pc to the CPU's pc.
    void (*store_pc)(DisasContextBase *db, uint64_t pc);
};

// What a translation yields beside the ops in ctx.
typedef struct TranslationResult {
    uint64_t size; // bytes of guest code covered, from key.pc
    unsigned num_insns;
    bool fetch_fault; // the first instruction cannot be read: there is no block, the CPU faults at
    uint64_t fault_addr; // fault_addr
} TranslationResult;

// Translates one block into ctx (which becomes tcg_ctx): tcg_func_start, the exit_request check, the
// instructions, the end.  No passes are run over it.  Errors are in ctx->error.
TranslationResult translator_loop(TCGContext *ctx, const GuestISA *isa, TCGCode *code, TBKey key,
                                  uint32_t cflags, FetchFn *fetch, void *fetch_opaque);

// Helpers for frontends.
// True when a direct jump to dest may use goto_tb: chaining is on.  The destination may lie on any page,
// because the runtime unlinks what jumps to a block that it invalidates.
bool translator_use_goto_tb(const DisasContextBase *db, uint64_t dest);
// Who looks at all registers before the instruction at pc, wherever the CPU comes from: a block that looks ahead
// leaves nothing out there.  `watched` is asked by translator_is_watched; NULL, as at first: nobody looks.
void translator_set_watch(bool (*watched)(uint64_t pc));
bool translator_is_watched(uint64_t pc);
// Bytes of guest code at pc (see FetchFn).
size_t translator_fetch(const DisasContextBase *db, uint64_t pc, uint8_t *buf, size_t len);
// For translate_insn, when the instruction needs bytes that translator_fetch does not give; addr is the
// first that is missing.  Ends the block before the instruction; when it is the block's first, the
// translation yields a fetch fault instead of a block.  Sets is_jmp; pc_next must not be advanced.
void translator_fetch_fault(DisasContextBase *db, uint64_t addr);
// lookup_and_goto_ptr: jump to the block of the CPU's pc, which must be stored.
void translator_lookup_and_goto_ptr(const DisasContextBase *db);

#endif
