// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// C from checked tables.  The decoder is a tree of switches over bits that all remaining patterns fix;
// where they have none in common, the patterns that share the most popular bit are tried first.  In an
// overlapping group the members are tried in order.

#include "decodetree.h"

#include <inttypes.h>
#include <string.h>

static const char *insn_type(const DTTables *t) { return t->widths.w32 ? "uint32_t" : "uint16_t"; }

static uint32_t full_mask(const DTTables *t) { return t->widths.w32 ? ~0u : 0xffffu; }

// --- header ------------------------------------------------------------------------------------------

static void emit_argset(const DTArgSet *a, FILE *f)
{
    if (a->is_extern) {
        return;
    }
    fprintf(f, "typedef struct {\n");
    for (unsigned i = 0; i < a->args->len; i++) {
        fprintf(f, "    %s %s;\n", (char *)a->types->pdata[i], (char *)a->args->pdata[i]);
    }
    if (!a->args->len) {
        fprintf(f, "    char none;\n");
    }
    fprintf(f, "} arg_%s;\n\n", a->name);
}

static bool first_of_name(const DTTables *t, const DTPattern *p)
{
    for (unsigned i = 0; i < p->number; i++) {
        if (!strcmp(((DTPattern *)t->patterns->pdata[i])->name, p->name)) {
            return false;
        }
    }
    return true;
}

void dt_emit_header(const DTTables *t, const DTEmit *e, FILE *f)
{
    fprintf(f, "// Written by decodetree.\n\n#pragma once\n\n#include <stdbool.h>\n"
               "#include <stdint.h>\n\n");
    for (unsigned i = 0; i < t->argset_list->len; i++) {
        emit_argset(t->argset_list->pdata[i], f);
    }
    for (unsigned i = 0; i < t->patterns->len; i++) {
        const DTPattern *p = t->patterns->pdata[i];
        if (first_of_name(t, p)) {
            if (strcmp(p->args->name, p->name) != 0) {
                fprintf(f, "typedef arg_%s arg_%s;\n", p->args->name, p->name);
            }
            fprintf(f, "%sbool %s_%s(%s *s, arg_%s *a);\n", e->is_static ? "static " : "",
                    e->translate, p->name, e->context, p->name);
        }
    }
    fprintf(f,
            "\n// Calls the function of the pattern that insn matches; false when there is none or "
            "it says so.\n%sbool %s(%s *s, %s insn);\n",
            e->is_static ? "static " : "", e->function, e->context, insn_type(t));
    if (t->widths.w16 && t->widths.w32) {
        fprintf(f,
                "// Bytes of the instruction that begins with this halfword, 0 when none does.\n"
                "%sunsigned %s_length(uint16_t first);\n",
                e->is_static ? "static " : "", e->function);
    }
}

// --- values ------------------------------------------------------------------------------------------

static void emit_sub(const DTSub *s, unsigned shift, FILE *f)
{
    unsigned pos = s->pos + shift;
    if (s->sign) {
        fprintf(f, "(int32_t)(insn << %u) >> %u", 32 - pos - s->len, 32 - s->len);
    } else if (s->len == 32) {
        fprintf(f, "insn");
    } else if (pos) {
        fprintf(f, "insn >> %u & 0x%x", pos, (1u << s->len) - 1);
    } else {
        fprintf(f, "insn & 0x%x", (1u << s->len) - 1);
    }
}

// Arithmetic on int32_t, like the fields of most argument sets; joined through uint32_t.
static void emit_field(const DTField *field, unsigned shift, FILE *f)
{
    if (field->function) {
        fprintf(f, "%s(s", field->function);
        fputs(field->subs->len ? ", " : "", f);
    }
    if (field->subs->len) {
        fprintf(f, "(int32_t)(");
        unsigned behind = 0;
        for (unsigned i = 0; i < field->subs->len; i++) {
            behind += g_array_index(field->subs, DTSub, i).len;
        }
        for (unsigned i = 0; i < field->subs->len; i++) {
            const DTSub *sub = &g_array_index(field->subs, DTSub, i);
            behind -= sub->len;
            fprintf(f, "%s(uint32_t)(", i ? " | " : "");
            emit_sub(sub, shift, f);
            fprintf(f, ")");
            if (behind) {
                fprintf(f, " << %u", behind);
            }
        }
        fprintf(f, ")");
    }
    if (field->function) {
        fprintf(f, ")");
    }
}

static unsigned shift_of(const DTTables *t, const DTPattern *p)
{
    return p->width == 16 && t->widths.w32 ? 16 : 0;
}

