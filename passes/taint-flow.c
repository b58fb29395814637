// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// taint's memory of what is outside of memory: the sources of bytes that the program has written to a pipe, a socket or a
// file, until it reads them there.
//
// Descriptors come and go, are copied and sent about; so what is known belongs to the kernel's object. A pipe is its
// inode. A Unix socket's bytes go to its peer's inode (sock_diag(7) tells which it is). A TCP connection is its two
// addresses, when both are this machine's. A file is its inode, and its sources stand by offset.
//
// A queue's bytes are told in front of the system call that writes them: another thread may have read them before that
// returns. The call's result then tells how many they were.
#include "passes/taint-flow.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "passes/taint.h"

enum {
    QUEUE_BYTES = 16 << 20, // what nobody here reads is forgotten from the start
    QUEUE_SEGMENTS = 1 << 16,
    CHUNK_BITS = 16,
    BUCKETS = 256,
    MOST_QUEUES = 4096,
};

// --- what a descriptor is -----------------------------------------------------------------------------------

typedef struct Key {
    uint64_t dev, ino;           // of a pipe, a file, the Unix socket that reads
    struct sockaddr_in6 ends[2]; // TCP: from, to
} Key;

typedef enum Kind { NOTHING, QUEUE, FILE_AT } Kind;

static bool address(struct sockaddr_in6 *to, const struct sockaddr_storage *from)
{
    memset(to, 0, sizeof(*to));
    to->sin6_family = AF_INET6;
    if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const void *)from;
        to->sin6_port = a->sin6_port;
        to->sin6_addr = a->sin6_addr;
        return true;
    }
    const struct sockaddr_in *a = (const void *)from;
    to->sin6_port = a->sin_port;
    to->sin6_addr.s6_addr[10] = to->sin6_addr.s6_addr[11] = 0xff;
    memcpy(&to->sin6_addr.s6_addr[12], &a->sin_addr, 4);
    return from->ss_family == AF_INET;
}

static bool is_loopback(const struct in6_addr *a)
{
    return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

static bool tcp_key(int fd, bool writes, Key *key)
{
    struct sockaddr_storage own, peer;
    socklen_t n = sizeof(own), m = sizeof(peer);
    if (getsockname(fd, (struct sockaddr *)&own, &n) ||
        getpeername(fd, (struct sockaddr *)&peer, &m) || !address(&key->ends[!writes], &own) ||
        !address(&key->ends[writes], &peer)) {
        return false;
    }
    const struct in6_addr *a = &key->ends[0].sin6_addr, *b = &key->ends[1].sin6_addr;
    return is_loopback(a) || memcmp(a, b, sizeof(*a)) == 0;
}

// The kernel's answer to who a Unix socket's peer is; 0: nobody, or it does not tell.
static uint64_t ask_peer(uint64_t ino)
{
    struct {
        struct nlmsghdr head;
        struct unix_diag_req req;
    } ask = {{sizeof(ask), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 1, 0},
             {.sdiag_family = AF_UNIX,
              .udiag_states = UINT32_MAX,
              .udiag_ino = (uint32_t)ino,
              .udiag_show = UDIAG_SHOW_PEER,
              .udiag_cookie = {UINT32_MAX, UINT32_MAX}}};
    _Alignas(struct nlmsghdr) char answer[1024];
    uint64_t peer = 0;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0) {
        return 0;
    }
    ssize_t n = send(fd, &ask, sizeof(ask), 0) == (ssize_t)sizeof(ask)
                    ? recv(fd, answer, sizeof(answer), MSG_DONTWAIT)
                    : -1;
    close(fd);
    const struct nlmsghdr *head = (const void *)answer;
    if (n < 0 || !NLMSG_OK(head, (size_t)n) || head->nlmsg_type != SOCK_DIAG_BY_FAMILY) {
        return 0;
    }
    const struct unix_diag_msg *message = NLMSG_DATA(head);
    const struct rtattr *a = (const void *)(message + 1);
    int left = (int)(head->nlmsg_len - NLMSG_LENGTH(sizeof(*message)));
    for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == UNIX_DIAG_PEER) {
            uint32_t number;
            memcpy(&number, RTA_DATA(a), sizeof(number));
            peer = number;
        }
    }
    return peer;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// Peers do not change, and a socket's number is not used again for billions of others: the answers are kept.
