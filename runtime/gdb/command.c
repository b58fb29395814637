// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The packets, by their first letter or name.  What has no row is answered with an empty packet, which says
// so.  Each command finds everything standing still.

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "runtime/linux/task.h"
#include "server.h"

// --- threads' names -----------------------------------------------------------------------------------

static bool parse_signed(const char **text, int64_t *value)
{
    uint64_t n;
    bool minus = **text == '-';
    *text += minus;
    if (!gdb_parse_number(text, &n)) {
        return false;
    }
    *value = minus ? -(int64_t)n : (int64_t)n;
    return true;
}

bool gdb_parse_thread_id(const char **text, GdbThreadId *id)
{
    *id = (GdbThreadId){-1, -1};
    if (**text != 'p') {
        return parse_signed(text, &id->tid);
    }
    ++*text;
    if (!parse_signed(text, &id->pid)) {
        return false;
    }
    if (**text != '.') {
        return true; // all threads of the process
    }
    ++*text;
    return parse_signed(text, &id->tid);
}

void gdb_put_thread_id(GString *s, const GdbThread *t)
{
    if (gdb_server.multiprocess) {
        g_string_append_printf(s, "p%x.", (unsigned)getpid());
    }
    g_string_append_printf(s, "%x", (unsigned)t->task->tid);
}

bool gdb_id_matches(const GdbThreadId *id, const GdbThread *t)
{
    return (id->pid <= 0 || id->pid == getpid()) && (id->tid <= 0 || id->tid == t->task->tid);
}

GdbThread *gdb_find_thread(const GdbThreadId *id)
{
    GdbThread *t = gdb_server.threads;
    while (t && !gdb_id_matches(id, t)) {
        t = t->next;
    }
    return t;
}

static GdbThread *general(void)
{
    return gdb_server.general ? gdb_server.general : gdb_server.threads;
}

// --- commands -----------------------------------------------------------------------------------------

typedef struct Packet {
    const char *text; // behind the row's name
    const char *whole;
    size_t len; // of the whole
} Packet;

typedef void CommandFn(const Packet *p, GString *reply);

static void cmd_why(const Packet *p, GString *reply)
{
    (void)p;
    GdbServer *s = &gdb_server;
    s->general = s->control = s->reporter ? s->reporter : s->threads;
    gdb_stop_reply(reply, general());
}

static void cmd_choose(const Packet *p, GString *reply)
{
    const char *text = p->text + 1;
    GdbThreadId id;
    if (!*p->text || !gdb_parse_thread_id(&text, &id)) {
        GDB_ERROR(reply, "16");
        return;
    }
    GdbThread *t = gdb_find_thread(&id);
    gdb_server.on_child = !t && gdb_child_exists(id.pid);
    if (gdb_server.on_child) {
        GDB_OK(reply);
        return;
    }
    if (!t) {
        GDB_ERROR(reply, "03"); // ESRCH
        return;
    }
    if (*p->text == 'g') {
        // Any thread will do: stay with the one that is chosen.
        gdb_server.general = id.tid > 0 || !gdb_server.general ? t : gdb_server.general;
    } else {
        gdb_server.control = id.tid > 0 ? t : NULL;
    }
    GDB_OK(reply);
}

static void cmd_alive(const Packet *p, GString *reply)
{
    const char *text = p->text;
    GdbThreadId id;
    if (gdb_parse_thread_id(&text, &id) && (gdb_find_thread(&id) || gdb_child_exists(id.pid))) {
        GDB_OK(reply);
    } else {
        GDB_ERROR(reply, "03");
    }
}

static void cmd_read_registers(const Packet *p, GString *reply)
{
    (void)p;
    const CPUState *cs = general()->task->cs;
    for (unsigned i = 0; i < gdb_register_count(cs); i++) {
        gdb_put_register(reply, general(), i);
    }
}

static void cmd_write_registers(const Packet *p, GString *reply)
{
    uint8_t bytes[16];
    const char *text = p->text;
    size_t left = strlen(text);
    GdbThread *t = general();
    for (unsigned i = 0; i < gdb_register_count(t->task->cs); i++) {
        unsigned size = gdb_register_size(t->task->cs, i);
        if (!gdb_get_hex(text, left, bytes, size)) {
            GDB_ERROR(reply, "16");
            return;
        }
        gdb_set_register(t, i, bytes);
        text += 2 * size;
        left -= 2 * size;
    }
    GDB_OK(reply);
}

static void cmd_read_register(const Packet *p, GString *reply)
{
    const char *text = p->text;
    uint64_t number;
    if (!gdb_parse_number(&text, &number) || number > 0xffff ||
        !gdb_put_register(reply, general(), (unsigned)number)) {
        GDB_ERROR(reply, "16");
    }
}

