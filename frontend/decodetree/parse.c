// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The text of decode tables.  One definition a line; a backslash at a line's end joins the next, `#`
// starts a comment.  A line's first character says what it is: % field, & argument set, @ format, a
// bracket for groups, else a pattern.

#include "decodetree.h"

#include <string.h>

typedef struct Parser {
    DTTables *t;
    DTLoc loc;
    DTNode *group; // the innermost that is open
    GError **error;
} Parser;

GQuark dt_error_quark(void) { return g_quark_from_static_string("decodetree"); }

bool dt_error(GError **error, DTLoc loc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_set_error(error, DT_ERROR, 0, "%s:%u: %s", loc.file, loc.line, text);
    return false;
}

#define FAIL(p, ...) dt_error((p)->error, (p)->loc, __VA_ARGS__)

// --- the tables --------------------------------------------------------------------------------------

static void field_free(void *v)
{
    DTField *f = v;
    g_array_unref(f->subs);
    g_free(f->name);
    g_free(f->function);
    g_free(f);
}

static void argset_free(void *v)
{
    DTArgSet *a = v;
    g_ptr_array_unref(a->args);
    g_ptr_array_unref(a->types);
    g_free(a->name);
    g_free(a);
}

static void value_free(void *v)
{
    g_free(((DTValue *)v)->arg);
    g_free(v);
}

static void pattern_free(void *v)
{
    DTPattern *p = v;
    g_ptr_array_unref(p->values);
    g_free(p->name);
    g_free(p);
}

static void node_free(void *v)
{
    DTNode *n = v;
    if (n->children) {
        g_ptr_array_unref(n->children);
    }
    g_free(n);
}

static DTNode *node_new(DTKind kind, DTLoc loc, DTNode *parent)
{
    DTNode *n = g_new0(DTNode, 1);
    n->kind = kind;
    n->loc = loc;
    n->parent = parent;
    if (kind != DT_PATTERN) {
        n->children = g_ptr_array_new_with_free_func(node_free);
    }
    if (parent) {
        g_ptr_array_add(parent->children, n);
    }
    return n;
}

DTTables *dt_new(DTWidths widths)
{
    DTTables *t = g_new0(DTTables, 1);
    t->widths = widths;
    t->fields = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, field_free);
    t->argsets = g_hash_table_new(g_str_hash, g_str_equal);
    t->formats = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, pattern_free);
    t->argset_list = g_ptr_array_new_with_free_func(argset_free);
    t->patterns = g_ptr_array_new_with_free_func(pattern_free);
    t->root = node_new(DT_EXCLUSIVE, (DTLoc){"", 0}, NULL);
    return t;
}

void dt_free(DTTables *t)
{
    node_free(t->root);
    g_ptr_array_unref(t->patterns);
    g_hash_table_unref(t->formats);
    g_hash_table_unref(t->fields);
    g_hash_table_unref(t->argsets);
    g_ptr_array_unref(t->argset_list);
    g_free(t);
}

// --- words -------------------------------------------------------------------------------------------

static bool is_name(const char *s)
{
    if (!g_ascii_isalpha(*s) && *s != '_') {
        return false;
    }
    while (g_ascii_isalnum(*s) || *s == '_') {
        s++;
    }
    return !*s;
}

static bool is_bits(const char *s) { return *s && !s[strspn(s, "01.-")]; }

static bool number(const char *s, int64_t *out)
{
    char *end;
    *out = g_ascii_strtoll(s, &end, 0);
    return *s && !*end;
}

// len or slen
static bool length(const char *s, unsigned *len, bool *sign)
{
    int64_t n;
    *sign = *s == 's';
    if (!g_ascii_isdigit(s[*sign]) || !number(s + *sign, &n) || n < 1 || n > 32) {
        return false;
    }
    *len = (unsigned)n;
    return true;
}

static uint32_t low_mask(unsigned len) { return len >= 32 ? ~0u : (1u << len) - 1; }

// --- fields and argument sets ------------------------------------------------------------------------

