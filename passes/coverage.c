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
//
// Cold code counts each edge where edges.h has its cell. Hot code has a matrix for each unit: blocks are numbered, the number of
// the one before is a variable of the function (a constant on each of its edges, so it mostly goes into the address), and
// counting is one increment. The matrix belongs to the unit's list of blocks, not to its code, which may come from the
// persistent cache and go when the block cache is flushed: the function looks it up where it is entered.
#include "passes/edges.h"

typedef struct Coverage {
    MynaPassHost *host;
    char *out, *map;
    size_t at; // in the thread's block: the address of the block that ran before, times EDGE_A
} Coverage;

enum { MAX_BLOCKS = 128, UNIT_BITS = 12, UNIT_SHIFT = 64 - UNIT_BITS };

// What a unit's code has of itself, and what is known of it.
typedef struct Shape {
    uint64_t key, n, pcs[];
} Shape;

typedef struct Matrix {
    uint64_t key;
    struct Matrix *next; // in the list of all
    const Shape *shape;  // a copy
    uint64_t counts[];   // from * n + to
} Matrix;

static Matrix nothing;
static Matrix **matrices; // by the upper bits of the key: the last one asked for
static Matrix *all_matrices;

static Matrix *find_matrix(const Shape *shape);

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
    if ((*error = host->check_output(host, c->out)) ||
        (*error = host->check_output(host, c->map))) {
        return NULL;
    }
    c->at = host->thread_alloc(host, sizeof(uint64_t), sizeof(uint64_t));
    edges_init(host, "coverage");
    matrices = malloc(sizeof(*matrices) << UNIT_BITS);
    for (size_t i = 0; i < 1 << UNIT_BITS; i++) {
        matrices[i] = &nothing;
    }
    host->define(host, "coverage.matrices", matrices);
    host->define(host, "coverage.find", (const void *)find_matrix);
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

// --- units with a matrix ------------------------------------------------------------------------------------

// Called where a function is entered and the table has another matrix in its place.
static Matrix *find_matrix(const Shape *shape)
{
    pthread_mutex_lock(&edges.lock);
    Matrix *m = all_matrices;
    while (m && m->key != shape->key) {
        m = m->next;
    }
    if (!m) {
        size_t pcs = shape->n * sizeof(uint64_t);
        Shape *copy = malloc(sizeof(*copy) + pcs);
        memcpy(copy, shape, sizeof(*copy) + pcs);
        m = calloc(1, sizeof(*m) + shape->n * pcs);
        *m = (Matrix){shape->key, all_matrices, copy};
        all_matrices = m;
    }
    __atomic_store_n(&matrices[shape->key >> UNIT_SHIFT], m, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&edges.lock);
    return m;
}

// Moves what the matrices have into the list of edges.
static void collect_matrices(void)
{
    for (Matrix *m = all_matrices; m; m = m->next) {
        uint64_t n = m->shape->n;
        for (uint64_t i = 0; i < n * n; i++) {
            uint64_t count = m->counts[i];
            if (count) {
                m->counts[i] = 0;
                edges_add(m->shape->pcs[i / n], m->shape->pcs[i % n], count);
            }
        }
    }
}

// The function's numbering: its block's pcs, each once.
static unsigned number_blocks(LLVMValueRef fn, uint64_t pcs[MAX_BLOCKS])
{
    unsigned n = 0;
    for (MynaOp op = {.call = NULL}; myna_op_next(fn, &op);) {
        if (op.kind == MYNA_OP_BLOCK && n++ < MAX_BLOCKS) {
            pcs[n - 1] = op.pc;
        }
    }
    return n;
}

static LLVMValueRef make_shape(MynaPassUnit *unit, const uint64_t *pcs, unsigned n, uint64_t *key)
{
    LLVMValueRef words[MAX_BLOCKS + 2];
    LLVMTypeRef word = LLVMInt64TypeInContext(LLVMGetModuleContext(unit->module));
    *key = n;
    for (unsigned i = 0; i < n; i++) {
        *key = (*key ^ pcs[i]) * EDGE_A;
        *key ^= *key >> 29;
        words[2 + i] = myna_i64(unit, pcs[i]);
    }
    *key *= EDGE_B;
    words[0] = myna_i64(unit, *key);
    words[1] = myna_i64(unit, n);
    LLVMValueRef shape = LLVMAddGlobal(unit->module, LLVMArrayType2(word, n + 2), "coverage.shape");
    LLVMSetLinkage(shape, LLVMPrivateLinkage);
    LLVMSetGlobalConstant(shape, true);
    LLVMSetAlignment(shape, 8);
    LLVMSetInitializer(shape, LLVMConstArray2(word, words, n + 2));
    return shape;
}

// Variables of the function: the matrix, and the row of the block that ran before, as a distance in bytes.
typedef struct Frame {
    LLVMValueRef matrix, row;
} Frame;

