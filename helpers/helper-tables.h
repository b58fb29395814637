// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration of the helper tables, one function a table.  Called once each by a guest's init.

#ifndef HELPERS_HELPER_TABLES_H
#define HELPERS_HELPER_TABLES_H

void helpers_common_register(void);
void helpers_x86_register(void);
void helpers_aarch64_register(void);

#endif
