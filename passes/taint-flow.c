// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// taint's memory of what is outside of memory: the sources of bytes that the program, or another process of the run, has
// written to a pipe, a socket or a file, until one of them reads them there. taint-shared.c keeps it.
//
// Descriptors come and go, are copied and sent about; so what is known belongs to the kernel's object. A pipe is its
// inode. A Unix socket's bytes go to its peer's inode (sock_diag(7) tells which it is). A TCP connection is its two
// addresses, when both are this machine's; a UDP socket is its port. A file is its inode, and its sources stand by offset.
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
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "passes/taint-shared.h"
#include "passes/taint.h"

enum {
    QUEUE_BYTES = 16 << 20, // what nobody here reads is forgotten from the start
    QUEUE_SEGMENTS = 1 << 14,
    MOST_QUEUES = 4096,
    MOST_BYTES = 256 << 20, // of all of them
    HEAD = 64,              // of a datagram, to know it again
    REORDERED = 64,         // datagrams that one may overtake
};

// --- what a descriptor is -----------------------------------------------------------------------------------

typedef struct Key {
    uint64_t dev, ino;           // of a pipe, a file, the Unix socket that reads
    struct sockaddr_in6 ends[2]; // TCP: from, to; UDP: the port alone, in the second
} Key;

typedef enum Kind { NOTHING, QUEUE, FILE_AT } Kind;
// How what is written at once is read: in any pieces; at once; at once, if at all.
typedef enum Transport { STREAM, MESSAGES, DATAGRAMS } Transport;

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

// Is it an address of this machine?  Then a socket can have it.
static bool is_here(const struct in6_addr *a)
{
    static const struct in6_addr any4 = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    if (is_loopback(a) || IN6_IS_ADDR_UNSPECIFIED(a) || memcmp(a, &any4, sizeof(any4)) == 0) {
        return true;
    }
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = *a};
    bool here = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return here;
}

// UDP: who reads is known by the port alone, as it may have been bound without an address.
static bool udp_key(int fd, const struct sockaddr_storage *to, bool writes, Key *key)
{
    struct sockaddr_storage other;
    struct sockaddr_in6 a;
    socklen_t n = sizeof(other);
    if (!writes) {
        if (getsockname(fd, (struct sockaddr *)&other, &n) || !address(&a, &other)) {
            return false;
        }
    } else if (to && to->ss_family != AF_UNSPEC) {
        if (!address(&a, to) || !is_here(&a.sin6_addr)) {
            return false;
        }
    } else if (getpeername(fd, (struct sockaddr *)&other, &n) || !address(&a, &other) ||
               !is_here(&a.sin6_addr)) {
        return false;
    }
    key->ends[1].sin6_family = AF_INET6;
    key->ends[1].sin6_port = a.sin6_port;
    return a.sin6_port != 0;
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

// to: where a message goes that names its address, else NULL.
static Kind identify(int fd, const struct sockaddr_storage *to, bool writes, Key *key,
                     Transport *how, uint64_t *file_size)
{
    struct stat st;
    memset(key, 0, sizeof(*key));
    *how = STREAM;
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
    *how = type == SOCK_STREAM ? STREAM : MESSAGES;
    if (domain == AF_UNIX) {
        key->ino = writes ? peer_of(st.st_ino) : st.st_ino;
        return key->ino ? QUEUE : NOTHING;
    }
    key->dev = key->ino = 0;
    if (domain != AF_INET && domain != AF_INET6) {
        return NOTHING;
    }
    if (type == SOCK_DGRAM) {
        *how = DATAGRAMS;
        return udp_key(fd, to, writes, key) ? QUEUE : NOTHING;
    }
    return type == SOCK_STREAM && tcp_key(fd, writes, key) ? QUEUE : NOTHING;
}

// --- queues -------------------------------------------------------------------------------------------------
//
// In the heap that processes share, under its lock.

// What was written at once.
typedef struct Segment {
    Ref next;
    uint64_t number, length, taken;
    Ref labels;    // 0: clean
    uint64_t room; // of labels
    uint8_t head[HEAD];
} Segment;

typedef struct Queue {
    Ref next, first, last;
    Key key;
    uint64_t bytes, segments, used;
} Queue;

static Queue *queue_at(Ref ref) { return taint_shared_at(ref); }
static Segment *segment_at(Ref ref) { return taint_shared_at(ref); }

static unsigned bucket_of(const Key *key)
{
    const uint8_t *p = (const uint8_t *)key;
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < sizeof(*key); i++) {
        h = (h ^ p[i]) * 16777619u;
    }
    return (h ^ h >> 16) % SHARED_BUCKETS;
}

