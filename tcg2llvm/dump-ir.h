// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --dump-ir=DIR: a file for each unit, and an index.
//
//   DIR/0000000000401000-main.ll   the unit as lowered, guest operations as named calls (guest-ops.h), guest
//                                  pc and disassembly as metadata and comments.  opt and llc take it as
//                                  it stands.  A second unit of the same address gets "-2" and so on.
//   DIR/index.tsv                  a header line, then: file, guest pc, guest bytes, symbol, blocks,
//                                  instructions, kind (block or region)
#ifndef MYNA_TCG2LLVM_DUMP_IR_H
#define MYNA_TCG2LLVM_DUMP_IR_H

#include "tcg2llvm/jit.h"
#include "tcg2llvm/tier.h"

typedef struct DumpIR DumpIR;

// Starts the index.  NULL and an error (G_FILE_ERROR) when the directory cannot be written.  host must
// outlive the result.
DumpIR *dump_ir_open(const char *dir, const LLVMTierHost *host, GError **error);
void dump_ir_close(DumpIR *dump);
// Writes a unit of n blocks.  Thread-safe; a failure to write is reported on standard error, once.
void dump_ir_unit(DumpIR *dump, LLVMModuleRef module, const LLVMBlockInfo *blocks, unsigned n,
                  const char *kind);
// Writes what the passes made of the unit that the calling thread dumped last, as *.passes.ll beside it.
void dump_ir_passes(DumpIR *dump, LLVMModuleRef module);
// Around fork(); NULL is allowed.
void dump_ir_lock(DumpIR *dump);
void dump_ir_unlock(DumpIR *dump);

// Prints a module with the guest's disassembly as comments beside the guest.insn calls.
void dump_ir_print(LLVMModuleRef module, const LLVMTierHost *host, FILE *out);

#endif
