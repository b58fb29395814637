// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// memtrace: every access to guest memory, in order for each thread.
//
//   --pass=memtrace:out=FILE
//
// Each thread fills a chunk of records: inline, one check for room at the start of a straight run of code, no call. A full
// chunk goes to a thread of the pass's own, which writes it. When that lags behind by QUEUE chunks, guest threads wait.
//
// The file, numbers in the host's byte order: 8 bytes "MYNATRC1", then chunks. A chunk is the thread's id and the number of
// its records (32 bits each), and the records (2 times 64 bits): the address; and the instruction's pc in bits 0-47, the
// size's logarithm in bits 48-51, what it does in bits 52-53 (1 reads, 2 writes, 3 both). An access that faults is there as
// well. What a helper accesses (string instructions, FXSAVE) is there piece by piece, once it has been done.
// passes/memtrace-print shows it as text.
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "passes/pass.h"

enum { CHUNK_RECORDS = 1 << 15, QUEUE = 32, MAX_RUN = 1024 };

typedef struct Record {
    uint64_t addr, what;
} Record;

typedef struct Chunk {
    struct Chunk *next;
    uint32_t head[2]; // thread, records
    Record records[CHUNK_RECORDS];
} Chunk;

// In the thread's block.
typedef struct Cursor {
    Record *at, *end; // in the chunk; both NULL: there is none
    Chunk *chunk;
} Cursor;

static struct MemTrace {
    MynaPassHost *host;
    char *out;
    size_t cursor;
    int fd;
    pthread_mutex_t lock;
    pthread_cond_t filled, written;
    Chunk *first, **last, *spare;
    unsigned queued; // with the one being written
} m;

// --- the thread that writes -------------------------------------------------------------------------------

static void write_all(const void *data, size_t size)
{
    for (const char *at = data; size && m.fd >= 0;) {
        ssize_t n = write(m.fd, at, size);
        if (n <= 0) {
            dprintf(fileno(stderr), "memtrace: cannot write '%s': %m\n", m.out);
            m.fd = -1;
            return;
        }
        at += n;
        size -= (size_t)n;
    }
}

static void *writer(void *opaque)
{
    pthread_mutex_lock(&m.lock);
    for (;;) {
        while (!m.first) {
            pthread_cond_wait(&m.filled, &m.lock);
        }
        Chunk *chunk = m.first;
        m.first = chunk->next;
        if (!m.first) {
            m.last = &m.first;
        }
        pthread_mutex_unlock(&m.lock);
        write_all(chunk->head, sizeof(chunk->head) + chunk->head[1] * sizeof(Record));
        pthread_mutex_lock(&m.lock);
        chunk->next = m.spare;
        m.spare = chunk;
        m.queued--;
        pthread_cond_broadcast(&m.written);
    }
    return opaque;
}

