// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The decoder generator.  Good tables are compiled and loaded, and the decoder is compared, over many
// instructions, with the plain reading of the table: the patterns one after the other.  Bad tables are
// refused, each with the words for its fault and the line that it stands on.
//
// LINK: myna_decodetree
// TIMEOUT: 120

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "frontend/decodetree/decodetree.h"

static const DTWidths w16 = {.w16 = true}, w32 = {.w32 = true}, mixed = {true, true};

// --- refused -----------------------------------------------------------------------------------------

typedef struct Bad {
    const char *text;
    unsigned line;
    const char *words;
} Bad;

#define B8 "........"
#define Z8 "00000000"

static const Bad bad[] = {
    {"", 0, "there is no pattern"},
    // patterns
    {"A 0000 0000 0000 0000", 1, "has 16 bits, not 32"},
    {"A " Z8 Z8 Z8 Z8 "1", 1, "more than 32 bits"},
    {"A " Z8 Z8 Z8 B8, 1, "bits 0x000000ff of A are in no field"},
    {"A " Z8 Z8 Z8 " x:8 x=1", 1, "argument x is set twice in A"},
    {"A " Z8 Z8 Z8 " x:8\nA 1000000"
     "0" Z8 Z8 " y:8",
     2, "A has other arguments than at bad:1"},
    {"A " Z8 Z8 Z8 " x:s", 1, "`x:s' is not understood"},
    {"A " Z8 Z8 Z8 " x:33", 1, "`x:33' is not understood"},
    {"A " Z8 Z8 Z8 Z8 " what", 1, "`what' is not understood"},
    {"A-B " Z8 Z8 Z8 Z8, 1, "is no name for a pattern"},
    {"A " Z8 Z8 Z8 Z8 " x=1z", 1, "neither a number nor a field"},
    {"A " Z8 Z8 Z8 Z8 " @f", 1, "there is no format @f"},
    {"A " Z8 Z8 Z8 Z8 " &f", 1, "there is no argument set &f"},
    {"A " Z8 Z8 Z8 Z8 " %f", 1, "there is no field %f"},
    // fields
    {"%f", 1, "neither subfields nor a function"},
    {"%f 30:4", 1, "outside the instruction"},
    {"%f 3", 1, "is no subfield"},
    {"%f 0:1\n%f 1:1", 2, "defined twice"},
    {"%f 0:32 0:1", 1, "longer than 32 bits"},
    {"%f 0:1 !function=1x", 1, "bad `!function=1x'"},
    // argument sets
    {"&a x x", 1, "stands twice"},
    {"&a x\n&a y", 2, "defined twice"},
    {"&a x:1", 1, "is no argument"},
    {"&a x y\nA " Z8 Z8 Z8 " x:8 &a", 2, "does not set argument y"},
    {"&a x\nA " Z8 Z8 Z8 " x:7 y:1 &a", 2, "sets y, which &a does not have"},
    {"&a x\n&b x\n@f " Z8 Z8 Z8 " x:8 &a\nA " Z8 Z8 Z8 B8 " @f &b", 4, "two argument sets"},
    // formats
    {"@f 1" B8 B8 B8 " ...... .\nA 0" B8 B8 B8 "...... . @f", 2,
     "contradicts the fixed bits of @f"},
    {"@f " B8 B8 B8 B8 "\n@f " B8 B8 B8 B8, 2, "defined twice"},
    {"@f " B8 B8, 1, "has 16 bits, not 32"},
    {"@f " B8 B8 B8 B8 " @f", 1, "cannot stand here"},
    // groups
    {"{\nA " Z8 Z8 Z8 Z8 "\n", 1, "not closed"},
    {"{\nA " Z8 Z8 Z8 Z8 "\n}", 3, "less than two"},
    {"}", 1, "closes no group"},
    {"[\n]", 1, "inside an overlapping one"},
    {"{ A", 1, "on a line of its own"},
    {"{\n[\n}\n]", 3, "closes no group"},
    // overlaps
    {"A " Z8 Z8 Z8 " x:8\nB " Z8 Z8 " y:8 " Z8, 2, "B overlaps A of bad:1: 0x00000000 is both"},
    {"A " Z8 Z8 Z8 Z8 "\nB " Z8 Z8 Z8 Z8, 2, "B overlaps A"},
    {"A 1000 -------- -------- -------- ----\n{\nB 0" B8 B8 B8 " -------\nC ---" B8 B8 B8
     " -----\n}",
     3, "are in no field"},
    {"A 1000 -------- -------- -------- ----\n{\nB 0--- -------- -------- -------- ----\n"
     "C ---- -------- -------- -------- ----\n}",
     4, "C overlaps A of bad:1"},
    {"{\nD " Z8 Z8 Z8 Z8 "\n[\nA " Z8 Z8 Z8 " x:8\nB " Z8 Z8 " x:8 " Z8 "\n]\n}", 5,
     "B overlaps A"},
    // unreachable
    {"{\nA " Z8 Z8 Z8 " x:8\nB " Z8 Z8 Z8 Z8 "\n}", 3, "B is never reached"},
    {"{\nA " Z8 Z8 Z8 Z8 "\nB " Z8 Z8 Z8 Z8 "\n}", 3, "B is never reached"},
    {"{\nA " Z8 Z8 Z8 " 0-------\nB " Z8 Z8 Z8 " 1-------\nC " Z8 Z8 Z8 " -1------\n}", 4,
     "C is never reached"},
};

