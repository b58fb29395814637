// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What PANDA plugins expect of QEMU's header of this name; see panda_plugin.h.

#ifndef MYNA_PANDA_QEMU_COMMON_H
#define MYNA_PANDA_QEMU_COMMON_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

typedef struct Monitor Monitor;

#ifdef __cplusplus
extern "C" {
#endif
// Writes to the client of the monitor that a command came from, as printf does.
void monitor_printf(Monitor *mon, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#ifdef __cplusplus
}
#endif
#endif
