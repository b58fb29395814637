// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The gdb server's own state.  `lock` guards what guest threads share with the server's thread: the list of
// threads, their events, `run`.  While everything stands still the server's thread owns the rest.

#ifndef RUNTIME_GDB_SERVER_H
#define RUNTIME_GDB_SERVER_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <glib.h>

#include "gdb.h"
#include "packet.h"
#include "runtime/breakpoint.h"

typedef struct GdbThread GdbThread;

// What a thread has to report.
typedef enum GdbEventKind {
    GDB_EVENT_NONE,
    GDB_EVENT_ATTACH,    // it stands still because a debugger came
    GDB_EVENT_INTERRUPT, // Ctrl-C
    GDB_EVENT_SIGNAL,
    GDB_EVENT_BREAK,
    GDB_EVENT_STEP,
    GDB_EVENT_WATCH,
    GDB_EVENT_SYSCALL_ENTRY,
    GDB_EVENT_SYSCALL_RETURN,
    GDB_EVENT_FORK,
    GDB_EVENT_VFORK,
    GDB_EVENT_VFORK_DONE,
    GDB_EVENT_EXEC,
} GdbEventKind;

typedef struct GdbEvent {
    GdbEventKind kind;
    int sig;        // the host's number
    uint64_t value; // address that was accessed, system call, child
    WatchKind watch;
    siginfo_t info;
} GdbEvent;

struct GdbThread {
    GdbThread *next;
    GuestTask *task;
    GdbEvent event;
    bool unreported; // event waits for its turn
    bool held;       // stays while others run
    // How it was resumed.
    int signal;        // to be delivered instead of the one reported, the host's number
    uint64_t injected; // sig_bits: from the debugger, not to be reported to it
    bool stepping;
    uint64_t range_start, range_end; // steps inside are not reported
    // The system call it is in, or -1; made_again: its entry was reported already.
    int64_t syscall;
    bool made_again;
    GdbEvent forked;   // to be reported at its end
    pid_t vfork_child; // for which it waits, and which was reported
};

typedef enum GdbRun {
    GDB_RUNNING,
    GDB_STOPPING, // a thread has an event, not all stand still yet
    GDB_STOPPED,
    GDB_ENDED, // the process's end has been told
} GdbRun;

typedef struct GdbServer {
    bool on; // -g was given
    pthread_mutex_t lock;
    int listen_fd, fd, wake_fd; // fd: the debugger, -1
    char *socket_path;          // of a Unix socket, to be removed
    GuestProcess *process;
    GdbThread *threads;
    GdbRun run;
    GdbThread *reporter; // whose event is under way

    // The debugger's.
    GdbReader reader;
    bool no_ack, quit;  // quit: the connection is to end
    bool attached_late; // qAttached
    bool multiprocess, swbreak, hwbreak;
    bool fork_events, vfork_events, exec_events;
    bool on_child;                // H named a child that is not decided about (follow.c)
    bool follows;                 // a child of fork: it begins standing still
    int parent_pipe;              // and this says what becomes of it
    GdbThread *general, *control; // H
    uint64_t pass_signals;        // host numbers as sig_bit: not to be reported
    bool catch_all_syscalls;
    GHashTable *catch_syscalls; // numbers
    GString *thread_list;       // what qsThreadInfo goes on with
    GString *document;          // qXfer object that is being read
    char *document_name;
} GdbServer;

extern GdbServer gdb_server;

GdbThread *gdb_thread_of(GuestTask *task);

// --- session.c ------------------------------------------------------------------------------------
void gdb_send(const char *data, size_t len);
static inline void gdb_send_string(const GString *s) { gdb_send(s->str, s->len); }
void gdb_wake(void); // the server's thread is to look at `run`
// The debugger leaves: the program runs on without it.
void gdb_detach(void);
void gdb_set_attached(bool on);
// Makes everything stand still before the first task runs, which has the event to report.
bool gdb_start_stopped(GuestTask *task, GdbEventKind kind);
bool gdb_start_thread(void *(*fn)(void *)); // of the server
// Serves the debugger that is there until it goes; then others, one after the other.
void gdb_serve_line(void);
void gdb_serve_listeners(void);

// --- stop.c ---------------------------------------------------------------------------------------
// Stops everything for the server's thread; the event is thread's (NULL: any).
void gdb_stop_all(GdbEventKind kind);
// All stand still: which event is the answer to "?".
void gdb_finish_stop(void);
void gdb_stop_reply(GString *reply, const GdbThread *thread);
// A guest thread, which runs on `cs`, stands still until the debugger has seen the event of `thread` (itself, but for
// a child of vfork) and lets it go on.
void gdb_report(GdbThread *thread, const GdbEvent *event, CPUState *cs);

// --- follow.c: children that the debugger has not decided about ------------------------------------
bool gdb_child_exists(int64_t pid);
bool gdb_child_detach(int64_t pid); // it runs free; false: there is no such child
void gdb_children_kill(void);
// All run free; take_over: but for the last one, which goes on with the line.
void gdb_children_release(bool take_over);

// --- resume.c -------------------------------------------------------------------------------------
// vCont's actions; c, s, C and S.  true: everything runs, an answer comes later.
bool gdb_resume_actions(const char *actions, GString *reply);
bool gdb_resume_old(char what, const char *args, GString *reply);
void gdb_resume_all(void);

// --- command.c ------------------------------------------------------------------------------------
// One packet; the answer is sent.
void gdb_command(const char *text, size_t len);
// "p1.2", "1", "-1", "0": what the letters name; false when they cannot be read.
typedef struct GdbThreadId {
    int64_t pid, tid; // -1: all, 0: any
} GdbThreadId;
bool gdb_parse_thread_id(const char **text, GdbThreadId *id);
void gdb_put_thread_id(GString *s, const GdbThread *thread);
GdbThread *gdb_find_thread(const GdbThreadId *id);
bool gdb_id_matches(const GdbThreadId *id, const GdbThread *thread);

// --- query.c, transfer.c, vfile.c -----------------------------------------------------------------
// False: there is no such packet.
bool gdb_query(const char *text, GString *reply);
bool gdb_set(const char *text, GString *reply);
void gdb_transfer(const char *text, size_t len, GString *reply);
void gdb_file(const char *text, size_t len, GString *reply);
void gdb_file_close_all(void);

// --- points.c -------------------------------------------------------------------------------------
void gdb_point(const char *text, GString *reply); // Z and z
void gdb_points_apply(void);                      // before things run
void gdb_points_clear(void);

// --- registers.c, memory.c ------------------------------------------------------------------------
void gdb_description(const CPUState *cs, GString *xml);
unsigned gdb_register_count(const CPUState *cs);
// Bytes of register `number`, appended as digits; 0 when there is no such.
bool gdb_put_register(GString *s, const GdbThread *thread, unsigned number);
bool gdb_set_register(GdbThread *thread, unsigned number, const uint8_t *bytes);
unsigned gdb_register_size(const CPUState *cs, unsigned number);
void gdb_memory_command(const char *text, size_t len, GString *reply); // m M x X
// As much as is readable.
size_t gdb_read_memory(uint64_t addr, void *buf, size_t len);
bool gdb_write_memory(uint64_t addr, const void *buf, size_t len);

// --- signals.c ------------------------------------------------------------------------------------
// gdb numbers signals its own way (include/gdb/signals.def).
int gdb_signal_from_host(int sig);
int gdb_signal_to_host(int number); // 0: none

#define GDB_OK(reply) g_string_assign((reply), "OK")
#define GDB_ERROR(reply, number) g_string_assign((reply), "E" number)

#endif
