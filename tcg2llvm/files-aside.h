// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files that myna opens for a moment (the caches', LLVM itself) must not take numbers that the guest counts on: a
// guest gets the lowest free descriptor, and may close one a second time that it believes closed.  So they are
// opened on a thread that has a table of descriptors of its own.
#ifndef TCG2LLVM_FILES_ASIDE_H
#define TCG2LLVM_FILES_ASIDE_H

#include <stddef.h>

// Runs fn(opaque), on the thread with the table of its own when somebody could see the difference: the caller is one of
// myna's threads, or the guest has several.  There descriptors 0 to 2 are /dev/null, no others are open, and signals are
// blocked.  Where files are too large for the process's RLIMIT_FSIZE, writing fails, without a signal.  The caller waits;
// fn may use what it holds locked, but not lock it, and must leave nothing open.
void files_aside(void (*fn)(void *opaque), void *opaque);

// Runs fn(opaque) here; it too writes without a signal.
void files_quietly(void (*fn)(void *opaque), void *opaque);

// What a file holds, read like this; NULL when it cannot be read.  To be freed with g_free; a NUL stands behind the `len`
// bytes (which may be NULL).
char *files_aside_read(const char *path, size_t *len);

// Starts that thread, once; without it (no room for one, an old kernel) files are opened where they are asked for.  To be
// called by a guest's thread: for a moment the new thread has the guest's files open, too.
void files_aside_start(void);
// This thread is myna's: it works beside the guest.
void files_aside_background(void);
// From now on the guest has several threads.
void files_aside_share(void);
// Ends that thread; files_aside_start starts another.  While the guest has one thread, and myna no other that opens files.
void files_aside_rest(void);

// Around fork, after the locks of those who call files_aside.
void files_aside_fork_prepare(void);
void files_aside_fork_parent(void);
void files_aside_fork_child(void);

#endif