// before: the segment in front of it, 0: it is the first.
static void drop(Queue *q, Ref before, Ref ref)
{
    Segment *s = segment_at(ref);
    *(before ? &segment_at(before)->next : &q->first) = s->next;
    q->last = q->last == ref ? before : q->last;
    q->bytes -= s->length - s->taken;
    q->segments--;
    taint_shared_free(s->labels, s->room);
    taint_shared_free(ref, sizeof(Segment));
}

// The queue that has not been used for longest goes.
static bool forget_one(Shared *shared)
{
    Ref *oldest = NULL;
    for (unsigned i = 0; i < SHARED_BUCKETS; i++) {
        for (Ref *q = &shared->queues[i]; *q; q = &queue_at(*q)->next) {
            oldest = !oldest || queue_at(*q)->used < queue_at(*oldest)->used ? q : oldest;
        }
    }
    if (!oldest) {
        return false;
    }
    Ref ref = *oldest;
    Queue *q = queue_at(ref);
    *oldest = q->next;
    while (q->first) {
        drop(q, 0, q->first);
    }
    taint_shared_free(ref, sizeof(Queue));
    shared->n_queues--;
    return true;
}

static Queue *find_queue(Shared *shared, const Key *key, bool make)
{
    Ref *bucket = &shared->queues[bucket_of(key)], ref = *bucket;
    while (ref && memcmp(&queue_at(ref)->key, key, sizeof(*key)) != 0) {
        ref = queue_at(ref)->next;
    }
    if (!ref && make) {
        while (shared->n_queues >= MOST_QUEUES || shared->allocated > MOST_BYTES) {
            if (!forget_one(shared)) {
                break;
            }
        }
        ref = taint_shared_alloc(sizeof(Queue));
        if (ref) {
            queue_at(ref)->key = *key;
            queue_at(ref)->next = *bucket;
            *bucket = ref;
            shared->n_queues++;
        }
    }
    if (ref) {
        queue_at(ref)->used = ++shared->clock;
    }
    return queue_at(ref);
}

static uint64_t push(const Key *key, const uint8_t *labels, uint64_t n, const uint8_t *head)
{
    Shared *shared = taint_shared_lock();
    Queue *q = find_queue(shared, key, true);
    Ref ref = q ? taint_shared_alloc(sizeof(Segment)) : 0;
    uint64_t number = ref ? ++shared->numbers : 0;
    if (ref) {
        Segment *s = segment_at(ref);
        s->number = number;
        s->length = n;
        s->room = labels ? n : 0;
        s->labels = labels ? taint_shared_alloc(n) : 0;
        if (s->labels) {
            memcpy(taint_shared_at(s->labels), labels, n);
        }
        memcpy(s->head, head, HEAD);
        *(q->last ? &segment_at(q->last)->next : &q->first) = ref;
        q->last = ref;
        q->bytes += n;
        q->segments++;
        while (q->first != ref && (q->bytes > QUEUE_BYTES || q->segments > QUEUE_SEGMENTS)) {
            drop(q, 0, q->first);
        }
    }
    taint_shared_unlock();
    return number;
}

// The segment is shorter than it was thought to be; of length 0 it was none.
static void settle(const Key *key, uint64_t number, uint64_t length)
{
    Shared *shared = taint_shared_lock();
    Queue *q = find_queue(shared, key, false);
    Ref before = 0, ref = q ? q->first : 0;
    for (; ref && segment_at(ref)->number != number; ref = segment_at(ref)->next) {
        before = ref;
    }
    Segment *s = segment_at(ref);
    if (s && length < s->length) {
        length = length > s->taken ? length : s->taken;
        q->bytes -= s->length - length;
        s->length = length;
        if (length == s->taken) {
            drop(q, before, ref);
        }
    }
    taint_shared_unlock();
}

// A datagram may get lost, and what one socket has been sent by several may come in another order: the first message
// that looks like what has come.  Those long before it are lost.
static Ref find_message(Queue *q, Ref *before, uint64_t n, const uint8_t *head, bool whole)
{
    unsigned place = 0;
    *before = 0;
    for (Ref ref = q->first; ref; *before = ref, ref = segment_at(ref)->next, place++) {
        const Segment *s = segment_at(ref);
        if ((whole ? s->length == n : s->length >= n) &&
            memcmp(s->head, head, n < HEAD ? n : HEAD) == 0) {
            for (; place > REORDERED && q->first != *before; place--) {
                drop(q, 0, q->first);
            }
            return ref;
        }
    }
    return 0;
}

