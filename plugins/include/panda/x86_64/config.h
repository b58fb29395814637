// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a PANDA plugin for x86-64 guests is built with; see panda_plugin.h.

#ifndef MYNA_PANDA_CONFIG_H
#define MYNA_PANDA_CONFIG_H

#define CONFIG_USER_ONLY 1
#define CONFIG_LINUX_USER 1
#define CONFIG_LLVM 1
#define TARGET_I386 1
#define TARGET_X86_64 1
#define TARGET_LONG_BITS 64
#define TARGET_ABI_BITS 64
#define MYNA_PANDA_TARGET "x86_64"

#endif
