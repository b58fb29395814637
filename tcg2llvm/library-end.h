// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What bitcode libraries want to have done at the end: the destructors of their objects, of the process and of
// threads. A library's calls of atexit(3) and of what the C++ ABI has for it come here
// (llvm-shim/library.cpp): the C library would call them when the host's process or thread ends, after what they use
// has gone.
#ifndef MYNA_TCG2LLVM_LIBRARY_END_H
#define MYNA_TCG2LLVM_LIBRARY_END_H

#include <stdbool.h>
#include <stddef.h>

#include "tcg2llvm/jit.h"

// at: where in a thread's block there is room for LIBRARY_END_SIZE zeroed bytes.
enum { LIBRARY_END_SIZE = sizeof(void *) };
void library_end_start(Jit *jit, size_t at);
// Is there anything to be done when the process ends?  block: of the thread that ends it, or NULL.
bool library_end_waits(const void *block);
// Calls what was asked for, the last one first, once.  The block must be the calling thread's (myna_pass_block).
void library_end_thread(void *block);
void library_end_process(void);

#endif
