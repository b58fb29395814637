// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// taint's arguments, shadow memory, sources and sinks.
//
//   --pass=taint:file=GLOB[,fd=N][,socket[=PORT]][,memory=START+LENGTH][,sink=GLOB|fd:N|socket][,addresses][,out=FILE]
//
//   file, fd, socket, memory
//                      sources, at most eight in all; each may stand there several times. What is read or mapped
//                      from a file whose path matches, or read or received from a descriptor, or from any socket, or
//                      from those with this port at one end; or a range of memory
//   sink               what is written or sent there is looked at: files, a descriptor, any socket (unless told: all)
//   addresses          a value loaded from an address that depends on tainted data is tainted (tables)
//
// For each write with tainted bytes a line: the call, the descriptor and what it is, and ranges of offsets in what was
// written, each with its sources. At the end a line with the number of bytes written, and tainted.
#include <fcntl.h>
#include <fnmatch.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "passes/taint-flow.h"
#include "passes/taint-shared.h"
#include "passes/taint.h"

enum { MAX_SOURCES = 8, MAX_SINKS = 8, MAX_IOV = 1024, MAX_SENT = 16 << 20 };
// Devices that there are not, for the slots of memory that is no file's.
#define ANONYMOUS_MEMORY UINT64_MAX
#define SYSTEM_V_MEMORY (UINT64_MAX - 1)

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
            madvise((void *)whole, end - whole, MADV_REMOVE); // where it is shared
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
    if (strcmp(key, "socket") == 0) {
        rule->kind = RULE_SOCKET;
        rule->text = (free(rule->text), NULL);
        bool ok = !*value || (number(value, 0, &rest, &n) && n > 0 && n < 65536);
        rule->fd = ok && *value ? (int)n : 0;
        return ok && asprintf(&rule->text, *value ? "socket:%s" : "socket", value) >= 0;
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
    bool source = !strcmp(key, "file") || !strcmp(key, "fd") || !strcmp(key, "memory") ||
                  !strcmp(key, "socket");
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
    e.output = path ? taint.host->open(taint.host, path, error) : fileno(stderr);
    free(path);
    return e.output >= 0;
}

