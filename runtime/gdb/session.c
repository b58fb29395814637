// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The server's socket and thread: a debugger comes, is served, and goes; then another may come.
//
//   detach        the program runs on without a debugger
//   a lost line   what stood still stays so for the next debugger, what ran runs on (gdb's `disconnect`)

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/cpu-list.h"
#include "runtime/cpu-stop.h"
#include "runtime/linux/guest-signal.h"
#include "runtime/process.h"
#include "server.h"

// --- the line ---------------------------------------------------------------------------------------

static bool write_all(int fd, const uint8_t *p, size_t len)
{
    while (len) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        p += n;
        len -= (size_t)n;
    }
    return true;
}

void gdb_send(const char *data, size_t len)
{
    GByteArray *out = g_byte_array_sized_new((guint)len + 8);
    gdb_frame(out, data, len);
    write_all(gdb_server.fd, out->data, out->len); // a broken line shows at the next read
    g_byte_array_unref(out);
}

void gdb_wake(void)
{
    uint64_t one = 1;
    if (write(gdb_server.wake_fd, &one, sizeof(one)) < 0) {
        return; // full: it is awake
    }
}

// --- coming and going -------------------------------------------------------------------------------

static void reset_features(GdbServer *s)
{
    s->no_ack = s->quit = s->multiprocess = s->swbreak = s->hwbreak = s->on_child = false;
    s->fork_events = s->vfork_events = s->exec_events = false;
    s->pass_signals = 0;
    s->catch_all_syscalls = false;
    g_clear_pointer(&s->catch_syscalls, g_hash_table_unref);
}

void gdb_set_attached(bool on)
{
    GdbServer *s = &gdb_server;
    pthread_mutex_lock(&s->lock);
    atomic_store(&gdb_is_attached, on);
    pthread_mutex_unlock(&s->lock);
    // With a debugger every signal comes through us first.
    pthread_mutex_lock(&s->process->lock);
    signal_install_all(s->process);
    pthread_mutex_unlock(&s->process->lock);
}

static void attach(GdbServer *s)
{
    reset_features(s);
    gdb_stop_all(GDB_EVENT_ATTACH);
    cpus_stop_wait(); // at the start: until the first thread has come to its gate
    gdb_set_attached(true);
}

void gdb_detach(void)
{
    GdbServer *s = &gdb_server;
    gdb_points_clear();
    gdb_set_attached(false);
    s->attached_late = true;
    s->quit = true;
    gdb_resume_all();
}

static void hang_up(GdbServer *s)
{
    if (gdb_attached()) { // the line was lost
        bool ran = s->run == GDB_RUNNING;
        if (ran) {
            gdb_stop_all(GDB_EVENT_ATTACH);
        }
        gdb_points_clear();
        gdb_set_attached(false);
        s->attached_late = true;
        if (ran) {
            gdb_resume_all();
        }
    }
    gdb_children_release(false);
    gdb_file_close_all();
    int fd = s->fd;
    s->fd = -1;
    process_close_own_fd(fd);
}

// --- the thread -------------------------------------------------------------------------------------

static void take_interrupt(GdbServer *s)
{
    if (s->run != GDB_RUNNING) {
        return;
    }
    gdb_stop_all(GDB_EVENT_INTERRUPT);
    if (s->reporter) {
        g_autoptr(GString) reply = g_string_new(NULL);
        gdb_stop_reply(reply, s->reporter);
        gdb_send_string(reply);
    }
}

static void take_event(GdbServer *s)
{
    uint64_t ignored;
    if (read(s->wake_fd, &ignored, sizeof(ignored)) < 0 || s->run != GDB_STOPPING) {
        return;
    }
    gdb_finish_stop();
    g_autoptr(GString) reply = g_string_new(NULL);
    gdb_stop_reply(reply, s->reporter);
    gdb_send_string(reply);
}

static bool take_bytes(GdbServer *s)
{
    uint8_t bytes[4096];
    ssize_t n = recv(s->fd, bytes, sizeof(bytes), 0);
    if (n <= 0) {
        return n < 0 && errno == EINTR;
    }
    for (ssize_t i = 0; i < n && !s->quit; i++) {
        GdbInput in = gdb_reader_feed(&s->reader, bytes[i]);
        if (in == GDB_INPUT_INTERRUPT) {
            take_interrupt(s);
        } else if (in != GDB_INPUT_NONE) {
            if (!s->no_ack) {
                write_all(s->fd, (const uint8_t *)(in == GDB_INPUT_BAD ? "-" : "+"), 1);
            }
            if (in == GDB_INPUT_LONG) {
                gdb_send("E07", 3); // E2BIG
            }
            // While things run, nothing but Ctrl-C is to come.
            if (in == GDB_INPUT_PACKET && s->run == GDB_STOPPED) {
                gdb_command((const char *)s->reader.packet->data, s->reader.packet->len);
            }
        }
    }
    return !s->quit;
}