static uint64_t peer_of(uint64_t ino)
{
    static struct {
        uint64_t ino, peer;
    } known[1024];
    size_t at = ino % (sizeof(known) / sizeof(known[0]));
    pthread_mutex_lock(&lock);
    uint64_t peer = known[at].ino == ino ? known[at].peer : 0;
    pthread_mutex_unlock(&lock);
    if (!peer && (peer = ask_peer(ino))) {
        pthread_mutex_lock(&lock);
        known[at].ino = ino;
        known[at].peer = peer;
        pthread_mutex_unlock(&lock);
    }
    return peer;
}

// *messages: what is read at once was written at once.
static Kind identify(int fd, bool writes, Key *key, bool *messages, uint64_t *file_size)
{
    struct stat st;
    memset(key, 0, sizeof(*key));
    *messages = false;
    *file_size = 0;
    if (fstat(fd, &st)) {
        return NOTHING;
    }
    key->dev = st.st_dev;
    key->ino = st.st_ino;
    if (S_ISREG(st.st_mode)) {
        *file_size = (uint64_t)st.st_size;
        return FILE_AT;
    }
    if (!S_ISSOCK(st.st_mode)) {
        return S_ISFIFO(st.st_mode) ? QUEUE : NOTHING;
    }
    int domain = 0, type = 0;
    socklen_t n = sizeof(domain), m = sizeof(type);
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n);
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &m);
    *messages = type != SOCK_STREAM;
    if (domain == AF_UNIX) {
        key->ino = writes ? peer_of(st.st_ino) : st.st_ino;
        return key->ino ? QUEUE : NOTHING;
    }
    key->dev = key->ino = 0;
    return type == SOCK_STREAM && (domain == AF_INET || domain == AF_INET6) &&
                   tcp_key(fd, writes, key)
               ? QUEUE
               : NOTHING;
}

// --- queues -------------------------------------------------------------------------------------------------

// What was written at once.
typedef struct Segment {
    struct Segment *next;
    uint64_t number, length, taken;
    uint8_t *labels; // NULL: clean
} Segment;

typedef struct Queue {
    struct Queue *next;
    Key key;
    Segment *first, *last;
    uint64_t bytes, segments, used;
} Queue;

static Queue *queues[BUCKETS];
static uint64_t n_queues, clock_, numbers;

static unsigned bucket_of(const Key *key)
{
    const uint8_t *p = (const uint8_t *)key;
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < sizeof(*key); i++) {
        h = (h ^ p[i]) * 16777619u;
    }
    return (h ^ h >> 16) % BUCKETS;
}

static void drop_first(Queue *q)
{
    Segment *s = q->first;
    q->first = s->next;
    q->last = q->first ? q->last : NULL;
    q->bytes -= s->length - s->taken;
    q->segments--;
    free(s->labels);
    free(s);
}

// The queue that has not been used for longest goes.
static void forget_one(void)
{
    Queue **oldest = NULL;
    for (unsigned i = 0; i < BUCKETS; i++) {
        for (Queue **q = &queues[i]; *q; q = &(*q)->next) {
            oldest = !oldest || (*q)->used < (*oldest)->used ? q : oldest;
        }
    }
    Queue *q = *oldest;
    *oldest = q->next;
    while (q->first) {
        drop_first(q);
    }
    free(q);
    n_queues--;
}

static Queue *find_queue(const Key *key, bool make)
{
    unsigned bucket = bucket_of(key);
    Queue *q = queues[bucket];
    while (q && memcmp(&q->key, key, sizeof(*key)) != 0) {
        q = q->next;
    }
    if (!q && make) {
        if (n_queues >= MOST_QUEUES) {
            forget_one();
        }
        q = calloc(1, sizeof(*q));
        q->key = *key;
        q->next = queues[bucket];
        queues[bucket] = q;
        n_queues++;
    }
    if (q) {
        q->used = ++clock_;
    }
    return q;
}

