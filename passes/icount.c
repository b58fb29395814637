// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// icount: counts what the guest executes, inline, and says how much it was at the end.
//
//   --pass=icount[:count=insns|blocks|memory][,out=FILE]
//
//   insns    instructions (unless told)
//   blocks   translation blocks
//   memory   loads, stores and atomic operations, those of string instructions and of saved state piece by piece
//
// A counter in the thread's block; one addition for each straight run of code, at its start, so an instruction that
// faults in the midst of one has been counted with those behind it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "passes/pass.h"

typedef struct ICount {
    MynaPassHost *host;
    MynaOpKind kind;
    const char *what;
    char *out;      // NULL: standard error
    size_t at;      // in the thread's block
    uint64_t ended; // of threads that have ended
} ICount;

static const struct {
    const char *name, *what;
    MynaOpKind kind;
} kinds[] = {
    {"insns", "instructions", MYNA_OP_INSN},
    {"blocks", "blocks", MYNA_OP_BLOCK},
    {"memory", "memory accesses", MYNA_OP_LD},
};

static void *init(MynaPassHost *host, const char *args, char **error)
{
    static const char *const keys[] = {"count", "out", NULL};
    *error = myna_args_check(args, keys);
    if (*error) {
        return NULL;
    }
    ICount *c = calloc(1, sizeof(*c));
    char *count = myna_arg(args, "count");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(count ? count : "insns", kinds[i].name) == 0) {
            c->kind = kinds[i].kind;
            c->what = kinds[i].what;
        }
    }
    free(count);
    if (!c->what) {
        *error = strdup("count must be insns, blocks or memory");
        free(c);
        return NULL;
    }
    c->host = host;
    c->out = myna_arg(args, "out");
    if ((*error = host->check_output(host, c->out))) {
        return NULL;
    }
    c->at = host->thread_alloc(host, sizeof(uint64_t), sizeof(uint64_t));
    return c;
}

static bool counts(const ICount *c, const MynaOp *op)
{
    bool access = op->kind >= MYNA_OP_LD && op->kind <= MYNA_OP_CMPXCHG;
    return c->kind == MYNA_OP_LD ? access : op->kind == c->kind;
}

static void count_run(const ICount *c, MynaPassUnit *unit, LLVMValueRef first, unsigned n)
{
    if (n) {
        LLVMBuilderRef b = myna_builder_before(first);
        myna_add(unit, b, myna_thread_ptr(unit, b, c->at), myna_i64(unit, n));
        LLVMDisposeBuilder(b);
    }
}

static bool run(void *self, MynaPassUnit *unit, char **error)
{
    (void)error;
    const ICount *c = self;
    if (c->kind == MYNA_OP_LD) {
        myna_watch_helpers(unit);
    }
    for (LLVMValueRef fn = NULL; (fn = myna_function_next(unit->module, fn));) {
        LLVMValueRef first = NULL;
        unsigned n = 0;
        for (MynaOp op = {.call = NULL}; myna_op_next(fn, &op);) {
            if (!counts(c, &op)) {
                continue;
            }
            if (n && LLVMGetInstructionParent(op.call) != LLVMGetInstructionParent(first)) {
                count_run(c, unit, first, n);
                n = 0;
            }
            first = n++ ? first : op.call;
        }
        count_run(c, unit, first, n);
    }
    return true;
}

// A helper's access counts as the accesses of 16 bytes or less that it is made of.
static void access_by_helper(void *self, void *env, void *block, uint64_t pc, uint64_t addr,
                             uint64_t size, bool write)
{
    const ICount *c = self;
    (void)env, (void)pc, (void)addr, (void)write;
    if (c->kind == MYNA_OP_LD) {
        *(uint64_t *)((char *)block + c->at) += size / 16 +
                                                (uint64_t)__builtin_popcountll(size % 16);
    }
}

static void string_access(void *self, void *env, void *block, uint64_t pc, const MynaAccessRun *run)
{
    const ICount *c = self;
    (void)env, (void)pc;
    if (c->kind == MYNA_OP_LD) {
        *(uint64_t *)((char *)block + c->at) += run->n * (run->copy ? 2 : 1);
    }
}

static void thread_end(void *self, void *block)
{
    ICount *c = self;
    __atomic_fetch_add(&c->ended, *(uint64_t *)((char *)block + c->at), __ATOMIC_RELAXED);
}

static void fork_child(void *self, void *block)
{
    ICount *c = self;
    c->ended = 0;
    if (block) {
        *(uint64_t *)((char *)block + c->at) = 0;
    }
}

typedef struct Sum {
    const ICount *c;
    uint64_t n;
} Sum;

static void add(void *opaque, void *block)
{
    Sum *sum = opaque;
    sum->n += *(volatile uint64_t *)((char *)block + sum->c->at);
}

static void end(void *self, MynaPassEnd why)
{
    (void)why;
    const ICount *c = self;
    Sum sum = {c, c->ended};
    c->host->each_thread(c->host, add, &sum);
    int fd = fileno(stderr);
    char *path = c->out ? c->host->output(c->host, c->out) : NULL, *error = NULL;
    if (path) {
        fd = c->host->open(c->host, path, &error);
    }
    if (fd < 0) {
        dprintf(fileno(stderr), "icount: %s\n", error);
    } else {
        dprintf(fd, "icount: %llu %s\n", (unsigned long long)sum.n, c->what);
    }
    if (path && fd >= 0) {
        c->host->close(c->host, fd);
    }
    free(path);
    free(error);
}

const MynaPass myna_pass = {
    .version = MYNA_PASS_VERSION,
    .flags = MYNA_PASS_CACHEABLE | MYNA_PASS_ACCESS_RUNS,
    .name = "icount",
    .init = init,
    .run = run,
    .thread_end = thread_end,
    .fork_child = fork_child,
    .access = access_by_helper,
    .access_run = string_access,
    .end = end,
};
