// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of guest addresses, from the symbol tables of the files that are mapped there.

#ifndef RUNTIME_LINUX_SYMBOLS_H
#define RUNTIME_LINUX_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

// GuestSymbolFn of runtime/process.h: reads a file's symbols when an address in it is first asked for.
const char *symbols_lookup(uint64_t addr, uint64_t *offset);
// GuestAddressFn of it: the address of a function or variable in the first mapped file, in address order, that has
// one of this name.
bool symbols_address(const char *name, uint64_t *addr);
// GuestForeachFn of it.
void symbols_foreach(const char *name, const char *file,
                     void (*fn)(uint64_t addr, bool chosen, void *opaque), void *opaque);

#endif
