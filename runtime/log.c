// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The log.  See log.h.

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "process.h"

unsigned log_mask;

// clang-format off
static const struct LogRow {
    const char *name;
    unsigned bit;
    const char *help;
} log_rows[] = {
    {"in_asm",   LOG_IN_ASM,   "guest assembly of each block, when it is translated"},
    {"op",       LOG_OP,       "TCG ops of each block"},
    {"op_opt",   LOG_OP_OPT,   "TCG ops after optimisation"},
    {"llvm",     LOG_LLVM,     "LLVM IR of each unit"},
    {"llvm_opt", LOG_LLVM_OPT, "LLVM IR after its passes"},
    {"out_asm",  LOG_OUT_ASM,  "host assembly of each compiled unit"},
    {"exec",     LOG_EXEC,     "each block when cpu_exec enters it (with nochain: every block)"},
    {"cpu",      LOG_CPU,      "the CPU's registers before each of these blocks"},
    {"int",      LOG_INT,      "exceptions and interrupts"},
    {"nochain",  LOG_NOCHAIN,  "blocks do not jump to each other directly"},
    {"strace",   LOG_STRACE,   "system calls with arguments and results"},
    {"unimp",    LOG_UNIMP,    "what the guest asked for and myna does not have"},
    {"page",     LOG_PAGE,     "the guest's mappings, at start and when they change"},
    {"plugin",   LOG_PLUGIN,   "what plugins have to say"},
};
// clang-format on

static struct LogState {
    pthread_mutex_t lock;
    FILE *file;       // NULL until the first use
    char *path;       // -D, or NULL for standard error
    bool per_process; // the path holds %d
    struct LogRange {
        uint64_t first, last;
    } *ranges;
    unsigned nb_ranges;
} log_state = {.lock = PTHREAD_MUTEX_INITIALIZER};

void log_help(FILE *f)
{
    fprintf(f, "Log items (separated by commas):\n");
    for (size_t i = 0; i < G_N_ELEMENTS(log_rows); i++) {
        fprintf(f, "  %-10s %s\n", log_rows[i].name, log_rows[i].help);
    }
    fprintf(f, "  %-10s all of these but nochain\n", "all");
}

bool log_in_range(uint64_t pc)
{
    if (!log_state.nb_ranges) {
        return true;
    }
    for (unsigned i = 0; i < log_state.nb_ranges; i++) {
        if (pc >= log_state.ranges[i].first && pc <= log_state.ranges[i].last) {
            return true;
        }
    }
    return false;
}

// --- setting up ---------------------------------------------------------------------------------

static bool parse_items(const char *items, unsigned *mask, GError **error)
{
    char **words = g_strsplit(items, ",", -1);
    bool ok = true;
    for (char **w = words; *w && ok; w++) {
        bool found = !**w;
        if (!strcmp(*w, "all")) {
            for (size_t i = 0; i < G_N_ELEMENTS(log_rows); i++) {
                *mask |= log_rows[i].bit == LOG_NOCHAIN ? 0 : log_rows[i].bit;
            }
            found = true;
        }
        for (size_t i = 0; i < G_N_ELEMENTS(log_rows) && !found; i++) {
            if (!strcmp(*w, log_rows[i].name)) {
                *mask |= log_rows[i].bit;
                found = true;
            }
        }
        if (!found) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "-d: there is no log item '%s' (`-d help` lists them)", *w);
            ok = false;
        }
    }
    g_strfreev(words);
    return ok;
}

// START..LAST, START+LENGTH or START-LENGTH.
static bool parse_range(const char *text, struct LogRange *out)
{
    char *end;
    errno = 0;
    uint64_t start = g_ascii_strtoull(text, &end, 0), n;
    if (end == text || errno) {
        return false;
    }
    const char *second = end + (g_str_has_prefix(end, "..") ? 2 : 1);
    char sep = *end;
    if ((sep != '.' || end[1] != '.') && sep != '+' && sep != '-') {
        return false;
    }
    n = g_ascii_strtoull(second, &end, 0);
    if (end == second || *end || errno) {
        return false;
    }
    if (sep != '.' && n == 0) {
        return false;
    }
    *out = sep == '.'   ? (struct LogRange){start, n}
           : sep == '+' ? (struct LogRange){start, start + n - 1}
                        : (struct LogRange){start - n + 1, start};
    return out->first <= out->last;
}

