// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The monitor's door: a Unix socket, or standard input and output.
//
// One thread polls the listening socket and the clients, and runs their commands one after the other.  Its
// descriptors are myna's own: the guest can neither see nor close them, and they do not survive execve.
// There the program that takes over opens the socket anew; a forked child has no monitor, as the thread is
// not in it.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/monitor/monitor.h"
#include "runtime/process.h"

enum { MAX_CLIENTS = 8, MAX_LINE = 4096 };
static const char prompt[] = "(myna) ";

typedef struct Client {
    int in, out;
    bool discarding; // the rest of a line that was too long
    GString *line;
} Client;

static struct MonitorServer {
    int listener; // -1: none
    Client clients[MAX_CLIENTS];
    unsigned n_clients;
    char *path; // of the socket
    pid_t owner;
} server = {.listener = -1};

// --- clients ----------------------------------------------------------------------------------------

// False when the client has gone.
static bool send_text(const Client *c, const char *text, size_t size)
{
    while (size) {
        ssize_t n = write(c->out, text, size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        text += n;
        size -= (size_t)n;
    }
    return true;
}

static void client_add(int in, int out)
{
    if (server.n_clients == MAX_CLIENTS) {
        static const char full[] = "error: too many monitor clients\n";
        const Client c = {.out = out};
        send_text(&c, full, sizeof(full) - 1);
        process_close_own_fd(in);
        return;
    }
    Client *c = &server.clients[server.n_clients++];
    *c = (Client){.in = in, .out = out, .line = g_string_new(NULL)};
    send_text(c, prompt, sizeof(prompt) - 1);
}

static void client_remove(unsigned i)
{
    Client *c = &server.clients[i];
    process_close_own_fd(c->in);
    if (c->out != c->in) {
        process_close_own_fd(c->out);
    }
    g_string_free(c->line, TRUE);
    *c = server.clients[--server.n_clients];
}

static bool run_line(Client *c)
{
    g_autoptr(GString) out = g_string_new(NULL);
    if (c->discarding) {
        g_string_append_printf(out, "error: a line has at most %d bytes\n", MAX_LINE);
    } else if (strlen(c->line->str) != c->line->len) {
        g_string_append(out, "error: this is no text: byte 0x00 in it\n");
    } else {
        monitor_execute(c->line->str, out);
    }
    c->discarding = false;
    g_string_truncate(c->line, 0);
    g_string_append(out, prompt);
    return send_text(c, out->str, out->len);
}

// False when the client has gone.
static bool client_read(Client *c)
{
    char bytes[1024];
    ssize_t n = read(c->in, bytes, sizeof(bytes));
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        return true;
    }
    if (n <= 0) {
        // What stands without a newline at the end of input is a command too: printf 'quit' | ...
        if (c->line->len || c->discarding) {
            run_line(c);
        }
        return false;
    }
    for (ssize_t i = 0; i < n; i++) {
        if (bytes[i] == '\n') {
            if (c->line->len && c->line->str[c->line->len - 1] == '\r') {
                g_string_truncate(c->line, c->line->len - 1);
            }
            if (!run_line(c)) {
                return false;
            }
        } else if (c->line->len < MAX_LINE) {
            g_string_append_c(c->line, bytes[i]);
        } else {
            c->discarding = true;
        }
    }
    return true;
}

// --- the thread -------------------------------------------------------------------------------------

static void accept_client(void)
{
    int fd = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    int own = process_own_fd(fd);
    if (own < 0) {
        close(fd);
        return;
    }
    client_add(own, own);
}

static void *serve(void *unused)
{
    (void)unused;
    for (;;) {
        struct pollfd polls[MAX_CLIENTS + 1];
        nfds_t n = 0;
        for (unsigned i = 0; i < server.n_clients; i++) {
            polls[n++] = (struct pollfd){.fd = server.clients[i].in, .events = POLLIN};
        }
        if (server.listener >= 0) {
            polls[n++] = (struct pollfd){.fd = server.listener, .events = POLLIN};
        } else if (n == 0) {
            return NULL; // standard input has ended
        }
        if (poll(polls, n, -1) < 0) {
            continue;
        }
        if (server.listener >= 0 && polls[n - 1].revents) {
            accept_client();
        }
        for (unsigned i = (unsigned)n - (server.listener >= 0); i-- > 0;) {
            if (polls[i].revents && !client_read(&server.clients[i])) {
                client_remove(i);
            }
        }
    }
}

static bool start_thread(GError **error)
{
    // The guest's signals are the guest's.
    sigset_t all, old;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV); // copies from guest memory expect faults
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_t thread;
    int failed = pthread_create(&thread, NULL, serve, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(failed),
                    "cannot start the monitor's thread: %s", g_strerror(failed));
        return false;
    }
    pthread_detach(thread);
    return true;
}

// --- opening ----------------------------------------------------------------------------------------

static bool fail(GError **error, const char *what, const char *path)
{
    int e = errno;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(e), "cannot %s %s: %s", what, path,
                g_strerror(e));
    return false;
}

// The guest's standard input is /dev/null from now on.
static bool open_stdio(GError **error)
{
    int in = dup(STDIN_FILENO), out = dup(STDOUT_FILENO), null = open("/dev/null", O_RDONLY);
    in = in < 0 ? in : process_own_fd(in);
    out = out < 0 ? out : process_own_fd(out);
    if (in < 0 || out < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0) {
        return fail(error, "open the monitor on", "standard input and output");
    }
    close(null);
    client_add(in, out);
    return true;
}

// Does somebody answer at the socket?
static bool is_alive(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool alive = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
    close(fd);
    return alive;
}

// *taken: another process has it.
static bool open_socket(const char *name, bool *taken, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_auto(GStrv) parts = g_strsplit(name, "%d", 2);
    g_autofree char *path = parts[1] ? g_strdup_printf("%s%d%s", parts[0], (int)getpid(), parts[1])
                                     : g_strdup(name);
    if (!*path || strlen(path) >= sizeof(address.sun_path)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NAMETOOLONG,
                    "cannot open the monitor at '%s': a socket's path has 1 to %zu bytes", path,
                    sizeof(address.sun_path) - 1);
        return false;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    if (!bound && fd >= 0 && errno == EADDRINUSE) {
        *taken = is_alive(&address);
        errno = EADDRINUSE;
        // A socket that nobody listens at is what a process that was killed has left.
        bound = !*taken && unlink(path) == 0 &&
                bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    }
    if (!bound || listen(fd, MAX_CLIENTS) < 0 || (server.listener = process_own_fd(fd)) < 0) {
        fail(error, "open the monitor at", path);
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    server.path = g_canonicalize_filename(path, NULL);
    server.owner = getpid();
    return true;
}

bool monitor_start(const char *where, bool first, GError **error)
{
    if (!strcmp(where, "stdio")) {
        return !first || (open_stdio(error) && start_thread(error));
    }
    if (!g_str_has_prefix(where, "unix:")) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "-monitor %s: it must be 'stdio' or 'unix:PATH'", where);
        return false;
    }
    bool taken = false;
    GError *why = NULL;
    if (!open_socket(where + strlen("unix:"), &taken, &why)) {
        if (taken && !first) {
            g_error_free(why);
            return true;
        }
        g_propagate_error(error, why);
        return false;
    }
    return start_thread(error);
}

void monitor_end(void)
{
    if (server.path && server.owner == getpid()) {
        unlink(server.path);
    }
}
