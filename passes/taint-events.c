// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// taint's arguments, shadow memory, sources and sinks.
//
//   --pass=taint:file=GLOB[,fd=N][,memory=START+LENGTH][,sink=GLOB|fd:N|socket][,addresses][,out=FILE]
//
//   file, fd, memory   sources, at most eight in all; each may stand there several times. What is read or mapped
//                      from a file whose path matches, or read or received from a descriptor; or a range of memory
//   sink               what is written or sent there is looked at: files, a descriptor, any socket (unless told: all)
//   addresses          a value loaded from an address that depends on tainted data is tainted (tables)
//
// For each write with tainted bytes a line: the call, the descriptor and what it is, and ranges of offsets in what was
// written, each with its sources. At the end a line with the number of bytes written, and tainted.
#include <fnmatch.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "passes/taint.h"

enum { MAX_SOURCES = 8, MAX_SINKS = 8, MAX_IOV = 1024 };

typedef enum RuleKind { RULE_PATH, RULE_FD, RULE_SOCKET, RULE_MEMORY } RuleKind;

typedef struct Rule {
    RuleKind kind;
    char *text;
    int fd;
    uint64_t start, length;
} Rule;

static struct Events {
    Rule sources[MAX_SOURCES], sinks[MAX_SINKS];
    unsigned n_sources, n_sinks;
    char *out;
    int output;
    size_t result_at; // in env: the register that a system call's result goes to
    uint64_t written, tainted;
    pthread_mutex_t lock;
    uint8_t clean[64], sink[64]; // the shadow of regions without one: to be read, and to be written
} e = {.lock = PTHREAD_MUTEX_INITIALIZER};

// --- shadow memory ------------------------------------------------------------------------------------------