static bool parse_field(Parser *p, const char *name, char **words)
{
    if (!is_name(name)) {
        return FAIL(p, "`%s' is no name for a field", name);
    }
    if (g_hash_table_contains(p->t->fields, name)) {
        return FAIL(p, "field %%%s is defined twice", name);
    }
    DTField *f = g_new0(DTField, 1);
    f->name = g_strdup(name);
    f->loc = p->loc;
    f->subs = g_array_new(false, false, sizeof(DTSub));
    g_hash_table_insert(p->t->fields, f->name, f);

    unsigned total = 0;
    for (; *words; words++) {
        if (g_str_has_prefix(*words, "!function=")) {
            const char *fn = *words + strlen("!function=");
            if (f->function || !is_name(fn)) {
                return FAIL(p, "bad `%s'", *words);
            }
            f->function = g_strdup(fn);
            continue;
        }
        g_auto(GStrv) parts = g_strsplit(*words, ":", 2);
        DTSub sub;
        int64_t pos;
        if (!parts[1] || !number(parts[0], &pos) || !length(parts[1], &sub.len, &sub.sign)) {
            return FAIL(p, "`%s' is no subfield (position:length or position:slength)", *words);
        }
        if (pos < 0 || pos + sub.len > 32) {
            return FAIL(p, "subfield `%s' lies outside the instruction", *words);
        }
        sub.pos = (unsigned)pos;
        total += sub.len;
        g_array_append_val(f->subs, sub);
    }
    if (!f->subs->len && !f->function) {
        return FAIL(p, "field %%%s has neither subfields nor a function", name);
    }
    return total <= 32 || FAIL(p, "field %%%s is longer than 32 bits", name);
}

static int arg_index(const DTArgSet *a, const char *name)
{
    for (unsigned i = 0; i < a->args->len; i++) {
        if (!strcmp(a->args->pdata[i], name)) {
            return (int)i;
        }
    }
    return -1;
}

static DTArgSet *argset_new(DTTables *t, const char *name, DTLoc loc)
{
    DTArgSet *a = g_new0(DTArgSet, 1);
    a->name = g_strdup(name);
    a->loc = loc;
    a->args = g_ptr_array_new_with_free_func(g_free);
    a->types = g_ptr_array_new_with_free_func(g_free);
    g_hash_table_insert(t->argsets, a->name, a);
    g_ptr_array_add(t->argset_list, a);
    return a;
}

static bool parse_argset(Parser *p, const char *name, char **words)
{
    if (!is_name(name)) {
        return FAIL(p, "`%s' is no name for an argument set", name);
    }
    if (g_hash_table_contains(p->t->argsets, name)) {
        return FAIL(p, "argument set &%s is defined twice", name);
    }
    DTArgSet *a = argset_new(p->t, name, p->loc);
    for (; *words; words++) {
        if (!strcmp(*words, "!extern")) {
            a->is_extern = true;
            continue;
        }
        g_auto(GStrv) parts = g_strsplit(*words, ":", 2);
        if (!is_name(parts[0]) || (parts[1] && !is_name(parts[1]))) {
            return FAIL(p, "`%s' is no argument (name or name:type)", *words);
        }
        if (arg_index(a, parts[0]) >= 0) {
            return FAIL(p, "argument %s stands twice in &%s", parts[0], name);
        }
        g_ptr_array_add(a->args, g_strdup(parts[0]));
        g_ptr_array_add(a->types, g_strdup(parts[1] ? parts[1] : "int"));
    }
    return true;
}

// --- formats and patterns ----------------------------------------------------------------------------

static DTValue *value_of(const DTPattern *pat, const char *arg)
{
    for (unsigned i = 0; i < pat->values->len; i++) {
        DTValue *v = pat->values->pdata[i];
        if (!strcmp(v->arg, arg)) {
            return v;
        }
    }
    return NULL;
}

static bool add_value(Parser *p, DTPattern *pat, const char *arg, const DTField *field, int64_t c)
{
    if (value_of(pat, arg)) {
        return FAIL(p, "argument %s is set twice in %s", arg, pat->name);
    }
    DTValue *v = g_new0(DTValue, 1);
    v->arg = g_strdup(arg);
    v->loc = p->loc;
    v->field = field;
    v->constant = c;
    g_ptr_array_add(pat->values, v);
    return true;
}

static const DTField *find_field(Parser *p, const char *name)
{
    const DTField *f = g_hash_table_lookup(p->t->fields, name);
    if (!f) {
        FAIL(p, "there is no field %%%s", name);
    }
    return f;
}

// A field that is written among the bits: an anonymous one at the place that follows from what stands
// behind it.
typedef struct Inline {
    char *name;
    unsigned from_left, len;
    bool sign;
} Inline;

static void inline_clear(void *v) { g_free(((Inline *)v)->name); }

