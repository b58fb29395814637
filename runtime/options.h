// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command line.  One table (options.c) serves parsing, the MYNA_* environment variables, -h and
// the man page; what it yields is a MynaOptions, read-only after start.

#ifndef RUNTIME_OPTIONS_H
#define RUNTIME_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <glib.h>

typedef enum MynaEngine {
    ENGINE_TIERED,   // cold code in the quick tier, hot code compiled in the background
    ENGINE_LLVM_ALL, // LLVM from a block's first execution
    ENGINE_TCI,      // the interpreter alone
    ENGINE_QUICK,    // the quick tier alone
} MynaEngine;

typedef struct MynaOptions {
    // Guest
    const char
        *ld_prefix;    // -L: where the guest's interpreter and libraries are looked for; NULL: none
    const char *argv0; // -0: what the guest gets as argv[0]; NULL: the program's name
    uint64_t stack_size;       // -s: bytes
    const char *cpu_model;     // -cpu; NULL: the guest's default
    const char *uname_release; // -r; NULL: the host's
    GPtrArray *env_edits;      // -E and -U in their order: "NAME=VALUE" sets, "NAME" unsets
    // Engine
    MynaEngine engine;
    bool llvm_given;          // --llvm stood there: without LLVM it is an error
    uint32_t hot;             // executions of a block before it is compiled (tiered)
    unsigned compile_threads; // --compile-threads; 0: by the cores
    bool precise;             // --precise
    bool no_cache;            // --no-cache
    const char *cache_dir;    // --cache-dir; NULL: the default
    bool verify;              // --verify
    bool stress;              // --stress
    uint64_t stress_seed;     // of its random numbers
    const char *dump_ir;      // --dump-ir: directory; NULL: no dump
    GPtrArray *plugins;       // -plugin and -panda-plugin, in their order
    const char *panda;        // -panda: "a;b:key=value", or NULL
    GPtrArray *panda_args;    // -panda-arg
    GArray
        *instruments; // --pass and the like: InstrumentItem (tcg2llvm/instrument.h), in their order
    const char
        *canonical; // while parsing: how the option in work is to be handed on; NULL: as it stands
    bool stats;     // counters on standard error at exit
    bool perfmap;   // -perfmap
    bool jitdump;   // -jitdump
    bool gdb_jit;   // --gdb-jit
    // Log
    const char *log_items;    // -d
    const char *log_filename; // -D
    const char *log_filter;   // -dfilter
    bool strace;              // -strace
    const char *monitor;      // -monitor: "stdio", "unix:PATH", or NULL
    const char *gdb;          // -g: where a debugger is waited for; NULL: nowhere
    // What was given, canonical ("-cpu", "max", ...), without what holds for the first program alone
    // (-0, -E, -U); see options_argv.
    GPtrArray *given;
} MynaOptions;

// Reads the environment (MYNA_*), then argv.  Gives the index in argv of the program's name.  Options
// that end myna at once (-h, -version, -d help, a fault in the command line) do so: status 0 or 64.
int options_parse(MynaOptions *opts, int argc, char **argv);

// For tests; myna keeps its options.
void options_free(MynaOptions *opts);

// The arguments that make another myna go on as this one: NULL-terminated, to be put between the
// binary's name and the program's.  The caller frees the array (g_free), not the strings.
char **options_argv(const MynaOptions *opts);

// The first program's environment: the host's with -E and -U applied and myna's own variables (MYNA_*
// that are in the table) taken out.  g_strfreev it.
char **options_guest_environ(const MynaOptions *opts, char **host_environ);

// The option table as -h prints it, and as the man page's OPTIONS section (roff).
void options_help(FILE *f);
void options_man(FILE *f);

#endif