void taint_make_region(uint64_t addr)
{
    uint64_t region = addr >> TAINT_REGION_BITS & (TAINT_REGIONS - 1);
    pthread_mutex_lock(&e.lock);
    if (!taint.dir[region]) {
        size_t size = ((size_t)1 << TAINT_REGION_BITS) + TAINT_PAD;
        void *shadow = mmap(NULL, size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (shadow != MAP_FAILED) {
            uint64_t delta = (uintptr_t)shadow - (region << TAINT_REGION_BITS);
            __atomic_store_n(&taint.dir[region], delta, __ATOMIC_RELEASE);
        }
    }
    pthread_mutex_unlock(&e.lock);
}

uint8_t *taint_shadow_of(uint64_t addr)
{
    uint64_t delta = taint.dir[addr >> TAINT_REGION_BITS & (TAINT_REGIONS - 1)];
    return delta ? (uint8_t *)(uintptr_t)(addr + delta) : NULL;
}

void taint_mark(uint64_t addr, uint64_t size, uint8_t sources)
{
    uint64_t most = (uint64_t)1 << TAINT_REGION_BITS;
    for (uint64_t n; size; addr += n, size -= n) {
        n = most - (addr & (most - 1));
        n = n < size ? n : size;
        if (sources && !taint_shadow_of(addr)) {
            taint_make_region(addr);
        }
        uint8_t *shadow = taint_shadow_of(addr);
        if (!shadow) {
            continue;
        }
        uintptr_t whole = ((uintptr_t)shadow + 4095) & ~(uintptr_t)4095;
        if (!sources && n > 1 << 16) { // pages that nobody wrote to stay unmade
            uintptr_t end = ((uintptr_t)shadow + n) & ~(uintptr_t)4095;
            memset(shadow, 0, whole - (uintptr_t)shadow);
            madvise((void *)whole, end - whole, MADV_DONTNEED);
            memset((void *)end, 0, (uintptr_t)shadow + n - end);
        } else {
            memset(shadow, sources, n);
        }
    }
}

void taint_move(uint64_t to, uint64_t from, uint64_t size)
{
    uint64_t most = (uint64_t)1 << TAINT_REGION_BITS, low = most - 1;
    // In pieces that lie in one region each; from the end when the target is behind the source.
    bool backwards = to > from && to - from < size;
    while (size) {
        uint64_t t = backwards ? to + size - 1 : to, f = backwards ? from + size - 1 : from;
        uint64_t room = backwards ? ((t & low) < (f & low) ? t & low : f & low) + 1
                                  : most - ((t & low) > (f & low) ? t & low : f & low);
        uint64_t n = room < size ? room : size;
        uint64_t t0 = backwards ? t + 1 - n : t, f0 = backwards ? f + 1 - n : f;
        const uint8_t *source = taint_shadow_of(f0);
        if (source && !taint_shadow_of(t0)) {
            taint_make_region(t0);
        }
        if (source && taint_shadow_of(t0)) {
            memmove(taint_shadow_of(t0), source, n);
        } else {
            taint_mark(t0, n, 0);
        }
        size -= n;
        to += backwards ? 0 : n;
        from += backwards ? 0 : n;
    }
}

// --- arguments ----------------------------------------------------------------------------------------------

static bool number(const char *text, char end, const char **rest, uint64_t *n)
{
    char *stop;
    *n = strtoull(text, &stop, 0);
    *rest = stop;
    return stop != text && *stop == end;
}

static bool parse_source(const char *key, const char *value, Rule *rule)
{
    const char *rest;
    uint64_t n;
    rule->text = strdup(value);
    if (strcmp(key, "file") == 0) {
        rule->kind = RULE_PATH;
        return *value;
    }
    if (strcmp(key, "fd") == 0) {
        rule->kind = RULE_FD;
        bool ok = number(value, 0, &rest, &n);
        rule->fd = (int)n;
        return ok;
    }
    rule->kind = RULE_MEMORY;
    return number(value, '+', &rest, &rule->start) && number(rest + 1, 0, &rest, &rule->length) &&
           rule->length;
}

static bool parse_sink(const char *value, Rule *rule)
{
    rule->text = strdup(value);
    rule->kind = strcmp(value, "socket") == 0    ? RULE_SOCKET
                 : strncmp(value, "fd:", 3) == 0 ? RULE_FD
                                                 : RULE_PATH;
    const char *rest;
    uint64_t n = 0;
    bool ok = rule->kind == RULE_FD ? number(value + 3, 0, &rest, &n) : *value;
    rule->fd = (int)n;
    return ok;
}

static bool parse_item(const char *key, const char *value, char **error)
{
    bool source = !strcmp(key, "file") || !strcmp(key, "fd") || !strcmp(key, "memory");
    if (source && e.n_sources < MAX_SOURCES && parse_source(key, value, &e.sources[e.n_sources])) {
        e.n_sources++;
    } else if (!strcmp(key, "sink") && e.n_sinks < MAX_SINKS &&
               parse_sink(value, &e.sinks[e.n_sinks])) {
        e.n_sinks++;
    } else if (source || !strcmp(key, "sink")) {
        if (asprintf(error, "%s=%s is not understood, or one too many", key, value) < 0) {
            *error = NULL;
        }
        return false;
    }
    return true;
}

static bool open_output(char **error)
{
    char *path = e.out ? taint.host->output(taint.host, e.out) : NULL;
    e.output = path ? taint.host->open(taint.host, path, error) : STDERR_FILENO;
    free(path);
    return e.output >= 0;
}

bool taint_events_init(const char *args, char **error)
{
    static const char *const keys[] = {"file", "fd", "memory", "sink", "addresses", "out", NULL};
    *error = myna_args_check(args, keys);
    if (*error) {
        return false;
    }
    char *copy = strdup(args), *save = NULL;
    for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
        char *value = strchr(item, '=');
        if (value) {
            *value++ = 0;
        }
        if (!parse_item(item, value ? value : "", error)) {
            return false;
        }
        taint.addresses |= strcmp(item, "addresses") == 0;
    }
    free(copy);
    if (!e.n_sources) {
        *error = strdup("it needs a source: file=GLOB, fd=N or memory=START+LENGTH");
        return false;
    }
    e.out = myna_arg(args, "out");
    taint.dir = mmap(NULL, TAINT_REGIONS * sizeof(*taint.dir), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (taint.dir == MAP_FAILED) {
        *error = strdup("no memory");
        return false;
    }
    for (unsigned i = 0; i < taint.host->n_registers; i++) {
        const char *name = taint.host->registers[i].name;
        if (!strcmp(name, "rax") || !strcmp(name, "x0") || !strcmp(name, "eax") ||
            !strcmp(name, "r0")) {
            e.result_at = taint.host->registers[i].offset;
            break;
        }
    }
    for (unsigned i = 0; i < e.n_sources; i++) {
        if (e.sources[i].kind == RULE_MEMORY) {
            taint_mark(e.sources[i].start, e.sources[i].length, (uint8_t)(1u << i));
        }
    }
    taint.host->define(taint.host, "taint.dir", taint.dir);
    taint.host->define(taint.host, "taint.clean", e.clean);
    taint.host->define(taint.host, "taint.sink", e.sink);
    return open_output(error);
}

// --- sources ------------------------------------------------------------------------------------------------

static void path_of(int fd, char path[4096])
{
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, 4095);
    path[n < 0 ? 0 : n] = 0;
}

