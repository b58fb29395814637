// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loading plugins with QEMU's interface (`-plugin`).

#ifndef PLUGINS_QEMU_LOADER_H
#define PLUGINS_QEMU_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

// Loads what `-plugin` was given: "[file=]FILE[,NAME=VALUE]..." with ,, for a comma.  guest is its name for
// the plugin.  On false, *error is one line that names the file.
bool qemu_plugin_load(const char *spec, const char *guest, GError **error);

#endif
