// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sources of bytes in pipes, sockets and files (taint-flow.c). labels: a byte of sources for each of n bytes; NULL
// where all are clean. offset: where in the file, or -1: where the descriptor stands.
#ifndef MYNA_PASSES_TAINT_FLOW_H
#define MYNA_PASSES_TAINT_FLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

// A message of the guest's: where its bytes are, in guest memory, and where it goes if it says so (family 0: it does not).
typedef struct TaintMessage {
    const struct iovec *iov;
    unsigned count;
    struct sockaddr_storage to;
} TaintMessage;

// In front of a system call that writes to fd, and behind it, by the same thread: result is how much it wrote, or negative.
// m may be NULL, here and below.
void taint_flow_sends(int fd, const TaintMessage *m, const uint8_t *labels, uint64_t n);
void taint_flow_sent(int fd, int64_t result);
// May it be one?
bool taint_flow_is_queue(int fd);
// The n bytes that have been written, if fd is a file.
void taint_flow_wrote(int fd, int64_t offset, const uint8_t *labels, uint64_t n);
// The n bytes that have been read; they stay in a queue if `stays`. Fills in what is known; false when that is nothing.
bool taint_flow_read(int fd, const TaintMessage *m, int64_t offset, uint8_t *labels, uint64_t n,
                     bool stays);
// The slot of the file (taint-shared.h), 0: it is none.
uint64_t taint_flow_file(int fd);
// The file may have been made shorter.
void taint_flow_cut(int fd);
void taint_flow_fork_child(void);

#endif
