// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The decoder generator: `.decode` tables in, a C decoder out.  A host program that runs while myna is
// built; docs/adding-an-instruction.md describes the tables.
//
//   parse.c  text to fields, argument sets, formats and a tree of groups of patterns
//   check.c  what a table must not say: overlaps, patterns that nothing reaches
//   emit.c   the decoder, its header, the list of patterns
//   main.c   the command line

#ifndef DECODETREE_H
#define DECODETREE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <glib.h>

typedef struct DTLoc {
    const char *file; // interned
    unsigned line;
} DTLoc;

// Bits pos .. pos+len-1 of the instruction.
typedef struct DTSub {
    unsigned pos, len;
    bool sign;
} DTSub;

// A value taken from an instruction: subfields joined, the first the most significant, then the
// function called on it.  Without subfields: the function alone.
typedef struct DTField {
    char *name;
    DTLoc loc;
    GArray *subs; // DTSub
    char *function;
} DTField;

typedef struct DTArgSet {
    char *name; // the C type is arg_<name>
    DTLoc loc;
    GPtrArray *args, *types; // char *
    bool is_extern;          // the struct is defined elsewhere
    bool inferred;           // from a pattern's fields
} DTArgSet;

// What an argument is set to.
typedef struct DTValue {
    char *arg;
    DTLoc loc;
    const DTField *field; // NULL: the constant
    int64_t constant;
} DTValue;

// A format or a pattern.
typedef struct DTPattern {
    char *name;
    DTLoc loc;
    unsigned width;      // bits written
    uint32_t bits, mask; // fixed
    uint32_t open;       // written '.', neither fixed nor in a field yet
    GPtrArray *values;   // DTValue
    const DTArgSet *args;
    bool
        may_fail; // its function returns false to hand the instruction to later patterns of its group
    unsigned number; // patterns: in the order of the text
} DTPattern;

typedef enum DTKind { DT_PATTERN, DT_OVERLAP, DT_EXCLUSIVE } DTKind;

typedef struct DTNode DTNode;
struct DTNode {
    DTKind kind;
    DTLoc loc;
    DTNode *parent;
    GPtrArray *children; // groups
    DTPattern *pattern;
    uint32_t bits, mask; // fixed in everything below
};

typedef struct DTWidths {
    bool w16, w32; // which widths patterns may have; both: a 16-bit one stands in the upper half
} DTWidths;

typedef struct DTTables {
    DTWidths widths;
    GHashTable *fields, *argsets, *formats; // by name
    GPtrArray *argset_list;                 // in the order of the text
    GPtrArray *patterns;                    // likewise
    DTNode *root;                           // exclusive
} DTTables;

#define DT_ERROR dt_error_quark()
GQuark dt_error_quark(void);
// Sets *error to "file:line: ...".  Always false.
bool dt_error(GError **error, DTLoc loc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

DTTables *dt_new(DTWidths widths);
void dt_free(DTTables *t);
// Adds a file's text to the tables.  false with *error set at the first fault.
bool dt_parse(DTTables *t, const char *file, const char *text, GError **error);
// To be called when all files are parsed: refuses overlaps and unreachable patterns.
bool dt_check(DTTables *t, GError **error);

typedef struct DTEmit {
    const char *function;  // the decoder's name
    const char *context;   // type of its first argument
    const char *translate; // prefix of the functions that the patterns name
    const char *include;   // header that the C file includes first, NULL for none
    bool is_static;        // prototypes are static: everything stands in one file
} DTEmit;

void dt_emit_header(const DTTables *t, const DTEmit *e, FILE *f);
void dt_emit_code(const DTTables *t, const DTEmit *e, const char *header, FILE *f);
// An array of DecodePattern (pattern-table.h) named <function>_patterns.
void dt_emit_table(const DTTables *t, const DTEmit *e, FILE *f);

#endif