static void test_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        DTTables *t = dt_new(w32);
        bool ok = dt_parse(t, "bad", bad[i].text, &error) && dt_check(t, &error);
        if (ok) {
            fail_msg("accepted:\n%s", bad[i].text);
        }
        g_autofree char *where = g_strdup_printf("bad:%u: ", bad[i].line);
        if (!strstr(error->message, bad[i].words) ||
            (bad[i].line && !g_str_has_prefix(error->message, where))) {
            fail_msg("expected `%s%s', got `%s' for:\n%s", where, bad[i].words, error->message,
                     bad[i].text);
        }
        dt_free(t);
    }
}

static void test_lengths_refused(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    DTTables *t = dt_new(mixed);
    const char *text = "A 11-- --------------\nB 1110 ---- -------- -------- --------\n";
    assert_false(dt_parse(t, "bad", text, &error) && dt_check(t, &error));
    assert_non_null(strstr(error->message, "bad:1")); // 18 bits
    dt_free(t);
    g_clear_error(&error);
    t = dt_new(mixed);
    text = "A 11-- ---- -------- \nB 1110 ---- -------- -------- --------\n";
    assert_false(dt_parse(t, "bad", text, &error) && dt_check(t, &error));
    assert_non_null(strstr(error->message, "bad:2: B has 32 bits, and its first halfword may be"));
    dt_free(t);
}

static void test_overlap_across_files(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    DTTables *t = dt_new(w32);
    assert_true(dt_parse(t, "one", "\n\nA " Z8 Z8 Z8 " x:8\n", &error));
    assert_true(dt_parse(t, "two", "B " Z8 Z8 " x:8 " Z8 "\n", &error));
    assert_false(dt_check(t, &error));
    assert_non_null(strstr(error->message, "two:1: B overlaps A of one:3"));
    dt_free(t);
}

// --- decoders ----------------------------------------------------------------------------------------

// What the patterns' functions note down.
typedef struct Note {
    int number; // of the pattern's name, in the order of first use; -1: none yet
    long args[4];
    unsigned calls;
    uint32_t insn;
} Note;

typedef bool DecodeFn(Note *n, uint32_t insn);
typedef unsigned LengthFn(uint16_t first);

// A function for each name: notes arguments in the order of the set, says no when !mayfail and the
// instruction's bit 0 is set.
static void emit_functions(const DTTables *t, FILE *f)
{
    for (unsigned i = 0; i < t->patterns->len; i++) {
        const DTPattern *p = t->patterns->pdata[i];
        bool first = true;
        for (unsigned k = 0; k < i; k++) {
            first &= strcmp(((DTPattern *)t->patterns->pdata[k])->name, p->name) != 0;
        }
        if (!first) {
            continue;
        }
        fprintf(f, "bool trans_%s(Note *s, arg_%s *a)\n{\n    (void)a;\n    s->calls++;\n", p->name,
                p->name);
        if (p->may_fail) {
            fprintf(f, "    if (s->insn & 1) return false;\n");
        }
        fprintf(f, "    s->number = %u;\n", i);
        for (unsigned k = 0; k < p->args->args->len; k++) {
            fprintf(f, "    s->args[%u] = a->%s;\n", k, (char *)p->args->args->pdata[k]);
        }
        fprintf(f, "    return true;\n}\n");
    }
}

