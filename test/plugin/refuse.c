// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A plugin that does not start: it gives 3, or with gone=on takes itself out while being installed.
#include "qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)info, (void)argv;
    if (argc) {
        qemu_plugin_uninstall(id, NULL);
        return 0;
    }
    return 3;
}