static bool start(char **error)
{
    pthread_mutex_init(&m.lock, NULL);
    pthread_cond_init(&m.filled, NULL);
    pthread_cond_init(&m.written, NULL);
    m.first = m.spare = NULL;
    m.last = &m.first;
    m.queued = 0;
    char *path = m.host->output(m.host, m.out);
    m.fd = m.host->open(m.host, path, error);
    free(path);
    if (m.fd < 0) {
        return false;
    }
    write_all("MYNATRC1", 8);
    // The guest's signals are for its own threads.
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_t thread;
    int err = pthread_create(&thread, NULL, writer, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (err && asprintf(error, "cannot start a thread: %s", strerror(err)) < 0) {
        *error = NULL;
    }
    return !err;
}

// --- the guest's threads ------------------------------------------------------------------------------------

// With the lock.
static void hand_over(Cursor *c)
{
    if (c->chunk && c->at > c->chunk->records) {
        Chunk *chunk = c->chunk;
        chunk->head[1] = (uint32_t)(c->at - chunk->records);
        chunk->next = NULL;
        *m.last = chunk;
        m.last = &chunk->next;
        m.queued++;
        pthread_cond_signal(&m.filled);
    } else if (c->chunk) {
        c->chunk->next = m.spare;
        m.spare = c->chunk;
    }
    *c = (Cursor){0};
}

// Called when there is no room for a run's records.
static void next_chunk(void *block)
{
    Cursor *c = (Cursor *)((char *)block + m.cursor);
    pthread_mutex_lock(&m.lock);
    hand_over(c);
    while (m.queued >= QUEUE) {
        pthread_cond_wait(&m.written, &m.lock);
    }
    Chunk *chunk = m.spare;
    m.spare = chunk ? chunk->next : NULL;
    pthread_mutex_unlock(&m.lock);
    chunk = chunk ? chunk : malloc(sizeof(*chunk));
    chunk->head[0] = (uint32_t)syscall(SYS_gettid);
    *c = (Cursor){chunk->records, chunk->records + CHUNK_RECORDS, chunk};
}

static void *init(MynaPassHost *host, const char *args, char **error)
{
    static const char *const keys[] = {"out", NULL};
    *error = myna_args_check(args, keys);
    m.out = *error ? NULL : myna_arg(args, "out");
    if (!m.out) {
        *error = *error ? *error : strdup("it needs out=FILE");
        return NULL;
    }
    m.host = host;
    m.cursor = host->thread_alloc(host, sizeof(Cursor), sizeof(void *));
    host->define(host, "memtrace.next", (const void *)next_chunk);
    return start(error) ? &m : NULL;
}

static void thread_end(void *self, void *block)
{
    (void)self;
    pthread_mutex_lock(&m.lock);
    hand_over((Cursor *)((char *)block + m.cursor));
    pthread_mutex_unlock(&m.lock);
}

// The chunk is a copy of the parent's, which writes its own.
static void fork_child(void *self, void *block)
{
    (void)self;
    char *error = NULL;
    if (block) {
        *(Cursor *)((char *)block + m.cursor) = (Cursor){0};
    }
    if (!start(&error)) {
        dprintf(fileno(stderr), "memtrace: %s\n", error);
        free(error);
    }
}

static void finish_thread(void *opaque, void *block) { thread_end(opaque, block); }

static void end(void *self, MynaPassEnd why)
{
    (void)why;
    m.host->each_thread(m.host, finish_thread, self);
    pthread_mutex_lock(&m.lock);
    while (m.queued) {
        pthread_cond_wait(&m.written, &m.lock);
    }
    pthread_mutex_unlock(&m.lock);
}

// --- the code -----------------------------------------------------------------------------------------------

static LLVMValueRef load_ptr(MynaPassUnit *unit, LLVMBuilderRef b, size_t offset)
{
    LLVMTypeRef type = LLVMPointerTypeInContext(LLVMGetModuleContext(unit->module), 0);
    LLVMValueRef load = LLVMBuildLoad2(b, type, myna_thread_ptr(unit, b, m.cursor + offset), "");
    LLVMSetAlignment(load, 8);
    myna_own_memory(unit, load);
    return load;
}

// Room for n records, before the first access of a run.
static void make_room(MynaPassUnit *unit, LLVMValueRef first, unsigned n)
{
    LLVMContextRef c = LLVMGetModuleContext(unit->module);
    LLVMTypeRef word = LLVMInt64TypeInContext(c);
    LLVMBuilderRef b = myna_builder_before(first);
    LLVMValueRef at = load_ptr(unit, b, offsetof(Cursor, at)),
                 end = load_ptr(unit, b, offsetof(Cursor, end));
    LLVMValueRef room = LLVMBuildSub(b, LLVMBuildPtrToInt(b, end, word, ""),
                                     LLVMBuildPtrToInt(b, at, word, ""), "");
    LLVMValueRef block = myna_thread_ptr(unit, b, 0);
    LLVMValueRef none = LLVMBuildICmp(b, LLVMIntULT, room, myna_i64(unit, n * sizeof(Record)), "");
    myna_if(b, none, false);
    myna_call(unit, b, "memtrace.next", LLVMVoidTypeInContext(c), &block, 1);
    LLVMDisposeBuilder(b);
}

static void record(MynaPassUnit *unit, const MynaOp *op)
{
    LLVMTypeRef byte = LLVMInt8TypeInContext(LLVMGetModuleContext(unit->module));
    LLVMBuilderRef b = myna_builder_before(op->call);
    uint64_t does = op->kind == MYNA_OP_LD ? 1 : op->kind == MYNA_OP_ST ? 2 : 3;
    uint64_t what = (op->pc & 0xffffffffffff) | (uint64_t)__builtin_ctz(op->size) << 48 |
                    does << 52;
    LLVMValueRef at = load_ptr(unit, b, offsetof(Cursor, at));
    LLVMValueRef eight = myna_i64(unit, 8), sixteen = myna_i64(unit, sizeof(Record));
    LLVMValueRef addr = op->address;
    if (LLVMTypeOf(addr) != LLVMTypeOf(eight)) {
        addr = LLVMBuildZExt(b, addr, LLVMTypeOf(eight), "");
    }
    LLVMValueRef stores[] = {
        LLVMBuildStore(b, addr, at),
        LLVMBuildStore(b, myna_i64(unit, what), LLVMBuildInBoundsGEP2(b, byte, at, &eight, 1, "")),
        LLVMBuildStore(b, LLVMBuildInBoundsGEP2(b, byte, at, &sixteen, 1, ""),
                       myna_thread_ptr(unit, b, m.cursor + offsetof(Cursor, at))),
    };
    myna_own_buffer(unit, stores[0]);
    myna_own_buffer(unit, stores[1]);
    myna_own_memory(unit, stores[2]);
    LLVMDisposeBuilder(b);
}

// A helper's access: as pieces of 16, 8, 4, 2 and 1 bytes.
static void access_by_helper(void *self, void *env, void *block, uint64_t pc, uint64_t addr,
                             uint64_t size, bool write)
{
    Cursor *c = (Cursor *)((char *)block + m.cursor);
    (void)self, (void)env;
    while (size) {
        uint64_t shift = 4;
        while (UINT64_C(1) << shift > size) {
            shift--;
        }
        if (c->end - c->at <= MAX_RUN) { // the run that the helper is in may still need its room
            next_chunk(block);
        }
        *c->at++ = (Record){addr,
                            (pc & 0xffffffffffff) | shift << 48 | (write ? 2ull : 1ull) << 52};
        addr += UINT64_C(1) << shift;
        size -= UINT64_C(1) << shift;
    }
}

static bool is_access(const MynaOp *op)
{
    return op->kind >= MYNA_OP_LD && op->kind <= MYNA_OP_CMPXCHG;
}

static bool run(void *self, MynaPassUnit *unit, char **error)
{
    (void)self;
    (void)error;
    myna_watch_helpers(unit);
    for (LLVMValueRef fn = NULL; (fn = myna_function_next(unit->module, fn));) {
        // Runs are found before they are split.
        LLVMValueRef first = NULL;
        unsigned n = 0;
        for (MynaOp op = {.call = NULL}; myna_op_next(fn, &op);) {
            if (!is_access(&op)) {
                continue;
            }
            if (n == MAX_RUN ||
                (n && LLVMGetInstructionParent(op.call) != LLVMGetInstructionParent(first))) {
                make_room(unit, first, n);
                n = 0;
            }
            first = n++ ? first : op.call;
        }
        if (n) {
            make_room(unit, first, n);
        }
        for (MynaOp op = {.call = NULL}; myna_op_next(fn, &op);) {
            if (is_access(&op)) {
                record(unit, &op);
            }
        }
    }
    return true;
}

const MynaPass myna_pass = {
    .version = MYNA_PASS_VERSION,
    .flags = MYNA_PASS_CACHEABLE,
    .name = "memtrace",
    .init = init,
    .run = run,
    .thread_end = thread_end,
    .fork_child = fork_child,
    .access = access_by_helper,
    .end = end,
};
