// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plugins with PANDA's interface (plugins/include/panda).

#ifndef PLUGINS_PANDA_LOADER_H
#define PLUGINS_PANDA_LOADER_H

#include "plugins/loader/loader.h"

extern const PluginFace panda_plugin_face;

// `-panda`: "a;b:key=value,key=value".  Each name is looked for as panda_NAME.so in $PANDA_PLUGIN_DIR, beside
// myna in panda_plugins/, and beside myna.  False and one line when one cannot be loaded.
bool panda_load_list(const char *list, const char *guest, GError **error);
// `-panda-arg`: "plugin:key=value".  NULL, or what is wrong with it.
const char *panda_add_arg(const char *text);

#endif
