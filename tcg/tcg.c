// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The TCG context: types, temps, constants, labels, the op list and the arena they live in.

#include "tcg.h"

#include <glib.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tcg-op.h"

_Thread_local TCGContext *tcg_ctx;

// --- tables ----------------------------------------------------------------------------------------

#define SIG_IS_CONST(c) ((c) == 'c' || (c) == 'm' || (c) == 'L' || (c) == 'P')

static TCGOpDef op_defs[TCG_OP_COUNT] = {
#define DEF(name_, sig_, flags_) [INDEX_op_##name_] = {.name = #name_, .sig = sig_, .flags = flags_},
#include "tcg-opc.h"
};

const TCGOpDef *const tcg_op_defs = op_defs;

// The counts of each part of a signature: derived once, before main; nobody writes them afterwards.
__attribute__((constructor)) static void parse_signatures(void)
{
    TCGOpDef *defs = op_defs;
    for (unsigned i = 0; i < TCG_OP_COUNT; i++) {
        const char *p = defs[i].sig;
        for (; *p && *p != ':'; p++) {
            defs[i].nb_oargs++;
        }
        for (p += *p == ':'; *p; p++) {
            if (SIG_IS_CONST(*p)) {
                defs[i].nb_cargs++;
            } else {
                defs[i].nb_iargs++;
            }
        }
    }
}

static const struct {
    const char *name;
    uint8_t size;
} type_info[TCG_TYPE_COUNT + 1] = {
    [TCG_TYPE_I32] = {"i32", 4},    [TCG_TYPE_I64] = {"i64", 8},    [TCG_TYPE_I128] = {"i128", 16},
    [TCG_TYPE_F32] = {"f32", 4},    [TCG_TYPE_F64] = {"f64", 8},    [TCG_TYPE_V64] = {"v64", 8},
    [TCG_TYPE_V128] = {"v128", 16}, [TCG_TYPE_V256] = {"v256", 32}, [TCG_TYPE_VOID] = {"void", 0},
};

unsigned tcg_type_size(TCGType type) { return type_info[type].size; }
const char *tcg_type_name(TCGType type) { return type_info[type].name; }

TCGCond tcg_swap_cond(TCGCond c)
{
    static const uint8_t swapped[TCG_COND_COUNT] = {
        [TCG_COND_NEVER] = TCG_COND_NEVER, [TCG_COND_ALWAYS] = TCG_COND_ALWAYS,
        [TCG_COND_EQ] = TCG_COND_EQ,       [TCG_COND_NE] = TCG_COND_NE,
        [TCG_COND_LT] = TCG_COND_GT,       [TCG_COND_GE] = TCG_COND_LE,
        [TCG_COND_LE] = TCG_COND_GE,       [TCG_COND_GT] = TCG_COND_LT,
        [TCG_COND_LTU] = TCG_COND_GTU,     [TCG_COND_GEU] = TCG_COND_LEU,
        [TCG_COND_LEU] = TCG_COND_GEU,     [TCG_COND_GTU] = TCG_COND_LTU,
        [TCG_COND_TSTEQ] = TCG_COND_TSTEQ, [TCG_COND_TSTNE] = TCG_COND_TSTNE,
    };
    return (TCGCond)swapped[c];
}

// --- arena -------------------------------------------------------------------------------------------

#define ARENA_CHUNK (64u << 10)

typedef struct ArenaChunk {
    struct ArenaChunk *next;
    size_t size;
    char data[] __attribute__((aligned(32)));
} ArenaChunk;

typedef struct TCGArena {
    ArenaChunk *first, *current;
    size_t used; // of current
} TCGArena;

static ArenaChunk *chunk_new(size_t size)
{
    ArenaChunk *c = g_malloc(sizeof(*c) + size);
    c->next = NULL;
    c->size = size;
    return c;
}

static void arena_reset(TCGArena *a)
{
    a->current = a->first;
    a->used = 0;
}

