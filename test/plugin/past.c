// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A plugin for a version of the interface that nobody has any more.
#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = 1;

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)id, (void)info, (void)argc, (void)argv;
    return 0;
}
