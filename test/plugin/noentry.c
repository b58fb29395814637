// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A shared object that is no plugin.
int nothing = 1;
