// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See packet.h; GDB manual, "Overview" of the remote serial protocol.

#include "packet.h"

#include <string.h>

enum { ESCAPE = '}', ESCAPE_XOR = 0x20, INTERRUPT = 3 };

void gdb_reader_init(GdbReader *r) { *r = (GdbReader){.packet = g_byte_array_new()}; }

void gdb_reader_free(GdbReader *r) { g_clear_pointer(&r->packet, g_byte_array_unref); }

static int digit(uint8_t c) { return g_ascii_xdigit_value((char)c); }

static void take(GdbReader *r, uint8_t byte)
{
    if (r->packet->len < 2 * GDB_PACKET_SIZE) {
        g_byte_array_append(r->packet, &byte, 1);
    } else {
        r->too_long = true;
    }
}

GdbInput gdb_reader_feed(GdbReader *r, uint8_t c)
{
    switch (r->state) {
    case GDB_READ_IDLE:
        if (c == INTERRUPT) {
            return GDB_INPUT_INTERRUPT;
        }
        if (c == '$') {
            g_byte_array_set_size(r->packet, 0);
            r->sum = 0;
            r->too_long = false;
            r->state = GDB_READ_BODY;
        }
        return GDB_INPUT_NONE; // acknowledgements, line noise
    case GDB_READ_BODY:
        if (c == '#') {
            r->state = GDB_READ_SUM1;
            return GDB_INPUT_NONE;
        }
        r->sum += c;
        if (c == ESCAPE) {
            r->state = GDB_READ_ESCAPE;
        } else {
            take(r, c);
        }
        return GDB_INPUT_NONE;
    case GDB_READ_ESCAPE:
        r->sum += c;
        take(r, c ^ ESCAPE_XOR);
        r->state = GDB_READ_BODY;
        return GDB_INPUT_NONE;
    case GDB_READ_SUM1:
        r->told = (uint8_t)(digit(c) << 4);
        r->state = GDB_READ_SUM2;
        return GDB_INPUT_NONE;
    case GDB_READ_SUM2: break;
    }
    r->state = GDB_READ_IDLE;
    r->told |= (uint8_t)(digit(c) & 15);
    if (r->told != r->sum) {
        return GDB_INPUT_BAD;
    }
    if (r->too_long) {
        return GDB_INPUT_LONG;
    }
    g_byte_array_append(r->packet, (const uint8_t *)"", 1); // a text for those who want one
    g_byte_array_set_size(r->packet, r->packet->len - 1);
    return GDB_INPUT_PACKET;
}

void gdb_frame(GByteArray *out, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint8_t sum = 0;
    char tail[4];
    g_byte_array_append(out, (const uint8_t *)"$", 1);
    for (size_t i = 0; i < len; i++) {
        sum += p[i];
    }
    g_byte_array_append(out, p, (guint)len);
    g_snprintf(tail, sizeof(tail), "#%02x", sum);
    g_byte_array_append(out, (const uint8_t *)tail, 3);
}

void gdb_put_hex(GString *s, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++) {
        g_string_append_printf(s, "%02x", p[i]);
    }
}

bool gdb_get_hex(const char *text, size_t text_len, uint8_t *bytes, size_t len)
{
    if (text_len < 2 * len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        int high = g_ascii_xdigit_value(text[2 * i]), low = g_ascii_xdigit_value(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool gdb_parse_number(const char **text, uint64_t *value)
{
    const char *p = *text;
    *value = 0;
    for (int d; (d = g_ascii_xdigit_value(*p)) >= 0; p++) {
        *value = *value << 4 | (unsigned)d;
    }
    bool any = p != *text;
    *text = p;
    return any;
}

void gdb_put_binary(GString *s, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++) {
        if (strchr("$#}*", p[i]) && p[i]) {
            g_string_append_c(s, ESCAPE);
            g_string_append_c(s, (char)(p[i] ^ ESCAPE_XOR));
        } else {
            g_string_append_c(s, (char)p[i]);
        }
    }
}