static uint64_t push(const Key *key, uint8_t *labels, uint64_t n)
{
    pthread_mutex_lock(&lock);
    Queue *q = find_queue(key, true);
    Segment *s = calloc(1, sizeof(*s));
    uint64_t number = s->number = ++numbers;
    s->length = n;
    s->labels = labels;
    *(q->last ? &q->last->next : &q->first) = s;
    q->last = s;
    q->bytes += n;
    q->segments++;
    while (q->first != s && (q->bytes > QUEUE_BYTES || q->segments > QUEUE_SEGMENTS)) {
        drop_first(q);
    }
    pthread_mutex_unlock(&lock);
    return number;
}

// The segment is shorter than it was thought to be; of length 0 it was none.
static void settle(const Key *key, uint64_t number, uint64_t length)
{
    pthread_mutex_lock(&lock);
    Queue *q = find_queue(key, false);
    Segment *before = NULL, *s = q ? q->first : NULL;
    for (; s && s->number != number; s = s->next) {
        before = s;
    }
    if (s && length < s->length) {
        length = length > s->taken ? length : s->taken;
        q->bytes -= s->length - length;
        s->length = length;
        if (length == s->taken) {
            if (!before) {
                drop_first(q);
            } else {
                before->next = s->next;
                q->last = q->last == s ? before : q->last;
                q->segments--;
                free(s->labels);
                free(s);
            }
        }
    }
    pthread_mutex_unlock(&lock);
}

static bool pop(const Key *key, uint8_t *labels, uint64_t n, bool message, bool stays)
{
    bool any = false;
    pthread_mutex_lock(&lock);
    Queue *q = find_queue(key, false);
    Segment *s = q ? q->first : NULL;
    for (uint64_t done = 0; s && done < n;) {
        uint64_t m = s->length - s->taken < n - done ? s->length - s->taken : n - done;
        if (s->labels) {
            memcpy(labels + done, s->labels + s->taken, m);
            any = true;
        }
        done += m;
        Segment *next = s->next;
        if (!stays) {
            s->taken += m;
            q->bytes -= m;
            if (s->taken == s->length || message) {
                drop_first(q);
            }
        }
        s = message ? NULL : next;
    }
    pthread_mutex_unlock(&lock);
    return any;
}

// --- files ----------------------------------------------------------------------------------------------------

typedef struct Chunk {
    struct Chunk *next;
    uint64_t number; // offset >> CHUNK_BITS
    uint8_t labels[1 << CHUNK_BITS];
} Chunk;

typedef struct File {
    struct File *next;
    Key key;
    Chunk *chunks; // the one that was used last in front
} File;

static File *files[BUCKETS];

static File *find_file(const Key *key, bool make)
{
    unsigned bucket = bucket_of(key);
    File *f = files[bucket];
    while (f && memcmp(&f->key, key, sizeof(*key)) != 0) {
        f = f->next;
    }
    if (!f && make) {
        f = calloc(1, sizeof(*f));
        f->key = *key;
        f->next = files[bucket];
        files[bucket] = f;
    }
    return f;
}

static Chunk *find_chunk(File *f, uint64_t number, bool make)
{
    Chunk **at = &f->chunks;
    while (*at && (*at)->number != number) {
        at = &(*at)->next;
    }
    Chunk *c = *at;
    if (c) {
        *at = c->next;
    } else if (make) {
        c = calloc(1, sizeof(*c));
        c->number = number;
    } else {
        return NULL;
    }
    c->next = f->chunks;
    f->chunks = c;
    return c;
}

// What stands behind the file's end is no part of it any more.
static void cut(File *f, uint64_t size)
{
    for (Chunk **at = &f->chunks; *at;) {
        Chunk *c = *at;
        uint64_t start = c->number << CHUNK_BITS;
        if (start >= size) {
            *at = c->next;
            free(c);
            continue;
        }
        if (size - start < sizeof(c->labels)) {
            memset(c->labels + (size - start), 0, sizeof(c->labels) - (size - start));
        }
        at = &c->next;
    }
}