bool taint_events_init(const char *args, char **error)
{
    static const char *const keys[] = {"file", "fd",        "socket", "memory",
                                       "sink", "addresses", "out",    NULL};
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
        *error = strdup("it needs a source: file=GLOB, fd=N, socket or memory=START+LENGTH");
        return false;
    }
    e.out = myna_arg(args, "out");
    taint.dir = mmap(NULL, TAINT_REGIONS * sizeof(*taint.dir), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (taint.dir == MAP_FAILED || !taint_shared_init()) {
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

static bool has_port(int fd, int port)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a;
    bool found = false;
    for (int peer = 0; peer < 2 && !found; peer++) {
        socklen_t n = sizeof(a);
        int failed = peer ? getpeername(fd, &a.any, &n) : getsockname(fd, &a.any, &n);
        found = !failed && ((a.any.sa_family == AF_INET && ntohs(a.v4.sin_port) == port) ||
                            (a.any.sa_family == AF_INET6 && ntohs(a.v6.sin6_port) == port));
    }
    return found;
}

static bool matches(const Rule *rule, int fd, const char *path)
{
    switch (rule->kind) {
    case RULE_FD: return rule->fd == fd;
    case RULE_SOCKET:
        return strncmp(path, "socket:", 7) == 0 && (!rule->fd || has_port(fd, rule->fd));
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

// Where a call's data is: a buffer; an iovec; a message with one; several of those; a mapping, or one that moves, goes or
// is System V's; another descriptor. CLEAR: the kernel writes what is no guest's data, LENGTH bytes of it or as many as the result says.
typedef enum Shape {
    BUFFER,
    VECTOR,
    MESSAGE,
    MESSAGES,
    MAP,
    MOVE,
    UNMAP,
    ATTACH,
    COPY,
    CLEAR,
} Shape;

static const struct Row {
    const char *name;
    Shape shape;
    bool writes;      // to the descriptor
    int8_t offset;    // the argument with the file's offset; 0: there is none
    int8_t flags;     // the argument with MSG_PEEK; 0: there is none
    int8_t to, to_at; // COPY: the argument that is written to, and that with its offset
    int8_t from_at;   // COPY: with the offset in what is read
    int8_t where;     // CLEAR: the argument with the address
    uint16_t length;
} rows[] = {
    {"read", BUFFER, .writes = false},
    {"pread64", BUFFER, false, .offset = 3},
    {"recvfrom", BUFFER, false, .flags = 3},
    {"recv", BUFFER, false, .flags = 3},
    {"readv", VECTOR, .writes = false},
    {"preadv", VECTOR, false, .offset = 3},
    {"preadv2", VECTOR, false, .offset = 3},
    {"recvmsg", MESSAGE, false, .flags = 2},
    {"recvmmsg", MESSAGES, false, .flags = 3},
    {"write", BUFFER, .writes = true},
    {"pwrite64", BUFFER, true, .offset = 3},
    {"sendto", BUFFER, .writes = true},
    {"send", BUFFER, .writes = true},
    {"writev", VECTOR, .writes = true},
    {"pwritev", VECTOR, true, .offset = 3},
    {"pwritev2", VECTOR, true, .offset = 3},
    {"vmsplice", VECTOR, .writes = true},
    {"sendmsg", MESSAGE, .writes = true},
    {"sendmmsg", MESSAGES, .writes = true},
    {"mmap", MAP, .writes = false},
    {"mmap2", MAP, .writes = false},
    {"mremap", MOVE, .writes = false},
    {"munmap", UNMAP, .writes = false},
    {"shmat", ATTACH, .writes = false},
    {"sendfile", COPY, true, .to = 0, .from_at = 2},
    {"splice", COPY, true, .to = 2, .from_at = 1, .to_at = 3},
    {"copy_file_range", COPY, true, .to = 2, .from_at = 1, .to_at = 3},
    {"tee", COPY, true, .to = 1},
    {"getrandom", CLEAR, .where = 0},
    {"getdents64", CLEAR, .where = 1},
    {"readlink", CLEAR, .where = 1},
    {"readlinkat", CLEAR, .where = 2},
    {"getcwd", CLEAR, .where = 0},
    {"stat", CLEAR, .where = 1, .length = 128},
    {"fstat", CLEAR, .where = 1, .length = 128},
    {"lstat", CLEAR, .where = 1, .length = 128},
    {"newfstatat", CLEAR, .where = 2, .length = 128},
    {"statx", CLEAR, .where = 4, .length = 256},
    {"uname", CLEAR, .where = 0, .length = 390},
    {"clock_gettime", CLEAR, .where = 1, .length = 16},
    {"gettimeofday", CLEAR, .where = 0, .length = 16},
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

// The sources of the first bytes of the pieces, no more than n; NULL: there are none. To be freed.
static uint8_t *gather(const struct iovec *iov, unsigned count, uint64_t n)
{
    uint8_t *labels = NULL;
    for (uint64_t i = 0, done = 0; i < count && done < n; i++) {
        uint64_t addr = (uintptr_t)iov[i].iov_base;
        uint64_t size = iov[i].iov_len < n - done ? iov[i].iov_len : n - done;
        const uint64_t low = ((uint64_t)1 << TAINT_REGION_BITS) - 1;
        for (uint64_t m; size; size -= m, addr += m, done += m) {
            m = low + 1 - (addr & low) < size ? low + 1 - (addr & low) : size;
            const uint8_t *shadow = taint_shadow_of(addr);
            if (shadow) {
                labels = labels ? labels : calloc(n, 1);
                memcpy(labels + done, shadow, m);
            }
        }
    }
    return labels;
}

// Adds sources to those of memory.
static void add_labels(uint64_t addr, const uint8_t *labels, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        if (labels[i]) {
            if (!taint_shadow_of(addr + i)) {
                taint_make_region(addr + i);
            }
            uint8_t *shadow = taint_shadow_of(addr + i);
            if (shadow) {
                *shadow |= labels[i];
            }
        }
    }
}

static int64_t offset_of(const struct Row *row, const MynaSyscall *call)
{
    return row->offset ? (int64_t)call->args[row->offset] : -1;
}

static void arrived(const struct Row *row, const MynaSyscall *call)
{
    uint64_t n = (uint64_t)call->result;
    int fd = (int)call->args[0];
    uint8_t sources = sources_of(fd), *labels = calloc(n ? n : 1, 1);
    struct iovec *iov = malloc(MAX_IOV * sizeof(*iov));
    unsigned count = pieces(row, call, iov);
    const TaintMessage message = {.iov = iov, .count = count};
    bool stays = row->flags && (call->args[row->flags] & MSG_PEEK);
    bool known = taint_flow_read(fd, &message, offset_of(row, call), labels, n, stays);
    for (uint64_t i = 0, done = 0; i < count && done < n; i++) {
        uint64_t size = iov[i].iov_len < n - done ? iov[i].iov_len : n - done;
        taint_mark((uintptr_t)iov[i].iov_base, size, sources);
        if (known) {
            add_labels((uintptr_t)iov[i].iov_base, labels + done, size);
        }
        done += size;
    }
    free(labels);
    free(iov);
}

// A mapping that is shared has its file's sources, which others see and change; one of nobody's file gets a slot by a
// number of its own. False: it is not shared, or cannot be.
static bool mapped_shared(const MynaSyscall *call, bool anonymous)
{
    static uint64_t number;
    uint64_t slot = 0, flags = call->args[3] & MAP_TYPE;
    if (flags != MAP_SHARED && flags != MAP_SHARED_VALIDATE) {
        return false;
    }
    if (!anonymous) {
        slot = taint_flow_file((int)call->args[4]);
    } else {
        uint64_t unique = (uint64_t)getpid() << 32 |
                          __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED);
        slot = taint_slot(ANONYMOUS_MEMORY, unique, true);
    }
    return taint_map_shared((uint64_t)call->result, call->args[1], slot,
                            anonymous ? 0 : call->args[5]);
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
    taint_unmap_shared((uint64_t)call->result, call->args[1]);
    if (mapped_shared(call, anonymous)) {
        if (sources) {
            taint_mark((uint64_t)call->result, size, sources);
        }
        return;
    }
    taint_mark((uint64_t)call->result, call->args[1], 0);
    taint_mark((uint64_t)call->result, size, sources);
    uint8_t *labels = anonymous ? NULL : calloc(call->args[1], 1);
    if (labels && taint_flow_read((int)call->args[4], NULL, (int64_t)call->args[5], labels,
                                  call->args[1], true)) {
        add_labels((uint64_t)call->result, labels, call->args[1]);
    }
    free(labels);
}

// mremap
static void moved(const MynaSyscall *call)
{
    uint64_t from = call->args[0], to = (uint64_t)call->result, old = call->args[1],
             size = call->args[2], slot, offset;
    if (taint_find_shared(from, &slot, &offset)) {
        taint_unmap_shared(from, old);
        taint_unmap_shared(to, size);
        taint_map_shared(to, size, slot, offset);
        return;
    }
    if (to != from) {
        taint_unmap_shared(to, size);
        taint_move(to, from, old < size ? old : size);
        taint_mark(from, old, 0);
    }
    if (size > old) {
        taint_unmap_shared(to + old, size - old);
        taint_mark(to + old, size - old, 0);
    }
}

// shmat. What shmdt takes away is found out when something else is mapped there.
static void attached(const MynaSyscall *call)
{
    struct shmid_ds segment;
    if (shmctl((int)call->args[0], IPC_STAT, &segment) == 0) {
        taint_unmap_shared((uint64_t)call->result, segment.shm_segsz);
        taint_map_shared((uint64_t)call->result, segment.shm_segsz,
                         taint_slot(SYSTEM_V_MEMORY, call->args[0], true), 0);
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

static void look(Run *r, const uint8_t *labels, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++, r->offset++) {
        uint8_t sources = labels ? labels[i] : 0;
        if (sources != r->sources) {
            end_run(r);
            r->sources = sources;
        }
    }
}

// A line about what is written to a sink.
static void report(const char *name, int fd, const uint8_t *labels, uint64_t n)
{
    char path[4096];
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
    Run r = {.f = open_memstream(&text, &length)};
    fprintf(r.f, "taint: %s(%d <%s>, %lld bytes):", name, fd, path, (long long)n);
    look(&r, labels, n);
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

// Where a message goes, if it says so.
static void destination(const struct Row *row, const MynaSyscall *call, struct sockaddr_storage *to)
{
    uint64_t at = call->args[4], size = call->args[5];
    struct msghdr message;
    memset(to, 0, sizeof(*to));
    if (row->shape == MESSAGE) {
        bool read = taint.host->read_memory(taint.host, call->args[1], &message, sizeof(message));
        at = read ? (uintptr_t)message.msg_name : 0;
        size = read ? message.msg_namelen : 0;
    } else if (strcmp(call->name, "sendto") != 0) {
        return;
    }
    size = size < sizeof(*to) ? size : sizeof(*to);
    if (!at || !size || !taint.host->read_memory(taint.host, at, to, size)) {
        memset(to, 0, sizeof(*to));
    }
}

// In front of a call that writes.
static void leaves(const struct Row *row, const MynaSyscall *call)
{
    int fd = (int)call->args[0];
    if (!taint_flow_is_queue(fd)) {
        return;
    }
    struct iovec *iov = malloc(MAX_IOV * sizeof(*iov));
    unsigned count = pieces(row, call, iov);
    uint64_t n = 0;
    for (unsigned i = 0; i < count; i++) {
        n += iov[i].iov_len;
        n = n < MAX_SENT ? n : MAX_SENT;
    }
    uint8_t *labels = gather(iov, count, n);
    TaintMessage message = {.iov = iov, .count = count};
    destination(row, call, &message.to);
    taint_flow_sends(fd, &message, labels, n);
    free(labels);
    free(iov);
}

static void left(const struct Row *row, const MynaSyscall *call)
{
    int fd = (int)call->args[0];
    uint64_t n = (uint64_t)call->result;
    struct iovec *iov = malloc(MAX_IOV * sizeof(*iov));
    uint8_t *labels = gather(iov, pieces(row, call, iov), n);
    taint_flow_wrote(fd, offset_of(row, call), labels, n);
    report(call->name, fd, labels, n);
    free(labels);
    free(iov);
}

// Where a call that was given an offset's address began.
static int64_t began_at(uint64_t at, uint64_t n)
{
    int64_t offset;
    return at && taint.host->read_memory(taint.host, at, &offset, sizeof(offset))
               ? offset - (int64_t)n
               : -1;
}

// From one descriptor to another.
static void copied(const struct Row *row, const MynaSyscall *call)
{
    uint64_t n = (uint64_t)call->result;
    int to = (int)call->args[row->to], from = (int)call->args[row->to ? 0 : 1];
    uint8_t *labels = calloc(n ? n : 1, 1), sources = sources_of(from);
    taint_flow_read(from, NULL, row->from_at ? began_at(call->args[row->from_at], n) : -1, labels,
                    n, strcmp(call->name, "tee") == 0);
    for (uint64_t i = 0; i < n && sources; i++) {
        labels[i] |= sources;
    }
    taint_flow_sends(to, NULL, labels, n);
    taint_flow_sent(to, call->result);
    taint_flow_wrote(to, row->to_at ? began_at(call->args[row->to_at], n) : -1, labels, n);
    report(call->name, to, labels, n);
    free(labels);
}

// sendmmsg, recvmmsg: a call for each message.
static void several(const struct Row *row, const MynaSyscall *call)
{
    static const struct Row one = {"", MESSAGE, false, .flags = 2};
    for (int64_t i = 0; i < call->result && i < MAX_IOV; i++) {
        uint64_t at = call->args[1] + (uint64_t)i * sizeof(struct mmsghdr);
        uint32_t n;
        if (!taint.host->read_memory(taint.host, at + offsetof(struct mmsghdr, msg_len), &n,
                                     sizeof(n))) {
            return;
        }
        MynaSyscall part = *call;
        part.args[1] = at;
        part.result = n;
        if (row->writes) {
            leaves(&one, &part);
            taint_flow_sent((int)call->args[0], n);
            left(&one, &part);
        } else {
            part.args[one.flags] = call->args[row->flags];
            arrived(&one, &part);
        }
    }
}

static void files_change(const MynaSyscall *call)
{
    const char *name = call->name ? call->name : "";
    bool opens = !strcmp(name, "open") || !strcmp(name, "openat");
    uint64_t flags = opens ? call->args[name[4] ? 2 : 1] : 0;
    if ((flags & O_TRUNC) || !strcmp(name, "creat")) {
        taint_flow_cut((int)call->result);
    } else if (!strcmp(name, "ftruncate")) {
        taint_flow_cut((int)call->args[0]);
    }
}

static void done(const struct Row *row, const MynaSyscall *call)
{
    switch (row->shape) {
    case MAP: mapped(call); break;
    case MOVE: moved(call); break;
    case UNMAP: break;
    case ATTACH: attached(call); break;
    case COPY: copied(row, call); break;
    case MESSAGES: several(row, call); break;
    case CLEAR:
        taint_mark(call->args[row->where], row->length ? row->length : (uint64_t)call->result, 0);
        break;
    default: row->writes ? left(row, call) : arrived(row, call); break;
    }
}

void taint_events_syscall(void *block, const MynaSyscall *call, bool after)
{
    const struct Row *row = find_row(call->name);
    bool sends = row && row->writes && row->shape <= MESSAGE;
    if (!after) {
        if (sends) {
            leaves(row, call);
        } else if (row && row->shape ==
                              UNMAP) { // afterwards another thread may have mapped something there
            taint_unmap_shared(call->args[0], call->args[1]);
        }
        return;
    }
    if (sends) {
        taint_flow_sent((int)call->args[0], call->result);
    }
    bool failed = call->result < 0 && call->result >= -4095;
    if (!failed && row) {
        done(row, call);
    } else if (!failed) {
        files_change(call);
    }
    if (block) { // the result is the kernel's
        memset((char *)block + taint.env_at + e.result_at, 0, 8);
    }
}

void taint_events_fork_child(void)
{
    char *error = NULL;
    pthread_mutex_init(&e.lock, NULL);
    taint_flow_fork_child();
    taint_shared_fork_child();
    e.written = e.tainted = 0;
    if (!open_output(&error)) {
        dprintf(fileno(stderr), "taint: %s\n", error);
        free(error);
    }
}

void taint_events_end(void)
{
    dprintf(e.output, "taint: %llu bytes written, %llu of them tainted\n",
            (unsigned long long)e.written, (unsigned long long)e.tainted);
}