static bool pop(const Key *key, uint8_t *labels, uint64_t n, Transport how, bool stays,
                const uint8_t *head, bool whole)
{
    bool any = false, message = how != STREAM;
    Shared *shared = taint_shared_lock();
    Queue *q = find_queue(shared, key, false);
    Ref before = 0, ref = !q                 ? 0
                          : how != DATAGRAMS ? q->first
                                             : find_message(q, &before, n, head, whole);
    for (uint64_t done = 0; ref && done < n;) {
        Segment *s = segment_at(ref);
        uint64_t m = s->length - s->taken < n - done ? s->length - s->taken : n - done;
        if (s->labels) {
            memcpy(labels + done, (uint8_t *)taint_shared_at(s->labels) + s->taken, m);
            any = true;
        }
        done += m;
        Ref next = s->next;
        if (!stays) {
            s->taken += m;
            q->bytes -= m;
            if (s->taken == s->length || message) {
                drop(q, before, ref);
            }
        }
        ref = message ? 0 : next;
    }
    taint_shared_unlock();
    return any;
}

// --- for taint-events.c -----------------------------------------------------------------------------------------

// What the thread is about to write to a queue.
static _Thread_local struct Sending {
    Key key;
    uint64_t number;
    int fd;
} sending;

static bool is_tainted(const uint8_t *labels, uint64_t n)
{
    for (uint64_t i = 0; labels && i < n; i++) {
        if (labels[i]) {
            return true;
        }
    }
    return false;
}

// The first bytes of a message. What is no datagram does without.
static void head_of(const TaintMessage *m, uint8_t head[HEAD])
{
    memset(head, 0, HEAD);
    for (uint64_t i = 0, done = 0; m && i < m->count && done < HEAD; i++) {
        uint64_t n = m->iov[i].iov_len < HEAD - done ? m->iov[i].iov_len : HEAD - done;
        taint.host->read_memory(taint.host, (uintptr_t)m->iov[i].iov_base, head + done, n);
        done += n;
    }
}

void taint_flow_sends(int fd, const TaintMessage *m, const uint8_t *labels, uint64_t n)
{
    Transport how;
    uint64_t size;
    uint8_t head[HEAD];
    sending.number = 0;
    if (n && identify(fd, m ? &m->to : NULL, true, &sending.key, &how, &size) == QUEUE) {
        head_of(how == DATAGRAMS ? m : NULL, head);
        sending.number = push(&sending.key, is_tainted(labels, n) ? labels : NULL, n, head);
        sending.fd = fd;
    }
}

bool taint_flow_is_queue(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
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
    Transport how;
    uint64_t size;
    if (n && identify(fd, NULL, true, &key, &how, &size) == FILE_AT) {
        bool tainted = is_tainted(labels, n);
        uint64_t slot = taint_slot(key.dev, key.ino, tainted);
        if (slot) {
            taint_slot_write(slot, start_of(fd, offset, n), tainted ? labels : NULL, n);
        }
    }
}

bool taint_flow_read(int fd, const TaintMessage *m, int64_t offset, uint8_t *labels, uint64_t n,
                     bool stays)
{
    Key key;
    Transport how;
    uint64_t size, slot, room = 0;
    uint8_t head[HEAD];
    switch (identify(fd, NULL, false, &key, &how, &size)) {
    case QUEUE:
        head_of(how == DATAGRAMS ? m : NULL, head);
        for (unsigned i = 0; m && i < m->count; i++) {
            room += m->iov[i].iov_len;
        }
        return pop(&key, labels, n, how, stays, head, room != n);
    case FILE_AT:
        slot = taint_slot(key.dev, key.ino, false);
        return slot && taint_slot_read(slot, start_of(fd, offset, n), labels, n, size);
    default: return false;
    }
}

uint64_t taint_flow_file(int fd)
{
    Key key;
    Transport how;
    uint64_t size;
    return identify(fd, NULL, false, &key, &how, &size) == FILE_AT
               ? taint_slot(key.dev, key.ino, true)
               : 0;
}

void taint_flow_cut(int fd)
{
    uint8_t none;
    taint_flow_read(fd, NULL, 0, &none, 0, true);
}

void taint_flow_fork_child(void) { pthread_mutex_init(&lock, NULL); }
