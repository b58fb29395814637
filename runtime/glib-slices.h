// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// GLib's own allocator must be off.  A fork's child has this thread alone: a lock that another one held stays locked.
// The C library's malloc is put right by fork, GLib's slices (before GLib 2.76) are not, and no lock of theirs can be
// taken from outside; strings, lists and tables are made of them, so a child meets that lock sooner or later.

#ifndef RUNTIME_GLIB_SLICES_H
#define RUNTIME_GLIB_SLICES_H

// To be called first in main: puts the environment back in order.
void glib_slices_off(char **argv);

#endif
