// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Accesses through tagged pointers: see fault-tag.c.

#ifndef RUNTIME_FAULT_TAG_H
#define RUNTIME_FAULT_TAG_H

#include <stdbool.h>
#include <ucontext.h>

// For the handler of a fault of guest code at an address that the host cannot have: true when the address
// is one without its upper tag_bits bits.  The access is then made when the handler returns, and followed
// by a SIGTRAP.
bool fault_tag_begin(ucontext_t *uc, unsigned tag_bits);
// For SIGTRAP's handler: true when it is that one.
bool fault_tag_end(ucontext_t *uc);
// The handler leaves by siglongjmp instead.
void fault_tag_forget(void);

#endif