static void *arena_alloc(TCGArena *a, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    while (a->used + size > a->current->size) {
        if (!a->current->next) {
            a->current->next = chunk_new(MAX(size, ARENA_CHUNK));
        } else if (a->current->next->size < size) {
            ArenaChunk *big = chunk_new(size);
            big->next = a->current->next;
            a->current->next = big;
        }
        a->current = a->current->next;
        a->used = 0;
    }
    void *p = a->current->data + a->used;
    a->used += size;
    memset(p, 0, size);
    return p;
}

void *tcg_malloc(size_t size) { return arena_alloc(tcg_ctx->arena, size); }

// --- constants: a chained hash table that lives in the arena -----------------------------------------

#define CONST_BUCKETS 64

typedef struct ConstNode {
    struct ConstNode *next;
    TCGTemp temp;
} ConstNode;

typedef struct ConstTable {
    ConstNode *bucket[CONST_BUCKETS];
} ConstTable;

// --- contexts ----------------------------------------------------------------------------------------

static TCGTemp *temp_append(TCGContext *s, TCGTemp *t)
{
    if (s->nb_temps == s->cap_temps) {
        s->cap_temps = MAX(256, s->cap_temps * 2);
        s->temps = g_renew(TCGTemp *, s->temps, s->cap_temps);
    }
    t->index = s->nb_temps;
    s->temps[s->nb_temps++] = t;
    return t;
}

static void add_global(TCGContext *s, TCGType type, TCGTempKind kind, const char *name,
                       intptr_t offset)
{
    TCGTemp *t = g_new0(TCGTemp, 1);
    t->type = type;
    t->kind = kind;
    t->name = name;
    t->offset = offset;
    temp_append(s, t);
    s->nb_globals++;
}

TCGContext *tcg_context_new(const TCGGlobalDef *defs, unsigned n, intptr_t frame_start,
                            size_t frame_size)
{
    TCGContext *s = g_new0(TCGContext, 1);
    s->arena = g_new0(TCGArena, 1);
    s->arena->first = chunk_new(ARENA_CHUNK);
    s->const_table = g_new0(ConstTable, 1);
    s->frame_start = frame_start;
    s->frame_size = frame_size;
    add_global(s, TCG_TYPE_PTR, TEMP_FIXED, "env", 0);
    for (unsigned i = 0; i < n; i++) {
        add_global(s, defs[i].type, TEMP_GLOBAL, defs[i].name, defs[i].offset);
    }
    tcg_func_start(s);
    return s;
}

void tcg_context_free(TCGContext *s)
{
    if (!s) {
        return;
    }
    if (tcg_ctx == s) {
        tcg_ctx = NULL;
    }
    for (ArenaChunk *c = s->arena->first, *next; c; c = next) {
        next = c->next;
        g_free(c);
    }
    for (unsigned i = 0; i < s->nb_globals; i++) {
        g_free(s->temps[i]);
    }
    g_free(s->arena);
    g_free(s->temps);
    g_free(s->const_table);
    g_free(s->error);
    g_free(s);
}

void tcg_func_start(TCGContext *s)
{
    arena_reset(s->arena);
    memset(s->const_table, 0, sizeof(ConstTable));
    s->nb_temps = s->nb_globals;
    s->ops.next = s->ops.prev = &s->ops;
    s->emit_before = &s->ops;
    s->nb_ops = 0;
    s->nb_labels = 0;
    s->jump_kind = TCG_JUMP_PLAIN;
    g_clear_pointer(&s->error, g_free);
}

void tcg_set_error(TCGContext *s, const char *fmt, ...)
{
    if (s->error) {
        return; // the first one is the cause
    }
    va_list ap;
    va_start(ap, fmt);
    s->error = g_strdup_vprintf(fmt, ap);
    va_end(ap);
}

TCGTemp *tcg_temp_new_type(TCGType type)
{
    TCGTemp *t = tcg_malloc(sizeof(*t));
    t->type = type;
    t->kind = TEMP_NORMAL;
    t->offset = -1;
    return temp_append(tcg_ctx, t);
}

