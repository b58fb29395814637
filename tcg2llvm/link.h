// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The linker: puts a relocatable object that the code generator wrote (or that the persistent cache
// kept) into the slab, ready to run. See link.c; users of the JIT see jit.h.
#ifndef MYNA_TCG2LLVM_LINK_H
#define MYNA_TCG2LLVM_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

#include "tcg2llvm/jit.h"
#include "tcg2llvm/slab.h"
#include "tcg2llvm/state-notes.h"

typedef struct Linker Linker;

// A global symbol that an object defines.
typedef struct LinkedSymbol {
    const char *name;
    uint8_t *address;
    size_t size; // bytes
} LinkedSymbol;

// An object in the slab. One allocation, names included.
typedef struct LinkedObject {
    SlabBlock *block;
    size_t text_size;  // bytes of code at block->base; constants follow
    void *notes;       // state-notes.h; NULL: none
    size_t notes_size; // bytes
    size_t n_symbols;
    LinkedSymbol symbols[];
} LinkedObject;

// The slab must outlive the linker. Never fails.
Linker *linker_new(Slab *slab);
void linker_free(Linker *linker);

// Makes a native address known under a name (copied). A later definition of the same name counts
// from then on. Thread-safe.
void linker_define(Linker *linker, const char *name, const void *address);

// The address behind a name: what was defined, else what the process exports (dlsym), else NULL.
// Thread-safe.
void *linker_resolve(Linker *linker, const char *name);

// The name behind an address that was defined or resolved, or NULL; for disassembly. Thread-safe.
const char *linker_name_of(Linker *linker, const void *address);

// An image: what is loaded of an object, with its relocations and names, in one piece of memory that
// stands alone and may be kept on disk (link.c has its layout). NULL and an error (JIT_ERROR_OBJECT)
// when `bytes` is no ELF object for the host that can be loaded, JIT_ERROR_NOTES when its stack maps cannot be made notes of
// (state-notes.h). `unit` names it in messages.
GBytes *linker_image(const char *unit, const void *bytes, size_t size, GError **error);

// Puts an image into the slab. Its names are looked for in `locals` first, then with linker_resolve.
// NULL and an error of jit_error_quark() (JIT_ERROR_FULL, JIT_ERROR_SYMBOL, JIT_ERROR_OBJECT) on failure.
// Thread-safe.
LinkedObject *linker_place(Linker *linker, const char *unit, const void *image, size_t size,
                           const JitSymbol *locals, size_t n_locals, GError **error);

// Gives the object's place back. Nothing may run in it. NULL is allowed.
void linker_unlink(Linker *linker, LinkedObject *object);

// At a fault: if an object has a note of the access at this address (state_notes_recover).  For signal handlers of threads that
// are in compiled code.
bool linker_recover(Linker *linker, const void *at, const StateRegs *regs, void *env, uint64_t *pc);

// Around fork(), as slab_lock; takes the slab's lock too.
void linker_lock(Linker *linker);
void linker_unlock(Linker *linker);

#endif