static const char prelude[] =
    "#include <stdbool.h>\n#include <stdint.h>\n"
    "typedef struct Note { int number; long args[4]; unsigned calls; uint32_t insn; } Note;\n"
    "static inline int twice(Note *s, int x) { (void)s; return 2 * x; }\n"
    "static inline int seven(Note *s) { (void)s; return 7; }\n";

static void *build(DTTables *t)
{
    g_autofree char *dir = g_dir_make_tmp("decodetree-XXXXXX", NULL);
    g_autofree char *c = g_build_filename(dir, "d.c", NULL),
                    *h = g_build_filename(dir, "d.h", NULL);
    g_autofree char *pre = g_build_filename(dir, "p.h", NULL),
                    *so = g_build_filename(dir, "d.so", NULL);
    DTEmit e = {.function = "decode", .context = "Note", .translate = "trans", .include = "p.h"};
    assert_true(g_file_set_contents(pre, prelude, -1, NULL));
    FILE *f = fopen(h, "w");
    dt_emit_header(t, &e, f);
    fclose(f);
    f = fopen(c, "w");
    dt_emit_code(t, &e, "d.h", f);
    emit_functions(t, f);
    fclose(f);
    const char *cc = getenv("CC");
    g_autofree char *command = g_strdup_printf(
        "%s -std=gnu17 -Wall -Wextra -Werror -O1 -shared -fPIC "
        "-o %s %s",
        cc && *cc ? cc : "clang-19", so, c);
    assert_int_equal(system(command), 0);
    void *lib = dlopen(so, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(lib);
    g_unlink(c);
    g_unlink(h);
    g_unlink(pre);
    g_unlink(so);
    g_rmdir(dir);
    return lib;
}

static int64_t value_of(const DTTables *t, const DTPattern *p, const DTValue *v, uint32_t insn)
{
    if (!v->field) {
        return (int32_t)v->constant;
    }
    if (p->width == 16 && t->widths.w32) {
        insn >>= 16;
    }
    uint64_t r = 0;
    for (unsigned i = 0; i < v->field->subs->len; i++) {
        const DTSub *s = &g_array_index(v->field->subs, DTSub, i);
        int64_t part = insn >> s->pos & (uint32_t)((1ull << s->len) - 1);
        if (s->sign && part >> (s->len - 1)) {
            part -= (int64_t)1 << s->len;
        }
        r = r << s->len | (uint64_t)part;
    }
    int64_t x = (int32_t)r;
    return v->field->function ? v->field->subs->len ? 2 * x : 7 : x;
}

// The patterns are tried one after the other; in an exclusive set the order is of no matter.
static void expect(const DTTables *t, uint32_t insn, Note *out)
{
    *out = (Note){.number = -1};
    for (unsigned i = 0; i < t->patterns->len; i++) {
        const DTPattern *p = t->patterns->pdata[i];
        if ((insn & p->mask) != p->bits) {
            continue;
        }
        out->calls++;
        if (p->may_fail && insn & 1) {
            continue;
        }
        for (unsigned k = 0; k < i && out->number < 0; k++) {
            if (!strcmp(((DTPattern *)t->patterns->pdata[k])->name, p->name)) {
                out->number = (int)k;
            }
        }
        out->number = out->number < 0 ? (int)i : out->number;
        for (unsigned k = 0; k < p->args->args->len; k++) {
            for (unsigned j = 0; j < p->values->len; j++) {
                const DTValue *v = p->values->pdata[j];
                if (!strcmp(v->arg, p->args->args->pdata[k])) {
                    out->args[k] = value_of(t, p, v, insn);
                }
            }
        }
        return;
    }
}

static void compare(DTTables *t, const char *text)
{
    g_autoptr(GError) error = NULL;
    if (!dt_parse(t, "good", text, &error) || !dt_check(t, &error)) {
        fail_msg("%s", error->message);
    }
    void *lib = build(t);
    DecodeFn *decode = (DecodeFn *)dlsym(lib, "decode");
    LengthFn *length = (LengthFn *)dlsym(lib, "decode_length");
    assert_non_null(decode);
    assert_int_equal(length != NULL, t->widths.w16 && t->widths.w32);
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    unsigned hits = 0;
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t insn = g_rand_int(rand);
        if (i & 1) { // one that a pattern matches
            const DTPattern *p = t->patterns->pdata[i / 2 % t->patterns->len];
            insn = (insn & ~p->mask) | p->bits;
        }
        if (!t->widths.w32) {
            insn &= 0xffff;
        }
        Note want;
        Note got = {.number = -1, .insn = insn};
        expect(t, insn, &want);
        bool found = decode(&got, insn);
        hits += found;
        if (found != (want.number >= 0) || got.number != want.number || got.calls != want.calls ||
            memcmp(got.args, want.args, sizeof(want.args)) != 0) {
            fail_msg(
                "0x%08x: pattern %d (%ld %ld %ld %ld), %u calls; expected %d (%ld %ld %ld %ld), %u",
                insn, got.number, got.args[0], got.args[1], got.args[2], got.args[3], got.calls,
                want.number, want.args[0], want.args[1], want.args[2], want.args[3], want.calls);
        }
        if (length && want.number >= 0) {
            const DTPattern *p = t->patterns->pdata[want.number];
            assert_int_equal(length((uint16_t)(insn >> 16)), p->width / 8);
        }
    }
    assert_true(hits > 50000);
    dlclose(lib);
    dt_free(t);
}

