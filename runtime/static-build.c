// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In myna-static alone: the linker (--wrap) puts these in the place of the dynamic linker's functions.  A statically linked
// program could load no library that was not built against its own copy of libc.
#include <stddef.h>

#include "tcg2llvm/llvm-shim/load.h"

const char static_build_reason[] =
    "this myna is linked statically: it loads no LLVM, passes or plugins";

void *__wrap_dlopen(const char *file, int flags);
void *__wrap_dlsym(void *handle, const char *name);
char *__wrap_dlerror(void);

void *__wrap_dlopen(const char *file, int flags)
{
    (void)file;
    (void)flags;
    return NULL;
}

void *__wrap_dlsym(void *handle, const char *name)
{
    (void)handle;
    (void)name;
    return NULL;
}

char *__wrap_dlerror(void) { return (char *)static_build_reason; }