static void serve(GdbServer *s)
{
    for (;;) {
        struct pollfd fds[2] = {{.fd = s->wake_fd, .events = POLLIN},
                                {.fd = s->fd, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0) {
            continue;
        }
        if (fds[0].revents) {
            take_event(s);
        }
        if (fds[1].revents && !take_bytes(s)) {
            return;
        }
    }
}

void gdb_serve_line(void)
{
    serve(&gdb_server);
    hang_up(&gdb_server);
}

void gdb_serve_listeners(void)
{
    GdbServer *s = &gdb_server;
    for (;;) {
        int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED) {
                continue;
            }
            return; // no descriptors, or a limit: the program goes on as it is
        }
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); // fails on Unix sockets
        int own = process_own_fd(fd);
        s->fd = own < 0 ? fd : own;
        gdb_reader_init(&s->reader);
        attach(s);
        gdb_serve_line();
        gdb_reader_free(&s->reader);
    }
}

static void *server_main(void *opaque)
{
    (void)opaque;
    gdb_serve_listeners();
    return NULL;
}

bool gdb_start_thread(void *(*fn)(void *))
{
    sigset_t all, old;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV); // guest memory is read with a guard
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_t thread;
    errno = pthread_create(&thread, NULL, fn, &gdb_server);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (errno) {
        return false;
    }
    pthread_detach(thread);
    return true;
}

bool gdb_start_stopped(GuestTask *task, GdbEventKind kind)
{
    GdbServer *s = &gdb_server;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), own = fd < 0 ? -1 : process_own_fd(fd);
    s->wake_fd = own < 0 ? fd : own;
    gdb_thread_start(task);
    s->run = GDB_STOPPED;
    s->reporter = s->general = s->control = s->threads;
    s->reporter->event.kind = kind;
    cpus_stop_begin();
    return fd >= 0;
}

// --- listening --------------------------------------------------------------------------------------

static bool fail(GError **error, const char *where, const char *why)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "cannot wait for gdb at '%s': %s", where,
                why);
    return false;
}

// A socket that nobody listens at is what an earlier run has left.
static bool is_stale(const struct sockaddr_un *addr)
{
    struct stat st;
    if (lstat(addr->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode)) {
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 &&
                   errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static bool listen_unix(GdbServer *s, const char *where, const char *path, GError **error)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (!*path) {
        return fail(error, where, "there is no path behind 'unix:'");
    }
    if (strlen(path) >= sizeof(addr.sun_path)) {
        return fail(error, where, "the path is too long for a socket");
    }
    strcpy(addr.sun_path, path);
    if (is_stale(&addr)) {
        unlink(path);
    }
    s->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->listen_fd < 0 || bind(s->listen_fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        return fail(error, where, g_strerror(errno));
    }
    char *full = realpath(path, NULL); // the program may change its directory
    s->socket_path = g_strdup(full ? full : path);
    free(full);
    return true;
}

static bool listen_tcp(GdbServer *s, const char *where, GError **error)
{
    const char *colon = strrchr(where, ':'), *port = colon ? colon + 1 : where;
    g_autofree char *host = colon ? g_strndup(where, (gsize)(colon - where)) : NULL;
    char *end;
    unsigned long number = strtoul(port, &end, 10);
    if (!g_ascii_isdigit(*port) || *end || number < 1 || number > 65535) {
        return fail(error, where, "it must be a port from 1 to 65535, HOST:PORT or unix:PATH");
    }
    if (host && host[0] == '[' && g_str_has_suffix(host, "]")) { // an IPv6 address
        memmove(host, host + 1, strlen(host));
        host[strlen(host) - 1] = '\0';
    }
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    int bad = getaddrinfo(host && *host ? host : "127.0.0.1", port, &hints, &list);
    if (bad) {
        return fail(error, where, gai_strerror(bad));
    }
    int one = 1;
    s->listen_fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = s->listen_fd >= 0 &&
              setsockopt(s->listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
              bind(s->listen_fd, list->ai_addr, list->ai_addrlen) == 0;
    int err = errno;
    freeaddrinfo(list);
    return ok || fail(error, where, g_strerror(err));
}

bool gdb_listen(const char *where, GuestTask *task, GError **error)
{
    GdbServer *s = &gdb_server;
    bool ok = g_str_has_prefix(where, "unix:") ? listen_unix(s, where, where + 5, error)
                                               : listen_tcp(s, where, error);
    if (!ok) {
        return false;
    }
    if (listen(s->listen_fd, 1) < 0) {
        return fail(error, where, g_strerror(errno));
    }
    s->listen_fd = process_own_fd(s->listen_fd);
    s->process = task->process;
    s->on = true;
    if (!gdb_start_stopped(task, GDB_EVENT_ATTACH) || !gdb_start_thread(server_main)) {
        return fail(error, where, g_strerror(errno));
    }
    return true;
}