static bool matches(const Rule *rule, int fd, const char *path)
{
    switch (rule->kind) {
    case RULE_FD: return rule->fd == fd;
    case RULE_SOCKET: return strncmp(path, "socket:", 7) == 0;
    case RULE_PATH: {
        const char *name = strrchr(path, '/');
        bool whole = strchr(rule->text, '/');
        return *path && fnmatch(rule->text, whole || !name ? path : name + 1, 0) == 0;
    }
    default: return false;
    }
}

static uint8_t sources_of(int fd)
{
    char path[4096];
    path_of(fd, path);
    uint8_t sources = 0;
    for (unsigned i = 0; i < e.n_sources; i++) {
        sources |= (uint8_t)(matches(&e.sources[i], fd, path) << i);
    }
    return sources;
}

// --- system calls that move data -----------------------------------------------------------------------------

typedef enum Shape { BUFFER, VECTOR, MESSAGE, MAP, MOVE, COPY } Shape;

static const struct Row {
    const char *name;
    Shape shape;
    bool writes; // to the descriptor
} rows[] = {
    {"read", BUFFER, false},
    {"pread64", BUFFER, false},
    {"recvfrom", BUFFER, false},
    {"recv", BUFFER, false},
    {"readv", VECTOR, false},
    {"preadv", VECTOR, false},
    {"preadv2", VECTOR, false},
    {"recvmsg", MESSAGE, false},
    {"write", BUFFER, true},
    {"pwrite64", BUFFER, true},
    {"sendto", BUFFER, true},
    {"send", BUFFER, true},
    {"writev", VECTOR, true},
    {"pwritev", VECTOR, true},
    {"pwritev2", VECTOR, true},
    {"sendmsg", MESSAGE, true},
    {"mmap", MAP, false},
    {"mmap2", MAP, false},
    {"getrandom", MAP, false},
    {"mremap", MOVE, false},
    {"sendfile", COPY, true},
    {"splice", COPY, true},
    {"copy_file_range", COPY, true},
};