static void test_32(void **state)
{
    (void)state;
    compare(dt_new(w32), "# a comment\n"
                         "%imm   5:s19 29:2\n"
                         "%low   0:4 !function=twice\n"
                         "%seven !function=seven\n"
                         "&ri    rd imm\n"
                         "@ri    ... ..... ................... rd:5   &ri imm=%imm\n"
                         "A      0.. 10000 ................... .....  @ri\n"
                         "B      1.. 10000 ................... .....  @ri\n"
                         "A      0.. 10001 ................... .....  @ri\n"
                         "C      000 00000 ---- x:4 y:s12 .... %low # -, and a field by its name\n"
                         "D      000 00001 ------------ --------- 101 \\\n"
                         "       x=%seven y=-3 z=%low\n"
                         "E      000 00010 ---------------------000 !mayfail\n"
                         "F      000 00011 x:24\n"
                         "G      010 0---- 0 ---------------------- 1\n"
                         "H      010 0---- - ---------------------- 0\n"
                         "I      010 0---- 1 ---------------------- 1\n");
}

static void test_groups(void **state)
{
    (void)state;
    compare(dt_new(w32), "{\n"
                         "  NOP     1101 0101 0000 0000 0000 0000 0000 0000\n"
                         "  HALF    1101 0101 0000 0000 ---- ---- ---- ---- !mayfail\n"
                         "  [\n"
                         "    LEFT  1101 0101 ---- ---- 0000 x:4 ---- ----\n"
                         "    RIGHT 1101 0101 ---- ---- 0001 x:4 ---- ----\n"
                         "    {\n"
                         "      P   1101 0101 ---- 0000 11-- ---- ---- ----\n"
                         "      Q   1101 0101 0000 ---- 11-- ---- ---- ----\n"
                         "    }\n"
                         "  ]\n"
                         "  REST    1101 0--- ---- ---- ---- ---- ---- x:4\n"
                         "}\n"
                         "OTHER     0 x:31\n");
}

static void test_16(void **state)
{
    (void)state;
    compare(dt_new(w16), "A 000 op:2 imm:5 rm:3 rd:3\nB 001 x:s8 rd:5\nC 010000 x:10\n");
}

static void test_mixed(void **state)
{
    (void)state;
    compare(dt_new(mixed), "%imm 0:s11 16:5\n"
                           "A 000 op:2 imm:5 rm:3 rd:3\n"
                           "B 01 x:s8 rd:6\n"
                           "C 11110 ----- 0 ----- imm=%imm ----- -----------\n"
                           "D 11111 x:11 y:16\n");
}

// Two files make one decoder.
static void test_files(void **state)
{
    (void)state;
    DTTables *t = dt_new(w32);
    assert_true(dt_parse(t, "first", "@f - x:7 " B8 B8 " ........\n", NULL));
    compare(t, "A 1....... -------- -------- -------- @f\nB 0 x:31\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_lengths_refused),
                                       cmocka_unit_test(test_overlap_across_files),
                                       cmocka_unit_test(test_32),
                                       cmocka_unit_test(test_groups),
                                       cmocka_unit_test(test_16),
                                       cmocka_unit_test(test_mixed),
                                       cmocka_unit_test(test_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
