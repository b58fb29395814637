// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of the files that passes and plugins write results to: one for each process of a run, and in the place where the
// user was, wherever the guest has gone.

#ifndef RUNTIME_RESULT_FILE_H
#define RUNTIME_RESULT_FILE_H

#include <stdbool.h>

// The absolute path of a result file, to be freed: %p becomes the process id; not in the first program of the run, a
// name without %p gets ".PID" behind it, but for those under /dev. Relative names start at the run's directory.
char *result_file_path(const char *name);
// This is a child by fork, or a program that was executed.
void result_file_set_successor(void);
bool result_file_is_successor(void);
// Where the run was started; the first call finds it, if it was not set.
const char *result_file_directory(void);
void result_file_set_directory(const char *path);

#endif