static const struct Row *find_row(const char *name)
{
    for (size_t i = 0; name && i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

// The pieces of memory that a call is about; how many.  64-bit guests: their structures are the host's.
static unsigned pieces(const struct Row *row, const MynaSyscall *call, struct iovec *iov)
{
    struct iovec *at = (struct iovec *)(uintptr_t)call->args[1];
    uint64_t n = call->args[2];
    if (row->shape == BUFFER) {
        iov[0] = (struct iovec){(void *)at, n};
        return 1;
    }
    if (row->shape == MESSAGE) {
        struct msghdr message;
        if (!taint.host->read_memory(taint.host, call->args[1], &message, sizeof(message))) {
            return 0;
        }
        at = message.msg_iov;
        n = message.msg_iovlen;
    }
    n = n < MAX_IOV ? n : MAX_IOV;
    return taint.host->read_memory(taint.host, (uintptr_t)at, iov, n * sizeof(*iov)) ? (unsigned)n
                                                                                     : 0;
}

static void arrived(const struct Row *row, const MynaSyscall *call)
{
    uint64_t left = (uint64_t)call->result;
    uint8_t sources = sources_of((int)call->args[0]);
    struct iovec *iov = malloc(MAX_IOV * sizeof(*iov));
    unsigned n = pieces(row, call, iov);
    for (unsigned i = 0; i < n && left; i++) {
        uint64_t size = iov[i].iov_len < left ? iov[i].iov_len : left;
        taint_mark((uintptr_t)iov[i].iov_base, size, sources);
        left -= size;
    }
    free(iov);
}

static void mapped(const MynaSyscall *call)
{
    bool anonymous = call->args[3] & MAP_ANONYMOUS;
    uint8_t sources = anonymous ? 0 : sources_of((int)call->args[4]);
    uint64_t size = call->args[1];
    struct stat st;
    if (sources && fstat((int)call->args[4], &st) == 0) { // not the zeros behind the file's end
        uint64_t left = (uint64_t)st.st_size > call->args[5] ? (uint64_t)st.st_size - call->args[5]
                                                             : 0;
        size = size < left ? size : left;
    }
    taint_mark((uint64_t)call->result, call->args[1], 0);
    taint_mark((uint64_t)call->result, size, sources);
}

// mremap
static void moved(const MynaSyscall *call)
{
    uint64_t from = call->args[0], to = (uint64_t)call->result, old = call->args[1],
             size = call->args[2];
    if (to != from) {
        taint_move(to, from, old < size ? old : size);
        taint_mark(from, old, 0);
    }
    if (size > old) {
        taint_mark(to + old, size - old, 0);
    }
}

// --- sinks ----------------------------------------------------------------------------------------------------

static void print_sources(FILE *f, uint8_t sources)
{
    const char *between = "";
    for (unsigned i = 0; i < e.n_sources; i++) {
        if (sources >> i & 1) {
            fprintf(f, "%s%s", between, e.sources[i].text);
            between = "+";
        }
    }
}

typedef struct Run {
    FILE *f;
    uint64_t offset, start; // of what has been looked at, and of the bytes with the same sources
    uint8_t sources;
    uint64_t tainted;
} Run;

static void end_run(Run *r)
{
    if (r->sources) {
        fprintf(r->f, " %llu-%llu:", (unsigned long long)r->start,
                (unsigned long long)r->offset - 1);
        print_sources(r->f, r->sources);
        r->tainted += r->offset - r->start;
    }
    r->start = r->offset;
}

static void look(Run *r, uint64_t addr, uint64_t size)
{
    for (; size; addr++, size--, r->offset++) {
        const uint8_t *shadow = taint_shadow_of(addr);
        uint8_t sources = shadow ? *shadow : 0;
        if (sources != r->sources) {
            end_run(r);
            r->sources = sources;
        }
    }
}

static void leaving(const struct Row *row, const MynaSyscall *call)
{
    char path[4096];
    bool from_first = row->shape == COPY &&
                      call->name[0] != 's';                   // copy_file_range(in, ..., out, ...)
    from_first |= row->shape == COPY && call->name[1] == 'p'; // and splice; sendfile(out, in, ...)
    int fd = (int)call->args[from_first ? 2 : 0];
    path_of(fd, path);
    bool wanted = !e.n_sinks;
    for (unsigned i = 0; i < e.n_sinks; i++) {
        wanted |= matches(&e.sinks[i], fd, path);
    }
    if (!wanted) {
        return;
    }
    char *text = NULL;
    size_t length;
    uint64_t left = (uint64_t)call->result;
    Run r = {.f = open_memstream(&text, &length)};
    fprintf(r.f, "taint: %s(%d <%s>, %lld bytes):", call->name, fd, path, (long long)call->result);
    struct iovec *iov = malloc(MAX_IOV * sizeof(*iov));
    unsigned n = row->shape == COPY ? 0 : pieces(row, call, iov);
    if (row->shape == COPY && left) { // all of it is the other file's
        r.sources = sources_of((int)call->args[from_first ? 0 : 1]);
        r.offset = left;
    }
    for (unsigned i = 0; i < n && left; i++) {
        uint64_t size = iov[i].iov_len < left ? iov[i].iov_len : left;
        look(&r, (uintptr_t)iov[i].iov_base, size);
        left -= size;
    }
    free(iov);
    end_run(&r);
    fputc('\n', r.f);
    fclose(r.f);
    __atomic_fetch_add(&e.written, r.offset, __ATOMIC_RELAXED);
    __atomic_fetch_add(&e.tainted, r.tainted, __ATOMIC_RELAXED);
    if (r.tainted && write(e.output, text, length) < 0) {
        e.output = -1; // nobody reads any more
    }
    free(text);
}

void taint_events_syscall(void *block, const MynaSyscall *call, bool after)
{
    const struct Row *row = find_row(call->name);
    if (!after) {
        return;
    }
    bool failed = call->result < 0 && call->result >= -4095;
    if (row && !failed) {
        if (row->shape == MAP) {
            if (call->name[0] == 'm') {
                mapped(call);
            } else {
                taint_mark(call->args[0], (uint64_t)call->result, 0);
            }
        } else if (row->shape == MOVE) {
            moved(call);
        } else if (row->writes) {
            leaving(row, call);
        } else {
            arrived(row, call);
        }
    }
    if (block) { // the result is the kernel's
        memset((char *)block + taint.env_at + e.result_at, 0, 8);
    }
}

void taint_events_fork_child(void)
{
    char *error = NULL;
    pthread_mutex_init(&e.lock, NULL);
    e.written = e.tainted = 0;
    if (e.out && !open_output(&error)) {
        dprintf(STDERR_FILENO, "taint: %s\n", error);
        free(error);
    }
}

void taint_events_end(void)
{
    dprintf(e.output, "taint: %llu bytes written, %llu of them tainted\n",
            (unsigned long long)e.written, (unsigned long long)e.tainted);
}
