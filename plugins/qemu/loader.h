// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loading plugins with QEMU's interface (`-plugin`).

#ifndef PLUGINS_QEMU_LOADER_H
#define PLUGINS_QEMU_LOADER_H

#include "plugins/loader/loader.h"

extern const PluginFace qemu_plugin_face;

#endif
