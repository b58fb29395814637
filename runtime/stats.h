// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counters for --stats.  Not exact when several threads count.

#ifndef RUNTIME_STATS_H
#define RUNTIME_STATS_H

#include <stdint.h>
#include <stdio.h>

// STAT(name, what it counts)
#define STATS_TABLE                                                                                \
    STAT(tb_translated, "blocks translated")                                                       \
    STAT(tb_guest_insns, "guest instructions translated")                                          \
    STAT(tb_bytecode, "bytes of bytecode")                                                         \
    STAT(quick_blocks, "blocks compiled by the quick tier")                                        \
    STAT(quick_bytes, "bytes of their code")                                                       \
    STAT(image_restored, "blocks of the quick tier taken from earlier runs")                       \
    STAT(image_kept, "blocks kept for later runs")                                                 \
    STAT(image_bytes, "bytes of the files that earlier runs kept them in")                         \
    STAT(image_damaged, "damaged blocks and files, left aside")                                    \
    STAT(tb_invalidated, "blocks invalidated")                                                     \
    STAT(tb_flushes, "flushes of the block cache")                                                 \
    STAT(tb_buckets, "buckets of the table of blocks")                                             \
    STAT(tb_memory, "bytes of memory for blocks, without their code")                              \
    STAT(tb_found, "blocks found in the table by cpu_exec")                                        \
    STAT(tb_linked, "jumps linked")                                                                \
    STAT(exec_entries, "entries of cpu_exec into guest code")                                      \
    STAT(write_faults, "writes to protected code pages")                                           \
    STAT(restarts, "instructions begun again after a write to their own page")                     \
    STAT(hot_requests, "hot blocks handed to LLVM")                                                \
    STAT(units_installed, "LLVM units installed")                                                  \
    STAT(units_stale, "LLVM units dropped before they could run")                                  \
    STAT(ns_guest, "ns of CPU time in guest code, helpers included")                               \
    STAT(ns_translate, "ns of CPU time translating; elapsed, in its phases:")                      \
    STAT(ns_frontend, "  ns of decoding and building ops")                                         \
    STAT(ns_passes, "  ns of passes over ops")                                                     \
    STAT(ns_encode, "  ns of encoding: bytecode, or the quick tier's choice")                      \
    STAT(ns_emit, "  ns of copying the quick tier's code")                                         \
    STAT(ns_image, "  ns of taking blocks from earlier runs")                                      \
    STAT(ns_keep, "ns of keeping blocks for later ones, elapsed")                                  \
    STAT(verified, "block executions verified")                                                    \
    STAT(stress_events, "events of --stress")

typedef struct Stats {
#define STAT(name, text) uint64_t name;
    STATS_TABLE
#undef STAT
} Stats;
extern Stats stats;

void stats_start(void); // with --stats, before the guest
void stats_print(FILE *f);
void stats_print_last(void); // at the program's end
// 0 without --stats, for they are read several times a block.
uint64_t stats_now_ns(void); // elapsed
uint64_t stats_cpu_ns(void); // the thread's CPU time; a system call

#endif
