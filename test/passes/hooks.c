// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A library of hooks: counts in shared and in thread-local variables, and prints at the end.
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t insns, blocks, block_insns, syscalls, calls, returns, sum, threads, ended_loads;
static _Thread_local uint64_t loads, stores = 1000;
static const char *guest;

void on_start(const char *name) { guest = name; }
void on_thread_start(void) { threads++; }
void on_thread_end(void) { ended_loads += loads; }
void on_insn(uint64_t pc) { insns += pc != 0; }
void on_block(uint64_t pc, uint32_t n)
{
    blocks += pc != 0;
    block_insns += n;
}
void on_load(uint64_t pc, uint64_t addr, uint32_t size) { loads += pc && addr && size == 8; }
void on_store(uint64_t pc, uint64_t addr, uint32_t size) { stores += pc && addr && size == 8; }
void on_load_value(uint64_t pc, uint64_t addr, uint32_t size, uint64_t value)
{
    sum += pc && addr && size ? value : 0;
}
void on_store_value(uint64_t pc, uint64_t addr, uint32_t size, uint64_t value)
{
    sum += pc && addr && size ? value << 32 : 0;
}
void on_syscall(uint64_t pc) { syscalls += pc != 0; }
void on_call(uint64_t pc, uint64_t target, uint64_t back) { calls += pc && target && back > pc; }
void on_ret(uint64_t pc, uint64_t target) { returns += pc && target; }
void on_end(void)
{
    fprintf(stderr,
            "%s insns=%" PRIu64 " block_insns=%" PRIu64 " loads=%" PRIu64 " stores=%" PRIu64
            " syscalls=%" PRIu64 " calls=%" PRIu64 " returns=%" PRIu64 " sum=%#" PRIx64
            " threads=%" PRIu64 "\n",
            guest, insns, block_insns, loads, stores, syscalls, calls, returns, sum, threads);
    fflush(stderr);
}
