// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The remote protocol's letters: packets, checksums, escapes, hexadecimal.  Knows nothing of guests.

#ifndef RUNTIME_GDB_PACKET_H
#define RUNTIME_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <glib.h>

enum { GDB_PACKET_SIZE = 0x4000 }; // bytes between $ and #, as told to the debugger

typedef enum GdbInput {
    GDB_INPUT_NONE,      // nothing complete yet
    GDB_INPUT_PACKET,    // one packet is in `packet`, unescaped
    GDB_INPUT_INTERRUPT, // Ctrl-C
    GDB_INPUT_BAD,       // a packet with a wrong checksum, which is dropped: answer "-"
    GDB_INPUT_LONG,      // one that is too long, which is dropped
} GdbInput;

// Takes a stream of bytes apart.
typedef struct GdbReader {
    GByteArray *packet;
    enum { GDB_READ_IDLE, GDB_READ_BODY, GDB_READ_ESCAPE, GDB_READ_SUM1, GDB_READ_SUM2 } state;
    uint8_t sum, told;
    bool too_long;
} GdbReader;

void gdb_reader_init(GdbReader *r);
void gdb_reader_free(GdbReader *r);
GdbInput gdb_reader_feed(GdbReader *r, uint8_t byte);

// A packet around the text, escaped where it must be.
void gdb_frame(GByteArray *out, const void *data, size_t len);

// --- texts ----------------------------------------------------------------------------------------
void gdb_put_hex(GString *s, const void *bytes, size_t len);
// Takes 2 * len digits; false when there are fewer, or something else.
bool gdb_get_hex(const char *text, size_t text_len, uint8_t *bytes, size_t len);
// A number in hexadecimal at *text, which moves behind it; false when there is none.
bool gdb_parse_number(const char **text, uint64_t *value);
// Binary data as it stands inside a packet before framing.
void gdb_put_binary(GString *s, const void *bytes, size_t len);

#endif
