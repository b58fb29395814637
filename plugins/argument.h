// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arguments of plugins that are numbers.
#ifndef PLUGINS_ARGUMENT_H
#define PLUGINS_ARGUMENT_H

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

// The whole text is a number, as C writes it, of at most `most`.
static inline bool argument_number(const char *text, uint64_t most, uint64_t *n)
{
    char *end;
    errno = 0;
    *n = strtoull(text, &end, 0);
    return g_ascii_isdigit(text[0]) && !*end && !errno && *n <= most;
}

#endif
