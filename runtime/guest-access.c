// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Guest memory from outside guest code: copies that survive a fault, and the text of /proc/self/maps.

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cpu-exec.h"
#include "guest-memory-internal.h"
#include "tb.h"
#include "tcg2llvm/files-aside.h"

typedef struct Copy {
    void *dst;
    const void *src;
    size_t len;
} Copy;

static void do_copy(void *opaque)
{
    const Copy *c = opaque;
    memcpy(c->dst, c->src, c->len);
}

bool guest_read(uint64_t addr, void *buf, size_t len)
{
    Copy c = {buf, g2h(addr), len};
    return guest_access_ok(addr, len, PROT_READ) && cpu_guard_access(do_copy, &c, NULL);
}

bool guest_write(uint64_t addr, const void *buf, size_t len)
{
    Copy c = {g2h(addr), buf, len};
    return guest_access_ok(addr, len, PROT_WRITE) && cpu_guard_access(do_copy, &c, NULL);
}

typedef struct Length {
    const char *s;
    size_t max, len;
} Length;

static void do_strnlen(void *opaque)
{
    Length *l = opaque;
    // Page by page: strnlen may look at no byte behind the page that holds the end.
    while (l->len < l->max) {
        size_t room = GUEST_PAGE_SIZE - ((uintptr_t)(l->s + l->len) & ~GUEST_PAGE_MASK);
        room = MIN(room, l->max - l->len);
        size_t n = strnlen(l->s + l->len, room);
        l->len += n;
        if (n < room) {
            return;
        }
    }
}

int64_t guest_strlen(uint64_t addr, size_t max)
{
    Length l = {.s = g2h(addr), .max = max};
    if (!guest_access_ok(addr, 1, PROT_READ) || !cpu_guard_access(do_strnlen, &l, NULL)) {
        return -1;
    }
    return (int64_t)l.len;
}

void guest_memory_prepare_write(uint64_t addr, uint64_t len)
{
    if (len && tb_protected_pages()) {
        tb_unprotect_range(addr, addr + len);
    }
}

bool guest_memory_unprotect_all(void)
{
    return tb_protected_pages() && tb_unprotect_range(0, UINT64_MAX);
}

// --- /proc/self/maps ------------------------------------------------------------------------------

// The part [start, end) of the host mapping that `tail` describes (offset, device, inode, name).
static void print_piece(FILE *out, const GuestRegion *r, uint64_t start, uint64_t end,
                        uint64_t host_start, const char *tail)
{
    uint64_t offset = 0;
    char rest[4352];
    if (sscanf(tail, "%" SCNx64 " %4351[^\n]", &offset, rest) < 2) {
        return;
    }
    // Only files have offsets that count on.
    bool file = strncmp(rest, "00:00 0", 7) != 0;
    char text[4608];
    int n = snprintf(text, sizeof(text), "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " ",
                     start, end, r->prot & PROT_READ ? 'r' : '-', r->prot & PROT_WRITE ? 'w' : '-',
                     r->prot & PROT_EXEC ? 'x' : '-', r->flags & MAP_SHARED ? 's' : 'p',
                     file ? offset + (start - host_start) : 0);
    char device[32];
    unsigned long inode = 0;
    int used = 0;
    if (sscanf(rest, "%31s %lu %n", device, &inode, &used) < 2) {
        return;
    }
    const char *name = file ? rest + used : r->name ? r->name : "";
    n += snprintf(text + n, sizeof(text) - (size_t)n, "%s %lu", device, inode);
    // The kernel pads to the 73rd column when there is a name, and ends with a space when not.
    fprintf(out, *name ? "%-72s %s\n" : "%s %s\n", text, name);
}

// Prints the guest's part of one host mapping; gives whether there was any.
static bool print_host_line(FILE *out, const char *line, uint64_t kernel_page)
{
    uint64_t start, end;
    int used = 0;
    bool any = false;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*4s %n", &start, &end, &used) < 2 || !used) {
        return false;
    }
    if (kernel_page && start == kernel_page) {
        fputs(line, out);
        return true;
    }
    guest_map_rdlock();
    start = h2g((void *)(uintptr_t)start);
    end = h2g((void *)(uintptr_t)end);
    for (unsigned i = guest_map_index(start); i < guest_map_count(); i++) {
        const GuestRegion *r = guest_map_get(i);
        if (r->start >= end) {
            break;
        }
        print_piece(out, r, MAX(r->start, start), MIN(r->end, end), start, line + used);
        any = true;
    }
    guest_map_unlock();
    return any;
}

static bool is_header(const char *line)
{
    return strchr(line, '-') && g_ascii_isxdigit(line[0]) && !g_ascii_isupper(line[0]);
}

void guest_memory_print_maps(FILE *out, bool smaps, uint64_t kernel_page)
{
    g_autofree char *text = files_aside_read(smaps ? "/proc/self/smaps" : "/proc/self/maps", NULL);
    bool ours = true;
    for (char *line = text, *end; line && *line; line = end) {
        end = strchr(line, '\n');
        end = end ? end + 1 : line + strlen(line);
        g_autofree char *copy = g_strndup(line, (gsize)(end - line));
        if (!smaps || is_header(copy)) {
            ours = !print_host_line(out, copy, kernel_page);
        } else if (!ours) {
            fputs(copy, out);
        }
    }
}
