// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// qXfer: documents that gdb reads piece by piece.  One is made when its first piece is asked for.

#include <string.h>

#include "runtime/linux/task.h"
#include "server.h"

static GdbThread *current(void)
{
    return gdb_server.general ? gdb_server.general : gdb_server.threads;
}

// Each appends the document; false: there is none.
typedef bool MakeFn(const char *annex, GString *out);

static bool make_features(const char *annex, GString *out)
{
    if (strcmp(annex, "target.xml") != 0) {
        return false;
    }
    gdb_description(current()->task->cs, out);
    return true;
}

static bool make_auxv(const char *annex, GString *out)
{
    (void)annex;
    const GByteArray *auxv = gdb_server.process->auxv;
    g_string_append_len(out, (const char *)auxv->data, auxv->len);
    return true;
}

static bool make_exec_file(const char *annex, GString *out)
{
    (void)annex; // a process; there is one
    g_string_append(out, gdb_server.process->exe_path);
    return true;
}

static bool make_threads(const char *annex, GString *out)
{
    (void)annex;
    g_string_append(out, "<?xml version=\"1.0\"?>\n<threads>\n");
    for (const GdbThread *t = gdb_server.threads; t; t = t->next) {
        g_string_append(out, "<thread id=\"");
        gdb_put_thread_id(out, t);
        g_string_append(out, "\"/>\n");
    }
    g_string_append(out, "</threads>\n");
    return true;
}

static bool make_siginfo(const char *annex, GString *out)
{
    (void)annex;
    const GdbThread *t = current();
    siginfo_t info = t->event.info;
    if (t->event.kind != GDB_EVENT_SIGNAL) {
        memset(&info, 0, sizeof(info));
        info.si_signo = t->event.kind == GDB_EVENT_INTERRUPT ? SIGINT : SIGTRAP;
    }
    g_string_append_len(out, (const char *)&info, sizeof(info));
    return true;
}

static const struct {
    const char *name;
    MakeFn *make;
} objects[] = {
    {"features", make_features}, {"auxv", make_auxv},       {"exec-file", make_exec_file},
    {"threads", make_threads},   {"siginfo", make_siginfo},
};

static MakeFn *find_object(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(objects); i++) {
        if (!strcmp(name, objects[i].name)) {
            return objects[i].make;
        }
    }
    return NULL;
}

static void read_piece(const char *name, MakeFn *make, const char *annex, const char *range,
                       GString *reply)
{
    GdbServer *s = &gdb_server;
    uint64_t offset, len;
    if (!gdb_parse_number(&range, &offset) || *range++ != ',' || !gdb_parse_number(&range, &len)) {
        GDB_ERROR(reply, "16");
        return;
    }
    g_autofree char *full = g_strconcat(name, ":", annex, NULL);
    if (!s->document || offset == 0 || g_strcmp0(full, s->document_name) != 0) {
        if (!s->document) {
            s->document = g_string_new(NULL);
        }
        g_string_truncate(s->document, 0);
        g_free(s->document_name);
        s->document_name = g_strdup(full);
        if (!make(annex, s->document)) {
            g_clear_pointer(&s->document_name, g_free);
            GDB_ERROR(reply, "00");
            return;
        }
    }
    if (offset > s->document->len) {
        GDB_ERROR(reply, "16");
        return;
    }
    size_t n = MIN(MIN(s->document->len - offset, len), (size_t)GDB_PACKET_SIZE / 2 - 16);
    g_string_append_c(reply, offset + n < s->document->len ? 'm' : 'l');
    gdb_put_binary(reply, s->document->str + offset, n);
}

// siginfo alone: what the guest's handler will see.
static void write_siginfo(const char *range, const char *end, GString *reply)
{
    GdbThread *t = current();
    uint64_t offset;
    if (!gdb_parse_number(&range, &offset) || *range++ != ':' ||
        t->event.kind != GDB_EVENT_SIGNAL || offset > sizeof(siginfo_t) ||
        (size_t)(end - range) > sizeof(siginfo_t) - offset) {
        GDB_ERROR(reply, "16");
        return;
    }
    memcpy((char *)&t->event.info + offset, range, (size_t)(end - range));
    g_string_printf(reply, "%x", (unsigned)(end - range));
}

// qXfer:OBJECT:read:ANNEX:OFFSET,LENGTH and qXfer:OBJECT:write:ANNEX:OFFSET:DATA
void gdb_transfer(const char *text, size_t len, GString *reply)
{
    g_auto(GStrv) words = g_strsplit(text, ":", 5);
    if (g_strv_length(words) < 5) {
        return;
    }
    MakeFn *make = find_object(words[1]);
    if (make && !strcmp(words[2], "read")) {
        read_piece(words[1], make, words[3], words[4], reply);
    } else if (make == make_siginfo && !strcmp(words[2], "write")) {
        const char *range = text + strlen("qXfer:siginfo:write::") + strlen(words[3]);
        write_siginfo(range, text + len, reply);
    }
}