// Behind the function's own variables, which stay in its first basic block.
static Frame enter(MynaPassUnit *unit, LLVMValueRef fn, LLVMValueRef shape, uint64_t key)
{
    LLVMContextRef c = LLVMGetModuleContext(unit->module);
    LLVMTypeRef word = LLVMInt64TypeInContext(c), ptr = LLVMPointerTypeInContext(c, 0);
    LLVMValueRef at = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(fn));
    for (LLVMValueRef i = at; i; i = LLVMGetNextInstruction(i)) {
        at = LLVMIsAAllocaInst(i) ? LLVMGetNextInstruction(i) : at;
    }
    LLVMBuilderRef b = myna_builder_before(at);
    Frame f = {LLVMBuildAlloca(b, ptr, ""), LLVMBuildAlloca(b, word, "")};
    LLVMValueRef index = myna_i64(unit, key >> UNIT_SHIFT);
    LLVMValueRef slot = LLVMBuildInBoundsGEP2(b, ptr, myna_extern(unit, "coverage.matrices"),
                                              &index, 1, "");
    LLVMValueRef matrix = LLVMBuildLoad2(b, ptr, slot, "");
    LLVMValueRef its = LLVMBuildLoad2(b, word, matrix, "");
    myna_own_buffer(unit, matrix);
    myna_own_buffer(unit, its);
    LLVMBuildStore(b, matrix, f.matrix);
    LLVMBuildStore(b, myna_i64(unit, UINT64_MAX), f.row);
    myna_if(b, LLVMBuildICmp(b, LLVMIntNE, its, myna_i64(unit, key), ""), false);
    LLVMValueRef call = myna_call(unit, b, "coverage.find", ptr, &shape, 1);
    myna_own_buffer(unit, call);
    LLVMBuildStore(b, call, f.matrix);
    LLVMDisposeBuilder(b);
    return f;
}

static void count_in_matrix(const Coverage *c, MynaPassUnit *unit, const Frame *f, const MynaOp *op,
                            unsigned number, unsigned n)
{
    LLVMContextRef context = LLVMGetModuleContext(unit->module);
    LLVMTypeRef word = LLVMInt64TypeInContext(context), byte = LLVMInt8TypeInContext(context),
                ptr = LLVMPointerTypeInContext(context, 0);
    LLVMBuilderRef b = myna_builder_before(op->call);
    LLVMValueRef before = LLVMBuildLoad2(b, word, f->row, "");
    LLVMValueRef at = myna_thread_ptr(unit, b, c->at), here = myna_i64(unit, op->pc);
    LLVMBuildStore(b, myna_i64(unit, sizeof(uint64_t) * n * number), f->row);
    LLVMValueRef outside = LLVMBuildICmp(b, LLVMIntEQ, before, myna_i64(unit, UINT64_MAX), "");
    // From another unit: constant on each edge, so the two tests go away but where the function is entered.
    LLVMValueRef skip = myna_if(b, outside, false);
    LLVMValueRef hash = LLVMBuildLoad2(b, word, at, "");
    myna_own_memory(unit, hash);
    edges_count_from(unit, b, hash, here);
    LLVMPositionBuilderBefore(b, LLVMGetFirstInstruction(LLVMGetSuccessor(skip, 0)));
    LLVMValueRef store = LLVMBuildStore(b, myna_i64(unit, op->pc * EDGE_A), at);
    myna_own_memory(unit, store);
    myna_if(b, LLVMBuildNot(b, outside, ""), true);
    LLVMValueRef column = myna_i64(unit, offsetof(Matrix, counts) + sizeof(uint64_t) * number);
    LLVMValueRef row = LLVMBuildInBoundsGEP2(b, byte, LLVMBuildLoad2(b, ptr, f->matrix, ""),
                                             &before, 1, "");
    LLVMValueRef cell = LLVMBuildInBoundsGEP2(b, byte, row, &column, 1, "");
    LLVMValueRef old = LLVMBuildLoad2(b, word, cell, "");
    store = LLVMBuildStore(b, LLVMBuildAdd(b, old, myna_i64(unit, 1), ""), cell);
    myna_own_buffer(unit, old);
    myna_own_buffer(unit, store);
    LLVMDisposeBuilder(b);
}

static bool run_hot(const Coverage *c, MynaPassUnit *unit, LLVMValueRef fn)
{
    uint64_t pcs[MAX_BLOCKS], key;
    unsigned n = number_blocks(fn, pcs), number = 0;
    if (n < 2 || n > MAX_BLOCKS) {
        return false;
    }
    LLVMValueRef shape = make_shape(unit, pcs, n, &key);
    Frame f = enter(unit, fn, shape, key);
    for (MynaOp op = {.call = NULL}; myna_op_next(fn, &op);) {
        if (op.kind == MYNA_OP_BLOCK) {
            count_in_matrix(c, unit, &f, &op, number++, n);
        }
    }
    return true;
}

static bool run(void *self, MynaPassUnit *unit, char **error)
{
    (void)error;
    for (LLVMValueRef fn = NULL; (fn = myna_function_next(unit->module, fn));) {
        if (unit->hot && run_hot(self, unit, fn)) {
            continue;
        }
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
    for (Matrix *m = all_matrices; m; m = m->next) {
        memset(m->counts, 0, m->shape->n * m->shape->n * sizeof(uint64_t));
    }
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
    collect_matrices();
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