static void emit_match(const DTTables *t, const DTEmit *e, const DTPattern *p, int in, FILE *f)
{
    fprintf(f, "%*s// %s:%u\n", in, "", p->loc.file, p->loc.line);
    for (unsigned i = 0; i < p->values->len; i++) {
        const DTValue *v = p->values->pdata[i];
        fprintf(f, "%*su.a_%s.%s = ", in, "", p->args->name, v->arg);
        if (v->field) {
            emit_field(v->field, shift_of(t, p), f);
        } else if (v->constant > INT32_MAX) {
            fprintf(f, "0x%" PRIx64 "u", (uint64_t)v->constant);
        } else {
            fprintf(f, "%" PRId64, v->constant);
        }
        fprintf(f, ";\n");
    }
    fprintf(f, "%*sif (%s_%s(s, &u.a_%s)) {\n%*sreturn true;\n%*s}\n", in, "", e->translate,
            p->name, p->args->name, in + 4, "", in, "");
}

// --- the tree ----------------------------------------------------------------------------------------

typedef struct Tree {
    const DTTables *t;
    const DTEmit *e; // NULL: leaves return a length
    FILE *f;
} Tree;

static void emit_node(const Tree *tree, const DTNode *n, uint32_t known, int in);

static uint32_t common_mask(DTNode **nodes, unsigned n)
{
    uint32_t m = ~0u;
    for (unsigned i = 0; i < n; i++) {
        m &= nodes[i]->mask;
    }
    return m;
}

static uint32_t most_popular_bit(DTNode **nodes, unsigned n, uint32_t known)
{
    uint32_t best = 0;
    unsigned count = 0;
    for (unsigned b = 0; b < 32; b++) {
        unsigned c = 0;
        for (unsigned i = 0; i < n; i++) {
            c += nodes[i]->mask >> b & 1;
        }
        if (c > count && !(known >> b & 1)) {
            count = c;
            best = 1u << b;
        }
    }
    return best;
}

static void emit_set(const Tree *tree, DTNode **nodes, unsigned n, uint32_t known, int in);

static void emit_switch(const Tree *tree, DTNode **nodes, unsigned n, uint32_t on, uint32_t known,
                        int in)
{
    g_autofree DTNode **same = g_new(DTNode *, n);
    g_autofree bool *done = g_new0(bool, n);
    fprintf(tree->f, "%*sswitch (insn & 0x%08x) {\n", in, "", on);
    for (unsigned i = 0; i < n; i++) {
        unsigned k = 0;
        if (done[i]) {
            continue;
        }
        uint32_t value = nodes[i]->bits & on;
        for (unsigned j = i; j < n; j++) {
            if (!done[j] && (nodes[j]->bits & on) == value) {
                same[k++] = nodes[j];
                done[j] = true;
            }
        }
        fprintf(tree->f, "%*scase 0x%08x:\n", in, "", value);
        emit_set(tree, same, k, known | on, in + 4);
        fprintf(tree->f, "%*sbreak;\n", in + 4, "");
    }
    fprintf(tree->f, "%*s}\n", in, "");
}

// Nodes of an exclusive group, those bits known that are in `known`.
static void emit_set(const Tree *tree, DTNode **nodes, unsigned n, uint32_t known, int in)
{
    if (n == 1) {
        emit_node(tree, nodes[0], known, in);
        return;
    }
    uint32_t on = common_mask(nodes, n) & ~known;
    if (on) {
        emit_switch(tree, nodes, n, on, known, in);
        return;
    }
    uint32_t bit = most_popular_bit(nodes, n, known);
    g_autofree DTNode **with = g_new(DTNode *, n), **without = g_new(DTNode *, n);
    unsigned nw = 0, no = 0;
    for (unsigned i = 0; i < n; i++) {
        if (bit && nodes[i]->mask & bit) {
            with[nw++] = nodes[i];
        } else {
            without[no++] = nodes[i];
        }
    }
    if (!nw) { // groups with nothing in common any more: one after the other
        for (unsigned i = 0; i < n; i++) {
            emit_node(tree, nodes[i], known, in);
        }
        return;
    }
    emit_set(tree, with, nw, known, in);
    emit_set(tree, without, no, known, in);
}

static void emit_leaf(const Tree *tree, const DTPattern *p, int in)
{
    if (tree->e) {
        emit_match(tree->t, tree->e, p, in, tree->f);
    } else {
        fprintf(tree->f, "%*sreturn %u;\n", in, "", p->width / 8);
    }
}