static bool add_inline(Parser *p, DTPattern *pat, const Inline *in)
{
    unsigned pos = pat->width - in->from_left - in->len;
    DTSub sub = {pos, in->len, in->sign};
    DTField *f = g_new0(DTField, 1);
    f->loc = p->loc;
    f->subs = g_array_new(false, false, sizeof(DTSub));
    g_array_append_val(f->subs, sub);
    // No name that a table can use: unique by pattern or format and argument.
    f->name = g_strdup_printf("%s:%u:%s:%s", p->loc.file, p->loc.line, pat->name, in->name);
    g_hash_table_replace(p->t->fields, f->name, f);
    return add_value(p, pat, in->name, f, 0);
}

static void add_bits(DTPattern *pat, const char *word)
{
    for (; *word; word++) {
        pat->width++;
        pat->bits = pat->bits << 1 | (*word == '1');
        pat->mask = pat->mask << 1 | (*word == '0' || *word == '1');
        pat->open = pat->open << 1 | (*word == '.');
    }
}

static void add_inline_bits(DTPattern *pat, unsigned len)
{
    pat->width += len;
    pat->bits = len < 32 ? pat->bits << len : 0;
    pat->mask = len < 32 ? pat->mask << len : 0;
    pat->open = len < 32 ? pat->open << len : 0;
}

static bool parse_assignment(Parser *p, DTPattern *pat, const char *word)
{
    g_auto(GStrv) parts = g_strsplit(word, "=", 2);
    int64_t c;
    if (!is_name(parts[0])) {
        return FAIL(p, "`%s' is no argument", parts[0]);
    }
    if (parts[1][0] == '%') {
        const DTField *f = find_field(p, parts[1] + 1);
        return f && add_value(p, pat, parts[0], f, 0);
    }
    if (!number(parts[1], &c) || c < INT32_MIN || c > (int64_t)UINT32_MAX) {
        return FAIL(p, "`%s' is neither a number nor a field", parts[1]);
    }
    return add_value(p, pat, parts[0], NULL, c);
}

// One word of a format or pattern.
static bool parse_word(Parser *p, DTPattern *pat, const char *word, GArray *inlines,
                       const DTPattern **format)
{
    if (*word == '&') {
        if (pat->args) {
            return FAIL(p, "%s has two argument sets", pat->name);
        }
        pat->args = g_hash_table_lookup(p->t->argsets, word + 1);
        return pat->args || FAIL(p, "there is no argument set %s", word);
    }
    if (*word == '@') {
        if (!format || *format) {
            return FAIL(p, "%s cannot stand here", word);
        }
        *format = g_hash_table_lookup(p->t->formats, word + 1);
        return *format || FAIL(p, "there is no format %s", word);
    }
    if (*word == '%') {
        const DTField *f = find_field(p, word + 1);
        return f && add_value(p, pat, word + 1, f, 0);
    }
    if (!strcmp(word, "!mayfail") && format) {
        pat->may_fail = true;
        return true;
    }
    if (strchr(word, '=')) {
        return parse_assignment(p, pat, word);
    }
    if (is_bits(word)) {
        add_bits(pat, word);
        return true;
    }
    const char *colon = strchr(word, ':');
    Inline in = {.from_left = pat->width};
    if (!colon || !length(colon + 1, &in.len, &in.sign)) {
        return FAIL(p, "`%s' is not understood", word);
    }
    in.name = g_strndup(word, (gsize)(colon - word));
    if (!is_name(in.name)) {
        g_free(in.name);
        return FAIL(p, "`%s' is not understood", word);
    }
    g_array_append_val(inlines, in);
    add_inline_bits(pat, in.len);
    return true;
}

static bool check_width(Parser *p, const DTPattern *pat)
{
    DTWidths w = p->t->widths;
    if ((pat->width == 16 && w.w16) || (pat->width == 32 && w.w32)) {
        return true;
    }
    return FAIL(p, "%s has %u bits, not %s", pat->name, pat->width,
                w.w16 && w.w32 ? "16 or 32"
                : w.w16        ? "16"
                               : "32");
}

static bool parse_words(Parser *p, DTPattern *pat, char **words, const DTPattern **format)
{
    g_autoptr(GArray) inlines = g_array_new(false, false, sizeof(Inline));
    g_array_set_clear_func(inlines, inline_clear);
    for (; *words; words++) {
        if (!parse_word(p, pat, *words, inlines, format)) {
            return false;
        }
        if (pat->width > 32) {
            return FAIL(p, "%s has more than 32 bits", pat->name);
        }
    }
    for (unsigned i = 0; i < inlines->len; i++) {
        if (!add_inline(p, pat, &g_array_index(inlines, Inline, i))) {
            return false;
        }
    }
    return true;
}

