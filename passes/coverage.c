// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// coverage: which blocks followed which, and how often.
//
//   --pass=coverage[:out=FILE][,map=FILE]
//
//   out   a line for each edge: from and to (guest addresses of translation blocks, hexadecimal; from 0: a thread's
//         first block) and the count
//   map   65536 bytes, one for each hash of an edge ((from >> 4 ^ from << 8) >> 1 ^ to >> 4 ^ to << 8, 16 bits), with the
//         count in the classes that fuzzers use: 1, 2, 4 (3 times), 8 (4-7), 16 (8-15), 32, 64, 128 (128 and more)
#include "passes/edges.h"

typedef struct Coverage {
    MynaPassHost *host;
    char *out, *map;
    size_t at; // in the thread's block: the address of the block that ran before, times EDGE_A
} Coverage;

static void *init(MynaPassHost *host, const char *args, char **error)
{
    static const char *const keys[] = {"out", "map", NULL};
    *error = myna_args_check(args, keys);
    if (*error) {
        return NULL;
    }
    Coverage *c = calloc(1, sizeof(*c));
    c->host = host;
    c->out = myna_arg(args, "out");
    c->map = myna_arg(args, "map");
    c->at = host->thread_alloc(host, sizeof(uint64_t), sizeof(uint64_t));
    edges_init(host, "coverage");
    return c;
}

static void count(const Coverage *c, MynaPassUnit *unit, const MynaOp *op)
{
    LLVMBuilderRef b = myna_builder_before(op->call);
    LLVMValueRef at = myna_thread_ptr(unit, b, c->at), here = myna_i64(unit, op->pc);
    LLVMValueRef before = LLVMBuildLoad2(b, LLVMTypeOf(here), at, "");
    myna_own_memory(unit, before);
    LLVMValueRef store = LLVMBuildStore(b, myna_i64(unit, op->pc * EDGE_A), at);
    myna_own_memory(unit, store);
    edges_count_from(unit, b, before, here);
    LLVMDisposeBuilder(b);
}

static bool run(void *self, MynaPassUnit *unit, char **error)
{
    (void)error;
    for (LLVMValueRef fn = NULL; (fn = myna_function_next(unit->module, fn));) {
        for (MynaOp op = {.call = NULL}; myna_op_next(fn, &op);) {
            if (op.kind == MYNA_OP_BLOCK) {
                count(self, unit, &op);
            }
        }
    }
    return true;
}

static void fork_child(void *self, void *block)
{
    const Coverage *c = self;
    edges_reset();
    if (block) {
        *(uint64_t *)((char *)block + c->at) = 0;
    }
}

static unsigned place(uint64_t pc) { return (pc >> 4 ^ pc << 8) & 0xffff; }

static void write_map(const Coverage *c, const Edge *all, size_t n)
{
    static uint64_t counts[65536];
    static char map[65536];
    memset(counts, 0, sizeof(counts));
    for (size_t i = 0; i < n; i++) {
        counts[place(all[i].from) >> 1 ^ place(all[i].to)] += all[i].count;
    }
    for (unsigned i = 0; i < 65536; i++) {
        uint64_t k = counts[i];
        map[i] = (char)(k < 3     ? k
                        : k < 4   ? 4
                        : k < 8   ? 8
                        : k < 16  ? 16
                        : k < 32  ? 32
                        : k < 128 ? 64
                                  : 128);
    }
    edges_write(c->host, c->map, "coverage", map, sizeof(map));
}

static void end(void *self, MynaPassEnd why)
{
    (void)why;
    const Coverage *c = self;
    size_t n, size = 0;
    char *text = NULL;
    Edge *all = edges_sorted(&n);
    FILE *f = open_memstream(&text, &size);
    for (size_t i = 0; i < n; i++) {
        fprintf(f, "0x%llx 0x%llx %llu\n", (unsigned long long)all[i].from,
                (unsigned long long)all[i].to, (unsigned long long)all[i].count);
    }
    fclose(f);
    if (c->out || !c->map) {
        edges_write(c->host, c->out, "coverage", text, size);
    }
    if (c->map) {
        write_map(c, all, n);
    }
    free(text);
    free(all);
}

const MynaPass myna_pass = {
    .version = MYNA_PASS_VERSION,
    .flags = MYNA_PASS_CACHEABLE,
    .name = "coverage",
    .init = init,
    .run = run,
    .fork_child = fork_child,
    .end = end,
};
