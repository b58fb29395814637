// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plugins at the start.

#ifndef RUNTIME_PLUGIN_START_H
#define RUNTIME_PLUGIN_START_H

#include <stdbool.h>
#include <glib.h>

// Loads what -plugin and -panda named, for this guest ("x86_64"), and gives the monitor its commands for
// plugins.  False and one line when one cannot be loaded.
bool plugin_start(const char *guest, GError **error);

#endif
