// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A library that guest-hooks.c opens while it runs.
long later(long n) { return n * 7; }