TCGTemp *tcg_const_type(TCGType type, uint64_t val)
{
    ConstTable *table = tcg_ctx->const_table;
    uint64_t h = (val ^ (uint64_t)type << 56) * 0x9e3779b97f4a7c15ull;
    ConstNode **bucket = &table->bucket[h >> 58];
    for (ConstNode *n = *bucket; n; n = n->next) {
        if (n->temp.val == val && n->temp.type == type) {
            return &n->temp;
        }
    }
    ConstNode *n = tcg_malloc(sizeof(*n));
    n->temp.type = type;
    n->temp.kind = TEMP_CONST;
    n->temp.val = val;
    n->temp.offset = -1;
    n->next = *bucket;
    *bucket = n;
    return temp_append(tcg_ctx, &n->temp);
}

// --- the op list -------------------------------------------------------------------------------------

static TCGOp *op_new(TCGContext *s, TCGOpcode opc, unsigned nargs)
{
    TCGOp *op = arena_alloc(s->arena, sizeof(TCGOp) + nargs * sizeof(TCGArg));
    op->opc = (uint16_t)opc;
    op->nargs = (uint8_t)nargs;
    return op;
}

static TCGOp *op_link_before(TCGContext *s, TCGOp *at, TCGOp *op)
{
    op->next = at;
    op->prev = at->prev;
    at->prev->next = op;
    at->prev = op;
    s->nb_ops++;
    return op;
}

TCGOp *tcg_emit_op(TCGOpcode opc, unsigned nargs)
{
    TCGContext *s = tcg_ctx;
    return op_link_before(s, s->emit_before, op_new(s, opc, nargs));
}

TCGOp *tcg_op_insert_before(TCGContext *s, TCGOp *at, TCGOpcode opc, unsigned nargs)
{
    return op_link_before(s, at, op_new(s, opc, nargs));
}

TCGOp *tcg_op_insert_after(TCGContext *s, TCGOp *at, TCGOpcode opc, unsigned nargs)
{
    return op_link_before(s, at->next, op_new(s, opc, nargs));
}

unsigned tcg_op_pointer_size(const TCGOp *op)
{
    unsigned bytes = tcg_type_size((TCGType)op->type);
    return op->opc == INDEX_op_shuffle_vec ? bytes >> op->vece : bytes; // a number for each lane
}

TCGLabel *tcg_op_branch_target(const TCGOp *op)
{
    switch (op->opc) {
    case INDEX_op_br:
        return arg_label(op->args[0]);
    case INDEX_op_brcond_i32:
    case INDEX_op_brcond_i64:
        return arg_label(op->args[3]);
    default:
        return NULL;
    }
}

void tcg_op_remove(TCGContext *s, TCGOp *op)
{
    TCGLabel *l = tcg_op_branch_target(op);
    if (l) {
        l->refs--;
    } else if (op->opc == INDEX_op_set_label) {
        arg_label(op->args[0])->op = NULL;
    }
    op->prev->next = op->next;
    op->next->prev = op->prev;
    s->nb_ops--;
}

bool tcg_assign_frame(TCGContext *s)
{
    size_t used = 0;
    for (unsigned i = s->nb_globals; i < s->nb_temps; i++) {
        s->temps[i]->offset = -1;
    }
    TCG_FOREACH_OP(op, s) {
        unsigned n = tcg_op_nout(op) + tcg_op_nin(op);
        for (unsigned i = 0; i < n; i++) {
            TCGTemp *t = arg_temp(op->args[i]);
            if (t->kind != TEMP_NORMAL || t->offset >= 0) {
                continue;
            }
            size_t size = tcg_type_size(t->type) < 8 ? 8 : tcg_type_size(t->type);
            used = (used + size - 1) & ~(size - 1);
            t->offset = s->frame_start + (intptr_t)used;
            used += size;
            if (used > s->frame_size) {
                return false;
            }
        }
    }
    return true;
}