static void emit_node(const Tree *tree, const DTNode *n, uint32_t known, int in)
{
    uint32_t test = n->mask & ~known;
    if (test) {
        fprintf(tree->f, "%*sif ((insn & 0x%08x) == 0x%08x) {\n", in, "", test, n->bits & test);
        in += 4;
    }
    known |= n->mask;
    switch (n->kind) {
    case DT_PATTERN: emit_leaf(tree, n->pattern, in); break;
    case DT_OVERLAP:
        for (unsigned i = 0; i < n->children->len; i++) {
            emit_node(tree, n->children->pdata[i], known, in);
        }
        break;
    case DT_EXCLUSIVE:
        emit_set(tree, (DTNode **)n->children->pdata, n->children->len, known, in);
        break;
    }
    if (test) {
        fprintf(tree->f, "%*s}\n", in - 4, "");
    }
}

// A mixed table's lengths: the tree over first halfwords.  Patterns that agree there agree in length, so
// the first that matches will do.
static void emit_length(const DTTables *t, const DTEmit *e, FILE *f)
{
    fprintf(
        f,
        "\n%sunsigned %s_length(uint16_t first)\n{\n    uint32_t insn = (uint32_t)first << 16;\n",
        e->is_static ? "static " : "", e->function);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < t->patterns->len; i++) {
        const DTPattern *p = t->patterns->pdata[i];
        uint32_t mask = p->mask & 0xffff0000;
        gint64 *key = g_new(gint64, 1);
        *key = (gint64)((uint64_t)mask << 32 | (p->bits & mask));
        g_ptr_array_add(keys, key);
        if (g_hash_table_add(seen, key)) {
            fprintf(f, "    if ((insn & 0x%08x) == 0x%08x) {\n        return %u;\n    }\n", mask,
                    p->bits & mask, p->width / 8);
        }
    }
    fprintf(f, "    return 0;\n}\n");
}

void dt_emit_code(const DTTables *t, const DTEmit *e, const char *header, FILE *f)
{
    fprintf(f, "// Written by decodetree.\n\n");
    if (e->include) {
        fprintf(f, "#include \"%s\"\n", e->include);
    }
    if (header) {
        fprintf(f, "#include \"%s\"\n", header);
    }
    fprintf(f, "\n%sbool %s(%s *s, %s insn)\n{\n    union {\n", e->is_static ? "static " : "",
            e->function, e->context, insn_type(t));
    for (unsigned i = 0; i < t->argset_list->len; i++) {
        const DTArgSet *a = t->argset_list->pdata[i];
        fprintf(f, "        arg_%s a_%s;\n", a->name, a->name);
    }
    fprintf(f, "    } u;\n    (void)u;\n");
    Tree tree = {t, e, f};
    emit_node(&tree, t->root, ~full_mask(t), 4);
    fprintf(f, "    return false;\n}\n");
    if (t->widths.w16 && t->widths.w32) {
        emit_length(t, e, f);
    }
}

// --- the list of patterns ----------------------------------------------------------------------------

static unsigned emit_table_fields(const DTTables *t, const DTPattern *p, FILE *f)
{
    unsigned n = 0;
    for (unsigned i = 0; i < p->values->len; i++) {
        const DTValue *v = p->values->pdata[i];
        if (!v->field || !v->field->subs->len) {
            continue;
        }
        if (!n++) {
            fprintf(f, "static const DecodeField fields_%u[] = {\n", p->number);
        }
        fprintf(f, "    {\"%s\", %u, {", v->arg, v->field->subs->len);
        for (unsigned k = 0; k < v->field->subs->len; k++) {
            const DTSub *s = &g_array_index(v->field->subs, DTSub, k);
            fprintf(f, "%s{%u, %u}", k ? ", " : "", s->pos + shift_of(t, p), s->len);
        }
        fprintf(f, "}},\n");
    }
    if (n) {
        fprintf(f, "};\n");
    }
    return n;
}

void dt_emit_table(const DTTables *t, const DTEmit *e, FILE *f)
{
    fprintf(f, "// Written by decodetree.\n\n#include \"frontend/decodetree/pattern-table.h\"\n\n");
    g_autofree unsigned *n = g_new(unsigned, t->patterns->len);
    for (unsigned i = 0; i < t->patterns->len; i++) {
        n[i] = emit_table_fields(t, t->patterns->pdata[i], f);
    }
    fprintf(f, "\nconst DecodePattern %s_patterns[] = {\n", e->function);
    for (unsigned i = 0; i < t->patterns->len; i++) {
        const DTPattern *p = t->patterns->pdata[i];
        fprintf(f, "    {\"%s\", \"%s\", %u, %u, 0x%08x, 0x%08x, ", p->name, p->loc.file,
                p->loc.line, p->width, p->bits, p->mask);
        if (n[i]) {
            fprintf(f, "fields_%u, %u},\n", i, n[i]);
        } else {
            fprintf(f, "0, 0},\n");
        }
    }
    fprintf(f, "};\nconst unsigned %s_nb_patterns = %u;\n", e->function, t->patterns->len);
}
