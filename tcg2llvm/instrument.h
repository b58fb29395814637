// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What instruments units: C passes (--pass), LLVM pass plugins with a pipeline (--load-pass-plugin,
// --passes), bitcode libraries (--instrument-lib), run on each unit in the order in which they were given.
//
//     Instrument *in = instrument_load(items, n, &error);      // files are opened; LLVM is loaded
//     instrument_start(in, &host, &error);                     // the guest is known: the passes' init
//     LLVMTierOptions.instrument = in;                         // the tier calls the rest
//
// Events of the process (threads, fork, system calls, its end) come in through instrument_thread_start
// and the like.  One Instrument lives as long as the process.
#ifndef MYNA_TCG2LLVM_INSTRUMENT_H
#define MYNA_TCG2LLVM_INSTRUMENT_H

#include "passes/pass.h"
#include "tcg2llvm/jit.h"

typedef struct Instrument Instrument;

typedef enum InstrumentKind {
    INSTRUMENT_PASS,     // FILE.so[:args], or the bare name of a shipped pass
    INSTRUMENT_PLUGIN,   // an LLVM pass plugin: passes for the pipelines, runs nothing
    INSTRUMENT_PIPELINE, // opt's -passes
    INSTRUMENT_LIBRARY,  // a bitcode file
} InstrumentKind;

typedef struct InstrumentItem {
    InstrumentKind kind;
    const char *text;
} InstrumentItem;

// What the caller cannot use is an error whose text names the file and the reason (JIT_ERROR_PLUGIN).
Instrument *instrument_load(const InstrumentItem *items, unsigned n, GError **error);
// host: what passes are given, copied; thread_alloc and define are this module's own.  opaque stays the caller's.
bool instrument_start(Instrument *in, const MynaPassHost *host, GError **error);
// Gives the Jit what generated code names, compiles the libraries, and tries the pipelines on an empty module.
bool instrument_attach(Instrument *in, Jit *jit, GError **error);

// Runs everything on a unit; guest operations are named calls in it.  When the verifier or a pass says no:
// false and JIT_ERROR_PASS, whose text names the pass and the unit.
bool instrument_run(Instrument *in, JitContext *context, LLVMModuleRef module, uint64_t pc,
                    bool hot, GError **error);
bool instrument_wants_registers(const Instrument *in);
bool instrument_wants_helpers(const Instrument *in);
// A hash of files and arguments, "" when units must not be kept.
const char *instrument_key(const Instrument *in);

// Threads.  The block belongs to the caller's CPU; instrument_thread_enter makes it the calling thread's.
void *instrument_thread_start(Instrument *in);
void instrument_thread_end(Instrument *in, void *block);
void instrument_thread_enter(void *block);
// Fork: between prepare and done nobody else runs a pass or comes or goes.  block: the child's one thread's.
void instrument_fork_prepare(Instrument *in);
void instrument_fork_done(Instrument *in, bool in_child, void *block);
// Is anybody interested in system calls?
bool instrument_wants_syscalls(const Instrument *in);
void instrument_syscall(Instrument *in, void *env, void *block, const MynaSyscall *call,
                        bool after);
// A helper's access, to each pass that is told of them.
void instrument_access(Instrument *in, void *env, void *block, uint64_t pc, uint64_t addr,
                       uint64_t size, bool write);
void instrument_access_run(Instrument *in, void *env, void *block, uint64_t pc,
                           const MynaAccessRun *run);
// Will the process's end destroy objects of libraries, which no thread may use any more?  block: the calling thread's.
bool instrument_destructs(const Instrument *in, const void *block);
void instrument_end(Instrument *in, MynaPassEnd why);

#endif
