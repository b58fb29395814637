// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// x/FORMAT ADDRESS: guest memory as numbers, characters, strings or instructions, with gdb's letters.

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cpu-list.h"
#include "runtime/guest-disas.h"
#include "runtime/guest-memory.h"
#include "runtime/monitor/monitor.h"
#include "runtime/process.h"

enum { MAX_COUNT = 4096, STRING_MAX = 200 };

typedef struct Format {
    unsigned count, size; // size: bytes of a number
    char letter;          // x d u o c s i
} Format;

bool monitor_parse_address(const char *text, uint64_t *address)
{
    char *end;
    if (!*text) {
        return false;
    }
    *address = g_ascii_strtoull(text, &end, 0);
    if (end != text && !*end && *text != '-') {
        return true;
    }
    return guest_symbol_address(text, address);
}

// Reads /FORMAT; gives what follows it, or NULL when it is wrong.
static const char *parse_format(const char *text, Format *f)
{
    *f = (Format){.count = 1, .size = 4, .letter = 'x'};
    if (*text != '/') {
        return text;
    }
    char *after;
    text++;
    if (g_ascii_isdigit(*text)) {
        unsigned long count = strtoul(text, &after, 10);
        if (count < 1 || count > MAX_COUNT) {
            return NULL;
        }
        f->count = (unsigned)count;
        text = after;
    }
    for (; *text && !g_ascii_isspace(*text); text++) {
        static const char sizes[] = "bhwg";
        const char *size = strchr(sizes, *text);
        if (size) {
            f->size = 1u << (size - sizes);
        } else if (strchr("xduocsi", *text)) {
            f->letter = *text;
            f->size = *text == 'c' ? 1 : f->size;
        } else {
            return NULL;
        }
    }
    return text;
}

static void print_number(Monitor *mon, const Format *f, const uint8_t *bytes)
{
    uint64_t v = 0;
    for (unsigned i = f->size; i-- > 0;) {
        v = v << 8 | bytes[i];
    }
    unsigned bits = f->size * 8;
    switch (f->letter) {
    case 'x': monitor_printf(mon, " 0x%0*" PRIx64, (int)f->size * 2, v); break;
    case 'o': monitor_printf(mon, " 0%" PRIo64, v); break;
    case 'u': monitor_printf(mon, " %" PRIu64, v); break;
    case 'd': monitor_printf(mon, " %" PRId64, (int64_t)(v << (64 - bits)) >> (64 - bits)); break;
    default:
        if (v >= ' ' && v < 0x7f) {
            monitor_printf(mon, " '%c'", (int)v);
        } else {
            monitor_printf(mon, " '\\%03o'", (unsigned)(v & 0xff));
        }
    }
}

static void print_numbers(Monitor *mon, const Format *f, uint64_t at)
{
    unsigned per_line = 16 / f->size;
    for (unsigned i = 0; i < f->count; i++, at += f->size) {
        uint8_t bytes[8];
        if (i % per_line == 0) {
            monitor_printf(mon, "%s0x%016" PRIx64 ":", i ? "\n" : "", at);
        }
        if (!guest_read(at, bytes, f->size)) {
            monitor_printf(mon, " cannot be read\n");
            return;
        }
        print_number(mon, f, bytes);
    }
    monitor_printf(mon, "\n");
}

static void print_strings(Monitor *mon, const Format *f, uint64_t at)
{
    for (unsigned i = 0; i < f->count; i++) {
        int64_t length = guest_strlen(at, STRING_MAX);
        char bytes[STRING_MAX + 1];
        if (length < 0 || !guest_read(at, bytes, (size_t)length)) {
            monitor_printf(mon, "0x%016" PRIx64 ": cannot be read\n", at);
            return;
        }
        bytes[length] = 0;
        g_autofree char *shown = g_strescape(bytes, NULL);
        monitor_printf(mon, "0x%016" PRIx64 ": \"%s\"%s\n", at, shown,
                       length == STRING_MAX ? "..." : "");
        at += (uint64_t)length + (length < STRING_MAX);
    }
}

static void take_isa(CPUState *cs, void *opaque) { *(const GuestISA **)opaque = cs->isa; }

static void print_instructions(Monitor *mon, const Format *f, uint64_t at)
{
    const GuestISA *isa = NULL;
    cpu_list_foreach(take_isa, &isa); // they are all alike
    for (unsigned i = 0; isa && i < f->count; i++) {
        char text[128];
        uint64_t offset = 0;
        const char *name = guest_symbol(at, &offset);
        size_t length = guest_disassemble(isa, at, text, sizeof(text));
        monitor_printf(mon, "0x%016" PRIx64, at);
        if (name) {
            monitor_printf(mon, " <%s+%" PRIu64 ">", name, offset);
        }
        if (!length) {
            monitor_printf(mon, ": no instruction can be read\n");
            return;
        }
        monitor_printf(mon, ": %s\n", text);
        at += length;
    }
}

const char *monitor_examine(Monitor *mon, const char *args)
{
    Format f;
    uint64_t at;
    args = parse_format(args, &f);
    if (!args) {
        return "the format must be a count up to 4096, one of x d u o c s i, and one of b h w g";
    }
    while (g_ascii_isspace(*args)) {
        args++;
    }
    if (!monitor_parse_address(args, &at)) {
        return "it needs an address or a symbol";
    }
    void (*print)(Monitor *, const Format *, uint64_t) = f.letter == 's'   ? print_strings
                                                         : f.letter == 'i' ? print_instructions
                                                                           : print_numbers;
    print(mon, &f, at);
    return NULL;
}
