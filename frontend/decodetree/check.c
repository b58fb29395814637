// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a set of patterns must not be: two patterns of an exclusive group that some instruction matches
// both, a pattern that nothing reaches because others before it take all of its instructions.

#include "decodetree.h"

// The instructions that agree with bits where mask is 1.
typedef struct Cube {
    uint32_t bits, mask;
} Cube;

static bool meet(Cube a, Cube b) { return !((a.bits ^ b.bits) & a.mask & b.mask); }

static Cube cube_of(const DTPattern *p) { return (Cube){p->bits, p->mask}; }

// True when c lies wholly in the union of the n cubes: by splitting c until a piece lies in one of them
// or meets none.
static bool covered(Cube c, const Cube *by, size_t n)
{
    while (n && !meet(c, *by)) {
        by++;
        n--;
    }
    if (!n) {
        return false;
    }
    uint32_t split = by->mask & ~c.mask;
    if (!split) {
        return true;
    }
    uint32_t bit = split & -split;
    return covered((Cube){c.bits, c.mask | bit}, by, n) &&
           covered((Cube){c.bits | bit, c.mask | bit}, by, n);
}

static bool check_pair(const DTPattern *a, const DTPattern *b, GError **error)
{
    if (!meet(cube_of(a), cube_of(b))) {
        return true;
    }
    return dt_error(error, b->loc,
                    "%s overlaps %s of %s:%u: 0x%08x is both (put them into a group { })", b->name,
                    a->name, a->loc.file, a->loc.line, a->bits | b->bits);
}

static void leaves(const DTNode *n, GPtrArray *out)
{
    if (n->kind == DT_PATTERN) {
        g_ptr_array_add(out, n->pattern);
    }
    for (unsigned i = 0; n->children && i < n->children->len; i++) {
        leaves(n->children->pdata[i], out);
    }
}

static bool check_exclusive(const DTNode *n, GError **error)
{
    g_autoptr(GPtrArray) before = g_ptr_array_new();
    for (unsigned i = 0; i < n->children->len; i++) {
        g_autoptr(GPtrArray) own = g_ptr_array_new();
        leaves(n->children->pdata[i], own);
        for (unsigned j = 0; j < own->len; j++) {
            for (unsigned k = 0; k < before->len; k++) {
                if (!check_pair(before->pdata[k], own->pdata[j], error)) {
                    return false;
                }
            }
        }
        g_ptr_array_extend(before, own, NULL, NULL);
    }
    return true;
}

static bool check_overlap(const DTNode *n, GError **error)
{
    g_autoptr(GArray) before = g_array_new(false, false, sizeof(Cube)); // what is surely taken
    for (unsigned i = 0; i < n->children->len; i++) {
        g_autoptr(GPtrArray) own = g_ptr_array_new();
        leaves(n->children->pdata[i], own);
        for (unsigned j = 0; j < own->len; j++) {
            const DTPattern *p = own->pdata[j];
            if (covered(cube_of(p), (Cube *)(void *)before->data, before->len)) {
                return dt_error(error, p->loc,
                                "%s is never reached: what stands before it in its group takes all "
                                "of its instructions",
                                p->name);
            }
        }
        for (unsigned j = 0; j < own->len; j++) {
            const DTPattern *p = own->pdata[j];
            if (!p->may_fail) {
                Cube c = cube_of(p);
                g_array_append_val(before, c);
            }
        }
    }
    return true;
}

// Fixed bits that all leaves have, and have alike.
static void settle_node(DTNode *n)
{
    if (n->kind == DT_PATTERN) {
        n->bits = n->pattern->bits;
        n->mask = n->pattern->mask;
        return;
    }
    for (unsigned i = 0; i < n->children->len; i++) {
        DTNode *c = n->children->pdata[i];
        settle_node(c);
        n->mask = i ? n->mask & c->mask & ~(n->bits ^ c->bits) : c->mask;
        n->bits = (i ? n->bits : c->bits) & n->mask;
    }
}

static bool check_node(const DTNode *n, GError **error)
{
    for (unsigned i = 0; n->children && i < n->children->len; i++) {
        if (!check_node(n->children->pdata[i], error)) {
            return false;
        }
    }
    switch (n->kind) {
    case DT_EXCLUSIVE: return check_exclusive(n, error);
    case DT_OVERLAP: return check_overlap(n, error);
    default: return true;
    }
}

// In a mixed table the first halfword alone must tell an instruction's length.
static bool check_lengths(const DTTables *t, GError **error)
{
    for (unsigned i = 0; i < t->patterns->len; i++) {
        const DTPattern *a = t->patterns->pdata[i];
        for (unsigned j = 0; a->width == 16 && j < t->patterns->len; j++) {
            const DTPattern *b = t->patterns->pdata[j];
            Cube half = {b->bits & 0xffff0000, b->mask & 0xffff0000};
            if (b->width == 32 && meet(cube_of(a), half)) {
                return dt_error(
                    error, b->loc,
                    "%s has 32 bits, and its first halfword may be that of %s of %s:%u, "
                    "which has 16",
                    b->name, a->name, a->loc.file, a->loc.line);
            }
        }
    }
    return true;
}

bool dt_check(DTTables *t, GError **error)
{
    if (!t->patterns->len) {
        return dt_error(error, (DTLoc){"decodetree", 0}, "there is no pattern");
    }
    settle_node(t->root);
    return (!(t->widths.w16 && t->widths.w32) || check_lengths(t, error)) &&
           check_node(t->root, error);
}