static DTPattern *pattern_new(Parser *p, const char *name)
{
    DTPattern *pat = g_new0(DTPattern, 1);
    pat->name = g_strdup(name);
    pat->loc = p->loc;
    pat->values = g_ptr_array_new_with_free_func(value_free);
    return pat;
}

static bool parse_format(Parser *p, const char *name, char **words)
{
    if (!is_name(name)) {
        return FAIL(p, "`%s' is no name for a format", name);
    }
    if (g_hash_table_contains(p->t->formats, name)) {
        return FAIL(p, "format @%s is defined twice", name);
    }
    DTPattern *fmt = pattern_new(p, name);
    g_hash_table_insert(p->t->formats, fmt->name, fmt);
    return parse_words(p, fmt, words, NULL) && check_width(p, fmt);
}

static bool apply_format(Parser *p, DTPattern *pat, const DTPattern *fmt)
{
    if (!pat->width) { // the format has all bits
        pat->width = fmt->width;
        pat->open = fmt->open;
    }
    if (pat->width != fmt->width) {
        return FAIL(p, "%s has %u bits, its format @%s has %u", pat->name, pat->width, fmt->name,
                    fmt->width);
    }
    uint32_t both = pat->mask & fmt->mask;
    if ((pat->bits ^ fmt->bits) & both) {
        return FAIL(p, "%s contradicts the fixed bits of @%s (0x%08x)", pat->name, fmt->name,
                    (pat->bits ^ fmt->bits) & both);
    }
    pat->bits |= fmt->bits;
    pat->mask |= fmt->mask;
    for (unsigned i = 0; i < fmt->values->len; i++) {
        const DTValue *v = fmt->values->pdata[i];
        if (!add_value(p, pat, v->arg, v->field, v->constant)) {
            return false;
        }
    }
    if (fmt->args && pat->args && fmt->args != pat->args) {
        return FAIL(p, "%s has two argument sets, &%s and its format's &%s", pat->name,
                    pat->args->name, fmt->args->name);
    }
    pat->args = pat->args ? pat->args : fmt->args;
    // What the format says nothing of ('-') may stay open in the pattern.
    uint32_t ignored = ~fmt->mask & ~fmt->open;
    pat->open &= ~ignored;
    return true;
}

static uint32_t field_bits(const DTField *f)
{
    uint32_t m = 0;
    for (unsigned i = 0; f && i < f->subs->len; i++) {
        const DTSub *s = &g_array_index(f->subs, DTSub, i);
        m |= low_mask(s->len) << s->pos;
    }
    return m;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// The set with just the arguments that the pattern sets.
static const DTArgSet *infer_args(DTTables *t, const DTPattern *pat)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (unsigned i = 0; i < pat->values->len; i++) {
        g_ptr_array_add(names, ((DTValue *)pat->values->pdata[i])->arg);
    }
    g_ptr_array_sort(names, compare_names);
    g_autoptr(GString) name = g_string_new("inferred");
    for (unsigned i = 0; i < names->len; i++) {
        g_string_append_printf(name, "_%s", (char *)names->pdata[i]);
    }
    DTArgSet *a = g_hash_table_lookup(t->argsets, name->str);
    if (!a) {
        a = argset_new(t, name->str, pat->loc);
        a->inferred = true;
        for (unsigned i = 0; i < names->len; i++) {
            g_ptr_array_add(a->args, g_strdup(names->pdata[i]));
            g_ptr_array_add(a->types, g_strdup("int"));
        }
    }
    return a;
}

static bool settle_args(Parser *p, DTPattern *pat)
{
    if (!pat->args) {
        pat->args = infer_args(p->t, pat);
        return true;
    }
    for (unsigned i = 0; i < pat->args->args->len; i++) {
        if (!value_of(pat, pat->args->args->pdata[i])) {
            return FAIL(p, "%s does not set argument %s of &%s", pat->name,
                        (char *)pat->args->args->pdata[i], pat->args->name);
        }
    }
    for (unsigned i = 0; i < pat->values->len; i++) {
        const DTValue *v = pat->values->pdata[i];
        if (arg_index(pat->args, v->arg) < 0) {
            return FAIL(p, "%s sets %s, which &%s does not have", pat->name, v->arg,
                        pat->args->name);
        }
    }
    return true;
}

