// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The interpreter: the portable engine, and the reference that the others are checked against.
//
// tcg_interp_encode turns a block's ops into bytecode: 64-bit words, each instruction the address of
// its handler followed by operands, which are offsets from env.  tcg_interp_exec runs it.  Guest
// registers are always in env between instructions, so a guest fault finds them exact.
//
// What an op means stands once, in tcg-op-int.h, tcg-op-fp.h and tcg-op-vec.h.

#ifndef TCG_INTERP_H
#define TCG_INTERP_H

#include "tcg.h"
#include "tcg-code.h"

// Goes into TCGCode.entry.  Runs code->bytecode; stays in its own loop while the next block is
// interpreted too, and tail-calls the entry of one that is not.  Each time it enters a block whose
// `hot` is set it counts *counter down (not atomically: two threads may lose a count), and calls
// hot(env, code) when that makes it 0; the block then runs on in the interpreter this time.
TCGEntry tcg_interp_exec;

// Encodes the block in s, after tcg_liveness (optional, without it nothing is fused) and
// tcg_assign_frame, at buf, which must be 8-byte aligned.  `code` is the block's own TCGCode, whose
// jump slots the bytecode names; its `bytecode` is not set here.  Gives the number of bytes used.
// 0 when it does not fit into cap, or s->error is set: then the block holds something that cannot be
// encoded (said there).  Reads s->precise, pc_offset, log_writes and guest_base.
//
// Constants that no instruction form holds get slots in the frame, behind the temps: the frame needs
// TCG_INTERP_SCRATCH bytes more than the temps.
size_t tcg_interp_encode(TCGContext *s, const TCGCode *code, void *buf, size_t cap);

enum { TCG_INTERP_SCRATCH = 256 };

// With TCGContext.log_writes: called before each store and atomic of the guest.  Set it before the
// first such block runs.
extern void (*tcg_interp_write_hook)(void *env, uint64_t addr, unsigned size);
// Called before an access with MO_ALIGN whose address is not a multiple of its size.  It normally
// does not return (cpu_loop_exit); when it does, or is NULL, the access is made.
extern void (*tcg_interp_unaligned_hook)(void *env, uint64_t addr, unsigned size, bool write);

// True when host_pc is in one of the instructions that access guest memory: a fault there is the
// guest's own.
bool tcg_interp_is_guest_access(uintptr_t host_pc);

// The bytecode, one instruction a line, with handler names (for `-d out_asm` under --tci).
void tcg_interp_dump(const void *bytecode, size_t size, FILE *f);

#endif
