// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sources of bytes in pipes, sockets and files (taint-flow.c). labels: a byte of sources for each of n bytes; NULL
// where all are clean. offset: where in the file, or -1: where the descriptor stands.
#ifndef MYNA_PASSES_TAINT_FLOW_H
#define MYNA_PASSES_TAINT_FLOW_H

#include <stdbool.h>
#include <stdint.h>

// In front of a system call that writes to fd, and behind it, by the same thread: result is how much it wrote, or negative.
void taint_flow_sends(int fd, const uint8_t *labels, uint64_t n);
void taint_flow_sent(int fd, int64_t result);
bool taint_flow_is_queue(int fd);
// The n bytes that have been written, if fd is a file.
void taint_flow_wrote(int fd, int64_t offset, const uint8_t *labels, uint64_t n);
// The n bytes that have been read; they stay in a queue if `stays`. Fills in what is known; false when that is nothing.
bool taint_flow_read(int fd, int64_t offset, uint8_t *labels, uint64_t n, bool stays);
// The file may have been made shorter.
void taint_flow_cut(int fd);
void taint_flow_fork_child(void);

#endif
