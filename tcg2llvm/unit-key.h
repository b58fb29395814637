// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What identifies a compiled unit to the persistent cache: a hash over everything that the lowering
// looks at.  Guest bytes would not do: ops depend on what stands around a block as well (flags that the
// next instructions overwrite), on the CPU model, on instrumentation.  So the ops themselves are hashed,
// which costs a microsecond and leaves nothing out by construction.
#ifndef MYNA_TCG2LLVM_UNIT_KEY_H
#define MYNA_TCG2LLVM_UNIT_KEY_H

#include "tcg2llvm/object-cache.h"
#include "tcg2llvm/unit.h"

typedef struct UnitHash UnitHash;

// A unit's hash is begun with what shapes all of it (`shape`: numbers of the caller's), goes on with each
// block and its ops after tcg_liveness, in order, and ends in the key.
UnitHash *unit_hash_new(void);
void unit_hash_free(UnitHash *h);
void unit_hash_begin(UnitHash *h, const uint32_t *shape, unsigned n);
void unit_hash_block(UnitHash *h, const LLVMUnitBlock *block, bool enter, const TCGContext *ctx);
ObjectKey unit_hash_end(UnitHash *h);

// What all units of a process have in common that decides about their code, as a name for a directory:
// this build, LLVM's version, the host's CPU, the guest.  NULL when the build cannot be identified.
// g_free it.
char *unit_configuration(const char *guest, const char *instrument);
// Under what the region around a head is kept: which blocks it had.
ObjectKey region_key(uint64_t pc, uint64_t mode);

#endif
