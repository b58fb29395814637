// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A line of a test plugin into the log.
#ifndef TEST_PLUGIN_SAY_H
#define TEST_PLUGIN_SAY_H

#include <stdarg.h>

#include <glib.h>

#include "plugins/event.h"

static inline __attribute__((format(printf, 1, 2))) void say(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    event_log(text);
}

#endif