static void cmd_write_register(const Packet *p, GString *reply)
{
    const char *text = p->text;
    uint64_t number;
    uint8_t bytes[16];
    GdbThread *t = general();
    unsigned size;
    if (!gdb_parse_number(&text, &number) || number > 0xffff || *text++ != '=' ||
        !(size = gdb_register_size(t->task->cs, (unsigned)number)) ||
        !gdb_get_hex(text, strlen(text), bytes, size) ||
        !gdb_set_register(t, (unsigned)number, bytes)) {
        GDB_ERROR(reply, "16");
        return;
    }
    GDB_OK(reply);
}

static void cmd_memory(const Packet *p, GString *reply)
{
    gdb_memory_command(p->whole, p->len, reply);
}

static void cmd_point(const Packet *p, GString *reply)
{
    if (gdb_server.on_child) {
        GDB_OK(reply); // it has none, and gets none before it is followed
    } else {
        gdb_point(p->whole, reply);
    }
}

// ";PID" behind a detach or kill: 0 when there is none.
static int64_t process_of(const char *text)
{
    uint64_t pid = 0;
    text += *text == ';';
    return gdb_parse_number(&text, &pid) ? (int64_t)pid : 0;
}

static void cmd_detach(const Packet *p, GString *reply)
{
    int64_t pid = process_of(p->text);
    if (pid && pid != getpid()) {
        if (gdb_child_detach(pid)) {
            GDB_OK(reply);
        } else {
            GDB_ERROR(reply, "03");
        }
        return;
    }
    GDB_OK(reply);
    gdb_send_string(reply);
    g_string_truncate(reply, 0);
    gdb_detach();
    gdb_children_release(true);
}

_Noreturn static void kill_program(void)
{
    if (gdb_server.socket_path) {
        unlink(gdb_server.socket_path);
    }
    gdb_children_kill();
    kill(getpid(), SIGKILL);
    for (;;) {
        pause();
    }
}

static void cmd_kill(const Packet *p, GString *reply)
{
    (void)p;
    (void)reply;
    kill_program();
}

static void cmd_kill_process(const Packet *p, GString *reply)
{
    int64_t pid = process_of(p->text);
    if (pid && pid != getpid() && !gdb_child_exists(pid)) {
        GDB_ERROR(reply, "03");
        return;
    }
    GDB_OK(reply);
    if (pid && pid != getpid()) {
        kill((pid_t)pid, SIGKILL);
        gdb_child_detach(pid);
        return;
    }
    gdb_send_string(reply);
    kill_program();
}

static void cmd_resume_kinds(const Packet *p, GString *reply)
{
    (void)p;
    g_string_assign(reply, "vCont;c;C;s;S;r");
}

static void cmd_query(const Packet *p, GString *reply)
{
    if (g_str_has_prefix(p->whole, "qXfer:")) {
        gdb_transfer(p->whole, p->len, reply);
    } else {
        gdb_query(p->whole, reply);
    }
}

static void cmd_set(const Packet *p, GString *reply) { gdb_set(p->whole, reply); }
static void cmd_file(const Packet *p, GString *reply) { gdb_file(p->text, p->len - 6, reply); }

// --- dispatch -----------------------------------------------------------------------------------------

static const struct {
    const char *name;
    CommandFn *fn;
} commands[] = {
    {"?", cmd_why},
    {"H", cmd_choose},
    {"T", cmd_alive},
    {"g", cmd_read_registers},
    {"G", cmd_write_registers},
    {"p", cmd_read_register},
    {"P", cmd_write_register},
    {"m", cmd_memory},
    {"M", cmd_memory},
    {"x", cmd_memory},
    {"X", cmd_memory},
    {"z", cmd_point},
    {"Z", cmd_point},
    {"D", cmd_detach},
    {"k", cmd_kill},
    {"vKill;", cmd_kill_process},
    {"vCont?", cmd_resume_kinds},
    {"vFile:", cmd_file},
    {"q", cmd_query},
    {"Q", cmd_set},
};

// What makes things run has no answer yet.
static bool try_resume(const char *text, GString *reply, bool *runs)
{
    if (g_str_has_prefix(text, "vCont;")) {
        *runs = gdb_resume_actions(text + 5, reply);
        return true;
    }
    if (*text && strchr("csCS", *text)) {
        *runs = gdb_resume_old(*text, text + 1, reply);
        return true;
    }
    return false;
}

void gdb_command(const char *text, size_t len)
{
    g_autoptr(GString) reply = g_string_new(NULL);
    bool runs = false;
    if (!try_resume(text, reply, &runs)) {
        for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
            size_t n = strlen(commands[i].name);
            if (strncmp(text, commands[i].name, n) == 0) {
                commands[i].fn(&(Packet){text + n, text, len}, reply);
                break;
            }
        }
    }
    if (!runs && !gdb_server.quit) {
        gdb_send_string(reply);
    }
}
