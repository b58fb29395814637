// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plugins with the interface of plugins/include/insn/plugins.h.

#ifndef PLUGINS_INSN_LOADER_H
#define PLUGINS_INSN_LOADER_H

#include "plugins/loader/loader.h"

extern const PluginFace insn_plugin_face;

#endif