// Bits outside the pattern's width, bits in no field.
static bool check_bits(Parser *p, DTPattern *pat)
{
    uint32_t taken = pat->mask;
    for (unsigned i = 0; i < pat->values->len; i++) {
        const DTValue *v = pat->values->pdata[i];
        uint32_t m = field_bits(v->field);
        if (m & ~low_mask(pat->width)) {
            return FAIL(p, "argument %s of %s lies outside its %u bits", v->arg, pat->name,
                        pat->width);
        }
        taken |= m;
    }
    uint32_t open = pat->open & ~taken;
    return !open ||
           FAIL(p, "bits 0x%08x of %s are in no field (write '-' to ignore them)", open, pat->name);
}

static bool parse_pattern(Parser *p, const char *name, char **words)
{
    const DTPattern *fmt = NULL;
    if (!is_name(name)) {
        return FAIL(p, "`%s' is no name for a pattern", name);
    }
    DTPattern *pat = pattern_new(p, name);
    pat->number = p->t->patterns->len;
    g_ptr_array_add(p->t->patterns, pat);
    if (!parse_words(p, pat, words, &fmt) || (fmt && !apply_format(p, pat, fmt)) ||
        !check_width(p, pat) || !settle_args(p, pat) || !check_bits(p, pat)) {
        return false;
    }
    for (unsigned i = 0; i < pat->number; i++) {
        const DTPattern *other = p->t->patterns->pdata[i];
        if (!strcmp(other->name, name) && other->args != pat->args) {
            return FAIL(p, "%s has other arguments than at %s:%u", name, other->loc.file,
                        other->loc.line);
        }
    }
    if (pat->width == 16 &&
        p->t->widths.w32) { // a mixed table: the first halfword is the upper one
        pat->bits <<= 16;
        pat->mask <<= 16;
    }
    node_new(DT_PATTERN, p->loc, p->group)->pattern = pat;
    return true;
}

// --- lines -------------------------------------------------------------------------------------------

static bool parse_group(Parser *p, const char *word)
{
    DTKind kind = *word == '{' || *word == '}' ? DT_OVERLAP : DT_EXCLUSIVE;
    if (*word == '{' || *word == '[') {
        if (kind == DT_EXCLUSIVE && p->group->kind != DT_OVERLAP) {
            return FAIL(p, "an exclusive group makes sense inside an overlapping one only");
        }
        p->group = node_new(kind, p->loc, p->group);
        return true;
    }
    if (!p->group->parent || p->group->kind != kind) {
        return FAIL(p, "`%s' closes no group", word);
    }
    if (p->group->children->len < 2) {
        return FAIL(p, "the group from line %u has less than two members", p->group->loc.line);
    }
    p->group = p->group->parent;
    return true;
}

static bool parse_line(Parser *p, char *line)
{
    g_strdelimit(line, "\t\r", ' ');
    g_auto(GStrv) all = g_strsplit(line, " ", -1);
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    for (char **w = all; *w; w++) {
        if (**w) {
            g_ptr_array_add(words, *w);
        }
    }
    if (!words->len) {
        return true;
    }
    g_ptr_array_add(words, NULL);
    const char *first = words->pdata[0];
    char **rest = (char **)words->pdata + 1;
    switch (*first) {
    case '%': return parse_field(p, first + 1, rest);
    case '&': return parse_argset(p, first + 1, rest);
    case '@': return parse_format(p, first + 1, rest);
    case '{':
    case '}':
    case '[':
    case ']':
        if (first[1] || *rest) {
            return FAIL(p, "a bracket stands on a line of its own");
        }
        return parse_group(p, first);
    default: return parse_pattern(p, first, rest);
    }
}

bool dt_parse(DTTables *t, const char *file, const char *text, GError **error)
{
    Parser p = {.t = t, .group = t->root, .error = error};
    p.loc.file = g_intern_string(file);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GString) joined = g_string_new(NULL);
    for (unsigned i = 0; lines[i]; i++) {
        if (!joined->len) {
            p.loc.line = i + 1;
        }
        char *comment = strchr(lines[i], '#');
        if (comment) {
            *comment = 0;
        }
        g_strchomp(lines[i]);
        g_string_append(joined, lines[i]);
        if (joined->len && joined->str[joined->len - 1] == '\\') {
            joined->str[joined->len - 1] = ' ';
            continue;
        }
        if (!parse_line(&p, joined->str)) {
            return false;
        }
        g_string_truncate(joined, 0);
    }
    if (p.group != t->root) {
        return dt_error(error, p.group->loc, "this group is not closed");
    }
    return true;
}