// labels NULL: clean.
static void write_file(const Key *key, uint64_t offset, const uint8_t *labels, uint64_t n)
{
    pthread_mutex_lock(&lock);
    File *f = find_file(key, labels != NULL);
    for (uint64_t done = 0; f && done < n;) {
        uint64_t at = offset + done, in = at & ((1 << CHUNK_BITS) - 1);
        uint64_t m = (1 << CHUNK_BITS) - in < n - done ? (1 << CHUNK_BITS) - in : n - done;
        Chunk *c = find_chunk(f, at >> CHUNK_BITS, labels != NULL);
        if (c && labels) {
            memcpy(c->labels + in, labels + done, m);
        } else if (c) {
            memset(c->labels + in, 0, m);
        }
        done += m;
    }
    pthread_mutex_unlock(&lock);
}

static bool read_file(const Key *key, uint64_t offset, uint8_t *labels, uint64_t n, uint64_t size)
{
    bool any = false;
    pthread_mutex_lock(&lock);
    File *f = find_file(key, false);
    if (f) {
        cut(f, size);
    }
    for (uint64_t done = 0; f && done < n;) {
        uint64_t at = offset + done, in = at & ((1 << CHUNK_BITS) - 1);
        uint64_t m = (1 << CHUNK_BITS) - in < n - done ? (1 << CHUNK_BITS) - in : n - done;
        const Chunk *c = find_chunk(f, at >> CHUNK_BITS, false);
        if (c) {
            memcpy(labels + done, c->labels + in, m);
            any = true;
        }
        done += m;
    }
    pthread_mutex_unlock(&lock);
    return any;
}

// --- for taint-events.c -----------------------------------------------------------------------------------------

// What the thread is about to write to a queue.
static _Thread_local struct Sending {
    Key key;
    uint64_t number;
    int fd;
} sending;

static uint8_t *copy_if_tainted(const uint8_t *labels, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        if (labels[i]) {
            return memcpy(malloc(n), labels, n);
        }
    }
    return NULL;
}

void taint_flow_sends(int fd, const uint8_t *labels, uint64_t n)
{
    bool messages;
    uint64_t size;
    sending.number = 0;
    if (n && identify(fd, true, &sending.key, &messages, &size) == QUEUE) {
        sending.number = push(&sending.key, labels ? copy_if_tainted(labels, n) : NULL, n);
        sending.fd = fd;
    }
}

bool taint_flow_is_queue(int fd)
{
    Key key;
    bool messages;
    uint64_t size;
    return identify(fd, true, &key, &messages, &size) == QUEUE;
}

void taint_flow_sent(int fd, int64_t result)
{
    if (sending.number && sending.fd == fd) {
        settle(&sending.key, sending.number, result < 0 ? 0 : (uint64_t)result);
    }
    sending.number = 0;
}

// Where the call that moved n bytes began.
static uint64_t start_of(int fd, int64_t offset, uint64_t n)
{
    if (offset >= 0) {
        return (uint64_t)offset;
    }
    off_t now = lseek(fd, 0, SEEK_CUR);
    return now >= (off_t)n ? (uint64_t)now - n : 0;
}

void taint_flow_wrote(int fd, int64_t offset, const uint8_t *labels, uint64_t n)
{
    Key key;
    bool messages;
    uint64_t size;
    if (n && identify(fd, true, &key, &messages, &size) == FILE_AT) {
        uint8_t *tainted = labels ? copy_if_tainted(labels, n) : NULL;
        write_file(&key, start_of(fd, offset, n), tainted, n);
        free(tainted);
    }
}

bool taint_flow_read(int fd, int64_t offset, uint8_t *labels, uint64_t n, bool stays)
{
    Key key;
    bool messages;
    uint64_t size;
    switch (identify(fd, false, &key, &messages, &size)) {
    case QUEUE: return pop(&key, labels, n, messages, stays);
    case FILE_AT: return read_file(&key, start_of(fd, offset, n), labels, n, size);
    default: return false;
    }
}

void taint_flow_cut(int fd)
{
    uint8_t none;
    taint_flow_read(fd, 0, &none, 0, true);
}

void taint_flow_fork_child(void) { pthread_mutex_init(&lock, NULL); }
