// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// decodetree [options] FILE.decode...
//
// Several files make one decoder, so that overlaps between them are found.

#include "decodetree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *output, *header, *table, *width = "32";
static DTEmit emit = {.function = "decode", .context = "DisasContext", .translate = "trans"};
static gboolean is_static;
static char **files;

static GOptionEntry entries[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The decoder's C file", "FILE"},
    {"header", 'H', 0, G_OPTION_ARG_FILENAME, &header, "Its header", "FILE"},
    {"table", 't', 0, G_OPTION_ARG_FILENAME, &table, "C file with the list of patterns", "FILE"},
    {"width", 'w', 0, G_OPTION_ARG_STRING, &width,
     "Bits of an instruction: 16, 32 or mixed (a 16-bit one in the upper half)", "W"},
    {"decode", 'd', 0, G_OPTION_ARG_STRING, &emit.function, "The decoder's name", "NAME"},
    {"context", 'c', 0, G_OPTION_ARG_STRING, &emit.context, "Type of its first argument", "TYPE"},
    {"translate", 'p', 0, G_OPTION_ARG_STRING, &emit.translate, "Prefix of the patterns' functions",
     "NAME"},
    {"include", 'i', 0, G_OPTION_ARG_STRING, &emit.include, "Header that the C file includes",
     "FILE"},
    {"static", 's', 0, G_OPTION_ARG_NONE, &is_static, "All functions are static", NULL},
    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &files, NULL, "FILE..."},
    {0},
};

static void die(const char *text)
{
    fprintf(stderr, "%s\n", text);
    exit(1);
}

static FILE *create(const char *name)
{
    FILE *f = fopen(name, "w");
    if (!f) {
        g_autofree char *text = g_strdup_printf("decodetree: %s: %s", name, strerror(errno));
        die(text);
    }
    return f;
}

static void finish(FILE *f, const char *name)
{
    if (ferror(f) | fclose(f)) {
        remove(name);
        die("decodetree: cannot write its output");
    }
}

static DTWidths parse_width(void)
{
    if (!strcmp(width, "16")) {
        return (DTWidths){.w16 = true};
    }
    if (!strcmp(width, "mixed")) {
        return (DTWidths){.w16 = true, .w32 = true};
    }
    if (strcmp(width, "32") != 0) {
        die("decodetree: --width is 16, 32 or mixed");
    }
    return (DTWidths){.w32 = true};
}

// The name that messages and the list show: from the source directory where there is one.
static void parse_file(DTTables *t, const char *file)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    if (!g_file_get_contents(file, &text, NULL, &error) || !dt_parse(t, file, text, &error)) {
        die(error->message);
    }
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) options = g_option_context_new(NULL);
    g_option_context_add_main_entries(options, entries, NULL);
    if (!g_option_context_parse(options, &argc, &argv, &error)) {
        die(error->message);
    }
    if (!files) {
        die("decodetree: no input files");
    }
    emit.is_static = is_static;
    DTTables *t = dt_new(parse_width());
    for (char **f = files; *f; f++) {
        parse_file(t, *f);
    }
    if (!dt_check(t, &error)) {
        die(error->message);
    }
    if (header) {
        FILE *f = create(header);
        dt_emit_header(t, &emit, f);
        finish(f, header);
    }
    if (output) {
        g_autofree char *base = header ? g_path_get_basename(header) : NULL;
        FILE *f = create(output);
        dt_emit_code(t, &emit, base, f);
        finish(f, output);
    }
    if (table) {
        FILE *f = create(table);
        dt_emit_table(t, &emit, f);
        finish(f, table);
    }
    dt_free(t);
    return 0;
}