static bool parse_filter(const char *filter, GError **error)
{
    char **words = g_strsplit(filter, ",", -1);
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(struct LogRange));
    bool ok = true;
    for (char **w = words; *w && ok; w++) {
        struct LogRange r;
        ok = parse_range(*w, &r);
        if (ok) {
            g_array_append_val(ranges, r);
        } else {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "-dfilter: '%s' is not START..LAST, START+LENGTH or START-LENGTH", *w);
        }
    }
    g_strfreev(words);
    g_free(log_state.ranges);
    log_state.nb_ranges = ranges->len;
    log_state.ranges = (struct LogRange *)(void *)g_array_free(ranges, FALSE);
    return ok;
}

// The name of -D with its first %d replaced.
static char *log_path(const char *path)
{
    const char *at = strstr(path, "%d");
    if (!at) {
        return g_strdup(path);
    }
    return g_strdup_printf("%.*s%d%s", (int)(at - path), path, (int)getpid(), at + 2);
}

bool log_open(GError **error)
{
    int fd;
    if (log_state.file) {
        return true;
    }
    if (log_state.path) {
        char *path = log_path(log_state.path);
        fd = open(path,
                  O_WRONLY | O_CREAT | O_CLOEXEC | (log_state.per_process ? O_TRUNC : 0) | O_APPEND,
                  0666);
        if (fd < 0) {
            g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                        "cannot write the log to '%s': %s", path, g_strerror(errno));
            g_free(path);
            return false;
        }
        g_free(path);
    } else {
        fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
        if (fd < 0) { // no standard error: nobody listens
            fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        }
    }
    int high = process_own_fd(fd);
    log_state.file = fdopen(high < 0 ? fd : high, "w");
    if (!log_state.file) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "cannot open the log: %s",
                    g_strerror(errno));
        return false;
    }
    return true;
}

bool log_setup(const char *items, const char *path, const char *filter, GError **error)
{
    unsigned mask = 0;
    if (items && !parse_items(items, &mask, error)) {
        return false;
    }
    if (filter && !parse_filter(filter, error)) {
        return false;
    }
    if (path) {
        if (strchr(path, '%') && (!strstr(path, "%d") || strchr(path, '%') != strrchr(path, '%'))) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "-D: '%s' may hold one %%d and no other %%", path);
            return false;
        }
        if (log_state.file && log_state.file != stderr) {
            fclose(log_state.file);
        }
        log_state.file = NULL; // of an earlier setup
        log_state.path = g_strdup(path);
        log_state.per_process = strstr(path, "%d") != NULL;
        // A log of an earlier run is not continued, but that of the guest that has executed this one is.
        if (!log_state.per_process && !getenv("MYNA_SUCCESSOR")) {
            int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
            if (fd >= 0) {
                close(fd);
            }
        }
    }
    log_mask = mask;
    return (!path && !mask) || log_open(error);
}

// --- writing --------------------------------------------------------------------------------------

FILE *log_lock(void)
{
    pthread_mutex_lock(&log_state.lock);
    if (!log_state.file && !log_open(NULL)) {
        log_state.file = stderr;
    }
    return log_state.file;
}

void log_unlock(FILE *f)
{
    fflush(f);
    pthread_mutex_unlock(&log_state.lock);
}

void log_printf(const char *fmt, ...)
{
    va_list ap;
    FILE *f = log_lock();
    va_start(ap, fmt);
    vfprintf(f, fmt, ap);
    va_end(ap);
    log_unlock(f);
}

void log_fork_prepare(void) { pthread_mutex_lock(&log_state.lock); }
void log_fork_parent(void) { pthread_mutex_unlock(&log_state.lock); }

void log_fork_child(void)
{
    if (log_state.per_process && log_state.file) {
        int fd = fileno(log_state.file);
        fclose(log_state.file);
        process_close_own_fd(fd);
        log_state.file = NULL; // opened anew at the next line
    }
    pthread_mutex_unlock(&log_state.lock);
}
