// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Guest memory for the debugger, which may also write where the guest may not: a constant, code.

#include <string.h>

#include "runtime/cpu-exec.h"
#include "runtime/guest-memory-internal.h"
#include "server.h"

size_t gdb_read_memory(uint64_t addr, void *buf, size_t len)
{
    size_t done = 0;
    while (done < len) {
        size_t n = MIN(len - done, GUEST_PAGE_SIZE - ((addr + done) & ~GUEST_PAGE_MASK));
        if (!guest_read(addr + done, (char *)buf + done, n)) {
            break;
        }
        done += n;
    }
    return done;
}

// Everything stands still, so nobody sees the page writable for the moment.
static bool write_protected_page(uint64_t addr, const void *buf, size_t len)
{
    GuestRegion r;
    uint64_t page = addr & GUEST_PAGE_MASK;
    if (!guest_memory_find(addr, &r) || (r.prot & PROT_WRITE) ||
        mprotect(g2h(page), GUEST_PAGE_SIZE, PROT_READ | PROT_WRITE) < 0) {
        return false;
    }
    memcpy(g2h(addr), buf, len);
    mprotect(g2h(page), GUEST_PAGE_SIZE, guest_host_prot(r.prot));
    tb_invalidate_range(page, page + GUEST_PAGE_SIZE);
    return true;
}

bool gdb_write_memory(uint64_t addr, const void *buf, size_t len)
{
    for (size_t done = 0; done < len;) {
        size_t n = MIN(len - done, GUEST_PAGE_SIZE - ((addr + done) & ~GUEST_PAGE_MASK));
        const char *from = (const char *)buf + done;
        if (!guest_write(addr + done, from, n) && !write_protected_page(addr + done, from, n)) {
            return false;
        }
        done += n;
    }
    return true;
}

static void read_command(char how, uint64_t addr, uint64_t len, GString *reply)
{
    uint8_t buf[GDB_PACKET_SIZE / 2 - 64];
    size_t n = gdb_read_memory(addr, buf, MIN(len, sizeof(buf)));
    if (n == 0 && len != 0) {
        GDB_ERROR(reply, "0e"); // EFAULT
    } else if (how == 'm') {
        gdb_put_hex(reply, buf, n);
    } else {
        g_string_append_c(reply, 'b');
        gdb_put_binary(reply, buf, n);
    }
}

void gdb_memory_command(const char *text, size_t len, GString *reply)
{
    const char *p = text + 1, *end = text + len;
    uint64_t addr, count;
    if (!gdb_parse_number(&p, &addr) || *p++ != ',' || !gdb_parse_number(&p, &count)) {
        GDB_ERROR(reply, "16"); // EINVAL
        return;
    }
    if (*text == 'm' || *text == 'x') {
        read_command(*text, addr, count, reply);
        return;
    }
    uint8_t buf[GDB_PACKET_SIZE];
    const void *bytes = buf;
    bool whole = *p++ == ':' && count <= sizeof(buf);
    if (whole && *text == 'X') {
        bytes = p;
        whole = (size_t)(end - p) == count;
    } else if (whole) {
        whole = gdb_get_hex(p, (size_t)(end - p), buf, count);
    }
    if (!whole) {
        GDB_ERROR(reply, "16");
    } else if (!gdb_write_memory(addr, bytes, count)) {
        GDB_ERROR(reply, "0e");
    } else {
        GDB_OK(reply);
    }
}
